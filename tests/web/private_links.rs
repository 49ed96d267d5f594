//! Private links: the button, what it leaves in a browser, and when both end.

use iikura::jobs::maintenance::Maintenance;

use crate::answers::{led, links, traces};
use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};
use support::server::Browser;

on_both!(
    link_is_exchanged_for_a_cookie_once_in_each_browser,
    a_browser_that_holds_two_delegations_never_mixes_them_up,
    links_expire_a_week_after_the_event_or_a_month_after_issue,
    what_a_browser_holds_ends_after_thirty_days,
    renewed_links_end_browser_passes_at_the_next_request,
    a_clock_set_back_revives_nothing,
    officers_see_when_a_link_was_first_and_last_used_by_others,
    a_browser_is_closed_again,
    buttons_are_not_pressed_without_end,
    invalid_links_are_counted_only_when_pressed,
);

const EVENT: &str = "/events/ca-jad-9";
const KZ: &str = "kz@delegations.example";
const DAY: i64 = 86_400;

/// The meeting with a bilateral that both of its delegations were told of.
fn told(scratch: &Scratch, words: &[&str]) -> (Meeting, Browser) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    for words in words {
        let slot = meeting.slot(words);
        let path = format!("/slots/{}/confirmation", slot.id);
        let version = slot.version.to_string();
        let confirmed = officer.post(&path, &[("version", &version)]);
        assert_eq!(confirmed.status, 303, "{}", confirmed.body);
    }
    (meeting, officer)
}

fn link_is_exchanged_for_a_cookie_once_in_each_browser(scratch: &Scratch) {
    let (meeting, _) = told(scratch, &["Kazakhstan"]);
    let (answer, whole) = links(&meeting, KZ);
    let answer = answer.unwrap();
    let liaison = meeting.server.browser();
    let page = liaison.get(&whole);
    assert!(page.body.contains(">Open the schedule</button>"));
    let asked = liaison.get(&answer).body;
    assert!(asked.contains(">Answer for this meeting</button>"));

    let opened = liaison.post(&whole, &[]);
    assert_eq!(opened.status, 303);
    let address = opened.location();
    assert_eq!(address, "/schedule/ca-jad-9/KZ");
    let cookie = opened.header("set-cookie");
    let (pair, rest) = cookie.split_once("; ").unwrap();
    let (name, token) = pair.split_once('=').unwrap();
    assert!(name.starts_with("__Host-iikura-link-"), "{name}");
    assert_eq!(token.len(), 43, "256 bits, base64url");
    // The month after 24 December 2022 is nearer than what the event leaves: it was imported just now.
    let mut parts: Vec<&str> = rest.split("; ").collect();
    parts.sort_unstable();
    assert_eq!(
        parts,
        [
            "HttpOnly",
            "Max-Age=2592000",
            "Path=/",
            "SameSite=Lax",
            "Secure"
        ]
    );
    let stored = format!("SELECT count(*) AS count FROM link_passes WHERE token_hash = '{token}'");
    assert_eq!(meeting.server.count(&stored), 0, "only its hash is stored");

    let page = liaison.get(address);
    assert_eq!(page.status, 200);
    for words in ["Schedule of Kazakhstan", "17:20–17:45 (JST, UTC+9)"] {
        assert!(page.body.contains(words), "{words} in {}", page.body);
    }
    // Of the tokens, only the calendar's address has one; it is there to be copied.
    for href in page.body.split("href=\"").skip(1) {
        let href = href.split('"').next().unwrap();
        assert!(
            !href.contains("/d/") || href.ends_with("/schedule.ics"),
            "{href}"
        );
    }
    let slot = meeting.slot("Kazakhstan").id;
    let asked = format!("{address}/slots/{slot}?sequence=0");
    for (link, target) in [(&whole, address), (&answer, &asked)] {
        let again = liaison.get(link);
        assert_eq!(
            (again.status, again.location()),
            (303, target),
            "no second press"
        );
    }
    assert!(liaison.get(&asked).body.contains("Will you be there?"));

    // Nobody learns where these pages' readers come from.
    for path in [&whole, address, &asked, "/d/nothing", "/schedule/no/XX"] {
        let page = liaison.get(path);
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(page.header("x-robots-tag"), "noindex", "{path}");
    }
    // The address opens nothing by itself.
    let stranger = meeting.server.browser();
    let nothing = stranger.get("/schedule/no-such/XX");
    assert!(
        nothing
            .body
            .contains("This schedule is not open in this browser")
    );
    for path in [address, &asked, &format!("{address}/schedule.pdf")] {
        let found = stranger.get(path);
        assert_eq!((found.status, &found.body), (404, &nothing.body), "{path}");
    }
}

