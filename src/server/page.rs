//! The frame around every page, and how a page becomes an answer.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::{StatusCode, header};
use askama::Template;

use crate::core::done::Done;
use crate::core::slot::SlotId;
use crate::server::assets::asset;
use crate::server::broken::BrokenList;
use crate::server::form::Form;
use crate::server::render_cache::CachedHtml;
use crate::server::shared_body::SharedBody;
use crate::server::{Error, compression};

/// What `layout.html` needs; every page struct has it as its field `shell`.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    title: String,
    heading: Option<String>,
    rejected: bool,
    /// Who is signed in.
    pub user: Option<PageViewer>,
    /// The event the page is about.
    pub event: Option<EventNav>,
    section: Option<Section>,
    /// The sentence after a change.
    pub done: Option<&'static str>,
    /// The slots that the change has broken.
    pub broken: Option<BrokenList>,
    /// The change can be undone: where, and the version it left.
    pub undo: Option<Undo>,
    /// The page keeps itself up to date.
    pub live: Option<LivePage>,
    /// Addresses of the page's scripts.
    pub scripts: Vec<&'static str>,
    /// The page uses the whole width.
    pub wide: bool,
}

/// A change that a press of a button undoes.
#[derive(Debug, Clone)]
pub struct Undo {
    /// Where to post it.
    pub action: String,
    /// The version that the change left.
    pub version: i32,
}

/// What a page needs to keep itself up to date.
#[derive(Debug, Clone)]
pub struct LivePage {
    /// The event's name in URLs.
    pub slug: String,
    /// The revision that is shown.
    pub revision: String,
    /// The version of the programme that is shown.
    pub shown: String,
    /// The slot and its version, on a page about one.
    pub slot: Option<(SlotId, i32)>,
    /// The slot is in a form that is being filled in.
    pub editing: bool,
}

/// Who reads the page.
#[derive(Debug, Clone)]
pub struct PageViewer {
    /// Their name.
    pub name: String,
    admin: bool,
}

/// The event a page is about.
#[derive(Debug, Clone)]
pub struct EventNav {
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// The part of the site a page belongs to; it is marked in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the word in the navigation")]
pub enum Section {
    Timetable,
    Notices,
    Overview,
    Delegations,
    Rooms,
    Interpreters,
    Agenda,
    History,
    Settings,
    Events,
    Mail,
    Users,
    Audit,
    Account,
}

/// One entry of a navigation.
#[derive(Debug, Clone)]
pub struct NavLink {
    /// Where it leads.
    pub href: String,
    /// Its word.
    pub text: &'static str,
    /// The page shown belongs here.
    pub current: bool,
}

impl Shell {
    /// A frame for visitors who are not signed in.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// Gives the page another heading than the window.
    #[must_use]
    pub fn headed(mut self, heading: impl Into<String>) -> Self {
        self.heading = Some(heading.into());
        self
    }

    /// Names who is signed in; the frame then has the site's navigation and the sign-out button.
    #[must_use]
    pub fn signed_in(mut self, name: impl Into<String>, admin: bool) -> Self {
        self.user = Some(PageViewer {
            name: name.into(),
            admin,
        });
        self
    }

    /// Names the event; the frame then has its navigation.
    #[must_use]
    pub fn event(mut self, slug: impl Into<String>, name: impl Into<String>) -> Self {
        self.event = Some(EventNav {
            slug: slug.into(),
            name: name.into(),
        });
        self
    }

    /// Marks where in the navigation the page belongs.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.section = Some(section);
        self
    }

    /// The sentence after a change, from [`crate::server::done`].
    #[must_use]
    pub fn done(mut self, done: Option<Done>) -> Self {
        self.done = done.map(|done| done.sentence);
        self
    }

    /// Names the slots that the change has broken.
    #[must_use]
    pub fn broken(mut self, broken: Option<BrokenList>) -> Self {
        self.broken = broken;
        self
    }

    /// Puts "Error: " before the title when the form was rejected.
    #[must_use]
    pub fn form(mut self, form: &Form) -> Self {
        self.rejected = form.is_rejected();
        self
    }

