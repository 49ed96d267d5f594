//! Whether the process lives, and whether it can work: for balancers and for whoever starts it. Neither tells more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use tokio::sync::Mutex;

use crate::app::App;
use crate::db::Db;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a verdict holds: however often strangers ask, the database is asked once.
const HOLDS: Duration = Duration::from_secs(1);

/// The latest verdict on the database.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Mutex<Option<(Instant, bool)>>>);

impl Readiness {
    /// True when the database answers and has this program's schema.
    async fn look(&self, db: &Db) -> bool {
        let mut known = self.0.lock().await;
        if let Some((at, ready)) = *known
            && at.elapsed() < HOLDS
        {
            return ready;
        }
        let db = db.clone();
        let asked = web::block(move || db.answers(PATIENCE));
        // A connection into the void may take longer to give up than the database may take to answer.
        let ready = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(Ok(()))) => true,
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "not ready: the database cannot be used");
                false
            }
            Ok(Err(_)) => false,
            Err(_) => {
                tracing::warn!("not ready: the database does not answer");
                false
            }
        };
        *known = Some((Instant::now(), ready));
        ready
    }
}

/// `GET /healthz`: the process answers.
pub async fn alive() -> HttpResponse {
    word(StatusCode::OK, "ok\n")
}

/// `GET /readyz`: the database answers, too, fits this program, and goes by the same time; 503 otherwise.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    if !app.clock_difference.is_too_large() && app.readiness.look(&app.db).await {
        word(StatusCode::OK, "ready\n")
    } else {
        word(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

fn word(status: StatusCode, word: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(word)
}
