//! Slots past midnight, and over a change of the clocks, in every document.

use super::*;
use crate::core::agenda::Notes;
use crate::core::sample::{CANARY, programme_in, slot_in};

const LONDON: &str = "Europe/London";
const DAYS: [(&str, &str, &str); 2] = [
    ("2026-10-24", "09:00", "24:00"),
    ("2026-10-25", "00:00", "24:00"),
];

fn with(start: (&str, &str), minutes: i32) -> Programme {
    programme_in(LONDON, &DAYS, vec![slot_in(LONDON, 1, start, minutes)])
}

#[test]
fn slot_past_midnight_is_on_both_days_of_every_paper() {
    let agenda = staff(&with(("2026-10-24", "23:30"), 60));
    let shown = |format| text(&agenda, format);
    for words in ["23:30–00:30 (next day)", "23:30 (day before)–00:30"] {
        let page = shown(Format::Html);
        assert!(page.contains(words), "{words}: {page}");
    }
    let paper = shown(Format::Pdf);
    for words in ["until Sun 25 Oct", "from Sat 24 Oct"] {
        assert!(paper.contains(words), "{words}: {paper}");
    }
    let sheets = shown(Format::Xlsx);
    for day in ["[2026-10-24]", "[2026-10-25]"] {
        let (_, sheet) = sheets.split_once(day).unwrap();
        let sheet = sheet.split("\n[").next().unwrap();
        assert!(sheet.contains("Dinner"), "{day}: {sheets}");
    }
    // Files with a line for each slot have it once, and those of one day on either day.
    for agenda in [
        agenda.clone(),
        agenda.clone().on(Some("2026-10-24")).unwrap(),
        agenda.on(Some("2026-10-25")).unwrap(),
    ] {
        let rows = rows(&agenda);
        let row = rows.first().unwrap();
        let times = [&row["day"], &row["start"], &row["end"]].map(String::as_str);
        assert_eq!(
            (rows.len(), times),
            (1, ["2026-10-24", "23:30", "2026-10-25 00:30"])
        );
        assert_eq!(events(&agenda).len(), 1);
    }
}

#[test]
fn clean_copy_has_no_note_of_a_slot_past_midnight() {
    let mut slot = slot_in(LONDON, 1, ("2026-10-24", "23:30"), 60);
    slot.details.content.note = CANARY.to_owned();
    let programme = programme_in(LONDON, &DAYS, vec![slot]);
    let (office, clean) = (staff(&programme), staff(&programme).with(Notes::LeftOut));
    assert_eq!(text(&office, Format::Html).matches(CANARY).count(), 2);
    for &format in Format::ALL {
        let said = text(&clean, format);
        assert!(!said.contains(CANARY), "{format:?}: {said}");
    }
}

#[test]
fn clock_change_inside_a_slot_shows_both_offsets() {
    let programme = with(("2026-10-25", "00:45"), 90);
    for agenda in [staff(&programme), agenda_of(&programme, KZ)] {
        for format in [Format::Html, Format::Ics] {
            let said = text(&agenda, format).replace("\r\n ", "");
            assert!(said.contains("00:45 BST–01:15 GMT"), "{said}");
        }
        // The column is narrow.
        let paper = text(&agenda, Format::Pdf);
        assert!(
            paper.contains("00:45 BST") && paper.contains("01:15 GMT"),
            "{paper}"
        );
        for format in [Format::Html, Format::Pdf, Format::Csv, Format::Xlsx] {
            let said = text(&agenda, format);
            assert!(said.contains("BST, UTC+1, then GMT, UTC"), "{said}");
        }
    }
    let before = staff(&with(("2026-10-25", "00:15"), 15));
    let said = text(&before, Format::Html);
    assert!(said.contains("BST, UTC+1</small>"), "{said}");
}
