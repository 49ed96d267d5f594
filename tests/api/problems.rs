//! Every fault below `/api` is a problem, whoever made it and wherever it is found.

use iikura::auth::token::TokenScope;
use iikura::runtime::rate::BURST;
use serde_json::{Value, json};

use crate::program::{EVENT, JSON, Program, Reply, SLOTS, V1, address, evening, with};
use support::both::Scratch;
use support::meeting::{Meeting, OFFICER};

#[test]
fn what_cannot_be_read_is_a_problem_that_says_why() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    let nobody = Program::with(&meeting.server, None);
    let before = meeting.rows();
    let whole = evening().to_string();
    for path in [
        "/api/",
        "/api/v2",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nonsense",
        "/api/v1/slots/first",
        "/api/v1/slots/1/confirmations",
        "/api/v1/events/%FF",
    ] {
        program.get(path).refused(404);
        assert!(!nobody.get(path).text().contains("<html"), "{path}");
    }
    for (body, status, words) in [
        ("{", 400, "The body is not JSON"),
        ("", 400, "The body is not JSON"),
        (&format!("{whole} {{}}"), 400, "trailing characters"),
        ("[]", 422, "The body is an object"),
        ("5", 422, "The body is an object"),
        ("{}", 422, "missing field `kind`"),
        (
            "{\"kind\": 5}",
            422,
            "kind: invalid type: integer `5`, expected a string",
        ),
        (
            "{\"kind\": \"meal\", \"kind\": \"meal\"}",
            422,
            "duplicate field `kind`",
        ),
    ] {
        let detail = program.send("POST", SLOTS, &[JSON], body).refused(status);
        assert!(detail.contains(words), "{body}: {detail}");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
    ] {
        let sent = program.send("POST", SLOTS, &[("content-type", kind)], &whole);
        assert!(sent.refused(415).contains("application/json"), "{kind}");
    }
    let large = with(evening(), "title", "x".repeat(300_000).into()).to_string();
    for (program, most) in [(&program, " 256 KB"), (&nobody, " 64 KB")] {
        let detail = program.send("POST", SLOTS, &[JSON], &large).refused(413);
        assert!(detail.contains(most), "{detail}");
    }
    for (path, words) in [
        (format!("{EVENT}?x=1"), "unknown field `x`"),
        (
            format!("{EVENT}/programme?since=1"),
            "unknown field `since`",
        ),
        (format!("{EVENT}/changes?until=1"), "unknown field `until`"),
        (format!("{EVENT}/changes?since=-1"), "since is a revision"),
        (format!("{EVENT}/changes?since=x"), "invalid digit"),
        (
            format!("{EVENT}/agenda.csv?delegatoin=KZ"),
            "unknown field `delegatoin`",
        ),
        (
            format!("{EVENT}/free-slots?delegations=KZ&minutes=30&colour=red"),
            "unknown field “colour”",
        ),
    ] {
        let detail = program.get(&path).refused(400);
        assert!(detail.contains(words), "{path}: {detail}");
    }
    for (day, words) in [("Christmas", "is not a date"), ("2022-12-25", "has no")] {
        let detail = program
            .get(&format!("{EVENT}/agenda.csv?day={day}"))
            .refused(422);
        assert!(
            detail.contains("day: ") && detail.contains(words),
            "{detail}"
        );
    }
    for key in ["", "with space", &"x".repeat(201)] {
        let headers = [JSON, ("idempotency-key", key)];
        assert!(
            program
                .send("POST", SLOTS, &headers, &whole)
                .refused(400)
                .contains("1 to 200")
        );
    }
    assert_eq!(meeting.rows(), before);
}

#[test]
fn an_address_says_what_can_be_done_there() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    for (method, path, allowed) in [
        ("POST", "/api", "GET, HEAD"),
        ("DELETE", "/api/v1/openapi.json", "GET, HEAD"),
        ("POST", "/api/v1/events", "GET, HEAD"),
        ("GET", SLOTS, "POST"),
        ("OPTIONS", SLOTS, "POST"),
        ("PUT", "/api/v1/slots/1", "GET, PATCH, DELETE, HEAD"),
        ("PATCH", "/api/v1/slots/1/confirmation", "POST, DELETE"),
    ] {
        let reply = program.send(method, path, &[], "");
        let detail = reply.refused(405);
        assert_eq!(reply.header("allow"), allowed, "{method} {path}");
        assert_eq!(detail, format!("Allowed here: {allowed}."));
    }
    let head = program.send("HEAD", EVENT, &[], "");
    assert_eq!((head.status, head.bytes.len()), (200, 0));
}

#[test]
fn unknown_and_invalid_fields_are_refused_by_name() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    for field in ["colour", "state", "id", "version", "note"] {
        let sent = program.post(SLOTS, &with(evening(), field, "x".into()));
        let detail = sent.refused(422);
        assert!(
            detail.contains(&format!("unknown field `{field}`")),
            "{detail}"
        );
    }
    let slot = program.post(SLOTS, &evening()).given(201);
    let change = program.patch(&address(&slot), &slot["version"], &json!({"sequence": 4}));
    assert!(change.refused(422).contains("unknown field `sequence`"));

    let faulty = json!({
        "kind": "banquet",
        "title": " \u{200B}",
        "room": "cellar",
        "starts_at": "2022-12-24T18:30:00",
        "ends_at": "2022-12-24T19:00:30+09:00",
        "delegations": ["JP", "XX"],
        "interpreters": ["xx-1"],
        "override": {"gravity": "It is Christmas.", "capacity": ""},
    });
    let reply = program.post(SLOTS, &faulty);
    reply.refused(422);
    let problem = reply.json();
    assert_eq!(problem["type"], "/api#problem-invalid");
    let errors = problem["errors"].as_array().unwrap();
    let fields: Vec<&str> = errors
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "kind",
            "title",
            "room",
            "starts_at",
            "ends_at",
            "delegations",
            "interpreters",
            "override.capacity",
            "override.gravity"
        ]
    );
    let backwards = with(evening(), "ends_at", "2022-12-24T18:30:00+09:00".into());
    assert!(
        program
            .post(SLOTS, &backwards)
            .refused(422)
            .contains("the end must be after the start")
    );
    for (field, value) in [
        ("title", Value::Null),
        ("delegations", Value::Null),
        ("room", "".into()),
    ] {
        let change = with(json!({}), field, value);
        program
            .patch(&address(&slot), &slot["version"], &change)
            .refused(422);
    }
}

#[test]
fn client_over_its_rate_waits_and_others_do_not() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let busy = Program::of(&meeting, OFFICER, TokenScope::Read);
    let replies = (0..10 * BURST).map(|_| busy.get(&format!("{V1}/slots/1")));
    let refused: Reply = replies
        .into_iter()
        .find(|reply| reply.status == 429)
        .unwrap();
    assert_eq!(refused.refused(429), "Wait 1 second and try again.");
    assert_eq!(refused.header("retry-after"), "1");
    Program::of(&meeting, OFFICER, TokenScope::Read)
        .get(EVENT)
        .given(200);
    std::thread::sleep(std::time::Duration::from_secs(1));
    busy.get(EVENT).given(200);
}
