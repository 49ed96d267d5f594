//! The page on which a document is chosen and seen before it is downloaded.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use support::both::{Scratch, on_both};
use support::meeting::{COLLEAGUE, Meeting, SLOTS, STRANGER, free_slot, send, with};

on_both!(
    a_document_is_seen_before_it_is_downloaded,
    programme_comes_with_notes_or_clean,
    invalid_choice_is_reported_at_its_field_and_kept,
    a_table_is_read_by_others_as_it_was_meant,
);

const AGENDA: &str = "/events/ca-jad-9/agenda";

#[test]
fn user_with_endless_documents_waits_and_others_do_not() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let (officer, colleague) = (meeting.officer(), meeting.server.signed_in(COLLEAGUE));
    let table = format!("{AGENDA}.csv");
    let mut asked = 0;
    let refused = loop {
        let answer = officer.get(&table);
        asked += 1;
        if answer.status != 200 {
            break answer;
        }
        assert!(asked < 1000, "without end");
    };
    assert!(asked > 240, "{asked}");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    for paper in [
        "/card.pdf?delegation=KZ",
        "/pages/1.svg?document=agenda&format=pdf",
    ] {
        // Half a second earns another one, which may be over before this is asked.
        let mut granted = 0;
        while officer.file(&format!("{AGENDA}{paper}")).0 != 429 {
            granted += 1;
            assert!(granted < 10, "{paper}");
            while officer.get(&table).status == 200 {}
        }
    }
    assert_eq!(officer.get("/events/ca-jad-9").status, 200);
    assert_eq!(colleague.get(&table).status, 200);
}

/// Calendar programs and scripts fetch a file again and again.
#[test]
fn a_document_of_one_revision_is_not_sent_again() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let calendar = format!("{AGENDA}.ics");
    let first = officer.get(&calendar);
    meeting.server.pass(600);
    let again = officer.get(&calendar);
    assert_eq!(
        again.body, first.body,
        "the same revision has the same bytes"
    );
    for line in ["DTSTAMP:", "LAST-MODIFIED:"] {
        let found = first.body.matches(line).count();
        assert_eq!(found, first.body.matches("BEGIN:VEVENT").count(), "{line}");
    }
    let mut tags = Vec::new();
    for format in ["html", "pdf", "csv", "xlsx", "json", "ics"] {
        let path = format!("{AGENDA}.{format}?delegation=KZ");
        assert_eq!(officer.file(&path).0, 200, "{path}");
        let tag = officer.tag(&path);
        assert!(!tag.is_empty(), "{path}");
        for known in [tag.as_str(), "*"] {
            let answer = officer.get_as(&path, &[("if-none-match", known)]);
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (304, ""),
                "{path} {known}"
            );
            assert_eq!(answer.header("etag"), tag, "{path} {known}");
        }
        tags.push((path, tag));
    }
    let slot = meeting.slot("Kazakhstan");
    let moved = [
        ("version", slot.version.to_string()),
        ("day", "2022-12-24".into()),
        ("start", "18:30".into()),
        ("end", "18:55".into()),
        ("room", "conference".into()),
    ];
    meeting.server.pass(60);
    let answer = send(&officer, &format!("/slots/{}/placement", slot.id), &moved);
    assert_eq!(answer.status, 303, "{}", answer.body);
    for (path, tag) in tags {
        assert_ne!(officer.tag(&path), tag, "{path}");
    }
    let stamp = |body: &str| {
        let stamps = body
            .lines()
            .filter(|line| line.starts_with("LAST-MODIFIED:"));
        stamps.max().map(str::to_owned)
    };
    assert!(stamp(&officer.get(&calendar).body) > stamp(&first.body));
}

/// The picture of a page that stands on the export page.
fn pictures(page: &str) -> Vec<String> {
    let parts = page.split("<img src=\"").skip(1);
    let source = |part: &str| part.split('"').next().unwrap().replace("&#38;", "&");
    parts.map(source).collect()
}

fn a_document_is_seen_before_it_is_downloaded(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let plain = officer.get(AGENDA);
    assert_eq!(plain.status, 200);
    assert!(!plain.body.contains("Preview</h2>"));
    for (query, address) in [
        ("document=agenda&format=pdf", "agenda.pdf"),
        (
            "document=agenda&format=pdf&delegation=KZ&room=hall&day=2022-12-24",
            "agenda.pdf?delegation=KZ&#38;day=2022-12-24",
        ),
        (
            "document=card&delegation=KZ&format=csv",
            "agenda/card.pdf?delegation=KZ",
        ),
        ("document=doors&room=hall", "agenda/doors.pdf?room=hall"),
        (
            "document=roster&interpreter=ru-1",
            "agenda/roster.pdf?interpreter=ru-1",
        ),
        ("document=matrix&day=2022-12-24", "agenda/matrix.pdf"),
    ] {
        let page = officer.get(&format!("{AGENDA}?{query}"));
        assert_eq!(page.status, 200, "{query}");
        let link = format!("href=\"/events/ca-jad-9/{address}\"");
        assert!(page.body.contains(&link), "{link} for {query}");
        let pictures = pictures(&page.body);
        assert!(!pictures.is_empty(), "{query}");
        for picture in &pictures {
            let answer = officer.get(picture);
            assert_eq!(answer.status, 200, "{picture}");
            assert_eq!(answer.header("content-type"), "image/svg+xml");
            assert!(answer.body.starts_with("<svg"), "{picture}");
            assert!(!answer.body.contains("<script"), "{picture}");
        }
        let (before, after) = pictures[0].split_once("/1.svg").unwrap();
        for beyond in ["0", "99", "first"] {
            let nowhere = format!("{before}/{beyond}.svg{after}");
            assert_eq!(officer.get(&nowhere).status, 404, "{nowhere}");
        }
        let stranger = meeting.server.signed_in(STRANGER);
        assert_eq!(stranger.get(&pictures[0]).status, 404);
    }
    for (query, words) in [
        ("document=agenda&format=csv&delegation=KZ", "home_start"),
        (
            "document=agenda&format=xlsx",
            "<th scope=\"col\">interpreters",
        ),
        ("document=agenda&format=json", "&#34;starts_at&#34;"),
        ("document=agenda&format=ics&delegation=KZ", "BEGIN:VEVENT"),
        ("document=agenda&format=html", "Open the page"),
    ] {
        let page = officer.get(&format!("{AGENDA}?{query}"));
        assert_eq!(page.status, 200, "{query}");
        assert!(page.body.contains(words), "{words} for {query}");
        assert!(!query.contains("KZ") || !page.body.contains("Bring the gift"));
    }
    let table = officer.get(&format!("{AGENDA}?document=agenda&format=csv&bom=true"));
    assert!(table.body.contains("/agenda.csv?bom=true\""));
    let (_, file) = officer.file(&format!("{AGENDA}.csv?bom=true"));
    assert!(file.starts_with("\u{FEFF}day,".as_bytes()));
}

