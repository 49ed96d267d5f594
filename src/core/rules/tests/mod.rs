//! Truth tables of the rules, on the ninth meeting's parties and rooms.

mod chairs_day;
mod states;

use std::sync::Arc;

use super::*;
use crate::core::delegation::DelegationId;
use crate::core::event::Event;
use crate::core::interpreter::InterpreterId;
use crate::core::room::{RoomClosure, RoomId};
use crate::core::sample::{
    CONFERENCE, HALL, JP, KG, KZ, SALON, UZ, at, programme, programme_in, slot, slot_in,
};
use crate::core::slot::SlotKind;
use crate::core::text::TextLine;
use crate::core::time::interval::Interval;
use crate::core::time::interval::tests::RELATIONS;
use crate::core::wording;

/// 10:00 and minutes from there, so that the relations' small numbers become times of the day, five minutes each.
fn interval((start, end): (i32, i32)) -> Interval {
    let ten = at("10:00");
    Interval::new(ten.plus(start * 5), ten.plus(end * 5)).unwrap()
}

fn placed(
    id: i64,
    interval: Interval,
    room: RoomId,
    parties: &[DelegationId],
    state: SlotState,
) -> Slot {
    let mut slot = slot(
        id,
        SlotKind::Other,
        "Slot",
        ("10:00", 30),
        room,
        parties,
        state,
    );
    slot.details.placement.interval = interval;
    slot
}

/// What the rules on two slots say of A = 10–20 beside each B.
fn pairwise(programme: &Programme, a: &Slot) -> Vec<(Rule, Level)> {
    check(programme, Candidate::stored(a))
        .iter()
        .filter(|conflict| conflict.finding.other().is_some())
        .map(|conflict| (conflict.rule(), conflict.level))
        .collect()
}

#[test]
fn one_room_over_all_thirteen_relations() {
    for (relation, b, overlaps, gap) in RELATIONS {
        for state in [
            SlotState::Tentative,
            SlotState::Confirmed,
            SlotState::Pencilled,
            SlotState::Cancelled,
        ] {
            let a = placed(1, interval((10, 20)), HALL, &[KZ], SlotState::Tentative);
            let b = placed(2, interval(b), HALL, &[UZ], state);
            let expected = match state {
                SlotState::Cancelled => vec![],
                _ if overlaps && state.holds() => vec![(Rule::DoubleBooking, Level::Blocked)],
                _ if overlaps => vec![(Rule::DoubleBooking, Level::Advice)],
                // The room's turnaround is five minutes, one step of the table.
                _ if gap == Some(0) && state.holds() => {
                    vec![(Rule::Turnaround, Level::NeedsReason)]
                }
                _ if gap == Some(0) => vec![(Rule::Turnaround, Level::Advice)],
                _ => vec![],
            };
            let programme = programme(vec![a.clone(), b]);
            assert_eq!(
                pairwise(&programme, &a),
                expected,
                "{relation}, B {state:?}"
            );
        }
    }
}

#[test]
fn one_principal_over_all_thirteen_relations() {
    for (relation, b, overlaps, gap) in RELATIONS {
        for (room, needed) in [(HALL, 0), (SALON, 1)] {
            let a = placed(1, interval((10, 20)), HALL, &[KZ], SlotState::Tentative);
            let b = placed(2, interval(b), room, &[KZ], SlotState::Confirmed);
            let shared = programme(vec![a.clone(), b]);
            let found = pairwise(&shared, &a);
            let about_people: Vec<_> = found
                .iter()
                .filter(|(rule, _)| *rule != Rule::Turnaround)
                .collect();
            let expected = if overlaps {
                Some((Rule::DoubleBooking, Level::Blocked))
            } else if gap.unwrap() < needed {
                Some((Rule::Transfer, Level::NeedsReason))
            } else {
                None
            };
            // An overlap in one room is a double booking of the room as well.
            let times = if overlaps && room == HALL { 2 } else { 1 };
            assert_eq!(
                about_people,
                expected
                    .iter()
                    .cycle()
                    .take(if expected.is_some() { times } else { 0 })
                    .collect::<Vec<_>>(),
                "{relation}, room {room:?}"
            );
        }
    }
}

