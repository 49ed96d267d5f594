//! Markup in everything that people type, and then every page there is, forms and refusals among them: it stays text,
//! and it is nowhere an address.

use crate::permissions::MATRIX;
use crate::test_event::TestEvent;

/// Would run as an element, and as an address.
const EVIL: &str = "javascript:alert(1)//\"><img src=x onerror=alert(1)>";

/// The columns whose values come from people; other than codes, addresses and words that the program chooses itself.
const TYPED: [(&str, &[&str]); 14] = [
    ("users", &["name"]),
    (
        "events",
        &[
            "name",
            "name_ja",
            "venue",
            "venue_ja",
            "office_name",
            "office_phone",
        ],
    ),
    ("rooms", &["name", "name_ja"]),
    (
        "delegations",
        &[
            "name",
            "name_ja",
            "principal",
            "principal_ja",
            "principal_title",
        ],
    ),
    ("interpreters", &["name"]),
    ("contacts", &["name", "phone"]),
    ("slots", &["title", "note"]),
    ("overrides", &["reason", "author"]),
    ("answers", &["comment", "answered_by"]),
    ("outbox", &["recipient_name", "subject", "last_error"]),
    ("inbox", &["why", "sender", "subject", "body"]),
    ("api_tokens", &["name"]),
    ("calendar_links", &["name"]),
    ("mailboxes", &["last_error"]),
];

#[test]
fn typed_text_is_never_markup_or_address_on_a_page() {
    let test_event = TestEvent::open();
    let visitors = test_event.visitors();
    let server = &test_event.meeting.server;
    for (table, columns) in TYPED {
        let values: Vec<String> = columns
            .iter()
            .map(|it| format!("{it} = '{EVIL}'"))
            .collect();
        server.sql(&format!("UPDATE {table} SET {}", values.join(", ")));
    }
    server.app.programme_cache.forget(test_event.meeting.event);
    let mut shown = 0;
    // Everything is looked at before anything is sent.
    for wanted in ["GET", "POST"] {
        let asked = MATRIX
            .iter()
            .filter(|(method, path, _)| *method == wanted && *path != "/sign-out");
        for (method, path, _) in asked {
            for visitor in &visitors {
                let filled = test_event.fill(path, visitor);
                let from_us = [("origin", server.origin.as_str())];
                let answer = visitor.knock(&server.origin, method, &filled, &from_us, false);
                let body = String::from_utf8_lossy(&answer.body).to_lowercase();
                if !body.trim_start().starts_with("<!doctype html") {
                    continue;
                }
                shown += usize::from(body.contains("javascript:alert(1)"));
                for evil in [
                    "<img src=x",
                    "=\"javascript:alert",
                    "='javascript:alert",
                    "=javascript:alert",
                ] {
                    let safe =
                        !body.contains(evil) || (evil.starts_with("=\"") && values_only(&body));
                    assert!(
                        safe,
                        "{method} {filled}, {}: {evil} in {body}",
                        visitor.name
                    );
                }
            }
        }
    }
    assert!(shown > 60, "what is looked for is there: {shown}");
}

/// It may stand in a field that shows what was typed, and in what is read aloud.
fn values_only(page: &str) -> bool {
    let mut before: Vec<&str> = page.split("=\"javascript:alert").collect();
    before.pop();
    before.iter().all(|text| {
        let attribute = text.rsplit([' ', '\n']).next();
        ["value", "aria-label", "title", "label", "content", "alt"]
            .iter()
            .any(|harmless| attribute == Some(harmless))
    })
}
