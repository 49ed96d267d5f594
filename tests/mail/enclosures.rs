//! A letter with its schedule on paper: set once, the same at every try, and never a reason to keep the letter back.

use std::io::Write;
use std::process::Command;
use std::thread;

use iikura::core::notice::News;
use iikura::documents::pdf::ToldSchedule;
use iikura::mail::contents::contents;
use iikura::mail::outbox::{self, Claimed, EnclosureReadiness, LEASE, MailId, MailState};
use iikura::mail::transport::Transport;
use iikura::mail::worker::WorkerSignal;
use iikura::mail::{Enclosure, Letter, enclosure};

use crate::test_event::{LetterData, NOW, TestEvent, houses, told};
use support::relay::{Relay, Scene};

const NAME: &str = "schedule-KZ-v1.pdf";
const MENTION: &str = "The attached schedule-KZ-v1.pdf is this schedule for printing.";

/// A letter with the paper that says `says`.
fn post(test_event: &TestEvent, says: &str) -> MailId {
    let desk = LetterData::new();
    let news = News::Confirmed(told(0));
    let letter = Letter {
        enclosure: Some(Enclosure { name: NAME, says }),
        ..desk.letter(&news, 0)
    };
    test_event.post(&letter).id
}

fn says() -> String {
    let desk = LetterData::new();
    ToldSchedule::in_letter(&desk.event, &desk.delegation, &[told(0)], 1, NOW)
        .keep()
        .unwrap()
}

/// The words of a PDF in one line.
fn read(pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let mut command = Command::new("pdftotext");
    let output = command.arg("-layout").arg(file.path()).arg("-").output();
    let output = output.unwrap();
    assert!(output.status.success(), "poppler reads it");
    let words = String::from_utf8(output.stdout).unwrap();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn readiness(test_event: &TestEvent, id: MailId) -> EnclosureReadiness {
    test_event.mail(id).enclosed.unwrap().readiness
}

fn claim(test_event: &TestEvent, owner: &str) -> Claimed {
    let now = test_event.now();
    test_event
        .write(|connection| outbox::claim(connection, owner, now))
        .unwrap()
}

/// What came over the wire has the paper and speaks of it.
fn check(raw: &str) {
    let read_back = contents(raw.as_bytes());
    assert!(read_back.plain.contains(MENTION), "{}", read_back.plain);
    assert!(raw.contains("Content-Disposition: attachment; filename=\"schedule-KZ-v1.pdf\""));
    let words = read(&read_back.paper.unwrap());
    for part in [
        "For the delegation of Kazakhstan",
        "With our letter, version 1 · Issued Wednesday, 21 December 2022, 09:00 (JST, UTC+9)",
        "17:20–17:50 14:20–14:50 Bilateral Japan–Kazakhstan Salon",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
}

#[actix_web::test]
async fn a_letter_arrives_with_its_schedule_on_paper() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = post(&test_event, &says());
        let waiting = test_event.mail(id).enclosed.unwrap();
        assert_eq!(waiting.name, NAME);
        assert_eq!(waiting.readiness, EnclosureReadiness::Waiting);
        assert_eq!(
            test_event.worker(&relay.transport()).drain().await.unwrap(),
            1
        );
        let [received] = &relay.received()[..] else {
            panic!("one mail")
        };
        check(&received.raw);
        let mail = test_event.mail(id);
        assert_eq!(mail.summary.state.0, MailState::Sent);
        assert_eq!(
            mail.raw,
            received.raw.as_bytes(),
            "what is shown is what went"
        );
        let set = mail.enclosed.unwrap();
        assert_eq!(
            (set.readiness, set.says.as_str()),
            (EnclosureReadiness::Set, "")
        );
    }
}

#[actix_web::test]
async fn every_try_sends_the_same_bytes() {
    for test_event in houses() {
        let relay = Relay::playing(&[
            Scene::CutBeforeAnswer,
            Scene::Data("451 4.3.0 try again"),
            Scene::Accept,
        ]);
        let id = post(&test_event, &says());
        for _ in 0..3 {
            // Another process each time.
            let worker =
                test_event.worker_of_another_process(&relay.transport(), WorkerSignal::default());
            assert_eq!(worker.drain().await.unwrap(), 1);
            assert_eq!(readiness(&test_event, id), EnclosureReadiness::Set);
            // Nothing is set again: there is nothing left to set it from.
            assert_eq!(test_event.mail(id).enclosed.unwrap().says, "");
            test_event.later(3600);
        }
        let received = relay.received();
        assert_eq!(received.len(), 3);
        check(&received[0].raw);
        assert!(received.iter().all(|mail| mail.raw == received[0].raw));
        assert_eq!(test_event.state(id), MailState::Sent);
    }
}

#[actix_web::test]
async fn worker_crash_leaves_the_letter_to_the_next() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = post(&test_event, &says());
        let dead = claim(&test_event, "dead");
        assert!(dead.unset.is_some() && dead.attempts == 1);
        let worker = test_event.worker(&relay.transport());
        assert_eq!(worker.drain().await.unwrap(), 0, "it is in hand");
        test_event.later(LEASE);
        assert_eq!(worker.drain().await.unwrap(), 1);
        check(&relay.received()[0].raw);
        // Should the dead one wake, it has nothing to say any more.
        assert!(!test_event.write(|conn| outbox::enclose(conn, &dead, b"late")));
        assert!(!test_event.write(|conn| outbox::leave_out(conn, &dead, "late")));
        assert_eq!(test_event.mail(id).raw, relay.received()[0].raw.as_bytes());
    }
}

