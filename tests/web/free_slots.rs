//! The search for free times as officers and observers use it.

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, SLOTS, STRANGER, free_slot, send, with};
use support::server::Answer;

on_both!(
    the_chair_and_a_guest_find_a_time_and_book_it_at_one_press,
    free_time_taken_meanwhile_is_refused,
    a_stored_slot_is_moved_at_one_press,
    rooms_too_small_for_the_parties_are_named,
    search_for_some_forgets_who_was_left_out_of_all,
    observers_search_and_book_nothing_and_strangers_see_nothing,
);

const FREE: &str = "/events/ca-jad-9/free-slots";
/// Thirty minutes for the chair and Kazakhstan, any room for 12, interpreter ja–ru, on the 24th.
const WISH: &str = "/events/ca-jad-9/free-slots?delegations=JP&delegations=KZ&minutes=30&room=-any&people=12\
                    &pairs=ja-ru&day=2022-12-24&kind=bilateral";

/// The fields that the first “Book” sends.
fn first_offer(page: &Answer) -> (String, Vec<(String, String)>) {
    let form = page.body.split("<li class=\"offer\">").nth(1).unwrap();
    let form = &form[form.find("<form").unwrap()..form.find("</form>").unwrap()];
    let value = |text: &str, key: &str| {
        let rest = &text[text.find(key).unwrap() + key.len()..];
        rest[..rest.find('"').unwrap()]
            .replace("&#39;", "'")
            .replace("&amp;", "&")
            .replace("&#38;", "&")
    };
    let fields = form
        .split("<input")
        .skip(1)
        .map(|input| (value(input, "name=\""), value(input, "value=\"")));
    (value(form, "action=\""), fields.collect())
}

fn press(
    browser: &support::server::Browser,
    (action, fields): &(String, Vec<(String, String)>),
) -> Answer {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.post(action, &fields)
}

fn the_chair_and_a_guest_find_a_time_and_book_it_at_one_press(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let page = officer.get(WISH);
    assert_eq!(page.status, 200, "{}", page.body);
    for words in [
        "45 of 145 starts are free.",
        "full and half hours",
        // Full hours first: half past eight, nine, then the evening.
        "08:30–09:00",
        "Conference Room",
        "Interpreter, Japanese–Russian (1)",
        "Repeated pair:",
        "See the refused starts",
        " is in “Agenda item 1",
    ] {
        assert!(page.body.contains(words), "{words} in {}", page.body);
    }
    let offer = first_offer(&page);
    assert_eq!(offer.0, SLOTS);
    let booked = press(&officer, &offer);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let slot = meeting.slot("Bilateral: Japan, Kazakhstan");
    let programme = meeting.programme();
    let zone = programme.event.time_zone;
    assert_eq!(zone.clock(slot.interval().start()), "08:30");
    assert_eq!(slot.interval().minutes(), 30);
    assert_eq!(slot.state(), iikura::core::slot::SlotState::Tentative);
    assert_eq!(programme.interpreters_of(slot.content()).count(), 1);
    assert!(
        !officer
            .get(WISH)
            .body
            .contains("08:30–09:00, Conference Room"),
        "it is taken now"
    );
}

fn search_for_some_forgets_who_was_left_out_of_all(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let page = meeting.officer().get(&format!("{WISH}&left_out=TM"));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains("name=\"left_out\""), "{}", page.body);
}

fn rooms_too_small_for_the_parties_are_named(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let page = officer.get(WISH).body;
    let words =
        "The parties are 18 people. Not offered, since too small without a reason: Salon (16).";
    assert!(page.contains(words), "{page}");
    let guests = WISH.replace("delegations=JP", "delegations=UZ");
    let enough = officer.get(&guests).body;
    assert!(!enough.contains("Not offered"), "{enough}");
}

