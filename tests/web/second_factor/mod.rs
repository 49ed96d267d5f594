//! The second factor: set up, asked for on every way in, and good once.

mod required;

use iikura::core::user::UserId;

use support::both::{Scratch, on_both};
use support::server::{Answer, Browser, PASSWORD, Server};

on_both!(
    factor_is_set_up_after_the_password_and_then_required,
    no_code_counts_twice_whatever_the_clock_says,
    a_code_that_arrives_twice_at_once_lets_one_in,
    a_recovery_code_that_arrives_twice_at_once_lets_one_in,
    six_wrong_codes_make_the_seventh_wait_even_on_another_server,
    administrator_removes_a_factor_and_its_owner_sees_it,
);

const AKI: &str = "aki@protocol.example";
const ADMIN: &str = "admin@protocol.example";

/// What somebody carries in their pocket.
pub struct Device {
    totp: totp_rs::Totp,
    codes: Vec<String>,
}

impl Device {
    /// Reads the secret off a page, as people do who type it.
    fn reading(page: &str) -> Self {
        let letters = between(page, "<p class=\"mono secret\">", "</p>").replace(' ', "");
        let secret = totp_rs::Secret::try_from_base32(letters).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        Self {
            totp,
            codes: Vec::new(),
        }
    }

    /// What it shows at a moment.
    pub fn code(&self, at: i64) -> String {
        self.totp.generate(u64::try_from(at).unwrap()).to_string()
    }

