//! Writing around the domain: what the database refuses by itself, and what it has to let through.

use crate::scene::*;
use support::both::{Scratch, on_both};

on_both!(
    one_resource_cannot_be_in_two_slots_at_once,
    every_way_of_overlapping_is_refused,
    touching_slots_are_allowed,
    turnaround_of_a_room_is_reserved_in_either_order,
    a_waived_turnaround_lets_the_next_slot_begin_sooner,
    longest_slot_counts_to_the_end_of_its_turnaround,
    a_turnaround_cannot_be_raised_into_a_collision,
    pencilled_slots_lie_over_everything,
    a_pencilled_slot_cannot_be_booked_over_a_held_one,
    moving_is_one_update_and_is_judged,
    cancelled_slot_frees_its_time_and_cannot_return_over_another,
    two_slots_swap_by_letting_go_first,
    one_update_of_many_slots_is_judged_too,
    a_resource_cannot_be_exchanged_for_a_busy_one,
    false_copies_are_refused_by_the_key,
    another_events_room_is_refused,
    a_slot_has_one_room_at_most,
    hold_and_state_cannot_disagree,
    a_slot_ends_after_it_starts_and_within_a_day,
    times_are_whole_numbers,
    conflict_clauses_cannot_slip_past,
    a_busy_resource_is_not_deleted_and_a_deleted_slot_frees_it,
    an_event_is_deleted_whole,
);

fn furnished(scratch: &Scratch) {
    scratch.migrate().unwrap();
    furnish(scratch);
}

fn one_resource_cannot_be_in_two_slots_at_once(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "tentative", &[CHAIR, ORCHID]).unwrap();
    assert_overlap(book(db, 2, 0, 30, "tentative", &[GUEST, ORCHID]));
    assert_overlap(book(db, 3, 0, 30, "confirmed", &[CHAIR, SAKURA]));
    book(db, 4, 0, 30, "confirmed", &[GUEST, SAKURA]).unwrap();
    assert_eq!(count(db, "slots"), 2);
    assert_no_double_booking(db);
}

fn every_way_of_overlapping_is_refused(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 60, "confirmed", &[CHAIR]).unwrap();
    for (starts, ends) in [
        (0, 60),    // equal
        (0, 30),    // starts with it
        (0, 90),    // started by it
        (30, 60),   // ends with it
        (-30, 60),  // ended by it
        (15, 45),   // during it
        (-15, 75),  // around it
        (-30, 1),   // into its first minute
        (59, 90),   // from its last minute
        (-1380, 5), // from nearly a day before
    ] {
        assert_overlap(book(db, 2, starts, ends, "tentative", &[CHAIR]));
    }
}

fn touching_slots_are_allowed(db: &Scratch) {
    furnished(db);
    book(db, 1, 30, 60, "confirmed", &[CHAIR, ORCHID]).unwrap();
    book(db, 2, 0, 30, "confirmed", &[CHAIR, ORCHID]).unwrap();
    book(db, 3, 60, 90, "confirmed", &[CHAIR, ORCHID]).unwrap();
}

fn turnaround_of_a_room_is_reserved_in_either_order(db: &Scratch) {
    furnished(db);
    book(db, 1, 60, 90, "confirmed", &[SAKURA]).unwrap();
    assert_overlap(book(db, 2, 104, 120, "tentative", &[SAKURA]));
    assert_overlap(book(db, 2, 30, 46, "tentative", &[SAKURA]));
    book(db, 2, 105, 120, "tentative", &[SAKURA]).unwrap();
    book(db, 3, 30, 45, "tentative", &[SAKURA]).unwrap();
}

fn a_waived_turnaround_lets_the_next_slot_begin_sooner(db: &Scratch) {
    furnished(db);
    let waived = |slot| occupancy("INSERT", slot, SAKURA, true);
    together(db, &[&insert_slot(1, 0, 30, "confirmed"), &waived(1)]).unwrap();
    book(db, 2, 30, 60, "confirmed", &[SAKURA]).unwrap();
    // Waiving is of the turnaround alone, and of this slot's alone.
    assert_overlap(together(
        db,
        &[&insert_slot(3, 29, 30, "confirmed"), &waived(3)],
    ));
    assert_overlap(together(
        db,
        &[&insert_slot(3, 60, 90, "confirmed"), &waived(3)],
    ));
    assert_overlap(run(
        db,
        "UPDATE occupancy SET turnaround_waived = FALSE WHERE slot_id = 1",
    ));
}

