//! Reasons are for what they were given for; and what delegations hear follows what is true.

use iikura::delegation::change as delegations;
use iikura::event::change as settings;
use iikura::event::file;
use iikura::mail::outbox;
use iikura::notice;
use iikura::room::change as rooms;
use iikura::slot::booking::{self, BookingError, Reason, Reasons, Tell};
use iikura::slot::rules::Rule;
use iikura::slot::{Details, State};
use iikura::text::{Email, Line};

use crate::house::{House, import, reason};
use crate::support::both::{Scratch, on_both};

on_both!(
    another_name_of_the_room_is_told_under_a_higher_number,
    a_corrected_address_gets_the_mail_and_the_old_one_does_not,
    a_confirmation_can_be_withdrawn_whatever_has_come_against_it,
    a_reason_for_one_absence_is_none_for_another,
    a_reason_for_a_run_of_the_chair_ends_with_the_run,
    a_reason_given_at_the_earlier_slot_travels_with_the_file,
    a_copy_of_what_was_told_is_refused_with_its_line,
);

/// Recipient, sequence and state of each mail.
fn mails(house: &House<'_>) -> Vec<(String, i32, String)> {
    let mut mails: Vec<_> = house
        .read(|conn| Ok(outbox::list(conn, Some(house.event), 100)?))
        .into_iter()
        .map(|mail| (mail.recipient, mail.sequence, format!("{:?}", mail.state.0)))
        .collect();
    mails.sort();
    mails
}

fn confirmed(house: &House<'_>) -> iikura::slot::SlotId {
    let id = house
        .book(&house.details(("18:30", 20), "salon", &["KZ"]))
        .unwrap();
    house
        .try_book(|tx, post| booking::confirm(tx, post, id, 1, &Reasons::new()))
        .unwrap();
    id
}

fn another_name_of_the_room_is_told_under_a_higher_number(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let house = House::of(scratch);
    let id = confirmed(&house);
    let mut room = house.programme().room_by_code("salon").unwrap().clone();
    room.name = Line::parse("Blue Salon").unwrap();
    house
        .try_book(|tx, post| {
            rooms::change(tx, &room).unwrap();
            Ok(notice::tell(tx, post, id)?)
        })
        .unwrap();
    let sequences: Vec<i32> = mails(&house)
        .into_iter()
        .map(|(_, sequence, _)| sequence)
        .collect();
    assert_eq!(sequences, [0, 1]);
    assert_eq!(house.slot("A talk").sequence, 1);
    let programme = house.programme();
    assert!(notice::due(&programme, programme.slot(id).unwrap()).is_empty());
}

fn a_corrected_address_gets_the_mail_and_the_old_one_does_not(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let house = House::of(scratch);
    let id = confirmed(&house);
    let mut delegation = house.programme().delegation_by_code("KZ").unwrap().clone();
    delegation.contacts[0].email = Email::parse("right@delegations.example").unwrap();
    house
        .try_book(|tx, post| {
            delegations::change(tx, &delegation).unwrap();
            tx.now = tx.now.plus(60);
            Ok(notice::tell_again(tx, post, id)?)
        })
        .unwrap();
    let expected = [
        ("kz@delegations.example", "Superseded"),
        ("right@delegations.example", "Queued"),
    ];
    let expected = expected.map(|(address, state)| (address.to_owned(), 0, state.to_owned()));
    assert_eq!(mails(&house), expected);
}

fn a_confirmation_can_be_withdrawn_whatever_has_come_against_it(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let house = House::of(scratch);
    let id = confirmed(&house);
    let mut event = iikura::event::Event::clone(&house.programme().event);
    event.days[0].closes = "18:00".parse().unwrap();
    house
        .try_book(|tx, _| {
            settings::change(tx, &event).unwrap();
            Ok(())
        })
        .unwrap();
    let version = house.slot("A talk").version;
    house
        .try_book(|tx, post| booking::withdraw(tx, post, id, version, Tell::Now))
        .unwrap();
    let again =
        house.try_book(|tx, post| booking::confirm(tx, post, id, version + 1, &Reasons::new()));
    assert!(
        matches!(again, Err(BookingError::Conflicts(_))),
        "confirming asks again"
    );
}

