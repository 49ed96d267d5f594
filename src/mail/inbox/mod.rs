//! The mailbox that delegations' calendars answer to: their answers are taken, what came back is noted at the mail it
//! was, and what only a person can judge is put before one.
//!
//! The mailbox is only read: nothing in it is marked, moved or removed. Mail unrelated to
//! ours is not stored. Mail never makes or moves a slot.

pub mod address;
pub mod imap;
pub mod read;
pub mod store;

pub use address::{ImapError, ImapUrl};
pub use imap::check;
pub use store::{Incoming, IncomingId, MailboxPosition, attention, mark, wipe};

pub(crate) use store::handle_bounces_of;

use crate::core::text_enum::TextEnum;

/// What became of a mail that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboxOutcome {
    /// An answer, and it counts.
    Taken,
    /// An answer that says what was known.
    Known,
    /// An answer after which they had already said something else.
    Overtaken,
    /// An answer to an older notice.
    Stale,
    /// Mail of ours came back: its reader never had it.
    Bounced,
    /// Mail of ours is on its way for long.
    Delayed,
    /// A person has to read it.
    Person,
}

impl TextEnum for InboxOutcome {
    const ALL: &'static [Self] = &[
        Self::Taken,
        Self::Known,
        Self::Overtaken,
        Self::Stale,
        Self::Bounced,
        Self::Delayed,
        Self::Person,
    ];
    const NOUN: &'static str = "outcome of a mail that came in";

    fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Known => "known",
            Self::Overtaken => "overtaken",
            Self::Stale => "stale",
            Self::Bounced => "bounced",
            Self::Delayed => "delayed",
            Self::Person => "person",
        }
    }
}

impl InboxOutcome {
    /// The outcome as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Taken => "Answer recorded",
            Self::Known => "Already known",
            Self::Overtaken => "Overtaken",
            Self::Stale => "Older version",
            Self::Bounced => "Bounced",
            Self::Delayed => "Delayed",
            Self::Person => "To be read",
        }
    }

    /// True when an officer must read it.
    #[must_use]
    pub const fn needs_person(self) -> bool {
        matches!(self, Self::Stale | Self::Bounced | Self::Person)
    }
}
