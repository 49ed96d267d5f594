//! Tokens: made once, shown once, dead at once.

use std::time::Duration;

use iikura::auth::account;
use iikura::auth::token::TokenScope;
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::server::Error;

use crate::program::{EVENT, Program, SLOTS, V1, evening, token_of};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};
use support::server::{PASSWORD, START};

on_both!(
    a_token_is_made_on_the_account_page_shown_once_and_revoked,
    a_token_dies_with_the_password_and_with_the_account,
    the_history_names_the_token_that_acted_and_not_its_secret,
);

/// The token that stands on a page.
fn on_page(page: &str) -> String {
    let at = page.find("iikura_").unwrap();
    page[at..].split('<').next().unwrap().to_owned()
}

fn a_token_is_made_on_the_account_page_shown_once_and_revoked(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert!(officer.get("/account").body.contains("Create a token"));
    assert!(
        officer
            .get("/account/tokens/new")
            .body
            .contains("What it may do")
    );
    let fields = |password: &'static str| {
        [
            ("name", "Badge <printing>"),
            ("scope", "read"),
            ("current_password", password),
        ]
    };
    let wrong = officer.post("/account/tokens", &fields("nonsense, all of it"));
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("The current password is wrong") && !wrong.body.contains("iikura_")
    );
    let unclear = officer.post(
        "/account/tokens",
        &[
            ("name", ""),
            ("scope", "all"),
            ("current_password", PASSWORD),
        ],
    );
    assert_eq!(unclear.status, 422);
    assert!(unclear.body.contains("Choose what the token may do."));

    let made = officer.post("/account/tokens", &fields(PASSWORD));
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.contains("This token is shown once"));
    assert_eq!(made.header("cache-control"), "no-store");
    let token = on_page(&made.body);
    assert_eq!(token.len(), "iikura_".len() + 43);
    let list = officer.get("/account").body;
    assert!(
        list.contains("Badge &#60;printing&#62;") && list.contains("<td class=\"time\">never</td>")
    );
    assert!(!list.contains(&token));
    for table in ["api_tokens WHERE token_hash", "audit WHERE after_json"] {
        let sql = format!(
            "SELECT count(*) AS count FROM {table} LIKE '%{}%'",
            &token[7..]
        );
        assert_eq!(meeting.server.count(&sql), 0, "stored as a hash only");
    }

    let program = Program::with(&meeting.server, Some(&token));
    meeting.server.pass(120);
    program.get(EVENT).given(200);
    assert!(
        officer
            .get("/account")
            .body
            .contains("24 December 2022, 05:02 UTC")
    );
    let id = list.split("/account/tokens/").nth(1).unwrap();
    let revocation = format!(
        "/account/tokens/{}/revocation",
        id.split('/').next().unwrap()
    );
    let colleague = meeting.server.signed_in(support::meeting::COLLEAGUE);
    assert_eq!(
        colleague.post(&revocation, &[]).status,
        404,
        "another's token"
    );
    program.get(EVENT).given(200);
    assert_eq!(officer.post(&revocation, &[]).status, 303);
    let dead = program.get(EVENT);
    assert!(dead.refused(401).contains("is invalid"));
    assert_eq!(
        dead.header("www-authenticate"),
        "Bearer realm=\"iikura\", error=\"invalid_token\""
    );
    assert_eq!(officer.post(&revocation, &[]).status, 404);
    let history = "SELECT count(*) AS count FROM audit WHERE action LIKE 'token.%'";
    assert_eq!(meeting.server.count(history), 2);
}

fn the_history_names_the_token_that_acted_and_not_its_secret(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let made = officer.post(
        "/account/tokens",
        &[
            ("name", "Badge <printing>"),
            ("scope", "write"),
            ("current_password", PASSWORD),
        ],
    );
    let token = on_page(&made.body);
    let program = Program::with(&meeting.server, Some(&token));
    program.post(SLOTS, &evening()).given(201);
    let history = officer.get("/events/ca-jad-9/history").body;
    assert!(
        history.contains("Officer with token “Badge &#60;printing&#62;”"),
        "{history}"
    );
    assert!(!history.contains(&token[7..]));
    // What the same person does at a browser stands under the name alone.
    let by = "SELECT count(*) AS count FROM audit WHERE action = 'slot.cancelled' AND length(actor) = 13";
    assert_eq!(meeting.server.count(by), 0);
    let slot = meeting.slot("Evening");
    let fields = [("version", "1")];
    let cancelled = officer.post(&format!("/slots/{}/cancellation", slot.id), &fields);
    assert_eq!(cancelled.status, 303, "{}", cancelled.body);
    assert_eq!(meeting.server.count(by), 1);
    let secret = format!(
        "SELECT count(*) AS count FROM audit WHERE actor LIKE '%{}%'",
        &token[7..]
    );
    assert_eq!(meeting.server.count(&secret), 0);
}

