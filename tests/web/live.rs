//! Pages that keep themselves up to date: the stream behind them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, COLLEAGUE, Meeting, OBSERVER, SLOTS, STRANGER, free_slot, send};
use support::server::{Browser, Server};

on_both!(
    a_change_of_another_officer_is_heard_within_a_second,
    editor_is_announced_until_the_form_is_left,
    only_those_with_a_part_in_the_event_may_watch,
    a_session_that_has_ended_hears_nothing_more,
    watching_does_not_keep_a_session_alive,
);

pub const LIVE: &str = "/events/ca-jad-9/live";
/// Far above what anything here takes; reached only when something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is being read.
pub struct Stream {
    line: TcpStream,
    heard: String,
}

impl Stream {
    pub fn open(server: &Server, browser: &Browser, path: &str) -> Self {
        let host = server.origin.trim_start_matches("http://");
        let mut line = TcpStream::connect(host).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        let cookie = browser.cookie().unwrap_or_default();
        write!(
            line,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"
        )
        .unwrap();
        Self {
            line,
            heard: String::new(),
        }
    }

    /// Reads until `words` were heard; returns what came up to there and forgets it.
    pub fn hear(&mut self, words: &str) -> String {
        let mut bytes = [0; 4096];
        loop {
            if let Some(at) = self.heard.find(words) {
                let rest = self.heard.split_off(at + words.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            let read = self.line.read(&mut bytes).unwrap_or_default();
            assert!(read > 0, "“{words}” was not heard, only: {}", self.heard);
            self.heard
                .push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
}

fn a_change_of_another_officer_is_heard_within_a_second(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (officer, colleague) = (meeting.officer(), meeting.server.signed_in(COLLEAGUE));
    let mut stream = Stream::open(&meeting.server, &officer, LIVE);
    let head = stream.hear("\r\n\r\n").to_lowercase();
    for header in [
        "200 ok",
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    let revision = meeting.programme().event.revision.0;
    stream.hear(&format!(
        "id: {revision}\nevent: revision\ndata: {revision}\n\n"
    ));
    assert_eq!(send(&colleague, SLOTS, &free_slot()).status, 303);
    let booked = Instant::now();
    stream.hear(&format!("event: revision\ndata: {}\n\n", revision + 1));
    assert!(
        booked.elapsed() < Duration::from_secs(1),
        "{:?}",
        booked.elapsed()
    );
    // A refused booking is no news; a room is.
    assert_eq!(send(&colleague, SLOTS, &free_slot()).status, 409);
    let room = [
        ("code", "annex"),
        ("name", "Annex"),
        ("capacity", "9"),
        ("turnaround_minutes", "5"),
    ];
    assert_eq!(colleague.post("/events/ca-jad-9/rooms", &room).status, 303);
    stream.hear(&format!("event: revision\ndata: {}\n\n", revision + 2));
    stream.hear(":\n\n");
}

#[cfg(feature = "postgres")]
#[test]
fn two_servers_on_one_postgresql_hear_of_each_other() {
    let scratch = Scratch::postgres();
    let meeting = Meeting::on(&scratch);
    let other = Server::start_on(scratch.url(), &[]);
    let (here, there) = (meeting.officer(), other.signed_in(COLLEAGUE));
    let mut stream = Stream::open(&meeting.server, &here, LIVE);
    stream.hear("event: revision\n");
    let revision = meeting.programme().event.revision.0;
    assert_eq!(send(&there, SLOTS, &free_slot()).status, 303);
    let booked = Instant::now();
    stream.hear(&format!("data: {}\n\n", revision + 1));
    assert!(
        booked.elapsed() < Duration::from_secs(1),
        "{:?}",
        booked.elapsed()
    );

    let slot = meeting.slot("Uzbekistan").id;
    let mut form = Stream::open(&other, &there, &format!("{LIVE}?editing={slot}"));
    form.hear("event: revision\n");
    stream.hear(&format!(
        "event: editing\ndata: [{{\"name\":\"Colleague\",\"slot\":\"{slot}\"}}]\n\n"
    ));
    drop(form);
    stream.hear("event: editing\ndata: []\n\n");
}

fn editor_is_announced_until_the_form_is_left(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (officer, colleague) = (meeting.officer(), meeting.server.signed_in(COLLEAGUE));
    let slot = meeting.slot("Uzbekistan").id;
    let mut stream = Stream::open(&meeting.server, &officer, LIVE);
    stream.hear("event: revision\n");
    let mut form = Stream::open(
        &meeting.server,
        &colleague,
        &format!("{LIVE}?editing={slot}"),
    );
    stream.hear(&format!(
        "event: editing\ndata: [{{\"name\":\"Colleague\",\"slot\":\"{slot}\"}}]\n\n"
    ));
    let own = form.hear(":\n\n");
    assert!(
        !own.contains("event: editing"),
        "one's own form is no news: {own}"
    );
    drop(form);
    stream.hear("event: editing\ndata: []\n\n");

    // An observer changes nothing, so nobody hears of them; and other events hear nothing at all.
    let observer = meeting.server.signed_in(OBSERVER);
    let mut silent = Stream::open(
        &meeting.server,
        &observer,
        &format!("{LIVE}?editing={slot}"),
    );
    silent.hear("event: revision\n");
    let page = officer.get(&format!("/slots/{slot}/edit")).body;
    assert!(page.contains(&format!("data-editing=\"{slot}\"")), "{page}");
    let heard = stream.hear(":\n\n");
    assert!(!heard.contains("Observer"), "{heard}");
}

fn only_those_with_a_part_in_the_event_may_watch(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let server = &meeting.server;
    assert_eq!(server.browser().get(LIVE).status, 303, "to the sign-in");
    assert_eq!(server.signed_in(STRANGER).get(LIVE).status, 404);
    assert_eq!(
        server
            .signed_in(STRANGER)
            .get("/events/nowhere/live")
            .status,
        404
    );
    let officer = meeting.officer();
    assert_eq!(officer.get(&format!("{LIVE}?editing=17")).status, 404);
    assert_eq!(officer.get(&format!("{LIVE}?editing=this")).status, 400);
    let mut stream = Stream::open(server, &server.signed_in(OBSERVER), LIVE);
    stream.hear("event: revision\n");
    // Removed from the event, the observer is sent away.
    let user = server.count("SELECT id AS count FROM users WHERE name = 'Observer'");
    server.sql(&format!("DELETE FROM memberships WHERE user_id = {user}"));
    stream.hear("event: ended\n");
}

fn a_session_that_has_ended_hears_nothing_more(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let mut stream = Stream::open(&meeting.server, &officer, LIVE);
    stream.hear("event: revision\n");
    assert_eq!(officer.post("/sign-out", &[]).status, 303);
    stream.hear("event: ended\n");
    let admin = meeting.server.signed_in(ADMIN);
    let mut stream = Stream::open(&meeting.server, &admin, LIVE);
    stream.hear("event: revision\n");
}

fn watching_does_not_keep_a_session_alive(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let mut stream = Stream::open(&meeting.server, &officer, LIVE);
    stream.hear("event: revision\n");
    meeting.server.pass(20 * 60);
    for _ in 0..4 {
        stream.hear(":\n\n");
    }
    meeting.server.pass(20 * 60);
    stream.hear("event: ended\n");
    assert_eq!(
        officer.get("/events/ca-jad-9").status,
        303,
        "idle for forty minutes"
    );
}
