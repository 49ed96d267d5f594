//! Up, down, up again; one schema on both databases and in the program; no way back for an old program.

use std::collections::BTreeSet;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use iikura::db::{DbError, revert_migrations};

use crate::scene::*;
use support::both::{Scratch, on_both};
use support::sql;

on_both!(
    migrations_go_up_down_and_up_again_on_a_filled_database,
    links_that_were_given_out_before_count_from_the_upgrade,
    migrating_twice_changes_nothing,
    an_older_schema_is_refused_with_what_to_do,
    slots_of_all_delegations_are_for_all,
    plenaries_of_all_are_still_shown_to_all,
    kinds_and_formats_are_those_of_the_migration,
    invited_delegations_are_guests_before_their_migration,
    a_newer_schema_is_refused,
    the_columns_are_those_the_program_knows,
);

fn migrations_go_up_down_and_up_again_on_a_filled_database(db: &Scratch) {
    db.migrate().unwrap();
    let first = tables(db);
    furnish(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR, GUEST, ORCHID]).unwrap();
    run(
        db,
        "INSERT INTO audit (at, actor, action, subject) VALUES (0, '', '', '')",
    )
    .unwrap();

    db.write_here(revert_migrations).unwrap();
    assert_eq!(tables(db), BTreeSet::new());

    db.migrate().unwrap();
    db.check_schema().unwrap();
    assert_eq!(tables(db), first);
    assert_eq!(count(db, "slots"), 0);
}

fn links_that_were_given_out_before_count_from_the_upgrade(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    for (id, name) in [(CHAIR, "Japan"), (GUEST, "Kazakhstan")] {
        let role = if id == CHAIR { "chair" } else { "guest" };
        let delegation = sql::delegation(id, MEETING, name, role);
        run(db, &delegation).unwrap();
    }
    step(db, "0018_link_passes", "down");
    // Only links that were made anew had a row.
    run(
        db,
        "INSERT INTO private_links (delegation_id, generation) VALUES (11, 2)",
    )
    .unwrap();
    step(db, "0018_link_passes", "up");
    db.check_schema().unwrap();
    let of = |delegation: i64, generation: i32| {
        count(
            db,
            &format!(
                "private_links WHERE delegation_id = {delegation} AND generation = {generation} \
                 AND first_used_at IS NULL AND issued_at >= {}",
                chrono::Utc::now().timestamp() - 300
            ),
        )
    };
    assert_eq!((of(CHAIR, 0), of(GUEST, 2)), (1, 1));
}

/// Until 0035 there was no other way to say that a slot is for all.
fn slots_of_all_delegations_are_for_all(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    let third = GUEST + 1;
    run(db, &sql::resource(third, MEETING, "delegation", 0)).unwrap();
    for (id, role) in [(CHAIR, "chair"), (GUEST, "guest"), (third, "guest")] {
        run(db, &sql::delegation(id, MEETING, "Party", role)).unwrap();
    }
    let all = [CHAIR, GUEST, third];
    let people = [&all[..], &all[..2], &all, &all];
    for (at, resources) in (1..).zip(people) {
        let starts = i32::try_from(at).unwrap() * 60;
        book(db, at, starts, starts + 30, "confirmed", resources).unwrap();
    }
    run(db, "UPDATE slots SET kind = 'meal' WHERE id < 4").unwrap();
    run(db, &set_state(3, "cancelled")).unwrap();
    step(db, "0035_all_delegations", "down");
    step(db, "0035_all_delegations", "up");
    assert_eq!(count(db, "slots WHERE all_delegations"), 1);
    assert_eq!(count(db, "slots WHERE all_delegations AND id = 1"), 1);
}

/// SQLite has the list of kinds changed in the text of its schema.
fn kinds_and_formats_are_those_of_the_migration(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    book(db, 1, 60, 90, "tentative", &[CHAIR, GUEST]).unwrap();
    let set = |what: &str| run(db, &format!("UPDATE slots SET {what} WHERE id = 1"));
    set("kind = 'multilateral', format = 'pull_aside', accompanying = 4").unwrap();
    for wrong in ["kind = 'banquet'", "format = 'loud'", "accompanying = -1"] {
        assert!(set(wrong).is_err(), "{wrong}");
    }
    step(db, "0038_meeting_formats", "down");
    assert!(set("kind = 'multilateral'").is_err());
    assert_eq!(count(db, "slots WHERE kind = 'other'"), 1);
    step(db, "0038_meeting_formats", "up");
    db.check_schema().unwrap();
    set("kind = 'multilateral'").unwrap();
    set("format = 'restricted'").unwrap();
}

/// Another list in the text of SQLite's schema.
fn invited_delegations_are_guests_before_their_migration(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    run(db, &sql::delegation(GUEST, MEETING, "Party", "invited")).unwrap();
    let chaired = "UPDATE delegations SET role = 'observer'";
    assert!(run(db, chaired).is_err());
    step(db, "0039_invited", "down");
    assert_eq!(count(db, "delegations WHERE role = 'guest'"), 1);
    assert!(run(db, "UPDATE delegations SET role = 'invited'").is_err());
    step(db, "0039_invited", "up");
    db.check_schema().unwrap();
    run(db, "UPDATE delegations SET role = 'invited'").unwrap();
}

