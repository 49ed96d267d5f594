//! The queue as a whole: stopped by somebody, shared by many workers, wiped when it is old.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use iikura::core::notice::Method;
use iikura::core::slot::SlotId;
use iikura::db::DbError;
use iikura::db::schema::inbox;
use iikura::mail::outbox::{self, MailId, MailState, NewMail};
use iikura::mail::worker::WorkerSignal;

use crate::test_event::{KAZAKHSTAN, RAW, SLOT, TestEvent, houses, new_mail};
use support::relay::{Relay, Scene};

#[actix_web::test]
async fn a_paused_queue_keeps_what_it_has_on_every_server() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let (here, there) = (
            test_event.worker(&relay.transport()),
            test_event.worker(&relay.transport()),
        );
        let now = test_event.now();
        assert!(test_event.write(|connection| outbox::pause(connection, "Admin", now)));
        assert!(!test_event.write(|connection| outbox::pause(connection, "Another", now)));
        let pause = test_event.write(outbox::paused).unwrap();
        assert_eq!((pause.by.as_str(), pause.since), ("Admin", now));
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        for worker in [&here, &there] {
            assert_eq!(worker.drain().await.unwrap(), 0);
        }
        assert_eq!(test_event.state(id), MailState::Queued);
        assert_eq!(
            test_event.write(outbox::next_due),
            None,
            "nobody looks again and again"
        );
        assert!(test_event.write(outbox::resume) && !test_event.write(outbox::resume));
        assert_eq!(there.drain().await.unwrap(), 1);
        assert_eq!(test_event.state(id), MailState::Sent);
        assert_eq!(relay.received().len(), 1);
    }
}

#[actix_web::test]
async fn finished_mail_is_wiped_in_time_and_other_mail_stays() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let worker = test_event.worker(&relay.transport()).keeping(30);
        let old = test_event.enqueue(&new_mail(0, Method::Request)).id;
        worker.drain().await.unwrap();
        test_event.later(30 * 86_400 - 60);
        let mut waiting = new_mail(0, Method::Request);
        waiting.recipient = "second@delegations.example";
        let waiting = test_event.enqueue(&waiting).id;
        assert_eq!(worker.tidy().await.unwrap(), 0);
        test_event.later(120);
        assert_eq!(worker.tidy().await.unwrap(), 1);
        assert_eq!(worker.tidy().await.unwrap(), 0, "once");
        let mail = test_event.mail(old);
        assert_eq!(mail.raw, b"");
        assert_eq!(mail.summary.wiped_at, Some(test_event.now()));
        assert_eq!(mail.summary.recipient, "kz@delegations.example");
        assert_eq!(mail.summary.last_code, Some(250));
        test_event.later(365 * 86_400);
        assert_eq!(
            worker.tidy().await.unwrap(),
            0,
            "what waits is not done with"
        );
        assert_eq!(test_event.mail(waiting).raw, RAW.as_bytes());
    }
}

#[actix_web::test]
async fn text_of_incoming_mail_expires_but_its_outcome_stays() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let worker = test_event.worker(&relay.transport());
        let received = test_event.now().seconds();
        test_event.write(|connection| {
            diesel::sql_query(format!(
                "INSERT INTO inbox (id, dedupe_key, event_id, outcome, why, sender, subject, body, received_at)
                 VALUES (7, 'x', 1, 'person', 'An answer in words.', 'kz@delegations.example', 'Re', 'Private', {received})"
            ))
            .execute(connection)
        });
        let texts = || {
            test_event.write(|connection| {
                inbox::table
                    .select((inbox::body, inbox::why, inbox::wiped_at.is_not_null()))
                    .first::<(String, String, bool)>(connection)
            })
        };
        test_event.later(89 * 86_400);
        worker.tidy().await.unwrap();
        assert_eq!(
            texts(),
            ("Private".into(), "An answer in words.".into(), false)
        );
        test_event.later(2 * 86_400);
        worker.tidy().await.unwrap();
        assert_eq!(texts(), (String::new(), "An answer in words.".into(), true));
    }
}

