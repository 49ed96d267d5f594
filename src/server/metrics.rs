//! What a monitor may know of this server: counts and durations, in Prometheus's text format, and nothing of what is
//! in the events. Every label is one of a fixed set, so that no name, slug or token can get into it.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpResponse, HttpServer, web};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::core::time::Zone;
use crate::db::DbError;
use crate::mail::outbox;
use crate::server::app::App;
use crate::server::process;

/// Upper bounds of the durations, in seconds: a page takes a few milliseconds, a paper a second.
const BUCKETS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];
/// How long the database may take to return the state of the outbox.
const PATIENCE: Duration = Duration::from_secs(3);
/// The format's media type (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a server counts. Clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<CountedMetrics>);

struct CountedMetrics {
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    sign_ins: Family<SignIn, Counter>,
    revisions: Counter,
    refusals: Counter,
    refused: Family<RefusedLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignIn {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    what: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    queue: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LetterLabels {
    composed: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Jobs {
    queue: &'static str,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Requests {
    queue: &'static str,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        Self(Arc::new(CountedMetrics {
            requests: Family::new_with_constructor(histogram),
            sign_ins: Family::default(),
            revisions: Counter::default(),
            refusals: Counter::default(),
            refused: Family::default(),
        }))
    }
}

impl Metrics {
    /// Counts an answer; `route` is the pattern of its address, never the address.
    pub fn answered(&self, route: String, method: &Method, status: StatusCode, took: Duration) {
        let request = RequestLabels {
            route,
            method: known(method),
            status: class(status),
        };
        let requests = &self.0.requests;
        requests.get_or_create(&request).observe(took.as_secs_f64());
    }

    /// Counts a sign-in: `ok`, `wrong`, `throttled`, `busy` when too many waited, or `failed` for a fault of ours.
    pub fn signed_in(&self, outcome: &'static str) {
        self.0.sign_ins.get_or_create(&SignIn { outcome }).inc();
    }

    /// Counts a programme's new revision.
    pub fn revision_made(&self) {
        self.0.revisions.inc();
    }

    /// Counts a booking that the rules refused.
    pub fn conflict_refused(&self) {
        self.0.refusals.inc();
    }

    /// Counts what was refused or ended because of a limit: a `connection`, `request`, `body` or `answer`.
    pub fn refused(&self, what: &'static str, reason: &'static str) {
        let refused = RefusedLabels { what, reason };
        self.0.refused.get_or_create(&refused).inc();
    }
}

