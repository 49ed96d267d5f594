//! The program as it is typed: what it prints, where it ends, what it leaves alone.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by ending"
)]

mod doctor;
mod factors;
mod history;
mod layers;
mod memory;
mod moving;
mod page;
mod pipes;
mod serving;
mod sign_on;
mod supply;
mod tokens;
mod words;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use iikura::help::TOPICS;
use tempfile::TempDir;

const NINTH_MEETING: &str = include_str!("../../src/cli/demo/ca-jad-9.toml");

/// A folder with a database of its own.
struct TestInstallation(TempDir);

impl TestInstallation {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iikura"));
        command
            .current_dir(self.path())
            .env_clear()
            .env("IIKURA_DATABASE_URL", "sqlite:data/test.db");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// What a successful command prints.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// What a failing command says.
    fn complains(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            !output.status.success(),
            "{arguments:?}: {}",
            text(&output.stdout)
        );
        text(&output.stderr)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path().join(name), content).unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_event_goes_in_comes_out_and_is_printed() {
    let installation = TestInstallation::new();
    installation.write("meeting.toml", NINTH_MEETING);
    assert_eq!(
        installation.says(&["import", "meeting.toml"]),
        "Imported ca-jad-9 with 9 slots.\n"
    );
    let exported = installation.says(&["export", "ca-jad-9"]);
    installation.says(&["export", "ca-jad-9", "--output", "out.toml"]);
    assert_eq!(
        std::fs::read_to_string(installation.path().join("out.toml")).unwrap(),
        exported
    );

    let elsewhere = TestInstallation::new();
    elsewhere.write("out.toml", &exported);
    elsewhere.says(&["import", "out.toml"]);
    assert_eq!(elsewhere.says(&["export", "ca-jad-9"]), exported);

    for (format, words) in [
        ("html", "<!DOCTYPE html>"),
        ("csv", "Working lunch"),
        ("json", "\"event\""),
        ("ics", "BEGIN:VCALENDAR"),
    ] {
        assert!(
            installation
                .says(&["agenda", "ca-jad-9", "--format", format])
                .contains(words),
            "{format}"
        );
    }
    installation.says(&[
        "agenda", "ca-jad-9", "--format", "pdf", "--output", "all.pdf",
    ]);
    let card = [
        "--sheet",
        "card",
        "--delegation",
        "kz",
        "--output",
        "card.pdf",
    ];
    installation.says(&[["agenda", "ca-jad-9"].as_slice(), &card].concat());
    for file in ["all.pdf", "card.pdf"] {
        assert!(installation.read(file).starts_with(b"%PDF-"), "{file}");
    }
    let theirs = installation.says(&[
        "agenda",
        "ca-jad-9",
        "--delegation",
        "KZ",
        "--format",
        "csv",
    ]);
    assert!(
        theirs.contains("Japan–Kazakhstan") && !theirs.contains("Japan–Uzbekistan"),
        "{theirs}"
    );
}

#[test]
fn the_published_data_is_read_with_its_stand_ins_marked() {
    let installation = TestInstallation::new();
    let marked = NINTH_MEETING.replace("[[rooms]]", "[[rooms_assumed]]");
    installation.write(
        "marked.toml",
        &marked.replace("\noverride =", "\n# override ="),
    );
    let said = installation.says(&["import", "marked.toml"]);
    assert!(
        said.contains("Imported against a rule: “Working lunch”: Dining Room takes 40 people"),
        "{said}"
    );
}

#[test]
fn a_faulty_file_is_refused_with_every_fault_and_its_line() {
    let installation = TestInstallation::new();
    let faulty = NINTH_MEETING
        .replacen("capacity = 60", "capacity = 0", 1)
        .replacen("code = \"KZ\"", "code = \"K Z\"", 1);
    installation.write("faulty.toml", &faulty);
    let complaint = installation.complains(&["import", "faulty.toml"]);
    assert_eq!(
        complaint.matches("faulty.toml: line ").count(),
        2,
        "{complaint}"
    );
    assert!(complaint.contains("nothing was imported"), "{complaint}");
    assert!(
        installation
            .complains(&["export", "ca-jad-9"])
            .contains("there is no event 'ca-jad-9'")
    );
    assert!(
        installation
            .complains(&["import", "missing.toml"])
            .contains("cannot read missing.toml")
    );
}

