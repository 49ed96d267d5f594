//! A wish: who would meet, for how long, where, with whose help, and when at the earliest and latest.

use chrono::NaiveDate;

use super::cover::MOST_PAIRS;
use super::search::FreeTime;
use crate::core::delegation::DelegationId;
use crate::core::interpreter::{InterpreterId, LanguagePair};
use crate::core::programme::Programme;
use crate::core::room::{Room, RoomId};
use crate::core::slot::{
    MeetingFormat, SlotAudience, SlotContent, SlotDetails, SlotId, SlotKind, SlotState,
};
use crate::core::text::TextLine;
use crate::core::time::Instant;
use crate::core::time::interval::{Interval, LONGEST_SLOT, hull};

/// Where a meeting may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomChoice {
    /// In no room yet.
    Nowhere,
    /// In this room.
    Certain(RoomId),
    /// In any room that takes so many people.
    Holding(i32),
}

/// What is sought. Room: any that takes the parties; interpreters: none; time: any day of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    pub(super) kind: SlotKind,
    pub(super) format: MeetingFormat,
    pub(super) title: TextLine,
    pub(super) parties: Vec<DelegationId>,
    /// The parties are all delegations but those left out: others that are added join.
    pub(super) of_all: bool,
    pub(super) minutes: i32,
    pub(super) place: RoomChoice,
    pub(super) interpreters: Vec<InterpreterId>,
    pub(super) pairs: Vec<LanguagePair>,
    pub(super) interpreted: bool,
    pub(super) within: Vec<Interval>,
    pub(super) near: Option<Instant>,
    pub(super) moving: Option<SlotId>,
}

/// Why a wish makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchRequestError {
    /// No delegation takes part.
    #[error("Choose who is to meet.")]
    NoParties,
    /// A length that is not on the event's grid.
    #[error("The length is a multiple of {grid} minutes, from {grid} to {LONGEST_SLOT}.")]
    Length {
        /// The grid, in minutes.
        grid: i32,
    },
    /// Time on a day that is none of the event's.
    #[error("The event has no {}; choose one of its days.", crate::core::time::day_in_words(*.0))]
    OutsideDays(NaiveDate),
    /// More language pairs than any slot needs.
    #[error("Choose at most {MOST_PAIRS} language pairs.")]
    TooManyPairs,
}

impl SearchRequest {
    /// A meeting of these parties for so many minutes.
    ///
    /// # Errors
    /// When no delegation takes part, or the length is off the grid.
    pub fn new(
        programme: &Programme,
        kind: SlotKind,
        mut parties: Vec<DelegationId>,
        minutes: i32,
    ) -> Result<Self, SearchRequestError> {
        parties.sort_unstable();
        parties.dedup();
        if parties.is_empty() {
            return Err(SearchRequestError::NoParties);
        }
        let minutes = Self::length(programme, minutes)?;
        let days = programme.event.days.iter();
        Ok(Self {
            kind,
            format: MeetingFormat::default(),
            title: TextLine::stored(kind.label().to_owned()),
            place: RoomChoice::Holding(programme.people(&parties, MeetingFormat::default())),
            parties,
            of_all: false,
            minutes,
            interpreters: Vec::new(),
            pairs: Vec::new(),
            interpreted: false,
            within: without_overlaps(days.map(|day| programme.event.hours_of(day.date)).collect()),
            near: None,
            moving: None,
        })
    }

    /// Passes on a length that is on the event's grid, in minutes.
    ///
    /// # Errors
    /// When it is not, or is longer than a day.
    pub fn length(programme: &Programme, minutes: i32) -> Result<i32, SearchRequestError> {
        let grid = programme.event.settings.grid_minutes.max(1);
        let fits = (1..=LONGEST_SLOT).contains(&minutes) && minutes % grid == 0;
        fits.then_some(minutes)
            .ok_or(SearchRequestError::Length { grid })
    }

    /// What the slot would be called.
    #[must_use]
    pub fn titled(self, title: TextLine) -> Self {
        Self { title, ..self }
    }

    /// Where it may be.
    #[must_use]
    pub fn at(self, place: RoomChoice) -> Self {
        Self { place, ..self }
    }

    /// With these interpreters.
    #[must_use]
    pub fn interpreted_by(mut self, mut interpreters: Vec<InterpreterId>) -> Self {
        interpreters.sort_unstable();
        interpreters.dedup();
        self.interpreters = interpreters;
        self
    }

    /// With interpretation, adding free interpreters where the named ones are not enough.
    #[must_use]
    pub fn interpreted(self) -> Self {
        Self {
            interpreted: true,
            ..self
        }
    }

    /// With any interpreter between these languages, beside the named ones.
    ///
    /// # Errors
    /// When there are too many pairs.
    pub fn interpreted_between(
        mut self,
        mut pairs: Vec<LanguagePair>,
    ) -> Result<Self, SearchRequestError> {
        let mut known = Vec::new();
        pairs.retain(|pair| {
            let new = !known.contains(pair);
            known.push(pair.clone());
            new
        });
        if pairs.len() > MOST_PAIRS {
            return Err(SearchRequestError::TooManyPairs);
        }
        self.pairs = pairs;
        Ok(self)
    }

