//! The event form: for a new event and for the settings of one.

use crate::core::event::{Event, EventDay, EventId, EventSettings, ProtocolOffice, Revision};
use crate::core::text::{Code, Email, TextLine, optional_line};
use crate::core::time::interval::Interval;
use crate::core::time::{ClockTime, Zone, parse_date};
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields};

/// Every field of the event form.
pub const FIELDS: &[&str] = &[
    "slug",
    "name",
    "name_ja",
    "venue",
    "venue_ja",
    "time_zone",
    "days",
    "office_name",
    "office_email",
    "office_phone",
    "grid_minutes",
    "minimum_gap_minutes",
    "chair_run_minutes",
    "chair_rest_needs_reason",
    "interpreter_alone_minutes",
    "interpreter_team_minutes",
    "interpreter_rest_minutes",
];

/// Reads an event form. `stored` is the event being changed, whose slug stays; a new one needs a slug.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(fields: &Fields, stored: Option<&Event>) -> Result<Event, FieldErrors> {
    let mut errors = FieldErrors::default();
    let slug = match stored {
        Some(event) => Some(event.slug.clone()),
        None => errors.check("slug", "Short name", Code::parse(fields.get("slug"))),
    };
    let name = errors.check("name", "Name", TextLine::parse(fields.get("name")));
    let name_ja = errors.check(
        "name_ja",
        "Japanese name",
        optional_line(fields.get("name_ja")),
    );
    let venue = errors.check("venue", "Venue", TextLine::parse(fields.get("venue")));
    let venue_ja = errors.check(
        "venue_ja",
        "The venue’s Japanese name",
        optional_line(fields.get("venue_ja")),
    );
    let time_zone = errors.take("time_zone", fields.get("time_zone").trim().parse::<Zone>());
    let days = days(fields, &mut errors);
    let office = office(fields, &mut errors);
    let settings = settings(fields, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let event = || {
        Some(Event {
            id: stored.map_or_else(|| EventId(fresh_id()), |event| event.id),
            slug: slug?,
            name: name?,
            name_ja: name_ja?,
            venue: venue?,
            venue_ja: venue_ja?,
            time_zone: time_zone?,
            office: office?,
            days,
            settings: settings?,
            revision: Revision(0),
        })
    };
    event().ok_or(errors)
}

fn days(fields: &Fields, errors: &mut FieldErrors) -> Vec<EventDay> {
    let mut days: Vec<EventDay> = Vec::new();
    for (number, line) in (1..)
        .zip(fields.get("days").lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match day(line) {
            Ok(day) if days.iter().any(|other| other.date == day.date) => {
                errors.add(
                    "days",
                    format!("Days, line {number}: {} is there twice.", day.date),
                );
            }
            Ok(day) => days.push(day),
            Err(fault) => errors.add("days", format!("Days, line {number}: {fault}.")),
        }
    }
    if days.is_empty() && errors.get("days").is_none() {
        errors.add("days", "Days are missing; an event has at least one.");
    }
    days.sort_by_key(|day| day.date);
    days
}

/// Reads `2022-12-24 08:30–21:00`; a hyphen serves as well.
fn day(line: &str) -> Result<EventDay, String> {
    let advice = "write it as in 2022-12-24 08:30–21:00";
    let (date, hours) = line.trim().split_once(' ').ok_or(advice)?;
    let (opens, closes) = hours.split_once(['–', '-']).ok_or(advice)?;
    let (opens, closes) = (opens.parse::<ClockTime>()?, closes.parse::<ClockTime>()?);
    if closes.minutes() <= opens.minutes() {
        return Err("the closing time must be after the opening time".to_owned());
    }
    Ok(EventDay {
        date: parse_date(date)?,
        opens,
        closes,
    })
}

fn office(fields: &Fields, errors: &mut FieldErrors) -> Option<ProtocolOffice> {
    let name = errors.check(
        "office_name",
        "The office’s name",
        TextLine::parse(fields.get("office_name")),
    );
    let email = errors.check(
        "office_email",
        "The office’s e-mail",
        Email::parse(fields.get("office_email")),
    );
    let phone = errors.check(
        "office_phone",
        "The office’s telephone",
        optional_line(fields.get("office_phone")),
    );
    Some(ProtocolOffice {
        name: name?,
        email: email?,
        phone: phone?,
    })
}

