//! What a letter says, in words: the same for plain text, HTML and the calendar's description.

use super::{Letter, Piece, Standing};
use crate::delegation::Delegation;
use crate::event::Event;
use crate::notice::{Method, News, Told};
use crate::time::{Instant, Zone};

const TO_BE_ANNOUNCED: &str = "to be announced";

/// A letter in words, ready for its templates.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub letter: &'a Letter<'a>,
    /// What the letter is about; the subject begins with it.
    pub title: String,
    /// What all of it comes to, where there is more than one piece.
    pub summary: Option<String>,
    pub pieces: Vec<PieceWords>,
    /// `None` in a mail beside a letter that has it.
    pub schedule: Option<Vec<Day>>,
    /// What the attached calendar file does; `None` where none is attached.
    pub calendar: Option<&'static str>,
    /// `Issued 21 December 2022, 09:00 (JST, UTC+9), version 3`
    pub issued: String,
}

/// What there is to tell of one slot, in words.
#[derive(Debug)]
pub struct PieceWords {
    /// `Confirmed`, `Changed` …
    pub headline: &'static str,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What follows from it; may be empty.
    pub advice: &'static str,
    /// Only what changed.
    pub changes: Vec<Change>,
    /// Heading over the slot.
    pub slot_heading: &'static str,
    /// The slot.
    pub slot: SlotWords,
    /// For the subject, `24 December 2022, 17:20 (JST, UTC+9)`.
    pub when: String,
}

/// One line of "old → new".
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub label: String,
    /// As they were told.
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
pub(super) struct Day {
    pub name: String,
    pub slots: Vec<SlotWords>,
}

impl<'a> Words<'a> {
    pub(super) fn of(letter: &'a Letter<'a>) -> Self {
        let pieces: Vec<PieceWords> = letter
            .news
            .iter()
            .map(|piece| PieceWords::of(letter.event, letter.delegation, *piece))
            .collect();
        let party = &letter.delegation.name;
        let (title, summary) = match pieces.as_slice() {
            [piece] => (format!("{}: {}", piece.headline, piece.slot.title), None),
            many => (
                format!("{} changes to your schedule", many.len()),
                Some(format!(
                    "There are {} changes to the schedule of the delegation of {party}.",
                    many.len()
                )),
            ),
        };
        let method = letter.news.first().map(|piece| piece.news.method());
        let invited = letter.invitation.is_some() && !letter.contact.letters_only;
        let venue = letter.event.time_zone;
        Self {
            title,
            summary,
            pieces,
            schedule: letter.schedule.map(|schedule| days(letter, schedule)),
            calendar: method.filter(|_| invited).map(calendar_hint),
            issued: format!(
                "Issued {} ({}), version {}",
                venue
                    .local_moment(letter.written_at)
                    .format("%-d %B %Y, %H:%M"),
                venue.label(letter.written_at.instant()),
                letter.version
            ),
            letter,
        }
    }

    /// The HTML element over what is said of a slot: a level lower where the slot itself has a heading.
    pub(super) const fn heading(&self) -> &'static str {
        if self.summary.is_some() { "h3" } else { "h2" }
    }

    /// The subject.
    pub(super) fn subject(&self) -> String {
        match self.pieces.as_slice() {
            [piece] => format!("{}, {}", self.title, piece.when),
            _ => format!("{}, {}", self.title, self.letter.event.venue),
        }
    }
}

