//! What programs do with several slots or delegations at once, and what they say of one beside its content.

use iikura::auth::token::TokenScope;
use serde_json::{Value, json};

use crate::program::{EVENT, JSON, Program, SLOTS, address, evening, with};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};

on_both!(
    several_slots_are_confirmed_with_one_letter_to_each,
    several_slots_are_confirmed_or_none,
    pending_notices_are_listed_and_sent,
    a_change_notifies_at_once_where_that_is_asked_for,
    a_fixed_slot_is_marked_everywhere_and_notifies_no_one,
);

fn officer(scratch: &Scratch) -> (Meeting, Program) {
    let meeting = Meeting::on(scratch);
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    (meeting, program)
}

/// Books two evening meetings of Japan and Kazakhstan.
fn two(program: &Program) -> [Value; 2] {
    let late = with(evening(), "starts_at", "2022-12-24T19:30:00+09:00".into());
    let late = with(late, "ends_at", "2022-12-24T20:00:00+09:00".into());
    [evening(), late].map(|slot| program.post(SLOTS, &slot).given(201))
}

fn seen(slots: &[Value]) -> Value {
    let slots = slots
        .iter()
        .map(|slot| json!({"id": slot["id"], "version": slot["version"]}));
    json!({ "slots": slots.collect::<Vec<_>>() })
}

fn revision(meeting: &Meeting) -> i64 {
    meeting.programme().event.revision.0
}

fn several_slots_are_confirmed_with_one_letter_to_each(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let slots = two(&program);
    let confirmations = format!("{EVENT}/confirmations");
    let confirmed = program.post(&confirmations, &seen(&slots)).given(200);
    for (place, slot) in slots.iter().enumerate() {
        assert_eq!(confirmed["slots"][place]["id"], slot["id"]);
        assert_eq!(confirmed["slots"][place]["state"], "confirmed");
    }
    let mails = meeting.mails();
    for contact in ["kz@delegations.example", "protocol@delegations.example"] {
        let theirs = mails.iter().filter(|(to, ..)| to == contact);
        let letters = theirs.filter(|(_, method, _)| method == "Letter");
        assert_eq!(letters.count(), 1, "{mails:?}");
    }
    assert!(program.get(&format!("{EVENT}/notices")).given(200)["delegations"] == json!([]));
}

fn several_slots_are_confirmed_or_none(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let [first, second] = two(&program);
    let confirmations = format!("{EVENT}/confirmations");
    let before = meeting.rows();
    let old = with(second.clone(), "version", 7.into());
    let stale = program.post(&confirmations, &seen(&[first.clone(), old]));
    stale.refused(412);
    assert_eq!(
        (&stale.json()["slot"], &stale.json()["version"]),
        (&second["id"], &json!(1))
    );
    let unknown = with(first.clone(), "id", 1.into());
    for (body, words) in [
        (json!({}), "missing field `slots`"),
        (json!({"slots": []}), "slots: Send 1 to 500 slots."),
        (json!({"slots": [{"id": 1}]}), "missing field `version`"),
        (json!({"slots": [], "tell": "now"}), "unknown field `tell`"),
        (
            seen(&[unknown]),
            "slots[0].id: There is no such slot at this event.",
        ),
        (
            seen(&[first.clone(), first.clone()]),
            "slots[1].id: The slot is listed twice.",
        ),
    ] {
        let detail = program.post(&confirmations, &body).refused(422);
        assert!(detail.contains(words), "{detail}");
    }
    // The second is confirmed already.
    let confirmed = program.post(&format!("{}/confirmation", address(&second)), &json!({}));
    let second = confirmed.given(200);
    let mails = meeting.mails();
    program
        .post(&confirmations, &seen(&[first.clone(), second]))
        .refused(409);
    assert_eq!(
        program.get(&address(&first)).given(200)["state"],
        "tentative"
    );
    assert_eq!(meeting.mails(), mails);
    assert_eq!(meeting.rows()[0], before[0]);
}

fn pending_notices_are_listed_and_sent(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let notices = format!("{EVENT}/notices");
    let slot = program.post(SLOTS, &evening()).given(201);
    let path = address(&slot);
    let slot = program
        .post(&format!("{path}/confirmation"), &json!({}))
        .given(200);
    program
        .patch(&path, &slot["version"], &json!({"room": "hall"}))
        .given(200);
    let due = |code: &str| {
        json!({"delegation": code, "contacts": 1, "notices": [
            {"slot": slot["id"], "title": "Evening meeting", "news": "changed"},
        ]})
    };
    assert_eq!(
        program.get(&notices).given(200),
        json!({"delegations": [due("JP"), due("KZ")]})
    );
    for (body, words) in [
        (json!({"to": []}), "Name the delegations"),
        (json!({"to": ["XX"]}), "no such delegation"),
        (json!({"who": ["KZ"]}), "unknown field `who`"),
    ] {
        let detail = program.post(&notices, &body).refused(422);
        assert!(detail.contains(words), "{detail}");
    }
    let seen = [JSON, ("if-match", "\"1\"")];
    program.send("POST", &notices, &seen, "{}").refused(412);
    let before = meeting.mails().len();
    let sent = program
        .post(&notices, &json!({"to": ["KZ", "KZ", "UZ"]}))
        .given(200);
    assert_eq!(sent, json!({"notified": ["KZ"]}));
    assert_eq!(meeting.mails().len(), before + 1);
    assert_eq!(
        program.get(&notices).given(200),
        json!({"delegations": [due("JP")]})
    );
    let sent = program.send("POST", &notices, &[], "").given(200);
    assert_eq!(sent, json!({"notified": ["JP"]}));
    let (mails, at) = (meeting.mails(), revision(&meeting));
    assert_eq!(
        program.post(&notices, &json!({})).given(200),
        json!({"notified": []})
    );
    assert_eq!(
        (meeting.mails(), revision(&meeting)),
        (mails, at),
        "all is known"
    );
}

