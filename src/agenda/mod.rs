//! The agenda as documents: pages, tables, calendars and PDF.

pub mod calendar_pages;
pub mod csv;
pub mod documents;
pub mod export;
pub mod format;
pub mod html;
pub mod ical;
pub mod ics;
pub mod json;
pub mod pages;
pub mod pdf;
pub mod preview;
#[cfg(test)]
mod tests;
pub mod xlsx;
