//! Writing to the contacts of a delegation: one mail about one slot, or one letter about several.

use std::sync::Arc;

use diesel::QueryResult;

use crate::core::delegation::{Contact, Delegation};
use crate::core::notice::{News, Notice, Told};
use crate::core::programme::Programme;
use crate::core::slot::Slot;
use crate::core::time::Moment;
use crate::core::visibility::schedule_of;
use crate::db::Conn;
use crate::documents::pdf::ToldSchedule;
use crate::mail::outbox::{self, EnqueueError, Knowledge, MailDraft, SlotReader};
use crate::mail::{Enclosure, Invitation, Letter, MailContext, Piece, ReaderKnowledge, enclosure};
use crate::runtime::random::fresh_id;
use crate::store::private_link::address::PrivateLink;
use crate::store::transaction::EventTx;
use crate::store::{self, private_link};

/// Why delegations could not be notified.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// A mail could not be written or queued.
    #[error("the mail to {recipient} could not be queued: {source}")]
    Post {
        /// Whose mail.
        recipient: String,
        /// Why.
        source: EnqueueError,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
}

/// One slot, and what a delegation is to hear of it.
pub(crate) struct LetterItem {
    pub(crate) slot: Arc<Slot>,
    pub(crate) news: News,
}

/// Composes and stores the mails to every contact of a delegation, and notes what it knows then.
pub(crate) fn write_to(
    tx: &mut EventTx<'_>,
    post: &MailContext,
    delegation: &Delegation,
    items: &[LetterItem],
) -> Result<(), NotifyError> {
    // No contact to notify: it stays due, and the slot's page says so.
    if delegation.contacts.is_empty() || items.is_empty() {
        return Ok(());
    }
    let programme = tx.programme();
    let context = WritingContext::of(tx.conn, &programme, post, delegation, items, tx.now)?;
    let drafts =
        context.drafts(|reader, sequence| outbox::supersede_unsent(tx.conn, reader, sequence))?;
    for draft in drafts {
        outbox::store_draft(tx.conn, draft)?;
    }
    Ok(remember(tx, context.notices)?)
}

/// Composes the mails that would go to a delegation now, and stores nothing.
///
/// # Errors
/// When a mail cannot be composed, or as the database says.
pub(crate) fn preview_to(
    conn: &mut Conn,
    programme: &Programme,
    post: &MailContext,
    delegation: &Delegation,
    items: &[LetterItem],
    now: Moment,
) -> Result<Vec<outbox::MailDraft>, NotifyError> {
    let context = WritingContext::of(conn, programme, post, delegation, items, now)?;
    context.drafts(|reader, sequence| outbox::knowledge_of(conn, reader, sequence))
}

/// What a delegation knows once it has heard `news`.
///
/// A repeated notice keeps the time of the first one as DTSTAMP. A calendar takes the same UID and
/// SEQUENCE with a later DTSTAMP for something newer (RFC 5546 §2.1.5), asks its owner again and may forget the answer;
/// with the same DTSTAMP it says "already processed", or enters what it has lost. Gmail wants a fresh one of updates only,
/// and an update raises SEQUENCE, which makes it one here too.
pub(crate) fn notice(
    programme: &Programme,
    post: &MailContext,
    slot: &Slot,
    delegation: &Delegation,
    news: &News,
    now: Moment,
) -> Notice {
    let earlier = programme.ledger.notice(slot.id, delegation.id);
    let new_name = || new_name(post);
    let repeated = earlier
        .filter(|earlier| matches!(news, News::Repeated(_)) && earlier.sequence == slot.sequence);
    Notice {
        slot: slot.id,
        delegation: delegation.id,
        uid: earlier.map_or_else(new_name, |notice| notice.uid.clone()),
        sequence: slot.sequence,
        method: news.method(),
        told: news.slot().clone(),
        thread: earlier.map_or_else(new_name, |notice| notice.thread.clone()),
        told_at: repeated.map_or(now, |earlier| earlier.told_at),
    }
}

/// A name that cannot be guessed, unique in the world by the sender's domain (RFC 5322 3.6.4, RFC 7986 5.3).
fn new_name(post: &MailContext) -> String {
    format!(
        "{:013x}{:013x}@{}",
        fresh_id(),
        fresh_id(),
        post.from.domain()
    )
}

/// What all mails of one step to one delegation have in common.
struct WritingContext<'a> {
    programme: &'a Programme,
    post: &'a MailContext,
    delegation: &'a Delegation,
    items: &'a [LetterItem],
    /// What the delegation knows afterwards, one for each item.
    notices: Vec<Notice>,
    schedule: Vec<Told>,
    /// What the schedule says on paper.
    says: Option<String>,
    file_name: String,
    version: i32,
    private_page: String,
    generation: i32,
    now: Moment,
}

impl<'a> WritingContext<'a> {
    fn of(
        conn: &mut Conn,
        programme: &'a Programme,
        post: &'a MailContext,
        delegation: &'a Delegation,
        items: &'a [LetterItem],
        now: Moment,
    ) -> QueryResult<Self> {
        let notices = items
            .iter()
            .map(|LetterItem { slot, news }| notice(programme, post, slot, delegation, news, now));
        let generation = private_link::of(conn, delegation.id)?.map_or(0, |links| links.generation);
        let whole = PrivateLink {
            delegation: delegation.id,
            generation,
            slot: None,
        };
        let schedule = schedule_of(programme, delegation.id);
        let version = outbox::letters_to(conn, delegation.id)? + 1;
        let paper = ToldSchedule::in_letter(&programme.event, delegation, &schedule, version, now);
        let says = paper.keep();
        if let Err(fault) = &says {
            tracing::error!(%fault, "a schedule could not be stored for rendering: the letter is sent without it");
        }
        Ok(Self {
            programme,
            post,
            delegation,
            items,
            notices: notices.collect(),
            schedule,
            says: says.ok(),
            file_name: enclosure::file_name(delegation.code.as_str(), version),
            version,
            private_page: post.links.address(whole),
            generation,
            now,
        })
    }

