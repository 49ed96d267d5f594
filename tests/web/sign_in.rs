//! Signing in, staying signed in, and signing out.

use support::both::{Scratch, on_both};
use support::server::{Answer, Browser, PASSWORD, Server};

on_both!(
    failed_logins_elsewhere_do_not_lock_out_a_known_device,
    expired_session_stays_expired_when_the_clock_goes_back,
    session_of_a_clock_ahead_ends_when_the_clock_is_right,
);

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
fn wrong_unknown_and_disabled_sign_ins_get_the_same_page() {
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
    assert!(wrong.body.contains("E-mail address or password is wrong"));
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
fn five_failed_logins_lock_the_account_whatever_the_headers() {
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
    assert_eq!(sent.status, 303);
    assert_eq!(
        server.count("SELECT count(*) AS count FROM users WHERE email = 'new@protocol.example'"),
        1
    );
}

#[test]
fn sign_in_returns_to_the_page_and_never_another_site() {
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

fn try_password(browser: &Browser, email: &str, password: &str) -> Answer {
    browser.post("/sign-in", &[("email", email), ("password", password)])
}

fn failed_logins_elsewhere_do_not_lock_out_a_known_device(scratch: &Scratch) {
    let server = Server::start_on(scratch.url(), &[]);
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    server.user("eve@protocol.example", "Eve", false, &[]);
    let owners = server.signed_in(OFFICER);
    owners.post("/sign-out", &[]);
    let eves = server.signed_in("eve@protocol.example");
    for _ in 0..5 {
        assert_eq!(try_password(&eves, OFFICER, "wrong").status, 422);
    }
    // Elsewhere the account waits: also in a browser that another account knows.
    assert_eq!(try_password(&eves, OFFICER, PASSWORD).status, 429);
    assert_eq!(
        try_password(&server.browser(), OFFICER, PASSWORD).status,
        429
    );
    for number in 0..20 {
        let nobody = format!("nobody-{number}@protocol.example");
        try_password(&server.browser(), &nobody, "wrong");
    }
    assert_eq!(try_password(&eves, "eve@protocol.example", "x").status, 422);
    assert_eq!(
        try_password(&owners, OFFICER, PASSWORD).status,
        303,
        "the owner is in"
    );

    // A stolen one is no licence to guess.
    owners.post("/sign-out", &[]);
    for _ in 0..5 {
        assert_eq!(try_password(&owners, OFFICER, "wrong").status, 422);
    }
    assert_eq!(try_password(&owners, OFFICER, PASSWORD).status, 429);
    // Nor does it outlive the password, or half a year.
    server.pass(180 * 86_400);
    for _ in 0..5 {
        try_password(&server.browser(), OFFICER, "wrong");
    }
    assert_eq!(
        try_password(&owners, OFFICER, PASSWORD).status,
        429,
        "known no more"
    );
    assert_eq!(
        server.count("SELECT count(*) AS count FROM known_devices WHERE length(token_hash) = 64"),
        2
    );
}

#[test]
fn a_new_password_makes_an_account_forget_its_browsers() {
    let server = with_officer();
    let browser = server.signed_in(OFFICER);
    let answer = try_password(&browser, OFFICER, PASSWORD);
    assert!(
        !answer
            .headers
            .iter()
            .any(|(_, value)| value.contains("-device=")),
        "known already"
    );
    assert_eq!(
        server.count("SELECT count(*) AS count FROM known_devices"),
        1
    );
    let changed = browser.post(
        "/account/password",
        &[
            ("current_password", PASSWORD),
            ("new_password", "copper lantern forty"),
        ],
    );
    assert_eq!(changed.status, 303);
    assert_eq!(
        server.count("SELECT count(*) AS count FROM known_devices"),
        0
    );
}

#[test]
fn the_cookie_of_a_known_browser_is_as_strict_as_the_sessions() {
    let answer = try_password(&with_officer().browser(), OFFICER, PASSWORD);
    let cookie = answer
        .headers
        .iter()
        .find(|(name, value)| name == "set-cookie" && value.starts_with("__Host-iikura-device="));
    let (_, flags) = cookie.unwrap().1.split_once("; ").unwrap();
    assert_eq!(
        flags,
        "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=15552000"
    );
}

fn expired_session_stays_expired_when_the_clock_goes_back(scratch: &Scratch) {
    let server = Server::start_on(scratch.url(), &[]);
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    for over in [30 * 60, 12 * 3600] {
        let browser = server.signed_in(OFFICER);
        server.pass(over);
        assert_eq!(browser.get("/account").status, 303);
        server.pass(-over);
        assert_eq!(browser.get("/account").status, 303, "{over}");
        assert_eq!(browser.get("/events/ca-jad-9").status, 303, "{over}");
    }
}

fn session_of_a_clock_ahead_ends_when_the_clock_is_right(scratch: &Scratch) {
    let server = Server::start_on(scratch.url(), &[]);
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    server.pass(86_400);
    let (one, other) = (server.signed_in(OFFICER), server.signed_in(OFFICER));
    // Clocks of two servers may differ by a little.
    server.pass(-4 * 60);
    assert_eq!(one.get("/account").status, 200);
    server.pass(4 * 60 - 86_400);
    assert_eq!(one.get("/account").status, 303);
    assert_eq!(other.get("/events/ca-jad-9").status, 303);
}

#[test]
fn no_spelling_of_another_site_comes_after_signing_in() {
    let server = with_officer();
    let browser = server.signed_in(OFFICER);
    for next in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "HTTPS:\\\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "/\t/evil.example",
        "/%09/../..//evil.example",
        "/..//evil.example",
        "/.//evil.example",
        "/%2e//evil.example",
        "/%2e%2e//evil.example",
        "/%2E%2e/%2f/..//evil.example",
        "/a\r\nLocation: https://evil.example",
        "/\u{0}",
        "\u{feff}//evil.example",
        "/\u{2028}",
        " //evil.example",
    ] {
        let fields = [("email", OFFICER), ("password", PASSWORD), ("next", next)];
        let answer = browser.post("/sign-in", &fields);
        assert_eq!((answer.status, answer.location()), (303, "/"), "{next:?}");
        let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let answer = browser.get(&format!("/sign-in?next={query}"));
        assert_eq!((answer.status, answer.location()), (303, "/"), "{next:?}");
    }
    // Encoded once more they are plain letters of a path of ours.
    for next in ["/%2Fevil.example", "/%5Cevil.example", "/%0d%0aLocation:x"] {
        let fields = [("email", OFFICER), ("password", PASSWORD), ("next", next)];
        assert_eq!(browser.post("/sign-in", &fields).location(), next);
    }
}

#[test]
fn a_hash_of_weaker_parameters_is_replaced_at_the_next_sign_in() {
    let server = with_officer();
    let weak = {
        use argon2::password_hash::PasswordHasher as _;
        let params = argon2::Params::new(4096, 1, 1, None).unwrap();
        let argon =
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        argon
            .hash_password(PASSWORD.as_bytes())
            .unwrap()
            .to_string()
    };
    server.sql(&format!("UPDATE users SET password_hash = '{weak}'"));
    let weak = "SELECT count(*) AS count FROM users WHERE password_hash LIKE '%m=4096%'";
    assert_eq!(
        try_password(&server.browser(), OFFICER, "wrong").status,
        422
    );
    assert_eq!(server.count(weak), 1);
    server.signed_in(OFFICER);
    assert_eq!(server.count(weak), 0);
    server.signed_in(OFFICER);
}

#[test]
fn fifty_who_sign_in_at_once_do_not_hold_the_others_up() {
    let server = with_officer();
    let reader = server.signed_in(OFFICER);
    let began = std::time::Instant::now();
    let (slowest, whole) = std::thread::scope(|scope| {
        let others: Vec<_> = (0..50)
            .map(|number| {
                let (server, nobody) = (&server, format!("nobody-{number}@protocol.example"));
                scope.spawn(move || try_password(&server.browser(), &nobody, "wrong").status)
            })
            .collect();
        let mut slowest = std::time::Duration::ZERO;
        while others.iter().any(|other| !other.is_finished()) {
            let asked = std::time::Instant::now();
            assert_eq!(reader.get("/account").status, 200);
            slowest = slowest.max(asked.elapsed());
        }
        let statuses: Vec<u16> = others.into_iter().map(|one| one.join().unwrap()).collect();
        // All come from one address.
        assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 20);
        (slowest, began.elapsed())
    });
    assert!(slowest < whole / 2, "a page took {slowest:?} of {whole:?}");
}
