//! The page of interpreters: who there is. They come with the event file and are booked on the slot form.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::Interpreter;
use crate::app::App;
use crate::auth::session::Caller;
use crate::event::Event;
use crate::event::desk::Desk;
use crate::web::Error;
use crate::web::page::{Section, Shell, render};

#[derive(Template)]
#[template(path = "interpreter/index.html")]
struct InterpretersPage {
    shell: Shell,
    zone: &'static str,
    interpreters: Vec<InterpreterLine>,
}

struct InterpreterLine {
    name: String,
    code: String,
    pairs: Vec<String>,
    presence: Vec<String>,
}

/// `GET /events/{slug}/interpreters`
///
/// # Errors
/// When the caller has no part in the event.
pub async fn index(
    app: web::Data<App>,
    caller: Caller,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let desk = Desk::at(&app, caller, slug.into_inner()).await?;
    let (event, interpreters) = (&desk.programme.event, &desk.programme.interpreters);
    render(&InterpretersPage {
        shell: desk.seat.shell("Interpreters", Section::Interpreters),
        zone: event.time_zone.name(),
        interpreters: interpreters.iter().map(|each| line(event, each)).collect(),
    })
}

fn line(event: &Event, interpreter: &Interpreter) -> InterpreterLine {
    let pairs = interpreter.pairs.iter();
    let presence = interpreter.presence.iter();
    InterpreterLine {
        name: interpreter.name.to_string(),
        code: interpreter.code.to_string(),
        pairs: pairs.map(ToString::to_string).collect(),
        presence: presence.map(|stay| event.write_stay(*stay)).collect(),
    }
}
