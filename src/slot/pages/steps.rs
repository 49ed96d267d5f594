//! Confirming, withdrawing, cancelling, telling: steps that need no form, only a button.

use actix_web::web;
use askama::Template;

use super::edit::again;
use super::{Outcome, hopeless, marks};
use crate::app::App;
use crate::auth::session::Caller;
use crate::event::desk::Desk;
use crate::event::timetable::Mark;
use crate::notice;
use crate::slot::booking::{self, BookingError};
use crate::slot::rules::{Candidate, Conflict};
use crate::slot::{Details, Slot, SlotId, State, forms};
use crate::web::Error;
use crate::web::field::TextField;
use crate::web::form::{Fields, Form};
use crate::web::page::{Section, Shell, conflict, see_other_done, unprocessable};

#[derive(Template)]
#[template(path = "slot/confirmation.html")]
struct ConfirmationPage {
    shell: Shell,
    id: i64,
    version: String,
    form: Form,
    marks: Vec<Mark>,
    reasons: Vec<TextField>,
}

/// `POST /slots/{id}/confirmation`: confirms the slot and tells its delegations; with `method=delete` takes the
/// confirmation back.
///
/// # Errors
/// For those who may not change the event.
pub async fn confirmation(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<i64>,
    fields: Fields,
) -> Outcome {
    let (desk, slot) = Desk::of_slot(&app, caller, SlotId(*id)).await?;
    let desk = desk.to_change()?;
    if fields.get("method") == "delete" {
        return withdraw(&desk, &slot, &fields).await;
    }
    let reasons = match forms::reasons_of(&fields) {
        Ok(reasons) => reasons,
        Err(errors) => {
            let found = crate::slot::rules::check(&desk.programme, Candidate::stored(&slot));
            return unprocessable(&confirmation_page(
                &desk,
                &slot,
                Form::rejected(fields, errors),
                &found,
            ));
        }
    };
    let (id, version, post) = (slot.id, forms::version(&fields)?, app.post());
    match desk
        .book(move |tx| booking::confirm(tx, &post, id, version, &reasons))
        .await
    {
        Ok(()) => Ok(see_other_done(&format!("/slots/{id}"), "confirmed")),
        Err(BookingError::Conflicts(conflicts)) => conflict(&confirmation_page(
            &again(&desk).await?,
            &slot,
            Form::new(fields),
            &conflicts,
        )),
        Err(error) => refused(error),
    }
}

fn confirmation_page(
    desk: &Desk,
    slot: &Slot,
    form: Form,
    conflicts: &[Conflict],
) -> ConfirmationPage {
    let details = Details {
        state: State::Confirmed,
        ..slot.details.clone()
    };
    let candidate = Candidate {
        id: Some(slot.id),
        details: &details,
    };
    let reasons = forms::reasons_wanted(conflicts).into_iter().map(|rule| {
        TextField::new(
            forms::reason_field(rule),
            format!("Reason: {}", rule.label()),
        )
        .help("Stands in the history with your name; it lapses when the slot is moved.")
        .of(&form)
    });
    ConfirmationPage {
        shell: desk
            .seat
            .shell(
                format!("Confirm “{}”", slot.details.title),
                Section::Timetable,
            )
            .form(&form),
        id: slot.id.0,
        version: form.fields.get("version").to_owned(),
        marks: marks(desk, candidate, conflicts),
        reasons: reasons.collect(),
        form,
    }
}

async fn withdraw(desk: &Desk, slot: &Slot, fields: &Fields) -> Outcome {
    let (id, version, post, tell) = (
        slot.id,
        forms::version(fields)?,
        desk.app.post(),
        forms::tell(fields),
    );
    match desk
        .book(move |tx| booking::withdraw(tx, &post, id, version, tell))
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
    caller: Caller,
    id: web::Path<i64>,
    fields: Fields,
) -> Outcome {
    let (desk, slot) = Desk::of_slot(&app, caller, SlotId(*id)).await?;
    let desk = desk.to_change()?;
    let fields = fields.only(&["version", "tell"])?;
    let (id, version, post, tell) = (
        slot.id,
        forms::version(&fields)?,
        app.post(),
        forms::tell(&fields),
    );
    match desk
        .book(move |tx| booking::cancel(tx, &post, id, version, tell))
        .await
    {
        Ok(()) => Ok(see_other_done(&format!("/slots/{id}"), "cancelled")),
        Err(error) => refused(error),
    }
}

/// `POST /slots/{id}/notices`: tells the delegations what they do not know yet; with `again`, those that know, too.
///
/// # Errors
/// For those who may not change the event.
pub async fn notices(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<i64>,
    fields: Fields,
) -> Outcome {
    let (desk, slot) = Desk::of_slot(&app, caller, SlotId(*id)).await?;
    let desk = desk.to_change()?;
    let again = fields.only(&["again"])?.flag("again");
    let (id, post) = (slot.id, app.post());
    let tell = if again {
        notice::tell_again
    } else {
        notice::tell
    };
    desk.book(move |tx| Ok(tell(tx, &post, id)?))
        .await
        .map_err(hopeless)?;
    Ok(see_other_done(&format!("/slots/{id}"), "told"))
}

/// A step carries nothing that could be lost: the slot's page shows how it stands now.
fn refused(error: BookingError) -> Outcome {
    Err(match error {
        BookingError::Stale { .. } => Error::Conflict(
            "Another officer has changed the slot since you opened it, so nothing was done. Go back to the slot, look \
             at how it stands now, and press the button again."
                .to_owned(),
        ),
        error => hopeless(error),
    })
}
