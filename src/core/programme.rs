//! The programme: everything about an event at one revision, read once and immutable.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::core::by_slot::BySlot;
use crate::core::delegation::{Delegation, DelegationId, PrincipalRole};
use crate::core::event::{Event, ProgrammeVersion, RevisionKey};
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::notice::Notice;
use crate::core::notice::answer::Answer;
use crate::core::notice::ledger::Ledger;
use crate::core::room::{Room, RoomId};
use crate::core::rule::Override;
use crate::core::slot::{
    AudienceKind, EVERY_CODE, MeetingFormat, Resource, Slot, SlotAudience, SlotContent,
    SlotDetails, SlotId, SlotState,
};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::{Interval, LONGEST_SLOT};

/// An event with its parties, rooms, interpreters and slots at one revision.
#[derive(Debug, Clone)]
pub struct Programme {
    /// The event, with the revision.
    pub event: Arc<Event>,
    /// In order of precedence.
    pub delegations: Arc<Vec<Delegation>>,
    /// In the set order of the rooms.
    pub rooms: Arc<Vec<Room>>,
    /// In the order they were entered.
    pub interpreters: Arc<Vec<Interpreter>>,
    /// Overrides, in force or expired.
    pub overrides: Arc<BySlot<Override>>,
    /// The last notice of each slot to each delegation, with its answer.
    pub ledger: Ledger,
    /// Drawn with the revision.
    key: RevisionKey,
    /// In order, as [`Programme::order`] has it.
    slots: Vec<Arc<Slot>>,
    /// By id.
    by_id: Vec<Arc<Slot>>,
    /// In order, for each resource; shared between revisions but for the one that a write touches.
    by_resource: HashMap<Resource, Arc<Vec<Arc<Slot>>>>,
}

impl Programme {
    /// Puts a programme together.
    #[must_use]
    pub fn new(
        event: Event,
        mut delegations: Vec<Delegation>,
        rooms: Vec<Room>,
        interpreters: Vec<Interpreter>,
        slots: Vec<Slot>,
    ) -> Self {
        delegations.sort_by_key(|delegation| (delegation.precedence, delegation.code.clone()));
        let mut programme = Self {
            event: Arc::new(event),
            delegations: Arc::new(delegations),
            rooms: Arc::new(rooms),
            interpreters: Arc::new(interpreters),
            overrides: Arc::default(),
            ledger: Ledger::default(),
            key: RevisionKey::default(),
            slots: slots.into_iter().map(Arc::new).collect(),
            by_id: Vec::new(),
            by_resource: HashMap::new(),
        };
        programme.by_id.clone_from(&programme.slots);
        programme.by_id.sort_by_key(|slot| slot.id);
        programme.put_in_order();
        programme
    }

    /// Sorts the slots, and those of each resource.
    fn put_in_order(&mut self) {
        let order = SlotOrder::of(self);
        self.slots.sort_by(|one, other| order.compare(one, other));
        self.by_resource.clear();
        for slot in &self.slots {
            for resource in slot.details.resources() {
                Arc::make_mut(self.by_resource.entry(resource).or_default()).push(Arc::clone(slot));
            }
        }
    }

    /// Which of two slots is listed first: by start, then by room in the set order of the rooms, then by the codes of the
    /// delegations. The rest only makes slots come in one order however their ids were drawn.
    #[must_use]
    pub fn order(&self, one: &Slot, other: &Slot) -> Ordering {
        SlotOrder::of(self).compare(one, other)
    }

    /// Adds a slot in place; adding many costs no copy of the programme for each.
    pub(crate) fn add(&mut self, slot: Slot) {
        let slot = Arc::new(slot);
        let at = self.by_id.partition_point(|known| known.id < slot.id);
        self.by_id.insert(at, Arc::clone(&slot));
        let order = SlotOrder::of(self);
        order.insert(&mut self.slots, &slot);
        for resource in slot.details.resources() {
            order.insert(
                Arc::make_mut(self.by_resource.entry(resource).or_default()),
                &slot,
            );
        }
    }

