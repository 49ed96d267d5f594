//! Truth tables of the rules on interpreters, on the ninth meeting's parties with languages of their own.

use std::sync::Arc;

use super::*;
use crate::core::delegation::DelegationId;
use crate::core::fixture;
use crate::core::rule::{Override, Rule};
use crate::core::rules::{check as check_slot, check_all, in_force};
use crate::core::sample::{self, CONFERENCE, EVERYONE, HALL, JP, KG, KZ, TJ, TM, UZ, at, slot};
use crate::core::slot::{Slot, SlotState};
use crate::core::time::Moment;
use crate::core::wording;

/// Interpreters 1 and 2 work between Japanese and Russian, 3 between Japanese and English, 4 between English and
/// German.
const INTERPRETERS: [(i64, &str); 4] = [
    (1, "ja – ru"),
    (2, "ru – ja"),
    (3, "ja – en"),
    (4, "en – de"),
];
/// Uzbekistan knows some Japanese here; Tajikistan speaks English, Turkmenistan German.
const LANGUAGES: [(DelegationId, &str); 6] = [
    (JP, "ja"),
    (KZ, "kk ru"),
    (KG, "ky ru"),
    (TJ, "en-GB"),
    (TM, "de"),
    (UZ, "ja uz"),
];

fn programme(slots: Vec<Slot>) -> Programme {
    let mut programme = sample::programme(slots);
    programme.interpreters = Arc::new(
        INTERPRETERS
            .map(|(id, pair)| fixture::interpreter(id, &[pair]))
            .into(),
    );
    for delegation in Arc::make_mut(&mut programme.delegations) {
        let (_, tags) = LANGUAGES
            .iter()
            .find(|(id, _)| *id == delegation.id)
            .unwrap();
        delegation.languages = tags.split(' ').map(str::to_owned).collect();
    }
    programme
}

/// A slot in the Conference Room that wants interpretation.
fn wanted(id: i64, time: (&str, i32), parties: &[DelegationId], interpreters: &[i64]) -> Slot {
    let kind = if parties.len() == 2 {
        SlotKind::Bilateral
    } else {
        SlotKind::Plenary
    };
    let mut slot = slot(
        id,
        kind,
        "Talk",
        time,
        CONFERENCE,
        parties,
        SlotState::Tentative,
    );
    slot.details.content.interpretation_wanted = true;
    slot.details.content.interpreters = interpreters.iter().copied().map(InterpreterId).collect();
    slot
}

/// What the two rules say of a slot.
fn said(programme: &Programme, slot: &Slot) -> Vec<(Level, RuleFinding)> {
    check_slot(programme, Candidate::stored(slot))
        .into_iter()
        .filter(|conflict| {
            matches!(
                conflict.rule(),
                Rule::Interpretation | Rule::InterpreterRest
            )
        })
        .map(|conflict| (conflict.level, conflict.finding))
        .collect()
}

fn sentences(programme: &Programme, slot: &Slot) -> Vec<String> {
    let candidate = Candidate::stored(slot);
    check_slot(programme, candidate)
        .iter()
        .filter(|conflict| {
            matches!(
                conflict.rule(),
                Rule::Interpretation | Rule::InterpreterRest
            )
        })
        .map(|conflict| wording::sentence(programme, candidate, conflict))
        .collect()
}

