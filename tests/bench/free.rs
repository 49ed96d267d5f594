//! Free times and conflicts of a high-level week, each beside a brute force that finds the same, in one run.
//!
//! `cargo bench --bench free`. The search is measured beside trying each start with each room and each interpreter by
//! the rules; the check of everything beside comparing every slot with every other.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so by ending"
)]

use std::hint::black_box;
use std::time::{Duration, Instant as Stopwatch};

use iikura::event::programme::{Programme, Resource};
use iikura::interpreter::{InterpreterId, LanguagePair};
use iikura::slot::free::{Offer, Place, Wish, search};
use iikura::slot::interval::Interval;
use iikura::slot::rules::{Candidate, Finding, Level, Rule, check_all, obstacles};
use iikura::slot::{Kind, Slot, SlotId};

#[path = "../support/week.rs"]
mod week;

const ROUNDS: usize = 5;
/// Two delegations, any room for so many, for so long, with an interpreter.
const PEOPLE: i32 = 16;
const MINUTES: i32 = 30;

fn main() {
    let programme = week::programme();
    println!(
        "{} delegations, {} rooms, {} slots in {} days; median of {ROUNDS} rounds",
        programme.delegations.len(),
        programme.rooms.len(),
        programme.slots().len(),
        programme.event.days.len(),
    );
    let wish = wish(&programme);
    let found = compare(
        "free times of two delegations in five days, any of the rooms, any interpreter en–fr",
        "each start × room × interpreter",
        || search(&programme, &wish).offers,
        || tried(&programme, &wish),
    );
    println!("  free starts         {:>12}", found.len());
    let found = compare(
        "every double booking, turnaround and transfer among the week's slots",
        "every slot with every other",
        || pairwise(&programme),
        || all_pairs(&programme),
    );
    println!("  conflicts           {:>12}", found.len());
    let whole = median(
        (0..ROUNDS)
            .map(|_| timed(|| check_all(&programme)).1)
            .collect(),
    );
    println!("  every rule at once  {whole:>12.3?}");
}

/// Measures both in turn and returns what both found.
fn compare<T: PartialEq + std::fmt::Debug>(
    what: &str,
    brute: &str,
    ours: impl Fn() -> T,
    theirs: impl Fn() -> T,
) -> T {
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    let mut found = None;
    for _ in 0..ROUNDS {
        let (by_trying, took) = timed(&theirs);
        slow.push(took);
        let (by_search, took) = timed(&ours);
        fast.push(took);
        assert_eq!(by_search, by_trying, "both find the same");
        found = Some(by_search);
    }
    let (fast, slow) = (median(fast), median(slow));
    println!("{what}");
    println!("  {brute:<33} {slow:>12.3?}");
    println!("  iikura                            {fast:>12.3?}");
    println!(
        "  ratio                             {:>12.1}",
        slow.as_secs_f64() / fast.as_secs_f64()
    );
    found.unwrap()
}

fn timed<T>(work: impl Fn() -> T) -> (T, Duration) {
    let began = Stopwatch::now();
    let done = black_box(work());
    (done, began.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn wish(programme: &Programme) -> Wish {
    Wish::new(
        programme,
        Kind::Bilateral,
        vec![week::party(7), week::party(11)],
        MINUTES,
    )
    .unwrap()
    .at(Place::Holding(PEOPLE))
    .interpreted_between(vec![english_french()])
    .unwrap()
}

fn english_french() -> LanguagePair {
    LanguagePair::new("en", "fr").unwrap()
}

/// The same offers by trying: the first room and interpreter that no rule objects to, best fit first.
fn tried(programme: &Programme, wish: &Wish) -> Vec<Offer> {
    let mut rooms: Vec<_> = programme
        .rooms
        .iter()
        .filter(|room| room.capacity >= PEOPLE)
        .collect();
    rooms.sort_by_key(|room| room.capacity);
    let pair = english_french();
    let able: Vec<InterpreterId> = programme
        .interpreters
        .iter()
        .filter(|each| each.pairs.contains(&pair))
        .map(|each| each.id)
        .collect();
    let mut offers = Vec::new();
    for day in &programme.event.days {
        let open = programme.event.opening_hours(day.date).unwrap();
        for step in 0..=(open.minutes() - MINUTES) / 5 {
            let start = open.start().plus(step * 5);
            let interval = Interval::new(start, start.plus(MINUTES)).unwrap();
            let tries = rooms
                .iter()
                .flat_map(|room| able.iter().map(move |interpreter| (room.id, *interpreter)));
            offers.extend(
                tries
                    .map(|(room, interpreter)| Offer {
                        interval,
                        room: Some(room),
                        interpreters: vec![interpreter],
                    })
                    .find(|offer| {
                        let details = wish.details(offer.interval, offer.room, &offer.interpreters);
                        obstacles(programme, Candidate::new(&details))
                            .iter()
                            .all(|conflict| conflict.level == Level::Advice)
                    }),
            );
        }
    }
    offers
}

/// A clash of two: the rule, the later slot, the earlier one, what both want.
type Clash = (Rule, SlotId, SlotId, Resource);

fn pairwise(programme: &Programme) -> Vec<Clash> {
    let mut clashes: Vec<Clash> = check_all(programme)
        .into_iter()
        .filter(|conflict| {
            matches!(
                conflict.finding,
                Finding::DoubleBooking { .. }
                    | Finding::Turnaround { .. }
                    | Finding::Transfer { .. }
            )
        })
        .map(|conflict| {
            (
                conflict.rule(),
                conflict.slot.unwrap(),
                conflict.finding.other().unwrap(),
                conflict.finding.resource().unwrap(),
            )
        })
        .collect();
    clashes.sort_unstable();
    clashes
}

fn all_pairs(programme: &Programme) -> Vec<Clash> {
    let slots: Vec<&Slot> = programme.live_slots().map(AsRef::as_ref).collect();
    let mut clashes = Vec::new();
    for (at, later) in slots.iter().enumerate() {
        for earlier in &slots[..at] {
            for resource in later
                .details
                .resources()
                .filter(|one| earlier.details.resources().any(|other| other == *one))
            {
                clashes.extend(
                    clash(programme, later, earlier, resource)
                        .map(|rule| (rule, later.id, earlier.id, resource)),
                );
            }
        }
    }
    // As the rules name them: at the later of the two, the higher number where both begin at once.
    for clash in &mut clashes {
        let key = |id: SlotId| (programme.slot(id).unwrap().interval().start(), id);
        if key(clash.1) < key(clash.2) {
            (clash.1, clash.2) = (clash.2, clash.1);
        }
    }
    clashes.sort_unstable();
    clashes
}

fn clash(programme: &Programme, one: &Slot, other: &Slot, resource: Resource) -> Option<Rule> {
    let Some(gap) = one.interval().gap_to(other.interval()) else {
        return Some(Rule::DoubleBooking);
    };
    match resource {
        Resource::Room(room) => {
            (gap < programme.room(room)?.turnaround_minutes).then_some(Rule::Turnaround)
        }
        Resource::Delegation(_) => (one.details.room != other.details.room
            && gap < programme.event.settings.minimum_gap_minutes)
            .then_some(Rule::Transfer),
        Resource::Interpreter(_) => None,
    }
}
