//! The same step twice: in a dry run, which finds out what its letters will say, and in the transaction, which stores it.
//!
//! A dry run raises no revision, so no writer waits for it. What it finds is a guess: the transaction decides and reads
//! again, and uses only letters of equal facts.

use std::sync::Arc;

use diesel::QueryResult;
use serde_json::Value;

use crate::core::decision::ChangedSlot;
use crate::core::history::SlotSnapshot;
use crate::core::notice::Notice;
use crate::core::programme::Programme;
use crate::core::slot::Slot;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::mail::MailContext;
use crate::mail::facts::{LetterError, LetterFacts};
use crate::mail::outbox::{self, Knowledge, SlotReader};
use crate::store;
use crate::store::transaction::EventTx;

/// Why delegations could not be notified.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// A mail could not be composed.
    #[error(transparent)]
    Post(#[from] LetterError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
}

/// What a step that notifies delegations needs of its transaction.
pub trait NotifyTx {
    /// The connection, to read.
    fn conn(&mut self) -> &mut Conn;
    /// When the step is taken.
    fn now(&self) -> Moment;
    /// Who takes it.
    fn author(&self) -> String;
    /// The programme with everything the step has changed so far.
    fn programme(&self) -> Arc<Programme>;
    /// The programme that commands are judged by.
    fn judged(&self) -> Arc<Programme>;
    /// Notes that what was asked for is so already.
    fn stays_as_it_is(&mut self);
    /// Stores a slot as it was decided, and records it in the history.
    fn apply(&mut self, change: ChangedSlot) -> QueryResult<()>;
    /// Stores a slot of which only the sequence was raised.
    fn store_raised(&mut self, slot: Slot) -> QueryResult<()>;
    /// Finds what a reader can know of a slot before the mail of this sequence.
    fn knowledge(&mut self, reader: SlotReader<'_>, sequence: i32) -> QueryResult<Knowledge>;
    /// Sends the mails that these facts make.
    ///
    /// # Errors
    /// When a mail cannot be composed or stored.
    fn send(&mut self, post: &MailContext, facts: LetterFacts) -> Result<(), NotifyError>;
}

impl NotifyTx for EventTx<'_> {
    fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    fn now(&self) -> Moment {
        self.now
    }

    fn author(&self) -> String {
        self.actor.to_string()
    }

    fn programme(&self) -> Arc<Programme> {
        self.programme()
    }

    fn judged(&self) -> Arc<Programme> {
        judged(self)
    }

    fn stays_as_it_is(&mut self) {
        self.stays_as_it_is();
    }

    fn apply(&mut self, change: ChangedSlot) -> QueryResult<()> {
        apply(self, change)
    }

    fn store_raised(&mut self, slot: Slot) -> QueryResult<()> {
        self.store_slot(&slot, &[])
    }

    fn knowledge(&mut self, reader: SlotReader<'_>, sequence: i32) -> QueryResult<Knowledge> {
        outbox::supersede_unsent(self.conn, reader, sequence)
    }

    fn send(&mut self, post: &MailContext, facts: LetterFacts) -> Result<(), NotifyError> {
        store_letters(self, post, facts)
    }
}

/// The programme that commands are judged by. It has the version that is stored, as a refusal shows it when this
/// transaction is gone.
pub(crate) fn judged(tx: &EventTx<'_>) -> Arc<Programme> {
    Arc::new(tx.programme().at_version(tx.began_at()))
}

/// Stores a slot as it was decided, and records it in the history.
pub(crate) fn apply(tx: &mut EventTx<'_>, change: ChangedSlot) -> QueryResult<()> {
    let ChangedSlot {
        before,
        slot,
        overrides,
        action,
    } = change;
    let before = before.map(|old| history_of(&tx.programme(), &old));
    tx.store_slot(&slot, &overrides)?;
    let after = history_of(&tx.programme(), &slot);
    let subject = (slot.id.0, slot.title().as_str());
    tx.record(action, subject, before, Some(after))
}

/// What the history says of a slot of a programme.
pub(crate) fn history_of(programme: &Programme, slot: &Slot) -> Value {
    SlotSnapshot::of(programme, slot).to_json()
}

/// Stores mails, those prepared from the same facts where there are any, and notes what the delegation knows then.
pub(crate) fn store_letters(
    tx: &mut EventTx<'_>,
    post: &MailContext,
    facts: LetterFacts,
) -> Result<(), NotifyError> {
    for draft in post.prepared_or_composed(&facts)? {
        outbox::store_draft(tx.conn, draft)?;
    }
    Ok(remember(tx, facts.into_notices())?)
}

/// Notes what delegations know.
pub(crate) fn remember(tx: &mut EventTx<'_>, notices: Vec<Notice>) -> QueryResult<()> {
    if notices.is_empty() {
        return Ok(());
    }
    let programme = tx.programme();
    for notice in &notices {
        store::notice::keep(tx.conn, programme.event.id, notice)?;
    }
    tx.has_become(programme.with_notices(notices));
    Ok(())
}

/// A step on a programme in memory: it reads the database and writes nothing.
pub struct DryRun<'c> {
    conn: &'c mut Conn,
    programme: Arc<Programme>,
    author: String,
    now: Moment,
    letters: Vec<LetterFacts>,
}

impl<'c> DryRun<'c> {
    /// Begins with `programme`; `conn` should read in one snapshot.
    #[must_use]
    pub const fn new(
        conn: &'c mut Conn,
        programme: Arc<Programme>,
        author: String,
        now: Moment,
    ) -> Self {
        Self {
            conn,
            programme,
            author,
            now,
            letters: Vec::new(),
        }
    }

    /// The facts of the letters that the step would send.
    #[must_use]
    pub fn into_letters(self) -> Vec<LetterFacts> {
        self.letters
    }
}

impl NotifyTx for DryRun<'_> {
    fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    fn now(&self) -> Moment {
        self.now
    }

    fn author(&self) -> String {
        self.author.clone()
    }

    fn programme(&self) -> Arc<Programme> {
        Arc::clone(&self.programme)
    }

    fn judged(&self) -> Arc<Programme> {
        self.programme()
    }

    fn stays_as_it_is(&mut self) {}

    fn apply(&mut self, change: ChangedSlot) -> QueryResult<()> {
        self.store_raised(change.slot)
    }

    fn store_raised(&mut self, slot: Slot) -> QueryResult<()> {
        self.programme = Arc::new(self.programme.with_slot(slot));
        Ok(())
    }

    fn knowledge(&mut self, reader: SlotReader<'_>, sequence: i32) -> QueryResult<Knowledge> {
        outbox::knowledge_of(self.conn, reader, sequence)
    }

    fn send(&mut self, _: &MailContext, facts: LetterFacts) -> Result<(), NotifyError> {
        let notices = facts.clone().into_notices();
        self.programme = Arc::new(self.programme.with_notices(notices));
        self.letters.push(facts);
        Ok(())
    }
}