fn a_reason_for_one_absence_is_none_for_another(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let house = House::of(scratch);
    let leaves_early = |code: &str| {
        let mut delegation = house.programme().delegation_by_code(code).unwrap().clone();
        let stay = delegation.presence[0];
        let until = house.details(("18:30", 10), "hall", &[]).interval.start();
        delegation.presence =
            vec![iikura::slot::interval::Interval::stay(stay.start(), until).unwrap()];
        house
            .try_book(|tx, _| {
                delegations::change(tx, &delegation).unwrap();
                Ok(())
            })
            .unwrap();
    };
    leaves_early("KZ");
    let wanted = house.details(("18:30", 20), "conference", &["KZ", "UZ"]);
    let id = house
        .try_book(|tx, post| booking::book(tx, post, wanted.clone(), &reason(Rule::Presence)))
        .unwrap();
    leaves_early("UZ");
    let confirmed = house.try_book(|tx, post| booking::confirm(tx, post, id, 1, &Reasons::new()));
    assert!(
        matches!(confirmed, Err(BookingError::Conflicts(_))),
        "Uzbekistan's absence has no reason yet"
    );
    house
        .try_book(|tx, post| booking::confirm(tx, post, id, 1, &reason(Rule::Presence)))
        .unwrap();
}

fn a_reason_for_a_run_of_the_chair_ends_with_the_run(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let house = House::of(scratch);
    let mut event = iikura::event::Event::clone(&house.programme().event);
    event.settings.chair_rest_needs_reason = true;
    house
        .try_book(|tx, _| {
            settings::change(tx, &event).unwrap();
            Ok(())
        })
        .unwrap();
    let wanted = house.details(("17:50", 20), "conference", &["JP"]);
    assert!(matches!(
        house.book(&wanted),
        Err(BookingError::Conflicts(_))
    ));
    house
        .try_book(|tx, post| booking::book(tx, post, wanted.clone(), &reason(Rule::ChairRest)))
        .unwrap();
    let further = house.details(("18:15", 20), "conference", &["JP"]);
    assert!(
        matches!(house.book(&further), Err(BookingError::Conflicts(_))),
        "a longer run is another run"
    );
    let rested = Details {
        state: State::Tentative,
        ..house.details(("18:30", 20), "conference", &["JP"])
    };
    house.book(&rested).unwrap();
}

fn a_reason_given_at_the_earlier_slot_travels_with_the_file(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let house = House::of(scratch);
    house
        .book(&house.details(("18:50", 20), "salon", &[]))
        .unwrap();
    let earlier = house.details(("18:30", 20), "salon", &[]);
    let reasons: Reasons = [(
        Rule::Turnaround,
        Reason {
            text: "Nothing to tidy".to_owned(),
            author: Some("Hanako".to_owned()),
        },
    )]
    .into();
    house
        .try_book(|tx, post| booking::book(tx, post, earlier.clone(), &reasons))
        .unwrap();
    let first = file::export(&house.stored()).unwrap();
    let elsewhere = Scratch::sqlite().migrated();
    let imported = import(&elsewhere, &first).unwrap();
    assert_eq!(imported.remarks, Vec::<String>::new());
    let again = House {
        db: &elsewhere,
        live: iikura::event::live::Live::default(),
        event: imported.event,
    };
    assert_eq!(file::export(&again.stored()).unwrap(), first);
    assert!(first.contains("author = \"Hanako\""), "{first}");
}

fn a_copy_of_what_was_told_is_refused_with_its_line(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let house = House::of(scratch);
    confirmed(&house);
    let copy = file::export(&house.stored()).unwrap().replacen(
        "slug = \"ca-jad-9\"",
        "slug = \"copy\"",
        1,
    );
    let error = import(scratch, &copy).unwrap_err();
    let file::ImportError::Faulty(faults) = error else {
        panic!("{error:?}")
    };
    assert!(
        faults[0].message.contains("leave out what was told"),
        "{faults:?}"
    );
}
