//! The slot form: from typed values to [`SlotDetails`], and from a slot back to typed values.

use crate::change::booking::{Notify, StepOfSlot};
use crate::core::decision::SlotStep;
use crate::core::delegation::{DelegationId, PrincipalRole};
use crate::core::free::{FollowingMove, MOST_MOVES};
use crate::core::interpreter::InterpreterId;
use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::rule::{Reason, Reasons, Rule};
use crate::core::rules::in_force;
use crate::core::slot::{
    EVERY_CODE, MeetingFormat, MeetingStyle, Placement, Slot, SlotAudience, SlotContent,
    SlotDetails, SlotId, SlotKind, SlotState,
};
use crate::core::text::{self, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::time::{ClockTime, Instant, parse_date};
use crate::server::form::{FieldErrors, Fields};

/// Every field the slot form may send; `reason-…` fields come on top, one per rule.
const FIELDS: &[&str] = &[
    "kind",
    "format",
    "accompanying",
    "title",
    "day",
    "start",
    "end",
    "room",
    "delegations",
    "left_out",
    "audience",
    "interpretation",
    "interpreters",
    "state",
    "fixed",
    "note",
    "version",
    "tell",
    "following",
];

/// The field of each slot that moves later when another is extended: `ID.VERSION.MINUTES`.
pub const FOLLOWING: &str = "following";

/// What the form sends when interpretation is wanted; otherwise it sends nothing.
pub const INTERPRETATION_WANTED: &str = "wanted";

/// What the form sends for a slot that is fixed; otherwise it sends nothing.
pub const FIXED: &str = "yes";

/// What a slot form asks for.
#[derive(Debug)]
pub struct SlotFormRequest {
    /// The slot.
    pub details: SlotDetails,
    /// Reasons for overriding rules.
    pub reasons: Reasons,
    /// Whether the delegations hear of it at once.
    pub tell: Notify,
}

/// The name of the field that takes the reason for a rule.
#[must_use]
pub fn reason_field(rule: Rule) -> String {
    format!("reason-{}", rule.as_str())
}

/// The fields of a slot form, if there are no others among them.
///
/// # Errors
/// When a field was sent that the form does not have.
pub fn known_fields(fields: Fields) -> Result<Fields, crate::server::Error> {
    let reasons: Vec<String> = Rule::ALL.iter().map(|rule| reason_field(*rule)).collect();
    let known: Vec<&str> = FIELDS
        .iter()
        .copied()
        .chain(reasons.iter().map(String::as_str))
        .collect();
    fields.only(&known)
}

/// Reads a slot form.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(programme: &Programme, fields: &Fields) -> Result<SlotFormRequest, FieldErrors> {
    let mut errors = FieldErrors::default();
    let kind = choice::<SlotKind>(
        &mut errors,
        "kind",
        fields.get("kind"),
        "Choose what the slot is for.",
    );
    let (style, people) = ["format", "accompanying"]
        .map(|name| fields.get(name))
        .into();
    let style = Some(style).filter(|style| !style.is_empty());
    let people = (!people.trim().is_empty()).then(|| people.trim().parse().ok());
    let format = format(kind, style, people, &mut errors);
    let title = errors.check("title", "Title", TextLine::parse(fields.get("title")));
    let placement = placement(programme, fields, &mut errors);
    let (delegations, all_delegations) = participants(programme, fields, &mut errors);
    let audience = audience(programme, fields.all("audience"), &mut errors);
    let interpreters = interpreters(programme, fields.all("interpreters"), &mut errors);
    // Confirming and cancelling are steps of their own.
    let state = match fields.get("state") {
        "" | "tentative" => Some(SlotState::Tentative),
        "pencilled" => Some(SlotState::Pencilled),
        _ => errors.take("state", Err("Choose pencilled or tentative.")),
    };
    let note = errors.check("note", "Note", text::note(fields.get("note")));
    let reasons = reasons(fields, &mut errors);
    match (kind, title, placement, state, note) {
        (Some(kind), Some(title), Some(placement), Some(state), Some(note))
            if errors.is_empty() =>
        {
            let content = SlotContent {
                kind,
                format,
                title,
                note,
                delegations,
                all_delegations,
                interpreters,
                interpretation_wanted: fields.flag("interpretation"),
                audience: audience.unwrap_or_default(),
            };
            let details = SlotDetails {
                content: content.in_order(),
                placement,
                state,
                fixed: fields.flag("fixed"),
            };
            Ok(SlotFormRequest {
                details,
                reasons,
                tell: tell(fields),
            })
        }
        _ => Err(errors),
    }
}

/// No slot moves farther than this because of another.
const MINUTES_OF_DAY: i32 = 24 * 60;

