//! The connection to either database, in a file of its own for what the derive leaves undocumented.
#![expect(
    missing_docs,
    reason = "diesel::MultiConnection generates items without documentation"
)]

use diesel::prelude::*;

/// A connection to either database: an embedded SQLite file or, with the feature `postgres`, a PostgreSQL server.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

impl Conn {
    /// True on PostgreSQL.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }

    /// Reads what was notified to this connection since it was last asked; nothing on SQLite.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn notifications(&mut self) -> QueryResult<Vec<String>> {
        match self {
            Self::Sqlite(_) => Ok(Vec::new()),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres
                .notifications_iter()
                .map(|notification| Ok(notification?.payload))
                .collect(),
        }
    }
}

/// Does the same on either database, where the code is the same and its types are not.
macro_rules! on_either {
    ($conn:expr, $database:ident => $work:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($database) => $work,
            #[cfg(feature = "postgres")]
            $crate::db::Conn::Postgres($database) => $work,
        }
    };
}
pub(crate) use on_either;
