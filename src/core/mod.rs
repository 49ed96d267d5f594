//! The core: what a programme is and which rules it obeys, without database, server, clock or I/O.
//!
//! Modules here import only each other, in one direction; a test reads the imports.

pub mod action;
pub mod agenda;
pub mod by_slot;
pub mod clean;
pub mod coverage;
pub mod decision;
pub mod delegation;
pub mod done;
pub mod due;
pub(crate) mod entered;
pub mod event;
#[cfg(test)]
pub(crate) mod fixture;
pub mod fold;
pub mod free;
pub mod history;
pub mod interpreter;
pub mod joining;
pub mod meeting_format;
pub mod notice;
pub mod overview;
pub mod planner;
pub mod programme;
pub mod record;
pub mod room;
pub mod roster;
pub mod rule;
pub mod rules;
#[cfg(test)]
pub(crate) mod sample;
pub mod slot;
pub mod slot_kind;
pub mod text;
pub mod text_enum;
pub mod time;
pub mod timetable;
pub mod user;
pub mod visibility;
#[cfg(test)]
pub(crate) mod week;
pub mod wording;
pub mod zone_change;
