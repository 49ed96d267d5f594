//! The agenda as PDF, and the sheets that exist only as PDF: a minister's card, door sheets, the interpreters'
//! roster, the matrix of bilaterals.
//!
//! Each document is data (one file here) and a template (`templates/agenda/*.typ`) that sets it. Data reaches Typst as
//! JSON and is never part of its markup, so that whatever people typed is text.

mod card;
mod doors;
mod head;
mod matrix;
mod memory;
pub mod process;
mod programme;
mod roster;
pub mod script;
mod sheet;
mod told;
mod words;
mod world;

pub use sheet::{Sheet, SheetChoice, SheetError, sheet};
pub use told::{ToldSchedule, as_told};
pub use world::{TypesetError, Typesetting, find_fonts, japanese_font};

use std::ops::Range;

use serde::Serialize;

use crate::core::agenda::Agenda;
use crate::core::time::Moment;
use head::SheetHead;
use process::ProcessError;

/// Why there is no PDF. Either is a fault of ours.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The data of a document could not be written.
    #[error("the document's data could not be written: {0}")]
    Data(#[from] serde_json::Error),
    /// The stored source of a document cannot be read.
    #[error("what the document says could not be read: {0}")]
    Kept(#[source] serde_json::Error),
    /// The stored source of a document names a zone that this program does not know.
    #[error("the time zone '{0}' is not known here")]
    Zone(String),
    /// The document could not be set.
    #[error(transparent)]
    Typeset(#[from] TypesetError),
    /// The process that was to set it did not.
    #[error("{0}")]
    Process(String),
}

/// A document ready to be set; nothing of the programme is needed any more.
#[derive(Debug)]
pub struct PdfSource {
    template: &'static str,
    data: serde_json::Value,
    issued_at: Moment,
    name: String,
}

impl PdfSource {
    fn new(
        template: &'static str,
        head: &SheetHead,
        body: &impl Serialize,
        name: String,
    ) -> Result<Self, PdfError> {
        Ok(Self {
            template,
            data: serde_json::json!({ "head": head, "body": serde_json::to_value(body)? }),
            issued_at: head.issued_at,
            name,
        })
    }

    /// A name for the file, as `ca-jad-9-card-kz-r12.pdf`: lower-case ASCII letters, digits and hyphens, one dot.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.name
    }

    /// The template's data, so that a test can check many documents without rendering them.
    #[cfg(test)]
    pub(crate) fn words(&self) -> String {
        self.data.to_string()
    }

    /// Sets the document. Takes up to some seconds of computing: not for a thread that serves others.
    pub fn set(&self) -> Result<Vec<u8>, PdfError> {
        self.set_as(&Typesetting::default())
    }

    /// As [`PdfSource::set`], but stopped when that is requested, and with bounded memory where it is large.
    pub fn set_as(&self, typesetting: &Typesetting) -> Result<Vec<u8>, PdfError> {
        script::log(&self.data);
        if let Some(program) = typesetting.other_process() {
            match process::set(program, self, &typesetting.cancellation) {
                Err(ProcessError::Start(error)) => started_none(&error),
                made => return Ok(made?),
            }
        }
        let data = serde_json::to_vec(&self.data)?;
        Ok(world::typeset(
            self.template,
            data,
            self.issued_at,
            typesetting,
        )?)
    }

    /// How many pages it has, and some of them, counted from 1, as pictures (SVG). Their words are outlines, so that they
    /// look the same wherever they are shown.
    pub fn pictures(
        &self,
        wanted: Range<usize>,
        typesetting: &Typesetting,
    ) -> Result<(usize, Vec<String>), PdfError> {
        script::log(&self.data);
        if let Some(program) = typesetting.other_process() {
            let pages = (wanted.start, wanted.end);
            match process::pictures(program, self, pages, &typesetting.cancellation) {
                Err(ProcessError::Start(error)) => started_none(&error),
                made => return Ok(made?),
            }
        }
        let data = serde_json::to_vec(&self.data)?;
        Ok(world::pictures(self.template, data, wanted, typesetting)?)
    }
}

/// Where no process can be started, the document is set here.
fn started_none(error: &std::io::Error) {
    tracing::warn!(%error, "no process could be started for a large document: it is rendered in the server");
}

/// Writes the agenda: the event's programme for staff, its schedule for a delegation.
///
/// # Errors
/// When the document cannot be set.
pub fn render(agenda: &Agenda) -> Result<Vec<u8>, PdfError> {
    paper(agenda)?.set()
}

/// The agenda ready to be set.
pub(crate) fn paper(agenda: &Agenda) -> Result<PdfSource, PdfError> {
    programme::paper(agenda)
}
