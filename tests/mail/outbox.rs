//! What replaces what, and how a letter reads to somebody who missed the one before.

use iikura::core::notice::{Method, News};
use iikura::core::time::Moment;
use iikura::mail::outbox::{self, MailState, OutboxCounts};

use crate::test_event::{EVENT, LetterData, NOW, TestEvent, houses, new_mail, told};
use support::relay::{Relay, Scene};

fn claim(test_event: &TestEvent) -> Option<outbox::Claimed> {
    let now = test_event.now();
    test_event.write(|connection| outbox::claim(connection, "worker", now))
}

fn send_next(test_event: &TestEvent) -> i32 {
    let mail = claim(test_event).unwrap();
    assert!(test_event.write(|connection| outbox::sent(connection, &mail, Some(250), NOW)));
    test_event.mail(mail.id).summary.sequence
}

#[test]
fn the_same_mail_handed_in_twice_is_one_mail() {
    for test_event in houses() {
        let first = test_event.enqueue(&new_mail(0, Method::Request));
        let again = test_event.enqueue(&new_mail(0, Method::Request));
        assert!(!first.duplicate && again.duplicate);
        assert_eq!(first.id, again.id);
        assert_eq!(
            test_event
                .write(|connection| outbox::list(connection, None, 10))
                .len(),
            1
        );
    }
}

#[test]
fn resending_is_a_new_mail_but_a_double_click_is_not() {
    for test_event in houses() {
        test_event.enqueue(&new_mail(0, Method::Request));
        let mut again = new_mail(0, Method::Request);
        again.repeat = true;
        assert!(!test_event.enqueue(&again).duplicate);
        again.message_id = "<another@iikura.example>";
        again.written_at = NOW.plus(1);
        assert!(test_event.enqueue(&again).duplicate);
        again.written_at = NOW.plus(60);
        assert!(!test_event.enqueue(&again).duplicate);
    }
}

#[test]
fn an_update_replaces_what_has_not_left() {
    for test_event in houses() {
        let first = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let mut other = new_mail(0, Method::Request);
        other.recipient = "second@delegations.example";
        let other = test_event.enqueue(&other).id;
        let update = test_event.enqueue(&new_mail(1, Method::Request));
        assert_eq!(update.state, MailState::Queued);
        assert_eq!(test_event.state(first), MailState::Superseded);
        assert_eq!(test_event.state(other), MailState::Queued);
    }
}

#[test]
fn mail_about_one_slot_goes_in_order() {
    for test_event in houses() {
        test_event.enqueue(&new_mail(0, Method::Request));
        let first = claim(&test_event).unwrap();
        test_event.enqueue(&new_mail(1, Method::Request));
        assert_eq!(claim(&test_event), None);
        test_event.write(|connection| outbox::sent(connection, &first, Some(250), NOW));
        assert_eq!(send_next(&test_event), 1);
    }
}

#[test]
fn a_try_that_fails_after_a_newer_mail_came_makes_way_for_it() {
    for test_event in houses() {
        let old = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let first = claim(&test_event).unwrap();
        test_event.enqueue(&new_mail(1, Method::Request));
        test_event
            .write(|connection| outbox::retry_later(connection, &first, Some(450), "not now", NOW));
        assert_eq!(test_event.state(old), MailState::Superseded);
        assert_eq!(send_next(&test_event), 1);
    }
}

#[test]
fn cancellation_follows_only_what_may_have_been_read() {
    for test_event in houses() {
        // Never left: nothing to take back.
        let request = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let cancel = test_event.enqueue(&new_mail(1, Method::Cancel));
        assert_eq!(cancel.state, MailState::Superseded);
        assert_eq!(test_event.state(request), MailState::Superseded);
        assert_eq!(claim(&test_event), None);
        assert_eq!(
            test_event.mail(cancel.id).summary.last_error.as_deref(),
            Some("not needed: the mail it would take back never left")
        );

        // Sent: it is taken back.
        test_event.enqueue(&new_mail(2, Method::Request));
        assert_eq!(send_next(&test_event), 2);
        assert_eq!(
            test_event.enqueue(&new_mail(3, Method::Cancel)).state,
            MailState::Queued
        );
        assert_eq!(send_next(&test_event), 3);
    }
}

#[test]
fn a_try_without_an_answer_may_have_been_read() {
    for test_event in houses() {
        test_event.enqueue(&new_mail(0, Method::Request));
        let mail = claim(&test_event).unwrap();
        test_event.write(|connection| outbox::retry_later(connection, &mail, None, "silence", NOW));
        assert_eq!(
            test_event.enqueue(&new_mail(1, Method::Cancel)).state,
            MailState::Queued
        );
    }
}

#[test]
fn refused_attempt_was_not_read() {
    for test_event in houses() {
        let request = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let mail = claim(&test_event).unwrap();
        test_event.write(|connection| outbox::failed(connection, &mail, Some(550), "no such user"));
        assert_eq!(test_event.state(request), MailState::Failed);
        assert_eq!(
            test_event.enqueue(&new_mail(1, Method::Cancel)).state,
            MailState::Superseded
        );
        assert_eq!(
            test_event.write(|connection| outbox::counts(connection, None)),
            OutboxCounts::default()
        );
    }
}

