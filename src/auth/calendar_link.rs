//! Links by which a calendar program reads an event's programme for one of the staff. Each is its owner's, shown once,
//! stored as a hash, and opens what its owner may see at the moment it is fetched.

use diesel::prelude::*;
use serde_json::json;

use crate::auth::account::note;
use crate::auth::session::EventAccess;
use crate::auth::token::{TokenError, TokenSecret};
use crate::auth::usage::{UsageKey, UsageMarks};
use crate::core::action::Action;
use crate::core::event::{EventId, ProgrammeVersion};
use crate::core::text::TextLine;
use crate::core::time::Moment;
use crate::core::user::{AccessLevel, EventRole, UserId};
use crate::db::Conn;
use crate::db::schema::{calendar_links, event_lifecycles, events, memberships, users};
use crate::db::word::Word;
use crate::runtime::random::fresh_id;
use crate::runtime::secret::TokenHash;
use crate::store::{archived, event};

/// How the token in every such link begins, so that programs that look for secrets in the wrong place can know it.
const PREFIX: &str = "iikura_calendar_";
/// Links that a user may have to one event: a few devices.
pub const MOST_LINKS: i64 = 20;
/// Seconds between two notes that a link is in use: calendars ask all day, and nothing finer is needed.
const TOUCH_SECONDS: i64 = 3600;

/// The id of a link.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel_derive_newtype::DieselNewType,
)]
pub struct CalendarLinkId(pub i64);

/// A link as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarLink {
    /// Which.
    pub id: CalendarLinkId,
    /// What for.
    pub name: TextLine,
    /// The name of its owner.
    pub owner: TextLine,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Moment>,
}

/// Why no link was made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum CalendarLinkError {
    /// More than a user can keep track of.
    #[error("one person has at most {MOST_LINKS} calendar links to an event; revoke one first")]
    TooMany,
    /// There is no such link, or it belongs to another user.
    #[error("there is no such calendar link")]
    Unknown,
    /// No token could be drawn, or the database failed.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl From<diesel::result::Error> for CalendarLinkError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Token(error.into())
    }
}

/// Creates a link to the event for the caller, and records that without the token.
///
/// # Errors
/// When they have too many already, or as the database says.
pub fn make(
    conn: &mut Conn,
    access: &EventAccess,
    name: &TextLine,
    now: Moment,
) -> Result<TokenSecret, CalendarLinkError> {
    let secret = TokenSecret::fresh(PREFIX);
    let user = access.user.id;
    conn.transaction(|conn| {
        // Locks the event, so that it is not archived between the check and the insert.
        event::find_to_write(conn, &access.slug)?
            .filter(|event| *event == access.event)
            .ok_or(diesel::result::Error::NotFound)?;
        archived::refuse_archived(conn, access.event)?;
        diesel::insert_into(calendar_links::table)
            .values((
                calendar_links::id.eq(fresh_id()),
                calendar_links::user_id.eq(user),
                calendar_links::event_id.eq(access.event),
                calendar_links::token_hash.eq(TokenHash::of(secret.reveal()).as_str()),
                calendar_links::name.eq(name.as_str()),
                calendar_links::created_at.eq(now),
            ))
            .execute(conn)?;
        let links: i64 = calendar_links::table
            .filter(calendar_links::user_id.eq(user))
            .filter(calendar_links::event_id.eq(access.event))
            .count()
            .get_result(conn)?;
        if links > MOST_LINKS {
            return Err(CalendarLinkError::TooMany);
        }
        let made = json!({ "name": name.as_str(), "event": access.slug });
        let change = (None, Some(made));
        note(
            conn,
            &access.actor(),
            now,
            Action::CalendarLinkMade,
            user,
            change,
        )
        .map_err(TokenError::from)?;
        Ok(secret)
    })
}

type CalendarLinkRow = (CalendarLinkId, String, String, Moment, Option<Moment>);

/// Lists the links to an event, the latest first: the caller's own; for administrators all.
pub fn listed_for(
    conn: &mut Conn,
    access: &EventAccess,
    marks: &UsageMarks,
) -> QueryResult<Vec<CalendarLink>> {
    let mut query = calendar_links::table
        .inner_join(users::table.on(users::id.eq(calendar_links::user_id)))
        .filter(calendar_links::event_id.eq(access.event))
        .into_boxed();
    if !access.user.admin {
        query = query.filter(calendar_links::user_id.eq(access.user.id));
    }
    let rows: Vec<CalendarLinkRow> = query
        .order((calendar_links::created_at.desc(), calendar_links::id))
        .select((
            calendar_links::id,
            calendar_links::name,
            users::name,
            calendar_links::created_at,
            calendar_links::last_used_at,
        ))
        .load(conn)?;
    let link = |(id, name, owner, created_at, last_used_at)| CalendarLink {
        id,
        name: TextLine::stored(name),
        owner: TextLine::stored(owner),
        created_at,
        last_used_at: marks.latest(&UsageKey::CalendarLink(id), last_used_at),
    };
    Ok(rows.into_iter().map(link).collect())
}