    /// Loads an embedded script as a module.
    #[must_use]
    pub fn script(mut self, name: &str) -> Self {
        self.scripts.push(asset(name));
        self
    }

    /// Lets the page keep itself up to date.
    #[must_use]
    pub fn live(mut self, live: LivePage) -> Self {
        self.live = Some(live);
        self.script("live.js")
    }

    /// Lets the page use the whole width of the window, as timetables do.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// What the window is called.
    #[must_use]
    pub fn window_title(&self) -> String {
        let prefix = if self.rejected { "Error: " } else { "" };
        match &self.event {
            Some(event) => format!("{prefix}{} – {} – Iikura", self.title, event.name),
            None => format!("{prefix}{} – Iikura", self.title),
        }
    }

    /// The page's heading.
    #[must_use]
    pub fn title(&self) -> &str {
        self.heading.as_deref().unwrap_or(&self.title)
    }

    /// The site's own navigation: empty for those not signed in.
    #[must_use]
    pub fn site_links(&self) -> Vec<NavLink> {
        let Some(user) = &self.user else {
            return Vec::new();
        };
        let everybody = [
            (Section::Events, "/", "Events"),
            (Section::Mail, "/mail", "Mail"),
        ];
        let administrators = [
            (Section::Users, "/users", "Users"),
            (Section::Audit, "/audit", "History"),
        ];
        let more = if user.admin { &administrators[..] } else { &[] };
        everybody
            .iter()
            .chain(more)
            .map(|&(section, href, text)| self.link(section, href.to_owned(), text))
            .collect()
    }

    /// The event's navigation: empty outside an event.
    #[must_use]
    pub fn event_links(&self) -> Vec<NavLink> {
        let Some(event) = &self.event else {
            return Vec::new();
        };
        [
            (Section::Timetable, "", "Timetable"),
            (Section::Overview, "/matrix", "Overview"),
            (Section::Notices, "/notices", "Notices"),
            (Section::Delegations, "/delegations", "Delegations"),
            (Section::Rooms, "/rooms", "Rooms"),
            (Section::Interpreters, "/interpreters", "Interpreters"),
            (Section::Agenda, "/agenda", "Agenda"),
            (Section::History, "/history", "History"),
            (Section::Settings, "/settings", "Settings"),
        ]
        .into_iter()
        .map(|(section, path, text)| {
            self.link(section, format!("/events/{}{path}", event.slug), text)
        })
        .collect()
    }

    fn link(&self, section: Section, href: String, text: &'static str) -> NavLink {
        NavLink {
            href,
            text,
            current: self.section == Some(section),
        }
    }
}

/// Renders a page: 200.
pub fn render(page: &impl Template) -> Result<HttpResponse, Error> {
    with_status(StatusCode::OK, page)
}

/// Renders a form that was rejected: 422.
pub fn unprocessable(page: &impl Template) -> Result<HttpResponse, Error> {
    with_status(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// Renders a page that shows what is in the way: 409.
pub fn conflict(page: &impl Template) -> Result<HttpResponse, Error> {
    with_status(StatusCode::CONFLICT, page)
}

/// Renders a page with a status of its own. No page is cached by browsers or proxies.
pub fn with_status(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
    Ok(answer(status, page.render()?))
}

/// Renders a page around a long part that was written before, and that all such pages share: 200. That part may be
/// compressed; it has no secret.
pub fn render_around(part: &CachedHtml, page: &impl Template) -> Result<HttpResponse, Error> {
    let body = SharedBody::around(part.shared(), |mut body| page.render_into(&mut body))?;
    let parts = body.parts();
    let mut response = answer(StatusCode::OK, body);
    compression::mark_around(&mut response, part.compressible(), parts);
    Ok(response)
}

fn answer(status: StatusCode, body: impl MessageBody + 'static) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// Sends the browser on with GET: 303. The path is one of ours.
#[must_use]
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// Sends the browser on with GET, to a page that says what was done (a word of [`crate::server::done`]).
#[must_use]
pub fn see_other_done(path: &str, word: &str) -> HttpResponse {
    see_other(&format!("{path}?done={word}"))
}
