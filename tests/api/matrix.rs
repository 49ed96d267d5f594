//! Who may open what: every route of the server's own table against everybody who could knock. A route that has no line
//! here fails the test, so that nobody forgets to say for whom a new one is.

use std::collections::BTreeSet;

use iikura::auth::token::TokenScope;
use serde_json::json;

use crate::permissions::For::{Admins, Anyone, Deputies, Programs, Users};
use crate::permissions::MATRIX;
use crate::program::Program;
use crate::table::{everything, routes};
use crate::test_event::TestEvent;
use crate::visitor::{Pass, Verdict, Visitor};
use support::meeting::COLLEAGUE;

/// Asks and answers below [`BARE`] have no form of their own, or look at it before they ask who sent it: an empty one
/// gets through to that question.
const BARE: [&str; 10] = [
    "/account/sessions/{session}/end",
    "/events/{slug}/delegations/{code}/links",
    "/events/{slug}/delegations/{code}/removal",
    "/events/{slug}/rooms/{code}/removal",
    "/mail/inbox/{id}/handling",
    "/mail/pause",
    "/mail/{id}/retry",
    "/sign-in/code",
    "/sign-in/second-factor",
    "/sign-out",
];

fn all_routes(test_event: &TestEvent) -> BTreeSet<(String, String)> {
    let routes = routes(&test_event.meeting).into_iter();
    let routes = routes.flat_map(|(path, methods)| {
        methods
            .into_iter()
            .map(move |method| (method, path.clone()))
    });
    routes.collect()
}

#[test]
fn matrix_lists_exactly_the_routes() {
    let test_event = TestEvent::open();
    let known: BTreeSet<_> = MATRIX
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let there = all_routes(&test_event);
    let unsaid: Vec<_> = there.difference(&known).collect();
    assert!(
        unsaid.is_empty(),
        "say in MATRIX (tests/api/matrix.rs) for whom these are: {unsaid:?}"
    );
    let gone: Vec<_> = known.difference(&there).collect();
    assert!(gone.is_empty(), "no such routes any more: {gone:?}");
    assert_eq!(known.len(), MATRIX.len(), "each once");
}

