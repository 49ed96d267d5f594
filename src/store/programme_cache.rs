//! The programme in memory: read once per version and process, checked by one small query whenever it is used.
//!
//! A reader never gets an older programme than what was stored when the request began, whatever server writes
//! meanwhile.
//! A reader waits for the end of a load that has begun already and for one more at most: neither reading
//! nor waiting depends on how fast others write, and those who wait hold neither a connection nor a thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use diesel::QueryResult;
use tokio::sync::watch;

use super::watch::Watchers;
use crate::core::event::{EventId, ProgrammeVersion};
use crate::core::programme::Programme;
use crate::db::{Conn, Db, DbError};
use crate::store::{event, programme};

/// Programmes by event. A programme is valid while the stored version is the one it was read at, so any number of
/// servers may keep their own.
#[derive(Clone, Default)]
pub struct ProgrammeCache {
    known: Arc<Mutex<HashMap<EventId, CachedProgramme>>>,
    committing: Arc<Mutex<Vec<Arc<Programme>>>>,
    loads: Arc<Mutex<HashMap<EventId, Load>>>,
    loaded: Arc<AtomicU64>,
    waiting: Arc<AtomicUsize>,
    watchers: Watchers,
}

/// A programme in memory.
struct CachedProgramme {
    programme: Arc<Programme>,
    /// It is at least as new as what was stored at this time.
    as_of: Instant,
    /// When it was put here; no newer one had been stored when it was read.
    kept_at: Instant,
}

/// A load in progress: `None` until it has ended.
type Load = watch::Receiver<Option<Loaded>>;

/// What a load gave to those who wait for it, and when it began to read.
#[derive(Clone)]
struct Loaded {
    programme: Result<Option<Arc<Programme>>, Arc<DbError>>,
    began: Instant,
}

/// What a reader wants.
#[derive(Debug, Clone, Copy)]
pub struct ProgrammeRequest {
    /// The version that the reader found stored.
    pub version: ProgrammeVersion,
    /// When the request began. A newer programme than that version will do when it was known at this time or later.
    pub since: Instant,
}

impl ProgrammeCache {
    /// Whose pages show what.
    #[must_use]
    pub const fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// How many programmes this server has read whole from its database.
    #[must_use]
    pub fn loaded(&self) -> u64 {
        self.loaded.load(Ordering::Relaxed)
    }

    /// How many readers wait for programmes that are being read.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The event's programme as it is now; `None` when there is no such event. For work that has a connection of its own
    /// and comes alone: requests take [`ProgrammeCache::current`], which reads once for all of them.
    pub fn programme(
        &self,
        conn: &mut Conn,
        event: EventId,
    ) -> QueryResult<Option<Arc<Programme>>> {
        let Some(version) = event::version(conn, event)? else {
            return Ok(None);
        };
        if let Some(programme) = self.known(event, version) {
            return Ok(Some(programme));
        }
        self.load(conn, event).map(|(programme, _)| programme)
    }

    /// The event's programme as it is now; `None` when there is no such event.
    pub async fn current(
        &self,
        db: &Db,
        event: EventId,
    ) -> Result<Option<Arc<Programme>>, DbError> {
        let since = Instant::now();
        let version = db
            .read(move |conn| Ok::<_, DbError>(event::version(conn, event)?))
            .await?;
        match version {
            Some(version) => {
                self.at(db, event, ProgrammeRequest { version, since })
                    .await
            }
            None => Ok(None),
        }
    }

    /// The event's programme, whose stored version the caller has just read.
    pub async fn at(
        &self,
        db: &Db,
        event: EventId,
        wanted: ProgrammeRequest,
    ) -> Result<Option<Arc<Programme>>, DbError> {
        let asked = Instant::now();
        loop {
            if let Some(programme) = self.good_for(event, wanted) {
                return Ok(Some(programme));
            }
            let mut load = self.join(db, event);
            let _waiting = Waiting::among(&self.waiting);
            let ended = load.wait_for(Option::is_some).await;
            let loaded = ended.ok().and_then(|loaded| loaded.clone());
            let Loaded { programme, began } = loaded.ok_or(DbError::Cancelled)?;
            let programme = programme.map_err(|error| error.for_another())?;
            // What was read earlier may be older than what the caller has seen; the next load is not.
            if began >= asked {
                return Ok(programme);
            }
        }
    }

