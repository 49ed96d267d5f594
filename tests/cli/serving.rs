//! The server as a process: its log, its metrics, its TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;

use crate::{NINTH_MEETING, TestInstallation};
use support::both::{Scratch, on_both};

on_both!(the_log_is_lines_of_json_that_give_nothing_away);

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);
pub const EMAIL: &str = "hanako@protocol.example";
const PASSWORD_IN_SMTP: &str = "canary-smtp-password";
const PASSWORD_IN_IMAP: &str = "canary-imap-password";
const PASSWORD_IN_DATABASE: &str = "canary-database-password";

/// A server, its log, and the address it listens on.
pub struct Serving {
    process: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    pub address: String,
}

impl Serving {
    pub fn start(mut command: Command) -> Self {
        let mut process = command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read(process.stderr.take().unwrap());
        let mut serving = Self {
            process,
            lines,
            log: Vec::new(),
            address: String::new(),
        };
        let said = serving.hear("listening");
        said["address"]
            .as_str()
            .unwrap()
            .clone_into(&mut serving.address);
        serving
    }

    /// Reads the log until this was said.
    fn hear(&mut self, message: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            assert!(line.is_ok(), "“{message}” was not said: {:#?}", self.log);
            let line = line.unwrap();
            let said: Value = serde_json::from_str(&line).unwrap();
            self.log.push(line);
            if said["message"] == message {
                return said;
            }
        }
    }

    /// Its process's id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as systemd would, and reads the log to its end.
    pub fn stop(mut self) -> Vec<String> {
        let told = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        assert!(told.unwrap().success());
        assert!(self.process.wait().unwrap().success());
        self.log.extend(self.lines.iter());
        self.log
    }

    fn ask(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = agent().get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        taken(request.call().unwrap())
    }

    pub fn send(
        &self,
        path: &str,
        cookie: &str,
        fields: &[(&str, &str)],
    ) -> ureq::http::Response<ureq::Body> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        agent()
            .post(format!("http://{}{path}", self.address))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie)
            .send(&body)
            .unwrap()
    }

    /// Signs in; gives back the session's cookie.
    fn sign_in(&self, password: &str) -> String {
        let answer = self.send("/sign-in", "", &[("email", EMAIL), ("password", password)]);
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}

fn taken(mut answer: ureq::http::Response<ureq::Body>) -> (u16, String) {
    let status = answer.status().as_u16();
    (status, answer.body_mut().read_to_string().unwrap())
}

fn read(stderr: ChildStderr) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

/// A folder with the ninth meeting and an administrator, whose password is given back.
pub fn furnished(installation: &TestInstallation, database: &str) -> String {
    installation.write("meeting.toml", NINTH_MEETING);
    let run = |arguments: &[&str]| {
        let output = installation
            .command()
            .args(arguments)
            .args(["--database-url", database])
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", crate::text(&output.stderr));
        crate::text(&output.stdout)
    };
    run(&["migrate"]);
    run(&["import", "meeting.toml"]);
    let named = [
        "user", "add", "--email", EMAIL, "--name", "Hanako", "--role", "admin",
    ];
    let said = run(&named);
    let password = said.split_whitespace().last().unwrap();
    password.trim_end_matches('.').to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: char) -> &'a str {
    let rest = text.split_once(before).unwrap().1;
    rest.split(after).next().unwrap()
}

