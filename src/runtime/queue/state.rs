//! What a queue knows under its lock: which jobs wait and run, whose turn is next, and what was made lately.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::cache::ResultCache;
use super::{Cancellation, JobRequest, Output, Owner, QueueCounts, QueueError, QueueLimits, Size};

/// What a job does.
pub(super) type Work<T> = Box<dyn FnOnce(&Cancellation) -> T + Send>;
type Receiver<T> = oneshot::Receiver<Result<T, QueueError>>;

pub(super) struct QueueState<R, T> {
    limits: QueueLimits,
    waiting: Vec<Job<R, T>>,
    running: Vec<Job<R, T>>,
    cache: ResultCache<R, T>,
    /// Threads that there are.
    pub(super) threads: usize,
    /// Threads that wait for work.
    pub(super) idle: usize,
    /// At which turn each owner of a job was last served.
    served: HashMap<Owner, u64>,
    turn: u64,
    next_job: u64,
    counts: QueueCounts,
}

/// A job and those who wait for it.
pub(super) struct Job<R, T> {
    id: u64,
    /// Who asked first, and has it counted.
    owner: Owner,
    size: Size,
    request: R,
    /// `None` once it runs.
    work: Option<Work<T>>,
    cancellation: Cancellation,
    waiters: Vec<Waiter<T>>,
    next_waiter: usize,
}

struct Waiter<T> {
    id: usize,
    owner: Owner,
    result: oneshot::Sender<Result<T, QueueError>>,
}

impl<R, T> Job<R, T> {
    fn add(&mut self, owner: Owner) -> (usize, Receiver<T>) {
        let (result, received) = oneshot::channel();
        let id = self.next_waiter;
        self.next_waiter += 1;
        self.waiters.push(Waiter { id, owner, result });
        (id, received)
    }
}

/// What there is for a request.
pub(super) enum JobLookup<'s, R, T> {
    /// The result.
    Cached(T),
    /// An equal job, and the place among those who wait for it.
    Joined(u64, usize, Receiver<T>),
    /// Nothing, but there is room for a job.
    Nothing(std::sync::MutexGuard<'s, QueueState<R, T>>),
}

impl<R, T> QueueState<R, T> {
    pub(super) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            waiting: Vec::new(),
            running: Vec::new(),
            cache: ResultCache::new(limits.cache_bytes),
            threads: 0,
            idle: 0,
            served: HashMap::new(),
            turn: 0,
            next_job: 0,
            counts: QueueCounts::default(),
        }
    }

    pub(super) fn counts(&self) -> QueueCounts {
        QueueCounts {
            waiting: self.waiting.len(),
            running: self.running.len(),
            cached_bytes: self.cache.bytes(),
            ..self.counts
        }
    }

    /// True when a thread more would have something to do.
    pub(super) fn needs_thread(&self) -> bool {
        self.threads < self.limits.threads && self.waiting.len() > self.idle
    }

    pub(super) fn has_work(&self) -> bool {
        self.next().is_some()
    }

    /// The next job: mail's first, then of the client with the fewest running jobs that was served longest ago.
    fn next(&self) -> Option<usize> {
        let large = self.running.iter().filter(|job| job.size == Size::Large);
        let large_may_start = large.count() < self.limits.large;
        let rank = |owner: Owner| {
            let running = self.running.iter().filter(|job| job.owner == owner).count();
            let served = self.served.get(&owner).copied().unwrap_or_default();
            (owner != Owner::Mail, running, served)
        };
        (0..self.waiting.len())
            .filter(|at| large_may_start || self.waiting[*at].size == Size::Small)
            .min_by_key(|at| {
                let waiters = self.waiting[*at].waiters.iter();
                (waiters.map(|waiter| rank(waiter.owner)).min(), *at)
            })
    }

    /// Takes the next job to be done, if any may start now.
    pub(super) fn start(&mut self) -> Option<(u64, Work<T>, Cancellation)> {
        loop {
            let mut job = self.waiting.remove(self.next()?);
            // Always there while a job waits.
            let Some(work) = job.work.take() else {
                continue;
            };
            self.turn += 1;
            for waiter in &job.waiters {
                self.served.insert(waiter.owner, self.turn);
            }
            let started = (job.id, work, job.cancellation.clone());
            self.running.push(job);
            return Some(started);
        }
    }

    /// Removes a waiting client from a job. Returns the job if that was the last and it had not begun.
    pub(super) fn leave(&mut self, id: u64, waiter: usize) -> Option<Job<R, T>> {
        let left = |job: &mut Job<R, T>| {
            job.waiters.retain(|each| each.id != waiter);
            job.waiters.is_empty()
        };
        if let Some(at) = self.waiting.iter().position(|job| job.id == id) {
            if left(&mut self.waiting[at]) {
                self.counts.abandoned += 1;
                return Some(self.waiting.remove(at));
            }
        } else if let Some(job) = self.running.iter_mut().find(|job| job.id == id)
            && left(job)
        {
            self.counts.abandoned += 1;
            job.cancellation.request();
        }
        None
    }
}

