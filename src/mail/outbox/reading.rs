//! Reading the outbox: for its page and for the front page.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::{Enclosed, MailId, MailState, enclosing};
use crate::core::delegation::DelegationId;
use crate::core::event::EventId;
use crate::core::notice::Method;
use crate::core::slot::SlotId;
use crate::core::time::Moment;
use crate::db::word::Word;
use crate::db::{Conn, schema::outbox};

/// A mail in the list.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct MailSummary {
    /// Its id.
    pub id: MailId,
    /// The event; `None` for a letter about an account.
    pub event_id: Option<EventId>,
    /// The slot, unless it was deleted.
    pub slot_id: Option<SlotId>,
    /// The delegation, unless it was deleted.
    pub delegation_id: Option<DelegationId>,
    /// Sequence of the slot in it; of a letter its version.
    pub sequence: i32,
    /// What its calendar part asks for; `None` for a letter about several slots.
    pub method: Option<Word<Method>>,
    /// The address.
    pub recipient: String,
    /// The name.
    pub recipient_name: String,
    /// The subject.
    pub subject: String,
    /// Its state.
    pub state: Word<MailState>,
    /// Tries so far, the one under way included.
    pub attempts: i32,
    /// When the next try is due, while it is queued.
    pub next_at: Moment,
    /// When tries end.
    pub give_up_at: Moment,
    /// The relay's last reply code.
    pub last_code: Option<i32>,
    /// Why it is not sent yet, in words.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Moment,
    /// Time at which the relay accepted it.
    pub sent_at: Option<Moment>,
    /// When its content was wiped.
    pub wiped_at: Option<Moment>,
    /// When it came back, although the relay had taken it.
    pub bounced_at: Option<Moment>,
}

impl MailSummary {
    /// True when it came back and was not sent again since.
    #[must_use]
    pub fn has_bounced(&self) -> bool {
        self.state.0 == MailState::Sent && self.bounced_at.is_some()
    }

    /// Its state, as a label.
    #[must_use]
    pub fn label(&self) -> &'static str {
        if self.has_bounced() {
            "Bounced"
        } else {
            self.state.0.label()
        }
    }

    /// True when its reader does not have it and it will not go out by itself.
    #[must_use]
    pub fn is_amiss(&self) -> bool {
        self.state.0.is_stuck() || self.has_bounced()
    }

    /// True when the retry button applies.
    #[must_use]
    pub fn can_retry(&self) -> bool {
        self.is_amiss() && self.wiped_at.is_none()
    }
}

/// A mail with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// As in the list.
    pub summary: MailSummary,
    /// Its Message-ID, angle brackets included.
    pub message_id: String,
    /// The whole mail, as it is sent; with an empty place for its enclosure while that is not rendered.
    pub raw: Vec<u8>,
    /// What comes with it.
    pub enclosed: Option<Enclosed>,
}

/// Counts of mails that wait and that need attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxCounts {
    /// Queued or being sent.
    pub waiting: i64,
    /// Held until the configuration is corrected.
    pub held: i64,
    /// Given up.
    pub failed: i64,
}

impl OutboxCounts {
    /// Mails that need attention.
    #[must_use]
    pub const fn need_attention(self) -> i64 {
        self.held + self.failed
    }
}

/// The latest mails, newest first; of one event or of all.
pub fn list(
    connection: &mut Conn,
    event: Option<EventId>,
    limit: i64,
) -> QueryResult<Vec<MailSummary>> {
    let mut query = outbox::table
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .limit(limit)
        .select(MailSummary::as_select())
        .into_boxed();
    if let Some(event) = event {
        query = query.filter(outbox::event_id.eq(event));
    }
    query.load(connection)
}

/// One mail without its content.
pub fn summary(connection: &mut Conn, id: MailId) -> QueryResult<Option<MailSummary>> {
    outbox::table
        .find(id)
        .select(MailSummary::as_select())
        .get_result(connection)
        .optional()
}

/// The mails of an event that are about one slot each, in the order in which they were written.
pub fn about_slots(connection: &mut Conn, event: EventId) -> QueryResult<Vec<MailSummary>> {
    outbox::table
        .filter(outbox::event_id.eq(event))
        .filter(outbox::slot_id.is_not_null())
        .order((outbox::created_at, outbox::id))
        .select(MailSummary::as_select())
        .load(connection)
}

/// One mail with its content.
pub fn get(connection: &mut Conn, id: MailId) -> QueryResult<Option<Mail>> {
    let found: Option<(MailSummary, String, Vec<u8>)> = outbox::table
        .find(id)
        .select((MailSummary::as_select(), outbox::message_id, outbox::raw))
        .get_result(connection)
        .optional()?;
    let Some((summary, message_id, raw)) = found else {
        return Ok(None);
    };
    let (enclosed, letter) = enclosing::of(connection, id)?.unzip();
    let letter = letter.filter(|_| summary.wiped_at.is_none());
    Ok(Some(Mail {
        summary,
        message_id,
        raw: letter.flatten().unwrap_or(raw),
        enclosed,
    }))
}

/// The mail with this Message-ID, angle brackets included.
pub fn with_message_id(connection: &mut Conn, id: &str) -> QueryResult<Option<MailSummary>> {
    outbox::table
        .filter(outbox::message_id.eq(id))
        .select(MailSummary::as_select())
        .get_result(connection)
        .optional()
}

/// Counts what waits and what failed; of one event or of all.
pub fn counts(connection: &mut Conn, event: Option<EventId>) -> QueryResult<OutboxCounts> {
    let unsent = [
        MailState::Queued,
        MailState::Sending,
        MailState::Held,
        MailState::Failed,
    ];
    let mut query = outbox::table
        .filter(outbox::state.eq_any(unsent.map(Word)))
        .group_by(outbox::state)
        .select((outbox::state, count_star()))
        .into_boxed();
    if let Some(event) = event {
        query = query.filter(outbox::event_id.eq(event));
    }
    let mut counts = OutboxCounts::default();
    for (Word(state), number) in query.load::<(Word<MailState>, i64)>(connection)? {
        match state {
            MailState::Held => counts.held += number,
            MailState::Failed => counts.failed += number,
            _ => counts.waiting += number,
        }
    }
    Ok(counts)
}
