//! A slot as files, exports and the history write it: codes instead of ids, times with the venue's offset.

use serde::Serialize;
use serde_json::Value;

use super::booking::{Reason, Reasons};
use super::interval::Interval;
use super::rules::{Rule, in_force};
use super::{Details, Kind, Slot, State};
use crate::db::text_enum::TextEnum;
use crate::event::programme::Programme;
use crate::text::Line;

/// What the history says of a slot whose sides are to be interpreted for each other.
const INTERPRETATION_WANTED: &str = "wanted";

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
        let details = &slot.details;
        let zone = programme.event.time_zone;
        Self {
            id: slot.id.0,
            kind: details.kind.as_str(),
            title: details.title.to_string(),
            room: details
                .room
                .and_then(|id| programme.room(id))
                .map(|room| room.code.to_string()),
            starts_at: zone.rfc3339(details.interval.start()),
            ends_at: zone.rfc3339(details.interval.end()),
            delegations: programme
                .parties(details)
                .map(|party| party.code.to_string())
                .collect(),
            interpreters: programme
                .interpreters_of(details)
                .map(|interpreter| interpreter.code.to_string())
                .collect(),
            state: details.state.as_str(),
            version: slot.version,
            sequence: slot.sequence,
        }
    }

    /// The same for the history: times as people write them at the venue, the internal note,
    /// whether interpretation is wanted and the reasons given, without the counters.
    pub(super) fn for_history(&self, programme: &Programme, slot: &Slot) -> Value {
        let reasons: Vec<String> =
            super::rules::check(programme, super::rules::Candidate::stored(slot))
                .iter()
                .filter_map(|conflict| in_force(programme, conflict))
                .map(|entry| format!("{}: {}", entry.rule.label(), entry.reason))
                .collect();
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            for counter in ["id", "version", "sequence"] {
                fields.remove(counter);
            }
            let interval = slot.interval();
            for (field, instant) in [("starts_at", interval.start()), ("ends_at", interval.end())] {
                fields.insert(
                    field.to_owned(),
                    programme.event.write_moment(instant).into(),
                );
            }
            fields.insert("note".to_owned(), slot.details.note.clone().into());
            let interpretation = if slot.details.interpretation_wanted {
                INTERPRETATION_WANTED
            } else {
                "not wanted"
            };
            fields.insert("interpretation".to_owned(), interpretation.into());
            if !reasons.is_empty() {
                fields.insert("reasons".to_owned(), reasons.into());
            }
        }
        value
    }
}

/// Reads a slot back from the history, as [`SlotRecord::for_history`] wrote it, with the reasons it was given.
///
/// # Errors
/// With a sentence, when a room or somebody named there is no longer part of the event.
pub(super) fn read_history(
    programme: &Programme,
    value: &Value,
) -> Result<(Details, Reasons), String> {
    let text = |field: &str| value[field].as_str().unwrap_or_default();
    let list = |field: &str| -> Vec<&str> {
        let items = value[field].as_array().map(Vec::as_slice);
        items
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .collect()
    };
    let unreadable = |field: &str| format!("the history does not say its {field}");
    let gone = |what: &str, code: &str| format!("there is no {what} “{code}” any more");
    let start = programme.event.parse_moment(text("starts_at"))?;
    let end = programme.event.parse_moment(text("ends_at"))?;
    let room = match text("room") {
        "" => None,
        code => {
            let room = programme.room_by_code(code);
            Some(room.ok_or_else(|| gone("room", code))?.id)
        }
    };
    let delegations = list("delegations").into_iter().map(|code| {
        let known = programme.delegation_by_code(code);
        Ok(known.ok_or_else(|| gone("delegation", code))?.id)
    });
    let interpreters = list("interpreters").into_iter().map(|code| {
        let known = programme.interpreter_by_code(code);
        Ok(known.ok_or_else(|| gone("interpreter", code))?.id)
    });
    let details = Details {
        kind: Kind::from_word(text("kind")).ok_or_else(|| unreadable("kind"))?,
        title: Line::stored(text("title").to_owned()),
        note: text("note").to_owned(),
        interval: Interval::new(start, end).map_err(|error| error.to_string())?,
        room,
        delegations: delegations.collect::<Result<_, String>>()?,
        interpreters: interpreters.collect::<Result<_, String>>()?,
        interpretation_wanted: text("interpretation") == INTERPRETATION_WANTED,
        state: State::from_word(text("state")).ok_or_else(|| unreadable("state"))?,
    };
    let reasons = list("reasons").into_iter().filter_map(|line| {
        let rule = Rule::ALL
            .iter()
            .find(|rule| line.starts_with(&format!("{}: ", rule.label())))?;
        let text = line[rule.label().len() + 2..].to_owned();
        Some((*rule, Reason { text, author: None }))
    });
    Ok((details.in_order(), reasons.collect()))
}
