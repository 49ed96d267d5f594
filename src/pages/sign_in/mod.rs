//! Signing in and out, and going on where the session ended.

pub mod code;
pub mod password_link;
#[cfg(feature = "openid-connect")]
pub mod provider;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};

use crate::auth::account::{self, Account};
use crate::auth::factor::{self, step};
use crate::auth::hashing::{self, QueuePlace};
use crate::auth::throttle::{self, Counters};
use crate::auth::{device, store};
use crate::core::action::Action;
use crate::core::time::Moment;
use crate::core::user::User;
use crate::db::Conn;
use crate::runtime::secret::SessionToken;
use crate::server::Error;
use crate::server::app::App;
use crate::server::error::SOON;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{render, see_other, unprocessable, with_status};
use crate::server::return_to::{self, ReturnTo};
use crate::server::session::{COOKIE, CurrentUser, removal_cookie};
use crate::server::sign_in::{self, StartedSession};
use crate::server::sign_in_page::SignInPage;
use crate::server::throttle::refuse_if_over;

/// `GET /sign-in`
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let form = Form::new(Fields::from_pairs(
        query
            .into_inner()
            .into_iter()
            .filter(|(name, _)| name == "next"),
    ));
    let done = current_user.done();
    let session = app
        .db
        .read(move |conn| current_user.session_if_any(conn))
        .await?;
    match session {
        Some(_) => Ok(see_other(ReturnTo::parse(&form.fields).target())),
        None => render(&SignInPage::new(&form, app.config.provider()).done(done)),
    }
}

/// `POST /sign-in`
///
/// # Errors
/// When there were too many tries, or the database fails.
pub async fn sign_in(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&[&["email", "password"], return_to::FIELDS.as_slice()].concat())?;
    let errors = missing(&fields);
    if !errors.is_empty() {
        let form = Form::rejected(fields, errors);
        return unprocessable(&SignInPage::new(&form, app.config.provider()));
    }
    let tried = authenticate(&app, &current_user, &fields).await;
    app.metrics.signed_in(match &tried {
        Ok(Some(_)) => "ok",
        Ok(None) => "wrong",
        Err(Error::TooMany { .. }) => "throttled",
        Err(Error::Busy { .. }) => "busy",
        Err(_) => "failed",
    });
    if matches!(tried, Err(Error::Busy { .. })) {
        return busy(&app, fields);
    }
    let Some(account) = tried? else {
        let mut errors = FieldErrors::default();
        errors.add("email", "E-mail address or password is wrong");
        let form = Form::rejected(fields, errors);
        return unprocessable(&SignInPage::new(&form, app.config.provider()));
    };
    go_on(&app, current_user, account.user, ReturnTo::parse(&fields)).await
}

/// The sign-in page as it was filled in, for a user whose password was not checked.
fn busy(app: &App, fields: Fields) -> Result<HttpResponse, Error> {
    let mut page = SignInPage::new(&Form::new(fields), app.config.provider());
    page.trouble = Some(
        "Too many users are signing in at this moment, so your password was not checked. Wait a few seconds and try \
         again."
            .to_owned(),
    );
    let mut response = with_status(StatusCode::SERVICE_UNAVAILABLE, &page)?;
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, header::HeaderValue::from(SOON));
    Ok(response)
}

/// Answers a user who was identified by the password or by the provider of single sign-on: signs in, unless
/// a second factor is asked for or has to be set up first.
///
/// # Errors
/// When the database or a template fails.
pub async fn go_on(
    app: &App,
    current_user: CurrentUser,
    user: User,
    return_to: ReturnTo,
) -> Result<HttpResponse, Error> {
    let entrant = user.clone();
    let way = app
        .db
        .write(move |conn| Way::of(conn, &current_user, &entrant))
        .await?;
    match way {
        Way::In(entry) => {
            let mut response = return_to.leave(&user)?;
            entry.give_to(&mut response)?;
            Ok(response)
        }
        Way::Code(token) => {
            let mut response = code::ask(return_to)?;
            sign_in::give(&mut response, &token)?;
            Ok(response)
        }
        Way::SetUp(token, told) => {
            let mut response = code::ask_to_set_up(app, &user, &token, told, return_to)?;
            sign_in::give(&mut response, &token)?;
            Ok(response)
        }
    }
}

/// What follows when it is clear whose account it is.
enum Way {
    /// Nothing more is asked for.
    In(StartedSession),
    /// The second factor is asked for.
    Code(SessionToken),
    /// A second factor has to be set up first; the page shows when an administrator removed the last one.
    SetUp(SessionToken, Option<Moment>),
}

impl Way {
    fn of(conn: &mut Conn, current_user: &CurrentUser, user: &User) -> Result<Self, Error> {
        let has_one = factor::store::of(conn, user.id)?.is_some();
        if !has_one && !factor::store::must_have(conn, user)? {
            return Ok(Self::In(StartedSession::begin(conn, current_user, user)?));
        }
        if let Some(old) = current_user.token() {
            store::end_session(conn, old)?;
            step::end(conn, old)?;
        }
        let token = SessionToken::fresh();
        step::begin(conn, user.id, &token.hash(), current_user.now)?;
        if has_one {
            return Ok(Self::Code(token));
        }
        Ok(Self::SetUp(token, factor::store::reset_at(conn, user.id)?))
    }
}

