//! Finished pages, kept while the programme they show is at the same revision.
//!
//! A page is kept for one reader: its key names everything but the revision that it depends on. Nothing here may be
//! stale, since the revision is asked for on every request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;

use crate::event::Revision;

/// How many pages are kept at most; beyond that all are dropped, which costs one rendering each.
const MOST: usize = 1024;

/// Pages by key.
#[derive(Clone, Default)]
pub struct KeptPages(Arc<Mutex<HashMap<String, (Revision, Bytes)>>>);

impl KeptPages {
    /// The page, if it was kept at this revision.
    #[must_use]
    pub fn get(&self, key: &str, revision: Revision) -> Option<Bytes> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages
            .get(key)
            .filter(|(kept, _)| *kept == revision)
            .map(|(_, page)| page.clone())
    }

    /// Keeps a page.
    pub fn keep(&self, key: String, revision: Revision, page: Bytes) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MOST {
            pages.clear();
        }
        pages.insert(key, (revision, page));
    }
}
