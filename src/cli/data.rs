//! `iikura import` and `iikura export`: a whole event as one file, or everything.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::output::{self, say};
use super::{Failure, database_url, open, open_unmigrated};
use crate::change::event_file::{self, EventImportError};
use crate::core::programme::Programme;
use crate::core::text::Email;
use crate::core::user::Actor;
use crate::db::{DatabaseUrl, Db};
use crate::installation::{self, SealedFile};
use crate::runtime::clock::Clock;
use crate::server::config::DatabaseArgs;
use crate::store::event;
use crate::store::programme_cache::ProgrammeCache;

/// What no export takes along.
const SECRET: &str = "Copy the secret file (IIKURA_SECRET_FILE, by default data/secret.key) by hand: without it links \
                      in letters and second factors are invalid.";

/// Faults of an event file that are listed; the others are counted.
const MOST_FAULTS: usize = 100;

/// Flags of `iikura import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The event file, TOML; with --everything the file of a whole installation
    file: PathBuf,
    /// Import a whole installation, as 'export --everything' wrote it, into an empty database
    #[arg(long)]
    everything: bool,
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
    /// Reads the file and stores what is in it, whole or not at all.
    pub fn run(self) -> Result<(), Failure> {
        if self.everything {
            self.everything()
        } else {
            self.event()
        }
    }

    fn everything(self) -> Result<(), Failure> {
        // Before the database: opening makes one where there is none.
        let file = SealedFile::open(&self.file)?;
        let imported = file.import(&open(&self.database)?)?;
        say!("Imported {}.", imported.contents);
        say!(
            "Read back, it equals the file byte for byte; {} chain(s) of history verify; every reference is valid; \
             there is no double booking.",
            imported.chains
        );
        say!("{SECRET}");
        say!("All users must sign in again.");
        Ok(())
    }

    fn event(self) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let unreadable =
            |error: std::io::Error| Failure::one(format!("cannot read {name}: {error}"));
        let size = std::fs::metadata(&self.file).map_err(unreadable)?.len();
        if size > event_file::MOST_BYTES as u64 {
            return Err(Failure::one(format!(
                "{name}: {}",
                event_file::too_large(size)
            )));
        }
        let bytes = std::fs::read(&self.file).map_err(unreadable)?;
        let source = event_file::decode(bytes)
            .map_err(|fault| refusal(&name, EventImportError::Faulty(vec![fault])))?;
        let office = Email::parse(&self.mail_from).map_err(|error| {
            Failure::one(format!(
                "'{}' {error}; set --mail-from (IIKURA_MAIL_FROM)",
                self.mail_from
            ))
        })?;
        let now = Clock::system().now();
        let refused = |error| refusal(&name, error);
        // Read and checked before the database is used: while it stores, other writers wait.
        let mut progress = Progress::on_terminal();
        let prepared = event_file::prepare_watched(
            &source,
            &office,
            &Actor::command_line(),
            now,
            &mut |done, of| progress.reading(done, of),
        );
        progress.end();
        let prepared = prepared.map_err(refused)?;
        let db = open(&self.database)?;
        progress.storing();
        let outcome = db.write_here(|conn| {
            Ok::<_, Failure>(prepared.store(conn, &ProgrammeCache::default()))
        })?;
        progress.end();
        let imported = outcome.map_err(refused)?;
        say!("Imported {} with {} slots.", imported.slug, imported.slots);
        for remark in imported.remarks {
            say!("Imported against a rule: {remark}");
        }
        Ok(())
    }
}

/// Slots from which on an import shows its progress.
const LARGE: usize = 500;
/// Slots between two lines of progress.
const STEP: usize = 50;

/// Shows on a terminal how far an import is.
struct Progress<W> {
    /// The terminal; `None` where there is none.
    terminal: Option<W>,
    /// How many slots are read.
    slots: usize,
    /// Something is shown.
    shows: bool,
}

impl Progress<io::Stderr> {
    fn on_terminal() -> Self {
        let terminal = io::stderr();
        Self {
            terminal: terminal.is_terminal().then_some(terminal),
            slots: 0,
            shows: false,
        }
    }
}

impl<W: Write> Progress<W> {
    fn reading(&mut self, done: usize, of: usize) {
        self.slots = of;
        if of >= LARGE && done.is_multiple_of(STEP) {
            self.show(&format!("Checked {done} of {of} slots"));
        }
    }

    fn storing(&mut self) {
        if self.slots >= LARGE {
            self.show(&format!("Storing {} slots", self.slots));
        }
    }

