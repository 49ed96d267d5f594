//! Pending notices: the difference between the last notices to each delegation and the programme.

use std::sync::Arc;

use crate::core::delegation::Delegation;
use crate::core::notice::{Method, News, Notice, Told, ToldEvent};
use crate::core::programme::Programme;
use crate::core::slot::{Slot, SlotState};
use crate::core::visibility::told;

/// Lists the pending notices of a slot, per delegation: the difference between the last notice and the slot.
#[must_use]
pub fn due<'p>(programme: &'p Programme, slot: &Slot) -> Vec<(&'p Delegation, News)> {
    let known: Vec<&Notice> = programme
        .ledger
        .notices_of(slot.id)
        .filter(|notice| notice.method == Method::Request)
        .collect();
    if known.is_empty() && slot.state() != SlotState::Confirmed {
        return Vec::new();
    }
    let now = told(programme, slot);
    programme
        .delegations
        .iter()
        .filter_map(|delegation| {
            let expects =
                slot.state() == SlotState::Confirmed && slot.content().involves(delegation.id);
            let before = known
                .iter()
                .find(|notice| notice.delegation == delegation.id)
                .map(|notice| notice.told.clone());
            let now = || Told {
                event: Some(Box::new(ToldEvent::of(&programme.event, delegation))),
                ..now.clone()
            };
            let news = match (expects, before) {
                (true, None) => News::Confirmed(now()),
                (true, Some(before)) => {
                    let now = now();
                    if before == now {
                        return None;
                    }
                    News::Changed { before, now }
                }
                (false, None) => return None,
                (false, Some(before)) => match slot.state() {
                    SlotState::Cancelled => News::Cancelled(before),
                    SlotState::Confirmed => News::Dropped(before),
                    SlotState::Pencilled | SlotState::Tentative => News::Withdrawn(before),
                },
            };
            Some((delegation, news))
        })
        .collect()
}

/// Pending notices of one delegation, by time.
#[derive(Debug)]
pub struct Pending<'p> {
    /// Who is to hear it.
    pub delegation: &'p Delegation,
    /// The slots and the news of each.
    pub news: Vec<(&'p Arc<Slot>, News)>,
}

/// Lists all pending notices, per delegation in order of precedence; delegations without any are left out.
#[must_use]
pub fn pending(programme: &Programme) -> Vec<Pending<'_>> {
    let mut all: Vec<Pending<'_>> = programme
        .delegations
        .iter()
        .map(|delegation| Pending {
            delegation,
            news: Vec::new(),
        })
        .collect();
    for slot in programme.slots() {
        for (delegation, news) in due(programme, slot) {
            if let Some(theirs) = all
                .iter_mut()
                .find(|each| each.delegation.id == delegation.id)
            {
                theirs.news.push((slot, news));
            }
        }
    }
    all.retain(|each| !each.news.is_empty());
    all
}
