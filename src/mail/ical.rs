//! Calendars as RFC 5545, 5546 and 6047 have them: one invitation a mail, and programmes to download.
//!
//! Times are UTC and nothing is left to the `icalendar` crate's defaults: it would invent UID and DTSTAMP.

use icalendar::{
    Attendee, Calendar, Component, Event, EventLike, EventStatus, PartStat, Property, Role,
};

use super::{Letter, clean, words};
use crate::event::Office;
use crate::notice::{Method, News};
use crate::time::{Instant, Moment};

/// Who made the calendar (RFC 5545 §3.7.3).
const PRODID: &str = "-//Iikura//Iikura//EN";

/// One VEVENT, before it is cleaned.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// UID: opaque, stable, unique in the world.
    pub uid: String,
    /// SEQUENCE, from 0.
    pub sequence: i32,
    /// DTSTAMP: when this was written.
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
    pub status: Option<Status>,
    /// ORGANIZER: the protocol office.
    pub office: &'a Office,
}

/// How firm an entry is (RFC 5545 §3.8.1.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not yet sure.
    Tentative,
    /// Sure.
    Confirmed,
    /// Off.
    Cancelled,
}

/// Writes the calendar part of a letter: METHOD REQUEST or CANCEL, one VEVENT, one ATTENDEE, who reads it.
#[must_use]
pub fn calendar(letter: &Letter<'_>) -> String {
    let method = letter.news.method();
    let mut event = vevent(&entry(letter));
    let mut attendee = Attendee::new(mailto(letter.contact.email.as_str()))
        .cn(clean::parameter(letter.contact.name.as_str()))
        .role(Role::ReqParticipant)
        .partstat(PartStat::NeedsAction);
    if method == Method::Request {
        attendee = attendee.rsvp(true);
    }
    event.attendee(attendee);
    let name = match method {
        Method::Request => "REQUEST",
        Method::Cancel => "CANCEL",
    };
    write(name, [event])
}

/// Writes a calendar to download or subscribe to: METHOD PUBLISH, nobody invited.
#[must_use]
pub fn publish(entries: &[Entry<'_>]) -> String {
    write("PUBLISH", entries.iter().map(vevent))
}

fn entry<'a>(letter: &Letter<'a>) -> Entry<'a> {
    let slot = letter.news.slot();
    Entry {
        uid: letter.uid.to_owned(),
        sequence: letter.sequence,
        stamp: letter.written_at,
        starts: slot.starts_at(),
        ends: slot.ends_at(),
        summary: slot.title.clone(),
        location: words::place(letter.event, slot.room.as_deref()),
        description: words::description(letter),
        status: match letter.news {
            News::Confirmed(_) | News::Changed { .. } | News::Repeated(_) => {
                Some(Status::Confirmed)
            }
            News::Cancelled(_) | News::Withdrawn(_) => Some(Status::Cancelled),
            // The meeting is not off, only their part in it (RFC 5546 §3.2.5).
            News::Dropped(_) => None,
        },
        office: &letter.event.office,
    }
}

fn vevent(entry: &Entry<'_>) -> Event {
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
            Status::Tentative => EventStatus::Tentative,
            Status::Confirmed => EventStatus::Confirmed,
            Status::Cancelled => EventStatus::Cancelled,
        });
    }
    event.append_property(
        Property::new("ORGANIZER", mailto(entry.office.email.as_str()))
            .add_parameter("CN", &clean::parameter(entry.office.name.as_str()))
            .done(),
    );
    event
}

fn mailto(address: &str) -> String {
    format!("mailto:{}", clean::address(address))
}

fn write(method: &str, events: impl IntoIterator<Item = Event>) -> String {
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", PRODID))
        .append_property(Property::new("METHOD", method));
    calendar.extend(events);
    calendar.to_string()
}
