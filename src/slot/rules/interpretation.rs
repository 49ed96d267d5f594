//! Rules on interpreters: whether the sides understand each other, and how long somebody goes on without a rest.

use super::{Candidate, Conflict, Finding, Level, overlap, place};
use crate::delegation::DelegationId;
use crate::event::programme::{Programme, Resource};
use crate::interpreter::coverage::{Coverage, Understanding, coverage};
use crate::interpreter::{Interpreter, InterpreterId};
use crate::slot::interval::Interval;
use crate::slot::{Details, Kind, Slot, SlotId, State};

/// Whether the sides of a slot that wants interpretation understand each other.
pub(super) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    if !candidate.details.interpretation_wanted {
        return;
    }
    let coverage = of_details(programme, candidate.details);
    if let Some(finding) = uncovered(&coverage) {
        found.push(candidate.conflict(candidate.softened(Level::NeedsReason), finding));
    }
    let worth_knowing = relayed(&coverage).chain(speechless(programme, candidate.details));
    found.extend(worth_knowing.map(|finding| candidate.conflict(Level::Advice, finding)));
}

/// How the sides of a slot understand each other.
pub(crate) fn of_details(programme: &Programme, details: &Details) -> Coverage {
    coverage(programme, &details.delegations, &details.interpreters)
}

fn uncovered(coverage: &Coverage) -> Option<Finding> {
    let hub = coverage.uncovered().next()?.hub;
    let others = coverage.uncovered().map(|sides| sides.other).collect();
    Some(Finding::Uncovered { hub, others })
}

fn relayed(coverage: &Coverage) -> impl Iterator<Item = Finding> {
    coverage
        .sides()
        .iter()
        .filter_map(|sides| match &sides.how {
            Understanding::Relay(relay) => Some(Finding::Relayed {
                hub: sides.hub,
                other: sides.other,
                relay: relay.clone(),
            }),
            _ => None,
        })
}

/// The delegations of which nobody knows what they speak.
fn speechless<'p>(
    programme: &'p Programme,
    details: &'p Details,
) -> impl Iterator<Item = Finding> + use<'p> {
    programme
        .parties(details)
        .filter(|party| details.delegations.len() > 1 && party.languages.is_empty())
        .map(|party| Finding::NoLanguages {
            delegation: party.id,
        })
}

/// The runs of its interpreters that a slot would make too long.
pub(super) fn rest(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    for interpreter in programme.interpreters_of(candidate.details) {
        rest_of_one(programme, candidate, interpreter, found);
    }
}

fn rest_of_one(
    programme: &Programme,
    candidate: Candidate<'_>,
    interpreter: &Interpreter,
    found: &mut Vec<Conflict>,
) {
    if !works(candidate.details) {
        return;
    }
    let id = candidate.id.unwrap_or(UNSTORED);
    let run = Day::with(programme, interpreter, candidate).run_of(programme, id);
    let findings = run.findings(programme, interpreter).into_iter();
    // A stretch elsewhere in the run is another slot's business.
    let mine = findings.filter(|(finding, _)| finding.others().contains(&id));
    let level = candidate.softened(Level::NeedsReason);
    found.extend(mine.map(|(finding, _)| candidate.conflict(level, finding)));
}

/// Every run of every interpreter that is too long, each once, at the slot in which the limit is passed.
pub(super) fn rest_of_all(programme: &Programme, found: &mut Vec<Conflict>) {
    for interpreter in programme.interpreters.iter() {
        for run in Day::stored(programme, interpreter).runs(programme) {
            let findings = run.findings(programme, interpreter).into_iter();
            found.extend(findings.map(|(finding, passed)| Conflict {
                slot: Some(passed),
                level: Level::NeedsReason,
                finding,
            }));
        }
    }
}

/// Stands for the slot that has no id yet.
const UNSTORED: SlotId = SlotId(-1);

/// A slot in which an interpreter works.
#[derive(Clone, Copy)]
struct Stint<'a> {
    id: SlotId,
    details: &'a Details,
}

