//! Between the two steps of a sign-in: the password was right, the second factor is missing.
//!
//! The browser's token is stored in a table of its own until then, so that no page can take it for a session.

use diesel::prelude::*;

use crate::auth::account::{self, AccountError};
use crate::core::time::Moment;
use crate::core::user::{User, UserId};
use crate::db::Conn;
use crate::db::schema::sign_in_steps;
use crate::runtime::secret::TokenHash;

/// Seconds in which the second step has to follow the first: a device can be fetched from the next room.
const STEP_SECONDS: i64 = 10 * 60;

/// A sign-in that has come half the way.
#[derive(Debug, Clone)]
pub struct HalfWay {
    /// Whose.
    pub user: User,
    /// The token of the first step.
    pub token: TokenHash,
}

/// Begins the second step under a token of its own.
pub fn begin(conn: &mut Conn, user: UserId, token: &TokenHash, now: Moment) -> QueryResult<()> {
    diesel::insert_into(sign_in_steps::table)
        .values((
            sign_in_steps::token_hash.eq(token.as_str()),
            sign_in_steps::user_id.eq(user),
            sign_in_steps::created_at.eq(now),
            sign_in_steps::expires_at.eq(now.plus(STEP_SECONDS)),
        ))
        .execute(conn)
        .map(drop)
}

/// Finds expired second steps, up to a limit.
pub fn ended(conn: &mut Conn, now: Moment, limit: i64) -> QueryResult<Vec<String>> {
    sign_in_steps::table
        .filter(sign_in_steps::expires_at.le(now))
        .select(sign_in_steps::token_hash)
        .limit(limit)
        .load(conn)
}

/// Deletes those of the second steps that have expired.
pub fn delete_ended(conn: &mut Conn, tokens: &[String], now: Moment) -> QueryResult<usize> {
    diesel::delete(
        sign_in_steps::table
            .filter(sign_in_steps::token_hash.eq_any(tokens))
            .filter(sign_in_steps::expires_at.le(now)),
    )
    .execute(conn)
}

/// Returns a browser's pending sign-in; `None` when it expired, or the account is disabled.
pub fn of(
    conn: &mut Conn,
    token: Option<&TokenHash>,
    now: Moment,
) -> Result<Option<HalfWay>, AccountError> {
    let Some(token) = token else {
        return Ok(None);
    };
    let user: Option<UserId> = sign_in_steps::table
        .filter(sign_in_steps::token_hash.eq(token.as_str()))
        .filter(sign_in_steps::expires_at.gt(now))
        // One that a clock begun that ran ahead would last longer.
        .filter(sign_in_steps::created_at.le(now.plus(STEP_SECONDS)))
        .select(sign_in_steps::user_id)
        .get_result(conn)
        .optional()?;
    let Some(user) = user else { return Ok(None) };
    let account = match account::by_id(conn, user) {
        Err(AccountError::Unknown) => return Ok(None),
        account => account?,
    };
    Ok((!account.disabled).then(|| HalfWay {
        user: account.user,
        token: token.clone(),
    }))
}

/// Ends the step of a token; false when there is none any more, because the same was sent twice.
pub fn end(conn: &mut Conn, token: &TokenHash) -> QueryResult<bool> {
    let ended =
        diesel::delete(sign_in_steps::table.filter(sign_in_steps::token_hash.eq(token.as_str())));
    Ok(ended.execute(conn)? == 1)
}

/// Ends every pending sign-in of a user.
pub fn end_all(conn: &mut Conn, user: UserId) -> QueryResult<()> {
    diesel::delete(sign_in_steps::table.filter(sign_in_steps::user_id.eq(user)))
        .execute(conn)
        .map(drop)
}
