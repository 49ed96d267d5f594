//! Rules on the chair's day as a whole: rest, precedence, equal lengths, repeated and missing bilaterals.

use super::{Candidate, Conflict, Finding, Level};
use crate::delegation::{DelegationId, Role};
use crate::event::programme::{Programme, Resource};
use crate::slot::interval::Interval;
use crate::slot::{Kind, SlotId};

/// A pause that counts as rest for the chair, in minutes (DESIGN §3).
const BREAK_MINUTES: i32 = 15;

/// What the candidate's place in the chair's day gives to say of the candidate.
pub(super) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    let about = ChairDay::with(programme, candidate).conflicts(programme);
    found.extend(
        about
            .into_iter()
            .filter_map(|conflict| seen_from(candidate, conflict)),
    );
}

/// What there is to say of the chair's day as it stands, each thing once.
pub(super) fn check_all(programme: &Programme, found: &mut Vec<Conflict>) {
    found.extend(ChairDay::stored(programme).conflicts(programme));
    found.extend(missing_bilaterals(programme));
}

/// Stands for the slot that has no id yet.
const UNSTORED: SlotId = SlotId(-1);

/// The conflict as the candidate's own, if it concerns the candidate at all.
fn seen_from(candidate: Candidate<'_>, conflict: Conflict) -> Option<Conflict> {
    let id = candidate.id.unwrap_or(UNSTORED);
    let finding = match (conflict.slot, conflict.finding) {
        (_, Finding::ChairRest { run, span, allowed }) => run
            .contains(&id)
            .then_some(Finding::ChairRest { run, span, allowed })?,
        (slot, finding) if slot == candidate.id => finding,
        // Named at the other slot, with the candidate as its counterpart: the same turned round.
        (Some(other), Finding::OutOfPrecedence { other: subject }) if subject == id => {
            Finding::OutOfPrecedence { other }
        }
        (Some(other), Finding::RepeatedPair { other: subject }) if subject == id => {
            Finding::RepeatedPair { other }
        }
        _ => return None,
    };
    Some(Conflict {
        slot: candidate.id,
        level: conflict.level,
        finding,
    })
}

struct Entry {
    id: SlotId,
    interval: Interval,
    kind: Kind,
    /// The one guest of a bilateral.
    guest: Option<DelegationId>,
    holds: bool,
}

/// The chair's slots by time, and all bilaterals for the rule on repeated pairs.
struct ChairDay {
    entries: Vec<Entry>,
    pairs: Vec<(SlotId, Interval, [DelegationId; 2])>,
}

impl ChairDay {
    fn stored(programme: &Programme) -> Self {
        let candidates = programme.live_slots().map(|slot| Candidate::stored(slot));
        Self::of(programme, candidates)
    }

    fn with(programme: &Programme, candidate: Candidate<'_>) -> Self {
        let others = programme
            .live_slots()
            .filter(|slot| Some(slot.id) != candidate.id)
            .map(|slot| Candidate::stored(slot))
            .chain([candidate]);
        Self::of(programme, others)
    }

