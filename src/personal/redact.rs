//! Takes a person out of texts and JSON values of the history.

use serde_json::Value;

use super::PersonNames;

/// Fields of JSON in which people write: addresses and telephone numbers are replaced there. A new field of text has to be
/// named here or in [`NAMES`].
const FREE_TEXTS: &[&str] = &[
    "title",
    "note",
    "comment",
    "reason",
    "reasons",
    "message",
    "by",
    "sender",
    "recipient",
    "email",
    "phone",
    "subject",
    "body",
    "why",
];
/// Fields of JSON with names of other things, in which only addresses are replaced.
const NAMES: &[&str] = &[
    "name",
    "name_ja",
    "principal",
    "principal_ja",
    "principal_title",
    "party",
    "party_ja",
    "venue",
    "venue_ja",
    "office",
];
/// Precedes the contact in the name of an actor whose answer came from a calendar.
const CALENDAR_OF: &str = " (calendar of ";

/// Replaces the person in the name of an actor that is no user. Officers type the names of contacts, so a name counts only
/// where a contact is named: `command line`, `retention` and names of delegations stay.
pub(super) fn redact_actor(actor: &str, person: &PersonNames) -> Option<String> {
    let calendar_of = || {
        let (delegation, contact) = actor.strip_suffix(')')?.rsplit_once(CALENDAR_OF)?;
        let is_theirs = person.names.iter().any(|name| name == contact);
        is_theirs.then(|| format!("{delegation}{CALENDAR_OF}{})", person.pseudonym))
    };
    calendar_of().or_else(|| person.without_addresses(actor))
}

/// Replaces the person in the free texts and names of a JSON value. Times, codes, states and numbers are never changed.
pub(super) fn redact_value(value: &mut Value, person: &PersonNames, by_name: bool) -> bool {
    match value {
        Value::Array(items) => {
            let mut changed = false;
            for item in items {
                changed |= redact_value(item, person, by_name);
            }
            changed
        }
        Value::Object(fields) => {
            let by = fields.get("by").and_then(Value::as_str);
            let is_theirs = by.is_some_and(|by| person.has_address(by) || by == person.pseudonym);
            let comment = fields.get_mut("comment").filter(|_| is_theirs);
            let mut changed = false;
            if let Some(comment) = comment.filter(|comment| comment.as_str() != Some("")) {
                (*comment, changed) = ("".into(), true);
            }
            for (key, item) in fields.iter_mut() {
                let replaced = |text: &str| match key.as_str() {
                    "contacts" => without_contact(text, person, by_name)
                        .or_else(|| person.replaced(text, false)),
                    key if FREE_TEXTS.contains(&key) => person.replaced(text, false),
                    key if NAMES.contains(&key) => person.without_addresses(text),
                    _ => None,
                };
                changed |= replace_strings(item, &replaced);
                changed |= redact_value(item, person, by_name);
            }
            changed
        }
        _ => false,
    }
}

/// Replaces a string, or each string of an array.
fn replace_strings(value: &mut Value, replaced: &dyn Fn(&str) -> Option<String>) -> bool {
    match value {
        Value::String(text) => {
            let replaced = replaced(text);
            let changed = replaced.is_some();
            if let Some(replaced) = replaced {
                *text = replaced;
            }
            changed
        }
        Value::Array(items) => {
            let mut changed = false;
            for item in items.iter_mut().filter(|item| item.is_string()) {
                changed |= replace_strings(item, replaced);
            }
            changed
        }
        _ => false,
    }
}

/// A contact as older rows of the history write it, `Name <address, telephone> (ja)`, as newer ones do.
fn without_contact(text: &str, person: &PersonNames, by_name: bool) -> Option<String> {
    let (name, rest) = text.split_once(" <")?;
    let (inside, after) = rest.split_once('>')?;
    let address = inside.split(',').next()?;
    let is_theirs =
        person.has_address(address) || by_name && person.names.iter().any(|known| known == name);
    is_theirs.then(|| format!("{}{after}", person.pseudonym))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn liar() -> PersonNames {
        PersonNames {
            pseudonym: "contact 00000001".to_owned(),
            addresses: vec!["a.li@kz.example".to_owned()],
            names: vec!["command line".to_owned(), "A. Li".to_owned()],
            phones: vec!["2022-12-22 18:00".to_owned(), "27861480".to_owned()],
        }
    }

    #[test]
    fn actors_that_name_no_contact_stay() {
        for actor in [
            "command line",
            "retention",
            "A. Li",
            "A. Li (private link)",
            "A. Li (calendar)",
            "Kazakhstan (calendar of B. Li)",
        ] {
            assert_eq!(redact_actor(actor, &liar()), None, "{actor}");
        }
        for contact in ["A.Li@kz.example", "A. Li"] {
            assert_eq!(
                redact_actor(&format!("Kazakhstan (calendar of {contact})"), &liar()).as_deref(),
                Some("Kazakhstan (calendar of contact 00000001)")
            );
        }
    }

    #[test]
    fn structured_fields_stay_and_free_texts_are_replaced() {
        let mut slot = json!({
            "starts_at": "2022-12-22 18:00", "ends_at": "27861480", "room": "27861480", "state": "a.li@kz.example",
            "starts": 27_861_480, "delegations": ["27861480"], "name": "27861480",
        });
        let before = slot.clone();
        assert!(!redact_value(&mut slot, &liar(), true));
        assert_eq!(slot, before);
        let mut texts = json!({
            "title": "2022-12-22 18:00, 27861480", "reasons": ["hours: a.li@kz.example"], "name": "a.li@kz.example",
            "contacts": ["A. Li <old@kz.example> (ru)", "B <b@kz.example, 27861480>"],
            "slots": [{ "note": "a.li@kz.example" }],
        });
        assert!(redact_value(&mut texts, &liar(), true));
        let them = "contact 00000001";
        assert_eq!(
            texts,
            json!({
                "title": format!("2022-12-22 18:00, {them}"), "reasons": [format!("hours: {them}")], "name": them,
                "contacts": [format!("{them} (ru)"), format!("B <b@kz.example, {them}>")],
                "slots": [{ "note": them }],
            })
        );
    }
}
