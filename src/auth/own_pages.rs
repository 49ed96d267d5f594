//! `/account`: one's own password and sessions.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::app::App;
use crate::auth::account;
use crate::auth::password::{self, NewPassword};
use crate::auth::session::{Caller, Session};
use crate::auth::store::{self, OpenSession};
use crate::auth::throttle::{self, Keys};
use crate::db::Conn;
use crate::time::Moment;
use crate::web::Error;
use crate::web::field::{ErrorSummary, TextField};
use crate::web::form::{FieldErrors, Fields, Form};
use crate::web::page::{Section, Shell, render, see_other_done, unprocessable};

#[derive(Template)]
#[template(path = "user/account.html")]
struct AccountPage {
    shell: Shell,
    summary: ErrorSummary,
    name: String,
    email: String,
    current: TextField,
    new: TextField,
    sessions: Vec<SessionLine>,
}

struct SessionLine {
    reference: String,
    began: String,
    used: String,
    this: bool,
}

impl AccountPage {
    fn new(session: &Session, open: &[OpenSession], form: &Form) -> Self {
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
                .help("At least 15 characters, for example four words that have nothing to do with each other.")
                .of(form),
            sessions: open.iter().map(|open| line(open, session)).collect(),
        }
    }
}

fn line(open: &OpenSession, session: &Session) -> SessionLine {
    SessionLine {
        reference: open.token.reference(),
        began: utc(open.created_at),
        used: utc(open.last_seen_at),
        this: open.token == session.token,
    }
}

/// `2026-11-23 11:38 UTC`
fn utc(moment: Moment) -> String {
    moment.utc().format("%Y-%m-%d %H:%M UTC").to_string()
}

fn load(conn: &mut Conn, caller: &Caller) -> Result<(Session, Vec<OpenSession>), Error> {
    let session = caller.session(conn)?;
    let open = store::open_sessions(conn, session.user.id, caller.now)?;
    Ok((session, open))
}

/// `GET /account`
///
/// # Errors
/// When nobody is signed in, or the database fails.
pub async fn show(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Error> {
    let (session, open) = app.db.read(move |conn| load(conn, &caller)).await?;
    render(&AccountPage::new(&session, &open, &Form::default()))
}

/// `POST /account/password`
///
/// # Errors
/// When nobody is signed in, there were too many tries, or the database fails.
pub async fn change_password(
    app: web::Data<App>,
    caller: Caller,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (now, address) = (caller.now, caller.address);
    let (session, open) = app.db.read(move |conn| load(conn, &caller)).await?;
    let fields = fields.only(&["current_password", "new_password"])?;
    let user = session.user.clone();
    let mut errors = FieldErrors::default();
    let context = [user.name.as_str(), user.email.as_str()];
    let password = errors.take(
        "new_password",
        NewPassword::parse(fields.get("new_password"), &context),
    );
    let keys = Keys::new(user.email.as_str(), address);
    let (counted, id) = (keys.clone(), user.id);
    // Somebody at an unlocked desk may guess no more often than somebody at the front door.
    let stored = app
        .db
        .write(move |conn| {
            throttle::count(conn, &counted, now)?;
            Ok::<_, Error>(account::by_id(conn, id)?.password_hash)
        })
        .await?;
    if !password::verify(fields.get("current_password").to_owned(), Some(stored)).await {
        errors.add("current_password", "Current password is not right");
    }
    let (Some(password), true) = (password, errors.is_empty()) else {
        let form = Form::rejected(fields, errors);
        return unprocessable(&AccountPage::new(&session, &open, &form));
    };
    let hash = password.hash().await?;
    app.db
        .write(move |conn| {
            throttle::forgive(conn, &keys)?;
            let kept = Some(&session.token);
            Ok::<_, Error>(account::set_password(
                conn,
                id,
                &hash,
                kept,
                &user.actor(),
                now,
            )?)
        })
        .await?;
    Ok(see_other_done("/account", "password-changed"))
}

/// `POST /account/sessions/{reference}/end`
///
/// # Errors
/// When nobody is signed in, no session of theirs has that reference, or the database fails.
pub async fn end_session(
    app: web::Data<App>,
    caller: Caller,
    reference: web::Path<String>,
) -> Result<HttpResponse, Error> {
    app.db
        .write(move |conn| {
            let (_, open) = load(conn, &caller)?;
            let ended = open
                .iter()
                .find(|open| open.token.reference() == *reference)
                .ok_or(Error::NotFound)?;
            Ok::<_, Error>(store::end_session(conn, &ended.token)?)
        })
        .await?;
    Ok(see_other_done("/account", "session-ended"))
}
