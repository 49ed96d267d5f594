//! Errors as programs read them: problems by RFC 9457, `application/problem+json`.

use std::fmt;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::db::DbError;
use crate::server::Error;
use crate::server::error::SOON;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Problem documents: errors of the API, for programs and their logs.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    /// An anchor of the reference page; `None` where the status says it all (`about:blank`).
    kind: Option<&'static str>,
    detail: String,
    facts: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem that its status and one sentence describe.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
            facts: Map::new(),
            headers: Vec::new(),
        }
    }

    /// A token that is missing or does not count (RFC 6750, section 3).
    #[must_use]
    pub fn unauthorized(challenge: &'static str, detail: impl Into<String>) -> Self {
        let challenge = HeaderValue::from_static(challenge);
        Self::new(StatusCode::UNAUTHORIZED, detail).header(header::WWW_AUTHENTICATE, challenge)
    }

    /// An address that knows other methods than the one tried.
    #[must_use]
    pub fn method_not_allowed(allowed: &str) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("Allowed here: {allowed}."),
        );
        match HeaderValue::from_str(allowed) {
            Ok(allowed) => problem.header(header::ALLOW, allowed),
            Err(_) => problem,
        }
    }

    /// Names the kind, which the reference page explains.
    #[must_use]
    pub fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Adds a fact for the program.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn body(&self) -> Value {
        let mut body = self.facts.clone();
        let title = self.status.canonical_reason().unwrap_or("Error");
        let kind = self.kind.map_or("about:blank".to_owned(), |kind| {
            format!("/api#problem-{kind}")
        });
        body.insert("type".into(), kind.into());
        body.insert("title".into(), title.into());
        body.insert("status".into(), self.status.as_u16().into());
        body.insert("detail".into(), self.detail.as_str().into());
        body.into()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.content_type(MEDIA_TYPE);
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        answer.body(self.body().to_string())
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let detail = match error {
            Error::NotFound => {
                "Nothing was found at this address, or you have no role there.".to_owned()
            }
            Error::Forbidden(why) | Error::BadRequest(why) | Error::Conflict(why) => why.clone(),
            Error::SignInNeeded(_) => {
                return Self::unauthorized(
                    "Bearer realm=\"iikura\", error=\"invalid_token\"",
                    "This token is invalid: it was revoked or mistyped, or its account is disabled.",
                );
            }
            Error::MethodNotAllowed => "This action is not available at this address.".to_owned(),
            Error::TooLarge { most } => {
                format!(
                    "A body takes at most {} KB. Nothing was stored.",
                    most / 1024
                )
            }
            Error::TooSlow => "The body arrived too slowly. Nothing was stored.".to_owned(),
            Error::NotAForm => {
                "Bodies are sent as application/json. Nothing was stored.".to_owned()
            }
            Error::TooMany { wait } => {
                let (wait, unit) = (*wait.max(&1), if *wait > 1 { "seconds" } else { "second" });
                return Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    format!("Wait {wait} {unit} and try again."),
                )
                .header(header::RETRY_AFTER, HeaderValue::from(wait));
            }
            Error::Busy { wait } => {
                return Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("The server is overloaded at this moment. Nothing was stored; try again in {wait} \
                             seconds."),
                )
                .header(header::RETRY_AFTER, HeaderValue::from(*wait));
            }
            Error::StorageFull => {
                "Nothing was stored: the disk of the database is full. Reading still works."
                    .to_owned()
            }
            Error::Unavailable => {
                return Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The database does not answer. Nothing was stored; try again in a moment.",
                )
                .header(header::RETRY_AFTER, HeaderValue::from(SOON));
            }
            Error::UnknownOutcome => {
                return Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The database connection was lost while storing: the outcome is unknown. Check before you send it \
                     again, or send it with the same Idempotency-Key.",
                )
                .header(header::RETRY_AFTER, HeaderValue::from(SOON));
            }
            Error::Outdated => {
                return Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "A newer Iikura has migrated the database, and this server is older. Nothing was stored; try \
                     again in a moment.",
                )
                .header(header::RETRY_AFTER, HeaderValue::from(SOON));
            }
            Error::Internal { id } => format!(
                "Something went wrong on our side. If it happens again, give your administrator this number: {id}"
            ),
        };
        Self::new(error.status_code(), detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        Error::from(error).into()
    }
}

/// The methods of an address, as `Allow` lists them; GET implies HEAD.
#[must_use]
pub fn allowed(methods: &[Method]) -> String {
    let head = methods
        .contains(&Method::GET)
        .then_some(Method::HEAD.as_str());
    let methods: Vec<&str> = methods.iter().map(Method::as_str).chain(head).collect();
    methods.join(", ")
}
