//! History is added to and never touched again.

use crate::scene::{Outcome, assert_refused, count, is_sqlite, run, together};
use support::both::{Scratch, on_both};

on_both!(
    rows_are_added_and_numbered,
    rows_are_never_changed,
    rows_are_never_deleted,
    rows_are_never_replaced,
);

fn add(db: &Scratch, action: &str) -> Outcome {
    run(
        db,
        &format!(
            "INSERT INTO audit (at, actor, action, subject) VALUES (0, 'officer', '{action}', 'Slot 1')"
        ),
    )
}

fn with_two_rows(db: &Scratch) {
    db.migrate().unwrap();
    add(db, "slot.booked").unwrap();
    add(db, "slot.moved").unwrap();
}

fn assert_untouched(db: &Scratch) {
    assert_eq!(count(db, "audit"), 2);
    assert_eq!(
        count(db, "audit WHERE id = 1 AND action = 'slot.booked'"),
        1
    );
    assert_eq!(count(db, "audit WHERE id = 2 AND action = 'slot.moved'"), 1);
}

fn rows_are_added_and_numbered(db: &Scratch) {
    with_two_rows(db);
    assert_untouched(db);
}

fn rows_are_never_changed(db: &Scratch) {
    with_two_rows(db);
    assert_refused(run(
        db,
        "UPDATE audit SET actor = 'somebody else' WHERE id = 1",
    ));
    assert_refused(run(db, "UPDATE audit SET id = 3 WHERE id = 1"));
    assert_refused(together(
        db,
        &["INSERT INTO audit (id, at, actor, action, subject) VALUES (1, 0, '', '', '')"],
    ));
    assert_untouched(db);
}

fn rows_are_never_deleted(db: &Scratch) {
    with_two_rows(db);
    assert_refused(run(db, "DELETE FROM audit WHERE id = 2"));
    assert_refused(run(db, "DELETE FROM audit"));
    if !is_sqlite(db) {
        assert_refused(run(db, "TRUNCATE audit"));
    }
    assert_untouched(db);
}

fn rows_are_never_replaced(db: &Scratch) {
    with_two_rows(db);
    let forged =
        "INTO audit (id, at, actor, action, subject) VALUES (1, 0, 'officer', 'forged', 'Slot 1')";
    let statements = if is_sqlite(db) {
        vec![
            format!("INSERT OR REPLACE {forged}"),
            format!("REPLACE {forged}"),
            format!("INSERT {forged} ON CONFLICT (id) DO UPDATE SET action = excluded.action"),
            "UPDATE OR REPLACE audit SET id = 1 WHERE id = 2".to_owned(),
        ]
    } else {
        vec![format!(
            "INSERT {forged} ON CONFLICT (id) DO UPDATE SET action = excluded.action"
        )]
    };
    for statement in statements {
        assert_refused(run(db, &statement));
        assert_untouched(db);
    }
}
