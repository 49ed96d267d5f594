//! `/sign-in/provider`: to the provider, and back.
//!
//! The way back is a GET, as the protocol has it. It only shows a button: the button's POST comes from a page of ours and
//! is what signs the user in, so that no GET changes anything.

use std::sync::Arc;

use actix_web::cookie::{Cookie, time};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::Url;

use crate::auth::sign_on::flow::{self, FlowToken, LONGEST_ONWARD, Secrets};
use crate::auth::sign_on::identity::{self, IdentityMatch, ProviderIdentity};
use crate::auth::sign_on::provider::{self, ProviderFault};
use crate::auth::sign_on::{ANSWER, SignOnSettings};
use crate::auth::store;
use crate::auth::throttle::{self, Counters};
use crate::core::action::Action;
use crate::core::user::User;
use crate::db::Conn;
use crate::pages::sign_in;
use crate::runtime::trace;
use crate::server::Error;
use crate::server::app::App;
use crate::server::form::Fields;
use crate::server::page::{Shell, render};
use crate::server::return_to::{self, ReturnTo};
use crate::server::session::{self, CurrentUser};
use crate::server::throttle::admit;

/// The name of the cookie with the token of a flow.
const COOKIE: &str = "__Host-iikura-sign-on";

/// The longest code that is passed on to the provider.
const LONGEST_CODE: usize = 4096;

#[derive(Template)]
#[template(path = "auth/provider/leave.html")]
struct LeavePage {
    shell: Shell,
    name: Arc<str>,
    address: String,
}

#[derive(Template)]
#[template(path = "auth/provider/back.html")]
struct BackPage {
    shell: Shell,
    name: Arc<str>,
    action: &'static str,
    code: String,
    state: String,
}

/// Why the provider's answer does not sign in.
enum SignOnRefusal {
    /// It has no code, because the provider refused the user.
    NotLetThrough,
    /// It belongs to no sign-in that this browser has begun, or to an expired one.
    NotOurs,
    /// The provider could not be asked, or is not to be believed.
    Unchecked,
    /// No account matches. The reason is not revealed.
    NoAccount,
}

impl SignOnRefusal {
    /// The sign-in page with the reason, so that another way in is at hand, and nothing that waits is lost.
    fn page(
        &self,
        app: &App,
        settings: &SignOnSettings,
        return_to: ReturnTo,
    ) -> Result<HttpResponse, Error> {
        let name = &settings.name;
        let (status, why) = match self {
            Self::NotLetThrough => (
                StatusCode::FORBIDDEN,
                format!("{name} did not confirm your identity: the sign-in was cancelled, or you may not use this \
                         application. Try again, or sign in with your password."),
            ),
            Self::NotOurs => (
                StatusCode::CONFLICT,
                "This sign-in was started in another browser or more than ten minutes ago, or was used already. If \
                 you pressed the button twice, you may be signed in. Otherwise start again.".to_owned(),
            ),
            Self::Unchecked => (
                StatusCode::BAD_GATEWAY,
                format!("The answer from {name} could not be verified; the reason is in the server's log. Try again \
                         in a minute, or sign in with your password."),
            ),
            Self::NoAccount => (
                StatusCode::FORBIDDEN,
                format!("{name} confirmed your identity, but no account here matches. Ask an administrator of your \
                         protocol office: an account needs the e-mail address that you have there, verified by \
                         {name}."),
            ),
        };
        sign_in::not_by_provider(app, return_to, status, why)
    }
}

fn settings(app: &App) -> Result<SignOnSettings, Error> {
    app.config.sign_on.clone().ok_or(Error::NotFound)
}

fn way_back(app: &App) -> String {
    app.config.links().absolute(ANSWER)
}