#[expect(clippy::too_many_lines, reason = "one walk through the main paths")]
fn the_log_is_lines_of_json_that_give_nothing_away(scratch: &Scratch) {
    let installation = TestInstallation::new();
    let password = furnished(&installation, scratch.url());
    // The tests' PostgreSQL asks for no password, and takes any.
    let database = scratch
        .url()
        .replace("postgres@", &format!("postgres:{PASSWORD_IN_DATABASE}@"));
    let mut command = installation.command();
    command
        .env("RUST_LOG", "debug")
        .env("IIKURA_DATABASE_URL", &database)
        .env(
            "IIKURA_SMTP_URL",
            format!("smtp://canary:{PASSWORD_IN_SMTP}@127.0.0.1:1"),
        )
        .env(
            "IIKURA_IMAP_URL",
            format!("imap://canary:{PASSWORD_IN_IMAP}@127.0.0.1:1"),
        );
    let mut server = Serving::start(command);

    let cookie = server.sign_in(&password);
    let wrong = [("email", EMAIL), ("password", "canary-typed-password")];
    assert_eq!(server.send("/sign-in", "", &wrong).status(), 422);
    let cookies = [("cookie", cookie.as_str())];
    let (status, page) = server.ask("/events/ca-jad-9?view=list", &cookies);
    assert_eq!(status, 200);
    let slot = between(&page, "href=\"/slots/", '"');
    let (_, page) = server.ask(&format!("/slots/{slot}"), &cookies);
    let version = between(&page, "name=\"version\" value=\"", '"').to_owned();
    let confirmed = server.send(
        &format!("/slots/{slot}/confirmation"),
        &cookie,
        &[("version", &version), ("past", "send")],
    );
    assert_eq!(confirmed.status(), 303);
    server.hear("mail will be tried again");
    let (_, page) = server.ask("/events/ca-jad-9/delegations/KZ", &cookies);
    let private = format!("/d/{}", between(&page, "/d/", '"'));
    assert_eq!(server.ask(&private, &[]).0, 200);
    assert_eq!(server.ask(&format!("{private}/schedule.ics"), &[]).0, 200);
    let opened = server.send(&private, "", &[]);
    let text = |name: &str| opened.headers()[name].to_str().unwrap().to_owned();
    let (clean, pass) = (text("location"), text("set-cookie"));
    let pass = pass.split(';').next().unwrap();
    assert_eq!(server.ask(&clean, &[("cookie", pass)]).0, 200);
    let invited = server.send(
        "/users",
        &cookie,
        &[
            ("name", "Jiro"),
            ("email", "jiro@protocol.example"),
            ("delivery", "hand"),
        ],
    );
    let (_, page) = taken(invited);
    let invitation = between(&page, "/password/", '<').to_owned();
    let path = format!("/password/{invitation}");
    assert_eq!(server.ask(&path, &[]).0, 200);
    let short = [
        ("new_password", "canary-chosen"),
        ("repeated_password", "canary-chosen"),
    ];
    assert_eq!(server.send(&path, "", &short).status(), 422);
    let made = server.send(
        "/account/tokens",
        &cookie,
        &[
            ("name", "Monitor"),
            ("scope", "read"),
            ("current_password", &password),
        ],
    );
    let (_, page) = taken(made);
    let token = format!("iikura_{}", &between(&page, "iikura_", '<')[..43]);
    let bearer = format!("Bearer {token}");
    let asked = [("authorization", bearer.as_str())];
    assert_eq!(server.ask("/api/v1/events", &asked).0, 200);
    // Somebody who would like to write in the log.
    let forged = "/no%0d%0a%7B%22level%22:%22ERROR%22%7D";
    assert_eq!(server.ask(forged, &[]).0, 404);
    let refused = agent()
        .post(format!("http://{}/sign-out", server.address))
        .header("origin", "https://evil.example\" forged=\"yes")
        .send("")
        .unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(server.send("/sign-out", &cookie, &[]).status(), 303);
    let log = server.stop();

    let whole = log.join("\n");
    let key = std::fs::read_to_string(installation.path().join("data/secret.key")).unwrap();
    let session = cookie.split_once('=').unwrap().1;
    for secret in [
        PASSWORD_IN_SMTP,
        PASSWORD_IN_IMAP,
        PASSWORD_IN_DATABASE,
        "canary-typed-password",
        key.trim(),
        session,
        pass.split_once('=').unwrap().1,
        &password,
        &token,
        &private,
        &invitation,
        "canary-chosen",
        EMAIL,
        "liaison@",
        "TILEUBERDI",
    ] {
        assert!(
            !secret.is_empty() && !whole.contains(secret),
            "{secret} in {whole}"
        );
    }
    let lines: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(
            line["level"].is_string() && line["message"].is_string(),
            "{line}"
        );
    }
    let asked = |method: &str, route: &str, status: u16| {
        let found = lines.iter().find(|line| {
            line["message"] == "request"
                && (&line["method"], &line["route"], &line["status"])
                    == (&method.into(), &route.into(), &status.into())
        });
        assert!(found.is_some(), "{method} {route} {status} in {whole}");
        found.unwrap()
    };
    let seen = asked("GET", "/events/{slug}", 200);
    assert!(seen["user"].is_i64() && seen["micros"].is_u64(), "{seen}");
    assert_eq!(seen["from"], "127.0.0.1");
    assert_eq!(seen["id"].as_str().unwrap().len(), 9);
    assert_eq!(asked("GET", "/d/{token}", 200)["user"], Value::Null);
    assert_eq!(asked("GET", "/api/v1/events", 200)["user"], seen["user"]);
    asked("GET", "/d/{token}/schedule.ics", 200);
    asked("POST", "/d/{token}", 303);
    asked("GET", "/schedule/{slug}/{code}", 200);
    asked("POST", "/sign-in", 422);
    asked("GET", "-", 404);
}

