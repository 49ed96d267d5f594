//! Invitations in the database. Every change takes the account's row first, so that two at once come one after the other.

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::json;

use super::{Delivery, LinkToken};
use crate::auth::account::{self, Account, AccountError, Profile, note};
use crate::core::action::Action;
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::core::user::{Actor, InvitationKind, User, UserId};
use crate::db::Conn;
use crate::db::schema::{invitations, users};
use crate::db::word::Word;
use crate::mail::account::AccountLetter;
use crate::mail::outbox::{self, EnqueueError, MailId};
use crate::runtime::clock::CLOCKS_DIFFER;
use crate::runtime::random::fresh_id;
use crate::runtime::secret::TokenHash;
use crate::store::private_link::address::PrivateLinks;

/// Why there is no link, or none any more.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// A user with a password cannot be invited: that would be a way around it.
    #[error("the user has a password already; send a link to set a new one instead")]
    HasPassword,
    /// A user without a password has none to forget.
    #[error("the user has not chosen a password yet; invite them again instead")]
    NoPassword,
    /// The account cannot be used to sign in.
    #[error("the account is disabled; enable it first")]
    Disabled,
    /// It was used or withdrawn meanwhile.
    #[error("there is no link to withdraw")]
    NoLink,
    /// The letter could not be written.
    #[error(transparent)]
    Post(#[from] EnqueueError),
    /// The account stays as it is.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<diesel::result::Error> for InvitationError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Account(error.into())
    }
}

/// What an administrator wants to be made.
#[derive(Debug, Clone)]
pub struct InvitationRequest<'a> {
    /// How the link reaches its user.
    pub delivery: &'a Delivery,
    /// Makes the link's address.
    pub links: &'a PrivateLinks,
    /// Who wants it.
    pub by: &'a User,
    /// When.
    pub now: Moment,
}

/// A link that was made.
#[derive(Debug)]
pub struct CreatedInvitation {
    /// Its address: for its user, and for the administrator who passes it on.
    pub address: String,
    /// When it ends.
    pub until: Moment,
}

/// A link that is unused or expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingInvitation {
    /// What it is for.
    pub kind: InvitationKind,
    /// Whose.
    pub user: UserId,
    /// The letter that has it; `None` where it was handed over.
    pub mail: Option<MailId>,
    /// When it ends.
    pub until: Moment,
}

impl PendingInvitation {
    /// True when it is invalid.
    #[must_use]
    pub fn is_over(&self, now: Moment) -> bool {
        self.until <= now
    }
}

/// What a link that is good opens.
pub struct OpenedInvitation {
    /// What it is for.
    pub kind: InvitationKind,
    /// Whose.
    pub account: Account,
    /// When it ends.
    pub until: Moment,
}

/// Adds an account without a password and invites its user.
///
/// # Errors
/// When another account has the address, or the letter cannot be written, or as the database says.
pub fn add(
    conn: &mut Conn,
    email: &Email,
    profile: &Profile,
    order: &InvitationRequest<'_>,
) -> Result<(UserId, CreatedInvitation), InvitationError> {
    conn.transaction(|conn| {
        let user = account::put(conn, email, profile, None, order.now)?;
        let invited = account::by_id(conn, user)?.user;
        let made = put(conn, InvitationKind::Invitation, &invited, order)?;
        account::note_added(conn, user, &order.by.actor(), order.now)?;
        note_made(conn, InvitationKind::Invitation, user, order)?;
        Ok((user, made))
    })
}

/// Creates a link, replacing an older one, which becomes invalid.
///
/// # Errors
/// When the account is disabled or another kind fits it, the letter cannot be written, or as the database says.
pub fn renew(
    conn: &mut Conn,
    kind: InvitationKind,
    user: UserId,
    order: &InvitationRequest<'_>,
) -> Result<CreatedInvitation, InvitationError> {
    conn.transaction(|conn| {
        lock(conn, user)?;
        let account = account::by_id(conn, user)?;
        match (kind, account.has_password()) {
            (InvitationKind::Invitation, true) => return Err(InvitationError::HasPassword),
            (InvitationKind::Reset, false) => return Err(InvitationError::NoPassword),
            _ if account.disabled => return Err(InvitationError::Disabled),
            _ => {}
        }
        end_all(conn, user, order.now)?;
        let made = put(conn, kind, &account.user, order)?;
        note_made(conn, kind, user, order)?;
        Ok(made)
    })
}

