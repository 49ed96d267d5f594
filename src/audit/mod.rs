//! History: who changed what, from what to what. Rows are added, never changed (the database refuses it).

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::db::Conn;
use crate::db::schema::audit;
use crate::event::{EventId, Revision};
use crate::time::{Moment, Zone};

/// Who acts: a user, or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user's id; `None` for the command line and the program itself.
    pub user: Option<i64>,
    /// The name that stands in the history.
    pub name: String,
}

impl Actor {
    /// Somebody at the machine's own command line.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            user: None,
            name: "command line".to_owned(),
        }
    }
}

/// One change.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// When.
    pub at: Moment,
    /// The event concerned, and its revision after the change.
    pub event: Option<(EventId, Revision)>,
    /// Who.
    pub actor: &'a Actor,
    /// What was done, as `slot.booked`.
    pub action: &'a str,
    /// The id of what it was done to.
    pub subject_id: Option<i64>,
    /// Its name, for people.
    pub subject: &'a str,
    /// What it was before; `None` when it was made.
    pub before: Option<Value>,
    /// What it is now; `None` when it was removed.
    pub after: Option<Value>,
}

/// Writes a change down, in the transaction that makes it.
///
/// # Errors
/// As the database says.
pub fn record(conn: &mut Conn, entry: &Entry<'_>) -> QueryResult<()> {
    diesel::insert_into(audit::table)
        .values((
            audit::at.eq(entry.at),
            audit::event_id.eq(entry.event.map(|(event, _)| event)),
            audit::revision.eq(entry.event.map(|(_, revision)| revision)),
            audit::actor_id.eq(entry.actor.user),
            audit::actor.eq(&entry.actor.name),
            audit::action.eq(entry.action),
            audit::subject_id.eq(entry.subject_id),
            audit::subject.eq(entry.subject),
            audit::before_json.eq(entry.before.as_ref().map(Value::to_string)),
            audit::after_json.eq(entry.after.as_ref().map(Value::to_string)),
        ))
        .execute(conn)
        .map(drop)
}

/// One change as read back.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit)]
pub struct Record {
    /// Its number: grows with time.
    pub id: i64,
    /// When.
    pub at: Moment,
    /// Whose account acted; `None` for the command line and the program itself.
    pub actor_id: Option<i64>,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The name of what it was done to.
    pub subject: String,
    before_json: Option<String>,
    after_json: Option<String>,
}

/// One field that a change touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field, as people read it.
    pub field: String,
    /// Its value before; empty when there was none.
    pub before: String,
    /// Its value now; empty when there is none.
    pub after: String,
}

/// One change in words, for a page.
#[derive(Debug, Clone)]
pub struct HistoryLine {
    /// When, on the clock of a zone.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What was done, as `slot booked`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// The fields that differ.
    pub changes: Vec<FieldChange>,
}

impl Record {
    /// What it was done to, as it was before; `None` when it was made.
    #[must_use]
    pub fn before(&self) -> Option<Value> {
        serde_json::from_str(self.before_json.as_deref()?).ok()
    }

    /// The change in words, its time on the clock of `zone`.
    #[must_use]
    pub fn line(&self, zone: Zone) -> HistoryLine {
        HistoryLine {
            at: zone
                .local_moment(self.at)
                .format("%-d %B %Y, %H:%M:%S")
                .to_string(),
            actor: self.actor.clone(),
            action: self.action.replace('.', " "),
            subject: self.subject.clone(),
            changes: self.changes(),
        }
    }

    /// The fields that differ, with old and new values.
    #[must_use]
    pub fn changes(&self) -> Vec<FieldChange> {
        let parse = |json: &Option<String>| -> serde_json::Map<String, Value> {
            json.as_deref()
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default()
        };
        let (before, after) = (parse(&self.before_json), parse(&self.after_json));
        let mut fields: Vec<&String> = before.keys().chain(after.keys()).collect();
        fields.sort();
        fields.dedup();
        fields
            .into_iter()
            .filter(|field| before.get(*field) != after.get(*field))
            .map(|field| FieldChange {
                field: field.replace('_', " "),
                before: in_words(before.get(field)),
                after: in_words(after.get(field)),
            })
            // Nothing became nothing: a fact that was never there.
            .filter(|change| change.before != change.after)
            .collect()
    }
}

fn in_words(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| in_words(Some(item)))
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}

/// The history of one thing, newest first.
///
/// # Errors
/// As the database says.
pub fn of_subject(conn: &mut Conn, subject: i64) -> QueryResult<Vec<Record>> {
    audit::table
        .filter(audit::subject_id.eq(subject))
        .order(audit::id.desc())
        .select(Record::as_select())
        .load(conn)
}

/// The latest changes of an event, or of everything; newest first.
///
/// # Errors
/// As the database says.
pub fn latest(conn: &mut Conn, event: Option<EventId>, most: i64) -> QueryResult<Vec<Record>> {
    let mut query = audit::table.into_boxed();
    if let Some(event) = event {
        query = query.filter(audit::event_id.eq(event));
    }
    query
        .order(audit::id.desc())
        .limit(most)
        .select(Record::as_select())
        .load(conn)
}
