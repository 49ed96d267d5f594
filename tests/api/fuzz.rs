//! Whatever is sent, to every route, by whoever may do the most: nothing breaks. `PROPTEST_CASES` raises the number.

use std::sync::LazyLock;

use iikura::auth::token::TokenScope;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::program::Program;
use crate::table::routes;
use support::both::Scratch;
use support::meeting::{ADMIN, Meeting};
use support::server::Browser;

/// Words that stand in forms, questions and bodies of the API.
const NAMES: [&str; 46] = [
    "kind",
    "title",
    "title_ja",
    "note",
    "day",
    "start",
    "end",
    "room",
    "delegations",
    "delegation",
    "interpreters",
    "interpreter",
    "state",
    "version",
    "method",
    "tell",
    "override",
    "reason",
    "starts_at",
    "ends_at",
    "minutes",
    "within",
    "since",
    "format",
    "view",
    "zoom",
    "edge",
    "next",
    "email",
    "password",
    "name",
    "code",
    "capacity",
    "precedence",
    "languages",
    "presence",
    "contacts",
    "pairs",
    "days",
    "opens",
    "closes",
    "revision",
    "to",
    "slot",
    "answer",
    "q",
];

/// Values that are nearly right, and some that never are.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(vec![
            "", "1", "-1", "0", "2147483648", "99999999999999999999", "2022-12-24", "2022-02-30", "0000-00-00",
            "9999-12-31", "-9999-01-01", "24:00", "25:61", "18:30", "2022-12-24T18:30:00+09:00", "JP", "KZ", "conference",
            "ru-1", "bilateral", "tentative", "delete", "now", "both", "a\0b", "a\r\nb: c", "\u{202e}", "%", "%00", "../..",
            "'; DROP TABLE slots; --", "<script>", "🎌", "\u{fffd}", "//evil.example", "ja-ru", "all", "yes",
        ]).prop_map(str::to_owned),
        1 => ".{0,40}",
        1 => "[0-9:TZ+-]{0,30}",
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        9 => select(NAMES.to_vec()).prop_map(str::to_owned),
        1 => ".{0,12}",
    ];
    prop::collection::vec((name, value()), 0..12)
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        value().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((select(NAMES.to_vec()), inner), 0..8).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect())
            }),
        ]
    })
}

struct FuzzedApi {
    // Held so that the server's database stays.
    _scratch: Scratch,
    browser: Browser,
    program: Program,
    routes: Vec<(String, String)>,
    slot: String,
}

thread_local! {
    static HOUSE: LazyLock<FuzzedApi> = LazyLock::new(|| {
        let scratch = Scratch::sqlite();
        let meeting = Meeting::on(&scratch);
        let routes = routes(&meeting).into_iter();
        let routes = routes.flat_map(|(path, methods)| methods.into_iter().map(move |method| (method, path.clone())));
        // What ends the session or the event, what never ends, and what sets pages on paper or asks for passwords for too long.
        let slow = ["/sign-out", "/sign-in", "/password", "/sessions", "/live", ".pdf", "/account/tokens", "/users", "/archival"];
        let routes = routes.filter(|(_, path)| !slow.iter().any(|end| path.contains(end)));
        FuzzedApi {
            browser: meeting.server.signed_in(ADMIN),
            program: Program::of(&meeting, ADMIN, TokenScope::Write),
            slot: meeting.slot("Kazakhstan").id.to_string(),
            routes: routes.collect(),
            _scratch: scratch,
        }
    });
}

fn fill(path: &str, wild: &str, slot: &str) -> String {
    let wild: String = url::form_urlencoded::byte_serialize(wild.as_bytes()).collect();
    let mut filled = path.to_owned();
    for (name, good) in [
        ("{slug}", "ca-jad-9"),
        ("{id}", slot),
        (
            "{code}",
            if path.contains("rooms") {
                "conference"
            } else {
                "KZ"
            },
        ),
        ("{format}", "csv"),
    ] {
        filled = filled.replace(name, if wild.is_empty() { good } else { &wild });
    }
    let known = filled.split('{').next().unwrap().len();
    filled.truncate(known);
    filled
}

fn encoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

proptest! {
    // 64 unless the environment says more.
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64),
        max_shrink_iters: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_question_and_no_form_breaks_a_page(route in any::<prop::sample::Index>(), wild in value(), tame in any::<bool>(), asked in pairs(), sent in pairs()) {
        HOUSE.with(|test_event| {
            let pages: Vec<_> = test_event.routes.iter().filter(|(_, path)| !path.starts_with("/api")).collect();
            let (method, path) = route.get(&pages);
            let path = fill(path, if tame { "" } else { &wild }, &test_event.slot);
            let path = format!("{path}?{}", encoded(&asked));
            let status = if method == "POST" {
                let fields: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                test_event.browser.post(&path, &fields).status
            } else {
                test_event.browser.file(&path).0
            };
            prop_assert!(status < 500, "{method} {path} {sent:?}: {status}");
            Ok(())
        })?;
    }

    #[test]
    fn no_body_and_no_question_breaks_the_api(route in any::<prop::sample::Index>(), wild in value(), tame in any::<bool>(), asked in pairs(), body in tree(), cut in prop::option::weighted(0.2, any::<prop::sample::Index>())) {
        HOUSE.with(|test_event| {
            let addresses: Vec<_> = test_event.routes.iter().filter(|(_, path)| path.starts_with("/api")).collect();
            let (method, path) = route.get(&addresses);
            let path = fill(path, if tame { "" } else { &wild }, &test_event.slot);
            let path = format!("{path}?{}", encoded(&asked));
            let mut body = body.to_string();
            if let Some(cut) = cut {
                let at = cut.index(body.len());
                body = body.chars().take(at).collect();
            }
            let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
            let body = if method == "GET" || method == "DELETE" { "" } else { &body };
            let reply = test_event.program.send(method, &path, &headers, body);
            prop_assert!(reply.status < 500, "{method} {path} {body}: {}", reply.status);
            Ok(())
        })?;
    }
}
