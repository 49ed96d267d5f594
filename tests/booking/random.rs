//! Random sequences of bookings: whatever was asked for, the stored programme keeps every blocked rule, and the
//! programme in memory is the stored one.

use iikura::change::booking::{self, BookingError, Notify};
use iikura::change::interpreter::{self, InterpreterError, slots_of};
use iikura::change::staffing;
use iikura::core::decision::{Refusal, SlotStep};
use iikura::core::free::alternatives;
use iikura::core::notice::Notice;
use iikura::core::programme::Programme;
use iikura::core::rule::{Level, Reasons, Rule};
use iikura::core::rules::{Candidate, check, check_all, in_force};
use iikura::core::slot::{
    AudienceKind, MeetingFormat, MeetingStyle, Placement, Resource, Slot, SlotAudience,
    SlotDetails, SlotState,
};
use proptest::prelude::*;

use crate::test_event::{TestEvent, reason};
use support::both::Scratch;

#[derive(Debug, Clone)]
enum Step {
    Book {
        start: i32,
        minutes: i32,
        room: usize,
        parties: u8,
        interpreters: u8,
        sketch: bool,
        reasoned: bool,
    },
    Move {
        which: usize,
        by: i32,
        room: usize,
        reasoned: bool,
    },
    Confirm {
        which: usize,
    },
    Firm {
        which: usize,
    },
    Cancel {
        which: usize,
    },
    Replace {
        which: usize,
        by: usize,
    },
    Leave {
        who: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let any_slot = 0_usize..20;
    prop_oneof![
        4 => (0..150_i32, 1..10_i32, 0..5_usize, any::<u8>(), any::<u8>(), any::<bool>(), any::<bool>()).prop_map(
            |(start, minutes, room, parties, interpreters, sketch, reasoned)| Step::Book {
                start: start * 5, minutes: minutes * 5, room, parties, interpreters, sketch, reasoned
            }
        ),
        3 => (any_slot.clone(), -12..12_i32, 0..5_usize, any::<bool>())
            .prop_map(|(which, by, room, reasoned)| Step::Move { which, by: by * 5, room, reasoned }),
        1 => any_slot.clone().prop_map(|which| Step::Confirm { which }),
        1 => any_slot.clone().prop_map(|which| Step::Firm { which }),
        1 => any_slot.clone().prop_map(|which| Step::Cancel { which }),
        1 => (any_slot, 0..4_usize).prop_map(|(which, by)| Step::Replace { which, by }),
        1 => (0..4_usize).prop_map(|who| Step::Leave { who }),
    ]
}

fn reasons(reasoned: bool) -> Reasons {
    let rules = [
        Rule::Turnaround,
        Rule::Interpretation,
        Rule::InterpreterRest,
    ];
    let given = rules.into_iter().filter(|_| reasoned);
    given.flat_map(reason).collect()
}

/// One bit for whether interpretation is wanted, one for each interpreter.
fn staff(programme: &Programme, details: &mut SlotDetails, bits: u8) {
    details.content.interpretation_wanted = bits & 1 != 0;
    let interpreters = programme.interpreters.iter().enumerate();
    details.content.interpreters = interpreters
        .filter(|(index, _)| bits & (2 << index) != 0)
        .map(|(_, interpreter)| interpreter.id)
        .collect();
    details.content.interpreters.sort_unstable();
    let everyone = details.content.delegations.len() == programme.delegations.len();
    details.content.all_delegations = everyone && bits & 1 != 0;
    details.content.format = MeetingFormat {
        style: Some(MeetingStyle::Restricted).filter(|_| bits & 2 != 0),
        accompanying: Some(2).filter(|_| bits & 4 != 0),
    };
    details.content.audience = match bits % 3 {
        0 => SlotAudience::Participants,
        1 => SlotAudience::All,
        _ => {
            let named = [1, 3].map(|at| programme.delegations[at].id);
            SlotAudience::of(AudienceKind::Named, named.to_vec())
        }
    };
}

fn play(test_event: &TestEvent<'_>, step: &Step) -> Result<(), BookingError> {
    let programme = test_event.programme();
    let slot = |which: usize| programme.slots()[which % programme.slots().len()].clone();
    match *step {
        Step::Book {
            start,
            minutes,
            room,
            parties,
            interpreters,
            sketch,
            reasoned,
        } => {
            let codes = ["JP", "KZ", "KG", "TJ", "TM", "UZ"];
            let chosen: Vec<&str> = (0..6)
                .filter(|bit| parties & (1 << bit) != 0)
                .map(|bit| codes[bit])
                .collect();
            let mut details = test_event.details(("08:30", minutes), "hall", &chosen);
            details.placement = details.placement.later(start);
            details.placement.room = Some(programme.rooms[room].id);
            staff(&programme, &mut details, interpreters);
            details.state = if sketch {
                SlotState::Pencilled
            } else {
                SlotState::Tentative
            };
            test_event
                .try_book(|tx, post| booking::book(tx, post, details.clone(), &reasons(reasoned)))
                .map(drop)
        }
        Step::Move {
            which,
            by,
            room,
            reasoned,
        } => {
            let slot = slot(which);
            let placement = Placement {
                room: Some(programme.rooms[room].id),
                ..slot.details.placement.later(by)
            };
            test_event.try_book(|tx, post| {
                booking::alter(
                    tx,
                    post,
                    (slot.id, slot.version),
                    SlotStep::Place(placement),
                    &reasons(reasoned),
                    Notify::Now,
                )
            })
        }
        Step::Confirm { which } => {
            let slot = slot(which);
            test_event.try_book(|tx, post| {
                booking::confirm(tx, post, slot.id, slot.version, &Reasons::new())
            })
        }
        Step::Firm { which } => {
            let slot = slot(which);
            let details = slot.details.in_state(SlotState::Tentative);
            test_event.try_book(|tx, post| {
                booking::alter(
                    tx,
                    post,
                    (slot.id, slot.version),
                    SlotStep::Change(details.clone()),
                    &Reasons::new(),
                    Notify::Later,
                )
            })
        }
        Step::Cancel { which } => {
            let slot = slot(which);
            test_event
                .try_book(|tx, post| booking::cancel(tx, post, slot.id, slot.version, Notify::Now))
        }
        Step::Replace { which, by } => replace(test_event, &slot(which), by),
        Step::Leave { who } => leave(test_event, who),
    }
}

fn replace(test_event: &TestEvent<'_>, slot: &Slot, by: usize) -> Result<(), BookingError> {
    let programme = test_event.programme();
    let interpreters = &programme.interpreters;
    let comes = interpreters.get(by % interpreters.len().max(1));
    let (Some(leaves), Some(comes)) = (slot.content().interpreters.first(), comes) else {
        return Ok(());
    };
    test_event.try_book(|tx, _| staffing::substitute(tx, slot.id, slot.version, *leaves, comes.id))
}

fn leave(test_event: &TestEvent<'_>, who: usize) -> Result<(), BookingError> {
    let programme = test_event.programme();
    let Some(leaves) = programme.interpreters.get(who) else {
        return Ok(());
    };
    test_event.try_book(|tx, _| {
        let seen = slots_of(&tx.programme(), leaves.id);
        interpreter::remove(tx, leaves.id, &seen).map_err(|error| match error {
            InterpreterError::Booking(error) => error,
            error => panic!("{error:?}"),
        })
    })
}

/// The programme in memory says to the last word what a fresh look at the database says.
fn assert_memory_is_true(test_event: &TestEvent<'_>) {
    let (believed, stored) = (test_event.programme(), test_event.stored());
    assert_eq!(believed.event, stored.event);
    assert_eq!(believed.slots(), stored.slots());
    let overrides = |programme: &Programme| {
        let mut all: Vec<String> = programme
            .overrides
            .iter()
            .map(|each| format!("{each:?}"))
            .collect();
        all.sort();
        all
    };
    assert_eq!(overrides(&believed), overrides(&stored));
    let notices =
        |programme: &Programme| -> Vec<Notice> { programme.ledger.notices().cloned().collect() };
    assert_eq!(notices(&believed), notices(&stored));
    assert_eq!(
        iikura::change::event_file::export(&believed).unwrap(),
        iikura::change::event_file::export(&stored).unwrap()
    );
}

/// What stands between two slots is found from either, and once when all is looked at.
fn assert_rules_agree(programme: &Programme) {
    let pairwise = |rule| {
        matches!(
            rule,
            Rule::DoubleBooking | Rule::Turnaround | Rule::Transfer
        )
    };
    let all: Vec<_> = check_all(programme)
        .into_iter()
        .filter(|conflict| pairwise(conflict.rule()))
        .collect();
    let mut seen = 0;
    for slot in programme.live_slots() {
        for conflict in check(programme, Candidate::stored(slot)) {
            if !pairwise(conflict.rule()) {
                continue;
            }
            seen += 1;
            let here = (conflict.slot, conflict.finding.other());
            let resource = conflict.finding.resource();
            let listed = all.iter().filter(|each| {
                let there = (each.slot, each.finding.other());
                (each.rule(), each.level, each.finding.resource())
                    == (conflict.rule(), conflict.level, resource)
                    && (there == here || (there.1, there.0) == here)
            });
            assert_eq!(listed.count(), 1, "{conflict:?}");
        }
    }
    assert_eq!(seen, 2 * all.len());
}

/// Looks for overlaps without asking the rules.
fn assert_no_overlap(programme: &Programme) {
    let holding: Vec<_> = programme
        .slots()
        .iter()
        .filter(|slot| slot.state().holds())
        .collect();
    for (index, one) in holding.iter().enumerate() {
        for other in &holding[index + 1..] {
            let mut shared = one
                .details
                .resources()
                .filter(|it: &Resource| other.details.resources().any(|its| its == *it));
            if let Some(shared) = shared.next() {
                assert!(
                    !one.interval().overlaps(other.interval()),
                    "{shared:?} in {one:?} and {other:?}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_bookings_leaves_an_overlap(steps in prop::collection::vec(step(), 1..30)) {
        let scratch = Scratch::sqlite().migrated();
        let test_event = TestEvent::of(&scratch);
        for step in &steps {
            match play(&test_event, step) {
                Ok(()) | Err(BookingError::Refused(Refusal::Conflicts(_) | Refusal::State { .. })) => {}
                Err(error) => panic!("{step:?}: {error:?}"),
            }
            assert_memory_is_true(&test_event);
        }
        let (believed, stored) = (test_event.programme(), test_event.stored());
        prop_assert_eq!(believed.slots(), stored.slots());
        prop_assert_eq!(believed.ledger.notices().count(), stored.ledger.notices().count());
        prop_assert_eq!(believed.event.revision, stored.event.revision);
        assert_no_overlap(&stored);
        assert_rules_agree(&stored);
        let blocked: Vec<_> = check_all(&stored).into_iter().filter(|conflict| conflict.level == Level::Blocked).collect();
        prop_assert_eq!(blocked, vec![]);
        for conflict in check_all(&stored).iter().filter(|conflict| conflict.rule() == Rule::Turnaround && conflict.level == Level::NeedsReason) {
            prop_assert!(in_force(&stored, conflict).is_some(), "{:?}", conflict);
        }
    }

    #[test]
    fn each_alternative_can_be_booked_as_it_is_offered(start in 0..150_i32, minutes in 1..12_i32, room in 0..5_usize, parties in any::<u8>(), interpreters in any::<u8>()) {
        let scratch = Scratch::sqlite().migrated();
        let test_event = TestEvent::of(&scratch);
        let codes = ["JP", "KZ", "KG", "TJ", "TM", "UZ"];
        let chosen: Vec<&str> = (0..6).filter(|bit| parties & (1 << bit) != 0).map(|bit| codes[bit]).collect();
        let mut wanted = test_event.details(("08:30", minutes * 5), "hall", &chosen);
        wanted.placement = wanted.placement.later(start * 5);
        wanted.placement.room = Some(test_event.programme().rooms[room].id);
        let programme = test_event.programme();
        staff(&programme, &mut wanted, interpreters);
        let offers = alternatives(&programme, Candidate::new(&wanted));
        prop_assert!(offers.len() <= 5);
        let open = programme.event.opening_hours(programme.event.days[0].date).unwrap();
        for (index, offer) in offers.iter().enumerate() {
            prop_assert!(!offers[..index].contains(offer), "each once");
            prop_assert!(open.contains(offer.placement.interval));
            let content = wanted.content.interpreted_by(offer.interpreters.clone());
            let details = SlotDetails { content, ..wanted.placed(offer.placement) };
            let id = test_event.book(&details).unwrap();
            test_event.try_book(|tx, post| booking::cancel(tx, post, id, 1, Notify::Later)).unwrap();
        }
    }
}
