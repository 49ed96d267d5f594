//! Adding, changing and removing rooms without leaving a slot in the lurch.

use crate::core::action::Action;
use crate::core::programme::Programme;
use crate::core::room::{Room, RoomId};
use crate::core::rule::Level;
use crate::core::rules::{Candidate, RuleFinding, in_force, obstacles};
use crate::core::slot::Resource;
use crate::core::text_enum::TextEnum;
use crate::core::wording;
use crate::db::is_overlap_refusal;
use crate::store::transaction::EventTx;
use crate::store::{resource, room};

/// Why a room stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// There is no such room at this event.
    #[error("there is no such room")]
    NotFound,
    /// Another room has the code.
    #[error("another room has the code '{0}'; choose one of its own")]
    CodeTaken(String),
    /// Slots follow each other too closely for the turnaround; a sentence for each.
    #[error("slots follow each other too closely for this turnaround")]
    TooClose(Vec<String>),
    /// The database has slots that are too close, written by another program.
    #[error("slots follow each other too closely for this turnaround")]
    Overlap,
    /// Slots name the room, cancelled ones included; the sentence names them.
    #[error("{0}")]
    InUse(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] crate::db::DbError),
}

/// Adds a room.
///
/// # Errors
/// When the code is taken, or as the store says.
pub fn add(tx: &mut EventTx<'_>, room: &Room) -> Result<(), RoomError> {
    let programme = tx.programme();
    check_code(&programme, room)?;
    room::insert(tx.conn, programme.event.id, room)?;
    tx.record(
        Action::RoomAdded,
        (room.id.0, room.name.as_str()),
        None,
        Some(record(&programme, room)),
    )?;
    Ok(tx.reread()?)
}

/// Changes a room. Its slots keep their turnaround, or the change is refused. That it is closed, or for other kinds, is a
/// fact about the room: slots that it does not suit any more are shown until they are moved.
///
/// # Errors
/// When the code is taken or the turnaround does not fit, or as the store says.
pub fn change(tx: &mut EventTx<'_>, room: &Room) -> Result<(), RoomError> {
    let programme = tx.programme();
    let old = programme.room(room.id).ok_or(RoomError::NotFound)?;
    if room == old {
        tx.stays_as_it_is();
        return Ok(());
    }
    check_code(&programme, room)?;
    let too_close = too_close(&programme, room);
    if !too_close.is_empty() {
        return Err(RoomError::TooClose(too_close));
    }
    tx.store_room(room).map_err(|error| {
        if is_overlap_refusal(&error) {
            RoomError::Overlap
        } else {
            error.into()
        }
    })?;
    tx.record(
        Action::RoomChanged,
        (room.id.0, room.name.as_str()),
        Some(record(&programme, old)),
        Some(record(&programme, room)),
    )?;
    Ok(tx.reread()?)
}

/// Removes a room that no slot names.
///
/// # Errors
/// When a slot names it, or as the store says.
pub fn remove(tx: &mut EventTx<'_>, id: RoomId) -> Result<(), RoomError> {
    let programme = tx.programme();
    let room = programme.room(id).ok_or(RoomError::NotFound)?;
    if let Some(slots) = wording::named_by(&programme, Resource::Room(id), "the room") {
        return Err(RoomError::InUse(slots));
    }
    resource::delete(tx.conn, id.0)?;
    tx.record(
        Action::RoomRemoved,
        (id.0, room.name.as_str()),
        Some(record(&programme, room)),
        None,
    )?;
    Ok(tx.reread()?)
}

fn check_code(programme: &Programme, room: &Room) -> Result<(), RoomError> {
    let same = |other: &&Room| {
        other.id != room.id && other.code.as_str().eq_ignore_ascii_case(room.code.as_str())
    };
    match programme.rooms.iter().find(same) {
        Some(other) => Err(RoomError::CodeTaken(other.code.to_string())),
        None => Ok(()),
    }
}

/// A sentence for each pair of slots that would have too little time between them.
fn too_close(programme: &Programme, room: &Room) -> Vec<String> {
    let changed = programme.with_room(room);
    let mut sentences = Vec::new();
    for slot in changed.slots_of(Resource::Room(room.id)) {
        for conflict in obstacles(&changed, Candidate::stored(slot)) {
            let later = conflict
                .finding
                .other()
                .and_then(|other| changed.slot(other));
            let is_turnaround = matches!(conflict.finding, RuleFinding::Turnaround { .. });
            if is_turnaround
                && conflict.level == Level::NeedsReason
                && in_force(&changed, &conflict).is_none()
                && later.is_some_and(|other| other.interval().start() < slot.interval().start())
            {
                let sentence = wording::stored_sentence(&changed, &conflict);
                sentences.push(format!("“{}”: {sentence}", slot.title()));
            }
        }
    }
    sentences
}

fn record(programme: &Programme, room: &Room) -> serde_json::Value {
    let kinds = room.kinds.iter().map(|kind| kind.as_str());
    let closures = room.closures.iter();
    let closures = closures.map(|closure| programme.event.write_closure(closure));
    serde_json::json!({
        "code": room.code.as_str(),
        "name": room.name.as_str(),
        "name_ja": room.name_ja,
        "capacity": room.capacity,
        "turnaround_minutes": room.turnaround_minutes,
        "kinds": kinds.collect::<Vec<_>>(),
        "closures": closures.collect::<Vec<_>>(),
    })
}
