//! The end of an event: it is archived, which keeps everything and changes nothing more, and may then be deleted.

use diesel::prelude::*;
use diesel::result::Error as DieselError;

use crate::core::action::Action;
use crate::core::delegation::DelegationId;
use crate::core::event::{EventId, Revision};
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::Conn;
use crate::db::schema::{
    calendar_links, delegations, event_lifecycles, events, link_passes, slots,
};
use crate::mail::outbox;
use crate::store::audit::redaction::{self, RedactionRequest};
use crate::store::audit::{self, HistoryEntry};
use crate::store::transaction::{self, EventTx};
use crate::store::{archived, private_link};

/// Why an event stays.
#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    /// It is in use.
    #[error("only an archived event can be deleted; archive it first")]
    NotArchived,
    /// The short name that was typed is another one.
    #[error("type the event’s short name, {0}, to delete it")]
    OtherSlug(String),
    /// The database failed.
    #[error(transparent)]
    Query(#[from] DieselError),
}

/// Archives an event: mail that waits is cancelled, private and calendar links end.
pub fn archive(tx: &mut EventTx<'_>) -> QueryResult<()> {
    let programme = tx.programme();
    let event = programme.event.id;
    archived::ensure_row(tx.conn, event)?;
    diesel::update(event_lifecycles::table.find(event))
        .set(event_lifecycles::archived_at.eq(Some(tx.now)))
        .execute(tx.conn)?;
    outbox::supersede_for_archived_event(tx.conn, event)?;
    diesel::delete(calendar_links::table.filter(calendar_links::event_id.eq(event)))
        .execute(tx.conn)?;
    let invited: Vec<DelegationId> = delegations::table
        .filter(delegations::event_id.eq(event))
        .select(delegations::id)
        .load(tx.conn)?;
    for delegation in invited {
        private_link::renew(tx.conn, delegation, tx.now)?;
        diesel::delete(link_passes::table.filter(link_passes::delegation_id.eq(delegation)))
            .execute(tx.conn)?;
    }
    tx.record(
        Action::EventArchived,
        (event.0, programme.event.name.as_str()),
        None,
        None,
    )
}

/// Takes an event out of the archive. Links that ended stay so.
pub fn restore(tx: &mut EventTx<'_>) -> QueryResult<()> {
    let programme = tx.programme();
    let event = programme.event.id;
    diesel::update(event_lifecycles::table.find(event))
        .set(event_lifecycles::archived_at.eq(None::<Moment>))
        .execute(tx.conn)?;
    tx.record(
        Action::EventRestored,
        (event.0, programme.event.name.as_str()),
        None,
        None,
    )
}

/// Deletes an archived event with everything that belongs to it, in one transaction. Its history keeps who did what and
/// when, without names and values; that of accounts and mail says that it was deleted.
///
/// # Errors
/// When it is not archived or `slug` is not its own, or as the database says.
pub fn delete(
    conn: &mut Conn,
    event: EventId,
    slug: &str,
    actor: &Actor,
    now: Moment,
) -> Result<(), DeletionError> {
    conn.transaction(|conn| {
        let version = transaction::raise(conn, event)?;
        let revision = version.revision;
        let (own, name): (String, String) = events::table
            .find(event)
            .select((events::slug, events::name))
            .get_result(conn)?;
        if archived::archived_at(conn, event)?.is_none() {
            return Err(DeletionError::NotArchived);
        }
        if own != slug.trim() {
            return Err(DeletionError::OtherSlug(own));
        }
        empty_history(conn, (event, revision), actor, now)?;
        // What takes place first: places in use keep rooms and people from going.
        diesel::delete(slots::table.filter(slots::event_id.eq(event))).execute(conn)?;
        diesel::delete(events::table.find(event)).execute(conn)?;
        transaction::announce(conn, event, version)?;
        audit::record(
            conn,
            &HistoryEntry {
                at: now,
                event: None,
                actor,
                action: Action::EventDeleted,
                subject_id: Some(event.0),
                subject: &format!("{name} ({own})"),
                before: None,
                after: None,
            },
        )?;
        Ok(())
    })
}

/// Takes names and values out of an event's history.
fn empty_history(
    conn: &mut Conn,
    event: (EventId, Revision),
    actor: &Actor,
    at: Moment,
) -> QueryResult<usize> {
    let order = RedactionRequest {
        event: Some(event),
        at,
        actor,
        person: "event deleted",
    };
    redaction::redact(conn, order, |row| {
        let says = !row.subject.is_empty() || row.before_json.is_some() || row.after_json.is_some();
        row.subject.clear();
        (row.before_json, row.after_json) = (None, None);
        // A delegation's name, or whose calendar answered.
        let names = row.actor_id.is_none() && row.actor != "command line" && !row.actor.is_empty();
        if names {
            row.actor.clear();
        }
        says || names
    })
}
