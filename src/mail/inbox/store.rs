//! Mail that came in, in the database.

use diesel::prelude::*;
use diesel_derive_newtype::DieselNewType;

use super::InboxOutcome;
use super::read::IncomingLetter;
use crate::core::delegation::DelegationId;
use crate::core::event::EventId;
use crate::core::slot::SlotId;
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::{inbox, mailboxes};
use crate::db::word::Word;
use crate::mail::outbox::MailId;
use crate::runtime::random::fresh_id;
use crate::store::archived;

/// The id of a mail that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType)]
pub struct IncomingId(pub i64);

impl std::fmt::Display for IncomingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A mail that came in, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = inbox)]
pub struct Incoming {
    /// Its id.
    pub id: IncomingId,
    /// The event it belongs to.
    pub event_id: EventId,
    /// The slot it is about, if it is about one.
    pub slot_id: Option<SlotId>,
    /// Whose mail it has to do with.
    pub delegation_id: Option<DelegationId>,
    /// The mail that came back, or is answered in words.
    pub mail_id: Option<MailId>,
    /// What became of it.
    pub outcome: Word<InboxOutcome>,
    /// The same as a sentence.
    pub why: String,
    /// Whom it is from, as it says.
    pub sender: String,
    /// Its subject.
    pub subject: String,
    /// The beginning of its text; empty once wiped.
    pub body: String,
    /// When it was read.
    pub received_at: Moment,
    /// Who of the office has seen to it.
    pub handled_by: Option<String>,
    /// When.
    pub handled_at: Option<Moment>,
    /// When its text was wiped.
    pub wiped_at: Option<Moment>,
}

/// What a mail that came in belongs to, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) event: EventId,
    pub(crate) slot: Option<SlotId>,
    pub(crate) delegation: Option<DelegationId>,
    pub(crate) mail: Option<MailId>,
    pub(crate) outcome: InboxOutcome,
    pub(crate) why: String,
}

/// True when this mail was read before, maybe by another server.
pub(crate) fn is_known(conn: &mut Conn, key: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        inbox::table.filter(inbox::dedupe_key.eq(key)),
    ))
    .get_result(conn)
}

pub(crate) fn keep(
    conn: &mut Conn,
    letter: &IncomingLetter,
    judged: &Judged,
    now: Moment,
) -> QueryResult<()> {
    // Mail for a past event changes nothing any more.
    if archived::archived_at(conn, judged.event)?.is_some() {
        return Ok(());
    }
    diesel::insert_into(inbox::table)
        .values((
            inbox::id.eq(fresh_id()),
            inbox::dedupe_key.eq(&letter.key),
            inbox::event_id.eq(judged.event),
            inbox::slot_id.eq(judged.slot),
            inbox::delegation_id.eq(judged.delegation),
            inbox::mail_id.eq(judged.mail),
            inbox::outcome.eq(Word(judged.outcome)),
            inbox::why.eq(&judged.why),
            inbox::sender.eq(&letter.sender),
            inbox::subject.eq(&letter.subject),
            inbox::body.eq(&letter.body),
            inbox::received_at.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// The latest mails that came in for an event, newest first.
pub(crate) fn of_event(conn: &mut Conn, event: EventId, most: i64) -> QueryResult<Vec<Incoming>> {
    inbox::table
        .filter(inbox::event_id.eq(event))
        .order((inbox::received_at.desc(), inbox::id.desc()))
        .limit(most)
        .select(Incoming::as_select())
        .load(conn)
}

pub(crate) fn get(conn: &mut Conn, id: IncomingId) -> QueryResult<Option<Incoming>> {
    inbox::table
        .find(id)
        .select(Incoming::as_select())
        .get_result(conn)
        .optional()
}

/// Marks it as handled. False when it was already.
pub(crate) fn handle(conn: &mut Conn, id: IncomingId, by: &str, now: Moment) -> QueryResult<bool> {
    diesel::update(inbox::table.find(id))
        .filter(inbox::handled_at.is_null())
        .set((inbox::handled_by.eq(by), inbox::handled_at.eq(now)))
        .execute(conn)
        .map(|rows| rows == 1)
}

/// Records that a mail that bounced is sent again.
pub(crate) fn handle_bounces_of(
    conn: &mut Conn,
    mail: MailId,
    by: &str,
    now: Moment,
) -> QueryResult<()> {
    diesel::update(inbox::table.filter(inbox::mail_id.eq(mail)))
        .filter(inbox::outcome.eq(Word(InboxOutcome::Bounced)))
        .filter(inbox::handled_at.is_null())
        .set((inbox::handled_by.eq(by), inbox::handled_at.eq(now)))
        .execute(conn)
        .map(drop)
}

/// How many mails that came in for an event wait for a person.
pub fn attention(conn: &mut Conn, event: EventId) -> QueryResult<i64> {
    let needing = InboxOutcome::ALL.iter().copied();
    let needing: Vec<_> = needing.filter(|it| it.needs_person()).map(Word).collect();
    inbox::table
        .filter(inbox::event_id.eq(event))
        .filter(inbox::handled_at.is_null())
        .filter(inbox::outcome.eq_any(needing))
        .count()
        .get_result(conn)
}

/// Wipes the texts of mails that came in before `before`; what became of each stays.
pub fn wipe(conn: &mut Conn, before: Moment, now: Moment) -> QueryResult<usize> {
    diesel::update(inbox::table)
        .filter(inbox::received_at.lt(before))
        .filter(inbox::wiped_at.is_null())
        .set((inbox::body.eq(""), inbox::wiped_at.eq(now)))
        .execute(conn)
}

/// How far a mailbox has been read.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = mailboxes, treat_none_as_null = true)]
pub struct MailboxPosition {
    /// Which mailbox.
    pub name: String,
    /// The numbering that `last_uid` belongs to; 0 before it was open for the first time.
    pub uid_validity: i64,
    /// The last mail that was read.
    pub last_uid: i64,
    /// When it was last read.
    pub looked_at: Moment,
    /// Why that did not go well.
    pub last_error: Option<String>,
}

/// How far a mailbox has been read; `None` before the first look.
pub fn mark(conn: &mut Conn, name: &str) -> QueryResult<Option<MailboxPosition>> {
    mailboxes::table
        .find(name)
        .select(MailboxPosition::as_select())
        .get_result(conn)
        .optional()
}

pub(crate) fn set_mark(conn: &mut Conn, mark: &MailboxPosition) -> QueryResult<()> {
    let known = diesel::update(mailboxes::table.find(&mark.name))
        .set(mark)
        .execute(conn)?;
    if known == 0 {
        diesel::insert_into(mailboxes::table)
            .values(mark)
            .execute(conn)?;
    }
    Ok(())
}
