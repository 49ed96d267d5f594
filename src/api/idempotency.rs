//! A request that is sent twice books once: the booking is stored with the program's key for a day, in the
//! transaction that books it.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::request::{ApiRequest, bad_request};
use crate::core::event::EventId;
use crate::core::slot::SlotId;
use crate::core::time::Moment;
use crate::core::user::UserId;
use crate::db::Conn;
use crate::db::schema::idempotency_keys as keys;
use crate::server::problem::Problem;

/// How long a key is remembered.
const SECONDS_KEPT: i64 = 24 * 3600;
/// The longest key.
const LONGEST_KEY: usize = 200;

/// A key with what was asked under it.
#[derive(Debug, Clone)]
pub(super) struct IdempotencyKey {
    user: UserId,
    event: EventId,
    name: String,
    request_hash: String,
}

/// What was booked under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredResponse {
    pub(super) slot: SlotId,
    /// JSON, as it was given the first time.
    pub(super) answer: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyLookup {
    /// Nothing, or no more.
    New,
    /// The same was asked before.
    Same(StoredResponse),
    /// Something else was asked under it.
    Other,
}

/// Reads the header `Idempotency-IdempotencyKey`, if it was sent.
pub(super) fn key(
    ask: &ApiRequest,
    user: UserId,
    event: EventId,
) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(name) = ask.text("idempotency-key")? else {
        return Ok(None);
    };
    let fits =
        (1..=LONGEST_KEY).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(bad_request(format!(
            "An Idempotency-Key has 1 to {LONGEST_KEY} visible ASCII characters, such as a UUID."
        )));
    }
    let mut request_hash = String::with_capacity(64);
    for byte in Sha256::digest(ask.bytes()) {
        let _ = write!(request_hash, "{byte:02x}");
    }
    Ok(Some(IdempotencyKey {
        user,
        event,
        name: name.to_owned(),
        request_hash,
    }))
}

impl IdempotencyKey {
    /// What is known of it.
    pub(super) fn find(&self, conn: &mut Conn, now: Moment) -> QueryResult<KeyLookup> {
        let kept: Option<(String, SlotId, String)> = keys::table
            .filter(keys::user_id.eq(self.user))
            .filter(keys::event_id.eq(self.event))
            .filter(keys::request_key.eq(&self.name))
            .filter(keys::created_at.gt(now.plus(-SECONDS_KEPT)))
            .select((keys::request_hash, keys::slot_id, keys::answer))
            .get_result(conn)
            .optional()?;
        Ok(match kept {
            None => KeyLookup::New,
            Some((hash, slot, answer)) if hash == self.request_hash => {
                KeyLookup::Same(StoredResponse { slot, answer })
            }
            Some(_) => KeyLookup::Other,
        })
    }

    /// Stores the booking, replacing an expired key; only in a transaction on the event.
    pub(super) fn keep(
        &self,
        conn: &mut Conn,
        kept: &StoredResponse,
        now: Moment,
    ) -> QueryResult<()> {
        diesel::delete(
            keys::table
                .find((self.user, self.event, &self.name))
                .filter(keys::created_at.le(now.plus(-SECONDS_KEPT))),
        )
        .execute(conn)?;
        diesel::insert_into(keys::table)
            .values((
                keys::user_id.eq(self.user),
                keys::event_id.eq(self.event),
                keys::request_key.eq(&self.name),
                keys::request_hash.eq(&self.request_hash),
                keys::slot_id.eq(kept.slot),
                keys::answer.eq(&kept.answer),
                keys::created_at.eq(now),
            ))
            .execute(conn)
            .map(drop)
    }
}

/// Finds keys that are too old, at most so many.
pub(crate) fn ended(
    conn: &mut Conn,
    now: Moment,
    limit: i64,
) -> QueryResult<Vec<(UserId, EventId, String)>> {
    keys::table
        .filter(keys::created_at.le(now.plus(-SECONDS_KEPT)))
        .select((keys::user_id, keys::event_id, keys::request_key))
        .limit(limit)
        .load(conn)
}

/// Deletes those of the keys that are too old.
pub(crate) fn delete_ended(
    conn: &mut Conn,
    ended: &[(UserId, EventId, String)],
    now: Moment,
) -> QueryResult<usize> {
    let mut deleted = 0;
    for (user, event, name) in ended {
        let row = keys::table
            .find((user, event, name))
            .filter(keys::created_at.le(now.plus(-SECONDS_KEPT)));
        deleted += diesel::delete(row).execute(conn)?;
    }
    Ok(deleted)
}

/// Builds the error for a key that was used with another body.
pub(super) fn reused() -> Problem {
    let detail = "This Idempotency-Key was sent with another body before. Choose a new one for a new slot. Nothing was stored.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).of_kind("key-reused")
}
