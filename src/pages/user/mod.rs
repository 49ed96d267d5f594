//! `/users`: who may sign in, and what they may do. For administrators.

pub mod factor;
mod link;
pub mod lockouts;
mod one;

pub use link::{invite, reset, withdraw};
pub use one::{change, disable, enable, end_sessions, show};

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::account::{self, Account, AccountError, Profile, RoleAt};
use crate::auth::factor::store as factors;
use crate::auth::invitation::{self, InvitationError, InvitationRequest, PendingInvitation};
use crate::auth::session::Session;
use crate::core::text::{Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::user::{EventRole, UserId};
use crate::server::Error;
use crate::server::app::App;
use crate::server::field::{Choice, Choices, ErrorSummary, Select, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, unprocessable};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "user/list.html")]
struct ListPage {
    shell: Shell,
    users: Vec<UserLine>,
    required: bool,
}

struct UserLine {
    id: i64,
    name: String,
    email: String,
    roles: String,
    disabled: bool,
    factor: bool,
    /// The account cannot be used to sign in yet.
    invited: bool,
    /// The link by which its user sets a password, good or run out.
    link: Option<PendingInvitation>,
    standing: String,
    tag: &'static str,
}

/// `GET /users`
///
/// # Errors
/// For all but administrators, or when the database fails.
pub async fn list(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let page = app
        .db
        .read(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            let (roles, owners) = (account::roles_in_words(conn)?, factors::owners(conn)?);
            let (accounts, links) = (account::all(conn)?, invitation::all(conn)?);
            let users = accounts.iter().map(|account| {
                let has_factor = owners.contains(&account.user.id);
                let link = links.iter().find(|link| link.user == account.user.id);
                line(account, &roles, has_factor, link, current_user.now)
            });
            Ok::<_, Error>(ListPage {
                shell: session.shell("Users", Section::Users),
                users: users.collect(),
                required: factors::is_required(conn)?,
            })
        })
        .await?;
    render(&page)
}

fn line(
    account: &Account,
    roles: &[(UserId, String)],
    factor: bool,
    link: Option<&PendingInvitation>,
    now: Moment,
) -> UserLine {
    let invited = !account.disabled && !account.has_password();
    let (standing, tag) = match link {
        _ if account.disabled => ("disabled".to_owned(), "tag-off"),
        _ if account.has_password() => ("active".to_owned(), "tag-ok"),
        Some(link) if link.is_over(now) => ("invitation expired".to_owned(), "tag-warning"),
        Some(link) => (
            format!("invited, until {}", link.until.in_words()),
            "tag-info",
        ),
        None => ("not invited".to_owned(), "tag-warning"),
    };
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
        factor,
        invited,
        link: link.copied(),
        standing,
        tag,
    }
}

#[derive(Template)]
#[template(path = "user/new.html")]
struct NewUserPage {
    shell: Shell,
    summary: ErrorSummary,
    name: TextField,
    email: TextField,
    admin: Choices,
    roles: Vec<Select>,
    delivery: Choices,
}

impl NewUserPage {
    fn new(session: &Session, form: &Form, roles: &[RoleAt]) -> Self {
        Self {
            shell: session.shell("Add a user", Section::Users).form(form),
            summary: form.summary(),
            name: name_field().of(form),
            email: TextField::new("email", "E-mail address")
                .kind("email")
                .help("They sign in with it.")
                .of(form),
            admin: admin_field(form),
            roles: role_fields(roles, form),
            delivery: link::delivery_field(form),
        }
    }
}

fn name_field() -> TextField {
    TextField::new("name", "Name").help("As shown in the history of changes.")
}

fn admin_field(form: &Form) -> Choices {
    Choices::checkboxes(
        "admin",
        "Administration",
        [Choice::new("1", "Administrator")
            .help("Changes every event, invites users, sees the mail of every event.")],
    )
    .of(form)
}

fn role_fields(roles: &[RoleAt], form: &Form) -> Vec<Select> {
    roles
        .iter()
        .map(|at| {
            let choices = [
                Choice::new("", "No role"),
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
/// For all but administrators, or when the database fails.
pub async fn new(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let (session, roles) = app
        .db
        .read(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            Ok::<_, Error>((session, account::roles(conn, None)?))
        })
        .await?;
    render(&NewUserPage::new(&session, &link::usual(), &roles))
}

/// `POST /users`: adds a user, who chooses a password by the link that this creates.
///
/// # Errors
/// For all but administrators, or when the database fails.
pub async fn add(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let now = current_user.now;
    let (session, roles) = administrator_and_roles(&app, current_user, None).await?;
    let fields = only_known(fields, &["name", "email", "admin", "delivery"], &roles)?;
    let mut errors = FieldErrors::default();
    let profile = profile(&fields, &roles, &mut errors);
    let email = errors.check("email", "E-mail address", Email::parse(fields.get("email")));
    let delivery = errors.take("delivery", link::delivery(&app, &fields));
    let (Some(email), Some(profile), Some(delivery), true) =
        (email, profile, delivery, errors.is_empty())
    else {
        return unprocessable(&NewUserPage::new(
            &session,
            &Form::rejected(fields, errors),
            &roles,
        ));
    };
    let (by, address, links) = (session.user.clone(), email.clone(), app.config.links());
    let chosen = delivery.clone();
    let outcome = app
        .db
        .write(move |conn| {
            let order = InvitationRequest {
                delivery: &chosen,
                links: &links,
                by: &by,
                now,
            };
            Ok::<_, Error>(invitation::add(conn, &address, &profile, &order))
        })
        .await?;
    match outcome {
        Ok((user, made)) => {
            let email = account::account_email(&email);
            link::made(
                &app,
                &session,
                (user, email),
                &delivery,
                made,
                "user-invited",
            )
        }
        Err(InvitationError::Account(refusal @ AccountError::EmailTaken)) => {
            errors.add("email", sentence(&refusal));
            unprocessable(&NewUserPage::new(
                &session,
                &Form::rejected(fields, errors),
                &roles,
            ))
        }
        Err(other) => Err(other.into()),
    }
}

fn sentence(refusal: &AccountError) -> String {
    let words = refusal.to_string();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn profile(fields: &Fields, roles: &[RoleAt], errors: &mut FieldErrors) -> Option<Profile> {
    let name = errors.check("name", "Name", TextLine::parse(fields.get("name")));
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
    current_user: CurrentUser,
    user: Option<UserId>,
) -> Result<(Session, Vec<RoleAt>), Error> {
    app.db
        .read(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            Ok((session, account::roles(conn, user)?))
        })
        .await
}
