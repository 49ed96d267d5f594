//! The stream of a connection, which ends when its client takes too long or sends more than anything uses.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use super::limit::Permit;
use super::{ConnectionState, LOWEST_RATE};
use crate::server::metrics::Metrics;

/// A TCP stream whose client has to keep up.
pub struct LimitedStream {
    tcp: TcpStream,
    state: Rc<ConnectionState>,
    metrics: Metrics,
    idle: Pin<Box<Sleep>>,
    /// A turn has passed since nothing more could be read, in which a head could have been recognised.
    has_yielded: bool,
    window: Duration,
    blocked: Option<Blocked>,
    _permit: Permit,
}

/// A client that reads less than it is sent.
struct Blocked {
    window_ends: Pin<Box<Sleep>>,
    written: u64,
}

impl LimitedStream {
    pub(super) fn new(
        tcp: TcpStream,
        state: Rc<ConnectionState>,
        metrics: Metrics,
        window: Duration,
        permit: Permit,
    ) -> Self {
        let deadline = state.deadline().unwrap_or_else(Instant::now);
        Self {
            tcp,
            state,
            metrics,
            idle: Box::pin(sleep_until(deadline)),
            has_yielded: false,
            window,
            blocked: None,
            _permit: permit,
        }
    }

    /// Ends a connection on which no request is being answered for too long: a head that is not finished, a refused
    /// body that goes on, silence.
    fn check_idle(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let Some(deadline) = self.state.deadline() else {
            return Ok(());
        };
        if self.idle.deadline() != deadline {
            self.idle.as_mut().reset(deadline);
        }
        if self.idle.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        self.metrics.refused("connection", "idle");
        Err(io::ErrorKind::TimedOut.into())
    }

    /// Waits until what was read has been used. Without a request there is nothing to wait for but one turn, in which
    /// the head of a request may turn up in it.
    fn poll_allowance(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.state.may_read() {
            self.has_yielded = false;
            return Poll::Ready(Ok(()));
        }
        if self.state.deadline().is_none() {
            return Poll::Pending;
        }
        if !self.has_yielded {
            self.has_yielded = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.metrics.refused("connection", "head_too_large");
        Poll::Ready(Err(io::ErrorKind::InvalidData.into()))
    }

    /// Looks whether a client that does not keep up has read enough in this window.
    fn poll_blocked(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let window = self.window;
        let begin = || Blocked {
            window_ends: Box::pin(sleep_until(Instant::now() + window)),
            written: 0,
        };
        let blocked = self.blocked.get_or_insert_with(begin);
        while blocked.window_ends.as_mut().poll(context).is_ready() {
            if blocked.written < window.as_secs().max(1) * LOWEST_RATE {
                self.metrics.refused("answer", "too_slow");
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            *blocked = begin();
        }
        Poll::Pending
    }
}

impl AsyncRead for LimitedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.state.wake_later(context);
        self.check_idle(context)?;
        ready!(self.poll_allowance(context))?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(context, buffer))?;
        self.state.has_read(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LimitedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.tcp).poll_write(context, bytes) {
            Poll::Ready(Ok(written)) if written == bytes.len() => {
                self.blocked = None;
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Ok(written)) => {
                if let Some(blocked) = &mut self.blocked {
                    blocked.written += written as u64;
                }
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.poll_blocked(context),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

/// A connection, encrypted or not.
pub enum ServerStream {
    /// Plain HTTP.
    Plain(LimitedStream),
    /// HTTPS.
    Tls(Box<TlsStream<LimitedStream>>),
}

impl ServerStream {
    pub(super) fn state(&self) -> Rc<ConnectionState> {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        Rc::clone(&stream.state)
    }
}

/// Passes a call on to whichever stream it is.
macro_rules! delegate {
    ($self:expr, $method:ident($($argument:expr),*)) => {
        match $self.get_mut() {
            ServerStream::Plain(stream) => Pin::new(stream).$method($($argument),*),
            ServerStream::Tls(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for ServerStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self, poll_read(context, buffer))
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream as Client};

    use super::super::limit::AddressLimit;
    use super::*;

    /// Far above what anything here takes.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// The two ends of a connection; the server's has windows of this length.
    fn connected(window: Duration) -> (LimitedStream, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::connect(listener.local_addr().unwrap()).unwrap();
        let (tcp, _) = listener.accept().unwrap();
        tcp.set_nonblocking(true).unwrap();
        let permit = AddressLimit::new(1, 1).acquire(None, 1).ok().unwrap();
        let stream = LimitedStream::new(
            TcpStream::from_std(tcp).unwrap(),
            ConnectionState::new(PATIENCE),
            Metrics::default(),
            window,
            permit,
        );
        (stream, client)
    }

    /// Sends so many megabytes, or until the connection ends.
    async fn send(stream: &mut LimitedStream, megabytes: usize) -> io::Result<()> {
        let block = vec![b'a'; 1 << 20];
        for _ in 0..megabytes {
            let mut rest = block.as_slice();
            while !rest.is_empty() {
                let written = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, rest));
                rest = &rest[written.await?..];
            }
        }
        Ok(())
    }

    #[actix_web::test]
    async fn a_client_that_reads_nothing_is_given_up() {
        let (mut stream, _client) = connected(Duration::from_millis(100));
        let sent = tokio::time::timeout(PATIENCE, send(&mut stream, 100)).await;
        let error = sent.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[actix_web::test]
    async fn a_client_that_reads_on_gets_everything() {
        let (mut stream, mut client) = connected(Duration::from_millis(100));
        let reader = std::thread::spawn(move || {
            let mut read = Vec::new();
            client.read_to_end(&mut read).map(|_| read.len()).unwrap()
        });
        let sent = tokio::time::timeout(PATIENCE, send(&mut stream, 40)).await;
        assert!(sent.unwrap().is_ok());
        drop(stream);
        assert_eq!(reader.join().unwrap(), 40 << 20);
    }

    #[actix_web::test]
    async fn unused_body_is_read_up_to_a_bound() {
        let (mut stream, mut client) = connected(PATIENCE);
        let sender = std::thread::spawn(move || {
            let _ = std::io::Write::write_all(&mut client, &vec![b'a'; 8 << 20]);
            client
        });
        let (mut total, mut bytes) = (0, vec![0; 8192]);
        let error = loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = poll_fn(|context| Pin::new(&mut stream).poll_read(context, &mut buffer));
            match tokio::time::timeout(PATIENCE, read).await.unwrap() {
                Ok(()) => total += buffer.filled().len(),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!((64 << 10..=72 << 10).contains(&total), "{total}");
        drop(stream);
        sender.join().unwrap();
    }
}
