//! Links by which users set their own passwords: an administrator has them made, withdraws them, and sees them only
//! where they are to be handed over.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::one::load;
use crate::auth::invitation::{self, CreatedInvitation, Delivery, InvitationRequest};
use crate::auth::session::Session;
use crate::core::user::{InvitationKind, UserId};
use crate::server::Error;
use crate::server::app::App;
use crate::server::field::{Choice, Choices};
use crate::server::form::{Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "user/link.html")]
struct LinkPage {
    shell: Shell,
    user: i64,
    email: String,
    address: String,
    until: String,
}

/// How the link is to reach its user.
pub(super) fn delivery_field(form: &Form) -> Choices {
    let choices = [
        Choice::new("mail", "By mail to the user’s address").help("Only the user sees it."),
        Choice::new("hand", "I pass it on")
            .help("It is shown to you once, to read out or pass on."),
    ];
    Choices::radios("delivery", "Delivery of the link", choices).of(form)
}

/// A form in which nothing was chosen yet.
pub(super) fn usual() -> Form {
    Form::new(Fields::from_pairs([("delivery", "mail")]))
}

/// What was chosen; by mail where nothing was.
pub(super) fn delivery(app: &App, fields: &Fields) -> Result<Delivery, &'static str> {
    match fields.get("delivery") {
        "" | "mail" => Ok(Delivery::Mail(app.mail_context())),
        "hand" => Ok(Delivery::Hand),
        _ => Err("Delivery of the link: choose one of the two"),
    }
}

/// Answers that a link was created; shows it once to the administrator who passes it on.
pub(super) fn made(
    app: &App,
    session: &Session,
    (user, email): (UserId, String),
    delivery: &Delivery,
    made: CreatedInvitation,
    done: &str,
) -> Result<HttpResponse, Error> {
    match delivery {
        Delivery::Mail(_) => {
            app.worker_signal.wake();
            Ok(see_other_done(&format!("/users/{}", user.0), done))
        }
        Delivery::Hand => render(&LinkPage {
            shell: session.shell("A link to pass on", Section::Users),
            user: user.0,
            email,
            address: made.address,
            until: made.until.in_words(),
        }),
    }
}

/// `POST /users/{user}/invitation`: invites a user who has no password yet; an older link becomes invalid.
///
/// # Errors
/// For all but administrators, for unknown users, for those who have a password, or when the database fails.
pub async fn invite(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    make(app, current_user, *user, fields, InvitationKind::Invitation).await
}

/// `POST /users/{user}/reset`: sends a link to set a new password; the old one is valid until then.
///
/// # Errors
/// For all but administrators, for unknown users, for those who have no password, for one's own (which asks for
/// the current one), or when the database fails.
pub async fn reset(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    make(app, current_user, *user, fields, InvitationKind::Reset).await
}

async fn make(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: i64,
    fields: Fields,
    kind: InvitationKind,
) -> Result<HttpResponse, Error> {
    let now = current_user.now;
    let shown = load(&app, current_user, user).await?;
    let fields = fields.only(&["delivery"])?;
    let id = UserId(user);
    if id == shown.session.user.id {
        return Err(Error::Forbidden(
            "Change your own password on the page of your account; it asks for the current one."
                .into(),
        ));
    }
    let delivery = match delivery(&app, &fields) {
        Ok(delivery) => delivery,
        Err(fault) => return shown.rejected("delivery", fault.to_owned()),
    };
    let (by, links, chosen) = (
        shown.session.user.clone(),
        app.config.links(),
        delivery.clone(),
    );
    let link = app
        .db
        .write(move |conn| {
            let order = InvitationRequest {
                delivery: &chosen,
                links: &links,
                by: &by,
                now,
            };
            Ok::<_, Error>(invitation::renew(conn, kind, id, &order)?)
        })
        .await?;
    let done = match kind {
        InvitationKind::Invitation => "user-invited",
        InvitationKind::Reset => "reset-offered",
    };
    let email = shown.account.user.email.to_string();
    made(&app, &shown.session, (id, email), &delivery, link, done)
}

/// `POST /users/{user}/link/withdrawal`
///
/// # Errors
/// For all but administrators, for unknown users, where there is no link, or when the database fails.
pub async fn withdraw(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let user = UserId(*user);
    app.db
        .write(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            let actor = session.user.actor();
            Ok::<_, Error>(invitation::withdraw(conn, user, &actor, current_user.now)?)
        })
        .await?;
    Ok(see_other_done(
        &format!("/users/{}", user.0),
        "link-withdrawn",
    ))
}
