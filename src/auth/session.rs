//! Sessions that are alive, and how long they live.

use crate::auth::token::{Bearer, TokenScope};
use crate::core::done::Done;
use crate::core::event::{EventId, ProgrammeVersion};
use crate::core::time::Moment;
use crate::core::user::{AccessLevel, Actor, User};
use crate::runtime::secret::TokenHash;

/// Seconds without a request after which a session ends (ASVS 7.3.1).
pub const IDLE_SECONDS: i64 = 30 * 60;
/// Seconds after sign-in at which a session ends, whatever happens (ASVS 7.3.2).
pub const ABSOLUTE_SECONDS: i64 = 12 * 3600;

/// A session that is alive.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose.
    pub user: User,
    /// Which.
    pub token: TokenHash,
    /// The token that a program bears; `None` for people.
    pub(crate) bearer: Option<Bearer>,
    pub(crate) last_seen_at: Moment,
    /// What the page is to say was done.
    pub(crate) done: Option<Done>,
}

impl Session {
    pub(super) fn found(user: User, token: TokenHash, last_seen_at: Moment) -> Self {
        Self {
            user,
            token,
            bearer: None,
            last_seen_at,
            done: None,
        }
    }

    /// The same for a program that bears a token.
    pub(super) fn borne_by(self, bearer: Bearer) -> Self {
        Self {
            bearer: Some(bearer),
            ..self
        }
    }
}

/// Access of a user to one event.
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
    pub(crate) bearer: Option<Bearer>,
    pub(crate) done: Option<Done>,
}

impl EventAccess {
    /// True for officers and administrators, unless they act by a token that may only read.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.level == AccessLevel::Change && self.scope() != Some(TokenScope::Read)
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
