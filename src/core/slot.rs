//! Slots: the blocks of the programme.

use crate::core::delegation::DelegationId;
use crate::core::interpreter::InterpreterId;
pub use crate::core::meeting_format::{MeetingFormat, MeetingStyle};
use crate::core::room::RoomId;
pub use crate::core::slot_kind::SlotKind;
use crate::core::text::TextLine;
use crate::core::text_enum::TextEnum;
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

/// The id of a slot; random, so that it reveals nothing about the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub i64);

impl std::fmt::Display for SlotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Which delegations see a slot in their papers, feeds and pages beside those that take part in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SlotAudience {
    /// No others.
    #[default]
    Participants,
    /// These, by id.
    Named(Vec<DelegationId>),
    /// All of the event, those that are added later too.
    All,
}

/// An audience without names, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AudienceKind {
    /// [`SlotAudience::Participants`].
    Participants,
    /// [`SlotAudience::Named`].
    Named,
    /// [`SlotAudience::All`].
    All,
}

impl TextEnum for AudienceKind {
    const ALL: &'static [Self] = &[Self::Participants, Self::Named, Self::All];
    const NOUN: &'static str = "audience";

    fn as_str(self) -> &'static str {
        match self {
            Self::Participants => "participants",
            Self::Named => "named",
            Self::All => "all",
        }
    }
}

/// In place of codes of delegations: all of them. No code has this character.
pub const EVERY_CODE: &str = "*";

impl SlotAudience {
    /// An audience as it is stored; without names, there are no others.
    #[must_use]
    pub fn of(kind: AudienceKind, mut named: Vec<DelegationId>) -> Self {
        named.sort_unstable();
        named.dedup();
        match kind {
            AudienceKind::All => Self::All,
            AudienceKind::Named if !named.is_empty() => Self::Named(named),
            AudienceKind::Participants | AudienceKind::Named => Self::Participants,
        }
    }

    /// The audience without its names.
    #[must_use]
    pub const fn kind(&self) -> AudienceKind {
        match self {
            Self::Participants => AudienceKind::Participants,
            Self::Named(_) => AudienceKind::Named,
            Self::All => AudienceKind::All,
        }
    }

    /// The names, where there are any.
    #[must_use]
    pub fn named(&self) -> &[DelegationId] {
        match self {
            Self::Named(named) => named,
            Self::Participants | Self::All => &[],
        }
    }

    /// True when `delegation`, one of the event's, is among them.
    #[must_use]
    pub fn includes(&self, delegation: DelegationId) -> bool {
        *self == Self::All || self.named().contains(&delegation)
    }
}

/// How firm a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotState {
    /// A sketch: holds nothing, its overlaps are advice.
    Pencilled,
    /// Holds its resources; no delegation is notified.
    Tentative,
    /// Holds its resources, and its delegations are notified.
    Confirmed,
    /// Cancelled; stored for the record.
    Cancelled,
}

impl TextEnum for SlotState {
    const ALL: &'static [Self] = &[
        Self::Pencilled,
        Self::Tentative,
        Self::Confirmed,
        Self::Cancelled,
    ];
    const NOUN: &'static str = "slot state";

    fn as_str(self) -> &'static str {
        match self {
            Self::Pencilled => "pencilled",
            Self::Tentative => "tentative",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl SlotState {
    /// True when the slot holds its resources.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Tentative | Self::Confirmed)
    }

    /// The state as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pencilled => "Pencilled",
            Self::Tentative => "Tentative",
            Self::Confirmed => "Confirmed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// A resource that can be double-booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A principal, which is a delegation.
    Delegation(DelegationId),
    /// A room.
    Room(RoomId),
    /// An interpreter.
    Interpreter(InterpreterId),
}

/// What a slot is for, and who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotContent {
    /// What it is for.
    pub kind: SlotKind,
    /// In which format the delegations meet, as far as that is agreed.
    pub format: MeetingFormat,
    /// What it is called; delegations read it.
    pub title: TextLine,
    /// An internal note; never leaves the protocol office.
    pub note: String,
    /// Who takes part, by id (a programme has them in order of precedence).
    pub delegations: Vec<DelegationId>,
    /// Whether it is for all delegations: those that are added later take part too. Those that do not take part are left
    /// out. Never true for a bilateral.
    pub all_delegations: bool,
    /// Who interprets, by id.
    pub interpreters: Vec<InterpreterId>,
    /// Whether interpretation is wanted; delegations are not notified of it.
    pub interpretation_wanted: bool,
    /// Who sees it beside those that take part; no delegation is notified of that.
    pub audience: SlotAudience,
}

