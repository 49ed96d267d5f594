//! `iikura import` and `iikura export`: a whole event as one file.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Failure, open};
use crate::audit::Actor;
use crate::config::DatabaseArgs;
use crate::db::Db;
use crate::event::file::{self, ImportError};
use crate::event::live::Live;
use crate::event::programme::Programme;
use crate::event::store;
use crate::text::Email;
use crate::time::Clock;

/// Flags of `iikura import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The event file, TOML
    file: PathBuf,
    /// The protocol office's mailbox where the file names none
    #[arg(
        long,
        env = "IIKURA_MAIL_FROM",
        default_value = "protocol@iikura.example",
        value_name = "E-MAIL"
    )]
    mail_from: String,
}

impl ImportArgs {
    /// Reads the file and stores the event, whole or not at all.
    #[expect(clippy::print_stdout, reason = "a command line speaks to the terminal")]
    pub fn run(self) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let source = std::fs::read_to_string(&self.file)
            .map_err(|error| Failure::one(format!("cannot read {name}: {error}")))?;
        let office = Email::parse(&self.mail_from).map_err(|error| {
            Failure::one(format!(
                "'{}' {error}; set --mail-from (IIKURA_MAIL_FROM)",
                self.mail_from
            ))
        })?;
        let db = open(&self.database)?;
        let (live, now) = (Live::default(), Clock::system().now());
        let outcome = db.write_here(|conn| {
            Ok::<_, Failure>(file::import(
                conn,
                &live,
                &source,
                &office,
                &Actor::command_line(),
                now,
            ))
        })?;
        let imported = outcome.map_err(|error| match error {
            ImportError::Faulty(faults) => {
                let mut lines: Vec<String> = faults
                    .iter()
                    .map(|fault| format!("{name}: {fault}"))
                    .collect();
                lines.push("nothing was imported; mend the file and try again".to_owned());
                Failure(lines)
            }
            ImportError::Store(error) => Failure::one(error),
        })?;
        println!("Imported {} with {} slots.", imported.slug, imported.slots);
        for remark in imported.remarks {
            println!("Taken over against a rule: {remark}");
        }
        Ok(())
    }
}

/// Flags of `iikura export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The event, as ca-jad-9
    slug: String,
    /// File to write; by default the terminal
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ExportArgs {
    /// Writes the event.
    #[expect(clippy::print_stdout, reason = "a command line speaks to the terminal")]
    pub fn run(self) -> Result<(), Failure> {
        let programme = programme(&open(&self.database)?, &self.slug)?;
        let text = file::export(&programme)?;
        if let Some(path) = self.output {
            return std::fs::write(&path, text).map_err(|error| {
                Failure::one(format!("cannot write {}: {error}", path.display()))
            });
        }
        print!("{text}");
        Ok(())
    }
}

/// The programme of the event with a slug.
pub(super) fn programme(db: &Db, slug: &str) -> Result<Arc<Programme>, Failure> {
    let found = db.read_here(|conn| {
        let event = store::find(conn, slug)?;
        let programme = event
            .map(|event| Live::default().programme(conn, event))
            .transpose()?
            .flatten();
        Ok::<_, Failure>(programme)
    })?;
    found.ok_or_else(|| {
        Failure::one(format!(
            "there is no event '{slug}'; 'iikura import FILE' brings one in"
        ))
    })
}