    /// The programme with one slot added or replaced. Costs a walk over the slots, not a new index of them.
    #[must_use]
    pub fn with_slot(&self, slot: Slot) -> Self {
        let mut next = self.clone();
        let slot = Arc::new(slot);
        match next.by_id.binary_search_by_key(&slot.id, |known| known.id) {
            Ok(at) => {
                let old = std::mem::replace(&mut next.by_id[at], Arc::clone(&slot));
                remove(&mut next.slots, &old);
                for resource in old.details.resources() {
                    remove(
                        Arc::make_mut(next.by_resource.entry(resource).or_default()),
                        &old,
                    );
                }
            }
            Err(at) => next.by_id.insert(at, Arc::clone(&slot)),
        }
        let order = SlotOrder::of(&next);
        order.insert(&mut next.slots, &slot);
        for resource in slot.details.resources() {
            order.insert(
                Arc::make_mut(next.by_resource.entry(resource).or_default()),
                &slot,
            );
        }
        next
    }

    /// The programme with a room as it would be.
    #[must_use]
    pub fn with_room(&self, room: &Room) -> Self {
        let mut next = self.clone();
        for known in Arc::make_mut(&mut next.rooms) {
            if known.id == room.id {
                known.clone_from(room);
            }
        }
        next
    }

    /// The programme with a delegation as it would be.
    #[must_use]
    pub fn with_delegation(&self, delegation: &Delegation) -> Self {
        let mut next = self.clone();
        let delegations = Arc::make_mut(&mut next.delegations);
        for known in delegations.iter_mut() {
            if known.id == delegation.id {
                known.clone_from(delegation);
            }
        }
        delegations.sort_by_key(|each| (each.precedence, each.code.clone()));
        next.put_in_order();
        next
    }

    /// The programme of an event as it would be.
    #[must_use]
    pub fn with_event(&self, event: &Event) -> Self {
        Self {
            event: Arc::new(event.clone()),
            ..self.clone()
        }
    }

    /// The programme after delegations were notified.
    #[must_use]
    pub fn with_notices(&self, notices: Vec<Notice>) -> Self {
        let mut next = self.clone();
        next.ledger.tell(notices);
        next
    }

    /// The programme after delegations answered.
    #[must_use]
    pub fn with_answers(&self, answers: Vec<Answer>) -> Self {
        let mut next = self.clone();
        next.ledger.hear(answers);
        next
    }

    /// The same programme under another version.
    #[must_use]
    pub(crate) fn at_version(&self, version: ProgrammeVersion) -> Self {
        let event = Arc::new(Event {
            revision: version.revision,
            ..Event::clone(&self.event)
        });
        Self {
            event,
            key: version.key,
            ..self.clone()
        }
    }

    /// Which state of the event's programme this is.
    #[must_use]
    pub fn version(&self) -> ProgrammeVersion {
        ProgrammeVersion::new(self.event.revision, self.key)
    }

