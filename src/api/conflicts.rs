//! The dry run: what would be in the way of a slot. Nothing is stored.

use actix_web::HttpResponse;
use actix_web::web::Path;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::bodies::NewSlot;
use super::request::{ApiRequest, unprocessable};
use super::shape::{ApiAlternative, ApiConflict};
use crate::core::rule::Level;
use crate::core::rules::{Candidate, check, in_force};
use crate::core::slot::SlotId;

/// In place of what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Instead {
    /// The id of the slot that would be changed: it is not in its own way.
    slot: Option<i64>,
}

/// What the rules say of a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Judgement {
    /// True when it could be booked as it is, with the reasons given.
    bookable: bool,
    /// The strictest first.
    conflicts: Vec<ApiConflict>,
    /// Up to five other times and places, the nearest first; empty when nothing is in the way.
    alternatives: Vec<ApiAlternative>,
}

/// Says what would be in the way of a slot, new or changed, and what could be booked instead. Nothing is stored; a token that may
/// only read will do.
#[utoipa::path(
    post, path = "/events/{slug}/conflicts", operation_id = "check_slot", tag = "Slots",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        Instead,
    ),
    request_body = NewSlot,
    responses((status = 200, description = "What the rules say", body = Judgement)),
)]
pub(super) async fn dry_run(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    let Instead { slot } = ask.query()?;
    let programme = &context.programme;
    let (details, reasons) = ask.body::<NewSlot>()?.read(programme)?;
    let id = slot.map(SlotId);
    if id.is_some_and(|id| programme.slot(id).is_none()) {
        let fault = "There is no such slot at this event.";
        return Err(unprocessable([("slot", fault)]));
    }
    let candidate = Candidate::of(id, &details);
    let judged = candidate.within(programme);
    let found = check(programme, candidate);
    let bookable = found.iter().all(|conflict| match conflict.level {
        Level::Blocked => false,
        Level::NeedsReason => {
            in_force(&judged, conflict).is_some() || reasons.contains_key(&conflict.rule())
        }
        Level::Advice => true,
    });
    let alternatives = if bookable {
        Vec::new()
    } else {
        ApiAlternative::to(programme, candidate)
    };
    Ok(HttpResponse::Ok().json(Judgement {
        bookable,
        conflicts: ApiConflict::in_the_way(programme, candidate, &found),
        alternatives,
    }))
}
