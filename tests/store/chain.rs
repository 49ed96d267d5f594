//! The chain through the history: it holds under many writers, and the first row that is not what was written is named.

use std::path::Path;
use std::sync::Barrier;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use iikura::core::action::Action;
use iikura::core::event::{EventId, Revision};
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::db::schema::{audit as audit_rows, events};
use iikura::db::{Conn, Db, DbError};
use iikura::store::audit::chain::{self, Broken, Chain};
use iikura::store::audit::redaction::{self, RedactionRequest};
use iikura::store::audit::{self, HistoryEntry};
use iikura::store::transaction;
use serde_json::json;

use crate::scene::{MEETING, OTHER_MEETING, assert_refused, count, furnish, is_sqlite, run};
use support::both::{Scratch, on_both};
use support::rows::rows;

on_both!(
    it_holds_under_many_writers,
    a_row_that_was_changed_is_named,
    a_row_that_was_taken_out_is_missed,
    a_row_that_was_put_in_is_named,
    rows_that_changed_places_are_named,
    truncated_history_is_detected_by_a_noted_hash,
    rows_from_before_the_hashes_are_given_theirs_once,
    verification_beside_writers_reads_one_snapshot,
    a_recorded_redaction_leaves_a_chain_that_holds,
    a_redacted_row_that_was_changed_is_named,
    row_deleted_before_a_redacted_one_is_noticed,
    a_redaction_that_is_not_recorded_is_named,
    redacted_rows_after_the_migration_was_redone_still_verify,
    redaction_of_an_altered_history_is_refused,
    redactions_are_listed_with_who_whose_and_how_many,
);

/// Writes one row, as the program does: within an event after its revision was raised.
fn write(db: &Db, event: Option<i64>, subject: &str) -> Result<(), DbError> {
    db.write_here(|conn| {
        conn.transaction(|conn| match event {
            Some(event) => record_in(conn, event, subject),
            None => record(conn, None, subject),
        })
    })
}

/// Writes one row of an event in a transaction that is open.
fn record_in(conn: &mut Conn, event: i64, subject: &str) -> Result<(), DbError> {
    let revision = diesel::update(events::table.find(EventId(event)))
        .set(events::revision.eq(events::revision + 1))
        .returning(events::revision)
        .get_result(conn)?;
    record(conn, Some((EventId(event), revision)), subject)
}

fn record(
    conn: &mut Conn,
    event: Option<(EventId, Revision)>,
    subject: &str,
) -> Result<(), DbError> {
    let actor = Actor::command_line();
    let entry = HistoryEntry {
        at: Moment::from_seconds(1_671_858_000),
        event,
        actor: &actor,
        action: Action::SlotBooked,
        subject_id: Some(1),
        subject,
        before: None,
        after: Some(json!({ "title": subject, "room": null })),
    };
    Ok(audit::record(conn, &entry)?)
}

fn verify(db: &Db, noted: &[String]) -> Result<Vec<Chain>, Broken> {
    db.read_here(|conn| chain::verify(conn, noted))
}

/// Five rows of the meeting, the third of another event, and one of none.
fn written(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    for (event, subject) in [
        (Some(MEETING), "one"),
        (Some(MEETING), "two"),
        (Some(OTHER_MEETING), "elsewhere"),
        (Some(MEETING), "three"),
        (None, "an account"),
        (Some(MEETING), "four"),
    ] {
        write(db, event, subject).unwrap();
    }
    let rows: Vec<u64> = verify(db, &[]).unwrap().iter().map(|it| it.rows).collect();
    assert_eq!(rows, [1, 4, 1]);
}

/// Takes the guards away, as whoever owns the database can, and does something that they forbid.
pub fn behind_the_guards(db: &Db, deed: &str) {
    db.write_here(|conn| {
        match conn {
            Conn::Sqlite(sqlite) => {
                for guard in ["update", "delete", "replace"] {
                    sqlite.batch_execute(&format!("DROP TRIGGER audit_no_{guard}"))?;
                }
                sqlite.batch_execute(deed)?;
            }
            #[cfg(feature = "postgres")]
            Conn::Postgres(postgres) => {
                postgres.batch_execute(&format!(
                    "ALTER TABLE audit DISABLE TRIGGER USER; {deed}; ALTER TABLE audit ENABLE TRIGGER USER"
                ))?;
            }
        }
        Ok::<_, DbError>(())
    })
    .unwrap();
}

fn assert_altered(db: &Db, row: &str) {
    match verify(db, &[]) {
        Err(Broken::Altered { subject, .. }) => assert_eq!(subject, row),
        other => panic!("{other:?}"),
    }
}

