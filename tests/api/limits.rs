//! What programs may ask for that costs the server much, and what becomes of it when they hang up.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use iikura::auth::token::TokenScope;
use iikura::core::free::SearchRequest;
use iikura::core::slot::SlotKind;
use iikura::runtime::queue::QueueCounts;
use tokio::sync::oneshot;

use crate::program::{EVENT, Program, token_of};
use support::both::Scratch;
use support::meeting::{Meeting, OBSERVER, OFFICER};
use support::week;

#[test]
fn documents_of_pages_and_programs_count_together() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let program = Program::of(&meeting, OFFICER, TokenScope::Read);
    let observer = Program::of(&meeting, OBSERVER, TokenScope::Read);
    let use_up = || while officer.get("/events/ca-jad-9/agenda.csv").status == 200 {};
    use_up();
    let document = format!("{EVENT}/agenda.csv");
    // Half a second earns another one, which may be over before this is asked.
    let mut granted = 0;
    let refused = loop {
        let reply = program.get(&document);
        if reply.status != 200 {
            break reply;
        }
        granted += 1;
        assert!(granted < 10);
        use_up();
    };
    assert_eq!(refused.header("retry-after"), "1");
    refused.refused(429);
    program.get(EVENT).given(200);
    assert_eq!(observer.get(&document).status, 200);
}

/// A plan that takes far longer than the test, until it is dropped.
fn endless_plan(meeting: &Meeting, user: i64) -> oneshot::Sender<()> {
    let (held, dropped) = oneshot::channel::<()>();
    let plans = meeting.server.app.plans.clone();
    std::thread::spawn(move || {
        let programme = week::programme();
        let wish = |at| {
            let pair = vec![week::party(at), week::party(at + 1)];
            SearchRequest::new(&programme, SlotKind::Bilateral, pair, 30).unwrap()
        };
        let wishes = (1..190).map(wish).collect();
        actix_web::rt::System::new().block_on(async move {
            tokio::select! {
                _ = plans.make(user, Arc::new(programme), wishes) => panic!("it took no time"),
                _ = dropped => {}
            }
        });
    });
    held
}

fn until(meeting: &Meeting, what: &str, is: impl Fn(QueueCounts) -> bool) {
    for _ in 0..6000 {
        if is(meeting.server.app.plans.counts()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: {:?}", meeting.server.app.plans.counts());
}

#[test]
fn plan_of_a_client_that_hung_up_is_stopped() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let held = [901, 902].map(|user| endless_plan(&meeting, user));
    until(&meeting, "two are made", |counts| counts.running == 2);
    let host = meeting.server.origin.strip_prefix("http://").unwrap();
    let token = token_of(&meeting, OBSERVER, TokenScope::Read);
    let mut stream = TcpStream::connect(host).unwrap();
    let body = r#"{"meetings": [{"delegations": ["KZ", "UZ"]}]}"#;
    write!(
        stream,
        "POST {EVENT}/plans HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    until(&meeting, "the third waits", |counts| counts.waiting == 1);
    // One plan a user at a time; others wait in line.
    let second = Program::of(&meeting, OBSERVER, TokenScope::Read);
    let plan = serde_json::json!({"meetings": [{"delegations": ["KZ", "TJ"]}]});
    let refused = second.post(&format!("{EVENT}/plans"), &plan);
    assert_eq!(refused.header("retry-after"), "15");
    refused.refused(429);
    drop(stream);
    until(&meeting, "it waits no more", |counts| counts.waiting == 0);
    assert_eq!(meeting.server.app.plans.counts().abandoned, 1);
    drop(held);
    until(&meeting, "the planner stops", |counts| counts.running == 0);
    assert_eq!(meeting.server.app.plans.counts().done, 0);
    let planned = second.post(&format!("{EVENT}/plans"), &plan).given(200);
    assert_eq!(planned["slots"].as_array().unwrap().len(), 1, "{planned}");
}
