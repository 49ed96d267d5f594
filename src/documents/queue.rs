//! Queue of all documents that a request waits for, shared by pages, API, private pages and mail.
//!
//! A document depends only on the request: the programme at that time, who may read it, the parameters, and when it
//! was issued. So requests that are equal get the same bytes, and no other request can get them.

use std::path::Path;
use std::sync::{Arc, Weak};

use actix_web::web::Bytes;

use super::format::{Format, file_name};
use super::pdf::{
    self, PdfError, PdfSource, Sheet, SheetChoice, SheetError, ToldSchedule, Typesetting,
};
use super::preview::DocumentPreview;
use super::render::{Options, RenderError, render};
use crate::core::agenda::{Agenda, Notes, Pencilled};
use crate::core::delegation::DelegationId;
use crate::core::programme::Programme;
use crate::core::time::Moment;
use crate::core::visibility::Viewer;
use crate::runtime::queue::{
    self, Cancellation, JobQueue, Output, Owner, QueueCounts, QueueError, QueueLimits, Size,
};

/// Two threads, of which one at a time makes something large: a document of 3,000 slots takes some 350 MB.
const LIMITS: QueueLimits = QueueLimits {
    threads: 2,
    large: 1,
    waiting: 96,
    // A preview shows up to twelve pictures at once.
    per_owner: 16,
    cache_bytes: 24 * 1024 * 1024,
};
/// Slots of a programme from which on a document of all of them counts as large.
const LARGE: usize = 200;
/// Seconds for which a document is given to the next who asks, with the time at which it was issued.
const SHARED_FOR: i64 = 60;
/// Seconds after which one who has too many documents in the queue may ask again.
pub const OWNER_WAIT: i64 = 5;
/// Seconds after which a full queue may be asked again.
pub const QUEUE_WAIT: i64 = 10;
/// Pages that are drawn together.
pub const PAGES_TOGETHER: usize = 12;

/// A document of a programme, with everything its content depends on except programme and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// The agenda.
    Agenda {
        /// Who is to read it.
        viewer: Viewer,
        /// Whether sketches are in it.
        pencilled: Pencilled,
        /// Whether the office's has its notes.
        notes: Notes,
        /// One of its days, as typed; all when `None`.
        day: Option<String>,
        /// The form of file.
        format: Format,
        /// How it is written.
        options: Options,
    },
    /// A sheet for paper.
    Sheet(Sheet, SheetChoice),
    /// A delegation's schedule as last notified.
    Told(DelegationId),
}

/// What is wanted of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentPart {
    /// The whole as a file.
    File,
    /// The first lines of what has no pages.
    Preview,
    /// Pictures of [`PAGES_TOGETHER`] pages from this one on, counted from 1.
    Pictures(usize),
}

/// A request as the queue compares it.
pub enum DocumentRequest {
    /// Of a programme. Two programmes are the same only when they are one object, which never changes.
    OfProgramme(Weak<Programme>, Document, DocumentPart, Moment),
    /// What comes with a letter, by what it says.
    Letter(Arc<str>),
}

impl queue::JobRequest for DocumentRequest {
    fn answers(&self, asked: &Self) -> bool {
        match (self, asked) {
            (
                Self::OfProgramme(programme, document, part, issued_at),
                Self::OfProgramme(other, wanted, wanted_part, now),
            ) => {
                let age = now.seconds() - issued_at.seconds();
                programme.ptr_eq(other)
                    && document == wanted
                    && part == wanted_part
                    && (0..SHARED_FOR).contains(&age)
            }
            (Self::Letter(says), Self::Letter(wanted)) => says == wanted,
            _ => false,
        }
    }

    fn is_outdated(&self) -> bool {
        match self {
            Self::OfProgramme(programme, ..) => programme.strong_count() == 0,
            Self::Letter(_) => false,
        }
    }
}

/// A finished file.
#[derive(Debug, Clone)]
pub struct DocumentFile {
    /// Its content.
    pub bytes: Bytes,
    /// A name for it, as `ca-jad-9-kz-r12.csv`.
    pub name: Arc<str>,
}

/// What a job of the queue makes.
#[derive(Clone)]
pub enum MadeDocument {
    /// A file.
    File(DocumentFile),
    /// The first lines of a file, or how many pages it has.
    Preview(Arc<DocumentPreview>),
    /// How many pages there are, and pictures of some.
    Pictures(usize, Arc<[Bytes]>),
}

/// Result of a job of the queue.
pub type DocumentResult = Result<MadeDocument, DocumentError>;

