//! What the mails of one step to one delegation are made from. Equal facts make equal mails, so mails that were composed
//! before a transaction may be stored in it when it reads the same facts.

use std::sync::atomic::Ordering;

use super::names::NamePurpose;
use super::outbox::{self, EnqueueError, Knowledge, MailDraft};
use super::{Enclosure, Invitation, Letter, MailContext, Piece, ReaderKnowledge, enclosure};
use crate::core::delegation::{Contact, Delegation, DelegationId};
use crate::core::event::Event;
use crate::core::notice::{News, Notice, Told};
use crate::core::programme::Programme;
use crate::core::slot::{Slot, SlotId};
use crate::core::time::Moment;
use crate::documents::pdf::ToldSchedule;
use crate::store::private_link::address::PrivateLink;

/// Everything that the mails of one step to one delegation say; the rest is in the [`MailContext`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterFacts {
    /// The recipient, with its contacts.
    pub delegation: Delegation,
    /// The event at revision 0: a write that changes nothing else here makes no other mails.
    pub event: Event,
    /// The news, by time.
    pub items: Vec<ItemFacts>,
    /// The whole current confirmed schedule of the delegation, by time.
    pub schedule: Vec<Told>,
    /// True for the letter that sends the final schedule, whether or not there is news.
    pub is_final: bool,
    /// Counts the letters to this delegation, from 1.
    pub version: i32,
    /// The generation of the delegation's private links.
    pub generation: i32,
    /// When the mails are written.
    pub written_at: Moment,
    /// What each contact can know of each item.
    pub knowledge: Vec<Vec<Knowledge>>,
}

/// One slot in the letters to a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFacts {
    /// What the delegation is to hear of it.
    pub news: News,
    /// What the delegation knows afterwards.
    pub notice: Notice,
    /// True when the delegation was never notified of the slot.
    pub is_first: bool,
}

impl LetterFacts {
    /// What the delegation knows afterwards, one for each item.
    #[must_use]
    pub fn into_notices(self) -> Vec<Notice> {
        self.items.into_iter().map(|item| item.notice).collect()
    }
}

/// Why a mail to a contact could not be composed.
#[derive(Debug, thiserror::Error)]
#[error("the mail to {recipient} could not be queued: {source}")]
pub struct LetterError {
    /// Whose mail.
    pub recipient: String,
    /// Why.
    pub source: EnqueueError,
}

/// Letters that were composed before a transaction, by their facts.
#[derive(Debug, Clone, Default)]
pub struct PreparedLetters(Vec<(LetterFacts, Vec<MailDraft>)>);

impl FromIterator<(LetterFacts, Vec<MailDraft>)> for PreparedLetters {
    fn from_iter<I: IntoIterator<Item = (LetterFacts, Vec<MailDraft>)>>(letters: I) -> Self {
        Self(letters.into_iter().collect())
    }
}

impl MailContext {
    /// What a delegation knows once it has heard `news`.
    ///
    /// A repeated notice keeps the time of the first one as DTSTAMP. A calendar takes the same UID and
    /// SEQUENCE with a later DTSTAMP for something newer (RFC 5546 §2.1.5), asks its owner again and may forget the answer;
    /// with the same DTSTAMP it says "already processed", or enters what it has lost. Gmail wants a fresh one of updates only,
    /// and an update raises SEQUENCE, which makes it one here too.
    #[must_use]
    pub fn notice(
        &self,
        programme: &Programme,
        slot: &Slot,
        delegation: &Delegation,
        news: &News,
        now: Moment,
    ) -> Notice {
        let earlier = programme.ledger.notice(slot.id, delegation.id);
        let new_name = |purpose| self.name(Some(slot.id), delegation.id, purpose);
        let repeated = earlier.filter(|earlier| {
            matches!(news, News::Repeated(_)) && earlier.sequence == slot.sequence
        });
        Notice {
            slot: slot.id,
            delegation: delegation.id,
            uid: earlier.map_or_else(
                || new_name(NamePurpose::CalendarUid),
                |notice| notice.uid.clone(),
            ),
            organizer: earlier.map_or_else(
                || programme.event.office.email.clone(),
                |notice| notice.organizer.clone(),
            ),
            sequence: slot.sequence,
            method: news.method(),
            told: news.slot().clone(),
            thread: earlier.map_or_else(
                || new_name(NamePurpose::Thread),
                |notice| notice.thread.clone(),
            ),
            told_at: repeated.map_or(now, |earlier| earlier.told_at),
        }
    }

