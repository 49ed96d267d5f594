//! `iikura audit verify`: whether the history is what was written.
use clap::{Args, Subcommand};

use super::Failure;
use super::output::say;
use crate::db::Db;
use crate::store::audit::{chain, redaction};
use crate::store::event;

/// Verify the history
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Verify the hashes from row to row; name the first row that was altered
    Verify(VerifyArgs),
}

/// Flags of `audit verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// A hash noted from an earlier run, which must still exist; may be repeated
    #[arg(long, value_name = "HASH")]
    noted: Vec<String>,
}

impl AuditCommand {
    /// Runs the command on a database.
    pub(super) fn run(self, db: &Db) -> Result<(), Failure> {
        let Self::Verify(args) = self;
        db.read_here(|conn| {
            let (chains, events, redactions) = conn.snapshot(|conn| {
                let chains = chain::verify(conn, &args.noted)?;
                Ok::<_, Failure>((chains, event::all(conn)?, redaction::list(conn)?))
            })?;
            for chain in &chains {
                let known = events.iter().find(|event| Some(event.id) == chain.event);
                let whose = match (known, chain.event) {
                    (Some(event), _) => event.slug.to_string(),
                    (None, Some(event)) => format!("event {}", event.0),
                    (None, None) => "accounts and mail".to_owned(),
                };
                let redacted = match chain.redacted {
                    0 => String::new(),
                    rows => format!(", {rows} of them redacted, as recorded"),
                };
                say!("{} {whose}, {} row(s){redacted}", chain.newest, chain.rows);
            }
            for redaction in &redactions {
                say!("{redaction}");
            }
            say!("The history is what was written. Note the hashes on paper, and pass them to --noted next time.");
            Ok(())
        })
    }
}
