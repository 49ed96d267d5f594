//! A mailbox of the throw-away mail servers, and what calendar programs put into it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use iikura::jobs::inbox::look;
use iikura::mail::inbox::ImapUrl;

use support::meeting::Meeting;
use support::server::START;

pub const PASSWORD: &str = "violet-anchor-ninety";

/// The folder of the throw-away mail servers.
pub fn servers() -> PathBuf {
    std::env::var("IIKURA_TEST_MAIL")
        .unwrap_or_else(|_| {
            panic!("IIKURA_TEST_MAIL is not set: run the tests by tests/run, which starts throw-away mail servers")
        })
        .into()
}

pub fn said_in(name: &str) -> String {
    let text = fs::read_to_string(servers().join(name)).unwrap();
    text.trim().to_owned()
}

/// A mailbox of one test's own.
pub struct Mailbox {
    pub user: String,
}

impl Mailbox {
    pub fn new() -> Self {
        Self {
            user: format!("box-{:x}", iikura::runtime::random::fresh_id()),
        }
    }

    pub fn folder(&self) -> PathBuf {
        servers().join("boxes/iikura.example").join(&self.user)
    }

    fn url(&self) -> ImapUrl {
        let (user, host) = (&self.user, said_in("imap"));
        ImapUrl::parse(&format!("imap://{user}%40iikura.example:{PASSWORD}@{host}")).unwrap()
    }

    /// Puts a mail into it.
    pub fn put(&self, mail: &str) {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let folder = self.folder();
        for name in ["cur", "new", "tmp"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let name = format!(
            "{}.P{}.test",
            NUMBER.fetch_add(1, Ordering::SeqCst),
            std::process::id()
        );
        let finished = folder.join("new").join(&name);
        fs::write(folder.join("tmp").join(&name), mail).unwrap();
        fs::rename(folder.join("tmp").join(&name), &finished).unwrap();
        let owner = servers().join("boxes");
        // Dovecot opens it as the owner of all boxes.
        let chowned = Command::new("chown")
            .args(["-R", "--reference"])
            .args([&owner, &folder])
            .status();
        assert!(chowned.unwrap().success());
    }

    /// Has the server look into it once; gives back how many mails had to do with ours.
    pub fn read(&self, meeting: &Meeting) -> usize {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(look(&meeting.server.app, &self.url()))
            .unwrap()
    }
}

/// What a calendar program sends.
pub struct Answer<'a> {
    pub id: &'a str,
    pub from: &'a str,
    pub attendee: &'a str,
    pub method: &'a str,
    pub status: &'a str,
    pub sequence: i32,
    /// Minutes after the beginning of the test.
    pub stamp: i64,
    pub headers: &'a str,
}

impl Default for Answer<'_> {
    fn default() -> Self {
        Self {
            id: "a",
            from: "kz@delegations.example",
            attendee: "mailto:kz@delegations.example",
            method: "REPLY",
            status: "ACCEPTED",
            sequence: 0,
            stamp: 1,
            headers: "",
        }
    }
}

impl Answer<'_> {
    pub fn mail(&self, uid: &str) -> String {
        let stamp = iikura::core::time::Moment::from_seconds(START + self.stamp * 60).utc();
        format!(
            "Message-ID: <{id}@delegations.example>\r\nFrom: {from}\r\nTo: protocol@iikura.example\r\nSubject: Answer\r\n\
             MIME-Version: 1.0\r\n{headers}Content-Type: text/calendar; method={method}; charset=UTF-8\r\n\r\n\
             BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//Test//EN\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
             DTSTAMP:{stamp}\r\nSEQUENCE:{sequence}\r\nATTENDEE;PARTSTAT={status}:{attendee}\r\n\
             COMMENT:Said by {id}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            id = self.id,
            from = self.from,
            headers = self.headers,
            method = self.method,
            stamp = stamp.format("%Y%m%dT%H%M%SZ"),
            sequence = self.sequence,
            status = self.status,
            attendee = self.attendee,
        )
    }
}