/// Under `no-referrer` a browser keeps back where a form comes from, and says whose it is in `Sec-Fetch-Site` alone.
#[test]
fn form_without_origin_counts_only_on_private_pages() {
    let (meeting, officer) = told(&Scratch::sqlite(), &["Kazakhstan"]);
    let (_, whole) = links(&meeting, KZ);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let own = [kind, ("origin", "null"), ("sec-fetch-site", "same-origin")];
    let liaison = meeting.server.browser();
    for headers in [
        &[kind, ("origin", "null")][..],
        &[kind, ("origin", "null"), ("sec-fetch-site", "none")],
        &[kind, ("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[
            kind,
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ],
    ] {
        let refused = liaison.post_as(&whole, "", headers);
        assert_eq!(refused.status, 403, "{headers:?}");
    }
    assert_eq!(liaison.post_as(&whole, "", &own).status, 303);
    let zoom = format!("{EVENT}/zoom");
    assert_eq!(officer.post_as(&zoom, "zoom=far", &own).status, 403);
}

fn a_browser_that_holds_two_delegations_never_mixes_them_up(scratch: &Scratch) {
    let (meeting, _) = told(scratch, &["Kazakhstan", "Uzbekistan"]);
    let (kazakh, whole_kazakh) = links(&meeting, KZ);
    let (_, uzbek) = links(&meeting, "uz@delegations.example");
    let liaison = meeting.server.browser();
    let opened = [led(&liaison, &whole_kazakh), led(&liaison, &uzbek)];
    assert_eq!(liaison.passes().len(), 2);
    for link in [&whole_kazakh, &uzbek, &whole_kazakh] {
        let (own, others) = if *link == uzbek {
            ("Uzbekistan", "Kazakhstan")
        } else {
            ("Kazakhstan", "Uzbekistan")
        };
        let page = liaison.get(&led(&liaison, link)).body;
        assert!(page.contains(&format!("Schedule of {own}")), "{page}");
        assert!(!page.contains(others), "{page}");
    }
    // Both stay open side by side, and each takes answers for its own.
    let slot = meeting.slot("Japan–Kazakhstan").id;
    let form = [("sequence", "0"), ("answer", "accepted"), ("comment", "")];
    let answer = |page: &str| liaison.post(&format!("{page}/slots/{slot}"), &form).status;
    assert_eq!((answer(&opened[1]), answer(&opened[0])), (404, 303));
    let programme = meeting.programme();
    let answers: Vec<_> = programme.ledger.answers().collect();
    let party = programme.delegation_by_code("KZ").unwrap().id;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].delegation, party);

    // One delegation's pass under the other's name opens nothing.
    let names = liaison.passes();
    let split = |pair: &String| {
        let (name, token) = pair.split_once('=').unwrap();
        (name.to_owned(), token.to_owned())
    };
    let (first, second) = (split(&names[0]), split(&names[1]));
    let swapped = format!("{}={}; {}={}", first.0, second.1, second.0, first.1);
    let thief = meeting.server.browser();
    thief.set_cookie(Some(swapped));
    for path in opened {
        assert_eq!(thief.get(&path).status, 404, "{path}");
    }
    assert_eq!(thief.get(&kazakh.unwrap()).status, 200, "the button");
}

fn links_expire_a_week_after_the_event_or_a_month_after_issue(scratch: &Scratch) {
    let (meeting, officer) = told(scratch, &["Kazakhstan"]);
    let server = &meeting.server;
    // Made long before the event, whose one day is 24 December in Tokyo: seven days more end at 15:00 UTC.
    server.sql("UPDATE private_links SET issued_at = 0");
    let page = officer.get(&format!("{EVENT}/delegations/KZ")).body;
    assert!(
        page.contains("The links are valid until Saturday, 31 December 2022."),
        "{page}"
    );
    let (answer, whole) = links(&meeting, KZ);
    let (answer, feed) = (answer.unwrap(), format!("{whole}/schedule.ics"));
    let liaison = server.browser();
    let address = led(&liaison, &whole);
    let last = 1_672_498_800 - 1;
    server.pass(last - server.now());
    let newcomer = server.browser();
    let opened = newcomer.post(&whole, &[]);
    let mut parts = opened.header("set-cookie").split("; ");
    assert!(parts.any(|part| part == "Max-Age=1"), "{opened:?}");
    assert_eq!(
        (liaison.get(&address).status, liaison.get(&feed).status),
        (200, 200)
    );

    server.pass(1);
    let before = traces(&meeting);
    for path in [&answer, &whole, &feed, &address] {
        let over = liaison.get(path);
        assert_eq!(over.status, 410, "{path}");
        for words in [
            "This link has expired",
            "were valid until Saturday, 31 December 2022",
            "protocol@iikura.example",
        ] {
            assert!(over.body.contains(words), "{words} in {}", over.body);
        }
        assert!(!over.body.contains("Kazakhstan"), "{}", over.body);
    }
    assert_eq!(traces(&meeting), before, "to look changes nothing");
    assert_eq!(server.browser().post(&whole, &[]).status, 410);

    // The office makes new ones, which open for thirty days from now.
    let officer = server.signed_in(OFFICER);
    let told = officer.get(&format!("{EVENT}/answers")).body;
    assert!(told.contains("The links were valid until"), "{told}");
    let renewed = officer.post(&format!("{EVENT}/delegations/KZ/links"), &[]);
    assert_eq!(renewed.status, 303);
    let page = officer.get(&format!("{EVENT}/delegations/KZ")).body;
    assert!(
        page.contains("The links are valid until Monday, 30 January 2023."),
        "{page}"
    );
    let start = page.find("/d/").unwrap();
    let new = page[start..].split('"').next().unwrap();
    server.pass(30 * DAY - 1);
    assert_eq!(server.browser().get(new).status, 200);
    server.pass(1);
    assert_eq!(server.browser().get(new).status, 410);
}

