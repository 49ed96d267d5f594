//! What each delegation has yet to hear of a slot: the difference between what it was told and what is true.

use iikura::change::booking::{self, Notify};
use iikura::change::correction;
use iikura::core::decision::SlotStep;
use iikura::core::delegation::DelegationId;
use iikura::core::due::due;
use iikura::core::event::Event;
use iikura::core::notice::{Method, News, Told};
use iikura::core::rule::Reasons;
use iikura::core::slot::{MeetingFormat, SlotDetails, SlotId, SlotKind};
use iikura::core::text::{Email, TextLine};
use iikura::core::zone_change::ZoneKeeps;
use iikura::mail::contents::contents;
use iikura::mail::outbox;

use crate::test_event::{TestEvent, import};
use support::both::{Scratch, on_both};

on_both!(
    unconfirmed_slots_notify_no_delegation,
    a_move_is_due_as_old_and_new_until_it_is_taken_back,
    who_joins_who_leaves_and_who_stays_hear_different_things,
    never_notified_delegation_stays_unnotified,
    a_slot_that_comes_back_is_heard_of_again_under_the_same_name,
    renamed_room_is_notified_with_a_higher_sequence,
    a_corrected_address_gets_the_mail_and_the_old_one_does_not,
    imported_confirmed_slots_leave_all_notices_pending,
    changed_venue_zone_and_office_are_due_as_old_and_new,
    organizer_stays_for_the_life_of_a_slot,
    correction_is_known_and_other_changes_stay_pending,
    agreed_format_is_told_and_counts_for_the_room,
);

/// What is due of a slot, as code and news, without what letters say of the event.
fn due_of(test_event: &TestEvent<'_>, id: SlotId) -> Vec<(String, News)> {
    let without_event = |news| match news {
        News::Confirmed(told) => News::Confirmed(bare(told)),
        News::Changed { before, now } => News::Changed {
            before: bare(before),
            now: bare(now),
        },
        News::Cancelled(told) => News::Cancelled(bare(told)),
        News::Dropped(told) => News::Dropped(bare(told)),
        News::Withdrawn(told) => News::Withdrawn(bare(told)),
        News::Repeated(told) => News::Repeated(bare(told)),
    };
    let due = all_due_of(test_event, id).into_iter();
    due.map(|(code, news)| (code, without_event(news)))
        .collect()
}

/// What is due of a slot, as code and news.
fn all_due_of(test_event: &TestEvent<'_>, id: SlotId) -> Vec<(String, News)> {
    let programme = test_event.stored();
    let slot = programme.slot(id).unwrap();
    due(&programme, slot)
        .into_iter()
        .map(|(delegation, news)| (delegation.code.to_string(), news))
        .collect()
}

fn edit(test_event: &TestEvent<'_>, id: SlotId, tell: Notify, edit: impl Fn(&mut SlotDetails)) {
    let slot = test_event.stored().slot(id).cloned().unwrap();
    let mut details = slot.details.clone();
    edit(&mut details);
    test_event
        .try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (id, slot.version),
                SlotStep::Change(details.clone()),
                &Reasons::new(),
                tell,
            )
        })
        .unwrap();
}

fn version(test_event: &TestEvent<'_>, id: SlotId) -> i32 {
    test_event.stored().slot(id).unwrap().version
}

fn confirm(test_event: &TestEvent<'_>, id: SlotId) {
    let version = version(test_event, id);
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, id, version, &Reasons::new()))
        .unwrap();
}

fn withdraw(test_event: &TestEvent<'_>, id: SlotId, tell: Notify) {
    let version = version(test_event, id);
    test_event
        .try_book(|tx, post| booking::withdraw(tx, post, id, version, tell))
        .unwrap();
}

fn cancel(test_event: &TestEvent<'_>, id: SlotId, tell: Notify) {
    let version = version(test_event, id);
    test_event
        .try_book(|tx, post| booking::cancel(tx, post, id, version, tell))
        .unwrap();
}

fn booked(test_event: &TestEvent<'_>, parties: &[&str]) -> SlotId {
    test_event
        .book(&test_event.details(("18:30", 20), "dining", parties))
        .unwrap()
}