#[test]
fn every_route_admits_only_its_roles() {
    let test_event = TestEvent::open();
    let visitors = test_event.visitors();
    let origin = test_event.meeting.server.origin.as_str();
    let mut wrong = Vec::new();
    let mut before = everything(&test_event.meeting.server);
    for &(method, path, whom) in MATRIX.iter().filter(|(_, path, _)| *path != "/sign-out") {
        for visitor in &visitors {
            let from_us = [("origin", origin)];
            let asked = test_event.fill(path, visitor);
            let answer = visitor.knock(origin, method, &asked, &from_us, BARE.contains(&path));
            let expected = visitor.expected(whom);
            // Not every mail that would be sent has a paper.
            let bare_mail = path.ends_with("/{copy}/enclosure") && answer.status == 404;
            if answer.verdict() != expected && !(expected == Verdict::Open && bare_mail) {
                wrong.push(format!(
                    "{method} {path}, {}: {} instead of {expected:?}",
                    visitor.name, answer.status
                ));
            }
            // Whoever is refused, and whoever only looks, leaves everything as it was.
            let after = everything(&test_event.meeting.server);
            if expected != Verdict::Open || method == "GET" {
                assert_eq!(
                    changed(&before, &after),
                    [""; 0],
                    "{method} {path}, {}",
                    visitor.name
                );
            }
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows that are new or gone.
fn changed<'a>(before: &'a str, after: &'a str) -> Vec<&'a str> {
    if before == after {
        return Vec::new();
    }
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (before.lines().collect(), after.lines().collect());
    before.symmetric_difference(&after).copied().collect()
}

#[test]
fn asking_for_the_head_alone_changes_nothing_either() {
    let test_event = TestEvent::open();
    let visitors = test_event.visitors();
    let before = everything(&test_event.meeting.server);
    for (path, _) in routes(&test_event.meeting) {
        for visitor in &visitors {
            for method in ["HEAD", "OPTIONS", "TRACE"] {
                let asked = test_event.fill(&path, visitor);
                let origin = &test_event.meeting.server.origin;
                let answer = visitor.knock(origin, method, &asked, &[], true);
                assert!(answer.status < 500, "{method} {asked}: {}", answer.status);
            }
        }
    }
    let after = everything(&test_event.meeting.server);
    assert_eq!(changed(&before, &after), [""; 0]);
}

#[test]
fn head_answers_as_get_without_a_body() {
    let test_event = TestEvent::open();
    let visitors = test_event.visitors();
    let server = &test_event.meeting.server;
    let mut waiting = server.app.usage.waiting();
    for &(_, path, _) in MATRIX.iter().filter(|(method, ..)| *method == "GET") {
        for visitor in &visitors {
            let asked = test_event.fill(path, visitor);
            let head = visitor.knock(&server.origin, "HEAD", &asked, &[], true);
            assert_eq!(head.body, b"", "{asked}");
            assert_eq!(
                server.app.usage.waiting(),
                waiting,
                "HEAD {asked} is no use"
            );
            let got = visitor.knock(&server.origin, "GET", &asked, &[], true);
            assert_eq!(head.status, got.status, "{asked}, {}", visitor.name);
            assert_eq!(head.headers, got.headers, "{asked}, {}", visitor.name);
            waiting = server.app.usage.waiting();
        }
    }
    assert!(waiting > 0, "GET is noted as use");
}

/// Headers that a browser sends along when another site is behind a request.
const FOREIGN: [&[(&str, &str)]; 5] = [
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "same-site"), ("origin", "null")],
];

#[test]
fn cross_site_requests_of_every_role_are_refused() {
    let test_event = TestEvent::open();
    let visitors = test_event.visitors();
    let before = everything(&test_event.meeting.server);
    for (method, path) in all_routes(&test_event) {
        if method == "GET" {
            continue;
        }
        for visitor in &visitors {
            // A program's token is nothing that a browser sends along by itself.
            if path.starts_with("/api") && matches!(visitor.pass, Pass::Token(..)) {
                continue;
            }
            for headers in FOREIGN {
                let asked = test_event.fill(&path, visitor);
                let origin = &test_event.meeting.server.origin;
                let answer = visitor.knock(origin, &method, &asked, headers, false);
                // The API knows no cookies.
                let refused = if path.starts_with("/api") { 401 } else { 403 };
                assert_eq!(answer.status, refused, "{method} {path}, {}", visitor.name);
            }
        }
    }
    let after = everything(&test_event.meeting.server);
    assert_eq!(changed(&before, &after), [""; 0]);
}

/// The same address with a name in it that is nobody's.
fn nobodys(path: &str, name: &str) -> String {
    let nothing = if name == "id" { "1" } else { "no-such" };
    path.replace(&format!("{{{name}}}"), nothing)
}

#[test]
fn objects_of_other_events_answer_like_missing_ones() {
    let test_event = TestEvent::open();
    let visitors = test_event.visitors();
    let origin = test_event.meeting.server.origin.as_str();
    let headers = [("origin", origin), ("if-match", "\"1\"")];
    let mut seen = 0;
    for &(method, path, whom) in MATRIX {
        let name = if path.contains("{slug}") {
            "slug"
        } else {
            "id"
        };
        if matches!(whom, Anyone | Users | Admins | Programs | Deputies) {
            continue;
        }
        for visitor in visitors
            .iter()
            .filter(|it| it.expected(whom) == Verdict::Missing)
        {
            for bare in [true, false] {
                let ask = |path: &str| {
                    visitor.knock(
                        origin,
                        method,
                        &test_event.fill(path, visitor),
                        &headers,
                        bare,
                    )
                };
                let (theirs, nothing) = (ask(path), ask(&nobodys(path, name)));
                assert_eq!(
                    theirs.told(),
                    nothing.told(),
                    "{method} {path}, {}",
                    visitor.name
                );
                assert!(!theirs.etag, "{method} {path}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen} looked at");
}

/// Everything that is put into an event names what is in that event: what is in another is as unknown there as what is
/// nowhere.
#[test]
fn what_is_in_another_event_is_unknown_in_this_one() {
    let test_event = TestEvent::open();
    // Under names that stand nowhere else on a page.
    let server = &test_event.meeting.server;
    server.sql("UPDATE resources SET code = 'ZQZQ' WHERE code = 'DE'");
    server.sql("UPDATE resources SET code = 'zqzq' WHERE code = 'saal'");
    let officer = &test_event.meeting.officer();
    let colleague = test_event.meeting.server.signed_in(COLLEAGUE);
    for browser in [officer, &colleague] {
        for path in [
            "/rooms/CODE",
            "/rooms/CODE/day",
            "/delegations/CODE",
            "/delegations/CODE/day",
            "/notices/CODE",
            "/interpreters/CODE",
            "/agenda.csv?delegation=CODE",
            "/agenda/card.pdf?delegation=CODE",
            "/free-slots?delegations=CODE&minutes=30",
        ] {
            let ask = |code: &str| {
                let answer = browser.get(&format!("/events/ca-jad-9{path}").replace("CODE", code));
                // What was asked for may stand in the answer, as it was typed.
                (answer.status, answer.body.replace(code, "CODE"))
            };
            for (there, nowhere) in [("ZQZQ", "ZXZX"), ("zqzq", "zxzx")] {
                assert_eq!(ask(there), ask(nowhere), "{path}");
            }
        }
        let book = |party: &str, room: &str| {
            let fields = [
                ("kind", "bilateral"),
                ("title", "Evening meeting"),
                ("day", "2022-12-24"),
                ("start", "18:30"),
                ("end", "19:00"),
                ("room", room),
                ("delegations", "JP"),
                ("delegations", party),
                ("state", "tentative"),
            ];
            let answer = browser.post("/events/ca-jad-9/slots", &fields);
            (
                answer.status,
                answer.body.replace(party, "PARTY").replace(room, "ROOM"),
            )
        };
        let (status, body) = book("ZQZQ", "zqzq");
        assert_eq!(status, 422);
        assert_eq!(book("ZXZX", "zxzx"), (status, body));
    }
    let program = Program::of(&test_event.meeting, COLLEAGUE, TokenScope::Write);
    let ask = |party: &str| {
        let wanted = json!({
            "kind": "bilateral", "title": "Evening meeting", "room": "conference",
            "starts_at": "2022-12-24T18:30:00+09:00", "ends_at": "2022-12-24T19:00:00+09:00",
            "delegations": ["JP", party], "interpreters": [],
        });
        let reply = program.post("/api/v1/events/ca-jad-9/slots", &wanted);
        (reply.status, reply.text().replace(party, "PARTY"))
    };
    assert_eq!(ask("ZQZQ").0, 422);
    assert_eq!(ask("ZQZQ"), ask("ZXZX"));
}

/// A link opens without an account, and answers for a delegation.
#[test]
fn no_page_gives_an_observer_what_a_delegation_answers_by() {
    let test_event = TestEvent::open();
    let visitors = test_event.visitors();
    let visitor = |name: &str| visitors.iter().find(|it| it.name == name).unwrap();
    let with_links = |visitor: &Visitor| {
        let mut found = BTreeSet::new();
        for (_, path, _) in MATRIX
            .iter()
            .filter(|(method, path, _)| *method == "GET" && !path.starts_with("/d/"))
        {
            let origin = &test_event.meeting.server.origin;
            let answer = visitor.knock(origin, "GET", &test_event.fill(path, visitor), &[], true);
            let body = String::from_utf8_lossy(&answer.body).replace("=\r\n", "");
            if [&test_event.link, &test_event.schedule]
                .iter()
                .any(|link| body.contains(&link[..20]))
            {
                found.insert(*path);
            }
        }
        found
    };
    for name in ["observer", "observer's token", "officer's writing token"] {
        assert_eq!(with_links(visitor(name)), BTreeSet::new(), "{name}");
    }
    let officers = with_links(visitor("officer"));
    assert!(
        officers.len() >= 3,
        "what is looked for is there: {officers:?}"
    );
}
