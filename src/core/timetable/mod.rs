//! The timetable as a page shows it: slots in words, findings, a day as a list or, in [`grid`], in
//! columns. Pure: a programme in, things to show out.

mod grid;
pub mod placements;
pub mod print;

pub use grid::{
    BlockContent, DayPlan, GridBlock, GridColumn, ROW_MINUTES, RulerHour, day_plan, window,
};

use chrono::NaiveDate;

use crate::core::by_slot::{BySlot, Concerning};
use crate::core::delegation::{Delegation, PrincipalRole};
use crate::core::programme::Programme;
use crate::core::rules::{Candidate, Conflict, check_all, in_force};
use crate::core::slot::{Slot, SlotId, SlotState};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::{Interval, hull};
use crate::core::time::{ClockRange, Instant};
use crate::core::wording;

/// Kind of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One column per room.
    Rooms,
    /// One column per delegation.
    Delegations,
    /// No columns: a table by time.
    List,
}

impl TextEnum for Layout {
    const ALL: &'static [Self] = &[Self::Rooms, Self::Delegations, Self::List];
    const NOUN: &'static str = "layout";

    fn as_str(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Delegations => "delegations",
            Self::List => "list",
        }
    }
}

/// Zoom of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zoom {
    /// A line every five minutes: the shortest slot is as high as a finger needs.
    Five,
    /// A line every quarter of an hour.
    Fifteen,
    /// A line every half hour: a whole day on one screen.
    Thirty,
}

impl TextEnum for Zoom {
    const ALL: &'static [Self] = &[Self::Five, Self::Fifteen, Self::Thirty];
    const NOUN: &'static str = "zoom";

    fn as_str(self) -> &'static str {
        match self {
            Self::Five => "5",
            Self::Fifteen => "15",
            Self::Thirty => "30",
        }
    }
}

/// A slot in words, for blocks and lists.
#[derive(Debug, Clone)]
pub struct SlotView {
    /// Its id.
    pub id: SlotId,
    /// The version that is shown.
    pub version: i32,
    /// When.
    pub interval: Interval,
    /// `14:40–15:10`
    pub time: String,
    /// True where it is shown on the day on which it starts: on a later one it cannot be dragged.
    pub is_of_day: bool,
    /// Length in minutes.
    pub minutes: i32,
    /// The title.
    pub title: String,
    /// The kind's word, for its tint.
    pub kind: &'static str,
    /// The kind as people read it, with the format where one is agreed.
    pub kind_label: String,
    /// The state's word, for its outline.
    pub state: &'static str,
    /// The state as people read it.
    pub state_label: &'static str,
    /// Neither a plan nor the handling of delays moves it.
    pub fixed: bool,
    /// The room's name; empty while there is none.
    pub room: String,
    /// The room's code; empty while there is none.
    pub room_code: String,
    /// Names of the delegations.
    pub parties: String,
    /// Codes of the delegations, for narrow columns.
    pub codes: String,
    /// Findings, strictest first: level's word, rule, sentence.
    pub marks: Vec<ConflictMark>,
    /// Side by side with overlapping blocks: `1-of-2`; empty when it has the column for itself.
    pub lane: String,
}

impl SlotView {
    /// What has to be seen at the slot, advice aside: each rule once.
    #[must_use]
    pub fn rule_marks(&self) -> Vec<RuleMark<'_>> {
        by_rule(&self.marks)
    }
}

/// What a rule finds at a slot: the first of it, and how many there are.
#[derive(Debug)]
pub struct RuleMark<'m> {
    /// The first.
    pub first: &'m ConflictMark,
    /// How many of the same rule and level, the first included.
    pub count: usize,
}

impl RuleMark<'_> {
    /// ` (and 30 more)`; empty for one alone.
    #[must_use]
    pub fn more(&self) -> String {
        match self.count {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        }
    }

    /// ` × 31`; empty for one alone.
    #[must_use]
    pub fn times(&self) -> String {
        match self.count {
            0 | 1 => String::new(),
            count => format!(" × {count}"),
        }
    }
}

/// Marks but for advice, each rule and level once: a plenary of thirty that is too near to the next slot is one thing to
/// know, not thirty.
#[must_use]
pub fn by_rule(marks: &[ConflictMark]) -> Vec<RuleMark<'_>> {
    let mut found: Vec<RuleMark<'_>> = Vec::new();
    for mark in marks.iter().filter(|mark| mark.level != "advice") {
        let same = |each: &&mut RuleMark<'_>| {
            (each.first.level, each.first.rule) == (mark.level, mark.rule)
        };
        match found.iter_mut().find(same) {
            Some(known) => known.count += 1,
            None => found.push(RuleMark {
                first: mark,
                count: 1,
            }),
        }
    }
    found
}

