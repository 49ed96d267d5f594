//! Names and limits of what is counted.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::core::user::UserId;
use crate::runtime::secret::TokenHash;

/// Tries that an account takes in a window.
const PER_ACCOUNT: i32 = 5;
/// No counter has a smaller limit.
pub(super) const SMALLEST_LIMIT: i32 = PER_ACCOUNT;
/// Tries that an address takes in a window: a delegation's office has one address for many people.
const PER_ADDRESS: i32 = 20;
/// Wrong codes of a second factor that an account takes in a window.
const CODES: i32 = 6;
/// Ways to the provider of single sign-on that an address may begin in a window: a whole office comes from one.
const SIGN_ONS: i32 = 300;
/// Invalid private links that an address may try in a window.
const DEAD_LINKS: i32 = 60;
/// Times that a delegation's links may be opened from one address in a window.
const OPENINGS: i32 = 60;
/// Answers that a delegation may give by its links in a window.
const ANSWERS: i32 = 60;
/// Trials of the mail relay that an administrator may make in a window.
const MAIL_TRIALS: i32 = 10;
/// How many times the limit of one address the networks around an IPv6 address take: a customer gets a /64, a /56 or a
/// /48, and has 65,536 networks of the smallest size at most. IPv4 is counted by address alone: neighbours there are
/// other customers, and offices behind one address already share its limit.
const STEPS: [(u8, i32); 3] = [(64, 1), (56, 3), (48, 9)];

/// What happens to a count when the try turns out right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnSuccess {
    /// All tries are forgotten.
    Forget,
    /// This try is taken back.
    TakeBack,
}

/// What is counted under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counter {
    pub(super) key: String,
    pub(super) limit: i32,
    pub(super) on_success: OnSuccess,
}

/// The counters that one try raises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters(pub(super) Vec<Counter>);

impl Counters {
    /// Counts a sign-in by the account's address and by where it comes from. What was typed is hashed: people type
    /// passwords into the wrong field.
    #[must_use]
    pub fn of_sign_in(email: &str, from: IpAddr) -> Self {
        let mut counters = by_network("address", PER_ADDRESS, from);
        counters.insert(
            0,
            Counter {
                key: account_key(email),
                limit: PER_ACCOUNT,
                on_success: OnSuccess::Forget,
            },
        );
        Self(counters)
    }

    /// Counts a sign-in in a browser that the account knows. It takes as many tries of its own as an account does,
    /// whatever others try elsewhere, and others at the same address do not shut it out.
    #[must_use]
    pub fn of_known_device(device: &TokenHash, user: UserId) -> Self {
        let key = format!("device:{}:{}", device.reference(), user.0);
        Self::one(key, PER_ACCOUNT)
    }

    /// Counts a code of a second factor. Who types one knows the password, so it is the account that waits, wherever
    /// they are.
    #[must_use]
    pub fn of_code(user: UserId) -> Self {
        Self::one(format!("code:{}", user.0), CODES)
    }

    /// Counts a way to the provider of single sign-on: each asks the provider and stores a row.
    #[must_use]
    pub fn of_sign_on(from: IpAddr) -> Self {
        Self(by_network("sign-on", SIGN_ONS, from))
    }

    /// Counts an answer of the provider beside the wrong passwords from the same address.
    #[must_use]
    pub fn of_provider_answer(from: IpAddr) -> Self {
        Self(by_network("address", PER_ADDRESS, from))
    }

    /// Counts an invalid link.
    #[must_use]
    pub fn of_dead_link(from: IpAddr) -> Self {
        Self(by_network("link", DEAD_LINKS, from))
    }

    /// Counts an opening of a delegation's private links, each of which stores a pass.
    #[must_use]
    pub fn of_opening(delegation: i64, from: IpAddr) -> Self {
        Self(by_network(&format!("opening:{delegation}"), OPENINGS, from))
    }

    /// Counts an answer by a private link: its holder may change their mind, but not fill the history.
    #[must_use]
    pub fn of_answer(delegation: i64) -> Self {
        Self::one(format!("answers:{delegation}"), ANSWERS)
    }

    /// Counts a trial of the mail relay: it makes connections and may send.
    #[must_use]
    pub fn of_mail_trial(user: UserId) -> Self {
        Self::one(format!("mail-trial:{}", user.0), MAIL_TRIALS)
    }

    fn one(key: String, limit: i32) -> Self {
        Self(vec![Counter {
            key,
            limit,
            on_success: OnSuccess::Forget,
        }])
    }

    pub(super) fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|counter| counter.key.as_str()).collect()
    }

    pub(super) fn limit(&self, key: &str) -> Option<i32> {
        let counter = self.0.iter().find(|counter| counter.key == key);
        counter.map(|counter| counter.limit)
    }
}

/// The name under which tries at an account are counted.
pub(super) fn account_key(email: &str) -> String {
    let digest = Sha256::digest(email.as_bytes());
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("account:{}", digits.collect::<String>())
}

fn by_network(kind: &str, limit: i32, from: IpAddr) -> Vec<Counter> {
    let counter = |network: String, times: i32| Counter {
        key: format!("{kind}:{network}"),
        limit: limit * times,
        on_success: OnSuccess::TakeBack,
    };
    match from.to_canonical() {
        IpAddr::V4(address) => vec![counter(address.to_string(), 1)],
        IpAddr::V6(address) => STEPS
            .iter()
            .map(|&(length, times)| counter(ipv6_network(address.segments(), length), times))
            .collect(),
    }
}

