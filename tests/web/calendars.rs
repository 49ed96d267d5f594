//! The whole life of a meeting in a delegation's calendar, as two programs read it that are not ours: Python's
//! icalendar and ical.js.

use std::io::Write;
use std::process::{Command, Stdio};

use iikura::mail::outbox;
use iikura::server::Error;
use serde_json::Value;

use crate::answers::links;
use support::both::Scratch;
use support::meeting::Meeting;
use support::server::Browser;

/// Names a Python that has icalendar.
pub const PYTHON: &str = "IIKURA_TEST_PYTHON";
const NASTY: &str = "Talk; \"tea\", 茶; C:\\notes – ТАЛК 🍵 \u{200f}א";

struct Desk {
    meeting: Meeting,
    officer: Browser,
}

impl Desk {
    /// Does something to the one slot, which has all along these words in its title, and lets its mail go out.
    fn act(&self, words: &str, noun: &str, more: &[(&str, &str)]) {
        let slot = self.meeting.slot(words);
        let version = slot.version.to_string();
        let fields = [&[("version", version.as_str())][..], more].concat();
        let path = format!("/slots/{}{noun}", slot.id);
        let answer = self.officer.post(&path, &fields);
        assert_eq!(answer.status, 303, "{noun}: {}", answer.body);
        self.sent();
    }

    fn sent(&self) {
        self.meeting.server.sql(
            "UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250 WHERE state = 'queued'",
        );
        self.meeting.server.pass(60);
    }

    fn edit(&self, words: &str, more: &[(&str, &str)]) {
        let fields = [
            ("kind", "bilateral"),
            ("day", "2022-12-24"),
            ("tell", "now"),
        ];
        self.act(words, "", &[&fields[..], more].concat());
    }