impl PieceWords {
    /// Says one piece of news as `delegation` reads it.
    #[must_use]
    pub fn of(event: &Event, delegation: &Delegation, Piece { news, standing }: Piece<'_>) -> Self {
        let slot = news.slot();
        let (venue, home) = (event.time_zone, delegation.time_zone);
        let (headline, sentence) = news_in_words(delegation, news);
        Self {
            headline,
            sentence,
            advice: advice(news, standing),
            changes: match (news, standing) {
                (News::Changed { before, now }, Standing::UpToDate) => {
                    changes(event, delegation, before, now)
                }
                _ => Vec::new(),
            },
            slot_heading: match news {
                News::Changed { .. } => "As it now stands",
                News::Confirmed(_) | News::Repeated(_) => "What is confirmed",
                News::Cancelled(_) => "What is cancelled",
                News::Dropped(_) => "What you no longer take part in",
                News::Withdrawn(_) => "What is no longer confirmed",
            },
            slot: SlotWords {
                room: room(news),
                ..slot_in_words(slot, venue, home, true)
            },
            when: format!(
                "{}, {} ({})",
                venue.date(slot.starts_at()).format("%-d %B %Y"),
                venue.clock(slot.starts_at()),
                venue.label(slot.starts_at())
            ),
        }
    }
}

fn zones(letter: &Letter<'_>) -> (Zone, Zone) {
    (letter.event.time_zone, letter.delegation.time_zone)
}

fn news_in_words(delegation: &Delegation, news: &News) -> (&'static str, String) {
    let title = &news.slot().title;
    let party = &delegation.name;
    match news {
        News::Confirmed(_) => (
            "Confirmed",
            format!("“{title}” is confirmed for the delegation of {party}."),
        ),
        News::Changed { .. } => (
            "Changed",
            format!("“{title}” has changed for the delegation of {party}."),
        ),
        News::Cancelled(_) => (
            "Cancelled",
            format!("“{title}” is cancelled: it will not take place."),
        ),
        News::Dropped(_) => (
            "No longer taking part",
            format!("The delegation of {party} no longer takes part in “{title}”."),
        ),
        News::Withdrawn(_) => (
            "No longer confirmed",
            format!("“{title}” is no longer confirmed for the delegation of {party}."),
        ),
        News::Repeated(_) => (
            "Still confirmed",
            format!("“{title}” is confirmed as we wrote before; nothing has changed."),
        ),
    }
}

fn advice(news: &News, standing: Standing) -> &'static str {
    match (news, standing) {
        (News::Changed { .. }, Standing::Behind) => {
            "An earlier change did not reach you; this letter takes its place. Please go by the times below alone."
        }
        (News::Cancelled(_) | News::Dropped(_), Standing::Behind) => {
            "An earlier change did not reach you, so the time below may not be the one you know. Please take the meeting out of your schedule."
        }
        (News::Cancelled(_) | News::Dropped(_), _) => "Please take it out of your schedule.",
        (News::Withdrawn(_), _) => {
            "Please do not count on it for now; we will write again when it is settled."
        }
        _ => "",
    }
}

fn calendar_hint(method: Method) -> &'static str {
    match method {
        Method::Request => "The attached invite.ics enters it into your calendar.",
        Method::Cancel => "The attached invite.ics takes it out of your calendar.",
    }
}

/// A room that is not known yet is worth a line, except for what is off.
fn room(news: &News) -> Option<String> {
    let known = news.slot().room.clone();
    match news.method() {
        Method::Request => known.or_else(|| Some(TO_BE_ANNOUNCED.to_owned())),
        Method::Cancel => known,
    }
}

fn changes(event: &Event, delegation: &Delegation, before: &Told, now: &Told) -> Vec<Change> {
    let (venue, home) = (event.time_zone, delegation.time_zone);
    let mut found = Vec::new();
    let mut note = |label: String, before: String, now: String| {
        if before != now {
            found.push(Change { label, before, now });
        }
    };
    if (before.starts, before.ends) != (now.starts, now.ends) {
        let (old, new) = time_change(venue, before, now);
        note(format!("Time at {}", event.venue), old, new);
        if home != venue {
            let (old, new) = time_change(home, before, now);
            note("Time at home".to_owned(), old, new);
        }
    }
    let room = |told: &Told| {
        told.room
            .clone()
            .unwrap_or_else(|| TO_BE_ANNOUNCED.to_owned())
    };
    note("Room".to_owned(), room(before), room(now));
    note("Title".to_owned(), before.title.clone(), now.title.clone());
    note("Kind".to_owned(), before.kind.clone(), now.kind.clone());
    note(
        "Taking part".to_owned(),
        before.delegations.join(", "),
        now.delegations.join(", "),
    );
    found
}