/// Until 0034 every delegation saw every plenary.
fn plenaries_of_all_are_still_shown_to_all(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    for (id, role) in [(CHAIR, "chair"), (GUEST, "guest")] {
        run(db, &sql::delegation(id, MEETING, "Party", role)).unwrap();
    }
    let people = [&[CHAIR, GUEST][..], &[CHAIR], &[CHAIR, GUEST]];
    for (at, resources) in (1..).zip(people) {
        let starts = i32::try_from(at).unwrap() * 60;
        book(db, at, starts, starts + 30, "confirmed", resources).unwrap();
    }
    run(db, "UPDATE slots SET kind = 'plenary' WHERE id IN (1, 2)").unwrap();
    let shown = "slots WHERE audience = 'all'";
    step(db, "0034_audiences", "down");
    step(db, "0034_audiences", "up");
    assert_eq!(
        count(db, shown),
        1,
        "one of some delegations is theirs, a bilateral is as it was"
    );
    assert_eq!(count(db, &format!("{shown} AND id = 1")), 1);
}

/// Takes one migration up or down.
fn step(db: &Scratch, migration: &str, way: &str) {
    let done = db.write_here(|conn| {
        let folder = if conn.is_postgres() {
            "postgres"
        } else {
            "sqlite"
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let file = root.join(folder).join(migration).join(way);
        let sql = std::fs::read_to_string(file.with_extension("sql")).unwrap();
        Ok::<_, DbError>(conn.batch_execute(&sql)?)
    });
    done.unwrap();
}

fn migrating_twice_changes_nothing(db: &Scratch) {
    db.migrate().unwrap();
    furnish(db);
    db.migrate().unwrap();
    db.check_schema().unwrap();
    assert_eq!(count(db, "events"), 2);
}

fn an_older_schema_is_refused_with_what_to_do(db: &Scratch) {
    let refusal = db.check_schema().unwrap_err();
    assert!(matches!(refusal, DbError::OlderSchema(n) if n == migrations("sqlite").len()));
    assert!(refusal.to_string().contains("run 'iikura migrate'"));
}

fn a_newer_schema_is_refused(db: &Scratch) {
    db.migrate().unwrap();
    run(
        db,
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
    )
    .unwrap();
    for refusal in [db.migrate(), db.check_schema()] {
        assert!(matches!(refusal, Err(DbError::NewerSchema(version)) if version == "9999"));
    }
}

fn the_columns_are_those_the_program_knows(db: &Scratch) {
    db.migrate().unwrap();
    assert_eq!(tables(db), tables_of_the_program());
}

#[test]
fn both_trees_have_the_same_migrations() {
    let names = migrations("sqlite");
    assert!(!names.is_empty());
    assert_eq!(names, migrations("postgres"));
}

fn migrations(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    std::fs::read_dir(folder.join(database))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// One line a column, as in `slots.id BigInt, key 1`.
type Columns = BTreeSet<String>;

fn line(table: &str, column: &str, kind: &str, nullable: bool, key: i64) -> String {
    let kind = if nullable {
        format!("Nullable<{kind}>")
    } else {
        kind.to_owned()
    };
    let key = if key == 0 {
        String::new()
    } else {
        format!(", key {key}")
    };
    format!("{table}.{column} {kind}{key}")
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = BigInt)]
    key: i64,
}

/// What the database says that it has.
fn tables(db: &Scratch) -> Columns {
    let rows: Result<Vec<Column>, DbError> = db.read_here(|connection| {
        let question = if connection.is_postgres() {
            POSTGRES_COLUMNS
        } else {
            SQLITE_COLUMNS
        };
        Ok(diesel::sql_query(question).get_results(connection)?)
    });
    rows.unwrap()
        .iter()
        .map(|row| {
            let kind = match row.kind.as_str() {
                "BIGINT" | "bigint" => "BigInt",
                // SQLite's own number of a row is always 64 bits wide.
                "INTEGER" if row.key == 1 && row.name == "id" => "BigInt",
                "INTEGER" | "integer" => "Integer",
                "TEXT" | "text" => "Text",
                "BOOLEAN" | "boolean" => "Bool",
                "DATE" | "date" => "Date",
                "BLOB" | "bytea" => "Binary",
                other => other,
            };
            line(&row.table_name, &row.name, kind, row.nullable, row.key)
        })
        .collect()
}

const SQLITE_COLUMNS: &str = r#"
    SELECT t.name AS table_name, c.name, c.type AS kind, NOT c."notnull" AS nullable, c.pk AS "key"
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name <> '__diesel_schema_migrations'"#;

const POSTGRES_COLUMNS: &str = r#"
    SELECT c.table_name::text, c.column_name::text AS name, c.data_type::text AS kind, c.is_nullable = 'YES' AS nullable,
           COALESCE(k.ordinal_position, 0)::bigint AS "key"
    FROM information_schema.columns c
    LEFT JOIN information_schema.table_constraints p
      ON p.table_schema = c.table_schema AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY'
    LEFT JOIN information_schema.key_column_usage k
      ON k.constraint_schema = p.constraint_schema AND k.constraint_name = p.constraint_name
      AND k.table_name = c.table_name AND k.column_name = c.column_name
    WHERE c.table_schema = 'public' AND c.table_name <> '__diesel_schema_migrations'"#;

/// What `src/db/schema.rs` says, read as text: the macro leaves nothing behind that lists its columns.
fn tables_of_the_program() -> Columns {
    let mut columns = Columns::new();
    for block in include_str!("../../src/db/schema.rs")
        .split("diesel::table! {")
        .skip(1)
    {
        let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
        let (table, keys) = lines.next().unwrap().split_once(" (").unwrap();
        let keys: Vec<&str> = keys.trim_end_matches(") {").split(", ").collect();
        for column in lines.take_while(|line| *line != "}") {
            let (name, kind) = column.trim_end_matches(',').split_once(" -> ").unwrap();
            let bare = kind.trim_start_matches("Nullable<").trim_end_matches('>');
            let key = keys
                .iter()
                .position(|key| *key == name)
                .map_or(0, |place| place + 1);
            columns.insert(line(
                table,
                name,
                bare,
                kind != bare,
                i64::try_from(key).unwrap(),
            ));
        }
    }
    columns
}