#[test]
fn a_bilateral_is_covered_or_needs_a_reason() {
    for (why, guest, interpreters, covered) in [
        ("nobody is booked", KZ, &[][..], false),
        ("a direct one", KZ, &[1], true),
        ("a direct one, entered the other way round", KZ, &[2], true),
        ("one of other languages", KZ, &[3], false),
        ("a language in common", UZ, &[], true),
        ("a tag that says more", TJ, &[3], true),
        ("half a relay", TM, &[3], false),
        ("the other half", TM, &[4], false),
    ] {
        for (state, level) in [
            (SlotState::Tentative, Level::NeedsReason),
            (SlotState::Confirmed, Level::NeedsReason),
            (SlotState::Pencilled, Level::Advice),
        ] {
            let mut slot = wanted(1, ("14:40", 30), &[JP, guest], interpreters);
            slot.details.state = state;
            let uncovered = RuleFinding::Uncovered {
                hub: JP,
                others: vec![guest],
            };
            let expected = if covered {
                vec![]
            } else {
                vec![(level, uncovered)]
            };
            assert_eq!(
                said(&programme(vec![slot.clone()]), &slot),
                expected,
                "{why}"
            );
            slot.details.content.interpretation_wanted = false;
            let unwanted = programme(vec![slot.clone()]);
            assert_eq!(said(&unwanted, &slot), [], "{why}, but not wanted");
        }
    }
}

#[test]
fn a_relay_is_covered_and_said() {
    let slot = wanted(1, ("14:40", 30), &[JP, TM], &[3, 4]);
    let programme = programme(vec![slot.clone()]);
    let found = said(&programme, &slot);
    assert!(
        matches!(&found[..], [(Level::Advice, RuleFinding::Relayed { hub: JP, other: TM, relay })] if relay.through == "en"),
        "{found:?}"
    );
    assert_eq!(
        sentences(&programme, &slot),
        [
            "Japan and Turkmenistan understand each other by relay through “en”: Interpreter 3 and Interpreter 4, one \
          after the other. A direct interpreter would be better."
        ]
    );
}

#[test]
fn in_a_plenary_every_guest_understands_the_chair() {
    let uncovered = |interpreters: &[i64]| {
        let slot = wanted(1, ("10:00", 30), &EVERYONE, interpreters);
        said(&programme(vec![slot.clone()]), &slot)
            .into_iter()
            .find_map(|(_, finding)| match finding {
                RuleFinding::Uncovered { others, .. } => Some(others),
                _ => None,
            })
            .unwrap_or_default()
    };
    assert_eq!(
        uncovered(&[]),
        [KZ, KG, TJ, TM],
        "Uzbekistan speaks Japanese"
    );
    assert_eq!(uncovered(&[1]), [TJ, TM]);
    assert_eq!(uncovered(&[1, 3]), [TM]);
    assert_eq!(uncovered(&[1, 3, 4]), [], "Turkmenistan by relay");
}

#[test]
fn delegation_without_languages_is_reported_as_unknown() {
    let slot = wanted(1, ("14:40", 30), &[JP, KZ], &[]);
    let mut programme = programme(vec![slot.clone()]);
    Arc::make_mut(&mut programme.delegations)[1]
        .languages
        .clear();
    let expected = RuleFinding::NoLanguages { delegation: KZ };
    assert_eq!(said(&programme, &slot), [(Level::Advice, expected)]);
}

#[test]
fn the_refusal_names_who_would_be_free() {
    let wants = wanted(1, ("14:40", 30), &[JP, KZ], &[]);
    let alone = "Japan (ja) and Kazakhstan (kk, ru) share no language, and no booked interpreter works between them.";
    let with = |others: Vec<Slot>| {
        let slots = [wants.clone()].into_iter().chain(others).collect();
        sentences(&programme(slots), &wants)
    };
    assert_eq!(
        with(vec![]),
        [format!("{alone} Free: Interpreter 1, Interpreter 2.")]
    );
    let elsewhere = |id: i64, time, interpreter: i64| {
        let mut slot = wanted(id, time, &[KG, UZ], &[interpreter]);
        slot.details.placement.room = Some(HALL);
        slot
    };
    assert_eq!(
        with(vec![elsewhere(2, ("15:00", 30), 1)]),
        [format!("{alone} Free: Interpreter 2.")]
    );
    assert_eq!(
        with(vec![elsewhere(2, ("14:05", 30), 1)]),
        [format!("{alone} Free: Interpreter 2.")],
        "the first one would have no rest"
    );
    assert_eq!(
        with(vec![
            elsewhere(2, ("15:00", 30), 1),
            elsewhere(3, ("14:20", 30), 2)
        ]),
        [format!(
            "{alone} No interpreter who does is free; Interpreter 2 alone is free again, for 30 minutes, from 14:55."
        )],
        "it would have no rest"
    );
    let strangers = wanted(4, ("14:40", 30), &[KG, TM], &[]);
    assert_eq!(
        sentences(&programme(vec![strangers.clone()]), &strangers),
        [
            "Kyrgyz Republic (ky, ru) and Turkmenistan (de) share no language, and no booked interpreter works \
             between them. No interpreter at this event does."
        ]
    );
    let plenary = wanted(5, ("10:00", 30), &EVERYONE, &[1]);
    assert_eq!(
        sentences(&programme(vec![plenary.clone()]), &plenary),
        [
            "Japan (ja) shares no language with Tajikistan (en-GB), Turkmenistan (de), and no booked interpreter \
             works between them. Free: Interpreter 3 for Tajikistan; none for Turkmenistan."
        ]
    );
}

