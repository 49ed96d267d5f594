//! Reading an event file: refused whole, each fault with its line, or stored whole.

use std::collections::HashSet;
use std::ops::Range;

use chrono::NaiveDate;
use diesel::prelude::*;
use toml::Spanned;

use super::{ContactEntry, EventFile, InterpreterEntry, Meeting, Party, RoomEntry};
use crate::audit::Actor;
use crate::db::text_enum::TextEnum;
use crate::db::{Conn, fresh_id};
use crate::delegation::{self, Contact, Delegation, DelegationId, Role};
use crate::event::live::Live;
use crate::event::{Day, Event, EventId, Office, Revision, Settings, store, tx};
use crate::interpreter::{self, Interpreter, InterpreterId};
use crate::room::{self, Room, RoomId};
use crate::slot::interval::Interval;
use crate::text::{self, Code, Email, Line};
use crate::time::{ClockTime, Moment, Zone, parse_date};

/// Something wrong in an event file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Why an import stored nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is faulty.
    #[error("the file has {} fault(s); nothing was imported", .0.len())]
    Faulty(Vec<Fault>),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
}

/// An event that was imported.
#[derive(Debug)]
pub struct Imported {
    /// The event.
    pub event: EventId,
    /// Its slug.
    pub slug: String,
    /// How many slots came with it.
    pub slots: usize,
    /// Rules that the file's slots break without giving a reason; the import is the reason on record.
    pub remarks: Vec<String>,
}

/// Reads an event file and stores the event, whole or not at all.
///
/// `office` is the protocol office's mailbox where the file names none.
///
/// # Errors
/// With every fault of the file, or as the database says.
pub fn import(
    conn: &mut Conn,
    live: &Live,
    source: &str,
    office: &Email,
    actor: &Actor,
    now: Moment,
) -> Result<Imported, ImportError> {
    let file: EventFile = toml::from_str(source).map_err(|error| {
        let first = error.span().map_or(1, |span| line_of(source, &span));
        ImportError::Faulty(vec![Fault {
            line: first,
            message: error.message().to_owned(),
        }])
    })?;
    conn.transaction(|conn| {
        let mut reader = Reader {
            source,
            faults: Vec::new(),
        };
        let event = reader.event(&file.meeting, office);
        let rooms = reader.each(&file.rooms, Reader::room);
        let delegations = reader.each(&file.parties, |reader, party| reader.party(&event, party));
        let interpreters = reader.each(&file.interpreters, |reader, entry| {
            reader.interpreter(&event, entry)
        });
        reader.unique("room", file.rooms.iter().map(|room| &room.as_ref().code));
        reader.unique(
            "party",
            file.parties.iter().map(|party| &party.as_ref().code),
        );
        reader.unique(
            "interpreter",
            file.interpreters.iter().map(|entry| &entry.as_ref().code),
        );
        reader.one_chair(&file.parties);
        if store::find(conn, event.slug.as_str())?.is_some() {
            let message = format!(
                "there is already an event '{}'; change the slug",
                event.slug
            );
            reader.fault(&file.meeting.slug.span(), message);
        }
        reader.finish()?;

        store::insert(conn, &event, now)?;
        for room in &rooms {
            room::store::insert(conn, event.id, room)?;
        }
        for delegation in &delegations {
            delegation::store::insert(conn, event.id, delegation)?;
        }
        for interpreter in &interpreters {
            interpreter::store::insert(conn, event.id, interpreter)?;
        }
        let written = tx::write(conn, live, event.id, actor, now, |tx| {
            let after =
                serde_json::json!({ "name": event.name.as_str(), "slots": file.slots.len() });
            tx.record(
                "event.imported",
                (event.id.0, event.name.as_str()),
                None,
                Some(after),
            )?;
            reader.slots(tx, &file.slots)
        })?;
        Ok(Imported {
            event: event.id,
            slug: event.slug.to_string(),
            slots: file.slots.len(),
            remarks: written.value,
        })
    })
}

fn line_of(source: &str, span: &Range<usize>) -> usize {
    source
        .get(..span.start)
        .map_or(1, |before| before.matches('\n').count() + 1)
}

