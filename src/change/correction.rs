//! Corrections of which no delegation is notified: what its letters had counts as told with the corrected words.

use std::collections::BTreeSet;

use diesel::QueryResult;

use super::dry_run::remember;
use crate::change::answer;
use crate::core::action::Action;
use crate::core::notice::answer::Answer;
use crate::core::notice::{Method, Notice, Told};
use crate::core::programme::Programme;
use crate::store::transaction::EventTx;

/// Marks as known what this transaction has changed since `before`, and records it in the history. Other pending changes
/// stay pending.
pub fn take_as_known(tx: &mut EventTx<'_>, before: &Programme) -> QueryResult<()> {
    let after = tx.programme();
    let told = |programme: &Programme, notice: &Notice| -> Option<Told> {
        let slot = programme.slot(notice.slot)?;
        let delegation = programme.delegation(notice.delegation)?;
        Some(crate::core::visibility::told_to(
            programme, slot, delegation,
        ))
    };
    let (mut notices, mut answers) = (Vec::new(), Vec::new());
    let mut delegations = BTreeSet::new();
    for notice in after.ledger.notices() {
        let (Some(was), Some(is)) = (told(before, notice), told(&after, notice)) else {
            continue;
        };
        let corrected = notice.told.corrected(&was, &is);
        if corrected == notice.told || notice.method == Method::Cancel {
            continue;
        }
        if let Some(delegation) = after.delegation(notice.delegation) {
            delegations.insert(delegation.code.as_str());
        }
        if let Some(answer) = after.ledger.answer(notice.slot, notice.delegation) {
            answers.push(Answer {
                told: answer.told.corrected(&was, &is),
                ..answer.clone()
            });
        }
        notices.push(Notice {
            told: corrected,
            ..notice.clone()
        });
    }
    if notices.is_empty() {
        return Ok(());
    }
    let record = serde_json::json!({ "delegations": delegations, "notices": notices.len() });
    remember(tx, notices)?;
    answer::keep(tx, answers)?;
    let event = &after.event;
    tx.record(
        Action::NoticesCorrected,
        (event.id.0, event.name.as_str()),
        None,
        Some(record),
    )
}
