//! Work that goes on in the background of a server.

pub mod inbox;
pub mod maintenance;
