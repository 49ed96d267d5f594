//! What the promises of the store stand on is set on every connection that the pool lends.

use std::sync::Barrier;
use std::thread;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use iikura::db::{Conn, DbError};

use crate::support::both::Scratch;

/// As many as the pool lends at once.
const CONNECTIONS: usize = 16;

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

#[test]
fn every_sqlite_connection_keeps_keys_and_commits_for_good() {
    let scratch = Scratch::sqlite().migrated();
    // Nobody gives a connection back before everybody has one, so these are sixteen different ones.
    let all_have_one = Barrier::new(CONNECTIONS);
    let settings: Vec<Settings> = thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
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
    for settings in settings {
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
