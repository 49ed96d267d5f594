//! Storing an event file that has been read and judged: one transaction, which does nothing but store.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde_json::{Value, json};

use super::read::{EventImportError, FileFault, ImportedEvent, prepare};
use super::read_told::is_there_already;
use crate::core::action::Action;
use crate::core::event::Event;
use crate::core::programme::Programme;
use crate::core::slot::SlotId;
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::Conn;
use crate::store::audit::{self, HistoryEntry};
use crate::store::event;
use crate::store::programme_cache::ProgrammeCache;
use crate::store::transaction::{self, EventTx};

/// An event as a file has it, found faultless; not stored yet.
#[derive(Debug)]
pub struct Prepared {
    /// With all slots, reasons, notices and answers; its revision is 0.
    pub(super) programme: Arc<Programme>,
    /// What the history says of each slot, in the order of the file.
    pub(super) history: Vec<(SlotId, Value)>,
    pub(super) remarks: Vec<String>,
    /// The UIDs of notices, each with its line.
    pub(super) told: BTreeMap<String, usize>,
    pub(super) slug_line: usize,
    pub(super) actor: Actor,
    pub(super) now: Moment,
}

/// Reads an event file and stores the event: [`prepare`] and [`Prepared::store`] in one step.
///
/// # Errors
/// With every fault of the file, or as the database says.
pub fn import(
    conn: &mut Conn,
    programme_cache: &ProgrammeCache,
    source: &str,
    office: &Email,
    actor: &Actor,
    now: Moment,
) -> Result<ImportedEvent, EventImportError> {
    prepare(source, office, actor, now)?.store(conn, programme_cache)
}

impl Prepared {
    /// Stores the event in one transaction.
    ///
    /// # Errors
    /// When its slug, or the UID of one of its notices, has been taken meanwhile; or as the database says.
    pub fn store(
        self,
        conn: &mut Conn,
        programme_cache: &ProgrammeCache,
    ) -> Result<ImportedEvent, EventImportError> {
        conn.transaction(|conn| {
            let event = Event::clone(&self.programme.event);
            if event::find_to_write(conn, event.slug.as_str())?.is_some() {
                return Err(self.slug_taken());
            }
            self.check_told(conn)?;
            event::insert(conn, &event, self.now).map_err(|error| {
                // Another user's event came between the check and the insert.
                if is_taken(&error) {
                    self.slug_taken()
                } else {
                    error.into()
                }
            })?;
            for room in self.programme.rooms.iter() {
                crate::store::room::insert(conn, event.id, room)?;
            }
            for delegation in self.programme.delegations.iter() {
                crate::store::delegation::insert(conn, event.id, delegation, self.now)?;
            }
            for interpreter in self.programme.interpreters.iter() {
                crate::store::interpreter::insert(conn, event.id, interpreter)?;
            }
            transaction::write(
                conn,
                programme_cache,
                event.id,
                &self.actor,
                self.now,
                |tx| self.store_programme(tx),
            )?;
            Ok(ImportedEvent {
                event: event.id,
                slug: event.slug.to_string(),
                slots: self.history.len(),
                remarks: self.remarks,
            })
        })
    }

    /// Stores everything that bookings, letters and answers change, as its first revision.
    fn store_programme(&self, tx: &mut EventTx<'_>) -> Result<(), EventImportError> {
        let event = tx.programme().event.clone();
        tx.store_slots(&self.programme)?;
        for notice in self.programme.ledger.notices() {
            crate::store::notice::keep(tx.conn, event.id, notice)?;
        }
        for answer in self.programme.ledger.answers() {
            crate::store::notice::keep_answer(tx.conn, event.id, answer)?;
        }
        let name = event.name.as_str();
        let after = json!({ "name": name, "slots": self.history.len() });
        let mut entries =
            vec![self.entry(&event, Action::EventImported, (event.id.0, name), after)];
        for (id, after) in &self.history {
            if let Some(slot) = self.programme.slot(*id) {
                let subject = (id.0, slot.title().as_str());
                entries.push(self.entry(&event, Action::SlotBooked, subject, after.clone()));
            }
        }
        audit::record_all(tx.conn, Some(event.id), &entries)?;
        Ok(())
    }

    fn entry<'a>(
        &'a self,
        event: &Event,
        action: Action,
        (id, subject): (i64, &'a str),
        after: Value,
    ) -> HistoryEntry<'a> {
        HistoryEntry {
            at: self.now,
            event: Some((event.id, event.revision)),
            actor: &self.actor,
            action,
            subject_id: Some(id),
            subject,
            before: None,
            after: Some(after),
        }
    }

    fn slug_taken(&self) -> EventImportError {
        let slug = &self.programme.event.slug;
        EventImportError::Faulty(vec![FileFault {
            line: self.slug_line,
            message: format!("there is already an event '{slug}'; change the slug"),
        }])
    }

    fn check_told(&self, conn: &mut Conn) -> Result<(), EventImportError> {
        let mut faults = Vec::new();
        for (uid, line) in &self.told {
            if crate::store::notice::is_known(conn, uid)? {
                faults.push(FileFault {
                    line: *line,
                    message: is_there_already(uid),
                });
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        faults.sort_by_key(|fault| fault.line);
        Err(EventImportError::Faulty(faults))
    }
}

/// True when something that must be unique is there already.
fn is_taken(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}
