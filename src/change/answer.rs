//! Taking the answers of delegations: each is judged, stored and recorded in the history.

use diesel::QueryResult;
use serde_json::json;

use crate::core::action::Action;
use crate::core::delegation::DelegationId;
use crate::core::notice::answer::{Answer, AnswerOutcome, IncomingAnswer, Via};
use crate::core::programme::Programme;
use crate::core::slot::SlotId;
use crate::core::text_enum::TextEnum;
use crate::store::audit::pseudonym;
use crate::store::notice;
use crate::store::transaction::EventTx;

/// Stores an answer to the notice of a slot. It never changes the slot.
pub fn receive(
    tx: &mut EventTx<'_>,
    (slot, delegation): (SlotId, DelegationId),
    said: IncomingAnswer,
) -> QueryResult<AnswerOutcome> {
    let programme = tx.programme();
    let Some(notice) = programme.ledger.expected(slot, delegation) else {
        return Ok(AnswerOutcome::NotExpected);
    };
    if notice.sequence != said.sequence {
        return Ok(AnswerOutcome::Stale(notice.sequence));
    }
    let before = programme.ledger.answer(slot, delegation);
    if let Some(known) = before.filter(|known| known.stands(notice)) {
        if (known.reply, &known.comment) == (said.reply, &said.comment) {
            return Ok(AnswerOutcome::Known);
        }
        if known.answered_at > said.at {
            return Ok(AnswerOutcome::Overtaken);
        }
    }
    let answer = Answer {
        slot,
        delegation,
        reply: said.reply,
        comment: said.comment,
        via: said.via,
        by: said.by,
        sequence: said.sequence,
        told: notice.told.clone(),
        answered_at: said.at,
    };
    record(tx, before, &answer)?;
    keep(tx, vec![answer])?;
    Ok(AnswerOutcome::Taken)
}

/// Stores answers, each in place of an earlier one.
pub(crate) fn keep(tx: &mut EventTx<'_>, answers: Vec<Answer>) -> QueryResult<()> {
    if answers.is_empty() {
        return Ok(());
    }
    let programme = tx.programme();
    for answer in &answers {
        notice::keep_answer(tx.conn, programme.event.id, answer)?;
    }
    tx.has_become(programme.with_answers(answers));
    Ok(())
}

/// Who answered, as the history writes it: the pseudonym of a contact. Who of the office wrote an answer down is the actor.
fn written_by(programme: &Programme, answer: &Answer) -> Option<String> {
    if answer.via != Via::Mail {
        return None;
    }
    let contact = programme
        .delegation(answer.delegation)?
        .contact(&answer.by)?;
    Some(pseudonym::of_contact(contact.id))
}

fn record(tx: &mut EventTx<'_>, before: Option<&Answer>, answer: &Answer) -> QueryResult<()> {
    let programme = tx.programme();
    let code = programme
        .delegation(answer.delegation)
        .map(|delegation| delegation.code.to_string());
    let title = programme
        .slot(answer.slot)
        .map_or_else(String::new, |slot| slot.title().to_string());
    let written = |answer: &Answer| {
        json!({
            "delegation": code,
            "answer": answer.reply.as_str(),
            "comment": answer.comment,
            "via": answer.via.as_str(),
            "by": written_by(&programme, answer),
            "sequence": answer.sequence,
        })
    };
    tx.record(
        Action::NoticeAnswered,
        (answer.slot.0, &title),
        before.map(written),
        Some(written(answer)),
    )
}
