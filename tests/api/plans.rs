//! Plans as programs make them.

use iikura::auth::token::TokenScope;
use iikura::core::slot::{SlotKind, SlotState};
use serde_json::{Value, json};

use crate::program::{EVENT, JSON, Program, V1};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, OFFICER};

on_both!(
    the_missing_bilaterals_are_planned_and_booked_at_once,
    a_plan_is_for_those_who_asked_and_their_programme,
    a_plan_that_makes_no_sense_is_refused_field_by_field,
);

const PLANS: &str = "/api/v1/events/ca-jad-9/plans";

/// The ninth meeting without its bilaterals.
fn without_bilaterals(scratch: &Scratch) -> (Meeting, Program) {
    let meeting = Meeting::on(scratch);
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    for slot in meeting.programme().live_slots() {
        if slot.content().kind == SlotKind::Bilateral {
            let gone = program.delete(&format!("{V1}/slots/{}", slot.id), &json!(slot.version));
            assert_eq!(gone.status, 204);
        }
    }
    (meeting, program)
}

fn who_and_when(plan: &Value) -> Vec<(String, String)> {
    let slots = plan["slots"].as_array().unwrap().iter();
    slots
        .map(|slot| {
            (
                slot["delegations"].to_string(),
                slot["starts_at"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn the_missing_bilaterals_are_planned_and_booked_at_once(scratch: &Scratch) {
    let (meeting, program) = without_bilaterals(scratch);
    let reader = Program::of(&meeting, OBSERVER, TokenScope::Read);
    let before = meeting.rows();
    let asked = json!({"interpretation": true, "from": "14:30"});
    let plan = reader.post(PLANS, &asked).given(200);
    assert_eq!(meeting.rows(), before, "nothing is stored");
    assert_eq!(plan["left"], json!([]));
    let slots = plan["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 5);
    for slot in slots {
        assert_eq!(slot["id"], Value::Null);
        assert_eq!(slot["delegations"][0], "JP");
        assert!(
            !slot["interpreters"].as_array().unwrap().is_empty(),
            "{slot}"
        );
        assert!(slot["starts_at"].as_str().unwrap() >= "2022-12-24T14:30:00+09:00");
        for advice in slot["advice"].as_array().unwrap() {
            assert!(advice["slot"].is_null() || advice["slot"].as_i64() >= Some(0));
        }
    }

    // Whoever may only look may not book.
    let book = json!({"interpretation": true, "from": "14:30", "book": "tentative"});
    reader.post(PLANS, &book).refused(403);
    let stale = [JSON, ("if-match", "\"1\"")];
    program
        .send("POST", PLANS, &stale, &book.to_string())
        .refused(412);
    assert_eq!(meeting.rows(), before);

    let seen = program.get(&format!("{EVENT}/programme"));
    let current = [JSON, ("if-match", seen.header("etag"))];
    let booked = program
        .send("POST", PLANS, &current, &book.to_string())
        .given(201);
    assert_eq!(
        who_and_when(&booked),
        who_and_when(&plan),
        "as it was planned"
    );
    for slot in booked["slots"].as_array().unwrap() {
        let stored = program
            .get(&format!("{V1}/slots/{}", slot["id"]))
            .given(200);
        for field in [
            "title",
            "room",
            "starts_at",
            "ends_at",
            "delegations",
            "interpreters",
        ] {
            assert_eq!(stored[field], slot[field], "{field}");
        }
        assert_eq!(stored["state"], "tentative");
    }
    // Sent again it is too late, and without the condition nobody is missing any more.
    program
        .send("POST", PLANS, &current, &book.to_string())
        .refused(412);
    assert_eq!(
        program.post(PLANS, &book).given(200),
        json!({"slots": [], "left": []})
    );
}

fn a_plan_is_for_those_who_asked_and_their_programme(scratch: &Scratch) {
    let (meeting, program) = without_bilaterals(scratch);
    let asked = json!({
        "meetings": [
            {"delegations": ["KZ", "UZ"]},
            {"delegations": ["JP", "TM"], "minutes": 45},
            {"delegations": ["TJ", "KG"], "minutes": 300},
        ],
        "minutes": 20, "room": "-none", "day": "2022-12-24", "from": "17:00", "until": "19:00", "book": "pencilled",
    });
    let plan = program.post(PLANS, &asked).given(201);
    let placed = who_and_when(&plan);
    assert_eq!(placed.len(), 2, "{plan}");
    assert_eq!(plan["left"][0]["delegations"], json!(["KG", "TJ"]));
    let message = plan["left"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("no place for a meeting of that length"),
        "{message}"
    );
    let stored = meeting.slot("Bilateral: Japan, Turkmenistan");
    assert_eq!(stored.interval().minutes(), 45);
    assert_eq!(
        (stored.state(), stored.details.placement.room),
        (SlotState::Pencilled, None)
    );
}

fn a_plan_that_makes_no_sense_is_refused_field_by_field(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    let before = meeting.rows();
    for (asked, words) in [
        (json!({"colour": "red"}), "unknown field `colour`"),
        (
            json!({"minutes": 7}),
            "minutes: The length is a multiple of 5",
        ),
        (json!({"minutes": null}), "null"),
        (json!({"room": "cellar"}), "room: There is no such room"),
        (json!({"room": ""}), "room: It is empty"),
        (json!({"room": null}), "null"),
        (json!({"day": "2022-12-25"}), "The event has no"),
        (json!({"day": "tomorrow"}), "day: "),
        (json!({"from": "25:00"}), "from: "),
        (
            json!({"from": "18:00", "until": "17:00"}),
            "until: The latest end",
        ),
        (json!({"meetings": []}), "A plan takes 1 to 200 meetings"),
        (
            json!({"meetings": vec![json!({"delegations": ["KZ", "UZ"]}); 201]}),
            "A plan takes 1 to 200 meetings",
        ),
        (
            json!({"meetings": [{"delegations": ["KZ"]}]}),
            "meetings.0.delegations: Name two",
        ),
        (
            json!({"meetings": [{"delegations": ["KZ", "KZ"]}]}),
            "a delegation cannot meet itself",
        ),
        (
            json!({"meetings": [{"delegations": ["KZ", "DE"]}]}),
            "there is no delegation",
        ),
        (
            json!({"meetings": [{"delegations": ["KZ", "UZ"], "minutes": 3}]}),
            "The length is a multiple of 5",
        ),
        (
            json!({"book": "confirmed"}),
            "book: It is tentative or pencilled",
        ),
    ] {
        let detail = program.post(PLANS, &asked).refused(422);
        assert!(detail.contains(words), "{asked}: {detail}");
    }
    program.send("POST", PLANS, &[JSON], "{").refused(400);
    program
        .post(&format!("{PLANS}?book=tentative"), &json!({}))
        .refused(400);
    assert_eq!(meeting.rows(), before);
}
