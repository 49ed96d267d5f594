//! Putting mail into the outbox, inside the transaction that books.

use diesel::prelude::*;

use super::draft::{AboutSlot, MailDraft, draft};
use super::{MailId, MailState, enclosing};
use crate::core::delegation::DelegationId;
use crate::core::event::EventId;
use crate::core::notice::Method;
use crate::core::slot::SlotId;
use crate::core::text::Email;
use crate::core::text_enum::TextEnum;
use crate::core::time::{Instant, Moment};
use crate::db::Conn;
use crate::db::schema::outbox;
use crate::db::word::Word;
use crate::mail::Letter;
use crate::mail::part::ComposeError;
use crate::runtime::random::fresh_id;

/// Tries end 48 hours after a mail was written, or when its slot begins.
pub(super) const GIVE_UP_AFTER: i64 = 48 * 3600;

/// A mail that is to be sent.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    /// The event it belongs to.
    pub event: EventId,
    /// The slot it is about.
    pub slot: SlotId,
    /// The recipient's delegation.
    pub delegation: DelegationId,
    /// iCalendar UID of slot × delegation.
    pub uid: &'a str,
    /// The slot's sequence.
    pub sequence: i32,
    /// What its calendar part asks for.
    pub method: Method,
    /// True when the office sends the same again on purpose.
    pub repeat: bool,
    /// The address of its one recipient.
    pub recipient: &'a str,
    /// The recipient's name.
    pub recipient_name: &'a str,
    /// The address it comes from.
    pub envelope_from: &'a str,
    /// Its Message-ID.
    pub message_id: &'a str,
    /// Its subject, for the list.
    pub subject: &'a str,
    /// The finished bytes.
    pub raw: &'a [u8],
    /// When it was written.
    pub written_at: Moment,
    /// When the slot begins: a mail that arrives later is useless.
    pub slot_starts: Instant,
}

/// What became of a mail that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    /// The row; for a duplicate the one that was there.
    pub id: MailId,
    /// Queued; held while the queue is; superseded for a cancellation of what never left.
    pub state: MailState,
    /// True when the same mail had been handed in before.
    pub duplicate: bool,
}

/// Why a letter could not be posted.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// It could not be written.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// It is not about one slot.
    #[error("a mail about one slot needs one piece of news and an invitation")]
    NoInvitation,
    /// It could not be stored.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
}

/// One reader of the mails about one slot.
#[derive(Debug, Clone, Copy)]
pub struct SlotReader<'a> {
    /// The slot.
    pub slot: SlotId,
    /// The delegation.
    pub delegation: DelegationId,
    /// The reader's address.
    pub recipient: &'a str,
}

/// Finds what a reader can know of a slot, and marks older mail that has not left as superseded.
///
/// In this order: a worker of another server may lease a mail at any moment until it is marked, and what it leased must
/// count as read.
pub fn supersede_unsent(
    connection: &mut Conn,
    reader: SlotReader<'_>,
    sequence: i32,
) -> QueryResult<Knowledge> {
    reader.supersede(connection, sequence)?;
    knowledge_of(connection, reader, sequence)
}

/// Finds what a reader can know of a slot from mails before this sequence; writes nothing.
pub fn knowledge_of(
    connection: &mut Conn,
    reader: SlotReader<'_>,
    sequence: i32,
) -> QueryResult<Knowledge> {
    let earlier = outbox::table
        .filter(outbox::slot_id.eq(reader.slot))
        .filter(outbox::delegation_id.eq(reader.delegation))
        .filter(outbox::recipient.eq(reader.recipient))
        .filter(outbox::sequence.lt(sequence))
        .order((outbox::sequence, outbox::created_at))
        .select((outbox::state, outbox::attempts, outbox::last_code))
        .load(connection)?;
    Ok(knowledge(&earlier))
}

/// Puts a composed mail into the outbox, with what comes with it.
///
/// No newer letter about several slots replaces an older one: each has other changes, they go in order, and each has
/// the whole schedule.
pub fn store_draft(connection: &mut Conn, draft: MailDraft) -> QueryResult<Enqueued> {
    let enqueued = match &draft.about {
        Some(about) => enqueue(connection, &new_mail(&draft, about))?,
        None => enqueue_letter(connection, &draft)?,
    };
    match draft.enclosure {
        Some((name, unset)) if !enqueued.duplicate && enqueued.state != MailState::Superseded => {
            enclosing::keep(connection, enqueued.id, &name, unset)?;
        }
        _ => {}
    }
    Ok(enqueued)
}

fn new_mail<'a>(draft: &'a MailDraft, about: &'a AboutSlot) -> NewMail<'a> {
    NewMail {
        event: draft.event,
        slot: about.slot,
        delegation: draft.delegation,
        uid: &about.uid,
        sequence: draft.sequence,
        method: about.method,
        repeat: about.is_repeated,
        recipient: &draft.recipient,
        recipient_name: &draft.recipient_name,
        envelope_from: &draft.envelope_from,
        message_id: &draft.message_id,
        subject: &draft.subject,
        raw: &draft.raw,
        written_at: draft.written_at,
        slot_starts: draft.last_start.unwrap_or(draft.written_at.instant()),
    }
}

