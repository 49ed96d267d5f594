//! Security middleware: same origin, body limits, panics, headers, and one log line per request.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use url::Url;

use crate::runtime::hang_up;
use crate::runtime::trace::Trace;
use crate::server::app::App;
use crate::server::body::{self, ReadBody};
use crate::server::connection::{ConnectionState, RequestGuard};
use crate::server::privacy::Privacy;
use crate::server::problem::Problem;
use crate::server::{Error, client, compression, form_token};

/// Seconds after which an address with too many requests at once may try again.
const CROWD_WAIT: i64 = 5;

/// The body of a form, read and within its limit; [`crate::server::form::Fields`] parses it.
pub struct FormBytes(pub Bytes);

/// The body of a request to the API, read and within its limit.
pub struct ApiBody(pub Bytes);

/// Marks a request that asks for the head of an answer alone. Routes and handlers see it as GET.
pub struct HeadOnly;

/// Sets every answer's headers and lets no request through that another site could have caused.
///
/// # Errors
/// When something inside fails without an answer of its own, or panics; the error renders as a page.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let trace = Trace::fresh();
    trace.clone().of(pass(trace, request, next)).await
}

async fn pass(
    trace: Trace,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let line = RequestLine::begin(&trace, &request);
    let mut answering = RequestGuard::begin(request.conn_data::<Rc<ConnectionState>>());
    let https = public_url(&request).is_some_and(|url| url.scheme() == "https");
    let reader = AddressReader::of(request.path());
    let privacy = Privacy::of(request.path());
    let faulty = |error| Dressed {
        error,
        reader,
        https,
        privacy,
        id: trace.id().to_owned(),
    };
    let head_only = request.method() == Method::HEAD;
    let admitted = admit(&mut request, reader, line.from, &mut answering).await;
    if head_only {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadOnly);
    }
    let mut response = match admitted {
        Ok(()) => match answer(&trace, next, request).await {
            Ok(Ok(response)) => compression::apply(with_words(response, reader)).await,
            Ok(Err(error)) => {
                line.end(error.as_response_error().status_code());
                return Err(faulty(own(&error)).into());
            }
            Err(()) => {
                line.end(StatusCode::INTERNAL_SERVER_ERROR);
                return Err(faulty(Error::internal("a panic")).into());
            }
        },
        Err(error) => refusal(request, reader, &error),
    };
    set_headers(response.headers_mut(), https, privacy, trace.id());
    line.end(response.status());
    Ok(response.map_body(|_, body| {
        let body = if head_only {
            BoxBody::new(LengthOnly(body.size()))
        } else {
            body
        };
        answering.until_sent(body)
    }))
}

/// The length of a body that is not sent, for an answer to HEAD.
struct LengthOnly(BodySize);

impl MessageBody for LengthOnly {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}

/// Answers a refused request; the rest of a body that was too slow is not awaited.
fn refusal(
    request: ServiceRequest,
    reader: AddressReader,
    error: &Error,
) -> ServiceResponse<BoxBody> {
    let mut answer = reader.words_for(error);
    if matches!(error, Error::TooSlow) {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    request.into_response(answer)
}

/// Has a request answered. When the client hangs up, one that only reads is dropped, and any other is done to its end.
async fn answer<B: MessageBody + 'static>(
    trace: &Trace,
    next: Next<B>,
    request: ServiceRequest,
) -> Result<Result<ServiceResponse<BoxBody>, actix_web::Error>, ()> {
    let reads = request.method() == Method::GET;
    let work = catch_panic(form_token::once(request, next));
    if reads {
        return work.await;
    }
    let work = trace.clone().of(work);
    hang_up::to_the_end(work).await.unwrap_or(Err(()))
}

/// A request's line in the log, and its place in the metrics.
struct RequestLine<'a> {
    trace: &'a Trace,
    app: Option<web::Data<App>>,
    started: Instant,
    method: Method,
    /// The pattern, not the path: a private link's token stays out of the log.
    route: String,
    from: IpAddr,
}

impl<'a> RequestLine<'a> {
    fn begin(trace: &'a Trace, request: &ServiceRequest) -> Self {
        Self {
            trace,
            app: request.app_data::<web::Data<App>>().cloned(),
            started: Instant::now(),
            method: request.method().clone(),
            route: request.match_pattern().unwrap_or_else(|| "-".to_owned()),
            from: client::of(request.request()),
        }
    }

