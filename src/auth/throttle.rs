//! Slows guessing down: tries are counted per account and per address, in the database, before a password is looked at.

use std::net::IpAddr;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use sha2::{Digest, Sha256};

use crate::auth::UserId;
use crate::auth::session::TokenHash;
use crate::db::Conn;
use crate::db::schema::sign_in_failures;
use crate::time::Moment;
use crate::web::Error;

/// Tries that an account takes in a window.
const PER_ACCOUNT: i32 = 5;
/// Tries that an address takes in a window: a delegation's office has one address for many people.
const PER_ADDRESS: i32 = 20;
/// Wrong codes of a second factor that an account takes in a window.
const CODES: i32 = 6;
/// Ways to the provider of single sign-on that an address may begin in a window: a whole office comes from one.
const SIGN_ONS: i32 = 300;
/// Private links that open nothing which an address may try in a window.
const DEAD_LINKS: i32 = 60;
/// Times that a delegation's links may be opened from one address in a window.
const OPENINGS: i32 = 60;
/// Answers that a delegation may give by its links in a window.
const ANSWERS: i32 = 60;
/// Trials of the mail relay that an administrator may make in a window.
const MAIL_TRIALS: i32 = 10;
/// Seconds of a window; it begins with the first try and is not moved by later ones.
const WINDOW: i64 = 15 * 60;

/// The names under which a try is counted.
#[derive(Debug, Clone)]
pub struct Keys {
    account: String,
    /// `None` for a browser that the account knows: others at the same address do not shut it out.
    address: Option<String>,
}

impl Keys {
    /// The names for an address typed and the address it came from. What was typed is hashed: people type passwords
    /// into the wrong field. Of IPv6, the first 64 bits count, which is what one customer gets.
    #[must_use]
    pub fn new(email: &str, from: IpAddr) -> Self {
        let digest = Sha256::digest(email.as_bytes());
        let account = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        Self {
            account: format!("account:{}", account.collect::<String>()),
            address: Some(format!("address:{}", network(from))),
        }
    }

    /// The name for a browser in which the account's owner has signed in before. It takes as many tries of its own as an
    /// account does, whatever others are at elsewhere.
    #[must_use]
    pub fn of_known_device(device: &TokenHash, user: UserId) -> Self {
        Self {
            account: format!("device:{}:{}", device.reference(), user.0),
            address: None,
        }
    }
}

fn network(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Counts a try as failed until [`forgive`] says otherwise: fifty at the same moment are fifty.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count(conn: &mut Conn, keys: &Keys, now: Moment) -> Result<(), Error> {
    let mut limits = vec![(&keys.account, PER_ACCOUNT)];
    limits.extend(keys.address.iter().map(|address| (address, PER_ADDRESS)));
    tally(conn, &limits, now)
}

/// Counts a code of a second factor as wrong until [`forgive_code`] says otherwise. Whoever types one knows the password,
/// so that it is the account that waits, wherever they are.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count_code(conn: &mut Conn, user: i64, now: Moment) -> Result<(), Error> {
    tally(conn, &[(&format!("code:{user}"), CODES)], now)
}

/// Forgets the wrong codes of an account after a right one.
///
/// # Errors
/// As the database says.
pub fn forgive_code(conn: &mut Conn, user: i64) -> QueryResult<()> {
    let key = format!("code:{user}");
    diesel::delete(sign_in_failures::table.filter(sign_in_failures::throttle_key.eq(key)))
        .execute(conn)
        .map(drop)
}

/// Counts a way to the provider of single sign-on that is begun, by where: each asks the provider and keeps a row.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count_sign_on(conn: &mut Conn, from: IpAddr, now: Moment) -> Result<(), Error> {
    tally(
        conn,
        &[(&format!("sign-on:{}", network(from)), SIGN_ONS)],
        now,
    )
}

/// Counts what the provider is said to have answered as a failed try of an address, beside its wrong passwords, until
/// [`forgive_provider_answer`] says otherwise.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count_provider_answer(conn: &mut Conn, from: IpAddr, now: Moment) -> Result<(), Error> {
    tally(
        conn,
        &[(&format!("address:{}", network(from)), PER_ADDRESS)],
        now,
    )
}

