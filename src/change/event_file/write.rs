//! Writing an event file.

use std::collections::BTreeMap;

use std::fmt::Display;

use toml::Spanned;

use super::{
    AnswerEntry, ClosureEntry, ContactEntry, EventFile, InterpreterEntry, Meeting, OfficeEntry,
    OverrideEntry, Parties, Party, RoomEntry, SlotEntry, ToldEntry,
};
use crate::core::delegation::Delegation;
use crate::core::event::Event;
use crate::core::interpreter::Interpreter;
use crate::core::programme::Programme;
use crate::core::room::{Room, RoomClosure};
use crate::core::rule::Override;
use crate::core::rules::{Candidate, Conflict, RuleFinding, check, in_force};
use crate::core::slot::{Slot, SlotAudience, SlotContent};
use crate::core::text_enum::TextEnum;
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

/// Writes a whole event as a file that [`super::import`] reads back without loss.
///
/// # Errors
/// Never in practice: when the values cannot be written as TOML.
pub fn export(programme: &Programme) -> Result<String, toml::ser::Error> {
    toml::to_string_pretty(&file(programme))
}

/// Writes an event as [`export`] does, without what delegations were notified of and what they answered: for a copy under
/// another slug.
///
/// # Errors
/// As [`export`].
pub fn export_without_notices(programme: &Programme) -> Result<String, toml::ser::Error> {
    let mut file = file(programme);
    for slot in &mut file.slots {
        let slot = slot.get_mut();
        slot.told.clear();
        slot.sequence = 0;
    }
    toml::to_string_pretty(&file)
}

fn file(programme: &Programme) -> EventFile {
    EventFile {
        meeting: meeting(&programme.event),
        parties: programme
            .delegations
            .iter()
            .map(|delegation| spanned(party(programme, delegation)))
            .collect(),
        rooms: programme
            .rooms
            .iter()
            .map(|each| spanned(room(&programme.event, each)))
            .collect(),
        interpreters: programme
            .interpreters
            .iter()
            .map(|each| spanned(interpreter(programme, each)))
            .collect(),
        slots: slots(programme),
    }
}

/// In the programme's order, which no id decides: ids are drawn again by every import.
fn slots(programme: &Programme) -> Vec<Spanned<SlotEntry>> {
    let slots = programme.slots().iter();
    slots.map(|each| spanned(slot(programme, each))).collect()
}

/// Positions mean nothing in a file that is being written.
fn spanned<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

fn text(value: impl Display) -> Spanned<String> {
    spanned(value.to_string())
}

fn unless_empty(value: &str) -> Option<Spanned<String>> {
    (!value.is_empty()).then(|| text(value))
}

fn number(value: i32) -> Spanned<i64> {
    spanned(i64::from(value))
}

fn meeting(event: &Event) -> Meeting {
    // The commonest hours apply to all days; the others are named.
    let mut hours: BTreeMap<(u16, u16), usize> = BTreeMap::new();
    for day in &event.days {
        *hours
            .entry((day.opens.minutes(), day.closes.minutes()))
            .or_default() += 1;
    }
    let usual = hours
        .into_iter()
        .max_by_key(|(_, days)| *days)
        .map(|(hours, _)| hours);
    let usual_day = event
        .days
        .iter()
        .find(|day| Some((day.opens.minutes(), day.closes.minutes())) == usual);
    let others = event
        .days
        .iter()
        .filter(|day| Some((day.opens.minutes(), day.closes.minutes())) != usual);
    Meeting {
        slug: text(&event.slug),
        name: text(&event.name),
        name_ja: unless_empty(&event.name_ja),
        venue: text(&event.venue),
        venue_ja: unless_empty(&event.venue_ja),
        time_zone: text(event.time_zone),
        days: event.days.iter().map(|day| text(day.date)).collect(),
        opens: text(
            usual_day
                .map(|day| day.opens.to_string())
                .unwrap_or_default(),
        ),
        closes: text(
            usual_day
                .map(|day| day.closes.to_string())
                .unwrap_or_default(),
        ),
        other_hours: others
            .map(|day| {
                spanned([
                    day.date.to_string(),
                    day.opens.to_string(),
                    day.closes.to_string(),
                ])
            })
            .collect(),
        office: Some(spanned(OfficeEntry {
            name: event.office.name.to_string(),
            email: event.office.email.to_string(),
            phone: event.office.phone.clone(),
        })),
        grid_minutes: Some(number(event.settings.grid_minutes)),
        minimum_gap_minutes: Some(number(event.settings.minimum_gap_minutes)),
        chair_run_minutes: Some(number(event.settings.chair_run_minutes)),
        chair_rest_needs_reason: event.settings.chair_rest_needs_reason,
        interpreter_alone_minutes: Some(number(event.settings.interpreter_alone_minutes)),
        interpreter_team_minutes: Some(number(event.settings.interpreter_team_minutes)),
        interpreter_rest_minutes: Some(number(event.settings.interpreter_rest_minutes)),
    }
}

