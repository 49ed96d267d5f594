//! Recent refusals in memory: who keeps trying is refused without asking the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Counters;
use crate::core::time::Moment;

/// How long a refusal holds before the database is asked again: another server may have lifted it.
const HOLDS: Duration = Duration::from_secs(5);
/// Refusals that are remembered at most; the database knows the others.
const MAX_REFUSALS: usize = 4096;

/// A counter that was over its limit.
#[derive(Debug, Clone, Copy)]
struct CounterRefusal {
    window_ends_at: Moment,
    seen: Instant,
}

/// The recent refusals of a server.
#[derive(Clone, Default)]
pub struct Refusals(Arc<Mutex<HashMap<String, CounterRefusal>>>);

impl Refusals {
    /// Returns the end of the window of a counter that was over its limit a moment ago.
    pub(super) fn recent(&self, counters: &Counters) -> Option<Moment> {
        let refusals = self.lock();
        let found = counters
            .keys()
            .into_iter()
            .filter_map(|key| refusals.get(key));
        found
            .filter(|refusal| refusal.seen.elapsed() < HOLDS)
            .map(|refusal| refusal.window_ends_at)
            .max()
    }

    /// Caches that a counter is over its limit.
    pub(super) fn note(&self, key: &str, window_ends_at: Moment) {
        let mut refusals = self.lock();
        if refusals.len() >= MAX_REFUSALS {
            refusals.retain(|_, refusal| refusal.seen.elapsed() < HOLDS);
        }
        if refusals.len() < MAX_REFUSALS {
            let seen = Instant::now();
            let refusal = CounterRefusal {
                window_ends_at,
                seen,
            };
            refusals.insert(key.to_owned(), refusal);
        }
    }

    /// Forgets the refusals by counters whose try was taken back.
    pub fn forget_all(&self, counters: &Counters) {
        for key in counters.keys() {
            self.forget(key);
        }
    }

    /// Forgets the refusals by one counter.
    pub fn forget(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, CounterRefusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_beyond_the_limit_are_left_to_the_database() {
        let refusals = Refusals::default();
        for number in 0..2 * MAX_REFUSALS {
            refusals.note(&format!("address:{number}"), Moment::from_seconds(1));
        }
        assert_eq!(refusals.lock().len(), MAX_REFUSALS);
    }
}
