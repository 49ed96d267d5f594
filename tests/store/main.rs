//! The store itself, below the domain: what migrations make of it, and what each database refuses whoever asks.
//! Every test runs on SQLite and, with the feature `postgres`, on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by ending"
)]

mod audit;
mod backup;
mod chain;
mod connections;
#[cfg(feature = "postgres")]
mod encryption;
mod installation;
mod loading;
mod migrations;
mod occupancy;
mod personal;
mod race;
mod releases;
mod scene;
mod schema;
