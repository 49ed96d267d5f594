//! What is still to be told: seen, read beforehand, sent at one press, or taken as told.

use iikura::core::event::Event;
use std::sync::atomic::Ordering;

use iikura::db::DbError;
use iikura::mail::contents::contents;
use iikura::mail::outbox;
use iikura::server::Error;
use iikura::server::forms::event::FIELDS;
use iikura::store::transaction;

use support::both::{Scratch, on_both};
use support::meeting::{COLLEAGUE, Meeting, OBSERVER, STRANGER};
use support::server::{Answer, Browser};

on_both!(
    pending_notices_are_listed_per_delegation,
    a_letter_is_read_beforehand_and_goes_out_as_it_was_read,
    preview_says_that_a_language_is_missing,
    letter_is_previewed_while_another_writer_holds_the_event,
    several_changes_are_one_letter_and_one_calendar_mail_each,
    all_letters_are_sent_without_others_bilaterals,
    final_schedule_goes_to_everyone_once,
    known_news_is_marked_as_notified,
    changed_venue_is_pending_unless_it_is_a_correction,
    what_has_changed_since_it_was_looked_at_is_not_sent,
    nonsense_and_strangers_are_refused,
    letters_are_composed_before_the_transaction,
);

const NOTICES: &str = "/events/ca-jad-9/notices";
const TITLE: &str = "Foreign Ministers&#39; Meeting";

/// Confirms the bilaterals with these guests; their first mails have arrived.
fn confirm(meeting: &Meeting, officer: &Browser, guests: &[&str]) {
    for guest in guests {
        let slot = meeting.slot(guest);
        let version = slot.version.to_string();
        let path = format!("/slots/{}/confirmation", slot.id);
        assert_eq!(officer.post(&path, &[("version", &version)]).status, 303);
        meeting.server.pass(60);
    }
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250");
}

fn place(meeting: &Meeting, officer: &Browser, guest: &str, at: (&str, &str, &str)) {
    let slot = meeting.slot(guest);
    let version = slot.version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("day", "2022-12-24"),
        ("start", at.0),
        ("end", at.1),
        ("room", at.2),
    ];
    let answer = officer.post(&format!("/slots/{}/placement", slot.id), &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
}

fn send(meeting: &Meeting, browser: &Browser, to: &[&str]) -> Answer {
    let revision = meeting.programme().version().to_string();
    let mut fields = vec![("revision", revision.as_str())];
    fields.extend(to.iter().map(|code| ("to", *code)));
    browser.post(NOTICES, &fields)
}

fn ids(meeting: &Meeting) -> Vec<outbox::MailId> {
    let event = meeting.event;
    let all = meeting
        .server
        .db
        .read_here(|conn| Ok::<_, Error>(outbox::list(conn, Some(event), 1000)?));
    all.unwrap().into_iter().map(|mail| mail.id).collect()
}

/// Recipient, subject, text, and whether there is a calendar part, of every mail but those written before.
fn letters(meeting: &Meeting, before: &[outbox::MailId]) -> Vec<(String, String, String, bool)> {
    let new: Vec<_> = ids(meeting)
        .into_iter()
        .filter(|id| !before.contains(id))
        .collect();
    let read = meeting.server.db.read_here(|conn| {
        let mut read = Vec::new();
        for id in new {
            let mail = outbox::get(conn, id)?.unwrap();
            let contents = contents(&mail.raw);
            let calendar = contents.calendar.is_some();
            read.push((
                mail.summary.recipient,
                mail.summary.subject,
                contents.plain,
                calendar,
            ));
        }
        Ok::<_, Error>(read)
    });
    let mut read = read.unwrap();
    read.sort();
    read
}

