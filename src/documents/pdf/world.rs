//! What Typst sees of the world: our templates, one file of data, and fonts. No network, no disk, no clock.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use typst::comemo;
use typst::diag::{FileError, FileResult, SourceDiagnostic, SourceResult, Warned};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, compile};
use typst_kit::fonts::{self, FontStore};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};
use typst_svg::SvgOptions;

use super::memory;
use crate::core::time::Moment;
use crate::runtime::queue::Cancellation;

/// What every template is set with: page, type, head and foot.
const HOUSE: &str = include_str!("../../../templates/agenda/house.typ");

/// Japanese fonts that suit the Latin font, the best first: of Debian, macOS, Windows, and free ones.
const JAPANESE: [&str; 16] = [
    "Noto Serif CJK JP",
    "Noto Serif JP",
    "Source Han Serif",
    "Hiragino Mincho ProN",
    "Yu Mincho",
    "BIZ UDPMincho",
    "IPAexMincho",
    "IPAMincho",
    "MS Mincho",
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Hiragino Sans",
    "Yu Gothic",
    "IPAexGothic",
    "TakaoGothic",
    "VL Gothic",
];

/// Number of documents after which Typst drops cached layout, so that headings are not shaped each time.
const REMEMBERED: usize = 4;
/// Bytes of data from which on nothing is remembered of a document: some hundred slots, and megabytes in Typst's memory.
const REMEMBERED_BYTES: usize = 48 * 1024;

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::find);

/// A document could not be set. Its templates are part of the program, so that this is a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("the document could not be rendered: {0}")]
pub struct TypesetError(String);

/// How a document is set beside other work.
#[derive(Debug, Clone, Default)]
pub struct Typesetting {
    /// Stops it when requested; the thread then unwinds.
    pub cancellation: Cancellation,
    /// True for a document that needs much memory: what Typst remembers of it is bounded, and dropped afterwards.
    pub large: bool,
    /// The program that sets a large document in a process of its own; without it, that is done here.
    pub program: Option<Arc<Path>>,
}

/// What a typesetting that was cancelled unwinds with.
struct Cancelled;

/// Sets `data` by a template.
pub(super) fn typeset(
    template: &str,
    data: Vec<u8>,
    issued_at: Moment,
    typesetting: &Typesetting,
) -> Result<Vec<u8>, TypesetError> {
    lay_out(template, data, typesetting, |document| {
        typst_pdf::pdf(document, &options(issued_at))
    })
}

/// Draws some pages, counted from 1, of `data` set by a template, and says how many it has.
pub(super) fn pictures(
    template: &str,
    data: Vec<u8>,
    wanted: Range<usize>,
    typesetting: &Typesetting,
) -> Result<(usize, Vec<String>), TypesetError> {
    lay_out(template, data, typesetting, |document| {
        let pages = document.pages();
        let shown = (1..).zip(pages).filter(|(page, _)| wanted.contains(page));
        let drawn = shown.map(|(_, page)| {
            typesetting.stop_if_cancelled();
            typst_svg::svg(page, &SvgOptions::default())
        });
        Ok((pages.len(), drawn.collect()))
    })
}

fn lay_out<T>(
    template: &str,
    data: Vec<u8>,
    typesetting: &Typesetting,
    then: impl FnOnce(&PagedDocument) -> SourceResult<T>,
) -> Result<T, TypesetError> {
    let remembered = if typesetting.large || data.len() > REMEMBERED_BYTES {
        0
    } else {
        REMEMBERED
    };
    let _evict = Evict(remembered);
    let context = TypesetContext {
        main: Source::detached(template),
        data: Bytes::new(data),
        house: OnceLock::new(),
        typesetting: typesetting.clone(),
    };
    let Warned { output, warnings } = if typesetting.large {
        memory::bounded(|| compile::<PagedDocument>(&context))
    } else {
        compile::<PagedDocument>(&context)
    };
    for warning in &warnings {
        tracing::debug!(warning = %warning.message, "a document was rendered with a warning");
    }
    if typesetting.large {
        // The document has everything needed from here on.
        comemo::evict(0);
    }
    typesetting.stop_if_cancelled();
    let made = output.and_then(|document| then(&document));
    made.map_err(|faults| TypesetError(in_words(&faults)))
}

/// Drops what Typst remembers of documents longer ago than so many, however the typesetting ends.
struct Evict(usize);

impl Drop for Evict {
    fn drop(&mut self) {
        comemo::evict(self.0);
    }
}

impl Typesetting {
    /// Of a large document, here.
    pub(super) fn large() -> Self {
        Self {
            large: true,
            ..Self::default()
        }
    }

