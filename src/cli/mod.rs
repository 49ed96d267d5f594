//! The command line: one file per command.

pub mod agenda;
mod audit;
mod backup;
pub mod checks;
mod data;
pub mod demo;
mod doctor;
mod help;
mod mail;
mod output;
mod personal_data;
mod serve;
mod token;
pub mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::db::{DatabaseUrl, Db};
use crate::documents::pdf::process;
use crate::help as manual;
use crate::runtime::clock::Clock;
use crate::server::config::{DatabaseArgs, ServeArgs};
use crate::server::log;
use crate::store::audit::chain;
use crate::store::slot_write::measure_approved;

/// Runs the logistics of a ministerial meeting: slots, conflicts, confirmations, agendas.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = manual::list())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the ninth "Central Asia plus Japan" meeting from a fresh database, mail to files
    Demo(demo::DemoArgs),
    /// Start the server
    Serve(Box<ServeArgs>),
    /// Create or update the database
    Migrate(DatabaseArgs),
    /// Add and change users
    User(UserArgs),
    /// Create tokens for the API
    Token(TokenArgs),
    /// Verify the history
    Audit(AuditArgs),
    /// Show and erase what is stored about a person
    PersonalData(PersonalDataArgs),
    /// Read an event file into the database, or a whole installation into an empty one
    Import(data::ImportArgs),
    /// Write an event as a file, or the whole installation
    Export(data::ExportArgs),
    /// Copy the database into a new file, also while the server runs
    Backup(backup::BackupArgs),
    /// Restore a backup where no database is
    Restore(backup::RestoreArgs),
    /// Test mail delivery
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Check everything that a server depends on, and say what to correct
    Doctor(Box<doctor::DoctorArgs>),
    /// Write an agenda
    Agenda(WithDatabase<agenda::AgendaArgs>),
    /// Render a large document (started by the server itself)
    #[command(name = process::COMMAND, hide = true)]
    Typeset,
}

#[derive(Debug, clap::Args)]
struct WithDatabase<A: clap::Args> {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    args: A,
}

#[derive(Debug, clap::Args)]
struct UserArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: user::UserCommand,
}

#[derive(Debug, clap::Args)]
struct TokenArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: token::TokenCommand,
}

#[derive(Debug, clap::Args)]
struct PersonalDataArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: personal_data::PersonalDataCommand,
}

#[derive(Debug, clap::Args)]
struct AuditArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: audit::AuditCommand,
}

/// Why a command ended without doing its work: one sentence per fault.
#[derive(Debug)]
pub struct Failure(Vec<String>);

impl Failure {
    fn one(fault: impl std::fmt::Display) -> Self {
        Self(vec![fault.to_string()])
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::one(error)
    }
}

/// Runs the command that was typed.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match help::words_typed() {
        Some(words) => help::run(&words),
        None => run(Cli::parse().command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(faults)) => {
            for fault in &faults {
                output::fault(fault);
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => args.run(),
        Command::Serve(args) => serve::run(*args),
        Command::Migrate(args) => Ok(open(&args).map(drop)?),
        Command::User(args) => Ok(args.command.run(&open(&args.database)?, &Clock::system())?),
        Command::Token(args) => Ok(args.command.run(&open(&args.database)?, &Clock::system())?),
        Command::Audit(args) => args.command.run(&open(&args.database)?),
        Command::PersonalData(args) => args.command.run(&open(&args.database)?, &Clock::system()),
        Command::Import(args) => args.run(),
        Command::Export(args) => args.run(),
        Command::Backup(args) => args.run(),
        Command::Restore(args) => args.run(),
        Command::Mail(command) => command.run(),
        Command::Doctor(args) => args.run(),
        Command::Agenda(WithDatabase { database, args }) => {
            log::start(log::LogFormat::Text);
            let programme = data::programme(&open(&database)?, &args.slug)?;
            Ok(args.run(&programme, Clock::system().now())?)
        }
        Command::Typeset => {
            let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
            Ok(process::typeset(input, output)?)
        }
    }
}

fn database_url(args: &DatabaseArgs) -> Result<DatabaseUrl, Failure> {
    args.url().map_err(Failure::one)
}

fn open_unmigrated(args: &DatabaseArgs) -> Result<Db, Failure> {
    Ok(Db::open(&database_url(args)?)?)
}

/// Opens the database and brings it up to this program, as every command but `serve` does.
fn open(args: &DatabaseArgs) -> Result<Db, Failure> {
    let db = open_unmigrated(args)?;
    db.migrate()?;
    // What was written before there were hashes.
    db.write_here(chain::begin)?;
    db.write_here(measure_approved)?;
    Ok(db)
}
