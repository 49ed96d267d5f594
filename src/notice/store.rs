//! Notices in the database.

use diesel::prelude::*;

use super::{Method, Notice, Told};
use crate::db::Conn;
use crate::db::schema::notices;
use crate::db::text_enum::Word;
use crate::delegation::DelegationId;
use crate::event::EventId;
use crate::slot::SlotId;
use crate::time::Moment;

type Row = (
    SlotId,
    DelegationId,
    String,
    i32,
    Word<Method>,
    String,
    String,
    Moment,
);

/// All notices of an event.
///
/// # Errors
/// As the database says; when a stored text cannot be read.
pub fn of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Notice>> {
    let rows: Vec<Row> = notices::table
        .filter(notices::event_id.eq(event))
        .order((notices::slot_id, notices::delegation_id))
        .select((
            notices::slot_id,
            notices::delegation_id,
            notices::uid,
            notices::sequence,
            notices::method,
            notices::told,
            notices::thread,
            notices::told_at,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(
            |(slot, delegation, uid, sequence, method, told, thread, told_at)| {
                let told: Told = serde_json::from_str(&told)
                    .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
                Ok(Notice {
                    slot,
                    delegation,
                    uid,
                    sequence,
                    method: method.0,
                    told,
                    thread,
                    told_at,
                })
            },
        )
        .collect()
}

/// True when an invitation with this UID has been sent from here.
///
/// # Errors
/// As the database says.
pub fn is_known(conn: &mut Conn, uid: &str) -> QueryResult<bool> {
    let notices: i64 = notices::table
        .filter(notices::uid.eq(uid))
        .count()
        .get_result(conn)?;
    Ok(notices > 0)
}

/// Stores what a delegation was told, in place of what it was told before.
///
/// # Errors
/// As the database says.
pub fn keep(conn: &mut Conn, event: EventId, notice: &Notice) -> QueryResult<()> {
    let told = serde_json::to_string(&notice.told)
        .map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    diesel::delete(notices::table.find((notice.slot, notice.delegation))).execute(conn)?;
    diesel::insert_into(notices::table)
        .values((
            notices::slot_id.eq(notice.slot),
            notices::delegation_id.eq(notice.delegation),
            notices::event_id.eq(event),
            notices::uid.eq(&notice.uid),
            notices::sequence.eq(notice.sequence),
            notices::method.eq(Word(notice.method)),
            notices::told.eq(told),
            notices::thread.eq(&notice.thread),
            notices::told_at.eq(notice.told_at),
        ))
        .execute(conn)
        .map(drop)
}
