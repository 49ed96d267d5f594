//! Programmes are read once for all who wait, as they were at one moment, whatever others write meanwhile.

use std::future::Future;
use std::sync::Arc;

use futures_util::future::join_all;
use iikura::core::event::{EventId, Revision};
use iikura::core::programme::Programme;
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::db::{Db, DbError};
use iikura::store::programme::read_programme;
use iikura::store::programme_cache::ProgrammeCache;
use iikura::store::{event, transaction};

use crate::scene::*;
use support::both::{Scratch, on_both};

on_both!(
    readers_of_one_version_share_one_load,
    writers_of_one_server_load_the_programme_once,
    raised_revision_returns_the_previous_version,
    snapshot_inside_a_writing_transaction_sees_its_writes,
);

const EVENT: EventId = EventId(MEETING);
const READERS: usize = 100;

fn block_on<F: Future>(work: F) -> F::Output {
    actix_web::rt::System::new().block_on(work)
}

async fn current(live: &ProgrammeCache, db: &Db) -> Arc<Programme> {
    live.current(db, EVENT).await.unwrap().unwrap()
}

/// Changes the event behind the back of a server, as another one would.
fn rename(db: &Db, name: &str) {
    let sql = format!(
        "UPDATE events SET revision = revision + 1, revision_key = revision_key + 1, name = '{name}' WHERE id = {MEETING}"
    );
    run(db, &sql).unwrap();
}

fn readers_of_one_version_share_one_load(scratch: &Scratch) {
    scratch.migrate().unwrap();
    furnish(scratch);
    let (server, live) = (scratch.another_process(), ProgrammeCache::default());
    for name in ["First", "Second"] {
        rename(scratch, name);
        let readers = (0..READERS).map(|_| current(&live, &server));
        let programmes = block_on(join_all(readers));
        for programme in &programmes {
            assert_eq!(programme.event.name.as_str(), name);
            assert!(Arc::ptr_eq(programme, &programmes[0]));
        }
    }
    assert_eq!(live.loaded(), 2);
}

/// The next writer waits for the commit of the one before, and is there before what was committed is put into memory.
fn writers_of_one_server_load_the_programme_once(scratch: &Scratch) {
    scratch.migrate().unwrap();
    furnish(scratch);
    let (live, actor) = (ProgrammeCache::default(), Actor::command_line());
    let write = || {
        scratch.write_here(|conn| {
            let now = Moment::from_seconds(0);
            let written =
                transaction::write(conn, &live, EVENT, &actor, now, |_| Ok::<_, DbError>(()));
            written.map(|_| ())
        })
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..25).for_each(|_| write().unwrap()));
        }
    });
    assert_eq!(live.loaded(), 1);
}

fn raised_revision_returns_the_previous_version(scratch: &Scratch) {
    scratch.migrate().unwrap();
    furnish(scratch);
    let mut seen = Vec::new();
    for _ in 0..20 {
        let raised = scratch.write_here(|conn| {
            let stored = event::version(conn, EVENT)?.unwrap();
            let (before, now) = event::raise_revision(conn, EVENT)?;
            assert_eq!((before, Some(now)), (stored, event::version(conn, EVENT)?));
            Ok::<_, DbError>(now)
        });
        let now = raised.unwrap();
        assert_eq!(now.to_string().parse(), Ok(now));
        assert!(!seen.contains(&now.key));
        seen.push(now.key);
    }
    let nowhere =
        scratch.write_here(|conn| Ok::<_, DbError>(event::raise_revision(conn, EventId(99))?));
    assert!(matches!(nowhere, Err(DbError::Query(diesel::NotFound))));
}

fn snapshot_inside_a_writing_transaction_sees_its_writes(scratch: &Scratch) {
    scratch.migrate().unwrap();
    furnish(scratch);
    let read = scratch.write_here(|conn| {
        conn.transaction(|conn| {
            let (_, version) = event::raise_revision(conn, EVENT)?;
            let programme = read_programme(conn, EVENT)?.unwrap();
            assert_eq!(programme.version(), version);
            // It is the transaction that it runs in, which may write.
            let (_, version) = conn.snapshot(|conn| event::raise_revision(conn, EVENT))?;
            Ok::<_, DbError>(version)
        })
    });
    let version = read.unwrap();
    assert_eq!(version.revision, Revision(3));
}

/// The load has begun when another server writes, and is held up in the middle by a lock on one of its tables.
#[cfg(feature = "postgres")]
#[test]
fn writers_of_another_server_hold_up_no_reader() {
    use diesel::connection::SimpleConnection;
    use tokio::task::{spawn_local, yield_now};

    const HELD_UP: &str = "pg_locks WHERE relation = 'slots'::regclass AND NOT granted";
    async fn until(condition: impl Fn() -> bool) {
        while !condition() {
            yield_now().await;
        }
    }

    let scratch = Scratch::postgres().migrated();
    furnish(&scratch);
    rename(&scratch, "Before");
    let (server, live) = (scratch.another_process(), ProgrammeCache::default());
    let mut lock = iikura::db::connect(scratch.another_process().url()).unwrap();
    lock.batch_execute("BEGIN; LOCK TABLE slots IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    block_on(tokio::task::LocalSet::new().run_until(async {
        let ask = || {
            let (live, server) = (live.clone(), server.clone());
            spawn_local(async move { current(&live, &server).await })
        };
        let early: Vec<_> = (0..READERS).map(|_| ask()).collect();
        // All of them have found the first version stored before there is another.
        until(|| live.waiting() == READERS && count(&scratch, HELD_UP) == 1).await;
        rename(&scratch, "After");
        let late: Vec<_> = (0..READERS).map(|_| ask()).collect();
        let busy = || server.connections().open - server.connections().idle;
        // All have asked for the version by now and wait, none of them with a connection.
        until(|| live.waiting() == 2 * READERS && busy() == 1).await;
        lock.batch_execute("ROLLBACK").unwrap();
        for reader in early {
            // Whichever load ended before this reader's turn came: both are as new as its request.
            let programme = reader.await.unwrap();
            assert!(["Before", "After"].contains(&programme.event.name.as_str()));
        }
        for reader in late {
            assert_eq!(reader.await.unwrap().event.name.as_str(), "After");
        }
    }));
    assert_eq!(live.loaded(), 2);
}
