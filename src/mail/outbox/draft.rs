//! Mail that is composed and not stored yet: what a preview shows, and what the outbox takes.

use std::fmt;

use super::Unset;
use super::entry::{EnqueueError, Knowledge, bounced_to};
use crate::core::delegation::{Delegation, DelegationId};
use crate::core::event::EventId;
use crate::core::notice::{Method, News};
use crate::core::slot::SlotId;
use crate::core::time::{Instant, Moment};
use crate::mail::compose::{Composed, compose_both};
use crate::mail::{Letter, Piece, ReaderKnowledge};

/// News of a slot for one reader; `None` where there is nothing to revoke.
///
/// A reader who cannot have read anything of the slot yet is notified of it as new, whatever changed meanwhile.
#[must_use]
pub fn news_for(knowledge: Knowledge, news: &News) -> Option<(News, ReaderKnowledge)> {
    match knowledge {
        Knowledge::Nothing => match news {
            News::Changed { now, .. } | News::Repeated(now) => {
                Some((News::Confirmed(now.clone()), ReaderKnowledge::UpToDate))
            }
            News::Confirmed(_) => Some((news.clone(), ReaderKnowledge::UpToDate)),
            News::Cancelled(_) | News::Dropped(_) | News::Withdrawn(_) => None,
        },
        Knowledge::Older => Some((news.clone(), ReaderKnowledge::Behind)),
        Knowledge::Latest => Some((news.clone(), ReaderKnowledge::UpToDate)),
    }
}

/// A mail that is composed and not stored yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDraft {
    pub(super) event: EventId,
    pub(super) delegation: DelegationId,
    /// The slot that it is about; `None` for a letter about several.
    pub(super) about: Option<AboutSlot>,
    /// The version of a letter, or the slot's sequence.
    pub(super) sequence: i32,
    /// The recipient's address.
    pub recipient: String,
    /// The recipient's name.
    pub recipient_name: String,
    pub(super) envelope_from: String,
    pub(super) message_id: String,
    /// Its subject.
    pub subject: String,
    /// The finished bytes, without what is enclosed.
    pub(super) raw: Vec<u8>,
    /// The name of what is enclosed, and what is needed to typeset it.
    pub enclosure: Option<(String, Unset)>,
    pub(super) written_at: Moment,
    /// When the last of its slots begins.
    pub(super) last_start: Option<Instant>,
}

/// How many mails a step sends, by kind: letters, and the short calendar mails beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailCounts {
    /// Letters, with the whole schedule; one to each contact.
    pub letters: usize,
    /// Calendar mails, one to each contact and changed slot.
    pub calendar_mails: usize,
}

impl MailCounts {
    /// Counts composed mails, without those that will not be sent.
    #[must_use]
    pub fn of(drafts: &[MailDraft]) -> Self {
        let sent = drafts.iter().filter(|draft| !draft.is_needless());
        let (letters, calendar_mails): (Vec<_>, Vec<_>) =
            sent.partition(|draft| draft.enclosure.is_some() || draft.about.is_none());
        Self {
            letters: letters.len(),
            calendar_mails: calendar_mails.len(),
        }
    }

    /// Counts the mails about the news of this many slots to a delegation, as
    /// [`compose`](crate::mail::MailContext::compose) makes them.
    #[must_use]
    pub fn expected(delegation: &Delegation, news: usize) -> Self {
        let contacts = &delegation.contacts;
        let calendars = contacts.iter().filter(|contact| !contact.letters_only);
        Self {
            letters: contacts.len(),
            calendar_mails: if news > 1 {
                calendars.count() * news
            } else {
                0
            },
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            letters: self.letters + other.letters,
            calendar_mails: self.calendar_mails + other.calendar_mails,
        }
    }
}

/// `3 letters and 6 calendar mails`
impl fmt::Display for MailCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(f, "{} letter{}", self.letters, plural(self.letters))?;
        match self.calendar_mails {
            0 => Ok(()),
            count => write!(f, " and {count} calendar mail{}", plural(count)),
        }
    }
}

/// The slot that a mail is about, as its calendar part names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AboutSlot {
    pub(super) slot: SlotId,
    pub(super) uid: String,
    pub(super) method: Method,
    pub(super) is_repeated: bool,
    pub(super) takes_back_nothing: bool,
}

impl MailDraft {
    /// The whole mail as it is sent, with an empty place for its enclosure.
    #[must_use]
    pub fn as_sent(&self) -> &[u8] {
        let with_place = self.enclosure.as_ref().map(|(_, unset)| &unset.letter);
        with_place.unwrap_or(&self.raw)
    }

    /// True when it will not be sent: the mail that it would take back never left.
    #[must_use]
    pub fn is_needless(&self) -> bool {
        self.about.as_ref().is_some_and(|it| it.takes_back_nothing)
    }
}

/// Composes the mail about one slot, with its invitation.
///
/// # Errors
/// When the letter cannot be composed.
pub fn draft(
    letter: &Letter<'_>,
    slot: SlotId,
    knowledge: Knowledge,
) -> Result<MailDraft, EnqueueError> {
    let (Some(invitation), [piece]) = (letter.invitation, letter.news.as_slice()) else {
        return Err(EnqueueError::NoInvitation);
    };
    let read = news_for(knowledge, piece.news);
    let (news, standing) = read.unwrap_or_else(|| (piece.news.clone(), piece.standing));
    let method = news.method();
    let mut letter = letter.clone();
    letter.news = vec![Piece {
        news: &news,
        standing,
        answer: piece.answer,
    }];
    let about = AboutSlot {
        slot,
        uid: invitation.uid.to_owned(),
        method,
        is_repeated: matches!(news, News::Repeated(_)),
        takes_back_nothing: method == Method::Cancel && knowledge == Knowledge::Nothing,
    };
    composed(&letter, Some(about), invitation.sequence)
}

/// Composes a letter about several slots.
///
/// # Errors
/// When the letter cannot be composed.
pub fn draft_letter(letter: &Letter<'_>) -> Result<MailDraft, EnqueueError> {
    composed(letter, None, letter.version)
}

fn composed(
    letter: &Letter<'_>,
    about: Option<AboutSlot>,
    sequence: i32,
) -> Result<MailDraft, EnqueueError> {
    let (Composed { subject, raw }, with_place) = compose_both(letter)?;
    let enclosure = letter.enclosure.zip(with_place).map(|(enclosure, letter)| {
        let says = enclosure.says.to_owned();
        (enclosure.name.to_owned(), Unset { says, letter })
    });
    let starts = letter
        .news
        .iter()
        .map(|piece| piece.news.slot().starts_at());
    Ok(MailDraft {
        event: letter.event.id,
        delegation: letter.delegation.id,
        about,
        sequence,
        recipient: letter.contact.email.to_string(),
        recipient_name: letter.contact.name.to_string(),
        envelope_from: bounced_to(letter.bounces, letter.from, letter.message_id),
        message_id: letter.message_id.to_owned(),
        subject,
        raw,
        enclosure,
        written_at: letter.written_at,
        last_start: starts.max(),
    })
}
