//! File formats of an agenda.

use crate::core::agenda::{Agenda, Notes};
use crate::core::text_enum::TextEnum;

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

/// A name for the file, as `ca-jad-9-kz-r12.csv`: lower-case ASCII letters, digits and hyphens, one dot.
#[must_use]
pub fn file_name(agenda: &Agenda, format: Format) -> String {
    let reader = agenda
        .addressee()
        .map_or_else(String::new, |party| format!("-{}", safe(&party.code)));
    let clean = match (agenda.addressee(), agenda.notes) {
        (None, Notes::LeftOut) => "-clean",
        _ => "",
    };
    let day = agenda.day.map_or_else(String::new, |day| format!("-{day}"));
    format!(
        "{}{reader}{clean}{day}-r{}.{}",
        safe(&agenda.slug),
        agenda.revision.0.max(0),
        format.extension()
    )
}

/// Codes are safe once parsed; a file name must not rely on it.
fn safe(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(40)
        .collect::<String>()
        .to_ascii_lowercase()
}
