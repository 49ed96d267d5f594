//! The chain through the history: each row carries the SHA-256 over its own content and the hash of the row before.
//!
//! Every event has a chain, and what belongs to no event (accounts, tokens, the mail queue) has one. A row that was
//! changed, inserted, removed or moved breaks its chain there, unless a later row records that personal data was
//! removed
//! from it, and the row says what that record says ([`redaction`]). Rewriting every later row as well is detected
//! by a hash that was noted elsewhere: [`verify`] gives the newest of each chain, and says whether it still holds one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use diesel::dsl::max;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::redaction;
use crate::core::event::{EventId, Revision};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::db::schema::audit;
use crate::db::{Conn, DbError};

/// Prefix of every hashed row, so that a hash of ours is a hash of nothing else.
const DOMAIN: &[u8] = b"iikura history 1";
/// Names the turn of those who write rows of no event on PostgreSQL; arbitrary but fixed.
const TURN: i64 = 7_107_023;
/// Rows read at once.
const BATCH: i64 = 1000;

/// What a row says, exactly as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowContent<'a> {
    pub at: Moment,
    pub event: Option<EventId>,
    pub revision: Option<Revision>,
    pub actor_id: Option<i64>,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject_id: Option<i64>,
    pub subject: &'a str,
    pub before: Option<&'a str>,
    pub after: Option<&'a str>,
}

impl RowContent<'_> {
    /// The hash of this row after one with the hash `previous`, in hexadecimal digits.
    ///
    /// Each part is preceded by its length, or by a mark of its absence, so that no two rows are one text. The id is no
    /// part: the order is.
    pub(super) fn hash(&self, previous: Option<&str>) -> String {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let parts = [
            previous.map(str::to_owned),
            number(Some(self.at.seconds())),
            number(self.event.map(|event| event.0)),
            number(self.revision.map(|revision| revision.0)),
            number(self.actor_id),
            Some(self.actor.to_owned()),
            Some(self.action.to_owned()),
            number(self.subject_id),
            Some(self.subject.to_owned()),
            self.before.map(str::to_owned),
            self.after.map(str::to_owned),
        ];
        let mut digest = Sha256::new_with_prefix(DOMAIN);
        for part in &parts {
            match part {
                None => digest.update([0]),
                Some(text) => {
                    digest.update([1]);
                    digest.update((text.len() as u64).to_be_bytes());
                    digest.update(text);
                }
            }
        }
        let mut hex = String::with_capacity(64);
        for byte in digest.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// The digest of a redacted row: of what it says now, the hash that it was written with and that of the row before.
    pub(super) fn redacted_digest(&self, hash: Option<&str>, previous: Option<&str>) -> String {
        let hashes = [previous, hash]
            .map(|hash| hash.unwrap_or("none"))
            .join(" ");
        self.hash(Some(&hashes))
    }
}

/// Locks the chain of `event` until this transaction ends.
pub(super) fn take_turn(conn: &mut Conn, event: Option<EventId>) -> QueryResult<()> {
    let statement = match (conn.is_postgres(), event) {
        // Writes nothing, but is a write: there is one writer at a time.
        (false, _) => "UPDATE audit SET hash = hash WHERE FALSE".to_owned(),
        // A writer to an event has raised its revision and so holds its row.
        (true, Some(_)) => return Ok(()),
        (true, None) => format!("SELECT pg_advisory_xact_lock({TURN})"),
    };
    diesel::sql_query(statement).execute(conn).map(drop)
}

/// Returns the hash that the next row of a chain contains.
pub(super) fn newest(conn: &mut Conn, event: Option<EventId>) -> QueryResult<Option<String>> {
    let older = diesel::alias!(audit as older);
    // One look into the index (event_id, id) each.
    let last = older
        .filter(older.field(audit::hash).is_not_null())
        .select(max(older.field(audit::id)));
    let id = audit::id.nullable();
    match event {
        Some(event) => audit::table
            .filter(id.eq_any(last.filter(older.field(audit::event_id).eq(event))))
            .select(audit::hash)
            .get_result(conn),
        None => audit::table
            .filter(id.eq_any(last.filter(older.field(audit::event_id).is_null())))
            .select(audit::hash)
            .get_result(conn),
    }
    .optional()
    .map(Option::flatten)
}

