//! Overviews: who meets whom, somebody's day, a room's day, what has changed, and what answers to some words. Pure: a
//! programme in, things to show out.

pub mod day;
pub mod pairs;
pub mod search;
