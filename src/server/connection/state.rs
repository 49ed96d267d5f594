//! What a connection's stream and its requests know of each other: whether a request is being answered, and how many
//! bytes may still be read before something has used them.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::time::Instant;

use super::limit::Permit;
use crate::server::shared_body::next_slice;

/// Bytes of a connection that may lie unused in memory: far above any head that a browser sends.
const UNUSED: usize = 64 * 1024;
/// Bytes of a refused body that are thrown away as they come, so that a browser reads the answer instead of a reset.
const DISCARDED: usize = 4 << 20;
/// How long a client that was refused for its slowness may take to read why.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The state of one connection; its stream and its requests live on one thread.
pub struct ConnectionState {
    idle: Duration,
    requests: Cell<usize>,
    deadline: Cell<Instant>,
    allowance: Cell<usize>,
    discards: Cell<bool>,
    is_refused: Cell<bool>,
    reader: RefCell<Option<Waker>>,
}

impl ConnectionState {
    /// Makes the state of a new connection, whose first request has to come within `idle`.
    #[must_use]
    pub fn new(idle: Duration) -> Rc<Self> {
        Rc::new(Self {
            idle,
            requests: Cell::new(0),
            deadline: Cell::new(Instant::now() + idle),
            allowance: Cell::new(UNUSED),
            discards: Cell::new(false),
            is_refused: Cell::new(false),
            reader: RefCell::default(),
        })
    }

    /// Notes that something has used bytes of a body, so that as many more may come.
    ///
    /// Framing around them (chunked coding, TLS records) was read as well: twice as much is allowed for it.
    pub fn used(&self, bytes: usize) {
        let allowance = self.allowance.get().saturating_add(2 * bytes + 64);
        self.allowance.set(allowance.min(UNUSED));
        self.wake();
    }

    /// Lets the rest of a body that is refused be read and thrown away.
    pub fn discard(&self) {
        self.discards.set(true);
        self.allowance.set(DISCARDED);
        self.wake();
    }

    /// Ends the connection soon after the answer.
    pub fn refuse(&self) {
        self.is_refused.set(true);
    }

    /// When the connection ends unless a request comes; `None` while one is being answered.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.requests.get() == 0).then(|| self.deadline.get())
    }

    pub(super) fn may_read(&self) -> bool {
        self.allowance.get() > 0
    }

    pub(super) fn has_read(&self, bytes: usize) {
        self.allowance
            .set(self.allowance.get().saturating_sub(bytes));
    }

    /// Remembers who reads, to be woken when something here changes.
    pub(super) fn wake_later(&self, context: &Context<'_>) {
        let mut reader = self.reader.borrow_mut();
        match &*reader {
            Some(known) if known.will_wake(context.waker()) => {}
            _ => *reader = Some(context.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }

    fn begin(&self) {
        self.requests.set(self.requests.get() + 1);
        self.allowance.set(UNUSED);
        self.discards.set(false);
    }

    fn end(&self) {
        self.requests.set(self.requests.get().saturating_sub(1));
        let idle = if self.is_refused.get() {
            LAST_WORDS
        } else {
            self.idle
        };
        self.deadline.set(Instant::now() + idle);
        if !self.discards.get() {
            self.allowance.set(UNUSED);
        }
        // The deadline begins to run only when the stream looks at it.
        self.wake();
    }
}

/// A request that is being answered, until the last byte of its answer is handed over.
pub struct RequestGuard {
    state: Option<Rc<ConnectionState>>,
    permit: Option<Permit>,
}

impl RequestGuard {
    /// Notes that a request of a connection is being answered.
    #[must_use]
    pub fn begin(state: Option<&Rc<ConnectionState>>) -> Self {
        if let Some(state) = state {
            state.begin();
        }
        Self {
            state: state.cloned(),
            permit: None,
        }
    }

    /// Returns a permit when the answer has ended.
    pub fn hold(&mut self, permit: Permit) {
        self.permit = Some(permit);
    }

    /// The connection, where it is one of ours.
    #[must_use]
    pub fn connection(&self) -> Option<&ConnectionState> {
        self.state.as_deref()
    }

    /// Makes an answer's body end the request when it is dropped.
    #[must_use]
    pub fn until_sent(self, body: BoxBody) -> BoxBody {
        BoxBody::new(GuardedBody {
            body,
            rest: Bytes::new(),
            _request: self,
        })
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        drop(self.permit.take());
        if let Some(state) = &self.state {
            state.end();
        }
    }
}

struct GuardedBody {
    body: BoxBody,
    /// What is left of what the body gave last.
    rest: Bytes,
    _request: RequestGuard,
}

impl MessageBody for GuardedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => self.rest = bytes,
                other => return other,
            }
        }
        Poll::Ready(Some(Ok(next_slice(&mut self.rest))))
    }
}
