//! Bookings through the rules beside bare transactions of the same rows on the same SQLite: per second, in one run.
//!
//! `cargo bench --bench booking`. "Bare" raises the revision and inserts slot, occupancy and history rows through
//! Diesel, without reading or judging anything; both commit to disk (`synchronous=FULL`).
//! Run as a test, it goes through once, so that it cannot fall behind what it measures.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so by ending"
)]

use std::fmt::Write as _;
use std::time::Instant as Stopwatch;

use diesel::prelude::*;
use iikura::change::booking::{self, BookingError};
use iikura::change::event_file;
use iikura::core::event::EventId;
use iikura::core::programme::Programme;
use iikura::core::record::SlotRecord;
use iikura::core::rule::Reasons;
use iikura::core::slot::{Placement, Resource, Slot, SlotDetails, SlotId, SlotKind, SlotState};
use iikura::core::text::Email;
use iikura::core::time::ClockTime;
use iikura::core::time::interval::Interval;
use iikura::core::user::Actor;
use iikura::db::schema::{audit, events, occupancy, slots};
use iikura::db::{Conn, DatabaseUrl, Db, DbError};
use iikura::mail::MailContext;
use iikura::runtime::clock::Clock;
use iikura::runtime::random::fresh_id;
use iikura::store::private_link::address::{LinkKey, PrivateLinks};
use iikura::store::programme_cache::ProgrammeCache;
use support::fixture::content;
use support::rounds;

/// Days, rooms and slots a room and day: together as many bookings as one round makes.
const DAYS: u32 = 5;
const ROOMS: usize = 10;
const PER_DAY: u16 = 20;

fn main() {
    let rounds = rounds::of(5);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        theirs.push(round(bare));
        ours.push(round(through_the_rules));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let bookings = DAYS as usize * ROOMS * usize::from(PER_DAY);
    println!("{bookings} bookings of a room and two delegations, median of {rounds} rounds");
    println!("  bare transactions   {theirs:>9.0} bookings/s");
    println!("  iikura              {ours:>9.0} bookings/s");
    println!("  ratio               {:>9.2}", ours / theirs);
}

type Book = fn(&Bench, &mut Conn, &SlotDetails);

/// One event on one fresh database.
struct Bench {
    live: ProgrammeCache,
    event: EventId,
    actor: Actor,
    clock: Clock,
    post: MailContext,
    programme: std::sync::Arc<Programme>,
}

fn round(book: Book) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&DatabaseUrl::Sqlite(
        folder.path().join("bench.db").display().to_string(),
    ))
    .unwrap();
    db.migrate().unwrap();
    db.write_here(|conn| {
        let bench = prepare(conn);
        let wanted = wanted(&bench.programme);
        let count = f64::from(u32::try_from(wanted.len()).unwrap());
        let began = Stopwatch::now();
        for details in &wanted {
            book(&bench, conn, details);
        }
        Ok::<_, DbError>(count / began.elapsed().as_secs_f64())
    })
    .unwrap()
}

fn prepare(conn: &mut Conn) -> Bench {
    let mut source = String::from(
        "[meeting]\nslug = \"bench\"\nname = \"Bench\"\nvenue = \"House\"\ntime_zone = \"Asia/Tokyo\"\n\
         opens = \"08:00\"\ncloses = \"20:00\"\ndays = [",
    );
    for day in 1..=DAYS {
        write!(source, "\"2030-06-{day:02}\",").unwrap();
    }
    source.push_str("]\n");
    for room in 0..ROOMS {
        write!(source, "[[rooms]]\ncode = \"r{room}\"\nname = \"Room {room}\"\ncapacity = 20\nturnaround_minutes = 5\n").unwrap();
    }
    for party in 0..2 * ROOMS {
        let role = if party == 0 { "chair" } else { "guest" };
        write!(
            source,
            "[[parties]]\ncode = \"P{party}\"\nname = \"Party {party}\"\nrole = \"{role}\"\nhead = \"Head {party}\"\n\
             precedence = {party}\ntime_zone = \"Asia/Almaty\"\nparty_size = 6\n"
        )
        .unwrap();
    }
    let (live, actor, clock) = (
        ProgrammeCache::default(),
        Actor::command_line(),
        Clock::system(),
    );
    let from = Email::parse("protocol@iikura.example").unwrap();
    let event = event_file::import(conn, &live, &source, &from, &actor, clock.now())
        .unwrap()
        .event;
    let programme = live.programme(conn, event).unwrap().unwrap();
    Bench {
        live,
        event,
        actor,
        clock,
        post: MailContext::new(
            from,
            None,
            PrivateLinks::new(LinkKey::draw(), "https://iikura.example"),
        ),
        programme,
    }
}

