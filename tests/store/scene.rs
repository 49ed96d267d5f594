//! Plain SQL around the domain, as a script or a person at a database prompt would write it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use iikura::db::{Conn, Count, Db, DbError, is_overlap_refusal};
use support::sql;

/// The meeting that the tests book into.
pub const MEETING: i64 = 1;
/// Another meeting in the same database.
pub const OTHER_MEETING: i64 = 2;
/// The chair, a delegation of the meeting.
pub const CHAIR: i64 = 10;
/// A guest, a delegation of the meeting.
pub const GUEST: i64 = 11;
/// A room of the meeting that is ready at once.
pub const ORCHID: i64 = 20;
/// A room of the meeting with a turnaround of 15 minutes.
pub const SAKURA: i64 = 21;
/// A room of the other meeting.
pub const FOREIGN_ROOM: i64 = 30;

/// Ten o'clock of the meeting's day; tests count minutes from here.
pub const TEN: i32 = 27_861_480;

/// What one statement came to.
pub type Outcome = Result<(), DbError>;

/// Stores the meetings, their rooms and delegations.
pub fn furnish(db: &Db) {
    for (id, slug) in [(MEETING, "ca-jad-9"), (OTHER_MEETING, "other")] {
        run(db, &sql::event(id, slug)).unwrap();
    }
    for (id, event, kind, turnaround) in [
        (CHAIR, MEETING, "delegation", 0),
        (GUEST, MEETING, "delegation", 0),
        (ORCHID, MEETING, "room", 0),
        (SAKURA, MEETING, "room", 15),
        (FOREIGN_ROOM, OTHER_MEETING, "room", 0),
    ] {
        run(db, &sql::resource(id, event, kind, turnaround)).unwrap();
    }
}

/// Runs one statement in a transaction of its own.
pub fn run(db: &Db, statement: &str) -> Outcome {
    db.write_here(|connection| {
        diesel::sql_query(statement).execute(connection)?;
        Ok(())
    })
}

/// Runs all statements in one transaction.
pub fn together(db: &Db, statements: &[&str]) -> Outcome {
    db.write_here(|connection| {
        connection.transaction(|connection| {
            for statement in statements {
                connection.batch_execute(statement)?;
            }
            Ok(())
        })
    })
}

/// Counts rows: `what` is all that follows FROM.
pub fn count(db: &Db, what: &str) -> i64 {
    let rows: Result<Count, DbError> = db.read_here(|connection| {
        Ok(
            diesel::sql_query(format!("SELECT COUNT(*) AS count FROM {what}"))
                .get_result(connection)?,
        )
    });
    rows.unwrap().count
}

/// True on SQLite, for the few statements that only SQLite knows.
pub fn is_sqlite(db: &Db) -> bool {
    let answer: Result<bool, DbError> =
        db.read_here(|connection| Ok(matches!(connection, Conn::Sqlite(_))));
    answer.unwrap()
}

/// A slot, `starts` and `ends` in minutes after [`TEN`].
pub fn insert_slot(id: i64, starts: i32, ends: i32, state: &str) -> String {
    sql::slot(id, MEETING, (TEN + starts, TEN + ends), state)
}

/// The row by which a resource takes part in a slot, with true copies.
pub fn insert_occupancy(slot: i64, resource: i64) -> String {
    occupancy("INSERT", slot, resource, false)
}

/// Like [`insert_occupancy`], with another verb or the turnaround waived.
pub fn occupancy(verb: &str, slot: i64, resource: i64, waived: bool) -> String {
    format!(
        "{verb} INTO occupancy SELECT s.id, r.id, s.event_id, r.kind, s.starts_at, s.ends_at, s.holds, \
         r.turnaround_minutes, {waived} FROM slots s, resources r WHERE s.id = {slot} AND r.id = {resource}"
    )
}

/// Moves a slot by one UPDATE; the copies follow by the key.
pub fn move_slot(id: i64, starts: i32, ends: i32) -> String {
    format!(
        "UPDATE slots SET starts_at = {}, ends_at = {} WHERE id = {id}",
        TEN + starts,
        TEN + ends
    )
}

/// Gives a slot another state, and `holds` with it.
pub fn set_state(id: i64, state: &str) -> String {
    let holds = matches!(state, "tentative" | "confirmed");
    format!("UPDATE slots SET state = '{state}', holds = {holds} WHERE id = {id}")
}

/// Stores a slot with those who take part, in one transaction.
pub fn book(db: &Db, id: i64, starts: i32, ends: i32, state: &str, resources: &[i64]) -> Outcome {
    let mut statements = vec![insert_slot(id, starts, ends, state)];
    statements.extend(
        resources
            .iter()
            .map(|resource| insert_occupancy(id, *resource)),
    );
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    together(db, &statements)
}

/// Insists that the database refused, and as an overlap.
pub fn assert_overlap(outcome: Outcome) {
    match outcome {
        Err(DbError::Query(error)) if is_overlap_refusal(&error) => {}
        other => panic!("an overlap had to be refused, but: {other:?}"),
    }
}

/// Insists that the database refused, and not as an overlap.
pub fn assert_refused(outcome: Outcome) {
    match outcome {
        Err(DbError::Query(diesel::result::Error::DatabaseError(kind, info))) => {
            let error = diesel::result::Error::DatabaseError(kind, info);
            assert!(
                !is_overlap_refusal(&error),
                "refused for another reason than meant: {error:?}"
            );
        }
        other => panic!("this had to be refused, but: {other:?}"),
    }
}

/// Insists that no two holding slots share a resource, by a look that knows nothing of triggers and constraints,
/// and that every copy in `occupancy` is a true one.
pub fn assert_no_double_booking(db: &Db) {
    let shared = count(
        db,
        "slots a JOIN occupancy x ON x.slot_id = a.id \
         JOIN occupancy y ON y.resource_id = x.resource_id JOIN slots b ON b.id = y.slot_id \
         WHERE a.id < b.id AND a.holds AND b.holds AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at",
    );
    assert_eq!(shared, 0, "a resource is in two slots at once");
    let untrue = count(
        db,
        "slots s JOIN occupancy o ON o.slot_id = s.id JOIN resources r ON r.id = o.resource_id \
         WHERE o.starts_at <> s.starts_at OR o.ends_at <> s.ends_at OR o.holds <> s.holds \
            OR o.turnaround_minutes <> r.turnaround_minutes",
    );
    assert_eq!(untrue, 0, "a copy is not a true one");
}
