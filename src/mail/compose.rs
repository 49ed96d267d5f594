//! placeholder until merge
use super::Letter;
/// a
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct ComposeError;
/// b
#[derive(Debug)]
pub struct Composed {
    /// s
    pub subject: String,
    /// r
    pub raw: Vec<u8>,
}
/// c
pub fn compose(_: &Letter<'_>) -> Result<Composed, ComposeError> {
    Err(ComposeError)
}
