//! Links by which people set their own password: invited, or because they forgot it.

use iikura::auth::account;
use iikura::auth::invitation::LinkToken;
use iikura::core::time::Moment;
use iikura::core::user::{Actor, UserId};
use iikura::mail::contents::contents;
use iikura::mail::outbox::{self, Mail};
use iikura::mail::transport::Transport;
use iikura::mail::worker::{Worker, WorkerSignal};
use iikura::server::Error;

use crate::second_factor;
use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting, OBSERVER, OFFICER};
use support::server::{Answer, Browser, PASSWORD, Server};

on_both!(
    invited_user_chooses_a_password_and_signs_in,
    a_link_ends_to_the_second,
    a_link_sent_several_times_at_once_sets_one_password,
    withdrawn_replaced_and_forged_links_are_invalid,
    link_to_a_disabled_or_deleted_account_is_invalid,
    invitation_never_changes_a_user_with_a_password,
    password_by_link_ends_sessions_and_keeps_the_factor,
    a_new_password_or_factor_ends_a_link_that_was_sent_before,
    letter_with_a_link_is_hidden_and_wiped_once_sent,
    leased_letter_is_not_retried_after_its_link_ends,
);

const HANAKO: &str = "hanako@protocol.example";
const NEW: &str = "copper lantern forty";
const HOUR: i64 = 3600;

/// A server with an administrator who is signed in.
struct TestInstallation {
    server: Server,
    admin: Browser,
}

impl TestInstallation {
    fn on(scratch: &Scratch) -> Self {
        let server = Server::start_on(scratch.url(), &[]);
        server.user(ADMIN, "Admin", true, &[]);
        let admin = server.signed_in(ADMIN);
        Self { server, admin }
    }

    /// Adds Hanako, by mail unless said otherwise.
    fn add(&self, more: &[(&str, &str)]) -> Answer {
        let fields = [&[("name", "Hanako Sato"), ("email", HANAKO)], more].concat();
        self.admin.post("/users", &fields)
    }

    /// Invites Hanako by mail: her id and what stands in the link.
    fn invite(&self) -> (i64, String) {
        let added = self.add(&[]);
        assert_eq!(added.status, 303, "{}", added.body);
        (self.id(), self.mailed())
    }

    fn id(&self) -> i64 {
        self.server.count(&format!(
            "SELECT id AS count FROM users WHERE email = '{HANAKO}'"
        ))
    }

    /// The only letter about an account that was not taken back.
    fn letter(&self) -> Mail {
        let mail = self.server.db.read_here(|conn| {
            let mut letters = outbox::about_accounts(conn, 99)?;
            letters.retain(|mail| mail.label() != "Replaced");
            assert_eq!(letters.len(), 1, "{letters:?}");
            Ok::<_, Error>(outbox::get(conn, letters[0].id)?)
        });
        mail.unwrap().unwrap()
    }

    /// What stands in the link of the latest letter.
    fn mailed(&self) -> String {
        token_in(&contents(&self.letter().raw).plain)
    }

    /// Presses a button of the administrator's.
    fn press(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.admin.post(path, fields)
    }

    fn users(&self) -> String {
        self.admin.get("/users").body
    }

    fn sign_in(&self, password: &str) -> Answer {
        let fields = [("email", HANAKO), ("password", password)];
        self.server.browser().post("/sign-in", &fields)
    }

    /// Lets so much time pass; the administrator goes on working meanwhile.
    fn pass(&mut self, seconds: i64) {
        self.server.pass(seconds);
        self.admin = self.server.signed_in(ADMIN);
    }

    fn links(&self) -> i64 {
        self.server
            .count("SELECT count(*) AS count FROM invitations")
    }

    fn lines(&self, action: &str) -> i64 {
        self.server.count(&format!(
            "SELECT count(*) AS count FROM audit WHERE action = '{action}'"
        ))
    }
}