    /// Within these times only, and within the opening hours of their days.
    ///
    /// # Errors
    /// When one of them touches a day that is none of the event's.
    pub fn within(
        mut self,
        programme: &Programme,
        times: &[Interval],
    ) -> Result<Self, SearchRequestError> {
        let event = &programme.event;
        self.within.clear();
        for time in times {
            let first = event.day_of(time.start());
            // The last minute, not the end: a day until midnight is one day.
            let last = event.day_of(time.end().plus(-1));
            for date in first.iter_days().take_while(|date| *date <= last) {
                let open = event
                    .opening_hours(date)
                    .ok_or(SearchRequestError::OutsideDays(date))?;
                self.within.extend(time.shared(open));
            }
        }
        self.within = without_overlaps(std::mem::take(&mut self.within));
        Ok(self)
    }

    /// The nearer to this time the better; without it, the earlier the better.
    #[must_use]
    pub fn near(self, near: Option<Instant>) -> Self {
        Self { near, ..self }
    }

    /// The stored slot that would be moved: it is not in its own way.
    #[must_use]
    pub fn moving(self, slot: SlotId) -> Self {
        Self {
            moving: Some(slot),
            ..self
        }
    }

    /// The stored slot that would be moved, if any.
    #[must_use]
    pub const fn moves(&self) -> Option<SlotId> {
        self.moving
    }

    /// The time that it should be near to, if any.
    #[must_use]
    pub const fn nearest(&self) -> Option<Instant> {
        self.near
    }

    /// Who meets.
    #[must_use]
    pub fn parties(&self) -> &[DelegationId] {
        &self.parties
    }

    /// How long, in minutes.
    #[must_use]
    pub const fn minutes(&self) -> i32 {
        self.minutes
    }

    /// What the slot would be called.
    #[must_use]
    pub const fn title(&self) -> &TextLine {
        &self.title
    }

    /// The same as a meeting of all delegations, which those that are added later join.
    #[must_use]
    pub fn of_all(self, of_all: bool) -> Self {
        Self { of_all, ..self }
    }

    /// The same in a format; any room then takes those who come in it.
    #[must_use]
    pub fn in_format(mut self, programme: &Programme, format: MeetingFormat) -> Self {
        self.format = format;
        self.place = RoomChoice::Holding(programme.people(&self.parties, format));
        self
    }

    /// The latest end of its times.
    #[must_use]
    pub fn latest_end(&self) -> Option<Instant> {
        self.within.iter().map(|time| time.end()).max()
    }

    /// The slot as it would be stored.
    #[must_use]
    pub fn details(&self, offer: &FreeTime) -> SlotDetails {
        let content = SlotContent {
            kind: self.kind,
            format: self.format,
            title: self.title.clone(),
            note: String::new(),
            delegations: self.parties.clone(),
            all_delegations: self.of_all,
            interpreters: offer.interpreters.clone(),
            interpretation_wanted: self.interpreted,
            audience: SlotAudience::Participants,
        };
        SlotDetails {
            content: content.in_order(),
            placement: offer.placement,
            state: SlotState::Tentative,
            fixed: false,
        }
    }

    /// The rooms that hold as many people as asked for but not the parties, and how many people these are. They are not
    /// offered: there they would need a reason.
    #[must_use]
    pub fn too_small<'p>(&self, programme: &'p Programme) -> Option<(i32, Vec<&'p Room>)> {
        let RoomChoice::Holding(asked) = self.place else {
            return None;
        };
        let expected = programme.people(&self.parties, self.format);
        let rooms = programme.rooms.iter();
        let small = rooms.filter(|room| (asked..expected).contains(&room.capacity));
        let small: Vec<&Room> = small.collect();
        (!small.is_empty()).then_some((expected, small))
    }

    /// The time from this start on.
    pub(super) fn from(&self, start: Instant) -> Option<Interval> {
        Interval::new(start, start.plus(self.minutes)).ok()
    }

    /// The rooms to try, in order of preference: those with the fewest spare seats first, then in their set order.
    pub(super) fn rooms(&self, programme: &Programme) -> Vec<Option<RoomId>> {
        match self.place {
            RoomChoice::Nowhere => vec![None],
            RoomChoice::Certain(room) => vec![Some(room)],
            RoomChoice::Holding(people) => holding(programme, people).map(Some).collect(),
        }
    }
}

/// Times in order, those that overlap as one: a day may be open while the evening before still goes on.
fn without_overlaps(mut times: Vec<Interval>) -> Vec<Interval> {
    times.sort_unstable();
    let mut apart: Vec<Interval> = Vec::new();
    for time in times {
        match apart.last_mut() {
            Some(before) if before.overlaps(time) => *before = hull(*before, [time].into_iter()),
            _ => apart.push(time),
        }
    }
    apart
}

/// The rooms that take so many people, the best fit first.
pub(super) fn holding(programme: &Programme, people: i32) -> impl Iterator<Item = RoomId> {
    let rooms = programme.rooms.iter();
    let mut rooms: Vec<_> = rooms.filter(|room| room.capacity >= people).collect();
    rooms.sort_by_key(|room| room.capacity);
    rooms.into_iter().map(|room| room.id)
}