fn pending_notices_are_listed_per_delegation(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let page = officer.get(NOTICES).body;
    assert!(
        page.contains("All delegations are notified of everything confirmed."),
        "{page}"
    );
    confirm(&meeting, &officer, &["Uzbekistan", "Kazakhstan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    let page = officer.get(NOTICES).body;
    let part = |code: &str| {
        let (_, rest) = page.split_once(&format!("id=\"party-{code}\"")).unwrap();
        rest.split_once("</section>").unwrap().0.to_owned()
    };
    assert!(
        !page.contains("id=\"party-KZ\""),
        "Kazakhstan knows all there is to know"
    );
    for party in [part("JP"), part("UZ")] {
        assert!(
            party.contains("Room: <del>Conference Room</del> → <ins>Main Hall</ins>"),
            "{party}"
        );
        assert!(
            !party.contains("Time at"),
            "a change of room is not a change of time: {party}"
        );
    }
    let timetable = officer.get("/events/ca-jad-9").body;
    assert!(
        timetable.contains("Not notified yet")
            && timetable.contains("href=\"/events/ca-jad-9/notices\"")
    );
    let observer = meeting.server.signed_in(OBSERVER).get(NOTICES).body;
    assert!(
        observer.contains("Main Hall") && !observer.contains("Send letter"),
        "{observer}"
    );
}

fn changed_venue_is_pending_unless_it_is_a_correction(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, &["Kazakhstan"]);
    let event = Event::clone(&meeting.programme().event);
    let save_event = |venue: &str, correction: &str| {
        let stored = iikura::server::forms::event::fields_of(&event);
        let value = |name: &'static str| match name {
            "venue" => (name, venue),
            "correction" => (name, correction),
            name => (name, stored.get(name)),
        };
        let fields: Vec<_> = FIELDS.iter().map(|name| value(name)).collect();
        let answer = officer.post("/events/ca-jad-9/settings", &fields);
        assert_eq!(answer.status, 303, "{}", answer.body);
    };
    let nothing = "All delegations are notified of everything confirmed.";
    save_event("Akasaka Palace", "");
    let page = officer.get(NOTICES).body;
    let said = "Venue: <del>Iikura House (飯倉公館)</del> → <ins>Akasaka Palace (飯倉公館)</ins>";
    assert_eq!(page.matches(said).count(), 2, "{page}");
    save_event("Iikura House", "");
    assert!(officer.get(NOTICES).body.contains(nothing));
    save_event("Iikura Guest House", "yes");
    assert!(officer.get(NOTICES).body.contains(nothing));
    let room = [
        ("code", "conference"),
        ("name", "Blue Salon"),
        ("name_ja", ""),
        ("capacity", "20"),
        ("turnaround_minutes", "5"),
        ("correction", "yes"),
    ];
    let answer = officer.post("/events/ca-jad-9/rooms/conference", &room);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(officer.get(NOTICES).body.contains(nothing));
    let history = "SELECT count(*) AS count FROM audit WHERE action = 'notice.corrected'";
    assert_eq!(meeting.server.count(history), 2);
}

fn a_letter_is_read_beforehand_and_goes_out_as_it_was_read(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, &["Uzbekistan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    let (rows, revision) = (meeting.rows(), meeting.programme().event.revision);
    let preview = officer.get(&format!("{NOTICES}/UZ"));
    assert_eq!(preview.status, 200);
    let text = preview.body.split_once("<pre").unwrap().1;
    let text = text
        .split_once('>')
        .unwrap()
        .1
        .split_once("</pre>")
        .unwrap()
        .0;
    let html = officer.get(&format!("{NOTICES}/UZ/0"));
    assert_eq!(html.status, 200);
    assert!(html.header("content-security-policy").contains("sandbox"));
    assert!(html.body.contains("Main Hall"));
    assert_eq!(officer.get(&format!("{NOTICES}/UZ/1")).status, 404);
    assert_eq!(meeting.rows(), rows, "looking stores nothing");
    assert_eq!(meeting.programme().event.revision, revision);

    let before = ids(&meeting);
    assert_eq!(
        send(&meeting, &officer, &["UZ"]).location(),
        format!("{NOTICES}?done=letters-sent")
    );
    let sent = letters(&meeting, &before);
    let [(recipient, subject, plain, calendar)] = sent.as_slice() else {
        panic!("{sent:?}")
    };
    assert_eq!(recipient, "uz@delegations.example");
    assert!(
        subject.starts_with("Changed: Japan–Uzbekistan"),
        "{subject}"
    );
    assert!(
        *calendar,
        "one change is one mail, with its entry for the calendar"
    );
    assert_eq!(plain.replace('\'', "&#39;").trim(), text.trim());
    let page = officer.get(NOTICES).body;
    assert!(
        !page.contains("party-UZ") && page.contains("party-JP"),
        "the host was not told yet"
    );
    assert_eq!(
        officer.get(&format!("{NOTICES}/UZ")).status,
        409,
        "nothing is left to read"
    );
}

/// While a transaction composes letters, every other writer of the event waits for it.
fn letters_are_composed_before_the_transaction(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let composed = || {
        let letters = &meeting.server.app.letters;
        [&letters.before, &letters.inside].map(|count| count.load(Ordering::Relaxed))
    };
    confirm(&meeting, &officer, &["Uzbekistan"]);
    assert_eq!(composed(), [2, 0], "a confirmation");

    let slot = meeting.slot("Uzbekistan");
    let version = slot.version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("day", "2022-12-24"),
        ("start", "16:40"),
        ("end", "17:10"),
        ("room", "hall"),
        ("tell", "now"),
    ];
    let moved = officer.post(&format!("/slots/{}/placement", slot.id), &fields);
    assert_eq!(moved.status, 303, "{}", moved.body);
    assert_eq!(
        composed(),
        [4, 0],
        "a change of which they are notified at once"
    );

    place(
        &meeting,
        &officer,
        "Uzbekistan",
        ("16:40", "17:10", "dining"),
    );
    assert_eq!(send(&meeting, &officer, &["UZ", "JP"]).status, 303);
    assert_eq!(composed(), [6, 0], "pending notices");
}

