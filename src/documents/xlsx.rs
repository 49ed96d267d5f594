//! The agenda as a workbook: a sheet a day and, for the office, a sheet a delegation; times are dates, and nothing that
//! was typed is a formula.

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveDateTime};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use crate::core::agenda::{Agenda, AgendaEntry, Audience};
use crate::core::time::{Instant, Zone};

/// Rows that are shown above the table; it begins below them.
const HEAD: u32 = 3;

/// Writes the workbook.
///
/// # Errors
/// When the crate fails, which it does not on texts that were parsed at the edge.
pub fn render(agenda: &Agenda) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let issued = agenda.zone.local_moment(agenda.issued_at).naive_local();
    workbook.set_properties(
        &DocProperties::new()
            .set_title(&agenda.name)
            .set_author(agenda.office.name.as_str())
            .set_subject(format!("Revision {}", agenda.revision.0))
            .set_creation_datetime(&date_time(issued)?),
    );
    let looks = Looks::new();
    let columns = Columns::of(agenda);
    let mut names = HashSet::new();
    for day in &agenda.days {
        let sheet = sheet(&mut workbook, &mut names, &day.date.to_string())?;
        let heading = format!("{}, {} ({})", agenda.name, day.in_words(), day.zone);
        columns.write(sheet, &looks, agenda, &heading, day.shown())?;
    }
    if matches!(agenda.audience, Audience::Staff) {
        for party in &agenda.parties {
            let sheet = sheet(&mut workbook, &mut names, &party.code)?;
            let theirs = agenda.entries().filter(|entry| {
                let mut parties = entry.parties.iter();
                entry.everyone || parties.any(|each| each.code == party.code)
            });
            let heading = format!("{}: {}, {}", party.name, party.principal, agenda.name);
            columns.write(sheet, &looks, agenda, &heading, theirs)?;
        }
    }
    if agenda.days.is_empty() {
        sheet(&mut workbook, &mut names, "Agenda")?.write_string(0, 0, agenda.dates())?;
    }
    workbook.save_to_buffer()
}

/// Adds a sheet; its name is one that Excel takes: at most 31 characters, and no other's, whatever the case.
fn sheet<'w>(
    workbook: &'w mut Workbook,
    names: &mut HashSet<String>,
    wanted: &str,
) -> Result<&'w mut Worksheet, XlsxError> {
    let short: String = wanted
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(28)
        .collect();
    let mut name = short.clone();
    let mut number = 2;
    while !names.insert(name.to_ascii_lowercase()) {
        name = format!("{short}-{number}");
        number += 1;
    }
    let sheet = workbook.add_worksheet();
    sheet.set_name(name)
}

/// How cells look.
struct Looks {
    title: Format,
    note: Format,
    head: Format,
    text: Format,
    day: Format,
    clock: Format,
    number: Format,
}

impl Looks {
    fn new() -> Self {
        let cell = Format::new()
            .set_align(FormatAlign::Top)
            .set_border_bottom(FormatBorder::Hair);
        Self {
            title: Format::new().set_bold().set_font_size(14),
            note: Format::new().set_font_color(Color::RGB(0x0066_6666)),
            head: Format::new()
                .set_bold()
                .set_background_color(Color::RGB(0x00E6_E6E6))
                .set_border_bottom(FormatBorder::Thin),
            text: cell.clone().set_text_wrap(),
            day: cell.clone().set_num_format("yyyy-mm-dd"),
            clock: cell.clone().set_num_format("hh:mm"),
            number: cell.set_num_format("0"),
        }
    }
}

/// Content of a cell.
#[derive(Clone)]
enum XlsxCell {
    Text(String),
    Day(NaiveDate),
    Clock(NaiveDateTime),
    Number(i32),
}

/// What the reader may have, column by column.
struct Columns {
    staff: bool,
    notes: bool,
    home: Option<Zone>,
}

impl Columns {
    fn of(agenda: &Agenda) -> Self {
        let home = match &agenda.audience {
            Audience::Staff => None,
            Audience::Delegation(_, home) => {
                let elsewhere = agenda.days.iter().any(|day| day.home_zone.is_some());
                elsewhere.then_some(*home)
            }
        };
        Self {
            staff: agenda.addressee().is_none(),
            notes: agenda.internal_mark().is_some(),
            home,
        }
    }

    /// Headings and widths in characters.
    fn heads(&self) -> Vec<(&'static str, f64)> {
        let mut heads = vec![
            ("Day", 11.0),
            ("Start", 7.0),
            ("End", 7.0),
            ("Minutes", 8.0),
            ("Kind", 13.0),
            ("Title", 42.0),
            ("Room", 20.0),
            ("Delegations", 32.0),
        ];
        if self.home.is_some() {
            heads.extend([("Home day", 11.0), ("Home start", 10.0), ("Home end", 10.0)]);
        }
        if self.staff {
            heads.push(("Interpreters", 28.0));
        }
        heads.push(("State", 11.0));
        if self.notes {
            heads.push(("Note", 32.0));
        }
        heads.extend([("Room (Japanese)", 20.0), ("Delegations (Japanese)", 32.0)]);
        heads.push(("Zone", 14.0));
        if self.home.is_some() {
            heads.push(("Home zone", 14.0));
        }
        heads.push(("Format", 14.0));
        heads
    }

