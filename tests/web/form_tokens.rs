//! A form that is posted twice acts once and shows the first result again: in a row, at once, on two servers.

use std::sync::Barrier;

use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, COLLEAGUE, Meeting, SLOTS};
use support::server::{Answer, Browser, PASSWORD, Server};

on_both!(
    a_form_sent_twice_acts_once,
    a_form_sent_twice_at_once_acts_once,
    two_servers_share_what_was_sent,
    a_refused_form_can_be_sent_again,
    a_form_sent_again_after_a_day_acts_again,
);

/// The tokens in a page, in the order of its forms.
fn tokens(browser: &Browser, path: &str) -> Vec<String> {
    let (status, page) = browser.file(path);
    assert_eq!(status, 200, "{path}");
    let page = String::from_utf8(page).unwrap();
    let rest = page.split(r#"name="form_token" value=""#).skip(1);
    rest.map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// The token of the first form of a page, without that of others.
fn token(browser: &Browser, path: &str) -> String {
    tokens(browser, path).remove(0)
}

fn other(token: &str) -> Vec<(&str, &str)> {
    vec![
        ("form_token", token),
        ("kind", "other"),
        ("title", "Photograph"),
        ("day", "2022-12-24"),
        ("start", "20:30"),
        ("end", "20:40"),
        ("room", ""),
        ("state", "tentative"),
    ]
}

fn photographs(server: &Server) -> i64 {
    server.count("SELECT count(*) AS count FROM slots WHERE title = 'Photograph'")
}

/// What tells one result from another.
fn result(answer: &Answer) -> (u16, &str, &str) {
    (answer.status, answer.location(), &answer.body)
}

fn a_form_sent_twice_acts_once(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let server = &meeting.server;
    let officer = meeting.officer();
    let page = "/events/ca-jad-9/slots/new";
    let shown = token(&officer, page);
    let first = officer.post(SLOTS, &other(&shown));
    assert_eq!(first.status, 303, "{}", first.body);
    assert_eq!(result(&officer.post(SLOTS, &other(&shown))), result(&first));
    assert_eq!(photographs(server), 1);
    // A form that says something else, and the same form from a page that was opened again, are other forms.
    let mut changed = other(&shown);
    changed[5] = ("end", "20:45");
    assert_ne!(officer.post(SLOTS, &changed).location(), first.location());
    let again = officer.post(SLOTS, &other(&token(&officer, page)));
    assert_ne!(again.location(), first.location());
    assert_eq!(photographs(server), 3);

    // Rooms, and what is shown once: a link to invite by, a token.
    let rooms = "/events/ca-jad-9/rooms";
    let shown = token(&officer, "/events/ca-jad-9/rooms/new");
    let room = [
        ("form_token", shown.as_str()),
        ("code", "annex"),
        ("name", "Annex"),
        ("capacity", "12"),
        ("turnaround_minutes", "0"),
    ];
    let first = officer.post(rooms, &room);
    assert_eq!(first.status, 303, "{}", first.body);
    assert_eq!(result(&officer.post(rooms, &room)), result(&first));

    let admin = server.signed_in(ADMIN);
    let shown = token(&admin, "/users/new");
    let user = [
        ("form_token", shown.as_str()),
        ("name", "New Officer"),
        ("email", "new@protocol.example"),
        ("delivery", "hand"),
    ];
    let first = admin.post("/users", &user);
    assert!(first.status < 400, "{}", first.body);
    assert_eq!(result(&admin.post("/users", &user)), result(&first));
    assert_eq!(server.count("SELECT count(*) AS count FROM invitations"), 1);

    let shown = token(&admin, "/account/tokens/new");
    let wanted = [
        ("form_token", shown.as_str()),
        ("name", "Display"),
        ("scope", "read"),
        ("current_password", PASSWORD),
    ];
    let first = admin.post("/account/tokens", &wanted);
    assert!(
        first.status == 200 && first.body.contains("Display"),
        "{}",
        first.body
    );
    assert_eq!(
        result(&admin.post("/account/tokens", &wanted)),
        result(&first)
    );
    assert_eq!(server.count("SELECT count(*) AS count FROM api_tokens"), 1);
    // Who has not signed in gets nothing of it.
    let stranger = server.browser().post("/account/tokens", &wanted);
    assert_eq!(stranger.status, 401);
    admin.post("/sign-out", &[]);
    assert_eq!(admin.post("/account/tokens", &wanted).status, 401);

    // Letters: the second press of the button that sends them.
    let slot = meeting.slot("Kazakhstan");
    let path = format!("/slots/{}", slot.id);
    let version = slot.version.to_string();
    let shown = token(&officer, &path);
    let confirm = [
        ("form_token", shown.as_str()),
        ("version", version.as_str()),
    ];
    let first = officer.post(&format!("{path}/confirmation"), &confirm);
    assert_eq!(first.status, 303, "{}", first.body);
    let sent = meeting.mails();
    let second = officer.post(&format!("{path}/confirmation"), &confirm);
    assert_eq!(result(&second), result(&first));
    server.pass(60);
    let shown = token(&officer, &path);
    let resend = [("form_token", shown.as_str()), ("again", "yes")];
    for _ in 0..2 {
        let answer = officer.post(&format!("{path}/notices"), &resend);
        assert_eq!(answer.status, 303, "{}", answer.body);
    }
    assert_eq!(meeting.mails().len(), 2 * sent.len());
}

/// Sends the same form several times at once.
fn at_once(origins: &[&str], cookie: Option<&String>, fields: &[(&str, &str)]) -> Vec<Answer> {
    let start = Barrier::new(origins.len());
    std::thread::scope(|scope| {
        let sending: Vec<_> = origins
            .iter()
            .map(|origin| {
                let start = &start;
                scope.spawn(move || {
                    let browser = Browser::new(origin);
                    browser.set_cookie(cookie.cloned());
                    start.wait();
                    browser.post(SLOTS, fields)
                })
            })
            .collect();
        sending.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn a_form_sent_twice_at_once_acts_once(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (server, officer) = (&meeting.server, meeting.officer());
    for round in 1..=5 {
        let shown = token(&officer, "/events/ca-jad-9/slots/new");
        let origins = [server.origin.as_str(); 4];
        let answers = at_once(&origins, officer.cookie().as_ref(), &other(&shown));
        assert_eq!(answers[0].status, 303, "{}", answers[0].body);
        for answer in &answers {
            assert_eq!(result(answer), result(&answers[0]));
        }
        assert_eq!(photographs(server), round);
    }
}

fn two_servers_share_what_was_sent(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let second = Server::start_with_secret_of(&meeting.server, scratch.url());
    let officer = meeting.officer();
    let shown = token(&officer, "/events/ca-jad-9/slots/new");
    let origins = [meeting.server.origin.as_str(), second.origin.as_str()];
    let both = at_once(&origins, officer.cookie().as_ref(), &other(&shown));
    let later = at_once(&origins[1..], officer.cookie().as_ref(), &other(&shown));
    assert_eq!(both[0].status, 303, "{}", both[0].body);
    assert_eq!(
        (result(&both[1]), result(&later[0])),
        (result(&both[0]), result(&both[0]))
    );
    assert_eq!(photographs(&second), 1);
}

fn a_refused_form_can_be_sent_again(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let shown = token(&officer, "/events/ca-jad-9/slots/new");
    let mut fields = other(&shown);
    fields[4] = ("start", "20:40");
    for _ in 0..2 {
        assert_eq!(officer.post(SLOTS, &fields).status, 422);
    }
    let kept = "SELECT count(*) AS count FROM form_posts";
    assert_eq!(meeting.server.count(kept), 0);
    fields[4] = ("start", "20:30");
    assert_eq!(officer.post(SLOTS, &fields).status, 303);
    assert_eq!(
        (photographs(&meeting.server), meeting.server.count(kept)),
        (1, 1)
    );
    // A token is ours, and there is one.
    for bad in ["", "x", "<script>alert(1)</script>"] {
        assert_eq!(officer.post(SLOTS, &other(bad)).status, 400, "{bad}");
    }
    fields.push(("form_token", &shown));
    assert_eq!(officer.post(SLOTS, &fields).status, 400);
    // A server that stopped before it had an answer leaves the outcome open, and the form is not worked on again.
    meeting.server.sql("UPDATE form_posts SET answer = NULL");
    fields.pop();
    meeting.server.pass(61);
    let unknown = officer.post(SLOTS, &fields);
    assert_eq!(unknown.status, 409);
    assert!(unknown.body.contains("was sent before"), "{}", unknown.body);
    assert_eq!(photographs(&meeting.server), 1);
}

fn a_form_sent_again_after_a_day_acts_again(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let shown = token(&officer, "/events/ca-jad-9/slots/new");
    assert_eq!(officer.post(SLOTS, &other(&shown)).status, 303);
    let age = "UPDATE form_posts SET created_at = created_at - 86400";
    meeting.server.sql(age);
    assert_eq!(officer.post(SLOTS, &other(&shown)).status, 303);
    assert_eq!(photographs(&meeting.server), 2);
    // Another session of theirs is the same sender, a colleague is another.
    let elsewhere = meeting.officer();
    assert_ne!(elsewhere.cookie(), officer.cookie());
    assert_eq!(elsewhere.post(SLOTS, &other(&shown)).status, 303);
    assert_eq!(photographs(&meeting.server), 2);
    let colleague = meeting.server.signed_in(COLLEAGUE);
    assert_eq!(colleague.post(SLOTS, &other(&shown)).status, 303);
    assert_eq!(photographs(&meeting.server), 3);
}