    /// A name that cannot be guessed, unique in the world by the sender's domain (RFC 5322 3.6.4, RFC 7986 5.3).
    fn name(
        &self,
        slot: Option<SlotId>,
        delegation: DelegationId,
        purpose: NamePurpose<'_>,
    ) -> String {
        let name = self.names.name(slot, delegation, purpose);
        format!("{name}@{}", self.from.domain())
    }

    /// Composes letters beforehand. Those that cannot be composed are left out.
    #[must_use]
    pub fn prepare(&self, facts: Vec<LetterFacts>) -> PreparedLetters {
        let composed = facts
            .into_iter()
            .filter_map(|facts| Some((self.compose(&facts).ok()?, facts)));
        composed.map(|(drafts, facts)| (facts, drafts)).collect()
    }

    /// Returns the mails that were prepared from the same facts, or else composes them.
    ///
    /// # Errors
    /// When a mail cannot be composed.
    pub fn prepared_or_composed(&self, facts: &LetterFacts) -> Result<Vec<MailDraft>, LetterError> {
        let PreparedLetters(prepared) = &self.prepared;
        if let Some((_, drafts)) = prepared.iter().find(|(known, _)| known == facts) {
            self.counts.before.fetch_add(1, Ordering::Relaxed);
            Ok(drafts.clone())
        } else {
            self.counts.inside.fetch_add(1, Ordering::Relaxed);
            self.compose(facts)
        }
    }

    /// Composes the mails to every contact of a delegation: the same facts make the same bytes.
    ///
    /// News of one slot is one mail with everything in it. News of several is one letter, and beside it for each slot a
    /// mail that brings the calendar up to date: a liaison reads of the changes once, a calendar program of each.
    ///
    /// # Errors
    /// When a mail cannot be composed.
    pub fn compose(&self, facts: &LetterFacts) -> Result<Vec<MailDraft>, LetterError> {
        let step = LetterStep::of(self, facts);
        let mut drafts = Vec::new();
        for (contact, knowledge) in facts.delegation.contacts.iter().zip(&facts.knowledge) {
            let composed = step.to_contact(contact, knowledge);
            drafts.extend(composed.map_err(|source| LetterError {
                recipient: contact.email.to_string(),
                source,
            })?);
        }
        Ok(drafts)
    }
}

/// What all mails of one step to one delegation have in common.
struct LetterStep<'a> {
    post: &'a MailContext,
    facts: &'a LetterFacts,
    /// What the schedule says on paper.
    says: Option<String>,
    file_name: String,
    private_page: String,
}

impl<'a> LetterStep<'a> {
    fn of(post: &'a MailContext, facts: &'a LetterFacts) -> Self {
        let LetterFacts {
            delegation,
            version,
            ..
        } = facts;
        let whole = PrivateLink {
            delegation: delegation.id,
            generation: facts.generation,
            slot: None,
        };
        let paper = ToldSchedule::in_letter(
            &facts.event,
            delegation,
            &facts.schedule,
            *version,
            facts.written_at,
        );
        let says = paper.keep();
        if let Err(fault) = &says {
            tracing::error!(%fault, "a schedule could not be stored for rendering: the letter is sent without it");
        }
        Self {
            post,
            facts,
            says: says.ok(),
            file_name: enclosure::file_name(delegation.code.as_str(), *version),
            private_page: post.links.address(whole),
        }
    }

    fn to_contact(
        &self,
        contact: &Contact,
        knowledge: &[Knowledge],
    ) -> Result<Vec<MailDraft>, EnqueueError> {
        let is_alone = self.facts.items.len() == 1 && !self.facts.is_final;
        let mut drafts = Vec::new();
        if !is_alone {
            drafts.extend(self.letter(contact, knowledge)?);
            if contact.letters_only {
                return Ok(drafts);
            }
        }
        for (item, knowledge) in self.facts.items.iter().zip(knowledge) {
            drafts.push(self.mail(contact, item, *knowledge, is_alone)?);
        }
        Ok(drafts)
    }

