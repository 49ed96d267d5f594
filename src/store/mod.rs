//! Rows: how each noun is stored and read, in transactions that raise the revision first.

pub mod archived;
pub mod audit;
pub mod backup;
pub mod delegation;
pub mod event;
pub mod form_post;
pub mod interpreter;
pub mod notice;
pub mod peers;
pub mod private_link;
pub mod programme;
pub mod programme_cache;
pub mod resource;
pub mod room;
pub mod slot;
pub mod slot_write;
pub mod transaction;
pub mod watch;
