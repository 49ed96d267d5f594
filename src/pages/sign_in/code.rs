//! `/sign-in/code` and `/sign-in/second-factor`: the second step of signing in, after a right password, or the word of the provider
//! of single sign-on.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::factor::seal::Sealer;
use crate::auth::factor::step::{self, HalfWay};
use crate::auth::factor::{Typed, store as factors};
use crate::auth::store;
use crate::auth::throttle::{self, Counters};
use crate::core::action::Action;
use crate::core::time::Moment;
use crate::core::user::User;
use crate::db::Conn;
use crate::runtime::secret::SessionToken;
use crate::server::Error;
use crate::server::app::App;
use crate::server::factor_set_up::{LENT, SetUpContext, code_field, show_codes};
use crate::server::field::{ErrorSummary, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Shell, render, see_other, unprocessable};
use crate::server::return_to::{self, ReturnTo};
use crate::server::session::CurrentUser;
use crate::server::sign_in::StartedSession;
use crate::server::throttle::refuse_if_over;

const CODE: &str = "/sign-in/code";
const SET_UP: &str = "/sign-in/second-factor";

#[derive(Template)]
#[template(path = "auth/code.html")]
struct CodePage {
    shell: Shell,
    summary: ErrorSummary,
    code: TextField,
    return_to: ReturnTo,
}

impl CodePage {
    fn new(form: &Form, return_to: ReturnTo) -> Self {
        Self {
            shell: Shell::new("Second factor").form(form),
            summary: form.summary(),
            code: code_field()
                .help("The six digits that your device shows now, or one of your recovery codes.")
                .of(form),
            return_to,
        }
    }
}

/// Shows the page for the code after a right password. A waiting form is carried along in the page itself.
pub fn ask(return_to: ReturnTo) -> Result<HttpResponse, Error> {
    if return_to.has_form() {
        return render(&CodePage::new(&Form::default(), return_to));
    }
    Ok(see_other(&return_to.by_way_of(CODE)))
}

/// Shows the set-up page to a user who needs a second factor first.
///
/// # Errors
/// When the operating system gives no randomness, or the template fails.
pub fn ask_to_set_up(
    app: &App,
    user: &User,
    token: &SessionToken,
    reset_at: Option<Moment>,
    return_to: ReturnTo,
) -> Result<HttpResponse, Error> {
    if !return_to.has_form() {
        return Ok(see_other(&return_to.by_way_of(SET_UP)));
    }
    let half_way = HalfWay {
        user: user.clone(),
        token: token.hash(),
    };
    place(half_way, reset_at, return_to).begin(&app.config.sealer(), shell(), app.clock.now())
}

/// Step of a sign-in.
struct SignInProgress {
    half_way: HalfWay,
    has_one: bool,
    reset_at: Option<Moment>,
}

impl SignInProgress {
    fn of(conn: &mut Conn, current_user: &CurrentUser) -> Result<Option<Self>, Error> {
        let Some(half_way) = step::of(conn, current_user.token(), current_user.now)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            has_one: factors::of(conn, half_way.user.id)?.is_some(),
            reset_at: factors::reset_at(conn, half_way.user.id)?,
            half_way,
        }))
    }
}

async fn stand(app: &App, current_user: &CurrentUser) -> Result<Option<SignInProgress>, Error> {
    let current_user = current_user.clone();
    app.db
        .read(move |conn| SignInProgress::of(conn, &current_user))
        .await
}

/// A user who took too long, or never typed a password, starts again; the waiting form is still there.
fn begin_anew(app: &App, return_to: ReturnTo) -> Result<HttpResponse, Error> {
    if return_to.has_form() {
        return crate::pages::sign_in::begin_anew(app, return_to);
    }
    Ok(see_other(&return_to.by_way_of("/sign-in")))
}

/// `GET /sign-in/code`
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let return_to = ReturnTo::in_query(query.into_inner());
    match stand(&app, &current_user).await? {
        None => begin_anew(&app, return_to),
        Some(stand) if !stand.has_one => Ok(see_other(&return_to.by_way_of(SET_UP))),
        Some(_) => render(&CodePage::new(&Form::default(), return_to)),
    }
}

