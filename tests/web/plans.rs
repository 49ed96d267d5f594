//! Planning many bilaterals at once, as officers use it.

use iikura::core::slot::{SlotKind, SlotState};

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, STRANGER};
use support::server::{Answer, Browser};

on_both!(
    the_missing_bilaterals_are_planned_and_booked_at_one_press,
    outdated_plan_books_nothing_and_is_made_again,
    what_was_typed_wrong_is_said_beside_it,
    only_those_who_may_change_the_event_plan,
);

const PLAN: &str = "/events/ca-jad-9/plan";
const WISH: &str = "/events/ca-jad-9/plan?meetings=JP+KZ&meetings=JP+UZ&more=KZ+UZ+20&minutes=30\
                    &interpretation=wanted&room=-any&day=2022-12-24&from=&until=";

fn without_bilaterals(meeting: &Meeting, officer: &Browser) {
    for slot in meeting.programme().live_slots() {
        if slot.content().kind == SlotKind::Bilateral {
            let version = slot.version.to_string();
            let gone = officer.post(
                &format!("/slots/{}/cancellation", slot.id),
                &[("version", &version)],
            );
            assert_eq!(gone.status, 303, "{}", gone.body);
        }
    }
}

/// What the page's second form sends.
fn proposal(page: &Answer) -> Vec<(String, String)> {
    let at = page
        .body
        .find("<form method=\"post\" action=\"/events/ca-jad-9/plan\">");
    let form = &page.body[at.unwrap_or_else(|| panic!("no plan in {}", page.body))..];
    let form = &form[..form.find("</form>").unwrap()];
    let value = |text: &str, key: &str| {
        let rest = &text[text.find(key).unwrap() + key.len()..];
        rest[..rest.find('"').unwrap()].replace("&#38;", "&")
    };
    let hidden = form.split("<input type=\"hidden\"").skip(1);
    hidden
        .map(|input| (value(input, "name=\""), value(input, "value=\"")))
        .collect()
}

fn press(browser: &Browser, fields: &[(String, String)], state: &str) -> Answer {
    let fields = fields.iter();
    let mut fields: Vec<(&str, &str)> = fields
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.push(("state", state));
    browser.post(PLAN, &fields)
}

fn bilaterals(meeting: &Meeting) -> Vec<(String, SlotState)> {
    let programme = meeting.programme();
    let slots = programme.live_slots();
    slots
        .filter(|slot| slot.content().kind == SlotKind::Bilateral)
        .map(|slot| (slot.title().to_string(), slot.state()))
        .collect()
}

fn the_missing_bilaterals_are_planned_and_booked_at_one_press(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert!(
        !officer.get(PLAN).body.contains("name=\"meetings\""),
        "no guest misses its bilateral"
    );
    without_bilaterals(&meeting, &officer);
    let form = officer.get(PLAN);
    for code in ["KZ", "KG", "TJ", "TM", "UZ"] {
        assert!(
            form.body.contains(&format!("value=\"JP {code}\"")),
            "{}",
            form.body
        );
    }
    let before = meeting.rows();
    let page = officer.get(WISH);
    assert_eq!(page.status, 200, "{}", page.body);
    for words in [
        "All 3 meetings are placed.",
        "Bilateral: Japan, Kazakhstan",
        "Bilateral: Kazakhstan, Uzbekistan",
        "Interpreter, Japanese–Russian",
    ] {
        assert!(page.body.contains(words), "{words} in {}", page.body);
    }
    assert_eq!(meeting.rows(), before, "looking stores nothing");
    let booked = press(&officer, &proposal(&page), "tentative");
    assert_eq!(booked.status, 303, "{}", booked.body);
    let there = officer.get(booked.header("location"));
    assert!(
        there.body.contains("The plan is booked, all of it."),
        "{}",
        there.body
    );
    let mut found = bilaterals(&meeting);
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        found,
        [
            "Bilateral: Japan, Kazakhstan",
            "Bilateral: Japan, Uzbekistan",
            "Bilateral: Kazakhstan, Uzbekistan",
        ]
        .map(|title| (title.to_owned(), SlotState::Tentative))
    );
    assert!(meeting.mails().is_empty(), "nobody is told");
}

