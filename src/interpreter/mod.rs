//! Interpreters: their storage, forms and pages.

pub mod change;
pub mod forms;
pub mod pages;
pub mod store;
