//! Backups of an SQLite database: made beside a running server, checked before use, restored.
//!
//! A plain copy of the file misses the content of the write-ahead log; `VACUUM INTO` reads like any other reader
//! and writes one complete file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::db::age::{self, DecryptError, PrivateKey, Recipient};
use crate::db::new_file::NewFile;
use crate::db::{Conn, Count, Db, DbError, schema_check};
use crate::store::audit::chain;

/// Why a copy was not made, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing that exists is written over.
    #[error("{0} exists; name a file that does not")]
    Exists(PathBuf),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The copy is no database, or a damaged one.
    #[error("{path} cannot be trusted: {fault}; take another backup")]
    Damaged {
        /// The copy.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The copy can be read only with a key.
    #[error("{0} is encrypted; name the file with its key by --identity FILE")]
    Encrypted(PathBuf),
    /// The copy was not decrypted.
    #[error("{0} was not decrypted: {1}")]
    Decrypt(PathBuf, DecryptError),
    /// PostgreSQL is copied by its own tool.
    #[error("PostgreSQL is copied by pg_dump")]
    NotSqlite,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupContents {
    /// Events.
    pub events: i64,
    /// Slots, the cancelled ones too.
    pub slots: i64,
    /// Mails, the sent ones too.
    pub mails: i64,
}

/// Copies the database into a new file that only its owner can read, judges the copy, and says what it holds.
///
/// # Errors
/// When the file exists or cannot be written, or the copy does not hold what the database promises; nothing is left
/// behind then.
pub fn write(db: &Db, file: &Path) -> Result<BackupContents, BackupError> {
    let fault = |error| of_file(file, error);
    // SQLite writes into an empty file; made by us, it is readable by its owner alone from the first byte.
    let new = NewFile::create(file).map_err(fault)?;
    copy_into(db, new.path())?;
    let contents = check(new.path())?;
    new.keep().map_err(fault)?;
    Ok(contents)
}

/// Copies the database into an empty file.
fn copy_into(db: &Db, file: &Path) -> Result<(), BackupError> {
    // It only reads, but SQLite counts the new file as written to, which no connection of the readers may do.
    db.write_here(|connection| match connection {
        Conn::Sqlite(sqlite) => Ok(vacuum_into(sqlite, file).map_err(DbError::from)?),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Err(BackupError::NotSqlite),
    })
}

/// Copies the database as [`write()`] does, into a file that only those can read who hold a key of one of the recipients.
///
/// SQLite copies into a file beside the database, where the same content is stored anyway, readable by its owner only;
/// the file
/// loses its name before anything is encrypted. Nothing unencrypted reaches the folder of the backup.
pub fn write_encrypted(
    db: &Db,
    file: &Path,
    recipients: &[Recipient],
) -> Result<BackupContents, BackupError> {
    let Some(database) = db.url().sqlite_path() else {
        return Err(BackupError::NotSqlite);
    };
    let fault = |error| of_file(file, error);
    let new = NewFile::create(file).map_err(fault)?;
    let plain = with_suffix(Path::new(database), ".copy");
    let of_plain = |error| of_file(&plain, error);
    let copy = NewFile::create(&plain).map_err(of_plain)?;
    copy_into(db, copy.path())?;
    let contents = check(copy.path())?;
    let mut from = File::open(copy.path()).map_err(of_plain)?;
    // Without a name it is gone when this process is, however it ends.
    drop(copy);
    let mut to = BufWriter::new(new.open().map_err(fault)?);
    age::encrypt(&mut from, &mut to, recipients).map_err(fault)?;
    to.flush().map_err(fault)?;
    drop(to);
    new.keep().map_err(fault)?;
    Ok(contents)
}

/// Puts an encrypted copy in the place of a database that is not there yet, after judging it.
///
/// # Errors
/// When none of the keys opens the copy, it was changed, cannot be trusted, or a database is there already.
pub fn restore_encrypted(
    file: &Path,
    database: &Path,
    identities: &[PrivateKey],
) -> Result<BackupContents, BackupError> {
    make_room(database)?;
    let mut from = File::open(file).map_err(|error| of_file(file, error))?;
    let new = NewFile::create(database).map_err(|error| of_file(database, error))?;
    let mut to = new.open().map_err(|error| of_file(database, error))?;
    age::decrypt(&mut BufReader::new(&mut from), &mut to, identities)
        .map_err(|error| BackupError::Decrypt(file.to_owned(), error))?;
    drop(to);
    let contents = check(new.path()).map_err(|error| of_copy(file, error))?;
    new.keep().map_err(|error| of_file(database, error))?;
    Ok(contents)
}

/// Says which copy is damaged, when what was judged is a copy of it.
fn of_copy(file: &Path, error: BackupError) -> BackupError {
    match error {
        BackupError::Damaged { fault, .. } => BackupError::Damaged {
            path: file.to_owned(),
            fault,
        },
        other => other,
    }
}

/// Makes sure that no database is there, nor the log of one, and that its folder is.
fn make_room(database: &Path) -> Result<(), BackupError> {
    for path in [
        database.to_owned(),
        with_suffix(database, "-wal"),
        with_suffix(database, "-shm"),
    ] {
        if path.exists() {
            return Err(BackupError::Exists(path));
        }
    }
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| BackupError::File(folder.to_owned(), error))?;
    }
    Ok(())
}

