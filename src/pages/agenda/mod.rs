//! The documents, as the browser and the API have them.

pub mod calendars;
pub mod export;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::core::text_enum::TextEnum;
use crate::documents::format::Format;
use crate::documents::pdf::{Sheet, SheetChoice};
use crate::documents::queue::{Document, DocumentFile};
use crate::server::Error;
use crate::server::agenda::{AgendaQuery, file};
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::entity_tag;
use crate::server::session::CurrentUser;

/// `GET /events/{slug}/agenda.{format}`: the document; all but the printable page come as files.
///
/// # Errors
/// When the caller has no role at the event, or there is no such format or delegation.
pub async fn document(
    app: web::Data<App>,
    request: HttpRequest,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<AgendaQuery>,
) -> Result<HttpResponse, Error> {
    let (slug, format) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    file(&context, &request, &format, &query).await
}

/// What of the programme is wanted on a sheet; an empty field of the form means all.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetRequest {
    delegation: Option<String>,
    room: Option<String>,
    interpreter: Option<String>,
    day: Option<String>,
}

/// `GET /events/{slug}/agenda/{sheet}.pdf`: a card, door sheets, the roster or the matrix, as a file.
///
/// # Errors
/// When the caller has no role at the event, or the sheet or its subject does not exist.
pub async fn paper(
    app: web::Data<App>,
    request: HttpRequest,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<SheetRequest>,
) -> Result<HttpResponse, Error> {
    let (slug, sheet) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    let sheet = Sheet::from_word(&sheet).ok_or(Error::NotFound)?;
    let tag = entity_tag::weak(&context.programme);
    if let Some(answer) = entity_tag::not_modified(&request, &tag) {
        return Ok(answer);
    }
    let document = Document::Sheet(sheet, SheetChoice::from(query.into_inner()));
    let DocumentFile { bytes, name } = context.document(document).await?;
    Ok(HttpResponse::Ok()
        .insert_header(header::ETag(tag))
        .content_type(Format::Pdf.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(bytes))
}

impl From<SheetRequest> for SheetChoice {
    fn from(wanted: SheetRequest) -> Self {
        let filled = |field: Option<String>| field.filter(|typed| !typed.is_empty());
        Self {
            delegation: filled(wanted.delegation),
            room: filled(wanted.room),
            interpreter: filled(wanted.interpreter),
            day: filled(wanted.day),
        }
    }
}
