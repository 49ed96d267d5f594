//! The application: what handlers share.

use std::sync::Arc;

use crate::auth::hashing::HashingQueue;
use crate::auth::throttle::Refusals;
use crate::auth::usage::UsageMarks;
use crate::db::Db;
use crate::documents::queue::Documents;
use crate::mail::worker::WorkerSignal;
use crate::mail::{LetterCounts, MailContext};
use crate::runtime::clock::Clock;
use crate::runtime::rate::Rates;
use crate::server::agenda::{DOCUMENTS_AT_ONCE, DOCUMENTS_PER_SECOND};
use crate::server::clock_difference::ClockDifference;
use crate::server::config::Config;
use crate::server::connection::limit::ConnectionLimits;
use crate::server::heartbeat::Heartbeats;
use crate::server::metrics::Metrics;
use crate::server::plans::Plans;
use crate::server::readiness::Readiness;
use crate::server::render_cache::RenderCache;
use crate::store::private_link::expired::ExpiredLinks;
use crate::store::programme_cache::ProgrammeCache;

/// Fetches of a link allowed at once: a program notified of many changes, on several devices.
const FETCHES_AT_ONCE: f64 = 30.0;
/// Times a second that a link may go on being fetched: four a minute.
const FETCHES_PER_SECOND: f64 = 4.0 / 60.0;

/// What every handler can reach.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    /// The checked configuration.
    pub config: Config,
    /// The programmes in memory.
    pub programme_cache: ProgrammeCache,
    /// What was written out once, each while its programme is of the same version.
    pub render_cache: RenderCache,
    /// Rung after a commit that queued mail.
    pub worker_signal: WorkerSignal,
    /// How often each program may still ask.
    pub api_rates: Rates,
    /// How often each calendar link may still be fetched.
    pub calendar_rates: Rates,
    /// Makes documents, each in its turn.
    pub documents: Documents,
    /// Makes plans, each in its turn.
    pub plans: Plans,
    /// How often each person may still have a document made.
    pub document_rates: Rates,
    /// Private links, and what they left in browsers, that were seen to be over.
    pub seen_over: ExpiredLinks,
    /// Those who wait to have a password hashed.
    pub hashing: HashingQueue,
    /// Tries that were over a limit a moment ago.
    pub refusals: Refusals,
    /// What was used lately and is not stored yet.
    pub usage: UsageMarks,
    /// When letters were composed.
    pub letters: Arc<LetterCounts>,
    /// What is counted for a monitor.
    pub metrics: Metrics,
    /// Whether the database can be used.
    pub readiness: Readiness,
    /// By how much this machine's clock differs from the database's.
    pub clock_difference: ClockDifference,
    /// What clients have taken of what they may.
    pub limits: ConnectionLimits,
    /// Whether the threads that answer requests get to do so.
    pub heartbeats: Heartbeats,
}

impl App {
    /// Puts the shared parts together.
    #[must_use]
    pub fn new(db: Db, clock: Clock, config: Config) -> Self {
        Self {
            db,
            clock,
            limits: ConnectionLimits::new(&config.client_limits),
            config,
            programme_cache: ProgrammeCache::default(),
            render_cache: RenderCache::default(),
            worker_signal: WorkerSignal::default(),
            api_rates: Rates::default(),
            calendar_rates: Rates::new(FETCHES_AT_ONCE, FETCHES_PER_SECOND),
            documents: Documents::default(),
            plans: Plans::default(),
            document_rates: Rates::new(DOCUMENTS_AT_ONCE, DOCUMENTS_PER_SECOND),
            seen_over: ExpiredLinks::default(),
            hashing: HashingQueue::default(),
            refusals: Refusals::default(),
            usage: UsageMarks::default(),
            letters: Arc::default(),
            metrics: Metrics::default(),
            readiness: Readiness::default(),
            clock_difference: ClockDifference::default(),
            heartbeats: Heartbeats::default(),
        }
    }

    /// What writing mail needs to know, for one request.
    #[must_use]
    pub fn mail_context(&self) -> MailContext {
        let config = &self.config;
        let (from, bounces) = (config.mail_from.clone(), config.bounces.clone());
        MailContext::new(from, bounces, config.links()).counting_in(Arc::clone(&self.letters))
    }
}
