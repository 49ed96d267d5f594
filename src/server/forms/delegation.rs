//! The delegation form: facts, presence line by line, contacts row by row.

use std::collections::HashSet;

use crate::core::delegation::{
    Contact, ContactId, Delegation, DelegationId, MOST_CONTACTS, PrincipalRole, language,
};
use crate::core::event::Event;
use crate::core::text::{Code, Email, TextLine, optional_line};
use crate::core::text_enum::TextEnum;
use crate::core::time::Zone;
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields};
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
    let mut errors = FieldErrors::default();
    let code = errors.check("code", "Code", Code::parse(fields.get("code")));
    let name = errors.check("name", "Name", TextLine::parse(fields.get("name")));
    let name_ja = errors.check(
        "name_ja",
        "Japanese name",
        optional_line(fields.get("name_ja")),
    );
    let role = errors.take(
        "role",
        PrincipalRole::from_word(fields.get("role")).ok_or("Choose chair or guest."),
    );
    let principal = errors.check(
        "principal",
        "Principal",
        TextLine::parse(fields.get("principal")),
    );
    let principal_ja = errors.check(
        "principal_ja",
        "The principal's Japanese name",
        optional_line(fields.get("principal_ja")),
    );
    let principal_title = errors.check(
        "principal_title",
        "Title",
        optional_line(fields.get("principal_title")),
    );
    let precedence = errors.number(
        "precedence",
        "Precedence",
        fields.get("precedence"),
        Delegation::PRECEDENCE,
    );
    let time_zone = errors.take("time_zone", fields.get("time_zone").trim().parse::<Zone>());
    let languages = languages(fields, &mut errors);
    let party_size = errors.number(
        "party_size",
        "Party size",
        fields.get("party_size"),
        Delegation::PARTY_SIZE,
    );
    let presence = presence(event, fields, &mut errors);
    let contacts = contacts(fields, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let delegation = || {
        Some(Delegation {
            id: id.unwrap_or_else(|| DelegationId(fresh_id())),
            code: code?,
            name: name?,
            name_ja: name_ja?,
            role: role?,
            principal: principal?,
            principal_ja: principal_ja?,
            principal_title: principal_title?,
            precedence: precedence?,
            time_zone: time_zone?,
            languages,
            party_size: party_size?,
            contacts,
            presence,
        })
    };
    delegation().ok_or(errors)
}

fn languages(fields: &Fields, errors: &mut FieldErrors) -> Vec<String> {
    let tags = fields
        .get("languages")
        .split([' ', ','])
        .filter(|tag| !tag.is_empty());
    tags.filter_map(|tag| errors.take("languages", language(tag)))
        .collect()
}

fn contacts(fields: &Fields, errors: &mut FieldErrors) -> Vec<Contact> {
    let mut seen = HashSet::new();
    let mut contacts = Vec::new();
    for row in 1..=MOST_CONTACTS {
        let field = |name: &str| contact_field(row, name);
        let (name, email, phone) = (field("name"), field("email"), field("phone"));
        if [&name, &email, &phone]
            .iter()
            .all(|field| fields.get(field).trim().is_empty())
        {
            continue;
        }
        let label = format!("Contact {row}:");
        let parsed_name = errors.check(
            &name,
            &format!("{label} name"),
            TextLine::parse(fields.get(&name)),
        );
        let parsed_email = errors.check(
            &email,
            &format!("{label} e-mail"),
            Email::parse(fields.get(&email)),
        );
        let parsed_phone = errors.check(
            &phone,
            &format!("{label} telephone"),
            optional_line(fields.get(&phone)),
        );
        let tag = match fields.get(&field("language")) {
            "" => "en",
            tag => tag,
        };
        let language = errors.check(&field("language"), &label, language(tag));
        if let (Some(name), Some(address), Some(phone), Some(language)) =
            (parsed_name, parsed_email, parsed_phone, language)
        {
            if !seen.insert(address.clone()) {
                errors.add(
                    &email,
                    format!("{label} {address} is listed twice and would be notified twice."),
                );
            }
            contacts.push(Contact {
                id: ContactId(fresh_id()),
                name,
                email: address,
                phone,
                language,
                letters_only: fields.flag(&field("letters")),
            });
        }
    }
    contacts
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
