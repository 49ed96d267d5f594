//! Parts of a mail, and why one could not be written.

use lettre::message::header::ContentType;

/// Why a letter could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A template failed.
    #[error("the letter could not be written: {0}")]
    Template(#[from] askama::Error),
    /// An address that no mail can carry got past the form.
    #[error("'{0}' is invalid in a mail; correct the address")]
    Address(String),
    /// lettre refused the mail.
    #[error("the mail could not be put together: {0}")]
    Mail(String),
}

pub(super) fn content_type(text: &str) -> Result<ContentType, ComposeError> {
    ContentType::parse(text).map_err(|error| ComposeError::Mail(error.to_string()))
}
