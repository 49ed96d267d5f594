//! Compares the schema of a database with the one that this program's migrations make, and names what was added, changed
//! or removed around the program.
//!
//! The expected schema is not maintained by hand: on SQLite the migrations are run in memory; on PostgreSQL, where a
//! server's role may not be allowed to create anything, a stored snapshot is compared, which a test renews
//! (`IIKURA_RENEW_SCHEMA=1 cargo test --features postgres --test store schema_snapshot`).

mod normalise;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::collections::BTreeMap;
use std::fmt;

use super::{Conn, DbError};

#[cfg(feature = "postgres")]
pub use postgres::{SNAPSHOT, snapshot};

/// Parts named in a message; the others are counted.
const MOST_NAMED: usize = 8;

/// One part of a schema: a column, constraint, index, trigger, function and so on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SchemaPart {
    /// Its kind and name, as `trigger audit.audit_no_update`.
    label: String,
    /// The table that it belongs to; empty for what belongs to none.
    table: String,
    /// Its definition, without formatting.
    definition: String,
}

/// Differences between a schema and the one that the migrations make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// What makes the database another one than the program was written for.
    pub faults: Vec<String>,
    /// Tables, views and functions that are not ours and touch nothing of ours.
    pub unknown: Vec<String>,
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<&str> = self
            .faults
            .iter()
            .take(MOST_NAMED)
            .map(AsRef::as_ref)
            .collect();
        f.write_str(&named.join("; "))?;
        match self.faults.len().saturating_sub(MOST_NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// Compares a database with the migrations that it says it has been through.
///
/// # Errors
/// When the database cannot be read, or has a migration that this program does not know.
pub fn compare(conn: &mut Conn) -> Result<Differences, DbError> {
    match conn {
        Conn::Sqlite(sqlite) => sqlite::compare(sqlite),
        #[cfg(feature = "postgres")]
        Conn::Postgres(postgres) => Ok(postgres::compare(postgres)?),
    }
}

/// Checks that every part of the schema is as this program's migrations make it.
///
/// # Errors
/// With the names of the parts that are not.
pub fn check(conn: &mut Conn) -> Result<(), DbError> {
    let differences = compare(conn)?;
    if differences.faults.is_empty() {
        Ok(())
    } else {
        Err(DbError::AlteredSchema(differences.to_string()))
    }
}

/// A number that every change to the schema raises, where the database has one: SQLite.
///
/// # Errors
/// When the database cannot be read.
pub fn generation(conn: &mut Conn) -> Result<Option<i32>, DbError> {
    match conn {
        Conn::Sqlite(sqlite) => Ok(Some(sqlite::generation(sqlite)?)),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(None),
    }
}

/// Says how the parts that are there differ from those that should be.
fn differences(expected: Vec<SchemaPart>, found: Vec<SchemaPart>) -> Differences {
    let ours: Vec<String> = expected
        .iter()
        .filter(|part| part.label.starts_with("table "))
        .map(|part| part.table.clone())
        .collect();
    let mut by_label: BTreeMap<String, [Vec<SchemaPart>; 2]> = BTreeMap::new();
    for (side, parts) in [expected, found].into_iter().enumerate() {
        for part in parts {
            by_label.entry(part.label.clone()).or_default()[side].push(part);
        }
    }
    let mut differences = Differences::default();
    for (label, [mut expected, mut found]) in by_label {
        expected.sort();
        found.sort();
        if expected == found {
            continue;
        }
        let fault = match (expected.is_empty(), found.is_empty()) {
            (false, true) => format!("{label} is missing"),
            (false, false) => format!("{label} differs"),
            // Objects of the operator: they may exist beside our tables, not on them.
            _ if found
                .iter()
                .all(|part| !ours.contains(&part.table) && !is_ours(&part.label)) =>
            {
                differences.unknown.push(label);
                continue;
            }
            _ => format!("{label} does not belong there"),
        };
        differences.faults.push(fault);
    }
    differences
}

/// True for what belongs to no table and yet decides how ours work.
fn is_ours(label: &str) -> bool {
    label.starts_with("setting ")
}
