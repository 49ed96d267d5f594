//! Documents asked for by many at once: equal ones are made once, nobody fills the queue, and nothing is made for those
//! who have hung up.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use iikura::documents::queue::{DocumentError, DocumentRequest};
use iikura::runtime::queue::{Owner, QueueCounts, Size};

use crate::answers::links;
use support::both::Scratch;
use support::meeting::{COLLEAGUE, Meeting, OBSERVER};
use support::server::Browser;

const EVENT: &str = "/events/ca-jad-9";
/// Documents of one user that may be made or wait at once.
const SHARE: usize = 16;

/// Keeps both threads busy until it is dropped.
struct Held(Vec<Sender<()>>);

impl Held {
    fn both(meeting: &Meeting) -> Self {
        let held = ["one", "other"].map(|name| {
            let queue = meeting.server.app.documents.queue().clone();
            let (begun, begins) = mpsc::channel();
            let (ends, ended) = mpsc::channel::<()>();
            std::thread::spawn(move || {
                let request = DocumentRequest::Letter(name.into());
                let job = queue.run(Owner::Mail, Size::Small, request, move |_| {
                    begun.send(()).unwrap();
                    let _ = ended.recv();
                    Err(DocumentError::NotFound)
                });
                let _ = actix_web::rt::System::new().block_on(job);
            });
            begins.recv().unwrap();
            ends
        });
        Self(held.into())
    }

    fn release(self) {
        drop(self.0);
    }
}

fn counts(meeting: &Meeting) -> QueueCounts {
    meeting.server.app.documents.counts()
}

/// Waits until the queue is as it is to be.
fn until(meeting: &Meeting, what: &str, is: impl Fn(QueueCounts) -> bool) {
    for _ in 0..3000 {
        if is(counts(meeting)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: {:?}", counts(meeting));
}

/// Asks for a page and does not read the answer.
fn ask(meeting: &Meeting, cookie: &str, path: &str) -> TcpStream {
    let host = meeting.server.origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"
    )
    .unwrap();
    stream
}

/// The same user in a browser of another thread.
fn again(user: &Browser) -> Browser {
    let browser = Browser::new(user.origin());
    browser.set_cookie(user.cookie());
    browser
}

/// Different documents, all of them quick to make.
fn different() -> impl Iterator<Item = String> {
    let codes = ["JP", "KZ", "KG", "TJ", "TM", "UZ"];
    codes.into_iter().flat_map(|code| {
        ["csv", "json", "ics", "html"]
            .map(|format| format!("{EVENT}/agenda.{format}?delegation={code}"))
    })
}

#[test]
fn equal_documents_asked_for_at_once_are_made_once() {
    let meeting = Meeting::on(&Scratch::sqlite());
    // From here on the programme is in memory; two that were read at the same moment are not taken for one.
    assert_eq!(meeting.officer().get(EVENT).status, 200);
    let held = Held::both(&meeting);
    let users = [
        meeting.officer(),
        meeting.server.signed_in(COLLEAGUE),
        meeting.server.signed_in(OBSERVER),
    ];
    let path = format!("{EVENT}/agenda.pdf");
    let files: Vec<(u16, Vec<u8>)> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..18)
            .map(|number| {
                let user = again(&users[number % users.len()]);
                let path = path.clone();
                scope.spawn(move || user.file(&path))
            })
            .collect();
        until(&meeting, "all have asked", |counts| counts.shared == 17);
        assert_eq!(counts(&meeting).waiting, 1);
        held.release();
        asked.into_iter().map(|each| each.join().unwrap()).collect()
    });
    assert!(files[0].1.starts_with(b"%PDF-"));
    assert!(files.iter().all(|file| file == &files[0]));
    until(&meeting, "all is done", |counts| counts.running == 0);
    let made = counts(&meeting).done;
    assert_eq!(made, 3, "one document, and what held the threads");
    // What another may read is another document.
    let (_, theirs) = users[0].file(&format!("{path}?delegation=KZ"));
    assert_ne!(theirs, files[0].1);
    assert_eq!(counts(&meeting).done, 4);
    // Within a minute it is given again, later it is made again.
    assert_eq!(users[1].file(&path), files[0]);
    assert_eq!(counts(&meeting).done, 4);
    meeting.server.pass(60);
    assert_ne!(users[1].file(&path), files[0]);
    assert_eq!(counts(&meeting).done, 5);
}

