//! The worker: leases mail of the outbox, sends a few side by side, and records their outcomes.
//!
//! Any number of workers, in any number of processes, share one outbox; the lease keeps them apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;

use super::outbox::{self, Claimed, Unset};
use super::transport::{SendOutcome, Transport};
use super::{enclosure, inbox};
use crate::core::time::Moment;
use crate::db::{Conn, Db, DbError};
use crate::documents::queue::Documents;
use crate::runtime::clock::Clock;
use crate::runtime::queue::Owner;
use crate::runtime::random::fresh_id;

/// Mails that a worker sends side by side: Exchange Online refuses the fourth connection at once of one account
/// (<https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements>). A power cut may
/// send again as many as were being sent.
const LANES: usize = 3;

/// A mail that was tried, and its outcome.
type Tried = (Claimed, SendOutcome);

/// The longest a worker sleeps: mail queued by another server sends no signal here.
const POLL: Duration = Duration::from_secs(15);

/// How long an enclosure may take to be set; far above what a busy machine needs, far below the lease.
const SETTING: Duration = Duration::from_mins(1);

/// A mail that is still without its enclosure at a later attempt goes without: a worker crashed over it each time.
const SETTING_TRIES: i32 = 2;

/// Days after which the content of mail that is done with is wiped, unless the configuration says otherwise.
pub const KEEP_DAYS: i64 = 90;

/// Wakes workers and sends them home; clones ring the same workers.
#[derive(Debug, Clone, Default)]
pub struct WorkerSignal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wake: Notify,
    stopping: AtomicBool,
}

impl WorkerSignal {
    /// Wakes the worker after mail was queued; to be called after the commit.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Stops the worker after the mails being sent.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.wake.notify_one();
    }

    fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::SeqCst)
    }
}

/// Sends what is due.
pub struct Worker {
    db: Db,
    transport: Arc<Transport>,
    clock: Clock,
    signal: WorkerSignal,
    owner: String,
    /// Days after which the content of mail that is done with is wiped.
    keep_days: i64,
    documents: Documents,
}

impl Worker {
    /// Makes a worker; it works when [`Worker::run`] is awaited or spawned.
    #[must_use]
    pub fn new(db: Db, transport: Transport, clock: Clock, signal: WorkerSignal) -> Self {
        Self {
            db,
            transport: Arc::new(transport),
            clock,
            signal,
            owner: format!("{:013x}", fresh_id()),
            keep_days: KEEP_DAYS,
            documents: Documents::default(),
        }
    }

