//! Slots: booking, changing, cancelling, confirming; each the same domain call as the pages make.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Path;
use diesel::result::Error as DieselError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies::{Confirmation, Confirmations, NewSlot, SlotChange};
use super::idempotency::{self, KeyLookup, StoredResponse};
use super::precondition::{etag, if_match, known_tag, required_match, stale};
use super::request::ApiRequest;
use super::shape::{self, ApiAlternative, ApiConflict};
use super::{Answer, Nothing};
use crate::change::booking::{self, BookingError, Notify};
use crate::change::dry_run::NotifyTx;
use crate::core::decision::{Refusal, SlotStep};
use crate::core::programme::Programme;
use crate::core::rule::Reasons;
use crate::core::slot::{Slot, SlotId};
use crate::core::visibility::{Viewer, view};
use crate::server::Error;
use crate::server::context::EventContext;
use crate::server::problem::Problem;

/// Books a tentative slot: it holds its room and people; no delegation is notified. Sent again with the same
/// `Idempotency-Key`, it is booked once and returns the same answer, for 24 hours.
#[utoipa::path(
    post, path = "/events/{slug}/slots", operation_id = "book_slot", tag = "Slots",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters of the program's choice, such as a UUID", example = "8f1c5d0e-2b1f-4a63-9d57-0d5f6e1b7c11", min_length = 1, max_length = 200, pattern = "^[!-~]+$"),
    ),
    request_body = NewSlot,
    responses(
        (status = 201, description = "The slot is booked", body = shape::ApiSlot,
            headers(("Location" = String, description = "The slot's address"), ("ETag" = String, description = "The version in quotes")),
            links(
                ("read" = (operation_id = "get_slot", parameters(("id" = "$response.body#/id")))),
                ("confirm" = (operation_id = "confirm_slot", parameters(("id" = "$response.body#/id")))),
                ("cancel" = (operation_id = "cancel_slot", parameters(("id" = "$response.body#/id"), ("If-Match" = "$response.header.ETag")))),
                ("change" = (operation_id = "change_slot", parameters(("id" = "$response.body#/id"), ("If-Match" = "$response.header.ETag")))),
            )),
    ),
)]
pub(super) async fn book(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?.to_change()?;
    ask.query::<Nothing>()?;
    let key = idempotency::key(&ask, context.access.user.id, context.access.event)?;
    let new: NewSlot = ask.body()?;
    // What was booked under a key stays so, whatever has become of the programme since.
    match find(&context, key.clone()).await? {
        KeyLookup::Same(kept) => return Ok(booked(kept)),
        KeyLookup::Other => return Err(idempotency::reused()),
        KeyLookup::New => {}
    }
    let (details, reasons) = new.read(&context.programme)?;
    let (post, wanted, under) = (context.app.mail_context(), details.clone(), key.clone());
    let outcome = context
        .book(move |tx| {
            if let Some(key) = &under
                && key.find(tx.conn, tx.now)? != KeyLookup::New
            {
                // The same request was a moment quicker.
                return Err(DieselError::RollbackTransaction.into());
            }
            let slot = booking::book(tx, &post, wanted.clone(), &reasons)?;
            let answer = serde_json::to_string(&seen(tx, slot)?).unwrap_or_default();
            let kept = StoredResponse { slot, answer };
            if let Some(key) = &under {
                key.keep(tx.conn, &kept, tx.now)?;
            }
            Ok(kept)
        })
        .await;
    match outcome {
        Ok(kept) => Ok(booked(kept)),
        Err(BookingError::Store(DieselError::RollbackTransaction)) => {
            match find(&context, key).await? {
                KeyLookup::Same(kept) => Ok(booked(kept)),
                _ => Err(idempotency::reused()),
            }
        }
        Err(error) => Err(refused(error)),
    }
}

async fn find(
    context: &EventContext,
    key: Option<idempotency::IdempotencyKey>,
) -> Result<KeyLookup, Error> {
    let (Some(key), now) = (key, context.now) else {
        return Ok(KeyLookup::New);
    };
    let db = &context.app.db;
    db.read(move |conn| Ok(key.find(conn, now)?)).await
}

