//! Clients that take too much: bodies that stop, trickle or are too large, connections without end. Whoever else comes is served meanwhile.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use iikura::cli::demo::NINTH_MEETING;
use iikura::server::connection::ClientLimits;

use support::meeting::import;
use support::server::{PASSWORD, Server};

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);
const SOON: Duration = Duration::from_secs(1);
const FORM: &str =
    "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n";
const OFFICER: &str = "officer@protocol.example";

fn impatient(limits: &mut ClientLimits) {
    limits.body_grace = SOON;
    limits.idle = SOON;
}

fn connect(server: &Server) -> TcpStream {
    let line = TcpStream::connect(server.app.config.listen).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    line
}

/// Connects from another address of this machine.
fn connect_from(server: &Server, address: &str) -> TcpStream {
    let from: SocketAddr = format!("{address}:0").parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let line = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(from).unwrap();
        let line = socket.connect(server.app.config.listen).await.unwrap();
        line.into_std().unwrap()
    });
    line.set_nonblocking(false).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    line
}

/// What is still said until the server hangs up.
fn rest(line: &mut TcpStream) -> String {
    let mut said = Vec::new();
    match line.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error} after {}", String::from_utf8_lossy(&said)),
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The head of the next answer.
fn head(line: &mut TcpStream) -> String {
    let (mut said, mut byte) = (Vec::new(), [0]);
    while !said.ends_with(b"\r\n\r\n") {
        line.read_exact(&mut byte).unwrap();
        said.push(byte[0]);
    }
    String::from_utf8(said).unwrap().to_lowercase()
}

