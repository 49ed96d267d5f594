//! Slots for all delegations: one that is added takes part as well, unless it is left out.

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, SLOTS, free_slot, send, with};

on_both!(
    added_delegation_joins_the_slots_for_all,
    left_out_delegation_is_named_and_stays_so,
    removed_delegation_leaves_the_slots_for_all,
    delegation_that_cannot_be_left_out_is_refused_at_its_field,
    invited_organisation_is_only_where_it_is_ticked,
);

const DELEGATIONS: &str = "/events/ca-jad-9/delegations";

fn mongolia() -> Vec<(&'static str, String)> {
    [
        ("code", "MN"),
        ("name", "Mongolia"),
        ("role", "guest"),
        ("principal", "H.E. The Minister"),
        ("precedence", "6"),
        ("time_zone", "Asia/Ulaanbaatar"),
        ("languages", "mn"),
        ("party_size", "40"),
        ("contact-1-name", "Liaison desk"),
        ("contact-1-email", "mn@delegations.example"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn supper(left_out: &[&str]) -> Vec<(&'static str, String)> {
    let fields = with(free_slot(), "kind", "meal");
    let fields = with(fields, "title", "Supper");
    let fields = with(fields, "room", "hall");
    let mut fields = with(fields, "delegations", "*");
    fields.extend(left_out.iter().map(|code| ("left_out", (*code).to_owned())));
    fields
}

fn added_delegation_joins_the_slots_for_all(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let answer = send(&officer, SLOTS, &supper(&[]));
    assert_eq!(answer.status, 303, "{}", answer.body);
    let session = meeting.slot("Supper");
    let confirmation = format!("/slots/{}/confirmation", session.id);
    assert_eq!(officer.post(&confirmation, &[("version", "1")]).status, 303);
    let before = officer.get(&format!("{DELEGATIONS}/new")).body;
    assert!(
        before.contains("will take part in these") && before.contains("Working lunch"),
        "{before}"
    );

    let answer = send(&officer, DELEGATIONS, &mongolia());
    // Two slots for all lack an interpreter for it.
    let joined = format!("{DELEGATIONS}/MN?done=delegation-joined&broken=2:");
    assert!(answer.location().starts_with(&joined), "{}", answer.body);
    let added = meeting.programme().delegation_by_code("MN").unwrap().id;
    let joined = meeting.slot("Supper");
    assert!(joined.content().involves(added));
    assert_eq!((joined.version, joined.sequence), (3, session.sequence + 1));
    let page = officer.get(&format!("{DELEGATIONS}/MN")).body;
    // Six know it as it was, and the seventh does not know it.
    assert!(
        page.contains(": takes part") && page.contains("7 to be notified"),
        "{page}"
    );
    assert!(
        page.contains("Main Hall takes 60 people"),
        "what the new delegation breaks: {page}"
    );
    let notices = officer.get("/events/ca-jad-9/notices").body;
    assert!(notices.contains("id=\"party-MN\""), "{notices}");

    // It is busy during the supper.
    let fields = with(free_slot(), "delegations", "MN");
    let mut fields = with(fields, "start", "18:35");
    fields.push(("delegations", "KZ".to_owned()));
    let fields = with(fields, "end", "18:55");
    let refused = send(&officer, SLOTS, &fields);
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Mongolia is in"), "{}", refused.body);
}

fn left_out_delegation_is_named_and_stays_so(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let answer = send(&officer, SLOTS, &supper(&["TM"]));
    assert_eq!(answer.status, 303, "{}", answer.body);
    let supper_slot = meeting.slot("Supper");
    let address = format!("/slots/{}", supper_slot.id);
    let page = officer.get(&address).body;
    assert!(
        page.contains("All delegations but Turkmenistan (those added later too)"),
        "{page}"
    );
    let edit = officer.get(&format!("{address}/edit")).body;
    assert!(
        edit.contains("name=\"left_out\" value=\"TM\" checked"),
        "{edit}"
    );
    assert_eq!(send(&officer, DELEGATIONS, &mongolia()).status, 303);
    let programme = meeting.programme();
    let content = meeting.slot("Supper").content().clone();
    assert_eq!(programme.left_out(&content), ["TM"]);
    let page = officer.get(&format!("{DELEGATIONS}/TM")).body;
    assert!(page.contains("<strong>left out</strong>"), "{page}");
    let file = iikura::change::event_file::export(&programme).unwrap();
    assert!(file.contains("left_out = [\"TM\"]"), "{file}");

    // Named one by one, it is for those alone.
    let mut fields = with(supper(&[]), "delegations", "JP");
    fields.push(("delegations", "KZ".to_owned()));
    let fields = with(fields, "version", "2");
    assert_eq!(send(&officer, &address, &fields).status, 303);
    assert!(!meeting.slot("Supper").content().all_delegations);
}

fn removed_delegation_leaves_the_slots_for_all(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert_eq!(send(&officer, SLOTS, &supper(&[])).status, 303);
    assert_eq!(send(&officer, DELEGATIONS, &mongolia()).status, 303);
    let joined = meeting.slot("Supper").content().delegations.len();
    let removed = officer.post(&format!("{DELEGATIONS}/MN/removal"), &[]);
    assert_eq!(removed.status, 303, "{}", removed.body);
    assert_eq!(
        meeting.slot("Supper").content().delegations.len(),
        joined - 1
    );
    let chair = officer.post(&format!("{DELEGATIONS}/JP/removal"), &[]);
    assert_eq!(chair.status, 409, "no plenary is left without the chair");
}

fn delegation_that_cannot_be_left_out_is_refused_at_its_field(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (officer, rows) = (meeting.officer(), meeting.rows());
    let mut of_some = free_slot();
    of_some.push(("left_out", "TM".to_owned()));
    for fields in [supper(&["XX"]), of_some] {
        let answer = send(&officer, SLOTS, &fields);
        assert_eq!(answer.status, 422);
        assert!(
            answer.body.contains("id=\"field-left_out-error\""),
            "{}",
            answer.body
        );
    }
    assert_eq!(meeting.rows(), rows);
}

fn invited_organisation_is_only_where_it_is_ticked(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert_eq!(send(&officer, SLOTS, &supper(&[])).status, 303);
    let nations = with(with(mongolia(), "code", "UN"), "name", "United Nations");
    let nations = with(nations, "party_size", "10");
    let wrong = send(
        &officer,
        DELEGATIONS,
        &with(nations.clone(), "role", "host"),
    );
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("hoose chair, guest or invited"),
        "{}",
        wrong.body
    );
    let added = send(&officer, DELEGATIONS, &with(nations, "role", "invited"));
    assert_eq!(added.location(), format!("{DELEGATIONS}?done=saved"));
    let nations = meeting.programme().delegation_by_code("UN").unwrap().id;
    assert!(!meeting.slot("Supper").content().involves(nations));
    let conflicts = officer.get("/events/ca-jad-9/conflicts").body;
    let pairs = officer.get("/events/ca-jad-9/pairs").body;
    for page in [&conflicts, &pairs] {
        assert!(!page.contains("United Nations"), "{page}");
    }
    // It is ticked beside all of the others.
    let mut reception = with(supper(&[]), "title", "Reception");
    reception.push(("delegations", "UN".to_owned()));
    let late = with(with(reception, "start", "19:30"), "end", "20:00");
    let booked = send(&officer, SLOTS, &late);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let slot = meeting.slot("Reception");
    assert!(slot.content().involves(nations) && slot.content().all_delegations);
    let page = officer.get(&format!("/slots/{}", slot.id)).body;
    assert!(page.contains("All delegations, United Nations"), "{page}");
    // A change of something else keeps it.
    let form = officer.get(&format!("/slots/{}/edit", slot.id)).body;
    assert!(form.contains("value=\"UN\" checked"), "{form}");
    let file = iikura::change::event_file::export(&meeting.programme()).unwrap();
    assert!(file.contains("invited = [\"UN\"]"), "{file}");
    let copy = file.replace("slug = \"ca-jad-9\"", "slug = \"copy\"");
    let copy = support::meeting::import(&meeting.server.db, &copy);
    let known = iikura::store::programme_cache::ProgrammeCache::default();
    let copy = meeting
        .server
        .db
        .read_here(|conn| Ok::<_, iikura::server::Error>(known.programme(conn, copy)?.unwrap()))
        .unwrap();
    let again = iikura::change::event_file::export(&copy).unwrap();
    assert_eq!(
        again.replace("slug = \"copy\"", "slug = \"ca-jad-9\""),
        file
    );
}
