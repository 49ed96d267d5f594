//! A whole installation as one file: the way from one database to another, from SQLite to PostgreSQL and back.
//!
//! The file is JSON, a line each: what it is and how much it holds ([`Header`]); for every table its columns, then its
//! rows, ordered by their key; at the end the SHA-256 of all lines before. Equal content gives equal bytes, on
//! both databases and at any hour, so two files can be compared and an import can read back what it has stored.

pub(crate) mod cell;
mod export;
mod file;
mod import;
pub mod table;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::db::DbError;
use crate::store::audit::chain::Broken;

pub use export::{ExportError, export, faults};
pub use file::SealedFile;
pub use import::ImportedInstallation;

/// What the file calls itself.
const FORMAT: &str = "iikura installation";
/// The version of the shape described above.
const VERSION: u32 = 1;

/// Values that are named; the others are counted.
const MOST_FAULTS: usize = 20;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    /// The version of the iikura that wrote it.
    program: String,
    /// What that iikura's database had been through.
    migrations: Vec<String>,
    contents: Contents,
}

/// How many rows each table has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Contents(BTreeMap<String, u64>);

impl Contents {
    /// The rows of one table.
    #[must_use]
    pub fn of(&self, table: &str) -> u64 {
        self.0.get(table).copied().unwrap_or(0)
    }

    /// The rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.values().sum()
    }
}

impl std::fmt::Display for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} user(s), {} event(s), {} slot(s), {} mail(s), {} row(s) of history; {} rows in all",
            self.of("users"),
            self.of("events"),
            self.of("slots"),
            self.of("outbox"),
            self.of("audit"),
            self.rows()
        )
    }
}

/// Before the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    table: String,
    columns: Vec<String>,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    sha256: String,
}

/// Why a file was not taken; nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum InstallationImportError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// Something else.
    #[error(
        "{0} was not written by 'iikura export --everything'; a file with one event is read by 'iikura import FILE', a backup by 'iikura restore FILE'"
    )]
    NotOurs(PathBuf),
    /// A shape that this program does not read.
    #[error("{path} was written by iikura {program} in another form; import it with that iikura")]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// Who wrote it.
        program: String,
    },
    /// Its tables are not this program's.
    #[error("{path} was written by iikura {program}, whose database {difference}")]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// Who wrote it.
        program: String,
        /// How its database differs, and what to do.
        difference: String,
    },
    /// The end is missing.
    #[error("{0} does not end as it should: it was cut off; copy it again, or export again")]
    Cut(PathBuf),
    /// Not what was written.
    #[error("{path} is damaged ({fault}); copy it again, or export again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// Values that no form would have stored.
    #[error(
        "nothing was imported: {path} holds {} value(s) that Iikura does not store; correct them where it was \
         exported, then export again{}",
        .faults.len() + .more,
        listed(.faults, *.more)
    )]
    Values {
        /// The file.
        path: PathBuf,
        /// The first of them, each with line, table, row and column.
        faults: Vec<String>,
        /// How many more there are.
        more: usize,
    },
    /// There is something already.
    #[error(
        "the database is not empty (table {table} has {rows} row(s)), and is not overwritten; name a new one by \
         --database-url (IIKURA_DATABASE_URL)"
    )]
    Filled {
        /// Where something was found.
        table: &'static str,
        /// How much.
        rows: i64,
    },
    /// The database does not take a row.
    #[error(
        "nothing was imported: the database refuses what line {line} and the next lines say (table {table}): {error}"
    )]
    Refused {
        /// The table.
        table: &'static str,
        /// The first line of those that were stored together.
        line: u64,
        /// What it says.
        error: diesel::result::Error,
    },
    /// What was stored is not what must hold.
    #[error("nothing was imported: {0}")]
    Unsound(String),
    /// The history is not what was written.
    #[error("nothing was imported: {0}")]
    History(#[from] Broken),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// A line for each.
fn listed(faults: &[String], more: usize) -> String {
    let mut lines = vec![String::new()];
    lines.extend_from_slice(faults);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n  ")
}

impl From<diesel::result::Error> for InstallationImportError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}
