//! `iikura doctor`.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::{TestInstallation, text};
use support::both::{Scratch, on_both};

on_both!(
    double_booking_of_any_origin_is_found,
    altered_schema_is_named_and_no_server_starts_on_it,
);

/// Whether it went well, and each finding.
fn examined(installation: &TestInstallation, more: &[(&str, &str)]) -> (bool, Vec<Value>) {
    let mut command = installation.command();
    command
        .args(["doctor", "--json"])
        .envs(more.iter().copied());
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    assert_eq!(report["ok"], output.status.success(), "{report:#}");
    (
        output.status.success(),
        report["findings"].as_array().unwrap().clone(),
    )
}

/// The finding on something: its verdict, and what to do.
fn on<'a>(findings: &'a [Value], check: &str) -> (&'a str, &'a str) {
    let found = findings.iter().find(|finding| finding["check"] == check);
    assert!(found.is_some(), "{check} in {findings:#?}");
    let found = found.unwrap();
    let (verdict, next) = (
        found["verdict"].as_str().unwrap(),
        found["next"].as_str().unwrap(),
    );
    assert_eq!(
        verdict == "ok",
        next.is_empty(),
        "every fault has its next step: {found}"
    );
    (verdict, next)
}

#[test]
fn doctor_finds_a_valid_installation_and_changes_nothing() {
    let installation = TestInstallation::new();
    let (well, findings) = examined(&installation, &[]);
    assert!(!well);
    assert_eq!(on(&findings, "configuration"), ("ok", ""));
    let (verdict, next) = on(&findings, "database");
    assert!(
        verdict == "fault" && next.contains("iikura migrate"),
        "{next}"
    );
    assert_eq!(on(&findings, "secret file").0, "warning");
    assert!(
        !installation.path().join("data").exists(),
        "a look leaves nothing behind"
    );

    installation.says(&["migrate"]);
    let (well, findings) = examined(
        &installation,
        &[("IIKURA_PUBLIC_URL", "https://iikura.example")],
    );
    assert!(well, "{findings:#?}");
    for check in [
        "configuration",
        "SQLite",
        "what is stored",
        "public address",
    ] {
        assert_eq!(on(&findings, check), ("ok", ""), "{check}");
    }
    for check in [
        "time zone data",
        "fonts",
        "disk of the database",
        "disk of the outbox",
        "proxy",
    ] {
        on(&findings, check);
    }
    assert!(on(&findings, "mail: relay").1.contains("IIKURA_SMTP_URL"));
    let said = installation.says(&["doctor"]);
    assert!(
        said.contains("ok       SQLite: 3.") && said.contains("         next: "),
        "{said}"
    );
}

#[test]
fn every_fault_says_what_to_type() {
    let installation = TestInstallation::new();
    installation.says(&["migrate"]);
    installation.write("open.key", &"A".repeat(43));
    let open = installation.path().join("open.key");
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o644)).unwrap();
    let (_, findings) = examined(&installation, &[("IIKURA_SECRET_FILE", "open.key")]);
    assert_eq!(
        on(&findings, "secret file"),
        ("fault", "chmod 600 open.key")
    );
    for (name, value, check, words) in [
        (
            "IIKURA_PUBLIC_URL",
            "http://iikura.example",
            "public address",
            "as https://iikura.example",
        ),
        (
            "IIKURA_PUBLIC_URL",
            "ftp://iikura.example",
            "configuration",
            "set --public-url",
        ),
        (
            "IIKURA_LISTEN",
            "0.0.0.0:8080",
            "configuration",
            "set --tls-cert and --tls-key",
        ),
        (
            "IIKURA_SMTP_URL",
            "smtp://relay.example",
            "configuration",
            "set --smtp-url",
        ),
        (
            "IIKURA_SMTP_URL",
            "smtp://127.0.0.1:1",
            "mail: reach 127.0.0.1:1",
            "IIKURA_SMTP_URL",
        ),
        (
            "IIKURA_MAIL_FROM",
            "nobody",
            "configuration",
            "set --mail-from",
        ),
        #[cfg(feature = "postgres")]
        (
            "IIKURA_DATABASE_URL",
            "postgres://iikura@127.0.0.1:1/iikura",
            "database",
            "--database-url",
        ),
    ] {
        let (well, findings) = examined(&installation, &[(name, value)]);
        let (verdict, next) = on(&findings, check);
        assert!(!well && verdict == "fault", "{name}={value}: {findings:#?}");
        assert!(next.contains(words), "{name}={value}: {next}");
    }
    installation.write("broken.db", &"no database ".repeat(1000));
    let (_, findings) = examined(
        &installation,
        &[("IIKURA_DATABASE_URL", "sqlite:broken.db")],
    );
    assert_eq!(on(&findings, "database").0, "fault");
}

