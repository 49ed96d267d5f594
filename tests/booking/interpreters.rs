//! Interpreters in the programme: reasons that outlive a change of interpreters, and what travels with a file.

use iikura::change::booking::{self, BookingError};
use iikura::change::interpreter::{self, slots_of};
use iikura::change::{event_file, staffing};
use iikura::core::decision::{Refusal, SlotStep};
use iikura::core::rule::{Reasons, Rule};
use iikura::core::rules::{Candidate, check, in_force};
use iikura::core::slot::Slot;

use crate::test_event::{TestEvent, import, reason};
use support::both::{Scratch, on_both};

on_both!(
    a_reason_for_a_short_turnaround_outlives_the_interpreter,
    confirmed_slot_loses_its_interpreter_without_notices,
    interpreters_wishes_and_reasons_travel_with_the_file,
);

/// Moves the meeting with Uzbekistan to 16:50, against the turnaround before Kazakhstan's.
fn close_together(test_event: &TestEvent<'_>) -> Slot {
    let slot = test_event.slot("Uzbekistan");
    let placement = test_event
        .details(("16:50", 30), "conference", &[])
        .placement;
    let reasons = reason(Rule::Turnaround);
    test_event
        .try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (slot.id, slot.version),
                SlotStep::Place(placement),
                &reasons,
                booking::Notify::Later,
            )
        })
        .unwrap();
    test_event.slot("Uzbekistan")
}

/// The rules that are set aside for a slot, each with its reason.
fn set_aside(test_event: &TestEvent<'_>, slot: &Slot) -> Vec<(Rule, String)> {
    let programme = test_event.stored();
    check(&programme, Candidate::stored(slot))
        .iter()
        .filter_map(|conflict| in_force(&programme, conflict))
        .map(|entry| (entry.rule, format!("{}: {}", entry.author, entry.reason)))
        .collect()
}

fn a_reason_for_a_short_turnaround_outlives_the_interpreter(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let slot = close_together(&test_event);
    let turnaround = vec![(Rule::Turnaround, "Officer: It is agreed".to_owned())];
    assert_eq!(set_aside(&test_event, &slot), turnaround);
    let interpreter = |code: &str| {
        test_event
            .stored()
            .interpreter_by_code(code)
            .unwrap()
            .clone()
    };
    let (second, reserve) = (interpreter("ru-2"), interpreter("ru-3"));
    test_event
        .try_book(|tx, _| staffing::substitute(tx, slot.id, slot.version, second.id, reserve.id))
        .unwrap();
    let replaced = test_event.slot("Uzbekistan");
    assert_eq!(replaced.content().interpreters, [reserve.id]);
    assert_eq!(replaced.moves, slot.moves + 1);
    assert_eq!(set_aside(&test_event, &replaced), turnaround);
    test_event
        .try_book(|tx, _| {
            let seen = slots_of(&tx.programme(), reserve.id);
            interpreter::remove(tx, reserve.id, &seen).unwrap();
            Ok(())
        })
        .unwrap();
    let released = test_event.slot("Uzbekistan");
    assert_eq!(released.content().interpreters, []);
    assert_eq!(set_aside(&test_event, &released), turnaround);
    let open: Vec<Rule> = check(&test_event.stored(), Candidate::stored(&released))
        .iter()
        .filter(|conflict| conflict.level == iikura::core::rule::Level::NeedsReason)
        .map(iikura::core::rules::Conflict::rule)
        .filter(|rule| *rule != Rule::Turnaround)
        .collect();
    assert_eq!(open, [Rule::Interpretation], "the gap stands open");
}

fn confirmed_slot_loses_its_interpreter_without_notices(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let slot = test_event.slot("Tajikistan");
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, slot.id, 1, &Reasons::new()))
        .unwrap();
    let first = test_event
        .stored()
        .interpreter_by_code("ru-1")
        .unwrap()
        .clone();
    test_event
        .try_book(|tx, _| {
            let seen = slots_of(&tx.programme(), first.id);
            interpreter::remove(tx, first.id, &seen).unwrap();
            Ok(())
        })
        .unwrap();
    let programme = test_event.programme();
    let released = programme.slot(slot.id).unwrap();
    assert_eq!((released.version, released.sequence), (3, slot.sequence));
    assert!(iikura::core::due::due(&programme, released).is_empty());
    let again = test_event
        .try_book(|tx, post| booking::withdraw(tx, post, slot.id, 3, booking::Notify::Later))
        .and_then(|()| {
            test_event.try_book(|tx, post| booking::confirm(tx, post, slot.id, 4, &Reasons::new()))
        });
    assert!(
        matches!(again, Err(BookingError::Refused(Refusal::Conflicts(_)))),
        "confirming asks for the interpreter"
    );
}

fn interpreters_wishes_and_reasons_travel_with_the_file(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let mut alone = test_event.details(("18:30", 60), "conference", &["JP", "KZ"]);
    alone.content.interpretation_wanted = true;
    alone.content.interpreters = vec![test_event.stored().interpreter_by_code("ru-3").unwrap().id];
    assert!(matches!(
        test_event.book(&alone),
        Err(BookingError::Refused(Refusal::Conflicts(_)))
    ));
    test_event
        .try_book(|tx, post| booking::book(tx, post, alone.clone(), &reason(Rule::InterpreterRest)))
        .unwrap();
    let mut nobody = test_event.details(("19:40", 30), "conference", &["JP", "UZ"]);
    nobody.content.interpretation_wanted = true;
    test_event
        .try_book(|tx, post| booking::book(tx, post, nobody.clone(), &reason(Rule::Interpretation)))
        .unwrap();
    // Three in a row, of which the second and the third need a reason each.
    let third = test_event.stored().interpreter_by_code("ru-3").unwrap().id;
    for (start, guest, reasons) in [
        ("10:00", "KZ", Reasons::new()),
        ("10:30", "UZ", reason(Rule::InterpreterRest)),
        ("11:00", "KG", reason(Rule::InterpreterRest)),
    ] {
        let mut details = test_event.details((start, 25), "salon", &["JP", guest]);
        details.content.delegations.clear();
        details.content.interpreters = vec![third];
        test_event
            .try_book(|tx, post| booking::book(tx, post, details.clone(), &reasons))
            .unwrap();
    }
    let text = event_file::export(&test_event.stored()).unwrap();
    assert_eq!(
        text.matches("rule = \"interpreter_rest\"").count(),
        3,
        "{text}"
    );
    assert!(text.contains("rule = \"interpretation\""), "{text}");
    assert_eq!(text.matches("interpretation = true").count(), 10);
    let copy = text.replace("slug = \"ca-jad-9\"", "slug = \"copy\"");
    let imported = import(scratch, &copy).unwrap();
    assert_eq!(imported.remarks, Vec::<String>::new());
    let other = TestEvent {
        db: scratch,
        live: iikura::store::programme_cache::ProgrammeCache::default(),
        event: imported.event,
    };
    assert_eq!(event_file::export(&other.stored()).unwrap(), copy);
}
