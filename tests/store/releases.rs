//! The way up from what earlier releases left, and down again: nothing is lost, every rule holds.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use iikura::core::notice::ToldEvent;
use iikura::db::{Db, DbError, revert_migrations, schema_check};
use iikura::store::audit::chain;
use iikura::store::programme::read_programme;

use crate::scene::{assert_no_double_booking, count, is_sqlite, together};
use support::both::{Scratch, on_both};
use support::releases::{RELEASES, Release};
use support::rows::{Rows, rows};

on_both!(
    an_earlier_release_comes_up_whole_and_goes_down_again,
    migrations_that_came_out_of_order_lead_to_the_same,
);

fn an_earlier_release_comes_up_whole_and_goes_down_again(db: &Scratch) {
    let fresh = schema(&db.another().migrated());
    for release in RELEASES {
        let scratch = db.another();
        release.load(&scratch);
        comes_up(release, &scratch);
        assert_eq!(schema(&scratch), fresh, "{}", release.last);
        scratch.write_here(revert_migrations).unwrap();
        assert_eq!(rows(&scratch), Rows::new());
        scratch.migrate().unwrap();
        assert_eq!(schema(&scratch), fresh);
    }
}

/// Work on several branches came together in this order, and there were servers in between.
fn migrations_that_came_out_of_order_lead_to_the_same(db: &Scratch) {
    let kind = if is_sqlite(db) { "sqlite" } else { "postgres" };
    let release = RELEASES
        .iter()
        .find(|release| release.last == "0011")
        .unwrap();
    release.load(db);
    for early in [
        "0015_second_factor",
        "0016_known_devices",
        "0017_audit_chain",
    ] {
        let path = format!(
            "{}/migrations/{kind}/{early}/up.sql",
            env!("CARGO_MANIFEST_DIR")
        );
        let up = std::fs::read_to_string(path).unwrap();
        let note = format!(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('{}')",
            &early[..4]
        );
        together(db, &[&up, &note]).unwrap();
    }
    comes_up(release, db);
    let fresh = schema(&db.another().migrated());
    assert_eq!(schema(db), fresh);
}

fn comes_up(release: &Release, db: &Scratch) {
    let known = iikura::db::known_migrations().unwrap();
    let refusal = db.check_schema();
    match refusal {
        Err(DbError::OlderSchema(_)) => {}
        other => assert_eq!(
            (other.unwrap(), Some(release.last)),
            ((), known.last().map(String::as_str))
        ),
    }
    let before = rows(db);
    db.migrate().unwrap();
    db.check_schema().unwrap();
    db.read_here(schema_check::check).unwrap();
    let after = rows(db);
    for (table, was) in &before {
        let mut now = of_columns_that_were(&after[table], was);
        if table == "private_links" {
            // Every delegation has had a row there since 0018.
            now.retain(|row| was.contains(row));
        }
        let (now, was) = (without_told_event(&now), without_told_event(was));
        assert_eq!(now, was, "{table}");
    }
    // A history from before there were hashes is given them.
    let bare = usize::try_from(count(db, "audit WHERE hash IS NULL")).unwrap();
    assert_eq!(db.write_here(chain::begin).unwrap(), bare);
    assert_eq!(
        db.read_here(|conn| chain::verify(conn, &[])).unwrap().len(),
        2
    );
    assert_no_double_booking(db);
    assert_told_as_true(db);
    if is_sqlite(db) {
        assert_eq!(count(db, "pragma_foreign_key_check"), 0);
    }
    for (what, expected) in [
        ("users", 2),
        ("delegations", 3),
        ("contacts", 3),
        ("slots", 5),
        (
            "slots WHERE title = 'Dinner' AND state = 'confirmed' AND note = 'Bring the gift'",
            1,
        ),
        (
            "slots WHERE title = 'Japan–Uzbekistan' AND state = 'cancelled'",
            1,
        ),
        (
            "slots WHERE title = 'Arrival' AND state = 'confirmed' AND sequence = 1 AND version = 3",
            1,
        ),
        ("slots WHERE title = 'A sketch' AND NOT holds", 1),
        (
            "overrides WHERE rule = 'hours' AND reason = 'The kitchen stays'",
            1,
        ),
        ("notices", 2),
        (
            "outbox WHERE state IN ('sent', 'queued') AND length(raw) > 1000",
            2,
        ),
        ("audit WHERE action = 'slot.cancelled'", 1),
    ] {
        assert_eq!(count(db, what), expected, "{} {what}", release.last);
    }
    let answers = i64::from(release.last >= "0007");
    assert_eq!(
        count(db, "answers WHERE comment = 'With pleasure.'"),
        answers
    );
}

/// Returns rows without the event part that notices have since 0031; the order of keys in JSON does not matter.
fn without_told_event(rows: &[String]) -> Vec<String> {
    let part = |part: &str| match part.strip_prefix("told=") {
        Some(json) => {
            let mut told: serde_json::Value = serde_json::from_str(json).unwrap();
            told.as_object_mut().unwrap().remove("event");
            format!("told={told}")
        }
        None => part.to_owned(),
    };
    let row = |row: &String| row.lines().map(part).collect::<Vec<_>>().join("\n");
    let mut rows: Vec<String> = rows.iter().map(row).collect();
    rows.sort();
    rows
}

/// What was told before it was known of which venue counts as told with what is true now: no letter falls due.
fn assert_told_as_true(db: &Db) {
    db.read_here(|conn| {
        for event in iikura::store::event::all_ids(conn)? {
            let programme = read_programme(conn, event)?.unwrap();
            for notice in programme.ledger.notices() {
                let delegation = programme.delegation(notice.delegation).unwrap();
                let told = ToldEvent::of(&programme.event, delegation);
                assert_eq!(notice.told.event.as_deref(), Some(&told));
                assert_eq!(notice.organizer, programme.event.office.email);
            }
            for answer in programme.ledger.answers() {
                assert!(answer.told.event.is_some());
            }
        }
        Ok::<_, DbError>(())
    })
    .unwrap();
}

/// Rows without the columns that have come since.
fn of_columns_that_were(rows: &[String], was: &[String]) -> Vec<String> {
    let name = |part: &str| part.split(['=', '-']).next().unwrap().to_owned();
    let known: BTreeSet<String> = was.iter().flat_map(|row| row.lines()).map(name).collect();
    let mut rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let kept = row.lines().filter(|part| known.contains(&name(part)));
            kept.collect::<Vec<_>>().join("\n")
        })
        .collect();
    rows.sort();
    rows
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const SQLITE: &str =
    "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_schema";

const POSTGRES: &str = "
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || coalesce(column_default, '') AS line
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prolang <> 13 AND prosrc LIKE '%audit%'";

/// Everything that the database says of its tables, indexes and triggers.
fn schema(db: &Db) -> BTreeSet<String> {
    db.read_here(|conn| {
        let question = if conn.is_postgres() { POSTGRES } else { SQLITE };
        let lines: Vec<Line> = diesel::sql_query(question).load(conn)?;
        Ok::<_, DbError>(lines.iter().map(|line| bare(&line.line)).collect())
    })
    .unwrap()
}

/// Without comments, which may be put better, and without the looks.
fn bare(sql: &str) -> String {
    let words = sql
        .lines()
        .flat_map(|line| line.split("--").next().unwrap().split_whitespace());
    words.collect::<Vec<_>>().join(" ").replace('"', "")
}