fn booked(StoredResponse { slot, answer }: StoredResponse) -> HttpResponse {
    // It cannot have been changed yet when it is booked.
    HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/slots/{slot}")))
        .insert_header((header::ETAG, etag(1)))
        .content_type("application/json")
        .body(answer)
}

/// Returns a slot. Its ETag is the version for `If-Match`. A cancelled slot is not found; the changes list its
/// cancellation.
#[utoipa::path(
    get, path = "/slots/{id}", operation_id = "get_slot", tag = "Slots",
    params(
        ("id" = i64, Path, description = "The slot's id", example = 2_251_799_813_685_248_i64),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the slot that you have", example = "\"3\""),
    ),
    responses(
        (status = 200, description = "The slot", body = shape::ApiSlot, headers(("ETag" = String, description = "The version in quotes"))),
        (status = 304, description = "Not modified: you have the current version"),
    ),
)]
pub(super) async fn show(ask: ApiRequest, id: Path<i64>) -> Answer {
    let (context, slot) = ask.slot(*id).await?;
    ask.query::<Nothing>()?;
    let tag = etag(slot.version);
    if let Some(tag) = known_tag(&ask, &tag)? {
        return Ok(HttpResponse::build(StatusCode::NOT_MODIFIED)
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(shown(
        &in_sight(&context.programme, &slot).ok_or(Error::NotFound)?,
    ))
}

/// Changes a slot: fields that are left out stay. Delegations that were notified of it are notified of the change when
/// the protocol office sends its notices.
#[utoipa::path(
    patch, path = "/slots/{id}", operation_id = "change_slot", tag = "Slots",
    params(
        ("id" = i64, Path, description = "The slot's id", example = 2_251_799_813_685_248_i64),
        ("If-Match" = String, Header, description = "The ETag of the slot as you have seen it", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"3\""),
    ),
    request_body(content((SlotChange = "application/json"), (SlotChange = "application/merge-patch+json"))),
    responses((status = 200, description = "The slot as it is now", body = shape::ApiSlot, headers(("ETag" = String, description = "The version in quotes")))),
)]
pub(super) async fn change(ask: ApiRequest, id: Path<i64>) -> Answer {
    let (context, slot) = ask.slot(*id).await?;
    let context = context.to_change()?;
    ask.query::<Nothing>()?;
    let change: SlotChange = ask.body()?;
    let (step, reasons, notify) = change.read(&context.programme, &slot.details)?;
    // Conditions come last: they decide only whether a request that is right in itself is carried out.
    required_match(&ask, slot.version)?;
    let (id, version) = (slot.id, slot.version);
    let changed = context
        .book_and_notify(notify, move |tx, post| {
            let seen_at = (id, version);
            booking::alter(tx, post, seen_at, step.clone(), &reasons, notify)?;
            seen(tx, id)
        })
        .await;
    answer(changed)
}

/// Fixes a slot: neither a plan nor the handling of delays moves it. Delegations are not notified of it.
#[utoipa::path(
    put, path = "/slots/{id}/fixed", operation_id = "fix_slot", tag = "Slots",
    params(
        ("id" = i64, Path, description = "The slot's id", example = 2_251_799_813_685_248_i64),
        ("If-Match" = Option<String>, Header, description = "The ETag of the slot as you have seen it; without it, as it is now", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"3\""),
    ),
    responses((status = 200, description = "The slot, fixed", body = shape::ApiSlot, headers(("ETag" = String, description = "The version in quotes")))),
)]
pub(super) async fn fix(ask: ApiRequest, id: Path<i64>) -> Answer {
    set_fixed(&ask, *id, true).await
}

/// Lets a plan and the handling of delays move a slot again.
#[utoipa::path(
    delete, path = "/slots/{id}/fixed", operation_id = "release_slot", tag = "Slots",
    params(
        ("id" = i64, Path, description = "The slot's id", example = 2_251_799_813_685_248_i64),
        ("If-Match" = Option<String>, Header, description = "The ETag of the slot as you have seen it; without it, as it is now", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"3\""),
    ),
    responses((status = 200, description = "The slot, not fixed", body = shape::ApiSlot, headers(("ETag" = String, description = "The version in quotes")))),
)]
pub(super) async fn release(ask: ApiRequest, id: Path<i64>) -> Answer {
    set_fixed(&ask, *id, false).await
}