fn settings(fields: &Fields, errors: &mut FieldErrors) -> Option<EventSettings> {
    let mut number = |field, label, range| errors.number(field, label, fields.get(field), range);
    let grid = number("grid_minutes", "Grid", EventSettings::GRID);
    let gap = number(
        "minimum_gap_minutes",
        "Transfer",
        EventSettings::MINIMUM_GAP,
    );
    let run = number(
        "chair_run_minutes",
        "The chair’s longest run",
        EventSettings::CHAIR_RUN,
    );
    let longest = EventSettings::INTERPRETER_RUN;
    let alone = number(
        "interpreter_alone_minutes",
        "An interpreter’s longest run alone",
        longest.clone(),
    );
    let team = number(
        "interpreter_team_minutes",
        "An interpreter’s longest run in turns",
        longest,
    );
    let rest = number(
        "interpreter_rest_minutes",
        "An interpreter’s rest",
        EventSettings::INTERPRETER_REST,
    );
    Some(EventSettings {
        grid_minutes: grid?,
        minimum_gap_minutes: gap?,
        chair_run_minutes: run?,
        chair_rest_needs_reason: fields.flag("chair_rest_needs_reason"),
        interpreter_alone_minutes: alone?,
        interpreter_team_minutes: team?,
        interpreter_rest_minutes: rest?,
    })
}

/// Reads presence: one stay a line; empty means always present.
pub(crate) fn presence(event: &Event, fields: &Fields, errors: &mut FieldErrors) -> Vec<Interval> {
    let mut stays: Vec<Interval> = Vec::new();
    for (number, line) in (1..)
        .zip(fields.get("presence").lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match stay(event, line) {
            Ok(stay) if stays.iter().any(|other| other.overlaps(stay)) => {
                errors.add(
                    "presence",
                    format!("Presence, line {number}: overlaps another line; join the two."),
                );
            }
            Ok(stay) => stays.push(stay),
            Err(fault) => errors.add("presence", format!("Presence, line {number}: {fault}.")),
        }
    }
    stays.sort();
    stays
}

/// Reads `2022-12-22 18:00 – 2022-12-25 12:00`; a spaced hyphen serves as well.
fn stay(event: &Event, line: &str) -> Result<Interval, String> {
    let (from, until) = line
        .split_once('–')
        .or_else(|| line.split_once(" - "))
        .ok_or("write it as in 2022-12-22 18:00 – 2022-12-25 12:00")?;
    Interval::stay(event.parse_moment(from)?, event.parse_moment(until)?)
        .ok_or_else(|| "the departure must be after the arrival".to_owned())
}

/// Fills the form with a stored event.
#[must_use]
pub fn fields_of(event: &Event) -> Fields {
    let days: Vec<String> = event
        .days
        .iter()
        .map(|day| format!("{} {}–{}", day.date, day.opens, day.closes))
        .collect();
    let mut fields = fields_of_settings(event.settings);
    for (name, value) in [
        ("name", event.name.as_str()),
        ("name_ja", &event.name_ja),
        ("venue", event.venue.as_str()),
        ("venue_ja", &event.venue_ja),
        ("time_zone", event.time_zone.name()),
        ("days", &days.join("\n")),
        ("office_name", event.office.name.as_str()),
        ("office_email", event.office.email.as_str()),
        ("office_phone", &event.office.phone),
    ] {
        fields.push(name, value);
    }
    fields
}

/// Fills the form's figures.
#[must_use]
pub fn fields_of_settings(settings: EventSettings) -> Fields {
    let mut fields = Fields::from_pairs([
        ("grid_minutes", settings.grid_minutes.to_string()),
        (
            "minimum_gap_minutes",
            settings.minimum_gap_minutes.to_string(),
        ),
        ("chair_run_minutes", settings.chair_run_minutes.to_string()),
        (
            "interpreter_alone_minutes",
            settings.interpreter_alone_minutes.to_string(),
        ),
        (
            "interpreter_team_minutes",
            settings.interpreter_team_minutes.to_string(),
        ),
        (
            "interpreter_rest_minutes",
            settings.interpreter_rest_minutes.to_string(),
        ),
    ]);
    if settings.chair_rest_needs_reason {
        fields.push("chair_rest_needs_reason", "yes");
    }
    fields
}
