//! What a program wants of a slot: from JSON to [`SlotDetails`], by the same parsers as the form.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use super::request::unprocessable;
use super::shape::{format_words, kind_words, nullable_format_words};
use crate::change::booking::Notify;
use crate::core::decision::SlotStep;
use crate::core::delegation::DelegationId;
use crate::core::programme::Programme;
use crate::core::rule::{Reasons, Rule};
use crate::core::slot::{
    MeetingFormat, Placement, SlotContent, SlotDetails, SlotId, SlotKind, SlotState,
};
use crate::core::text::{TextLine, quoted};
use crate::core::text_enum::TextEnum;
use crate::core::time::Instant;
use crate::core::time::interval::Interval;
use crate::server::form::FieldErrors;
use crate::server::forms::slot;
use crate::server::problem::Problem;

/// Words of `notify`.
const NOTIFY_NOW: &str = "now";
const NOTIFY_LATER: &str = "later";
/// Slots that one request confirms, at most.
const MOST_CONFIRMATIONS: usize = 500;

/// Reasons for overriding rules, by rule.
type Override = BTreeMap<String, String>;

/// A slot to book as tentative: it holds its room and people; no delegation is notified.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "bilateral", "title": "Evening meeting", "room": "conference",
    "starts_at": "2022-12-24T18:30:00+09:00", "ends_at": "2022-12-24T19:00:00+09:00",
    "delegations": ["JP", "KZ"],
}))]
pub(super) struct NewSlot {
    /// Kind of the slot.
    #[schema(schema_with = kind_words)]
    kind: String,
    /// The format that is agreed, of a bilateral, multilateral or plenary.
    #[serde(default)]
    #[schema(schema_with = format_words, required = false)]
    format: Option<String>,
    /// How many people come with each principal, where that is agreed: 4 in "principal + 4".
    #[serde(default)]
    #[schema(minimum = 0, maximum = 99)]
    accompanying: Option<i32>,
    /// Title; delegations read it.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// The room's code; none yet when left out or null.
    #[serde(default)]
    #[schema(min_length = 1)]
    room: Option<String>,
    /// RFC 3339 with any offset; whole minutes.
    #[schema(format = "date-time")]
    starts_at: String,
    /// RFC 3339 with any offset; whole minutes; at most a day after the start.
    #[schema(format = "date-time")]
    ends_at: String,
    /// Codes. Not needed for a slot for all delegations.
    #[serde(default)]
    delegations: Vec<String>,
    /// True for a slot for all delegations but those in `left_out`; delegations that are added later take part too.
    #[serde(default)]
    all_delegations: bool,
    /// Codes of those that a slot for all delegations leaves out.
    #[serde(default)]
    left_out: Vec<String>,
    /// Codes.
    #[serde(default)]
    interpreters: Vec<String>,
    /// True when interpretation is wanted.
    #[serde(default)]
    interpretation_wanted: bool,
    /// True when neither a plan nor the handling of delays may move it.
    #[serde(default)]
    fixed: bool,
    /// Codes of delegations that see the slot in their papers and calendars without taking part; `*` is all of them.
    #[serde(default)]
    audience: Vec<String>,
    /// Reasons for rules that need one, by rule; recorded in the history with the user's name.
    #[serde(default, rename = "override")]
    #[schema(example = json!({"turnaround": "The room is set up alike."}))]
    reasons: Override,
}

/// Changes to a slot; fields that are left out stay (RFC 7396).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::option_option,
    reason = "outside: was it sent; inside: is there one"
)]
#[schema(example = json!({
    "starts_at": "2022-12-24T18:45:00+09:00", "ends_at": "2022-12-24T19:15:00+09:00", "room": null,
}))]
pub(super) struct SlotChange {
    /// Kind of the slot.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = kind_words, required = false)]
    kind: Option<String>,
    /// The format that is agreed; null: none.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = nullable_format_words, required = false)]
    format: Option<Option<String>>,
    /// How many people come with each principal; null: not agreed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i32>, required = false, minimum = 0, maximum = 99)]
    accompanying: Option<Option<i32>>,
    /// Title; delegations read it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    title: Option<String>,
    /// The room's code; null: no room.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, min_length = 1)]
    room: Option<Option<String>>,
    /// RFC 3339 with any offset; whole minutes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, format = "date-time")]
    starts_at: Option<String>,
    /// RFC 3339 with any offset; whole minutes; at most a day after the start.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, format = "date-time")]
    ends_at: Option<String>,
    /// All codes, not only new ones.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, required = false)]
    delegations: Option<Vec<String>>,
    /// True for a slot for all delegations but those in `left_out`; delegations that are added later take part too.
    /// False: those that take part now, or those in `delegations`. Sending `delegations` alone means false.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    all_delegations: Option<bool>,
    /// All codes of those that a slot for all delegations leaves out, not only new ones.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, required = false)]
    left_out: Option<Vec<String>>,
    /// All codes, not only new ones.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, required = false)]
    interpreters: Option<Vec<String>>,
    /// True when interpretation is wanted.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    interpretation_wanted: Option<bool>,
    /// True when neither a plan nor the handling of delays may move it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    fixed: Option<bool>,
    /// `now`: the delegations are notified of the change at once; `later`, or left out: when the protocol office sends
    /// its notices.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = notify_words, required = false)]
    notify: Option<String>,
    /// All codes, not only new ones: of delegations that see the slot without taking part; `*` is all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, required = false)]
    audience: Option<Vec<String>>,
    /// Reasons for rules that need one, by rule.
    #[serde(default, rename = "override")]
    reasons: Override,
}

