//! One code base on two databases: the connection enum, its pool, migrations.
//!
//! `sqlite:PATH` opens an embedded database, `postgres://…` a server. Everything above this module sees one
//! [`Conn`]; the few places where the two differ match on it.
//!
//! Rows are looked up by a unique key with `get_result`, not `first`: `first` adds `LIMIT ?`, and SQLite prepares a
//! statement again each time a bound LIMIT is bound (its planner looks at the value), which costs five times the query.

pub mod age;
mod connection;
pub mod new_file;
mod newtype;
pub mod outage;
#[cfg(feature = "postgres")]
mod postgres_url;
pub mod schema;
pub mod schema_check;
mod upgrade;
mod url;
pub mod word;

pub use connection::Conn;
pub(crate) use connection::on_either;
pub use url::DatabaseUrl;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool};
use diesel::sql_types::{BigInt, Integer, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::sync::Semaphore;

use crate::runtime::trace;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The oldest SQLite that does not corrupt a WAL database (fixed in 3.51.3, <https://sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: i64 = 3_051_003;

/// What can go wrong before a query is even asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The URL names no database that we know.
    #[error("the database URL '{0}' is neither sqlite:PATH nor postgres://USER@HOST/NAME")]
    Url(String),
    /// The URL names a server, and the program cannot speak to one.
    #[error(
        "this program was built without PostgreSQL; build it by cargo build --release --features postgres, or use sqlite:PATH, which needs nothing"
    )]
    NoPostgres,
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// The pool has no connection to give.
    #[error("no database connection: {0}")]
    Pool(String),
    /// The bundled SQLite is too old to be trusted.
    #[error("SQLite {0} can corrupt a database in WAL mode; 3.51.3 or later is needed")]
    OldSqlite(String),
    /// Foreign keys could not be enabled; the refusal of double bookings needs them.
    #[error("this SQLite does not enforce foreign keys")]
    NoForeignKeys,
    /// A migration failed.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// The schema was made by a newer program.
    #[error(
        "the database has migration {0}, which this program does not know; use the newer iikura"
    )]
    NewerSchema(String),
    /// The schema is older than this program.
    #[error("the database lacks {0} migration(s); run 'iikura migrate'")]
    OlderSchema(usize),
    /// The schema has this program's migrations, and yet is not what they make.
    #[error(
        "the database's schema was altered: {0}; undo that, or restore the last valid backup (iikura doctor \
         lists all of it)"
    )]
    AlteredSchema(String),
    /// A query failed.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    /// The thread that asked was stopped.
    #[error("the database task was cancelled")]
    Cancelled,
}

impl DbError {
    /// The same error for another who waited for the same work: kind and words of it, without what cannot be copied.
    #[must_use]
    pub fn for_another(&self) -> Self {
        use diesel::result::Error as DieselError;
        match self {
            Self::Pool(cause) => Self::Pool(cause.clone()),
            Self::Connect(cause) => Self::Pool(cause.to_string()),
            Self::Cancelled => Self::Cancelled,
            Self::Query(DieselError::DatabaseError(kind, info)) => {
                let words: Box<String> = Box::new(info.message().to_owned());
                Self::Query(DieselError::DatabaseError(*kind, words))
            }
            Self::Query(DieselError::BrokenTransactionManager) => {
                Self::Query(DieselError::BrokenTransactionManager)
            }
            other => Self::Query(DieselError::DeserializationError(other.to_string().into())),
        }
    }
}