/// The letter says nothing of it, but whoever sends it should know.
fn preview_says_that_a_language_is_missing(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    meeting
        .server
        .sql("UPDATE contacts SET language = 'kk' WHERE email = 'kz@delegations.example'");
    meeting
        .server
        .sql("UPDATE events SET revision = revision + 1");
    confirm(&meeting, &officer, &["Kazakhstan"]);
    place(
        &meeting,
        &officer,
        "Kazakhstan",
        ("17:30", "17:55", "conference"),
    );
    let said = "in English: there are no letters in the contact’s language (kk)";
    assert!(officer.get(&format!("{NOTICES}/KZ")).body.contains(said));
    assert!(
        !officer
            .get(&format!("{NOTICES}/JP"))
            .body
            .contains("in English:")
    );
    assert!(
        officer
            .get("/events/ca-jad-9/final-schedules")
            .body
            .contains(said)
    );
}

fn letter_is_previewed_while_another_writer_holds_the_event(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, &["Uzbekistan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    let statuses = meeting.server.db.write_here(|conn| {
        conn.transaction(|conn| {
            transaction::raise(conn, meeting.event)?;
            let paths = ["UZ", "UZ/0"];
            let status = |path| officer.get(&format!("{NOTICES}/{path}")).status;
            Ok::<_, DbError>(paths.map(status))
        })
    });
    assert_eq!(statuses.unwrap(), [200, 200]);
}

fn several_changes_are_one_letter_and_one_calendar_mail_each(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, &["Uzbekistan", "Kazakhstan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    place(
        &meeting,
        &officer,
        "Kazakhstan",
        ("18:00", "18:25", "conference"),
    );
    let said = "1 letter and 2 calendar mails";
    let page = officer.get(NOTICES).body;
    assert!(page.contains(&format!(". {said}.")), "{page}");
    assert!(page.contains("All together: 3 letters and 2 calendar mails."));
    let preview = officer.get(&format!("{NOTICES}/JP")).body;
    assert!(preview.contains(&format!("{said}, as they would go out now.")));
    let before = ids(&meeting);
    assert_eq!(send(&meeting, &officer, &["JP"]).status, 303);
    let sent = letters(&meeting, &before);
    let subjects: Vec<(&str, bool)> = sent.iter().map(|mail| (mail.1.as_str(), mail.3)).collect();
    assert_eq!(
        subjects,
        [
            ("2 changes to your schedule, Iikura House", false),
            (
                "Changed: Japan–Kazakhstan Foreign Ministers' Meeting, 24 December 2022, 18:00 (JST, UTC+9)",
                true
            ),
            (
                "Changed: Japan–Uzbekistan Foreign Ministers' Meeting, 24 December 2022, 16:40 (JST, UTC+9), now in Main Hall",
                true
            ),
        ]
    );
    assert!(
        sent.iter()
            .all(|mail| mail.0 == "protocol@delegations.example")
    );
    let letter = &sent[0].2;
    assert!(
        letter.contains("Room: Conference Room → Main Hall"),
        "{letter}"
    );
    assert!(
        letter.contains("17:20–17:45 (JST, UTC+9) → 18:00–18:25 (JST, UTC+9)"),
        "{letter}"
    );
    assert!(
        letter.contains("YOUR CONFIRMED SCHEDULE") && letter.contains(", version 3"),
        "{letter}"
    );
    assert!(
        !sent[1].2.contains("YOUR CONFIRMED SCHEDULE"),
        "{}",
        sent[1].2
    );
    assert_eq!(send(&meeting, &officer, &["JP"]).status, 303);
    assert_eq!(
        letters(&meeting, &before).len(),
        3,
        "a second press tells nothing twice"
    );
    let page = officer.get("/mail").body;
    assert!(page.contains("Letter · version 3"), "{page}");
}

