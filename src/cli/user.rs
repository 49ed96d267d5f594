//! `iikura user …`: accounts from the machine's own command line, where the first administrator comes from.
use crate::cli::output::say;
use std::io::Read as _;

use clap::{Args, Subcommand, ValueEnum};

use crate::auth::account::{self, Account, AccountError, Profile};
use crate::auth::factor::store as factors;
use crate::auth::password::{NewPassword, Rules};
use crate::core::event::EventId;
use crate::core::text::{Email, TextLine};
use crate::core::user::{Actor, EventRole, UserId};
use crate::db::{Conn, Db, DbError};
use crate::personal;
use crate::runtime::clock::Clock;
use crate::server::config::BreachedArgs;

/// Environment variable with the password of `user add` and `user password`.
pub(super) const PASSWORD_VARIABLE: &str = "IIKURA_PASSWORD";

/// Add and change accounts
#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// Add a user who can sign in
    Add(AddArgs),
    /// Set a password; all sessions and tokens of the account end
    Password(PasswordArgs),
    /// Disable an account; all its sessions and tokens end
    Disable(AddressArgs),
    /// Delete an account: name and address are erased, the history keeps a pseudonym
    Delete(AddressArgs),
    /// Remove a second factor whose device is lost; all sessions of the account end
    ResetFactor(AddressArgs),
}

/// Flags of `user add`.
#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// Address to sign in with
    #[arg(long, value_name = "E-MAIL")]
    email: String,
    /// Name as shown in the history
    #[arg(long)]
    name: String,
    /// What they may do
    #[arg(long)]
    role: RoleArg,
    /// Event at which an officer or observer has the role; may be repeated
    #[arg(long, value_name = "SLUG")]
    event: Vec<String>,
    /// Where the password comes from
    #[command(flatten)]
    password: PasswordSource,
}

/// Flags of `user password`.
#[derive(Debug, Clone, Args)]
pub struct PasswordArgs {
    /// Address the account has
    #[arg(long, value_name = "E-MAIL")]
    email: String,
    /// Where the password comes from
    #[command(flatten)]
    password: PasswordSource,
}

/// Flags of `user disable`, `user delete` and `user reset-factor`.
#[derive(Debug, Clone, Args)]
pub struct AddressArgs {
    /// Address the account has
    #[arg(long, value_name = "E-MAIL")]
    email: String,
}

/// Where a password comes from: standard input, the environment, or chance. Never an argument, which others can read.
#[derive(Debug, Clone, Args)]
struct PasswordSource {
    /// Read the password from standard input; without it, IIKURA_PASSWORD is used, or one is generated and printed
    #[arg(long)]
    password_stdin: bool,
    /// Passwords that are not allowed
    #[command(flatten)]
    breached: BreachedArgs,
}

/// Role of a new user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    /// Everything, at every event
    Admin,
    /// Reads and changes the events named
    Officer,
    /// Reads the events named
    Observer,
}

/// Why a command did nothing; each says what to type instead.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// A flag is faulty.
    #[error("{flag}: '{value}' {fault}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// What it was given.
        value: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The password is not accepted.
    #[error("{0}; give another with --password-stdin, or none to generate one")]
    Password(String),
    /// The file of breached passwords is of no use.
    #[error("{0}")]
    Breached(String),
    /// Nothing could be read from standard input, or from the file of breached passwords.
    #[error("the password could not be read: {0}")]
    Input(#[from] std::io::Error),
    /// No such event.
    #[error(
        "there is no event '{0}'; 'iikura import FILE.toml' adds one, and its slug is in the file"
    )]
    NoEvent(String),
    /// No such account.
    #[error("no user has the address '{0}'; add one with 'iikura user add'")]
    NoUser(String),
    /// The account has no second factor.
    #[error("{0} has no second factor; nothing was changed")]
    NoFactor(String),
    /// The account stays as it is.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The account cannot be erased.
    #[error(transparent)]
    Erasure(#[from] personal::ErasureError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

impl From<diesel::result::Error> for UserError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Account(error.into())
    }
}

impl UserCommand {
    /// Does it and says so on standard output.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn run(self, db: &Db, clock: &Clock) -> Result<(), UserError> {
        match self {
            Self::Add(args) => args.run(db, clock),
            Self::Password(args) => args.run(db, clock),
            Self::Disable(args) => args.disable(db, clock),
            Self::Delete(args) => args.delete(db, clock),
            Self::ResetFactor(args) => args.reset_factor(db, clock),
        }
    }
}

impl AddArgs {
    fn run(self, db: &Db, clock: &Clock) -> Result<(), UserError> {
        let email =
            Email::parse(&self.email).map_err(|fault| flag("--email", &self.email, fault))?;
        let name = TextLine::parse(&self.name)
            .map_err(|fault| flag("--name", &self.name, fault.to_string()))?;
        let (password, made) = self.password.take(db, None, &[&self.name, &self.email])?;
        let hash = hash(&password)?;
        let slugs = self.event;
        let role = self.role;
        db.write_here(|conn| {
            let profile = Profile {
                name,
                admin: role == RoleArg::Admin,
                roles: roles(conn, role, &slugs)?,
            };
            account::add(
                conn,
                &email,
                &profile,
                &hash,
                &Actor::command_line(),
                clock.now(),
            )?;
            Ok::<_, UserError>(())
        })?;
        say!("{} can sign in.", account::account_email(&email));
        print_made(&password, made);
        Ok(())
    }
}