fn free_time_taken_meanwhile_is_refused(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let offer = first_offer(&officer.get(WISH));
    assert_eq!(press(&officer, &offer).status, 303);
    let before = meeting.rows();
    let refused = press(&officer, &offer);
    assert_eq!(refused.status, 409);
    assert!(
        refused.body.contains("Double booking") && refused.body.contains("Search further"),
        "{}",
        refused.body
    );
    assert_eq!(meeting.rows(), before);

    let at = refused.body.find("/events/ca-jad-9/free-slots?").unwrap();
    let address = &refused.body[at..];
    let address = address[..address.find('"').unwrap()]
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let further = officer.get(&address);
    assert_eq!(further.status, 200, "{address}: {}", further.body);
    for words in [
        "The nearest to 08:30 come first.",
        "Interpreter, Japanese–Russian (1) works alone from 08:30 to 09:35",
        "value=\"30\"",
        "Bilateral: Japan, Kazakhstan",
    ] {
        assert!(further.body.contains(words), "{words} in {}", further.body);
    }
}

fn a_stored_slot_is_moved_at_one_press(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    meeting
        .server
        .sql("UPDATE slots SET fixed = TRUE WHERE title LIKE 'Japan–Kazakhstan%'");
    meeting
        .server
        .sql("UPDATE events SET revision = revision + 1");
    let slot = meeting.slot("Japan–Kazakhstan");
    let form = officer.get(&format!("/slots/{}/edit", slot.id));
    let search = format!("{FREE}?slot={}", slot.id);
    assert!(
        form.body.contains(&format!("formaction=\"{search}\"")),
        "{}",
        form.body
    );
    let typed = [
        ("kind", "bilateral"),
        ("title", slot.title().as_str()),
        ("day", "2022-12-24"),
        ("start", "17:20"),
        ("end", "17:45"),
        ("room", "conference"),
        ("delegations", "JP"),
        ("delegations", "KZ"),
        ("note", "Bring the gift"),
        ("version", "1"),
    ];
    let carried = officer.post(&search, &typed);
    assert_eq!(carried.status, 303, "{}", carried.body);
    assert!(
        !carried.location().contains("gift"),
        "notes stay out of addresses"
    );
    let page = officer.get(carried.location());
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.contains("17:20–17:45"),
        "it is not in its own way: {}",
        page.body
    );
    let later = format!("{}&from=18:00", carried.location());
    let offer = first_offer(&officer.get(&later));
    assert_eq!(offer.0, format!("/slots/{}", slot.id));
    let moved = press(&officer, &offer);
    assert_eq!(moved.status, 303, "{}", moved.body);
    let now = meeting.slot("Japan–Kazakhstan");
    let zone = meeting.programme().event.time_zone;
    assert_eq!(
        (now.id, zone.clock(now.interval().start())),
        (slot.id, "18:00".to_owned())
    );
    assert_eq!(now.details.content.note, slot.content().note);
    assert!(now.details.fixed, "a move by hand leaves it fixed");
}

fn observers_search_and_book_nothing_and_strangers_see_nothing(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let observer = meeting.server.signed_in(OBSERVER);
    let page = observer.get(WISH);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("45 of 145 starts are free."));
    assert!(
        !page.body.contains(&format!("action=\"{SLOTS}\"")),
        "{}",
        page.body
    );
    let stranger = meeting.server.signed_in(STRANGER);
    let (one, other) = (
        stranger.get(WISH),
        stranger.get("/events/ca-jad-8/free-slots"),
    );
    assert_eq!((one.status, &one.body), (404, &other.body));
    assert_eq!(send(&stranger, FREE, &free_slot()).status, 404);
    assert_eq!(
        meeting.server.browser().get(WISH).status,
        303,
        "signed out: to the sign-in page"
    );
}

#[test]
fn the_form_is_opened_from_the_timetable_and_filled_as_usual() {
    let scratch = Scratch::sqlite();
    let meeting = Meeting::on(&scratch);
    let officer = meeting.officer();
    let timetable = officer.get("/events/ca-jad-9");
    assert!(timetable.body.contains(&format!("{FREE}?day=2022-12-24")));
    let form = officer.get(&format!("{FREE}?day=2022-12-24"));
    assert_eq!((form.status, form.input("minutes").as_str()), (200, "30"));
    assert!(!form.body.contains("starts are free") && !form.body.contains("There is a problem"));
}

