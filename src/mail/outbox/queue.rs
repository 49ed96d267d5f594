//! The queue as a whole: paused and resumed by an administrator, and retention of sent mail.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::MailState;
use super::delivery::{LEASE, skip_locked};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::{enclosures, mail_queue, outbox};
use crate::db::word::Word;
use crate::runtime::clock::CLOCKS_DIFFER;

/// How long after a refusal of its configuration a held queue is tried again, in seconds.
const PROBE_AFTER: i64 = 15 * 60;

/// The longest pause between two tries, an hour and a fifth, and what the clocks of two servers may differ by.
const LONGEST_WAIT: i64 = 72 * 60 + CLOCKS_DIFFER;

/// Mails whose content is wiped at once; more wait for the next time.
const WIPED_AT_ONCE: i64 = 500;

/// The queue is paused by an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Who.
    pub by: String,
    /// Since when.
    pub since: Moment,
}

/// Returns who has paused the queue.
pub fn paused(connection: &mut Conn) -> QueryResult<Option<Pause>> {
    let (by, since): (Option<String>, Option<Moment>) = mail_queue::table
        .find(1_i64)
        .select((mail_queue::paused_by, mail_queue::paused_at))
        .get_result(connection)?;
    Ok(by.zip(since).map(|(by, since)| Pause { by, since }))
}

/// Pauses the queue: no mail is leased any more, on no server; leased mail is finished. False when it is
/// paused already.
pub fn pause(connection: &mut Conn, by: &str, now: Moment) -> QueryResult<bool> {
    diesel::update(mail_queue::table.filter(mail_queue::paused_at.is_null()))
        .set((
            mail_queue::paused_by.eq(Some(by)),
            mail_queue::paused_at.eq(Some(now)),
        ))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Starts the queue again. False when it was not stopped.
pub fn resume(connection: &mut Conn) -> QueryResult<bool> {
    diesel::update(mail_queue::table.filter(mail_queue::paused_at.is_not_null()))
        .set((
            mail_queue::paused_by.eq(None::<String>),
            mail_queue::paused_at.eq(None::<Moment>),
        ))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Makes due what waits longer than any mail does, and ends leases that are longer than any: a clock that was ahead had
/// put it off, and was set back. Returns how many mails.
pub fn reschedule(connection: &mut Conn, now: Moment) -> QueryResult<usize> {
    let locking = skip_locked(connection);
    let mut hurried = 0;
    for (time, state, latest) in [
        ("next_at", "queued", now.plus(LONGEST_WAIT)),
        ("lease_until", "sending", now.plus(LEASE + CLOCKS_DIFFER)),
    ] {
        hurried += diesel::sql_query(format!(
            "UPDATE outbox SET {time} = $1
             WHERE id IN (SELECT id FROM outbox WHERE state = '{state}' AND {time} > $2 {locking})"
        ))
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(latest)
        .execute(connection)?;
    }
    Ok(hurried)
}

/// Queues all held mail, due now; returns how many there were.
pub fn release(connection: &mut Conn, now: Moment) -> QueryResult<usize> {
    let locking = skip_locked(connection);
    diesel::sql_query(format!(
        "UPDATE outbox SET state = 'queued', next_at = $1
         WHERE id IN (SELECT id FROM outbox WHERE state = 'held' {locking})"
    ))
    .bind::<BigInt, _>(now)
    .execute(connection)
}

/// Queues the oldest held mail when nothing else is on its way and the last refusal is a while ago: one that passes
/// releases the rest, so that no queue stays held after its cause has gone.
pub fn probe(connection: &mut Conn, now: Moment) -> QueryResult<bool> {
    let locking = skip_locked(connection);
    diesel::sql_query(format!(
        "UPDATE outbox SET state = 'queued', next_at = $1
         WHERE id IN (
           SELECT id FROM outbox
           WHERE state = 'held'
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.state IN ('queued', 'sending'))
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.state = 'held' AND o.next_at > $2)
           ORDER BY created_at, id
           LIMIT 1 {locking})"
    ))
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(now.plus(-PROBE_AFTER))
    .execute(connection)
    .map(|rows| rows == 1)
}

/// Deletes the content of finished mails written before `before`; returns how many. The record of notices,
/// times, and the relay's answers stays.
pub fn wipe(connection: &mut Conn, before: Moment, now: Moment) -> QueryResult<usize> {
    // One that is being tried again at this moment is passed over: else it would go out empty.
    let locking = skip_locked(connection);
    connection.transaction(|connection| {
        let wiped = diesel::sql_query(format!(
            "UPDATE outbox SET raw = $1, wiped_at = $2
         WHERE id IN (
           SELECT id FROM outbox
           WHERE state IN ('sent', 'failed', 'superseded') AND wiped_at IS NULL AND created_at < $3
           ORDER BY created_at LIMIT $4 {locking})"
        ))
        .bind::<diesel::sql_types::Binary, _>(Vec::new())
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(before)
        .bind::<BigInt, _>(WIPED_AT_ONCE)
        .execute(connection)?;
        if wiped > 0 {
            let these = outbox::table
                .filter(outbox::wiped_at.eq(now))
                .select(outbox::id);
            diesel::update(enclosures::table.filter(enclosures::mail_id.eq_any(these)))
                .set((enclosures::says.eq(""), enclosures::letter.eq(Vec::new())))
                .execute(connection)?;
        }
        Ok(wiped)
    })
}

/// How many mails there are in each state.
pub fn depth(connection: &mut Conn) -> QueryResult<Vec<(&'static str, i64)>> {
    let counted: Vec<(Word<MailState>, i64)> = outbox::table
        .group_by(outbox::state)
        .select((outbox::state, diesel::dsl::count_star()))
        .load(connection)?;
    let number = |state: MailState| {
        let found = counted.iter().find(|(known, _)| known.0 == state);
        (state.as_str(), found.map_or(0, |(_, number)| *number))
    };
    Ok(MailState::ALL.iter().copied().map(number).collect())
}

/// When the mail was written that has waited longest, if one waits.
pub fn waiting_since(connection: &mut Conn) -> QueryResult<Option<Moment>> {
    let waits = [MailState::Queued, MailState::Sending, MailState::Held].map(Word);
    outbox::table
        .filter(outbox::state.eq_any(waits))
        .select(diesel::dsl::min(outbox::created_at))
        .get_result(connection)
}

/// State of the queue, for the page Mail health.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueStatus {
    /// When the mail was written that has waited longest.
    pub waiting_since: Option<Moment>,
    /// When the relay last accepted a mail.
    pub last_sent: Option<Moment>,
    /// The latest fault, and whose mail it was.
    pub last_fault: Option<(Moment, String)>,
}

/// Reads the state of the queue.
pub fn standing(connection: &mut Conn) -> QueryResult<QueueStatus> {
    use diesel::dsl::max;
    Ok(QueueStatus {
        waiting_since: waiting_since(connection)?,
        last_sent: outbox::table
            .filter(outbox::state.eq(Word(MailState::Sent)))
            .select(max(outbox::sent_at))
            .get_result(connection)?,
        last_fault: outbox::table
            .filter(outbox::last_error.is_not_null())
            .filter(outbox::state.ne(Word(MailState::Superseded)))
            .order((outbox::created_at.desc(), outbox::id.desc()))
            .select((outbox::created_at, outbox::last_error.assume_not_null()))
            .limit(1)
            .get_result(connection)
            .optional()?,
    })
}
