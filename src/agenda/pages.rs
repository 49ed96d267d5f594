//! The documents, as the browser and the API have them.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::documents::{Document, DocumentFile};
use super::format::Format;
use super::pdf::{Sheet, SheetChoice};
use crate::app::App;
use crate::auth::session::CurrentUser;
use crate::core::agenda::Pencilled;
use crate::core::text_enum::TextEnum;
use crate::core::visibility::Viewer;
use crate::event::context::EventContext;
use crate::web::Error;

/// Documents, and pictures of their pages, that somebody may ask for at once: every delegation's of a great meeting.
pub const DOCUMENTS_AT_ONCE: f64 = 240.0;
/// Documents a second that they may go on asking for.
pub const DOCUMENTS_PER_SECOND: f64 = 2.0;

/// Whose agenda, and what of it.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgendaQuery {
    /// The code of the delegation whose agenda it is; the protocol office's when left out.
    #[param(example = "KZ")]
    delegation: Option<String>,
    /// One of its days, as `2022-12-24`; all when left out.
    #[param(format = "date", example = "2022-12-24")]
    day: Option<String>,
    /// True to have sketches in it, too; a delegation never gets them.
    #[serde(default)]
    pencilled: bool,
    /// True to begin a table with a byte order mark, which Excel needs.
    #[serde(default)]
    bom: bool,
}

/// `GET /events/{slug}/agenda.{format}`: the document; all but the printable page come as files.
///
/// # Errors
/// When the caller has no part in the event, or there is no such format or delegation.
pub async fn document(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<AgendaQuery>,
) -> Result<HttpResponse, Error> {
    let (slug, format) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    file(&context, &format, &query).await
}

/// The agenda as a file, for the page and the API.
///
/// # Errors
/// When there is no such format or delegation.
pub(crate) async fn file(
    context: &EventContext,
    format: &str,
    query: &AgendaQuery,
) -> Result<HttpResponse, Error> {
    let format = Format::from_word(format).ok_or(Error::NotFound)?;
    let viewer = match &query.delegation {
        None => Viewer::Staff,
        Some(code) => Viewer::Delegation(
            context
                .programme
                .delegation_by_code(code)
                .ok_or(Error::NotFound)?
                .id,
        ),
    };
    let document = Document::Agenda {
        viewer,
        pencilled: if query.pencilled {
            Pencilled::Included
        } else {
            Pencilled::LeftOut
        },
        day: query.day.clone(),
        format,
        byte_order_mark: query.bom,
    };
    let DocumentFile { bytes, name } = context.document(document).await?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(format.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if format != Format::Html {
        // The name holds nothing but letters, digits, hyphens and a dot, so RFC 6266's simple form is enough.
        let disposition = format!("attachment; filename=\"{name}\"");
        answer.insert_header((header::CONTENT_DISPOSITION, disposition));
    }
    Ok(answer.body(bytes))
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
/// When the caller has no part in the event, or the sheet is none, or of something that is not there.
pub async fn paper(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<SheetRequest>,
) -> Result<HttpResponse, Error> {
    let (slug, sheet) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    let sheet = Sheet::from_word(&sheet).ok_or(Error::NotFound)?;
    let document = Document::Sheet(sheet, SheetChoice::from(query.into_inner()));
    let DocumentFile { bytes, name } = context.document(document).await?;
    Ok(HttpResponse::Ok()
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
