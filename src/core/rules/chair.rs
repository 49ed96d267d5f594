//! Rules on the chair's day as a whole: rest, precedence, equal lengths, repeated and missing bilaterals.

use std::collections::HashMap;

use crate::core::delegation::{Delegation, DelegationId, PrincipalRole};
use crate::core::programme::Programme;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, Conflict, RuleFinding, UNSTORED};
use crate::core::slot::Resource;
use crate::core::slot::{Slot, SlotId, SlotKind, SlotState};
use crate::core::time::interval::Interval;

/// A pause that counts as rest for the chair, in minutes.
const BREAK_MINUTES: i32 = 15;

/// What the candidate's place in the chair's day gives to say of the candidate.
pub(super) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    let Some(chair) = programme.chair() else {
        return;
    };
    if candidate.content.involves(chair.id) {
        let about = ChairDay::with(programme, chair.id, candidate).conflicts(programme);
        found.extend(
            about
                .into_iter()
                .filter_map(|conflict| seen_from(candidate, conflict)),
        );
    }
    found.extend(same_pair(programme, candidate));
}

/// Findings about the chair's day, each once.
pub(super) fn check_all(programme: &Programme, found: &mut Vec<Conflict>) {
    if let Some(chair) = programme.chair() {
        found.extend(ChairDay::stored(programme, chair.id).conflicts(programme));
    }
    found.extend(repeated_pairs(programme));
    found.extend(missing_bilaterals(programme));
}

/// The conflict as the candidate's own, if it concerns the candidate at all.
fn seen_from(candidate: Candidate<'_>, conflict: Conflict) -> Option<Conflict> {
    let id = candidate.id_or_unstored();
    let finding = match (conflict.slot, conflict.finding) {
        (_, RuleFinding::ChairRest { run, span, allowed }) => run
            .contains(&id)
            .then_some(RuleFinding::ChairRest { run, span, allowed })?,
        (slot, finding) if slot == candidate.id => finding,
        // Named at the other slot, with the candidate as its counterpart: the same turned round.
        (Some(other), RuleFinding::OutOfPrecedence { other: subject }) if subject == id => {
            RuleFinding::OutOfPrecedence { other }
        }
        _ => return None,
    };
    Some(Conflict {
        slot: candidate.id,
        level: conflict.level,
        finding,
    })
}

struct ChairEntry {
    id: SlotId,
    interval: Interval,
    kind: SlotKind,
    /// The one guest of a bilateral.
    guest: Option<DelegationId>,
    holds: bool,
}

/// The chair's slots by time.
struct ChairDay(Vec<ChairEntry>);

impl ChairDay {
    fn stored(programme: &Programme, chair: DelegationId) -> Self {
        Self::of(chair, chairs_slots(programme, chair).map(Candidate::stored))
    }

    fn with(programme: &Programme, chair: DelegationId, candidate: Candidate<'_>) -> Self {
        let others = chairs_slots(programme, chair).filter(|slot| Some(slot.id) != candidate.id);
        Self::of(chair, others.map(Candidate::stored).chain([candidate]))
    }

