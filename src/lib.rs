//! Iikura: the logistics of a ministerial meeting.
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        reason = "a test that cannot go on says so by ending"
    )
)]

pub mod agenda;
pub mod api;
pub mod app;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod config;
pub mod db;
pub mod delegation;
pub mod event;
pub mod help;
pub mod installation;
pub mod interpreter;
pub mod mail;
pub mod notice;
pub mod operation;
pub mod personal;
pub mod plan;
pub mod queue;
pub mod room;
pub mod slot;
pub mod text;
pub mod time;
pub mod web;
