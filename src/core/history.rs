//! A slot as the history stores it: codes, typed values and instants, no words that people read; and what earlier
//! releases stored. Rows of the history are never changed, so both are read for good.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::SlotRecord;
use crate::core::event::Event;
use crate::core::programme::Programme;
use crate::core::rule::Rule;
use crate::core::rule::{Reason, Reasons};
use crate::core::rules::{Candidate, check, in_force};
use crate::core::slot::{
    MeetingFormat, Placement, Slot, SlotContent, SlotDetails, SlotKind, SlotState,
};
use crate::core::text::TextLine;
use crate::core::text_enum::{TextEnum, code};
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

/// Between the rule and the text of a reason in rows of releases up to migration 0024.
const RELEASED_SEPARATOR: &str = ": ";

/// The words for rules in those rows, as they were. A label that changes does not change here.
const RELEASED_RULES: &[(Rule, &str)] = &[
    (Rule::DoubleBooking, "Double booking"),
    (Rule::Interval, "Time"),
    (Rule::Shape, "Participants"),
    (Rule::Hours, "Opening hours"),
    (Rule::Presence, "Presence"),
    (Rule::Turnaround, "Turnaround of the room"),
    (Rule::Transfer, "Transfer between rooms"),
    (Rule::Capacity, "Capacity of the room"),
    (Rule::Interpretation, "Interpretation"),
    (Rule::InterpreterRest, "Rest of an interpreter"),
    (Rule::ChairRest, "Rest of the chair"),
    (Rule::Precedence, "Order of precedence"),
    (Rule::EqualLength, "Equal length"),
    (Rule::RepeatedPair, "Repeated pair"),
    (Rule::MissingBilateral, "Missing bilateral"),
    (Rule::NoRoom, "No room"),
];
/// The word for a slot with interpretation in those rows; the other was `not wanted`.
const RELEASED_WANTED: &str = "wanted";

/// A slot at one moment, without ids and counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlotSnapshot {
    #[serde(with = "code")]
    kind: SlotKind,
    #[serde(default, skip_serializing_if = "MeetingFormat::is_open")]
    format: MeetingFormat,
    title: String,
    #[serde(default)]
    note: String,
    /// The room's code.
    room: Option<String>,
    #[serde(with = "utc")]
    starts_at: Instant,
    #[serde(with = "utc")]
    ends_at: Instant,
    /// Codes, in order of precedence.
    delegations: Vec<String>,
    /// Whether those that are added later take part too; releases up to migration 0034 did not say so.
    #[serde(default)]
    all_delegations: Option<bool>,
    /// Codes.
    interpreters: Vec<String>,
    interpretation_wanted: bool,
    /// Codes, or that of all; releases up to migration 0033 stored none.
    #[serde(default)]
    audience: Option<Vec<String>>,
    #[serde(with = "code")]
    state: SlotState,
    /// Left out where it may be moved, as by releases that did not know of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fixed: bool,
    /// The reasons that were in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<RecordedReason>,
}

/// Why a rule is overridden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedReason {
    /// The rule's code; of a rule that only another release knows as well.
    pub(crate) rule: String,
    pub(crate) reason: String,
    /// As [`Override::approved`](crate::core::rule::Override::approved); not in rows of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved: Option<i32>,
}

/// A slot as releases up to migration 0024 stored it: times on the clock of the venue, and words.
#[derive(Debug, Deserialize)]
struct ReleasedSnapshot {
    #[serde(with = "code")]
    kind: SlotKind,
    title: String,
    #[serde(default)]
    note: String,
    room: Option<String>,
    starts_at: String,
    ends_at: String,
    delegations: Vec<String>,
    interpreters: Vec<String>,
    #[serde(default)]
    interpretation: String,
    #[serde(with = "code")]
    state: SlotState,
    #[serde(default)]
    reasons: Vec<String>,
}

impl SlotSnapshot {
    /// Takes down a slot of `programme`, with the reasons that are in force for it.
    pub(crate) fn of(programme: &Programme, slot: &Slot) -> Self {
        let SlotRecord {
            title,
            room,
            delegations,
            interpreters,
            ..
        } = SlotRecord::of(programme, slot);
        let reasons = check(programme, Candidate::stored(slot))
            .iter()
            .filter_map(|conflict| in_force(programme, conflict))
            .map(|entry| RecordedReason {
                rule: entry.rule.as_str().to_owned(),
                reason: entry.reason.clone(),
                approved: entry.approved,
            })
            .collect();
        Self {
            kind: slot.content().kind,
            format: slot.content().format,
            title,
            note: slot.content().note.clone(),
            room,
            starts_at: slot.interval().start(),
            ends_at: slot.interval().end(),
            delegations,
            all_delegations: Some(slot.content().all_delegations),
            interpreters,
            interpretation_wanted: slot.content().interpretation_wanted,
            audience: Some(programme.audience_codes(slot.content())),
            state: slot.details.state,
            fixed: slot.is_fixed(),
            reasons,
        }
    }