/// The runs that are too long: whose, from which slot to which, and whether alone.
fn long_runs(slots: &[Slot], subject: usize) -> Vec<(i64, Vec<i64>, bool)> {
    let programme = programme(slots.to_vec());
    said(&programme, &slots[subject])
        .into_iter()
        .filter_map(|(_, finding)| match finding {
            RuleFinding::InterpreterRest {
                interpreter,
                run,
                alone,
                ..
            } => Some((interpreter.0, run.iter().map(|id| id.0).collect(), alone)),
            _ => None,
        })
        .collect()
}

#[test]
fn alone_for_forty_minutes_and_then_a_rest_of_thirty() {
    for (why, first, second, long) in [
        (
            "forty minutes are the limit",
            ("14:00", 40),
            ("17:00", 30),
            vec![],
        ),
        (
            "a minute of the grid more",
            ("14:00", 45),
            ("17:00", 30),
            vec![1],
        ),
        ("a rest of thirty", ("14:00", 30), ("15:00", 30), vec![]),
        (
            "a rest of twenty-five",
            ("14:00", 30),
            ("14:55", 30),
            vec![1, 2],
        ),
        (
            "no rest, and short enough together",
            ("14:00", 15),
            ("14:20", 20),
            vec![],
        ),
        (
            "no rest, and too long together",
            ("14:00", 15),
            ("14:20", 25),
            vec![1, 2],
        ),
    ] {
        let slots = [
            wanted(1, first, &[JP, KZ], &[1]),
            wanted(2, second, &[JP, KG], &[1]),
        ];
        let expected = if long.is_empty() {
            vec![]
        } else {
            vec![(1, long, true)]
        };
        assert_eq!(long_runs(&slots, 0), expected, "{why}");
    }
}

#[test]
fn a_colleague_of_the_same_languages_takes_turns() {
    for (why, minutes, interpreters, expected) in [
        ("alone", 45, &[1][..], vec![(1, vec![1], true)]),
        ("two of the same languages", 45, &[1, 2], vec![]),
        ("for three and a half hours", 210, &[1, 2], vec![]),
        (
            "and no longer",
            215,
            &[1, 2],
            vec![(1, vec![1], false), (2, vec![1], false)],
        ),
        (
            "one of other languages is no help",
            45,
            &[1, 3],
            vec![(1, vec![1], true), (3, vec![1], true)],
        ),
    ] {
        let slots = [wanted(1, ("14:00", minutes), &[JP, KZ], interpreters)];
        assert_eq!(long_runs(&slots, 0), expected, "{why}");
    }
    let relay = [wanted(1, ("14:00", 45), &[JP, TM], &[3, 4])];
    let both = vec![(3, vec![1], true), (4, vec![1], true)];
    assert_eq!(long_runs(&relay, 0), both, "in a relay nobody takes turns");
}

