//! Turns a letter into finished RFC 5322 bytes.
//!
//! Everything is taken from the letter, boundaries too, so the same letter gives the same bytes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lettre::Address;
use lettre::message::header::{ContentDisposition, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use super::part::{ComposeError, content_type};
use super::words::LetterWords;
use super::{Enclosure, Letter, enclosure, ical};
use crate::core::clean;
use crate::core::notice::Method;
use crate::core::text::Email;

/// A mail ready for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The subject as people read it.
    pub subject: String,
    /// The whole mail; every try sends these bytes.
    pub raw: Vec<u8>,
}

/// Writes the mail; with an enclosure, up to its position ([`enclose`](super::enclosure::enclose)).
///
/// # Errors
/// When an address is invalid in a mail, or lettre refuses.
pub fn compose(letter: &Letter<'_>) -> Result<Composed, ComposeError> {
    let mut parts = MailParts::of(letter)?;
    let raw = parts.assemble(letter.enclosure)?;
    let subject = parts.subject;
    Ok(Composed { subject, raw })
}

/// Writes the mail in both forms: without its enclosure, and up to its position where there is one.
pub fn compose_both(letter: &Letter<'_>) -> Result<(Composed, Option<Vec<u8>>), ComposeError> {
    let mut parts = MailParts::of(letter)?;
    let raw = parts.assemble(None)?;
    let enclosure = letter.enclosure.map(Some);
    let with_place = enclosure.map(|it| parts.assemble(it)).transpose()?;
    let subject = parts.subject;
    Ok((Composed { subject, raw }, with_place))
}

/// What both forms of a mail are assembled from. Their texts differ in the sentence about the enclosure.
struct MailParts<'a> {
    letter: &'a Letter<'a>,
    words: LetterWords<'a>,
    subject: String,
    /// The calendar as a part that programs show, and as a file.
    calendar: Option<[SinglePart; 2]>,
}

impl<'a> MailParts<'a> {
    fn of(letter: &'a Letter<'a>) -> Result<Self, ComposeError> {
        let words = LetterWords::of(letter);
        Ok(Self {
            letter,
            subject: clean::line(&words.subject()?),
            words,
            calendar: calendar(letter)?,
        })
    }

    fn assemble(&mut self, enclosure: Option<Enclosure<'a>>) -> Result<Vec<u8>, ComposeError> {
        self.words.enclosure = enclosure;
        let (plain, html) = (self.words.plain()?, self.words.html()?);
        // lettre panics on a display name it cannot encode. Names are cleaned, but a worker's life hangs on it.
        catch_unwind(AssertUnwindSafe(|| {
            message(self.letter, &self.subject, self.body(plain, html)?)
        }))
        .unwrap_or_else(|_| Err(ComposeError::Mail("a name broke it".to_owned())))
    }

    /// The parts as invitations have them: plain, HTML, calendar (the last is the richest), and the calendar again as a
    /// file for programs that show no invitation. What comes on paper is last of all.
    fn body(&self, plain: String, html: String) -> Result<MultiPart, ComposeError> {
        let message_id = self.letter.message_id;
        let mut alternative = MultiPart::alternative()
            .boundary(boundary(message_id, "alternative"))
            .singlepart(SinglePart::plain(plain))
            .singlepart(SinglePart::html(html));
        let mut attached = Vec::new();
        if let Some([inline, file]) = self.calendar.clone() {
            alternative = alternative.singlepart(inline);
            attached.push(file);
        }
        if let Some(enclosure) = self.words.enclosure {
            attached.push(enclosure::place(enclosure.name)?);
        }
        if attached.is_empty() {
            return Ok(alternative);
        }
        let mixed = MultiPart::mixed()
            .boundary(boundary(message_id, "mixed"))
            .multipart(alternative);
        Ok(attached.into_iter().fold(mixed, MultiPart::singlepart))
    }
}

fn message(letter: &Letter<'_>, subject: &str, body: MultiPart) -> Result<Vec<u8>, ComposeError> {
    let office = &letter.event.office;
    let mut builder = Message::builder()
        .from(mailbox(office.name.as_str(), letter.from)?)
        .to(mailbox(
            letter.contact.name.as_str(),
            &letter.contact.email,
        )?)
        .reply_to(mailbox(office.name.as_str(), &office.email)?)
        .subject(subject)
        .date(letter.written_at.utc().into())
        .message_id(Some(clean::line(letter.message_id)))
        .header(AutoSubmitted);
    if let Some(first) = letter.first_message_id
        && first != letter.message_id
    {
        let first = clean::line(first);
        builder = builder.in_reply_to(first.clone()).references(first);
    }
    let message = builder
        .multipart(body)
        .map_err(|error| ComposeError::Mail(error.to_string()))?;
    Ok(message.formatted())
}

fn calendar(letter: &Letter<'_>) -> Result<Option<[SinglePart; 2]>, ComposeError> {
    let calendar = ical::calendar(letter).filter(|_| !letter.contact.letters_only);
    let (Some(calendar), [piece]) = (calendar, letter.news.as_slice()) else {
        return Ok(None);
    };
    let inline = match piece.news.method() {
        Method::Request => "text/calendar; method=REQUEST; charset=UTF-8",
        Method::Cancel => "text/calendar; method=CANCEL; charset=UTF-8",
    };
    let inline = SinglePart::builder()
        .content_type(content_type(inline)?)
        .body(calendar.clone());
    let file = SinglePart::builder()
        .content_type(content_type("application/ics; name=\"invite.ics\"")?)
        .header(ContentDisposition::attachment("invite.ics"))
        .body(calendar);
    Ok(Some([inline, file]))
}

pub(super) fn mailbox(name: &str, address: &Email) -> Result<Mailbox, ComposeError> {
    let parsed: Address = address
        .as_str()
        .parse()
        .map_err(|_| ComposeError::Address(address.to_string()))?;
    let name = clean::line(name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), parsed))
}

/// A boundary that no text contains: it is unknown before the Message-ID is drawn.
pub(super) fn boundary(message_id: &str, part: &str) -> String {
    let digest = Sha256::digest(format!("{message_id} {part}"));
    URL_SAFE_NO_PAD.encode(&digest[..24])
}

/// `Auto-Submitted: auto-generated` (RFC 3834): absence answers stay away.
#[derive(Clone)]
pub(super) struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