fn token_in(text: &str) -> String {
    let (_, rest) = text.split_once("/password/").unwrap();
    let end = rest.find(|c: char| c != '-' && !c.is_ascii_alphanumeric());
    rest[..end.unwrap_or(rest.len())].to_owned()
}

fn set(browser: &Browser, token: &str, password: &str) -> Answer {
    let fields = [("new_password", password), ("repeated_password", password)];
    browser.post(&format!("/password/{token}"), &fields)
}

/// A link that opens nothing says so, whoever asks and however.
fn assert_dead(server: &Server, token: &str, why: &str) {
    let browser = server.browser();
    let path = format!("/password/{token}");
    for answer in [browser.get(&path), set(&browser, token, NEW)] {
        assert_eq!(answer.status, 404, "{why}: {}", answer.body);
        assert!(answer.body.contains("This link is invalid"), "{why}");
        assert_eq!(answer.header("referrer-policy"), "strict-origin", "{why}");
        assert!(!answer.body.contains("Hanako"), "{why}");
    }
}

fn invited_user_chooses_a_password_and_signs_in(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let added = installation.add(&[]);
    let (user, token) = (installation.id(), installation.mailed());
    assert_eq!(added.location(), format!("/users/{user}?done=user-invited"));
    let page = installation.admin.get(added.location()).body;
    assert!(page.contains("The invitation is queued"));
    assert!(page.contains("By mail (waiting); valid until 27 December 2022, 05:00 UTC."));
    assert!(
        installation
            .users()
            .contains("invited, until 27 December 2022, 05:00 UTC")
    );
    // No password opens an account that has none.
    for typed in [PASSWORD, NEW, " ", &token] {
        assert_eq!(installation.sign_in(typed).status, 422, "{typed}");
    }

    let hash = LinkToken::parse(&token).unwrap().hash();
    let stored = format!(
        "SELECT count(*) AS count FROM invitations WHERE token_hash = '{}'",
        hash.as_str()
    );
    assert_eq!(
        (installation.server.count(&stored), hash.as_str().len()),
        (1, 64)
    );
    let browser = installation.server.browser();
    let path = format!("/password/{token}");
    for _ in 0..3 {
        let page = browser.get(&path);
        assert_eq!(page.status, 200);
        assert_eq!(page.header("referrer-policy"), "strict-origin");
        assert_eq!(page.header("cache-control"), "no-store");
        for part in [
            "<h1>Choose your password</h1>",
            "value=\"hanako@protocol.example\" autocomplete=\"username\"",
            "name=\"repeated_password\" type=\"password\" autocomplete=\"new-password\"",
            "until 27 December 2022, 05:00 UTC",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
    }
    let done = set(&browser, &token, NEW);
    assert_eq!(
        (done.status, done.location()),
        (303, "/sign-in?done=password-set")
    );
    assert_eq!(browser.cookie(), None, "nobody is signed in by a link");
    let page = browser.get(done.location()).body;
    assert!(page.contains("Your password is set. Sign in with it."));
    assert_eq!(installation.sign_in(NEW).location(), "/");
    assert_dead(&installation.server, &token, "used");

    assert!(!installation.users().contains("invited, until"));
    assert_eq!(installation.links(), 0);
    for (action, times) in [
        // The administrator was added, too.
        ("user.added", 2),
        ("user.invited", 1),
        ("user.invitation_accepted", 1),
    ] {
        assert_eq!(installation.lines(action), times, "{action}");
    }
    // Neither what stands in the link nor what is stored of it is in the history.
    for secret in [token.as_str(), hash.as_str(), "argon2", "copper"] {
        let told = installation.server.count(&format!(
            "SELECT count(*) AS count FROM audit WHERE coalesce(before_json, '') || coalesce(after_json, '') || subject LIKE '%{secret}%'"
        ));
        assert_eq!(told, 0, "{secret}");
    }
}

fn a_link_ends_to_the_second(scratch: &Scratch) {
    let mut installation = TestInstallation::on(scratch);
    let (user, token) = installation.invite();
    installation.pass(72 * HOUR - 1);
    let path = format!("/password/{token}");
    assert_eq!(installation.server.browser().get(&path).status, 200);
    installation.server.pass(1);
    assert_dead(&installation.server, &token, "expired by the second");
    assert!(installation.users().contains("invitation expired"));
    let again = installation.press(&format!("/users/{user}/invitation"), &[]);
    assert_eq!(again.status, 303);
    assert_eq!(
        set(&installation.server.browser(), &installation.mailed(), NEW).status,
        303
    );

    // A link to set a new one has a day.
    assert_eq!(
        installation
            .press(&format!("/users/{user}/reset"), &[])
            .status,
        303
    );
    let token = installation.mailed();
    let path = format!("/password/{token}");
    installation.pass(24 * HOUR - 1);
    assert_eq!(installation.server.browser().get(&path).status, 200);
    installation.server.pass(1);
    assert_dead(&installation.server, &token, "a day later");
    // A clock that is set back far revives none.
    installation.pass(-30 * HOUR);
    assert_dead(&installation.server, &token, "set back");
    installation.pass(30 * HOUR);
    assert_eq!(
        installation.sign_in(NEW).status,
        303,
        "the old one is still good"
    );
}

fn a_link_sent_several_times_at_once_sets_one_password(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let (_, token) = installation.invite();
    let passwords: Vec<String> = (0..6).map(|n| format!("{NEW} and {n} more")).collect();
    let start = std::sync::Barrier::new(passwords.len());
    let origin = installation.server.origin.as_str();
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = passwords
            .iter()
            .map(|password| {
                let (start, token) = (&start, &token);
                scope.spawn(move || {
                    let browser = Browser::new(origin);
                    start.wait();
                    set(&browser, token, password).status
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut sorted = answers.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [303, 404, 404, 404, 404, 404]);
    assert_eq!(installation.lines("user.invitation_accepted"), 1);
    // Fewer tries than an account takes: the winner's is good, another is not.
    let winner = answers.iter().position(|status| *status == 303).unwrap();
    assert_eq!(
        installation.sign_in(&passwords[(winner + 1) % 6]).status,
        422
    );
    assert_eq!(installation.sign_in(&passwords[winner]).status, 303);
}

fn withdrawn_replaced_and_forged_links_are_invalid(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let (user, first) = installation.invite();
    let invite = format!("/users/{user}/invitation");
    let withdraw = format!("/users/{user}/link/withdrawal");
    let first_letter = installation.letter().summary.id;
    assert_eq!(
        installation.press(&invite, &[("delivery", "mail")]).status,
        303
    );
    let second = installation.mailed();
    assert_ne!(first, second);
    assert_dead(&installation.server, &first, "replaced");
    // Its letter had not left: it does not any more.
    let letter = installation
        .server
        .db
        .read_here(|conn| Ok::<_, Error>(outbox::get(conn, first_letter)?))
        .unwrap()
        .unwrap();
    assert_eq!(letter.summary.label(), "Replaced");
    assert!(letter.raw.is_empty());
    let mut forged = second.clone();
    let other = if forged.ends_with('a') { "b" } else { "a" };
    forged.replace_range(forged.len() - 1.., other);
    for forged in [
        forged.as_str(),
        "aaaa",
        "%00",
        &"k".repeat(28),
        &"x".repeat(300),
    ] {
        assert_dead(&installation.server, forged, "forged");
    }
    assert_eq!(installation.press(&withdraw, &[]).status, 303);
    assert_dead(&installation.server, &second, "withdrawn");
    assert!(installation.users().contains("not invited"));
    let nothing = installation.press(&withdraw, &[]);
    assert_eq!(nothing.status, 409);
    assert!(nothing.body.contains("there is no link to withdraw"));
    assert_eq!(installation.lines("user.invitation_withdrawn"), 1);
    // One that is shown to be handed over is read out, and typed as it was heard.
    let shown = installation.press(&invite, &[("delivery", "hand")]);
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("This link is shown once"));
    let heard = token_in(&shown.body).replace('-', "").to_uppercase();
    let page = installation.admin.get(&format!("/users/{user}")).body;
    assert!(page.contains("Handed over; valid until") && !page.contains("/password/"));
    assert_eq!(set(&installation.server.browser(), &heard, NEW).status, 303);
    assert_eq!(installation.sign_in(NEW).status, 303);
}

fn link_to_a_disabled_or_deleted_account_is_invalid(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let (user, token) = installation.invite();
    // By another server, a moment ago.
    installation.server.sql(&format!(
        "UPDATE users SET disabled_at = 1 WHERE id = {user}"
    ));
    assert_dead(&installation.server, &token, "disabled");
    installation.server.sql(&format!(
        "UPDATE users SET disabled_at = NULL WHERE id = {user}"
    ));
    let again = installation.press(&format!("/users/{user}/invitation"), &[]);
    assert_eq!(again.status, 303);
    let token = installation.mailed();
    assert_eq!(
        installation
            .press(&format!("/users/{user}/disablement"), &[])
            .status,
        303
    );
    assert_dead(&installation.server, &token, "disabled for good");
    let refused = installation.press(&format!("/users/{user}/invitation"), &[]);
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .body
            .contains("the account is disabled; enable it first")
    );
    assert_eq!(
        installation
            .press(&format!("/users/{user}/enablement"), &[])
            .status,
        303
    );
    assert_dead(&installation.server, &token, "enabled again");

    assert_eq!(
        installation
            .press(&format!("/users/{user}/invitation"), &[])
            .status,
        303
    );
    let token = installation.mailed();
    installation
        .server
        .sql(&format!("DELETE FROM users WHERE id = {user}"));
    assert_dead(&installation.server, &token, "deleted");
    assert_eq!(installation.links(), 0);
}

fn invitation_never_changes_a_user_with_a_password(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let user = installation
        .server
        .user(HANAKO, "Hanako Sato", false, &[])
        .0;
    let again = installation.add(&[("admin", "1")]);
    assert_eq!(again.status, 422);
    assert!(
        again
            .body
            .contains("Another account has this e-mail address")
    );
    let refused = installation.press(&format!("/users/{user}/invitation"), &[]);
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("the user has a password already"));
    assert_eq!(installation.links(), 0);
    // Even if one were there.
    let token = "k".repeat(28);
    let hash = LinkToken::parse(&token).unwrap().hash();
    installation.server.sql(&format!(
        "INSERT INTO invitations VALUES ('{}', {user}, 'invitation', NULL, {now}, {now} + 999)",
        hash.as_str(),
        now = installation.server.now()
    ));
    assert_dead(&installation.server, &token, "has a password");
    assert_eq!(installation.sign_in(NEW).status, 422);
    assert_eq!(installation.sign_in(PASSWORD).status, 303);
    let admins = "SELECT count(*) AS count FROM users WHERE admin = true";
    assert_eq!(installation.server.count(admins), 1);
}

fn password_by_link_ends_sessions_and_keeps_the_factor(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let user = installation
        .server
        .user(HANAKO, "Hanako Sato", false, &[])
        .0;
    let own = installation.server.signed_in(HANAKO);
    let device = second_factor::set_up(&installation.server, &own);
    let token_made = own.post(
        "/account/tokens",
        &[
            ("name", "Badges"),
            ("scope", "read"),
            ("current_password", PASSWORD),
        ],
    );
    assert_eq!(token_made.status, 200);
    let half_way = installation.sign_in(PASSWORD);
    assert_eq!(half_way.location(), "/sign-in/code");
    let offered = installation.press(&format!("/users/{user}/reset"), &[]);
    assert_eq!(
        offered.location(),
        format!("/users/{user}?done=reset-offered")
    );
    // Until it is used, everything is as it was.
    assert_eq!(own.get("/account").status, 200);
    assert_eq!(installation.sign_in(PASSWORD).location(), "/sign-in/code");

    let browser = installation.server.browser();
    let token = installation.mailed();
    let page = browser.get(&format!("/password/{token}")).body;
    assert!(page.contains("<h1>Set a new password</h1>"));
    assert!(page.contains("At least 12 characters") && page.contains("second factor as before"));
    assert_eq!(
        set(&browser, &token, NEW).location(),
        "/sign-in?done=password-set"
    );
    assert_eq!(own.get("/account").status, 303, "signed out everywhere");
    assert_eq!(
        installation.server.count(&format!(
            "SELECT count(*) AS count FROM api_tokens WHERE user_id = {user}"
        )),
        0
    );
    assert_eq!(installation.sign_in(PASSWORD).status, 422);
    // The factor is asked for, and takes the codes that it took before.
    installation.server.pass(60);
    let signing_in = installation.server.browser();
    let fields = [("email", HANAKO), ("password", NEW)];
    assert_eq!(
        signing_in.post("/sign-in", &fields).location(),
        "/sign-in/code"
    );
    assert_eq!(signing_in.get("/account").status, 303);
    let code = device.code(installation.server.now());
    assert_eq!(
        signing_in
            .post("/sign-in/code", &[("code", &code)])
            .location(),
        "/"
    );
    assert_eq!(installation.lines("user.password_reset"), 1);
    let history = installation.admin.get("/audit").body;
    assert!(history.contains("Hanako Sato by the link in a letter"));
    assert_eq!(installation.lines("user.reset_offered"), 1);
}

fn a_new_password_or_factor_ends_a_link_that_was_sent_before(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let user = installation.server.user(HANAKO, "Hanako Sato", false, &[]);
    let reset = format!("/users/{}/reset", user.0);
    let own = installation.server.signed_in(HANAKO);
    assert_eq!(installation.press(&reset, &[]).status, 303);
    let token = installation.mailed();
    let changed = own.post(
        "/account/password",
        &[
            ("current_password", PASSWORD),
            ("new_password", "violet harbour eighty"),
        ],
    );
    assert_eq!(changed.status, 303);
    assert_dead(&installation.server, &token, "a new password");

    assert_eq!(installation.press(&reset, &[]).status, 303);
    let token = installation.mailed();
    set_password(&installation.server, user, PASSWORD);
    assert_dead(
        &installation.server,
        &token,
        "a new password by the command line",
    );

    let own = installation.server.signed_in(HANAKO);
    assert_eq!(installation.press(&reset, &[]).status, 303);
    let token = installation.mailed();
    second_factor::set_up(&installation.server, &own);
    assert_dead(&installation.server, &token, "a second factor");

    assert_eq!(installation.press(&reset, &[]).status, 303);
    let token = installation.mailed();
    let removed = installation.press(&format!("/users/{}/second-factor/removal", user.0), &[]);
    assert_eq!(removed.status, 303);
    assert_dead(&installation.server, &token, "no second factor any more");
    assert_eq!(installation.sign_in(PASSWORD).status, 303);
}

/// As the command line does.
fn set_password(server: &Server, user: UserId, password: &str) {
    let password = iikura::auth::password::NewPassword::parse(password, &[]).unwrap();
    let hash = password.hash_here().unwrap();
    let now = Moment::from_seconds(server.now());
    let set = server.db.write_here(|conn| {
        let actor = Actor::command_line();
        Ok::<_, Error>(account::set_password(conn, user, &hash, None, &actor, now)?)
    });
    set.unwrap();
}

fn letter_with_a_link_is_hidden_and_wiped_once_sent(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let installation = TestInstallation {
        admin: meeting.server.signed_in(ADMIN),
        server: meeting.server,
    };
    let (_, token) = installation.invite();
    let id = installation.letter().summary.id;
    let letter = token[..20].to_owned();
    let list = installation.admin.get("/mail").body;
    assert!(list.contains(HANAKO) && list.contains("Link to set a password"));
    assert!(!list.contains(&format!("href=\"/mail/{id}\"")));
    for email in [OFFICER, OBSERVER] {
        let browser = installation.server.signed_in(email);
        assert!(!browser.get("/mail").body.contains(HANAKO), "{email}");
        for path in ["", "/html", "/source", "/enclosure"] {
            let answer = browser.get(&format!("/mail/{id}{path}"));
            assert_eq!(answer.status, 404, "{email} {path}");
        }
        let retried = browser.post(&format!("/mail/{id}/retry"), &[]);
        assert_eq!(retried.status, 404, "{email}");
    }
    for path in ["", "/html", "/source", "/enclosure"] {
        let answer = installation.admin.get(&format!("/mail/{id}{path}"));
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.body.contains(&letter), "{path}");
    }
    // It fails, and may be sent again unread.
    installation
        .server
        .sql("UPDATE outbox SET state = 'failed'");
    assert!(installation.admin.get("/").body.contains("1 mail"));
    let retried = installation.admin.post(&format!("/mail/{id}/retry"), &[]);
    assert_eq!(retried.location(), "/mail?done=retried");
    let folder = tempfile::tempdir().unwrap();
    let worker = Worker::new(
        installation.server.db.clone(),
        Transport::files(folder.path().to_owned()),
        installation.server.app.clock.clone(),
        WorkerSignal::default(),
    );
    let system = actix_web::rt::System::new();
    assert_eq!(system.block_on(worker.drain()).unwrap(), 1);
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
    let sent = std::fs::read(file.unwrap().path()).unwrap();
    assert_eq!(token_in(&contents(&sent).plain), token);
    let left = installation.letter();
    assert_eq!(left.summary.label(), "Sent");
    assert!(left.raw.is_empty() && left.summary.wiped_at.is_some());
    assert_eq!(
        installation
            .admin
            .post(&format!("/mail/{id}/retry"), &[])
            .status,
        409
    );
    assert_eq!(set(&installation.server.browser(), &token, NEW).status, 303);
}

