//! The ledger: the last notice of each slot to each delegation, and its answer.
//!
//! A timetable asks of every slot whether a notice is pending. At a high-level week that is thousands of
//! slots and hundreds of delegations, so a notice is found by its slot, not by looking through all there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answer::{Answer, NoticeReply};
use super::{Method, Notice};
use crate::core::delegation::DelegationId;
use crate::core::slot::SlotId;

type NoticeKey = (SlotId, DelegationId);

/// What delegations know and said, each by slot and delegation; shared between revisions until one of them writes.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    notices: Arc<BTreeMap<NoticeKey, Notice>>,
    answers: Arc<BTreeMap<NoticeKey, Answer>>,
}

impl Ledger {
    /// Stores notices, each replacing an earlier one. A cancellation deletes the answer:
    /// a later invitation asks again.
    pub(crate) fn tell(&mut self, notices: Vec<Notice>) {
        for notice in notices {
            let key = (notice.slot, notice.delegation);
            if notice.method == Method::Cancel && self.answers.contains_key(&key) {
                Arc::make_mut(&mut self.answers).remove(&key);
            }
            Arc::make_mut(&mut self.notices).insert(key, notice);
        }
    }

    /// Enters answers, each in place of an earlier one.
    pub(crate) fn hear(&mut self, answers: Vec<Answer>) {
        for answer in answers {
            let key = (answer.slot, answer.delegation);
            Arc::make_mut(&mut self.answers).insert(key, answer);
        }
    }

    /// Every notice, by slot and delegation.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.notices.values()
    }

    /// Notices of one slot, by delegation.
    pub fn notices_of(&self, slot: SlotId) -> impl Iterator<Item = &Notice> {
        let all = (slot, DelegationId(i64::MIN))..=(slot, DelegationId(i64::MAX));
        self.notices.range(all).map(|(_, notice)| notice)
    }

    /// Returns the last notice of `slot` to `delegation`.
    #[must_use]
    pub fn notice(&self, slot: SlotId, delegation: DelegationId) -> Option<&Notice> {
        self.notices.get(&(slot, delegation))
    }

    /// Every answer, whether or not something has changed since, by slot and delegation.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.answers.values()
    }

    /// What `delegation` last answered about `slot`, whether or not something has changed since.
    #[must_use]
    pub fn answer(&self, slot: SlotId, delegation: DelegationId) -> Option<&Answer> {
        self.answers.get(&(slot, delegation))
    }

    /// Returns the notice to `delegation` of a slot at which it is expected.
    #[must_use]
    pub fn expected(&self, slot: SlotId, delegation: DelegationId) -> Option<&Notice> {
        self.notice(slot, delegation)
            .filter(|notice| notice.method == Method::Request)
    }

    /// The answer that is still valid: nothing that matters has changed since.
    #[must_use]
    pub fn valid_answer(&self, slot: SlotId, delegation: DelegationId) -> Option<&Answer> {
        let notice = self.expected(slot, delegation)?;
        self.answer(slot, delegation)
            .filter(|answer| answer.stands(notice))
    }

    /// Every valid answer of delegations that will not come, by time.
    #[must_use]
    pub fn declined(&self) -> Vec<&Answer> {
        let mut declined: Vec<&Answer> = self
            .answers()
            .filter(|answer| answer.reply == NoticeReply::Declined)
            .filter(|answer| self.valid_answer(answer.slot, answer.delegation).is_some())
            .collect();
        declined.sort_by(|one, other| {
            let ids = |answer: &Answer| (answer.slot, answer.delegation);
            one.told.order(&other.told).then(ids(one).cmp(&ids(other)))
        });
        declined
    }
}