    fn end(self, status: StatusCode) {
        let Self {
            trace,
            method,
            route,
            from,
            ..
        } = self;
        let took = self.started.elapsed();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let (id, user, status_code) =
            (trace.id(), trace.user().map(|user| user.0), status.as_u16());
        // Balancers ask every few seconds.
        if matches!(route.as_str(), "/healthz" | "/readyz") {
            tracing::debug!(id, %method, route, status = status_code, micros, %from, "request");
        } else {
            tracing::info!(id, %method, route, status = status_code, micros, user, %from, "request");
        }
        if let Some(app) = self.app {
            app.metrics.answered(route, &method, status, took);
        }
    }
}

/// Who reads the answers below an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressReader {
    /// A browser: errors are pages.
    Person,
    /// A program: errors are problems (RFC 9457).
    Program,
}

impl AddressReader {
    fn of(path: &str) -> Self {
        if path == "/api" || path.starts_with("/api/") {
            Self::Program
        } else {
            Self::Person
        }
    }

    fn words_for(self, error: &Error) -> HttpResponse {
        match self {
            Self::Person => error.error_response(),
            Self::Program => Problem::from(error).error_response(),
        }
    }
}

/// An error on its way out past the guard, with the headers that every answer has.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct Dressed {
    error: Error,
    reader: AddressReader,
    https: bool,
    privacy: Privacy,
    /// The request's.
    id: String,
}

impl ResponseError for Dressed {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.reader.words_for(&self.error);
        set_headers(response.headers_mut(), self.https, self.privacy, &self.id);
        response
    }
}

/// Converts an error of the framework.
fn own(error: &actix_web::Error) -> Error {
    let status = error.as_response_error().status_code();
    if status.is_server_error() {
        Error::internal(error)
    } else {
        Error::from_status(status)
    }
}

/// A browser sends its cookie whichever site caused the request; a program sends its token only where it means to. So
/// the
/// API does not check the origin, and knows no cookies.
async fn admit(
    request: &mut ServiceRequest,
    reader: AddressReader,
    from: IpAddr,
    answering: &mut RequestGuard,
) -> Result<(), Error> {
    limit_proxied(request, from, answering)?;
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return Ok(());
    }
    match reader {
        AddressReader::Person => {
            check_origin(request)?;
            if !is_form(request) {
                return Err(Error::NotAForm);
            }
            let bytes = read(request, from, answering).await?;
            let (bytes, sent) = form_token::take(request, bytes)?;
            let mut extensions = request.extensions_mut();
            extensions.insert(FormBytes(bytes));
            if let Some(sent) = sent {
                extensions.insert(sent);
            }
        }
        AddressReader::Program => {
            let bytes = read(request, from, answering).await?;
            request.extensions_mut().insert(ApiBody(bytes));
        }
    }
    Ok(())
}

/// Counts the requests that a proxy of ours forwards by the address that it names, as its connections carry many
/// clients.
fn limit_proxied(
    request: &ServiceRequest,
    from: IpAddr,
    answering: &mut RequestGuard,
) -> Result<(), Error> {
    let Some(app) = request.app_data::<web::Data<App>>() else {
        return Ok(());
    };
    let peer = request.peer_addr().map(|peer| peer.ip());
    if !peer.is_some_and(|peer| app.config.proxies.has(peer)) {
        return Ok(());
    }
    let Ok(permit) = app.limits.proxied_requests.acquire(Some(from), 1) else {
        app.metrics.refused("request", "address");
        return Err(Error::TooMany { wait: CROWD_WAIT });
    };
    answering.hold(permit);
    Ok(())
}

/// Reads the body within the limit for this request; its memory counts until the request is answered.
async fn read(
    request: &mut ServiceRequest,
    from: IpAddr,
    answering: &RequestGuard,
) -> Result<Bytes, Error> {
    let limit = body::limit(request);
    let ReadBody { bytes, permit } =
        body::read(request, limit, from, answering.connection()).await?;
    if let Some(permit) = permit {
        request.extensions_mut().insert(permit);
    }
    Ok(bytes)
}

/// Refuses what another site may have caused.
///
/// A browser says where a request comes from in `Sec-Fetch-Site`, older ones in `Origin` only. Every header that is
/// there has to speak for us. With neither, no page of a browser is behind it: such a request is refused as well.
fn check_origin(request: &ServiceRequest) -> Result<(), Error> {
    let headers = request.headers();
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let origin = headers.get(header::ORIGIN);
    let site_fits = site.is_none_or(|site| matches!(site, b"same-origin" | b"none"));
    let kept_back = Privacy::of(request.path()).keeps_origin_back(site, origin);
    let origin_fits = kept_back || origin.is_none_or(|origin| is_ours(request, origin));
    let spoken = site.is_some() || origin.is_some();
    if site_fits && origin_fits && spoken {
        return Ok(());
    }
    tracing::warn!(?site, ?origin, "refused a request from another site");
    Err(Error::Forbidden(match public_url(request) {
        Some(ours) => format!(
            "The request was not sent from a page of this site, so nothing was done. Open {} and try again there.",
            ours.origin().ascii_serialization()
        ),
        None => "The request was not sent from a page of this site, so nothing was done. Open the page again and try \
                 there.".into(),
    }))
}

