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
use crate::server::compression::CompressibleText;

/// The most bytes cached: every day of a high-level week as officers and as observers see it, by room.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Pages, or parts of them, by key.
#[derive(Clone, Default)]
pub struct RenderCache(Arc<Mutex<Pieces>>);

#[derive(Default)]
struct Pieces {
    kept: HashMap<String, (ProgrammeVersion, CachedText)>,
    /// What is being written; the sender is dropped when it has been, or was not.
    writing: HashMap<(String, ProgrammeVersion), watch::Receiver<()>>,
}

/// A cached text, and its compressed forms once they were requested.
#[derive(Debug, Clone)]
pub struct CachedText {
    text: ByteString,
    compressible: Arc<CompressibleText>,
}

impl CachedText {
    fn new(text: String) -> Self {
        let text = ByteString::from(text);
        let compressible = Arc::new(CompressibleText::new(text.as_bytes().clone()));
        Self { text, compressible }
    }

    /// The text as it may be compressed.
    #[must_use]
    pub const fn compressible(&self) -> &Arc<CompressibleText> {
        &self.compressible
    }

    /// Bytes in memory, in all forms.
    fn bytes(&self) -> usize {
        self.compressible.bytes()
    }
}

/// State of a cached piece.
enum CacheLookup {
    Piece(CachedText),
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
    ) -> Result<CachedText, E> {
        let what = (key, version);
        loop {
            match self.find(&what) {
                CacheLookup::Piece(piece) => return Ok(piece),
                // Ends when the sender is dropped. A reader that finds nothing then renders it.
                CacheLookup::Wait(mut written) => while written.changed().await.is_ok() {},
                CacheLookup::Write(writing) => {
                    let piece = CachedText::new(write()?);
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

    /// Drops pieces until what is cached is within its bound, after some of it was compressed as well.
    pub fn make_room(&self) {
        let mut pieces = self.lock();
        let mut excess = pieces.bytes().saturating_sub(MOST_BYTES);
        pieces.kept.retain(|_, (_, piece)| {
            let stays = excess == 0;
            if !stays {
                excess = excess.saturating_sub(piece.bytes());
            }
            stays
        });
    }

    fn lock(&self) -> MutexGuard<'_, Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pieces {
    /// Caches a piece, replacing that of another version. Where there is no room, others of other versions go first,
    /// which are not requested any more, then all: each is rendered again on request.
    fn keep(&mut self, (key, version): (String, ProgrammeVersion), piece: CachedText) {
        self.kept.remove(&key);
        let length = piece.bytes();
        if length > MOST_BYTES {
            return;
        }
        if self.bytes() + length > MOST_BYTES {
            self.kept.retain(|_, (other, _)| *other == version);
        }
        if self.bytes() + length > MOST_BYTES {
            self.kept.clear();
        }
        self.kept.insert(key, (version, piece));
    }

    /// Bytes of all pieces, in all codings.
    fn bytes(&self) -> usize {
        self.kept.values().map(|(_, piece)| piece.bytes()).sum()
    }
}

/// Part of a page that a template of its own has written, which another takes as it is.
pub struct CachedHtml(CachedText);

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

    /// The part as it may be compressed.
    #[must_use]
    pub const fn compressible(&self) -> &Arc<CompressibleText> {
        self.0.compressible()
    }

    /// The part itself, which answers share.
    #[must_use]
    pub const fn shared(&self) -> &ByteString {
        &self.0.text
    }
}

impl fmt::Display for CachedHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
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
    use crate::server::compression::Coding;

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
            let bytes = pieces.bytes();
            assert!(bytes <= MOST_BYTES, "{bytes}");
            assert!(pieces.kept.contains_key(&format!("day {day}")));
        }
        let huge = || Ok::<_, Infallible>("x".repeat(MOST_BYTES + 1));
        let written = kept.at("all".to_owned(), version(1), huge).await;
        assert_eq!(written.unwrap().bytes(), MOST_BYTES + 1);
        assert!(!kept.lock().kept.contains_key("all"));
    }

    #[actix_web::test]
    async fn compressed_bytes_count_and_stay_bounded() {
        let kept = RenderCache::default();
        let mut state = 1_u64;
        let mut letter = || {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            char::from(b'0' + u8::try_from(state >> 58).unwrap())
        };
        let mut text = || {
            (0..MOST_BYTES / 5 * 2)
                .map(|_| letter())
                .collect::<String>()
        };
        let mut pieces = Vec::new();
        for key in ["one", "other"] {
            let page = || Ok::<_, Infallible>(text());
            pieces.push(kept.at(key.to_owned(), version(1), page).await.unwrap());
        }
        assert_eq!(kept.lock().kept.len(), 2);
        let before = kept.lock().bytes();
        let compressible = pieces[0].compressible();
        compressible.compressed(Coding::Zstd).await.unwrap();
        assert!(kept.lock().bytes() > before.max(MOST_BYTES));
        kept.make_room();
        assert!(kept.lock().bytes() <= MOST_BYTES);
        assert_eq!(kept.lock().kept.len(), 1, "the other still fits");
    }

    #[actix_web::test]
    async fn a_piece_is_written_once_for_each_version() {
        let kept = RenderCache::default();
        let at = async |version, text: &'static str| {
            let write = || Ok::<_, Infallible>(text.to_owned());
            let written = kept.at("day".to_owned(), version, write).await;
            written.unwrap().text.to_string()
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
        assert!(pieces.iter().all(|piece| piece.text == "written"));
        assert_eq!(times.get(), 1, "one writes what the first did not");
        assert!(kept.lock().writing.is_empty());
    }
}
