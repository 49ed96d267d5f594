//! Slips in an event file that others than its author would pay for: each is named, with its line, and nothing is stored.

use iikura::change::event_file::EventImportError;
use iikura::cli::demo::NINTH_MEETING;
use proptest::prelude::*;

use crate::test_event::{TestEvent, import};
use support::both::{Scratch, on_both};

on_both!(
    notices_are_validated_like_other_fields,
    codes_that_differ_only_around_the_edges_are_the_same,
    clock_times_that_do_not_exist_or_come_twice_are_named,
    odd_shapes_are_named,
);

const TOLD: &str = r#"
[[slots]]
kind = "other"
title = "Talk"
day = "2022-12-24"
start = "18:30"
minutes = 20
parties = ["KZ"]
sequence = 2
told = [{ party = "KZ", method = "REQUEST", sequence = 1, uid = "a@iikura.example", thread = "b@iikura.example", at = "2022-12-20T09:00:00+00:00", title = "Old talk", kind = "Other", starts = 27864570, ends = 27864590, room = "Salon", delegations = ["Kazakhstan"], answer = { reply = "accepted", comment = "Good", via = "link", sequence = 1, at = "2022-12-21T09:00:00+00:00", told = { title = "Old talk", kind = "Other", starts = 27864570, ends = 27864590, delegations = ["Kazakhstan"] } } }]
"#;