    /// Reads a stored slot of `event`, whichever release stored it.
    ///
    /// # Errors
    /// With a sentence, when it makes no sense.
    pub(crate) fn read(value: &Value, event: &Event) -> Result<Self, String> {
        let unreadable = |error: serde_json::Error| format!("the history cannot be read: {error}");
        if value.get("interpretation_wanted").is_some() {
            return Self::deserialize(value).map_err(unreadable);
        }
        ReleasedSnapshot::deserialize(value)
            .map_err(unreadable)?
            .typed(event)
    }

    /// Rebuilds the slot, if everything that it names is still part of the event, with its reasons.
    ///
    /// What a row of an earlier release does not say stays as it is at `present`.
    ///
    /// # Errors
    /// With a sentence, when a room, delegation or interpreter is no longer part of the event.
    pub(crate) fn details(
        self,
        programme: &Programme,
        present: &SlotContent,
    ) -> Result<(SlotDetails, Reasons), String> {
        let gone = |what: &str, code: &str| format!("there is no {what} “{code}” any more");
        let room = self.room.map(|code| {
            let known = programme.room_by_code(&code);
            Ok::<_, String>(known.ok_or_else(|| gone("room", &code))?.id)
        });
        let delegations = self.delegations.iter().map(|code| {
            let known = programme.delegation_by_code(code);
            Ok(known.ok_or_else(|| gone("delegation", code))?.id)
        });
        let interpreters = self.interpreters.iter().map(|code| {
            let known = programme.interpreter_by_code(code);
            Ok(known.ok_or_else(|| gone("interpreter", code))?.id)
        });
        let placement = Placement {
            interval: Interval::new(self.starts_at, self.ends_at)
                .map_err(|error| error.to_string())?,
            room: room.transpose()?,
        };
        let delegations: Vec<_> = delegations.collect::<Result<_, String>>()?;
        let audience = match &self.audience {
            Some(codes) => programme
                .audience_of(codes.iter().map(String::as_str))
                .map_err(|code| gone("delegation", code))?,
            None => present.audience.clone(),
        };
        let of_all = programme
            .members()
            .all(|each| delegations.contains(&each.id));
        let all_delegations = self
            .all_delegations
            .unwrap_or(present.all_delegations && of_all);
        let content = SlotContent {
            kind: self.kind,
            format: self.format,
            title: TextLine::stored(self.title),
            note: self.note,
            delegations,
            all_delegations,
            interpreters: interpreters.collect::<Result<_, String>>()?,
            interpretation_wanted: self.interpretation_wanted,
            audience,
        };
        let details = SlotDetails {
            content: content.in_order(),
            placement,
            state: self.state,
            fixed: self.fixed,
        };
        let reasons = self.reasons.into_iter().filter_map(|entry| {
            let reason = Reason {
                text: entry.reason,
                author: None,
                approved: entry.approved,
            };
            Some((Rule::from_word(&entry.rule)?, reason))
        });
        Ok((details, reasons.collect()))
    }

    /// The slot in JSON, for a row.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl ReleasedSnapshot {
    fn typed(self, event: &Event) -> Result<SlotSnapshot, String> {
        Ok(SlotSnapshot {
            kind: self.kind,
            format: MeetingFormat::default(),
            title: self.title,
            note: self.note,
            room: self.room,
            starts_at: event.time_zone.parse_moment(&self.starts_at)?,
            ends_at: event.time_zone.parse_moment(&self.ends_at)?,
            delegations: self.delegations,
            all_delegations: None,
            interpreters: self.interpreters,
            interpretation_wanted: self.interpretation == RELEASED_WANTED,
            audience: None,
            state: self.state,
            fixed: false,
            reasons: self
                .reasons
                .iter()
                .filter_map(|line| released_reason(line))
                .collect(),
        })
    }
}

/// Reads a line of an earlier release, as `Opening hours: The kitchen stays`.
pub(crate) fn released_reason(line: &str) -> Option<RecordedReason> {
    RELEASED_RULES.iter().find_map(|(rule, word)| {
        let reason = line.strip_prefix(word)?.strip_prefix(RELEASED_SEPARATOR)?;
        Some(RecordedReason {
            rule: rule.as_str().to_owned(),
            reason: reason.to_owned(),
            approved: None,
        })
    })
}

