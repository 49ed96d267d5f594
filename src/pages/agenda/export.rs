//! The page on which a document is chosen and seen before it is downloaded, and the pictures of its pages.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::calendars::LinkLine;
use crate::auth::calendar_link;
use crate::core::agenda::{Notes, Pencilled};
use crate::core::programme::Programme;
use crate::core::text_enum::TextEnum;
use crate::core::time::day_in_words;
use crate::core::visibility::Viewer;
use crate::documents::format::Format;
use crate::documents::pdf::script;
use crate::documents::pdf::{Sheet, SheetChoice, SheetError};
use crate::documents::preview::DocumentPreview;
use crate::documents::queue::{Document, DocumentError, PAGES_TOGETHER};
use crate::server::Error;
use crate::server::agenda::agenda_options;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{self, Choices, ErrorSummary, Select};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, unprocessable};
use crate::server::session::CurrentUser;

/// The word for the agenda itself among the documents.
const AGENDA: &str = "agenda";
/// The word for a copy without internal notes.
const CLEAN: &str = "clean";

/// The request as in the address; an empty field means all.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportRequest {
    document: String,
    delegation: String,
    room: String,
    interpreter: String,
    day: String,
    format: String,
    copy: String,
    bom: String,
    /// What was done before, for the shell.
    done: String,
}

impl ExportRequest {
    fn filled(field: &str) -> Option<String> {
        Some(field.to_owned()).filter(|typed| !typed.is_empty())
    }

    /// True for the office's programme without its notes; a delegation's has none.
    fn is_clean(&self) -> bool {
        self.copy == CLEAN && self.delegation.is_empty()
    }

    /// Finds the document, or says at which field it is not to be found. What the document is not made by is left out.
    fn document(&self, programme: &Programme) -> Result<Document, FieldErrors> {
        let mut errors = FieldErrors::default();
        if self.document == AGENDA {
            let format =
                Format::from_word(&self.format).ok_or("Choose a file format from the list.");
            let format = errors.take("format", format);
            if !matches!(self.copy.as_str(), "" | CLEAN) {
                errors.add("copy", "Choose a copy from the list.");
            }
            let viewer = match Self::filled(&self.delegation) {
                None => Some(Viewer::Staff),
                Some(code) => {
                    let found = programme.delegation_by_code(&code);
                    let found = found.ok_or("Choose a delegation from the list.");
                    let found = errors.take("delegation", found);
                    found.map(|delegation| Viewer::Delegation(delegation.id))
                }
            };
            return match (viewer, format) {
                (Some(viewer), Some(format)) if errors.is_empty() => Ok(Document::Agenda {
                    viewer,
                    pencilled: Pencilled::LeftOut,
                    notes: Notes::in_copy(self.is_clean()),
                    day: Self::filled(&self.day),
                    format,
                    options: agenda_options(false),
                }),
                _ => Err(errors),
            };
        }
        let Some(sheet) = Sheet::from_word(&self.document) else {
            errors.add("document", "Choose a document from the list.");
            return Err(errors);
        };
        Ok(Document::Sheet(sheet, self.choice(sheet)))
    }

    fn choice(&self, sheet: Sheet) -> SheetChoice {
        let by =
            |field: &str, sheets: &[Sheet]| Self::filled(field).filter(|_| sheets.contains(&sheet));
        SheetChoice {
            delegation: by(&self.delegation, &[Sheet::Card]),
            room: by(&self.room, &[Sheet::Doors]),
            interpreter: by(&self.interpreter, &[Sheet::Roster]),
            day: by(&self.day, &[Sheet::Card, Sheet::Doors, Sheet::Roster]),
        }
    }

