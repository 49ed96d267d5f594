//! Writing to the contacts of a delegation: one mail about one slot, or one letter about several.

use std::sync::Arc;

use super::link::Link;
use super::telling::{TellError, remember};
use crate::agenda::pdf::ToldSchedule;
use crate::core::delegation::{Contact, Delegation};
use crate::core::notice::{News, Notice, Told};
use crate::core::programme::Programme;
use crate::core::slot::Slot;
use crate::core::time::Moment;
use crate::core::visibility::schedule_of;
use crate::db::{Conn, fresh_id};
use crate::event::tx::EventTx;
use crate::mail::outbox::{self, PostError};
use crate::mail::{Enclosure, Invitation, Letter, Piece, Post, Standing, enclosure};
use crate::notice::link_store;

/// One slot, and what a delegation is to hear of it.
pub(crate) struct Item {
    pub(crate) slot: Arc<Slot>,
    pub(crate) news: News,
}

/// Writes to every contact of a delegation, and notes what it knows then.
///
/// News of one slot is one mail with everything in it. News of several is one letter, and beside it for each slot a
/// mail that brings the calendar up to date: a liaison reads of the changes once, a calendar program of each.
pub(crate) fn write_to(
    tx: &mut EventTx<'_>,
    post: &Post,
    delegation: &Delegation,
    items: &[Item],
) -> Result<(), TellError> {
    // Nobody to tell: it stays due, and the slot's page says so.
    if delegation.contacts.is_empty() || items.is_empty() {
        return Ok(());
    }
    let programme = tx.programme();
    let notices: Vec<Notice> = items
        .iter()
        .map(|Item { slot, news }| notice(&programme, post, slot, delegation, news, tx.now))
        .collect();
    let generation = link_store::of(tx.conn, delegation.id)?.map_or(0, |links| links.generation);
    let whole = Link {
        delegation: delegation.id,
        generation,
        slot: None,
    };
    let schedule = schedule_of(&programme, delegation.id);
    let version = outbox::letters_to(tx.conn, delegation.id)? + 1;
    let paper = ToldSchedule::in_letter(&programme.event, delegation, &schedule, version, tx.now);
    let says = paper.keep();
    if let Err(fault) = &says {
        tracing::error!(%fault, "a schedule could not be kept to be set: the letter goes without it");
    }
    let desk = WritingDesk {
        programme: &programme,
        post,
        delegation,
        schedule,
        says: says.ok(),
        file_name: enclosure::file_name(delegation.code.as_str(), version),
        version,
        private_page: post.links.address(whole),
        generation,
        now: tx.now,
    };
    for contact in &delegation.contacts {
        let written = match (items, notices.as_slice()) {
            ([item], [notice]) => desk.mail(tx.conn, contact, item, notice, true),
            _ => desk.letter(tx.conn, contact, items, &notices),
        };
        written.map_err(|source| TellError::Post {
            recipient: contact.email.to_string(),
            source,
        })?;
    }
    Ok(remember(tx, notices)?)
}

/// What a delegation knows once it has heard `news`.
///
/// Who is told the same again has been told since the first time, and that is DTSTAMP. A calendar takes the same UID and
/// SEQUENCE with a later DTSTAMP for something newer (RFC 5546 §2.1.5), asks its owner anew and may forget the answer;
/// with the same DTSTAMP it says "already processed", or enters what it has lost. Gmail wants a fresh one of updates only,
/// and an update raises SEQUENCE, which makes it one here too.
pub(crate) fn notice(
    programme: &Programme,
    post: &Post,
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

/// A name that nobody can guess, unique in the world by the sender's domain (RFC 5322 3.6.4, RFC 7986 5.3).
fn new_name(post: &Post) -> String {
    format!(
        "{:013x}{:013x}@{}",
        fresh_id(),
        fresh_id(),
        post.from.domain()
    )
}

/// What all mails of one press to one delegation have in common.
struct WritingDesk<'a> {
    programme: &'a Programme,
    post: &'a Post,
    delegation: &'a Delegation,
    schedule: Vec<Told>,
    /// What the schedule says on paper.
    says: Option<String>,
    file_name: String,
    version: i32,
    private_page: String,
    generation: i32,
    now: Moment,
}

impl WritingDesk<'_> {
    /// The mail about one slot; `whole` when no letter beside it tells of the rest.
    fn mail(
        &self,
        conn: &mut Conn,
        contact: &Contact,
        Item { slot, news }: &Item,
        notice: &Notice,
        whole: bool,
    ) -> Result<(), PostError> {
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
                standing: Standing::UpToDate,
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
        outbox::post(conn, &letter, slot.id).map(drop)
    }

    /// The letter about several slots, and the mails beside it.
    fn letter(
        &self,
        conn: &mut Conn,
        contact: &Contact,
        items: &[Item],
        notices: &[Notice],
    ) -> Result<(), PostError> {
        let reader = (self.delegation.id, contact.email.as_str());
        let mut read = Vec::new();
        for (Item { slot, news }, notice) in items.iter().zip(notices) {
            let found = outbox::as_read(conn, slot.id, reader, slot.sequence, news)?;
            read.extend(found.map(|(news, standing)| (news, standing, self.answer(slot, notice))));
        }
        if !read.is_empty() {
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
            outbox::post_letter(conn, &letter)?;
        }
        if contact.letters_only {
            return Ok(());
        }
        for (item, notice) in items.iter().zip(notices) {
            self.mail(conn, contact, item, notice, false)?;
        }
        Ok(())
    }

    fn enclosure(&self) -> Option<Enclosure<'_>> {
        self.says.as_deref().map(|says| Enclosure {
            name: &self.file_name,
            says,
        })
    }

    /// Where this delegation answers to what it is told of a slot.
    fn answer(&self, slot: &Slot, notice: &Notice) -> String {
        self.post.links.address(Link {
            delegation: self.delegation.id,
            generation: self.generation,
            slot: Some((slot.id, notice.sequence)),
        })
    }

    fn blank<'a>(&'a self, contact: &'a Contact, message_id: &'a str) -> Letter<'a> {
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
