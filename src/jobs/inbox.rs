//! Looking into the mailbox again and again.

use std::time::Duration;

use crate::change::incoming_mail::InboxContext;
use crate::core::clean;
use crate::core::time::Moment;
use crate::db::DbError;
use crate::mail::inbox::address::ImapUrl;
use crate::mail::inbox::imap::{ImapFault, Mailbox};
use crate::mail::inbox::read::read;
use crate::mail::inbox::store::{self, MailboxPosition};
use crate::server::app::App;

/// A mailbox that is new to us is read from so many days back.
const FIRST_DAYS: i64 = 30;

/// Why a look did not go well.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The mailbox.
    #[error("{0}")]
    Mailbox(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ImapFault> for LookError {
    fn from(fault: ImapFault) -> Self {
        Self::Mailbox(clean::masked(&fault.to_string()))
    }
}

/// Looks into the mailbox until the task is ended; whenever it is, nothing is lost and nothing is taken twice.
pub async fn watch(app: App, url: ImapUrl) {
    tracing::info!(mailbox = %clean::masked(&url.name()), "reading answers from the mailbox");
    let mut last_fault = String::new();
    loop {
        match look(&app, &url).await {
            Ok(mails) => {
                if mails > 0 {
                    tracing::info!(mails, "mail came in that refers to ours");
                }
                last_fault.clear();
            }
            // Said once, not at every look.
            Err(error) if error.to_string() != last_fault => {
                last_fault = error.to_string();
                tracing::error!(error = last_fault, "the mailbox could not be read");
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_secs(app.config.imap_every)).await;
    }
}

/// Reads the mailbox once and stores what is new; returns how many mails refer to ours. Its position
/// and any fault are stored.
///
/// # Errors
/// When the mailbox or the database fails.
pub async fn look(app: &App, url: &ImapUrl) -> Result<usize, LookError> {
    let (name, now) = (url.name(), app.clock.now());
    let known = app
        .db
        .read({
            let name = name.clone();
            move |conn| Ok::<_, DbError>(store::mark(conn, &name)?)
        })
        .await?;
    let mut mark = known.unwrap_or(MailboxPosition {
        name,
        uid_validity: 0,
        last_uid: 0,
        looked_at: now,
        last_error: None,
    });
    let looked = read_on(app, url, &mut mark, now).await;
    mark.looked_at = now;
    mark.last_error = looked.as_ref().err().map(ToString::to_string);
    app.db
        .write(move |conn| Ok::<_, DbError>(store::set_mark(conn, &mark)?))
        .await?;
    looked
}

async fn read_on(
    app: &App,
    url: &ImapUrl,
    mark: &mut MailboxPosition,
    now: Moment,
) -> Result<usize, LookError> {
    let mut mailbox = Mailbox::open(url).await?;
    let validity = i64::from(mailbox.uid_validity);
    // Another numbering: what was read before is read again, and known by its Message-ID.
    let last =
        (mark.uid_validity == validity).then(|| u32::try_from(mark.last_uid).unwrap_or(u32::MAX));
    let since = now.plus(-FIRST_DAYS * 86_400).utc().date_naive();
    let new = mailbox.after(last, since).await?;
    if last.is_none() {
        (mark.uid_validity, mark.last_uid) = (validity, 0);
    }
    let mut taken = 0;
    for (uid, size) in new {
        if let Some(raw) = mailbox.mail(uid, size).await? {
            let context = InboxContext {
                programme_cache: app.programme_cache.clone(),
                from: app.config.mail_from.clone(),
                now: app.clock.now(),
            };
            let ours = app
                .db
                .write(move |conn| context.take(conn, &read(&raw)))
                .await?;
            taken += usize::from(ours);
        }
        mark.last_uid = i64::from(uid);
    }
    mailbox.close().await;
    Ok(taken)
}
