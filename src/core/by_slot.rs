//! A list of things that concern slots, found by the slot: of a long week there are thousands, and a page asks for those
//! of every slot on it.

use std::collections::HashMap;
use std::ops::Deref;

use crate::core::slot::SlotId;

/// What may concern a slot.
pub trait Concerning {
    /// The slot, if it is about one.
    fn slot(&self) -> Option<SlotId>;
}

/// Items in insertion order, indexed by slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BySlot<T> {
    all: Vec<T>,
    places: HashMap<SlotId, Vec<usize>>,
}

impl<T: Concerning> BySlot<T> {
    /// Adds one, the latest.
    pub fn push(&mut self, entry: T) {
        if let Some(slot) = entry.slot() {
            self.places.entry(slot).or_default().push(self.all.len());
        }
        self.all.push(entry);
    }

    /// Those of one slot, the oldest first.
    pub fn of(&self, slot: SlotId) -> impl Iterator<Item = &T> {
        let places = self.places.get(&slot).into_iter().flatten();
        places.map(|at| &self.all[*at])
    }

    /// Those of any of these slots, the oldest first.
    pub fn of_any(&self, slots: &[SlotId]) -> impl Iterator<Item = &T> {
        let known = slots.iter().filter_map(|slot| self.places.get(slot));
        let mut places: Vec<usize> = known.flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|at| &self.all[at])
    }
}

impl<T> Default for BySlot<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: Concerning> Extend<T> for BySlot<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        for entry in entries {
            self.push(entry);
        }
    }
}

impl<T: Concerning> FromIterator<T> for BySlot<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut list = Self::default();
        list.extend(entries);
        list
    }
}

impl<T> Deref for BySlot<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all
    }
}
