//! Turns a letter into finished RFC 5322 bytes.
//!
//! Everything is taken from the letter, boundaries too, so the same letter gives the same bytes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lettre::Address;
use lettre::message::header::{ContentDisposition, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use super::words::Words;
use super::{Letter, Standing, clean, ical};
use crate::notice::Method;
use crate::text::Email;

/// A mail ready for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The subject as people read it.
    pub subject: String,
    /// The whole mail; every try sends these bytes.
    pub raw: Vec<u8>,
}

/// Why a letter could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A template failed.
    #[error("the letter could not be written: {0}")]
    Template(#[from] askama::Error),
    /// An address that no mail can carry got past the form.
    #[error("'{0}' cannot stand in a mail; correct the address")]
    Address(String),
    /// lettre refused the mail.
    #[error("the mail could not be put together: {0}")]
    Mail(String),
}

/// Writes the mail for a reader who was sent everything before it.
///
/// # Errors
/// When an address cannot stand in a mail, or lettre refuses.
pub fn compose(letter: &Letter<'_>) -> Result<Composed, ComposeError> {
    compose_for(letter, Standing::UpToDate)
}

/// Writes the mail for a reader who may have missed the one before it.
///
/// # Errors
/// As [`compose`].
pub fn compose_for(letter: &Letter<'_>, standing: Standing) -> Result<Composed, ComposeError> {
    let words = Words::of(letter, standing);
    let subject = clean::line(&Subject { words: &words }.render()?);
    let plain = PlainBody { words: &words }.render()?;
    let html = HtmlBody { words: &words }.render()?;
    // lettre panics on a display name it cannot encode. Names are cleaned, but a worker's life hangs on it.
    let raw = catch_unwind(AssertUnwindSafe(|| message(letter, &subject, plain, html)))
        .unwrap_or_else(|_| Err(ComposeError::Mail("a name broke it".to_owned())))?;
    Ok(Composed { subject, raw })
}

#[derive(Template)]
#[template(path = "mail/slot/subject.txt")]
struct Subject<'a> {
    words: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/slot/body.txt")]
struct PlainBody<'a> {
    words: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/slot/body.html")]
struct HtmlBody<'a> {
    words: &'a Words<'a>,
}

fn message(
    letter: &Letter<'_>,
    subject: &str,
    plain: String,
    html: String,
) -> Result<Vec<u8>, ComposeError> {
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
    let body = body(letter, plain, html)?;
    let message = builder
        .multipart(body)
        .map_err(|error| ComposeError::Mail(error.to_string()))?;
    Ok(message.formatted())
}

/// The parts as invitations have them: plain, HTML, calendar (the last is the richest), and the calendar again as a
/// file for programs that show no invitation.
fn body(letter: &Letter<'_>, plain: String, html: String) -> Result<MultiPart, ComposeError> {
    let alternative = MultiPart::alternative()
        .boundary(boundary(letter, "alternative"))
        .singlepart(SinglePart::plain(plain))
        .singlepart(SinglePart::html(html));
    if letter.contact.letters_only {
        return Ok(alternative);
    }
    let calendar = ical::calendar(letter);
    let inline = match letter.news.method() {
        Method::Request => "text/calendar; method=REQUEST; charset=UTF-8",
        Method::Cancel => "text/calendar; method=CANCEL; charset=UTF-8",
    };
    let inline = SinglePart::builder()
        .content_type(content_type(inline)?)
        .body(calendar.clone());
    let attached = SinglePart::builder()
        .content_type(content_type("application/ics; name=\"invite.ics\"")?)
        .header(ContentDisposition::attachment("invite.ics"))
        .body(calendar);
    Ok(MultiPart::mixed()
        .boundary(boundary(letter, "mixed"))
        .multipart(alternative.singlepart(inline))
        .singlepart(attached))
}

fn mailbox(name: &str, address: &Email) -> Result<Mailbox, ComposeError> {
    let parsed: Address = address
        .as_str()
        .parse()
        .map_err(|_| ComposeError::Address(address.to_string()))?;
    let name = clean::line(name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), parsed))
}

