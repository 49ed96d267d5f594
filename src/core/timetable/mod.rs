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
    /// The kind as people read it.
    pub kind_label: &'static str,
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
    let everybody = names.len() > 2 && names.len() == programme.delegations.len();
    let left_out = programme.left_out(content);
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
        kind_label: content.kind.label(),
        state: slot.state().as_str(),
        state_label: slot.state().label(),
        fixed: slot.is_fixed(),
        room: room.map(|room| room.name.to_string()).unwrap_or_default(),
        room_code: room.map(|room| room.code.to_string()).unwrap_or_default(),
        parties: if everybody {
            "All delegations".to_owned()
        } else if !left_out.is_empty() {
            format!("All delegations but {}", names_left_out.join(", "))
        } else {
            names.join(", ")
        },
        codes: if everybody {
            "All".to_owned()
        } else if !left_out.is_empty() {
            format!("All but {}", left_out.join(", "))
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
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::rule::{Override, Rule};
    use crate::core::rules::check;
    use crate::core::sample::{
        EVERYONE, HALL, ISSUED, JP, KZ, SALON, programme, programme_in, slot, slot_in,
    };
    use crate::core::slot::SlotKind;

    const LONDON: &str = "Europe/London";
    const TWO_DAYS: [(&str, &str, &str); 2] = [
        ("2026-10-24", "09:00", "24:00"),
        ("2026-10-25", "00:00", "24:00"),
    ];

    fn date(text: &str) -> NaiveDate {
        crate::core::time::parse_date(text).unwrap()
    }

    /// What the list says of a day.
    fn times(programme: &Programme, day: &str) -> Vec<String> {
        let lines = day_list(programme, date(day), &BySlot::default());
        let said = lines.into_iter().map(|line| match line {
            TimetableLine::Slot(slot) => slot.time,
            TimetableLine::Gap(minutes) => format!("{minutes} free"),
        });
        said.collect()
    }

    /// The slots of a column, as first row, rows and words.
    fn blocks(
        programme: &Programme,
        day: &str,
        layout: Layout,
        at: usize,
    ) -> Vec<(i32, i32, String)> {
        let plan = day_plan(programme, date(day), layout, &BySlot::default());
        let blocks = plan.columns[at].blocks.iter();
        let slots = blocks.filter_map(|block| match &block.content {
            BlockContent::Slot(slot) => Some((block.row, block.span, slot.time.clone())),
            _ => None,
        });
        slots.collect()
    }

    #[test]
    fn slot_past_midnight_is_on_both_days_in_every_view() {
        let late = slot_in(LONDON, 1, ("2026-10-24", "23:30"), 60);
        let morning = slot_in(LONDON, 2, ("2026-10-25", "09:00"), 30);
        let programme = programme_in(LONDON, &TWO_DAYS, vec![late, morning]);
        let (first, second) = ("23:30–00:30 (next day)", "23:30 (day before)–00:30");
        assert_eq!(times(&programme, "2026-10-24"), [first]);
        assert_eq!(
            times(&programme, "2026-10-25"),
            [second, "570 free", "09:00–09:30"]
        );
        // Rooms: the salon is the third column; delegations: Kazakhstan the second.
        for (layout, at) in [(Layout::Rooms, 2), (Layout::Delegations, 1)] {
            let found = blocks(&programme, "2026-10-24", layout, at);
            assert_eq!(found, [(174, 6, first.to_owned())]);
            let found = blocks(&programme, "2026-10-25", layout, at);
            assert_eq!(found[0], (0, 6, second.to_owned()));
        }
        let plan = day_plan(
            &programme,
            date("2026-10-25"),
            Layout::Rooms,
            &BySlot::default(),
        );
        assert_eq!(plan.hours[0].clock, "00:00");
    }

    #[test]
    fn day_open_past_midnight_is_drawn_until_it_closes() {
        let late = slot_in(LONDON, 1, ("2026-10-23", "24:30"), 60);
        let programme = programme_in(
            LONDON,
            &[
                ("2026-10-23", "09:00", "26:00"),
                ("2026-10-24", "09:00", "18:00"),
            ],
            vec![late],
        );
        let plan = day_plan(
            &programme,
            date("2026-10-23"),
            Layout::Rooms,
            &BySlot::default(),
        );
        assert_eq!(plan.rows, 17 * 12);
        let hour = plan.hours.iter().find(|hour| hour.row == 16 * 12).unwrap();
        assert_eq!(
            (hour.clock.as_str(), hour.typed.as_str()),
            ("01:00", "25:00")
        );
        assert_eq!(times(&programme, "2026-10-23"), ["00:30–01:30 (next day)"]);
        assert_eq!(times(&programme, "2026-10-24"), ["00:30–01:30"]);
    }

    #[test]
    fn day_of_25_hours_has_a_ruler_of_25_hours() {
        let programme = programme_in("Europe/Berlin", &[("2026-10-25", "00:00", "24:00")], vec![]);
        let plan = day_plan(
            &programme,
            date("2026-10-25"),
            Layout::Rooms,
            &BySlot::default(),
        );
        assert_eq!(plan.rows, 25 * 12);
        let said: Vec<String> = plan.hours[1..5]
            .iter()
            .map(|hour| {
                let letters = hour.letters.as_deref().unwrap_or_default();
                let offset = hour.offset.as_deref().unwrap_or_default();
                format!("{} {letters} {offset}", hour.clock)
            })
            .collect();
        let expected = [
            "01:00  ",
            "02:00 CEST +02:00",
            "02:00 CET +01:00",
            "03:00  ",
        ];
        assert_eq!(said, expected);
        assert_eq!(plan.hours.last().unwrap().clock, "00:00");
        assert_eq!(
            zone_of(&programme, date("2026-10-25")),
            "CEST, UTC+2, then CET, UTC+1"
        );
    }

    #[test]
    fn ruler_shows_full_hours_where_the_offset_is_none() {
        let programme = programme_in("Asia/Kolkata", &[("2023-03-02", "08:00", "21:00")], vec![]);
        let plan = day_plan(
            &programme,
            date("2023-03-02"),
            Layout::Rooms,
            &BySlot::default(),
        );
        assert_eq!(
            (plan.rows, plan.hours[0].clock.as_str()),
            (13 * 12, "08:00")
        );
    }

    #[test]
    fn a_rule_is_named_once_at_a_slot_with_its_count() {
        let one = |id, kind, at, room, state| slot(id, kind, "Talk", at, room, &EVERYONE, state);
        let programme = programme(vec![
            one(
                1,
                SlotKind::Plenary,
                ("10:00", 60),
                HALL,
                SlotState::Tentative,
            ),
            one(
                2,
                SlotKind::Other,
                ("11:00", 30),
                SALON,
                SlotState::Tentative,
            ),
            one(
                3,
                SlotKind::Plenary,
                ("11:30", 60),
                HALL,
                SlotState::Tentative,
            ),
        ]);
        let marks = marks(&programme);
        let view = |id| slot_view(&programme, programme.slot(SlotId(id)).unwrap(), &marks);
        let between = view(2);
        let transfers = |marks: &[ConflictMark]| {
            let transfers = marks
                .iter()
                .filter(|mark| mark.rule == Rule::Transfer.label());
            transfers.count()
        };
        assert_eq!(transfers(&between.marks), EVERYONE.len());
        let named: Vec<String> = between
            .rule_marks()
            .iter()
            .map(|mark| {
                format!(
                    "{}: {}{}",
                    mark.first.level_label,
                    mark.first.rule,
                    mark.times()
                )
            })
            .collect();
        assert!(
            named.contains(&format!("Needs a reason: {} × 6", Rule::Transfer.label())),
            "{named:?}"
        );
        let rules: std::collections::HashSet<&String> = named.iter().collect();
        assert_eq!(rules.len(), named.len());
        assert!(
            view(1)
                .rule_marks()
                .iter()
                .all(|mark| mark.first.rule != Rule::Transfer.label())
        );
    }

    #[test]
    fn the_list_counts_free_time_once() {
        let one = |id, title, at, state| slot(id, SlotKind::Other, title, at, SALON, &[JP], state);
        let firm = |id, at| one(id, "Firm", at, SlotState::Tentative);
        let sketch = |id, at| one(id, "Sketch", at, SlotState::Pencilled);
        let lines = |slots: Vec<Slot>| -> Vec<String> {
            let programme = programme(slots);
            let date = programme.event.days[0].date;
            let lines = day_list(&programme, date, &BySlot::default());
            let words = lines.iter().map(|line| match line {
                TimetableLine::Slot(slot) => format!("{} {}", slot.time, slot.title),
                TimetableLine::Gap(minutes) => format!("{minutes} free"),
            });
            words.collect()
        };
        assert_eq!(
            lines(vec![
                sketch(1, ("09:00", 30)),
                firm(2, ("09:00", 60)),
                sketch(3, ("09:30", 60)),
                sketch(4, ("11:00", 60)),
                sketch(5, ("11:00", 90)),
                firm(6, ("14:00", 60)),
                firm(7, ("14:30", 60)),
                firm(8, ("15:30", 30)),
                sketch(9, ("17:00", 30)),
            ]),
            [
                "09:00–09:30 Sketch",
                "09:00–10:00 Firm",
                "09:30–10:30 Sketch",
                "240 free",
                "11:00–12:00 Sketch",
                "11:00–12:30 Sketch",
                "14:00–15:00 Firm",
                "14:30–15:30 Firm",
                "15:30–16:00 Firm",
                "17:00–17:30 Sketch",
            ]
        );
    }

    #[test]
    fn reason_that_expires_with_the_move_overrides_nothing() {
        let talk = |start| {
            let state = SlotState::Tentative;
            slot(
                7,
                SlotKind::Bilateral,
                "Talk",
                (start, 30),
                SALON,
                &[JP, KZ],
                state,
            )
        };
        let (late, moved) = (talk("21:00"), talk("21:15"));
        let mut house = programme(vec![late.clone()]);
        let stored = Candidate::stored(&late);
        let found = check(&house, stored).remove(0);
        let entry = Override {
            slot: late.id,
            slot_moves: late.moves,
            other: None,
            resource: found.finding.resource(),
            rule: found.rule(),
            reason: "The car is late".to_owned(),
            author: "officer@protocol.example".to_owned(),
            approved: None,
            at: ISSUED,
        };
        Arc::make_mut(&mut house.overrides).extend([entry]);
        let level = |candidate| conflict_mark(&house, candidate, &found).level;
        assert_eq!(level(stored), "overridden");
        assert_eq!(level(Candidate::stored(&moved)), "needs_reason");
    }
}
