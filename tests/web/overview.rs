//! Overviews: who meets whom, days, what has changed, and search.

use support::both::{Scratch, on_both};
use support::meeting::{COLLEAGUE, Meeting, OBSERVER, SLOTS, STRANGER, free_slot, send, with};
use support::server::Browser;

on_both!(
    the_matrix_says_who_meets_the_chair_when_and_who_does_not,
    day_shows_the_time_between_two_slots,
    changes_since_a_printed_revision_are_added_up,
    changes_since_nonsense_are_refused_with_what_to_type,
    a_search_finds_slots_by_words_and_wishes,
    observers_see_overviews_and_strangers_do_not,
);

const EVENT: &str = "/events/ca-jad-9";

/// What stands on a page between two texts.
fn part(page: &str, from: &str, to: &str) -> String {
    let (_, rest) = page.split_once(from).unwrap();
    rest.split_once(to).unwrap().0.to_owned()
}

fn confirm(meeting: &Meeting, officer: &Browser, words: &str) {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let path = format!("/slots/{}/confirmation", slot.id);
    assert_eq!(officer.post(&path, &[("version", &version)]).status, 303);
}

fn cancel(meeting: &Meeting, officer: &Browser, words: &str) {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let path = format!("/slots/{}/cancellation", slot.id);
    assert_eq!(officer.post(&path, &[("version", &version)]).status, 303);
}

fn the_matrix_says_who_meets_the_chair_when_and_who_does_not(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let page = officer.get(&format!("{EVENT}/matrix")).body;
    assert!(page.contains("the chair meets every guest"), "{page}");
    confirm(&meeting, &officer, "Uzbekistan");
    cancel(&meeting, &officer, "Kazakhstan");
    let page = officer.get(&format!("{EVENT}/matrix")).body;
    assert!(
        page.contains("1 of 5 guests have no bilateral with the chair yet"),
        "{page}"
    );
    let uzbekistan = part(&page, "<th scope=\"row\">Uzbekistan</th>", "</tr>");
    assert!(
        uzbekistan.contains("16:40–17:10")
            && uzbekistan.contains("Confirmed")
            && uzbekistan.contains(">notified<")
    );
    let kazakhstan = part(&page, "<th scope=\"row\">Kazakhstan</th>", "</tr>");
    assert!(kazakhstan.contains("No bilateral yet"), "{kazakhstan}");
    let link = part(&kazakhstan, "href=\"", "\"").replace("&amp;", "&");
    let form = officer.get(&link).body;
    assert!(
        form.contains("value=\"JP\" checked") && form.contains("value=\"KZ\" checked"),
        "{form}"
    );

    // The meeting ends at 17:10 in Tokyo, which is 08:10 UTC; it is five now.
    meeting.server.pass(3 * 3600 + 9 * 60);
    assert!(
        !officer
            .get(&format!("{EVENT}/matrix"))
            .body
            .contains("<strong>over</strong>")
    );
    meeting.server.pass(60);
    let officer = meeting.officer();
    assert!(
        officer
            .get(&format!("{EVENT}/matrix"))
            .body
            .contains("<strong>over</strong>")
    );
    let all = officer.get(&format!("{EVENT}/matrix?pairs=all")).body;
    assert_eq!(all.matches("no bilateral yet: book one of").count(), 15 - 4);
    assert_eq!(
        officer.get(&format!("{EVENT}/matrix?pairs=some")).status,
        400
    );
}

fn day_shows_the_time_between_two_slots(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let chair = officer.get(&format!("{EVENT}/delegations/JP/day")).body;
    for words in [
        "14:20–14:40: 20 minutes, 5 minutes to Conference Room",
        "15:45–15:55: 10 minutes",
        "start=15:45&amp;end=15:55",
        "Working lunch",
    ] {
        assert!(chair.contains(words), "{words} in {chair}");
    }
    let room = officer.get(&format!("{EVENT}/rooms/hall/day")).body;
    assert!(
        room.contains("11:10–11:20: 10 minutes, 10 minutes to make the room ready"),
        "{room}"
    );
    assert!(
        !room.contains("Uzbekistan Foreign"),
        "only what is in the room"
    );
    let empty = officer.get(&format!("{EVENT}/rooms/hall/day?day=2022-12-25"));
    assert!(empty.status == 200 && empty.body.contains("Nothing on this day."));
    for (path, status) in [
        ("delegations/XX/day", 404),
        ("rooms/attic/day", 404),
        ("rooms/hall/day?day=Christmas", 400),
    ] {
        assert_eq!(
            officer.get(&format!("{EVENT}/{path}")).status,
            status,
            "{path}"
        );
    }
    assert!(
        officer
            .get(EVENT)
            .body
            .contains("/rooms/hall/day?day=2022-12-24")
    );
}

