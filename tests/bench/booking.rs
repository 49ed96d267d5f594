//! Bookings through the rules beside bare transactions of the same rows on the same SQLite: per second, in one run.
//!
//! `cargo bench --bench booking`. "Bare" raises the revision and inserts slot, occupancy and history rows through
//! Diesel, without reading or judging anything; both commit to disk (`synchronous=FULL`).
//! Moves of one slot among nine and among 3,000 stand beside bare commits, which raise the revision and nothing else.
//! Run as a test, it goes through once, so that it cannot fall behind what it measures.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so by ending"
)]

use std::fmt::Write as _;
use std::time::Instant as Stopwatch;

use diesel::prelude::*;
use iikura::change::booking::{self, BookingError, Notify};
use iikura::change::event_file;
use iikura::core::decision::SlotStep;
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
/// Days of the programme with 3,000 slots.
const MANY_DAYS: u32 = 15;
/// Moves, and bare commits, of one round.
const MOVES: u32 = 200;

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
    for (days, slots) in [(1, 9), (MANY_DAYS, 3000)] {
        let times: Vec<(f64, f64)> = (0..rounds).map(|_| moves(days, slots)).collect();
        let ours = median(times.iter().map(|(ours, _)| *ours).collect());
        let theirs = median(times.iter().map(|(_, theirs)| *theirs).collect());
        println!("{MOVES} moves of one of {slots} slots, median of {rounds} rounds");
        println!("  bare commit         {:>9.3} ms", theirs * 1000.0);
        println!("  iikura              {:>9.3} ms", ours * 1000.0);
        println!("  ratio               {:>9.2}", ours / theirs);
    }
}

/// Seconds that a move takes, and a bare commit.
fn moves(days: u32, slots: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.db").display().to_string();
    let db = Db::open(&DatabaseUrl::Sqlite(path)).unwrap();
    db.migrate().unwrap();
    db.write_here(|conn| {
        let bench = prepare(conn, days);
        let wanted = wanted(&bench.programme);
        for details in &wanted[..slots] {
            through_the_rules(&bench, conn, details);
        }
        let programme = bench.live.programme(conn, bench.event).unwrap().unwrap();
        // The last in its room on that day: there is time after it.
        let moved = programme.slots().last().unwrap().id;
        let began = Stopwatch::now();
        for _ in 0..MOVES {
            let set = events::revision.eq(events::revision + 1);
            conn.transaction(|conn| diesel::update(events::table).set(set).execute(conn))
                .unwrap();
        }
        let bare = began.elapsed().as_secs_f64() / f64::from(MOVES);
        bench.live.forget(bench.event);
        let mut took = 0.0;
        for turn in 0..=MOVES {
            let programme = bench.live.programme(conn, bench.event).unwrap().unwrap();
            let slot = programme.slot(moved).unwrap();
            let by = if turn % 2 == 0 { 5 } else { -5 };
            let step = SlotStep::Place(slot.details.placement.later(by));
            let (seen, now) = ((slot.id, slot.version), bench.clock.now());
            let began = Stopwatch::now();
            booking::commit(conn, &bench.live, bench.event, &bench.actor, now, |tx| {
                booking::alter(
                    tx,
                    &bench.post,
                    seen,
                    step.clone(),
                    &Reasons::new(),
                    Notify::Later,
                )
            })
            .unwrap();
            // The first reads the programme.
            if turn > 0 {
                took += began.elapsed().as_secs_f64();
            }
        }
        Ok::<_, DbError>((took / f64::from(MOVES), bare))
    })
    .unwrap()
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
        let bench = prepare(conn, DAYS);
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

fn prepare(conn: &mut Conn, days: u32) -> Bench {
    let mut source = String::from(
        "[meeting]\nslug = \"bench\"\nname = \"Bench\"\nvenue = \"House\"\ntime_zone = \"Asia/Tokyo\"\n\
         opens = \"08:00\"\ncloses = \"20:00\"\ndays = [",
    );
    for day in 1..=days {
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