#[test]
fn users_are_added_or_refused_with_advice() {
    fn add<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["user", "add", "--name", "Hanako"], more].concat()
    }
    let installation = TestInstallation::new();
    installation.write("meeting.toml", NINTH_MEETING);
    installation.says(&["import", "meeting.toml"]);
    let printed = installation.says(&add(&[
        "--email",
        "hanako@iikura.example",
        "--role",
        "admin",
    ]));
    assert!(printed.trim().len() >= 20, "a password: {printed}");
    installation.says(&add(&[
        "--email",
        "jiro@iikura.example",
        "--role",
        "officer",
        "--event",
        "ca-jad-9",
    ]));
    for (arguments, words) in [
        (
            add(&["--email", "hanako@iikura.example", "--role", "admin"]),
            "another account has this e-mail address",
        ),
        (
            add(&["--email", "nobody", "--role", "admin"]),
            "is not an e-mail address",
        ),
        (
            add(&[
                "--email",
                "x@iikura.example",
                "--role",
                "officer",
                "--event",
                "ca-jad-8",
            ]),
            "ca-jad-8",
        ),
        (
            add(&["--email", "x@iikura.example", "--role", "king"]),
            "king",
        ),
        (
            vec!["user", "disable", "--email", "y@iikura.example"],
            "y@iikura.example",
        ),
        (
            vec!["user", "reset-factor", "--email", "y@iikura.example"],
            "y@iikura.example",
        ),
        (
            vec!["user", "reset-factor", "--email", "jiro@iikura.example"],
            "jiro@iikura.example has no second factor; nothing was changed",
        ),
    ] {
        let complaint = installation.complains(&arguments);
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
    }
    installation.says(&["user", "disable", "--email", "jiro@iikura.example"]);
}

