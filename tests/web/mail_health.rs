//! The health of mail, the way to the relay on trial, and all mail paused: for administrators.

use std::net::TcpListener;

use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting, OBSERVER};
use support::server::Server;

on_both!(
    an_administrator_pauses_all_mail_and_starts_it_again,
    only_administrators_see_and_touch_the_queue,
    wiped_mail_still_shows_its_recipient,
);

fn an_administrator_pauses_all_mail_and_starts_it_again(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (admin, officer) = (meeting.server.signed_in(ADMIN), meeting.officer());
    let paused = admin.post("/mail/pause", &[]);
    assert_eq!(
        (paused.status, paused.location()),
        (303, "/mail?done=mail-paused")
    );
    // A second press changes nothing.
    assert_eq!(admin.post("/mail/pause", &[]).status, 303);
    for path in ["/", "/mail"] {
        let page = officer.get(path).body;
        assert!(
            page.contains("Admin has paused all mail since 24 December 2022, 05:00 UTC"),
            "{page}"
        );
    }
    let resumed = admin.post("/mail/pause", &[("method", "delete")]);
    assert_eq!(
        (resumed.status, resumed.location()),
        (303, "/mail?done=mail-resumed")
    );
    assert!(!officer.get("/mail").body.contains("has paused all mail"));
    let history = admin.get("/audit").body;
    assert_eq!(history.matches("mail paused").count(), 1, "{history}");
    assert_eq!(history.matches("mail resumed").count(), 1);
    assert_eq!(admin.post("/mail/pause", &[("admin", "yes")]).status, 400);
}

fn only_administrators_see_and_touch_the_queue(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    for browser in [meeting.officer(), meeting.server.signed_in(OBSERVER)] {
        assert_eq!(browser.get("/mail/health").status, 403);
        assert_eq!(browser.post("/mail/health", &[("to", "")]).status, 403);
        assert_eq!(browser.post("/mail/pause", &[]).status, 403);
        assert!(!browser.get("/mail").body.contains("/mail/health"));
    }
    let stranger = meeting.server.browser();
    assert_eq!(stranger.get("/mail/health").status, 303, "to sign in");
    assert_eq!(
        meeting
            .server
            .count("SELECT count(*) AS count FROM mail_queue WHERE paused_at IS NOT NULL"),
        0
    );
}

fn wiped_mail_still_shows_its_recipient(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Kazakhstan");
    let version = slot.version.to_string();
    let confirmed = officer.post(
        &format!("/slots/{}/confirmation", slot.id),
        &[("version", &version)],
    );
    assert_eq!(confirmed.status, 303);
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', raw = '', wiped_at = 1671526800");
    let list = officer.get("/mail").body;
    let link = "<td><a href=\"";
    let start = list.find(&format!("{link}/mail/")).unwrap() + link.len();
    let path = &list[start..start + list[start..].find('"').unwrap()];
    let page = officer.get(path);
    assert_eq!(page.status, 200);
    assert!(
        page.body
            .contains("The content was deleted on 20 December 2022"),
        "{}",
        page.body
    );
    assert!(page.body.contains("@delegations.example") && !page.body.contains("/source"));
    for part in ["html", "source"] {
        assert_eq!(officer.get(&format!("{path}/{part}")).status, 404, "{part}");
    }
}

#[test]
fn the_way_to_the_relay_is_tried_step_by_step_and_not_too_often() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://127.0.0.1:{}", closed.local_addr().unwrap().port());
    drop(closed);
    let server = Server::start_with(&["--smtp-url", &url]);
    server.user(ADMIN, "Admin", true, &[]);
    let admin = server.signed_in(ADMIN);
    let page = admin.get("/mail/health").body;
    for words in [
        "v=spf1 a:127.0.0.1 -all",
        "_dmarc.iikura.example",
        "SELECTOR._domainkey.iikura.example",
        "None yet",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let wrong = admin.post("/mail/health", &[("to", "nobody")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("is not an e-mail address") && wrong.input("to") == "nobody");
    let tried = admin.post("/mail/health", &[("to", "me@ministry.example")]);
    assert_eq!(tried.status, 200);
    assert!(
        tried.body.contains("reach 127.0.0.1") && tried.body.contains(">Failed</span>"),
        "{}",
        tried.body
    );
    assert!(tried.body.contains("Check that the relay runs"));
    assert!(
        !tried.body.contains("send a test mail to me@"),
        "not past the first fault"
    );
    let last = (0..10)
        .map(|_| admin.post("/mail/health", &[("to", "")]).status)
        .last();
    assert_eq!(last, Some(429));

    let server = Server::start();
    server.user(ADMIN, "Admin", true, &[]);
    let admin = server.signed_in(ADMIN);
    let tried = admin.post("/mail/health", &[("to", "me@ministry.example")]);
    assert!(
        tried
            .body
            .contains("send a test mail to me@ministry.example"),
        "{}",
        tried.body
    );
    assert!(!tried.body.contains(">Failed</span>"));
}