/// An interpreter's slots by time.
struct Day<'a>(Vec<Stint<'a>>);

/// Slots that follow each other without a rest in between.
struct Run<'a>(Vec<Stint<'a>>);

impl<'a> Day<'a> {
    fn stored(programme: &'a Programme, interpreter: &Interpreter) -> Self {
        let slots = programme.slots_of(Resource::Interpreter(interpreter.id));
        let slots = slots.map(AsRef::as_ref);
        Self(
            slots
                .filter(|slot| works(&slot.details))
                .map(stint)
                .collect(),
        )
    }

    fn with(programme: &'a Programme, interpreter: &Interpreter, candidate: Candidate<'a>) -> Self {
        let mut day = Self::stored(programme, interpreter);
        day.0.retain(|stint| Some(stint.id) != candidate.id);
        let stint = Stint {
            id: candidate.id.unwrap_or(UNSTORED),
            details: candidate.details,
        };
        let place = |stint: &Stint<'_>| (stint.details.interval, stint.id);
        let at = day.0.partition_point(|other| place(other) < place(&stint));
        day.0.insert(at, stint);
        day
    }

    fn runs(self, programme: &Programme) -> Vec<Run<'a>> {
        let rest = programme.event.settings.interpreter_rest_minutes;
        let mut runs: Vec<Run<'a>> = Vec::new();
        for stint in self.0 {
            match runs.last_mut() {
                Some(run) if run.pause_before(stint) < rest => run.0.push(stint),
                _ => runs.push(Run(vec![stint])),
            }
        }
        runs
    }

    fn run_of(self, programme: &Programme, id: SlotId) -> Run<'a> {
        let mut runs = self.runs(programme).into_iter();
        runs.find(|run| run.0.iter().any(|stint| stint.id == id))
            .unwrap_or(Run(Vec::new()))
    }
}

impl Run<'_> {
    fn pause_before(&self, stint: Stint<'_>) -> i32 {
        let end = self
            .0
            .iter()
            .map(|earlier| earlier.details.interval.end())
            .max();
        end.map_or(i32::MAX, |end| {
            stint.details.interval.start().minutes_since(end)
        })
    }

    /// What is too long in the run, and the slot in which it gets so: the whole of it, in turns or not, and each
    /// stretch in which nobody takes turns.
    fn findings(&self, programme: &Programme, interpreter: &Interpreter) -> Vec<(Finding, SlotId)> {
        let settings = programme.event.settings;
        let relieved = |stint: &Stint<'_>| is_relieved(programme, stint.details, interpreter);
        let mut found = Vec::new();
        if span(&self.0).is_some_and(|span| span.minutes() > settings.interpreter_alone_minutes) {
            let alone = self.0.split(relieved);
            found.extend(alone.filter_map(|stretch| {
                too_long(
                    stretch,
                    interpreter.id,
                    settings.interpreter_alone_minutes,
                    true,
                )
            }));
        }
        let whole = too_long(
            &self.0,
            interpreter.id,
            settings.interpreter_team_minutes,
            false,
        );
        found.extend(whole);
        found
    }
}

