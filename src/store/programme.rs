//! The whole programme of an event, read at one moment.

use std::sync::Arc;

use diesel::QueryResult;

use crate::core::event::EventId;
use crate::core::programme::Programme;
use crate::db::Conn;
use crate::store::{delegation, event, interpreter, notice, room, slot};

/// Reads the whole programme as it is stored at one moment.
///
/// In a transaction that has raised the event's revision no writer can come between its queries; elsewhere they read one
/// snapshot, so that no writer holds up the reading.
pub fn read_programme(conn: &mut Conn, id: EventId) -> QueryResult<Option<Programme>> {
    conn.snapshot(|conn| {
        let Some((event, version)) = event::read(conn, id)? else {
            return Ok(None);
        };
        let delegations = delegation::of_event(conn, id)?;
        let rooms = room::of_event(conn, id)?;
        let interpreters = interpreter::of_event(conn, id)?;
        let slots = slot::of_event(conn, id)?;
        let mut programme =
            Programme::new(event, delegations, rooms, interpreters, slots).at_version(version);
        let overrides = slot::overrides_of_event(conn, id)?;
        programme.overrides = Arc::new(overrides.into_iter().collect());
        programme.ledger.tell(notice::of_event(conn, id)?);
        programme.ledger.hear(notice::answers_of_event(conn, id)?);
        Ok(Some(programme))
    })
}
