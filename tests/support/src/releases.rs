//! Databases as earlier releases left them: dumps of what their own programs had lived through (`fill.py`), by the last
//! migration they knew.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use iikura::db::DatabaseUrl;

use super::both::Scratch;

/// A database that an earlier release has filled.
pub struct Release {
    /// Its last migration.
    pub last: &'static str,
    sqlite: &'static str,
    #[cfg(feature = "postgres")]
    postgres: &'static str,
}

macro_rules! releases {
    ($($last:literal),+ $(,)?) => {
        &[$(Release {
            last: $last,
            sqlite: include_str!(concat!("../../store/releases/", $last, "/sqlite.sql")),
            #[cfg(feature = "postgres")]
            postgres: include_str!(concat!("../../store/releases/", $last, "/postgres.sql")),
        }),+]
    };
}

/// Every release whose databases may be about, one for each set of migrations that was in use. Before 0006 migrations were
/// still changed in place, so that nothing leads up from there.
pub const RELEASES: &[Release] = releases!["0006", "0011", "0017", "0020"];

impl Release {
    /// Puts its database into an empty one; says who signs in there, and with what.
    pub fn load(&self, scratch: &Scratch) -> (&'static str, &'static str) {
        let dump = match scratch.url().parse().unwrap() {
            DatabaseUrl::Sqlite(path) => {
                let mut sqlite = SqliteConnection::establish(&path).unwrap();
                // A dump has its tables in any order.
                sqlite.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
                sqlite.batch_execute(self.sqlite).unwrap();
                self.sqlite
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let mut postgres = PgConnection::establish(&url).unwrap();
                postgres.batch_execute(self.postgres).unwrap();
                self.postgres
            }
        };
        let first = dump.lines().next().unwrap();
        first.trim_start_matches("-- ").split_once(' ').unwrap()
    }
}
