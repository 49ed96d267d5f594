//! What a program asks: who it is by its token, and what it sent. Cookies count for nothing here.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::auth::session::Session;
use crate::auth::token;
use crate::core::slot::{Slot, SlotId};
use crate::core::visibility::{Viewer, view};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::problem::Problem;
use crate::server::security::ApiBody;
use crate::server::session::CurrentUser;

/// What a program must show.
const CHALLENGE: &str = "Bearer realm=\"iikura\"";

/// A request with a token.
pub(super) struct ApiRequest {
    pub(super) app: web::Data<App>,
    pub(super) current_user: CurrentUser,
    request: HttpRequest,
}

impl FromRequest for ApiRequest {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(ask(request))
    }
}

fn ask(request: &HttpRequest) -> Result<ApiRequest, Problem> {
    let unfit = || Problem::from(Error::internal("the application is not set up"));
    let app = request.app_data::<web::Data<App>>().ok_or_else(unfit)?;
    let token = token::hash(bearer(request)?);
    app.api_rates.count(token.as_str()).map_err(Error::from)?;
    let current_user = CurrentUser::from_request(request, &mut Payload::None).into_inner()?;
    Ok(ApiRequest {
        app: app.clone(),
        current_user: current_user.bearing(token),
        request: request.clone(),
    })
}

/// The token in `Authorization: Bearer …` (RFC 6750); the scheme's letters may be small or large.
fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    let missing = || {
        Problem::unauthorized(
            CHALLENGE,
            "Send a token in the header “Authorization: Bearer …”. Create one on your account page.",
        )
    };
    let mut sent = request.headers().get_all(header::AUTHORIZATION);
    let (Some(only), None) = (sent.next(), sent.next()) else {
        return Err(missing());
    };
    let (scheme, token) = only
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(missing)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(missing());
    }
    Ok(token)
}

impl ApiRequest {
    /// The user of the token.
    pub(super) async fn session(&self) -> Result<Session, Problem> {
        let current_user = self.current_user.clone();
        let session = self
            .app
            .db
            .read(move |conn| current_user.session(conn))
            .await?;
        Ok(session)
    }

    /// Returns the user's access to an event.
    pub(super) async fn context(&self, slug: &str) -> Result<EventContext, Problem> {
        Ok(EventContext::at(&self.app, self.current_user.clone(), slug.to_owned()).await?)
    }

    /// Returns the user's access to the event of a slot, and the slot; a slot that the user may not see is not found.
    pub(super) async fn slot(&self, id: i64) -> Result<(EventContext, Arc<Slot>), Problem> {
        let (context, slot) =
            EventContext::of_slot(&self.app, self.current_user.clone(), SlotId(id)).await?;
        if view(&context.programme, Viewer::Staff, &slot).is_none() {
            return Err(Error::NotFound.into());
        }
        Ok((context, slot))
    }

    /// The request itself.
    pub(super) const fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The body's bytes.
    pub(super) fn bytes(&self) -> Bytes {
        let extensions = self.request.extensions();
        extensions
            .get::<ApiBody>()
            .map(|ApiBody(bytes)| bytes.clone())
            .unwrap_or_default()
    }

    /// The body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let kind = self.text("content-type")?.unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let merges = self.request.method() == Method::PATCH
            && kind.eq_ignore_ascii_case("application/merge-patch+json");
        if !kind.eq_ignore_ascii_case("application/json") && !merges {
            return Err(Error::NotAForm.into());
        }
        parse(&self.bytes())
    }

    /// The body, where there need not be one.
    pub(super) fn body_if_any<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.bytes().is_empty() {
            Ok(T::default())
        } else {
            self.body()
        }
    }

    /// Parses the query of the address.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let query = web::Query::<T>::from_query(self.request.query_string());
        query.map(web::Query::into_inner).map_err(|error| {
            let fault = error.to_string();
            let fault = fault.rsplit("error: ").next().unwrap_or_default();
            bad_request(format!("Query in the address: {fault}."))
        })
    }

    /// Returns the query of the address as it was sent.
    pub(super) fn query_string(&self) -> &str {
        self.request.query_string()
    }

    /// A header that may come once.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let unread = || bad_request(format!("The header {name} cannot be read."));
        let mut sent = self.request.headers().get_all(name);
        match (sent.next(), sent.next()) {
            (None, _) => Ok(None),
            (Some(only), None) => only.to_str().map(Some).map_err(|_| unread()),
            _ => Err(unread()),
        }
    }

    /// A header that may come as often as it likes, as one list.
    pub(super) fn list(&self, name: &str) -> Result<Option<String>, Problem> {
        let sent: Vec<&str> = self
            .request
            .headers()
            .get_all(name)
            .map(|value| value.to_str())
            .collect::<Result<_, _>>()
            .map_err(|_| bad_request(format!("The header {name} cannot be read.")))?;
        Ok((!sent.is_empty()).then(|| sent.join(",")))
    }
}

/// Builds the error for an invalid request.
pub(super) fn bad_request(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

/// Reads JSON: what is no JSON is a bad request, what is other JSON than asked for cannot be processed.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would take a list for an object, field by field.
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if begins != Some(&b'{') && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        return Err(unprocessable([("", "The body is an object, as in {}.")]));
    }
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut source);
    let parsed = parsed.map_err(|error| {
        let path = error.path().to_string();
        (path, error.into_inner())
    });
    let whole = parsed.and_then(|value| match source.end() {
        Ok(()) => Ok(value),
        Err(error) => Err((".".to_owned(), error)),
    });
    whole.map_err(|(path, error)| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let fault = error.to_string();
        if !error.is_data() {
            return bad_request(format!("The body is not JSON: {fault}."));
        }
        let fault = fault.strip_suffix(&place).unwrap_or(&fault);
        let field = if path == "." { "" } else { path.as_str() };
        unprocessable([(field, fault)])
    })
}

/// Builds the error for invalid values, with a message for each field.
pub(super) fn unprocessable<'a>(errors: impl IntoIterator<Item = (&'a str, &'a str)>) -> Problem {
    let errors: Vec<_> = errors.into_iter().collect();
    let sentences: Vec<String> = errors
        .iter()
        .map(|(field, message)| match *field {
            "" => (*message).to_owned(),
            field => format!("{field}: {message}"),
        })
        .collect();
    let facts: Vec<_> = errors
        .iter()
        .map(|(field, message)| serde_json::json!({ "field": field, "message": message }))
        .collect();
    let detail = format!("Nothing was stored. {}", sentences.join(" · "));
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        .of_kind("invalid")
        .fact("errors", facts)
}
