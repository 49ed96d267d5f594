//! What comes with a letter: its schedule on paper.
//!
//! To set a page takes longer than a booking may hold the database. So the booking stores what the paper says, and the
//! letter in two forms: with the enclosure, leaving an empty place for it, and without. The worker that leases
//! the letter renders the enclosure before the first attempt and stores the finished bytes; each attempt sends those. A
//! letter
//! is never held because its enclosure cannot be rendered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding};
use lettre::message::{Body, SinglePart};

use super::part::{ComposeError, content_type};
use crate::documents::pdf::{PdfError, ToldSchedule};

/// Characters of base64 in a line (RFC 2045 §6.8).
const LINE: usize = 76;

/// A name for the file, as `schedule-KZ-v3.pdf`: of ASCII letters, digits and hyphens, one dot. The version is the
/// letter's: the programme's revision would reveal changes for other delegations.
#[must_use]
pub fn file_name(code: &str, version: i32) -> String {
    let code: String = code
        .chars()
        .filter(|sign| sign.is_ascii_alphanumeric() || *sign == '-')
        .collect();
    format!("schedule-{code}-v{version}.pdf")
}

/// Sets the paper. Takes up to some seconds of computing: not for a thread that serves others.
///
/// # Errors
/// When what it says cannot be read or set.
pub fn set(says: &str) -> Result<Vec<u8>, PdfError> {
    ToldSchedule::kept(says)?.paper()?.set()
}

/// Checks that a paper can be set from what it says; sets nothing.
///
/// # Errors
/// When what it says cannot be read.
pub fn check(says: &str) -> Result<(), PdfError> {
    ToldSchedule::kept(says)?.paper().map(drop)
}

/// The part that the paper comes in, with nothing in it yet; it must be the mail's last.
pub(super) fn place(name: &str) -> Result<SinglePart, ComposeError> {
    Ok(SinglePart::builder()
        .content_type(content_type("application/pdf")?)
        .header(ContentDisposition::attachment(name))
        .body(Body::dangerous_pre_encoded(
            Vec::new(),
            ContentTransferEncoding::Base64,
        )))
}

/// Puts the paper into its place in a finished mail; `None` where there is no such place.
#[must_use]
pub fn enclose(letter: &[u8], paper: &[u8]) -> Option<Vec<u8>> {
    // The last line is the boundary that ends the mail; what comes before it ends the last part.
    let end = find_last(letter, b"\r\n--")?;
    let (before, after) = letter.split_at(end);
    if !before.ends_with(b"\r\n\r\n") {
        return None;
    }
    let encoded = STANDARD.encode(paper);
    let lines = encoded.len().div_ceil(LINE);
    let mut whole = Vec::with_capacity(letter.len() + encoded.len() + 2 * lines);
    whole.extend_from_slice(before);
    for (number, line) in encoded.as_bytes().chunks(LINE).enumerate() {
        if number > 0 {
            whole.extend_from_slice(b"\r\n");
        }
        whole.extend_from_slice(line);
    }
    whole.extend_from_slice(after);
    Some(whole)
}

/// The mail as it was before the paper came into its place; `None` where none has come.
#[must_use]
pub fn taken_out(mail: &[u8]) -> Option<Vec<u8>> {
    let end = find_last(mail, b"\r\n--")?;
    let head = find_last(&mail[..end], b"\r\n\r\n")? + 4;
    let part = find_last(&mail[..head], b"\r\n--")?;
    let headers = String::from_utf8_lossy(&mail[part..head]);
    let is_paper = headers.contains("\r\nContent-Type: application/pdf\r\n");
    is_paper.then(|| [&mail[..head], &mail[end..]].concat())
}

fn find_last(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .rposition(|window| window == wanted)
}

#[cfg(test)]
mod tests;
