//! The whole programme as a calendar that the staff subscribe to by a link.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use iikura::auth::account;
use iikura::change::archive;
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::server::Error;
use iikura::store::programme_cache::ProgrammeCache;
use iikura::store::transaction;

use crate::calendars::by_both;
use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, COLLEAGUE, Meeting, OBSERVER, SLOTS, free_slot, send, with};
use support::server::{Answer, Browser, PASSWORD, START};

on_both!(
    a_link_is_shown_once_listed_and_revoked,
    a_calendar_has_what_its_owner_may_see_and_no_sketch,
    calendar_link_ends_with_account_password_and_role,
    current_calendar_gets_304_and_reading_changes_nothing,
    link_to_an_archived_event_is_invalid,
    a_link_made_during_archiving_is_refused,
);

const AGENDA: &str = "/events/ca-jad-9/agenda";
const CALENDARS: &str = "/events/ca-jad-9/agenda/calendars";

/// Makes a link and gives its path.
pub fn link(browser: &Browser, name: &str) -> String {
    let made = browser.post(CALENDARS, &[("name", name), ("current_password", PASSWORD)]);
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    let at = made.body.find("/calendars/iikura_calendar_").unwrap();
    made.body[at..].split('<').next().unwrap().to_owned()
}

/// What is there for a link that opens nothing: the same as where nothing ever was.
fn opens_nothing(meeting: &Meeting, link: &str) {
    let anybody = meeting.server.browser();
    let never = anybody.get("/calendars/iikura_calendar_never/programme.ics");
    let dead = anybody.get(link);
    assert_eq!((dead.status, never.status), (404, 404));
    assert_eq!(dead.body, never.body);
    for header in ["content-type", "cache-control", "etag"] {
        assert_eq!(dead.header(header), never.header(header), "{header}");
    }
}

/// Asks for what is there unless it is what `tag` names: the status and the body.
fn knowing(meeting: &Meeting, link: &str, tag: &str) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    let address = format!("{}{link}", meeting.server.origin);
    let asked = agent.get(address).header("if-none-match", tag).call();
    let mut answer = asked.unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), body)
}

fn revocation(page: &Answer) -> String {
    let at = page.body.find("/revocation").unwrap();
    let start = page.body[..at].rfind('"').unwrap() + 1;
    format!("{}/revocation", &page.body[start..at])
}

fn a_link_is_shown_once_listed_and_revoked(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let observer = meeting.server.signed_in(OBSERVER);
    assert!(
        observer
            .get(&format!("{CALENDARS}/new"))
            .body
            .contains("Current password")
    );
    let refused = observer.post(
        CALENDARS,
        &[("name", " "), ("current_password", "nonsense")],
    );
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("The current password is wrong"));
    assert!(refused.body.contains("What for"));
    let kept = observer.post(
        CALENDARS,
        &[("name", "My <phone>"), ("current_password", "nonsense")],
    );
    assert!(kept.body.contains("value=\"My &#60;phone&#62;\""));

    let link = link(&observer, "My <phone>");
    let token = link.split('/').nth(2).unwrap();
    assert_eq!(token.len(), "iikura_calendar_".len() + 43);
    for table in ["calendar_links WHERE token_hash", "audit WHERE after_json"] {
        let sql = format!(
            "SELECT count(*) AS count FROM {table} LIKE '%{}%'",
            &token[16..]
        );
        assert_eq!(meeting.server.count(&sql), 0, "stored as a hash only");
    }
    let page = observer.get(AGENDA);
    assert!(page.body.contains("My &#60;phone&#62;") && page.body.contains("never"));
    assert!(!page.body.contains(token));
    assert_eq!(meeting.server.browser().get(&link).status, 200);
    assert!(observer.get(AGENDA).body.contains("24 December 2022, 14:"));

    // Another's link is out of sight, but for administrators.
    let revocation = revocation(&page);
    let colleague = meeting.server.signed_in(COLLEAGUE);
    assert!(!colleague.get(AGENDA).body.contains("My &#60;phone"));
    assert_eq!(colleague.post(&revocation, &[]).status, 404);
    let admin = meeting.server.signed_in(ADMIN);
    assert!(admin.get(AGENDA).body.contains("My &#60;phone"));
    assert_eq!(meeting.server.browser().get(&link).status, 200);
    assert_eq!(observer.post(&revocation, &[]).status, 303);
    opens_nothing(&meeting, &link);
    assert_eq!(observer.post(&revocation, &[]).status, 404);
    let history = "SELECT count(*) AS count FROM audit WHERE action LIKE 'calendar_link.%'";
    assert_eq!(meeting.server.count(history), 2);

    let stranger = meeting.server.signed_in(support::meeting::STRANGER);
    let fields = [("name", "Mine"), ("current_password", PASSWORD)];
    assert_eq!(stranger.post(CALENDARS, &fields).status, 404);
    assert_eq!(stranger.get(&format!("{CALENDARS}/new")).status, 404);
}

