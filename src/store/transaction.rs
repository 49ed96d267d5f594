//! The only way to change a programme: a transaction that begins by raising the event's revision.
//!
//! The raise is a write, so it makes writers of one event queue up (no deadlock on PostgreSQL, no lock upgrade on
//! SQLite), and it makes the programme that was read at the revision before exactly true inside the transaction.

use std::sync::Arc;
use std::time::Instant;

use diesel::QueryResult;
use diesel::result::Error as DieselError;
use serde_json::Value;

use super::programme_cache::ProgrammeCache;
use crate::core::action::Action;
use crate::core::event::{EventId, ProgrammeVersion, Revision};
use crate::core::programme::Programme;
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::Conn;
use crate::store::programme::read_programme;
use crate::store::{archived, audit, event, peers};

/// An open transaction on one event.
pub struct EventTx<'c> {
    /// The connection, for the stores.
    pub conn: &'c mut Conn,
    /// Who acts.
    pub actor: &'c Actor,
    /// When the transaction began.
    pub now: Moment,
    programme: Arc<Programme>,
    before: ProgrammeVersion,
    outcome: WriteOutcome,
}

/// State of a transaction so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriteOutcome {
    /// Nothing that this module has seen; it is committed all the same, for what the stores wrote.
    Unknown,
    /// What was asked for is so already.
    Unchanged,
    /// The history or the programme has changed, whatever else was so already.
    Changed,
}

/// What a unit of work gave, and the revision it left.
#[derive(Debug)]
pub struct Written<T> {
    /// What the work gave.
    pub value: T,
    /// The event's revision.
    pub revision: Revision,
    /// Whether the revision is new; false when what was asked for was so already.
    pub is_new: bool,
}

/// Runs `work` in one transaction on `event`: all of it is stored, or nothing. Nothing is stored, and the revision stays,
/// when the work finds that it has nothing to change ([`EventTx::stays_as_it_is`]).
///
/// # Errors
/// As the work or the database says; `NotFound` when there is no such event; [`archived::Archived`] when it is archived.
pub fn write<T, E: From<DieselError>>(
    conn: &mut Conn,
    programme_cache: &ProgrammeCache,
    event: EventId,
    actor: &Actor,
    now: Moment,
    work: impl FnOnce(&mut EventTx<'_>) -> Result<T, E>,
) -> Result<Written<T>, E> {
    write_if(conn, programme_cache, (event, false), actor, now, work)
}

/// As [`write()`], for an archived event as well: what erases personal data, and what takes the event out of the archive.
pub fn write_archived_too<T, E: From<DieselError>>(
    conn: &mut Conn,
    programme_cache: &ProgrammeCache,
    event: EventId,
    actor: &Actor,
    now: Moment,
    work: impl FnOnce(&mut EventTx<'_>) -> Result<T, E>,
) -> Result<Written<T>, E> {
    write_if(conn, programme_cache, (event, true), actor, now, work)
}

fn write_if<T, E: From<DieselError>>(
    conn: &mut Conn,
    programme_cache: &ProgrammeCache,
    (event, archived_too): (EventId, bool),
    actor: &Actor,
    now: Moment,
    work: impl FnOnce(&mut EventTx<'_>) -> Result<T, E>,
) -> Result<Written<T>, E> {
    let mut unchanged = None;
    let outcome = conn.transaction::<_, E, _>(|conn| {
        let (before, version) = event::raise_revision(conn, event)?;
        if !archived_too {
            archived::refuse_archived(conn, event)?;
        }
        let programme = current(conn, programme_cache, event, before, version)?;
        let mut tx = EventTx {
            conn,
            actor,
            now,
            programme: Arc::new(programme),
            before,
            outcome: WriteOutcome::Unknown,
        };
        let value = work(&mut tx)?;
        if tx.outcome == WriteOutcome::Unchanged {
            unchanged = Some((value, before.revision));
            return Err(DieselError::RollbackTransaction.into());
        }
        let programme = tx.programme;
        peers::announce(conn, event, version)?;
        let committing = programme_cache.committing(&programme);
        // No other writer has changed the event since, and none can before the commit.
        Ok((value, programme, Instant::now(), committing))
    });
    if let Some((value, revision)) = unchanged {
        return Ok(Written {
            value,
            revision,
            is_new: false,
        });
    }
    let (value, programme, known_at, committing) = outcome?;
    programme_cache.keep(&programme, known_at);
    drop(committing);
    Ok(Written {
        value,
        revision: programme.event.revision,
        is_new: true,
    })
}

/// Raises an event's revision, which makes all who write to it wait for this transaction. Gives the new version.
///
/// # Errors
/// As the database says; `NotFound` when there is no such event.
pub fn raise(conn: &mut Conn, event: EventId) -> QueryResult<ProgrammeVersion> {
    event::raise_revision(conn, event).map(|(_, version)| version)
}

/// Announces a version that was raised without a programme at hand.
pub fn announce(conn: &mut Conn, event: EventId, version: ProgrammeVersion) -> QueryResult<()> {
    peers::announce(conn, event, version)
}

/// The programme inside the transaction: the one in memory, if it is of the version just left behind.
fn current(
    conn: &mut Conn,
    programme_cache: &ProgrammeCache,
    event: EventId,
    before: ProgrammeVersion,
    version: ProgrammeVersion,
) -> QueryResult<Programme> {
    let Some(known) = programme_cache.known(event, before) else {
        return programme_cache
            .read(conn, event)?
            .ok_or(DieselError::NotFound);
    };
    Ok(known.at_version(version))
}

impl EventTx<'_> {
    /// The programme with everything this transaction has written so far.
    #[must_use]
    pub fn programme(&self) -> Arc<Programme> {
        Arc::clone(&self.programme)
    }

    /// The version of the programme that was stored when the transaction began.
    #[must_use]
    pub const fn began_at(&self) -> ProgrammeVersion {
        self.before
    }

    /// Notes that what was asked for is so already. Unless the same transaction changes something else, it is rolled back:
    /// no revision, no row of the history.
    pub(crate) fn stays_as_it_is(&mut self) {
        if self.outcome == WriteOutcome::Unknown {
            self.outcome = WriteOutcome::Unchanged;
        }
    }

    /// Replaces the programme in memory after a store has written the same to the database.
    pub(crate) fn has_become(&mut self, programme: Programme) {
        self.outcome = WriteOutcome::Changed;
        self.programme = Arc::new(programme);
    }

    /// Reads the programme again, after changes to more than slots.
    pub fn reread(&mut self) -> QueryResult<()> {
        self.outcome = WriteOutcome::Changed;
        let event = self.programme.event.id;
        self.programme = Arc::new(read_programme(self.conn, event)?.ok_or(DieselError::NotFound)?);
        Ok(())
    }

    /// Writes a change down in the history.
    pub fn record(
        &mut self,
        action: Action,
        subject: (i64, &str),
        before: Option<Value>,
        after: Option<Value>,
    ) -> QueryResult<()> {
        self.outcome = WriteOutcome::Changed;
        let event = &self.programme.event;
        let entry = audit::HistoryEntry {
            at: self.now,
            event: Some((event.id, event.revision)),
            actor: self.actor,
            action,
            subject_id: Some(subject.0),
            subject: subject.1,
            before,
            after,
        };
        audit::record(self.conn, &entry)
    }
}
