//! Transport of mail: by SMTP, or as files where no relay is configured.

mod files;
mod smtp;

pub use smtp::SmtpStep;

use std::path::PathBuf;
use std::time::Duration;

use lettre::Address;
use lettre::address::Envelope;
use secrecy::{ExposeSecret, SecretString};

use super::outbox::Claimed;
use files::MailFolder;
use smtp::Smtp;

/// How long one try may take. lettre's asynchronous transport has no time-out for reading.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The way out.
#[derive(Clone)]
pub struct Transport {
    way: TransportKind,
    timeout: Duration,
}

#[derive(Clone)]
enum TransportKind {
    Smtp(Box<Smtp>),
    Files(MailFolder),
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The relay has taken the mail, with this reply code; files have none.
    Sent {
        /// As 250.
        code: Option<i32>,
    },
    /// Not now; the same mail may pass later.
    Transient {
        /// The reply code, if there was an answer.
        code: Option<i32>,
        /// In words.
        reason: String,
    },
    /// Never: the relay refuses this mail or its recipient.
    Permanent {
        /// The reply code, if there was an answer.
        code: Option<i32>,
        /// In words.
        reason: String,
    },
    /// The relay refuses us, or cannot be trusted: no mail would pass until the configuration is corrected.
    Configuration {
        /// The reply code, if there was an answer.
        code: Option<i32>,
        /// In words.
        reason: String,
    },
}

/// Why a relay's URL was refused; says what to type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It is no URL of a relay.
    #[error(
        "the mail relay's URL cannot be read ({0}); write smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST?tls=required, with special characters in the password as %XX"
    )]
    Url(String),
    /// Another scheme.
    #[error(
        "'{0}' is not a way to send mail; write smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST?tls=required"
    )]
    Scheme(String),
    /// It would send in the clear, or might.
    #[error(
        "mail to {0} might not be encrypted; write smtps://{0} or smtp://{0}?tls=required (plain smtp:// is for this \
         machine only)"
    )]
    Plaintext(String),
    /// TLS could not be set up.
    #[error("TLS towards {0} could not be set up: {1}")]
    Tls(String, String),
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transport({})", self.destination())
    }
}

impl Transport {
    /// SMTP to the relay that a URL names.
    ///
    /// # Errors
    /// When the URL names no relay, or one that would be talked to in the clear.
    pub fn smtp(url: &str) -> Result<Self, TransportError> {
        Ok(Self {
            way: TransportKind::Smtp(Box::new(Smtp::from_url(url)?)),
            timeout: TIMEOUT,
        })
    }

    /// Files in a folder, one a mail.
    #[must_use]
    pub fn files(folder: PathBuf) -> Self {
        Self {
            way: TransportKind::Files(MailFolder(folder)),
            timeout: TIMEOUT,
        }
    }

    /// As the configuration says: SMTP where a relay is named, otherwise files.
    pub fn configured(
        smtp_url: Option<&SecretString>,
        outbox: PathBuf,
    ) -> Result<Self, TransportError> {
        smtp_url.map_or_else(
            || Ok(Self::files(outbox)),
            |url| Self::smtp(url.expose_secret()),
        )
    }

    /// The same with another limit for one try.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The destination of mail, for pages and logs: without a password.
    #[must_use]
    pub fn destination(&self) -> String {
        match &self.way {
            TransportKind::Smtp(smtp) => smtp.destination(),
            TransportKind::Files(MailFolder(folder)) => folder.display().to_string(),
        }
    }

    /// Tries once to send a mail of the outbox.
    pub async fn send(&self, mail: &Claimed) -> SendOutcome {
        // Time and id, so that a folder sorts by time and the same mail again takes its own place.
        let written = mail.created_at.utc().format("%Y%m%dT%H%M%SZ");
        let name = format!("{written}-{}", mail.id);
        self.deliver(&mail.envelope_from, &mail.recipient, &name, &mail.raw)
            .await
    }

    /// Tries once to send finished bytes; as a file, under `name`.
    pub async fn deliver(&self, from: &str, to: &str, name: &str, raw: &[u8]) -> SendOutcome {
        let envelope = match envelope(from, to) {
            Ok(envelope) => envelope,
            Err(reason) => return SendOutcome::Permanent { code: None, reason },
        };
        let try_once = async {
            match &self.way {
                TransportKind::Smtp(smtp) => smtp.send(&envelope, raw).await,
                TransportKind::Files(files) => files.write(name, raw).await,
            }
        };
        self.in_time(try_once).await
    }

    /// Checks the relay step by step as far as it goes without a mail; the last step reports the
    /// first fault.
    pub async fn check(&self) -> Vec<SmtpStep> {
        match &self.way {
            TransportKind::Smtp(smtp) => smtp.check(self.timeout).await,
            TransportKind::Files(files) => {
                let name = format!("folder {}", files.0.display());
                vec![SmtpStep::new(name, files.check().await)]
            }
        }
    }

    async fn in_time(&self, try_once: impl Future<Output = SendOutcome>) -> SendOutcome {
        tokio::time::timeout(self.timeout, try_once)
            .await
            .unwrap_or_else(|_| SendOutcome::Transient {
                code: None,
                reason: format!(
                    "{} gave no answer within {} seconds",
                    self.destination(),
                    self.timeout.as_secs_f32()
                ),
            })
    }
}

fn envelope(from: &str, to: &str) -> Result<Envelope, String> {
    let address = |text: &str| {
        text.parse::<Address>()
            .map_err(|_| format!("'{text}' is not a mail address"))
    };
    Envelope::new(Some(address(from)?), vec![address(to)?]).map_err(|error| error.to_string())
}
