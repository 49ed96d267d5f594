//! The letter with a link to set a password: an invitation, or for a forgotten password.

use std::panic::{AssertUnwindSafe, catch_unwind};

use askama::Template;
use lettre::message::{Message, MultiPart, SinglePart};

use super::compose::{AutoSubmitted, Composed, boundary, mailbox};
use super::part::ComposeError;
use crate::core::clean;
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::core::user::{InvitationKind, User};

/// What the sender is called: no office of an event writes here.
const SENDER: &str = "Iikura";

/// Everything that one such letter says.
#[derive(Debug, Clone)]
pub struct AccountLetter<'a> {
    /// What its link is for.
    pub kind: InvitationKind,
    /// The account's owner and only recipient.
    pub reader: &'a User,
    /// The administrator who had it sent: whom to ask.
    pub by: &'a User,
    /// The link.
    pub address: &'a str,
    /// When the link ends.
    pub until: Moment,
    /// Where this installation is found.
    pub site: &'a str,
    /// The address the mail comes from.
    pub from: &'a Email,
    /// Message-ID, angle brackets included.
    pub message_id: &'a str,
    /// When it is written: becomes Date.
    pub written_at: Moment,
}

#[derive(Template)]
#[template(path = "mail/account/subject.txt")]
struct AccountSubject {
    kind: InvitationKind,
}

#[derive(Template)]
#[template(path = "mail/account/body.txt")]
struct AccountPlain<'a> {
    letter: &'a AccountLetter<'a>,
}

#[derive(Template)]
#[template(path = "mail/account/body.html")]
struct AccountHtml<'a> {
    letter: &'a AccountLetter<'a>,
}

impl AccountLetter<'_> {
    /// Writes the mail.
    ///
    /// # Errors
    /// When an address is invalid in a mail, or lettre refuses.
    pub fn compose(&self) -> Result<Composed, ComposeError> {
        let subject = clean::line(&AccountSubject { kind: self.kind }.render()?);
        let (plain, html) = (
            AccountPlain { letter: self }.render()?,
            AccountHtml { letter: self }.render()?,
        );
        // As with letters to delegations: lettre panics on a display name it cannot encode.
        let raw = catch_unwind(AssertUnwindSafe(|| self.message(&subject, plain, html)))
            .unwrap_or_else(|_| Err(ComposeError::Mail("a name broke it".to_owned())))?;
        Ok(Composed { subject, raw })
    }

    fn message(&self, subject: &str, plain: String, html: String) -> Result<Vec<u8>, ComposeError> {
        let body = MultiPart::alternative()
            .boundary(boundary(self.message_id, "alternative"))
            .singlepart(SinglePart::plain(plain))
            .singlepart(SinglePart::html(html));
        let message = Message::builder()
            .from(mailbox(SENDER, self.from)?)
            .to(mailbox(self.reader.name.as_str(), &self.reader.email)?)
            .reply_to(mailbox(self.by.name.as_str(), &self.by.email)?)
            .subject(subject)
            .date(self.written_at.utc().into())
            .message_id(Some(clean::line(self.message_id)))
            .header(AutoSubmitted)
            .multipart(body)
            .map_err(|error| ComposeError::Mail(error.to_string()))?;
        Ok(message.formatted())
    }

    /// `Tuesday, 27 December 2022, 05:00 UTC`: a user has no zone of their own.
    fn until_in_words(&self) -> String {
        self.until
            .utc()
            .format("%A, %-d %B %Y, %H:%M UTC")
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::text::TextLine;
    use crate::core::timetable::Zoom;
    use crate::core::user::UserId;
    use crate::mail::contents::contents;

    fn user(name: &str, email: &str) -> User {
        User {
            id: UserId(1),
            name: TextLine::parse(name).unwrap(),
            email: Email::parse(email).unwrap(),
            admin: false,
            zoom: Zoom::Five,
        }
    }

    fn mail(kind: InvitationKind, name: &str) -> Vec<u8> {
        let reader = user(name, "hanako@protocol.example");
        let by = user("Aki <b>Tanaka</b>", "aki@protocol.example");
        let from = Email::parse("noreply@iikura.example").unwrap();
        let written_at = Moment::from_seconds(1_671_858_000);
        let letter = AccountLetter {
            kind,
            reader: &reader,
            by: &by,
            address: "https://iikura.example/password/aaaa-bbbb-cccc-dddd-eeee-ffff-gggg",
            until: written_at.plus(kind.seconds()),
            site: "https://iikura.example/",
            from: &from,
            message_id: "<account.0000000000001@iikura.example>",
            written_at,
        };
        letter.compose().unwrap().raw
    }

    fn text(kind: InvitationKind) -> String {
        String::from_utf8(mail(kind, "Hanako Sato"))
            .unwrap()
            .replace("\r\n", "\n")
    }

    #[test]
    fn an_invitation() {
        insta::assert_snapshot!("invitation_mail", text(InvitationKind::Invitation));
    }

    #[test]
    fn a_link_for_a_forgotten_password() {
        insta::assert_snapshot!("reset_mail", text(InvitationKind::Reset));
    }

    #[test]
    fn a_name_is_text_in_the_letter_and_adds_no_header() {
        let raw = mail(
            InvitationKind::Invitation,
            "\"><img src=x>, 佐藤 <a@b.example>",
        );
        let contents = contents(&raw);
        assert!(!contents.html.contains("<img") && !contents.html.contains("<b>"));
        assert!(contents.plain.contains("Dear \"><img src=x>, 佐藤"));
        let (head, _) = std::str::from_utf8(&raw)
            .unwrap()
            .split_once("\r\n\r\n")
            .unwrap();
        assert_eq!(head.matches("@b.example").count(), 0, "{head}");
        assert_eq!(head.matches("hanako@protocol.example").count(), 1, "{head}");
    }
}