    /// Has enclosures made in the queue of the server's documents.
    #[must_use]
    pub fn with_documents(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Wipes the content of mail that is done with after so many days.
    #[must_use]
    pub fn keeping(mut self, days: u32) -> Self {
        self.keep_days = i64::from(days);
        self
    }

    /// Works until stopped; what is being sent is finished first.
    ///
    /// Mail held for its configuration is tried again first: a restart often means a new configuration.
    pub async fn run(self) {
        let now = self.clock.now();
        let released = self
            .db
            .write(move |connection| Ok::<_, DbError>(outbox::release(connection, now)?))
            .await;
        match released {
            Ok(0) => {}
            Ok(mails) => tracing::info!(mails, "retrying held mail"),
            Err(error) => tracing::error!(%error, "held mail could not be released"),
        }
        while !self.signal.is_stopping() {
            let pause = match self.drain().await {
                Ok(_) => {
                    if let Err(error) = self.tidy().await {
                        tracing::error!(%error, "old mail could not be wiped");
                    }
                    self.pause().await
                }
                Err(error) => {
                    tracing::error!(%error, "the outbox could not be worked on");
                    POLL
                }
            };
            // Whichever comes first; a signal sent while not listening is remembered.
            let _ = tokio::time::timeout(pause, self.signal.0.wake.notified()).await;
        }
    }

    /// Sends mail until none is due by the clock now, or until stopped; returns how many were tried.
    ///
    /// The first goes alone, and so does the next after one that did not pass: a relay that refuses us is asked once.
    /// While they pass, [`LANES`] go side by side.
    ///
    /// The outcomes of those that are done are recorded in the transaction that leases the next ones: one wait for the
    /// disk for several mails.
    ///
    /// # Errors
    /// When the database fails. What is being sent is finished first and recorded, if the database can again;
    /// what cannot be recorded stays leased until its lease ends, and is sent again.
    pub async fn drain(&self) -> Result<usize, DbError> {
        let mut under_way = FuturesUnordered::new();
        let (mut tried, mut done) = (0, Vec::new());
        let mut lanes = 1;
        let fault = loop {
            let free = usize::saturating_sub(lanes, under_way.len());
            match self.turn_to_the_next(&mut done, free).await {
                Ok(leased) => under_way.extend(leased.into_iter().map(|mail| self.deliver(mail))),
                Err(error) => break error,
            }
            let Some(first) = under_way.next().await else {
                return Ok(tried);
            };
            let also_done = std::iter::from_fn(|| under_way.next().now_or_never().flatten());
            let mut fault = None;
            for ended in std::iter::once(first).chain(also_done) {
                match ended {
                    Ok(mail) => done.extend(mail),
                    Err(error) => fault = Some(error),
                }
            }
            tried += done.len();
            let passed = |(_, outcome): &Tried| matches!(outcome, SendOutcome::Sent { .. });
            if !done.is_empty() {
                lanes = if done.iter().all(passed) { LANES } else { 1 };
            }
            if let Some(error) = fault {
                break error;
            }
        };
        while let Some(ended) = under_way.next().await {
            done.extend(ended.ok().flatten());
        }
        self.turn_to_the_next(&mut done, 0).await?;
        Err(fault)
    }

    /// Records the outcomes in `done`, which is then empty, and leases up to `free` mails that are due, unless stopping.
    async fn turn_to_the_next(
        &self,
        done: &mut Vec<Tried>,
        free: usize,
    ) -> Result<Vec<Claimed>, DbError> {
        let (owner, now) = (self.owner.clone(), self.clock.now());
        let free = if self.signal.is_stopping() { 0 } else { free };
        let tried = Arc::new(std::mem::take(done));
        let recorded = Arc::clone(&tried);
        let leased = self
            .db
            .write(move |connection| {
                connection.transaction(|connection| {
                    for (mail, outcome) in recorded.iter() {
                        if !record(connection, mail, outcome, now)? {
                            tracing::warn!(mail = %mail.id, "the lease ended before the try did; another worker has the mail");
                        }
                    }
                    next(connection, &owner, free, now)
                })
            })
            .await;
        if leased.is_err() {
            *done = Arc::unwrap_or_clone(tried);
        }
        leased
    }

    /// Completes the leased mail and sends it. `None` when the lease was lost meanwhile.
    async fn deliver(&self, mail: Claimed) -> Result<Option<Tried>, DbError> {
        let Some(mail) = self.finish(mail).await? else {
            return Ok(None);
        };
        let outcome = self.send(mail.clone()).await;
        report(&mail, &outcome);
        Ok(Some((mail, outcome)))
    }

    /// Renders the enclosure of the leased mail, and stores the finished bytes before any attempt. `None` when
    /// the lease was lost meanwhile.
    async fn finish(&self, mut mail: Claimed) -> Result<Option<Claimed>, DbError> {
        let Some(unset) = mail.unset.take() else {
            return Ok(Some(mail));
        };
        let finished = if mail.attempts > SETTING_TRIES {
            Err("its worker ended before it was finished".to_owned())
        } else {
            self.set(unset).await
        };
        if let Err(fault) = &finished {
            tracing::error!(mail = %mail.id, fault, "the enclosure could not be rendered: the mail is sent without it");
        }
        self.db
            .write(move |connection| {
                let ours = match finished {
                    Ok(finished) => {
                        let ours = outbox::enclose(connection, &mail, &finished)?;
                        mail.raw = finished;
                        ours
                    }
                    Err(fault) => outbox::leave_out(connection, &mail, &fault)?,
                };
                if !ours {
                    tracing::warn!(mail = %mail.id, "the lease ended before the enclosure was rendered; another \
                                                     worker has the mail");
                }
                Ok::<_, DbError>(ours.then_some(mail))
            })
            .await
    }

    /// The finished mail; a fault, a panic and a page that never ends are all reasons to send it as it is.
    async fn set(&self, Unset { says, letter }: Unset) -> Result<Vec<u8>, String> {
        let setting = self.documents.letter(Owner::Mail, &says);
        match tokio::time::timeout(SETTING, setting).await {
            Ok(Ok(paper)) => enclosure::enclose(&letter, &paper)
                .ok_or_else(|| "the mail has no place for it".to_owned()),
            Ok(Err(fault)) => Err(fault.to_string()),
            Err(_) => Err(format!("not done within {} seconds", SETTING.as_secs())),
        }
    }

    /// Sends in a task of its own, so that not even a panic in there ends the worker.
    async fn send(&self, mail: Claimed) -> SendOutcome {
        let transport = Arc::clone(&self.transport);
        tokio::spawn(async move { transport.send(&mail).await })
            .await
            .unwrap_or_else(|error| SendOutcome::Transient {
                code: None,
                reason: format!("the try ended by itself: {error}"),
            })
    }

    /// Deletes content after its retention, and makes due what a clock that was ahead had put off; returns how many
    /// mails
    /// were deleted.
    pub async fn tidy(&self) -> Result<usize, DbError> {
        let now = self.clock.now();
        let before = now.plus(-self.keep_days * 86_400);
        let (wiped, hurried) = self
            .db
            .write(move |connection| {
                inbox::wipe(connection, before, now)?;
                let hurried = outbox::reschedule(connection, now)?;
                Ok::<_, DbError>((outbox::wipe(connection, before, now)?, hurried))
            })
            .await?;
        if hurried > 0 {
            tracing::warn!(
                mails = hurried,
                "mail had been put off by a clock that was ahead"
            );
        }
        if wiped > 0 {
            tracing::info!(mails = wiped, "wiped the content of old mail");
        }
        Ok(wiped)
    }

    /// Until the next mail is due, but not longer than [`POLL`].
    async fn pause(&self) -> Duration {
        let now = self.clock.now();
        let due = self
            .db
            .read(|connection| Ok::<_, DbError>(outbox::next_due(connection)?))
            .await;
        match due {
            Ok(Some(due)) => {
                let seconds = due.seconds().saturating_sub(now.seconds()).max(1);
                Duration::from_secs(u64::try_from(seconds).unwrap_or(1)).min(POLL)
            }
            _ => POLL,
        }
    }
}

/// Leases up to `free` mails that are due.
fn next(
    connection: &mut Conn,
    owner: &str,
    free: usize,
    now: Moment,
) -> Result<Vec<Claimed>, DbError> {
    let mut leased = Vec::new();
    if free == 0 {
        return Ok(leased);
    }
    outbox::expire(connection, now)?;
    while leased.len() < free {
        let claimed = match outbox::claim(connection, owner, now)? {
            None if outbox::probe(connection, now)? => outbox::claim(connection, owner, now)?,
            claimed => claimed,
        };
        let Some(mail) = claimed else { break };
        leased.push(mail);
    }
    Ok(leased)
}

fn record(
    connection: &mut Conn,
    mail: &Claimed,
    outcome: &SendOutcome,
    now: Moment,
) -> Result<bool, DbError> {
    Ok(match outcome {
        SendOutcome::Sent { code } => outbox::sent(connection, mail, *code, now),
        SendOutcome::Transient { code, reason } => {
            outbox::retry_later(connection, mail, *code, reason, now)
        }
        SendOutcome::Permanent { code, reason } => outbox::failed(connection, mail, *code, reason),
        SendOutcome::Configuration { code, reason } => {
            outbox::hold_queue(connection, mail, *code, reason, now)
        }
    }?)
}

/// Into the log, which masks addresses: relays like to repeat them.
fn report(mail: &Claimed, outcome: &SendOutcome) {
    let (id, attempt) = (mail.id, mail.attempts);
    match outcome {
        SendOutcome::Sent { .. } => tracing::info!(mail = %id, attempt, "mail sent"),
        SendOutcome::Transient { reason, .. } => {
            tracing::warn!(mail = %id, attempt, reason, "mail will be tried again");
        }
        SendOutcome::Permanent { reason, .. } => {
            tracing::error!(mail = %id, attempt, reason, "mail failed");
        }
        SendOutcome::Configuration { reason, .. } => {
            tracing::error!(mail = %id, reason, "mail is held until the configuration is corrected");
        }
    }
}
