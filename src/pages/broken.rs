//! Lists of slots that break rules, with alternatives to each.

use crate::core::rule::Rule;
use crate::core::rules::breakage::breaking;
use crate::core::rules::{Candidate, Conflict};
use crate::core::slot::Slot;
use crate::core::text_enum::TextEnum;
use crate::core::timetable::clock_range;
use crate::pages::slot::form::alternatives_to;
use crate::pages::slot::marks;
use crate::server::broken::{BrokenList, BrokenSlot};
use crate::server::context::EventContext;
use crate::server::page::{Section, Shell};

/// The most slots for which alternatives are searched; the others have them on their own pages.
const MOST_SEARCHED: usize = 50;

/// Makes the frame of a page that may follow a change of facts: it lists the slots that the change has broken.
#[must_use]
pub fn shell(context: &EventContext, title: impl Into<String>, section: Section) -> Shell {
    let shell = context.access.shell(title, section);
    shell.broken(broken_by_the_change(context))
}

/// Lists the slots of the address that are still broken, for those who can do something about it.
fn broken_by_the_change(context: &EventContext) -> Option<BrokenList> {
    if !context.access.may_change() {
        return None;
    }
    let named = &context.broken.named;
    let slots = named.iter().filter_map(|id| context.programme.slot(*id));
    let found = breaking(&context.programme, slots.map(AsRef::as_ref), Rule::ALL);
    if found.is_empty() {
        return None;
    }
    let unnamed = context.broken.unnamed;
    let title = match found.len() + unnamed {
        1 => "The change breaks 1 slot".to_owned(),
        count => format!("The change breaks {count} slots"),
    };
    Some(BrokenList {
        title,
        unnamed,
        slots: lines(context, found),
    })
}

/// Words slots with what is against them and what else is free.
pub(super) fn lines(context: &EventContext, found: Vec<(&Slot, Vec<Conflict>)>) -> Vec<BrokenSlot> {
    let programme = &context.programme;
    let zone = programme.event.time_zone;
    found
        .into_iter()
        .enumerate()
        .map(|(at, (slot, conflicts))| BrokenSlot {
            slot: slot.id,
            day: zone.day_in_words(slot.interval().start()),
            time: clock_range(programme, slot.interval()),
            title: slot.title().to_string(),
            marks: marks(programme, Candidate::stored(slot), &conflicts),
            alternatives: if at < MOST_SEARCHED {
                alternatives_to(context, slot)
            } else {
                Vec::new()
            },
        })
        .collect()
}