    /// Every slot, cancelled ones too, in order.
    #[must_use]
    pub fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// Every slot that is not cancelled, by time.
    pub fn live_slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.slots
            .iter()
            .filter(|slot| slot.state() != crate::core::slot::SlotState::Cancelled)
    }

    /// The live slots that touch a day at the venue, those that began the evening before among them.
    pub fn slots_on(&self, date: NaiveDate) -> impl Iterator<Item = &Arc<Slot>> {
        let day = self.event.whole_day(date);
        self.live_slots()
            .filter(move |slot| slot.interval().overlaps(day))
    }

    /// The slots that a resource takes part in, cancelled ones too, by time.
    pub fn slots_of(&self, resource: Resource) -> impl Iterator<Item = &Arc<Slot>> {
        self.by_resource
            .get(&resource)
            .into_iter()
            .flat_map(|slots| slots.iter())
    }

    /// The slots of a resource that may come nearer than `minutes` to an interval, cancelled ones too, by time; those
    /// far away are not checked.
    pub fn slots_near(
        &self,
        resource: Resource,
        interval: Interval,
        minutes: i32,
    ) -> impl Iterator<Item = &Arc<Slot>> {
        let slots = self.by_resource.get(&resource);
        let slots = slots.map_or(&[][..], |slots| slots.as_slice());
        let over = interval.start().plus(-minutes - LONGEST_SLOT);
        let until = interval.end().plus(minutes);
        let first = slots.partition_point(|slot| slot.interval().start() <= over);
        slots[first..]
            .iter()
            .take_while(move |slot| slot.interval().start() < until)
    }

    /// A slot.
    #[must_use]
    pub fn slot(&self, id: SlotId) -> Option<&Arc<Slot>> {
        self.by_id
            .binary_search_by_key(&id, |slot| slot.id)
            .ok()
            .map(|at| &self.by_id[at])
    }

    /// A delegation.
    #[must_use]
    pub fn delegation(&self, id: DelegationId) -> Option<&Delegation> {
        self.delegations
            .iter()
            .find(|delegation| delegation.id == id)
    }

    /// A room.
    #[must_use]
    pub fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms.iter().find(|room| room.id == id)
    }

    /// An interpreter.
    #[must_use]
    pub fn interpreter(&self, id: InterpreterId) -> Option<&Interpreter> {
        self.interpreters
            .iter()
            .find(|interpreter| interpreter.id == id)
    }

    /// A delegation by its code.
    #[must_use]
    pub fn delegation_by_code(&self, code: &str) -> Option<&Delegation> {
        self.delegations
            .iter()
            .find(|delegation| delegation.code.as_str() == code)
    }

    /// A room by its code.
    #[must_use]
    pub fn room_by_code(&self, code: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.code.as_str() == code)
    }

    /// An interpreter by its code.
    #[must_use]
    pub fn interpreter_by_code(&self, code: &str) -> Option<&Interpreter> {
        self.interpreters
            .iter()
            .find(|interpreter| interpreter.code.as_str() == code)
    }

    /// The delegations of a slot, in order of precedence.
    pub fn parties<'p>(&'p self, content: &'p SlotContent) -> impl Iterator<Item = &'p Delegation> {
        self.delegations
            .iter()
            .filter(|delegation| content.involves(delegation.id))
    }

    /// A slot with other details, its counters raised by what that changes.
    #[must_use]
    pub(crate) fn successor(&self, old: &Slot, details: SlotDetails) -> Slot {
        let moved = details.moved_from(&old.details);
        // Delegations that were notified of the slot must be able to order later notices (RFC 5546: CANCEL above the last
        // REQUEST, and a new REQUEST above that).
        let told = self.ledger.notices_of(old.id).next().is_some();
        let announced = details.announced_differently(&old.details)
            || details.state == SlotState::Cancelled
            || (told && details.state != old.state());
        Slot {
            id: old.id,
            version: old.version + 1,
            sequence: old.sequence + i32::from(announced),
            moves: old.moves + i32::from(moved),
            details,
        }
    }

    /// How many people the delegations are together: their parties, or as many as the format lets come.
    #[must_use]
    pub fn people(&self, delegations: &[DelegationId], format: MeetingFormat) -> i32 {
        let known = delegations.iter().filter_map(|id| self.delegation(*id));
        known
            .map(|party| {
                let agreed = format.accompanying.map(|people| people + 1);
                agreed.unwrap_or(party.party_size)
            })
            .sum()
    }

    /// Chair and guests, in order of precedence: those that a slot for all delegations is for.
    pub fn members(&self) -> impl Iterator<Item = &Delegation> {
        let delegations = self.delegations.iter();
        delegations.filter(|delegation| delegation.role != PrincipalRole::Invited)
    }

    /// True when chair and all guests take part, three or more.
    #[must_use]
    pub fn is_for_everyone(&self, content: &SlotContent) -> bool {
        content.delegations.len() > 2 && self.members().all(|each| content.involves(each.id))
    }

    /// Those invited to single sessions that take part in a slot for all delegations, in order of precedence.
    pub fn also_invited<'p>(
        &'p self,
        content: &'p SlotContent,
    ) -> impl Iterator<Item = &'p Delegation> {
        let parties = self.parties(content);
        parties.filter(|each| content.all_delegations && each.role == PrincipalRole::Invited)
    }

    /// The codes of the delegations that a slot for all leaves out, in order of precedence; none for any other.
    #[must_use]
    pub fn left_out(&self, content: &SlotContent) -> Vec<String> {
        self.members()
            .filter(|delegation| content.all_delegations && !content.involves(delegation.id))
            .map(|delegation| delegation.code.to_string())
            .collect()
    }

    /// The codes of a slot's audience, in order of precedence, or [`EVERY_CODE`].
    #[must_use]
    pub fn audience_codes(&self, content: &SlotContent) -> Vec<String> {
        if content.audience == SlotAudience::All {
            return vec![EVERY_CODE.to_owned()];
        }
        let delegations = self.delegations.iter();
        delegations
            .filter(|delegation| content.audience.includes(delegation.id))
            .map(|delegation| delegation.code.to_string())
            .collect()
    }

    /// Finds the audience that codes name: delegations, or [`EVERY_CODE`].
    ///
    /// # Errors
    /// With a code that is none of this event.
    pub fn audience_of<'c>(
        &self,
        codes: impl IntoIterator<Item = &'c str>,
    ) -> Result<SlotAudience, &'c str> {
        let (mut kind, mut named) = (AudienceKind::Named, Vec::new());
        for code in codes {
            if code == EVERY_CODE {
                kind = AudienceKind::All;
            } else {
                named.push(self.delegation_by_code(code).ok_or(code)?.id);
            }
        }
        Ok(SlotAudience::of(kind, named))
    }

    /// The interpreters of a slot, in the order they were entered.
    pub fn interpreters_of<'p>(
        &'p self,
        content: &'p SlotContent,
    ) -> impl Iterator<Item = &'p Interpreter> + Clone {
        self.interpreters
            .iter()
            .filter(|interpreter| content.interpreters.contains(&interpreter.id))
    }

    /// The host, if there is one yet.
    #[must_use]
    pub fn chair(&self) -> Option<&Delegation> {
        self.delegations
            .iter()
            .find(|delegation| delegation.role == PrincipalRole::Chair)
    }
}

