//! SMTP, one connection a mail, and what its answers mean.
//!
//! Two stages are distinguished. Up to signing in the relay judges us: a refusal there holds the queue. After it the
//! relay judges the mail: a refusal there fails this mail alone.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use url::{Host, Url};

use super::{SendOutcome, TransportError};

/// How long to wait for the relay's good-bye once it has taken the mail.
const FAREWELL: Duration = Duration::from_secs(2);

/// Replies that ask us to sign in, or differently: no password wanted was given, it is wrong, or it may not be sent
/// like that (RFC 4954 §6).
const SIGN_IN_CODES: [u16; 4] = [530, 534, 535, 538];

/// A relay and how to reach it.
#[derive(Clone)]
pub(super) struct Smtp {
    host: String,
    port: u16,
    security: SmtpSecurity,
    credentials: Option<Credentials>,
}

#[derive(Clone)]
enum SmtpSecurity {
    /// TLS from the first byte.
    Wrapped(TlsParameters),
    /// TLS after STARTTLS, or nothing is sent.
    Required(TlsParameters),
    /// None: this machine only.
    Loopback,
}

/// One step of the way to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpStep {
    /// What is done, as `reach relay.example:587`.
    pub name: String,
    /// How it went, or what is wrong.
    pub result: Result<String, SendOutcome>,
}

impl SmtpStep {
    pub(in crate::mail) fn new(
        name: impl Into<String>,
        result: Result<String, SendOutcome>,
    ) -> Self {
        Self {
            name: name.into(),
            result,
        }
    }
}

impl Smtp {
    pub(super) fn from_url(text: &str) -> Result<Self, TransportError> {
        let url = Url::parse(text).map_err(|error| TransportError::Url(error.to_string()))?;
        let host = host(&url).ok_or_else(|| TransportError::Url("it names no host".to_owned()))?;
        let tls = url
            .query_pairs()
            .find(|(key, _)| key == "tls")
            .map(|(_, value)| value.into_owned());
        let parameters = || {
            TlsParameters::new(host.clone())
                .map_err(|error| TransportError::Tls(host.clone(), error.to_string()))
        };
        // The ports of RFC 8314 and RFC 6409.
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("smtps", _) => (SmtpSecurity::Wrapped(parameters()?), 465),
            ("smtp", Some("required")) => (SmtpSecurity::Required(parameters()?), 587),
            ("smtp", None) if is_loopback(&host) => (SmtpSecurity::Loopback, 25),
            ("smtp", _) => return Err(TransportError::Plaintext(host)),
            (scheme, _) => return Err(TransportError::Scheme(scheme.to_owned())),
        };
        Ok(Self {
            port: url.port().unwrap_or(port),
            security,
            credentials: credentials(&url)?,
            host,
        })
    }

    pub(super) fn destination(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) async fn send(&self, envelope: &Envelope, raw: &[u8]) -> SendOutcome {
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(outcome) => return outcome,
        };
        // lettre ends every mail with a line break of its own; the mail brings one already.
        let raw = raw.strip_suffix(b"\r\n").unwrap_or(raw);
        match connection.send(envelope, raw).await {
            Ok(response) => {
                // The mail is theirs; whether they say good-bye changes nothing.
                let _ = tokio::time::timeout(FAREWELL, connection.quit()).await;
                SendOutcome::Sent {
                    code: Some(i32::from(u16::from(response.code()))),
                }
            }
            Err(error) => refused_mail(&error),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendOutcome> {
        let mut connection = self.reach().await?;
        let refused = |error: Error| refused_us(&error);
        self.encrypt(&mut connection).await.map_err(refused)?;
        self.sign_in(&mut connection).await.map_err(refused)?;
        Ok(connection)
    }

    async fn reach(&self) -> Result<AsyncSmtpConnection, SendOutcome> {
        let (address, hello) = ((self.host.as_str(), self.port), ClientId::default());
        let connected = if let SmtpSecurity::Wrapped(parameters) = &self.security {
            let wrapped = Some(parameters.clone());
            AsyncSmtpConnection::connect_tokio1(address, None, &hello, wrapped, None).await
        } else {
            let stream = open(address)
                .await
                .map_err(|error| SendOutcome::Transient {
                    code: None,
                    reason: format!("{} cannot be reached: {error}", self.destination()),
                })?;
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await
        };
        connected.map_err(|error| refused_us(&error))
    }

    async fn encrypt(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Error> {
        if let SmtpSecurity::Required(parameters) = &self.security {
            connection
                .starttls(parameters.clone(), &ClientId::default())
                .await?;
        }
        Ok(())
    }

    async fn sign_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Error> {
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(())
    }

    /// Connects and signs in, each step within `limit`.
    pub(super) async fn check(&self, limit: Duration) -> Vec<SmtpStep> {
        let refused = |error: Error| refused_us(&error);
        let mut steps = Vec::new();
        let name = format!("reach {}", self.destination());
        let mut connection = match within(limit, self.reach(), |fault| fault).await {
            Ok(connection) => connection,
            Err(outcome) => return vec![SmtpStep::new(name, Err(outcome))],
        };
        steps.push(SmtpStep::new(name, Ok("it answers".to_owned())));
        let encrypted = within(limit, self.encrypt(&mut connection), refused).await;
        let how = match &self.security {
            SmtpSecurity::Wrapped(_) => "from the first byte, with a trusted certificate",
            SmtpSecurity::Required(_) => "by STARTTLS, with a trusted certificate",
            SmtpSecurity::Loopback => "not needed on this machine",
        };
        let failed = encrypted.is_err();
        steps.push(SmtpStep::new("encrypt", encrypted.map(|()| how.to_owned())));
        if failed {
            // lettre 0.11.23 has given the connection away by then, and panics at a word more, a good-bye included.
            return steps;
        }
        let signed_in = within(limit, self.sign_in(&mut connection), refused).await;
        let how = match &self.credentials {
            Some(_) => "user and password are accepted",
            None => "no user is configured; the relay must accept this machine",
        };
        steps.push(SmtpStep::new("sign in", signed_in.map(|()| how.to_owned())));
        let _ = tokio::time::timeout(FAREWELL, connection.quit()).await;
        steps
    }
}

/// Without Nagle's algorithm: the lone dot that ends a mail is a write of its own, and would wait 40 ms for the relay to
/// acknowledge what came before it.
async fn open(address: (&str, u16)) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn within<T, E>(
    limit: Duration,
    step: impl Future<Output = Result<T, E>>,
    fault: impl FnOnce(E) -> SendOutcome,
) -> Result<T, SendOutcome> {
    match tokio::time::timeout(limit, step).await {
        Ok(result) => result.map_err(fault),
        Err(_) => Err(SendOutcome::Transient {
            code: None,
            reason: format!("no answer within {} seconds", limit.as_secs_f32()),
        }),
    }
}

/// What a fault before the mail was even offered means.
fn refused_us(error: &Error) -> SendOutcome {
    let (code, reason) = (code(error), explain(error));
    // A client's fault: no STARTTLS, no way to sign in that both know.
    if error.is_permanent() || error.is_client() || is_distrust(error) {
        SendOutcome::Configuration { code, reason }
    } else {
        SendOutcome::Transient { code, reason }
    }
}

/// What a fault after signing in means.
fn refused_mail(error: &Error) -> SendOutcome {
    let (code, reason) = (code(error), explain(error));
    let sign_in = error
        .status()
        .is_some_and(|status| SIGN_IN_CODES.contains(&u16::from(status)));
    if sign_in {
        SendOutcome::Configuration { code, reason }
    } else if error.is_permanent() || error.is_client() {
        SendOutcome::Permanent { code, reason }
    } else {
        SendOutcome::Transient { code, reason }
    }
}

fn code(error: &Error) -> Option<i32> {
    error.status().map(|status| i32::from(u16::from(status)))
}

/// rustls reports a certificate it does not trust, and a peer that speaks no TLS, as invalid data.
fn is_distrust(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return io.kind() == ErrorKind::InvalidData;
        }
        source = cause.source();
    }
    error.is_tls()
}

