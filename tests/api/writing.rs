//! What programs change, and what comes of it.

use iikura::auth::token::TokenScope;
use iikura::jobs::maintenance::Maintenance;
use serde_json::{Value, json};

use crate::program::{EVENT, JSON, Program, SLOTS, V1, address, evening, with};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};

on_both!(
    a_slot_is_booked_read_changed_and_cancelled,
    refusal_has_conflicts_and_alternatives,
    a_rule_that_needs_a_reason_takes_one,
    confirmation_notifies_and_a_change_leaves_notices_pending,
    format_is_written_changed_and_taken_back,
    slot_for_all_delegations_is_written_and_read_back,
    audience_is_changed_and_notifies_no_delegation,
    idempotency_key_books_once_for_one_body_and_day,
);

fn officer(scratch: &Scratch) -> (Meeting, Program) {
    let meeting = Meeting::on(scratch);
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    (meeting, program)
}

fn a_slot_is_booked_read_changed_and_cancelled(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let reply = program.post(SLOTS, &evening());
    let slot = reply.given(201);
    assert_eq!(reply.header("location"), address(&slot));
    assert_eq!(reply.header("etag"), "\"1\"");
    let id = &slot["id"];
    assert_eq!(
        slot,
        json!({
            "id": id, "kind": "bilateral", "title": "Evening meeting", "room": "conference",
            "starts_at": "2022-12-24T18:30:00+09:00", "ends_at": "2022-12-24T19:00:00+09:00",
            "delegations": ["JP", "KZ"], "interpreters": [], "state": "tentative", "fixed": false,
            "version": 1, "sequence": 0,
            "audience": [], "all_delegations": false, "left_out": [], "format": null, "accompanying": null,
        })
    );
    let path = address(&slot);
    let read = program.get(&path);
    assert_eq!(
        (read.given(200), read.header("etag")),
        (slot.clone(), "\"1\"")
    );
    let known = program.get_as(&path, &[("if-none-match", "\"1\"")]);
    assert_eq!((known.status, known.bytes.len()), (304, 0));

    let missing = program.send("PATCH", &path, &[JSON], "{}");
    assert!(missing.refused(428).contains("If-Match"));
    program.send("DELETE", &path, &[], "").refused(428);
    let unread = [JSON, ("if-match", "version one")];
    program.send("PATCH", &path, &unread, "{}").refused(400);

    let change = json!({"starts_at": "2022-12-24T09:35:00Z", "ends_at": "2022-12-24T10:05:00Z", "room": null});
    let merge = [
        ("content-type", "application/merge-patch+json"),
        ("if-match", "\"1\""),
    ];
    let reply = program.send("PATCH", &path, &merge, &change.to_string());
    let changed = reply.given(200);
    assert_eq!(reply.header("etag"), "\"2\"");
    assert_eq!(changed["starts_at"], "2022-12-24T18:35:00+09:00");
    assert_eq!(changed["room"], Value::Null);
    assert_eq!(changed["title"], "Evening meeting");
    assert_eq!(
        (&changed["version"], &changed["sequence"]),
        (&json!(2), &json!(1))
    );
    let counts = || {
        (
            meeting.programme().event.revision,
            meeting.server.count("SELECT count(*) AS count FROM audit"),
        )
    };
    let before = counts();
    for nothing in [json!({}), change.clone()] {
        let same = program.patch(&path, &json!(2), &nothing);
        assert_eq!(same.given(200), changed, "nothing was to change");
        assert_eq!(same.header("etag"), "\"2\"");
    }
    assert_eq!(counts(), before);

    let stale = program.patch(&path, &json!(1), &json!({"title": "Late"}));
    assert!(stale.refused(412).contains("version 2"));
    assert_eq!(
        (stale.header("etag"), &stale.json()["version"]),
        ("\"2\"", &json!(2))
    );
    program.delete(&path, &json!(1)).refused(412);
    let any = [JSON, ("if-match", "*")];
    let any = program.send("PATCH", &path, &any, &json!({"title": "Any"}).to_string());
    assert_eq!(any.given(200)["version"], 3);

    let gone = program.delete(&path, &json!(3));
    assert_eq!((gone.status, gone.bytes.len()), (204, 0));
    for reply in [
        program.get(&path),
        program.delete(&path, &json!(4)),
        program.patch(&path, &json!(4), &json!({})),
        program.post(&format!("{path}/confirmation"), &json!({})),
    ] {
        reply.refused(404);
    }
    let stored = meeting.slot("Any");
    assert_eq!(
        stored.state(),
        iikura::core::slot::SlotState::Cancelled,
        "kept for the record"
    );
    assert!(
        meeting.mails().is_empty(),
        "nobody was told of it, so nobody hears"
    );
}

