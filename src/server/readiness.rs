//! Whether the database can be used, asked at most once a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;
use tokio::sync::Mutex;

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
    pub(crate) async fn look(&self, db: &Db) -> bool {
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
