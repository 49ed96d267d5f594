//! The page on which users sign in, and the answer to those who have to do so first.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use crate::core::done::Done;
use crate::server::field::{ErrorSummary, TextField};
use crate::server::form::{Fields, Form};
use crate::server::page::{Shell, see_other, with_status};
use crate::server::return_to::ReturnTo;
use crate::server::session::RequestedPage;

/// The form of `/sign-in`.
#[derive(Template)]
#[template(path = "auth/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) shell: Shell,
    pub(crate) summary: ErrorSummary,
    pub(crate) email: TextField,
    pub(crate) password: TextField,
    pub(crate) return_to: ReturnTo,
    /// The provider of single sign-on, by its name.
    pub(crate) provider: Option<Arc<str>>,
    /// Why the sign-in failed, where no field is wrong.
    pub(crate) trouble: Option<String>,
}

impl SignInPage {
    pub(crate) fn new(form: &Form, provider: Option<Arc<str>>) -> Self {
        Self {
            shell: Shell::new("Sign in").form(form),
            summary: form.summary(),
            email: TextField::new("email", "E-mail address")
                .kind("email")
                .autocomplete("username")
                .of(form),
            password: TextField::new("password", "Password")
                .kind("password")
                .autocomplete("current-password")
                .of(form),
            return_to: ReturnTo::parse(&form.fields),
            provider,
            trouble: None,
        }
    }

    pub(crate) fn done(mut self, done: Option<Done>) -> Self {
        self.shell = self.shell.done(done);
        self
    }
}

/// Answers a user who has to sign in first: the address requested is remembered in the address, a form sent stays in
/// the sign-in page, except its password fields.
#[must_use]
pub fn sign_in_needed(asked: &RequestedPage) -> HttpResponse {
    let Some(body) = &asked.form else {
        let next: String = url::form_urlencoded::byte_serialize(asked.path.as_bytes()).collect();
        return see_other(&format!("/sign-in?next={next}"));
    };
    Fields::parse(body)
        .and_then(|fields| {
            let form = Form::new(Fields::from_pairs([
                ("resume_path", asked.path.clone()),
                ("resume_body", fields.encode_without_passwords()),
            ]));
            let page = SignInPage::new(&form, asked.provider.clone());
            with_status(StatusCode::UNAUTHORIZED, &page)
        })
        .unwrap_or_else(|error| error.error_response())
}
