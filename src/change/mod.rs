//! Changes: one function for each, in one transaction, with the notices to delegations.

pub mod answer;
pub mod archive;
pub mod booking;
pub mod correction;
pub mod delegation;
pub mod dry_run;
pub mod event;
pub mod event_file;
pub mod incoming_mail;
pub mod interpreter;
pub mod letters;
pub mod notify;
pub mod room;
pub mod staffing;
pub mod undo;
