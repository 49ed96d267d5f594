//! Whether an event is archived: kept whole, and changed no more.

use diesel::prelude::*;
use diesel::result::Error as DieselError;

use crate::core::event::EventId;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::event_lifecycles;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[error(
    "The event is archived, so nothing about it can be changed. An administrator can restore it under Settings."
)]
pub struct Archived;

impl Archived {
    /// The refusal as an error of the database, which every error of a write can hold.
    pub(crate) fn into_database_error(self) -> DieselError {
        DieselError::QueryBuilderError(Box::new(self))
    }

    /// True when a write was refused because its event is archived.
    #[must_use]
    pub fn refused(error: &DieselError) -> bool {
        matches!(error, DieselError::QueryBuilderError(cause) if cause.is::<Self>())
    }
}

/// Since when an event is archived; `None` while it is in use.
pub fn archived_at(conn: &mut Conn, event: EventId) -> QueryResult<Option<Moment>> {
    event_lifecycles::table
        .find(event)
        .select(event_lifecycles::archived_at)
        .get_result(conn)
        .optional()
        .map(Option::flatten)
}

/// The events that are archived.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<EventId>> {
    event_lifecycles::table
        .filter(event_lifecycles::archived_at.is_not_null())
        .select(event_lifecycles::event_id)
        .load(conn)
}

/// Refuses what would change an archived event, for writes beside the programme.
///
/// # Errors
/// When it is archived, or as the database says.
pub fn refuse_archived(conn: &mut Conn, event: EventId) -> QueryResult<()> {
    match archived_at(conn, event)? {
        Some(_) => Err(Archived.into_database_error()),
        None => Ok(()),
    }
}

/// Makes sure that an event has its row, for a change of it.
pub fn ensure_row(conn: &mut Conn, event: EventId) -> QueryResult<()> {
    let known: i64 = event_lifecycles::table
        .filter(event_lifecycles::event_id.eq(event))
        .count()
        .get_result(conn)?;
    if known == 0 {
        diesel::insert_into(event_lifecycles::table)
            .values(event_lifecycles::event_id.eq(event))
            .execute(conn)?;
    }
    Ok(())
}
