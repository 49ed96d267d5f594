//! Single sign-on by OpenID Connect: a trusted provider identifies the user.
//!
//! It opens accounts that are there and makes none. Everything of a sign-in is bound to the browser that began it
//! ([`flow`]); the identity comes only from a token whose signature was verified (`provider`); the account is
//! found by the subject, and the first time by an address that the provider has verified ([`identity`]). What
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
