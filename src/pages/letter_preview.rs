//! Letters as they would go out now, on the pages that ask before they are sent.

use std::collections::HashMap;
use std::sync::Arc;

use crate::change::dry_run::{NotifyError, NotifyTx};
use crate::change::notify;
use crate::db::DbError;
use crate::mail::MailContext;
use crate::mail::contents::contents;
use crate::mail::language::Language;
use crate::mail::outbox::MailDraft;
use crate::server::context::EventContext;

/// A letter that would go out now.
pub(crate) struct LetterPreview {
    pub(crate) number: usize,
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) calendar: bool,
    /// The name of the paper that comes with it; empty where none does.
    pub(crate) paper: String,
    pub(crate) needless: bool,
    /// The language that the contact asked for and no letter is written in; empty where there is none.
    pub(crate) missing_language: String,
}

/// Composes the mails that a step would send now; nothing is stored, and no writer is waited for.
///
/// # Errors
/// As the step says.
pub(crate) async fn composed<T, E>(
    context: &EventContext,
    step: impl FnOnce(&mut dyn NotifyTx, &MailContext) -> Result<T, E> + Send + 'static,
) -> Result<Vec<MailDraft>, E>
where
    E: From<NotifyError> + From<DbError> + From<diesel::result::Error> + Send + 'static,
{
    let (post, programme, now) = (
        context.app.mail_context(),
        Arc::clone(&context.programme),
        context.now,
    );
    let db = &context.app.db;
    db.read_long(move |conn| {
        conn.snapshot(|conn| {
            let step = |tx: &mut dyn NotifyTx| step(tx, &post);
            notify::preview(conn, &programme, &post, now, step)
        })
    })
    .await
}

/// Shows letters as they would go out.
pub(crate) fn previews(context: &EventContext, mails: &[MailDraft]) -> Vec<LetterPreview> {
    let contacts = context.programme.delegations.iter();
    let languages: HashMap<&str, &str> = contacts
        .flat_map(|delegation| &delegation.contacts)
        .map(|contact| (contact.email.as_str(), contact.language.as_str()))
        .collect();
    let preview = |(number, mail): (usize, &MailDraft)| {
        let language = languages.get(mail.recipient.as_str()).copied();
        let missing = language.filter(|tag| Language::written(tag).is_none());
        LetterPreview {
            missing_language: missing.unwrap_or_default().to_owned(),
            ..letter_preview(number, mail)
        }
    };
    (0..).zip(mails).map(preview).collect()
}

fn letter_preview(number: usize, mail: &MailDraft) -> LetterPreview {
    let contents = contents(mail.as_sent());
    let enclosure = mail.enclosure.as_ref();
    LetterPreview {
        number,
        recipient: format!("{} <{}>", mail.recipient_name, mail.recipient),
        subject: mail.subject.clone(),
        text: contents.plain,
        calendar: contents.calendar.is_some(),
        paper: enclosure.map_or_else(String::new, |(name, _)| name.clone()),
        needless: mail.is_needless(),
        missing_language: String::new(),
    }
}