/// Writes a slot that moves later, as [`following`] reads it.
#[must_use]
pub fn following_field(moved: &FollowingMove) -> String {
    let start = moved.slot.interval().start();
    let minutes = moved.placement.interval.start().minutes_since(start);
    format!("{}.{}.{minutes}", moved.slot.id, moved.slot.version)
}

/// Reads the slots that move later when another is extended, as steps, the last of the day first: each moves where the
/// next one has made room. `None` when a slot is no longer there or is fixed, or when they are too many.
///
/// # Errors
/// When a field makes no sense.
pub fn following(
    programme: &Programme,
    fields: &Fields,
) -> Result<Option<Vec<StepOfSlot>>, crate::server::Error> {
    let mut moves = Vec::new();
    for field in fields.all(FOLLOWING) {
        let parts: Vec<&str> = field.split('.').collect();
        let parsed = match parts[..] {
            [id, version, minutes] => id.parse().ok().zip(version.parse().ok()).zip(
                minutes
                    .parse()
                    .ok()
                    .filter(|minutes| (1..=MINUTES_OF_DAY).contains(minutes)),
            ),
            _ => None,
        };
        let Some(((id, version), minutes)) = parsed else {
            let advice = "A slot that moves is written as ID.VERSION.MINUTES. Open the form again.";
            return Err(crate::server::Error::BadRequest(advice.to_owned()));
        };
        let slot = programme.slot(SlotId(id));
        let Some(slot) = slot.filter(|slot| !slot.is_fixed() && moves.len() < MOST_MOVES) else {
            return Ok(None);
        };
        let placement = slot.details.placement;
        let start = placement.interval.start();
        moves.push((
            start,
            (slot.id, version, SlotStep::Place(placement.later(minutes))),
        ));
    }
    moves.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    Ok(Some(moves.into_iter().map(|(_, step)| step).collect()))
}

/// Reads the form that moves a slot: time and room, and nothing else of it.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse_move(
    programme: &Programme,
    slot: &Slot,
    fields: &Fields,
) -> Result<SlotFormRequest, FieldErrors> {
    let mut errors = FieldErrors::default();
    let placement = placement(programme, fields, &mut errors);
    let reasons = reasons(fields, &mut errors);
    match placement {
        Some(placement) if errors.is_empty() => Ok(SlotFormRequest {
            details: slot.details.placed(placement),
            reasons,
            tell: tell(fields),
        }),
        _ => Err(errors),
    }
}

/// Reads whether to notify the delegations at once.
#[must_use]
pub fn tell(fields: &Fields) -> Notify {
    if fields.get("tell") == "now" {
        Notify::Now
    } else {
        Notify::Later
    }
}

/// Reads the version a form was made for.
///
/// # Errors
/// When it is no number: the form was not ours.
pub fn version(fields: &Fields) -> Result<i32, crate::server::Error> {
    fields.get("version").parse().map_err(|_| {
        crate::server::Error::BadRequest(
            "The form names no version of the slot; open the slot again.".to_owned(),
        )
    })
}

pub(crate) fn choice<E: TextEnum>(
    errors: &mut FieldErrors,
    field: &str,
    word: &str,
    advice: &str,
) -> Option<E> {
    errors.take(field, E::from_word(word).ok_or(advice))
}

/// Reads the format of a meeting: its style, and how many people come with each principal. `people` is `Some(None)`
/// where a text is no number.
#[expect(
    clippy::option_option,
    reason = "outside: was one sent; inside: is it a number"
)]
pub(crate) fn format(
    kind: Option<SlotKind>,
    style: Option<&str>,
    people: Option<Option<i32>>,
    errors: &mut FieldErrors,
) -> MeetingFormat {
    let advice = "There is no such format; choose one from the list.";
    let style = style.and_then(|word| choice::<MeetingStyle>(errors, "format", word, advice));
    if style.is_some() && kind.is_some_and(|kind| !MeetingFormat::has_style(kind)) {
        let advice = "Only bilaterals, multilaterals and plenaries have a format; choose none.";
        errors.add("format", advice.to_owned());
    }
    let range = MeetingFormat::ACCOMPANYING;
    let accompanying = people.and_then(|people| {
        let people = people.filter(|people| range.contains(people));
        let advice = format!(
            "Accompanying: enter a number from {} to {}, or nothing.",
            range.start(),
            range.end()
        );
        errors.take("accompanying", people.ok_or(advice))
    });
    MeetingFormat {
        style,
        accompanying,
    }
}