impl Conn {
    /// Runs `work` in one transaction, as diesel does; but where the rollback fails, too, the first error is the one that
    /// is returned.
    ///
    /// SQLite ends a transaction by itself when the disk is full or fails, and then refuses to roll back what is not
    /// there (<https://sqlite.org/lang_transaction.html>, "Response to errors within a transaction"). The connection
    /// counts as broken afterwards, and the pool makes another one.
    ///
    /// When the database is lost during a commit, the outcome is unknown:
    /// [`outage::is_unknown_commit`] is true of the error.
    ///
    /// # Errors
    /// As the work says, or as the database does at the beginning or the end.
    pub fn transaction<T, E: From<diesel::result::Error>, F>(&mut self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Self) -> Result<T, E>,
    {
        use diesel::result::Error as DieselError;
        let (mut failed, mut has_decided) = (None, false);
        let outcome = Connection::transaction::<T, DieselError, _>(self, |conn| {
            let outcome = work(conn);
            has_decided = outcome.is_ok();
            outcome.map_err(|error| {
                failed = Some(error);
                DieselError::RollbackTransaction
            })
        });
        match (outcome, failed) {
            (Ok(value), _) => Ok(value),
            (Err(_), Some(error)) => Err(error),
            (Err(error), None) if has_decided => Err(outage::on_commit(error).into()),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Reads in one transaction that sees the database as it is at the first query, whatever others commit meanwhile.
    ///
    /// For work that asks several questions and draws conclusions from the answers together. Inside a transaction the
    /// work runs as part of that: another level of isolation cannot be chosen any more, and a snapshot within a
    /// snapshot is the same one.
    ///
    /// # Errors
    /// As the work says, or as the database does at the beginning or the end.
    pub fn snapshot<T, E: From<diesel::result::Error>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.is_in_transaction() {
            return work(self);
        }
        self.transaction(|conn| {
            // SQLite begins a deferred transaction, which is a snapshot from its first read on.
            #[cfg(feature = "postgres")]
            if let Self::Postgres(postgres) = conn {
                postgres
                    .batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            }
            work(conn)
        })
    }

    fn is_in_transaction(&mut self) -> bool {
        type Manager = <Conn as Connection>::TransactionManager;
        let status = Manager::transaction_manager_status_mut(self);
        !matches!(status.transaction_depth(), Ok(None))
    }
}

/// Opens a connection and sets it up as the promises of the store need it.
///
/// # Errors
/// When the database cannot be opened or does not keep what we rely on.
pub fn connect(url: &DatabaseUrl) -> Result<Conn, DbError> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let mut sqlite = patient_sqlite(path)?;
            // One PRAGMA a statement.
            for pragma in [
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA foreign_keys = ON",
                // What is deleted is overwritten, not only forgotten.
                "PRAGMA secure_delete = ON",
            ] {
                sqlite.batch_execute(pragma)?;
            }
            check_sqlite(&mut sqlite)?;
            Ok(Conn::Sqlite(sqlite))
        }
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(url) => Ok(Conn::Postgres(PgConnection::establish(url)?)),
    }
}

/// Opens an SQLite file so that every statement, from the first on, waits for others who are at it.
pub(crate) fn patient_sqlite(path: &str) -> Result<SqliteConnection, DbError> {
    let mut sqlite = SqliteConnection::establish(path)?;
    sqlite.batch_execute("PRAGMA busy_timeout = 15000")?;
    Ok(sqlite)
}

