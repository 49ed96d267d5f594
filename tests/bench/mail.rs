//! A thousand calendar mails from the queue to a relay on this machine, per second, beside a bare lettre loop that
//! sends the same bytes, in one run.
//!
//! `cargo bench --bench mail`. Every mail has a connection of its own. "Bare" reads no outbox and records nothing, where
//! the worker leases each mail and records its outcome, committed to disk (`synchronous=FULL`). While mail passes, the
//! worker sends three side by side. lettre's own transport waits 40 ms a mail for an acknowledgement (Nagle's
//! algorithm); the worker and the second bare loop do not. Run as a test, it goes through once with fewer mails, so that
//! it cannot fall behind what it measures.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so by ending"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use diesel::connection::SimpleConnection;
use iikura::core::delegation::DelegationId;
use iikura::core::event::EventId;
use iikura::core::notice::Method;
use iikura::core::slot::SlotId;
use iikura::core::time::{Instant as Minute, Moment};
use iikura::db::{DatabaseUrl, Db, DbError, connect};
use iikura::mail::outbox::{self, NewMail};
use iikura::mail::transport::Transport;
use iikura::mail::worker::{Worker, WorkerSignal};
use iikura::runtime::clock::Clock;
use lettre::address::Envelope;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use support::{rounds, sql};

const NOW: Moment = Moment::from_seconds(1_671_580_800);
const SLOT_STARTS: Minute = Minute::from_minutes(27_864_500);

fn main() {
    let rounds = rounds::of(5);
    let mails = if rounds == 1 { 50 } else { 1_000 };
    let raw = calendar_mail();
    let sink = Sink::open();
    let runtime = actix_web::rt::System::new();
    let (mut ours, mut theirs, mut lettres) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        // It takes its time: a tenth of the mails shows as much.
        lettres.push(runtime.block_on(bare_transport(&sink, &raw, mails / 10)));
        theirs.push(runtime.block_on(bare(&sink, &raw, mails)));
        ours.push(runtime.block_on(through_the_outbox(&sink, &raw, mails)));
    }
    let (ours, theirs, lettres) = (median(ours), median(theirs), median(lettres));
    println!(
        "{mails} mails of {} bytes to a relay on the loopback, median of {rounds} rounds",
        raw.len()
    );
    println!("  lettre's transport  {lettres:>9.0} mails/s");
    println!("  lettre, no waiting  {theirs:>9.0} mails/s");
    println!("  iikura              {ours:>9.0} mails/s");
    println!(
        "  ratios              {:>9.2} and {:.2}",
        ours / lettres,
        ours / theirs
    );
}

/// As large as a real one: text, HTML and the calendar twice.
fn calendar_mail() -> Vec<u8> {
    let line = "BEGIN:VEVENT and some more of what a letter and its calendar say, line by line\r\n";
    format!(
        "Subject: Confirmed\r\nMessage-ID: <bench@iikura.example>\r\n\r\n{}",
        line.repeat(100)
    )
    .into_bytes()
}

async fn bare(sink: &Sink, raw: &[u8], mails: usize) -> f64 {
    let before = sink.taken();
    let began = Instant::now();
    for number in 0..mails {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", sink.port))
            .await
            .unwrap();
        stream.set_nodelay(true).unwrap();
        let hello = ClientId::default();
        let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
            .await
            .unwrap();
        connection.send(&envelope(number), raw).await.unwrap();
        connection.quit().await.unwrap();
    }
    let rate = rate(mails, began);
    assert_eq!(sink.taken() - before, mails);
    rate
}

fn envelope(number: usize) -> Envelope {
    let address = |text: &str| text.parse::<Address>().unwrap();
    Envelope::new(
        Some(address("noreply@iikura.example")),
        vec![address(&format!("desk{number}@delegations.example"))],
    )
    .unwrap()
}

async fn bare_transport(sink: &Sink, raw: &[u8], mails: usize) -> f64 {
    let transport: AsyncSmtpTransport<Tokio1Executor> =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(sink.port)
            .build();
    let before = sink.taken();
    let began = Instant::now();
    for number in 0..mails {
        transport.send_raw(&envelope(number), raw).await.unwrap();
    }
    let rate = rate(mails, began);
    assert_eq!(sink.taken() - before, mails);
    rate
}

async fn through_the_outbox(sink: &Sink, raw: &[u8], mails: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("bench.db").display().to_string());
    let db = Db::open(&url).unwrap();
    db.migrate().unwrap();
    fill(&db, &url, raw, mails);
    let transport = Transport::smtp(&format!("smtp://127.0.0.1:{}", sink.port)).unwrap();
    let worker = Worker::new(
        db,
        transport,
        Clock::from_fn(|| NOW),
        WorkerSignal::default(),
    );
    let before = sink.taken();
    let began = Instant::now();
    assert_eq!(worker.drain().await.unwrap(), mails);
    let rate = rate(mails, began);
    assert_eq!(sink.taken() - before, mails);
    rate
}

fn fill(db: &Db, url: &DatabaseUrl, raw: &[u8], mails: usize) {
    let starts = SLOT_STARTS.minutes();
    let sql = [
        sql::event(1, "bench"),
        sql::resource(2, 1, "delegation", 0),
        sql::delegation(2, 1, "Kazakhstan", "guest"),
        sql::slot(7, 1, (starts, starts + 30), "confirmed"),
    ]
    .concat();
    connect(url).unwrap().batch_execute(&sql).unwrap();
    db.write_here(|connection| {
        for number in 0..mails {
            let mail = NewMail {
                event: EventId(1),
                slot: SlotId(7),
                delegation: DelegationId(2),
                uid: &format!("{number}@iikura.example"),
                sequence: 0,
                method: Method::Request,
                repeat: false,
                recipient: &format!("desk{number}@delegations.example"),
                recipient_name: "Desk",
                envelope_from: "noreply@iikura.example",
                message_id: &format!("<{number}@iikura.example>"),
                subject: "Confirmed",
                raw,
                written_at: NOW,
                slot_starts: SLOT_STARTS,
            };
            outbox::enqueue(connection, &mail)?;
        }
        Ok::<_, DbError>(())
    })
    .unwrap();
}

fn rate(mails: usize, began: Instant) -> f64 {
    f64::from(u32::try_from(mails).unwrap()) / began.elapsed().as_secs_f64()
}

/// A relay that takes everything and keeps nothing.
struct Sink {
    port: u16,
    taken: Arc<AtomicUsize>,
}

impl Sink {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let count = Arc::clone(&count);
                std::thread::spawn(move || serve(&stream.unwrap(), &count));
            }
        });
        Self { port, taken }
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

/// Ends when the client hangs up.
fn serve(stream: &TcpStream, taken: &AtomicUsize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    let say = |text: &str| (&*stream).write_all(text.as_bytes()).ok();
    say("220 relay.example ESMTP\r\n")?;
    let (mut line, mut in_mail) = (String::new(), false);
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if in_mail {
            if line == ".\r\n" {
                in_mail = false;
                taken.fetch_add(1, Ordering::SeqCst);
                say("250 2.0.0 Ok\r\n")?;
            }
            continue;
        }
        match line.get(..4) {
            Some("EHLO") => say("250-relay.example\r\n250 8BITMIME\r\n")?,
            Some("DATA") => {
                in_mail = true;
                say("354 go on\r\n")?;
            }
            Some("QUIT") => {
                say("221 bye\r\n")?;
                return None;
            }
            _ => say("250 2.0.0 Ok\r\n")?,
        }
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
