//! Rate limit of clients: a token bucket each, in memory, per server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Requests that a token may make at once when it was quiet before.
pub const BURST: u32 = 200;
/// Requests a second that a token may go on making.
pub const PER_SECOND: u32 = 50;
/// Number of buckets at which full ones are dropped.
const SWEEP_AT: usize = 4096;

/// Too many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests")]
pub struct RateLimited {
    /// Seconds to wait.
    pub wait: i64,
}

/// How much is let through.
#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Requests at once, after a while without any.
    burst: f64,
    /// Requests a second that may go on.
    per_second: f64,
}

/// The buckets of a server.
#[derive(Clone)]
pub struct Rates {
    limit: Limit,
    buckets: Arc<Mutex<HashMap<String, Bucket>>>,
}

impl Default for Rates {
    fn default() -> Self {
        Self::new(f64::from(BURST), f64::from(PER_SECOND))
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn at(self, now: Instant, limit: Limit) -> Self {
        let gained = now.duration_since(self.at).as_secs_f64() * limit.per_second;
        Self {
            left: (self.left + gained).min(limit.burst),
            at: now,
        }
    }
}

impl Rates {
    /// Buckets that let so many requests through at once and so many a second.
    #[must_use]
    pub fn new(burst: f64, per_second: f64) -> Self {
        Self {
            limit: Limit { burst, per_second },
            buckets: Arc::default(),
        }
    }

    /// Counts a request of a client: the hash of a token, known or not, or a user's id.
    ///
    /// # Errors
    /// When the bucket is empty.
    pub fn count(&self, who: &str) -> Result<(), RateLimited> {
        self.count_at(who, Instant::now())
    }

    /// Admits a client that has budget left, without counting the request yet.
    ///
    /// # Errors
    /// When all is spent.
    pub fn check(&self, who: &str) -> Result<(), RateLimited> {
        self.check_at(who, Instant::now())
    }

    /// Counts what was spent, which is known afterwards; it may be more than was left.
    pub fn charge(&self, who: &str, cost: f64) {
        self.charge_at(who, cost, Instant::now());
    }

    fn count_at(&self, who: &str, now: Instant) -> Result<(), RateLimited> {
        self.at(who, now, |bucket| {
            let missing = 1.0 - bucket.left;
            if missing <= 0.0 {
                bucket.left -= 1.0;
            }
            missing
        })
    }

    fn check_at(&self, who: &str, now: Instant) -> Result<(), RateLimited> {
        self.at(who, now, |bucket| -bucket.left)
    }

    fn charge_at(&self, who: &str, cost: f64, now: Instant) {
        let _ = self.at(who, now, |bucket| {
            bucket.left -= cost;
            0.0
        });
    }

    /// Looks into a bucket as it is now; an error when something is missing in it.
    fn at(
        &self,
        who: &str,
        now: Instant,
        missing: impl FnOnce(&mut Bucket) -> f64,
    ) -> Result<(), RateLimited> {
        let limit = self.limit;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SWEEP_AT {
            buckets.retain(|_, bucket| bucket.at(now, limit).left < limit.burst);
        }
        let full = Bucket {
            left: limit.burst,
            at: now,
        };
        let bucket = buckets.entry(who.to_owned()).or_insert(full);
        *bucket = bucket.at(now, limit);
        let missing = missing(bucket);
        if missing <= 0.0 {
            return Ok(());
        }
        let wait = (missing / limit.per_second).ceil();
        #[expect(clippy::cast_possible_truncation, reason = "some minutes at most")]
        Err(RateLimited { wait: wait as i64 })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn burst_then_rate_is_admitted_per_client() {
        let (rates, begun) = (Rates::default(), Instant::now());
        for _ in 0..BURST {
            assert!(rates.count_at("one", begun).is_ok());
        }
        assert!(matches!(
            rates.count_at("one", begun),
            Err(RateLimited { wait: 1 })
        ));
        assert!(rates.count_at("other", begun).is_ok());
        let later = begun + Duration::from_secs(1);
        let passed = (0..BURST).filter(|_| rates.count_at("one", later).is_ok());
        assert_eq!(passed.count(), PER_SECOND as usize);
    }

    #[test]
    fn unknown_tokens_fill_no_memory() {
        let (rates, mut now) = (Rates::default(), Instant::now());
        for token in 0..3 * SWEEP_AT {
            now += Duration::from_millis(25);
            assert!(rates.count_at(&token.to_string(), now).is_ok());
        }
        assert!(rates.buckets.lock().unwrap().len() <= SWEEP_AT);
    }

    #[test]
    fn spender_waits_until_what_was_spent_has_come_back() {
        let (rates, begun) = (Rates::new(60.0, 0.25), Instant::now());
        assert!(rates.check_at("one", begun).is_ok());
        rates.charge_at("one", 70.0, begun);
        assert!(matches!(
            rates.check_at("one", begun),
            Err(RateLimited { wait: 40 })
        ));
        assert!(rates.check_at("other", begun).is_ok());
        let later = begun + Duration::from_secs(41);
        assert!(rates.check_at("one", later).is_ok());
    }
}
