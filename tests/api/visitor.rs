//! Everybody who could knock at a route, and how it answers.

use std::collections::BTreeSet;

use iikura::auth::token::TokenScope;
use support::server::without_form_tokens;
use ureq::http::Request;

use crate::permissions::For;
use For::{
    Admins, Anyone, Deputies, HalfWay, Holders, Officers, Programs, Readers, ReadingPrograms,
    Users, WritingPrograms,
};

/// How a door answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
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
pub enum Place {
    None,
    Observer,
    Officer,
    Admin,
}

/// How somebody shows who they are.
#[derive(Debug, Clone)]
pub enum Pass {
    Nothing,
    /// A browser's.
    Cookie(String, Place),
    /// A browser's in which a private link was opened.
    Link(String),
    /// A program's.
    Token(String, Place, TokenScope),
    /// One that was good once: the header that it went in, and its value.
    Dead(&'static str, String),
}

pub struct Visitor {
    pub name: &'static str,
    pub pass: Pass,
    /// What belongs to them, where they have anything of their own.
    pub session: String,
    pub token: i64,
    pub calendar: i64,
}

impl Visitor {
    pub fn expected(&self, whom: For) -> Verdict {
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
            Officers | WritingPrograms
                if place >= Place::Officer && scope != Some(TokenScope::Read) =>
            {
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
            headers: {
                let known = |name: &str| matches!(name, "date" | "x-request-id");
                let headers = answer.headers().iter();
                let headers = headers
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                headers.filter(|(name, _)| !known(name)).collect()
            },
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
    pub location: String,
    /// All but those that name the request and its time.
    pub headers: BTreeSet<(String, String)>,
    pub etag: bool,
    pub body: Vec<u8>,
}

impl Answer {
    /// Everything that tells one answer from another.
    pub fn told(&self) -> (u16, &str, String) {
        let body = without_form_tokens(String::from_utf8_lossy(&self.body).into_owned());
        (self.status, &self.location, body)
    }

    pub fn verdict(&self) -> Verdict {
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
