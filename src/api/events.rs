//! Events, their programmes and agendas.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Path;

use super::Answer;
use super::precondition::{etag, known_tag};
use super::request::{ApiRequest, unprocessable};
use super::shape::{ApiProgramme, EventAsSeen, Events};
use crate::documents::json::JsonAgenda;
use crate::server::agenda::{AgendaQuery, file};
use crate::server::context::{EventContext, accessible_events};
use crate::server::problem::Problem;
use crate::server::render_cache::CachedText;
use crate::server::{Error, compression};

/// Lists the events at which the user has a role, the latest first.
#[utoipa::path(
    get, path = "/events", operation_id = "list_events", tag = "Events",
    responses((status = 200, description = "The events", body = Events)),
)]
pub(super) async fn list(ask: ApiRequest) -> Answer {
    let session = ask.session().await?;
    ask.query::<super::Nothing>()?;
    let accessible_events = ask
        .app
        .db
        .read(move |conn| accessible_events(conn, &session))
        .await?;
    let events = accessible_events
        .iter()
        .map(|(event, access)| EventAsSeen::of(event, access))
        .collect();
    Ok(HttpResponse::Ok().json(Events { events }))
}

/// Returns an event.
#[utoipa::path(
    get, path = "/events/{slug}", operation_id = "get_event", tag = "Events",
    params(("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9")),
    responses((status = 200, description = "The event", body = EventAsSeen)),
)]
pub(super) async fn show(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    ask.query::<super::Nothing>()?;
    Ok(HttpResponse::Ok().json(EventAsSeen::of(&context.programme.event, &context.access)))
}

/// Returns an event's programme: every slot that is not cancelled, with rooms, people and findings. Its ETag begins with
/// the revision and differs between any two programmes; `If-None-Match` returns 304 when it is unchanged.
#[utoipa::path(
    get, path = "/events/{slug}/programme", operation_id = "get_programme", tag = "Events",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        ("If-None-Match" = Option<String>, Header, description = "ETag of the programme that you have", example = "\"17-3f2a9c0b1d4e5\""),
    ),
    responses(
        (status = 200, description = "The programme", body = ApiProgramme, headers(("ETag" = String, description = "ETag of this programme, unique even when a restored database reaches the same revision again"))),
        (status = 304, description = "Not modified: you have the current version"),
    ),
)]
pub(super) async fn programme(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    ask.query::<super::Nothing>()?;
    let tag = etag(context.programme.version());
    if let Some(tag) = known_tag(&ask, &tag)? {
        let mut answer = HttpResponse::build(StatusCode::NOT_MODIFIED)
            .insert_header((header::ETAG, tag))
            .finish();
        compression::vary(answer.headers_mut());
        return Ok(answer);
    }
    let answer = HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .content_type("application/json")
        .finish();
    let programme = written(&context).await?;
    Ok(compression::shared(answer, programme.compressible()))
}

/// The programme as it is sent, written once for each version: it is the same for all who may see it.
async fn written(context: &EventContext) -> Result<CachedText, Error> {
    let key = format!("api programme {}", context.access.slug);
    let kept = &context.app.render_cache;
    kept.at(key, context.programme.version(), || {
        serde_json::to_string(&ApiProgramme::of(&context.programme)).map_err(Error::internal)
    })
    .await
}

/// Returns the agenda as a file, for the protocol office or for one delegation; then it has no other delegation's
/// bilaterals.
#[utoipa::path(
    get, path = "/events/{slug}/agenda.{format}", operation_id = "get_agenda", tag = "Events",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        ("format" = inline(super::openapi::AgendaFormat), Path, description = "The file format", example = "json"),
        AgendaQuery,
        ("If-None-Match" = Option<String>, Header, description = "ETag of the agenda that you have", example = "\"7-17-3f2a9c0b1d4e5\""),
    ),
    // The document adds every form of file that there is.
    responses(
        (status = 200, description = "The agenda", body = JsonAgenda, headers(("ETag" = String, description = "ETag of this agenda; a weak one where the file says when it was issued"))),
        (status = 304, description = "Not modified: you have the current version"),
    ),
)]
pub(super) async fn agenda(ask: ApiRequest, path: Path<(String, String)>) -> Answer {
    let (slug, format) = path.into_inner();
    let context = ask.context(&slug).await?;
    let query = ask.query::<AgendaQuery>()?;
    file(&context, ask.request(), &format, &query)
        .await
        .map_err(|error| match error {
            // All else of the question has been read by now.
            Error::BadRequest(sentence) => unprocessable([("day", sentence.as_str())]),
            other => Problem::from(other),
        })
}