/// Clients may invent methods; only known ones are distinguished.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// Makes the server of the metrics, on an address of its own that strangers do not reach.
pub fn server(app: App, listener: TcpListener) -> std::io::Result<Server> {
    let app = web::Data::new(app);
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .route("/metrics", web::get().to(show))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

/// `GET /metrics`
async fn show(app: web::Data<App>) -> HttpResponse {
    match text(&app).await {
        Ok(text) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
            .body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn text(app: &App) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("iikura");
    let counted = &app.metrics.0;
    registry.register_with_unit(
        "request_duration",
        "Time from a request's head to its answer's head, by the pattern of the address",
        Unit::Seconds,
        counted.requests.clone(),
    );
    registry.register(
        "sign_ins",
        "Attempts to sign in with a password",
        counted.sign_ins.clone(),
    );
    registry.register(
        "revisions",
        "Revisions of programmes that this server made",
        counted.revisions.clone(),
    );
    registry.register(
        "conflicts_refused",
        "Bookings that this server refused by a rule",
        counted.refusals.clone(),
    );
    registry.register(
        "refused",
        "Connections, requests, bodies and answers refused or ended because of limits",
        counted.refused.clone(),
    );
    let build = Info::new([
        ("version", env!("CARGO_PKG_VERSION")),
        ("time_zone_data", Zone::data_version()),
    ]);
    registry.register("build", "This program", build);
    letters(&mut registry, app);
    watchers(&mut registry, app);
    clock(&mut registry, app);
    process::register(&mut registry, app);
    queues(&mut registry, app);
    database(&mut registry, app).await;
    let mut text = String::new();
    // The process's own metrics have the names that they have everywhere, without our prefix.
    encode_registry(&mut text, &process::registry())?;
    encode(&mut text, &registry)?;
    Ok(text)
}

fn letters(registry: &mut Registry, app: &App) {
    let letters = Family::<LetterLabels, Counter>::default();
    let counts = &app.letters;
    for (composed, count) in [("before", &counts.before), ("inside", &counts.inside)] {
        let counter = letters.get_or_create(&LetterLabels { composed });
        counter.inc_by(count.load(Ordering::Relaxed));
    }
    registry.register(
        "letters",
        "Letters stored by bookings, composed before the transaction or inside it",
        letters,
    );
}

fn watchers(registry: &mut Registry, app: &App) {
    let watchers = app.programme_cache.watchers();
    let pages = i64::try_from(watchers.pages()).unwrap_or(i64::MAX);
    registry.register(
        "live_pages",
        "Open pages that keep themselves up to date",
        ConstGauge::new(pages),
    );
    registry.register(
        "revision_announcements",
        "Revisions announced to open pages on this server",
        ConstCounter::new(watchers.announcements()),
    );
    registry.register(
        "programme_loads",
        "Programmes that this server read whole from the database",
        ConstCounter::new(app.programme_cache.loaded()),
    );
}

/// By how much the clocks were apart; left out on SQLite, where there is one.
fn clock(registry: &mut Registry, app: &App) {
    if let Some(seconds) = app.clock_difference.seconds() {
        registry.register_with_unit(
            "clock_difference",
            "By how much this machine's clock is ahead of the database's",
            Unit::Seconds,
            ConstGauge::new(seconds),
        );
    }
}

/// How the queues of what costs much are, and what they did.
fn queues(registry: &mut Registry, app: &App) {
    let jobs = Family::<Jobs, Gauge>::default();
    let requests = Family::<Requests, Counter>::default();
    let cached = Family::<QueueLabels, Gauge>::default();
    for (queue, counts) in [
        ("documents", app.documents.counts()),
        ("plans", app.plans.counts()),
    ] {
        let gauge = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        for (state, number) in [("waiting", counts.waiting), ("running", counts.running)] {
            let jobs = jobs.get_or_create(&Jobs { queue, state });
            jobs.set(gauge(number));
        }
        for (outcome, number) in [
            ("made", counts.done),
            ("shared", counts.shared),
            ("cached", counts.cached),
            ("refused", counts.refused),
            ("abandoned", counts.abandoned),
        ] {
            let requests = requests.get_or_create(&Requests { queue, outcome });
            requests.inc_by(number);
        }
        cached
            .get_or_create(&QueueLabels { queue })
            .set(gauge(counts.cached_bytes));
    }
    registry.register(
        "queue_jobs",
        "Documents and plans that wait for a thread, and that are being made",
        jobs,
    );
    registry.register(
        "queue_requests",
        "Documents and plans requested: made, shared with an equal request, cached, refused, abandoned",
        requests,
    );
    registry.register_with_unit(
        "queue_cache",
        "Memory of cached results",
        Unit::Bytes,
        cached,
    );
}

/// State of pool and outbox. A database that does not answer leaves the outbox out and shows in `database_up`.
async fn database(registry: &mut Registry, app: &App) {
    let pool = app.db.connections();
    let connections = Family::<StateLabels, Gauge>::default();
    for (state, number) in [("idle", pool.idle), ("busy", pool.open - pool.idle)] {
        let number = i64::from(number);
        connections
            .get_or_create(&StateLabels { state })
            .set(number);
    }
    registry.register(
        "database_connections",
        "Connections in this server's pool",
        connections,
    );
    registry.register(
        "database_connections_limit",
        "Connections that the pool may have",
        ConstGauge::new(i64::from(pool.most)),
    );
    let db = app.db.clone();
    let asked = web::block(move || {
        db.read_for(PATIENCE, |conn| {
            Ok::<_, DbError>((outbox::depth(conn)?, outbox::waiting_since(conn)?))
        })
    });
    let found = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(Ok(found))) => Some(found),
        _ => None,
    };
    registry.register(
        "database_up",
        "1 when the database answers",
        ConstGauge::new(i64::from(found.is_some())),
    );
    let Some((depth, since)) = found else {
        return;
    };
    let mails = Family::<StateLabels, Gauge>::default();
    for (state, number) in depth {
        mails.get_or_create(&StateLabels { state }).set(number);
    }
    registry.register("outbox_mails", "Mails in the outbox, by state", mails);
    let now = app.clock.now().seconds();
    let age = since.map_or(0, |since| (now - since.seconds()).max(0));
    registry.register_with_unit(
        "outbox_oldest_waiting",
        "Age of the mail that waits longest; 0 when none waits",
        Unit::Seconds,
        ConstGauge::new(age),
    );
}
