//! What can be read: timetable, agendas, mail; escaped, by name, and only what the reader may see.

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, SLOTS, STRANGER, free_slot, send, with};

on_both!(
    the_timetable_has_three_views_and_says_what_it_does_not_know,
    what_people_typed_is_never_markup,
    agendas_come_in_every_format_and_keep_secrets,
    the_outbox_shows_mail_to_those_of_its_event,
);

const EVENT: &str = "/events/ca-jad-9";

fn the_timetable_has_three_views_and_says_what_it_does_not_know(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    for (query, words) in [
        ("", "10 min free"),
        ("?view=delegations", "H.E. Mr. Mukhtar TILEUBERDI"),
        ("?view=list", "20 minutes free"),
        (
            "?day=2030-01-01&view=list",
            "Nothing is booked on this day yet.",
        ),
        ("?day=2030-01-01", "Main Hall"),
    ] {
        let answer = officer.get(&format!("{EVENT}{query}"));
        assert_eq!(answer.status, 200, "{query}");
        assert!(answer.body.contains(words), "{words} in {}", answer.body);
    }
    for query in ["?day=yesterday", "?view=spiral", "?day=2022-13-01"] {
        assert_eq!(
            officer.get(&format!("{EVENT}{query}")).status,
            400,
            "{query}"
        );
    }
    let before = officer.get(EVENT).body;
    assert_eq!(
        officer.get(EVENT).body,
        before,
        "kept while nothing changes"
    );
    send(&officer, SLOTS, &free_slot());
    assert!(
        officer.get(EVENT).body.contains("Evening meeting"),
        "and not a moment longer"
    );
}

fn what_people_typed_is_never_markup(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let evil = "\"><img src=x onerror=alert(1)>";
    let answer = send(
        &officer,
        SLOTS,
        &with(with(free_slot(), "title", evil), "note", evil),
    );
    let page = answer.location().split('?').next().unwrap().to_owned();
    officer.post(&format!("{page}/confirmation"), &[("version", "1")]);
    let list = officer.get("/mail").body;
    let mail = list
        .split("<td><a href=\"/mail/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    for path in [
        EVENT,
        "/events/ca-jad-9?view=list",
        &page,
        &format!("{page}/edit"),
        "/events/ca-jad-9/history",
        "/events/ca-jad-9/agenda.html",
        "/mail",
        &format!("/mail/{mail}"),
        &format!("/mail/{mail}/html"),
    ] {
        let answer = officer.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            !answer.body.contains("<img src=x"),
            "{path}: {}",
            answer.body
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let html = officer.get(&format!("/mail/{mail}/html"));
    assert!(html.header("content-security-policy").contains("sandbox"));
}

fn agendas_come_in_every_format_and_keep_secrets(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    send(
        &officer,
        SLOTS,
        &with(free_slot(), "title", "=HYPERLINK(1)"),
    );
    for (format, kind) in [
        ("html", "text/html"),
        ("csv", "text/csv"),
        ("json", "application/json"),
        ("ics", "text/calendar"),
    ] {
        let all = officer.get(&format!("{EVENT}/agenda.{format}"));
        assert_eq!(all.status, 200, "{format}");
        assert!(all.header("content-type").starts_with(kind), "{format}");
        assert!(all.body.contains("Turkmenistan"), "{format}");
        if format != "html" {
            let name = format!("attachment; filename=\"ca-jad-9-r2.{format}\"");
            assert_eq!(all.header("content-disposition"), name);
        }
        let theirs = officer
            .get(&format!("{EVENT}/agenda.{format}?delegation=KZ"))
            .body;
        let unfolded = theirs.replace("\r\n ", "");
        assert!(
            unfolded.contains("Japan–Kazakhstan") && unfolded.contains("Agenda item 1"),
            "{format}"
        );
        for secret in [
            "Japan–Turkmenistan",
            "Japan–Uzbekistan",
            "15:15",
            "T061500Z",
            "Bring the gift",
        ] {
            assert!(!unfolded.contains(secret), "{secret} in {format}: {theirs}");
        }
    }
    assert!(
        officer
            .get(&format!("{EVENT}/agenda.csv"))
            .body
            .contains("'=HYPERLINK(1)")
    );
    assert_eq!(officer.get(&format!("{EVENT}/agenda")).status, 200);
    for path in [
        "agenda.exe",
        "agenda.csv?delegation=DE",
        "agenda.csv?delegation=../KZ",
    ] {
        assert_eq!(
            officer.get(&format!("{EVENT}/{path}")).status,
            404,
            "{path}"
        );
    }
    assert_eq!(
        officer
            .get(&format!("{EVENT}/agenda.csv?delegatoin=KZ"))
            .status,
        400
    );
}

fn the_outbox_shows_mail_to_those_of_its_event(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    officer.post(
        &format!("/slots/{}/confirmation", slot.id),
        &[("version", "1")],
    );
    let list = officer.get("/mail").body;
    let mail = format!(
        "/mail/{}",
        list.split("<td><a href=\"/mail/")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
    );
    let page = officer.get(&mail);
    assert!(
        page.body.contains("BEGIN:VCALENDAR") && page.body.contains("Waiting"),
        "{}",
        page.body
    );
    let source = officer.get(&format!("{mail}/source"));
    assert!(source.body.contains("Auto-Submitted: auto-generated"));
    assert!(
        source
            .header("content-disposition")
            .starts_with("attachment; filename=")
    );
    assert_eq!(
        officer.post(&format!("{mail}/retry"), &[]).status,
        409,
        "it has not failed"
    );

    meeting
        .server
        .sql("UPDATE outbox SET state = 'failed', last_error = '550 no such user'");
    assert!(officer.get("/").body.contains("2 mails could not be sent."));
    assert!(officer.get("/mail").body.contains("550 no such user"));
    let observer = meeting.server.signed_in(OBSERVER);
    // A letter has the links by which a delegation answers.
    for path in ["", "/html", "/source"] {
        let refused = observer.get(&format!("{mail}{path}"));
        assert_eq!(refused.status, 403, "{path}");
        assert!(
            refused
                .body
                .contains("only officers of the event may open it")
        );
    }
    let outbox = observer.get("/mail").body;
    assert!(outbox.contains("550 no such user") && !outbox.contains(&mail));
    assert_eq!(observer.post(&format!("{mail}/retry"), &[]).status, 403);
    assert_eq!(officer.post(&format!("{mail}/retry"), &[]).status, 303);
    assert_eq!(
        meeting
            .server
            .count("SELECT count(*) AS count FROM outbox WHERE state = 'queued'"),
        1
    );
    let stranger = meeting.server.signed_in(STRANGER);
    for path in [
        mail.clone(),
        format!("{mail}/html"),
        format!("{mail}/source"),
    ] {
        assert_eq!(stranger.get(&path).status, 404, "{path}");
    }
    assert!(!stranger.get("/mail").body.contains("Kazakhstan"));
    assert_eq!(officer.get("/mail/1").status, 404);
}
