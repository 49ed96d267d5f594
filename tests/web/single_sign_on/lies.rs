//! A provider, or somebody in its place, that is not to be believed or does not answer.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{AKI, TestInstallation, finish, is_in, refused, sign_in, to_provider_and_back};
use support::both::Scratch;
use support::provider::{self, Manner, Provider, Signed};
use support::server::{PASSWORD, START, Server};

const UNCHECKED: &str = "could not be verified";
const SILENT: &str = "the Ministry does not answer";

fn aki_with(more: &Value) -> Value {
    let mut claims = json!({ "sub": "a-1", "email": AKI, "email_verified": true });
    let more = more.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(more);
    claims
}

/// Every way of lying is tried where the same without the lie has just let Aki in.
fn signs_nobody_in(installation: &TestInstallation, name: &str) {
    let browser = installation.server.browser();
    let answer = sign_in(&browser);
    assert!(!is_in(&browser), "{name}");
    refused(&browser, &answer, 502, UNCHECKED);
}

#[test]
fn token_counts_only_for_this_client_sign_in_and_time() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    assert_eq!(sign_in(&installation.server.browser()).status, 303);
    let lies = [
        (
            "another sign-in's nonce",
            json!({ "nonce": "x".repeat(43) }),
        ),
        ("no nonce", json!({ "nonce": null })),
        ("for somebody else", json!({ "aud": "another-client" })),
        (
            "for us and somebody else",
            json!({ "aud": [provider::CLIENT, "another-client"] }),
        ),
        ("for nobody", json!({ "aud": null })),
        (
            "of another issuer",
            json!({ "iss": "https://evil.example" }),
        ),
        (
            "of nearly the same issuer",
            json!({ "iss": format!("{}/", installation.provider.issuer) }),
        ),
        ("of no issuer", json!({ "iss": null })),
        ("over since a second", json!({ "exp": START - 1 })),
        ("without an end", json!({ "exp": null })),
        ("of nobody", json!({ "sub": null })),
        ("of an empty name", json!({ "sub": "" })),
        ("of an endless name", json!({ "sub": "x".repeat(256) })),
        ("verified in a string", json!({ "email_verified": "true" })),
    ];
    for (name, lie) in lies {
        installation
            .provider
            .does(|script| script.claims = aki_with(&lie));
        signs_nobody_in(&installation, name);
    }
    installation
        .provider
        .does(|script| script.claims = aki_with(&json!({})));
    assert_eq!(sign_in(&installation.server.browser()).status, 303);
}

#[test]
fn a_signature_counts_when_only_the_provider_can_make_it() {
    for provider in [Provider::start(START), Provider::start_rsa(START)] {
        let installation = TestInstallation::asking(provider, &Scratch::sqlite(), &[]);
        assert_eq!(sign_in(&installation.server.browser()).status, 303);
        for signed in [
            Signed::ByAnotherKey,
            Signed::NotAtAll,
            Signed::WithThePublicKey,
            Signed::WithTheSecret,
            Signed::ForSomethingElse,
        ] {
            installation.provider.does(|script| script.signed = signed);
            signs_nobody_in(&installation, &format!("{signed:?}"));
        }
    }
}

#[test]
fn failing_token_endpoint_signs_in_no_user_and_returns_soon() {
    let provider = Provider::start(START);
    let installation =
        TestInstallation::asking(provider, &Scratch::sqlite(), &["--oidc-timeout", "1"]);
    for manner in [
        Manner::Broken,
        Manner::Garbage,
        Manner::TooBig,
        Manner::Elsewhere,
    ] {
        installation.provider.does(|script| script.token = manner);
        signs_nobody_in(&installation, &format!("{manner:?}"));
    }
    installation
        .provider
        .does(|script| script.token = Manner::Silent);
    let browser = installation.server.browser();
    let page = to_provider_and_back(&browser);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let answer = finish(&browser, &page);
            (browser, answer)
        });
        let reader = installation.server.browser();
        while !waiting.is_finished() {
            assert_eq!(
                reader.get("/sign-in").status,
                200,
                "others are served meanwhile"
            );
        }
        let (browser, answer) = waiting.join().unwrap();
        refused(&browser, &answer, 502, UNCHECKED);
    });
    let took = began.elapsed();
    assert!(
        (Duration::from_millis(500)..Duration::from_secs(6)).contains(&took),
        "{took:?}"
    );
    installation
        .provider
        .does(|script| script.token = Manner::Good);
    assert_eq!(sign_in(&installation.server.browser()).status, 303);
}

#[test]
fn provider_outage_counts_no_failed_attempt() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    installation
        .provider
        .does(|script| script.token = Manner::Broken);
    for _ in 0..25 {
        signs_nobody_in(&installation, "an outage");
    }
    installation.server.signed_in(AKI);
}

#[test]
fn without_the_provider_there_are_still_passwords() {
    let installation = TestInstallation::asking(
        Provider::start(START),
        &Scratch::sqlite(),
        &["--oidc-timeout", "1"],
    );
    let browser = installation.server.browser();
    let presses = |name: &str| {
        let answer = browser.post("/sign-in/provider", &[("next", "/account")]);
        refused(&browser, &answer, 502, SILENT);
        assert_eq!(answer.input("next"), "/account", "{name}");
        assert!(answer.header("refresh").is_empty() && answer.header("set-cookie").is_empty());
    };
    for manner in [
        Manner::Broken,
        Manner::Garbage,
        Manner::Elsewhere,
        Manner::TooBig,
        Manner::Silent,
    ] {
        installation
            .provider
            .does(|script| script.description = manner);
        presses(&format!("{manner:?}"));
    }
    installation
        .provider
        .does(|script| script.description = Manner::Good);
    let described = [
        json!({ "issuer": "https://evil.example" }),
        json!({ "authorization_endpoint": "http://login.example/authorize" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "jwks_uri": installation.provider.issuer.replace("127.0.0.1", "0.0.0.0") + "/keys" }),
    ];
    for over in described {
        installation
            .provider
            .does(|script| script.described = over.clone());
        presses(&over.to_string());
    }
    installation.server.signed_in(AKI);

    // Nobody there at all.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let flags = provider::flags(&issuer);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let server = Server::start_with(&flags);
    server.user(AKI, "Aki Tanaka", false, &[]);
    let browser = server.browser();
    let answer = browser.post("/sign-in/provider", &[]);
    refused(&browser, &answer, 502, SILENT);
    let by_password = [("email", AKI), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &by_password).status, 303);
}

#[test]
fn token_is_fetched_only_over_encryption() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    // This machine as well, but nothing says so.
    let elsewhere = installation.provider.issuer.replace("127.0.0.1", "0.0.0.0");
    let described = json!({ "token_endpoint": format!("{elsewhere}/token") });
    installation
        .provider
        .does(|script| script.described = described);
    signs_nobody_in(
        &installation,
        "a token endpoint beyond this machine, in the clear",
    );
    assert_eq!(installation.provider.exchanges(), 0);
}
