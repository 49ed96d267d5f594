//! Requests as no browser sends them: framed in two ways at once, or never finished.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use support::server::Server;

/// Above actix's five seconds for a head, far below for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server says to these bytes until it hangs up.
fn said_to(server: &Server, bytes: &str) -> String {
    let mut line = TcpStream::connect(server.app.config.listen).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    line.write_all(bytes.as_bytes()).unwrap();
    let mut said = String::new();
    line.read_to_string(&mut said)
        .unwrap_or_else(|error| panic!("{bytes:?}: {error}"));
    said
}

/// Two readers of one line must not see two different requests in it (RFC 9112, 6.3).
#[test]
fn a_request_that_can_be_read_in_two_ways_is_refused() {
    let server = Server::start();
    let smuggled = "GET /sign-in HTTP/1.1\r\nHost: h\r\n\r\n";
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        "Content-Length: 5, 6\r\n\r\nabcde",
        "Content-Length: +5\r\n\r\nabcde",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 5x\r\n\r\nabcde",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ] {
        let said = said_to(
            &server,
            &format!("POST /sign-in HTTP/1.1\r\nHost: h\r\n{framing}{smuggled}"),
        );
        assert!(said.starts_with("HTTP/1.1 400"), "{framing:?}: {said}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{framing:?}: {said}");
    }
}

#[test]
fn unfinished_request_is_disconnected() {
    let server = Server::start();
    let begun = Instant::now();
    let said = said_to(&server, "GET /sign-in HTTP/1.1\r\nHost: h\r\nX-Slow: ");
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 408"),
        "{said}"
    );
    assert!(begun.elapsed() < PATIENCE);
    // Everybody else was served meanwhile, and is.
    assert_eq!(server.browser().get("/sign-in").status, 200);
}

#[test]
fn a_head_without_end_is_refused() {
    let server = Server::start();
    let endless = format!(
        "GET /sign-in HTTP/1.1\r\nHost: h\r\nX-Long: {}",
        "a".repeat(200_000)
    );
    let mut line = TcpStream::connect(server.app.config.listen).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    // The server may hang up before all of it is sent.
    let _ = line.write_all(endless.as_bytes());
    let mut first = [0; 12];
    if line.read_exact(&mut first).is_ok() {
        assert!(
            matches!(&first, b"HTTP/1.1 400" | b"HTTP/1.1 431"),
            "{}",
            String::from_utf8_lossy(&first)
        );
    }
    assert_eq!(server.browser().get("/sign-in").status, 200);
}

/// A body that followed would be read as the answer to the next request.
#[test]
fn the_answer_to_head_ends_with_its_headers() {
    let server = Server::start();
    for path in [
        "/healthz",
        "/sign-in",
        "/no-such-page",
        "/api/v1/openapi.json",
    ] {
        let ask = |method: &str| {
            let request =
                format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
            said_to(&server, &request)
        };
        let (head, got) = (ask("HEAD"), ask("GET"));
        let (headers, body) = got.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with("\r\n\r\n") && !body.is_empty(), "{head}");
        let lines = |said: &str| -> Vec<String> {
            let lines = said
                .trim_end()
                .lines()
                .filter(|line| !line.starts_with("x-request-id") && !line.starts_with("date"));
            let mut lines: Vec<_> = lines.map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&head), lines(headers), "{path}");
    }
}