#[test]
fn interpreter_needs_the_way_between_two_rooms() {
    for (relation, b, overlaps, gap) in RELATIONS {
        for (room, needed) in [(CONFERENCE, 0), (SALON, 1)] {
            let mut a = placed(
                1,
                interval((10, 20)),
                CONFERENCE,
                &[KZ],
                SlotState::Tentative,
            );
            let mut b = placed(2, interval(b), room, &[UZ], SlotState::Confirmed);
            for slot in [&mut a, &mut b] {
                slot.details.content.interpreters = vec![InterpreterId(1)];
            }
            let shared = programme(vec![a.clone(), b]);
            let candidate = Candidate::stored(&a);
            let found = check(&shared, candidate);
            let found = found.iter().filter(|conflict| {
                let of_interpreter = Some(Resource::Interpreter(InterpreterId(1)));
                conflict.finding.other().is_some() && conflict.finding.resource() == of_interpreter
            });
            let found: Vec<_> = found.map(|each| (each.rule(), each.level)).collect();
            let expected = if overlaps {
                vec![(Rule::DoubleBooking, Level::Blocked)]
            } else if gap.unwrap() < needed {
                vec![(Rule::Transfer, Level::NeedsReason)]
            } else {
                vec![]
            };
            assert_eq!(found, expected, "{relation}, room {room:?}");
        }
    }
}

#[test]
fn nothing_shared_nothing_found() {
    for (relation, b, ..) in RELATIONS {
        let a = placed(1, interval((10, 20)), HALL, &[KZ], SlotState::Tentative);
        let b = placed(2, interval(b), SALON, &[UZ], SlotState::Tentative);
        assert_eq!(
            pairwise(&programme(vec![a.clone(), b]), &a),
            [],
            "{relation}"
        );
    }
}

fn rules(programme: &Programme, slot: &Slot) -> Vec<(Rule, Level)> {
    check(programme, Candidate::stored(slot))
        .iter()
        .map(|conflict| (conflict.rule(), conflict.level))
        .collect()
}

fn bilateral(id: i64, start: &str, minutes: i32, guest: DelegationId) -> Slot {
    slot(
        id,
        SlotKind::Bilateral,
        "Bilateral",
        (start, minutes),
        CONFERENCE,
        &[JP, guest],
        SlotState::Tentative,
    )
}

#[test]
fn hours_presence_capacity_need_a_reason_except_for_sketches() {
    let early = slot(
        1,
        SlotKind::Other,
        "Early",
        ("08:25", 30),
        SALON,
        &[KZ],
        SlotState::Tentative,
    );
    assert_eq!(
        rules(&programme(vec![early.clone()]), &early),
        [(Rule::Hours, Level::NeedsReason)]
    );
    let everybody = crate::core::sample::EVERYONE;
    let full = slot(
        1,
        SlotKind::Meal,
        "Lunch",
        ("12:00", 60),
        SALON,
        &everybody,
        SlotState::Tentative,
    );
    assert_eq!(
        rules(&programme(vec![full.clone()]), &full),
        [(Rule::Capacity, Level::NeedsReason)]
    );
    let mut absent = programme(vec![]);
    let mut delegations = absent.delegations.to_vec();
    delegations[1].presence = vec![Interval::stay(at("12:00"), at("18:00")).unwrap()];
    absent.delegations = Arc::new(delegations);
    for (start, found) in [("11:55", 1), ("12:00", 0), ("17:30", 0), ("17:35", 1)] {
        for (state, level) in [
            (SlotState::Tentative, Level::NeedsReason),
            (SlotState::Pencilled, Level::Advice),
        ] {
            let slot = slot(1, SlotKind::Other, "Slot", (start, 30), SALON, &[KZ], state);
            let expected = vec![(Rule::Presence, level); found];
            assert_eq!(
                rules(&absent.with_slot(slot.clone()), &slot),
                expected,
                "{start}, {state:?}"
            );
        }
    }
}