fn leased_letter_is_not_retried_after_its_link_ends(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let (user, _) = installation.invite();
    let now = Moment::from_seconds(installation.server.now());
    let write = |work: &dyn Fn(&mut iikura::db::Conn) -> diesel::QueryResult<bool>| {
        let done = installation
            .server
            .db
            .write_here(|conn| Ok::<_, Error>(work(conn)?));
        done.unwrap()
    };
    let claimed = std::cell::RefCell::new(None);
    assert!(write(&|conn| {
        claimed.replace(outbox::claim(conn, "a worker", now)?);
        Ok(claimed.borrow().is_some())
    }));
    let withdrawn = installation.press(&format!("/users/{user}/link/withdrawal"), &[]);
    assert_eq!(withdrawn.status, 303);
    let letter = claimed.take().unwrap();
    assert!(write(&|conn| outbox::retry_later(
        conn,
        &letter,
        Some(421),
        "busy",
        now
    )));
    let left = installation
        .server
        .db
        .read_here(|conn| Ok::<_, Error>(outbox::get(conn, letter.id)?))
        .unwrap()
        .unwrap();
    assert_eq!(left.summary.label(), "Replaced");
    assert!(left.raw.is_empty());
    let why = left.summary.last_error.unwrap();
    assert_eq!(why, "the link in it ended before it left");
}

