//! The machine's clock jumps, forwards and back, under a server that runs: nothing that was over lives again, no mail is
//! sent twice, and none waits for a time that was never there.
//!
//! By libfaketime, which `tests/run` installs: it answers for the kernel when a program asks what time it is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::installation::TestInstallation;
use support::both::{Scratch, on_both};
use support::relay::{Relay, Scene};

on_both!(a_clock_that_jumps_revives_nothing_and_holds_up_no_mail);

/// Far above what a mail takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// How far the clock of a server is from the machine's.
struct Offset(NamedTempFile);

impl Offset {
    fn none() -> Self {
        let offset = Self(NamedTempFile::new().unwrap());
        offset.is("+0");
        offset
    }

    fn is(&self, offset: &str) {
        std::fs::write(self.0.path(), offset).unwrap();
    }

    /// What a program is started with to go by it; time that has passed is measured truly, as the kernel does it.
    fn environment(&self) -> [(&str, PathBuf); 4] {
        [
            ("LD_PRELOAD", library()),
            ("FAKETIME_TIMESTAMP_FILE", self.0.path().to_owned()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// Debian puts it into the folder of the machine's kind.
fn library() -> PathBuf {
    let kinds = std::fs::read_dir("/usr/lib").unwrap();
    kinds
        .map(|kind| kind.unwrap().path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("libfaketime is installed by tests/run")
}

fn a_clock_that_jumps_revives_nothing_and_holds_up_no_mail(scratch: &Scratch) {
    let offset = Offset::none();
    let relay = Relay::playing(&[Scene::Accept]);
    let mut installation = TestInstallation::furnish(scratch.url(), &relay.url());
    let server = installation.start_in(&offset.environment());
    let all_mail_arrives = |installation: &TestInstallation| {
        let (wanted, begun) = (installation.mails().len(), Instant::now());
        while relay.count() < wanted {
            assert!(
                begun.elapsed() < PATIENCE,
                "{wanted}: {}",
                installation.log()
            );
            std::thread::yield_now();
        }
    };
    assert_eq!(installation.book_and_confirm(), 303);
    all_mail_arrives(&installation);

    // A session is over after half an hour, and stays over.
    assert_eq!(installation.get("/account"), 200);
    offset.is("+31m");
    assert_ne!(installation.get("/account"), 200);
    offset.is("+0");
    assert_ne!(installation.get("/account"), 200);

    // Mail that is written while the clock is a month ahead goes out, also if the clock is set right before it could.
    installation.sign_in_again();
    offset.is("+30d");
    installation.sign_in_again();
    assert_eq!(installation.book_and_confirm(), 303);
    offset.is("-1d");
    installation.sign_in_again();
    assert_eq!(installation.book_and_confirm(), 303);
    all_mail_arrives(&installation);
    server.stop();
    installation.send_the_rest(&relay.transport());
    assert_eq!(crate::check(&installation, &relay), 0, "no mail came twice");
}
