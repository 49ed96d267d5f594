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

use diesel_derive_newtype::DieselNewType;

use crate::audit::Actor;
use crate::auth::token::{Bearer, TokenScope};
use crate::core::event::{EventId, ProgrammeVersion};
use crate::core::text::{Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::event::timetable::Zoom;
use crate::web::Error;
use crate::web::done::Done;

/// The id of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType)]
pub struct UserId(pub i64);

/// Somebody with an account that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The name, as it stands in the history.
    pub name: TextLine,
    /// The address they sign in with.
    pub email: Email,
    /// May do everything at every event, and manages users.
    pub admin: bool,
    /// How closely they look at timetables.
    pub zoom: Zoom,
}

impl User {
    /// The user as the author of a change.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            user: Some(self.id.0),
            name: self.name.to_string(),
            way: String::new(),
        }
    }
}

/// What somebody is at one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRole {
    /// Reads and changes the programme.
    Officer,
    /// Reads it.
    Observer,
}

impl TextEnum for EventRole {
    const ALL: &'static [Self] = &[Self::Officer, Self::Observer];
    const NOUN: &'static str = "role";

    fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Observer => "observer",
        }
    }
}

/// What somebody may do at one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessLevel {
    /// See everything that officers see.
    Read,
    /// Change it.
    Change,
}

impl AccessLevel {
    /// The rule: administrators change every event, officers theirs; observers read theirs; others have no access,
    /// and for them the event does not exist.
    #[must_use]
    pub fn of(admin: bool, role: Option<EventRole>) -> Option<Self> {
        match (admin, role) {
            (true, _) | (false, Some(EventRole::Officer)) => Some(Self::Change),
            (false, Some(EventRole::Observer)) => Some(Self::Read),
            (false, None) => None,
        }
    }
}

/// Somebody's place at one event.
#[derive(Debug, Clone)]
pub struct EventAccess {
    /// Who.
    pub user: User,
    /// The event.
    pub event: EventId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub event_name: String,
    /// The version of its programme, when the seat was looked up.
    pub version: ProgrammeVersion,
    /// What they may do there.
    pub level: AccessLevel,
    /// The token of a program that acts for them; `None` when they act themselves.
    bearer: Option<Bearer>,
    done: Option<Done>,
}

impl EventAccess {
    /// True for officers and administrators, unless they act by a token that may only read.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.level == AccessLevel::Change && self.scope() != Some(TokenScope::Read)
    }

    /// Passes on those who may change the event.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for observers, and for tokens that may only read.
    pub fn to_change(self) -> Result<Self, Error> {
        if self.may_change() {
            return Ok(self);
        }
        if self.level == AccessLevel::Change {
            return Err(Error::Forbidden(
                "This token may only read. Make one that may write, on the page of your account."
                    .into(),
            ));
        }
        Err(Error::Forbidden(
            "You are an observer of this event: you can read everything and change nothing. Ask an administrator if you should be an officer.".into(),
        ))
    }

    /// Lets those pass who may read letters whole: a letter has the links by which its delegation answers.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for observers.
    pub fn to_open_letters(&self) -> Result<(), Error> {
        if self.may_change() {
            return Ok(());
        }
        Err(Error::Forbidden(
            "A letter has the links by which its delegation answers, so only officers of the event may open it. What was told to whom stands under Notices.".into(),
        ))
    }

    /// True when the page is to say what was just done to a slot, and that can be undone.
    #[must_use]
    pub fn has_undoable_news(&self) -> bool {
        self.done.is_some_and(Done::is_undoable)
    }

    /// What a program that acts for them may do at most; `None` when they act themselves.
    fn scope(&self) -> Option<TokenScope> {
        self.bearer.as_ref().map(|bearer| bearer.scope)
    }

    /// The author of a change; with the name of the token when a program acts.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let actor = self.user.actor();
        match &self.bearer {
            None => actor,
            Some(bearer) => Actor {
                way: format!(" with token “{}”", bearer.name),
                ..actor
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_follows_role_and_administrators_go_everywhere() {
        use EventRole::{Observer, Officer};
        for (admin, role, level) in [
            (true, None, Some(AccessLevel::Change)),
            (true, Some(Observer), Some(AccessLevel::Change)),
            (false, Some(Officer), Some(AccessLevel::Change)),
            (false, Some(Observer), Some(AccessLevel::Read)),
            (false, None, None),
        ] {
            assert_eq!(
                AccessLevel::of(admin, role),
                level,
                "admin {admin}, {role:?}"
            );
        }
    }
}
