//! The rules: pure functions from a programme and a slot to what is in the way.

pub mod breakage;
mod chair;
pub mod extent;
mod finding;
pub mod interpretation;
pub(crate) mod overlap;
pub(crate) mod place;
pub(crate) mod shape;
#[cfg(test)]
mod tests;

use crate::core::rule::{Level, Override, Rule};
pub use breakage::unsuited;
pub use chair::guests_without_bilateral;
pub use extent::extent;
pub use finding::RuleFinding;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::core::by_slot::Concerning;
use crate::core::delegation::DelegationId;
use crate::core::programme::Programme;
use crate::core::slot::Resource;
use crate::core::slot::{Placement, Slot, SlotContent, SlotDetails, SlotId, SlotState};
use crate::core::text_enum::TextEnum;

/// Something in the way of a slot, or worth knowing about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The slot; `None` for one that is not stored yet, and for what concerns no slot.
    pub slot: Option<SlotId>,
    /// How strictly it is meant here.
    pub level: Level,
    /// What was found.
    pub finding: RuleFinding,
}

impl Conflict {
    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.finding.rule()
    }
}

/// A stored or requested slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The stored slot it would replace; `None` for a new one.
    pub id: Option<SlotId>,
    /// What it is for, and who takes part.
    pub content: &'a SlotContent,
    /// When and where.
    pub placement: Placement,
    /// How firm.
    pub state: SlotState,
}

/// The id of a slot that has none yet.
const UNSTORED: SlotId = SlotId(-1);

impl<'a> Candidate<'a> {
    /// A stored slot, as it is.
    #[must_use]
    pub const fn stored(slot: &'a Slot) -> Self {
        Self::of(Some(slot.id), &slot.details)
    }

    /// A slot that is not stored yet.
    #[must_use]
    pub const fn new(details: &'a SlotDetails) -> Self {
        Self::of(None, details)
    }

    /// What is asked for of a stored slot, or of a new one.
    #[must_use]
    pub const fn of(id: Option<SlotId>, details: &'a SlotDetails) -> Self {
        Self {
            id,
            content: &details.content,
            placement: details.placement,
            state: details.state,
        }
    }

    /// The same at another time or in another room.
    #[must_use]
    pub const fn placed(self, placement: Placement) -> Self {
        Self { placement, ..self }
    }

    /// What is asked for, to be stored.
    #[must_use]
    pub fn details(self) -> SlotDetails {
        SlotDetails {
            content: self.content.clone(),
            placement: self.placement,
            state: self.state,
            fixed: false,
        }
    }

    /// The id, or a substitute for it.
    const fn id_or_unstored(self) -> SlotId {
        match self.id {
            Some(id) => id,
            None => UNSTORED,
        }
    }

    /// Everything it would hold.
    pub(crate) fn resources(self) -> impl Iterator<Item = Resource> + use<'a> {
        self.content.resources(self.placement.room)
    }

    /// The programme as it would be with the candidate in the place of the stored slot: where that is moved, the overrides
    /// given for it expire.
    #[must_use]
    pub fn within(self, programme: &Programme) -> Cow<'_, Programme> {
        match self.id.and_then(|id| programme.slot(id)) {
            Some(stored) if Candidate::stored(stored) != self => {
                let details = SlotDetails {
                    fixed: stored.is_fixed(),
                    ..self.details()
                };
                Cow::Owned(programme.with_slot(Slot {
                    moves: stored.moves + i32::from(details.moved_from(&stored.details)),
                    details,
                    ..Slot::clone(stored)
                }))
            }
            _ => Cow::Borrowed(programme),
        }
    }

    /// The live slots that share `resource` with it, itself aside.
    pub(crate) fn others(
        self,
        programme: &Programme,
        resource: Resource,
    ) -> impl Iterator<Item = &Slot> {
        let slots = programme.slots_of(resource).map(AsRef::as_ref);
        slots.filter(move |other| self.is_beside(other))
    }

    /// Those of them that may come nearer to it than `minutes`.
    fn neighbours(
        self,
        programme: &Programme,
        resource: Resource,
        minutes: i32,
    ) -> impl Iterator<Item = &Slot> {
        let slots = programme.slots_near(resource, self.placement.interval, minutes);
        slots
            .map(AsRef::as_ref)
            .filter(move |other| self.is_beside(other))
    }

    fn is_beside(self, other: &Slot) -> bool {
        Some(other.id) != self.id && other.state() != SlotState::Cancelled
    }

    /// A pencilled slot is a sketch: what would otherwise stop it is only said.
    pub(crate) fn softened(self, level: Level) -> Level {
        if self.state.holds() {
            level
        } else {
            Level::Advice
        }
    }

    pub(crate) fn conflict(self, level: Level, finding: RuleFinding) -> Conflict {
        Conflict {
            slot: self.id,
            level,
            finding,
        }
    }
}

