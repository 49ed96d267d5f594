//! Delegations answer by private links; officers see who was told what and what they said.

use iikura::mail::contents::contents;
use iikura::mail::outbox;
use iikura::server::Error;

use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting, OBSERVER, STRANGER};
use support::server::{Answer, Browser};

on_both!(
    delegation_answers_by_its_link_and_changes_the_answer,
    whatever_opens_every_link_in_a_mail_changes_nothing,
    newer_sequence_ends_the_link_and_maybe_the_answer,
    forged_renewed_and_foreign_links_are_invalid,
    private_page_and_calendar_show_own_notices_only,
    nonsense_is_refused_with_what_was_typed,
    office_records_an_answer_and_sees_all_notices,
    notices_cannot_be_undone,
    answers_by_a_link_are_not_without_end,
);

const EVENT: &str = "/events/ca-jad-9";

fn post_to_slot(
    meeting: &Meeting,
    officer: &Browser,
    words: &str,
    noun: &str,
    more: &[(&str, &str)],
) {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let fields = [&[("version", version.as_str())][..], more].concat();
    let answer = officer.post(&format!("/slots/{}/{noun}", slot.id), &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    meeting.server.pass(60);
}

fn confirm(meeting: &Meeting, officer: &Browser, words: &str) {
    post_to_slot(meeting, officer, words, "confirmation", &[]);
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250");
}

/// What pressing the button of a link leaves behind, or a link that opens nothing.
pub fn traces(meeting: &Meeting) -> Vec<i64> {
    [
        "link_passes",
        "sign_in_failures",
        "private_links WHERE last_used_at IS NOT NULL OR seen_over_at IS NOT NULL",
    ]
    .iter()
    .map(|table| {
        let sql = format!("SELECT count(*) AS count FROM {table}");
        meeting.server.count(&sql)
    })
    .collect()
}

/// The paths of the links in the latest mail to an address: to answer, and to the whole schedule.
pub fn links(meeting: &Meeting, recipient: &str) -> (Option<String>, String) {
    let event = meeting.event;
    let raw = meeting.server.db.read_here(|conn| {
        let mails = outbox::list(conn, Some(event), 1000)?;
        let latest = mails.iter().find(|mail| mail.recipient == recipient);
        Ok::<_, Error>(outbox::get(conn, latest.unwrap().id)?.unwrap().raw)
    });
    let plain = contents(&raw.unwrap()).plain;
    let origin = meeting.server.origin.as_str();
    let mut paths: Vec<String> = plain
        .lines()
        .filter_map(|line| line.strip_prefix(origin))
        .map(str::to_owned)
        .collect();
    let whole = paths.pop().unwrap();
    (paths.pop(), whole)
}

/// Where a link leads in a browser: straight on, or by its button.
pub fn led(liaison: &Browser, link: &str) -> String {
    let page = liaison.get(link);
    if page.status == 303 {
        return page.location().to_owned();
    }
    assert_eq!(page.status, 200, "{link}: {}", page.body);
    liaison.open(link)
}

/// The page that a link leads to.
fn opened(liaison: &Browser, link: &str) -> Answer {
    liaison.get(&led(liaison, link))
}

/// Sends the form of the slot that a link leads to, as it was when the link was made.
fn send(liaison: &Browser, link: &str, fields: &[(&str, &str)]) -> Answer {
    let address = led(liaison, link);
    let (path, sequence) = address.split_once("?sequence=").unwrap();
    liaison.post(path, &[&[("sequence", sequence)], fields].concat())
}

pub fn answer(liaison: &Browser, link: &str, word: &str, comment: &str) -> u16 {
    send(liaison, link, &[("answer", word), ("comment", comment)]).status
}

fn delegation_answers_by_its_link_and_changes_the_answer(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    let (link, _) = links(&meeting, "kz@delegations.example");
    let link = link.unwrap();
    let liaison = meeting.server.browser();
    let page = opened(&liaison, &link);
    assert_eq!(page.status, 200, "{}", page.body);
    for words in [
        "Japan–Kazakhstan Foreign Ministers&#39; Meeting",
        "17:20–17:45 (JST, UTC+9)",
        "14:20–14:45 (Almaty, UTC+6)",
        "Will you be there?",
        "Conference Room",
    ] {
        assert!(page.body.contains(words), "{words} in {}", page.body);
    }
    assert_eq!(page.header("cache-control"), "no-store");
    let taken = send(
        &liaison,
        &link,
        &[
            ("answer", "declined"),
            ("comment", "The minister leaves at five."),
        ],
    );
    let slot = meeting.slot("Kazakhstan").id;
    let address = format!("/schedule/ca-jad-9/KZ/slots/{slot}");
    assert_eq!(
        (taken.status, taken.location()),
        (303, format!("{address}?done=answered").as_str())
    );
    let page = liaison.get(taken.location()).body;
    assert!(
        page.contains("Thank you. The protocol office has your answer"),
        "{page}"
    );
    assert!(
        page.contains("<strong>Declined</strong>") && page.contains("The minister leaves at five.")
    );
    let timetable = officer.get(EVENT).body;
    assert!(timetable.contains("id=\"declined-title\""), "{timetable}");
    assert!(timetable.contains("The minister leaves at five."));
    let shown = officer.get(&format!("/slots/{slot}")).body;
    assert!(shown.contains("by the private link"), "{shown}");

    // The same again is one answer; another takes its place.
    let before = meeting.rows();
    assert_eq!(
        answer(&liaison, &link, "declined", "The minister leaves at five."),
        303
    );
    assert_eq!(meeting.rows(), before);
    meeting.server.pass(60);
    assert_eq!(answer(&liaison, &link, "accepted", ""), 303);
    assert!(!officer.get(EVENT).body.contains("declined-title"));
    let matrix = officer.get(&format!("{EVENT}/matrix")).body;
    assert!(matrix.contains("JP no answer yet, KZ accepted"), "{matrix}");
    let history = officer.get(&format!("/slots/{slot}")).body;
    assert!(history.contains("Kazakhstan (private link)"), "{history}");
}

fn whatever_opens_every_link_in_a_mail_changes_nothing(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    let (link, whole) = links(&meeting, "kz@delegations.example");
    let link = link.unwrap();
    let revision = meeting.programme().event.revision;
    let before = [meeting.rows(), traces(&meeting)];
    let scanner = meeting.server.browser();
    for path in [&link, &whole, &format!("{link}?answer=declined&comment=x")] {
        let page = scanner.get(path);
        assert_eq!(page.status, 200, "{path}");
        // It learns of an event, which every letter names, and of nothing else.
        assert!(
            page.body.contains("Central Asia plus Japan"),
            "{}",
            page.body
        );
        for secret in [
            "17:20",
            "Kazakhstan",
            "Conference Room",
            "Will you be there",
        ] {
            assert!(!page.body.contains(secret), "{secret} in {}", page.body);
        }
        assert_eq!(page.header("set-cookie"), "");
    }
    // Neither does whatever follows the links of that page, or guesses more of them.
    for (path, status) in [("schedule.ics", 200), ("schedule.pdf", 303), ("slots", 404)] {
        let found = scanner.get(&format!("{whole}/{path}"));
        assert_eq!(found.status, status, "{path}");
    }
    assert_eq!(scanner.get("/schedule/ca-jad-9/KZ").status, 404);
    // Nor does a form that another site or a program without a page sends.
    for headers in [
        &[("origin", "https://elsewhere.example")][..],
        &[("sec-fetch-site", "cross-site")],
        &[],
    ] {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        for (path, form) in [(&link, ""), (&link, "answer=declined&comment=")] {
            let sent = scanner.post_as(path, form, &[&kind[..], headers].concat());
            assert_eq!(sent.status, 403, "{headers:?}");
        }
    }
    assert_eq!([meeting.rows(), traces(&meeting)], before);
    assert_eq!(meeting.programme().event.revision, revision);
    assert!(meeting.programme().ledger.answers().next().is_none());
}

fn newer_sequence_ends_the_link_and_maybe_the_answer(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    let liaison = meeting.server.browser();
    let (first, _) = links(&meeting, "kz@delegations.example");
    let first = first.unwrap();
    assert_eq!(answer(&liaison, &first, "accepted", ""), 303);

    // A change that waits to be told is not seen before it is told.
    let place = [
        ("day", "2022-12-24"),
        ("start", "18:00"),
        ("end", "18:25"),
        ("room", "conference"),
    ];
    post_to_slot(&meeting, &officer, "Kazakhstan", "placement", &place);
    let page = opened(&liaison, &first).body;
    assert!(
        page.contains("17:20–17:45") && !page.contains("18:00"),
        "{page}"
    );
    assert_eq!(answer(&liaison, &first, "accepted", "Good"), 303);

    let id = meeting.slot("Kazakhstan").id;
    assert_eq!(
        officer.post(&format!("/slots/{id}/notices"), &[]).status,
        303
    );
    let stale = opened(&liaison, &first).body;
    assert!(
        stale.contains("This has changed since the letter"),
        "{stale}"
    );
    assert!(
        stale.contains("18:00–18:25") && !stale.contains("Will you be there"),
        "{stale}"
    );
    assert!(stale.contains("Answer for the current version"));
    let late = [("answer", "declined"), ("comment", "Typed before")];
    let refused = send(&liaison, &first, &late);
    assert_eq!(refused.status, 409);
    for words in ["your answer was not stored", "18:00–18:25", "Typed before"] {
        assert!(refused.body.contains(words), "{words} in {}", refused.body);
    }
    assert_eq!(refused.input("sequence"), "1");
    let shown = officer.get(&format!("/slots/{id}")).body;
    assert!(shown.contains("Asked again: no answer yet"), "{shown}");

    let (second, _) = links(&meeting, "kz@delegations.example");
    let second = second.unwrap();
    assert_eq!(answer(&liaison, &second, "accepted", ""), 303);
    // Another title is told, too, but asks nobody anew.
    let slot = meeting.slot("Kazakhstan");
    let fields = [
        ("kind", "bilateral"),
        ("title", "Meeting of Ministers"),
        ("day", "2022-12-24"),
        ("start", "18:00"),
        ("end", "18:25"),
        ("room", "conference"),
        ("delegations", "JP"),
        ("delegations", "KZ"),
        ("tell", "now"),
    ];
    let version = slot.version.to_string();
    let fields = [&[("version", version.as_str())][..], &fields].concat();
    assert_eq!(officer.post(&format!("/slots/{id}"), &fields).status, 303);
    assert!(
        officer
            .get(&format!("/slots/{id}"))
            .body
            .contains("Accepted")
    );

    post_to_slot(
        &meeting,
        &officer,
        "Meeting of Ministers",
        "cancellation",
        &[("tell", "now")],
    );
    let (_, whole) = links(&meeting, "kz@delegations.example");
    let off = opened(&liaison, &second).body;
    assert!(
        off.contains("This meeting is cancelled, or takes place without you"),
        "{off}"
    );
    assert_eq!(answer(&liaison, &second, "accepted", ""), 409);
    assert!(
        opened(&liaison, &whole)
            .body
            .contains("Nothing is confirmed at present")
    );
    assert!(
        meeting.programme().ledger.answers().next().is_none(),
        "there is nothing to answer any more"
    );
}

fn forged_renewed_and_foreign_links_are_invalid(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    confirm(&meeting, &officer, "Uzbekistan");
    let (kazakh, whole) = links(&meeting, "kz@delegations.example");
    let kazakh = kazakh.unwrap();
    let stranger = meeting.server.browser();
    let another = Meeting::on(&Scratch::sqlite());
    confirm(&another, &another.officer(), "Kazakhstan");
    let (foreign, _) = links(&another, "kz@delegations.example");
    let cut = &kazakh[..kazakh.len() - 1];
    let nothing = stranger.get("/d/nothing");
    assert_eq!(nothing.status, 404);
    assert!(
        nothing
            .body
            .contains("Use the complete link in the latest letter"),
        "{}",
        nothing.body
    );
    for path in [
        foreign.unwrap().as_str(),
        cut,
        &format!("{kazakh}/schedule.ics"),
        "/d/AAAA/schedule.ics",
    ] {
        let found = stranger.get(path);
        assert_eq!((found.status, &found.body), (404, &nothing.body), "{path}");
    }
    let pressed = stranger.post(cut, &[]);
    assert_eq!((pressed.status, &pressed.body), (404, &nothing.body));
    // What a link opens is the delegation's own.
    let liaison = meeting.server.browser();
    let page = led(&liaison, &whole);
    let slot = meeting.slot("Uzbekistan").id;
    let uzbek = liaison.get(&format!("{page}/slots/{slot}"));
    let nobodys = liaison.get(&format!("{page}/slots/12345"));
    assert_eq!((uzbek.status, &uzbek.body), (404, &nobodys.body));
    let declined = [("answer", "declined"), ("sequence", "0"), ("comment", "")];
    let refused = liaison.post(&format!("{page}/slots/{slot}"), &declined);
    assert_eq!(refused.status, 404, "{}", refused.body);
    let others = liaison.get("/schedule/ca-jad-9/UZ");
    let no_ones = liaison.get("/schedule/ca-jad-9/XX");
    assert_eq!((others.status, &others.body), (404, &no_ones.body));

    let links_of = format!("{EVENT}/delegations/KZ/links");
    assert_eq!(
        meeting
            .server
            .signed_in(OBSERVER)
            .post(&links_of, &[])
            .status,
        403
    );
    assert_eq!(
        meeting
            .server
            .signed_in(STRANGER)
            .post(&links_of, &[])
            .status,
        404
    );
    assert_eq!(
        officer
            .post(&format!("{EVENT}/delegations/XX/links"), &[])
            .status,
        404
    );
    assert_eq!(officer.post(&links_of, &[]).status, 303);
    for path in [&kazakh, &whole, &format!("{whole}/schedule.ics"), &page] {
        let found = liaison.get(path);
        assert_eq!(found.status, 410, "{path}");
        let words = "This link has been replaced";
        assert!(found.body.contains(words), "{path}: {}", found.body);
        assert!(found.body.contains("protocol@iikura.example"));
        assert!(!found.body.contains("Kazakhstan"), "{}", found.body);
    }
    assert_eq!(stranger.post(&kazakh, &[]).status, 410);
    let page = officer.get(&format!("{EVENT}/delegations/KZ")).body;
    let start = page.find("/d/").unwrap();
    let new = &page[start..start + page[start..].find('"').unwrap()];
    assert_ne!(new, whole);
    assert_eq!(opened(&stranger, new).status, 200);
    let (uzbek, _) = links(&meeting, "uz@delegations.example");
    let theirs = opened(&stranger, &uzbek.unwrap());
    assert_eq!(theirs.status, 200, "others keep theirs");
    assert!(meeting.programme().ledger.answers().next().is_none());
}

fn private_page_and_calendar_show_own_notices_only(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    for words in ["Kazakhstan", "Uzbekistan", "Agenda item 1"] {
        confirm(&meeting, &officer, words);
    }
    let (_, whole) = links(&meeting, "kz@delegations.example");
    let liaison = meeting.server.browser();
    let page = opened(&liaison, &whole).body;
    let feed = liaison.get(&format!("{whole}/schedule.ics"));
    assert_eq!(feed.header("content-type"), "text/calendar; charset=utf-8");
    let calendar = feed.body.replace("\r\n ", "");
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 2, "{calendar}");
    for words in ["Agenda item 1", "Japan–Kazakhstan"] {
        assert!(page.contains(words) && calendar.contains(words), "{words}");
    }
    for words in [
        "At home: Saturday\\, 24 December 2022\\, 14:20–14:45 (Almaty\\, UTC+6)",
        "METHOD:PUBLISH",
        "DTSTART:20221224T082000Z",
        "LOCATION:Conference Room\\, Iikura House",
    ] {
        assert!(calendar.contains(words), "{words} in {calendar}");
    }
    assert!(
        !calendar.contains("ATTENDEE"),
        "nobody is invited by a feed"
    );
    for trace in [
        "Japan–Uzbekistan",
        "16:40",
        "T074000Z",
        "Working lunch",
        "Joint press",
    ] {
        assert!(
            !page.contains(trace) && !calendar.contains(trace),
            "{trace}"
        );
    }
    // The invitation in the mail and the feed are one entry in a calendar.
    let uid = calendar
        .lines()
        .find(|line| line.starts_with("UID:"))
        .unwrap();
    let known = meeting
        .programme()
        .ledger
        .notices()
        .any(|notice| uid[4..] == notice.uid);
    assert!(known, "{uid}");
}

