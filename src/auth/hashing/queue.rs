//! A bounded queue that serves its keys in turn, so that the key with the most requests waits the longest.

use std::collections::{HashMap, VecDeque};

/// Items in the order of their keys' turns.
pub(super) struct FairQueue<T> {
    /// The keys that have items, in the order in which they are served.
    turns: VecDeque<String>,
    items: HashMap<String, VecDeque<T>>,
    limit: usize,
}

/// What became of an item that came to a queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed<T> {
    /// It waits.
    Waits,
    /// It waits in the place of this one, whose key had more.
    Displaced(T),
    /// The queue is full.
    Full(T),
}

impl<T> FairQueue<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            turns: VecDeque::new(),
            items: HashMap::new(),
            limit,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items.values().map(VecDeque::len).sum()
    }

    /// Adds an item. A full queue drops the newest item of the key that has most, if that has two more than this one.
    pub(super) fn push(&mut self, key: &str, item: T) -> Pushed<T> {
        let mut displaced = None;
        if self.len() >= self.limit {
            let own = self.items.get(key).map_or(0, VecDeque::len);
            let most = self.items.iter().max_by_key(|(_, items)| items.len());
            let Some(most) = most.filter(|(_, items)| items.len() > own + 1) else {
                return Pushed::Full(item);
            };
            let most = most.0.clone();
            displaced = self.items.get_mut(&most).and_then(VecDeque::pop_back);
        }
        if !self.items.contains_key(key) {
            self.turns.push_back(key.to_owned());
        }
        self.items
            .entry(key.to_owned())
            .or_default()
            .push_back(item);
        displaced.map_or(Pushed::Waits, Pushed::Displaced)
    }

    /// Takes the oldest item of the key whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let key = self.turns.pop_front()?;
        let items = self.items.get_mut(&key)?;
        let item = items.pop_front();
        if items.is_empty() {
            self.items.remove(&key);
        } else {
            self.turns.push_back(key);
        }
        item
    }

    /// Drops the items for which `keep` is false.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.items.retain(|_, items| {
            items.retain(&mut keep);
            !items.is_empty()
        });
        self.turns.retain(|key| self.items.contains_key(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(mut queue: FairQueue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn keys_are_served_in_turn_however_many_items_one_has() {
        let mut queue = FairQueue::new(10);
        for item in ["a1", "a2", "a3"] {
            queue.push("a", item);
        }
        queue.push("b", "b1");
        queue.push("c", "c1");
        queue.push("b", "b2");
        assert_eq!(drained(queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn full_queue_drops_the_newest_of_the_key_with_most() {
        let mut queue = FairQueue::new(3);
        for item in ["a1", "a2", "a3"] {
            assert_eq!(queue.push("a", item), Pushed::Waits);
        }
        assert_eq!(queue.push("a", "a4"), Pushed::Full("a4"));
        assert_eq!(queue.push("b", "b1"), Pushed::Displaced("a3"));
        assert_eq!(queue.push("b", "b2"), Pushed::Full("b2"));
        assert_eq!(queue.push("c", "c1"), Pushed::Displaced("a2"));
        assert_eq!(queue.push("d", "d1"), Pushed::Full("d1"));
        assert_eq!(drained(queue), ["a1", "b1", "c1"]);
    }

    #[test]
    fn dropped_items_make_room_and_lose_their_turn() {
        let mut queue = FairQueue::new(2);
        queue.push("a", "a1");
        queue.push("b", "b1");
        queue.retain(|item| *item != "a1");
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.push("c", "c1"), Pushed::Waits);
        assert_eq!(drained(queue), ["b1", "c1"]);
    }
}
