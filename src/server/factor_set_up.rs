//! Setting a second factor up: the pages that show the seed and, once, the recovery codes. They are the same on one's
//! account and on the way in.

use actix_web::HttpResponse;
use askama::Template;

use crate::auth::factor::seal::Sealer;
use crate::auth::factor::store::NewFactor;
use crate::auth::factor::{RecoveryCode, Seed, Square, Typed};
use crate::core::time::Moment;
use crate::core::user::User;
use crate::runtime::secret::TokenHash;
use crate::server::Error;
use crate::server::field::{ErrorSummary, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Shell, render, unprocessable};
use crate::server::return_to::{ReturnTo, WaitingForm};

/// The hidden field that carries the seed to and fro, sealed.
pub const LENT: &str = "set_up";

/// Who sets a factor up, and where.
#[derive(Debug, Clone)]
pub struct SetUpContext {
    /// Whose it will be.
    pub user: User,
    /// The session, or the sign-in half way to one.
    pub token: TokenHash,
    /// Action of the form.
    pub action: &'static str,
    /// Where those go who would rather not.
    pub back: &'static str,
    /// Where it leads.
    pub return_to: ReturnTo,
    /// Time at which an administrator removed the last one.
    pub reset_at: Option<Moment>,
}

#[derive(Template)]
#[template(path = "auth/set_up.html")]
struct SetUpPage {
    shell: Shell,
    summary: ErrorSummary,
    email: String,
    square: Square,
    letters: String,
    lent: String,
    code: TextField,
    action: &'static str,
    back: &'static str,
    return_to: ReturnTo,
    forced: bool,
    reset: Option<String>,
}

impl SetUpContext {
    /// The page for a new seed.
    ///
    /// # Errors
    /// When the operating system gives no randomness, or the template fails.
    pub fn begin(&self, sealer: &Sealer, shell: Shell, now: Moment) -> Result<HttpResponse, Error> {
        let seed = Seed::fresh();
        let lent = sealer.lend(&seed, self.user.id, &self.token, now)?;
        render(&self.page(&seed, lent, shell, &Form::default())?)
    }

    /// Result of the form: a second factor, or the answer that says why not.
    ///
    /// # Errors
    /// When the operating system gives no randomness, or the template fails.
    pub fn end(
        &self,
        sealer: &Sealer,
        shell: Shell,
        fields: Fields,
        now: Moment,
    ) -> Result<Result<NewFactor, HttpResponse>, Error> {
        let lent = fields.get(LENT).to_owned();
        let Some(seed) = sealer.take_back(&lent, self.user.id, &self.token, now) else {
            return Err(Error::Conflict(format!(
                "Nothing was set up: this page has expired or belongs to another session. Start again at {}.",
                self.back
            )));
        };
        let typed = fields.get("code");
        let step = match Typed::parse(typed) {
            Ok(Typed::Code(code)) => seed.step_of(&code, now).ok_or(
                "Code is not the one your device should show now; type the next one, and check that its clock is right",
            ),
            Ok(Typed::Recovery(_)) => Err("Code has six digits: those that your device shows now"),
            Err(fault) => Err(fault),
        };
        match step {
            Ok(step) => Ok(Ok(NewFactor {
                sealed: sealer.seal(&seed, self.user.id)?,
                step,
                codes: RecoveryCode::draw(),
            })),
            Err(fault) => {
                let mut errors = FieldErrors::default();
                errors.add("code", fault);
                let form = Form::rejected(fields, errors);
                Ok(Err(unprocessable(&self.page(&seed, lent, shell, &form)?)?))
            }
        }
    }

    fn page(
        &self,
        seed: &Seed,
        lent: String,
        shell: Shell,
        form: &Form,
    ) -> Result<SetUpPage, Error> {
        Ok(SetUpPage {
            forced: shell.user.is_none(),
            shell: shell.form(form),
            summary: form.summary(),
            email: self.user.email.to_string(),
            square: seed.square(self.user.email.as_str())?,
            letters: seed.letters(),
            lent,
            code: code_field()
                .help("The six digits that your device shows now.")
                .of(form),
            action: self.action,
            back: self.back,
            return_to: self.return_to.clone(),
            reset: self.reset_at.map(Moment::in_words),
        })
    }
}

/// Where a code is typed: browsers and telephones know what to offer there.
#[must_use]
pub fn code_field() -> TextField {
    TextField::new("code", "Code").autocomplete("one-time-code")
}

#[derive(Template)]
#[template(path = "auth/recovery_codes.html")]
struct CodesPage {
    shell: Shell,
    codes: Vec<String>,
    next: String,
    form: Option<WaitingForm>,
}

/// Shows recovery codes once.
///
/// # Errors
/// When the template fails, or the waiting form has an invalid encoding.
pub fn show_codes(
    shell: Shell,
    codes: &[RecoveryCode],
    return_to: &ReturnTo,
) -> Result<HttpResponse, Error> {
    render(&CodesPage {
        shell,
        codes: codes.iter().map(RecoveryCode::reveal).collect(),
        next: return_to.target().to_owned(),
        form: return_to.waiting_form()?,
    })
}
