//! Forms that were sent: each is claimed before it is worked on, and its answer is stored for those who send it again.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::form_posts as posts;

/// Seconds for which a form that was sent is remembered.
pub const SECONDS_KEPT: i64 = 24 * 3600;

/// What is known of a form that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormPostRow {
    /// Its answer, sealed; `None` while it is worked on.
    pub answer: Option<String>,
    /// When it was claimed.
    pub created_at: Moment,
}

/// Finds a form by its key.
pub fn find(conn: &mut Conn, key: &str, now: Moment) -> QueryResult<Option<FormPostRow>> {
    let row: Option<(Option<String>, Moment)> = posts::table
        .find(key)
        .filter(posts::created_at.gt(now.plus(-SECONDS_KEPT)))
        .select((posts::answer, posts::created_at))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(answer, created_at)| FormPostRow { answer, created_at }))
}

/// Claims a form, on a connection without a transaction; false when another request has claimed it.
pub fn claim(conn: &mut Conn, key: &str, now: Moment) -> QueryResult<bool> {
    let expired = posts::created_at.le(now.plus(-SECONDS_KEPT));
    diesel::delete(posts::table.find(key).filter(expired)).execute(conn)?;
    let row = (posts::key_hash.eq(key), posts::created_at.eq(now));
    match diesel::insert_into(posts::table).values(row).execute(conn) {
        Ok(_) => Ok(true),
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Stores the answer to a claimed form.
pub fn answer(conn: &mut Conn, key: &str, sealed: &str) -> QueryResult<()> {
    diesel::update(posts::table.find(key))
        .set(posts::answer.eq(sealed))
        .execute(conn)
        .map(drop)
}

/// Takes a claim back: the form was refused, and may be sent again.
pub fn release(conn: &mut Conn, key: &str) -> QueryResult<()> {
    diesel::delete(posts::table.find(key))
        .execute(conn)
        .map(drop)
}

/// Finds expired forms, up to a limit.
pub(crate) fn ended(conn: &mut Conn, now: Moment, limit: i64) -> QueryResult<Vec<String>> {
    posts::table
        .filter(posts::created_at.le(now.plus(-SECONDS_KEPT)))
        .select(posts::key_hash)
        .limit(limit)
        .load(conn)
}

/// Deletes those of the forms that have expired.
pub(crate) fn delete_ended(conn: &mut Conn, keys: &[String], now: Moment) -> QueryResult<usize> {
    let expired = posts::created_at.le(now.plus(-SECONDS_KEPT));
    diesel::delete(
        posts::table
            .filter(posts::key_hash.eq_any(keys))
            .filter(expired),
    )
    .execute(conn)
}
