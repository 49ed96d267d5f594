//! The programme in memory: read once per revision, checked by one small query whenever it is used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::QueryResult;

use super::programme::Programme;
use super::watch::Watchers;
use super::{EventId, Revision, store};
use crate::db::Conn;

/// Programmes by event. A programme is valid while the stored revision is the one it was read at, so any number of
/// servers may keep their own.
#[derive(Clone, Default)]
pub struct Live {
    known: Arc<Mutex<HashMap<EventId, Arc<Programme>>>>,
    watchers: Watchers,
}

impl Live {
    /// Whose pages show what.
    #[must_use]
    pub const fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// The event's programme as it is now; `None` when there is no such event.
    ///
    /// # Errors
    /// As the database says.
    pub fn programme(
        &self,
        conn: &mut Conn,
        event: EventId,
    ) -> QueryResult<Option<Arc<Programme>>> {
        match store::revision(conn, event)? {
            Some(revision) => self.at(conn, event, revision),
            None => Ok(None),
        }
    }

    /// The event's programme, whose stored revision the caller has just read.
    ///
    /// # Errors
    /// As the database says.
    pub fn at(
        &self,
        conn: &mut Conn,
        event: EventId,
        revision: Revision,
    ) -> QueryResult<Option<Arc<Programme>>> {
        if let Some(programme) = self.known(event, revision) {
            return Ok(Some(programme));
        }
        let read = store::read_programme(conn, event)?.map(Arc::new);
        if let Some(programme) = &read {
            self.keep(programme);
        }
        Ok(read)
    }

    /// Forgets a programme that has turned out not to be what is stored.
    pub fn forget(&self, event: EventId) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&event);
    }

    /// The programme in memory, if it is that of `revision`.
    #[must_use]
    pub fn known(&self, event: EventId, revision: Revision) -> Option<Arc<Programme>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&event)
            .filter(|programme| programme.event.revision == revision)
            .cloned()
    }

    /// Remembers a programme that was read or written and committed, unless a newer one is known, and tells whoever
    /// watches.
    pub fn keep(&self, programme: &Arc<Programme>) {
        self.watchers
            .revision_is(programme.event.id, programme.event.revision);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = |kept: &Arc<Programme>| kept.event.revision > programme.event.revision;
        if !known.get(&programme.event.id).is_some_and(newer) {
            known.insert(programme.event.id, Arc::clone(programme));
        }
    }
}
