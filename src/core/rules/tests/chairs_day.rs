//! The chair's day: rest, order and lengths where they are close calls.

use super::*;

fn talk(id: i64, start: &str, minutes: i32) -> Slot {
    slot(
        id,
        SlotKind::Other,
        "Talk",
        (start, minutes),
        SALON,
        &[JP],
        SlotState::Tentative,
    )
}

fn pause(id: i64, start: &str, minutes: i32) -> Slot {
    let mut pause = talk(id, start, minutes);
    pause.details.content.kind = SlotKind::Break;
    pause
}

/// Start and end of every run that is too long.
fn runs(slots: Vec<Slot>) -> Vec<(String, String)> {
    let programme = programme(slots);
    let zone = programme.event.time_zone;
    check_all(&programme)
        .into_iter()
        .filter_map(|conflict| match conflict.finding {
            RuleFinding::ChairRest { span, .. } => Some(span),
            _ => None,
        })
        .map(|span| (zone.clock(span.start()), zone.clock(span.end())))
        .collect()
}

fn run(start: &str, end: &str) -> Vec<(String, String)> {
    vec![(start.to_owned(), end.to_owned())]
}

#[test]
fn a_run_may_be_as_long_as_the_limit_and_no_longer() {
    assert_eq!(runs(vec![talk(1, "10:00", 150)]), []);
    assert_eq!(runs(vec![talk(1, "10:00", 155)]), run("10:00", "12:35"));
}

#[test]
fn what_counts_is_the_time_until_the_chair_is_wanted_again() {
    for (gap, expected) in [("12:10", run("10:00", "13:10")), ("12:15", vec![])] {
        assert_eq!(
            runs(vec![talk(1, "10:00", 120), talk(2, gap, 60)]),
            expected,
            "free until {gap}"
        );
    }
    let around =
        |middle: Slot, next: &str| runs(vec![talk(1, "10:00", 120), middle, talk(3, next, 60)]);
    assert_eq!(around(pause(2, "12:00", 15), "12:15"), []);
    assert_eq!(
        around(pause(2, "12:00", 10), "12:15"),
        [],
        "ten minutes of a break and five free ones are a quarter of an hour"
    );
    assert_eq!(
        around(pause(2, "12:00", 10), "12:10"),
        run("10:00", "13:10")
    );
    let pauses = vec![
        talk(1, "10:00", 120),
        pause(2, "12:00", 10),
        pause(3, "12:10", 10),
        talk(4, "12:20", 60),
    ];
    assert_eq!(runs(pauses), [], "two short breaks in a row");
}

#[test]
fn sketches_and_cancelled_slots_do_not_count_as_work() {
    for state in [SlotState::Pencilled, SlotState::Cancelled] {
        let mut idle = talk(2, "12:00", 60);
        idle.details.state = state;
        assert_eq!(runs(vec![talk(1, "10:00", 120), idle]), [], "{state:?}");
    }
    let mut without_chair = talk(2, "12:00", 60);
    without_chair.details.content.delegations = vec![KZ];
    assert_eq!(runs(vec![talk(1, "10:00", 120), without_chair]), []);
}

fn order(slots: Vec<Slot>) -> Vec<(Option<SlotId>, Option<SlotId>)> {
    check_all(&programme(slots))
        .iter()
        .filter(|conflict| conflict.rule() == Rule::Precedence)
        .map(|conflict| (conflict.slot, conflict.finding.other()))
        .collect()
}

#[test]
fn order_of_precedence_is_that_of_the_starts() {
    let senior = |start| bilateral(1, start, 30, KZ);
    let junior = |start| bilateral(2, start, 30, UZ);
    assert_eq!(order(vec![senior("10:00"), junior("11:00")]), []);
    assert_eq!(
        order(vec![senior("11:00"), junior("10:00")]),
        [(Some(SlotId(1)), Some(SlotId(2)))]
    );
    let mut sketch = senior("10:00");
    sketch.details.state = SlotState::Pencilled;
    sketch.details.placement.interval = Interval::new(at("10:00"), at("10:45")).unwrap();
    assert_eq!(
        order(vec![sketch, junior("10:00")]),
        [],
        "neither of two at the same time comes first"
    );
}

#[test]
fn the_chair_may_meet_all_in_order_at_length_and_once() {
    let guests = [KZ, KG, crate::core::sample::TJ, crate::core::sample::TM, UZ];
    let starts = ["10:00", "10:45", "11:30", "13:00", "13:45"];
    let slots = (1..)
        .zip(starts)
        .zip(guests)
        .map(|((id, start), guest)| bilateral(id, start, 30, guest))
        .collect();
    assert_eq!(check_all(&programme(slots)), []);
}

#[test]
fn without_a_chair_there_is_no_day_of_the_chairs() {
    let mut leaderless = programme(vec![
        bilateral(1, "10:00", 200, KZ),
        bilateral(2, "14:00", 20, UZ),
    ]);
    for party in Arc::make_mut(&mut leaderless.delegations) {
        party.role = crate::core::delegation::PrincipalRole::Guest;
    }
    assert_eq!(check_all(&leaderless), []);
}
