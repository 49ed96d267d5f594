//! Rooms in the database.

use diesel::prelude::*;

use crate::core::event::EventId;
use crate::core::room::{Room, RoomId};
use crate::core::text::{Code, TextLine};
use crate::db::Conn;
use crate::db::schema::{resources, rooms};
use crate::store::resource;

/// An event's rooms, in their set order.
pub fn of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Room>> {
    type RoomRow = (RoomId, String, String, String, i32, i32);
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
            },
        )
        .collect())
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
        .execute(conn)
        .map(drop)
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
        .execute(conn)
        .map(drop)
}
