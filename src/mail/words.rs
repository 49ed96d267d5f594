//! What a letter says, in words: the same for plain text, HTML and the calendar's description.

use super::{Letter, Standing};
use crate::event::Event;
use crate::notice::{Method, News, Told};
use crate::time::{Instant, Zone};

const TO_BE_ANNOUNCED: &str = "to be announced";

/// A letter in words, ready for its templates.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub letter: &'a Letter<'a>,
    /// `Confirmed`, `Changed` …; the subject begins with it.
    pub headline: &'static str,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What follows from it; may be empty.
    pub advice: &'static str,
    /// Only what changed.
    pub changes: Vec<Change>,
    /// Heading over the slot.
    pub slot_heading: &'static str,
    pub slot: SlotWords,
    /// For the subject, `24 December 2022, 17:20 (JST, UTC+9)`.
    pub when: String,
    pub schedule: Vec<Day>,
    /// What the attached calendar file does; `None` where none is attached.
    pub calendar: Option<&'static str>,
}

/// One line of "old → new".
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub label: String,
    pub before: String,
    pub now: String,
}

/// A slot in words.
#[derive(Debug)]
pub(super) struct SlotWords {
    pub title: String,
    pub kind: String,
    /// With the day, at the venue.
    pub venue_time: String,
    /// `None` where home shares the venue's zone.
    pub home_time: Option<String>,
    pub room: Option<String>,
    pub participants: String,
}

/// One day of the schedule, as the venue counts days.
#[derive(Debug)]
pub(super) struct Day {
    pub name: String,
    pub slots: Vec<SlotWords>,
}

impl<'a> Words<'a> {
    pub(super) fn of(letter: &'a Letter<'a>, standing: Standing) -> Self {
        let slot = letter.news.slot();
        let (venue, home) = zones(letter);
        let (headline, sentence) = news_in_words(letter);
        Self {
            letter,
            headline,
            sentence,
            advice: advice(letter.news, standing),
            changes: match (letter.news, standing) {
                (News::Changed { before, now }, Standing::UpToDate) => changes(letter, before, now),
                _ => Vec::new(),
            },
            slot_heading: match letter.news {
                News::Changed { .. } => "As it now stands",
                News::Confirmed(_) | News::Repeated(_) => "What is confirmed",
                News::Cancelled(_) => "What is cancelled",
                News::Dropped(_) => "What you no longer take part in",
                News::Withdrawn(_) => "What is no longer confirmed",
            },
            slot: SlotWords {
                room: room(letter.news),
                ..slot_in_words(slot, venue, home, true)
            },
            when: format!(
                "{}, {} ({})",
                venue.date(slot.starts_at()).format("%-d %B %Y"),
                venue.clock(slot.starts_at()),
                venue.label(slot.starts_at())
            ),
            schedule: schedule(letter),
            calendar: (!letter.contact.letters_only).then(|| calendar_hint(letter.news.method())),
        }
    }
}

fn zones(letter: &Letter<'_>) -> (Zone, Zone) {
    (letter.event.time_zone, letter.delegation.time_zone)
}

fn news_in_words(letter: &Letter<'_>) -> (&'static str, String) {
    let title = &letter.news.slot().title;
    let party = &letter.delegation.name;
    match letter.news {
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

fn changes(letter: &Letter<'_>, before: &Told, now: &Told) -> Vec<Change> {
    let (venue, home) = zones(letter);
    let mut found = Vec::new();
    let mut note = |label: String, before: String, now: String| {
        if before != now {
            found.push(Change { label, before, now });
        }
    };
    if (before.starts, before.ends) != (now.starts, now.ends) {
        let (old, new) = time_change(venue, before, now);
        note(format!("Time at {}", letter.event.venue), old, new);
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

fn schedule(letter: &Letter<'_>) -> Vec<Day> {
    let (venue, home) = zones(letter);
    let mut days: Vec<Day> = Vec::new();
    for told in letter.schedule {
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
pub(super) fn description(letter: &Letter<'_>) -> String {
    let words = Words::of(letter, Standing::UpToDate);
    let office = &letter.event.office;
    let mut lines = vec![format!(
        "At {}: {}",
        letter.event.venue, words.slot.venue_time
    )];
    lines.extend(words.slot.home_time.map(|time| format!("At home: {time}")));
    lines.push(format!("{}: {}", words.slot.kind, words.slot.participants));
    lines.push(format!(
        "{}, {}{}{}",
        office.name,
        office.email,
        if office.phone.is_empty() { "" } else { ", " },
        office.phone
    ));
    lines.join("\n")
}
