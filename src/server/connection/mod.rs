//! Connections: how many there may be, how long a client may take, and how much of what it sends is held in memory.
//!
//! Everything here is decided before a route or a session is known, since any client can open a connection. The HTTP
//! implementation limits the first head of a connection and the time between two requests; [`stream`] limits the rest.

pub mod limit;
pub mod server;
mod state;
mod stream;

use std::time::Duration;

pub use state::{ConnectionState, RequestGuard};

/// Bytes per second that a client sends or reads on average at least: a telephone at the edge of its network does more.
pub const LOWEST_RATE: u64 = 1024;

/// What clients may take of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address, or requests at once where a proxy names the address.
    pub connections_per_address: usize,
    /// How long a connection may be without a request that is being answered.
    pub idle: Duration,
    /// The longest that a body may take.
    pub body: Duration,
    /// How long a body may be slower than [`LOWEST_RATE`].
    pub body_grace: Duration,
    /// Bytes of memory for bodies that are being read or answered, in all; an address may have a quarter of it.
    pub body_memory: usize,
    /// In each such time a client that does not keep up reads on, at [`LOWEST_RATE`] at least.
    pub answer_window: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            // An office of several hundred officers has one address; each open page is a connection.
            connections_per_address: 2048,
            idle: Duration::from_secs(10),
            body: Duration::from_mins(1),
            body_grace: Duration::from_secs(5),
            body_memory: 32 << 20,
            answer_window: Duration::from_secs(30),
        }
    }
}