/// The order of slots; see [`Programme::order`].
struct SlotOrder {
    delegations: Arc<Vec<Delegation>>,
    rooms: Arc<Vec<Room>>,
}

impl SlotOrder {
    fn of(programme: &Programme) -> Self {
        Self {
            delegations: Arc::clone(&programme.delegations),
            rooms: Arc::clone(&programme.rooms),
        }
    }

    /// Most slots differ in their start, so that the rest is seldom looked up.
    fn compare(&self, one: &Slot, other: &Slot) -> Ordering {
        let plain = |slot: &Slot| (slot.content().kind.as_str(), slot.state().as_str());
        let (start, end) = (
            |slot: &Slot| slot.interval().start(),
            |slot: &Slot| slot.interval().end(),
        );
        start(one)
            .cmp(&start(other))
            .then_with(|| self.room(one).cmp(&self.room(other)))
            .then_with(|| self.codes(one).cmp(self.codes(other)))
            .then_with(|| end(one).cmp(&end(other)))
            .then_with(|| one.title().cmp(other.title()))
            .then_with(|| plain(one).cmp(&plain(other)))
            .then_with(|| one.content().note.cmp(&other.content().note))
            .then_with(|| one.id.cmp(&other.id))
    }

    /// The place of its room among the rooms; a slot without one comes last.
    fn room(&self, slot: &Slot) -> usize {
        let known = slot
            .room()
            .and_then(|id| self.rooms.iter().position(|room| room.id == id));
        known.unwrap_or(self.rooms.len())
    }

