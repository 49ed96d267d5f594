//! Running a server: what a balancer, a monitor and an administrator look at.

pub mod certificate;
pub mod clock;
pub mod doctor;
pub mod health;
pub mod heartbeat;
pub mod log;
pub mod metrics;
pub mod process;
pub mod tls;
