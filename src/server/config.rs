//! Configuration: flags with environment fallbacks, checked before anything starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::auth::breached::Breached;
use crate::auth::factor::seal::Sealer;
use crate::auth::sign_on::{SignOnArgs, SignOnSettings as SignOn};
use crate::core::text::Email;
use crate::db::DatabaseUrl;
use crate::mail::inbox::ImapUrl;
use crate::mail::transport::Transport;
use crate::server::client::{self, Proxies};
use crate::server::connection::ClientLimits;
use crate::server::log::LogFormat;
use crate::server::tls::Tls;
use crate::store::private_link::address::{LinkKey, PrivateLinks};

/// Flags of every command that opens the database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// Database: sqlite:PATH or postgres://USER@HOST/NAME
    #[arg(
        long,
        global = true,
        env = "IIKURA_DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite:data/iikura.db",
        value_name = "URL"
    )]
    pub database_url: SecretString,
}

impl DatabaseArgs {
    /// The database.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn url(&self) -> Result<DatabaseUrl, String> {
        self.database_url
            .expose_secret()
            .parse()
            .map_err(|error| format!("{error}; set --database-url (IIKURA_DATABASE_URL)"))
    }
}

/// Flags for sending and receiving mail.
#[derive(Debug, Clone, Args)]
pub struct MailArgs {
    /// Mail relay: smtps://USER:PASSWORD@HOST or smtp://HOST?tls=required; without it mail goes to files
    #[arg(
        long,
        env = "IIKURA_SMTP_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub smtp_url: Option<SecretString>,
    /// Mailbox for answers: imaps://USER:PASSWORD@HOST/FOLDER; it is read, and nothing in it is changed
    #[arg(
        long,
        env = "IIKURA_IMAP_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub imap_url: Option<SecretString>,
    /// Address for bounces, as bounce@iikura.example; mail to bounce+ANYTHING must arrive there
    #[arg(long, env = "IIKURA_BOUNCE_ADDRESS", value_name = "E-MAIL")]
    pub bounce_address: Option<String>,
    /// The sender's address
    #[arg(
        long,
        env = "IIKURA_MAIL_FROM",
        default_value = "protocol@iikura.example",
        value_name = "E-MAIL"
    )]
    pub mail_from: String,
    /// Folder for mail written to files
    #[arg(
        long,
        env = "IIKURA_OUTBOX",
        default_value = "data/outbox",
        value_name = "DIR"
    )]
    pub outbox: PathBuf,
}

impl MailArgs {
    /// The address mail comes from.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn from(&self) -> Result<Email, String> {
        Email::parse(&self.mail_from).map_err(|error| {
            format!(
                "'{}' {error}; set --mail-from (IIKURA_MAIL_FROM)",
                self.mail_from
            )
        })
    }

    /// Where undeliverable mail comes back to.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn bounces(&self) -> Result<Option<Email>, String> {
        let Some(typed) = &self.bounce_address else {
            return Ok(None);
        };
        let fault = |error: &str| {
            format!("'{typed}' {error}; set --bounce-address (IIKURA_BOUNCE_ADDRESS)")
        };
        let address = Email::parse(typed).map_err(|error| fault(&error))?;
        // The part before the @ has 64 characters (RFC 5321 4.5.3.1.1), and the name of a mail needs most of them.
        if address.as_str().find('@').is_none_or(|length| length > 20) {
            return Err(fault(
                "is too long before the @; 20 characters are left for it",
            ));
        }
        Ok(Some(address))
    }

    /// Parses the mailbox for answers.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn mailbox(&self) -> Result<Option<ImapUrl>, String> {
        let url = self.imap_url.as_ref().map(SecretString::expose_secret);
        url.map(ImapUrl::parse)
            .transpose()
            .map_err(|error| format!("{error}; set --imap-url (IIKURA_IMAP_URL)"))
    }
}

/// Passwords that are not allowed.
#[derive(Debug, Clone, Args)]
pub struct BreachedArgs {
    /// File of stolen passwords that are not allowed, as haveibeenpwned offers it: sorted lines of SHA-1:COUNT
    #[arg(long, env = "IIKURA_BREACHED_PASSWORDS", value_name = "FILE")]
    pub breached_passwords: Option<PathBuf>,
}

