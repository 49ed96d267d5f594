//! Reasons: what they are stored with, what they stand for, and when they are asked for again.

use diesel::prelude::*;
use iikura::core::decision::Refusal;
use iikura::core::rule::Reasons;
use iikura::core::rule::Rule;
use iikura::core::rules::{Candidate, check, in_force};
use iikura::core::slot::{SlotDetails, SlotId, SlotState};
use iikura::core::time::interval::Interval;
use iikura::slot::booking::{self, BookingError, Notify};

use crate::house::{House, NOW, reason};
use crate::support::both::{Scratch, on_both};

on_both!(
    a_reason_is_stored_with_its_author_and_where_both_slots_stood,
    a_reason_outlives_another_title_and_lapses_when_either_slot_moves,
    a_sketch_that_becomes_tentative_is_judged,
    taking_a_confirmation_back_asks_for_no_reason,
    a_reason_for_one_absence_is_none_for_another,
    a_longer_run_of_the_chair_needs_a_reason_of_its_own,
    only_a_cancellation_cancels,
    the_history_keeps_the_reasons_of_before,
);

type Outcome<T> = Result<T, BookingError>;

fn change(
    house: &House<'_>,
    id: SlotId,
    edit: impl Fn(&mut SlotDetails),
    reasons: &Reasons,
) -> Outcome<()> {
    let slot = house.stored().slot(id).cloned().unwrap();
    let mut details = slot.details.clone();
    edit(&mut details);
    house.try_book(|tx, post| {
        booking::change(
            tx,
            post,
            id,
            slot.version,
            details.clone(),
            reasons,
            Notify::Later,
        )
    })
}

fn later(details: &mut SlotDetails, minutes: i32) {
    details.interval = details
        .interval
        .starting_at(details.interval.start().plus(minutes));
}

fn refused_by(outcome: Outcome<()>) -> Vec<Rule> {
    match outcome {
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => refused
            .conflicts
            .iter()
            .map(iikura::core::rules::Conflict::rule)
            .collect(),
        other => panic!("not refused by a rule: {other:?}"),
    }
}

/// Two talks in the Salon without the five minutes between them; the reason stands at the second.
fn close_together(house: &House<'_>) -> (SlotId, SlotId) {
    let first = house
        .book(&house.details(("18:30", 20), "salon", &[]))
        .unwrap();
    let second = house.details(("18:50", 20), "salon", &[]);
    let second = house
        .try_book(|tx, post| booking::book(tx, post, second.clone(), &reason(Rule::Turnaround)))
        .unwrap();
    (first, second)
}

fn stands(house: &House<'_>, id: SlotId) -> bool {
    let programme = house.stored();
    let slot = programme.slot(id).unwrap();
    check(&programme, Candidate::stored(slot))
        .iter()
        .any(|conflict| in_force(&programme, conflict).is_some())
}

fn a_reason_is_stored_with_its_author_and_where_both_slots_stood(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let (first, second) = close_together(&house);
    let programme = house.stored();
    let entry = programme
        .overrides
        .iter()
        .find(|entry| entry.rule == Rule::Turnaround)
        .unwrap();
    assert_eq!((entry.slot, entry.slot_placement), (second, 1));
    assert_eq!(entry.other, Some((first, 1)));
    assert_eq!(
        (entry.reason.as_str(), entry.author.as_str()),
        ("It is agreed", "Officer")
    );
    assert_eq!(entry.at, NOW);
    assert_eq!(house.programme().overrides.last(), Some(entry));
}