impl Output for DocumentResult {
    fn cached_bytes(&self) -> Option<usize> {
        Some(match self.as_ref().ok()? {
            MadeDocument::File(file) => file.bytes.len(),
            MadeDocument::Preview(preview) => preview.bytes(),
            MadeDocument::Pictures(_, pictures) => pictures.iter().map(Bytes::len).sum(),
        })
    }
}

/// Why there is no document.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DocumentError {
    /// There is nothing of that name, or the document is none that has pages.
    #[error("there is no such document")]
    NotFound,
    /// The request names something that is not there.
    #[error(transparent)]
    Sheet(Arc<SheetError>),
    /// Our own fault.
    #[error("{0}")]
    Fault(Arc<str>),
    /// The queue takes no more.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<SheetError> for DocumentError {
    fn from(error: SheetError) -> Self {
        Self::Sheet(Arc::new(error))
    }
}

impl From<PdfError> for DocumentError {
    fn from(error: PdfError) -> Self {
        Self::Fault(error.to_string().into())
    }
}

impl From<RenderError> for DocumentError {
    fn from(error: RenderError) -> Self {
        Self::Fault(error.to_string().into())
    }
}

/// Makes documents; clones share one queue.
#[derive(Clone)]
pub struct Documents {
    queue: JobQueue<DocumentRequest, DocumentResult>,
    /// The program that sets large ones in a process of its own.
    program: Option<Arc<Path>>,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            queue: JobQueue::new("documents", LIMITS),
            program: None,
        }
    }
}

impl Documents {
    /// Sets large documents in processes of this program, which is `iikura` itself; otherwise they are set here.
    #[must_use]
    pub fn with_program(mut self, program: &Path) -> Self {
        self.program = Some(program.into());
        self
    }

    /// The queue in which they are made.
    #[must_use]
    pub const fn queue(&self) -> &JobQueue<DocumentRequest, DocumentResult> {
        &self.queue
    }

    /// How the queue is now.
    #[must_use]
    pub fn counts(&self) -> QueueCounts {
        self.queue.counts()
    }

    /// Makes a document as a file.
    ///
    /// # Errors
    /// When it names something that is not there, or the queue takes no more.
    pub async fn file(
        &self,
        owner: Owner,
        programme: &Arc<Programme>,
        document: Document,
        now: Moment,
    ) -> Result<DocumentFile, DocumentError> {
        match self
            .of(owner, programme, document, DocumentPart::File, now)
            .await?
        {
            MadeDocument::File(file) => Ok(file),
            _ => Err(DocumentError::NotFound),
        }
    }

    /// Makes what is shown of a document before it is downloaded; for paper, the number of its pages.
    pub async fn preview(
        &self,
        owner: Owner,
        programme: &Arc<Programme>,
        document: Document,
        now: Moment,
    ) -> Result<Arc<DocumentPreview>, DocumentError> {
        if document.is_paper() {
            // They are asked for next.
            let first = DocumentPart::Pictures(1);
            let made = self.of(owner, programme, document, first, now).await?;
            return match made {
                MadeDocument::Pictures(pages, _) => Ok(Arc::new(DocumentPreview::Pages(pages))),
                _ => Err(DocumentError::NotFound),
            };
        }
        let preview = DocumentPart::Preview;
        match self.of(owner, programme, document, preview, now).await? {
            MadeDocument::Preview(preview) => Ok(preview),
            _ => Err(DocumentError::NotFound),
        }
    }

    /// Draws a page of a paper, counted from 1.
    ///
    /// # Errors
    /// As [`Documents::file`]; when it has no such page, or the document is not for paper.
    pub async fn picture(
        &self,
        owner: Owner,
        programme: &Arc<Programme>,
        document: Document,
        page: usize,
        now: Moment,
    ) -> Result<Bytes, DocumentError> {
        let at = page.checked_sub(1).ok_or(DocumentError::NotFound)?;
        if !document.is_paper() {
            return Err(DocumentError::NotFound);
        }
        let part = DocumentPart::Pictures(at - at % PAGES_TOGETHER + 1);
        match self.of(owner, programme, document, part, now).await? {
            MadeDocument::Pictures(_, pictures) => pictures.get(at % PAGES_TOGETHER).cloned(),
            _ => None,
        }
        .ok_or(DocumentError::NotFound)
    }

    /// Sets what comes with a letter.
    ///
    /// # Errors
    /// When what it says cannot be read or set, or the queue takes no more; mail itself is never refused.
    pub async fn letter(&self, owner: Owner, says: &str) -> Result<Bytes, DocumentError> {
        let says: Arc<str> = says.into();
        let request = DocumentRequest::Letter(Arc::clone(&says));
        let job = move |cancellation: &Cancellation| -> DocumentResult {
            let paper = ToldSchedule::kept(&says)?.paper()?;
            let typesetting = Typesetting {
                cancellation: cancellation.clone(),
                ..Typesetting::default()
            };
            Ok(MadeDocument::File(file(&paper, &typesetting)?))
        };
        match self.queue.run(owner, Size::Small, request, job).await?? {
            MadeDocument::File(file) => Ok(file.bytes),
            _ => Err(DocumentError::NotFound),
        }
    }

