//! What programs read: events, programmes, agendas, changes, free times.

use std::io::{BufRead, BufReader};

use iikura::auth::token::TokenScope;
use serde_json::{Value, json};

use crate::program::{EVENT, Program, SLOTS, V1, address, evening, token_of, with};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, OFFICER};

on_both!(
    a_programme_is_whole_and_read_again_only_when_it_has_changed,
    the_changes_since_a_revision_say_who_did_what,
);

#[test]
fn an_event_says_what_its_programme_is_about() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OBSERVER, TokenScope::Read);
    let event = program.get(EVENT).given(200);
    assert_eq!(event["slug"], "ca-jad-9");
    assert_eq!(event["time_zone"], "Asia/Tokyo");
    assert_eq!(
        event["days"][0],
        json!({"date": "2022-12-24", "opens": "08:30", "closes": "21:00"})
    );
    assert_eq!(event["settings"]["grid_minutes"], 5);
    assert_eq!(event["revision"], 1);
    let list = program.get(&format!("{V1}/events")).given(200);
    assert_eq!(list["events"], json!([event]));
    program.get(&format!("{V1}/events/ca-jad-10")).refused(404);
}

fn a_programme_is_whole_and_read_again_only_when_it_has_changed(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    let path = format!("{EVENT}/programme");
    let first = program.get(&path);
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("\"1-"), "{tag}");
    let programme = first.given(200);
    let fields: Vec<&String> = programme.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "conflicts",
            "delegations",
            "event",
            "interpreters",
            "revision",
            "rooms",
            "slots"
        ]
    );
    assert_eq!(programme["revision"], 1);
    let count = |field: &str| programme[field].as_array().unwrap().len();
    assert_eq!(
        (count("slots"), count("delegations"), count("interpreters")),
        (9, 6, 4)
    );
    let agenda = program
        .get(&format!("{EVENT}/agenda.json?pencilled=true"))
        .json();
    assert_eq!(
        programme["slots"], agenda["slots"],
        "a slot is the same everywhere"
    );
    for slot in programme["slots"].as_array().unwrap() {
        assert_eq!(program.get(&address(slot)).given(200), *slot);
    }
    for conflict in programme["conflicts"].as_array().unwrap() {
        let fields: Vec<&String> = conflict.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["level", "message", "resource", "rule", "slot"]);
        assert_eq!(conflict["level"], "advice", "{conflict}");
    }

    for known in [&tag, &format!("W/{tag}"), &format!("\"0\", {tag}"), "*"] {
        let again = program.get_as(&path, &[("if-none-match", known)]);
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{known}");
        assert_eq!(again.header("etag"), tag);
    }
    // The number alone is that of other programmes, too, once a database was set back.
    for number in ["\"1\"", "1"] {
        let again = program.get_as(&path, &[("if-none-match", number)]);
        assert_eq!(again.status, 200, "{number}");
    }
    program.post(SLOTS, &evening()).given(201);
    let changed = program.get_as(&path, &[("if-none-match", &tag)]);
    assert!(changed.header("etag").starts_with("\"2-"));
    assert_eq!(changed.given(200)["slots"].as_array().unwrap().len(), 10);
}

#[test]
fn an_agenda_comes_as_the_page_gives_it() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OBSERVER, TokenScope::Read);
    let observer = meeting.server.signed_in(OBSERVER);
    for format in ["json", "ics", "csv", "html"] {
        let ours = program.get(&format!("{EVENT}/agenda.{format}?delegation=KZ"));
        let page = observer.get(&format!("/events/ca-jad-9/agenda.{format}?delegation=KZ"));
        assert_eq!(ours.text(), page.body, "{format}");
        for header in ["content-type", "content-disposition"] {
            assert_eq!(ours.header(header), page.header(header), "{format}");
        }
    }
    let book = program.get(&format!("{EVENT}/agenda.xlsx"));
    assert!(book.bytes.starts_with(b"PK"), "{}", book.text());
    for path in ["agenda.exe", "agenda.json?delegation=XX", "agenda"] {
        program.get(&format!("{EVENT}/{path}")).refused(404);
    }
}