fn a_reason_outlives_another_title_and_lapses_when_either_slot_moves(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let (first, second) = close_together(&house);
    for id in [first, second] {
        change(
            &house,
            id,
            |details| "Other words".clone_into(&mut details.note),
            &Reasons::new(),
        )
        .unwrap();
        assert!(stands(&house, first) && stands(&house, second));
    }
    for id in [first, second] {
        // A shorter slot is still too close: who shortens it is asked for a reason once more.
        let longer = |details: &mut SlotDetails| {
            let minutes = if id == first { 0 } else { 5 };
            details.delegations = house.details(("18:30", 20), "salon", &["KZ"]).delegations;
            details.interval = Interval::new(
                details.interval.start(),
                details.interval.end().plus(minutes),
            )
            .unwrap();
        };
        assert_eq!(
            refused_by(change(&house, id, longer, &Reasons::new()))[0],
            Rule::Turnaround
        );
        assert!(stands(&house, first), "what was refused moved nothing");
    }
    change(
        &house,
        first,
        |details| later(details, -30),
        &Reasons::new(),
    )
    .unwrap();
    assert!(!stands(&house, first) && !stands(&house, second));
    let back = change(&house, first, |details| later(details, 30), &Reasons::new());
    assert_eq!(refused_by(back), [Rule::Turnaround]);
}

fn a_sketch_that_becomes_tentative_is_judged(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let taken = house.details(("18:30", 20), "salon", &[]);
    house.book(&taken).unwrap();
    let sketch = |minutes| {
        let mut details = SlotDetails {
            state: SlotState::Pencilled,
            ..taken.clone()
        };
        later(&mut details, minutes);
        house.book(&details).unwrap()
    };
    let (over, close) = (sketch(0), sketch(20));
    let firm = |details: &mut SlotDetails| details.state = SlotState::Tentative;
    assert_eq!(
        refused_by(change(&house, over, firm, &reason(Rule::DoubleBooking))),
        [Rule::DoubleBooking, Rule::Turnaround]
    );
    assert_eq!(
        refused_by(change(&house, close, firm, &Reasons::new()))[0],
        Rule::Turnaround
    );
    change(&house, close, firm, &reason(Rule::Turnaround)).unwrap();
    change(
        &house,
        close,
        |details| details.state = SlotState::Pencilled,
        &Reasons::new(),
    )
    .unwrap();
    change(&house, close, firm, &Reasons::new()).unwrap();
}

fn confirm(house: &House<'_>, id: SlotId) -> Outcome<()> {
    let version = house.stored().slot(id).unwrap().version;
    house.try_book(|tx, post| booking::confirm(tx, post, id, version, &Reasons::new()))
}

fn taking_a_confirmation_back_asks_for_no_reason(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let id = house
        .book(&house.details(("20:00", 30), "salon", &["KZ"]))
        .unwrap();
    confirm(&house, id).unwrap();
    // The house now closes earlier: a fact that no slot asked for.
    house.sql("UPDATE event_days SET closes = 1140");
    house.sql("UPDATE events SET revision = revision + 1");
    let version = house.stored().slot(id).unwrap().version;
    house
        .try_book(|tx, post| booking::withdraw(tx, post, id, version, Notify::Now))
        .unwrap();
    assert_eq!(refused_by(confirm(&house, id)), [Rule::Hours]);
    change(
        &house,
        id,
        |details| details.state = SlotState::Pencilled,
        &Reasons::new(),
    )
    .unwrap();
}

fn a_reason_for_one_absence_is_none_for_another(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let leaves_early = |code: &str| {
        let mut delegation = house.programme().delegation_by_code(code).unwrap().clone();
        let stay = delegation.presence[0];
        let until = house.details(("18:30", 10), "hall", &[]).interval.start();
        delegation.presence = vec![Interval::stay(stay.start(), until).unwrap()];
        house
            .try_book(|tx, _| {
                iikura::delegation::change::change(tx, &delegation).unwrap();
                Ok(())
            })
            .unwrap();
    };
    leaves_early("KZ");
    let wanted = house.details(("18:30", 20), "conference", &["KZ", "UZ"]);
    let id = house
        .try_book(|tx, post| booking::book(tx, post, wanted.clone(), &reason(Rule::Presence)))
        .unwrap();
    leaves_early("UZ");
    assert_eq!(
        refused_by(confirm(&house, id)),
        [Rule::Presence, Rule::Presence],
        "Uzbekistan's absence has no reason yet"
    );
    house
        .try_book(|tx, post| booking::confirm(tx, post, id, 1, &reason(Rule::Presence)))
        .unwrap();
}

