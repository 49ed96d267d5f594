//! Slots: booking, storage, forms and pages.

pub mod booking;
pub mod forms;
pub mod free_forms;
pub mod pages;
pub mod staffing;
pub mod store;
pub mod undo;