/// `POST /sign-in/provider`
///
/// # Errors
/// When there is no provider, there were too many tries, or the database fails.
pub async fn begin(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let return_to = ReturnTo::parse(&fields.only(&return_to::FIELDS)?);
    let settings = settings(&app)?;
    let waiting = return_to.to_text();
    if waiting.len() > LONGEST_ONWARD {
        let why = format!(
            "What you typed before is too long to store while you are at {}. Sign in with your password.",
            settings.name
        );
        return sign_in::not_by_provider(&app, return_to, StatusCode::UNPROCESSABLE_ENTITY, why);
    }
    let (now, from) = (current_user.now, current_user.address);
    admit(&app, Counters::of_sign_on(from), now).await?;
    let (token, back) = (FlowToken::fresh(), way_back(&app));
    let (asked, secrets) = (settings.clone(), token.secrets()?);
    let address = trace::block(move || provider::question(&asked, &back, secrets));
    let address = match address.await.map_err(Error::internal)? {
        Ok(address) => address,
        Err(fault) => {
            tracing::warn!(%fault, "the provider of single sign-on cannot be used");
            let why = format!(
                "{} does not answer. Sign in with your password, or try again in a minute.",
                settings.name
            );
            return sign_in::not_by_provider(&app, return_to, StatusCode::BAD_GATEWAY, why);
        }
    };
    let hash = token.hash();
    app.db
        .write(move |conn| flow::begin(conn, &hash, &waiting, now).map_err(Error::from))
        .await?;
    leave(settings.name, &address, &token)
}

/// The token that came with a request; `None` for what is none.
fn token_of(request: &HttpRequest) -> Option<FlowToken> {
    FlowToken::parse(request.cookie(COOKIE)?.value())
}

/// The cookie that gives a token to the browser. `SameSite=Lax` lets it come along when the provider sends the browser
/// back.
fn token_cookie(token: &FlowToken) -> Cookie<'static> {
    let mut cookie = session::cookie(COOKIE, token.reveal().to_owned());
    cookie.set_max_age(time::Duration::seconds(flow::FLOW_SECONDS));
    cookie
}

/// Sends the browser away: by a page and not by a status, as a form of ours may lead to no other site (`form-action`).
fn leave(name: Arc<str>, address: &Url, token: &FlowToken) -> Result<HttpResponse, Error> {
    let mut response = render(&LeavePage {
        shell: Shell::new(format!("Continue to {name}")),
        name,
        address: address.to_string(),
    })?;
    let refresh = header::HeaderValue::from_str(&format!("0; url={address}"));
    response.headers_mut().insert(
        header::HeaderName::from_static("refresh"),
        refresh.map_err(Error::internal)?,
    );
    response
        .add_cookie(&token_cookie(token))
        .map_err(Error::internal)?;
    Ok(response)
}

/// `GET /sign-in/provider/answer`: what the provider sends a browser back to. Providers add questions of their own to the
/// address; they count for nothing.
///
/// # Errors
/// When the address lacks what a provider puts there, there is no provider, or the template fails.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    request: HttpRequest,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let answer = Fields::from_pairs(query.into_inner());
    if !answer.get("error").is_empty() {
        let settings = settings(&app)?;
        let return_to = match token_of(&request).map(|token| token.hash()) {
            Some(hash) => {
                let now = current_user.now;
                let look = move |conn: &mut Conn| flow::look(conn, &hash, now).map_err(Error::from);
                app.db.read(look).await?
            }
            None => None,
        };
        let return_to = return_to
            .map(|text| ReturnTo::from_text(&text))
            .transpose()?;
        return SignOnRefusal::NotLetThrough.page(&app, &settings, return_to.unwrap_or_default());
    }
    let (code, state) = code_and_state(&answer)?;
    let page = BackPage {
        shell: Shell::new("Almost signed in"),
        name: settings(&app)?.name,
        action: ANSWER,
        code,
        state,
    };
    let mut response = render(&page)?;
    // The address has the code: it goes no further, not even to our own style sheets.
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        header::HeaderValue::from_static("strict-origin"),
    );
    Ok(response)
}

fn code_and_state(answer: &Fields) -> Result<(String, String), Error> {
    let (code, state) = (answer.get("code"), answer.get("state"));
    if (1..=LONGEST_CODE).contains(&code.len()) && flow::is_token(state) {
        return Ok((code.to_owned(), state.to_owned()));
    }
    Err(Error::BadRequest(
        "The address has no answer from the single sign-on provider. Start at the sign-in page."
            .into(),
    ))
}

