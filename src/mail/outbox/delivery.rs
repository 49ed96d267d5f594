//! Delivery of mail: claimed under a lease, sent outside any transaction, recorded by the lease's owner.

use diesel::dsl::min;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Text};

use super::queue::{paused, release};
use super::{EnclosureReadiness, MailId, MailState, Unset, account, enclosing};
use crate::core::clean;
use crate::core::delegation::DelegationId;
use crate::core::event::EventId;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::outbox;
use crate::db::word::Word;
use crate::runtime::random::fresh_id;

/// Duration of a worker's lease, in seconds; far above the time-out of an attempt.
pub const LEASE: i64 = 600;

/// A last try may begin this many seconds after the giving up was due.
pub const GRACE: i64 = 60;

/// Minutes before the second, third … try; the last one repeats.
const DELAYS: [i64; 7] = [1, 2, 4, 8, 15, 30, 60];

/// When a leased mail was cancelled, because its reader is not a contact any more.
pub(super) const FORGOTTEN: Moment = Moment::from_seconds(0);

/// When a mail that is leased was to be given up, once its event is archived.
const ARCHIVED: Moment = Moment::from_seconds(1);

/// Why a mail of an archived event does not go out.
const EVENT_ARCHIVED: &str = "the event was archived before it left";

/// Why a mail to such a reader does not go out.
const NO_CONTACT: &str = "the address is no contact of the delegation any more";

/// A retried mail has this many seconds, even after its slot has begun: a user decided.
const SECOND_CHANCE: i64 = 48 * 3600;

/// A mail in a worker's hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub id: MailId,
    /// The address of its one recipient.
    pub recipient: String,
    /// The address it comes from.
    pub envelope_from: String,
    /// The bytes to send; while something is to be enclosed, those to send without it.
    pub raw: Vec<u8>,
    /// What is to be enclosed before the first try.
    pub unset: Option<Unset>,
    /// Tries, this one included.
    pub attempts: i32,
    /// When tries end.
    pub give_up_at: Moment,
    /// When it was written.
    pub created_at: Moment,
    /// The lease's owner.
    pub lease_owner: String,
}

#[derive(QueryableByName)]
struct DeliveryRow {
    #[diesel(sql_type = BigInt)]
    id: MailId,
    #[diesel(sql_type = Text)]
    recipient: String,
    #[diesel(sql_type = Text)]
    envelope_from: String,
    #[diesel(sql_type = Binary)]
    raw: Vec<u8>,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = BigInt)]
    give_up_at: Moment,
    #[diesel(sql_type = BigInt)]
    created_at: Moment,
    #[diesel(sql_type = Text)]
    lease_owner: String,
}

/// Leases the next due mail: counts the attempt and sets the lease, in one statement.
///
/// Mail about one slot to one reader goes in order, and so do letters about several: none is leased while an older one
/// waits or is leased.
pub fn claim(connection: &mut Conn, owner: &str, now: Moment) -> QueryResult<Option<Claimed>> {
    let row: Option<DeliveryRow> = diesel::sql_query(claim_sql(skip_locked(connection)))
        .bind::<Text, _>(owner)
        .bind::<BigInt, _>(now.plus(LEASE))
        .bind::<BigInt, _>(now)
        .get_result(connection)
        .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    // Only the holder of the lease settles an enclosure, so that it stays as it is read here.
    let (raw, unset) = match enclosing::of(connection, row.id)? {
        Some((enclosed, Some(letter))) => match enclosed.readiness {
            EnclosureReadiness::Waiting => (
                row.raw,
                Some(Unset {
                    says: enclosed.says,
                    letter,
                }),
            ),
            EnclosureReadiness::Set | EnclosureReadiness::LeftOut => (letter, None),
        },
        _ => (row.raw, None),
    };
    Ok(Some(Claimed {
        id: row.id,
        recipient: row.recipient,
        envelope_from: row.envelope_from,
        raw,
        unset,
        attempts: row.attempts,
        give_up_at: row.give_up_at,
        created_at: row.created_at,
        lease_owner: row.lease_owner,
    }))
}

/// On PostgreSQL rows that another transaction writes are passed over: a second worker takes the next one, and no
/// change of many rows waits for a booking that waits for it.
pub(super) const fn skip_locked(connection: &Conn) -> &'static str {
    if connection.is_postgres() {
        "FOR UPDATE SKIP LOCKED"
    } else {
        ""
    }
}