#[test]
fn where_nothing_is_free_the_page_says_what_to_give_up() {
    let scratch = Scratch::sqlite();
    let meeting = Meeting::on(&scratch);
    let officer = meeting.officer();
    let address = format!("{WISH}&from=14:40&until=15:15");
    let page = officer.get(&address);
    for words in [
        "Nothing is free.",
        "Free times exist without one of these demands:",
        "At any time of the day: 45 free starts, the first at 08:30 in Conference Room",
        "Japan is in “Japan–Kyrgyz",
    ] {
        assert!(page.body.contains(words), "{words} in {}", page.body);
    }
    assert!(!page.body.contains("On Sunday"), "the event has one day");
    let at = page.body.find("<ul class=\"relaxations\">").unwrap();
    let link = page.body[at..]
        .split('"')
        .nth(3)
        .unwrap()
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    assert!(
        officer
            .get(&link)
            .body
            .contains("45 of 145 starts are free."),
        "{link}"
    );
}

/// A field, what is typed there, and what the page says of it.
const SLIPS: &[(&str, &str, &str)] = &[
    ("delegations", "", "Choose who is to meet."),
    (
        "delegations",
        "DE",
        "There is no such delegation at this event",
    ),
    (
        "interpreters",
        "fr-1",
        "There is no such interpreter at this event",
    ),
    (
        "pairs",
        "Japanese",
        "is not a pair of languages; write it as in ja – ru",
    ),
    (
        "minutes",
        "0",
        "The length is a multiple of 5 minutes, from 5 to 1440.",
    ),
    (
        "minutes",
        "31",
        "The length is a multiple of 5 minutes, from 5 to 1440.",
    ),
    (
        "minutes",
        "-30",
        "The length is a multiple of 5 minutes, from 5 to 1440.",
    ),
    (
        "minutes",
        "1445",
        "The length is a multiple of 5 minutes, from 5 to 1440.",
    ),
    (
        "minutes",
        "half an hour",
        "The length is a multiple of 5 minutes, from 5 to 1440.",
    ),
    ("room", "saal", "There is no such room at this event"),
    ("room", "", "Choose a room, any room, or no room yet."),
    (
        "people",
        "-1",
        "Room for is a whole number from 1 to 100000.",
    ),
    (
        "people",
        "many",
        "Room for is a whole number from 1 to 100000.",
    ),
    (
        "day",
        "2022-12-25",
        "The event has no Sunday, 25 December 2022; choose one of its days.",
    ),
    ("day", "24.12.", "is not a date; write it as in 2022-12-24"),
    ("from", "noon", "is not a time; write it as in 14:40"),
    (
        "until",
        "08:00",
        "The latest end must be after the earliest start",
    ),
    ("near", "31:00", "is not a time; write it as in 14:40"),
    ("kind", "banquet", "Choose what the slot is for."),
    (
        "title",
        "A\r\nB",
        "Title contains a line break or control character",
    ),
    ("slot", "1", "There is no such slot at this event"),
];

#[test]
fn a_wish_that_makes_no_sense_is_refused_at_its_field() {
    let scratch = Scratch::sqlite();
    let meeting = Meeting::on(&scratch);
    let officer = meeting.officer();
    let wish = || {
        [
            ("delegations", "JP"),
            ("delegations", "KZ"),
            ("minutes", "30"),
            ("room", "-any"),
            ("people", "12"),
            ("day", "2022-12-24"),
            ("kind", "bilateral"),
            ("title", "A quiet word"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    };
    for (field, value, words) in SLIPS {
        let mut fields = with(wish(), field, value);
        if value.is_empty() && *field == "delegations" {
            fields.retain(|(name, _)| name != field);
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        let answer = officer.get(&format!("{FREE}?{query}"));
        assert_eq!(answer.status, 422, "{field} = {value:?}: {}", answer.body);
        assert!(
            answer.body.contains(words),
            "{words} for {field} = {value:?} in {}",
            answer.body
        );
        assert!(answer.body.contains("<title>Error: "));
        if *field != "title" {
            assert_eq!(answer.input("title"), "A quiet word", "{field}");
        }
    }
    for query in ["minutes=30&admin=1", "minutes=%ff", "minutes=30&version=1"] {
        assert_eq!(
            officer.get(&format!("{FREE}?{query}")).status,
            400,
            "{query}"
        );
    }
    assert_eq!(officer.post(FREE, &[("admin", "1")]).status, 400);
    assert_eq!(
        officer
            .post(&format!("{FREE}?slot=x"), &[("title", "A")])
            .status,
        400
    );
}
