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
fn blocks(programme: &Programme, day: &str, layout: Layout, at: usize) -> Vec<(i32, i32, String)> {
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