fn too_long(
    stretch: &[Stint<'_>],
    interpreter: InterpreterId,
    allowed: i32,
    alone: bool,
) -> Option<(Finding, SlotId)> {
    let span = span(stretch).filter(|span| span.minutes() > allowed)?;
    let limit = span.start().plus(allowed);
    let passed = stretch
        .iter()
        .find(|stint| stint.details.interval.end() > limit)?;
    let finding = Finding::InterpreterRest {
        interpreter,
        run: stretch.iter().map(|stint| stint.id).collect(),
        span,
        allowed,
        alone,
    };
    Some((finding, passed.id))
}

/// From the start of the first to the end of the last.
fn span(stretch: &[Stint<'_>]) -> Option<Interval> {
    let start = stretch.first()?.details.interval.start();
    let end = stretch
        .iter()
        .map(|stint| stint.details.interval.end())
        .max()?;
    Interval::stay(start, end)
}

fn stint(slot: &Slot) -> Stint<'_> {
    Stint {
        id: slot.id,
        details: &slot.details,
    }
}

/// A sketch holds nobody, and in a break nobody speaks.
pub(crate) fn works(details: &Details) -> bool {
    details.state.holds() && details.kind != Kind::Break
}

/// True when a colleague in the slot gives the interpreter a rest: one who could take turns, for at least the length
/// of a rest. A shorter slot counts as the interpreter's own.
pub(crate) fn is_relieved(
    programme: &Programme,
    details: &Details,
    interpreter: &Interpreter,
) -> bool {
    details.interval.minutes() >= programme.event.settings.interpreter_rest_minutes
        && !is_alone(programme, details, interpreter)
}

/// True when nobody else in the slot could take turns with the interpreter: for the sides that the interpreter works
/// between, or, where there are none (a relay, or sides that could do without), for one of the pairs at least.
pub(crate) fn is_alone(
    programme: &Programme,
    details: &Details,
    interpreter: &Interpreter,
) -> bool {
    let mut colleagues = programme
        .interpreters_of(details)
        .filter(|other| other.id != interpreter.id);
    if colleagues.clone().next().is_none() {
        return true;
    }
    let coverage = of_details(programme, details);
    let mut own = coverage
        .sides()
        .iter()
        .filter_map(|sides| match &sides.how {
            Understanding::Direct(direct) if direct.contains(&interpreter.id) => Some(direct.len()),
            _ => None,
        })
        .peekable();
    if own.peek().is_some() {
        own.any(|direct| direct == 1)
    } else {
        !colleagues.any(|other| interpreter.shares_a_pair_with(other))
    }
}

/// The interpreters who could be added to a slot without any rule against it: nowhere else at that time, present, and
/// not without a rest for too long.
pub fn free_interpreters<'p>(
    programme: &'p Programme,
    candidate: Candidate<'p>,
) -> impl Iterator<Item = &'p Interpreter> {
    programme.interpreters.iter().filter(move |interpreter| {
        !candidate.details.interpreters.contains(&interpreter.id)
            && is_free(programme, candidate, interpreter)
    })
}

fn is_free(programme: &Programme, candidate: Candidate<'_>, interpreter: &Interpreter) -> bool {
    // A slot that is too long for anybody alone takes two; that is no fault of either.
    let of_itself = |finding: &Finding| matches!(finding, Finding::InterpreterRest { run, .. } if run.len() == 1);
    in_the_way_of(programme, candidate, interpreter)
        .iter()
        .all(of_itself)
}

/// What the rules have against an interpreter in a slot, booked for it already or not.
fn in_the_way_of(
    programme: &Programme,
    candidate: Candidate<'_>,
    interpreter: &Interpreter,
) -> Vec<Finding> {
    let resource = Resource::Interpreter(interpreter.id);
    let mut details = candidate.details.clone();
    if !details.interpreters.contains(&interpreter.id) {
        details.interpreters.push(interpreter.id);
    }
    // A sketch holds nobody; the question is whether they could be held.
    details.state = State::Tentative;
    let with = Candidate {
        id: candidate.id,
        details: &details,
    };
    let mut found = Vec::new();
    overlap::check_one(programme, with, resource, &mut found);
    rest_of_one(programme, with, interpreter, &mut found);
    let absent = place::presence(programme, with, resource);
    let found = found
        .into_iter()
        .filter(|conflict| conflict.level != Level::Advice)
        .map(|conflict| conflict.finding);
    absent.into_iter().chain(found).collect()
}

/// Who could take an interpreter's place in a slot at once, with no rule against it: whoever is free and works between
/// all the sides that would be left without anybody, or, where there are none, between the same two languages.
#[must_use]
pub fn replacements<'p>(
    programme: &'p Programme,
    slot: &Slot,
    leaves: &Interpreter,
) -> Vec<&'p Interpreter> {
    let without = slot.details.without_interpreter(leaves.id);
    let left = left_alone(programme, slot, leaves.id);
    let candidate = Candidate {
        id: Some(slot.id),
        details: &without,
    };
    let fits = |other: &&Interpreter| {
        other.id != leaves.id
            && !without.interpreters.contains(&other.id)
            && if left.is_empty() {
                other.shares_a_pair_with(leaves)
            } else {
                left.iter().all(|gap| gap.is_closed_by(programme, other))
            }
            && in_the_way_of(programme, candidate, other).is_empty()
    };
    programme.interpreters.iter().filter(fits).collect()
}

