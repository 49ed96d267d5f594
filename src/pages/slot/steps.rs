//! Confirming, withdrawing, cancelling, notifying: steps that need no form, only a button.

use std::sync::Arc;

use actix_web::web;
use askama::Template;

use super::{PageOutcome, marks};
use crate::change::booking::{self, BookingError, Notify};
use crate::change::dry_run::NotifyTx;
use crate::change::undo;
use crate::core::decision::{Conflicts, Refusal, SlotStep};
use crate::core::rule::Reasons;
use crate::core::rules::{Candidate, check};
use crate::core::slot::{Slot, SlotId, SlotState};
use crate::core::timetable::ConflictMark;
use crate::mail::MailContext;
use crate::mail::outbox::MailCounts;
use crate::pages::letter_preview::{LetterPreview, composed, previews};
use crate::pages::past;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::TextField;
use crate::server::form::{Fields, Form};
use crate::server::forms::slot;
use crate::server::page::{Section, Shell, conflict, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "slot/refused_step.html")]
struct RefusedStep {
    shell: Shell,
    id: i64,
    step: RefusableStep,
    version: String,
    form: Form,
    marks: Vec<ConflictMark>,
    reasons: Vec<TextField>,
}

/// `POST /slots/{id}/confirmation`: confirms the slot and notifies its delegations; with `method=delete` withdraws the
/// confirmation.
///
/// # Errors
/// For those who may not change the event.
pub async fn confirmation(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    if fields.get("method") == "delete" {
        return withdraw(&context, &slot, &fields).await;
    }
    if let Some(question) = asked(&context, &slot, Notify::Now, "confirmation", &fields) {
        return question;
    }
    let reasons = match slot::reasons_of(&fields) {
        Ok(reasons) => reasons,
        Err(errors) => {
            let found = Conflicts {
                programme: Arc::clone(&context.programme),
                slot: Some(slot.id),
                details: SlotStep::Confirm.applied_to(&slot.details),
                conflicts: check(&context.programme, Candidate::stored(&slot)),
            };
            let form = Form::rejected(fields, errors);
            return unprocessable(&refused_step(
                &context,
                &slot,
                RefusableStep::Confirm,
                form,
                &found,
            ));
        }
    };
    let (id, version) = (slot.id, slot::version(&fields)?);
    match context
        .book_and_notify(Notify::Now, move |tx, post| {
            booking::confirm(tx, post, id, version, &reasons)
        })
        .await
    {
        Ok(()) => Ok(see_other_done(&format!("/slots/{id}"), "confirmed")),
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            let context = context.with(&refused.programme);
            let form = Form::new(fields);
            conflict(&refused_step(
                &context,
                &slot,
                RefusableStep::Confirm,
                form,
                &refused,
            ))
        }
        Err(error) => refused(error),
    }
}

/// The letters of a confirmation, before it is made.
#[derive(Template)]
#[template(path = "slot/confirmation.html")]
struct ConfirmationPage {
    shell: Shell,
    id: SlotId,
    version: i32,
    /// How many mails of each kind.
    counts: String,
    mails: Vec<LetterPreview>,
}

/// `GET /slots/{id}/confirmation`: the letters that confirming would send now; what the rules have against it, if they do.
///
/// # Errors
/// For those who may not change the event; when the slot cannot be confirmed.
pub async fn confirmation_preview(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    context.access.to_open_letters()?;
    let (id, version) = (slot.id, slot.version);
    let confirm = move |tx: &mut dyn NotifyTx, post: &MailContext| {
        booking::confirm(tx, post, id, version, &Reasons::new())
    };
    match composed(&context, confirm).await {
        Ok(mails) => {
            let title = format!("Confirm “{}”", slot.title());
            render(&ConfirmationPage {
                shell: context.access.shell(title, Section::Timetable),
                id,
                version,
                counts: MailCounts::of(&mails).to_string(),
                mails: previews(&context, &mails),
            })
        }
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            let form = Form::new(Fields::from_pairs([("version", version.to_string())]));
            let step = RefusableStep::Confirm;
            conflict(&refused_step(&context, &slot, step, form, &refused))
        }
        Err(error) => refused(error),
    }
}

/// A step that the rules may refuse.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RefusableStep {
    Confirm,
    Undo,
}

impl RefusableStep {
    /// The noun that the step is posted to.
    const fn noun(self) -> &'static str {
        match self {
            Self::Confirm => "confirmation",
            Self::Undo => "undo",
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Confirm => "Not confirmed yet",
            Self::Undo => "Not undone",
        }
    }

    const fn submit(self) -> &'static str {
        match self {
            Self::Confirm => "Confirm with this reason",
            Self::Undo => "Undo with this reason",
        }
    }
}

