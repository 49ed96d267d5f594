//! A calendar of the whole event to subscribe to, for each of the staff: making links, revoking them, and the calendar.
//!
//! Calendar programs sign in nowhere: the link is the key. It opens what its owner may see at that moment, and once
//! that is nothing, it answers as an address at which there never was anything.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::auth::calendar_link::{self, CalendarLink, CalendarLinkId, OpenedCalendar};
use crate::auth::session::EventAccess;
use crate::auth::throttle::Counters;
use crate::auth::token;
use crate::core::agenda::{Agenda, Pencilled};
use crate::core::programme::Programme;
use crate::core::text::TextLine;
use crate::core::time::{Moment, Zone};
use crate::documents::ics;
use crate::pages::account::knows_password;
use crate::server::agenda::changed_at;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{ErrorSummary, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::render_cache::CachedText;
use crate::server::session::{CurrentUser, usage_marks};
use crate::server::throttle::admit;
use crate::server::{Error, client, compression, entity_tag};
use crate::store::programme_cache::ProgrammeRequest;

/// A link in the list on the page of agendas.
pub(crate) struct LinkLine {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) made: String,
    pub(crate) used: String,
}

impl LinkLine {
    pub(crate) fn of(link: &CalendarLink, zone: Zone) -> Self {
        let words = |at: Moment| zone.moment(at);
        Self {
            id: link.id.0,
            name: link.name.to_string(),
            owner: link.owner.to_string(),
            made: words(link.created_at),
            used: link.last_used_at.map_or_else(|| "never".to_owned(), words),
        }
    }
}

#[derive(Template)]
#[template(path = "agenda/calendar.html")]
struct NewCalendarLinkPage {
    shell: Shell,
    summary: ErrorSummary,
    slug: String,
    name: TextField,
    current: TextField,
}

impl NewCalendarLinkPage {
    fn new(access: &EventAccess, form: &Form) -> Self {
        Self {
            shell: access
                .shell("Subscribe to the calendar", Section::Agenda)
                .form(form),
            summary: form.summary(),
            slug: access.slug.clone(),
            name: TextField::new("name", "What for")
                .help("For example: my phone. Shown in the list of your links.")
                .of(form),
            current: TextField::new("current_password", "Current password")
                .kind("password")
                .autocomplete("current-password")
                .of(form),
        }
    }
}

#[derive(Template)]
#[template(path = "agenda/calendar_made.html")]
struct CalendarLinkMadePage {
    shell: Shell,
    slug: String,
    name: String,
    address: String,
}

/// `GET /events/{slug}/agenda/calendars/new`
///
/// # Errors
/// When the caller has no role at the event.
pub async fn new(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    render(&NewCalendarLinkPage::new(&context.access, &Form::default()))
}

/// `POST /events/{slug}/agenda/calendars`: makes a link and shows it, this once.
///
/// # Errors
/// When the caller has no role at the event, there were too many tries or links, or the database fails.
pub async fn make(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (address, now) = (current_user.address, current_user.now);
    let access = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .access;
    let fields = fields.only(&["name", "current_password"])?;
    let mut errors = FieldErrors::default();
    let name = errors.check("name", "What for", TextLine::parse(fields.get("name")));
    let typed = fields.get("current_password");
    if !knows_password(&app, &access.user, address, typed, now).await? {
        errors.add("current_password", "The current password is wrong");
    }
    let (Some(name), true) = (name, errors.is_empty()) else {
        return unprocessable(&NewCalendarLinkPage::new(
            &access,
            &Form::rejected(fields, errors),
        ));
    };
    let (owner, named) = (access.clone(), name.clone());
    let secret = app
        .db
        .write(move |conn| Ok::<_, Error>(calendar_link::make(conn, &owner, &named, now)?))
        .await?;
    let path = format!("/calendars/{}/programme.ics", secret.reveal());
    render(&CalendarLinkMadePage {
        shell: access.shell("Calendar link created", Section::Agenda),
        slug: access.slug,
        name: name.to_string(),
        address: app.config.links().absolute(&path),
    })
}

/// `POST /events/{slug}/agenda/calendars/{id}/revocation`
///
/// # Errors
/// When the caller has no role at the event, there is no such link for them, or the database fails.
pub async fn revoke(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, i64)>,
) -> Result<HttpResponse, Error> {
    let (slug, link) = path.into_inner();
    let back = format!("/events/{slug}/agenda");
    app.db
        .write(move |conn| {
            let access = current_user.access(conn, &slug)?;
            let revoked =
                calendar_link::revoke(conn, &access, CalendarLinkId(link), current_user.now);
            Ok::<_, Error>(revoked?)
        })
        .await?;
    Ok(see_other_done(&back, "calendar-link-revoked"))
}

/// `GET /calendars/{token}/programme.ics`: the event's programme without sketches, as a calendar to subscribe to.
///
/// # Errors
/// When the link is invalid for any reason; when it is fetched too often, or the database fails.
pub async fn feed(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let (hash, now) = (token::hash(&token), app.clock.now());
    app.calendar_rates.count(hash.as_str())?;
    let (since, usage) = (Instant::now(), usage_marks(&app, &request));
    let opened = app
        .db
        .read(move |conn| Ok::<_, Error>(calendar_link::open(conn, &hash, now, &usage)?))
        .await?;
    let programme = match opened {
        Some(OpenedCalendar { event, version }) => {
            let wanted = ProgrammeRequest { version, since };
            app.programme_cache.at(&app.db, event, wanted).await?
        }
        None => None,
    };
    let Some(programme) = programme else {
        let from = client::of(&request);
        admit(&app, Counters::of_dead_link(from), now).await?;
        return Err(Error::NotFound);
    };
    let tag = entity_tag::strong(&programme);
    // Cached nowhere on the way, and requested again each time: a link that is revoked shows nothing more.
    let caching = (header::CACHE_CONTROL, "private, no-cache");
    if let Some(mut answer) = entity_tag::not_modified(&request, &tag) {
        answer
            .headers_mut()
            .insert(caching.0, header::HeaderValue::from_static(caching.1));
        return Ok(answer);
    }
    let calendar = written(&app, &programme).await?;
    let answer = HttpResponse::Ok()
        .insert_header(header::ETag(tag))
        .insert_header(caching)
        .content_type("text/calendar; charset=utf-8")
        .finish();
    Ok(compression::shared(answer, calendar.compressible()))
}

/// The calendar, written once for each version: it is the same for all who may see it.
async fn written(app: &App, programme: &Arc<Programme>) -> Result<CachedText, Error> {
    // Every fetch of one version has the same bytes.
    let stamp = changed_at(app, programme).await?;
    let key = format!("calendar {}", programme.event.slug);
    app.render_cache
        .at(key, programme.version(), || {
            let agenda = Agenda::for_staff(programme, stamp, Pencilled::LeftOut);
            Ok(ics::subscription(&agenda))
        })
        .await
}
