//! The agenda as documents: pages, tables, calendars and PDF.

pub mod csv;
pub mod format;
pub mod html;
pub mod ical;
pub mod ics;
pub mod json;
pub mod pdf;
pub mod preview;
pub mod queue;
pub mod render;
#[cfg(test)]
mod tests;
pub mod xlsx;
