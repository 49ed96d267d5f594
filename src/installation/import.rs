//! Storing: into an empty database, in one transaction, under every rule of the store; then read back and judged.

use std::fs::File;
use std::io::{BufRead, BufReader};

use diesel::prelude::*;
use serde_json::Value;

use super::cell::{Cell, Cells};
use super::export::{self, rows_of};
use super::file::SealedFile;
use super::table::{LEFT, MOVED, Table};
use super::{Contents, Heading, InstallationImportError, MOST_FAULTS, Seal};
use crate::auth::account;
use crate::db::{Conn, Count, Db, on_either};
use crate::store::audit::chain;
use crate::store::programme::read_programme;
use crate::store::{backup, event};

/// Rows and bytes that are stored by one statement, at most: fewer ways to the server and back.
const ROWS: usize = 50;
const BYTES: usize = 1 << 20;

/// What was imported.
#[derive(Debug)]
pub struct ImportedInstallation {
    /// How much.
    pub contents: Contents,
    /// Chains of the history that hold.
    pub chains: usize,
}

impl SealedFile {
    /// Stores everything in a migrated, empty database, or nothing; what was stored is read back before it counts.
    ///
    /// # Errors
    /// When the database holds anything, refuses a row, or does not hold afterwards what it must.
    pub fn import(&self, db: &Db) -> Result<ImportedInstallation, InstallationImportError> {
        // First without the database: other writers need not wait for a file that is refused.
        self.check()?;
        db.write_here(|conn| {
            conn.transaction(|conn| {
                take(conn)?;
                let mut source = self.source()?;
                for table in MOVED {
                    source.store(conn, table, self.contents.of(table.name))?;
                }
                source.end()?;
                if conn.is_postgres() {
                    number_on(conn)?;
                }
                self.judge(conn)
            })
        })
    }

    /// Checks every value of the file.
    ///
    /// # Errors
    /// With the first values that Iikura would not have stored, each with line, table, row and column.
    pub fn check(&self) -> Result<(), InstallationImportError> {
        let mut source = self.source()?;
        let (mut faults, mut more) = (Vec::new(), 0);
        for table in MOVED {
            source.heading(table)?;
            for _ in 0..self.contents.of(table.name) {
                let line = source.read()?;
                for fault in source.row(table, &line)?.faults(table) {
                    if faults.len() < MOST_FAULTS {
                        faults.push(format!("line {}: {fault}", source.line));
                    } else {
                        more += 1;
                    }
                }
            }
        }
        source.end()?;
        if faults.is_empty() {
            return Ok(());
        }
        Err(InstallationImportError::Values {
            path: self.path.clone(),
            faults,
            more,
        })
    }

    fn source(&self) -> Result<Source<'_>, InstallationImportError> {
        let file = File::open(&self.path)
            .map_err(|error| InstallationImportError::File(self.path.clone(), error))?;
        let mut source = Source {
            file: self,
            from: BufReader::new(file),
            line: 0,
        };
        // The header was read before.
        source.read()?;
        Ok(source)
    }

    /// Checks the database after the import, as every reader will see it.
    fn judge(&self, conn: &mut Conn) -> Result<ImportedInstallation, InstallationImportError> {
        let (contents, sha256) = export::seal(conn).map_err(|error| {
            InstallationImportError::Unsound(format!("it cannot be read back: {error}"))
        })?;
        if sha256 != self.sha256 || contents != self.contents {
            return Err(InstallationImportError::Unsound(
                "what was stored is not what the file says, when it is read back".to_owned(),
            ));
        }
        let chains = chain::verify(conn, &[])?.len();
        readable(conn)?;
        let overlaps = on_either!(conn, database => backup::overlaps(database))?;
        if overlaps > 0 {
            return Err(InstallationImportError::Unsound(format!(
                "it has {overlaps} double bookings"
            )));
        }
        let loose = if conn.is_postgres() {
            // Every row was checked when it was stored, unless checks were switched off by hand.
            "SELECT count(*) AS count FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             WHERE c.relnamespace = current_schema()::regnamespace
               AND (t.tgenabled <> 'O' OR current_setting('session_replication_role') <> 'origin')"
        } else {
            "SELECT count(*) AS count FROM pragma_foreign_key_check"
        };
        let loose = diesel::sql_query(loose).get_result::<Count>(conn)?.count;
        if loose > 0 {
            return Err(InstallationImportError::Unsound(format!(
                "{loose} references between rows are broken"
            )));
        }
        Ok(ImportedInstallation { contents, chains })
    }
}

/// Reads every event and account by the readers of the pages.
fn readable(conn: &mut Conn) -> Result<(), InstallationImportError> {
    let unsound = |what: String, error: diesel::result::Error| {
        InstallationImportError::Unsound(format!("{what} cannot be read: {error}"))
    };
    for event in event::all_ids(conn)? {
        read_programme(conn, event)
            .map_err(|error| unsound(format!("event {}", event.0), error))?;
    }
    account::all(conn).map_err(|error| unsound("an account".to_owned(), error))?;
    Ok(())
}

