//! What an officer reads when the ninth meeting has no place for what is wanted.

use iikura::core::free::{FreeTime, alternatives};
use iikura::core::rule::Level;
use iikura::core::rules::{Candidate, Conflict, check, check_all, in_force};
use iikura::core::slot::{Placement, SlotDetails, SlotKind, SlotState};
use iikura::core::wording;

use crate::test_event::TestEvent;
use support::both::Scratch;

/// Every sentence on a slot that somebody would like, with its level and rule.
fn said(test_event: &TestEvent<'_>, wanted: &SlotDetails) -> Vec<String> {
    let programme = test_event.programme();
    let candidate = Candidate::new(wanted);
    let say = |conflict: &Conflict| {
        format!(
            "{}, {}: {}",
            conflict.level.label(),
            conflict.rule().label(),
            wording::sentence(&programme, candidate, conflict)
        )
    };
    check(&programme, candidate).iter().map(say).collect()
}

fn offered(test_event: &TestEvent<'_>, wanted: &SlotDetails) -> Vec<String> {
    let programme = test_event.programme();
    let zone = programme.event.time_zone;
    let say = |offer: &FreeTime| {
        let Placement { interval, room } = offer.placement;
        let room = room.and_then(|room| programme.room(room)).unwrap();
        let (start, end) = (interval.start(), interval.end());
        format!("{} {}–{}", room.name, zone.clock(start), zone.clock(end))
    };
    alternatives(&programme, Candidate::new(wanted))
        .iter()
        .map(say)
        .collect()
}

fn of_kind(kind: SlotKind, mut details: SlotDetails) -> SlotDetails {
    details.content.kind = kind;
    details
}

fn bilateral(
    test_event: &TestEvent<'_>,
    time: (&str, i32),
    room: &str,
    guest: &str,
) -> SlotDetails {
    of_kind(
        SlotKind::Bilateral,
        test_event.details(time, room, &["JP", guest]),
    )
}

