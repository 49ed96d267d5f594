//! The timetable as an instrument, from the server's side: the dry run behind a drag, undoing, and the zoom.

use iikura::core::slot::SlotState;
use serde_json::Value;

use support::both::{Scratch, on_both};
use support::meeting::{COLLEAGUE, Meeting, OBSERVER, SLOTS, STRANGER, free_slot, send, with};
use support::server::{Answer, Browser};

on_both!(
    every_change_is_undone_and_the_undoing_too,
    undo_notifies_exactly_the_delegations_notified_before,
    reasons_given_before_are_given_again,
    undo_does_not_take_a_place_used_meanwhile,
    only_the_latest_change_of_ones_own_is_offered_to_be_undone,
    a_slot_whose_room_is_gone_stays_where_it_is,
    a_dry_run_says_what_a_booking_would,
    a_dry_run_of_nonsense_is_refused,
    the_zoom_is_remembered_for_each_person,
);

/// Presses the button that undoes the latest change, as it stands on the page that reports the change.
fn undo(browser: &Browser, reported_on: &str) -> Answer {
    let page = browser.get(reported_on);
    let (_, form) = page.body.split_once("/undo\">").unwrap();
    let (_, version) = form.split_once("value=\"").unwrap();
    let version = version.split_once('"').unwrap().0;
    let path = reported_on.split_once('?').unwrap().0;
    browser.post(&format!("{path}/undo"), &[("version", version)])
}

fn place(meeting: &Meeting, browser: &Browser, words: &str, at: (&str, &str, &str)) -> Answer {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("day", "2022-12-24"),
        ("start", at.0),
        ("end", at.1),
        ("room", at.2),
    ];
    browser.post(&format!("/slots/{}/placement", slot.id), &fields)
}

