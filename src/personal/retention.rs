//! Erases contacts and mail of events so many days after their end, where an event's settings say so.

use diesel::prelude::*;

use super::{ErasureError, contact, scrub};
use crate::core::action::Action;
use crate::core::event::EventId;
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::schema::{
    answers, contacts, delegations, event_days, event_lifecycles, events, inbox, outbox,
};
use crate::db::{Conn, Db};
use crate::runtime::clock::Clock;
use crate::store::archived;
use crate::store::programme_cache::ProgrammeCache;
use crate::store::transaction::{self, EventTx};

/// Seconds of a day.
const DAY: i64 = 24 * 3600;
/// Seconds after which a server that has not erased what is due is at fault.
const OVERDUE: i64 = 2 * DAY;

/// When an event's contacts and mail are erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The event.
    pub event: EventId,
    /// Days after its last day; `None`: never by itself.
    pub days: Option<i32>,
    /// When that is; `None` for an event without days, too.
    pub due: Option<Moment>,
    /// When it was done.
    pub erased_at: Option<Moment>,
}

impl Retention {
    /// True when it is to be done at `now`.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        self.erased_at.is_none() && self.due.is_some_and(|due| due <= now)
    }

    /// True when it should have been done long before `now`.
    #[must_use]
    pub fn is_overdue(&self, now: Moment) -> bool {
        self.is_due(now.plus(-OVERDUE))
    }
}

/// What is set for an event.
pub fn of_event(conn: &mut Conn, event: EventId) -> QueryResult<Retention> {
    let set: Option<(Option<i32>, Option<Moment>)> = event_lifecycles::table
        .find(event)
        .select((
            event_lifecycles::erase_after_days,
            event_lifecycles::erased_at,
        ))
        .get_result(conn)
        .optional()?;
    let (days, erased_at) = set.unwrap_or_default();
    let last: Option<chrono::NaiveDate> = event_days::table
        .filter(event_days::event_id.eq(event))
        .select(diesel::dsl::max(event_days::day))
        .get_result(conn)?;
    // The day after the last one, by UTC: no zone is more than a day away from it.
    let due = days.zip(last).and_then(|(days, last)| {
        let end = last.and_hms_opt(0, 0, 0)?.and_utc().timestamp() + 2 * DAY;
        Some(Moment::from_seconds(end + i64::from(days) * DAY))
    });
    Ok(Retention {
        event,
        days,
        due,
        erased_at,
    })
}

/// What is set for every event that has something set.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<Retention>> {
    let set: Vec<EventId> = event_lifecycles::table
        .filter(event_lifecycles::erase_after_days.is_not_null())
        .order(event_lifecycles::event_id)
        .select(event_lifecycles::event_id)
        .load(conn)?;
    set.into_iter().map(|event| of_event(conn, event)).collect()
}

/// Sets after how many days an event's contacts and mail are erased; `None`: never.
pub fn set(tx: &mut EventTx<'_>, days: Option<i32>) -> QueryResult<()> {
    let programme = tx.programme();
    let event = programme.event.id;
    let before = of_event(tx.conn, event)?.days;
    if before == days {
        tx.stays_as_it_is();
        return Ok(());
    }
    archived::ensure_row(tx.conn, event)?;
    diesel::update(event_lifecycles::table.find(event))
        .set((
            event_lifecycles::erase_after_days.eq(days),
            event_lifecycles::erased_at.eq(None::<Moment>),
        ))
        .execute(tx.conn)?;
    let says = |days: Option<i32>| serde_json::json!({ "erase_after_days": days });
    tx.record(
        Action::EventRetentionChanged,
        (event.0, programme.event.name.as_str()),
        Some(says(before)),
        Some(says(days)),
    )
}

