//! Last-used marks of sessions, tokens and calendar links: gathered in memory, written in batches.
//!
//! A page is a read, and on SQLite reads run on the threads that answer requests: one that wrote would wait there for
//! the writer, and the whole server with it. So a read only notes here that something was used.
//! [`crate::jobs::maintenance`] writes the marks every few seconds and when the server stops.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::prelude::*;

use crate::auth::calendar_link::CalendarLinkId;
use crate::auth::store;
use crate::auth::token::TokenId;
use crate::core::time::Moment;
use crate::db::schema::{api_tokens, calendar_links, sessions};
use crate::db::{Conn, Db, DbError};
use crate::runtime::secret::TokenHash;

/// Marks that wait to be written, at most. Each is of a row that exists, so that no stranger can add one.
const MAX_MARKS: usize = 50_000;

/// The row that a mark belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum UsageKey {
    /// A session.
    Session(TokenHash),
    /// A token of the API.
    ApiToken(TokenId),
    /// A link to a calendar.
    CalendarLink(CalendarLinkId),
}

/// What a read found out about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UsageUpdate {
    /// It was used at this time.
    Used(Moment),
    /// It was seen, at this time, to have ended.
    Ended(Moment),
}

/// The marks of a server that are not stored yet.
#[derive(Debug, Clone, Default)]
pub struct UsageMarks {
    waiting: Arc<Mutex<HashMap<UsageKey, UsageUpdate>>>,
    /// Nothing is noted as used.
    silent: bool,
}

impl UsageMarks {
    /// Returns the same marks for a request that does not count as use.
    #[must_use]
    pub fn silent(&self) -> Self {
        Self {
            silent: true,
            ..self.clone()
        }
    }

    /// Notes that something was used; false when there is no room.
    pub(crate) fn note_use(&self, key: UsageKey, now: Moment) -> bool {
        if self.silent {
            return true;
        }
        let mut marks = self.lock();
        if let Some(mark) = marks.get_mut(&key) {
            if let UsageUpdate::Used(at) = mark {
                *at = (*at).max(now);
            }
            return true;
        }
        if marks.len() >= MAX_MARKS {
            tracing::warn!("too many last-used marks wait to be written; one is lost");
            return false;
        }
        marks.insert(key, UsageUpdate::Used(now));
        true
    }

    /// Notes that a session was seen to have ended, so that no clock that is set back revives it.
    pub(super) fn note_end(&self, token: &TokenHash, now: Moment) {
        let mut marks = self.lock();
        if marks.len() < MAX_MARKS {
            marks.insert(UsageKey::Session(token.clone()), UsageUpdate::Ended(now));
        }
    }

    /// True when a session was seen to have ended.
    pub(super) fn has_ended(&self, token: &TokenHash) -> bool {
        let key = UsageKey::Session(token.clone());
        matches!(self.lock().get(&key), Some(UsageUpdate::Ended(_)))
    }

    /// Returns the newer of the stored and the gathered mark.
    pub(super) fn latest(&self, key: &UsageKey, stored: Option<Moment>) -> Option<Moment> {
        let gathered = match self.lock().get(key) {
            Some(UsageUpdate::Used(at)) => Some(*at),
            _ => None,
        };
        stored.max(gathered)
    }

    /// Counts the marks that wait to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// Writes all marks in one transaction; those that could not be written wait for the next time.
    pub fn flush(&self, db: &Db) -> Result<(), DbError> {
        // In order, so that two servers on one PostgreSQL never wait for each other's rows.
        let batch: BTreeMap<UsageKey, UsageUpdate> = self
            .lock()
            .iter()
            .map(|(key, mark)| (key.clone(), *mark))
            .collect();
        if batch.is_empty() {
            return Ok(());
        }
        db.write_here(|conn| {
            conn.transaction(|conn| {
                batch
                    .iter()
                    .try_for_each(|(key, mark)| write(conn, key, *mark))
            })
            .map_err(DbError::from)
        })?;
        // Only now: until the commit, reads are judged by the marks in memory.
        self.lock().retain(|key, mark| batch.get(key) != Some(mark));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UsageKey, UsageUpdate>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores a mark, unless another server has stored a newer one.
fn write(conn: &mut Conn, key: &UsageKey, mark: UsageUpdate) -> QueryResult<()> {
    match (key, mark) {
        (UsageKey::Session(token), UsageUpdate::Used(at)) => diesel::update(
            sessions::table
                .filter(sessions::token_hash.eq(token.as_str()))
                .filter(sessions::last_seen_at.lt(at)),
        )
        .set(sessions::last_seen_at.eq(at))
        .execute(conn)
        .map(drop),
        (UsageKey::Session(token), UsageUpdate::Ended(at)) => {
            store::delete_if_over(conn, token, at)
        }
        (UsageKey::ApiToken(token), UsageUpdate::Used(at)) => diesel::update(
            api_tokens::table.find(token).filter(
                api_tokens::last_used_at
                    .is_null()
                    .or(api_tokens::last_used_at.lt(at)),
            ),
        )
        .set(api_tokens::last_used_at.eq(at))
        .execute(conn)
        .map(drop),
        (UsageKey::CalendarLink(link), UsageUpdate::Used(at)) => diesel::update(
            calendar_links::table.find(link).filter(
                calendar_links::last_used_at
                    .is_null()
                    .or(calendar_links::last_used_at.lt(at)),
            ),
        )
        .set(calendar_links::last_used_at.eq(at))
        .execute(conn)
        .map(drop),
        // Only sessions end by being looked at.
        (UsageKey::ApiToken(_) | UsageKey::CalendarLink(_), UsageUpdate::Ended(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds)
    }

    #[test]
    fn newer_of_stored_and_gathered_mark_counts() {
        let marks = UsageMarks::default();
        let key = UsageKey::ApiToken(TokenId(7));
        assert_eq!(marks.latest(&key, None), None);
        marks.note_use(key.clone(), at(20));
        marks.note_use(key.clone(), at(10));
        assert_eq!(marks.latest(&key, Some(at(5))), Some(at(20)));
        assert_eq!(marks.latest(&key, Some(at(30))), Some(at(30)));
    }

    #[test]
    fn session_seen_to_have_ended_is_not_revived_by_use() {
        let marks = UsageMarks::default();
        let token = TokenHash::of("secret");
        marks.note_end(&token, at(10));
        marks.note_use(UsageKey::Session(token.clone()), at(20));
        assert!(marks.has_ended(&token));
    }

    #[test]
    fn marks_beyond_the_limit_are_dropped() {
        let marks = UsageMarks::default();
        for id in 0..=i64::try_from(MAX_MARKS).unwrap() {
            marks.note_use(UsageKey::ApiToken(TokenId(id)), at(1));
        }
        assert_eq!(marks.waiting(), MAX_MARKS);
        assert!(marks.note_use(UsageKey::ApiToken(TokenId(0)), at(2)));
    }
}
