//! Adding an event and changing its settings without leaving a slot outside.

use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::change::dry_run::apply;
use crate::core::action::Action;
use crate::core::decision::ChangedSlot;
use crate::core::delegation::Delegation;
use crate::core::event::{Event, ProgrammeVersion, ProtocolOffice};
use crate::core::interpreter::Interpreter;
use crate::core::programme::Programme;
use crate::core::rules::{Candidate, RuleFinding, obstacles};
use crate::core::time::interval::Interval;
use crate::core::time::{Moment, Zone};
use crate::core::user::Actor;
use crate::core::wording;
use crate::core::zone_change::{ZoneKeeps, same_clock, with_same_clocks};
use crate::db::Conn;
use crate::store::audit::DETAILS_CHANGED;
use crate::store::event;
use crate::store::programme_cache::ProgrammeCache;
use crate::store::transaction::{self, EventTx};

/// Why an event stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Another event has the slug.
    #[error("another event has the short name '{0}'; choose one of its own")]
    SlugTaken(String),
    /// Slots would lie outside the days or hours, or off the grid.
    #[error("{} slot(s) would be outside", .0.len())]
    SlotsOutside(Vec<Outside>),
    /// The zone changes, and what stays was not chosen for this zone and these slots.
    #[error("the time zone changes; choose what stays")]
    ZoneUnanswered,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] crate::db::DbError),
}

/// A slot that the event would no longer take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Which of the changes puts it there.
    pub cause: Cause,
    /// The slot and what is wrong with it.
    pub sentence: String,
}

/// The change of an event that puts a slot outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The day is no longer one of the event's.
    Days,
    /// The clocks at the venue show another time.
    Zone,
    /// Slots begin and end on other minutes.
    Grid,
}

/// Adds an event without parties, rooms or slots.
///
/// # Errors
/// When the slug is taken, or as the store says.
pub fn add(
    conn: &mut Conn,
    programme_cache: &ProgrammeCache,
    event: &Event,
    actor: &Actor,
    now: Moment,
) -> Result<(), EventError> {
    conn.transaction(|conn| {
        if event::find_to_write(conn, event.slug.as_str())?.is_some() {
            return Err(EventError::SlugTaken(event.slug.to_string()));
        }
        event::insert(conn, event, now).map_err(|error| match error {
            // Another user's event came between the check and the insert.
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                EventError::SlugTaken(event.slug.to_string())
            }
            error => error.into(),
        })?;
        transaction::write(conn, programme_cache, event.id, actor, now, |tx| {
            Ok::<_, EventError>(tx.record(
                Action::EventAdded,
                (event.id.0, event.name.as_str()),
                None,
                Some(record(event)),
            )?)
        })?;
        Ok(())
    })
}

/// What an officer chose to keep, having seen what a change of the zone does to each slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneAnswer {
    /// What stays.
    pub keeps: ZoneKeeps,
    /// The zone that the question was about.
    pub zone: Zone,
    /// The programme that the question was about.
    pub seen: ProgrammeVersion,
}

/// Returns what stays when the event gets the zone: the answer, or the times on the clock where there is no live slot
/// to ask about.
///
/// # Errors
/// When there is a question that the answer is not to.
pub fn zone_keeps(
    tx: &EventTx<'_>,
    zone: Zone,
    answer: Option<ZoneAnswer>,
) -> Result<ZoneKeeps, EventError> {
    let programme = tx.programme();
    if programme.event.time_zone == zone || programme.live_slots().next().is_none() {
        return Ok(ZoneKeeps::Clocks);
    }
    answer
        .filter(|answer| answer.zone == zone && answer.seen == tx.began_at())
        .map(|answer| answer.keeps)
        .ok_or(EventError::ZoneUnanswered)
}

/// Changes an event's facts and settings; where the venue's zone changes, `keeps` says what stays: the instants of
/// all slots and stays, or their times on the clock.
///
/// # Errors
/// When slots would lie outside its days or off its grid, or as the store says.
pub fn change(tx: &mut EventTx<'_>, event: &Event, keeps: ZoneKeeps) -> Result<(), EventError> {
    let programme = tx.programme();
    let old = &programme.event;
    let event = Event {
        id: old.id,
        slug: old.slug.clone(),
        revision: old.revision,
        ..event.clone()
    };
    if event == **old {
        tx.stays_as_it_is();
        return Ok(());
    }
    let zone_changes = old.time_zone != event.time_zone;
    let (changed, moved) = if zone_changes && keeps == ZoneKeeps::Clocks {
        with_same_clocks(&programme, &event)
    } else {
        (programme.with_event(&event), Vec::new())
    };
    let outside = outside(&programme, &changed);
    if !outside.is_empty() {
        return Err(EventError::SlotsOutside(outside));
    }
    event::update(tx.conn, &event)?;
    let (before, mut after) = (record(old), record(&event));
    let changed = details_changed(&old.office, &event.office);
    if !changed.is_empty() {
        after[DETAILS_CHANGED] = changed.into();
    }
    tx.record(
        Action::EventChanged,
        (event.id.0, event.name.as_str()),
        Some(before),
        Some(after),
    )?;
    tx.reread()?;
    if zone_changes && keeps == ZoneKeeps::Clocks {
        keep_stays(tx, &programme)?;
    }
    for (before, slot) in moved {
        let change = ChangedSlot {
            before: Some(before),
            slot,
            overrides: Vec::new(),
            action: Action::SlotChanged,
        };
        apply(tx, change)?;
    }
    Ok(())
}