fn longest_slot_counts_to_the_end_of_its_turnaround(db: &Scratch) {
    furnished(db);
    let longest = format!("UPDATE resources SET turnaround_minutes = 240 WHERE id = {SAKURA}");
    run(db, &longest).unwrap();
    book(db, 1, 0, 1440, "confirmed", &[SAKURA]).unwrap();
    assert_overlap(book(db, 2, 1679, 1700, "tentative", &[SAKURA]));
    assert_overlap(book(db, 2, -1440, -239, "tentative", &[SAKURA]));
    book(db, 2, 1680, 1700, "tentative", &[SAKURA]).unwrap();
    book(db, 3, -1440, -240, "tentative", &[SAKURA]).unwrap();
}

fn a_turnaround_cannot_be_raised_into_a_collision(db: &Scratch) {
    furnished(db);
    let turnaround = |minutes| {
        format!("UPDATE resources SET turnaround_minutes = {minutes} WHERE id = {ORCHID}")
    };
    book(db, 1, 0, 30, "confirmed", &[ORCHID]).unwrap();
    book(db, 2, 40, 60, "confirmed", &[ORCHID]).unwrap();
    assert_overlap(run(db, &turnaround(11)));
    run(db, &turnaround(10)).unwrap();
    assert_eq!(count(db, "occupancy WHERE turnaround_minutes = 10"), 2);
    assert_refused(run(db, &turnaround(241)));
    assert_refused(run(db, &turnaround(-1)));
}

fn pencilled_slots_lie_over_everything(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 60, "confirmed", &[CHAIR, ORCHID]).unwrap();
    book(db, 2, 0, 60, "pencilled", &[CHAIR, ORCHID]).unwrap();
    book(db, 3, 30, 90, "pencilled", &[CHAIR, ORCHID]).unwrap();
    run(db, &move_slot(3, 0, 60)).unwrap();
}

fn a_pencilled_slot_cannot_be_booked_over_a_held_one(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 60, "tentative", &[CHAIR]).unwrap();
    book(db, 2, 30, 90, "pencilled", &[CHAIR]).unwrap();
    assert_overlap(run(db, &set_state(2, "tentative")));
    run(db, &move_slot(2, 60, 90)).unwrap();
    run(db, &set_state(2, "tentative")).unwrap();
}

fn moving_is_one_update_and_is_judged(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR, ORCHID]).unwrap();
    book(db, 2, 60, 90, "confirmed", &[CHAIR]).unwrap();
    assert_overlap(run(db, &move_slot(1, 45, 75)));
    run(db, &move_slot(1, 10, 40)).unwrap();
    let moved = format!(
        "occupancy WHERE slot_id = 1 AND starts_at = {} AND ends_at = {}",
        TEN + 10,
        TEN + 40
    );
    assert_eq!(count(db, &moved), 2);
    run(db, &move_slot(1, 20, 60)).unwrap();
    assert_no_double_booking(db);
}

fn cancelled_slot_frees_its_time_and_cannot_return_over_another(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR, ORCHID]).unwrap();
    run(db, &set_state(1, "cancelled")).unwrap();
    book(db, 2, 0, 30, "tentative", &[CHAIR, ORCHID]).unwrap();
    assert_overlap(run(db, &set_state(1, "confirmed")));
    run(db, &set_state(2, "cancelled")).unwrap();
    run(db, &set_state(1, "confirmed")).unwrap();
}

fn two_slots_swap_by_letting_go_first(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR]).unwrap();
    book(db, 2, 30, 60, "confirmed", &[CHAIR]).unwrap();
    // Rows are judged one by one, so a swap in place collides halfway.
    assert_overlap(together(db, &[&move_slot(1, 30, 60), &move_slot(2, 0, 30)]));
    together(
        db,
        &[
            &set_state(1, "pencilled"),
            &move_slot(1, 30, 60),
            &move_slot(2, 0, 30),
            &set_state(1, "confirmed"),
        ],
    )
    .unwrap();
    assert_no_double_booking(db);
}

