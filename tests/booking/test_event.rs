//! The ninth meeting in a database, without a server before it.

use diesel::RunQueryDsl;
use iikura::change::booking::{self, BookingError};
use iikura::change::event_file::{EventImportError, ImportedEvent};
use iikura::cli::demo::NINTH_MEETING;
use iikura::core::event::EventId;
use iikura::core::programme::Programme;
use iikura::core::rule::{Reason, Reasons, Rule};
use iikura::core::slot::{Placement, Slot, SlotDetails, SlotKind, SlotState};
use iikura::core::text::Email;
use iikura::core::time::interval::Interval;
use iikura::core::time::{Moment, parse_date};
use iikura::core::user::Actor;
use iikura::db::{Conn, Db, DbError};
use iikura::mail::MailContext;
use iikura::store::private_link::address::{LinkKey, PrivateLinks};
use iikura::store::programme::read_programme;
use iikura::store::programme_cache::ProgrammeCache;
use iikura::store::transaction::EventTx;
use support::fixture::content;
use support::meeting;

pub const NOW: Moment = Moment::from_seconds(1_671_526_800);

pub struct TestEvent<'d> {
    pub db: &'d Db,
    pub live: ProgrammeCache,
    pub event: EventId,
}

impl<'d> TestEvent<'d> {
    pub fn of(db: &'d Db) -> Self {
        let imported = import(db, NINTH_MEETING).unwrap();
        Self {
            db,
            live: ProgrammeCache::default(),
            event: imported.event,
        }
    }

    /// The ninth meeting in a database that is still empty.
    pub fn of_empty(db: &'d Db) -> Self {
        db.migrate().unwrap();
        Self::of(db)
    }

    /// An event that is there already.
    pub fn at(db: &'d Db, event: EventId) -> Self {
        Self {
            db,
            live: ProgrammeCache::default(),
            event,
        }
    }

    /// Counts the rows of a table.
    pub fn count(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) AS count FROM {table}");
        let count: iikura::db::Count =
            self.read(|conn| Ok(diesel::sql_query(query).get_result(conn)?));
        count.count
    }

    /// Runs a statement as somebody at a database prompt would.
    pub fn sql(&self, statement: &str) {
        self.db
            .write_here(|conn: &mut Conn| {
                Ok::<_, DbError>(diesel::sql_query(statement).execute(conn).map(drop)?)
            })
            .unwrap();
    }

    /// The same house as another server sees it.
    pub fn seen_by_another(&self, db: &'d Db) -> Self {
        Self {
            db,
            live: ProgrammeCache::default(),
            event: self.event,
        }
    }

    pub fn try_book<T>(
        &self,
        work: impl Fn(&mut EventTx<'_>, &MailContext) -> Result<T, BookingError>,
    ) -> Result<T, BookingError> {
        self.try_book_with(&mail_context(), work)
    }

    pub fn try_book_with<T>(
        &self,
        post: &MailContext,
        work: impl Fn(&mut EventTx<'_>, &MailContext) -> Result<T, BookingError>,
    ) -> Result<T, BookingError> {
        let actor = Actor {
            user: None,
            name: "Officer".to_owned(),
            way: String::new(),
        };
        let written = self.db.write_here(|conn| {
            booking::commit(conn, &self.live, self.event, &actor, NOW, |tx| {
                work(tx, post)
            })
        });
        written.map(|written| written.value)
    }

    pub fn book(&self, details: &SlotDetails) -> Result<iikura::core::slot::SlotId, BookingError> {
        self.try_book(|tx, post| booking::book(tx, post, details.clone(), &Reasons::new()))
    }

    /// The programme as this server believes it to be.
    pub fn programme(&self) -> std::sync::Arc<Programme> {
        self.read(|conn| Ok(self.live.programme(conn, self.event)?.unwrap()))
    }

    /// The programme as it is stored.
    pub fn stored(&self) -> Programme {
        self.read(|conn| Ok(read_programme(conn, self.event)?.unwrap()))
    }

    pub fn read<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T, DbError>) -> T {
        self.db.read_here(work).unwrap()
    }

    pub fn slot(&self, words: &str) -> Slot {
        let programme = self.stored();
        let slot = programme
            .slots()
            .iter()
            .find(|slot| slot.title().as_str().contains(words));
        Slot::clone(slot.unwrap())
    }

    /// A slot on the day: a room by its code, delegations by theirs.
    pub fn details(
        &self,
        (start, minutes): (&str, i32),
        room: &str,
        parties: &[&str],
    ) -> SlotDetails {
        let programme = self.programme();
        let date = parse_date("2022-12-24").unwrap();
        let start = programme
            .event
            .time_zone
            .instant(date, start.parse().unwrap())
            .unwrap();
        let parties: Vec<_> = parties
            .iter()
            .map(|code| programme.delegation_by_code(code).unwrap().id)
            .collect();
        SlotDetails {
            content: content(SlotKind::Other, "A talk", &parties),
            placement: Placement {
                interval: Interval::new(start, start.plus(minutes)).unwrap(),
                room: programme.room_by_code(room).map(|room| room.id),
            },
            state: SlotState::Tentative,
            fixed: false,
        }
    }
}

pub fn mail_context() -> MailContext {
    MailContext::new(
        Email::parse("protocol@iikura.example").unwrap(),
        None,
        PrivateLinks::new(LinkKey::draw(), "https://iikura.example"),
    )
}

pub fn import(db: &Db, source: &str) -> Result<ImportedEvent, EventImportError> {
    meeting::import_at(db, source, NOW)
}

pub fn reason(rule: Rule) -> Reasons {
    [(
        rule,
        Reason {
            text: "It is agreed".to_owned(),
            author: None,
            approved: None,
        },
    )]
    .into()
}
