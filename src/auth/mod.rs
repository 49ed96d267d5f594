//! Who is asking, and what they may do.

pub mod account;
pub mod breached;
pub mod calendar_link;
pub mod device;
pub mod entry;
pub mod factor;
pub mod hashing;
pub mod invitation;
pub mod lockout_pages;
pub mod own_pages;
pub mod pages;
pub mod password;
pub mod return_to;
pub mod session;
pub mod sign_on;
pub mod store;
pub mod throttle;
pub mod token;
pub mod token_pages;
pub mod usage;
pub mod user_pages;

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
