//! A bounded queue for costly work, on threads of its own.
//!
//! A request waits for its result. Equal requests share one job, and its result is cached for the next. Those who ask
//! take turns, and each has a limited share, so that no user fills the queue for the others. A job whose clients have
//! all
//! gone is dropped before it starts, or stopped.

mod cache;
mod state;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use state::{Job, JobLookup, QueueState, find};

/// How long a thread without work waits for some before it ends.
const IDLE: Duration = Duration::from_secs(5);

/// How much a queue takes on.
#[derive(Debug, Clone, Copy)]
pub struct QueueLimits {
    /// Threads, and so jobs at once.
    pub threads: usize,
    /// Large jobs at once.
    pub large: usize,
    /// Jobs that may wait for a thread.
    pub waiting: usize,
    /// Jobs of one owner, waiting or running.
    pub per_owner: usize,
    /// Bytes of cached results.
    pub cache_bytes: usize,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The mail worker, which goes first and is never refused.
    Mail,
    /// A user, by id.
    User(i64),
    /// A delegation that uses its private pages, by id.
    Delegation(i64),
}

/// What a job costs beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Little time and memory.
    Small,
    /// So much memory that few run at once.
    Large,
}

/// What is asked for, so that equal requests are recognised.
pub trait JobRequest: Send + 'static {
    /// True when the result of this earlier request answers the new one, byte for byte as far as it matters.
    fn answers(&self, asked: &Self) -> bool;

    /// True when this cannot be requested any more, so that its result need not be cached.
    fn is_outdated(&self) -> bool {
        false
    }
}

/// What a job makes; a clone of it is cheap.
pub trait Output: Clone + Send + 'static {
    /// How many bytes it holds in the cache; `None` for what must not be cached.
    fn cached_bytes(&self) -> Option<usize>;
}

/// Stops a running job whose clients have all gone.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// True once no client waits any more.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Asks the job to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// This owner has as many jobs as one may have.
    #[error("too many jobs of one owner")]
    OwnerLimit,
    /// The queue is full.
    #[error("the queue is full")]
    Full,
    /// The job panicked, or no thread could be started.
    #[error("the job failed")]
    Failed,
}

/// What a queue has done since the start, and how it is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Jobs that wait for a thread.
    pub waiting: usize,
    /// Jobs that run.
    pub running: usize,
    /// Bytes in the cache.
    pub cached_bytes: usize,
    /// Jobs that ran to their end.
    pub done: u64,
    /// Requests that joined an equal job.
    pub shared: u64,
    /// Requests that were answered from the cache.
    pub cached: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Jobs that were dropped or stopped because no client waited any more.
    pub abandoned: u64,
}

/// The queue; clones share it.
pub struct JobQueue<R, T>(Arc<Shared<R, T>>);

impl<R, T> Clone for JobQueue<R, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<R, T> {
    name: &'static str,
    state: Mutex<QueueState<R, T>>,
    work: Condvar,
}

impl<R, T> Shared<R, T> {
    fn lock(&self) -> MutexGuard<'_, QueueState<R, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: JobRequest, T: Output> JobQueue<R, T> {
    /// Makes a queue; its threads start with the first job.
    #[must_use]
    pub fn new(name: &'static str, limits: QueueLimits) -> Self {
        Self(Arc::new(Shared {
            name,
            state: Mutex::new(QueueState::new(limits)),
            work: Condvar::new(),
        }))
    }

    /// How the queue is now.
    #[must_use]
    pub fn counts(&self) -> QueueCounts {
        self.0.lock().counts()
    }

    /// Does a job, or takes the result of an equal one. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// When the owner or all together have too many jobs, or the job panics.
    pub async fn run(
        &self,
        owner: Owner,
        size: Size,
        request: R,
        job: impl FnOnce(&Cancellation) -> T + Send + 'static,
    ) -> Result<T, QueueError> {
        let mut ticket = match find(self.0.lock(), owner, &request)? {
            JobLookup::Cached(output) => return Ok(output),
            JobLookup::Joined(job, waiter, result) => Ticket::new(&self.0, job, waiter, result),
            JobLookup::Nothing(mut state) => {
                let (job, result) = state.push(owner, size, request, Box::new(job));
                if state.needs_thread() {
                    if self.start_thread() {
                        state.threads += 1;
                    } else if state.threads == 0 {
                        state.leave(job, 0);
                        return Err(QueueError::Failed);
                    }
                }
                Ticket::new(&self.0, job, 0, result)
            }
        };
        self.0.work.notify_one();
        (&mut ticket.result)
            .await
            .unwrap_or(Err(QueueError::Failed))
    }

    fn start_thread(&self) -> bool {
        let shared = Arc::clone(&self.0);
        let thread = std::thread::Builder::new().name(shared.name.to_owned());
        let started = thread.spawn(move || shared.work_off());
        if let Err(error) = &started {
            tracing::error!(%error, queue = self.0.name, "no thread could be started");
        }
        started.is_ok()
    }
}

impl<R: JobRequest, T: Output> Shared<R, T> {
    /// Does one job after the other until there has been none for a while.
    fn work_off(&self) {
        let mut state = self.lock();
        loop {
            if let Some((job, work, cancellation)) = state.start() {
                drop(state);
                // What a job leaves half done is its own, and dropped with it.
                let output = catch_unwind(AssertUnwindSafe(|| work(&cancellation)));
                if output.is_err() && !cancellation.is_requested() {
                    tracing::error!(queue = self.name, "a job panicked");
                }
                let output = output.map_err(|_| QueueError::Failed);
                state = self.lock();
                state.finish(job, &output);
                // A large job that waited for this one may start on a thread that sleeps.
                self.work.notify_all();
                continue;
            }
            state.idle += 1;
            let (woken, timeout) = self
                .work
                .wait_timeout(state, IDLE)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && !state.has_work() {
                state.threads -= 1;
                return;
            }
        }
    }
}

/// Someone who waits for a job; when dropped, they wait no longer.
struct Ticket<R, T> {
    shared: Arc<Shared<R, T>>,
    job: u64,
    waiter: usize,
    result: oneshot::Receiver<Result<T, QueueError>>,
}

impl<R, T> Ticket<R, T> {
    fn new(
        shared: &Arc<Shared<R, T>>,
        job: u64,
        waiter: usize,
        result: oneshot::Receiver<Result<T, QueueError>>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            job,
            waiter,
            result,
        }
    }
}

impl<R, T> Drop for Ticket<R, T> {
    fn drop(&mut self) {
        let dropped: Option<Job<R, T>> = self.shared.lock().leave(self.job, self.waiter);
        // Outside the lock: what the job holds may be large.
        drop(dropped);
    }
}
