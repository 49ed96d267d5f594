//! A change of facts says on the page that saved it which slots it breaks.

use iikura::core::programme::Programme;
use iikura::core::rules::breakage::broken_by;
use iikura::server::forms::{delegation, event, interpreter, room};

use support::both::{Scratch, on_both};
use support::meeting::Meeting;
use support::server::Browser;

on_both!(
    changed_facts_name_the_slots_they_break,
    slots_in_the_address_are_only_those_of_the_event,
);

type Pairs = Vec<(String, String)>;

/// Saves a form with one field changed, and returns the page that follows.
fn save(officer: &Browser, path: &str, mut fields: Pairs, (name, value): (&str, &str)) -> String {
    fields.retain(|(known, _)| known != name);
    fields.push((name.to_owned(), value.to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (&**a, &**b)).collect();
    let answer = officer.post(path, &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    officer.get(answer.location()).body
}

fn pairs(fields: &iikura::server::form::Fields) -> Pairs {
    fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn assert_named(page: &str, before: &Programme, after: &Programme) -> usize {
    let broken = broken_by(before, after);
    let title = match broken.len() {
        1 => "The change breaks 1 slot<".to_owned(),
        count => format!("The change breaks {count} slots<"),
    };
    assert!(page.contains("The changes are saved."), "{page}");
    assert!(page.contains(&title), "{title}: {page}");
    for slot in &broken {
        assert!(
            page.contains(&format!(": <a href=\"/slots/{slot}\">")),
            "{page}"
        );
        // An alternative at one press, or the way to the form.
        let offer = format!("action=\"/slots/{slot}\"");
        let form = format!("href=\"/slots/{slot}/edit\"");
        assert!(page.contains(&offer) || page.contains(&form), "{page}");
    }
    broken.len()
}

fn changed_facts_name_the_slots_they_break(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let at = |rest: &str| format!("/events/ca-jad-9/{rest}");

    let before = meeting.programme();
    let kz = before.delegation_by_code("KZ").unwrap();
    let fields = pairs(&delegation::fields_of(&before.event, kz));
    let arrives = ("presence", "2022-12-24 17:00 – 2022-12-25 12:00");
    let page = save(&officer, &at("delegations/KZ"), fields.clone(), arrives);
    let after = meeting.programme();
    assert!(assert_named(&page, &before, &after) >= 2);
    assert!(page.contains("Kazakhstan"), "{page}");
    let back = save(&officer, &at("delegations/KZ"), fields, ("presence", ""));
    assert!(!back.contains("The change breaks"), "{back}");

    let before = meeting.programme();
    let conference = before.room_by_code("conference").unwrap();
    let fields = pairs(&room::fields_of(&before.event, conference));
    let page = save(
        &officer,
        &at("rooms/conference"),
        fields.clone(),
        ("capacity", "2"),
    );
    assert!(assert_named(&page, &before, &meeting.programme()) >= 1);
    let capacity = conference.capacity.to_string();
    save(
        &officer,
        &at("rooms/conference"),
        fields,
        ("capacity", &capacity),
    );

    let before = meeting.programme();
    let ru = before.interpreters[0].clone();
    let path = at(&format!("interpreters/{}", ru.code));
    let fields = pairs(&interpreter::fields_of(&before.event, &ru));
    let leaves = ("presence", "2022-12-24 08:30 – 2022-12-24 09:00");
    let page = save(&officer, &path, fields, leaves);
    assert!(assert_named(&page, &before, &meeting.programme()) >= 1);

    let before = meeting.programme();
    let fields = pairs(&event::fields_of(&before.event));
    let page = save(
        &officer,
        &at("settings"),
        fields,
        ("days", "2022-12-24 08:30–12:00"),
    );
    assert!(assert_named(&page, &before, &meeting.programme()) >= 1);
}

fn slots_in_the_address_are_only_those_of_the_event(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let fine = meeting.slot("Kazakhstan").id;
    for broken in [
        "x",
        "2:1.2",
        "1:99999999999999999999",
        "..",
        "%00",
        &format!("1:{fine}"),
    ] {
        let page = officer.get(&format!(
            "/events/ca-jad-9/rooms?done=saved&broken={broken}"
        ));
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("The change breaks"), "{}", page.body);
    }
}
