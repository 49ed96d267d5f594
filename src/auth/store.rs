//! Sessions and roles in the database.

use std::net::IpAddr;

use diesel::prelude::*;

use crate::auth::account::{AccountError, note};
use crate::auth::factor::step;
use crate::auth::session::{ABSOLUTE_SECONDS, IDLE_SECONDS, Session};
use crate::auth::usage::{UsageKey, UsageMarks};
use crate::core::action::Action;
use crate::core::event::{EventId, ProgrammeVersion, Revision, RevisionKey};
use crate::core::text::{Email, TextLine};
use crate::core::time::Moment;
use crate::core::timetable::Zoom;
use crate::core::user::{Actor, EventRole, User, UserId};
use crate::db::schema::{events, memberships, sessions, users};
use crate::db::word::Word;
use crate::db::{Conn, on_either};
use crate::runtime::clock::CLOCKS_DIFFER;
use crate::runtime::secret::TokenHash;

/// The times of a session.
#[derive(Debug, Clone, Copy)]
struct Times {
    last_seen: Moment,
    expires: Moment,
}

impl Times {
    /// True when it has expired, by either limit; also when it was used at a time that is still to come: a clock ran
    /// ahead
    /// and was set back, and both limits would last longer than they may.
    fn are_over(self, now: Moment) -> bool {
        self.expires <= now
            || self.last_seen <= now.plus(-IDLE_SECONDS)
            || self.last_seen > now.plus(CLOCKS_DIFFER)
    }

    /// Takes the newer of the stored and the gathered mark.
    fn with_marks(self, marks: &UsageMarks, token: &TokenHash) -> Self {
        let key = UsageKey::Session(token.clone());
        let latest = marks.latest(&key, Some(self.last_seen));
        Self {
            last_seen: latest.unwrap_or(self.last_seen),
            ..self
        }
    }

    /// True when the session is valid. Expiry is stored as soon as it is seen, so that no clock that is set
    /// back revives it.
    fn are_good(self, marks: &UsageMarks, token: &TokenHash, now: Moment) -> bool {
        if marks.has_ended(token) {
            return false;
        }
        let over = self.are_over(now);
        if over {
            marks.note_end(token, now);
        }
        !over
    }
}

/// Deletes a session that was seen at `now` to be over, unless another server has stored that it is in use.
pub(super) fn delete_if_over(conn: &mut Conn, token: &TokenHash, now: Moment) -> QueryResult<()> {
    diesel::delete(
        sessions::table
            .filter(sessions::token_hash.eq(token.as_str()))
            .filter(
                sessions::expires_at
                    .le(now)
                    .or(sessions::last_seen_at.le(now.plus(-IDLE_SECONDS)))
                    .or(sessions::last_seen_at.gt(now.plus(CLOCKS_DIFFER))),
            ),
    )
    .execute(conn)
    .map(drop)
}

/// Finds who a session belongs to, in one query: `None` when it is unknown, has ended, or the account is disabled.
pub fn who(
    conn: &mut Conn,
    token: &TokenHash,
    now: Moment,
    marks: &UsageMarks,
) -> QueryResult<Option<Session>> {
    type Row = (UserId, String, String, bool, Word<Zoom>, Moment, Moment);
    let row: Option<Row> = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::token_hash.eq(token.as_str()))
        .filter(users::disabled_at.is_null())
        .select((
            users::id,
            users::name,
            users::email,
            users::admin,
            users::zoom,
            sessions::last_seen_at,
            sessions::expires_at,
        ))
        .get_result(conn)
        .optional()?;
    let Some((id, name, email, admin, Word(zoom), last_seen, expires)) = row else {
        return Ok(None);
    };
    let times = Times { last_seen, expires }.with_marks(marks, token);
    if !times.are_good(marks, token, now) {
        return Ok(None);
    }
    let user = User {
        id,
        name: TextLine::stored(name),
        email: Email::stored(email),
        admin,
        zoom,
    };
    Ok(Some(Session::found(user, token.clone(), times.last_seen)))
}

