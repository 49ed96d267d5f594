//! Who may what: a token may what its user may on the pages, within its scope, and sees nothing more.

use iikura::auth::token::TokenScope;
use serde_json::{Value, json};

use crate::program::{EVENT, Program, Reply, SLOTS, V1, address, evening};
use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, COLLEAGUE, Meeting, OBSERVER, OFFICER, STRANGER};

on_both!(users_without_write_access_change_nothing);

/// Everything that changes something, tried on a slot.
fn changes(program: &Program, slot: &Value) -> Vec<Reply> {
    let (address, version) = (address(slot), &slot["version"]);
    let confirmation = format!("{address}/confirmation");
    vec![
        program.post(SLOTS, &evening()),
        program.patch(&address, version, &json!({ "title": "Another" })),
        program.delete(&address, version),
        program.post(&confirmation, &json!({})),
        program.delete(&confirmation, version),
    ]
}

fn users_without_write_access_change_nothing(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = Program::of(&meeting, OFFICER, TokenScope::Write);
    let slot = officer.post(SLOTS, &evening()).given(201);
    let before = meeting.rows();
    for (program, status, words) in [
        (
            Program::of(&meeting, OFFICER, TokenScope::Read),
            403,
            "This token may only read",
        ),
        (
            Program::of(&meeting, OBSERVER, TokenScope::Write),
            403,
            "You are an observer",
        ),
        (
            Program::of(&meeting, OBSERVER, TokenScope::Read),
            403,
            "You are an observer",
        ),
        (
            Program::of(&meeting, STRANGER, TokenScope::Write),
            404,
            "Nothing was found at this address",
        ),
    ] {
        for reply in changes(&program, &slot) {
            let detail = reply.refused(status);
            assert!(detail.contains(words), "{detail}");
        }
    }
    assert_eq!(meeting.rows(), before);
    for (email, scope, may_change) in [
        (OFFICER, TokenScope::Write, true),
        (OFFICER, TokenScope::Read, false),
        (ADMIN, TokenScope::Write, true),
        (OBSERVER, TokenScope::Write, false),
    ] {
        let program = Program::of(&meeting, email, scope);
        assert_eq!(
            program.get(EVENT).given(200)["may_change"],
            may_change,
            "{email}"
        );
        program.get(&address(&slot)).given(200);
        program
            .post(&format!("{EVENT}/conflicts"), &evening())
            .given(200);
    }
    // The colleague is no officer of the other event.
    let events = |email| {
        let program = Program::of(&meeting, email, TokenScope::Read);
        let events = program.get(&format!("{V1}/events")).given(200);
        let events = events["events"].as_array().unwrap().clone();
        let mut slugs: Vec<_> = events
            .iter()
            .map(|event| event["slug"].to_string())
            .collect();
        slugs.sort();
        slugs.join(" ")
    };
    assert_eq!(events(COLLEAGUE), "\"ca-jad-9\"");
    assert_eq!(events(ADMIN), "\"berlin\" \"ca-jad-9\"");
    assert_eq!(events(STRANGER), "\"berlin\"");
}

#[test]
fn objects_of_other_users_are_not_found() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = Program::of(&meeting, OFFICER, TokenScope::Write);
    let slot = officer.post(SLOTS, &evening()).given(201);
    let stranger = Program::of(&meeting, STRANGER, TokenScope::Write);
    let unknown = stranger.get(&format!("{V1}/slots/1")).refused(404);
    for path in [
        EVENT.to_owned(),
        format!("{EVENT}/programme"),
        format!("{EVENT}/changes"),
        format!("{EVENT}/agenda.json"),
        format!("{EVENT}/free-slots?delegations=KZ&minutes=30"),
        address(&slot),
    ] {
        let reply = stranger.get(&path);
        assert_eq!(reply.refused(404), unknown, "{path}");
        assert_eq!(reply.header("etag"), "");
    }
    // A stranger's own event knows nothing of the people of this one.
    let berlin = format!("{V1}/events/berlin/slots");
    let refused = stranger.post(&berlin, &evening());
    let detail = refused.refused(422);
    assert!(
        detail.contains("delegations: There is no such delegation"),
        "{detail}"
    );
    assert!(!refused.text().contains("Kazakhstan"));
}

#[test]
fn a_delegations_agenda_has_nothing_of_anothers_bilateral() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OBSERVER, TokenScope::Read);
    for format in ["json", "ics", "csv", "html", "xlsx"] {
        let whole = program.get(&format!("{EVENT}/agenda.{format}"));
        let theirs = program.get(&format!("{EVENT}/agenda.{format}?delegation=KZ"));
        assert_eq!((whole.status, theirs.status), (200, 200), "{format}");
        if format != "xlsx" {
            assert!(whole.text().contains("Turkmenistan"), "{format}");
            let text = theirs.text().replace("\r\n ", "");
            for secret in [
                "Turkmenistan Foreign",
                "Uzbekistan Foreign",
                "15:15",
                "T061500Z",
            ] {
                assert!(!text.contains(secret), "{secret} in {format}");
            }
        }
    }
    let internal = program.get(&format!("{EVENT}/programme")).text();
    assert!(
        !internal.contains("cooperation programme of the two ministries"),
        "notes stay inside"
    );
    assert!(
        !internal.contains("delegations.example"),
        "and so do contacts"
    );
}
