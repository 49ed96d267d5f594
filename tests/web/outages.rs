//! PostgreSQL goes away in the middle of a request: whoever asked is told that it is not to be had, whatever they did,
//! and nothing is stored.

use iikura::auth::account;
use iikura::auth::token::{self, TokenScope};
use iikura::core::text::TextLine;
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::server::Error;

use support::both::Scratch;
use support::meeting::{ADMIN, Meeting, OFFICER, SLOTS, free_slot, send};
use support::server::{Answer, START};

/// Ends its own connection, as an administrator or a restart would.
const END: &str = "CREATE FUNCTION end_connection() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NEW; END $$";

/// A row in this table ends the connection that writes it, before it is stored, until this is dropped.
struct Ending<'a>(&'a Meeting, &'static str);

impl<'a> Ending<'a> {
    fn at(meeting: &'a Meeting, table: &'static str) -> Self {
        let server = &meeting.server;
        server.sql(&format!(
            "CREATE TRIGGER end_connection BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION end_connection()"
        ));
        Self(meeting, table)
    }

    fn at_commit(meeting: &'a Meeting, table: &'static str) -> Self {
        let server = &meeting.server;
        server.sql(&format!(
            "CREATE CONSTRAINT TRIGGER end_connection AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION end_connection()"
        ));
        Self(meeting, table)
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let server = &self.0.server;
        server.sql(&format!("DROP TRIGGER end_connection ON {}", self.1));
    }
}

fn meeting(scratch: &Scratch) -> Meeting {
    let meeting = Meeting::on(scratch);
    meeting.server.sql(END);
    meeting
}

fn is_unavailable(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.body);
    assert_eq!(answer.header("retry-after"), "5", "{what}");
    assert!(
        answer.body.contains("does not answer") && answer.body.contains("Nothing was stored"),
        "{what}: {}",
        answer.body
    );
}

fn bearer(meeting: &Meeting) -> String {
    let made = meeting.server.db.write_here(|conn| {
        let user = account::by_email(conn, OFFICER)?.unwrap().user;
        let (name, now) = (
            TextLine::parse("Program").unwrap(),
            Moment::from_seconds(START),
        );
        let (scope, actor) = (TokenScope::Write, Actor::command_line());
        Ok::<_, Error>(token::make(conn, user.id, &name, scope, &actor, now)?)
    });
    format!("Bearer {}", made.unwrap().reveal())
}

#[test]
fn connection_lost_in_a_request_stores_nothing() {
    let scratch = Scratch::postgres();
    let meeting = meeting(&scratch);
    let (officer, admin) = (meeting.officer(), meeting.server.signed_in(ADMIN));
    let bearer = bearer(&meeting);
    let slot = meeting.slot("Japan–Kazakhstan");
    let confirm = || {
        officer.post(
            &format!("/slots/{}/confirmation", slot.id),
            &[("version", "1")],
        )
    };
    let book = || send(&officer, SLOTS, &free_slot());
    let invite = || {
        let fields = [
            ("name", "Jiro"),
            ("email", "jiro@protocol.example"),
            ("delivery", "mail"),
        ];
        admin.post("/users", &fields)
    };
    let book_by_program = || {
        let body = r#"{"kind": "bilateral", "title": "Evening", "room": "conference", "delegations": ["JP", "KZ"],
            "starts_at": "2022-12-24T18:30:00+09:00", "ends_at": "2022-12-24T19:00:00+09:00"}"#;
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        officer.post_as("/api/v1/events/ca-jad-9/slots", body, &headers)
    };
    let before = meeting.rows();
    let users = || meeting.server.count("SELECT count(*) AS count FROM users");
    let known = users();
    let ending = Ending::at(&meeting, "audit");
    is_unavailable("a page", &book());
    is_unavailable("the API", &book_by_program());
    drop(ending);
    let ending = Ending::at(&meeting, "outbox");
    is_unavailable("mail of a slot", &confirm());
    is_unavailable("mail of an account", &invite());
    drop(ending);
    assert_eq!((meeting.rows(), users()), (before, known));

    assert_eq!(confirm().status, 303);
    assert_eq!(book().status, 303);
    assert_eq!(invite().status, 303);
}

#[test]
fn connection_lost_at_commit_leaves_the_outcome_unknown() {
    let scratch = Scratch::postgres();
    let meeting = meeting(&scratch);
    let officer = meeting.officer();
    let before = meeting.rows();
    let ending = Ending::at_commit(&meeting, "slots");
    let answer = send(&officer, SLOTS, &free_slot());
    drop(ending);
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.header("retry-after"), "5");
    assert!(
        answer.body.contains("the outcome is unknown")
            && !answer.body.contains("Nothing was stored"),
        "{}",
        answer.body
    );
    assert_eq!(meeting.rows(), before);
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
}
