//! Administrators see who has to wait after too many tries, and lift it.

use support::both::{Scratch, on_both};
use support::rows::rows;
use support::server::{Browser, PASSWORD, Server};

on_both!(
    administrator_lifts_a_lockout_and_the_owner_signs_in,
    lockout_that_is_none_cannot_be_lifted,
);

const ADMIN: &str = "admin@protocol.example";
const OFFICER: &str = "officer@protocol.example";

fn staffed(scratch: &Scratch) -> (Server, Browser) {
    let server = Server::start_on(scratch.url(), &[]);
    server.user(ADMIN, "Admin", true, &[]);
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    let admin = server.signed_in(ADMIN);
    (server, admin)
}

fn sign_in(browser: &Browser, email: &str, password: &str) -> u16 {
    let fields = [("email", email), ("password", password)];
    browser.post("/sign-in", &fields).status
}

/// Presses the button beside these words.
fn lift(admin: &Browser, words: &str) -> String {
    let page = admin.get("/users/lockouts");
    let line = page.body.split("<tr>").find(|line| line.contains(words));
    assert!(line.is_some(), "{words} in {}", page.body);
    let (_, rest) = line.unwrap().split_once("name=\"key\" value=\"").unwrap();
    let key = rest.split('"').next().unwrap().replace("&#38;", "&");
    let lifted = admin.post("/users/lockouts/removal", &[("key", &key)]);
    assert_eq!(
        (lifted.status, lifted.location()),
        (303, "/users/lockouts?done=lockout-lifted")
    );
    key
}

fn administrator_lifts_a_lockout_and_the_owner_signs_in(scratch: &Scratch) {
    let (server, admin) = staffed(scratch);
    let empty = admin.get("/users/lockouts");
    assert!(empty.body.contains("No account and no network is locked."));
    let browser = server.browser();
    for _ in 0..5 {
        assert_eq!(sign_in(&browser, OFFICER, "wrong"), 422);
    }
    for number in 0..15 {
        let email = format!("nobody-{}@protocol.example", number / 5);
        assert_eq!(sign_in(&browser, &email, "wrong"), 422, "{number}");
    }
    assert_eq!(sign_in(&browser, OFFICER, PASSWORD), 429);
    let page = admin.get("/users/lockouts");
    assert!(
        page.body.contains("Sign-ins of Aki Tanaka"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Sign-ins from 127.0.0.1"));
    assert!(
        page.body.contains("24 December 2022, 05:15 UTC"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("without an account: 3."),
        "{}",
        page.body
    );
    assert!(!page.body.contains("nobody-"));
    lift(&admin, "Sign-ins of Aki Tanaka");
    assert_eq!(
        sign_in(&browser, OFFICER, PASSWORD),
        429,
        "the address waits"
    );
    lift(&admin, "Sign-ins from 127.0.0.1");
    assert_eq!(sign_in(&browser, OFFICER, PASSWORD), 303);
    assert_eq!(
        server.count("SELECT count(*) AS count FROM audit WHERE subject LIKE '%Aki%' AND action = 'lockout.lifted'"),
        0,
        "the history has a pseudonym"
    );
    for subject in ["Sign-ins of user %", "Sign-ins from 127.0.0.1"] {
        let query = format!("SELECT count(*) AS count FROM audit WHERE subject LIKE '{subject}'");
        assert_eq!(server.count(&query), 1, "{subject}");
    }
    let history = admin.get("/audit").body;
    assert!(history.contains("lockout lifted"), "{history}");
    assert_eq!(
        server.count("SELECT count(*) AS count FROM audit WHERE action = 'lockout.lifted' AND actor LIKE 'user %'"),
        2
    );
}

fn lockout_that_is_none_cannot_be_lifted(scratch: &Scratch) {
    let (server, admin) = staffed(scratch);
    let browser = server.browser();
    for _ in 0..4 {
        assert_eq!(sign_in(&browser, OFFICER, "wrong"), 422);
    }
    // Nothing below its limit is listed, and nothing that is not listed is lifted.
    assert!(!admin.get("/users/lockouts").body.contains("Sign-ins of"));
    let before = rows(&server.db);
    for key in ["", "address:127.0.0.1", "account:0", "x:y", "opening:a:b"] {
        let refused = admin.post("/users/lockouts/removal", &[("key", key)]);
        assert_eq!(refused.status, 409, "{key}");
        assert!(refused.body.contains("this lock-out has ended"), "{key}");
    }
    assert_eq!(
        admin.post("/users/lockouts/removal", &[("k", "")]).status,
        400
    );
    assert_eq!(rows(&server.db), before);
}