fn a_change_notifies_at_once_where_that_is_asked_for(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let slot = program.post(SLOTS, &evening()).given(201);
    let path = address(&slot);
    let slot = program
        .post(&format!("{path}/confirmation"), &json!({}))
        .given(200);
    let before = meeting.mails().len();
    let unknown = json!({"room": "hall", "notify": "soon"});
    let detail = program
        .patch(&path, &slot["version"], &unknown)
        .refused(422);
    assert!(
        detail.contains("notify: Send “now” or “later”."),
        "{detail}"
    );
    let later = json!({"title": "Supper", "notify": "later"});
    let slot = program.patch(&path, &slot["version"], &later).given(200);
    assert_eq!(meeting.mails().len(), before);
    let now = json!({"room": "hall", "notify": "now"});
    program.patch(&path, &slot["version"], &now).given(200);
    assert_eq!(
        meeting.mails().len(),
        before + 2,
        "one letter to each contact tells all of it"
    );
    assert_eq!(
        program.get(&format!("{EVENT}/notices")).given(200)["delegations"],
        json!([])
    );
}

fn a_fixed_slot_is_marked_everywhere_and_notifies_no_one(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let slot = program.post(SLOTS, &evening()).given(201);
    let path = address(&slot);
    let slot = program
        .post(&format!("{path}/confirmation"), &json!({}))
        .given(200);
    let fixed = format!("{path}/fixed");
    let stale = [("if-match", "\"1\"")];
    program.send("PUT", &fixed, &stale, "").refused(412);
    let unknown = program.send("PUT", &fixed, &[JSON], "{\"until\": 1}");
    assert!(unknown.refused(422).contains("unknown field `until`"));
    let reply = program.send("PUT", &fixed, &[("if-match", "\"2\"")], "");
    let after = reply.given(200);
    assert_eq!(
        (&after["fixed"], &after["version"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(
        after["sequence"], slot["sequence"],
        "no delegation hears of it"
    );
    let at = revision(&meeting);
    assert_eq!(program.send("PUT", &fixed, &[], "").given(200), after);
    assert_eq!(revision(&meeting), at, "it was fixed already");
    assert_eq!(
        program.get(&format!("{EVENT}/notices")).given(200)["delegations"],
        json!([])
    );

    // On the pages, in the form, the history and the event file.
    let officer = meeting.officer();
    let page = format!("/slots/{}", slot["id"]);
    let shown = officer.get(&page).body;
    assert!(
        shown.contains("<span class=\"tag\">Fixed</span>"),
        "{shown}"
    );
    let form = officer.get(&format!("{page}/edit")).body;
    assert!(
        form.contains("name=\"fixed\" value=\"yes\" checked"),
        "{form}"
    );
    let list = officer.get("/events/ca-jad-9?view=list").body;
    assert!(list.contains("<span class=\"tag\">Fixed</span>"), "{list}");
    assert!(
        officer
            .get("/events/ca-jad-9")
            .body
            .contains("Confirmed, fixed")
    );
    let history = officer.get("/events/ca-jad-9/history").body;
    assert!(history.contains("fixed"), "{history}");
    let file = iikura::change::event_file::export(&meeting.programme()).unwrap();
    assert_eq!(file.matches("fixed = true").count(), 1, "{file}");

    // Undone like any change; and people move it as they do any slot.
    assert_eq!(
        officer
            .post(&format!("{page}/undo"), &[("version", "3")])
            .status,
        303
    );
    let slot = program.get(&path).given(200);
    assert_eq!(
        (&slot["fixed"], &slot["version"]),
        (&json!(false), &json!(4))
    );
    let both = json!({"fixed": true, "room": "hall"});
    let slot = program.patch(&path, &slot["version"], &both).given(200);
    assert_eq!(
        (&slot["fixed"], &slot["room"]),
        (&json!(true), &json!("hall"))
    );
    let moved = program.patch(&path, &slot["version"], &json!({"room": "conference"}));
    assert_eq!(moved.given(200)["fixed"], true);
    let released = program.send("DELETE", &fixed, &[], "").given(200);
    assert_eq!(released["fixed"], false);
}
