//! The pages as people use them: a real server, a real database, no browser needed.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by ending"
)]

#[path = "../support/server.rs"]
mod server;

mod security;
mod sign_in;
mod users;