fn the_changes_since_a_revision_say_who_did_what(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    let path = format!("{EVENT}/changes?since=1");
    assert_eq!(
        program.get(&path).given(200),
        json!({"revision": 1, "more": false, "changes": []})
    );
    let slot = program.post(SLOTS, &evening()).given(201);
    program
        .patch(&address(&slot), &json!(1), &json!({"room": "hall"}))
        .given(200);
    let found = program.get(&path).given(200);
    assert_eq!(
        (&found["revision"], &found["more"]),
        (&json!(3), &json!(false))
    );
    let changes = found["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    let (booked, moved) = (&changes[0], &changes[1]);
    for (change, revision, what) in [(booked, 2, "slot.booked"), (moved, 3, "slot.changed")] {
        assert_eq!(change["revision"], revision);
        assert_eq!(change["what"], what);
        assert_eq!(change["who"], "Officer with token “a program”");
        assert_eq!(change["slot"], slot["id"]);
        assert_eq!(change["subject"], "Evening meeting");
        assert_eq!(change["at"], "2022-12-24T14:00:00+09:00");
    }
    assert_eq!(
        moved["changes"],
        json!([{"field": "room", "old": "conference", "new": "hall"}])
    );
    let later = program.get(&format!("{EVENT}/changes?since=2")).given(200);
    assert_eq!(later["changes"], json!([moved]));
    let never = program
        .get(&format!("{EVENT}/changes?since=900"))
        .given(200);
    assert_eq!(
        never,
        json!({"revision": 900, "more": false, "changes": []})
    );
}

#[test]
fn many_changes_come_in_whole_revisions() {
    let meeting = Meeting::on(&Scratch::sqlite());
    // 700 revisions with two lines each, after the first.
    meeting.server.sql(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1399) \
         INSERT INTO audit (at, event_id, revision, actor, action, subject) \
         SELECT 1671858000, (SELECT id FROM events WHERE slug = 'ca-jad-9'), 2 + i / 2, 'Mori', 'room.changed', 'Salon' FROM n",
    );
    meeting
        .server
        .sql("UPDATE events SET revision = 701 WHERE slug = 'ca-jad-9'");
    let program = Program::of(&meeting, OFFICER, TokenScope::Read);
    let (mut since, mut seen, mut answers) = (1, 0, 0);
    loop {
        let found = program
            .get(&format!("{EVENT}/changes?since={since}"))
            .given(200);
        let changes = found["changes"].as_array().unwrap();
        seen += changes.len();
        answers += 1;
        assert_eq!(changes.len() % 2, 0, "no revision is torn apart");
        assert_eq!(changes[0]["revision"], since + 1);
        since = found["revision"].as_i64().unwrap();
        if found["more"] == false {
            break;
        }
    }
    assert_eq!((since, seen, answers), (701, 1400, 2));
}

#[test]
fn the_changes_come_as_a_stream_that_can_be_taken_up_again() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    let token = token_of(&meeting, OFFICER, TokenScope::Read);
    let open = |last: &str| {
        let agent: ureq::Agent = ureq::Agent::new_with_defaults();
        let mut request = agent
            .get(format!("{}{EVENT}/changes?since=1", meeting.server.origin))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json;q=0.1, text/event-stream");
        if !last.is_empty() {
            request = request.header("last-event-id", last);
        }
        let answer = request.call().unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        BufReader::new(answer.into_body().into_reader())
    };
    let next = |stream: &mut dyn BufRead| -> (String, Value) {
        let mut lines = stream
            .lines()
            .map(Result::unwrap)
            .filter(|line| !line.is_empty() && line != ":");
        let id = lines.next().unwrap();
        assert_eq!(lines.next().unwrap(), "event: change");
        let data = lines.next().unwrap();
        let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        (id.strip_prefix("id: ").unwrap().to_owned(), data)
    };
    let mut stream = open("");
    let slot = program.post(SLOTS, &evening()).given(201);
    let (id, booked) = next(&mut stream);
    assert_eq!(id, "2");
    assert_eq!(booked["changes"][0]["what"], "slot.booked");
    program.delete(&address(&slot), &json!(1));
    assert_eq!(next(&mut stream).0, "3");
    drop(stream);
    let (id, cancelled) = next(&mut open("2"));
    assert_eq!(id, "3");
    assert_eq!(cancelled["changes"][0]["what"], "slot.cancelled");
    let lost = [("accept", "text/event-stream"), ("last-event-id", "x")];
    program
        .get_as(&format!("{EVENT}/changes"), &lost)
        .refused(400);
}

#[test]
fn free_times_can_be_booked_as_they_are() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    let path = format!(
        "{EVENT}/free-slots?delegations=JP&delegations=KZ&minutes=30&from=17:00&near=19:00"
    );
    let found = program.get(&path).given(200);
    let free = found["free"].as_array().unwrap();
    assert_eq!(free[0]["starts_at"], "2022-12-24T19:00:00+09:00");
    assert!(
        found["taken"]
            .as_array()
            .unwrap()
            .iter()
            .any(|taken| { taken["message"].as_str().unwrap().contains("Kazakhstan") })
    );
    let mut wanted = evening();
    for field in ["room", "starts_at", "ends_at", "interpreters"] {
        wanted = with(wanted, field, free[0][field].clone());
    }
    program.post(SLOTS, &wanted).given(201);
    let interpreted = format!(
        "{path}&interpretation=true&day=2022-12-24&room=hall&kind=other&people=4&pairs=ja-ru&interpreters=ru-2"
    );
    let found = program.get(&interpreted).given(200);
    assert_eq!(found["free"][0]["room"], "hall");
    assert_eq!(found["free"][0]["interpreters"], json!(["ru-2"]));

    for (query, words) in [
        ("", "minutes"),
        (
            "delegations=KZ",
            "minutes: The length is a multiple of 5 minutes",
        ),
        ("minutes=30", "delegations: Choose who is to meet."),
        ("delegations=KZ&minutes=31", "minutes:"),
        ("delegations=XX&minutes=30", "There is no such delegation"),
        (
            "delegations=KZ&minutes=30&room=cellar",
            "There is no such room",
        ),
        (
            "delegations=KZ&minutes=30&day=2023-01-01",
            "The event has no Sunday, 1 January 2023",
        ),
        ("delegations=KZ&minutes=30&from=noon", "from:"),
        ("delegations=KZ&minutes=30&slot=1", "There is no such slot"),
        (
            "delegations=KZ&minutes=30&interpretation=maybe",
            "It is true or false.",
        ),
        ("delegations=KZ&minutes=30&near=", "near: It is empty"),
    ] {
        let detail = program
            .get(&format!("{EVENT}/free-slots?{query}"))
            .refused(422);
        assert!(detail.contains(words), "{query}: {detail}");
    }
}
