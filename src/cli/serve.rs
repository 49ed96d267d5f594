//! `iikura serve`: checks the configuration, then answers requests and sends mail until it is stopped.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::dev::Server;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::Failure;
use crate::cli::checks::{self, DoctorVerdict};
use crate::db::{Db, schema_check};
use crate::documents::pdf;
use crate::jobs::inbox;
use crate::jobs::maintenance::Maintenance;
use crate::mail::transport::Transport;
use crate::mail::worker::Worker;
use crate::personal::retention;
use crate::routes::server;
use crate::runtime::clock::Clock;
use crate::runtime::trace;
use crate::server::app::App;
use crate::server::config::{Config, ServeArgs};
use crate::server::{clock_difference, log, metrics, process, tls};
use crate::store::peers::PeerListener;

/// The longest shutdown; process managers kill after ten seconds or later.
const LONGEST_STOP: Duration = Duration::from_secs(9);
/// Files and connections that a server has open beside those of its clients: the database's, mail, what it reads.
const OTHER_FILES: u64 = 256;

/// This program, also after another file has come into the place of the one that was started. Where there is no such
/// path, large documents are set in the server.
const OWN_PROGRAM: &str = "/proc/self/exe";

pub(super) fn run(args: ServeArgs) -> Result<(), Failure> {
    log::start(args.log_format);
    let mut config = args.check().map_err(Failure)?;
    if config.database.is_open_to_others() {
        tracing::warn!(
            database = ?config.database,
            "attackers on the network may read the database connection; remove sslmode from its URL, or write \
             sslmode=verify-full"
        );
    }
    let db = Db::open(&config.database)?;
    db.check_schema()?;
    db.read_here(schema_check::check)?;
    allow_connections(&mut config);
    warn_of_old_zones();
    let listener = listen(&config)?;
    config.listen = listener.local_addr()?;
    tracing::info!(address = %config.listen, "listening");
    until_stopped(App::new(db, Clock::system(), config), listener)
}

/// Takes no more connections than there may be open files: with none left, the database could not be opened either.
fn allow_connections(config: &mut Config) {
    let wanted = config.client_limits.connections;
    let files = process::allow_open_files(wanted as u64 + OTHER_FILES);
    let most = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    if most < wanted {
        config.client_limits.connections = most.max(1);
        tracing::warn!(
            files,
            connections = config.client_limits.connections,
            wanted,
            "fewer connections than configured, because the limit of open files is low; raise LimitNOFILE (ulimit \
             -n), or set \
             --max-connections (IIKURA_MAX_CONNECTIONS)"
        );
    }
}

fn warn_of_old_zones() {
    let zones = checks::zone_data(Clock::system().now());
    if zones.verdict != DoctorVerdict::Ok {
        tracing::warn!(found = zones.words, next = zones.next, "old time zone data");
    }
}

/// How often events are looked through for contacts to be erased.
const RETENTION_EVERY: Duration = Duration::from_hours(1);

/// Binds the address, so that a fault is known before anything is announced.
pub(super) fn listen(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.listen).map_err(|error| {
        Failure::one(format!(
            "cannot listen on {}: {error}; set --listen (IIKURA_LISTEN)",
            config.listen
        ))
    })
}

