//! What a mail that came in is, judged by its bytes alone.
//!
//! Every word of it is cleaned before it goes on: PostgreSQL refuses a NUL even in what is only looked for, and a mail that
//! is refused would keep us from all after it.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use icalendar::{Calendar, Component};
use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use crate::core::clean;
use crate::core::notice::answer::NoticeReply;
use crate::core::text::Email;
use crate::core::time::Moment;

/// How much of a mail's text is stored, in bytes.
const EXCERPT: usize = 2000;

/// A mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IncomingLetter {
    /// Its Message-ID; where it has none, the digest of its bytes.
    pub(crate) key: String,
    /// Whom it is from, as it says; empty unless that is one address.
    pub(crate) sender: String,
    /// Its subject.
    pub(crate) subject: String,
    /// The beginning of its text.
    pub(crate) body: String,
    /// True for automatic replies (RFC 3834), such as absence notes.
    pub(crate) automatic: bool,
    /// Message-IDs of the mails it answers, angle brackets included.
    pub(crate) answers: Vec<String>,
    /// What it brings.
    pub(crate) content: IncomingContent,
}

/// What a mail brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IncomingContent {
    /// A calendar (RFC 5546), as an answer to an invitation is.
    Calendar(Box<Itip>),
    /// What became of a mail of ours (RFC 3464).
    Report(Report),
    /// Words.
    Words,
}

/// The first event of a calendar that came by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Itip {
    /// METHOD, in capitals.
    pub(crate) method: String,
    pub(crate) uid: String,
    /// SEQUENCE; 0 where it says none (RFC 5545 3.8.7.4).
    pub(crate) sequence: i32,
    /// DTSTAMP.
    pub(crate) stamp: Option<Moment>,
    /// The address and the answer of each ATTENDEE; no answer where it is none that a person can mean.
    pub(crate) attendees: Vec<(String, Option<NoticeReply>)>,
    /// COMMENT.
    pub(crate) comment: String,
}

/// A report about one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// False: it is only late.
    pub(crate) failed: bool,
    /// Status and reason, as `5.1.1 (550 no such user)`.
    pub(crate) reason: String,
    /// What may be the Message-ID of the mail, without angle brackets: of the mail it returns, whole.
    pub(crate) message_id: Option<String>,
    /// The words after the plus signs of the addresses that the report came to.
    pub(crate) tokens: Vec<String>,
}

/// Reads a mail; whatever it is made of.
pub(crate) fn read(raw: &[u8]) -> IncomingLetter {
    let key = || format!("sha256:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(raw)));
    let unreadable = || IncomingLetter {
        key: key(),
        sender: String::new(),
        subject: String::new(),
        body: String::new(),
        automatic: false,
        answers: Vec::new(),
        content: IncomingContent::Words,
    };
    // Any sender can write to the mailbox: a parser that fails on one mail must not keep us from the next.
    catch_unwind(AssertUnwindSafe(|| {
        let message = MessageParser::default().parse(raw)?;
        let mut letter = letter(&message);
        if letter.key.is_empty() {
            letter.key = key();
        }
        Some(letter)
    }))
    .ok()
    .flatten()
    .unwrap_or_else(unreadable)
}

fn letter(message: &Message<'_>) -> IncomingLetter {
    let automatic = message
        .header_raw("Auto-Submitted")
        .is_some_and(|word| !word.trim().eq_ignore_ascii_case("no"));
    let mut answers = ids(message.in_reply_to());
    answers.extend(ids(message.references()));
    let body = message.body_text(0).unwrap_or_default();
    IncomingLetter {
        key: message
            .message_id()
            .map(|id| format!("<{}>", cut(&clean::line(id), 500)))
            .unwrap_or_default(),
        sender: message.from().and_then(only_address).unwrap_or_default(),
        subject: cut(&clean::line(message.subject().unwrap_or_default()), 300),
        body: cut(&clean::text(&body), EXCERPT),
        automatic,
        answers,
        content: content(message),
    }
}

fn content(message: &Message<'_>) -> IncomingContent {
    if let Some(report) = report(message) {
        return IncomingContent::Report(report);
    }
    // Some put the calendar here, some there; it is the first anywhere.
    let calendars = message.parts.iter().filter(|part| {
        part.is_content_type("text", "calendar") || part.is_content_type("application", "ics")
    });
    let read = calendars
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => None,
        })
        .find_map(|text| itip(&text));
    read.map_or(IncomingContent::Words, |itip| {
        IncomingContent::Calendar(Box::new(itip))
    })
}

