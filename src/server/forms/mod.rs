//! Forms of the nouns: typed values, or messages at the fields.

pub mod delegation;
pub mod event;
pub mod free;
pub mod interpreter;
pub mod plan;
pub mod room;
pub mod slot;
