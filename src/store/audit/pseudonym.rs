//! Pseudonyms: replace names of people in the history.
//!
//! A pseudonym comes from the random id that is stored with the person and says nothing else. While the person is stored,
//! pages show the present name instead; afterwards only the pseudonym is left.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use super::Record;
use crate::core::delegation::ContactId;
use crate::core::user::UserId;
use crate::db::Conn;
use crate::db::schema::{contacts, users};

/// Crockford's alphabet: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a pseudonym, five bits each.
const LENGTH: usize = 8;
const CONTACT: &str = "contact ";
const USER: &str = "user ";

/// The pseudonym of a contact, as `contact K7Q2M4XA`.
#[must_use]
pub fn of_contact(contact: ContactId) -> String {
    format!("{CONTACT}{}", letters(contact.0))
}

/// The pseudonym of a user, as `user 3F9KT0WB`.
#[must_use]
pub fn of_user(user: UserId) -> String {
    format!("{USER}{}", letters(user.0))
}

/// The pseudonym of a user who was deleted, for pages.
#[must_use]
pub fn of_former_user(user: UserId) -> String {
    format!("former {}", of_user(user))
}

/// True for a text that is one of these pseudonyms and nothing else.
#[must_use]
pub fn is_pseudonym(text: &str) -> bool {
    let text = text.strip_prefix("former ").unwrap_or(text);
    let letters = text.strip_prefix(CONTACT).or(text.strip_prefix(USER));
    letters.is_some_and(|letters| {
        letters.len() == LENGTH && letters.bytes().all(|letter| ALPHABET.contains(&letter))
    })
}

/// The lower 40 bits of a random id.
fn letters(id: i64) -> String {
    (0..LENGTH)
        .rev()
        .map(|place| char::from(ALPHABET[usize::try_from((id >> (5 * place)) & 31).unwrap_or(0)]))
        .collect()
}

/// Puts the names of the people who are still stored in place of their pseudonyms.
pub(super) fn resolve(conn: &mut Conn, mut records: Vec<Record>) -> QueryResult<Vec<Record>> {
    let users = names_of_users(conn, &records)?;
    let contacts = names_of_contacts(conn, &records)?;
    for record in &mut records {
        if let Some(user) = record.actor_id.map(UserId)
            && let Some(way) = record.actor.strip_prefix(&of_user(user))
        {
            record.actor = name_of(&users, user) + way;
        }
        if let Some(user) = record.subject_id.map(UserId)
            && record.subject == of_user(user)
        {
            record.subject = name_of(&users, user);
        }
        if contacts.is_empty() {
            continue;
        }
        record.actor = with_contacts(&record.actor, &contacts, str::to_owned);
        let json = [&mut record.before_json, &mut record.after_json];
        for json in json.into_iter().flatten() {
            *json = with_contacts(json, &contacts, in_json);
        }
    }
    Ok(records)
}

fn name_of(users: &HashMap<UserId, String>, user: UserId) -> String {
    users
        .get(&user)
        .cloned()
        .unwrap_or_else(|| of_former_user(user))
}

fn names_of_users(conn: &mut Conn, records: &[Record]) -> QueryResult<HashMap<UserId, String>> {
    let actors = records
        .iter()
        .filter(|record| record.actor.starts_with(USER))
        .filter_map(|record| record.actor_id);
    let subjects = records
        .iter()
        .filter(|record| record.subject.starts_with(USER))
        .filter_map(|record| record.subject_id);
    let ids: BTreeSet<UserId> = actors.chain(subjects).map(UserId).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(UserId, String)> = users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::name))
        .load(conn)?;
    Ok(found.into_iter().collect())
}

fn names_of_contacts(conn: &mut Conn, records: &[Record]) -> QueryResult<BTreeMap<String, String>> {
    let texts = records.iter().flat_map(|record| {
        [
            Some(&record.actor),
            record.before_json.as_ref(),
            record.after_json.as_ref(),
        ]
    });
    if !texts.flatten().any(|text| text.contains(CONTACT)) {
        return Ok(BTreeMap::new());
    }
    let found: Vec<(ContactId, String)> = contacts::table
        .select((contacts::id, contacts::name))
        .load(conn)?;
    Ok(found
        .into_iter()
        .map(|(id, name)| (of_contact(id), name))
        .collect())
}

/// `text` with the names of contacts, each written by `write`.
fn with_contacts(
    text: &str,
    contacts: &BTreeMap<String, String>,
    write: fn(&str) -> String,
) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(CONTACT) {
        let (before, from) = rest.split_at(at);
        resolved.push_str(before);
        let known = from
            .get(..CONTACT.len() + LENGTH)
            .and_then(|pseudonym| Some((pseudonym, contacts.get(pseudonym)?)));
        let taken = if let Some((pseudonym, name)) = known {
            resolved.push_str(&write(name));
            pseudonym.len()
        } else {
            resolved.push_str(CONTACT);
            CONTACT.len()
        };
        rest = &from[taken..];
    }
    resolved.push_str(rest);
    resolved
}

/// A text as encoded within a string of JSON.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_are_eight_letters_of_the_id() {
        assert_eq!(of_contact(ContactId(0)), "contact 00000000");
        assert_eq!(of_user(UserId((1 << 40) + 33)), "user 00000011");
        assert_eq!(
            of_former_user(UserId((1 << 40) - 1)),
            "former user ZZZZZZZZ"
        );
        for one in [of_contact(ContactId(7)), of_former_user(UserId(9))] {
            assert!(is_pseudonym(&one), "{one}");
            assert!(!is_pseudonym(&format!("{one} ")), "{one}");
        }
        assert!(!is_pseudonym("contact Aki"));
    }

    #[test]
    fn known_contacts_are_named_and_others_stay() {
        let known = BTreeMap::from([("contact 00000001".to_owned(), "A \"B\" 飯".to_owned())]);
        assert_eq!(
            with_contacts(
                r#"["contact 00000001 (ja)","contact 00000002","no contact 飯"]"#,
                &known,
                in_json
            ),
            r#"["A \"B\" 飯 (ja)","contact 00000002","no contact 飯"]"#
        );
    }
}