    /// Returns the load of an event's programme in progress, else a new one.
    ///
    /// It belongs to none of its waiting requests, so that it continues when any of them is cancelled.
    fn join(&self, db: &Db, event: EventId) -> Load {
        let mut loads = lock(&self.loads);
        if let Some(load) = loads.get(&event) {
            return load.clone();
        }
        let (sender, load) = watch::channel(None);
        loads.insert(event, load.clone());
        drop(loads);
        let ended = Ended(Arc::clone(&self.loads), event);
        let (programme_cache, db) = (self.clone(), db.clone());
        // Off the threads that answer, on SQLite too: a programme of thousands of slots takes its time. A thread of its own
        // begins with the memory that the last one left; glibc keeps what each thread of a pool frees for that thread.
        let load_on_its_own_thread = move || {
            let mut began = Instant::now();
            let programme = db.read_here(|conn| {
                let (programme, read_from) = programme_cache.load(conn, event)?;
                began = read_from;
                Ok::<_, DbError>(programme)
            });
            drop(ended);
            let programme = programme.map_err(Arc::new);
            sender.send_replace(Some(Loaded { programme, began }));
        };
        // Where no thread can be started the sender is dropped, and the readers get an error.
        let thread = std::thread::Builder::new().name("programme".to_owned());
        if let Err(error) = thread.spawn(load_on_its_own_thread) {
            tracing::error!(%error, "no thread could be started to read a programme");
        }
        load
    }

    /// Reads the programme from the database; says when it began to.
    fn load(
        &self,
        conn: &mut Conn,
        event: EventId,
    ) -> QueryResult<(Option<Arc<Programme>>, Instant)> {
        let began = Instant::now();
        let read = self.read(conn, event)?.map(Arc::new);
        if let Some(programme) = &read {
            self.keep(programme, began);
        }
        Ok((read, began))
    }

    /// Reads the programme whole, and counts that it was.
    pub(crate) fn read(&self, conn: &mut Conn, event: EventId) -> QueryResult<Option<Programme>> {
        self.loaded.fetch_add(1, Ordering::Relaxed);
        programme::read_programme(conn, event)
    }

    /// Forgets a programme that has turned out not to be what is stored.
    pub fn forget(&self, event: EventId) {
        lock(&self.known).remove(&event);
    }

    /// The programme in memory, if it is of this version.
    #[must_use]
    pub fn known(&self, event: EventId, version: ProgrammeVersion) -> Option<Arc<Programme>> {
        let is_it = |programme: &&Arc<Programme>| {
            programme.event.id == event && programme.version() == version
        };
        let committing = lock(&self.committing);
        if let Some(programme) = committing.iter().find(is_it) {
            return Some(Arc::clone(programme));
        }
        drop(committing);
        let known = lock(&self.known);
        known
            .get(&event)
            .map(|known| &known.programme)
            .filter(is_it)
            .map(Arc::clone)
    }

    /// Shows a programme that is about to be committed here to those who find its version stored: others see the commit
    /// before this server has called [`ProgrammeCache::keep`], and the next writer, who has waited for it, at once.
    ///
    /// No reader finds a version that is never committed, and no other programme ever has the same one.
    pub(crate) fn committing(&self, programme: &Arc<Programme>) -> Committing {
        lock(&self.committing).push(Arc::clone(programme));
        Committing {
            all: Arc::clone(&self.committing),
            programme: Arc::clone(programme),
        }
    }

    /// The programme in memory, if it is what the reader wants, or newer and known since the request began.
    fn good_for(&self, event: EventId, wanted: ProgrammeRequest) -> Option<Arc<Programme>> {
        if let Some(programme) = self.known(event, wanted.version) {
            return Some(programme);
        }
        let known = lock(&self.known);
        let CachedProgramme {
            programme, as_of, ..
        } = known.get(&event)?;
        let version = programme.version();
        let newer = version.revision > wanted.version.revision && *as_of >= wanted.since;
        newer.then(|| Arc::clone(programme))
    }

    /// Caches a programme that was read or written and committed, unless a newer one is cached, and notifies the
    /// watchers. It is at least as new as what was stored at `as_of`.
    ///
    /// Revisions alone do not show which is newer: a restored database has lower ones. What was read after
    /// the other had been cached is newer, whatever its number.
    pub fn keep(&self, programme: &Arc<Programme>, as_of: Instant) {
        let (event, version) = (programme.event.id, programme.version());
        self.watchers.version_is(event, version, as_of);
        let mut all = lock(&self.known);
        let is_newer = |other: &CachedProgramme| {
            other.programme.event.revision > version.revision && other.kept_at >= as_of
        };
        if !all.get(&event).is_some_and(is_newer) {
            let known = CachedProgramme {
                programme: Arc::clone(programme),
                as_of,
                kept_at: Instant::now(),
            };
            all.insert(event, known);
        }
    }
}