#[test]
fn rules_on_shape_accept_no_reason() {
    let empty = programme(vec![]);
    let refused = |slot: &Slot| {
        let conflicts = check(&empty.with_slot(slot.clone()), Candidate::stored(slot));
        conflicts
            .into_iter()
            .find(|conflict| conflict.level == Level::Blocked)
            .map(|conflict| conflict.finding)
    };
    let base = || bilateral(1, "11:00", 30, KZ);
    assert_eq!(refused(&base()), None);
    let mut odd = base();
    odd.details.placement.interval = Interval::new(at("11:01"), at("11:30")).unwrap();
    assert_eq!(
        refused(&odd),
        Some(RuleFinding::OffGrid { grid_minutes: 5 })
    );
    let mut next_day = base();
    next_day.details.placement.interval =
        Interval::new(at("23:00"), at("23:00").plus(120)).unwrap();
    assert_eq!(refused(&next_day), Some(RuleFinding::OutsideDays));
    let mut until_midnight = base();
    until_midnight.details.placement.interval = Interval::new(at("23:00"), at("24:00")).unwrap();
    assert_eq!(
        refused(&until_midnight),
        None,
        "only the hours are against it"
    );
    let mut three = base();
    three.details.content.delegations = vec![JP, KZ, UZ];
    assert_eq!(
        refused(&three),
        Some(RuleFinding::BilateralOfTwo { found: 3 })
    );
    let mut pair = base();
    pair.details.content.kind = SlotKind::Multilateral;
    assert_eq!(
        refused(&pair),
        Some(RuleFinding::MultilateralOfThree { found: 2 })
    );
    let mut trilateral = base();
    trilateral.details.content.kind = SlotKind::Multilateral;
    trilateral.details.content.delegations = vec![KG, KZ, UZ];
    assert_eq!(refused(&trilateral), None, "the chair may be absent");
    let mut leaderless = base();
    leaderless.details.content.kind = SlotKind::Plenary;
    leaderless.details.content.delegations = vec![KZ, UZ];
    assert_eq!(refused(&leaderless), Some(RuleFinding::PlenaryWithoutChair));
    let mut foreign = base();
    foreign.details.placement.room = Some(RoomId(99));
    assert_eq!(
        refused(&foreign),
        Some(RuleFinding::Foreign {
            resource: Resource::Room(RoomId(99))
        })
    );
}

#[test]
fn the_chair_rests_after_two_and_a_half_hours() {
    let day = |pause: i32, kind: SlotKind| {
        let mut third = bilateral(3, "12:35", 30, UZ);
        let start = at("12:20").plus(pause);
        third.details.placement = third.details.placement.starting_at(start);
        let mut between = slot(
            4,
            kind,
            "Between",
            ("12:20", 15),
            SALON,
            &[JP],
            SlotState::Tentative,
        );
        between.details.placement = between.details.placement.starting_at(at("12:20"));
        let mut slots = vec![
            bilateral(1, "10:00", 60, KZ),
            bilateral(2, "11:05", 75, KG),
            third,
        ];
        if kind != SlotKind::Other {
            slots.push(between);
        }
        programme(slots)
    };
    let rests = |programme: &Programme| {
        let all = check_all(programme);
        all.iter()
            .filter(|conflict| conflict.rule() == Rule::ChairRest)
            .count()
    };
    assert_eq!(
        rests(&day(10, SlotKind::Other)),
        1,
        "180 minutes with pauses of less than 15"
    );
    assert_eq!(rests(&day(15, SlotKind::Other)), 0, "a pause of 15 minutes");
    assert_eq!(
        rests(&day(15, SlotKind::Break)),
        0,
        "a break that is booked"
    );
    assert_eq!(rests(&day(15, SlotKind::Photo)), 1, "a photo is no rest");
    let mut strict = day(10, SlotKind::Other);
    let mut event = Event::clone(&strict.event);
    event.settings.chair_rest_needs_reason = true;
    strict.event = Arc::new(event);
    let third = strict.slot(SlotId(3)).unwrap();
    assert!(rules(&strict, third).contains(&(Rule::ChairRest, Level::NeedsReason)));
}

