//! Writing to the contacts of a delegation: one mail about one slot, or one letter about several.

use std::sync::Arc;

use super::telling::{TellError, remember};
use super::{News, Notice, Told};
use crate::db::{Conn, fresh_id};
use crate::delegation::{Contact, Delegation};
use crate::event::programme::Programme;
use crate::event::tx::EventTx;
use crate::event::visibility::schedule_of;
use crate::mail::outbox::{self, PostError};
use crate::mail::{Invitation, Letter, Piece, Post, Standing};
use crate::slot::Slot;
use crate::time::Moment;

/// One slot, and what a delegation is to hear of it.
pub(super) struct Item {
    pub(super) slot: Arc<Slot>,
    pub(super) news: News,
}

/// Writes to every contact of a delegation, and notes what it knows then.
///
/// News of one slot is one mail with everything in it. News of several is one letter, and beside it for each slot a
/// mail that brings the calendar up to date: a liaison reads of the changes once, a calendar program of each.
pub(super) fn write_to(
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
    let desk = WritingDesk {
        programme: &programme,
        post,
        delegation,
        schedule: schedule_of(&programme, delegation.id),
        version: outbox::letters_to(tx.conn, delegation.id)? + 1,
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
pub(super) fn notice(
    programme: &Programme,
    post: &Post,
    slot: &Slot,
    delegation: &Delegation,
    news: &News,
    now: Moment,
) -> Notice {
    let earlier = programme.notice(slot.id, delegation.id);
    let new_name = || new_name(post);
    Notice {
        slot: slot.id,
        delegation: delegation.id,
        uid: earlier.map_or_else(new_name, |notice| notice.uid.clone()),
        sequence: slot.sequence,
        method: news.method(),
        told: news.slot().clone(),
        thread: earlier.map_or_else(new_name, |notice| notice.thread.clone()),
        told_at: now,
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
    version: i32,
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
        let is_first = self.programme.notice(slot.id, self.delegation.id).is_none();
        let message_id = if is_first {
            first_message_id.clone()
        } else {
            format!("<{}>", new_name(self.post))
        };
        let letter = Letter {
            news: vec![Piece {
                news,
                standing: Standing::UpToDate,
            }],
            invitation: Some(Invitation {
                uid: &notice.uid,
                sequence: notice.sequence,
            }),
            schedule: whole.then_some(self.schedule.as_slice()),
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
        for Item { slot, news } in items {
            read.extend(outbox::as_read(conn, slot.id, reader, slot.sequence, news)?);
        }
        if !read.is_empty() {
            let message_id = format!("<{}>", new_name(self.post));
            let pieces = read.iter().map(|(news, standing)| Piece {
                news,
                standing: *standing,
            });
            let letter = Letter {
                news: pieces.collect(),
                schedule: Some(&self.schedule),
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

    fn blank<'a>(&'a self, contact: &'a Contact, message_id: &'a str) -> Letter<'a> {
        Letter {
            event: &self.programme.event,
            delegation: self.delegation,
            contact,
            from: &self.post.from,
            news: Vec::new(),
            invitation: None,
            schedule: None,
            version: self.version,
            message_id,
            first_message_id: None,
            written_at: self.now,
        }
    }
}
