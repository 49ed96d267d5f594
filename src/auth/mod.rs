//! Who is asking, and what they may do.

pub mod account;
pub mod breached;
pub mod calendar_link;
pub mod device;
pub mod factor;
pub mod hashing;
pub mod invitation;
pub mod password;
pub mod session;
pub mod sign_on;
pub mod store;
pub mod throttle;
pub mod token;
pub mod usage;

/// A cryptographic library refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CryptographyError(String);

impl CryptographyError {
    /// Takes the cause of any library.
    pub(crate) fn of(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}
