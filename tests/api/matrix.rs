//! Who may open what: every route of the server's own table against everybody who could knock. A route that has no line
//! here fails the test, so that nobody forgets to say for whom a new one is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use iikura::auth::token::Scope;
use iikura::mail::contents::contents;
use iikura::mail::outbox;
use iikura::web::Error;
use serde_json::json;
use ureq::http::Request;

use crate::meeting::{ADMIN, COLLEAGUE, Meeting, OBSERVER, OFFICER, STRANGER};
use crate::program::{Program, token_of};
use crate::server::{Browser, PASSWORD};
use crate::support::both::Scratch;
use crate::table::{everything, lines, routes};

/// For whom a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Everybody.
    Anyone,
    /// Whoever has shown a password and not yet the second factor: nobody in this walk, who are all past it.
    HalfWay,
    /// Whoever is signed in.
    Users,
    /// Whoever has a part in the event; for everybody else it does not exist.
    Readers,
    /// Whoever may change the event.
    Officers,
    /// Whoever is an officer of some event: each finds their own events' things there.
    Deputies,
    /// Administrators.
    Admins,
    /// Browsers in which a private link of the delegation was opened; for everybody else nothing is there.
    Holders,
    /// Programs whose user has a part in the event.
    ReadingPrograms,
    /// Programs that may write, of users who may change the event.
    WritingPrograms,
    /// Any program with a token.
    Programs,
}

use For::{
    Admins, Anyone, Deputies, HalfWay, Holders, Officers, Programs, Readers, ReadingPrograms,
    Users, WritingPrograms,
};