async fn set_fixed(ask: &ApiRequest, id: i64, fixed: bool) -> Answer {
    let (context, slot) = ask.slot(id).await?;
    let context = context.to_change()?;
    ask.query::<Nothing>()?;
    if fixed {
        ask.body_if_any::<NoFields>()?;
    }
    if_match(ask, slot.version)?;
    let (seen_at, post) = ((slot.id, slot.version), context.app.mail_context());
    let changed = context
        .book(move |tx| {
            let (step, none) = (SlotStep::Fix(fixed), Reasons::new());
            booking::alter(tx, &post, seen_at, step, &none, Notify::Later)?;
            seen(tx, seen_at.0)
        })
        .await;
    answer(changed)
}

/// A body without fields.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}

/// Cancels a slot: it holds nothing any more. Delegations that were notified of it are notified of the cancellation
/// when the protocol office sends its notices.
#[utoipa::path(
    delete, path = "/slots/{id}", operation_id = "cancel_slot", tag = "Slots",
    params(
        ("id" = i64, Path, description = "The slot's id", example = 2_251_799_813_685_248_i64),
        ("If-Match" = String, Header, description = "The ETag of the slot as you have seen it", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"3\""),
    ),
    responses((status = 204, description = "The slot is cancelled")),
)]
pub(super) async fn cancel(ask: ApiRequest, id: Path<i64>) -> Answer {
    let (context, slot) = ask.slot(*id).await?;
    let context = context.to_change()?;
    ask.query::<Nothing>()?;
    required_match(&ask, slot.version)?;
    let (id, version, post) = (slot.id, slot.version, context.app.mail_context());
    let cancelled = context
        .book(move |tx| booking::cancel(tx, &post, id, version, Notify::Later))
        .await;
    match cancelled {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(error) => Err(refused(error)),
    }
}

/// Confirms a slot and notifies its delegations at once, by letter and calendar mail.
#[utoipa::path(
    post, path = "/slots/{id}/confirmation", operation_id = "confirm_slot", tag = "Slots",
    params(
        ("id" = i64, Path, description = "The slot's id", example = 2_251_799_813_685_248_i64),
        ("If-Match" = Option<String>, Header, description = "The ETag of the slot as you have seen it; without it, as it is now", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"3\""),
    ),
    request_body(content = Confirmation, description = "May be left out"),
    responses((status = 200, description = "The slot, confirmed", body = shape::ApiSlot, headers(("ETag" = String, description = "The version in quotes")))),
)]
pub(super) async fn confirm(ask: ApiRequest, id: Path<i64>) -> Answer {
    let (context, slot) = ask.slot(*id).await?;
    let context = context.to_change()?;
    ask.query::<Nothing>()?;
    let reasons = ask.body_if_any::<Confirmation>()?.read()?;
    if_match(&ask, slot.version)?;
    let (id, version) = (slot.id, slot.version);
    let confirmed = context
        .book_and_notify(Notify::Now, move |tx, post| {
            booking::confirm(tx, post, id, version, &reasons)?;
            seen(tx, id)
        })
        .await;
    answer(confirmed)
}

/// The slots after a change of several, in the order asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfirmedSlots {
    slots: Vec<shape::ApiSlot>,
}