    /// Composes the mails to every contact; `knows` finds what a reader can know of a slot.
    ///
    /// News of one slot is one mail with everything in it. News of several is one letter, and beside it for each slot a
    /// mail that brings the calendar up to date: a liaison reads of the changes once, a calendar program of each.
    fn drafts(
        &self,
        mut knows: impl FnMut(SlotReader<'_>, i32) -> QueryResult<Knowledge>,
    ) -> Result<Vec<MailDraft>, NotifyError> {
        let mut drafts = Vec::new();
        for contact in &self.delegation.contacts {
            let knowledge = self
                .items
                .iter()
                .map(|LetterItem { slot, .. }| {
                    let reader = SlotReader {
                        slot: slot.id,
                        delegation: self.delegation.id,
                        recipient: contact.email.as_str(),
                    };
                    knows(reader, slot.sequence)
                })
                .collect::<QueryResult<Vec<Knowledge>>>()?;
            let composed = self.to_contact(contact, &knowledge);
            drafts.extend(composed.map_err(|source| NotifyError::Post {
                recipient: contact.email.to_string(),
                source,
            })?);
        }
        Ok(drafts)
    }

    fn to_contact(
        &self,
        contact: &Contact,
        knowledge: &[Knowledge],
    ) -> Result<Vec<MailDraft>, EnqueueError> {
        let is_alone = self.items.len() == 1;
        let mut drafts = Vec::new();
        if !is_alone {
            drafts.extend(self.letter(contact, knowledge)?);
            if contact.letters_only {
                return Ok(drafts);
            }
        }
        for ((item, notice), knowledge) in self.items.iter().zip(&self.notices).zip(knowledge) {
            drafts.push(self.mail(contact, item, notice, *knowledge, is_alone)?);
        }
        Ok(drafts)
    }

    /// The mail about one slot; `whole` when no letter beside it contains the rest.
    fn mail(
        &self,
        contact: &Contact,
        LetterItem { slot, news }: &LetterItem,
        notice: &Notice,
        knowledge: Knowledge,
        whole: bool,
    ) -> Result<MailDraft, EnqueueError> {
        let first_message_id = notice.first_message_id(&contact.email);
        let is_first = self
            .programme
            .ledger
            .notice(slot.id, self.delegation.id)
            .is_none();
        let message_id = if is_first {
            first_message_id.clone()
        } else {
            format!("<{}>", new_name(self.post))
        };
        let answer = self.answer(slot, notice);
        let letter = Letter {
            news: vec![Piece {
                news,
                standing: ReaderKnowledge::UpToDate,
                answer: Some(&answer),
            }],
            invitation: Some(Invitation {
                uid: &notice.uid,
                sequence: notice.sequence,
                stamp: notice.told_at,
            }),
            schedule: whole.then_some(self.schedule.as_slice()),
            enclosure: self.enclosure().filter(|_| whole),
            first_message_id: (!is_first).then_some(first_message_id.as_str()),
            ..self.blank(contact, &message_id)
        };
        outbox::draft(&letter, slot.id, knowledge)
    }

    /// The letter about several slots, unless its reader knows nothing of what it would take back.
    fn letter(
        &self,
        contact: &Contact,
        knowledge: &[Knowledge],
    ) -> Result<Option<MailDraft>, EnqueueError> {
        let all = self.items.iter().zip(&self.notices).zip(knowledge);
        let read: Vec<_> = all
            .filter_map(|((LetterItem { slot, news }, notice), knowledge)| {
                let (news, standing) = outbox::news_for(*knowledge, news)?;
                Some((news, standing, self.answer(slot, notice)))
            })
            .collect();
        if read.is_empty() {
            return Ok(None);
        }
        let message_id = format!("<{}>", new_name(self.post));
        let pieces = read.iter().map(|(news, standing, answer)| Piece {
            news,
            standing: *standing,
            answer: Some(answer),
        });
        let letter = Letter {
            news: pieces.collect(),
            schedule: Some(&self.schedule),
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
    fn answer(&self, slot: &Slot, notice: &Notice) -> String {
        self.post.links.address(PrivateLink {
            delegation: self.delegation.id,
            generation: self.generation,
            slot: Some((slot.id, notice.sequence)),
        })
    }

    fn blank<'l>(&'l self, contact: &'l Contact, message_id: &'l str) -> Letter<'l> {
        Letter {
            event: &self.programme.event,
            delegation: self.delegation,
            contact,
            from: &self.post.from,
            bounces: self.post.bounces.as_ref(),
            news: Vec::new(),
            invitation: None,
            schedule: None,
            enclosure: None,
            private_page: &self.private_page,
            version: self.version,
            message_id,
            first_message_id: None,
            written_at: self.now,
        }
    }
}

/// Notes what delegations know.
///
/// # Errors
/// As the database says.
pub(crate) fn remember(tx: &mut EventTx<'_>, notices: Vec<Notice>) -> QueryResult<()> {
    if notices.is_empty() {
        return Ok(());
    }
    let programme = tx.programme();
    for notice in &notices {
        store::notice::keep(tx.conn, programme.event.id, notice)?;
    }
    tx.has_become(programme.with_notices(notices));
    Ok(())
}
