//! The ninth meeting on a running server, with an administrator, an officer, an observer, and an officer of another
//! event.

use std::sync::Arc;

use iikura::change::event_file::{self, EventImportError, ImportedEvent};
use iikura::cli::demo::NINTH_MEETING;
use iikura::core::event::EventId;
use iikura::core::programme::Programme;
use iikura::core::slot::Slot;
use iikura::core::time::Moment;
use iikura::core::user::{Actor, EventRole};
use iikura::db::{Db, DbError};
use iikura::server::Error;
use iikura::store::programme_cache::ProgrammeCache;

use crate::both::{Place, Scratch};
use crate::fixture::email;
use crate::server::{Answer, Browser, START, Server};

pub const OFFICER: &str = "officer@protocol.example";
pub const COLLEAGUE: &str = "colleague@protocol.example";
pub const OBSERVER: &str = "observer@protocol.example";
pub const STRANGER: &str = "stranger@protocol.example";
pub const ADMIN: &str = "admin@protocol.example";

/// Another event, in a zone whose clocks change, with a room and a delegation of its own.
pub const BERLIN: &str = r#"
[meeting]
slug = "berlin"
name = "Elsewhere"
venue = "House"
time_zone = "Europe/Berlin"
days = ["2022-03-27", "2022-10-30"]
opens = "00:00"
closes = "24:00"
[[rooms]]
code = "saal"
name = "Saal"
capacity = 100
[[parties]]
code = "DE"
name = "Germany"
role = "chair"
head = "Head"
precedence = 0
time_zone = "Europe/Berlin"
party_size = 2
"#;

pub struct Meeting {
    pub server: Server,
    pub event: EventId,
    /// Last, so that the server has let go of it.
    pub place: Arc<Place>,
}

impl Meeting {
    pub fn on(scratch: &Scratch) -> Self {
        Self::with(scratch, &[])
    }

    /// On a server with more flags.
    pub fn with(scratch: &Scratch, flags: &[&str]) -> Self {
        let server = Server::start_on(scratch.url(), flags);
        let (event, berlin) = (
            import(&server.db, NINTH_MEETING),
            import(&server.db, BERLIN),
        );
        server.user(ADMIN, "Admin", true, &[]);
        server.user(
            OFFICER,
            "Officer",
            false,
            &[(event, EventRole::Officer), (berlin, EventRole::Officer)],
        );
        server.user(
            COLLEAGUE,
            "Colleague",
            false,
            &[(event, EventRole::Officer)],
        );
        server.user(OBSERVER, "Observer", false, &[(event, EventRole::Observer)]);
        server.user(STRANGER, "Stranger", false, &[(berlin, EventRole::Officer)]);
        Self {
            server,
            event,
            place: scratch.place(),
        }
    }

    pub fn officer(&self) -> Browser {
        self.server.signed_in(OFFICER)
    }

    pub fn programme(&self) -> Programme {
        let event = self.event;
        self.server
            .db
            .read_here(|conn| {
                let programme = ProgrammeCache::default().programme(conn, event)?;
                Ok::<_, Error>(Programme::clone(&programme.unwrap()))
            })
            .unwrap()
    }

    /// The one slot whose title has these words.
    pub fn slot(&self, words: &str) -> Slot {
        let programme = self.programme();
        let mut found = programme
            .slots()
            .iter()
            .filter(|slot| slot.title().as_str().contains(words));
        let slot = found.next().unwrap();
        assert!(
            found.next().is_none(),
            "one slot has “{words}” in its title"
        );
        Slot::clone(slot)
    }

    /// Everything that a refused request must leave as it was.
    pub fn rows(&self) -> Vec<i64> {
        [
            "slots",
            "occupancy",
            "overrides",
            // Signing in is written down, too, but it is no change of an event.
            "audit WHERE event_id IS NOT NULL",
            "outbox",
            "notices",
            "rooms",
            "delegations",
            "contacts",
        ]
        .iter()
        .map(|table| {
            self.server
                .count(&format!("SELECT count(*) AS count FROM {table}"))
        })
        .collect()
    }

    pub fn mails(&self) -> Vec<(String, String, i32)> {
        let event = self.event;
        let mails = self
            .server
            .db
            .read_here(|conn| Ok::<_, Error>(iikura::mail::outbox::list(conn, Some(event), 1000)?));
        let mut mails: Vec<_> = mails
            .unwrap()
            .into_iter()
            .map(|mail| {
                (
                    mail.recipient,
                    mail.method
                        .map_or("Letter".to_owned(), |method| format!("{:?}", method.0)),
                    mail.sequence,
                )
            })
            .collect();
        mails.sort();
        mails
    }
}

/// Imports an event file.
pub fn import(db: &Db, source: &str) -> EventId {
    let imported = import_at(db, source, Moment::from_seconds(START));
    imported.unwrap().event
}

/// Imports an event file at a time, or says why not.
pub fn import_at(db: &Db, source: &str, now: Moment) -> Result<ImportedEvent, EventImportError> {
    let (cache, actor) = (ProgrammeCache::default(), Actor::command_line());
    let office = email("protocol@iikura.example");
    let outcome = db.write_here(|conn| {
        let imported = event_file::import(conn, &cache, source, &office, &actor, now);
        Ok::<_, DbError>(imported)
    });
    outcome.unwrap()
}

/// A bilateral of Japan and Kazakhstan that nothing stands against: 18:30 to 19:00 in the Conference Room.
pub fn free_slot() -> Vec<(&'static str, String)> {
    [
        ("kind", "bilateral"),
        ("title", "Evening meeting"),
        ("day", "2022-12-24"),
        ("start", "18:30"),
        ("end", "19:00"),
        ("room", "conference"),
        ("delegations", "JP"),
        ("delegations", "KZ"),
        ("state", "tentative"),
        ("note", "Bring the gift"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// The same fields with one replaced.
pub fn with(
    mut fields: Vec<(&'static str, String)>,
    name: &'static str,
    value: &str,
) -> Vec<(&'static str, String)> {
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value.to_owned()));
    fields
}

/// Sends owned fields.
pub fn send(browser: &Browser, path: &str, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    browser.post(path, &fields)
}

pub const SLOTS: &str = "/events/ca-jad-9/slots";
