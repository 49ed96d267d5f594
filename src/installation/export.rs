//! Writing: one look at the database, whatever others do meanwhile, row by row into a new file.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use diesel::connection::DefaultLoadingMode;
#[cfg(feature = "postgres")]
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::cell::Cells;
use super::table::{MOVED, Table};
use super::{Contents, FORMAT, Header, Heading, MOST_FAULTS, Seal, VERSION};
use crate::db::new_file::NewFile;
use crate::db::{self, Conn, Count, Db, DbError};
use crate::store::audit::chain::{self, Broken};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing that exists is written over.
    #[error("{0} exists; name a file that does not")]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("cannot write {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A value is not of its column's kind.
    #[error(
        "a row of the table {0} holds in {1} what does not belong there; correct it by hand, then export again"
    )]
    Misplaced(&'static str, &'static str),
    /// The history would not be taken at the other end.
    #[error("nothing was exported: {0}")]
    History(#[from] Broken),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<diesel::result::Error> for ExportError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Writes everything into a new file that only its owner can read, also while servers run.
///
/// # Errors
/// When the file exists or cannot be written, or the database's schema is not this program's; nothing is left behind.
pub fn export(db: &Db, path: &Path) -> Result<Contents, ExportError> {
    let fault = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => ExportError::Exists(path.to_owned()),
        _ => ExportError::File(path.to_owned(), error),
    };
    let new = NewFile::create(path).map_err(fault)?;
    let mut to = BufWriter::new(new.open().map_err(fault)?);
    let contents = db.read_here(|conn| {
        // Not below: Diesel makes its own table where there is none, and so only looks where it may write.
        db::check_schema(conn)?;
        conn.snapshot(|conn| {
            chain::verify(conn, &[])?;
            let contents = count(conn)?;
            write(conn, &contents, &mut to, path)?;
            Ok::<_, ExportError>(contents)
        })
    })?;
    to.flush().map_err(fault)?;
    drop(to);
    new.keep().map_err(fault)?;
    Ok(contents)
}

/// Looks for values that Iikura does not store, table by table; names the first and counts the others.
pub fn faults(conn: &mut Conn) -> Result<(Vec<String>, usize), DbError> {
    let (mut faults, mut more) = (Vec::new(), 0);
    for table in MOVED {
        let mut see = |row: Cells| {
            for fault in row.stored_faults(table) {
                if faults.len() < MOST_FAULTS {
                    faults.push(fault);
                } else {
                    more += 1;
                }
            }
        };
        match conn {
            Conn::Sqlite(sqlite) => {
                let rows = diesel::sql_query(table.select(false))
                    .load_iter::<Cells, DefaultLoadingMode>(sqlite)?;
                for row in rows {
                    see(row?);
                }
            }
            #[cfg(feature = "postgres")]
            Conn::Postgres(postgres) => {
                let rows = diesel::sql_query(table.select(true))
                    .load_iter::<Cells, PgRowByRowLoadingMode>(postgres)?;
                for row in rows {
                    see(row?);
                }
            }
        }
    }
    Ok((faults, more))
}

/// Counts what is to be written.
fn count(conn: &mut Conn) -> QueryResult<Contents> {
    MOVED
        .iter()
        .map(|table| {
            let rows = rows_of(conn, table)?;
            Ok((table.name.to_owned(), u64::try_from(rows).unwrap_or(0)))
        })
        .collect::<QueryResult<_>>()
        .map(Contents)
}

/// Counts the rows of a table.
pub(super) fn rows_of(conn: &mut Conn, table: &Table) -> QueryResult<i64> {
    diesel::sql_query(format!("SELECT count(*) AS count FROM {}", table.name))
        .get_result::<Count>(conn)
        .map(|row| row.count)
}

/// The seal that the file of this very database has now.
pub(super) fn seal(conn: &mut Conn) -> Result<(Contents, String), ExportError> {
    let contents = count(conn)?;
    let seal = write(conn, &contents, std::io::sink(), Path::new("nowhere"))?;
    Ok((contents, seal))
}

/// Writes all lines and returns the seal.
fn write(
    conn: &mut Conn,
    contents: &Contents,
    to: impl Write,
    path: &Path,
) -> Result<String, ExportError> {
    let mut lines = ExportLines {
        to,
        path,
        digest: Sha256::new(),
    };
    lines.add(&Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        migrations: db::known_migrations()?,
        contents: contents.clone(),
    })?;
    for table in MOVED {
        lines.add(&Heading {
            table: table.name.to_owned(),
            columns: table
                .columns
                .iter()
                .map(|column| column.name.to_owned())
                .collect(),
        })?;
        match conn {
            Conn::Sqlite(sqlite) => {
                let rows = diesel::sql_query(table.select(false))
                    .load_iter::<Cells, DefaultLoadingMode>(sqlite)?;
                lines.rows(table, rows)?;
            }
            #[cfg(feature = "postgres")]
            Conn::Postgres(postgres) => {
                let rows = diesel::sql_query(table.select(true))
                    .load_iter::<Cells, PgRowByRowLoadingMode>(postgres)?;
                lines.rows(table, rows)?;
            }
        }
    }
    let sha256 = hex(&lines.digest.clone().finalize());
    lines.add(&Seal {
        sha256: sha256.clone(),
    })?;
    Ok(sha256)
}

/// Digits of a hash.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

struct ExportLines<'p, W: Write> {
    to: W,
    path: &'p Path,
    digest: Sha256,
}

impl<W: Write> ExportLines<'_, W> {
    fn add(&mut self, line: &impl Serialize) -> Result<(), ExportError> {
        let fault = |error| ExportError::File(self.path.to_owned(), error);
        let mut line = serde_json::to_vec(line).map_err(|error| fault(error.into()))?;
        line.push(b'\n');
        self.to.write_all(&line).map_err(fault)?;
        self.digest.update(&line);
        Ok(())
    }

    fn rows(
        &mut self,
        table: &Table,
        rows: impl Iterator<Item = QueryResult<Cells>>,
    ) -> Result<(), ExportError> {
        for row in rows {
            let values: Vec<_> = row?
                .0
                .into_iter()
                .zip(table.columns)
                .map(|(cell, column)| {
                    cell.into_json(column.kind)
                        .ok_or(ExportError::Misplaced(table.name, column.name))
                })
                .collect::<Result<_, _>>()?;
            self.add(&values)?;
        }
        Ok(())
    }
}