/// True when `e` is to the same reader as `m`, waits or is leased, and comes before it.
const OLDER: &str = "e.recipient = m.recipient AND e.delegation_id = m.delegation_id
    AND e.state IN ('queued', 'sending')
    AND (e.sequence < m.sequence OR (e.sequence = m.sequence AND (e.created_at, e.id) < (m.created_at, m.id)))";

/// The conditions are word for word those of the partial indexes: else SQLite scans every mail.
///
/// `$1` owner, `$2` end of the lease, `$3` now; SQLite numbers them by first appearance, which is the same.
fn claim_sql(locking: &str) -> String {
    format!(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, last_code = NULL, lease_owner = $1, lease_until = $2
         WHERE id = (
           SELECT m.id FROM outbox m
           WHERE NOT EXISTS (SELECT 1 FROM mail_queue WHERE paused_at IS NOT NULL)
             AND m.state IN ('queued', 'sending')
             AND ((m.state = 'queued' AND m.next_at <= $3) OR (m.state = 'sending' AND m.lease_until <= $3))
             AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.slot_id = m.slot_id AND {OLDER})
             AND (m.slot_id IS NOT NULL
               OR NOT EXISTS (SELECT 1 FROM outbox e WHERE e.slot_id IS NULL AND {OLDER}))
           ORDER BY m.next_at, m.created_at, m.sequence, m.id
           LIMIT 1 {locking})
         RETURNING id, recipient, envelope_from, raw, attempts, give_up_at, created_at, lease_owner"
    )
}

/// Records that the relay accepted the mail. False when the lease was lost to another worker.
///
/// What was held is released: one mail that passes shows that the configuration is right again.
pub fn sent(
    connection: &mut Conn,
    mail: &Claimed,
    code: Option<i32>,
    now: Moment,
) -> QueryResult<bool> {
    let rows = diesel::update(outbox::table.filter(in_hand(mail)))
        .set((
            outbox::state.eq(Word(MailState::Sent)),
            outbox::sent_at.eq(Some(now)),
            outbox::last_code.eq(code),
            outbox::last_error.eq(None::<String>),
            outbox::lease_owner.eq(None::<String>),
            outbox::lease_until.eq(None::<Moment>),
        ))
        .execute(connection)?;
    if rows == 1 {
        account::wipe_sent(connection, mail.id, now)?;
    }
    release(connection, now)?;
    Ok(rows == 1)
}

/// Puts the mail back for a later try, or gives it up when it would be too late. False when the lease was lost.
pub fn retry_later(
    connection: &mut Conn,
    mail: &Claimed,
    code: Option<i32>,
    reason: &str,
    now: Moment,
) -> QueryResult<bool> {
    if mail.give_up_at <= now {
        return failed(
            connection,
            mail,
            code,
            &format!("too late to try again: {reason}"),
        );
    }
    let next = now.plus(delay(mail.attempts)).min(mail.give_up_at);
    release_lease(connection, mail, MailState::Queued, code, reason, next)
}

/// Gives the mail up. False when the lease was lost.
pub fn failed(
    connection: &mut Conn,
    mail: &Claimed,
    code: Option<i32>,
    reason: &str,
) -> QueryResult<bool> {
    let at = mail.give_up_at;
    release_lease(connection, mail, MailState::Failed, code, reason, at)
}

/// Holds this mail and all that wait: the relay refuses us, not the mail, so the attempt does not count.
/// False when the lease was lost.
pub fn hold_queue(
    connection: &mut Conn,
    mail: &Claimed,
    code: Option<i32>,
    reason: &str,
    now: Moment,
) -> QueryResult<bool> {
    if !release_lease(connection, mail, MailState::Held, code, reason, now)? {
        return Ok(false);
    }
    // This attempt delivered nothing; an earlier one that ended without an answer may have, so its silence stays.
    let code = code.filter(|_| mail.attempts == 1);
    diesel::update(outbox::table.find(mail.id))
        .set((
            outbox::attempts.eq(mail.attempts - 1),
            outbox::last_code.eq(code),
        ))
        .execute(connection)?;
    let locking = skip_locked(connection);
    diesel::sql_query(format!(
        "UPDATE outbox SET state = 'held', last_error = $1
         WHERE id IN (SELECT id FROM outbox WHERE state = 'queued' {locking})"
    ))
    .bind::<Text, _>(reason)
    .execute(connection)?;
    Ok(true)
}

