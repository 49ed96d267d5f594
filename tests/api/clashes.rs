//! Pairs of requests of which only one can be granted, from fifty programs at once: on PostgreSQL through two servers.
//!
//! `IIKURA_TEST_PAIRS` says how many pairs; 2,000 is the whole trial.
#![expect(clippy::print_stdout, reason = "a trial says what it measured")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Barrier;
use std::time::Instant;

use iikura::auth::token::{self, TokenScope};
use iikura::core::text::TextLine;
use iikura::core::time::Moment;
use iikura::core::user::{Actor, EventRole};
use iikura::server::Error;
use iikura::store::audit::chain;
use serde_json::{Value, json};

use crate::program::{JSON, Program, Reply};
use support::both::Scratch;
use support::meeting::{OFFICER, import};
use support::server::{START, Server};

const CLIENTS: usize = 50;
/// Pairs of rooms, each with a delegation: what one pair of requests fights over is nobody else's.
const LANES: usize = 25;
/// Half hours of a day.
const TIMES: usize = 48;
const SLOTS: &str = "/api/v1/events/trial/slots";

#[test]
fn one_of_two_clashing_bookings_wins_on_sqlite() {
    trial(&Scratch::sqlite(), 1);
}

#[cfg(feature = "postgres")]
#[test]
fn one_of_two_clashing_bookings_wins_on_postgres() {
    trial(&Scratch::postgres(), 2);
}

fn event() -> String {
    let days: Vec<String> = (1..=20)
        .map(|day| format!("\"2030-06-{day:02}\""))
        .collect();
    let mut source = format!(
        "[meeting]\nslug = \"trial\"\nname = \"Trial\"\nvenue = \"House\"\ntime_zone = \"Asia/Tokyo\"\n\
         opens = \"00:00\"\ncloses = \"24:00\"\nminimum_gap_minutes = 0\ndays = [{}]\n",
        days.join(",")
    );
    for room in 0..2 * LANES {
        write!(
            source,
            "[[rooms]]\ncode = \"r{room}\"\nname = \"Room {room}\"\ncapacity = 40\n"
        )
        .unwrap();
    }
    for party in 0..LANES {
        write!(
            source,
            "[[parties]]\ncode = \"D{party}\"\nname = \"Party {party}\"\nrole = \"{}\"\nhead = \"Head\"\n\
             precedence = {party}\ntime_zone = \"Asia/Tokyo\"\nparty_size = 4\n",
            if party == 0 { "chair" } else { "guest" }
        )
        .unwrap();
    }
    source
}

/// The lane of a pair of clients, at a half hour of its own; on the first ten days, or where slots wait to be moved.
fn wish(pair: usize, room: usize, party: Option<usize>, waiting: bool) -> Value {
    let (lane, step) = (pair % LANES, pair / LANES);
    let day = 1 + step / TIMES + if waiting { 10 } else { 0 };
    let (hour, minute) = (step % TIMES / 2, step % TIMES % 2 * 30);
    json!({
        "kind": "other",
        "title": format!("Pair {pair}"),
        "room": format!("r{}", 2 * lane + room),
        "starts_at": format!("2030-06-{day:02}T{hour:02}:{minute:02}:00+09:00"),
        "ends_at": format!("2030-06-{day:02}T{hour:02}:{:02}:00+09:00", minute + 20),
        "delegations": party.map(|_| format!("D{lane}")).into_iter().collect::<Vec<_>>(),
        "interpreters": [],
    })
}

/// What stands there before a pair fights over it: the address of each side's slot.
fn prepare(program: &Program, pair: usize) -> [String; 2] {
    let book = |wish: &Value| {
        let reply = program.post(SLOTS, wish);
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.header("location").to_owned()
    };
    match pair % 4 {
        2 => [0, 1].map(|side| book(&wish(pair, side, None, true))),
        3 => {
            let slot = book(&wish(pair, 0, Some(0), false));
            [slot.clone(), slot]
        }
        _ => [String::new(), String::new()],
    }
}

/// Both want one room, both want one delegation, both move into one gap, or one confirms what the other cancels.
fn fight(program: &Program, pair: usize, side: usize, slot: &str) -> Reply {
    let seen = [JSON, ("if-match", "\"1\"")];
    match (pair % 4, side) {
        (0, _) => program.post(SLOTS, &wish(pair, 0, None, false)),
        (1, _) => program.post(SLOTS, &wish(pair, side, Some(0), false)),
        (2, _) => {
            let there = wish(pair, 0, None, false);
            let move_there = json!({
                "room": there["room"], "starts_at": there["starts_at"], "ends_at": there["ends_at"],
            });
            program.send("PATCH", slot, &seen, &move_there.to_string())
        }
        (_, 0) => program.send("POST", &format!("{slot}/confirmation"), &seen, "{}"),
        _ => program.send("DELETE", slot, &seen[1..], ""),
    }
}

