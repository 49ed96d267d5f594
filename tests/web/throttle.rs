//! What a flood of sign-ins costs: refused tries write nothing, waiting is bounded, and users go before strangers.

use std::future::Future;
use std::io::Write as _;
use std::net::{IpAddr, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use iikura::auth::hashing::{HashingQueueFull, MAX_MEMORIES, QueuePlace, Turn};

use support::both::{Scratch, on_both};
use support::rows::rows;
use support::server::{Answer, Browser, PASSWORD, Server};

on_both!(
    throttled_tries_write_nothing,
    window_that_ended_or_lies_ahead_begins_again,
    ipv6_neighbours_share_a_larger_limit,
);

const OFFICER: &str = "officer@protocol.example";
/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

fn with_officer(scratch: &Scratch) -> Server {
    let server = Server::start_on(scratch.url(), &["--trusted-proxies", "127.0.0.1"]);
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    server
}

/// Tries a password from an address.
fn try_from(browser: &Browser, from: &str, email: &str, password: &str) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", email), ("password", password)])
        .finish();
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-for", from),
    ];
    browser.post_as("/sign-in", &body, &headers)
}

fn throttled_tries_write_nothing(scratch: &Scratch) {
    let server = with_officer(scratch);
    let browser = server.browser();
    for number in 0..5 {
        let from = format!("198.51.{number}.1");
        assert_eq!(try_from(&browser, &from, OFFICER, "wrong").status, 422);
    }
    let before = rows(&server.db);
    for number in 0..50 {
        // The account waits: first by what the database says, then by what the server remembers.
        let from = format!("2001:db8:{number:x}::1");
        let refused = try_from(&browser, &from, OFFICER, PASSWORD);
        assert_eq!(refused.status, 429);
    }
    assert_eq!(rows(&server.db), before);
    let dead_link = || {
        let headers = [("sec-fetch-site", "same-origin")];
        browser.post_as("/d/nothing", "", &headers).status
    };
    while dead_link() != 429 {}
    let before = rows(&server.db);
    for _ in 0..20 {
        assert_eq!(dead_link(), 429);
    }
    assert_eq!(rows(&server.db), before);
}

fn window_that_ended_or_lies_ahead_begins_again(scratch: &Scratch) {
    let server = with_officer(scratch);
    let browser = server.browser();
    for _ in 0..5 {
        assert_eq!(
            try_from(&browser, "192.0.2.1", OFFICER, "wrong").status,
            422
        );
    }
    assert_eq!(
        try_from(&browser, "192.0.2.1", OFFICER, "wrong").status,
        429
    );
    // No request deletes the row; the next try begins its window again.
    server.pass(15 * 60);
    assert_eq!(
        try_from(&browser, "192.0.2.1", OFFICER, "wrong").status,
        422
    );
    assert_eq!(
        server.count(
            "SELECT sum(failures) AS count FROM sign_in_failures WHERE throttle_key LIKE 'account:%'"
        ),
        1
    );
    // A clock that ran ahead by a day locks out for no longer than a window from now.
    for _ in 0..4 {
        try_from(&browser, "192.0.2.1", OFFICER, "wrong");
    }
    server.sql("UPDATE sign_in_failures SET window_ends_at = window_ends_at + 86400");
    assert_eq!(
        try_from(&browser, "192.0.2.1", OFFICER, "wrong").status,
        422
    );
}

fn ipv6_neighbours_share_a_larger_limit(scratch: &Scratch) {
    let server = with_officer(scratch);
    let browser = server.browser();
    let guess = |network: u16, number: usize| {
        let from = format!("2001:db8:7:{network:x}::1");
        let email = format!("nobody-{network}-{number}@protocol.example");
        try_from(&browser, &from, &email, "wrong").status
    };
    for network in 0x100..0x103 {
        for number in 0..20 {
            assert_eq!(guess(network, number), 422, "{network:x} {number}");
        }
    }
    assert_eq!(guess(0x1ff, 0), 429, "the same /56");
    assert_eq!(guess(0x200, 0), 422, "another /56");
}

