//! Decisions without a database: what is stored, and what a refusal says.

use std::sync::Arc;

use super::*;
use crate::core::interpreter::LanguagePair;
use crate::core::sample::{DINING, ISSUED, JP, KG, KZ, SALON, at, programme, slot};
use crate::core::slot::SlotKind;
use crate::core::text_enum::TextEnum;

const AUTHOR: &str = "officer@protocol.example";

/// A talk of half an hour with Kazakhstan in the Salon.
fn talk(start: &str, state: SlotState) -> Slot {
    slot(
        7,
        SlotKind::Bilateral,
        "Talk",
        (start, 30),
        SALON,
        &[JP, KZ],
        state,
    )
}

fn asked(
    programme: &Arc<Programme>,
    command: &SlotCommand,
    reasons: &Reasons,
) -> Result<Decision, Refusal> {
    let given = GivenReasons {
        reasons,
        author: AUTHOR,
        at: ISSUED,
    };
    decide(programme, DecisionRequest { command, given })
}

fn alter(slot: &Slot, step: SlotStep) -> SlotCommand {
    SlotCommand::Alter {
        slot: slot.id,
        version: slot.version,
        step,
    }
}

fn stored(decision: Result<Decision, Refusal>) -> ChangedSlot {
    let change = match decision.unwrap() {
        Decision::Store(change) => Some(*change),
        Decision::Unchanged => None,
    };
    change.unwrap()
}

fn conflicts(decision: Result<Decision, Refusal>) -> Conflicts {
    let conflicts = match decision.unwrap_err() {
        Refusal::Conflicts(conflicts) => Some(*conflicts),
        _ => None,
    };
    conflicts.unwrap()
}

fn because(text: &str) -> Reasons {
    let reason = Reason {
        text: text.to_owned(),
        author: None,
        approved: None,
    };
    Reasons::from([(Rule::Hours, reason)])
}

#[test]
fn new_slot_gets_first_version_and_overrides() {
    let house = Arc::new(programme(Vec::new()));
    let late = talk("21:00", SlotState::Tentative);
    let command = SlotCommand::Book(late.id, late.details.clone());
    let refused = conflicts(asked(&house, &command, &Reasons::new()));
    assert_eq!(refused.rules_without_reason(), [Rule::Hours]);
    assert!(!refused.is_blocked());
    assert_eq!((refused.slot, &refused.details), (None, &late.details));

    let change = stored(asked(&house, &command, &because("The car is late")));
    assert_eq!((change.slot.version, change.slot.moves), (1, 1));
    assert_eq!((change.before, change.action), (None, Action::SlotBooked));
    assert_eq!(change.overrides.len(), 1);
    let entry = &change.overrides[0];
    assert_eq!(
        (entry.rule, entry.author.as_str(), entry.reason.as_str()),
        (Rule::Hours, AUTHOR, "The car is late")
    );
}

#[test]
fn double_booking_is_refused_whatever_the_reasons() {
    let first = talk("10:00", SlotState::Tentative);
    let house = Arc::new(programme(vec![first]));
    let second = slot(
        8,
        SlotKind::Bilateral,
        "Talk",
        ("10:15", 30),
        SALON,
        &[JP, KG],
        SlotState::Tentative,
    );
    let every = Rule::ALL
        .iter()
        .map(|rule| (*rule, because("x")[&Rule::Hours].clone()));
    let command = SlotCommand::Book(second.id, second.details);
    let refused = conflicts(asked(&house, &command, &every.collect()));
    assert!(refused.is_blocked());
    assert!(!refused.alternatives().is_empty());
}