impl<R: JobRequest, T: Output> QueueState<R, T> {
    /// Takes a new job.
    pub(super) fn push(
        &mut self,
        owner: Owner,
        size: Size,
        request: R,
        work: Work<T>,
    ) -> (u64, Receiver<T>) {
        let mut job = Job {
            id: self.next_job,
            owner,
            size,
            request,
            work: Some(work),
            cancellation: Cancellation::default(),
            waiters: Vec::new(),
            next_waiter: 0,
        };
        self.next_job += 1;
        let (_, received) = job.add(owner);
        let id = job.id;
        self.waiting.push(job);
        (id, received)
    }

    /// Sends a job's output to all waiting clients, and caches it.
    pub(super) fn finish(&mut self, id: u64, output: &Result<T, QueueError>) {
        let Some(at) = self.running.iter().position(|job| job.id == id) else {
            return;
        };
        let job = self.running.remove(at);
        if !job.cancellation.is_requested() {
            self.counts.done += 1;
            if let Ok(output) = output {
                self.cache.insert(job.request, output);
            }
        }
        for waiter in job.waiters {
            // A client that has gone needs it no more.
            let _ = waiter.result.send(output.clone());
        }
        if self.waiting.is_empty() && self.running.is_empty() {
            self.served.clear();
        }
    }
}

/// Looks for what answers a request, and counts what is found.
pub(super) fn find<'s, R: JobRequest, T: Output>(
    mut state: std::sync::MutexGuard<'s, QueueState<R, T>>,
    owner: Owner,
    asked: &R,
) -> Result<JobLookup<'s, R, T>, QueueError> {
    if let Some(output) = state.cache.get(asked) {
        state.counts.cached += 1;
        return Ok(JobLookup::Cached(output));
    }
    let joined = {
        let QueueState {
            waiting, running, ..
        } = &mut *state;
        let mut jobs = waiting.iter_mut().chain(running.iter_mut());
        jobs.find(|job| !job.cancellation.is_requested() && job.request.answers(asked))
            .map(|job| (job.id, job.add(owner)))
    };
    if let Some((id, (waiter, received))) = joined {
        state.counts.shared += 1;
        return Ok(JobLookup::Joined(id, waiter, received));
    }
    if owner != Owner::Mail {
        let jobs = state.waiting.iter().chain(&state.running);
        let theirs = jobs.filter(|job| job.owner == owner).count();
        let refusal = if theirs >= state.limits.per_owner {
            Some(QueueError::OwnerLimit)
        } else if state.waiting.len() >= state.limits.waiting {
            Some(QueueError::Full)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            state.counts.refused += 1;
            return Err(refusal);
        }
    }
    Ok(JobLookup::Nothing(state))
}
