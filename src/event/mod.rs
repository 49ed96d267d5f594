//! Events: their storage, files and pages.

pub mod archive;
pub mod change;
pub mod context;
pub mod file;
pub mod forms;
pub mod live;
pub mod overview;
pub mod pages;
pub mod resource;
pub mod store;
pub mod timetable;
pub mod tx;
pub mod watch;
pub mod wire;
