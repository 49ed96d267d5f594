//! Events: their storage, files and pages.

pub mod archive;
pub mod archived;
pub mod change;
pub mod context;
pub mod file;
pub mod forms;
pub mod pages;
pub mod peers;
pub mod programme_cache;
pub mod resource;
pub mod store;
pub mod transaction;
pub mod watch;
