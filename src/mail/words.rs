//! What a letter says, in the words of its reader's language: the same for plain text, HTML and the calendar's
//! description.

use super::language::{Language, Phrase};
use super::{Enclosure, Letter, Piece, ReaderKnowledge};
use crate::core::delegation::Delegation;
use crate::core::event::{Event, ProtocolOffice};
use crate::core::notice::{Method, News, Told, ToldEvent};
use crate::core::time::{Instant, Zone};

/// A letter in words, ready for its templates.
#[derive(Debug)]
pub(super) struct LetterWords<'a> {
    pub letter: &'a Letter<'a>,
    language: &'static Language,
    /// What the letter is about; the subject begins with it.
    pub title: String,
    /// Summary, where there is more than one piece.
    pub summary: Option<String>,
    pub pieces: Vec<PieceWords>,
    /// `None` in a mail beside a letter that has it.
    pub schedule: Option<Vec<DayWords>>,
    /// What is attached beside the calendar. Only this differs between the two forms of a mail.
    pub enclosure: Option<Enclosure<'a>>,
    /// What the attached calendar file does; `None` where none is attached.
    pub calendar: Option<String>,
    /// `Issued 21 December 2022, 09:00 (JST, UTC+9), version 3`
    pub issued: String,
}

/// News of one slot, in words.
#[derive(Debug)]
pub struct PieceWords {
    /// `Confirmed`, `Changed` …
    pub headline: String,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What follows from it; may be empty.
    pub advice: String,
    /// Only what changed.
    pub changes: Vec<ChangeWords>,
    /// Heading over the slot.
    pub slot_heading: String,
    /// The slot.
    pub slot: SlotWords,
    /// Where to answer; `None` where there is nothing to answer.
    pub answer: Option<String>,
    /// For the subject, `24 December 2022, 17:20 (JST, UTC+9)`; of a change, what it has become: the end where only that
    /// moved, and another room or venue.
    pub when: String,
}

/// One line of "old → new".
#[derive(Debug, PartialEq, Eq)]
pub struct ChangeWords {
    /// What changed.
    pub label: String,
    /// As last notified.
    pub before: String,
    /// As it is now.
    pub now: String,
}

/// A slot in words.
#[derive(Debug)]
pub struct SlotWords {
    /// The title.
    pub title: String,
    /// The kind, as `Bilateral`.
    pub kind: String,
    /// With the day, at the venue.
    pub venue_time: String,
    /// `None` where home shares the venue's zone.
    pub home_time: Option<String>,
    /// The room, once that is known.
    pub room: Option<String>,
    /// Names of those who take part.
    pub participants: String,
}

/// One day of the schedule, as the venue counts days.
#[derive(Debug)]
pub(super) struct DayWords {
    pub name: String,
    pub slots: Vec<SlotWords>,
}

/// What a calendar's description says.
pub(super) struct CalendarWords<'a> {
    pub venue: &'a str,
    pub slot: SlotWords,
    pub office: &'a ProtocolOffice,
}

impl<'a> LetterWords<'a> {
    /// Words the letter in the language of the contact who reads it.
    pub(super) fn of(letter: &'a Letter<'a>) -> Self {
        let language = Language::of(&letter.contact.language);
        let pieces: Vec<PieceWords> = letter
            .news
            .iter()
            .map(|piece| PieceWords::of(language, letter.event, letter.delegation, *piece))
            .collect();
        let party = letter.delegation.name.as_str();
        let (title, summary) = match pieces.as_slice() {
            many if letter.is_final => (
                Phrase::FinalTitle,
                Some(Phrase::FinalSentence(many.len(), party)),
            ),
            [piece] => (Phrase::Title(&piece.headline, &piece.slot.title), None),
            many => (
                Phrase::SeveralTitle(many.len()),
                Some(Phrase::SeveralSentence(many.len(), party)),
            ),
        };
        let (title, summary) = (
            language.say(title),
            summary.map(|summary| language.say(summary)),
        );
        let method = letter.news.first().map(|piece| piece.news.method());
        let invited = letter.invitation.is_some() && !letter.contact.letters_only;
        let issued = moment(
            language,
            letter.event.time_zone,
            letter.written_at.instant(),
        );
        Self {
            letter,
            language,
            title,
            summary,
            pieces,
            schedule: letter
                .schedule
                .map(|schedule| days(language, letter, schedule)),
            enclosure: letter.enclosure,
            calendar: method
                .filter(|_| invited)
                .map(|method| language.say(Phrase::CalendarHint(method))),
            issued: language.say(Phrase::Issued(&issued, letter.version)),
        }
    }

