//! Telling: what a delegation must hear of a slot, and the mail that says it.

use std::sync::Arc;

use diesel::QueryResult;

use super::{Method, News, Notice, store};
use crate::db::{Conn, fresh_id};
use crate::delegation::{Contact, Delegation};
use crate::event::programme::Programme;
use crate::event::tx::EventTx;
use crate::event::visibility::{schedule_of, told};
use crate::mail::outbox::{self, PostError};
use crate::mail::{Letter, Post};
use crate::slot::{Slot, SlotId, State};
use crate::time::Moment;

/// Why delegations could not be told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// A mail could not be written or queued.
    #[error("the mail to {recipient} could not be queued: {source}")]
    Post {
        /// Whose mail.
        recipient: String,
        /// Why.
        source: PostError,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
}

/// What is still to be told of a slot, per delegation: the difference between what each was told and what is true.
#[must_use]
pub fn due<'p>(programme: &'p Programme, slot: &Slot) -> Vec<(&'p Delegation, News)> {
    let now = told(programme, slot);
    programme
        .delegations
        .iter()
        .filter_map(|delegation| {
            let expects = slot.state() == State::Confirmed && slot.details.involves(delegation.id);
            let before = programme
                .notice(slot.id, delegation.id)
                .filter(|notice| notice.method == Method::Request)
                .map(|notice| notice.told.clone());
            let news = match (expects, before) {
                (true, None) => News::Confirmed(now.clone()),
                (true, Some(before)) if before == now => return None,
                (true, Some(before)) => News::Changed {
                    before,
                    now: now.clone(),
                },
                (false, None) => return None,
                (false, Some(before)) => match slot.state() {
                    State::Cancelled => News::Cancelled(before),
                    State::Confirmed => News::Dropped(before),
                    State::Pencilled | State::Tentative => News::Withdrawn(before),
                },
            };
            Some((delegation, news))
        })
        .collect()
}

/// Queues one mail per contact for everything that is due of a slot, and notes what each delegation now knows.
///
/// # Errors
/// When a mail cannot be written or stored; the caller's transaction must then end.
pub fn tell(tx: &mut EventTx<'_>, post: &Post, slot: SlotId) -> Result<(), TellError> {
    let Some(slot) = tx.programme().slot(slot).cloned() else {
        return Ok(());
    };
    let due = owned(due(&tx.programme(), &slot));
    // What they hear now must be above what they heard last, also when it is not the slot that changed but the name of
    // its room or of a delegation.
    let heard = |delegation: &Delegation| {
        tx.programme()
            .notice(slot.id, delegation.id)
            .map(|notice| notice.sequence)
    };
    let slot = match due
        .iter()
        .filter_map(|(delegation, _)| heard(delegation))
        .max()
    {
        Some(heard) if heard >= slot.sequence => {
            let raised = Slot {
                version: slot.version + 1,
                sequence: heard + 1,
                ..Slot::clone(&slot)
            };
            tx.store_slot(&raised, &[])?;
            Arc::new(raised)
        }
        _ => slot,
    };
    queue(tx, post, &slot, &due)
}

/// Queues the same again for every contact of the delegations that know of a confirmed slot: for one that lost the
/// mail, and for a contact that came later.
///
/// # Errors
/// As [`tell`].
pub fn tell_again(tx: &mut EventTx<'_>, post: &Post, slot: SlotId) -> Result<(), TellError> {
    tell(tx, post, slot)?;
    let programme = tx.programme();
    let Some(slot) = programme.slot(slot) else {
        return Ok(());
    };
    let known = |delegation: &&Delegation| {
        slot.state() == State::Confirmed
            && slot.details.involves(delegation.id)
            && programme
                .notice(slot.id, delegation.id)
                .is_some_and(|notice| notice.told_at < tx.now)
    };
    let again: Vec<(Delegation, News)> = programme
        .delegations
        .iter()
        .filter(known)
        .map(|delegation| (delegation.clone(), News::Repeated(told(&programme, slot))))
        .collect();
    queue(tx, post, slot, &again)
}

fn owned(due: Vec<(&Delegation, News)>) -> Vec<(Delegation, News)> {
    due.into_iter()
        .map(|(delegation, news)| (delegation.clone(), news))
        .collect()
}

fn queue(
    tx: &mut EventTx<'_>,
    post: &Post,
    slot: &Slot,
    news: &[(Delegation, News)],
) -> Result<(), TellError> {
    let programme = tx.programme();
    let mut notices = Vec::new();
    for (delegation, news) in news {
        // Nobody to tell: it stays due, and the slot's page says so.
        if delegation.contacts.is_empty() {
            continue;
        }
        let notice = notice(&programme, post, slot, delegation, news, tx.now);
        for contact in &delegation.contacts {
            let copy = Copy {
                programme: &programme,
                post,
                slot,
                delegation,
                contact,
                news,
                notice: &notice,
            };
            copy.queue(tx.conn, tx.now)?;
        }
        notices.push(notice);
    }
    Ok(remember(tx, notices)?)
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
        store::keep(tx.conn, programme.event.id, notice)?;
    }
    tx.has_become(programme.with_notices(notices));
    Ok(())
}

fn notice(
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

/// One contact's copy of the news.
struct Copy<'a> {
    programme: &'a Programme,
    post: &'a Post,
    slot: &'a Slot,
    delegation: &'a Delegation,
    contact: &'a Contact,
    news: &'a News,
    notice: &'a Notice,
}

impl Copy<'_> {
    fn queue(&self, conn: &mut Conn, now: Moment) -> Result<(), TellError> {
        let schedule = schedule_of(self.programme, self.delegation.id);
        let first_message_id = self.notice.first_message_id(&self.contact.email);
        let is_first = self
            .programme
            .notice(self.slot.id, self.delegation.id)
            .is_none();
        let message_id = if is_first {
            first_message_id.clone()
        } else {
            format!("<{}>", new_name(self.post))
        };
        let letter = Letter {
            event: &self.programme.event,
            delegation: self.delegation,
            contact: self.contact,
            from: &self.post.from,
            news: self.news,
            schedule: &schedule,
            uid: &self.notice.uid,
            sequence: self.notice.sequence,
            message_id: &message_id,
            first_message_id: (!is_first).then_some(first_message_id.as_str()),
            written_at: now,
        };
        outbox::post(conn, &letter, self.slot.id)
            .map(drop)
            .map_err(|source| TellError::Post {
                recipient: self.contact.email.to_string(),
                source,
            })
    }
}