fn refusal_has_conflicts_and_alternatives(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let before = meeting.rows();
    let clash = with(
        with(evening(), "starts_at", "2022-12-24T17:30:00+09:00".into()),
        "ends_at",
        "2022-12-24T18:00:00+09:00".into(),
    );
    let refused = program.post(SLOTS, &clash);
    assert!(refused.refused(409).contains("the rules do not allow it"));
    let problem = refused.json();
    assert_eq!(problem["type"], "/api#problem-conflict");
    let conflicts = problem["conflicts"].as_array().unwrap();
    let other = meeting.slot("Kazakhstan Foreign").id.0;
    let about = |kind: &str, code: &str| {
        conflicts.iter().any(|conflict| {
            conflict["rule"] == "double_booking"
                && conflict["level"] == "blocked"
                && conflict["slot"] == other
                && conflict["resource"] == json!({"kind": kind, "code": code})
                && conflict["message"]
                    .as_str()
                    .unwrap()
                    .contains("until 17:45")
        })
    };
    assert!(
        about("room", "conference") && about("delegation", "KZ") && about("delegation", "JP"),
        "{problem}"
    );
    let alternatives = problem["alternatives"].as_array().unwrap().clone();
    assert!((1..=5).contains(&alternatives.len()));

    let judged = program
        .post(&format!("{EVENT}/conflicts"), &clash)
        .given(200);
    assert_eq!(judged["bookable"], false);
    assert_eq!(judged["conflicts"], problem["conflicts"]);
    assert_eq!(judged["alternatives"], problem["alternatives"]);
    assert_eq!(meeting.rows(), before, "nothing is stored by any of these");

    for alternative in &alternatives {
        let mut wanted = clash.clone();
        for field in ["room", "starts_at", "ends_at"] {
            wanted = with(wanted, field, alternative[field].clone());
        }
        let judged = program
            .post(&format!("{EVENT}/conflicts"), &wanted)
            .given(200);
        assert_eq!(
            (&judged["bookable"], &judged["alternatives"]),
            (&json!(true), &json!([]))
        );
    }
    let slot = program.post(SLOTS, &evening()).given(201);
    let again = program.post(&format!("{EVENT}/conflicts"), &evening());
    assert_eq!(again.given(200)["bookable"], false);
    let itself = format!("{EVENT}/conflicts?slot={}", slot["id"]);
    let itself = program.post(&itself, &evening()).given(200);
    assert_eq!(itself["bookable"], true, "it is not in its own way");
    let unknown = program.post(&format!("{EVENT}/conflicts?slot=1"), &evening());
    assert!(unknown.refused(422).contains("no such slot"));
    let moved = program.patch(
        &address(&slot),
        &json!(1),
        &json!({
            "starts_at": clash["starts_at"], "ends_at": clash["ends_at"],
        }),
    );
    moved.refused(409);
    let stays =
        |offer: &Value| offer["room"] == slot["room"] && offer["starts_at"] == slot["starts_at"];
    let moved = moved.json();
    let alternatives = moved["alternatives"].as_array().unwrap();
    assert!(!alternatives.is_empty() && !alternatives.iter().any(stays));
    let alone = program.patch(&address(&slot), &json!(1), &json!({"delegations": ["KZ"]}));
    alone.refused(409);
    assert_eq!(alone.json()["conflicts"][0]["rule"], "shape");
}

