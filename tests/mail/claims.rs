//! Many workers, one outbox: each mail is taken once.

use std::collections::HashSet;
use std::thread;

use iikura::db::DbError;
use iikura::mail::outbox::{self, MailId};
use iikura::notice::Method;

use crate::house::{House, NOW, houses, new_mail};

const MAILS: usize = 120;
const WORKERS: usize = 6;

#[test]
fn several_threads_claim_each_mail_once() {
    for house in houses() {
        each_mail_is_claimed_once(&house);
    }
}

fn each_mail_is_claimed_once(house: &House) {
    let queued: HashSet<MailId> = (0..MAILS)
        .map(|number| {
            let recipient = format!("desk{number}@delegations.example");
            let mut mail = new_mail(0, Method::Request);
            mail.recipient = &recipient;
            house.enqueue(&mail).id
        })
        .collect();
    let claimed: Vec<MailId> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| {
                let db = house.db.clone();
                scope.spawn(move || {
                    let owner = format!("worker {number}");
                    let mut mine = Vec::new();
                    let next = || {
                        db.read_here(|connection| {
                            // Around the queue before SQLite's writer: other processes do not stand in it.
                            Ok::<_, DbError>(outbox::claim(connection, &owner, NOW)?)
                        })
                    };
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
