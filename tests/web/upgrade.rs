//! A server whose database a newer program has migrated.

use diesel::prelude::*;
use iikura::auth::account;
use iikura::auth::token::{self, TokenScope};
use iikura::core::text::TextLine;
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::server::Error;

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};
use support::server::{START, Server};

on_both!(
    older_servers_refuse_writes_once_a_newer_one_has_migrated,
    server_on_an_altered_schema_is_not_ready,
    unreadable_event_takes_no_other_from_the_lists,
);

const NEWER: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";

fn write_token(meeting: &Meeting) -> String {
    meeting
        .server
        .db
        .write_here(|conn| {
            let owner = account::by_email(conn, OFFICER)?.unwrap().user.id;
            let name = TextLine::parse("Upgrade").unwrap();
            let now = Moment::from_seconds(START);
            let secret = token::make(
                conn,
                owner,
                &name,
                TokenScope::Write,
                &Actor::command_line(),
                now,
            )?;
            Ok::<_, Error>(secret.reveal().to_owned())
        })
        .unwrap()
}

fn older_servers_refuse_writes_once_a_newer_one_has_migrated(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let token = write_token(&meeting);
    let (first, second) = (meeting.officer(), Server::start_on(scratch.url(), &[]));
    let officer = second.signed_in(OFFICER);
    let slot = meeting.slot("Working lunch");
    let headers = [
        ("authorization", format!("Bearer {token}")),
        ("content-type", "application/json".to_owned()),
    ];
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let book = |browser: &support::server::Browser| {
        let body = r#"{"kind": "other", "title": "Late", "starts_at": "2022-12-24T20:00:00+09:00", "ends_at": "2022-12-24T20:10:00+09:00", "delegations": ["KZ"]}"#;
        browser.post_as("/api/v1/events/ca-jad-9/slots", body, &headers)
    };
    let version = slot.version.to_string();
    let cancel = [("version", version.as_str())];
    let address = format!("/slots/{}/cancellation", slot.id.0);

    assert_eq!(first.get("/readyz").status, 200);
    assert_eq!(officer.get("/readyz").status, 200);
    let before = meeting.rows();
    meeting.server.sql(NEWER);
    for browser in [&first, &officer] {
        // The next look comes within a second.
        while browser.get("/readyz").status == 200 {}
        assert_eq!(browser.get("/readyz").status, 503);
        assert_eq!(browser.get("/healthz").status, 200);
        let page = browser.post(&address, &cancel);
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(
            page.body.contains("This server is being replaced")
                && page.body.contains("Nothing was stored"),
            "{}",
            page.body
        );
        let problem = book(browser);
        assert_eq!(problem.status, 503, "{}", problem.body);
        assert_eq!(problem.header("content-type"), "application/problem+json");
        assert_eq!(problem.header("retry-after"), "5");
        assert!(
            problem
                .body
                .contains("A newer Iikura has migrated the database"),
            "{}",
            problem.body
        );
        // What is read goes on until the newer server is there.
        assert_eq!(browser.get("/events/ca-jad-9").status, 200);
    }
    assert_eq!(meeting.rows(), before);

    sql_at_prompt(
        &meeting.server,
        "DELETE FROM __diesel_schema_migrations WHERE version = '9999'",
    );
    assert_eq!(first.post(&address, &cancel).status, 303);
    assert_eq!(book(&officer).status, 201);
}

fn server_on_an_altered_schema_is_not_ready(scratch: &Scratch) {
    let server = Server::start_on(scratch.url(), &[]);
    server.sql("CREATE INDEX mine ON users (name)");
    let browser = server.browser();
    assert_eq!(browser.get("/readyz").status, 503);
    server.sql("DROP INDEX mine");
    while browser.get("/readyz").status == 503 {}
    assert_eq!(browser.get("/readyz").status, 200);
}

fn unreadable_event_takes_no_other_from_the_lists(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let token = write_token(&meeting);
    let officer = meeting.officer();
    let list = || {
        let bearer = format!("Bearer {token}");
        let api = officer.get_as("/api/v1/events", &[("authorization", &bearer)]);
        let page = officer.get("/");
        assert_eq!(
            (api.status, page.status),
            (200, 200),
            "{} {}",
            api.body,
            page.body
        );
        [api.body, page.body]
    };
    let slug = "berlin";
    for body in list() {
        assert!(body.contains("ca-jad-9") && body.contains(slug), "{body}");
    }
    meeting
        .server
        .sql("UPDATE events SET time_zone = 'Mars/Olympus' WHERE slug = 'berlin'");
    for body in list() {
        assert!(body.contains("ca-jad-9") && !body.contains(slug), "{body}");
    }
    // Which of them it is, its own page says.
    meeting.server.app.programme_cache.forget(meeting.event);
    assert_eq!(officer.get("/events/ca-jad-9").status, 200);
}

/// Runs plain SQL as a person at a database prompt does: no server is asked whether it may.
pub fn sql_at_prompt(server: &Server, sql: &str) {
    let mut conn = iikura::db::connect(server.db.url()).unwrap();
    diesel::sql_query(sql).execute(&mut conn).unwrap();
}