fn step(
    meeting: &Meeting,
    browser: &Browser,
    words: &str,
    noun: &str,
    more: &[(&str, &str)],
) -> String {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let mut fields = vec![("version", version.as_str())];
    fields.extend(more);
    let answer = browser.post(&format!("/slots/{}/{noun}", slot.id), &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().to_owned()
}

fn every_change_is_undone_and_the_undoing_too(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let at = |words| {
        let slot = meeting.slot(words);
        (slot.details.clone(), slot.version)
    };
    let (before, version) = at("Uzbekistan");
    let moved = place(&meeting, &officer, "Uzbekistan", ("18:00", "18:30", "hall"));
    assert_eq!(moved.status, 303, "{}", moved.body);
    let (after, _) = at("Uzbekistan");
    assert_ne!(after, before);

    let undone = undo(&officer, moved.location());
    let id = meeting.slot("Uzbekistan").id;
    assert_eq!(undone.location(), format!("/slots/{id}?done=undone"));
    assert_eq!(
        at("Uzbekistan"),
        (before, version + 2),
        "a change of its own"
    );
    let again = undo(&officer, undone.location());
    assert_eq!(at("Uzbekistan").0, after);
    let page = officer.get(again.location()).body;
    assert!(
        page.contains("<strong>Officer</strong> slot undone"),
        "{page}"
    );

    let later = with(with(free_slot(), "start", "19:00"), "end", "19:30");
    let booked = send(&officer, SLOTS, &later);
    let taken_back = undo(&officer, booked.location());
    assert_eq!(
        meeting.slot("Evening meeting").state(),
        SlotState::Cancelled
    );
    undo(&officer, taken_back.location());
    assert_eq!(
        meeting.slot("Evening meeting").state(),
        SlotState::Tentative
    );
    assert!(
        meeting.mails().is_empty(),
        "nobody is told of what is tentative"
    );
}

fn undo_notifies_exactly_the_delegations_notified_before(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let mail = |method: &str, sequence| {
        ["protocol", "uz"].map(|desk| {
            (
                format!("{desk}@delegations.example"),
                method.to_owned(),
                sequence,
            )
        })
    };
    step(&meeting, &officer, "Uzbekistan", "confirmation", &[]);
    let mut expected: Vec<_> = mail("Request", 0).into();
    assert_eq!(meeting.mails(), expected);

    // Nobody has heard of the move, so nobody hears that it is undone.
    let moved = place(&meeting, &officer, "Uzbekistan", ("18:00", "18:30", "hall"));
    undo(&officer, moved.location());
    assert_eq!(meeting.mails(), expected);
    let page = officer
        .get(&format!("/slots/{}", meeting.slot("Uzbekistan").id))
        .body;
    assert!(!page.contains("<strong>the change</strong>"), "{page}");

    let off = step(
        &meeting,
        &officer,
        "Uzbekistan",
        "cancellation",
        &[("tell", "now")],
    );
    expected.extend(mail("Cancel", meeting.slot("Uzbekistan").sequence));
    expected.sort();
    assert_eq!(meeting.mails(), expected);
    undo(&officer, &off);
    let slot = meeting.slot("Uzbekistan");
    assert_eq!(slot.state(), SlotState::Confirmed);
    expected.extend(mail("Request", slot.sequence));
    expected.sort();
    assert_eq!(
        meeting.mails(),
        expected,
        "it stands in their calendars again"
    );
}

fn reasons_given_before_are_given_again(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let small = with(
        with(free_slot(), "room", "salon"),
        "reason-capacity",
        "Four aides wait outside",
    );
    assert_eq!(send(&officer, SLOTS, &small).status, 303);
    let moved = place(
        &meeting,
        &officer,
        "Evening meeting",
        ("19:00", "19:30", "hall"),
    );
    assert_eq!(undo(&officer, moved.location()).status, 303);
    let id = meeting.slot("Evening meeting").id;
    let page = officer.get(&format!("/slots/{id}")).body;
    assert!(
        page.contains("Overridden") && page.contains("Officer: Four aides wait outside"),
        "{page}"
    );
}

fn undo_does_not_take_a_place_used_meanwhile(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let moved = place(&meeting, &officer, "Uzbekistan", ("18:00", "18:30", "hall"));
    // The room is free at 16:40 now; its turnaround would be cut short, and then the hour itself is taken.
    let close = with(with(free_slot(), "start", "17:10"), "end", "17:15");
    let close = with(close, "reason-turnaround", "A word in passing");
    let close = with(with(close, "delegations", "TM"), "kind", "other");
    assert_eq!(
        send(&meeting.server.signed_in(COLLEAGUE), SLOTS, &close).status,
        303
    );
    let rows = meeting.rows();
    let refused = undo(&officer, moved.location());
    assert_eq!(refused.status, 409);
    for words in [
        "Not undone",
        "Turnaround of the room",
        "name=\"reason-turnaround\"",
        "Undo with this reason",
    ] {
        assert!(refused.body.contains(words), "{words} in {}", refused.body);
    }
    assert_eq!(meeting.rows(), rows);
    let version = meeting.slot("Uzbekistan").version.to_string();
    let path = format!("/slots/{}/undo", meeting.slot("Uzbekistan").id);
    let reason = [
        ("version", version.as_str()),
        ("reason-turnaround", "They stay seated"),
    ];
    assert_eq!(officer.post(&path, &reason).status, 303);

    let away = place(&meeting, &officer, "Uzbekistan", ("18:00", "18:30", "hall"));
    let taken = with(with(free_slot(), "start", "16:40"), "end", "17:05");
    let taken = with(
        with(with(taken, "title", "Quicker"), "delegations", "KG"),
        "kind",
        "other",
    );
    assert_eq!(
        send(&meeting.server.signed_in(COLLEAGUE), SLOTS, &taken).status,
        303
    );
    let refused = undo(&officer, away.location());
    assert_eq!(refused.status, 409);
    assert!(
        refused.body.contains("is taken by “Quicker”"),
        "{}",
        refused.body
    );
    assert!(
        !refused.body.contains("Undo with this reason"),
        "no reason could help"
    );
}

fn only_the_latest_change_of_ones_own_is_offered_to_be_undone(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (officer, colleague) = (meeting.officer(), meeting.server.signed_in(COLLEAGUE));
    let moved = place(&meeting, &officer, "Uzbekistan", ("18:00", "18:30", "hall"));
    let version = meeting.slot("Uzbekistan").version.to_string();
    let path = format!("/slots/{}/undo", meeting.slot("Uzbekistan").id);
    let offer = "/undo\">";
    assert!(officer.get(moved.location()).body.contains(offer));
    assert!(
        !colleague.get(moved.location()).body.contains(offer),
        "it was not theirs"
    );
    assert!(
        !officer
            .get(moved.location().split_once('?').unwrap().0)
            .body
            .contains(offer)
    );
    place(
        &meeting,
        &colleague,
        "Uzbekistan",
        ("18:30", "19:00", "hall"),
    );
    assert!(
        !officer.get(moved.location()).body.contains(offer),
        "another has changed it since"
    );

    let stale = officer.post(&path, &[("version", &version)]);
    assert_eq!(stale.status, 409);
    assert!(
        stale.body.contains("Another officer has changed the slot"),
        "{}",
        stale.body
    );
    let rows = meeting.rows();
    for (fields, status) in [
        (vec![("version", "one")], 400),
        (vec![], 400),
        (vec![("version", "2"), ("colour", "red")], 400),
        (
            vec![("version", "2"), ("reason-capacity", "two\nlines")],
            400,
        ),
    ] {
        assert_eq!(officer.post(&path, &fields).status, status, "{fields:?}");
    }
    assert_eq!(
        officer.post("/slots/17/undo", &[("version", "1")]).status,
        404
    );
    let sent = [("version", version.as_str())];
    assert_eq!(
        meeting.server.signed_in(OBSERVER).post(&path, &sent).status,
        403
    );
    assert_eq!(
        meeting.server.signed_in(STRANGER).post(&path, &sent).status,
        404
    );
    assert_eq!(meeting.rows(), rows);
}

fn a_slot_whose_room_is_gone_stays_where_it_is(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let reasoned = with(
        with(free_slot(), "room", "salon"),
        "reason-capacity",
        "Aides outside",
    );
    assert_eq!(send(&officer, SLOTS, &reasoned).status, 303);
    let moved = place(
        &meeting,
        &officer,
        "Evening meeting",
        ("19:00", "19:30", "hall"),
    );
    assert_eq!(
        officer
            .post("/events/ca-jad-9/rooms/salon/removal", &[])
            .status,
        303
    );
    let refused = undo(&officer, moved.location());
    assert_eq!(refused.status, 409);
    assert!(
        refused.body.contains("there is no room “salon” any more"),
        "{}",
        refused.body
    );
    // A drop on the room that is still on somebody's screen.
    let dropped = place(
        &meeting,
        &officer,
        "Evening meeting",
        ("18:00", "18:30", "salon"),
    );
    assert_eq!(dropped.status, 422);
    assert!(
        dropped.body.contains("There is no such room at this event"),
        "{}",
        dropped.body
    );
}

fn a_dry_run_says_what_a_booking_would(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Uzbekistan");
    let rows = meeting.rows();
    let answer = officer.get(&format!(
        "/slots/{}/placements?day=2022-12-24&edge=both",
        slot.id
    ));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json")
    );
    let rooms: Value = serde_json::from_str(&answer.body).unwrap();
    let zone = meeting.programme().event.time_zone;
    let run_at = |room: &str, clock: &str| -> Value {
        let runs = rooms
            .as_array()
            .unwrap()
            .iter()
            .find(|each| each["room"] == room)
            .unwrap();
        let covers = |run: &&Value| {
            let edge = |name: &str| {
                let minutes = i32::try_from(run[name].as_i64().unwrap()).unwrap();
                zone.clock(iikura::core::time::Instant::from_minutes(minutes))
            };
            edge("from").as_str() <= clock && clock <= edge("to").as_str()
        };
        runs["runs"]
            .as_array()
            .unwrap()
            .iter()
            .find(covers)
            .cloned()
            .unwrap_or(Value::Null)
    };
    assert_eq!(run_at("conference", "18:00"), Value::Null);
    assert_eq!(run_at("conference", "15:30")["level"], "blocked");
    let words = run_at("conference", "15:30")["words"].to_string();
    assert!(words.contains("Japan is in “Japan–Turkmenistan"), "{words}");
    assert_eq!(run_at("salon", "18:00")["level"], "needs_reason");

    for at in [
        ("18:00", "18:30", "conference"),
        ("15:30", "16:00", "conference"),
        ("18:00", "18:30", "salon"),
    ] {
        let answer = place(&meeting, &officer, "Uzbekistan", at);
        let refused = run_at(at.2, at.0) != Value::Null;
        assert_eq!(answer.status, if refused { 409 } else { 303 }, "{at:?}");
        if !refused {
            undo(&officer, answer.location());
        }
    }
    assert_eq!(meeting.rows()[0], rows[0]);
}

