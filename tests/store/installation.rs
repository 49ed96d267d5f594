//! A whole installation as one file: every table, one moment, whole or not at all.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use iikura::db::Db;
use iikura::installation::table::{LEFT, MOVED};
use iikura::installation::{self, ExportError, InstallationImportError, SealedFile, export};
use iikura::store::audit::chain;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::scene::*;
use support::both::{Scratch, on_both};
use support::rows::rows;

on_both!(
    every_table_is_moved_or_left_behind_for_a_reason,
    a_file_is_for_its_owner_alone_and_over_nothing,
    an_export_beside_writers_is_one_moment,
    a_mail_of_a_million_bytes_arrives,
    a_damaged_file_stores_nothing,
    a_file_of_another_schema_or_kind_is_refused_with_what_to_do,
    a_sound_file_with_what_must_not_be_stores_nothing,
    a_sound_file_that_says_otherwise_stores_nothing,
    a_database_that_holds_anything_is_left_alone,
    value_that_no_form_takes_names_its_table_row_and_column,
    stored_value_that_no_form_takes_is_found,
    the_history_goes_on_behind_the_last_row,
    what_is_not_of_its_columns_kind_is_not_exported,
    the_order_of_rows_is_that_of_no_language,
);

fn furnished(db: &Scratch) -> TempDir {
    db.migrate().unwrap();
    furnish(db);
    book(db, 1, 0, 30, "confirmed", &[CHAIR, GUEST, ORCHID]).unwrap();
    book(db, 2, 60, 90, "tentative", &[CHAIR, SAKURA]).unwrap();
    for statement in [
        "INSERT INTO event_days VALUES (1, '2022-12-24', 510, 1260)",
        "INSERT INTO audit (at, event_id, actor, action, subject) VALUES (7, 1, 'Aki', 'slot.booked', '“Ⅷ” \\ \"ja\"')",
        "INSERT INTO audit (at, event_id, actor, action, subject) VALUES (8, 1, 'Aki', 'slot.moved', 'Slot 1')",
    ] {
        run(db, statement).unwrap();
    }
    assert_eq!(db.write_here(chain::begin).unwrap(), 2);
    tempfile::tempdir().unwrap()
}

/// Every kind of database, empty.
fn targets() -> Vec<Scratch> {
    let each = Scratch::each().into_iter();
    each.map(Scratch::migrated).collect()
}

