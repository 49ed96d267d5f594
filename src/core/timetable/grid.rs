//! One day drawn in columns: blocks on a grid of five minutes, with the gaps between them.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{ConflictMark, Layout, SlotView, slot_view_on};
use crate::core::by_slot::BySlot;
use crate::core::programme::Programme;
use crate::core::slot::Resource;
use crate::core::slot::{Slot, SlotId};
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

/// Minutes per row of the grid on screen.
pub const ROW_MINUTES: i32 = 5;
/// Gaps shorter than this many minutes are drawn but not labelled: there is no room for words.
const LABELLED_GAP: i32 = 10;
/// Gaps longer than this are simply free time.
const LONGEST_GAP: i32 = 120;

/// One day, drawn.
#[derive(Debug)]
pub struct DayPlan {
    /// The instant at which row 0 begins.
    pub start: Instant,
    /// Labels of the ruler.
    pub hours: Vec<RulerHour>,
    /// Rows in all.
    pub rows: i32,
    /// The columns, left to right.
    pub columns: Vec<GridColumn>,
}

impl DayPlan {
    /// True when a slot begins and ends where its rows do, so that these say its times.
    #[must_use]
    pub fn fits_rows(&self, block: &GridBlock, slot: &SlotView) -> bool {
        let start = self.start.plus(block.row * ROW_MINUTES);
        let end = start.plus(block.span * ROW_MINUTES);
        (start, end) == (slot.interval.start(), slot.interval.end())
    }
}

/// A label of the ruler.
#[derive(Debug, PartialEq, Eq)]
pub struct RulerHour {
    /// Its row.
    pub row: i32,
    /// The clock at the venue, as `23:00`.
    pub clock: String,
    /// The same counted on from the day, as it is typed: `25:00` an hour after midnight; without an offset.
    pub typed: String,
    /// The offset, as `+01:00`, where the clocks pass this hour twice.
    pub offset: Option<String>,
    /// The zone's letters, where the clocks pass this hour twice.
    pub letters: Option<String>,
}

fn ruler_hour(programme: &Programme, date: NaiveDate, row: i32, start: Instant) -> RulerHour {
    let zone = programme.event.time_zone;
    let at = start.plus(row * ROW_MINUTES);
    let exact = zone.clock_from(date, at);
    let (typed, offset) = match exact.find(['+', '-']) {
        Some(sign) => (exact[..sign].to_owned(), Some(exact[sign..].to_owned())),
        None => (exact, None),
    };
    RulerHour {
        row,
        clock: zone.clock(at),
        typed,
        letters: offset.is_some().then(|| zone.letters(at)),
        offset,
    }
}

/// One column.
#[derive(Debug)]
pub struct GridColumn {
    /// Its place, from 2; the ruler is 1.
    pub place: usize,
    /// Query for the link that books here: `room=hall` or `delegations=KZ`.
    pub booking_query: String,
    /// The room's code, empty for none yet; `None` where columns are delegations.
    pub room: Option<String>,
    /// Address of its day page, below the event; empty for none.
    pub day_path: String,
    /// The heading.
    pub heading: String,
    /// The line below it.
    pub detail: String,
    /// Its blocks, by time.
    pub blocks: Vec<GridBlock>,
}

/// Something that takes rows of a column.
#[derive(Debug)]
pub struct GridBlock {
    /// The first row, from 0.
    pub row: i32,
    /// How many rows.
    pub span: i32,
    /// What it is.
    pub content: BlockContent,
}

/// What a block shows.
#[derive(Debug)]
pub enum BlockContent {
    /// A slot.
    Slot(Box<SlotView>),
    /// The venue is closed.
    Closed,
    /// The delegation is not there.
    Absent,
    /// The room cannot be used, for this reason; empty when none was given.
    RoomClosed(String),
    /// The room is being made ready.
    Turnaround,
    /// Free time between two slots.
    Gap {
        /// How long, in minutes.
        minutes: i32,
        /// From, as it is typed: `11:10`.
        start: String,
        /// Until, as `11:20`.
        end: String,
        /// Rows at its beginning in which the room is being made ready.
        turnaround: i32,
    },
}