/// A row with its hash.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit)]
pub(super) struct ChainLink {
    pub id: i64,
    pub at: Moment,
    pub event_id: Option<EventId>,
    pub revision: Option<Revision>,
    pub actor_id: Option<i64>,
    pub actor: String,
    pub action: String,
    pub subject_id: Option<i64>,
    pub subject: String,
    pub before_json: Option<String>,
    pub after_json: Option<String>,
    pub hash: Option<String>,
    redaction: Option<i64>,
}

impl ChainLink {
    fn content(&self) -> RowContent<'_> {
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
    }

    /// The hash that the row must have: of what it says; once it was redacted, the one that it had, if it says what the
    /// redaction wrote.
    fn expected(&self, previous: Option<&str>, redactions: &Redactions) -> String {
        match (&self.hash, redactions.of(self.id)) {
            (Some(hash), Some(recorded)) if recorded.covers(self, hash, previous) => hash.clone(),
            // Nothing has this hash: a redaction that is not recorded, or one that was taken back.
            (_, Some(_)) => String::new(),
            (_, None) if self.redaction.is_some() => String::new(),
            (_, None) => self.content().hash(previous),
        }
    }
}

/// What the recorded redactions have left of the rows that they changed, the latest of each.
#[derive(Debug, Default)]
struct Redactions(BTreeMap<i64, Redaction>);

#[derive(Debug)]
struct Redaction {
    /// The row that records it.
    by: i64,
    event: Option<EventId>,
    digest: String,
}

impl Redactions {
    /// Reads every row that records one. Whether those rows are what was written shows in their chain.
    fn load(conn: &mut Conn) -> QueryResult<Self> {
        let records: Vec<(i64, Option<EventId>, Option<String>)> = audit::table
            .filter(audit::action.eq(redaction::ACTION.as_str()))
            .order(audit::id)
            .select((audit::id, audit::event_id, audit::after_json))
            .load(conn)?;
        let mut all = Self::default();
        for (by, event, after) in records {
            for (row, digest) in redaction::recorded(after.as_deref()) {
                all.0.insert(row, Redaction { by, event, digest });
            }
        }
        Ok(all)
    }

    fn of(&self, row: i64) -> Option<&Redaction> {
        self.0.get(&row)
    }
}

impl Redaction {
    fn covers(&self, link: &ChainLink, hash: &str, previous: Option<&str>) -> bool {
        link.redaction == Some(self.by)
            && link.event_id == self.event
            && link.id < self.by
            && link.action != redaction::ACTION.as_str()
            && link.content().redacted_digest(Some(hash), previous) == self.digest
    }
}

/// Reads all rows in the order of their numbers, `batch` at once.
fn each<E: From<diesel::result::Error>>(
    conn: &mut Conn,
    batch: i64,
    mut see: impl FnMut(&mut Conn, ChainLink) -> Result<(), E>,
) -> Result<(), E> {
    let mut last = i64::MIN;
    loop {
        let links: Vec<ChainLink> = audit::table
            .filter(audit::id.gt(last))
            .order(audit::id)
            .limit(batch)
            .select(ChainLink::as_select())
            .load(conn)?;
        let Some(newest) = links.last() else {
            return Ok(());
        };
        last = newest.id;
        for link in links {
            see(conn, link)?;
        }
    }
}

/// The first row of a chain that is not what was written; nothing may be redacted in such a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the history has been altered at row {row}; run iikura audit verify")]
pub struct AlteredHistory {
    /// Its number.
    pub row: i64,
}

impl AlteredHistory {
    /// Wraps the refusal in a database error, which every error of a write can hold.
    fn into_database_error(self) -> diesel::result::Error {
        diesel::result::Error::QueryBuilderError(Box::new(self))
    }

    /// Finds the refusal in a database error.
    #[must_use]
    pub fn of(error: &diesel::result::Error) -> Option<Self> {
        match error {
            diesel::result::Error::QueryBuilderError(cause) => cause.downcast_ref().copied(),
            _ => None,
        }
    }
}

