//! The connection to either database, in a file of its own for what the derive leaves undocumented.
#![expect(
    missing_docs,
    reason = "diesel::MultiConnection generates items without documentation"
)]

use diesel::prelude::*;

/// A connection to either database: an embedded SQLite file or a PostgreSQL server.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}