#[test]
fn what_is_no_password_keeps_the_form_and_the_link() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let (_, token) = installation.invite();
    let browser = installation.server.browser();
    let path = format!("/password/{token}");
    for (new, repeated, why) in [
        ("", "", "The password has 0 characters; take at least 15"),
        ("short", "short", "The password has 5 characters"),
        (
            "violet hanako anchor",
            "violet hanako anchor",
            "contains “hanako”",
        ),
        (NEW, "copper lantern fort", "The passwords differ"),
        (NEW, "", "The passwords differ"),
    ] {
        let fields = [("new_password", new), ("repeated_password", repeated)];
        let answer = browser.post(&path, &fields);
        assert_eq!(answer.status, 422, "{new}");
        assert!(answer.body.contains("<title>Error: Choose your password"));
        assert!(answer.body.contains(why), "{why}: {}", answer.body);
        assert!(!answer.body.contains(NEW));
        assert_eq!(answer.header("referrer-policy"), "strict-origin");
    }
    let more = browser.post(&path, &[("new_password", NEW), ("admin", "1")]);
    assert_eq!(more.status, 400);
    assert_eq!(set(&browser, &token, NEW).status, 303);
}

#[test]
fn cross_site_form_cannot_set_a_password() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let (_, token) = installation.invite();
    let path = format!("/password/{token}");
    let body = "new_password=copper+lantern+forty&repeated_password=copper+lantern+forty";
    let form = ("content-type", "application/x-www-form-urlencoded");
    for from in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = installation
            .server
            .browser()
            .post_as(&path, body, &[form, from]);
        assert_eq!(answer.status, 403, "{from:?}");
    }
    assert_eq!(
        installation.server.browser().get(&path).status,
        200,
        "still good"
    );
}

