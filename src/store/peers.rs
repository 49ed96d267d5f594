//! The wire between servers on one PostgreSQL: LISTEN and NOTIFY.
//!
//! A version is announced inside the transaction that makes it, so that it is heard if and only if it is committed.
//! Who edits is announced by each server for itself, again and again: a server that falls silent is forgotten.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::programme_cache::ProgrammeCache;
use super::watch::Editor;
use crate::core::event::{EventId, ProgrammeVersion};
use crate::db::{Conn, Db, DbError, connect};
use crate::runtime::random::fresh_id;
use crate::store::event;

const CHANNEL: &str = "iikura";
/// How often the connection is asked what has come in: well within the second that officers are promised.
const LISTEN_EVERY: Duration = Duration::from_millis(100);
/// How often each server says again who edits there.
const REPEAT_EVERY: Duration = Duration::from_secs(20);
/// After how long without a word a server counts as gone.
const SILENCE: Duration = Duration::from_secs(65);
/// The longest pause between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Announces a version to other servers, in the transaction that makes it. Does nothing on SQLite, where there are
/// none.
pub fn announce(conn: &mut Conn, event: EventId, version: ProgrammeVersion) -> QueryResult<()> {
    if !conn.is_postgres() {
        return Ok(());
    }
    // The number by itself, and then all of it: servers of earlier releases read as far as the number.
    let payload = format!("revision {} {} {version}", event.0, version.revision);
    notify(conn, &payload)
}

fn notify(conn: &mut Conn, payload: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_notify($1, $2)")
        .bind::<Text, _>(CHANNEL)
        .bind::<Text, _>(payload)
        .execute(conn)
        .map(drop)
}

/// The thread that listens; it ends when this is dropped.
pub struct PeerListener {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl PeerListener {
    /// Listens to the other servers on the same PostgreSQL; `None` on SQLite.
    #[must_use]
    pub fn listen(db: &Db, programme_cache: &ProgrammeCache) -> Option<Self> {
        if !db.is_shared() {
            return None;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let listener = Listener {
            db: db.clone(),
            programme_cache: programme_cache.clone(),
            server: fresh_id(),
            heard: HashMap::new(),
            stop: Arc::clone(&stop),
        };
        let thread = std::thread::Builder::new()
            .name("wire".to_owned())
            .spawn(move || listener.run())
            .inspect_err(|error| tracing::error!(%error, "cannot listen to other servers"))
            .ok();
        Some(Self { stop, thread })
    }
}

impl Drop for PeerListener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Listener {
    db: Db,
    programme_cache: ProgrammeCache,
    server: i64,
    /// When each other server was last heard of.
    heard: HashMap<i64, Instant>,
    stop: Arc<AtomicBool>,
}

impl Listener {
    fn run(mut self) {
        let mut pause = LISTEN_EVERY;
        while !self.stopped() {
            match self.listen(&mut pause) {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "the connection between servers was lost; connecting again");
                }
            }
            self.rest(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Rests, but not beyond the end.
    fn rest(&self, pause: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < pause && !self.stopped() {
            std::thread::sleep(LISTEN_EVERY);
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Listens until stopped, or until the connection breaks.
    fn listen(&mut self, pause: &mut Duration) -> Result<(), DbError> {
        let mut conn = connect(self.db.url())?;
        diesel::sql_query(format!("LISTEN {CHANNEL}")).execute(&mut conn)?;
        // Versions announced while not listening.
        for event in self.programme_cache.watchers().events() {
            self.ask(&mut conn, event)?;
        }
        *pause = LISTEN_EVERY;
        let mut editing = self.programme_cache.watchers().editing_changes();
        editing.mark_changed();
        let mut repeated = Instant::now();
        while !self.stopped() {
            // Of what was announced meanwhile the last counts.
            let mut announced = HashMap::new();
            for payload in conn.notifications()? {
                if let Some((event, version)) = self.take(&payload) {
                    announced.insert(event, version);
                }
            }
            for (event, version) in announced {
                self.is_announced(&mut conn, event, version)?;
            }
            if editing.has_changed().unwrap_or(false) || repeated.elapsed() > REPEAT_EVERY {
                editing.mark_unchanged();
                repeated = Instant::now();
                self.say_who_edits(&mut conn)?;
            }
            self.forget_the_silent();
            std::thread::sleep(LISTEN_EVERY);
        }
        Ok(())
    }

    fn say_who_edits(&self, conn: &mut Conn) -> QueryResult<()> {
        for (event, editors) in self.programme_cache.watchers().editing_here() {
            let editors = serde_json::to_string(&editors).unwrap_or_default();
            notify(
                conn,
                &format!("editing {} {} {editors}", self.server, event.0),
            )?;
        }
        Ok(())
    }

    /// Sends an announced version to the watchers.
    ///
    /// A revision that is not above theirs is old news, or that of a restored database, or of a server
    /// that says no more than its number: then the database is asked.
    fn is_announced(
        &self,
        conn: &mut Conn,
        event: EventId,
        version: Option<ProgrammeVersion>,
    ) -> QueryResult<()> {
        let watchers = self.programme_cache.watchers();
        let Some(told) = watchers.version_of(event) else {
            return Ok(());
        };
        match version {
            Some(version) if version == told => Ok(()),
            Some(version) if version.revision > told.revision => {
                watchers.version_is(event, version, Instant::now());
                Ok(())
            }
            _ => self.ask(conn, event),
        }
    }

    /// Asks the database for the version of an event, and sends it to the watchers.
    fn ask(&self, conn: &mut Conn, event: EventId) -> QueryResult<()> {
        let known_at = Instant::now();
        if let Some(version) = event::version(conn, event)? {
            self.programme_cache
                .watchers()
                .version_is(event, version, known_at);
        }
        Ok(())
    }

    /// Takes in what another server says; returns the event and version that it announces, if it does.
    fn take(&mut self, payload: &str) -> Option<(EventId, Option<ProgrammeVersion>)> {
        let mut words = payload.splitn(4, ' ');
        let (kind, first, second) = (words.next()?, number(words.next())?, number(words.next())?);
        match kind {
            "revision" => {
                let version = words.next().and_then(|word| word.parse().ok());
                return Some((EventId(first), version));
            }
            "editing" if first != self.server => {
                let editors: Vec<Editor> =
                    serde_json::from_str(words.next().unwrap_or_default()).unwrap_or_default();
                self.heard.insert(first, Instant::now());
                let watchers = self.programme_cache.watchers();
                watchers.editing_elsewhere(first, EventId(second), editors);
            }
            _ => {}
        }
        None
    }

    fn forget_the_silent(&mut self) {
        let watchers = self.programme_cache.watchers();
        self.heard.retain(|server, at| {
            let speaks = at.elapsed() < SILENCE;
            if !speaks {
                watchers.forget_server(*server);
            }
            speaks
        });
    }
}

fn number(word: Option<&str>) -> Option<i64> {
    word?.parse().ok()
}