/// `POST /sign-in/provider/answer`
///
/// # Errors
/// When there is no provider, there were too many tries, or the database fails.
pub async fn take(
    app: web::Data<App>,
    current_user: CurrentUser,
    request: HttpRequest,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (code, state) = code_and_state(&fields.only(&["code", "state"])?)?;
    let settings = settings(&app)?;
    let outcome = enter(&app, &current_user, &settings, &request, code, &state).await;
    app.metrics.signed_in(match &outcome {
        Ok(Ok(_)) => "ok",
        Err(Error::TooMany { .. }) => "throttled",
        Ok(Err((SignOnRefusal::Unchecked, _))) | Err(_) => "failed",
        Ok(Err(_)) => "wrong",
    });
    let mut response = match outcome? {
        Ok((user, return_to)) => sign_in::go_on(&app, current_user, user, return_to).await?,
        Err((refusal, return_to)) => return refusal.page(&app, &settings, return_to),
    };
    response
        .add_cookie(&session::removal_cookie(COOKIE))
        .map_err(Error::internal)?;
    Ok(response)
}

/// The user to sign in, or why there is none; and the page to return to.
type SignOnOutcome = Result<(User, ReturnTo), (SignOnRefusal, ReturnTo)>;

/// Finds the account that matches the provider's answer. The browser is checked first, then the flow is used up, and only
/// then the provider is asked.
async fn enter(
    app: &App,
    current_user: &CurrentUser,
    settings: &SignOnSettings,
    request: &HttpRequest,
    code: String,
    state: &str,
) -> Result<SignOnOutcome, Error> {
    let not_ours = || Err((SignOnRefusal::NotOurs, ReturnTo::default()));
    let Some(token) = token_of(request) else {
        return Ok(not_ours());
    };
    let (secrets, hash) = (token.secrets()?, token.hash());
    if secrets.state != state {
        return Ok(not_ours());
    }
    let (now, from) = (current_user.now, current_user.address);
    let counters = Counters::of_provider_answer(from);
    admit(app, counters.clone(), now).await?;
    let flow = app
        .db
        .write(move |conn| flow::take(conn, &hash, now).map_err(Error::from))
        .await?;
    let Some(return_to) = flow else {
        return Ok(not_ours());
    };
    let return_to = ReturnTo::from_text(&return_to)?;
    let identity = match ask(app, settings, code, secrets, current_user).await? {
        Ok(identity) => identity,
        Err(fault) => {
            tracing::warn!(%fault, "single sign-on: sign-in failed");
            app.refusals.forget_all(&counters);
            // A provider that is down is not a failed attempt: else a whole office could not use passwords, either.
            app.db
                .write(move |conn| Ok::<_, Error>(throttle::forgive(conn, &counters)?))
                .await?;
            return Ok(Err((SignOnRefusal::Unchecked, return_to)));
        }
    };
    let refusals = app.refusals.clone();
    app.db
        .write(
            move |conn| match identity::account_of(conn, &identity, now)? {
                IdentityMatch::Account(account) => {
                    throttle::forgive(conn, &counters)?;
                    refusals.forget_all(&counters);
                    Ok(Ok((account.user, return_to)))
                }
                IdentityMatch::Nothing(owner) => {
                    tracing::warn!("single sign-on: no matching account");
                    if let Some(owner) = owner {
                        store::note_refusal(conn, &owner, Action::UserSignInRefused, from, now)?;
                    }
                    Ok(Err((SignOnRefusal::NoAccount, return_to)))
                }
            },
        )
        .await
}

async fn ask(
    app: &App,
    settings: &SignOnSettings,
    code: String,
    secrets: Secrets,
    current_user: &CurrentUser,
) -> Result<Result<ProviderIdentity, ProviderFault>, Error> {
    let (settings, back, now) = (settings.clone(), way_back(app), current_user.now);
    trace::block(move || provider::who(&settings, &back, code, secrets, now))
        .await
        .map_err(Error::internal)
}
