//! Bodies of requests: read within a limit that depends on who sends them, a deadline, a lowest rate, and a bound on the
//! memory of all of them together.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::Error;
use super::connection::limit::{AddressLimit, Permit};
use super::connection::{ClientLimits, ConnectionState, LOWEST_RATE};
use super::error::SOON;
use crate::server::app::App;

/// Bytes that a form or a body of the API may have.
pub const FORM_LIMIT: usize = 256 * 1024;
/// Bytes of a body that comes without anything by which its sender could be known.
const ANONYMOUS_LIMIT: usize = 64 * 1024;
/// A sign-in may carry a whole form that waited for it, percent-encoded once more.
const SIGN_IN_LIMIT: usize = 3 * FORM_LIMIT;
/// Bytes of a body that count for no limit of memory: the forms of officers are smaller, and never have to wait for
/// those who fill that memory.
const UNCOUNTED: usize = 8 * 1024;
/// Bytes by which the memory for a body of unknown length grows.
const STEP: usize = 32 * 1024;
/// What the names of all our cookies begin with.
const COOKIES: &str = "__Host-iikura";

/// How many bytes a request's body may have, by its address and by what it shows of its sender. That the session or
/// token is a good one is found out later.
pub(super) fn limit(request: &ServiceRequest) -> usize {
    match request.path() {
        "/sign-in" | "/sign-in/code" | "/sign-in/second-factor" => SIGN_IN_LIMIT,
        _ if shows_sender(request) => FORM_LIMIT,
        _ => ANONYMOUS_LIMIT,
    }
}

fn shows_sender(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let is_ours = |value: &header::HeaderValue| {
        let cookies = value.to_str().unwrap_or_default().split(';');
        cookies
            .map(str::trim_start)
            .any(|cookie| cookie.starts_with(COOKIES))
    };
    headers.contains_key(header::AUTHORIZATION) || headers.get_all(header::COOKIE).any(is_ours)
}

/// The length that a request's head announces.
pub(super) fn announced(request: &ServiceRequest) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// A body that was read, and the memory that it counts for until it is dropped.
pub(super) struct ReadBody {
    pub(super) bytes: Bytes,
    pub(super) permit: Option<Permit>,
}

/// Reads a request's body.
///
/// # Errors
/// [`Error::TooLarge`] over the limit, [`Error::TooSlow`], [`Error::Busy`] when there is no memory for it, and
/// [`Error::BadRequest`] when it breaks off.
pub(super) async fn read(
    request: &mut ServiceRequest,
    limit: usize,
    from: IpAddr,
    connection: Option<&ConnectionState>,
) -> Result<ReadBody, Error> {
    let app = request.app_data::<web::Data<App>>().cloned();
    let limits = app.as_ref().map_or_else(ClientLimits::default, |app| {
        app.config.client_limits.clone()
    });
    let memory = app.as_ref().map(|app| &app.limits.body_bytes);
    let announced = announced(request);
    let outcome = async {
        if announced.is_some_and(|length| length > limit) {
            return Err(Error::TooLarge { most: limit });
        }
        let mut kept = PartialBody::new(memory, from);
        if let Some(length) = announced {
            kept.reserve(length)?;
        }
        let mut payload = request.take_payload();
        let pace = Pace::new(&limits);
        loop {
            let deadline = pace.deadline(kept.bytes.len());
            let chunk = match timeout_at(deadline, payload.next()).await {
                Err(_) => return Err(Error::TooSlow),
                Ok(None) => return Ok(kept.into_body()),
                Ok(Some(Err(_))) => {
                    return Err(Error::BadRequest(
                        "The request was interrupted. Nothing was stored.".into(),
                    ));
                }
                Ok(Some(Ok(chunk))) => chunk,
            };
            if let Some(connection) = connection {
                connection.used(chunk.len());
            }
            if kept.bytes.len() + chunk.len() > limit {
                return Err(Error::TooLarge { most: limit });
            }
            kept.reserve(chunk.len())?;
            kept.bytes.extend_from_slice(&chunk);
        }
    };
    let outcome = outcome.await;
    let reason = match &outcome {
        Err(Error::TooLarge { .. }) => "too_large",
        Err(Error::TooSlow) => "too_slow",
        Err(Error::Busy { .. }) => "memory",
        _ => return outcome,
    };
    if let Some(connection) = connection {
        match reason {
            "too_slow" => connection.refuse(),
            _ => connection.discard(),
        }
    }
    if let Some(app) = app {
        app.metrics.refused("body", reason);
    }
    outcome
}

/// What was read so far; its memory is taken before it is used.
struct PartialBody<'a> {
    bytes: Vec<u8>,
    memory: Option<&'a AddressLimit>,
    from: IpAddr,
    permit: Option<Permit>,
}

