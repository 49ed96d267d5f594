//! The room form.

use crate::core::entered::Faults;
use crate::core::room::{Room, RoomDraft, RoomId};
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields};

/// Every field of the room form.
pub const FIELDS: &[&str] = &["code", "name", "name_ja", "capacity", "turnaround_minutes"];

/// Reads a room form; `id` is that of the room being changed, a fresh one for a new room.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(fields: &Fields, id: Option<RoomId>) -> Result<Room, FieldErrors> {
    let draft = RoomDraft {
        code: fields.entered("code", "Code"),
        name: fields.entered("name", "Name"),
        name_ja: fields.entered("name_ja", "Japanese name"),
        capacity: fields.entered("capacity", "Capacity"),
        turnaround_minutes: fields.entered("turnaround_minutes", "Turnaround"),
    };
    FieldErrors::unless_sound(Faults::default(), |faults| {
        Room::parse(id.unwrap_or_else(|| RoomId(fresh_id())), &draft, faults)
    })
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