#[test]
fn metrics_have_their_own_address_and_no_names() {
    let installation = TestInstallation::new();
    let password = furnished(&installation, "sqlite:data/test.db");
    let mut command = installation.command();
    command.env("IIKURA_METRICS_LISTEN", "127.0.0.1:0");
    let mut server = Serving::start(command);
    let metrics = server.hear("metrics")["address"]
        .as_str()
        .unwrap()
        .to_owned();
    let cookie = server.sign_in(&password);
    let wrong = [("email", EMAIL), ("password", "wrong")];
    assert_eq!(server.send("/sign-in", "", &wrong).status(), 422);
    let cookies = [("cookie", cookie.as_str())];
    for _ in 0..3 {
        assert_eq!(server.ask("/events/ca-jad-9", &cookies).0, 200);
    }
    assert_eq!(server.ask("/nobody-knows", &cookies).0, 404);
    assert_eq!(server.ask("/metrics", &cookies).0, 404);
    let booking = |start: &str, end: &str| {
        let fields = [
            ("kind", "bilateral"),
            ("title", "Talk"),
            ("day", "2022-12-24"),
            ("start", start),
            ("end", end),
            ("room", "conference"),
            ("delegations", "JP"),
            ("delegations", "KZ"),
            ("state", "tentative"),
        ];
        server
            .send("/events/ca-jad-9/slots", &cookie, &fields)
            .status()
            .as_u16()
    };
    assert_eq!(booking("15:30", "16:00"), 409);
    assert_eq!(booking("18:30", "19:00"), 303);
    let ask = |path: &str| {
        taken(
            agent()
                .get(format!("http://{metrics}{path}"))
                .call()
                .unwrap(),
        )
    };
    let (status, text) = ask("/metrics");
    assert_eq!(status, 200);
    for line in [
        "iikura_request_duration_seconds_count{route=\"/events/{slug}\",method=\"GET\",status=\"2xx\"} 3",
        "iikura_request_duration_seconds_count{route=\"-\",method=\"GET\",status=\"4xx\"} 2",
        "iikura_sign_ins_total{outcome=\"ok\"} 1",
        "iikura_sign_ins_total{outcome=\"wrong\"} 1",
        "iikura_revisions_total 1",
        "iikura_letters_total{composed=\"inside\"} 0",
        "iikura_conflicts_refused_total 1",
        "iikura_revision_announcements_total 0",
        "iikura_live_pages 0",
        "iikura_database_up 1",
        "iikura_database_connections_limit 16",
        "iikura_outbox_mails{state=\"failed\"} 0",
        "iikura_outbox_oldest_waiting_seconds 0",
        "iikura_build_info{version=\"0.1.0\",time_zone_data=\"",
        "\nprocess_resident_memory_bytes ",
        "\nprocess_max_fds ",
        "iikura_connections_limit 4096",
        "iikura_body_memory_bytes 0",
        "iikura_worker_delay_seconds ",
        "iikura_worker_stalls_total ",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    for name in [
        "ca-jad-9",
        "Hanako",
        "hanako",
        "KZ",
        "Kazakhstan",
        "nobody-knows",
        "salon",
    ] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    assert_eq!(ask("/").0, 404);
    assert_eq!(ask("/events/ca-jad-9").0, 404);
    server.stop();
}

/// PostgreSQL's clock, a certificate and a refusal each have a metric that is missing without them.
#[cfg(feature = "postgres")]
#[test]
fn metrics_named_in_the_manual_are_served() {
    use std::collections::BTreeSet;

    use iikura::help::TOPICS;

    let database = Scratch::postgres().migrated();
    let installation = TestInstallation::new();
    let root = certificate(&installation);
    let mut command = installation.command();
    command
        .env("IIKURA_DATABASE_URL", database.url())
        .env("IIKURA_METRICS_LISTEN", "127.0.0.1:0")
        .env("IIKURA_TLS_CERT", "cert.pem")
        .env("IIKURA_TLS_KEY", "key.pem");
    let mut server = Serving::start(command);
    let said = server.hear("metrics");
    let metrics = format!("http://{}/metrics", said["address"].as_str().unwrap());
    let posted = |length: usize, form: &str| {
        let request = format!(
            "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        );
        let version = &rustls::version::TLS13;
        sent_by_tls(&server.address, &root, version, &request).unwrap()
    };
    assert!(posted(9_000_000, "").starts_with("HTTP/1.1 413 "));
    let wrong = "email=x%40delegation.example&password=x";
    assert!(posted(wrong.len(), wrong).starts_with("HTTP/1.1 422 "));

    let manual: Vec<&str> = TOPICS.iter().map(|topic| topic.markdown).collect();
    let manual = manual.concat();
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let named: BTreeSet<&str> = manual
        .split(|letter| !is_part(letter))
        .filter(|word| word.starts_with("iikura_") || word.starts_with("process_"))
        .filter(|word| !word.ends_with('_'))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let (status, text) = taken(agent().get(&metrics).call().unwrap());
    assert_eq!(status, 200);
    let shown: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let missing: Vec<_> = named.difference(&shown).collect();
    assert!(missing.is_empty(), "{missing:?} in {text}");
    server.stop();
}

/// DER as text.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// A certificate for localhost and its key, as files.
fn certificate(installation: &TestInstallation) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    installation.write("cert.pem", &pem("CERTIFICATE", made.cert.der()));
    let key = made.signing_key.serialize_der();
    installation.write("key.pem", &pem("PRIVATE KEY", &key));
    made.cert.der().clone()
}

/// Answers `GET /healthz` over TLS to a client that trusts this root.
fn asked_by_tls(
    address: &str,
    root: &CertificateDer<'static>,
    version: &'static rustls::SupportedProtocolVersion,
) -> std::io::Result<String> {
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    sent_by_tls(address, root, version, request)
}

fn sent_by_tls(
    address: &str,
    root: &CertificateDer<'static>,
    version: &'static rustls::SupportedProtocolVersion,
    request: &str,
) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let line = TcpStream::connect(address).unwrap();
    let mut tls = rustls::StreamOwned::new(client, line);
    tls.write_all(request.as_bytes())?;
    let mut answer = String::new();
    // The server may leave without a word once it has said everything.
    let _ = tls.read_to_string(&mut answer);
    Ok(answer)
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let installation = TestInstallation::new();
    installation.says(&["migrate"]);
    let first = certificate(&installation);
    let mut command = installation.command();
    command
        .env("IIKURA_TLS_CERT", "cert.pem")
        .env("IIKURA_TLS_KEY", "key.pem");
    let mut server = Serving::start(command);
    let version = &rustls::version::TLS13;
    let is_shown = |server: &Serving, root| {
        asked_by_tls(&server.address, root, version).is_ok_and(|said| said.contains(" 200 "))
    };
    assert!(is_shown(&server, &first));
    let second = certificate(&installation);
    let hang_up = |server: &Serving| {
        let pid = server.process.id().to_string();
        let told = Command::new("kill").args(["-HUP", &pid]).status();
        assert!(told.unwrap().success());
    };
    hang_up(&server);
    server.hear("the certificate was read again");
    assert!(is_shown(&server, &second) && !is_shown(&server, &first));
    installation.write("cert.pem", "-----BEGIN CERTIFICATE-----\n");
    hang_up(&server);
    server.hear("the certificate cannot be read again; the old one stays in use");
    assert!(is_shown(&server, &second));
    server.stop();
}