fn file(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// Writes a file with lines of its own and a seal that fits them.
fn sealed(path: &Path, lines: &[&str]) {
    let text = lines.join("\n") + "\n";
    let mut sha256 = String::new();
    for byte in Sha256::digest(&text) {
        write!(sha256, "{byte:02x}").unwrap();
    }
    std::fs::write(path, format!("{text}{{\"sha256\":\"{sha256}\"}}\n")).unwrap();
}

/// What is said of a file that is not taken, once nothing of it was stored.
fn refusal(path: &Path, db: &Db) -> InstallationImportError {
    let before = rows(db);
    let refused = SealedFile::open(path).and_then(|file| file.import(db));
    assert_eq!(rows(db), before);
    refused.map(|taken| panic!("{taken:?}")).unwrap_err()
}

fn every_table_is_moved_or_left_behind_for_a_reason(db: &Scratch) {
    db.migrate().unwrap();
    let rows = rows(db);
    let there: BTreeSet<String> = rows.keys().cloned().collect();
    let listed: Vec<&str> = MOVED.iter().chain(LEFT).map(|table| table.name).collect();
    assert_eq!(listed.len(), there.len(), "a table stands there twice");
    let listed: BTreeSet<String> = listed.into_iter().map(str::to_owned).collect();
    assert_eq!(listed, there);
    // What a migration puts in, and nothing else, makes room for what comes.
    for table in MOVED.iter().chain(LEFT) {
        let is_furnished = !rows[table.name].is_empty();
        assert_eq!(table.is_furnished, is_furnished, "{}", table.name);
    }
}

fn a_file_is_for_its_owner_alone_and_over_nothing(db: &Scratch) {
    use std::os::unix::fs::PermissionsExt;
    let folder = furnished(db);
    let whole = file(&folder, "whole");
    let contents = export(db, &whole).unwrap();
    assert_eq!((contents.of("events"), contents.of("slots")), (2, 2));
    let mode = std::fs::metadata(&whole).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = export(db, &whole);
    assert!(matches!(again, Err(ExportError::Exists(_))), "{again:?}");
    let nowhere = export(db, &file(&folder, "no such folder/whole"));
    assert!(matches!(nowhere, Err(ExportError::File(..))), "{nowhere:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let bytes = std::fs::read(&whole).unwrap();
    for target in targets() {
        let imported = SealedFile::open(&whole).unwrap().import(&target).unwrap();
        assert_eq!((&imported.contents, imported.chains), (&contents, 1));
        assert_eq!(rows(&target), rows(db));
        let back = file(&folder, "back");
        export(&target, &back).unwrap();
        assert!(std::fs::read(&back).unwrap() == bytes);
        std::fs::remove_file(&back).unwrap();
    }
}

fn an_export_beside_writers_is_one_moment(db: &Scratch) {
    let folder = furnished(db);
    let (stop, done) = (AtomicBool::new(false), AtomicI64::new(100));
    thread::scope(|scope| {
        // Also when this thread ends early: the other would go on for good.
        let _stop = Stop(&stop);
        scope.spawn(|| {
            for id in 101.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let starts = i32::try_from(id).unwrap() * 30;
                book(db, id, starts, starts + 30, "tentative", &[CHAIR, ORCHID]).unwrap();
                // The same rows again, in another place: who reads tables one by one at different times sees it twice.
                run(db, &move_slot(id, starts + 5, starts + 25)).unwrap();
                done.store(id, Ordering::SeqCst);
            }
        });
        for round in 0..4 {
            while done.load(Ordering::SeqCst) < 100 + round * 20 {
                thread::yield_now();
            }
            let before = done.load(Ordering::SeqCst) - 100;
            let path = file(&folder, &format!("{round}"));
            let contents = export(db, &path).unwrap();
            let booked = contents.of("slots") - 2;
            assert!(
                booked >= u64::try_from(before).unwrap(),
                "{booked} after {before}"
            );
            assert_eq!(contents.of("occupancy"), 5 + 2 * booked);
            for target in targets() {
                SealedFile::open(&path).unwrap().import(&target).unwrap();
                assert_no_double_booking(&target);
                assert_eq!(u64::try_from(count(&target, "slots")).unwrap(), booked + 2);
            }
        }
    });
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn a_mail_of_a_million_bytes_arrives(db: &Scratch) {
    let folder = furnished(db);
    let raw = if is_sqlite(db) {
        "CAST(replace(hex(zeroblob(250000)), '00', 'é\r\n') AS BLOB)"
    } else {
        "convert_to(repeat(E'é\\r\\n', 250000), 'UTF8')"
    };
    run(
        db,
        &format!(
            "INSERT INTO outbox (id, dedupe_key, event_id, slot_id, sequence, recipient, recipient_name, envelope_from,
               message_id, subject, raw, state, attempts, next_at, give_up_at, created_at)
             VALUES (4503599627370495, 'k', 1, 1, 0, 'kz@delegations.example', '', 'noreply@iikura.example', 'm', 's',
               {raw}, 'queued', 0, 9, 9, 9)"
        ),
    )
    .unwrap();
    assert_eq!(count(db, "outbox WHERE length(raw) = 1000000"), 1);
    let whole = file(&folder, "whole");
    export(db, &whole).unwrap();
    for target in targets() {
        SealedFile::open(&whole).unwrap().import(&target).unwrap();
        assert!(rows(&target) == rows(db));
    }
}

fn a_damaged_file_stores_nothing(db: &Scratch) {
    let source = Scratch::sqlite();
    let folder = furnished(&source);
    db.migrate().unwrap();
    let whole = file(&folder, "whole");
    export(&source, &whole).unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    let bad = file(&folder, "bad");
    // Cut anywhere: within a line and after one.
    let lines: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').collect();
    let cuts = [bytes.len() / 2, bytes.len() - 1, lines[0] - 3];
    for cut in cuts.into_iter().chain(lines.iter().map(|end| end + 1)) {
        if cut == bytes.len() {
            continue;
        }
        std::fs::write(&bad, &bytes[..cut]).unwrap();
        let refused = SealedFile::open(&bad);
        assert!(
            matches!(refused, Err(InstallationImportError::Cut(_))),
            "{cut}: {refused:?}"
        );
    }
    let words = refusal(&bad, db).to_string();
    assert!(
        words.contains("it was cut off; copy it again, or export again"),
        "{words}"
    );
    // Something behind the end.
    std::fs::write(&bad, [&bytes[..], b"[]\n"].concat()).unwrap();
    assert!(matches!(refusal(&bad, db), InstallationImportError::Cut(_)));
    // Any byte: none gets through.
    for at in (0..bytes.len()).step_by(61) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        std::fs::write(&bad, flipped).unwrap();
        assert!(SealedFile::open(&bad).is_err(), "byte {at}");
    }
    let at = bytes.windows(6).position(|word| word == b"Slot 1").unwrap();
    let mut flipped = bytes.clone();
    flipped[at + 5] = b'7';
    std::fs::write(&bad, flipped).unwrap();
    let words = refusal(&bad, db).to_string();
    assert!(
        words.contains("bad is damaged (its SHA-256 is not the one at its end)"),
        "{words}"
    );
    let missing = refusal(&file(&folder, "missing"), db).to_string();
    assert!(
        missing.contains("cannot read") && missing.contains("missing"),
        "{missing}"
    );
}

