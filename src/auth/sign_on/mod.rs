//! Single sign-on by OpenID Connect: a provider that the house trusts says who somebody is.
//!
//! It opens accounts that are there and makes none. Everything of a sign-in is bound to the browser that began it
//! ([`flow`]); who somebody is comes from nothing but a token whose signature was checked (`provider`); the account is
//! found by what the provider calls them, and the first time by an address that it has verified ([`identity`]). What
//! comes after is what comes after a password.
//!
//! The feature `openid-connect` builds it in. Without it the settings are refused and there are no routes; tables and
//! rules are the same.

pub mod flow;
pub mod identity;
#[cfg(feature = "openid-connect")]
pub mod provider;
pub mod settings;

pub use settings::{SignOnArgs, SignOnSettings};

/// Where the provider sends people back to.
pub const ANSWER: &str = "/sign-in/provider/answer";