    /// The HTML element above a slot's details: a level lower where the slot itself has a heading.
    pub(super) const fn heading(&self) -> &'static str {
        if self.summary.is_some() { "h3" } else { "h2" }
    }

    /// The one piece of news, where there are no more.
    pub(super) fn only(&self) -> Option<&PieceWords> {
        match self.pieces.as_slice() {
            [piece] if self.summary.is_none() => Some(piece),
            _ => None,
        }
    }

    pub(super) fn subject(&self) -> askama::Result<String> {
        self.language.subject(self)
    }

    pub(super) fn plain(&self) -> askama::Result<String> {
        self.language.plain(self)
    }

    pub(super) fn html(&self) -> askama::Result<String> {
        self.language.html(self)
    }
}

impl PieceWords {
    /// Says one piece of news as `delegation` reads it.
    #[must_use]
    pub fn of(
        language: &Language,
        event: &Event,
        delegation: &Delegation,
        piece: Piece<'_>,
    ) -> Self {
        let Piece {
            news,
            standing,
            answer,
        } = piece;
        let slot = news.slot();
        let (venue, home) = (event.time_zone, delegation.time_zone);
        Self {
            headline: language.say(Phrase::Headline(news)),
            sentence: language.say(Phrase::Sentence(news, delegation.name.as_str())),
            advice: language.say(Phrase::Advice(news, standing)),
            changes: match (news, standing) {
                (News::Changed { before, now }, ReaderKnowledge::UpToDate) => {
                    changes(language, event, delegation, before, now)
                }
                _ => Vec::new(),
            },
            slot_heading: language.say(Phrase::SlotHeading(news)),
            slot: SlotWords {
                room: room(language, news),
                ..SlotWords::of(language, slot, venue, home, true)
            },
            answer: answer
                .filter(|_| news.method() == Method::Request)
                .map(str::to_owned),
            when: when(language, event, news, standing),
        }
    }
}

impl SlotWords {
    /// Says a slot on both clocks; the day only where `with_day` asks for it, or it is another one at home.
    #[must_use]
    pub fn of(language: &Language, told: &Told, venue: Zone, home: Zone, with_day: bool) -> Self {
        let (start, end) = (told.starts_at(), told.ends_at());
        let other_day_at_home = venue.date(start) != home.date(start);
        let words = |clock, with_day| {
            if with_day {
                day_and_hours(language, clock, start, end)
            } else {
                hours(language, clock, start, end)
            }
        };
        Self {
            title: told.title.clone(),
            kind: kind(language, told),
            venue_time: words(PlaceClock::Venue(venue), with_day),
            home_time: (home != venue)
                .then(|| words(PlaceClock::Home(home), with_day || other_day_at_home)),
            room: told.room.clone(),
            participants: language.say(Phrase::Names(&told.delegations)),
        }
    }
}

