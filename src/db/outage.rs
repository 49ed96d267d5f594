//! Distinguishes a database that cannot be reached from one that refuses: the first is not the user's fault, and a
//! retry helps.

use diesel::result::{DatabaseErrorKind, Error};

/// What the two databases say when they are not to be had (PostgreSQL's codes of class 08 and 57P, 53300; SQLite's
/// `SQLITE_BUSY`). Where the connection is gone, the client library knows it, in whatever language the server spoke.
const SAID: [&str; 13] = [
    "terminating connection",
    "the database system is",
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "connection to server",
    "could not connect to server",
    "server closed the connection",
    "no connection to the server",
    "could not receive data from server",
    "could not send data to server",
    "SSL connection has been closed",
    "database is locked",
];

/// True when the database is not to be had right now, or no longer the one that may be written to.
#[must_use]
pub fn is_outage(error: &Error) -> bool {
    match error {
        Error::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        )
        | Error::BrokenTransactionManager => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown, info) => {
            SAID.iter().any(|said| info.message().contains(said))
        }
        Error::RollbackErrorOnCommit { commit_error, .. } => is_outage(commit_error),
        _ => false,
    }
}

/// True when the database was lost during a commit, so that the outcome is unknown. So
/// [`Conn::transaction`](super::Conn::transaction) reports it.
#[must_use]
pub fn is_unknown_commit(error: &Error) -> bool {
    matches!(error, Error::RollbackErrorOnCommit { commit_error, .. } if is_outage(commit_error))
}

/// Marks an error as one that happened during a commit.
pub(super) fn on_commit(error: Error) -> Error {
    match error {
        Error::RollbackErrorOnCommit { commit_error, .. } => on_commit(*commit_error),
        error if is_outage(&error) => Error::RollbackErrorOnCommit {
            rollback_error: Box::new(Error::BrokenTransactionManager),
            commit_error: Box::new(error),
        },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: DatabaseErrorKind, message: &str) -> Error {
        Error::DatabaseError(kind, Box::new(message.to_owned()))
    }

    /// As PostgreSQL 15 to 17 and SQLite word it.
    #[test]
    fn unreachable_database_is_distinguished_from_refusal() {
        use DatabaseErrorKind::{
            CheckViolation, ClosedConnection, ExclusionViolation, SerializationFailure,
            UnableToSendCommand, UniqueViolation, Unknown,
        };
        for (kind, message, outage) in [
            (ClosedConnection, "Verbindung wird abgebrochen", true),
            (UnableToSendCommand, "no connection to the server\n", true),
            (
                DatabaseErrorKind::ReadOnlyTransaction,
                "cannot execute UPDATE in a read-only transaction",
                true,
            ),
            (
                Unknown,
                "terminating connection due to administrator command",
                true,
            ),
            (
                Unknown,
                "terminating connection due to immediate shutdown command",
                true,
            ),
            (
                Unknown,
                "terminating connection because of crash of another server process",
                true,
            ),
            (Unknown, "the database system is starting up", true),
            (Unknown, "the database system is shutting down", true),
            (Unknown, "the database system is in recovery mode", true),
            (
                Unknown,
                "the database system is not yet accepting connections",
                true,
            ),
            (Unknown, "sorry, too many clients already", true),
            (
                Unknown,
                "remaining connection slots are reserved for roles with the SUPERUSER attribute",
                true,
            ),
            (
                Unknown,
                "connection to server at \"127.0.0.1\", port 5432 failed: Connection refused",
                true,
            ),
            (
                Unknown,
                "server closed the connection unexpectedly\n\tThis probably means…",
                true,
            ),
            (
                Unknown,
                "could not receive data from server: Connection reset by peer",
                true,
            ),
            (Unknown, "SSL connection has been closed unexpectedly", true),
            (Unknown, "database is locked", true),
            (Unknown, "relation \"slots\" does not exist", false),
            (Unknown, "database or disk is full", false),
            (UniqueViolation, "database is locked", false),
            (CheckViolation, "terminating connection", false),
            (ExclusionViolation, "no_overlap", false),
            (SerializationFailure, "could not serialize access", false),
        ] {
            assert_eq!(is_outage(&said(kind, message)), outage, "{message}");
        }
        assert!(is_outage(&Error::BrokenTransactionManager));
        assert!(!is_outage(&Error::NotFound));
        assert!(!is_outage(&Error::RollbackTransaction));
    }

    #[test]
    fn only_an_outage_leaves_a_commit_unknown() {
        let lost = || said(DatabaseErrorKind::ClosedConnection, "gone");
        let refused = || said(DatabaseErrorKind::CheckViolation, "ends_at");
        let with_rollback = |commit_error: Error| Error::RollbackErrorOnCommit {
            rollback_error: Box::new(Error::BrokenTransactionManager),
            commit_error: Box::new(commit_error),
        };
        for (error, unknown) in [
            (lost(), true),
            (with_rollback(lost()), true),
            (refused(), false),
            (with_rollback(refused()), false),
        ] {
            let told = on_commit(error);
            assert_eq!(is_unknown_commit(&told), unknown, "{told}");
            assert_eq!(is_outage(&told), unknown, "{told}");
        }
        // A query that is lost before the end leaves nothing behind.
        assert!(!is_unknown_commit(&lost()));
    }
}
