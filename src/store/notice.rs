//! Notices in the database.

use diesel::prelude::*;

use crate::core::delegation::DelegationId;
use crate::core::event::EventId;
use crate::core::notice::answer::{Answer, NoticeReply, Via};
use crate::core::notice::{Method, Notice, Told};
use crate::core::slot::SlotId;
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::{answers, notices};
use crate::db::word::Word;

type NoticeRow = (
    SlotId,
    DelegationId,
    String,
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
    let rows: Vec<NoticeRow> = notices::table
        .filter(notices::event_id.eq(event))
        .order((notices::slot_id, notices::delegation_id))
        .select((
            notices::slot_id,
            notices::delegation_id,
            notices::uid,
            notices::organizer,
            notices::sequence,
            notices::method,
            notices::told,
            notices::thread,
            notices::told_at,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(
            |(slot, delegation, uid, organizer, sequence, method, told, thread, told_at)| {
                Ok(Notice {
                    slot,
                    delegation,
                    uid,
                    organizer: Email::stored(organizer),
                    sequence,
                    method: method.0,
                    told: read_told(&told)?,
                    thread,
                    told_at,
                })
            },
        )
        .collect()
}

/// True when an invitation with this UID has been sent from here.
pub fn is_known(conn: &mut Conn, uid: &str) -> QueryResult<bool> {
    let notices: i64 = notices::table
        .filter(notices::uid.eq(uid))
        .count()
        .get_result(conn)?;
    Ok(notices > 0)
}

/// Whom an invitation was sent to, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Invited {
    /// The event.
    pub event: EventId,
    /// The slot.
    pub slot: SlotId,
    /// The delegation.
    pub delegation: DelegationId,
}

/// Whom the invitation with this UID was sent to.
pub fn invited_by(conn: &mut Conn, uid: &str) -> QueryResult<Option<Invited>> {
    notices::table
        .filter(notices::uid.eq(uid))
        .select((notices::event_id, notices::slot_id, notices::delegation_id))
        .get_result(conn)
        .optional()
}

/// Stores the last notice of a delegation, replacing the one before. A cancellation deletes its answer.
pub fn keep(conn: &mut Conn, event: EventId, notice: &Notice) -> QueryResult<()> {
    let told = write_told(&notice.told)?;
    diesel::delete(notices::table.find((notice.slot, notice.delegation))).execute(conn)?;
    if notice.method == Method::Cancel {
        diesel::delete(answers::table.find((notice.slot, notice.delegation))).execute(conn)?;
    }
    diesel::insert_into(notices::table)
        .values((
            notices::slot_id.eq(notice.slot),
            notices::delegation_id.eq(notice.delegation),
            notices::event_id.eq(event),
            notices::uid.eq(&notice.uid),
            notices::organizer.eq(notice.organizer.as_str()),
            notices::sequence.eq(notice.sequence),
            notices::method.eq(Word(notice.method)),
            notices::told.eq(told),
            notices::thread.eq(&notice.thread),
            notices::told_at.eq(notice.told_at),
        ))
        .execute(conn)
        .map(drop)
}

type AnswerRow = (
    SlotId,
    DelegationId,
    Word<NoticeReply>,
    String,
    Word<Via>,
    String,
    i32,
    String,
    Moment,
);

/// All answers of an event: the latest of each delegation about each slot.
///
/// # Errors
/// As the database says; when a stored text cannot be read.
pub fn answers_of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Answer>> {
    let rows: Vec<AnswerRow> = answers::table
        .filter(answers::event_id.eq(event))
        .order((answers::slot_id, answers::delegation_id))
        .select((
            answers::slot_id,
            answers::delegation_id,
            answers::reply,
            answers::comment,
            answers::via,
            answers::answered_by,
            answers::sequence,
            answers::told,
            answers::answered_at,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(
            |(slot, delegation, reply, comment, via, by, sequence, told, answered_at)| {
                Ok(Answer {
                    slot,
                    delegation,
                    reply: reply.0,
                    comment,
                    via: via.0,
                    by,
                    sequence,
                    told: read_told(&told)?,
                    answered_at,
                })
            },
        )
        .collect()
}

/// Stores an answer, in place of an earlier one.
pub fn keep_answer(conn: &mut Conn, event: EventId, answer: &Answer) -> QueryResult<()> {
    diesel::delete(answers::table.find((answer.slot, answer.delegation))).execute(conn)?;
    diesel::insert_into(answers::table)
        .values((
            answers::slot_id.eq(answer.slot),
            answers::delegation_id.eq(answer.delegation),
            answers::event_id.eq(event),
            answers::reply.eq(Word(answer.reply)),
            answers::comment.eq(&answer.comment),
            answers::via.eq(Word(answer.via)),
            answers::answered_by.eq(&answer.by),
            answers::sequence.eq(answer.sequence),
            answers::told.eq(write_told(&answer.told)?),
            answers::answered_at.eq(answer.answered_at),
        ))
        .execute(conn)
        .map(drop)
}

fn read_told(json: &str) -> QueryResult<Told> {
    serde_json::from_str(json)
        .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}

fn write_told(told: &Told) -> QueryResult<String> {
    serde_json::to_string(told)
        .map_err(|error| diesel::result::Error::SerializationError(error.into()))
}