    /// The program that sets the document in a process of its own, where it is to be set so.
    pub(super) fn other_process(&self) -> Option<&Path> {
        self.program.as_deref().filter(|_| self.large)
    }

    /// Unwinds when no client waits any more: Typst offers no other way to stop it. Nothing is logged, and no lock of
    /// ours is
    /// held meanwhile.
    fn stop_if_cancelled(&self) {
        if self.cancellation.is_requested() {
            resume_unwind(Box::new(Cancelled));
        }
    }
}

/// Looks for the machine's fonts, once in the life of the program, and logs when there is none for Japanese. The first
/// document does it otherwise.
pub fn find_fonts() {
    LazyLock::force(&FONTS);
}

/// The family that Japanese is set in; `None` where this machine has none.
#[must_use]
pub fn japanese_font() -> Option<&'static str> {
    japanese().first().copied()
}

/// Families for Japanese that are on this machine, the best first; empty where none is.
pub(super) fn japanese() -> &'static [&'static str] {
    &FONTS.japanese
}

/// True when some font can show a sign; a document takes it from whichever has it.
pub(super) fn has_sign(sign: char) -> bool {
    static KNOWN: LazyLock<Mutex<HashMap<char, bool>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known.entry(sign).or_insert_with(|| {
        let book = FONTS.store.book();
        let mut fonts = (0..).map_while(|font| book.info(font));
        fonts.any(|font| font.coverage.contains(sign.into()))
    })
}

fn options(issued_at: Moment) -> PdfOptions {
    PdfOptions {
        creator: Smart::Custom(Some("Iikura".to_owned())),
        timestamp: timestamp(issued_at),
        ..PdfOptions::default()
    }
}

fn timestamp(at: Moment) -> Option<Timestamp> {
    use chrono::{Datelike, Timelike};
    let utc = at.utc();
    let small = |number: u32| u8::try_from(number).ok();
    let time = Datetime::from_ymd_hms(
        utc.year(),
        small(utc.month())?,
        small(utc.day())?,
        small(utc.hour())?,
        small(utc.minute())?,
        small(utc.second())?,
    )?;
    Some(Timestamp::new_utc(time))
}

fn in_words(faults: &[SourceDiagnostic]) -> String {
    let messages: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
    messages.join("; ")
}

/// Fonts of this machine, and those that come with the program.
struct Fonts {
    store: FontStore,
    japanese: Vec<&'static str>,
}

impl Fonts {
    /// Looks for them once; files are read when a document needs them.
    fn find() -> Self {
        let mut store = FontStore::new();
        // The program's own come first, so that a document looks the same wherever it is set.
        store.extend(fonts::embedded());
        store.extend(fonts::system());
        let japanese: Vec<_> = JAPANESE
            .into_iter()
            .filter(|family| has_japanese(store.book(), family))
            .take(2)
            .collect();
        if let Some(family) = japanese.first() {
            tracing::debug!(family, "Japanese in documents uses this font");
        } else {
            tracing::warn!(
                "no Japanese font was found on this machine: PDF documents leave Japanese names out; \
                 install one, as Debian's package fonts-noto-cjk, and start again"
            );
        }
        Self { store, japanese }
    }
}

/// True when a font family is installed and has both scripts and the characters of Japanese names.
fn has_japanese(book: &FontBook, family: &str) -> bool {
    book.select_family(&family.to_lowercase()).any(|index| {
        book.info(index).is_some_and(|info| {
            ['日', 'ア', 'の']
                .into_iter()
                .all(|sign| info.coverage.contains(sign.into()))
        })
    })
}

/// One document on the way to paper.
struct TypesetContext {
    main: Source,
    data: Bytes,
    house: OnceLock<Source>,
    typesetting: Typesetting,
}

impl World for TypesetContext {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        FONTS.store.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            return Ok(self.main.clone());
        }
        match id.vpath().get_without_slash() {
            "house.typ" => Ok(self
                .house
                .get_or_init(|| Source::new(id, HOUSE.to_owned()))
                .clone()),
            other => Err(FileError::NotFound(other.into())),
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        match id.vpath().get_without_slash() {
            "data.json" => Ok(self.data.clone()),
            other => Err(FileError::NotFound(other.into())),
        }
    }

    /// Asked for at every piece of text, so that this is where a typesetting is stopped.
    fn font(&self, index: usize) -> Option<Font> {
        self.typesetting.stop_if_cancelled();
        FONTS.store.font(index)
    }

    /// Documents have their time from us.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