#[test]
fn moved_slot_needs_its_reason_again() {
    let late = talk("21:00", SlotState::Tentative);
    let mut house = programme(vec![late.clone()]);
    let found = check(&house, Candidate::stored(&late));
    let reasons = because("The car is late");
    let given = GivenReasons {
        reasons: &reasons,
        author: AUTHOR,
        at: ISSUED,
    };
    let entries = overrides(&house, &late, &found[0], &reasons[&Rule::Hours], given);
    Arc::make_mut(&mut house.overrides).extend(entries);
    let house = Arc::new(house);
    assert!(in_force(&house, &found[0]).is_some());

    let moved = late.details.placement.later(15);
    let command = alter(&late, SlotStep::Place(moved));
    let refused = conflicts(asked(&house, &command, &Reasons::new()));
    assert_eq!(refused.rules_without_reason(), [Rule::Hours]);

    // Other words alone leave the reason in force.
    let mut renamed = late.details.clone();
    renamed.content.note = "Tea".to_owned();
    let change = stored(asked(
        &house,
        &alter(&late, SlotStep::Change(renamed)),
        &Reasons::new(),
    ));
    assert_eq!(change.slot.moves, late.moves);
}

#[test]
fn move_is_judged_and_changes_placement_alone() {
    for state in [
        SlotState::Pencilled,
        SlotState::Tentative,
        SlotState::Confirmed,
    ] {
        let talk = talk("10:00", state);
        let house = Arc::new(programme(vec![talk.clone()]));
        let placement = Placement {
            room: Some(DINING),
            ..talk.details.placement.later(30)
        };
        let command = alter(&talk, SlotStep::Place(placement));
        let change = stored(asked(&house, &command, &Reasons::new()));
        assert_eq!(change.slot.details, talk.details.placed(placement));
        let counters = |slot: &Slot| (slot.version, slot.sequence, slot.moves);
        let (version, sequence, moves) = counters(&talk);
        assert_eq!(
            counters(&change.slot),
            (version + 1, sequence + 1, moves + 1)
        );
        assert_eq!(change.action, Action::SlotChanged);
        assert_eq!(change.before.as_deref(), Some(&talk));
    }
}

#[test]
fn move_onto_another_slot_is_refused_with_conflicts() {
    let talk = talk("10:00", SlotState::Tentative);
    let other = slot(
        8,
        SlotKind::Bilateral,
        "Talk",
        ("12:00", 30),
        SALON,
        &[JP, KG],
        SlotState::Tentative,
    );
    let house = Arc::new(programme(vec![talk.clone(), other]));
    let placement = talk.details.placement.later(120);
    let command = alter(&talk, SlotStep::Place(placement));
    let refused = conflicts(asked(&house, &command, &Reasons::new()));
    assert!(refused.is_blocked());
    assert_eq!(refused.slot, Some(talk.id));
    assert_eq!(refused.details, talk.details.placed(placement));
    assert!(!refused.alternatives().is_empty());
}

#[test]
fn move_that_needs_a_reason_is_stored_with_it() {
    let talk = talk("10:00", SlotState::Tentative);
    let house = Arc::new(programme(vec![talk.clone()]));
    let late = talk.details.placement.starting_at(at("21:00"));
    let command = alter(&talk, SlotStep::Place(late));
    let refused = conflicts(asked(&house, &command, &Reasons::new()));
    assert_eq!(refused.rules_without_reason(), [Rule::Hours]);
    let change = stored(asked(&house, &command, &because("The car is late")));
    assert_eq!(change.overrides.len(), 1);
    assert_eq!(change.overrides[0].slot_moves, talk.moves + 1);
}

#[test]
fn move_to_where_the_slot_is_stores_nothing() {
    let talk = talk("10:00", SlotState::Confirmed);
    let house = Arc::new(programme(vec![talk.clone()]));
    let same = alter(&talk, SlotStep::Place(talk.details.placement));
    assert_eq!(
        asked(&house, &same, &Reasons::new()).unwrap(),
        Decision::Unchanged
    );
}

#[test]
fn cancelled_slot_is_not_moved() {
    let talk = talk("10:00", SlotState::Cancelled);
    let house = Arc::new(programme(vec![talk.clone()]));
    let command = alter(&talk, SlotStep::Place(talk.details.placement.later(5)));
    let refused = asked(&house, &command, &Reasons::new()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a slot that is cancelled cannot be changed"
    );
}