/// Draws one day in columns.
#[must_use]
pub fn day_plan(
    programme: &Programme,
    date: NaiveDate,
    layout: Layout,
    marks: &BySlot<ConflictMark>,
) -> DayPlan {
    let slots: Vec<&Slot> = programme.slots_on(date).map(AsRef::as_ref).collect();
    let window = window_of(programme, date, &slots);
    let mut columns: Vec<GridColumn> = match layout {
        Layout::Delegations => delegation_columns(programme),
        Layout::Rooms | Layout::List => room_columns(programme, &slots),
    };
    for (place, column) in (2..).zip(&mut columns) {
        column.place = place;
    }
    let resources: Vec<Option<Resource>> = match layout {
        Layout::Delegations => programme
            .delegations
            .iter()
            .map(|each| Some(Resource::Delegation(each.id)))
            .collect(),
        Layout::Rooms | Layout::List => programme
            .rooms
            .iter()
            .map(|each| Some(Resource::Room(each.id)))
            .chain([None])
            .collect(),
    };
    for (column, resource) in columns.iter_mut().zip(resources) {
        let slots = slots.iter().copied().filter(|slot| match resource {
            Some(resource) => slot.details.resources().any(|taken| taken == resource),
            None => slot.room().is_none(),
        });
        column.blocks = blocks(
            programme,
            date,
            window,
            resource,
            &slots.collect::<Vec<_>>(),
            marks,
        );
    }
    let rows = window.minutes() / ROW_MINUTES;
    let hours = (0..=rows)
        .step_by(12)
        .map(|row| ruler_hour(programme, date, row, window.start()))
        .collect();
    DayPlan {
        start: window.start(),
        hours,
        rows,
        columns,
    }
}

/// Whole hours that hold the opening hours and every slot of the day.
#[must_use]
pub fn window(programme: &Programme, date: NaiveDate) -> Interval {
    let slots: Vec<&Slot> = programme.slots_on(date).map(AsRef::as_ref).collect();
    window_of(programme, date, &slots)
}

fn window_of(programme: &Programme, date: NaiveDate, slots: &[&Slot]) -> Interval {
    let day = programme.event.whole_day(date);
    // Of a slot from the evening before only what is of this day.
    let slots = || slots.iter().filter_map(|slot| slot.interval().shared(day));
    let open = programme.event.opening_hours(date);
    let zone = programme.event.time_zone;
    let start = slots().chain(open).map(Interval::start).min();
    let end = slots().chain(open).map(Interval::end).max();
    // Full hours on the clock there, which need not be those of UTC.
    let hour = |instant: Instant, up: i32| {
        let ahead = zone.offset(instant).local_minus_utc() / 60;
        let hours = (instant.minutes() + ahead + up).div_euclid(60);
        Instant::from_minutes(hours * 60 - ahead)
    };
    start
        .zip(end)
        .and_then(|(start, end)| Interval::stay(hour(start, 0), hour(end, 59)))
        .unwrap_or_else(|| programme.event.hours_of(date))
}

fn room_columns(programme: &Programme, slots: &[&Slot]) -> Vec<GridColumn> {
    let mut columns: Vec<GridColumn> = programme
        .rooms
        .iter()
        .map(|room| GridColumn {
            place: 0,
            booking_query: format!("room={}", room.code),
            room: Some(room.code.to_string()),
            day_path: format!("rooms/{}/day", room.code),
            heading: room.name.to_string(),
            detail: format!("{} people", room.capacity),
            blocks: Vec::new(),
        })
        .collect();
    if slots.iter().any(|slot| slot.room().is_none()) || columns.is_empty() {
        columns.push(GridColumn {
            place: 0,
            booking_query: String::new(),
            room: Some(String::new()),
            day_path: String::new(),
            heading: "No room yet".to_owned(),
            detail: String::new(),
            blocks: Vec::new(),
        });
    }
    columns
}

fn delegation_columns(programme: &Programme) -> Vec<GridColumn> {
    programme
        .delegations
        .iter()
        .map(|delegation| GridColumn {
            place: 0,
            booking_query: format!("delegations={}", delegation.code),
            room: None,
            day_path: format!("delegations/{}/day", delegation.code),
            heading: delegation.name.to_string(),
            detail: delegation.principal.to_string(),
            blocks: Vec::new(),
        })
        .collect()
}