    /// Codes of its delegations, in order of precedence.
    fn codes<'a>(&'a self, slot: &'a Slot) -> impl Iterator<Item = &'a str> {
        let parties = self.delegations.iter();
        parties
            .filter(|party| slot.content().involves(party.id))
            .map(|party| party.code.as_str())
    }

    fn insert(&self, slots: &mut Vec<Arc<Slot>>, slot: &Arc<Slot>) {
        let at = slots.partition_point(|other| self.compare(other, slot).is_lt());
        slots.insert(at, Arc::clone(slot));
    }
}

fn remove(slots: &mut Vec<Arc<Slot>>, slot: &Slot) {
    let start = slot.interval().start();
    let first = slots.partition_point(|other| other.interval().start() < start);
    if let Some(at) = slots[first..].iter().position(|other| other.id == slot.id) {
        slots.remove(first + at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{self, CONFERENCE, HALL, JP, KG, KZ, PRESS, SALON, TM, UZ};
    use crate::core::slot::{SlotKind, SlotState};

    /// Parallel slots under ids that are drawn in one order, or in the other.
    fn parallel(ids: impl Iterator<Item = i64>) -> Vec<Slot> {
        let rooms = [PRESS, SALON, HALL, CONFERENCE];
        let mut slots: Vec<Slot> = ids
            .zip([KZ, UZ, TM, KG, JP, KZ])
            .enumerate()
            .map(|(at, (id, guest))| {
                let room = rooms.get(at).copied();
                let title = format!("Of {guest:?}");
                let mut slot = sample::slot(
                    id,
                    SlotKind::Other,
                    &title,
                    ("10:00", 30),
                    room.unwrap_or(HALL),
                    &[guest],
                    SlotState::Pencilled,
                );
                slot.details.placement.room = room;
                slot
            })
            .collect();
        slots.push(sample::slot(
            99,
            SlotKind::Other,
            "First",
            ("09:00", 90),
            SALON,
            &[TM],
            SlotState::Pencilled,
        ));
        slots
    }

    fn listed(programme: &Programme) -> Vec<(Option<RoomId>, String)> {
        let slots = programme.slots().iter();
        slots
            .map(|slot| (slot.room(), slot.title().to_string()))
            .collect()
    }

    #[test]
    fn parallel_slots_have_one_order_whatever_their_ids() {
        let one = sample::programme(parallel(1..));
        let rooms: Vec<_> = listed(&one).into_iter().map(|(room, _)| room).collect();
        assert_eq!(
            rooms,
            [
                Some(SALON),
                Some(HALL),
                Some(CONFERENCE),
                Some(SALON),
                Some(PRESS),
                None,
                None
            ],
            "by start, then in the set order of the rooms"
        );
        let without_room = &listed(&one)[5..];
        assert_eq!(
            without_room[0].1,
            format!("Of {JP:?}"),
            "then by delegation"
        );
        for ids in [vec![9, 8, 7, 6, 5, 4], vec![3, 1, 4, 15, 9, 2]] {
            let slots = parallel(ids.into_iter());
            assert_eq!(listed(&sample::programme(slots.clone())), listed(&one));
            let mut added = sample::programme(Vec::new());
            let mut replaced = sample::programme(Vec::new());
            for slot in slots.iter().rev() {
                added.add(slot.clone());
                replaced = replaced.with_slot(slot.clone()).with_slot(slot.clone());
            }
            assert_eq!(listed(&added), listed(&one));
            assert_eq!(listed(&replaced), listed(&one));
        }
    }
}
