//! The commands of the `iikura` program.

pub mod agenda;
