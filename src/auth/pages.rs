//! Signing in and out, and going on where the session ended.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError, web};
use askama::Template;

use crate::app::App;
use crate::auth::account::{self, Account};
use crate::auth::session::{Asked, Caller, Token, removal_cookie};
use crate::auth::throttle::{self, Keys};
use crate::auth::{password, store};
use crate::web::Error;
use crate::web::done::Done;
use crate::web::field::{ErrorSummary, TextField};
use crate::web::form::{FieldErrors, Fields, Form};
use crate::web::local_path::LocalPath;
use crate::web::page::{Shell, render, see_other, unprocessable, with_status};

#[derive(Template)]
#[template(path = "auth/sign_in.html")]
struct SignInPage {
    shell: Shell,
    summary: ErrorSummary,
    email: TextField,
    password: TextField,
    next: String,
    resume: Option<Resume>,
}

/// A form that waits for its author to sign in again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resume {
    path: LocalPath,
    body: String,
}

impl Resume {
    fn parse(fields: &Fields) -> Option<Self> {
        let path = LocalPath::parse(fields.get("resume_path"))?;
        let body = fields.get("resume_body").to_owned();
        Some(Self { path, body })
    }
}

impl SignInPage {
    fn new(form: &Form, done: Option<Done>) -> Self {
        Self {
            shell: Shell::new("Sign in").form(form).done(done),
            summary: form.summary(),
            email: TextField::new("email", "E-mail address")
                .kind("email")
                .autocomplete("username")
                .of(form),
            password: TextField::new("password", "Password")
                .kind("password")
                .autocomplete("current-password")
                .of(form),
            next: LocalPath::parse(form.fields.get("next"))
                .map(|path| path.as_str().to_owned())
                .unwrap_or_default(),
            resume: Resume::parse(&form.fields),
        }
    }
}

/// `GET /sign-in`
///
/// # Errors
/// When the database or the template fails.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let form = Form::new(Fields::from_pairs(
        query
            .into_inner()
            .into_iter()
            .filter(|(name, _)| name == "next"),
    ));
    let done = caller.done();
    let session = app.db.read(move |conn| caller.session_if_any(conn)).await?;
    match session {
        Some(_) => Ok(see_other(target(&form.fields).as_deref().unwrap_or("/"))),
        None => render(&SignInPage::new(&form, done)),
    }
}

/// `POST /sign-in`
///
/// # Errors
/// When there were too many tries, or the database fails.
pub async fn sign_in(
    app: web::Data<App>,
    caller: Caller,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&["email", "password", "next", "resume_path", "resume_body"])?;
    let errors = missing(&fields);
    if !errors.is_empty() {
        return unprocessable(&SignInPage::new(&Form::rejected(fields, errors), None));
    }
    let tried = authenticate(&app, &caller, &fields).await;
    app.metrics.signed_in(match &tried {
        Ok(Some(_)) => "ok",
        Ok(None) => "wrong",
        Err(Error::TooMany { .. }) => "throttled",
        Err(_) => "failed",
    });
    let Some(account) = tried? else {
        let mut errors = FieldErrors::default();
        errors.add("email", "E-mail address or password is not right");
        return unprocessable(&SignInPage::new(&Form::rejected(fields, errors), None));
    };
    let token = Token::fresh()?;
    let (hash, old, now) = (token.hash(), caller.token().cloned(), caller.now);
    let name = account.user.name.to_string();
    let admin = account.user.admin;
    app.db
        .write(move |conn| store::begin_session(conn, &account.user, &hash, old.as_ref(), now))
        .await?;
    let mut response = match Resume::parse(&fields) {
        Some(resume) => ResumePage::show(
            &resume,
            Shell::new("You are signed in again").signed_in(name, admin),
        )?,
        None => see_other(target(&fields).as_deref().unwrap_or("/")),
    };
    response
        .add_cookie(&token.cookie())
        .map_err(Error::internal)?;
    Ok(response)
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
    caller: &Caller,
    fields: &Fields,
) -> Result<Option<Account>, Error> {
    let email = fields.get("email").trim().to_lowercase();
    let keys = Keys::new(&email, caller.address);
    let (counted, now, address) = (keys.clone(), caller.now, caller.address);
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
        .map(|account| account.password_hash.clone());
    let right = password::verify(password.clone(), stored).await;
    let Some(account) = account else {
        return Ok(None);
    };
    if !right || account.disabled {
        app.db
            .write(move |conn| store::note_refusal(conn, &account.user, address, now))
            .await?;
        return Ok(None);
    }
    let better = if password::is_weak(&account.password_hash) {
        Some(password::hash(password).await?)
    } else {
        None
    };
    let user = account.user.id;
    app.db
        .write(move |conn| {
            throttle::forgive(conn, &keys)?;
            better.map_or(Ok(()), |hash| account::replace_hash(conn, user, &hash))?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(Some(account))
}

fn target(fields: &Fields) -> Option<String> {
    LocalPath::parse(fields.get("next")).map(|path| path.as_str().to_owned())
}

/// `POST /sign-out`
///
/// # Errors
/// When the database fails.
pub async fn sign_out(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Error> {
    if let Some(token) = caller.token().cloned() {
        app.db
            .write(move |conn| Ok::<_, Error>(store::end_session(conn, &token)?))
            .await?;
    }
    let mut response = see_other("/sign-in?done=signed-out");
    response.headers_mut().insert(
        header::HeaderName::from_static("clear-site-data"),
        header::HeaderValue::from_static("\"cache\", \"storage\""),
    );
    response
        .add_cookie(&removal_cookie())
        .map_err(Error::internal)?;
    Ok(response)
}

/// Answers somebody who has to sign in first: a page asked for is remembered in the address, a form sent is kept in
/// the sign-in page, except what stood in password fields.
#[must_use]
pub fn sign_in_needed(asked: &Asked) -> HttpResponse {
    let Some(body) = &asked.form else {
        let next: String = url::form_urlencoded::byte_serialize(asked.path.as_bytes()).collect();
        return see_other(&format!("/sign-in?next={next}"));
    };
    Fields::parse(body)
        .and_then(|fields| {
            let form = Form::new(Fields::from_pairs([
                ("resume_path", asked.path.clone()),
                ("resume_body", fields.encode_without_passwords()),
            ]));
            with_status(StatusCode::UNAUTHORIZED, &SignInPage::new(&form, None))
        })
        .unwrap_or_else(|error| error.error_response())
}

#[derive(Template)]
#[template(path = "auth/resume.html")]
struct ResumePage {
    shell: Shell,
    path: String,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    label: String,
    value: String,
}

impl ResumePage {
    fn show(resume: &Resume, shell: Shell) -> Result<HttpResponse, Error> {
        let fields = Fields::parse(resume.body.as_bytes())?;
        let entries = fields
            .iter()
            .filter(|(name, _)| !name.contains("password"))
            .map(|(name, value)| Entry {
                name: name.to_owned(),
                label: in_words(name),
                value: value.to_owned(),
            })
            .collect();
        render(&Self {
            shell,
            path: resume.path.as_str().to_owned(),
            entries,
        })
    }
}

/// `starts_at` → `Starts at`
fn in_words(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