#[test]
fn kazakhstan_at_half_past_three_meets_both_neighbours() {
    let scratch = Scratch::sqlite().migrated();
    let test_event = TestEvent::of(&scratch);
    let wanted = bilateral(&test_event, ("15:30", 30), "salon", "KZ");
    assert_eq!(
        said(&test_event, &wanted),
        [
            "Conflict, Double booking: Japan is in “Japan–Turkmenistan Foreign Ministers' Meeting” (Conference Room) \
             from 15:15 until 15:45. Japan alone is free again for 30 minutes from 17:50.",
            "Conflict, Double booking: Japan is in “Japan–Tajikistan Foreign Ministers' Meeting” (Conference Room) \
             from 15:55 until 16:35. Japan alone is free again for 30 minutes from 17:50.",
            "Needs a reason, Capacity of the room: Salon takes 16 people and 18 are expected. Large enough: Main Hall (60), \
             Conference Room (30), Dining Room (40), Press Room (80)."
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([
            "Advice, Rest of the chair: The chair works from 14:40 to 17:45 (185 minutes) without a break of 15 \
             minutes; 150 minutes is the limit."
                .to_owned(),
            "Advice, Order of precedence: Kazakhstan comes before Turkmenistan in precedence, but Turkmenistan \
             meets the chair earlier, at 15:15."
                .to_owned(),
            "Advice, Equal length: 10 minutes shorter than “Japan–Tajikistan Foreign Ministers' Meeting” \
             (Conference Room) from 15:55 until 16:35 (40 minutes)."
                .to_owned(),
            "Advice, Repeated pair: The same two already meet in “Japan–Kazakhstan Foreign Ministers' Meeting” \
             (Conference Room) from 17:20 until 17:45."
                .to_owned(),
        ])
        .collect::<Vec<_>>()
    );
    assert_eq!(
        offered(&test_event, &wanted),
        [
            "Conference Room 17:50–18:20",
            "Dining Room 17:50–18:20",
            "Conference Room 18:05–18:35",
            "Dining Room 18:05–18:35",
            "Conference Room 09:25–09:55",
        ],
        "the Salon is too small for the two parties"
    );
}

#[test]
fn each_rule_has_its_sentence() {
    let scratch = Scratch::sqlite().migrated();
    let test_event = TestEvent::of(&scratch);
    let slot = |time, room, parties: &[&str]| test_event.details(time, room, parties);
    let on_the_way = slot(("17:45", 20), "dining", &["KZ"]);
    let cut_short = slot(("17:45", 20), "conference", &["UZ"]);
    let three = slot(("18:30", 20), "dining", &["JP", "KZ", "UZ"]);
    let three = of_kind(SlotKind::Bilateral, three);
    let leaderless = slot(("18:30", 20), "dining", &["KZ", "UZ"]);
    let leaderless = of_kind(SlotKind::Plenary, leaderless);
    let mut nowhere = slot(("18:30", 20), "dining", &["KZ"]);
    nowhere.placement.room = None;
    for (wanted, sentence) in [
        (
            &on_the_way,
            "Needs a reason, Transfer between rooms: The principal of Kazakhstan needs 5 minutes between rooms; \
             there are 0 minutes to “Japan–Kazakhstan Foreign Ministers' Meeting” (Conference Room) from 17:20 until \
             17:45. Free again for 20 minutes from 17:50.",
        ),
        (
            &cut_short,
            "Needs a reason, Turnaround of the room: Conference Room needs 5 minutes between slots; there are 0 \
             minutes to “Japan–Kazakhstan Foreign Ministers' Meeting” (Conference Room) from 17:20 until 17:45. Free \
             again for 20 minutes from 17:50.",
        ),
        (
            &slot(("07:00", 30), "dining", &["KZ"]),
            "Needs a reason, Opening hours: The venue is open from 08:30 to 21:00 that day.",
        ),
        (
            &slot(("18:31", 30), "dining", &["KZ"]),
            "Conflict, Time: Start and end must be multiples of 5 minutes.",
        ),
        (
            &slot(("23:30", 60), "dining", &["KZ"]),
            "Conflict, Time: The slot is outside the days of the event (Saturday, 24 December 2022).",
        ),
        (
            &three,
            "Conflict, Participants: A bilateral has exactly two delegations; this one has 3.",
        ),
        (
            &leaderless,
            "Conflict, Participants: A plenary needs the chair; add Japan.",
        ),
        (&nowhere, "Advice, No room: No room yet."),
    ] {
        let found = said(&test_event, wanted);
        assert!(
            found.iter().any(|said| said == sentence),
            "no “{sentence}” in {found:#?}"
        );
    }
}

#[test]
fn a_sketch_in_the_way_is_named_as_one_and_is_not_free_itself() {
    let scratch = Scratch::sqlite().migrated();
    let test_event = TestEvent::of(&scratch);
    let sketch = test_event
        .details(("18:30", 30), "salon", &[])
        .in_state(SlotState::Pencilled);
    test_event.book(&sketch).unwrap();
    assert_eq!(
        said(
            &test_event,
            &test_event.details(("18:30", 30), "salon", &[])
        ),
        [
            "Advice, Double booking: Salon is taken by “A talk” (Salon), pencilled from 18:30 until 19:00. Free again for \
          30 minutes from 19:05."
        ]
    );
}

#[test]
fn before_opening_hours_nothing_is_called_free() {
    let scratch = Scratch::sqlite().migrated();
    let test_event = TestEvent::of(&scratch);
    test_event
        .book(&test_event.details(("08:30", 30), "salon", &[]))
        .unwrap();
    let early = test_event.details(("07:00", 120), "salon", &[]);
    assert_eq!(
        said(&test_event, &early)[0],
        "Conflict, Double booking: Salon is taken by “A talk” (Salon) from 08:30 until 09:00. Free again for 120 \
         minutes from 09:05."
    );
}

#[test]
fn nothing_on_the_ninth_meetings_day_as_it_was_is_in_the_way() {
    let scratch = Scratch::sqlite().migrated();
    let test_event = TestEvent::of(&scratch);
    let programme = test_event.programme();
    let all = check_all(&programme);
    let open: Vec<&Conflict> = all
        .iter()
        .filter(|conflict| conflict.level != Level::Advice)
        .filter(|conflict| in_force(&programme, conflict).is_none())
        .collect();
    assert_eq!(open, Vec::<&Conflict>::new());
    let advice: Vec<String> = all
        .iter()
        .filter(|conflict| conflict.level == Level::Advice)
        .map(|conflict| wording::stored_sentence(&programme, conflict))
        .collect();
    let shorter = "shorter than “Japan–Tajikistan Foreign Ministers' Meeting” (Conference Room) from 15:55 until 16:35 \
                   (40 minutes).";
    assert_eq!(
        advice,
        [
            "The chair works from 10:00 to 14:20 (260 minutes) without a break of 15 minutes; 150 minutes is the limit.",
            &format!("10 minutes {shorter}"),
            &format!("10 minutes {shorter}"),
            "Tajikistan comes before Turkmenistan in precedence, but Turkmenistan meets the chair earlier, at 15:15.",
            &format!("10 minutes {shorter}"),
            "The chair works from 14:40 to 17:45 (185 minutes) without a break of 15 minutes; 150 minutes is the limit.",
            &format!("15 minutes {shorter}"),
            "Kazakhstan comes before Uzbekistan in precedence, but Uzbekistan meets the chair earlier, at 16:40.",
        ]
    );
}
