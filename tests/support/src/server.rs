//! A real server on a port of its own with a database of its own, and a browser's manners towards it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use clap::Parser;
use diesel::prelude::*;
use iikura::auth::account::{self, Profile};
use iikura::auth::password::NewPassword;
use iikura::core::event::EventId;
use iikura::core::text::{Email, TextLine};
use iikura::core::time::Moment;
use iikura::core::user::{Actor, EventRole, UserId};
use iikura::db::{Count, Db};
use iikura::routes::server;
use iikura::runtime::clock::Clock;
use iikura::server::Error;
use iikura::server::app::App;
use iikura::server::config::ServeArgs;
use iikura::server::connection::ClientLimits;
use iikura::store::peers::PeerListener;
use tempfile::TempDir;

/// The password of everybody in tests.
pub const PASSWORD: &str = "violet anchor ninety";
/// Its hash, made once: hashing is slow on purpose, and hundreds of tests have users.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let password = NewPassword::parse(PASSWORD, &[]).unwrap();
    password.hash_here().unwrap()
});
/// When tests begin: 24 December 2022, 05:00 UTC.
pub const START: i64 = 1_671_858_000;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    serve: ServeArgs,
}

/// A server that runs until the test ends.
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub origin: String,
    /// Its database.
    pub db: Db,
    /// What its handlers share.
    pub app: App,
    /// The file of its secret.
    pub secret: PathBuf,
    clock: Arc<AtomicI64>,
    _wire: Option<PeerListener>,
    _folder: TempDir,
}

impl Server {
    /// Starts one on an empty database.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with more flags.
    pub fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("iikura.db");
        let url = format!("sqlite:{}", path.display());
        Self::start_in(folder, &url, flags, |_| {})
    }

    /// Starts one on a database of the test's own.
    pub fn start_on(url: &str, flags: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), url, flags, |_| {})
    }

    /// Starts one on an empty database, with other limits on what clients may take.
    pub fn start_limited(flags: &[&str], tune: impl FnOnce(&mut ClientLimits)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("iikura.db").display());
        Self::start_in(folder, &url, flags, tune)
    }

    /// Starts one with the secret of another.
    pub fn start_with_secret_of(other: &Self, url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(&other.secret, folder.path().join("secret.key")).unwrap();
        Self::start_in(folder, url, &[], |_| {})
    }

    fn start_in(
        folder: TempDir,
        url: &str,
        flags: &[&str],
        tune: impl FnOnce(&mut ClientLimits),
    ) -> Self {
        let outbox = folder.path().join("outbox");
        let key = folder.path().join("secret.key");
        let flags = [
            [
                "iikura",
                "--database-url",
                url,
                "--outbox",
                outbox.to_str().unwrap(),
                "--secret-file",
                key.to_str().unwrap(),
                "--workers",
                "2",
            ]
            .as_slice(),
            flags,
        ]
        .concat();
        let mut config = Flags::try_parse_from(flags).unwrap().serve.check().unwrap();
        tune(&mut config.client_limits);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        config.listen = listener.local_addr().unwrap();
        let origin = format!("http://{}", config.listen);
        let db = Db::open(&config.database).unwrap();
        db.migrate().unwrap();
        let clock = Arc::new(AtomicI64::new(START));
        let ticks = clock.clone();
        let ticking = Clock::from_fn(move || Moment::from_seconds(ticks.load(Ordering::SeqCst)));
        let app = App::new(db.clone(), ticking, config);
        let wire = PeerListener::listen(&app.db, &app.programme_cache);
        let shared = app.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new()
                .block_on(async move { server(app, listener).unwrap().await })
        });
        Self {
            origin,
            db,
            app: shared,
            secret: key,
            clock,
            _wire: wire,
            _folder: folder,
        }
    }

    /// What time it is, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// Lets time pass; backwards, too.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Adds an account with the password of all tests.
    pub fn user(
        &self,
        email: &str,
        name: &str,
        admin: bool,
        roles: &[(EventId, EventRole)],
    ) -> UserId {
        let profile = Profile {
            name: TextLine::parse(name).unwrap(),
            admin,
            roles: roles.to_vec(),
        };
        self.db
            .write_here(|conn| {
                let email = Email::parse(email).unwrap();
                let now = Moment::from_seconds(START);
                Ok::<_, Error>(account::add(
                    conn,
                    &email,
                    &profile,
                    &HASH,
                    &Actor::command_line(),
                    now,
                )?)
            })
            .unwrap()
    }

    /// Runs plain SQL.
    pub fn sql(&self, sql: &str) {
        self.db
            .write_here(|conn| Ok::<_, Error>(diesel::sql_query(sql).execute(conn).map(drop)?))
            .unwrap();
    }

    /// Answers `SELECT … AS count`.
    pub fn count(&self, sql: &str) -> i64 {
        self.db
            .read_here(|conn| {
                Ok::<_, Error>(diesel::sql_query(sql).get_result::<Count>(conn)?.count)
            })
            .unwrap()
    }

    /// A browser that nobody has signed in with.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.origin)
    }

    /// A browser in which somebody is signed in.
    pub fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        let answer = browser.post("/sign-in", &[("email", email), ("password", PASSWORD)]);
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/"),
            "{}",
            answer.body
        );
        browser
    }
}

