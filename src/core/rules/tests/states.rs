//! The rules on two slots for every pair of states, over all thirteen relations.

use super::*;

const STATES: [SlotState; 4] = [
    SlotState::Pencilled,
    SlotState::Tentative,
    SlotState::Confirmed,
    SlotState::Cancelled,
];

/// The level of a conflict between two slots in these states, if the rule itself is `level`.
fn between(mine: SlotState, theirs: SlotState, level: Level) -> Option<Level> {
    match (mine, theirs) {
        (SlotState::Cancelled, _) | (_, SlotState::Cancelled) => None,
        (SlotState::Pencilled, _) | (_, SlotState::Pencilled) => Some(Level::Advice),
        _ => Some(level),
    }
}

/// Plays every relation in every pair of states: A beside B must give exactly one finding of `expected`, or none.
fn over_all(
    a_place: (Option<RoomId>, &[DelegationId]),
    b_place: (Option<RoomId>, &[DelegationId]),
    expected: impl Fn(Option<i32>) -> Option<(Rule, Level)>,
) {
    for (relation, b, _, gap) in RELATIONS {
        for mine in STATES {
            for theirs in STATES {
                let mut a = placed(1, interval((10, 20)), HALL, a_place.1, mine);
                let mut b = placed(2, interval(b), HALL, b_place.1, theirs);
                (a.details.placement.room, b.details.placement.room) = (a_place.0, b_place.0);
                let expected: Vec<_> = expected(gap)
                    .and_then(|(rule, level)| Some((rule, between(mine, theirs, level)?)))
                    .into_iter()
                    .collect();
                let programme = programme(vec![a.clone(), b.clone()]);
                let said = format!("{relation}, A {mine:?}, B {theirs:?}");
                assert_eq!(pairwise(&programme, &a), expected, "{said}");
                assert_eq!(pairwise(&programme, &b), expected, "{said}, turned round");
                let all = check_all(&programme);
                let listed = all.iter().filter(|each| each.finding.other().is_some());
                assert_eq!(listed.count(), expected.len(), "{said}, each pair once");
            }
        }
    }
}

/// Five minutes are needed, one step of the table: only those that meet are too close.
fn too_close(gap: Option<i32>, rule: Rule) -> Option<(Rule, Level)> {
    match gap {
        None => Some((Rule::DoubleBooking, Level::Blocked)),
        Some(0) => Some((rule, Level::NeedsReason)),
        Some(_) => None,
    }
}

#[test]
fn a_room() {
    over_all((Some(HALL), &[KZ]), (Some(HALL), &[UZ]), |gap| {
        too_close(gap, Rule::Turnaround)
    });
}

#[test]
fn a_principal_in_two_rooms() {
    over_all((Some(HALL), &[KZ]), (Some(SALON), &[KZ]), |gap| {
        too_close(gap, Rule::Transfer)
    });
}

#[test]
fn principal_in_a_slot_without_room() {
    over_all((None, &[KZ]), (None, &[KZ]), |gap| {
        too_close(gap, Rule::Transfer)
    });
    over_all((Some(HALL), &[KZ]), (None, &[KZ]), |gap| {
        too_close(gap, Rule::Transfer)
    });
}

#[test]
fn nothing() {
    over_all((Some(HALL), &[KZ]), (Some(SALON), &[UZ]), |_| None);
    over_all((None, &[KZ]), (None, &[UZ]), |_| None);
}

#[test]
fn a_longer_turnaround_reaches_further() {
    let a = placed(1, interval((10, 20)), HALL, &[KZ], SlotState::Tentative);
    for (relation, b, _, gap) in RELATIONS {
        for turnaround_minutes in [0, 5, 15, 20] {
            let b = placed(2, interval(b), HALL, &[UZ], SlotState::Tentative);
            let mut programme = programme(vec![a.clone(), b]);
            for room in Arc::make_mut(&mut programme.rooms) {
                room.turnaround_minutes = turnaround_minutes;
            }
            let expected = match gap {
                None => vec![(Rule::DoubleBooking, Level::Blocked)],
                Some(steps) if steps * 5 < turnaround_minutes => {
                    vec![(Rule::Turnaround, Level::NeedsReason)]
                }
                Some(_) => vec![],
            };
            assert_eq!(
                pairwise(&programme, &a),
                expected,
                "{relation}, {turnaround_minutes} minutes"
            );
        }
    }
}