fn a_file_of_another_schema_or_kind_is_refused_with_what_to_do(db: &Scratch) {
    let source = Scratch::sqlite();
    let folder = furnished(&source);
    db.migrate().unwrap();
    let whole = file(&folder, "whole");
    export(&source, &whole).unwrap();
    let text = std::fs::read_to_string(&whole).unwrap();
    let bad = file(&folder, "bad");
    for other in [
        "",
        "\n",
        "[meeting]\nslug = \"x\"\n",
        "SQLite format 3\0",
        "{}\n",
    ] {
        std::fs::write(&bad, other).unwrap();
        let words = refusal(&bad, db).to_string();
        assert!(
            words.contains("was not written by 'iikura export --everything'")
                && words.contains("'iikura import FILE'"),
            "{words}"
        );
    }
    for (from, to, expected) in [
        (
            "\"0001\",",
            "",
            "lacks migration(s) 0001 of this iikura; import it with that iikura into an empty database, then run 'iikura migrate' with this one",
        ),
        (
            "\"0001\",",
            "\"0001\",\"9999\",",
            "has migration(s) 9999, which this iikura does not know; import it with that iikura, or a newer one",
        ),
        (
            "\"version\":1,",
            "\"version\":2,",
            "in another form; import it with that iikura",
        ),
    ] {
        let other = text.replacen(from, to, 1);
        let lines: Vec<&str> = other.lines().collect();
        sealed(&bad, &lines[..lines.len() - 1]);
        let words = refusal(&bad, db).to_string();
        assert!(words.contains(expected), "{words}");
    }
}

/// What is said of a file with other lines than those that were written, and a seal that fits them.
fn refusal_of_edited(
    text: &str,
    bad: &Path,
    db: &Db,
    edit: &dyn Fn(&mut Vec<String>),
) -> InstallationImportError {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.pop();
    edit(&mut lines);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    sealed(bad, &lines);
    refusal(bad, db)
}

fn at(lines: &[String], beginning: &str) -> usize {
    lines
        .iter()
        .position(|line| line.starts_with(beginning))
        .unwrap()
}

fn a_sound_file_with_what_must_not_be_stores_nothing(db: &Scratch) {
    let source = Scratch::sqlite();
    let folder = furnished(&source);
    db.migrate().unwrap();
    let whole = file(&folder, "whole");
    export(&source, &whole).unwrap();
    let text = std::fs::read_to_string(&whole).unwrap();
    let bad = file(&folder, "bad");
    let edited = |edit: &dyn Fn(&mut Vec<String>)| refusal_of_edited(&text, &bad, db, edit);
    // A slot twice.
    let twice = edited(&|lines| {
        let row = at(lines, "[2,1,\"bilateral\"");
        lines.insert(row, lines[row].clone());
        lines[0] = lines[0].replace("\"slots\":2", "\"slots\":3");
    });
    assert!(
        matches!(
            &twice,
            InstallationImportError::Refused { table: "slots", .. }
        ),
        "{twice:?}"
    );
    // A count that is not true.
    let miscounted = edited(&|lines| lines[0] = lines[0].replace("\"slots\":2", "\"slots\":3"));
    assert!(
        matches!(miscounted, InstallationImportError::Damaged { .. }),
        "{miscounted:?}"
    );
    // Two slots of the chair at once, each copy true.
    let overlapping = edited(&|lines| {
        let (from, to) = ([TEN + 60, TEN + 90], [TEN + 15, TEN + 45]);
        for line in lines.iter_mut().filter(|line| line.starts_with("[2,")) {
            *line = line.replace(
                &format!("{},{}", from[0], from[1]),
                &format!("{},{}", to[0], to[1]),
            );
        }
    });
    assert!(
        matches!(&overlapping, InstallationImportError::Refused { table: "occupancy", error, .. } if iikura::db::is_overlap_refusal(error)),
        "{overlapping:?}"
    );
    // Somebody who takes part in nothing.
    let loose = edited(&|lines| {
        let row = at(lines, "[2,1,\"bilateral\"");
        lines.remove(row);
        lines[0] = lines[0].replace("\"slots\":2", "\"slots\":1");
    });
    assert!(
        matches!(
            loose,
            InstallationImportError::Refused {
                table: "occupancy",
                ..
            }
        ),
        "{loose:?}"
    );
    // After all that the true one still goes in.
    SealedFile::open(&whole).unwrap().import(db).unwrap();
    assert_eq!(rows(db), rows(&source));
}