fn blocks(
    programme: &Programme,
    date: NaiveDate,
    window: Interval,
    resource: Option<Resource>,
    slots: &[&Slot],
    marks: &BySlot<ConflictMark>,
) -> Vec<GridBlock> {
    let mut blocks = closed(programme, date, window);
    if let Some(Resource::Room(id)) = resource
        && let Some(room) = programme.room(id)
    {
        blocks.extend(turnarounds(slots, window, room.turnaround_minutes));
        blocks.extend(room.closures.iter().filter_map(|closure| {
            let content = BlockContent::RoomClosed(closure.reason.clone());
            block(window, closure.interval, content)
        }));
    }
    if let Some(Resource::Delegation(id)) = resource
        && let Some(delegation) = programme.delegation(id)
    {
        blocks.extend(absences(&delegation.presence, window));
    }
    if resource.is_some() {
        let room = match resource {
            Some(Resource::Room(id)) => programme.room(id),
            _ => None,
        };
        let is_open = |gap| room.is_none_or(|room| room.closed_in(gap).is_none());
        let gaps = gaps(programme, date, slots, window, is_open);
        blocks = with_gaps(blocks, gaps);
    }
    let lanes = lanes(slots);
    for slot in slots {
        let mut view = slot_view_on(programme, date, slot, marks);
        view.lane = lanes.get(&slot.id).cloned().unwrap_or_default();
        blocks.extend(block(
            window,
            slot.interval(),
            BlockContent::Slot(Box::new(view)),
        ));
    }
    blocks
}

/// Adds gaps, each with the turnaround that it begins with.
fn with_gaps(mut blocks: Vec<GridBlock>, mut gaps: Vec<GridBlock>) -> Vec<GridBlock> {
    for gap in &mut gaps {
        let begins = |block: &GridBlock| {
            matches!(block.content, BlockContent::Turnaround)
                && block.row == gap.row
                && block.span <= gap.span
        };
        if let BlockContent::Gap { turnaround, .. } = &mut gap.content
            && let Some(at) = blocks.iter().position(begins)
        {
            *turnaround = blocks.swap_remove(at).span;
        }
    }
    blocks.extend(gaps);
    blocks
}

/// Rows of the part of `interval` inside the window; `None` when there is none.
fn block(window: Interval, interval: Interval, content: BlockContent) -> Option<GridBlock> {
    let start = interval
        .start()
        .max(window.start())
        .minutes_since(window.start());
    let end = interval
        .end()
        .min(window.end())
        .minutes_since(window.start());
    let row = start.div_euclid(ROW_MINUTES);
    // A slot off the grid still covers every row it touches.
    let span = (end + ROW_MINUTES - 1).div_euclid(ROW_MINUTES) - row;
    (span > 0).then_some(GridBlock { row, span, content })
}

fn closed(programme: &Programme, date: NaiveDate, window: Interval) -> Vec<GridBlock> {
    let Some(open) = programme.event.opening_hours(date) else {
        return Vec::new();
    };
    // The evening before may go on after this day's midnight.
    let before = Interval::stay(window.start(), open.start());
    let after = Interval::stay(open.end(), window.end());
    [before, after]
        .into_iter()
        .flatten()
        .filter_map(|closed| block(window, closed, BlockContent::Closed))
        .collect()
}

/// The parts of the window outside these stays; no stays mean always present.
fn absences(presence: &[Interval], window: Interval) -> Vec<GridBlock> {
    if presence.is_empty() {
        return Vec::new();
    }
    let mut stays: Vec<Interval> = presence.to_vec();
    stays.sort_unstable();
    let mut away = Vec::new();
    let mut since = window.start();
    for stay in stays {
        away.extend(Interval::stay(since, stay.start().min(window.end())));
        since = since.max(stay.end());
    }
    away.extend(Interval::stay(since, window.end()));
    away.into_iter()
        .filter_map(|away| block(window, away, BlockContent::Absent))
        .collect()
}