/// Names the network of that many bits, at most 64, around an IPv6 address, as `2001:db8:1:200::/56`.
fn ipv6_network([a, b, c, d, ..]: [u16; 8], length: u8) -> String {
    let prefix = (u64::from(a) << 48) | (u64::from(b) << 32) | (u64::from(c) << 16) | u64::from(d);
    let kept = prefix & u64::MAX.checked_shl(u32::from(64 - length)).unwrap_or(0);
    let part = |shift: u32| (kept >> shift) & 0xffff;
    format!(
        "{:x}:{:x}:{:x}:{:x}::/{length}",
        part(48),
        part(32),
        part(16),
        part(0)
    )
}

/// What a stored counter counts, read from its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CounterSubject {
    /// Sign-ins to an account; the name itself, since it is a hash.
    Account,
    /// Sign-ins from a network.
    Network(String),
    /// Sign-ins of a user in a browser that they used before.
    Device(UserId),
    /// Codes of a user's second factor.
    Codes(UserId),
    /// Ways to the provider of single sign-on from a network.
    SignOns(String),
    /// Invalid links, from a network.
    DeadLinks(String),
    /// Openings of a delegation's links from a network.
    Openings(i64, String),
    /// Answers of a delegation by its links.
    Answers(i64),
    /// Trials of the mail relay by a user.
    MailTrials(UserId),
}

/// Reads what a stored counter counts, and its limit; `None` for names that this program does not write.
pub(super) fn read(key: &str) -> Option<(CounterSubject, i32)> {
    let (kind, rest) = key.split_once(':')?;
    let user = |text: &str| text.parse().ok().map(UserId);
    Some(match kind {
        "account" => (CounterSubject::Account, PER_ACCOUNT),
        "address" => (
            CounterSubject::Network(rest.to_owned()),
            step(PER_ADDRESS, rest),
        ),
        "device" => (
            CounterSubject::Device(user(rest.split_once(':')?.1)?),
            PER_ACCOUNT,
        ),
        "code" => (CounterSubject::Codes(user(rest)?), CODES),
        "sign-on" => (
            CounterSubject::SignOns(rest.to_owned()),
            step(SIGN_ONS, rest),
        ),
        "link" => (
            CounterSubject::DeadLinks(rest.to_owned()),
            step(DEAD_LINKS, rest),
        ),
        "opening" => {
            let (delegation, network) = rest.split_once(':')?;
            let counted = CounterSubject::Openings(delegation.parse().ok()?, network.to_owned());
            (counted, step(OPENINGS, network))
        }
        "answers" => (CounterSubject::Answers(rest.parse().ok()?), ANSWERS),
        "mail-trial" => (CounterSubject::MailTrials(user(rest)?), MAIL_TRIALS),
        _ => return None,
    })
}

fn step(limit: i32, network: &str) -> i32 {
    let length = network.rsplit_once('/').map(|(_, length)| length);
    let times = STEPS
        .iter()
        .find(|(bits, _)| length == Some(bits.to_string().as_str()))
        .map_or(1, |&(_, times)| times);
    limit * times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(address: &str) -> Vec<(String, i32)> {
        let counters = by_network("address", 20, address.parse().unwrap());
        let named = counters
            .into_iter()
            .map(|counter| (counter.key, counter.limit));
        named.collect()
    }

    #[test]
    fn ipv6_address_counts_in_three_networks() {
        let expected = [
            ("address:2001:db8:1:2ff::/64", 20),
            ("address:2001:db8:1:200::/56", 60),
            ("address:2001:db8:1:0::/48", 180),
        ];
        let expected = expected.map(|(key, limit)| (key.to_owned(), limit));
        assert_eq!(networks("2001:db8:1:2ff::1"), expected);
        assert_eq!(networks("2001:db8:1:2ff:ffff::9"), expected);
        assert_eq!(networks("2001:db8:1:200::1")[1], expected[1]);
        assert_ne!(networks("2001:db8:1:300::1")[1], expected[1]);
        assert_eq!(networks("2001:db8:1:300::1")[2], expected[2]);
    }

    #[test]
    fn ipv4_address_counts_alone_however_it_is_written() {
        let expected = [("address:192.0.2.7".to_owned(), 20)];
        assert_eq!(networks("192.0.2.7"), expected);
        assert_eq!(networks("::ffff:192.0.2.7"), expected);
    }

    #[test]
    fn stored_name_gives_counter_and_limit() {
        let from: IpAddr = "2001:db8:1:2ff::1".parse().unwrap();
        let device = TokenHash::of("device");
        for counters in [
            Counters::of_sign_in("aki@protocol.example", from),
            Counters::of_known_device(&device, UserId(7)),
            Counters::of_code(UserId(7)),
            Counters::of_sign_on(from),
            Counters::of_provider_answer(from),
            Counters::of_dead_link(from),
            Counters::of_opening(3, from),
            Counters::of_answer(3),
            Counters::of_mail_trial(UserId(7)),
        ] {
            for Counter { key, limit, .. } in counters.0 {
                assert_eq!(read(&key).map(|(_, limit)| limit), Some(limit), "{key}");
            }
        }
        assert_eq!(read("something:else"), None);
    }
}
