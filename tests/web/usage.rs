//! Reading writes nothing: when something was last used is gathered and written later, and no page waits for a lock.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use iikura::db::DatabaseUrl;
use iikura::jobs::maintenance::Maintenance;

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};
use support::rows::rows;
use support::server::{PASSWORD, START, Server};

on_both!(
    officer_who_only_reads_stays_signed_in_and_writes_nothing,
    another_server_sees_marks_once_they_are_written,
    used_tokens_and_links_are_shown_before_and_after_the_write,
);

const LAST_SEEN: &str = "SELECT max(last_seen_at) AS count FROM sessions";

fn officer_who_only_reads_stays_signed_in_and_writes_nothing(scratch: &Scratch) {
    let server = Server::start_on(scratch.url(), &[]);
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    let browser = server.signed_in(OFFICER);
    let before = rows(&server.db);
    // Two hours, twenty minutes apart, and nothing is written.
    for _ in 0..6 {
        server.pass(20 * 60);
        assert_eq!(browser.get("/account").status, 200);
    }
    assert_eq!(rows(&server.db), before);
    Maintenance::new(&server.app).flush();
    assert_eq!(server.count(LAST_SEEN), START + 6 * 20 * 60);
    assert_eq!(server.app.usage.waiting(), 0);
    // The idle limit counts from the last use.
    server.pass(30 * 60);
    assert_eq!(browser.get("/account").status, 303);
    Maintenance::new(&server.app).flush();
    assert_eq!(server.count("SELECT count(*) AS count FROM sessions"), 0);
}

fn another_server_sees_marks_once_they_are_written(scratch: &Scratch) {
    let one = Server::start_on(scratch.url(), &[]);
    let other = Server::start_with_secret_of(&one, scratch.url());
    one.user(OFFICER, "Aki Tanaka", false, &[]);
    let browser = one.signed_in(OFFICER);
    let elsewhere = support::server::Browser::new(&other.origin);
    elsewhere.set_cookie(browser.cookie());
    for server in [&one, &other] {
        server.pass(20 * 60);
    }
    assert_eq!(browser.get("/account").status, 200);
    Maintenance::new(&one.app).flush();
    for server in [&one, &other] {
        server.pass(20 * 60);
    }
    assert_eq!(elsewhere.get("/account").status, 200);
    // What one server saw to be over is not deleted while another has stored a later use.
    Maintenance::new(&other.app).flush();
    one.pass(15 * 60);
    assert_eq!(
        browser.get("/account").status,
        200,
        "used there, fifteen minutes ago"
    );
}

fn used_tokens_and_links_are_shown_before_and_after_the_write(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (server, officer) = (&meeting.server, meeting.officer());
    let made = officer.post(
        "/account/tokens",
        &[
            ("name", "Monitor"),
            ("scope", "read"),
            ("current_password", PASSWORD),
        ],
    );
    let (_, token) = made.body.split_once("iikura_").unwrap();
    let bearer = format!("Bearer iikura_{}", &token[..43]);
    let made = officer.post(
        "/events/ca-jad-9/agenda/calendars",
        &[("name", "Mine"), ("current_password", PASSWORD)],
    );
    let (_, link) = made.body.split_once("/calendars/").unwrap();
    let link = format!(
        "/calendars/{}/programme.ics",
        link.split('/').next().unwrap()
    );
    let before = rows(&server.db);
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(officer.get_as("/api/v1/events", &headers).status, 200);
    assert_eq!(server.browser().get(&link).status, 200);
    assert_eq!(rows(&server.db), before);
    let shown = || {
        let pages = ["/account", "/events/ca-jad-9/agenda"];
        pages.map(|page| officer.get(page).body.contains("never"))
    };
    assert_eq!(shown(), [false; 2]);
    Maintenance::new(&server.app).flush();
    assert_eq!(server.app.usage.waiting(), 0);
    assert_eq!(shown(), [false; 2]);
    for table in ["api_tokens", "calendar_links"] {
        let used = format!("SELECT count(*) AS count FROM {table} WHERE last_used_at = {START}");
        assert_eq!(server.count(&used), 1, "{table}");
    }
}

/// An import in another process holds SQLite's write lock for as long as this test likes.
#[test]
fn pages_and_health_answer_while_another_process_writes() {
    let scratch = Scratch::sqlite();
    let meeting = Meeting::on(&scratch);
    let (server, officer) = (&meeting.server, meeting.officer());
    // Every session is due for a mark.
    server.pass(10 * 60);
    let url: DatabaseUrl = scratch.url().parse().unwrap();
    let mut import = SqliteConnection::establish(url.sqlite_path().unwrap()).unwrap();
    import.batch_execute("BEGIN IMMEDIATE").unwrap();
    // SQLite gives a waiting write up after fifteen seconds: whoever waits for the lock is not done before.
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(14)))
        .build()
        .into();
    let cookie = officer.cookie().unwrap();
    std::thread::scope(|scope| {
        for path in ["/account", "/events/ca-jad-9", "/healthz", "/readyz"] {
            for _ in 0..4 {
                let (agent, cookie) = (&agent, &cookie);
                scope.spawn(move || {
                    let asked = agent.get(format!("{}{path}", server.origin));
                    let answer = asked.header("cookie", cookie).call();
                    let status = answer.map(|answer| answer.status().as_u16());
                    assert_eq!(status.unwrap(), 200, "{path}");
                });
            }
        }
    });
    import.batch_execute("ROLLBACK").unwrap();
}