/// Queues a failed or held mail again, due now, for another 48 hours. False when it is neither, when its content has
/// been wiped, and when a newer mail
/// about the same slot has been written to the same reader: the old one must not come after it.
pub fn retry(connection: &mut Conn, id: MailId, now: Moment) -> QueryResult<bool> {
    diesel::sql_query(
        "UPDATE outbox SET state = 'queued', next_at = $1, give_up_at = $2, bounced_at = NULL
         WHERE id = $3 AND wiped_at IS NULL
           AND (state IN ('failed', 'held') OR (state = 'sent' AND bounced_at IS NOT NULL))
           AND NOT EXISTS (
             SELECT 1 FROM outbox newer
             WHERE newer.slot_id = outbox.slot_id AND newer.recipient = outbox.recipient
               AND newer.delegation_id = outbox.delegation_id AND newer.sequence > outbox.sequence
               AND newer.state <> 'superseded')",
    )
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(now.plus(SECOND_CHANCE))
    .bind::<BigInt, _>(id)
    .execute(connection)
    .map(|rows| rows == 1)
}

/// Notes that a mail came back, although the relay had taken it. It counts as sent all the same: of several readers
/// behind one address, some may have it.
pub fn mark_bounced(
    connection: &mut Conn,
    id: MailId,
    reason: &str,
    now: Moment,
) -> QueryResult<()> {
    diesel::update(outbox::table.find(id))
        .set((
            outbox::bounced_at.eq(now),
            outbox::last_error.eq(format!("came back: {reason}")),
        ))
        .execute(connection)
        .map(drop)
}

/// Cancels what still waits for addresses that are not contacts of a delegation any more. Leased mail
/// may still be sent, but is not tried again.
pub fn supersede_for_removed_contacts(
    connection: &mut Conn,
    delegation: DelegationId,
    contacts: &[&str],
) -> QueryResult<usize> {
    let waiting = [MailState::Queued, MailState::Held, MailState::Failed].map(Word);
    diesel::update(
        outbox::table
            .filter(outbox::delegation_id.eq(delegation))
            .filter(outbox::state.eq(Word(MailState::Sending)))
            .filter(diesel::dsl::not(outbox::recipient.eq_any(contacts))),
    )
    .set(outbox::give_up_at.eq(FORGOTTEN))
    .execute(connection)?;
    diesel::update(
        outbox::table
            .filter(outbox::delegation_id.eq(delegation))
            .filter(outbox::state.eq_any(waiting))
            .filter(diesel::dsl::not(outbox::recipient.eq_any(contacts))),
    )
    .set((
        outbox::state.eq(Word(MailState::Superseded)),
        outbox::last_error.eq(NO_CONTACT),
    ))
    .execute(connection)
}

/// Supersedes what waits of an event that is archived. What a worker has leased may still go out, but is not tried
/// again.
pub fn supersede_for_archived_event(connection: &mut Conn, event: EventId) -> QueryResult<()> {
    let of_event = || outbox::table.filter(outbox::event_id.eq(event));
    // In this order: a worker of another server may lease a mail until it is superseded.
    let waiting = [MailState::Queued, MailState::Held, MailState::Failed].map(Word);
    diesel::update(of_event().filter(outbox::state.eq_any(waiting)))
        .set((
            outbox::state.eq(Word(MailState::Superseded)),
            outbox::last_error.eq(EVENT_ARCHIVED),
        ))
        .execute(connection)?;
    diesel::update(of_event().filter(outbox::state.eq(Word(MailState::Sending))))
        .set(outbox::give_up_at.eq(ARCHIVED))
        .execute(connection)
        .map(drop)
}

/// Gives up what waited beyond its time, as after a long stop of the server; a mail in whose hand workers die again
/// and again ends here too. Returns how many.
pub fn expire(connection: &mut Conn, now: Moment) -> QueryResult<usize> {
    let locking = skip_locked(connection);
    diesel::sql_query(format!(
        "UPDATE outbox SET state = 'failed', lease_owner = NULL, lease_until = NULL,
           last_error = 'too late to send it' || COALESCE(': ' || last_error, '')
         WHERE id IN (
           SELECT id FROM outbox
           WHERE state IN ('queued', 'sending') AND (state = 'queued' OR lease_until <= $1)
             AND give_up_at < $2 {locking})"
    ))
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(now.plus(-GRACE))
    .execute(connection)
}

