//! Reading an event file's meeting, rooms, parties and interpreters: raw values, each with its key and place.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;

use super::read::FileReader;
use super::{ClosureEntry, ContactEntry, InterpreterEntry, Meeting, Party, RoomEntry};
use crate::core::delegation::{ContactDraft, ContactId, Delegation, DelegationDraft, DelegationId};
use crate::core::entered::{Entered, EnteredStay, EnteredText, Faults};
use crate::core::event::{DayDraft, EnteredDay, Event, EventDraft, EventId, SettingsDraft};
use crate::core::interpreter::{Interpreter, InterpreterDraft, InterpreterId, LanguagePair};
use crate::core::room::{Room, RoomDraft, RoomId};
use crate::core::text::Email;
use crate::core::time::{Zone, parse_date};
use crate::runtime::random::fresh_id;

/// The place of a value in a file: its key, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileSource {
    key: &'static str,
    at: Range<usize>,
}

type FileText<'a> = EnteredText<'a, FileSource>;

fn entered<'a>(
    key: &'static str,
    at: Range<usize>,
    value: impl Into<Cow<'a, str>>,
) -> FileText<'a> {
    Entered {
        value: value.into(),
        source: FileSource { key, at },
    }
}

fn text<'a>(key: &'static str, raw: &'a Spanned<String>) -> FileText<'a> {
    entered(key, raw.span(), raw.as_ref())
}

fn optional<'a>(key: &'static str, raw: Option<&'a Spanned<String>>) -> FileText<'a> {
    raw.map_or_else(|| entered(key, 0..0, ""), |raw| text(key, raw))
}

fn number(key: &'static str, raw: &Spanned<i64>) -> FileText<'static> {
    entered(key, raw.span(), raw.as_ref().to_string())
}

fn presence(entries: &[Spanned<[String; 2]>]) -> Vec<EnteredStay<'_, FileSource>> {
    let stays = entries.iter().map(|raw| {
        let [from, until] = raw.as_ref();
        Entered {
            value: Ok([from.into(), until.into()]),
            source: FileSource {
                key: "presence",
                at: raw.span(),
            },
        }
    });
    stays.collect()
}

