//! `iikura personal-data …`: what is stored about a person, and its erasure.
use clap::{Args, Subcommand};

use super::Failure;
use super::output::say;
use crate::core::text::Email;
use crate::core::user::Actor;
use crate::db::{Db, DbError};
use crate::personal::{contact, export, scrub};
use crate::runtime::clock::Clock;
use crate::store::programme_cache::ProgrammeCache;

/// Show and erase what is stored about a person
#[derive(Debug, Clone, Subcommand)]
pub enum PersonalDataCommand {
    /// Write everything that is stored about the person with an address, as JSON
    Export(PersonArgs),
    /// Forget the contact with an address at every event; the history keeps a pseudonym
    Erase(PersonArgs),
}

/// Flags of both.
#[derive(Debug, Clone, Args)]
pub struct PersonArgs {
    /// The person's e-mail address
    #[arg(value_name = "E-MAIL")]
    address: String,
}

impl PersonalDataCommand {
    /// Runs the command on a database.
    pub(super) fn run(self, db: &Db, clock: &Clock) -> Result<(), Failure> {
        match self {
            Self::Export(args) => {
                let address = args.address()?;
                let found = db.read_here(|conn| {
                    Ok::<_, DbError>(export::of_address(conn, address.as_str())?)
                })?;
                say!("{}", serde_json::to_string_pretty(&found)?);
            }
            Self::Erase(args) => {
                let address = args.address()?;
                let (actor, now) = (Actor::command_line(), clock.now());
                let outcome = contact::forget_everywhere(
                    db,
                    &ProgrammeCache::default(),
                    &actor,
                    now,
                    address.as_str(),
                );
                // What was erased at other events before a refusal is erased all the same.
                db.write_here(|conn| Ok::<_, DbError>(scrub(conn)?))?;
                let slugs = outcome?;
                if slugs.is_empty() {
                    return Err(Failure::one(format!(
                        "no event stores anything about '{address}'; an account is deleted by 'iikura user delete --email {address}'"
                    )));
                }
                say!(
                    "Forgotten at {}. Backups contain it until you delete them.",
                    slugs.join(", ")
                );
            }
        }
        Ok(())
    }
}

impl PersonArgs {
    fn address(&self) -> Result<Email, Failure> {
        Email::parse(&self.address)
            .map_err(|fault| Failure::one(format!("'{}' {fault}", self.address)))
    }
}
