//! Common parts of all pages: errors, the frame, forms, assets, and the security middleware.

pub mod agenda;
pub mod app;
pub mod assets;
pub mod body;
pub mod broken;
pub mod certificate;
pub mod client;
pub mod clock_difference;
pub mod compression;
pub mod config;
pub mod connection;
pub mod context;
pub mod done;
pub mod entity_tag;
pub mod error;
pub mod factor_set_up;
pub mod field;
pub mod form;
pub mod form_token;
pub mod forms;
pub mod heartbeat;
pub mod link_words;
pub mod live;
pub mod local_path;
pub mod log;
pub mod metrics;
pub mod page;
pub mod password;
pub mod plans;
pub mod process;
pub mod return_to;
pub mod sign_in;
pub mod sign_in_page;
pub mod tls;

pub mod privacy;
pub mod problem;
pub mod readiness;
pub mod render_cache;
pub mod security;
pub mod session;
pub mod shared_body;
pub mod throttle;

pub use error::Error;
