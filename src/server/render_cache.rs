//! Cache of rendered HTML, valid while the programme it shows has the same version.
//!
//! Its key names everything but the version that it depends on. Nothing here may be stale, since the version is asked
//! for on every request. What many ask for at once is written by the first, and the others wait for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use askama::Template;
use bytestring::ByteString;
use tokio::sync::watch;

use crate::core::event::ProgrammeVersion;

/// The most bytes cached: every day of a high-level week as officers and as observers see it, by room.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Pages, or parts of them, by key.
#[derive(Clone, Default)]
pub struct RenderCache(Arc<Mutex<Pieces>>);

#[derive(Default)]
struct Pieces {
    kept: HashMap<String, (ProgrammeVersion, ByteString)>,
    bytes: usize,
    /// What is being written; the sender is dropped when it has been, or was not.
    writing: HashMap<(String, ProgrammeVersion), watch::Receiver<()>>,
}

/// State of a cached piece.
enum CacheLookup {
    Piece(ByteString),
    /// Another writes it.
    Wait(watch::Receiver<()>),
    /// Not cached, and not being rendered.
    Write(Writing),
}

/// Held while a piece is rendered, until it is cached or rendering has failed.
struct Writing {
    kept: RenderCache,
    what: (String, ProgrammeVersion),
    _sender: watch::Sender<()>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.kept.lock().writing.remove(&self.what);
    }
}

impl RenderCache {
    /// Returns the piece cached at this version, else renders it.
    ///
    /// # Errors
    /// As the writing says.
    pub async fn at<E>(
        &self,
        key: String,
        version: ProgrammeVersion,
        write: impl FnOnce() -> Result<String, E>,
    ) -> Result<ByteString, E> {
        let what = (key, version);
        loop {
            match self.find(&what) {
                CacheLookup::Piece(piece) => return Ok(piece),
                // Ends when the sender is dropped. A reader that finds nothing then renders it.
                CacheLookup::Wait(mut written) => while written.changed().await.is_ok() {},
                CacheLookup::Write(writing) => {
                    let piece = ByteString::from(write()?);
                    self.lock().keep(what, piece.clone());
                    drop(writing);
                    return Ok(piece);
                }
            }
        }
    }

    fn find(&self, what: &(String, ProgrammeVersion)) -> CacheLookup {
        let mut pieces = self.lock();
        if let Some((version, piece)) = pieces.kept.get(&what.0)
            && *version == what.1
        {
            return CacheLookup::Piece(piece.clone());
        }
        if let Some(written) = pieces.writing.get(what) {
            return CacheLookup::Wait(written.clone());
        }
        let (sender, receiver) = watch::channel(());
        pieces.writing.insert(what.clone(), receiver);
        CacheLookup::Write(Writing {
            kept: self.clone(),
            what: what.clone(),
            _sender: sender,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pieces {
    /// Caches a piece, replacing that of another version. Where there is no room, others of other versions go first,
    /// which are not requested any more, then all: each is rendered again on request.
    fn keep(&mut self, (key, version): (String, ProgrammeVersion), piece: ByteString) {
        if let Some((_, old)) = self.kept.remove(&key) {
            self.bytes -= old.len();
        }
        if piece.len() > MOST_BYTES {
            return;
        }
        if self.bytes + piece.len() > MOST_BYTES {
            self.kept.retain(|_, (other, _)| *other == version);
            self.bytes = self.kept.values().map(|(_, piece)| piece.len()).sum();
        }
        if self.bytes + piece.len() > MOST_BYTES {
            self.kept.clear();
            self.bytes = 0;
        }
        self.bytes += piece.len();
        self.kept.insert(key, (version, piece));
    }
}

/// Part of a page that a template of its own has written, which another takes as it is.
pub struct CachedHtml(ByteString);

impl CachedHtml {
    /// The part that the template writes, or wrote at this version.
    pub async fn render<T: Template>(
        kept: &RenderCache,
        key: String,
        version: ProgrammeVersion,
        template: impl FnOnce() -> T,
    ) -> askama::Result<Self> {
        kept.at(key, version, || template().render())
            .await
            .map(Self)
    }

    /// The part itself, which answers share.
    #[must_use]
    pub const fn shared(&self) -> &ByteString {
        &self.0
    }
}

impl fmt::Display for CachedHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The template has escaped what it had to.
impl askama::filters::HtmlSafe for CachedHtml {}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use futures_util::future::join_all;

    use super::*;
    use crate::core::event::{Revision, RevisionKey};
    use crate::runtime::random::fresh_id;

    fn version(revision: i64) -> ProgrammeVersion {
        ProgrammeVersion::new(Revision(revision), RevisionKey(fresh_id()))
    }

    #[actix_web::test]
    async fn cached_bytes_stay_bounded() {
        let kept = RenderCache::default();
        for day in 0..100 {
            let page = || Ok::<_, Infallible>("x".repeat(MOST_BYTES / 20));
            let at = [version(1), version(day)][usize::from(day % 3 == 0)];
            let _ = kept.at(format!("day {day}"), at, page).await;
            let pieces = kept.lock();
            let bytes: usize = pieces.kept.values().map(|(_, piece)| piece.len()).sum();
            assert_eq!(pieces.bytes, bytes);
            assert!(bytes <= MOST_BYTES, "{bytes}");
            assert!(pieces.kept.contains_key(&format!("day {day}")));
        }
        let huge = || Ok::<_, Infallible>("x".repeat(MOST_BYTES + 1));
        let written = kept.at("all".to_owned(), version(1), huge).await;
        assert_eq!(written.unwrap().len(), MOST_BYTES + 1);
        assert!(!kept.lock().kept.contains_key("all"));
    }

    #[actix_web::test]
    async fn a_piece_is_written_once_for_each_version() {
        let kept = RenderCache::default();
        let at = async |version, text: &'static str| {
            let write = || Ok::<_, Infallible>(text.to_owned());
            let written = kept.at("day".to_owned(), version, write).await;
            written.unwrap().to_string()
        };
        let first = version(1);
        assert_eq!(at(first, "first").await, "first");
        assert_eq!(at(first, "not written").await, "first");
        assert_eq!(at(version(2), "second").await, "second");
        assert_eq!(at(first, "first again").await, "first again");
        // The same number after a database was set back.
        assert_eq!(at(version(1), "another first").await, "another first");
    }

    #[actix_web::test]
    async fn those_who_ask_while_a_piece_is_written_wait_for_it() {
        let (kept, first, times) = (RenderCache::default(), version(1), Cell::new(0));
        let what = ("day".to_owned(), first);
        let writing = match kept.find(&what) {
            CacheLookup::Write(writing) => Some(writing),
            CacheLookup::Piece(_) | CacheLookup::Wait(_) => None,
        };
        assert!(writing.is_some(), "nobody else writes it");
        let ask = async || {
            let write = || {
                times.set(times.get() + 1);
                Ok::<_, Infallible>("written".to_owned())
            };
            kept.at("day".to_owned(), first, write).await.unwrap()
        };
        let all = join_all((0..20).map(|_| ask()));
        let failed = async {
            // The others have asked by now, since they were polled first.
            assert_eq!(times.get(), 0);
            drop(writing);
        };
        let (pieces, ()) = tokio::join!(all, failed);
        assert!(pieces.iter().all(|piece| piece == "written"));
        assert_eq!(times.get(), 1, "one writes what the first did not");
        assert!(kept.lock().writing.is_empty());
    }
}