    /// The mail about one slot; `whole` when no letter beside it contains the rest.
    fn mail(
        &self,
        contact: &Contact,
        item: &ItemFacts,
        knowledge: Knowledge,
        whole: bool,
    ) -> Result<MailDraft, EnqueueError> {
        let ItemFacts {
            news,
            notice,
            is_first,
        } = item;
        let first_message_id = notice.first_message_id(&contact.email);
        let message_id = if *is_first {
            first_message_id.clone()
        } else {
            self.message_id(Some(notice.slot), notice.sequence, contact)
        };
        let answer = self.answer(notice);
        let letter = Letter {
            news: vec![Piece {
                news,
                standing: ReaderKnowledge::UpToDate,
                answer: Some(&answer),
            }],
            invitation: Some(Invitation {
                uid: &notice.uid,
                organizer: &notice.organizer,
                sequence: notice.sequence,
                stamp: notice.told_at,
            }),
            schedule: whole.then_some(self.facts.schedule.as_slice()),
            enclosure: self.enclosure().filter(|_| whole),
            first_message_id: (!is_first).then_some(first_message_id.as_str()),
            is_final: false,
            ..self.blank(contact, &message_id)
        };
        outbox::draft(&letter, notice.slot, knowledge)
    }

    /// The letter about several slots, unless its reader knows nothing of what it would take back.
    fn letter(
        &self,
        contact: &Contact,
        knowledge: &[Knowledge],
    ) -> Result<Option<MailDraft>, EnqueueError> {
        let all = self.facts.items.iter().zip(knowledge);
        let read: Vec<_> = all
            .filter_map(|(item, knowledge)| {
                let (news, standing) = outbox::news_for(*knowledge, &item.news)?;
                Some((news, standing, self.answer(&item.notice)))
            })
            .collect();
        if read.is_empty() && !self.facts.is_final {
            return Ok(None);
        }
        let message_id = self.message_id(None, self.facts.version, contact);
        let pieces = read.iter().map(|(news, standing, answer)| Piece {
            news,
            standing: *standing,
            answer: Some(answer),
        });
        let letter = Letter {
            news: pieces.collect(),
            schedule: Some(&self.facts.schedule),
            enclosure: self.enclosure(),
            ..self.blank(contact, &message_id)
        };
        outbox::draft_letter(&letter).map(Some)
    }

