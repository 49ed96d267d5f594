//! What slots are for.

use crate::core::text_enum::TextEnum;

/// What a slot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// All delegations, or at least the chair and others, around one table.
    Plenary,
    /// Exactly two delegations.
    Bilateral,
    /// Three delegations or more, with or without the chair, as a trilateral.
    Multilateral,
    /// A working lunch, a dinner.
    Meal,
    /// An announcement, a press conference.
    Press,
    /// A family photo.
    Photo,
    /// A signing, a wreath.
    Ceremony,
    /// A call on a third person.
    CourtesyCall,
    /// Rest; counts as such for the chair.
    Break,
    /// Anything else.
    Other,
}

impl TextEnum for SlotKind {
    const ALL: &'static [Self] = &[
        Self::Plenary,
        Self::Bilateral,
        Self::Multilateral,
        Self::Meal,
        Self::Press,
        Self::Photo,
        Self::Ceremony,
        Self::CourtesyCall,
        Self::Break,
        Self::Other,
    ];
    const NOUN: &'static str = "slot kind";

    fn as_str(self) -> &'static str {
        match self {
            Self::Plenary => "plenary",
            Self::Bilateral => "bilateral",
            Self::Multilateral => "multilateral",
            Self::Meal => "meal",
            Self::Press => "press",
            Self::Photo => "photo",
            Self::Ceremony => "ceremony",
            Self::CourtesyCall => "courtesy_call",
            Self::Break => "break",
            Self::Other => "other",
        }
    }
}

impl SlotKind {
    /// The kind as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Plenary => "Plenary",
            Self::Bilateral => "Bilateral",
            Self::Multilateral => "Multilateral",
            Self::Meal => "Meal",
            Self::Press => "Press",
            Self::Photo => "Photo",
            Self::Ceremony => "Ceremony",
            Self::CourtesyCall => "Courtesy call",
            Self::Break => "Break",
            Self::Other => "Other",
        }
    }

    /// True when the form of a new slot has interpretation ticked: where principals talk business, protocol offices
    /// provide it unless they know better; at meals, photos and ceremonies they decide case by case.
    #[must_use]
    pub const fn is_usually_interpreted(self) -> bool {
        matches!(self, Self::Plenary | Self::Bilateral | Self::Multilateral)
    }
}
