//! Letters that are composed before the transaction: stored where they are true in it, composed again where they are not.

use std::sync::Barrier;

use iikura::change::booking::{self, BookingError};
use iikura::change::dry_run::DryRun;
use iikura::core::decision::Refusal;
use iikura::core::delegation::{Contact, ContactId};
use iikura::core::rule::Reasons;
use iikura::core::slot::SlotId;
use iikura::core::text::Email;
use iikura::mail::MailContext;
use iikura::mail::contents::with_decoded_texts;
use iikura::mail::facts::PreparedLetters;
use iikura::mail::outbox::{self, Mail};
use iikura::store::private_link::address::PrivateLink;

use crate::test_event::{NOW, TestEvent, mail_context};
use support::both::{Scratch, on_both};

on_both!(
    unchanged_facts_store_the_prepared_letters,
    contact_added_meanwhile_gets_the_letter_too,
    letter_sent_meanwhile_raises_the_version,
    renewed_links_meanwhile_are_those_in_the_letter,
    two_confirmations_at_once_send_each_contact_one_letter,
);

/// What marks the subject of a letter that was prepared.
const PREPARED: &str = "Prepared: ";

/// The letters that confirming a slot would send now, each marked in the outbox's list.
fn prepared(test_event: &TestEvent<'_>, post: MailContext, slot: SlotId) -> MailContext {
    let programme = test_event.programme();
    let facts = test_event.read(|conn| {
        conn.snapshot(|conn| {
            let mut dry_run = DryRun::new(conn, programme, "Officer".to_owned(), NOW);
            booking::confirm(&mut dry_run, &post, slot, 1, &Reasons::new()).unwrap();
            Ok(dry_run.into_letters())
        })
    });
    let letters = facts.into_iter().map(|facts| {
        let mut drafts = post.compose(&facts).unwrap();
        for draft in &mut drafts {
            draft.subject.insert_str(0, PREPARED);
        }
        (facts, drafts)
    });
    let letters: PreparedLetters = letters.collect();
    post.with_prepared(letters)
}

fn confirm(
    test_event: &TestEvent<'_>,
    post: &MailContext,
    slot: SlotId,
) -> Result<(), BookingError> {
    test_event.try_book_with(post, |tx, post| {
        booking::confirm(tx, post, slot, 1, &Reasons::new())
    })
}

fn booked(test_event: &TestEvent<'_>, start: &str) -> SlotId {
    let details = test_event.details((start, 20), "dining", &["JP", "KZ"]);
    test_event.book(&details).unwrap()
}

/// The mails about a slot by recipient, with whether each was prepared.
fn mails(test_event: &TestEvent<'_>, slot: SlotId) -> Vec<(String, bool, Mail)> {
    let mut mails = test_event.read(|conn| {
        let all = outbox::list(conn, Some(test_event.event), 100)?.into_iter();
        let about = all.filter(|mail| mail.slot_id == Some(slot));
        let mut mails = Vec::new();
        for mail in about {
            mails.extend(outbox::get(conn, mail.id)?);
        }
        Ok(mails)
    });
    mails.sort_by(|a, b| a.summary.recipient.cmp(&b.summary.recipient));
    let mails = mails.into_iter().map(|mail| {
        let summary = &mail.summary;
        let was_prepared = summary.subject.starts_with(PREPARED);
        (summary.recipient.clone(), was_prepared, mail)
    });
    mails.collect()
}

/// Recipient and preparation of each mail about a slot.
fn ways(test_event: &TestEvent<'_>, slot: SlotId) -> Vec<(String, bool)> {
    mails(test_event, slot)
        .into_iter()
        .map(|(recipient, was_prepared, _)| (recipient, was_prepared))
        .collect()
}

fn to(recipient: &str, was_prepared: bool) -> (String, bool) {
    (format!("{recipient}@delegations.example"), was_prepared)
}

/// The text of the mail to Kazakhstan.
fn text(test_event: &TestEvent<'_>, slot: SlotId) -> String {
    let mails = mails(test_event, slot);
    let (.., mail) = mails.iter().find(|mail| mail.0.starts_with("kz@")).unwrap();
    with_decoded_texts(&mail.raw)
}