/// Keeps cookies and says where its requests come from, as browsers do; follows no redirects.
pub struct Browser {
    origin: String,
    cookie: std::cell::RefCell<Option<String>>,
    device: std::cell::RefCell<Option<String>>,
    /// What private links left, by the cookies' names.
    passes: std::cell::RefCell<BTreeMap<String, String>>,
    sign_on: std::cell::RefCell<Option<String>>,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The page.
    pub body: String,
}

impl Answer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// Where the answer sends the browser.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The value of a hidden or visible input, unescaped.
    pub fn input(&self, name: &str) -> String {
        let found = self.body.find(&format!("name=\"{name}\""));
        assert!(found.is_some(), "no field {name} in {}", self.body);
        let at = found.unwrap();
        let rest = &self.body[at..];
        let rest = &rest[rest.find("value=\"").unwrap() + 7..];
        rest[..rest.find('"').unwrap()]
            .replace("&#38;", "&")
            .replace("&#34;", "\"")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#39;", "'")
    }
}

impl Browser {
    /// One that sends its requests to a server.
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            cookie: None.into(),
            device: None.into(),
            passes: BTreeMap::new().into(),
            sign_on: None.into(),
        }
    }

    /// The same browser, sent to another server behind the same address.
    #[cfg(feature = "openid-connect")]
    pub fn at(&self, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            cookie: self.cookie.clone(),
            device: self.device.clone(),
            sign_on: self.sign_on.clone(),
            passes: self.passes.clone(),
        }
    }

    /// Where its requests go.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// All cookies, as they are sent.
    fn cookies(&self) -> String {
        let (device, sign_on) = (self.device.borrow().clone(), self.sign_on.borrow().clone());
        let own = [self.cookie(), device, sign_on].into_iter().flatten();
        own.chain(self.passes()).collect::<Vec<_>>().join("; ")
    }

    /// The session's cookie, as `NAME=VALUE`.
    pub fn cookie(&self) -> Option<String> {
        self.cookie.borrow().clone()
    }

    /// The cookies that private links left, as `NAME=VALUE`.
    pub fn passes(&self) -> Vec<String> {
        self.passes.borrow().values().cloned().collect()
    }

    /// Puts in what private links left in another browser.
    pub fn take_passes(&self, of: &Self) {
        self.passes.replace(of.passes.borrow().clone());
    }

    /// Presses the button of a private link: where it leads.
    pub fn open(&self, link: &str) -> String {
        let opened = self.post(link, &[]);
        assert_eq!(opened.status, 303, "{link}: {}", opened.body);
        opened.location().to_owned()
    }

    /// Puts a cookie in.
    pub fn set_cookie(&self, cookie: Option<String>) {
        self.cookie.replace(cookie);
    }

    /// Asks for a page.
    pub fn get(&self, path: &str) -> Answer {
        self.get_as(path, &[])
    }

    /// Asks for a page with headers of one's own.
    pub fn get_as(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().get(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies().is_empty() {
            request = request.header("cookie", self.cookies());
        }
        self.take(request.call().unwrap())
    }

    /// Asks for the head of a file alone: its entity tag.
    pub fn tag(&self, path: &str) -> String {
        let mut request = agent().head(format!("{}{path}", self.origin));
        if !self.cookies().is_empty() {
            request = request.header("cookie", self.cookies());
        }
        let response = request.call().unwrap();
        let tag = response.headers().get("etag");
        tag.map_or("", |tag| tag.to_str().unwrap()).to_owned()
    }

    /// Asks for a file with headers of one's own: the status, the headers and the bytes, as they were sent.
    pub fn sent(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let address = format!("{}{path}", self.origin);
        let mut request = match method {
            "HEAD" => agent().head(address),
            _ => agent().get(address),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies().is_empty() {
            request = request.header("cookie", self.cookies());
        }
        let mut response = request.call().unwrap();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().unwrap_or_default();
            (name.to_string(), value.to_owned())
        });
        let (status, headers) = (response.status().as_u16(), headers.collect());
        (status, headers, response.body_mut().read_to_vec().unwrap())
    }

    /// Asks for a file: its status and its bytes.
    pub fn file(&self, path: &str) -> (u16, Vec<u8>) {
        let mut request = agent().get(format!("{}{path}", self.origin));
        if !self.cookies().is_empty() {
            request = request.header("cookie", self.cookies());
        }
        let mut response = request.call().unwrap();
        let bytes = response.body_mut().read_to_vec().unwrap();
        (response.status().as_u16(), bytes)
    }

    /// Sends a form from a page of the same site.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.post_as(
            path,
            &body,
            &[
                ("origin", &self.origin),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
        )
    }

    /// Sends a body with headers of one's own.
    pub fn post_as(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().post(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies().is_empty() {
            request = request.header("cookie", self.cookies());
        }
        self.take(request.send(body).unwrap())
    }

    fn take(&self, mut response: ureq::http::Response<ureq::Body>) -> Answer {
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        for (_, value) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = value.split(';').next().unwrap().to_owned();
            if let Some((name, content)) = pair.split_once('=')
                && name.starts_with("__Host-iikura-link-")
            {
                let mut passes = self.passes.borrow_mut();
                passes.remove(name);
                if !content.is_empty() {
                    passes.insert(name.to_owned(), pair.clone());
                }
                continue;
            }
            let kept = match pair.split('=').next().unwrap() {
                "__Host-iikura-device" => &self.device,
                "__Host-iikura-sign-on" => &self.sign_on,
                _ => &self.cookie,
            };
            kept.replace((!pair.ends_with('=')).then_some(pair));
        }
        Answer {
            status: response.status().as_u16(),
            headers,
            body: without_form_tokens(response.body_mut().read_to_string().unwrap()),
        }
    }
}

/// The page as every rendering has it: each form has a token of its own, which [`Browser::file`] shows.
pub fn without_form_tokens(mut page: String) -> String {
    const FIELD: &str = r#"<input type="hidden" name="form_token" value=""#;
    while let Some(at) = page.find(FIELD) {
        let rest = &page[at + FIELD.len()..];
        let end = at + FIELD.len() + rest.find('>').unwrap() + 1;
        page.replace_range(at..end, "");
    }
    page
}

/// A client without memory: its own cookie jar would send cookies that the test has taken away.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}