fn a_token_dies_with_the_password_and_with_the_account(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    program.get(EVENT).given(200);
    let officer = meeting.officer();
    let fields = [
        ("current_password", PASSWORD),
        ("new_password", "orange ladder forty"),
    ];
    assert_eq!(officer.post("/account/password", &fields).status, 303);
    program.get(EVENT).refused(401);

    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    let disable = |disabled| {
        meeting.server.db.write_here(|conn| {
            let user = account::by_email(conn, OFFICER)?.unwrap().user.id;
            let now = Moment::from_seconds(START);
            Ok::<_, Error>(account::set_disabled(
                conn,
                user,
                disabled,
                &Actor::command_line(),
                now,
            )?)
        })
    };
    program.get(EVENT).given(200);
    disable(true).unwrap();
    program.get(EVENT).refused(401);
    program.post(SLOTS, &evening()).refused(401);
    disable(false).unwrap();
    program.get(EVENT).refused(401);

    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    program.get(EVENT).given(200);
    meeting.server.sql("DELETE FROM memberships");
    program.get(EVENT).refused(404);
    assert_eq!(
        program.get(&format!("{V1}/events")).given(200)["events"],
        serde_json::json!([])
    );
}

#[test]
fn api_ignores_cookies_and_accepts_tokens() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let cookie = meeting.officer().cookie().unwrap();
    let nobody = Program::with(&meeting.server, None);
    let with_cookie = nobody.get_as(EVENT, &[("cookie", &cookie)]);
    assert!(with_cookie.refused(401).contains("Authorization: Bearer"));
    assert_eq!(
        with_cookie.header("www-authenticate"),
        "Bearer realm=\"iikura\""
    );
    for headers in [
        &[][..],
        &[("authorization", "Basic b2ZmaWNlcjpwYXNzd29yZA==")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer  ")],
        &[("authorization", "Bearer iikura_nonsense")],
    ] {
        let cookie = [
            ("cookie", cookie.as_str()),
            ("content-type", "application/json"),
            ("origin", meeting.server.origin.as_str()),
        ];
        let headers = [headers, &cookie].concat();
        nobody.get_as(EVENT, &headers).refused(401);
        nobody
            .send("POST", SLOTS, &headers, &evening().to_string())
            .refused(401);
    }

    let program = Program::of(&meeting, OFFICER, TokenScope::Write);
    for headers in [
        &[
            ("sec-fetch-site", "cross-site"),
            ("content-type", "application/json"),
        ][..],
        &[
            ("origin", "https://elsewhere.example"),
            ("content-type", "application/json"),
        ],
        &[("content-type", "application/json")],
    ] {
        let answer = program.send(
            "POST",
            &format!("{EVENT}/conflicts"),
            headers,
            &evening().to_string(),
        );
        answer.given(200);
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let token = token_of(&meeting, OFFICER, TokenScope::Read);
    let small = [("authorization", format!("bearer {token}"))];
    let small = small
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    nobody.get_as(EVENT, &small).given(200);
}

#[test]
fn a_stream_ends_with_the_token() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let token = token_of(&meeting, OFFICER, TokenScope::Read);
    let origin = meeting.server.origin.clone();
    let stream = std::thread::spawn(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .into();
        let mut answer = agent
            .get(format!("{origin}{EVENT}/changes"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "text/event-stream")
            .call()
            .unwrap();
        answer.body_mut().read_to_string().unwrap()
    });
    std::thread::sleep(Duration::from_millis(500));
    meeting.server.sql("DELETE FROM api_tokens");
    let said = stream.join().unwrap();
    assert!(said.starts_with("id: 1\nevent: change\ndata: {"), "{said}");
    assert!(said.ends_with("event: ended\ndata:\n\n"), "{said}");
}

#[test]
fn an_account_has_so_many_tokens_at_most() {
    let meeting = Meeting::on(&Scratch::sqlite());
    for _ in 0..iikura::auth::token::MOST_TOKENS {
        token_of(&meeting, OFFICER, TokenScope::Read);
    }
    let fields = [
        ("name", "One more"),
        ("scope", "read"),
        ("current_password", PASSWORD),
    ];
    let refused = meeting.officer().post("/account/tokens", &fields);
    assert_eq!(refused.status, 409);
    assert!(
        refused.body.contains("at most 50 tokens"),
        "{}",
        refused.body
    );
    let tokens = "SELECT count(*) AS count FROM api_tokens";
    assert_eq!(meeting.server.count(tokens), 50);
}
