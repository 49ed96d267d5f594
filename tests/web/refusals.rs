//! Bad input to the slot pages: each refused with its words, the typed values kept, nothing stored.

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, SLOTS, STRANGER, free_slot, send, with};
use support::server::PASSWORD;

on_both!(
    a_faulty_field_is_named_and_everything_typed_stays,
    what_the_rules_refuse_is_refused_in_their_words,
    clocks_that_jump_are_spoken_of,
    who_may_not_may_not,
    an_expired_session_costs_a_sign_in_and_not_the_typing,
);

fn a_faulty_field_is_named_and_everything_typed_stays(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let before = meeting.rows();
    let long = "長".repeat(3500);
    for (field, value, words) in [
        (
            "day",
            "24.12.2022",
            "is not a date; write it as in 2022-12-24",
        ),
        (
            "day",
            "2022-02-30",
            "is not a date; write it as in 2022-12-24",
        ),
        (
            "start",
            "half past six",
            "is not a time; write it as in 14:40",
        ),
        ("start", "31:00", "is not a time; write it as in 14:40"),
        ("end", "18:30", "the end must be after the start"),
        ("end", "18:00", "the end must be after the start"),
        ("kind", "banquet", "Choose what the slot is for."),
        ("room", "saal", "There is no such room at this event"),
        ("room", "nowhere", "There is no such room at this event"),
        (
            "delegations",
            "DE",
            "There is no such delegation at this event",
        ),
        (
            "interpreters",
            "fr-1",
            "There is no such interpreter at this event",
        ),
        ("state", "confirmed!", "Choose pencilled or tentative."),
        ("title", "", "Title is missing; fill it in"),
        ("title", "\u{200B}", "Title is missing; fill it in"),
        (
            "title",
            &long,
            "Title has 3500 characters; shorten it to 200",
        ),
        (
            "title",
            "A\r\nBcc: all@delegations.example",
            "Title contains a line break or control character",
        ),
        (
            "title",
            "A\u{0}",
            "Title contains a line break or control character",
        ),
        (
            "title",
            "A\u{202E}",
            "Title contains a line break or control character",
        ),
        (
            "note",
            "A\u{7}",
            "Note contains a line break or control character",
        ),
        (
            "reason-capacity",
            "A\r\nB",
            "Reason contains a line break or control character",
        ),
    ] {
        let answer = send(&officer, SLOTS, &with(free_slot(), field, value));
        assert_eq!(answer.status, 422, "{field} = {value:?}: {}", answer.body);
        assert!(
            answer.body.contains(words),
            "{words} for {field} = {value:?} in {}",
            answer.body
        );
        assert!(
            answer.body.contains("There is a problem") && answer.body.contains("<title>Error: ")
        );
        if field != "title" {
            assert_eq!(answer.input("title"), "Evening meeting");
        }
        if field != "note" {
            assert!(answer.body.contains("Bring the gift"));
        }
    }
    for (field, value) in [("admin", "1"), ("sequence", "9"), ("reason-none", "x")] {
        assert_eq!(
            send(&officer, SLOTS, &with(free_slot(), field, value)).status,
            400,
            "{field}"
        );
    }
    assert_eq!(meeting.rows(), before);
}

fn what_the_rules_refuse_is_refused_in_their_words(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let before = meeting.rows();
    for (field, value, words) in [
        (
            "day",
            "2022-12-25",
            "The slot is outside the days of the event (Saturday, 24 December 2022).",
        ),
        (
            "start",
            "18:31",
            "Start and end must be multiples of 5 minutes.",
        ),
        (
            "delegations",
            "KZ",
            "A bilateral has exactly two delegations; this one has 1.",
        ),
        ("kind", "plenary", ""),
    ] {
        let mut fields = with(free_slot(), field, value);
        if field == "kind" {
            fields = with(fields, "delegations", "KZ");
        }
        let answer = send(&officer, SLOTS, &fields);
        assert_eq!(answer.status, 409, "{field} = {value}");
        let words = if words.is_empty() {
            "A plenary needs the chair; add Japan."
        } else {
            words
        };
        assert!(answer.body.contains(words), "{words} in {}", answer.body);
    }
    assert_eq!(meeting.rows(), before);

    let slot = meeting.slot("Japan–Kazakhstan");
    for (path, fields, status) in [
        (
            format!("/slots/{}", slot.id),
            with(free_slot(), "version", "one"),
            400,
        ),
        (
            format!("/slots/{}", slot.id),
            with(free_slot(), "version", "7"),
            409,
        ),
        (
            format!("/slots/{}/confirmation", slot.id),
            vec![("version", "7".to_owned())],
            409,
        ),
        (format!("/slots/{}/cancellation", slot.id), vec![], 400),
        (
            format!("/slots/{}/placement", slot.id),
            vec![("start", "17:30".to_owned())],
            422,
        ),
        (
            "/slots/1".to_owned(),
            with(free_slot(), "version", "1"),
            404,
        ),
        (
            "/slots/-1/cancellation".to_owned(),
            vec![("version", "1".to_owned())],
            404,
        ),
        (
            "/slots/99999999999999999999/notices".to_owned(),
            vec![],
            404,
        ),
        ("/slots/abc/confirmation".to_owned(), vec![], 404),
    ] {
        let answer = send(&officer, &path, &fields);
        assert_eq!(answer.status, status, "{path} {fields:?}: {}", answer.body);
    }
    assert_eq!(meeting.rows(), before);
}

