//! The server: accepts connections within their limits, speaks TLS where it is configured, and answers HTTP/1.1.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, web};
use tokio::io::AsyncWrite as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::limit::{Exceeded, Permit};
use super::stream::{LimitedStream, ServerStream};
use super::{ClientLimits, ConnectionState};
use crate::server::app::App;
use crate::server::security;
use crate::server::tls::Tls;

/// Seconds that requests may continue once the server is stopping.
const SHUTDOWN_SECONDS: u64 = 6;
/// How long a connection waits for its next request: short, since each browser opens six and an office has one address.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long the first head of a connection may take.
const FIRST_HEAD: Duration = Duration::from_secs(5);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a client may continue sending a body that is not read, before the connection ends with our answer.
const LINGER: Duration = Duration::from_secs(5);
/// How long a client that gets no connection may take to read why, and how many may do so at once.
const REFUSAL: Duration = Duration::from_secs(1);
const REFUSALS: usize = 64;

/// Makes a server with these routes on a listener that is already bound; it runs when awaited, until its handle stops it.
pub fn server(
    app: App,
    listener: TcpListener,
    routes: fn(&mut web::ServiceConfig),
) -> io::Result<Server> {
    let (workers, limits) = (app.config.workers, app.config.client_limits.clone());
    let acceptor = Acceptor {
        refusals: Arc::new(Semaphore::new(REFUSALS)),
        app: app.clone(),
        limits,
    };
    let address = listener.local_addr()?;
    let shared = web::Data::new(app);
    let mut builder = Server::build()
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_SECONDS)
        // Ours refuses with an answer; this one only lets clients wait.
        .max_concurrent_connections(acceptor.limits.connections + 2 * REFUSALS);
    if let Some(workers) = workers {
        builder = builder.workers(workers);
    }
    let shutdown = builder.graceful_shutdown_signal();
    let server = builder.listen("iikura", listener, move || {
        let (acceptor, shared, shutdown) = (acceptor.clone(), shared.clone(), shutdown.clone());
        acceptor.app.heartbeats.watch_this_thread();
        let pages = actix_web::App::new()
            .app_data(shared)
            .wrap(from_fn(security::guard))
            .configure(routes)
            .into_factory()
            .map_err(|error: Error| error.error_response());
        let http = HttpService::build()
            .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
            .client_request_timeout(FIRST_HEAD)
            .client_disconnect_timeout(LINGER)
            // Who hangs up is waited for no longer: their place in a queue goes to others.
            .h1_allow_half_closed(false)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let signal = shutdown.clone();
                async move { signal.notified().await }
            })
            .on_connect_ext(|stream: &ServerStream, extensions| {
                extensions.insert(stream.state());
            })
            .h1(map_config(pages, |()| AppConfig::default()));
        fn_service(move |tcp: TcpStream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(tcp).await.map_err(DispatchError::Io) }
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// Accepts connections, or refuses them with a reason.
#[derive(Clone)]
struct Acceptor {
    app: App,
    limits: ClientLimits,
    refusals: Arc<Semaphore>,
}

impl Acceptor {
    async fn accept(&self, tcp: TcpStream) -> io::Result<(ServerStream, Option<SocketAddr>)> {
        let peer = tcp.peer_addr()?;
        let proxies = &self.app.config.proxies;
        let from = (!proxies.has(peer.ip())).then(|| peer.ip());
        let permit = match self.app.limits.connections.acquire(from, 1) {
            Ok(permit) => permit,
            Err(exceeded) => {
                self.refuse(tcp, exceeded).await;
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
        };
        // Streams of events are small pieces, and each is to arrive at once.
        tcp.set_nodelay(true)?;
        let stream = self.limited(tcp, permit);
        let stream = match &self.app.config.tls {
            None => ServerStream::Plain(stream),
            Some(tls) => ServerStream::Tls(Box::new(handshake(tls, stream).await?)),
        };
        Ok((stream, Some(peer)))
    }

    fn limited(&self, tcp: TcpStream, permit: Permit) -> LimitedStream {
        let state = ConnectionState::new(self.limits.idle);
        let metrics = self.app.metrics.clone();
        LimitedStream::new(tcp, state, metrics, self.limits.answer_window, permit)
    }

    /// Answers a client that gets no connection, where that costs little: over TLS, or when many are refused, it finds
    /// the connection closed.
    async fn refuse(&self, tcp: TcpStream, exceeded: Exceeded) {
        self.app.metrics.refused(
            "connection",
            match exceeded {
                Exceeded::Total => "total",
                Exceeded::Address => "address",
            },
        );
        let Ok(_permit) = self.refusals.try_acquire() else {
            return;
        };
        if self.app.config.tls.is_none() {
            let _ = timeout(REFUSAL, answer_and_close(tcp, exceeded)).await;
        }
    }
}

async fn handshake(
    tls: &Tls,
    stream: LimitedStream,
) -> io::Result<tokio_rustls::server::TlsStream<LimitedStream>> {
    let acceptor = TlsAcceptor::from(tls.config());
    timeout(HANDSHAKE, acceptor.accept(stream)).await?
}

async fn answer_and_close(mut tcp: TcpStream, exceeded: Exceeded) -> io::Result<()> {
    let (status, words) = match exceeded {
        Exceeded::Total => (
            "503 Service Unavailable",
            "The server has too many connections. Try again in a moment.\n",
        ),
        Exceeded::Address => (
            "429 Too Many Requests",
            "There are too many connections from your address. Close some and try again.\n",
        ),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nretry-after: 5\r\nconnection: close\r\ncache-control: no-store\r\n\
         content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n{words}",
        words.len()
    );
    tcp.writable().await?;
    // The buffer of a new connection has room for it.
    tcp.try_write(answer.as_bytes())?;
    std::future::poll_fn(|context| Pin::new(&mut tcp).poll_shutdown(context)).await?;
    // What was not read would make the end a reset, which overtakes the answer.
    let mut ignored = [0; 1024];
    loop {
        tcp.readable().await?;
        match tcp.try_read(&mut ignored) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
