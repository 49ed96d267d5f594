//! What the tests share: databases, servers, browsers, a relay, a provider of single sign-on, and test data.

pub mod both;
pub mod chance;
mod jose;
pub mod meeting;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod provider;
pub mod relay;
pub mod releases;
pub mod rounds;
pub mod rows;
pub mod server;
pub mod week;
