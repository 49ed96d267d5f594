//! Which account belongs to whom at the provider.

use diesel::prelude::*;
use serde_json::json;

use crate::auth::account::{self, Account, AccountError, account_email, note};
use crate::core::action::Action;
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::core::user::{User, UserId};
use crate::db::schema::sign_on_identities;
use crate::db::{Conn, on_either};

/// The longest subject that a provider may send (OpenID Connect Core 1.0, section 2).
const LONGEST_SUBJECT: usize = 255;

/// The identity of a user at a provider, from a token whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderIdentity {
    issuer: String,
    subject: String,
    /// An address that the provider has verified; others are ignored.
    email: Option<Email>,
}

impl ProviderIdentity {
    /// Reads the identity from a token; `None` when it names no subject. An address counts when the token says
    /// explicitly that
    /// it is verified, and is plain ASCII: letters that only look alike are no way into an account.
    #[must_use]
    pub fn new(
        issuer: &str,
        subject: &str,
        email: Option<&str>,
        verified: Option<bool>,
    ) -> Option<Self> {
        let named = (1..=LONGEST_SUBJECT).contains(&subject.len());
        let email = email.filter(|_| verified == Some(true));
        named.then(|| Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            email: email.and_then(|email| Email::parse(email).ok()),
        })
    }
}

/// What an identity opens.
pub enum IdentityMatch {
    /// An account that works.
    Account(Box<Account>),
    /// Nothing: there is no account, or this one may not be opened by it.
    Nothing(Option<User>),
}

/// Finds the account of an identity: by its subject, and as long as no account has that subject, by
/// the verified address. The subject is then stored, so that from now on the address does not matter.
pub fn account_of(
    conn: &mut Conn,
    identity: &ProviderIdentity,
    now: Moment,
) -> Result<IdentityMatch, AccountError> {
    let (account, kept) = match known(conn, identity)? {
        Some(user) => (account::by_id(conn, user)?, true),
        None => match by_address(conn, identity)? {
            Some(account) => (account, false),
            None => return Ok(IdentityMatch::Nothing(None)),
        },
    };
    let works = !account.disabled && account.has_password();
    let opens = works && (kept || keep(conn, identity, &account.user, now)?);
    Ok(if opens {
        IdentityMatch::Account(Box::new(account))
    } else {
        IdentityMatch::Nothing(Some(account.user))
    })
}

fn known(conn: &mut Conn, identity: &ProviderIdentity) -> QueryResult<Option<UserId>> {
    sign_on_identities::table
        .filter(sign_on_identities::issuer.eq(&identity.issuer))
        .filter(sign_on_identities::subject.eq(&identity.subject))
        .select(sign_on_identities::user_id)
        .get_result(conn)
        .optional()
}

fn by_address(conn: &mut Conn, identity: &ProviderIdentity) -> QueryResult<Option<Account>> {
    match &identity.email {
        Some(email) => account::by_email(conn, &account_email(email)),
        None => Ok(None),
    }
}

/// Stores the subject of an account's owner; false when another one is stored already: the address
/// now belongs to another person there.
fn keep(
    conn: &mut Conn,
    identity: &ProviderIdentity,
    user: &User,
    now: Moment,
) -> Result<bool, AccountError> {
    conn.transaction(|conn| {
        let insert = diesel::insert_into(sign_on_identities::table).values((
            sign_on_identities::issuer.eq(&identity.issuer),
            sign_on_identities::subject.eq(&identity.subject),
            sign_on_identities::user_id.eq(user.id),
            sign_on_identities::created_at.eq(now),
        ));
        let kept = on_either!(conn, database => insert.on_conflict_do_nothing().execute(database))?;
        if kept == 0 {
            // Two sign-ins at the same moment keep the same; the second has nothing left to do.
            return Ok(known(conn, identity)? == Some(user.id));
        }
        let after = json!({ "issuer": identity.issuer });
        let what = (None, Some(after));
        note(
            conn,
            &user.actor(),
            now,
            Action::UserSignOnKnown,
            user.id,
            what,
        )?;
        Ok(true)
    })
}

/// Makes an account forget what any provider calls its owner; the next sign-in goes by the verified address again.
pub fn forget_all(conn: &mut Conn, user: UserId) -> QueryResult<()> {
    diesel::delete(sign_on_identities::table.filter(sign_on_identities::user_id.eq(user)))
        .execute(conn)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verified_plain_address_counts() {
        let email = |email, verified| {
            ProviderIdentity::new("i", "s", Some(email), verified)
                .unwrap()
                .email
        };
        let plain = "aki@protocol.example";
        assert_eq!(email(plain, Some(true)).unwrap().as_str(), plain);
        assert_eq!(email(plain, Some(false)), None);
        assert_eq!(email(plain, None), None);
        // The sign for kelvin is a small k when it is made small.
        assert_eq!(email("a\u{212a}i@protocol.example", Some(true)), None);
        assert_eq!(email("aki", Some(true)), None);
        assert_eq!(
            ProviderIdentity::new("i", "", Some(plain), Some(true)),
            None
        );
        let long = "x".repeat(LONGEST_SUBJECT + 1);
        assert_eq!(
            ProviderIdentity::new("i", &long, Some(plain), Some(true)),
            None
        );
    }
}
