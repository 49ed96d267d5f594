//! One user: profile, roles, password, sessions, and whether the account works.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    PasswordPage, UserLine, admin_field, line, name_field, only_known, profile, role_fields,
    role_name, sentence,
};
use crate::app::App;
use crate::auth::UserId;
use crate::auth::account::{self, Account, AccountError, RoleAt};
use crate::auth::factor::store::{self as factors, Factor};
use crate::auth::password::{self, NewPassword};
use crate::auth::session::{Caller, Session};
use crate::auth::store;
use crate::db::Conn;
use crate::db::text_enum::TextEnum;
use crate::web::Error;
use crate::web::field::{Choices, ErrorSummary, Select, TextField};
use crate::web::form::{FieldErrors, Fields, Form};
use crate::web::page::{Section, Shell, render, see_other_done, unprocessable};

#[derive(Template)]
#[template(path = "user/show.html")]
struct ShowPage {
    shell: Shell,
    summary: ErrorSummary,
    user: UserLine,
    own: bool,
    sessions: usize,
    name: TextField,
    admin: Choices,
    roles: Vec<Select>,
    password: TextField,
}

/// What the page of one user shows.
struct Shown {
    session: Session,
    account: Account,
    roles: Vec<RoleAt>,
    sessions: usize,
    factor: Option<Factor>,
}

impl Shown {
    fn load(conn: &mut Conn, caller: &Caller, user: UserId) -> Result<Self, Error> {
        Ok(Self {
            session: caller.session(conn)?.administrator()?,
            account: account::by_id(conn, user)?,
            roles: account::roles(conn, Some(user))?,
            sessions: store::open_sessions(conn, user, caller.now)?.len(),
            factor: factors::of(conn, user)?,
        })
    }

    /// The form as the account is stored.
    fn form(&self) -> Form {
        let mut fields = Fields::from_pairs([("name", self.account.user.name.as_str())]);
        if self.account.user.admin {
            fields.push("admin", "1");
        }
        for at in &self.roles {
            fields.push(role_name(at), at.role.map_or("", TextEnum::as_str));
        }
        Form::new(fields)
    }

    fn page(&self, form: &Form) -> ShowPage {
        let user = &self.account.user;
        ShowPage {
            shell: self.session.shell(user.name.as_str(), Section::Users).form(form),
            summary: form.summary(),
            user: line(&self.account, &[], self.factor.is_some()),
            own: user.id == self.session.user.id,
            sessions: self.sessions,
            name: name_field().of(form),
            admin: admin_field(form),
            roles: role_fields(&self.roles, form),
            password: TextField::new("new_password", "New password")
                .kind("password")
                .autocomplete("new-password")
                .optional()
                .help(format!(
                    "{} Leave it empty to have one made, which is shown once. Setting it ends the user's sessions.",
                    password::help(self.factor.is_some())
                ))
                .of(form),
        }
    }

    /// The form as stored, with what was wrong elsewhere on the page.
    fn rejected(&self, field: &str, sentence: String) -> Result<HttpResponse, Error> {
        let mut form = self.form();
        form.errors.add(field, sentence);
        unprocessable(&self.page(&form))
    }
}

async fn load(app: &App, caller: Caller, user: i64) -> Result<Shown, Error> {
    app.db
        .read(move |conn| Shown::load(conn, &caller, UserId(user)))
        .await
}

/// `GET /users/{id}`
///
/// # Errors
/// For everybody but administrators, for unknown users, or when the database fails.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let shown = load(&app, caller, *user).await?;
    render(&shown.page(&shown.form()))
}