#[actix_web::test]
async fn a_clock_that_was_ahead_puts_no_mail_off() {
    for test_event in houses() {
        let (busy, free) = (
            Relay::playing(&[Scene::Rcpt("450 4.2.1 busy")]),
            Relay::playing(&[Scene::Accept]),
        );
        test_event.later(86_400);
        let tried = test_event.enqueue(&new_mail(0, Method::Request)).id;
        test_event.worker(&busy.transport()).drain().await.unwrap();
        let mut other = new_mail(0, Method::Request);
        other.recipient = "second@delegations.example";
        let in_hand = test_event.enqueue(&other).id;
        assert_eq!(test_event.claimed().id, in_hand);
        let mut third = new_mail(0, Method::Request);
        third.recipient = "third@delegations.example";
        let untried = test_event.enqueue(&third).id;
        test_event.later(-86_400);
        let worker = test_event.worker(&free.transport());
        worker.tidy().await.unwrap();
        assert_eq!(worker.drain().await.unwrap(), 3);
        for id in [tried, untried, in_hand] {
            assert_eq!(test_event.state(id), MailState::Sent);
        }
        // What waits its turn goes on waiting.
        let next = test_event.enqueue(&new_mail(1, Method::Request)).id;
        let worker = test_event.worker(&busy.transport());
        worker.drain().await.unwrap();
        worker.tidy().await.unwrap();
        assert_eq!(worker.drain().await.unwrap(), 0);
        assert_eq!(test_event.state(next), MailState::Queued);
    }
}

#[actix_web::test]
async fn a_wiped_mail_is_not_sent_again() {
    let test_event = TestEvent::sqlite();
    let relay = Relay::playing(&[Scene::Rcpt("550 5.1.1 no such user")]);
    let worker = test_event.worker(&relay.transport()).keeping(1);
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    worker.drain().await.unwrap();
    test_event.later(2 * 86_400);
    assert_eq!(worker.tidy().await.unwrap(), 1);
    let now = test_event.now();
    assert!(!test_event.write(|connection| outbox::retry(connection, id, now)));
    assert_eq!(test_event.state(id), MailState::Failed);
}

#[test]
fn a_mail_that_is_being_retried_is_not_wiped() {
    for test_event in houses() {
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let mail = test_event.claimed();
        test_event.write(|connection| outbox::failed(connection, &mail, None, "no"));
        test_event.later(100 * 86_400);
        let now = test_event.now();
        if test_event.db.is_shared() {
            // The other transaction is open while the wiping goes on.
            let cleaner = test_event.db.another_process();
            test_event.write(|connection| {
                connection.transaction(|connection| {
                    assert!(outbox::retry(connection, id, now)?);
                    let wiped = cleaner.write_here(|connection| {
                        // Whoever waits for the other has not passed it over.
                        diesel::sql_query("SET lock_timeout = '2s'").execute(connection)?;
                        Ok::<_, DbError>(outbox::wipe(connection, now, now)?)
                    });
                    assert_eq!(wiped.unwrap(), 0);
                    Ok(())
                })
            });
        } else {
            assert!(test_event.write(|connection| outbox::retry(connection, id, now)));
        }
        assert_eq!(
            test_event.write(|connection| outbox::wipe(connection, now, now)),
            0
        );
        assert_eq!(test_event.mail(id).raw, RAW.as_bytes());
    }
}

#[test]
fn contact_removed_during_delivery_gets_no_retry() {
    for test_event in houses() {
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let mail = test_event.claimed();
        let forget = |test_event: &TestEvent| {
            test_event.write(|connection| {
                outbox::supersede_for_removed_contacts(
                    connection,
                    KAZAKHSTAN,
                    &["new@delegations.example"],
                )
            })
        };
        forget(&test_event);
        assert_eq!(
            test_event.state(id),
            MailState::Sending,
            "it may be on the wire"
        );
        let now = test_event.now();
        test_event
            .write(|connection| outbox::retry_later(connection, &mail, Some(451), "busy", now));
        let summary = test_event.mail(id).summary;
        assert_eq!(summary.state.0, MailState::Superseded);
        assert!(summary.last_error.unwrap().contains("no contact"));

        // Nor when the worker has died with it.
        let id = test_event.enqueue(&new_mail(1, Method::Request)).id;
        test_event.claimed();
        forget(&test_event);
        test_event.later(outbox::LEASE + 1);
        let now = test_event.now();
        test_event.write(|connection| outbox::expire(connection, now));
        assert!(
            test_event
                .write(|connection| outbox::claim(connection, "worker", now))
                .is_none()
        );
        assert_eq!(test_event.state(id), MailState::Failed);

        // What went out in that moment went out.
        let id = test_event.enqueue(&new_mail(2, Method::Request)).id;
        let mail = test_event.claimed();
        forget(&test_event);
        let now = test_event.now();
        assert!(test_event.write(|connection| outbox::sent(connection, &mail, Some(250), now)));
        assert_eq!(test_event.state(id), MailState::Sent);
    }
}

