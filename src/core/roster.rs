//! An interpreter's day: what, where, for whom, and when there is rest. Pure: a programme in, lines out.

use chrono::NaiveDate;

use crate::core::by_slot::BySlot;
use crate::core::coverage::Understanding;
use crate::core::interpreter::Interpreter;
use crate::core::programme::Programme;
use crate::core::rule::{Level, Rule};
use crate::core::rules::interpretation::{is_alone, is_relieved, of_content, works};
use crate::core::rules::{Candidate, check};
use crate::core::slot::{Resource, Slot, SlotState};
use crate::core::time::Instant;
use crate::core::timetable::{ConflictMark, SlotView, conflict_mark, slot_view_on};
use crate::core::wording;

/// One day of an interpreter.
#[derive(Debug)]
pub struct RosterDay {
    /// The day at the venue.
    pub date: NaiveDate,
    /// Slots and pauses, by time.
    pub lines: Vec<RosterLine>,
    /// How many slots there is work in.
    pub slots: usize,
    /// Minutes of work.
    pub minutes: i32,
}

/// A line of the roster.
#[derive(Debug)]
pub enum RosterLine {
    /// A slot.
    Work(Box<RosterWork>),
    /// The time until the next one.
    Pause {
        /// Its length.
        minutes: i32,
        /// True when it is long enough to count as a rest.
        is_rest: bool,
    },
}

/// A slot on the roster.
#[derive(Debug)]
pub struct RosterWork {
    /// The slot in words.
    pub slot: SlotView,
    /// Sides: `Japan (ja) with Kazakhstan (kk, ru)`; names alone where no interpreter is needed.
    pub between: String,
    /// `alone`, `in turns with …`, `with …`, or `by relay with … through …`.
    pub how: String,
    /// How long there has been no rest, at its end; `None` for a sketch or a break, which is no work.
    pub running: Option<Running>,
    /// What the rules say of the interpreter here.
    pub marks: Vec<ConflictMark>,
}

/// How long an interpreter has worked at the end of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Minutes since the last rest.
    pub minutes: i32,
    /// The last of them without a colleague taking turns.
    pub alone: i32,
}

/// Since when there has been no rest.
#[derive(Default)]
struct RestClock {
    since: Option<Instant>,
    alone_since: Option<Instant>,
    until: Option<Instant>,
}

impl RestClock {
    fn pause_before(&self, slot: &Slot) -> Option<i32> {
        self.until
            .map(|until| slot.interval().start().minutes_since(until))
    }

    /// Continues the run through a slot.
    fn work(&mut self, slot: &Slot, relieved: bool) -> Running {
        let (start, end) = (slot.interval().start(), slot.interval().end());
        let until = self.until.map_or(end, |until| until.max(end));
        self.until = Some(until);
        self.alone_since = (!relieved).then(|| self.alone_since.unwrap_or(start));
        let alone = self
            .alone_since
            .map_or(0, |since| until.minutes_since(since));
        let minutes = until.minutes_since(*self.since.get_or_insert(start));
        Running { minutes, alone }
    }
}

/// The days of an interpreter on which something is booked; cancelled slots are left out.
#[must_use]
pub fn roster(programme: &Programme, interpreter: &Interpreter) -> Vec<RosterDay> {
    let rest = programme.event.settings.interpreter_rest_minutes;
    let mut days: Vec<RosterDay> = Vec::new();
    let mut clock = RestClock::default();
    let slots = programme
        .slots_of(Resource::Interpreter(interpreter.id))
        .filter(|slot| slot.state() != SlotState::Cancelled);
    for slot in slots {
        let interval = slot.interval();
        let date = programme.event.day_of(interval.start());
        let same_day = days.last().is_some_and(|day| day.date == date);
        if !same_day {
            days.push(RosterDay {
                date,
                lines: Vec::new(),
                slots: 0,
                minutes: 0,
            });
        }
        let Some(day) = days.last_mut() else { continue };
        let running = works(Candidate::stored(slot)).then(|| {
            let pause = clock.pause_before(slot);
            if let Some(minutes) = pause.filter(|pause| same_day && *pause > 0) {
                let is_rest = minutes >= rest;
                day.lines.push(RosterLine::Pause { minutes, is_rest });
            }
            if pause.is_none_or(|pause| pause >= rest) {
                clock = RestClock::default();
            }
            day.slots += 1;
            day.minutes += interval.minutes();
            clock.work(
                slot,
                is_relieved(programme, Candidate::stored(slot), interpreter),
            )
        });
        let work = work(programme, interpreter, slot, running);
        day.lines.push(RosterLine::Work(Box::new(work)));
    }
    days
}

fn work(
    programme: &Programme,
    interpreter: &Interpreter,
    slot: &Slot,
    running: Option<Running>,
) -> RosterWork {
    let candidate = Candidate::stored(slot);
    let own = Some(Resource::Interpreter(interpreter.id));
    let conflicts = check(programme, candidate);
    let about = conflicts.iter().filter(|conflict| {
        conflict.finding.resource() == own
            || (conflict.rule() == Rule::Interpretation && conflict.level != Level::Advice)
    });
    RosterWork {
        slot: slot_view_on(
            programme,
            programme.event.day_of(slot.interval().start()),
            slot,
            &BySlot::default(),
        ),
        between: between(programme, interpreter, slot),
        how: how(programme, interpreter, slot),
        running,
        marks: about
            .map(|conflict| conflict_mark(programme, candidate, conflict))
            .collect(),
    }
}

/// The sides between which the interpreter works, with their languages.
fn between(programme: &Programme, interpreter: &Interpreter, slot: &Slot) -> String {
    let coverage = of_content(programme, slot.content());
    let own: Vec<_> = coverage
        .sides()
        .iter()
        .filter(|sides| match &sides.how {
            Understanding::Direct(direct) => direct.contains(&interpreter.id),
            Understanding::Relay(relay) => [relay.first, relay.second].contains(&interpreter.id),
            Understanding::Shared | Understanding::Nobody | Understanding::Unknown => false,
        })
        .collect();
    let side = |id| {
        let delegation = programme.delegation(id);
        delegation.map(wording::with_languages).unwrap_or_default()
    };
    match own.first() {
        Some(first) => {
            let others: Vec<String> = own.iter().map(|sides| side(sides.other)).collect();
            format!("{} with {}", side(first.hub), others.join(", "))
        }
        None => programme
            .parties(slot.content())
            .map(wording::with_languages)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn how(programme: &Programme, interpreter: &Interpreter, slot: &Slot) -> String {
    let coverage = of_content(programme, slot.content());
    let relay = coverage.sides().iter().find_map(|sides| match &sides.how {
        Understanding::Relay(relay) if relay.first == interpreter.id => {
            Some((relay.second, &relay.through))
        }
        Understanding::Relay(relay) if relay.second == interpreter.id => {
            Some((relay.first, &relay.through))
        }
        _ => None,
    });
    if let Some((partner, through)) = relay {
        let partner = wording::resource_name(programme, Resource::Interpreter(partner));
        return format!("by relay with {partner} through “{through}”");
    }
    let others: Vec<&str> = programme
        .interpreters_of(slot.content())
        .filter(|other| other.id != interpreter.id)
        .map(|other| other.name.as_str())
        .collect();
    match (
        others.is_empty(),
        is_alone(programme, slot.content(), interpreter),
    ) {
        (true, _) => "alone".to_owned(),
        (false, false) => format!("in turns with {}", others.join(", ")),
        (false, true) => format!("beside {}, who cannot take turns", others.join(", ")),
    }
}
