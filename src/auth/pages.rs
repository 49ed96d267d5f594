//! Signing in and out.

use actix_web::HttpResponse;

use crate::auth::session::Asked;
use crate::web::page::see_other;

/// Answers somebody who has to sign in first.
#[must_use]
pub fn sign_in_needed(asked: &Asked) -> HttpResponse {
    let next: String = url::form_urlencoded::byte_serialize(asked.path.as_bytes()).collect();
    see_other(&format!("/sign-in?next={next}"))
}
