//! Booking through the domain on real databases: races, random sequences, overrides, event files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by ending"
)]

mod behind;
mod files;
mod free_slots;
mod interpreters;
mod prepared;
mod races;
mod random;
mod reasons;
mod released;
mod round_trip;
mod scene;
mod sentences;
mod slips;
mod telling;
mod test_event;
mod unchanged;
