//! What becomes of a mail that came in: who it is about, whether it counts, and who must see it.

use crate::auth::invitation;
use crate::change::answer as answering;
use crate::core::delegation::Delegation;
use crate::core::event::EventId;
use crate::core::notice::answer::{self, IncomingAnswer, Via};
use crate::core::programme::Programme;
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::{Conn, DbError};
use crate::mail::inbox::read::{IncomingContent, IncomingLetter, Itip, Report};
use crate::mail::inbox::{InboxOutcome, store};
use crate::mail::outbox::{self, MailSummary};
use crate::store::audit::pseudonym;
use crate::store::notice::{Invited, invited_by};
use crate::store::programme_cache::ProgrammeCache;
use crate::store::{archived, transaction};
use store::Judged;

/// What taking mail in needs beside the database.
pub(crate) struct InboxContext {
    pub(crate) programme_cache: ProgrammeCache,
    /// The address our mail comes from: its domain is that of our Message-IDs.
    pub(crate) from: Email,
    pub(crate) now: Moment,
}

impl InboxContext {
    /// Takes a mail in, once however often it is read; true when it had to do with mail of ours.
    pub(crate) fn take(&self, conn: &mut Conn, letter: &IncomingLetter) -> Result<bool, DbError> {
        if store::is_known(conn, &letter.key)? {
            return Ok(false);
        }
        match &letter.content {
            IncomingContent::Calendar(itip) => {
                if let Some(invited) = invited_by(conn, &itip.uid)? {
                    return self.take_calendar(conn, letter, itip, &invited);
                }
            }
            IncomingContent::Report(report) => {
                return match self.mail_of(conn, report)? {
                    Some(mail) => self.take_report(conn, letter, report, &mail).map(|()| true),
                    None => Ok(false),
                };
            }
            IncomingContent::Words => {}
        }
        for message_id in &letter.answers {
            // A letter about an account is no officer's, and asks for answers elsewhere.
            if let Some(mail) = outbox::with_message_id(conn, message_id)?
                && let Some(event) = mail.event_id
            {
                let judged = in_words(letter, &mail, event);
                store::keep(conn, letter, &judged, self.now)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn take_calendar(
        &self,
        conn: &mut Conn,
        letter: &IncomingLetter,
        itip: &Itip,
        invited: &Invited,
    ) -> Result<bool, DbError> {
        if archived::archived_at(conn, invited.event)?.is_some() {
            return Ok(false);
        }
        let Some(programme) = self.programme_cache.programme(conn, invited.event)? else {
            return Ok(false);
        };
        let Some(delegation) = programme.delegation(invited.delegation) else {
            return Ok(false);
        };
        let judged = |outcome, why| Judged {
            event: invited.event,
            slot: Some(invited.slot),
            delegation: Some(invited.delegation),
            mail: None,
            outcome,
            why,
        };
        let said = match said(letter, itip, delegation, self.now) {
            Ok(said) => said,
            Err(why) => {
                let judged = judged(InboxOutcome::Person, why);
                store::keep(conn, letter, &judged, self.now)?;
                return Ok(true);
            }
        };
        let actor = Actor {
            user: None,
            name: delegation.name.to_string(),
            way: match delegation.contact(&said.by) {
                Some(contact) => format!(" (calendar of {})", pseudonym::of_contact(contact.id)),
                None => " (calendar)".to_owned(),
            },
        };
        let words = format!("{}: {}", delegation.name, said.reply.label());
        let whose = (invited.slot, invited.delegation);
        let written = transaction::write(
            conn,
            &self.programme_cache,
            invited.event,
            &actor,
            self.now,
            |tx| {
                // Now that no other writer is in the event: another server may have been quicker.
                if store::is_known(tx.conn, &letter.key)? {
                    return Ok(false);
                }
                let sequence = said.sequence;
                let outcome = answering::receive(tx, whose, said)?;
                let (outcome, why) = in_sentence(outcome, &words, sequence, &tx.programme(), whose);
                store::keep(tx.conn, letter, &judged(outcome, why), tx.now)?;
                Ok::<_, DbError>(true)
            },
        )?;
        Ok(written.value)
    }

    fn take_report(
        &self,
        conn: &mut Conn,
        letter: &IncomingLetter,
        report: &Report,
        mail: &MailSummary,
    ) -> Result<(), DbError> {
        let (outcome, what) = if report.failed {
            (InboxOutcome::Bounced, "did not reach")
        } else {
            (InboxOutcome::Delayed, "is still on its way to")
        };
        let judged = mail.event_id.map(|event| Judged {
            event,
            slot: mail.slot_id,
            delegation: mail.delegation_id,
            mail: Some(mail.id),
            outcome,
            why: format!(
                "“{}” {what} {}: {}",
                mail.subject, mail.recipient, report.reason
            ),
        });
        conn.transaction(|conn| {
            if let Some(judged) = &judged {
                store::keep(conn, letter, judged, self.now)?;
            }
            if report.failed && judged.is_none() {
                invitation::end_returned(conn, mail.id)?;
            }
            if report.failed {
                outbox::mark_bounced(conn, mail.id, &report.reason, self.now)?;
            }
            Ok(())
        })
    }

    /// The mail that a report is about: by the address it came to, else by the mail it returns.
    fn mail_of(&self, conn: &mut Conn, report: &Report) -> Result<Option<MailSummary>, DbError> {
        let by_token = report
            .tokens
            .iter()
            .map(|token| format!("<{token}@{}>", self.from.domain()));
        let returned = report.message_id.iter().map(|id| format!("<{id}>"));
        for message_id in by_token.chain(returned) {
            if let Some(mail) = outbox::with_message_id(conn, &message_id)? {
                return Ok(Some(mail));
            }
        }
        Ok(None)
    }
}

/// The answer in a calendar, or why a person must read it.
fn said(
    letter: &IncomingLetter,
    itip: &Itip,
    delegation: &Delegation,
    now: Moment,
) -> Result<IncomingAnswer, String> {
    match itip.method.as_str() {
        "REPLY" => {}
        "COUNTER" => return Err("They propose another time or place.".to_owned()),
        method => {
            return Err(format!(
                "It is no answer but a {}.",
                crate::core::text::quoted(method)
            ));
        }
    }
    if letter.automatic {
        return Err("A program has sent it by itself.".to_owned());
    }
    let [(attendee, reply)] = itip.attendees.as_slice() else {
        return Err("It does not name the one who answers.".to_owned());
    };
    let contact = delegation
        .contacts
        .iter()
        .find(|contact| contact.email.as_str().eq_ignore_ascii_case(attendee))
        .ok_or_else(|| {
            format!(
                "It answers for {}, who is no contact of {}.",
                crate::core::text::quoted(attendee),
                delegation.name
            )
        })?;
    if !letter.sender.eq_ignore_ascii_case(attendee) {
        return Err(format!(
            "It answers for {} but comes from somebody else.",
            contact.email
        ));
    }
    let reply = reply.ok_or("It neither accepts nor declines.")?;
    Ok(IncomingAnswer {
        reply,
        comment: itip.comment.clone(),
        via: Via::Mail,
        by: contact.email.to_string(),
        sequence: itip.sequence,
        // A clock that is ahead must not keep later answers from counting.
        at: itip.stamp.map_or(now, |stamp| stamp.min(now)),
    })
}

fn in_sentence(
    outcome: answer::AnswerOutcome,
    words: &str,
    sequence: i32,
    programme: &Programme,
    (slot, delegation): (
        crate::core::slot::SlotId,
        crate::core::delegation::DelegationId,
    ),
) -> (InboxOutcome, String) {
    let by_now = programme.ledger.valid_answer(slot, delegation);
    let by_now = by_now.map_or("nothing", |answer| answer.reply.label());
    match outcome {
        answer::AnswerOutcome::Taken => (InboxOutcome::Taken, format!("{words}.")),
        answer::AnswerOutcome::Known => (InboxOutcome::Known, format!("{words}, as was known.")),
        answer::AnswerOutcome::Overtaken => (
            InboxOutcome::Overtaken,
            format!("{words}, but they have said since: {by_now}."),
        ),
        answer::AnswerOutcome::Stale(told) => (
            InboxOutcome::Stale,
            format!(
                "{words}, to an older version ({sequence}); they were told version {told} since, and have said to it: {by_now}."
            ),
        ),
        answer::AnswerOutcome::NotExpected => (
            InboxOutcome::Person,
            format!("{words}, but they are not expected at this slot."),
        ),
    }
}

/// A mail of words that answers one of ours.
fn in_words(letter: &IncomingLetter, mail: &MailSummary, event: EventId) -> Judged {
    let what = if letter.automatic {
        "A program has answered by itself to"
    } else {
        "An answer in words to"
    };
    Judged {
        event,
        slot: mail.slot_id,
        delegation: mail.delegation_id,
        mail: Some(mail.id),
        outcome: InboxOutcome::Person,
        why: format!("{what} “{}”.", mail.subject),
    }
}