/// Instants as `2022-12-24T05:40:00Z`, read with any offset.
pub(crate) mod utc {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::core::time::Instant;

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks for this signature"
    )]
    pub(crate) fn serialize<S: Serializer>(
        instant: &Instant,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = instant.utc().to_rfc3339_opts(SecondsFormat::Secs, true);
        serializer.serialize_str(&text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Instant, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| D::Error::custom(format!("'{text}' is no RFC 3339 time")))
    }

    /// The instant that a text is; `None` for a local time.
    pub(crate) fn parse(text: &str) -> Option<Instant> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Instant::from(time.with_timezone(&Utc)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample;

    const RELEASED: &str = r#"{"delegations":["JP"],"ends_at":"2022-12-24 19:00","interpretation":"wanted","interpreters":[],"kind":"courtesy_call",
        "note":"Bring the gift","reasons":["Opening hours: The kitchen: stays"],"room":"salon","starts_at":"2022-12-24 17:30","state":"tentative",
        "title":"Dinner"}"#;

    fn read(json: &str) -> Result<SlotSnapshot, String> {
        let value = serde_json::from_str(json).unwrap();
        SlotSnapshot::read(&value, &sample::ninth_meeting().event)
    }

    fn every_snapshot() -> Vec<SlotSnapshot> {
        let whole = read(RELEASED).unwrap();
        let reasons = Rule::ALL.iter().map(|rule| RecordedReason {
            rule: rule.as_str().to_owned(),
            reason: "agreed".to_owned(),
            approved: Some(5),
        });
        let whole = SlotSnapshot {
            reasons: reasons.collect(),
            ..whole
        };
        let kinds = SlotKind::ALL.iter().map(|kind| SlotSnapshot {
            kind: *kind,
            ..whole.clone()
        });
        let states = SlotState::ALL.iter().map(|state| SlotSnapshot {
            state: *state,
            interpretation_wanted: false,
            ..whole.clone()
        });
        kinds.chain(states).collect()
    }

    #[test]
    fn snapshot_is_stored_without_labels_and_reads_back() {
        let labels = SlotKind::ALL.iter().map(|kind| kind.label());
        let labels = labels.chain(SlotState::ALL.iter().map(|state| state.label()));
        let labels: Vec<_> = labels
            .chain(Rule::ALL.iter().map(|rule| rule.label()))
            .collect();
        for snapshot in every_snapshot() {
            let json = snapshot.to_json().to_string();
            assert_eq!(read(&json).unwrap(), snapshot);
            for label in &labels {
                assert!(!json.contains(label), "{label} in {json}");
            }
        }
    }

    #[test]
    fn snapshot_of_an_earlier_release_is_read_with_its_words() {
        let typed = r#"{"delegations":["JP"],"ends_at":"2022-12-24T10:00:00Z","interpretation_wanted":true,"interpreters":[],"kind":"courtesy_call",
            "note":"Bring the gift","reasons":[{"reason":"The kitchen: stays","rule":"hours"}],"room":"salon","starts_at":"2022-12-24T08:30:00Z",
            "state":"tentative","title":"Dinner"}"#;
        assert_eq!(read(RELEASED), read(typed));
        assert!(read(typed).unwrap().interpretation_wanted);
        for (rule, word) in RELEASED_RULES {
            let released = released_reason(&format!("{word}: agreed")).unwrap();
            assert_eq!(Rule::from_word(&released.rule), Some(*rule), "{word}");
        }
    }

    #[test]
    fn snapshot_does_not_depend_on_the_zone_of_the_venue() {
        let mut programme = sample::ninth_meeting();
        let slot = programme.slots()[0].clone();
        let value = SlotSnapshot::of(&programme, &slot).to_json();
        std::sync::Arc::make_mut(&mut programme.event).time_zone =
            "America/New_York".parse().unwrap();
        let read = SlotSnapshot::read(&value, &programme.event).unwrap();
        let (details, _) = read.details(&programme, slot.content()).unwrap();
        assert_eq!(details, slot.details);
    }

    #[test]
    fn snapshot_without_audience_leaves_that_of_the_slot() {
        let programme = sample::ninth_meeting();
        let plenary = programme
            .slots()
            .iter()
            .find(|slot| slot.content().delegations.len() == 6);
        let mut present = plenary.unwrap().content().clone();
        let mut value = SlotSnapshot::of(&programme, plenary.unwrap()).to_json();
        let fields = value.as_object_mut().unwrap();
        fields.remove("audience");
        fields.remove("all_delegations");
        present.audience = crate::core::slot::SlotAudience::Participants;
        for all in [false, true] {
            present.all_delegations = all;
            let read = SlotSnapshot::read(&value, &programme.event).unwrap();
            let (details, _) = read.details(&programme, &present).unwrap();
            assert_eq!(details.content, present);
        }
    }

    #[test]
    fn snapshot_that_makes_no_sense_is_refused_with_a_sentence() {
        for (from, to) in [("courtesy_call", "reception"), ("17:30", "soon")] {
            let fault = read(&RELEASED.replacen(from, to, 1)).unwrap_err();
            assert!(fault.contains(to), "{fault}");
        }
    }
}
