//! The agenda as a table: RFC 4180, UTF-8, and no cell that a spreadsheet would run as a formula.

use csv::{Terminator, WriterBuilder};

use crate::core::agenda::{Agenda, AgendaEntry};
use crate::core::text::shows_nothing;
use crate::core::text_enum::TextEnum;
use crate::core::time::ClockRange;
use crate::core::time::Zone;

/// Byte order mark by which Excel recognises UTF-8.
const BYTE_ORDER_MARK: &str = "\u{FEFF}";

/// Writes the table; times are the venue's, and a delegation has those at home beside them. The last two columns are for
/// programs: RFC 3339 with the venue's offset.
///
/// # Errors
/// When the `csv` crate fails, which it does not on memory.
pub fn render(agenda: &Agenda, byte_order_mark: bool) -> Result<Vec<u8>, csv::Error> {
    let mut bytes = Vec::new();
    if byte_order_mark {
        bytes.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
    }
    let mut table = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(bytes);
    let reader = CsvAudience::of(agenda);
    table.write_record(reader.columns())?;
    for entry in agenda.entries() {
        table.write_record(
            reader
                .row(entry, agenda.zone)
                .iter()
                .map(|cell| harmless(cell)),
        )?;
    }
    table
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

/// For whom the table is, which decides its columns.
#[derive(Clone, Copy)]
struct CsvAudience {
    /// Staff read of interpreters.
    staff: bool,
    /// And of notes, but in a clean copy.
    notes: bool,
    /// A delegation whose clocks at home show another time has it beside the venue's.
    home: bool,
}

impl CsvAudience {
    fn of(agenda: &Agenda) -> Self {
        Self {
            staff: agenda.addressee().is_none(),
            notes: agenda.internal_mark().is_some(),
            home: agenda.days.iter().any(|day| day.home_zone.is_some()),
        }
    }

    fn columns(self) -> Vec<&'static str> {
        let mut columns = vec![
            "day",
            "start",
            "end",
            "zone",
            "kind",
            "title",
            "room",
            "delegations",
        ];
        if self.staff {
            columns.push("interpreters");
        }
        columns.push("state");
        if self.notes {
            columns.push("note");
        }
        if self.home {
            columns.extend(["home_day", "home_start", "home_end", "home_zone"]);
        }
        columns.extend(["room_ja", "delegations_ja"]);
        columns.extend(["starts_at", "ends_at"]);
        columns.extend(["format", "accompanying"]);
        columns
    }

    /// The cells of one entry, one for each of the columns.
    fn row(self, entry: &AgendaEntry, zone: Zone) -> Vec<String> {
        let room = entry.room.as_ref().map(|room| room.name.clone());
        let mut cells = times(&entry.venue).to_vec();
        cells.extend([
            entry.kind.as_str().to_owned(),
            entry.title.clone(),
            room.unwrap_or_default(),
            joined(entry.parties.iter().map(|party| party.name.as_str())),
        ]);
        if self.staff {
            let interpreters = entry.interpreters.iter().flatten();
            cells.push(joined(interpreters.map(|one| one.name.as_str())));
        }
        cells.push(entry.state.as_str().to_owned());
        if self.notes {
            cells.push(entry.note.clone().unwrap_or_default());
        }
        if self.home {
            cells.extend(entry.home.as_ref().map(times).unwrap_or_default());
        }
        let room = entry.room.as_ref().map(|room| room.name_ja.clone());
        cells.push(room.unwrap_or_default());
        cells.push(joined(entry.names_ja()));
        cells.extend([entry.interval.start(), entry.interval.end()].map(|at| zone.rfc3339(at)));
        let style = entry.format.style.map(|style| style.as_str().to_owned());
        let people = entry.format.accompanying.map(|people| people.to_string());
        cells.extend([style, people].map(Option::unwrap_or_default));
        cells
    }
}

/// Day, start, end and zone; an end on another day carries its date.
fn times(clock: &ClockRange) -> [String; 4] {
    let end = if clock.end_date == clock.date {
        clock.end.clone()
    } else {
        format!("{} {}", clock.end_date, clock.end)
    };
    [
        clock.date.to_string(),
        clock.start.clone(),
        end,
        clock.zone.clone(),
    ]
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join("; ")
}

/// The text with an apostrophe before it where a spreadsheet would take it for a formula.
///
/// The signs are those of the OWASP page on CSV injection, with their full-width forms, which Excel in a Japanese
/// set-up reads alike. White space and marks that show nothing do not hide one: some programs trim a cell.
fn harmless(text: &str) -> String {
    let breaks_out = text.starts_with(['\t', '\r', '\n', '\0']);
    let calculates = text
        .trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || shows_nothing(c))
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if breaks_out || calculates {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_becomes_text() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\0=1",
            "＝1",
            "＋1",
            "－1",
            "＠SUM",
            " =1",
            "\u{200F}=1",
            "\u{FEFF}+1",
        ] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in [
            "",
            "a=1",
            "14:40",
            "2022-12-24",
            "'=1",
            "日本",
            "1-1",
            "–",
            "−",
        ] {
            assert_eq!(harmless(text), text);
        }
    }
}