#[actix_web::test]
async fn a_lease_that_was_lost_settles_nothing() {
    for test_event in houses() {
        let id = post(&test_event, &says());
        let slow = claim(&test_event, "slow");
        test_event.later(LEASE);
        let quick = claim(&test_event, "quick");
        assert_eq!(quick.unset, slow.unset);
        assert!(!test_event.write(|conn| outbox::enclose(conn, &slow, b"of the slow")));
        assert_eq!(readiness(&test_event, id), EnclosureReadiness::Waiting);
        assert!(test_event.write(|conn| outbox::enclose(conn, &quick, b"of the quick")));
        assert!(!test_event.write(|conn| outbox::enclose(conn, &quick, b"once more")));
        assert_eq!(test_event.mail(id).raw, b"of the quick");
    }
}

/// The letter as it goes without its paper, and why.
fn check_alone(test_event: &TestEvent, id: MailId, relay: &Relay, why: &str) {
    let mail = test_event.mail(id);
    assert_eq!(mail.summary.state.0, MailState::Sent);
    let left_out = mail.enclosed.unwrap();
    assert_eq!(left_out.readiness, EnclosureReadiness::LeftOut);
    let fault = left_out.fault.unwrap();
    assert!(fault.contains(why), "{fault}");
    let [received] = &relay.received()[..] else {
        panic!("one mail")
    };
    assert_eq!(mail.raw, received.raw.as_bytes());
    let read = contents(&mail.raw);
    assert_eq!(read.paper, None);
    assert!(read.plain.contains("is confirmed for the delegation") && read.calendar.is_some());
    assert!(!received.raw.contains(NAME), "it does not speak of it");
}

#[actix_web::test]
async fn a_paper_that_cannot_be_set_keeps_no_letter_back() {
    for test_event in houses() {
        for broken in ["", "{", &says().replace("Asia/Tokyo", "Asia/Edo")] {
            let test_event = if broken.is_empty() {
                &test_event
            } else {
                &TestEvent::sqlite()
            };
            let relay = Relay::playing(&[Scene::Rcpt("450 4.2.0 not yet"), Scene::Accept]);
            let id = post(test_event, broken);
            let worker = test_event.worker(&relay.transport());
            assert_eq!(worker.drain().await.unwrap(), 1);
            assert_eq!(readiness(test_event, id), EnclosureReadiness::LeftOut);
            test_event.later(120);
            assert_eq!(worker.drain().await.unwrap(), 1);
            check_alone(test_event, id, &relay, "not");
        }
    }
}

#[actix_web::test]
async fn enclosure_whose_workers_crash_is_left_out() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = post(&test_event, &says());
        for _ in 0..2 {
            claim(&test_event, "doomed");
            test_event.later(LEASE);
        }
        test_event.worker(&relay.transport()).drain().await.unwrap();
        check_alone(&test_event, id, &relay, "ended before it was finished");
    }
}

#[actix_web::test]
async fn a_paper_is_wiped_with_its_mail() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let worker = test_event.worker(&relay.transport()).keeping(30);
        let id = post(&test_event, &says());
        worker.drain().await.unwrap();
        test_event.later(31 * 86_400);
        assert_eq!(worker.tidy().await.unwrap(), 1);
        let mail = test_event.mail(id);
        assert_eq!(mail.raw, b"");
        assert_eq!(mail.enclosed.unwrap().name, NAME, "that it was there stays");
    }
}

#[actix_web::test]
async fn a_file_of_mail_has_the_paper_too() {
    let test_event = TestEvent::sqlite();
    let folder = tempfile::tempdir().unwrap();
    post(&test_event, &says());
    let files = Transport::files(folder.path().to_owned());
    test_event.worker(&files).drain().await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
    check(&std::fs::read_to_string(file.unwrap().path()).unwrap());
}

#[test]
fn of_many_servers_one_sets_each_paper() {
    const LETTERS: usize = 12;
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let says = says();
        for sequence in 0..LETTERS {
            let mut desk = LetterData::new();
            desk.delegation.contacts[0].email =
                iikura::core::text::Email::parse(&format!("desk{sequence}@delegations.example"))
                    .unwrap();
            let news = News::Confirmed(told(0));
            let letter = Letter {
                enclosure: Some(Enclosure {
                    name: NAME,
                    says: &says,
                }),
                ..desk.letter(&news, 0)
            };
            test_event.post(&letter);
        }
        let workers: Vec<_> = (0..3)
            .map(|_| {
                test_event.worker_of_another_process(&relay.transport(), WorkerSignal::default())
            })
            .collect();
        let done: usize = thread::scope(|scope| {
            let handles: Vec<_> = workers
                .into_iter()
                .map(|worker| {
                    scope.spawn(move || {
                        let runtime = actix_web::rt::System::new();
                        runtime.block_on(worker.drain()).unwrap()
                    })
                })
                .collect();
            handles.into_iter().map(|it| it.join().unwrap()).sum()
        });
        assert_eq!((done, relay.count()), (LETTERS, LETTERS));
        let paper = enclosure::set(&says).unwrap();
        for mail in relay.received() {
            assert_eq!(contents(mail.raw.as_bytes()).paper.as_ref(), Some(&paper));
        }
    }
}
