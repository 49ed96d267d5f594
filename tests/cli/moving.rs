//! Moving everything, as it is typed.

use crate::{NINTH_MEETING, TestInstallation};
use support::both::Scratch;

#[test]
fn everything_is_exported_and_imported_as_it_is_typed() {
    let installation = TestInstallation::new();
    let nothing = installation.complains(&["export", "--everything", "whole"]);
    assert!(
        nothing.contains("there is no database at data/test.db; set --database-url"),
        "{nothing}"
    );
    assert!(!installation.path().join("data").exists());
    installation.write("meeting.toml", NINTH_MEETING);
    installation.says(&["import", "meeting.toml"]);
    installation.says(&[
        "user",
        "add",
        "--email",
        "hanako@iikura.example",
        "--name",
        "Hanako",
        "--role",
        "admin",
    ]);
    let said = installation.says(&["export", "--everything", "whole"]);
    for words in [
        "whole holds 1 user(s), 1 event(s), 9 slot(s), 0 mail(s),",
        "Protect it like the database",
        "Copy the secret file (IIKURA_SECRET_FILE, by default data/secret.key) by hand",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let again = installation.complains(&["export", "--everything", "whole"]);
    assert!(
        again.contains("whole exists; name a file that does not"),
        "{again}"
    );

    for (number, elsewhere) in Scratch::each().iter().enumerate() {
        let there = ["--database-url", elsewhere.url()];
        let back = format!("back-{number}");
        let said = installation.says(&[&["import", "--everything", "whole"][..], &there].concat());
        for words in [
            "Imported 1 user(s), 1 event(s), 9 slot(s), 0 mail(s),",
            "it equals the file byte for byte; 2 chain(s) of history verify; every reference is valid; there is no double booking",
            "Copy the secret file",
            "All users must sign in again.",
        ] {
            assert!(said.contains(words), "{said}");
        }
        installation.says(&[&["export", "--everything", &back][..], &there].concat());
        assert!(installation.read(&back) == installation.read("whole"));
        assert_eq!(
            installation.says(&[&["audit", "verify"][..], &there].concat()),
            installation.says(&["audit", "verify"])
        );
        let filled =
            installation.complains(&[&["import", "--everything", "whole"][..], &there].concat());
        assert!(filled.contains("the database is not empty"), "{filled}");
    }
}

#[test]
fn what_cannot_be_moved_is_refused_before_there_is_a_database() {
    let installation = TestInstallation::new();
    installation.write("meeting.toml", NINTH_MEETING);
    for (arguments, words) in [
        (
            &["import", "--everything", "missing"][..],
            "cannot read missing",
        ),
        (
            &["import", "--everything", "meeting.toml"],
            "meeting.toml was not written by 'iikura export --everything'; a file with one event is read by 'iikura import FILE'",
        ),
        (&["export"], "<SLUG>"),
        (
            &["export", "ca-jad-9", "--everything", "x"],
            "cannot be used with",
        ),
        (
            &["export", "--everything", "x", "--output", "y"],
            "cannot be used with",
        ),
    ] {
        let complaint = installation.complains(arguments);
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
    }
    assert!(!installation.path().join("data").exists());
    let help = installation.says(&["export", "--help"]);
    assert!(
        help.contains("every event, accounts, mail, history"),
        "{help}"
    );
    let help = installation.says(&["import", "--help"]);
    assert!(help.contains("into an empty database"), "{help}");
}
