//! Redaction: personal data is taken out of rows that are written already, and the chain still holds.
//!
//! A redacted row keeps its hash, time, action and the ids of who acted and on what; names and values change. A newer
//! row of the same chain records which rows were redacted, with a digest of each row as it is now, which includes the
//! hash that it had and the hash of the row before. So what a redaction left cannot be changed again unseen, the row
//! before it cannot be taken out, and no redaction can be hidden.

use diesel::prelude::*;
use serde_json::json;

use super::chain::{ChainLink, RowContent};
use super::{HistoryEntry, Record, pseudonym};
use crate::core::action::Action;
use crate::core::event::{EventId, Revision};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::Conn;
use crate::db::schema::audit;

/// The action of the rows that record redactions.
pub const ACTION: Action = Action::HistoryRedacted;
/// Under which the numbers of the rows are recorded.
const ROWS: &str = "rows";
/// Under which the digests of the rows are recorded; no page shows them.
pub(super) const DIGESTS: &str = "digests";
/// Rows that one row records at most.
const RECORDED_AT_ONCE: usize = 500;

/// What a redaction may read and change of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactableRow {
    /// Its number.
    pub id: i64,
    at: Moment,
    event_id: Option<EventId>,
    revision: Option<Revision>,
    /// Whose account acted; stays.
    pub actor_id: Option<i64>,
    /// Who acted.
    pub actor: String,
    /// What was done; stays.
    pub action: String,
    /// The id of what it was done to; stays.
    pub subject_id: Option<i64>,
    /// What it was done to.
    pub subject: String,
    /// What it was before, in JSON.
    pub before_json: Option<String>,
    /// What it was afterwards, in JSON.
    pub after_json: Option<String>,
    hash: Option<String>,
    /// The hash of the row before it in its chain.
    previous: Option<String>,
}

impl RedactableRow {
    fn new(link: ChainLink, previous: Option<String>) -> Self {
        Self {
            previous,
            id: link.id,
            at: link.at,
            event_id: link.event_id,
            revision: link.revision,
            actor_id: link.actor_id,
            actor: link.actor,
            action: link.action,
            subject_id: link.subject_id,
            subject: link.subject,
            before_json: link.before_json,
            after_json: link.after_json,
            hash: link.hash,
        }
    }

    fn digest(&self) -> String {
        RowContent {
            at: self.at,
            event: self.event_id,
            revision: self.revision,
            actor_id: self.actor_id,
            actor: &self.actor,
            action: &self.action,
            subject_id: self.subject_id,
            subject: &self.subject,
            before: self.before_json.as_deref(),
            after: self.after_json.as_deref(),
        }
        .redacted_digest(self.hash.as_deref(), self.previous.as_deref())
    }
}

/// Whose data is taken out of which chain, by whom.
#[derive(Debug, Clone, Copy)]
pub struct RedactionRequest<'a> {
    /// The event, and its revision after the change; `None` for the history of accounts and mail.
    pub event: Option<(EventId, Revision)>,
    /// When.
    pub at: Moment,
    /// Who redacts.
    pub actor: &'a Actor,
    /// The pseudonym of the person.
    pub person: &'a str,
}

/// Changes the rows of one chain that `change` says it has changed, and records which. Gives their number.
///
/// For an event the caller has raised its revision; otherwise this is the last thing that its transaction does.
///
/// # Errors
/// [`super::chain::AlteredHistory`] when the chain does not verify, and nothing is changed; or as the database says.
pub fn redact(
    conn: &mut Conn,
    order: RedactionRequest<'_>,
    mut change: impl FnMut(&mut RedactableRow) -> bool,
) -> QueryResult<usize> {
    let event = order.event.map(|(event, _)| event);
    let mut redacted: Vec<RedactableRow> = Vec::new();
    conn.transaction(|conn| {
        super::chain::take_turn(conn, event)?;
        // All rows are verified before the first one is changed: a digest of an altered row would approve the alteration.
        super::chain::each_verified(conn, event, |link, previous| {
            let mut row = RedactableRow::new(link, previous);
            if row.action != ACTION.as_str() && change(&mut row) {
                redacted.push(row);
            }
        })?;
        for rows in redacted.chunks(RECORDED_AT_ONCE) {
            store(conn, order, rows)?;
        }
        Ok(redacted.len())
    })
}

/// Records the redaction of these rows, then changes them: the database asks for the record first.
fn store(conn: &mut Conn, order: RedactionRequest<'_>, rows: &[RedactableRow]) -> QueryResult<()> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let digests: Vec<String> = rows.iter().map(RedactableRow::digest).collect();
    let by = super::add(
        conn,
        &HistoryEntry {
            at: order.at,
            event: order.event,
            actor: order.actor,
            action: ACTION,
            subject_id: None,
            subject: order.person,
            before: None,
            after: Some(json!({ ROWS: ids, DIGESTS: digests })),
        },
    )?;
    for row in rows {
        diesel::update(audit::table.find(row.id))
            .set((
                audit::actor.eq(&row.actor),
                audit::subject.eq(&row.subject),
                audit::before_json.eq(&row.before_json),
                audit::after_json.eq(&row.after_json),
                audit::redaction.eq(Some(by)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The rows that a record lists, with their digests; none when it makes no sense.
pub(super) fn recorded(after: Option<&str>) -> Vec<(i64, String)> {
    let read = || -> Option<Vec<(i64, String)>> {
        let after: serde_json::Value = serde_json::from_str(after?).ok()?;
        let rows = after.get(ROWS)?.as_array()?.iter();
        let digests = after.get(DIGESTS)?.as_array()?.iter();
        rows.zip(digests)
            .map(|(row, digest)| Some((row.as_i64()?, digest.as_str()?.to_owned())))
            .collect()
    };
    read().unwrap_or_default()
}

/// A recorded redaction, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRedaction {
    /// The number of the row that records it.
    pub id: i64,
    /// When.
    pub at: Moment,
    /// Who redacted.
    pub actor: String,
    /// The pseudonym of the person whose data was erased.
    pub person: String,
    /// How many rows it changed.
    pub rows: usize,
}

impl std::fmt::Display for RecordedRedaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.at.utc().format("%Y-%m-%d %H:%M UTC");
        write!(
            f,
            "Redaction, row {}, {at}: {} row(s) of {}, by {}",
            self.id, self.rows, self.person, self.actor
        )
    }
}

/// Lists the recorded redactions of all chains, oldest first.
pub fn list(conn: &mut Conn) -> QueryResult<Vec<RecordedRedaction>> {
    let records: Vec<Record> = audit::table
        .filter(audit::action.eq(ACTION.as_str()))
        .order(audit::id)
        .select(Record::as_select())
        .load(conn)?;
    let records = pseudonym::resolve(conn, records)?;
    Ok(records
        .into_iter()
        .map(|record| RecordedRedaction {
            rows: recorded(record.after_json.as_deref()).len(),
            id: record.id,
            at: record.at,
            actor: record.actor,
            person: record.subject,
        })
        .collect())
}
