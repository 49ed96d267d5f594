//! Reasons: what they are stored with, what they stand for, and when they are asked for again.

use diesel::prelude::*;
use iikura::change::booking::{self, BookingError, Notify};
use iikura::core::decision::{Refusal, SlotStep};
use iikura::core::event::Event;
use iikura::core::rule::{Level, Reasons, Rule};
use iikura::core::rules::{Candidate, Conflict, check, in_force};
use iikura::core::slot::{SlotDetails, SlotId, SlotState};
use iikura::core::time::interval::Interval;
use iikura::core::zone_change::ZoneKeeps;
use iikura::store::slot_write::measure_approved;

use crate::test_event::{NOW, TestEvent, import, reason};
use support::both::{Scratch, on_both};

on_both!(
    reason_is_stored_with_author_and_both_placements,
    reason_survives_a_title_and_expires_with_a_move,
    a_sketch_that_becomes_tentative_is_judged,
    taking_a_confirmation_back_asks_for_no_reason,
    a_reason_for_one_absence_is_none_for_another,
    a_longer_run_of_the_chair_needs_a_reason_of_its_own,
    reason_holds_for_less_and_asks_again_for_more,
    reason_of_an_earlier_release_is_for_what_is_true_at_the_upgrade,
    only_a_cancellation_cancels,
    the_history_keeps_the_reasons_of_before,
);

type Outcome<T> = Result<T, BookingError>;

fn change(
    test_event: &TestEvent<'_>,
    id: SlotId,
    edit: impl Fn(&mut SlotDetails),
    reasons: &Reasons,
) -> Outcome<()> {
    let slot = test_event.stored().slot(id).cloned().unwrap();
    let mut details = slot.details.clone();
    edit(&mut details);
    test_event.try_book(|tx, post| {
        booking::alter(
            tx,
            post,
            (id, slot.version),
            SlotStep::Change(details.clone()),
            reasons,
            Notify::Later,
        )
    })
}

fn later(details: &mut SlotDetails, minutes: i32) {
    details.placement = details.placement.later(minutes);
}

fn refused_by(outcome: Outcome<()>) -> Vec<Rule> {
    match outcome {
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            refused.conflicts.iter().map(Conflict::rule).collect()
        }
        other => panic!("not refused by a rule: {other:?}"),
    }
}

/// Two talks in the Salon without the five minutes between them; the reason stands at the second.
fn close_together(test_event: &TestEvent<'_>) -> (SlotId, SlotId) {
    let first = test_event
        .book(&test_event.details(("18:30", 20), "salon", &[]))
        .unwrap();
    let second = test_event.details(("18:50", 20), "salon", &[]);
    let second = test_event
        .try_book(|tx, post| booking::book(tx, post, second.clone(), &reason(Rule::Turnaround)))
        .unwrap();
    (first, second)
}

fn stands(test_event: &TestEvent<'_>, id: SlotId) -> bool {
    let programme = test_event.stored();
    let slot = programme.slot(id).unwrap();
    check(&programme, Candidate::stored(slot))
        .iter()
        .any(|conflict| in_force(&programme, conflict).is_some())
}

fn reason_is_stored_with_author_and_both_placements(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let (first, second) = close_together(&test_event);
    let programme = test_event.stored();
    let entry = programme
        .overrides
        .iter()
        .find(|entry| entry.rule == Rule::Turnaround)
        .unwrap();
    assert_eq!((entry.slot, entry.slot_moves), (second, 1));
    assert_eq!(entry.other, Some((first, 1)));
    assert_eq!(
        (entry.reason.as_str(), entry.author.as_str()),
        ("It is agreed", "Officer")
    );
    assert_eq!(entry.at, NOW);
    assert_eq!(test_event.programme().overrides.last(), Some(entry));
}

