//! Reading an event file: refused whole, each fault with its line, or stored whole.

use std::collections::HashSet;
use std::ops::Range;

use chrono::NaiveDate;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use toml::Spanned;

use super::{EventFile, Party};
use crate::audit::Actor;
use crate::db::Conn;
use crate::db::text_enum::TextEnum;
use crate::delegation::{self, Role};
use crate::event::live::Live;
use crate::event::{EventId, store, tx};
use crate::interpreter::{self};
use crate::room::{self};
use crate::text::{self, Email, Line};
use crate::time::{Moment, parse_date};

/// Something wrong in an event file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Why an import stored nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is faulty.
    #[error("the file has {} fault(s); nothing was imported", .0.len())]
    Faulty(Vec<Fault>),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
}

/// An event that was imported.
#[derive(Debug)]
pub struct Imported {
    /// The event.
    pub event: EventId,
    /// Its slug.
    pub slug: String,
    /// How many slots came with it.
    pub slots: usize,
    /// Rules that the file's slots break without giving a reason; the import is the reason on record.
    pub remarks: Vec<String>,
}

/// Reads an event file and stores the event, whole or not at all.
///
/// `office` is the protocol office's mailbox where the file names none.
///
/// # Errors
/// With every fault of the file, or as the database says.
pub fn import(
    conn: &mut Conn,
    live: &Live,
    source: &str,
    office: &Email,
    actor: &Actor,
    now: Moment,
) -> Result<Imported, ImportError> {
    let file: EventFile = toml::from_str(source).map_err(|error| {
        let first = error.span().map_or(1, |span| line_of(source, &span));
        ImportError::Faulty(vec![Fault {
            line: first,
            message: error.message().to_owned(),
        }])
    })?;
    conn.transaction(|conn| {
        let mut reader = Reader {
            source,
            faults: Vec::new(),
        };
        let event = reader.event(&file.meeting, office);
        let rooms = reader.each(&file.rooms, Reader::room);
        let delegations = reader.each(&file.parties, |reader, party| reader.party(&event, party));
        let interpreters = reader.each(&file.interpreters, |reader, entry| {
            reader.interpreter(&event, entry)
        });
        reader.unique("room", file.rooms.iter().map(|room| &room.as_ref().code));
        reader.unique(
            "party",
            file.parties.iter().map(|party| &party.as_ref().code),
        );
        reader.unique(
            "interpreter",
            file.interpreters.iter().map(|entry| &entry.as_ref().code),
        );
        reader.one_chair(&file.parties);
        if store::find_to_write(conn, event.slug.as_str())?.is_some() {
            reader.slug_taken(&file.meeting.slug);
        }
        reader.finish()?;

        if let Err(error) = store::insert(conn, &event, now) {
            // Somebody else's event came between the look and the insert.
            if !is_taken(&error) {
                return Err(error.into());
            }
            reader.slug_taken(&file.meeting.slug);
            reader.finish()?;
        }
        for room in &rooms {
            room::store::insert(conn, event.id, room)?;
        }
        for delegation in &delegations {
            delegation::store::insert(conn, event.id, delegation, now)?;
        }
        for interpreter in &interpreters {
            interpreter::store::insert(conn, event.id, interpreter)?;
        }
        let written = tx::write(conn, live, event.id, actor, now, |tx| {
            let after =
                serde_json::json!({ "name": event.name.as_str(), "slots": file.slots.len() });
            tx.record(
                "event.imported",
                (event.id.0, event.name.as_str()),
                None,
                Some(after),
            )?;
            reader.slots(tx, &file.slots)
        })?;
        Ok(Imported {
            event: event.id,
            slug: event.slug.to_string(),
            slots: file.slots.len(),
            remarks: written.value,
        })
    })
}

/// True when something that must be unique is there already.
fn is_taken(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

fn line_of(source: &str, span: &Range<usize>) -> usize {
    source
        .get(..span.start)
        .map_or(1, |before| before.matches('\n').count() + 1)
}

/// Collects faults, so that a person mends a file once.
pub(super) struct Reader<'s> {
    source: &'s str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    pub(super) fn fault(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.faults.push(Fault {
            line: line_of(self.source, at),
            message: message.into(),
        });
    }

    pub(super) fn finish(&mut self) -> Result<(), ImportError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let mut faults = std::mem::take(&mut self.faults);
        faults.sort_by_key(|fault| fault.line);
        Err(ImportError::Faulty(faults))
    }

    fn each<T, U>(
        &mut self,
        entries: &[Spanned<T>],
        mut read: impl FnMut(&mut Self, &Spanned<T>) -> Option<U>,
    ) -> Vec<U> {
        entries
            .iter()
            .filter_map(|entry| read(self, entry))
            .collect()
    }

    /// Parses a value; a fault names its key.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        at: &Range<usize>,
        parse: impl FnOnce() -> Result<T, E>,
    ) -> Option<T> {
        parse()
            .map_err(|error| self.fault(at, format!("{key}: {error}")))
            .ok()
    }

    pub(super) fn line(&mut self, key: &str, raw: &Spanned<String>) -> Option<Line> {
        self.parsed(key, &raw.span(), || Line::parse(raw.as_ref()))
    }

    pub(super) fn optional(&mut self, key: &str, raw: Option<&Spanned<String>>) -> String {
        raw.and_then(|raw| self.parsed(key, &raw.span(), || text::optional_line(raw.as_ref())))
            .unwrap_or_default()
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        raw: &Spanned<i64>,
        range: std::ops::RangeInclusive<i32>,
    ) -> Option<i32> {
        let value = i32::try_from(*raw.as_ref())
            .ok()
            .filter(|value| range.contains(value));
        if value.is_none() {
            let message = format!(
                "{key}: {} is not from {} to {}",
                raw.as_ref(),
                range.start(),
                range.end()
            );
            self.fault(&raw.span(), message);
        }
        value
    }

    fn unique<'a>(&mut self, what: &str, codes: impl Iterator<Item = &'a Spanned<String>>) {
        let mut seen = HashSet::new();
        for code in codes {
            // As codes are read: without the white space around them.
            if !seen.insert(code.as_ref().trim().to_ascii_lowercase()) {
                self.fault(
                    &code.span(),
                    format!(
                        "code: two entries for {what} '{}'; codes are unique",
                        code.as_ref()
                    ),
                );
            }
        }
    }

    fn slug_taken(&mut self, slug: &Spanned<String>) {
        let message = format!(
            "there is already an event '{}'; change the slug",
            slug.as_ref().trim()
        );
        self.fault(&slug.span(), message);
    }

    fn one_chair(&mut self, parties: &[Spanned<Party>]) {
        let mut chairs = parties
            .iter()
            .filter(|party| party.as_ref().role.as_ref() == Role::Chair.as_str());
        if let (Some(_), Some(second)) = (chairs.next(), chairs.next()) {
            self.fault(
                &second.as_ref().role.span(),
                "role: there is one chair at most; make this one a guest",
            );
        }
    }

    pub(super) fn date(&mut self, key: &str, raw: &Spanned<String>) -> Option<NaiveDate> {
        self.parsed(key, &raw.span(), || parse_date(raw.as_ref()))
    }
}
