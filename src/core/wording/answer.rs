//! What a delegation answered, in words for officers.

use crate::core::delegation::DelegationId;
use crate::core::notice::answer::{Answer, NoticeReply, Via};
use crate::core::programme::Programme;
use crate::core::slot::SlotId;

/// An answer in words, for officers.
#[derive(Debug, Clone, Default)]
pub struct AnswerWords {
    /// `Accepted`, or that none is there; empty where none is asked for.
    pub label: &'static str,
    /// They will not come.
    pub declined: bool,
    /// `by the private link, 24 December 2022, 09:00`; empty without an answer.
    pub how: String,
    /// Their comment.
    pub comment: String,
}

impl AnswerWords {
    /// A delegation's answer to its notice of a slot.
    #[must_use]
    pub fn of(programme: &Programme, slot: SlotId, delegation: DelegationId) -> Self {
        if programme.ledger.expected(slot, delegation).is_none() {
            return Self::default();
        }
        match programme.ledger.valid_answer(slot, delegation) {
            Some(answer) => Self {
                label: answer.reply.label(),
                declined: answer.reply == NoticeReply::Declined,
                how: how(programme, answer),
                comment: answer.comment.clone(),
            },
            None => Self {
                label: match programme.ledger.answer(slot, delegation) {
                    Some(_) => "Asked again: no answer yet",
                    None => "No answer yet",
                },
                ..Self::default()
            },
        }
    }
}

fn how(programme: &Programme, answer: &Answer) -> String {
    let at = programme
        .event
        .time_zone
        .local_moment(answer.answered_at)
        .format("%-d %B %Y, %H:%M");
    match answer.via {
        Via::Link => format!("by the private link, {at}"),
        Via::Mail => format!("by mail of {}, {at}", answer.by),
        Via::Office => format!("recorded by {}, {at}", answer.by),
    }
}
