//! The room form.

use std::borrow::Cow;

use crate::core::entered::{Entered, Faults};
use crate::core::event::Event;
use crate::core::room::{EnteredClosure, Room, RoomDraft, RoomId};
use crate::core::text_enum::TextEnum;
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields, FormSource};
use crate::server::forms::CORRECTION;

/// Every field of the room form.
pub const FIELDS: &[&str] = &[
    "code",
    "name",
    "name_ja",
    "capacity",
    "turnaround_minutes",
    "kinds",
    "closures",
    CORRECTION,
];

/// Reads a room form; `id` is that of the room being changed, a fresh one for a new room.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(event: &Event, fields: &Fields, id: Option<RoomId>) -> Result<Room, FieldErrors> {
    let kinds = fields.all("kinds").map(|word| Entered {
        value: Cow::Borrowed(word),
        ..fields.entered("kinds", "Kinds:")
    });
    let draft = RoomDraft {
        code: fields.entered("code", "Code"),
        name: fields.entered("name", "Name"),
        name_ja: fields.entered("name_ja", "Japanese name"),
        capacity: fields.entered("capacity", "Capacity"),
        turnaround_minutes: fields.entered("turnaround_minutes", "Turnaround"),
        kinds: kinds.collect(),
        closures: fields.lines("closures", "Closed").map(closure).collect(),
    };
    FieldErrors::unless_sound(Faults::default(), |faults| {
        let id = id.unwrap_or_else(|| RoomId(fresh_id()));
        Room::parse(id, event.time_zone, &draft, faults)
    })
}

/// Splits `2022-12-24 12:00 – 2022-12-24 14:00 cleaning`; a spaced hyphen serves as well, and so does a colon or comma
/// before the reason.
fn closure(line: Entered<FormSource, &str>) -> EnteredClosure<'_, FormSource> {
    let Entered { value, source } = line;
    let split = || {
        let (from, rest) = value.split_once('–').or_else(|| value.split_once(" - "))?;
        let rest = rest.trim();
        let (day, clock) = rest.split_once([' ', 'T'])?;
        let clock = clock.trim_start();
        let end = clock.find(char::is_whitespace).unwrap_or(clock.len());
        let (time, reason) = clock.split_at(end);
        let time = time.trim_end_matches([':', ',']);
        let reason = reason.trim_start_matches(|c: char| c.is_whitespace() || ":,–-".contains(c));
        let until = Cow::Owned(format!("{day} {time}"));
        Some([Cow::Borrowed(from), until, Cow::Borrowed(reason)])
    };
    Entered {
        value: split()
            .ok_or("write it as in 2022-12-24 12:00 – 2022-12-24 14:00 cleaning; the reason may be left out"),
        source,
    }
}

/// Fills the form with a stored room.
#[must_use]
pub fn fields_of(event: &Event, room: &Room) -> Fields {
    let closures = room.closures.iter();
    let closures: Vec<String> = closures.map(|each| event.write_closure(each)).collect();
    let mut fields = Fields::from_pairs([
        ("code", room.code.to_string()),
        ("name", room.name.to_string()),
        ("name_ja", room.name_ja.clone()),
        ("capacity", room.capacity.to_string()),
        ("turnaround_minutes", room.turnaround_minutes.to_string()),
        ("closures", closures.join("\n")),
    ]);
    for kind in &room.kinds {
        fields.push("kinds", kind.as_str());
    }
    fields
}