    fn show(&mut self, words: &str) {
        self.write(&format!("\r{words} …\x1b[K"));
        self.shows = true;
    }

    /// Takes the line away.
    fn end(&mut self) {
        if std::mem::take(&mut self.shows) {
            self.write("\r\x1b[K");
        }
    }

    /// Progress that cannot be shown is no reason to stop.
    fn write(&mut self, text: &str) {
        if let Some(terminal) = &mut self.terminal {
            let _ = write!(terminal, "{text}").and_then(|()| terminal.flush());
        }
    }
}

/// Why a file was not taken: its first faults, a line each.
fn refusal(name: &str, error: EventImportError) -> Failure {
    match error {
        EventImportError::Faulty(faults) => {
            let first = faults.iter().take(MOST_FAULTS);
            let mut lines: Vec<String> = first.map(|fault| format!("{name}: {fault}")).collect();
            if let more @ 1.. = faults.len().saturating_sub(MOST_FAULTS) {
                lines.push(format!("{name}: and {more} more faults"));
            }
            lines.push("nothing was imported; correct the file and try again".to_owned());
            Failure(lines)
        }
        EventImportError::Store(error) => Failure::one(error),
    }
}

/// Flags of `iikura export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The event, as ca-jad-9
    #[arg(required_unless_present = "everything")]
    slug: Option<String>,
    /// File to write; by default the terminal
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave out what delegations were notified of and their answers: for a copy of the event under another slug
    #[arg(long, conflicts_with = "everything")]
    without_notices: bool,
    /// Write everything into a new file, also while the server runs: every event, accounts, mail, history
    #[arg(long, value_name = "FILE", conflicts_with_all = ["slug", "output"])]
    everything: Option<PathBuf>,
}

impl ExportArgs {
    /// Writes the event, or everything.
    pub fn run(self) -> Result<(), Failure> {
        match (&self.everything, &self.slug) {
            (Some(file), _) => self.everything(file),
            (None, Some(slug)) => self.event(slug),
            (None, None) => Err(Failure::one("name an event, or --everything FILE")),
        }
    }

    fn everything(&self, file: &Path) -> Result<(), Failure> {
        if let DatabaseUrl::Sqlite(path) = database_url(&self.database)?
            && !Path::new(&path).exists()
        {
            // Opening would make an empty one.
            return Err(Failure::one(format!(
                "there is no database at {path}; set --database-url (IIKURA_DATABASE_URL)"
            )));
        }
        let contents = installation::export(&open_unmigrated(&self.database)?, file)?;
        say!("{} holds {contents}.", file.display());
        say!(
            "Protect it like the database: it has every letter and the hash of every password. Sessions are not in it."
        );
        say!("{SECRET}");
        Ok(())
    }

    fn event(&self, slug: &str) -> Result<(), Failure> {
        let programme = programme(&open(&self.database)?, slug)?;
        let text = if self.without_notices {
            event_file::export_without_notices(&programme)?
        } else {
            event_file::export(&programme)?
        };
        if let Some(path) = &self.output {
            return std::fs::write(path, text).map_err(|error| {
                Failure::one(format!("cannot write {}: {error}", path.display()))
            });
        }
        output::bytes(text.as_bytes());
        Ok(())
    }
}

/// The programme of the event with a slug.
pub(super) fn programme(db: &Db, slug: &str) -> Result<Arc<Programme>, Failure> {
    let found = db.read_here(|conn| {
        let event = event::find(conn, slug)?;
        let programme = event
            .map(|event| ProgrammeCache::default().programme(conn, event))
            .transpose()?
            .flatten();
        Ok::<_, Failure>(programme)
    })?;
    found.ok_or_else(|| {
        Failure::one(format!(
            "there is no event '{slug}'; 'iikura import FILE' adds one"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(slots: usize) -> String {
        let mut progress = Progress {
            terminal: Some(Vec::new()),
            slots: 0,
            shows: false,
        };
        for done in 0..slots {
            progress.reading(done, slots);
        }
        progress.end();
        progress.storing();
        progress.end();
        String::from_utf8(progress.terminal.unwrap()).unwrap()
    }

    #[test]
    fn a_large_import_shows_its_progress_and_a_small_one_nothing() {
        assert_eq!(shown(LARGE - 1), "");
        let shown = shown(3000);
        assert!(shown.starts_with("\rChecked 0 of 3000 slots …"), "{shown}");
        assert!(shown.contains("\rChecked 2950 of 3000 slots …"), "{shown}");
        assert!(
            shown.ends_with("\rStoring 3000 slots …\x1b[K\r\x1b[K"),
            "{shown}"
        );
    }
}
