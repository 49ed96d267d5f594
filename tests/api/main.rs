//! The API as programs use it: a real server, a real database.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by ending"
)]

#[allow(
    dead_code,
    reason = "the pages' tests take another part of this than these"
)]
#[path = "../web/meeting.rs"]
mod meeting;
mod program;
#[allow(
    dead_code,
    reason = "the pages' tests take another part of this than these"
)]
#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "../support/week.rs"]
mod week;

mod clashes;
mod document;
mod everywhere;
mod fuzz;
mod limits;
mod manual;
mod markup;
mod matrix;
mod permissions;
mod plans;
mod problems;
mod races;
mod reading;
mod rights;
mod table;
mod test_event;
mod tokens;
mod visitor;
mod writing;
