//! The room form.

use crate::core::room::{Room, RoomId};
use crate::core::text::{Code, TextLine, optional_line};
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields};

/// Every field of the room form.
pub const FIELDS: &[&str] = &["code", "name", "name_ja", "capacity", "turnaround_minutes"];

/// Reads a room form; `id` is that of the room being changed, a fresh one for a new room.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(fields: &Fields, id: Option<RoomId>) -> Result<Room, FieldErrors> {
    let mut errors = FieldErrors::default();
    let code = errors.check("code", "Code", Code::parse(fields.get("code")));
    let name = errors.check("name", "Name", TextLine::parse(fields.get("name")));
    let name_ja = errors.check(
        "name_ja",
        "Japanese name",
        optional_line(fields.get("name_ja")),
    );
    let capacity = errors.number(
        "capacity",
        "Capacity",
        fields.get("capacity"),
        Room::CAPACITY,
    );
    let turnaround = errors.number(
        "turnaround_minutes",
        "Turnaround",
        fields.get("turnaround_minutes"),
        Room::TURNAROUND,
    );
    match (code, name, name_ja, capacity, turnaround) {
        (Some(code), Some(name), Some(name_ja), Some(capacity), Some(turnaround_minutes)) => {
            let id = id.unwrap_or_else(|| RoomId(fresh_id()));
            Ok(Room {
                id,
                code,
                name,
                name_ja,
                capacity,
                turnaround_minutes,
            })
        }
        _ => Err(errors),
    }
}

/// Fills the form with a stored room.
#[must_use]
pub fn fields_of(room: &Room) -> Fields {
    Fields::from_pairs([
        ("code", room.code.to_string()),
        ("name", room.name.to_string()),
        ("name_ja", room.name_ja.clone()),
        ("capacity", room.capacity.to_string()),
        ("turnaround_minutes", room.turnaround_minutes.to_string()),
    ])
}
