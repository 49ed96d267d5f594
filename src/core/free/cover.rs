//! Who interprets: the fewest interpreters that together cover the language pairs wanted.

use super::board::Weight;
use crate::core::interpreter::{Interpreter, InterpreterId, LanguagePair};

/// The most language pairs in one wish.
pub(super) const MOST_PAIRS: usize = 8;

/// True when the interpreter works between the two languages.
fn covers(interpreter: &Interpreter, pair: &LanguagePair) -> bool {
    let [one, other] = pair.languages().map(|tag| [tag.to_owned()]);
    interpreter.works_between(&one, &other)
}

/// Interpreters to choose from, each with the pairs it covers.
pub(super) struct Cover {
    /// By id, in the order of the event's list; the pairs as bits.
    able: Vec<(InterpreterId, u32)>,
    /// Those who come in any case.
    certain: Vec<InterpreterId>,
    wanted: u32,
}

/// A choice of interpreters and what is in its way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct InterpreterChoice {
    weight: Weight,
    people: usize,
    /// Positions in [`Cover::able`].
    chosen: Vec<usize>,
}

impl Cover {
    /// Finds the interpreters for each pair; an error is a pair without any.
    pub(super) fn new(
        interpreters: &[Interpreter],
        certain: &[InterpreterId],
        pairs: &[LanguagePair],
    ) -> Result<Self, LanguagePair> {
        let bits = |interpreter: &Interpreter| {
            (0..)
                .zip(pairs)
                .filter(|(_, pair)| covers(interpreter, pair))
                .fold(0_u32, |bits, (at, _)| bits | 1 << at)
        };
        let all: Vec<(InterpreterId, u32)> = interpreters
            .iter()
            .map(|interpreter| (interpreter.id, bits(interpreter)))
            .collect();
        let everybody = all.iter().fold(0, |bits, (_, each)| bits | each);
        let missing = (0..).zip(pairs).find(|(at, _)| everybody & 1 << at == 0);
        if let Some((_, pair)) = missing {
            return Err(pair.clone());
        }
        let covered = all
            .iter()
            .filter(|(id, _)| certain.contains(id))
            .fold(0, |bits, (_, each)| bits | each);
        let wanted = everybody & !covered;
        let able = all
            .into_iter()
            .map(|(id, bits)| (id, bits & wanted))
            .filter(|(id, bits)| *bits != 0 && !certain.contains(id))
            .collect();
        Ok(Self {
            able,
            certain: certain.to_vec(),
            wanted,
        })
    }

    /// All people whose time matters: required ones first, then those to choose from.
    pub(super) fn concerned(&self) -> impl Iterator<Item = InterpreterId> + '_ {
        let able = self.able.iter().map(|(id, _)| *id);
        self.certain.iter().copied().chain(able)
    }

    /// The interpreters with the least in their way, then the fewest, then those first on the list; `weights` are those
    /// of [`Cover::concerned`].
    pub(super) fn best(&self, weights: &[Weight]) -> (Weight, Vec<InterpreterId>) {
        let (certain, able) = weights.split_at(self.certain.len());
        let always = certain
            .iter()
            .fold(Weight::default(), |sum, weight| sum + *weight);
        let chosen = self.choose(able);
        let mut interpreters = self.certain.clone();
        interpreters.extend(chosen.chosen.iter().map(|at| self.able[*at].0));
        (always + chosen.weight, interpreters)
    }

    /// True when these include all required people, and cover every pair.
    pub(super) fn is_met_by(&self, interpreters: &[InterpreterId]) -> bool {
        let able = self.able.iter().filter(|(id, _)| interpreters.contains(id));
        let covered = able.fold(0, |bits, (_, each)| bits | each);
        covered == self.wanted && self.certain.iter().all(|id| interpreters.contains(id))
    }

    /// Number of alternatives to choose from; none for a required person.
    pub(super) fn others(&self, id: InterpreterId, chosen: &[InterpreterId]) -> usize {
        if self.certain.contains(&id) {
            return 0;
        }
        let left = self.able.iter().filter(|(able, _)| !chosen.contains(able));
        left.count()
    }

    /// For each set of pairs, the best choice that covers it, with one interpreter after the other to choose from.
    fn choose(&self, weights: &[Weight]) -> InterpreterChoice {
        let none = InterpreterChoice {
            weight: Weight::default(),
            people: 0,
            chosen: Vec::new(),
        };
        let mut best = vec![(0, none.clone())];
        for (at, ((_, bits), weight)) in self.able.iter().zip(weights).enumerate() {
            for (covered, choice) in best.clone() {
                let with = InterpreterChoice {
                    weight: choice.weight + *weight,
                    people: choice.people + 1,
                    chosen: choice.chosen.into_iter().chain([at]).collect(),
                };
                let covered = covered | bits;
                match best.iter_mut().find(|(known, _)| *known == covered) {
                    Some((_, known)) if with < *known => *known = with,
                    Some(_) => {}
                    None => best.push((covered, with)),
                }
            }
        }
        best.into_iter()
            .find(|(covered, _)| *covered == self.wanted)
            .map_or(none, |(_, choice)| choice)
    }
}
