//! Users: added, changed and disabled by administrators; one's own password and sessions.

use support::server::{PASSWORD, Server};

const ADMIN: &str = "admin@protocol.example";

fn with_admin() -> (Server, i64) {
    let server = Server::start();
    let id = server.user(ADMIN, "Admin", true, &[]).0;
    (server, id)
}

#[test]
fn an_administrator_adds_a_user_who_can_sign_in() {
    let (server, _) = with_admin();
    let browser = server.signed_in(ADMIN);
    let name = "\"><img src=x onerror=alert(1)>";
    let answer = browser.post(
        "/users",
        &[
            ("name", name),
            ("email", "New@Protocol.example"),
            ("delivery", "hand"),
        ],
    );
    assert_eq!(answer.status, 200);
    let (_, link) = answer.body.split_once("/password/").unwrap();
    let link = format!("/password/{}", link.split('<').next().unwrap());
    let user = server.count("SELECT id AS count FROM users WHERE email = 'new@protocol.example'");
    let typed = "copper lantern forty";
    let opened = server.browser().get(&link).body;
    assert!(opened.contains("&#60;img src=x") && !opened.contains("<img src=x"));
    let fields = [("new_password", typed), ("repeated_password", typed)];
    assert_eq!(server.browser().post(&link, &fields).status, 303);
    for path in [format!("/users/{user}").as_str(), "/users"] {
        let body = browser.get(path).body;
        assert!(
            body.contains("&#60;img src=x") && !body.contains("<img src=x"),
            "{path}"
        );
    }
    let signed_in = server.browser().post(
        "/sign-in",
        &[
            ("email", "new@protocol.example"),
            ("password", "copper lantern forty"),
        ],
    );
    assert_eq!(signed_in.status, 303);
    assert_eq!(
        server.count(
            "SELECT count(*) AS count FROM audit WHERE action = 'user.added' AND actor LIKE 'user %' AND actor_id = (SELECT id FROM users WHERE name = 'Admin')"
        ),
        1
    );
    assert_eq!(server.count("SELECT count(*) AS count FROM audit WHERE after_json LIKE '%argon2%' OR after_json LIKE '%copper%'"), 0);
}

#[test]
fn a_rejected_user_comes_back_filled_in() {
    let (server, _) = with_admin();
    let browser = server.signed_in(ADMIN);
    let answer = browser.post(
        "/users",
        &[
            ("name", "New\r\nBcc: x"),
            ("email", "new@protocol"),
            ("delivery", "hand"),
            ("admin", "1"),
        ],
    );
    assert_eq!(answer.status, 422);
    for part in [
        "<title>Error: Add a user",
        "Name contains a line break",
        "E-mail address is not an e-mail address",
        "value=\"new@protocol\"",
        "value=\"1\" checked",
        "value=\"hand\" checked",
    ] {
        assert!(answer.body.contains(part), "{part}");
    }
    let taken = browser.post(
        "/users",
        &[("name", "Other"), ("email", "ADMIN@protocol.example")],
    );
    assert_eq!(taken.status, 422);
    assert!(
        taken
            .body
            .contains("Another account has this e-mail address")
    );
}

#[test]
fn the_last_administrator_stays() {
    let (server, id) = with_admin();
    let browser = server.signed_in(ADMIN);
    assert_eq!(
        browser
            .post(&format!("/users/{id}/disablement"), &[])
            .status,
        409
    );
    let answer = browser.post(&format!("/users/{id}"), &[("name", "Admin")]);
    assert_eq!(answer.status, 422);
    assert!(
        answer
            .body
            .contains("This is the last administrator who can sign in")
    );
    let second = server
        .user("second@protocol.example", "Second", true, &[])
        .0;
    assert_eq!(
        browser
            .post(&format!("/users/{second}/disablement"), &[])
            .status,
        303
    );
    assert_eq!(
        browser
            .post(&format!("/users/{id}/disablement"), &[])
            .status,
        409,
        "a disabled one does not count"
    );
}

