//! What comes from elsewhere, is too much or makes no sense; and the headers of every answer.

use iikura::core::event::EventId;
use iikura::core::user::EventRole;

use support::server::{PASSWORD, Server};

/// Every address that takes a form, as the routes have it, with 1 for each part that varies.
fn posts() -> Vec<String> {
    let routes = include_str!("../../src/routes.rs");
    let posts: Vec<String> = routes
        .split(".route(")
        .skip(1)
        .filter(|route| route.contains("web::post()"))
        .map(|route| {
            let path = route.split('"').nth(1).unwrap();
            let parts = path
                .split('/')
                .map(|part| if part.starts_with('{') { "1" } else { part });
            parts.collect::<Vec<_>>().join("/")
        })
        .collect();
    assert!(
        posts.len() > 20 && posts.contains(&"/slots/1/confirmation".to_owned()),
        "{posts:?}"
    );
    posts
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[test]
fn nothing_is_done_for_another_site() {
    let server = Server::start();
    server.user("admin@protocol.example", "Admin", true, &[]);
    let browser = server.signed_in("admin@protocol.example");
    let ours = server.origin.clone();
    for path in &posts() {
        for headers in [
            &[("origin", "https://evil.example"), FORM][..],
            &[("origin", "null"), FORM],
            &[("sec-fetch-site", "cross-site"), FORM],
            &[("sec-fetch-site", "same-site"), FORM],
            &[("sec-fetch-site", "cross-site"), ("origin", &ours), FORM],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.example"),
                FORM,
            ],
            &[("sec-fetch-site", "none"), ("origin", "null"), FORM],
            &[FORM],
        ] {
            let answer = browser.post_as(path, "", headers);
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
    }
    assert_eq!(browser.get("/account").status, 200, "still signed in");
    for headers in [
        &[("sec-fetch-site", "same-origin"), FORM][..],
        &[("sec-fetch-site", "none"), FORM],
        &[("origin", &ours), FORM],
    ] {
        assert_eq!(
            browser.post_as("/account/password", "", headers).status,
            422,
            "{headers:?}"
        );
    }
}

#[test]
fn with_a_public_address_only_that_one_is_ours() {
    let server = Server::start_with(&["--public-url", "https://iikura.example"]);
    let browser = server.browser();
    assert_eq!(browser.post("/sign-out", &[]).status, 403);
    let answer = browser.post_as(
        "/sign-out",
        "",
        &[("origin", "https://iikura.example"), FORM],
    );
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000; includeSubDomains"
    );
}

#[test]
fn every_answer_has_its_headers() {
    let server = Server::start();
    let browser = server.browser();
    let answers = [
        browser.get("/sign-in"),
        browser.get("/users"),
        browser.get("/no-such-page"),
        browser.get("/sign-out"),
        browser.post_as("/sign-in", "x", &[("origin", "null")]),
        browser.post_as("/sign-in", "a=%zz", &[("origin", &server.origin), FORM]),
    ];
    for answer in answers {
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'; script-src 'self'; style-src 'self'")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}

#[test]
fn what_is_missing_or_malformed_gets_a_page() {
    let server = Server::start();
    let browser = server.browser();
    for (answer, status) in [
        (browser.get("/no-such-page"), 404),
        (browser.get("/assets/app-0000.css"), 404),
        (browser.get("/sign-out"), 404),
        (
            browser.post_as("/sign-in", "a=%zz", &[("origin", &server.origin), FORM]),
            400,
        ),
        (
            browser.post(
                "/sign-in",
                &[("email", "a"), ("password", "b"), ("admin", "1")],
            ),
            400,
        ),
        (
            browser.post_as(
                "/sign-in",
                "email=a",
                &[("origin", &server.origin), ("content-type", "text/plain")],
            ),
            415,
        ),
        (
            browser.post_as(
                "/sign-in",
                "{}",
                &[
                    ("origin", &server.origin),
                    ("content-type", "application/json"),
                ],
            ),
            415,
        ),
        (
            browser.post("/users", &[("name", &"x".repeat(300 * 1024))]),
            413,
        ),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(
            answer.body.contains("<h1>") && answer.body.contains("Your events"),
            "{}",
            answer.body
        );
    }
}

#[test]
fn assets_are_cached_for_ever_by_content_hash() {
    let server = Server::start();
    let browser = server.browser();
    let page = browser.get("/sign-in").body;
    let at = page.find("/assets/app-").unwrap();
    let answer = browser.get(&page[at..at + page[at..].find('"').unwrap()]);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
}

#[test]
fn users_page_is_for_administrators_only() {
    let server = Server::start();
    server.user("observer@press.example", "Press", false, &[]);
    let browser = server.signed_in("observer@press.example");
    for path in ["/users", "/users/new", "/users/1"] {
        assert_eq!(browser.get(path).status, 403, "{path}");
    }
    for path in posts().iter().filter(|path| path.starts_with("/users")) {
        assert_eq!(browser.post(path, &[]).status, 403, "{path}");
        let answer = server.browser().post(path, &[]);
        assert_eq!(answer.status, 401, "{path}");
    }
}

#[test]
fn a_role_is_for_one_event_only() {
    let server = Server::start();
    for (id, slug) in [(1, "ca-jad-9"), (2, "other")] {
        server.sql(&support::sql::event(id, slug));
    }
    let user = server.user(
        "officer@protocol.example",
        "Aki",
        false,
        &[(EventId(1), EventRole::Officer)],
    );
    let found = |slug: &str| {
        server
            .db
            .read_here(|conn| {
                Ok::<_, iikura::server::Error>(iikura::auth::store::role_at(conn, user, slug)?)
            })
            .unwrap()
    };
    assert_eq!(found("ca-jad-9").unwrap().role, Some(EventRole::Officer));
    assert_eq!(found("other").unwrap().role, None);
    assert_eq!(found("none"), None);
    assert_eq!(
        server
            .signed_in("officer@protocol.example")
            .post("/users", &[("x", PASSWORD)])
            .status,
        403
    );
}

#[test]
fn every_signed_in_page_has_a_button_to_sign_out() {
    let meeting = support::meeting::Meeting::on(&support::both::Scratch::sqlite());
    let browser = meeting.server.signed_in(support::meeting::ADMIN);
    let slot = meeting.slot("Uzbekistan").id;
    let routes = include_str!("../../src/routes.rs");
    let pages = routes
        .split(".route(")
        .skip(1)
        .filter(|route| route.contains("web::get()"))
        .map(|route| {
            let path = route
                .split('"')
                .nth(1)
                .unwrap()
                .replace("{slug}", "ca-jad-9");
            let path = path.replace("/slots/{id}", &format!("/slots/{slot}"));
            let path = path.replace("{code}", "UZ").replace("{user}", "1");
            path.replace("{topic}", "mail")
        })
        // A stream, and the way in and the delegations' pages, where nobody is signed in.
        .filter(|path| !path.ends_with("/live"))
        .filter(|path| !path.starts_with("/d/") && !path.starts_with("/schedule/"));
    let mut seen = 0;
    for path in pages {
        let (status, bytes) = browser.file(&path);
        let body = String::from_utf8_lossy(&bytes);
        if status == 200 && body.starts_with("<!DOCTYPE html>") && !path.contains("agenda.") {
            let button = "<form method=\"post\" action=\"/sign-out\"><button";
            assert!(body.contains(button), "{path}");
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}
