//! The pages of a slot: its form, the slot itself, and what may be done with it.

pub mod edit;
pub mod form;
pub mod free;
pub mod placements;
pub mod show;
mod stale;
pub mod steps;

use actix_web::HttpResponse;

pub(crate) use form::interpretation_field;
pub(crate) use free::{any_day_field, any_room_field};

use crate::core::programme::Programme;
use crate::core::rules::{Candidate, Conflict};
use crate::core::timetable::{ConflictMark, conflict_mark};
use crate::server::Error;

/// What is in the way of a slot, in words.
pub(crate) fn marks(
    programme: &Programme,
    candidate: Candidate<'_>,
    conflicts: &[Conflict],
) -> Vec<ConflictMark> {
    conflicts
        .iter()
        .map(|conflict| conflict_mark(programme, candidate, conflict))
        .collect()
}

/// What became of a booking: an answer, or the error that the page must show.
pub(crate) type PageOutcome = Result<HttpResponse, Error>;
