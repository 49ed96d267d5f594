use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// An answer as Thunderbird 153 sends it, but for the names: no In-Reply-To, 8bit, the object twice, blank lines after it.
const THUNDERBIRD: &str = "Message-ID: <4f1c@delegations.example>\r\n\
Date: Sat, 24 Dec 2022 06:00:00 +0000\r\n\
MIME-Version: 1.0\r\n\
To: protocol@iikura.example\r\n\
From: Liaison desk <KZ@Delegations.example>\r\n\
Subject: Invitation Reply (Declined): Bilateral\r\n\
Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n\
--m\r\nContent-Type: multipart/alternative; boundary=\"a\"\r\n\r\n\
--a\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nLiaison has declined.\r\n\
--a\r\nContent-Type: text/calendar; method=REPLY; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
BEGIN:VCALENDAR\r\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\r\nVERSION:2.0\r\nMETHOD:REPLY\r\n\
BEGIN:VEVENT\r\nDTSTAMP:20221224T055900Z\r\nUID:4f1c@iikura.example\r\nSUMMARY:Bilateral\r\n\
ATTENDEE;CN=Liaison desk;PARTSTAT=DECLINED;ROLE=REQ-PARTICIPANT:mailto:KZ@deleg\r\n ations.example\r\n\
SEQUENCE:2\r\nCOMMENT:Already\\, we fear\\;\\na flight — қош\r\nDTSTART:20221224T082000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n\r\n\r\n\
--a--\r\n\
--m\r\nContent-Type: application/ics; name=\"invite.ics\"\r\nContent-Disposition: attachment; filename=\"invite.ics\"\r\n\
Content-Transfer-Encoding: 8bit\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n--m--\r\n";

fn calendar_of(raw: &str) -> Itip {
    let IncomingContent::Calendar(itip) = read(raw.as_bytes()).content else {
        unreachable!("no calendar in {raw}");
    };
    *itip
}

fn report_of(raw: &str) -> Report {
    let IncomingContent::Report(report) = read(raw.as_bytes()).content else {
        unreachable!("no report in {raw}");
    };
    report
}

#[test]
fn thunderbirds_answer_is_read_whole() {
    let letter = read(THUNDERBIRD.as_bytes());
    assert_eq!(letter.key, "<4f1c@delegations.example>");
    assert_eq!(letter.sender, "KZ@delegations.example");
    assert_eq!(letter.body, "Liaison has declined.");
    assert!(!letter.automatic);
    assert_eq!(
        calendar_of(THUNDERBIRD),
        Itip {
            method: "REPLY".into(),
            uid: "4f1c@iikura.example".into(),
            sequence: 2,
            stamp: Some(Moment::from_seconds(1_671_861_540)),
            attendees: vec![("KZ@delegations.example".into(), Some(NoticeReply::Declined))],
            comment: "Already, we fear;\na flight — қош".into(),
        }
    );
}

/// As Outlook on the web does it: one part, base64, no ORGANIZER, MAILTO in capitals, SEQUENCE left out.
#[test]
fn outlooks_answer_is_read_from_a_mail_of_one_part() {
    let calendar = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n\
        ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Desk; of liaison\":MAILTO:kz@delegations.example\r\n\
        UID:4f1c@iikura.example\r\nDTSTAMP:20221224T060000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let raw = format!(
        "From: kz@delegations.example\r\nMIME-Version: 1.0\r\nAuto-Submitted: no\r\n\
         Content-Type: text/calendar; charset=\"utf-8\"; method=REPLY\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        STANDARD.encode(calendar)
    );
    let letter = read(raw.as_bytes());
    assert!(letter.key.starts_with("sha256:"), "{}", letter.key);
    assert!(!letter.automatic);
    let itip = calendar_of(&raw);
    assert_eq!(
        itip.attendees,
        [(
            "kz@delegations.example".to_owned(),
            Some(NoticeReply::Accepted)
        )]
    );
    assert_eq!((itip.sequence, itip.comment.as_str()), (0, ""));
}