/// Takes such a try back that turned out right.
///
/// # Errors
/// As the database says.
pub fn forgive_provider_answer(conn: &mut Conn, from: IpAddr) -> QueryResult<()> {
    one_less(conn, &format!("address:{}", network(from)))
}

/// Counts a private link that opened nothing, by where it was tried.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count_dead_link(conn: &mut Conn, from: IpAddr, now: Moment) -> Result<(), Error> {
    tally(
        conn,
        &[(&format!("link:{}", network(from)), DEAD_LINKS)],
        now,
    )
}

/// Counts an opening of a delegation's private links, each of which leaves a pass behind, by where it was done.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count_opening(
    conn: &mut Conn,
    delegation: i64,
    from: IpAddr,
    now: Moment,
) -> Result<(), Error> {
    let key = format!("opening:{delegation}:{}", network(from));
    tally(conn, &[(&key, OPENINGS)], now)
}

/// Counts an answer by a private link: whoever has it may change their mind, but not fill the history.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count_answer(conn: &mut Conn, delegation: i64, now: Moment) -> Result<(), Error> {
    tally(conn, &[(&format!("answers:{delegation}"), ANSWERS)], now)
}

/// Counts a trial of the way to the mail relay: it makes connections and may send.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub fn count_mail_trial(conn: &mut Conn, user: i64, now: Moment) -> Result<(), Error> {
    tally(conn, &[(&format!("mail-trial:{user}"), MAIL_TRIALS)], now)
}

fn tally(conn: &mut Conn, limits: &[(&String, i32)], now: Moment) -> Result<(), Error> {
    let names: Vec<&String> = limits.iter().map(|(key, _)| *key).collect();
    let counted: Vec<(String, i32, Moment)> = conn.transaction(|conn| {
        // Windows that have ended, and such as a clock that ran ahead has left behind.
        diesel::delete(
            sign_in_failures::table.filter(
                sign_in_failures::window_ends_at
                    .le(now)
                    .or(sign_in_failures::window_ends_at.gt(now.plus(WINDOW))),
            ),
        )
        .execute(conn)?;
        for key in &names {
            diesel::sql_query(
                "INSERT INTO sign_in_failures (throttle_key, failures, window_ends_at) VALUES ($1, 1, $2) \
                 ON CONFLICT (throttle_key) DO UPDATE SET failures = sign_in_failures.failures + 1",
            )
            .bind::<Text, _>(*key)
            .bind::<BigInt, _>(now.plus(WINDOW))
            .execute(conn)?;
        }
        sign_in_failures::table
            .filter(sign_in_failures::throttle_key.eq_any(&names))
            .load(conn)
    })?;
    let limit = |key: &String| limits.iter().find(|(name, _)| *name == key);
    counted
        .iter()
        .filter(|(key, tries, _)| limit(key).is_some_and(|(_, most)| tries > most))
        .map(|(_, _, ends)| ends.seconds() - now.seconds())
        .max()
        .map_or(Ok(()), |wait| Err(Error::TooMany { wait }))
}

/// Takes a try back that turned out right, and forgets the account's earlier ones.
///
/// # Errors
/// As the database says.
pub fn forgive(conn: &mut Conn, keys: &Keys) -> QueryResult<()> {
    diesel::delete(
        sign_in_failures::table.filter(sign_in_failures::throttle_key.eq(&keys.account)),
    )
    .execute(conn)?;
    keys.address
        .as_ref()
        .map_or(Ok(()), |address| one_less(conn, address))
}

fn one_less(conn: &mut Conn, key: &str) -> QueryResult<()> {
    diesel::update(sign_in_failures::table.filter(sign_in_failures::throttle_key.eq(key)))
        .set(sign_in_failures::failures.eq(sign_in_failures::failures - 1))
        .execute(conn)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_customer_of_ipv6_counts_once() {
        let key = |address: &str| Keys::new("", address.parse().unwrap()).address;
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
    }
}
