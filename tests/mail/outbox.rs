//! What replaces what, and how a letter reads to somebody who missed the one before.

use iikura::core::notice::{Method, News};
use iikura::core::time::Moment;
use iikura::mail::outbox::{self, MailState, OutboxCounts};

use crate::house::{Desk, EVENT, House, NOW, houses, new_mail, told};
use crate::relay::{Relay, Scene};

fn claim(house: &House) -> Option<outbox::Claimed> {
    let now = house.now();
    house.write(|connection| outbox::claim(connection, "worker", now))
}

fn send_next(house: &House) -> i32 {
    let mail = claim(house).unwrap();
    assert!(house.write(|connection| outbox::sent(connection, &mail, Some(250), NOW)));
    house.mail(mail.id).summary.sequence
}

#[test]
fn the_same_mail_handed_in_twice_is_one_mail() {
    for house in houses() {
        let first = house.enqueue(&new_mail(0, Method::Request));
        let again = house.enqueue(&new_mail(0, Method::Request));
        assert!(!first.duplicate && again.duplicate);
        assert_eq!(first.id, again.id);
        assert_eq!(
            house
                .write(|connection| outbox::list(connection, None, 10))
                .len(),
            1
        );
    }
}

#[test]
fn the_same_sent_again_on_purpose_is_a_new_mail_but_a_double_click_is_not() {
    for house in houses() {
        house.enqueue(&new_mail(0, Method::Request));
        let mut again = new_mail(0, Method::Request);
        again.repeat = true;
        assert!(!house.enqueue(&again).duplicate);
        again.message_id = "<another@iikura.example>";
        again.written_at = NOW.plus(1);
        assert!(house.enqueue(&again).duplicate);
        again.written_at = NOW.plus(60);
        assert!(!house.enqueue(&again).duplicate);
    }
}

#[test]
fn an_update_replaces_what_has_not_left() {
    for house in houses() {
        let first = house.enqueue(&new_mail(0, Method::Request)).id;
        let mut other = new_mail(0, Method::Request);
        other.recipient = "second@delegations.example";
        let other = house.enqueue(&other).id;
        let update = house.enqueue(&new_mail(1, Method::Request));
        assert_eq!(update.state, MailState::Queued);
        assert_eq!(house.state(first), MailState::Superseded);
        assert_eq!(house.state(other), MailState::Queued);
    }
}

#[test]
fn mail_about_one_slot_goes_in_order() {
    for house in houses() {
        house.enqueue(&new_mail(0, Method::Request));
        let first = claim(&house).unwrap();
        house.enqueue(&new_mail(1, Method::Request));
        assert_eq!(claim(&house), None);
        house.write(|connection| outbox::sent(connection, &first, Some(250), NOW));
        assert_eq!(send_next(&house), 1);
    }
}

#[test]
fn a_try_that_fails_after_a_newer_mail_came_makes_way_for_it() {
    for house in houses() {
        let old = house.enqueue(&new_mail(0, Method::Request)).id;
        let first = claim(&house).unwrap();
        house.enqueue(&new_mail(1, Method::Request));
        house
            .write(|connection| outbox::retry_later(connection, &first, Some(450), "not now", NOW));
        assert_eq!(house.state(old), MailState::Superseded);
        assert_eq!(send_next(&house), 1);
    }
}

#[test]
fn a_cancellation_follows_what_may_have_been_read_and_nothing_else() {
    for house in houses() {
        // Never left: nothing to take back.
        let request = house.enqueue(&new_mail(0, Method::Request)).id;
        let cancel = house.enqueue(&new_mail(1, Method::Cancel));
        assert_eq!(cancel.state, MailState::Superseded);
        assert_eq!(house.state(request), MailState::Superseded);
        assert_eq!(claim(&house), None);
        assert_eq!(
            house.mail(cancel.id).summary.last_error.as_deref(),
            Some("not needed: the mail it would take back never left")
        );

        // Sent: it is taken back.
        house.enqueue(&new_mail(2, Method::Request));
        assert_eq!(send_next(&house), 2);
        assert_eq!(
            house.enqueue(&new_mail(3, Method::Cancel)).state,
            MailState::Queued
        );
        assert_eq!(send_next(&house), 3);
    }
}

#[test]
fn a_try_without_an_answer_may_have_been_read() {
    for house in houses() {
        house.enqueue(&new_mail(0, Method::Request));
        let mail = claim(&house).unwrap();
        house.write(|connection| outbox::retry_later(connection, &mail, None, "silence", NOW));
        assert_eq!(
            house.enqueue(&new_mail(1, Method::Cancel)).state,
            MailState::Queued
        );
    }
}