fn itip(text: &str) -> Option<Itip> {
    // Thunderbird ends its calendars with blank lines.
    let calendar: Calendar = text.trim().parse().ok()?;
    let event = calendar.events().next()?;
    let attendees = event
        .multi_properties()
        .get("ATTENDEE")
        .into_iter()
        .flatten()
        .chain(event.properties().get("ATTENDEE"))
        .map(|attendee| {
            let status = attendee
                .params()
                .get("PARTSTAT")
                .map(icalendar::Parameter::value);
            (address_in(attendee.value()), status.and_then(reply))
        })
        .collect();
    let comments = event
        .multi_properties()
        .get("COMMENT")
        .into_iter()
        .flatten();
    let comment = comments.chain(event.properties().get("COMMENT")).next();
    Some(Itip {
        method: clean::line(calendar.property_value("METHOD")?).to_ascii_uppercase(),
        uid: clean::line(event.get_uid()?),
        sequence: event
            .get_sequence()
            .map_or(0, |sequence| i32::try_from(sequence).unwrap_or(i32::MAX)),
        stamp: event
            .get_timestamp()
            .map(|stamp| Moment::from_seconds(stamp.timestamp())),
        attendees,
        comment: comment.map_or_else(String::new, |comment| {
            cut(&clean::text(&unescaped(comment.value())), EXCERPT)
        }),
    })
}

/// What a person can mean of RFC 5545 3.2.12.
fn reply(status: &str) -> Option<NoticeReply> {
    match status.to_ascii_uppercase().as_str() {
        "ACCEPTED" => Some(NoticeReply::Accepted),
        "DECLINED" => Some(NoticeReply::Declined),
        "TENTATIVE" => Some(NoticeReply::Tentative),
        _ => None,
    }
}

/// The address in `mailto:` or `MAILTO:`.
fn address_in(value: &str) -> String {
    let value = value.trim();
    match value.split_at_checked(7) {
        Some((scheme, address)) if scheme.eq_ignore_ascii_case("mailto:") => clean::line(address),
        _ => clean::line(value),
    }
}

/// TEXT as it was before it was escaped (RFC 5545 3.3.11).
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            (_, true) => match rest.next() {
                Some('n' | 'N') => plain.push('\n'),
                Some(escaped) => plain.push(escaped),
                None => {}
            },
            (c, false) => plain.push(c),
        }
    }
    plain
}

fn report(message: &Message<'_>) -> Option<Report> {
    let status = message
        .parts
        .iter()
        .find(|part| part.is_content_type("message", "delivery-status"))?;
    let text = String::from_utf8_lossy(status.contents()).replace("\r\n", "\n");
    // The first group is about the report, each further one about a recipient; ours have one.
    let (action, fields) = text
        .split("\n\n")
        .find_map(|group| Some((field(group, "Action")?.to_ascii_lowercase(), group)))?;
    let failed = match action.as_str() {
        "failed" => true,
        "delayed" => false,
        // Delivered, relayed or expanded: nothing to do.
        _ => return None,
    };
    let mut reason = field(fields, "Status").unwrap_or_default();
    if let Some(words) = field(fields, "Diagnostic-Code") {
        let words = words.split_once(';').map_or(words.as_str(), |(_, it)| it);
        let _ = write!(reason, " ({})", words.trim());
    }
    Some(Report {
        failed,
        reason: cut(&clean::line(&reason), 500),
        message_id: returned(message),
        tokens: tokens(message),
    })
}

/// The Message-ID of the mail that a report returns, whole or its headers alone.
fn returned(message: &Message<'_>) -> Option<String> {
    message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(returned) => returned.message_id().map(clean::line),
        PartType::Text(headers) if part.is_content_type("text", "rfc822-headers") => {
            let headers = MessageParser::default().parse(headers.as_bytes())?;
            headers.message_id().map(clean::line)
        }
        _ => None,
    })
}

/// Text after the plus sign of each address the mail was delivered to.
fn tokens(message: &Message<'_>) -> Vec<String> {
    ["Delivered-To", "X-Original-To", "To"]
        .into_iter()
        .flat_map(|name| {
            message
                .headers_raw()
                .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
        })
        .filter_map(|(_, value)| {
            let address = value.trim().trim_start_matches('<').trim_end_matches('>');
            let (local, _) = address.rsplit_once('@')?;
            Some(clean::line(local.split_once('+')?.1))
        })
        .collect()
}

/// A field of a group of `Name: value` lines, continuation lines included.
fn field(group: &str, name: &str) -> Option<String> {
    let unfolded = group.replace("\n ", " ").replace("\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known
            .trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

fn only_address(from: &Address<'_>) -> Option<String> {
    let mut addresses = from.iter();
    match (addresses.next(), addresses.next()) {
        (Some(one), None) => Some(Email::parse(one.address()?).ok()?.to_string()),
        _ => None,
    }
}

fn ids(header: &HeaderValue<'_>) -> Vec<String> {
    let ids = match header {
        HeaderValue::Text(id) => vec![id],
        HeaderValue::TextList(ids) => ids.iter().collect(),
        _ => Vec::new(),
    };
    // A thread of hundreds has its first and its last words here.
    let ids = ids.into_iter().take(50);
    ids.map(|id| format!("<{}>", clean::line(id))).collect()
}

fn cut(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)]
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests;