/// Counts a reader for as long as it waits.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn among(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Held while a programme is committed, until it is cached or the commit has failed.
pub(crate) struct Committing {
    all: Arc<Mutex<Vec<Arc<Programme>>>>,
    programme: Arc<Programme>,
}

impl Drop for Committing {
    fn drop(&mut self) {
        lock(&self.all).retain(|programme| !Arc::ptr_eq(programme, &self.programme));
    }
}

/// Takes a load from the list when it has ended, however it did.
struct Ended(Arc<Mutex<HashMap<EventId, Load>>>, EventId);

impl Drop for Ended {
    fn drop(&mut self) {
        lock(&self.0).remove(&self.1);
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::{Revision, RevisionKey};
    use crate::core::sample;
    use crate::runtime::random::fresh_id;

    fn version(revision: i64) -> ProgrammeVersion {
        ProgrammeVersion::new(Revision(revision), RevisionKey(fresh_id()))
    }

    fn at(version: ProgrammeVersion) -> Arc<Programme> {
        Arc::new(sample::programme(Vec::new()).at_version(version))
    }

    #[test]
    fn late_result_of_an_older_load_does_not_replace_a_newer_one() {
        let (programme_cache, older, newer) =
            (ProgrammeCache::default(), at(version(4)), at(version(5)));
        let began = Instant::now();
        programme_cache.keep(&newer, Instant::now());
        programme_cache.keep(&older, began);
        let event = newer.event.id;
        assert!(programme_cache.known(event, newer.version()).is_some());
        assert!(programme_cache.known(event, older.version()).is_none());
    }

    #[test]
    fn programme_that_is_committed_is_found_by_its_version_alone() {
        let (programme_cache, before, after) =
            (ProgrammeCache::default(), at(version(4)), at(version(5)));
        let event = after.event.id;
        programme_cache.keep(&before, Instant::now());
        let committing = programme_cache.committing(&after);
        for programme in [&before, &after] {
            assert!(programme_cache.known(event, programme.version()).is_some());
        }
        assert!(programme_cache.known(event, version(5)).is_none());
        assert!(programme_cache.known(EventId(0), after.version()).is_none());
        drop(committing);
        assert!(
            programme_cache.known(event, after.version()).is_none(),
            "rolled back"
        );
    }

    #[test]
    fn programme_of_a_restored_database_replaces_a_newer_one() {
        let (programme_cache, lost, stored) =
            (ProgrammeCache::default(), at(version(5)), at(version(4)));
        programme_cache.keep(&lost, Instant::now());
        programme_cache.keep(&stored, later());
        assert!(
            programme_cache
                .known(stored.event.id, stored.version())
                .is_some()
        );
    }

    #[test]
    fn same_revision_with_another_key_is_not_the_same_programme() {
        let (programme_cache, lost) = (ProgrammeCache::default(), at(version(5)));
        let since = Instant::now();
        programme_cache.keep(&lost, since);
        let wanted = |version| ProgrammeRequest { version, since };
        let event = lost.event.id;
        assert!(
            programme_cache
                .good_for(event, wanted(lost.version()))
                .is_some()
        );
        assert!(
            programme_cache
                .good_for(event, wanted(version(5)))
                .is_none()
        );
    }

    #[test]
    fn newer_programme_serves_those_who_asked_before_it_was_known() {
        let (programme_cache, newer, asked) =
            (ProgrammeCache::default(), at(version(5)), Instant::now());
        programme_cache.keep(&newer, asked);
        let wanted = |since| ProgrammeRequest {
            version: version(4),
            since,
        };
        let event = newer.event.id;
        assert!(programme_cache.good_for(event, wanted(asked)).is_some());
        assert!(programme_cache.good_for(event, wanted(later())).is_none());
    }

    /// A moment after everything that has happened so far, by a monotonic clock.
    fn later() -> Instant {
        let now = Instant::now();
        loop {
            let later = Instant::now();
            if later > now {
                return later;
            }
        }
    }
}