#[test]
fn a_refused_try_was_not_read() {
    for house in houses() {
        let request = house.enqueue(&new_mail(0, Method::Request)).id;
        let mail = claim(&house).unwrap();
        house.write(|connection| outbox::failed(connection, &mail, Some(550), "no such user"));
        assert_eq!(house.state(request), MailState::Failed);
        assert_eq!(
            house.enqueue(&new_mail(1, Method::Cancel)).state,
            MailState::Superseded
        );
        assert_eq!(
            house.write(|connection| outbox::counts(connection, None)),
            OutboxCounts::default()
        );
    }
}

#[test]
fn who_was_never_told_of_a_slot_reads_of_its_change_as_new() {
    for house in houses() {
        let desk = Desk::new();
        let confirmed = News::Confirmed(told(0));
        let changed = News::Changed {
            before: told(0),
            now: told(10),
        };
        house.post(&desk.letter(&confirmed, 0));
        let update = house.post(&desk.letter(&changed, 1));
        assert_eq!(
            house.mail(update.id).summary.subject,
            "Confirmed: Japan–Kazakhstan, 24 December 2022, 17:30 (JST, UTC+9)"
        );

        // From here on they know.
        assert_eq!(send_next(&house), 1);
        let again = News::Changed {
            before: told(10),
            now: told(20),
        };
        let update = house.post(&desk.letter(&again, 2));
        let mail = house.mail(update.id);
        assert_eq!(
            mail.summary.subject,
            "Changed: Japan–Kazakhstan, 24 December 2022, 17:40 (JST, UTC+9)"
        );
        assert!(text(&mail.raw).contains("WHAT HAS CHANGED"));
    }
}

#[test]
fn who_missed_one_change_is_not_told_an_old_time_they_never_had() {
    for house in houses() {
        let desk = Desk::new();
        house.post(&desk.letter(&News::Confirmed(told(0)), 0));
        assert_eq!(send_next(&house), 0);
        house.post(&desk.letter(
            &News::Changed {
                before: told(0),
                now: told(10),
            },
            1,
        ));
        let update = house.post(&desk.letter(
            &News::Changed {
                before: told(10),
                now: told(20),
            },
            2,
        ));
        let mail = house.mail(update.id);
        assert!(mail.summary.subject.starts_with("Changed: "));
        assert!(text(&mail.raw).contains("An earlier change did not reach you"));
        assert!(!text(&mail.raw).contains("WHAT HAS CHANGED"));
    }
}

#[test]
fn a_new_address_hears_the_news_as_it_is() {
    for house in houses() {
        let desk = Desk::new();
        let posted = house.post(&desk.letter(&News::Cancelled(told(0)), 4));
        assert_eq!(posted.state, MailState::Queued);
        assert!(
            house
                .mail(posted.id)
                .summary
                .subject
                .starts_with("Cancelled: ")
        );
    }
}

#[test]
fn a_failed_mail_is_queued_again_by_its_button() {
    for house in houses() {
        let id = house.enqueue(&new_mail(0, Method::Request)).id;
        let retry = |now: Moment| house.write(|connection| outbox::retry(connection, id, now));
        assert!(!retry(NOW), "what waits needs no retry");
        let mail = claim(&house).unwrap();
        house.write(|connection| outbox::failed(connection, &mail, Some(550), "no such user"));
        let counts = house.write(|connection| outbox::counts(connection, Some(EVENT)));
        assert_eq!(
            (counts.failed, counts.waiting, counts.need_attention()),
            (1, 0, 1)
        );
        assert!(retry(NOW.plus(60)));
        house.later(60);
        assert_eq!(send_next(&house), 0);
        assert!(!retry(NOW), "what is sent is not sent again");
    }
}

#[test]
fn the_list_is_newest_first_and_of_one_event() {
    for house in houses() {
        let first = house.enqueue(&new_mail(0, Method::Request)).id;
        let mut second = new_mail(0, Method::Request);
        second.recipient = "second@delegations.example";
        second.written_at = NOW.plus(5);
        let second = house.enqueue(&second).id;
        let ids = |event, limit| -> Vec<_> {
            house
                .write(|connection| outbox::list(connection, event, limit))
                .iter()
                .map(|mail| mail.id)
                .collect()
        };
        assert_eq!(ids(Some(EVENT), 10), [second, first]);
        assert_eq!(ids(None, 1), [second]);
        assert_eq!(ids(Some(iikura::core::event::EventId(99)), 10), []);
        assert!(
            house
                .write(|connection| outbox::get(connection, outbox::MailId(1)))
                .is_none()
        );
    }
}

#[actix_web::test]
async fn a_posted_letter_arrives_with_its_calendar() {
    for house in houses() {
        let relay = Relay::playing(&[Scene::Accept]);
        let desk = Desk::new();
        house.post(&desk.letter(&News::Confirmed(told(0)), 0));
        house.worker(&relay.transport()).drain().await.unwrap();
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
