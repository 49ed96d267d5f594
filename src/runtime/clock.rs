//! The clock: the one place that asks what time it is.

use std::fmt;
use std::sync::Arc;

use chrono::Utc;

use crate::core::time::Moment;

/// Seconds by which the clocks of several servers may differ.
pub const CLOCKS_DIFFER: i64 = 5 * 60;

/// Where the program asks what time it is; tests put their own in.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| Moment::from_seconds(Utc::now().timestamp())))
    }

    /// A clock of one's own.
    pub fn from_fn(now: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Now, in whole seconds.
    #[must_use]
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now().utc())
    }
}