#[test]
fn the_listener_speaks_tls_where_it_has_a_certificate() {
    let installation = TestInstallation::new();
    installation.says(&["migrate"]);
    let root = certificate(&installation);
    let mut command = installation.command();
    command
        .env("IIKURA_TLS_CERT", "cert.pem")
        .env("IIKURA_TLS_KEY", "key.pem");
    let server = Serving::start(command);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let answer = asked_by_tls(&server.address, &root, version).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"),
            "{answer}"
        );
    }
    let plain = agent()
        .get(format!("http://{}/healthz", server.address))
        .call();
    assert!(plain.is_err(), "nothing is said in the clear");
    server.stop();
}

#[test]
fn unencrypted_provider_is_refused_with_advice() {
    let installation = TestInstallation::new();
    installation.says(&["migrate"]);
    certificate(&installation);
    let other = rcgen::KeyPair::generate().unwrap().serialize_der();
    installation.write("other.pem", &pem("PRIVATE KEY", &other));
    let address = ["serve", "--listen", "127.0.0.1:0"];
    let cases: [(&[&str], &str); 6] = [
        (
            &["serve", "--listen", "0.0.0.0:0"],
            "set --tls-cert and --tls-key",
        ),
        (
            &["serve", "--listen", "[::]:0"],
            "--allow-plain-http (IIKURA_ALLOW_PLAIN_HTTP=true)",
        ),
        (
            &["--tls-cert", "none.pem", "--tls-key", "key.pem"],
            "set --tls-cert (IIKURA_TLS_CERT)",
        ),
        (
            &["--tls-cert", "cert.pem", "--tls-key", "cert.pem"],
            "set --tls-key (IIKURA_TLS_KEY)",
        ),
        (
            &["--tls-cert", "cert.pem", "--tls-key", "other.pem"],
            "make no TLS",
        ),
        (
            &["--trusted-proxies", "proxy.example"],
            "write as 127.0.0.1 or 10.0.0.0/8",
        ),
    ];
    for (arguments, words) in cases {
        let whole = match arguments {
            ["serve", ..] => arguments.to_vec(),
            more => [&address[..], more].concat(),
        };
        let complaint = installation.complains(&whole);
        assert!(complaint.contains(words), "{whole:?}: {complaint}");
    }
    assert!(
        !Path::new(&installation.path().join("data/secret.key")).exists(),
        "a faulty configuration leaves nothing behind"
    );
}

