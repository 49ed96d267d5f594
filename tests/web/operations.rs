//! What a balancer asks, what a proxy says, and what a fault looks like from outside.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use iikura::auth::account;
use iikura::auth::token::{self, TokenScope};
use iikura::core::text::TextLine;
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::db::Db;
use iikura::server::Error;

use crate::upgrade::sql_at_prompt;
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};
use support::server::{Answer, Browser, START, Server};

on_both!(
    health_checks_reveal_nothing_else,
    internal_error_shows_the_request_id_of_the_header,
    a_header_of_a_stranger_resets_no_throttle,
    behind_a_proxy_the_last_stranger_is_counted,
    a_full_disk_stops_writing_alone_and_passes_by_itself,
);

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn ask_until(browser: &Browser, path: &str, status: u16) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = browser.get(path);
        if answer.status == status {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{path}: {}", answer.status);
    }
}

fn health_checks_reveal_nothing_else(scratch: &Scratch) {
    let server = Server::start_on(scratch.url(), &[]);
    let browser = server.browser();
    let told = |path: &str, status: u16| {
        let answer = ask_until(&browser, path, status);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.body
    };
    assert_eq!(told("/healthz", 200), "ok\n");
    assert_eq!(told("/readyz", 200), "ready\n");
    // As if a newer program had migrated it.
    let newest = "version = (SELECT max(version) FROM __diesel_schema_migrations)";
    server.sql(&format!(
        "UPDATE __diesel_schema_migrations SET version = '9' || version WHERE {newest}"
    ));
    assert_eq!(told("/readyz", 503), "not ready\n");
    assert_eq!(told("/healthz", 200), "ok\n");
    let back = format!(
        "UPDATE __diesel_schema_migrations SET version = substr(version, 2) WHERE {newest}"
    );
    sql_at_prompt(&server, &back);
    assert_eq!(told("/readyz", 200), "ready\n");
    // Metrics have an address of their own.
    assert_eq!(browser.get("/metrics").status, 404);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(browser.post(path, &[]).status, 404, "{path}");
        assert_eq!(browser.get(&format!("{path}/x")).status, 404, "{path}");
    }
}

fn internal_error_shows_the_request_id_of_the_header(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let token = token(&meeting);
    let id = officer.get("/").header("x-request-id").to_owned();
    assert_eq!(id.len(), 9, "{id}");
    assert_ne!(id, officer.get("/").header("x-request-id"));
    meeting.server.sql("ALTER TABLE slots RENAME TO elsewhere");
    meeting.server.app.programme_cache.forget(meeting.event);
    let page = officer.get("/events/ca-jad-9?view=list");
    let problem = officer.get_as(
        "/api/v1/events/ca-jad-9/programme",
        &[("authorization", &format!("Bearer {token}"))],
    );
    for answer in [page, problem] {
        assert_eq!(answer.status, 500, "{}", answer.body);
        let id = answer.header("x-request-id");
        assert!(
            answer.body.contains(&format!("this number: {id}")),
            "{id} in {}",
            answer.body
        );
        for inside in ["slots", "table", "relation", "SELECT"] {
            assert!(!answer.body.contains(inside), "{inside} in {}", answer.body);
        }
    }
    meeting.server.sql("ALTER TABLE elsewhere RENAME TO slots");
    assert_eq!(officer.get("/events/ca-jad-9?view=list").status, 200);
}

/// An officer's, to read by.
fn token(meeting: &Meeting) -> String {
    let made = meeting.server.db.write_here(|conn| {
        let user = account::by_email(conn, OFFICER)?.unwrap().user;
        let (name, now) = (
            TextLine::parse("Monitor").unwrap(),
            Moment::from_seconds(START),
        );
        let made = token::make(
            conn,
            user.id,
            &name,
            TokenScope::Read,
            &Actor::command_line(),
            now,
        );
        Ok::<_, Error>(made?)
    });
    made.unwrap().reveal().to_owned()
}

/// The clock of a test's server stands still in 2022, the database's does not.
#[cfg(feature = "postgres")]
#[test]
fn server_whose_clock_is_not_the_databases_is_not_ready() {
    use iikura::runtime::clock::Clock;
    use iikura::server::clock_difference::REFUSED_SECONDS;

    let scratch = Scratch::postgres();
    let server = Server::start_on(scratch.url(), &[]);
    let (browser, known) = (server.browser(), &server.app.clock_difference);
    ask_until(&browser, "/readyz", 200);
    known.compare(&server.db, &server.app.clock).unwrap();
    assert!(
        known
            .seconds()
            .is_some_and(|seconds| seconds < -REFUSED_SECONDS)
    );
    assert_eq!(browser.get("/readyz").status, 503);
    assert_eq!(browser.get("/healthz").status, 200);
    known.compare(&server.db, &Clock::system()).unwrap();
    assert_eq!(browser.get("/readyz").status, 200);
    let ahead = Clock::from_fn(|| Clock::system().now().plus(REFUSED_SECONDS + 2));
    known.compare(&server.db, &ahead).unwrap();
    assert_eq!(browser.get("/readyz").status, 503);
}

#[test]
fn clocks_are_not_compared_on_sqlite() {
    let server = Server::start();
    let known = &server.app.clock_difference;
    known.compare(&server.db, &server.app.clock).unwrap();
    assert_eq!(known.seconds(), None);
    ask_until(&server.browser(), "/readyz", 200);
}

/// A sign-in that fails, of another account each time.
fn guess(browser: &Browser, number: usize, headers: &[(&str, &str)]) -> u16 {
    let body = format!("email=nobody{number}%40protocol.example&password=wrong");
    let form = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    browser
        .post_as("/sign-in", &body, &[&form, headers].concat())
        .status
}