/// Withdraws the link of a user, whatever it is for.
///
/// # Errors
/// When there is none any more, or as the database says.
pub fn withdraw(
    conn: &mut Conn,
    user: UserId,
    actor: &Actor,
    now: Moment,
) -> Result<(), InvitationError> {
    conn.transaction(|conn| {
        lock(conn, user)?;
        account::by_id(conn, user)?;
        let open = of_user(conn, user)?.ok_or(InvitationError::NoLink)?;
        end_all(conn, user, now)?;
        let action = match open.kind {
            InvitationKind::Invitation => Action::UserInvitationWithdrawn,
            InvitationKind::Reset => Action::UserResetWithdrawn,
        };
        Ok(note(conn, actor, now, action, user, (None, None))?)
    })
}

/// What a link opens; `None` for one that was never made, was used, withdrawn or replaced, or has expired: all of them
/// look alike.
pub fn open(
    conn: &mut Conn,
    token: &TokenHash,
    now: Moment,
) -> Result<Option<OpenedInvitation>, AccountError> {
    let found: Option<(UserId, Word<InvitationKind>, Moment)> = invitations::table
        .filter(is_good(token, now))
        .select((
            invitations::user_id,
            invitations::kind,
            invitations::expires_at,
        ))
        .get_result(conn)
        .optional()?;
    let Some((user, Word(kind), until)) = found else {
        return Ok(None);
    };
    let account = account::by_id(conn, user)?;
    Ok(fits(kind, &account).then_some(OpenedInvitation {
        kind,
        account,
        until,
    }))
}

/// Uses a link to set a password; `None` when it is invalid. Of two requests at once, one succeeds.
pub fn accept(
    conn: &mut Conn,
    token: &TokenHash,
    password_hash: &str,
    now: Moment,
) -> Result<Option<UserId>, AccountError> {
    conn.transaction(|conn| {
        diesel::sql_query(
            "UPDATE users SET email = email
             WHERE id = (SELECT user_id FROM invitations WHERE token_hash = $1)",
        )
        .bind::<Text, _>(token.as_str())
        .execute(conn)?;
        let used: Option<InvitationRow> =
            diesel::delete(invitations::table.filter(is_good(token, now)))
                .returning(COLUMNS)
                .get_result(conn)
                .optional()?;
        let Some(PendingInvitation {
            user, kind, mail, ..
        }) = used.map(opened)
        else {
            return Ok(None);
        };
        if let Some(letter) = mail {
            outbox::take_back(conn, letter, now)?;
        }
        let account = account::by_id(conn, user)?;
        if !fits(kind, &account) {
            return Ok(None);
        }
        account::take_password(conn, user, password_hash, None, now)?;
        let action = match kind {
            InvitationKind::Invitation => Action::UserInvitationAccepted,
            InvitationKind::Reset => Action::UserPasswordReset,
        };
        note(
            conn,
            &whoever_had_it(&account.user, mail),
            now,
            action,
            user,
            (None, None),
        )?;
        Ok(Some(user))
    })
}

/// The actor who sets a password by a link: its user, as far as its delivery proves that.
fn whoever_had_it(user: &User, letter: Option<MailId>) -> Actor {
    let way = if letter.is_some() {
        " by the link in a letter"
    } else {
        " by a link that was handed over"
    };
    Actor {
        way: way.to_owned(),
        ..user.actor()
    }
}

/// The link of a user, valid or expired.
pub fn of_user(conn: &mut Conn, user: UserId) -> QueryResult<Option<PendingInvitation>> {
    let row = invitations::table
        .filter(invitations::user_id.eq(user))
        .select(COLUMNS)
        .get_result::<InvitationRow>(conn)
        .optional()?;
    Ok(row.map(opened))
}

/// Every link, valid or expired.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<PendingInvitation>> {
    let rows: Vec<InvitationRow> = invitations::table.select(COLUMNS).load(conn)?;
    Ok(rows.into_iter().map(opened).collect())
}

