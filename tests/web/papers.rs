//! Paper over the web: agendas and sheets as PDF, read back by poppler.

use std::io::Write;
use std::process::Command;

use crate::answers::links;
use crate::meeting::{Meeting, SLOTS, STRANGER, free_slot, send, with};
use crate::support::both::{Scratch, on_both};

on_both!(
    agendas_and_sheets_come_as_pdf,
    a_private_page_has_its_schedule_on_paper_as_it_was_told,
    what_is_not_there_is_refused_in_a_sentence,
);

const EVENT: &str = "/events/ca-jad-9";

/// The words of a PDF in one line, without the places at which a long one may be broken.
pub fn read(pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let mut command = Command::new("pdftotext");
    let output = command.arg("-layout").arg(file.path()).arg("-").output();
    let output = output.unwrap();
    assert!(output.status.success(), "poppler reads it");
    let words = String::from_utf8(output.stdout).unwrap();
    let words = words.replace('\u{200B}', "");
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
        ("agenda/doors.pdf", "For the staff at the door"),
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

fn a_private_page_has_its_schedule_on_paper_as_it_was_told(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    let path = format!("/slots/{}", slot.id);
    let confirmed = officer.post(&format!("{path}/confirmation"), &[("version", "1")]);
    assert_eq!(confirmed.status, 303);
    let (_, link) = links(&meeting, "kz@delegations.example");
    let liaison = meeting.server.browser();
    assert!(liaison.get(&link).body.contains("/schedule.pdf\""));
    let (status, pdf) = liaison.file(&format!("{link}/schedule.pdf"));
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
}

fn what_is_not_there_is_refused_in_a_sentence(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    for (path, status, sentence) in [
        ("agenda.pdf?delegation=DE", 404, "no such page"),
        ("agenda/poster.pdf", 404, "no such page"),
        ("agenda/card.pdf", 400, "say of which delegation"),
        ("agenda/card.pdf?delegation=DE", 400, "has no delegation"),
        ("agenda/doors.pdf?room=attic", 400, "it has hall"),
        ("agenda/doors.pdf?day=2022-12-25", 400, "it has 2022-12-24"),
        ("agenda/doors.pdf?day=../24", 400, "is no date"),
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