fn unchanged_facts_store_the_prepared_letters(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let slot = booked(&test_event, "18:30");
    let post = prepared(&test_event, mail_context(), slot);
    // Another write raises the revision and changes nothing that the letters say.
    let elsewhere = test_event.details(("19:30", 20), "salon", &["UZ"]);
    test_event.book(&elsewhere).unwrap();
    confirm(&test_event, &post, slot).unwrap();
    assert_eq!(
        ways(&test_event, slot),
        [to("kz", true), to("protocol", true)]
    );
    let programme = test_event.stored();
    for (recipient, _, mail) in mails(&test_event, slot) {
        let mut parties = programme.delegations.iter();
        let party = parties.find(|party| party.contact(&recipient).is_some());
        let notice = programme.ledger.notice(slot, party.unwrap().id).unwrap();
        let uid = format!("UID:{}", notice.uid);
        let text = with_decoded_texts(&mail.raw);
        assert!(text.contains(&uid), "{uid} in {text}");
        let address = Email::parse(&recipient).unwrap();
        assert_eq!(
            mail.message_id,
            notice.first_message_id(&address),
            "the notice stored has the names that the letter was prepared with"
        );
    }
}

fn contact_added_meanwhile_gets_the_letter_too(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let slot = booked(&test_event, "18:30");
    let post = prepared(&test_event, mail_context(), slot);
    let programme = test_event.programme();
    let mut delegation = programme.delegation_by_code("KZ").unwrap().clone();
    delegation.contacts.push(Contact {
        id: ContactId(77),
        email: Email::parse("second@delegations.example").unwrap(),
        ..delegation.contacts[0].clone()
    });
    test_event
        .try_book(|tx, _| {
            iikura::change::delegation::change(tx, &delegation).unwrap();
            Ok(())
        })
        .unwrap();
    confirm(&test_event, &post, slot).unwrap();
    assert_eq!(
        ways(&test_event, slot),
        [to("kz", false), to("protocol", true), to("second", false)]
    );
}

fn letter_sent_meanwhile_raises_the_version(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let slot = booked(&test_event, "18:30");
    let other = test_event.details(("19:30", 20), "salon", &["KZ"]);
    let other = test_event.book(&other).unwrap();
    let post = prepared(&test_event, mail_context(), slot);
    let first = mail_context();
    test_event
        .try_book_with(&first, |tx, post| {
            tx.now = tx.now.plus(-60);
            booking::confirm(tx, post, other, 1, &Reasons::new())
        })
        .unwrap();
    confirm(&test_event, &post, slot).unwrap();
    assert_eq!(
        ways(&test_event, slot),
        [to("kz", false), to("protocol", true)]
    );
    let text = text(&test_event, slot);
    assert!(text.contains(", version 2"), "{text}");
    assert!(text.contains("19:30–19:50"), "{text}");
}

fn renewed_links_meanwhile_are_those_in_the_letter(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let slot = booked(&test_event, "18:30");
    let post = prepared(&test_event, mail_context(), slot);
    let delegation = test_event.programme().delegation_by_code("KZ").unwrap().id;
    test_event.sql(&format!(
        "UPDATE private_links SET generation = 3 WHERE delegation_id = {}",
        delegation.0
    ));
    confirm(&test_event, &post, slot).unwrap();
    assert_eq!(
        ways(&test_event, slot),
        [to("kz", false), to("protocol", true)]
    );
    let link = post.links.address(PrivateLink {
        delegation,
        generation: 3,
        slot: None,
    });
    let text = text(&test_event, slot);
    assert!(text.contains(&link), "{link} in {text}");
}

fn two_confirmations_at_once_send_each_contact_one_letter(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let slot = booked(&test_event, "18:30");
    let line = Barrier::new(2);
    let outcomes = std::thread::scope(|scope| {
        let officers = [(); 2].map(|()| {
            scope.spawn(|| {
                let post = prepared(&test_event, mail_context(), slot);
                line.wait();
                confirm(&test_event, &post, slot)
            })
        });
        officers.map(|officer| officer.join().unwrap())
    });
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(
        matches!(
            lost.as_slice(),
            [Err(BookingError::Refused(Refusal::Stale { .. }))]
        ),
        "{lost:?}"
    );
    assert_eq!(
        ways(&test_event, slot),
        [to("kz", true), to("protocol", true)]
    );
}
