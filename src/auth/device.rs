//! Browsers that an account knows: its owner has signed in there before. Guessing passwords from elsewhere
//! locks the account, but not there
//! (<https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies>).
//! It spares no step of signing in.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::core::time::Moment;
use crate::core::user::UserId;
use crate::db::Conn;
use crate::db::schema::{known_devices, users};
use crate::runtime::secret::{SessionToken, TokenHash};

/// The cookie's name.
pub const COOKIE: &str = "__Host-iikura-device";
/// Seconds for which a browser is known after the last sign-in: half a year.
pub const KNOWN_SECONDS: i64 = 180 * 86_400;

/// The token of a browser and the user, if the account of this address knows it. The same question whether
/// there is such an account or not.
pub fn known_to(
    conn: &mut Conn,
    device: Option<&TokenHash>,
    email: &str,
    now: Moment,
) -> QueryResult<Option<(TokenHash, UserId)>> {
    let Some(device) = device else {
        return Ok(None);
    };
    let user: Option<UserId> = known_devices::table
        .inner_join(users::table.on(users::id.eq(known_devices::user_id)))
        .filter(known_devices::token_hash.eq(device.as_str()))
        .filter(known_devices::expires_at.gt(now))
        .filter(users::email.eq(email))
        .select(users::id)
        .get_result(conn)
        .optional()?;
    Ok(user.map(|user| (device.clone(), user)))
}

/// Makes a browser known to an account after a whole sign-in; the token is for a browser that no account knew.
pub fn remember(
    conn: &mut Conn,
    device: Option<&TokenHash>,
    user: UserId,
    now: Moment,
) -> QueryResult<Option<SessionToken>> {
    let expires = now.plus(KNOWN_SECONDS);
    if let Some(device) = device {
        let of_anybody: i64 = known_devices::table
            .filter(known_devices::token_hash.eq(device.as_str()))
            .count()
            .get_result(conn)?;
        if of_anybody > 0 {
            put(conn, device, user, expires)?;
            return Ok(None);
        }
    }
    let token = SessionToken::fresh();
    put(conn, &token.hash(), user, expires)?;
    Ok(Some(token))
}

fn put(conn: &mut Conn, device: &TokenHash, user: UserId, expires: Moment) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO known_devices (token_hash, user_id, expires_at) VALUES ($1, $2, $3) \
         ON CONFLICT (token_hash, user_id) DO UPDATE SET expires_at = excluded.expires_at",
    )
    .bind::<Text, _>(device.as_str())
    .bind::<BigInt, _>(user)
    .bind::<BigInt, _>(expires)
    .execute(conn)
    .map(drop)
}

/// Finds expired devices, up to a limit.
pub fn ended(conn: &mut Conn, now: Moment, limit: i64) -> QueryResult<Vec<String>> {
    known_devices::table
        .filter(known_devices::expires_at.le(now))
        .select(known_devices::token_hash)
        .limit(limit)
        .load(conn)
}

/// Deletes those of the devices that have expired.
pub fn delete_ended(conn: &mut Conn, tokens: &[String], now: Moment) -> QueryResult<usize> {
    diesel::delete(
        known_devices::table
            .filter(known_devices::token_hash.eq_any(tokens))
            .filter(known_devices::expires_at.le(now)),
    )
    .execute(conn)
}

/// Deletes all known browsers of an account: an attacker with its old password may have signed in with one.
pub fn forget_all(conn: &mut Conn, user: UserId) -> QueryResult<()> {
    diesel::delete(known_devices::table.filter(known_devices::user_id.eq(user)))
        .execute(conn)
        .map(drop)
}