/// Old and new time, both with the day when it is another one.
fn time_change(zone: Zone, before: &Told, now: &Told) -> (String, String) {
    let same_day = zone.date(before.starts_at()) == zone.date(now.starts_at());
    let words = |told: &Told| {
        if same_day {
            hours(zone, told.starts_at(), told.ends_at())
        } else {
            day_and_hours(zone, told.starts_at(), told.ends_at())
        }
    };
    (words(before), words(now))
}

fn days(letter: &Letter<'_>, schedule: &[Told]) -> Vec<Day> {
    let (venue, home) = zones(letter);
    let mut days: Vec<Day> = Vec::new();
    for told in schedule {
        let name = venue.day_in_words(told.starts_at());
        let slot = slot_in_words(told, venue, home, false);
        match days.last_mut() {
            Some(day) if day.name == name => day.slots.push(slot),
            _ => days.push(Day {
                name,
                slots: vec![slot],
            }),
        }
    }
    days
}

fn slot_in_words(told: &Told, venue: Zone, home: Zone, with_day: bool) -> SlotWords {
    let (start, end) = (told.starts_at(), told.ends_at());
    let other_day_at_home = venue.date(start) != home.date(start);
    SlotWords {
        title: told.title.clone(),
        kind: told.kind.clone(),
        venue_time: if with_day {
            day_and_hours(venue, start, end)
        } else {
            hours(venue, start, end)
        },
        home_time: (home != venue).then(|| {
            if with_day || other_day_at_home {
                day_and_hours(home, start, end)
            } else {
                hours(home, start, end)
            }
        }),
        room: told.room.clone(),
        participants: told.delegations.join(", "),
    }
}

/// `Saturday, 24 December 2022, 17:20–17:50 (JST, UTC+9)`
fn day_and_hours(zone: Zone, start: Instant, end: Instant) -> String {
    format!("{}, {}", zone.day_in_words(start), hours(zone, start, end))
}

/// `17:20–17:50 (JST, UTC+9)`; the end has its own day and offset where they are others.
fn hours(zone: Zone, start: Instant, end: Instant) -> String {
    let (from, to) = (zone.clock(start), zone.clock(end));
    let (label, end_label) = (zone.label(start), zone.label(end));
    let to = if zone.date(start) == zone.date(end) {
        to
    } else {
        format!("{}, {to}", zone.day_in_words(end))
    };
    let dash = if to.contains(' ') { " – " } else { "–" };
    if label == end_label {
        format!("{from}{dash}{to} ({label})")
    } else {
        format!("{from} ({label}) – {to} ({end_label})")
    }
}

/// Room and house, as in an invitation's place.
pub(super) fn place(event: &Event, room: Option<&str>) -> String {
    room.map_or_else(
        || event.venue.to_string(),
        |room| format!("{room}, {}", event.venue),
    )
}

/// The calendar's description: both times, who takes part, whom to ask.
pub(super) fn description(letter: &Letter<'_>, told: &Told) -> String {
    let (venue, home) = zones(letter);
    let slot = slot_in_words(told, venue, home, true);
    let office = &letter.event.office;
    let mut lines = vec![format!("At {}: {}", letter.event.venue, slot.venue_time)];
    lines.extend(slot.home_time.map(|time| format!("At home: {time}")));
    lines.push(format!("{}: {}", slot.kind, slot.participants));
    lines.push(format!(
        "{}, {}{}{}",
        office.name,
        office.email,
        if office.phone.is_empty() { "" } else { ", " },
        office.phone
    ));
    lines.join("\n")
}
