//! The pages of a slot: its form, the slot itself, and what may be done with it.

pub mod edit;
pub mod form;
pub mod free;
pub mod placements;
pub mod show;
mod stale;
pub mod steps;

use actix_web::HttpResponse;

pub(crate) use edit::again;
pub(crate) use form::interpretation_field;
pub(crate) use free::{any_day_field, any_room_field};

use crate::core::rules::{Candidate, Conflict};
use crate::event::desk::Desk;
use crate::event::timetable::{Mark, conflict_mark};
use crate::slot::booking::BookingError;
use crate::web::Error;

/// What is in the way of a candidate, in words.
fn marks(desk: &Desk, candidate: Candidate<'_>, conflicts: &[Conflict]) -> Vec<Mark> {
    conflicts
        .iter()
        .map(|conflict| conflict_mark(&desk.programme, candidate, conflict))
        .collect()
}

/// The error of a booking that no form can mend.
pub(crate) fn hopeless(error: BookingError) -> Error {
    match error {
        BookingError::NotFound => Error::NotFound,
        BookingError::Gone(_) => Error::Conflict(format!(
            "{}. Open the slot and change it by hand.",
            capitalised(&error.to_string())
        )),
        BookingError::State { .. } => Error::Conflict(format!(
            "{}. Open the slot again to see how it stands.",
            capitalised(&error.to_string())
        )),
        BookingError::Store(error) => error.into(),
        BookingError::Database(error) => error.into(),
        BookingError::Tell(error) => error.into(),
        // Callers show these two as pages of their own.
        BookingError::Stale { .. } | BookingError::Conflicts(_) => {
            Error::Conflict(error.to_string())
        }
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
pub(crate) type Outcome = Result<HttpResponse, Error>;
