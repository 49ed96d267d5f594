//! Calendars as RFC 5545 has them: programmes to download, and what invitations are made of.
//!
//! Times are UTC and nothing is left to the `icalendar` crate's defaults: it would invent UID and DTSTAMP.

use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};

use crate::core::clean;
use crate::core::event::ProtocolOffice;
use crate::core::text::Email;
use crate::core::time::{Instant, Moment};

/// Who made the calendar (RFC 5545 §3.7.3).
const PRODID: &str = "-//Iikura//Iikura//EN";
/// How often a calendar that is subscribed to is asked for: a programme changes by the quarter of an hour.
const REFRESH: &str = "PT15M";

/// One VEVENT, before it is cleaned.
#[derive(Debug, Clone)]
pub struct CalendarEntry<'a> {
    /// UID: opaque, stable, unique in the world.
    pub uid: String,
    /// SEQUENCE, from 0.
    pub sequence: i32,
    /// DTSTAMP: when this was first said.
    pub stamp: Moment,
    /// The start.
    pub starts: Instant,
    /// The end.
    pub ends: Instant,
    /// SUMMARY: the title.
    pub summary: String,
    /// LOCATION: room and venue; empty for none.
    pub location: String,
    /// DESCRIPTION, of any number of lines; empty for none.
    pub description: String,
    /// STATUS; `None` leaves it out.
    pub status: Option<CalendarStatus>,
    /// The protocol office, which ORGANIZER names.
    pub office: &'a ProtocolOffice,
    /// The address of ORGANIZER; where the reader was invited, that of the invitation.
    pub organizer: &'a Email,
}

/// How firm an entry is (RFC 5545 §3.8.1.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarStatus {
    /// Not yet sure.
    Tentative,
    /// Sure.
    Confirmed,
    /// Off.
    Cancelled,
}

/// Writes a calendar to download or subscribe to: METHOD PUBLISH, without attendees.
#[must_use]
pub fn publish(entries: &[CalendarEntry<'_>]) -> String {
    write("PUBLISH", &[], entries.iter().map(published))
}

/// Writes a calendar to subscribe to: METHOD PUBLISH, with its name and how often to ask for it (RFC 7986, and what
/// Outlook and Apple's calendar knew before it).
#[must_use]
pub fn subscription(name: &str, entries: &[CalendarEntry<'_>]) -> String {
    let name = clean::line(name);
    let mut interval = Property::new("REFRESH-INTERVAL", REFRESH);
    interval.add_parameter("VALUE", "DURATION");
    let head = [
        Property::new("NAME", escaped(&name)),
        Property::new("X-WR-CALNAME", &name),
        interval.done(),
        Property::new("X-PUBLISHED-TTL", REFRESH),
    ];
    write("PUBLISH", &head, entries.iter().map(published))
}

/// An entry that is published: it says when it was last changed, which is when it was stamped.
fn published(entry: &CalendarEntry<'_>) -> Event {
    let mut event = vevent(entry);
    event.last_modified(entry.stamp.utc());
    event
}

/// Makes the VEVENT of an entry, cleaned.
pub(crate) fn vevent(entry: &CalendarEntry<'_>) -> Event {
    let mut event = Event::new();
    event
        .uid(&clean::line(&entry.uid))
        .timestamp(entry.stamp.utc())
        .sequence(u32::try_from(entry.sequence).unwrap_or(0))
        .starts(entry.starts.utc())
        .ends(entry.ends.utc())
        .summary(&clean::line(&entry.summary));
    let location = clean::line(&entry.location);
    if !location.is_empty() {
        event.location(&location);
    }
    let description = clean::text(&entry.description);
    if !description.is_empty() {
        event.description(&description);
    }
    if let Some(status) = entry.status {
        event.status(match status {
            CalendarStatus::Tentative => EventStatus::Tentative,
            CalendarStatus::Confirmed => EventStatus::Confirmed,
            CalendarStatus::Cancelled => EventStatus::Cancelled,
        });
    }
    event.append_property(
        Property::new("ORGANIZER", mailto(entry.organizer.as_str()))
            .add_parameter("CN", &clean::parameter(entry.office.name.as_str()))
            .done(),
    );
    event
}

/// The crate takes NAME, which it does not know, for something else than text (0.17.17).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | ';' | ',') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Writes a calendar address.
pub(crate) fn mailto(address: &str) -> String {
    format!("mailto:{}", clean::address(address))
}

/// Writes a calendar of a method, with these properties before its events.
pub(crate) fn write(
    method: &str,
    head: &[Property],
    events: impl IntoIterator<Item = Event>,
) -> String {
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", PRODID))
        .append_property(Property::new("METHOD", method));
    for property in head {
        calendar.append_property(property.clone());
    }
    calendar.extend(events);
    // The crate's own folding leaves a last line of 76 octets now and then (0.17.17).
    let unfolded = calendar.to_string().replace("\r\n ", "");
    unfolded.split_terminator("\r\n").map(fold).collect()
}

/// Folds a line so that none has more than 75 octets, within no character (RFC 5545 §3.1).
fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + line.len() / 24 + 2);
    let mut rest = line;
    let mut room = 75;
    while rest.len() > room {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(room));
        folded.push_str(head);
        folded.push_str("\r\n ");
        rest = tail;
        // The space that marks the continuation counts.
        room = 74;
    }
    folded.push_str(rest);
    folded.push_str("\r\n");
    folded
}