const WRITERS: usize = 20;
const ROWS: usize = 10;

fn it_holds_under_many_writers(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    // Two servers, each with connections and a queue of its own.
    let servers = [db.another_process(), db.another_process()];
    let line = Barrier::new(WRITERS);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (server, line) = (&servers[writer % 2], &line);
            let event = [Some(MEETING), Some(OTHER_MEETING), None][writer % 3];
            scope.spawn(move || {
                line.wait();
                for row in 0..ROWS {
                    write(server, event, &format!("{writer}/{row}")).unwrap();
                }
            });
        }
    });
    let chains = verify(db, &[]).unwrap();
    assert_eq!(chains.len(), 3);
    let rows: u64 = chains.iter().map(|chain| chain.rows).sum();
    assert_eq!(rows, (WRITERS * ROWS) as u64);
}

fn a_row_that_was_changed_is_named(db: &Scratch) {
    written(db);
    behind_the_guards(
        db,
        "UPDATE audit SET actor = 'somebody else' WHERE subject = 'three'",
    );
    assert_altered(db, "three");
}

fn a_row_that_was_taken_out_is_missed(db: &Scratch) {
    written(db);
    behind_the_guards(db, "DELETE FROM audit WHERE subject = 'two'");
    assert_altered(db, "three");
}

fn a_row_that_was_put_in_is_named(db: &Scratch) {
    written(db);
    run(
        db,
        "INSERT INTO audit (at, event_id, actor, action, subject) VALUES (0, 1, 'x', 'x', 'forged')",
    )
    .unwrap();
    write(db, Some(MEETING), "five").unwrap();
    assert!(matches!(
        verify(db, &[]),
        Err(Broken::Bare { subject, .. }) if subject == "forged"
    ));
}

fn rows_that_changed_places_are_named(db: &Scratch) {
    written(db);
    behind_the_guards(
        db,
        "UPDATE audit SET id = 100 WHERE subject = 'two'; UPDATE audit SET id = 2 WHERE subject = 'three'",
    );
    assert_altered(db, "three");
}

fn truncated_history_is_detected_by_a_noted_hash(db: &Scratch) {
    written(db);
    let noted: Vec<String> = verify(db, &[])
        .unwrap()
        .into_iter()
        .map(|chain| chain.newest)
        .collect();
    write(db, Some(MEETING), "five").unwrap();
    verify(db, &noted).unwrap();
    behind_the_guards(db, "DELETE FROM audit WHERE subject IN ('four', 'five')");
    verify(db, &[]).unwrap();
    assert!(matches!(verify(db, &noted), Err(Broken::Gone(hash)) if noted.contains(&hash)));
}

fn rows_from_before_the_hashes_are_given_theirs_once(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    for (event, subject) in [("1", "one"), ("NULL", "an account"), ("1", "two")] {
        let old = format!(
            "INSERT INTO audit (at, event_id, actor, action, subject) VALUES (0, {event}, 'x', 'x', '{subject}')"
        );
        run(db, &old).unwrap();
    }
    assert!(matches!(verify(db, &[]), Err(Broken::Bare { .. })));
    let begin = || db.write_here(chain::begin).unwrap();
    assert_eq!((begin(), begin()), (3, 0));
    write(db, Some(MEETING), "three").unwrap();
    assert_eq!(verify(db, &[]).unwrap().len(), 2);
    // A chain that has begun takes in nothing from aside.
    run(
        db,
        "INSERT INTO audit (at, event_id, actor, action, subject) VALUES (0, 1, 'x', 'x', 'forged')",
    )
    .unwrap();
    assert_eq!(begin(), 0);
    assert!(matches!(verify(db, &[]), Err(Broken::Bare { .. })));
    for refused in [
        "UPDATE audit SET hash = NULL WHERE subject = 'one'",
        "UPDATE audit SET hash = 'x' WHERE subject = 'one'",
        "UPDATE audit SET hash = 'x', actor = 'y' WHERE subject = 'forged'",
    ] {
        assert_refused(run(db, refused));
    }
    assert_eq!(count(db, "audit WHERE actor = 'y'"), 0);
}

fn verification_beside_writers_reads_one_snapshot(db: &Scratch) {
    written(db);
    let (reader, mut to_write) = (db.another_process(), vec!["six", "five"]);
    let chains = reader.read_here(|conn| {
        chain::verify_in_batches(conn, &[], 2, |_| {
            if let Some(subject) = to_write.pop() {
                write(db, Some(MEETING), subject).unwrap();
            }
        })
    });
    let rows: Vec<u64> = chains.unwrap().iter().map(|chain| chain.rows).collect();
    assert_eq!(rows, [1, 4, 1], "what was written meanwhile is not in it");
    let rows: Vec<u64> = verify(db, &[]).unwrap().iter().map(|it| it.rows).collect();
    assert_eq!(rows, [1, 6, 1]);
}

