//! Whether the client of a request still waits for the answer.
//!
//! When a client hangs up, the framework drops the handler of its request. That is right for what only reads: whatever it
//! waits for is dropped. A write must be finished, and asks here whether the client still waits.

use std::future::{Future, pending};

use tokio::sync::watch;

tokio::task_local! {
    static CLIENT: watch::Receiver<()>;
}

/// Does a request's work to its end, also when the client hangs up meanwhile. `None` when it panicked.
pub async fn to_the_end<F>(work: F) -> Option<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    // Dropped with this future, which signals the work.
    let (_connected, client) = watch::channel(());
    actix_web::rt::spawn(CLIENT.scope(client, work)).await.ok()
}

/// Waits for something as long as the client waits for its answer; `None` once it has hung up.
pub async fn while_connected<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = hung_up() => None,
    }
}

/// Ends when the client has hung up. Never of a request that only reads: it is dropped as a whole.
async fn hung_up() {
    match CLIENT.try_with(Clone::clone) {
        Ok(mut client) => while client.changed().await.is_ok() {},
        Err(_) => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use tokio::sync::oneshot;

    use super::*;

    #[actix_web::test]
    async fn work_goes_on_after_a_hang_up_and_hears_of_it() {
        let (told, tells) = oneshot::channel();
        let (never, waits) = oneshot::channel::<()>();
        let mut request = Box::pin(to_the_end(async move {
            let waited = while_connected(waits).await;
            told.send(waited.is_none()).unwrap();
        }));
        let polled = std::future::poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx))).await;
        assert_eq!(polled, Poll::Pending);
        tokio::task::yield_now().await;
        drop(request);
        assert_eq!(tells.await, Ok(true));
        drop(never);
    }

    #[actix_web::test]
    async fn work_of_a_client_that_waits_is_done() {
        let done = to_the_end(async { while_connected(async { 7 }).await }).await;
        assert_eq!(done, Some(Some(7)));
        assert_eq!(while_connected(async { 7 }).await, Some(7));
    }
}
