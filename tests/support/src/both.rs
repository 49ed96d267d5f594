//! One test body on both databases, as two tests: `sqlite::name` and, with the feature `postgres`, `postgres::name`.

use std::ops::Deref;
use std::sync::Arc;

use iikura::db::{Db, DbError};
use tempfile::TempDir;

#[cfg(feature = "postgres")]
use super::postgres::Postgres;

/// A database of one test's own, empty until [`Scratch::migrated`].
pub struct Scratch {
    // Dropped in this order: first whoever is connected, then the place.
    db: Db,
    url: String,
    place: Arc<Place>,
}

/// Where a database is: it is deleted when the last holder is dropped.
pub enum Place {
    Sqlite(TempDir),
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
}

impl Scratch {
    /// A file in a folder of its own.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("iikura.db").display());
        Self::at(url, Place::Sqlite(folder))
    }

    /// A database of its own on the tests' server.
    #[cfg(feature = "postgres")]
    pub fn postgres() -> Self {
        let postgres = Postgres::new();
        Self::at(postgres.url().to_owned(), Place::Postgres(postgres))
    }

    /// One empty database of each kind.
    pub fn each() -> Vec<Self> {
        vec![
            Self::sqlite(),
            #[cfg(feature = "postgres")]
            Self::postgres(),
        ]
    }

    /// Another empty database of the same kind.
    pub fn another(&self) -> Self {
        match *self.place {
            Place::Sqlite(_) => Self::sqlite(),
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => Self::postgres(),
        }
    }

    fn at(url: String, place: Place) -> Self {
        Self {
            db: open(&url).unwrap(),
            url,
            place: Arc::new(place),
        }
    }

    /// Brings the schema up.
    pub fn migrated(self) -> Self {
        self.db.migrate().unwrap();
        self
    }

    /// The database's URL, as `IIKURA_DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Keeps the database from being deleted, for those who go on using it by its URL.
    pub fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    /// Opens the same database once more, with a pool and a queue of its own, as another process would.
    pub fn another_process(&self) -> Db {
        open(&self.url).unwrap()
    }
}

impl Deref for Scratch {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

fn open(url: &str) -> Result<Db, DbError> {
    Db::open(&url.parse()?)
}

pub use crate::on_both;

/// Makes two tests of each named function, which takes a `&Scratch` with nothing in it.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&$crate::both::Scratch::sqlite()); })+
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[test] fn $name() { super::$name(&$crate::both::Scratch::postgres()); })+
        }
    };
}
