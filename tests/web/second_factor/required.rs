//! The rule that officers and administrators need a second factor.

use iikura::auth::token::{self, TokenScope};
use iikura::core::text::TextLine;
use iikura::core::time::Moment;
use iikura::core::user::EventRole;
use iikura::server::Error;

use super::{Device, between, code, codes_on, half_way, is_in, set_up};
use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting, OBSERVER, OFFICER};
use support::server::{PASSWORD, START};

on_both!(who_has_to_have_a_factor_sets_one_up_before_anything_else);

const SET_UP: &str = "/sign-in/second-factor";

fn who_has_to_have_a_factor_sets_one_up_before_anything_else(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let server = &meeting.server;
    let before = server.signed_in(OFFICER);
    let admin = server.signed_in(ADMIN);
    let rule = |word: &str| admin.post("/users/second-factor", &[("required", word)]);
    assert_eq!(rule("perhaps").status, 400);
    assert_eq!(
        before
            .post("/users/second-factor", &[("required", "yes")])
            .status,
        403
    );
    assert_eq!(rule("yes").location(), "/users?done=factor-required");
    assert_eq!(rule("yes").status, 303);
    let audited = "SELECT count(*) AS count FROM audit WHERE action = 'users.second_factor_required' AND actor LIKE 'user %' AND actor_id = (SELECT id FROM users WHERE name = 'Admin')";
    assert_eq!(
        server.count(audited),
        1,
        "what is so already stands in no history"
    );
    assert!(admin.get("/users").body.contains("Make it optional"));

    for email in [OFFICER, ADMIN] {
        let browser = server.browser();
        let first = browser.post(
            "/sign-in",
            &[
                ("email", email),
                ("password", PASSWORD),
                ("next", "/events/ca-jad-9"),
            ],
        );
        assert_eq!(
            first.location(),
            format!("{SET_UP}?next=%2Fevents%2Fca-jad-9")
        );
        for path in [
            "/",
            "/account",
            "/account/second-factor",
            "/events/ca-jad-9",
        ] {
            assert_eq!(browser.get(path).status, 303, "{path}");
        }
        assert_eq!(browser.get("/sign-in/code").location(), SET_UP);
        let skipped = browser.post("/sign-in/code", &[("code", "123456")]);
        assert_eq!(skipped.location(), SET_UP);
        let page = browser.get(first.location());
        let device = Device::reading(&page.body);
        let lent = page.input("set_up");
        let send = |typed: &str| {
            let next = ("next", "/events/ca-jad-9");
            browser.post(SET_UP, &[("set_up", &lent), ("code", typed), next])
        };
        assert_eq!(send(&device.wrong(server.now())).status, 422);
        let done = send(&device.code(server.now()));
        assert_eq!(done.status, 200, "{}", done.body);
        assert!(
            done.body
                .contains("<a class=\"button\" href=\"/events/ca-jad-9\">")
        );
        assert_eq!(codes_on(&done.body).len(), 10);
        assert_eq!(browser.get("/events/ca-jad-9").status, 200);
    }
    assert!(!is_in(&before), "the session without a factor has ended");
    server.signed_in(OBSERVER);

    assert_eq!(admin.get("/users").status, 303, "the administrator's, too");
}

#[test]
fn required_factor_cannot_be_skipped() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let server = &meeting.server;
    let (officer, observer) = (server.signed_in(OFFICER), server.signed_in(OBSERVER));
    set_up(server, &officer);
    set_up(server, &observer);
    server.sql("UPDATE account_rules SET second_factor_required = TRUE");
    let right = [("current_password", PASSWORD)];
    let kept = officer.post("/account/second-factor/removal", &right);
    assert_eq!(kept.status, 422);
    assert!(
        kept.body
            .contains("Officers and administrators need a second factor here")
    );
    half_way(server, OFFICER);
    let removed = observer.post("/account/second-factor/removal", &right);
    assert_eq!(removed.status, 303);
}

#[test]
fn a_set_up_on_the_way_in_is_done_once_and_in_time() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let server = &meeting.server;
    server.sql("UPDATE account_rules SET second_factor_required = TRUE");
    let (one, other) = (server.browser(), server.browser());
    for browser in [&one, &other] {
        browser.post("/sign-in", &[("email", OFFICER), ("password", PASSWORD)]);
    }
    let send = |browser: &support::server::Browser, lent: &str, typed: &str| {
        browser.post(SET_UP, &[("set_up", lent), ("code", typed)])
    };
    let (page, others) = (one.get(SET_UP), other.get(SET_UP));
    let now = Device::reading(&page.body).code(server.now());
    assert_eq!(
        send(&other, &page.input("set_up"), &now).status,
        409,
        "lent to another"
    );
    assert_eq!(send(&one, "forged", &now).status, 409);
    assert_eq!(send(&one, &page.input("set_up"), &now).status, 200);
    let now = Device::reading(&others.body).code(server.now());
    let late = send(&other, &others.input("set_up"), &now);
    assert_eq!(late.location(), "/sign-in", "there is a factor by now");
    assert_eq!(server.browser().get(SET_UP).location(), "/sign-in");
    assert_eq!(one.post(SET_UP, &[("x", "y")]).status, 400);
}

#[test]
fn programs_go_on_with_their_tokens() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let server = &meeting.server;
    let user = server.user(
        "bot@protocol.example",
        "Bot",
        false,
        &[(meeting.event, EventRole::Officer)],
    );
    let made = server.db.write_here(|conn| {
        let (name, now) = (
            TextLine::stored("printing".into()),
            Moment::from_seconds(START),
        );
        let actor = iikura::core::user::Actor::command_line();
        Ok::<_, Error>(token::make(
            conn,
            user,
            &name,
            TokenScope::Read,
            &actor,
            now,
        )?)
    });
    server.sql("UPDATE account_rules SET second_factor_required = TRUE");
    let bearer = format!("Bearer {}", made.unwrap().reveal());
    let mut reply = ureq::get(format!("{}/api/v1/events", server.origin))
        .header("authorization", &bearer)
        .call()
        .unwrap();
    let body = reply.body_mut().read_to_string().unwrap();
    assert_eq!(between(&body, "\"slug\":\"", "\""), "ca-jad-9");
}

#[test]
fn code_is_required_of_users_with_a_factor() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let server = &meeting.server;
    let device = set_up(server, &server.signed_in(OBSERVER));
    server.pass(30);
    let now = device.code(server.now());
    assert_eq!(code(&half_way(server, OBSERVER), &now).status, 303);
}
