//! The one wording of every conflict: what is in the way, when it ends, what would be free.

pub mod answer;
mod interpretation;

pub use interpretation::with_languages;

use crate::core::free::{self, Obstacle};
use crate::core::programme::Programme;
use crate::core::room::{RoomClosure, RoomId};
use crate::core::rules::{Candidate, Conflict, RuleFinding};
use crate::core::slot::Resource;
use crate::core::slot::{Slot, SlotContent, SlotId, SlotKind, SlotState};
use crate::core::time::Instant;

/// Rooms that a sentence names in place of one that is too small.
const MOST_ROOMS: usize = 5;

/// Says a conflict of `candidate` in one or two sentences, in the venue's time.
#[must_use]
pub fn sentence(programme: &Programme, candidate: Candidate<'_>, conflict: &Conflict) -> String {
    Speaker {
        programme,
        candidate,
    }
    .say(&conflict.finding)
}

/// Words a conflict of the stored programme, as [`crate::core::rules::check_all`] lists them.
#[must_use]
pub fn stored_sentence(programme: &Programme, conflict: &Conflict) -> String {
    match (
        conflict.slot.and_then(|id| programme.slot(id)),
        &conflict.finding,
    ) {
        (Some(slot), _) => sentence(programme, Candidate::stored(slot), conflict),
        (None, RuleFinding::MissingBilateral { delegation }) => {
            format!(
                "{} has no bilateral with the chair yet.",
                resource_name(programme, Resource::Delegation(*delegation))
            )
        }
        (None, finding) => finding.rule().label().to_owned(),
    }
}

/// Says what is in the way of a wish for a free time.
#[must_use]
pub fn obstacle(programme: &Programme, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Rule {
            details,
            conflict,
            others,
        } => {
            let candidate = Candidate::of(conflict.slot, details);
            let said = sentence(programme, candidate, conflict);
            let choice = match conflict.finding.resource() {
                Some(Resource::Room(_)) => "room",
                _ => "interpreter",
            };
            match others {
                0 => said,
                1 => format!("{said} The one other {choice} to choose from is not free either."),
                many => {
                    format!(
                        "{said} None of the {many} other {choice}s to choose from is free either."
                    )
                }
            }
        }
        Obstacle::NoRoomFor(people) => format!("No room takes {people} people."),
        Obstacle::NobodyInterprets(pair) => {
            let [one, other] = pair.languages();
            format!("No interpreter works between {one} and {other}.")
        }
    }
}

/// The name of a resource, as `Kazakhstan` or `Conference Room`.
#[must_use]
pub fn resource_name(programme: &Programme, resource: Resource) -> String {
    let name = match resource {
        Resource::Delegation(id) => programme
            .delegation(id)
            .map(|delegation| delegation.name.to_string()),
        Resource::Room(id) => programme.room(id).map(|room| room.name.to_string()),
        Resource::Interpreter(id) => programme
            .interpreter(id)
            .map(|interpreter| interpreter.name.to_string()),
    };
    name.unwrap_or_else(|| "an entry of another event".to_owned())
}

/// Says which slots name a resource, so that it cannot be removed; `None` when none does. `noun` is as `the room`.
#[must_use]
pub fn named_by(programme: &Programme, resource: Resource, noun: &str) -> Option<String> {
    let (cancelled, live): (Vec<&Slot>, Vec<&Slot>) = programme
        .slots_of(resource)
        .map(AsRef::as_ref)
        .partition(|slot| slot.state() == SlotState::Cancelled);
    let zone = programme.event.time_zone;
    let title = |slot: &&Slot| {
        let at = zone.local(slot.interval().start()).format("%-d %B, %H:%M");
        format!("“{}” ({at})", slot.title())
    };
    let first = match live.as_slice() {
        [] => None,
        [one] => Some(format!(
            "1 slot names {noun}: {}. Change it first.",
            title(one)
        )),
        many => {
            let titles: Vec<String> = many.iter().map(title).collect();
            let titles = titles.join(", ");
            Some(format!(
                "{} slots name {noun}: {titles}. Change them first.",
                many.len()
            ))
        }
    };
    let second = match cancelled.len() {
        0 => None,
        1 => Some(format!(
            "1 cancelled slot names {noun} and stays for the record, so {noun} stays as well."
        )),
        many => Some(format!(
            "{many} cancelled slots name {noun} and stay for the record, so {noun} stays as well."
        )),
    };
    let sentences: Vec<String> = first.into_iter().chain(second).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

struct Speaker<'a> {
    programme: &'a Programme,
    candidate: Candidate<'a>,
}

