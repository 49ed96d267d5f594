//! Slots that go on after midnight, and times as people type them.

use iikura::change::event_file;
use iikura::core::event::EventId;
use iikura::server::Error;
use iikura::store::programme_cache::ProgrammeCache;
use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting, import, send, with};

on_both!(
    slot_past_midnight_is_on_both_days_and_in_the_file,
    night_is_open_until_the_day_closes,
    typed_times_are_understood_and_missing_ones_asked_for,
    zone_change_asks_what_stays_and_is_told,
    letters_about_a_day_that_is_over_are_asked_about,
);

/// Two days in London, the first open until two in the night.
const EVENT: &str = r#"
[meeting]
slug = "nights"
name = "Nights"
venue = "House"
time_zone = "Europe/London"
days = ["2026-10-23", "2026-10-24"]
opens = "09:00"
closes = "26:00"
minimum_gap_minutes = 0
other_hours = [["2026-10-24", "09:00", "02:00"]]

[[parties]]
code = "GB"
name = "United Kingdom"
role = "chair"
head = "The Secretary of State"
precedence = 0
time_zone = "Europe/London"
languages = ["en"]
party_size = 2
contacts = [{ name = "Desk", email = "gb@delegations.example", phone = "", language = "en" }]

[[rooms]]
code = "salon"
name = "Salon"
capacity = 20
turnaround_minutes = 0
closures = [{ from = "2026-10-23 14:00", until = "2026-10-23 15:00", reason = "cleaning" }]

[[slots]]
kind = "other"
title = "Late talk"
day = "2026-10-23"
start = "24:30"
end = "25:00"
parties = ["GB"]
"#;