/// Ends the link of a user, and takes its letter back if that has not left.
pub fn end_all(conn: &mut Conn, user: UserId, now: Moment) -> QueryResult<()> {
    let letters: Vec<Option<MailId>> =
        diesel::delete(invitations::table.filter(invitations::user_id.eq(user)))
            .returning(invitations::mail_id)
            .get_results(conn)?;
    for letter in letters.into_iter().flatten() {
        outbox::take_back(conn, letter, now)?;
    }
    Ok(())
}

/// Revokes the link in a letter that bounced: readers of the mailbox can read the letter.
pub fn end_returned(conn: &mut Conn, letter: MailId) -> QueryResult<()> {
    diesel::delete(invitations::table.filter(invitations::mail_id.eq(letter)))
        .execute(conn)
        .map(drop)
}

type InvitationRow = (UserId, Word<InvitationKind>, Option<MailId>, Moment);

const COLUMNS: (
    invitations::user_id,
    invitations::kind,
    invitations::mail_id,
    invitations::expires_at,
) = (
    invitations::user_id,
    invitations::kind,
    invitations::mail_id,
    invitations::expires_at,
);

fn opened((user, Word(kind), mail, until): InvitationRow) -> PendingInvitation {
    PendingInvitation {
        kind,
        user,
        mail,
        until,
    }
}

/// That a link is this one and works now. One that was made by a clock that ran ahead would last longer than it may.
#[diesel::dsl::auto_type]
fn is_good<'a>(token: &'a TokenHash, now: Moment) -> _ {
    let hash: &'a str = token.as_str();
    let latest: Moment = now.plus(CLOCKS_DIFFER);
    invitations::token_hash
        .eq(hash)
        .and(invitations::expires_at.gt(now))
        .and(invitations::created_at.le(latest))
}

/// An invitation is for an account without a password, and nothing is for one that is disabled.
fn fits(kind: InvitationKind, account: &Account) -> bool {
    !account.disabled && (kind == InvitationKind::Reset || !account.has_password())
}

fn lock(conn: &mut Conn, user: UserId) -> QueryResult<()> {
    diesel::update(users::table.find(user))
        .set(users::email.eq(users::email))
        .execute(conn)
        .map(drop)
}

/// Stores a link that was just drawn, and the letter that has it.
fn put(
    conn: &mut Conn,
    kind: InvitationKind,
    user: &User,
    order: &InvitationRequest<'_>,
) -> Result<CreatedInvitation, InvitationError> {
    let token = LinkToken::fresh();
    let (address, until) = (
        order.links.absolute(&token.path()),
        order.now.plus(kind.seconds()),
    );
    let mail = match order.delivery {
        Delivery::Hand => None,
        Delivery::Mail(post) => {
            let letter = AccountLetter {
                kind,
                reader: user,
                by: order.by,
                address: &address,
                until,
                site: &order.links.absolute("/"),
                from: &post.from,
                message_id: &format!("<account.{:013x}@{}>", fresh_id(), post.from.domain()),
                written_at: order.now,
            };
            Some(outbox::post_about_account(conn, &letter, post)?)
        }
    };
    diesel::insert_into(invitations::table)
        .values((
            invitations::token_hash.eq(token.hash().as_str()),
            invitations::user_id.eq(user.id),
            invitations::kind.eq(Word(kind)),
            invitations::mail_id.eq(mail),
            invitations::created_at.eq(order.now),
            invitations::expires_at.eq(until),
        ))
        .execute(conn)?;
    Ok(CreatedInvitation { address, until })
}

fn note_made(
    conn: &mut Conn,
    kind: InvitationKind,
    user: UserId,
    order: &InvitationRequest<'_>,
) -> Result<(), AccountError> {
    let action = match kind {
        InvitationKind::Invitation => Action::UserInvited,
        InvitationKind::Reset => Action::UserResetOffered,
    };
    let made = json!({
        "link": order.delivery.as_str(),
        "until": order.now.plus(kind.seconds()).in_utc(),
    });
    let actor = order.by.actor();
    note(conn, &actor, order.now, action, user, (None, Some(made)))
}
