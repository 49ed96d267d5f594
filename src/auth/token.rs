//! Tokens: what a program shows to act for a user. Shown once, stored as a hash, revoked by its owner.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use serde_json::json;

use crate::auth::account::{AccountError, note};
use crate::auth::session::Session;
use crate::auth::usage::{UsageKey, UsageMarks};
use crate::core::action::Action;
use crate::core::text::{Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::timetable::Zoom;
use crate::core::user::{Actor, User, UserId};
use crate::db::Conn;
use crate::db::schema::{api_tokens, users};
use crate::db::word::Word;
use crate::runtime::random::{fresh_id, random_bytes};
use crate::runtime::secret::{API_TOKEN_PREFIX, TokenHash};

/// Tokens that a user may have.
pub const MOST_TOKENS: i64 = 50;
/// Seconds between two notes that a token is in use.
const TOUCH_SECONDS: i64 = 60;

/// What a token may do at most; what its user may not do, it may not either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenScope {
    /// Read.
    Read,
    /// Read and change.
    Write,
}

impl TextEnum for TokenScope {
    const ALL: &'static [Self] = &[Self::Read, Self::Write];
    const NOUN: &'static str = "scope of a token";

    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl TokenScope {
    /// The scope as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Read and write",
        }
    }
}

/// The token itself: 32 random bytes. Its owner sees it once; it is never stored or logged.
pub struct TokenSecret(String);

impl TokenSecret {
    pub(super) fn fresh(prefix: &str) -> Self {
        Self(format!(
            "{prefix}{}",
            URL_SAFE_NO_PAD.encode(random_bytes::<32>())
        ))
    }

    /// What its owner is shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a program shows that acts for a user, as far as others may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// What the token was made for.
    pub(crate) name: TextLine,
    /// What it may do at most.
    pub(crate) scope: TokenScope,
}

/// The hash under which a token that was shown would be stored.
#[must_use]
pub fn hash(shown: &str) -> TokenHash {
    TokenHash::of(shown)
}

/// The id of a token.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel_derive_newtype::DieselNewType,
)]
pub struct TokenId(pub i64);

/// A token as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Which.
    pub id: TokenId,
    /// What for.
    pub name: TextLine,
    /// What it may do.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Moment>,
}

/// Why no token was made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// More than a user can keep track of.
    #[error("an account has at most {MOST_TOKENS} tokens; revoke one first")]
    TooMany,
    /// The user has no such token.
    #[error("there is no such token")]
    Unknown,
    /// The account is not there, or the database failed.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<diesel::result::Error> for TokenError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Account(error.into())
    }
}

/// Makes a token for a user and writes that down, without the token.
///
/// # Errors
/// When the user has too many already, or as the database says.
pub fn make(
    conn: &mut Conn,
    user: UserId,
    name: &TextLine,
    scope: TokenScope,
    actor: &Actor,
    now: Moment,
) -> Result<TokenSecret, TokenError> {
    let secret = TokenSecret::fresh(API_TOKEN_PREFIX);
    conn.transaction(|conn| {
        diesel::insert_into(api_tokens::table)
            .values((
                api_tokens::id.eq(fresh_id()),
                api_tokens::user_id.eq(user),
                api_tokens::token_hash.eq(hash(secret.reveal()).as_str()),
                api_tokens::name.eq(name.as_str()),
                api_tokens::scope.eq(Word(scope)),
                api_tokens::created_at.eq(now),
            ))
            .execute(conn)?;
        let tokens: i64 = api_tokens::table
            .filter(api_tokens::user_id.eq(user))
            .count()
            .get_result(conn)?;
        if tokens > MOST_TOKENS {
            return Err(TokenError::TooMany);
        }
        let made = json!({ "name": name.as_str(), "scope": scope.as_str() });
        note(
            conn,
            actor,
            now,
            Action::TokenMade,
            user,
            (None, Some(made)),
        )?;
        Ok(secret)
    })
}