    /// The address of the file, without what the document is not made by.
    fn address(&self, slug: &str, document: &Document) -> String {
        let (path, choice, clean, bom) = match document {
            Document::Agenda { format, .. } => {
                let choice = SheetChoice {
                    delegation: Self::filled(&self.delegation),
                    day: Self::filled(&self.day),
                    ..SheetChoice::default()
                };
                let bom = *format == Format::Csv && !self.bom.is_empty();
                let path = format!("agenda.{}", format.as_str());
                (path, choice, self.is_clean(), bom)
            }
            Document::Sheet(sheet, choice) => (
                format!("agenda/{}.pdf", sheet.as_str()),
                choice.clone(),
                false,
                false,
            ),
            // The form offers none.
            Document::Told(_) => return format!("/events/{slug}/agenda"),
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("delegation", choice.delegation),
            ("room", choice.room),
            ("interpreter", choice.interpreter),
            ("day", choice.day),
            ("clean", clean.then(|| "true".to_owned())),
            ("bom", bom.then(|| "true".to_owned())),
        ] {
            query.extend_pairs(value.map(|value| (name, value)));
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/events/{slug}/{path}{mark}{query}")
    }

    /// Addresses of the pictures of so many pages.
    fn pictures(&self, slug: &str, pages: usize) -> Vec<String> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.pairs())
            .finish();
        let picture = |page| format!("/events/{slug}/agenda/pages/{page}.svg?{query}");
        (1..=pages).map(picture).collect()
    }

    fn pairs(&self) -> [(&'static str, &str); 8] {
        [
            ("document", &self.document),
            ("delegation", &self.delegation),
            ("room", &self.room),
            ("interpreter", &self.interpreter),
            ("day", &self.day),
            ("format", &self.format),
            ("copy", &self.copy),
            ("bom", &self.bom),
        ]
    }
}

/// At which field the form says that a document is not to be found, and how.
fn field_errors(error: &SheetError) -> FieldErrors {
    let field = match error {
        SheetError::Unknown { noun, .. } | SheetError::NotBy { noun, .. } => noun,
        SheetError::NoDate(_) => "day",
        SheetError::WhoseCard => "delegation",
        SheetError::Pdf(_) => "document",
    };
    let sentence = match error {
        SheetError::WhoseCard => "Choose the delegation whose card it is.".to_owned(),
        other => format!("{other}."),
    };
    let mut errors = FieldErrors::default();
    errors.add(field, sentence);
    errors
}

/// What was chosen, and how it looks.
struct ShownExport {
    address: String,
    /// `PDF`
    form: &'static str,
    preview: Arc<DocumentPreview>,
    /// Addresses of the pictures of its first pages.
    pictures: Vec<String>,
}

#[derive(Template)]
#[template(path = "agenda/index.html")]
struct ExportPage {
    shell: Shell,
    summary: ErrorSummary,
    slug: String,
    document: Select,
    delegation: Select,
    day: Select,
    room: Select,
    interpreter: Select,
    format: Select,
    copy: Select,
    bom: Choices,
    shown: Option<ShownExport>,
    /// What PDF cannot show of this programme on this machine, and what to do about it.
    fonts: Option<(String, String)>,
    delegations: Vec<(String, String)>,
    calendars: Vec<LinkLine>,
}

impl ExportPage {
    fn new(
        context: &EventContext,
        form: &Form,
        shown: Option<ShownExport>,
        calendars: Vec<LinkLine>,
    ) -> Self {
        let programme = &context.programme;
        let zone_days = programme.event.days.iter();
        let days = zone_days.map(|day| (day.date.to_string(), day_in_words(day.date)));
        let delegations: Vec<_> = programme
            .delegations
            .iter()
            .map(|each| (each.code.to_string(), each.name.to_string()))
            .collect();
        let rooms = programme.rooms.iter();
        let rooms = rooms.map(|room| (room.code.to_string(), room.name.to_string()));
        let interpreters = programme.interpreters.iter();
        let interpreters = interpreters.map(|one| (one.code.to_string(), one.name.to_string()));
        let formats = Format::ALL.iter().map(|format| {
            let word = format.as_str();
            (word.to_owned(), format.label().to_owned())
        });
        let documents = [
            (AGENDA, "Programme, or a delegation’s schedule"),
            (Sheet::Card.as_str(), "Card of a minister"),
            (Sheet::Doors.as_str(), "Door sheets"),
            (Sheet::Roster.as_str(), "Roster of the interpreters"),
            (Sheet::Matrix.as_str(), "Bilaterals of the chair"),
        ]
        .map(|(word, label)| (word.to_owned(), label.to_owned()));
        Self {
            shell: context.access.shell("Agenda", Section::Agenda).form(form),
            summary: form.summary(),
            slug: context.access.slug.clone(),
            document: list("document", "Document", None, documents).of(form),
            delegation: list(
                "delegation",
                "For",
                Some("The protocol office"),
                delegations.clone(),
            )
            .help("Whose schedule or card.")
            .of(form),
            day: list("day", "Day", Some("Every day"), days).of(form),
            room: list("room", "Room", Some("Every room that is used"), rooms)
                .help("For door sheets.")
                .of(form),
            interpreter: list("interpreter", "Interpreter", Some("All"), interpreters)
                .help("For the roster.")
                .of(form),
            format: list("format", "File format", None, formats)
                .help("Sheets, cards and rosters are always PDF.")
                .of(form),
            copy: list(
                "copy",
                "Copy",
                Some("Internal: with the office’s notes"),
                [(
                    CLEAN.to_owned(),
                    "Clean: without notes, for the table".to_owned(),
                )],
            )
            .help("Of the protocol office’s programme. A delegation’s schedule has no notes.")
            .of(form),
            bom: Choices::checkboxes(
                "bom",
                "A table (CSV)",
                [field::Choice::new(
                    "true",
                    "begins with a byte order mark, which Excel needs",
                )],
            )
            .of(form),
            shown,
            fonts: script::in_words(&script::missing_scripts(programme)),
            delegations,
            calendars,
        }
    }
}

