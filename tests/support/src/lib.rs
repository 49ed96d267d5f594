//! What the tests share: databases, servers, browsers, a relay, a provider of single sign-on, and test data.

use iikura::core;

pub mod both;
pub mod chance;
/// The plain values that the core's own tests use.
#[path = "../../../src/core/fixture.rs"]
pub mod fixture;
mod jose;
pub mod meeting;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod provider;
pub mod relay;
pub mod releases;
pub mod rounds;
pub mod rows;
#[path = "../../../src/core/sample.rs"]
pub mod sample;
pub mod server;
pub mod sql;
/// The week that tests of large pages use as well.
#[path = "../../../src/core/week.rs"]
pub mod week;
