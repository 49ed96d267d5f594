//! Links by which people set their own password: invited to an account that has none yet, or to replace a forgotten one.
//!
//! No user sets a password for another. A user has one such link at most, the newest; it works once, until a
//! moment that is fixed when it is made. An invitation is for an account without a password and never touches another;
//! neither kind signs in or removes a second factor.

pub mod store;
mod token;

pub use store::{
    CreatedInvitation, InvitationError, InvitationRequest, OpenedInvitation, PendingInvitation,
    accept, add, all, end_all, end_returned, of_user, open, renew, withdraw,
};
pub use token::LinkToken;

use crate::core::user::InvitationKind;
use crate::mail::MailContext;

impl InvitationKind {
    /// Seconds for which a link works: an invitation may lie over a weekend, a forgotten password is waited for.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Invitation => 72 * 3600,
            Self::Reset => 24 * 3600,
        }
    }
}

/// How a link reaches its user.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// By mail to the address of the account.
    Mail(MailContext),
    /// The administrator sees it once and hands it over.
    Hand,
}

impl Delivery {
    /// As recorded in the history.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Mail(_) => "e-mail",
            Self::Hand => "handed over",
        }
    }
}
