//! The outbox, the relay's moods, and the worker between them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by ending"
)]

mod claims;
mod delivery;
mod enclosures;
mod outbox;
mod queue;
mod test_event;