/// The shape of Postfix 3.7, but for the names.
const BOUNCE: &str = "From: MAILER-DAEMON@mail.example (Mail Delivery System)\r\n\
To: bounce+0123abc.4f@iikura.example\r\n\
Delivered-To: bounce+0123abc.4f@iikura.example\r\n\
Subject: Undelivered Mail Returned to Sender\r\n\
Auto-Submitted: auto-replied\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\
Message-Id: <20221224@mail.example>\r\n\r\n\
--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail system.\r\n\
--b\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n\
Reporting-MTA: dns; mail.example\r\nArrival-Date: Sat, 24 Dec 2022 06:00:00 +0000\r\n\r\n\
Final-Recipient: rfc822; kz@delegations.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
Diagnostic-Code: smtp; 550 5.1.1 <kz@delegations.example>: Recipient address\r\n    rejected: no such user\r\n\
--b\r\nContent-Type: message/rfc822\r\n\r\n\
From: protocol@iikura.example\r\nMessage-ID: <0123abc.4f@iikura.example>\r\nSubject: Confirmed\r\n\r\nText\r\n\
--b--\r\n";

#[test]
fn a_bounce_says_which_mail_it_was_twice_over() {
    let report = report_of(BOUNCE);
    assert!(report.failed);
    assert_eq!(
        report.reason,
        "5.1.1 (550 5.1.1 <kz@delegations.example>: Recipient address    rejected: no such user)"
    );
    assert_eq!(report.tokens, ["0123abc.4f", "0123abc.4f"]);
    assert_eq!(
        report.message_id.as_deref(),
        Some("0123abc.4f@iikura.example")
    );
    let headers_only = BOUNCE.replace("message/rfc822", "text/rfc822-headers");
    assert_eq!(report_of(&headers_only).message_id, report.message_id);
}

#[test]
fn a_delay_is_no_bounce_and_a_delivery_is_nothing() {
    assert!(!report_of(&BOUNCE.replace("Action: failed", "Action: delayed")).failed);
    let delivered = read(
        BOUNCE
            .replace("Action: failed", "Action: relayed")
            .as_bytes(),
    );
    assert_eq!(delivered.content, IncomingContent::Words);
    assert!(delivered.automatic);
}

#[test]
fn an_answer_in_words_names_the_mails_before_it() {
    let raw = "From: KZ <kz@delegations.example>\r\nIn-Reply-To: <b@iikura.example>\r\n\
        References: <a@iikura.example>\r\n <b@iikura.example>\r\nSubject: =?utf-8?q?Re=3A_Confirmed=0AX?=\r\n\r\nHello\r\n";
    let letter = read(raw.as_bytes());
    assert_eq!(
        letter.answers,
        [
            "<b@iikura.example>",
            "<a@iikura.example>",
            "<b@iikura.example>"
        ]
    );
    assert_eq!(letter.subject, "Re: Confirmed X");
    assert_eq!(letter.content, IncomingContent::Words);
    let two = raw.replace("KZ <kz@delegations.example>", "a@x.example, b@x.example");
    assert_eq!(read(two.as_bytes()).sender, "");
}

#[test]
fn what_is_no_calendar_is_words() {
    for broken in [
        THUNDERBIRD.replace("METHOD:REPLY\r\n", ""),
        THUNDERBIRD.replace("UID:4f1c@iikura.example\r\n", ""),
        THUNDERBIRD.replace("BEGIN:VEVENT", "BEGIN:VTODO"),
        THUNDERBIRD.replace("END:VEVENT\r\n", ""),
    ] {
        assert_eq!(
            read(broken.as_bytes()).content,
            IncomingContent::Words,
            "{broken}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_mailbox_answer_is_read_to_its_end(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        at in 0..THUNDERBIRD.len(), until in 0..BOUNCE.len(),
    ) {
        for mail in [THUNDERBIRD, BOUNCE] {
            let mut damaged = mail.as_bytes().to_vec();
            let (from, to) = (at.min(mail.len()), until.min(mail.len()));
            damaged.splice(from.min(to)..from.max(to), bytes.iter().copied());
            let letter = read(&damaged);
            prop_assert!(letter.key.len() <= 502 && letter.body.len() <= EXCERPT);
            prop_assert!(!letter.subject.contains(['\r', '\n']));
        }
        prop_assert!(!read(&bytes).key.is_empty());
    }
}