/// What the subject says beside the title: the start, or what has changed.
fn when(language: &Language, event: &Event, news: &News, standing: ReaderKnowledge) -> String {
    let zone = event.time_zone;
    let start = moment(language, zone, news.slot().starts_at());
    let (News::Changed { before, now }, ReaderKnowledge::UpToDate) = (news, standing) else {
        return start;
    };
    let when = if before.starts == now.starts && before.ends != now.ends {
        let end = now.ends_at();
        let (clock, label) = (zone.clock(end), zone.label(end));
        language.say(Phrase::Until(zone.date(end), &clock, &label))
    } else {
        start
    };
    let venue = |told: &Told| told.event.as_ref().map(|event| event.venue.clone());
    if before.room == now.room && venue(before) == venue(now) {
        return when;
    }
    let place = match (&now.room, venue(before) == venue(now)) {
        (Some(room), _) if before.room != now.room => Some(room.clone()),
        (_, false) => Some(event.venue.to_string()),
        _ => None,
    };
    language.say(Phrase::NowIn(&when, place.as_deref()))
}

/// A kind that this release does not know stays as it was stored.
fn kind(language: &Language, told: &Told) -> String {
    told.kind.known().map_or_else(
        || told.kind.label().to_owned(),
        |kind| language.say(Phrase::Kind(kind, &told.format)),
    )
}

/// A room that is not known yet is worth a line, except for what is off.
fn room(language: &Language, news: &News) -> Option<String> {
    let known = news.slot().room.clone();
    match news.method() {
        Method::Request => known.or_else(|| Some(language.say(Phrase::RoomUnknown))),
        Method::Cancel => known,
    }
}

fn changes(
    language: &Language,
    event: &Event,
    delegation: &Delegation,
    before: &Told,
    now: &Told,
) -> Vec<ChangeWords> {
    let now_around = ToldEvent::of(event, delegation);
    let (was, is) = [before, now]
        .map(|told| told.event.as_deref().unwrap_or(&now_around))
        .into();
    let zone = |name: &str, zone: Zone| name.parse().unwrap_or(zone);
    let venues = [was, is].map(|each| zone(&each.time_zone, event.time_zone));
    let homes = [was, is].map(|each| zone(&each.home, delegation.time_zone));
    let mut found = Vec::new();
    let mut note = |label: Phrase<'_>, before: String, now: String| {
        if before != now {
            found.push(ChangeWords {
                label: language.say(label),
                before,
                now,
            });
        }
    };
    let is_moved = (before.starts, before.ends) != (now.starts, now.ends);
    if is_moved || venues[0] != venues[1] {
        let (old, new) = time_change(language, venues.map(PlaceClock::Venue), before, now);
        note(Phrase::TimeAt(event.venue.as_str()), old, new);
    }
    if (is_moved || homes[0] != homes[1]) && (homes[1] != venues[1] || homes[0] != venues[0]) {
        let (old, new) = time_change(language, homes.map(PlaceClock::Home), before, now);
        note(Phrase::TimeAtHome, old, new);
    }
    note(
        Phrase::Venue,
        both_names(&was.venue, &was.venue_ja),
        both_names(&is.venue, &is.venue_ja),
    );
    let room = |told: &Told| {
        let known = told.room.clone();
        known.unwrap_or_else(|| language.say(Phrase::RoomUnknown))
    };
    let party = |told: &Told| language.say(Phrase::Names(&told.delegations));
    note(Phrase::Room, room(before), room(now));
    note(Phrase::TitleLabel, before.title.clone(), now.title.clone());
    note(
        Phrase::KindLabel,
        kind(language, before),
        kind(language, now),
    );
    note(Phrase::TakingPart, party(before), party(now));
    note(
        Phrase::Event,
        both_names(&was.name, &was.name_ja),
        both_names(&is.name, &is.name_ja),
    );
    note(Phrase::Office, office(was), office(is));
    found
}

/// `Iikura House (飯倉公館)`
fn both_names(name: &str, name_ja: &str) -> String {
    if name_ja.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({name_ja})")
    }
}

/// `Protocol Office, protocol@iikura.example, +81 3 0000 0000`
fn office(told: &ToldEvent) -> String {
    let mut words = format!("{}, {}", told.office, told.office_email);
    if !told.office_phone.is_empty() {
        words.extend([", ", &told.office_phone]);
    }
    words
}

