//! What has changed since a paper was printed, or since a time of day.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{OverviewTab, TabLink, tabs};
use crate::core::event::Revision;
use crate::core::time::ClockTime;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::TextField;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, unprocessable};
use crate::server::session::CurrentUser;
use crate::store::audit::{self, FieldChange, NetChange, Since};

#[derive(Template)]
#[template(path = "overview/changes.html")]
struct ChangesPage {
    shell: Shell,
    tabs: Vec<TabLink>,
    slug: String,
    form: Form,
    since: TextField,
    revision: String,
    zone: String,
    /// `None` until something was asked for.
    found: Option<Vec<ChangeLine>>,
}

struct ChangeLine {
    what: String,
    subject: String,
    who: String,
    at: String,
    changes: Vec<FieldChange>,
}

/// What the address asks for.
#[derive(serde::Deserialize)]
pub struct ChangesQuery {
    since: Option<String>,
}

/// `GET /events/{slug}/changes?since=17`: net effect of all changes since a revision, or since a time of today.
///
/// # Errors
/// When the caller has no role at the event.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    query: web::Query<ChangesQuery>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let Some(typed) = query.into_inner().since else {
        return render(&page(&context, Form::default(), None));
    };
    let fields = Fields::from_pairs([("since", typed.as_str())]);
    let mut errors = FieldErrors::default();
    let Some(since) = errors.take("since", parse(&context, typed.trim())) else {
        return unprocessable(&page(&context, Form::rejected(fields, errors), None));
    };
    let event = context.access.event;
    let records = app
        .db
        .read(move |conn| Ok::<_, Error>(audit::since(conn, event, since)?))
        .await?;
    let found = audit::net(&records, context.programme.event.time_zone);
    render(&page(&context, Form::new(fields), Some(found)))
}

/// A revision, or a time of today at the venue.
fn parse(context: &EventContext, typed: &str) -> Result<Since, String> {
    let event = &context.programme.event;
    let revision = typed.parse::<i64>().ok();
    let time = typed.parse::<ClockTime>();
    if revision.is_none() && (time.is_ok() || typed.contains(':')) {
        let time = time?;
        if time.minutes() > 1440 {
            return Err(format!(
                "{time} is not a time of today; write it as in 14:05."
            ));
        }
        let today = event.time_zone.date(context.now.instant());
        let instant = event.time_zone.instant(today, time);
        return instant
            .map(|instant| Since::Moment(instant.moment()))
            .map_err(|error| error.to_string());
    }
    let revision = revision
        .ok_or("Type the revision printed on the agenda, as 17, or a time of today, as 14:05.")?;
    if (0..=event.revision.0).contains(&revision) {
        Ok(Since::Revision(Revision(revision)))
    } else {
        Err(format!(
            "There is no revision {revision} yet; the programme is at {}.",
            event.revision
        ))
    }
}

fn page(context: &EventContext, form: Form, found: Option<Vec<NetChange>>) -> ChangesPage {
    let event = &context.programme.event;
    ChangesPage {
        shell: context
            .access
            .shell("What has changed", Section::Overview)
            .form(&form),
        tabs: tabs(&context.access.slug, OverviewTab::Changes),
        slug: context.access.slug.clone(),
        since: TextField::new("since", "Since revision or time")
            .help("The revision is printed on every agenda. Or a time of today, as 14:05.")
            .short()
            .of(&form),
        revision: event.revision.to_string(),
        zone: event.time_zone.name().to_owned(),
        found: found.map(|found| found.into_iter().map(|net| line(context, net)).collect()),
        form,
    }
}

fn line(context: &EventContext, net: NetChange) -> ChangeLine {
    let zone = context.programme.event.time_zone;
    ChangeLine {
        what: net.what,
        subject: net.subject,
        who: net.actors.join(", "),
        at: zone.moment(net.at),
        changes: net.changes,
    }
}
