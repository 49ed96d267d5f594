//! `/account/second-factor`: one's own second factor. Every change asks for the password again and gives the session a
//! new token.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::factor::store::Factor;
use crate::auth::factor::{RecoveryCode, store as factors};
use crate::auth::session::Session;
use crate::auth::store;
use crate::db::Conn;
use crate::pages::account::knows_password;
use crate::runtime::secret::SessionToken;
use crate::server::Error;
use crate::server::app::App;
use crate::server::factor_set_up::{LENT, SetUpContext, show_codes};
use crate::server::field::{ErrorSummary, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::return_to::ReturnTo;
use crate::server::session::CurrentUser;
use crate::server::sign_in::give;

const PAGE: &str = "/account/second-factor";
const TITLE: &str = "Second factor";

#[derive(Template)]
#[template(path = "user/second_factor.html")]
struct FactorPage {
    shell: Shell,
    summary: ErrorSummary,
    current: TextField,
    factor: Option<FactorLine>,
    required: bool,
}

struct FactorLine {
    since: String,
    codes_left: i64,
}

/// A user and their second factor.
struct OwnFactors {
    session: Session,
    factor: Option<Factor>,
    required: bool,
}

impl OwnFactors {
    fn load(conn: &mut Conn, current_user: &CurrentUser) -> Result<Self, Error> {
        let session = current_user.session(conn)?;
        Ok(Self {
            factor: factors::of(conn, session.user.id)?,
            required: factors::must_have(conn, &session.user)?,
            session,
        })
    }

    fn shell(&self, title: &str) -> Shell {
        self.session.shell(title, Section::Account)
    }

    fn page(&self, form: &Form) -> FactorPage {
        FactorPage {
            shell: self.shell(TITLE).form(form),
            summary: form.summary(),
            current: TextField::new("current_password", "Current password")
                .kind("password")
                .autocomplete("current-password")
                .of(form),
            factor: self.factor.map(|factor| FactorLine {
                since: factor.created_at.in_words(),
                codes_left: factor.codes_left,
            }),
            required: self.required,
        }
    }

    fn place(&self, token: &SessionToken) -> SetUpContext {
        SetUpContext {
            user: self.session.user.clone(),
            token: token.hash(),
            action: PAGE,
            back: PAGE,
            return_to: ReturnTo::default(),
            reset_at: None,
        }
    }

    fn refused(&self, sentence: &str) -> Result<HttpResponse, Error> {
        let mut errors = FieldErrors::default();
        errors.add("current_password", sentence);
        unprocessable(&self.page(&Form::rejected(Fields::default(), errors)))
    }
}

async fn load(app: &App, current_user: &CurrentUser) -> Result<OwnFactors, Error> {
    let current_user = current_user.clone();
    app.db
        .read(move |conn| OwnFactors::load(conn, &current_user))
        .await
}

/// Looks at the password; the answer is for those who do not know it.
async fn ask_again(
    app: &App,
    current_user: &CurrentUser,
    fields: Fields,
) -> Result<Result<OwnFactors, HttpResponse>, Error> {
    let own = load(app, current_user).await?;
    let fields = fields.only(&["current_password"])?;
    let typed = fields.get("current_password");
    if knows_password(
        app,
        &own.session.user,
        current_user.address,
        typed,
        current_user.now,
    )
    .await?
    {
        return Ok(Ok(own));
    }
    own.refused("The current password is wrong").map(Err)
}

/// `GET /account/second-factor`
///
/// # Errors
/// When no user is signed in, or the database fails.
pub async fn show(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    render(&load(&app, &current_user).await?.page(&Form::default()))
}

/// `POST /account/second-factor/seed`: begins to set one up, also to replace an existing one.
///
/// # Errors
/// When no user is signed in, there were too many attempts, or the database fails.
pub async fn begin(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let own = match ask_again(&app, &current_user, fields).await? {
        Ok(own) => own,
        Err(answer) => return Ok(answer),
    };
    let token = SessionToken::fresh();
    let (old, new, now) = (own.session.token.clone(), token.hash(), current_user.now);
    app.db
        .write(move |conn| Ok::<_, Error>(store::renew_session(conn, &old, &new, now)?))
        .await?;
    let shell = own.shell("Set up a second factor");
    let mut response = own.place(&token).begin(&app.config.sealer(), shell, now)?;
    give(&mut response, &token)?;
    Ok(response)
}

/// `POST /account/second-factor`: completes the set-up, and shows the recovery codes once. Other sessions end.
///
/// # Errors
/// When no user is signed in, the set-up took too long, or the database fails.
pub async fn set(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let own = load(&app, &current_user).await?;
    let fields = fields.only(&["code", LENT])?;
    let place = SetUpContext {
        token: own.session.token.clone(),
        ..own.place(&SessionToken::fresh())
    };
    let shell = own.shell("Set up a second factor");
    let factor = match place.end(&app.config.sealer(), shell, fields, current_user.now)? {
        Ok(factor) => factor,
        Err(answer) => return Ok(answer),
    };
    let token = SessionToken::fresh();
    let (new, now) = (token.hash(), current_user.now);
    let codes = app
        .db
        .write(move |conn| {
            factors::set(conn, &place.user, &factor, Some(&place.token), now)?;
            store::renew_session(conn, &place.token, &new, now)?;
            Ok::<_, Error>(factor.codes)
        })
        .await?;
    codes_page(&own, &codes, &token)
}

/// `POST /account/second-factor/recovery-codes`: creates new ones, shown once.
///
/// # Errors
/// When no user is signed in or they have no second factor, there were too many attempts, or the database fails.
pub async fn renew_codes(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let own = match ask_again(&app, &current_user, fields).await? {
        Ok(own) => own,
        Err(answer) => return Ok(answer),
    };
    let (token, now) = (SessionToken::fresh(), current_user.now);
    let (new, session) = (token.hash(), own.session.clone());
    let codes = app
        .db
        .write(move |conn| {
            let codes = RecoveryCode::draw();
            factors::renew_codes(conn, &session.user, &codes, now)?;
            store::renew_session(conn, &session.token, &new, now)?;
            Ok::<_, Error>(codes)
        })
        .await?;
    codes_page(&own, &codes, &token)
}

fn codes_page(
    own: &OwnFactors,
    codes: &[RecoveryCode],
    token: &SessionToken,
) -> Result<HttpResponse, Error> {
    let return_to = ReturnTo::parse(&Fields::from_pairs([("next", "/account")]));
    let mut response = show_codes(own.shell("Your recovery codes"), codes, &return_to)?;
    give(&mut response, token)?;
    Ok(response)
}

/// `POST /account/second-factor/removal`. Other sessions end.
///
/// # Errors
/// When no user is signed in, there were too many attempts, or the database fails.
pub async fn remove(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let own = match ask_again(&app, &current_user, fields).await? {
        Ok(own) if own.required => {
            return own.refused(
                "Officers and administrators need a second factor here; set up another one instead",
            );
        }
        Ok(own) => own,
        Err(answer) => return Ok(answer),
    };
    let (token, now, session) = (SessionToken::fresh(), current_user.now, own.session);
    let new = token.hash();
    app.db
        .write(move |conn| {
            let (kept, actor) = (Some(&session.token), session.user.actor());
            factors::remove(conn, session.user.id, kept, &actor, now)?;
            Ok::<_, Error>(store::renew_session(conn, &session.token, &new, now)?)
        })
        .await?;
    let mut response = see_other_done("/account", "factor-removed");
    give(&mut response, &token)?;
    Ok(response)
}