/// Revokes a link to the event and records that: the caller's own; for administrators any.
///
/// # Errors
/// When there is no such link for them, or as the database says.
pub fn revoke(
    conn: &mut Conn,
    access: &EventAccess,
    link: CalendarLinkId,
    now: Moment,
) -> Result<(), CalendarLinkError> {
    conn.transaction(|conn| {
        let found: Option<(UserId, String)> = calendar_links::table
            .find(link)
            .filter(calendar_links::event_id.eq(access.event))
            .select((calendar_links::user_id, calendar_links::name))
            .get_result(conn)
            .optional()?;
        let (owner, name) = found
            .filter(|(owner, _)| access.user.admin || *owner == access.user.id)
            .ok_or(CalendarLinkError::Unknown)?;
        let revoked = diesel::delete(calendar_links::table.find(link)).execute(conn)?;
        if revoked == 0 {
            return Err(CalendarLinkError::Unknown);
        }
        let was = json!({ "name": name, "event": access.slug });
        let change = (Some(was), None);
        note(
            conn,
            &access.actor(),
            now,
            Action::CalendarLinkRevoked,
            owner,
            change,
        )
        .map_err(TokenError::from)?;
        Ok(())
    })
}

/// Ends every link of a user, in the transaction that ends the sessions.
pub(super) fn end_all(conn: &mut Conn, user: UserId) -> QueryResult<()> {
    diesel::delete(calendar_links::table.filter(calendar_links::user_id.eq(user)))
        .execute(conn)
        .map(drop)
}

/// Ends a user's links to events in which they have no part any more, in the transaction that takes it from them.
pub(super) fn end_without_access(conn: &mut Conn, user: UserId, admin: bool) -> QueryResult<()> {
    if admin {
        return Ok(());
    }
    let kept = memberships::table
        .filter(memberships::user_id.eq(user))
        .select(memberships::event_id);
    diesel::delete(
        calendar_links::table
            .filter(calendar_links::user_id.eq(user))
            .filter(calendar_links::event_id.ne_all(kept)),
    )
    .execute(conn)
    .map(drop)
}

/// What a link that is good opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedCalendar {
    /// The event.
    pub event: EventId,
    /// The version of its programme.
    pub version: ProgrammeVersion,
}

/// Finds what a link opens: `None` when it is unknown or revoked, its owner's account is disabled, or the owner may not
/// see the event, or the event is archived. Notes once an hour that the link is in use.
pub fn open(
    conn: &mut Conn,
    token: &TokenHash,
    now: Moment,
    marks: &UsageMarks,
) -> QueryResult<Option<OpenedCalendar>> {
    type CalendarLinkOwner = (
        CalendarLinkId,
        Option<Moment>,
        bool,
        Option<Word<EventRole>>,
        EventId,
        ProgrammeVersion,
    );
    let archived = event_lifecycles::table
        .filter(event_lifecycles::archived_at.is_not_null())
        .select(event_lifecycles::event_id);
    let found: Option<CalendarLinkOwner> = calendar_links::table
        .inner_join(users::table.on(users::id.eq(calendar_links::user_id)))
        .inner_join(events::table.on(events::id.eq(calendar_links::event_id)))
        .left_join(
            memberships::table.on(memberships::event_id
                .eq(calendar_links::event_id)
                .and(memberships::user_id.eq(calendar_links::user_id))),
        )
        .filter(calendar_links::token_hash.eq(token.as_str()))
        .filter(users::disabled_at.is_null())
        .filter(calendar_links::event_id.ne_all(archived))
        .select((
            calendar_links::id,
            calendar_links::last_used_at,
            users::admin,
            memberships::role.nullable(),
            events::id,
            (events::revision, events::revision_key),
        ))
        .get_result(conn)
        .optional()?;
    let Some((link, last_used, admin, role, event, version)) = found else {
        return Ok(None);
    };
    // Users with access to the event see all of it.
    if AccessLevel::of(admin, role.map(|Word(role)| role)).is_none() {
        return Ok(None);
    }
    let key = UsageKey::CalendarLink(link);
    let last_used = marks.latest(&key, last_used);
    if last_used.is_none_or(|last| now.seconds() - last.seconds() >= TOUCH_SECONDS) {
        marks.note_use(key, now);
    }
    Ok(Some(OpenedCalendar { event, version }))
}
