//! Pages: handlers that parse a request, ask for permission, and render the answer.

pub mod account;
pub mod agenda;
pub mod answer;
mod broken;
pub mod delegation;
pub mod event;
pub mod health;
pub mod help;
pub mod interpreter;
pub(crate) mod letter_preview;
pub mod mail;
pub mod notice;
mod past;
pub mod personal;
pub mod plan;
pub mod private;
pub mod register;
pub mod room;
pub mod sign_in;
pub mod slot;
pub mod user;
