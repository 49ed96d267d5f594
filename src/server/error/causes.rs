//! What a failure of each operation means for the request that asked for it.

use super::{Error, SOON};
use crate::auth::CryptographyError;
use crate::auth::account::AccountError;
use crate::auth::calendar_link::CalendarLinkError;
use crate::auth::hashing::HashingQueueFull;
use crate::auth::invitation::InvitationError;
use crate::auth::throttle::{ThrottleError, Throttled};
use crate::auth::token::TokenError;
use crate::change::booking::BookingError;
use crate::change::dry_run::NotifyError;
use crate::core::decision::Refusal;
use crate::db::DbError;
use crate::db::outage::{is_outage, is_unknown_commit};
use crate::documents::pdf::SheetError;
use crate::documents::queue::{self, DocumentError};
use crate::mail::facts::LetterError;
use crate::mail::outbox::EnqueueError;
use crate::personal::ErasureError;
use crate::runtime::queue::QueueError;
use crate::runtime::rate::RateLimited;
use crate::store::archived::Archived;
use crate::store::audit::chain::AlteredHistory;

impl From<diesel::result::Error> for Error {
    /// A row that is not there is a page that is not there; a full disk and an outage have their own words.
    fn from(error: diesel::result::Error) -> Self {
        if let Some(altered) = AlteredHistory::of(&error) {
            tracing::error!("{altered}");
            return Self::Conflict(format!("Nothing was erased: {altered}."));
        }
        match &error {
            diesel::result::Error::NotFound => Self::NotFound,
            archived if Archived::refused(archived) => Self::Conflict(Archived.to_string()),
            diesel::result::Error::DatabaseError(_, info) if is_full(info.message()) => {
                tracing::error!("the database's disk is full");
                Self::StorageFull
            }
            lost if is_unknown_commit(lost) => {
                tracing::error!(cause = %error, "the database was lost during a commit");
                Self::UnknownOutcome
            }
            lost if is_outage(lost) => {
                tracing::error!(cause = %error, "the database was lost");
                Self::Unavailable
            }
            _ => Self::internal(error),
        }
    }
}

/// SQLite says `database or disk is full`, PostgreSQL passes on what the system says.
fn is_full(message: &str) -> bool {
    message.contains("disk is full") || message.contains("No space left on device")
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Query(error) => error.into(),
            DbError::Pool(_) | DbError::Connect(_) => {
                tracing::error!(cause = %error, "the database does not answer");
                Self::Unavailable
            }
            DbError::NewerSchema(migration) => {
                tracing::error!(
                    %migration,
                    "refused to write: a newer iikura has migrated the database; stop this server and start the newer one"
                );
                Self::Outdated
            }
            other => Self::internal(other),
        }
    }
}

impl From<EnqueueError> for Error {
    /// What the database said counts as everywhere; a letter that could not be written is a fault of ours.
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::Query(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<NotifyError> for Error {
    fn from(error: NotifyError) -> Self {
        match error {
            NotifyError::Store(error)
            | NotifyError::Post(LetterError {
                source: EnqueueError::Query(error),
                ..
            }) => error.into(),
            NotifyError::Post(_) => Self::internal(error),
        }
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

impl From<DocumentError> for Error {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NotFound => Self::NotFound,
            DocumentError::Sheet(error) => match &*error {
                SheetError::Pdf(fault) => Self::internal(fault),
                asked => Self::BadRequest(format!("{asked}.")),
            },
            DocumentError::Fault(fault) => Self::internal(fault),
            DocumentError::Queue(error) => error.into(),
        }
    }
}

impl From<QueueError> for Error {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::OwnerLimit => Self::TooMany {
                wait: queue::OWNER_WAIT,
            },
            QueueError::Full => Self::Busy {
                wait: queue::QUEUE_WAIT,
            },
            QueueError::Failed => Self::internal(error),
        }
    }
}

impl From<RateLimited> for Error {
    fn from(RateLimited { wait }: RateLimited) -> Self {
        Self::TooMany { wait }
    }
}

impl From<Throttled> for Error {
    fn from(Throttled { wait }: Throttled) -> Self {
        Self::TooMany { wait }
    }
}