fn party(programme: &Programme, delegation: &Delegation) -> Party {
    Party {
        code: text(&delegation.code),
        name: text(&delegation.name),
        name_ja: unless_empty(&delegation.name_ja),
        role: text(delegation.role.as_str()),
        head: text(&delegation.principal),
        head_ja: unless_empty(&delegation.principal_ja),
        title: unless_empty(&delegation.principal_title),
        precedence: number(delegation.precedence),
        time_zone: text(delegation.time_zone),
        languages: delegation.languages.iter().map(text).collect(),
        party_size: number(delegation.party_size),
        presence: presence(programme, &delegation.presence),
        contacts: delegation
            .contacts
            .iter()
            .map(|contact| {
                spanned(ContactEntry {
                    name: contact.name.to_string(),
                    email: contact.email.to_string(),
                    phone: contact.phone.clone(),
                    language: contact.language.clone(),
                    letters_only: contact.letters_only,
                })
            })
            .collect(),
    }
}

fn presence(programme: &Programme, stays: &[Interval]) -> Vec<Spanned<[String; 2]>> {
    let moment = |instant| programme.event.write_moment(instant);
    stays
        .iter()
        .map(|stay| spanned([moment(stay.start()), moment(stay.end())]))
        .collect()
}

fn room(event: &Event, room: &Room) -> RoomEntry {
    let closure = |RoomClosure { interval, reason }: &RoomClosure| {
        spanned(ClosureEntry {
            from: event.write_moment(interval.start()),
            until: event.write_moment(interval.end()),
            reason: reason.clone(),
        })
    };
    RoomEntry {
        code: text(&room.code),
        name: text(&room.name),
        name_ja: unless_empty(&room.name_ja),
        capacity: number(room.capacity),
        turnaround_minutes: number(room.turnaround_minutes),
        kinds: room.kinds.iter().map(|kind| text(kind.as_str())).collect(),
        closures: room.closures.iter().map(closure).collect(),
    }
}

fn interpreter(programme: &Programme, interpreter: &Interpreter) -> InterpreterEntry {
    InterpreterEntry {
        code: text(&interpreter.code),
        name: text(&interpreter.name),
        pairs: interpreter
            .pairs
            .iter()
            .map(|pair| spanned(pair.languages().map(ToOwned::to_owned)))
            .collect(),
        presence: presence(programme, &interpreter.presence),
    }
}

fn slot(programme: &Programme, slot: &Slot) -> SlotEntry {
    let content = slot.content();
    let zone = programme.event.time_zone;
    let (start, end) = (slot.interval().start(), slot.interval().end());
    let same_day = zone.date(start) == zone.date(end);
    SlotEntry {
        kind: text(content.kind.as_str()),
        format: content.format.style.map(|style| text(style.as_str())),
        accompanying: content.format.accompanying.map(number),
        title: text(&content.title),
        room: slot
            .room()
            .and_then(|id| programme.room(id))
            .map(|room| text(&room.code)),
        day: text(zone.date(start)),
        start: text(zone.exact_clock(start)),
        end: same_day.then(|| text(zone.exact_clock(end))),
        minutes: (!same_day).then(|| number(slot.interval().minutes())),
        parties: parties(programme, content),
        invited: spanned(Parties::Codes(
            programme
                .also_invited(content)
                .map(|party| party.code.to_string())
                .collect(),
        )),
        left_out: spanned(Parties::Codes(programme.left_out(content))),
        interpreters: programme
            .interpreters_of(content)
            .map(|interpreter| text(&interpreter.code))
            .collect(),
        interpretation: content.interpretation_wanted,
        fixed: slot.is_fixed(),
        audience: spanned(match content.audience {
            SlotAudience::All => Parties::Word("all".to_owned()),
            _ => Parties::Codes(programme.audience_codes(content)),
        }),
        state: text(slot.state().as_str()),
        note: unless_empty(&content.note),
        sequence: slot.sequence,
        overrides: overrides(programme, slot),
        told: told(programme, slot),
    }
}