impl FileReader<'_> {
    /// Reads a noun, and places what is wrong with it.
    fn noun<T>(&mut self, parse: impl FnOnce(&mut Faults<FileSource>) -> Option<T>) -> Option<T> {
        let mut faults = Faults::default();
        let noun = parse(&mut faults);
        for (FileSource { key, at }, fault) in faults {
            self.fault(&at, format!("{key}: {fault}"));
        }
        noun
    }

    /// The zone of the venue, and the event; the zone is UTC while it is faulty, so that the rest can be read.
    pub(super) fn event(&mut self, meeting: &Meeting, office: &Email) -> (Zone, Option<Event>) {
        let office_at = meeting.office.as_ref().map_or(0..0, Spanned::span);
        let (name, email, phone) = match &meeting.office {
            Some(entry) => {
                let entry = entry.as_ref();
                (
                    entry.name.as_str(),
                    entry.email.as_str(),
                    entry.phone.as_str(),
                )
            }
            None => ("Protocol Office", office.as_str(), ""),
        };
        let figure = |key, raw: &Option<Spanned<i64>>| raw.as_ref().map(|raw| number(key, raw));
        let draft = EventDraft {
            slug: text("slug", &meeting.slug),
            name: text("name", &meeting.name),
            name_ja: optional("name_ja", meeting.name_ja.as_ref()),
            venue: text("venue", &meeting.venue),
            venue_ja: optional("venue_ja", meeting.venue_ja.as_ref()),
            time_zone: text("time_zone", &meeting.time_zone),
            office_name: entered("office name", office_at.clone(), name),
            office_email: entered("office email", office_at.clone(), email),
            office_phone: entered("office phone", office_at, phone),
            days: Entered {
                value: self.days(meeting),
                source: text("days", &meeting.slug).source,
            },
            settings: SettingsDraft {
                grid_minutes: figure("grid_minutes", &meeting.grid_minutes),
                minimum_gap_minutes: figure("minimum_gap_minutes", &meeting.minimum_gap_minutes),
                chair_run_minutes: figure("chair_run_minutes", &meeting.chair_run_minutes),
                chair_rest_needs_reason: meeting.chair_rest_needs_reason,
                interpreter_alone_minutes: figure(
                    "interpreter_alone_minutes",
                    &meeting.interpreter_alone_minutes,
                ),
                interpreter_team_minutes: figure(
                    "interpreter_team_minutes",
                    &meeting.interpreter_team_minutes,
                ),
                interpreter_rest_minutes: figure(
                    "interpreter_rest_minutes",
                    &meeting.interpreter_rest_minutes,
                ),
            },
        };
        let event = self.noun(|faults| Event::parse(EventId(fresh_id()), &draft, faults));
        let zone = meeting.time_zone.as_ref().trim().parse();
        (zone.unwrap_or(Zone::UTC), event)
    }

    /// Each day once, with the usual hours or its own.
    fn days<'m>(&mut self, meeting: &'m Meeting) -> Vec<EnteredDay<'m, FileSource>> {
        let mut days: Vec<DayDraft<'m, FileSource>> = Vec::new();
        for raw in &meeting.days {
            if days.iter().all(|day| day.date.value != *raw.as_ref()) {
                days.push(DayDraft {
                    date: text("days", raw),
                    opens: text("opens", &meeting.opens),
                    closes: text("closes", &meeting.closes),
                });
            }
        }
        for raw in &meeting.other_hours {
            let [date, opens, closes] = raw.as_ref();
            let at = || raw.span();
            let Some(other) = self.parsed("other_hours", &at(), || parse_date(date)) else {
                continue;
            };
            let is_other = |day: &&mut DayDraft<'_, _>| parse_date(&day.date.value) == Ok(other);
            match days.iter_mut().find(is_other) {
                Some(day) => {
                    day.opens = entered("opens", at(), opens);
                    day.closes = entered("closes", at(), closes);
                }
                None => self.fault(&at(), format!("other_hours: {date} is not among the days")),
            }
        }
        days.into_iter().map(EnteredDay::Read).collect()
    }

    pub(super) fn room(&mut self, venue: Zone, raw: &Spanned<RoomEntry>) -> Option<Room> {
        let entry = raw.as_ref();
        let closures = entry.closures.iter().map(|raw| {
            let ClosureEntry {
                from,
                until,
                reason,
            } = raw.as_ref();
            Entered {
                value: Ok([from.into(), until.into(), reason.into()]),
                source: FileSource {
                    key: "closures",
                    at: raw.span(),
                },
            }
        });
        let draft = RoomDraft {
            code: text("code", &entry.code),
            name: text("name", &entry.name),
            name_ja: optional("name_ja", entry.name_ja.as_ref()),
            capacity: number("capacity", &entry.capacity),
            turnaround_minutes: number("turnaround_minutes", &entry.turnaround_minutes),
            kinds: entry.kinds.iter().map(|kind| text("kinds", kind)).collect(),
            closures: closures.collect(),
        };
        self.noun(|faults| Room::parse(RoomId(fresh_id()), venue, &draft, faults))
    }

    pub(super) fn party(&mut self, venue: Zone, raw: &Spanned<Party>) -> Option<Delegation> {
        let entry = raw.as_ref();
        let languages = entry.languages.iter();
        let draft = DelegationDraft {
            code: text("code", &entry.code),
            name: text("name", &entry.name),
            name_ja: optional("name_ja", entry.name_ja.as_ref()),
            role: text("role", &entry.role),
            principal: text("head", &entry.head),
            principal_ja: optional("head_ja", entry.head_ja.as_ref()),
            principal_title: optional("title", entry.title.as_ref()),
            precedence: number("precedence", &entry.precedence),
            time_zone: text("time_zone", &entry.time_zone),
            languages: languages.map(|tag| text("languages", tag)).collect(),
            party_size: number("party_size", &entry.party_size),
            contacts: entry.contacts.iter().map(contact).collect(),
            presence: presence(&entry.presence),
        };
        self.noun(|faults| Delegation::parse(DelegationId(fresh_id()), venue, &draft, faults))
    }

    pub(super) fn interpreter(
        &mut self,
        venue: Zone,
        raw: &Spanned<InterpreterEntry>,
    ) -> Option<Interpreter> {
        let entry = raw.as_ref();
        let pairs = entry.pairs.iter().map(|raw| {
            let [one, other] = raw.as_ref();
            Entered {
                value: LanguagePair::new(one, other),
                source: FileSource {
                    key: "pairs",
                    at: raw.span(),
                },
            }
        });
        let draft = InterpreterDraft {
            code: text("code", &entry.code),
            name: text("name", &entry.name),
            pairs: pairs.collect(),
            presence: presence(&entry.presence),
        };
        self.noun(|faults| Interpreter::parse(InterpreterId(fresh_id()), venue, &draft, faults))
    }
}

fn contact(raw: &Spanned<ContactEntry>) -> ContactDraft<'_, FileSource> {
    let entry = raw.as_ref();
    ContactDraft {
        id: ContactId(fresh_id()),
        name: entered("contact name", raw.span(), &entry.name),
        email: entered("contact email", raw.span(), &entry.email),
        phone: entered("contact phone", raw.span(), &entry.phone),
        language: entered("contact language", raw.span(), &entry.language),
        letters_only: entry.letters_only,
    }
}