/// Every route, and for whom it is.
#[rustfmt::skip]
pub const MATRIX: &[(&str, &str, For)] = &[
    ("GET", "/", Users),
    ("GET", "/account", Users),
    ("POST", "/account/password", Users),
    ("GET", "/account/second-factor", Users),
    ("POST", "/account/second-factor", Users),
    ("POST", "/account/second-factor/recovery-codes", Users),
    ("POST", "/account/second-factor/removal", Users),
    ("POST", "/account/second-factor/seed", Users),
    ("POST", "/account/sessions/{session}/end", Users),
    ("POST", "/account/tokens", Users),
    ("GET", "/account/tokens/new", Users),
    ("POST", "/account/tokens/{token}/revocation", Users),
    ("GET", "/api", Anyone),
    ("GET", "/api/v1/events", Programs),
    ("GET", "/api/v1/events/{slug}", ReadingPrograms),
    ("GET", "/api/v1/events/{slug}/agenda.{format}", ReadingPrograms),
    ("GET", "/api/v1/events/{slug}/changes", ReadingPrograms),
    ("POST", "/api/v1/events/{slug}/conflicts", ReadingPrograms),
    ("GET", "/api/v1/events/{slug}/free-slots", ReadingPrograms),
    ("POST", "/api/v1/events/{slug}/plans", ReadingPrograms),
    ("GET", "/api/v1/events/{slug}/programme", ReadingPrograms),
    ("POST", "/api/v1/events/{slug}/slots", WritingPrograms),
    ("GET", "/api/v1/openapi.json", Anyone),
    ("GET", "/api/v1/slots/{id}", ReadingPrograms),
    ("PATCH", "/api/v1/slots/{id}", WritingPrograms),
    ("DELETE", "/api/v1/slots/{id}", WritingPrograms),
    ("POST", "/api/v1/slots/{id}/confirmation", WritingPrograms),
    ("DELETE", "/api/v1/slots/{id}/confirmation", WritingPrograms),
    ("GET", "/assets/{file}", Anyone),
    ("GET", "/audit", Admins),
    ("GET", "/calendars/{token}/programme.ics", Anyone),
    ("GET", "/d/{token}", Anyone),
    ("POST", "/d/{token}", Anyone),
    ("GET", "/d/{token}/schedule.ics", Anyone),
    ("GET", "/d/{token}/schedule.pdf", Anyone),
    ("POST", "/events", Admins),
    ("GET", "/events/new", Admins),
    ("GET", "/events/{slug}", Readers),
    ("GET", "/events/{slug}/agenda", Readers),
    ("GET", "/events/{slug}/agenda.{format}", Readers),
    ("POST", "/events/{slug}/agenda/calendars", Readers),
    ("GET", "/events/{slug}/agenda/calendars/new", Readers),
    ("POST", "/events/{slug}/agenda/calendars/{id}/revocation", Readers),
    ("GET", "/events/{slug}/agenda/pages/{page}.svg", Readers),
    ("GET", "/events/{slug}/agenda/{sheet}.pdf", Readers),
    ("GET", "/events/{slug}/answers", Readers),
    ("GET", "/events/{slug}/changes", Readers),
    ("GET", "/events/{slug}/delegations", Readers),
    ("POST", "/events/{slug}/delegations", Officers),
    ("GET", "/events/{slug}/delegations/new", Officers),
    ("GET", "/events/{slug}/delegations/{code}", Officers),
    ("POST", "/events/{slug}/delegations/{code}", Officers),
    ("GET", "/events/{slug}/delegations/{code}/day", Readers),
    ("POST", "/events/{slug}/delegations/{code}/links", Officers),
    ("POST", "/events/{slug}/delegations/{code}/removal", Officers),
    ("GET", "/events/{slug}/free-slots", Readers),
    ("POST", "/events/{slug}/free-slots", Readers),
    ("GET", "/events/{slug}/history", Readers),
    ("GET", "/events/{slug}/interpreters", Readers),
    ("POST", "/events/{slug}/interpreters", Officers),
    ("GET", "/events/{slug}/interpreters/new", Officers),
    ("GET", "/events/{slug}/interpreters/{code}", Readers),
    ("POST", "/events/{slug}/interpreters/{code}", Officers),
    ("GET", "/events/{slug}/interpreters/{code}/edit", Officers),
    ("GET", "/events/{slug}/interpreters/{code}/removal", Officers),
    ("POST", "/events/{slug}/interpreters/{code}/removal", Officers),
    ("POST", "/events/{slug}/interpreters/{code}/replacements", Officers),
    ("GET", "/events/{slug}/live", Readers),
    ("GET", "/events/{slug}/matrix", Readers),
    ("GET", "/events/{slug}/notices", Readers),
    ("POST", "/events/{slug}/notices", Officers),
    ("POST", "/events/{slug}/notices/skips", Officers),
    ("GET", "/events/{slug}/notices/{code}", Officers),
    ("GET", "/events/{slug}/notices/{code}/{copy}", Officers),
    ("GET", "/events/{slug}/notices/{code}/{copy}/enclosure", Officers),
    ("GET", "/events/{slug}/plan", Officers),
    ("POST", "/events/{slug}/plan", Officers),
    ("GET", "/events/{slug}/rooms", Readers),
    ("POST", "/events/{slug}/rooms", Officers),
    ("GET", "/events/{slug}/rooms/new", Officers),
    ("GET", "/events/{slug}/rooms/{code}", Officers),
    ("POST", "/events/{slug}/rooms/{code}", Officers),
    ("GET", "/events/{slug}/rooms/{code}/day", Readers),
    ("POST", "/events/{slug}/rooms/{code}/removal", Officers),
    ("GET", "/events/{slug}/settings", Readers),
    ("POST", "/events/{slug}/settings", Officers),
    ("GET", "/events/{slug}/slots", Readers),
    ("POST", "/events/{slug}/slots", Officers),
    ("GET", "/events/{slug}/slots/new", Officers),
    ("POST", "/events/{slug}/zoom", Readers),
    ("GET", "/healthz", Anyone),
    ("GET", "/mail", Users),
    ("GET", "/mail/health", Admins),
    ("POST", "/mail/health", Admins),
    ("GET", "/mail/inbox", Deputies),
    ("POST", "/mail/inbox/{id}/handling", Officers),
    ("POST", "/mail/pause", Admins),
    ("GET", "/mail/{id}", Officers),
    ("GET", "/mail/{id}/enclosure", Officers),
    ("GET", "/mail/{id}/html", Officers),
    ("POST", "/mail/{id}/retry", Officers),
    ("GET", "/mail/{id}/source", Officers),
    ("GET", "/password/{token}", Anyone),
    ("POST", "/password/{token}", Anyone),
    ("GET", "/readyz", Anyone),
    ("GET", "/schedule/{slug}/{code}", Holders),
    ("POST", "/schedule/{slug}/{code}/closure", Holders),
    ("GET", "/schedule/{slug}/{code}/schedule.pdf", Holders),
    ("GET", "/schedule/{slug}/{code}/slots/{id}", Holders),
    ("POST", "/schedule/{slug}/{code}/slots/{id}", Holders),
    ("GET", "/sign-in", Anyone),
    ("POST", "/sign-in", Anyone),
    ("GET", "/sign-in/code", HalfWay),
    ("POST", "/sign-in/code", HalfWay),
    #[cfg(feature = "openid-connect")]
    ("POST", "/sign-in/provider", Anyone),
    // What the provider sends a browser back to; it only shows a button, and the button's POST signs in.
    #[cfg(feature = "openid-connect")]
    ("GET", "/sign-in/provider/answer", Anyone),
    #[cfg(feature = "openid-connect")]
    ("POST", "/sign-in/provider/answer", Anyone),
    ("GET", "/sign-in/second-factor", HalfWay),
    ("POST", "/sign-in/second-factor", HalfWay),
    ("POST", "/sign-out", Anyone),
    ("GET", "/slots/{id}", Readers),
    ("POST", "/slots/{id}", Officers),
    ("POST", "/slots/{id}/answers", Officers),
    ("POST", "/slots/{id}/cancellation", Officers),
    ("POST", "/slots/{id}/confirmation", Officers),
    ("GET", "/slots/{id}/edit", Officers),
    ("POST", "/slots/{id}/notices", Officers),
    ("POST", "/slots/{id}/placement", Officers),
    ("GET", "/slots/{id}/placements", Officers),
    ("POST", "/slots/{id}/undo", Officers),
    ("GET", "/users", Admins),
    ("POST", "/users", Admins),
    ("GET", "/users/new", Admins),
    ("POST", "/users/second-factor", Admins),
    ("GET", "/users/{user}", Admins),
    ("POST", "/users/{user}", Admins),
    ("POST", "/users/{user}/disablement", Admins),
    ("POST", "/users/{user}/enablement", Admins),
    ("POST", "/users/{user}/invitation", Admins),
    ("POST", "/users/{user}/link/withdrawal", Admins),
    ("POST", "/users/{user}/reset", Admins),
    ("POST", "/users/{user}/second-factor/removal", Admins),
    ("POST", "/users/{user}/sessions/end", Admins),
];