/// Returns the role of a user at an event; `None` when there is no such event.
pub fn role_at(conn: &mut Conn, user: UserId, slug: &str) -> QueryResult<Option<EventForUser>> {
    type Row = (EventId, String, ProgrammeVersion, Option<Word<EventRole>>);
    let row: Option<Row> = events::table
        .left_join(
            memberships::table.on(memberships::event_id
                .eq(events::id)
                .and(memberships::user_id.eq(user))),
        )
        .filter(events::slug.eq(slug))
        .select((
            events::id,
            events::name,
            (events::revision, events::revision_key),
            memberships::role.nullable(),
        ))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(event, name, version, role)| EventForUser {
        event,
        name,
        version,
        role: role.map(|Word(role)| role),
    }))
}

/// A session together with the place its user has at an event.
pub struct SessionAtEvent {
    /// The session.
    pub session: Session,
    /// The event and the role there; `None` when there is no such event.
    pub place: Option<EventForUser>,
}

/// Columns of an event that access checks need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventForUser {
    /// The event.
    pub event: EventId,
    /// Its name.
    pub name: String,
    /// The version of its programme.
    pub version: ProgrammeVersion,
    /// The role of the user there, if any.
    pub role: Option<EventRole>,
}

/// Finds a session and its user's access to an event in one query: the query with which every page of an event
/// begins. Run on the connection behind the enum, which saves building the SQL again.
pub fn who_at(
    conn: &mut Conn,
    token: &TokenHash,
    slug: &str,
    now: Moment,
    marks: &UsageMarks,
) -> QueryResult<Option<SessionAtEvent>> {
    type StoredAccount = (UserId, String, String, bool, Word<Zoom>, Moment, Moment);
    type Row = (
        StoredAccount,
        Option<(EventId, String, Revision, RevisionKey)>,
        Option<Word<EventRole>>,
    );
    let query = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .left_join(events::table.on(events::slug.eq(slug.to_owned())))
        .left_join(
            memberships::table.on(memberships::event_id
                .nullable()
                .eq(events::id.nullable())
                .and(memberships::user_id.eq(users::id))),
        )
        .filter(sessions::token_hash.eq(token.as_str().to_owned()))
        .filter(users::disabled_at.is_null())
        .select((
            (
                users::id,
                users::name,
                users::email,
                users::admin,
                users::zoom,
                sessions::last_seen_at,
                sessions::expires_at,
            ),
            (
                events::id,
                events::name,
                events::revision,
                events::revision_key,
            )
                .nullable(),
            memberships::role.nullable(),
        ));
    let row: Option<Row> = on_either!(conn, database => query.get_result(database)).optional()?;
    let Some((account, event, role)) = row else {
        return Ok(None);
    };
    let (id, name, email, admin, Word(zoom), last_seen, expires) = account;
    let times = Times { last_seen, expires }.with_marks(marks, token);
    if !times.are_good(marks, token, now) {
        return Ok(None);
    }
    let user = User {
        id,
        name: TextLine::stored(name),
        email: Email::stored(email),
        admin,
        zoom,
    };
    Ok(Some(SessionAtEvent {
        session: Session::found(user, token.clone(), times.last_seen),
        place: event.map(|(event, name, revision, key)| EventForUser {
            event,
            name,
            version: ProgrammeVersion::new(revision, key),
            role: role.map(|Word(role)| role),
        }),
    }))
}

/// Replaces a session's token after its owner has proved their identity again: holders of the old one are signed out.
/// The absolute limit stays where it is.
pub fn renew_session(
    conn: &mut Conn,
    old: &TokenHash,
    new: &TokenHash,
    now: Moment,
) -> QueryResult<()> {
    diesel::update(sessions::table.filter(sessions::token_hash.eq(old.as_str())))
        .set((
            sessions::token_hash.eq(new.as_str()),
            sessions::last_seen_at.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// Ends a session.
pub fn end_session(conn: &mut Conn, token: &TokenHash) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::token_hash.eq(token.as_str())))
        .execute(conn)
        .map(drop)
}

/// Seconds after the idle limit at which a session is deleted that was not checked since: longer than any server's
/// last-used marks wait to be written.
const IDLE_MARGIN: i64 = 60;