fn confirmed(test_event: &TestEvent<'_>, parties: &[&str]) -> SlotId {
    let id = booked(test_event, parties);
    confirm(test_event, id);
    id
}

/// The talk as those who take part read it, `late` minutes after half past six.
fn talk(test_event: &TestEvent<'_>, late: i32, parties: &[&str]) -> Told {
    let interval = test_event
        .details(("18:30", 20), "dining", &[])
        .placement
        .interval;
    Told {
        title: "A talk".to_owned(),
        kind: SlotKind::Other.into(),
        format: MeetingFormat::default(),
        starts: interval.start().minutes() + late,
        ends: interval.end().minutes() + late,
        room: Some("Dining Room".to_owned()),
        delegations: parties.iter().map(|&name| name.to_owned()).collect(),
        event: None,
    }
}

/// What is told, without the event around it.
fn bare(told: Told) -> Told {
    Told {
        event: None,
        ..told
    }
}

fn change_event(test_event: &TestEvent<'_>, is_correction: bool, edit: impl Fn(&mut Event)) {
    let mut event = Event::clone(&test_event.stored().event);
    edit(&mut event);
    test_event
        .try_book(|tx, _| {
            let before = tx.programme();
            iikura::change::event::change(tx, &event, ZoneKeeps::Instants).unwrap();
            if is_correction {
                correction::take_as_known(tx, &before)?;
            }
            Ok(())
        })
        .unwrap();
}

fn line(text: &str) -> TextLine {
    TextLine::parse(text).unwrap()
}

/// Marks every mail as sent: what it says is known.
fn send_all(test_event: &TestEvent<'_>) {
    test_event.sql("UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250");
}

/// Plain text and calendar of the one mail that is not sent yet.
fn latest_mail(test_event: &TestEvent<'_>) -> (String, String) {
    let mail = test_event.read(|conn| {
        let mut mails = outbox::list(conn, None, 100)?;
        mails.retain(|mail| mail.state.0 == outbox::MailState::Queued);
        assert_eq!(mails.len(), 1);
        Ok(outbox::get(conn, mails[0].id)?.unwrap())
    });
    send_all(test_event);
    let read = contents(&mail.raw);
    (
        read.plain,
        read.calendar.unwrap_or_default().replace("\n ", ""),
    )
}

type EventEdit = fn(&mut Event);

fn changed_venue_zone_and_office_are_due_as_old_and_new(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    send_all(&test_event);
    assert_eq!(due_of(&test_event, id), []);
    let edits: [(EventEdit, &str); 5] = [
        (
            |event| event.venue = line("Akasaka Palace"),
            "Venue: Iikura House (飯倉公館) → Akasaka Palace (飯倉公館)",
        ),
        (
            |event| event.time_zone = "Asia/Seoul".parse().unwrap(),
            "Time at Akasaka Palace: 18:30–18:50 (JST, UTC+9) → 18:30–18:50 (KST, UTC+9)",
        ),
        (
            |event| "+81 3 9999 0000".clone_into(&mut event.office.phone),
            "+81 3 9999 0000",
        ),
        (
            |event| event.office.name = line("Protocol Division"),
            "→ Protocol Division, protocol@iikura.example, +81 3 9999 0000",
        ),
        (
            |event| event.name = line("The Ninth Meeting"),
            "→ The Ninth Meeting",
        ),
    ];
    for (edit, said) in edits {
        change_event(&test_event, false, edit);
        let due = due_of(&test_event, id);
        assert!(
            matches!(due.as_slice(), [(code, News::Changed { .. })] if code == "KZ"),
            "{due:?}"
        );
        test_event
            .try_book(|tx, post| Ok(iikura::change::notify::tell(tx, post, id)?))
            .unwrap();
        let (plain, _) = latest_mail(&test_event);
        assert!(plain.contains(said), "{said}: {plain}");
        assert_eq!(due_of(&test_event, id), []);
    }
    let mut delegation = test_event
        .stored()
        .delegation_by_code("KZ")
        .unwrap()
        .clone();
    delegation.time_zone = "Asia/Tashkent".parse().unwrap();
    test_event
        .try_book(|tx, post| {
            iikura::change::delegation::change(tx, &delegation).unwrap();
            Ok(iikura::change::notify::tell(tx, post, id)?)
        })
        .unwrap();
    let (plain, _) = latest_mail(&test_event);
    let said = "Time at home: 15:30–15:50 (Almaty, UTC+6) → 14:30–14:50 (Tashkent, UTC+5)";
    assert!(plain.contains(said), "{plain}");
}

