//! Each mood of a relay ends in the state it should, with the mail neither lost nor changed.

use std::time::Duration;

use iikura::core::notice::Method;
use iikura::core::time::Moment;
use iikura::mail::outbox::{self, LEASE, MailState};
use iikura::mail::transport::{SendOutcome, Transport};
use iikura::mail::worker::WorkerSignal;

use crate::test_event::{NOW, RAW, SLOT_STARTS, TestEvent, houses, new_mail};
use support::relay::{Received, Relay, Scene};

fn copy(taken: bool) -> Received {
    Received {
        from: "MAIL FROM:<noreply@iikura.example>".into(),
        to: vec!["RCPT TO:<kz@delegations.example>".into()],
        raw: RAW.into(),
        taken,
    }
}

#[actix_web::test]
async fn a_mail_the_relay_takes_is_sent_as_it_was_written() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        assert_eq!(
            test_event.worker(&relay.transport()).drain().await.unwrap(),
            1
        );
        let mail = test_event.mail(id);
        assert_eq!(mail.summary.state.0, MailState::Sent);
        assert_eq!(mail.summary.sent_at, Some(NOW));
        assert_eq!(mail.summary.last_code, Some(250));
        assert_eq!(mail.summary.attempts, 1);
        assert_eq!(relay.received(), [copy(true)]);
    }
}

#[actix_web::test]
async fn temporary_failure_retries_with_the_same_bytes() {
    for test_event in houses() {
        let relay = Relay::playing(&[
            Scene::Rcpt("450 4.2.0 greylisted, come back"),
            Scene::Accept,
        ]);
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let worker = test_event.worker(&relay.transport());
        assert_eq!(worker.drain().await.unwrap(), 1);
        let mail = test_event.mail(id);
        assert_eq!(mail.summary.state.0, MailState::Queued);
        assert_eq!(mail.summary.last_code, Some(450));
        assert_eq!(
            mail.summary.last_error.as_deref(),
            Some("transient error (450): 4.2.0 greylisted, come back")
        );
        let wait = mail.summary.next_at.seconds() - NOW.seconds();
        assert!((48..=72).contains(&wait), "{wait} s");

        test_event.later(wait - 1);
        assert_eq!(worker.drain().await.unwrap(), 0);
        test_event.later(1);
        assert_eq!(worker.drain().await.unwrap(), 1);
        let mail = test_event.mail(id);
        assert_eq!(mail.summary.state.0, MailState::Sent);
        assert_eq!(mail.summary.attempts, 2);
        assert_eq!(mail.summary.last_error, None);
        assert_eq!(relay.received(), [copy(true)]);
    }
}

#[actix_web::test]
async fn a_refused_recipient_or_mail_fails_at_once() {
    for (script, code) in [
        (&[Scene::Rcpt("550 5.1.1 no such user")], 550),
        (&[Scene::Data("554 5.7.1 looks like spam")], 554),
    ] {
        let test_event = TestEvent::sqlite();
        let relay = Relay::playing(script);
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let worker = test_event.worker(&relay.transport());
        worker.drain().await.unwrap();
        test_event.later(3 * 86_400);
        assert_eq!(worker.drain().await.unwrap(), 0);
        let mail = test_event.mail(id);
        assert_eq!(mail.summary.state.0, MailState::Failed);
        assert_eq!(mail.summary.last_code, Some(code));
        assert_eq!(mail.summary.attempts, 1);
        assert_eq!(mail.raw, RAW.as_bytes());
        assert!(relay.received().iter().all(|copy| !copy.taken));
    }
}

