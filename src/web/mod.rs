//! What every page stands on: errors, the frame around a page, forms, assets, and the guard at the door.

pub mod agenda;
pub mod assets;
pub mod body;
pub mod client;
pub mod connection;
pub mod done;
pub mod error;
pub mod field;
pub mod form;
pub mod hang_up;
pub mod live;
pub mod local_path;
pub mod page;
pub mod password;

pub mod privacy;
pub mod problem;
pub mod readiness;
pub mod render_cache;
pub mod security;
pub mod session;
pub mod shared_body;
pub mod sign_in;
pub mod throttle;
pub mod trace;

pub use error::Error;