#[test]
fn change_to_the_same_details_stores_nothing() {
    let talk = talk("10:00", SlotState::Tentative);
    let house = Arc::new(programme(vec![talk.clone()]));
    let same = alter(&talk, SlotStep::Change(talk.details.clone()));
    assert_eq!(
        asked(&house, &same, &Reasons::new()).unwrap(),
        Decision::Unchanged
    );
}

#[test]
fn version_that_was_not_seen_is_stale() {
    let talk = talk("10:00", SlotState::Tentative);
    let house = Arc::new(programme(vec![talk.clone()]));
    let moved = talk.details.placement.later(30);
    for step in [SlotStep::Cancel, SlotStep::Place(moved)] {
        let command = SlotCommand::Alter {
            slot: talk.id,
            version: talk.version - 1,
            step,
        };
        let refused = asked(&house, &command, &Reasons::new());
        assert!(matches!(refused, Err(Refusal::Stale { current, .. }) if *current == talk));
    }
    let unknown = SlotCommand::Alter {
        slot: SlotId(99),
        version: 1,
        step: SlotStep::Cancel,
    };
    let refused = asked(&house, &unknown, &Reasons::new());
    assert!(matches!(refused, Err(Refusal::NotFound)));
}

#[test]
fn each_state_allows_its_steps_alone() {
    let allowed = |state| {
        let talk = talk("10:00", state);
        let house = Arc::new(programme(vec![talk.clone()]));
        [SlotStep::Confirm, SlotStep::Withdraw, SlotStep::Cancel].map(|step| {
            match asked(&house, &alter(&talk, step), &Reasons::new()) {
                Ok(Decision::Store(change)) => Some(change.slot.state()),
                other => {
                    assert!(matches!(other, Err(Refusal::State { .. })), "{other:?}");
                    None
                }
            }
        })
    };
    let (confirmed, tentative, cancelled) = (
        Some(SlotState::Confirmed),
        Some(SlotState::Tentative),
        Some(SlotState::Cancelled),
    );
    assert_eq!(allowed(SlotState::Pencilled), [confirmed, None, cancelled]);
    assert_eq!(allowed(SlotState::Tentative), [confirmed, None, cancelled]);
    assert_eq!(allowed(SlotState::Confirmed), [None, tentative, cancelled]);
    assert_eq!(allowed(SlotState::Cancelled), [None, None, None]);
}

#[test]
fn form_confirms_and_cancels_nothing() {
    let tentative = talk("10:00", SlotState::Tentative);
    let house = Arc::new(programme(vec![tentative.clone()]));
    for state in [SlotState::Confirmed, SlotState::Cancelled] {
        let wanted = talk("10:30", state).details;
        let change = stored(asked(
            &house,
            &alter(&tentative, SlotStep::Change(wanted)),
            &Reasons::new(),
        ));
        assert_eq!(change.slot.state(), SlotState::Tentative);
    }
}

/// The sample's interpreter, with a colleague and one of other languages.
fn with_colleagues(slots: Vec<Slot>) -> Arc<Programme> {
    let mut house = programme(slots);
    let interpreters = Arc::make_mut(&mut house.interpreters);
    for (id, languages) in [(2, "ja – ru"), (3, "ja – en")] {
        let mut colleague = interpreters[0].clone();
        colleague.id = InterpreterId(id);
        colleague.pairs = vec![LanguagePair::parse(languages).unwrap()];
        interpreters.push(colleague);
    }
    let delegations = Arc::make_mut(&mut house.delegations);
    delegations[0].languages = vec!["ja".to_owned()];
    Arc::new(house)
}

fn interpreted(start: &str) -> Slot {
    let mut talk = talk(start, SlotState::Tentative);
    talk.details.content.interpretation_wanted = true;
    talk.details.content.interpreters = vec![InterpreterId(1)];
    talk
}

fn replaced(slot: &Slot, comes: i64) -> SlotCommand {
    let (leaves, comes) = (InterpreterId(1), InterpreterId(comes));
    alter(slot, SlotStep::Substitute { leaves, comes })
}