fn double_booking_of_any_origin_is_found(scratch: &Scratch) {
    let installation = TestInstallation::new();
    installation.write("meeting.toml", crate::NINTH_MEETING);
    let database = [("IIKURA_DATABASE_URL", scratch.url())];
    let migrated = installation
        .command()
        .envs(database)
        .args(["import", "meeting.toml"])
        .output();
    assert!(migrated.unwrap().status.success());
    let (well, findings) = examined(&installation, &database);
    assert!(well, "{findings:#?}");
    assert_eq!(on(&findings, "what is stored"), ("ok", ""));
    let is_shared = scratch.is_shared();
    if is_shared {
        assert_eq!(on(&findings, "PostgreSQL"), ("ok", ""));
        assert_eq!(on(&findings, "way to the database"), ("ok", ""));
    }
    // Somebody with a shell takes the guard away and moves all slots to one time.
    let guards: &[&str] = if is_shared {
        &["ALTER TABLE occupancy DROP CONSTRAINT no_overlap"]
    } else {
        &[
            "DROP TRIGGER no_overlap_insert",
            "DROP TRIGGER no_overlap_update",
        ]
    };
    for sql in guards
        .iter()
        .chain(&["UPDATE slots SET starts_at = 27863400, ends_at = 27863430"])
    {
        scratch
            .write_here(|conn| {
                use diesel::prelude::*;
                Ok::<_, iikura::db::DbError>(diesel::sql_query(*sql).execute(conn).map(drop)?)
            })
            .unwrap();
    }
    let (well, findings) = examined(&installation, &database);
    assert!(!well);
    let (verdict, next) = on(&findings, "what is stored");
    assert!(
        verdict == "fault" && next.contains("iikura restore FILE"),
        "{next}"
    );
}

fn altered_schema_is_named_and_no_server_starts_on_it(scratch: &Scratch) {
    use diesel::prelude::*;
    let installation = TestInstallation::new();
    let database = [("IIKURA_DATABASE_URL", scratch.url())];
    let run = |arguments: &[&str]| {
        let mut command = installation.command();
        command.envs(database).args(arguments).output().unwrap()
    };
    assert!(run(&["migrate"]).status.success());
    let alter = |statement: &str| {
        scratch
            .write_here(|conn| {
                Ok::<_, iikura::db::DbError>(diesel::sql_query(statement).execute(conn).map(drop)?)
            })
            .unwrap();
    };
    alter("CREATE TABLE monitoring (id BIGINT)");
    let (_, findings) = examined(&installation, &database);
    assert_eq!(on(&findings, "database"), ("ok", ""));
    assert_eq!(on(&findings, "schema").0, "warning");
    alter("CREATE INDEX mine ON users (name)");
    let (well, findings) = examined(&installation, &database);
    assert!(!well);
    let named = |finding: &&Value| finding["words"] == "index users.mine does not belong there";
    let found = findings.iter().find(named).unwrap();
    assert_eq!(
        (&found["check"], &found["verdict"]),
        (&"schema".into(), &"fault".into())
    );

    let served = run(&["serve", "--listen", "127.0.0.1:0"]);
    let said = text(&served.stderr);
    assert!(
        !served.status.success()
            && said.contains("the database's schema was altered: index users.mine does not belong there; undo that"),
        "{said}"
    );
}
