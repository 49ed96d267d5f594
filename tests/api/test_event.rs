//! A meeting with something of everything in it, and everybody who could come.

use std::fmt::Write as _;

use iikura::auth::token::TokenScope;
use iikura::mail::contents::contents;
use iikura::mail::outbox;
use iikura::server::Error;
use serde_json::json;

use crate::program::{Program, token_of};
use crate::table::lines;
use crate::visitor::{Pass, Place, Visitor};
use support::both::Scratch;
use support::meeting::{ADMIN, COLLEAGUE, Meeting, OBSERVER, OFFICER, STRANGER};
use support::server::{Browser, PASSWORD};

/// Makes a link to the whole programme, for those who have a place there.
pub fn calendar(browser: &Browser) -> Option<String> {
    let page = browser.post(
        "/events/ca-jad-9/agenda/calendars",
        &[("name", "Mine"), ("current_password", PASSWORD)],
    );
    let (_, rest) = page.body.split_once("/calendars/")?;
    Some(rest.split_once('/')?.0.to_owned())
}

/// Invites somebody: what stands in the link.
pub fn invitation(meeting: &Meeting) -> String {
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
pub struct TestEvent {
    pub meeting: Meeting,
    pub slot: String,
    pub mail: String,
    /// To answer by.
    pub link: String,
    /// Of the delegation's whole schedule.
    pub schedule: String,
    /// Of the whole programme.
    pub calendar: String,
    pub asset: String,
    pub dummy: String,
    /// By which somebody else chooses a password.
    pub invitation: String,
}

impl TestEvent {
    pub fn open() -> Self {
        let meeting = Meeting::on(&Scratch::sqlite());
        let officer = Program::of(&meeting, OFFICER, TokenScope::Write);
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
            token_of(meeting, email, TokenScope::Read);
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
            program(
                "observer's token",
                OBSERVER,
                Place::Observer,
                TokenScope::Write,
            ),
            program(
                "officer's reading token",
                COLLEAGUE,
                Place::Officer,
                TokenScope::Read,
            ),
            program(
                "officer's writing token",
                COLLEAGUE,
                Place::Officer,
                TokenScope::Write,
            ),
            program(
                "foreign officer's token",
                STRANGER,
                Place::None,
                TokenScope::Write,
            ),
            program(
                "administrator's token",
                ADMIN,
                Place::Admin,
                TokenScope::Write,
            ),
        ];
        // Disabled administrators, by cookie and by token: the pass was good once.
        let gone = browser("gone@protocol.example").cookie().unwrap();
        let token = token_of(meeting, "gone@protocol.example", TokenScope::Write);
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
                "contact" => &lines(
                    &self.meeting.server,
                    "SELECT CAST(max(c.id) AS TEXT) AS line FROM contacts c JOIN delegations d ON d.id = c.delegation_id JOIN events e ON e.id = d.event_id WHERE e.slug = 'ca-jad-9'",
                )[0],
                "session" => &visitor.session,
                "file" => &self.asset,
                "topic" => "mail",
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