impl From<ThrottleError> for Error {
    fn from(error: ThrottleError) -> Self {
        match error {
            ThrottleError::Throttled(error) => error.into(),
            ThrottleError::Query(error) => error.into(),
            ThrottleError::Database(error) => error.into(),
        }
    }
}

impl From<HashingQueueFull> for Error {
    fn from(_: HashingQueueFull) -> Self {
        Self::Busy { wait: SOON }
    }
}

impl From<CryptographyError> for Error {
    fn from(error: CryptographyError) -> Self {
        Self::internal(error)
    }
}

impl From<AccountError> for Error {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Unknown => Self::NotFound,
            AccountError::Query(error) => error.into(),
            refusal => Self::Conflict(format!("Nothing was changed: {refusal}.")),
        }
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unknown => Self::NotFound,
            TokenError::TooMany => Self::Conflict(format!("Nothing was created: {error}.")),
            TokenError::Account(error) => error.into(),
        }
    }
}

impl From<CalendarLinkError> for Error {
    fn from(error: CalendarLinkError) -> Self {
        match error {
            CalendarLinkError::Unknown => Self::NotFound,
            CalendarLinkError::TooMany => Self::Conflict(format!("Nothing was created: {error}.")),
            CalendarLinkError::Token(error) => error.into(),
        }
    }
}

impl From<InvitationError> for Error {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::Account(error) => error.into(),
            InvitationError::Post(error) => error.into(),
            refusal => Self::Conflict(format!("Nothing was changed: {refusal}.")),
        }
    }
}

impl From<ErasureError> for Error {
    fn from(error: ErasureError) -> Self {
        match error {
            ErasureError::Unknown => Self::NotFound,
            ErasureError::Account(error) => error.into(),
            ErasureError::Query(error) => error.into(),
            ErasureError::Database(error) => error.into(),
            refusal => Self::Conflict(format!("Nothing was erased: {refusal}.")),
        }
    }
}

impl From<BookingError> for Error {
    /// What no form can mend.
    fn from(error: BookingError) -> Self {
        let refusal = match error {
            BookingError::Refused(refusal) => refusal,
            BookingError::Store(error) => return error.into(),
            BookingError::Database(error) => return error.into(),
            BookingError::Tell(error) => return error.into(),
        };
        let sentence = capitalised(&refusal.to_string());
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Gone(_) => {
                Self::Conflict(format!("{sentence}. Open the slot and change it by hand."))
            }
            Refusal::State { .. } => Self::Conflict(format!(
                "{sentence}. Open the slot again to see its current state."
            )),
            // Callers show these two as pages of their own.
            Refusal::Stale { .. } | Refusal::Conflicts(_) => Self::Conflict(refusal.to_string()),
        }
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;

    #[test]
    fn lost_database_is_unavailable_in_any_nested_error() {
        use diesel::result::{DatabaseErrorKind, Error as DieselError};

        let lost = |kind| DieselError::DatabaseError(kind, Box::new("gone".to_owned()));
        let closed = || lost(DatabaseErrorKind::ClosedConnection);
        let post = |error: DieselError| {
            NotifyError::Post(LetterError {
                recipient: "liaison@embassy.example".to_owned(),
                source: error.into(),
            })
        };
        for error in [
            Error::from(closed()),
            DbError::Query(closed()).into(),
            DbError::Pool("timed out".to_owned()).into(),
            EnqueueError::Query(closed()).into(),
            NotifyError::Store(closed()).into(),
            post(closed()).into(),
            BookingError::from(post(closed())).into(),
        ] {
            assert!(matches!(error, Error::Unavailable), "{error}");
            let answer = error.error_response();
            assert_eq!(answer.status(), 503);
            assert_eq!(answer.headers().get("retry-after").unwrap(), "5");
        }
        let unknown = Error::from(DieselError::RollbackErrorOnCommit {
            rollback_error: Box::new(DieselError::BrokenTransactionManager),
            commit_error: Box::new(closed()),
        });
        assert_eq!(unknown.error_response().status(), 503);
        let words = unknown.sentences().concat();
        assert!(
            words.contains("outcome is unknown") && !words.contains("Nothing was stored"),
            "{words}"
        );
        let refused = Error::from(lost(DatabaseErrorKind::CheckViolation));
        assert_eq!(refused.status_code(), 500);
    }
}
