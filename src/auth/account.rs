//! Changes to accounts; each is recorded in the history, without passwords and hashes.

use diesel::prelude::*;
use serde_json::json;

use crate::auth::sign_on::identity;
use crate::auth::store::end_sessions;
use crate::auth::{calendar_link, device, invitation, token};
use crate::core::action::Action;
use crate::core::event::EventId;
use crate::core::text::{Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::timetable::Zoom;
use crate::core::user::{Actor, EventRole, User, UserId};
use crate::db::Conn;
use crate::db::schema::{events, memberships, users};
use crate::db::word::Word;
use crate::runtime::random::fresh_id;
use crate::runtime::secret::TokenHash;
use crate::store::audit::{self, DETAILS_CHANGED, HistoryEntry, pseudonym};

/// An account with what the sign-in needs. Its hash never leaves this module's callers in `auth`.
#[derive(Clone)]
pub struct Account {
    /// Whose.
    pub user: User,
    /// No one can sign in with this account.
    pub disabled: bool,
    /// Empty for an invited user who has not chosen one yet.
    pub(crate) password_hash: String,
}

impl Account {
    /// True once a password was set: only then can the account be used to sign in.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.stored_hash().is_some()
    }

    /// What a password is checked against; `None` where there is nothing to check against.
    pub(crate) fn stored_hash(&self) -> Option<&str> {
        Some(self.password_hash.as_str()).filter(|hash| !hash.is_empty())
    }
}

/// A role at an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAt {
    /// The event.
    pub event: EventId,
    /// The event's name in URLs.
    pub slug: String,
    /// The event's name.
    pub name: String,
    /// The role there, if any.
    pub role: Option<EventRole>,
}

/// What a user is to be.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The name.
    pub name: TextLine,
    /// Administrator of everything.
    pub admin: bool,
    /// The events at which there is a role, and which.
    pub roles: Vec<(EventId, EventRole)>,
}

/// Why an account stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Another account has the address.
    #[error("another account has this e-mail address; every account needs its own")]
    EmailTaken,
    /// Without this account no user could manage users any more.
    #[error(
        "this is the last administrator who can sign in; make another user an administrator first"
    )]
    LastAdministrator,
    /// There is no such account.
    #[error("there is no such account")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
}

/// Normalises an address to lower case, so that no two accounts have addresses that look the same.
#[must_use]
pub fn account_email(email: &Email) -> String {
    email.as_str().to_lowercase()
}

type AccountRow = (
    UserId,
    String,
    String,
    bool,
    Word<Zoom>,
    Option<Moment>,
    String,
);

fn account(
    (id, name, email, admin, Word(zoom), disabled_at, password_hash): AccountRow,
) -> Account {
    Account {
        user: User {
            id,
            name: TextLine::stored(name),
            email: Email::stored(email),
            admin,
            zoom,
        },
        disabled: disabled_at.is_some(),
        password_hash,
    }
}

macro_rules! columns {
    () => {
        (
            users::id,
            users::name,
            users::email,
            users::admin,
            users::zoom,
            users::disabled_at,
            users::password_hash,
        )
    };
}

/// The account with an address in lower case.
pub fn by_email(conn: &mut Conn, email: &str) -> QueryResult<Option<Account>> {
    let row: Option<AccountRow> = users::table
        .filter(users::email.eq(email))
        .select(columns!())
        .get_result(conn)
        .optional()?;
    Ok(row.map(account))
}

/// The account with an id.
///
/// # Errors
/// [`AccountError::Unknown`], or as the database says.
pub fn by_id(conn: &mut Conn, user: UserId) -> Result<Account, AccountError> {
    let row: Option<AccountRow> = users::table
        .filter(users::id.eq(user))
        .select(columns!())
        .get_result(conn)
        .optional()?;
    row.map(account).ok_or(AccountError::Unknown)
}

/// Every account by name.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<Account>> {
    let rows: Vec<AccountRow> = users::table
        .order((users::name, users::id))
        .select(columns!())
        .load(conn)?;
    Ok(rows.into_iter().map(account).collect())
}

/// Every event, with a user's role there.
pub fn roles(conn: &mut Conn, user: Option<UserId>) -> QueryResult<Vec<RoleAt>> {
    let rows: Vec<(EventId, String, String, Option<Word<EventRole>>)> = events::table
        .left_join(
            memberships::table.on(memberships::event_id
                .eq(events::id)
                .and(memberships::user_id.eq(user.unwrap_or(UserId(-1))))),
        )
        .order(events::slug)
        .select((
            events::id,
            events::slug,
            events::name,
            memberships::role.nullable(),
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(event, slug, name, role)| RoleAt {
            event,
            slug,
            name,
            role: role.map(|Word(role)| role),
        })
        .collect())
}