#[test]
fn changed_programme_is_a_document_of_its_own() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let path = format!("{EVENT}/agenda.csv");
    let before = officer.get(&path).body;
    assert_eq!(officer.get(&path).body, before);
    let slot = meeting.slot("Japan–Kazakhstan");
    let cancelled = officer.post(
        &format!("/slots/{}/cancellation", slot.id),
        &[("version", "1")],
    );
    assert_eq!(cancelled.status, 303, "{}", cancelled.body);
    assert!(before.contains("Japan–Kazakhstan"));
    assert!(!officer.get(&path).body.contains("Japan–Kazakhstan"));
}

#[test]
fn documents_of_those_who_hang_up_are_never_made() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let held = Held::both(&meeting);
    let cookie = meeting.officer().cookie().unwrap();
    let asked: Vec<_> = different()
        .take(8)
        .map(|path| ask(&meeting, &cookie, &path))
        .collect();
    until(&meeting, "eight wait", |counts| counts.waiting == 8);
    drop(asked);
    until(&meeting, "none waits any more", |counts| {
        counts.waiting == 0
    });
    assert_eq!(counts(&meeting).abandoned, 8);
    held.release();
    until(&meeting, "nothing runs", |counts| counts.running == 0);
    assert_eq!(counts(&meeting).done, 2, "what held the threads");
}

#[test]
fn flood_of_one_user_is_refused_and_others_are_served() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let held = Held::both(&meeting);
    let (officer, colleague) = (meeting.officer(), meeting.server.signed_in(COLLEAGUE));
    let cookie = officer.cookie().unwrap();
    let flood: Vec<_> = different()
        .take(SHARE)
        .map(|path| ask(&meeting, &cookie, &path))
        .collect();
    until(&meeting, "the share is used up", |counts| {
        counts.waiting == SHARE
    });
    let next = different().nth(SHARE).unwrap();
    // Read only once it is known to be refused: anything else would wait with the others.
    let mut refused = ask(&meeting, &cookie, &next);
    until(&meeting, "one more is refused", |counts| {
        counts.refused == 1
    });
    let mut bytes = [0; 1024];
    let read = refused.read(&mut bytes).unwrap();
    let answer = String::from_utf8_lossy(&bytes[..read]).to_lowercase();
    assert!(answer.starts_with("http/1.1 429 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 5\r\n"), "{answer}");
    assert_eq!(officer.get(EVENT).status, 200);
    let theirs = std::thread::scope(|scope| {
        let colleague = again(&colleague);
        let theirs = scope.spawn(move || colleague.get(&next));
        until(&meeting, "the other one waits", |counts| {
            counts.waiting == SHARE + 1
        });
        held.release();
        theirs.join().unwrap()
    });
    assert_eq!(theirs.status, 200);
    drop(flood);
}

#[test]
fn delegation_has_a_limited_number_of_papers() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    let confirmation = format!("/slots/{}/confirmation", slot.id);
    assert_eq!(officer.post(&confirmation, &[("version", "1")]).status, 303);
    let (_, link) = links(&meeting, "kz@delegations.example");
    let liaison = meeting.server.browser();
    let paper = format!("{}/schedule.pdf", liaison.open(&link));
    let refused = (0..1000).find(|_| liaison.file(&paper).0 == 429);
    assert!(refused.is_some_and(|asked| asked >= 240), "{refused:?}");
    assert_eq!(counts(&meeting).done, 1, "all the same one");
    assert_eq!(officer.file(&format!("{EVENT}/agenda.pdf")).0, 200);
}
