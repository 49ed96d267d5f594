//! Events in the database, and the programme read as a whole.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::BigInt;

use crate::core::event::{
    Event, EventDay, EventId, EventSettings, ProgrammeVersion, ProtocolOffice, Revision,
    RevisionKey,
};
use crate::core::text::{Code, Email, TextLine};
use crate::core::time::{ClockTime, Moment, Zone};
use crate::db::Conn;
use crate::db::schema::{event_days, events};
use crate::runtime::random::fresh_id;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = events)]
struct EventRow {
    id: EventId,
    slug: String,
    name: String,
    name_ja: String,
    venue: String,
    venue_ja: String,
    time_zone: String,
    office_name: String,
    office_email: String,
    office_phone: String,
    grid_minutes: i32,
    minimum_gap_minutes: i32,
    chair_run_minutes: i32,
    chair_rest_needs_reason: bool,
    interpreter_alone_minutes: i32,
    interpreter_team_minutes: i32,
    interpreter_rest_minutes: i32,
    revision: Revision,
    created_at: Moment,
}

/// The stored version of an event's programme; `None` when there is no such event.
pub fn version(conn: &mut Conn, event: EventId) -> QueryResult<Option<ProgrammeVersion>> {
    events::table
        .find(event)
        .select((events::revision, events::revision_key))
        .get_result(conn)
        .optional()
}

/// Raises an event's revision and draws its key; returns the version before and the one now.
///
/// One statement, which returns only what it wrote: the key is moved on by a random step, so that the one before is
/// known, too.
///
/// # Errors
/// As the database says; `NotFound` when there is no such event.
pub fn raise_revision(
    conn: &mut Conn,
    event: EventId,
) -> QueryResult<(ProgrammeVersion, ProgrammeVersion)> {
    let step = fresh_id();
    let moved = sql::<BigInt>("(revision_key + ")
        .bind::<BigInt, _>(step)
        .sql(&format!(") % {}", RevisionKey::RANGE));
    let now: ProgrammeVersion = diesel::update(events::table.find(event))
        .set((
            events::revision.eq(events::revision + 1),
            events::revision_key.eq(moved),
        ))
        .returning((events::revision, events::revision_key))
        .get_result(conn)?;
    let before = ProgrammeVersion::new(Revision(now.revision.0 - 1), now.key.before(step));
    Ok((before, now))
}

/// The event with a slug.
pub fn find(conn: &mut Conn, slug: &str) -> QueryResult<Option<EventId>> {
    events::table
        .filter(events::slug.eq(slug))
        .select(events::id)
        .get_result(conn)
        .optional()
}

/// The event with a slug, asked by a write that changes nothing: a transaction that begins so waits its turn instead of
/// failing when it writes later.
pub fn find_to_write(conn: &mut Conn, slug: &str) -> QueryResult<Option<EventId>> {
    diesel::update(events::table.filter(events::slug.eq(slug)))
        .set(events::slug.eq(slug))
        .returning(events::id)
        .get_result(conn)
        .optional()
}

/// Lists every event that can be read, the latest first; one that cannot is left out and logged.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<Event>> {
    conn.snapshot(|conn| {
        let rows: Vec<EventRow> = events::table
            .order(events::created_at.desc())
            .select(EventRow::as_select())
            .load(conn)?;
        let days: Vec<(EventId, EventDayRow)> = event_days::table
            .order((event_days::event_id, event_days::day))
            .select((
                event_days::event_id,
                (event_days::day, event_days::opens, event_days::closes),
            ))
            .load(conn)?;
        let of = |event| {
            let days = days.iter().filter(move |(of, _)| *of == event);
            days.map(|(_, day)| *day)
        };
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, days) = (row.id, of(row.id).collect());
            match with_days(row, days) {
                Ok(event) => events.push(event),
                Err(DieselError::DeserializationError(error)) => {
                    tracing::error!(event = id.0, %error, "an event cannot be read; iikura doctor names what is wrong with it");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(events)
    })
}

/// The time zone of every event's venue.
///
/// # Errors
/// As the database says; when a stored zone is unknown.
pub fn time_zones(conn: &mut Conn) -> QueryResult<HashMap<EventId, Zone>> {
    let rows: Vec<(EventId, String)> = events::table
        .select((events::id, events::time_zone))
        .load(conn)?;
    rows.into_iter()
        .map(|(event, zone)| Ok((event, stored_zone(&zone)?)))
        .collect()
}

/// The id of every event, also of those that cannot be read.
pub fn all_ids(conn: &mut Conn) -> QueryResult<Vec<EventId>> {
    events::table
        .select(events::id)
        .order(events::id)
        .load(conn)
}

