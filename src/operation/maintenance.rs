//! Background work of a server: writes last-used marks, so that no request that only reads costs a write.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::auth::usage::UsageMarks;
use crate::db::Db;
use crate::web::trace;

/// Seconds between two writes of last-used marks: as long as servers on one PostgreSQL may differ about them.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// The background work of one server.
#[derive(Clone)]
pub struct Maintenance {
    db: Db,
    usage: UsageMarks,
}

impl Maintenance {
    /// Makes the background work of an application.
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self {
            db: app.db.clone(),
            usage: app.usage.clone(),
        }
    }

    /// Works until it is aborted.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(FLUSH_EVERY);
        // A database that was busy for a minute is not to be asked twelve times at once.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let work = self.clone();
            if trace::block(move || work.flush()).await.is_err() {
                return;
            }
        }
    }

    /// Writes the last-used marks on this thread.
    pub fn flush(&self) {
        if let Err(error) = self.usage.flush(&self.db) {
            tracing::warn!(%error, "last-used marks could not be written; they are written later");
        }
    }
}