/// The word for a slot for all, which those that are added later join, or the codes of those that take part.
fn parties(programme: &Programme, content: &SlotContent) -> Spanned<Parties> {
    let parties = if content.all_delegations {
        Parties::Word("all".to_owned())
    } else {
        Parties::Codes(
            programme
                .parties(content)
                .map(|party| party.code.to_string())
                .collect(),
        )
    };
    spanned(parties)
}

/// The reasons that are in force, each rule once, at the slot that asks for them when the file is read in its order.
fn overrides(programme: &Programme, slot: &Slot) -> Vec<Spanned<OverrideEntry>> {
    let mut found: Vec<(Option<Instant>, &Override)> = check(programme, Candidate::stored(slot))
        .iter()
        .filter_map(|conflict| {
            let other = conflict
                .finding
                .other()
                .and_then(|other| programme.slot(other))
                .map(|other| other.interval().start());
            let asked_here = match &conflict.finding {
                RuleFinding::ChairRest { span, allowed, .. }
                | RuleFinding::InterpreterRest { span, allowed, .. } => {
                    slot.interval().end() > span.start().plus(*allowed)
                }
                _ => other.is_none_or(|other| other < slot.interval().start()),
            };
            let entry = in_force(programme, &up_to(slot, conflict))
                .or_else(|| in_force(programme, conflict))?;
            asked_here.then_some((other, entry))
        })
        .collect();
    // Of two reasons for one rule, that for the nearest slot; it covers the most that either approved.
    found.sort_by_key(|(other, _)| *other);
    let mut entries: BTreeMap<&str, OverrideEntry> = BTreeMap::new();
    for (_, entry) in found {
        let approved = match entries.get(entry.rule.as_str()) {
            Some(farther) => farther
                .approved
                .zip(entry.approved)
                .map(|(one, other)| one.max(other)),
            None => entry.approved,
        };
        entries.insert(
            entry.rule.as_str(),
            OverrideEntry {
                rule: entry.rule.as_str().to_owned(),
                reason: entry.reason.clone(),
                author: Some(entry.author.clone()),
                approved,
            },
        );
    }
    entries.into_values().map(spanned).collect()
}

/// The conflict as it is when the file has been read up to this slot: a run of the chair or of an interpreter ends with it.
fn up_to(slot: &Slot, conflict: &Conflict) -> Conflict {
    let mut conflict = conflict.clone();
    if let RuleFinding::ChairRest { run, span, .. }
    | RuleFinding::InterpreterRest { run, span, .. } = &mut conflict.finding
    {
        let end = span.end().min(slot.interval().end());
        *span = Interval::new(span.start(), end).unwrap_or(*span);
        let read = run.iter().position(|member| *member == slot.id);
        run.truncate(read.map_or(run.len(), |at| at + 1));
    }
    conflict
}

/// Notices of each delegation, in order of precedence.
fn told(programme: &Programme, slot: &Slot) -> Vec<Spanned<ToldEntry>> {
    let delegations = programme.delegations.iter();
    delegations
        .filter_map(|delegation| {
            let notice = programme.ledger.notice(slot.id, delegation.id)?;
            Some(spanned(ToldEntry {
                party: delegation.code.to_string(),
                method: notice.method.as_str().to_owned(),
                sequence: notice.sequence,
                uid: notice.uid.clone(),
                thread: notice.thread.clone(),
                organizer: Some(notice.organizer.to_string()),
                at: notice.told_at.utc().to_rfc3339(),
                slot: notice.told.clone(),
                answer: programme
                    .ledger
                    .answer(slot.id, delegation.id)
                    .map(|answer| AnswerEntry {
                        reply: answer.reply.as_str().to_owned(),
                        comment: answer.comment.clone(),
                        via: answer.via.as_str().to_owned(),
                        by: answer.by.clone(),
                        sequence: answer.sequence,
                        at: answer.answered_at.utc().to_rfc3339(),
                        told: answer.told.clone(),
                    }),
            }))
        })
        .collect()
}