/// Lists the roles of all users, as user and sentence (`officer at ca-jad-9`).
pub fn roles_in_words(conn: &mut Conn) -> QueryResult<Vec<(UserId, String)>> {
    let rows: Vec<(UserId, Word<EventRole>, String)> = memberships::table
        .inner_join(events::table.on(events::id.eq(memberships::event_id)))
        .order(events::slug)
        .select((memberships::user_id, memberships::role, events::slug))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(user, Word(role), slug)| (user, format!("{} at {slug}", role.as_str())))
        .collect())
}

/// Adds an account.
///
/// # Errors
/// [`AccountError::EmailTaken`], or as the database says.
pub fn add(
    conn: &mut Conn,
    email: &Email,
    profile: &Profile,
    password_hash: &str,
    actor: &Actor,
    now: Moment,
) -> Result<UserId, AccountError> {
    conn.transaction(|conn| {
        let id = put(conn, email, profile, Some(password_hash), now)?;
        note_added(conn, id, actor, now)?;
        Ok(id)
    })
}

/// Stores an account; without a password it cannot be used to sign in yet. The caller's transaction ends with
/// [`note_added`].
pub(super) fn put(
    conn: &mut Conn,
    email: &Email,
    profile: &Profile,
    password_hash: Option<&str>,
    now: Moment,
) -> Result<UserId, AccountError> {
    let id = UserId(fresh_id());
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::email.eq(account_email(email)),
            users::name.eq(profile.name.as_str()),
            users::password_hash.eq(password_hash.unwrap_or_default()),
            users::admin.eq(profile.admin),
            users::created_at.eq(now),
        ))
        .execute(conn)
        .map_err(email_taken)?;
    set_roles(conn, id, &profile.roles)?;
    Ok(id)
}

/// Writes down that an account is new.
pub(super) fn note_added(
    conn: &mut Conn,
    user: UserId,
    actor: &Actor,
    now: Moment,
) -> Result<(), AccountError> {
    let after = snapshot(conn, user)?;
    note(
        conn,
        actor,
        now,
        Action::UserAdded,
        user,
        (None, Some(after)),
    )
}

fn email_taken(error: diesel::result::Error) -> AccountError {
    match error {
        diesel::result::Error::DatabaseError(
            diesel::result::DatabaseErrorKind::UniqueViolation,
            _,
        ) => AccountError::EmailTaken,
        other => AccountError::Query(other),
    }
}

/// Changes name, administration and roles.
///
/// # Errors
/// [`AccountError::LastAdministrator`], [`AccountError::Unknown`], or as the database says.
pub fn change(
    conn: &mut Conn,
    user: UserId,
    profile: &Profile,
    actor: &Actor,
    now: Moment,
) -> Result<(), AccountError> {
    conn.transaction(|conn| {
        lock_administrators(conn)?;
        let (before, name) = (snapshot(conn, user)?, by_id(conn, user)?.user.name);
        diesel::update(users::table.filter(users::id.eq(user)))
            .set((
                users::name.eq(profile.name.as_str()),
                users::admin.eq(profile.admin),
            ))
            .execute(conn)?;
        set_roles(conn, user, &profile.roles)?;
        calendar_link::end_without_access(conn, user, profile.admin)?;
        check_administrator_left(conn)?;
        let mut after = snapshot(conn, user)?;
        if name != profile.name {
            after[DETAILS_CHANGED] = json!(["name"]);
        }
        note(
            conn,
            actor,
            now,
            Action::UserChanged,
            user,
            (Some(before), Some(after)),
        )
    })
}

