//! A server that is killed at any moment, again and again, while officers book, confirm, move and cancel and the
//! worker sends: what was committed is told, what is told was committed, and what comes twice is the same.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so by ending"
)]

mod clock;
#[cfg(feature = "postgres")]
mod cluster;
#[cfg(feature = "postgres")]
mod database;
mod disk;
mod installation;
mod stopping;

use std::collections::{HashMap, HashSet};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use iikura::core::due::due;
use iikura::core::notice::Method;
use iikura::mail::outbox::MailState;

use installation::{Mail, TestInstallation};
use support::both::{Scratch, on_both};
use support::chance::Chance;
use support::relay::{Relay, Scene};

on_both!(only_commits_are_announced, log_has_no_names_and_no_secrets,);

const ROUNDS: u64 = 60;
/// How many answers a server gives at most before its end is near: counted, so that a slow machine plays as much.
const MOST_ANSWERS: u64 = 5;
/// The longest that it lives on then, in milliseconds.
const LAST_MOMENTS: u64 = 60;
/// In one round of so many the server dies at the worst moment: a mail has come to the relay, and the answer is on its way.
const WORST: u64 = 10;
/// The longest that such a server lives.
const PATIENCE: Duration = Duration::from_secs(20);

fn only_commits_are_announced(scratch: &Scratch) {
    let seed = iikura::runtime::random::fresh_id().unsigned_abs();
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let relay = Relay::playing(&[Scene::Accept]);
    let mut installation = TestInstallation::furnish(scratch.url(), &relay.url());
    for round in 0..ROUNDS {
        let server = installation.start();
        let answers = chance.below(MOST_ANSWERS);
        let last_moments = Duration::from_millis(chance.below(LAST_MOMENTS));
        let (given, wanted) = mpsc::channel();
        std::thread::scope(|scope| {
            let relay = &relay;
            scope.spawn(move || {
                // Until so many were given, or the officer has left.
                let _ = (0..answers).try_for_each(|_| wanted.recv());
                if round % WORST == 0 {
                    let (came, begun) = (relay.count(), Instant::now());
                    while relay.count() == came && begun.elapsed() < PATIENCE {
                        std::thread::yield_now();
                    }
                    server.kill_after(Duration::ZERO);
                } else {
                    server.kill_after(last_moments);
                }
            });
            while installation.act(&mut chance).is_some() {
                // Nobody counts any more once the end is near.
                let _ = given.send(());
            }
            drop(given);
        });
    }
    installation.send_the_rest(&relay.transport());
    assert!(
        installation.promised.len() > 60,
        "the servers lived long enough to do something"
    );
    let copies = check(&installation, &relay);
    assert!(copies > 0, "no server died at the worst moment");
}

/// Relays like to repeat the address that they refuse.
fn log_has_no_names_and_no_secrets(scratch: &Scratch) {
    let relay = Relay::playing(&[Scene::Rcpt(
        "550 5.1.1 <KZ@delegations.example>: no such user",
    )]);
    let mut installation = TestInstallation::furnish(scratch.url(), &relay.url());
    let server = installation.start();
    let mut chance = Chance(1);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !installation.log().contains("mail failed") {
        assert!(Instant::now() < deadline, "{}", installation.log());
        installation.act(&mut chance).unwrap();
    }
    let private = installation.private_page();
    assert_eq!(installation.get(&private), 200);
    server.kill_after(Duration::ZERO);
    let log = installation.log();
    assert!(log.contains("K…@delegations.example"), "{log}");
    assert!(log.contains("/d/{token}"), "{log}");
    for secret in [
        "KZ@delegations",
        "JP@delegations",
        "officer@protocol",
        private.as_str(),
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// Answers how many mails came once more.
fn check(installation: &TestInstallation, relay: &Relay) -> usize {
    let programme = installation.programme();
    let rows = installation.mails();
    let received = relay.received();
    println!(
        "{} slots, {} answers of the server, {} mails written, {} received",
        programme.slots().len(),
        installation.promised.len(),
        rows.len(),
        received.len()
    );
    // What a server said it had done is there.
    for (slot, version) in &installation.promised {
        let stored = programme.slot(*slot).unwrap();
        assert!(
            stored.version >= *version,
            "{slot} is back at {}",
            stored.version
        );
    }
    // Everybody knows what is true, as far as the office has told it.
    for slot in programme.slots() {
        assert!(
            due(&programme, slot).is_empty(),
            "{:?}",
            due(&programme, slot)
        );
    }
    // Every notice has its mail, and every mail has gone, or was not needed any more.
    let by_name: HashMap<&str, &Mail> = rows
        .iter()
        .map(|row| (row.message_id.as_str(), row))
        .collect();
    let arrived: HashSet<&str> = received.iter().map(|mail| name_of(&mail.raw)).collect();
    for notice in programme.ledger.notices() {
        let told: Vec<&Mail> = rows
            .iter()
            .filter(|row| {
                (row.slot, row.delegation, row.sequence)
                    == (notice.slot, notice.delegation, notice.sequence)
            })
            .collect();
        let [mail] = told.as_slice() else {
            panic!("{} mails for one notice of {}", told.len(), notice.slot)
        };
        // Nothing has to be taken back from somebody who never heard of it.
        let never_heard = !rows.iter().any(|row| {
            (row.slot, row.delegation) == (notice.slot, notice.delegation)
                && arrived.contains(row.message_id.as_str())
        });
        let needless = notice.method == Method::Cancel && never_heard;
        assert!(
            needless || arrived.contains(mail.message_id.as_str()),
            "{mail:?} never arrived"
        );
    }
    for row in &rows {
        match row.state {
            MailState::Sent => assert!(arrived.contains(row.message_id.as_str()), "{row:?}"),
            MailState::Superseded => {}
            state => panic!("{state:?} at the end: {row:?}"),
        }
    }
    // No mail without its change, and every copy byte for byte the same.
    for mail in &received {
        let row = by_name.get(name_of(&mail.raw));
        assert_eq!(row.map(|row| row.raw.as_str()), Some(mail.raw.as_str()));
    }
    let copies = received.len() - arrived.len();
    println!("{copies} came twice");
    // A calendar that took in a meeting that is off has been told so.
    for row in rows
        .iter()
        .filter(|row| arrived.contains(row.message_id.as_str()))
    {
        let latest = programme.ledger.notice(row.slot, row.delegation).unwrap();
        assert!(row.sequence <= latest.sequence);
    }
    copies
}

fn name_of(raw: &str) -> &str {
    raw.lines()
        .find_map(|line| line.strip_prefix("Message-ID: "))
        .unwrap()
}
