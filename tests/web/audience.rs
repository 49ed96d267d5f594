//! Who sees a slot: those that take part and those it is also shown to, in every paper, feed and page.

use iikura::change::event_file;
use iikura::core::slot::{Slot, SlotAudience};

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, free_slot, send, with};
use support::server::Browser;

on_both!(
    restricted_plenary_is_shown_to_its_participants_alone,
    audience_sees_a_slot_in_every_paper_and_gets_no_mail,
    unknown_audience_is_refused_at_its_field,
);

const TITLE: &str = "Four-party breakfast";

fn breakfast(audience: &[&str]) -> Vec<(&'static str, String)> {
    let fields = with(free_slot(), "kind", "plenary");
    let mut fields = with(fields, "title", TITLE);
    fields.extend(audience.iter().map(|code| ("audience", (*code).to_owned())));
    fields
}

fn booked(meeting: &Meeting, officer: &Browser, audience: &[&str]) -> Slot {
    let answer = send(officer, "/events/ca-jad-9/slots", &breakfast(audience));
    assert_eq!(answer.status, 303, "{}", answer.body);
    meeting.slot(TITLE)
}

/// The papers of a delegation that name the breakfast.
fn papers(officer: &Browser, code: &str) -> Vec<&'static str> {
    let formats = ["json", "ics", "csv", "html"];
    let named = formats.into_iter().filter(|format| {
        let path = format!("/events/ca-jad-9/agenda.{format}?delegation={code}");
        let answer = officer.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        answer.body.contains(TITLE)
    });
    named.collect()
}

const ALL: [&str; 4] = ["json", "ics", "csv", "html"];

fn restricted_plenary_is_shown_to_its_participants_alone(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = booked(&meeting, &officer, &[]);
    assert_eq!(papers(&officer, "KZ"), ALL);
    assert_eq!(papers(&officer, "TM"), [""; 0]);
    let page = officer.get(&format!("/slots/{}", slot.id)).body;
    assert!(!page.contains("Also shown to"), "{page}");
}

fn audience_sees_a_slot_in_every_paper_and_gets_no_mail(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = booked(&meeting, &officer, &["TM"]);
    assert_eq!(papers(&officer, "TM"), ALL);
    assert_eq!(papers(&officer, "UZ"), [""; 0]);
    let confirmation = format!("/slots/{}/confirmation", slot.id);
    assert_eq!(officer.post(&confirmation, &[("version", "1")]).status, 303);
    let told = meeting.mails();
    assert!(
        told.iter().all(|(to, ..)| !to.starts_with("tm@")),
        "{told:?}"
    );

    let address = format!("/slots/{}", slot.id);
    let fields = with(breakfast(&["*"]), "version", "2");
    let fields = with(fields, "state", "");
    let answer = send(&officer, &address, &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let stored = meeting.slot(TITLE);
    assert_eq!(stored.content().audience, SlotAudience::All);
    assert_eq!(
        stored.sequence, slot.sequence,
        "no delegation is notified of it"
    );
    assert_eq!(papers(&officer, "UZ"), ALL);
    let page = officer.get(&address).body;
    assert!(
        page.contains("<dt>Also shown to</dt><dd>All delegations</dd>"),
        "{page}"
    );
    assert!(
        page.contains("also shown to") && page.contains("all delegations"),
        "{page}"
    );
    let edit = officer.get(&format!("{address}/edit")).body;
    assert!(
        edit.contains("name=\"audience\" value=\"*\" checked"),
        "{edit}"
    );
    let file = event_file::export(&meeting.programme()).unwrap();
    assert!(file.contains("audience = \"all\""), "{file}");
}

fn unknown_audience_is_refused_at_its_field(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (officer, rows) = (meeting.officer(), meeting.rows());
    let answer = send(
        &officer,
        "/events/ca-jad-9/slots",
        &breakfast(&["TM", "XX"]),
    );
    assert_eq!(answer.status, 422);
    assert!(
        answer.body.contains("id=\"field-audience-error\""),
        "{}",
        answer.body
    );
    assert_eq!(meeting.rows(), rows);
}
