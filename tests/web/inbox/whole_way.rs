//! The whole way through a real Postfix and a real Dovecot: sent by TLS and a password, answered, come back.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use iikura::mail::contents::contents;
use iikura::runtime::clock::Clock;

use super::mailbox::{Answer, Mailbox, PASSWORD, said_in, servers};
use super::{answers, confirmed, inbox, step};
use support::both::{Scratch, on_both};
use support::meeting::Meeting;

on_both!(the_way_to_postfix_and_back_with_starttls_and_a_password);

/// Another server of the same database, as a process that trusts the mail servers' certificate.
struct Process(Child);

impl Process {
    fn start(scratch: &Scratch, folder: &Path, user: &str) -> Self {
        let imap = format!(
            "imaps://{user}%40iikura.example:{PASSWORD}@{}",
            said_in("imaps")
        );
        let child = Command::new(env!("CARGO_BIN_EXE_iikura"))
            .args(["serve", "--listen", "127.0.0.1:0", "--imap-every", "1"])
            .args(["--database-url", scratch.url()])
            .args(["--smtp-url", &said_in("smtp-url"), "--imap-url", &imap])
            .arg("--secret-file")
            .arg(folder.join("key"))
            .env("SSL_CERT_FILE", servers().join("cert.pem"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn to_the_machines_time(meeting: &Meeting) {
    let ahead = meeting.server.app.clock.now().seconds();
    meeting.server.pass(Clock::system().now().seconds() - ahead);
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(
            begin.elapsed() < Duration::from_mins(1),
            "waited in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The mails that arrived at an address of the delegations' and hold these words.
fn arrived(name: &str, words: &[&str]) -> Vec<String> {
    let folder = servers()
        .join("boxes/delegations.example")
        .join(name)
        .join("new");
    let mails = fs::read_dir(folder).into_iter().flatten();
    mails
        .filter_map(|mail| fs::read_to_string(mail.ok()?.path()).ok())
        .map(|mail| {
            let contents = contents(mail.replace('\n', "\r\n").as_bytes());
            format!(
                "{mail}\n{}\n{}",
                contents.plain,
                contents.calendar.unwrap_or_default()
            )
        })
        .filter(|mail| words.iter().all(|word| mail.contains(word)))
        .collect()
}

fn the_way_to_postfix_and_back_with_starttls_and_a_password(scratch: &Scratch) {
    let name = if scratch.url().starts_with("sqlite") {
        "sqlite"
    } else {
        "postgres"
    };
    let bounces = format!("{name}@iikura.example");
    let meeting = Meeting::with(scratch, &["--bounce-address", &bounces]);
    // The process goes by the machine's clock, and mail is not tried for ever.
    to_the_machines_time(&meeting);
    let address = format!("{name}@delegations.example");
    meeting.server.sql(&format!(
        "UPDATE contacts SET email = '{address}' WHERE email = 'kz@delegations.example'"
    ));
    meeting.server.sql("UPDATE contacts SET email = 'liaison@gone.example' WHERE email = 'protocol@delegations.example'");
    meeting
        .server
        .sql("UPDATE events SET revision = revision + 1");
    let folder = tempfile::tempdir().unwrap();
    let _process = Process::start(scratch, folder.path(), name);

    let uid = confirmed(&meeting);
    to_the_machines_time(&meeting);
    let request = until("the invitation", || {
        arrived(name, &[&uid, "METHOD:REQUEST", "SEQUENCE:0"]).pop()
    });
    assert!(
        request.contains("ESMTPSA"),
        "by TLS and signed in: {request}"
    );
    assert!(
        request.contains(&format!("Delivered-To: {address}")),
        "{request}"
    );

    // The answer comes by mail, into the mailbox that the process reads.
    let mailbox = Mailbox {
        user: name.to_owned(),
    };
    let mut answer = Answer {
        from: &address,
        attendee: &address,
        ..Answer::default()
    };
    mailbox.put(&answer.mail(&uid));
    until("the answer", || {
        answers(&meeting).contains("Said by a").then_some(())
    });

    // The update, by a gathered press; its answer counts, one to the old version does not.
    let at = [
        ("day", "2022-12-24"),
        ("start", "18:00"),
        ("end", "18:25"),
        ("room", "conference"),
    ];
    step(&meeting, "placement", &at);
    to_the_machines_time(&meeting);
    let revision = meeting.programme().version().to_string();
    // By the machine's clock the day is long over.
    let told = [
        ("revision", revision.as_str()),
        ("to", "KZ"),
        ("to", "JP"),
        ("past", "send"),
    ];
    let sent = meeting.officer().post("/events/ca-jad-9/notices", &told);
    assert_eq!(sent.status, 303, "{}", sent.body);
    let update = until("the update", || {
        arrived(name, &[&uid, "METHOD:REQUEST", "SEQUENCE:1"]).pop()
    });
    assert!(update.contains("DTSTART:20221224T090000Z"), "{update}");
    (answer.id, answer.status) = ("b", "TENTATIVE");
    mailbox.put(&answer.mail(&uid));
    until("the old answer", || {
        inbox(&meeting.officer())
            .contains("to an older version (0); they were told version 1 since")
            .then_some(())
    });

    // Japan's copy could not be delivered: Postfix says so to an address that names the mail.
    until("the mail that came back", || {
        inbox(&meeting.officer())
            .contains("did not reach liaison@gone.example: 5.1.1")
            .then_some(())
    });
    assert!(
        meeting
            .officer()
            .get("/mail")
            .body
            .contains("Bounced</span> 5.1.1")
    );

    step(
        &meeting,
        "cancellation",
        &[("tell", "now"), ("past", "send")],
    );
    until("the cancellation", || {
        arrived(name, &[&uid, "METHOD:CANCEL", "SEQUENCE:2"]).pop()
    });
    assert_eq!(arrived(name, &[&uid]).len(), 3, "each once");
}

/// A server that does not know the certificate says so, step by step, and sends nothing.
#[test]
fn untrusted_relay_and_mailbox_are_named_step_by_step() {
    let output = Command::new(env!("CARGO_BIN_EXE_iikura"))
        .args(["mail", "test", "kz@delegations.example"])
        .args(["--smtp-url", &said_in("smtp-url")])
        .args([
            "--imap-url",
            &format!(
                "imaps://nobody%40iikura.example:{PASSWORD}@{}",
                said_in("imaps")
            ),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{said}");
    let failed: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("FAILED "))
        .map(|step| step.split(':').next().unwrap().trim())
        .collect();
    assert_eq!(failed[0], "encrypt", "{said}");
    assert!(
        failed[1].starts_with("look into INBOX of nobody@iikura.example"),
        "{said}"
    );
    assert!(!said.contains("send a test mail"), "{said}");

    let trusted = Command::new(env!("CARGO_BIN_EXE_iikura"))
        .args(["mail", "test", "somebody@delegations.example"])
        .args(["--smtp-url", &said_in("smtp-url")])
        .args([
            "--imap-url",
            &format!("imaps://nobody%40iikura.example:wrong@{}", said_in("imaps")),
        ])
        .env("SSL_CERT_FILE", servers().join("cert.pem"))
        .output()
        .unwrap();
    let said = String::from_utf8(trusted.stdout).unwrap();
    assert_eq!(said.matches("ok      ").count(), 4, "{said}");
    assert!(said.contains("refuses the sign-in"), "{said}");
    until("the test mail", || {
        arrived("somebody", &["This mail shows"]).pop()
    });
}
