//! Letters about accounts. They belong to no event, and their readers can set a password: so only the recipient
//! is shown one, and its bytes are deleted as soon as the relay has them or its link is invalid.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use super::delivery::FORGOTTEN;
use super::entry::{GIVE_UP_AFTER, MailRow, bounced_to, next_at, state_now, store};
use super::{EnqueueError, MailId, MailState, MailSummary};
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::outbox;
use crate::db::word::Word;
use crate::mail::MailContext;
use crate::mail::account::AccountLetter;
use crate::runtime::random::fresh_id;

/// Why such a letter did not go out.
const LINK_ENDED: &str = "the link in it ended before it left";

/// Composes a letter about an account and puts it into the outbox. Tries end with its link at the latest.
///
/// # Errors
/// When the letter cannot be written or stored.
pub fn post_about_account(
    connection: &mut Conn,
    letter: &AccountLetter<'_>,
    post: &MailContext,
) -> Result<MailId, EnqueueError> {
    let composed = letter.compose()?;
    let (state, last_error) = state_now(connection)?;
    let row = MailRow {
        id: MailId(fresh_id()),
        dedupe_key: format!("{} account {}", letter.reader.email, letter.message_id),
        event_id: None,
        slot_id: None,
        delegation_id: None,
        sequence: 0,
        method: None,
        recipient: letter.reader.email.as_str(),
        recipient_name: letter.reader.name.as_str(),
        envelope_from: &bounced_to(post.bounces.as_ref(), &post.from, letter.message_id),
        message_id: letter.message_id,
        subject: &composed.subject,
        raw: &composed.raw,
        state: Word(state),
        attempts: 0,
        next_at: next_at(state, letter.written_at),
        give_up_at: letter.written_at.plus(GIVE_UP_AFTER).min(letter.until),
        last_error,
        created_at: letter.written_at,
    };
    Ok(store(connection, row)?.id)
}

/// Cancels a letter whose link is invalid. A leased one may still be sent, but is not tried
/// again.
pub fn take_back(connection: &mut Conn, id: MailId, now: Moment) -> QueryResult<()> {
    diesel::update(outbox::table.find(id))
        .filter(outbox::event_id.is_null())
        .filter(outbox::state.eq(Word(MailState::Sending)))
        .set(outbox::give_up_at.eq(FORGOTTEN))
        .execute(connection)?;
    diesel::sql_query(
        "UPDATE outbox SET state = 'superseded', raw = $1, wiped_at = $2, last_error = $3
         WHERE id = $4 AND event_id IS NULL AND state IN ('queued', 'held', 'failed')",
    )
    .bind::<Binary, _>(Vec::new())
    .bind::<BigInt, _>(now)
    .bind::<Text, _>(LINK_ENDED)
    .bind::<BigInt, _>(id)
    .execute(connection)
    .map(drop)
}

/// Deletes the content of a letter that the relay has accepted; that of others is stored for a while.
pub(super) fn wipe_sent(connection: &mut Conn, id: MailId, now: Moment) -> QueryResult<()> {
    diesel::update(outbox::table.find(id))
        .filter(outbox::event_id.is_null())
        .set((
            outbox::raw.eq(Vec::<u8>::new()),
            outbox::wiped_at.eq(Some(now)),
        ))
        .execute(connection)
        .map(drop)
}

/// Deletes the content of a letter that was cancelled while leased, and not sent.
pub(super) fn wipe_if_taken_back(
    connection: &mut Conn,
    id: MailId,
    now: Moment,
) -> QueryResult<()> {
    diesel::update(outbox::table.find(id))
        .filter(outbox::event_id.is_null())
        .filter(outbox::give_up_at.eq(FORGOTTEN))
        .set((
            outbox::raw.eq(Vec::<u8>::new()),
            outbox::wiped_at.eq(Some(now)),
            outbox::last_error.eq(Some(LINK_ENDED)),
        ))
        .execute(connection)
        .map(drop)
}

/// The latest letters about accounts, newest first.
pub fn about_accounts(connection: &mut Conn, limit: i64) -> QueryResult<Vec<MailSummary>> {
    outbox::table
        .filter(outbox::event_id.is_null())
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .limit(limit)
        .select(MailSummary::as_select())
        .load(connection)
}

/// Counts the letters about accounts that need attention.
pub fn accounts_need_attention(connection: &mut Conn) -> QueryResult<i64> {
    outbox::table
        .filter(outbox::event_id.is_null())
        .filter(outbox::state.eq_any([MailState::Held, MailState::Failed].map(Word)))
        .count()
        .get_result(connection)
}