#[actix_web::test]
async fn a_wrong_password_holds_the_queue_and_counts_no_try() {
    for test_event in houses() {
        let relay = Relay::playing(&[
            Scene::Auth("535 5.7.8 authentication failed"),
            Scene::Accept,
        ]);
        let mut second = new_mail(0, Method::Request);
        second.recipient = "second@delegations.example";
        let first = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let second = test_event.enqueue(&second).id;
        let worker = test_event.worker(&relay.transport_as("smtp", "iikura:wrong@", ""));
        assert_eq!(worker.drain().await.unwrap(), 1);
        for id in [first, second] {
            let mail = test_event.mail(id);
            assert_eq!(mail.summary.state.0, MailState::Held);
            assert_eq!(mail.summary.attempts, 0);
            assert_eq!(
                mail.summary.last_error.as_deref(),
                Some("permanent error (535): 5.7.8 authentication failed")
            );
        }
        let mut third = new_mail(0, Method::Request);
        third.recipient = "third@delegations.example";
        assert_eq!(test_event.enqueue(&third).state, MailState::Held);
        assert_eq!(worker.drain().await.unwrap(), 0);

        let now = test_event.now();
        assert_eq!(
            test_event.write(|connection| outbox::release(connection, now)),
            3
        );
        assert_eq!(worker.drain().await.unwrap(), 3);
        assert_eq!(relay.received().len(), 3);
        assert_eq!(test_event.state(first), MailState::Sent);
    }
}

#[actix_web::test]
async fn whatever_refuses_us_rather_than_the_mail_holds_the_queue() {
    let none = "";
    for (scene, scheme, user, query) in [
        (
            Scene::Greeting("554 5.7.1 your address is blocked"),
            "smtp",
            none,
            none,
        ),
        (Scene::Mail("530 5.7.0 sign in first"), "smtp", none, none),
        (
            Scene::Auth("534 5.7.9 a stronger mechanism please"),
            "smtp",
            "u:p@",
            none,
        ),
        // A certificate that nobody vouches for.
        (Scene::SelfSigned, "smtp", none, "?tls=required"),
        (Scene::SelfSignedWrapped, "smtps", none, none),
        // No STARTTLS on offer.
        (Scene::Accept, "smtp", none, "?tls=required"),
        // No TLS at all.
        (Scene::Accept, "smtps", none, none),
    ] {
        let test_event = TestEvent::sqlite();
        let relay = Relay::playing(Box::leak(Box::new([scene])));
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let transport = relay
            .transport_as(scheme, user, query)
            .with_timeout(Duration::from_secs(5));
        test_event.worker(&transport).drain().await.unwrap();
        let summary = test_event.mail(id).summary;
        assert_eq!(
            (summary.state.0, summary.attempts),
            (MailState::Held, 0),
            "{scene:?} {scheme} {query}: {:?}",
            summary.last_error
        );
        assert_eq!(relay.received(), []);
    }
}

#[actix_web::test]
async fn silence_ends_with_the_time_out() {
    let test_event = TestEvent::sqlite();
    let relay = Relay::playing(&[Scene::Silence]);
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    let transport = relay.transport().with_timeout(Duration::from_millis(200));
    test_event.worker(&transport).drain().await.unwrap();
    let summary = test_event.mail(id).summary;
    assert_eq!(summary.state.0, MailState::Queued);
    assert_eq!((summary.attempts, summary.last_code), (1, None));
    assert!(
        summary
            .last_error
            .unwrap()
            .ends_with("gave no answer within 0.2 seconds")
    );
}

#[actix_web::test]
async fn slow_bytes_are_waited_for_but_not_for_ever() {
    for (pause, limit, state) in [(1, 20_000, MailState::Sent), (50, 300, MailState::Queued)] {
        let test_event = TestEvent::sqlite();
        let relay = Relay::playing(Box::leak(Box::new([Scene::Slow(pause)])));
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let transport = relay.transport().with_timeout(Duration::from_millis(limit));
        test_event.worker(&transport).drain().await.unwrap();
        let mail = test_event.mail(id);
        assert_eq!(mail.summary.state.0, state, "{:?}", mail.summary.last_error);
        assert_eq!(mail.raw, RAW.as_bytes());
    }
}