    /// What Kazakhstan's calendar is given when it asks for news.
    fn feed(&self) -> String {
        let (_, page) = links(&self.meeting, "kz@delegations.example");
        let calendar = self.meeting.server.browser();
        let answer = calendar.get(&format!("{page}/schedule.ics"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// The mails that went out, the first first.
    fn mails(&self) -> Vec<String> {
        let event = self.meeting.event;
        let raw = self.meeting.server.db.read_here(|conn| {
            let mut mails = outbox::list(conn, Some(event), 1000)?;
            mails.reverse();
            mails.retain(|mail| mail.state.0 == outbox::MailState::Sent);
            let raw = mails.iter().map(|mail| {
                let mail = outbox::get(conn, mail.id)?.unwrap();
                Ok::<_, Error>(String::from_utf8(mail.raw).unwrap())
            });
            raw.collect::<Result<Vec<String>, Error>>()
        });
        raw.unwrap()
    }
}

/// A whole life: confirmed, moved, another room, another title, given to another guest, given back, told again,
/// withdrawn, confirmed anew, cancelled.
fn life() -> Desk {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let desk = Desk { meeting, officer };
    let words = "Kazakhstan Foreign";
    desk.act(words, "/confirmation", &[]);
    let place = |start, end, room| {
        [
            ("day", "2022-12-24"),
            ("start", start),
            ("end", end),
            ("room", room),
            ("tell", "now"),
        ]
    };
    desk.act(words, "/placement", &place("18:00", "18:25", "conference"));
    desk.act(words, "/placement", &place("18:00", "18:25", "hall"));
    let whole = [("start", "18:00"), ("end", "18:25"), ("room", "hall")];
    let title = [
        ("title", NASTY),
        ("delegations", "JP"),
        ("delegations", "KZ"),
    ];
    desk.edit(words, &[&whole[..], &title].concat());
    let other = [
        ("title", NASTY),
        ("delegations", "JP"),
        ("delegations", "UZ"),
    ];
    desk.edit("ТАЛК", &[&whole[..], &other].concat());
    desk.edit("ТАЛК", &[&whole[..], &title].concat());
    let slot = desk.meeting.slot("ТАЛК").id;
    let again = desk
        .officer
        .post(&format!("/slots/{slot}/notices"), &[("again", "yes")]);
    assert_eq!(again.status, 303);
    desk.sent();
    desk.act(
        "ТАЛК",
        "/confirmation",
        &[("method", "delete"), ("tell", "now")],
    );
    desk.act("ТАЛК", "/confirmation", &[]);
    desk.act("ТАЛК", "/cancellation", &[("tell", "now")]);
    desk
}

#[test]
fn two_other_programs_read_every_calendar_as_it_was_meant() {
    let desk = life();
    let mails = desk.mails();
    let by_python = by_both(&mails);

    let of = |address: &str| -> Vec<&Value> {
        let mails = by_python.iter();
        mails.filter(|mail| mail["to"] == address).collect()
    };
    let summary = |mails: &[&Value]| -> Vec<String> {
        let line = |mail: &&Value| {
            let text = |field: &str| mail[field].as_str().unwrap().to_owned();
            format!(
                "{} {} {} {} {}",
                text("method"),
                mail["sequence"],
                &text("start")[11..16],
                text("location").split(',').next().unwrap(),
                text("status")
            )
        };
        mails.iter().map(line).collect()
    };
    let kazakh = of("kz@delegations.example");
    assert_eq!(
        summary(&kazakh),
        [
            "REQUEST 0 08:20 Conference Room CONFIRMED",
            "REQUEST 1 09:00 Conference Room CONFIRMED",
            "REQUEST 2 09:00 Main Hall CONFIRMED",
            "REQUEST 3 09:00 Main Hall CONFIRMED",
            // Only their part is off, so the meeting is not said to be cancelled.
            "CANCEL 4 09:00 Main Hall ",
            "REQUEST 5 09:00 Main Hall CONFIRMED",
            "REQUEST 5 09:00 Main Hall CONFIRMED",
            "CANCEL 6 09:00 Main Hall CANCELLED",
            "REQUEST 7 09:00 Main Hall CONFIRMED",
            "CANCEL 8 09:00 Main Hall CANCELLED",
        ]
    );
    assert_eq!(
        summary(&of("uz@delegations.example")),
        [
            "REQUEST 4 09:00 Main Hall CONFIRMED",
            "CANCEL 5 09:00 Main Hall "
        ]
    );
    assert_eq!(of("protocol@delegations.example").len(), 10);
    assert_eq!(
        kazakh[5], kazakh[6],
        "the same again is the same to a calendar, DTSTAMP too"
    );

    each_delegation_follows_one_meeting(&by_python);
    assert_eq!(
        kazakh[3]["summary"],
        NASTY.replace('\\', "/"),
        "any script, quotes and separators"
    );
    let description = kazakh[1]["description"].as_str().unwrap();
    for line in [
        "At Iikura House: Saturday, 24 December 2022, 18:00–18:25 (JST, UTC+9)",
        "At home: Saturday, 24 December 2022, 15:00–15:25 (Almaty, UTC+6)",
    ] {
        assert!(
            description.lines().any(|found| found == line),
            "{line} in {description}"
        );
    }
}

/// One UID a delegation, nobody else named, and each change newer than the one before.
fn each_delegation_follows_one_meeting(by_python: &[Value]) {
    let of = |address: &str| -> Vec<&Value> {
        let mails = by_python.iter();
        mails.filter(|mail| mail["to"] == address).collect()
    };
    for address in [
        "kz@delegations.example",
        "uz@delegations.example",
        "protocol@delegations.example",
    ] {
        let theirs = of(address);
        let mut stamps: Vec<&str> = theirs
            .iter()
            .map(|mail| mail["stamp"].as_str().unwrap())
            .collect();
        assert!(stamps.is_sorted(), "{stamps:?}");
        stamps.dedup();
        let mut sequences: Vec<_> = theirs.iter().map(|mail| &mail["sequence"]).collect();
        sequences.dedup();
        assert_eq!(
            stamps.len(),
            sequences.len(),
            "each that says something new is newer than the one before"
        );
        for mail in theirs {
            assert_eq!(mail["uid"], of(address)[0]["uid"], "one meeting, one UID");
            assert_eq!(mail["attendee"][0], address, "nobody else is named");
            assert_eq!(mail["organizer"][0], "protocol@iikura.example");
            let rsvp = if mail["method"] == "REQUEST" {
                "TRUE"
            } else {
                ""
            };
            assert_eq!(mail["rsvp"], rsvp);
        }
    }
    let uids: std::collections::HashSet<&str> = by_python
        .iter()
        .map(|mail| mail["uid"].as_str().unwrap())
        .collect();
    assert_eq!(uids.len(), 3, "each delegation has one of its own");
}

#[test]
fn a_calendar_that_is_subscribed_to_says_what_the_mails_said() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let desk = Desk { meeting, officer };
    let words = "Kazakhstan Foreign";
    desk.act("Agenda item 1", "/confirmation", &[]);
    desk.act(words, "/confirmation", &[]);
    let place = [
        ("day", "2022-12-24"),
        ("start", "18:00"),
        ("end", "18:25"),
        ("room", "hall"),
    ];
    desk.act(
        words,
        "/placement",
        &[&place[..], &[("tell", "now")]].concat(),
    );
    let told = desk.feed();
    // What waits to be told is not in it, and telling the same again changes nothing.
    let slot = desk.meeting.slot(words).id;
    let again = desk
        .officer
        .post(&format!("/slots/{slot}/notices"), &[("again", "yes")]);
    assert_eq!(again.status, 303);
    desk.sent();
    let later = [place[0], ("start", "18:30"), ("end", "18:55"), place[3]];
    desk.act(words, "/placement", &later);
    let repeated = desk.feed();
    let withdrawal = [("method", "delete"), ("tell", "now")];
    desk.act(words, "/confirmation", &withdrawal);
    let withdrawn = desk.feed();
    desk.act("Agenda item 1", "/confirmation", &withdrawal);
    let nothing = desk.feed();

    let mails = desk.mails();
    let read = by_both(&[told, repeated, withdrawn, nothing]);
    let invitations: Vec<Value> = by_both(&mails)
        .into_iter()
        .filter(|mail| mail["to"] == "kz@delegations.example" && mail["method"] == "REQUEST")
        .collect();
    let latest = |words: &str| -> Value {
        let of_it = invitations
            .iter()
            .filter(|mail| mail["summary"].as_str().unwrap().contains(words));
        let mut mail = of_it
            .max_by_key(|mail| mail["sequence"].as_i64())
            .unwrap()
            .clone();
        for only_in_mail in ["to", "method", "attendee", "rsvp"] {
            mail.as_object_mut().unwrap().remove(only_in_mail);
        }
        mail
    };
    let (item, bilateral) = (latest("Agenda item 1"), latest(words));
    assert_eq!(bilateral["start"], "2022-12-24T09:00:00Z");
    let publish = |events: &[&Value]| serde_json::json!({ "method": "PUBLISH", "events": events });
    assert_eq!(
        read,
        [
            publish(&[&item, &bilateral]),
            publish(&[&item, &bilateral]),
            publish(&[&item]),
            publish(&[]),
        ]
    );
}

#[test]
fn withdrawn_slot_confirmed_again_is_an_update() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let desk = Desk { meeting, officer };
    let words = "Kazakhstan Foreign";
    desk.act(words, "/confirmation", &[]);
    let place = |room| {
        [
            ("day", "2022-12-24"),
            ("start", "17:20"),
            ("end", "17:45"),
            ("room", room),
        ]
    };
    desk.act(words, "/placement", &place("hall"));
    desk.act(words, "/placement", &place("conference"));
    let slot = desk.meeting.slot(words).id;
    let path = format!("/slots/{slot}/notices");
    for _ in 0..2 {
        assert_eq!(desk.officer.post(&path, &[("again", "yes")]).status, 303);
        desk.sent();
    }
    let mut read = by_both(&desk.mails());
    read.retain(|mail| mail["to"] == "kz@delegations.example");
    let [first, again, once_more] = read.as_slice() else {
        panic!("three mails: {read:?}");
    };
    // SEQUENCE rose with the changes, so DTSTAMP rises with it; only what keeps the one keeps the other.
    assert_eq!(
        (&first["sequence"], &again["sequence"]),
        (&0.into(), &2.into())
    );
    assert!(first["stamp"].as_str() < again["stamp"].as_str());
    assert_eq!(again, once_more);
}

#[test]
fn two_other_programs_read_the_agenda_as_a_calendar() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let desk = Desk { meeting, officer };
    let fields = [
        ("title", NASTY),
        ("start", "17:20"),
        ("end", "17:45"),
        ("room", "conference"),
        ("delegations", "JP"),
        ("delegations", "KZ"),
    ];
    desk.edit("Kazakhstan Foreign", &fields);
    let files = ["", "?delegation=KZ", "?delegation=UZ"].map(|query| {
        let path = format!("/events/ca-jad-9/agenda.ics{query}");
        desk.officer.get(&path).body
    });
    let programme = desk.meeting.programme();
    let of = |code: &str| {
        let party = programme.delegation_by_code(code).unwrap().id;
        let slots = programme.live_slots();
        slots.filter(|slot| slot.content().involves(party)).count()
    };
    let wanted = [
        (programme.live_slots().count(), true),
        (of("KZ"), true),
        (of("UZ"), false),
    ];
    let title = NASTY.replace('\\', "/");
    for (read, (events, has_it)) in by_both(&files).iter().zip(wanted) {
        assert_eq!(read["method"], "PUBLISH");
        let found = read["events"].as_array().unwrap();
        assert_eq!(found.len(), events);
        let mut named = found
            .iter()
            .filter(|event| event["summary"] == title.as_str());
        let it = named.next();
        assert_eq!(it.is_some(), has_it);
        assert!(it.is_none_or(|event| event["start"] == "2022-12-24T08:20:00Z"));
    }
}

/// What Python's icalendar reads, which is what ical.js reads.
pub fn by_both(inputs: &[String]) -> Vec<Value> {
    let python = std::env::var(PYTHON).unwrap_or_else(|_| {
        panic!("{PYTHON} is not set: run the tests by tests/run, which makes one with icalendar")
    });
    let by_python = read(
        Command::new(python).arg("tests/readers/read_calendars.py"),
        inputs,
    );
    let by_node = read(
        Command::new("node")
            .arg("read_calendars.mjs")
            .current_dir("tests/browser"),
        inputs,
    );
    assert_eq!(by_python.len(), inputs.len());
    for (python, node) in by_python.iter().zip(&by_node) {
        assert_eq!(python, node);
    }
    by_python
}

fn read(program: &mut Command, mails: &[String]) -> Vec<Value> {
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(mails).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}
