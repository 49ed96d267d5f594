//! The pages of an event: the list of events, the timetable, settings, history.

pub mod ending;
pub mod history;
pub mod overview;
pub mod settings;
pub mod timetable;
pub mod watching;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::core::time::day_in_words;
use crate::mail::{inbox, outbox};
use crate::pages::mail::health::PauseWords;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::accessible_events;
use crate::server::page::{Section, Shell, render};
use crate::server::session::CurrentUser;
use crate::store::archived;

#[derive(Template)]
#[template(path = "event/index.html")]
struct IndexPage {
    shell: Shell,
    events: Vec<EventLine>,
    /// Past events, which are archived.
    archived: Vec<EventLine>,
    unsent: i64,
    came_in: i64,
    paused: Option<PauseWords>,
    may_add: bool,
}

struct EventLine {
    slug: String,
    name: String,
    name_ja: String,
    venue: String,
    days: String,
    role: &'static str,
}

/// `GET /`: the events at which the caller has a role.
///
/// # Errors
/// When no user is signed in.
pub async fn index(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let (session, (events, archived), unsent, came_in, paused) = app
        .db
        .read(move |conn| {
            let session = current_user.session(conn)?;
            let (mut lines, mut archived, mut unsent, mut came_in) = (Vec::new(), Vec::new(), 0, 0);
            let in_archive = archived::all(conn)?;
            for (event, access) in accessible_events(conn, &session)? {
                unsent += outbox::counts(conn, Some(event.id))?.need_attention();
                if access.may_change() {
                    came_in += inbox::attention(conn, event.id)?;
                }
                let is_archived = in_archive.contains(&event.id);
                let line = EventLine {
                    slug: event.slug.to_string(),
                    name: event.name.to_string(),
                    name_ja: event.name_ja.clone(),
                    venue: event.venue.to_string(),
                    days: event
                        .days
                        .iter()
                        .map(|day| day_in_words(day.date))
                        .collect::<Vec<_>>()
                        .join("; "),
                    role: if access.may_change() {
                        "You can change it"
                    } else {
                        "You can read it"
                    },
                };
                if is_archived {
                    archived.push(line);
                } else {
                    lines.push(line);
                }
            }
            if session.user.admin {
                unsent += outbox::accounts_need_attention(conn)?;
            }
            Ok::<_, Error>((
                session,
                (lines, archived),
                unsent,
                came_in,
                outbox::paused(conn)?,
            ))
        })
        .await?;
    let may_add = session.user.admin;
    render(&IndexPage {
        shell: session.shell("Events", Section::Events),
        events,
        archived,
        unsent,
        came_in,
        paused: paused.map(Into::into),
        may_add,
    })
}
