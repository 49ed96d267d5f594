//! A database with one event, one slot and the delegation of Kazakhstan; a clock that stands still until it is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use iikura::core::delegation::{Delegation, DelegationId};
use iikura::core::event::{Event, EventId};
use iikura::core::notice::{Method, News, Told};
use iikura::core::slot::{SlotId, SlotKind};
use iikura::core::text::Email;
use iikura::core::time::{Instant, Moment};
use iikura::db::{Conn, DbError, connect};
use iikura::mail::outbox::{self, Enqueued, Mail, MailId, MailState, NewMail};
use iikura::mail::transport::Transport;
use iikura::mail::worker::{Worker, WorkerSignal};
use iikura::mail::{Invitation, Letter, Piece, ReaderKnowledge};
use iikura::runtime::clock::Clock;

use support::both::Scratch;
use support::{fixture, sample, sql};

pub const EVENT: EventId = EventId(1);
pub const KAZAKHSTAN: DelegationId = DelegationId(2);
pub const SLOT: SlotId = SlotId(7);
pub const RAW: &str =
    "Subject: Confirmed\r\n\r\nDear Liaison desk,\r\n.a line with a dot\r\n..\r\n";

/// 21 December 2022, 09:00 in Tokyo.
pub const NOW: Moment = Moment::from_seconds(1_671_580_800);
/// 24 December 2022, 17:20 in Tokyo.
pub const SLOT_STARTS: Instant = Instant::from_minutes(27_864_500);

pub struct TestEvent {
    pub db: Scratch,
    now: Arc<AtomicI64>,
}

/// One house on each database.
pub fn houses() -> Vec<TestEvent> {
    Scratch::each()
        .into_iter()
        .map(TestEvent::furnish)
        .collect()
}

impl TestEvent {
    pub fn sqlite() -> Self {
        Self::furnish(Scratch::sqlite())
    }

    fn furnish(db: Scratch) -> Self {
        let db = db.migrated();
        let sql = [
            sql::event(EVENT.0, "ca-jad-9"),
            sql::resource(KAZAKHSTAN.0, EVENT.0, "delegation", 0),
            sql::delegation(KAZAKHSTAN.0, EVENT.0, "Kazakhstan", "guest"),
            insert_slot(SLOT),
        ]
        .concat();
        let mut conn = connect(&db.url().parse().unwrap()).unwrap();
        conn.batch_execute(&sql).unwrap();
        Self {
            db,
            now: Arc::new(AtomicI64::new(NOW.seconds())),
        }
    }

    pub fn write<T>(&self, work: impl FnOnce(&mut Conn) -> QueryResult<T>) -> T {
        self.db
            .write_here(|connection| Ok::<_, DbError>(work(connection)?))
            .unwrap()
    }

    pub fn enqueue(&self, mail: &NewMail<'_>) -> Enqueued {
        self.write(|connection| {
            connection.transaction(|connection| {
                // As every booking does: a transaction that begins by reading may find the database locked.
                diesel::sql_query("UPDATE events SET revision = revision + 1")
                    .execute(connection)?;
                outbox::enqueue(connection, mail)
            })
        })
    }

    pub fn post(&self, letter: &Letter<'_>) -> Enqueued {
        self.db
            .write_here(|connection| {
                Ok::<_, DbError>(outbox::post(connection, letter, SLOT).unwrap())
            })
            .unwrap()
    }

    /// The next mail, in a worker's hand.
    pub fn claimed(&self) -> outbox::Claimed {
        let now = self.now();
        self.write(|connection| outbox::claim(connection, "worker", now))
            .unwrap()
    }

    pub fn mail(&self, id: MailId) -> Mail {
        self.write(|connection| outbox::get(connection, id))
            .unwrap()
    }

    pub fn state(&self, id: MailId) -> MailState {
        self.mail(id).summary.state.0
    }

    pub fn now(&self) -> Moment {
        Moment::from_seconds(self.now.load(Ordering::SeqCst))
    }

