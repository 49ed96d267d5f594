//! Jobs here wait for a word of the test, so that nothing depends on time.

use std::sync::mpsc::{self, Receiver, Sender};
use std::task::Poll;

use super::*;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Named(&'static str);

impl JobRequest for Named {
    fn answers(&self, asked: &Self) -> bool {
        self == asked
    }
}

impl Output for String {
    fn cached_bytes(&self) -> Option<usize> {
        (!self.starts_with("secret")).then_some(self.len())
    }
}

type Queue = JobQueue<Named, String>;

const LIMITS: QueueLimits = QueueLimits {
    threads: 1,
    large: 1,
    waiting: 4,
    per_owner: 3,
    cache_bytes: 4096,
};

fn queue(limits: QueueLimits) -> Queue {
    JobQueue::new("test", limits)
}

/// A job that says when it runs and ends at a word.
fn held(name: &'static str) -> (impl FnOnce(&Cancellation) -> String + Send, Gate) {
    let (begun, begins) = mpsc::channel();
    let (go, goes) = mpsc::channel::<()>();
    let job = move |_: &Cancellation| {
        begun.send(()).unwrap();
        let _ = goes.recv();
        name.to_owned()
    };
    (job, Gate { begins, go })
}

struct Gate {
    begins: Receiver<()>,
    go: Sender<()>,
}

/// Asks without waiting, as a handler does up to its first wait.
async fn ask(
    queue: &Queue,
    owner: i64,
    name: &'static str,
    job: impl FnOnce(&Cancellation) -> String + Send + 'static,
) -> std::pin::Pin<Box<dyn Future<Output = Result<String, QueueError>>>> {
    ask_as(queue, Owner::User(owner), Size::Small, name, job).await
}

async fn ask_as(
    queue: &Queue,
    owner: Owner,
    size: Size,
    name: &'static str,
    job: impl FnOnce(&Cancellation) -> String + Send + 'static,
) -> std::pin::Pin<Box<dyn Future<Output = Result<String, QueueError>>>> {
    let queue = queue.clone();
    let mut asked = Box::pin(async move { queue.run(owner, size, Named(name), job).await });
    let polled = std::future::poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx))).await;
    match polled {
        Poll::Pending => asked,
        Poll::Ready(answer) => Box::pin(async move { answer }),
    }
}

fn at_once(name: &'static str) -> impl FnOnce(&Cancellation) -> String + Send {
    move |_| name.to_owned()
}

#[actix_web::test]
async fn equal_requests_share_one_job_and_its_result() {
    let queue = queue(LIMITS);
    let (job, gate) = held("a");
    let first = ask(&queue, 1, "a", job).await;
    gate.begins.recv().unwrap();
    let mut others = Vec::new();
    for owner in 0..20 {
        others.push(ask(&queue, owner, "a", at_once("another")).await);
    }
    assert_eq!((queue.counts().shared, queue.counts().waiting), (20, 0));
    gate.go.send(()).unwrap();
    assert_eq!(first.await.as_deref(), Ok("a"));
    for other in others {
        assert_eq!(other.await.as_deref(), Ok("a"));
    }
    let later = ask(&queue, 9, "a", at_once("another")).await;
    assert_eq!(later.await.as_deref(), Ok("a"));
    let counts = queue.counts();
    assert_eq!((counts.done, counts.cached), (1, 1));
    let other = ask(&queue, 1, "b", at_once("b")).await;
    assert_eq!(other.await.as_deref(), Ok("b"));
}

#[actix_web::test]
async fn one_owner_cannot_fill_the_queue() {
    let queue = queue(LIMITS);
    let (job, gate) = held("a");
    let first = ask(&queue, 1, "a", job).await;
    gate.begins.recv().unwrap();
    let second = ask(&queue, 1, "b", at_once("b")).await;
    let third = ask(&queue, 1, "c", at_once("c")).await;
    let refused = ask(&queue, 1, "d", at_once("d")).await;
    assert_eq!(refused.await, Err(QueueError::OwnerLimit));
    let other = ask(&queue, 2, "e", at_once("e")).await;
    gate.go.send(()).unwrap();
    for (asked, name) in [(first, "a"), (second, "b"), (third, "c"), (other, "e")] {
        assert_eq!(asked.await.as_deref(), Ok(name));
    }
    assert_eq!(queue.counts().refused, 1);
}

#[actix_web::test]
async fn full_queue_refuses_users_but_never_mail() {
    let queue = queue(LIMITS);
    let (job, gate) = held("a");
    let first = ask(&queue, 0, "a", job).await;
    gate.begins.recv().unwrap();
    let mut waiting = Vec::new();
    for (owner, name) in (1..).zip(["b", "c", "d", "e"]) {
        waiting.push(ask(&queue, owner, name, at_once(name)).await);
    }
    let refused = ask(&queue, 9, "f", at_once("f")).await;
    assert_eq!(refused.await, Err(QueueError::Full));
    let mail = ask_as(&queue, Owner::Mail, Size::Small, "m", at_once("m")).await;
    gate.go.send(()).unwrap();
    assert_eq!(mail.await.as_deref(), Ok("m"));
    assert_eq!(first.await.as_deref(), Ok("a"));
    for asked in waiting {
        assert!(asked.await.is_ok());
    }
}