    /// Six digits that are wrong now and nearby.
    fn wrong(&self, at: i64) -> String {
        let near: Vec<String> = (-3..=3).map(|step| self.code(at + 30 * step)).collect();
        let mut wrong = (0..).map(|number: u32| format!("{number:06}"));
        wrong.find(|code| !near.contains(code)).unwrap()
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let at = text.find(before).map(|at| at + before.len());
    assert!(at.is_some(), "no {before} in {text}");
    let rest = &text[at.unwrap()..];
    &rest[..rest.find(after).unwrap()]
}

fn codes_on(page: &str) -> Vec<String> {
    let list = between(page, "<ol class=\"codes mono\">", "</ol>");
    let items = list.split("<li>").skip(1);
    items
        .map(|item| item.split('<').next().unwrap().to_owned())
        .collect()
}

/// Sets a factor up on the account page.
pub fn set_up(server: &Server, browser: &Browser) -> Device {
    let page = browser.post(
        "/account/second-factor/seed",
        &[("current_password", PASSWORD)],
    );
    assert_eq!(page.status, 200, "{}", page.body);
    let mut device = Device::reading(&page.body);
    let done = confirm(
        browser,
        "/account/second-factor",
        &page,
        &device.code(server.now()),
    );
    assert_eq!(done.status, 200, "{}", done.body);
    device.codes = codes_on(&done.body);
    device
}

fn confirm(browser: &Browser, path: &str, page: &Answer, code: &str) -> Answer {
    browser.post(path, &[("set_up", &page.input("set_up")), ("code", code)])
}

/// A browser in which the password was right and the code is still to come.
pub fn half_way(server: &Server, email: &str) -> Browser {
    let browser = server.browser();
    let answer = browser.post("/sign-in", &[("email", email), ("password", PASSWORD)]);
    assert_eq!((answer.status, answer.location()), (303, "/sign-in/code"));
    browser
}

/// Types a code as the second step.
pub fn code(browser: &Browser, code: &str) -> Answer {
    browser.post("/sign-in/code", &[("code", code)])
}

fn with_aki(scratch: &Scratch) -> (Server, UserId) {
    let server = Server::start_on(scratch.url(), &[]);
    let aki = server.user(AKI, "Aki", false, &[]);
    (server, aki)
}

fn is_in(browser: &Browser) -> bool {
    browser.get("/account").status == 200
}

fn factor_is_set_up_after_the_password_and_then_required(scratch: &Scratch) {
    let (server, _) = with_aki(scratch);
    let (here, there) = (server.signed_in(AKI), server.signed_in(AKI));
    let seed = "/account/second-factor/seed";
    let wrong = here.post(seed, &[("current_password", "wrong")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("The current password is wrong"));
    assert!(!wrong.body.contains("class=\"mono secret\""));

    let before = here.cookie();
    let page = here.post(seed, &[("current_password", PASSWORD)]);
    assert_eq!(page.status, 200);
    let square = between(&page.body, "<svg class=\"square\"", "</svg>");
    assert!(square.contains("<path class=\"square-dark\" d=\"M4 4h1v1h-1z"));
    assert!(!page.body.contains("style="), "the policy allows none");
    assert_ne!(here.cookie(), before, "a new token for asking again");
    let old = server.browser();
    old.set_cookie(before);
    assert!(!is_in(&old));

    let mut device = Device::reading(&page.body);
    let mistyped = confirm(
        &here,
        "/account/second-factor",
        &page,
        &device.wrong(server.now()),
    );
    assert_eq!(mistyped.status, 422);
    assert!(
        mistyped
            .body
            .contains("Code is not the one your device should show now")
    );
    assert_eq!(
        Device::reading(&mistyped.body).code(server.now()),
        device.code(server.now()),
        "the square need not be read again"
    );
    let used = device.code(server.now());
    let done = confirm(&here, "/account/second-factor", &mistyped, &used);
    assert_eq!(done.status, 200, "{}", done.body);
    device.codes = codes_on(&done.body);
    assert_eq!(device.codes.len(), 10);
    assert!(is_in(&here) && !is_in(&there), "other sessions end");

    // At rest: neither the seed nor a code.
    let letters = between(&page.body, "<p class=\"mono secret\">", "</p>").replace(' ', "");
    let found = |table: &str, column: &str, word: &str| {
        server.count(&format!(
            "SELECT count(*) AS count FROM {table} WHERE upper({column}) LIKE upper('%{word}%')"
        ))
    };
    assert_eq!(found("second_factors", "seed", &letters), 0);
    assert_eq!(
        found(
            "recovery_codes",
            "code_hash",
            &device.codes[0].replace('-', "")
        ),
        0
    );
    assert_eq!(found("recovery_codes", "code_hash", ""), 10);

    // Nothing opens before the code, and the page asked for comes after it.
    let browser = server.browser();
    let first = browser.post(
        "/sign-in",
        &[
            ("email", AKI),
            ("password", PASSWORD),
            ("next", "/account?x=1"),
        ],
    );
    assert_eq!(first.location(), "/sign-in/code?next=%2Faccount%3Fx%3D1");
    let step = browser.cookie();
    assert!(!is_in(&browser));
    let asked = browser.get(first.location());
    assert!(asked.body.contains("autocomplete=\"one-time-code\""));
    let next = asked.input("next");
    let refused = code(&browser, &used);
    assert_eq!(refused.status, 422, "the code that set it up is used");
    assert!(!refused.body.contains(&used));
    server.pass(30);
    let now = device.code(server.now());
    let entered = browser.post("/sign-in/code", &[("code", &now), ("next", &next)]);
    assert_eq!((entered.status, entered.location()), (303, "/account?x=1"));
    assert!(is_in(&browser));
    assert_ne!(
        browser.cookie(),
        step,
        "a new token after the second factor"
    );
    let replay = server.browser();
    replay.set_cookie(step);
    assert_eq!(
        code(&replay, &now).location(),
        "/sign-in",
        "its step is over"
    );
}

fn no_code_counts_twice_whatever_the_clock_says(scratch: &Scratch) {
    let (server, _) = with_aki(scratch);
    let device = set_up(&server, &server.signed_in(AKI));
    server.pass(60);
    let used = device.code(server.now());
    assert_eq!(code(&half_way(&server, AKI), &used).status, 303);
    for passed in [0, 30, -30, -30] {
        server.pass(passed);
        assert_eq!(code(&half_way(&server, AKI), &used).status, 422, "{passed}");
        // Nor an earlier one, which nobody has used.
        let earlier = device.code(server.now() - 30);
        assert_eq!(code(&half_way(&server, AKI), &earlier).status, 422);
        server.sql("DELETE FROM sign_in_failures");
    }
    let recovery = device.codes[3].to_uppercase().replace('-', " ");
    assert_eq!(code(&half_way(&server, AKI), &recovery).status, 303);
    assert_eq!(code(&half_way(&server, AKI), &recovery).status, 422);
    assert_eq!(code(&half_way(&server, AKI), &device.codes[4]).status, 303);
}

/// Sends the same code from as many browsers as there are, all at once: what each was answered.
fn at_once(browsers: &[Browser], typed: &str) -> Vec<(u16, String)> {
    let start = std::sync::Barrier::new(browsers.len());
    let cookies: Vec<_> = browsers.iter().map(Browser::cookie).collect();
    let origin = browsers[0].origin().to_owned();
    std::thread::scope(|scope| {
        let tries: Vec<_> = cookies
            .into_iter()
            .map(|cookie| {
                let (start, origin) = (&start, &origin);
                scope.spawn(move || {
                    let browser = Browser::new(origin);
                    browser.set_cookie(cookie);
                    start.wait();
                    let answer = code(&browser, typed);
                    (answer.status, answer.location().to_owned())
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn one_of_five(server: &Server, typed: &str) {
    // The same browser twice, and four others.
    let mut browsers: Vec<Browser> = (0..4).map(|_| half_way(server, AKI)).collect();
    let twin = server.browser();
    twin.set_cookie(browsers[0].cookie());
    browsers.push(twin);
    let answers = at_once(&browsers, typed);
    let entered = answers.iter().filter(|(_, place)| place == "/").count();
    assert_eq!(entered, 1, "{answers:?}");
    // A twin who comes after the winner has no step any more; everybody else's code is used.
    let refused = |(status, place): &&(u16, String)| *status == 422 || place == "/sign-in";
    assert_eq!(answers.iter().filter(refused).count(), 4, "{answers:?}");
    let signed_in =
        server.count("SELECT count(*) AS count FROM audit WHERE action = 'user.signed_in'");
    assert_eq!(signed_in, 2, "once by password, once by the code");
}

fn a_code_that_arrives_twice_at_once_lets_one_in(scratch: &Scratch) {
    let (server, _) = with_aki(scratch);
    let device = set_up(&server, &server.signed_in(AKI));
    server.pass(30);
    one_of_five(&server, &device.code(server.now()));
}

fn a_recovery_code_that_arrives_twice_at_once_lets_one_in(scratch: &Scratch) {
    let (server, _) = with_aki(scratch);
    let device = set_up(&server, &server.signed_in(AKI));
    one_of_five(&server, &device.codes[0]);
}

fn six_wrong_codes_make_the_seventh_wait_even_on_another_server(scratch: &Scratch) {
    let (server, aki) = with_aki(scratch);
    let device = set_up(&server, &server.signed_in(AKI));
    server.pass(60);
    for number in 0..6 {
        // From a new browser each time: it is the account that counts.
        let wrong = code(&half_way(&server, AKI), &device.wrong(server.now()));
        assert_eq!(wrong.status, 422, "{number}");
        assert!(wrong.body.contains("The code is wrong or was used before"));
    }
    let saved = format!(
        "SELECT count(*) AS count FROM sign_in_failures WHERE throttle_key = 'code:{}' AND failures = 6",
        aki.0
    );
    assert_eq!(server.count(&saved), 1);
    let right = device.code(server.now());
    let seventh = code(&half_way(&server, AKI), &right);
    assert_eq!(seventh.status, 429, "even if right");
    assert!(seventh.body.contains("Wait 15 minutes and try again."));
    // Begun at another time, so the clocks are brought together.
    let other = Server::start_on(scratch.url(), &[]);
    other.pass(60);
    assert_eq!(code(&half_way(&other, AKI), &device.codes[0]).status, 429);
    server.pass(15 * 60);
    let later = device.code(server.now());
    assert_eq!(code(&half_way(&server, AKI), &later).status, 303);
    assert_eq!(
        server.count("SELECT count(*) AS count FROM audit WHERE action = 'user.code_refused'"),
        6
    );
}

fn administrator_removes_a_factor_and_its_owner_sees_it(scratch: &Scratch) {
    let (server, aki) = with_aki(scratch);
    let admin_id = server.user(ADMIN, "Admin", true, &[]);
    let browser = server.signed_in(AKI);
    set_up(&server, &browser);
    let waiting = half_way(&server, AKI);
    let admin = server.signed_in(ADMIN);
    let page = format!("/users/{}", aki.0);
    let removal = format!("{page}/second-factor/removal");
    assert!(admin.get(&page).body.contains(&removal));
    assert_eq!(browser.post(&removal, &[]).status, 403);
    let answer = admin.post(&removal, &[]);
    assert_eq!(answer.location(), format!("{page}?done=factor-reset"));
    assert!(
        admin
            .get(answer.location())
            .body
            .contains("Inform the user; the account page says so, too.")
    );
    assert!(!is_in(&browser), "sessions end");
    assert_eq!(
        waiting.get("/sign-in/code").location(),
        "/sign-in",
        "half ones, too"
    );
    let audited = "SELECT count(*) AS count FROM audit WHERE action = 'user.factor_reset' AND actor_id = (SELECT id FROM users WHERE name = 'Admin') AND subject_id = (SELECT id FROM users WHERE name = 'Aki')";
    assert_eq!(server.count(audited), 1);
    assert_eq!(admin.post(&removal, &[]).status, 409, "there is none");
    assert_eq!(
        admin.post("/users/1/second-factor/removal", &[]).status,
        404
    );
    let own = format!("/users/{}/second-factor/removal", admin_id.0);
    assert_eq!(admin.post(&own, &[]).status, 403);

    let again = server.signed_in(AKI);
    let told = "Your second factor was removed";
    assert!(again.get("/account").body.contains(told));
    server.pass(30);
    set_up(&server, &again);
    assert!(!again.get("/account").body.contains(told));
}

#[test]
fn user_renews_recovery_codes_and_removes_the_factor() {
    let server = Server::start();
    server.user(AKI, "Aki", false, &[]);
    let browser = server.signed_in(AKI);
    let device = set_up(&server, &browser);
    for path in ["recovery-codes", "removal"] {
        let path = format!("/account/second-factor/{path}");
        assert_eq!(
            browser.post(&path, &[("current_password", "wrong")]).status,
            422
        );
        assert_eq!(browser.post(&path, &[]).status, 422);
    }
    let right = [("current_password", PASSWORD)];
    let renewed = browser.post("/account/second-factor/recovery-codes", &right);
    let codes = codes_on(&renewed.body);
    assert_eq!(codes.len(), 10);
    assert_eq!(code(&half_way(&server, AKI), &device.codes[0]).status, 422);
    let elsewhere = half_way(&server, AKI);
    assert_eq!(code(&elsewhere, &codes[9]).status, 303);
    assert!(
        browser
            .get("/account/second-factor")
            .body
            .contains("<dd>9</dd>")
    );
    let waiting = half_way(&server, AKI);

    let removed = browser.post("/account/second-factor/removal", &right);
    assert_eq!(removed.location(), "/account?done=factor-removed");
    assert!(is_in(&browser) && !is_in(&elsewhere));
    assert_eq!(code(&waiting, &codes[0]).location(), "/sign-in");
    server.signed_in(AKI);
    let none = browser.post("/account/second-factor/recovery-codes", &right);
    assert_eq!(
        none.status, 404,
        "there is no factor they could stand in for"
    );
}

#[test]
fn what_makes_no_sense_is_answered_with_what_to_do() {
    let server = Server::start();
    server.user(AKI, "Aki", false, &[]);
    let browser = server.signed_in(AKI);
    for (fields, status) in [
        (&[("code", "123456")][..], 409),
        (&[("code", "123456"), ("set_up", "forged")], 409),
        (&[("code", "123456"), ("set_up", "x"), ("admin", "1")], 400),
    ] {
        let answer = browser.post("/account/second-factor", fields);
        assert_eq!(answer.status, status, "{fields:?}");
    }
    let right = [("current_password", PASSWORD)];
    let page = browser.post("/account/second-factor/seed", &right);
    for typed in ["", "12345", "飯倉", "abcd-abcd-abcd-abcd", "１２３４５６"] {
        let answer = confirm(&browser, "/account/second-factor", &page, typed);
        assert_eq!(answer.status, 422, "{typed}");
        assert!(answer.body.contains("There is a problem"));
    }
    // What was lent to this session is of no use to another, nor after a quarter of an hour.
    let code_now = Device::reading(&page.body).code(server.now());
    let thief = server.signed_in(AKI);
    assert_eq!(
        confirm(&thief, "/account/second-factor", &page, &code_now).status,
        409
    );
    server.pass(15 * 60);
    let late = Device::reading(&page.body).code(server.now());
    assert_eq!(
        confirm(&browser, "/account/second-factor", &page, &late).status,
        409
    );

    let device = set_up(&server, &browser);
    for typed in ["", "12345", "飯倉", "a", "１２３４５６"] {
        let answer = code(&half_way(&server, AKI), typed);
        assert_eq!(answer.status, 422, "{typed}");
    }
    assert_eq!(
        server.count(
            "SELECT count(*) AS count FROM sign_in_failures WHERE throttle_key LIKE 'code:%'"
        ),
        0,
        "what cannot be a code costs no try"
    );
    let waiting = half_way(&server, AKI);
    assert_eq!(waiting.post("/sign-in/code", &[("codes", "1")]).status, 400);
    server.pass(10 * 60);
    let late = device.code(server.now());
    assert_eq!(code(&waiting, &late).location(), "/sign-in", "too late");
    assert_eq!(code(&server.browser(), &late).location(), "/sign-in");
}

#[test]
fn a_form_that_waited_is_still_there_after_the_code() {
    let server = Server::start();
    server.user(ADMIN, "Admin", true, &[]);
    let browser = server.signed_in(ADMIN);
    let device = set_up(&server, &browser);
    server.pass(31 * 60);
    let typed = "\"><img src=x> 飯倉 & co";
    let ended = browser.post(
        "/users",
        &[("name", typed), ("email", "new@protocol.example")],
    );
    assert_eq!(ended.status, 401);
    let (path, body) = (ended.input("resume_path"), ended.input("resume_body"));
    let waiting = [("resume_path", path.as_str()), ("resume_body", &body)];
    let signing_in = [("email", ADMIN), ("password", PASSWORD)];
    let asked = browser.post("/sign-in", &[&signing_in[..], &waiting].concat());
    assert_eq!(asked.status, 200);
    assert_eq!(asked.input("resume_body"), body);
    let mistyped = browser.post("/sign-in/code", &[&[("code", "x")][..], &waiting].concat());
    assert_eq!(
        (mistyped.status, mistyped.input("resume_body")),
        (422, body.clone())
    );
    let now = device.code(server.now());
    let again = browser.post(
        "/sign-in/code",
        &[&[("code", now.as_str())][..], &waiting].concat(),
    );
    assert_eq!(again.status, 200);
    assert!(again.body.contains("nothing was lost") && !again.body.contains("<img src=x"));
    assert_eq!(again.input("name"), typed);
    // Whose second step came too late begins anew, with the form.
    let late = server
        .browser()
        .post("/sign-in/code", &[&[("code", "1")][..], &waiting].concat());
    assert_eq!((late.status, late.input("resume_body")), (401, body));
}

#[test]
fn seed_of_another_secret_file_leaves_recovery_codes() {
    let scratch = Scratch::sqlite();
    let (server, _) = with_aki(&scratch);
    let device = set_up(&server, &server.signed_in(AKI));
    // It makes a secret file of its own.
    let other = Server::start_on(scratch.url(), &[]);
    other.pass(30);
    let now = device.code(other.now());
    assert_eq!(code(&half_way(&other, AKI), &now).status, 422);
    assert_eq!(code(&half_way(&other, AKI), &device.codes[0]).status, 303);
}

#[test]
fn seed_moved_to_another_account_is_invalid() {
    let server = Server::start();
    let aki = server.user(AKI, "Aki", false, &[]);
    let eve = server.user("eve@protocol.example", "Eve", false, &[]);
    set_up(&server, &server.signed_in(AKI));
    let device = set_up(&server, &server.signed_in("eve@protocol.example"));
    server.sql(&format!(
        "UPDATE second_factors SET seed = (SELECT seed FROM second_factors WHERE user_id = {}) WHERE user_id = {}",
        eve.0, aki.0
    ));
    server.pass(30);
    let now = device.code(server.now());
    assert_eq!(code(&half_way(&server, AKI), &now).status, 422);
    assert_eq!(
        code(&half_way(&server, "eve@protocol.example"), &now).status,
        303
    );
}
