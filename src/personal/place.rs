//! Every place where personal data can be: all columns of all tables, as the installation's file has them.

use diesel::prelude::*;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_types::Text;

use serde_json::Value;

use super::PersonNames;
use super::redact::redact_value;
use crate::core::event::EventId;
use crate::db::{Conn, on_either};
use crate::installation::cell::{Cell, Cells};
use crate::installation::table::{Column, ColumnKind, LEFT, MOVED, Table};

/// Tables that belong to no event.
const OF_NO_EVENT: &[&str] = &[
    "users",
    "account_rules",
    "second_factors",
    "recovery_codes",
    "known_devices",
    "sign_on_identities",
    "sign_in_failures",
    "api_tokens",
    "invitations",
    "mail_queue",
    "sessions",
    "sign_in_steps",
    "sign_on_flows",
    "form_posts",
];

/// Tables whose texts are not touched by [`replace`]: contacts and users are erased as rows, the history is redacted, and
/// of an event its own office stays.
const ERASED_OTHERWISE: &[&str] = &["contacts", "users", "audit", "events"];

/// Columns in which people write: telephone numbers are replaced there, too. In all others only addresses are, so that
/// what an officer typed as a contact's telephone changes no key, state or user.
const FREE_TEXTS: &[(&str, &[&str])] = &[
    ("slots", &["title", "note"]),
    ("overrides", &["reason"]),
    ("room_closures", &["reason"]),
    ("answers", &["comment"]),
    ("outbox", &["recipient_name", "subject", "last_error"]),
    ("enclosures", &["name", "fault"]),
    ("inbox", &["why", "sender", "subject", "body"]),
    ("mailboxes", &["last_error"]),
    ("calendar_links", &["name"]),
    ("api_tokens", &["name"]),
];

/// Columns that hold JSON, of which only some fields are texts.
const JSON: &[(&str, &[&str])] = &[
    ("notices", &["told"]),
    ("answers", &["told"]),
    ("idempotency_keys", &["answer"]),
    ("enclosures", &["says"]),
];

/// Tables in whose free texts names are looked for, too. A name in the title of a slot may be a word.
const WITH_NAMES: &[&str] = &["outbox", "inbox", "answers"];

/// Every table.
pub fn tables() -> impl Iterator<Item = &'static Table> {
    MOVED.iter().chain(LEFT)
}

/// Which rows of a table belong to an event, in SQL; `None` when the table belongs to no event.
#[must_use]
pub fn of_event(table: &Table, EventId(event): EventId) -> Option<String> {
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    if OF_NO_EVENT.contains(&table.name) {
        None
    } else if table.name == "mailboxes" {
        // What a mailbox complains of concerns mail of every event.
        Some("TRUE".to_owned())
    } else if table.name == "events" {
        Some(format!("id = {event}"))
    } else if has("event_id") {
        Some(format!("event_id = {event}"))
    } else {
        let (column, owner) = if has("delegation_id") {
            ("delegation_id", "delegations")
        } else if has("mail_id") {
            ("mail_id", "outbox")
        } else if has("room_id") {
            ("room_id", "rooms")
        } else {
            ("resource_id", "resources")
        };
        Some(format!(
            "{column} IN (SELECT id FROM {owner} WHERE event_id = {event})"
        ))
    }
}

/// A row in which something was found.
#[derive(Debug, Clone)]
pub struct FoundRow {
    /// Its table.
    pub table: &'static Table,
    /// Its values, in the order of the table's columns.
    pub(super) cells: Vec<Cell>,
}

impl FoundRow {
    fn cell(&self, column: &Column) -> Option<&Cell> {
        let at = self
            .table
            .columns
            .iter()
            .position(|each| each.name == column.name)?;
        self.cells.get(at)
    }

    /// A number of the row.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let column = self.table.columns.iter().find(|each| each.name == name)?;
        match self.cell(column)? {
            Cell::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Finds the rows of a table that contain one of `terms`, in texts and in bytes, whatever the case of its ASCII
/// letters.
pub fn containing(
    conn: &mut Conn,
    table: &'static Table,
    condition: Option<&str>,
    terms: &[String],
) -> QueryResult<Vec<FoundRow>> {
    let is_postgres = conn.is_postgres();
    let looks: Vec<String> = table
        .columns
        .iter()
        .filter_map(|column| looking_into(column, is_postgres))
        .flat_map(|text| (1..=terms.len()).map(move |place| format!("{text}, ${place}) > 0")))
        .collect();
    if looks.is_empty() || terms.is_empty() {
        return Ok(Vec::new());
    }
    let condition = format!(
        "({}) AND ({})",
        condition.unwrap_or("TRUE"),
        looks.join(" OR ")
    );
    let terms = terms.iter().map(|term| term.to_ascii_lowercase()).collect();
    matching(conn, table, &condition, terms)
}

/// The rows of a table that meet a condition.
pub(super) fn matching(
    conn: &mut Conn,
    table: &'static Table,
    condition: &str,
    values: Vec<String>,
) -> QueryResult<Vec<FoundRow>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE {condition}",
        table.names(),
        table.name
    );
    let rows: Vec<Cells> = on_either!(conn, database => {
        let query = diesel::sql_query(sql).into_boxed();
        let query = values.into_iter().fold(query, BoxedSqlQuery::bind::<Text, _>);
        query.load(database)?
    });
    Ok(rows
        .into_iter()
        .map(|Cells(cells)| FoundRow { table, cells })
        .collect())
}