    async fn of(
        &self,
        owner: Owner,
        programme: &Arc<Programme>,
        document: Document,
        part: DocumentPart,
        now: Moment,
    ) -> DocumentResult {
        let size = document.size(programme);
        let request =
            DocumentRequest::OfProgramme(Arc::downgrade(programme), document.clone(), part, now);
        let (programme, program) = (Arc::clone(programme), self.program.clone());
        let job = move |cancellation: &Cancellation| {
            let typesetting = Typesetting {
                cancellation: cancellation.clone(),
                large: size == Size::Large,
                program,
            };
            document.make(&programme, part, now, &typesetting)
        };
        self.queue.run(owner, size, request, job).await?
    }
}

fn file(paper: &PdfSource, typesetting: &Typesetting) -> Result<DocumentFile, PdfError> {
    Ok(DocumentFile {
        bytes: paper.set_as(typesetting)?.into(),
        name: paper.file_name().into(),
    })
}

impl Document {
    /// True for what is made of pages.
    const fn is_paper(&self) -> bool {
        match self {
            Self::Agenda { format, .. } => matches!(format, Format::Pdf),
            Self::Sheet(..) | Self::Told(_) => true,
        }
    }

    /// How much it takes to make it; what is of one delegation, room or interpreter is never large.
    fn size(&self, programme: &Programme) -> Size {
        let of_all = match self {
            Self::Agenda { viewer, format, .. } => {
                *viewer == Viewer::Staff && matches!(format, Format::Pdf | Format::Xlsx)
            }
            Self::Sheet(_, choice) => {
                choice.delegation.is_none() && choice.room.is_none() && choice.interpreter.is_none()
            }
            Self::Told(_) => false,
        };
        if of_all && programme.slots().len() > LARGE {
            Size::Large
        } else {
            Size::Small
        }
    }

    fn make(
        &self,
        programme: &Programme,
        part: DocumentPart,
        issued_at: Moment,
        typesetting: &Typesetting,
    ) -> DocumentResult {
        let paper = match self {
            Self::Agenda { format, .. } if *format != Format::Pdf => {
                return self.make_agenda(programme, *format, part, issued_at);
            }
            Self::Agenda { .. } => pdf::paper(&self.agenda(programme, issued_at)?)?,
            Self::Sheet(sheet, choice) => pdf::sheet(programme, *sheet, choice, issued_at)?,
            Self::Told(delegation) => {
                let delegation = programme.delegation(*delegation);
                let delegation = delegation.ok_or(DocumentError::NotFound)?;
                pdf::as_told(programme, delegation, issued_at)?
            }
        };
        Ok(match part {
            DocumentPart::File => MadeDocument::File(file(&paper, typesetting)?),
            DocumentPart::Pictures(first) => {
                let wanted = first..first + PAGES_TOGETHER;
                let (pages, pictures) = paper.pictures(wanted, typesetting)?;
                MadeDocument::Pictures(pages, pictures.into_iter().map(Bytes::from).collect())
            }
            DocumentPart::Preview => return Err(DocumentError::NotFound),
        })
    }

    fn make_agenda(
        &self,
        programme: &Programme,
        format: Format,
        part: DocumentPart,
        issued_at: Moment,
    ) -> DocumentResult {
        let Self::Agenda { options, .. } = self else {
            return Err(DocumentError::NotFound);
        };
        let agenda = self.agenda(programme, issued_at)?;
        if part == DocumentPart::Preview {
            return Ok(MadeDocument::Preview(Arc::new(DocumentPreview::of(
                &agenda, format,
            )?)));
        }
        Ok(MadeDocument::File(DocumentFile {
            bytes: render(&agenda, format, options)?.into(),
            name: file_name(&agenda, format).into(),
        }))
    }

    fn agenda(&self, programme: &Programme, issued_at: Moment) -> Result<Agenda, DocumentError> {
        let Self::Agenda {
            viewer,
            pencilled,
            notes,
            day,
            ..
        } = self
        else {
            return Err(DocumentError::NotFound);
        };
        let agenda = Agenda::of(programme, *viewer, issued_at, *pencilled);
        let agenda = agenda.ok_or(DocumentError::NotFound)?;
        Ok(agenda.with(*notes).on(day.as_deref())?)
    }
}
