//! Pending notices: what each delegation does not know yet, and the letters that say it.

use actix_web::HttpResponse;
use actix_web::web::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use super::bodies::present;
use super::precondition::if_programme_match;
use super::request::{ApiRequest, unprocessable};
use super::{Answer, Nothing};
use crate::change::booking::BookingError;
use crate::change::dry_run::NotifyTx;
use crate::change::notify::tell_all;
use crate::core::delegation::{Delegation, DelegationId};
use crate::core::due::pending;
use crate::core::notice::News;
use crate::core::programme::Programme;
use crate::mail::MailContext;
use crate::server::Error;
use crate::server::form::FieldErrors;
use crate::server::problem::Problem;

/// What is new for a delegation.
fn news_words() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([
            "confirmed",
            "changed",
            "cancelled",
            "withdrawn",
            "dropped",
        ]))
        .into()
}

/// Something that a delegation was not notified of.
#[derive(Debug, Serialize, ToSchema)]
struct PendingNotice {
    /// The slot's id.
    slot: i64,
    title: String,
    /// `dropped`: the delegation takes part no longer. `withdrawn`: the confirmation was taken back.
    #[schema(schema_with = news_words)]
    news: &'static str,
}

/// What a delegation was not notified of.
#[derive(Debug, Serialize, ToSchema)]
struct PendingOfDelegation {
    /// The delegation's code.
    #[schema(example = "KZ")]
    delegation: String,
    /// Contacts to whom letters would go.
    contacts: usize,
    /// By time.
    notices: Vec<PendingNotice>,
}

/// Pending notices.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PendingNotices {
    /// In order of precedence; delegations that know all are left out.
    delegations: Vec<PendingOfDelegation>,
}

/// Whom to notify.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": ["KZ"]}))]
pub(super) struct NoticesWanted {
    /// Codes of delegations; all of those with pending notices when left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<String>, required = false, min_items = 1)]
    to: Option<Vec<String>>,
}

/// Who was notified.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NoticesSent {
    /// Codes; a delegation that knew all is left out.
    notified: Vec<String>,
}

impl PendingNotices {
    fn of(programme: &Programme) -> Self {
        let delegations = pending(programme).into_iter().map(|each| {
            let notices = each.news.iter().map(|(slot, news)| PendingNotice {
                slot: slot.id.0,
                title: slot.title().to_string(),
                news: match news {
                    News::Confirmed(_) | News::Repeated(_) => "confirmed",
                    News::Changed { .. } => "changed",
                    News::Cancelled(_) => "cancelled",
                    News::Withdrawn(_) => "withdrawn",
                    News::Dropped(_) => "dropped",
                },
            });
            PendingOfDelegation {
                delegation: each.delegation.code.to_string(),
                contacts: each.delegation.contacts.len(),
                notices: notices.collect(),
            }
        });
        Self {
            delegations: delegations.collect(),
        }
    }
}

impl NoticesWanted {
    /// The delegations, each once; `None`: all.
    fn read(&self, programme: &Programme) -> Result<Option<Vec<DelegationId>>, Problem> {
        let Some(codes) = &self.to else {
            return Ok(None);
        };
        let mut errors = FieldErrors::default();
        if codes.is_empty() {
            errors.add(
                "to",
                "Name the delegations, or leave the field out to notify all.",
            );
        }
        let mut to = Vec::new();
        for code in codes {
            match programme.delegation_by_code(code) {
                Some(known) if to.contains(&known.id) => {}
                Some(known) => to.push(known.id),
                None => errors.add("to", "There is no such delegation at this event."),
            }
        }
        if errors.is_empty() {
            Ok(Some(to))
        } else {
            Err(unprocessable(errors.iter()))
        }
    }
}

/// Lists what delegations were not notified of yet.
#[utoipa::path(
    get, path = "/events/{slug}/notices", operation_id = "list_notices", tag = "Slots",
    params(("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9")),
    responses((status = 200, description = "Pending notices", body = PendingNotices)),
)]
pub(super) async fn list(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    ask.query::<Nothing>()?;
    Ok(HttpResponse::Ok().json(PendingNotices::of(&context.programme)))
}

/// Notifies delegations of everything pending: one letter to each contact, with calendar mail. With `If-Match` and the
/// programme's ETag only while the programme is unchanged.
#[utoipa::path(
    post, path = "/events/{slug}/notices", operation_id = "send_notices", tag = "Slots",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the programme as you have seen it, or its revision; without it, as it is now", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"17\""),
    ),
    request_body(content = NoticesWanted, description = "May be left out"),
    responses((status = 200, description = "The delegations that were notified", body = NoticesSent)),
)]
pub(super) async fn send(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?.to_change()?;
    ask.query::<Nothing>()?;
    let to = ask
        .body_if_any::<NoticesWanted>()?
        .read(&context.programme)?;
    let seen_at = context.programme.version();
    let pinned = if_programme_match(&ask, seen_at)?;
    let notify = move |tx: &mut dyn NotifyTx, post: &MailContext| {
        let programme = tx.programme();
        let due = pending(&programme).into_iter().map(|each| each.delegation);
        let due: Vec<&Delegation> = due
            .filter(|each| to.as_ref().is_none_or(|to| to.contains(&each.id)))
            .collect();
        if due.is_empty() {
            tx.stays_as_it_is();
        }
        for delegation in &due {
            tell_all(tx, post, delegation.id)?;
        }
        Ok::<Vec<String>, BookingError>(due.iter().map(|each| each.code.to_string()).collect())
    };
    let post = context.prepared(notify.clone()).await;
    let sent = context
        .book(move |tx| {
            if pinned && tx.began_at() != seen_at {
                tx.stays_as_it_is();
                return Ok(None);
            }
            notify(tx, &post).map(Some)
        })
        .await;
    if let Some(notified) = sent.map_err(Error::from)? {
        return Ok(HttpResponse::Ok().json(NoticesSent { notified }));
    }
    let now = context.reloaded().await?.programme.version();
    if_programme_match(&ask, now)?;
    let detail = "The programme has changed meanwhile. Nothing was sent.";
    Err(Error::Conflict(detail.into()).into())
}
