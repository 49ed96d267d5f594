//! Configuration: flags with environment fallbacks, checked before anything starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use url::Url;

use crate::auth::breached::Breached;
use crate::auth::factor::seal::Sealer;
use crate::db::DatabaseUrl;
use crate::mail::inbox::ImapUrl;
use crate::notice::link::{Key, Links};
use crate::text::Email;

/// Flags of every command that opens the database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// Where the data is: sqlite:PATH or postgres://USER@HOST/NAME
    #[arg(
        long,
        global = true,
        env = "IIKURA_DATABASE_URL",
        default_value = "sqlite:data/iikura.db",
        value_name = "URL"
    )]
    pub database_url: String,
}

/// How mail leaves the house.
#[derive(Debug, Clone, Args)]
pub struct MailArgs {
    /// Mail relay: smtps://USER:PASSWORD@HOST or smtp://HOST?tls=required; without it mail goes to files
    #[arg(
        long,
        env = "IIKURA_SMTP_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub smtp_url: Option<String>,
    /// Mailbox that answers come to: imaps://USER:PASSWORD@HOST/FOLDER; it is looked at, and nothing in it is changed
    #[arg(
        long,
        env = "IIKURA_IMAP_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub imap_url: Option<String>,
    /// Address that undeliverable mail comes back to, as bounce@iikura.example; mail to bounce+ANYTHING must arrive there
    #[arg(long, env = "IIKURA_BOUNCE_ADDRESS", value_name = "E-MAIL")]
    pub bounce_address: Option<String>,
    /// The address mail comes from
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

    /// The mailbox that answers come to.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn mailbox(&self) -> Result<Option<ImapUrl>, String> {
        let url = self.imap_url.as_deref().map(ImapUrl::parse).transpose();
        url.map_err(|error| format!("{error}; set --imap-url (IIKURA_IMAP_URL)"))
    }
}

/// Passwords that nobody may have.
#[derive(Debug, Clone, Args)]
pub struct BreachedArgs {
    /// File of stolen passwords that nobody may have, as haveibeenpwned offers it: sorted lines of SHA-1:COUNT
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
    /// Seconds between two looks into the mailbox
    #[arg(
        long,
        env = "IIKURA_IMAP_EVERY",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3600),
        value_name = "SECONDS"
    )]
    pub imap_every: u64,
    /// Days after which the content of mail that is done with is wiped
    #[arg(
        long,
        env = "IIKURA_MAIL_KEEP_DAYS",
        default_value_t = 90,
        value_name = "DAYS"
    )]
    pub mail_keep_days: u32,
    /// File with the secret that signs private links and encrypts second factors; made when it is missing
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
    /// Threads that answer requests; by default one per core
    #[arg(long, env = "IIKURA_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
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
    pub smtp_url: Option<String>,
    /// The mailbox that answers come to.
    pub mailbox: Option<ImapUrl>,
    /// Seconds between two looks into it.
    pub imap_every: u64,
    /// The address mail comes from.
    pub mail_from: Email,
    /// Where undeliverable mail comes back to; `None`: to `mail_from`.
    pub bounces: Option<Email>,
    /// Folder for mail written to files.
    pub outbox: PathBuf,
    /// Days after which the content of mail that is done with is wiped.
    pub mail_keep_days: u32,
    /// What private links are signed with, and what the key of second factors is derived from.
    pub key: Key,
    /// Passwords that nobody may have.
    pub breached: Option<Breached>,
    /// Worker threads.
    pub workers: Option<usize>,
}

impl Config {
    /// What signs private links, which begin with the address people type: as configured, else the one listened on.
    #[must_use]
    pub fn links(&self) -> Links {
        let listened_on = || format!("http://{}", self.listen);
        let address = self.public_url.as_ref().map(ToString::to_string);
        Links::new(self.key.clone(), &address.unwrap_or_else(listened_on))
    }

    /// What encrypts the seeds of second factors.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        Sealer::new(&self.key)
    }
}

impl ServeArgs {
    /// Checks the flags; each fault says what to type instead.
    ///
    /// # Errors
    /// With one sentence per fault.
    pub fn check(self) -> Result<Config, Vec<String>> {
        let mut faults = Vec::new();
        let database = self.database.database_url.parse::<DatabaseUrl>();
        if let Err(error) = &database {
            faults.push(format!("{error}; set --database-url (IIKURA_DATABASE_URL)"));
        }
        let mail_from = self.mail.from();
        faults.extend(mail_from.as_ref().err().cloned());
        let (mailbox, bounces) = (self.mail.mailbox(), self.mail.bounces());
        faults.extend(mailbox.as_ref().err().cloned());
        faults.extend(bounces.as_ref().err().cloned());
        let breached = self.breached.check();
        faults.extend(breached.as_ref().err().cloned());
        if let Some(url) = &self.public_url
            && !matches!(url.scheme(), "http" | "https")
        {
            faults.push(format!(
                "'{url}' is no web address; set --public-url (IIKURA_PUBLIC_URL) to https://…"
            ));
        }
        if self.workers == Some(0) {
            faults.push(
                "no worker thread can answer nothing; set --workers (IIKURA_WORKERS) to 1 or more"
                    .into(),
            );
        }
        // Last, so that a faulty configuration leaves no file behind.
        let key = if faults.is_empty() {
            Key::at(&self.secret_file)
                .inspect_err(|error| {
                    faults.push(format!(
                        "{}: {error}; set --secret-file (IIKURA_SECRET_FILE)",
                        self.secret_file.display()
                    ));
                })
                .ok()
        } else {
            None
        };
        let breached = breached.ok().flatten();
        match (database, mail_from, mailbox, bounces, key) {
            (Ok(database), Ok(mail_from), Ok(mailbox), Ok(bounces), Some(key)) => Ok(Config {
                database,
                listen: self.listen,
                public_url: self.public_url,
                smtp_url: self.mail.smtp_url,
                mailbox,
                imap_every: self.imap_every,
                mail_from,
                bounces,
                outbox: self.mail.outbox,
                mail_keep_days: self.mail_keep_days,
                key,
                breached,
                workers: self.workers,
            }),
            _ => Err(faults),
        }
    }
}