/// How a door answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It opens; what was sent may still be wrong.
    Open,
    /// Sign in first, or bring a token.
    SignIn,
    /// Not for you.
    Forbidden,
    /// There is no such door.
    Missing,
}

/// A place at the meeting that the matrix is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    None,
    Observer,
    Officer,
    Admin,
}

/// How somebody shows who they are.
#[derive(Debug, Clone)]
enum Pass {
    Nothing,
    /// A browser's.
    Cookie(String, Place),
    /// A browser's in which a private link was opened.
    Link(String),
    /// A program's.
    Token(String, Place, Scope),
    /// One that was good once: the header that it went in, and its value.
    Dead(&'static str, String),
}

pub struct Visitor {
    pub name: &'static str,
    pass: Pass,
    /// What belongs to them, where they have anything of their own.
    session: String,
    token: i64,
    calendar: i64,
}

impl Visitor {
    fn expected(&self, whom: For) -> Verdict {
        let program = matches!(whom, Programs | ReadingPrograms | WritingPrograms);
        let (place, scope) = match &self.pass {
            _ if whom == Anyone => return Verdict::Open,
            Pass::Link(_) if whom == Holders => return Verdict::Open,
            _ if whom == Holders => return Verdict::Missing,
            Pass::Cookie(_, place) if !program => (*place, None),
            Pass::Token(_, place, scope) if program => (*place, Some(*scope)),
            _ => return Verdict::SignIn,
        };
        match whom {
            HalfWay | Holders => Verdict::SignIn,
            Anyone | Users | Programs => Verdict::Open,
            Admins if place == Place::Admin => Verdict::Open,
            Deputies if place != Place::Observer => Verdict::Open,
            Admins | Deputies => Verdict::Forbidden,
            _ if place == Place::None => Verdict::Missing,
            Readers | ReadingPrograms => Verdict::Open,
            Officers | WritingPrograms if place >= Place::Officer && scope != Some(Scope::Read) => {
                Verdict::Open
            }
            Officers | WritingPrograms => Verdict::Forbidden,
        }
    }