/// When delegations are notified.
fn notify_words() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([NOTIFY_NOW, NOTIFY_LATER]))
        .into()
}

/// Confirmations of several slots: of all, or of none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"slots": [{"id": 2_251_799_813_685_248_i64, "version": 3}]}))]
pub(super) struct Confirmations {
    /// The slots.
    #[schema(min_items = 1, max_items = 500)]
    slots: Vec<SeenSlot>,
    /// Reasons for rules that need one, by rule; for all of the slots.
    #[serde(default, rename = "override")]
    reasons: Override,
}

/// A slot as it was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeenSlot {
    id: i64,
    /// The version that was seen.
    version: i32,
}

/// A confirmation; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"override": {"capacity": "Only the principals come."}}))]
pub(super) struct Confirmation {
    /// Reasons for rules that need one, by rule.
    #[serde(default, rename = "override")]
    reasons: Override,
}

/// Distinguishes a field sent as null from one left out.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    field: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

impl From<NewSlot> for SlotChange {
    fn from(new: NewSlot) -> Self {
        Self {
            kind: Some(new.kind),
            format: Some(new.format),
            accompanying: Some(new.accompanying),
            title: Some(new.title),
            room: Some(new.room),
            starts_at: Some(new.starts_at),
            ends_at: Some(new.ends_at),
            delegations: Some(new.delegations),
            all_delegations: Some(new.all_delegations),
            left_out: Some(new.left_out),
            interpreters: Some(new.interpreters),
            interpretation_wanted: Some(new.interpretation_wanted),
            fixed: Some(new.fixed),
            notify: None,
            audience: Some(new.audience),
            reasons: new.reasons,
        }
    }
}

impl NewSlot {
    /// The slot that is asked for, and the reasons given.
    pub(super) fn read(self, programme: &Programme) -> Result<(SlotDetails, Reasons), Problem> {
        SlotChange::from(self).over(programme, None)
    }
}

impl SlotChange {
    /// The step that is asked for, and the reasons given: a move, where nothing else is to change. And whether the
    /// delegations hear of it at once.
    pub(super) fn read(
        self,
        programme: &Programme,
        stored: &SlotDetails,
    ) -> Result<(SlotStep, Reasons, Notify), Problem> {
        let notify = match self.notify.as_deref() {
            None | Some(NOTIFY_LATER) => Notify::Later,
            Some(NOTIFY_NOW) => Notify::Now,
            Some(_) => {
                let fault = format!("Send “{NOTIFY_NOW}” or “{NOTIFY_LATER}”.");
                return Err(unprocessable([("notify", fault.as_str())]));
            }
        };
        let (details, reasons) = self.over(programme, Some(stored))?;
        let is_move = details.content == stored.content && details.fixed == stored.fixed;
        let step = if is_move {
            SlotStep::Place(details.placement)
        } else {
            SlotStep::Change(details)
        };
        Ok((step, reasons, notify))
    }