/// Moves the stays of people and the closures of rooms to the same times on the clock of the event's new zone.
fn keep_stays(tx: &mut EventTx<'_>, before: &Programme) -> Result<(), EventError> {
    let (old, event) = (before.event.time_zone, Arc::clone(&tx.programme().event));
    let moved = |stays: &[Interval]| -> Vec<Interval> {
        let same = |stay: &Interval| same_clock(old, event.time_zone, *stay);
        stays.iter().map(same).collect()
    };
    for delegation in before
        .delegations
        .iter()
        .filter(|each| !each.presence.is_empty())
    {
        let presence = moved(&delegation.presence);
        let delegation = Delegation {
            presence,
            ..delegation.clone()
        };
        crate::store::delegation::update(tx.conn, event.id, &delegation)?;
    }
    for interpreter in before
        .interpreters
        .iter()
        .filter(|each| !each.presence.is_empty())
    {
        let presence = moved(&interpreter.presence);
        let interpreter = Interpreter {
            presence,
            ..interpreter.clone()
        };
        crate::store::interpreter::update(tx.conn, &interpreter)?;
    }
    let closed = before.rooms.iter().filter(|room| !room.closures.is_empty());
    for mut room in closed.cloned() {
        for closure in &mut room.closures {
            closure.interval = same_clock(old, event.time_zone, closure.interval);
        }
        crate::store::room::update(tx.conn, &room)?;
    }
    Ok(tx.reread()?)
}

/// Lists the slots that would be outside after a change of the zone in which the instants stay, in sentences.
#[must_use]
pub fn outside_in_zone(programme: &Programme, event: &Event) -> Vec<String> {
    let changed = programme.with_event(event);
    outside(programme, &changed)
        .into_iter()
        .map(|outside| outside.sentence)
        .collect()
}

/// The live slots that the event would no longer take in.
///
/// Shorter hours are a fact about the venue and leave findings on the timetable; another zone moves every slot on the
/// clock, which is refused where a slot would be outside the hours.
fn outside(programme: &Programme, changed: &Programme) -> Vec<Outside> {
    let zone_changes = programme.event.time_zone != changed.event.time_zone;
    let mut found = Vec::new();
    for slot in changed.live_slots() {
        let candidate = Candidate::stored(slot);
        for conflict in obstacles(changed, candidate) {
            let cause = match conflict.finding {
                RuleFinding::OutsideDays
                | RuleFinding::OutsideHours { .. }
                | RuleFinding::OffGrid { .. }
                    if zone_changes =>
                {
                    Cause::Zone
                }
                RuleFinding::OutsideDays => Cause::Days,
                RuleFinding::OffGrid { .. } => Cause::Grid,
                _ => continue,
            };
            let stored = programme.slot(slot.id).map(|old| Candidate::stored(old));
            let was = obstacles(programme, stored.unwrap_or(candidate));
            if was.iter().any(|old| old.rule() == conflict.rule()) {
                continue;
            }
            let sentence = wording::sentence(changed, candidate, &conflict);
            found.push(Outside {
                cause,
                sentence: format!("“{}”: {sentence} Move it first.", slot.title()),
            });
        }
    }
    found
}

/// Which details of the office differ; never the details.
fn details_changed(old: &ProtocolOffice, new: &ProtocolOffice) -> Vec<&'static str> {
    [
        ("office address", old.email != new.email),
        ("office telephone", old.phone != new.phone),
    ]
    .into_iter()
    .filter_map(|(kind, differs)| differs.then_some(kind))
    .collect()
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
        "office": event.office.name.as_str(),
        "grid_minutes": event.settings.grid_minutes,
        "minimum_gap_minutes": event.settings.minimum_gap_minutes,
        "chair_run_minutes": event.settings.chair_run_minutes,
        "chair_rest_needs_reason": event.settings.chair_rest_needs_reason,
        "interpreter_alone_minutes": event.settings.interpreter_alone_minutes,
        "interpreter_team_minutes": event.settings.interpreter_team_minutes,
        "interpreter_rest_minutes": event.settings.interpreter_rest_minutes,
    })
}
