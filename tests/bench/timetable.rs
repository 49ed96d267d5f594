//! The timetable page beside a bare actix handler that returns the same bytes: requests per second, in one run.
//!
//! `cargo bench --bench timetable`. Both servers run with the same number of workers in this process and answer the
//! same clients in turn; the ratio of the medians is what counts, not the figures. Run as a test, it goes through once,
//! so that it cannot fall behind what it measures.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so by ending"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use actix_web::{App as Actix, HttpResponse, HttpServer, web};
use iikura::auth::account::{self, Profile};
use iikura::auth::password::NewPassword;
use iikura::change::event_file;
use iikura::cli::demo::NINTH_MEETING;
use iikura::core::text::{Email, TextLine};
use iikura::core::user::{Actor, EventRole};
use iikura::db::{DatabaseUrl, Db};
use iikura::routes::server;
use iikura::runtime::clock::Clock;
use iikura::server::app::App;
use iikura::server::client::Proxies;
use iikura::server::config::Config;
use iikura::server::connection::ClientLimits;
use iikura::store::private_link::address::LinkKey;
use support::rounds;

const CLIENTS: usize = 8;
const ROUND: Duration = Duration::from_secs(2);
const PAGE: &str = "/events/ca-jad-9";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (iikura, cookie) = serve_iikura(folder.path());
    let page = get(iikura, PAGE, &cookie);
    assert!(String::from_utf8_lossy(&page).contains("Working lunch"));
    let bare = serve_bare(page.clone());
    assert_eq!(
        get(bare, PAGE, &cookie),
        page,
        "both answer with the same bytes"
    );

    let rounds = rounds::of(5);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        theirs.push(requests_per_second(bare, &cookie));
        ours.push(requests_per_second(iikura, &cookie));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "timetable page, {} bytes, {CLIENTS} clients, median of {rounds} rounds of {ROUND:?}",
        page.len()
    );
    println!("  bare actix handler  {theirs:>9.0} requests/s");
    println!("  iikura              {ours:>9.0} requests/s");
    println!("  ratio               {:>9.2}", ours / theirs);
}

fn serve_iikura(folder: &std::path::Path) -> (SocketAddr, String) {
    let database = DatabaseUrl::Sqlite(folder.join("bench.db").display().to_string());
    let mail_from = Email::parse("protocol@iikura.example").unwrap();
    let db = Db::open(&database).unwrap();
    db.migrate().unwrap();
    let (actor, clock) = (Actor::command_line(), Clock::system());
    let password = NewPassword::generate();
    db.write_here(|conn| {
        let now = clock.now();
        let live = iikura::store::programme_cache::ProgrammeCache::default();
        let event = event_file::import(conn, &live, NINTH_MEETING, &mail_from, &actor, now)
            .unwrap()
            .event;
        let profile = Profile {
            name: TextLine::parse("Officer").unwrap(),
            admin: false,
            roles: vec![(event, EventRole::Officer)],
        };
        let email = Email::parse("officer@iikura.example").unwrap();
        account::add(
            conn,
            &email,
            &profile,
            &password.hash_here().unwrap(),
            &actor,
            now,
        )
        .unwrap();
        Ok::<_, iikura::db::DbError>(())
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config {
        database,
        listen: address,
        public_url: None,
        smtp_url: None,
        mailbox: None,
        imap_every: 30,
        bounces: None,
        mail_from,
        outbox: folder.join("outbox"),
        mail_keep_days: 90,
        key: LinkKey::draw(),
        breached: None,
        sign_on: None,
        tls: None,
        proxies: Proxies::default(),
        metrics_listen: None,
        workers: Some(2),
        client_limits: ClientLimits::default(),
        is_demo: false,
    };
    let app = App::new(db, clock, config);
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(server(app, listener).unwrap())
    });
    (address, sign_in(address, password.reveal()))
}

fn serve_bare(page: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let page = web::Bytes::from(page);
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            let page = page.clone();
            Actix::new().route(
                PAGE,
                web::get().to(move || {
                    let answer = HttpResponse::Ok()
                        .content_type("text/html; charset=utf-8")
                        .body(page.clone());
                    async move { answer }
                }),
            )
        });
        actix_web::rt::System::new().block_on(server.workers(2).listen(listener).unwrap().run())
    });
    address
}

fn sign_in(address: SocketAddr, password: &str) -> String {
    let body = format!("email=officer%40iikura.example&password={password}");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn get(address: SocketAddr, path: &str, cookie: &str) -> Vec<u8> {
    let mut connection = Connection::open(address);
    let mut body = Vec::new();
    connection.get(path, cookie, &mut body);
    body
}

fn requests_per_second(address: SocketAddr, cookie: &str) -> f64 {
    let began = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let cookie = cookie.to_owned();
            std::thread::spawn(move || {
                let mut connection = Connection::open(address);
                let (mut body, mut count) = (Vec::new(), 0_u32);
                while began.elapsed() < ROUND {
                    connection.get(PAGE, &cookie, &mut body);
                    count += 1;
                }
                count
            })
        })
        .collect();
    let count: u32 = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .sum();
    f64::from(count) / began.elapsed().as_secs_f64()
}

/// A kept-alive connection that does no more than it must: the clients share the cores with the servers.
struct Connection {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            reader: BufReader::with_capacity(64 * 1024, stream),
            address,
        }
    }

    fn get(&mut self, path: &str, cookie: &str, body: &mut Vec<u8>) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n",
            self.address
        );
        self.reader.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut line, mut length, mut status) = (String::new(), 0, true);
        loop {
            line.clear();
            self.reader.read_line(&mut line).unwrap();
            if std::mem::take(&mut status) {
                assert!(line.starts_with("HTTP/1.1 200"), "{line}");
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        body.resize(length, 0);
        self.reader.read_exact(body).unwrap();
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