    fn of<'a>(programme: &Programme, candidates: impl Iterator<Item = Candidate<'a>>) -> Self {
        let chair = programme.chair().map(|chair| chair.id);
        let (mut entries, mut pairs) = (Vec::new(), Vec::new());
        for Candidate { id, details } in candidates {
            let id = id.unwrap_or(UNSTORED);
            if details.kind == Kind::Bilateral
                && let [first, second] = details.delegations[..]
            {
                pairs.push((id, details.interval, [first.min(second), first.max(second)]));
            }
            if chair.is_some_and(|chair| details.involves(chair)) {
                let guest = (details.kind == Kind::Bilateral)
                    .then(|| {
                        details
                            .delegations
                            .iter()
                            .copied()
                            .find(|id| Some(*id) != chair)
                    })
                    .flatten();
                let (interval, kind, holds) =
                    (details.interval, details.kind, details.state.holds());
                entries.push(Entry {
                    id,
                    interval,
                    kind,
                    guest,
                    holds,
                });
            }
        }
        entries.sort_by_key(|entry| (entry.interval, entry.id));
        pairs.sort_by_key(|(id, interval, _)| (*interval, *id));
        Self { entries, pairs }
    }

    fn conflicts(&self, programme: &Programme) -> Vec<Conflict> {
        let mut found = self.rest(programme);
        found.extend(self.precedence(programme));
        found.extend(self.lengths());
        found.extend(self.repeated());
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
        let working = |entry: &&Entry| {
            entry.holds && !(entry.kind == Kind::Break && entry.interval.minutes() >= BREAK_MINUTES)
        };
        let mut run: Vec<&Entry> = Vec::new();
        let mut finish = |run: &mut Vec<&Entry>| {
            if let (Some(first), Some(end)) = (
                run.first(),
                run.iter().map(|entry| entry.interval.end()).max(),
            ) && let Ok(span) = Interval::new(first.interval.start(), end)
                && span.minutes() > settings.chair_run_minutes
            {
                let limit = span.start().plus(settings.chair_run_minutes);
                // Said at the slot in which the limit is passed.
                let slot = run
                    .iter()
                    .find(|entry| entry.interval.end() > limit)
                    .map(|entry| real(entry.id));
                let run = run.iter().map(|entry| entry.id).collect();
                let finding = Finding::ChairRest {
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
        for entry in self.entries.iter().filter(working) {
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
        let rank = |entry: &Entry| {
            entry
                .guest
                .and_then(|guest| programme.delegation(guest))
                .map(|d| d.precedence)
        };
        let bilaterals: Vec<(&Entry, i32)> = self
            .entries
            .iter()
            .filter_map(|entry| rank(entry).map(|rank| (entry, rank)))
            .collect();
        bilaterals
            .windows(2)
            .filter(|pair| pair[0].1 > pair[1].1)
            .map(|pair| {
                advice(
                    pair[1].0.id,
                    Finding::OutOfPrecedence {
                        other: pair[0].0.id,
                    },
                )
            })
            .collect()
    }

    fn lengths(&self) -> Vec<Conflict> {
        let bilaterals = || self.entries.iter().filter(|entry| entry.guest.is_some());
        let Some(longest) = bilaterals().max_by_key(|entry| entry.interval.minutes()) else {
            return Vec::new();
        };
        let minutes = longest.interval.minutes();
        bilaterals()
            .filter(|entry| entry.interval.minutes() < minutes)
            .map(|entry| {
                advice(
                    entry.id,
                    Finding::UnequalLength {
                        other: longest.id,
                        longest: minutes,
                    },
                )
            })
            .collect()
    }

    fn repeated(&self) -> Vec<Conflict> {
        let mut found = Vec::new();
        let mut seen = std::collections::HashMap::new();
        for (id, _, pair) in &self.pairs {
            if let Some(other) = seen.insert(pair, *id) {
                found.push(advice(*id, Finding::RepeatedPair { other }));
            }
        }
        found
    }
}

fn missing_bilaterals(programme: &Programme) -> Vec<Conflict> {
    let Some(chair) = programme.chair() else {
        return Vec::new();
    };
    let meets = |guest: DelegationId| {
        programme.slots_of(Resource::Delegation(guest)).any(|slot| {
            slot.state() != crate::slot::State::Cancelled
                && slot.details.kind == Kind::Bilateral
                && slot.details.involves(chair.id)
        })
    };
    programme
        .delegations
        .iter()
        .filter(|delegation| delegation.role == Role::Guest && !meets(delegation.id))
        .map(|delegation| Conflict {
            slot: None,
            level: Level::Advice,
            finding: Finding::MissingBilateral {
                delegation: delegation.id,
            },
        })
        .collect()
}

fn advice(slot: SlotId, finding: Finding) -> Conflict {
    Conflict {
        slot: real(slot),
        level: Level::Advice,
        finding,
    }
}

fn real(slot: SlotId) -> Option<SlotId> {
    (slot != UNSTORED).then_some(slot)
}
