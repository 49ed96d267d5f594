//! What was written out once, kept while the programme it shows is at the same revision.
//!
//! Its key names everything but the revision that it depends on. Nothing here may be stale, since the revision is asked
//! for on every request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use bytestring::ByteString;

use crate::event::Revision;

/// How many pieces are kept at most; beyond that all are dropped, which costs writing each once more.
const MOST: usize = 1024;

/// Pages, or parts of them, by key.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<HashMap<String, (Revision, ByteString)>>>);

impl Kept {
    /// The piece as it was kept at this revision, else as it is written now.
    ///
    /// # Errors
    /// As the writing says.
    pub fn at<E>(
        &self,
        key: String,
        revision: Revision,
        write: impl FnOnce() -> Result<String, E>,
    ) -> Result<ByteString, E> {
        if let Some(piece) = self.get(&key, revision) {
            return Ok(piece);
        }
        let piece = ByteString::from(write()?);
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pieces.len() >= MOST {
            pieces.clear();
        }
        pieces.insert(key, (revision, piece.clone()));
        Ok(piece)
    }

    fn get(&self, key: &str, revision: Revision) -> Option<ByteString> {
        let pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, piece) = pieces.get(key)?;
        (*kept == revision).then(|| piece.clone())
    }
}

/// Part of a page that a template of its own has written, which another takes as it is.
pub struct Markup(ByteString);

impl Markup {
    /// The part that the template writes, or wrote at this revision.
    ///
    /// # Errors
    /// When the template fails.
    pub fn kept<T: Template>(
        kept: &Kept,
        key: String,
        revision: Revision,
        template: impl FnOnce() -> T,
    ) -> askama::Result<Self> {
        kept.at(key, revision, || template().render()).map(Self)
    }
}

impl std::ops::Deref for Markup {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The template has escaped what it had to.
impl askama::filters::HtmlSafe for Markup {}
