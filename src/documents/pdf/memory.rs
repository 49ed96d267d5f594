//! Bounds the memory that Typst takes while it sets a large document.
//!
//! It remembers each step, in case the same is to be set again: of 3,000 slots as much as the document itself takes. Here
//! that is dropped whenever the process has grown much, which costs time where a later pass needs it again.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use typst::comemo;

/// How far the process may grow before anything is dropped, in KiB.
const GROWTH: u64 = 64 * 1024;
/// How far it may grow from there on between two times, in KiB.
const STEP: u64 = 24 * 1024;
/// Interval between two checks.
const EVERY: Duration = Duration::from_millis(20);

/// Does the work while another thread watches the memory.
pub(super) fn bounded<T>(work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        // Dropped at the end of the work, also where it unwinds.
        let (_at_work, ended) = mpsc::channel::<()>();
        scope.spawn(move || watch(&ended));
        work()
    })
}

fn watch(ended: &Receiver<()>) {
    let Some(start) = resident() else { return };
    let mut limit = start + GROWTH;
    while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        if resident().is_some_and(|now| now > limit) {
            comemo::evict(0);
            limit = resident().map_or(limit, |now| now.max(start + GROWTH - STEP)) + STEP;
        }
    }
}

/// Memory of this process in KiB; `None` where the system does not say.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
