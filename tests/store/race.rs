//! Fifty writers want the same resource at the same hour: one has it, the others are told so, nobody gets stuck.

use std::sync::Barrier;
use std::thread;

use diesel::prelude::*;
use iikura::db::{Db, DbError};

use crate::scene::*;
use support::both::{Scratch, on_both};

on_both!(
    fifty_threads_want_one_room_and_hour,
    fifty_threads_of_five_processes_want_one_room_and_hour,
    fifty_threads_want_one_minister_in_two_rooms,
);

const WRITERS: usize = 50;

fn fifty_threads_want_one_room_and_hour(scratch: &Scratch) {
    furnish_scratch(scratch);
    race(scratch, &[(**scratch).clone()], |_| vec![ORCHID]);
}

fn fifty_threads_of_five_processes_want_one_room_and_hour(scratch: &Scratch) {
    furnish_scratch(scratch);
    let processes: Vec<Db> = (0..5).map(|_| scratch.another_process()).collect();
    race(scratch, &processes, |_| vec![ORCHID]);
}

fn fifty_threads_want_one_minister_in_two_rooms(scratch: &Scratch) {
    furnish_scratch(scratch);
    race(scratch, &[(**scratch).clone()], |writer| {
        // Half of them lock in the other order, as deadlocks want it.
        if writer % 2 == 0 {
            vec![CHAIR, ORCHID]
        } else {
            vec![SAKURA, CHAIR]
        }
    });
}

fn furnish_scratch(scratch: &Scratch) {
    scratch.migrate().unwrap();
    furnish(scratch);
}

fn race(db: &Db, processes: &[Db], wanted: impl Fn(usize) -> Vec<i64> + Sync) {
    let start = Barrier::new(WRITERS);
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (db, start, wanted) = (&processes[writer % processes.len()], &start, &wanted);
                scope.spawn(move || {
                    start.wait();
                    write(db, writer, &wanted(writer))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let (winners, losers): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(winners.len(), 1);
    for loser in losers {
        assert_overlap(loser);
    }
    assert_eq!(count(db, "slots"), 1);
    assert_eq!(
        count(db, "events WHERE revision = 1"),
        1,
        "only the winner's revision stays"
    );
    assert_no_double_booking(db);
}

/// What every writing transaction does: the event's revision first, then the rows.
fn write(db: &Db, writer: usize, resources: &[i64]) -> Outcome {
    let id = i64::try_from(writer).unwrap() + 1;
    db.write_here(|connection| {
        connection.transaction(|connection| {
            let mut statements = vec![
                format!("UPDATE events SET revision = revision + 1 WHERE id = {MEETING}"),
                insert_slot(id, 0, 30, "tentative"),
            ];
            statements.extend(
                resources
                    .iter()
                    .map(|resource| insert_occupancy(id, *resource)),
            );
            for statement in statements {
                diesel::sql_query(statement).execute(connection)?;
            }
            Ok::<(), DbError>(())
        })
    })
}
