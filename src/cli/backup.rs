//! `iikura backup` and `iikura restore`: one complete file, made while the server runs.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::say;
use super::{Failure, database_url, open_unmigrated};
use crate::db::age::{DecryptError, PrivateKey, Recipient};
use crate::server::config::DatabaseArgs;
use crate::store::backup::{self, BackupContents, BackupError};

/// Flags of `iikura backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Encrypt it for the holder of this key, as age-keygen prints it (age1…); more than one may be named
    #[arg(
        long,
        env = "IIKURA_BACKUP_RECIPIENT",
        value_name = "RECIPIENT",
        value_delimiter = ','
    )]
    encrypt_to: Vec<String>,
    /// The backup
    file: PathBuf,
}

/// Flags of `iikura restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The file with the key of an encrypted backup, as age-keygen writes it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The backup
    file: PathBuf,
}

impl BackupArgs {
    /// Copies the database into a new file.
    pub fn run(self) -> Result<(), Failure> {
        let recipients = self.encrypt_to.iter().map(|text| text.parse());
        let recipients: Vec<Recipient> =
            recipients
                .collect::<Result<_, _>>()
                .map_err(|error: String| {
                    Failure::one(format!("--encrypt-to (IIKURA_BACKUP_RECIPIENT): {error}"))
                })?;
        let on_postgres = if recipients.is_empty() {
            "pg_dump --format=custom --file FILE 'URL' makes a consistent copy while servers run"
        } else {
            "pg_dump --format=custom 'URL' | age --encrypt --recipient RECIPIENT --output FILE makes a consistent, \
             encrypted copy while servers run"
        };
        let path = sqlite(&self.database, on_postgres)?;
        // Opening would make an empty database, and a backup of nothing is useless.
        if !path.exists() {
            return Err(Failure::one(format!(
                "there is no database at {}; set --database-url (IIKURA_DATABASE_URL)",
                path.display()
            )));
        }
        let db = open_unmigrated(&self.database)?;
        let contents = if recipients.is_empty() {
            backup::write(&db, &self.file)?
        } else {
            backup::write_encrypted(&db, &self.file, &recipients)?
        };
        say!("{}", sentence(&self.file, contents));
        if !recipients.is_empty() {
            say!("It is encrypted: test now that 'iikura restore --identity FILE' opens it.");
        }
        Ok(())
    }
}

impl RestoreArgs {
    /// Puts a backup in the place of a database that is not there.
    pub fn run(self) -> Result<(), Failure> {
        let path = sqlite(
            &self.database,
            "pg_restore --clean --if-exists --single-transaction --dbname 'URL' FILE restores it",
        )?;
        let restored = match &self.identity {
            None => backup::restore(&self.file, &path),
            Some(identity) => {
                let identities = identities(identity)?;
                backup::restore_encrypted(&self.file, &path, &identities)
            }
        };
        let contents = restored.map_err(|error| match error {
            BackupError::Exists(path) => Failure::one(format!(
                "{} exists and is not overwritten; stop the server, move it away, and try again",
                path.display()
            )),
            BackupError::Decrypt(path, DecryptError::NotEncrypted) => Failure::one(format!(
                "{} is not encrypted in the age format; if it is an unencrypted backup, leave --identity out, and if \
                 it begins with -----BEGIN, decrypt it by 'age --decrypt' first",
                path.display()
            )),
            other => Failure::one(other),
        })?;
        say!("{}", sentence(&path, contents));
        say!(
            "Now run 'iikura migrate', in case the backup is of an older iikura, and start the server."
        );
        Ok(())
    }
}

fn identities(file: &Path) -> Result<Vec<PrivateKey>, Failure> {
    let fault = |fault: String| Failure::one(format!("--identity {}: {fault}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| fault(error.to_string()))?;
    PrivateKey::parse_file(&text).map_err(fault)
}

/// The database's file; on PostgreSQL its own tools are named.
fn sqlite(args: &DatabaseArgs, on_postgres: &str) -> Result<PathBuf, Failure> {
    match database_url(args)?.sqlite_path() {
        Some(path) => Ok(PathBuf::from(path)),
        None => Err(Failure::one(format!(
            "PostgreSQL has its own tools: {on_postgres}"
        ))),
    }
}

fn sentence(
    file: &Path,
    BackupContents {
        events,
        slots,
        mails,
    }: BackupContents,
) -> String {
    format!(
        "{} holds {events} event(s), {slots} slot(s) and {mails} mail(s); all checks passed.",
        file.display()
    )
}
