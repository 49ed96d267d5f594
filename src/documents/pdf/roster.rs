//! The interpreters' roster: what, where, for whom, and when there is rest. Each interpreter begins on a new page.

use chrono::NaiveDate;
use serde::Serialize;

use super::head::SheetHead;
use super::programme::state;
use super::sheet::{Chosen, Sheet};
use super::words::{Name, Time, text};
use super::{PdfError, PdfSource};
use crate::core::agenda::draft_mark;
use crate::core::interpreter::Interpreter;
use crate::core::programme::Programme;
use crate::core::roster::{RosterDay, RosterLine as Booked, RosterWork, roster};
use crate::core::slot::SlotState;
use crate::core::time::interval::{Interval, hull};
use crate::core::time::{ClockRange, day_in_words};

const TEMPLATE: &str = include_str!("../../../templates/agenda/roster.typ");

#[derive(Debug, Serialize)]
struct Roster {
    limits: String,
    interpreters: Vec<RosterPerson>,
}

#[derive(Debug, Serialize)]
struct RosterPerson {
    name: String,
    languages: String,
    presence: Vec<String>,
    days: Vec<WorkDay>,
}

#[derive(Debug, Serialize)]
struct WorkDay {
    day: String,
    zone: String,
    /// `3 slots, 95 minutes of work`
    total: String,
    lines: Vec<WorkLine>,
}

/// Work, or the pause before the next.
#[derive(Debug, Serialize)]
#[serde(tag = "is", rename_all = "lowercase")]
enum WorkLine {
    Work {
        time: Time,
        title: String,
        room: Option<Name>,
        between: String,
        how: String,
        /// Empty for a break.
        running: String,
        state: &'static str,
    },
    Pause {
        words: String,
    },
}

/// The roster of one interpreter or of all, on a day or on all.
pub(super) fn paper(chosen: &Chosen<'_>) -> Result<PdfSource, PdfError> {
    let (programme, settings) = (chosen.programme, chosen.programme.event.settings);
    let wanted = |each: &&Interpreter| chosen.interpreter.is_none_or(|one| one.id == each.id);
    let body = Roster {
        limits: format!(
            "Without a rest of {} minutes: alone at most {} minutes, in turns at most {}.",
            settings.interpreter_rest_minutes,
            settings.interpreter_alone_minutes,
            settings.interpreter_team_minutes,
        ),
        interpreters: programme
            .interpreters
            .iter()
            .filter(wanted)
            .map(|interpreter| person(chosen, interpreter))
            .collect(),
    };
    let working = chosen
        .agenda
        .days
        .iter()
        .filter(|day| chosen.wants(day.date));
    let shown = working.flat_map(|day| &day.entries).filter(|entry| {
        let mut names = entry.interpreters.iter().flatten();
        names.any(|one| {
            chosen
                .interpreter
                .is_none_or(|wanted| wanted.code.as_str() == one.code)
        })
    });
    let head = SheetHead::of(&chosen.agenda, "Interpreters’ roster", draft_mark(shown));
    let head = match chosen.interpreter {
        Some(interpreter) => head.addressed(&format!("For {}", interpreter.name)),
        None => head.addressed("For the interpreters"),
    };
    PdfSource::new(TEMPLATE, &head, &body, chosen.file_name(Sheet::Roster))
}

fn person(chosen: &Chosen<'_>, interpreter: &Interpreter) -> RosterPerson {
    let event = &chosen.programme.event;
    let pairs: Vec<String> = interpreter.pairs.iter().map(ToString::to_string).collect();
    let days = roster(chosen.programme, interpreter);
    RosterPerson {
        name: text(interpreter.name.as_str()),
        languages: text(&pairs.join(", ")),
        presence: interpreter
            .presence
            .iter()
            .map(|stay| event.write_stay(*stay))
            .collect(),
        days: days
            .into_iter()
            .filter(|day| chosen.wants(day.date))
            .map(|day| work_day(chosen.programme, &day))
            .filter(|day| !day.lines.is_empty())
            .collect(),
    }
}

fn work_day(programme: &Programme, day: &RosterDay) -> WorkDay {
    let mut worked = day.lines.iter().filter_map(|line| match line {
        Booked::Work(work) => Some(work.slot.interval),
        Booked::Pause { .. } => None,
    });
    let first: Option<Interval> = worked.next();
    let zone = first.map_or_else(String::new, |first| {
        let zone = programme.event.time_zone;
        zone.label_within(hull(first, worked))
    });
    let slots = match day.slots {
        1 => "1 slot".to_owned(),
        many => format!("{many} slots"),
    };
    WorkDay {
        day: day_in_words(day.date),
        total: format!("{slots}, {} minutes of work", day.minutes),
        lines: day
            .lines
            .iter()
            .filter_map(|each| line(programme, each, (day.date, &zone)))
            .collect(),
        zone,
    }
}

/// `None` for a sketch, which assigns no interpreter yet.
fn line(programme: &Programme, line: &Booked, day: (NaiveDate, &str)) -> Option<WorkLine> {
    match line {
        Booked::Work(work) => {
            let known = programme.slot(work.slot.id).map(|slot| slot.state());
            let is_sketch = known == Some(SlotState::Pencilled);
            (!is_sketch).then(|| booked(programme, work, known, day))
        }
        Booked::Pause { minutes, is_rest } => Some(WorkLine::Pause {
            words: if *is_rest {
                format!("Rest, {minutes} minutes")
            } else {
                format!("{minutes} minutes; too short for a rest")
            },
        }),
    }
}

fn booked(
    programme: &Programme,
    work: &RosterWork,
    known: Option<SlotState>,
    (date, zone): (NaiveDate, &str),
) -> WorkLine {
    let clock = ClockRange::at(programme.event.time_zone, work.slot.interval);
    let room = programme.room_by_code(&work.slot.room_code);
    WorkLine::Work {
        time: Time::of(&clock, zone, date),
        title: text(&work.slot.title),
        room: room.map(|room| Name::new(room.name.as_str(), &room.name_ja)),
        between: text(&work.between),
        how: text(&work.how),
        running: work
            .running
            .map_or_else(String::new, |running| format!("{} min", running.minutes)),
        state: known.map_or("", state),
    }
}