impl Speaker<'_> {
    fn say(&self, finding: &RuleFinding) -> String {
        match finding {
            RuleFinding::DoubleBooking { resource, other } => {
                let verb = match resource {
                    Resource::Room(_) => "is taken by",
                    Resource::Delegation(_) | Resource::Interpreter(_) => "is in",
                };
                let name = resource_name(self.programme, *resource);
                format!("{name} {verb} {}. {}", self.other(*other), self.free_again(*resource, Some(*other)))
            }
            RuleFinding::OffGrid { grid_minutes } => {
                format!("Start and end must be multiples of {grid_minutes} minutes.")
            }
            RuleFinding::OutsideDays => {
                let days: Vec<String> =
                    self.programme.event.days.iter().map(|day| crate::core::time::day_in_words(day.date)).collect();
                format!("The slot is outside the days of the event ({}).", days.join("; "))
            }
            RuleFinding::BilateralOfTwo { found } => {
                format!("A bilateral has exactly two delegations; this one has {found}.")
            }
            RuleFinding::MultilateralOfThree { found } => {
                format!("A multilateral has three delegations or more; this one has {found}.")
            }
            RuleFinding::PlenaryWithoutChair => match self.programme.chair() {
                Some(chair) => format!("A plenary needs the chair; add {}.", chair.name),
                None => "A plenary needs the chair; first give one delegation that role.".to_owned(),
            },
            RuleFinding::Foreign { .. } => {
                "A delegation, room or interpreter does not belong to this event; choose from the lists.".to_owned()
            }
            RuleFinding::OutsideHours { open } => {
                let (_, opens, closes) = self.programme.event.typed(*open);
                format!("The venue is open from {opens} to {closes} that day.")
            }
            RuleFinding::Absent { resource } => self.absent(*resource),
            RuleFinding::RoomClosed { room, closure } => self.room_closed(*room, closure),
            RuleFinding::RoomKind { room, kind } => self.room_kind(*room, *kind),
            RuleFinding::Turnaround { room, other, gap, needed } => format!(
                "{} needs {} between slots; there are {} to {}. {}",
                resource_name(self.programme, Resource::Room(*room)),
                minutes(*needed),
                minutes(*gap),
                self.other(*other),
                self.free_again(Resource::Room(*room), Some(*other)),
            ),
            RuleFinding::Transfer { resource, other, gap, needed } => {
                let name = resource_name(self.programme, *resource);
                let who = match resource {
                    Resource::Delegation(_) => format!("The principal of {name}"),
                    Resource::Interpreter(_) | Resource::Room(_) => name,
                };
                format!(
                    "{who} needs {} between rooms; there are {} to {}. {}",
                    minutes(*needed),
                    minutes(*gap),
                    self.other(*other),
                    self.free_again(*resource, Some(*other)),
                )
            }
            RuleFinding::Capacity { room, expected, capacity } => self.capacity(*room, *expected, *capacity),
            RuleFinding::Uncovered { hub, others } => self.uncovered(*hub, others),
            RuleFinding::Relayed { hub, other, relay } => self.relayed(*hub, *other, relay),
            RuleFinding::NoLanguages { delegation } => format!(
                "{} has no languages entered, so it is unknown whether it needs an interpreter.",
                resource_name(self.programme, Resource::Delegation(*delegation))
            ),
            RuleFinding::InterpreterRest { interpreter, span, allowed, alone, .. } => {
                self.interpreter_rest(*interpreter, *span, *allowed, *alone)
            }
            RuleFinding::ChairRest { span, allowed, .. } => format!(
                "The chair works from {} to {} ({}) without a break of 15 minutes; {} is the limit.",
                self.clock(span.start()),
                self.clock(span.end()),
                minutes(span.minutes()),
                minutes(*allowed),
            ),
            RuleFinding::OutOfPrecedence { other } => self.precedence(*other),
            RuleFinding::UnequalLength { other, longest } => format!(
                "{} shorter than {} ({}).",
                minutes(longest - self.candidate.placement.interval.minutes()),
                self.other(*other),
                minutes(*longest),
            ),
            RuleFinding::RepeatedPair { other } => format!("The same two already meet in {}.", self.other(*other)),
            RuleFinding::MissingBilateral { delegation } => format!(
                "{} has no bilateral with the chair yet.",
                resource_name(self.programme, Resource::Delegation(*delegation))
            ),
            RuleFinding::NoRoom => "No room yet.".to_owned(),
        }
    }

    fn room_closed(&self, room: RoomId, closure: &RoomClosure) -> String {
        let (resource, interval) = (Resource::Room(room), closure.interval);
        let reason = if closure.reason.is_empty() {
            String::new()
        } else {
            format!(" ({})", closure.reason)
        };
        format!(
            "{} is closed from {} to {}{reason}. {}",
            resource_name(self.programme, resource),
            self.clock(interval.start()),
            self.clock(interval.end()),
            self.free_again(resource, None),
        )
    }

    fn capacity(&self, room: RoomId, expected: i32, capacity: i32) -> String {
        let rooms = self.programme.rooms.iter();
        let mut larger: Vec<String> = rooms
            .filter(|room| room.capacity >= expected)
            .map(|room| format!("{} ({})", room.name, room.capacity))
            .collect();
        let more = larger.len().saturating_sub(MOST_ROOMS);
        larger.truncate(MOST_ROOMS);
        let instead = match (larger.as_slice(), more) {
            ([], _) => "No room takes them all.".to_owned(),
            (named, 0) => format!("Large enough: {}.", named.join(", ")),
            (named, more) => format!("Large enough: {} and {more} more.", named.join(", ")),
        };
        let name = resource_name(self.programme, Resource::Room(room));
        format!("{name} takes {capacity} people and {expected} are expected. {instead}")
    }

    /// `“Working lunch” (Dining Room) from 13:00 until 14:20`
    fn other(&self, id: SlotId) -> String {
        let Some(slot) = self.programme.slot(id) else {
            return "another slot".to_owned();
        };
        let sketch = if slot.state().holds() {
            ""
        } else {
            ", pencilled"
        };
        format!(
            "“{}”{}{sketch} from {} until {}",
            slot.title(),
            self.place(slot),
            self.clock(slot.interval().start()),
            self.clock(slot.interval().end()),
        )
    }

    fn place(&self, slot: &Slot) -> String {
        let room = slot.room().and_then(|room| self.programme.room(room));
        room.map(|room| format!(" ({})", room.name))
            .unwrap_or_default()
    }

    /// When the resource is next free for as long as the candidate lasts; the sentence says so where that holds for the
    /// resource alone and not for the whole slot.
    fn free_again(&self, resource: Resource, other: Option<SlotId>) -> String {
        let interval = self.candidate.placement.interval;
        let length = minutes(interval.minutes());
        match free::resource_free_from(self.programme, resource, self.candidate, other) {
            Some(start) => {
                let whole = free::bookable_from(self.programme, self.candidate, start).is_some();
                let who = if whole {
                    "Free again".to_owned()
                } else {
                    format!(
                        "{} alone is free again",
                        resource_name(self.programme, resource)
                    )
                };
                format!("{who} for {length} from {}.", self.clock(start))
            }
            None => format!("Not free again for {length} that day."),
        }
    }

    fn room_kind(&self, room: RoomId, kind: SlotKind) -> String {
        let name = resource_name(self.programme, Resource::Room(room));
        let meant = self.programme.room(room).map_or_else(String::new, |room| {
            let kinds: Vec<&str> = room.kinds.iter().map(|kind| kind.label()).collect();
            kinds.join(", ").to_lowercase()
        });
        let rooms = self.programme.rooms.iter();
        let others: Vec<&str> = rooms
            .filter(|room| room.is_for(kind))
            .map(|room| room.name.as_str())
            .collect();
        let instead = if others.is_empty() {
            "No room is.".to_owned()
        } else {
            format!("These are: {}.", others.join(", "))
        };
        let kind = kind.label().to_lowercase();
        format!("{name} is for {meant}, not meant for a slot of the kind {kind}. {instead}")
    }

    fn absent(&self, resource: Resource) -> String {
        let presence = match resource {
            Resource::Delegation(id) => self
                .programme
                .delegation(id)
                .map(|delegation| &delegation.presence),
            Resource::Interpreter(id) => self
                .programme
                .interpreter(id)
                .map(|interpreter| &interpreter.presence),
            Resource::Room(_) => None,
        };
        let zone = self.programme.event.time_zone;
        let day = |instant: Instant| zone.local(instant).format("%-d %B %H:%M").to_string();
        let stays: Vec<String> = presence
            .into_iter()
            .flatten()
            .map(|stay| format!("{} to {}", day(stay.start()), day(stay.end())))
            .collect();
        let name = resource_name(self.programme, resource);
        format!(
            "{name} is not there for all of it; present {}.",
            stays.join(" and ")
        )
    }

    fn precedence(&self, other: SlotId) -> String {
        let rank = |content: &SlotContent| {
            let chair = self.programme.chair().map(|chair| chair.id);
            content
                .delegations
                .iter()
                .filter(|id| Some(**id) != chair)
                .find_map(|id| self.programme.delegation(*id))
                .map(|delegation| delegation.name.to_string())
                .unwrap_or_default()
        };
        let Some(slot) = self.programme.slot(other) else {
            return String::new();
        };
        let (mine, theirs) = (rank(self.candidate.content), rank(slot.content()));
        let at = self.clock(slot.interval().start());
        if slot.interval().start() < self.candidate.placement.interval.start() {
            format!(
                "{mine} comes before {theirs} in precedence, but {theirs} meets the chair earlier, at {at}."
            )
        } else {
            format!(
                "{theirs} comes before {mine} in precedence, but meets the chair later, at {at}."
            )
        }
    }

    /// The time, with the day where it is not the candidate's.
    fn clock(&self, instant: Instant) -> String {
        let zone = self.programme.event.time_zone;
        let clock = zone.clock(instant);
        if zone.date(instant) == zone.date(self.candidate.placement.interval.start()) {
            clock
        } else {
            format!("{clock} on {}", zone.local(instant).format("%-d %B"))
        }
    }
}

fn minutes(count: i32) -> String {
    if count == 1 {
        "1 minute".to_owned()
    } else {
        format!("{count} minutes")
    }
}