/// Erases what is due, each person in a transaction of its own, so that other writers do not wait long. Returns the
/// number
/// of events that are done.
///
/// # Errors
/// As the database says; a mail that is being sent is left for the next time.
pub fn erase_due(
    db: &Db,
    programme_cache: &ProgrammeCache,
    clock: &Clock,
) -> Result<usize, ErasureError> {
    let now = clock.now();
    let due: Vec<Retention> = db.read_here(|conn| {
        let all = all(conn)?;
        Ok::<_, ErasureError>(all.into_iter().filter(|each| each.is_due(now)).collect())
    })?;
    if due.is_empty() {
        return Ok(0);
    }
    let outcome = erase_events(db, programme_cache, clock, due);
    // What was erased before a failure is erased all the same.
    db.write_here(|conn| Ok::<_, ErasureError>(scrub(conn)?))?;
    outcome
}

fn erase_events(
    db: &Db,
    programme_cache: &ProgrammeCache,
    clock: &Clock,
    due: Vec<Retention>,
) -> Result<usize, ErasureError> {
    let now = clock.now();
    let actor = Actor {
        name: "retention".to_owned(),
        ..Actor::command_line()
    };
    let mut done = 0;
    for Retention { event, .. } in due {
        let addresses = db.read_here(|conn| Ok::<_, ErasureError>(addresses(conn, event)?))?;
        for address in addresses {
            let outcome = db.write_here(|conn| {
                transaction::write_archived_too(conn, programme_cache, event, &actor, now, |tx| {
                    contact::forget(tx, &address)
                })
            });
            match outcome {
                Ok(_) | Err(ErasureError::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
        db.write_here(|conn| {
            transaction::write_archived_too(conn, programme_cache, event, &actor, now, finish)
                .map_err(ErasureError::from)
        })?;
        done += 1;
    }
    Ok(done)
}

/// Everyone to whom mail of an event went, from whom it came, or who is a contact.
fn addresses(conn: &mut Conn, event: EventId) -> QueryResult<Vec<String>> {
    let mut all: Vec<String> = contacts::table
        .inner_join(delegations::table.on(delegations::id.eq(contacts::delegation_id)))
        .filter(delegations::event_id.eq(event))
        .select(contacts::email)
        .load(conn)?;
    let recipients: Vec<String> = outbox::table
        .filter(outbox::event_id.eq(event))
        .select(outbox::recipient)
        .distinct()
        .load(conn)?;
    let senders: Vec<String> = inbox::table
        .filter(inbox::event_id.eq(event))
        .select(inbox::sender)
        .distinct()
        .load(conn)?;
    let answering: Vec<String> = answers::table
        .filter(answers::event_id.eq(event))
        .select(answers::answered_by)
        .distinct()
        .load(conn)?;
    all.extend(recipients);
    all.extend(senders);
    all.extend(answering);
    for address in &mut all {
        *address = address.to_lowercase();
    }
    all.retain(|address| address.contains('@'));
    all.sort();
    all.dedup();
    Ok(all)
}

fn finish(tx: &mut EventTx<'_>) -> QueryResult<()> {
    let programme = tx.programme();
    let event = programme.event.id;
    let open = event_lifecycles::table
        .find(event)
        .filter(event_lifecycles::erased_at.is_null());
    let finished = diesel::update(open)
        .set(event_lifecycles::erased_at.eq(Some(tx.now)))
        .execute(tx.conn)?;
    // Another server was quicker.
    if finished == 0 {
        return Ok(());
    }
    tx.record(
        Action::EventContactsErased,
        (event.0, programme.event.name.as_str()),
        None,
        None,
    )
}

/// The slugs of events whose contacts should have been erased long ago.
pub fn overdue(conn: &mut Conn, now: Moment) -> QueryResult<Vec<String>> {
    let overdue: Vec<EventId> = all(conn)?
        .into_iter()
        .filter(|each| each.is_overdue(now))
        .map(|each| each.event)
        .collect();
    events::table
        .filter(events::id.eq_any(overdue))
        .order(events::slug)
        .select(events::slug)
        .load(conn)
}
