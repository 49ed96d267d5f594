//! Rules on interpreters: whether the sides understand each other, and how long one works without a rest.

mod help;

pub use help::{Gap, free_interpreters, left_alone, replacements, staff};

use crate::core::coverage::{Coverage, Understanding, coverage};
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::programme::Programme;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, Conflict, RuleFinding};
use crate::core::slot::Resource;
use crate::core::slot::{SlotContent, SlotId, SlotKind};
use crate::core::time::interval::Interval;

/// Whether the sides of a slot that wants interpretation understand each other.
pub(super) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    if !candidate.content.interpretation_wanted {
        return;
    }
    let coverage = of_content(programme, candidate.content);
    if let Some(finding) = uncovered(&coverage) {
        found.push(candidate.conflict(candidate.softened(Level::NeedsReason), finding));
    }
    let worth_knowing = relayed(&coverage).chain(speechless(programme, candidate.content));
    found.extend(worth_knowing.map(|finding| candidate.conflict(Level::Advice, finding)));
}

/// How the sides of a slot understand each other.
pub(crate) fn of_content(programme: &Programme, content: &SlotContent) -> Coverage {
    coverage(programme, &content.delegations, &content.interpreters)
}

fn uncovered(coverage: &Coverage) -> Option<RuleFinding> {
    let hub = coverage.uncovered().next()?.hub;
    let others = coverage.uncovered().map(|sides| sides.other).collect();
    Some(RuleFinding::Uncovered { hub, others })
}

fn relayed(coverage: &Coverage) -> impl Iterator<Item = RuleFinding> {
    coverage
        .sides()
        .iter()
        .filter_map(|sides| match &sides.how {
            Understanding::Relay(relay) => Some(RuleFinding::Relayed {
                hub: sides.hub,
                other: sides.other,
                relay: relay.clone(),
            }),
            _ => None,
        })
}

/// The delegations whose languages are unknown.
fn speechless<'p>(
    programme: &'p Programme,
    content: &'p SlotContent,
) -> impl Iterator<Item = RuleFinding> + use<'p> {
    programme
        .parties(content)
        .filter(|party| content.delegations.len() > 1 && party.languages.is_empty())
        .map(|party| RuleFinding::NoLanguages {
            delegation: party.id,
        })
}

/// The runs of its interpreters that a slot would make too long.
pub(crate) fn rest(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    if !works(candidate) {
        return;
    }
    for interpreter in programme.interpreters_of(candidate.content) {
        rest_of_one(programme, candidate, interpreter, found);
    }
}

fn rest_of_one(
    programme: &Programme,
    candidate: Candidate<'_>,
    interpreter: &Interpreter,
    found: &mut Vec<Conflict>,
) {
    if !works(candidate) {
        return;
    }
    let id = candidate.id_or_unstored();
    let day = InterpreterDay::with(programme, interpreter, candidate);
    let is_own = |stint: &Candidate<'_>| stint.id_or_unstored() == id;
    let run = day.runs(programme).find(|run| run.0.iter().any(is_own));
    let findings = run.map(|run| run.findings(programme, interpreter));
    let findings = findings.into_iter().flatten();
    // A stretch elsewhere in the run is another slot's business.
    let mine = findings.filter(|(finding, _)| finding.others().contains(&id));
    let level = candidate.softened(Level::NeedsReason);
    found.extend(mine.map(|(finding, _)| candidate.conflict(level, finding)));
}

/// Every run of every interpreter that is too long, each once, at the slot in which the limit is passed.
pub(super) fn rest_of_all(programme: &Programme, found: &mut Vec<Conflict>) {
    for interpreter in programme.interpreters.iter() {
        let day = InterpreterDay::stored(programme, interpreter);
        for run in day.runs(programme) {
            let findings = run.findings(programme, interpreter).into_iter();
            found.extend(findings.map(|(finding, passed)| Conflict {
                slot: Some(passed),
                level: Level::NeedsReason,
                finding,
            }));
        }
    }
}

/// An interpreter's slots by time.
struct InterpreterDay<'a>(Vec<Candidate<'a>>);

