//! Configuration: flags with environment fallbacks, checked before anything starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use url::Url;

use crate::db::DatabaseUrl;
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
    /// Mail relay: smtps://USER:PASSWORD@HOST or smtp://HOST?tls=required; without it mail goes to files
    #[arg(
        long,
        env = "IIKURA_SMTP_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub smtp_url: Option<String>,
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
    /// The address mail comes from.
    pub mail_from: Email,
    /// Folder for mail written to files.
    pub outbox: PathBuf,
    /// Worker threads.
    pub workers: Option<usize>,
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
        let mail_from = Email::parse(&self.mail_from);
        if let Err(error) = &mail_from {
            faults.push(format!(
                "'{}' {error}; set --mail-from (IIKURA_MAIL_FROM)",
                self.mail_from
            ));
        }
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
        match (database, mail_from) {
            (Ok(database), Ok(mail_from)) if faults.is_empty() => Ok(Config {
                database,
                listen: self.listen,
                public_url: self.public_url,
                smtp_url: self.smtp_url,
                mail_from,
                outbox: self.outbox,
                workers: self.workers,
            }),
            _ => Err(faults),
        }
    }
}
