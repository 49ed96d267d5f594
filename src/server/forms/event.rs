//! The event form: for a new event and for the settings of one.

use std::borrow::Cow;

use crate::core::entered::{Entered, EnteredStay, Faults};
use crate::core::event::{
    DayDraft, EnteredDay, Event, EventDraft, EventId, EventSettings, SettingsDraft,
};
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields, FormSource};
use crate::server::forms::CORRECTION;

/// Every field of the event form.
pub const FIELDS: &[&str] = &[
    "slug",
    "name",
    "name_ja",
    "venue",
    "venue_ja",
    "time_zone",
    "times",
    "times_zone",
    "times_seen",
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
    CORRECTION,
];

/// Reads an event form. `stored` is the event being changed, whose slug stays; a new one needs a slug.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(fields: &Fields, stored: Option<&Event>) -> Result<Event, FieldErrors> {
    let mut slug = fields.entered("slug", "Short name");
    if let Some(event) = stored {
        slug.value = Cow::Borrowed(event.slug.as_str());
    }
    let days = Entered {
        value: fields.lines("days", "Days").map(day).collect(),
        source: fields.entered("days", "Days").source,
    };
    let number = |field, label: &str| Some(fields.entered(field, label));
    let draft = EventDraft {
        slug,
        name: fields.entered("name", "Name"),
        name_ja: fields.entered("name_ja", "Japanese name"),
        venue: fields.entered("venue", "Venue"),
        venue_ja: fields.entered("venue_ja", "The venue’s Japanese name"),
        time_zone: fields.entered("time_zone", ""),
        days,
        office_name: fields.entered("office_name", "The office’s name"),
        office_email: fields.entered("office_email", "The office’s e-mail"),
        office_phone: fields.entered("office_phone", "The office’s telephone"),
        settings: SettingsDraft {
            grid_minutes: number("grid_minutes", "Grid"),
            minimum_gap_minutes: number("minimum_gap_minutes", "Transfer"),
            chair_run_minutes: number("chair_run_minutes", "The chair’s longest run"),
            chair_rest_needs_reason: fields.flag("chair_rest_needs_reason"),
            interpreter_alone_minutes: number(
                "interpreter_alone_minutes",
                "An interpreter’s longest run alone",
            ),
            interpreter_team_minutes: number(
                "interpreter_team_minutes",
                "An interpreter’s longest run in turns",
            ),
            interpreter_rest_minutes: number("interpreter_rest_minutes", "An interpreter’s rest"),
        },
    };
    FieldErrors::unless_sound(Faults::default(), |faults| {
        let id = stored.map_or_else(|| EventId(fresh_id()), |event| event.id);
        Event::parse(id, &draft, faults)
    })
}

/// Splits `2022-12-24 08:30–21:00`; a hyphen serves as well.
fn day(line: Entered<FormSource, &str>) -> EnteredDay<'_, FormSource> {
    let Entered { value, source } = line;
    let split = || {
        let (date, hours) = value.trim().split_once(' ')?;
        let (opens, closes) = hours.split_once(['–', '-'])?;
        Some([date, opens, closes].map(|value| Entered {
            value: Cow::Borrowed(value),
            source: source.clone(),
        }))
    };
    match split() {
        Some([date, opens, closes]) => EnteredDay::Read(DayDraft {
            date,
            opens,
            closes,
        }),
        None => EnteredDay::Unread {
            advice: "write it as in 2022-12-24 08:30–21:00",
            source,
        },
    }
}

/// Splits presence: one stay a line, as `2022-12-22 18:00 – 2022-12-25 12:00`; a spaced hyphen serves as well.
pub(crate) fn presence(fields: &Fields) -> Vec<EnteredStay<'_, FormSource>> {
    let stays = fields.lines("presence", "Presence");
    stays
        .map(|Entered { value, source }| {
            let split = value
                .split_once('–')
                .or_else(|| value.split_once(" - "))
                .ok_or("write it as in 2022-12-22 18:00 – 2022-12-25 12:00");
            Entered {
                value: split.map(|(from, until)| [Cow::Borrowed(from), Cow::Borrowed(until)]),
                source,
            }
        })
        .collect()
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
