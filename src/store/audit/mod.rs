//! History: who changed what, from what to what. Rows are added, never changed (the database refuses it), and each
//! carries a hash of itself and the one before ([`chain`]). People are named by [`pseudonym`]s; where an old row names
//! them, a recorded [`redaction`] takes the name out.

pub mod chain;
pub mod pseudonym;
pub mod redaction;
mod words;

pub use crate::core::action::{Action, noun};
use words::{WordsReader, changes_between};

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::core::event::{EventId, Revision};
use crate::core::text_enum::TextEnum;
use crate::core::time::{Moment, Zone};
use crate::core::user::{Actor, UserId};
use crate::db::schema::audit;
use crate::db::{Conn, insert_rows};

/// The key under which the history says whose details changed, without the details.
pub const DETAILS_CHANGED: &str = "details_changed";

/// How the history writes an actor.
fn in_history(actor: &Actor) -> String {
    let name = actor.user.map(|user| pseudonym::of_user(UserId(user)));
    name.unwrap_or_else(|| actor.name.clone()) + &actor.way
}

/// One change.
#[derive(Debug, Clone)]
pub struct HistoryEntry<'a> {
    /// When.
    pub at: Moment,
    /// The event concerned, and its revision after the change.
    pub event: Option<(EventId, Revision)>,
    /// Who.
    pub actor: &'a Actor,
    /// What was done.
    pub action: Action,
    /// The id of what it was done to.
    pub subject_id: Option<i64>,
    /// Its name, for people.
    pub subject: &'a str,
    /// What it was before; `None` when it was made.
    pub before: Option<Value>,
    /// What it is now; `None` when it was removed.
    pub after: Option<Value>,
}

/// Writes a change down, in the transaction that makes it, as the newest link of its chain.
///
/// An event's writers queue up at its revision, so its chain is theirs alone. A change of no event takes a lock that all
/// such changes share: it has to be the last thing its transaction does, or two could wait for each other.
pub fn record(conn: &mut Conn, entry: &HistoryEntry<'_>) -> QueryResult<()> {
    add(conn, entry).map(drop)
}

/// As [`record`]; gives the number of the row.
fn add(conn: &mut Conn, entry: &HistoryEntry<'_>) -> QueryResult<i64> {
    let event = entry.event.map(|(event, _)| event);
    conn.transaction(|conn| {
        let rows = next_rows(conn, event, std::slice::from_ref(entry))?;
        let row = rows.into_iter().next();
        diesel::insert_into(audit::table)
            .values(row.ok_or(diesel::result::Error::NotFound)?)
            .returning(audit::id)
            .get_result(conn)
    })
}

#[derive(Insertable)]
#[diesel(table_name = audit)]
struct NewRecord<'a> {
    at: Moment,
    event_id: Option<EventId>,
    revision: Option<Revision>,
    actor_id: Option<i64>,
    actor: String,
    action: &'a str,
    subject_id: Option<i64>,
    subject: &'a str,
    before_json: Option<String>,
    after_json: Option<String>,
    hash: String,
}

/// Writes changes of one chain down, as [`record`] does each.
pub fn record_all(
    conn: &mut Conn,
    event: Option<EventId>,
    entries: &[HistoryEntry<'_>],
) -> QueryResult<()> {
    conn.transaction(|conn| {
        let rows = next_rows(conn, event, entries)?;
        insert_rows!(conn, audit::table, rows);
        Ok(())
    })
}

/// Makes the rows of changes of one chain, each with its hash; the chain is locked until the transaction ends.
fn next_rows<'a>(
    conn: &mut Conn,
    event: Option<EventId>,
    entries: &'a [HistoryEntry<'_>],
) -> QueryResult<Vec<NewRecord<'a>>> {
    chain::take_turn(conn, event)?;
    let mut newest = chain::newest(conn, event)?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let actor = in_history(entry.actor);
        let before_json = entry.before.as_ref().map(Value::to_string);
        let after_json = entry.after.as_ref().map(Value::to_string);
        let revision = entry.event.map(|(_, revision)| revision);
        let hash = chain::RowContent {
            at: entry.at,
            event,
            revision,
            actor_id: entry.actor.user,
            actor: &actor,
            action: entry.action.as_str(),
            subject_id: entry.subject_id,
            subject: entry.subject,
            before: before_json.as_deref(),
            after: after_json.as_deref(),
        }
        .hash(newest.as_deref());
        newest = Some(hash.clone());
        rows.push(NewRecord {
            at: entry.at,
            event_id: event,
            revision,
            actor_id: entry.actor.user,
            actor,
            action: entry.action.as_str(),
            subject_id: entry.subject_id,
            subject: entry.subject,
            before_json,
            after_json,
            hash,
        });
    }
    Ok(rows)
}