fn reason_survives_a_title_and_expires_with_a_move(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let (first, second) = close_together(&test_event);
    for id in [first, second] {
        change(
            &test_event,
            id,
            |details| "Other words".clone_into(&mut details.content.note),
            &Reasons::new(),
        )
        .unwrap();
        assert!(stands(&test_event, first) && stands(&test_event, second));
    }
    for id in [first, second] {
        // A shorter slot is still too close: who shortens it is asked for a reason once more.
        let longer = |details: &mut SlotDetails| {
            let minutes = if id == first { 0 } else { 5 };
            details.content.delegations = test_event
                .details(("18:30", 20), "salon", &["KZ"])
                .content
                .delegations;
            details.placement.interval = Interval::new(
                details.placement.interval.start(),
                details.placement.interval.end().plus(minutes),
            )
            .unwrap();
        };
        assert_eq!(
            refused_by(change(&test_event, id, longer, &Reasons::new()))[0],
            Rule::Turnaround
        );
        assert!(stands(&test_event, first), "what was refused moved nothing");
    }
    change(
        &test_event,
        first,
        |details| later(details, -30),
        &Reasons::new(),
    )
    .unwrap();
    assert!(!stands(&test_event, first) && !stands(&test_event, second));
    let back = change(
        &test_event,
        first,
        |details| later(details, 30),
        &Reasons::new(),
    );
    assert_eq!(refused_by(back), [Rule::Turnaround]);
}

fn a_sketch_that_becomes_tentative_is_judged(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let taken = test_event.details(("18:30", 20), "salon", &[]);
    test_event.book(&taken).unwrap();
    let sketch = |minutes| {
        let mut details = taken.in_state(SlotState::Pencilled);
        later(&mut details, minutes);
        test_event.book(&details).unwrap()
    };
    let (over, close) = (sketch(0), sketch(20));
    let firm = |details: &mut SlotDetails| details.state = SlotState::Tentative;
    assert_eq!(
        refused_by(change(
            &test_event,
            over,
            firm,
            &reason(Rule::DoubleBooking)
        )),
        [Rule::DoubleBooking, Rule::Turnaround]
    );
    assert_eq!(
        refused_by(change(&test_event, close, firm, &Reasons::new()))[0],
        Rule::Turnaround
    );
    change(&test_event, close, firm, &reason(Rule::Turnaround)).unwrap();
    change(
        &test_event,
        close,
        |details| details.state = SlotState::Pencilled,
        &Reasons::new(),
    )
    .unwrap();
    change(&test_event, close, firm, &Reasons::new()).unwrap();
}

fn confirm(test_event: &TestEvent<'_>, id: SlotId) -> Outcome<()> {
    let version = test_event.stored().slot(id).unwrap().version;
    test_event.try_book(|tx, post| booking::confirm(tx, post, id, version, &Reasons::new()))
}

fn taking_a_confirmation_back_asks_for_no_reason(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = test_event
        .book(&test_event.details(("20:00", 30), "salon", &["KZ"]))
        .unwrap();
    confirm(&test_event, id).unwrap();
    // The house now closes earlier: a fact that no slot asked for.
    test_event.sql("UPDATE event_days SET closes = 1140");
    test_event.sql("UPDATE events SET revision = revision + 1");
    let version = test_event.stored().slot(id).unwrap().version;
    test_event
        .try_book(|tx, post| booking::withdraw(tx, post, id, version, Notify::Now))
        .unwrap();
    assert_eq!(refused_by(confirm(&test_event, id)), [Rule::Hours]);
    change(
        &test_event,
        id,
        |details| details.state = SlotState::Pencilled,
        &Reasons::new(),
    )
    .unwrap();
}

fn a_reason_for_one_absence_is_none_for_another(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let leaves_early = |code: &str| {
        let mut delegation = test_event
            .programme()
            .delegation_by_code(code)
            .unwrap()
            .clone();
        let stay = delegation.presence[0];
        let until = test_event
            .details(("18:30", 10), "hall", &[])
            .placement
            .interval
            .start();
        delegation.presence = vec![Interval::stay(stay.start(), until).unwrap()];
        test_event
            .try_book(|tx, _| {
                iikura::change::delegation::change(tx, &delegation).unwrap();
                Ok(())
            })
            .unwrap();
    };
    leaves_early("KZ");
    let wanted = test_event.details(("18:30", 20), "conference", &["KZ", "UZ"]);
    let id = test_event
        .try_book(|tx, post| booking::book(tx, post, wanted.clone(), &reason(Rule::Presence)))
        .unwrap();
    leaves_early("UZ");
    assert_eq!(
        refused_by(confirm(&test_event, id)),
        [Rule::Presence, Rule::Presence],
        "Uzbekistan's absence has no reason yet"
    );
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, id, 1, &reason(Rule::Presence)))
        .unwrap();
}