/// With a public URL its origin is ours, otherwise the host that the request was sent to.
fn is_ours(request: &ServiceRequest, origin: &HeaderValue) -> bool {
    let Some(origin) = origin.to_str().ok() else {
        return false;
    };
    if let Some(ours) = public_url(request) {
        return origin == ours.origin().ascii_serialization();
    }
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(actix_web::http::uri::Authority::as_str)
        });
    let said = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.is_some() && host == said
}

fn public_url(request: &ServiceRequest) -> Option<&Url> {
    request
        .app_data::<web::Data<App>>()
        .and_then(|app| app.config.public_url.as_ref())
}

/// True for the media type of forms; what has no body needs none.
fn is_form(request: &ServiceRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    match kind.map(|kind| kind.to_str().unwrap_or_default().to_ascii_lowercase()) {
        Some(kind) => {
            kind.split(';').next().map(str::trim) == Some("application/x-www-form-urlencoded")
        }
        None => {
            body::announced(request).unwrap_or(0) == 0
                && !request.headers().contains_key(header::TRANSFER_ENCODING)
        }
    }
}

/// Puts words into an answer that the framework left empty: unknown addresses and methods.
fn with_words(
    response: ServiceResponse<impl MessageBody + 'static>,
    reader: AddressReader,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let empty = matches!(
        response.response().body().size(),
        BodySize::None | BodySize::Sized(0)
    );
    let response = response.map_into_boxed_body();
    if empty && (status.is_client_error() || status.is_server_error()) {
        let (request, old) = response.into_parts();
        let mut page = reader.words_for(&Error::from_status(status));
        for (name, value) in old.headers() {
            if !page.headers().contains_key(name) {
                page.headers_mut().append(name.clone(), value.clone());
            }
        }
        return ServiceResponse::new(request, page);
    }
    response
}

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Adds the headers of every answer; one that the handler set stays.
fn set_headers(headers: &mut HeaderMap, https: bool, privacy: Privacy, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    let always = [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let hsts = (
        header::STRICT_TRANSPORT_SECURITY,
        "max-age=31536000; includeSubDomains",
    );
    let always = always.into_iter().chain(privacy.headers());
    for (name, value) in always.chain(https.then_some(hsts)) {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Runs a future; a panic inside ends it alone. Its state is dropped, so nothing half-changed is seen again.
async fn catch_panic<F: Future>(future: F) -> Result<F::Output, ()> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(_) => Poll::Ready(Err(())),
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use actix_web::dev::Service as _;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service};

    use super::*;

    async fn breaks() -> HttpResponse {
        let secret = "no number".parse::<u8>().map_err(|_| "secret-cause");
        HttpResponse::Ok().body(secret.unwrap().to_string())
    }

    #[actix_web::test]
    async fn panic_gives_an_error_page_and_the_server_continues() {
        let app = actix_web::App::new()
            .wrap(from_fn(guard))
            .route("/breaks", web::get().to(breaks))
            .route("/api/v1/breaks", web::get().to(breaks));
        let service = init_service(app).await;
        for (path, kind) in [
            ("/breaks", "text/html; charset=utf-8"),
            ("/breaks", "text/html; charset=utf-8"),
            ("/api/v1/breaks", "application/problem+json"),
        ] {
            let request = TestRequest::get().uri(path).to_request();
            let error = service.call(request).await.unwrap_err();
            let response = error.error_response();
            assert_eq!(response.status(), 500);
            let header = response.headers().get("content-type").unwrap();
            assert_eq!(header, kind);
            assert!(response.headers().contains_key("content-security-policy"));
            let id = response.headers().get("x-request-id").unwrap();
            let id = format!("this number: {}", id.to_str().unwrap());
            let body = actix_web::body::to_bytes(response.into_body())
                .await
                .unwrap();
            let body = String::from_utf8_lossy(&body).into_owned();
            assert!(
                body.contains(&id) && !body.contains("secret-cause"),
                "{body}"
            );
        }
        let request = TestRequest::get().uri("/elsewhere").to_request();
        assert_eq!(service.call(request).await.unwrap().status(), 404);
    }
}
