//! What is so already is not stored again: no revision, no row of the history, no mail.

use iikura::change::booking::{self, BookingError, Notify};
use iikura::core::decision::SlotStep;
use iikura::core::rule::Reasons;
use iikura::core::slot::SlotState;
use iikura::core::zone_change::ZoneKeeps;
use iikura::mail::MailContext;
use iikura::store::transaction::EventTx;

use crate::test_event::TestEvent;
use support::both::{Scratch, on_both};

on_both!(
    saving_what_is_stored_already_changes_nothing,
    saving_an_unchanged_slot_notifies_what_is_due,
    one_change_beside_unchanged_things_is_stored,
);

/// The revision and what a change leaves.
fn state(test_event: &TestEvent<'_>) -> (i64, i64, i64) {
    let revision = test_event.stored().event.revision.0;
    (
        revision,
        test_event.count("audit"),
        test_event.count("outbox"),
    )
}

type Work = fn(&mut EventTx<'_>, &MailContext) -> Result<(), BookingError>;

fn slot_saved(tx: &mut EventTx<'_>, post: &MailContext, tell: Notify) -> Result<(), BookingError> {
    for slot in tx.programme().live_slots() {
        let details = slot.details.clone();
        booking::alter(
            tx,
            post,
            (slot.id, slot.version),
            SlotStep::Change(details),
            &Reasons::new(),
            tell,
        )?;
    }
    Ok(())
}

const NOUNS: [(&str, Work); 6] = [
    ("slot", |tx, post| slot_saved(tx, post, Notify::Later)),
    ("slot, telling", |tx, post| {
        slot_saved(tx, post, Notify::Now)
    }),
    ("delegation", |tx, _| {
        for known in tx.programme().delegations.iter() {
            let mut typed = known.clone();
            for contact in &mut typed.contacts {
                // A form gives every contact an id of its own.
                contact.id.0 += 1;
            }
            iikura::change::delegation::change(tx, &typed).unwrap();
        }
        Ok(())
    }),
    ("room", |tx, _| {
        for known in tx.programme().rooms.iter() {
            iikura::change::room::change(tx, known).unwrap();
        }
        Ok(())
    }),
    ("interpreter", |tx, _| {
        for known in tx.programme().interpreters.iter() {
            iikura::change::interpreter::change(tx, known).unwrap();
        }
        Ok(())
    }),
    ("event", |tx, _| {
        let event = tx.programme().event.clone();
        iikura::change::event::change(tx, &event, ZoneKeeps::Instants).unwrap();
        Ok(())
    }),
];

fn saving_what_is_stored_already_changes_nothing(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let before = state(&test_event);
    for (noun, work) in NOUNS {
        test_event.try_book(work).unwrap();
        assert_eq!(state(&test_event), before, "{noun}");
        assert_eq!(test_event.programme().event.revision.0, before.0, "{noun}");
    }
}

fn saving_an_unchanged_slot_notifies_what_is_due(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = test_event
        .book(
            &test_event
                .details(("18:30", 20), "dining", &["KZ"])
                .in_state(SlotState::Confirmed),
        )
        .unwrap();
    let mut details = test_event.stored().slot(id).unwrap().details.clone();
    details.placement = details.placement.later(5);
    let save = |version, tell| {
        test_event.try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (id, version),
                SlotStep::Change(details.clone()),
                &Reasons::new(),
                tell,
            )
        })
    };
    save(1, Notify::Later).unwrap();
    let (revision, rows, mails) = state(&test_event);
    save(2, Notify::Now).unwrap();
    assert_eq!(state(&test_event), (revision + 1, rows, mails + 1));
    save(2, Notify::Now).unwrap();
    assert_eq!(state(&test_event), (revision + 1, rows, mails + 1));
}

fn one_change_beside_unchanged_things_is_stored(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let (revision, rows, mails) = state(&test_event);
    let salon = {
        let mut salon = test_event
            .programme()
            .room_by_code("salon")
            .unwrap()
            .clone();
        salon.capacity += 1;
        salon
    };
    test_event
        .try_book(|tx, post| {
            slot_saved(tx, post, Notify::Later)?;
            iikura::change::room::change(tx, &salon).unwrap();
            slot_saved(tx, post, Notify::Later)
        })
        .unwrap();
    assert_eq!(state(&test_event), (revision + 1, rows + 1, mails));
}
