//! Notifies delegations of what is due, and stores the notices.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::QueryResult;

use super::dry_run::{DryRun, NotifyError, NotifyTx, remember};
use super::letters::{LetterItem, write_final_to, write_to};
use crate::core::action::Action;
use crate::core::delegation::{Delegation, DelegationId};
use crate::core::due::{Pending, due, pending};
use crate::core::notice::News;
use crate::core::programme::Programme;
use crate::core::slot::{Slot, SlotId, SlotState};
use crate::core::time::Moment;
use crate::core::visibility::{schedule_of, told_to};
use crate::db::Conn;
use crate::mail::MailContext;
use crate::mail::outbox::MailDraft;
use crate::store::transaction::EventTx;

/// Notifies every delegation concerned of what is due for a slot, and stores the notices.
///
/// # Errors
/// When a mail cannot be written or stored; the caller's transaction must then end.
pub fn tell(tx: &mut dyn NotifyTx, post: &MailContext, slot: SlotId) -> Result<(), NotifyError> {
    tell_together(tx, post, &[slot])
}

/// Notifies every delegation concerned of what is due for several slots, in one letter to each contact.
///
/// # Errors
/// As [`tell`].
pub fn tell_together(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    slots: &[SlotId],
) -> Result<(), NotifyError> {
    let mut letters: Vec<(Delegation, Vec<LetterItem>)> = Vec::new();
    for slot in slots {
        let Some(slot) = tx.programme().slot(*slot).cloned() else {
            continue;
        };
        let news = owned(due(&tx.programme(), &slot));
        let to = news.iter().map(|(delegation, _)| delegation.id);
        let slot = above_what_was_heard(tx, &slot, to)?;
        for (delegation, news) in news {
            let item = LetterItem {
                slot: Arc::clone(&slot),
                news,
            };
            match letters.iter_mut().find(|(to, _)| to.id == delegation.id) {
                Some((_, items)) => items.push(item),
                None => letters.push((delegation, vec![item])),
            }
        }
    }
    if letters.is_empty() {
        tx.stays_as_it_is();
    }
    for (delegation, mut items) in letters {
        items.sort_by_key(|item| (item.slot.interval(), item.slot.id));
        write_to(tx, post, &delegation, &items)?;
    }
    Ok(())
}

/// Notifies one delegation of everything due, in one letter to each of its contacts.
pub fn tell_all(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    delegation: DelegationId,
) -> Result<(), NotifyError> {
    let programme = tx.programme();
    let theirs = pending(&programme)
        .into_iter()
        .find(|each| each.delegation.id == delegation);
    let Some(Pending { delegation, news }) = theirs else {
        tx.stays_as_it_is();
        return Ok(());
    };
    let mut items = Vec::new();
    for (slot, news) in news {
        let slot = above_what_was_heard(tx, slot, [delegation.id])?;
        items.push(LetterItem { slot, news });
    }
    write_to(tx, post, delegation, &items)
}

/// Sends the final schedule to every delegation that has one or has news, with everything due, in one letter to each of
/// its contacts. Returns the codes of the delegations.
pub fn send_final_schedules(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
) -> Result<Vec<String>, NotifyError> {
    let programme = tx.programme();
    let mut due: HashMap<DelegationId, _> = pending(&programme)
        .into_iter()
        .map(|each| (each.delegation.id, each.news))
        .collect();
    let mut sent = Vec::new();
    for delegation in programme.delegations.iter() {
        let news = due.remove(&delegation.id).unwrap_or_default();
        let has_schedule = !schedule_of(&programme, delegation.id).is_empty();
        if delegation.contacts.is_empty() || (news.is_empty() && !has_schedule) {
            continue;
        }
        let mut items = Vec::new();
        for (slot, news) in news {
            let slot = above_what_was_heard(tx, slot, [delegation.id])?;
            items.push(LetterItem { slot, news });
        }
        write_final_to(tx, post, delegation, &items)?;
        sent.push(delegation.code.to_string());
    }
    Ok(sent)
}

/// Sends the final schedules in a transaction, and records in the history who gets one.
pub fn send_final_schedules_recorded(
    tx: &mut EventTx<'_>,
    post: &MailContext,
) -> Result<usize, NotifyError> {
    let sent = send_final_schedules(tx, post)?;
    if sent.is_empty() {
        return Ok(0);
    }
    let programme = tx.programme();
    let event = &programme.event;
    tx.record(
        Action::SchedulesSent,
        (event.id.0, event.name.as_str()),
        None,
        Some(serde_json::json!({ "delegations": sent })),
    )?;
    Ok(sent.len())
}