fn a_calendar_has_what_its_owner_may_see_and_no_sketch(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let link = link(&officer, "Desk");
    let sketch = with(with(free_slot(), "title", "A sketch"), "state", "pencilled");
    assert_eq!(send(&officer, SLOTS, &sketch).status, 303);
    let answer = meeting.server.browser().get(&link);
    assert_eq!(
        answer.header("content-type"),
        "text/calendar; charset=utf-8"
    );
    let head = answer.body.split("BEGIN:VEVENT").next().unwrap();
    for line in [
        "METHOD:PUBLISH\r\n",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n",
        "X-PUBLISHED-TTL:PT15M\r\n",
        "NAME:",
        "X-WR-CALNAME:",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    let read = by_both(std::slice::from_ref(&answer.body)).remove(0);
    let events = read["events"].as_array().unwrap();
    let holding = meeting.programme();
    let holding = holding.live_slots().filter(|slot| slot.state().holds());
    assert_eq!(events.len(), holding.count());
    assert!(!answer.body.contains("A sketch"));

    // A slot that moves keeps its UID and raises its SEQUENCE.
    let words = "Japan–Kazakhstan";
    let found = |read: &serde_json::Value| {
        let events = read["events"].as_array().unwrap().iter();
        let mut of_it = events.filter(|event| event["summary"].as_str().unwrap().contains(words));
        of_it.next().unwrap().clone()
    };
    let before = found(&read);
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let place = [
        ("version", version.as_str()),
        ("day", "2022-12-24"),
        ("start", "19:00"),
        ("end", "19:25"),
        ("room", "hall"),
    ];
    let moved = officer.post(&format!("/slots/{}/placement", slot.id), &place);
    assert_eq!(moved.status, 303, "{}", moved.body);
    let after = meeting.server.browser().get(&link).body;
    let after = found(&by_both(&[after]).remove(0));
    assert_eq!(before["uid"], after["uid"]);
    assert!(before["sequence"].as_i64() < after["sequence"].as_i64());
    assert_eq!(after["start"], "2022-12-24T10:00:00Z");
}

fn calendar_link_ends_with_account_password_and_role(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let observer = link(&meeting.server.signed_in(OBSERVER), "One");
    meeting
        .server
        .sql("DELETE FROM memberships WHERE role = 'observer'");
    opens_nothing(&meeting, &observer);

    let officer = meeting.officer();
    let before = link(&officer, "Before the new password");
    let fields = [
        ("current_password", PASSWORD),
        ("new_password", "orange ladder forty"),
    ];
    assert_eq!(officer.post("/account/password", &fields).status, 303);
    opens_nothing(&meeting, &before);

    let colleague = link(&meeting.server.signed_in(COLLEAGUE), "Two");
    assert_eq!(meeting.server.browser().get(&colleague).status, 200);
    for disabled in [true, false] {
        let change = meeting.server.db.write_here(|conn| {
            let user = account::by_email(conn, COLLEAGUE)?.unwrap().user.id;
            let (actor, now) = (Actor::command_line(), Moment::from_seconds(START));
            Ok::<_, Error>(account::set_disabled(conn, user, disabled, &actor, now)?)
        });
        change.unwrap();
        opens_nothing(&meeting, &colleague);
    }

    // Taken from the event by an administrator, and back: the old link stays dead.
    let again = link(&meeting.server.signed_in(COLLEAGUE), "Three");
    for roles in [
        vec![],
        vec![(meeting.event, iikura::core::user::EventRole::Officer)],
    ] {
        let change = meeting.server.db.write_here(|conn| {
            let user = account::by_email(conn, COLLEAGUE)?.unwrap().user;
            let profile = account::Profile {
                name: user.name.clone(),
                admin: false,
                roles: roles.clone(),
            };
            let (actor, now) = (Actor::command_line(), Moment::from_seconds(START));
            Ok::<_, Error>(account::change(conn, user.id, &profile, &actor, now)?)
        });
        change.unwrap();
        opens_nothing(&meeting, &again);
    }
}

fn link_to_an_archived_event_is_invalid(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let made = link(&meeting.officer(), "One");
    assert_eq!(meeting.server.browser().get(&made).status, 200);
    // Archived by hand, so that the link stays stored.
    let event = meeting.event.0;
    meeting.server.sql(&format!(
        "DELETE FROM event_lifecycles WHERE event_id = {event}"
    ));
    meeting.server.sql(&format!(
        "INSERT INTO event_lifecycles (event_id, archived_at) VALUES ({event}, 1)"
    ));
    opens_nothing(&meeting, &made);
}

fn a_link_made_during_archiving_is_refused(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let (archived, begin) = mpsc::channel();
    let (answered, answer) = mpsc::channel();
    let asking = thread::spawn(move || {
        begin.recv().unwrap();
        let fields = [("name", "Two"), ("current_password", PASSWORD)];
        let status = officer.post(CALENDARS, &fields).status;
        // Nobody may be listening any more.
        let _ = answered.send(());
        status
    });
    let (actor, now) = (Actor::command_line(), Moment::from_seconds(START));
    let written = meeting.server.db.write_here(|conn| {
        transaction::write(
            conn,
            &ProgrammeCache::default(),
            meeting.event,
            &actor,
            now,
            |tx| {
                archive::archive(tx)?;
                archived.send(()).unwrap();
                // What does not wait for the commit is answered before it.
                let _ = answer.recv_timeout(Duration::from_secs(2));
                Ok::<_, Error>(())
            },
        )
    });
    written.unwrap();
    assert_eq!(asking.join().unwrap(), 409);
    assert_eq!(
        meeting
            .server
            .count("SELECT count(*) AS count FROM calendar_links"),
        0
    );
}

fn current_calendar_gets_304_and_reading_changes_nothing(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let link = link(&officer, "Desk");
    let rows = meeting.rows();
    let anybody = meeting.server.browser();
    let first = anybody.get(&link);
    assert_eq!(first.status, 200);
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"'), "{tag}");
    meeting.server.pass(90);
    assert_eq!(anybody.get(&link).body, first.body, "the same bytes");
    let ask = |tag: &str| knowing(&meeting, &link, tag);
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        assert_eq!(ask(&known), (304, String::new()), "{known}");
    }
    for strange in ["\"other\"", "nonsense"] {
        assert_eq!(ask(strange).0, 200, "{strange}");
    }
    assert_eq!(meeting.rows(), rows, "reading changes nothing");
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 303);
    let later = ask(&tag);
    assert_eq!(later.0, 200);
    assert!(later.1.contains("Evening meeting"));

    let refused = (0..60)
        .map(|_| anybody.get(&link))
        .find(|answer| answer.status != 200);
    let refused = refused.unwrap();
    assert_eq!(refused.status, 429);
    assert!(!refused.header("retry-after").is_empty());
}
