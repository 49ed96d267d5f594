//! Whom single sign-on lets in: owners of accounts that are there and work, and nobody else.

use iikura::core::user::EventRole;
use serde_json::{Value, json};

use super::{AKI, TestInstallation, begin, finish, is_in, refused, sign_in, to_provider_and_back};
use crate::second_factor::{code, set_up};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};
use support::server::PASSWORD;

on_both!(
    an_account_belongs_to_whom_it_was_first_opened_for,
    two_first_sign_ins_at_once_are_both_in,
);

const NO_ACCOUNT: &str = "but no account here matches";

#[test]
fn sign_on_creates_no_account() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    let users = "SELECT count(*) AS count FROM users";
    let before = installation.server.count(users);
    installation
        .provider
        .seats("n-1", "nobody@protocol.example", true);
    let unknown = sign_in(&browser);
    refused(&browser, &unknown, 403, NO_ACCOUNT);
    assert_eq!(installation.server.count(users), before);

    // Whatever the reason is, the page is the same, to the letter.
    let others: [(&str, Value); 8] = [
        (
            "unverified",
            json!({ "sub": "a-1", "email": AKI, "email_verified": false }),
        ),
        ("not said", json!({ "sub": "a-1", "email": AKI })),
        (
            "without an address",
            json!({ "sub": "a-1", "email_verified": true }),
        ),
        (
            "no address",
            json!({ "sub": "a-1", "email": "aki", "email_verified": true }),
        ),
        (
            "a kelvin sign",
            json!({ "sub": "a-1", "email": AKI.replace('k', "\u{212a}"), "email_verified": true }),
        ),
        (
            "an address beside",
            json!({ "sub": "a-1", "preferred_username": AKI, "upn": AKI, "email_verified": true }),
        ),
        (
            "disabled",
            json!({ "sub": "a-1", "email": AKI, "email_verified": true }),
        ),
        (
            "invited",
            json!({ "sub": "a-1", "email": AKI, "email_verified": true }),
        ),
    ];
    for (name, claims) in others {
        let sql = |sql: &str| installation.server.sql(&format!("UPDATE users SET {sql}"));
        match name {
            "disabled" => sql("disabled_at = 1"),
            // Has not chosen a password yet.
            "invited" => sql("disabled_at = NULL, password_hash = ''"),
            _ => {}
        }
        installation.provider.does(|script| script.claims = claims);
        let answer = sign_in(&browser);
        assert_eq!(
            (answer.status, &answer.body),
            (403, &unknown.body),
            "{name}"
        );
        assert!(!is_in(&browser));
    }
    let count = |sql: &str| {
        installation
            .server
            .count(&format!("SELECT count(*) AS count FROM {sql}"))
    };
    assert_eq!(count("sign_on_identities"), 0);
    assert_eq!(
        count("audit WHERE action = 'user.sign_in_refused' AND actor LIKE 'somebody at %'"),
        2,
        "the disabled one's and the invited one's"
    );
}

#[test]
fn the_address_is_compared_without_regard_to_capitals() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    installation
        .provider
        .seats("a-1", "Aki@Protocol.Example", true);
    assert_eq!(sign_in(&installation.server.browser()).status, 303);
}

fn an_account_belongs_to_whom_it_was_first_opened_for(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let browser = || installation.server.browser();
    assert_eq!(sign_in(&browser()).status, 303);

    // Another address, verified or not: it is still Aki.
    installation
        .provider
        .seats("a-1", "aki.suzuki@protocol.example", false);
    let known = browser();
    assert_eq!(sign_in(&known).status, 303);
    assert!(known.get("/account").body.contains("Aki Tanaka"));
    installation
        .server
        .user("other@protocol.example", "Other", true, &[]);
    installation
        .provider
        .seats("a-1", "other@protocol.example", true);
    let known = browser();
    assert_eq!(sign_in(&known).status, 303);
    assert!(known.get("/account").body.contains("Aki Tanaka"));

    // Aki's address has gone over to somebody else: they are not Aki.
    installation.provider.seats("b-2", AKI, true);
    let heir = browser();
    refused(&heir, &sign_in(&heir), 403, NO_ACCOUNT);
    let noted = "SELECT count(*) AS count FROM audit WHERE action = 'user.sign_in_refused'";
    assert_eq!(installation.server.count(noted), 1);

    // Until an administrator says so, by disabling the account and enabling it again.
    installation
        .server
        .user("admin@protocol.example", "Admin", true, &[]);
    let admin = installation.server.signed_in("admin@protocol.example");
    let aki = installation
        .server
        .count("SELECT id AS count FROM users WHERE email = 'aki@protocol.example'");
    for what in ["disablement", "enablement"] {
        assert_eq!(admin.post(&format!("/users/{aki}/{what}"), &[]).status, 303);
    }
    assert_eq!(sign_in(&heir).status, 303);
    installation.provider.seats("a-1", AKI, true);
    let former = browser();
    refused(&former, &sign_in(&former), 403, NO_ACCOUNT);
}