/// Marks as notified what a delegation knows otherwise, or need not know.
pub fn skip(
    tx: &mut EventTx<'_>,
    post: &MailContext,
    delegation: DelegationId,
    slot: SlotId,
    reason: &str,
) -> Result<bool, NotifyError> {
    let programme = tx.programme();
    let found = programme.slot(slot).and_then(|slot| {
        let due = due(&programme, slot);
        let (delegation, news) = due.into_iter().find(|(each, _)| each.id == delegation)?;
        Some((slot, delegation, news))
    });
    let Some((slot, delegation, news)) = found else {
        tx.stays_as_it_is();
        return Ok(false);
    };
    let notice = post.notice(&programme, slot, delegation, &news, tx.now);
    remember(tx, vec![notice])?;
    let after = serde_json::json!({ "delegation": delegation.code.as_str(), "reason": reason });
    tx.record(
        Action::NoticeSkipped,
        (slot.id.0, slot.title().as_str()),
        None,
        Some(after),
    )?;
    Ok(true)
}

/// The slot with a sequence above what these delegations heard last, also when it is not the slot that changed but the
/// name of its room or of a delegation.
fn above_what_was_heard(
    tx: &mut dyn NotifyTx,
    slot: &Arc<Slot>,
    delegations: impl IntoIterator<Item = DelegationId>,
) -> QueryResult<Arc<Slot>> {
    let Some(raised) = raised_above(&tx.programme(), slot, delegations) else {
        return Ok(Arc::clone(slot));
    };
    tx.store_raised(raised.clone())?;
    Ok(Arc::new(raised))
}

/// The slot with a higher sequence, where these delegations heard of the present one.
fn raised_above(
    programme: &Programme,
    slot: &Slot,
    delegations: impl IntoIterator<Item = DelegationId>,
) -> Option<Slot> {
    let heard = delegations
        .into_iter()
        .filter_map(|delegation| programme.ledger.notice(slot.id, delegation))
        .map(|notice| notice.sequence)
        .max()?;
    (heard >= slot.sequence).then(|| Slot {
        version: slot.version + 1,
        sequence: heard + 1,
        ..slot.clone()
    })
}

/// Composes the mails that a step would send now, and stores nothing.
///
/// # Errors
/// When a mail cannot be composed, or as the database says.
pub fn preview<T, E: From<NotifyError>>(
    conn: &mut Conn,
    programme: &Arc<Programme>,
    post: &MailContext,
    now: Moment,
    step: impl FnOnce(&mut dyn NotifyTx) -> Result<T, E>,
) -> Result<Vec<MailDraft>, E> {
    let mut dry_run = DryRun::new(conn, Arc::clone(programme), String::new(), now);
    step(&mut dry_run)?;
    let mut drafts = Vec::new();
    for facts in dry_run.into_letters() {
        drafts.extend(post.compose(&facts).map_err(NotifyError::from)?);
    }
    Ok(drafts)
}

/// Queues the same again for every contact of the delegations that know of a confirmed slot: for one that lost the
/// mail, and for a contact that came later.
pub fn tell_again(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    slot: SlotId,
) -> Result<(), NotifyError> {
    tell(tx, post, slot)?;
    let (programme, now) = (tx.programme(), tx.now());
    let Some(slot) = programme.slot(slot) else {
        return Ok(());
    };
    let known = |delegation: &&Delegation| {
        slot.state() == SlotState::Confirmed
            && slot.content().involves(delegation.id)
            && programme
                .ledger
                .notice(slot.id, delegation.id)
                .is_some_and(|notice| notice.told_at < now)
    };
    let again: Vec<Delegation> = programme
        .delegations
        .iter()
        .filter(known)
        .cloned()
        .collect();
    for delegation in again {
        let item = LetterItem {
            slot: Arc::clone(slot),
            news: News::Repeated(told_to(&programme, slot, &delegation)),
        };
        write_to(tx, post, &delegation, &[item])?;
    }
    Ok(())
}

fn owned(due: Vec<(&Delegation, News)>) -> Vec<(Delegation, News)> {
    due.into_iter()
        .map(|(delegation, news)| (delegation.clone(), news))
        .collect()
}