fn programme_comes_with_notes_or_clean(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
    let copy = |query: &str| officer.get(&format!("{AGENDA}?document=agenda&format=csv{query}"));
    assert!(copy("").body.contains("Bring the gift"));
    let clean = copy("&copy=clean").body;
    assert!(clean.contains("/agenda.csv?clean=true\"") && !clean.contains("Bring the gift"));
    for format in ["csv", "html"] {
        let (_, ours) = officer.file(&format!("{AGENDA}.{format}"));
        let (_, clean) = officer.file(&format!("{AGENDA}.{format}?clean=true"));
        let (ours, clean) = (
            String::from_utf8(ours).unwrap(),
            String::from_utf8(clean).unwrap(),
        );
        assert!(ours.contains("Bring the gift") && clean.contains("Evening meeting"));
        assert!(!clean.contains("Bring the gift"), "{format}");
    }
    assert_eq!(
        officer.get(&format!("{AGENDA}.csv?clean=perhaps")).status,
        400
    );
}

fn invalid_choice_is_reported_at_its_field_and_kept(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    for (query, words) in [
        ("document=card", "Choose the delegation whose card it is."),
        ("document=poster", "Choose a document from the list."),
        (
            "document=agenda&format=pdf&copy=dirty",
            "Choose a copy from the list.",
        ),
        (
            "document=agenda&format=doc",
            "Choose a file format from the list.",
        ),
        (
            "document=agenda&format=csv&delegation=DE",
            "Choose a delegation from the list.",
        ),
        (
            "document=agenda&format=csv&day=2030-01-01",
            "ca-jad-9 has no day",
        ),
        ("document=doors&room=%3Cb%3E", "ca-jad-9 has no room"),
    ] {
        let page = officer.get(&format!("{AGENDA}?{query}"));
        assert_eq!(page.status, 422, "{query}");
        assert!(page.body.contains(words), "{words}: {}", page.body);
        assert!(!page.body.contains("<b>") || !query.contains("%3Cb%3E"));
        assert!(!page.body.contains("Preview</h2>"));
    }
    let kept = officer.get(&format!("{AGENDA}?document=card&day=2022-12-24"));
    assert!(
        kept.body.contains("value=\"card\" selected"),
        "{}",
        kept.body
    );
    assert!(kept.body.contains("value=\"2022-12-24\" selected"));
    assert_eq!(officer.get(&format!("{AGENDA}?documnet=card")).status, 400);
    for day in ["yesterday", "2030-01-01"] {
        let refused = officer.get(&format!("{AGENDA}.csv?day={day}"));
        assert_eq!(refused.status, 400, "{day}");
    }
}

fn a_table_is_read_by_others_as_it_was_meant(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let formula = "=HYPERLINK(\"https://evil.example\"), \"so\"";
    let note = "One line,\r\n\"another\"; 👩‍👩‍👧 שלום";
    let slot = with(with(free_slot(), "title", formula), "note", note);
    let booked = send(&officer, SLOTS, &slot);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let (_, file) = officer.file(&format!("{AGENDA}.csv"));
    let read = rows(&file);
    let head = read[0].as_array().unwrap();
    for row in &read {
        assert_eq!(row.as_array().unwrap().len(), head.len());
    }
    let at = |name: &str| head.iter().position(|cell| cell == name).unwrap();
    let mut found = read
        .iter()
        .filter(|row| row[at("title")] == json!(format!("'{formula}")));
    let row = found.next().unwrap();
    assert_eq!(row[at("day")], "2022-12-24");
    assert_eq!(
        (&row[at("start")], &row[at("end")]),
        (&json!("18:30"), &json!("19:00"))
    );
    let programme = meeting.programme();
    let mut slots = programme.slots().iter();
    let stored = slots.find(|slot| slot.title().as_str() == formula).unwrap();
    assert_eq!(row[at("note")], stored.details.content.note.as_str());
    let (_, marked) = officer.file(&format!("{AGENDA}.csv?bom=true"));
    assert_eq!(rows(&marked), read, "the mark is no part of the first cell");
}

/// The rows of a table, as Python's csv reads it.
fn rows(table: &[u8]) -> Vec<Value> {
    let python = std::env::var(crate::calendars::PYTHON).unwrap();
    let mut child = Command::new(python)
        .arg("tests/readers/read_table.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(table).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
