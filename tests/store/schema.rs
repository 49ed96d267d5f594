//! The whole schema is compared with what the migrations make, and what differs is named.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use iikura::db::DbError;
use iikura::db::schema_check::{self, Differences};
use iikura::store::backup::{self, BackupError};

use crate::scene::*;
use support::both::{Scratch, on_both};
use support::releases::RELEASES;

on_both!(
    fresh_schema_has_no_differences,
    altered_schema_names_every_difference,
    helper_tables_and_views_are_unknown_and_no_fault,
    schema_of_several_faults_counts_those_it_does_not_name,
);

/// Renews the snapshot: `IIKURA_RENEW_SCHEMA=1 cargo test --features postgres --test store schema_snapshot`.
#[cfg(feature = "postgres")]
#[test]
fn schema_snapshot_is_what_the_migrations_make() {
    let scratch = Scratch::postgres().migrated();
    let made = scratch.write_here(|conn| match conn {
        iikura::db::Conn::Postgres(postgres) => Ok::<_, DbError>(schema_check::snapshot(postgres)?),
        iikura::db::Conn::Sqlite(_) => panic!("this is PostgreSQL"),
    });
    let made = made.unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/db/schema_check/postgres.txt"
    );
    if std::env::var_os("IIKURA_RENEW_SCHEMA").is_some() {
        std::fs::write(path, &made).unwrap();
    } else {
        assert_eq!(
            schema_check::SNAPSHOT,
            made,
            "renew it: IIKURA_RENEW_SCHEMA=1 cargo test --features postgres --test store schema_snapshot"
        );
    }
}

fn fresh_schema_has_no_differences(db: &Scratch) {
    db.migrate().unwrap();
    assert_eq!(compare(db, "SELECT 1"), Differences::default());
}

/// The differences after these statements, which are undone.
fn compare(db: &Scratch, statements: &str) -> Differences {
    let mut found = Differences::default();
    let undone: Result<(), DbError> = db.write_here(|conn| {
        conn.transaction(|conn| {
            conn.batch_execute(statements)
                .unwrap_or_else(|error| panic!("{statements}: {error}"));
            found = schema_check::compare(conn).unwrap();
            Err(DbError::Query(diesel::result::Error::RollbackTransaction))
        })
    });
    assert!(undone.is_err());
    found
}

const ON_BOTH: &[(&str, &str)] = &[
    (
        "DROP INDEX audit_by_event",
        "index audit.audit_by_event is missing",
    ),
    (
        "DROP INDEX one_chair; CREATE INDEX one_chair ON delegations (event_id)",
        "index delegations.one_chair differs",
    ),
    (
        "CREATE INDEX mine ON users (name)",
        "index users.mine does not belong there",
    ),
    (
        "ALTER TABLE users ADD COLUMN nickname TEXT",
        "column users.nickname does not belong there",
    ),
    (
        "ALTER TABLE contacts DROP COLUMN phone",
        "column contacts.phone is missing",
    ),
    (
        "ALTER TABLE users RENAME COLUMN zoom TO scale",
        "column users.scale does not belong there",
    ),
    (
        "DROP TABLE idempotency_keys",
        "table idempotency_keys is missing",
    ),
    (
        "CREATE TABLE helper (id BIGINT PRIMARY KEY, owner BIGINT REFERENCES users (id))",
        "foreign key of helper to users does not belong there",
    ),
];

const ON_SQLITE: &[(&str, &str)] = &[
    (
        "DROP TRIGGER audit_no_update",
        "trigger audit.audit_no_update is missing",
    ),
    (
        "DROP TRIGGER no_overlap_insert",
        "trigger occupancy.no_overlap_insert is missing",
    ),
    (
        "DROP TRIGGER audit_no_delete; CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT 1; END",
        "trigger audit.audit_no_delete differs",
    ),
    (
        "CREATE TRIGGER promote AFTER INSERT ON sessions BEGIN UPDATE users SET admin = 1; END",
        "trigger sessions.promote does not belong there",
    ),
    (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (capacity BETWEEN 1 AND 100000)', '') WHERE name = 'rooms'",
        "column rooms.capacity differs",
    ),
    (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (closes > opens)', 'CHECK (closes >= opens)') WHERE name = 'event_days'",
        "constraint of event_days differs",
    ),
];

const ON_POSTGRES: &[(&str, &str)] = &[
    ("DROP TRIGGER audit_no_change ON audit", "trigger audit.audit_no_change is missing"),
    ("ALTER TABLE audit DISABLE TRIGGER audit_no_change", "trigger audit.audit_no_change differs"),
    ("ALTER TABLE occupancy DISABLE TRIGGER ALL", "switched off check of occupancy does not belong there"),
    ("ALTER TABLE occupancy DROP CONSTRAINT no_overlap", "constraint occupancy.no_overlap is missing"),
    ("ALTER TABLE events ALTER COLUMN grid_minutes DROP NOT NULL", "column events.grid_minutes differs"),
    ("ALTER TABLE users ALTER COLUMN zoom SET DEFAULT '5'", "column users.zoom differs"),
    ("ALTER TABLE rooms ALTER COLUMN position TYPE BIGINT", "column rooms.position differs"),
    (
        "ALTER TABLE rooms DROP CONSTRAINT rooms_capacity_check, ADD CONSTRAINT rooms_capacity_check CHECK (capacity > 0)",
        "constraint rooms.rooms_capacity_check differs",
    ),
    (
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "function audit_refuse() differs",
    ),
    (
        "CREATE FUNCTION promote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET admin = TRUE; RETURN NEW; END $$;
         CREATE TRIGGER promote AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION promote()",
        "trigger sessions.promote does not belong there",
    ),
    ("CREATE RULE forget AS ON DELETE TO audit DO INSTEAD NOTHING", "rule audit.forget does not belong there"),
    ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "table users differs"),
    ("CREATE POLICY nobody ON users USING (FALSE)", "policy users.nobody does not belong there"),
    ("CREATE TABLE more () INHERITS (users)", "table users inherited by more does not belong there"),
    ("SET LOCAL session_replication_role = replica", "setting session_replication_role differs"),
];