/// Old and new time, each by its clock, both with the day when it is another one.
fn time_change(
    language: &Language,
    clocks: [PlaceClock; 2],
    before: &Told,
    now: &Told,
) -> (String, String) {
    let date = |clock: PlaceClock, told: &Told| clock.zone().date(told.starts_at());
    let same_day = date(clocks[0], before) == date(clocks[1], now);
    let words = |clock, told: &Told| {
        if same_day {
            hours(language, clock, told.starts_at(), told.ends_at())
        } else {
            day_and_hours(language, clock, told.starts_at(), told.ends_at())
        }
    };
    (words(clocks[0], before), words(clocks[1], now))
}

fn days(language: &Language, letter: &Letter<'_>, schedule: &[Told]) -> Vec<DayWords> {
    let (venue, home) = (letter.event.time_zone, letter.delegation.time_zone);
    let mut days: Vec<DayWords> = Vec::new();
    for told in schedule {
        let name = language.say(Phrase::Day(venue.date(told.starts_at())));
        let slot = SlotWords::of(language, told, venue, home, false);
        match days.last_mut() {
            Some(day) if day.name == name => day.slots.push(slot),
            _ => days.push(DayWords {
                name,
                slots: vec![slot],
            }),
        }
    }
    days
}

/// `24 December 2022, 17:20 (JST, UTC+9)`
fn moment(language: &Language, zone: Zone, at: Instant) -> String {
    let (clock, label) = (zone.clock(at), zone.label(at));
    language.say(Phrase::Moment(zone.date(at), &clock, &label))
}

/// `Saturday, 24 December 2022, 17:20–17:50 (JST, UTC+9)`
fn day_and_hours(language: &Language, clock: PlaceClock, start: Instant, end: Instant) -> String {
    let hours = hours(language, clock, start, end);
    language.say(Phrase::DayAndTime(clock.zone().date(start), &hours))
}

/// Whose clock a time is said by: home is named by its city, since its letters and offset alone say little.
#[derive(Clone, Copy)]
enum PlaceClock {
    Venue(Zone),
    Home(Zone),
}

impl PlaceClock {
    const fn zone(self) -> Zone {
        match self {
            Self::Venue(zone) | Self::Home(zone) => zone,
        }
    }

    fn label(self, at: Instant) -> String {
        match self {
            Self::Venue(zone) => zone.label(at),
            Self::Home(zone) => zone.home_label(at),
        }
    }
}

/// `17:20–17:50 (JST, UTC+9)`, at home `(Almaty, UTC+5)`; the end has its own day and offset where they are others.
fn hours(language: &Language, clock: PlaceClock, start: Instant, end: Instant) -> String {
    let zone = clock.zone();
    let (from, to) = (zone.clock(start), zone.clock(end));
    let (label, end_label) = (clock.label(start), clock.label(end));
    let (dash, to) = if zone.date(start) == zone.date(end) {
        ("–", to)
    } else {
        let to = language.say(Phrase::DayAndTime(zone.date(end), &to));
        (" – ", to)
    };
    if label == end_label {
        format!("{from}{dash}{to} ({label})")
    } else {
        format!("{from} ({label}) – {to} ({end_label})")
    }
}

/// Room and venue, as in an invitation's place.
#[must_use]
pub fn place(event: &Event, room: Option<&str>) -> String {
    room.map_or_else(
        || event.venue.to_string(),
        |room| format!("{room}, {}", event.venue),
    )
}

/// The calendar's description: both times, who takes part, whom to ask.
#[must_use]
pub fn description(
    language: &Language,
    event: &Event,
    delegation: &Delegation,
    told: &Told,
) -> String {
    language.calendar(&CalendarWords {
        venue: event.venue.as_str(),
        slot: SlotWords::of(language, told, event.time_zone, delegation.time_zone, true),
        office: &event.office,
    })
}