fn turnarounds(slots: &[&Slot], window: Interval, minutes: i32) -> Vec<GridBlock> {
    let holding = || {
        slots
            .iter()
            .filter(|slot| slot.state().holds())
            .map(|slot| slot.interval())
    };
    holding()
        .filter_map(|interval| {
            let next = holding()
                .map(Interval::start)
                .filter(|start| *start >= interval.end())
                .min();
            let until = interval.end().plus(minutes);
            let until = next.map_or(until, |next| next.min(until));
            block(
                window,
                Interval::stay(interval.end(), until)?,
                BlockContent::Turnaround,
            )
        })
        .collect()
}

fn gaps(
    programme: &Programme,
    date: NaiveDate,
    slots: &[&Slot],
    window: Interval,
    is_open: impl Fn(Interval) -> bool,
) -> Vec<GridBlock> {
    let clock = |instant| programme.event.time_zone.clock_from(date, instant);
    slots
        .windows(2)
        .filter_map(|pair| {
            let gap = Interval::stay(pair[0].interval().end(), pair[1].interval().start())?;
            let (minutes, start, end) = (gap.minutes(), clock(gap.start()), clock(gap.end()));
            let labelled = (LABELLED_GAP..=LONGEST_GAP).contains(&minutes) && is_open(gap);
            labelled
                .then(|| {
                    block(
                        window,
                        gap,
                        BlockContent::Gap {
                            minutes,
                            start,
                            end,
                            turnaround: 0,
                        },
                    )
                })
                .flatten()
        })
        .collect()
}

/// Places overlapping slots of a column side by side, three at most.
fn lanes(slots: &[&Slot]) -> HashMap<SlotId, String> {
    let mut lanes = HashMap::new();
    let mut group: Vec<(&Slot, usize)> = Vec::new();
    let mut finish = |group: &mut Vec<(&Slot, usize)>| {
        let width = group
            .iter()
            .map(|(_, lane)| lane + 1)
            .max()
            .unwrap_or(1)
            .min(3);
        if width > 1 {
            lanes.extend(
                group
                    .iter()
                    .map(|(slot, lane)| (slot.id, format!("{}-of-{width}", lane % width + 1))),
            );
        }
        group.clear();
    };
    for slot in slots {
        if !group
            .iter()
            .any(|(other, _)| other.interval().overlaps(slot.interval()))
        {
            finish(&mut group);
        }
        let taken = |lane: usize| {
            group
                .iter()
                .any(|(other, used)| *used == lane && other.interval().overlaps(slot.interval()))
        };
        let lane = (0..=group.len()).find(|lane| !taken(*lane)).unwrap_or(0);
        group.push((slot, lane));
    }
    finish(&mut group);
    lanes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::room::RoomClosure;
    use crate::core::sample::{JP, KZ, SALON, UZ, at, programme, slot};
    use crate::core::slot::{SlotKind, SlotState};

    #[test]
    fn closure_of_a_room_is_drawn_and_leaves_no_free_gap() {
        let talk = |id, start, guest| {
            let (kind, state) = (SlotKind::Bilateral, SlotState::Tentative);
            slot(id, kind, "Talk", (start, 30), SALON, &[JP, guest], state)
        };
        let mut programme = programme(vec![talk(1, "10:00", KZ), talk(2, "11:30", UZ)]);
        let drawn = |programme: &Programme| {
            let date = programme.event.days[0].date;
            let plan = day_plan(programme, date, Layout::Rooms, &BySlot::default());
            let salon = plan
                .columns
                .into_iter()
                .find(|column| column.heading == "Salon");
            let blocks = salon.unwrap().blocks.into_iter();
            let named = blocks.filter_map(|block| match block.content {
                BlockContent::RoomClosed(reason) => Some((block.row, block.span, reason)),
                BlockContent::Gap { .. } => Some((block.row, block.span, "free".to_owned())),
                _ => None,
            });
            named.collect::<Vec<_>>()
        };
        let row = |time| at(time).minutes_since(at("08:00")) / ROW_MINUTES;
        assert_eq!(drawn(&programme), [(row("10:30"), 12, "free".to_owned())]);
        for room in Arc::make_mut(&mut programme.rooms) {
            room.closures = vec![RoomClosure {
                interval: Interval::new(at("10:45"), at("11:15")).unwrap(),
                reason: "cleaning".to_owned(),
            }];
        }
        assert_eq!(
            drawn(&programme),
            [(row("10:45"), 6, "cleaning".to_owned())]
        );
    }
}
