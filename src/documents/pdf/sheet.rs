//! The sheets beside the agenda, and what of the programme is wanted on them.

use chrono::NaiveDate;

use super::{PdfError, PdfSource, card, doors, matrix, roster};
use crate::core::agenda::{Agenda, Pencilled};
use crate::core::delegation::Delegation;
use crate::core::interpreter::Interpreter;
use crate::core::programme::Programme;
use crate::core::room::Room;
use crate::core::text::quoted;
use crate::core::text_enum::TextEnum;
use crate::core::time::{Moment, parse_date};

/// A sheet that only paper needs. All are the office's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sheet {
    /// A minister's day, on one page where that can be read.
    Card,
    /// What happens in a room on a day, for each room and day.
    Doors,
    /// What each interpreter does.
    Roster,
    /// The chair's bilaterals with each guest.
    Matrix,
}

impl TextEnum for Sheet {
    const ALL: &'static [Self] = &[Self::Card, Self::Doors, Self::Roster, Self::Matrix];
    const NOUN: &'static str = "sheet";

    fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Doors => "doors",
            Self::Roster => "roster",
            Self::Matrix => "matrix",
        }
    }
}

/// What is wanted, as people typed it; what is left out means all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SheetChoice {
    /// Code of a delegation; for a card.
    pub delegation: Option<String>,
    /// Code of a room, for door sheets.
    pub room: Option<String>,
    /// Code of an interpreter; for the roster.
    pub interpreter: Option<String>,
    /// A day, as `2022-12-24`; for all but the matrix.
    pub day: Option<String>,
}

/// Error of a sheet that cannot be made, as a sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// Nothing of that name in the event.
    #[error("{event} has no {noun} {typed}; it has {known}")]
    Unknown {
        /// The event.
        event: String,
        /// What was looked for: `room`.
        noun: &'static str,
        /// What was typed, quoted.
        typed: String,
        /// What could have been.
        known: String,
    },
    /// That is no date.
    #[error("{0}")]
    NoDate(String),
    /// A card needs a delegation.
    #[error("a card is for one minister; say of which delegation, as KZ")]
    WhoseCard,
    /// Something was chosen that this sheet does not know.
    #[error("the sheet '{sheet}' is not made by {noun}; leave that out")]
    NotBy {
        /// The sheet.
        sheet: &'static str,
        /// What was chosen.
        noun: &'static str,
    },
    /// Our own fault.
    #[error(transparent)]
    Pdf(#[from] PdfError),
}

/// Puts a sheet together; setting it is the expensive part and comes later.
///
/// # Errors
/// When the choice names something that is not there.
pub fn sheet(
    programme: &Programme,
    sheet: Sheet,
    choice: &SheetChoice,
    now: Moment,
) -> Result<PdfSource, SheetError> {
    let chosen = Chosen::read(programme, sheet, choice, now)?;
    Ok(match sheet {
        Sheet::Card => card::paper(&chosen, chosen.delegation.ok_or(SheetError::WhoseCard)?)?,
        Sheet::Doors => doors::paper(&chosen)?,
        Sheet::Roster => roster::paper(&chosen)?,
        Sheet::Matrix => matrix::paper(&chosen)?,
    })
}

/// A choice that has been found in the programme.
pub(super) struct Chosen<'p> {
    pub(super) programme: &'p Programme,
    /// The office's agenda.
    pub(super) agenda: Agenda,
    pub(super) delegation: Option<&'p Delegation>,
    pub(super) room: Option<&'p Room>,
    pub(super) interpreter: Option<&'p Interpreter>,
    pub(super) day: Option<NaiveDate>,
    pub(super) now: Moment,
}

