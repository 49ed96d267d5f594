//! placeholder until merge
use super::programme::Programme;
use crate::delegation::DelegationId;
use crate::notice::Told;
use crate::slot::{Slot, State};
/// a
#[must_use]
pub fn told(programme: &Programme, slot: &Slot) -> Told {
    let d = &slot.details;
    Told {
        title: d.title.to_string(),
        kind: d.kind.label().to_owned(),
        starts: d.interval.start().minutes(),
        ends: d.interval.end().minutes(),
        room: d
            .room
            .and_then(|r| programme.room(r))
            .map(|r| r.name.to_string()),
        delegations: programme.parties(d).map(|p| p.name.to_string()).collect(),
    }
}
/// b
#[must_use]
pub fn schedule_of(programme: &Programme, delegation: DelegationId) -> Vec<Told> {
    programme
        .live_slots()
        .filter(|s| s.state() == State::Confirmed && s.details.involves(delegation))
        .map(|s| told(programme, s))
        .collect()
}