fn explain(error: &Error) -> String {
    if is_distrust(error) {
        return format!("no trusted TLS connection: {error}");
    }
    error.to_string()
}

fn credentials(url: &Url) -> Result<Option<Credentials>, TransportError> {
    let decoded = |text: &str| {
        // In a query a plus is a space; in a password it is a plus.
        let pair = format!("v={}", text.replace('+', "%2B"));
        url::form_urlencoded::parse(pair.as_bytes())
            .next()
            .map(|(_, value)| value.into_owned())
            .ok_or_else(|| TransportError::Url("user or password cannot be read".to_owned()))
    };
    match url.password() {
        Some(password) => Ok(Some(Credentials::new(
            decoded(url.username())?,
            decoded(password)?,
        ))),
        None if url.username().is_empty() => Ok(None),
        None => Err(TransportError::Url(
            "it names a user but no password".to_owned(),
        )),
    }
}

fn host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain("") => None,
        Host::Domain(domain) => Some(domain.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_reached_encrypted_or_not_at_all() {
        for good in [
            "smtps://user:p%40ss@relay.example",
            "smtp://user:pass@relay.example?tls=required",
            "smtp://relay.example:2525?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://localhost",
            "smtp://[::1]:2525",
        ] {
            assert!(Smtp::from_url(good).is_ok(), "{good}");
        }
        for clear in [
            "smtp://relay.example",
            "smtp://relay.example?tls=opportunistic",
            "smtp://10.0.0.1:25",
            "smtp://127.0.0.1.relay.example",
        ] {
            assert!(
                matches!(Smtp::from_url(clear), Err(TransportError::Plaintext(_))),
                "{clear}"
            );
        }
        for wrong in [
            "relay.example",
            "smtps://",
            "smtps://user@relay.example",
            "",
        ] {
            assert!(
                matches!(Smtp::from_url(wrong), Err(TransportError::Url(_))),
                "{wrong}"
            );
        }
        assert_eq!(
            Smtp::from_url("https://relay.example").err(),
            Some(TransportError::Scheme("https".into()))
        );
    }

    #[test]
    fn a_fault_says_what_to_type_and_keeps_the_password() {
        let error = Smtp::from_url("smtp://user:secret@relay.example").err();
        assert_eq!(
            error.unwrap().to_string(),
            "mail to relay.example might not be encrypted; write smtps://relay.example or \
             smtp://relay.example?tls=required (plain smtp:// is for this machine only)"
        );
    }

    #[test]
    fn a_password_with_special_characters_is_decoded() {
        let smtp = Smtp::from_url("smtps://user%40house:a+b%2Fc%25@relay.example").unwrap();
        assert_eq!(
            smtp.credentials,
            Some(Credentials::new("user@house".into(), "a+b/c%".into()))
        );
        assert_eq!(smtp.destination(), "relay.example:465");
    }
}
