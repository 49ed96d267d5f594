//! The agenda: the programme as a document for one reader.
//!
//! [`Agenda::of`] puts it together from what [`visibility`](crate::core::visibility) grants; the exporters take
//! nothing but `&Agenda`, so a file can say no more than the page does.

mod build;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::core::event::{ProtocolOffice, Revision};
use crate::core::slot::{MeetingFormat, SlotId, SlotKind, SlotState};
use crate::core::text::Email;
use crate::core::time::interval::Interval;
use crate::core::time::{ClockRange, Instant, Moment, Zone, day_in_words};

/// Whether the protocol office wants its sketches in the agenda. A delegation never gets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pencilled {
    /// Only what holds its room and people.
    LeftOut,
    /// Sketches too.
    Included,
}

/// Whether the office's agenda has its internal notes. A delegation never gets them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notes {
    /// The office's own copy, marked so.
    #[default]
    Included,
    /// A clean copy, which may lie on the table.
    LeftOut,
}

impl Notes {
    /// As a flag or an address says it.
    #[must_use]
    pub const fn in_copy(clean: bool) -> Self {
        if clean { Self::LeftOut } else { Self::Included }
    }
}

/// A programme at one revision as one reader may see it, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda {
    /// The event's name in URLs.
    pub slug: String,
    /// The event's name.
    pub name: String,
    /// The event's Japanese name; may be empty.
    pub name_ja: String,
    /// The protocol office.
    pub venue: String,
    /// Its Japanese name; may be empty.
    pub venue_ja: String,
    /// The venue's zone.
    pub zone: Zone,
    /// Whom to ask.
    pub office: ProtocolOffice,
    /// The revision of the programme.
    pub revision: Revision,
    /// When this agenda was made.
    pub issued_at: Moment,
    /// For whom.
    pub audience: Audience,
    /// The one day that it is of; `None` when it is of all.
    pub day: Option<NaiveDate>,
    /// Whether it has what the office wrote for itself.
    pub notes: Notes,
    /// Every delegation that is named in here, in order of precedence; for staff every one there is.
    pub parties: Vec<Arc<AgendaDelegation>>,
    /// The event's days, and any other on which something is to happen, in order.
    pub days: Vec<AgendaDay>,
}

/// For whom an agenda is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// The protocol office and those who work with it.
    Staff,
    /// One delegation, with its zone at home.
    Delegation(Arc<AgendaDelegation>, Zone),
}

/// A delegation on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaDelegation {
    /// Its code.
    pub code: String,
    /// The country's name.
    pub name: String,
    /// Its Japanese name; may be empty.
    pub name_ja: String,
    /// The minister.
    pub principal: String,
    /// The minister's Japanese name; may be empty.
    pub principal_ja: String,
    /// The minister's title; may be empty.
    pub principal_title: String,
}

/// One day at the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaDay {
    /// The date.
    pub date: NaiveDate,
    /// The zone's label that day, as `JST, UTC+9`.
    pub zone: String,
    /// The label of the reader's zone at home that day; `None` when it is the venue's.
    pub home_zone: Option<String>,
    /// What began the day before and goes on, by time.
    pub continued: Vec<AgendaEntry>,
    /// What begins that day, by time.
    pub entries: Vec<AgendaEntry>,
}

/// One slot on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaEntry {
    /// The slot's id.
    pub id: SlotId,
    /// Counts the changes a delegation must hear of.
    pub sequence: i32,
    /// The slot's version; only for staff.
    pub version: Option<i32>,
    /// Whether it is fixed; only for staff.
    pub fixed: Option<bool>,
    /// Codes of the delegations that see it without taking part; only for staff.
    pub shown_to: Option<Vec<String>>,
    /// Codes of the delegations that a slot for all leaves out; `None` for another slot; only for staff.
    pub left_out: Option<Vec<String>>,
    /// UID and ORGANIZER under which the reader has the slot in its calendar, if it was invited already.
    pub invited_as: Option<(String, Email)>,
    /// When.
    pub interval: Interval,
    /// When, by the venue's clock.
    pub venue: ClockRange,
    /// When, by the clock at the reader's home; `None` when that is the venue's.
    pub home: Option<ClockRange>,
    /// What it is for.
    pub kind: SlotKind,
    /// In which format the delegations meet.
    pub format: MeetingFormat,
    /// What it is called.
    pub title: String,
    /// Where, once that is known.
    pub room: Option<AgendaRoom>,
    /// Who takes part, in order of precedence.
    pub parties: Vec<Arc<AgendaDelegation>>,
    /// True when that is every delegation; shown to staff only.
    pub everyone: bool,
    /// Who interprets; only for staff.
    pub interpreters: Option<Vec<Interpreting>>,
    /// How firm.
    pub state: SlotState,
    /// The internal note; only for staff.
    pub note: Option<String>,
}

