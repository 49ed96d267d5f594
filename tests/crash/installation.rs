//! A database, servers on it that come and go as processes, and an officer who works at them.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use iikura::auth::account::{self, Profile};
use iikura::auth::password::NewPassword;
use iikura::core::delegation::DelegationId;
use iikura::core::event::EventId;
use iikura::core::programme::Programme;
use iikura::core::slot::{Slot, SlotId, SlotState};
use iikura::core::text::{Email, TextLine};
use iikura::core::time::Moment;
use iikura::core::user::{Actor, EventRole};
use iikura::db::schema::outbox;
use iikura::db::word::Word;
use iikura::db::{Count, Db, DbError};
use iikura::mail::outbox as mail_outbox;
use iikura::mail::outbox::{LEASE, MailId, MailState};
use iikura::mail::transport::Transport;
use iikura::mail::worker::{Worker, WorkerSignal};
use iikura::runtime::clock::Clock;
use iikura::store::programme_cache::ProgrammeCache;
use tempfile::TempDir;

use support::chance::Chance;
use support::meeting::import;

const OFFICER: &str = "officer@protocol.example";
const PASSWORD: &str = "violet anchor ninety";
/// Slots a day, thirty-five minutes apart.
const A_DAY: u64 = 40;

/// A mail as the outbox has it.
#[derive(Debug)]
pub struct Mail {
    pub slot: SlotId,
    pub delegation: DelegationId,
    pub sequence: i32,
    pub message_id: String,
    pub raw: String,
    pub state: MailState,
}

pub struct TestInstallation {
    url: String,
    db: Db,
    event: EventId,
    address: SocketAddr,
    smtp_url: String,
    folder: TempDir,
    cookie: Option<String>,
    booked: u64,
    /// What a server said it had done: the slot and the version it then had.
    pub promised: Vec<(SlotId, i32)>,
}

/// A server as a process.
pub struct Server(Child);

/// None outlives its test.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Lets it live for so long, and kills it as a power cut would.
    pub fn kill_after(mut self, life: Duration) {
        std::thread::sleep(life);
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Tells it to stop, as systemd does, and waits until it has; it must say that all went well.
    pub fn stop(mut self) -> Duration {
        let told = Instant::now();
        let kill = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(kill.unwrap().success());
        assert!(self.0.wait().unwrap().success());
        told.elapsed()
    }
}

