//! Answers of delegations to notices.

use super::{Method, Notice, Told};
use crate::core::delegation::DelegationId;
use crate::core::slot::SlotId;
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;

/// What a delegation says (the PARTSTAT of RFC 5545 3.2.12 that a person can mean).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeReply {
    /// They will be there.
    Accepted,
    /// They will not.
    Declined,
    /// They do not know yet.
    Tentative,
}

impl TextEnum for NoticeReply {
    const ALL: &'static [Self] = &[Self::Accepted, Self::Declined, Self::Tentative];
    const NOUN: &'static str = "answer";

    fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Tentative => "tentative",
        }
    }
}

impl NoticeReply {
    /// The answer as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Declined => "Declined",
            Self::Tentative => "Not sure yet",
        }
    }
}

/// The way an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// By the private link in a letter.
    Link,
    /// By a calendar program's reply.
    Mail,
    /// By telephone or otherwise; the office wrote it down.
    Office,
}

impl TextEnum for Via {
    const ALL: &'static [Self] = &[Self::Link, Self::Mail, Self::Office];
    const NOUN: &'static str = "way of an answer";

    fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Mail => "mail",
            Self::Office => "office",
        }
    }
}

/// A delegation's latest answer about one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The slot.
    pub slot: SlotId,
    /// Who answers.
    pub delegation: DelegationId,
    /// What they say.
    pub reply: NoticeReply,
    /// In their words; may be empty.
    pub comment: String,
    /// How it came.
    pub via: Via,
    /// The address it came from, or the officer who recorded it; empty by a link, which anyone with the link may use.
    pub by: String,
    /// The sequence they answered to.
    pub sequence: i32,
    /// What they answered to.
    pub told: Told,
    /// When they answered.
    pub answered_at: Moment,
}

impl Answer {
    /// True while the slot is as it was at the answer: another title, kind or office changes nothing, another time,
    /// venue, room or company asks again.
    #[must_use]
    pub fn stands(&self, notice: &Notice) -> bool {
        let facts = |told: &Told| {
            (
                told.starts,
                told.ends,
                told.event.as_ref().map(|event| event.venue.clone()),
                told.room.clone(),
                told.delegations.clone(),
            )
        };
        notice.method == Method::Request && facts(&self.told) == facts(&notice.told)
    }
}

/// An answer as it comes in.
#[derive(Debug, Clone)]
pub struct IncomingAnswer {
    /// What they say.
    pub reply: NoticeReply,
    /// In their words; may be empty.
    pub comment: String,
    /// How it came.
    pub via: Via,
    /// As [`Answer::by`].
    pub by: String,
    /// The sequence it answers to.
    pub sequence: i32,
    /// When they said it; a calendar program's reply may have been long on its way.
    pub at: Moment,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// It is stored.
    Taken,
    /// The same was stored already.
    Known,
    /// They were notified of something newer since, with this sequence.
    Stale(i32),
    /// A later answer of theirs is stored.
    Overtaken,
    /// They are not expected at this slot.
    NotExpected,
}
