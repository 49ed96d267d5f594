//! Rows of the history in words: codes become labels, and instants times on the clock of the venue.
//!
//! Rows that releases stored in words come out the same, so that old and new rows can be compared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FieldChange, redaction};
use crate::core::history::{RecordedReason, released_reason, utc};
use crate::core::rule::Rule;
use crate::core::slot::{EVERY_CODE, MeetingFormat, SlotKind, SlotState};
use crate::core::text_enum::TextEnum;
use crate::core::time::Zone;

/// Who reads the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordsReader {
    /// People: kinds and states have their labels.
    Person,
    /// A program at the API: kinds and states have their codes.
    Program,
}

/// Lists the fields that differ between two stored values of a thing, with old and new values in words.
pub(super) fn changes_between(
    noun: &str,
    before: Option<&str>,
    after: Option<&str>,
    reader: WordsReader,
    venue: Zone,
) -> Vec<FieldChange> {
    let read = |json| fields(noun, json, reader, venue);
    let (mut before, mut after) = (read(before), read(after));
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| FieldChange {
            field: name.replace('_', " "),
            before: before.remove(&name).unwrap_or_default(),
            after: after.remove(&name).unwrap_or_default(),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

fn fields(
    noun: &str,
    json: Option<&str>,
    reader: WordsReader,
    venue: Zone,
) -> BTreeMap<String, String> {
    let stored: serde_json::Map<String, Value> = json
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    stored
        .into_iter()
        .filter(|(name, _)| name != redaction::DIGESTS)
        .map(|(name, value)| {
            if noun == "slot" {
                return of_slot(name, &value, reader, venue);
            }
            let words = in_words(&value);
            (name, words)
        })
        .collect()
}

/// A field of a slot; what this release does not know is shown as it is stored.
fn of_slot(name: String, value: &Value, reader: WordsReader, venue: Zone) -> (String, String) {
    let text = value.as_str().unwrap_or_default();
    let known = match name.as_str() {
        "starts_at" | "ends_at" => utc::parse(text)
            .map(|instant| format!("{} {}", venue.date(instant), venue.exact_clock(instant))),
        "interpretation_wanted" => {
            let words = match value {
                Value::Bool(true) => "wanted".to_owned(),
                Value::Bool(false) => "not wanted".to_owned(),
                other => in_words(other),
            };
            return ("interpretation".to_owned(), words);
        }
        "format" => serde_json::from_value::<MeetingFormat>(value.clone())
            .ok()
            .map(|format| format.in_words().unwrap_or_default()),
        "fixed" => value.as_bool().map(|fixed| {
            let words = if fixed { "yes" } else { "no" };
            words.to_owned()
        }),
        "audience" => {
            let all = Value::from([EVERY_CODE].as_slice());
            let words = if *value == all {
                "all delegations".to_owned()
            } else {
                in_words(value)
            };
            return ("also shown to".to_owned(), words);
        }
        "all_delegations" => {
            let words = match value {
                Value::Bool(true) => "all, those added later too".to_owned(),
                Value::Bool(false) => String::new(),
                other => in_words(other),
            };
            return ("meant for".to_owned(), words);
        }
        "reasons" => value.as_array().map(|reasons| {
            let lines: Vec<String> = reasons.iter().map(reason).collect();
            lines.join(", ")
        }),
        "kind" if reader == WordsReader::Person => {
            SlotKind::from_word(text).map(|kind| kind.label().to_owned())
        }
        "state" if reader == WordsReader::Person => {
            SlotState::from_word(text).map(|state| state.label().to_owned())
        }
        _ => None,
    };
    let words = known.unwrap_or_else(|| in_words(value));
    (name, words)
}

fn reason(value: &Value) -> String {
    let recorded = match value {
        Value::String(line) => released_reason(line),
        other => serde_json::from_value(other.clone()).ok(),
    };
    recorded.map_or_else(
        || in_words(value),
        |RecordedReason { rule, reason, .. }| {
            let label = Rule::from_word(&rule).map(Rule::label);
            format!("{}: {reason}", label.unwrap_or(&rule))
        },
    )
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPED: &str = r#"{"kind":"courtesy_call","state":"tentative","starts_at":"2022-12-24T08:20:00Z","ends_at":"2022-12-24T08:50:00Z",
        "interpretation_wanted":true,"reasons":[{"rule":"hours","reason":"The kitchen stays"}]}"#;
    const RELEASED: &str = r#"{"kind":"courtesy_call","state":"tentative","starts_at":"2022-12-24 17:20","ends_at":"2022-12-24 17:50",
        "interpretation":"wanted","reasons":["Opening hours: The kitchen stays"]}"#;

    fn words(json: &str, reader: WordsReader) -> Vec<String> {
        changes_between(
            "slot",
            None,
            Some(json),
            reader,
            "Asia/Tokyo".parse().unwrap(),
        )
        .into_iter()
        .map(|change| format!("{} = {}", change.field, change.after))
        .collect()
    }

    #[test]
    fn codes_are_shown_to_people_in_words() {
        let hours = Rule::Hours.label();
        assert_eq!(
            words(TYPED, WordsReader::Person),
            [
                "ends at = 2022-12-24 17:50".to_owned(),
                "interpretation = wanted".to_owned(),
                format!("kind = {}", SlotKind::CourtesyCall.label()),
                format!("reasons = {hours}: The kitchen stays"),
                "starts at = 2022-12-24 17:20".to_owned(),
                format!("state = {}", SlotState::Tentative.label()),
            ]
        );
        let program = words(TYPED, WordsReader::Program);
        assert_eq!(
            (program[2].as_str(), program[5].as_str()),
            ("kind = courtesy_call", "state = tentative")
        );
    }

    #[test]
    fn released_row_is_no_change_to_the_typed_one() {
        let venue = "Asia/Tokyo".parse().unwrap();
        for reader in [WordsReader::Person, WordsReader::Program] {
            assert_eq!(words(RELEASED, reader), words(TYPED, reader));
            let changes = changes_between("slot", Some(RELEASED), Some(TYPED), reader, venue);
            assert_eq!(changes, []);
        }
    }

    #[test]
    fn words_of_another_release_are_shown_as_they_are() {
        let newer = r#"{"kind":"reception","starts_at":"soon","interpretation_wanted":"both","reasons":[{"rule":"noise","reason":"Late"},"Noise: Late",7]}"#;
        assert_eq!(
            words(newer, WordsReader::Person),
            [
                "interpretation = both",
                "kind = reception",
                "reasons = noise: Late, Noise: Late, 7",
                "starts at = soon"
            ]
        );
    }
}