/// The order in which jobs are begun once the one in front of them has ended.
async fn order(asked: &[(Owner, &'static str)]) -> Vec<&'static str> {
    let queue = queue(QueueLimits {
        waiting: 16,
        per_owner: 16,
        ..LIMITS
    });
    let (job, gate) = held("first");
    let first = ask(&queue, 0, "first", job).await;
    gate.begins.recv().unwrap();
    let (begun, order) = mpsc::channel();
    let mut waiting = Vec::new();
    for (owner, name) in asked {
        let (begun, name) = (begun.clone(), *name);
        let job = move |_: &Cancellation| {
            begun.send(name).unwrap();
            name.to_owned()
        };
        waiting.push(ask_as(&queue, *owner, Size::Small, name, job).await);
    }
    gate.go.send(()).unwrap();
    first.await.unwrap();
    for each in waiting {
        each.await.unwrap();
    }
    drop(begun);
    order.iter().collect()
}

#[actix_web::test]
async fn owners_take_turns_and_mail_goes_first() {
    let (one, other) = (Owner::User(1), Owner::User(2));
    let asked = [
        (one, "1a"),
        (one, "1b"),
        (one, "1c"),
        (other, "2a"),
        (Owner::Mail, "mail"),
        (other, "2b"),
    ];
    assert_eq!(order(&asked).await, ["mail", "1a", "2a", "1b", "2b", "1c"]);
}

#[actix_web::test]
async fn large_jobs_leave_a_thread_to_the_others() {
    let queue = queue(QueueLimits {
        threads: 2,
        ..LIMITS
    });
    let (job, gate) = held("a");
    let first = ask_as(&queue, Owner::User(1), Size::Large, "a", job).await;
    gate.begins.recv().unwrap();
    let large = ask_as(&queue, Owner::User(2), Size::Large, "b", at_once("b")).await;
    let small = ask_as(&queue, Owner::User(3), Size::Small, "c", at_once("c")).await;
    assert_eq!(small.await.as_deref(), Ok("c"));
    let counts = queue.counts();
    assert_eq!((counts.running, counts.waiting), (1, 1));
    gate.go.send(()).unwrap();
    assert_eq!(first.await.as_deref(), Ok("a"));
    assert_eq!(large.await.as_deref(), Ok("b"));
}

#[actix_web::test]
async fn abandoned_job_never_starts() {
    let queue = queue(LIMITS);
    let (job, gate) = held("a");
    let first = ask(&queue, 1, "a", job).await;
    gate.begins.recv().unwrap();
    let (dropped, told) = mpsc::channel::<()>();
    let job = move |_: &Cancellation| {
        dropped.send(()).unwrap();
        "b".to_owned()
    };
    let one = ask(&queue, 1, "b", job).await;
    let other = ask(&queue, 2, "b", at_once("b")).await;
    drop(one);
    assert_eq!(queue.counts().waiting, 1, "somebody else still waits");
    drop(other);
    assert_eq!((queue.counts().waiting, queue.counts().abandoned), (0, 1));
    assert!(told.recv().is_err(), "dropped without having run");
    gate.go.send(()).unwrap();
    assert_eq!(first.await.as_deref(), Ok("a"));
    assert_eq!(queue.counts().done, 1);
}

#[actix_web::test]
async fn running_job_is_stopped_when_abandoned() {
    let queue = queue(LIMITS);
    let (begun, begins) = mpsc::channel();
    let (ended, ends) = mpsc::channel();
    let job = move |cancellation: &Cancellation| {
        begun.send(()).unwrap();
        while !cancellation.is_requested() {
            std::thread::yield_now();
        }
        ended.send(()).unwrap();
        "a".to_owned()
    };
    let asked = ask(&queue, 1, "a", job).await;
    begins.recv().unwrap();
    drop(asked);
    ends.recv().unwrap();
    let again = ask(&queue, 1, "a", at_once("anew")).await;
    assert_eq!(
        again.await.as_deref(),
        Ok("anew"),
        "not what was broken off"
    );
    let counts = queue.counts();
    assert_eq!((counts.abandoned, counts.done), (1, 1));
}

#[actix_web::test]
async fn panic_fails_its_own_job_alone() {
    let queue = queue(LIMITS);
    let job = |_: &Cancellation| -> String { std::panic::resume_unwind(Box::new(())) };
    let broken = ask(&queue, 1, "a", job).await;
    assert_eq!(broken.await, Err(QueueError::Failed));
    let next = ask(&queue, 1, "a", at_once("a")).await;
    assert_eq!(next.await.as_deref(), Ok("a"));
}

#[actix_web::test]
async fn cache_is_bounded_in_bytes() {
    let queue = queue(LIMITS);
    let long = |_: &Cancellation| "x".repeat(1500);
    for name in ["a", "b", "a", "c", "a"] {
        let asked = ask(&queue, 1, name, long).await;
        asked.await.unwrap();
        assert!(queue.counts().cached_bytes <= LIMITS.cache_bytes);
    }
    let counts = queue.counts();
    assert_eq!((counts.done, counts.cached), (3, 2), "a was used last");
    let huge = |_: &Cancellation| "x".repeat(LIMITS.cache_bytes);
    ask(&queue, 1, "huge", huge).await.await.unwrap();
    for _ in 0..2 {
        let secret = ask(&queue, 1, "s", at_once("secret")).await;
        secret.await.unwrap();
    }
    assert_eq!(queue.counts().cached, 2, "what must not be cached is not");
}
