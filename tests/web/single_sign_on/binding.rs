//! An answer of the provider counts in the browser that asked, once, for ten minutes, and on any server.

use iikura::jobs::maintenance::Maintenance;

use super::{
    ANSWER, TestInstallation, at_provider, begin, finish, is_in, refused, to_provider_and_back,
};
use support::both::{Scratch, on_both};
use support::provider::Provider;
use support::server::{Browser, START, Server};

on_both!(
    an_answer_that_arrives_twice_at_once_lets_one_in,
    another_server_takes_up_what_the_first_began,
);

const OVER: &str = "started in another browser or more than ten minutes ago";

#[test]
fn sign_on_is_bound_to_the_browser_by_an_http_only_cookie() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    let page = browser.post("/sign-in/provider", &[]);
    let cookie = page.header("set-cookie").to_owned();
    let (pair, flags) = cookie.split_once("; ").unwrap();
    assert_eq!(flags, "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600");
    let token = pair.strip_prefix("__Host-iikura-sign-on=").unwrap();
    assert_eq!(token.len(), 43);
    let address = url::Url::parse(page.header("refresh").strip_prefix("0; url=").unwrap()).unwrap();
    let asked: Vec<String> = address
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    for name in [
        "state",
        "nonce",
        "code_challenge",
        "redirect_uri",
        "client_id",
    ] {
        assert!(
            asked.iter().any(|asked| asked == name),
            "{name} in {asked:?}"
        );
    }
    assert!(
        !address.as_str().contains(token),
        "it does not leave the browser"
    );
    let sql = format!(
        "SELECT count(*) AS count FROM sign_on_flows WHERE length(token_hash) = 64 AND token_hash <> '{token}'"
    );
    assert_eq!(installation.server.count(&sql), 1);
}

#[test]
fn callback_changes_nothing_until_its_button_is_pressed() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    let back = at_provider(&begin(&browser, &[]));
    for _ in 0..3 {
        let page = browser.get(&back);
        assert_eq!(page.status, 200);
        assert_eq!(page.header("referrer-policy"), "strict-origin");
        assert!(page.header("set-cookie").is_empty());
    }
    assert_eq!(installation.provider.exchanges(), 0);
    assert_eq!(
        installation
            .server
            .count("SELECT count(*) AS count FROM sessions"),
        0
    );
    let page = browser.get(&back);
    let body = format!("code={}&state={}", page.input("code"), page.input("state"));
    let form = ("content-type", "application/x-www-form-urlencoded");
    for foreign in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for path in ["/sign-in/provider", ANSWER] {
            assert_eq!(browser.post_as(path, &body, &[foreign, form]).status, 403);
        }
    }
    assert_eq!(finish(&browser, &page).status, 303);
}

#[test]
fn answer_in_another_browser_does_not_sign_in() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let (evil, victim) = (installation.server.browser(), installation.server.browser());
    // Somebody has an answer of their own opened where another person sits.
    let page = to_provider_and_back(&evil);
    refused(&victim, &finish(&victim, &page), 409, OVER);
    // Also when that person is on the way as well.
    begin(&victim, &[]);
    refused(&victim, &finish(&victim, &page), 409, OVER);
    assert_eq!(
        installation.provider.exchanges(),
        0,
        "the provider is not even asked"
    );
    assert_eq!(
        finish(&evil, &page).status,
        303,
        "nor is it used up by that"
    );
}

#[test]
fn invalid_state_or_cookie_does_not_sign_in() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    let page = to_provider_and_back(&browser);
    let code = page.input("code");
    let other = page
        .input("state")
        .replace(|c: char| c.is_ascii_lowercase(), "x");
    let wrong = browser.post(ANSWER, &[("code", &code), ("state", &other)]);
    refused(&browser, &wrong, 409, OVER);
    let sent = |fields: &[(&str, &str)]| browser.post(ANSWER, fields).status;
    let state = page.input("state");
    assert_eq!(sent(&[]), 400);
    assert_eq!(sent(&[("code", &code)]), 400);
    assert_eq!(sent(&[("code", ""), ("state", &state)]), 400);
    assert_eq!(sent(&[("code", &"x".repeat(5000)), ("state", &state)]), 400);
    assert_eq!(sent(&[("code", &code), ("state", "short")]), 400);
    assert_eq!(
        sent(&[("code", &code), ("state", &state), ("next", "/")]),
        400
    );
    let asked = |query: &str| browser.get(&format!("{ANSWER}{query}"));
    assert_eq!(asked("").status, 400);
    assert_eq!(asked("?code=x&state=%00").status, 400);
    assert!(asked("?code=x").body.contains("Start at the sign-in page"));
    let stopped = asked("?error=access_denied&error_description=call+0900-evil&state=x");
    refused(
        &browser,
        &stopped,
        403,
        "the Ministry did not confirm your identity",
    );
    assert!(
        !stopped.body.contains("evil"),
        "nothing of the address is shown"
    );
    let forged = installation.server.browser();
    forged.set_cookie(Some(
        "__Host-iikura-sign-on=\"; DROP TABLE users".to_owned(),
    ));
    assert_eq!(finish(&forged, &page).status, 409);
    assert_eq!(finish(&browser, &page).status, 303);
}