    pub fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Clock::from_fn(move || Moment::from_seconds(now.load(Ordering::SeqCst)))
    }

    pub fn worker(&self, transport: &Transport) -> Worker {
        self.worker_with(transport, WorkerSignal::default())
    }

    /// A worker with a pool of its own, as another process would have.
    pub fn worker_of_another_process(&self, transport: &Transport, bell: WorkerSignal) -> Worker {
        let db = self.db.another_process();
        Worker::new(db, transport.clone(), self.clock(), bell)
    }

    /// How many mails wait, without standing in anybody's way.
    pub fn counts(&self) -> outbox::OutboxCounts {
        self.db
            .read_here(|connection| Ok::<_, DbError>(outbox::counts(connection, None)?))
            .unwrap()
    }

    /// One more slot, like the first.
    pub fn another_slot(&self, id: i64) {
        let sql = insert_slot(SlotId(id));
        self.write(|connection| diesel::sql_query(sql).execute(connection));
    }

    pub fn worker_with(&self, transport: &Transport, bell: WorkerSignal) -> Worker {
        Worker::new(self.db.clone(), transport.clone(), self.clock(), bell)
    }
}

fn insert_slot(id: SlotId) -> String {
    let starts = SLOT_STARTS.minutes();
    sql::slot(id.0, EVENT.0, (starts, starts + 30), "confirmed")
}

/// A mail about the slot; each sequence has a Message-ID of its own.
pub fn new_mail(sequence: i32, method: Method) -> NewMail<'static> {
    NewMail {
        event: EVENT,
        slot: SLOT,
        delegation: KAZAKHSTAN,
        uid: "4f1c@iikura.example",
        sequence,
        method,
        repeat: false,
        recipient: "kz@delegations.example",
        recipient_name: "Liaison desk",
        envelope_from: "noreply@iikura.example",
        message_id: Box::leak(
            format!(
                "<{sequence}.{}@iikura.example>",
                iikura::runtime::random::fresh_id()
            )
            .into_boxed_str(),
        ),
        subject: "Confirmed",
        raw: RAW.as_bytes(),
        written_at: NOW,
        slot_starts: SLOT_STARTS,
    }
}

pub fn told(minutes_later: i32) -> Told {
    let starts = SLOT_STARTS.minutes() + minutes_later;
    Told {
        title: "Japan–Kazakhstan".into(),
        kind: SlotKind::Bilateral.into(),
        format: iikura::core::slot::MeetingFormat::default(),
        starts,
        ends: starts + 30,
        room: Some("Salon".into()),
        delegations: vec!["Japan".into(), "Kazakhstan".into()],
        event: None,
    }
}

/// What a letter borrows.
pub struct LetterData {
    pub event: Event,
    pub delegation: Delegation,
    from: Email,
}

impl LetterData {
    pub fn new() -> Self {
        let programme = sample::ninth_meeting();
        Self {
            event: Event::clone(&programme.event),
            delegation: Delegation::clone(programme.delegation(KAZAKHSTAN).unwrap()),
            from: fixture::email("noreply@iikura.example"),
        }
    }

    pub fn letter<'a>(&'a self, news: &'a News, sequence: i32) -> Letter<'a> {
        Letter {
            event: &self.event,
            delegation: &self.delegation,
            contact: &self.delegation.contacts[0],
            from: &self.from,
            bounces: None,
            news: vec![Piece {
                news,
                standing: ReaderKnowledge::UpToDate,
                answer: None,
            }],
            invitation: Some(Invitation {
                uid: "4f1c@iikura.example",
                organizer: &self.event.office.email,
                sequence,
                stamp: NOW,
            }),
            schedule: Some(&[]),
            enclosure: None,
            is_final: false,
            private_page: "https://iikura.example/d/all-of-it",
            version: 1,
            message_id: Box::leak(
                format!(
                    "<{sequence}.{}@iikura.example>",
                    iikura::runtime::random::fresh_id()
                )
                .into_boxed_str(),
            ),
            first_message_id: None,
            written_at: NOW,
        }
    }
}
