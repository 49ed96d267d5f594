//! Rate limit of guesses: attempts are counted per account and per network, in the database, before a password is checked.
//!
//! A try that is already over a limit writes nothing: it is refused from memory or after a read. Rows whose window has
//! ended are deleted by [`crate::jobs::maintenance`], never by a request.

mod counter;
pub mod lockout;
mod refusals;

pub use counter::Counters;
pub use refusals::Refusals;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::auth::throttle::counter::OnSuccess;
use crate::core::time::Moment;
use crate::db::schema::sign_in_failures;
use crate::db::{Conn, DbError};

/// Seconds of a window; it begins with the first try and is not moved by later ones.
const WINDOW: i64 = 15 * 60;

/// A stored counter.
type CounterRow = (String, i32, Moment);

/// True while a window lasts. One that ends later than a window from now was begun by a clock that ran ahead.
fn is_current(window_ends_at: Moment, now: Moment) -> bool {
    window_ends_at > now && window_ends_at <= now.plus(WINDOW)
}

/// Too many tries; nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries")]
pub struct Throttled {
    /// Seconds to wait.
    pub wait: i64,
}

impl Throttled {
    fn until(window_ends_at: Moment, now: Moment) -> Self {
        Self {
            wait: window_ends_at.seconds() - now.seconds(),
        }
    }
}

/// Why a try was not counted.
#[derive(Debug, thiserror::Error)]
pub enum ThrottleError {
    /// There were too many before.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The database failed.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Refuses a try that was over a limit a moment ago, without asking the database.
///
/// # Errors
/// When it was.
pub fn check_memory(
    refusals: &Refusals,
    counters: &Counters,
    now: Moment,
) -> Result<(), Throttled> {
    let recent = refusals.recent(counters);
    match recent.filter(|&ends| is_current(ends, now)) {
        Some(ends) => Err(Throttled::until(ends, now)),
        None => Ok(()),
    }
}

/// Refuses by what was read, and caches the refusal.
///
/// # Errors
/// When a counter is over its limit.
pub fn remember(
    refusals: &Refusals,
    over: Option<(String, Moment)>,
    now: Moment,
) -> Result<(), Throttled> {
    let Some((key, ends)) = over else {
        return Ok(());
    };
    refusals.note(&key, ends);
    Err(Throttled::until(ends, now))
}

/// Finds the counter that has reached its limit and lasts longest.
pub fn over(
    conn: &mut Conn,
    counters: &Counters,
    now: Moment,
) -> QueryResult<Option<(String, Moment)>> {
    let rows = load(conn, counters)?;
    let reached = rows.into_iter().filter(|(key, tries, ends)| {
        is_current(*ends, now) && counters.limit(key).is_some_and(|limit| *tries >= limit)
    });
    Ok(reached
        .map(|(key, _, ends)| (key, ends))
        .max_by_key(|(_, ends)| *ends))
}

fn load(conn: &mut Conn, counters: &Counters) -> QueryResult<Vec<CounterRow>> {
    sign_in_failures::table
        .filter(sign_in_failures::throttle_key.eq_any(counters.keys()))
        .load(conn)
}

/// Counts a try as failed until [`forgive`] says otherwise: fifty at the same moment are fifty. A refused one is not
/// counted, and leaves no row.
///
/// # Errors
/// When there were too many before, or as the database says.
pub fn count(conn: &mut Conn, counters: &Counters, now: Moment) -> Result<(), ThrottleError> {
    if let Some((_, ends)) = over(conn, counters, now)? {
        return Err(Throttled::until(ends, now).into());
    }
    conn.transaction(|conn| {
        for key in counters.keys() {
            // A window that has ended, or that a clock began that ran ahead, begins again here.
            diesel::sql_query(
                "INSERT INTO sign_in_failures (throttle_key, failures, window_ends_at) VALUES ($1, 1, $2) \
                 ON CONFLICT (throttle_key) DO UPDATE SET \
                 failures = CASE WHEN sign_in_failures.window_ends_at > $3 \
                 AND sign_in_failures.window_ends_at <= excluded.window_ends_at \
                 THEN sign_in_failures.failures + 1 ELSE 1 END, \
                 window_ends_at = CASE WHEN sign_in_failures.window_ends_at > $3 \
                 AND sign_in_failures.window_ends_at <= excluded.window_ends_at \
                 THEN sign_in_failures.window_ends_at ELSE excluded.window_ends_at END",
            )
            .bind::<Text, _>(key)
            .bind::<BigInt, _>(now.plus(WINDOW))
            .bind::<BigInt, _>(now)
            .execute(conn)?;
        }
        // Others may have been counted since the look above.
        let rows = load(conn, counters)?;
        rows.into_iter()
            .filter(|(key, tries, _)| counters.limit(key).is_some_and(|limit| *tries > limit))
            .map(|(_, _, ends)| ends)
            .max()
            .map_or(Ok(()), |ends| Err(Throttled::until(ends, now).into()))
    })
}

/// Takes a try back that turned out right, and forgets the earlier ones of an account.
pub fn forgive(conn: &mut Conn, counters: &Counters) -> QueryResult<()> {
    for counter in &counters.0 {
        let row = sign_in_failures::table.filter(sign_in_failures::throttle_key.eq(&counter.key));
        match counter.on_success {
            OnSuccess::Forget => diesel::delete(row).execute(conn)?,
            OnSuccess::TakeBack => diesel::update(row.filter(sign_in_failures::failures.gt(0)))
                .set(sign_in_failures::failures.eq(sign_in_failures::failures - 1))
                .execute(conn)?,
        };
    }
    Ok(())
}

/// Writes as much as noting a refusal at an account does, so that a try at no account takes as long.
pub fn write_nothing(conn: &mut Conn, counters: &Counters) -> QueryResult<()> {
    let rows =
        sign_in_failures::table.filter(sign_in_failures::throttle_key.eq_any(counters.keys()));
    diesel::update(rows)
        .set(sign_in_failures::failures.eq(sign_in_failures::failures))
        .execute(conn)
        .map(drop)
}

/// The rows of windows that have ended, and such as a clock that ran ahead has left.
macro_rules! ended {
    ($now:expr) => {
        sign_in_failures::window_ends_at
            .le($now)
            .or(sign_in_failures::window_ends_at.gt($now.plus(WINDOW)))
    };
}

/// Finds counters whose window has ended, at most so many.
pub fn ended(conn: &mut Conn, now: Moment, limit: i64) -> QueryResult<Vec<String>> {
    sign_in_failures::table
        .filter(ended!(now))
        .select(sign_in_failures::throttle_key)
        .limit(limit)
        .load(conn)
}

/// Deletes those of the counters whose window has ended.
pub fn delete_ended(conn: &mut Conn, keys: &[String], now: Moment) -> QueryResult<usize> {
    diesel::delete(
        sign_in_failures::table
            .filter(sign_in_failures::throttle_key.eq_any(keys))
            .filter(ended!(now)),
    )
    .execute(conn)
}