    /// Puts what was sent over what is stored; without that, whatever is missing is an error.
    fn over(
        self,
        programme: &Programme,
        stored: Option<&SlotDetails>,
    ) -> Result<(SlotDetails, Reasons), Problem> {
        let mut errors = FieldErrors::default();
        let content = stored.map(|stored| &stored.content);
        let kind = match &self.kind {
            Some(word) => {
                slot::choice::<SlotKind>(&mut errors, "kind", word, "There is no such kind.")
            }
            None => content.map(|content| content.kind),
        };
        let stored_format = content.map(|content| content.format).unwrap_or_default();
        let style = match &self.format {
            Some(sent) => sent.as_deref(),
            // Another kind may have none.
            None => stored_format
                .style
                .filter(|_| kind.is_some_and(MeetingFormat::has_style))
                .map(TextEnum::as_str),
        };
        let people = self.accompanying.unwrap_or(stored_format.accompanying);
        let format = slot::format(kind, style, people.map(Some), &mut errors);
        let title = match &self.title {
            Some(title) => errors.check("title", "Title", TextLine::parse(title)),
            None => content.map(|content| content.title.clone()),
        };
        let placement = stored.map(|stored| stored.placement);
        let placement = self.placement(programme, placement, &mut errors);
        let (delegations, all_delegations) = self.participants(programme, content, &mut errors);
        let interpreters = match &self.interpreters {
            Some(codes) => {
                slot::interpreters(programme, codes.iter().map(String::as_str), &mut errors)
            }
            None => content
                .map(|content| content.interpreters.clone())
                .unwrap_or_default(),
        };
        let audience = match &self.audience {
            Some(codes) => slot::audience(programme, codes.iter().map(String::as_str), &mut errors),
            None => content.map(|content| content.audience.clone()),
        };
        let reasons = reasons(&self.reasons, &mut errors);
        match (kind, title, placement) {
            (Some(kind), Some(title), Some(placement)) if errors.is_empty() => {
                let content = SlotContent {
                    kind,
                    format,
                    title,
                    note: content
                        .map(|content| content.note.clone())
                        .unwrap_or_default(),
                    delegations,
                    all_delegations,
                    interpreters,
                    interpretation_wanted: self
                        .interpretation_wanted
                        .or(content.map(|content| content.interpretation_wanted))
                        .unwrap_or_default(),
                    audience: audience.unwrap_or_default(),
                };
                let details = SlotDetails {
                    content: content.in_order(),
                    placement,
                    state: stored.map_or(SlotState::Tentative, |stored| stored.state),
                    fixed: self
                        .fixed
                        .or(stored.map(|stored| stored.fixed))
                        .unwrap_or_default(),
                };
                Ok((details, reasons))
            }
            _ => Err(unprocessable(errors.iter())),
        }
    }

    /// Reads who takes part, and whether those that are added later do so too.
    fn participants(
        &self,
        programme: &Programme,
        stored: Option<&SlotContent>,
        errors: &mut FieldErrors,
    ) -> (Vec<DelegationId>, bool) {
        let was_for_all = stored.is_some_and(|content| content.all_delegations);
        let for_all = self
            .all_delegations
            .unwrap_or(was_for_all && self.delegations.is_none());
        if for_all {
            let left_out = match (&self.left_out, stored) {
                (Some(codes), _) => codes.clone(),
                (None, Some(content)) => programme.left_out(content),
                (None, None) => Vec::new(),
            };
            let left_out = left_out.iter().map(String::as_str);
            let named = match (&self.delegations, stored) {
                (Some(codes), _) => {
                    slot::delegations(programme, codes.iter().map(String::as_str), errors)
                }
                (None, Some(content)) => content.delegations.clone(),
                (None, None) => Vec::new(),
            };
            let all = slot::all_but(programme, left_out, &named, errors);
            let is_member = |id: &DelegationId| programme.members().any(|each| each.id == *id);
            let named_members: BTreeSet<_> = named.iter().filter(|id| is_member(id)).collect();
            let members: BTreeSet<_> = all.iter().filter(|id| is_member(id)).collect();
            if self.delegations.is_some() && !named_members.is_empty() && named_members != members {
                let advice = "Chair and all guests take part but those in left_out: leave them out of delegations, \
                              or name exactly these.";
                errors.add("delegations", advice.to_owned());
            }
            return (all, true);
        }
        if self
            .left_out
            .as_ref()
            .is_some_and(|codes| !codes.is_empty())
        {
            let advice = "Only a slot for all delegations leaves some out.";
            errors.add("left_out", advice.to_owned());
        }
        let named = match (&self.delegations, stored) {
            (Some(codes), _) => {
                slot::delegations(programme, codes.iter().map(String::as_str), errors)
            }
            (None, Some(content)) => content.delegations.clone(),
            (None, None) => Vec::new(),
        };
        (named, false)
    }