/// The numbers of rows are drawn before their transactions end, and these need not end in the same order.
#[cfg(feature = "postgres")]
#[test]
fn row_committed_out_of_order_is_no_fault() {
    use diesel::connection::TransactionManager;
    type Transactions = <Conn as Connection>::TransactionManager;

    let db = Scratch::postgres();
    written(&db);
    let slow = db.another_process();
    let verified = slow.write_here(|slow| {
        Transactions::begin_transaction(slow)?;
        record_in(slow, OTHER_MEETING, "slow")?;
        write(&db, Some(MEETING), "quick")?;
        // Six rows, and the quick one.
        let verified = db.read_here(|conn| {
            chain::verify_in_batches(conn, &[], 7, |followed| {
                if followed == 7 {
                    Transactions::commit_transaction(slow).unwrap();
                    write(&db, Some(OTHER_MEETING), "after the slow one").unwrap();
                }
            })
        });
        Ok::<_, DbError>(verified)
    });
    let chains = verified.unwrap();
    let rows: Vec<u64> = chains.unwrap().iter().map(|chain| chain.rows).collect();
    assert_eq!(rows, [1, 5, 1]);
    assert_eq!(verify(&db, &[]).unwrap().len(), 3);
}

/// Takes what rows of the meeting say out of those with this subject.
fn redact(db: &Db, subject: &str) -> usize {
    try_to_redact(db, subject).unwrap()
}

fn try_to_redact(db: &Db, subject: &str) -> Result<usize, DbError> {
    db.write_here(|conn| {
        conn.transaction(|conn| {
            let revision = transaction::raise(conn, EventId(MEETING))?.revision;
            let actor = Actor::command_line();
            let order = RedactionRequest {
                event: Some((EventId(MEETING), revision)),
                at: Moment::from_seconds(1_671_858_000),
                actor: &actor,
                person: "contact 00000001",
            };
            Ok(redaction::redact(conn, order, |row| {
                let named = row.subject == subject;
                if named {
                    "contact 00000001".clone_into(&mut row.subject);
                    row.after_json = None;
                }
                named
            })?)
        })
    })
}

fn a_recorded_redaction_leaves_a_chain_that_holds(db: &Scratch) {
    written(db);
    let noted: Vec<String> = verify(db, &[])
        .unwrap()
        .into_iter()
        .map(|chain| chain.newest)
        .collect();
    assert_eq!(redact(db, "two"), 1);
    assert_eq!(redact(db, "nobody"), 0);
    write(db, Some(MEETING), "five").unwrap();
    // Even the newest row, and one that was redacted before.
    assert_eq!(redact(db, "five"), 1);
    assert_eq!(redact(db, "contact 00000001"), 2);
    let chains = verify(db, &noted).unwrap();
    let redacted: Vec<(u64, u64)> = chains.iter().map(|it| (it.rows, it.redacted)).collect();
    assert_eq!(redacted, [(1, 0), (8, 2), (1, 0)]);
    assert_eq!(count(db, "audit WHERE subject IN ('two', 'five')"), 0);
    assert_eq!(count(db, "audit WHERE action = 'history.redacted'"), 3);
}

fn a_redacted_row_that_was_changed_is_named(db: &Scratch) {
    for deed in [
        "UPDATE audit SET subject = 'forged' WHERE subject = 'contact 00000001' AND redaction IS NOT NULL",
        "UPDATE audit SET subject = 'forged', action = 'slot.moved' WHERE redaction IS NOT NULL",
        "UPDATE audit SET subject = 'forged', redaction = NULL WHERE redaction IS NOT NULL",
        "UPDATE audit SET subject = 'forged', hash = 'x' WHERE redaction IS NOT NULL",
    ] {
        let db = db.another();
        written(&db);
        redact(&db, "two");
        behind_the_guards(&db, deed);
        assert_altered(&db, "forged");
    }
    // What was redacted was put back as it had been.
    written(db);
    redact(db, "two");
    behind_the_guards(
        db,
        "UPDATE audit SET subject = 'two', after_json = '{\"room\":null,\"title\":\"two\"}', redaction = NULL
         WHERE redaction IS NOT NULL",
    );
    assert_altered(db, "two");
}