#[test]
fn colleague_gives_a_rest_only_in_a_slot_as_long_as_one() {
    let day = |shared: i32, pause: i32| {
        let middle = at("14:30").plus(pause);
        let mut slots = vec![
            wanted(1, ("14:00", 30), &[JP, KZ], &[1]),
            wanted(2, ("15:00", shared), &[JP, KG], &[1, 2]),
            wanted(3, ("16:00", 30), &[JP, KZ], &[1]),
        ];
        slots[1].details.placement.interval =
            slots[1].details.placement.interval.starting_at(middle);
        let end = slots[1].details.placement.interval.end().plus(pause);
        slots[2].details.placement.interval = slots[2].details.placement.interval.starting_at(end);
        long_runs(&slots, 2)
    };
    assert_eq!(day(30, 5), [], "half an hour in turns between two alone");
    assert_eq!(
        day(20, 5),
        [(1, vec![1, 2, 3], true)],
        "too short for a rest"
    );
    assert_eq!(day(20, 30), [], "but a pause is one");
    assert_eq!(
        day(200, 5),
        [(1, vec![1, 2, 3], false)],
        "too long even in turns"
    );
}

#[test]
fn sketches_and_breaks_are_no_work() {
    let work = wanted(1, ("14:00", 30), &[JP, KZ], &[1]);
    let mut next = wanted(2, ("14:35", 30), &[JP, KG], &[1]);
    assert_eq!(
        long_runs(&[work.clone(), next.clone()], 0),
        [(1, vec![1, 2], true)]
    );
    next.details.state = SlotState::Pencilled;
    assert_eq!(long_runs(&[work.clone(), next.clone()], 0), []);
    assert_eq!(long_runs(&[work.clone(), next.clone()], 1), []);
    (next.details.state, next.details.content.kind) = (SlotState::Tentative, SlotKind::Break);
    assert_eq!(long_runs(&[work, next], 0), []);
}

#[test]
fn programme_names_each_too_long_run_once() {
    let slots = vec![
        wanted(1, ("14:00", 30), &[JP, KZ], &[1]),
        wanted(2, ("14:35", 30), &[JP, KG], &[1]),
        wanted(3, ("15:10", 30), &[JP, KZ], &[1]),
        wanted(4, ("16:00", 30), &[JP, KZ], &[]),
    ];
    let programme = programme(slots);
    let found: Vec<_> = check_all(&programme)
        .iter()
        .filter(|conflict| conflict.level == Level::NeedsReason)
        .map(|conflict| (conflict.rule(), conflict.slot))
        .collect();
    assert_eq!(
        found,
        [
            (Rule::InterpreterRest, Some(SlotId(2))),
            (Rule::Interpretation, Some(SlotId(4))),
        ]
    );
    let second = Slot::clone(programme.slot(SlotId(2)).unwrap());
    assert_eq!(
        sentences(&programme, &second),
        [
            "Interpreter 1 works alone from 14:00 to 15:40 (100 minutes) without a rest of 30 minutes; 40 minutes is \
          the limit alone. Free to take turns: Interpreter 2."
        ]
    );
}

#[test]
fn a_reason_is_for_one_interpreter_and_one_run() {
    let slots = [
        wanted(1, ("14:00", 30), &[JP, KZ], &[1]),
        wanted(2, ("14:35", 30), &[JP, KG], &[1]),
    ];
    let entry = |interpreter: i64| Override {
        slot: SlotId(2),
        slot_moves: 0,
        other: Some((SlotId(1), 0)),
        resource: Some(Resource::Interpreter(InterpreterId(interpreter))),
        rule: Rule::InterpreterRest,
        reason: "Short speeches".to_owned(),
        author: "Officer".to_owned(),
        approved: None,
        at: Moment::from_seconds(0),
    };
    let stands = |slots: &[Slot], interpreter: i64| {
        let mut programme = programme(slots.to_vec());
        std::sync::Arc::make_mut(&mut programme.overrides).push(entry(interpreter));
        check_slot(&programme, Candidate::stored(&slots[0]))
            .iter()
            .any(|conflict| in_force(&programme, conflict).is_some())
    };
    assert!(stands(&slots, 1), "seen from either slot");
    assert!(!stands(&slots, 2), "somebody else's reason");
    let third = wanted(3, ("15:10", 30), &[JP, KZ], &[1]);
    let longer = [slots.to_vec(), vec![third]].concat();
    assert!(!stands(&longer, 1), "the run has grown");
}

