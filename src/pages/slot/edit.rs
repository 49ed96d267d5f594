//! Booking and changing by form.

use actix_web::web;

use super::form::{FormSubject, page};
use super::{PageOutcome, stale};
use crate::change::booking::{self, BookingError};
use crate::core::decision::{Refusal, SlotStep};
use crate::core::slot::{Slot, SlotDetails, SlotId, SlotKind, SlotState};
use crate::core::text_enum::TextEnum;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms::slot::{self, SlotFormRequest};
use crate::server::page::{conflict, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;

/// What `GET …/slots/new` may be asked to fill in.
#[derive(serde::Deserialize)]
pub struct Prefill {
    day: Option<String>,
    start: Option<String>,
    end: Option<String>,
    room: Option<String>,
    kind: Option<String>,
    delegations: Option<String>,
}

/// `GET /events/{slug}/slots/new`: the empty form, filled with what the address says.
///
/// # Errors
/// For those who may not change the event.
pub async fn new(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    prefill: web::Query<Prefill>,
) -> PageOutcome {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let prefill = prefill.into_inner();
    let first_day = context
        .programme
        .event
        .days
        .first()
        .map(|day| day.date.to_string());
    let kind = prefill.kind.unwrap_or_else(|| "bilateral".to_owned());
    let interpreted = SlotKind::from_word(&kind).is_some_and(SlotKind::is_usually_interpreted);
    let mut fields = Fields::from_pairs([
        ("day", prefill.day.or(first_day).unwrap_or_default()),
        ("start", prefill.start.unwrap_or_default()),
        ("end", prefill.end.unwrap_or_default()),
        ("room", prefill.room.unwrap_or_default()),
        ("kind", kind),
        ("state", "tentative".to_owned()),
    ]);
    if interpreted {
        fields.push("interpretation", slot::INTERPRETATION_WANTED);
    }
    for code in prefill
        .delegations
        .iter()
        .flat_map(|codes| codes.split(','))
    {
        fields.push("delegations", code);
    }
    // Most slots are the chair's.
    if let Some(chair) = context.programme.chair() {
        fields.push("delegations", chair.code.as_str());
    }
    render(&page(&context, FormSubject::New, Form::new(fields), None))
}

/// `POST /events/{slug}/slots`: books a slot.
///
/// # Errors
/// For those who may not change the event.
pub async fn create(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> PageOutcome {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = slot::known_fields(fields)?;
    let request = match slot::parse(&context.programme, &fields) {
        Ok(request) => request,
        Err(errors) => {
            return unprocessable(&page(
                &context,
                FormSubject::New,
                Form::rejected(fields, errors),
                None,
            ));
        }
    };
    let post = app.mail_context();
    let SlotFormRequest {
        details, reasons, ..
    } = request;
    let booked = context
        .book(move |tx| booking::book(tx, &post, details.clone(), &reasons))
        .await;
    match booked {
        Ok(id) => Ok(see_other_done(&format!("/slots/{id}"), "booked")),
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            let context = context.with(&refused.programme);
            let form = Form::new(fields);
            conflict(&page(&context, FormSubject::New, form, Some(&refused)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /slots/{id}/edit`: the form with the slot in it.
///
/// # Errors
/// For those who may not change the event.
pub async fn edit(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let form = Form::new(slot::fields_of(&context.programme, &slot));
    render(&page(&context, FormSubject::Stored(&slot), form, None))
}

/// `POST /slots/{id}`: stores the slot with other details.
///
/// # Errors
/// For those who may not change the event.
pub async fn update(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let fields = slot::known_fields(fields)?;
    match slot::parse(&context.programme, &fields) {
        Ok(request) => change(context, &slot, &fields, request, SlotStep::Change).await,
        Err(errors) => unprocessable(&page(
            &context,
            FormSubject::Stored(&slot),
            Form::rejected(fields, errors),
            None,
        )),
    }
}

/// `POST /slots/{id}/placement`: moves a slot to another time or room and leaves the rest.
///
/// # Errors
/// For those who may not change the event.
pub async fn place(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    sent: Fields,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let sent = slot::known_fields(sent)?;
    match slot::parse_move(&context.programme, &slot, &sent) {
        Ok(request) => {
            let step = |details: SlotDetails| SlotStep::Place(details.placement);
            change(context, &slot, &sent, request, step).await
        }
        Err(errors) => {
            let fields = slot::fields_of_move(&context.programme, &slot, &sent);
            unprocessable(&page(
                &context,
                FormSubject::Stored(&slot),
                Form::rejected(fields, errors),
                None,
            ))
        }
    }
}

/// Takes the step that a form asks for; a form that is refused is shown again, whole.
async fn change(
    context: EventContext,
    slot: &Slot,
    sent: &Fields,
    request: SlotFormRequest,
    step: impl FnOnce(SlotDetails) -> SlotStep,
) -> PageOutcome {
    let (id, version) = (slot.id, slot::version(sent)?);
    let SlotFormRequest {
        details,
        reasons,
        tell,
    } = request;
    let step = step(details.clone());
    let is_move = matches!(step, SlotStep::Place(_));
    let whole = |context: &EventContext| {
        if is_move {
            slot::fields_of_move(&context.programme, slot, sent)
        } else {
            sent.clone()
        }
    };
    let Some(mut steps) = slot::following(&context.programme, sent)? else {
        return cannot_follow(&context, slot, &whole(&context));
    };
    let followed = !steps.is_empty();
    steps.push((id, version, step));
    let changed = context
        .book_and_notify(tell, move |tx, post| {
            booking::alter_all(tx, post, &steps, &reasons, tell)
        })
        .await;
    match changed {
        Ok(()) => {
            let done = match (followed, is_move) {
                (true, _) => "extended",
                (false, true) => "moved",
                (false, false) => "saved",
            };
            Ok(see_other_done(&format!("/slots/{id}"), done))
        }
        // What was judged has moves in it that are not stored.
        Err(BookingError::Refused(Refusal::Conflicts(_) | Refusal::Stale { .. })) if followed => {
            let context = context.reloaded().await?;
            cannot_follow(&context, slot, &whole(&context))
        }
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            let context = context.with(&refused.programme);
            let form = Form::new(whole(&context));
            conflict(&page(
                &context,
                FormSubject::Stored(slot),
                form,
                Some(&refused),
            ))
        }
        Err(BookingError::Refused(Refusal::Stale { current, programme })) => {
            let context = context.with(&programme);
            // What is confirmed stays so until its confirmation is withdrawn.
            let state = match slot.state() {
                SlotState::Confirmed => SlotState::Confirmed,
                _ => slot::typed_state(details.state),
            };
            let mine = details.in_state(state);
            stale::answer(&context, &current, &mine, &whole(&context)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Shows the form again when a slot that was to move for it has changed meanwhile.
fn cannot_follow(context: &EventContext, slot: &Slot, typed: &Fields) -> PageOutcome {
    let mut errors = FieldErrors::default();
    let advice = "What follows has changed meanwhile. Save again to see what can move now.";
    errors.add("end", advice);
    let kept = typed.iter().filter(|(name, _)| *name != slot::FOLLOWING);
    let form = Form::rejected(Fields::from_pairs(kept), errors);
    unprocessable(&page(context, FormSubject::Stored(slot), form, None))
}