fn one_update_of_many_slots_is_judged_too(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR]).unwrap();
    book(db, 2, 30, 60, "pencilled", &[CHAIR]).unwrap();
    book(db, 3, 30, 60, "pencilled", &[CHAIR]).unwrap();
    assert_overlap(run(
        db,
        "UPDATE slots SET state = 'tentative', holds = TRUE",
    ));
    assert_overlap(run(
        db,
        "UPDATE slots SET ends_at = ends_at + 1, state = 'confirmed', holds = TRUE WHERE id < 3",
    ));
    assert_eq!(count(db, "occupancy WHERE holds"), 1);
}

fn a_resource_cannot_be_exchanged_for_a_busy_one(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR]).unwrap();
    book(db, 2, 0, 30, "confirmed", &[GUEST]).unwrap();
    assert_overlap(run(
        db,
        &format!("UPDATE occupancy SET resource_id = {CHAIR} WHERE slot_id = 2"),
    ));
}

fn false_copies_are_refused_by_the_key(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR]).unwrap();
    run(db, &insert_slot(2, 0, 30, "confirmed")).unwrap();
    for (starts, ends, holds, turnaround) in [
        (60, 90, true, 0), // another hour
        (0, 29, true, 0),  // a minute less
        (0, 30, false, 0), // not held
        (0, 30, true, 15), // another turnaround
    ] {
        assert_refused(run(
            db,
            &format!(
                "INSERT INTO occupancy VALUES (2, {GUEST}, {MEETING}, 'delegation', {}, {}, {holds}, {turnaround}, \
                 FALSE)",
                TEN + starts,
                TEN + ends
            ),
        ));
    }
    for change in [
        "starts_at = starts_at + 60, ends_at = ends_at + 60",
        "holds = FALSE",
        "turnaround_minutes = 1",
        "slot_id = 7",
        "kind = 'interpreter'",
    ] {
        assert_refused(run(db, &format!("UPDATE occupancy SET {change}")));
    }
    assert_no_double_booking(db);
}

fn another_events_room_is_refused(db: &Scratch) {
    furnished(db);
    assert_refused(book(db, 1, 0, 30, "confirmed", &[FOREIGN_ROOM]));
    assert_refused(book(db, 1, 0, 30, "pencilled", &[FOREIGN_ROOM]));
    run(db, &insert_slot(1, 0, 30, "confirmed")).unwrap();
    let claimed = format!(
        "INSERT INTO occupancy VALUES (1, {FOREIGN_ROOM}, {MEETING}, 'room', {TEN}, {}, TRUE, 0, FALSE)",
        TEN + 30
    );
    assert_refused(run(db, &claimed));
    book(db, 2, 0, 30, "confirmed", &[ORCHID]).unwrap();
    assert_refused(run(
        db,
        &format!("UPDATE slots SET event_id = {OTHER_MEETING} WHERE id = 2"),
    ));
    assert_refused(run(
        db,
        &format!("UPDATE resources SET event_id = {OTHER_MEETING} WHERE id = {ORCHID}"),
    ));
}

fn a_slot_has_one_room_at_most(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "pencilled", &[ORCHID, CHAIR, GUEST]).unwrap();
    assert_refused(run(db, &insert_occupancy(1, SAKURA)));
    assert_refused(run(db, &insert_occupancy(1, ORCHID)));
    // Nor does a room pass as something else.
    assert_refused(run(
        db,
        &format!(
            "INSERT INTO occupancy VALUES (1, {SAKURA}, {MEETING}, 'delegation', {TEN}, {}, FALSE, 15, FALSE)",
            TEN + 30
        ),
    ));
}

fn hold_and_state_cannot_disagree(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR]).unwrap();
    book(db, 2, 0, 30, "pencilled", &[CHAIR]).unwrap();
    assert_refused(run(db, "UPDATE slots SET holds = FALSE WHERE id = 1"));
    assert_refused(run(db, "UPDATE slots SET holds = TRUE WHERE id = 2"));
    assert_refused(run(db, "UPDATE slots SET state = 'cancelled' WHERE id = 1"));
    assert_refused(run(db, "UPDATE slots SET state = 'tentative' WHERE id = 2"));
    assert_refused(run(db, "UPDATE slots SET state = 'Confirmed' WHERE id = 1"));
}

