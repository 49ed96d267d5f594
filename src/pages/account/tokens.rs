//! `/account/tokens`: making and revoking one's own tokens.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::session::Session;
use crate::auth::store;
use crate::auth::token::{self, TokenId, TokenScope, TokenSecret};
use crate::core::text::TextLine;
use crate::core::text_enum::TextEnum;
use crate::pages::account::knows_password;
use crate::runtime::secret::SessionToken;
use crate::server::Error;
use crate::server::app::App;
use crate::server::field::{Choice, Choices, ErrorSummary, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::session::{CurrentUser, SignedIn};
use crate::server::sign_in::give;

#[derive(Template)]
#[template(path = "user/token.html")]
struct TokenPage {
    shell: Shell,
    summary: ErrorSummary,
    name: TextField,
    scope: Choices,
    current: TextField,
}

#[derive(Template)]
#[template(path = "user/token_made.html")]
struct TokenMadePage {
    shell: Shell,
    name: String,
    scope: &'static str,
    token: String,
}

impl TokenPage {
    fn new(session: &Session, form: &Form) -> Self {
        let scopes = TokenScope::ALL
            .iter()
            .map(|scope| Choice::new(scope.as_str(), scope.label()));
        Self {
            shell: session.shell("Create a token", Section::Account).form(form),
            summary: form.summary(),
            name: TextField::new("name", "What for")
                .help("For example: badge printing. Shown in the list of your tokens.")
                .of(form),
            scope: Choices::radios("scope", "What it may do", scopes).of(form),
            current: TextField::new("current_password", "Current password")
                .kind("password")
                .autocomplete("current-password")
                .of(form),
        }
    }
}

/// `GET /account/tokens/new`
///
/// # Errors
/// When no user is signed in.
pub async fn new(SignedIn(session): SignedIn) -> Result<HttpResponse, Error> {
    let usual = Fields::from_pairs([("scope", TokenScope::Read.as_str())]);
    render(&TokenPage::new(&session, &Form::new(usual)))
}

/// `POST /account/tokens`: creates a token and shows it once.
///
/// # Errors
/// When no user is signed in, there were too many attempts or tokens, or the database fails.
pub async fn make(
    app: web::Data<App>,
    current_user: CurrentUser,
    SignedIn(session): SignedIn,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&["name", "scope", "current_password"])?;
    let (user, now) = (session.user.clone(), current_user.now);
    let mut errors = FieldErrors::default();
    let name = errors.check("name", "What for", TextLine::parse(fields.get("name")));
    let chosen = TokenScope::from_word(fields.get("scope")).ok_or("Choose what the token may do.");
    let scope = errors.take("scope", chosen);
    let typed = fields.get("current_password");
    if !knows_password(&app, &user, current_user.address, typed, now).await? {
        errors.add("current_password", "The current password is wrong");
    }
    let (Some(name), Some(scope), true) = (name, scope, errors.is_empty()) else {
        let form = Form::rejected(fields, errors);
        return unprocessable(&TokenPage::new(&session, &form));
    };
    let (named, fresh) = (name.clone(), SessionToken::fresh());
    let (old, new) = (session.token.clone(), fresh.hash());
    let secret: TokenSecret = app
        .db
        .write(move |conn| {
            let made = token::make(conn, user.id, &named, scope, &user.actor(), now)?;
            store::renew_session(conn, &old, &new, now)?;
            Ok::<_, Error>(made)
        })
        .await?;
    let mut response = render(&TokenMadePage {
        shell: session.shell("Token created", Section::Account),
        name: name.to_string(),
        scope: scope.label(),
        token: secret.reveal().to_owned(),
    })?;
    give(&mut response, &fresh)?;
    Ok(response)
}

/// `POST /account/tokens/{token}/revocation`
///
/// # Errors
/// When no user is signed in, they have no such token, or the database fails.
pub async fn revoke(
    app: web::Data<App>,
    current_user: CurrentUser,
    token: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    app.db
        .write(move |conn| {
            let user = current_user.session(conn)?.user;
            let (id, now) = (TokenId(*token), current_user.now);
            let revoked = token::revoke(conn, user.id, id, &user.actor(), now);
            Ok::<_, Error>(revoked?)
        })
        .await?;
    Ok(see_other_done("/account", "token-revoked"))
}