fn organizer_stays_for_the_life_of_a_slot(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    send_all(&test_event);
    change_event(&test_event, false, |event| {
        event.office.email = Email::parse("new@iikura.example").unwrap();
    });
    let organizer = ":mailto:protocol@iikura.example\n";
    let tell = || {
        test_event
            .try_book(|tx, post| Ok(iikura::change::notify::tell(tx, post, id)?))
            .unwrap();
    };
    tell();
    let (plain, calendar) = latest_mail(&test_event);
    assert!(plain.contains("new@iikura.example"), "{plain}");
    assert!(calendar.contains(organizer), "{calendar}");
    cancel(&test_event, id, Notify::Now);
    let (_, calendar) = latest_mail(&test_event);
    assert!(calendar.contains("METHOD:CANCEL"), "{calendar}");
    assert!(calendar.contains(organizer), "{calendar}");
    // A slot that was never told has the new one.
    let other = test_event.details(("19:00", 20), "dining", &["UZ"]);
    confirm(&test_event, test_event.book(&other).unwrap());
    let (_, calendar) = latest_mail(&test_event);
    assert!(
        calendar.contains(":mailto:new@iikura.example\n"),
        "{calendar}"
    );
}

fn correction_is_known_and_other_changes_stay_pending(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    edit(&test_event, id, Notify::Later, |details| later(details, 10));
    change_event(&test_event, true, |event| {
        event.venue = line("Iikura Guest House");
    });
    let due = all_due_of(&test_event, id);
    let [(_, News::Changed { before, now })] = due.as_slice() else {
        panic!("{due:?}");
    };
    assert_eq!(before.event, now.event);
    assert_eq!(before.event.as_ref().unwrap().venue, "Iikura Guest House");
    assert_eq!(now.starts, before.starts + 10);
    let noted = "audit WHERE action = 'notice.corrected' AND after_json LIKE '%KZ%'";
    assert_eq!(test_event.count(noted), 1);
    // What changes nothing that was told is no row of the history.
    change_event(&test_event, true, |event| event.settings.grid_minutes = 1);
    assert_eq!(
        test_event.count("audit WHERE action = 'notice.corrected'"),
        1
    );
}

fn party(test_event: &TestEvent<'_>, code: &str) -> DelegationId {
    test_event.stored().delegation_by_code(code).unwrap().id
}

fn later(details: &mut SlotDetails, minutes: i32) {
    details.placement = details.placement.later(minutes);
}

fn unconfirmed_slots_notify_no_delegation(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = booked(&test_event, &["KZ"]);
    assert_eq!(due_of(&test_event, id), []);
    edit(&test_event, id, Notify::Now, |details| later(details, 10));
    cancel(&test_event, id, Notify::Now);
    assert_eq!(due_of(&test_event, id), []);
    assert_eq!(test_event.stored().ledger.notices().count(), 0);
}

fn a_move_is_due_as_old_and_new_until_it_is_taken_back(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    assert_eq!(due_of(&test_event, id), []);
    edit(&test_event, id, Notify::Later, |details| {
        "Only for us".clone_into(&mut details.content.note);
    });
    edit(&test_event, id, Notify::Later, |details| {
        details.content.interpreters = vec![test_event.stored().interpreters[0].id];
    });
    assert_eq!(
        due_of(&test_event, id),
        [],
        "neither a note nor an interpreter is a delegation's business"
    );
    edit(&test_event, id, Notify::Later, |details| later(details, 10));
    let changed = News::Changed {
        before: talk(&test_event, 0, &["Kazakhstan"]),
        now: talk(&test_event, 10, &["Kazakhstan"]),
    };
    assert_eq!(due_of(&test_event, id), [("KZ".to_owned(), changed)]);
    edit(&test_event, id, Notify::Later, |details| {
        later(details, -10);
    });
    assert_eq!(due_of(&test_event, id), []);
    edit(&test_event, id, Notify::Now, |details| later(details, 10));
    assert_eq!(due_of(&test_event, id), []);
    let programme = test_event.stored();
    let notice = programme
        .ledger
        .notice(id, party(&test_event, "KZ"))
        .unwrap();
    assert_eq!((notice.sequence, notice.method), (3, Method::Request));
    assert_eq!(
        bare(notice.told.clone()),
        talk(&test_event, 10, &["Kazakhstan"])
    );
}