/// Makes the database refuse every write on a connection from now on.
fn refuse_writes(connection: &mut Conn) -> Result<(), DbError> {
    match connection {
        Conn::Sqlite(sqlite) => sqlite.batch_execute("PRAGMA query_only = ON")?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(postgres) => {
            postgres.batch_execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")?;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct SqliteFacts {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Integer)]
    foreign_keys: i32,
}

fn check_sqlite(sqlite: &mut SqliteConnection) -> Result<(), DbError> {
    let facts: SqliteFacts = diesel::sql_query(
        "SELECT sqlite_version() AS version, foreign_keys FROM pragma_foreign_keys",
    )
    .get_result(sqlite)?;
    if version_number(&facts.version) < OLDEST_SQLITE {
        return Err(DbError::OldSqlite(facts.version));
    }
    if facts.foreign_keys != 1 {
        return Err(DbError::NoForeignKeys);
    }
    Ok(())
}

/// Turns `3.51.3` into 3051003, as SQLite numbers itself.
fn version_number(version: &str) -> i64 {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .fold(0, |sum, part: i64| sum * 1000 + part)
}

/// Connections that only read and connections that also write, on SQLite and on PostgreSQL: sixteen in all. SQLite lets
/// one writer in.
const SQLITE_CONNECTIONS: (u32, u32) = (15, 1);
#[cfg(feature = "postgres")]
const POSTGRES_CONNECTIONS: (u32, u32) = (10, 6);

/// The pools and, on SQLite, the queue before its single writer.
///
/// The connections of the first pool cannot write: the database refuses it. Reads run on the threads that answer requests
/// on SQLite, and a write there would wait for the write lock of another process, and every request with it.
#[derive(Clone)]
pub struct Db {
    url: Arc<DatabaseUrl>,
    readers: Pool<Manager>,
    writers: Pool<Manager>,
    /// SQLite lets one writer in and has the others poll; waiting in line here is fairer and quicker.
    writer: Option<Arc<Mutex<()>>>,
    /// As many as there are connections to read by: other reads wait without a thread.
    reading: Arc<Semaphore>,
    /// The migrations of this program.
    known: Arc<(i64, Option<String>)>,
    /// When the whole schema was last found to be as it should be, and at which generation.
    sound: Arc<Mutex<Option<Sound>>>,
}

/// The longest that a unit of work waits for a connection: far longer than under load, and short enough to tell
/// a user on the telephone that the database does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// When a whole schema was found to be as it should be, and its generation, where it has one.
type Sound = (Instant, Option<i32>);

/// How long PostgreSQL's schema, which has no generation, is taken to be as it was found: comparing it takes tens of
/// milliseconds.
const SCHEMA_HOLDS: Duration = Duration::from_mins(1);

impl Db {
    /// Opens a pool; creates the folder of an SQLite file that has none yet.
    ///
    /// # Errors
    /// When no first connection can be made.
    pub fn open(url: &DatabaseUrl) -> Result<Self, DbError> {
        if let DatabaseUrl::Sqlite(path) = url
            && let Some(folder) = Path::new(path).parent()
        {
            std::fs::create_dir_all(folder)
                .map_err(|error| DbError::Pool(format!("{}: {error}", folder.display())))?;
        }
        connect(url)?;
        let (readers, writers) = match url {
            DatabaseUrl::Sqlite(_) => SQLITE_CONNECTIONS,
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(_) => POSTGRES_CONNECTIONS,
        };
        let pool = |access, size| {
            let manager = Manager {
                url: url.clone(),
                access,
            };
            Pool::builder()
                .max_size(size)
                // None is opened ahead in the background: libpq and OpenSSL crash when the program ends meanwhile.
                .min_idle(Some(0))
                .connection_timeout(PATIENCE)
                .build(manager)
                .map_err(|error| DbError::Pool(error.to_string()))
        };
        Ok(Self {
            url: Arc::new(url.clone()),
            readers: pool(ConnectionMode::Read, readers)?,
            writers: pool(ConnectionMode::Write, writers)?,
            writer: matches!(url, DatabaseUrl::Sqlite(_)).then(Arc::default),
            reading: Arc::new(Semaphore::new(readers as usize)),
            known: Arc::new(upgrade::known()?),
            sound: Arc::default(),
        })
    }

    /// True when several servers may work on it: on PostgreSQL.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !matches!(*self.url, DatabaseUrl::Sqlite(_))
    }

    /// The database's URL.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Returns the state of the pool.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let (readers, writers) = (self.readers.state(), self.writers.state());
        Connections {
            open: readers.connections + writers.connections,
            idle: readers.idle_connections + writers.idle_connections,
            most: self.readers.max_size() + self.writers.max_size(),
        }
    }

    /// Checks that the database answers and that its schema is exactly this program's; waits so long for a connection.
    ///
    /// # Errors
    /// When it does not answer, or its schema is older, newer or altered.
    pub fn answers(&self, patience: Duration) -> Result<(), DbError> {
        self.read_for(patience, |conn| {
            check_schema(conn)?;
            let generation = schema_check::generation(conn)?;
            let sound = || self.sound.lock().unwrap_or_else(PoisonError::into_inner);
            let still =
                |(at, of): Sound| of == generation && (of.is_some() || at.elapsed() < SCHEMA_HOLDS);
            if (*sound()).is_some_and(still) {
                return Ok(());
            }
            schema_check::check(conn)?;
            *sound() = Some((Instant::now(), generation));
            Ok(())
        })
    }

    /// Runs a reading unit of work on this thread; waits so long for a connection, and not as long as a page would.
    pub fn read_for<T, E: From<DbError>>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self
            .readers
            .get_timeout(patience)
            .map_err(|error| DbError::Pool(error.to_string()))?;
        work(&mut connection)
    }

    /// Runs a reading unit of work on this thread; the database refuses whatever it would write.
    ///
    /// # Errors
    /// When no connection is to be had, or as the work says.
    pub fn read_here<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self
            .readers
            .get()
            .map_err(|error| DbError::Pool(error.to_string()))?;
        work(&mut connection)
    }

    /// Runs a writing unit of work on this thread. The work opens its own transaction, whose first statement writes.
    ///
    /// # Errors
    /// When no connection is to be had, when a newer program has migrated the database, or as the work says.
    pub fn write_here<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let _turn = self
            .writer
            .as_ref()
            .map(|line| line.lock().unwrap_or_else(PoisonError::into_inner));
        let mut connection = self
            .writers
            .get()
            .map_err(|error| DbError::Pool(error.to_string()))?;
        upgrade::refuse_newer(&mut connection, &self.known)?;
        work(&mut connection)
    }

    /// Runs a reading unit of work: on SQLite right here, since a read there takes microseconds and waits for no
    /// writer, so that changing threads would cost more than the read; on PostgreSQL on the blocking pool.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        if !self.is_shared() {
            return self.read_here(work);
        }
        self.read_long(work).await
    }

    /// Runs a reading unit of work on the blocking pool, on SQLite as well: for searches through whole tables.
    pub async fn read_long<T, E>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let turn = Arc::clone(&self.reading).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await;
        let turn = turn.map_err(|_| DbError::Pool("all connections are in use".to_owned()))?;
        let db = self.clone();
        trace::block(move || {
            // A client that hangs up does not end the work, nor the turn that it takes.
            let _turn = turn;
            db.read_here(work)
        })
        .await
        .map_err(|_| DbError::Cancelled)?
    }

    /// Runs a writing unit of work on the blocking pool.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let db = self.clone();
        trace::block(move || db.write_here(work))
            .await
            .map_err(|_| DbError::Cancelled)?
    }

    /// Brings the schema up to this program's.
    ///
    /// # Errors
    /// When a migration fails or the database is newer than the program.
    pub fn migrate(&self) -> Result<(), DbError> {
        self.write_here(|connection| {
            check_not_newer(connection)?;
            run_migrations(connection)
        })
    }

    /// Checks that the schema is exactly this program's.
    ///
    /// # Errors
    /// When it is older or newer.
    pub fn check_schema(&self) -> Result<(), DbError> {
        self.read_here(check_schema)
    }
}