/// Confirms several slots, or none of them. Each contact gets one letter about all of them.
#[utoipa::path(
    post, path = "/events/{slug}/confirmations", operation_id = "confirm_slots", tag = "Slots",
    params(("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9")),
    request_body = Confirmations,
    responses((status = 200, description = "The slots, confirmed", body = ConfirmedSlots)),
)]
pub(super) async fn confirm_all(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?.to_change()?;
    ask.query::<Nothing>()?;
    let (slots, reasons) = ask.body::<Confirmations>()?.read(&context.programme)?;
    let confirmed = context
        .book_and_notify(Notify::Now, move |tx, post| {
            booking::confirm_all(tx, post, &slots, &reasons)?;
            let slots = slots.iter().map(|(id, _)| seen(tx, *id));
            Ok(ConfirmedSlots {
                slots: slots.collect::<Result<_, _>>()?,
            })
        })
        .await;
    match confirmed {
        Ok(confirmed) => Ok(HttpResponse::Ok().json(confirmed)),
        Err(error) => {
            let stale = match &error {
                BookingError::Refused(Refusal::Stale { current, .. }) => Some(current.id.0),
                BookingError::Refused(Refusal::Conflicts(refused)) => refused.slot.map(|id| id.0),
                _ => None,
            };
            let problem = refused(error);
            Err(match stale {
                Some(slot) => problem.fact("slot", slot),
                None => problem,
            })
        }
    }
}

/// Withdraws a confirmation: the slot is tentative again. Its delegations are notified when the protocol office sends
/// its notices.
#[utoipa::path(
    delete, path = "/slots/{id}/confirmation", operation_id = "withdraw_confirmation", tag = "Slots",
    params(
        ("id" = i64, Path, description = "The slot's id", example = 2_251_799_813_685_248_i64),
        ("If-Match" = Option<String>, Header, description = "The ETag of the slot as you have seen it; without it, as it is now", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"3\""),
    ),
    responses((status = 200, description = "The slot, tentative", body = shape::ApiSlot, headers(("ETag" = String, description = "The version in quotes")))),
)]
pub(super) async fn withdraw(ask: ApiRequest, id: Path<i64>) -> Answer {
    let (context, slot) = ask.slot(*id).await?;
    let context = context.to_change()?;
    ask.query::<Nothing>()?;
    if_match(&ask, slot.version)?;
    let (id, version, post) = (slot.id, slot.version, context.app.mail_context());
    let withdrawn = context
        .book(move |tx| {
            booking::withdraw(tx, &post, id, version, Notify::Later)?;
            seen(tx, id)
        })
        .await;
    answer(withdrawn)
}

fn in_sight(programme: &Programme, slot: &Slot) -> Option<shape::ApiSlot> {
    let view = view(programme, Viewer::Staff, slot)?;
    Some(shape::ApiSlot::of(view, programme.event.time_zone))
}

/// A slot as the transaction leaves it.
fn seen(tx: &dyn NotifyTx, id: SlotId) -> Result<shape::ApiSlot, BookingError> {
    let programme = tx.programme();
    let slot = programme.slot(id).ok_or(Refusal::NotFound)?;
    Ok(in_sight(&programme, slot).ok_or(Refusal::NotFound)?)
}

fn shown(slot: &shape::ApiSlot) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(slot.version())))
        .json(slot)
}

fn answer(outcome: Result<shape::ApiSlot, BookingError>) -> Answer {
    outcome.map(|slot| shown(&slot)).map_err(refused)
}

/// Builds the error of a refused booking, with conflicts and alternatives.
fn refused(error: BookingError) -> Problem {
    let refused = match error {
        BookingError::Refused(Refusal::Conflicts(refused)) => refused,
        BookingError::Refused(Refusal::Stale { current, .. }) => return stale(current.version),
        BookingError::Refused(Refusal::State { .. }) => {
            return Problem::from(Error::from(error)).of_kind("state");
        }
        error => return Error::from(error).into(),
    };
    let detail = if refused.is_blocked() {
        "Nothing was stored: the rules do not allow it. See “conflicts”, and “alternatives” for what could be booked instead."
    } else {
        "Nothing was stored: a rule needs a reason. Send one for each in “override”, or take one of the “alternatives”."
    };
    Problem::new(StatusCode::CONFLICT, detail)
        .of_kind("conflict")
        .fact(
            "conflicts",
            ApiConflict::in_the_way(&refused.programme, refused.candidate(), &refused.conflicts),
        )
        .fact(
            "alternatives",
            ApiAlternative::to(&refused.programme, refused.candidate()),
        )
}
