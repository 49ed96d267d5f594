//! Mail that comes in, through a real Dovecot.

mod mailbox;
mod of_accounts;
mod whole_way;

use std::fs;

use mailbox::{Answer, Mailbox};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, STRANGER};
use support::server::Browser;

on_both!(
    calendar_answer_is_stored_once_however_often_read,
    later_answer_wins_over_an_earlier_one_received_late,
    answer_to_an_older_version_is_shown_and_ignored,
    what_is_not_plainly_an_answer_is_left_to_a_person,
    what_came_in_is_seen_to_by_those_who_may,
    malicious_mail_does_not_block_other_mail,
    a_mail_that_comes_back_is_named_and_can_be_sent_again,
);

const SLOT: &str = "Kazakhstan";

/// Confirms the slot and gives back the UID of Kazakhstan's invitation.
fn confirmed(meeting: &Meeting) -> String {
    step(meeting, "confirmation", &[("past", "send")]);
    let programme = meeting.programme();
    let slot = meeting.slot(SLOT);
    let mut delegations = programme.delegations.iter();
    let guest = delegations.find(|party| party.code.as_str() == "KZ");
    programme
        .ledger
        .notice(slot.id, guest.unwrap().id)
        .unwrap()
        .uid
        .clone()
}

fn step(meeting: &Meeting, noun: &str, more: &[(&str, &str)]) {
    let slot = meeting.slot(SLOT);
    let version = slot.version.to_string();
    let fields = [&[("version", version.as_str())][..], more].concat();
    let answer = meeting
        .officer()
        .post(&format!("/slots/{}/{noun}", slot.id), &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    meeting.server.pass(60);
}

fn answers(meeting: &Meeting) -> String {
    meeting.officer().get("/events/ca-jad-9/answers").body
}

fn inbox(browser: &Browser) -> String {
    let page = browser.get("/mail/inbox");
    assert_eq!(page.status, 200, "{}", page.body);
    page.body
}

fn calendar_answer_is_stored_once_however_often_read(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    let uid = confirmed(&meeting);
    let mail = Answer {
        attendee: "MAILTO:KZ@Delegations.example",
        status: "DECLINED",
        ..Answer::default()
    };
    mailbox.put(&mail.mail(&uid));
    mailbox.put(
        "Message-ID: <x@y.example>\r\nFrom: x@y.example\r\nSubject: Lunch\r\n\r\nWith us?\r\n",
    );
    assert_eq!(mailbox.read(&meeting), 1);
    let page = answers(&meeting);
    assert!(
        page.contains("Declined") && page.contains("Said by a"),
        "{}",
        inbox(&meeting.officer())
    );
    assert!(page.contains("kz@delegations.example"), "{page}");
    // A copy of it, and everything once more from another server's start.
    let rows = meeting.rows();
    mailbox.put(&mail.mail(&uid));
    assert_eq!(mailbox.read(&meeting), 0);
    meeting.server.sql("DELETE FROM mailboxes");
    assert_eq!(mailbox.read(&meeting), 0);
    assert_eq!(meeting.rows(), rows);
    let page = inbox(&meeting.officer());
    assert!(
        page.contains("Answer recorded") && !page.contains("Lunch"),
        "{page}"
    );
    assert!(page.contains("No mail is open."), "{page}");
    // Nothing in the mailbox was touched.
    let new = fs::read_dir(mailbox.folder().join("new")).unwrap().count();
    let seen = fs::read_dir(mailbox.folder().join("cur")).unwrap();
    let seen = seen.filter(|mail| {
        mail.as_ref()
            .unwrap()
            .path()
            .to_string_lossy()
            .ends_with('S')
    });
    assert_eq!(
        (
            new + fs::read_dir(mailbox.folder().join("cur")).unwrap().count(),
            seen.count()
        ),
        (3, 0)
    );
}

fn later_answer_wins_over_an_earlier_one_received_late(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    let uid = confirmed(&meeting);
    meeting.server.pass(3600);
    for (id, status, stamp) in [
        ("b", "TENTATIVE", 20),
        ("c", "DECLINED", 30),
        ("a", "ACCEPTED", 10),
    ] {
        let answer = Answer {
            id,
            status,
            stamp,
            ..Answer::default()
        };
        mailbox.put(&answer.mail(&uid));
        assert_eq!(mailbox.read(&meeting), 1, "{id}");
    }
    assert!(answers(&meeting).contains("Said by c"));
    let page = inbox(&meeting.officer());
    assert!(
        page.contains("Kazakhstan: Accepted, but they have said since: Declined."),
        "{page}"
    );
    // A clock that is years ahead does not silence them for years.
    let ahead = Answer {
        id: "d",
        stamp: 600_000,
        ..Answer::default()
    };
    mailbox.put(&ahead.mail(&uid));
    mailbox.read(&meeting);
    meeting.server.pass(60);
    let last = Answer {
        id: "e",
        status: "DECLINED",
        stamp: 70,
        ..Answer::default()
    };
    mailbox.put(&last.mail(&uid));
    mailbox.read(&meeting);
    assert!(answers(&meeting).contains("Said by e"));
}

fn answer_to_an_older_version_is_shown_and_ignored(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    let uid = confirmed(&meeting);
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250");
    step(&meeting, "cancellation", &[("tell", "now")]);
    mailbox.put(&Answer::default().mail(&uid));
    assert_eq!(mailbox.read(&meeting), 1);
    assert!(!answers(&meeting).contains("Said by a"));
    let page = inbox(&meeting.officer());
    assert!(
        page.contains("they are not expected at this slot"),
        "{page}"
    );
}

/// Answers that a person has to read, and what is said of each.
fn odd_answers() -> Vec<(Answer<'static>, &'static str)> {
    vec![
        (
            Answer {
                id: "1",
                method: "COUNTER",
                ..Answer::default()
            },
            "They propose another time or place.",
        ),
        (
            Answer {
                id: "2",
                method: "REFRESH",
                ..Answer::default()
            },
            "It is no answer but a ",
        ),
        (
            Answer {
                id: "3",
                attendee: "mailto:uz@delegations.example",
                ..Answer::default()
            },
            "who is no contact of Kazakhstan.",
        ),
        (
            Answer {
                id: "4",
                from: "uz@delegations.example",
                ..Answer::default()
            },
            "comes from somebody else.",
        ),
        (
            Answer {
                id: "5",
                from: "kz@delegations.example, uz@delegations.example",
                ..Answer::default()
            },
            "comes from somebody else.",
        ),
        (
            Answer {
                id: "6",
                status: "DELEGATED",
                ..Answer::default()
            },
            "It neither accepts nor declines.",
        ),
        (
            Answer {
                id: "7",
                headers: "Auto-Submitted: auto-replied\r\n",
                ..Answer::default()
            },
            "A program has sent it by itself.",
        ),
        (
            Answer {
                id: "8",
                attendee: "mailto:kz@delegations.example\r\nATTENDEE:mailto:a@b.example",
                ..Answer::default()
            },
            "It does not name the one who answers.",
        ),
        (
            Answer {
                id: "9",
                sequence: 7,
                ..Answer::default()
            },
            "to an older version (7)",
        ),
    ]
}

fn what_is_not_plainly_an_answer_is_left_to_a_person(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    let uid = confirmed(&meeting);
    let cases = odd_answers();
    for (answer, _) in &cases {
        mailbox.put(&answer.mail(&uid));
    }
    // Words about a mail of ours; and what only looks like it.
    let ours = meeting.server.app.db.read_here(|conn| {
        let mails = iikura::mail::outbox::list(conn, Some(meeting.event), 10)?;
        let kz = mails.iter().find(|mail| mail.recipient.starts_with("kz@"));
        let mail = iikura::mail::outbox::get(conn, kz.unwrap().id)?.unwrap();
        Ok::<_, iikura::server::Error>(mail.message_id)
    });
    let words = |id: &str, about: &str| {
        format!(
            "Message-ID: <{id}@delegations.example>\r\nFrom: kz@delegations.example\r\nIn-Reply-To: {about}\r\nSubject: Re: it\r\n\r\n<b>We come by train.</b>\r\n"
        )
    };
    mailbox.put(&words("w", &ours.unwrap()));
    mailbox.put(&words("v", "<nobody@iikura.example>"));
    mailbox.put(
        &Answer {
            id: "10",
            ..Answer::default()
        }
        .mail("unknown@iikura.example"),
    );
    assert_eq!(mailbox.read(&meeting), cases.len() + 1);
    let counted = meeting
        .server
        .count("SELECT count(*) AS count FROM answers");
    assert_eq!(counted, 0);
    let officer = meeting.officer();
    let page = inbox(&officer);
    for (answer, sentence) in &cases {
        assert!(page.contains(sentence), "{}: {page}", answer.id);
    }
    assert!(
        page.contains("&lt;b&gt;We come by train.&lt;/b&gt;")
            || page.contains("&#60;b&#62;We come by train."),
        "{page}"
    );
    assert!(
        page.contains("<strong>10</strong> mails are open."),
        "{page}"
    );
    assert!(
        officer
            .get("/")
            .body
            .contains("10 mails came in and must be read")
    );
}

fn what_came_in_is_seen_to_by_those_who_may(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    let uid = confirmed(&meeting);
    for id in ["1", "2"] {
        let method = "COUNTER";
        mailbox.put(
            &Answer {
                id,
                method,
                ..Answer::default()
            }
            .mail(&uid),
        );
    }
    mailbox.read(&meeting);
    let officer = meeting.officer();
    let page = inbox(&officer);
    let action = page
        .split("action=\"")
        .find_map(|rest| rest.strip_prefix("/mail/inbox/"));
    let path = format!("/mail/inbox/{}", action.unwrap().split('"').next().unwrap());
    for (who, status) in [(OBSERVER, 403), (STRANGER, 404)] {
        assert_eq!(
            meeting.server.signed_in(who).post(&path, &[]).status,
            status,
            "{who}"
        );
    }
    assert_eq!(
        meeting.server.browser().post(&path, &[]).status,
        401,
        "sign in first"
    );
    assert_eq!(officer.post(&path, &[("by", "me")]).status, 400);
    assert_eq!(officer.post("/mail/inbox/77/handling", &[]).status, 404);
    let handled = officer.post(&path, &[]);
    assert_eq!(
        (handled.status, handled.location()),
        (303, "/mail/inbox?done=mail-handled")
    );
    assert!(inbox(&officer).contains("<strong>1</strong> mail is open."));
    // Who has no part in the event sees nothing of it; who only reads, not even the list.
    assert!(!inbox(&meeting.server.signed_in(STRANGER)).contains("Kazakhstan"));
    assert_eq!(
        meeting.server.signed_in(OBSERVER).get("/mail/inbox").status,
        403
    );
    assert!(
        !meeting
            .server
            .signed_in(OBSERVER)
            .get("/")
            .body
            .contains("came in")
    );
}

/// The same, with a body that may hold a NUL: as it is, no mail server passes it on.
fn in_quoted_printable(mail: &str) -> String {
    let (headers, body) = mail.split_once("\r\n\r\n").unwrap();
    let body = body.replace('=', "=3D").replace('\0', "=00");
    format!("{headers}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{body}")
}

fn malicious_mail_does_not_block_other_mail(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    let uid = confirmed(&meeting);
    let whole = Answer::default().mail(&uid);
    for (id, from, to) in [
        ("1", uid.as_str(), "a\0b@iikura.example"),
        ("2", "mailto:kz@", "mailto:k\0z@"),
        ("3", "COMMENT:", "COMMENT:\0\u{7}"),
        ("4", "SEQUENCE:0", "SEQUENCE:99999999999999999999"),
        ("5", "DTSTAMP:2022", "DTSTAMP:9999"),
        (
            "6",
            "MIME-Version",
            "References: <\0>\r\nIn-Reply-To: <x\0y@iikura.example>\r\nMIME-Version",
        ),
        (
            "7",
            "Message-ID: <7@delegations.example>\r\n",
            "Message-ID: <\0>\r\n",
        ),
        (
            "8",
            "Content-Type: text/calendar; method=REPLY; charset=UTF-8",
            "Content-Type: multipart/mixed; boundary=",
        ),
    ] {
        let whole = whole.replace("<a@", &format!("<{id}@"));
        mailbox.put(&in_quoted_printable(&whole.replace(from, to)));
    }
    mailbox.read(&meeting);
    let last = Answer {
        id: "last",
        status: "DECLINED",
        stamp: 2,
        ..Answer::default()
    };
    meeting.server.pass(3600);
    mailbox.put(&last.mail(&uid));
    assert_eq!(mailbox.read(&meeting), 1);
    inbox(&meeting.officer());
}

fn a_mail_that_comes_back_is_named_and_can_be_sent_again(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    confirmed(&meeting);
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250");
    let (id, message_id) = meeting
        .server
        .app
        .db
        .read_here(|conn| {
            let mails = iikura::mail::outbox::list(conn, Some(meeting.event), 10)?;
            let kz = mails.iter().find(|mail| mail.recipient.starts_with("kz@"));
            let mail = iikura::mail::outbox::get(conn, kz.unwrap().id)?.unwrap();
            Ok::<_, iikura::server::Error>((mail.summary.id, mail.message_id))
        })
        .unwrap();
    let report = |id: &str, action: &str| {
        format!(
            "Message-ID: <{id}@mail.example>\r\nFrom: MAILER-DAEMON@mail.example\r\nTo: protocol@iikura.example\r\n\
             Subject: Report\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n\
             Final-Recipient: rfc822; kz@delegations.example\r\nAction: {action}\r\nStatus: 5.2.2\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\n\r\nx\r\n--b--\r\n"
        )
    };
    let officer = meeting.officer();
    mailbox.put(&report("r1", "delayed"));
    assert_eq!(mailbox.read(&meeting), 1);
    assert!(inbox(&officer).contains("is still on its way to kz@delegations.example: 5.2.2"));
    assert!(!officer.get("/").body.contains("came in and must be read"));
    mailbox.put(&report("r2", "failed"));
    assert_eq!(mailbox.read(&meeting), 1);
    let list = officer.get("/mail").body;
    assert!(list.contains("Bounced</span> 5.2.2"), "{list}");
    assert!(
        officer
            .get("/")
            .body
            .contains("1 mail came in and must be read")
    );
    assert!(answers(&meeting).contains("<strong>Bounced</strong>"));
    let retried = officer.post(&format!("/mail/{id}/retry"), &[]);
    assert_eq!(retried.status, 303, "{}", retried.body);
    assert!(inbox(&officer).contains("No mail is open."));
    assert!(!officer.get("/mail").body.contains("Bounced"));
    assert_eq!(officer.post(&format!("/mail/{id}/retry"), &[]).status, 409);
}