/// Slots that follow each other without a rest in between.
struct InterpreterRun<'a>(&'a [Candidate<'a>]);

impl<'a> InterpreterDay<'a> {
    fn stored(programme: &'a Programme, interpreter: &Interpreter) -> Self {
        let slots = programme.slots_of(Resource::Interpreter(interpreter.id));
        let slots = slots.map(|slot| Candidate::stored(slot));
        Self(slots.filter(|slot| works(*slot)).collect())
    }

    fn with(programme: &'a Programme, interpreter: &Interpreter, candidate: Candidate<'a>) -> Self {
        let mut day = Self::stored(programme, interpreter);
        day.0.retain(|stint| stint.id != candidate.id);
        let place = |stint: &Candidate<'_>| (stint.placement.interval, stint.id_or_unstored());
        let before = |other: &Candidate<'_>| place(other) < place(&candidate);
        let at = day.0.partition_point(before);
        day.0.insert(at, candidate);
        day
    }

    /// The parts of the day between rests.
    fn runs(&self, programme: &Programme) -> impl Iterator<Item = InterpreterRun<'_>> {
        let rest = programme.event.settings.interpreter_rest_minutes;
        let mut latest = None;
        // A rest begins when all earlier slots have ended, not only the last one.
        let goes_on = move |before: &Candidate<'_>, next: &Candidate<'_>| {
            latest = latest.max(Some(before.placement.interval.end()));
            let start = next.placement.interval.start();
            latest.is_some_and(|end| start.minutes_since(end) < rest)
        };
        self.0.chunk_by(goes_on).map(InterpreterRun)
    }
}

impl InterpreterRun<'_> {
    /// What is too long in the run, and the slot in which it gets so: the whole of it, in turns or not, and each
    /// stretch without turns.
    fn findings(
        &self,
        programme: &Programme,
        interpreter: &Interpreter,
    ) -> Vec<(RuleFinding, SlotId)> {
        let settings = programme.event.settings;
        let relieved = |stint: &Candidate<'_>| is_relieved(programme, *stint, interpreter);
        let mut found = Vec::new();
        if span(self.0).is_some_and(|span| span.minutes() > settings.interpreter_alone_minutes) {
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
            self.0,
            interpreter.id,
            settings.interpreter_team_minutes,
            false,
        );
        found.extend(whole);
        found
    }
}

fn too_long(
    stretch: &[Candidate<'_>],
    interpreter: InterpreterId,
    allowed: i32,
    alone: bool,
) -> Option<(RuleFinding, SlotId)> {
    let span = span(stretch).filter(|span| span.minutes() > allowed)?;
    let limit = span.start().plus(allowed);
    let passed = stretch
        .iter()
        .find(|stint| stint.placement.interval.end() > limit)?;
    let finding = RuleFinding::InterpreterRest {
        interpreter,
        run: stretch.iter().map(|stint| stint.id_or_unstored()).collect(),
        span,
        allowed,
        alone,
    };
    Some((finding, passed.id_or_unstored()))
}

/// From the start of the first to the end of the last.
fn span(stretch: &[Candidate<'_>]) -> Option<Interval> {
    let start = stretch.first()?.placement.interval.start();
    let end = stretch
        .iter()
        .map(|stint| stint.placement.interval.end())
        .max()?;
    Interval::stay(start, end)
}

/// A sketch books no interpreter, and in a break none works.
pub(crate) fn works(slot: Candidate<'_>) -> bool {
    slot.state.holds() && slot.content.kind != SlotKind::Break
}

/// True when a colleague in the slot gives the interpreter a rest: one who could take turns, for at least the length
/// of a rest. A shorter slot counts as the interpreter's own.
pub(crate) fn is_relieved(
    programme: &Programme,
    slot: Candidate<'_>,
    interpreter: &Interpreter,
) -> bool {
    slot.placement.interval.minutes() >= programme.event.settings.interpreter_rest_minutes
        && !is_alone(programme, slot.content, interpreter)
}

/// True when no colleague in the slot could take turns with the interpreter: for the sides that the interpreter works
/// between, or, where there are none (a relay, or sides that could do without), for one of the pairs at least.
pub(crate) fn is_alone(
    programme: &Programme,
    content: &SlotContent,
    interpreter: &Interpreter,
) -> bool {
    let mut colleagues = programme
        .interpreters_of(content)
        .filter(|other| other.id != interpreter.id);
    if colleagues.clone().next().is_none() {
        return true;
    }
    let coverage = of_content(programme, content);
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

#[cfg(test)]
mod tests;