fn list(
    name: &str,
    label: &str,
    all: Option<&str>,
    choices: impl IntoIterator<Item = (String, String)>,
) -> Select {
    let all = all.map(|label| field::Choice::new("", label)).into_iter();
    let choices = choices.into_iter();
    let choices = choices.map(|(value, label)| field::Choice::new(value, label));
    Select::new(name, label, all.chain(choices))
}

/// `GET /events/{slug}/agenda`: chooses a document and shows how it looks.
///
/// # Errors
/// When the caller has no role at the event, or the document cannot be set.
pub async fn index(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    query: web::Query<ExportRequest>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let (access, marks) = (context.access.clone(), app.usage.clone());
    let links = app
        .db
        .read(move |conn| Ok::<_, Error>(calendar_link::listed_for(conn, &access, &marks)?))
        .await?;
    let zone = context.programme.event.time_zone;
    let calendars = links.iter().map(|link| LinkLine::of(link, zone)).collect();
    let wish = query.into_inner();
    if wish.document.is_empty() {
        let usual = Fields::from_pairs([("document", AGENDA), ("format", Format::Pdf.as_str())]);
        return render(&ExportPage::new(
            &context,
            &Form::new(usual),
            None,
            calendars,
        ));
    }
    let fields = Fields::from_pairs(wish.pairs());
    let document = match wish.document(&context.programme) {
        Ok(document) => document,
        Err(errors) => {
            let form = Form::rejected(fields, errors);
            return unprocessable(&ExportPage::new(&context, &form, None, calendars));
        }
    };
    context.counts_a_document()?;
    let documents = &context.app.documents;
    let preview = documents.preview(
        context.owner(),
        &context.programme,
        document.clone(),
        context.now,
    );
    let preview = match preview.await {
        Ok(preview) => preview,
        Err(DocumentError::Sheet(error)) => {
            let form = Form::rejected(fields, field_errors(&error));
            return unprocessable(&ExportPage::new(&context, &form, None, calendars));
        }
        Err(error) => return Err(error.into()),
    };
    let slug = &context.access.slug;
    let shown = ShownExport {
        address: wish.address(slug, &document),
        form: match &document {
            Document::Agenda { format, .. } => format.label(),
            _ => Format::Pdf.label(),
        },
        pictures: match &*preview {
            DocumentPreview::Pages(pages) => wish.pictures(slug, (*pages).min(PAGES_TOGETHER)),
            _ => Vec::new(),
        },
        preview,
    };
    let form = Form::new(fields);
    render(&ExportPage::new(&context, &form, Some(shown), calendars))
}

/// `GET /events/{slug}/agenda/pages/{page}.svg`: how a page of a document looks.
///
/// # Errors
/// When the caller has no role at the event, or there is no such document or page.
pub async fn page(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, usize)>,
    query: web::Query<ExportRequest>,
) -> Result<HttpResponse, Error> {
    let (slug, page) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    let document = query.document(&context.programme);
    let document = document.map_err(|_| Error::NotFound)?;
    context.counts_a_document()?;
    let documents = &context.app.documents;
    let drawn = documents.picture(
        context.owner(),
        &context.programme,
        document,
        page,
        context.now,
    );
    let picture = drawn.await.map_err(|error| match error {
        // The form says what is amiss with it; a picture has no words.
        DocumentError::Sheet(_) => Error::NotFound,
        other => other.into(),
    })?;
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(picture))
}