fn all_letters_are_sent_without_others_bilaterals(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let guests = [
        "Kyrgyz",
        "Turkmenistan",
        "Tajikistan",
        "Uzbekistan",
        "Kazakhstan",
    ];
    confirm(&meeting, &officer, &guests);
    let places = [
        ("14:40", "15:10", "hall"),
        ("15:15", "15:45", "press"),
        ("15:55", "16:35", "dining"),
        ("16:40", "17:10", "hall"),
        ("17:20", "17:45", "press"),
    ];
    for (guest, at) in guests.iter().zip(places) {
        place(&meeting, &officer, guest, at);
    }
    let before = ids(&meeting);
    let everybody = ["JP", "KZ", "KG", "TJ", "TM", "UZ"];
    assert_eq!(send(&meeting, &officer, &everybody).status, 303);
    let sent = letters(&meeting, &before);
    assert_eq!(
        sent.len(),
        5 + 1 + 5,
        "one mail a guest; a letter and five entries for the host"
    );
    for (recipient, subject, plain, _) in &sent {
        for guest in guests {
            let may_read = recipient.starts_with("protocol") || subject.contains(guest);
            let reads = plain.contains(&format!("Japan–{guest}"));
            assert!(may_read || !reads, "{recipient} reads of {guest}: {plain}");
        }
    }
    let page = officer.get(NOTICES).body;
    assert!(
        page.contains("All delegations are notified of everything confirmed."),
        "{page}"
    );
}