    fn enclosure(&self) -> Option<Enclosure<'_>> {
        self.says.as_deref().map(|says| Enclosure {
            name: &self.file_name,
            says,
        })
    }

    /// Address at which this delegation answers to the notice of a slot.
    fn answer(&self, notice: &Notice) -> String {
        self.post.links.address(PrivateLink {
            delegation: notice.delegation,
            generation: self.facts.generation,
            slot: Some((notice.slot, notice.sequence)),
        })
    }

    fn message_id(&self, slot: Option<SlotId>, number: i32, contact: &Contact) -> String {
        let purpose = NamePurpose::Message(number, contact.email.as_str());
        let name = self.post.name(slot, self.facts.delegation.id, purpose);
        format!("<{name}>")
    }

    fn blank<'l>(&'l self, contact: &'l Contact, message_id: &'l str) -> Letter<'l> {
        Letter {
            event: &self.facts.event,
            delegation: &self.facts.delegation,
            contact,
            from: &self.post.from,
            bounces: self.post.bounces.as_ref(),
            news: Vec::new(),
            invitation: None,
            schedule: None,
            enclosure: None,
            private_page: &self.private_page,
            is_final: self.facts.is_final,
            version: self.facts.version,
            message_id,
            first_message_id: None,
            written_at: self.facts.written_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::text::Email;
    use crate::mail::outbox::MailCounts;
    use crate::mail::sample::{Sample, bilateral, written_at};
    use crate::store::private_link::address::{LinkKey, PrivateLinks};

    fn context() -> MailContext {
        let from = Email::parse("noreply@iikura.example").unwrap();
        MailContext::new(
            from,
            None,
            PrivateLinks::new(LinkKey::draw(), "https://iikura.example"),
        )
    }

    /// News of two slots to two contacts: each gets a letter and two calendar mails.
    fn sample(post: &MailContext) -> LetterFacts {
        let sample = Sample::new();
        let mut delegation = sample.delegation;
        delegation.contacts.push(Contact {
            email: Email::parse("second@delegations.example").unwrap(),
            ..sample.contact
        });
        let items = [1, 2].map(|slot| {
            let name = |purpose| post.name(Some(SlotId(slot)), delegation.id, purpose);
            let news = News::Confirmed(bilateral("17:20", None));
            let notice = Notice {
                slot: SlotId(slot),
                delegation: delegation.id,
                uid: name(NamePurpose::CalendarUid),
                organizer: sample.event.office.email.clone(),
                sequence: 0,
                method: news.method(),
                told: news.slot().clone(),
                thread: name(NamePurpose::Thread),
                told_at: written_at(),
            };
            ItemFacts {
                news,
                notice,
                is_first: slot == 1,
            }
        });
        LetterFacts {
            delegation,
            event: sample.event,
            items: items.to_vec(),
            schedule: sample.schedule,
            is_final: false,
            version: 1,
            generation: 0,
            written_at: written_at(),
            knowledge: vec![vec![Knowledge::Latest; 2]; 2],
        }
    }

    #[test]
    fn equal_facts_make_equal_mails() {
        let post = context();
        let facts = sample(&post);
        let drafts = post.compose(&facts).unwrap();
        assert_eq!(drafts.len(), 6);
        assert_eq!(drafts, post.clone().compose(&facts.clone()).unwrap());
        let mut names: Vec<_> = drafts.iter().map(message_id).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 6, "each mail has a Message-ID of its own");
    }

    #[test]
    fn final_schedule_is_one_letter_to_each_contact() {
        let post = context();
        let facts = LetterFacts {
            items: Vec::new(),
            knowledge: vec![Vec::new(); 2],
            is_final: true,
            ..sample(&post)
        };
        let drafts = post.compose(&facts).unwrap();
        let counts = MailCounts::of(&drafts);
        assert_eq!((counts.letters, counts.calendar_mails), (2, 0));
    }

    #[test]
    fn mails_are_as_many_as_was_said_beforehand() {
        let post = context();
        for (news, letters_only) in [(1, false), (2, false), (2, true), (1, true)] {
            let mut facts = sample(&post);
            facts.items.truncate(news);
            facts.delegation.contacts[1].letters_only = letters_only;
            let drafts = post.compose(&facts).unwrap();
            let said = MailCounts::expected(&facts.delegation, news);
            assert_eq!(MailCounts::of(&drafts), said);
        }
        let said = MailCounts::expected(&sample(&post).delegation, 2);
        assert_eq!(said.to_string(), "2 letters and 4 calendar mails");
    }

    /// The header of a mail that names it.
    fn message_id(draft: &MailDraft) -> String {
        let text = String::from_utf8_lossy(draft.as_sent()).into_owned();
        let line = text.lines().find(|line| line.starts_with("Message-ID: "));
        line.unwrap().to_owned()
    }

    #[test]
    fn only_letters_of_equal_facts_are_taken_as_prepared() {
        let post = context();
        let facts = sample(&post);
        let mut drafts = post.compose(&facts).unwrap();
        drafts[0].subject = "Prepared".to_owned();
        let prepared = [(facts.clone(), drafts.clone())].into_iter().collect();
        let post = post.with_prepared(prepared);
        assert_eq!(post.prepared_or_composed(&facts).unwrap(), drafts);
        let alterations: [fn(&mut LetterFacts); 7] = [
            |facts| drop(facts.delegation.contacts.pop()),
            |facts| facts.event.office.phone.push('1'),
            |facts| facts.items[0].notice.sequence += 1,
            |facts| drop(facts.schedule.pop()),
            |facts| facts.version += 1,
            |facts| facts.generation += 1,
            |facts| facts.knowledge[0][0] = Knowledge::Older,
        ];
        for alter in alterations {
            let mut facts = facts.clone();
            alter(&mut facts);
            let composed = post.prepared_or_composed(&facts).unwrap();
            assert_ne!(composed[0].subject, "Prepared");
            assert_eq!(composed, post.compose(&facts).unwrap());
        }
    }
}