/// Reads when and where.
fn placement(
    programme: &Programme,
    fields: &Fields,
    errors: &mut FieldErrors,
) -> Option<Placement> {
    let interval = interval(programme, fields, errors);
    let room = room(programme, fields.get("room"), errors);
    Some(Placement {
        interval: interval?,
        room: room?,
    })
}

/// Reads `day`, `start` and `end`; an end in the night that lies before the start is one of the next day.
pub(crate) fn interval(
    programme: &Programme,
    fields: &Fields,
    errors: &mut FieldErrors,
) -> Option<Interval> {
    let zone = programme.event.time_zone;
    let date = errors.take("day", parse_date(fields.get("day")));
    let starts = errors.take("start", ClockTime::parse_start(fields.get("start")));
    let ends = errors.take("end", ClockTime::parse_end(fields.get("end"), starts));
    let mut instant = |field: &str, time: Option<ClockTime>| -> Option<Instant> {
        errors.take(field, zone.instant(date?, time?))
    };
    let (start, end) = (instant("start", starts), instant("end", ends));
    let interval = Interval::new(start?, end?);
    errors.take(
        "end",
        interval.map_err(|error| format!("Check the times: {error}.")),
    )
}

/// Reads a room's code; nothing chosen means no room yet.
#[expect(
    clippy::option_option,
    reason = "outside: was it valid; inside: was there one"
)]
pub(crate) fn room(
    programme: &Programme,
    code: &str,
    errors: &mut FieldErrors,
) -> Option<Option<RoomId>> {
    if code.is_empty() {
        return Some(None);
    }
    let room = programme.room_by_code(code).map(|room| Some(room.id));
    errors.take(
        "room",
        room.ok_or("There is no such room at this event; choose one from the list."),
    )
}

/// Reads who takes part, and whether those that are added later do so too: `delegations`, or all but `left_out`.
pub(crate) fn participants(
    programme: &Programme,
    fields: &Fields,
    errors: &mut FieldErrors,
) -> (Vec<DelegationId>, bool) {
    if fields.all("delegations").all(|code| code != EVERY_CODE) {
        if fields.all("left_out").next().is_some() {
            let advice = "Only a slot for all delegations leaves some out; tick all delegations, or none here.";
            errors.add("left_out", advice.to_owned());
        }
        let named = delegations(programme, fields.all("delegations"), errors);
        return (named, false);
    }
    let named = fields.all("delegations").filter(|code| *code != EVERY_CODE);
    let named = delegations(programme, named, errors);
    let left_out = fields.all("left_out");
    (all_but(programme, left_out, &named, errors), true)
}

/// All delegations but these, and of the named ones those that are invited to single sessions.
pub(crate) fn all_but<'a>(
    programme: &Programme,
    left_out: impl Iterator<Item = &'a str>,
    named: &[DelegationId],
    errors: &mut FieldErrors,
) -> Vec<DelegationId> {
    let left_out = known_delegations(programme, "left_out", left_out, errors);
    let members = programme.members().map(|each| each.id);
    let members = members.filter(|id| !left_out.contains(id));
    let invited = programme.delegations.iter();
    let invited = invited
        .filter(|each| each.role == PrincipalRole::Invited && named.contains(&each.id))
        .map(|each| each.id);
    members.chain(invited).collect()
}

pub(crate) fn delegations<'a>(
    programme: &Programme,
    codes: impl Iterator<Item = &'a str>,
    errors: &mut FieldErrors,
) -> Vec<DelegationId> {
    known_delegations(programme, "delegations", codes, errors)
}

fn known_delegations<'a>(
    programme: &Programme,
    field: &str,
    codes: impl Iterator<Item = &'a str>,
    errors: &mut FieldErrors,
) -> Vec<DelegationId> {
    let unknown = "There is no such delegation at this event; choose from the list.";
    codes
        .filter_map(|code| errors.take(field, programme.delegation_by_code(code).ok_or(unknown)))
        .map(|delegation| delegation.id)
        .collect()
}

/// Reads who sees a slot beside those that take part.
pub(crate) fn audience<'a>(
    programme: &Programme,
    codes: impl Iterator<Item = &'a str>,
    errors: &mut FieldErrors,
) -> Option<SlotAudience> {
    let unknown = "There is no such delegation at this event; choose from the list.";
    let audience = programme.audience_of(codes);
    errors.take("audience", audience.map_err(|_| unknown))
}

pub(crate) fn interpreters<'a>(
    programme: &Programme,
    codes: impl Iterator<Item = &'a str>,
    errors: &mut FieldErrors,
) -> Vec<InterpreterId> {
    let unknown = "There is no such interpreter at this event, or no longer; choose from the list.";
    codes
        .filter_map(|code| {
            errors.take(
                "interpreters",
                programme.interpreter_by_code(code).ok_or(unknown),
            )
        })
        .map(|interpreter| interpreter.id)
        .collect()
}

