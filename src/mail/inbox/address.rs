//! Where the mailbox is: `imaps://USER:PASSWORD@HOST/FOLDER`.

use std::net::IpAddr;

use url::{Host, Url};

/// A mailbox and how to reach it.
#[derive(Clone, PartialEq, Eq)]
pub struct ImapUrl {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: ImapSecurity,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) folder: String,
}

/// How the way to the mailbox is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImapSecurity {
    /// TLS from the first byte.
    Wrapped,
    /// TLS after STARTTLS, or no connection.
    Required,
    /// None: this machine only.
    Loopback,
}

/// Why a mailbox's URL was refused; says what to type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImapError {
    /// It is no URL of a mailbox.
    #[error(
        "the mailbox's URL cannot be read ({0}); write imaps://USER:PASSWORD@HOST, with special characters in user and password as %XX"
    )]
    Url(String),
    /// It would give the password away, or might.
    #[error(
        "the connection to the mailbox at {0} might not be encrypted; write imaps://…@{0} or \
         imap://…@{0}?tls=required (plain imap:// is for this machine only)"
    )]
    Plaintext(String),
}

/// Without the password.
impl std::fmt::Debug for ImapUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImapUrl({})", self.name())
    }
}

impl ImapUrl {
    /// Reads a URL; the folder is `INBOX` unless it names another.
    ///
    /// # Errors
    /// With a sentence that says what to type.
    pub fn parse(text: &str) -> Result<Self, ImapError> {
        let fault = |what: &str| ImapError::Url(what.to_owned());
        let url = Url::parse(text).map_err(|error| ImapError::Url(error.to_string()))?;
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(fault("it names no host")),
        };
        let tls = url.query_pairs().find(|(key, _)| key == "tls");
        let tls = tls.map(|(_, value)| value.into_owned());
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("imaps", _) => (ImapSecurity::Wrapped, 993),
            ("imap", Some("required")) => (ImapSecurity::Required, 143),
            ("imap", None) if is_loopback(&host) => (ImapSecurity::Loopback, 143),
            ("imap", _) => return Err(ImapError::Plaintext(host)),
            (scheme, _) => return Err(fault(&format!("'{scheme}' is not a scheme of a mailbox"))),
        };
        let decode = |text: &str| {
            percent_decoded(text).ok_or_else(|| fault("it has %XX that are no UTF-8 text"))
        };
        let folder = decode(url.path().trim_start_matches('/'))?;
        let read = Self {
            port: url.port().unwrap_or(port),
            security,
            user: decode(url.username())?,
            password: decode(url.password().unwrap_or_default())?,
            folder: if folder.is_empty() {
                "INBOX".to_owned()
            } else {
                folder
            },
            host,
        };
        if read.user.is_empty() || read.password.is_empty() {
            return Err(fault("it names no user or no password"));
        }
        Ok(read)
    }

    /// Host and port.
    #[must_use]
    pub fn destination(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Whose mailbox it is and where, for pages, logs and the mark that says how far it was read: without a password.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} of {} at {}", self.folder, self.user, self.destination())
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn percent_decoded(text: &str) -> Option<String> {
    // A query's rules but for the plus sign, which is itself in the other parts of a URL.
    let escaped = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let (_, value) = url::form_urlencoded::parse(escaped.as_bytes()).next()?;
    (!value.contains('\u{FFFD}')).then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_named_without_its_password() {
        let url =
            ImapUrl::parse("imaps://desk%40iikura.example:p%3Aa%2Bs+s%26@mail.example/Iikura%20in")
                .unwrap();
        assert_eq!(
            url.name(),
            "Iikura in of desk@iikura.example at mail.example:993"
        );
        assert_eq!(url.password, "p:a+s+s&");
        assert!(!format!("{url:?}").contains("p:a"));
        let plain = ImapUrl::parse("imap://desk:word@127.0.0.1:1143").unwrap();
        assert_eq!(
            (plain.security, plain.port, plain.folder.as_str()),
            (ImapSecurity::Loopback, 1143, "INBOX")
        );
        let starts = ImapUrl::parse("imap://desk:word@mail.example?tls=required").unwrap();
        assert_eq!(
            (starts.security, starts.port),
            (ImapSecurity::Required, 143)
        );
    }

    #[test]
    fn what_is_no_mailbox_says_what_to_type() {
        for (text, fault) in [
            ("imap://desk:word@mail.example", "might not be encrypted"),
            (
                "imap://desk:word@mail.example?tls=maybe",
                "might not be encrypted",
            ),
            (
                "smtp://desk:word@mail.example",
                "'smtp' is not a scheme of a mailbox",
            ),
            ("imaps://mail.example", "it names no user or no password"),
            (
                "imaps://desk@mail.example",
                "it names no user or no password",
            ),
            ("imaps://d%FF:word@mail.example", "no UTF-8"),
            ("mail.example", "cannot be read"),
            ("imaps:///INBOX", "no host"),
        ] {
            let error = ImapUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(fault), "{text}: {error}");
        }
    }
}
