//! The beginning of a document, as it is shown before the document is downloaded.

use super::csv;
use super::format::Format;
use super::render::{Options, RenderError, render as write};
use crate::core::agenda::Agenda;

/// Lines of a file that are shown at most.
const MOST_LINES: usize = 40;

/// What is shown of a document before it is downloaded.
#[derive(Debug)]
pub enum DocumentPreview {
    /// How many pages there are; their pictures have addresses of their own.
    Pages(usize),
    /// The head of a table, its first lines, and how many there are.
    Table(Vec<String>, Vec<Vec<String>>, usize),
    /// The first lines of a text, and how many there are.
    Text(String, usize),
    /// The document is a page and shows itself.
    Itself,
}

impl DocumentPreview {
    /// The beginning of an agenda in a form that has no pages.
    pub(crate) fn of(agenda: &Agenda, format: Format) -> Result<Self, RenderError> {
        match format {
            Format::Html => Ok(Self::Itself),
            // A workbook has the same lines, by day and by delegation.
            Format::Csv | Format::Xlsx => table(&csv::render(agenda, false)?),
            Format::Json | Format::Ics | Format::Pdf => {
                let bytes = write(agenda, format, &Options::default())?;
                let text = String::from_utf8_lossy(&bytes);
                let lines: Vec<&str> = text.lines().take(MOST_LINES).collect();
                Ok(Self::Text(lines.join("\n"), text.lines().count()))
            }
        }
    }

    /// How much memory it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Pages(_) | Self::Itself => 0,
            Self::Table(head, rows, _) => {
                let cells = rows.iter().flatten().chain(head);
                cells.map(|cell| cell.len() + size_of::<String>()).sum()
            }
            Self::Text(text, _) => text.len(),
        }
    }
}

fn table(bytes: &[u8]) -> Result<DocumentPreview, RenderError> {
    let mut reader = ::csv::Reader::from_reader(bytes);
    let cells = |record: &::csv::StringRecord| record.iter().map(str::to_owned).collect();
    let head = cells(reader.headers()?);
    let rows = reader.records().collect::<Result<Vec<_>, _>>()?;
    let shown = rows.iter().take(MOST_LINES).map(cells).collect();
    Ok(DocumentPreview::Table(head, shown, rows.len()))
}
