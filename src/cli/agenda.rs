//! `iikura agenda`: an agenda on the terminal or into a file.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::output;
use crate::core::agenda::{Agenda, Notes, Pencilled};
use crate::core::delegation::Delegation;
use crate::core::programme::Programme;
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::visibility::Viewer;
use crate::documents::format::Format;
use crate::documents::html::Stylesheet;
use crate::documents::pdf::{Sheet, SheetChoice, SheetError, sheet};
use crate::documents::render::{Options, RenderError, render};

/// Flags of `iikura agenda`.
#[derive(Debug, Clone, Args)]
pub struct AgendaArgs {
    /// The event, as ca-jad-9
    pub slug: String,
    /// The agenda of one delegation, as KZ: only what it may see; without it, the whole event for the protocol office
    #[arg(long, value_name = "CODE")]
    pub delegation: Option<String>,
    /// A sheet for paper instead of the agenda, always as PDF: a minister's card (with --delegation), a sheet for each
    /// door, the interpreters' roster, the matrix of bilaterals
    #[arg(long, value_parser = words::<Sheet>(), conflicts_with_all = ["format", "bom", "pencilled"])]
    pub sheet: Option<Sheet>,
    /// Only this room's door sheets
    #[arg(long, value_name = "CODE", requires = "sheet")]
    pub room: Option<String>,
    /// Only this interpreter's roster
    #[arg(long, value_name = "CODE", requires = "sheet")]
    pub interpreter: Option<String>,
    /// Only this day, as 2022-12-24
    #[arg(long, value_name = "DAY")]
    pub day: Option<String>,
    /// File format
    #[arg(long, default_value = "html", value_parser = words::<Format>())]
    pub format: Format,
    /// File to write; by default the terminal
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Begin the CSV with a byte order mark, so that Excel reads it as UTF-8
    #[arg(long)]
    pub bom: bool,
    /// A clean copy of the office's agenda, without its internal notes; otherwise it has them, and is marked internal
    #[arg(long, conflicts_with = "sheet")]
    pub clean: bool,
    /// Show pencilled slots too; never for a delegation
    #[arg(long, conflicts_with = "delegation")]
    pub pencilled: bool,
}

/// Why there is no agenda.
#[derive(Debug, thiserror::Error)]
pub enum AgendaError {
    /// No such delegation.
    #[error("{slug} has no delegation '{code}'; it has {known}")]
    UnknownDelegation {
        /// The event.
        slug: String,
        /// What was typed.
        code: String,
        /// What could have been.
        known: String,
    },
    /// A byte order mark on something else than a table.
    #[error("--bom is for CSV; add --format csv or leave it out")]
    MarkWithoutTable,
    /// A workbook or a PDF on a terminal.
    #[error("a {0} file is not text for a terminal; name a file with --output")]
    NoText(&'static str),
    /// There is no such sheet.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The agenda could not be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Writing to the file or terminal failed.
    #[error("cannot write to {place}: {error}")]
    Output {
        /// Where to.
        place: String,
        /// What the system said.
        error: std::io::Error,
    },
}

impl AgendaArgs {
    /// Writes the agenda of `programme` to where the flags say.
    ///
    /// # Errors
    /// With one sentence that says what to type instead.
    pub fn run(&self, programme: &Programme, now: Moment) -> Result<(), AgendaError> {
        let bytes = self.bytes(programme, now)?;
        if let Some(path) = &self.output {
            return std::fs::write(path, bytes).map_err(|error| AgendaError::Output {
                place: path.display().to_string(),
                error,
            });
        }
        let is_text = self.sheet.is_none() && !matches!(self.format, Format::Xlsx | Format::Pdf);
        if !is_text && std::io::stdout().is_terminal() {
            let format = self.sheet.map_or(self.format, |_| Format::Pdf);
            return Err(AgendaError::NoText(format.as_str()));
        }
        output::bytes(&bytes);
        Ok(())
    }