fn a_longer_run_of_the_chair_needs_a_reason_of_its_own(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    test_event.sql("UPDATE events SET chair_rest_needs_reason = TRUE, chair_run_minutes = 60, revision = revision + 1");
    let talk = |start, minutes| test_event.details((start, minutes), "salon", &["JP"]);
    test_event.book(&talk("18:30", 60)).unwrap();
    let second = talk("19:35", 20);
    assert_eq!(
        refused_by(test_event.book(&second).map(drop)),
        [Rule::ChairRest]
    );
    let second = test_event
        .try_book(|tx, post| booking::book(tx, post, second.clone(), &reason(Rule::ChairRest)))
        .unwrap();
    assert!(stands(&test_event, second));
    let third = talk("20:00", 20);
    assert_eq!(
        refused_by(test_event.book(&third).map(drop)),
        [Rule::ChairRest]
    );
    let third = test_event
        .try_book(|tx, post| booking::book(tx, post, third.clone(), &reason(Rule::ChairRest)))
        .unwrap();
    for id in [second, third] {
        confirm(&test_event, id).unwrap();
    }
    let offers = {
        let programme = test_event.programme();
        let wanted = talk("20:25", 20);
        iikura::core::free::alternatives(&programme, Candidate::new(&wanted))
            .into_iter()
            .map(|offer| wanted.placed(offer.placement))
            .collect::<Vec<_>>()
    };
    assert!(!offers.is_empty());
    for offer in offers {
        let id = test_event.book(&offer).unwrap();
        test_event
            .try_book(|tx, post| booking::cancel(tx, post, id, 1, Notify::Later))
            .unwrap();
    }
}

fn only_a_cancellation_cancels(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let wanted = test_event.details(("18:30", 20), "salon", &["KZ"]);
    let off = wanted.in_state(SlotState::Cancelled);
    assert!(matches!(
        test_event.book(&off),
        Err(BookingError::Refused(Refusal::State {
            state: SlotState::Cancelled,
            wanted: "booked"
        }))
    ));
    let id = test_event.book(&wanted).unwrap();
    for state in [SlotState::Cancelled, SlotState::Confirmed] {
        change(
            &test_event,
            id,
            |details| details.state = state,
            &Reasons::new(),
        )
        .unwrap();
        let slot = test_event.stored().slot(id).cloned().unwrap();
        assert_eq!(
            (slot.state(), slot.version),
            (SlotState::Tentative, 1),
            "{state:?}"
        );
    }
    test_event
        .try_book(|tx, post| booking::cancel(tx, post, id, 1, Notify::Later))
        .unwrap();
    let slot = test_event.stored().slot(id).cloned().unwrap();
    assert_eq!(
        (slot.version, slot.sequence, slot.moves),
        (2, 1, 1),
        "a cancellation is to be heard of"
    );
    assert!(matches!(
        test_event.try_book(|tx, post| booking::cancel(tx, post, id, 2, Notify::Later)),
        Err(BookingError::Refused(Refusal::State {
            state: SlotState::Cancelled,
            wanted: "cancelled"
        }))
    ));
}

fn the_history_keeps_the_reasons_of_before(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let (_, second) = close_together(&test_event);
    change(
        &test_event,
        second,
        |details| later(details, 30),
        &Reasons::new(),
    )
    .unwrap();
    let history = test_event.read(|conn| Ok(iikura::store::audit::of_subject(conn, second.0)?));
    let reasons = history[0]
        .changes(test_event.stored().event.time_zone)
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
    let stored: i64 = test_event.read(|conn| {
        Ok(iikura::db::schema::overrides::table
            .filter(iikura::db::schema::overrides::slot_id.eq(second))
            .count()
            .get_result(conn)?)
    });
    assert_eq!(stored, 1, "what has lapsed stays for the record");
}

/// Two slots with reasons: six people in a room for five, and five minutes over.
const OUTLIVED: &str = r#"
[meeting]
slug = "reason-outlives"
name = "reason-outlives"
venue = "House"
time_zone = "Asia/Tokyo"
days = ["2026-10-23"]
opens = "09:00"
closes = "18:00"

