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

use crate::core::decision::Refusal;
use crate::core::programme::Programme;
use crate::core::rules::{Candidate, Conflict};
use crate::event::timetable::{ConflictMark, conflict_mark};
use crate::slot::booking::BookingError;
use crate::web::Error;

/// What is in the way of a slot, in words.
fn marks(
    programme: &Programme,
    candidate: Candidate<'_>,
    conflicts: &[Conflict],
) -> Vec<ConflictMark> {
    conflicts
        .iter()
        .map(|conflict| conflict_mark(programme, candidate, conflict))
        .collect()
}

/// The error of a booking that no form can mend.
pub(crate) fn into_web_error(error: BookingError) -> Error {
    let refusal = match error {
        BookingError::Refused(refusal) => refusal,
        BookingError::Store(error) => return error.into(),
        BookingError::Database(error) => return error.into(),
        BookingError::Tell(error) => return error.into(),
    };
    let sentence = capitalised(&refusal.to_string());
    match refusal {
        Refusal::NotFound => Error::NotFound,
        Refusal::Gone(_) => {
            Error::Conflict(format!("{sentence}. Open the slot and change it by hand."))
        }
        Refusal::State { .. } => Error::Conflict(format!(
            "{sentence}. Open the slot again to see how it stands."
        )),
        // Callers show these two as pages of their own.
        Refusal::Stale { .. } | Refusal::Conflicts(_) => Error::Conflict(refusal.to_string()),
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// What became of a booking: an answer, or the error that the page must show.
pub(crate) type PageOutcome = Result<HttpResponse, Error>;