impl<'p> Chosen<'p> {
    fn read(
        programme: &'p Programme,
        sheet: Sheet,
        choice: &SheetChoice,
        now: Moment,
    ) -> Result<Self, SheetError> {
        let uses: [(&'static str, bool, &[Sheet]); 4] = [
            ("delegation", choice.delegation.is_some(), &[Sheet::Card]),
            ("room", choice.room.is_some(), &[Sheet::Doors]),
            (
                "interpreter",
                choice.interpreter.is_some(),
                &[Sheet::Roster],
            ),
            (
                "day",
                choice.day.is_some(),
                &[Sheet::Card, Sheet::Doors, Sheet::Roster],
            ),
        ];
        for (noun, is_chosen, sheets) in uses {
            if is_chosen && !sheets.contains(&sheet) {
                let sheet = sheet.as_str();
                return Err(SheetError::NotBy { sheet, noun });
            }
        }
        let agenda = Agenda::for_staff(programme, now, Pencilled::LeftOut);
        Ok(Self {
            delegation: find(
                programme,
                ("delegation", choice.delegation.as_deref()),
                &programme.delegations,
                |each| each.code.as_str(),
            )?,
            room: find(
                programme,
                ("room", choice.room.as_deref()),
                &programme.rooms,
                |each| each.code.as_str(),
            )?,
            interpreter: find(
                programme,
                ("interpreter", choice.interpreter.as_deref()),
                &programme.interpreters,
                |each| each.code.as_str(),
            )?,
            day: day(&agenda, choice.day.as_deref())?,
            programme,
            agenda,
            now,
        })
    }

    /// True for the day that is wanted, and for every one when none was named.
    pub(super) fn wants(&self, date: NaiveDate) -> bool {
        self.day.is_none_or(|day| day == date)
    }

    /// `ca-jad-9-doors-hall-2022-12-24-r12.pdf`
    pub(super) fn file_name(&self, sheet: Sheet) -> String {
        let parts = [
            Some(sheet.as_str().to_owned()),
            self.delegation.map(|each| each.code.to_string()),
            self.room.map(|each| each.code.to_string()),
            self.interpreter.map(|each| each.code.to_string()),
            self.day.map(|day| day.to_string()),
        ];
        let mut name = self.agenda.slug.clone();
        for part in parts.into_iter().flatten() {
            name.push('-');
            name.push_str(&part);
        }
        let safe: String = name
            .chars()
            .filter(|sign| sign.is_ascii_alphanumeric() || *sign == '-')
            .take(150)
            .collect();
        format!(
            "{}-r{}.pdf",
            safe.to_ascii_lowercase(),
            self.agenda.revision.0.max(0)
        )
    }
}

/// What has that code, exactly or but for capitals.
fn find<'p, T>(
    programme: &Programme,
    (noun, typed): (&'static str, Option<&str>),
    all: &'p [T],
    code: impl Fn(&T) -> &str,
) -> Result<Option<&'p T>, SheetError> {
    let Some(typed) = typed else { return Ok(None) };
    all.iter()
        .find(|each| code(each) == typed)
        .or_else(|| {
            all.iter()
                .find(|each| code(each).eq_ignore_ascii_case(typed))
        })
        .map(Some)
        .ok_or_else(|| {
            unknown(
                &programme.event.slug.to_string(),
                noun,
                typed,
                all.iter().map(code),
            )
        })
}

impl Agenda {
    /// The agenda of one day, as it was typed; of all when nothing was.
    ///
    /// # Errors
    /// When that is no date, or none of the agenda's days.
    pub fn on(mut self, typed: Option<&str>) -> Result<Self, SheetError> {
        self.day = day(&self, typed)?;
        if let Some(wanted) = self.day {
            self.days.retain(|day| day.date == wanted);
        }
        Ok(self)
    }
}

fn day(agenda: &Agenda, typed: Option<&str>) -> Result<Option<NaiveDate>, SheetError> {
    let Some(typed) = typed else { return Ok(None) };
    let date = parse_date(typed).map_err(SheetError::NoDate)?;
    let mut days = agenda.days.iter().map(|day| day.date);
    if days.any(|day| day == date) {
        return Ok(Some(date));
    }
    let days: Vec<_> = agenda.days.iter().map(|day| day.date.to_string()).collect();
    let days = days.iter().map(String::as_str);
    Err(unknown(&agenda.slug, "day", typed, days))
}

/// With the first of what there is, so that a mistyped one is seen.
fn unknown<'a>(
    event: &str,
    noun: &'static str,
    typed: &str,
    known: impl Iterator<Item = &'a str>,
) -> SheetError {
    const MOST: usize = 20;
    let known: Vec<&str> = known.collect();
    let shown = known
        .iter()
        .take(MOST)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    SheetError::Unknown {
        event: event.to_owned(),
        noun,
        typed: quoted(typed),
        known: match known.len() {
            0 => "none yet".to_owned(),
            1..=MOST => shown,
            more => format!("{shown} and {} more", more - MOST),
        },
    }
}
