//! Guarantees of a plan, and how near it comes to the maximum.

use crate::core::delegation::DelegationId;
use crate::core::free::{RoomChoice, SearchRequest};
use crate::core::planner::{Plan, plan};
use crate::core::programme::Programme;
use crate::core::rule::{Level, Rule};
use crate::core::rules::{Candidate, check};
use crate::core::sample::{GUESTS, JP, KG, KZ, SALON, TJ, TM, UZ, at, ninth_meeting, programme};
use crate::core::slot::{Slot, SlotKind, SlotState};
use crate::core::time::interval::Interval;
use crate::core::wording;
use crate::server::forms::plan as forms;

/// The plan without a stop.
fn made(house: &Programme, wishes: &[SearchRequest]) -> Plan {
    plan(house, wishes, &|| false).unwrap()
}

/// Twenty-five minutes of the chair with a guest, in the salon; its turnaround makes it half an hour.
fn talk(house: &Programme, guest: DelegationId, from: &str, until: &str) -> SearchRequest {
    let time = Interval::new(at(from), at(until)).unwrap();
    SearchRequest::new(house, SlotKind::Bilateral, vec![JP, guest], 25)
        .and_then(|wish| wish.within(house, &[time]))
        .unwrap()
        .at(RoomChoice::Certain(SALON))
}

/// The guest and the start of each meeting, by time.
fn starts(plan: &Plan) -> Vec<(DelegationId, String)> {
    let zone = plan.programme.event.time_zone;
    let placed = plan.placed.iter();
    placed
        .map(|each| {
            let guest = each.slot.content().delegations.iter().find(|id| **id != JP);
            (*guest.unwrap(), zone.clock(each.slot.interval().start()))
        })
        .collect()
}

fn expected(lines: &[(DelegationId, &str)]) -> Vec<(DelegationId, String)> {
    let lines = lines.iter();
    lines
        .map(|(guest, start)| (*guest, (*start).to_owned()))
        .collect()
}

/// Every meeting once, in its own times, with nothing in its way beside the stored ones and the rest of the plan.
fn assert_sound(plan: &Plan, wishes: &[SearchRequest]) {
    let placed = plan.placed.iter().map(|each| each.wish);
    let mut known: Vec<usize> = placed
        .chain(plan.left.iter().map(|each| each.wish))
        .collect();
    known.sort_unstable();
    assert_eq!(known, (0..wishes.len()).collect::<Vec<_>>());
    for each in &plan.placed {
        let (slot, wish) = (&each.slot, &wishes[each.wish]);
        assert_eq!(slot.state(), SlotState::Tentative);
        assert_eq!(slot.content().delegations, wish.parties());
        assert_eq!(slot.interval().minutes(), wish.minutes());
        let found = check(&plan.programme, Candidate::stored(slot));
        assert!(
            found.iter().all(|conflict| conflict.level == Level::Advice),
            "{found:?}"
        );
        assert_eq!(found, each.advice);
    }
}

#[test]
fn ninth_meetings_bilaterals_fit_around_its_plenaries() {
    let mut house = ninth_meeting();
    let bilaterals: Vec<Slot> = house
        .slots()
        .iter()
        .filter(|slot| slot.content().kind == SlotKind::Bilateral)
        .map(|slot| Slot::clone(slot))
        .collect();
    for slot in bilaterals {
        let details = slot.details.in_state(SlotState::Cancelled);
        house = house.with_slot(Slot { details, ..slot });
    }
    let missing = forms::missing(&house);
    assert_eq!(missing, [KZ, KG, TJ, TM, UZ].map(|guest| [JP, guest]));
    let wishes: Vec<SearchRequest> = missing
        .iter()
        .map(|pair| SearchRequest::new(&house, SlotKind::Bilateral, pair.to_vec(), 30).unwrap())
        .collect();
    let plan = made(&house, &wishes);
    assert_sound(&plan, &wishes);
    assert!(plan.left.is_empty());
    // In order of precedence, and never so long without a break that advice is given.
    let guests: Vec<DelegationId> = starts(&plan).into_iter().map(|(guest, _)| guest).collect();
    assert_eq!(guests, [KZ, KG, TJ, TM, UZ]);
    assert!(plan.placed.iter().all(|each| each.advice.is_empty()));
}

#[test]
fn a_meeting_makes_room_for_one_that_has_less_choice() {
    let house = programme(vec![]);
    let wishes = [
        talk(&house, KZ, "10:00", "11:00"),
        talk(&house, KG, "10:00", "10:30"),
    ];
    let plan = made(&house, &wishes);
    assert_sound(&plan, &wishes);
    assert_eq!(starts(&plan), expected(&[(KG, "10:00"), (KZ, "10:30")]));
}