/// Something to look at, in words.
#[derive(Debug, Clone)]
pub struct ConflictMark {
    /// The slot concerned.
    pub slot: Option<SlotId>,
    /// Its title; empty for what concerns no slot, and for one that is not stored yet.
    pub subject: String,
    /// The level's word: `blocked`, `needs_reason`, `advice`, or `overridden`.
    pub level: &'static str,
    /// The level as people read it.
    pub level_label: &'static str,
    /// The rule as people read it.
    pub rule: &'static str,
    /// The sentence.
    pub sentence: String,
    /// `Author: reason` where the rule is overridden; empty otherwise.
    pub reason: String,
}

impl Concerning for ConflictMark {
    fn slot(&self) -> Option<SlotId> {
        self.slot
    }
}

/// Everything to look at in a programme, in words, strictest first.
#[must_use]
pub fn marks(programme: &Programme) -> BySlot<ConflictMark> {
    let mut marks: Vec<ConflictMark> = check_all(programme)
        .iter()
        .map(|conflict| stored_mark(programme, conflict))
        .collect();
    marks.sort_by_key(|mark| {
        ["blocked", "needs_reason", "overridden", "advice"]
            .iter()
            .position(|w| *w == mark.level)
    });
    marks.into_iter().collect()
}

fn stored_mark(programme: &Programme, conflict: &Conflict) -> ConflictMark {
    let sentence = wording::stored_sentence(programme, conflict);
    mark(programme, programme, conflict, sentence)
}

/// A conflict of a slot as it is asked for, in words.
#[must_use]
pub fn conflict_mark(
    programme: &Programme,
    candidate: Candidate<'_>,
    conflict: &Conflict,
) -> ConflictMark {
    mark(
        programme,
        &candidate.within(programme),
        conflict,
        wording::sentence(programme, candidate, conflict),
    )
}

/// Shows a conflict as `judged` has it: a reason that expires with the change overrides nothing any more.
fn mark(
    programme: &Programme,
    judged: &Programme,
    conflict: &Conflict,
    sentence: String,
) -> ConflictMark {
    let entry = in_force(judged, conflict);
    let (level, level_label) = match entry {
        Some(_) => ("overridden", "Overridden"),
        None => (conflict.level.as_str(), conflict.level.label()),
    };
    ConflictMark {
        slot: conflict.slot,
        subject: conflict
            .slot
            .and_then(|id| programme.slot(id))
            .map(|slot| slot.title().to_string())
            .unwrap_or_default(),
        level,
        level_label,
        rule: conflict.rule().label(),
        sentence,
        reason: entry
            .map(|entry| format!("{}: {}", entry.author, entry.reason))
            .unwrap_or_default(),
    }
}

/// A slot in words.
#[must_use]
pub fn slot_view(programme: &Programme, slot: &Slot, marks: &BySlot<ConflictMark>) -> SlotView {
    let content = slot.content();
    let names: Vec<&str> = programme
        .parties(content)
        .map(|party| party.name.as_str())
        .collect();
    let codes: Vec<&str> = programme
        .parties(content)
        .map(|party| party.code.as_str())
        .collect();
    let everybody = programme.is_for_everyone(content);
    let left_out = programme.left_out(content);
    // Beside all there may be guests of this one session.
    let invited: Vec<&Delegation> = programme
        .parties(content)
        .filter(|party| party.role == PrincipalRole::Invited)
        .collect();
    let and = |text: String, names: Vec<&str>| match names.as_slice() {
        [] => text,
        names => format!("{text}, {}", names.join(", ")),
    };
    let invited_names = || invited.iter().map(|party| party.name.as_str()).collect();
    let invited_codes = || invited.iter().map(|party| party.code.as_str()).collect();
    let names_left_out: Vec<&str> = left_out
        .iter()
        .filter_map(|code| programme.delegation_by_code(code))
        .map(|party| party.name.as_str())
        .collect();
    let room = slot.room().and_then(|id| programme.room(id));
    SlotView {
        id: slot.id,
        version: slot.version,
        interval: slot.interval(),
        time: clock_range(programme, slot.interval()),
        is_of_day: true,
        minutes: slot.interval().minutes(),
        title: content.title.to_string(),
        kind: content.kind.as_str(),
        kind_label: content.format.of_kind(content.kind.label()),
        state: slot.state().as_str(),
        state_label: slot.state().label(),
        fixed: slot.is_fixed(),
        room: room.map(|room| room.name.to_string()).unwrap_or_default(),
        room_code: room.map(|room| room.code.to_string()).unwrap_or_default(),
        parties: if everybody {
            and("All delegations".to_owned(), invited_names())
        } else if !left_out.is_empty() {
            let all = format!("All delegations but {}", names_left_out.join(", "));
            and(all, invited_names())
        } else {
            names.join(", ")
        },
        codes: if everybody {
            and("All".to_owned(), invited_codes())
        } else if !left_out.is_empty() {
            and(format!("All but {}", left_out.join(", ")), invited_codes())
        } else {
            codes.join(", ")
        },
        marks: marks.of(slot.id).cloned().collect(),
        lane: String::new(),
    }
}