    /// Asks with a body that no route knows, or with none.
    pub fn knock(
        &self,
        origin: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        bare: bool,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{origin}{path}"));
        let (kind, body) = if path.starts_with("/api") {
            ("application/json", "{\"no_such_field\":1}")
        } else {
            ("application/x-www-form-urlencoded", "no_such_field=1")
        };
        match &self.pass {
            Pass::Nothing => {}
            Pass::Dead(name, value) => request = request.header(*name, value),
            Pass::Cookie(cookie, _) | Pass::Link(cookie) => {
                request = request.header("cookie", cookie);
            }
            Pass::Token(token, ..) => {
                request = request.header("authorization", format!("Bearer {token}"));
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let answer = if matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS" | "TRACE") {
            agent.run(request.body(()).unwrap())
        } else {
            agent.run(
                request
                    .header("content-type", kind)
                    .body(if bare { "" } else { body }.to_owned())
                    .unwrap(),
            )
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let location = answer.headers().get("location");
        let location = location.map_or("", |to| to.to_str().unwrap()).to_owned();
        let stream = answer
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream");
        Answer {
            status: answer.status().as_u16(),
            location,
            etag: answer.headers().contains_key("etag"),
            // A stream goes on for ever.
            body: if stream {
                Vec::new()
            } else {
                answer.body_mut().read_to_vec().unwrap()
            },
        }
    }
}

pub struct Answer {
    pub status: u16,
    location: String,
    etag: bool,
    pub body: Vec<u8>,
}

impl Answer {
    /// Everything that tells one answer from another.
    fn told(&self) -> (u16, &str, String) {
        let body = String::from_utf8_lossy(&self.body).into_owned();
        (self.status, &self.location, body)
    }

    fn verdict(&self) -> Verdict {
        match self.status {
            401 => Verdict::SignIn,
            303 if self.location.starts_with("/sign-in") => Verdict::SignIn,
            403 => Verdict::Forbidden,
            404 => Verdict::Missing,
            429 | 500.. => panic!("{}: {}", self.status, String::from_utf8_lossy(&self.body)),
            _ => Verdict::Open,
        }
    }
}

/// Makes a link to the whole programme, for those who have a place there.
fn calendar(browser: &Browser) -> Option<String> {
    let page = browser.post(
        "/events/ca-jad-9/agenda/calendars",
        &[("name", "Mine"), ("current_password", PASSWORD)],
    );
    let (_, rest) = page.body.split_once("/calendars/")?;
    Some(rest.split_once('/')?.0.to_owned())
}

/// Invites somebody: what stands in the link.
fn invitation(meeting: &Meeting) -> String {
    let shown = meeting.server.signed_in(ADMIN).post(
        "/users",
        &[
            ("name", "Invited"),
            ("email", "invited@protocol.example"),
            ("delivery", "hand"),
        ],
    );
    let (_, rest) = shown.body.split_once("/password/").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// The meeting with something of everything in it.
pub struct House {
    pub meeting: Meeting,
    slot: String,
    mail: String,
    /// To answer by.
    link: String,
    /// Of the delegation's whole schedule.
    schedule: String,
    /// Of the whole programme.
    calendar: String,
    asset: String,
    dummy: String,
    /// By which somebody else chooses a password.
    invitation: String,
}

impl House {
    pub fn open() -> Self {
        let meeting = Meeting::on(&Scratch::sqlite());
        let officer = Program::of(&meeting, OFFICER, Scope::Write);
        let slot = meeting.slot("Kazakhstan");
        let path = format!("/api/v1/slots/{}/confirmation", slot.id);
        officer.post(&path, &json!({})).given(200);
        let mails = meeting.server.db.read_here(|conn| {
            let mut mails = Vec::new();
            for mail in outbox::list(conn, Some(meeting.event), 100)? {
                mails.extend(outbox::get(conn, mail.id)?);
            }
            Ok::<_, Error>(mails)
        });
        let mails = mails.unwrap();
        let letter = mails
            .iter()
            .find(|mail| mail.summary.recipient.starts_with("kz@"));
        let letter = letter.unwrap();
        let plain = contents(&letter.raw).plain;
        let links: Vec<String> = plain
            .split("/d/")
            .skip(1)
            .map(|rest| rest.split_whitespace().next().unwrap().to_owned())
            .collect();
        let [link, schedule] = links.as_slice() else {
            panic!("one link to answer by, one to the schedule: {links:?}")
        };
        let page = meeting.server.browser().get("/sign-in").body;
        let asset = page.split("/assets/").nth(1).unwrap();
        let asset = asset.split('"').next().unwrap().to_owned();
        meeting.server.sql(&format!(
            "INSERT INTO inbox (id, dedupe_key, event_id, outcome, why, sender, subject, body, received_at)
             VALUES (7, 'x', {}, 'person', '', '', '', '', 0)",
            meeting.event.0
        ));
        let dummy = meeting
            .server
            .user("dummy@protocol.example", "Dummy", false, &[]);
        Self {
            slot: slot.id.to_string(),
            mail: letter.summary.id.to_string(),
            link: link.clone(),
            schedule: schedule.clone(),
            calendar: calendar(&meeting.officer()).unwrap(),
            asset,
            dummy: dummy.0.to_string(),
            invitation: invitation(&meeting),
            meeting,
        }
    }

    pub fn visitors(&self) -> Vec<Visitor> {
        let meeting = &self.meeting;
        let server = &meeting.server;
        server.user("gone@protocol.example", "Gone", true, &[]);
        let browser = |email: &str| server.signed_in(email);
        let visitor = |name, pass| Visitor {
            name,
            pass,
            session: "000000000000".to_owned(),
            token: 1,
            calendar: 1,
        };
        let person = |name, email: &str, place| {
            // To be ended in the walk; the other goes on.
            browser(email);
            let mine = format!("WHERE user_id = (SELECT id FROM users WHERE email = '{email}')");
            let first = format!("SELECT token_hash AS line FROM sessions {mine} ORDER BY rowid");
            token_of(meeting, email, Scope::Read);
            let token = format!("SELECT max(id) AS count FROM api_tokens {mine}");
            let again = browser(email);
            calendar(&again);
            let calendar =
                format!("SELECT coalesce(max(id), 1) AS count FROM calendar_links {mine}");
            Visitor {
                session: lines(server, &first)[0][..12].to_owned(),
                token: server.count(&token),
                calendar: server.count(&calendar),
                ..visitor(name, Pass::Cookie(again.cookie().unwrap(), place))
            }
        };
        let program = |name, email: &str, place, scope| {
            visitor(
                name,
                Pass::Token(token_of(meeting, email, scope), place, scope),
            )
        };
        let holder = server.browser();
        holder.open(&format!("/d/{}", self.link));
        let mut all = vec![
            visitor("signed out", Pass::Nothing),
            visitor(
                "holder of a private link",
                Pass::Link(holder.passes().concat()),
            ),
            person("observer", OBSERVER, Place::Observer),
            person("officer", COLLEAGUE, Place::Officer),
            person("officer of another event", STRANGER, Place::None),
            person("administrator", ADMIN, Place::Admin),
            program("observer's token", OBSERVER, Place::Observer, Scope::Write),
            program(
                "officer's reading token",
                COLLEAGUE,
                Place::Officer,
                Scope::Read,
            ),
            program(
                "officer's writing token",
                COLLEAGUE,
                Place::Officer,
                Scope::Write,
            ),
            program(
                "foreign officer's token",
                STRANGER,
                Place::None,
                Scope::Write,
            ),
            program("administrator's token", ADMIN, Place::Admin, Scope::Write),
        ];
        // Disabled administrators, by cookie and by token: the pass was good once.
        let gone = browser("gone@protocol.example").cookie().unwrap();
        let token = token_of(meeting, "gone@protocol.example", Scope::Write);
        server.sql("UPDATE users SET disabled_at = 1 WHERE email = 'gone@protocol.example'");
        for (name, key, value) in [
            ("disabled administrator", "cookie", gone),
            (
                "disabled administrator's token",
                "authorization",
                format!("Bearer {token}"),
            ),
        ] {
            all.push(visitor(name, Pass::Dead(key, value)));
        }
        all
    }

    /// A path with what is really there.
    pub fn fill(&self, path: &str, visitor: &Visitor) -> String {
        let mut filled = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap();
            let value = match name {
                "slug" => "ca-jad-9",
                "id" if path.starts_with("/mail/inbox") => "7",
                "id" if path.starts_with("/mail") => &self.mail,
                "id" if path.contains("/calendars/") => &visitor.calendar.to_string(),
                "id" => &self.slot,
                "token" if path.starts_with("/account") => &visitor.token.to_string(),
                "token" if path.starts_with("/calendars") => &self.calendar,
                "token" if path.starts_with("/password") => &self.invitation,
                "token" if path.contains("schedule") => &self.schedule,
                "token" => &self.link,
                "code" if path.contains("/rooms/") => "conference",
                "code" if path.contains("/interpreters/") => "ru-1",
                "code" => "KZ",
                "format" => "csv",
                "sheet" => "card",
                "page" => "1",
                "copy" => "0",
                "user" => &self.dummy,
                "session" => &visitor.session,
                "file" => &self.asset,
                new => panic!("say in this test what can stand for {{{new}}} in {path}"),
            };
            write!(filled, "{before}{value}").unwrap();
            rest = after;
        }
        let query = match path {
            _ if path.ends_with("/placements") => "?day=2022-12-24&edge=both",
            _ if path.contains("/agenda/pages/") => "?document=agenda&format=pdf",
            _ => "",
        };
        filled + rest + query
    }
}

/// Asks and answers below [`BARE`] have no form of their own, or look at it before they ask who sent it: an empty one
/// gets through to that question.
const BARE: [&str; 10] = [
    "/account/sessions/{session}/end",
    "/events/{slug}/delegations/{code}/links",
    "/events/{slug}/delegations/{code}/removal",
    "/events/{slug}/rooms/{code}/removal",
    "/mail/inbox/{id}/handling",
    "/mail/pause",
    "/mail/{id}/retry",
    "/sign-in/code",
    "/sign-in/second-factor",
    "/sign-out",
];

fn all_routes(house: &House) -> BTreeSet<(String, String)> {
    let routes = routes(&house.meeting).into_iter();
    let routes = routes.flat_map(|(path, methods)| {
        methods
            .into_iter()
            .map(move |method| (method, path.clone()))
    });
    routes.collect()
}

#[test]
fn every_route_stands_in_the_matrix_and_nothing_else_does() {
    let house = House::open();
    let known: BTreeSet<_> = MATRIX
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let there = all_routes(&house);
    let unsaid: Vec<_> = there.difference(&known).collect();
    assert!(
        unsaid.is_empty(),
        "say in MATRIX (tests/api/matrix.rs) for whom these are: {unsaid:?}"
    );
    let gone: Vec<_> = known.difference(&there).collect();
    assert!(gone.is_empty(), "no such routes any more: {gone:?}");
    assert_eq!(known.len(), MATRIX.len(), "each once");
}

#[test]
fn every_door_opens_to_those_it_is_for_and_to_nobody_else() {
    let house = House::open();
    let visitors = house.visitors();
    let origin = house.meeting.server.origin.as_str();
    let mut wrong = Vec::new();
    let mut before = everything(&house.meeting.server);
    for &(method, path, whom) in MATRIX.iter().filter(|(_, path, _)| *path != "/sign-out") {
        for visitor in &visitors {
            let from_us = [("origin", origin)];
            let asked = house.fill(path, visitor);
            let answer = visitor.knock(origin, method, &asked, &from_us, BARE.contains(&path));
            let expected = visitor.expected(whom);
            // Not every mail that would be sent has a paper.
            let bare_mail = path.ends_with("/{copy}/enclosure") && answer.status == 404;
            if answer.verdict() != expected && !(expected == Verdict::Open && bare_mail) {
                wrong.push(format!(
                    "{method} {path}, {}: {} instead of {expected:?}",
                    visitor.name, answer.status
                ));
            }
            // Whoever is refused, and whoever only looks, leaves everything as it was.
            let after = everything(&house.meeting.server);
            if expected != Verdict::Open || method == "GET" {
                assert_eq!(
                    changed(&before, &after),
                    [""; 0],
                    "{method} {path}, {}",
                    visitor.name
                );
            }
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows that are new or gone.
fn changed<'a>(before: &'a str, after: &'a str) -> Vec<&'a str> {
    if before == after {
        return Vec::new();
    }
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (before.lines().collect(), after.lines().collect());
    before.symmetric_difference(&after).copied().collect()
}

#[test]
fn asking_for_the_head_alone_changes_nothing_either() {
    let house = House::open();
    let visitors = house.visitors();
    let before = everything(&house.meeting.server);
    for (path, _) in routes(&house.meeting) {
        for visitor in &visitors {
            for method in ["HEAD", "OPTIONS", "TRACE"] {
                let asked = house.fill(&path, visitor);
                let origin = &house.meeting.server.origin;
                let answer = visitor.knock(origin, method, &asked, &[], true);
                assert!(answer.status < 500, "{method} {asked}: {}", answer.status);
            }
        }
    }
    let after = everything(&house.meeting.server);
    assert_eq!(changed(&before, &after), [""; 0]);
}

/// Headers that a browser sends along when another site is behind a request.
const FOREIGN: [&[(&str, &str)]; 5] = [
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "same-site"), ("origin", "null")],
];

#[test]
fn nothing_is_done_for_another_site_whoever_is_signed_in() {
    let house = House::open();
    let visitors = house.visitors();
    let before = everything(&house.meeting.server);
    for (method, path) in all_routes(&house) {
        if method == "GET" {
            continue;
        }
        for visitor in &visitors {
            // A program's token is nothing that a browser sends along by itself.
            if path.starts_with("/api") && matches!(visitor.pass, Pass::Token(..)) {
                continue;
            }
            for headers in FOREIGN {
                let asked = house.fill(&path, visitor);
                let origin = &house.meeting.server.origin;
                let answer = visitor.knock(origin, &method, &asked, headers, false);
                // The API knows no cookies.
                let refused = if path.starts_with("/api") { 401 } else { 403 };
                assert_eq!(answer.status, refused, "{method} {path}, {}", visitor.name);
            }
        }
    }
    let after = everything(&house.meeting.server);
    assert_eq!(changed(&before, &after), [""; 0]);
}

/// The same address with a name in it that is nobody's.
fn nobodys(path: &str, name: &str) -> String {
    let nothing = if name == "id" { "1" } else { "no-such" };
    path.replace(&format!("{{{name}}}"), nothing)
}

#[test]
fn what_is_anothers_answers_exactly_like_what_does_not_exist() {
    let house = House::open();
    let visitors = house.visitors();
    let origin = house.meeting.server.origin.as_str();
    let headers = [("origin", origin), ("if-match", "\"1\"")];
    let mut seen = 0;
    for &(method, path, whom) in MATRIX {
        let name = if path.contains("{slug}") {
            "slug"
        } else {
            "id"
        };
        if matches!(whom, Anyone | Users | Admins | Programs | Deputies) {
            continue;
        }
        for visitor in visitors
            .iter()
            .filter(|it| it.expected(whom) == Verdict::Missing)
        {
            for bare in [true, false] {
                let ask = |path: &str| {
                    visitor.knock(origin, method, &house.fill(path, visitor), &headers, bare)
                };
                let (theirs, nothing) = (ask(path), ask(&nobodys(path, name)));
                assert_eq!(
                    theirs.told(),
                    nothing.told(),
                    "{method} {path}, {}",
                    visitor.name
                );
                assert!(!theirs.etag, "{method} {path}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen} looked at");
}

/// Everything that is put into an event names what is in that event: what is in another is as unknown there as what is
/// nowhere.
#[test]
fn what_is_in_another_event_is_unknown_in_this_one() {
    let house = House::open();
    // Under names that stand nowhere else on a page.
    let server = &house.meeting.server;
    server.sql("UPDATE resources SET code = 'ZQZQ' WHERE code = 'DE'");
    server.sql("UPDATE resources SET code = 'zqzq' WHERE code = 'saal'");
    let officer = &house.meeting.officer();
    let colleague = house.meeting.server.signed_in(COLLEAGUE);
    for browser in [officer, &colleague] {
        for path in [
            "/rooms/CODE",
            "/rooms/CODE/day",
            "/delegations/CODE",
            "/delegations/CODE/day",
            "/notices/CODE",
            "/interpreters/CODE",
            "/agenda.csv?delegation=CODE",
            "/agenda/card.pdf?delegation=CODE",
            "/free-slots?delegations=CODE&minutes=30",
        ] {
            let ask = |code: &str| {
                let answer = browser.get(&format!("/events/ca-jad-9{path}").replace("CODE", code));
                // What was asked for may stand in the answer, as it was typed.
                (answer.status, answer.body.replace(code, "CODE"))
            };
            for (there, nowhere) in [("ZQZQ", "ZXZX"), ("zqzq", "zxzx")] {
                assert_eq!(ask(there), ask(nowhere), "{path}");
            }
        }
        let book = |party: &str, room: &str| {
            let fields = [
                ("kind", "bilateral"),
                ("title", "Evening meeting"),
                ("day", "2022-12-24"),
                ("start", "18:30"),
                ("end", "19:00"),
                ("room", room),
                ("delegations", "JP"),
                ("delegations", party),
                ("state", "tentative"),
            ];
            let answer = browser.post("/events/ca-jad-9/slots", &fields);
            (
                answer.status,
                answer.body.replace(party, "PARTY").replace(room, "ROOM"),
            )
        };
        let (status, body) = book("ZQZQ", "zqzq");
        assert_eq!(status, 422);
        assert_eq!(book("ZXZX", "zxzx"), (status, body));
    }
    let program = Program::of(&house.meeting, COLLEAGUE, Scope::Write);
    let ask = |party: &str| {
        let wanted = json!({
            "kind": "bilateral", "title": "Evening meeting", "room": "conference",
            "starts_at": "2022-12-24T18:30:00+09:00", "ends_at": "2022-12-24T19:00:00+09:00",
            "delegations": ["JP", party], "interpreters": [],
        });
        let reply = program.post("/api/v1/events/ca-jad-9/slots", &wanted);
        (reply.status, reply.text().replace(party, "PARTY"))
    };
    assert_eq!(ask("ZQZQ").0, 422);
    assert_eq!(ask("ZQZQ"), ask("ZXZX"));
}

/// A link opens without an account, and answers for a delegation.
#[test]
fn no_page_gives_an_observer_what_a_delegation_answers_by() {
    let house = House::open();
    let visitors = house.visitors();
    let visitor = |name: &str| visitors.iter().find(|it| it.name == name).unwrap();
    let with_links = |visitor: &Visitor| {
        let mut found = BTreeSet::new();
        for (_, path, _) in MATRIX
            .iter()
            .filter(|(method, path, _)| *method == "GET" && !path.starts_with("/d/"))
        {
            let origin = &house.meeting.server.origin;
            let answer = visitor.knock(origin, "GET", &house.fill(path, visitor), &[], true);
            let body = String::from_utf8_lossy(&answer.body).replace("=\r\n", "");
            if [&house.link, &house.schedule]
                .iter()
                .any(|link| body.contains(&link[..20]))
            {
                found.insert(*path);
            }
        }
        found
    };
    for name in ["observer", "observer's token", "officer's writing token"] {
        assert_eq!(with_links(visitor(name)), BTreeSet::new(), "{name}");
    }
    let officers = with_links(visitor("officer"));
    assert!(
        officers.len() >= 3,
        "what is looked for is there: {officers:?}"
    );
}
