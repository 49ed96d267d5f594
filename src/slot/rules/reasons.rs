//! The reasons of an event, found by the slot they were given for: of a long week there are thousands, and every finding
//! on a page asks whether it has one.

use std::collections::HashMap;
use std::ops::Deref;

use super::Override;
use crate::slot::SlotId;

/// Rules set aside, in force or lapsed, in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons {
    all: Vec<Override>,
    by_slot: HashMap<SlotId, Vec<usize>>,
}

impl Reasons {
    /// Adds one, the latest.
    pub fn push(&mut self, entry: Override) {
        let at = self.all.len();
        self.by_slot.entry(entry.slot).or_default().push(at);
        self.all.push(entry);
    }

    /// Adds several.
    pub fn extend_from_slice(&mut self, entries: &[Override]) {
        for entry in entries {
            self.push(entry.clone());
        }
    }

    /// Those that were given for any of these slots, the oldest first.
    pub fn given_for(&self, slots: &[SlotId]) -> impl Iterator<Item = &Override> {
        let known = slots.iter().filter_map(|slot| self.by_slot.get(slot));
        let mut places: Vec<usize> = known.flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|at| &self.all[at])
    }
}

impl From<Vec<Override>> for Reasons {
    fn from(entries: Vec<Override>) -> Self {
        let mut reasons = Self::default();
        for entry in entries {
            reasons.push(entry);
        }
        reasons
    }
}

impl Deref for Reasons {
    type Target = [Override];

    fn deref(&self) -> &[Override] {
        &self.all
    }
}