/// A slot in words, as it reads under the heading of a day that it touches.
#[must_use]
pub fn slot_view_on(
    programme: &Programme,
    date: NaiveDate,
    slot: &Slot,
    marks: &BySlot<ConflictMark>,
) -> SlotView {
    let clock = ClockRange::at(programme.event.time_zone, slot.interval());
    SlotView {
        time: clock.range_on(date),
        is_of_day: programme.event.day_of(slot.interval().start()) == date,
        ..slot_view(programme, slot, marks)
    }
}

/// `14:40–15:10`, `23:30–00:30 (next day)`
#[must_use]
pub fn clock_range(programme: &Programme, interval: Interval) -> String {
    ClockRange::at(programme.event.time_zone, interval).range()
}

/// The zone of all times of a day: `JST, UTC+9`, or `BST, UTC+1, then GMT, UTC` where the clocks change.
#[must_use]
pub fn zone_of(programme: &Programme, date: NaiveDate) -> String {
    let day = programme.event.whole_day(date);
    let slots = programme.slots_on(date);
    let slots = slots.filter_map(|slot| slot.interval().shared(day));
    let shown = hull(programme.event.hours_of(date), slots);
    programme.event.time_zone.label_within(shown)
}

/// The zone of all times of the event.
#[must_use]
pub fn zone_of_all(programme: &Programme) -> String {
    let event = &programme.event;
    let mut shown = event.days.iter().map(|day| event.hours_of(day.date));
    let slots = programme.live_slots().map(|slot| slot.interval());
    shown.next().map_or_else(
        || event.time_zone.name().to_owned(),
        |first| {
            event
                .time_zone
                .label_within(hull(first, shown.chain(slots)))
        },
    )
}

/// A line of the list: a slot, or the time between two.
#[derive(Debug)]
pub enum TimetableLine {
    /// A slot.
    Slot(Box<SlotView>),
    /// Minutes in which nothing happens anywhere.
    Gap(i32),
}

/// One day as a list by time, the gaps in between. A sketch takes no time: what is free from one slot to the next is
/// said once, however many sketches are in it.
#[must_use]
pub fn day_list(
    programme: &Programme,
    date: NaiveDate,
    marks: &BySlot<ConflictMark>,
) -> Vec<TimetableLine> {
    let slots: Vec<&Slot> = programme.slots_on(date).map(AsRef::as_ref).collect();
    let is_sketch = |slot: &Slot| slot.state() == SlotState::Pencilled;
    let mut lines = Vec::new();
    // The end of what was listed, while nothing is said yet of the time after it.
    let mut until: Option<Instant> = None;
    let mut busy: Option<Instant> = None;
    for (at, slot) in slots.iter().enumerate() {
        let begins_free = until.filter(|until| *until <= slot.interval().start());
        if let Some(from) = begins_free {
            let next = slots[at..].iter().find(|next| !is_sketch(next));
            let gap = next.map_or(0, |next| next.interval().start().minutes_since(from));
            if gap > 0 {
                lines.push(TimetableLine::Gap(gap));
            }
            until = None;
        }
        lines.push(TimetableLine::Slot(Box::new(slot_view_on(
            programme, date, slot, marks,
        ))));
        if !is_sketch(slot) {
            let end = slot.interval().end();
            busy = Some(busy.map_or(end, |busy| busy.max(end)));
            until = busy;
        }
    }
    lines
}

#[cfg(test)]
mod tests;