fn nonsense_is_refused_with_what_was_typed(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    let (link, _) = links(&meeting, "kz@delegations.example");
    let link = link.unwrap();
    let liaison = meeting.server.browser();
    let before = meeting.rows();
    let long = "x".repeat(10_240);
    for (word, comment, words) in [
        ("maybe", "Kept words", "Choose one of the answers"),
        ("", "Kept words", "Choose one of the answers"),
        (
            "accepted",
            long.as_str(),
            "has 10240 characters; shorten it",
        ),
        ("accepted", "a\u{0007}b", "control character"),
    ] {
        let refused = send(&liaison, &link, &[("answer", word), ("comment", comment)]);
        assert_eq!(refused.status, 422, "{word}");
        assert!(refused.body.contains(words), "{words} in {}", refused.body);
        let kept = if comment == "Kept words" {
            comment
        } else {
            &comment[..1]
        };
        assert!(refused.body.contains(kept));
    }
    let more = [("answer", "accepted"), ("admin", "yes")];
    assert_eq!(send(&liaison, &link, &more).status, 400);
    assert_eq!(liaison.post(&link, &[("answer", "accepted")]).status, 400);
    let address = led(&liaison, &link);
    let (path, _) = address.split_once('?').unwrap();
    for sequence in ["", "soon", "99999999999"] {
        let whole = [
            ("sequence", sequence),
            ("answer", "accepted"),
            ("comment", "Kept"),
        ];
        let refused = liaison.post(path, &whole);
        assert_eq!(refused.status, 422, "{sequence}");
        assert!(refused.body.contains("Kept"), "{}", refused.body);
        assert_eq!(refused.input("sequence"), "0");
    }
    let asked = liaison.get(&format!("{path}?sequence=soon"));
    assert_eq!(asked.status, 400);
    assert!(asked.body.contains("The query in the address is invalid"));

    let slot = meeting.slot("Kazakhstan").id;
    let path = format!("/slots/{slot}/answers");
    let noted = |fields: &[(&str, &str)]| officer.post(&path, fields);
    let refused = noted(&[
        ("delegation", "UZ"),
        ("answer", "yes"),
        ("comment", "By telephone"),
    ]);
    assert_eq!(refused.status, 422);
    for words in ["Choose who answers", "Choose an answer", "By telephone"] {
        assert!(refused.body.contains(words), "{words} in {}", refused.body);
    }
    let fields = [
        ("delegation", "KZ"),
        ("answer", "accepted"),
        ("comment", ""),
    ];
    for (person, status) in [(OBSERVER, 403), (STRANGER, 404)] {
        assert_eq!(
            meeting.server.signed_in(person).post(&path, &fields).status,
            status
        );
    }
    assert_eq!(officer.post("/slots/12345/answers", &fields).status, 404);
    assert_eq!(meeting.rows(), before);
}

