//! Rooms in the database.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::core::event::EventId;
use crate::core::room::{Room, RoomClosure, RoomId};
use crate::core::slot_kind::SlotKind;
use crate::core::text::{Code, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::Instant;
use crate::core::time::interval::Interval;
use crate::db::Conn;
use crate::db::schema::{resources, room_closures, room_kinds, rooms};
use crate::db::word::Word;
use crate::store::resource;

/// Id, code, name, Japanese name, capacity and turnaround of a room.
type RoomRow = (RoomId, String, String, String, i32, i32);

/// An event's rooms, in their set order.
pub fn of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Room>> {
    let mut kinds = kinds_of_event(conn, event)?;
    let mut closures = closures_of_event(conn, event)?;
    let rows: Vec<RoomRow> = rooms::table
        .inner_join(resources::table.on(resources::id.eq(rooms::id)))
        .filter(rooms::event_id.eq(event))
        .order((rooms::position, rooms::id))
        .select((
            rooms::id,
            resources::code,
            rooms::name,
            rooms::name_ja,
            rooms::capacity,
            resources::turnaround_minutes,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(
            |(id, code, name, name_ja, capacity, turnaround_minutes)| Room {
                id,
                code: Code::stored(code),
                name: TextLine::stored(name),
                name_ja,
                capacity,
                turnaround_minutes,
                kinds: kinds.remove(&id).unwrap_or_default(),
                closures: closures.remove(&id).unwrap_or_default(),
            },
        )
        .collect())
}

/// The kinds of each room, in the order of [`SlotKind::ALL`].
fn kinds_of_event(conn: &mut Conn, event: EventId) -> QueryResult<HashMap<RoomId, Vec<SlotKind>>> {
    let rows: Vec<(RoomId, Word<SlotKind>)> = room_kinds::table
        .inner_join(rooms::table.on(rooms::id.eq(room_kinds::room_id)))
        .filter(rooms::event_id.eq(event))
        .select((room_kinds::room_id, room_kinds::kind))
        .load(conn)?;
    let mut kinds: HashMap<RoomId, Vec<SlotKind>> = HashMap::new();
    for known in SlotKind::ALL {
        for (room, _) in rows.iter().filter(|(_, kind)| kind.0 == *known) {
            kinds.entry(*room).or_default().push(*known);
        }
    }
    Ok(kinds)
}

fn closures_of_event(
    conn: &mut Conn,
    event: EventId,
) -> QueryResult<HashMap<RoomId, Vec<RoomClosure>>> {
    let rows: Vec<(RoomId, Instant, Instant, String)> = room_closures::table
        .inner_join(rooms::table.on(rooms::id.eq(room_closures::room_id)))
        .filter(rooms::event_id.eq(event))
        .order(room_closures::starts_at)
        .select((
            room_closures::room_id,
            room_closures::starts_at,
            room_closures::ends_at,
            room_closures::reason,
        ))
        .load(conn)?;
    let mut closures: HashMap<RoomId, Vec<RoomClosure>> = HashMap::new();
    for (room, starts, ends, reason) in rows {
        if let Some(interval) = Interval::stay(starts, ends) {
            let closure = RoomClosure { interval, reason };
            closures.entry(room).or_default().push(closure);
        }
    }
    Ok(closures)
}

/// Stores what a room is for and when it is closed, in place of what was stored.
fn replace_use(conn: &mut Conn, room: &Room) -> QueryResult<()> {
    diesel::delete(room_kinds::table.filter(room_kinds::room_id.eq(room.id))).execute(conn)?;
    diesel::delete(room_closures::table.filter(room_closures::room_id.eq(room.id)))
        .execute(conn)?;
    for kind in &room.kinds {
        diesel::insert_into(room_kinds::table)
            .values((
                room_kinds::room_id.eq(room.id),
                room_kinds::kind.eq(Word(*kind)),
            ))
            .execute(conn)?;
    }
    for RoomClosure { interval, reason } in &room.closures {
        diesel::insert_into(room_closures::table)
            .values((
                room_closures::room_id.eq(room.id),
                room_closures::starts_at.eq(interval.start()),
                room_closures::ends_at.eq(interval.end()),
                room_closures::reason.eq(reason),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Stores a new room after the others.
///
/// # Errors
/// As the database says; a unique violation when the code is taken.
pub fn insert(conn: &mut Conn, event: EventId, room: &Room) -> QueryResult<()> {
    resource::insert(
        conn,
        room.id.0,
        event,
        "room",
        room.code.as_str(),
        room.turnaround_minutes,
    )?;
    let last: Option<i32> = rooms::table
        .filter(rooms::event_id.eq(event))
        .select(diesel::dsl::max(rooms::position))
        .get_result(conn)?;
    diesel::insert_into(rooms::table)
        .values((
            rooms::id.eq(room.id),
            rooms::event_id.eq(event),
            rooms::name.eq(room.name.as_str()),
            rooms::name_ja.eq(&room.name_ja),
            rooms::capacity.eq(room.capacity),
            rooms::position.eq(last.unwrap_or(0) + 1),
        ))
        .execute(conn)?;
    replace_use(conn, room)
}

/// Updates a room.
///
/// # Errors
/// As the database says; an overlap refusal when a longer turnaround does not fit between two slots.
pub fn update(conn: &mut Conn, room: &Room) -> QueryResult<()> {
    resource::update(conn, room.id.0, room.code.as_str(), room.turnaround_minutes)?;
    diesel::update(rooms::table.find(room.id))
        .set((
            rooms::name.eq(room.name.as_str()),
            rooms::name_ja.eq(&room.name_ja),
            rooms::capacity.eq(room.capacity),
        ))
        .execute(conn)?;
    replace_use(conn, room)
}
