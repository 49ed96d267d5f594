//! Whether this machine's clock agrees with the database's, and so with those of the other servers on it.
//!
//! Sessions, leases of mail and throttles go by the time that each server reads. On SQLite there is one clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_web::web;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::db::{Conn, Db, DbError};
use crate::runtime::clock::Clock;
use crate::server::app::App;

/// Seconds that clocks may be apart: more than what reading and rounding them makes of two that agree.
pub const TOLERATED_SECONDS: i64 = 5;
/// Seconds from which a server says that it is not ready: as long as mail is leased, a lease may seem to be over.
pub const REFUSED_SECONDS: i64 = 60;
/// How often the clocks are compared.
const EVERY: Duration = Duration::from_secs(30);
/// Placeholder for an unknown difference.
const UNKNOWN: i64 = i64::MIN;

/// By how much the clocks were apart when they were compared last. Clones share it.
#[derive(Clone)]
pub struct ClockDifference(Arc<AtomicI64>);

impl Default for ClockDifference {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(UNKNOWN)))
    }
}

impl ClockDifference {
    /// The seconds by which this machine's clock is ahead of the database's; `None` before they were compared.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|seconds| *seconds != UNKNOWN)
    }

    /// True when the clocks are too far apart to go by.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.seconds()
            .is_some_and(|seconds| seconds.abs() > REFUSED_SECONDS)
    }

    /// Compares the clocks and warns in the log when they disagree; does nothing on SQLite.
    ///
    /// # Errors
    /// When the database does not answer; what was known before stays.
    pub fn compare(&self, db: &Db, clock: &Clock) -> Result<(), DbError> {
        let Some(seconds) = db.read_here(|conn| difference(conn, clock))? else {
            return Ok(());
        };
        self.0.store(seconds, Ordering::Relaxed);
        if seconds.abs() > REFUSED_SECONDS {
            tracing::error!(
                seconds,
                "not ready: this machine's clock is too far from the database's; set both by the same time servers"
            );
        } else if seconds.abs() > TOLERATED_SECONDS {
            tracing::warn!(
                seconds,
                "this machine's clock is not the database's; set both by the same time servers"
            );
        }
        Ok(())
    }
}

/// Compares the clocks again and again, as long as the server runs.
pub async fn watch(app: App) {
    if !app.db.is_shared() {
        return;
    }
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        let app = app.clone();
        let compared = web::block(move || app.clock_difference.compare(&app.db, &app.clock)).await;
        if let Ok(Err(error)) = compared {
            tracing::warn!(%error, "could not compare this machine's clock with the database's");
        }
    }
}

#[derive(QueryableByName)]
struct Seconds {
    #[diesel(sql_type = BigInt)]
    seconds: i64,
}

/// The seconds by which `clock` is ahead of the database's; `None` on SQLite, which has none of its own.
pub fn difference(conn: &mut Conn, clock: &Clock) -> Result<Option<i64>, DbError> {
    if !conn.is_postgres() {
        return Ok(None);
    }
    let before = clock.now().seconds();
    let there: Seconds =
        diesel::sql_query("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint AS seconds")
            .get_result(conn)?;
    let after = clock.now().seconds();
    Ok(Some(ahead(before, there.seconds, after)))
}

/// By how much a clock is ahead that showed `before` and `after` around the moment at which another showed `there`: what
/// can be explained by the time in between counts for nothing.
fn ahead(before: i64, there: i64, after: i64) -> i64 {
    if there < before {
        before - there
    } else if there > after {
        after - there
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_the_question_took_is_no_difference() {
        for (before, there, after, seconds) in [
            (100, 100, 100, 0),
            (100, 107, 110, 0),
            (100, 40, 110, 60),
            (100, 171, 110, -61),
        ] {
            assert_eq!(ahead(before, there, after), seconds);
        }
    }

    #[test]
    fn difference_is_too_large_beyond_a_minute_in_either_direction() {
        let known = ClockDifference::default();
        assert_eq!(known.seconds(), None);
        assert!(!known.is_too_large());
        for (seconds, too_large) in [(0, false), (60, false), (61, true), (-61, true)] {
            known.0.store(seconds, Ordering::Relaxed);
            assert_eq!(known.seconds(), Some(seconds));
            assert_eq!(known.is_too_large(), too_large, "{seconds}");
        }
    }
}
