//! Paper over the web: agendas and sheets as PDF, read back by poppler.

use std::io::Write;
use std::process::Command;

use iikura::mail::contents::contents;
use iikura::mail::outbox::{self, Mail};
use iikura::mail::transport::Transport;
use iikura::mail::worker::{Worker, WorkerSignal};
use iikura::server::Error;

use crate::answers::links;
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, SLOTS, STRANGER, free_slot, send, with};
use support::server::Browser;

on_both!(
    agendas_and_sheets_come_as_pdf,
    private_page_has_its_schedule_as_pdf_as_notified,
    what_is_not_there_is_refused_in_a_sentence,
    letter_encloses_the_schedule_that_it_lists,
    office_opens_enclosures_before_and_after_sending,
);

const EVENT: &str = "/events/ca-jad-9";

/// The words of a PDF in one line.
pub fn read(pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let mut command = Command::new("pdftotext");
    let output = command.arg("-layout").arg(file.path()).arg("-").output();
    let output = output.unwrap();
    assert!(output.status.success(), "poppler reads it");
    let words = String::from_utf8(output.stdout).unwrap();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn agendas_and_sheets_come_as_pdf(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let booked = send(
        &officer,
        SLOTS,
        &with(free_slot(), "title", "#panic[*now*]"),
    );
    assert_eq!(booked.status, 303);
    let page = officer.get(&format!("{EVENT}/agenda")).body;
    for (path, words) in [
        ("agenda.pdf", "#panic[*now*]"),
        (
            "agenda.pdf?delegation=KZ",
            "For the delegation of Kazakhstan",
        ),
        (
            "agenda/card.pdf?delegation=KZ",
            "H.E. Mr. Mukhtar TILEUBERDI",
        ),
        ("agenda/doors.pdf", "For door staff"),
        ("agenda/roster.pdf", "For the interpreters"),
        ("agenda/matrix.pdf", "Sat 24 Dec"),
    ] {
        assert!(
            page.contains(&format!("{EVENT}/{path}\"")),
            "{path} is offered"
        );
        let (status, pdf) = officer.file(&format!("{EVENT}/{path}"));
        assert_eq!(status, 200, "{path}");
        let text = read(&pdf);
        assert!(text.contains(words), "{words} in {path}: {text}");
        assert!(text.contains("Revision 2 · Issued"), "{path}: {text}");
        assert!(text.contains("Page 1 of "), "{path}: {text}");
    }
    let (_, theirs) = officer.file(&format!("{EVENT}/agenda.pdf?delegation=KZ"));
    let theirs = read(&theirs);
    for secret in ["Japan–Turkmenistan", "15:15", "Bring the gift"] {
        assert!(!theirs.contains(secret), "{secret}: {theirs}");
    }
    let (_, all) = officer.file(&format!("{EVENT}/agenda.pdf"));
    assert!(read(&all).contains("Bring the gift"));
    // The form sends what is not chosen as empty fields.
    let (status, sheet) = officer.file(&format!("{EVENT}/agenda/doors.pdf?room=hall&day="));
    assert_eq!(status, 200);
    let sheet = read(&sheet);
    assert!(
        sheet.contains("Page 1 of 1") && sheet.contains("Main Hall"),
        "{sheet}"
    );
    let stranger = meeting.server.signed_in(STRANGER);
    for path in [
        "agenda.pdf",
        "agenda/doors.pdf",
        "agenda/card.pdf?delegation=KZ",
    ] {
        assert_eq!(
            stranger.get(&format!("{EVENT}/{path}")).status,
            404,
            "{path}"
        );
    }
}

fn private_page_has_its_schedule_as_pdf_as_notified(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    let path = format!("/slots/{}", slot.id);
    let confirmed = officer.post(&format!("{path}/confirmation"), &[("version", "1")]);
    assert_eq!(confirmed.status, 303);
    let (_, link) = links(&meeting, "kz@delegations.example");
    let liaison = meeting.server.browser();
    let by_link = format!("{link}/schedule.pdf");
    assert_eq!(
        liaison.get(&by_link).location(),
        link,
        "the button comes first"
    );
    let page = liaison.open(&link);
    let paper = format!("{page}/schedule.pdf");
    assert!(liaison.get(&page).body.contains(&format!("\"{paper}\"")));
    assert_eq!(liaison.get(&by_link).location(), paper);
    let (status, pdf) = liaison.file(&paper);
    assert_eq!(status, 200);
    let text = read(&pdf);
    for words in [
        "For the delegation of Kazakhstan",
        "As of our letter of",
        "Japan–Kazakhstan",
        "17:20–17:45",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for secret in ["Agenda item", "Turkmenistan", "Revision", "Tentative"] {
        assert!(!text.contains(secret), "{secret} was not told: {text}");
    }
    assert_eq!(liaison.get("/d/AAAA/schedule.pdf").status, 404);
    assert_eq!(meeting.server.browser().get(&paper).status, 404);
}

fn what_is_not_there_is_refused_in_a_sentence(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    for (path, status, sentence) in [
        ("agenda.pdf?delegation=DE", 404, "Page not found"),
        ("agenda/poster.pdf", 404, "Page not found"),
        ("agenda/card.pdf", 400, "say of which delegation"),
        ("agenda/card.pdf?delegation=DE", 400, "has no delegation"),
        ("agenda/doors.pdf?room=attic", 400, "it has hall"),
        ("agenda/doors.pdf?day=2022-12-25", 400, "it has 2022-12-24"),
        ("agenda/doors.pdf?day=../24", 400, "is not a date"),
        (
            "agenda/roster.pdf?interpreter=xx",
            400,
            "has no interpreter",
        ),
        ("agenda/matrix.pdf?room=hall", 400, "not made by room"),
        ("agenda/card.pdf?delegatoin=KZ", 400, ""),
    ] {
        let answer = officer.get(&format!("{EVENT}/{path}"));
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.contains(sentence), "{path}: {}", answer.body);
    }
}

/// The mails to an address, the oldest first.
fn mails_to(meeting: &Meeting, address: &str) -> Vec<Mail> {
    let event = meeting.event;
    let mails = meeting.server.db.read_here(|conn| {
        let mut mails = Vec::new();
        for mail in outbox::list(conn, Some(event), 100)? {
            if mail.recipient == address {
                mails.extend(outbox::get(conn, mail.id)?);
            }
        }
        Ok::<_, Error>(mails)
    });
    let mut mails = mails.unwrap();
    mails.reverse();
    mails
}

fn confirm(meeting: &Meeting, officer: &Browser, words: &str) {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let path = format!("/slots/{}/confirmation", slot.id);
    assert_eq!(officer.post(&path, &[("version", &version)]).status, 303);
    meeting.server.pass(60);
}

/// A worker that sends everything into files.
fn send_all(meeting: &Meeting) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let worker = Worker::new(
        meeting.server.db.clone(),
        Transport::files(folder.path().to_owned()),
        meeting.server.app.clock.clone(),
        WorkerSignal::default(),
    );
    actix_web::rt::System::new()
        .block_on(worker.drain())
        .unwrap();
    folder
}

