//! What is so already is not stored again: no revision, no row of the history, no mail.

use iikura::core::rule::Reasons;
use iikura::core::slot::{SlotDetails, SlotState};
use iikura::event::transaction::EventTx;
use iikura::mail::MailContext;
use iikura::slot::booking::{self, BookingError, Notify};

use crate::house::House;
use crate::support::both::{Scratch, on_both};

on_both!(
    saving_what_is_stored_already_changes_nothing,
    saving_the_same_slot_tells_what_is_due,
    one_change_beside_unchanged_things_is_stored,
);

/// The revision and what a change leaves.
fn state(house: &House<'_>) -> (i64, i64, i64) {
    let revision = house.stored().event.revision.0;
    (revision, house.count("audit"), house.count("outbox"))
}

type Work = fn(&mut EventTx<'_>, &MailContext) -> Result<(), BookingError>;

fn slot_saved(tx: &mut EventTx<'_>, post: &MailContext, tell: Notify) -> Result<(), BookingError> {
    for slot in tx.programme().live_slots() {
        let details = slot.details.clone();
        booking::change(
            tx,
            post,
            slot.id,
            slot.version,
            details,
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
            iikura::delegation::change::change(tx, &typed).unwrap();
        }
        Ok(())
    }),
    ("room", |tx, _| {
        for known in tx.programme().rooms.iter() {
            iikura::room::change::change(tx, known).unwrap();
        }
        Ok(())
    }),
    ("interpreter", |tx, _| {
        for known in tx.programme().interpreters.iter() {
            iikura::interpreter::change::change(tx, known).unwrap();
        }
        Ok(())
    }),
    ("event", |tx, _| {
        let event = tx.programme().event.clone();
        iikura::event::change::change(tx, &event).unwrap();
        Ok(())
    }),
];

fn saving_what_is_stored_already_changes_nothing(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let before = state(&house);
    for (noun, work) in NOUNS {
        house.try_book(work).unwrap();
        assert_eq!(state(&house), before, "{noun}");
        assert_eq!(house.programme().event.revision.0, before.0, "{noun}");
    }
}

fn saving_the_same_slot_tells_what_is_due(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let id = house
        .book(&SlotDetails {
            state: SlotState::Confirmed,
            ..house.details(("18:30", 20), "dining", &["KZ"])
        })
        .unwrap();
    let mut details = house.stored().slot(id).unwrap().details.clone();
    details.interval = details
        .interval
        .starting_at(details.interval.start().plus(5));
    let save = |version, tell| {
        house.try_book(|tx, post| {
            booking::change(
                tx,
                post,
                id,
                version,
                details.clone(),
                &Reasons::new(),
                tell,
            )
        })
    };
    save(1, Notify::Later).unwrap();
    let (revision, rows, mails) = state(&house);
    save(2, Notify::Now).unwrap();
    assert_eq!(state(&house), (revision + 1, rows, mails + 1));
    save(2, Notify::Now).unwrap();
    assert_eq!(state(&house), (revision + 1, rows, mails + 1));
}

fn one_change_beside_unchanged_things_is_stored(scratch: &Scratch) {
    let house = House::of_empty(scratch);
    let (revision, rows, mails) = state(&house);
    let salon = {
        let mut salon = house.programme().room_by_code("salon").unwrap().clone();
        salon.capacity += 1;
        salon
    };
    house
        .try_book(|tx, post| {
            slot_saved(tx, post, Notify::Later)?;
            iikura::room::change::change(tx, &salon).unwrap();
            slot_saved(tx, post, Notify::Later)
        })
        .unwrap();
    assert_eq!(state(&house), (revision + 1, rows + 1, mails));
}
