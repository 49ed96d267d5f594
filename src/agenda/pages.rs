//! Agendas in the browser: the page that offers them, and the documents.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::format::{Format, Options, file_name, render as write};
use super::html::Stylesheet;
use super::{Agenda, Pencilled};
use crate::app::App;
use crate::auth::session::Caller;
use crate::db::text_enum::TextEnum;
use crate::event::desk::Desk;
use crate::event::visibility::Viewer;
use crate::web::Error;
use crate::web::assets::asset;
use crate::web::page::{Section, Shell, render};

#[derive(Template)]
#[template(path = "agenda/index.html")]
struct AgendasPage {
    shell: Shell,
    slug: String,
    delegations: Vec<(String, String)>,
}

/// `GET /events/{slug}/agenda`: every agenda of the event, in every format.
///
/// # Errors
/// When the caller has no part in the event.
pub async fn index(
    app: web::Data<App>,
    caller: Caller,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let desk = Desk::at(&app, caller, slug.into_inner()).await?;
    let delegations = desk.programme.delegations.iter();
    render(&AgendasPage {
        shell: desk.seat.shell("Agenda", Section::Agenda),
        slug: desk.seat.slug.clone(),
        delegations: delegations
            .map(|each| (each.code.to_string(), each.name.to_string()))
            .collect(),
    })
}

/// Whose agenda, and what of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    delegation: Option<String>,
    #[serde(default)]
    pencilled: bool,
    #[serde(default)]
    bom: bool,
}

/// `GET /events/{slug}/agenda.{format}`: the document; all but the printable page come as files.
///
/// # Errors
/// When the caller has no part in the event, or there is no such format or delegation.
pub async fn document(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    let (slug, format) = path.into_inner();
    let desk = Desk::at(&app, caller, slug).await?;
    let format = Format::from_word(&format).ok_or(Error::NotFound)?;
    let viewer = match &query.delegation {
        None => Viewer::Staff,
        Some(code) => Viewer::Delegation(
            desk.programme
                .delegation_by_code(code)
                .ok_or(Error::NotFound)?
                .id,
        ),
    };
    let pencilled = if query.pencilled {
        Pencilled::Included
    } else {
        Pencilled::LeftOut
    };
    let agenda = Agenda::of(&desk.programme, viewer, desk.now, pencilled).ok_or(Error::NotFound)?;
    let stylesheet = asset("agenda.css");
    let options = Options {
        stylesheet: Stylesheet::Link(stylesheet),
        byte_order_mark: query.bom,
    };
    let bytes = write(&agenda, format, &options).map_err(Error::internal)?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(format.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if format != Format::Html {
        // The name holds nothing but letters, digits, hyphens and a dot, so RFC 6266's simple form is enough.
        let disposition = format!("attachment; filename=\"{}\"", file_name(&agenda, format));
        answer.insert_header((header::CONTENT_DISPOSITION, disposition));
    }
    Ok(answer.body(bytes))
}
