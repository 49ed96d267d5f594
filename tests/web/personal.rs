//! Personal data on the pages: each erasure asks first, and what was erased is on no page any more.

use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting, OBSERVER, OFFICER, SLOTS, free_slot, send};

on_both!(
    a_contact_is_forgotten_after_a_page_that_asks,
    a_changed_contact_is_no_name_in_the_history,
    a_user_is_deleted_after_a_page_that_asks,
    an_export_needs_an_address_and_has_everything,
    an_archived_event_is_read_only_until_it_is_restored,
    a_retention_is_shown_before_it_acts,
);

const DELEGATION: &str = "/events/ca-jad-9/delegations/KZ";
const HISTORY: &str = "/events/ca-jad-9/history";

/// The first contact of Kazakhstan: id, name and address.
fn contact(meeting: &Meeting) -> (i64, String, String) {
    let programme = meeting.programme();
    let contact = &programme.delegation_by_code("KZ").unwrap().contacts[0];
    (
        contact.id.0,
        contact.name.to_string(),
        contact.email.to_string(),
    )
}

fn a_contact_is_forgotten_after_a_page_that_asks(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let (id, _, address) = contact(&meeting);
    let slot = meeting.slot("Kazakhstan");
    let version = slot.version.to_string();
    let confirmed = officer.post(
        &format!("/slots/{}/confirmation", slot.id),
        &[("version", version.as_str())],
    );
    assert!(confirmed.status < 500, "{}", confirmed.body);
    let erasure = format!("/events/ca-jad-9/contacts/{id}/erasure");
    assert!(officer.get(DELEGATION).body.contains(&erasure));
    let asks = officer.get(&erasure);
    assert!(asks.body.contains(&address), "{}", asks.body);
    assert!(asks.body.contains("Backups keep their state"));
    for fields in [&[][..], &[("confirm", "no")], &[("other", "yes")]] {
        assert_eq!(officer.post(&erasure, fields).status, 400);
    }
    assert_eq!(contact(&meeting).0, id);
    let observer = meeting.server.signed_in(OBSERVER);
    assert_eq!(observer.post(&erasure, &[("confirm", "yes")]).status, 403);
    let forgotten = officer.post(&erasure, &[("confirm", "yes")]);
    assert_eq!(forgotten.status, 303, "{}", forgotten.body);
    assert!(forgotten.location().contains("done=contact-forgotten"));
    assert_eq!(officer.get(&erasure).status, 404);
    for page in [DELEGATION, HISTORY, "/mail", "/events/ca-jad-9/delegations"] {
        let body = officer.get(page).body;
        assert!(!body.contains(&address), "{page}");
    }
    assert!(officer.get(HISTORY).body.contains("contact forgotten"));
}

fn a_changed_contact_is_no_name_in_the_history(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let (id, name, address) = contact(&meeting);
    let form = officer.get(DELEGATION);
    let mut fields: Vec<(String, String)> = [
        "code",
        "name",
        "name_ja",
        "principal",
        "principal_ja",
        "principal_title",
        "precedence",
        "party_size",
        "time_zone",
        "languages",
    ]
    .map(|field| (field.to_owned(), form.input(field)))
    .into();
    fields.push(("role".into(), "guest".into()));
    fields.push(("contact-1-name".into(), name.clone()));
    fields.push(("contact-1-email".into(), "elsewhere@kz.example".into()));
    fields.push(("contact-1-phone".into(), "+7 123".into()));
    fields.push(("contact-1-language".into(), "en".into()));
    let pairs: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let saved = officer.post(DELEGATION, &pairs);
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(contact(&meeting).0, id, "the same contact");
    let history = officer.get(HISTORY).body;
    assert!(history.contains("address and telephone"), "{history}");
    assert!(history.contains(&name), "its present name");
    for stored in [
        address.as_str(),
        "elsewhere@kz.example",
        "+7 123",
        name.as_str(),
    ] {
        let said = format!(
            "SELECT count(*) AS count FROM audit WHERE coalesce(before_json, '') || coalesce(after_json, '') LIKE '%{stored}%'"
        );
        assert_eq!(meeting.server.count(&said), 0, "{stored}");
    }
}