    fn row(&self, agenda: &Agenda, entry: &AgendaEntry) -> Vec<XlsxCell> {
        let (start, end) = (entry.interval.start(), entry.interval.end());
        let names = |names: Vec<&str>| XlsxCell::Text(names.join("; "));
        let mut cells = times(agenda.zone, start, end).to_vec();
        cells.push(XlsxCell::Number(entry.interval.minutes()));
        cells.extend([
            XlsxCell::Text(entry.kind.label().to_owned()),
            XlsxCell::Text(entry.title.clone()),
            XlsxCell::Text(
                entry
                    .room
                    .as_ref()
                    .map_or_else(String::new, |room| room.name.clone()),
            ),
            names(
                entry
                    .parties
                    .iter()
                    .map(|party| party.name.as_str())
                    .collect(),
            ),
        ]);
        if let Some(home) = self.home {
            cells.extend(times(home, start, end).to_vec());
        }
        if self.staff {
            let interpreters = entry.interpreters.iter().flatten();
            cells.push(names(interpreters.map(|one| one.name.as_str()).collect()));
        }
        cells.push(XlsxCell::Text(entry.state.label().to_owned()));
        if self.notes {
            cells.push(XlsxCell::Text(entry.note.clone().unwrap_or_default()));
        }
        let room = entry.room.as_ref().map(|room| room.name_ja.clone());
        cells.push(XlsxCell::Text(room.unwrap_or_default()));
        cells.push(names(entry.names_ja().collect()));
        cells.push(XlsxCell::Text(entry.venue.zone.clone()));
        if self.home.is_some() {
            let home = entry.home.as_ref().map(|home| home.zone.clone());
            cells.push(XlsxCell::Text(home.unwrap_or_default()));
        }
        cells.push(XlsxCell::Text(entry.format.in_words().unwrap_or_default()));
        cells
    }

    fn write<'a>(
        &self,
        sheet: &mut Worksheet,
        looks: &Looks,
        agenda: &Agenda,
        heading: &str,
        entries: impl Iterator<Item = &'a AgendaEntry>,
    ) -> Result<(), XlsxError> {
        sheet.write_string_with_format(0, 0, heading, &looks.title)?;
        let mut mark = format!("Revision {}, issued {}", agenda.revision.0, agenda.issued());
        for more in [agenda.draft_mark(), agenda.internal_mark()]
            .into_iter()
            .flatten()
        {
            mark = format!("{more} · {mark}");
        }
        sheet.write_string_with_format(1, 0, &mark, &looks.note)?;
        let heads = self.heads();
        for (column, (head, width)) in (0..).zip(&heads) {
            sheet.write_string_with_format(HEAD, column, *head, &looks.head)?;
            sheet.set_column_width(column, *width)?;
        }
        let mut row = HEAD;
        for entry in entries {
            row += 1;
            for (column, cell) in (0..).zip(self.row(agenda, entry)) {
                match cell {
                    XlsxCell::Text(text) => {
                        sheet.write_string_with_format(row, column, text, &looks.text)?
                    }
                    XlsxCell::Day(at) => {
                        sheet.write_datetime_with_format(row, column, &date(at)?, &looks.day)?
                    }
                    XlsxCell::Clock(at) => sheet.write_datetime_with_format(
                        row,
                        column,
                        &date_time(at)?,
                        &looks.clock,
                    )?,
                    XlsxCell::Number(number) => {
                        sheet.write_number_with_format(row, column, number, &looks.number)?
                    }
                };
            }
        }
        let last = u16::try_from(heads.len() - 1).unwrap_or(u16::MAX);
        sheet.autofilter(HEAD, 0, row.max(HEAD + 1), last)?;
        sheet.set_freeze_panes(HEAD + 1, 0)?;
        sheet.set_repeat_rows(HEAD, HEAD)?;
        sheet.set_paper_size(9).set_landscape();
        sheet.set_print_fit_to_pages(1, 0);
        sheet.set_footer(format!("&L{}&RPage &P of &N", mark.replace('&', "&&")));
        Ok(())
    }
}

/// The day, start and end by the clocks of a place.
fn times(zone: Zone, start: Instant, end: Instant) -> [XlsxCell; 3] {
    let local = |instant: Instant| zone.local_moment(instant.moment()).naive_local();
    [
        XlsxCell::Day(local(start).date()),
        XlsxCell::Clock(local(start)),
        XlsxCell::Clock(local(end)),
    ]
}

/// A whole number, so that days can be counted and compared.
fn date(day: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    use chrono::Datelike;
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    ExcelDateTime::from_ymd(
        u16::try_from(day.year()).unwrap_or_default(),
        small(day.month()),
        small(day.day()),
    )
}

fn date_time(at: NaiveDateTime) -> Result<ExcelDateTime, XlsxError> {
    use chrono::Timelike;
    date(at.date())?.and_hms(
        u16::try_from(at.hour()).unwrap_or_default(),
        u8::try_from(at.minute()).unwrap_or_default(),
        0,
    )
}