const KAZAKHSTAN: &str = "kz@delegations.example";

fn letter_encloses_the_schedule_that_it_lists(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Japan–Turkmenistan");
    confirm(&meeting, &officer, "Japan–Kazakhstan");
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
    confirm(&meeting, &officer, "Evening meeting");
    // Changed before anything has left, and not told.
    let slot = meeting.slot("Evening meeting");
    let version = slot.version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("day", "2022-12-24"),
        ("start", "19:00"),
        ("end", "19:30"),
        ("room", "conference"),
    ];
    let moved = officer.post(&format!("/slots/{}/placement", slot.id), &fields);
    assert_eq!(moved.status, 303, "{}", moved.body);
    send_all(&meeting);
    let mails = mails_to(&meeting, KAZAKHSTAN);
    let papers: Vec<String> = mails
        .iter()
        .map(|mail| read(&contents(&mail.raw).paper.unwrap()))
        .collect();
    let [first, second] = papers.as_slice() else {
        panic!("two letters, each with its paper: {papers:?}")
    };
    assert!(first.contains("17:20–17:45") && first.contains("With our letter, version 1 · Issued"));
    assert!(
        !first.contains("Evening meeting"),
        "that came later: {first}"
    );
    assert!(
        second.contains("17:20–17:45") && second.contains("With our letter, version 2 · Issued")
    );
    assert!(second.contains("Evening meeting"), "{second}");
    assert!(
        !second.contains("19:00–19:30"),
        "that was never told: {second}"
    );
    for (mail, paper) in mails.iter().zip(&papers) {
        for secret in [
            "Turkmenistan F",
            "15:15",
            "Revision",
            "Agenda item",
            "Tentative",
        ] {
            assert!(!paper.contains(secret), "{secret}: {paper}");
        }
        // The letter lists the same.
        let plain = contents(&mail.raw).plain;
        let (_, listed) = plain.split_once("YOUR CONFIRMED SCHEDULE").unwrap();
        for words in ["17:20–17:45", "Evening meeting"] {
            assert_eq!(
                listed.contains(words),
                paper.contains(words),
                "{words}: {plain}"
            );
        }
    }
}

