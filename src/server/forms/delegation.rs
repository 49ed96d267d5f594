//! The delegation form: facts, presence line by line, contacts row by row.

use std::borrow::Cow;

use crate::core::delegation::{
    ContactDraft, ContactId, Delegation, DelegationDraft, DelegationId, MOST_CONTACTS,
};
use crate::core::entered::{Entered, EnteredText, Faults};
use crate::core::event::Event;
use crate::core::text_enum::TextEnum;
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields, FormSource};
use crate::server::forms::CORRECTION;
use crate::server::forms::event::presence;

/// The fields that come once.
const FIELDS: &[&str] = &[
    "code",
    "name",
    "name_ja",
    "role",
    "principal",
    "principal_ja",
    "principal_title",
    "precedence",
    "time_zone",
    "languages",
    "party_size",
    "presence",
    CORRECTION,
];
/// The fields of a contact's row.
const CONTACT_FIELDS: &[&str] = &["name", "email", "phone", "language", "letters"];

/// The name of a field in a contact's row, from 1.
#[must_use]
pub fn contact_field(row: usize, field: &str) -> String {
    format!("contact-{row}-{field}")
}

/// The fields, if there are no others among them.
///
/// # Errors
/// When a field was sent that the form does not have.
pub fn known_fields(fields: Fields) -> Result<Fields, crate::server::Error> {
    let rows = (1..=MOST_CONTACTS).flat_map(|row| {
        CONTACT_FIELDS
            .iter()
            .map(move |field| contact_field(row, field))
    });
    let rows: Vec<String> = rows.collect();
    let known: Vec<&str> = FIELDS
        .iter()
        .copied()
        .chain(rows.iter().map(String::as_str))
        .collect();
    fields.only(&known)
}

/// Reads a delegation form; `id` is that of the delegation being changed, a fresh one for a new delegation.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(
    event: &Event,
    fields: &Fields,
    id: Option<DelegationId>,
) -> Result<Delegation, FieldErrors> {
    let draft = DelegationDraft {
        code: fields.entered("code", "Code"),
        name: fields.entered("name", "Name"),
        name_ja: fields.entered("name_ja", "Japanese name"),
        role: fields.entered("role", ""),
        principal: fields.entered("principal", "Principal"),
        principal_ja: fields.entered("principal_ja", "The principal's Japanese name"),
        principal_title: fields.entered("principal_title", "Title"),
        precedence: fields.entered("precedence", "Precedence"),
        time_zone: fields.entered("time_zone", ""),
        languages: languages(fields),
        party_size: fields.entered("party_size", "Party size"),
        presence: presence(fields),
        contacts: contacts(fields),
    };
    FieldErrors::unless_sound(Faults::default(), |faults| {
        let id = id.unwrap_or_else(|| DelegationId(fresh_id()));
        Delegation::parse(id, event.time_zone, &draft, faults)
    })
}

fn languages(fields: &Fields) -> Vec<EnteredText<'_, FormSource>> {
    let Entered { value, source } = fields.entered("languages", "");
    let tags = value.split([' ', ',']).filter(|tag| !tag.is_empty());
    tags.map(|tag| Entered {
        value: Cow::Owned(tag.to_owned()),
        source: source.clone(),
    })
    .collect()
}

/// The rows in which anything was entered.
fn contacts(fields: &Fields) -> Vec<ContactDraft<'_, FormSource>> {
    let entered = |row: usize, field: &str, label: &str| {
        fields.entered(&contact_field(row, field), format!("Contact {row}:{label}"))
    };
    let rows = (1..=MOST_CONTACTS).map(|row| ContactDraft {
        id: ContactId(fresh_id()),
        name: entered(row, "name", " name"),
        email: entered(row, "email", " e-mail"),
        phone: entered(row, "phone", " telephone"),
        language: match entered(row, "language", "") {
            missing if missing.value.is_empty() => Entered {
                value: Cow::Borrowed("en"),
                ..missing
            },
            entered => entered,
        },
        letters_only: fields.flag(&contact_field(row, "letters")),
    });
    rows.filter(|contact| {
        [&contact.name, &contact.email, &contact.phone]
            .iter()
            .any(|entered| !entered.value.trim().is_empty())
    })
    .collect()
}

/// Fills the form with a stored delegation.
#[must_use]
pub fn fields_of(event: &Event, delegation: &Delegation) -> Fields {
    let presence: Vec<String> = delegation
        .presence
        .iter()
        .map(|stay| event.write_stay(*stay))
        .collect();
    let mut fields = Fields::from_pairs([
        ("code", delegation.code.to_string()),
        ("name", delegation.name.to_string()),
        ("name_ja", delegation.name_ja.clone()),
        ("role", delegation.role.as_str().to_owned()),
        ("principal", delegation.principal.to_string()),
        ("principal_ja", delegation.principal_ja.clone()),
        ("principal_title", delegation.principal_title.clone()),
        ("precedence", delegation.precedence.to_string()),
        ("time_zone", delegation.time_zone.to_string()),
        ("languages", delegation.languages.join(" ")),
        ("party_size", delegation.party_size.to_string()),
        ("presence", presence.join("\n")),
    ]);
    for (row, contact) in (1..).zip(&delegation.contacts) {
        fields.push(contact_field(row, "name"), contact.name.to_string());
        fields.push(contact_field(row, "email"), contact.email.to_string());
        fields.push(contact_field(row, "phone"), contact.phone.clone());
        fields.push(contact_field(row, "language"), contact.language.clone());
        if contact.letters_only {
            fields.push(contact_field(row, "letters"), "yes");
        }
    }
    fields
}