/// Reads an event as its programme has it, with the key of its revision.
pub(super) fn read(conn: &mut Conn, id: EventId) -> QueryResult<Option<(Event, ProgrammeVersion)>> {
    let Some((row, key)) = events::table
        .find(id)
        .select((EventRow::as_select(), events::revision_key))
        .get_result::<(EventRow, RevisionKey)>(conn)
        .optional()?
    else {
        return Ok(None);
    };
    let days = event_days::table
        .filter(event_days::event_id.eq(id))
        .order(event_days::day)
        .select((event_days::day, event_days::opens, event_days::closes))
        .load(conn)?;
    let event = with_days(row, days)?;
    let version = ProgrammeVersion::new(event.revision, key);
    Ok(Some((event, version)))
}

type EventDayRow = (NaiveDate, i32, i32);

fn with_days(row: EventRow, days: Vec<EventDayRow>) -> QueryResult<Event> {
    let clock = |minutes: i32| ClockTime::from_minutes(u16::try_from(minutes).unwrap_or_default());
    Ok(Event {
        id: row.id,
        slug: Code::stored(row.slug),
        name: TextLine::stored(row.name),
        name_ja: row.name_ja,
        venue: TextLine::stored(row.venue),
        venue_ja: row.venue_ja,
        time_zone: stored_zone(&row.time_zone)?,
        office: ProtocolOffice {
            name: TextLine::stored(row.office_name),
            email: Email::stored(row.office_email),
            phone: row.office_phone,
        },
        days: days
            .into_iter()
            .map(|(date, opens, closes)| EventDay {
                date,
                opens: clock(opens),
                closes: clock(closes),
            })
            .collect(),
        settings: EventSettings {
            grid_minutes: row.grid_minutes,
            minimum_gap_minutes: row.minimum_gap_minutes,
            chair_run_minutes: row.chair_run_minutes,
            chair_rest_needs_reason: row.chair_rest_needs_reason,
            interpreter_alone_minutes: row.interpreter_alone_minutes,
            interpreter_team_minutes: row.interpreter_team_minutes,
            interpreter_rest_minutes: row.interpreter_rest_minutes,
        },
        revision: row.revision,
    })
}

/// Reads a zone that was checked when it was stored; this program's zone data may be older than the writer's.
///
/// # Errors
/// When the zone is unknown here.
pub fn stored_zone(name: &str) -> QueryResult<Zone> {
    name.parse()
        .map_err(|error: String| diesel::result::Error::DeserializationError(error.into()))
}

/// Stores a new event; its revision is 0.
///
/// # Errors
/// As the database says; a unique violation when the slug is taken.
pub fn insert(conn: &mut Conn, event: &Event, now: Moment) -> QueryResult<()> {
    diesel::insert_into(events::table)
        .values((
            row(event, now),
            events::revision_key.eq(RevisionKey(fresh_id())),
        ))
        .execute(conn)?;
    insert_days(conn, event)
}

/// Updates an event's facts, days and settings; version and age stay.
///
/// # Errors
/// As the database says; a unique violation when the slug is taken.
pub fn update(conn: &mut Conn, event: &Event) -> QueryResult<()> {
    let created_at: Moment = events::table
        .find(event.id)
        .select(events::created_at)
        .get_result(conn)?;
    diesel::update(events::table.find(event.id))
        .set(row(event, created_at))
        .execute(conn)?;
    diesel::delete(event_days::table.filter(event_days::event_id.eq(event.id))).execute(conn)?;
    insert_days(conn, event)
}

fn row(event: &Event, created_at: Moment) -> EventRow {
    EventRow {
        id: event.id,
        slug: event.slug.to_string(),
        name: event.name.to_string(),
        name_ja: event.name_ja.clone(),
        venue: event.venue.to_string(),
        venue_ja: event.venue_ja.clone(),
        time_zone: event.time_zone.name().to_owned(),
        office_name: event.office.name.to_string(),
        office_email: event.office.email.to_string(),
        office_phone: event.office.phone.clone(),
        grid_minutes: event.settings.grid_minutes,
        minimum_gap_minutes: event.settings.minimum_gap_minutes,
        chair_run_minutes: event.settings.chair_run_minutes,
        chair_rest_needs_reason: event.settings.chair_rest_needs_reason,
        interpreter_alone_minutes: event.settings.interpreter_alone_minutes,
        interpreter_team_minutes: event.settings.interpreter_team_minutes,
        interpreter_rest_minutes: event.settings.interpreter_rest_minutes,
        revision: event.revision,
        created_at,
    }
}

fn insert_days(conn: &mut Conn, event: &Event) -> QueryResult<()> {
    for day in &event.days {
        diesel::insert_into(event_days::table)
            .values((
                event_days::event_id.eq(event.id),
                event_days::day.eq(day.date),
                event_days::opens.eq(i32::from(day.opens.minutes())),
                event_days::closes.eq(i32::from(day.closes.minutes())),
            ))
            .execute(conn)?;
    }
    Ok(())
}