#[actix_web::test]
async fn a_relay_that_is_not_there_is_tried_again() {
    let test_event = TestEvent::sqlite();
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    // Bound and let go: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let transport = Transport::smtp(&format!("smtp://127.0.0.1:{port}")).unwrap();
    test_event.worker(&transport).drain().await.unwrap();
    assert_eq!(test_event.state(id), MailState::Queued);
}

#[actix_web::test]
async fn a_cut_before_the_answer_sends_the_same_bytes_again() {
    let test_event = TestEvent::sqlite();
    let relay = Relay::playing(&[Scene::CutBeforeAnswer, Scene::Accept]);
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    let worker = test_event.worker(&relay.transport());
    worker.drain().await.unwrap();
    assert_eq!(test_event.state(id), MailState::Queued);
    test_event.later(72);
    worker.drain().await.unwrap();
    assert_eq!(test_event.state(id), MailState::Sent);
    assert_eq!(relay.received(), [copy(false), copy(true)]);
}

#[actix_web::test]
async fn a_cut_after_the_answer_changes_nothing() {
    let test_event = TestEvent::sqlite();
    let relay = Relay::playing(&[Scene::CutAfterAnswer]);
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    let worker = test_event.worker(&relay.transport());
    worker.drain().await.unwrap();
    test_event.later(LEASE);
    worker.drain().await.unwrap();
    assert_eq!(test_event.state(id), MailState::Sent);
    assert_eq!(relay.received(), [copy(true)]);
}

#[actix_web::test]
async fn worker_killed_after_the_answer_sends_an_equal_copy() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let in_hand = test_event
            .write(|connection| outbox::claim(connection, "the dead", NOW))
            .unwrap();
        let outcome = relay.transport().send(&in_hand).await;
        assert_eq!(outcome, SendOutcome::Sent { code: Some(250) });

        let worker = test_event.worker(&relay.transport());
        test_event.later(LEASE - 1);
        assert_eq!(worker.drain().await.unwrap(), 0);
        test_event.later(1);
        assert_eq!(worker.drain().await.unwrap(), 1);
        assert_eq!(test_event.state(id), MailState::Sent);
        assert_eq!(test_event.mail(id).summary.attempts, 2);
        assert_eq!(relay.received(), [copy(true), copy(true)]);

        // And should the dead come back, the lease is no longer theirs.
        let recorded = test_event
            .write(|connection| outbox::failed(connection, &in_hand, None, "back from the dead"));
        assert!(!recorded);
        assert_eq!(test_event.state(id), MailState::Sent);
    }
}

#[actix_web::test]
async fn tries_end_when_the_slot_begins() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Rcpt("451 4.3.0 not now")]);
        let mut mail = new_mail(0, Method::Request);
        mail.written_at = SLOT_STARTS.moment().plus(-90);
        test_event.later(mail.written_at.seconds() - NOW.seconds());
        let id = test_event.enqueue(&mail).id;
        let worker = test_event.worker(&relay.transport());
        worker.drain().await.unwrap();
        assert_eq!(test_event.state(id), MailState::Queued);
        test_event.later(90);
        worker.drain().await.unwrap();
        let summary = test_event.mail(id).summary;
        assert_eq!(summary.state.0, MailState::Failed);
        assert_eq!(
            summary.last_error.as_deref(),
            Some("too late to try again: transient error (451): 4.3.0 not now")
        );
    }
}

#[actix_web::test]
async fn what_waited_beyond_its_time_is_not_sent_late() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        test_event.later(49 * 3600);
        let worker = test_event.worker(&relay.transport());
        assert_eq!(worker.drain().await.unwrap(), 0);
        assert_eq!(test_event.state(id), MailState::Failed);
        let now = test_event.now();
        assert!(test_event.write(|connection| outbox::retry(connection, id, now)));
        assert_eq!(worker.drain().await.unwrap(), 1);
        assert_eq!(test_event.state(id), MailState::Sent);
    }
}