/// A room on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaRoom {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its Japanese name; may be empty.
    pub name_ja: String,
}

/// An interpreter on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreting {
    /// The code.
    pub code: String,
    /// The name.
    pub name: String,
}

impl Agenda {
    /// Every entry once, by time.
    pub fn entries(&self) -> impl Iterator<Item = &AgendaEntry> {
        let mut seen = HashSet::new();
        let shown = self.days.iter().flat_map(AgendaDay::shown);
        shown.filter(move |entry| seen.insert(entry.id))
    }

    /// The delegation this agenda is for; `None` for staff.
    #[must_use]
    pub fn addressee(&self) -> Option<&AgendaDelegation> {
        match &self.audience {
            Audience::Staff => None,
            Audience::Delegation(party, _) => Some(party),
        }
    }

    /// The same with the internal notes, or without.
    #[must_use]
    pub fn with(mut self, notes: Notes) -> Self {
        self.notes = notes;
        if notes == Notes::LeftOut {
            let days = self.days.iter_mut();
            let entries = days.flat_map(|day| day.continued.iter_mut().chain(&mut day.entries));
            entries.for_each(|entry| entry.note = None);
        }
        self
    }

    /// What is written on every page of the office's own copy.
    #[must_use]
    pub fn internal_mark(&self) -> Option<&'static str> {
        let is_internal = self.addressee().is_none() && self.notes == Notes::Included;
        is_internal.then_some("INTERNAL – for the protocol office only")
    }

    /// What is written across an agenda that is not firm yet.
    #[must_use]
    pub fn draft_mark(&self) -> Option<&'static str> {
        draft_mark(self.entries())
    }

    /// `Saturday, 24 December 2022`, or from the first day to the last.
    #[must_use]
    pub fn dates(&self) -> String {
        match self.days.as_slice() {
            [] => "No days are set yet".to_owned(),
            [day] => day.in_words(),
            [first, .., last] => format!("{} to {}", first.in_words(), last.in_words()),
        }
    }

    /// `Tuesday, 20 December 2022, 18:00 (JST, UTC+9)`
    #[must_use]
    pub fn issued(&self) -> String {
        let at = Instant::from(self.issued_at.utc());
        format!(
            "{}, {} ({})",
            self.zone.day_in_words(at),
            self.zone.clock(at),
            self.zone.label(at)
        )
    }
}

/// What is written across a document that shows these entries.
pub(crate) fn draft_mark<'a>(
    entries: impl Iterator<Item = &'a AgendaEntry>,
) -> Option<&'static str> {
    let (mut tentative, mut pencilled) = (false, false);
    for entry in entries {
        tentative |= entry.state == SlotState::Tentative;
        pencilled |= entry.state == SlotState::Pencilled;
    }
    match (tentative, pencilled) {
        (false, false) => None,
        (true, false) => Some("DRAFT – contains tentative slots"),
        (false, true) => Some("DRAFT – contains pencilled slots"),
        (true, true) => Some("DRAFT – contains tentative and pencilled slots"),
    }
}

impl AgendaDay {
    /// `Saturday, 24 December 2022`
    #[must_use]
    pub fn in_words(&self) -> String {
        day_in_words(self.date)
    }

    /// Every entry that touches the day, by time.
    pub fn shown(&self) -> impl Iterator<Item = &AgendaEntry> {
        self.continued.iter().chain(&self.entries)
    }
}

impl AgendaEntry {
    /// Names of its delegations in Japanese, in order; where one has none, its other name. None when all have none.
    pub fn names_ja(&self) -> impl Iterator<Item = &str> {
        let is_known = self.parties.iter().any(|party| !party.name_ja.is_empty());
        let parties = self.parties.iter().filter(move |_| is_known);
        parties.map(|party| match party.name_ja.as_str() {
            "" => party.name.as_str(),
            name_ja => name_ja,
        })
    }

    /// The state with what it means to a reader.
    #[must_use]
    pub const fn state_in_words(&self) -> &'static str {
        match self.state {
            SlotState::Pencilled => "Pencilled – a sketch",
            SlotState::Tentative => "Tentative – not yet confirmed",
            SlotState::Confirmed => "Confirmed",
            SlotState::Cancelled => "Cancelled",
        }
    }
}