type ApiTokenRow = (TokenId, String, Word<TokenScope>, Moment, Option<Moment>);

/// The tokens of a user, the latest first.
pub fn of_user(conn: &mut Conn, user: UserId, marks: &UsageMarks) -> QueryResult<Vec<ApiToken>> {
    let rows: Vec<ApiTokenRow> = api_tokens::table
        .filter(api_tokens::user_id.eq(user))
        .order((api_tokens::created_at.desc(), api_tokens::id))
        .select((
            api_tokens::id,
            api_tokens::name,
            api_tokens::scope,
            api_tokens::created_at,
            api_tokens::last_used_at,
        ))
        .load(conn)?;
    let token = |(id, name, Word(scope), created_at, last_used_at)| ApiToken {
        id,
        name: TextLine::stored(name),
        scope,
        created_at,
        last_used_at: marks.latest(&UsageKey::ApiToken(id), last_used_at),
    };
    Ok(rows.into_iter().map(token).collect())
}

/// Revokes a token of a user and writes that down.
///
/// # Errors
/// When the user has no such token, or as the database says.
pub fn revoke(
    conn: &mut Conn,
    user: UserId,
    token: TokenId,
    actor: &Actor,
    now: Moment,
) -> Result<(), TokenError> {
    conn.transaction(|conn| {
        let revoked: Option<(String, Word<TokenScope>)> = diesel::delete(
            api_tokens::table
                .filter(api_tokens::id.eq(token))
                .filter(api_tokens::user_id.eq(user)),
        )
        .returning((api_tokens::name, api_tokens::scope))
        .get_result(conn)
        .optional()?;
        let (name, Word(scope)) = revoked.ok_or(TokenError::Unknown)?;
        let was = json!({ "name": name, "scope": scope.as_str() });
        note(
            conn,
            actor,
            now,
            Action::TokenRevoked,
            user,
            (Some(was), None),
        )?;
        Ok(())
    })
}

/// Ends every token of a user, in the transaction that ends the sessions.
pub(super) fn end_all(conn: &mut Conn, user: UserId) -> QueryResult<()> {
    diesel::delete(api_tokens::table.filter(api_tokens::user_id.eq(user)))
        .execute(conn)
        .map(drop)
}

/// Finds who bears a token: `None` when it is unknown or revoked, or the account is disabled. Notes once a minute that
/// it is in use.
pub(crate) fn who(
    conn: &mut Conn,
    token: &TokenHash,
    now: Moment,
    marks: &UsageMarks,
) -> QueryResult<Option<Session>> {
    type TokenRow = (
        (UserId, String, String, bool, Word<Zoom>),
        TokenId,
        String,
        Word<TokenScope>,
        Option<Moment>,
    );
    let found: Option<TokenRow> = api_tokens::table
        .inner_join(users::table.on(users::id.eq(api_tokens::user_id)))
        .filter(api_tokens::token_hash.eq(token.as_str()))
        .filter(users::disabled_at.is_null())
        .select((
            (
                users::id,
                users::name,
                users::email,
                users::admin,
                users::zoom,
            ),
            api_tokens::id,
            api_tokens::name,
            api_tokens::scope,
            api_tokens::last_used_at,
        ))
        .get_result(conn)
        .optional()?;
    let Some((owner, token_id, token_name, Word(scope), last_used)) = found else {
        return Ok(None);
    };
    let (id, name, email, admin, Word(zoom)) = owner;
    let key = UsageKey::ApiToken(token_id);
    let last_used = marks.latest(&key, last_used);
    if last_used.is_none_or(|last| now.seconds() - last.seconds() >= TOUCH_SECONDS) {
        marks.note_use(key, now);
    }
    let user = User {
        id,
        name: TextLine::stored(name),
        email: Email::stored(email),
        admin,
        zoom,
    };
    let bearer = Bearer {
        name: TextLine::stored(token_name),
        scope,
    };
    Ok(Some(
        Session::found(user, token.clone(), now).borne_by(bearer),
    ))
}