#[test]
fn order_length_and_pairs_of_the_chairs_bilaterals_are_advice() {
    let mut slots = vec![bilateral(1, "10:00", 30, UZ), bilateral(2, "11:00", 20, KZ)];
    slots.push(bilateral(3, "12:00", 30, KZ));
    slots[2].details.placement.room = None;
    let programme = programme(slots);
    let found: Vec<_> = check_all(&programme)
        .into_iter()
        .map(|conflict| (conflict.rule(), conflict.slot))
        .collect();
    assert_eq!(
        found,
        [
            (Rule::Precedence, Some(SlotId(2))),
            (Rule::EqualLength, Some(SlotId(2))),
            (Rule::NoRoom, Some(SlotId(3))),
            (Rule::RepeatedPair, Some(SlotId(3))),
            (Rule::MissingBilateral, None),
            (Rule::MissingBilateral, None),
            (Rule::MissingBilateral, None),
        ]
    );
    let first = programme.slot(SlotId(1)).unwrap();
    assert_eq!(
        rules(&programme, first),
        [(Rule::Precedence, Level::Advice)],
        "named at either of the two"
    );
}

#[test]
fn refusal_names_conflict_its_end_and_alternatives() {
    let ninth = crate::core::sample::ninth_meeting();
    let wanted = slot(
        99,
        SlotKind::Bilateral,
        "Second",
        ("15:30", 30),
        SALON,
        &[JP, KZ],
        SlotState::Tentative,
    );
    let candidate = Candidate::new(&wanted.details);
    let conflicts = check(&ninth, candidate);
    let blocked: Vec<String> = conflicts
        .iter()
        .filter(|conflict| conflict.level == Level::Blocked)
        .map(|conflict| wording::sentence(&ninth, candidate, conflict))
        .collect();
    assert_eq!(blocked.len(), 2, "{blocked:?}");
    assert!(
        blocked[0].starts_with("Japan is in “Japan–Turkmenistan Foreign Ministers' Meeting” ("),
        "{blocked:?}"
    );
    assert!(
        blocked[0].contains(" from 15:15 until 15:45. Free again for 30 minutes from "),
        "{blocked:?}"
    );
    assert!(
        blocked[1].contains(" from 15:55 until 16:35. "),
        "{blocked:?}"
    );
}

#[test]
fn override_is_in_force_until_one_slot_moves() {
    let a = placed(1, interval((10, 20)), HALL, &[KZ], SlotState::Tentative);
    let b = placed(2, interval((20, 30)), HALL, &[UZ], SlotState::Tentative);
    let mut programme = programme(vec![a.clone(), b.clone()]);
    std::sync::Arc::make_mut(&mut programme.overrides).push(Override {
        slot: b.id,
        slot_moves: b.moves,
        other: Some((a.id, a.moves)),
        resource: Some(Resource::Room(HALL)),
        rule: Rule::Turnaround,
        reason: "Nothing to tidy".to_owned(),
        author: "Officer".to_owned(),
        approved: None,
        at: crate::core::time::Moment::from_seconds(0),
    });
    let stands = |programme: &Programme, id: SlotId| {
        let slot = programme.slot(id).unwrap();
        let conflicts = check(programme, Candidate::stored(slot));
        conflicts
            .iter()
            .any(|conflict| in_force(programme, conflict).is_some())
    };
    assert!(
        stands(&programme, a.id) && stands(&programme, b.id),
        "seen from either"
    );
    let mut renamed = a.clone();
    renamed.version += 1;
    assert!(
        stands(&programme.with_slot(renamed), b.id),
        "another title is no move"
    );
    for moved in [a, b] {
        let moved = Slot {
            moves: moved.moves + 1,
            ..moved
        };
        assert!(!stands(&programme.with_slot(moved.clone()), moved.id));
    }
}