fn content_type(text: &str) -> Result<ContentType, ComposeError> {
    ContentType::parse(text).map_err(|error| ComposeError::Mail(error.to_string()))
}

/// A boundary that no text holds: nobody knows it before the Message-ID is drawn.
fn boundary(letter: &Letter<'_>, part: &str) -> String {
    let digest = Sha256::digest(format!("{} {part}", letter.message_id));
    URL_SAFE_NO_PAD.encode(&digest[..24])
}

/// `Auto-Submitted: auto-generated` (RFC 3834): absence answers stay away.
#[derive(Clone)]
struct AutoSubmitted;

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
mod tests {
    use super::*;
    use crate::mail::sample::{Sample, at, bilateral};
    use crate::notice::News;
    use crate::text::Line;

    fn text(letter: &Letter<'_>) -> String {
        String::from_utf8(compose(letter).unwrap().raw)
            .unwrap()
            .replace("\r\n", "\n")
    }

    /// The plain and the HTML body as people read them.
    fn bodies(letter: &Letter<'_>, standing: Standing) -> (String, String) {
        let words = Words::of(letter, standing);
        (
            PlainBody { words: &words }.render().unwrap(),
            HtmlBody { words: &words }.render().unwrap(),
        )
    }

    fn moved() -> News {
        News::Changed {
            before: bilateral("17:20", Some("Salon")),
            now: bilateral("17:30", Some("Conference Room")),
        }
    }

    #[test]
    fn a_confirmation() {
        let sample = Sample::new();
        let news = News::Confirmed(bilateral("17:20", Some("Salon")));
        let letter = sample.letter(&news);
        assert_eq!(
            compose(&letter).unwrap().subject,
            "Confirmed: Japan–Kazakhstan Foreign Ministers' Meeting, 24 December 2022, 17:20 (JST, UTC+9)"
        );
        let (plain, html) = bodies(&letter, Standing::UpToDate);
        insta::assert_snapshot!("confirmed_mail", text(&letter));
        insta::assert_snapshot!("confirmed_plain", plain);
        insta::assert_snapshot!("confirmed_html", html);
    }

    #[test]
    fn a_change() {
        let mut sample = Sample::new();
        sample.sequence = 1;
        sample.first_message_id = Some("<7.0.0000000000000@iikura.example>");
        sample.schedule.pop();
        sample
            .schedule
            .push(bilateral("17:30", Some("Conference Room")));
        let news = moved();
        let letter = sample.letter(&news);
        let (plain, _) = bodies(&letter, Standing::UpToDate);
        insta::assert_snapshot!("changed_mail", text(&letter));
        insta::assert_snapshot!("changed_plain", plain);
    }

    #[test]
    fn a_cancellation() {
        let mut sample = Sample::new();
        sample.sequence = 2;
        sample.schedule.pop();
        let news = News::Cancelled(bilateral("17:20", None));
        let letter = sample.letter(&news);
        let (plain, _) = bodies(&letter, Standing::UpToDate);
        insta::assert_snapshot!("cancelled_mail", text(&letter));
        insta::assert_snapshot!("cancelled_plain", plain);
    }

    #[test]
    fn the_same_letter_gives_the_same_bytes() {
        let sample = Sample::new();
        let news = moved();
        let letter = sample.letter(&news);
        assert_eq!(compose(&letter).unwrap(), compose(&letter).unwrap());
    }

    #[test]
    fn who_wants_letters_only_gets_no_calendar() {
        let mut sample = Sample::new();
        sample.contact.letters_only = true;
        let news = moved();
        let mail = text(&sample.letter(&news));
        for absent in [
            "calendar",
            "invite.ics",
            "multipart/mixed",
            "application/ics",
        ] {
            assert!(!mail.contains(absent), "{absent}");
        }
        assert!(mail.contains("multipart/alternative"));
        assert!(
            !bodies(&sample.letter(&news), Standing::UpToDate)
                .0
                .contains("invite.ics")
        );
    }

