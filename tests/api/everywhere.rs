//! The walk over every route that the server has, taken from its own table: whoever has no part in a bilateral finds no
//! trace of it, in no document and in no error.

use std::collections::BTreeSet;

use iikura::auth::token::TokenScope;
use iikura::core::text_enum::TextEnum;
use iikura::documents::format::Format;
use iikura::documents::pdf::Sheet;
use iikura::mail::contents::contents;
use iikura::mail::outbox;
use iikura::server::Error;
use serde_json::json;

use crate::program::Program;
use crate::table::routes;
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER, STRANGER};
use support::server::Browser;

on_both!(no_route_reveals_bilaterals_without_a_role);

/// Stands in the title of Uzbekistan's bilateral, and so in the mails about it.
const CANARY: &str = "canarybird";
/// End the session that walks, and what a private link left in its browser.
const ENDS_THE_WALK: [&str; 2] = ["/sign-out", "/closure"];
/// Never ends, for those who may watch.
const NEVER_ENDS: &str = "/events/{slug}/live";

/// What can stand in a path.
struct Places {
    /// Slots and mails, Uzbekistan's among them.
    ids: Vec<String>,
    /// Kazakhstan's own links, and one that is none.
    tokens: Vec<String>,
}

impl Places {
    /// A path with everything that can stand in it.
    fn fill(&self, path: &str) -> Vec<String> {
        let Some((before, rest)) = path.split_once('{') else {
            return vec![path.to_owned()];
        };
        let (name, after) = rest.split_once('}').unwrap();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let values: Vec<String> = match name {
            "slug" => words(&["ca-jad-9"]),
            "id" | "contact" => self.ids.clone(),
            "token" => self.tokens.clone(),
            // Of delegations, rooms and interpreters.
            "code" => words(&["KZ", "UZ", "conference", "ru-1", "nobody"]),
            "format" => {
                let formats = Format::ALL.iter().map(|format| format.as_str().to_owned());
                formats.chain(["doc".to_owned()]).collect()
            }
            "sheet" => Sheet::ALL.iter().map(|it| it.as_str().to_owned()).collect(),
            "page" => words(&["1", "2"]),
            "copy" => words(&["1", "liaison"]),
            "topic" => words(&["mail", "nothing"]),
            "user" | "session" | "file" => words(&["1"]),
            new => panic!("say in this test what can stand for {{{new}}} in {path}"),
        };
        let filled = values
            .iter()
            .map(|value| format!("{before}{value}{after}"))
            .flat_map(|path: String| self.fill(&path));
        filled.collect()
    }
}

/// Confirms both bilaterals, Uzbekistan's under a name of its own.
fn prepare(meeting: &Meeting) -> Places {
    let officer = Program::of(meeting, OFFICER, TokenScope::Write);
    let mut ids = Vec::new();
    for guest in ["Uzbekistan", "Kazakhstan"] {
        let slot = meeting.slot(guest);
        let path = format!("/api/v1/slots/{}", slot.id);
        if guest == "Uzbekistan" {
            let title = json!({ "title": format!("{guest} {CANARY}") });
            officer
                .patch(&path, &json!(slot.version), &title)
                .given(200);
        }
        let confirmed = officer.post(&format!("{path}/confirmation"), &json!({}));
        assert_eq!(confirmed.status, 200, "{}", confirmed.text());
        ids.push(slot.id.to_string());
    }
    let mails = meeting.server.db.read_here(|conn| {
        let mut mails = Vec::new();
        for mail in outbox::list(conn, Some(meeting.event), 100)? {
            mails.extend(outbox::get(conn, mail.id)?);
        }
        Ok::<_, Error>(mails)
    });
    let mut tokens = vec!["forged".to_owned()];
    for mail in mails.unwrap() {
        ids.push(mail.summary.id.to_string());
        if mail.summary.recipient.starts_with("kz@") {
            let plain = contents(&mail.raw).plain;
            let links = plain.split("/d/").skip(1);
            tokens.extend(links.map(|rest| {
                let token = rest.split_whitespace().next().unwrap();
                token.split('/').next().unwrap().to_owned()
            }));
        }
    }
    assert_eq!(
        tokens.len(),
        3,
        "one link to answer by, one to the schedule"
    );
    meeting.server.sql(&format!(
        "INSERT INTO inbox (id, dedupe_key, event_id, outcome, why, sender, subject, body, received_at)
         VALUES (7, 'x', {}, 'person', '{CANARY}', '', '{CANARY}', '{CANARY}', 0)",
        meeting.event.0
    ));
    ids.push("7".to_owned());
    Places { ids, tokens }
}