/// One change as read back.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit)]
pub struct Record {
    /// Its number: grows with time.
    pub id: i64,
    /// When.
    pub at: Moment,
    /// The event concerned; `None` when it was none.
    #[diesel(column_name = event_id)]
    pub event: Option<EventId>,
    /// The revision of the event that it made; `None` when it was none of an event's.
    pub revision: Option<Revision>,
    /// Whose account acted; `None` for the command line and the program itself.
    pub actor_id: Option<i64>,
    /// Who.
    pub actor: String,
    /// What was done: the word of an [`Action`], or of one that only another release knows.
    pub action: String,
    /// The id of what it was done to.
    pub subject_id: Option<i64>,
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

    /// What kind of thing it was done to, as `slot`.
    #[must_use]
    pub fn noun(&self) -> &str {
        noun(&self.action)
    }

    /// The change in words, its time on the clock of `zone` and the times of slots on that of `venue`.
    #[must_use]
    pub fn line(&self, zone: Zone, venue: Zone) -> HistoryLine {
        HistoryLine {
            at: zone
                .local_moment(self.at)
                .format("%-d %B %Y, %H:%M:%S")
                .to_string(),
            actor: self.actor.clone(),
            action: self.action.replace('.', " "),
            subject: self.subject.clone(),
            changes: self.changes_for(WordsReader::Person, venue),
        }
    }

    /// The fields that differ, with old and new values as programs read them: kinds and states are codes.
    #[must_use]
    pub fn changes(&self, venue: Zone) -> Vec<FieldChange> {
        self.changes_for(WordsReader::Program, venue)
    }

    fn changes_for(&self, reader: WordsReader, venue: Zone) -> Vec<FieldChange> {
        let (before, after) = (self.before_json.as_deref(), self.after_json.as_deref());
        changes_between(self.noun(), before, after, reader, venue)
    }
}

/// Net effect of one or more changes to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetChange {
    /// What became of it, as `new` or `changed`; of what cannot be added up, what was done.
    pub what: String,
    /// Its name.
    pub subject: String,
    /// Who, each once, in order.
    pub actors: Vec<String>,
    /// When the last one was.
    pub at: Moment,
    /// From the first old value to the last new one; what came back to what it was is left out.
    pub changes: Vec<FieldChange>,
}

/// Adds up changes that are given in the order in which they were made: one entry for each thing, in the order in which
/// they were first touched. What is again as it was is left out. Times of slots are on the clock of `venue`.
#[must_use]
pub fn net(records: &[Record], venue: Zone) -> Vec<NetChange> {
    let mut things: Vec<Vec<&Record>> = Vec::new();
    for record in records {
        let same = |known: &&mut Vec<&Record>| {
            known.first().is_some_and(|first| {
                first.noun() == record.noun()
                    && first.subject_id == record.subject_id
                    && record.subject_id.is_some()
                    // A notice is no state of anything.
                    && first.noun() != "notice"
            })
        };
        match things.iter_mut().find(same) {
            Some(thing) => thing.push(record),
            None => things.push(vec![record]),
        }
    }
    things
        .iter()
        .filter_map(|records| sum(records, venue))
        .collect()
}

