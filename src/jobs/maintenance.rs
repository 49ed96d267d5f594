//! Background work of a server: writes last-used marks and deletes expired rows.
//!
//! No request does either: a request that is refused or that only reads must cost no write. Rows are looked for without
//! the write lock and deleted in batches, so that bookings get their turn in between.

use std::time::Duration;

use diesel::prelude::*;
use tokio::time::MissedTickBehavior;

use crate::api::idempotency;
use crate::auth::factor::step;
use crate::auth::sign_on::flow;
use crate::auth::usage::UsageMarks;
use crate::auth::{device, store, throttle};
use crate::core::time::Moment;
use crate::db::{Conn, Db, DbError};
use crate::runtime::clock::Clock;
use crate::runtime::trace;
use crate::server::app::App;
use crate::store::{form_post, private_link};

/// Seconds between two writes of last-used marks: as long as servers on one PostgreSQL may differ about them.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// Flushes between two searches for expired rows.
const FLUSHES_PER_CLEANING: u32 = 12;
/// Rows that one transaction deletes, at most.
pub const BATCH: i64 = 500;
/// Batches of one table that one cleaning deletes, at most: 240,000 rows an hour and table are more than arrive.
const BATCHES: usize = 8;

/// Deletes at most [`BATCH`] rows of a table that have expired at `now`, and counts them.
type Clean = fn(&Db, Moment) -> Result<usize, DbError>;

/// Every table that gathers rows with an end.
const TABLES: [Clean; 8] = [
    |db, now| batch(db, now, throttle::ended, throttle::delete_ended),
    |db, now| batch(db, now, store::ended_sessions, store::delete_ended),
    |db, now| batch(db, now, device::ended, device::delete_ended),
    |db, now| batch(db, now, step::ended, step::delete_ended),
    |db, now| batch(db, now, flow::ended, flow::delete_ended),
    |db, now| {
        batch(
            db,
            now,
            private_link::ended_passes,
            private_link::delete_ended,
        )
    },
    |db, now| batch(db, now, idempotency::ended, idempotency::delete_ended),
    |db, now| batch(db, now, form_post::ended, form_post::delete_ended),
];

/// The background work of one server.
#[derive(Clone)]
pub struct Maintenance {
    db: Db,
    clock: Clock,
    usage: UsageMarks,
}

impl Maintenance {
    /// Makes the background work of an application.
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self {
            db: app.db.clone(),
            clock: app.clock.clone(),
            usage: app.usage.clone(),
        }
    }

    /// Works until it is aborted.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(FLUSH_EVERY);
        // A database that was busy for a minute is not to be asked twelve times at once.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut flushes: u32 = 0;
        loop {
            ticks.tick().await;
            let (work, cleaning) = (self.clone(), flushes.is_multiple_of(FLUSHES_PER_CLEANING));
            flushes = flushes.wrapping_add(1);
            let done = trace::block(move || {
                work.flush();
                if cleaning {
                    work.clean();
                }
            });
            if let Err(error) = done.await {
                tracing::error!(%error, "background work failed; it continues in a few seconds");
            }
        }
    }

    /// Writes the last-used marks on this thread.
    pub fn flush(&self) {
        if let Err(error) = self.usage.flush(&self.db) {
            tracing::warn!(%error, "last-used marks could not be written; they are written later");
        }
    }

    /// Deletes expired rows, on this thread, batch by batch.
    pub fn clean(&self) {
        let now = self.clock.now();
        for table in TABLES {
            for _ in 0..BATCHES {
                match table(&self.db, now) {
                    Ok(deleted) if deleted > 0 => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%error, "expired rows could not be deleted; they are deleted later");
                        return;
                    }
                }
            }
        }
    }
}

/// Finds rows without the write lock, and takes it only when there are any.
fn batch<K>(
    db: &Db,
    now: Moment,
    find: fn(&mut Conn, Moment, i64) -> QueryResult<Vec<K>>,
    delete: fn(&mut Conn, &[K], Moment) -> QueryResult<usize>,
) -> Result<usize, DbError> {
    let keys = db.read_here(|conn| Ok::<_, DbError>(find(conn, now, BATCH)?))?;
    if keys.is_empty() {
        return Ok(0);
    }
    db.write_here(|conn| Ok::<_, DbError>(conn.transaction(|conn| delete(conn, &keys, now))?))
}