/// The first mail passes, the second gets no answer, the others pass: they arrive while the second is still being sent.
#[test]
fn mail_without_an_answer_does_not_hold_up_the_others() {
    for test_event in houses() {
        let ids: Vec<_> = (1..=6)
            .map(|reader| enqueue(&test_event, 0, 0, reader))
            .collect();
        let relay = Relay::playing(&[Scene::Accept, Scene::Silence, Scene::Accept]);
        let signals = [WorkerSignal::default()];
        thread::scope(|scope| {
            let _at_the_end = SendHome(&signals);
            let worker =
                test_event.worker_of_another_process(&relay.transport(), signals[0].clone());
            scope.spawn(|| actix_web::rt::System::new().block_on(worker.run()));
            while test_event.counts().waiting > 1 {
                thread::yield_now();
            }
            let unanswered: Vec<_> = ids
                .iter()
                .filter(|id| test_event.state(**id) != MailState::Sent)
                .collect();
            assert_eq!(unanswered.len(), 1);
            assert_eq!(test_event.state(*unanswered[0]), MailState::Sending);
            assert_eq!(relay.count(), 5);
        });
    }
}

const SLOTS: i64 = 10;
const SEQUENCES: i32 = 6;
const READERS: i64 = 5;

/// The office goes on changing slots while four workers send: what a newer mail has overtaken in the queue may be left
/// out, but nothing comes twice, nothing comes late, and the last word always comes.
#[test]
fn many_workers_send_each_mail_once_and_in_order() {
    for test_event in houses() {
        for slot in 1..=SLOTS {
            test_event.another_slot(SLOT.0 + slot);
        }
        let relay = Relay::playing(&[Scene::Accept]);
        let bells: Vec<WorkerSignal> = (0..4).map(|_| WorkerSignal::default()).collect();
        thread::scope(|scope| {
            let _at_the_end = SendHome(&bells);
            for bell in &bells {
                // With a pool of its own, as in a process of its own.
                let worker = test_event.worker_of_another_process(&relay.transport(), bell.clone());
                scope.spawn(|| actix_web::rt::System::new().block_on(worker.run()));
            }
            for sequence in 0..SEQUENCES {
                for slot in 1..=SLOTS {
                    for reader in 1..=READERS {
                        enqueue(&test_event, slot, sequence, reader);
                    }
                    bells.iter().for_each(WorkerSignal::wake);
                }
            }
            // A worker that finds a mail behind one in a colleague's hand goes to sleep: it is rung for until all is out.
            while test_event.counts().waiting > 0 {
                bells.iter().for_each(WorkerSignal::wake);
                thread::sleep(Duration::from_millis(20));
            }
        });
        let mut latest: HashMap<(i64, i64), i32> = HashMap::new();
        for mail in relay.received() {
            let [slot, sequence, reader] = numbers(&mail.raw);
            let sequence = i32::try_from(sequence).unwrap();
            let before = latest.insert((slot, reader), sequence);
            assert!(before < Some(sequence), "{before:?}, then {sequence}");
        }
        assert_eq!(
            i64::try_from(latest.len()).unwrap(),
            SLOTS * READERS,
            "everybody hears of every slot"
        );
        assert!(latest.values().all(|sequence| *sequence == SEQUENCES - 1));
    }
}

/// Sends workers home, also when the test ends early.
struct SendHome<'a>(&'a [WorkerSignal]);

impl Drop for SendHome<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(WorkerSignal::stop);
    }
}

fn enqueue(test_event: &TestEvent, slot: i64, sequence: i32, reader: i64) -> MailId {
    let recipient = format!("reader{reader}@delegations.example");
    let uid = format!("{slot}.{reader}@iikura.example");
    let name = format!("<{slot}.{sequence}.{reader}@iikura.example>");
    let raw = format!("Message-ID: {name}\r\n\r\n{slot} {sequence} {reader}\r\n");
    test_event
        .enqueue(&NewMail {
            slot: SlotId(SLOT.0 + slot),
            recipient: &recipient,
            uid: &uid,
            message_id: &name,
            raw: raw.as_bytes(),
            ..new_mail(sequence, Method::Request)
        })
        .id
}

fn numbers(raw: &str) -> [i64; 3] {
    let body = raw.split("\r\n\r\n").nth(1).unwrap();
    let numbers: Vec<i64> = body
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    numbers.try_into().unwrap()
}
