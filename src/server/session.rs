//! Who sends a request: the session cookie, the user behind it, and what they may do.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::auth::session::{EventAccess, Session};
use crate::auth::usage::{UsageKey, UsageMarks};
use crate::auth::{device, store, token};
use crate::core::done::Done;
use crate::core::time::Moment;
use crate::core::user::AccessLevel;
use crate::db::Conn;
use crate::runtime::secret::{SessionToken, TokenHash};
use crate::runtime::trace;
use crate::server::app::App;
use crate::server::broken::BrokenSlots;
use crate::server::page::{Section, Shell};
use crate::server::security::{FormBytes, HeadOnly};
use crate::server::{Error, client, done};

/// The cookie's name; the prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub const COOKIE: &str = "__Host-iikura";
/// Seconds between two notes that a session is in use: pages are read far more often than written.
const TOUCH_SECONDS: i64 = 60;

impl SessionToken {
    /// The cookie that gives it to the browser, until the browser is closed or the session ends.
    #[must_use]
    pub fn cookie(&self) -> Cookie<'static> {
        cookie(COOKIE, self.reveal().to_owned())
    }

    /// The cookie by which accounts know the browser again, for as long as it is known.
    #[must_use]
    pub fn device_cookie(&self) -> Cookie<'static> {
        let mut cookie = cookie(device::COOKIE, self.reveal().to_owned());
        cookie.set_max_age(actix_web::cookie::time::Duration::seconds(
            device::KNOWN_SECONDS,
        ));
        cookie
    }

    /// A cookie of another name that gives it to the browser for so many seconds.
    #[must_use]
    pub fn lasting_cookie(&self, name: String, seconds: i64) -> Cookie<'static> {
        let mut cookie = cookie(name, self.reveal().to_owned());
        cookie.set_max_age(actix_web::cookie::time::Duration::seconds(seconds));
        cookie
    }
}