    fn placement(
        &self,
        programme: &Programme,
        stored: Option<Placement>,
        errors: &mut FieldErrors,
    ) -> Option<Placement> {
        let room = match &self.room {
            Some(None) => Some(None),
            Some(Some(code)) => known_room(programme, code, errors),
            None => stored.map(|stored| stored.room),
        };
        let stored = stored.map(|stored| stored.interval);
        let mut read = |field, sent: &Option<String>, otherwise| match sent {
            Some(time) => errors.take(field, instant(time)),
            None => otherwise,
        };
        let start = read("starts_at", &self.starts_at, stored.map(Interval::start));
        let end = read("ends_at", &self.ends_at, stored.map(Interval::end));
        let interval = Interval::new(start?, end?);
        let interval = errors.take(
            "ends_at",
            interval.map_err(|error| format!("Check the times: {error}.")),
        );
        Some(Placement {
            interval: interval?,
            room: room?,
        })
    }
}

impl Confirmation {
    /// The reasons given.
    pub(super) fn read(self) -> Result<Reasons, Problem> {
        let mut errors = FieldErrors::default();
        let reasons = reasons(&self.reasons, &mut errors);
        if errors.is_empty() {
            Ok(reasons)
        } else {
            Err(unprocessable(errors.iter()))
        }
    }
}

impl Confirmations {
    /// The slots of the programme, each once, with the versions seen, and the reasons given.
    pub(super) fn read(
        self,
        programme: &Programme,
    ) -> Result<(Vec<(SlotId, i32)>, Reasons), Problem> {
        let mut errors = FieldErrors::default();
        let reasons = reasons(&self.reasons, &mut errors);
        if !(1..=MOST_CONFIRMATIONS).contains(&self.slots.len()) {
            let fault = format!("Send 1 to {MOST_CONFIRMATIONS} slots.");
            errors.add("slots", fault);
        }
        let mut slots: Vec<(SlotId, i32)> = Vec::new();
        for (place, SeenSlot { id, version }) in self.slots.into_iter().enumerate() {
            let id = SlotId(id);
            let field = format!("slots[{place}].id");
            if programme.slot(id).is_none() {
                errors.add(field, "There is no such slot at this event.");
            } else if slots.iter().any(|(known, _)| *known == id) {
                errors.add(field, "The slot is listed twice.");
            } else {
                slots.push((id, version));
            }
        }
        if errors.is_empty() {
            Ok((slots, reasons))
        } else {
            Err(unprocessable(errors.iter()))
        }
    }
}

/// Reads a room's code, which is not empty: that would be no room.
#[expect(
    clippy::option_option,
    reason = "outside: was it valid; inside: was there one"
)]
fn known_room(
    programme: &Programme,
    code: &str,
    errors: &mut FieldErrors,
) -> Option<Option<crate::core::room::RoomId>> {
    if code.is_empty() {
        return errors.take("room", Err("Name a room by its code; null means no room."));
    }
    slot::room(programme, code, errors)
}

/// Reads an instant of RFC 3339, on a whole minute.
pub(super) fn instant(text: &str) -> Result<Instant, String> {
    let time = DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.with_timezone(&Utc))
        .filter(|time| (2000..=2200).contains(&time.year()))
        .ok_or_else(|| {
            format!(
                "{} is not a time with an offset; write it as in 2022-12-24T14:40:00+09:00",
                quoted(text)
            )
        })?;
    if time.second() != 0 || time.nanosecond() != 0 {
        return Err(format!("{} is not on a whole minute", quoted(text)));
    }
    Ok(Instant::from(time))
}

fn reasons(sent: &Override, errors: &mut FieldErrors) -> Reasons {
    let mut reasons = Reasons::new();
    for (word, text) in sent {
        let field = format!("override.{word}");
        let rule = Rule::from_word(word).ok_or("There is no such rule.");
        if let Some(rule) = errors.take(&field, rule)
            && let Some(reason) = slot::reason(&field, text, errors)
        {
            reasons.insert(rule, reason);
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_an_offset_and_no_seconds() {
        let tokyo = instant("2022-12-24T14:40:00+09:00");
        assert_eq!(tokyo, instant("2022-12-24T05:40:00Z"));
        assert_eq!(tokyo.unwrap().minutes() % 60, 40);
        for bad in [
            "",
            "2022-12-24",
            "2022-12-24T14:40:00",
            "2022-12-24T14:40:30+09:00",
            "2022-12-24T14:40:00.5+09:00",
            "2022-12-24T23:59:60Z",
            "+12022-12-24T14:40:00Z",
            "1999-12-24T14:40:00Z",
            "9999-12-24T14:40:00Z",
        ] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }
}
