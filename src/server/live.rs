//! Server-sent events: answers that go on for as long as something feeds them and their reader may watch.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use tokio::sync::mpsc;

use crate::server::Error;
use crate::server::app::App;
use crate::server::session::CurrentUser;

/// How often the stream says a word, so that a dead line is noticed: two words are lost on one before it is.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// At every how many beats it looks whether its reader may still watch.
pub(crate) const LOOK_EVERY: u32 = 3;
/// What waits at most for a slow reader.
pub(crate) const BACKLOG: usize = 8;
/// Says that the line is not dead.
pub(crate) const STILL_THERE: &str = ":\n\n";
/// Says that the reader may not watch any more.
pub(crate) const ENDED: &str = "event: ended\ndata:\n\n";

/// Builds an answer whose body is a stream.
pub(crate) fn streamed(receiver: mpsc::Receiver<Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Proxies that gather answers before they pass them on would make this useless.
        .insert_header(("X-Accel-Buffering", "no"))
        .body(Stream(receiver))
}

/// Whether the reader may still come in.
pub(crate) struct WatchAccess {
    pub(crate) app: web::Data<App>,
    pub(crate) current_user: CurrentUser,
    pub(crate) slug: String,
}

impl WatchAccess {
    /// True while they may.
    pub(crate) async fn is_open(&self) -> bool {
        let (current_user, slug) = (
            self.current_user.at(self.app.clock.now()),
            self.slug.clone(),
        );
        let access = self
            .app
            .db
            .read(move |conn| current_user.access(conn, &slug));
        // A database that does not answer disconnects no watcher.
        !matches!(access.await, Err(Error::SignInNeeded(_) | Error::NotFound))
    }
}

/// A streaming body, which ends with its source.
struct Stream(mpsc::Receiver<Bytes>);

impl MessageBody for Stream {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(Ok))
    }
}
