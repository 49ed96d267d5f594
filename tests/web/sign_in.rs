//! Signing in, staying signed in, and signing out.

use crate::server::{PASSWORD, Server};

const OFFICER: &str = "officer@protocol.example";

fn with_officer() -> Server {
    let server = Server::start();
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    server
}

#[test]
fn the_right_password_opens_a_session_with_a_strict_cookie() {
    let server = with_officer();
    let answer = server.browser().post(
        "/sign-in",
        &[
            ("email", "  Officer@Protocol.example "),
            ("password", PASSWORD),
        ],
    );
    assert_eq!((answer.status, answer.location()), (303, "/"));
    let cookie = answer.header("set-cookie");
    let (value, flags) = cookie.split_once("; ").unwrap();
    assert_eq!(flags, "HttpOnly; SameSite=Lax; Secure; Path=/");
    let token = value.strip_prefix("__Host-iikura=").unwrap();
    assert_eq!(token.len(), 43);
    assert_eq!(
        server.count(&format!(
            "SELECT count(*) AS count FROM sessions WHERE token_hash = '{token}'"
        )),
        0
    );
    assert_eq!(
        server.count("SELECT count(*) AS count FROM sessions WHERE length(token_hash) = 64"),
        1
    );
}

#[test]
fn a_wrong_password_an_unknown_and_a_disabled_user_get_the_same_page() {
    let server = with_officer();
    server.user("gone@protocol.example", "Gone", false, &[]);
    server.sql("UPDATE users SET disabled_at = 1 WHERE email = 'gone@protocol.example'");
    let try_as = |email: &str, password: &str| {
        let mut answer = server
            .browser()
            .post("/sign-in", &[("email", email), ("password", password)]);
        answer.body = answer.body.replace(email, "EMAIL");
        answer.headers.retain(|(name, _)| {
            !["date", "content-length", "x-request-id"].contains(&name.as_str())
        });
        answer.headers.sort();
        answer
    };
    let wrong = try_as(OFFICER, "violet anchor ninety-one");
    assert_eq!(wrong.status, 422);
    assert!(
        wrong
            .body
            .contains("E-mail address or password is not right")
    );
    assert!(wrong.body.contains("<title>Error: Sign in"));
    assert!(
        wrong.body.contains("value=\"EMAIL\""),
        "the address typed is kept"
    );
    assert!(
        !wrong.body.contains("ninety-one"),
        "the password typed is not"
    );
    assert_eq!(wrong, try_as("nobody@protocol.example", PASSWORD));
    assert_eq!(wrong, try_as("gone@protocol.example", PASSWORD));
}

#[test]
fn an_empty_form_says_what_is_missing() {
    let answer = with_officer()
        .browser()
        .post("/sign-in", &[("email", ""), ("password", "")]);
    assert_eq!(answer.status, 422);
    assert!(
        answer
            .body
            .contains("<a href=\"#field-email\">E-mail address is missing; fill it in</a>")
    );
    assert!(
        answer
            .body
            .contains("<a href=\"#field-password\">Password is missing; fill it in</a>")
    );
}

#[test]
fn after_five_tries_an_account_waits_and_no_header_shortens_the_wait() {
    let server = with_officer();
    let browser = server.browser();
    for _ in 0..5 {
        assert_eq!(
            browser
                .post("/sign-in", &[("email", OFFICER), ("password", "wrong")])
                .status,
            422
        );
    }
    let origin = server.origin.clone();
    let body = format!(
        "email={}&password={}",
        OFFICER.replace('@', "%40"),
        PASSWORD.replace(' ', "+")
    );
    for forwarded in ["192.0.2.1", "192.0.2.2"] {
        let answer = browser.post_as(
            "/sign-in",
            &body,
            &[
                ("origin", &origin),
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-forwarded-for", forwarded),
                ("forwarded", "for=192.0.2.9"),
            ],
        );
        assert_eq!(answer.status, 429, "even the right password waits");
        assert!(answer.body.contains("Wait 15 minutes and try again."));
        assert_eq!(answer.header("retry-after"), "900");
    }
    server.pass(15 * 60);
    server.signed_in(OFFICER);
}

#[test]
fn an_address_waits_after_twenty_tries_at_any_accounts() {
    let server = with_officer();
    let browser = server.browser();
    for i in 0..20 {
        let email = format!("nobody-{i}@protocol.example");
        assert_eq!(
            browser
                .post("/sign-in", &[("email", &email), ("password", "wrong")])
                .status,
            422
        );
    }
    let answer = browser.post("/sign-in", &[("email", OFFICER), ("password", PASSWORD)]);
    assert_eq!(answer.status, 429);
}