type Waiting = Pin<Box<dyn Future<Output = Result<Turn, HashingQueueFull>> + Send>>;

/// Takes a turn, or begins to wait for one.
fn ask(server: &Server, place: QueuePlace) -> Result<Turn, Waiting> {
    let hashing = server.app.hashing.clone();
    let mut waiting: Waiting = Box::pin(async move { hashing.turn(place).await });
    match waiting
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(turn) => Ok(turn.ok().unwrap()),
        Poll::Pending => Err(waiting),
    }
}

fn stranger(network: u8) -> QueuePlace {
    QueuePlace::Stranger(IpAddr::from([203, 0, network, 1]))
}

/// Takes every turn, so that nobody else gets one until they are dropped.
fn all_turns(server: &Server) -> Vec<Turn> {
    let turns = (0..MAX_MEMORIES).map(|_| ask(server, stranger(0)).ok().unwrap());
    turns.collect()
}

/// Fills the queue with strangers, each of another network.
fn crowd(server: &Server) -> Vec<Waiting> {
    let mut crowd = Vec::new();
    for network in 0..64 {
        crowd.push(ask(server, stranger(network)).err().unwrap());
    }
    crowd
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn full_queue_refuses_strangers_and_keeps_what_was_typed() {
    let server = Server::start();
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    let _turns = all_turns(&server);
    let _crowd = crowd(&server);
    let before = rows(&server.db);
    let asked = |email: &'static str| {
        let browser = server.browser();
        let asking = std::thread::spawn(move || {
            let fields = [
                ("email", email),
                ("password", PASSWORD),
                ("resume_path", "/users"),
                ("resume_body", "name=Kenji"),
            ];
            browser.post("/sign-in", &fields)
        });
        wait_until("the answer", || asking.is_finished());
        asking.join().unwrap()
    };
    let refused = asked(OFFICER);
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), "5");
    assert!(refused.body.contains("your password was not checked"));
    assert_eq!(refused.input("email"), OFFICER);
    assert_eq!(refused.input("resume_body"), "name=Kenji");
    assert!(!refused.body.contains(PASSWORD));
    let unknown = asked("nobody@protocol.example");
    let page = |answer: &Answer| answer.body.replace(OFFICER, "X");
    assert_eq!(
        page(&refused),
        unknown.body.replace("nobody@protocol.example", "X"),
        "nothing tells whether there is an account"
    );
    assert_eq!(rows(&server.db), before, "a refused try is not counted");
}

#[test]
fn known_browser_signs_in_while_strangers_fill_the_queue() {
    let server = Server::start();
    server.user(OFFICER, "Aki Tanaka", false, &[]);
    let browser = server.signed_in(OFFICER);
    browser.post("/sign-out", &[]);
    let mut turns = all_turns(&server);
    let mut crowd = crowd(&server);
    let signing_in = std::thread::spawn(move || {
        let fields = [("email", OFFICER), ("password", PASSWORD)];
        browser.post("/sign-in", &fields).status
    });
    wait_until("the officer waits", || server.app.hashing.waiting() == 65);
    // One turn is given back: the officer has it, though 64 came earlier.
    turns.pop();
    wait_until("the officer is in", || signing_in.is_finished());
    assert_eq!(signing_in.join().unwrap(), 303);
    let first = crowd[0]
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_ready(), "then the strangers go on");
}

#[test]
fn browser_that_hung_up_costs_no_hash_and_no_try() {
    let server = Server::start();
    let turns = all_turns(&server);
    let mut line = TcpStream::connect(server.app.config.listen).unwrap();
    let body = "email=nobody%40protocol.example&password=wrong";
    write!(
        line,
        "POST /sign-in HTTP/1.1\r\nHost: h\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    wait_until("the try waits", || server.app.hashing.waiting() == 1);
    drop(line);
    wait_until("the server notices", || server.app.hashing.waiting() == 0);
    drop(turns);
    drop(all_turns(&server));
    assert_eq!(
        server.count("SELECT count(*) AS count FROM sign_in_failures"),
        0
    );
}
