//! Who changed what: of one event, and of everything.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::core::time::Zone;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::page::{Section, Shell, render};
use crate::server::session::CurrentUser;
use crate::store::audit::{self, HistoryLine, Record};
use crate::store::event;

/// How many changes the pages show.
const MOST: i64 = 200;

#[derive(Template)]
#[template(path = "audit/index.html")]
struct HistoryPage {
    shell: Shell,
    zone: &'static str,
    history: Vec<HistoryLine>,
}

/// `GET /events/{slug}/history`: the event's latest changes, in the venue's time.
///
/// # Errors
/// When the caller has no role at the event.
pub async fn of_event(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let event = context.access.event;
    let records = app
        .db
        .read(move |conn| Ok::<_, Error>(audit::latest(conn, Some(event), MOST)?))
        .await?;
    let zone = context.programme.event.time_zone;
    render(&HistoryPage {
        shell: context.access.shell("History", Section::History),
        zone: zone.name(),
        history: records
            .iter()
            .map(|record| record.line(zone, zone))
            .collect(),
    })
}

/// `GET /audit`: the latest changes of everything, accounts included, in UTC; slots in the time of their venue.
///
/// # Errors
/// For all but administrators.
pub async fn of_everything(
    app: web::Data<App>,
    current_user: CurrentUser,
) -> Result<HttpResponse, Error> {
    let (session, records, zones) = app
        .db
        .read(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            let records = audit::latest(conn, None, MOST)?;
            Ok::<_, Error>((session, records, event::time_zones(conn)?))
        })
        .await?;
    let venue = |record: &Record| {
        let known = record.event.and_then(|event| zones.get(&event));
        known.copied().unwrap_or(Zone::UTC)
    };
    render(&HistoryPage {
        shell: session.shell("History", Section::Audit),
        zone: Zone::UTC.name(),
        history: records
            .iter()
            .map(|record| record.line(Zone::UTC, venue(record)))
            .collect(),
    })
}