#[test]
fn password_is_in_no_help_and_no_error() {
    let installation = TestInstallation::new();
    let secret = "canary-password";
    for (name, url) in [
        (
            "IIKURA_DATABASE_URL",
            format!("postgres://iikura:{secret}@127.0.0.1:1/iikura"),
        ),
        (
            "IIKURA_DATABASE_URL",
            format!("mysql://iikura:{secret}@db.example/iikura"),
        ),
        (
            "IIKURA_SMTP_URL",
            format!("ftp://iikura:{secret}@relay.example"),
        ),
        (
            "IIKURA_SMTP_URL",
            format!("smtp://iikura:{secret}@relay.example"),
        ),
        (
            "IIKURA_IMAP_URL",
            format!("imap://iikura:{secret}@mail.example"),
        ),
        ("IIKURA_OIDC_CLIENT_SECRET", secret.to_owned()),
    ] {
        for arguments in [&["serve"][..], &["serve", "--help"], &["migrate", "--help"]] {
            let output = installation
                .command()
                .env(name, &url)
                .args(arguments)
                .output()
                .unwrap();
            let said = crate::text(&output.stdout) + &crate::text(&output.stderr);
            assert!(
                !said.is_empty() && !said.contains(secret),
                "{arguments:?} {name}: {said}"
            );
        }
    }
}