/// The Salon, closed from ten to eleven and meant for bilaterals.
fn particular(slots: Vec<Slot>) -> Programme {
    let mut programme = programme(slots);
    for room in Arc::make_mut(&mut programme.rooms) {
        if room.id == SALON {
            room.kinds = vec![SlotKind::Bilateral];
            room.closures = vec![RoomClosure {
                interval: interval((0, 12)),
                reason: "cleaning".to_owned(),
            }];
        }
    }
    programme
}

#[test]
fn room_is_closed_and_meant_for_its_kinds() {
    let said = |kind, room, span, state| {
        let mut slot = placed(1, interval(span), room, &[JP, KZ], state);
        slot.details.content.kind = kind;
        let programme = particular(vec![slot.clone()]);
        let candidate = Candidate::stored(&slot);
        let found = obstacles(&programme, candidate);
        let found = found.iter().map(|conflict| {
            let sentence = wording::sentence(&programme, candidate, conflict);
            (conflict.rule(), conflict.level, sentence)
        });
        found.collect::<Vec<_>>()
    };
    let (bilateral, meal) = (SlotKind::Bilateral, SlotKind::Meal);
    let tentative = SlotState::Tentative;
    assert_eq!(said(bilateral, SALON, (12, 18), tentative), []);
    assert_eq!(said(meal, HALL, (0, 6), tentative), []);
    let closed =
        "Salon is closed from 10:00 to 11:00 (cleaning). Free again for 30 minutes from 11:00.";
    for (span, state, level) in [
        ((0, 6), tentative, Level::NeedsReason),
        ((-3, 3), tentative, Level::NeedsReason),
        ((11, 17), SlotState::Pencilled, Level::Advice),
    ] {
        assert_eq!(
            said(bilateral, SALON, span, state),
            [(Rule::RoomClosed, level, closed.to_owned())]
        );
    }
    let others = "Salon is for bilateral, not meant for a slot of the kind meal. These are: Main Hall, Conference \
                  Room, Dining Room, Press Room.";
    assert_eq!(
        said(meal, SALON, (12, 18), tentative),
        [(Rule::RoomKind, Level::NeedsReason, others.to_owned())]
    );
}

#[test]
fn slots_that_a_room_does_not_suit_are_named_until_a_reason_is_given() {
    let mut early = placed(1, interval((0, 6)), SALON, &[JP, KZ], SlotState::Tentative);
    early.details.content.kind = SlotKind::Bilateral;
    let meal = placed(2, interval((13, 19)), SALON, &[JP], SlotState::Confirmed);
    let sketch = placed(3, interval((0, 6)), SALON, &[UZ], SlotState::Pencilled);
    let elsewhere = placed(4, interval((0, 6)), HALL, &[UZ], SlotState::Tentative);
    let mut programme = particular(vec![early.clone(), meal, sketch, elsewhere]);
    let unsuited_rules = |programme: &Programme| {
        let found = unsuited(programme, SALON).into_iter();
        let found = found.map(|(slot, found)| (slot.id.0, found[0].rule()));
        found.collect::<Vec<_>>()
    };
    assert_eq!(
        unsuited_rules(&programme),
        [(1, Rule::RoomClosed), (2, Rule::RoomKind)]
    );
    Arc::make_mut(&mut programme.overrides).extend([Override {
        slot: early.id,
        slot_moves: early.moves,
        other: None,
        resource: Some(Resource::Room(SALON)),
        rule: Rule::RoomClosed,
        reason: "The cleaners wait".to_owned(),
        author: "officer@protocol.example".to_owned(),
        at: crate::core::sample::ISSUED,
        approved: Some(15),
    }]);
    let close_until = |programme: &mut Programme, end| {
        for room in Arc::make_mut(&mut programme.rooms) {
            for closure in &mut room.closures {
                closure.interval = interval((0, end));
            }
        }
    };
    close_until(&mut programme, 3);
    assert_eq!(unsuited_rules(&programme), [(2, Rule::RoomKind)]);
    // The reason was for fifteen minutes.
    close_until(&mut programme, 4);
    assert_eq!(
        unsuited_rules(&programme),
        [(1, Rule::RoomClosed), (2, Rule::RoomKind)]
    );
}

