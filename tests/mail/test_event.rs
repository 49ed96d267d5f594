//! A database with one event, one slot and the delegation of Kazakhstan; a clock that stands still until it is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use iikura::core::delegation::{Contact, ContactId, Delegation, DelegationId, PrincipalRole};
use iikura::core::event::{Event, EventId, EventSettings, ProtocolOffice, Revision};
use iikura::core::notice::{Method, News, Told};
use iikura::core::slot::{SlotId, SlotKind};
use iikura::core::text::{Code, Email, TextLine};
use iikura::core::time::{Instant, Moment};
use iikura::db::{Conn, DbError, connect};
use iikura::mail::outbox::{self, Enqueued, Mail, MailId, MailState, NewMail};
use iikura::mail::transport::Transport;
use iikura::mail::worker::{Worker, WorkerSignal};
use iikura::mail::{Invitation, Letter, Piece, ReaderKnowledge};
use iikura::runtime::clock::Clock;

use support::both::Scratch;

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
        let sql = format!(
            "INSERT INTO events VALUES (1, 'ca-jad-9', 'Ninth meeting', '', 'Iikura House', '', 'Asia/Tokyo',
               'Protocol Office', 'protocol@iikura.example', '', 5, 5, 150, false, 40, 210, 30, 1, 0, 0);
             INSERT INTO resources VALUES (2, 1, 'delegation', 'KZ', 0);
             INSERT INTO delegations VALUES (2, 1, 'Kazakhstan', '', 'guest', 'H.E.', '', '', 1, 'Asia/Almaty', 'kk', 6);
             INSERT INTO slots (id, event_id, kind, title, note, starts_at, ends_at, state, holds, interpretation_wanted, version, sequence, placement, created_at, updated_at) VALUES (7, 1, 'bilateral', 'Bilateral', '', {start}, {start} + 30, 'confirmed', true, false, 1, 0, 1, 0, 0);",
            start = SLOT_STARTS.minutes()
        );
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
        let sql = format!(
            "INSERT INTO slots (id, event_id, kind, title, note, starts_at, ends_at, state, holds, interpretation_wanted, version, sequence, placement, created_at, updated_at) VALUES ({id}, 1, 'bilateral', 'Bilateral', '', {start}, {start} + 30, 'confirmed', true, false, 1, 0, 1, 0, 0)",
            start = SLOT_STARTS.minutes()
        );
        self.write(|connection| diesel::sql_query(sql).execute(connection));
    }

    pub fn worker_with(&self, transport: &Transport, bell: WorkerSignal) -> Worker {
        Worker::new(self.db.clone(), transport.clone(), self.clock(), bell)
    }
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
        let line = |text: &str| TextLine::parse(text).unwrap();
        let email = |text: &str| Email::parse(text).unwrap();
        Self {
            event: Event {
                id: EVENT,
                slug: Code::parse("ca-jad-9").unwrap(),
                name: line("Ninth meeting"),
                name_ja: String::new(),
                venue: line("Iikura House"),
                venue_ja: "飯倉公館".into(),
                time_zone: "Asia/Tokyo".parse().unwrap(),
                office: ProtocolOffice {
                    name: line("Protocol Office"),
                    email: email("protocol@iikura.example"),
                    phone: String::new(),
                },
                days: Vec::new(),
                settings: EventSettings::default(),
                revision: Revision(1),
            },
            delegation: Delegation {
                id: KAZAKHSTAN,
                code: Code::parse("KZ").unwrap(),
                name: line("Kazakhstan"),
                name_ja: "カザフスタン".into(),
                role: PrincipalRole::Guest,
                principal: line("H.E. Mr. Mukhtar TILEUBERDI"),
                principal_ja: String::new(),
                principal_title: String::new(),
                precedence: 1,
                time_zone: "Asia/Almaty".parse().unwrap(),
                languages: vec!["kk".into()],
                party_size: 6,
                contacts: vec![Contact {
                    id: ContactId(1),
                    name: line("Liaison desk"),
                    email: email("kz@delegations.example"),
                    phone: String::new(),
                    language: "en".into(),
                    letters_only: false,
                }],
                presence: Vec::new(),
            },
            from: email("noreply@iikura.example"),
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
