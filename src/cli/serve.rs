//! `iikura serve`: checks the configuration, then answers requests and sends mail until it is told to stop.

use std::net::TcpListener;

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::agenda::pdf;
use crate::app::{self, App};
use crate::config::{Config, ServeArgs};
use crate::db::Db;
use crate::event::wire::Wire;
use crate::mail::inbox;
use crate::mail::transport::Transport;
use crate::mail::worker::Worker;
use crate::time::Clock;

pub(super) fn run(args: ServeArgs) -> Result<(), Failure> {
    start_log();
    let mut config = args.check().map_err(Failure)?;
    if config.database.is_open_to_others() {
        tracing::warn!(
            database = ?config.database,
            "whoever sits on the way to the database may read along; take sslmode out of its URL, or write sslmode=verify-full"
        );
    }
    let db = Db::open(&config.database)?;
    db.check_schema()?;
    let listener = listen(&config)?;
    config.listen = listener.local_addr()?;
    tracing::info!(address = %config.listen, "listening");
    until_stopped(App::new(db, Clock::system(), config), listener)
}

/// Binds the address, so that a fault is known before anything is announced.
pub(super) fn listen(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.listen).map_err(|error| {
        Failure::one(format!(
            "cannot listen on {}: {error}; set --listen (IIKURA_LISTEN)",
            config.listen
        ))
    })
}

/// Serves and sends until a signal comes; then finishes the requests and the mail in hand.
pub(super) fn until_stopped(app: App, listener: TcpListener) -> Result<(), Failure> {
    let transport =
        Transport::configured(app.config.smtp_url.as_deref(), app.config.outbox.clone())?;
    actix_web::rt::System::new().block_on(async move {
        // So that the log says at the start what paper will lack, and the first who prints does not wait.
        std::thread::spawn(pdf::find_fonts);
        let bell = app.mail_bell.clone();
        let worker = Worker::new(app.db.clone(), transport, app.clock.clone(), bell.clone())
            .keeping(app.config.mail_keep_days);
        let worker = actix_web::rt::spawn(worker.run());
        let mailbox = app.config.mailbox.clone();
        let mailbox = mailbox.map(|url| actix_web::rt::spawn(inbox::watch(app.clone(), url)));
        let _wire = Wire::listen(&app.db, &app.live);
        let watchers = app.live.watchers().clone();
        // Streams never end by themselves, and would hold up the end.
        actix_web::rt::spawn(async move {
            stop_signal().await;
            watchers.close();
        });
        let served = app::server(app, listener)?.await;
        if let Some(mailbox) = mailbox {
            mailbox.abort();
        }
        bell.stop();
        worker.await?;
        Ok(served?)
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

/// Logs to the terminal's error stream, as `RUST_LOG` says; `info` by default.
pub(super) fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