fn who_joins_who_leaves_and_who_stays_hear_different_things(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["JP", "KZ"]);
    let uz = party(&test_event, "UZ");
    let kz = party(&test_event, "KZ");
    edit(&test_event, id, Notify::Later, |details| {
        details.content.delegations.retain(|party| *party != kz);
        details.content.delegations.push(uz);
    });
    let before = talk(&test_event, 0, &["Japan", "Kazakhstan"]);
    let now = talk(&test_event, 0, &["Japan", "Uzbekistan"]);
    assert_eq!(
        due_of(&test_event, id),
        [
            (
                "JP".to_owned(),
                News::Changed {
                    before: before.clone(),
                    now: now.clone()
                }
            ),
            ("KZ".to_owned(), News::Dropped(before)),
            ("UZ".to_owned(), News::Confirmed(now)),
        ]
    );
    edit(&test_event, id, Notify::Now, |_| {});
    assert_eq!(due_of(&test_event, id), []);
    let programme = test_event.stored();
    let methods = ["JP", "KZ", "UZ"].map(|code| {
        let notice = programme
            .ledger
            .notice(id, party(&test_event, code))
            .unwrap();
        (notice.method, notice.sequence)
    });
    assert_eq!(
        methods,
        [
            (Method::Request, 1),
            (Method::Cancel, 1),
            (Method::Request, 1)
        ]
    );
    cancel(&test_event, id, Notify::Later);
    let told: Vec<String> = due_of(&test_event, id)
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(
        told,
        ["JP", "UZ"],
        "Kazakhstan has already heard that it is off"
    );
}

fn never_notified_delegation_stays_unnotified(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["JP", "KZ"]);
    let (uz, tm) = (party(&test_event, "UZ"), party(&test_event, "TM"));
    edit(&test_event, id, Notify::Later, |details| {
        details.content.delegations.extend([uz, tm]);
    });
    edit(&test_event, id, Notify::Later, |details| {
        details.content.delegations.retain(|party| *party != tm);
    });
    cancel(&test_event, id, Notify::Now);
    assert_eq!(due_of(&test_event, id), []);
    let programme = test_event.stored();
    let told: Vec<DelegationId> = programme
        .ledger
        .notices()
        .map(|notice| notice.delegation)
        .collect();
    assert!(!told.contains(&uz) && !told.contains(&tm), "{told:?}");
    assert_eq!(told.len(), 2);
}

fn a_slot_that_comes_back_is_heard_of_again_under_the_same_name(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    let kz = party(&test_event, "KZ");
    let name = |test_event: &TestEvent<'_>| {
        test_event
            .stored()
            .ledger
            .notice(id, kz)
            .map(|notice| (notice.uid.clone(), notice.thread.clone()))
    };
    let first = name(&test_event);
    withdraw(&test_event, id, Notify::Later);
    assert_eq!(
        due_of(&test_event, id),
        [(
            "KZ".to_owned(),
            News::Withdrawn(talk(&test_event, 0, &["Kazakhstan"]))
        )]
    );
    edit(&test_event, id, Notify::Now, |_| {});
    assert_eq!(due_of(&test_event, id), []);
    edit(&test_event, id, Notify::Later, |details| later(details, 10));
    assert_eq!(
        due_of(&test_event, id),
        [],
        "tentative again: it will hear when that is over"
    );
    confirm(&test_event, id);
    let programme = test_event.stored();
    let notice = programme.ledger.notice(id, kz).unwrap();
    assert_eq!((notice.method, notice.sequence), (Method::Request, 3));
    assert_eq!(
        bare(notice.told.clone()),
        talk(&test_event, 10, &["Kazakhstan"])
    );
    assert_eq!(name(&test_event), first);
}

