//! `/users/lockouts`: who has to wait after too many tries, and lifting it. For administrators.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::session::Session;
use crate::auth::throttle::lockout::{self, Lockouts};
use crate::db::Conn;
use crate::server::Error;
use crate::server::app::App;
use crate::server::form::Fields;
use crate::server::page::{Section, Shell, render, see_other_done};
use crate::server::session::CurrentUser;

/// Lines that the page shows.
const MOST_SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "user/lockouts.html")]
struct LockoutsPage {
    shell: Shell,
    lines: Vec<LockoutLine>,
    /// How many more there are than are shown.
    more: usize,
    /// How many e-mail addresses wait that no account has.
    unknown_accounts: usize,
}

struct LockoutLine {
    key: String,
    subject: String,
    until: String,
    user: Option<i64>,
}

/// `GET /users/lockouts`
///
/// # Errors
/// For all but administrators, or when the database fails.
pub async fn index(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let (session, lockouts) = app.db.read(move |conn| load(conn, &current_user)).await?;
    render(&LockoutsPage {
        shell: session.shell("Lock-outs", Section::Users),
        more: lockouts.named.len().saturating_sub(MOST_SHOWN),
        unknown_accounts: lockouts.unknown_accounts,
        lines: lockouts
            .named
            .into_iter()
            .take(MOST_SHOWN)
            .map(|lockout| LockoutLine {
                key: lockout.key,
                subject: lockout.subject,
                until: lockout.until.in_words(),
                user: lockout.user.map(|user| user.0),
            })
            .collect(),
    })
}

fn load(conn: &mut Conn, current_user: &CurrentUser) -> Result<(Session, Lockouts), Error> {
    let session = current_user.session(conn)?.administrator()?;
    Ok((session, lockout::current(conn, current_user.now)?))
}

/// `POST /users/lockouts/removal`: removes the lock-out that the field `key` names.
///
/// # Errors
/// For all but administrators, when the lock-out has ended, or when the database fails.
pub async fn lift(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let refusals = app.refusals.clone();
    app.db
        .write(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            let fields = fields.only(&["key"])?;
            let key = fields.get("key");
            if !lockout::lift(conn, key, &session.user.actor(), current_user.now)? {
                return Err(Error::Conflict(
                    "Nothing was changed: this lock-out has ended. Go back and reload the list."
                        .into(),
                ));
            }
            refusals.forget(key);
            Ok(())
        })
        .await?;
    Ok(see_other_done("/users/lockouts", "lockout-lifted"))
}