/// Everything in the way of one slot, the strictest first.
#[must_use]
pub fn check(programme: &Programme, candidate: Candidate<'_>) -> Vec<Conflict> {
    if candidate.state == SlotState::Cancelled {
        return Vec::new();
    }
    let mut conflicts = obstacles(programme, candidate);
    chair::check(programme, candidate, &mut conflicts);
    in_order(programme, &mut conflicts);
    conflicts
}

/// What would refuse a slot or ask for a reason, the strictest first: everything but advice.
#[must_use]
pub fn refusals(programme: &Programme, candidate: Candidate<'_>) -> Vec<Conflict> {
    let mut conflicts = if chair_may_object(programme, candidate) {
        check(programme, candidate)
    } else {
        obstacles(programme, candidate)
    };
    conflicts.retain(|conflict| conflict.level != Level::Advice);
    in_order(programme, &mut conflicts);
    conflicts
}

/// True when the rules on the chair's day may be in the way of a slot; they are long to judge and seldom more than advice.
pub(crate) fn chair_may_object(programme: &Programme, candidate: Candidate<'_>) -> bool {
    programme.event.settings.chair_rest_needs_reason
        && programme
            .chair()
            .is_some_and(|chair| candidate.content.involves(chair.id))
}

/// Conflicts and needs for a reason, without the advice on the chair's day: sufficient for a search for free times.
#[must_use]
pub fn obstacles(programme: &Programme, candidate: Candidate<'_>) -> Vec<Conflict> {
    let mut conflicts = of_itself_and_pairs(programme, candidate);
    interpretation::rest(programme, candidate, &mut conflicts);
    conflicts
}

/// The rules on one slot, and on each two.
fn of_itself_and_pairs(programme: &Programme, candidate: Candidate<'_>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    shape::check(programme, candidate, &mut conflicts);
    overlap::check(programme, candidate, &mut conflicts);
    place::check(programme, candidate, &mut conflicts);
    interpretation::check(programme, candidate, &mut conflicts);
    conflicts
}

/// Everything in the way anywhere in the programme, each pair of slots named once.
#[must_use]
pub fn check_all(programme: &Programme) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for slot in programme.live_slots() {
        let candidate = Candidate::stored(slot);
        let found = of_itself_and_pairs(programme, candidate);
        // A clash of two is named at the later of them.
        conflicts.extend(found.into_iter().filter(|conflict| {
            conflict
                .finding
                .other()
                .and_then(|other| programme.slot(other))
                .is_none_or(|other| programme.order(other, slot).is_lt())
        }));
    }
    interpretation::rest_of_all(programme, &mut conflicts);
    chair::check_all(programme, &mut conflicts);
    in_order(programme, &mut conflicts);
    conflicts
}

