//! The latest results of a queue, bounded in bytes.

use std::collections::VecDeque;

use super::{JobRequest, Output};

/// What an entry costs beside its bytes.
const OVERHEAD: usize = 512;

/// Results by request, the one used last at the end.
pub(super) struct ResultCache<R, T> {
    most_bytes: usize,
    bytes: usize,
    entries: VecDeque<(R, T, usize)>,
}

impl<R, T> ResultCache<R, T> {
    pub(super) const fn new(most_bytes: usize) -> Self {
        Self {
            most_bytes,
            bytes: 0,
            entries: VecDeque::new(),
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl<R: JobRequest, T: Output> ResultCache<R, T> {
    pub(super) fn get(&mut self, asked: &R) -> Option<T> {
        let known = |(request, ..): &(R, T, usize)| request.answers(asked);
        let found = self.entries.iter().position(known)?;
        let entry = self.entries.remove(found)?;
        let output = entry.1.clone();
        self.entries.push_back(entry);
        Some(output)
    }

    /// Caches a result, evicting those that cannot be requested any more, and those used longest ago.
    pub(super) fn insert(&mut self, request: R, output: &T) {
        let Some(bytes) = output.cached_bytes().map(|bytes| bytes + OVERHEAD) else {
            return;
        };
        if bytes > self.most_bytes {
            return;
        }
        self.entries
            .retain(|(known, ..)| !known.is_outdated() && !request.answers(known));
        self.bytes = self.entries.iter().map(|(.., bytes)| bytes).sum();
        while self.bytes + bytes > self.most_bytes {
            let Some((.., freed)) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= freed;
        }
        self.bytes += bytes;
        self.entries.push_back((request, output.clone(), bytes));
    }
}
