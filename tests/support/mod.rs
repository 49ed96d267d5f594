//! What the test crates share.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "every test crate takes only its part of this, so nothing can be expected of all of them"
)]

pub mod both;
pub mod chance;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod releases;
pub mod rows;