impl<'a> PartialBody<'a> {
    fn new(memory: Option<&'a AddressLimit>, from: IpAddr) -> Self {
        Self {
            bytes: Vec::new(),
            memory,
            from,
            permit: None,
        }
    }

    /// Makes room for so many more bytes.
    fn reserve(&mut self, more: usize) -> Result<(), Error> {
        let needed = self.bytes.len() + more;
        let room = self.bytes.capacity();
        if needed <= room {
            return Ok(());
        }
        let size = if needed <= UNCOUNTED || room == 0 {
            needed
        } else {
            needed.next_multiple_of(STEP)
        };
        if size > UNCOUNTED
            && let Some(memory) = self.memory
        {
            let grown = match &mut self.permit {
                Some(permit) => permit.grow(size - room),
                None => memory
                    .acquire(Some(self.from), size)
                    .map(|permit| self.permit = Some(permit)),
            };
            grown.map_err(|_| Error::Busy { wait: SOON })?;
        }
        self.bytes.reserve_exact(size - self.bytes.len());
        Ok(())
    }

    fn into_body(self) -> ReadBody {
        ReadBody {
            bytes: self.bytes.into(),
            permit: self.permit,
        }
    }
}

/// How fast a body has to come.
struct Pace {
    begun: Instant,
    longest: Duration,
    grace: Duration,
}

impl Pace {
    fn new(limits: &ClientLimits) -> Self {
        Self {
            begun: Instant::now(),
            longest: limits.body,
            grace: limits.body_grace,
        }
    }

    /// When the next bytes have to be there.
    fn deadline(&self, received: usize) -> Instant {
        self.begun + self.patience(received)
    }

    /// How long a body may take of which so much has come: the grace, and what it takes at the lowest rate.
    fn patience(&self, received: usize) -> Duration {
        let at_lowest_rate = Duration::from_millis(received as u64 * 1000 / LOWEST_RATE);
        self.longest.min(self.grace + at_lowest_rate)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_body_has_the_grace_and_the_time_of_the_lowest_rate() {
        let pace = Pace::new(&ClientLimits::default());
        for (received, seconds) in [
            (0, 5),
            (1023, 5),
            (1024, 6),
            (20 * 1024, 25),
            (55 * 1024, 60),
            (FORM_LIMIT, 60),
            (SIGN_IN_LIMIT, 60),
        ] {
            assert_eq!(pace.patience(received).as_secs(), seconds, "{received}");
        }
    }

    #[test]
    fn anonymous_bodies_are_small_except_sign_in() {
        for (path, headers, most) in [
            ("/users", &[][..], ANONYMOUS_LIMIT),
            (
                "/users",
                &[("cookie", "a=b; c=__Host-iikura")],
                ANONYMOUS_LIMIT,
            ),
            ("/users", &[("cookie", "a=b; __Host-iikura=x")], FORM_LIMIT),
            (
                "/users",
                &[("cookie", "__Host-iikura-link-5=x")],
                FORM_LIMIT,
            ),
            (
                "/api/v1/slots/7",
                &[("authorization", "Bearer x")],
                FORM_LIMIT,
            ),
            ("/api/v1/slots/7", &[], ANONYMOUS_LIMIT),
            ("/sign-in", &[], SIGN_IN_LIMIT),
            ("/sign-in/code", &[], SIGN_IN_LIMIT),
            ("/sign-in/other", &[], ANONYMOUS_LIMIT),
        ] {
            let mut request = TestRequest::post().uri(path);
            for header in headers {
                request = request.insert_header(*header);
            }
            assert_eq!(limit(&request.to_srv_request()), most, "{path} {headers:?}");
        }
    }

    #[test]
    fn memory_is_taken_before_it_is_used_and_small_bodies_take_none() {
        let from: IpAddr = "192.0.2.1".parse().unwrap();
        let memory = AddressLimit::new(100 * 1024, 100 * 1024);
        let mut small = PartialBody::new(Some(&memory), from);
        assert!(small.reserve(UNCOUNTED).is_ok());
        assert_eq!(memory.taken(), 0);
        let mut chunked = PartialBody::new(Some(&memory), from);
        for _ in 0..50 {
            assert!(chunked.reserve(1024).is_ok());
            chunked.bytes.extend_from_slice(&[0; 1024]);
            assert!(chunked.bytes.capacity() <= memory.taken().max(UNCOUNTED));
        }
        assert_eq!(memory.taken(), 64 * 1024);
        let mut announced = PartialBody::new(Some(&memory), from);
        assert!(matches!(
            announced.reserve(40 * 1024),
            Err(Error::Busy { .. })
        ));
        assert!(announced.reserve(36 * 1024).is_ok());
        assert_eq!(memory.taken(), 100 * 1024);
        let body = announced.into_body();
        drop((chunked, small));
        assert_eq!(memory.taken(), 36 * 1024);
        drop(body);
        assert_eq!(memory.taken(), 0);
    }
}
