//! What moves later when a slot is extended.

use super::*;
use crate::core::sample::{CONFERENCE, JP, UZ};

/// Where the slots that follow the first go when it lasts so long; empty when it cannot be made to fit.
fn moved(programme: &Programme, id: i64, minutes: i32) -> Vec<(i64, String)> {
    let slot = programme.slot(crate::core::slot::SlotId(id)).unwrap();
    let mut details = slot.details.clone();
    let start = details.placement.interval.start();
    details.placement.interval = Interval::new(start, start.plus(minutes)).unwrap();
    following(programme, Candidate::of(Some(slot.id), &details))
        .into_iter()
        .map(|moved| {
            let zone = programme.event.time_zone;
            (
                moved.slot.id.0,
                zone.clock(moved.placement.interval.start()),
            )
        })
        .collect()
}

fn expect(moved: &[(i64, String)], expected: &[(i64, &str)]) {
    let moved: Vec<(i64, &str)> = moved.iter().map(|(id, at)| (*id, at.as_str())).collect();
    assert_eq!(moved, expected);
}

#[test]
fn what_follows_moves_no_farther_than_it_must() {
    let programme = programme(vec![
        talk(1, "10:00", 60),
        talk(2, "11:05", 30),
        talk(3, "11:40", 30),
        talk(4, "12:30", 30),
    ]);
    expect(&moved(&programme, 1, 70), &[(2, "11:15"), (3, "11:50")]);
    expect(
        &moved(&programme, 1, 90),
        &[(2, "11:35"), (3, "12:10"), (4, "12:45")],
    );
    // There is room for it, or it is no extension.
    expect(&moved(&programme, 3, 40), &[]);
    expect(&moved(&programme, 1, 30), &[]);
}

#[test]
fn what_follows_moves_for_people_in_another_room() {
    let elsewhere = slot(
        2,
        SlotKind::Other,
        "Elsewhere",
        ("11:05", 30),
        CONFERENCE,
        &[KZ, UZ],
        SlotState::Confirmed,
    );
    let apart = slot(
        3,
        SlotKind::Other,
        "Apart",
        ("11:40", 30),
        CONFERENCE,
        &[UZ],
        SlotState::Tentative,
    );
    let programme = programme(vec![talk(1, "10:00", 60), elsewhere, apart]);
    let moves = moved(&programme, 1, 65);
    expect(&moves[..1], &[(2, "11:10")]);
    assert!(moves.len() <= 2, "{moves:?}");
}

#[test]
fn nothing_is_offered_that_a_rule_would_refuse() {
    // Fixed.
    let mut fixed = talk(2, "11:05", 30);
    fixed.details.fixed = true;
    expect(
        &moved(&programme(vec![talk(1, "10:00", 60), fixed]), 1, 70),
        &[],
    );
    // Past closing at nine.
    let late = vec![talk(1, "19:00", 60), talk(2, "20:10", 50)];
    expect(&moved(&programme(late), 1, 75), &[]);
    // What is in the way began earlier and does not follow.
    let parallel = slot(
        3,
        SlotKind::Other,
        "Earlier",
        ("09:30", 120),
        CONFERENCE,
        &[JP],
        SlotState::Tentative,
    );
    let programme = programme(vec![talk(1, "10:00", 60), parallel, talk(2, "11:05", 30)]);
    expect(&moved(&programme, 1, 70), &[(2, "11:15")]);
    // The extended slot itself would end after closing.
    expect(&moved(&programme, 2, 700), &[]);
}

#[test]
fn as_many_follow_as_the_limit_says_and_no_more() {
    let row = |count: i64| {
        let at = |id: i64| 8 * 60 + 30 + (id - 1) * 20;
        let slots = (1..=count).map(|id| {
            let start = format!("{:02}:{:02}", at(id) / 60, at(id) % 60);
            talk(id, &start, 15)
        });
        programme(slots.collect())
    };
    let limit = i64::try_from(MOST_MOVES).unwrap();
    assert_eq!(moved(&row(limit + 1), 1, 20).len(), MOST_MOVES);
    expect(&moved(&row(limit + 2), 1, 20), &[]);
}