fn a_dry_run_of_nonsense_is_refused(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let path = format!("/slots/{}/placements", meeting.slot("Uzbekistan").id);
    for (query, status) in [
        ("", 400),
        ("?day=2022-12-24", 400),
        ("?day=2022-12-24&edge=middle", 400),
        ("?day=Christmas&edge=both", 400),
        ("?day=2022-12-24&edge=both", 200),
    ] {
        assert_eq!(
            officer.get(&format!("{path}{query}")).status,
            status,
            "{query}"
        );
    }
    let query = format!("{path}?day=2022-12-24&edge=both");
    assert_eq!(
        officer
            .get("/slots/17/placements?day=2022-12-24&edge=both")
            .status,
        404
    );
    assert_eq!(meeting.server.signed_in(OBSERVER).get(&query).status, 403);
    assert_eq!(meeting.server.signed_in(STRANGER).get(&query).status, 404);
    // Dropped outside the day: what a drag may send by mistake is refused like any booking.
    for (at, status) in [
        (("24:00", "24:30", "conference"), 409),
        (("23:30", "24:00", "conference"), 409),
        (("18:30", "18:00", "conference"), 422),
        (("18:02", "18:30", "conference"), 409),
    ] {
        let answer = place(&meeting, &officer, "Uzbekistan", at);
        assert_eq!(answer.status, status, "{at:?} {}", answer.body);
    }
}