/// Composes the mail about one slot, with its invitation, and puts it into the outbox.
///
/// # Errors
/// When the letter cannot be composed or stored.
pub fn post(
    connection: &mut Conn,
    letter: &Letter<'_>,
    slot: SlotId,
) -> Result<Enqueued, EnqueueError> {
    let invitation = letter.invitation.ok_or(EnqueueError::NoInvitation)?;
    let reader = SlotReader {
        slot,
        delegation: letter.delegation.id,
        recipient: letter.contact.email.as_str(),
    };
    let knowledge = supersede_unsent(connection, reader, invitation.sequence)?;
    Ok(store_draft(connection, draft(letter, slot, knowledge)?)?)
}

fn enqueue_letter(connection: &mut Conn, draft: &MailDraft) -> QueryResult<Enqueued> {
    // Letters are numbered by the seconds in which they are written: several of one second can have one number.
    let dedupe_key = format!(
        "{} letter {} {} {}",
        draft.recipient, draft.delegation.0, draft.sequence, draft.message_id
    );
    if let Some(duplicate) = find(connection, &dedupe_key)? {
        return Ok(duplicate);
    }
    let (state, last_error) = state_now(connection)?;
    let row = MailRow {
        id: MailId(fresh_id()),
        dedupe_key,
        event_id: Some(draft.event),
        slot_id: None,
        delegation_id: Some(draft.delegation),
        sequence: draft.sequence,
        method: None,
        recipient: &draft.recipient,
        recipient_name: &draft.recipient_name,
        envelope_from: &draft.envelope_from,
        message_id: &draft.message_id,
        subject: &draft.subject,
        raw: &draft.raw,
        state: Word(state),
        attempts: 0,
        next_at: next_at(state, draft.written_at),
        give_up_at: give_up_at(draft.written_at, draft.last_start),
        last_error,
        created_at: draft.written_at,
    };
    store(connection, row)
}

/// How many letters have been written to a delegation so far: times, not copies.
pub fn letters_to(connection: &mut Conn, delegation: DelegationId) -> QueryResult<i32> {
    let times: i64 = outbox::table
        .filter(outbox::delegation_id.eq(delegation))
        .select(diesel::dsl::count(outbox::created_at).aggregate_distinct())
        .get_result(connection)?;
    Ok(i32::try_from(times).unwrap_or(i32::MAX))
}

/// Puts a finished mail into the outbox and marks what it replaces.
///
/// The caller's transaction must keep others from writing to the same event. The same mail handed in twice is one
/// mail. A cancellation of what never left is stored as superseded: there is nothing to take back.
pub fn enqueue(connection: &mut Conn, mail: &NewMail<'_>) -> QueryResult<Enqueued> {
    let dedupe_key = dedupe_key(mail);
    if let Some(duplicate) = find(connection, &dedupe_key)? {
        return Ok(duplicate);
    }
    let reader = SlotReader {
        slot: mail.slot,
        delegation: mail.delegation,
        recipient: mail.recipient,
    };
    let knowledge = supersede_unsent(connection, reader, mail.sequence)?;
    let nothing_to_take_back = mail.method == Method::Cancel && knowledge == Knowledge::Nothing;
    let (state, last_error) = if nothing_to_take_back {
        let reason = "not needed: the mail it would take back never left";
        (MailState::Superseded, Some(reason.to_owned()))
    } else {
        state_now(connection)?
    };
    let row = MailRow {
        id: MailId(fresh_id()),
        dedupe_key,
        event_id: Some(mail.event),
        slot_id: Some(mail.slot),
        delegation_id: Some(mail.delegation),
        sequence: mail.sequence,
        method: Some(Word(mail.method)),
        recipient: mail.recipient,
        recipient_name: mail.recipient_name,
        envelope_from: mail.envelope_from,
        message_id: mail.message_id,
        subject: mail.subject,
        raw: mail.raw,
        state: Word(state),
        attempts: 0,
        next_at: next_at(state, mail.written_at),
        give_up_at: give_up_at(mail.written_at, Some(mail.slot_starts)),
        last_error,
        created_at: mail.written_at,
    };
    store(connection, row)
}

/// The sender on the envelope. Where bounces have an address, it contains the mail's own name behind a
/// plus sign, so that a bounce says which mail it was (variable envelope return path).
pub(super) fn bounced_to(bounces: Option<&Email>, from: &Email, message_id: &str) -> String {
    let named = bounces.and_then(|bounces| {
        let (local, domain) = bounces.as_str().rsplit_once('@')?;
        let id = message_id.trim_start_matches('<');
        let (name, _) = id.split_once('@')?;
        Some(format!("{local}+{name}@{domain}"))
    });
    named.unwrap_or_else(|| from.to_string())
}

/// Queued, or held with the others and for their reason.
pub(super) fn state_now(connection: &mut Conn) -> QueryResult<(MailState, Option<String>)> {
    Ok(match held_because(connection)? {
        Some(reason) => (MailState::Held, Some(reason)),
        None => (MailState::Queued, None),
    })
}

