//! What the promises of the store stand on is set on every connection that the pools lend.

use std::sync::Barrier;
use std::thread;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use iikura::db::{Conn, Db, DbError};

use support::both::{Scratch, on_both};

on_both!(
    a_reading_unit_of_work_cannot_write,
    a_long_read_runs_on_another_thread,
);

/// As many as the pool of readers lends at once; one more connection writes.
const READERS: usize = 15;

#[derive(QueryableByName, Debug, PartialEq)]
struct Settings {
    #[diesel(sql_type = BigInt)]
    foreign_keys: i64,
    #[diesel(sql_type = BigInt)]
    synchronous: i64,
    #[diesel(sql_type = Text)]
    journal_mode: String,
    #[diesel(sql_type = BigInt)]
    busy_timeout: i64,
}

/// A search through whole tables would keep all other requests of the worker's thread waiting.
fn a_long_read_runs_on_another_thread(db: &Scratch) {
    let work = db.read_long(|_| Ok::<_, DbError>(thread::current().id()));
    let there = actix_web::rt::System::new().block_on(work).unwrap();
    assert_ne!(there, thread::current().id());
}

#[test]
fn every_sqlite_connection_keeps_keys_and_commits_for_good() {
    let scratch = Scratch::sqlite().migrated();
    // No thread gives a connection back before each has one, so these are all different.
    let all_have_one = Barrier::new(READERS);
    let mut all: Vec<Settings> = thread::scope(|scope| {
        let threads: Vec<_> = (0..READERS)
            .map(|_| {
                scope.spawn(|| {
                    scratch
                        .read_here(|connection| {
                            all_have_one.wait();
                            settings(connection)
                        })
                        .unwrap()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    all.push(scratch.write_here(settings).unwrap());
    for settings in all {
        assert_eq!(
            settings,
            Settings {
                foreign_keys: 1,
                synchronous: 2, // FULL
                journal_mode: "wal".to_owned(),
                busy_timeout: 15_000,
            }
        );
    }
}

fn settings(connection: &mut Conn) -> Result<Settings, DbError> {
    Ok(diesel::sql_query(
        "SELECT foreign_keys, synchronous, journal_mode, timeout AS busy_timeout \
         FROM pragma_foreign_keys, pragma_synchronous, pragma_journal_mode, pragma_busy_timeout",
    )
    .get_result(connection)?)
}

fn a_reading_unit_of_work_cannot_write(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let insert = |conn: &mut Conn| -> Result<usize, DbError> {
        let sql = "INSERT INTO sign_in_failures (throttle_key, failures, window_ends_at) VALUES ('x', 1, 1)";
        Ok(diesel::sql_query(sql).execute(conn)?)
    };
    let refused = |outcome: Result<usize, DbError>| {
        let error = outcome.unwrap_err().to_string();
        assert!(
            error.contains("readonly") || error.contains("read-only"),
            "{error}"
        );
    };
    let db: &Db = scratch;
    refused(db.read_here(insert));
    refused(db.read_for(std::time::Duration::from_secs(10), insert));
    refused(db.read_here(|conn| conn.transaction(insert)));
    assert_eq!(db.write_here(insert).unwrap(), 1);
}