impl BreachedArgs {
    /// The file.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn check(&self) -> Result<Option<Breached>, String> {
        let Some(path) = &self.breached_passwords else {
            return Ok(None);
        };
        Breached::at(path).map(Some).map_err(|error| {
            format!(
                "{}: {error}; set --breached-passwords (IIKURA_BREACHED_PASSWORDS)",
                path.display()
            )
        })
    }
}

/// Flags of the server.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Address to listen on
    #[arg(
        long,
        env = "IIKURA_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDR"
    )]
    pub listen: SocketAddr,
    /// The address people type, as https://iikura.example; by default the one listened on
    #[arg(long, env = "IIKURA_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<Url>,
    /// Mail.
    #[command(flatten)]
    pub mail: MailArgs,
    /// Seconds between two reads of the mailbox
    #[arg(
        long,
        env = "IIKURA_IMAP_EVERY",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3600),
        value_name = "SECONDS"
    )]
    pub imap_every: u64,
    /// Days after which the content of finished mail is deleted
    #[arg(
        long,
        env = "IIKURA_MAIL_KEEP_DAYS",
        default_value_t = 90,
        value_name = "DAYS"
    )]
    pub mail_keep_days: u32,
    /// File with the secret that signs private links and encrypts second factors; created when missing
    #[arg(
        long,
        env = "IIKURA_SECRET_FILE",
        default_value = "data/secret.key",
        value_name = "FILE"
    )]
    pub secret_file: PathBuf,
    /// Passwords that were stolen elsewhere.
    #[command(flatten)]
    pub breached: BreachedArgs,
    /// Single sign-on.
    #[command(flatten)]
    pub sign_on: SignOnArgs,
    /// Certificate of our own listener with its chain, PEM; without it the listener speaks plain HTTP
    #[arg(
        long,
        env = "IIKURA_TLS_CERT",
        requires = "tls_key",
        value_name = "FILE"
    )]
    pub tls_cert: Option<PathBuf>,
    /// Key of that certificate, PEM
    #[arg(
        long,
        env = "IIKURA_TLS_KEY",
        requires = "tls_cert",
        value_name = "FILE"
    )]
    pub tls_key: Option<PathBuf>,
    /// Speak plain HTTP beyond this machine, too: for a proxy on another one, over a trusted network
    #[arg(long, env = "IIKURA_ALLOW_PLAIN_HTTP")]
    pub allow_plain_http: bool,
    /// Proxies in front, as 127.0.0.1 or 10.0.0.0/8,…: they are trusted about the client's address
    #[arg(
        long,
        env = "IIKURA_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_parser = client::network,
        value_name = "NETWORK,…"
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// Address that serves /metrics, for a monitor only; off by default
    #[arg(long, env = "IIKURA_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// How the log is written
    #[arg(
        long,
        env = "IIKURA_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// Threads that answer requests; by default one per core
    #[arg(long, env = "IIKURA_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
    /// Connections that may be open at once
    #[arg(
        long,
        env = "IIKURA_MAX_CONNECTIONS",
        default_value_t = ClientLimits::default().connections,
        value_name = "N"
    )]
    pub max_connections: usize,
    /// Of these, from one address (of IPv6: one /64); requests at once where a trusted proxy names the address
    #[arg(
        long,
        env = "IIKURA_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = ClientLimits::default().connections_per_address,
        value_name = "N"
    )]
    pub max_connections_per_address: usize,
}

/// A configuration that has been checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the data is.
    pub database: DatabaseUrl,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The origin people use, for the same-origin check and for links in mail.
    pub public_url: Option<Url>,
    /// The relay, or `None` for files.
    pub smtp_url: Option<SecretString>,
    /// The mailbox for answers.
    pub mailbox: Option<ImapUrl>,
    /// Seconds between two looks into it.
    pub imap_every: u64,
    /// The address mail comes from.
    pub mail_from: Email,
    /// Where undeliverable mail comes back to; `None`: to `mail_from`.
    pub bounces: Option<Email>,
    /// Folder for mail written to files.
    pub outbox: PathBuf,
    /// Days after which the content of finished mail is deleted.
    pub mail_keep_days: u32,
    /// What private links are signed with, and what the key of second factors is derived from.
    pub key: LinkKey,
    /// Passwords that are not allowed.
    pub breached: Option<Breached>,
    /// The provider of single sign-on, if there is one.
    pub sign_on: Option<SignOn>,
    /// What the listener shows to clients; `None`: plain HTTP.
    pub tls: Option<Tls>,
    /// Proxies that are believed.
    pub proxies: Proxies,
    /// Where metrics are served, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Worker threads.
    pub workers: Option<usize>,
    /// What clients may take.
    pub client_limits: ClientLimits,
    /// True for the demo, whose meeting is long over: it does not ask before it writes about a day that is over.
    pub is_demo: bool,
}