impl TestInstallation {
    /// Furnishes an empty database.
    pub fn furnish(url: &str, smtp_url: &str) -> Self {
        let db = Db::open(&url.parse().unwrap()).unwrap();
        db.migrate().unwrap();
        let days: Vec<String> = (1..=28)
            .map(|day| format!("\"2030-06-{day:02}\""))
            .collect();
        let mut source = format!(
            "[meeting]\nslug = \"crash\"\nname = \"Meeting\"\nvenue = \"House\"\ntime_zone = \"Asia/Tokyo\"\n\
             opens = \"00:00\"\ncloses = \"24:00\"\ndays = [{}]\n\
             [[rooms]]\ncode = \"salon\"\nname = \"Salon\"\ncapacity = 40\nturnaround_minutes = 0\n",
            days.join(",")
        );
        for (precedence, code) in ["JP", "KZ"].iter().enumerate() {
            let role = if precedence == 0 { "chair" } else { "guest" };
            write!(
                source,
                "[[parties]]\ncode = \"{code}\"\nname = \"{code}\"\nrole = \"{role}\"\nhead = \"Head\"\n\
                 precedence = {precedence}\ntime_zone = \"Asia/Almaty\"\nparty_size = 6\n\
                 contacts = [{{ name = \"Desk\", email = \"{code}@delegations.example\", language = \"en\" }}]\n"
            )
            .unwrap();
        }
        let (actor, now) = (Actor::command_line(), Clock::system().now());
        let event = import(&db, &source);
        let hash = NewPassword::parse(PASSWORD, &[])
            .unwrap()
            .hash_here()
            .unwrap();
        db.write_here(|conn| {
            let profile = Profile {
                name: TextLine::parse("Officer").unwrap(),
                admin: false,
                roles: vec![(event, EventRole::Officer)],
            };
            let email = Email::parse(OFFICER).unwrap();
            account::add(conn, &email, &profile, &hash, &actor, now).unwrap();
            Ok::<_, DbError>(())
        })
        .unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            url: url.to_owned(),
            db,
            event,
            address: free.local_addr().unwrap(),
            smtp_url: smtp_url.to_owned(),
            folder: tempfile::tempdir().unwrap(),
            cookie: None,
            booked: 0,
            promised: Vec::new(),
        }
    }

    /// Starts a server and waits until it answers and the officer is signed in.
    pub fn start(&mut self) -> Server {
        self.start_in::<&str>(&[])
    }

    /// Starts one that finds more in its environment.
    pub fn start_in<T: AsRef<OsStr>>(&mut self, environment: &[(&str, T)]) -> Server {
        let child = Command::new(env!("CARGO_BIN_EXE_iikura"))
            .env_clear()
            .env("RUST_LOG", "info")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .args(["serve", "--database-url", &self.url])
            .args(["--listen", &self.address.to_string()])
            .args(["--smtp-url", &self.smtp_url, "--workers", "1"])
            .arg("--secret-file")
            .arg(self.folder.path().join("secret.key"))
            .stdout(Stdio::null())
            .stderr(self.log_file())
            .spawn()
            .unwrap();
        let server = Server(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(self.address).is_err() {
            assert!(Instant::now() < deadline, "the server does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
        if self.cookie.is_none() {
            self.sign_in_again();
        }
        server
    }

    /// Signs in until it is done.
    pub fn sign_in_again(&mut self) {
        self.cookie = None;
        while self.cookie.is_none() {
            self.cookie = self.sign_in();
        }
    }

    fn log_file(&self) -> File {
        let path = self.folder.path().join("log");
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap()
    }

    /// What the servers have logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Does the next thing; `None` when nobody answers.
    pub fn act(&mut self, chance: &mut Chance) -> Option<()> {
        let programme = self.programme();
        let live: Vec<Slot> = programme
            .live_slots()
            .map(|slot| Slot::clone(slot))
            .collect();
        let tentative = live
            .iter()
            .find(|slot| slot.state() == SlotState::Tentative);
        let confirmed: Vec<&Slot> = live
            .iter()
            .filter(|slot| slot.state() == SlotState::Confirmed)
            .collect();
        match (chance.below(6), tentative, confirmed.is_empty()) {
            (0 | 1, Some(slot), _) => self.step(slot, "confirmation", &[]),
            (2 | 3, _, false) => {
                let slot = (*chance.one_of(&confirmed)).clone();
                let zone = programme.event.time_zone;
                // To and fro by five minutes.
                let start = slot.interval().start();
                let minute = zone.clock(start);
                let moved = start.plus(if minute.ends_with('0') { 5 } else { -5 });
                let fields = [
                    ("day", zone.date(start).to_string()),
                    ("start", zone.clock(moved)),
                    ("end", zone.clock(moved.plus(20))),
                    ("room", "salon".to_owned()),
                    ("tell", "now".to_owned()),
                ];
                self.step(&slot, "placement", &fields)
            }
            (4, _, false) => {
                let slot = (*chance.one_of(&confirmed)).clone();
                self.step(&slot, "cancellation", &[("tell", "now".to_owned())])
            }
            _ => self.book(),
        }
    }

    fn book(&mut self) -> Option<()> {
        let fields = self.next_booking();
        let location = self.post("/events/crash/slots", &fields)?;
        if let Some(slot) = slot_at(&location) {
            self.promised.push((slot, 1));
        }
        Some(())
    }

    /// Books and confirms, as far as the server does it: its last status.
    pub fn book_and_confirm(&mut self) -> u16 {
        let fields = self.next_booking();
        let booked = self.send("/events/crash/slots", &fields).unwrap();
        let location = booked.headers().get("location");
        let Some(slot) = location.and_then(|to| slot_at(to.to_str().unwrap())) else {
            return booked.status().as_u16();
        };
        self.promised.push((slot, 1));
        let version = [("version", "1".to_owned())];
        let path = format!("/slots/{slot}/confirmation");
        let status = self.send(&path, &version).unwrap().status().as_u16();
        if status == 303 {
            self.promised.push((slot, 2));
        }
        status
    }

    fn next_booking(&mut self) -> [(&'static str, String); 9] {
        let (day, place) = (self.booked / A_DAY % 28 + 1, self.booked % A_DAY);
        self.booked += 1;
        let clock = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let start = place * 35 / 10 * 10;
        [
            ("kind", "bilateral".to_owned()),
            ("title", format!("Talk {}", self.booked)),
            ("day", format!("2030-06-{day:02}")),
            ("start", clock(start)),
            ("end", clock(start + 20)),
            ("room", "salon".to_owned()),
            ("delegations", "JP".to_owned()),
            ("delegations", "KZ".to_owned()),
            ("state", "tentative".to_owned()),
        ]
    }

    fn step(&mut self, slot: &Slot, noun: &str, more: &[(&str, String)]) -> Option<()> {
        let fields = [&[("version", slot.version.to_string())][..], more].concat();
        let location = self.post(&format!("/slots/{}/{noun}", slot.id), &fields)?;
        if !location.is_empty() {
            self.promised.push((slot.id, slot.version + 1));
        }
        Some(())
    }

    fn sign_in(&self) -> Option<String> {
        let fields = [
            ("email", OFFICER.to_owned()),
            ("password", PASSWORD.to_owned()),
        ];
        let answer = self.send("/sign-in", &fields)?;
        let cookie = answer.headers().get("set-cookie")?.to_str().ok()?;
        Some(cookie.split(';').next()?.to_owned())
    }

    /// Where the answer leads; empty for a refusal. `None` when nobody answers.
    fn post(&self, path: &str, fields: &[(&str, String)]) -> Option<String> {
        let answer = self.send(path, fields)?;
        let status = answer.status().as_u16();
        assert!(status < 500, "{path}: {status}");
        if status != 303 {
            return Some(String::new());
        }
        let location = answer.headers().get("location")?.to_str().ok()?.to_owned();
        assert!(!location.starts_with("/sign-in"), "still signed in");
        Some(location)
    }

    fn send(
        &self,
        path: &str,
        fields: &[(&str, String)],
    ) -> Option<ureq::http::Response<ureq::Body>> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let origin = format!("http://{}", self.address);
        let mut request = agent()
            .post(format!("{origin}{path}"))
            .header("origin", &origin)
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        request.send(&body).ok()
    }

    /// The path of Kazakhstan's private page, as its delegation's page shows it.
    pub fn private_page(&self) -> String {
        let page = self.fetch("/events/crash/delegations/KZ");
        let start = page.1.find("/d/").unwrap();
        page.1[start..].split('"').next().unwrap().to_owned()
    }

    /// A page that watches the event; the first word has come.
    pub fn watch(&self) -> TcpStream {
        use std::io::{Read as _, Write as _};
        let mut line = TcpStream::connect(self.address).unwrap();
        let cookie = self.cookie.as_deref().unwrap();
        write!(
            line,
            "GET /events/crash/live HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut first = [0; 12];
        line.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        line
    }

    /// The status of a page.
    pub fn get(&self, path: &str) -> u16 {
        self.fetch(path).0
    }

    fn fetch(&self, path: &str) -> (u16, String) {
        let mut request = agent().get(format!("http://{}{path}", self.address));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let mut answer = request.call().unwrap();
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_to_string().unwrap())
    }

    /// Goes on at another place, where the database was put meanwhile.
    pub fn moves_to(&mut self, url: &str) {
        url.clone_into(&mut self.url);
        self.db = Db::open(&url.parse().unwrap()).unwrap();
    }

    /// Answers `SELECT … AS count`.
    pub fn count(&self, sql: &str) -> i64 {
        self.db
            .read_here(|conn| {
                let count: Count = diesel::sql_query(sql).get_result(conn)?;
                Ok::<_, DbError>(count.count)
            })
            .unwrap()
    }

    pub fn programme(&self) -> Programme {
        let event = self.event;
        self.db
            .read_here(|conn| {
                let programme = ProgrammeCache::default().programme(conn, event)?;
                Ok::<_, DbError>(Programme::clone(&programme.unwrap()))
            })
            .unwrap()
    }

    /// Sends what still waits, once the leases of the dead have ended.
    pub fn send_the_rest(&self, transport: &Transport) {
        let later = Clock::system().now().plus(LEASE + 3600);
        let clock = Clock::from_fn(move || Moment::from_seconds(later.seconds()));
        let worker = Worker::new(
            self.db.clone(),
            transport.clone(),
            clock,
            WorkerSignal::default(),
        );
        actix_web::rt::System::new()
            .block_on(worker.drain())
            .unwrap();
    }

    pub fn mails(&self) -> Vec<Mail> {
        type Row = (
            MailId,
            Option<SlotId>,
            Option<DelegationId>,
            i32,
            Word<MailState>,
        );
        self.db
            .read_here(|conn| {
                let rows: Vec<Row> = outbox::table
                    .select((
                        outbox::id,
                        outbox::slot_id,
                        outbox::delegation_id,
                        outbox::sequence,
                        outbox::state,
                    ))
                    .load(conn)?;
                let mut mails = Vec::new();
                for (id, slot, delegation, sequence, state) in rows {
                    // With what is enclosed, as it goes out.
                    let mail = mail_outbox::get(conn, id)?.unwrap();
                    mails.push(Mail {
                        slot: slot.unwrap(),
                        delegation: delegation.unwrap(),
                        sequence,
                        message_id: mail.message_id,
                        raw: String::from_utf8(mail.raw).unwrap(),
                        state: state.0,
                    });
                }
                Ok::<_, DbError>(mails)
            })
            .unwrap()
    }
}

/// Follows no redirects, and takes a refusal for an answer.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}

/// The slot that an address leads to.
fn slot_at(location: &str) -> Option<SlotId> {
    let id = location.strip_prefix("/slots/")?.split('?').next()?;
    Some(SlotId(id.parse().unwrap()))
}