fn dinner(end: &str) -> Vec<(&'static str, String)> {
    [
        ("kind", "other"),
        ("title", "Late dinner"),
        ("day", "2026-10-23"),
        ("start", "23:30"),
        ("end", end),
        ("room", "salon"),
        ("delegations", "GB"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn slot_past_midnight_is_on_both_days_and_in_the_file(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let event = import(&meeting.server.db, EVENT);
    let officer = meeting.server.signed_in(ADMIN);
    let booked = send(&officer, "/events/nights/slots", &dinner("00:30"));
    assert_eq!(booked.status, 303, "{}", booked.body);
    let slot = booked.location().split('?').next().unwrap().to_owned();
    let page = officer.get(&slot).body;
    assert!(page.contains("23:30–00:30 (next day)"), "{page}");
    let form = officer.get(&format!("{slot}/edit"));
    assert_eq!(
        (form.input("start"), form.input("end")),
        ("23:30".into(), "24:30".into())
    );
    for view in ["rooms", "delegations", "list"] {
        let day = |day| {
            let path = format!("/events/nights?day={day}&view={view}");
            officer.get(&path).body
        };
        let (first, second) = (day("2026-10-23"), day("2026-10-24"));
        assert!(first.contains("23:30–00:30 (next day)"), "{view}: {first}");
        assert!(
            second.contains("23:30 (day before)–00:30"),
            "{view}: {second}"
        );
    }
    // The room is taken after midnight.
    let mut late = with(dinner("24:30"), "start", "24:00");
    late = with(late, "title", "Another");
    assert_eq!(send(&officer, "/events/nights/slots", &late).status, 409);
    let file = export(&meeting, event);
    let copy = file.replace("slug = \"nights\"", "slug = \"copy\"");
    let again = export(&meeting, import(&meeting.server.db, &copy));
    assert_eq!(again, copy);
}

fn export(meeting: &Meeting, event: EventId) -> String {
    meeting
        .server
        .db
        .read_here(|conn| {
            let programme = ProgrammeCache::default().programme(conn, event)?;
            Ok::<_, Error>(event_file::export(&programme.unwrap()).unwrap())
        })
        .unwrap()
}

fn night_is_open_until_the_day_closes(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    import(&meeting.server.db, EVENT);
    let officer = meeting.server.signed_in(ADMIN);
    let page = officer.get("/events/nights?day=2026-10-23").body;
    assert!(page.contains("00:30–01:00 (next day)"), "{page}");
    assert!(page.contains("data-clock=\"25:00\""), "{page}");
    let free = officer.get(
        "/events/nights/free-slots?delegations=GB&minutes=30&kind=other&day=2026-10-23&from=23:00&until=26:00&room=salon",
    );
    assert!(free.body.contains("01:00–01:30"), "{}", free.body);
    let settings = officer.get("/events/nights/settings").body;
    assert!(
        settings.contains("2026-10-23 09:00–26:00\n2026-10-24 09:00–26:00"),
        "{settings}"
    );
}

fn typed_times_are_understood_and_missing_ones_asked_for(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    import(&meeting.server.db, EVENT);
    let officer = meeting.server.signed_in(ADMIN);
    for (at, (start, end, shown)) in [
        ("930", "9:45 am", "09:30–09:45"),
        ("10時30分", "１０：４５", "10:30–10:45"),
        ("11.30", "午前11時45分", "11:30–11:45"),
        ("11 pm", "24:00", "23:00–24:00"),
    ]
    .into_iter()
    .enumerate()
    {
        let title = format!("Talk {at}");
        let fields = [("start", start), ("end", end), ("title", &title)];
        let typed = fields
            .into_iter()
            .fold(dinner(""), |form, (name, value)| with(form, name, value));
        let booked = send(&officer, "/events/nights/slots", &typed);
        assert_eq!(booked.status, 303, "{start} {}", booked.body);
        let page = officer.get(booked.location()).body;
        assert!(page.contains(shown), "{start} {page}");
    }
    let empty = send(
        &officer,
        "/events/nights/slots",
        &with(dinner("00:30"), "start", ""),
    );
    assert_eq!(empty.status, 422);
    // Once in the summary, once at the field, and nothing else.
    assert_eq!(
        empty.body.matches("Enter a start time").count(),
        2,
        "{}",
        empty.body
    );
    assert!(!empty.body.contains("is not a time") && !empty.body.contains("Check the times"));
}

/// The settings of the event as its form sends them.
fn settings(officer: &support::server::Browser) -> Vec<(&'static str, String)> {
    let page = officer.get("/events/nights/settings");
    let mut fields: Vec<(&'static str, String)> = [
        "name",
        "venue",
        "time_zone",
        "office_name",
        "office_email",
        "grid_minutes",
        "minimum_gap_minutes",
        "chair_run_minutes",
        "interpreter_alone_minutes",
        "interpreter_team_minutes",
        "interpreter_rest_minutes",
    ]
    .map(|name| (name, page.input(name)))
    .into();
    let days = "2026-10-23 09:00–26:00\n2026-10-24 00:00–26:00";
    fields.push(("days", days.to_owned()));
    fields
}

fn zone_change_asks_what_stays_and_is_told(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let event = import(&meeting.server.db, EVENT);
    let officer = meeting.server.signed_in(ADMIN);
    let path = "/events/nights/settings";
    let booked = send(&officer, "/events/nights/slots", &dinner("00:30"));
    let slot = booked.location().split('?').next().unwrap().to_owned();
    let confirmation = [("version", officer.get(&slot).input("version"))];
    let confirmed = send(&officer, &format!("{slot}/confirmation"), &confirmation);
    assert_eq!(confirmed.status, 303, "{}", confirmed.body);
    let moved = with(settings(&officer), "time_zone", "Asia/Tokyo");
    for wrong in [None, Some(""), Some("both")] {
        let form = wrong.map_or_else(|| moved.clone(), |word| with(moved.clone(), "times", word));
        let asked = send(&officer, path, &form);
        assert_eq!(asked.status, 422);
        for words in [
            "The time zone changes: choose what stays.",
            "Friday, 23 October 2026, 23:30–00:30 (next day) (BST, UTC+1)",
            "Friday, 23 October 2026, 23:30–00:30 (next day) (JST, UTC+9)",
            "Saturday, 24 October 2026, 07:30–08:30 (JST, UTC+9)",
        ] {
            assert!(asked.body.contains(words), "{words}: {}", asked.body);
        }
    }
    assert!(export(&meeting, event).contains("Europe/London"));
    let asked = |form: &[(&'static str, String)]| {
        let page = send(&officer, path, form);
        assert_eq!(page.status, 422);
        let form = with(form.to_vec(), "times_zone", &page.input("times_zone"));
        with(form, "times_seen", &page.input("times_seen"))
    };
    let clocks = with(asked(&moved), "times", "clocks");
    // The answer is for the zone and the slots that it was given for.
    let elsewhere = with(clocks.clone(), "time_zone", "Asia/Almaty");
    let wrong = send(&officer, path, &elsewhere);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("to Asia/Almaty"), "{}", wrong.body);
    let more = with(dinner("25:30"), "start", "25:00");
    assert_eq!(send(&officer, "/events/nights/slots", &more).status, 303);
    let wrong = send(&officer, path, &clocks);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("01:00–01:30"), "{}", wrong.body);
    let clocks = with(asked(&moved), "times", "clocks");
    let clocks = send(&officer, path, &clocks);
    assert_eq!(clocks.status, 303, "{}", clocks.body);
    let page = officer.get(&slot).body;
    assert!(
        page.contains("23:30–00:30 (next day)") && page.contains("JST, UTC+9"),
        "{page}"
    );
    let notices = officer.get("/events/nights/notices").body;
    assert!(
        notices.contains("Late dinner") && notices.contains("<del>"),
        "{notices}"
    );
    assert!(
        export(&meeting, event).contains("2026-10-23 14:00"),
        "the closure of the room as well"
    );
    // Back to London, the instants staying: the clock shows the afternoon.
    let back = with(settings(&officer), "time_zone", "Europe/London");
    let instants = send(&officer, path, &with(asked(&back), "times", "instants"));
    assert_eq!(instants.status, 303, "{}", instants.body);
    let page = officer.get(&slot).body;
    assert!(page.contains("15:30–16:30"), "{page}");
}

fn letters_about_a_day_that_is_over_are_asked_about(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let slot = meeting.slot("Uzbekistan");
    let page = format!("/slots/{}", slot.id);
    // Two days later.
    meeting.server.pass(2 * 24 * 3600);
    let officer = meeting.officer();
    let path = format!("{page}/confirmation");
    let form = [("version", slot.version.to_string())];
    let before = meeting.mails();
    let asked = send(&officer, &path, &form);
    assert_eq!(asked.status, 409, "{}", asked.body);
    assert!(asked.body.contains("This day is over"), "{}", asked.body);
    assert_eq!(meeting.mails(), before);
    let sent = send(&officer, &path, &with(form.into(), "past", "send"));
    assert_eq!(sent.status, 303, "{}", sent.body);
    assert!(meeting.mails().len() > before.len());
    let again = [("again", "yes".to_owned())];
    let path = format!("{page}/notices");
    assert_eq!(send(&officer, &path, &again).status, 409);
    let told = send(&officer, &path, &with(again.into(), "past", "send"));
    assert_eq!(told.status, 303, "{}", told.body);
    let wrong = [("past", "send".to_owned()), ("admin", "1".to_owned())];
    assert_eq!(send(&officer, &path, &wrong).status, 400);
}
