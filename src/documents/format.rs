//! The forms in which an agenda leaves the house.

use super::html::Stylesheet;
use crate::core::agenda::Agenda;
use crate::core::text_enum::TextEnum;
use crate::documents::{csv, html, ics, json, pdf, xlsx};

/// A form of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A page for the browser.
    Html,
    /// Paper.
    Pdf,
    /// A table for a spreadsheet.
    Csv,
    /// A workbook: a sheet a day, a sheet a delegation.
    Xlsx,
    /// Data for another program.
    Json,
    /// A file for a calendar.
    Ics,
}

impl TextEnum for Format {
    const ALL: &'static [Self] = &[
        Self::Html,
        Self::Pdf,
        Self::Csv,
        Self::Xlsx,
        Self::Json,
        Self::Ics,
    ];
    const NOUN: &'static str = "agenda format";

    fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Ics => "ics",
        }
    }
}

impl Format {
    /// The form as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Html => "Page to print",
            Self::Pdf => "PDF",
            Self::Csv => "Table (CSV)",
            Self::Xlsx => "Workbook (XLSX)",
            Self::Json => "Data (JSON)",
            Self::Ics => "Calendar (ICS)",
        }
    }

    /// The media type, with the character set.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json; charset=utf-8",
            Self::Ics => "text/calendar; charset=utf-8; method=PUBLISH",
        }
    }

    /// The end of a file's name, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.as_str()
    }
}

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
    #[error("the agenda's PDF could not be set: {0}")]
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

/// A name for the file, as `ca-jad-9-kz-r12.csv`: lower-case ASCII letters, digits and hyphens, one dot.
#[must_use]
pub fn file_name(agenda: &Agenda, format: Format) -> String {
    let reader = agenda
        .addressee()
        .map_or_else(String::new, |party| format!("-{}", safe(&party.code)));
    let day = agenda.day.map_or_else(String::new, |day| format!("-{day}"));
    format!(
        "{}{reader}{day}-r{}.{}",
        safe(&agenda.slug),
        agenda.revision.0.max(0),
        format.extension()
    )
}

/// Codes are safe as they are parsed; a name on somebody's disk does not rely on it.
fn safe(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(40)
        .collect::<String>()
        .to_ascii_lowercase()
}