/// Reads one chain from its beginning and gives each row once it is verified, with the hash of the row before.
///
/// The caller holds the chain's lock, so that no row is added meanwhile.
///
/// # Errors
/// [`AlteredHistory`] at the first row that is not what its hash or a recorded redaction says.
pub(super) fn each_verified(
    conn: &mut Conn,
    event: Option<EventId>,
    mut see: impl FnMut(ChainLink, Option<String>),
) -> QueryResult<()> {
    let redactions = Redactions::load(conn)?;
    let mut previous: Option<String> = None;
    let mut last = i64::MIN;
    loop {
        let mut links = audit::table
            .filter(audit::id.gt(last))
            .order(audit::id)
            .limit(BATCH)
            .select(ChainLink::as_select())
            .into_boxed();
        links = match event {
            Some(event) => links.filter(audit::event_id.eq(event)),
            None => links.filter(audit::event_id.is_null()),
        };
        let links: Vec<ChainLink> = links.load(conn)?;
        let Some(newest) = links.last() else {
            return Ok(());
        };
        last = newest.id;
        for link in links {
            let expected = link.expected(previous.as_deref(), &redactions);
            if link.hash.as_ref() != Some(&expected) {
                return Err(AlteredHistory { row: link.id }.into_database_error());
            }
            see(link, previous.replace(expected));
        }
    }
}

/// Gives the rows of chains that have not begun their hashes: those from before there were any. Says how many.
pub fn begin(conn: &mut Conn) -> Result<usize, DbError> {
    let bare: i64 = audit::table
        .filter(audit::hash.is_null())
        .count()
        .get_result(conn)?;
    if bare == 0 {
        return Ok(0);
    }
    conn.transaction(|conn| {
        if conn.is_postgres() {
            // No server may add to a chain meanwhile.
            diesel::sql_query("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE").execute(conn)?;
        } else {
            take_turn(conn, None)?;
        }
        let begun: Vec<Option<EventId>> = audit::table
            .filter(audit::hash.is_not_null())
            .select(audit::event_id)
            .distinct()
            .load(conn)?;
        let mut newest: BTreeMap<Option<i64>, String> = BTreeMap::new();
        let mut given = 0;
        each::<DbError>(conn, BATCH, |conn, link| {
            if begun.contains(&link.event_id) {
                return Ok(());
            }
            let chain = link.event_id.map(|event| event.0);
            let hash = link.content().hash(newest.get(&chain).map(String::as_str));
            diesel::update(audit::table.find(link.id))
                .set(audit::hash.eq(&hash))
                .execute(conn)?;
            newest.insert(chain, hash);
            given += 1;
            Ok(())
        })?;
        Ok(given)
    })
}

/// One chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whose history; `None` for what belongs to no event.
    pub event: Option<EventId>,
    /// Its rows.
    pub rows: u64,
    /// Those of them from which a recorded redaction has taken personal data.
    pub redacted: u64,
    /// The hash of the newest.
    pub newest: String,
}

/// Why the history cannot be trusted from some row on.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A row does not follow from those before it.
    #[error(
        "row {id} of the history ({action}, {subject}, by {actor}) is not what was written: it was changed, or an \
         earlier row was changed, inserted or removed"
    )]
    Altered {
        /// Its number.
        id: i64,
        /// What was done.
        action: String,
        /// What it was done to.
        subject: String,
        /// Who.
        actor: String,
    },
    /// A row was not written by this program.
    #[error(
        "row {id} of the history ({action}, {subject}, by {actor}) has no hash: it was not written by iikura"
    )]
    Bare {
        /// Its number.
        id: i64,
        /// What was done.
        action: String,
        /// What it was done to.
        subject: String,
        /// Who.
        actor: String,
    },
    /// A hash that was noted is in no chain any more.
    #[error("no row of the history has the hash {0}: the rows up to it were removed or rewritten")]
    Gone(String),
    /// The database failed.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Follows every chain from its beginning; `noted` are hashes that must still be there.
