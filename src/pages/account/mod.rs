//! `/account`: one's own password, second factor, sessions and tokens.

pub mod factor;
pub mod tokens;

use std::net::IpAddr;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::factor::store as factors;
use crate::auth::factor::store::Factor;
use crate::auth::hashing::QueuePlace;
use crate::auth::session::Session;
use crate::auth::store::{self, OpenSession};
use crate::auth::throttle::{self, Counters};
use crate::auth::token::{self, ApiToken};
use crate::auth::{account, password};
use crate::core::time::Moment;
use crate::core::user::User;
use crate::db::Conn;
use crate::runtime::secret::SessionToken;
use crate::server::Error;
use crate::server::app::App;
use crate::server::field::{ErrorSummary, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::password::{accept, hash};
use crate::server::session::CurrentUser;
use crate::server::sign_in::give;
use crate::server::throttle::refuse_if_over;

#[derive(Template)]
#[template(path = "user/account.html")]
struct AccountPage {
    shell: Shell,
    summary: ErrorSummary,
    name: String,
    email: String,
    current: TextField,
    new: TextField,
    factor: Option<String>,
    required: bool,
    reset: Option<String>,
    sessions: Vec<SessionLine>,
    tokens: Vec<TokenLine>,
}

struct SessionLine {
    reference: String,
    began: String,
    used: String,
    this: bool,
}

struct TokenLine {
    id: i64,
    name: String,
    scope: &'static str,
    made: String,
    used: String,
}

impl AccountPage {
    fn new(own: &OwnAccount, form: &Form) -> Self {
        let session = &own.session;
        Self {
            shell: session.shell("Your account", Section::Account).form(form),
            summary: form.summary(),
            name: session.user.name.to_string(),
            email: session.user.email.to_string(),
            current: TextField::new("current_password", "Current password")
                .kind("password")
                .autocomplete("current-password")
                .of(form),
            new: TextField::new("new_password", "New password")
                .kind("password")
                .autocomplete("new-password")
                .help(password::help(own.factor.is_some()))
                .of(form),
            factor: own.factor.map(|factor| factor.created_at.in_words()),
            required: own.required,
            reset: own.reset_at.map(Moment::in_words),
            sessions: own.open.iter().map(|open| line(open, session)).collect(),
            tokens: own.tokens.iter().map(token_line).collect(),
        }
    }
}

fn line(open: &OpenSession, session: &Session) -> SessionLine {
    SessionLine {
        reference: open.token.reference(),
        began: open.created_at.in_words(),
        used: open.last_seen_at.in_words(),
        this: open.token == session.token,
    }
}

fn token_line(token: &ApiToken) -> TokenLine {
    TokenLine {
        id: token.id.0,
        name: token.name.to_string(),
        scope: token.scope.label(),
        made: token.created_at.in_words(),
        used: token
            .last_used_at
            .map_or("never".to_owned(), Moment::in_words),
    }
}

/// Data for a user's own account page.
struct OwnAccount {
    session: Session,
    open: Vec<OpenSession>,
    tokens: Vec<ApiToken>,
    factor: Option<Factor>,
    required: bool,
    reset_at: Option<Moment>,
}

fn load(conn: &mut Conn, current_user: &CurrentUser) -> Result<OwnAccount, Error> {
    let session = current_user.session(conn)?;
    let user = session.user.id;
    Ok(OwnAccount {
        open: store::open_sessions(conn, user, current_user.now, current_user.marks())?,
        tokens: token::of_user(conn, user, current_user.marks())?,
        factor: factors::of(conn, user)?,
        required: factors::must_have(conn, &session.user)?,
        reset_at: factors::reset_at(conn, user)?,
        session,
    })
}

/// True when a signed-in user has typed the right password again. An attacker at an unlocked computer may guess no more
/// often than at the sign-in page.
///
/// # Errors
/// When there were too many tries, or the database fails.
pub(crate) async fn knows_password(
    app: &App,
    user: &User,
    address: IpAddr,
    typed: &str,
    now: Moment,
) -> Result<bool, Error> {
    let counters = Counters::of_sign_in(user.email.as_str(), address);
    refuse_if_over(app, &counters, now).await?;
    let turn = app.hashing.turn(QueuePlace::User(user.id)).await?;
    let (counted, id) = (counters.clone(), user.id);
    let stored = app
        .db
        .write(move |conn| {
            throttle::count(conn, &counted, now)?;
            let account = account::by_id(conn, id)?;
            Ok::<_, Error>(account.stored_hash().map(str::to_owned))
        })
        .await?;
    let right = turn.verify(typed.to_owned(), stored).await;
    if right {
        app.db
            .write(move |conn| Ok::<_, Error>(throttle::forgive(conn, &counters)?))
            .await?;
    }
    Ok(right)
}

/// `GET /account`
///
/// # Errors
/// When no user is signed in, or the database fails.
pub async fn show(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let own = app.db.read(move |conn| load(conn, &current_user)).await?;
    render(&AccountPage::new(&own, &Form::default()))
}

/// `POST /account/password`
///
/// # Errors
/// When no user is signed in, there were too many attempts, or the database fails.
pub async fn change_password(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (now, address) = (current_user.now, current_user.address);
    let own = app.db.read(move |conn| load(conn, &current_user)).await?;
    let fields = fields.only(&["current_password", "new_password"])?;
    let user = own.session.user.clone();
    let mut errors = FieldErrors::default();
    let context = [user.name.as_str(), user.email.as_str()];
    let raw = fields.get("new_password");
    let judged = accept(&app, Some(user.id), &context, raw).await?;
    let password = errors.take("new_password", judged);
    if !knows_password(&app, &user, address, fields.get("current_password"), now).await? {
        errors.add("current_password", "The current password is wrong");
    }
    let (Some(password), true) = (password, errors.is_empty()) else {
        let form = Form::rejected(fields, errors);
        return unprocessable(&AccountPage::new(&own, &form));
    };
    let hash = hash(&app, password, user.id).await?;
    let token = SessionToken::fresh();
    let new = token.hash();
    app.db
        .write(move |conn| {
            let (this, actor) = (&own.session.token, user.actor());
            account::set_password(conn, user.id, &hash, Some(this), &actor, now)?;
            Ok::<_, Error>(store::renew_session(conn, this, &new, now)?)
        })
        .await?;
    let mut response = see_other_done("/account", "password-changed");
    give(&mut response, &token)?;
    Ok(response)
}

/// `POST /account/sessions/{reference}/end`
///
/// # Errors
/// When no user is signed in, no session of theirs has that reference, or the database fails.
pub async fn end_session(
    app: web::Data<App>,
    current_user: CurrentUser,
    reference: web::Path<String>,
) -> Result<HttpResponse, Error> {
    app.db
        .write(move |conn| {
            let ended = load(conn, &current_user)?
                .open
                .into_iter()
                .find(|open| open.token.reference() == *reference)
                .ok_or(Error::NotFound)?;
            Ok::<_, Error>(store::end_session(conn, &ended.token)?)
        })
        .await?;
    Ok(see_other_done("/account", "session-ended"))
}
