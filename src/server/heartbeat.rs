//! Measures whether the threads that answer requests get to do so: each sets a timer again and again, and one that
//! fires late was held up by something that should have run elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two beats of a thread.
const INTERVAL: Duration = Duration::from_millis(250);
/// A thread that is late by more than this has stalled.
const STALL: Duration = Duration::from_secs(1);

/// The beats of a server's threads. Clones share them.
#[derive(Clone, Default)]
pub struct Heartbeats(Arc<Mutex<Beats>>);

#[derive(Default)]
struct Beats {
    latest: Vec<Instant>,
    stalls: u64,
}

impl Heartbeats {
    /// Begins to measure the thread that calls this, as long as its tasks run.
    pub fn watch_this_thread(&self) {
        let thread = self.register(Instant::now());
        let beats = self.clone();
        actix_web::rt::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                beats.beat(thread, Instant::now());
            }
        });
    }

    /// How late the latest thread is right now.
    #[must_use]
    pub fn delay(&self, now: Instant) -> Duration {
        let beats = self.lock();
        let delays = beats.latest.iter().map(|latest| late(*latest, now));
        delays.max().unwrap_or_default()
    }

    /// How often a thread has stalled.
    #[must_use]
    pub fn stalls(&self) -> u64 {
        self.lock().stalls
    }

    fn register(&self, now: Instant) -> usize {
        let mut beats = self.lock();
        beats.latest.push(now);
        beats.latest.len() - 1
    }

    fn beat(&self, thread: usize, now: Instant) {
        let mut beats = self.lock();
        if late(beats.latest[thread], now) > STALL {
            beats.stalls += 1;
        }
        beats.latest[thread] = now;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Beats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn late(latest: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(latest)
        .saturating_sub(INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_held_up_shows_before_and_after_it_goes_on() {
        let beats = Heartbeats::default();
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let (one, other) = (beats.register(start), beats.register(start));
        beats.beat(one, after(260));
        beats.beat(other, after(1250));
        assert_eq!(beats.stalls(), 0);
        assert_eq!(beats.delay(after(1250)).as_millis(), 740);
        assert_eq!(beats.delay(after(3000)).as_millis(), 2490);
        beats.beat(one, after(3000));
        assert_eq!(beats.stalls(), 1);
        beats.beat(other, after(3000));
        assert_eq!(beats.stalls(), 2);
        assert_eq!(beats.delay(after(3000)), Duration::ZERO);
    }

    #[actix_web::test]
    async fn a_thread_that_is_blocked_has_stalled() {
        let beats = Heartbeats::default();
        beats.watch_this_thread();
        // So that the timer is set before the thread is held up.
        tokio::task::yield_now().await;
        let begun = Instant::now();
        while begun.elapsed() < INTERVAL + STALL + INTERVAL {
            std::hint::spin_loop();
        }
        while beats.stalls() == 0 {
            assert!(begun.elapsed() < Duration::from_mins(1), "nothing was seen");
            tokio::task::yield_now().await;
        }
        assert_eq!(beats.stalls(), 1);
    }
}