[[parties]]
code = "KZ"
name = "Kazakhstan"
role = "guest"
head = "H.E. the Minister of Kazakhstan"
precedence = 1
time_zone = "Asia/Almaty"
languages = ["en"]
party_size = 3

[[parties]]
code = "UZ"
name = "Uzbekistan"
role = "guest"
head = "H.E. the Minister of Uzbekistan"
precedence = 2
time_zone = "Asia/Tashkent"
languages = ["en"]
party_size = 3

[[rooms]]
code = "a"
name = "Room a"
capacity = 5
turnaround_minutes = 0

[[slots]]
kind = "other"
title = "Crowded"
day = "2026-10-23"
start = "10:00"
end = "10:30"
parties = ["KZ", "UZ"]
room = "a"
override = [{ rule = "capacity", reason = "one of them stands", author = "Officer" }]

[[slots]]
kind = "other"
title = "Five over"
day = "2026-10-23"
start = "17:30"
end = "18:05"
parties = ["UZ"]
room = "a"
override = [{ rule = "hours", reason = "five minutes over", author = "Officer" }]
"#;

/// The rules that ask for a reason at a slot.
fn asking(test_event: &TestEvent<'_>, title: &str) -> Vec<Rule> {
    let programme = test_event.stored();
    let slot = test_event.slot(title);
    let conflicts = check(&programme, Candidate::stored(&slot));
    let open = conflicts.iter().filter(|conflict| {
        conflict.level == Level::NeedsReason && in_force(&programme, conflict).is_none()
    });
    open.map(Conflict::rule).collect()
}

fn close_at(test_event: &TestEvent<'_>, time: &str) {
    let mut event = Event::clone(&test_event.stored().event);
    event.days[0].closes = time.parse().unwrap();
    test_event
        .try_book(|tx, _| {
            iikura::change::event::change(tx, &event, ZoneKeeps::Instants).unwrap();
            Ok(())
        })
        .unwrap();
}

fn come_as(test_event: &TestEvent<'_>, party_size: i32) {
    let mut delegation = test_event
        .stored()
        .delegation_by_code("KZ")
        .unwrap()
        .clone();
    delegation.party_size = party_size;
    test_event
        .try_book(|tx, _| {
            iikura::change::delegation::change(tx, &delegation).unwrap();
            Ok(())
        })
        .unwrap();
}

fn reason_holds_for_less_and_asks_again_for_more(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::at(scratch, import(scratch, OUTLIVED).unwrap().event);
    let over = || asking(&test_event, "Five over");
    assert_eq!(over(), []);
    close_at(&test_event, "18:04");
    assert_eq!(over(), []);
    close_at(&test_event, "12:00");
    assert_eq!(over(), [Rule::Hours]);
    let slot = test_event.slot("Five over");
    let confirm = |reasons: &Reasons| {
        test_event.try_book(|tx, post| booking::confirm(tx, post, slot.id, slot.version, reasons))
    };
    assert_eq!(refused_by(confirm(&Reasons::new())), [Rule::Hours]);
    confirm(&reason(Rule::Hours)).unwrap();
    assert_eq!(over(), []);
    let crowded = || asking(&test_event, "Crowded");
    assert_eq!(crowded(), []);
    come_as(&test_event, 2);
    assert_eq!(crowded(), []);
    come_as(&test_event, 4);
    assert_eq!(crowded(), [Rule::Capacity]);
    come_as(&test_event, 3);
    assert_eq!(crowded(), []);
}

fn reason_of_an_earlier_release_is_for_what_is_true_at_the_upgrade(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::at(scratch, import(scratch, OUTLIVED).unwrap().event);
    test_event.sql("UPDATE overrides SET approved = NULL");
    let measured = scratch.write_here(measure_approved);
    assert_eq!(measured.unwrap(), 2);
    assert_eq!(test_event.count("overrides WHERE approved IN (1, 5)"), 2);
    assert_eq!(asking(&test_event, "Five over"), []);
    close_at(&test_event, "17:00");
    assert_eq!(asking(&test_event, "Five over"), [Rule::Hours]);
    let again = scratch.write_here(measure_approved);
    assert_eq!(again.unwrap(), 0);
}
