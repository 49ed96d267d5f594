//! Limits what plans cost: each user's share of computing, how many are made at once, and none for those who have gone.

use std::sync::Arc;
use std::time::Instant;

use crate::core::free::SearchRequest;
use crate::core::planner::{Plan, plan};
use crate::core::programme::Programme;
use crate::runtime::hang_up;
use crate::runtime::queue::{
    self, Cancellation, JobQueue, Output, Owner, QueueCounts, QueueError, QueueLimits, Size,
};
use crate::runtime::rate::Rates;
use crate::server::Error;

/// Two threads; each user makes one plan at a time.
const LIMITS: QueueLimits = QueueLimits {
    threads: 2,
    large: 2,
    waiting: 16,
    per_owner: 1,
    cache_bytes: 0,
};
/// Seconds of computing that a user may take at once, after a while without any.
const SECONDS_AT_ONCE: f64 = 60.0;
/// Seconds of computing that a user may go on taking in each second.
const SECONDS_PER_SECOND: f64 = 0.25;
/// Seconds after which one whose plan is being made may ask for the next.
const OWNER_WAIT: i64 = 15;

/// Every plan is made by itself.
struct Unshared;

impl queue::JobRequest for Unshared {
    fn answers(&self, _: &Self) -> bool {
        false
    }
}

/// A plan with the wishes it is for; nothing where the making of it was stopped.
#[derive(Clone)]
struct MadePlan(Option<Arc<(Plan, Vec<SearchRequest>)>>);

impl Output for MadePlan {
    fn cached_bytes(&self) -> Option<usize> {
        None
    }
}

/// Makes plans; clones share one queue and one account of what each user has taken.
#[derive(Clone)]
pub struct Plans {
    queue: JobQueue<Unshared, MadePlan>,
    budget: Rates,
}

impl Default for Plans {
    fn default() -> Self {
        Self {
            queue: JobQueue::new("plans", LIMITS),
            budget: Rates::new(SECONDS_AT_ONCE, SECONDS_PER_SECOND),
        }
    }
}

impl Plans {
    /// How the queue is now.
    #[must_use]
    pub fn counts(&self) -> QueueCounts {
        self.queue.counts()
    }

    /// Makes a plan for a user who waits for it.
    ///
    /// # Errors
    /// When this user's last plan is still in the queue, or their budget is spent; when the queue is full.
    pub async fn make(
        &self,
        user: i64,
        programme: Arc<Programme>,
        wishes: Vec<SearchRequest>,
    ) -> Result<Arc<(Plan, Vec<SearchRequest>)>, Error> {
        let who = user.to_string();
        self.budget.check(&who)?;
        let account = PlanQuota {
            budget: self.budget.clone(),
            who,
        };
        let job = move |cancellation: &Cancellation| {
            let _spent = account.open();
            let made = plan(&programme, &wishes, &|| cancellation.is_requested());
            MadePlan(made.map(|plan| Arc::new((plan, wishes))))
        };
        let made = self
            .queue
            .run(Owner::User(user), Size::Small, Unshared, job);
        match hang_up::while_connected(made).await {
            Some(Ok(MadePlan(Some(made)))) => Ok(made),
            Some(Err(QueueError::OwnerLimit)) => Err(Error::TooMany { wait: OWNER_WAIT }),
            Some(Err(error)) => Err(error.into()),
            // Never read.
            Some(Ok(MadePlan(None))) | None => Err(Error::Busy { wait: OWNER_WAIT }),
        }
    }
}

/// Where a user's computing is charged.
struct PlanQuota {
    budget: Rates,
    who: String,
}

impl PlanQuota {
    fn open(&self) -> Spending<'_> {
        Spending {
            account: self,
            since: Instant::now(),
        }
    }
}

/// Charges the time until it is dropped, however the computing ends.
struct Spending<'a> {
    account: &'a PlanQuota,
    since: Instant,
}

impl Drop for Spending<'_> {
    fn drop(&mut self) {
        let PlanQuota { budget, who } = self.account;
        budget.charge(who, self.since.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{JP, KZ, ninth_meeting};
    use crate::core::slot::SlotKind;

    #[actix_web::test]
    async fn user_who_spent_the_budget_waits_and_others_plan() {
        let plans = Plans::default();
        let house = Arc::new(ninth_meeting());
        let wish =
            || vec![SearchRequest::new(&house, SlotKind::Bilateral, vec![JP, KZ], 25).unwrap()];
        assert!(plans.make(1, house.clone(), wish()).await.is_ok());
        plans.budget.charge("1", SECONDS_AT_ONCE + 1.0);
        let refused = plans.make(1, house.clone(), wish()).await;
        assert!(matches!(refused, Err(Error::TooMany { wait }) if wait >= 4));
        assert!(plans.make(2, house.clone(), wish()).await.is_ok());
        assert_eq!(plans.counts().done, 2);
    }

    #[actix_web::test]
    async fn plan_is_charged_to_whom_it_was_made_for() {
        let plans = Plans::default();
        let budget = Rates::new(0.0, 1e-9);
        let spent = Plans { budget, ..plans };
        let house = Arc::new(ninth_meeting());
        let wish =
            || vec![SearchRequest::new(&house, SlotKind::Bilateral, vec![JP, KZ], 25).unwrap()];
        assert!(spent.make(1, house.clone(), wish()).await.is_ok());
        assert!(spent.make(1, house.clone(), wish()).await.is_err());
        assert!(spent.make(2, house.clone(), wish()).await.is_ok());
    }
}