/// State of a pool, in connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Made.
    pub open: u32,
    /// Of these, idle.
    pub idle: u32,
    /// The most that may be made.
    pub most: u32,
}

/// Checks that the schema is exactly this program's.
///
/// # Errors
/// When it is older or newer.
pub fn check_schema(connection: &mut Conn) -> Result<(), DbError> {
    check_not_newer(connection)?;
    let applied = applied_migrations(connection)?;
    let known = known_migrations()?;
    match known
        .iter()
        .filter(|version| !applied.contains(version))
        .count()
    {
        0 => Ok(()),
        pending => Err(DbError::OlderSchema(pending)),
    }
}

#[derive(QueryableByName)]
struct AppliedMigration {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Reads the versions of the migrations that the database has. Diesel's own way would make their table first, which a
/// connection that only reads must not do.
fn applied_migrations(connection: &mut Conn) -> QueryResult<Vec<String>> {
    let exists = if connection.is_postgres() {
        "SELECT count(to_regclass('__diesel_schema_migrations')) AS count"
    } else {
        "SELECT count(*) AS count FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
    };
    let exists: Count = diesel::sql_query(exists).get_result(connection)?;
    if exists.count == 0 {
        return Ok(Vec::new());
    }
    let applied: Vec<AppliedMigration> =
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version")
            .load(connection)?;
    Ok(applied
        .into_iter()
        .map(|migration| migration.version)
        .collect())
}

fn run_migrations(connection: &mut Conn) -> Result<(), DbError> {
    match connection {
        Conn::Sqlite(sqlite) => sqlite.run_pending_migrations(SQLITE_MIGRATIONS).map(drop),
        #[cfg(feature = "postgres")]
        Conn::Postgres(postgres) => {
            // Several servers may start at once: one migrates, the others wait. The number is arbitrary but fixed.
            diesel::sql_query("SELECT pg_advisory_lock(7107022)").execute(postgres)?;
            let outcome = postgres
                .run_pending_migrations(POSTGRES_MIGRATIONS)
                .map(drop);
            diesel::sql_query("SELECT pg_advisory_unlock(7107022)").execute(postgres)?;
            outcome
        }
    }
    .map_err(|error| DbError::Migration(error.to_string()))
}

/// Undoes every migration, newest first.
///
/// # Errors
/// When one cannot be undone.
pub fn revert_migrations(connection: &mut Conn) -> Result<(), DbError> {
    match connection {
        Conn::Sqlite(sqlite) => sqlite.revert_all_migrations(SQLITE_MIGRATIONS).map(drop),
        #[cfg(feature = "postgres")]
        Conn::Postgres(postgres) => postgres
            .revert_all_migrations(POSTGRES_MIGRATIONS)
            .map(drop),
    }
    .map_err(|error| DbError::Migration(error.to_string()))
}

/// The versions of this program's migrations, in order; they are the same on both databases.
///
/// # Errors
/// When they cannot be read.
pub fn known_migrations() -> Result<Vec<String>, DbError> {
    versions::<diesel::sqlite::Sqlite>(&SQLITE_MIGRATIONS)
        .map_err(|error| DbError::Migration(error.to_string()))
}

fn versions<DB: diesel::backend::Backend>(
    known: &EmbeddedMigrations,
) -> diesel::migration::Result<Vec<String>>
where
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    use diesel::migration::MigrationSource;
    let mut versions: Vec<String> = known
        .migrations()?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    versions.sort();
    Ok(versions)
}