fn value_that_no_form_takes_names_its_table_row_and_column(db: &Scratch) {
    let source = Scratch::sqlite();
    let folder = furnished(&source);
    db.migrate().unwrap();
    let whole = file(&folder, "whole");
    export(&source, &whole).unwrap();
    let text = std::fs::read_to_string(&whole).unwrap();
    let bad = file(&folder, "bad");
    for (from, to, expected) in [
        (
            "\"Asia/Tokyo\"",
            "\"Mars/Olympus\"",
            "table events, row id 1, column time_zone: ",
        ),
        (
            "\"R20\"",
            "\"R 20\"",
            "table resources, row id 20, column code: ",
        ),
        (
            "\"2022-12-24\"",
            "\"1066-10-14\"",
            "table event_days, row event_id 1 day 1066-10-14, column day: ",
        ),
        (
            "\"Slot 2\"",
            "\"Slot\\u00002\"",
            "table slots, row id 2, column title: ",
        ),
        (
            "\"slot.moved\"",
            "\"Moved it\"",
            "table audit, row id 2, column action: ",
        ),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let refused = refusal_of_edited(&text, &bad, db, &|lines| {
            for line in lines.iter_mut() {
                *line = line.replace(from, to);
            }
        });
        assert!(
            matches!(refused, InstallationImportError::Values { .. }),
            "{refused:?}"
        );
        let words = refused.to_string();
        assert!(
            words.contains(expected) && words.contains("\n  line "),
            "{words}"
        );
    }
    // More than anybody reads at once.
    let many = refusal_of_edited(&text, &bad, db, &|lines| {
        let row = at(lines, "[1,7,1,");
        let line = lines[row].replace("slot.booked", "Slot booked");
        lines.splice(row..row, std::iter::repeat_n(line, 30));
        lines[0] = lines[0].replace("\"audit\":2", "\"audit\":32");
    });
    let words = many.to_string();
    assert!(
        words.contains("holds 30 value(s)") && words.ends_with("\n  and 10 more"),
        "{words}"
    );
}

/// What the doctor asks.
fn stored_value_that_no_form_takes_is_found(db: &Scratch) {
    furnished(db);
    let found = || db.read_here(installation::faults).unwrap();
    assert_eq!(found(), (Vec::new(), 0));
    run(
        db,
        "UPDATE events SET time_zone = 'Mars/Olympus' WHERE id = 2",
    )
    .unwrap();
    run(db, "UPDATE events SET office_email = 'nobody' WHERE id = 1").unwrap();
    let (faults, more) = found();
    assert_eq!((faults.len(), more), (2, 0), "{faults:?}");
    assert!(
        faults[0].starts_with(
            "table events, row id 1, column office_email: 'nobody' is not an e-mail address"
        ),
        "{faults:?}"
    );
    assert!(
        faults[1].starts_with("table events, row id 2, column time_zone: "),
        "{faults:?}"
    );
}