fn faults(scratch: &Scratch, source: &str) -> Vec<String> {
    match import(scratch, source) {
        Err(EventImportError::Faulty(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// Replaces words in a file and insists on exactly these faults, and on empty tables.
fn refused(scratch: &Scratch, source: &str, from: &str, to: &str, expected: &[&str]) {
    assert!(source.contains(from), "{from}");
    assert_eq!(
        faults(scratch, &source.replacen(from, to, 1)),
        expected,
        "{from} → {to}"
    );
    let test_event = TestEvent::at(scratch, iikura::core::event::EventId(0));
    for table in [
        "events",
        "event_days",
        "resources",
        "rooms",
        "delegations",
        "contacts",
        "presences",
        "interpreters",
        "slots",
        "occupancy",
        "overrides",
        "notices",
        "answers",
        "audit",
    ] {
        assert_eq!(test_event.count(table), 0, "{table}");
    }
}

fn line_of(source: &str, words: &str) -> usize {
    source
        .lines()
        .position(|line| line.contains(words))
        .unwrap()
        + 1
}

fn notices_are_validated_like_other_fields(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let source = format!("{NINTH_MEETING}{TOLD}");
    let at = |words: &str| format!("line {}: {words}", line_of(&source, "told = "));
    let long = format!("\"{}\"", "t".repeat(10_000));
    for (from, to, words) in [
        (
            "\"Old talk\"",
            "\"Old\\r\\nBcc: x\"",
            "told: contains a line break or control character (U+000D); remove it",
        ),
        (
            "reply = \"accepted\"",
            "reply = \"perhaps\"",
            "answer: reply (accepted, declined or tentative), via (link, mail or office) and at (RFC 3339) must be valid",
        ),
        (
            "\"link\", sequence = 1",
            "\"link\", sequence = 2",
            "answer: the sequence is from 0 to that of the notice, 1",
        ),
        (
            "\"Good\"",
            "\"Go\\u0007od\"",
            "answer: contains a line break or control character (U+0007); remove it",
        ),
        (
            "\"Old talk\"",
            long.as_str(),
            "told: has 10000 characters; shorten it to 200",
        ),
        (
            "room = \"Salon\"",
            "room = \"\"",
            "told: is missing; fill it in",
        ),
        (
            "[\"Kazakhstan\"]",
            "[\"Kaz\\nakhstan\"]",
            "told: contains a line break or control character (U+000A); remove it",
        ),
        (
            "ends = 27864590",
            "ends = 27864570",
            "told: the end must be after the start",
        ),
        (
            "sequence = 1,",
            "sequence = 3,",
            "told: the sequence is from 0 to that of the slot, 2",
        ),
        (
            "sequence = 1,",
            "sequence = -1,",
            "told: the sequence is from 0 to that of the slot, 2",
        ),
        (
            "a@iikura.example",
            "a b",
            "told: uid and thread are names as an export writes them; leave them as they are",
        ),
        (
            "2022-12-20T09:00:00+00:00",
            "yesterday",
            "told: party, method (REQUEST or CANCEL) and at (RFC 3339) must be valid",
        ),
    ] {
        refused(scratch, &source, from, to, &[&at(words)]);
    }
    let entry = TOLD.split_once("told = [").unwrap().1.trim_end();
    let entry = entry.strip_suffix(']').unwrap();
    let again = entry.replace("a@iikura", "c@iikura");
    let of_another = entry.replace("\"KZ\"", "\"UZ\"");
    for (more, words) in [
        (again, "told: KZ is there twice"),
        (
            of_another,
            "told: the invitation a@iikura.example is there already; to import a copy of the event, export it with --without-notices",
        ),
    ] {
        let twice = format!("{entry}, {more}");
        refused(scratch, &source, entry, &twice, &[&at(words)]);
    }
    let slot = line_of(&source, "title = \"Talk\"") - 2;
    for to in ["sequence = -2", "sequence = 1000001"] {
        let expected = format!("line {slot}: sequence: is a whole number from 0 to 1000000");
        refused(scratch, &source, "sequence = 2", to, &[&expected]);
    }
    import(scratch, &source).unwrap();
}

fn codes_that_differ_only_around_the_edges_are_the_same(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let at = |words: &str| format!("line {}", line_of(NINTH_MEETING, words));
    for (from, to, what) in [
        ("code = \"TM\"", "code = \" TJ \"", "party ' TJ '"),
        ("code = \"TM\"", "code = \"tj\"", "party 'tj'"),
        ("code = \"conference\"", "code = \"hall \"", "room 'hall '"),
        ("code = \"ru-2\"", "code = \"ru-1\"", "interpreter 'ru-1'"),
    ] {
        let expected = format!(
            "{}: code: two entries for {what}; codes are unique",
            at(from)
        );
        refused(scratch, NINTH_MEETING, from, to, &[&expected]);
    }
}

fn clock_times_that_do_not_exist_or_come_twice_are_named(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let berlin = NINTH_MEETING
        .replacen(
            "time_zone = \"Asia/Tokyo\"",
            "time_zone = \"Europe/Berlin\"",
            1,
        )
        .replace("opens = \"08:30\"", "opens = \"00:00\"");
    let spring = berlin
        .replace("2022-12-24", "2022-03-27")
        .replace("2022-12-2", "2022-03-2");
    let start = line_of(&spring, "start = \"17:20\"");
    refused(
        scratch,
        &spring,
        "start = \"17:20\"",
        "start = \"02:30\"",
        &[&format!(
            "line {start}: start: 02:30 does not exist on 2022-03-27 in Europe/Berlin: the clocks go forward then; choose another time"
        )],
    );
    let autumn = berlin
        .replace("2022-12-24", "2022-10-30")
        .replace("2022-12-2", "2022-10-2");
    refused(
        scratch,
        &autumn,
        "start = \"17:20\"",
        "start = \"02:30\"",
        &[&format!(
            "line {start}: start: 02:30 happens twice on 2022-10-30 in Europe/Berlin: the clocks go back then; write 02:30+02:00 or 02:30+01:00"
        )],
    );
}

fn odd_shapes_are_named(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let at = |words: &str| format!("line {}: ", line_of(NINTH_MEETING, words));
    let last = "parties = [\"JP\", \"KZ\"]";
    for (from, to, line, words) in [
        (
            last,
            "parties = 5",
            at(last),
            "parties is \"all\" or a list of codes",
        ),
        (
            last,
            "parties = \"some\"",
            at(last),
            "parties: 'some' is neither \"all\" nor a list of codes",
        ),
        (
            "minutes = 25",
            "minutes = -25",
            at("minutes = 25"),
            "end: the end must be after the start",
        ),
        (
            "minutes = 25",
            "minutes = 9223372036854775807",
            at("minutes = 25"),
            "end: a slot lasts at most 24 hours",
        ),
        (
            "minutes = 25",
            "minutes = 25\nend = \"17:45\"",
            at("start = \"17:20\""),
            "give the slot either an end or minutes, not both or neither",
        ),
        (
            "kind = \"meal\"",
            "kind = \"feast\"",
            at("kind = \"meal\""),
            "kind: 'feast' is none of plenary, bilateral, multilateral, meal, press, photo, ceremony, courtesy_call, break, other",
        ),
    ] {
        refused(
            scratch,
            NINTH_MEETING,
            from,
            to,
            &[&format!("{line}{words}")],
        );
    }
    // All of them at once, in the order of the lines.
    let many = NINTH_MEETING
        .replacen(
            "parties = [\"JP\", \"KG\"]",
            "parties = [\"XX\", \"YY\"]",
            1,
        )
        .replacen("kind = \"meal\"", "kind = \"feast\"", 1)
        .replacen("room = \"hall\"", "room = \"attic\"", 1);
    let found = faults(scratch, &many);
    assert_eq!(found.len(), 4, "{found:?}");
    let lines: Vec<usize> = found
        .iter()
        .map(|fault| fault[5..].split_once(':').unwrap().0.parse().unwrap())
        .collect();
    assert!(lines.is_sorted(), "{found:?}");
}

/// Pieces of event files in any order, so that some get past the grammar.
fn pieces() -> impl Strategy<Value = String> {
    let lines: Vec<String> = NINTH_MEETING.lines().map(str::to_owned).collect();
    prop::collection::vec(
        prop_oneof![9 => prop::sample::select(lines), 1 => "\\PC{0,30}"],
        0..60,
    )
    .prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_importer_panic_or_store_half(source in prop_oneof!["\\PC{0,200}", "(?s).{0,80}", pieces()]) {
        let scratch = Scratch::sqlite().migrated();
        match import(&scratch, &source) {
            Ok(_) | Err(EventImportError::Faulty(_)) => {}
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }

    #[test]
    fn swapped_values_are_faults_and_never_an_error_of_the_database(one in 0..240_usize, other in 0..240_usize) {
        let lines: Vec<&str> = NINTH_MEETING.lines().collect();
        let key = |at: usize| lines[at % lines.len()].split_once(" = ");
        let (Some((key, _)), Some((_, value))) = (key(one), key(other)) else { return Ok(()) };
        let mut lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        let at = one % lines.len();
        lines[at] = format!("{key} = {value}");
        let scratch = Scratch::sqlite().migrated();
        match import(&scratch, &lines.join("\n")) {
            Ok(imported) => {
                let programme = TestEvent::at(&scratch, imported.event).stored();
                let file = iikura::change::event_file::export(&programme).unwrap();
                let elsewhere = Scratch::sqlite().migrated();
                let again = import(&elsewhere, &file).unwrap();
                prop_assert_eq!(&again.remarks, &Vec::<String>::new());
                prop_assert_eq!(iikura::change::event_file::export(&TestEvent::at(&elsewhere, again.event).stored()).unwrap(), file);
            }
            Err(EventImportError::Faulty(faults)) => prop_assert!(faults.iter().all(|fault| fault.line > 0)),
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }
}