/// Recipient, sequence and state of each mail.
fn mails(test_event: &TestEvent<'_>) -> Vec<(String, i32, String)> {
    let mut mails: Vec<_> = test_event
        .read(|conn| Ok(outbox::list(conn, Some(test_event.event), 100)?))
        .into_iter()
        .map(|mail| (mail.recipient, mail.sequence, format!("{:?}", mail.state.0)))
        .collect();
    mails.sort();
    mails
}

fn renamed_room_is_notified_with_a_higher_sequence(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    let mut room = test_event
        .programme()
        .room_by_code("dining")
        .unwrap()
        .clone();
    room.name = TextLine::parse("Blue Salon").unwrap();
    test_event
        .try_book(|tx, post| {
            iikura::change::room::change(tx, &room).unwrap();
            Ok(iikura::change::notify::tell(tx, post, id)?)
        })
        .unwrap();
    let sequences: Vec<i32> = mails(&test_event)
        .into_iter()
        .map(|(_, sequence, _)| sequence)
        .collect();
    assert_eq!(sequences, [0, 1]);
    assert_eq!(test_event.slot("A talk").sequence, 1);
    let programme = test_event.programme();
    assert!(due(&programme, programme.slot(id).unwrap()).is_empty());
}

fn a_corrected_address_gets_the_mail_and_the_old_one_does_not(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    let mut delegation = test_event
        .programme()
        .delegation_by_code("KZ")
        .unwrap()
        .clone();
    delegation.contacts[0].email = Email::parse("right@delegations.example").unwrap();
    test_event
        .try_book(|tx, post| {
            iikura::change::delegation::change(tx, &delegation).unwrap();
            tx.now = tx.now.plus(60);
            Ok(iikura::change::notify::tell_again(tx, post, id)?)
        })
        .unwrap();
    let expected = [
        ("kz@delegations.example", "Superseded"),
        ("right@delegations.example", "Queued"),
    ];
    let expected = expected.map(|(address, state)| (address.to_owned(), 0, state.to_owned()));
    assert_eq!(mails(&test_event), expected);
}

fn imported_confirmed_slots_leave_all_notices_pending(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let source = iikura::cli::demo::NINTH_MEETING.replacen(
        "title = \"Working lunch\"",
        "title = \"Working lunch\"\nstate = \"confirmed\"",
        1,
    );
    let test_event = TestEvent::at(scratch, import(scratch, &source).unwrap().event);
    let lunch = test_event.slot("Working lunch");
    let told: Vec<(String, bool)> = due_of(&test_event, lunch.id)
        .into_iter()
        .map(|(code, news)| (code, matches!(news, News::Confirmed(_))))
        .collect();
    let everybody = ["JP", "KZ", "KG", "TJ", "TM", "UZ"].map(|code| (code.to_owned(), true));
    assert_eq!(told, everybody);
}

fn agreed_format_is_told_and_counts_for_the_room(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let id = confirmed(&test_event, &["KZ"]);
    send_all(&test_event);
    let agree = |accompanying| {
        let slot = test_event.stored().slot(id).cloned().unwrap();
        let mut details = slot.details.clone();
        details.content.format.accompanying = accompanying;
        test_event.try_book(|tx, post| {
            let (seen, step) = ((id, slot.version), SlotStep::Change(details.clone()));
            booking::alter(tx, post, seen, step, &Reasons::new(), Notify::Later)
        })
    };
    agree(Some(4)).unwrap();
    let due = due_of(&test_event, id);
    assert!(
        matches!(due.as_slice(), [(code, News::Changed { .. })] if code == "KZ"),
        "{due:?}"
    );
    test_event
        .try_book(|tx, post| Ok(iikura::change::notify::tell(tx, post, id)?))
        .unwrap();
    let (text, calendar) = latest_mail(&test_event);
    assert!(
        text.contains("Kind: Other → Other (principal + 4)"),
        "{text}"
    );
    assert!(calendar.contains("SEQUENCE:1"), "{calendar}");
    assert_eq!(due_of(&test_event, id), []);
    let refused = agree(Some(99)).unwrap_err();
    assert!(refused.to_string().contains("1 rule"), "{refused}");
    agree(None).unwrap();
}
