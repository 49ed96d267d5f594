//! A program with a token, and what it is answered.

use iikura::auth::account;
use iikura::auth::token::{self, TokenScope};
use iikura::core::text::TextLine;
use iikura::core::time::Moment;
use iikura::core::user::Actor;
use iikura::server::Error;
use serde_json::{Value, json};
use ureq::http::Request;

use support::meeting::Meeting;
use support::server::{START, Server};

pub const V1: &str = "/api/v1";
pub const EVENT: &str = "/api/v1/events/ca-jad-9";
pub const SLOTS: &str = "/api/v1/events/ca-jad-9/slots";
pub const JSON: (&str, &str) = ("content-type", "application/json");

pub struct Program {
    origin: String,
    token: Option<String>,
}

/// What a program is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text()))
    }

    /// The sentence of a problem, after a look at its form.
    pub fn detail(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        for field in ["type", "title"] {
            assert!(problem[field].is_string(), "{field} in {problem}");
        }
        problem["detail"].as_str().unwrap().to_owned()
    }

    /// The same, with the status that was expected.
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.detail()
    }

    /// The body, with the status that was expected.
    pub fn given(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        self.json()
    }
}

impl Program {
    pub fn with(server: &Server, token: Option<&str>) -> Self {
        Self {
            origin: server.origin.clone(),
            token: token.map(str::to_owned),
        }
    }

    /// A program that acts for somebody.
    pub fn of(meeting: &Meeting, email: &str, scope: TokenScope) -> Self {
        Self::with(&meeting.server, Some(&token_of(meeting, email, scope)))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub fn get_as(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", path, headers, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[JSON], &body.to_string())
    }

    /// Changes a slot that was seen at a version.
    pub fn patch(&self, slot: &str, version: &Value, body: &Value) -> Reply {
        let seen = format!("\"{version}\"");
        let headers = [JSON, ("if-match", seen.as_str())];
        self.send("PATCH", slot, &headers, &body.to_string())
    }

    /// Ends what was seen at a version.
    pub fn delete(&self, path: &str, version: &Value) -> Reply {
        let seen = format!("\"{version}\"");
        self.send("DELETE", path, &[("if-match", seen.as_str())], "")
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if body.is_empty() {
            agent().run(request.body(()).unwrap())
        } else {
            agent().run(request.body(body.to_owned()).unwrap())
        };
        let mut answer = answer.unwrap();
        Reply {
            status: answer.status().as_u16(),
            headers: answer
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            bytes: answer.body_mut().read_to_vec().unwrap(),
        }
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .build()
        .into()
}

/// A token that was made for somebody.
pub fn token_of(meeting: &Meeting, email: &str, scope: TokenScope) -> String {
    let secret = meeting.server.db.write_here(|conn| {
        let user = account::by_email(conn, email)?.unwrap().user;
        let name = TextLine::parse("a program").unwrap();
        let now = Moment::from_seconds(START);
        let made = token::make(conn, user.id, &name, scope, &Actor::command_line(), now);
        Ok::<_, Error>(made?)
    });
    secret.unwrap().reveal().to_owned()
}

/// A bilateral of Japan and Kazakhstan that nothing stands against: 18:30 to 19:00 in the Conference Room.
pub fn evening() -> Value {
    json!({
        "kind": "bilateral",
        "title": "Evening meeting",
        "room": "conference",
        "starts_at": "2022-12-24T18:30:00+09:00",
        "ends_at": "2022-12-24T19:00:00+09:00",
        "delegations": ["JP", "KZ"],
        "interpreters": [],
    })
}

/// The same with one field replaced.
pub fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// The address of a slot in an answer.
pub fn address(slot: &Value) -> String {
    format!("{V1}/slots/{}", slot["id"])
}
