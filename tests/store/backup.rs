//! A backup is taken beside writers, trusted only after it is judged, and never put over anything.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use diesel::prelude::*;
use iikura::db::age::{DecryptError, PrivateKey};
use iikura::db::{Db, DbError};
use iikura::store::backup::{self, BackupContents, BackupError};

use crate::scene::*;
use support::both::Scratch;

fn furnished() -> Scratch {
    let scratch = Scratch::sqlite().migrated();
    furnish(&scratch);
    scratch
}

fn open(file: &Path) -> Db {
    Db::open(&format!("sqlite:{}", file.display()).parse().unwrap()).unwrap()
}

/// A slot and who takes part, in one transaction.
fn book_whole(db: &Db, id: i64) {
    let starts = i32::try_from(id).unwrap() * 30;
    db.write_here(|connection| {
        connection.transaction(|connection| {
            for statement in [
                insert_slot(id, starts, starts + 30, "tentative"),
                insert_occupancy(id, CHAIR),
                insert_occupancy(id, ORCHID),
            ] {
                diesel::sql_query(statement).execute(connection)?;
            }
            Ok::<(), DbError>(())
        })
    })
    .unwrap();
}

#[test]
fn backup_beside_a_writer_has_whole_commits_only() {
    let scratch = furnished();
    let folder = tempfile::tempdir().unwrap();
    let (stop, done) = (AtomicBool::new(false), AtomicI64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for id in 1.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                book_whole(&scratch, id);
                done.store(id, Ordering::SeqCst);
            }
        });
        for round in 0..10 {
            while done.load(Ordering::SeqCst) < round * 20 {
                thread::yield_now();
            }
            let before = done.load(Ordering::SeqCst);
            let copy = folder.path().join(format!("{round}.db"));
            let contents = backup::write(&scratch, &copy).unwrap();
            assert!(contents.slots >= before, "{contents:?} after {before}");
            let home = folder.path().join(format!("restored/{round}.db"));
            assert_eq!(backup::restore(&copy, &home).unwrap(), contents);
            let restored = open(&home);
            restored.check_schema().unwrap();
            assert_eq!(count(&restored, "slots"), contents.slots);
            assert_eq!(count(&restored, "occupancy"), 2 * contents.slots);
            assert_no_double_booking(&restored);
        }
        stop.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_backup_is_for_its_owner_alone_and_over_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = furnished();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evening.db");
    let expected = BackupContents {
        events: 2,
        slots: 0,
        mails: 0,
    };
    assert_eq!(backup::write(&scratch, &file).unwrap(), expected);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = backup::write(&scratch, &file);
    assert!(matches!(again, Err(BackupError::Exists(_))), "{again:?}");
    let nowhere = backup::write(&scratch, &folder.path().join("no such folder/evening.db"));
    assert!(matches!(nowhere, Err(BackupError::File(..))), "{nowhere:?}");

    let home = folder.path().join("iikura.db");
    std::fs::write(&home, "a ministry's data").unwrap();
    let over = backup::restore(&file, &home);
    assert!(matches!(over, Err(BackupError::Exists(_))), "{over:?}");
    assert_eq!(std::fs::read(&home).unwrap(), b"a ministry's data");
    std::fs::rename(&home, folder.path().join("iikura.db-wal")).unwrap();
    let beside_a_log = backup::restore(&file, &home);
    assert!(matches!(beside_a_log, Err(BackupError::Exists(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_damaged_backup_is_not_put_back() {
    let scratch = furnished();
    for id in 1..=200 {
        book_whole(&scratch, id);
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    backup::write(&scratch, &whole).unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    let cut = bytes[..bytes.len() / 2].to_vec();
    let mut blotted = bytes.clone();
    // Where rows stand: an index is made anew from them, so that a blot on one loses nothing.
    let row = bytes.windows(8).position(|words| words == b"Slot 200");
    let page = row.unwrap() / 4096 * 4096;
    blotted[page..page + 4096].fill(0x55);
    for (name, content) in [
        ("cut.db", cut),
        ("blotted.db", blotted),
        ("other.db", b"no database at all".to_vec()),
        ("empty.db", Vec::new()),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let home = folder.path().join("iikura.db");
        let refused = backup::restore(&file, &home);
        assert!(
            matches!(&refused, Err(BackupError::Damaged { path, .. }) if *path == file),
            "{name}: {refused:?}"
        );
        assert!(!home.exists());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5);
}

#[test]
fn a_backup_with_a_double_booking_is_not_put_back() {
    let scratch = furnished();
    book_whole(&scratch, 1);
    book_whole(&scratch, 2);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evening.db");
    backup::write(&scratch, &file).unwrap();
    let tampered = open(&file);
    for statement in [
        "DROP TRIGGER no_overlap_insert",
        "DROP TRIGGER no_overlap_update",
        "UPDATE slots SET starts_at = starts_at - 30, ends_at = ends_at - 30 WHERE id = 2",
    ] {
        run(&tampered, statement).unwrap();
    }
    drop(tampered);
    let refused = backup::restore(&file, &folder.path().join("iikura.db"));
    let words = refused.unwrap_err().to_string();
    assert!(words.contains("2 double bookings"), "{words}");
}

#[test]
fn backup_that_is_open_elsewhere_is_restored() {
    let scratch = furnished();
    book_whole(&scratch, 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evening.db");
    let contents = backup::write(&scratch, &file).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // The first to open and the last to close have the file to themselves for a moment.
            while !stop.load(Ordering::SeqCst) {
                run(&open(&file), "UPDATE slots SET version = version + 1").unwrap();
            }
        });
        for round in 0..40 {
            let home = folder.path().join(format!("{round}.db"));
            let restored = backup::restore(&file, &home);
            if restored.is_err() {
                stop.store(true, Ordering::SeqCst);
            }
            assert_eq!(restored.unwrap(), contents);
        }
        stop.store(true, Ordering::SeqCst);
    });
}

/// A pair of keys, as `age-keygen` prints them.
const RECIPIENT: &str = "age1rderwmk4wds9ft3z33vkj6d0vkuxvga4s7de7ut0czwp53tq6crqyh4675";
const KEY: &str = "# created by age-keygen\nAGE-SECRET-KEY-1LCZJL27EU7J703UCFEU83QANW5AVLXHU0NZE4MDUJ0W9SZ4NHG4SY0UGEA\n";
const OTHER_RECIPIENT: &str = "age1plavrzg55we0g6yhu8llst5fwm76v8zpaumnkf86q3pt82lesgtsv5l2hj";

fn keys() -> Vec<PrivateKey> {
    PrivateKey::parse_file(KEY).unwrap()
}

#[test]
fn encrypted_backup_restores_and_is_never_unencrypted() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = furnished();
    for id in 1..=300 {
        book_whole(&scratch, id);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evening.db.age");
    let recipients = [OTHER_RECIPIENT.parse().unwrap(), RECIPIENT.parse().unwrap()];
    let contents = backup::write_encrypted(&scratch, &file, &recipients).unwrap();
    assert_eq!(contents.slots, 300);
    let bytes = std::fs::read(&file).unwrap();
    assert!(
        bytes.len() > 3 * 65_536,
        "more than one chunk: {}",
        bytes.len()
    );
    for words in [&b"Slot 200"[..], b"SQLite format"] {
        assert!(!bytes.windows(words.len()).any(|found| found == words));
    }
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["evening.db.age"]);
    let home = Path::new(scratch.url().strip_prefix("sqlite:").unwrap());
    let beside = names(home.parent().unwrap());
    assert!(
        beside
            .iter()
            .all(|name| !name.contains("copy") && !name.contains("unfinished")),
        "{beside:?}"
    );

    let database = folder.path().join("iikura.db");
    let restored = backup::restore_encrypted(&file, &database, &keys()).unwrap();
    assert_eq!(restored, contents);
    assert_eq!(count(&open(&database), "slots"), 300);
    let over = backup::restore_encrypted(&file, &database, &keys());
    assert!(matches!(over, Err(BackupError::Exists(_))), "{over:?}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn altered_encrypted_backup_is_not_restored() {
    let scratch = furnished();
    let folder = tempfile::tempdir().unwrap();
    let (file, home) = (
        folder.path().join("whole.age"),
        folder.path().join("iikura.db"),
    );
    backup::write_encrypted(&scratch, &file, &[RECIPIENT.parse().unwrap()]).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let refused = |bytes: &[u8]| {
        let bad = folder.path().join("bad.age");
        std::fs::write(&bad, bytes).unwrap();
        let refused = backup::restore_encrypted(&bad, &home, &keys());
        assert!(!home.exists());
        std::fs::remove_file(&bad).unwrap();
        // Neither it nor the beginning of it is left behind.
        assert_eq!(names(folder.path()), ["whole.age"]);
        match refused {
            Err(BackupError::Decrypt(path, error)) => {
                assert_eq!(path, bad);
                error
            }
            other => panic!("{other:?}"),
        }
    };
    // Cut at every boundary of a chunk, within one, and in the header.
    let header = bytes.windows(4).position(|mark| mark == b"--- ").unwrap();
    let payload = header
        + bytes[header..]
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap()
        + 17;
    for cut in [
        30,
        header,
        payload - 3,
        payload,
        payload + 65_552,
        payload + 70_000,
        bytes.len() - 1,
    ] {
        let error = refused(&bytes[..cut]);
        assert!(matches!(error, DecryptError::Altered), "{cut}: {error:?}");
    }
    // Any byte; the first ones say what it is at all.
    for at in (25..bytes.len()).step_by(bytes.len() / 97) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let error = refused(&flipped);
        let altered = matches!(error, DecryptError::Altered | DecryptError::OtherKey);
        assert!(altered, "byte {at}: {error:?}");
    }
    // Two chunks in each other's place, and something behind the end.
    let mut swapped = bytes.clone();
    swapped.copy_within(payload + 65_552..payload + 2 * 65_552, payload);
    assert!(matches!(refused(&swapped), DecryptError::Altered));
    assert!(matches!(
        refused(&[&bytes[..], b"x"].concat()),
        DecryptError::Altered
    ));
    assert!(matches!(
        refused(b"SQLite format 3\0"),
        DecryptError::NotEncrypted
    ));
    assert!(matches!(refused(b""), DecryptError::NotEncrypted));

    let stranger = folder.path().join("for others");
    backup::write_encrypted(&scratch, &stranger, &[OTHER_RECIPIENT.parse().unwrap()]).unwrap();
    let error = backup::restore_encrypted(&stranger, &home, &keys()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("none of the given keys opens it"),
        "{error}"
    );
    let error = backup::restore(&file, &home).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is encrypted; name the file with its key by --identity FILE"),
        "{error}"
    );
    assert!(!home.exists());
}
