//! The outbox: mail is a row, written with the change it announces, and every row is visible to the office.
//!
//! A newer mail about a slot replaces what has not left yet, per recipient. What a recipient can have read decides
//! how the newer one reads (`post`): one who read nothing gets a confirmation instead of a change, and no
//! cancellation of what they never heard of.

mod account;
mod delivery;
mod draft;
mod enclosing;
mod entry;
mod queue;
mod reading;

pub use account::{about_accounts, accounts_need_attention, post_about_account, take_back};
pub use delivery::{
    Claimed, GRACE, LEASE, claim, expire, failed, hold_queue, mark_bounced, next_due, retry,
    retry_later, sent, supersede_for_archived_event, supersede_for_removed_contacts,
};
pub use draft::{MailCounts, MailDraft, draft, draft_letter, news_for};
pub use enclosing::{Enclosed, EnclosureReadiness, Unset, enclose, leave_out};
pub use entry::{
    EnqueueError, Enqueued, Knowledge, NewMail, SlotReader, enqueue, knowledge_of, letters_to,
    post, store_draft, supersede_unsent,
};
pub use queue::{
    Pause, QueueStatus, depth, pause, paused, probe, release, reschedule, resume, standing,
    waiting_since, wipe,
};
pub use reading::{
    Mail, MailSummary, OutboxCounts, about_slots, counts, get, list, summary, with_message_id,
};

use diesel_derive_newtype::DieselNewType;

use crate::core::text_enum::TextEnum;

/// The id of a mail in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType)]
pub struct MailId(pub i64);

impl std::fmt::Display for MailId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// State of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailState {
    /// Waits for its turn, or for the next try.
    Queued,
    /// Leased by a worker.
    Sending,
    /// The relay has taken it, or the file is written.
    Sent,
    /// Failed for good; an officer must look.
    Failed,
    /// Waits for the configuration to be corrected.
    Held,
    /// Replaced by a newer mail before it left.
    Superseded,
}

impl TextEnum for MailState {
    const ALL: &'static [Self] = &[
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Failed,
        Self::Held,
        Self::Superseded,
    ];
    const NOUN: &'static str = "state of a mail";

    fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Superseded => "superseded",
        }
    }
}

impl MailState {
    /// The state as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "Waiting",
            Self::Sending => "Being sent",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::Held => "Held",
            Self::Superseded => "Replaced",
        }
    }

    /// True when it is sent only after a user acts.
    #[must_use]
    pub const fn is_stuck(self) -> bool {
        matches!(self, Self::Failed | Self::Held)
    }
}
