//! The agenda as a calendar file to import or subscribe to (RFC 5545, METHOD:PUBLISH of RFC 5546).
//!
//! The crate writes what it is given, line breaks included, and makes up UID and DTSTAMP where they are missing; so
//! every text is cleaned here and both are always set. Times are UTC, which leaves nothing to misread.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};

use super::{Agenda, Entry, Party};
use crate::slot::State;
use crate::time::day_in_words;

const PRODID: &str = "-//Iikura//Iikura//EN";
/// The longest text in a calendar, in bytes; icalendar folds in time that grows with the square of the length.
const TEXT_MAX: usize = 4096;

/// Writes the calendar.
///
/// # Errors
/// When the `icalendar` crate fails to write to memory.
pub fn render(agenda: &Agenda) -> Result<String, fmt::Error> {
    let mut calendar = Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", PRODID),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    // No standard property, hence no escaping by the crate, but the only name Apple, Google and Outlook show.
    calendar.append_property(Property::new("X-WR-CALNAME", escape(&line(&name(agenda)))));
    for entry in agenda.entries() {
        calendar.push(event(agenda, entry));
    }
    let mut text = String::new();
    fmt::Write::write_fmt(&mut text, format_args!("{calendar}"))?;
    Ok(text)
}

fn event(agenda: &Agenda, entry: &Entry) -> Event {
    let mut event = Event::new();
    event
        .uid(&line(&uid(agenda, entry)))
        .timestamp(agenda.issued_at.utc())
        .sequence(u32::try_from(entry.sequence).unwrap_or(0))
        .summary(&line(&entry.title))
        .description(&text(&description(entry)));
    event
        .add_property("DTSTART", utc(entry.interval.start().utc()))
        .add_property("DTEND", utc(entry.interval.end().utc()))
        .append_property(organizer(agenda))
        .status(match entry.state {
            State::Confirmed => EventStatus::Confirmed,
            State::Pencilled | State::Tentative => EventStatus::Tentative,
            State::Cancelled => EventStatus::Cancelled,
        });
    event.location(&line(&place(agenda, entry)));
    event
}

/// The invitation's own UID where the reader was invited, so that a file and a mail are one entry in the calendar;
/// else one that stays with the slot. Ids are random, and nobody can register a name under `.invalid` (RFC 6761).
fn uid(agenda: &Agenda, entry: &Entry) -> String {
    let reader = agenda
        .addressee()
        .map_or_else(String::new, |party| format!("-{}", party.code));
    entry.uid_in_calendar.clone().unwrap_or_else(|| {
        format!("slot-{}{reader}@{}.iikura.invalid", entry.id, agenda.slug).to_ascii_lowercase()
    })
}

fn name(agenda: &Agenda) -> String {
    agenda.addressee().map_or_else(
        || agenda.name.clone(),
        |party| format!("{} – {}", agenda.name, party.name),
    )
}

fn place(agenda: &Agenda, entry: &Entry) -> String {
    entry.room.as_ref().map_or_else(
        || agenda.venue.clone(),
        |room| format!("{}, {}", room.name, agenda.venue),
    )
}

/// What the fields of a calendar cannot say: both clocks with their zones, who takes part, how firm it is.
fn description(entry: &Entry) -> String {
    let mut lines = vec![
        format!("{} · {}", entry.kind.label(), entry.state_in_words()),
        format!(
            "{}, {} ({})",
            day_in_words(entry.venue.date),
            entry.venue.range(),
            entry.venue.zone
        ),
    ];
    if let Some(home) = &entry.home {
        lines.push(format!(
            "At home: {}, {} ({})",
            day_in_words(home.date),
            home.range(),
            home.zone
        ));
    }
    if entry.everyone {
        lines.push("All delegations".to_owned());
    } else {
        let who = |party: &Arc<Party>| format!("{}: {}", party.name, party.principal);
        lines.extend(entry.parties.iter().map(who));
    }
    lines.join("\n")
}

fn organizer(agenda: &Agenda) -> Property {
    let address = agenda.office.email.parse::<lettre::Address>().map_or_else(
        |_| "office@iikura.invalid".to_owned(),
        |address| address.to_string(),
    );
    Property::new("ORGANIZER", format!("mailto:{address}"))
        .add_parameter("CN", &parameter(&agenda.office.name))
        .done()
}

fn utc(time: DateTime<Utc>) -> String {
    time.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Text of several lines: line ends as `\n`, no other control character but the tab, at most [`TEXT_MAX`] bytes.
fn text(raw: &str) -> String {
    let clean: String = raw
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|&c| c == '\n' || c == '\t' || !c.is_control())
        .collect();
    let end = (0..=TEXT_MAX.min(clean.len()))
        .rev()
        .find(|&at| clean.is_char_boundary(at))
        .unwrap_or(0);
    clean[..end].to_owned()
}

/// Text of one line.
fn line(raw: &str) -> String {
    text(raw).replace(['\n', '\t'], " ")
}

/// The value of a parameter, which knows no escape for a double quote.
fn parameter(raw: &str) -> String {
    line(raw).replace('"', "'")
}

/// Escapes a text for a property that the crate does not know to be text.
fn escape(line: &str) -> String {
    line.replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_starts_a_line_of_its_own() {
        assert_eq!(text("a\r\nb\rc\nd\u{7}\u{0}\t"), "a\nb\nc\nd\t");
        assert_eq!(line("a\r\nMETHOD:CANCEL"), "a METHOD:CANCEL");
        assert_eq!(parameter("The \"Office\"\n"), "The 'Office' ");
        assert_eq!(escape(r"a\b;c,d"), r"a\\b\;c\,d");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let cut = text(&"長".repeat(3000));
        assert_eq!(cut.len(), 4095);
        assert!(cut.chars().all(|c| c == '長'));
    }
}