#[test]
fn never_notified_delegation_reads_a_change_as_new() {
    for test_event in houses() {
        let desk = LetterData::new();
        let confirmed = News::Confirmed(told(0));
        let changed = News::Changed {
            before: told(0),
            now: told(10),
        };
        test_event.post(&desk.letter(&confirmed, 0));
        let update = test_event.post(&desk.letter(&changed, 1));
        assert_eq!(
            test_event.mail(update.id).summary.subject,
            "Confirmed: Japan–Kazakhstan, 24 December 2022, 17:30 (JST, UTC+9)"
        );

        // From here on they know.
        assert_eq!(send_next(&test_event), 1);
        let again = News::Changed {
            before: told(10),
            now: told(20),
        };
        let update = test_event.post(&desk.letter(&again, 2));
        let mail = test_event.mail(update.id);
        assert_eq!(
            mail.summary.subject,
            "Changed: Japan–Kazakhstan, 24 December 2022, 17:40 (JST, UTC+9)"
        );
        assert!(text(&mail.raw).contains("WHAT HAS CHANGED"));
    }
}

#[test]
fn missed_change_does_not_show_an_unknown_old_time() {
    for test_event in houses() {
        let desk = LetterData::new();
        test_event.post(&desk.letter(&News::Confirmed(told(0)), 0));
        assert_eq!(send_next(&test_event), 0);
        test_event.post(&desk.letter(
            &News::Changed {
                before: told(0),
                now: told(10),
            },
            1,
        ));
        let update = test_event.post(&desk.letter(
            &News::Changed {
                before: told(10),
                now: told(20),
            },
            2,
        ));
        let mail = test_event.mail(update.id);
        assert!(mail.summary.subject.starts_with("Changed: "));
        assert!(text(&mail.raw).contains("An earlier change did not reach you"));
        assert!(!text(&mail.raw).contains("WHAT HAS CHANGED"));
    }
}

#[test]
fn a_new_address_hears_the_news_as_it_is() {
    for test_event in houses() {
        let desk = LetterData::new();
        let posted = test_event.post(&desk.letter(&News::Cancelled(told(0)), 4));
        assert_eq!(posted.state, MailState::Queued);
        assert!(
            test_event
                .mail(posted.id)
                .summary
                .subject
                .starts_with("Cancelled: ")
        );
    }
}

#[test]
fn a_failed_mail_is_queued_again_by_its_button() {
    for test_event in houses() {
        let id = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let retry = |now: Moment| test_event.write(|connection| outbox::retry(connection, id, now));
        assert!(!retry(NOW), "what waits needs no retry");
        let mail = claim(&test_event).unwrap();
        test_event.write(|connection| outbox::failed(connection, &mail, Some(550), "no such user"));
        let counts = test_event.write(|connection| outbox::counts(connection, Some(EVENT)));
        assert_eq!(
            (counts.failed, counts.waiting, counts.need_attention()),
            (1, 0, 1)
        );
        assert!(retry(NOW.plus(60)));
        test_event.later(60);
        assert_eq!(send_next(&test_event), 0);
        assert!(!retry(NOW), "what is sent is not sent again");
    }
}

#[test]
fn the_list_is_newest_first_and_of_one_event() {
    for test_event in houses() {
        let first = test_event.enqueue(&new_mail(0, Method::Request)).id;
        let mut second = new_mail(0, Method::Request);
        second.recipient = "second@delegations.example";
        second.written_at = NOW.plus(5);
        let second = test_event.enqueue(&second).id;
        let ids = |event, limit| -> Vec<_> {
            test_event
                .write(|connection| outbox::list(connection, event, limit))
                .iter()
                .map(|mail| mail.id)
                .collect()
        };
        assert_eq!(ids(Some(EVENT), 10), [second, first]);
        assert_eq!(ids(None, 1), [second]);
        assert_eq!(ids(Some(iikura::core::event::EventId(99)), 10), []);
        assert!(
            test_event
                .write(|connection| outbox::get(connection, outbox::MailId(1)))
                .is_none()
        );
    }
}

#[actix_web::test]
async fn a_posted_letter_arrives_with_its_calendar() {
    for test_event in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let desk = LetterData::new();
        test_event.post(&desk.letter(&News::Confirmed(told(0)), 0));
        test_event.worker(&relay.transport()).drain().await.unwrap();
        let received = relay.received();
        let mail = &received[0].raw;
        assert!(mail.contains("Content-Type: text/calendar; method=REQUEST; charset=utf-8"));
        assert!(mail.contains("Content-Disposition: attachment; filename=\"invite.ics\""));
        assert!(received[0].raw.is_ascii());
    }
}

fn text(raw: &[u8]) -> String {
    String::from_utf8(raw.to_vec()).unwrap()
}