fn a_longer_run_of_the_chair_needs_a_reason_of_its_own(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    house.sql("UPDATE events SET chair_rest_needs_reason = TRUE, chair_run_minutes = 60, revision = revision + 1");
    let talk = |start, minutes| house.details((start, minutes), "salon", &["JP"]);
    house.book(&talk("18:30", 60)).unwrap();
    let second = talk("19:35", 20);
    assert_eq!(refused_by(house.book(&second).map(drop)), [Rule::ChairRest]);
    let second = house
        .try_book(|tx, post| booking::book(tx, post, second.clone(), &reason(Rule::ChairRest)))
        .unwrap();
    assert!(stands(&house, second));
    let third = talk("20:00", 20);
    assert_eq!(refused_by(house.book(&third).map(drop)), [Rule::ChairRest]);
    let third = house
        .try_book(|tx, post| booking::book(tx, post, third.clone(), &reason(Rule::ChairRest)))
        .unwrap();
    for id in [second, third] {
        confirm(&house, id).unwrap();
    }
    let offers = {
        let programme = house.programme();
        let wanted = talk("20:25", 20);
        iikura::core::free::alternatives(&programme, Candidate::new(&wanted))
            .into_iter()
            .map(|offer| SlotDetails {
                interval: offer.interval,
                room: offer.room,
                ..wanted.clone()
            })
            .collect::<Vec<_>>()
    };
    assert!(!offers.is_empty());
    for offer in offers {
        let id = house.book(&offer).unwrap();
        house
            .try_book(|tx, post| booking::cancel(tx, post, id, 1, Notify::Later))
            .unwrap();
    }
}

fn only_a_cancellation_cancels(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let wanted = house.details(("18:30", 20), "salon", &["KZ"]);
    let off = SlotDetails {
        state: SlotState::Cancelled,
        ..wanted.clone()
    };
    assert!(matches!(
        house.book(&off),
        Err(BookingError::Refused(Refusal::State {
            state: SlotState::Cancelled,
            wanted: "booked"
        }))
    ));
    let id = house.book(&wanted).unwrap();
    for state in [SlotState::Cancelled, SlotState::Confirmed] {
        change(&house, id, |details| details.state = state, &Reasons::new()).unwrap();
        let slot = house.stored().slot(id).cloned().unwrap();
        assert_eq!(
            (slot.state(), slot.version),
            (SlotState::Tentative, 1),
            "{state:?}"
        );
    }
    house
        .try_book(|tx, post| booking::cancel(tx, post, id, 1, Notify::Later))
        .unwrap();
    let slot = house.stored().slot(id).cloned().unwrap();
    assert_eq!(
        (slot.version, slot.sequence, slot.placement),
        (2, 1, 1),
        "a cancellation is to be heard of"
    );
    assert!(matches!(
        house.try_book(|tx, post| booking::cancel(tx, post, id, 2, Notify::Later)),
        Err(BookingError::Refused(Refusal::State {
            state: SlotState::Cancelled,
            wanted: "cancelled"
        }))
    ));
}

fn the_history_keeps_the_reasons_of_before(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let (_, second) = close_together(&house);
    change(
        &house,
        second,
        |details| later(details, 30),
        &Reasons::new(),
    )
    .unwrap();
    let history = house.read(|conn| Ok(iikura::audit::of_subject(conn, second.0)?));
    let reasons = history[0]
        .changes(house.stored().event.time_zone)
        .into_iter()
        .find(|change| change.field == "reasons")
        .map(|change| (change.before, change.after));
    assert_eq!(
        reasons,
        Some((
            "Turnaround of the room: It is agreed".to_owned(),
            String::new()
        ))
    );
    let stored: i64 = house.read(|conn| {
        Ok(iikura::db::schema::overrides::table
            .filter(iikura::db::schema::overrides::slot_id.eq(second))
            .count()
            .get_result(conn)?)
    });
    assert_eq!(stored, 1, "what has lapsed stays for the record");
}