fn sum(records: &[&Record], venue: Zone) -> Option<NetChange> {
    let (first, last) = (records.first()?, records.last()?);
    let (before, after) = (first.before_json.as_deref(), last.after_json.as_deref());
    let mut changes = changes_between(last.noun(), before, after, WordsReader::Person, venue);
    if let [earlier @ .., _] = records {
        add_details_changed(earlier, &mut changes, venue);
    }
    let what = match (before, after) {
        _ if last.noun() == "notice" || last.action == redaction::ACTION.as_str() => {
            last.action.replace('.', " ")
        }
        (None, None) => return None,
        (None, Some(_)) => "new".to_owned(),
        (Some(_), None) => "removed".to_owned(),
        (Some(_), Some(_)) if changes.is_empty() => return None,
        (Some(_), Some(_)) => "changed".to_owned(),
    };
    let mut actors: Vec<String> = Vec::new();
    for record in records {
        if !actors.contains(&record.actor) {
            actors.push(record.actor.clone());
        }
    }
    Some(NetChange {
        what,
        subject: last.subject.clone(),
        actors,
        at: last.at,
        changes,
    })
}

/// Adds changes that earlier records only name: they store no values, so the last record does not have them.
fn add_details_changed(earlier: &[&Record], changes: &mut Vec<FieldChange>, venue: Zone) {
    let field = DETAILS_CHANGED.replace('_', " ");
    let mut told: Vec<String> = Vec::new();
    let earlier = earlier.iter().flat_map(|record| record.changes(venue));
    let last = changes.iter().position(|change| change.field == field);
    let last = last.map(|at| changes.remove(at));
    for change in earlier.filter(|change| change.field == field).chain(last) {
        for detail in change.after.split(", ").filter(|detail| !detail.is_empty()) {
            if !told.iter().any(|known| known == detail) {
                told.push(detail.to_owned());
            }
        }
    }
    if !told.is_empty() {
        changes.push(FieldChange {
            field,
            before: String::new(),
            after: told.join(", "),
        });
    }
}

/// When an event was last changed, as of a revision; `None` when nothing is written down of it.
pub fn last_change(
    conn: &mut Conn,
    event: EventId,
    revision: Revision,
) -> QueryResult<Option<Moment>> {
    audit::table
        .filter(audit::event_id.eq(event))
        .filter(audit::revision.le(revision))
        .order(audit::id.desc())
        .select(audit::at)
        .first(conn)
        .optional()
}

/// The history of one thing, newest first.
pub fn of_subject(conn: &mut Conn, subject: i64) -> QueryResult<Vec<Record>> {
    audit::table
        .filter(audit::subject_id.eq(subject))
        .order(audit::id.desc())
        .select(Record::as_select())
        .load(conn)
        .and_then(|records| pseudonym::resolve(conn, records))
}

/// The latest changes of an event, or of everything; newest first.
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
        .and_then(|records| pseudonym::resolve(conn, records))
}

/// Since when changes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// After this revision.
    Revision(Revision),
    /// At or after this moment.
    Moment(Moment),
}

/// The changes of an event since then, in the order in which they were made.
pub fn since(conn: &mut Conn, event: EventId, since: Since) -> QueryResult<Vec<Record>> {
    let query = audit::table
        .filter(audit::event_id.eq(event))
        .order(audit::id)
        .select(Record::as_select());
    let records = match since {
        Since::Revision(revision) => query.filter(audit::revision.gt(revision)).load(conn),
        Since::Moment(moment) => query.filter(audit::at.ge(moment)).load(conn),
    }?;
    pseudonym::resolve(conn, records)
}

/// The first changes of an event after a revision, in the order in which they were made: about `most`, and always whole
/// revisions.
pub fn some_since(
    conn: &mut Conn,
    event: EventId,
    since: Revision,
    most: i64,
) -> QueryResult<Vec<Record>> {
    let after = || {
        audit::table
            .filter(audit::event_id.eq(event))
            .filter(audit::revision.gt(since))
            .order(audit::id)
    };
    let last: Option<Revision> = after()
        .select(audit::revision.assume_not_null())
        .limit(1)
        .offset(most - 1)
        .get_result(conn)
        .optional()?;
    let records = after().select(Record::as_select());
    let records = match last {
        Some(last) => records.filter(audit::revision.le(last)).load(conn),
        None => records.load(conn),
    }?;
    pseudonym::resolve(conn, records)
}
