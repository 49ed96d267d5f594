//! A server that is told to stop, as a balancer or systemd would, while an officer works, pages watch and mail goes out.

use std::collections::HashMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use iikura::mail::outbox::MailState;

use crate::installation::TestInstallation;
use support::both::{Scratch, on_both};
use support::chance::Chance;
use support::relay::{Relay, Scene};

on_both!(
    work_in_progress_is_finished_and_no_mail_sent_twice,
    a_relay_that_says_nothing_does_not_hold_up_the_end,
);

const ROUNDS: u64 = 12;
/// More mails than this are written before the count.
const FEWEST_MAILS: usize = 10;
/// The longest that a stop may take.
const LONGEST: Duration = Duration::from_secs(10);

fn work_in_progress_is_finished_and_no_mail_sent_twice(scratch: &Scratch) {
    let mut chance = Chance(iikura::runtime::random::fresh_id().unsigned_abs());
    // Slow enough for a mail to be in hand at any moment.
    let relay = Relay::playing(&[Scene::Slow(1)]);
    let mut installation = TestInstallation::furnish(scratch.url(), &relay.url());
    // What an officer does is drawn by lot: some draw few mails.
    let mut rounds = 0;
    while rounds < ROUNDS || installation.mails().len() <= FEWEST_MAILS {
        rounds += 1;
        let server = installation.start();
        let mut page = installation.watch();
        let answers = chance.below(8) + 1;
        for _ in 0..answers {
            installation.act(&mut chance).unwrap();
        }
        let took = std::thread::scope(|scope| {
            let stopping = scope.spawn(move || server.stop());
            // Until nobody answers any more.
            while installation.act(&mut chance).is_some() {}
            stopping.join().unwrap()
        });
        assert!(took < LONGEST, "{took:?}");
        let mut rest = String::new();
        page.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("event: revision"), "{rest}");
    }
    installation.send_the_rest(&relay.transport());
    let rows = installation.mails();
    let mut copies: HashMap<String, usize> = HashMap::new();
    for mail in relay.received() {
        *copies
            .entry(crate::name_of(&mail.raw).to_owned())
            .or_default() += 1;
    }
    assert!(!copies.is_empty());
    for row in &rows {
        let wanted = match row.state {
            MailState::Sent => 1,
            MailState::Superseded => 0,
            state => panic!("{state:?} at the end: {row:?}"),
        };
        let came = copies.get(&row.message_id).copied().unwrap_or_default();
        assert_eq!(came, wanted, "{row:?}");
    }
    let programme = installation.programme();
    for (slot, version) in &installation.promised {
        assert!(programme.slot(*slot).unwrap().version >= *version, "{slot}");
    }
    assert!(!installation.log().contains("\"panic\"") && !installation.log().contains(" panic "));
}

fn a_relay_that_says_nothing_does_not_hold_up_the_end(scratch: &Scratch) {
    let relay = Relay::playing(&[Scene::Silence]);
    let mut installation = TestInstallation::furnish(scratch.url(), &relay.url());
    let mut chance = Chance(1);
    let server = installation.start();
    let deadline = Instant::now() + LONGEST;
    while !installation
        .mails()
        .iter()
        .any(|mail| mail.state == MailState::Sending)
    {
        assert!(Instant::now() < deadline, "no mail is in hand");
        installation.act(&mut chance).unwrap();
    }
    let took = server.stop();
    assert!(took < LONGEST, "{took:?}");
    assert!(
        installation
            .log()
            .contains("the mail being sent is retried"),
        "{}",
        installation.log()
    );
}
