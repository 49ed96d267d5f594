//! The pages of interpreters: the list and the form; removal and roster have files of their own.

pub mod removal;
pub mod roster;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::interpreter::{self, InterpreterError};
use crate::core::event::Event;
use crate::core::interpreter::Interpreter;
use crate::core::programme::Programme;
use crate::pages::broken;
use crate::pages::register::Register;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{Removal, TextArea, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms::interpreter as forms;
use crate::server::page::{Section, Shell, render, unprocessable};
use crate::server::session::CurrentUser;
use crate::store::transaction::EventTx;

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

/// The form of an interpreter.
#[derive(Template)]
#[template(path = "interpreter/form.html")]
pub struct InterpreterPage {
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
        shell: broken::shell(&context, "Interpreters", Section::Interpreters),
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

/// The register of interpreters.
pub struct Interpreters;

impl Register for Interpreters {
    type Item = Interpreter;
    type Failure = InterpreterError;
    type Page = InterpreterPage;

    const PATH: &'static str = "interpreters";

    fn find<'p>(programme: &'p Programme, code: &str) -> Option<&'p Interpreter> {
        programme.interpreter_by_code(code)
    }

    fn known_fields(fields: Fields) -> Result<Fields, Error> {
        fields.only(forms::FIELDS)
    }

    fn defaults(_: &Programme) -> Fields {
        Fields::default()
    }

    fn fields_of(event: &Event, interpreter: &Interpreter) -> Fields {
        forms::fields_of(event, interpreter)
    }

    fn parse(
        event: &Event,
        fields: &Fields,
        stored: Option<&Interpreter>,
    ) -> Result<Interpreter, FieldErrors> {
        forms::parse(event, fields, stored.map(|each| each.id))
    }

    fn add(tx: &mut EventTx<'_>, interpreter: &Interpreter) -> Result<(), InterpreterError> {
        interpreter::add(tx, interpreter)
    }

    fn change(tx: &mut EventTx<'_>, interpreter: &Interpreter) -> Result<(), InterpreterError> {
        interpreter::change(tx, interpreter)
    }

    fn field_errors(_: &EventContext, failure: InterpreterError) -> Result<FieldErrors, Error> {
        let mut errors = FieldErrors::default();
        match failure {
            InterpreterError::CodeTaken(_) => errors.add("code", format!("Code: {failure}.")),
            other => return Err(into_web_error(other)),
        }
        Ok(errors)
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

    fn is_removed(failure: &InterpreterError) -> bool {
        matches!(failure, InterpreterError::NotFound)
    }

    /// The form for a new interpreter, with everything typed.
    fn removed_meanwhile(context: &EventContext, fields: Fields) -> Result<HttpResponse, Error> {
        let mut errors = FieldErrors::default();
        errors.add(
            "code",
            "Code: this interpreter was removed meanwhile. Save to add the interpreter again, without bookings.",
        );
        let form = Form::rejected(fields, errors);
        unprocessable(&Self::page(context, None, form))
    }
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
