//! One user: profile, roles, sessions, and whether the account works.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::link::delivery_field;
use super::{
    UserLine, admin_field, line, name_field, only_known, profile, role_fields, role_name, sentence,
};
use crate::auth::account::{self, Account, AccountError, RoleAt};
use crate::auth::factor::store as factors;
use crate::auth::factor::store::Factor;
use crate::auth::invitation::{self, PendingInvitation};
use crate::auth::session::Session;
use crate::auth::store;
use crate::core::action::Action;
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::user::UserId;
use crate::db::Conn;
use crate::mail::outbox::{self, MailSummary};
use crate::server::Error;
use crate::server::app::App;
use crate::server::field::{Choices, ErrorSummary, Select, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;

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
    /// The link by which the user sets a password, in words; empty where there is none.
    link: String,
    delivery: Choices,
}

/// What the page of one user shows.
pub(super) struct ShownUser {
    pub(super) session: Session,
    pub(super) account: Account,
    roles: Vec<RoleAt>,
    sessions: usize,
    factor: Option<Factor>,
    link: Option<(PendingInvitation, Option<MailSummary>)>,
    now: Moment,
}

impl ShownUser {
    fn load(conn: &mut Conn, current_user: &CurrentUser, user: UserId) -> Result<Self, Error> {
        let session = current_user.session(conn)?.administrator()?;
        let link = match invitation::of_user(conn, user)? {
            Some(link) => {
                let letter = link.mail.map(|mail| outbox::summary(conn, mail));
                Some((link, letter.transpose()?.flatten()))
            }
            None => None,
        };
        Ok(Self {
            session,
            account: account::by_id(conn, user)?,
            roles: account::roles(conn, Some(user))?,
            sessions: store::open_sessions(conn, user, current_user.now, current_user.marks())?
                .len(),
            factor: factors::of(conn, user)?,
            link,
            now: current_user.now,
        })
    }

    /// The form as the account is stored.
    fn form(&self) -> Form {
        let mut fields = Fields::from_pairs([
            ("name", self.account.user.name.as_str()),
            ("delivery", "mail"),
        ]);
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
            shell: self
                .session
                .shell(user.name.as_str(), Section::Users)
                .form(form),
            summary: form.summary(),
            user: self.line(),
            own: user.id == self.session.user.id,
            sessions: self.sessions,
            name: name_field().of(form),
            admin: admin_field(form),
            roles: role_fields(&self.roles, form),
            link: self.link_in_words(),
            delivery: delivery_field(form),
        }
    }

    fn line(&self) -> UserLine {
        let link = self.link.as_ref().map(|(link, _)| link);
        line(&self.account, &[], self.factor.is_some(), link, self.now)
    }

    /// `By mail (sent), until 27 December 2022, 05:00 UTC`
    fn link_in_words(&self) -> String {
        let Some((link, letter)) = &self.link else {
            return String::new();
        };
        let way = match letter {
            Some(letter) => format!("By mail ({})", letter.label().to_lowercase()),
            None => "Handed over".to_owned(),
        };
        let until = link.until.in_words();
        if link.is_over(self.now) {
            format!("{way}; expired on {until}.")
        } else {
            format!("{way}; valid until {until}.")
        }
    }

    /// The form as stored, with what was wrong elsewhere on the page.
    pub(super) fn rejected(&self, field: &str, sentence: String) -> Result<HttpResponse, Error> {
        let mut form = self.form();
        form.errors.add(field, sentence);
        unprocessable(&self.page(&form))
    }
}

pub(super) async fn load(
    app: &App,
    current_user: CurrentUser,
    user: i64,
) -> Result<ShownUser, Error> {
    app.db
        .read(move |conn| ShownUser::load(conn, &current_user, UserId(user)))
        .await
}

/// `GET /users/{id}`
///
/// # Errors
/// For all but administrators, for unknown users, or when the database fails.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let shown = load(&app, current_user, *user).await?;
    render(&shown.page(&shown.form()))
}

/// `POST /users/{id}`
///
/// # Errors
/// For all but administrators, for unknown users, or when the database fails.
pub async fn change(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let now = current_user.now;
    let shown = load(&app, current_user, *user).await?;
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

/// `POST /users/{id}/disablement`
pub async fn disable(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    set_disabled(app, current_user, *user, true, "user-disabled").await
}

/// `POST /users/{id}/enablement`
///
/// # Errors
/// For all but administrators, for unknown users, for the last administrator, or when the database fails.
pub async fn enable(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    set_disabled(app, current_user, *user, false, "user-enabled").await
}

async fn set_disabled(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: i64,
    disabled: bool,
    done: &str,
) -> Result<HttpResponse, Error> {
    app.db
        .write(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            let (actor, now) = (session.user.actor(), current_user.now);
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
/// For all but administrators, for unknown users, or when the database fails.
pub async fn end_sessions(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let user = UserId(*user);
    app.db
        .write(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            account::by_id(conn, user)?;
            conn.transaction(|conn| {
                store::end_sessions(conn, user, Some(&session.token))?;
                let (actor, nothing) = (session.user.actor(), (None, None));
                account::note(
                    conn,
                    &actor,
                    current_user.now,
                    Action::UserSessionsEnded,
                    user,
                    nothing,
                )
            })?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(see_other_done(
        &format!("/users/{}", user.0),
        "session-ended",
    ))
}