/// A cookie of ours, as strict as they all are.
pub fn cookie(name: impl Into<Cow<'static, str>>, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// The cookie that takes a token away again.
#[must_use]
pub fn removal_cookie(name: impl Into<Cow<'static, str>>) -> Cookie<'static> {
    let mut cookie = cookie(name, String::new());
    cookie.make_removal();
    cookie
}

impl Session {
    /// The frame of a page outside any event.
    #[must_use]
    pub fn shell(&self, title: impl Into<String>, section: Section) -> Shell {
        Shell::new(title)
            .signed_in(self.user.name.as_str(), self.user.admin)
            .section(section)
            .done(self.done)
    }

    /// Accepts administrators only.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all other users.
    pub fn administrator(self) -> Result<Self, Error> {
        if self.user.admin {
            return Ok(self);
        }
        Err(Error::Forbidden(
            "Only administrators may do this. Ask one if you need it.".into(),
        ))
    }

    /// The place this user has at an event.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such event, and likewise when the user has no role there.
    pub fn access(&self, conn: &mut Conn, slug: &str) -> Result<EventAccess, Error> {
        let place = store::role_at(conn, self.user.id, slug)?;
        self.seat_at(slug, place)
    }

    fn seat_at(
        &self,
        slug: &str,
        place: Option<store::EventForUser>,
    ) -> Result<EventAccess, Error> {
        let place = place.ok_or(Error::NotFound)?;
        let level = AccessLevel::of(self.user.admin, place.role).ok_or(Error::NotFound)?;
        Ok(EventAccess {
            user: self.user.clone(),
            event: place.event,
            slug: slug.to_owned(),
            event_name: place.name,
            version: place.version,
            level,
            bearer: self.bearer.clone(),
            done: self.done,
        })
    }
}

impl EventAccess {
    /// Passes on those who may change the event.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for observers, and for tokens that may only read.
    pub fn to_change(self) -> Result<Self, Error> {
        if self.may_change() {
            return Ok(self);
        }
        if self.level == AccessLevel::Change {
            return Err(Error::Forbidden(
                "This token may only read. Create one that may write on your account page.".into(),
            ));
        }
        Err(Error::Forbidden(
            "You are an observer of this event: you can read everything but change nothing. Ask an administrator for \
             the officer role.".into(),
        ))
    }

    /// Lets those pass who may read letters whole: a letter has the links by which its delegation answers.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for observers.
    pub fn to_open_letters(&self) -> Result<(), Error> {
        if self.may_change() {
            return Ok(());
        }
        Err(Error::Forbidden(
            "A letter has the links by which its delegation answers, so only officers of the event may open it. The \
             record of notices is under Notices.".into(),
        ))
    }

    /// The frame of a page of this event.
    #[must_use]
    pub fn shell(&self, title: impl Into<String>, section: Section) -> Shell {
        Shell::new(title)
            .signed_in(self.user.name.as_str(), self.user.admin)
            .event(self.slug.as_str(), self.event_name.as_str())
            .section(section)
            .done(self.done)
    }
}

/// The request of a user who has to sign in first.
#[derive(Debug, Clone)]
pub struct RequestedPage {
    /// Path and query.
    pub path: String,
    /// The form that was sent; `None` when a page was only asked for.
    pub form: Option<Bytes>,
    /// The provider of single sign-on that can be asked who they are, by its name.
    pub provider: Option<Arc<str>>,
}

impl RequestedPage {
    /// True when a page was only asked for.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.form.is_none()
    }
}

/// The sender of the request, before the database is queried.
///
/// Built without waiting, so that a handler can look up session, role and content in one unit of work:
/// `let access = current_user.access(conn, &slug)?;`
#[derive(Debug, Clone)]
pub struct CurrentUser {
    /// Now, by the server's clock.
    pub now: Moment,
    /// Where the request comes from; headers are believed from a proxy of ours only.
    pub address: IpAddr,
    token: Option<TokenHash>,
    device: Option<TokenHash>,
    /// The token is a program's, not a browser's.
    bearer: bool,
    asked: RequestedPage,
    done: Option<Done>,
    broken: BrokenSlots,
    unnoticed: bool,
    marks: UsageMarks,
}

impl CurrentUser {
    /// The same caller for background requests, which do not count as using the session.
    #[must_use]
    pub fn unnoticed(self) -> Self {
        Self {
            unnoticed: true,
            ..self
        }
    }

    /// The same caller as a program that bears a token of this hash; a cookie that it sent as well counts for nothing.
    #[must_use]
    pub fn bearing(self, token: TokenHash) -> Self {
        Self {
            token: Some(token),
            bearer: true,
            ..self
        }
    }

    /// The same caller at a later moment.
    #[must_use]
    pub fn at(&self, now: Moment) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    /// The hash of the cookie that came with the request.
    #[must_use]
    pub fn token(&self) -> Option<&TokenHash> {
        self.token.as_ref()
    }

    /// The hash of the token by which accounts know this browser again.
    #[must_use]
    pub fn device(&self) -> Option<&TokenHash> {
        self.device.as_ref()
    }

    /// The sentence that the address asks for after a change.
    #[must_use]
    pub fn done(&self) -> Option<Done> {
        self.done
    }

    /// The slots that the address says a change has broken.
    #[must_use]
    pub const fn broken(&self) -> &BrokenSlots {
        &self.broken
    }

    /// Where the server gathers what was used.
    #[must_use]
    pub fn marks(&self) -> &UsageMarks {
        &self.marks
    }

    /// The session, if there is one. Notes, once a minute, that it is in use.
    pub fn session_if_any(&self, conn: &mut Conn) -> Result<Option<Session>, Error> {
        let Some(token) = &self.token else {
            return Ok(None);
        };
        if self.bearer {
            let session = token::who(conn, token, self.now, &self.marks)?;
            return Ok(session.inspect(|session| trace::note_user(session.user.id)));
        }
        let session = store::who(conn, token, self.now, &self.marks)?;
        Ok(session.map(|session| self.in_use(session)))
    }

    /// Notes, once a minute, that a session is in use.
    fn in_use(&self, mut session: Session) -> Session {
        session.done = self.done;
        trace::note_user(session.user.id);
        if !self.unnoticed && self.now.seconds() - session.last_seen_at.seconds() >= TOUCH_SECONDS {
            let key = UsageKey::Session(session.token.clone());
            self.marks.note_use(key, self.now);
        }
        session
    }

    /// The session.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`] when there is none.
    pub fn session(&self, conn: &mut Conn) -> Result<Session, Error> {
        self.session_if_any(conn)?
            .ok_or_else(|| Error::SignInNeeded(Box::new(self.asked.clone())))
    }

    /// The place that the caller has at an event.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`] without a session, [`Error::NotFound`] without a place.
    pub fn access(&self, conn: &mut Conn, slug: &str) -> Result<EventAccess, Error> {
        if self.bearer {
            return self.session(conn)?.access(conn, slug);
        }
        let found = match &self.token {
            Some(token) => store::who_at(conn, token, slug, self.now, &self.marks)?,
            None => None,
        };
        let Some(store::SessionAtEvent { session, place }) = found else {
            return Err(Error::SignInNeeded(Box::new(self.asked.clone())));
        };
        self.in_use(session).seat_at(slug, place)
    }
}

impl FromRequest for CurrentUser {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(current_user(request).ok_or_else(|| Error::internal("the application is not set up")))
    }
}

/// Returns the marks of last use; a request for the head alone leaves none.
#[must_use]
pub fn usage_marks(app: &App, request: &HttpRequest) -> UsageMarks {
    if request.extensions().contains::<HeadOnly>() {
        app.usage.silent()
    } else {
        app.usage.clone()
    }
}

fn current_user(request: &HttpRequest) -> Option<CurrentUser> {
    let app = request.app_data::<web::Data<App>>()?;
    Some(CurrentUser {
        now: app.clock.now(),
        address: client::of(request),
        token: request
            .cookie(COOKIE)
            .map(|cookie| TokenHash::of(cookie.value())),
        device: request
            .cookie(device::COOKIE)
            .map(|cookie| TokenHash::of(cookie.value())),
        bearer: false,
        asked: RequestedPage {
            path: request.uri().path_and_query().map_or_else(
                || request.path().to_owned(),
                |whole| whole.as_str().to_owned(),
            ),
            form: request
                .extensions()
                .get::<FormBytes>()
                .map(|FormBytes(body)| body.clone()),
            provider: app.config.provider(),
        },
        done: done::in_query(request.query_string()),
        broken: BrokenSlots::in_query(request.query_string()),
        unnoticed: false,
        marks: usage_marks(app, request),
    })
}

/// A signed-in user: for handlers that need nothing else from the database at once.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Session);

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let current_user = current_user(request);
        let app = request.app_data::<web::Data<App>>().cloned();
        Box::pin(async move {
            let (Some(current_user), Some(app)) = (current_user, app) else {
                return Err(Error::internal("the application is not set up"));
            };
            app.db
                .read(move |conn| current_user.session(conn))
                .await
                .map(Self)
        })
    }
}
