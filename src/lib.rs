//! Iikura: the logistics of a ministerial meeting.
//!
//! One program, `iikura`, with an embedded SQLite database or PostgreSQL. People use server-rendered pages, programs use
//! the API, delegations get mail. This page is the map for those who change the code. For those who run or use the
//! program there is a manual: `templates/help/*.md`, served at `/help` and printed by `iikura help TOPIC`.
//!
//! # Modules
//!
//! ```text
//! browser             program             terminal
//!    │                   │                   │
//!    ▼                   ▼                   ▼
//!  pages                api                 cli      parse the request, ask for permission, render the answer
//!    └─────────┬─────────┴─────────┬─────────┘
//!              ▼                   │
//!            server                │                 state, context, sessions, forms, errors, connections
//!              └─────────┬─────────┘
//!                        ▼
//!   change, auth, personal, installation             one function for each change, in one transaction
//!                        ▼
//!             mail, documents                        letters and their delivery; agendas as PDF, tables, calendars
//!                        ▼
//!               store, db                            rows; the database itself refuses double bookings
//!                        ▼
//!                      core                          decides: a programme and a command in, a decision or a refusal out
//! ```
//!
//! Each module imports only those below it, in this order; a test reads the imports and fails otherwise
//! (`tests/cli/layers.rs`).
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`core`] | without database, server, clock or I/O: text, time, the types of all nouns, [`core::programme`], [`core::rules`], [`core::decision`], [`core::free`] times, the [`core::planner`], [`core::timetable`], [`core::visibility`], pending notices ([`core::due`]) |
//! | [`runtime`] | clock, randomness, secrets, rates, bounded queues, the id of a request |
//! | [`db`] | connections, schema, migrations, the encryption of backups |
//! | [`store`] | rows of each noun, write transactions ([`store::transaction`]), the programme in memory ([`store::programme_cache`]), history as a chain of hashes ([`store::audit`]), backup |
//! | [`documents`] | agendas and sheets: HTML, PDF, XLSX, CSV, JSON, ICS |
//! | [`mail`] | letters with calendar parts, the outbox and its worker, incoming mail |
//! | [`auth`] | accounts, sessions, passwords, second factor, single sign-on, tokens, throttling |
//! | [`change`] | booking, undo, changes of each noun, notices, answers, the event file |
//! | [`installation`] | the whole database as one file, between SQLite and PostgreSQL |
//! | [`personal`] | export and erasure of personal data |
//! | [`help`] | the manual |
//! | [`server`] | what handlers share: [`server::app`], [`server::context`], [`server::session`], forms, pages' frame, errors, middleware, connections, metrics |
//! | [`pages`] | handlers of pages, a module for each noun |
//! | [`api`] | the API for programs and its OpenAPI document |
//! | [`routes`] | every route, and the server that answers them |
//! | [`jobs`] | what goes on in the background |
//! | [`cli`] | commands, and the checks of `iikura doctor` |
//!
//! A noun has the same name in every layer: `core::room`, `store::room`, `change::room`, `server::forms::room`,
//! `pages::room`, `templates/room`.
//!
//! # Terms
//!
//! | term | meaning |
//! | --- | --- |
//! | event | the meeting, with venue, time zone, days, opening hours and settings |
//! | delegation | a country's party with its principal (chair or minister), precedence, languages, contacts, presence |
//! | room | a place with a capacity, a turnaround, kinds of slot that it is for, and closures |
//! | interpreter | a person with language pairs and presence |
//! | resource | what can be double-booked: a principal, a room, an interpreter |
//! | slot | a block of the programme: content (kind, title, delegations, interpreters, note), placement (interval, room), state |
//! | state | pencilled (holds nothing), tentative (holds its resources), confirmed (delegations are notified), cancelled |
//! | version, sequence, moves | count the writes to a slot (stale edits), the changes that a delegation must hear of (RFC 5545), the changes of time, room or people |
//! | programme | all slots of an event at one revision |
//! | conflict | a value: a rule, its level, the slots and the resource concerned; one wording for each rule |
//! | override | a rule overridden for a slot, with reason and author; expires when a slot involved moves |
//! | notice | which sequence of a slot a delegation was notified of |
//! | letter | the mail to one contact for one step, with text, HTML, calendar part and PDF |
//! | outbox | mail stored as finished bytes until the worker has sent it |
//! | agenda | the programme as a document for one reader |
//! | private link | the address in a letter by which a delegation answers or sees its schedule without an account |
//!
//! Programme times are whole minutes in UTC, bookkeeping times whole seconds, on both databases. Intervals are half-open.
//!
//! # What always holds
//!
//! - **No double booking, by two guards.** Every write raises the event's revision first ([`store::transaction::write`]), so writers
//!   queue up and the programme in memory is exactly true; then the rules decide; then it is written. And the table
//!   `occupancy` refuses overlaps itself: an exclusion constraint on PostgreSQL, triggers on SQLite, turnaround included
//!   unless an override lifts it. It has a copy of the slot's times, kept true by a composite foreign key.
//! - **Reading** uses one `Arc<Programme>` per event, valid while the stored version (revision and key) is the same
//!   ([`store::programme_cache`]). An answer is never older than what was stored when the request began, on any server. A reader waits
//!   for the load in progress and one more at most, and holds no connection meanwhile. A rendered day is shared by all
//!   users with the same rights ([`server::render_cache`]), and compressed once for each coding ([`server::compression`]).
//! - **Mail is a row first**, stored in the transaction of the change and sent after the commit. It is composed before the
//!   transaction, from facts that the transaction reads again; where they differ, it is composed there.
//! - **Nothing with a secret is compressed** beside words that others choose (BREACH): handlers say what may be compressed.
//! - **Secrecy**: [`core::visibility`] decides what a reader sees. Agendas and mail are made from its result alone.
//! - **API and forms** use the same parsers and the same functions for changes. The OpenAPI document is generated from
//!   the handlers.
//! - **Costly work** waits in a bounded [`runtime::queue`]. A document depends on its request alone, so equal requests share one; a
//!   plan can stop between two searches.
//! - **A form acts once**, however often it is sent: its token is claimed in the database before it is worked on
//!   ([`server::form_token`]).
//! - **Pages** work without JavaScript, which adds drag, keys and live updates in small modules. The content security policy
//!   allows no inline code. Unsafe methods are accepted from the same origin only. Sessions are rows that can be revoked.
//! - **Two databases, one code base**: `diesel::MultiConnection`. `migrations/sqlite` and `migrations/postgres` have the
//!   same tables; a test compares them. SQLite runs with WAL, `synchronous=FULL` and foreign keys, checked on every
//!   connection.
//!
//! # Four walkthroughs
//!
//! **A slot is booked by form** (`POST /events/{slug}/slots`):
//!
//! 1. [`server::security::guard`]: origin, body limits, headers.
//! 2. [`pages::slot::edit::create`]: the handler.
//! 3. [`server::context::EventContext::at`]: session, role and programme; `to_change` refuses observers.
//! 4. [`server::forms::slot::parse`]: typed values, or messages at the fields (422).
//! 5. [`change::booking::commit`] opens [`store::transaction::write`], which raises the revision.
//! 6. [`change::booking::book`]: [`core::decision::decide`] judges by [`core::rules::check`]; the decision is stored and
//!    recorded in the history.
//! 7. A [`core::decision::Refusal`] renders the form again with its conflicts and alternatives (409); success redirects (303).
//!
//! **A confirmation sends mail** (`POST /slots/{id}/confirmation`):
//!
//! 1. [`pages::slot::steps::confirmation`] calls [`change::booking::confirm`] by
//!    [`server::context::EventContext::book_and_notify`], which runs it twice: as a [`change::dry_run::DryRun`], which has
//!    the programme in memory and writes nothing, and in the transaction.
//! 2. [`change::notify::tell`] finds by [`core::due::due`] what each delegation does not know yet.
//! 3. `change::letters::write_to` reads the [`mail::facts::LetterFacts`] of each delegation.
//! 4. After the dry run, before the transaction, [`mail::MailContext::prepare`] composes one letter per contact from them:
//!    [`mail::compose::compose_both`] with [`mail::ical`].
//! 5. In the transaction, [`mail::MailContext::prepared_or_composed`] takes these when the facts are equal, and
//!    [`mail::outbox`] stores the bytes, and what their PDF will say.
//! 6. After the commit the worker is woken: [`mail::worker::Worker::drain`] takes a lease, renders the PDF, and sends through
//!    [`mail::transport::Transport::send`].
//! 7. The outcome is stored with the lease of the next mail: sent, to be retried, failed, or held.
//!
//! **The timetable is shown** (`GET /events/{slug}`):
//!
//! 1. [`pages::event::timetable::show`], after [`server::context::EventContext::at`].
//! 2. [`store::programme_cache::ProgrammeCache::current`] gives the programme in memory when its version is the stored one, else loads it once.
//! 3. [`server::render_cache::CachedHtml::render`] finds the rendered day, else renders [`core::timetable::day_list`] or the grid, with the
//!    conflicts of [`core::timetable::marks`].
//! 4. [`server::page::render_around`] puts the frame around the shared day, which [`server::compression::apply`] compresses.
//! 5. The page's script opens `/events/{slug}/live` ([`pages::event::watching::stream`]), which announces new revisions.
//!
//! **A PDF is made** (`GET /events/{slug}/agenda.pdf`):
//!
//! 1. [`pages::agenda::document`] counts the document against the user's rate.
//! 2. [`documents::queue::Documents::file`] puts it into the queue; equal requests share one job.
//! 3. [`core::agenda::Agenda::of`] takes from the programme what the reader may see.
//! 4. `documents::pdf::paper` chooses the Typst template (`templates/agenda/*.typ`) and its data.
//! 5. `documents::pdf::PdfSource::set_as` typesets it, a large one in a process of its own (`iikura typeset`).
//!
//! # Where do I add …?
//!
//! | what | files |
//! | --- | --- |
//! | a field of a delegation | a pair of migrations in `migrations/sqlite` and `migrations/postgres`; `crate::db::schema` and the snapshot (below); its type in `crate::core::delegation`, then `crate::store::delegation`, `crate::change::delegation` (history), `crate::server::forms::delegation`, `crate::pages::delegation`; `crate::change::event_file`, `crate::change::event_file::read_meeting`, `crate::change::event_file::write` and `templates/help/event-file.md`; `crate::api::shape::programme`; `crate::installation::values`; `crate::personal::contact` if it names a person; `crate::core::agenda::build` if it is printed; the compiler names the test data that lacks it |
//! | a rule | code and label in `crate::core::rule`; its facts in `crate::core::rules::finding`; the check beside those of its kind in `crate::core::rules::shape`, `crate::core::rules::place`, `crate::core::rules::overlap`, `crate::core::rules::interpretation` or `crate::core::rules::chair`; `crate::core::wording`; `crate::core::rules::tests`; `templates/help/rules.md` |
//! | a page | a handler in the noun's module of `crate::pages`, a template below `templates`, a route in `crate::routes`, a row in `tests/api/permissions.rs`; for the navigation `Section` in `crate::server::page`; for the accessibility checks `PAGES` in `tests/browser/accessible.test.mjs` |
//! | a call of the API | a handler in a module of `crate::api`, its route in `crate::api` itself, its path in `crate::api::openapi`, a row in `tests/api/permissions.rs`, a row in `templates/help/api.md` |
//! | a language of letters | a folder beside `templates/mail/letter/en`, an entry in `crate::mail::language`; nothing else |
//! | a background job | a module of `crate::jobs`, and a task in `until_stopped` of `crate::cli::serve`; for rows that expire `TABLES` in `crate::jobs::maintenance` |
//! | a setting | `crate::server::config`, a row in `templates/help/configuration.md` |
//! | a command | a module of `crate::cli`, `Command` in `crate::cli` itself, a row in `templates/help/command-line.md` |
//!
//! After a new migration, `IIKURA_RENEW_SCHEMA=1 cargo test --features postgres --test store schema_snapshot` renews the snapshot with which
//! PostgreSQL's schema is compared.
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        reason = "a test that cannot go on says so by ending"
    )
)]

pub mod api;
pub mod auth;
pub mod change;
pub mod cli;
pub mod core;
pub mod db;
pub mod documents;
pub mod help;
pub mod installation;
pub mod jobs;
pub mod mail;
pub mod pages;
pub mod personal;
pub mod routes;
pub mod runtime;
pub mod server;
pub mod store;
