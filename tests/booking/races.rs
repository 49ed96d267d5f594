//! Many at once: one wins, the others hear of a conflict, nobody of the database.

use std::sync::Barrier;

use iikura::change::booking::{self, BookingError};
use iikura::core::decision::{Refusal, SlotStep};
use iikura::core::rule::{Reasons, Rule};
use iikura::core::slot::{SlotDetails, SlotId};

use crate::test_event::TestEvent;
use support::both::{Scratch, on_both};

on_both!(
    fifty_want_one_room_at_one_hour,
    fifty_want_one_minister_in_different_rooms,
    fifty_move_into_one_gap,
    two_servers_never_believe_an_old_programme,
);

const WRITERS: usize = 50;

/// Runs all of the work at once and counts who came through; everybody else must have met a double booking.
fn one_wins(work: impl Fn(usize) -> Result<SlotId, BookingError> + Sync) {
    let line = Barrier::new(WRITERS);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (line, work) = (&line, &work);
                scope.spawn(move || {
                    line.wait();
                    work(writer)
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    let mut won = 0;
    for outcome in outcomes {
        match outcome {
            Ok(_) => won += 1,
            Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
                let conflicts = refused.conflicts;
                assert!(
                    conflicts
                        .iter()
                        .any(|conflict| conflict.rule() == Rule::DoubleBooking),
                    "{conflicts:?}"
                );
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(won, 1);
}

fn fifty_want_one_room_at_one_hour(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let wanted = test_event.details(("18:30", 30), "salon", &[]);
    one_wins(|_| test_event.book(&wanted));
}

fn fifty_want_one_minister_in_different_rooms(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let rooms = ["hall", "conference", "salon", "dining", "press"];
    let wanted = rooms.map(|room| test_event.details(("18:30", 30), room, &["KZ"]));
    one_wins(|writer| test_event.book(&wanted[writer % rooms.len()]));
}

fn fifty_move_into_one_gap(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    // One after the other through the day; the last has a room of its own.
    let slots: Vec<(SlotId, SlotDetails)> = (0..50_i32)
        .map(|index| {
            let room = if index < 49 { "salon" } else { "conference" };
            let mut details = test_event.details(("08:30", 10), room, &[]);
            let step = if index < 49 { index } else { 0 };
            details.placement = details.placement.later(step * 15);
            (test_event.book(&details).unwrap(), details)
        })
        .collect();
    let gap = test_event.details(("20:00", 10), "press", &[]);
    one_wins(|writer| {
        let (id, details) = &slots[writer];
        let moved = details.placed(gap.placement);
        test_event
            .try_book(|tx, post| {
                booking::alter(
                    tx,
                    post,
                    (*id, 1),
                    SlotStep::Change(moved.clone()),
                    &Reasons::new(),
                    booking::Notify::Later,
                )
            })
            .map(|()| *id)
    });
}

fn two_servers_never_believe_an_old_programme(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let one = TestEvent::of(scratch);
    let elsewhere = scratch.another_process();
    let other = one.seen_by_another(&elsewhere);
    for (turn, hour) in (0..).zip(["18:00", "18:30", "19:00", "19:30", "20:00", "20:30"]) {
        let (here, there) = if turn % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        let wanted = here.details((hour, 20), "salon", &["KZ"]);
        here.book(&wanted).unwrap();
        assert!(matches!(
            there.book(&wanted),
            Err(BookingError::Refused(Refusal::Conflicts(_)))
        ));
        assert_eq!(there.programme().slots(), here.programme().slots());
    }
}