impl PasswordArgs {
    fn run(self, db: &Db, clock: &Clock) -> Result<(), UserError> {
        let user = db.read_here(|conn| find(conn, &self.email))?.user;
        let (password, made) = self.password.take(
            db,
            Some(user.id),
            &[user.name.as_str(), user.email.as_str()],
        )?;
        let hash = hash(&password)?;
        db.write_here(|conn| {
            let actor = Actor::command_line();
            account::set_password(conn, user.id, &hash, None, &actor, clock.now())?;
            Ok::<_, UserError>(())
        })?;
        say!(
            "The password of {} is changed; all sessions and tokens have ended.",
            user.email
        );
        print_made(&password, made);
        Ok(())
    }
}

impl AddressArgs {
    fn disable(self, db: &Db, clock: &Clock) -> Result<(), UserError> {
        let user = db.write_here(|conn| {
            let user = find(conn, &self.email)?.user;
            account::set_disabled(conn, user.id, true, &Actor::command_line(), clock.now())?;
            Ok::<_, UserError>(user)
        })?;
        say!(
            "{} cannot sign in any more; all sessions and tokens have ended.",
            user.email
        );
        Ok(())
    }

    fn delete(self, db: &Db, clock: &Clock) -> Result<(), UserError> {
        let pseudonym = db.write_here(|conn| {
            let user = find(conn, &self.email)?.user.id;
            let actor = Actor::command_line();
            let pseudonym = personal::user::delete(conn, user, &actor, clock.now())?;
            personal::scrub(conn)?;
            Ok::<_, UserError>(pseudonym)
        })?;
        say!(
            "The account is deleted; the history shows {pseudonym}. Backups contain it until you delete them."
        );
        Ok(())
    }

    fn reset_factor(self, db: &Db, clock: &Clock) -> Result<(), UserError> {
        let (user, removed) = db.write_here(|conn| {
            let user = find(conn, &self.email)?.user;
            let actor = Actor::command_line();
            let removed = factors::remove(conn, user.id, None, &actor, clock.now())?;
            Ok::<_, UserError>((user, removed))
        })?;
        if !removed {
            return Err(UserError::NoFactor(user.email.to_string()));
        }
        say!(
            "{} can sign in by password alone, or set up another second factor; all sessions have ended.",
            user.email
        );
        Ok(())
    }
}

impl PasswordSource {
    /// The password, and whether it was made here.
    fn take(
        &self,
        db: &Db,
        user: Option<UserId>,
        own: &[&str],
    ) -> Result<(NewPassword, bool), UserError> {
        let breached = self.breached.check().map_err(UserError::Breached)?;
        let given = if self.password_stdin {
            let mut line = String::new();
            std::io::stdin().read_to_string(&mut line)?;
            // The end of the line belongs to `echo`, not to the password.
            let password = line.strip_suffix('\n').unwrap_or(&line);
            Some(password.strip_suffix('\r').unwrap_or(password).to_owned())
        } else {
            std::env::var(PASSWORD_VARIABLE).ok()
        };
        if let Some(raw) = given {
            let rules =
                db.read_here(|conn| Ok::<_, UserError>(Rules::load(conn, user, own, breached)?))?;
            let password = NewPassword::by(&raw, &rules)?.map_err(UserError::Password)?;
            return Ok((password, false));
        }
        let made = NewPassword::generate();
        Ok((made, true))
    }
}

fn print_made(password: &NewPassword, made: bool) {
    if made {
        say!("Password: {}", password.reveal());
    }
}

fn hash(password: &NewPassword) -> Result<String, UserError> {
    password
        .hash_here()
        .map_err(|error| UserError::Hash(error.to_string()))
}

fn flag(flag: &'static str, value: &str, fault: String) -> UserError {
    UserError::Flag {
        flag,
        value: value.to_owned(),
        fault,
    }
}

/// The account with an address.
pub(super) fn find(conn: &mut Conn, email: &str) -> Result<Account, UserError> {
    account::by_email(conn, &email.trim().to_lowercase())?
        .ok_or_else(|| UserError::NoUser(email.to_owned()))
}

fn roles(
    conn: &mut Conn,
    role: RoleArg,
    slugs: &[String],
) -> Result<Vec<(EventId, EventRole)>, UserError> {
    let role = match role {
        RoleArg::Admin => return Ok(Vec::new()),
        RoleArg::Officer => EventRole::Officer,
        RoleArg::Observer => EventRole::Observer,
    };
    let events = account::roles(conn, None)?;
    slugs
        .iter()
        .map(|slug| {
            events
                .iter()
                .find(|at| at.slug == *slug)
                .map(|at| (at.event, role))
                .ok_or_else(|| UserError::NoEvent(slug.clone()))
        })
        .collect()
}
