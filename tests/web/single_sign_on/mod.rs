//! Single sign-on, with a provider that is a server of its own: bound to the browser that began it, used up by one
//! answer, and followed by what follows a password.

mod accounts;
mod binding;
mod lies;

use std::sync::Arc;

use support::both::{Place, Scratch, on_both};
use support::server::{Answer, Browser, Server};

use support::provider::{self, Provider};

on_both!(identified_user_is_signed_in_with_a_new_cookie);

pub const AKI: &str = "aki@protocol.example";
const ANSWER: &str = "/sign-in/provider/answer";

/// A server that asks a provider, with an account of Aki's.
pub struct TestInstallation {
    pub server: Server,
    pub provider: Provider,
    /// Deleted when the server is gone.
    _place: Arc<Place>,
}

impl TestInstallation {
    pub fn on(scratch: &Scratch) -> Self {
        Self::asking(Provider::start(support::server::START), scratch, &[])
    }

    pub fn asking(provider: Provider, scratch: &Scratch, more: &[&str]) -> Self {
        let flags = provider.flags();
        let flags: Vec<&str> = flags
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect();
        let server = Server::start_on(scratch.url(), &flags);
        server.user(AKI, "Aki Tanaka", false, &[]);
        provider.seats("a-1", AKI, true);
        Self {
            server,
            provider,
            _place: scratch.place(),
        }
    }

    pub fn pass(&self, seconds: i64) {
        self.server.pass(seconds);
        self.provider.does(|script| script.now += seconds);
    }
}

/// The whole way in a browser.
pub fn sign_in(browser: &Browser) -> Answer {
    finish(browser, &to_provider_and_back(browser))
}

/// Presses the button: where the browser is sent.
pub fn begin(browser: &Browser, fields: &[(&str, &str)]) -> String {
    let page = browser.post("/sign-in/provider", fields);
    assert_eq!(page.status, 200, "{}", page.body);
    let address = page.header("refresh").strip_prefix("0; url=");
    let address = address.unwrap().to_owned();
    assert!(
        page.body.contains("Continue to the Ministry"),
        "without refreshing, too"
    );
    address
}

/// Shows who one is at the provider: the path that it sends the browser back to.
pub fn at_provider(address: &str) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .build()
        .into();
    let sent_back = agent.get(address).call().unwrap();
    let back = sent_back.headers()["location"].to_str().unwrap();
    let back = url::Url::parse(back).unwrap();
    assert_eq!(back.path(), ANSWER);
    format!("{ANSWER}?{}", back.query().unwrap())
}