fn a_slot_ends_after_it_starts_and_within_a_day(db: &Scratch) {
    furnished(db);
    for (starts, ends) in [(30, 0), (30, 30), (0, 1441)] {
        assert_refused(run(db, &insert_slot(1, starts, ends, "pencilled")));
    }
    run(db, &insert_slot(1, 0, 1440, "pencilled")).unwrap();
    assert_refused(run(db, &move_slot(1, 30, 29)));
}

fn times_are_whole_numbers(db: &Scratch) {
    furnished(db);
    run(db, &insert_slot(1, 0, 30, "confirmed")).unwrap();
    for change in [
        "starts_at = 'nine', ends_at = 'ten'",
        "starts_at = NULL",
        "starts_at = 9999999999, ends_at = 9999999999 + 30",
    ] {
        assert_refused(run(db, &format!("UPDATE slots SET {change}")));
    }
    if is_sqlite(db) {
        // PostgreSQL rounds these.
        assert_refused(run(db, "UPDATE slots SET starts_at = starts_at + 0.5"));
    }
}

fn conflict_clauses_cannot_slip_past(db: &Scratch) {
    furnished(db);
    if !is_sqlite(db) {
        book(db, 1, 0, 30, "confirmed", &[CHAIR]).unwrap();
        run(db, &insert_slot(2, 0, 30, "confirmed")).unwrap();
        // PostgreSQL may skip the row, but not store it.
        let skipped = format!("{} ON CONFLICT DO NOTHING", insert_occupancy(2, CHAIR));
        run(db, &skipped).unwrap();
        assert_eq!(count(db, "occupancy WHERE slot_id = 2"), 0);
        return;
    }
    book(db, 1, 0, 30, "confirmed", &[CHAIR, ORCHID]).unwrap();
    book(db, 2, 60, 90, "confirmed", &[CHAIR]).unwrap();
    book(db, 3, 0, 30, "pencilled", &[CHAIR]).unwrap();
    run(db, &insert_slot(4, 0, 30, "confirmed")).unwrap();
    for clause in ["REPLACE", "IGNORE", "FAIL", "ROLLBACK"] {
        assert_overlap(run(
            db,
            &occupancy(&format!("INSERT OR {clause}"), 4, CHAIR, false),
        ));
        for change in [move_slot(2, 0, 30), set_state(3, "confirmed")] {
            let change = change.replacen("UPDATE", &format!("UPDATE OR {clause}"), 1);
            assert_overlap(run(db, &change));
        }
        assert_overlap(run(
            db,
            &format!(
                "UPDATE OR {clause} occupancy SET slot_id = 4, starts_at = {TEN}, ends_at = {TEN} + 30 WHERE slot_id = 2"
            ),
        ));
        assert_overlap(run(
            db,
            &format!("UPDATE OR {clause} resources SET turnaround_minutes = 31 WHERE id = {CHAIR}"),
        ));
        assert_eq!(count(db, "occupancy"), 4);
        assert_no_double_booking(db);
    }
    // A replaced slot takes its claims with it instead of leaving them at another hour.
    let replaced = insert_slot(1, 60, 90, "confirmed").replacen("INSERT", "INSERT OR REPLACE", 1);
    run(db, &replaced).unwrap();
    assert_eq!(count(db, "occupancy WHERE slot_id = 1"), 0);
    assert_overlap(run(db, &insert_occupancy(1, CHAIR)));
}

fn a_busy_resource_is_not_deleted_and_a_deleted_slot_frees_it(db: &Scratch) {
    furnished(db);
    let delete_room = format!("DELETE FROM resources WHERE id = {ORCHID}");
    book(db, 1, 0, 30, "pencilled", &[ORCHID]).unwrap();
    assert_refused(run(db, &delete_room));
    run(db, "DELETE FROM slots WHERE id = 1").unwrap();
    assert_eq!(count(db, "occupancy"), 0);
    run(db, &delete_room).unwrap();
}

fn an_event_is_deleted_whole(db: &Scratch) {
    furnished(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR, GUEST, ORCHID]).unwrap();
    run(db, &format!("DELETE FROM events WHERE id = {MEETING}")).unwrap();
    assert_eq!(count(db, "slots"), 0);
    assert_eq!(count(db, "occupancy"), 0);
    assert_eq!(count(db, "resources"), 1);
}
