//! A sign-in that has been sent to the provider: one random token in a cookie of the browser that began it, and the hash
//! of it in the database.
//!
//! What goes to the provider and back (state, nonce) and what proves that we asked (PKCE) is derived from that token, one
//! way. So an answer fits no browser but the one that asked, whichever server takes it, and the database holds nothing
//! that would open anything.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::auth::CryptographyError;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::sign_on_flows;
use crate::runtime::random::random_bytes;
use crate::runtime::secret::TokenHash;

/// Seconds that a user has at the provider: a telephone may be needed for its second factor.
pub const FLOW_SECONDS: i64 = 10 * 60;
/// Most bytes of a form that waits during single sign-on: it is stored in the database meanwhile.
pub const LONGEST_ONWARD: usize = 16 * 1024;

/// What the browser holds: 32 random bytes. It is never stored, logged or printed.
pub struct FlowToken(String);

/// What is derived from it.
#[derive(Clone)]
pub struct Secrets {
    /// Comes back from the provider through the browser: the answer belongs to this browser's question.
    pub state: String,
    /// Comes back inside the signed token: the token was made for this question.
    pub nonce: String,
    /// Sent with the code: the code alone is useless to an attacker.
    pub proof: String,
}

impl FlowToken {
    /// Draws a new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
    }

    /// Reads the token of a cookie; `None` for what is none.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        is_token(raw).then(|| Self(raw.to_owned()))
    }

    /// The token itself, for a cookie.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the database holds.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// Parameters of the request to the provider.
    ///
    /// # Errors
    /// Never, with a key of this length.
    pub fn secrets(&self) -> Result<Secrets, CryptographyError> {
        let derive = |purpose: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())?;
            mac.update(purpose.as_bytes());
            Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        };
        let all = || {
            Ok(Secrets {
                state: derive("single sign-on, state")?,
                nonce: derive("single sign-on, nonce")?,
                proof: derive("single sign-on, proof of PKCE")?,
            })
        };
        all().map_err(|error: hmac::digest::InvalidLength| CryptographyError::of(error))
    }
}

impl fmt::Debug for FlowToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowToken(…)")
    }
}

/// True for 32 bytes as we write them: a token, or what is derived from one.
#[must_use]
pub fn is_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == 43 && text.bytes().all(letter)
}

/// Stores the flow of a user who is sent to the provider.
pub fn begin(conn: &mut Conn, token: &TokenHash, return_to: &str, now: Moment) -> QueryResult<()> {
    diesel::insert_into(sign_on_flows::table)
        .values((
            sign_on_flows::token_hash.eq(token.as_str()),
            sign_on_flows::onward.eq(return_to),
            sign_on_flows::created_at.eq(now),
            sign_on_flows::expires_at.eq(now.plus(FLOW_SECONDS)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Finds expired flows, up to a limit.
pub fn ended(conn: &mut Conn, now: Moment, limit: i64) -> QueryResult<Vec<String>> {
    sign_on_flows::table
        .filter(sign_on_flows::expires_at.le(now))
        .select(sign_on_flows::token_hash)
        .limit(limit)
        .load(conn)
}

/// Deletes those of the flows that have expired.
pub fn delete_ended(conn: &mut Conn, tokens: &[String], now: Moment) -> QueryResult<usize> {
    diesel::delete(
        sign_on_flows::table
            .filter(sign_on_flows::token_hash.eq_any(tokens))
            .filter(sign_on_flows::expires_at.le(now)),
    )
    .execute(conn)
}

/// Returns the target of a flow, as [`begin`] was given it; `None` when there is none, or it expired.
pub fn look(conn: &mut Conn, token: &TokenHash, now: Moment) -> QueryResult<Option<String>> {
    sign_on_flows::table
        .filter(sign_on_flows::token_hash.eq(token.as_str()))
        .filter(sign_on_flows::expires_at.gt(now))
        // One that a clock begun that ran ahead would last longer.
        .filter(sign_on_flows::created_at.le(now.plus(FLOW_SECONDS)))
        .select(sign_on_flows::onward)
        .get_result(conn)
        .optional()
}

/// Uses a flow up, and says where it leads; `None` also when another request has just used it.
pub fn take(conn: &mut Conn, token: &TokenHash, now: Moment) -> QueryResult<Option<String>> {
    let return_to = look(conn, token, now)?;
    // Deleting the row is what only one of two can do that are sent together.
    let flow = sign_on_flows::table.filter(sign_on_flows::token_hash.eq(token.as_str()));
    let ended = diesel::delete(flow).execute(conn)?;
    Ok(return_to.filter(|_| ended == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_values_differ_by_purpose_and_hide_the_token() {
        let (one, other) = (FlowToken::fresh(), FlowToken::fresh());
        let (a, again, b) = (
            one.secrets().unwrap(),
            one.secrets().unwrap(),
            other.secrets().unwrap(),
        );
        assert_eq!(a.state, again.state);
        let all = [
            &one.0, &a.state, &a.nonce, &a.proof, &other.0, &b.state, &b.nonce, &b.proof,
        ];
        for (place, text) in all.iter().enumerate() {
            assert!(is_token(text), "{text}");
            assert!(!all[..place].contains(text), "each is another");
        }
        assert_eq!(format!("{one:?}"), "FlowToken(…)");
    }
}