/// `POST /sign-in/code`
///
/// # Errors
/// When there were too many tries, or the database fails.
pub async fn take(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&[&["code"], return_to::FIELDS.as_slice()].concat())?;
    let return_to = ReturnTo::parse(&fields);
    let half_way = match stand(&app, &current_user).await? {
        None => return begin_anew(&app, return_to),
        Some(stand) if !stand.has_one => return Ok(see_other(&return_to.by_way_of(SET_UP))),
        Some(stand) => stand.half_way,
    };
    let mut errors = FieldErrors::default();
    let typed = errors.take("code", Typed::parse(fields.get("code")));
    if let Some(typed) = typed {
        let (sealer, user) = (app.config.sealer(), half_way.user.clone());
        refuse_if_over(&app, &Counters::of_code(user.id), current_user.now).await?;
        let outcome = app
            .db
            .write(move |conn| try_code(conn, &current_user, &half_way, &sealer, &typed))
            .await?;
        if let Some(entry) = outcome {
            let mut response = return_to.leave(&user)?;
            entry.give_to(&mut response)?;
            return Ok(response);
        }
        errors.add(
            "code",
            "The code is wrong or was used before; type the next one that your device shows",
        );
    }
    // A code is good once: it is not shown again.
    let form = Form::rejected(Fields::default(), errors);
    unprocessable(&CodePage::new(&form, return_to))
}

/// Counts the attempt before anything is checked, and in a transaction of its own, so that no failure reverts it.
fn try_code(
    conn: &mut Conn,
    current_user: &CurrentUser,
    half_way: &HalfWay,
    sealer: &Sealer,
    typed: &Typed,
) -> Result<Option<StartedSession>, Error> {
    let (user, now) = (&half_way.user, current_user.now);
    let counters = Counters::of_code(user.id);
    throttle::count(conn, &counters, now)?;
    if !factors::spend(conn, sealer, user.id, typed, now)? {
        store::note_refusal(
            conn,
            user,
            Action::UserCodeRefused,
            current_user.address,
            now,
        )?;
        return Ok(None);
    }
    throttle::forgive(conn, &counters)?;
    if !step::end(conn, &half_way.token)? {
        return Ok(None);
    }
    StartedSession::begin(conn, current_user, user).map(Some)
}

fn shell() -> Shell {
    Shell::new("Set up a second factor")
}

fn place(half_way: HalfWay, reset_at: Option<Moment>, return_to: ReturnTo) -> SetUpContext {
    SetUpContext {
        user: half_way.user,
        token: half_way.token,
        action: SET_UP,
        back: "/sign-in",
        return_to,
        reset_at,
    }
}

/// `GET /sign-in/second-factor`: for those who have to have a second factor and have none.
pub async fn show_set_up(
    app: web::Data<App>,
    current_user: CurrentUser,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let return_to = ReturnTo::in_query(query.into_inner());
    match stand(&app, &current_user).await? {
        None => begin_anew(&app, return_to),
        Some(stand) if stand.has_one => Ok(see_other(&return_to.by_way_of(CODE))),
        Some(stand) => place(stand.half_way, stand.reset_at, return_to).begin(
            &app.config.sealer(),
            shell(),
            current_user.now,
        ),
    }
}

/// `POST /sign-in/second-factor`
///
/// # Errors
/// When the set-up took too long, or the database fails.
pub async fn set_up(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&[&["code", LENT], return_to::FIELDS.as_slice()].concat())?;
    let return_to = ReturnTo::parse(&fields);
    let place = match stand(&app, &current_user).await? {
        None => return begin_anew(&app, return_to),
        Some(stand) if stand.has_one => return Ok(see_other(&return_to.by_way_of(CODE))),
        Some(stand) => place(stand.half_way, stand.reset_at, return_to),
    };
    let factor = match place.end(&app.config.sealer(), shell(), fields, current_user.now)? {
        Ok(factor) => factor,
        Err(answer) => return Ok(answer),
    };
    let SetUpContext {
        user, return_to, ..
    } = place.clone();
    let entrant = user.clone();
    let outcome = app
        .db
        .write(move |conn| {
            // Ending the step is what only one of two can do that are sent together.
            if !step::end(conn, &place.token)? {
                return Ok(None);
            }
            factors::set(conn, &entrant, &factor, None, current_user.now)?;
            let entry = StartedSession::begin(conn, &current_user, &entrant)?;
            Ok::<_, Error>(Some((entry, factor.codes)))
        })
        .await?;
    let Some((entry, codes)) = outcome else {
        return begin_anew(&app, return_to);
    };
    let shell = Shell::new("Your recovery codes").signed_in(user.name.as_str(), user.admin);
    let mut response = show_codes(shell, &codes, &return_to)?;
    entry.give_to(&mut response)?;
    Ok(response)
}