/// Collects faults, so that a person mends a file once.
pub(super) struct Reader<'s> {
    source: &'s str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    pub(super) fn fault(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.faults.push(Fault {
            line: line_of(self.source, at),
            message: message.into(),
        });
    }

    pub(super) fn finish(&mut self) -> Result<(), ImportError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let mut faults = std::mem::take(&mut self.faults);
        faults.sort_by_key(|fault| fault.line);
        Err(ImportError::Faulty(faults))
    }

    fn each<T, U>(
        &mut self,
        entries: &[Spanned<T>],
        mut read: impl FnMut(&mut Self, &Spanned<T>) -> Option<U>,
    ) -> Vec<U> {
        entries
            .iter()
            .filter_map(|entry| read(self, entry))
            .collect()
    }

    /// Parses a value; a fault names its key.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        at: &Range<usize>,
        parse: impl FnOnce() -> Result<T, E>,
    ) -> Option<T> {
        parse()
            .map_err(|error| self.fault(at, format!("{key}: {error}")))
            .ok()
    }

    fn line(&mut self, key: &str, raw: &Spanned<String>) -> Option<Line> {
        self.parsed(key, &raw.span(), || Line::parse(raw.as_ref()))
    }

    fn optional(&mut self, key: &str, raw: Option<&Spanned<String>>) -> String {
        raw.and_then(|raw| self.parsed(key, &raw.span(), || text::optional_line(raw.as_ref())))
            .unwrap_or_default()
    }

    fn number(
        &mut self,
        key: &str,
        raw: &Spanned<i64>,
        range: std::ops::RangeInclusive<i32>,
    ) -> Option<i32> {
        let value = i32::try_from(*raw.as_ref())
            .ok()
            .filter(|value| range.contains(value));
        if value.is_none() {
            let message = format!(
                "{key}: {} is not from {} to {}",
                raw.as_ref(),
                range.start(),
                range.end()
            );
            self.fault(&raw.span(), message);
        }
        value
    }

    fn unique<'a>(&mut self, what: &str, codes: impl Iterator<Item = &'a Spanned<String>>) {
        let mut seen = HashSet::new();
        for code in codes {
            if !seen.insert(code.as_ref().to_ascii_lowercase()) {
                self.fault(
                    &code.span(),
                    format!(
                        "code: two entries for {what} '{}'; codes are unique",
                        code.as_ref()
                    ),
                );
            }
        }
    }

    fn one_chair(&mut self, parties: &[Spanned<Party>]) {
        let mut chairs = parties
            .iter()
            .filter(|party| party.as_ref().role.as_ref() == Role::Chair.as_str());
        if let (Some(_), Some(second)) = (chairs.next(), chairs.next()) {
            self.fault(
                &second.as_ref().role.span(),
                "role: there is one chair at most; make this one a guest",
            );
        }
    }

    fn event(&mut self, meeting: &Meeting, office: &Email) -> Event {
        let zone = self.zone(&meeting.time_zone).unwrap_or(Zone::UTC);
        let defaults = Settings::default();
        let mut setting = |key: &str, raw: &Option<Spanned<i64>>, range, default| {
            raw.as_ref().map_or(default, |raw| {
                self.number(key, raw, range).unwrap_or(default)
            })
        };
        let settings = Settings {
            grid_minutes: setting(
                "grid_minutes",
                &meeting.grid_minutes,
                1..=60,
                defaults.grid_minutes,
            ),
            minimum_gap_minutes: setting(
                "minimum_gap_minutes",
                &meeting.minimum_gap_minutes,
                0..=240,
                defaults.minimum_gap_minutes,
            ),
            chair_run_minutes: setting(
                "chair_run_minutes",
                &meeting.chair_run_minutes,
                15..=1440,
                defaults.chair_run_minutes,
            ),
            chair_rest_needs_reason: meeting.chair_rest_needs_reason,
        };
        let slug = self.parsed("slug", &meeting.slug.span(), || {
            Code::parse(meeting.slug.as_ref())
        });
        let missing = || Line::stored(String::new());
        Event {
            id: EventId(fresh_id()),
            slug: slug.unwrap_or_else(|| Code::stored(String::new())),
            name: self.line("name", &meeting.name).unwrap_or_else(missing),
            name_ja: self.optional("name_ja", meeting.name_ja.as_ref()),
            venue: self.line("venue", &meeting.venue).unwrap_or_else(missing),
            venue_ja: self.optional("venue_ja", meeting.venue_ja.as_ref()),
            time_zone: zone,
            office: self.office(meeting, office),
            days: self.days(meeting),
            settings,
            revision: Revision(0),
        }
    }

    fn office(&mut self, meeting: &Meeting, fallback: &Email) -> Office {
        let default = || Office {
            name: Line::stored("Protocol Office".to_owned()),
            email: fallback.clone(),
            phone: String::new(),
        };
        let Some(entry) = &meeting.office else {
            return default();
        };
        let at = entry.span();
        let entry = entry.as_ref();
        let name = self.parsed("office name", &at, || Line::parse(&entry.name));
        let email = self.parsed("office email", &at, || Email::parse(&entry.email));
        let phone = self.parsed("office phone", &at, || text::optional_line(&entry.phone));
        match (name, email, phone) {
            (Some(name), Some(email), Some(phone)) => Office { name, email, phone },
            _ => default(),
        }
    }

    fn days(&mut self, meeting: &Meeting) -> Vec<Day> {
        let hours = |reader: &mut Self, at: &Range<usize>, opens: &str, closes: &str| {
            let opens = reader.parsed("opens", at, || opens.parse::<ClockTime>())?;
            let closes = reader.parsed("closes", at, || closes.parse::<ClockTime>())?;
            if closes.minutes() <= opens.minutes() {
                reader.fault(at, "closes: the house must close after it opens");
                return None;
            }
            Some((opens, closes))
        };
        let usual = hours(
            self,
            &meeting.opens.span(),
            meeting.opens.as_ref(),
            meeting.closes.as_ref(),
        );
        let mut days = Vec::new();
        for raw in &meeting.days {
            if let Some(date) = self.date("days", raw)
                && let Some((opens, closes)) = usual
            {
                days.push(Day {
                    date,
                    opens,
                    closes,
                });
            }
        }
        if meeting.days.is_empty() {
            self.fault(
                &meeting.slug.span(),
                "days: an event has at least one day, as in days = [\"2022-12-24\"]",
            );
        }
        for other in &meeting.other_hours {
            let [day, opens, closes] = other.as_ref();
            let date = self.parsed("other_hours", &other.span(), || parse_date(day));
            let found = hours(self, &other.span(), opens, closes);
            match (days.iter_mut().find(|day| Some(day.date) == date), found) {
                (Some(day), Some((opens, closes))) => (day.opens, day.closes) = (opens, closes),
                (None, Some(_)) if date.is_some() => {
                    self.fault(
                        &other.span(),
                        format!("other_hours: {day} is not among the days"),
                    );
                }
                _ => {}
            }
        }
        days.sort_by_key(|day| day.date);
        days.dedup_by_key(|day| day.date);
        days
    }

    fn zone(&mut self, raw: &Spanned<String>) -> Option<Zone> {
        self.parsed("time_zone", &raw.span(), || raw.as_ref().parse::<Zone>())
    }

    pub(super) fn date(&mut self, key: &str, raw: &Spanned<String>) -> Option<NaiveDate> {
        self.parsed(key, &raw.span(), || parse_date(raw.as_ref()))
    }

    fn room(&mut self, raw: &Spanned<RoomEntry>) -> Option<Room> {
        let entry = raw.as_ref();
        let code = self.parsed("code", &entry.code.span(), || {
            Code::parse(entry.code.as_ref())
        });
        let name = self.line("name", &entry.name);
        let name_ja = self.optional("name_ja", entry.name_ja.as_ref());
        let capacity = self.number("capacity", &entry.capacity, 1..=100_000);
        let turnaround_minutes =
            self.number("turnaround_minutes", &entry.turnaround_minutes, 0..=240);
        Some(Room {
            id: RoomId(fresh_id()),
            code: code?,
            name: name?,
            name_ja,
            capacity: capacity?,
            turnaround_minutes: turnaround_minutes?,
        })
    }

    fn party(&mut self, event: &Event, raw: &Spanned<Party>) -> Option<Delegation> {
        let entry = raw.as_ref();
        let code = self.parsed("code", &entry.code.span(), || {
            Code::parse(entry.code.as_ref())
        });
        let name = self.line("name", &entry.name);
        let role = Role::from_word(entry.role.as_ref());
        if role.is_none() {
            self.fault(
                &entry.role.span(),
                format!("role: '{}' is neither chair nor guest", entry.role.as_ref()),
            );
        }
        let languages: Vec<Option<String>> = entry
            .languages
            .iter()
            .map(|language| {
                self.parsed("languages", &language.span(), || {
                    crate::delegation::language(language.as_ref())
                })
            })
            .collect();
        let principal = self.line("head", &entry.head);
        let principal_ja = self.optional("head_ja", entry.head_ja.as_ref());
        let principal_title = self.optional("title", entry.title.as_ref());
        let name_ja = self.optional("name_ja", entry.name_ja.as_ref());
        let precedence = self.number("precedence", &entry.precedence, 0..=10_000);
        let time_zone = self.zone(&entry.time_zone);
        let party_size = self.number("party_size", &entry.party_size, 1..=10_000);
        let contacts = self.contacts(&entry.contacts);
        let presence = self.presence(event, &entry.presence);
        Some(Delegation {
            id: DelegationId(fresh_id()),
            code: code?,
            name: name?,
            name_ja,
            role: role?,
            principal: principal?,
            principal_ja,
            principal_title,
            precedence: precedence?,
            time_zone: time_zone?,
            languages: languages.into_iter().flatten().collect(),
            party_size: party_size?,
            contacts,
            presence,
        })
    }

    fn contacts(&mut self, entries: &[Spanned<ContactEntry>]) -> Vec<Contact> {
        let mut seen = HashSet::new();
        let mut contacts = Vec::new();
        for raw in entries {
            let (at, entry) = (raw.span(), raw.as_ref());
            let name = self.parsed("contact name", &at, || Line::parse(&entry.name));
            let email = self.parsed("contact email", &at, || Email::parse(&entry.email));
            let language = self.parsed("contact language", &at, || {
                delegation::language(&entry.language)
            });
            let (Some(name), Some(email), Some(language)) = (name, email, language) else {
                continue;
            };
            if !seen.insert(email.clone()) {
                self.fault(
                    &at,
                    format!("contact email: {email} is there twice; it would be told twice"),
                );
            }
            contacts.push(Contact {
                name,
                email,
                language,
                letters_only: entry.letters_only,
            });
        }
        contacts
    }

    fn presence(&mut self, event: &Event, entries: &[Spanned<[String; 2]>]) -> Vec<Interval> {
        let mut stays: Vec<Interval> = Vec::new();
        for raw in entries {
            let at = raw.span();
            let [from, until] = raw.as_ref();
            let from = self.parsed("presence", &at, || event.parse_moment(from));
            let until = self.parsed("presence", &at, || event.parse_moment(until));
            let (Some(from), Some(until)) = (from, until) else {
                continue;
            };
            match Interval::stay(from, until) {
                Some(stay) if stays.iter().any(|other| other.overlaps(stay)) => {
                    self.fault(&at, "presence: two stays overlap; join them");
                }
                Some(stay) => stays.push(stay),
                None => self.fault(&at, "presence: the departure must be after the arrival"),
            }
        }
        stays.sort();
        stays
    }

    fn interpreter(
        &mut self,
        event: &Event,
        raw: &Spanned<InterpreterEntry>,
    ) -> Option<Interpreter> {
        let entry = raw.as_ref();
        let code = self.parsed("code", &entry.code.span(), || {
            Code::parse(entry.code.as_ref())
        });
        let name = self.line("name", &entry.name);
        let mut pairs = Vec::new();
        for pair in &entry.pairs {
            let [from, to] = pair.as_ref();
            let from = self.parsed("pairs", &pair.span(), || delegation::language(from));
            let to = self.parsed("pairs", &pair.span(), || delegation::language(to));
            match (from, to) {
                (Some(from), Some(to)) if from == to => {
                    self.fault(
                        &pair.span(),
                        format!("pairs: a pair has two languages, not {from} twice"),
                    );
                }
                (Some(from), Some(to)) => pairs.push((from, to)),
                _ => {}
            }
        }
        let presence = self.presence(event, &entry.presence);
        Some(Interpreter {
            id: InterpreterId(fresh_id()),
            code: code?,
            name: name?,
            pairs,
            presence,
        })
    }
}
