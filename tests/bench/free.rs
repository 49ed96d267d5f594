//! Free times, conflicts and what is still to be told of a high-level week, each beside a brute force that finds the same, in one run.
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

use iikura::core::delegation::DelegationId;
use iikura::core::due::due;
use iikura::core::free::{FreeTime, RoomChoice, SearchRequest, search};
use iikura::core::interpreter::{InterpreterId, LanguagePair};
use iikura::core::notice::{Method, Notice};
use iikura::core::programme::Programme;
use iikura::core::rule::{Level, Rule};
use iikura::core::rules::{Candidate, RuleFinding, check_all, obstacles};
use iikura::core::slot::Resource;
use iikura::core::slot::{Placement, Slot, SlotId, SlotKind, SlotState};
use iikura::core::time::Moment;
use iikura::core::time::interval::Interval;
use iikura::core::visibility::told_to;
use support::{rounds, week};

/// Two delegations, any room for so many, for so long, with an interpreter.
const PEOPLE: i32 = 16;
const MINUTES: i32 = 30;

fn main() {
    let programme = week::programme();
    let rounds = rounds::of(5);
    println!(
        "{} delegations, {} rooms, {} slots in {} days; median of {rounds} rounds",
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
        (0..rounds)
            .map(|_| timed(|| check_all(&programme)).1)
            .collect(),
    );
    println!("  every rule at once  {whole:>12.3?}");
    let programme = with_notices(&programme);
    let found = compare(
        "who has still to hear of the first day's slots",
        "each slot × delegation × notice",
        || still_to_tell(&programme),
        || looked_through(&programme),
    );
    println!("  still to be told    {:>12}", found.len());
}

/// The week after everybody was told of what is confirmed, but of every tenth slot something else than what is true.
fn with_notices(programme: &Programme) -> Programme {
    let confirmed = programme
        .slots()
        .iter()
        .filter(|slot| slot.state() == SlotState::Confirmed);
    let notices = confirmed.flat_map(|slot| {
        programme.parties(slot.content()).map(|delegation| {
            let mut told = told_to(programme, slot, delegation);
            if slot.id.0 % 10 == 1 {
                told.room = Some("Elsewhere".to_owned());
            }
            Notice {
                slot: slot.id,
                delegation: delegation.id,
                uid: format!("{}.{}@iikura.example", slot.id, delegation.id.0),
                organizer: programme.event.office.email.clone(),
                sequence: 0,
                method: Method::Request,
                told,
                thread: format!("{}.{}@iikura.example", slot.id, delegation.id.0),
                told_at: Moment::from_seconds(1_900_000_000),
            }
        })
    });
    programme.with_notices(notices.collect())
}

/// Slots of a day.
const DAY: usize = week::ROOMS * week::PER_ROOM;

/// As the timetable asks it.
fn still_to_tell(programme: &Programme) -> Vec<(SlotId, DelegationId)> {
    let slots = programme.slots().iter().take(DAY);
    slots
        .flat_map(|slot| {
            let due = due(programme, slot);
            due.into_iter().map(|(party, _)| (slot.id, party.id))
        })
        .collect()
}

/// As one would by hand: for every slot and delegation through all that was ever told.
fn looked_through(programme: &Programme) -> Vec<(SlotId, DelegationId)> {
    let notices: Vec<&Notice> = programme.ledger.notices().collect();
    let mut found = Vec::new();
    for slot in programme.slots().iter().take(DAY) {
        for party in programme.delegations.iter() {
            let expects = slot.state() == SlotState::Confirmed && slot.content().involves(party.id);
            let known = notices
                .iter()
                .find(|notice| notice.slot == slot.id && notice.delegation == party.id);
            let invited = known.filter(|notice| notice.method == Method::Request);
            let is_true = match (expects, invited) {
                (true, Some(notice)) => notice.told == told_to(programme, slot, party),
                (false, None) => true,
                _ => false,
            };
            if !is_true {
                found.push((slot.id, party.id));
            }
        }
    }
    found
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
    for _ in 0..rounds::of(5) {
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

fn wish(programme: &Programme) -> SearchRequest {
    SearchRequest::new(
        programme,
        SlotKind::Bilateral,
        vec![week::party(7), week::party(11)],
        MINUTES,
    )
    .unwrap()
    .at(RoomChoice::Holding(PEOPLE))
    .interpreted_between(vec![english_french()])
    .unwrap()
}

fn english_french() -> LanguagePair {
    LanguagePair::new("en", "fr").unwrap()
}

/// The same offers by trying: the first room and interpreter that no rule objects to, best fit first.
fn tried(programme: &Programme, wish: &SearchRequest) -> Vec<FreeTime> {
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
                    .map(|(room, interpreter)| FreeTime {
                        placement: Placement {
                            interval,
                            room: Some(room),
                        },
                        interpreters: vec![interpreter],
                    })
                    .find(|offer| {
                        let details = wish.details(offer);
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
                RuleFinding::DoubleBooking { .. }
                    | RuleFinding::Turnaround { .. }
                    | RuleFinding::Transfer { .. }
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
    // As the rules name them: at the later of the two in the order of the programme.
    for clash in &mut clashes {
        let slot = |id: SlotId| programme.slot(id).unwrap();
        if programme.order(slot(clash.1), slot(clash.2)).is_lt() {
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
        Resource::Delegation(_) | Resource::Interpreter(_) => (one.room() != other.room()
            && gap < programme.event.settings.minimum_gap_minutes)
            .then_some(Rule::Transfer),
    }
}
