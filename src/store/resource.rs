//! What rooms, delegations and interpreters have in common in the database: the row that can be double-booked, and
//! when it is there.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::core::event::EventId;
use crate::core::time::Instant;
use crate::core::time::interval::Interval;
use crate::db::Conn;
use crate::db::schema::{presences, resources};

/// Stores the row that slots will hold.
pub(crate) fn insert(
    conn: &mut Conn,
    id: i64,
    event: EventId,
    kind: &str,
    code: &str,
    turnaround_minutes: i32,
) -> QueryResult<()> {
    diesel::insert_into(resources::table)
        .values((
            resources::id.eq(id),
            resources::event_id.eq(event),
            resources::kind.eq(kind),
            resources::code.eq(code),
            resources::turnaround_minutes.eq(turnaround_minutes),
        ))
        .execute(conn)
        .map(drop)
}

/// Changes code and turnaround; a longer turnaround is judged by the database against every slot in the room.
pub(crate) fn update(
    conn: &mut Conn,
    id: i64,
    code: &str,
    turnaround_minutes: i32,
) -> QueryResult<()> {
    diesel::update(resources::table.find(id))
        .set((
            resources::code.eq(code),
            resources::turnaround_minutes.eq(turnaround_minutes),
        ))
        .execute(conn)
        .map(drop)
}

/// Removes the row, and with it the room, delegation or interpreter; refused while any slot names it.
pub(crate) fn delete(conn: &mut Conn, id: i64) -> QueryResult<()> {
    diesel::delete(resources::table.find(id))
        .execute(conn)
        .map(drop)
}

/// When each of an event's resources is there.
pub(crate) fn presence_of_event(
    conn: &mut Conn,
    event: EventId,
) -> QueryResult<HashMap<i64, Vec<Interval>>> {
    let rows: Vec<(i64, Instant, Instant)> = presences::table
        .inner_join(resources::table.on(resources::id.eq(presences::resource_id)))
        .filter(resources::event_id.eq(event))
        .order(presences::arrives_at)
        .select((
            presences::resource_id,
            presences::arrives_at,
            presences::departs_at,
        ))
        .load(conn)?;
    let mut presence: HashMap<i64, Vec<Interval>> = HashMap::new();
    for (resource, arrives, departs) in rows {
        if let Some(stay) = Interval::stay(arrives, departs) {
            presence.entry(resource).or_default().push(stay);
        }
    }
    Ok(presence)
}

/// Stores when a resource is there, in place of what was stored.
pub(crate) fn replace_presence(conn: &mut Conn, id: i64, stays: &[Interval]) -> QueryResult<()> {
    diesel::delete(presences::table.filter(presences::resource_id.eq(id))).execute(conn)?;
    for stay in stays {
        diesel::insert_into(presences::table)
            .values((
                presences::resource_id.eq(id),
                presences::arrives_at.eq(stay.start()),
                presences::departs_at.eq(stay.end()),
            ))
            .execute(conn)?;
    }
    Ok(())
}