#[test]
fn client_with_many_invalid_links_waits() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    for _ in 0..100 {
        assert_eq!(browser.get("/password/aaaa").status, 404);
    }
    let rows = installation
        .server
        .count("SELECT count(*) AS count FROM sign_in_failures WHERE throttle_key LIKE 'link:%'");
    assert_eq!(rows, 0, "looking changes nothing");
    for _ in 0..60 {
        assert_eq!(set(&browser, "aaaa", NEW).status, 404);
    }
    assert_eq!(set(&browser, "aaaa", NEW).status, 429);
}

#[test]
fn own_link_and_unknown_delivery_are_refused() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let admin = installation
        .server
        .count("SELECT id AS count FROM users WHERE admin = true");
    for noun in ["reset", "invitation"] {
        let own = installation.press(&format!("/users/{admin}/{noun}"), &[]);
        assert_eq!(own.status, 403, "{noun}");
    }
    let (user, _) = installation.invite();
    let pigeon = installation.press(
        &format!("/users/{user}/invitation"),
        &[("delivery", "pigeon")],
    );
    assert_eq!(pigeon.status, 422);
    assert!(
        pigeon
            .body
            .contains("Delivery of the link: choose one of the two")
    );
    let pigeon = installation.press(
        "/users",
        &[
            ("name", "Jiro"),
            ("email", "jiro@protocol.example"),
            ("delivery", "pigeon"),
        ],
    );
    assert_eq!(pigeon.status, 422);
    let none_yet = installation.press(&format!("/users/{user}/reset"), &[]);
    assert_eq!(none_yet.status, 409);
    assert!(none_yet.body.contains("invite them again instead"));
    assert_eq!(installation.press("/users/7/invitation", &[]).status, 404);
    assert_eq!(
        installation.press("/users/7/link/withdrawal", &[]).status,
        404
    );
}

#[test]
fn invited_user_does_not_count_as_administrator() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    assert_eq!(installation.add(&[("admin", "1")]).status, 303);
    let admin = installation.server.count(&format!(
        "SELECT id AS count FROM users WHERE email = '{ADMIN}'"
    ));
    let disabled = installation.press(&format!("/users/{admin}/disablement"), &[]);
    assert_eq!(disabled.status, 409);
    assert_eq!(
        set(&installation.server.browser(), &installation.mailed(), NEW).status,
        303
    );
    let disabled = installation.press(&format!("/users/{admin}/disablement"), &[]);
    assert_eq!(disabled.status, 303);
}