#[test]
fn a_meeting_that_makes_room_may_push_on_another() {
    let house = programme(vec![]);
    let wishes = [
        talk(&house, KZ, "10:00", "11:00"),
        talk(&house, KG, "10:30", "11:30"),
        talk(&house, TJ, "10:00", "10:30"),
    ];
    let plan = made(&house, &wishes);
    assert_sound(&plan, &wishes);
    assert_eq!(
        starts(&plan),
        expected(&[(TJ, "10:00"), (KZ, "10:30"), (KG, "11:00")])
    );
}

#[test]
fn what_has_no_place_says_what_is_most_often_in_the_way() {
    let house = programme(vec![]);
    let wishes = [
        talk(&house, KZ, "10:00", "10:30"),
        talk(&house, KG, "10:00", "10:30"),
        talk(&house, TJ, "10:00", "10:20"),
    ];
    let plan = made(&house, &wishes);
    assert_sound(&plan, &wishes);
    assert_eq!(starts(&plan), expected(&[(KZ, "10:00")]));
    let told: Vec<Option<String>> = plan
        .left
        .iter()
        .map(|each| Some(wording::obstacle(&plan.programme, each.obstacle.as_ref()?)))
        .collect();
    assert_eq!(told.len(), 2);
    let kyrgyz = told[0].as_deref().unwrap();
    assert!(kyrgyz.contains("Japan is in “Bilateral”"), "{kyrgyz}");
    assert_eq!(
        told[1], None,
        "twenty minutes have no start for twenty-five"
    );
}

#[test]
fn the_host_who_must_rest_is_given_a_rest() {
    let mut house = programme(vec![]);
    let event = std::sync::Arc::make_mut(&mut house.event);
    event.settings.chair_run_minutes = 60;
    event.settings.chair_rest_needs_reason = true;
    let wishes: Vec<SearchRequest> = GUESTS
        .iter()
        .map(|guest| talk(&house, *guest, "10:00", "14:00"))
        .collect();
    let plan = made(&house, &wishes);
    assert_sound(&plan, &wishes);
    assert!(plan.left.is_empty());
    let found = plan.placed.iter().flat_map(|each| &each.advice);
    assert_eq!(
        found.filter(|each| each.rule() == Rule::ChairRest).count(),
        0
    );
}

/// A number that looks like chance and is the same every time (splitmix64).
fn scattered(seed: &mut u64, below: i32) -> i32 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    i32::try_from((mixed ^ (mixed >> 31)) % u64::from(below.unsigned_abs())).unwrap()
}

/// The most meetings that fit at all: every order is tried, each meeting as early as it can be.
fn most(times: &[Interval], free_from: i32) -> usize {
    (0..times.len())
        .map(|first| {
            let start = times[first].start().minutes().max(free_from);
            let others: Vec<Interval> = [&times[..first], &times[first + 1..]].concat();
            if start + 25 > times[first].end().minutes() {
                0
            } else {
                1 + most(&others, start + 30)
            }
        })
        .max()
        .unwrap_or(0)
}

#[test]
fn hardly_a_plan_has_fewer_meetings_than_are_possible() {
    let house = programme(vec![]);
    let mut seed = 20_221_224;
    let (mut planned, mut possible) = (0, 0);
    for _ in 0..150 {
        let times: Vec<Interval> = GUESTS
            .iter()
            .map(|_| {
                let from = at("10:00").plus(5 * scattered(&mut seed, 24));
                Interval::new(from, from.plus(25 + 5 * scattered(&mut seed, 16))).unwrap()
            })
            .collect();
        let wishes: Vec<SearchRequest> = GUESTS
            .iter()
            .zip(&times)
            .map(|(guest, time)| {
                SearchRequest::new(&house, SlotKind::Bilateral, vec![JP, *guest], 25)
                    .and_then(|wish| wish.within(&house, &[*time]))
                    .unwrap()
                    .at(RoomChoice::Certain(SALON))
            })
            .collect();
        let first = made(&house, &wishes);
        assert_sound(&first, &wishes);
        assert_eq!(
            starts(&first),
            starts(&made(&house, &wishes)),
            "by no chance"
        );
        let most = most(&times, 0);
        assert!(first.placed.len() <= most);
        planned += first.placed.len();
        possible += most;
    }
    assert!(planned * 100 >= possible * 98, "{planned} of {possible}");
}

#[test]
fn abandoned_plan_is_stopped_at_any_point() {
    let house = ninth_meeting();
    let wishes: Vec<SearchRequest> = GUESTS
        .iter()
        .map(|guest| talk(&house, *guest, "18:30", "20:00"))
        .collect();
    let asked = std::cell::Cell::new(0);
    let count = || {
        asked.set(asked.get() + 1);
        false
    };
    assert!(plan(&house, &wishes, &count).is_some());
    let all = asked.replace(0);
    assert!(all > wishes.len(), "{all}: asked before each search");
    for until in 0..all {
        asked.set(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > until
        };
        assert!(plan(&house, &wishes, &stop).is_none(), "{until}");
        assert!(
            asked.get() <= until + 12,
            "{until}: {} more steps",
            asked.get() - until
        );
    }
}