/// Bookings that never meet: each room has two delegations of its own.
fn wanted(programme: &Programme) -> Vec<SlotDetails> {
    let event = &programme.event;
    let mut wanted = Vec::new();
    for day in &event.days {
        for slot in 0..PER_DAY {
            let start = event
                .time_zone
                .instant(day.date, ClockTime::from_minutes(480 + slot * 35))
                .unwrap();
            for (index, room) in programme.rooms.iter().enumerate() {
                let parties = &programme.delegations[2 * index..2 * index + 2];
                let parties: Vec<_> = parties.iter().map(|party| party.id).collect();
                let title = "A bilateral of thirty minutes";
                wanted.push(SlotDetails {
                    content: content(SlotKind::Bilateral, title, &parties),
                    placement: Placement {
                        interval: Interval::new(start, start.plus(30)).unwrap(),
                        room: Some(room.id),
                    },
                    state: SlotState::Tentative,
                    fixed: false,
                });
            }
        }
    }
    wanted
}

fn through_the_rules(bench: &Bench, conn: &mut Conn, details: &SlotDetails) {
    let now = bench.clock.now();
    booking::commit(conn, &bench.live, bench.event, &bench.actor, now, |tx| {
        booking::book(tx, &bench.post, details.clone(), &Reasons::new())
    })
    .unwrap();
}

fn bare(bench: &Bench, conn: &mut Conn, details: &SlotDetails) {
    let now = bench.clock.now();
    let slot = Slot {
        id: SlotId(fresh_id()),
        details: details.clone(),
        version: 1,
        sequence: 0,
        moves: 1,
    };
    let after = serde_json::to_string(&SlotRecord::of(&bench.programme, &slot)).unwrap();
    conn.transaction::<_, BookingError, _>(|conn| {
        let revision: i64 = diesel::update(events::table.find(bench.event))
            .set(events::revision.eq(events::revision + 1))
            .returning(events::revision)
            .get_result(conn)?;
        insert_slot(conn, bench, &slot, now)?;
        diesel::insert_into(audit::table)
            .values((
                audit::at.eq(now),
                audit::event_id.eq(bench.event),
                audit::revision.eq(revision),
                audit::actor.eq(&bench.actor.name),
                audit::action.eq("slot.booked"),
                audit::subject_id.eq(slot.id.0),
                audit::subject.eq(slot.title().as_str()),
                audit::after_json.eq(after),
            ))
            .execute(conn)?;
        Ok(())
    })
    .unwrap();
}

fn insert_slot(
    conn: &mut Conn,
    bench: &Bench,
    slot: &Slot,
    now: iikura::core::time::Moment,
) -> QueryResult<()> {
    let (starts, ends) = (slot.interval().start(), slot.interval().end());
    diesel::insert_into(slots::table)
        .values((
            slots::id.eq(slot.id),
            slots::event_id.eq(bench.event),
            slots::kind.eq("bilateral"),
            slots::title.eq(slot.title().as_str()),
            slots::note.eq(""),
            slots::starts_at.eq(starts),
            slots::ends_at.eq(ends),
            slots::state.eq("tentative"),
            slots::holds.eq(true),
            slots::interpretation_wanted.eq(false),
            slots::version.eq(1),
            slots::sequence.eq(0),
            slots::placement.eq(1),
            slots::created_at.eq(now),
            slots::updated_at.eq(now),
        ))
        .execute(conn)?;
    for resource in slot.details.resources() {
        let (id, kind, turnaround) = match resource {
            Resource::Delegation(id) => (id.0, "delegation", 0),
            Resource::Room(id) => (id.0, "room", 5),
            Resource::Interpreter(id) => (id.0, "interpreter", 0),
        };
        diesel::insert_into(occupancy::table)
            .values((
                occupancy::slot_id.eq(slot.id),
                occupancy::resource_id.eq(id),
                occupancy::event_id.eq(bench.event),
                occupancy::kind.eq(kind),
                occupancy::starts_at.eq(starts),
                occupancy::ends_at.eq(ends),
                occupancy::holds.eq(true),
                occupancy::turnaround_minutes.eq(turnaround),
                occupancy::turnaround_waived.eq(false),
            ))
            .execute(conn)?;
    }
    Ok(())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
