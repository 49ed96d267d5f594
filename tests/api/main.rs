//! The API as programs use it: a real server, a real database.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by ending"
)]

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
mod program;
mod races;
mod reading;
mod rights;
mod several;
mod table;
mod test_event;
mod tokens;
mod visitor;
mod writing;
