//! The schema of an SQLite database: the statements that made it, taken apart.

use std::sync::{Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::MigrationHarness as _;

use super::super::{DbError, SQLITE_MIGRATIONS, known_migrations};
use super::{Differences, SchemaPart, differences, normalise};

/// The schema that the latest compared set of migrations makes: a server asks for the same one again and again.
static EXPECTED: Mutex<Option<(Vec<String>, Vec<SchemaPart>)>> = Mutex::new(None);

#[derive(QueryableByName)]
struct SchemaEntry {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    tbl_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    sql: Option<String>,
}

#[derive(QueryableByName)]
struct SchemaVersion {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Generation {
    #[diesel(sql_type = Integer)]
    schema_version: i32,
}

/// A number that SQLite raises with every change to the schema.
pub(super) fn generation(sqlite: &mut SqliteConnection) -> QueryResult<i32> {
    diesel::sql_query("PRAGMA schema_version")
        .get_result::<Generation>(sqlite)
        .map(|row| row.schema_version)
}

pub(super) fn compare(sqlite: &mut SqliteConnection) -> Result<Differences, DbError> {
    let versions: Vec<SchemaVersion> =
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version")
            .load(sqlite)?;
    let versions: Vec<String> = versions.into_iter().map(|row| row.version).collect();
    let known = known_migrations()?;
    if let Some(newer) = versions.iter().find(|version| !known.contains(version)) {
        return Err(DbError::NewerSchema(newer.clone()));
    }
    Ok(differences(expected(versions)?, parts(sqlite)?))
}

/// The parts that these migrations make in an empty database.
fn expected(versions: Vec<String>) -> Result<Vec<SchemaPart>, DbError> {
    let mut known = EXPECTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, parts)) = &*known
        && *of == versions
    {
        return Ok(parts.clone());
    }
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| DbError::Migration(error.to_string());
    let mut memory = SqliteConnection::establish(":memory:")?;
    // Makes the table of migrations as well.
    memory.applied_migrations().map_err(failed)?;
    let mut migrations =
        diesel::migration::MigrationSource::<Sqlite>::migrations(&SQLITE_MIGRATIONS)
            .map_err(failed)?;
    migrations.sort_by_key(|migration| migration.name().version().as_owned());
    for migration in migrations {
        if versions.contains(&migration.name().version().to_string()) {
            memory.run_migration(&migration).map_err(failed)?;
        }
    }
    let parts = parts(&mut memory)?;
    *known = Some((versions, parts.clone()));
    Ok(parts)
}

fn parts(sqlite: &mut SqliteConnection) -> QueryResult<Vec<SchemaPart>> {
    // What ANALYZE notes changes how quickly something is found, and nothing else.
    let entries: Vec<SchemaEntry> = diesel::sql_query(
        "SELECT type AS kind, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite#_stat_' ESCAPE '#'",
    )
    .load(sqlite)?;
    Ok(entries.iter().flat_map(of_entry).collect())
}

fn of_entry(entry: &SchemaEntry) -> Vec<SchemaPart> {
    let table = entry.tbl_name.to_lowercase();
    let name = entry.name.to_lowercase();
    let sql = entry.sql.as_deref().unwrap_or_default();
    let part = |label: String, definition: String| SchemaPart {
        label,
        table: table.clone(),
        definition,
    };
    match entry.kind.as_str() {
        "table" => {
            let (items, tail) = normalise::items(sql);
            let mut parts = vec![part(format!("table {name}"), tail)];
            parts.extend(items.into_iter().map(|item| {
                let first = item.first().map(String::as_str).unwrap_or_default();
                let label = match first {
                    "check" | "unique" | "primary" | "foreign" | "constraint" => {
                        format!("constraint of {table}")
                    }
                    column => format!("column {table}.{column}"),
                };
                part(label, item.join(" "))
            }));
            parts.extend(references(&normalise::tokens(sql), &table));
            parts
        }
        // Those that SQLite makes by itself are numbered.
        "index" if entry.sql.is_none() => {
            vec![part(format!("unique index of {table}"), String::new())]
        }
        kind => vec![part(format!("{kind} {table}.{name}"), normalise::line(sql))],
    }
}

/// Foreign keys seen from the table that they refer to: there they refuse changes and deletions.
fn references(tokens: &[String], from: &str) -> Vec<SchemaPart> {
    let after = tokens.windows(2).filter(|pair| pair[0] == "references");
    after
        .map(|pair| SchemaPart {
            label: format!("foreign key of {from} to {}", pair[1]),
            table: pair[1].clone(),
            definition: String::new(),
        })
        .collect()
}