fn trial(scratch: &Scratch, servers: usize) {
    let pairs = std::env::var("IIKURA_TEST_PAIRS").map_or(100, |pairs| pairs.parse().unwrap());
    assert!(
        pairs <= LANES * TIMES * 10,
        "more than the event has room for"
    );
    let servers: Vec<Server> = (0..servers)
        .map(|_| Server::start_on(scratch.url(), &[]))
        .collect();
    let event = import(&servers[0].db, &event());
    let user = servers[0].user(OFFICER, "Officer", false, &[(event, EventRole::Officer)]);
    let tokens: Vec<String> = (0..CLIENTS)
        .map(|client| {
            let made = servers[0].db.write_here(|conn| {
                let name = TextLine::parse(&format!("client {client}")).unwrap();
                let now = Moment::from_seconds(START);
                Ok::<_, Error>(token::make(
                    conn,
                    user,
                    &name,
                    TokenScope::Write,
                    &Actor::command_line(),
                    now,
                )?)
            });
            made.unwrap().reveal().to_owned()
        })
        .collect();
    let began = Instant::now();
    let outcomes: Vec<(usize, u16, u128)> = std::thread::scope(|scope| {
        let couples: Vec<_> = (0..LANES)
            .map(|lane| {
                let (servers, tokens) = (&servers, &tokens);
                scope.spawn(move || couple(lane, pairs, servers, tokens))
            })
            .collect();
        couples
            .into_iter()
            .flat_map(|couple| couple.join().unwrap())
            .collect()
    });
    let wall = began.elapsed();
    judge(pairs, &outcomes);
    let server = &servers[0];
    for (fault, query) in FAULTS {
        assert_eq!(server.count(query), 0, "{fault}");
    }
    let chains = server.db.read_here(|conn| {
        chain::verify(conn, &[]).map_err(|broken| Error::internal(broken.to_string()))
    });
    assert_eq!(chains.unwrap().len(), 2);
    let mut times: Vec<u128> = outcomes.iter().map(|(_, _, micros)| *micros).collect();
    times.sort_unstable();
    println!(
        "{pairs} pairs, {CLIENTS} clients, {} server(s): {:.1} s, p50 {} ms, p99 {} ms, slowest {} ms",
        servers.len(),
        wall.as_secs_f64(),
        times[times.len() / 2] / 1000,
        times[times.len() * 99 / 100] / 1000,
        times[times.len() - 1] / 1000,
    );
}

/// Two clients who ask at the same moment, again and again, each through a server of their own if there are two.
fn couple(
    lane: usize,
    pairs: usize,
    servers: &[Server],
    tokens: &[String],
) -> Vec<(usize, u16, u128)> {
    let sides = [0, 1].map(|side| {
        Program::with(
            &servers[side % servers.len()],
            Some(&tokens[2 * lane + side]),
        )
    });
    let barrier = Barrier::new(2);
    let mut outcomes = Vec::new();
    for pair in (lane..pairs).step_by(LANES) {
        let slots = prepare(&sides[0], pair);
        let both: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = [0, 1]
                .map(|side| {
                    let (program, slot, barrier) = (&sides[side], &slots[side], &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        let began = Instant::now();
                        let reply = fight(program, pair, side, slot);
                        (reply.status, began.elapsed().as_micros())
                    })
                })
                .into_iter()
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        outcomes.extend(
            both.into_iter()
                .map(|(status, micros)| (pair, status, micros)),
        );
    }
    outcomes
}

/// One of each pair was granted, and the other was refused in words.
fn judge(pairs: usize, outcomes: &[(usize, u16, u128)]) {
    let mut by_pair: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
    for (pair, status, _) in outcomes {
        by_pair.entry(*pair).or_default().push(*status);
    }
    assert_eq!(by_pair.len(), pairs);
    for (pair, statuses) in by_pair {
        let granted = statuses.iter().filter(|status| **status < 300).count();
        let refused = statuses
            .iter()
            .filter(|status| [404, 409, 412].contains(*status))
            .count();
        assert_eq!((granted, refused), (1, 1), "pair {pair}: {statuses:?}");
    }
}

/// Each blocked rule once more, in SQL that knows nothing of the program.
const FAULTS: [(&str, &str); 5] = [
    (
        "a principal, room or interpreter in two slots at once",
        "SELECT count(*) AS count FROM occupancy a JOIN occupancy b ON a.resource_id = b.resource_id AND a.slot_id < b.slot_id \
         JOIN slots s ON s.id = a.slot_id JOIN slots t ON t.id = b.slot_id \
         WHERE s.state IN ('tentative', 'confirmed') AND t.state IN ('tentative', 'confirmed') \
           AND s.starts_at < t.ends_at AND t.starts_at < s.ends_at",
    ),
    (
        "times that are copied wrongly",
        "SELECT count(*) AS count FROM occupancy o JOIN slots s ON s.id = o.slot_id \
         WHERE o.starts_at <> s.starts_at OR o.ends_at <> s.ends_at OR o.event_id <> s.event_id \
           OR o.holds <> (s.state IN ('tentative', 'confirmed'))",
    ),
    (
        "an end that is not after its start, or off the grid",
        "SELECT count(*) AS count FROM slots WHERE ends_at <= starts_at OR starts_at % 5 <> 0 OR ends_at % 5 <> 0",
    ),
    (
        "a slot on no day of the event",
        // Tokyo is nine hours ahead: 1 June 2030 begins there at minute 31,774,500.
        "SELECT count(*) AS count FROM slots WHERE starts_at < 31774500 OR ends_at > 31774500 + 20 * 1440",
    ),
    (
        "a room, delegation or interpreter of another event",
        "SELECT count(*) AS count FROM occupancy o JOIN resources r ON r.id = o.resource_id WHERE r.event_id <> o.event_id",
    ),
];
