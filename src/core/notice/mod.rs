//! Notices: what each delegation was notified of, and what is pending.

pub mod answer;
pub mod ledger;
pub(crate) mod told;

pub use told::{Told, ToldEvent, ToldKind};

use sha2::{Digest, Sha256};

use crate::core::delegation::DelegationId;
use crate::core::slot::SlotId;
use crate::core::text::Email;
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;

/// What a calendar part asks of the calendar that reads it (RFC 5546).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Enter the slot, or replace what was entered under the same UID.
    Request,
    /// Take the slot out again.
    Cancel,
}

impl TextEnum for Method {
    const ALL: &'static [Self] = &[Self::Request, Self::Cancel];
    const NOUN: &'static str = "calendar method";

    fn as_str(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// The last notice of one slot to one delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The slot.
    pub slot: SlotId,
    /// The delegation.
    pub delegation: DelegationId,
    /// iCalendar UID: opaque, the same for the life of slot × delegation.
    pub uid: String,
    /// The office's address in the first invitation, which stays the ORGANIZER of every later one: calendars take an
    /// update or a CANCEL from the same organizer only (RFC 5546 §3.2).
    pub organizer: Email,
    /// The slot's sequence in the notice.
    pub sequence: i32,
    /// Whether the slot is in their calendar or was removed from it.
    pub method: Method,
    /// What the mail said, for "old → new" in the next one.
    pub told: Told,
    /// What the Message-IDs of the first mails about this slot have in common; later mails refer to them.
    pub thread: String,
    /// When the first mail that says this was written; one that says it again does not count.
    pub told_at: Moment,
}

impl Notice {
    /// Message-ID of the first mail about this slot to one contact, which holds a mail thread together.
    #[must_use]
    pub fn first_message_id(&self, contact: &Email) -> String {
        let digest = Sha256::digest(contact.as_str());
        let (left, domain) = self
            .thread
            .split_once('@')
            .unwrap_or((&self.thread, "iikura.example"));
        format!(
            "<{left}.{:02x}{:02x}{:02x}{:02x}@{domain}>",
            digest[0], digest[1], digest[2], digest[3]
        )
    }
}

/// News of one slot for a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The slot is confirmed: they hear of it for the first time, or again after it was taken out.
    Confirmed(Told),
    /// A slot of an earlier notice has changed.
    Changed {
        /// The content of the earlier notice.
        before: Told,
        /// What is true now.
        now: Told,
    },
    /// The slot is off.
    Cancelled(Told),
    /// The slot takes place without them.
    Dropped(Told),
    /// The slot is no longer confirmed; they will hear again.
    Withdrawn(Told),
    /// Nothing has changed; the officer sends the same again.
    Repeated(Told),
}

impl News {
    /// What the calendar part of such a letter asks for.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Confirmed(_) | Self::Changed { .. } | Self::Repeated(_) => Method::Request,
            Self::Cancelled(_) | Self::Dropped(_) | Self::Withdrawn(_) => Method::Cancel,
        }
    }

    /// The slot as the delegation should have it in mind after reading; for a cancellation, as it had it before.
    #[must_use]
    pub const fn slot(&self) -> &Told {
        match self {
            Self::Confirmed(told)
            | Self::Changed { now: told, .. }
            | Self::Cancelled(told)
            | Self::Dropped(told)
            | Self::Withdrawn(told)
            | Self::Repeated(told) => told,
        }
    }
}