#[test]
fn the_server_starts_only_with_a_valid_configuration() {
    let installation = TestInstallation::new();
    for (arguments, words) in [
        (&["serve"][..], "run 'iikura migrate'"),
        (
            &["serve", "--database-url", "mysql://x"],
            "set --database-url (IIKURA_DATABASE_URL)",
        ),
        (
            &["serve", "--mail-from", "nobody"],
            "set --mail-from (IIKURA_MAIL_FROM)",
        ),
        (
            &["serve", "--public-url", "ftp://x"],
            "set --public-url (IIKURA_PUBLIC_URL)",
        ),
        (
            &["serve", "--workers", "0"],
            "set --workers (IIKURA_WORKERS)",
        ),
    ] {
        let complaint = installation.complains(arguments);
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
    }
    installation.says(&["migrate"]);
    installation.says(&["migrate"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let complaint = installation.complains(&["serve", "--listen", &address]);
    assert!(
        complaint.contains("set --listen (IIKURA_LISTEN)"),
        "{complaint}"
    );
    let complaint = installation.complains(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--smtp-url",
        "smtp://relay.example",
    ]);
    assert!(complaint.contains("tls=required"), "{complaint}");
}

#[test]
fn demo_announces_itself_and_stops_on_signal() {
    let installation = TestInstallation::new();
    for _ in 0..2 {
        // The second start makes the data anew.
        let mut demo = installation
            .command()
            .args(["demo", "--data", "demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        let address = lines.next().unwrap().unwrap();
        assert!(
            address.starts_with("http://127.0.0.1:") && !address.contains(":0/"),
            "{address}"
        );
        for role in ["admin", "officer", "observer"] {
            let line = lines.next().unwrap().unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(
                (words[0], words[1].contains('@'), words.len()),
                (role, true, 3),
                "{line}"
            );
        }
        // It listens before it answers; only then does it take a signal as it should.
        let answer = ureq::get(format!("{address}sign-in")).call().unwrap();
        assert_eq!(answer.status(), 200);
        let told = Command::new("kill")
            .arg(demo.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        let began = Instant::now();
        assert!(demo.wait().unwrap().success());
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn the_demo_touches_nothing_that_is_no_demos() {
    let installation = TestInstallation::new();
    std::fs::create_dir(installation.path().join("real")).unwrap();
    installation.write("real/iikura.db", "a ministry's data");
    let complaint = installation.complains(&["demo", "--data", "real", "--listen", "127.0.0.1:0"]);
    assert!(
        complaint.contains("has files that are not a demo's"),
        "{complaint}"
    );
    assert_eq!(
        std::fs::read_to_string(installation.path().join("real/iikura.db")).unwrap(),
        "a ministry's data"
    );
}

#[test]
fn a_backup_is_made_and_put_back_where_nothing_is() {
    let installation = TestInstallation::new();
    assert!(
        installation
            .complains(&["backup", "evening.db"])
            .contains("there is no database at data/test.db")
    );
    installation.write("meeting.toml", NINTH_MEETING);
    installation.says(&["import", "meeting.toml"]);
    let exported = installation.says(&["export", "ca-jad-9"]);
    assert_eq!(
        installation.says(&["backup", "evening.db"]),
        "evening.db holds 1 event(s), 9 slot(s) and 0 mail(s); all checks passed.\n"
    );
    assert!(
        installation
            .complains(&["backup", "evening.db"])
            .contains("evening.db exists; name a file that does not")
    );
    let complaint = installation.complains(&["restore", "evening.db"]);
    assert!(
        complaint.contains("data/test.db exists and is not overwritten; stop the server"),
        "{complaint}"
    );
    std::fs::remove_dir_all(installation.path().join("data")).unwrap();
    assert!(
        installation
            .complains(&["restore", "meeting.toml"])
            .contains("meeting.toml cannot be trusted")
    );
    let said = installation.says(&["restore", "evening.db"]);
    assert!(said.contains("Now run 'iikura migrate'"), "{said}");
    installation.says(&["migrate"]);
    assert_eq!(installation.says(&["export", "ca-jad-9"]), exported);
}

#[cfg(feature = "postgres")]
#[test]
fn backup_and_restore_of_postgres_name_its_own_tools() {
    let installation = TestInstallation::new();
    let postgres = ["--database-url", "postgres://iikura@127.0.0.1/iikura"];
    for (command, tool) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let complaint = installation.complains(&[&[command, "x"][..], &postgres].concat());
        assert!(complaint.contains(tool), "{complaint}");
    }
}

#[test]
fn encrypted_backup_is_restored_by_the_key_alone() {
    const RECIPIENT: &str = "age1rderwmk4wds9ft3z33vkj6d0vkuxvga4s7de7ut0czwp53tq6crqyh4675";
    let installation = TestInstallation::new();
    installation.write("meeting.toml", NINTH_MEETING);
    installation.write(
        "key.txt",
        "AGE-SECRET-KEY-1LCZJL27EU7J703UCFEU83QANW5AVLXHU0NZE4MDUJ0W9SZ4NHG4SY0UGEA\n",
    );
    installation.says(&["import", "meeting.toml"]);
    let exported = installation.says(&["export", "ca-jad-9"]);
    let said = installation.says(&["backup", "--encrypt-to", RECIPIENT, "evening.age"]);
    assert!(
        said.contains("evening.age holds 1 event(s), 9 slot(s)"),
        "{said}"
    );
    assert!(
        installation
            .read("evening.age")
            .starts_with(b"age-encryption.org/v1\n")
    );
    // As a timer has it: what stands in the environment holds for every backup.
    let output = installation
        .command()
        .env("IIKURA_BACKUP_RECIPIENT", RECIPIENT)
        .args(["backup", "night.age"])
        .output();
    assert!(output.unwrap().status.success());
    assert!(
        installation
            .read("night.age")
            .starts_with(b"age-encryption.org/v1\n")
    );
    installation.says(&["backup", "plain.db"]);
    for (arguments, words) in [
        (
            vec!["backup", "--encrypt-to", "age1nobody", "x"],
            "'age1nobody' is not a recipient; write it as age-keygen prints it",
        ),
        (
            vec!["backup", "--encrypt-to", RECIPIENT, "evening.age"],
            "evening.age exists; name a file that does not",
        ),
    ] {
        let complaint = installation.complains(&arguments);
        assert!(complaint.contains(words), "{complaint}");
    }
    std::fs::remove_dir_all(installation.path().join("data")).unwrap();
    for (arguments, words) in [
        (
            vec!["restore", "evening.age"],
            "evening.age is encrypted; name the file with its key by --identity FILE",
        ),
        (
            vec!["restore", "--identity", "key.txt", "plain.db"],
            "leave --identity out",
        ),
        (
            vec!["restore", "--identity", "meeting.toml", "evening.age"],
            "--identity meeting.toml: line ",
        ),
        (
            vec!["restore", "--identity", "no.txt", "evening.age"],
            "--identity no.txt: No such file",
        ),
        (
            vec!["restore", "--identity", "key.txt", "no.age"],
            "no.age: No such file",
        ),
    ] {
        let complaint = installation.complains(&arguments);
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
        assert!(!installation.path().join("data/test.db").exists());
    }
    installation.says(&["restore", "--identity", "key.txt", "evening.age"]);
    assert_eq!(installation.says(&["export", "ca-jad-9"]), exported);
}

#[test]
fn mail_is_tried_step_by_step() {
    let installation = TestInstallation::new();
    let said = installation.says(&["mail", "test", "me@ministry.example", "--outbox", "letters"]);
    assert!(
        said.starts_with("ok      folder letters: can be written\nok      send a test mail to me@ministry.example: written\n"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_dir(installation.path().join("letters"))
            .unwrap()
            .count(),
        1
    );

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = format!(
        "smtp://user:open-sesame@127.0.0.1:{}",
        closed.local_addr().unwrap().port()
    );
    drop(closed);
    let failed = installation.run(&["mail", "test", "me@ministry.example", "--smtp-url", &relay]);
    assert!(!failed.status.success());
    let (said, advice) = (text(&failed.stdout), text(&failed.stderr));
    assert!(said.starts_with("FAILED  reach 127.0.0.1:"), "{said}");
    assert!(advice.contains("IIKURA_SMTP_URL"), "{advice}");
    assert!(!said.contains("open-sesame") && !advice.contains("open-sesame"));

    for (arguments, words) in [
        (
            &["mail", "test", "nobody"][..],
            "'nobody' is not an e-mail address",
        ),
        (
            &["mail", "test", "ü@ministry.example"],
            "letters outside ASCII",
        ),
        (
            &[
                "mail",
                "test",
                "me@ministry.example",
                "--smtp-url",
                "smtp://relay.example",
            ],
            "tls=required",
        ),
        (
            &["mail", "test", "me@ministry.example", "--mail-from", "x"],
            "set --mail-from (IIKURA_MAIL_FROM)",
        ),
    ] {
        let complaint = installation.complains(arguments);
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
    }
}

#[test]
fn help_prints_chapters_and_the_help_of_commands() {
    let installation = TestInstallation::new();
    for topic in TOPICS {
        assert_eq!(installation.says(&["help", topic.name]), topic.markdown);
    }
    let list = installation.says(&["help"]);
    assert!(
        list.contains("\n  migrate ") && list.contains("\n  event-file "),
        "{list}"
    );
    assert_eq!(list, installation.says(&["--help"]));
    assert_eq!(
        installation.says(&["help", "serve"]),
        installation.says(&["serve", "--help"])
    );
    assert_eq!(
        installation.says(&["help", "user", "add"]),
        installation.says(&["user", "add", "--help"])
    );
    assert_eq!(
        installation.says(&["user", "help", "add"]),
        installation.says(&["user", "add", "--help"])
    );
    for words in [&["help", "fly"][..], &["help", "mail", "fly"]] {
        let complaint = installation.complains(words);
        assert!(
            complaint.contains("there is no chapter and no command"),
            "{complaint}"
        );
        assert!(complaint.contains("\n  event-file "), "{complaint}");
    }
}