#[actix_web::test]
async fn mail_whose_workers_crash_ends_as_failed() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let mut deaths = 0;
        for _ in 0..(50 * 3600 / LEASE) {
            let now = test_event.now();
            test_event.write(|connection| outbox::expire(connection, now));
            deaths += i32::from(
                test_event
                    .write(|connection| outbox::claim(connection, "the next", now))
                    .is_some(),
            );
            test_event.later(LEASE);
        }
        let summary = test_event.mail(id).summary;
        assert_eq!(summary.state.0, MailState::Failed);
        assert_eq!(summary.attempts, deaths);
        assert_eq!(
            test_event.worker(&relay.transport()).drain().await.unwrap(),
            0
        );
    }
}

#[actix_web::test]
async fn without_a_relay_mail_becomes_files() {
    let test_event = TestEvent::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let transport = Transport::files(folder.path().join("outbox"));
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    let claimed = test_event
        .write(|connection| outbox::claim(connection, "the dead", NOW))
        .unwrap();
    // Once by a worker that dies, once by the next: one file.
    assert_eq!(
        transport.send(&claimed).await,
        SendOutcome::Sent { code: None }
    );
    test_event.later(LEASE);
    test_event.worker(&transport).drain().await.unwrap();
    assert_eq!(test_event.state(id), MailState::Sent);
    let files: Vec<_> = std::fs::read_dir(folder.path().join("outbox"))
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    assert_eq!(files.len(), 1);
    assert_eq!(
        files[0].file_name().to_str().unwrap(),
        format!("20221221T000000Z-{id}.eml")
    );
    assert_eq!(std::fs::read(files[0].path()).unwrap(), RAW.as_bytes());
}

#[actix_web::test]
async fn a_folder_that_cannot_be_written_holds_the_queue() {
    let test_event = TestEvent::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("outbox");
    std::fs::write(&in_the_way, "a file").unwrap();
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    test_event
        .worker(&Transport::files(in_the_way))
        .drain()
        .await
        .unwrap();
    assert_eq!(test_event.state(id), MailState::Held);
}

#[actix_web::test]
async fn worker_wakes_on_signal_and_stops_on_request() {
    let test_event = TestEvent::sqlite();
    let relay = Relay::playing(&[Scene::Accept]);
    let bell = WorkerSignal::default();
    let worker = actix_web::rt::spawn(
        test_event
            .worker_with(&relay.transport(), bell.clone())
            .run(),
    );
    // Let it find the outbox empty and fall asleep.
    actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    bell.wake();
    let sent = async {
        while test_event.state(id) != MailState::Sent {
            actix_web::rt::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), sent)
        .await
        .unwrap();
    bell.stop();
    tokio::time::timeout(Duration::from_secs(10), worker)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(relay.received(), [copy(true)]);
}

#[actix_web::test]
async fn a_new_start_tries_held_mail_again() {
    let test_event = TestEvent::sqlite();
    let relay = Relay::playing(&[Scene::Auth("535 5.7.8 wrong"), Scene::Accept]);
    let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
    test_event
        .worker(&relay.transport_as("smtp", "u:wrong@", ""))
        .drain()
        .await
        .unwrap();
    assert_eq!(test_event.state(id), MailState::Held);
    let bell = WorkerSignal::default();
    let worker = test_event.worker_with(&relay.transport_as("smtp", "u:right@", ""), bell.clone());
    let worker = actix_web::rt::spawn(worker.run());
    let sent = async {
        while test_event.state(id) != MailState::Sent {
            actix_web::rt::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), sent)
        .await
        .unwrap();
    bell.stop();
    tokio::time::timeout(Duration::from_secs(10), worker)
        .await
        .unwrap()
        .unwrap();
}

#[test]
fn a_mail_about_the_past_has_its_48_hours() {
    let test_event = TestEvent::sqlite();
    let mut mail = new_mail(0, Method::Request);
    mail.written_at = SLOT_STARTS.moment().plus(86_400);
    let id = test_event.enqueue(&mail).id;
    let give_up: Moment = test_event.mail(id).summary.give_up_at;
    assert_eq!(give_up, mail.written_at.plus(48 * 3600));
}