#[test]
fn slot_is_staffed_with_free_interpreters() {
    let busy = |id: i64, interpreter: i64| {
        let mut slot = wanted(id, ("14:50", 30), &[KG, UZ], &[interpreter]);
        slot.details.placement.room = Some(HALL);
        slot
    };
    for (why, minutes, guest, booked, others, expected) in [
        ("the first one", 30, KZ, &[][..], vec![], Some(&[1][..])),
        ("two where it is long", 60, KZ, &[], vec![], Some(&[1, 2])),
        (
            "the one who was asked for",
            30,
            KZ,
            &[2],
            vec![],
            Some(&[2]),
        ),
        ("and one to take turns", 60, KZ, &[2], vec![], Some(&[1, 2])),
        (
            "one of other languages stays",
            30,
            KZ,
            &[3],
            vec![],
            Some(&[1, 3]),
        ),
        (
            "one who is elsewhere does not",
            30,
            KZ,
            &[1],
            vec![busy(2, 1)],
            Some(&[2]),
        ),
        (
            "nobody is left",
            30,
            KZ,
            &[1],
            vec![busy(2, 1), busy(3, 2)],
            None,
        ),
        ("nobody to take turns", 60, KZ, &[], vec![busy(2, 1)], None),
        ("nobody needed", 30, UZ, &[], vec![], Some(&[])),
        ("nobody who is direct", 30, TM, &[], vec![], None),
    ] {
        let slot = wanted(1, ("14:40", minutes), &[JP, guest], booked);
        let programme = programme([vec![slot.clone()], others].concat());
        let found = staff(&programme, Candidate::stored(&slot));
        let found: Option<Vec<i64>> = found.map(|ids| ids.iter().map(|id| id.0).collect());
        assert_eq!(found.as_deref(), expected, "{why}");
    }
}

#[test]
fn a_colleague_could_step_in_who_closes_the_gap_and_is_free() {
    let names = |slot: &Slot, others: Vec<Slot>, leaves: i64| -> Vec<i64> {
        let programme = programme([vec![slot.clone()], others].concat());
        let leaves = programme.interpreter(InterpreterId(leaves)).unwrap();
        let found = replacements(&programme, slot, leaves);
        found.iter().map(|interpreter| interpreter.id.0).collect()
    };
    let bilateral = wanted(1, ("14:40", 30), &[JP, KZ], &[1]);
    assert_eq!(names(&bilateral, vec![], 1), [2]);
    let before = wanted(2, ("14:05", 30), &[KG, UZ], &[2]);
    assert_eq!(
        names(&bilateral, vec![before], 1),
        [] as [i64; 0],
        "no rest"
    );
    let both = wanted(1, ("14:40", 30), &[JP, KZ], &[1, 2]);
    assert_eq!(
        names(&both, vec![], 1),
        [] as [i64; 0],
        "the other is there"
    );
    let relay = wanted(1, ("14:40", 30), &[JP, TM], &[3, 4]);
    assert_eq!(names(&relay, vec![], 3), [] as [i64; 0], "nobody is direct");
    let unneeded = wanted(1, ("14:40", 30), &[JP, UZ], &[2]);
    assert_eq!(names(&unneeded, vec![], 2), [1], "of the same languages");
    let long = wanted(1, ("14:40", 60), &[JP, KZ], &[1]);
    assert_eq!(
        names(&long, vec![], 1),
        [] as [i64; 0],
        "alone for too long"
    );
}