fn a_rule_that_needs_a_reason_takes_one(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let early = with(
        with(evening(), "starts_at", "2022-12-24T07:30:00+09:00".into()),
        "ends_at",
        "2022-12-24T08:00:00+09:00".into(),
    );
    let refused = program.post(SLOTS, &early);
    assert!(refused.refused(409).contains("needs a reason"));
    let conflicts = refused.json()["conflicts"].clone();
    assert_eq!(
        (&conflicts[0]["rule"], &conflicts[0]["level"]),
        (&json!("hours"), &json!("needs_reason"))
    );
    assert_eq!(
        (&conflicts[0]["slot"], &conflicts[0]["resource"]),
        (&Value::Null, &Value::Null)
    );
    let reasoned = with(
        early,
        "override",
        json!({"hours": "The house opens early."}),
    );
    assert_eq!(
        program
            .post(&format!("{EVENT}/conflicts"), &reasoned)
            .given(200)["bookable"],
        true
    );
    let slot = program.post(SLOTS, &reasoned).given(201);
    let programme = program.get(&format!("{EVENT}/programme")).given(200);
    let about_it = programme["conflicts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|conflict| conflict["slot"] == slot["id"]);
    assert!(
        about_it
            .into_iter()
            .all(|conflict| conflict["level"] == "advice"),
        "what is set aside is not in the way"
    );
    // The reason for the small dining room was given for another hour.
    let lunch = meeting.slot("Working lunch");
    let path = format!("{V1}/slots/{}", lunch.id);
    let moved = json!({"starts_at": "2022-12-24T13:05:00+09:00"});
    let refused = program.patch(&path, &json!(lunch.version), &moved);
    refused.refused(409);
    assert_eq!(refused.json()["conflicts"][0]["rule"], "capacity");
    let mut whole = program.get(&path).given(200);
    for field in ["id", "state", "version", "sequence"] {
        whole.as_object_mut().unwrap().remove(field);
    }
    let dry = format!("{EVENT}/conflicts?slot={}", lunch.id);
    let stays = program.post(&dry, &whole).given(200);
    assert_eq!(stays["bookable"], true, "{stays}");
    let later = program.post(&dry, &with(whole, "starts_at", moved["starts_at"].clone()));
    assert_eq!(later.given(200)["conflicts"][0]["rule"], "capacity");
    let interpreted = with(evening(), "interpretation_wanted", true.into());
    let refused = program.post(SLOTS, &interpreted);
    refused.refused(409);
    assert_eq!(refused.json()["conflicts"][0]["rule"], "interpretation");
}

fn format_is_written_changed_and_taken_back(scratch: &Scratch) {
    let (_meeting, program) = officer(scratch);
    let wanted = with(evening(), "format", json!("restricted"));
    let wanted = with(wanted, "accompanying", json!(4));
    let slot = program.post(SLOTS, &wanted).given(201);
    let of = |slot: &Value| (slot["format"].clone(), slot["accompanying"].clone());
    assert_eq!(of(&slot), (json!("restricted"), json!(4)));
    let path = address(&slot);
    let send = |version: i32, change: Value| program.patch(&path, &json!(version), &change);
    let more = send(1, json!({"accompanying": 5})).given(200);
    assert_eq!(of(&more), (json!("restricted"), json!(5)));
    let none = send(2, json!({"format": null, "accompanying": null})).given(200);
    assert_eq!(of(&none), (Value::Null, Value::Null));
    for bad in [
        json!({"format": "loud"}),
        json!({"format": "restricted", "kind": "break"}),
        json!({"accompanying": -1}),
        json!({"accompanying": 100}),
        json!({"accompanying": "four"}),
        json!({"kind": "multilateral"}),
    ] {
        let answer = send(3, bad.clone());
        assert!(
            matches!(answer.status, 409 | 422),
            "{bad}: {}",
            answer.status
        );
    }
    let three = json!({"kind": "multilateral", "delegations": ["KZ", "KG", "UZ"]});
    assert_eq!(send(3, three).given(200)["kind"], "multilateral");
}

fn slot_for_all_delegations_is_written_and_read_back(scratch: &Scratch) {
    let (_meeting, program) = officer(scratch);
    let wanted = json!({
        "kind": "meal", "title": "Supper", "room": "hall",
        "starts_at": "2022-12-24T18:30:00+09:00", "ends_at": "2022-12-24T19:00:00+09:00",
        "all_delegations": true, "left_out": ["TM"],
    });
    let slot = program.post(SLOTS, &wanted).given(201);
    assert_eq!(slot["delegations"], json!(["JP", "KZ", "KG", "TJ", "UZ"]));
    let path = address(&slot);
    let of = |slot: &Value| (slot["all_delegations"].clone(), slot["left_out"].clone());
    assert_eq!(of(&slot), (json!(true), json!(["TM"])));
    let send = |version: i32, change: Value| program.patch(&path, &json!(version), &change);
    let stays = send(1, json!({"title": "Dinner"})).given(200);
    assert_eq!(of(&stays), of(&slot));
    let all = send(2, json!({"left_out": []})).given(200);
    assert_eq!(all["delegations"].as_array().unwrap().len(), 6);
    let some = send(3, json!({"delegations": ["JP", "KZ", "UZ"]})).given(200);
    assert_eq!(of(&some), (json!(false), json!([])), "a list is a list");
    for bad in [
        json!({"left_out": ["TM"]}),
        json!({"all_delegations": true, "left_out": ["XX"]}),
        json!({"all_delegations": true, "delegations": ["JP"]}),
        json!({"all_delegations": "yes"}),
        json!({"left_out": null}),
    ] {
        assert_eq!(send(4, bad.clone()).status, 422, "{bad}");
    }
}

fn audience_is_changed_and_notifies_no_delegation(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let wanted = with(evening(), "audience", json!(["UZ", "TM"]));
    let slot = program.post(SLOTS, &wanted).given(201);
    assert_eq!(
        slot["audience"],
        json!(["TM", "UZ"]),
        "in order of precedence"
    );
    let path = address(&slot);
    let send = |version: i32, change: Value| program.patch(&path, &json!(version), &change);
    let stays = send(1, json!({"title": "Supper"})).given(200);
    assert_eq!(stays["audience"], slot["audience"]);
    let all = send(2, json!({"audience": ["*"]})).given(200);
    assert_eq!(
        (&all["audience"], &all["sequence"]),
        (&json!(["*"]), &stays["sequence"])
    );
    let none = send(3, json!({"audience": []})).given(200);
    assert_eq!(none["audience"], json!([]));
    for bad in [json!(["XX"]), json!(null), json!("*"), json!([1])] {
        let status = send(4, json!({"audience": bad})).status;
        assert_eq!(status, 422, "{bad}");
    }
    assert!(meeting.mails().is_empty());
}

fn confirmation_notifies_and_a_change_leaves_notices_pending(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let slot = program.post(SLOTS, &evening()).given(201);
    let path = address(&slot);
    let confirmation = format!("{path}/confirmation");
    let stale = [("if-match", "\"7\"")];
    program.send("POST", &confirmation, &stale, "").refused(412);
    let unknown = program.post(&confirmation, &json!({"tell": "now"}));
    assert!(unknown.refused(422).contains("unknown field `tell`"));
    assert!(meeting.mails().is_empty());

    let seen = [("if-match", "\"1\"")];
    let reply = program.send("POST", &confirmation, &seen, "");
    let confirmed = reply.given(200);
    assert_eq!(
        (&confirmed["state"], reply.header("etag")),
        (&json!("confirmed"), "\"2\"")
    );
    let told = ["kz@delegations.example", "protocol@delegations.example"];
    let told = told.map(|to| (to.to_owned(), "Request".to_owned(), 0));
    assert_eq!(meeting.mails(), told);
    let again = program.post(&confirmation, &json!({}));
    assert!(again.refused(409).contains("cannot be confirmed"));
    assert_eq!(again.json()["type"], "/api#problem-state");

    let moved = program
        .patch(&path, &json!(2), &json!({"room": "hall"}))
        .given(200);
    assert_eq!(
        (&moved["state"], &moved["sequence"]),
        (&json!("confirmed"), &json!(1))
    );
    assert_eq!(meeting.mails().len(), 2, "they are not told yet");
    let due = meeting.officer().get("/events/ca-jad-9/notices").body;
    assert!(due.contains("Evening meeting"), "{due}");

    let withdrawn = program.send("DELETE", &confirmation, &[], "").given(200);
    assert_eq!(withdrawn["state"], "tentative");
    assert!(
        program
            .send("DELETE", &confirmation, &[], "")
            .refused(409)
            .contains("cannot be withdrawn")
    );
    let reasons = json!({"override": {"capacity": "Only the principals come."}});
    program.post(&confirmation, &reasons).given(200);
    program.delete(&path, &program.get(&path).json()["version"]);
    assert_eq!(
        meeting.slot("Evening").state(),
        iikura::core::slot::SlotState::Cancelled
    );
    let due = meeting.officer().get("/events/ca-jad-9/notices").body;
    assert!(due.contains("Evening meeting"), "{due}");
}

fn idempotency_key_books_once_for_one_body_and_day(scratch: &Scratch) {
    let (meeting, program) = officer(scratch);
    let send = |key: &str, body: &Value| {
        program.send(
            "POST",
            SLOTS,
            &[JSON, ("idempotency-key", key)],
            &body.to_string(),
        )
    };
    let first = send("monday", &evening());
    first.given(201);
    let rows = meeting.rows();
    for _ in 0..3 {
        let again = send("monday", &evening());
        assert_eq!((again.status, &again.bytes), (201, &first.bytes));
        for header in ["location", "etag", "content-type"] {
            assert_eq!(again.header(header), first.header(header));
        }
    }
    let other = send(
        "monday",
        &with(evening(), "title", "Another meeting".into()),
    );
    assert!(other.refused(422).contains("Idempotency-Key"));
    assert_eq!(other.json()["type"], "/api#problem-key-reused");
    send("tuesday", &evening()).refused(409);
    assert_eq!(meeting.rows(), rows);
    let programme = format!("{EVENT}/programme");
    let etag = program.get(&programme).header("etag").to_owned();
    assert!(etag.starts_with("\"2-"), "nothing else was written: {etag}");

    // What was refused was not done: the key is free for the next try.
    send(
        "tuesday",
        &with(
            with(evening(), "starts_at", "2022-12-24T19:30:00+09:00".into()),
            "ends_at",
            "2022-12-24T20:00:00+09:00".into(),
        ),
    )
    .given(201);
    // Somebody else's key of the same name is another one.
    let colleague = Program::of(&meeting, support::meeting::COLLEAGUE, TokenScope::Write);
    let key = [JSON, ("idempotency-key", "monday")];
    colleague
        .send("POST", SLOTS, &key, &evening().to_string())
        .refused(409);

    // The answer is the one that was given, whatever has become of the slot.
    let slot = first.json();
    program
        .patch(&address(&slot), &json!(1), &json!({"title": "Later"}))
        .given(200);
    assert_eq!(send("monday", &evening()).bytes, first.bytes);
    meeting.server.pass(24 * 3600 - 1);
    assert_eq!(send("monday", &evening()).bytes, first.bytes);
    meeting.server.pass(1);
    send("monday", &evening()).refused(409);
    let kept = "SELECT count(*) AS count FROM idempotency_keys";
    assert_eq!(meeting.server.count(kept), 2);
    let late = with(
        with(evening(), "starts_at", "2022-12-24T20:10:00+09:00".into()),
        "ends_at",
        "2022-12-24T20:40:00+09:00".into(),
    );
    send("wednesday", &late).given(201);
    Maintenance::new(&meeting.server.app).clean();
    assert_eq!(meeting.server.count(kept), 1, "old ones are forgotten");
    program
        .get(&format!("{V1}/slots/{}", slot["id"]))
        .given(200);
}