fn a_sound_file_that_says_otherwise_stores_nothing(db: &Scratch) {
    let source = Scratch::sqlite();
    let folder = furnished(&source);
    db.migrate().unwrap();
    let whole = file(&folder, "whole");
    export(&source, &whole).unwrap();
    let text = std::fs::read_to_string(&whole).unwrap();
    let bad = file(&folder, "bad");
    let edited = |edit: &dyn Fn(&mut Vec<String>)| refusal_of_edited(&text, &bad, db, edit);
    // A word of the history.
    let rewritten = edited(&|lines| {
        let row = at(lines, "[2,8,1,");
        lines[row] = lines[row].replace("Aki", "Ebi");
    });
    let words = rewritten.to_string();
    assert!(
        words.contains("row 2 of the history (slot.moved, Slot 1, by Ebi)"),
        "{words}"
    );
    // A number where a word belongs, and a day that is none.
    for (from, to) in [
        ("\"ca-jad-9\"", "9"),
        ("\"2022-12-24\"", "\"2022-12-32\""),
        ("[2,1,\"bi", "[2,\"1\",\"bi"),
    ] {
        let misplaced = edited(&|lines| {
            let row = lines.iter().position(|line| line.contains(from)).unwrap();
            lines[row] = lines[row].replacen(from, to, 1);
        });
        assert!(
            matches!(misplaced, InstallationImportError::Damaged { .. }),
            "{misplaced:?}"
        );
    }
    // Not what this program writes, though every value is there.
    let spaced = edited(&|lines| {
        let row = at(lines, "[2,8,1,");
        lines[row] = lines[row].replacen(',', ", ", 1);
    });
    assert!(
        matches!(spaced, InstallationImportError::Unsound(_)),
        "{spaced:?}"
    );
}

fn a_database_that_holds_anything_is_left_alone(db: &Scratch) {
    let folder = furnished(db);
    let whole = file(&folder, "whole");
    export(db, &whole).unwrap();
    let words = refusal(&whole, db).to_string();
    assert!(
        words.contains("the database is not empty (table events has 2 row(s))")
            && words.contains("name a new one by --database-url"),
        "{words}"
    );
    for target in targets() {
        run(
            &target,
            "INSERT INTO sign_in_failures VALUES ('account:x', 1, 2)",
        )
        .unwrap();
        let refused = refusal(&whole, &target);
        assert!(matches!(
            refused,
            InstallationImportError::Filled {
                table: "sign_in_failures",
                rows: 1
            }
        ));
    }
}

fn the_history_goes_on_behind_the_last_row(db: &Scratch) {
    let source = Scratch::sqlite();
    let folder = furnished(&source);
    let whole = file(&folder, "whole");
    export(&source, &whole).unwrap();
    db.migrate().unwrap();
    SealedFile::open(&whole).unwrap().import(db).unwrap();
    run(
        db,
        "INSERT INTO audit (at, actor, action, subject) VALUES (9, '', 'slot.moved', '')",
    )
    .unwrap();
    assert_eq!(count(db, "audit WHERE id = 3 AND at = 9"), 1);
}

fn what_is_not_of_its_columns_kind_is_not_exported(db: &Scratch) {
    let folder = furnished(db);
    let whole = file(&folder, "whole");
    if is_sqlite(db) {
        // SQLite keeps whatever it is given.
        run(db, "UPDATE events SET grid_minutes = 5.5 WHERE id = 1").unwrap();
        let refused = export(db, &whole);
        assert!(refused.is_err(), "{refused:?}");
        run(db, "UPDATE events SET grid_minutes = 5 WHERE id = 1").unwrap();
        run(db, "UPDATE events SET revision = 'many' WHERE id = 1").unwrap();
        let refused = export(db, &whole);
        assert!(
            matches!(refused, Err(ExportError::Misplaced("events", "revision"))),
            "{refused:?}"
        );
    } else {
        // Here no column takes anything else; a history that was tampered with is refused on both.
        run(db, "ALTER TABLE audit DISABLE TRIGGER audit_no_change").unwrap();
        run(db, "UPDATE audit SET actor = 'Ebi' WHERE id = 2").unwrap();
        let refused = export(db, &whole);
        assert!(
            matches!(refused, Err(ExportError::History(_))),
            "{refused:?}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn the_order_of_rows_is_that_of_no_language(db: &Scratch) {
    let folder = furnished(db);
    if !is_sqlite(db) {
        let german = r#"ALTER TABLE mailboxes ALTER COLUMN name TYPE TEXT COLLATE "de-x-icu""#;
        run(db, german).unwrap();
    }
    for name in ["b", "A", "ä", "a", "B", "_"] {
        run(
            db,
            &format!("INSERT INTO mailboxes VALUES ('{name}', 1, 2, 3, NULL)"),
        )
        .unwrap();
    }
    let whole = file(&folder, "whole");
    export(db, &whole).unwrap();
    for target in targets() {
        SealedFile::open(&whole).unwrap().import(&target).unwrap();
    }
}