fn the_zoom_is_remembered_for_each_person(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (officer, observer) = (meeting.officer(), meeting.server.signed_in(OBSERVER));
    let zoom = |browser: &Browser| {
        let body = browser.get("/events/ca-jad-9").body;
        let (_, rest) = body.split_once("data-zoom=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let press = |browser: &Browser, word| {
        let fields = [
            ("zoom", word),
            ("day", "2022-12-24"),
            ("view", "delegations"),
        ];
        browser.post("/events/ca-jad-9/zoom", &fields)
    };
    assert_eq!(
        (zoom(&officer), zoom(&observer)),
        ("15".to_owned(), "15".to_owned())
    );
    let answer = press(&observer, "30");
    assert_eq!(
        answer.location(),
        "/events/ca-jad-9?day=2022-12-24&view=delegations"
    );
    assert_eq!(
        (zoom(&officer), zoom(&observer)),
        ("15".to_owned(), "30".to_owned())
    );
    assert_eq!(press(&officer, "7").status, 400);
    let fields = [("zoom", "5"), ("day", "tomorrow"), ("view", "rooms")];
    assert_eq!(officer.post("/events/ca-jad-9/zoom", &fields).status, 400);
    let fields = [
        ("zoom", "5"),
        ("day", "2022-12-24"),
        ("view", "https://elsewhere.example"),
    ];
    assert_eq!(officer.post("/events/ca-jad-9/zoom", &fields).status, 400);
    assert_eq!(press(&meeting.server.signed_in(STRANGER), "5").status, 404);
    assert_eq!(zoom(&officer), "15");
}
