//! Mail: letters with their calendar part, the outbox they wait in, and the worker that sends them.

pub mod compose;
pub mod outbox;

use crate::delegation::{Contact, Delegation};
use crate::event::Event;
use crate::notice::{News, Told};
use crate::text::Email;
use crate::time::Moment;

/// Everything one mail to one contact says. The delegation sees nothing that is not in here.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    /// The event.
    pub event: &'a Event,
    /// Who is told.
    pub delegation: &'a Delegation,
    /// Which of its contacts reads this copy.
    pub contact: &'a Contact,
    /// The address the mail comes from, on the sender's own domain.
    pub from: &'a Email,
    /// What there is to tell.
    pub news: &'a News,
    /// The delegation's whole current confirmed schedule, by time.
    pub schedule: &'a [Told],
    /// iCalendar UID of slot × delegation.
    pub uid: &'a str,
    /// The slot's sequence, which becomes SEQUENCE.
    pub sequence: i32,
    /// Message-ID of this mail, angle brackets included.
    pub message_id: &'a str,
    /// Message-ID of the first mail about this slot to this contact's delegation; `None` when this is the first.
    pub first_message_id: Option<&'a str>,
    /// When this mail is written: becomes Date and DTSTAMP.
    pub written_at: Moment,
}

/// What writing mail needs to know of this installation.
#[derive(Debug, Clone)]
pub struct Post {
    /// The address every mail comes from; its domain is that of Message-IDs and UIDs.
    pub from: Email,
}