/// `POST /users/{id}`
///
/// # Errors
/// For everybody but administrators, for unknown users, or when the database fails.
pub async fn change(
    app: web::Data<App>,
    caller: Caller,
    user: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let now = caller.now;
    let shown = load(&app, caller, *user).await?;
    let fields = only_known(fields, &["name", "admin"], &shown.roles)?;
    let mut errors = FieldErrors::default();
    let profile = profile(&fields, &shown.roles, &mut errors);
    let (Some(profile), true) = (profile, errors.is_empty()) else {
        return unprocessable(&shown.page(&Form::rejected(fields, errors)));
    };
    let (user, actor) = (UserId(*user), shown.session.user.actor());
    let outcome = app
        .db
        .write(move |conn| Ok::<_, Error>(account::change(conn, user, &profile, &actor, now)))
        .await?;
    match outcome {
        Ok(()) => Ok(see_other_done(&format!("/users/{}", user.0), "saved")),
        Err(refusal @ AccountError::LastAdministrator) => {
            errors.add("admin", sentence(&refusal));
            unprocessable(&shown.page(&Form::rejected(fields, errors)))
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /users/{id}/password`
///
/// # Errors
/// For everybody but administrators, for unknown users, for one's own account (which asks for the current password),
/// or when the database fails.
pub async fn set_password(
    app: web::Data<App>,
    caller: Caller,
    user: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&["new_password"])?;
    let now = caller.now;
    let shown = load(&app, caller, *user).await?;
    let (id, subject) = (UserId(*user), shown.account.user.clone());
    if id == shown.session.user.id {
        return Err(Error::Forbidden(
            "Change your own password on the page of your account; it asks for the current one."
                .into(),
        ));
    }
    let (password, made) = match fields.get("new_password") {
        "" => (NewPassword::generate()?, true),
        raw => {
            let own = [subject.name.as_str(), subject.email.as_str()];
            match password::accept(&app, Some(id), &own, raw).await? {
                Ok(password) => (password, false),
                Err(fault) => return shown.rejected("new_password", fault),
            }
        }
    };
    let revealed = made.then(|| password.reveal().to_owned());
    let (hash, actor) = (password.hash().await?, shown.session.user.actor());
    app.db
        .write(move |conn| {
            Ok::<_, Error>(account::set_password(conn, id, &hash, None, &actor, now)?)
        })
        .await?;
    match revealed {
        Some(password) => render(&PasswordPage {
            shell: shown
                .session
                .shell("The password is changed", Section::Users),
            user: id.0,
            email: subject.email.to_string(),
            password,
        }),
        None => Ok(see_other_done(
            &format!("/users/{}", id.0),
            "password-changed",
        )),
    }
}

/// `POST /users/{id}/disablement`
///
/// # Errors
/// As [`enable`].
pub async fn disable(
    app: web::Data<App>,
    caller: Caller,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    set_disabled(app, caller, *user, true, "user-disabled").await
}

/// `POST /users/{id}/enablement`
///
/// # Errors
/// For everybody but administrators, for unknown users, for the last administrator, or when the database fails.
pub async fn enable(
    app: web::Data<App>,
    caller: Caller,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    set_disabled(app, caller, *user, false, "user-enabled").await
}

async fn set_disabled(
    app: web::Data<App>,
    caller: Caller,
    user: i64,
    disabled: bool,
    done: &str,
) -> Result<HttpResponse, Error> {
    app.db
        .write(move |conn| {
            let session = caller.session(conn)?.administrator()?;
            let (actor, now) = (session.user.actor(), caller.now);
            Ok::<_, Error>(account::set_disabled(
                conn,
                UserId(user),
                disabled,
                &actor,
                now,
            )?)
        })
        .await?;
    Ok(see_other_done(&format!("/users/{user}"), done))
}

/// `POST /users/{id}/sessions/end`
///
/// # Errors
/// For everybody but administrators, for unknown users, or when the database fails.
pub async fn end_sessions(
    app: web::Data<App>,
    caller: Caller,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let user = UserId(*user);
    app.db
        .write(move |conn| {
            let session = caller.session(conn)?.administrator()?;
            account::by_id(conn, user)?;
            Ok::<_, Error>(store::end_sessions(conn, user, Some(&session.token))?)
        })
        .await?;
    Ok(see_other_done(
        &format!("/users/{}", user.0),
        "session-ended",
    ))
}