/// The beginning of a search in one column, as both databases know it.
fn looking_into(column: &Column, is_postgres: bool) -> Option<String> {
    let name = column.name;
    Some(match (column.kind, is_postgres) {
        (ColumnKind::Text, false) => format!("instr(lower(\"{name}\")"),
        (ColumnKind::Text, true) => format!("strpos(lower(\"{name}\" COLLATE \"C\")"),
        (ColumnKind::Binary, false) => format!("instr(lower(CAST(\"{name}\" AS TEXT))"),
        (ColumnKind::Binary, true) => {
            format!("strpos(lower(encode(\"{name}\", 'escape') COLLATE \"C\")")
        }
        _ => return None,
    })
}

/// Writes a person's pseudonym instead of the person into every text of an event, or of what belongs to none.
pub fn replace(conn: &mut Conn, event: Option<EventId>, person: &PersonNames) -> QueryResult<()> {
    for table in tables().filter(|table| !ERASED_OTHERWISE.contains(&table.name)) {
        let condition = match (event, event.and_then(|event| of_event(table, event))) {
            (Some(_), None) => continue,
            (None, _) if !OF_NO_EVENT.contains(&table.name) => continue,
            (_, condition) => condition,
        };
        let with_names = WITH_NAMES.contains(&table.name);
        let mut terms = person.terms();
        if with_names {
            terms.extend(person.names.iter().cloned());
        }
        for row in containing(conn, table, condition.as_deref(), &terms)? {
            replace_in(conn, &row, person, with_names)?;
        }
    }
    Ok(())
}

/// Replaces the person in the text of a column, as far as that column may be changed.
fn replaced(
    table: &Table,
    column: &Column,
    text: &str,
    person: &PersonNames,
    names: bool,
) -> Option<String> {
    let is_one_of = |list: &[(&str, &[&str])]| {
        list.iter()
            .any(|(name, columns)| *name == table.name && columns.contains(&column.name))
    };
    // The office's: calendars know it, and it stays.
    if (table.name, column.name) == ("notices", "organizer") {
        return None;
    }
    if is_one_of(FREE_TEXTS) {
        return person.replaced(text, names);
    }
    if is_one_of(JSON)
        && let Ok(mut value) = serde_json::from_str(text)
    {
        return redact_value(&mut value, person, false).then(|| Value::to_string(&value));
    }
    person.without_addresses(text)
}

fn replace_in(
    conn: &mut Conn,
    row: &FoundRow,
    person: &PersonNames,
    names: bool,
) -> QueryResult<()> {
    let table = row.table;
    let is_key = |column: &Column| table.key.iter().any(|key| key.name == column.name);
    let changed: Vec<(&Column, String)> = table
        .columns
        .iter()
        .zip(&row.cells)
        .filter(|(column, _)| !is_key(column))
        .filter_map(|(column, cell)| match cell {
            Cell::Text(text) => Some((column, replaced(table, column, text, person, names)?)),
            _ => None,
        })
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let mut place = 0;
    let mut equal = |column: &Column| {
        place += 1;
        format!("\"{}\" = ${place}", column.name)
    };
    let set: Vec<String> = changed.iter().map(|(column, _)| equal(column)).collect();
    let key: Vec<String> = table.key.iter().map(equal).collect();
    let sql = format!(
        "UPDATE {} SET {} WHERE {}",
        table.name,
        set.join(", "),
        key.join(" AND ")
    );
    let mut statement = diesel::sql_query(sql).into_boxed();
    for (column, text) in changed {
        statement = Cell::Text(text).bind(statement, column.kind);
    }
    for column in table.key {
        let cell = row.cell(column).cloned().unwrap_or(Cell::Nothing);
        statement = cell.bind(statement, column.kind);
    }
    statement.execute(conn).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new table must say to which event its rows belong, or that they belong to none.
    #[test]
    fn every_table_belongs_to_an_event_or_to_none() {
        for table in tables() {
            let has = |name: &str| table.columns.iter().any(|column| column.name == name);
            let known = OF_NO_EVENT.contains(&table.name)
                || ["events", "mailboxes"].contains(&table.name)
                || [
                    "event_id",
                    "delegation_id",
                    "mail_id",
                    "room_id",
                    "resource_id",
                ]
                .into_iter()
                .any(has);
            assert!(known, "table {}: name it in OF_NO_EVENT", table.name);
        }
    }
}