/// Puts a copy in the place of a database that is not there yet, after judging it.
///
/// # Errors
/// When the copy cannot be trusted or is encrypted, or a database is there already.
pub fn restore(file: &Path, database: &Path) -> Result<BackupContents, BackupError> {
    make_room(database)?;
    let mut beginning = Vec::new();
    File::open(file)
        .and_then(|file| file.take(64).read_to_end(&mut beginning))
        .map_err(|error| BackupError::File(file.to_owned(), error))?;
    if age::is_encrypted(&beginning) {
        return Err(BackupError::Encrypted(file.to_owned()));
    }
    // Through SQLite, not by copying: a backup that was opened may have a log beside it.
    let damaged = |error: &dyn std::fmt::Display| BackupError::Damaged {
        path: file.to_owned(),
        fault: error.to_string(),
    };
    let new = NewFile::create(database).map_err(|error| of_file(database, error))?;
    let mut backup =
        crate::db::patient_sqlite(&file.display().to_string()).map_err(|error| damaged(&error))?;
    vacuum_into(&mut backup, new.path()).map_err(|error| damaged(&error))?;
    let contents = check(new.path()).map_err(|error| of_copy(file, error))?;
    new.keep().map_err(|error| of_file(database, error))?;
    Ok(contents)
}

fn vacuum_into(from: &mut SqliteConnection, file: &Path) -> QueryResult<()> {
    diesel::sql_query("VACUUM INTO $1")
        .bind::<Text, _>(file.display().to_string())
        .execute(from)
        .map(drop)
}

/// Checks a copy: every page readable, every reference valid, no double bookings, the schema that its
/// migrations make, and the history unaltered.
fn check(file: &Path) -> Result<BackupContents, BackupError> {
    let damaged = |fault: String| BackupError::Damaged {
        path: file.to_owned(),
        fault,
    };
    let mut copy = crate::db::patient_sqlite(&file.display().to_string())
        .map_err(|error| damaged(error.to_string()))?;
    let faults = faults(&mut copy).map_err(|error| damaged(error.to_string()))?;
    if let Some(fault) = faults {
        return Err(damaged(fault));
    }
    let contents = contents(&mut copy).map_err(|error| damaged(error.to_string()))?;
    let mut copy = Conn::Sqlite(copy);
    match schema_check::check(&mut copy) {
        Err(error @ DbError::NewerSchema(_)) => return Err(error.into()),
        outcome => outcome.map_err(|error| damaged(error.to_string()))?,
    }
    // An older history is given its hashes, or its columns, by `iikura migrate`.
    match crate::db::check_schema(&mut copy) {
        Err(DbError::OlderSchema(_)) => {}
        outcome => {
            outcome?;
            chain::verify(&mut copy, &[]).map_err(|error| damaged(error.to_string()))?;
        }
    }
    Ok(contents)
}

#[derive(QueryableByName)]
struct IntegrityVerdict {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// Looks for what the database must not hold, reading every page; the connection can only read from then on.
pub fn faults(copy: &mut SqliteConnection) -> QueryResult<Option<String>> {
    copy.batch_execute("PRAGMA query_only = ON")?;
    let verdicts: Vec<IntegrityVerdict> = diesel::sql_query("PRAGMA integrity_check").load(copy)?;
    if let Some(verdict) = verdicts
        .into_iter()
        .find(|verdict| verdict.integrity_check != "ok")
    {
        return Ok(Some(verdict.integrity_check));
    }
    let orphans = count(
        copy,
        "SELECT count(*) AS count FROM pragma_foreign_key_check",
    )?;
    if orphans > 0 {
        return Ok(Some(format!("{orphans} rows have broken references")));
    }
    let overlaps = overlaps(copy)?;
    if overlaps > 0 {
        return Ok(Some(format!("{overlaps} double bookings")));
    }
    Ok(None)
}

/// Counts double bookings by a scan that knows nothing of the rules; the same on both databases.
pub fn overlaps<C: diesel::connection::LoadConnection>(conn: &mut C) -> QueryResult<i64>
where
    diesel::query_builder::SqlQuery: for<'q> diesel::query_dsl::LoadQuery<'q, C, Count>,
{
    diesel::sql_query(
        "SELECT count(*) AS count FROM occupancy a JOIN occupancy b
           ON b.resource_id = a.resource_id AND b.holds AND b.starts_at >= a.starts_at
           AND b.starts_at < a.ends_at + CASE WHEN a.turnaround_waived THEN 0 ELSE a.turnaround_minutes END
         WHERE a.holds AND (b.starts_at > a.starts_at OR b.slot_id > a.slot_id)",
    )
    .get_result::<Count>(conn)
    .map(|row| row.count)
}

fn contents(copy: &mut SqliteConnection) -> QueryResult<BackupContents> {
    Ok(BackupContents {
        events: count(copy, "SELECT count(*) AS count FROM events")?,
        slots: count(copy, "SELECT count(*) AS count FROM slots")?,
        mails: count(copy, "SELECT count(*) AS count FROM outbox")?,
    })
}

fn count(copy: &mut SqliteConnection, query: &str) -> QueryResult<i64> {
    diesel::sql_query(query)
        .get_result::<Count>(copy)
        .map(|row| row.count)
}

fn of_file(path: &Path, error: std::io::Error) -> BackupError {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::Exists(path.to_owned()),
        _ => BackupError::File(path.to_owned(), error),
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