fn missing(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    if fields.get("email").trim().is_empty() {
        errors.add("email", "E-mail address is missing; fill it in");
    }
    if fields.get("password").is_empty() {
        errors.add("password", "Password is missing; fill it in");
    }
    errors
}

/// Finds the account that address and password belong to. An unknown address, a wrong password and a disabled account
/// take the same way at the same cost.
async fn authenticate(
    app: &App,
    current_user: &CurrentUser,
    fields: &Fields,
) -> Result<Option<Account>, Error> {
    let email = fields.get("email").trim().to_lowercase();
    let (counters, place) = admission(app, current_user, &email).await?;
    let turn = app.hashing.turn(place).await?;
    // Only now: a browser that hung up while it waited has not tried.
    let (counted, now) = (counters.clone(), current_user.now);
    let account = app
        .db
        .write(move |conn| {
            throttle::count(conn, &counted, now)?;
            Ok::<_, Error>(account::by_email(conn, &email)?)
        })
        .await?;
    let password = fields.get("password").to_owned();
    let stored = account
        .as_ref()
        .and_then(Account::stored_hash)
        .map(str::to_owned);
    let right = turn.verify(password.clone(), stored).await;
    let account = match account {
        Some(account) if right && !account.disabled => account,
        other => {
            refuse(app, current_user, other, counters).await?;
            return Ok(None);
        }
    };
    let better = if hashing::is_weak(&account.password_hash) {
        let turn = app.hashing.turn(QueuePlace::User(account.user.id)).await?;
        Some(turn.hash(password).await?)
    } else {
        None
    };
    let user = account.user.id;
    app.db
        .write(move |conn| {
            throttle::forgive(conn, &counters)?;
            better.map_or(Ok(()), |hash| account::replace_hash(conn, user, &hash))?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(Some(account))
}

/// Returns the counters of an attempt, unless it is over a limit already: then nothing is written.
async fn admission(
    app: &App,
    current_user: &CurrentUser,
    email: &str,
) -> Result<(Counters, QueuePlace), Error> {
    let (asker, now, address) = (current_user.clone(), current_user.now, current_user.address);
    let stranger = Counters::of_sign_in(email, address);
    if current_user.device().is_none() {
        refuse_if_over(app, &stranger, now).await?;
        return Ok((stranger, QueuePlace::Stranger(address)));
    }
    let email = email.to_owned();
    let (counters, place, over) = app
        .db
        .read(move |conn| {
            let (counters, place) = match device::known_to(conn, asker.device(), &email, asker.now)?
            {
                Some((device, user)) => (
                    Counters::of_known_device(&device, user),
                    QueuePlace::User(user),
                ),
                None => (stranger, QueuePlace::Stranger(address)),
            };
            let over = throttle::over(conn, &counters, now)?;
            Ok::<_, Error>((counters, place, over))
        })
        .await?;
    throttle::remember(&app.refusals, over, now)?;
    Ok((counters, place))
}

/// Notes a refusal at an account; where there is none, as much is written.
async fn refuse(
    app: &App,
    current_user: &CurrentUser,
    account: Option<Account>,
    counters: Counters,
) -> Result<(), Error> {
    let (address, now) = (current_user.address, current_user.now);
    app.db
        .write(move |conn| match account {
            Some(account) => {
                let action = Action::UserSignInRefused;
                store::note_refusal(conn, &account.user, action, address, now).map_err(Error::from)
            }
            None => throttle::write_nothing(conn, &counters).map_err(Error::from),
        })
        .await
}

/// `POST /sign-out`
pub async fn sign_out(
    app: web::Data<App>,
    current_user: CurrentUser,
) -> Result<HttpResponse, Error> {
    if let Some(token) = current_user.token().cloned() {
        app.db
            .write(move |conn| {
                store::end_session(conn, &token)?;
                step::end(conn, &token)?;
                Ok::<_, Error>(())
            })
            .await?;
    }
    let mut response = see_other("/sign-in?done=signed-out");
    response.headers_mut().insert(
        header::HeaderName::from_static("clear-site-data"),
        header::HeaderValue::from_static("\"cache\", \"storage\""),
    );
    response
        .add_cookie(&removal_cookie(COOKIE))
        .map_err(Error::internal)?;
    Ok(response)
}

/// The sign-in page for a user whose second step expired, with the waiting form.
pub fn begin_anew(app: &App, return_to: ReturnTo) -> Result<HttpResponse, Error> {
    let mut page = SignInPage::new(&Form::default(), app.config.provider());
    page.return_to = return_to;
    with_status(StatusCode::UNAUTHORIZED, &page)
}

/// The sign-in page after a failed single sign-on; the sentence says why.
pub fn not_by_provider(
    app: &App,
    return_to: ReturnTo,
    status: StatusCode,
    why: String,
) -> Result<HttpResponse, Error> {
    let mut page = SignInPage::new(&Form::default(), app.config.provider());
    page.return_to = return_to;
    page.trouble = Some(why);
    with_status(status, &page)
}
