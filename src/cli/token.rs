//! `iikura token …`: tokens from the machine's own command line.
use clap::{Args, Subcommand, ValueEnum};

use super::output::say;
use super::user::{UserError, find};
use crate::auth::token::{self, TokenError};
use crate::core::text::TextLine;
use crate::core::user::Actor;
use crate::db::{Db, DbError};
use crate::runtime::clock::Clock;

/// Create tokens with which programs act for a user
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Create a token and print only it; it is shown once
    Create(CreateArgs),
}

/// Flags of `token create`.
#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// Address of the account for which the program acts
    #[arg(long, value_name = "E-MAIL")]
    user: String,
    /// Scope of the token; never more than the user's own rights
    #[arg(long)]
    scope: ScopeArg,
}

/// What a token may do at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScopeArg {
    /// Read
    Read,
    /// Read and change
    Write,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum TokenCommandError {
    /// There is no such account, or the database failed.
    #[error(transparent)]
    User(#[from] UserError),
    /// An account that is disabled.
    #[error("the account '{0}' is disabled; its tokens would be invalid")]
    Disabled(String),
    /// An account whose owner has not chosen a password yet.
    #[error("the account '{0}' has no password yet; its owner has to accept the invitation first")]
    Invited(String),
    /// It could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl TokenCommand {
    /// Does it and prints the token alone.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn run(self, db: &Db, clock: &Clock) -> Result<(), TokenCommandError> {
        let Self::Create(CreateArgs { user, scope }) = self;
        let scope = match scope {
            ScopeArg::Read => token::TokenScope::Read,
            ScopeArg::Write => token::TokenScope::Write,
        };
        let name = TextLine::stored("made on the command line".to_owned());
        let actor = Actor::command_line();
        let secret = db.write_here(|conn| {
            let account = find(conn, &user)?;
            if account.disabled {
                return Err(TokenCommandError::Disabled(user.clone()));
            }
            if !account.has_password() {
                return Err(TokenCommandError::Invited(user.clone()));
            }
            let (id, now) = (account.user.id, clock.now());
            Ok(token::make(conn, id, &name, scope, &actor, now)?)
        })?;
        say!("{}", secret.reveal());
        Ok(())
    }
}