/// Puts conflicts into an order that depends on nothing but what they say: the strictest first, then by time, rule and
/// resource. Ids are drawn at random.
fn in_order(programme: &Programme, conflicts: &mut [Conflict]) {
    let slot = |id: Option<SlotId>| {
        let slot = programme.slot(id?)?;
        Some((slot.interval(), slot.title().as_str()))
    };
    let code = |resource: Option<Resource>| {
        let code = match resource? {
            Resource::Delegation(id) => &programme.delegation(id)?.code,
            Resource::Room(id) => &programme.room(id)?.code,
            Resource::Interpreter(id) => &programme.interpreter(id)?.code,
        };
        Some(code.as_str())
    };
    let sides = |finding: &RuleFinding| {
        let of = |ids: &[DelegationId]| {
            let codes = ids.iter().map(|id| code(Some(Resource::Delegation(*id))));
            codes.collect::<Vec<_>>()
        };
        match finding {
            RuleFinding::Uncovered { hub, others } => of(&[&[*hub], others.as_slice()].concat()),
            RuleFinding::Relayed { hub, other, .. } => of(&[*hub, *other]),
            _ => Vec::new(),
        }
    };
    let key = |conflict: &Conflict| {
        let (own, finding) = (slot(conflict.slot), &conflict.finding);
        // What concerns no slot comes last.
        (
            (conflict.level, own.is_none(), own, slot(finding.other())),
            conflict.rule().as_str(),
            (code(finding.resource()), sides(finding)),
        )
    };
    conflicts.sort_by(|one, other| key(one).cmp(&key(other)));
}

/// The override of a conflict, if one is in force.
#[must_use]
pub fn in_force<'p>(programme: &'p Programme, conflict: &Conflict) -> Option<&'p Override> {
    if conflict.level != Level::NeedsReason {
        return None;
    }
    let (rule, resource) = (conflict.rule(), conflict.finding.resource());
    let slots: Vec<SlotId> = match &conflict.finding {
        RuleFinding::ChairRest { run, .. } | RuleFinding::InterpreterRest { run, .. } => {
            run.clone()
        }
        finding => conflict.slot.into_iter().chain(finding.other()).collect(),
    };
    let interval = conflict.slot.and_then(|id| programme.slot(id))?.interval();
    let extent = extent(programme, interval, conflict);
    let mut entries = programme.overrides.of_any(&slots).filter(|entry| {
        entry.rule == rule
            && entry.resource == resource
            && entry.approved.is_none_or(|approved| extent <= approved)
    });
    match &conflict.finding {
        // A reason is for the run it was given for: it holds while one slot has it beside every other.
        RuleFinding::ChairRest { run, .. } | RuleFinding::InterpreterRest { run, .. } => {
            let standing: Vec<&Override> =
                entries.filter(|entry| entry.stands(programme)).collect();
            // A long run has thousands of them: each is looked at once.
            let mut beside: HashMap<SlotId, HashSet<SlotId>> = HashMap::new();
            for entry in &standing {
                let others = beside.entry(entry.slot).or_default();
                others.extend(entry.other.map(|(id, _)| id));
            }
            let covers = |(slot, others): &(&SlotId, &HashSet<SlotId>)| {
                run.iter()
                    .all(|member| member == *slot || others.contains(member))
            };
            let covering: HashSet<SlotId> = beside
                .iter()
                .filter(covers)
                .map(|(slot, _)| *slot)
                .collect();
            standing
                .into_iter()
                .find(|first| covering.contains(&first.slot))
        }
        _ => entries.find(|entry| entry.concerns(conflict) && entry.stands(programme)),
    }
}

impl Concerning for Override {
    fn slot(&self) -> Option<SlotId> {
        Some(self.slot)
    }
}

impl Override {
    /// True while the slots concerned are not moved.
    fn stands(&self, programme: &Programme) -> bool {
        let stands = |id, moves| programme.slot(id).is_some_and(|slot| slot.moves == moves);
        stands(self.slot, self.slot_moves) && self.other.is_none_or(|(id, moves)| stands(id, moves))
    }

    fn concerns(&self, conflict: &Conflict) -> bool {
        let other = self.other.map(|(id, _)| id);
        let (slot, found) = (conflict.slot, conflict.finding.other());
        (slot, found) == (Some(self.slot), other)
            || (other.is_some() && (found, slot) == (Some(self.slot), other))
    }
}