/// Disables an account, which ends its sessions, tokens, calendar links and invitation and makes it forget who it belongs
/// to at the provider of single sign-on, or enables it again.
///
/// # Errors
/// [`AccountError::LastAdministrator`], [`AccountError::Unknown`], or as the database says.
pub fn set_disabled(
    conn: &mut Conn,
    user: UserId,
    disabled: bool,
    actor: &Actor,
    now: Moment,
) -> Result<(), AccountError> {
    conn.transaction(|conn| {
        lock_administrators(conn)?;
        let before = snapshot(conn, user)?;
        diesel::update(users::table.filter(users::id.eq(user)))
            .set(users::disabled_at.eq(disabled.then_some(now)))
            .execute(conn)?;
        check_administrator_left(conn)?;
        if disabled {
            end_sessions(conn, user, None)?;
            device::forget_all(conn, user)?;
            identity::forget_all(conn, user)?;
            token::end_all(conn, user)?;
            calendar_link::end_all(conn, user)?;
            invitation::end_all(conn, user, now)?;
        }
        let after = snapshot(conn, user)?;
        let action = if disabled {
            Action::UserDisabled
        } else {
            Action::UserEnabled
        };
        note(conn, actor, now, action, user, (Some(before), Some(after)))
    })
}

/// Sets a password, ends everything that depended on the old one, and records that.
///
/// # Errors
/// [`AccountError::Unknown`], or as the database says.
pub fn set_password(
    conn: &mut Conn,
    user: UserId,
    password_hash: &str,
    kept: Option<&TokenHash>,
    actor: &Actor,
    now: Moment,
) -> Result<(), AccountError> {
    conn.transaction(|conn| {
        take_password(conn, user, password_hash, kept, now)?;
        note(
            conn,
            actor,
            now,
            Action::UserPasswordChanged,
            user,
            (None, None),
        )
    })
}

/// Sets a password, which ends the account's sessions except `kept`, its tokens and its calendar links, which an
/// attacker who
/// knew the old one may have made, and every link by which another could be set.
pub(super) fn take_password(
    conn: &mut Conn,
    user: UserId,
    password_hash: &str,
    kept: Option<&TokenHash>,
    now: Moment,
) -> QueryResult<()> {
    replace_hash(conn, user, password_hash)?;
    end_sessions(conn, user, kept)?;
    device::forget_all(conn, user)?;
    token::end_all(conn, user)?;
    calendar_link::end_all(conn, user)?;
    invitation::end_all(conn, user, now)
}

/// Stores the same password under a better hash.
pub fn replace_hash(conn: &mut Conn, user: UserId, password_hash: &str) -> QueryResult<()> {
    diesel::update(users::table.filter(users::id.eq(user)))
        .set(users::password_hash.eq(password_hash))
        .execute(conn)
        .map(drop)
}

fn set_roles(conn: &mut Conn, user: UserId, roles: &[(EventId, EventRole)]) -> QueryResult<()> {
    diesel::delete(memberships::table.filter(memberships::user_id.eq(user))).execute(conn)?;
    for (event, role) in roles {
        diesel::insert_into(memberships::table)
            .values((
                memberships::user_id.eq(user),
                memberships::event_id.eq(event),
                memberships::role.eq(Word(*role)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Two administrators who disable each other at the same moment wait for one another here.
pub(crate) fn lock_administrators(conn: &mut Conn) -> QueryResult<()> {
    diesel::update(users::table.filter(users::admin.eq(true)))
        .set(users::admin.eq(true))
        .execute(conn)
        .map(drop)
}

pub(crate) fn check_administrator_left(conn: &mut Conn) -> Result<(), AccountError> {
    let left: i64 = users::table
        .filter(users::admin.eq(true))
        .filter(users::disabled_at.is_null())
        // An invited user cannot sign in yet.
        .filter(users::password_hash.ne(""))
        .count()
        .get_result(conn)?;
    if left == 0 {
        return Err(AccountError::LastAdministrator);
    }
    Ok(())
}

/// What the history keeps of an account: neither name nor address.
fn snapshot(conn: &mut Conn, user: UserId) -> Result<serde_json::Value, AccountError> {
    let account = by_id(conn, user)?;
    let roles: Vec<String> = roles(conn, Some(user))?
        .into_iter()
        .filter_map(|at| Some(format!("{} at {}", at.role?.as_str(), at.slug)))
        .collect();
    Ok(json!({
        "administrator": account.user.admin,
        "disabled": account.disabled,
        "roles": roles,
    }))
}

/// Writes a line of the history about an account.
pub(crate) fn note(
    conn: &mut Conn,
    actor: &Actor,
    at: Moment,
    action: Action,
    user: UserId,
    (before, after): (Option<serde_json::Value>, Option<serde_json::Value>),
) -> Result<(), AccountError> {
    by_id(conn, user)?;
    audit::record(
        conn,
        &HistoryEntry {
            at,
            event: None,
            actor,
            action,
            subject_id: Some(user.0),
            subject: &pseudonym::of_user(user),
            before,
            after,
        },
    )?;
    Ok(())
}