impl SlotContent {
    /// The same with participants in the order in which they are compared and stored, each once.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.delegations.sort_unstable();
        self.delegations.dedup();
        self.interpreters.sort_unstable();
        self.interpreters.dedup();
        self.all_delegations &= self.kind != SlotKind::Bilateral;
        self
    }

    /// The same with other interpreters.
    #[must_use]
    pub fn interpreted_by(&self, interpreters: Vec<InterpreterId>) -> Self {
        Self {
            interpreters,
            ..self.clone()
        }
    }

    /// The same without an interpreter.
    #[must_use]
    pub fn without_interpreter(&self, leaves: InterpreterId) -> Self {
        let mut content = self.clone();
        content.interpreters.retain(|id| *id != leaves);
        content
    }

    /// Everything a slot would hold in `room`.
    pub fn resources(&self, room: Option<RoomId>) -> impl Iterator<Item = Resource> + '_ {
        let delegations = self.delegations.iter().copied().map(Resource::Delegation);
        let room = room.into_iter().map(Resource::Room);
        let interpreters = self.interpreters.iter().copied().map(Resource::Interpreter);
        delegations.chain(room).chain(interpreters)
    }

    /// The two that meet, in a fixed order: in a bilateral, or over a meal of two.
    #[must_use]
    pub fn pair(&self) -> Option<[DelegationId; 2]> {
        let is_of_two = matches!(self.kind, SlotKind::Bilateral | SlotKind::Meal);
        match self.delegations[..] {
            [one, other] if is_of_two => Some([one.min(other), one.max(other)]),
            _ => None,
        }
    }

    /// True when `delegation` takes part.
    #[must_use]
    pub fn involves(&self, delegation: DelegationId) -> bool {
        self.delegations.contains(&delegation)
    }

    /// The same with one more delegation.
    #[must_use]
    pub fn joined_by(&self, delegation: DelegationId) -> Self {
        let mut content = self.clone();
        content.delegations.push(delegation);
        content.in_order()
    }

    /// True when `delegation`, one of the event's, takes part or sees it as a part of the audience.
    #[must_use]
    pub fn is_shown_to(&self, delegation: DelegationId) -> bool {
        self.involves(delegation) || self.audience.includes(delegation)
    }

    /// Who takes part and who interprets.
    fn people(&self) -> (&[DelegationId], &[InterpreterId]) {
        (&self.delegations, &self.interpreters)
    }

    /// What a delegation is notified of.
    fn announced(&self) -> (SlotKind, MeetingFormat, &TextLine, &[DelegationId]) {
        (self.kind, self.format, &self.title, &self.delegations)
    }
}

/// When and where a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// When.
    pub interval: Interval,
    /// Where, once that is known.
    pub room: Option<RoomId>,
}

impl Placement {
    /// The same room from another start on, for as long.
    #[must_use]
    pub fn starting_at(self, start: Instant) -> Self {
        Self {
            interval: self.interval.starting_at(start),
            ..self
        }
    }

    /// The same so many minutes later.
    #[must_use]
    pub fn later(self, minutes: i32) -> Self {
        self.starting_at(self.interval.start().plus(minutes))
    }
}

/// All of a slot that people decide; what a form, a file or a plan asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotDetails {
    /// What it is for, and who takes part.
    pub content: SlotContent,
    /// When and where.
    pub placement: Placement,
    /// How firm.
    pub state: SlotState,
    /// Neither a plan nor the handling of delays moves it; people may.
    pub fixed: bool,
}

impl SlotDetails {
    /// The same at another time or in another room.
    #[must_use]
    pub fn placed(&self, placement: Placement) -> Self {
        Self {
            placement,
            ..self.clone()
        }
    }

    /// The same for another purpose, or with other people.
    #[must_use]
    pub fn with_content(&self, content: SlotContent) -> Self {
        Self {
            content,
            ..self.clone()
        }
    }

    /// The same in another state.
    #[must_use]
    pub fn in_state(&self, state: SlotState) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }

    /// Everything this slot would hold.
    pub fn resources(&self) -> impl Iterator<Item = Resource> + '_ {
        self.content.resources(self.placement.room)
    }

    /// True when the two differ in time, room or people: a move, which ends overrides.
    #[must_use]
    pub fn moved_from(&self, other: &Self) -> bool {
        self.placement != other.placement || self.content.people() != other.content.people()
    }

    /// True when the two differ in what a delegation must hear of (time, room, delegations, kind, format, title).
    #[must_use]
    pub fn announced_differently(&self, other: &Self) -> bool {
        self.placement != other.placement || self.content.announced() != other.content.announced()
    }
}

/// A slot as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its id.
    pub id: SlotId,
    /// What people decided.
    pub details: SlotDetails,
    /// Raised by every write; a form carries it to notice that another officer was quicker.
    pub version: i32,
    /// Raised by every change a delegation must hear of (RFC 5545 SEQUENCE).
    pub sequence: i32,
    /// Raised by every move (a change of time, room or people); an override is bound to it.
    pub moves: i32,
}

impl Slot {
    /// A slot that is not stored yet.
    #[must_use]
    pub fn new(id: SlotId, details: SlotDetails, sequence: i32) -> Self {
        Self {
            id,
            details: SlotDetails {
                content: details.content.in_order(),
                ..details
            },
            version: 1,
            sequence,
            moves: 1,
        }
    }

    /// What it is for, and who takes part.
    #[must_use]
    pub const fn content(&self) -> &SlotContent {
        &self.details.content
    }

    /// What it is called.
    #[must_use]
    pub const fn title(&self) -> &TextLine {
        &self.details.content.title
    }

    /// When.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.details.placement.interval
    }

    /// Where, once that is known.
    #[must_use]
    pub const fn room(&self) -> Option<RoomId> {
        self.details.placement.room
    }

    /// How firm.
    #[must_use]
    pub const fn state(&self) -> SlotState {
        self.details.state
    }

    /// True when neither a plan nor the handling of delays may move it.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        self.details.fixed
    }
}