/// Has the database for itself, and makes sure that nothing is in it.
fn take(conn: &mut Conn) -> Result<(), InstallationImportError> {
    let all = || MOVED.iter().chain(LEFT);
    if conn.is_postgres() {
        let names: Vec<&str> = all().map(|table| table.name).collect();
        diesel::sql_query(format!("LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", ")))
            .execute(conn)?;
    }
    // What the migrations have put in comes with the file. A transaction that writes begins with a write.
    for table in all().filter(|table| table.is_furnished) {
        diesel::sql_query(format!("DELETE FROM {}", table.name)).execute(conn)?;
    }
    for table in all() {
        let rows = rows_of(conn, table)?;
        if rows > 0 {
            return Err(InstallationImportError::Filled {
                table: table.name,
                rows,
            });
        }
    }
    Ok(())
}

/// Lets PostgreSQL go on behind the highest number of every table that it numbers by itself.
fn number_on(conn: &mut Conn) -> QueryResult<()> {
    for table in MOVED.iter().filter(|table| table.has_id()) {
        // Nothing where there is no sequence, and nothing where there is no row.
        diesel::sql_query(format!(
            "SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}",
            name = table.name
        ))
        .execute(conn)?;
    }
    Ok(())
}

/// The file, line by line.
struct Source<'a> {
    file: &'a SealedFile,
    from: BufReader<File>,
    /// The number of the line that was read last.
    line: u64,
}

/// Rows that are stored together.
#[derive(Default)]
struct Batch {
    rows: Vec<Vec<Cell>>,
    bytes: usize,
    first: u64,
}

impl Source<'_> {
    fn read(&mut self) -> Result<Vec<u8>, InstallationImportError> {
        let mut line = Vec::new();
        self.from
            .read_until(b'\n', &mut line)
            .map_err(|error| InstallationImportError::File(self.file.path.clone(), error))?;
        self.line += 1;
        Ok(line)
    }

    fn parse<T: serde::de::DeserializeOwned>(
        &self,
        line: &[u8],
    ) -> Result<T, InstallationImportError> {
        serde_json::from_slice(line).map_err(|_| self.damaged("makes no sense"))
    }

    fn damaged(&self, fault: &str) -> InstallationImportError {
        InstallationImportError::Damaged {
            path: self.file.path.clone(),
            fault: format!("line {} {fault}", self.line),
        }
    }

    fn heading(&mut self, table: &Table) -> Result<(), InstallationImportError> {
        let line = self.read()?;
        let heading: Heading = self.parse(&line)?;
        let columns = table.columns.iter().map(|column| column.name);
        if heading.table != table.name || !heading.columns.iter().map(String::as_str).eq(columns) {
            return Err(self.damaged(&format!("is not the heading of the table {}", table.name)));
        }
        Ok(())
    }

    /// Stores the rows of one table.
    fn store(
        &mut self,
        conn: &mut Conn,
        table: &Table,
        rows: u64,
    ) -> Result<(), InstallationImportError> {
        self.heading(table)?;
        let mut batch = Batch::default();
        for _ in 0..rows {
            let line = self.read()?;
            let row = self.row(table, &line)?;
            if batch.rows.is_empty() {
                batch.first = self.line;
            }
            batch.bytes += line.len();
            batch.rows.push(row.0);
            if batch.rows.len() == ROWS || batch.bytes > BYTES {
                std::mem::take(&mut batch).store(conn, table)?;
            }
        }
        batch.store(conn, table)
    }

    fn row(&self, table: &Table, line: &[u8]) -> Result<Cells, InstallationImportError> {
        let values: Vec<Value> = self.parse(line)?;
        if values.len() != table.columns.len() {
            return Err(self.damaged(&format!("is not a row of the table {}", table.name)));
        }
        values
            .into_iter()
            .zip(table.columns)
            .map(|(value, column)| {
                Cell::from_json(value, column.kind).ok_or_else(|| {
                    self.damaged(&format!(
                        "has no {:?} for {} of the table {}",
                        column.kind, column.name, table.name
                    ))
                })
            })
            .collect::<Result<_, _>>()
            .map(Cells)
    }

    fn end(&mut self) -> Result<(), InstallationImportError> {
        let line = self.read()?;
        self.parse::<Seal>(&line).map(drop)
    }
}

impl Batch {
    fn store(self, conn: &mut Conn, table: &Table) -> Result<(), InstallationImportError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut statement = diesel::sql_query(table.insert(self.rows.len())).into_boxed();
        for row in self.rows {
            for (cell, column) in row.into_iter().zip(table.columns) {
                statement = cell.bind(statement, column.kind);
            }
        }
        let stored = statement.execute(conn);
        stored
            .map(drop)
            .map_err(|error| InstallationImportError::Refused {
                table: table.name,
                line: self.first,
                error,
            })
    }
}
