//! `/password/{token}`: where users set their own passwords. Opening it does nothing, as mail scanners
//! open every link; only its button does, once, and leads to the sign-in page without signing in.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::factor::store as factors;
use crate::auth::invitation::LinkToken;
use crate::auth::invitation::store::{self, OpenedInvitation};
use crate::auth::password;
use crate::auth::throttle::Counters;
use crate::core::user::InvitationKind;
use crate::server::Error;
use crate::server::app::App;
use crate::server::field::{ErrorSummary, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Shell, render, see_other_done, unprocessable, with_status};
use crate::server::password::{accept, hash};
use crate::server::session::CurrentUser;
use crate::server::throttle::admit;

#[derive(Template)]
#[template(path = "auth/password.html")]
struct PasswordPage {
    shell: Shell,
    summary: ErrorSummary,
    kind: InvitationKind,
    action: String,
    name: String,
    email: String,
    until: String,
    has_factor: bool,
    new: TextField,
    repeated: TextField,
}

#[derive(Template)]
#[template(path = "auth/dead_link.html")]
struct DeadLink {
    shell: Shell,
}

/// What a link that is good opens, with its hash.
struct OpenedLink {
    opened: OpenedInvitation,
    token: LinkToken,
    has_factor: bool,
}

impl OpenedLink {
    async fn open(app: &App, current_user: &CurrentUser, raw: &str) -> Result<Option<Self>, Error> {
        let Some(token) = LinkToken::parse(raw) else {
            return Ok(None);
        };
        let (hash, now) = (token.hash(), current_user.now);
        let found = app
            .db
            .read(move |conn| {
                let Some(opened) = store::open(conn, &hash, now)? else {
                    return Ok(None);
                };
                let has_factor = factors::of(conn, opened.account.user.id)?.is_some();
                Ok::<_, Error>(Some((opened, has_factor)))
            })
            .await?;
        Ok(found.map(|(opened, has_factor)| Self {
            opened,
            token,
            has_factor,
        }))
    }

    fn page(&self, form: &Form) -> PasswordPage {
        let user = &self.opened.account.user;
        let title = match self.opened.kind {
            InvitationKind::Invitation => "Choose your password",
            InvitationKind::Reset => "Set a new password",
        };
        PasswordPage {
            shell: Shell::new(title).form(form),
            summary: form.summary(),
            kind: self.opened.kind,
            action: self.token.path(),
            name: user.name.to_string(),
            email: user.email.to_string(),
            until: self.opened.until.in_words(),
            has_factor: self.has_factor,
            new: TextField::new("new_password", "New password")
                .kind("password")
                .autocomplete("new-password")
                .help(password::help(self.has_factor))
                .of(form),
            repeated: TextField::new("repeated_password", "Repeat new password")
                .kind("password")
                .autocomplete("new-password")
                .of(form),
        }
    }
}

/// `GET /password/{token}`
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    token: web::Path<String>,
) -> Result<HttpResponse, Error> {
    match OpenedLink::open(&app, &current_user, &token).await? {
        Some(door) => Ok(untold(render(&door.page(&Form::default()))?)),
        None => dead_link(),
    }
}

/// `POST /password/{token}`
///
/// # Errors
/// When a client tries many invalid links, or the database fails.
pub async fn set(
    app: web::Data<App>,
    current_user: CurrentUser,
    token: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&["new_password", "repeated_password"])?;
    let Some(door) = OpenedLink::open(&app, &current_user, &token).await? else {
        return refuse(&app, &current_user).await;
    };
    let user = &door.opened.account.user;
    let own = [user.name.as_str(), user.email.as_str()];
    let raw = fields.get("new_password");
    let mut errors = FieldErrors::default();
    let judged = accept(&app, Some(user.id), &own, raw).await?;
    let password = errors.take("new_password", judged);
    if fields.get("repeated_password") != raw {
        errors.add(
            "repeated_password",
            "The passwords differ; type the new password in both fields",
        );
    }
    let (Some(password), true) = (password, errors.is_empty()) else {
        let form = Form::rejected(fields, errors);
        return Ok(untold(unprocessable(&door.page(&form))?));
    };
    let hash = hash(&app, password, user.id).await?;
    let (token, now) = (door.token.hash(), current_user.now);
    let accepted = app
        .db
        .write(move |conn| Ok::<_, Error>(store::accept(conn, &token, &hash, now)?))
        .await?;
    match accepted {
        Some(_) => Ok(untold(see_other_done("/sign-in", "password-set"))),
        None => refuse(&app, &current_user).await,
    }
}

/// Counts an invalid link by the client's address.
async fn refuse(app: &App, current_user: &CurrentUser) -> Result<HttpResponse, Error> {
    let (from, now) = (current_user.address, current_user.now);
    admit(app, Counters::of_dead_link(from), now).await?;
    dead_link()
}

fn dead_link() -> Result<HttpResponse, Error> {
    let shell = Shell::new("This link is invalid");
    Ok(untold(with_status(
        StatusCode::NOT_FOUND,
        &DeadLink { shell },
    )?))
}

/// No request that follows names this page as its referrer: the address is a secret. The page itself may reveal the
/// server's name only: without any referrer, browsers would send its form with `Origin: null`, which is refused.
fn untold(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        header::HeaderValue::from_static("strict-origin"),
    );
    response
}
