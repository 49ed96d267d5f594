//! The dry run of a drag: where a slot could be placed.

use actix_web::{HttpResponse, web};

use super::PageOutcome;
use crate::core::slot::SlotId;
use crate::core::text_enum::TextEnum;
use crate::core::time::parse_date;
use crate::core::timetable::placements::{Edge, placements};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::session::CurrentUser;

/// What a drag wants to know.
#[derive(serde::Deserialize)]
pub struct PlacementsQuery {
    day: String,
    edge: String,
}

/// `GET /slots/{id}/placements?day=2022-12-24&edge=both`: what the rules would say of the slot all over a day, as JSON.
/// Nothing is stored.
///
/// # Errors
/// For those who may not change the event, and when the address names no day or edge.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    query: web::Query<PlacementsQuery>,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let date = parse_date(&query.day).map_err(Error::BadRequest)?;
    let edge = Edge::from_word(&query.edge).ok_or_else(|| {
        Error::BadRequest("A slot moves by both edges, by its start, or by its end.".to_owned())
    })?;
    Ok(HttpResponse::Ok().json(placements(&context.programme, &slot, date, edge)))
}