/// The sides that would understand each other no more without an interpreter.
#[must_use]
pub fn left_alone(programme: &Programme, slot: &Slot, leaves: InterpreterId) -> Vec<Gap> {
    let nobody = |details: &Details| -> Vec<DelegationId> {
        let coverage = of_details(programme, details);
        coverage.uncovered().map(|sides| sides.other).collect()
    };
    let before = nobody(&slot.details);
    let without = of_details(programme, &slot.details.without_interpreter(leaves));
    let new = without.uncovered();
    new.filter(|sides| !before.contains(&sides.other))
        .map(|sides| Gap::Between(sides.hub, sides.other))
        .collect()
}

/// Who could interpret a slot, so that no rule on interpreters is against it: those who are booked for it and free,
/// with the first free ones who close what gaps that leaves, none of them by relay. `None` when there are not enough.
#[must_use]
pub fn staff(programme: &Programme, candidate: Candidate<'_>) -> Option<Vec<InterpreterId>> {
    let mut details = candidate.details.clone();
    let stays = |id: &InterpreterId| {
        let interpreter = programme.interpreter(*id);
        interpreter.is_some_and(|interpreter| is_free(programme, candidate, interpreter))
    };
    details.interpreters.retain(stays);
    let free: Vec<&Interpreter> = free_interpreters(programme, candidate).collect();
    // Each turn adds one, so there is an end to it.
    for _ in 0..=free.len() {
        let with = Candidate {
            id: candidate.id,
            details: &details,
        };
        let Some(missing) = first_gap(programme, with) else {
            return Some(details.in_order().interpreters);
        };
        let next = free
            .iter()
            .filter(|each| !details.interpreters.contains(&each.id))
            .find(|each| missing.is_closed_by(programme, each))?;
        details.interpreters.push(next.id);
    }
    None
}

/// What a slot lacks in interpreters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Somebody between two sides.
    Between(DelegationId, DelegationId),
    /// Somebody to take turns with this one.
    BesideOne(InterpreterId),
}

impl Gap {
    fn is_closed_by(&self, programme: &Programme, interpreter: &Interpreter) -> bool {
        match self {
            Self::Between(one, other) => programme
                .delegation(*one)
                .zip(programme.delegation(*other))
                .is_some_and(|(one, other)| {
                    interpreter.works_between(&one.languages, &other.languages)
                }),
            Self::BesideOne(id) => programme
                .interpreter(*id)
                .is_some_and(|first| first.shares_a_pair_with(interpreter)),
        }
    }
}

fn first_gap(programme: &Programme, candidate: Candidate<'_>) -> Option<Gap> {
    let coverage = of_details(programme, candidate.details);
    if let Some(sides) = coverage.uncovered().next() {
        return Some(Gap::Between(sides.hub, sides.other));
    }
    let mut found = Vec::new();
    rest(programme, candidate, &mut found);
    found
        .into_iter()
        .find_map(|conflict| match conflict.finding {
            Finding::InterpreterRest { interpreter, .. } => Some(Gap::BesideOne(interpreter)),
            _ => None,
        })
}

/// Those of [`free_interpreters`] who would interpret directly between two delegations.
#[must_use]
pub fn free_between<'p>(
    programme: &'p Programme,
    candidate: Candidate<'p>,
    one: DelegationId,
    other: DelegationId,
) -> Vec<&'p Interpreter> {
    let (Some(one), Some(other)) = (programme.delegation(one), programme.delegation(other)) else {
        return Vec::new();
    };
    free_interpreters(programme, candidate)
        .filter(|interpreter| interpreter.works_between(&one.languages, &other.languages))
        .collect()
}

#[cfg(test)]
mod tests;