fn row_deleted_before_a_redacted_one_is_noticed(db: &Scratch) {
    let first_redacted = "id = (SELECT min(id) FROM audit WHERE redaction IS NOT NULL)";
    for deleted in ["subject = 'one'", first_redacted] {
        let db = db.another();
        written(&db);
        redact(&db, "two");
        redact(&db, "three");
        assert!(verify(&db, &[]).is_ok());
        behind_the_guards(&db, &format!("DELETE FROM audit WHERE {deleted}"));
        assert_altered(&db, "contact 00000001");
    }
}

fn a_redaction_that_is_not_recorded_is_named(db: &Scratch) {
    written(db);
    for refused in [
        "UPDATE audit SET subject = 'forged', redaction = 6 WHERE subject = 'two'",
        "UPDATE audit SET redaction = 99 WHERE subject = 'two'",
    ] {
        assert_refused(run(db, refused));
    }
    redact(db, "three");
    // The record is there, but does not list this row.
    let by = "(SELECT max(id) FROM audit WHERE action = 'history.redacted')";
    for refused in [
        format!("UPDATE audit SET action = 'x', redaction = {by} WHERE subject = 'two'"),
        format!("UPDATE audit SET subject = 'x', redaction = {by} WHERE subject = 'elsewhere'"),
        format!("UPDATE audit SET subject = 'x', redaction = {by} WHERE id = {by}"),
    ] {
        assert_refused(run(db, &refused));
    }
    run(
        db,
        &format!("UPDATE audit SET subject = 'forged', redaction = {by} WHERE subject = 'two'"),
    )
    .unwrap();
    assert_altered(db, "forged");
}

/// Goes one step of the migration that lets rows name their redaction, as a release that is taken back and on again.
fn step(db: &Db, way: &str) {
    let folder = if is_sqlite(db) { "sqlite" } else { "postgres" };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let file = root.join(folder).join("0023_redaction").join(way);
    let sql = std::fs::read_to_string(file.with_extension("sql")).unwrap();
    db.write_here(|conn| Ok::<_, DbError>(conn.batch_execute(&sql)?))
        .unwrap();
}

fn redacted_rows_after_the_migration_was_redone_still_verify(db: &Scratch) {
    written(db);
    redact(db, "two");
    redact(db, "three");
    // One row twice: the latest record counts.
    redact(db, "contact 00000001");
    let before = verify(db, &[]).unwrap();
    step(db, "down");
    step(db, "up");
    assert_eq!(verify(db, &[]).unwrap(), before);
    assert_eq!(count(db, "audit WHERE redaction IS NOT NULL"), 2);
    assert_refused(run(
        db,
        "UPDATE audit SET actor = 'x' WHERE subject = 'four'",
    ));
}

fn redaction_of_an_altered_history_is_refused(db: &Scratch) {
    for (deed, subject) in [
        // The row itself, one before it, one that was redacted already, and one that was taken out.
        (
            "UPDATE audit SET actor = 'forged' WHERE subject = 'three'",
            "three",
        ),
        (
            "UPDATE audit SET actor = 'forged' WHERE subject = 'one'",
            "one",
        ),
        (
            "UPDATE audit SET actor = 'forged' WHERE redaction IS NOT NULL",
            "contact 00000001",
        ),
        ("DELETE FROM audit WHERE redaction IS NOT NULL", "three"),
    ] {
        let db = db.another();
        written(&db);
        redact(&db, "two");
        behind_the_guards(&db, deed);
        let before = rows(&db);
        let refused = try_to_redact(&db, "three").unwrap_err();
        let row = id_of(&db, subject);
        let words = format!("the history has been altered at row {row}; run iikura audit verify");
        assert_eq!(refused.to_string(), words, "{deed}");
        assert_eq!(rows(&db), before, "{deed}");
        assert!(verify(&db, &[]).is_err(), "{deed}");
    }
}

/// The first row with a subject.
fn id_of(db: &Db, subject: &str) -> i64 {
    let row = db.read_here(|conn| {
        Ok::<_, DbError>(
            audit_rows::table
                .filter(audit_rows::subject.eq(subject))
                .order(audit_rows::id)
                .select(audit_rows::id)
                .first(conn)?,
        )
    });
    row.unwrap()
}

fn redactions_are_listed_with_who_whose_and_how_many(db: &Scratch) {
    written(db);
    redact(db, "two");
    redact(db, "three");
    redact(db, "contact 00000001");
    let listed = db
        .read_here(|conn| Ok::<_, DbError>(redaction::list(conn)?))
        .unwrap();
    let lines: Vec<String> = listed.iter().map(ToString::to_string).collect();
    let line = |row: i64, rows: usize| {
        format!(
            "Redaction, row {row}, 2022-12-24 05:00 UTC: {rows} row(s) of contact 00000001, by command line"
        )
    };
    assert_eq!(lines, [line(7, 1), line(8, 1), line(9, 2)]);
}
