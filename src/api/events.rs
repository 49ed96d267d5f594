//! Events, their programmes and agendas.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Path;
use bytestring::ByteString;

use super::Answer;
use super::precondition::{etag, has_already};
use super::request::{ApiRequest, unprocessable};
use super::shape::{ApiProgramme, EventAsSeen, Events};
use crate::documents::json::JsonAgenda;
use crate::server::Error;
use crate::server::agenda::{AgendaQuery, file};
use crate::server::context::{EventContext, accessible_events};
use crate::server::problem::Problem;

/// The events that the user has a part in, the latest first.
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

/// An event.
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

/// An event's programme: every slot that is not cancelled, with rooms, people and all that is to be looked at. Its ETag
/// begins with the revision and differs between any two programmes; a program that has it already is told so in few
/// bytes.
#[utoipa::path(
    get, path = "/events/{slug}/programme", operation_id = "get_programme", tag = "Events",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the programme that you have", example = "\"17-3f2a9c0b1d4e5\""),
    ),
    responses(
        (status = 200, description = "The programme", body = ApiProgramme, headers(("ETag" = String, description = "Of this programme and no other, also where a database that was set back comes to the same revision again"))),
        (status = 304, description = "You have the current one"),
    ),
)]
pub(super) async fn programme(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    ask.query::<super::Nothing>()?;
    let tag = etag(context.programme.version());
    if has_already(&ask, &tag)? {
        return Ok(HttpResponse::build(StatusCode::NOT_MODIFIED)
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .content_type("application/json")
        .body(written(&context).await?))
}

/// The programme as it is sent, written once for each version: it is the same for all who may see it.
async fn written(context: &EventContext) -> Result<ByteString, Error> {
    let key = format!("api programme {}", context.access.slug);
    let kept = &context.app.render_cache;
    kept.at(key, context.programme.version(), || {
        serde_json::to_string(&ApiProgramme::of(&context.programme)).map_err(Error::internal)
    })
    .await
}

/// The agenda as a file, for the protocol office or for one delegation, which then has nothing of another one's
/// bilaterals in it.
#[utoipa::path(
    get, path = "/events/{slug}/agenda.{format}", operation_id = "get_agenda", tag = "Events",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        ("format" = inline(super::openapi::AgendaFormat), Path, description = "The form of file", example = "json"),
        AgendaQuery,
    ),
    // The document adds every form of file that there is.
    responses((status = 200, description = "The agenda", body = JsonAgenda)),
)]
pub(super) async fn agenda(ask: ApiRequest, path: Path<(String, String)>) -> Answer {
    let (slug, format) = path.into_inner();
    let context = ask.context(&slug).await?;
    let query = ask.query::<AgendaQuery>()?;
    file(&context, &format, &query)
        .await
        .map_err(|error| match error {
            // All else of the question has been read by now.
            Error::BadRequest(sentence) => unprocessable([("day", sentence.as_str())]),
            other => Problem::from(other),
        })
}
