//! Overrides in the database, counters, and what happens when somebody writes behind the program's back.

use diesel::prelude::*;
use iikura::change::booking::{self, BookingError, Notify};
use iikura::core::decision::{Refusal, SlotStep};
use iikura::core::rule::{Reasons, Rule};
use iikura::core::slot::{SlotDetails, SlotState};
use iikura::db::{Conn, DbError};

use crate::test_event::{TestEvent, reason};
use support::both::{Scratch, on_both};

on_both!(
    overridden_turnaround_returns_when_its_reason_expires,
    counters_rise_for_what_they_count,
    plain_sql_behind_our_back_is_met_as_the_conflict_it_is,
    what_is_cancelled_frees_its_room_and_stays_as_it_is,
);

fn sql(test_event: &TestEvent<'_>, statement: &str) {
    test_event
        .db
        .write_here(|conn: &mut Conn| {
            Ok::<_, DbError>(diesel::sql_query(statement).execute(conn).map(drop)?)
        })
        .unwrap();
}

fn waived(test_event: &TestEvent<'_>) -> i64 {
    test_event.read(|conn| {
        use iikura::db::schema::occupancy::dsl::{occupancy, turnaround_waived};
        Ok(occupancy
            .filter(turnaround_waived.eq(true))
            .count()
            .get_result(conn)?)
    })
}

fn overridden_turnaround_returns_when_its_reason_expires(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let (first, second) = (
        test_event.details(("18:30", 20), "salon", &[]),
        test_event.details(("18:50", 20), "salon", &[]),
    );
    test_event.book(&first).unwrap();
    assert!(matches!(
        test_event.book(&second),
        Err(BookingError::Refused(Refusal::Conflicts(_)))
    ));
    let id = test_event
        .try_book(|tx, post| booking::book(tx, post, second.clone(), &reason(Rule::Turnaround)))
        .unwrap();
    assert_eq!(
        waived(&test_event),
        1,
        "the earlier slot gives its turnaround away"
    );
    let third = test_event.details(("18:45", 10), "salon", &[]);
    assert!(
        matches!(
            test_event.book(&third),
            Err(BookingError::Refused(Refusal::Conflicts(_)))
        ),
        "but not its time"
    );

    let later = second.placement.later(30);
    test_event
        .try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (id, 1),
                SlotStep::Place(later),
                &Reasons::new(),
                Notify::Later,
            )
        })
        .unwrap();
    assert_eq!(waived(&test_event), 0);
    let back = test_event.try_book(|tx, post| {
        booking::alter(
            tx,
            post,
            (id, 2),
            SlotStep::Change(second.clone()),
            &Reasons::new(),
            Notify::Later,
        )
    });
    assert!(
        matches!(back, Err(BookingError::Refused(Refusal::Conflicts(_)))),
        "the reason was for where they stood then"
    );
}

fn counters_rise_for_what_they_count(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let wanted = test_event.details(("18:30", 20), "salon", &["KZ"]);
    let id = test_event.book(&wanted).unwrap();
    let change = |version: i32, details: SlotDetails| {
        test_event.try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (id, version),
                SlotStep::Change(details.clone()),
                &Reasons::new(),
                Notify::Later,
            )
        })
    };
    let counters = || {
        let slot = test_event.slot("A talk");
        (slot.version, slot.sequence, slot.moves)
    };
    assert_eq!(counters(), (1, 0, 1));
    let mut noted = wanted.clone();
    "Only for us".clone_into(&mut noted.content.note);
    change(1, noted).unwrap();
    assert_eq!(counters(), (2, 0, 1), "a note concerns nobody else");
    let moved = wanted.placed(wanted.placement.later(5));
    change(2, moved.clone()).unwrap();
    assert_eq!(counters(), (3, 1, 2));
    assert!(
        matches!(change(2, wanted.clone()), Err(BookingError::Refused(Refusal::Stale { current, .. })) if current.version == 3)
    );
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, id, 3, &Reasons::new()))
        .unwrap();
    assert_eq!(
        counters(),
        (4, 1, 2),
        "the first they hear of it is the state it is in"
    );
    test_event
        .try_book(|tx, post| booking::withdraw(tx, post, id, 4, Notify::Now))
        .unwrap();
    assert_eq!(counters(), (5, 2, 2), "CANCEL is above the last REQUEST");
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, id, 5, &Reasons::new()))
        .unwrap();
    assert_eq!(counters(), (6, 3, 2), "and the next REQUEST above that");
}

fn plain_sql_behind_our_back_is_met_as_the_conflict_it_is(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let wanted = test_event.details(("18:30", 20), "salon", &["KZ"]);
    // The server has the programme in memory; the intruder does not raise the revision.
    test_event
        .book(&test_event.details(("19:30", 20), "salon", &["KZ"]))
        .unwrap();
    let (event, room) = (test_event.event.0, wanted.placement.room.unwrap().0);
    let (starts, ends) = (
        wanted.placement.interval.start().minutes(),
        wanted.placement.interval.end().minutes(),
    );
    sql(
        &test_event,
        &format!(
            "INSERT INTO slots (id, event_id, kind, title, note, starts_at, ends_at, state, holds,
               interpretation_wanted, version, sequence, placement, created_at, updated_at)
             VALUES (7, {event}, 'other', 'Intruder', '', {starts}, {ends}, 'tentative', true, false, 1, 0, 1, 0, 0)"
        ),
    );
    sql(
        &test_event,
        &format!(
            "INSERT INTO occupancy (slot_id, resource_id, event_id, kind, starts_at, ends_at, holds,
               turnaround_minutes, turnaround_waived)
             VALUES (7, {room}, {event}, 'room', {starts}, {ends}, true, 5, false)"
        ),
    );
    match test_event.book(&wanted) {
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            assert_eq!(refused.conflicts[0].rule(), Rule::DoubleBooking);
        }
        other => panic!("{other:?}"),
    }
}

fn what_is_cancelled_frees_its_room_and_stays_as_it_is(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let wanted = test_event.details(("18:30", 20), "salon", &["KZ"]);
    let id = test_event.book(&wanted).unwrap();
    test_event
        .try_book(|tx, post| booking::cancel(tx, post, id, 1, Notify::Later))
        .unwrap();
    test_event.book(&wanted).unwrap();
    for state in [SlotState::Tentative, SlotState::Pencilled] {
        let back = wanted.in_state(state);
        let outcome = test_event.try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (id, 2),
                SlotStep::Change(back.clone()),
                &Reasons::new(),
                Notify::Later,
            )
        });
        assert!(
            matches!(
                outcome,
                Err(BookingError::Refused(Refusal::State {
                    state: SlotState::Cancelled,
                    ..
                }))
            ),
            "{outcome:?}"
        );
    }
}
