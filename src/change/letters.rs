//! Writing to the contacts of a delegation: one mail about one slot, or one letter about several.

use std::sync::Arc;

use diesel::QueryResult;

use super::dry_run::{NotifyError, NotifyTx};
use crate::core::delegation::Delegation;
use crate::core::event::{Event, Revision};
use crate::core::notice::News;
use crate::core::slot::Slot;
use crate::core::visibility::schedule_of;
use crate::mail::MailContext;
use crate::mail::facts::{ItemFacts, LetterFacts};
use crate::mail::outbox::{self, Knowledge, SlotReader};
use crate::store::private_link;

/// One slot, and what a delegation is to hear of it.
pub(crate) struct LetterItem {
    pub(crate) slot: Arc<Slot>,
    pub(crate) news: News,
}

/// Writes the mails to every contact of a delegation, and notes what it knows then.
pub(crate) fn write_to(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    delegation: &Delegation,
    items: &[LetterItem],
) -> Result<(), NotifyError> {
    // No contact to notify: it stays due, and the slot's page says so.
    if delegation.contacts.is_empty() || items.is_empty() {
        return Ok(());
    }
    let facts = facts(tx, post, delegation, items)?;
    tx.send(post, facts)
}

/// Writes the final schedule to every contact of a delegation, with the news that there is.
pub(crate) fn write_final_to(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    delegation: &Delegation,
    items: &[LetterItem],
) -> Result<(), NotifyError> {
    let facts = facts(tx, post, delegation, items)?;
    let is_final = true;
    tx.send(post, LetterFacts { is_final, ..facts })
}

/// Reads what the mails to a delegation are made from.
fn facts(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    delegation: &Delegation,
    items: &[LetterItem],
) -> QueryResult<LetterFacts> {
    let (programme, now) = (tx.programme(), tx.now());
    let links = private_link::of(tx.conn(), delegation.id)?;
    let version = outbox::letters_to(tx.conn(), delegation.id)? + 1;
    let mut knowledge = Vec::new();
    for contact in &delegation.contacts {
        let of_items = items.iter().map(|LetterItem { slot, .. }| {
            let reader = SlotReader {
                slot: slot.id,
                delegation: delegation.id,
                recipient: contact.email.as_str(),
            };
            tx.knowledge(reader, slot.sequence)
        });
        knowledge.push(of_items.collect::<QueryResult<Vec<Knowledge>>>()?);
    }
    let items = items.iter().map(|LetterItem { slot, news }| ItemFacts {
        news: news.clone(),
        notice: post.notice(&programme, slot, delegation, news, now),
        is_first: programme.ledger.notice(slot.id, delegation.id).is_none(),
    });
    Ok(LetterFacts {
        delegation: delegation.clone(),
        event: Event {
            revision: Revision(0),
            ..Event::clone(&programme.event)
        },
        items: items.collect(),
        schedule: schedule_of(&programme, delegation.id),
        is_final: false,
        version,
        generation: links.map_or(0, |links| links.generation),
        written_at: now,
        knowledge,
    })
}
