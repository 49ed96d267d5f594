//! A database that is set back to a copy under a running server: nothing that was lost is shown again, also once the
//! revisions have the same numbers as before.

use diesel::prelude::*;
use iikura::core::event::ProgrammeVersion;
use iikura::db::Db;
use iikura::db::schema::events;
use iikura::server::Error;

use crate::live::{LIVE, Stream};
use support::both::{Scratch, on_both};
use support::meeting::{COLLEAGUE, Meeting, SLOTS, free_slot, send, with};
use support::server::Server;

on_both!(
    database_set_back_under_a_server_shows_no_lost_slot,
    open_page_learns_of_a_restored_database,
    notices_looked_at_before_a_set_back_are_not_sent,
);

const DAY: &str = "/events/ca-jad-9?day=2022-12-24";
const LIST: &str = "/events/ca-jad-9?day=2022-12-24&view=list";

/// What a copy of the database would say of the event.
fn copied(meeting: &Meeting) -> ProgrammeVersion {
    meeting.programme().version()
}

/// Sets the event back to a copy: slots booked since are gone.
fn set_back(meeting: &Meeting, copy: ProgrammeVersion, lost: &str) {
    for table in ["occupancy WHERE slot_id", "slots WHERE id"] {
        let slots = format!("SELECT id FROM slots WHERE title = '{lost}'");
        meeting
            .server
            .sql(&format!("DELETE FROM {table} IN ({slots})"));
    }
    let event = meeting.event;
    let set = |db: &Db| {
        db.write_here(|conn| {
            diesel::update(events::table.find(event))
                .set((
                    events::revision.eq(copy.revision),
                    events::revision_key.eq(copy.key),
                ))
                .execute(conn)?;
            Ok::<_, Error>(())
        })
    };
    set(&meeting.server.db).unwrap();
}

/// Books by another server, which knows of nothing before.
fn book_elsewhere(scratch: &Scratch, title: &str) {
    let other = Server::start_on(scratch.url(), &[]);
    let colleague = other.signed_in(COLLEAGUE);
    let slot = with(free_slot(), "title", title);
    assert_eq!(send(&colleague, SLOTS, &slot).status, 303);
}

fn database_set_back_under_a_server_shows_no_lost_slot(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert_eq!(officer.get(DAY).status, 200);
    let copy = copied(&meeting);
    let lost = with(free_slot(), "title", "Lost meeting");
    assert_eq!(send(&officer, SLOTS, &lost).status, 303);
    let before = copied(&meeting);
    for page in [DAY, LIST] {
        assert!(officer.get(page).body.contains("Lost meeting"));
    }
    set_back(&meeting, copy, "Lost meeting");
    for page in [DAY, LIST] {
        assert!(
            !officer.get(page).body.contains("Lost meeting"),
            "at the next request"
        );
    }
    // Once more with the very number that was shown before.
    let lost = with(free_slot(), "title", "Lost again");
    assert_eq!(send(&officer, SLOTS, &lost).status, 303);
    for page in [DAY, LIST] {
        assert!(officer.get(page).body.contains("Lost again"));
    }
    set_back(&meeting, copy, "Lost again");
    book_elsewhere(scratch, "New meeting");
    let now = copied(&meeting);
    assert_eq!(now.revision, before.revision, "the number recurs");
    for page in [DAY, LIST] {
        let body = officer.get(page).body;
        assert!(!body.contains("Lost") && body.contains("New meeting"));
    }
    // And writes here are judged by what is stored.
    let clash = with(free_slot(), "title", "In the same room");
    assert_eq!(send(&officer, SLOTS, &clash).status, 409);
}

fn open_page_learns_of_a_restored_database(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let copy = copied(&meeting);
    let lost = with(free_slot(), "title", "Lost meeting");
    assert_eq!(send(&officer, SLOTS, &lost).status, 303);
    let before = copied(&meeting);
    assert!(
        officer
            .get(DAY)
            .body
            .contains(&format!("data-shown=\"{before}\""))
    );
    let mut open = Stream::open(&meeting.server, &officer, &format!("{LIVE}?shown={before}"));
    open.hear(&format!("data: {}\n\n", before.revision));
    set_back(&meeting, copy, "Lost meeting");
    assert_eq!(officer.get(DAY).status, 200);
    open.hear(&format!("event: reset\ndata: {}\n\n", copy.revision));
    // A page that connects again later shows the same number, of another programme.
    book_elsewhere(scratch, "New meeting");
    let mut again = Stream::open(&meeting.server, &officer, &format!("{LIVE}?shown={before}"));
    again.hear(&format!("event: reset\ndata: {}\n\n", before.revision));
    let shown = copied(&meeting);
    let mut fresh = Stream::open(&meeting.server, &officer, &format!("{LIVE}?shown={shown}"));
    let heard = fresh.hear(":\n\n");
    assert!(!heard.contains("reset"), "{heard}");
}

fn notices_looked_at_before_a_set_back_are_not_sent(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let copy = copied(&meeting);
    let lost = with(free_slot(), "title", "Lost meeting");
    assert_eq!(send(&officer, SLOTS, &lost).status, 303);
    let looked_at = copied(&meeting).to_string();
    set_back(&meeting, copy, "Lost meeting");
    book_elsewhere(scratch, "New meeting");
    let fields = [("revision", looked_at.as_str()), ("to", "KZ")];
    let answer = officer.post("/events/ca-jad-9/notices", &fields);
    assert_eq!(answer.status, 409);
    let words = "The programme has changed since you opened this page";
    assert!(answer.body.contains(words), "{}", answer.body);
}
