//! Reading an event file: refused whole, each fault with its line, or stored whole.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use toml::Spanned;

use super::parse::parse;
use super::store::Prepared;
use super::{EventFile, Party};
use crate::core::delegation::PrincipalRole;
use crate::core::event::{Event, EventId};
use crate::core::programme::Programme;
use crate::core::text::Email;
use crate::core::text_enum::TextEnum;
use crate::core::time::{Moment, parse_date};
use crate::core::user::Actor;

/// Something wrong in an event file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl std::fmt::Display for FileFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Why an import stored nothing.
#[derive(Debug, thiserror::Error)]
pub enum EventImportError {
    /// The file is faulty.
    #[error("the file has {} fault(s); nothing was imported", .0.len())]
    Faulty(Vec<FileFault>),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
}

/// An event that was imported.
#[derive(Debug)]
pub struct ImportedEvent {
    /// The event.
    pub event: EventId,
    /// Its slug.
    pub slug: String,
    /// How many slots came with it.
    pub slots: usize,
    /// Rules that the file's slots break without giving a reason; the import is the reason on record.
    pub remarks: Vec<String>,
}

/// Most bytes of an event file: four times a file with the most slots, each with notices to two sides.
pub const MOST_BYTES: usize = 32 << 20;
/// Slots that an event file has at most: three times those of the largest week that Iikura is made for.
pub const MOST_SLOTS: usize = 10_000;
/// Parties, rooms and interpreters that an event file has at most, of each.
const MOST_PARTICIPANTS: usize = 1000;

/// Reads an event file and validates everything in it, without a database.
///
/// `office` is the protocol office's mailbox where the file names none; `actor` and `now` are recorded in the history
/// and for
/// reasons that name no author.
///
/// # Errors
/// With every fault of the file.
pub fn prepare(
    source: &str,
    office: &Email,
    actor: &Actor,
    now: Moment,
) -> Result<Prepared, EventImportError> {
    prepare_watched(source, office, actor, now, &mut |_, _| {})
}

/// Reads an event file as [`prepare`] does, and says after each slot how many are read, of how many.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_watched(
    source: &str,
    office: &Email,
    actor: &Actor,
    now: Moment,
    watch: &mut dyn FnMut(usize, usize),
) -> Result<Prepared, EventImportError> {
    let fault = |line, message| Err(EventImportError::Faulty(vec![FileFault { line, message }]));
    if source.len() > MOST_BYTES {
        return fault(1, too_large(source.len() as u64));
    }
    let mut reader = FileReader::new(source);
    let file = parse(&mut reader, source)?;
    reader.bounds(&file);
    // What is beyond them is not looked at.
    reader.finish(Some(()))?;
    let (venue, event) = reader.event(&file.meeting, office);
    let rooms = reader.each(&file.rooms, |reader, room| reader.room(venue, room));
    let delegations = reader.each(&file.parties, |reader, party| reader.party(venue, party));
    let interpreters = reader.each(&file.interpreters, |reader, entry| {
        reader.interpreter(venue, entry)
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
    let event = reader.finish(event)?;
    let mut programme = Arc::new(Programme::new(
        event,
        delegations,
        rooms,
        interpreters,
        Vec::new(),
    ));
    let author = actor.to_string();
    let read = reader.slots(&mut programme, (&author, now), &file.slots, watch)?;
    Ok(Prepared {
        slug_line: reader.line_of(&file.meeting.slug.span()),
        told: reader.told,
        actor: actor.clone(),
        now,
        programme,
        history: read.history,
        remarks: read.remarks,
    })
}

/// Says that a file is beyond what is read.
#[must_use]
pub fn too_large(bytes: u64) -> String {
    format!(
        "the file has {} MB; an event file has {} MB at most",
        bytes >> 20,
        MOST_BYTES >> 20
    )
}

/// Collects faults, so that a person mends a file once.
pub(super) struct FileReader<'s> {
    source: &'s str,
    /// Where each line begins.
    lines: Vec<usize>,
    faults: Vec<FileFault>,
    /// The UIDs of notices, each with its line.
    told: BTreeMap<String, usize>,
}

impl<'s> FileReader<'s> {
    fn new(source: &'s str) -> Self {
        let ends = source.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            lines: std::iter::once(0).chain(ends).collect(),
            faults: Vec::new(),
            told: BTreeMap::new(),
        }
    }

    /// The line in which something begins, from 1.
    pub(super) fn line_of(&self, span: &Range<usize>) -> usize {
        let at = span.start.min(self.source.len());
        self.lines.partition_point(|begins| *begins <= at)
    }

    /// Notes the UID of a notice; false when it is in the file already.
    pub(super) fn known_as(&mut self, uid: &str, line: usize) -> bool {
        let is_new = !self.told.contains_key(uid);
        self.told.entry(uid.to_owned()).or_insert(line);
        is_new
    }

    pub(super) fn fault(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.faults.push(FileFault {
            line: self.line_of(at),
            message: message.into(),
        });
    }

    /// Bounds what the rules, the database and the pages must carry.
    fn bounds(&mut self, file: &EventFile) {
        self.bound("days", &file.meeting.days, Event::MOST_DAYS);
        self.bound("parties", &file.parties, MOST_PARTICIPANTS);
        self.bound("rooms", &file.rooms, MOST_PARTICIPANTS);
        self.bound("interpreters", &file.interpreters, MOST_PARTICIPANTS);
        self.bound("slots", &file.slots, MOST_SLOTS);
    }

    fn bound<T>(&mut self, key: &str, entries: &[Spanned<T>], most: usize) {
        if let Some(extra) = entries.get(most) {
            let message = format!(
                "{key}: there are {}, and {most} is the limit",
                entries.len()
            );
            self.fault(&extra.span(), message);
        }
    }

    /// What was read, or every fault so far.
    pub(super) fn finish<T>(&mut self, read: Option<T>) -> Result<T, EventImportError> {
        let mut faults = std::mem::take(&mut self.faults);
        match read {
            Some(read) if faults.is_empty() => Ok(read),
            _ => {
                faults.sort_by_key(|fault| fault.line);
                Err(EventImportError::Faulty(faults))
            }
        }
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

    fn one_chair(&mut self, parties: &[Spanned<Party>]) {
        let mut chairs = parties
            .iter()
            .filter(|party| party.as_ref().role.as_ref() == PrincipalRole::Chair.as_str());
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
