//! Long pages and files are sent compressed to clients that take it; what has a secret never is.

use std::io::Read as _;

use support::both::Scratch;
use support::meeting::{ADMIN, Meeting};
use support::server::Browser;

const CODINGS: [&str; 3] = ["br", "zstd", "gzip"];

/// An answer as it was sent.
struct Sent {
    status: u16,
    headers: Vec<(String, String)>,
    bytes: Vec<u8>,
}

impl Sent {
    fn to(browser: &Browser, method: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let (status, headers, bytes) = browser.sent(method, path, headers);
        Self {
            status,
            headers,
            bytes,
        }
    }

    fn with(browser: &Browser, path: &str, accepted: &str) -> Self {
        Self::to(browser, "GET", path, &[("accept-encoding", accepted)])
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn plain(&self) -> Vec<u8> {
        let (mut plain, mut sent) = (Vec::new(), self.bytes.as_slice());
        match self.header("content-encoding") {
            "br" => brotli::BrotliDecompress(&mut sent, &mut plain).unwrap(),
            "zstd" => zstd::stream::copy_decode(sent, &mut plain).unwrap(),
            "gzip" => {
                let mut reader = flate2::read::GzDecoder::new(sent);
                reader.read_to_end(&mut plain).unwrap();
            }
            none => {
                assert_eq!(none, "");
                plain.clone_from(&self.bytes);
            }
        }
        plain
    }
}

/// Asks for a file in every coding, which is the file each time: by how much the largest is smaller.
fn is_same_in_every_coding(browser: &Browser, path: &str) -> usize {
    let plain = Sent::with(browser, path, "identity");
    assert_eq!(plain.header("content-encoding"), "", "{path}");
    assert_eq!(plain.header("vary"), "accept-encoding", "{path}");
    let times = CODINGS.map(|coding| {
        let sent = Sent::with(browser, path, coding);
        assert_eq!(sent.header("content-encoding"), coding, "{path}");
        assert_eq!(sent.header("vary"), "accept-encoding", "{path}");
        assert!(sent.plain() == plain.bytes, "{path}: {coding}");
        let head = Sent::to(browser, "HEAD", path, &[("accept-encoding", coding)]);
        for name in ["content-encoding", "content-length", "etag", "vary"] {
            assert_eq!(head.header(name), sent.header(name), "{path}: {coding}");
        }
        assert_eq!(
            sent.header("content-length"),
            sent.bytes.len().to_string(),
            "{path}: {coding}"
        );
        plain.bytes.len() / sent.bytes.len()
    });
    times.into_iter().min().unwrap()
}

#[test]
fn timetable_and_assets_are_sent_compressed_and_are_the_same() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    for view in ["rooms", "delegations", "list"] {
        for _ in 0..2 {
            let path = format!("/events/ca-jad-9?view={view}");
            // The frame is not compressed: name, navigation, scripts.
            assert!(is_same_in_every_coding(&officer, &path) >= 2, "{path}");
        }
    }
    assert!(is_same_in_every_coding(&officer, "/help/configuration") >= 2);
    let page = officer.get("/events/ca-jad-9").body;
    for asset in page.split("/assets/").skip(1) {
        let path = format!("/assets/{}", asset.split('"').next().unwrap());
        if officer.file(&path).1.len() < 1024 {
            let sent = Sent::with(&officer, &path, "br");
            assert_eq!(sent.header("content-encoding"), "", "{path} is small");
        } else {
            is_same_in_every_coding(&officer, &path);
        }
    }
    let usual = Sent::with(&officer, "/events/ca-jad-9", "gzip, deflate, br, zstd");
    assert_eq!(usual.header("content-encoding"), "br");
    for refusing in ["gzip;q=0, br;q=0", "*;q=0", ""] {
        let sent = Sent::with(&officer, "/events/ca-jad-9", refusing);
        assert_eq!(sent.header("content-encoding"), "", "{refusing}");
    }
}

#[test]
fn documents_are_sent_compressed_with_a_tag_for_each_coding() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    for format in ["csv", "ics"] {
        let path = format!("/events/ca-jad-9/agenda.{format}");
        is_same_in_every_coding(&officer, &path);
        let tags = ["identity", "br", "zstd", "gzip"].map(|coding| {
            Sent::with(&officer, &path, coding)
                .header("etag")
                .to_owned()
        });
        for (at, tag) in tags.iter().enumerate() {
            assert!(
                tag.starts_with('"') && !tags[..at].contains(tag),
                "{tags:?}"
            );
            for accepted in ["identity", "gzip"] {
                let headers = [("accept-encoding", accepted), ("if-none-match", tag)];
                let again = Sent::to(&officer, "GET", &path, &headers);
                let known = (again.status, again.header("etag"), again.header("vary"));
                assert_eq!(known, (304, tag.as_str(), "accept-encoding"));
            }
        }
    }
    for format in ["html", "json"] {
        let path = format!("/events/ca-jad-9/agenda.{format}");
        let sent = Sent::with(&officer, &path, "gzip");
        assert_eq!(sent.header("content-encoding"), "gzip");
        assert!(sent.header("etag").starts_with("W/\""));
    }
    for file in ["agenda.xlsx", "agenda/doors.pdf"] {
        let sent = Sent::with(&officer, &format!("/events/ca-jad-9/{file}"), "br, gzip");
        assert_eq!((sent.status, sent.header("content-encoding")), (200, ""));
    }
}

#[test]
fn pages_with_secrets_or_typed_text_are_not_compressed() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let slot = meeting.slot("Kazakhstan");
    let is_plain = |browser: &Browser, path: &str| {
        let sent = Sent::with(browser, path, "gzip, br, zstd");
        assert_eq!(sent.status, 200, "{path}");
        assert_eq!(sent.header("content-encoding"), "", "{path}");
    };
    for path in [
        "/account",
        "/account/tokens/new",
        "/events/ca-jad-9/slots?q=typed",
        "/events/ca-jad-9/slots/new?room=typed",
        "/events/ca-jad-9/agenda/calendars/new",
        "/events/ca-jad-9/notices",
        &format!("/slots/{}", slot.id),
    ] {
        is_plain(&officer, path);
    }
    is_plain(&meeting.server.signed_in(ADMIN), "/users");
    is_plain(&meeting.server.browser(), "/sign-in?next=/typed");
}

#[test]
fn length_of_a_page_does_not_depend_on_a_guess_in_its_address() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let page = officer.file("/events/ca-jad-9/agenda/calendars/new").1;
    let page = String::from_utf8(page).unwrap();
    let token = page.split("name=\"form_token\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap();
    let session = officer.cookie().unwrap();
    let session = session.split_once('=').unwrap().1;
    for secret in [token, session] {
        let wrong: String = secret.chars().rev().collect();
        for path in [
            "/events/ca-jad-9?view=rooms&guess=",
            "/events/ca-jad-9/slots?q=",
        ] {
            let length = |guess: &str| {
                let path = format!("{path}{guess}");
                Sent::with(&officer, &path, "br, gzip").bytes.len()
            };
            assert_eq!(length(secret), length(&wrong), "{path}");
        }
    }
}