fn changes_since_a_printed_revision_are_added_up(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let printed = meeting.programme().event.revision;
    let move_to = |browser: &Browser, start: &str, end: &str| {
        let slot = meeting.slot("Uzbekistan");
        let version = slot.version.to_string();
        let fields = [
            ("version", version.as_str()),
            ("day", "2022-12-24"),
            ("start", start),
            ("end", end),
            ("room", "conference"),
        ];
        let answer = browser.post(&format!("/slots/{}/placement", slot.id), &fields);
        assert_eq!(answer.status, 303, "{}", answer.body);
    };
    let colleague = meeting.server.signed_in(COLLEAGUE);
    move_to(&officer, "18:30", "19:00");
    move_to(&colleague, "19:30", "20:00");
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
    let since = |revision: i64| {
        officer
            .get(&format!("{EVENT}/changes?since={revision}"))
            .body
    };
    let page = since(printed.0);
    let moved = part(&page, "Japan–Uzbekistan", "</li>\n</ul>");
    assert!(
        moved.contains("<del>2022-12-24 16:40</del> → <ins>2022-12-24 19:30</ins>"),
        "{moved}"
    );
    assert!(!moved.contains("18:30"), "only what it comes to: {moved}");
    assert!(moved.contains("Officer, Colleague"), "{moved}");
    assert!(
        page.contains("Evening meeting") && page.contains(">new</span>"),
        "{page}"
    );
    let later = since(printed.0 + 2);
    assert!(
        !later.contains("Uzbekistan") && later.contains("Evening meeting"),
        "{later}"
    );

    move_to(&officer, "16:40", "17:10");
    let page = since(printed.0);
    assert!(!page.contains("Uzbekistan"), "it is where it was: {page}");
    let now = meeting.programme().event.revision.0;
    assert!(since(now).contains("Nothing has changed since then."));
    // 05:00 UTC is 14:00 in Tokyo.
    assert!(
        officer
            .get(&format!("{EVENT}/changes?since=14:00"))
            .body
            .contains("Evening meeting")
    );
    assert!(
        !officer
            .get(&format!("{EVENT}/changes?since=14:01"))
            .body
            .contains("Evening meeting")
    );
}

fn changes_since_nonsense_are_refused_with_what_to_type(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let revision = meeting.programme().event.revision.0;
    for (typed, words) in [
        (
            "yesterday",
            "Type the revision printed on the agenda".to_owned(),
        ),
        ("", "Type the revision printed on the agenda".to_owned()),
        (
            "999",
            format!("There is no revision 999 yet; the programme is at {revision}."),
        ),
        (
            "-1",
            format!("There is no revision -1 yet; the programme is at {revision}."),
        ),
        ("25:00", "25:00".to_owned()),
    ] {
        let answer = officer.get(&format!("{EVENT}/changes?since={typed}"));
        assert_eq!(answer.status, 422, "{typed}");
        assert!(answer.body.contains(&words), "{typed}: {}", answer.body);
        assert_eq!(answer.input("since"), typed);
    }
}

fn a_search_finds_slots_by_words_and_wishes(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert_eq!(
        send(
            &officer,
            SLOTS,
            &with(free_slot(), "note", "Bring the gift")
        )
        .status,
        303
    );
    let search = |query: &str| officer.get(&format!("{SLOTS}?{query}"));
    assert!(search("q=").body.contains("10 slots"));
    for (query, count, words) in [
        ("q=GIFT+kazakhstan", "1 slot<", "Evening meeting"),
        (
            "q=%E3%82%AB%E3%82%B6%E3%83%95%E3%82%B9%E3%82%BF%E3%83%B3&kind=bilateral",
            "2 slots<",
            "Evening meeting",
        ),
        ("q=japan-kazakhstan", "1 slot<", "Japan–Kazakhstan"),
        (
            "q=%EF%BD%B6%EF%BD%BB%EF%BE%9E%EF%BE%8C&kind=bilateral",
            "2 slots<",
            "Evening meeting",
        ),
        ("room=dining", "1 slot<", "Working lunch"),
        (
            "delegation=UZ&kind=bilateral&day=2022-12-24",
            "1 slot<",
            "Japan–Uzbekistan",
        ),
        ("state=confirmed", "0 slots<", "Search"),
    ] {
        let page = search(query).body;
        assert!(
            page.contains(count) && page.contains(words),
            "{query}: {page}"
        );
    }
    cancel(&meeting, &officer, "Uzbekistan");
    assert!(
        search("q=uzbekistan&kind=bilateral")
            .body
            .contains("0 slots<")
    );
    assert!(
        search("q=uzbekistan&state=cancelled")
            .body
            .contains("1 slot<")
    );
    for (query, status) in [
        ("state=maybe", 422),
        ("room=attic", 422),
        ("delegation=XX", 422),
        ("day=noon", 422),
        ("colour=red", 400),
    ] {
        assert_eq!(search(query).status, status, "{query}");
    }
}

fn observers_see_overviews_and_strangers_do_not(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (observer, stranger) = (
        meeting.server.signed_in(OBSERVER),
        meeting.server.signed_in(STRANGER),
    );
    for path in [
        "matrix",
        "matrix?pairs=all",
        "changes",
        "changes?since=0",
        "slots?q=japan",
        "delegations/JP/day",
        "rooms/hall/day",
    ] {
        let page = observer.get(&format!("{EVENT}/{path}"));
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.body.contains("/slots/new"),
            "{path} lets nobody book who may not: {}",
            page.body
        );
        assert_eq!(
            stranger.get(&format!("{EVENT}/{path}")).status,
            404,
            "{path}"
        );
    }
}
