//! `/users`: who may sign in, and what they may do. For administrators.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::app::App;
use crate::auth::account::{self, Account, AccountError, Profile, RoleAt};
use crate::auth::password::NewPassword;
use crate::auth::session::{Caller, Session};
use crate::auth::{EventRole, UserId};
use crate::db::Conn;
use crate::db::text_enum::TextEnum;
use crate::text::{Email, Line};
use crate::web::Error;
use crate::web::field::{Choice, Choices, ErrorSummary, Select, TextField};
use crate::web::form::{FieldErrors, Fields, Form};
use crate::web::page::{Section, Shell, render, see_other_done, unprocessable};

#[derive(Template)]
#[template(path = "user/list.html")]
struct ListPage {
    shell: Shell,
    users: Vec<UserLine>,
}

struct UserLine {
    id: i64,
    name: String,
    email: String,
    roles: String,
    disabled: bool,
}

/// `GET /users`
///
/// # Errors
/// For everybody but administrators, or when the database fails.
pub async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Error> {
    let (session, accounts, roles) = app
        .db
        .read(move |conn| {
            let session = caller.session(conn)?.administrator()?;
            Ok::<_, Error>((session, account::all(conn)?, account::roles_in_words(conn)?))
        })
        .await?;
    let users = accounts
        .into_iter()
        .map(|account| line(&account, &roles))
        .collect();
    render(&ListPage {
        shell: session.shell("Users", Section::Users),
        users,
    })
}

fn line(account: &Account, roles: &[(UserId, String)]) -> UserLine {
    let administrator = account.user.admin.then_some("administrator");
    let at_events = roles
        .iter()
        .filter(|(user, _)| *user == account.user.id)
        .map(|(_, words)| words.as_str());
    UserLine {
        id: account.user.id.0,
        name: account.user.name.to_string(),
        email: account.user.email.to_string(),
        roles: administrator
            .into_iter()
            .chain(at_events)
            .collect::<Vec<_>>()
            .join(", "),
        disabled: account.disabled,
    }
}

#[derive(Template)]
#[template(path = "user/new.html")]
struct NewPage {
    shell: Shell,
    summary: ErrorSummary,
    name: TextField,
    email: TextField,
    password: TextField,
    admin: Choices,
    roles: Vec<Select>,
}

impl NewPage {
    fn new(session: &Session, form: &Form, roles: &[RoleAt]) -> Self {
        Self {
            shell: session.shell("Add a user", Section::Users).form(form),
            summary: form.summary(),
            name: name_field().of(form),
            email: TextField::new("email", "E-mail address")
                .kind("email")
                .help("They sign in with it.")
                .of(form),
            password: TextField::new("new_password", "Password")
                .kind("password")
                .autocomplete("new-password")
                .optional()
                .help(
                    "At least 15 characters. Leave it empty to have one made, which is shown once.",
                )
                .of(form),
            admin: admin_field(form),
            roles: role_fields(roles, form),
        }
    }
}

fn name_field() -> TextField {
    TextField::new("name", "Name").help("As it stands in the history of changes.")
}

fn admin_field(form: &Form) -> Choices {
    Choices::checkboxes(
        "admin",
        "Administration",
        [
            Choice::new("1", "Administrator")
                .help("Changes every event, adds users, sees all mail."),
        ],
    )
    .of(form)
}

fn role_fields(roles: &[RoleAt], form: &Form) -> Vec<Select> {
    roles
        .iter()
        .map(|at| {
            let choices = [
                Choice::new("", "No part in it"),
                Choice::new("officer", "Officer: reads and changes"),
                Choice::new("observer", "Observer: reads"),
            ];
            Select::new(role_name(at), at.name.as_str(), choices).of(form)
        })
        .collect()
}

fn role_name(at: &RoleAt) -> String {
    format!("role-{}", at.slug)
}

