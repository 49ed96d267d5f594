//! An interpreter's roster: their day on screen and on paper.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::at_one;
use crate::core::interpreter::Interpreter;
use crate::core::roster::{RosterDay, RosterLine, roster};
use crate::core::time::day_in_words;
use crate::core::timetable::zone_of_all;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::page::{Section, Shell, render};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "interpreter/roster.html")]
struct RosterPage {
    shell: Shell,
    slug: String,
    code: String,
    event: String,
    venue: String,
    zone: String,
    revision: String,
    languages: String,
    presence: Vec<String>,
    limits: String,
    days: Vec<RosterDayView>,
    may_change: bool,
}

/// A day of the roster, ready to show.
struct RosterDayView {
    heading: String,
    total: String,
    lines: Vec<RosterLine>,
}

/// `GET /events/{slug}/interpreters/{code}`: roster of the interpreter, for users with a role at the event.
///
/// # Errors
/// When the caller has no role at the event, and when there is no such interpreter.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (context, interpreter) = at_one(&app, current_user, path.into_inner()).await?;
    render(&page(&context, &interpreter))
}

fn page(context: &EventContext, interpreter: &Interpreter) -> RosterPage {
    let event = &context.programme.event;
    let settings = event.settings;
    let days = roster(&context.programme, interpreter);
    let pairs: Vec<String> = interpreter.pairs.iter().map(ToString::to_string).collect();
    let presence = interpreter.presence.iter();
    RosterPage {
        shell: context
            .access
            .shell(interpreter.name.as_str(), Section::Interpreters),
        slug: context.access.slug.clone(),
        code: interpreter.code.to_string(),
        event: event.name.to_string(),
        venue: event.venue.to_string(),
        zone: zone_of_all(&context.programme),
        revision: event.revision.to_string(),
        languages: pairs.join(", "),
        presence: presence.map(|stay| event.write_stay(*stay)).collect(),
        limits: format!(
            "Without a rest of {} minutes: alone at most {} minutes, in turns at most {}.",
            settings.interpreter_rest_minutes,
            settings.interpreter_alone_minutes,
            settings.interpreter_team_minutes,
        ),
        days: days.into_iter().map(day).collect(),
        may_change: context.access.may_change(),
    }
}

fn day(day: RosterDay) -> RosterDayView {
    let slots = match day.slots {
        1 => "1 slot".to_owned(),
        many => format!("{many} slots"),
    };
    RosterDayView {
        heading: day_in_words(day.date),
        total: format!("{slots}, {} minutes of work", day.minutes),
        lines: day.lines,
    }
}
