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

/// The slot to replace, if any.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Instead {
    /// The id of the slot to change, which does not conflict with itself.
    slot: Option<i64>,
}

/// Result of checking a slot against the rules.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Judgement {
    /// True when it can be booked, with the reasons given.
    bookable: bool,
    /// The strictest first.
    conflicts: Vec<ApiConflict>,
    /// Up to five other times and places, the nearest first; empty when there is no conflict.
    alternatives: Vec<ApiAlternative>,
}

/// Checks a new or changed slot against the rules and lists alternatives. Stores nothing; a token with scope `read` is
/// enough.
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
