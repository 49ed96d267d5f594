//! Collects everything stored about the person with an address, as JSON.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde_json::{Map, Value, json};

use super::place::{self, FoundRow};
use crate::core::delegation::ContactId;
use crate::core::user::UserId;
use crate::db::Conn;
use crate::db::schema::{contacts, outbox, users};
use crate::installation::cell::Cell;
use crate::installation::table::{ColumnKind, Table};
use crate::mail::contents::with_decoded_texts;
use crate::mail::outbox::MailId;
use crate::runtime::secret::without_tokens;
use crate::store::audit::pseudonym;

/// Columns with secrets that say nothing about a person.
const SECRETS: &[&str] = &[
    "password_hash",
    "token_hash",
    "code_hash",
    "request_hash",
    "seed",
    "last_step",
];

/// What the export says instead of letters that no user may open: their links set passwords.
const ACCOUNT_LETTER: &str = "not shown: letters about accounts";

/// Who the address belongs to, as far as it is stored.
struct KnownAddress {
    users: Vec<(UserId, String)>,
    contacts: Vec<ContactId>,
}

/// All rows that have to do with the person with an address, by table. Every column of every table is looked through.
pub fn of_address(conn: &mut Conn, address: &str) -> QueryResult<Value> {
    let address = address.trim().to_lowercase();
    let known = known(conn, &address)?;
    let mut terms = vec![address.clone()];
    terms.extend(
        known
            .users
            .iter()
            .map(|(user, _)| pseudonym::of_user(*user).to_lowercase()),
    );
    terms.extend(
        known
            .contacts
            .iter()
            .map(|contact| pseudonym::of_contact(*contact).to_lowercase()),
    );
    let mut found: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut mails: BTreeSet<i64> = BTreeSet::new();
    let about_accounts: BTreeSet<i64> = outbox::table
        .filter(outbox::event_id.is_null())
        .select(outbox::id)
        .load(conn)?
        .into_iter()
        .map(|MailId(id)| id)
        .collect();
    for table in place::tables() {
        let mut rows = place::containing(conn, table, None, &terms)?;
        for row in related(conn, table, &known)? {
            if !rows.iter().any(|other| other.cells == row.cells) {
                rows.push(row);
            }
        }
        if table.name == "outbox" {
            mails.extend(rows.iter().filter_map(|row| row.number("id")));
        }
        if table.name == "enclosures" && !mails.is_empty() {
            let ids: Vec<String> = mails.iter().map(ToString::to_string).collect();
            let condition = format!("mail_id IN ({})", ids.join(", "));
            for row in place::matching(conn, table, &condition, Vec::new())? {
                if !rows.iter().any(|other| other.cells == row.cells) {
                    rows.push(row);
                }
            }
        }
        if !rows.is_empty() {
            found.insert(
                table.name,
                rows.into_iter()
                    .map(|row| in_json(row, &about_accounts))
                    .collect(),
            );
        }
    }
    Ok(json!({ "address": address, "found": found }))
}

fn known(conn: &mut Conn, address: &str) -> QueryResult<KnownAddress> {
    let contacts: Vec<(ContactId, String)> = contacts::table
        .select((contacts::id, contacts::email))
        .load(conn)?;
    Ok(KnownAddress {
        users: users::table
            .filter(users::email.eq(address))
            .select((users::id, users::name))
            .load(conn)?,
        contacts: contacts
            .into_iter()
            .filter(|(_, email)| email.eq_ignore_ascii_case(address))
            .map(|(id, _)| id)
            .collect(),
    })
}

/// The rows that name a user by id, or by the name that notes bear.
fn related(
    conn: &mut Conn,
    table: &'static Table,
    known: &KnownAddress,
) -> QueryResult<Vec<FoundRow>> {
    let mut rows = Vec::new();
    for (UserId(user), name) in &known.users {
        for column in table.columns {
            let (condition, values) = match column.name {
                "user_id" | "actor_id" => (format!("{} = {user}", column.name), Vec::new()),
                "author" | "handled_by" | "paused_by" | "answered_by" => {
                    (format!("{} = $1", column.name), vec![name.clone()])
                }
                _ => continue,
            };
            rows.extend(place::matching(conn, table, &condition, values)?);
        }
    }
    Ok(rows)
}

/// The column that has a letter as it is sent, and the column that says which mail it is.
fn letter_columns(table: &Table) -> Option<(&'static str, &'static str)> {
    match table.name {
        "outbox" => Some(("raw", "id")),
        "enclosures" => Some(("letter", "mail_id")),
        _ => None,
    }
}

/// A row with its columns by name, without what opens something.
fn in_json(row: FoundRow, about_accounts: &BTreeSet<i64>) -> Value {
    let letter = letter_columns(row.table);
    let is_about_account = letter
        .and_then(|(_, id)| row.number(id))
        .is_some_and(|mail| about_accounts.contains(&mail));
    let columns = row.table.columns.iter().zip(row.cells);
    let shown = columns.filter(|(column, _)| !SECRETS.contains(&column.name));
    let fields: Map<String, Value> = shown
        .map(|(column, cell)| {
            let is_letter = letter.is_some_and(|(name, _)| name == column.name);
            let value = match (cell, column.kind) {
                (Cell::Bytes(_), _) if is_letter && is_about_account => ACCOUNT_LETTER.into(),
                (Cell::Bytes(bytes), _) if is_letter => {
                    without_tokens(&with_decoded_texts(&bytes)).into()
                }
                // A mail is text nearly always, and reads better so.
                (Cell::Bytes(bytes), ColumnKind::Binary) => match String::from_utf8(bytes) {
                    Ok(text) => text.into(),
                    Err(error) => Cell::Bytes(error.into_bytes())
                        .into_json(ColumnKind::Binary)
                        .unwrap_or(Value::Null),
                },
                (cell, kind) => cell.into_json(kind).unwrap_or(Value::Null),
            };
            (column.name.to_owned(), value)
        })
        .collect();
    Value::Object(fields)
}