fn office_opens_enclosures_before_and_after_sending(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    confirm(&meeting, &officer, "Japan–Kazakhstan");
    let mails = mails_to(&meeting, KAZAKHSTAN);
    let path = format!("/mail/{}", mails[0].summary.id);
    let name = "schedule-KZ-v1.pdf";

    let page = officer.get(&path).body;
    let link =
        format!("<a href=\"{path}/enclosure\">{name}</a> · rendered as PDF when the mail is sent");
    assert!(page.contains(&link), "{page}");
    let (status, before) = officer.file(&format!("{path}/enclosure"));
    assert_eq!(status, 200);
    assert!(read(&before).contains("With our letter, version 1"));
    let (_, source) = officer.file(&format!("{path}/source"));
    assert_eq!(contents(&source).paper.as_ref(), Some(&before));

    let folder = send_all(&meeting);
    let sent = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(sent, meeting.mails().len());
    let page = officer.get(&path).body;
    let link = format!("<a href=\"{path}/enclosure\">{name}</a> · ");
    assert!(page.contains(&link) && page.contains(" KB</dd>"), "{page}");
    assert!(
        page.contains("Source, without the attachment") && page.len() < 60_000,
        "no page of base64: {}",
        page.len()
    );
    let (status, after) = officer.file(&format!("{path}/enclosure"));
    assert_eq!(
        (status, after == before),
        (200, true),
        "what was seen is what went"
    );
    assert_eq!(officer.file(&format!("{path}/source")).1, source);

    // A letter that waits to be sent is read beforehand with its paper.
    let slot = meeting.slot("Japan–Kazakhstan");
    let version = slot.version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("day", "2022-12-24"),
        ("start", "18:00"),
        ("end", "18:25"),
        ("room", "conference"),
    ];
    let moved = officer.post(&format!("/slots/{}/placement", slot.id), &fields);
    assert_eq!(moved.status, 303, "{}", moved.body);
    let preview = "/events/ca-jad-9/notices/KZ";
    let page = officer.get(preview).body;
    assert!(
        page.contains(&format!("{preview}/0/enclosure\">schedule-KZ-v2.pdf")),
        "{page}"
    );
    let (status, paper) = officer.file(&format!("{preview}/0/enclosure"));
    assert_eq!(status, 200);
    let words = read(&paper);
    assert!(
        words.contains("18:00–18:25") && words.contains("version 2"),
        "{words}"
    );

    // Who has no part in it, what is not there, what was left out.
    let stranger = meeting.server.signed_in(STRANGER);
    for address in [
        format!("{path}/enclosure"),
        format!("{preview}/0/enclosure"),
    ] {
        assert_eq!(stranger.get(&address).status, 404, "{address}");
        assert_eq!(
            meeting.server.browser().get(&address).status,
            303,
            "{address}"
        );
    }
    for address in [
        "/mail/1/enclosure".to_owned(),
        "/mail/x/enclosure".to_owned(),
        format!("{preview}/9/enclosure"),
        format!("{preview}/x/enclosure"),
        "/events/ca-jad-9/notices/XX/0/enclosure".to_owned(),
    ] {
        assert_eq!(officer.get(&address).status, 404, "{address}");
    }
    meeting
        .server
        .sql("UPDATE enclosures SET state = 'left_out', fault = 'no ink <b>'");
    let page = officer.get(&path).body;
    assert!(
        page.contains("could not be rendered as PDF") && page.contains("no ink &#60;b&#62;"),
        "{page}"
    );
    assert!(!page.contains("/enclosure\""), "{page}");
    assert_eq!(officer.get(&format!("{path}/enclosure")).status, 404);
}