    #[test]
    fn who_missed_a_change_reads_no_old_time() {
        let sample = Sample::new();
        let news = moved();
        let (plain, html) = bodies(&sample.letter(&news), Standing::Behind);
        for body in [plain, html] {
            assert!(
                body.contains("An earlier change did not reach you"),
                "{body}"
            );
            assert!(!body.contains('→'), "{body}");
            assert!(body.contains("17:30–18:00 (JST, UTC+9)"), "{body}");
        }
    }

    #[test]
    fn another_day_at_home_is_written_out() {
        let mut sample = Sample::new();
        sample.delegation.time_zone = "America/New_York".parse().unwrap();
        let news = News::Changed {
            before: bilateral("17:20", None),
            now: bilateral("09:00", None),
        };
        let (plain, _) = bodies(&sample.letter(&news), Standing::UpToDate);
        assert!(
            plain.contains(
                "Time at Iikura House: 17:20–17:50 (JST, UTC+9) → 09:00–09:30 (JST, UTC+9)\n"
            ),
            "{plain}"
        );
        assert!(
            plain.contains(
                "Time at home: Saturday, 24 December 2022, 03:20–03:50 (EST, UTC−5) → \
                 Friday, 23 December 2022, 19:00–19:30 (EST, UTC−5)\n"
            ),
            "{plain}"
        );
    }

    #[test]
    fn a_slot_past_midnight_names_both_days() {
        let sample = Sample::new();
        let mut late = bilateral("23:45", None);
        late.ends = at("23:45").minutes() + 30;
        let news = News::Confirmed(late);
        let (plain, _) = bodies(&sample.letter(&news), Standing::UpToDate);
        assert!(
            plain.contains(
                "At Iikura House: Saturday, 24 December 2022, 23:45 – Sunday, 25 December 2022, 00:15 (JST, UTC+9)\n"
            ),
            "{plain}"
        );
    }

    #[test]
    fn the_host_reads_one_time_only() {
        let mut sample = Sample::new();
        sample.delegation.time_zone = sample.event.time_zone;
        let news = News::Confirmed(bilateral("17:20", None));
        let (plain, html) = bodies(&sample.letter(&news), Standing::UpToDate);
        assert!(!plain.contains("At home") && !html.contains("At home"));
    }

    #[test]
    fn a_name_that_breaks_headers_breaks_nothing() {
        let mut sample = Sample::new();
        // As if somebody had written to the database by hand.
        for name in ["a\r\nBcc: x@y.example", "\u{0}", "\"", "a\nb", "\r\n"] {
            sample.contact.name = Line::stored(name.into());
            sample.event.office.name = Line::stored(name.into());
            let mut told = bilateral("17:20", None);
            told.title = name.into();
            let news = News::Confirmed(told);
            let mail = text(&sample.letter(&news));
            let (headers, _) = mail.split_once("\n\n").unwrap();
            let names: Vec<&str> = headers
                .lines()
                .filter(|line| !line.starts_with(' '))
                .map(|line| line.split(':').next().unwrap())
                .collect();
            assert_eq!(
                names,
                [
                    "From",
                    "To",
                    "Reply-To",
                    "Subject",
                    "Date",
                    "Message-ID",
                    "Auto-Submitted",
                    "MIME-Version",
                    "Content-Type"
                ],
                "{name:?}"
            );
        }
    }

    #[test]
    fn markup_in_a_title_stays_text() {
        let sample = Sample::new();
        let mut told = bilateral("17:20", Some("<img src=x>"));
        told.title = "<script>alert(1)</script>".into();
        let news = News::Confirmed(told);
        let (_, html) = bodies(&sample.letter(&news), Standing::UpToDate);
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
    }

    #[test]
    fn an_address_no_mail_can_carry_is_an_error() {
        let mut sample = Sample::new();
        sample.contact.email = Email::stored("kz@x.example\r\nBcc: a@b.example".into());
        let news = moved();
        assert!(matches!(
            compose(&sample.letter(&news)),
            Err(ComposeError::Address(_))
        ));
    }
}