    fn of<'a>(chair: DelegationId, candidates: impl Iterator<Item = Candidate<'a>>) -> Self {
        let mut entries: Vec<ChairEntry> = candidates
            .map(|candidate| ChairEntry {
                id: candidate.id_or_unstored(),
                interval: candidate.placement.interval,
                kind: candidate.content.kind,
                guest: (candidate.content.kind == SlotKind::Bilateral)
                    .then(|| candidate.content.pair())
                    .flatten()
                    .and_then(|pair| pair.into_iter().find(|id| *id != chair)),
                holds: candidate.state.holds(),
            })
            .collect();
        entries.sort_by_key(|entry| entry.interval);
        Self(entries)
    }

    fn conflicts(&self, programme: &Programme) -> Vec<Conflict> {
        let mut found = self.rest(programme);
        found.extend(self.precedence(programme));
        found.extend(self.lengths());
        found
    }

    fn rest(&self, programme: &Programme) -> Vec<Conflict> {
        let settings = programme.event.settings;
        let level = if settings.chair_rest_needs_reason {
            Level::NeedsReason
        } else {
            Level::Advice
        };
        let mut found = Vec::new();
        // A break is rest, however short: what counts is the time until the chair is wanted again.
        let working = |entry: &&ChairEntry| entry.holds && entry.kind != SlotKind::Break;
        let mut run: Vec<&ChairEntry> = Vec::new();
        let mut finish = |run: &mut Vec<&ChairEntry>| {
            if let (Some(first), Some(end)) = (
                run.first(),
                run.iter().map(|entry| entry.interval.end()).max(),
            ) && let Some(span) = Interval::stay(first.interval.start(), end)
                && span.minutes() > settings.chair_run_minutes
            {
                let limit = span.start().plus(settings.chair_run_minutes);
                // Said at the slot in which the limit is passed.
                let slot = run
                    .iter()
                    .find(|entry| entry.interval.end() > limit)
                    .map(|entry| real(entry.id));
                let run = run.iter().map(|entry| entry.id).collect();
                let finding = RuleFinding::ChairRest {
                    run,
                    span,
                    allowed: settings.chair_run_minutes,
                };
                found.push(Conflict {
                    slot: slot.flatten(),
                    level,
                    finding,
                });
            }
            run.clear();
        };
        for entry in self.0.iter().filter(working) {
            let end = run.iter().map(|earlier| earlier.interval.end()).max();
            if end.is_some_and(|end| entry.interval.start().minutes_since(end) >= BREAK_MINUTES) {
                finish(&mut run);
            }
            run.push(entry);
        }
        finish(&mut run);
        found
    }

    fn precedence(&self, programme: &Programme) -> Vec<Conflict> {
        let rank = |entry: &ChairEntry| {
            entry
                .guest
                .and_then(|guest| programme.delegation(guest))
                .map(|d| d.precedence)
        };
        let bilaterals: Vec<(&ChairEntry, i32)> = self
            .0
            .iter()
            .filter_map(|entry| rank(entry).map(|rank| (entry, rank)))
            .collect();
        bilaterals
            .windows(2)
            .filter(|pair| pair[0].1 > pair[1].1)
            // Neither of two at the same time, of which one is a sketch, comes first.
            .filter(|pair| pair[0].0.interval.start() < pair[1].0.interval.start())
            .map(|pair| {
                advice(
                    pair[1].0.id,
                    RuleFinding::OutOfPrecedence {
                        other: pair[0].0.id,
                    },
                )
            })
            .collect()
    }

    fn lengths(&self) -> Vec<Conflict> {
        let bilaterals = || self.0.iter().filter(|entry| entry.guest.is_some());
        let Some(longest) = bilaterals().max_by_key(|entry| entry.interval.minutes()) else {
            return Vec::new();
        };
        let minutes = longest.interval.minutes();
        bilaterals()
            .filter(|entry| entry.interval.minutes() < minutes)
            .map(|entry| {
                advice(
                    entry.id,
                    RuleFinding::UnequalLength {
                        other: longest.id,
                        longest: minutes,
                    },
                )
            })
            .collect()
    }
}

fn chairs_slots(programme: &Programme, chair: DelegationId) -> impl Iterator<Item = &Slot> {
    let slots = programme
        .slots_of(Resource::Delegation(chair))
        .map(AsRef::as_ref);
    slots.filter(|slot| slot.state() != SlotState::Cancelled)
}

fn same_pair(programme: &Programme, candidate: Candidate<'_>) -> Option<Conflict> {
    let wanted = candidate.content.pair()?;
    let mut others = candidate.others(programme, Resource::Delegation(wanted[0]));
    let other = others
        .find(|other| other.content().pair() == Some(wanted))?
        .id;
    Some(candidate.conflict(Level::Advice, RuleFinding::RepeatedPair { other }))
}

fn repeated_pairs(programme: &Programme) -> Vec<Conflict> {
    let mut last = HashMap::new();
    let bilaterals = programme
        .live_slots()
        .filter_map(|slot| Some((slot.id, slot.content().pair()?)));
    bilaterals
        .filter_map(|(id, pair)| {
            Some(advice(
                id,
                RuleFinding::RepeatedPair {
                    other: last.insert(pair, id)?,
                },
            ))
        })
        .collect()
}

fn missing_bilaterals(programme: &Programme) -> Vec<Conflict> {
    guests_without_bilateral(programme)
        .map(|guest| Conflict {
            slot: None,
            level: Level::Advice,
            finding: RuleFinding::MissingBilateral {
                delegation: guest.id,
            },
        })
        .collect()
}

/// The guests that have no bilateral with the chair yet, in order of precedence; empty while there is no chair.
pub fn guests_without_bilateral(programme: &Programme) -> impl Iterator<Item = &Delegation> {
    let meets = |guest: DelegationId, chair: DelegationId| {
        programme.slots_of(Resource::Delegation(guest)).any(|slot| {
            slot.state() != SlotState::Cancelled
                && slot
                    .content()
                    .pair()
                    .is_some_and(|pair| pair.contains(&chair))
        })
    };
    let chair = programme.chair().map(|chair| chair.id);
    programme.delegations.iter().filter(move |guest| {
        guest.role == PrincipalRole::Guest && chair.is_some_and(|chair| !meets(guest.id, chair))
    })
}

fn advice(slot: SlotId, finding: RuleFinding) -> Conflict {
    Conflict {
        slot: real(slot),
        level: Level::Advice,
        finding,
    }
}

fn real(slot: SlotId) -> Option<SlotId> {
    (slot != UNSTORED).then_some(slot)
}
