//! Lock-outs: counters that have reached their limit, as an administrator sees and lifts them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::counter::{self, CounterSubject, account_key};
use super::is_current;
use crate::auth::account::{self, Account};
use crate::core::action::Action;
use crate::core::time::Moment;
use crate::core::user::{Actor, User, UserId};
use crate::db::Conn;
use crate::db::schema::{resources, sign_in_failures};
use crate::store::audit::{self, HistoryEntry, pseudonym};

/// Counters that are looked through, the fullest first.
const MOST_COUNTERS: i64 = 2000;

/// A counter that has reached its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockout {
    /// The counter's name in the database.
    pub key: String,
    /// What waits, for people.
    pub subject: String,
    /// Until when.
    pub until: Moment,
    /// The user whom it concerns, where one is known.
    pub user: Option<UserId>,
}

/// The lock-outs of an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockouts {
    /// Those that can be named, the users' first.
    pub named: Vec<Lockout>,
    /// How many e-mail addresses wait that no account has.
    pub unknown_accounts: usize,
}

/// Loads the lock-outs that last.
pub fn current(conn: &mut Conn, now: Moment) -> QueryResult<Lockouts> {
    let rows: Vec<(String, i32, Moment)> = sign_in_failures::table
        .filter(sign_in_failures::window_ends_at.gt(now))
        .filter(sign_in_failures::failures.ge(counter::SMALLEST_LIMIT))
        .order((
            sign_in_failures::failures.desc(),
            sign_in_failures::throttle_key,
        ))
        .limit(MOST_COUNTERS)
        .load(conn)?;
    let names = Names::load(conn)?;
    let mut lockouts = Lockouts::default();
    for (key, tries, until) in rows {
        let Some((counted, limit)) = counter::read(&key) else {
            continue;
        };
        if tries < limit || !is_current(until, now) {
            continue;
        }
        match names.subject(&key, &counted, |user| names.of_user(user)) {
            Some((user, subject)) => lockouts.named.push(Lockout {
                key,
                subject,
                until,
                user,
            }),
            None => lockouts.unknown_accounts += 1,
        }
    }
    lockouts
        .named
        .sort_by(|a, b| (a.user.is_none(), &a.subject).cmp(&(b.user.is_none(), &b.subject)));
    Ok(lockouts)
}

/// Lifts a lock-out and writes that down; false when it has ended, or cannot be named.
pub fn lift(conn: &mut Conn, key: &str, actor: &Actor, now: Moment) -> QueryResult<bool> {
    conn.transaction(|conn| {
        let deleted = diesel::delete(
            sign_in_failures::table
                .filter(sign_in_failures::throttle_key.eq(key))
                .filter(sign_in_failures::window_ends_at.gt(now)),
        )
        .returning(sign_in_failures::failures)
        .get_result::<i32>(conn)
        .optional()?;
        let read = counter::read(key).filter(|(_, limit)| deleted >= Some(*limit));
        let subject = match read {
            // The history cannot be changed when the user is deleted, so it never has the name.
            Some((counted, _)) => Names::load(conn)?.subject(key, &counted, pseudonym::of_user),
            None => None,
        };
        let Some((user, subject)) = subject else {
            // What is not shown is not lifted.
            return Err(diesel::result::Error::RollbackTransaction);
        };
        let entry = HistoryEntry {
            at: now,
            event: None,
            actor,
            action: Action::LockoutLifted,
            subject_id: user.map(|user| user.0),
            subject: &subject,
            before: None,
            after: None,
        };
        audit::record(conn, &entry)?;
        Ok(true)
    })
    .or_else(|error| match error {
        diesel::result::Error::RollbackTransaction => Ok(false),
        other => Err(other),
    })
}

/// The names of what counters count by number or hash.
struct Names {
    users: HashMap<UserId, User>,
    accounts: HashMap<String, UserId>,
    delegations: HashMap<i64, String>,
}

impl Names {
    fn load(conn: &mut Conn) -> QueryResult<Self> {
        let users: Vec<User> = account::all(conn)?
            .into_iter()
            .map(|Account { user, .. }| user)
            .collect();
        let delegations: Vec<(i64, String)> = resources::table
            .select((resources::id, resources::code))
            .load(conn)?;
        let accounts = users
            .iter()
            .map(|user| (account_key(user.email.as_str()), user.id));
        Ok(Self {
            accounts: accounts.collect(),
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            delegations: delegations.into_iter().collect(),
        })
    }

    fn of_user(&self, user: UserId) -> String {
        self.users
            .get(&user)
            .map_or("a deleted user", |user| user.name.as_str())
            .to_owned()
    }

    /// Says in words what waits, users as `name` has them; `None` for the hash of an address that no account has.
    fn subject(
        &self,
        key: &str,
        counted: &CounterSubject,
        name: impl Fn(UserId) -> String,
    ) -> Option<(Option<UserId>, String)> {
        let of =
            |user: &UserId, what: &str| Some((Some(*user), format!("{what} of {}", name(*user))));
        let from = |what: &str, network: &str| Some((None, format!("{what} from {network}")));
        let delegation = |id: &i64| {
            self.delegations
                .get(id)
                .map_or("a delegation", String::as_str)
        };
        match counted {
            CounterSubject::Account => of(self.accounts.get(key)?, "Sign-ins"),
            CounterSubject::Device(user) => of(user, "Sign-ins in a known browser"),
            CounterSubject::Codes(user) => of(user, "Second factor"),
            CounterSubject::MailTrials(user) => of(user, "Mail trials"),
            CounterSubject::Network(network) => from("Sign-ins", network),
            CounterSubject::SignOns(network) => from("Single sign-on", network),
            CounterSubject::DeadLinks(network) => from("Invalid private links", network),
            CounterSubject::Openings(id, network) => {
                from(&format!("Private links of {}", delegation(id)), network)
            }
            CounterSubject::Answers(id) => Some((None, format!("Answers of {}", delegation(id)))),
        }
    }
}