fn altered_schema_names_every_difference(db: &Scratch) {
    db.migrate().unwrap();
    let own = if is_sqlite(db) {
        ON_SQLITE
    } else {
        ON_POSTGRES
    };
    for (statements, expected) in ON_BOTH.iter().chain(own) {
        let found = compare(db, statements);
        assert!(
            found.faults.iter().any(|fault| fault == expected),
            "{statements}: {found:?}"
        );
    }
    // All of it was undone: what is told above is told of nothing else.
    assert_eq!(compare(db, "SELECT 1"), Differences::default());
}

fn helper_tables_and_views_are_unknown_and_no_fault(db: &Scratch) {
    db.migrate().unwrap();
    let found = compare(
        db,
        "CREATE TABLE monitoring (id BIGINT); CREATE VIEW busy AS SELECT count(*) FROM slots",
    );
    assert_eq!(found.faults, Vec::<String>::new());
    for expected in ["table monitoring", "busy"] {
        assert!(
            found.unknown.iter().any(|name| name.contains(expected)),
            "{expected}: {found:?}"
        );
    }
}

fn schema_of_several_faults_counts_those_it_does_not_name(db: &Scratch) {
    db.migrate().unwrap();
    let columns: Vec<String> = (0..10)
        .map(|at| format!("ALTER TABLE users ADD COLUMN extra_{at} TEXT;"))
        .collect();
    let found = compare(db, &columns.concat());
    assert_eq!(found.faults.len(), 10, "{found:?}");
    let words = found.to_string();
    assert!(
        words.contains("column users.extra_0 does not belong there")
            && words.ends_with("; and 2 more"),
        "{words}"
    );
}

/// A backup of an earlier release is compared with that release's migrations.
#[test]
fn schema_of_every_release_on_sqlite_has_no_differences() {
    for release in RELEASES {
        let scratch = Scratch::sqlite();
        release.load(&scratch);
        assert_eq!(
            compare(&scratch, "SELECT 1"),
            Differences::default(),
            "{}",
            release.last
        );
        let found = compare(&scratch, "DROP TRIGGER audit_no_delete");
        assert_eq!(found.faults, ["trigger audit.audit_no_delete is missing"]);
    }
}

/// A backup as a thief of rights would hand it back.
#[test]
fn altered_backup_is_not_restored() {
    let scratch = Scratch::sqlite().migrated();
    furnish(&scratch);
    book(&scratch, 1, 0, 30, "confirmed", &[CHAIR, GUEST, ORCHID]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("iikura.db");
    for (at, (statement, expected)) in [
        (
            "DROP TRIGGER audit_no_update",
            "trigger audit.audit_no_update is missing",
        ),
        (
            "CREATE TRIGGER promote AFTER INSERT ON sessions BEGIN UPDATE users SET admin = 1; END",
            "trigger sessions.promote does not belong there",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.path().join(format!("{at}.db"));
        backup::write(&scratch, &file).unwrap();
        let mut tampered = SqliteConnection::establish(&file.display().to_string()).unwrap();
        tampered.batch_execute(statement).unwrap();
        drop(tampered);
        let refused = backup::restore(&file, &home);
        let Err(BackupError::Damaged { path, fault }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(path, file);
        assert!(fault.contains(expected), "{fault}");
        assert!(!home.exists());
    }
}

#[derive(QueryableByName)]
struct Guard {
    #[diesel(sql_type = Text)]
    sql: String,
}

#[test]
fn backup_with_an_edited_history_is_not_restored() {
    let scratch = Scratch::sqlite().migrated();
    for at in 1..=3 {
        let row = format!(
            "INSERT INTO audit (at, actor, action, subject) VALUES ({at}, 'Aki', 'user.added', 'Ebi')"
        );
        run(&scratch, &row).unwrap();
    }
    scratch
        .write_here(iikura::store::audit::chain::begin)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (file, home) = (
        folder.path().join("whole.db"),
        folder.path().join("iikura.db"),
    );
    backup::write(&scratch, &file).unwrap();
    let mut tampered = SqliteConnection::establish(&file.display().to_string()).unwrap();
    // The guard goes and comes back: the schema is as it was.
    let guard = "SELECT sql FROM sqlite_schema WHERE name = 'audit_no_update'";
    let guard: Guard = diesel::sql_query(guard).get_result(&mut tampered).unwrap();
    tampered
        .batch_execute("DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'Uni' WHERE id = 2")
        .unwrap();
    tampered.batch_execute(&guard.sql).unwrap();
    drop(tampered);
    let words = backup::restore(&file, &home).unwrap_err().to_string();
    assert!(
        words.contains("row 2 of the history (user.added, Ebi, by Uni)"),
        "{words}"
    );
    assert!(!home.exists());
}
