//! Writes an agenda in any of its formats.

use super::format::Format;
use super::html::Stylesheet;
use crate::core::agenda::Agenda;
use crate::documents::{csv, html, ics, json, pdf, xlsx};

/// What differs from place to place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Where a page has its look from.
    pub stylesheet: Stylesheet,
    /// True to begin a table with a byte order mark, without which Excel takes UTF-8 for something else.
    pub byte_order_mark: bool,
}

/// Why an agenda could not be written. None of these happens with a text that was parsed at the edge.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The page's template failed.
    #[error("the agenda's page could not be written")]
    Html(#[from] askama::Error),
    /// The PDF could not be set.
    #[error("the agenda's PDF could not be rendered: {0}")]
    Pdf(#[from] pdf::PdfError),
    /// The table could not be written.
    #[error("the agenda's table could not be written")]
    Csv(#[from] ::csv::Error),
    /// The workbook could not be written.
    #[error("the agenda's workbook could not be written")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// The data could not be written.
    #[error("the agenda's data could not be written")]
    Json(#[from] serde_json::Error),
}

/// Writes the agenda as a file.
///
/// # Errors
/// When the writer of that format fails.
pub fn render(agenda: &Agenda, format: Format, options: &Options) -> Result<Vec<u8>, RenderError> {
    Ok(match format {
        Format::Html => html::render(agenda, options.stylesheet)?.into_bytes(),
        Format::Pdf => pdf::render(agenda)?,
        Format::Csv => csv::render(agenda, options.byte_order_mark)?,
        Format::Xlsx => xlsx::render(agenda)?,
        Format::Json => json::render(agenda)?,
        Format::Ics => ics::render(agenda).into_bytes(),
    })
}