impl Config {
    /// What signs private links, which begin with the address people type: as configured, else the one listened on.
    #[must_use]
    pub fn links(&self) -> PrivateLinks {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let listened_on = || format!("{scheme}://{}", self.listen);
        let address = self.public_url.as_ref().map(ToString::to_string);
        PrivateLinks::new(self.key.clone(), &address.unwrap_or_else(listened_on))
    }

    /// What people call the provider of single sign-on, if there is one.
    #[must_use]
    pub fn provider(&self) -> Option<Arc<str>> {
        self.sign_on.as_ref().map(|settings| settings.name.clone())
    }

    /// What encrypts the seeds of second factors.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        Sealer::new(&self.key)
    }
}

impl ServeArgs {
    /// The listener's TLS; without it, plain HTTP stays on this machine unless it is let out in so many words.
    fn tls(&self) -> Result<Option<Tls>, String> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Tls::read(certificate, key).map(Some),
            _ if self.listen.ip().is_loopback() || self.allow_plain_http => Ok(None),
            _ => Err(format!(
                "traffic to {} would not be encrypted; set --tls-cert and --tls-key (IIKURA_TLS_CERT, \
                 IIKURA_TLS_KEY), or listen on 127.0.0.1 behind a proxy that speaks HTTPS; for a proxy on another \
                 machine there is --allow-plain-http (IIKURA_ALLOW_PLAIN_HTTP=true)",
                self.listen
            )),
        }
    }

    /// What is wrong with the flags: one sentence per fault, which says what to type instead.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let Self { mail, .. } = self;
        let mut faults: Vec<String> = [
            self.database.url().err(),
            mail.from().err(),
            mail.mailbox().err(),
            mail.bounces().err(),
            self.tls().err(),
            self.breached.check().err(),
            self.sign_on.check().err(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Err(error) = Transport::configured(mail.smtp_url.as_ref(), mail.outbox.clone()) {
            faults.push(format!("{error}; set --smtp-url (IIKURA_SMTP_URL)"));
        }
        if let Some(url) = &self.public_url
            && !matches!(url.scheme(), "http" | "https")
        {
            faults.push(format!(
                "'{url}' is not a web address; set --public-url (IIKURA_PUBLIC_URL) to https://…"
            ));
        }
        if self.workers == Some(0) {
            faults.push(
                "at least one worker thread is needed; set --workers (IIKURA_WORKERS) to 1 or more"
                    .into(),
            );
        }
        if self.max_connections == 0 || self.max_connections_per_address == 0 {
            faults.push(
                "at least one connection is needed; set --max-connections (IIKURA_MAX_CONNECTIONS) and \
                 --max-connections-per-address (IIKURA_MAX_CONNECTIONS_PER_ADDRESS) to 1 or more"
                    .into(),
            );
        }
        faults
    }

    /// Checks the flags; each fault says what to type instead.
    ///
    /// # Errors
    /// With one sentence per fault.
    pub fn check(self) -> Result<Config, Vec<String>> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let one = |fault: String| vec![fault];
        Ok(Config {
            database: self.database.url().map_err(one)?,
            listen: self.listen,
            mailbox: self.mail.mailbox().map_err(one)?,
            imap_every: self.imap_every,
            mail_from: self.mail.from().map_err(one)?,
            bounces: self.mail.bounces().map_err(one)?,
            tls: self.tls().map_err(one)?,
            breached: self.breached.check().map_err(one)?,
            sign_on: self.sign_on.check().map_err(one)?,
            // Last, so that a faulty configuration leaves no file behind.
            key: LinkKey::at(&self.secret_file).map_err(|error| {
                one(format!(
                    "{}: {error}; set --secret-file (IIKURA_SECRET_FILE)",
                    self.secret_file.display()
                ))
            })?,
            public_url: self.public_url,
            smtp_url: self.mail.smtp_url,
            outbox: self.mail.outbox,
            mail_keep_days: self.mail_keep_days,
            proxies: self.trusted_proxies.into(),
            metrics_listen: self.metrics_listen,
            workers: self.workers,
            client_limits: ClientLimits {
                connections: self.max_connections,
                connections_per_address: self.max_connections_per_address,
                ..ClientLimits::default()
            },
            is_demo: false,
        })
    }
}
