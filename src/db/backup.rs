//! Copies of an SQLite database: made beside a running server, judged before they are trusted, put back.
//!
//! A plain copy of the file misses what still stands in the write-ahead log; `VACUUM INTO` reads like any other reader
//! and writes one complete file.

use std::fs::File;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Conn, Count, Db, DbError};

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
    /// PostgreSQL is copied by its own tool.
    #[error("PostgreSQL is copied by pg_dump")]
    NotSqlite,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
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
pub fn write(db: &Db, file: &Path) -> Result<Contents, BackupError> {
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let unfinished = beside(file, "unfinished");
    let result = copy(db, &unfinished)
        .and_then(|()| check(&unfinished))
        .and_then(|contents| {
            put_in_place(&unfinished, file)?;
            Ok(contents)
        });
    if result.is_err() {
        // What is left of it is of no use; that it cannot be removed is less than the fault itself.
        let _ = std::fs::remove_file(&unfinished);
    }
    result
}

/// Puts a copy in the place of a database that is not there yet, after judging it.
///
/// # Errors
/// When the copy cannot be trusted, or a database is there already.
pub fn restore(file: &Path, database: &Path) -> Result<Contents, BackupError> {
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
    if !file.exists() {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(BackupError::File(file.to_owned(), error));
    }
    let unfinished = beside(database, "unfinished");
    // Through SQLite, not by copying: a backup that somebody has looked into may have a log beside it.
    let damaged = |error: &dyn std::fmt::Display| BackupError::Damaged {
        path: file.to_owned(),
        fault: error.to_string(),
    };
    let result = new_file(&unfinished).and_then(|_| {
        let mut backup =
            super::patient_sqlite(&file.display().to_string()).map_err(|error| damaged(&error))?;
        vacuum_into(&mut backup, &unfinished).map_err(|error| damaged(&error))?;
        let contents = check(&unfinished).map_err(|error| match error {
            BackupError::Damaged { fault, .. } => damaged(&fault),
            other => other,
        })?;
        put_in_place(&unfinished, database)?;
        Ok(contents)
    });
    if result.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    result
}

fn copy(db: &Db, file: &Path) -> Result<(), BackupError> {
    // SQLite writes into an empty file; made by us, it is readable by its owner alone from the first byte.
    new_file(file)?;
    db.read_here(|connection| match connection {
        Conn::Sqlite(sqlite) => Ok(vacuum_into(sqlite, file).map_err(DbError::from)?),
        Conn::Postgres(_) => Err(BackupError::NotSqlite),
    })
}

fn vacuum_into(from: &mut SqliteConnection, file: &Path) -> QueryResult<()> {
    diesel::sql_query("VACUUM INTO $1")
        .bind::<Text, _>(file.display().to_string())
        .execute(from)
        .map(drop)
}

/// Judges a copy: readable to the last page, every reference kept, and nobody in two places at once.
fn check(file: &Path) -> Result<Contents, BackupError> {
    let damaged = |fault: String| BackupError::Damaged {
        path: file.to_owned(),
        fault,
    };
    let mut copy = super::patient_sqlite(&file.display().to_string())
        .map_err(|error| damaged(error.to_string()))?;
    let faults = faults(&mut copy).map_err(|error| damaged(error.to_string()))?;
    if let Some(fault) = faults {
        return Err(damaged(fault));
    }
    contents(&mut copy).map_err(|error| damaged(error.to_string()))
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// Looks for what the database must not hold, reading every page; the connection can only read from then on.
///
/// # Errors
/// When the database fails.
pub fn faults(copy: &mut SqliteConnection) -> QueryResult<Option<String>> {
    copy.batch_execute("PRAGMA query_only = ON")?;
    let verdicts: Vec<Verdict> = diesel::sql_query("PRAGMA integrity_check").load(copy)?;
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
        return Ok(Some(format!("{orphans} rows refer to what is not there")));
    }
    let overlaps = overlaps(copy)?;
    if overlaps > 0 {
        return Ok(Some(format!("{overlaps} double bookings")));
    }
    Ok(None)
}

/// Counts double bookings by a scan that knows nothing of the rules; the same on both databases.
///
/// # Errors
/// When the database fails.
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

fn contents(copy: &mut SqliteConnection) -> QueryResult<Contents> {
    Ok(Contents {
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

/// Makes a file that was not there, for its owner alone.
fn new_file(path: &Path) -> Result<File, BackupError> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| BackupError::File(path.to_owned(), error))
}

/// Gives a finished file its name, for good: written to the disk first, and never over another one.
fn put_in_place(unfinished: &Path, file: &Path) -> Result<(), BackupError> {
    let done = || {
        File::open(unfinished)?.sync_all()?;
        std::fs::hard_link(unfinished, file)?;
        std::fs::remove_file(unfinished)?;
        match file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            Some(folder) => File::open(folder)?.sync_all(),
            None => File::open(".")?.sync_all(),
        }
    };
    done().map_err(|error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::Exists(file.to_owned()),
        _ => BackupError::File(file.to_owned(), error),
    })
}

fn beside(file: &Path, word: &str) -> PathBuf {
    with_suffix(file, &format!(".{word}-{:013x}", super::fresh_id()))
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