#[test]
fn import_takes_a_slot_in_any_state_with_its_sequence() {
    let house = Arc::new(programme(Vec::new()));
    let mut off = talk("10:00", SlotState::Cancelled);
    off.sequence = 5;
    let booked = asked(
        &house,
        &SlotCommand::Book(off.id, off.details.clone()),
        &Reasons::new(),
    );
    assert!(matches!(booked, Err(Refusal::State { .. })));
    let change = stored(asked(
        &house,
        &SlotCommand::Import(off.clone()),
        &Reasons::new(),
    ));
    assert_eq!((change.slot, change.before), (off, None));
}

#[test]
fn import_is_judged_as_a_booking() {
    let late = talk("21:00", SlotState::Confirmed);
    let house = Arc::new(programme(Vec::new()));
    let command = SlotCommand::Import(late.clone());
    let refused = conflicts(asked(&house, &command, &Reasons::new()));
    assert_eq!(refused.rules_without_reason(), [Rule::Hours]);
    let change = stored(asked(&house, &command, &because("The car is late")));
    assert_eq!(change.overrides[0].slot_moves, late.moves);
    let taken = Arc::new(house.with_slot(slot(
        8,
        SlotKind::Bilateral,
        "Talk",
        ("21:00", 30),
        SALON,
        &[JP, KG],
        SlotState::Tentative,
    )));
    let refused = conflicts(asked(&taken, &command, &because("The car is late")));
    assert!(refused.is_blocked());
}

#[test]
fn substitution_keeps_the_reasons_for_what_it_does_not_change() {
    let late = interpreted("21:00");
    let mut house = Programme::clone(&with_colleagues(Vec::new()));
    let reasons = because("The car is late");
    let command = SlotCommand::Import(late.clone());
    let change = stored(asked(&Arc::new(house.clone()), &command, &reasons));
    house.add(change.slot);
    Arc::make_mut(&mut house.overrides).extend(change.overrides);
    let change = stored(asked(
        &Arc::new(house),
        &replaced(&late, 2),
        &Reasons::new(),
    ));
    assert_eq!(change.action, Action::SlotInterpreterReplaced);
    assert_eq!(change.slot.content().interpreters, [InterpreterId(2)]);
    let kept = &change.overrides[0];
    assert_eq!(
        (kept.rule, kept.reason.as_str(), kept.slot_moves),
        (Rule::Hours, "The car is late", late.moves + 1)
    );
}

#[test]
fn substitution_is_refused_for_what_it_brings_itself() {
    let talk = interpreted("10:00");
    let house = with_colleagues(vec![talk.clone()]);
    let refused = conflicts(asked(&house, &replaced(&talk, 3), &Reasons::new()));
    assert_eq!(refused.rules_without_reason(), [Rule::Interpretation]);
    assert_eq!(
        refused.details.content.interpreters,
        [InterpreterId(3)],
        "as it was asked for"
    );
    let step = SlotStep::Substitute {
        leaves: InterpreterId(2),
        comes: InterpreterId(1),
    };
    let refused = asked(&house, &alter(&talk, step), &Reasons::new());
    assert!(matches!(refused, Err(Refusal::NotFound)));
}

#[test]
fn release_leaves_a_gap_and_a_reason_once_the_slot_has_ended() {
    let talk = interpreted("10:00");
    let house = with_colleagues(vec![talk.clone()]);
    let command = alter(&talk, SlotStep::Release(InterpreterId(1)));
    let change = stored(asked(&house, &command, &Reasons::new()));
    assert_eq!(change.action, Action::SlotInterpreterRemoved);
    assert!(change.slot.content().interpreters.is_empty() && change.overrides.is_empty());

    let none = Reasons::new();
    let given = GivenReasons {
        reasons: &none,
        author: AUTHOR,
        at: at("10:30").moment(),
    };
    let command = &command;
    let change = stored(decide(&house, DecisionRequest { command, given }));
    assert_eq!(
        change.overrides[0].reason,
        "Interpreted by Interpreter, Japanese–Russian (1), who was removed afterwards"
    );
}