    /// The agenda as the bytes of a file.
    ///
    /// # Errors
    /// As [`run`](Self::run), without those of the file.
    pub fn bytes(&self, programme: &Programme, now: Moment) -> Result<Vec<u8>, AgendaError> {
        if let Some(wanted) = self.sheet {
            let paper = sheet(programme, wanted, &self.choice(), now)?;
            return Ok(paper.set().map_err(SheetError::from)?);
        }
        if self.bom && self.format != Format::Csv {
            return Err(AgendaError::MarkWithoutTable);
        }
        let viewer = self.viewer(programme)?;
        let pencilled = if self.pencilled {
            Pencilled::Included
        } else {
            Pencilled::LeftOut
        };
        let agenda = Agenda::of(programme, viewer, now, pencilled)
            .ok_or_else(|| self.unknown_delegation(programme))?
            .on(self.day.as_deref())?
            .with(Notes::in_copy(self.clean));
        let options = Options {
            stylesheet: Stylesheet::Embedded,
            byte_order_mark: self.bom,
        };
        Ok(render(&agenda, self.format, &options)?)
    }

    fn choice(&self) -> SheetChoice {
        SheetChoice {
            delegation: self.delegation.clone(),
            room: self.room.clone(),
            interpreter: self.interpreter.clone(),
            day: self.day.clone(),
        }
    }

    fn viewer(&self, programme: &Programme) -> Result<Viewer, AgendaError> {
        let Some(code) = &self.delegation else {
            return Ok(Viewer::Staff);
        };
        let typed = |delegation: &&Delegation| delegation.code.as_str().eq_ignore_ascii_case(code);
        programme
            .delegation_by_code(code)
            .or_else(|| programme.delegations.iter().find(typed))
            .map(|delegation| Viewer::Delegation(delegation.id))
            .ok_or_else(|| self.unknown_delegation(programme))
    }

    fn unknown_delegation(&self, programme: &Programme) -> AgendaError {
        let known: Vec<_> = programme
            .delegations
            .iter()
            .map(|delegation| delegation.code.as_str())
            .collect();
        AgendaError::UnknownDelegation {
            slug: programme.event.slug.to_string(),
            code: self.delegation.clone().unwrap_or_default(),
            known: if known.is_empty() {
                "none yet".to_owned()
            } else {
                known.join(", ")
            },
        }
    }
}

/// Every value by its word, so that `--help` and a typing mistake list them.
fn words<T: TextEnum + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::ALL.iter().map(|value| value.as_str()))
        .try_map(|word| T::from_word(&word).ok_or_else(|| format!("unknown {} '{word}'", T::NOUN)))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::core::sample;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        agenda: AgendaArgs,
    }

    fn typed(words: &str) -> Result<AgendaArgs, clap::Error> {
        Cli::try_parse_from(std::iter::once("agenda").chain(words.split_whitespace()))
            .map(|cli| cli.agenda)
    }

    fn output(words: &str) -> Result<String, AgendaError> {
        typed(words)
            .unwrap()
            .bytes(&sample::ninth_meeting(), sample::ISSUED)
            .map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_page_carries_its_own_look() {
        let page = output("ca-jad-9 --delegation kz").unwrap();
        assert!(page.contains("<style>") && page.contains("@page"));
        assert!(!page.contains("<link rel=\"stylesheet\""));
        assert!(page.contains("Kazakhstan") && !page.contains(sample::CANARY));
    }

    #[test]
    fn sketches_are_shown_when_asked_for() {
        assert!(
            !output("ca-jad-9 --format csv")
                .unwrap()
                .contains("pencilled")
        );
        let table = output("ca-jad-9 --format csv --pencilled --bom").unwrap();
        assert!(table.contains("pencilled") && table.starts_with('\u{FEFF}'));
    }

    #[test]
    fn invalid_flags_are_refused_with_advice() {
        assert!(typed("ca-jad-9 --delegation KZ --pencilled").is_err());
        assert!(typed("ca-jad-9 --format doc").is_err());
        let refusal = |words| output(words).unwrap_err().to_string();
        assert_eq!(
            refusal("ca-jad-9 --delegation XX"),
            "ca-jad-9 has no delegation 'XX'; it has JP, KZ, KG, TJ, TM, UZ"
        );
        assert_eq!(
            refusal("ca-jad-9 --bom"),
            "--bom is for CSV; add --format csv or leave it out"
        );
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let args = typed("ca-jad-9 --output /nowhere/agenda.html").unwrap();
        let refusal = args
            .run(&sample::ninth_meeting(), sample::ISSUED)
            .unwrap_err()
            .to_string();
        assert!(
            refusal.starts_with("cannot write to /nowhere/agenda.html: "),
            "{refusal}"
        );
    }
}
