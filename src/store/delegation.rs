//! Delegations, contacts and presence in the database.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::core::delegation::{Contact, ContactId, Delegation, DelegationId, PrincipalRole};
use crate::core::event::EventId;
use crate::core::text::{Code, Email, TextLine};
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::{contacts, delegations, private_links, resources};
use crate::db::word::Word;
use crate::store::event::stored_zone;
use crate::store::resource;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = delegations)]
struct DelegationRow {
    id: DelegationId,
    event_id: EventId,
    name: String,
    name_ja: String,
    role: Word<PrincipalRole>,
    principal: String,
    principal_ja: String,
    principal_title: String,
    precedence: i32,
    time_zone: String,
    languages: String,
    party_size: i32,
}

/// An event's delegations, with contacts and presence, in order of precedence.
pub fn of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Delegation>> {
    let mut presence = resource::presence_of_event(conn, event)?;
    let mut contacts = contacts_of_event(conn, event)?;
    let rows: Vec<(DelegationRow, String)> = delegations::table
        .inner_join(resources::table.on(resources::id.eq(delegations::id)))
        .filter(delegations::event_id.eq(event))
        .order((delegations::precedence, resources::code))
        .select((DelegationRow::as_select(), resources::code))
        .load(conn)?;
    rows.into_iter()
        .map(|(row, code)| {
            Ok(Delegation {
                id: row.id,
                code: Code::stored(code),
                name: TextLine::stored(row.name),
                name_ja: row.name_ja,
                role: row.role.0,
                principal: TextLine::stored(row.principal),
                principal_ja: row.principal_ja,
                principal_title: row.principal_title,
                precedence: row.precedence,
                time_zone: stored_zone(&row.time_zone)?,
                languages: row
                    .languages
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect(),
                party_size: row.party_size,
                contacts: contacts.remove(&row.id).unwrap_or_default(),
                presence: presence.remove(&row.id.0).unwrap_or_default(),
            })
        })
        .collect()
}

fn contacts_of_event(
    conn: &mut Conn,
    event: EventId,
) -> QueryResult<HashMap<DelegationId, Vec<Contact>>> {
    let rows: Vec<(
        DelegationId,
        ContactId,
        String,
        String,
        String,
        String,
        bool,
    )> = contacts::table
        .inner_join(delegations::table.on(delegations::id.eq(contacts::delegation_id)))
        .filter(delegations::event_id.eq(event))
        .order(contacts::position)
        .select((
            contacts::delegation_id,
            contacts::id,
            contacts::name,
            contacts::email,
            contacts::phone,
            contacts::language,
            contacts::letters_only,
        ))
        .load(conn)?;
    let mut contacts: HashMap<DelegationId, Vec<Contact>> = HashMap::new();
    for (delegation, id, name, email, phone, language, letters_only) in rows {
        let contact = Contact {
            id,
            name: TextLine::stored(name),
            email: Email::stored(email),
            phone,
            language,
            letters_only,
        };
        contacts.entry(delegation).or_default().push(contact);
    }
    Ok(contacts)
}

/// Stores a new delegation; its private links count from now.
///
/// # Errors
/// As the database says; a unique violation when the code is taken or a second chair is made.
pub fn insert(
    conn: &mut Conn,
    event: EventId,
    delegation: &Delegation,
    now: Moment,
) -> QueryResult<()> {
    resource::insert(
        conn,
        delegation.id.0,
        event,
        "delegation",
        delegation.code.as_str(),
        0,
    )?;
    diesel::insert_into(delegations::table)
        .values(row(event, delegation))
        .execute(conn)?;
    diesel::insert_into(private_links::table)
        .values((
            private_links::delegation_id.eq(delegation.id),
            private_links::generation.eq(0),
            private_links::issued_at.eq(now),
        ))
        .execute(conn)?;
    write_people(conn, delegation)
}

/// Updates a delegation.
pub fn update(conn: &mut Conn, event: EventId, delegation: &Delegation) -> QueryResult<()> {
    resource::update(conn, delegation.id.0, delegation.code.as_str(), 0)?;
    diesel::update(delegations::table.find(delegation.id))
        .set(row(event, delegation))
        .execute(conn)?;
    write_people(conn, delegation)
}

fn row(event: EventId, delegation: &Delegation) -> DelegationRow {
    DelegationRow {
        id: delegation.id,
        event_id: event,
        name: delegation.name.to_string(),
        name_ja: delegation.name_ja.clone(),
        role: Word(delegation.role),
        principal: delegation.principal.to_string(),
        principal_ja: delegation.principal_ja.clone(),
        principal_title: delegation.principal_title.clone(),
        precedence: delegation.precedence,
        time_zone: delegation.time_zone.name().to_owned(),
        languages: delegation.languages.join(" "),
        party_size: delegation.party_size,
    }
}

fn write_people(conn: &mut Conn, delegation: &Delegation) -> QueryResult<()> {
    diesel::delete(contacts::table.filter(contacts::delegation_id.eq(delegation.id)))
        .execute(conn)?;
    for (position, contact) in (0..).zip(&delegation.contacts) {
        diesel::insert_into(contacts::table)
            .values((
                contacts::id.eq(contact.id),
                contacts::delegation_id.eq(delegation.id),
                contacts::name.eq(contact.name.as_str()),
                contacts::email.eq(contact.email.as_str()),
                contacts::phone.eq(&contact.phone),
                contacts::language.eq(&contact.language),
                contacts::letters_only.eq(contact.letters_only),
                contacts::position.eq(position),
            ))
            .execute(conn)?;
    }
    resource::replace_presence(conn, delegation.id.0, &delegation.presence)
}
