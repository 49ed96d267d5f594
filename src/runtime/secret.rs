//! Random tokens that browsers hold, and the hashes of secrets that the database holds.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::runtime::random::random_bytes;

/// How every token begins, so that programs that look for secrets in the wrong place can know it.
pub const API_TOKEN_PREFIX: &str = "iikura_";
/// Letters of a token at least; shorter ones are names.
const TOKEN_LETTERS: usize = 20;

/// What the browser holds: 32 random bytes. It is never stored, logged or printed.
pub struct SessionToken(String);

impl SessionToken {
    /// Draws a new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
    }

    /// What the database holds.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The token itself, for a cookie.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// SHA-256 of a token, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(String);

impl TokenHash {
    /// Hashes a secret.
    pub(crate) fn of(token: &str) -> Self {
        let hex = Sha256::digest(token.as_bytes()).iter().fold(
            String::with_capacity(64),
            |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            },
        );
        Self(hex)
    }

    /// Takes a hash back out of the database.
    pub(crate) fn stored(hex: String) -> Self {
        Self(hex)
    }

    /// Names the session on its owner's page; too short to be of use for anything else.
    #[must_use]
    pub fn reference(&self) -> String {
        self.0.chars().take(12).collect()
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Masks the tokens of private links, of links to set a password and of the API.
#[must_use]
pub fn without_tokens(raw: &str) -> String {
    let mut clean = raw.to_owned();
    for prefix in ["/d/", "/password/", API_TOKEN_PREFIX] {
        let mut from = 0;
        while let Some(at) = clean[from..].find(prefix) {
            let begin = from + at + prefix.len();
            let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let rest = &clean[begin..];
            let length = rest.find(|c| !letter(c)).unwrap_or(rest.len());
            if length >= TOKEN_LETTERS {
                clean.replace_range(begin..begin + length, "…");
            }
            from = begin;
        }
    }
    clean
}