#[test]
fn many_tries_at_the_same_moment_are_all_counted() {
    let server = with_officer();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(|| {
                    server
                        .browser()
                        .post("/sign-in", &[("email", OFFICER), ("password", "wrong")])
                        .status
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 422).count(),
        5,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 429).count(),
        7,
        "{statuses:?}"
    );
}

#[test]
fn signing_out_kills_the_cookie_for_good() {
    let server = with_officer();
    let browser = server.signed_in(OFFICER);
    let cookie = browser.cookie();
    assert_eq!(browser.get("/account").status, 200);
    let answer = browser.post("/sign-out", &[]);
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/sign-in?done=signed-out")
    );
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(browser.cookie(), None);
    assert!(
        browser
            .get("/sign-in?done=signed-out")
            .body
            .contains("You are signed out.")
    );
    browser.set_cookie(cookie);
    let replayed = browser.get("/account");
    assert_eq!(
        (replayed.status, replayed.location()),
        (303, "/sign-in?next=%2Faccount")
    );
}

#[test]
fn a_session_ends_after_thirty_idle_minutes() {
    let server = with_officer();
    let browser = server.signed_in(OFFICER);
    server.pass(30 * 60 - 1);
    assert_eq!(browser.get("/account").status, 200);
    server.pass(30 * 60);
    assert_eq!(browser.get("/account").status, 303);
}

#[test]
fn a_session_ends_after_twelve_hours_however_busy() {
    let server = with_officer();
    let browser = server.signed_in(OFFICER);
    for _ in 0..35 {
        server.pass(20 * 60);
        assert_eq!(browser.get("/account").status, 200);
    }
    server.pass(20 * 60 - 1);
    assert_eq!(browser.get("/account").status, 200);
    server.pass(1);
    assert_eq!(browser.get("/account").status, 303);
}

#[test]
fn a_new_sign_in_ends_the_session_the_browser_had() {
    let server = with_officer();
    let browser = server.signed_in(OFFICER);
    let old = browser.cookie();
    browser.post("/sign-in", &[("email", OFFICER), ("password", PASSWORD)]);
    assert_ne!(browser.cookie(), old);
    browser.set_cookie(old);
    assert_eq!(browser.get("/account").status, 303);
}

#[test]
fn a_form_sent_after_the_session_ended_keeps_every_word() {
    let server = with_officer();
    server.user("admin@protocol.example", "Admin", true, &[]);
    let browser = server.signed_in("admin@protocol.example");
    server.pass(31 * 60);
    let typed = "\"><img src=x onerror=alert(1)> 飯倉 & co";
    let ended = browser.post(
        "/users",
        &[
            ("name", typed),
            ("email", "new@protocol.example"),
            ("new_password", "secret-canary-99"),
        ],
    );
    assert_eq!(ended.status, 401);
    assert!(ended.body.contains("Your session has ended"));
    assert!(!ended.body.contains("<img src=x") && !ended.body.contains("secret-canary-99"));
    let (path, body) = (ended.input("resume_path"), ended.input("resume_body"));
    assert_eq!(path, "/users");
    let mistyped = browser.post(
        "/sign-in",
        &[
            ("email", "admin@protocol.example"),
            ("password", "wrong"),
            ("resume_path", &path),
            ("resume_body", &body),
        ],
    );
    assert_eq!(mistyped.status, 422);
    assert_eq!(
        mistyped.input("resume_body"),
        body,
        "a mistyped password loses nothing either"
    );
    let again = browser.post(
        "/sign-in",
        &[
            ("email", "admin@protocol.example"),
            ("password", PASSWORD),
            ("resume_path", &path),
            ("resume_body", &body),
        ],
    );
    assert_eq!(again.status, 200);
    assert!(again.body.contains("nothing was lost") && again.body.contains("action=\"/users\""));
    assert!(!again.body.contains("<img src=x"));
    assert_eq!(again.input("name"), typed);
    let sent = browser.post(
        "/users",
        &[
            ("name", &again.input("name")),
            ("email", &again.input("email")),
        ],
    );
    assert_eq!(sent.status, 200);
    assert_eq!(
        server.count("SELECT count(*) AS count FROM users WHERE email = 'new@protocol.example'"),
        1
    );
}

#[test]
fn the_page_asked_for_comes_after_signing_in_and_never_another_site() {
    let server = with_officer();
    let browser = server.browser();
    for (next, location) in [
        ("/account", "/account"),
        (
            "/events/ca-jad-9?day=2022-12-24",
            "/events/ca-jad-9?day=2022-12-24",
        ),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https:evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ] {
        let answer = browser.post(
            "/sign-in",
            &[("email", OFFICER), ("password", PASSWORD), ("next", next)],
        );
        assert_eq!(
            (answer.status, answer.location()),
            (303, location),
            "{next}"
        );
    }
}