/// Presses the button of a private link that opens nothing.
fn press(browser: &Browser, headers: &[(&str, &str)]) -> u16 {
    let form = [("sec-fetch-site", "same-origin")];
    let answer = browser.post_as("/d/nothing", "", &[&form, headers].concat());
    answer.status
}

fn a_header_of_a_stranger_resets_no_throttle(scratch: &Scratch) {
    let server = Server::start_on(scratch.url(), &[]);
    let browser = server.browser();
    let status = |number: usize| {
        let forged = format!("198.51.100.{number}");
        let described = format!("for={forged}");
        let headers = [
            ("x-forwarded-for", forged.as_str()),
            ("forwarded", &described),
            ("x-real-ip", &forged),
        ];
        (guess(&browser, number, &headers), press(&browser, &headers))
    };
    for number in 1..=20 {
        assert_eq!(status(number), (422, 404), "{number}");
    }
    assert_eq!(status(21), (429, 404));
    let links: Vec<u16> = (22..=62).map(|number| status(number).1).collect();
    assert_eq!(links[..39], [404; 39]);
    assert_eq!(links[39..], [429; 2]);
}

fn behind_a_proxy_the_last_stranger_is_counted(scratch: &Scratch) {
    let server = Server::start_on(
        scratch.url(),
        &["--trusted-proxies", "127.0.0.1,10.0.0.0/8"],
    );
    let browser = server.browser();
    let from = |number: usize, list: &str| guess(&browser, number, &[("x-forwarded-for", list)]);
    for number in 1..=20 {
        assert_eq!(from(number, "198.51.100.9"), 422, "{number}");
    }
    assert_eq!(from(21, "198.51.100.9"), 429);
    // What the client wrote itself stands before it, what our own proxies wrote behind it.
    assert_eq!(from(22, "203.0.113.5, 198.51.100.9"), 429);
    assert_eq!(from(23, "203.0.113.6, 198.51.100.9, 10.1.2.3"), 429);
    // Others are not held up, and one customer of version 6 is one.
    assert_eq!(from(24, "203.0.113.7"), 422);
    for number in 30..50 {
        let list = format!("2001:db8:1:2::{number:x}");
        assert_eq!(from(number, &list), 422, "{list}");
    }
    assert_eq!(from(50, "2001:db8:1:2:ffff::1"), 429);
    assert_eq!(from(51, "2001:db8:1:3::1"), 422);
}

/// No more pages than there are now: SQLite then says what it says of a full disk. The limit is the connection's, and
/// one connection writes.
fn fill(db: &Db, full: bool) {
    let limit = if full { 1 } else { 1_000_000 };
    db.write_here(|conn| {
        diesel::sql_query(format!("PRAGMA max_page_count = {limit}")).execute(conn)?;
        Ok::<_, Error>(())
    })
    .unwrap();
}

/// What the operating system's error comes to in PostgreSQL, at every row that is written into the history.
const FULL_ON_POSTGRES: [&str; 2] = [
    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = 'disk_full'; \
     END $$",
    "CREATE TRIGGER full_disk BEFORE INSERT ON audit EXECUTE FUNCTION full_disk()",
];

fn a_full_disk_stops_writing_alone_and_passes_by_itself(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (server, officer, token) = (&meeting.server, meeting.officer(), token(&meeting));
    let note = "long ".repeat(300);
    let book = || {
        let fields = [
            ("kind", "bilateral"),
            ("title", "Sketch"),
            ("note", &note),
            ("day", "2022-12-24"),
            ("start", "18:30"),
            ("end", "19:00"),
            ("room", "conference"),
            ("delegations", "JP"),
            ("delegations", "KZ"),
            ("state", "pencilled"),
        ];
        officer.post("/events/ca-jad-9/slots", &fields)
    };
    assert_eq!(book().status, 303);
    // A connection on which a transaction broke is replaced by another, which knows of no limit.
    let disk_is = |full: bool| {
        if !server.db.is_shared() {
            fill(&server.db, full);
        }
    };
    if server.db.is_shared() {
        for sql in FULL_ON_POSTGRES {
            server.sql(sql);
        }
    }
    disk_is(true);
    // What little room there still is in the last pages is used up.
    let mut before = meeting.rows();
    let mut answer = book();
    for _ in 0..200 {
        if answer.status != 303 {
            break;
        }
        before = meeting.rows();
        answer = book();
    }
    assert_eq!(answer.status, 507, "{}", answer.body);
    assert!(
        answer.body.contains("The storage is full") && answer.body.contains("Nothing was stored.")
    );
    assert_eq!(meeting.rows(), before);
    for path in [
        "/events/ca-jad-9",
        "/events/ca-jad-9?view=list",
        "/events/ca-jad-9/agenda.csv",
        "/events/ca-jad-9/history",
    ] {
        assert_eq!(officer.get(path).status, 200, "{path}");
    }
    let bearer = format!("Bearer {token}");
    let read = officer.get_as("/api/v1/events", &[("authorization", &bearer)]);
    assert_eq!(read.status, 200);
    disk_is(true);
    assert_eq!(book().status, 507, "still full");
    assert_eq!(meeting.rows(), before);
    // On PostgreSQL a trigger stands for the full disk, and a schema with one more is not ready.
    if !server.db.is_shared() {
        assert_eq!(
            officer.get("/readyz").status,
            200,
            "pages are still to be read"
        );
    }

    if server.db.is_shared() {
        server.sql("DROP TRIGGER full_disk ON audit");
    }
    disk_is(false);
    assert_eq!(book().status, 303);
    assert_eq!(
        server.count("SELECT count(*) AS count FROM occupancy WHERE ends_at <= starts_at"),
        0
    );
}