/// The routes whose answers, headers and all, have the word.
fn speaking(
    routes: &[(String, Vec<String>)],
    places: &Places,
    mut ask: impl FnMut(&str, &str) -> Option<String>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, methods) in routes {
        for filled in places.fill(path) {
            for method in methods {
                for query in ["", "?delegation=UZ"] {
                    let said = ask(method, &format!("{filled}{query}"));
                    if said.is_some_and(|said| said.to_lowercase().contains(CANARY)) {
                        found.insert(format!("{method} {path}"));
                    }
                }
            }
        }
    }
    found
}

fn in_browser(browser: &Browser) -> impl FnMut(&str, &str) -> Option<String> + '_ {
    move |method, path| match method {
        _ if ENDS_THE_WALK.iter().any(|end| path.contains(end)) => None,
        "GET" => {
            let (status, bytes) = browser.file(path);
            assert_ne!(status, 500, "{path}");
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        "POST" => {
            let answer = browser.post(path, &[]);
            assert_ne!(answer.status, 500, "{path}");
            Some(format!("{}{}", answer.location(), answer.body))
        }
        _ => None,
    }
}

fn by_program(program: &Program) -> impl FnMut(&str, &str) -> Option<String> + '_ {
    move |method, path| {
        if !path.starts_with("/api") {
            return None;
        }
        let body = if method == "GET" { "" } else { "{}" };
        let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
        let reply = program.send(method, path, &headers, body);
        assert_ne!(reply.status, 429, "{path}");
        Some(reply.text())
    }
}

fn no_route_reveals_bilaterals_without_a_role(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let routes = routes(&meeting);
    assert!(routes.len() > 70, "{routes:?}");
    let places = prepare(&meeting);

    // Kazakhstan's liaison has no account: it is whoever opens its links.
    let stranger = meeting.server.signed_in(STRANGER);
    for browser in [&meeting.server.browser(), &stranger] {
        let found = speaking(&routes, &places, in_browser(browser));
        assert_eq!(found, BTreeSet::new());
        // The walk has pressed the buttons of its links.
        let page = browser.get("/schedule/ca-jad-9/KZ");
        assert!(
            page.body.contains("Schedule of Kazakhstan"),
            "{}",
            page.body
        );
    }
    let program = Program::of(&meeting, STRANGER, TokenScope::Write);
    let found = speaking(&routes, &places, by_program(&program));
    assert_eq!(found, BTreeSet::new());

    // The walk finds what there is to find: the same, for those who may.
    let watched: Vec<_> = routes
        .iter()
        .filter(|(path, _)| path != NEVER_ENDS)
        .map(|(path, _)| (path.clone(), vec!["GET".to_owned()]))
        .collect();
    let officer = meeting.officer();
    let found = speaking(&watched, &places, in_browser(&officer));
    for path in [
        "/events/{slug}",
        "/slots/{id}",
        "/events/{slug}/agenda.{format}",
        "/mail/{id}",
        "/mail/inbox",
        "/events/{slug}/history",
    ] {
        assert!(found.contains(&format!("GET {path}")), "{path}: {found:?}");
    }
    let program = Program::of(&meeting, OFFICER, TokenScope::Read);
    let found = speaking(&watched, &places, by_program(&program));
    assert!(found.len() >= 4, "{found:?}");
}