/// `GET /users/new`
///
/// # Errors
/// For everybody but administrators, or when the database fails.
pub async fn new(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Error> {
    let (session, roles) = app
        .db
        .read(move |conn| {
            let session = caller.session(conn)?.administrator()?;
            Ok::<_, Error>((session, account::roles(conn, None)?))
        })
        .await?;
    render(&NewPage::new(&session, &Form::default(), &roles))
}

#[derive(Template)]
#[template(path = "user/password.html")]
struct PasswordPage {
    shell: Shell,
    user: i64,
    email: String,
    password: String,
}

/// `POST /users`
///
/// # Errors
/// For everybody but administrators, or when the database fails.
pub async fn add(
    app: web::Data<App>,
    caller: Caller,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let now = caller.now;
    let (session, roles) = administrator_and_roles(&app, caller, None).await?;
    let fields = only_known(fields, &["name", "email", "new_password", "admin"], &roles)?;
    let mut errors = FieldErrors::default();
    let profile = profile(&fields, &roles, &mut errors);
    let email = errors.check("email", "E-mail address", Email::parse(fields.get("email")));
    let (password, made) = new_password(&fields, &mut errors)?;
    let (Some(email), Some(profile), Some(password), true) =
        (email, profile, password, errors.is_empty())
    else {
        return unprocessable(&NewPage::new(
            &session,
            &Form::rejected(fields, errors),
            &roles,
        ));
    };
    let shown = made.then(|| password.reveal().to_owned());
    let hash = password.hash().await?;
    let (actor, address) = (session.user.actor(), email.clone());
    let outcome = app
        .db
        .write(move |conn| {
            Ok::<_, Error>(account::add(conn, &address, &profile, &hash, &actor, now))
        })
        .await?;
    match (outcome, shown) {
        (Ok(user), Some(password)) => render(&PasswordPage {
            shell: session.shell("The user is added", Section::Users),
            user: user.0,
            email: account::account_email(&email),
            password,
        }),
        (Ok(user), None) => Ok(see_other_done(&format!("/users/{}", user.0), "user-added")),
        (Err(refusal @ AccountError::EmailTaken), _) => {
            errors.add("email", sentence(&refusal));
            unprocessable(&NewPage::new(
                &session,
                &Form::rejected(fields, errors),
                &roles,
            ))
        }
        (Err(other), _) => Err(other.into()),
    }
}

fn sentence(refusal: &AccountError) -> String {
    let words = refusal.to_string();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The password typed, or one made (true) when none was.
fn new_password(
    fields: &Fields,
    errors: &mut FieldErrors,
) -> Result<(Option<NewPassword>, bool), Error> {
    match fields.get("new_password") {
        "" => Ok((Some(NewPassword::generate()?), true)),
        raw => {
            let context = [fields.get("name"), fields.get("email")];
            Ok((
                errors.take("new_password", NewPassword::parse(raw, &context)),
                false,
            ))
        }
    }
}

fn profile(fields: &Fields, roles: &[RoleAt], errors: &mut FieldErrors) -> Option<Profile> {
    let name = errors.check("name", "Name", Line::parse(fields.get("name")));
    let mut chosen = Vec::new();
    for at in roles {
        match (
            fields.get(&role_name(at)),
            EventRole::from_word(fields.get(&role_name(at))),
        ) {
            ("", _) => {}
            (_, Some(role)) => chosen.push((at.event, role)),
            (_, None) => errors.add(
                role_name(at),
                format!("{}: choose a role of the list", at.name),
            ),
        }
    }
    Some(Profile {
        name: name?,
        admin: fields.flag("admin"),
        roles: chosen,
    })
}

fn only_known(fields: Fields, known: &[&str], roles: &[RoleAt]) -> Result<Fields, Error> {
    let names: Vec<String> = roles.iter().map(role_name).collect();
    let known: Vec<&str> = known
        .iter()
        .copied()
        .chain(names.iter().map(String::as_str))
        .collect();
    fields.only(&known)
}

async fn administrator_and_roles(
    app: &App,
    caller: Caller,
    user: Option<UserId>,
) -> Result<(Session, Vec<RoleAt>), Error> {
    app.db
        .read(move |conn| {
            let session = caller.session(conn)?.administrator()?;
            Ok((session, account::roles(conn, user)?))
        })
        .await
}

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
}

impl Shown {
    fn load(conn: &mut Conn, caller: &Caller, user: UserId) -> Result<Self, Error> {
        Ok(Self {
            session: caller.session(conn)?.administrator()?,
            account: account::by_id(conn, user)?,
            roles: account::roles(conn, Some(user))?,
            sessions: account::open_sessions(conn, user, caller.now)?.len(),
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
            user: line(&self.account, &[]),
            own: user.id == self.session.user.id,
            sessions: self.sessions,
            name: name_field().of(form),
            admin: admin_field(form),
            roles: role_fields(&self.roles, form),
            password: TextField::new("new_password", "New password")
                .kind("password")
                .autocomplete("new-password")
                .optional()
                .help("At least 15 characters. Leave it empty to have one made, which is shown once. Setting it ends the user's sessions.")
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
        raw => match NewPassword::parse(raw, &[subject.name.as_str(), subject.email.as_str()]) {
            Ok(password) => (password, false),
            Err(fault) => return shown.rejected("new_password", fault),
        },
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
            Ok::<_, Error>(account::end_sessions(conn, user, Some(&session.token))?)
        })
        .await?;
    Ok(see_other_done(
        &format!("/users/{}", user.0),
        "session-ended",
    ))
}