fn check_not_newer(connection: &mut Conn) -> Result<(), DbError> {
    let known = known_migrations()?;
    let newer = applied_migrations(connection)?
        .into_iter()
        .find(|version| !known.contains(version));
    newer.map_or(Ok(()), |version| Err(DbError::NewerSchema(version)))
}

/// What a pooled connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConnectionMode {
    Read,
    Write,
}

/// Makes pooled connections of the right kind.
struct Manager {
    url: DatabaseUrl,
    access: ConnectionMode,
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = DbError;

    fn connect(&self) -> Result<Conn, DbError> {
        let mut connection = connect(&self.url)?;
        if self.access == ConnectionMode::Read {
            refuse_writes(&mut connection)?;
        }
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut Conn) -> Result<(), DbError> {
        match connection {
            // An embedded database cannot go away between two queries.
            Conn::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Conn::Postgres(postgres) => {
                Ok(diesel::sql_query("SELECT 1").execute(postgres).map(drop)?)
            }
        }
    }

    fn has_broken(&self, connection: &mut Conn) -> bool {
        std::thread::panicking() || diesel::r2d2::R2D2Connection::is_broken(connection)
    }
}

/// True when the database itself refused an overlap: the second guard, behind the rules.
#[must_use]
pub fn is_overlap_refusal(error: &diesel::result::Error) -> bool {
    match error {
        diesel::result::Error::DatabaseError(_, info) => {
            info.constraint_name() == Some("no_overlap") || info.message() == "no_overlap"
        }
        _ => false,
    }
}

/// Rows that PostgreSQL takes in one statement: it has 65,535 places for values.
#[cfg(feature = "postgres")]
pub(crate) const ROWS_AT_ONCE: usize = 500;

/// Stores many rows, a list of `Insertable` structs: SQLite row by row with one prepared statement, PostgreSQL by the
/// hundred, as every statement is a way to the server and back.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        match &mut *$conn {
            $crate::db::Conn::Sqlite(sqlite) => {
                for row in &$rows {
                    diesel::insert_into($table).values(row).execute(sqlite)?;
                }
            }
            #[cfg(feature = "postgres")]
            $crate::db::Conn::Postgres(postgres) => {
                for rows in $rows.chunks($crate::db::ROWS_AT_ONCE) {
                    diesel::insert_into($table).values(rows).execute(postgres)?;
                }
            }
        }
    };
}
pub(crate) use insert_rows;

/// Answers a count query of plain SQL; for checks outside the schema module.
#[derive(QueryableByName)]
pub struct Count {
    /// The number counted.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}
