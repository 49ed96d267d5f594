//! Reading an event file's meeting, rooms, parties and interpreters.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;

use super::read::FileReader;
use super::{ContactEntry, InterpreterEntry, Meeting, Party, RoomEntry};
use crate::core::delegation::{
    self, Contact, ContactId, Delegation, DelegationId, MOST_CONTACTS, PrincipalRole,
};
use crate::core::event::{Event, EventDay, EventId, EventSettings, ProtocolOffice, Revision};
use crate::core::interpreter::{Interpreter, InterpreterId, LanguagePair};
use crate::core::room::{Room, RoomId};
use crate::core::text::{self, Code, Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::time::{ClockTime, Zone, parse_date};
use crate::runtime::random::fresh_id;

impl FileReader<'_> {
    pub(super) fn event(&mut self, meeting: &Meeting, office: &Email) -> Event {
        let zone = self.zone(&meeting.time_zone).unwrap_or(Zone::UTC);
        let defaults = EventSettings::default();
        let mut setting = |key: &str, raw: &Option<Spanned<i64>>, range, default| {
            raw.as_ref().map_or(default, |raw| {
                self.number(key, raw, range).unwrap_or(default)
            })
        };
        let settings = EventSettings {
            grid_minutes: setting(
                "grid_minutes",
                &meeting.grid_minutes,
                EventSettings::GRID,
                defaults.grid_minutes,
            ),
            minimum_gap_minutes: setting(
                "minimum_gap_minutes",
                &meeting.minimum_gap_minutes,
                EventSettings::MINIMUM_GAP,
                defaults.minimum_gap_minutes,
            ),
            chair_run_minutes: setting(
                "chair_run_minutes",
                &meeting.chair_run_minutes,
                EventSettings::CHAIR_RUN,
                defaults.chair_run_minutes,
            ),
            chair_rest_needs_reason: meeting.chair_rest_needs_reason,
            interpreter_alone_minutes: setting(
                "interpreter_alone_minutes",
                &meeting.interpreter_alone_minutes,
                EventSettings::INTERPRETER_RUN,
                defaults.interpreter_alone_minutes,
            ),
            interpreter_team_minutes: setting(
                "interpreter_team_minutes",
                &meeting.interpreter_team_minutes,
                EventSettings::INTERPRETER_RUN,
                defaults.interpreter_team_minutes,
            ),
            interpreter_rest_minutes: setting(
                "interpreter_rest_minutes",
                &meeting.interpreter_rest_minutes,
                EventSettings::INTERPRETER_REST,
                defaults.interpreter_rest_minutes,
            ),
        };
        let slug = self.parsed("slug", &meeting.slug.span(), || {
            Code::parse(meeting.slug.as_ref())
        });
        let missing = || TextLine::stored(String::new());
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

    fn office(&mut self, meeting: &Meeting, fallback: &Email) -> ProtocolOffice {
        let default = || ProtocolOffice {
            name: TextLine::stored("Protocol Office".to_owned()),
            email: fallback.clone(),
            phone: String::new(),
        };
        let Some(entry) = &meeting.office else {
            return default();
        };
        let at = entry.span();
        let entry = entry.as_ref();
        let name = self.parsed("office name", &at, || TextLine::parse(&entry.name));
        let email = self.parsed("office email", &at, || Email::parse(&entry.email));
        let phone = self.parsed("office phone", &at, || text::optional_line(&entry.phone));
        match (name, email, phone) {
            (Some(name), Some(email), Some(phone)) => ProtocolOffice { name, email, phone },
            _ => default(),
        }
    }

    fn days(&mut self, meeting: &Meeting) -> Vec<EventDay> {
        let hours = |reader: &mut Self, at: &Range<usize>, opens: &str, closes: &str| {
            let opens = reader.parsed("opens", at, || opens.parse::<ClockTime>())?;
            let closes = reader.parsed("closes", at, || closes.parse::<ClockTime>())?;
            if closes.minutes() <= opens.minutes() {
                reader.fault(
                    at,
                    "closes: the closing time must be after the opening time",
                );
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
                days.push(EventDay {
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

    pub(super) fn room(&mut self, raw: &Spanned<RoomEntry>) -> Option<Room> {
        let entry = raw.as_ref();
        let code = self.parsed("code", &entry.code.span(), || {
            Code::parse(entry.code.as_ref())
        });
        let name = self.line("name", &entry.name);
        let name_ja = self.optional("name_ja", entry.name_ja.as_ref());
        let capacity = self.number("capacity", &entry.capacity, Room::CAPACITY);
        let turnaround_minutes = self.number(
            "turnaround_minutes",
            &entry.turnaround_minutes,
            Room::TURNAROUND,
        );
        Some(Room {
            id: RoomId(fresh_id()),
            code: code?,
            name: name?,
            name_ja,
            capacity: capacity?,
            turnaround_minutes: turnaround_minutes?,
        })
    }

    pub(super) fn party(&mut self, event: &Event, raw: &Spanned<Party>) -> Option<Delegation> {
        let entry = raw.as_ref();
        let code = self.parsed("code", &entry.code.span(), || {
            Code::parse(entry.code.as_ref())
        });
        let name = self.line("name", &entry.name);
        let role = PrincipalRole::from_word(entry.role.as_ref());
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
                    crate::core::delegation::language(language.as_ref())
                })
            })
            .collect();
        let principal = self.line("head", &entry.head);
        let principal_ja = self.optional("head_ja", entry.head_ja.as_ref());
        let principal_title = self.optional("title", entry.title.as_ref());
        let name_ja = self.optional("name_ja", entry.name_ja.as_ref());
        let precedence = self.number("precedence", &entry.precedence, Delegation::PRECEDENCE);
        let time_zone = self.zone(&entry.time_zone);
        let party_size = self.number("party_size", &entry.party_size, Delegation::PARTY_SIZE);
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
        if let Some(extra) = entries.get(MOST_CONTACTS) {
            let message = format!("contacts: a delegation has {MOST_CONTACTS} contacts at most");
            self.fault(&extra.span(), message);
        }
        for raw in entries {
            let (at, entry) = (raw.span(), raw.as_ref());
            let name = self.parsed("contact name", &at, || TextLine::parse(&entry.name));
            let email = self.parsed("contact email", &at, || Email::parse(&entry.email));
            let phone = self.parsed("contact phone", &at, || text::optional_line(&entry.phone));
            let language = self.parsed("contact language", &at, || {
                delegation::language(&entry.language)
            });
            let (Some(name), Some(email), Some(phone), Some(language)) =
                (name, email, phone, language)
            else {
                continue;
            };
            if !seen.insert(email.clone()) {
                self.fault(
                    &at,
                    format!("contact email: {email} is listed twice and would be notified twice"),
                );
            }
            contacts.push(Contact {
                id: ContactId(fresh_id()),
                name,
                email,
                phone,
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

    pub(super) fn interpreter(
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
            let [one, other] = pair.as_ref();
            let parsed = self.parsed("pairs", &pair.span(), || LanguagePair::new(one, other));
            match parsed {
                Some(parsed) if pairs.contains(&parsed) => {
                    self.fault(&pair.span(), format!("pairs: {parsed} is there twice"));
                }
                parsed => pairs.extend(parsed),
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
