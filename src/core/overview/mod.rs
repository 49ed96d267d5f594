//! Overviews: pairs of delegations, days of a delegation or room, changes, and search results. Pure: a
//! programme in, rows to show out.

pub mod day;
pub mod pairs;
pub mod search;
