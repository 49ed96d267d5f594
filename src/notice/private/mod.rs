//! What a delegation opens by its private links: its schedule as it was told, a calendar to subscribe to, and the slots
//! it is asked about. Nobody signs in here, and nothing happens before a button is pressed: programs that look through
//! mail open every link in it.

mod schedule;
mod slot;

pub use schedule::{feed, paper};
pub use slot::take;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::answer::{Answer, Reply};
use super::link::Link;
use super::store;
use crate::app::App;
use crate::auth::throttle;
use crate::delegation::Delegation;
use crate::event::programme::Programme;
use crate::time::Moment;
use crate::web::form::Form;
use crate::web::page::{Shell, render, with_status};
use crate::web::{Error, client};

/// `GET /d/{token}`: the delegation's schedule, or the slot it is asked about.
///
/// # Errors
/// When the database fails, or somebody tries many links that open nothing.
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let Some(door) = Door::open(&app, &request, &token).await? else {
        return dead_link();
    };
    match door.link.slot {
        None => render(&schedule::page(&door, &app)),
        Some((slot, sequence)) => {
            let page = door.slot_page(&app, &request, slot, sequence, Form::default());
            page.map_or_else(dead_link, |page| render(&page))
        }
    }
}

/// What a link that is good opens.
struct Door {
    link: Link,
    delegation: Delegation,
    programme: Arc<Programme>,
    now: Moment,
}

impl Door {
    /// `None` for a link that was not made here, or that the office has ended; both look alike.
    async fn open(
        app: &web::Data<App>,
        request: &HttpRequest,
        token: &str,
    ) -> Result<Option<Self>, Error> {
        let now = app.clock.now();
        let link = app.config.links().read(token);
        let (db, state) = (app.db.clone(), app.clone());
        let found = match link {
            None => None,
            Some(link) => {
                db.read(move |conn| {
                    let Some((event, generation)) = store::links_of(conn, link.delegation)? else {
                        return Ok(None);
                    };
                    if generation != link.generation {
                        return Ok(None);
                    }
                    let programme = state.live.programme(conn, event)?;
                    Ok::<_, Error>(programme.and_then(|programme| {
                        let delegation = programme.delegation(link.delegation)?.clone();
                        Some(Self {
                            link,
                            delegation,
                            programme,
                            now,
                        })
                    }))
                })
                .await?
            }
        };
        if found.is_none() {
            let from = client::of(request);
            db.write(move |conn| throttle::count_dead_link(conn, from, now))
                .await?;
        }
        Ok(found)
    }

    /// `Accepted, 24 December 2022, 09:00 (JST, UTC+9)`, and the comment.
    fn kept(&self, answer: &Answer) -> Kept {
        Kept {
            reply: answer.reply,
            at: self.moment(answer.answered_at),
            comment: answer.comment.clone(),
        }
    }

    fn moment(&self, moment: Moment) -> String {
        let zone = self.programme.event.time_zone;
        format!(
            "{} ({})",
            zone.local_moment(moment).format("%-d %B %Y, %H:%M"),
            zone.label(moment.instant())
        )
    }

    fn shell(&self, title: &str) -> Shell {
        Shell::new(format!("{title} – {}", self.programme.event.name)).headed(title)
    }
}

struct Kept {
    reply: Reply,
    at: String,
    comment: String,
}

/// Whom to ask.
struct Office {
    name: String,
    email: String,
    mailto: String,
    phone: String,
}

impl Office {
    fn of(programme: &Programme) -> Self {
        let office = &programme.event.office;
        Self {
            name: office.name.to_string(),
            email: office.email.to_string(),
            mailto: office.email.mailto(),
            phone: office.phone.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "private/dead.html")]
struct DeadLink {
    shell: Shell,
}

fn dead_link() -> Result<HttpResponse, Error> {
    let shell = Shell::new("This link opens nothing");
    with_status(StatusCode::NOT_FOUND, &DeadLink { shell })
}