fn clocks_that_jump_are_spoken_of(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slots = "/events/berlin/slots";
    let night = |day: &str, start: &str, end: &str| {
        let fields = [
            ("kind", "other"),
            ("title", "Night"),
            ("day", day),
            ("start", start),
            ("end", end),
            ("room", "saal"),
        ];
        fields.map(|(name, value)| (name, value.to_owned()))
    };
    let jump = send(&officer, slots, &night("2022-03-27", "02:30", "03:30"));
    assert_eq!(jump.status, 422);
    assert!(
        jump.body
            .contains("02:30 does not exist on 2022-03-27 in Europe/Berlin"),
        "{}",
        jump.body
    );
    let twice = send(&officer, slots, &night("2022-10-30", "02:30", "03:30"));
    assert_eq!(twice.status, 422);
    assert!(
        twice.body.contains("write 02:30+02:00 or 02:30+01:00"),
        "{}",
        twice.body
    );
    let exact = send(
        &officer,
        slots,
        &night("2022-10-30", "02:30+02:00", "02:30+01:00"),
    );
    assert_eq!(exact.status, 303, "{}", exact.body);
    let page = officer.get(exact.location()).body;
    assert!(page.contains("60 minutes"), "{page}");
}

fn who_may_not_may_not(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let slot = meeting.slot("Japan–Kazakhstan");
    let page = format!("/slots/{}", slot.id);
    let before = meeting.rows();
    let observer = meeting.server.signed_in(OBSERVER);
    assert_eq!(observer.get(&page).status, 200);
    for path in [
        SLOTS,
        &page,
        &format!("{page}/confirmation"),
        &format!("{page}/notices"),
    ] {
        let answer = send(&observer, path, &with(free_slot(), "version", "1"));
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("You are an observer"), "{path}");
    }
    assert!(
        !observer
            .get("/events/ca-jad-9")
            .body
            .contains("Book a slot")
    );
    // For a stranger the event does not exist: the same page as for one that never did.
    let stranger = meeting.server.signed_in(STRANGER);
    for (theirs, nobodys) in [
        ("/events/ca-jad-9", "/events/ca-jad-8"),
        (page.as_str(), "/slots/1"),
        ("/events/ca-jad-9/agenda.csv", "/events/ca-jad-8/agenda.csv"),
        (
            "/events/ca-jad-9/delegations/KZ",
            "/events/ca-jad-8/delegations/KZ",
        ),
    ] {
        let (one, other) = (stranger.get(theirs), stranger.get(nobodys));
        assert_eq!((one.status, &one.body), (404, &other.body), "{theirs}");
    }
    assert_eq!(send(&stranger, SLOTS, &free_slot()).status, 404);
    assert_eq!(
        meeting.server.browser().get(&page).status,
        303,
        "signed out: to the sign-in page"
    );
    assert_eq!(meeting.rows(), before);
}

fn an_expired_session_costs_a_sign_in_and_not_the_typing(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    meeting.server.pass(3600);
    let answer = send(&officer, SLOTS, &free_slot());
    assert_eq!(answer.status, 401);
    let fields = [
        ("email", "officer@protocol.example".to_owned()),
        ("password", PASSWORD.to_owned()),
        ("resume_path", answer.input("resume_path")),
        ("resume_body", answer.input("resume_body")),
    ];
    let resumed = send(&officer, "/sign-in", &fields);
    assert_eq!(resumed.status, 200, "{}", resumed.body);
    for words in ["nothing was lost", "Evening meeting", "Bring the gift"] {
        assert!(resumed.body.contains(words), "{words} in {}", resumed.body);
    }
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
}