#[test]
fn an_answer_counts_once() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    let page = to_provider_and_back(&browser);
    let thief = browser.at(&installation.server.origin);
    assert_eq!(finish(&browser, &page).status, 303);
    // With everything that the browser had.
    refused(&thief, &finish(&thief, &page), 409, OVER);
    assert_eq!(installation.provider.exchanges(), 1);
}

fn an_answer_that_arrives_twice_at_once_lets_one_in(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let browser = installation.server.browser();
    for round in 1..=4 {
        let page = to_provider_and_back(&browser);
        let copies: Vec<Browser> = (0..4)
            .map(|_| browser.at(&installation.server.origin))
            .collect();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let sent: Vec<_> = copies
                .into_iter()
                .map(|copy| {
                    let page = &page;
                    scope.spawn(move || finish(&copy, page).status)
                })
                .collect();
            sent.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let inside = statuses.iter().filter(|status| **status == 303).count();
        let outside = statuses.iter().filter(|status| **status == 409).count();
        assert_eq!((inside, outside), (1, 3), "{statuses:?}");
        assert_eq!(installation.provider.exchanges(), round);
        // What did not count is counted as failed.
        installation.server.sql("DELETE FROM sign_in_failures");
    }
}

fn another_server_takes_up_what_the_first_began(scratch: &Scratch) {
    const PUBLIC: &str = "https://iikura.example";
    let installation =
        TestInstallation::asking(Provider::start(START), scratch, &["--public-url", PUBLIC]);
    let flags = [
        installation.provider.flags(),
        vec!["--public-url".into(), PUBLIC.into()],
    ]
    .concat();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let other = Server::start_on(scratch.url(), &flags);
    let headers = [
        ("origin", PUBLIC),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let first = installation.server.browser();
    let sent = first.post_as("/sign-in/provider", "next=%2Faccount", &headers);
    let address = sent.header("refresh").strip_prefix("0; url=").unwrap();
    assert!(
        address.contains("redirect_uri=https%3A%2F%2Fiikura.example%2Fsign-in"),
        "{address}"
    );
    let second = first.at(&other.origin);
    let page = second.get(&at_provider(address));
    let body = format!("code={}&state={}", page.input("code"), page.input("state"));
    let entered = second.post_as(ANSWER, &body, &headers);
    assert_eq!(
        (entered.status, entered.location()),
        (303, "/account"),
        "{}",
        entered.body
    );
    assert!(is_in(&second));
    assert_eq!(
        first.post_as(ANSWER, &body, &headers).status,
        409,
        "used up on both"
    );
}

#[test]
fn ten_minutes_are_enough_and_not_more() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    let page = to_provider_and_back(&browser);
    installation.pass(599);
    assert_eq!(finish(&browser, &page).status, 303);
    let late = installation.server.browser();
    let page = to_provider_and_back(&late);
    installation.pass(600);
    refused(&late, &finish(&late, &page), 409, OVER);
    let flows = "SELECT count(*) AS count FROM sign_on_flows";
    begin(&installation.server.browser(), &[]);
    installation.pass(601);
    begin(&installation.server.browser(), &[]);
    Maintenance::new(&installation.server.app).clean();
    assert_eq!(
        installation.server.count(flows),
        1,
        "what is over is swept away"
    );
    // Begun by a clock that ran ahead.
    let ahead = installation.server.browser();
    let page = to_provider_and_back(&ahead);
    installation.pass(-3600);
    refused(&ahead, &finish(&ahead, &page), 409, OVER);
}