fn post(path: &str, length: usize, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: h\r\n{FORM}{more}Content-Length: {length}\r\n\r\n")
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

fn connections(server: &Server, number: usize) {
    let open = || server.app.limits.connections.taken();
    wait_until(&format!("{number} connections"), || open() == number);
}

/// Sends a byte again and again, each after a moment without an answer, until the server hangs up.
fn trickle(line: &mut TcpStream, piece: &[u8]) -> String {
    let mut said = Vec::new();
    let begun = Instant::now();
    line.set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    loop {
        let (_, mut bytes) = (line.write_all(piece), [0; 4096]);
        match line.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => said.extend_from_slice(&bytes[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        assert!(begun.elapsed() < PATIENCE, "it is never hung up on");
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn a_body_that_stops_short_is_hung_up_on_and_freed() {
    let server = Server::start_limited(&[], impatient);
    let mut line = connect(&server);
    line.write_all(post("/sign-in", 400_000, "").as_bytes())
        .unwrap();
    line.write_all(&[b'a'; 900]).unwrap();
    let memory = || server.app.limits.body_bytes.taken();
    wait_until("memory is counted", || memory() >= 400_000);
    let said = rest(&mut line);
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.to_lowercase().contains("connection: close"), "{said}");
    assert!(said.contains("Nothing was stored"), "{said}");
    connections(&server, 0);
    assert_eq!(memory(), 0);
    assert_eq!(server.browser().get("/sign-in").status, 200);
}

#[test]
fn a_body_that_trickles_is_hung_up_on() {
    let server = Server::start_limited(&[], impatient);
    for framing in ["Content-Length: 60000", "Transfer-Encoding: chunked"] {
        let mut line = connect(&server);
        let head = format!("POST /sign-in HTTP/1.1\r\nHost: h\r\n{FORM}{framing}\r\n\r\n");
        line.write_all(head.as_bytes()).unwrap();
        let said = trickle(&mut line, b"1\r\na\r\n");
        assert!(said.starts_with("HTTP/1.1 408 "), "{framing}: {said}");
        connections(&server, 0);
    }
}

#[test]
fn the_whole_body_has_a_deadline_however_fast_it_comes() {
    let server = Server::start_limited(&[], |limits| limits.body = SOON);
    let mut line = connect(&server);
    line.write_all(post("/sign-in", 700_000, "").as_bytes())
        .unwrap();
    let said = trickle(&mut line, &[b'a'; 512]);
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    connections(&server, 0);
}

#[test]
fn what_follows_an_answer_without_a_request_is_hung_up_on() {
    let server = Server::start_limited(&[], impatient);
    let mut unfinished = connect(&server);
    unfinished
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        .unwrap();
    assert!(head(&mut unfinished).starts_with("http/1.1 200 "));
    unfinished
        .write_all(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        .unwrap();
    assert_eq!(rest(&mut unfinished), "ok\n");
    // A body that nobody asked for, and that never ends.
    let mut endless = connect(&server);
    endless
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let said = trickle(&mut endless, b"1\r\na\r\n");
    assert!(said.ends_with("ok\n"), "{said}");
    connections(&server, 0);
}

#[test]
fn a_stream_of_events_goes_on_beyond_every_limit_on_time() {
    let server = Server::start_limited(&[], impatient);
    server.user(OFFICER, "Officer", true, &[]);
    let browser = server.signed_in(OFFICER);
    import(&server.db, NINTH_MEETING);
    let mut line = connect(&server);
    let cookie = browser.cookie().unwrap();
    let asked =
        format!("GET /events/ca-jad-9/live HTTP/1.1\r\nHost: h\r\nCookie: {cookie}\r\n\r\n");
    line.write_all(asked.as_bytes()).unwrap();
    assert!(head(&mut line).starts_with("http/1.1 200 "));
    let begun = Instant::now();
    let mut bytes = [0; 4096];
    while begun.elapsed() < 5 * SOON {
        assert!(line.read(&mut bytes).unwrap() > 0, "the stream has ended");
    }
    assert_eq!(server.app.limits.connections.taken(), 1);
}

#[test]
fn an_address_with_too_many_connections_is_refused_alone() {
    let server = Server::start_limited(&["--max-connections-per-address", "3"], |limits| {
        limits.body_grace = PATIENCE;
    });
    let open = |number: usize| {
        let mut line = connect(&server);
        line.write_all(post("/sign-in", 9, "").as_bytes()).unwrap();
        connections(&server, number);
        line
    };
    let mut held: Vec<_> = (1..=3).map(open).collect();
    let said = rest(&mut connect(&server));
    assert!(said.starts_with("HTTP/1.1 429 "), "{said}");
    assert!(said.contains("retry-after: 5"), "{said}");
    let mut other = connect_from(&server, "127.0.0.2");
    other
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert!(rest(&mut other).starts_with("HTTP/1.1 200 "));
    held.pop();
    connections(&server, 2);
    held.push(open(3));
}

#[test]
fn more_connections_than_in_all_are_refused() {
    let server = Server::start_limited(&["--max-connections", "1"], |limits| {
        limits.body_grace = PATIENCE;
    });
    let mut held = connect(&server);
    held.write_all(post("/sign-in", 9, "").as_bytes()).unwrap();
    connections(&server, 1);
    let said = rest(&mut connect_from(&server, "127.0.0.2"));
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert!(said.contains("retry-after: 5"), "{said}");
}

#[test]
fn behind_a_proxy_the_address_that_it_names_is_limited() {
    let flags = [
        "--trusted-proxies",
        "127.0.0.1",
        "--max-connections-per-address",
        "2",
    ];
    let server = Server::start_limited(&flags, |limits| limits.body_grace = PATIENCE);
    let named = "X-Forwarded-For: 198.51.100.9\r\n";
    let requests = || server.app.limits.proxied_requests.taken();
    let mut held = Vec::new();
    for number in 1..=2 {
        let mut line = connect(&server);
        line.write_all(post("/sign-in", 9, named).as_bytes())
            .unwrap();
        wait_until("a request is counted", || requests() == number);
        held.push(line);
    }
    let browser = server.browser();
    let ask = |from: &str| browser.get_as("/sign-in", &[("x-forwarded-for", from)]);
    let refused = ask("198.51.100.9");
    assert_eq!((refused.status, refused.header("retry-after")), (429, "5"));
    assert_eq!(ask("203.0.113.7").status, 200);
    held.pop();
    wait_until("the request is over", || requests() == 1);
    assert_eq!(ask("198.51.100.9").status, 200);
}

#[test]
fn a_large_body_before_sign_in_is_refused_unread() {
    let server = Server::start();
    for length in [64 * 1024 + 1, usize::MAX >> 1] {
        let mut line = connect(&server);
        line.write_all(post("/users", length, "").as_bytes())
            .unwrap();
        // Nothing of it was sent yet.
        assert!(head(&mut line).starts_with("http/1.1 413 "), "{length}");
    }
    let mut chunked = connect(&server);
    let head_of_it =
        format!("POST /users HTTP/1.1\r\nHost: h\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n");
    chunked.write_all(head_of_it.as_bytes()).unwrap();
    let chunk = format!("2000\r\n{}\r\n", "a".repeat(0x2000));
    for _ in 0..9 {
        chunked.write_all(chunk.as_bytes()).unwrap();
    }
    assert!(head(&mut chunked).starts_with("http/1.1 413 "));
    let memory = || server.app.limits.body_bytes.taken();
    wait_until("nothing is held", || memory() == 0);
    // Who shows something to be known by may send more; that it opens nothing is said afterwards.
    let mut line = connect(&server);
    let cookie = "Cookie: __Host-iikura=unknown\r\n";
    let body = format!("name={}", "a".repeat(100_000));
    line.write_all(post("/users", body.len(), cookie).as_bytes())
        .unwrap();
    line.write_all(body.as_bytes()).unwrap();
    assert!(head(&mut line).starts_with("http/1.1 401 "));
}

#[test]
fn a_large_form_is_carried_through_signing_in_again() {
    let server = Server::start();
    server.user(OFFICER, "Officer", true, &[]);
    let browser = server.signed_in(OFFICER);
    server.pass(31 * 60);
    let note = "飯倉 & co ".repeat(6000);
    let ended = browser.post("/users", &[("name", &note)]);
    assert_eq!(ended.status, 401);
    let (path, body) = (ended.input("resume_path"), ended.input("resume_body"));
    // Percent-encoded once more, it is more than any other form may have.
    assert!(body.len() > 150_000, "{}", body.len());
    let again = browser.post(
        "/sign-in",
        &[
            ("email", OFFICER),
            ("password", PASSWORD),
            ("resume_path", &path),
            ("resume_body", &body),
        ],
    );
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(again.input("name"), note);
    let memory = || server.app.limits.body_bytes.taken();
    wait_until("nothing is held", || memory() == 0);
}

#[test]
fn body_memory_is_bounded_except_for_small_bodies() {
    let server = Server::start_limited(&[], |limits| limits.body_memory = 400_000);
    server.user(OFFICER, "Officer", false, &[]);
    let browser = server.browser();
    // One address may have a quarter.
    let refused = browser.post("/sign-in", &[("email", &"a".repeat(100_000))]);
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    assert!(
        refused.body.contains("Nothing was stored"),
        "{}",
        refused.body
    );
    let mut held = connect(&server);
    held.write_all(post("/sign-in", 100_000, "").as_bytes())
        .unwrap();
    let memory = || server.app.limits.body_bytes.taken();
    wait_until("memory is counted", || memory() == 100_000);
    assert_eq!(
        browser
            .post("/sign-in", &[("email", &"a".repeat(9_000))])
            .status,
        503
    );
    server.signed_in(OFFICER);
    drop(held);
    wait_until("nothing is held", || memory() == 0);
    let answer = browser.post("/sign-in", &[("email", &"a".repeat(90_000))]);
    assert_eq!(answer.status, 422, "{}", answer.body);
}