fn office_records_an_answer_and_sees_all_notices(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    meeting
        .server
        .sql("UPDATE outbox SET state = 'failed' WHERE recipient = 'protocol@delegations.example'");
    let slot = meeting.slot("Kazakhstan").id;
    let fields = [
        ("delegation", "KZ"),
        ("answer", "tentative"),
        ("comment", "They call back"),
    ];
    assert_eq!(
        officer
            .post(&format!("/slots/{slot}/answers"), &fields)
            .status,
        303
    );
    for person in [OBSERVER, ADMIN] {
        let page = meeting
            .server
            .signed_in(person)
            .get(&format!("{EVENT}/answers"))
            .body;
        for words in [
            "Not sure yet",
            "recorded by Officer",
            "They call back",
            "kz@delegations.example",
            "<strong>Failed</strong>",
            "1 not sure yet, 1 without an answer",
        ] {
            assert!(page.contains(words), "{words} in {page}");
        }
    }
    assert_eq!(
        meeting
            .server
            .signed_in(STRANGER)
            .get(&format!("{EVENT}/answers"))
            .status,
        404
    );
}

fn notices_cannot_be_undone(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    let (link, _) = links(&meeting, "kz@delegations.example");
    let place = [
        ("day", "2022-12-24"),
        ("start", "18:00"),
        ("end", "18:25"),
        ("room", "conference"),
    ];
    post_to_slot(&meeting, &officer, "Kazakhstan", "placement", &place);
    let slot = meeting.slot("Kazakhstan");
    // Meanwhile the delegation answers to what it knows, and one of the two is taken as told.
    assert_eq!(
        answer(&meeting.server.browser(), &link.unwrap(), "accepted", ""),
        303
    );
    let revision = meeting.programme().version().to_string();
    let (id, version) = (slot.id.to_string(), slot.version.to_string());
    let reason = format!("reason-{id}-JP");
    let skip = [
        ("revision", revision.as_str()),
        ("to", "JP"),
        ("slot", &id),
        (&reason, "Told at the table"),
    ];
    assert_eq!(
        officer
            .post(&format!("{EVENT}/notices/skips"), &skip)
            .status,
        303
    );
    let undone = officer.post(&format!("/slots/{id}/undo"), &[("version", &version)]);
    assert_eq!(undone.status, 303, "{}", undone.body);
    let back = meeting.slot("Kazakhstan");
    assert_eq!(back.state(), iikura::core::slot::SlotState::Confirmed);
    let zone = meeting.programme().event.time_zone;
    assert_eq!(zone.clock(back.interval().start()), "17:20");
}

fn answers_by_a_link_are_not_without_end(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Kazakhstan");
    let (link, _) = links(&meeting, "kz@delegations.example");
    let (link, liaison) = (link.unwrap(), meeting.server.browser());
    let statuses: Vec<u16> = (0..61)
        .map(|turn| answer(&liaison, &link, "accepted", &format!("Turn {turn}")))
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 60);
    assert_eq!(statuses.last(), Some(&429));
    meeting.server.pass(16 * 60);
    assert_eq!(answer(&liaison, &link, "accepted", ""), 303);
}