#[test]
fn disabling_ends_the_users_sessions_at_once() {
    let (server, _) = with_admin();
    let user = server.user("aki@protocol.example", "Aki", false, &[]).0;
    let (admin, aki) = (
        server.signed_in(ADMIN),
        server.signed_in("aki@protocol.example"),
    );
    assert_eq!(aki.get("/account").status, 200);
    let answer = admin.post(&format!("/users/{user}/disablement"), &[]);
    assert_eq!(
        answer.location(),
        format!("/users/{user}?done=user-disabled")
    );
    assert_eq!(aki.get("/account").status, 303);
    assert_eq!(
        admin.post(&format!("/users/{user}/enablement"), &[]).status,
        303
    );
    assert_eq!(
        aki.get("/account").status,
        303,
        "an old session does not come back"
    );
    server.signed_in("aki@protocol.example");
}

#[test]
fn a_new_password_needs_the_current_one_and_ends_other_sessions() {
    let (server, _) = with_admin();
    let (here, there) = (server.signed_in(ADMIN), server.signed_in(ADMIN));
    let wrong = here.post(
        "/account/password",
        &[
            ("current_password", "wrong"),
            ("new_password", "copper lantern forty"),
        ],
    );
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("The current password is wrong"));
    assert_eq!(there.get("/account").status, 200);
    let changed = here.post(
        "/account/password",
        &[
            ("current_password", PASSWORD),
            ("new_password", "copper lantern forty"),
        ],
    );
    assert_eq!(changed.location(), "/account?done=password-changed");
    assert_eq!(here.get("/account").status, 200);
    assert_eq!(there.get("/account").status, 303);
    let old = server
        .browser()
        .post("/sign-in", &[("email", ADMIN), ("password", PASSWORD)]);
    assert_eq!(old.status, 422);
}

#[test]
fn administrator_ends_sessions_of_any_user_at_once() {
    let (server, _) = with_admin();
    let aki = "aki@protocol.example";
    let user = server.user(aki, "Aki", false, &[]).0;
    let other = server.user("ben@protocol.example", "Ben", false, &[]).0;
    let (admin, here, there) = (
        server.signed_in(ADMIN),
        server.signed_in(aki),
        server.signed_in(aki),
    );
    let bystander = server.signed_in("ben@protocol.example");
    let page = admin.get(&format!("/users/{user}")).body;
    let path = format!("/users/{user}/sessions/end");
    assert!(page.contains(&format!("action=\"{path}\"")), "{page}");
    assert_eq!(here.post(&path, &[]).status, 403, "nobody else ends any");
    assert_eq!(here.get("/account").status, 200);

    let ended = admin.post(&path, &[]);
    assert_eq!(
        (ended.status, ended.location()),
        (303, format!("/users/{user}?done=session-ended").as_str())
    );
    for browser in [&here, &there] {
        let next = browser.get("/account");
        assert_eq!(
            (next.status, next.location()),
            (303, "/sign-in?next=%2Faccount")
        );
        let sent = browser.post("/account/password", &[]);
        assert_eq!(sent.status, 401, "neither does anything that was under way");
    }
    assert_eq!(bystander.get("/account").status, 200);
    assert_eq!(admin.get(ended.location()).status, 200);
    let noted = "SELECT count(*) AS count FROM audit WHERE action = 'user.sessions_ended'";
    assert_eq!(server.count(noted), 1);
    // The account itself is as it was, and of their own an administrator keeps the session that asks.
    assert_eq!(server.signed_in(aki).get("/account").status, 200);
    assert_ne!(other, user);
    assert_eq!(admin.post("/users/1/sessions/end", &[]).status, 404);
}

#[test]
fn user_ends_their_other_sessions() {
    let (server, _) = with_admin();
    let (here, there) = (server.signed_in(ADMIN), server.signed_in(ADMIN));
    let page = here.get("/account").body;
    let at = page.find("/account/sessions/").unwrap();
    let path = &page[at..at + page[at..].find('"').unwrap()];
    let stranger = {
        server.user("aki@protocol.example", "Aki", false, &[]);
        server.signed_in("aki@protocol.example")
    };
    assert_eq!(stranger.post(path, &[]).status, 404);
    assert_eq!(here.post(path, &[]).status, 303);
    assert_eq!(here.get("/account").status, 200);
    assert_eq!(there.get("/account").status, 303);
}
