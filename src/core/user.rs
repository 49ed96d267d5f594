//! Users, their roles at events, and the authors of changes.

use crate::core::text::{Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::timetable::Zoom;

/// The id of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// A user with an active account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The name, as recorded in the history.
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

/// Role of a user at one event.
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

/// Rights of a user at one event.
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

/// Who acts: a user, or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user's id; `None` for the command line and the program itself.
    pub user: Option<i64>,
    /// The name; of a user, the history has the pseudonym instead.
    pub name: String,
    /// In which way, as ` with token “printer”`; empty for a user at a browser.
    pub way: String,
}

impl Actor {
    /// A user of the command line.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            user: None,
            name: "command line".to_owned(),
            way: String::new(),
        }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.name, self.way)
    }
}

/// What a link by which a user sets a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKind {
    /// To choose the first password of an account.
    Invitation,
    /// To set another one.
    Reset,
}

impl TextEnum for InvitationKind {
    const ALL: &'static [Self] = &[Self::Invitation, Self::Reset];
    const NOUN: &'static str = "kind of invitation";

    fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
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