fn reasons(fields: &Fields, errors: &mut FieldErrors) -> Reasons {
    let typed = Rule::ALL.iter().filter_map(|rule| {
        let field = reason_field(*rule);
        let raw = fields.get(&field);
        let reason = (!raw.trim().is_empty()).then(|| reason(&field, raw, errors))?;
        Some((*rule, reason?))
    });
    typed.collect()
}

/// Reads a reason for overriding a rule.
pub(crate) fn reason(field: &str, raw: &str, errors: &mut FieldErrors) -> Option<Reason> {
    let text = errors.check(field, "Reason", TextLine::parse(raw))?;
    Some(Reason {
        text: text.to_string(),
        author: None,
        approved: None,
    })
}

/// The reasons a form carries, without judging the rest of it.
pub(crate) fn reasons_of(fields: &Fields) -> Result<Reasons, FieldErrors> {
    let mut errors = FieldErrors::default();
    let reasons = reasons(fields, &mut errors);
    if errors.is_empty() {
        Ok(reasons)
    } else {
        Err(errors)
    }
}

/// Fills the form with a stored slot.
#[must_use]
pub fn fields_of(programme: &Programme, slot: &Slot) -> Fields {
    let mut fields = fields_of_details(programme, &slot.details);
    fields.push("version", slot.version.to_string());
    for (rule, reason) in reasons_in_force(programme, slot) {
        fields.push(reason_field(rule), reason);
    }
    fields
}

/// Fills the form with a request.
#[must_use]
pub fn fields_of_details(programme: &Programme, details: &SlotDetails) -> Fields {
    let Placement { interval, room } = details.placement;
    let (date, start, end) = programme.event.typed(interval);
    let room = room
        .and_then(|id| programme.room(id))
        .map(|room| room.code.to_string());
    let mut fields = Fields::from_pairs([
        ("kind", details.content.kind.as_str().to_owned()),
        ("title", details.content.title.to_string()),
        ("day", date.to_string()),
        ("start", start),
        ("end", end),
        ("room", room.unwrap_or_default()),
        ("state", typed_state(details.state).as_str().to_owned()),
        ("note", details.content.note.clone()),
    ]);
    if let Some(style) = details.content.format.style {
        fields.push("format", style.as_str());
    }
    if let Some(people) = details.content.format.accompanying {
        fields.push("accompanying", people.to_string());
    }
    if details.content.all_delegations {
        fields.push("delegations", EVERY_CODE);
        for party in programme.also_invited(&details.content) {
            fields.push("delegations", party.code.to_string());
        }
        for code in programme.left_out(&details.content) {
            fields.push("left_out", code);
        }
    } else {
        for party in programme.parties(&details.content) {
            fields.push("delegations", party.code.to_string());
        }
    }
    for code in programme.audience_codes(&details.content) {
        fields.push("audience", code);
    }
    if details.content.interpretation_wanted {
        fields.push("interpretation", INTERPRETATION_WANTED);
    }
    if details.fixed {
        fields.push("fixed", FIXED);
    }
    for interpreter in programme.interpreters_of(&details.content) {
        fields.push("interpreters", interpreter.code.to_string());
    }
    fields
}

/// Fills the form with a stored slot and the placement that was sent for it.
#[must_use]
pub fn fields_of_move(programme: &Programme, slot: &Slot, sent: &Fields) -> Fields {
    let taken = |name: &str| matches!(name, "day" | "start" | "end" | "room" | "version" | "tell");
    let stored = fields_of_details(programme, &slot.details);
    let kept = stored.iter().filter(|(name, _)| !taken(name));
    let moved = sent
        .iter()
        .filter(|(name, _)| taken(name) || name.starts_with("reason-"));
    Fields::from_pairs(kept.chain(moved))
}

/// The state that the form says of a slot; it neither confirms nor cancels.
#[must_use]
pub const fn typed_state(state: SlotState) -> SlotState {
    match state {
        SlotState::Pencilled => state,
        _ => SlotState::Tentative,
    }
}

fn reasons_in_force(programme: &Programme, slot: &Slot) -> Vec<(Rule, String)> {
    let mut reasons: Vec<(Rule, String)> =
        crate::core::rules::check(programme, crate::core::rules::Candidate::stored(slot))
            .iter()
            .filter_map(|conflict| in_force(programme, conflict))
            .map(|entry| (entry.rule, entry.reason.clone()))
            .collect();
    reasons.dedup_by_key(|(rule, _)| *rule);
    reasons
}
