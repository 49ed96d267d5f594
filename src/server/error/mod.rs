//! The one error that handlers return, and the page that says what happened and where to go.

mod causes;

use std::fmt::Display;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use crate::runtime::trace;
use crate::server::body::FORM_LIMIT;
use crate::server::page::{self, Shell};
use crate::server::session::RequestedPage;

/// Seconds after which a database that gave no connection is asked again.
pub(crate) const SOON: i64 = 5;

/// Why a request got no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there, or nothing that the viewer may know of: both answer alike.
    #[error("not found")]
    NotFound,
    /// The viewer may read here but not do this; the sentence says who may.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// No user is signed in; the address is remembered for after the sign-in.
    #[error("sign-in needed")]
    SignInNeeded(Box<RequestedPage>),
    /// The request makes no sense; the sentence says what is wrong with it.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// The current state does not allow it any more; the sentence says why.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The address knows this page, but not this method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body is larger than we take.
    #[error("too large")]
    TooLarge {
        /// The bytes that we take of this sender at this address.
        most: usize,
    },
    /// The body arrived too slowly.
    #[error("too slow")]
    TooSlow,
    /// The body is not an HTML form.
    #[error("unsupported media type")]
    NotAForm,
    /// Too many attempts; the seconds until the next one is listened to.
    #[error("too many requests")]
    TooMany {
        /// Seconds to wait.
        wait: i64,
    },
    /// Too much is asked of the server by all together; the seconds until another try makes sense.
    #[error("busy")]
    Busy {
        /// Seconds to wait.
        wait: i64,
    },
    /// The disk is full: reading still works, writing does not.
    #[error("storage full")]
    StorageFull,
    /// The database gives no connection: nothing was begun.
    #[error("database unavailable")]
    Unavailable,
    /// The database was lost while storing: the outcome is unknown.
    #[error("unknown whether stored")]
    UnknownOutcome,
    /// A newer program has migrated the database: this server may not store anything any more.
    #[error("server outdated")]
    Outdated,
    /// Our own fault, logged under this id.
    #[error("internal error {id}")]
    Internal {
        /// The request's id: on error pages, to read out on the telephone, and in the log.
        id: String,
    },
}

impl Error {
    /// Logs an internal fault and returns its error; nothing of `cause` reaches the client.
    #[must_use]
    pub fn internal(cause: impl Display) -> Self {
        let id = trace::current_id().unwrap_or_else(trace::draw_id);
        tracing::error!(%id, %cause, "internal error");
        Self::Internal { id }
    }