/// Finds expired sessions, up to a limit.
pub fn ended_sessions(conn: &mut Conn, now: Moment, limit: i64) -> QueryResult<Vec<String>> {
    sessions::table
        .filter(
            sessions::expires_at
                .le(now)
                .or(sessions::last_seen_at.le(now.plus(-IDLE_SECONDS - IDLE_MARGIN))),
        )
        .select(sessions::token_hash)
        .limit(limit)
        .load(conn)
}

/// Deletes those of the sessions that have expired.
pub fn delete_ended(conn: &mut Conn, tokens: &[String], now: Moment) -> QueryResult<usize> {
    diesel::delete(
        sessions::table
            .filter(sessions::token_hash.eq_any(tokens))
            .filter(
                sessions::expires_at
                    .le(now)
                    .or(sessions::last_seen_at.le(now.plus(-IDLE_SECONDS - IDLE_MARGIN))),
            ),
    )
    .execute(conn)
}

/// Begins a session under a new token; the one the browser had before ends.
pub fn begin_session(
    conn: &mut Conn,
    user: &User,
    token: &TokenHash,
    old: Option<&TokenHash>,
    now: Moment,
) -> Result<(), AccountError> {
    conn.transaction(|conn| {
        if let Some(old) = old {
            end_session(conn, old)?;
        }
        diesel::insert_into(sessions::table)
            .values((
                sessions::token_hash.eq(token.as_str()),
                sessions::user_id.eq(user.id),
                sessions::created_at.eq(now),
                sessions::last_seen_at.eq(now),
                sessions::expires_at.eq(now.plus(ABSOLUTE_SECONDS)),
            ))
            .execute(conn)?;
        note(
            conn,
            &user.actor(),
            now,
            Action::UserSignedIn,
            user.id,
            (None, None),
        )
    })
}

/// Records a failed sign-in to an account in the history: at its password or its second factor.
pub fn note_refusal(
    conn: &mut Conn,
    user: &User,
    action: Action,
    address: IpAddr,
    now: Moment,
) -> Result<(), AccountError> {
    let actor = Actor {
        user: None,
        name: format!("somebody at {address}"),
        way: String::new(),
    };
    note(conn, &actor, now, action, user.id, (None, None))
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// Which.
    pub token: TokenHash,
    /// When it began.
    pub created_at: Moment,
    /// When it was last used, to the minute.
    pub last_seen_at: Moment,
}

/// The sessions of a user that are alive, the latest first.
pub fn open_sessions(
    conn: &mut Conn,
    user: UserId,
    now: Moment,
    marks: &UsageMarks,
) -> QueryResult<Vec<OpenSession>> {
    let rows: Vec<(String, Moment, Moment, Moment)> = sessions::table
        .filter(sessions::user_id.eq(user))
        .order(sessions::created_at.desc())
        .select((
            sessions::token_hash,
            sessions::created_at,
            sessions::last_seen_at,
            sessions::expires_at,
        ))
        .load(conn)?;
    let open = rows
        .into_iter()
        .filter_map(|(token, created_at, last_seen, expires)| {
            let token = TokenHash::stored(token);
            let times = Times { last_seen, expires }.with_marks(marks, &token);
            (!times.are_over(now) && !marks.has_ended(&token)).then_some(OpenSession {
                token,
                created_at,
                last_seen_at: times.last_seen,
            })
        });
    Ok(open.collect())
}

/// Ends the sessions of a user, except one, and every sign-in that is half way to one.
pub fn end_sessions(conn: &mut Conn, user: UserId, kept: Option<&TokenHash>) -> QueryResult<()> {
    diesel::delete(
        sessions::table
            .filter(sessions::user_id.eq(user))
            .filter(sessions::token_hash.ne(kept.map_or("", TokenHash::as_str))),
    )
    .execute(conn)?;
    step::end_all(conn, user)
}

/// Stores a user's zoom of timetables.
pub fn set_zoom(conn: &mut Conn, user: UserId, zoom: Zoom) -> QueryResult<()> {
    diesel::update(users::table.find(user))
        .set(users::zoom.eq(Word(zoom)))
        .execute(conn)
        .map(drop)
}
