//! Reads our own mails back, for the page that shows what was sent.
//!
//! Only what [`super::compose`] writes is understood: known boundaries, one charset, three transfer encodings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The parts of a mail as people read them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailContents {
    /// The plain text.
    pub plain: String,
    /// The HTML; written by us, but to be shown in a sandboxed frame all the same.
    pub html: String,
    /// The calendar; `None` in a mail to a contact who wants letters only.
    pub calendar: Option<String>,
    /// What comes with it on paper, as PDF.
    pub paper: Option<Vec<u8>>,
}

/// Takes a mail apart; what cannot be read is left empty.
#[must_use]
pub fn contents(raw: &[u8]) -> MailContents {
    let mail = String::from_utf8_lossy(raw);
    let mut found = MailContents::default();
    collect(&mail, &mut found);
    found
}

fn collect(part: &str, found: &mut MailContents) {
    let Some((headers, body)) = part.split_once("\r\n\r\n") else {
        return;
    };
    // A folded header is one line.
    let headers = headers.replace("\r\n ", " ");
    let header = |name: &str| header(&headers, name);
    let kind = header("Content-Type");
    if let Some(boundary) = boundary(kind) {
        for part in parts(body, boundary) {
            collect(part, found);
        }
        return;
    }
    let decode = || decoded(body, header("Content-Transfer-Encoding")).replace("\r\n", "\n");
    match kind.split(';').next() {
        Some("text/plain") => found.plain = decode(),
        Some("text/html") => found.html = decode(),
        Some("text/calendar") => found.calendar = Some(decode()),
        Some("application/pdf") => found.paper = Some(unpacked(body)),
        _ => {}
    }
}

fn header<'a>(headers: &'a str, name: &str) -> &'a str {
    headers
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_default()
}

fn boundary(kind: &str) -> Option<&str> {
    let (_, rest) = kind.split_once("boundary=\"")?;
    rest.split('"').next()
}

/// Decodes every text of a mail in its place, so that words and links in it can be found.
#[must_use]
pub fn with_decoded_texts(raw: &[u8]) -> String {
    decoded_part(&String::from_utf8_lossy(raw))
}

fn decoded_part(part: &str) -> String {
    let Some((folded, body)) = part.split_once("\r\n\r\n") else {
        return part.to_owned();
    };
    let headers = folded.replace("\r\n ", " ");
    let kind = header(&headers, "Content-Type");
    if let Some(boundary) = boundary(kind) {
        let delimiter = format!("--{boundary}");
        let pieces: Vec<String> = body
            .split(delimiter.as_str())
            .map(|piece| {
                let part = piece.strip_prefix("\r\n");
                part.map_or_else(
                    || piece.to_owned(),
                    |part| format!("\r\n{}", decoded_part(part)),
                )
            })
            .collect();
        return format!("{folded}\r\n\r\n{}", pieces.join(&delimiter));
    }
    let encoding = header(&headers, "Content-Transfer-Encoding");
    let is_text =
        kind.is_empty() || kind.starts_with("text/") || kind.starts_with("application/ics");
    if !is_text || !matches!(encoding, "quoted-printable" | "base64") {
        return part.to_owned();
    }
    let folded = folded.replace(
        &format!("Content-Transfer-Encoding: {encoding}"),
        "Content-Transfer-Encoding: 8bit",
    );
    let text = decoded(body, encoding);
    let end = if text.ends_with("\r\n") { "" } else { "\r\n" };
    format!("{folded}\r\n\r\n{text}{end}")
}

/// Content between the boundary lines.
fn parts<'a>(body: &'a str, boundary: &str) -> impl Iterator<Item = &'a str> {
    let delimiter = format!("--{boundary}");
    let pieces: Vec<&str> = body.split(delimiter.as_str()).collect();
    pieces
        .into_iter()
        .skip(1)
        .take_while(|piece| !piece.starts_with("--"))
        .filter_map(|piece| piece.strip_prefix("\r\n"))
        .map(|piece| piece.strip_suffix("\r\n").unwrap_or(piece))
}

fn decoded(body: &str, encoding: &str) -> String {
    match encoding {
        "quoted-printable" => String::from_utf8_lossy(&unquoted(body)).into_owned(),
        "base64" => String::from_utf8_lossy(&unpacked(body)).into_owned(),
        _ => body.to_owned(),
    }
}

fn unpacked(body: &str) -> Vec<u8> {
    let packed: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(packed).unwrap_or_default()
}

/// Quoted-printable (RFC 2045 §6.7): `=XX` is a byte, `=` at a line's end joins it to the next.
fn unquoted(text: &str) -> Vec<u8> {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut pieces = joined.split('=');
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let byte = piece
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&piece.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(piece.as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::notice::News;
    use crate::mail::compose::compose;
    use crate::mail::ical;
    use crate::mail::sample::{Sample, bilateral};

    #[test]
    fn a_mail_is_read_back_as_it_was_written() {
        let sample = Sample::new();
        let news = News::Confirmed(bilateral("17:20", Some("Salon")));
        let letter = sample.letter(&news);
        let read = contents(&compose(&letter).unwrap().raw);
        assert!(
            read.plain
                .contains("\n\nConfirmed: Japan–Kazakhstan Foreign Ministers' Meeting\n\nDear Liaison desk,\n\n“Japan–Kazakhstan")
        );
        assert!(
            read.plain
                .starts_with("Protocol Office, Iikura House\nThe 9th Foreign")
        );
        assert!(read.plain.trim_end().ends_with("+81 3 0000 0000"));
        assert!(read.html.starts_with("<!DOCTYPE html>\n"));
        assert!(read.html.trim_end().ends_with("</html>"));
        let calendar = ical::calendar(&letter).map(|all| all.replace("\r\n", "\n"));
        assert_eq!(read.calendar, calendar);
    }

    #[test]
    fn a_letter_without_calendar_has_none() {
        let mut sample = Sample::new();
        sample.contact.letters_only = true;
        let news = News::Confirmed(bilateral("17:20", None));
        let read = contents(&compose(&sample.letter(&news)).unwrap().raw);
        assert!(!read.plain.is_empty() && !read.html.is_empty());
        assert_eq!(read.calendar, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn titles_in_any_script_are_read_back(title in "\\PC{1,200}", room in "[=長ї .-]{0,200}") {
            let sample = Sample::new();
            let mut told = bilateral("17:20", Some(&room));
            told.title.clone_from(&title);
            let news = News::Confirmed(told);
            let letter = sample.letter(&news);
            let read = contents(&compose(&letter).unwrap().raw);
            prop_assert!(read.plain.contains(&format!("“{title}” is confirmed")), "{}", read.plain);
            prop_assert!(read.plain.contains(&format!("Room: {room}\n")), "{}", read.plain);
            prop_assert_eq!(read.calendar, ical::calendar(&letter).map(|all| all.replace("\r\n", "\n")));
        }

        #[test]
        fn any_bytes_are_parsed_without_panic(raw in proptest::collection::vec(any::<u8>(), 0..500)) {
            let _ = contents(&raw);
        }
    }
}