/// When the next mail is due or the next lease ends; `None` when nothing waits, or the queue is
/// paused.
pub fn next_due(connection: &mut Conn) -> QueryResult<Option<Moment>> {
    if paused(connection)?.is_some() {
        return Ok(None);
    }
    let queued: Option<Moment> = outbox::table
        .filter(outbox::state.eq(Word(MailState::Queued)))
        .select(min(outbox::next_at))
        .first(connection)?;
    let leased: Option<Moment> = outbox::table
        .filter(outbox::state.eq(Word(MailState::Sending)))
        .select(min(outbox::lease_until))
        .first(connection)?;
    Ok([queued, leased].into_iter().flatten().min())
}

/// Ends the lease with a state that is not "sent"; a mail overtaken meanwhile by a newer one ends superseded.
fn release_lease(
    connection: &mut Conn,
    mail: &Claimed,
    state: MailState,
    code: Option<i32>,
    reason: &str,
    next_at: Moment,
) -> QueryResult<bool> {
    let rows = diesel::update(outbox::table.filter(in_hand(mail)))
        .set((
            outbox::state.eq(Word(state)),
            outbox::next_at.eq(next_at),
            outbox::last_code.eq(code),
            outbox::last_error.eq(Some(clean::text(reason))),
            outbox::lease_owner.eq(None::<String>),
            outbox::lease_until.eq(None::<Moment>),
        ))
        .execute(connection)?;
    if rows == 1 {
        supersede_if_overtaken(connection, mail.id)?;
        supersede_if_marked(connection, mail.id, FORGOTTEN, NO_CONTACT)?;
        supersede_if_marked(connection, mail.id, ARCHIVED, EVENT_ARCHIVED)?;
        account::wipe_if_taken_back(connection, mail.id, next_at)?;
    }
    Ok(rows == 1)
}

/// A newer mail about the same slot that waits for the same reader takes this one's place.
fn supersede_if_overtaken(connection: &mut Conn, id: MailId) -> QueryResult<usize> {
    diesel::sql_query(
        "UPDATE outbox SET state = 'superseded'
         WHERE id = $1 AND EXISTS (
           SELECT 1 FROM outbox n
           WHERE n.slot_id = outbox.slot_id AND n.recipient = outbox.recipient
             AND n.delegation_id = outbox.delegation_id
             AND n.sequence > outbox.sequence AND n.state IN ('queued', 'held'))",
    )
    .bind::<BigInt, _>(id)
    .execute(connection)
}

/// Supersedes a mail whose time to give up was set to `mark` while it was leased.
fn supersede_if_marked(
    connection: &mut Conn,
    id: MailId,
    mark: Moment,
    reason: &str,
) -> QueryResult<usize> {
    diesel::update(outbox::table.find(id))
        .filter(outbox::give_up_at.eq(mark))
        .set((
            outbox::state.eq(Word(MailState::Superseded)),
            outbox::last_error.eq(reason),
        ))
        .execute(connection)
}

/// Only the holder of the lease may record, and only of this try: a worker may take its own mail again after its lease.
#[diesel::dsl::auto_type]
fn in_hand<'a>(mail: &'a Claimed) -> _ {
    let id: MailId = mail.id;
    let owner: &'a str = &mail.lease_owner;
    let attempts: i32 = mail.attempts;
    outbox::id
        .eq(id)
        .and(outbox::lease_owner.eq(owner))
        .and(outbox::attempts.eq(attempts))
        .and(outbox::state.eq("sending"))
}

/// Seconds until the next try: the schedule, plus or minus a fifth so that a crowd of mails spreads.
fn delay(attempts: i32) -> i64 {
    let step = usize::try_from(attempts.max(1) - 1).unwrap_or(0);
    let minutes = DELAYS[step.min(DELAYS.len() - 1)];
    let spread = minutes * 12;
    minutes * 60 - spread + fresh_id() % (2 * spread + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_less_and_less_often_give_or_take_a_fifth() {
        for (attempts, minutes) in [
            (1, 1),
            (2, 2),
            (3, 4),
            (4, 8),
            (5, 15),
            (6, 30),
            (7, 60),
            (50, 60),
        ] {
            for _ in 0..200 {
                let seconds = delay(attempts);
                assert!(
                    (minutes * 48..=minutes * 72).contains(&seconds),
                    "try {attempts}: {seconds} s"
                );
            }
        }
    }
}
