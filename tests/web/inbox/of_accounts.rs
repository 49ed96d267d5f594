//! Letters about accounts that come back, or are answered.

use iikura::mail::contents::contents;
use iikura::mail::outbox::{self, Mail};
use iikura::server::Error;

use super::mailbox::Mailbox;
use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting};

on_both!(a_link_ends_when_its_letter_comes_back_to_where_others_read);

fn a_link_ends_when_its_letter_comes_back_to_where_others_read(scratch: &Scratch) {
    let (meeting, mailbox) = (Meeting::on(scratch), Mailbox::new());
    let admin = meeting.server.signed_in(ADMIN);
    let fields = [("name", "Hanako"), ("email", "hanako@gone.example")];
    let added = admin.post("/users", &fields);
    assert_eq!(added.status, 303, "{}", added.body);
    let letter: Mail = meeting
        .server
        .db
        .read_here(|conn| {
            let id = outbox::about_accounts(conn, 1)?[0].id;
            Ok::<_, Error>(outbox::get(conn, id)?.unwrap())
        })
        .unwrap();
    let plain = contents(&letter.raw).plain;
    let (_, rest) = plain.split_once("/password/").unwrap();
    let path = format!("/password/{}", rest.lines().next().unwrap().trim());
    let open = |status: u16| assert_eq!(meeting.server.browser().get(&path).status, status);
    open(200);
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250");
    // Words that answer it are no officer's to read.
    let id = &letter.message_id;
    mailbox.put(&format!(
        "Message-ID: <w@gone.example>\r\nFrom: hanako@gone.example\r\nIn-Reply-To: {id}\r\nSubject: Thanks\r\n\r\nI am in.\r\n"
    ));
    assert_eq!(mailbox.read(&meeting), 0);
    open(200);
    mailbox.put(&format!(
        "Message-ID: <r@mail.example>\r\nFrom: MAILER-DAEMON@mail.example\r\nTo: protocol@iikura.example\r\n\
         Subject: Report\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n\
         Final-Recipient: rfc822; hanako@gone.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {id}\r\n\r\nx\r\n--b--\r\n"
    ));
    assert_eq!(mailbox.read(&meeting), 1);
    open(404);
    assert!(admin.get("/mail").body.contains("Bounced</span> 5.1.1"));
    assert!(admin.get("/users").body.contains("not invited"));
    let inbox = admin.get("/mail/inbox").body;
    assert!(!inbox.contains("hanako@gone.example"), "{inbox}");
}
