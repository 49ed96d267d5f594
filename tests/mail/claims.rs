//! Many workers, one outbox: each mail is taken once.

use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;

use iikura::core::notice::Method;
use iikura::db::connect;
use iikura::mail::outbox::{self, MailId, MailState};

use crate::test_event::{NOW, TestEvent, houses, new_mail};

const MAILS: usize = 120;
const WORKERS: usize = 6;

#[test]
fn several_threads_claim_each_mail_once() {
    for test_event in houses() {
        each_mail_is_claimed_once(&test_event);
    }
}

#[test]
fn try_whose_lease_ended_records_nothing_for_the_next_one() {
    for test_event in houses() {
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let first = test_event.claimed();
        test_event.later(outbox::LEASE + 1);
        let second = test_event.claimed();
        assert_eq!((first.id, second.id), (id, id));
        let now = test_event.now();
        let records = |mail: &outbox::Claimed| {
            test_event.write(|connection| outbox::sent(connection, mail, Some(250), now))
        };
        assert!(!records(&first), "the same worker, but not its last try");
        assert_eq!(test_event.state(id), MailState::Sending);
        assert!(records(&second));
    }
}

/// Worker and booking race for the same row: whatever comes first, the reader ends without a meeting that is off.
#[test]
fn a_cancellation_that_races_a_worker_leaves_no_meeting_behind() {
    for test_event in houses() {
        for round in 0..40 {
            let recipient = format!("desk{round}@delegations.example");
            let mail = |sequence, method| {
                let mut mail = new_mail(sequence, method);
                mail.recipient = Box::leak(recipient.clone().into_boxed_str());
                mail
            };
            let request = test_event.enqueue(&mail(0, Method::Request)).id;
            let start = Barrier::new(2);
            let (taken, cancel) = thread::scope(|scope| {
                let worker = scope.spawn(|| {
                    start.wait();
                    test_event.write(|connection| outbox::claim(connection, "worker", NOW))
                });
                let office = scope.spawn(|| {
                    start.wait();
                    test_event.enqueue(&mail(1, Method::Cancel))
                });
                (worker.join().unwrap(), office.join().unwrap())
            });
            let left = taken.is_some_and(|mail| mail.id == request);
            let follows = cancel.state == MailState::Queued;
            assert_eq!(left, follows, "round {round}");
            // Out of the way of the next round.
            while test_event
                .write(|connection| outbox::claim(connection, "worker", NOW))
                .is_some()
            {}
        }
    }
}

fn each_mail_is_claimed_once(test_event: &TestEvent) {
    let queued: HashSet<MailId> = (0..MAILS)
        .map(|number| {
            let recipient = format!("desk{number}@delegations.example");
            let mut mail = new_mail(0, Method::Request);
            mail.recipient = &recipient;
            test_event.enqueue(&mail).id
        })
        .collect();
    let claimed: Vec<MailId> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| {
                // A connection of its own: other processes do not stand in the queue before SQLite's writer.
                let mut connection = connect(&test_event.db.url().parse().unwrap()).unwrap();
                scope.spawn(move || {
                    let owner = format!("worker {number}");
                    let mut mine = Vec::new();
                    let mut next = || outbox::claim(&mut connection, &owner, NOW);
                    while let Some(mail) = next().unwrap() {
                        mine.push(mail.id);
                    }
                    mine
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert_eq!(claimed.len(), MAILS);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>(), queued);
}