pub fn to_provider_and_back(browser: &Browser) -> Answer {
    let page = browser.get(&at_provider(&begin(browser, &[])));
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Presses the button of the page that the provider has sent the browser to.
pub fn finish(browser: &Browser, page: &Answer) -> Answer {
    let (code, state) = (page.input("code"), page.input("state"));
    browser.post(ANSWER, &[("code", &code), ("state", &state)])
}

pub fn is_in(browser: &Browser) -> bool {
    browser.get("/account").status == 200
}

/// Nobody is in, and the page says so and has both ways in.
pub fn refused(browser: &Browser, answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    let whole = answer.body.contains("You are not signed in")
        && answer.body.contains(words)
        && answer.body.contains("name=\"password\"")
        && answer.body.contains("Sign in with the Ministry");
    assert!(whole, "{}", answer.body);
    assert!(!is_in(browser));
}

fn identified_user_is_signed_in_with_a_new_cookie(scratch: &Scratch) {
    let installation = TestInstallation::on(scratch);
    let browser = installation.server.browser();
    let page = browser.get("/sign-in").body;
    assert!(page.contains("Sign in with the Ministry"), "{page}");
    browser.set_cookie(Some(
        "__Host-iikura=what-somebody-else-put-there".to_owned(),
    ));
    let entered = sign_in(&browser);
    assert_eq!(
        (entered.status, entered.location()),
        (303, "/"),
        "{}",
        entered.body
    );
    assert!(is_in(&browser));
    let cookies: Vec<&str> = entered
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    let set = |start: &str| cookies.iter().any(|cookie| cookie.starts_with(start));
    assert!(
        !set("__Host-iikura=what") && set("__Host-iikura="),
        "{cookies:?}"
    );
    assert!(
        set("__Host-iikura-device="),
        "the account knows the browser: {cookies:?}"
    );
    assert!(set("__Host-iikura-sign-on=;"), "used up: {cookies:?}");
    let count = |sql: &str| {
        installation
            .server
            .count(&format!("SELECT count(*) AS count FROM {sql}"))
    };
    assert_eq!(count("sign_on_flows"), 0);
    assert_eq!(count("sign_on_identities WHERE subject = 'a-1'"), 1);
    for action in ["user.sign_on_known", "user.signed_in"] {
        assert_eq!(
            count(&format!("audit WHERE action = '{action}'")),
            1,
            "{action}"
        );
    }
    // The second time nothing new is to be noted.
    assert_eq!(sign_in(&installation.server.browser()).status, 303);
    assert_eq!(count("audit WHERE action = 'user.sign_on_known'"), 1);
}

#[test]
fn most_providers_sign_by_rsa() {
    let provider = Provider::start_rsa(support::server::START);
    let installation = TestInstallation::asking(provider, &Scratch::sqlite(), &[]);
    assert_eq!(sign_in(&installation.server.browser()).status, 303);
}

#[test]
fn sign_in_returns_to_the_requested_page_only() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let leads_to = |next: &str| {
        let browser = installation.server.browser();
        let page = browser.get(&at_provider(&begin(&browser, &[("next", next)])));
        let entered = finish(&browser, &page);
        assert_eq!(entered.status, 303);
        entered.location().to_owned()
    };
    assert_eq!(leads_to("/account?a=b&c=%2F"), "/account?a=b&c=%2F");
    for foreign in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/..//evil.example",
    ] {
        assert_eq!(leads_to(foreign), "/", "{foreign}");
    }
    assert_eq!(
        installation
            .server
            .browser()
            .post("/sign-in/provider", &[("to", "/")])
            .status,
        400
    );
    // The page that was asked for goes along in the form.
    let page = installation
        .server
        .browser()
        .get("/sign-in?next=%2Faccount");
    let button = page
        .body
        .split("action=\"/sign-in/provider\"")
        .nth(1)
        .unwrap();
    assert!(
        button.contains("name=\"next\" value=\"/account\""),
        "{button}"
    );
}

#[test]
fn a_form_that_waits_is_not_lost_on_the_way() {
    let installation = TestInstallation::on(&Scratch::sqlite());
    let browser = installation.server.browser();
    let asked = browser.post(
        "/account/tokens",
        &[("name", "for printing"), ("current_password", "x")],
    );
    assert_eq!(asked.status, 401);
    let waits = |page: &Answer| {
        [
            ("resume_path", page.input("resume_path")),
            ("resume_body", page.input("resume_body")),
        ]
    };
    let carried = waits(&asked);
    let fields = carried
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert!(asked.body.contains("Sign in with the Ministry"));

    // Not when the provider lets nobody through, nor when it is not to be believed.
    begin(&browser, &fields);
    let stopped = browser.get(&format!("{ANSWER}?error=access_denied"));
    assert_eq!(waits(&stopped), carried);
    installation
        .provider
        .does(|script| script.token = provider::Manner::Broken);
    let page = browser.get(&at_provider(&begin(&browser, &fields)));
    assert_eq!(waits(&finish(&browser, &page)), carried);
    installation
        .provider
        .does(|script| script.token = provider::Manner::Good);

    let page = browser.get(&at_provider(&begin(&browser, &fields)));
    let back = finish(&browser, &page);
    assert_eq!(back.status, 200);
    assert!(
        back.body
            .contains("You are signed in again; nothing was lost"),
        "{}",
        back.body
    );
    assert_eq!(back.input("name"), "for printing");

    // What is too long for the database stays on the page.
    let long = "x".repeat(20_000);
    let kept = browser.post(
        "/sign-in/provider",
        &[("resume_path", "/events"), ("resume_body", &long)],
    );
    assert_eq!(kept.status, 422);
    assert!(kept.body.contains("too long to store"));
    assert_eq!(kept.input("resume_body"), long);
}

#[test]
fn without_a_provider_there_is_no_button_and_no_route() {
    let server = Server::start();
    let browser = server.browser();
    assert!(!browser.get("/sign-in").body.contains("/sign-in/provider"));
    assert_eq!(browser.post("/sign-in/provider", &[]).status, 404);
    let answer = [("code", "x".to_owned()), ("state", "x".repeat(43))];
    let answer = answer
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert_eq!(browser.post(ANSWER, &answer).status, 404);
    let query = format!("{ANSWER}?code=x&state={}", "x".repeat(43));
    assert_eq!(browser.get(&query).status, 404);
    assert_eq!(browser.get(&format!("{ANSWER}?error=x")).status, 404);
}