fn final_schedule_goes_to_everyone_once(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let path = "/events/ca-jad-9/final-schedules";
    let empty = officer.get(path).body;
    assert!(
        empty.contains("No delegation with a contact has a confirmed slot."),
        "{empty}"
    );
    let send = || {
        let revision = meeting.programme().version().to_string();
        officer.post(path, &[("revision", &revision)])
    };
    assert_eq!(send().status, 409);
    confirm(&meeting, &officer, &["Kazakhstan", "Uzbekistan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    let page = officer.get(path).body;
    assert!(
        page.contains("3 letters and 2 calendar mails, as they would go out now."),
        "{page}"
    );
    let before = ids(&meeting);
    let answer = send();
    assert_eq!(answer.status, 303, "{}", answer.body);
    let mut recipients: Vec<_> = letters(&meeting, &before)
        .into_iter()
        .map(|(to, subject, _, calendar)| {
            (to, subject.starts_with("Your final schedule"), calendar)
        })
        .collect();
    recipients.retain(|(_, is_final, _)| *is_final);
    let to = |code: &str| (format!("{code}@delegations.example"), true, false);
    assert_eq!(recipients, [to("kz"), to("protocol"), to("uz")]);
    let noted = "SELECT count(*) AS count FROM audit WHERE action = 'notice.schedules_sent'";
    assert_eq!(meeting.server.count(noted), 1);
    // Again, though nothing has changed, and several times in a second.
    meeting.server.pass(60);
    for _ in 0..4 {
        let before = ids(&meeting);
        assert_eq!(send().status, 303);
        assert_eq!(letters(&meeting, &before).len(), 3);
    }
    assert_eq!(officer.post(path, &[("revision", "1-0")]).status, 409);
    assert_eq!(officer.post(path, &[("revision", "x")]).status, 400);
    assert_eq!(officer.post(path, &[]).status, 400);
}

fn known_news_is_marked_as_notified(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, &["Uzbekistan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    let slot = meeting.slot("Uzbekistan").id.to_string();
    let revision = meeting.programme().version().to_string();
    let reason = format!("reason-{slot}-UZ");
    let skip = |browser: &Browser, revision: &str, why: &str| {
        let fields = [
            ("revision", revision),
            ("to", "UZ"),
            ("slot", &slot),
            (&reason, why),
        ];
        browser.post(&format!("{NOTICES}/skips"), &fields)
    };
    let blank = skip(&officer, &revision, " ");
    assert_eq!(blank.status, 422);
    assert!(
        blank.body.contains(&format!("href=\"#field-{reason}\"")),
        "{}",
        blank.body
    );
    let before = meeting.mails().len();
    let taken = skip(&officer, &revision, "The liaison stood beside me");
    assert_eq!(taken.location(), format!("{NOTICES}?done=skipped"));
    assert_eq!(meeting.mails().len(), before, "no mail");
    assert!(!officer.get(NOTICES).body.contains("party-UZ"));
    let history = officer.get("/events/ca-jad-9/history").body;
    assert!(history.contains("The liaison stood beside me"), "{history}");
    let revision = meeting.programme().version().to_string();
    let again = skip(&officer, &revision, "Once more");
    assert_eq!(again.status, 409);
    assert!(
        again
            .body
            .contains("Nothing is pending for this delegation"),
        "{}",
        again.body
    );

    // What comes next begins with what they know.
    place(&meeting, &officer, "Uzbekistan", ("18:00", "18:30", "hall"));
    let page = officer.get(NOTICES).body;
    let (_, theirs) = page.split_once("party-UZ").unwrap();
    assert!(
        theirs.contains("Time at") && !theirs.contains("Room: <del>"),
        "{theirs}"
    );
}

fn what_has_changed_since_it_was_looked_at_is_not_sent(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, &["Uzbekistan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    let looked = meeting.programme().version().to_string();
    place(
        &meeting,
        &meeting.server.signed_in(COLLEAGUE),
        "Uzbekistan",
        ("18:00", "18:30", "hall"),
    );
    let rows = meeting.rows();
    let answer = officer.post(NOTICES, &[("revision", &looked), ("to", "UZ")]);
    assert_eq!(answer.status, 409);
    assert!(
        answer
            .body
            .contains("The programme has changed since you opened this page"),
        "{}",
        answer.body
    );
    assert_eq!(meeting.rows(), rows);
}

fn nonsense_and_strangers_are_refused(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, &["Uzbekistan"]);
    place(&meeting, &officer, "Uzbekistan", ("16:40", "17:10", "hall"));
    let rows = meeting.rows();
    let revision = meeting.programme().version().to_string();
    let revision = ("revision", revision.as_str());
    for (fields, status) in [
        (vec![], 400),
        (vec![revision], 400),
        (vec![("revision", "latest"), ("to", "UZ")], 400),
        (vec![revision, ("to", "XX")], 404),
        (vec![revision, ("to", "UZ"), ("colour", "red")], 400),
    ] {
        assert_eq!(officer.post(NOTICES, &fields).status, status, "{fields:?}");
    }
    let slot = meeting.slot("Uzbekistan").id.to_string();
    for (fields, status) in [
        (vec![revision, ("to", "UZ")], 400),
        (vec![revision, ("to", "UZ"), ("slot", "all")], 400),
        (vec![revision, ("slot", &slot)], 404),
        (
            vec![
                revision,
                ("to", "UZ"),
                ("slot", &slot),
                ("reason-1-KZ", "x"),
            ],
            400,
        ),
    ] {
        let answer = officer.post(&format!("{NOTICES}/skips"), &fields);
        assert_eq!(answer.status, status, "{fields:?} {}", answer.body);
    }
    assert_eq!(officer.get(&format!("{NOTICES}/XX")).status, 404);
    assert_eq!(officer.get(&format!("{NOTICES}/UZ/first")).status, 404);
    assert_eq!(
        send(&meeting, &meeting.server.signed_in(OBSERVER), &["UZ"]).status,
        403
    );
    let stranger = meeting.server.signed_in(STRANGER);
    assert_eq!(send(&meeting, &stranger, &["UZ"]).status, 404);
    assert_eq!(stranger.get(NOTICES).status, 404);
    assert_eq!(stranger.get(&format!("{NOTICES}/UZ")).status, 404);
    assert_eq!(meeting.rows(), rows);
    assert!(officer.get(NOTICES).body.contains(TITLE));
}
