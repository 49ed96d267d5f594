//! `iikura backup` and `iikura restore`: one complete file, made while the server runs.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, database_url, open_unmigrated};
use crate::config::DatabaseArgs;
use crate::db::DatabaseUrl;
use crate::db::backup::{self, Contents};

/// Flags of both commands.
#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The backup
    file: PathBuf,
}

impl BackupArgs {
    /// Copies the database into a new file.
    #[expect(clippy::print_stdout, reason = "a command line speaks to the terminal")]
    pub fn back_up(self) -> Result<(), Failure> {
        let path = self.sqlite(
            "pg_dump --format=custom --file FILE 'URL' is the way to a consistent copy while servers run",
        )?;
        // Opening would make an empty database, and a backup of nothing helps nobody.
        if !path.exists() {
            return Err(Failure::one(format!(
                "there is no database at {}; set --database-url (IIKURA_DATABASE_URL)",
                path.display()
            )));
        }
        let contents = backup::write(&open_unmigrated(&self.database)?, &self.file)?;
        println!("{}", sentence(&self.file, contents));
        Ok(())
    }

    /// Puts a backup in the place of a database that is not there.
    #[expect(clippy::print_stdout, reason = "a command line speaks to the terminal")]
    pub fn restore(self) -> Result<(), Failure> {
        let path = self.sqlite(
            "pg_restore --clean --if-exists --single-transaction --dbname 'URL' FILE puts it back",
        )?;
        let contents = backup::restore(&self.file, &path).map_err(|error| match error {
            backup::BackupError::Exists(path) => Failure::one(format!(
                "{} exists, and nothing is written over it; stop the server, move it away, and try again",
                path.display()
            )),
            other => Failure::one(other),
        })?;
        println!("{}", sentence(&path, contents));
        println!(
            "Now run 'iikura migrate', in case the backup is of an older iikura, and start the server."
        );
        Ok(())
    }

    /// The database's file; on PostgreSQL its own tools are named.
    fn sqlite(&self, on_postgres: &str) -> Result<PathBuf, Failure> {
        match database_url(&self.database)? {
            DatabaseUrl::Sqlite(path) => Ok(PathBuf::from(path)),
            DatabaseUrl::Postgres(_) => Err(Failure::one(format!(
                "PostgreSQL brings its own tool: {on_postgres}"
            ))),
        }
    }
}

fn sentence(
    file: &Path,
    Contents {
        events,
        slots,
        mails,
    }: Contents,
) -> String {
    format!(
        "{} holds {events} event(s), {slots} slot(s) and {mails} mail(s); every rule of the store holds.",
        file.display()
    )
}