fn outdated_plan_books_nothing_and_is_made_again(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    without_bilaterals(&meeting, &officer);
    let shown = proposal(&officer.get(WISH));
    assert_eq!(press(&officer, &shown, "tentative").status, 303);
    let before = meeting.rows();
    let refused = press(&officer, &shown, "tentative");
    assert_eq!(refused.status, 409, "{}", refused.body);
    for words in [
        "The programme has changed",
        "nothing was booked",
        "All 3 meetings are placed.",
    ] {
        assert!(refused.body.contains(words), "{words} in {}", refused.body);
    }
    assert_eq!(meeting.rows(), before);
    let anew = proposal(&refused);
    assert_ne!(anew, shown);
    assert_eq!(press(&officer, &anew, "pencilled").status, 303);
    let sketched = bilaterals(&meeting);
    let sketched = sketched
        .iter()
        .filter(|(_, state)| *state == SlotState::Pencilled);
    assert_eq!(sketched.count(), 3);
}

fn what_was_typed_wrong_is_said_beside_it(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let before = meeting.rows();
    for (query, words) in [
        ("minutes=30", "Choose the meetings, or write them below."),
        (
            "minutes=31&more=KZ+UZ",
            "The length is a multiple of 5 minutes",
        ),
        (
            "minutes=30&more=KZ+UZ%0AKZ",
            "Line 2: write the codes of two delegations",
        ),
        ("minutes=30&more=KZ+KZ", "a delegation cannot meet itself"),
        (
            "minutes=30&more=KZ+%3Cb%3E",
            "there is no delegation &#39;&#60;b&#62;&#39; at this event.",
        ),
        (
            "minutes=30&more=KZ+Uzbekistan",
            "Write a code: JP, KZ, KG, TJ, TM, UZ.",
        ),
        (
            "minutes=30&more=KZ+UZ+x",
            "The length is a multiple of 5 minutes",
        ),
        ("minutes=30&more=KZ+UZ&room=cellar", "There is no such room"),
        ("minutes=30&more=KZ+UZ&day=2022-12-25", "The event has no"),
        ("minutes=30&more=KZ+UZ&from=nine", "nine"),
    ] {
        let query = if query.contains("room=") {
            query.to_owned()
        } else {
            format!("{query}&room=-any")
        };
        let query = if query.contains("day=") {
            query
        } else {
            format!("{query}&day=any")
        };
        let page = officer.get(&format!("{PLAN}?{query}"));
        assert_eq!(page.status, 422, "{query}: {}", page.body);
        assert!(page.body.contains(words), "{words} in {}", page.body);
        assert!(!page.body.contains("Book as tentative"));
    }
    assert_eq!(officer.get(&format!("{PLAN}?colour=red")).status, 400);
    let slot =
        "kind=bilateral&title=T&day=2022-12-24&start=18:00&end=18:30&delegations=JP&delegations=KZ";
    for fields in [
        vec![("state", "tentative"), ("query", "")],
        vec![("state", "confirmed"), ("query", ""), ("slot", slot)],
        vec![
            ("state", "tentative"),
            ("query", ""),
            ("slot", "kind=banquet"),
        ],
        vec![
            ("state", "tentative"),
            ("query", ""),
            ("slot", "colour=red"),
        ],
        vec![
            ("state", "tentative"),
            ("query", "colour=red"),
            ("slot", slot),
        ],
        vec![("state", "tentative"), ("query", "%zz"), ("slot", slot)],
        vec![("state", "tentative"), ("colour", "red"), ("slot", slot)],
    ] {
        let answer = officer.post(PLAN, &fields);
        assert_eq!(answer.status, 400, "{fields:?}: {}", answer.body);
    }
    assert_eq!(meeting.rows(), before);
}

fn only_those_who_may_change_the_event_plan(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    for (email, status) in [(OBSERVER, 403), (STRANGER, 404)] {
        let browser = meeting.server.signed_in(email);
        assert_eq!(browser.get(PLAN).status, status, "{email}");
        assert_eq!(
            browser.post(PLAN, &[("state", "tentative")]).status,
            status,
            "{email}"
        );
    }
    assert!(
        !meeting
            .server
            .signed_in(OBSERVER)
            .get("/events/ca-jad-9")
            .body
            .contains(PLAN)
    );
}
