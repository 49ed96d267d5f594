//! The pages as people use them: a real server, a real database, no browser needed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by ending"
)]

mod all_delegations;
mod answers;
mod audience;
mod booking;
mod broken;
mod calendars;
mod clients;
mod compression;
mod documents;
mod export;
mod form_tokens;
mod framing;
mod free_slots;
mod help;
mod inbox;
mod interpreters;
mod invitations;
mod live;
mod lockouts;
mod mail_health;
mod maintenance;
#[cfg(feature = "postgres")]
mod moving;
mod nights;
mod notices;
mod operations;
#[cfg(feature = "postgres")]
mod outages;
mod overview;
mod papers;
mod passwords;
mod personal;
mod plans;
mod private_links;
mod programme_calendars;
mod queue;
mod refusals;
mod releases;
mod second_factor;
mod secrecy;
mod security;
mod set_back;
mod setup;
mod sign_in;
#[cfg(feature = "openid-connect")]
mod single_sign_on;
mod throttle;
mod timetable;
mod upgrade;
mod usage;
mod users;
mod workbooks;
