//! Mail: letters with their calendar part, the outbox they wait in, and the worker that sends them.
//!
//! Letters are composed from their [`facts`], before the transaction where these are known then; it stores the finished
//! bytes, and after the commit a [`worker::Worker`] sends them. At least once, with the same bytes each time: between the relay's 250 and
//! our commit a crash leads to a second copy, which calendars and Exchange take for the same one.

pub mod account;
pub mod compose;
pub mod contents;
pub mod enclosure;
pub mod facts;
pub mod health;
pub mod ical;
pub mod inbox;
pub mod language;
pub mod names;
pub mod outbox;
pub mod part;
pub mod transport;
pub mod worker;

#[cfg(test)]
mod sample;
pub mod words;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::core::delegation::{Contact, Delegation};
use crate::core::event::Event;
use crate::core::notice::{News, Told};
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::mail::facts::PreparedLetters;
use crate::mail::names::NameSeed;
use crate::store::private_link::address::PrivateLinks;

/// Everything one mail to one contact says. The delegation sees nothing that is not in here.
///
/// Three kinds come of it: about one slot, with schedule and invitation; about several slots, with the schedule alone;
/// and beside the latter one per slot, with little but the invitation, so that calendars follow.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    /// The event.
    pub event: &'a Event,
    /// The recipient.
    pub delegation: &'a Delegation,
    /// Which of its contacts reads this copy.
    pub contact: &'a Contact,
    /// The address the mail comes from, on the sender's own domain.
    pub from: &'a Email,
    /// Where it comes back to when it cannot be delivered, as in [`MailContext::bounces`].
    pub bounces: Option<&'a Email>,
    /// The news, by time; exactly one where there is an invitation.
    pub news: Vec<Piece<'a>>,
    /// What becomes of the one slot in the reader's calendar.
    pub invitation: Option<Invitation<'a>>,
    /// The delegation's whole current confirmed schedule, by time; `None` in a mail beside a letter that has it.
    pub schedule: Option<&'a [Told]>,
    /// True for the letter that sends the final schedule; it may have no news.
    pub is_final: bool,
    /// The schedule on paper, which comes with it.
    pub enclosure: Option<Enclosure<'a>>,
    /// Where the delegation always finds its schedule.
    pub private_page: &'a str,
    /// Counts the letters to this delegation, from 1: a printed one can be compared with the latest.
    pub version: i32,
    /// Message-ID of this mail, angle brackets included.
    pub message_id: &'a str,
    /// Message-ID of the first mail about this slot to this contact's delegation; `None` when this is the first.
    pub first_message_id: Option<&'a str>,
    /// When this mail is written: becomes Date.
    pub written_at: Moment,
}

/// A paper that comes with a letter and is yet to be set.
#[derive(Debug, Clone, Copy)]
pub struct Enclosure<'a> {
    /// The file's name.
    pub name: &'a str,
    /// What it says, as [`ToldSchedule::keep`](crate::documents::pdf::ToldSchedule::keep) writes it.
    pub says: &'a str,
}

/// One item of a letter, about one slot.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The news.
    pub news: &'a News,
    /// Whether the reader knows what it begins with.
    pub standing: ReaderKnowledge,
    /// Where the reader can answer; `None` where there is nothing to answer.
    pub answer: Option<&'a str>,
}

/// An entry in a recipient's calendar.
#[derive(Debug, Clone, Copy)]
pub struct Invitation<'a> {
    /// iCalendar UID of slot × delegation.
    pub uid: &'a str,
    /// ORGANIZER, as in [`Notice::organizer`](crate::core::notice::Notice::organizer).
    pub organizer: &'a Email,
    /// The slot's sequence, which becomes SEQUENCE.
    pub sequence: i32,
    /// Time of the first notice with this content, which becomes DTSTAMP.
    pub stamp: Moment,
}

/// Whether a reader knows what a letter's "before" says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderKnowledge {
    /// They were sent everything up to now.
    UpToDate,
    /// They know the slot, but a later mail about it never left: "old → new" would begin at what they never read.
    Behind,
}

/// What writing mail needs to know of this installation, and what one request has drawn and composed for it.
#[derive(Debug, Clone)]
pub struct MailContext {
    /// The address every mail comes from; its domain is that of Message-IDs and UIDs.
    pub from: Email,
    /// Where mail that cannot be delivered comes back to, each under a name of its own; `None`: to `from`.
    pub bounces: Option<Email>,
    /// Signs the links by which delegations answer.
    pub links: PrivateLinks,
    names: NameSeed,
    prepared: PreparedLetters,
    counts: Arc<LetterCounts>,
}

/// Counts the letters that transactions stored, by when they were composed.
#[derive(Debug, Default)]
pub struct LetterCounts {
    /// Before the transaction.
    pub before: AtomicU64,
    /// In it, because nothing was prepared or its facts had changed. Other writers waited meanwhile.
    pub inside: AtomicU64,
}

impl MailContext {
    /// The context of a request, with nothing prepared.
    #[must_use]
    pub fn new(from: Email, bounces: Option<Email>, links: PrivateLinks) -> Self {
        Self {
            from,
            bounces,
            links,
            names: NameSeed::draw(),
            prepared: PreparedLetters::default(),
            counts: Arc::default(),
        }
    }

    /// The same context with letters that it has composed already.
    #[must_use]
    pub fn with_prepared(self, prepared: PreparedLetters) -> Self {
        Self { prepared, ..self }
    }

    /// The same context, counting with others.
    #[must_use]
    pub fn counting_in(self, counts: Arc<LetterCounts>) -> Self {
        Self { counts, ..self }
    }
}