fn two_first_sign_ins_at_once_are_both_in(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let ready: Vec<_> = (0..4)
        .map(|_| {
            let browser = installation.server.browser();
            let page = to_provider_and_back(&browser);
            (browser, page)
        })
        .collect();
    std::thread::scope(|scope| {
        for (browser, page) in ready {
            scope.spawn(move || assert_eq!(finish(&browser, &page).status, 303));
        }
    });
    let known = "SELECT count(*) AS count FROM audit WHERE action = 'user.sign_on_known'";
    assert_eq!(installation.server.count(known), 1);
}

#[test]
fn disabled_account_refuses_known_browsers_too() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    assert_eq!(sign_in(&browser).status, 303);
    installation
        .server
        .sql("UPDATE users SET disabled_at = 1 WHERE email = 'aki@protocol.example'");
    refused(&browser, &sign_in(&browser), 403, NO_ACCOUNT);
}

#[test]
fn our_second_factor_is_asked_for_all_the_same() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let device = set_up(&installation.server, &installation.server.signed_in(AKI));
    let browser = installation.server.browser();
    let half = sign_in(&browser);
    assert_eq!((half.status, half.location()), (303, "/sign-in/code"));
    assert!(!is_in(&browser));
    installation.pass(30);
    let entered = code(&browser, &device.code(installation.server.now()));
    assert_eq!(entered.status, 303);
    assert!(is_in(&browser));
}

#[test]
fn who_has_to_have_a_factor_sets_one_up_on_this_way_in_too() {
    let scratch = Scratch::sqlite();
    let installation = TestInstallation::on(&scratch);
    let meeting = Meeting::on(&scratch);
    let role = [(meeting.event, EventRole::Officer)];
    installation
        .server
        .user("mei@protocol.example", "Mei", false, &role);
    installation
        .server
        .sql("UPDATE account_rules SET second_factor_required = TRUE");
    for email in [OFFICER, "mei@protocol.example"] {
        installation.provider.seats(email, email, true);
        let browser = installation.server.browser();
        assert_eq!(sign_in(&browser).location(), "/sign-in/second-factor");
        assert!(!is_in(&browser));
    }
    assert_eq!(
        installation.server.signed_in(AKI).get("/account").status,
        200
    );
}

#[test]
fn repeated_sign_ons_wait_as_with_passwords() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    // What is right counts for nothing.
    for _ in 0..25 {
        assert_eq!(sign_in(&browser).status, 303);
    }
    installation
        .provider
        .seats("n-1", "nobody@protocol.example", true);
    for _ in 0..20 {
        assert_eq!(sign_in(&browser).status, 403);
    }
    installation.provider.seats("a-1", AKI, true);
    let page = to_provider_and_back(&browser);
    assert_eq!(finish(&browser, &page).status, 429);
    let stranger = installation.server.browser();
    let by_password = [("email", AKI), ("password", PASSWORD)];
    assert_eq!(
        stranger.post("/sign-in", &by_password).status,
        429,
        "one count for both ways"
    );
    installation.pass(15 * 60);
    assert_eq!(sign_in(&browser).status, 303);

    installation
        .server
        .sql("UPDATE sign_in_failures SET failures = 300 WHERE throttle_key LIKE 'sign-on:%'");
    assert_eq!(browser.post("/sign-in/provider", &[]).status, 429);
    installation.pass(15 * 60);
    begin(&browser, &[]);
}
