//! Many programs at once.

use std::sync::Barrier;

use iikura::auth::token::TokenScope;
use serde_json::json;

use crate::program::{JSON, Program, Reply, SLOTS, address, evening, token_of};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};

on_both!(
    one_key_from_twenty_threads_books_one_slot,
    of_twenty_who_saw_one_version_one_changes_it,
    of_twenty_without_a_key_one_books,
);

/// What twenty programs are answered who ask at the same moment.
fn at_once(meeting: &Meeting, ask: impl Fn(usize, &Program) -> Reply + Sync) -> Vec<Reply> {
    let token = token_of(meeting, OFFICER, TokenScope::Write);
    let barrier = Barrier::new(20);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|number| {
                let (ask, barrier, token) = (&ask, &barrier, &token);
                let program = Program::with(&meeting.server, Some(token));
                scope.spawn(move || {
                    barrier.wait();
                    ask(number, &program)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn one_key_from_twenty_threads_books_one_slot(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let before = meeting.rows();
    let key = [
        JSON,
        ("idempotency-key", "8f1c5d0e-2b1f-4a63-9d57-0d5f6e1b7c11"),
    ];
    let body = evening().to_string();
    let replies = at_once(&meeting, |_, program| {
        program.send("POST", SLOTS, &key, &body)
    });
    let first = &replies[0];
    let slot = first.given(201);
    for reply in &replies {
        assert_eq!((reply.status, &reply.bytes), (201, &first.bytes));
        assert_eq!(reply.header("location"), address(&slot));
    }
    let after = meeting.rows();
    assert_eq!(after[0], before[0] + 1, "one slot");
    assert_eq!(after[3], before[3] + 1, "one line of history");
    assert_eq!(meeting.programme().event.revision.0, 2, "one write");
}

fn of_twenty_who_saw_one_version_one_changes_it(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let slot = Program::of(&meeting, OFFICER, TokenScope::Write)
        .post(SLOTS, &evening())
        .given(201);
    let path = address(&slot);
    let replies = at_once(&meeting, |number, program| {
        let change = json!({ "title": format!("Version of {number}") });
        program.patch(&path, &json!(1), &change)
    });
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[412; 19]].concat());
    let winner = replies
        .iter()
        .find(|reply| reply.status == 200)
        .unwrap()
        .json();
    assert_eq!(meeting.slot("Version of").version, 2);
    assert_eq!(
        winner["title"],
        meeting.slot("Version of").details.content.title.as_str()
    );
}

fn of_twenty_without_a_key_one_books(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let replies = at_once(&meeting, |_, program| program.post(SLOTS, &evening()));
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [&[201][..], &[409; 19]].concat());
    for refused in replies.iter().filter(|reply| reply.status == 409) {
        let detail = refused.refused(409);
        assert_eq!(
            refused.json()["conflicts"][0]["rule"],
            "double_booking",
            "{detail}"
        );
    }
}
