//! Plans: a time, a room and interpreters for many meetings at once, so that none of them is in another's way.
//!
//! [`crate::core::planner::plan`] is pure; what it proposes is booked by the same call as everything else.

pub mod forms;
pub mod limit;
pub mod pages;
