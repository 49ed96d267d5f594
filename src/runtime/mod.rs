//! What every layer may use and no database needs: clock, randomness, secrets, queues, the id of a request.

pub mod clock;
pub mod hang_up;
pub mod queue;
pub mod random;
pub mod rate;
pub mod secret;
pub mod trace;