///
/// Reads one snapshot: on PostgreSQL a row with a lower number may be committed after one with a higher number, so that
/// a reader that looks again and again beside writers would miss rows and accuse people of having taken them out.
///
/// # Errors
/// At the first row that is not what was written, and for a noted hash that is gone.
pub fn verify(conn: &mut Conn, noted: &[String]) -> Result<Vec<Chain>, Broken> {
    verify_in_batches(conn, noted, BATCH, |_| {})
}

/// As [`verify`], reading `batch` rows at once and reporting progress after each row.
pub fn verify_in_batches(
    conn: &mut Conn,
    noted: &[String],
    batch: i64,
    mut followed: impl FnMut(u64),
) -> Result<Vec<Chain>, Broken> {
    let mut chains: BTreeMap<Option<i64>, Chain> = BTreeMap::new();
    let mut missing: Vec<&String> = noted.iter().collect();
    let mut rows = 0;
    conn.snapshot(|conn| {
        let redactions = Redactions::load(conn)?;
        each::<Broken>(conn, batch, |_, link| {
            let hash = follow(&mut chains, &redactions, link)?;
            missing.retain(|noted| **noted != hash);
            rows += 1;
            followed(rows);
            Ok(())
        })
    })?;
    match missing.first() {
        Some(hash) => Err(Broken::Gone((*hash).clone())),
        None => Ok(chains.into_values().collect()),
    }
}

/// Adds a row to its chain and returns its hash.
fn follow(
    chains: &mut BTreeMap<Option<i64>, Chain>,
    redactions: &Redactions,
    link: ChainLink,
) -> Result<String, Broken> {
    let key = link.event_id.map(|event| event.0);
    let chain = chains.get(&key);
    let expected = link.expected(chain.map(|chain| chain.newest.as_str()), redactions);
    let rows = chain.map_or(0, |chain| chain.rows) + 1;
    let redacted = chain.map_or(0, |chain| chain.redacted) + u64::from(link.redaction.is_some());
    let ChainLink {
        id,
        event_id: event,
        action,
        subject,
        actor,
        hash,
        ..
    } = link;
    match hash {
        Some(hash) if hash == expected => {}
        Some(_) => {
            return Err(Broken::Altered {
                id,
                action,
                subject,
                actor,
            });
        }
        None => {
            return Err(Broken::Bare {
                id,
                action,
                subject,
                actor,
            });
        }
    }
    let newest = expected.clone();
    chains.insert(
        key,
        Chain {
            event,
            rows,
            redacted,
            newest,
        },
    );
    Ok(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: RowContent<'_> = RowContent {
        at: Moment::from_seconds(1),
        event: Some(EventId(1)),
        revision: Some(Revision(1)),
        actor_id: Some(1),
        actor: "Aki",
        action: "slot.booked",
        subject_id: Some(1),
        subject: "Talk",
        before: None,
        after: Some("{}"),
    };

    #[test]
    fn every_part_of_a_row_counts_and_none_runs_into_the_next() {
        let rows = [
            ROW,
            RowContent {
                at: Moment::from_seconds(2),
                ..ROW
            },
            RowContent { event: None, ..ROW },
            RowContent {
                revision: None,
                ..ROW
            },
            RowContent {
                actor_id: Some(2),
                ..ROW
            },
            RowContent {
                actor: "Akis",
                action: "lot.booked",
                ..ROW
            },
            RowContent {
                action: "slot.moved",
                ..ROW
            },
            RowContent {
                subject_id: None,
                ..ROW
            },
            RowContent { subject: "", ..ROW },
            RowContent {
                before: Some("{}"),
                after: None,
                ..ROW
            },
            RowContent {
                before: Some(""),
                ..ROW
            },
            RowContent { after: None, ..ROW },
        ];
        let mut hashes: Vec<String> = rows.iter().map(|row| row.hash(None)).collect();
        hashes.push(ROW.hash(Some("")));
        hashes.push(ROW.hash(Some("00")));
        let all = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), all);
    }

    /// Histories in databases out there have been written so: another hash would break them all.
    #[test]
    fn the_hash_of_a_row_never_changes() {
        assert_eq!(
            ROW.hash(Some("00")),
            "e6e934c3bbd32189f178035229c4ba321f52076ee6fad910ab35f75999d13958"
        );
    }
}
