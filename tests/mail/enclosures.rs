//! A letter with its schedule on paper: set once, the same at every try, and never a reason to keep the letter back.

use std::io::Write;
use std::process::Command;
use std::thread;

use iikura::agenda::pdf::ToldSchedule;
use iikura::core::notice::News;
use iikura::mail::contents::contents;
use iikura::mail::enclosure;
use iikura::mail::outbox::{self, Claimed, EnclosureReadiness, LEASE, MailId, MailState};
use iikura::mail::transport::Transport;
use iikura::mail::worker::WorkerSignal;
use iikura::mail::{Enclosure, Letter};

use crate::house::{Desk, House, NOW, houses, told};
use crate::relay::{Relay, Scene};

const NAME: &str = "schedule-KZ-v1.pdf";
const MENTION: &str = "The attached schedule-KZ-v1.pdf is this schedule to print.";

/// A letter with the paper that says `says`.
fn post(house: &House, says: &str) -> MailId {
    let desk = Desk::new();
    let news = News::Confirmed(told(0));
    let letter = Letter {
        enclosure: Some(Enclosure { name: NAME, says }),
        ..desk.letter(&news, 0)
    };
    house.post(&letter).id
}

fn says() -> String {
    let desk = Desk::new();
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

fn readiness(house: &House, id: MailId) -> EnclosureReadiness {
    house.mail(id).enclosed.unwrap().readiness
}

fn claim(house: &House, owner: &str) -> Claimed {
    let now = house.now();
    house
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
    for house in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = post(&house, &says());
        let waiting = house.mail(id).enclosed.unwrap();
        assert_eq!(waiting.name, NAME);
        assert_eq!(waiting.readiness, EnclosureReadiness::Waiting);
        assert_eq!(house.worker(&relay.transport()).drain().await.unwrap(), 1);
        let [received] = &relay.received()[..] else {
            panic!("one mail")
        };
        check(&received.raw);
        let mail = house.mail(id);
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
    for house in houses() {
        let relay = Relay::playing(&[
            Scene::CutBeforeAnswer,
            Scene::Data("451 4.3.0 try again"),
            Scene::Accept,
        ]);
        let id = post(&house, &says());
        for _ in 0..3 {
            // Another process each time.
            let worker =
                house.worker_of_another_process(&relay.transport(), WorkerSignal::default());
            assert_eq!(worker.drain().await.unwrap(), 1);
            assert_eq!(readiness(&house, id), EnclosureReadiness::Set);
            // Nothing is set again: there is nothing left to set it from.
            assert_eq!(house.mail(id).enclosed.unwrap().says, "");
            house.later(3600);
        }
        let received = relay.received();
        assert_eq!(received.len(), 3);
        check(&received[0].raw);
        assert!(received.iter().all(|mail| mail.raw == received[0].raw));
        assert_eq!(house.state(id), MailState::Sent);
    }
}

#[actix_web::test]
async fn who_dies_over_a_letter_leaves_it_to_the_next() {
    for house in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = post(&house, &says());
        let dead = claim(&house, "dead");
        assert!(dead.unset.is_some() && dead.attempts == 1);
        let worker = house.worker(&relay.transport());
        assert_eq!(worker.drain().await.unwrap(), 0, "it is in hand");
        house.later(LEASE);
        assert_eq!(worker.drain().await.unwrap(), 1);
        check(&relay.received()[0].raw);
        // Should the dead one wake, it has nothing to say any more.
        assert!(!house.write(|conn| outbox::enclose(conn, &dead, b"late")));
        assert!(!house.write(|conn| outbox::leave_out(conn, &dead, "late")));
        assert_eq!(house.mail(id).raw, relay.received()[0].raw.as_bytes());
    }
}

#[actix_web::test]
async fn a_lease_that_was_lost_settles_nothing() {
    for house in houses() {
        let id = post(&house, &says());
        let slow = claim(&house, "slow");
        house.later(LEASE);
        let quick = claim(&house, "quick");
        assert_eq!(quick.unset, slow.unset);
        assert!(!house.write(|conn| outbox::enclose(conn, &slow, b"of the slow")));
        assert_eq!(readiness(&house, id), EnclosureReadiness::Waiting);
        assert!(house.write(|conn| outbox::enclose(conn, &quick, b"of the quick")));
        assert!(!house.write(|conn| outbox::enclose(conn, &quick, b"once more")));
        assert_eq!(house.mail(id).raw, b"of the quick");
    }
}

/// The letter as it goes without its paper, and why.
fn check_alone(house: &House, id: MailId, relay: &Relay, why: &str) {
    let mail = house.mail(id);
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
    for house in houses() {
        for broken in ["", "{", &says().replace("Asia/Tokyo", "Asia/Edo")] {
            let house = if broken.is_empty() {
                &house
            } else {
                &House::sqlite()
            };
            let relay = Relay::playing(&[Scene::Rcpt("450 4.2.0 not yet"), Scene::Accept]);
            let id = post(house, broken);
            let worker = house.worker(&relay.transport());
            assert_eq!(worker.drain().await.unwrap(), 1);
            assert_eq!(readiness(house, id), EnclosureReadiness::LeftOut);
            house.later(120);
            assert_eq!(worker.drain().await.unwrap(), 1);
            check_alone(house, id, &relay, "not");
        }
    }
}

#[actix_web::test]
async fn a_paper_over_which_workers_die_is_left_out_in_the_end() {
    for house in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let id = post(&house, &says());
        for _ in 0..2 {
            claim(&house, "doomed");
            house.later(LEASE);
        }
        house.worker(&relay.transport()).drain().await.unwrap();
        check_alone(&house, id, &relay, "did not live to the end of it");
    }
}

#[actix_web::test]
async fn a_paper_is_wiped_with_its_mail() {
    for house in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let worker = house.worker(&relay.transport()).keeping(30);
        let id = post(&house, &says());
        worker.drain().await.unwrap();
        house.later(31 * 86_400);
        assert_eq!(worker.tidy().await.unwrap(), 1);
        let mail = house.mail(id);
        assert_eq!(mail.raw, b"");
        assert_eq!(mail.enclosed.unwrap().name, NAME, "that it was there stays");
    }
}

#[actix_web::test]
async fn a_file_of_mail_has_the_paper_too() {
    let house = House::sqlite();
    let folder = tempfile::tempdir().unwrap();
    post(&house, &says());
    let files = Transport::files(folder.path().to_owned());
    house.worker(&files).drain().await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
    check(&std::fs::read_to_string(file.unwrap().path()).unwrap());
}

#[test]
fn of_many_servers_one_sets_each_paper() {
    const LETTERS: usize = 12;
    for house in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let says = says();
        for sequence in 0..LETTERS {
            let mut desk = Desk::new();
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
            house.post(&letter);
        }
        let workers: Vec<_> = (0..3)
            .map(|_| house.worker_of_another_process(&relay.transport(), WorkerSignal::default()))
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