#[test]
fn conflicts_are_in_order_of_level_time_and_code() {
    let order = |ids: [i64; 3]| {
        let [a, b, c] = ids;
        let named = |id, title: &str, start: i32, party| {
            let at = interval((start, start + 10));
            let mut slot = placed(id, at, HALL, &[JP, party], SlotState::Tentative);
            slot.details.content.title = TextLine::parse(title).unwrap();
            slot
        };
        let mut asked = placed(
            a,
            interval((10, 20)),
            HALL,
            &[JP, UZ, KZ],
            SlotState::Tentative,
        );
        asked.details.content.title = TextLine::parse("A").unwrap();
        let (late, early) = (named(b, "B", 18, KZ), named(c, "C", 2, UZ));
        let programme = programme(vec![asked.clone(), late, early]);
        let found = check(&programme, Candidate::stored(&asked));
        let found = found
            .into_iter()
            .filter(|each| each.level == Level::Blocked);
        let facts = found.map(|conflict| {
            let other = programme.slot(conflict.finding.other().unwrap()).unwrap();
            let code = match conflict.finding.resource().unwrap() {
                Resource::Delegation(id) => programme.delegation(id).unwrap().code.to_string(),
                Resource::Room(id) => programme.room(id).unwrap().code.to_string(),
                Resource::Interpreter(_) => String::new(),
            };
            format!("{} {code}", other.title())
        });
        facts.collect::<Vec<_>>()
    };
    let expected = ["C JP", "C UZ", "C hall", "B JP", "B KZ", "B hall"];
    for ids in [
        [1, 2, 3],
        [1, 3, 2],
        [2, 1, 3],
        [2, 3, 1],
        [3, 1, 2],
        [3, 2, 1],
    ] {
        assert_eq!(order(ids), expected, "{ids:?}");
    }
}

#[test]
fn opening_hours_hold_on_days_without_midnight() {
    let days = [
        ("2026-09-04", "09:00", "24:00"),
        ("2026-09-05", "09:00", "24:00"),
        ("2026-09-06", "09:00", "24:00"),
    ];
    let is_outside = |day: &str, time: &str, minutes| {
        let slot = slot_in("America/Santiago", 1, (day, time), minutes);
        let programme = programme_in("America/Santiago", &days, vec![slot.clone()]);
        let conflicts = check(&programme, Candidate::stored(&slot));
        conflicts.iter().any(|each| each.rule() == Rule::Hours)
    };
    for (day, time, minutes, outside) in [
        ("2026-09-04", "06:00", 45, true),
        ("2026-09-05", "06:00", 45, true),
        ("2026-09-05", "23:00", 60, false),
        ("2026-09-05", "23:30", 60, true),
        ("2026-09-06", "09:00", 60, false),
    ] {
        assert_eq!(is_outside(day, time, minutes), outside, "{day} {time}");
    }
}

#[test]
fn night_is_open_where_the_day_closes_late() {
    let late = ("2026-10-23", "09:00", "26:00");
    let refused = |days: &[(&str, &str, &str)], time: &str, minutes| {
        let slot = slot_in("Europe/London", 1, ("2026-10-23", time), minutes);
        let programme = programme_in("Europe/London", days, vec![slot.clone()]);
        let conflicts = check(&programme, Candidate::stored(&slot));
        conflicts
            .into_iter()
            .map(|conflict| conflict.rule())
            .find(|rule| matches!(rule, Rule::Hours | Rule::Interval))
    };
    assert_eq!(refused(&[late], "23:30", 60), None);
    assert_eq!(refused(&[late], "25:00", 60), None);
    assert_eq!(refused(&[late], "25:30", 60), Some(Rule::Interval));
    let next = ("2026-10-24", "09:00", "18:00");
    assert_eq!(refused(&[late, next], "25:30", 60), Some(Rule::Hours));
    // Where the next day opens at midnight, the night is open.
    let (one, two) = (
        ("2026-10-23", "09:00", "24:00"),
        ("2026-10-24", "00:00", "24:00"),
    );
    assert_eq!(refused(&[one, two], "23:30", 60), None);
}