/// A held mail was never refused itself; it does not put off the next probe.
pub(super) fn next_at(state: MailState, written_at: Moment) -> Moment {
    if state == MailState::Held {
        Moment::from_seconds(0)
    } else {
        written_at
    }
}

pub(super) fn store(connection: &mut Conn, row: MailRow<'_>) -> QueryResult<Enqueued> {
    let (id, state) = (row.id, row.state.0);
    diesel::insert_into(outbox::table)
        .values(row)
        .execute(connection)?;
    Ok(Enqueued {
        id,
        state,
        duplicate: false,
    })
}

#[derive(Insertable)]
#[diesel(table_name = outbox)]
pub(super) struct MailRow<'a> {
    pub(super) id: MailId,
    pub(super) dedupe_key: String,
    pub(super) event_id: Option<EventId>,
    pub(super) slot_id: Option<SlotId>,
    pub(super) delegation_id: Option<DelegationId>,
    pub(super) sequence: i32,
    pub(super) method: Option<Word<Method>>,
    pub(super) recipient: &'a str,
    pub(super) recipient_name: &'a str,
    pub(super) envelope_from: &'a str,
    pub(super) message_id: &'a str,
    pub(super) subject: &'a str,
    pub(super) raw: &'a [u8],
    pub(super) state: Word<MailState>,
    pub(super) attempts: i32,
    pub(super) next_at: Moment,
    pub(super) give_up_at: Moment,
    pub(super) last_error: Option<String>,
    pub(super) created_at: Moment,
}

/// Recipient, UID, SEQUENCE and method; a mail repeated on purpose counts as new each minute, a double click does not.
fn dedupe_key(mail: &NewMail<'_>) -> String {
    let key = format!(
        "{} {} {} {}",
        mail.recipient,
        mail.uid,
        mail.sequence,
        mail.method.as_str()
    );
    if mail.repeat {
        format!("{key} again {}", mail.written_at.seconds().div_euclid(60))
    } else {
        key
    }
}

/// 48 hours, or until the (last) slot begins; news of a slot that has begun already has its 48 hours.
fn give_up_at(written_at: Moment, slot_starts: Option<Instant>) -> Moment {
    let latest = written_at.plus(GIVE_UP_AFTER);
    let begins = slot_starts.map(Instant::moment);
    begins
        .filter(|begins| *begins > written_at)
        .map_or(latest, |begins| latest.min(begins))
}

fn find(connection: &mut Conn, dedupe_key: &str) -> QueryResult<Option<Enqueued>> {
    let found: Option<(MailId, Word<MailState>)> = outbox::table
        .filter(outbox::dedupe_key.eq(dedupe_key))
        .select((outbox::id, outbox::state))
        .get_result(connection)
        .optional()?;
    Ok(found.map(|(id, Word(state))| Enqueued {
        id,
        state,
        duplicate: true,
    }))
}

impl SlotReader<'_> {
    /// A leased mail is sent, and the newer mail after it.
    fn supersede(&self, connection: &mut Conn, sequence: i32) -> QueryResult<usize> {
        let waiting = [MailState::Queued, MailState::Held, MailState::Failed].map(Word);
        diesel::update(
            outbox::table
                .filter(outbox::slot_id.eq(self.slot))
                .filter(outbox::delegation_id.eq(self.delegation))
                .filter(outbox::recipient.eq(self.recipient))
                .filter(outbox::sequence.lt(sequence))
                .filter(outbox::state.eq_any(waiting)),
        )
        .set(outbox::state.eq(Word(MailState::Superseded)))
        .execute(connection)
    }
}

/// An earlier mail about the same slot to the same reader.
#[derive(Queryable)]
struct Earlier {
    state: Word<MailState>,
    attempts: i32,
    last_code: Option<i32>,
}

impl Earlier {
    /// True unless it is certain that this mail was never delivered.
    ///
    /// A single try that was answered with a refusal delivered nothing; a try that ended without an answer may have.
    fn may_have_been_read(&self) -> bool {
        match self.state.0 {
            MailState::Sent | MailState::Sending => true,
            _ => self.attempts > 1 || (self.attempts == 1 && self.last_code.is_none()),
        }
    }
}

/// What a reader can know of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// Mail was written to them, none of it can have reached them.
    Nothing,
    /// A mail reached them, but not the latest.
    Older,
    /// The latest, or no mail was ever written to them: a new address hears the news as it is.
    Latest,
}

/// Judges by the mails before this one, the oldest first.
fn knowledge(earlier: &[Earlier]) -> Knowledge {
    match earlier.last() {
        None => Knowledge::Latest,
        Some(latest) if latest.may_have_been_read() => Knowledge::Latest,
        Some(_) if earlier.iter().any(Earlier::may_have_been_read) => Knowledge::Older,
        Some(_) => Knowledge::Nothing,
    }
}

/// Why the queue is held, if it is.
fn held_because(connection: &mut Conn) -> QueryResult<Option<String>> {
    outbox::table
        .filter(outbox::state.eq(Word(MailState::Held)))
        .select(outbox::last_error)
        .first::<Option<String>>(connection)
        .optional()
        .map(|held| held.map(Option::unwrap_or_default))
}
