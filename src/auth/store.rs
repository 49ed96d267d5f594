//! Accounts, sessions and roles in the database.

use diesel::prelude::*;

use crate::auth::session::{IDLE_SECONDS, Session, TokenHash};
use crate::auth::{EventRole, User, UserId};
use crate::db::Conn;
use crate::db::schema::{events, memberships, sessions, users};
use crate::db::text_enum::Word;
use crate::event::EventId;
use crate::text::{Email, Line};
use crate::time::Moment;

/// Finds who a session belongs to, in one query: `None` when it is unknown, has ended, or the account is disabled.
///
/// # Errors
/// As the database says.
pub fn who(conn: &mut Conn, token: &TokenHash, now: Moment) -> QueryResult<Option<Session>> {
    type Row = (UserId, String, String, bool, Moment);
    let row: Option<Row> = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::token_hash.eq(token.as_str()))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::last_seen_at.gt(now.plus(-IDLE_SECONDS)))
        .filter(users::disabled_at.is_null())
        .select((
            users::id,
            users::name,
            users::email,
            users::admin,
            sessions::last_seen_at,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(id, name, email, admin, last_seen_at)| {
        let user = User {
            id,
            name: Line::stored(name),
            email: Email::stored(email),
            admin,
        };
        Session::found(user, token.clone(), last_seen_at)
    }))
}

/// What somebody is at an event, with the event's id and name; `None` when there is no such event.
///
/// # Errors
/// As the database says.
pub fn role_at(
    conn: &mut Conn,
    user: UserId,
    slug: &str,
) -> QueryResult<Option<(EventId, String, Option<EventRole>)>> {
    let row: Option<(EventId, String, Option<Word<EventRole>>)> = events::table
        .left_join(
            memberships::table.on(memberships::event_id
                .eq(events::id)
                .and(memberships::user_id.eq(user))),
        )
        .filter(events::slug.eq(slug))
        .select((events::id, events::name, memberships::role.nullable()))
        .first(conn)
        .optional()?;
    Ok(row.map(|(event, name, role)| (event, name, role.map(|Word(role)| role))))
}

/// Notes that a session is in use.
///
/// # Errors
/// As the database says.
pub fn touch(conn: &mut Conn, token: &TokenHash, now: Moment) -> QueryResult<()> {
    diesel::update(sessions::table.filter(sessions::token_hash.eq(token.as_str())))
        .set(sessions::last_seen_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// Ends a session.
///
/// # Errors
/// As the database says.
pub fn end_session(conn: &mut Conn, token: &TokenHash) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::token_hash.eq(token.as_str())))
        .execute(conn)
        .map(drop)
}
