//! Adding an event and changing its settings without leaving a slot outside.

use std::sync::Arc;

use diesel::prelude::*;

use super::live::Live;
use super::programme::Programme;
use super::tx::{self, EventTx};
use super::{Event, store};
use crate::audit::Actor;
use crate::db::Conn;
use crate::slot::rules::{Candidate, Finding, obstacles, wording};
use crate::time::Moment;

/// Why an event stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Another event has the slug.
    #[error("another event has the short name '{0}'; choose one of its own")]
    SlugTaken(String),
    /// Slots would lie outside the days or off the grid; a sentence for each.
    #[error("slots would lie outside")]
    SlotsOutside(Vec<String>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] crate::db::DbError),
}

/// Adds an event without parties, rooms or slots.
///
/// # Errors
/// When the slug is taken, or as the store says.
pub fn add(
    conn: &mut Conn,
    live: &Live,
    event: &Event,
    actor: &Actor,
    now: Moment,
) -> Result<(), EventError> {
    conn.transaction(|conn| {
        if store::find(conn, event.slug.as_str())?.is_some() {
            return Err(EventError::SlugTaken(event.slug.to_string()));
        }
        store::insert(conn, event, now)?;
        tx::write(conn, live, event.id, actor, now, |tx| {
            Ok::<_, EventError>(tx.record(
                "event.added",
                (event.id.0, event.name.as_str()),
                None,
                Some(record(event)),
            )?)
        })?;
        Ok(())
    })
}

/// Changes an event's facts and settings; slug and revision stay.
///
/// # Errors
/// When slots would lie outside its days or off its grid, or as the store says.
pub fn change(tx: &mut EventTx<'_>, event: &Event) -> Result<(), EventError> {
    let programme = tx.programme();
    let old = &programme.event;
    let event = Event {
        id: old.id,
        slug: old.slug.clone(),
        revision: old.revision,
        ..event.clone()
    };
    let outside = outside(&programme, &event);
    if !outside.is_empty() {
        return Err(EventError::SlotsOutside(outside));
    }
    store::update(tx.conn, &event)?;
    tx.record(
        "event.changed",
        (event.id.0, event.name.as_str()),
        Some(record(old)),
        Some(record(&event)),
    )?;
    Ok(tx.reread()?)
}

/// A sentence for each live slot that the event would no longer take in.
fn outside(programme: &Programme, event: &Event) -> Vec<String> {
    let mut changed = programme.clone();
    changed.event = Arc::new(event.clone());
    let mut sentences = Vec::new();
    for slot in changed.live_slots() {
        for conflict in obstacles(&changed, Candidate::stored(slot)) {
            if matches!(
                conflict.finding,
                Finding::OutsideDays | Finding::OffGrid { .. }
            ) {
                let sentence = wording::stored_sentence(&changed, &conflict);
                sentences.push(format!(
                    "“{}”: {sentence} Move it first.",
                    slot.details.title
                ));
            }
        }
    }
    sentences
}

fn record(event: &Event) -> serde_json::Value {
    let days = event
        .days
        .iter()
        .map(|day| format!("{} {}–{}", day.date, day.opens, day.closes));
    serde_json::json!({
        "slug": event.slug.as_str(),
        "name": event.name.as_str(),
        "name_ja": event.name_ja,
        "venue": event.venue.as_str(),
        "venue_ja": event.venue_ja,
        "time_zone": event.time_zone.name(),
        "days": days.collect::<Vec<_>>(),
        "office": format!("{} <{}> {}", event.office.name, event.office.email, event.office.phone),
        "grid_minutes": event.settings.grid_minutes,
        "minimum_gap_minutes": event.settings.minimum_gap_minutes,
        "chair_run_minutes": event.settings.chair_run_minutes,
        "chair_rest_needs_reason": event.settings.chair_rest_needs_reason,
    })
}