fn what_a_browser_holds_ends_after_thirty_days(scratch: &Scratch) {
    let (meeting, _) = told(scratch, &["Kazakhstan"]);
    let server = &meeting.server;
    let (_, whole) = links(&meeting, KZ);
    // The links themselves last for longer.
    let issued = server.now() + 20 * DAY;
    server.sql(&format!("UPDATE private_links SET issued_at = {issued}"));
    let liaison = server.browser();
    let address = led(&liaison, &whole);
    server.pass(30 * DAY - 1);
    assert_eq!(liaison.get(&address).status, 200);
    server.pass(1);
    let over = liaison.get(&address);
    assert_eq!(over.status, 404);
    assert!(
        over.body
            .contains("This schedule is not open in this browser")
    );
    let button = liaison.get(&whole);
    assert!(
        button.body.contains(">Open the schedule</button>"),
        "the button again"
    );
    liaison.open(&whole);
    assert_eq!(liaison.get(&address).status, 200);
    Maintenance::new(&server.app).clean();
    let kept = server.count("SELECT count(*) AS count FROM link_passes");
    assert_eq!(kept, 1, "what is over is gone");
}

fn renewed_links_end_browser_passes_at_the_next_request(scratch: &Scratch) {
    let (meeting, officer) = told(scratch, &["Kazakhstan"]);
    let (_, whole) = links(&meeting, KZ);
    let liaison = meeting.server.browser();
    let address = led(&liaison, &whole);
    let slot = meeting.slot("Japan–Kazakhstan").id;
    let answering = format!("{address}/slots/{slot}");
    let paper = format!("{address}/schedule.pdf");
    assert_eq!(liaison.get(&answering).status, 200);
    let renewed = officer.post(&format!("{EVENT}/delegations/KZ/links"), &[]);
    assert_eq!(renewed.status, 303);
    for path in [&address, &answering, &paper, &whole] {
        let gone = liaison.get(path);
        assert_eq!(gone.status, 410, "{path}");
        assert!(gone.body.contains("This link has been replaced"));
    }
    let form = [("sequence", "0"), ("answer", "declined"), ("comment", "")];
    assert_eq!(liaison.post(&answering, &form).status, 410);
    assert!(meeting.programme().ledger.answers().next().is_none());
}

fn a_clock_set_back_revives_nothing(scratch: &Scratch) {
    let (meeting, _) = told(scratch, &["Kazakhstan"]);
    let server = &meeting.server;
    let (_, whole) = links(&meeting, KZ);
    let feed = format!("{whole}/schedule.ics");
    let liaison = server.browser();
    let address = led(&liaison, &whole);
    let issued = server.now() + DAY;
    server.sql(&format!("UPDATE private_links SET issued_at = {issued}"));
    // First the pass alone is over, then the links.
    server.pass(30 * DAY);
    assert_eq!(liaison.get(&address).status, 404);
    server.pass(-2 * DAY);
    assert_eq!(liaison.get(&address).status, 404, "the pass was over");
    assert_eq!(liaison.get(&whole).status, 200, "the link is not");
    server.pass(3 * DAY);
    assert_eq!(liaison.get(&feed).status, 410);
    server.pass(-3 * DAY);
    for path in [&whole, &feed] {
        assert_eq!(liaison.get(path).status, 410, "the links were over");
    }
    assert_eq!(liaison.post(&whole, &[]).status, 410);

    // A press of the button has written it down, for other servers and for later.
    let seen = "SELECT count(*) AS count FROM private_links WHERE seen_over_at IS NOT NULL";
    assert_eq!(server.count(seen), 1);

    // A pass that was made by a clock that ran ahead opens nothing once it is right again.
    let (meeting, _) = told(&Scratch::sqlite(), &["Kazakhstan"]);
    let (_, whole) = links(&meeting, KZ);
    let liaison = meeting.server.browser();
    meeting.server.pass(DAY);
    let address = led(&liaison, &whole);
    assert_eq!(liaison.get(&address).status, 200);
    meeting.server.pass(-DAY);
    assert_eq!(liaison.get(&address).status, 404);
}