fn a_user_is_deleted_after_a_page_that_asks(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let admin = meeting.server.signed_in(ADMIN);
    let officer = meeting.officer();
    let id = |email: &str| {
        meeting.server.count(&format!(
            "SELECT id AS count FROM users WHERE email = '{email}'"
        ))
    };
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
    let deletion = format!("/users/{}/deletion", id(OFFICER));
    assert!(admin.get(&deletion).body.contains(OFFICER));
    assert_eq!(admin.post(&deletion, &[]).status, 400);
    assert_eq!(officer.post(&deletion, &[("confirm", "yes")]).status, 403);
    let own = format!("/users/{}/deletion", id(ADMIN));
    let refused = admin.post(&own, &[("confirm", "yes")]);
    assert_eq!(refused.status, 409);
    assert!(
        refused.body.contains("your own account"),
        "{}",
        refused.body
    );
    assert_eq!(admin.post(&deletion, &[("confirm", "yes")]).status, 303);
    let out = officer.get("/");
    assert!(out.location().starts_with("/sign-in"), "out at once");
    assert_eq!(admin.get(&deletion).status, 404);
    let history = admin.get(HISTORY).body;
    assert!(history.contains("former user "), "{history}");
    for page in [HISTORY, "/audit", "/users"] {
        assert!(!admin.get(page).body.contains(OFFICER), "{page}");
    }
}

fn an_export_needs_an_address_and_has_everything(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let admin = meeting.server.signed_in(ADMIN);
    let (_, name, address) = contact(&meeting);
    assert_eq!(admin.get("/personal-data").status, 200);
    for path in ["/personal-data/export", "/personal-data/erasure"] {
        let refused = admin.post(path, &[("address", "nobody")]);
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body.contains("Error: "), "{}", refused.body);
        assert_eq!(
            meeting
                .officer()
                .post(path, &[("address", &address)])
                .status,
            403
        );
    }
    let found = admin.post("/personal-data/export", &[("address", &address)]);
    assert_eq!(found.header("content-type"), "application/json");
    let found: serde_json::Value = serde_json::from_str(&found.body).unwrap();
    assert_eq!(found["found"]["contacts"][0]["name"], name.as_str());
    let asks = admin.post("/personal-data/erasure", &[("address", &address)]);
    assert!(asks.body.contains("ca-jad-9: "), "{}", asks.body);
    let sure = [("address", address.as_str()), ("confirm", "yes")];
    assert_eq!(admin.post("/personal-data/erasure", &sure).status, 303);
    assert_eq!(
        admin.post("/personal-data/erasure", &sure).status,
        422,
        "nothing left"
    );
}

fn an_archived_event_is_read_only_until_it_is_restored(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (admin, officer) = (meeting.server.signed_in(ADMIN), meeting.officer());
    assert_eq!(officer.post("/events/ca-jad-9/archival", &[]).status, 403);
    assert_eq!(admin.post("/events/ca-jad-9/restoration", &[]).status, 409);
    assert_eq!(admin.post("/events/ca-jad-9/archival", &[]).status, 303);
    let home = officer.get("/").body;
    assert!(home.contains(">Archived<"), "{home}");
    assert_eq!(officer.get("/events/ca-jad-9").status, 200);
    let refused = send(&officer, SLOTS, &free_slot());
    assert_eq!(refused.status, 409);
    assert!(
        refused.body.contains("The event is archived"),
        "{}",
        refused.body
    );
    let wrong = admin.post("/events/ca-jad-9/deletion", &[("slug", "other")]);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert_eq!(admin.post("/events/ca-jad-9/restoration", &[]).status, 303);
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
    let early = admin.post("/events/ca-jad-9/deletion", &[("slug", "ca-jad-9")]);
    assert_eq!(early.status, 422, "{}", early.body);
    assert_eq!(admin.post("/events/ca-jad-9/archival", &[]).status, 303);
    let deleted = admin.post("/events/ca-jad-9/deletion", &[("slug", "ca-jad-9")]);
    assert_eq!(deleted.status, 303, "{}", deleted.body);
    assert_eq!(officer.get("/events/ca-jad-9").status, 404);
    assert!(admin.get("/audit").body.contains("event deleted"));
}

fn a_retention_is_shown_before_it_acts(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let path = "/events/ca-jad-9/retention";
    for days in ["0", "4000", "soon", "-1"] {
        let refused = officer.post(path, &[("erase_after_days", days)]);
        assert_eq!(refused.status, 422, "{days}");
        let value = format!("value=\"{days}\"");
        assert!(refused.body.contains(&value), "what was typed stays");
        assert!(refused.body.contains("type a number between 1 and 3650"));
    }
    assert_eq!(
        officer.post(path, &[("erase_after_days", "30")]).status,
        303
    );
    let settings = officer.get("/events/ca-jad-9/settings").body;
    assert!(
        settings.contains("contacts and mail are erased"),
        "{settings}"
    );
    assert_eq!(officer.post(path, &[("erase_after_days", "")]).status, 303);
    let settings = officer.get("/events/ca-jad-9/settings").body;
    assert!(!settings.contains("contacts and mail are erased"));
}
