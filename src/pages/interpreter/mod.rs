//! The pages of interpreters: the list and the form; removal and roster have files of their own.

pub mod removal;
pub mod roster;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::interpreter::{self, InterpreterError};
use crate::core::event::Event;
use crate::core::interpreter::Interpreter;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{Removal, TextArea, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms::interpreter as forms;
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "interpreter/index.html")]
struct InterpretersPage {
    shell: Shell,
    slug: String,
    zone: &'static str,
    interpreters: Vec<InterpreterLine>,
    may_change: bool,
}

struct InterpreterLine {
    name: String,
    code: String,
    pairs: Vec<String>,
    presence: Vec<String>,
}

#[derive(Template)]
#[template(path = "interpreter/form.html")]
struct InterpreterPage {
    shell: Shell,
    form: Form,
    action: String,
    back: String,
    back_text: String,
    removal: Option<Removal>,
    name: TextField,
    code: TextField,
    pairs: TextArea,
    presence: TextArea,
}

/// `GET /events/{slug}/interpreters`
///
/// # Errors
/// When the caller has no role at the event.
pub async fn index(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let (event, interpreters) = (&context.programme.event, &context.programme.interpreters);
    render(&InterpretersPage {
        shell: context.access.shell("Interpreters", Section::Interpreters),
        slug: context.access.slug.clone(),
        zone: event.time_zone.name(),
        interpreters: interpreters.iter().map(|each| line(event, each)).collect(),
        may_change: context.access.may_change(),
    })
}

fn line(event: &Event, interpreter: &Interpreter) -> InterpreterLine {
    let presence = interpreter.presence.iter();
    InterpreterLine {
        name: interpreter.name.to_string(),
        code: interpreter.code.to_string(),
        pairs: interpreter.pairs.iter().map(ToString::to_string).collect(),
        presence: presence.map(|stay| event.write_stay(*stay)).collect(),
    }
}

/// `GET /events/{slug}/interpreters/new`
///
/// # Errors
/// For those who may not change the event.
pub async fn new(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    render(&page(&context, None, Form::default()))
}

/// `GET /events/{slug}/interpreters/{code}/edit`
///
/// # Errors
/// For those who may not change the event, and when there is no such interpreter.
pub async fn edit(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (context, interpreter) = at_one(&app, current_user, path.into_inner()).await?;
    let context = context.to_change()?;
    let fields = forms::fields_of(&context.programme.event, &interpreter);
    render(&page(&context, Some(&interpreter), Form::new(fields)))
}

/// The caller's access, and the interpreter with a code.
async fn at_one(
    app: &web::Data<App>,
    current_user: CurrentUser,
    (slug, code): (String, String),
) -> Result<(EventContext, Interpreter), Error> {
    let context = EventContext::at(app, current_user, slug).await?;
    let interpreter = context.programme.interpreter_by_code(&code).cloned();
    Ok((context, interpreter.ok_or(Error::NotFound)?))
}

/// `POST /events/{slug}/interpreters`
///
/// # Errors
/// For those who may not change the event.
pub async fn add(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    save(&context, None, fields.only(forms::FIELDS)?).await
}

/// `POST /events/{slug}/interpreters/{code}`: stores changes to the interpreter. One who was removed
/// meanwhile becomes a form for a new one, with everything typed.
///
/// # Errors
/// For those who may not change the event.
pub async fn update(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (slug, code) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug)
        .await?
        .to_change()?;
    let fields = fields.only(forms::FIELDS)?;
    match context.programme.interpreter_by_code(&code) {
        Some(interpreter) => save(&context, Some(interpreter), fields).await,
        None => removed_meanwhile(&context, fields),
    }
}

fn removed_meanwhile(context: &EventContext, fields: Fields) -> Result<HttpResponse, Error> {
    let mut errors = FieldErrors::default();
    errors.add(
        "code",
        "Code: this interpreter was removed meanwhile. Save to add the interpreter again, without bookings.",
    );
    unprocessable(&page(context, None, Form::rejected(fields, errors)))
}

async fn save(
    context: &EventContext,
    stored: Option<&Interpreter>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let parsed = forms::parse(
        &context.programme.event,
        &fields,
        stored.map(|each| each.id),
    );
    let interpreter = match parsed {
        Ok(interpreter) => interpreter,
        Err(errors) => {
            return unprocessable(&page(context, stored, Form::rejected(fields, errors)));
        }
    };
    let is_new = stored.is_none();
    let work = move |tx: &mut crate::store::transaction::EventTx<'_>| {
        if is_new {
            interpreter::add(tx, &interpreter)
        } else {
            interpreter::change(tx, &interpreter)
        }
    };
    match context.write(work).await {
        Ok(()) => Ok(see_other_done(
            &format!("/events/{}/interpreters", context.access.slug),
            "saved",
        )),
        Err(InterpreterError::NotFound) => removed_meanwhile(context, fields),
        Err(error @ InterpreterError::CodeTaken(_)) => {
            let mut errors = FieldErrors::default();
            errors.add("code", format!("Code: {error}."));
            unprocessable(&page(context, stored, Form::rejected(fields, errors)))
        }
        Err(error) => Err(into_web_error(error)),
    }
}

/// The error of a change that no form can mend.
fn into_web_error(error: InterpreterError) -> Error {
    match error {
        InterpreterError::NotFound => Error::NotFound,
        InterpreterError::Store(error) => error.into(),
        InterpreterError::Database(error) => error.into(),
        InterpreterError::Booking(error) => error.into(),
        // Callers show these two as pages of their own.
        InterpreterError::CodeTaken(_) | InterpreterError::Booked => {
            Error::Conflict(error.to_string())
        }
    }
}

fn page(context: &EventContext, stored: Option<&Interpreter>, form: Form) -> InterpreterPage {
    let interpreters = format!("/events/{}/interpreters", context.access.slug);
    let (title, action, back, back_text) = match stored {
        Some(each) => {
            let own = format!("{interpreters}/{}", each.code);
            (
                format!("Change {}", each.name),
                own.clone(),
                own,
                each.name.to_string(),
            )
        }
        None => (
            "Add an interpreter".to_owned(),
            interpreters.clone(),
            interpreters,
            "Interpreters".to_owned(),
        ),
    };
    let venue = &context.programme.event;
    InterpreterPage {
        shell: context.access.shell(title, Section::Interpreters).form(&form),
        removal: stored.map(|_| Removal::of(&form, format!("{action}/removal"))),
        action,
        back,
        back_text,
        name: TextField::new("name", "Name").of(&form),
        code: TextField::new("code", "Code")
            .help("A short name for addresses and files, as in ru-1.")
            .short()
            .of(&form),
        pairs: TextArea::new("pairs", "Languages")
            .help("One pair a line, as in ja – ru; each works both ways.")
            .rows(3)
            .of(&form),
        presence: TextArea::new("presence", "Presence")
            .help(format!(
                "One stay a line, in the time of {} ({}), as in 2022-12-22 18:00 – 2022-12-25 12:00. Empty: always \
                 present.",
                venue.venue, venue.time_zone
            ))
            .optional()
            .rows(2)
            .of(&form),
        form,
    }
}
