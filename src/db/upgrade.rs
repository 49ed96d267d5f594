//! Detects that a newer program has migrated the database of a running server.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use super::{Conn, DbError, check_not_newer, known_migrations};

diesel::table! {
    #[sql_name = "__diesel_schema_migrations"]
    applied_migrations (version) {
        version -> Text,
    }
}

/// How many migrations there are, and the newest.
type Applied = (i64, Option<String>);

/// Refuses a database with a migration that this program does not know; one small query while there is none.
///
/// A server asks before every write: a write of an older program may leave out what a newer schema needs. A write
/// that has begun already is let finish by the locks of the migration.
///
/// # Errors
/// When the database is newer than the program.
pub(super) fn refuse_newer(conn: &mut Conn, known: &Applied) -> Result<(), DbError> {
    let applied: QueryResult<Applied> = applied_migrations::table
        .select((count_star(), max(applied_migrations::version)))
        .get_result(conn);
    match applied {
        // A database that has never been migrated has no such table.
        Err(_) => Ok(()),
        Ok(applied) if applied == *known => Ok(()),
        Ok(_) => check_not_newer(conn),
    }
}

/// What [`refuse_newer`] compares with.
///
/// # Errors
/// When the program's migrations cannot be read.
pub(super) fn known() -> Result<Applied, DbError> {
    let versions = known_migrations()?;
    let count = i64::try_from(versions.len()).unwrap_or(i64::MAX);
    Ok((count, versions.into_iter().max()))
}