/// Shows what is in the way of a step, and asks for the reasons that would let it pass.
fn refused_step(
    context: &EventContext,
    slot: &Slot,
    step: RefusableStep,
    form: Form,
    refused: &Conflicts,
) -> RefusedStep {
    let wanted = if refused.is_blocked() {
        Vec::new()
    } else {
        refused.rules_without_reason()
    };
    let reasons = wanted.into_iter().map(|rule| {
        TextField::new(
            slot::reason_field(rule),
            format!("Reason: {}", rule.label()),
        )
        .help("Recorded in the history with your name; expires when the slot is moved.")
        .of(&form)
    });
    let title = match step {
        RefusableStep::Confirm => format!("Confirm “{}”", slot.title()),
        RefusableStep::Undo => format!("Undo the change to “{}”", slot.title()),
    };
    RefusedStep {
        shell: context.access.shell(title, Section::Timetable).form(&form),
        id: slot.id.0,
        step,
        version: form.fields.get("version").to_owned(),
        marks: marks(&refused.programme, refused.candidate(), &refused.conflicts),
        reasons: reasons.collect(),
        form,
    }
}

/// `POST /slots/{id}/undo`: takes the slot back to what it was before its latest change.
///
/// # Errors
/// For those who may not change the event.
pub async fn undo(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let fields = slot::known_fields(fields)?;
    let reasons = slot::reasons_of(&fields).map_err(|_| {
        Error::BadRequest("A reason is one line. Go back and write it in one line.".to_owned())
    })?;
    let (id, version) = (slot.id, slot::version(&fields)?);
    match context
        .book_and_notify(may_notify(&context, &slot), move |tx, post| {
            undo::undo(tx, post, id, version, &reasons)
        })
        .await
    {
        Ok(()) => Ok(see_other_done(&format!("/slots/{id}"), "undone")),
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            let context = context.with(&refused.programme);
            let form = Form::new(fields);
            conflict(&refused_step(
                &context,
                &slot,
                RefusableStep::Undo,
                form,
                &refused,
            ))
        }
        Err(error) => refused(error),
    }
}

/// Asks before letters go out about a day that is over.
fn asked(
    context: &EventContext,
    slot: &Slot,
    tell: Notify,
    noun: &str,
    fields: &Fields,
) -> Option<PageOutcome> {
    let page = format!("/slots/{}", slot.id);
    let slots = [slot].into_iter().filter(|_| tell == Notify::Now);
    past::question(context, slots, (format!("{page}/{noun}"), page), fields)
}

/// Undoing notifies only delegations that were notified of the slot, or of a slot that is confirmed.
fn may_notify(context: &EventContext, slot: &Slot) -> Notify {
    let mut notices = context.programme.ledger.notices_of(slot.id);
    if slot.state() == SlotState::Confirmed || notices.next().is_some() {
        Notify::Now
    } else {
        Notify::Later
    }
}

async fn withdraw(context: &EventContext, slot: &Slot, fields: &Fields) -> PageOutcome {
    let (id, version, tell) = (slot.id, slot::version(fields)?, slot::tell(fields));
    if let Some(question) = asked(context, slot, tell, "confirmation", fields) {
        return question;
    }
    match context
        .book_and_notify(tell, move |tx, post| {
            booking::withdraw(tx, post, id, version, tell)
        })
        .await
    {
        Ok(()) => Ok(see_other_done(&format!("/slots/{id}"), "withdrawn")),
        Err(error) => refused(error),
    }
}

/// `POST /slots/{id}/cancellation`: cancels the slot.
///
/// # Errors
/// For those who may not change the event.
pub async fn cancellation(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let fields = fields.only(&["version", "tell", past::ASKED])?;
    let (id, version, tell) = (slot.id, slot::version(&fields)?, slot::tell(&fields));
    if let Some(question) = asked(&context, &slot, tell, "cancellation", &fields) {
        return question;
    }
    match context
        .book_and_notify(tell, move |tx, post| {
            booking::cancel(tx, post, id, version, tell)
        })
        .await
    {
        Ok(()) => Ok(see_other_done(&format!("/slots/{id}"), "cancelled")),
        Err(error) => refused(error),
    }
}

/// `POST /slots/{id}/notices`: notifies the delegations that are not yet; with `again`, the others, too.
///
/// # Errors
/// For those who may not change the event.
pub async fn notices(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let fields = fields.only(&["again", past::ASKED])?;
    if let Some(question) = asked(&context, &slot, Notify::Now, "notices", &fields) {
        return question;
    }
    let again = fields.flag("again");
    let id = slot.id;
    let tell = if again {
        crate::change::notify::tell_again
    } else {
        crate::change::notify::tell
    };
    context
        .book_and_notify(Notify::Now, move |tx, post| Ok(tell(tx, post, id)?))
        .await
        .map_err(Error::from)?;
    Ok(see_other_done(&format!("/slots/{id}"), "told"))
}

/// A step carries no input that could be lost: the slot's page shows its current state.
fn refused(error: BookingError) -> PageOutcome {
    Err(match error {
        BookingError::Refused(Refusal::Stale { .. }) => Error::Conflict(
            "Another officer has changed the slot since you opened it. Nothing was done. Go back to the slot, check \
             it, and press the button again."
                .to_owned(),
        ),
        error => Error::from(error),
    })
}