    /// The error of an empty answer with this status.
    #[must_use]
    pub fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge { most: FORM_LIMIT },
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::NotAForm,
            status if status.is_client_error() => {
                Self::BadRequest("The request could not be understood.".into())
            }
            status => Self::internal(format!("an answer {status} without a page")),
        }
    }

    /// The seconds after which another try makes sense, where that is known.
    const fn wait(&self) -> Option<i64> {
        match self {
            Self::TooMany { wait } | Self::Busy { wait } => Some(*wait),
            Self::Unavailable | Self::UnknownOutcome | Self::Outdated => Some(SOON),
            _ => None,
        }
    }

    fn heading(&self) -> &'static str {
        match self {
            Self::NotFound => "Page not found",
            Self::Forbidden(_) => "You do not have permission",
            Self::SignInNeeded(_) => "Sign in to continue",
            Self::BadRequest(_) => "The request was not understood",
            Self::Conflict(_) => "Conflict with another change",
            Self::MethodNotAllowed => "This action is not available here",
            Self::TooLarge { .. } => "The request is too large",
            Self::TooSlow => "The request timed out",
            Self::NotAForm => "Unsupported form encoding",
            Self::TooMany { .. } => "Too many attempts",
            Self::Busy { .. } => "The server is busy",
            Self::StorageFull => "The storage is full",
            Self::Unavailable => "The database does not answer",
            Self::UnknownOutcome => "The database connection was lost",
            Self::Outdated => "This server is being replaced",
            Self::Internal { .. } => "Something went wrong on our side",
        }
    }

    fn sentences(&self) -> Vec<String> {
        let fixed: &[&str] = match self {
            Self::NotFound => &[
                "The address may be mistyped, the page may have been removed, or it belongs to an event at which you \
                 have no role.",
                "If you expected to see something here, ask your administrator for a role at that event.",
            ],
            Self::Forbidden(why) | Self::BadRequest(why) | Self::Conflict(why) => {
                return vec![why.clone()];
            }
            Self::SignInNeeded(_) => &["Your session has ended."],
            Self::MethodNotAllowed => &["Go back to the page you came from and use its buttons."],
            Self::TooLarge { most } => {
                return vec![format!(
                    "A form takes at most {} KB{}. Nothing was stored; shorten the longest field and send it again.",
                    most / 1024,
                    if *most < FORM_LIMIT {
                        " before signing in"
                    } else {
                        ""
                    }
                )];
            }
            Self::TooSlow => &[
                "The request arrived too slowly or was interrupted. Nothing was stored.",
                "Go back and send it again: what you typed is still there.",
            ],
            Self::NotAForm => {
                &["Forms are sent as application/x-www-form-urlencoded. Nothing was stored."]
            }
            Self::TooMany { wait } => {
                return vec![format!("Wait {} and try again.", minutes_in_words(*wait))];
            }
            Self::Busy { .. } => &[
                "The server is overloaded at this moment. Nothing was stored. Wait a few seconds, go back and try \
                 again: what you typed is still there.",
            ],
            Self::StorageFull => &[
                "Nothing was stored. You can still read and print, but no change can be saved until there is space \
                 again.",
                "Tell your administrator that the disk of the database is full.",
            ],
            Self::Unavailable => &[
                "Nothing was stored. Wait a moment, go back and try again: what you typed is still there.",
                "If this continues, tell your administrator that the database cannot be reached.",
            ],
            Self::UnknownOutcome => &[
                "The database connection was lost while storing: the outcome is unknown.",
                "Wait a moment, then open the page again and check the outcome before you try again.",
            ],
            Self::Outdated => &[
                "Nothing was stored: a newer Iikura has migrated the database, and this server is older.",
                "Wait a moment, go back and try again: what you typed is still there. If this continues, tell your \
                 administrator to stop this server and start the newer one.",
            ],
            Self::Internal { id } => {
                return vec![
                    "Nothing was stored beyond what was confirmed to you. Try again in a moment."
                        .into(),
                    format!("If it happens again, give your administrator this number: {id}"),
                ];
            }
        };
        fixed.iter().map(|&sentence| sentence.to_owned()).collect()
    }
}

/// `1 minute`, `12 minutes`; seconds are rounded up.
#[must_use]
pub fn minutes_in_words(seconds: i64) -> String {
    match (seconds.max(1) + 59) / 60 {
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    sentences: Vec<String>,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::SignInNeeded(asked) if asked.is_safe() => StatusCode::SEE_OTHER,
            Self::SignInNeeded(_) => StatusCode::UNAUTHORIZED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Busy { .. } | Self::Unavailable | Self::UnknownOutcome | Self::Outdated => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::SignInNeeded(asked) = self {
            return crate::server::sign_in_page::sign_in_needed(asked);
        }
        let shown = ErrorPage {
            shell: Shell::new(self.heading()),
            sentences: self.sentences(),
        };
        let mut response = page::with_status(self.status_code(), &shown).unwrap_or_else(|_| {
            HttpResponse::build(self.status_code()).body(self.heading().to_owned())
        });
        if let Some(wait) = self.wait() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from(wait));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_is_shown_in_whole_minutes_rounded_up() {
        for (seconds, words) in [
            (0, "1 minute"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (900, "15 minutes"),
        ] {
            assert_eq!(minutes_in_words(seconds), words);
        }
    }

    #[test]
    fn nothing_of_a_cause_reaches_the_page() {
        let error = Error::internal("secret-cause");
        assert!(!error.sentences().concat().contains("secret-cause"));
        assert!(!error.to_string().contains("secret-cause"));
    }
}