/// Serves and sends until a signal comes; then finishes the requests and the mail in progress.
pub(super) fn until_stopped(mut app: App, listener: TcpListener) -> Result<(), Failure> {
    app.documents = app.documents.with_program(Path::new(OWN_PROGRAM));
    let transport = Transport::configured(app.config.smtp_url.as_ref(), app.config.outbox.clone())?;
    let metrics = app.config.metrics_listen.map(listen_for_metrics);
    let metrics = metrics.transpose()?;
    if let Some(listener) = &metrics {
        tracing::info!(address = %listener.local_addr()?, "metrics");
    }
    actix_web::rt::System::new().block_on(async move {
        // So that the log says at the start what paper will lack, and the first who prints does not wait.
        std::thread::spawn(pdf::find_fonts);
        let worker_signal = app.worker_signal.clone();
        let worker = Worker::new(app.db.clone(), transport, app.clock.clone(), worker_signal.clone())
            .keeping(app.config.mail_keep_days)
            .with_documents(app.documents.clone());
        let worker = actix_web::rt::spawn(worker.run());
        let maintenance = Maintenance::new(&app);
        let background = actix_web::rt::spawn(maintenance.clone().run());
        let mailbox = app.config.mailbox.clone();
        let mailbox = mailbox.map(|url| actix_web::rt::spawn(inbox::watch(app.clone(), url)));
        let retention = actix_web::rt::spawn(erase_when_due(app.clone()));
        let _wire = PeerListener::listen(&app.db, &app.programme_cache);
        let clocks = actix_web::rt::spawn(clock_difference::watch(app.clone()));
        let certificate = actix_web::rt::spawn(tls::keep_current(app.config.tls.clone()));
        let watchers = app.programme_cache.watchers().clone();
        let metrics = metrics.map(|listener| metrics::server(app.clone(), listener));
        let metrics = metrics.transpose()?;
        let mut stops: Vec<_> = metrics.iter().map(Server::handle).collect();
        if let Some(metrics) = metrics {
            actix_web::rt::spawn(metrics);
        }
        let server = server(app, listener)?;
        stops.insert(0, server.handle());
        let told = Arc::new(OnceLock::new());
        let noted = Arc::clone(&told);
        let stopping = worker_signal.clone();
        actix_web::rt::spawn(async move {
            stop_signal().await;
            tracing::info!("stopping: requests and mail in progress are finished");
            let _ = noted.set(Instant::now());
            // Streams never end by themselves, and would hold up the end.
            watchers.close();
            stopping.stop();
            for stop in stops {
                stop.stop(true).await;
            }
        });
        let outcome = server.await;
        clocks.abort();
        certificate.abort();
        if let Some(mailbox) = mailbox {
            mailbox.abort();
        }
        retention.abort();
        worker_signal.stop();
        background.abort();
        let deadline = *told.get_or_init(Instant::now) + LONGEST_STOP;
        if let Ok(worker) = tokio::time::timeout_at(deadline, worker).await {
            worker?;
        } else {
            tracing::warn!(
                "the relay is too slow to wait for; the mail being sent is retried when its lease expires"
            );
        }
        flush_last(maintenance, deadline).await;
        tracing::info!("stopped");
        Ok(outcome?)
    })
}

/// Writes the last-used marks, unless the database is busy until the deadline.
async fn flush_last(maintenance: Maintenance, deadline: Instant) {
    let (done, flushed) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own: the end does not wait for it.
    std::thread::spawn(move || {
        maintenance.flush();
        drop(done);
    });
    if tokio::time::timeout_at(deadline, flushed).await.is_err() {
        tracing::warn!("the database is busy; when sessions were last used is not written");
    }
}

/// Erases contacts of events whose time has come, again and again.
async fn erase_when_due(app: App) {
    loop {
        let (db, programme_cache, clock) = (
            app.db.clone(),
            app.programme_cache.clone(),
            app.clock.clone(),
        );
        let erased =
            trace::block(move || retention::erase_due(&db, &programme_cache, &clock)).await;
        match erased {
            Ok(Ok(0)) => {}
            Ok(Ok(events)) => tracing::info!(events, "contacts and mail were erased"),
            Ok(Err(error)) => tracing::error!(%error, "contacts and mail could not be erased"),
            Err(error) => tracing::error!(%error, "contacts and mail could not be erased"),
        }
        tokio::time::sleep(RETENTION_EVERY).await;
    }
}

fn listen_for_metrics(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        Failure::one(format!(
            "cannot serve metrics at {address}: {error}; set --metrics-listen (IIKURA_METRICS_LISTEN)"
        ))
    })
}

async fn stop_signal() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