fn officers_see_when_a_link_was_first_and_last_used_by_others(scratch: &Scratch) {
    let (meeting, officer) = told(scratch, &["Kazakhstan"]);
    let server = &meeting.server;
    let pages = [
        format!("{EVENT}/delegations/KZ"),
        format!("{EVENT}/answers"),
    ];
    let says = |words: &str| {
        for page in &pages {
            let body = officer.get(page).body;
            assert!(body.contains(words), "{words} in {body}");
        }
    };
    says("No private link has been opened yet.");
    let (answer, whole) = links(&meeting, KZ);
    // Neither a look nor the office's own press of the button is a use of theirs.
    server.browser().get(&whole);
    officer.open(&whole);
    says("No private link has been opened yet.");
    let liaison = server.browser();
    let address = led(&liaison, &whole);
    server.pass(600);
    liaison.get(&address);
    says(
        "A private link was first opened on 24 December 2022, 14:00 (JST, UTC+9), and last used on 24 December 2022, \
         14:00 (JST, UTC+9).",
    );
    let page = led(&liaison, &answer.unwrap());
    let form = [("sequence", "0"), ("answer", "accepted"), ("comment", "")];
    let taken = liaison.post(page.split('?').next().unwrap(), &form);
    assert_eq!(taken.status, 303);
    says(
        "on 24 December 2022, 14:00 (JST, UTC+9), and last used on 24 December 2022, 14:10 (JST, UTC+9).",
    );
    let renewed = officer.post(&format!("{EVENT}/delegations/KZ/links"), &[]);
    assert_eq!(renewed.status, 303);
    says("No private link has been opened yet.");
}

fn a_browser_is_closed_again(scratch: &Scratch) {
    let (meeting, _) = told(scratch, &["Kazakhstan"]);
    let (_, whole) = links(&meeting, KZ);
    let (here, there) = (meeting.server.browser(), meeting.server.browser());
    let address = led(&here, &whole);
    led(&there, &whole);
    let stolen = meeting.server.browser();
    stolen.take_passes(&here);
    let closure = format!("{address}/closure");
    assert_eq!(meeting.server.browser().post(&closure, &[]).status, 404);
    assert_eq!(here.post(&closure, &[("all", "yes")]).status, 400);
    let closed = here.post(&closure, &[]);
    assert_eq!(closed.status, 200);
    assert!(closed.body.contains("Closed in this browser"));
    assert_eq!(here.passes().len(), 0, "the cookie is gone");
    assert_eq!(stolen.get(&address).status, 404, "and opens nothing");
    assert_eq!(there.get(&address).status, 200);
    assert_eq!(here.get(&whole).status, 200, "the button again");
}

fn buttons_are_not_pressed_without_end(scratch: &Scratch) {
    let (meeting, _) = told(scratch, &["Kazakhstan", "Uzbekistan"]);
    let (_, whole) = links(&meeting, KZ);
    let (_, others) = links(&meeting, "uz@delegations.example");
    let press = |link: &str| meeting.server.browser().post(link, &[]).status;
    for turn in 0..60 {
        assert_eq!(press(&whole), 303, "{turn}");
    }
    assert_eq!((press(&whole), press(&others)), (429, 303));
    meeting.server.pass(16 * 60);
    assert_eq!(press(&whole), 303);
}

fn invalid_links_are_counted_only_when_pressed(scratch: &Scratch) {
    let (meeting, _) = told(scratch, &["Kazakhstan"]);
    let (_, whole) = links(&meeting, KZ);
    let stranger = meeting.server.browser();
    let before = traces(&meeting);
    for path in ["/d/nothing", "/d/nothing/schedule.ics"] {
        for _ in 0..70 {
            assert_eq!(stranger.get(path).status, 404);
        }
    }
    assert_eq!(traces(&meeting), before, "to look leaves no trace");
    for turn in 0..60 {
        assert_eq!(stranger.post("/d/nothing", &[]).status, 404, "{turn}");
    }
    let last = stranger.post("/d/nothing", &[]);
    assert_eq!(last.status, 429, "whoever tries many is not listened to");
    stranger.open(&whole);
}
