//! The agenda as a file, for pages and the API.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::core::agenda::{Notes, Pencilled};
use crate::core::programme::Programme;
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::visibility::Viewer;
use crate::documents::format::Format;
use crate::documents::html::Stylesheet;
use crate::documents::queue::{Document, DocumentFile};
use crate::documents::render::Options;
use crate::server::app::App;
use crate::server::assets::asset;
use crate::server::context::EventContext;
use crate::server::{Error, compression, entity_tag};
use crate::store::audit;

/// Documents and page images that a user may request at once: every delegation's of a large meeting.
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
    /// True for a clean copy of the protocol office's agenda, without its internal notes; otherwise it has them, and is
    /// marked internal.
    #[serde(default)]
    clean: bool,
    /// True to begin a table with a byte order mark, which Excel needs.
    #[serde(default)]
    bom: bool,
}

/// How an agenda of this server is written: its printable page links to the stylesheet.
pub(crate) fn agenda_options(byte_order_mark: bool) -> Options {
    Options {
        stylesheet: Stylesheet::Link(asset("agenda.css")),
        byte_order_mark,
    }
}

/// When a programme was last changed: what a calendar of it says of its age.
pub(crate) async fn changed_at(app: &App, programme: &Programme) -> Result<Moment, Error> {
    let (event, now) = (programme.event.id, app.clock.now());
    let revision = programme.event.revision;
    let read = move |conn: &mut _| Ok::<_, Error>(audit::last_change(conn, event, revision)?);
    Ok(app.db.read(read).await?.unwrap_or(now))
}

/// The agenda as a file, for the page and the API.
///
/// # Errors
/// When there is no such format or delegation.
pub(crate) async fn file(
    context: &EventContext,
    request: &HttpRequest,
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
        notes: Notes::in_copy(query.clean),
        day: query.day.clone(),
        format,
        options: agenda_options(query.bom),
    };
    let is_calendar = format == Format::Ics;
    // A table does not say when it was made, a calendar says when the programme was changed, all others when they were
    // issued.
    let tag = if is_calendar || format == Format::Csv {
        entity_tag::strong(&context.programme)
    } else {
        entity_tag::weak(&context.programme)
    };
    if let Some(answer) = entity_tag::not_modified(request, &tag) {
        return Ok(answer);
    }
    let issued_at = if is_calendar {
        changed_at(&context.app, &context.programme).await?
    } else {
        context.now
    };
    let DocumentFile { bytes, name } = context.document_of(document, issued_at).await?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header(header::ETag(tag))
        .content_type(format.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if format != Format::Html {
        // The name holds nothing but letters, digits, hyphens and a dot, so RFC 6266's simple form is enough.
        let disposition = format!("attachment; filename=\"{name}\"");
        answer.insert_header((header::CONTENT_DISPOSITION, disposition));
    }
    let answer = answer.body(bytes);
    Ok(match format {
        Format::Html | Format::Csv | Format::Json | Format::Ics => compression::mark(answer),
        // Both are compressed files themselves.
        Format::Pdf | Format::Xlsx => answer,
    })
}
