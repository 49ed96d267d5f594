//! A slot as exports write it: codes instead of ids, times with the venue's offset.

use serde::Serialize;

use crate::core::programme::Programme;
use crate::core::slot::Slot;
use crate::core::text_enum::TextEnum;

/// A slot in JSON, as files, exports and the history have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotRecord {
    /// Its id.
    pub id: i64,
    /// The kind's word.
    pub kind: &'static str,
    /// The title.
    pub title: String,
    /// The room's code.
    pub room: Option<String>,
    /// RFC 3339 with the venue's offset.
    pub starts_at: String,
    /// RFC 3339 with the venue's offset.
    pub ends_at: String,
    /// Codes, in order of precedence.
    pub delegations: Vec<String>,
    /// Codes, in the order in which the interpreters were entered.
    pub interpreters: Vec<String>,
    /// The state's word.
    pub state: &'static str,
    /// Raised by every write.
    pub version: i32,
    /// Raised by every change a delegation must hear of.
    pub sequence: i32,
}

impl SlotRecord {
    /// Writes a slot of `programme`.
    #[must_use]
    pub fn of(programme: &Programme, slot: &Slot) -> Self {
        let content = slot.content();
        let zone = programme.event.time_zone;
        Self {
            id: slot.id.0,
            kind: content.kind.as_str(),
            title: content.title.to_string(),
            room: slot
                .room()
                .and_then(|id| programme.room(id))
                .map(|room| room.code.to_string()),
            starts_at: zone.rfc3339(slot.interval().start()),
            ends_at: zone.rfc3339(slot.interval().end()),
            delegations: programme
                .parties(content)
                .map(|party| party.code.to_string())
                .collect(),
            interpreters: programme
                .interpreters_of(content)
                .map(|interpreter| interpreter.code.to_string())
                .collect(),
            state: slot.state().as_str(),
            version: slot.version,
            sequence: slot.sequence,
        }
    }
}
