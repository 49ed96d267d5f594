//! Paper is set, and read back by poppler.

use std::io::Write;
use std::process::Command;

use super::super::format::Format;
use super::super::pdf::{Sheet, SheetChoice, Typesetting, sheet};
use super::{agenda_of, staff, text};
use crate::core::agenda::Notes;
use crate::core::delegation::DelegationId;
use crate::core::event::{Event, EventSettings};
use crate::core::programme::Programme;
use crate::core::sample::{self, CANARY, EVERYONE, HALL, ISSUED, JP, KZ, SALON, TM};
use crate::core::slot::{Slot, SlotId, SlotKind, SlotState};
use crate::core::text::TextLine;
use crate::core::text_enum::TextEnum;
use crate::core::time::day_in_words;
use crate::core::time::interval::Interval;

/// The words of a PDF, page by page.
pub(super) fn read(pdf: &[u8]) -> String {
    asked("pdftotext", &["-layout"], pdf, &["-"])
}

fn facts(pdf: &[u8]) -> String {
    asked("pdfinfo", &[], pdf, &[])
}

fn pages(pdf: &[u8]) -> usize {
    let facts = facts(pdf);
    let line = facts.lines().find(|line| line.starts_with("Pages:"));
    line.unwrap()[6..].trim().parse().unwrap()
}

/// What a program of poppler's says of a file; `tests/run` installs it.
fn asked(program: &str, before: &[&str], pdf: &[u8], after: &[&str]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let mut command = Command::new(program);
    let command = command.args(before).arg(file.path()).args(after);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{program} reads it");
    String::from_utf8(output.stdout).unwrap()
}

fn set(programme: &Programme, which: Sheet, choice: &SheetChoice) -> Vec<u8> {
    let paper = sheet(programme, which, choice, ISSUED).unwrap();
    paper.set().unwrap()
}

fn of(code: &str) -> SheetChoice {
    SheetChoice {
        delegation: Some(code.to_owned()),
        ..SheetChoice::default()
    }
}

/// Words as they follow each other, whatever the columns made of them.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_programme_on_paper_says_what_it_is() {
    let agenda = staff(&sample::ninth_meeting());
    let pdf = super::super::pdf::render(&agenda).unwrap();
    let words = flowing(&read(&pdf));
    for part in [
        "DRAFT – contains tentative slots",
        "Revision 12 · Issued Tuesday, 20 December 2022, 18:00 (JST, UTC+9)",
        "Page 1 of 2",
        "Page 2 of 2",
        "Saturday, 24 December 2022",
        "14:40–15:10",
        "Japan–Kyrgyz Foreign Ministers' Meeting",
        "Main Hall",
        "All delegations",
        "H.E. Mr. HAYASHI Yoshimasa",
        "Interpretation: Interpreter, Japanese–Russian (1)",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    let facts = facts(&pdf);
    assert!(
        facts.contains("Title:           Programme – The 9th"),
        "{facts}"
    );
    assert!(facts.contains("Tagged:          yes") && facts.contains("(A4)"));
    let raw = String::from_utf8_lossy(&pdf);
    assert!(
        raw.contains("/Lang") && raw.contains("en-GB"),
        "its language is set"
    );
}

#[test]
fn office_copy_is_marked_internal_and_a_clean_one_has_no_notes() {
    let programme = sample::ninth_meeting();
    let (office, clean) = (staff(&programme), staff(&programme).with(Notes::LeftOut));
    for format in [Format::Html, Format::Pdf, Format::Xlsx] {
        let (ours, theirs) = (text(&office, format), text(&clean, format));
        let marks = ours
            .matches("INTERNAL – for the protocol office only")
            .count();
        // A workbook has a sheet for the day and for each delegation.
        let sheets = match format {
            Format::Pdf => 2,
            Format::Xlsx => 7,
            _ => 1,
        };
        assert_eq!(marks, sheets, "{format:?}: {ours}");
        assert!(
            !theirs.to_lowercase().contains("internal"),
            "{format:?}: {theirs}"
        );
    }
    for &format in Format::ALL {
        let theirs = text(&clean, format);
        assert!(!theirs.contains(CANARY), "{format:?}: {theirs}");
        assert!(theirs.contains("Kazakhstan"), "{format:?}: {theirs}");
    }
    assert!(text(&office, Format::Csv).contains(CANARY));
    assert_eq!(agenda_of(&programme, KZ).internal_mark(), None);
}

#[test]
fn japanese_is_printed_beside_english() {
    let words = text(&staff(&sample::ninth_meeting()), Format::Pdf);
    // On a machine without a Japanese font the names are left out rather than shown as boxes.
    for name in ["飯倉公館", "林芳正", "カザフスタン", "大広間"] {
        assert_eq!(words.contains(name), has_japanese_font(), "{name}");
    }
}

fn has_japanese_font() -> bool {
    let fonts = Command::new("fc-list").arg(":lang=ja").output();
    fonts.is_ok_and(|fonts| !fonts.stdout.is_empty())
}

#[test]
fn copied_words_are_what_was_entered() {
    let programme = sample::ninth_meeting();
    let mut documents: Vec<_> = Sheet::ALL
        .iter()
        .map(|&which| match which {
            Sheet::Card => set(&programme, which, &of("KZ")),
            _ => set(&programme, which, &SheetChoice::default()),
        })
        .collect();
    for agenda in [staff(&programme), agenda_of(&programme, KZ)] {
        documents.push(super::super::pdf::render(&agenda).unwrap());
    }
    for (number, pdf) in documents.iter().enumerate() {
        let words = read(pdf);
        let invisible =
            |sign: char| matches!(sign, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}');
        assert!(!words.contains(invisible), "{number}: {words:?}");
        let names_the_office = !words.contains("For door staff");
        assert!(
            !names_the_office || words.contains("protocol@iikura.example"),
            "{number}: {words}"
        );
    }
    let programme = read(&documents[Sheet::ALL.len()]);
    assert!(
        !has_japanese_font() || programme.contains("外相会合"),
        "{programme}"
    );
}

#[test]
fn a_word_longer_than_its_column_stays_within_it() {
    let mut slots = vec![bilateral(0, KZ, &format!("Talk on {}", "Q".repeat(300)))];
    slots.push(bilateral(
        1,
        KZ,
        &format!("See {} and more", "a-long-address@of-an-office.example"),
    ));
    let programme = sample::programme(slots);
    for pdf in [
        super::super::pdf::render(&staff(&programme)).unwrap(),
        set(&programme, Sheet::Card, &of("KZ")),
        set(&programme, Sheet::Doors, &SheetChoice::default()),
    ] {
        let words = read(&pdf);
        assert_eq!(words.matches('Q').count(), 300);
        assert!(
            words.contains("a-long-address@of-an-office.example"),
            "whole where it fits: {words}"
        );
        let boxes = asked("pdftotext", &["-bbox"], &pdf, &["-"]);
        for word in boxes.lines().filter(|line| line.contains("<word")) {
            let right: f64 = word
                .split("xMax=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            // A4 less the margin of 22 mm, in points.
            assert!(right < 595.3 - 62.0, "{word}");
        }
    }
}

#[test]
fn a_schedule_on_paper_is_the_readers_alone() {
    let words = flowing(&text(&agenda_of(&sample::ninth_meeting(), KZ), Format::Pdf));
    for part in [
        "For the delegation of Kazakhstan",
        "17:20–17:45 14:20–14:45",
        "at home in Almaty, UTC+6",
        "Asia/Almaty",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    for trace in [
        CANARY,
        "Japan–Turkmenistan",
        "15:15",
        "Salon",
        "Interpretation",
    ] {
        assert!(!words.contains(trace), "{trace} in {words}");
    }
    let everything = flowing(&text(&staff(&sample::ninth_meeting()), Format::Pdf));
    assert!(everything.contains("Japan–Turkmenistan") && everything.contains("15:15"));
}

#[test]
fn a_card_shows_the_whole_day_on_one_page_or_more() {
    let programme = sample::ninth_meeting();
    let card = set(&programme, Sheet::Card, &of("KZ"));
    assert_eq!(pages(&card), 1);
    let words = flowing(&read(&card));
    for part in [
        "H.E. Mr. Mukhtar TILEUBERDI",
        "H.E. Mr. HAYASHI Yoshimasa",
        "Minister for Foreign Affairs of Japan",
        "Conference Room",
        "Interpretation: Interpreter, Japanese–Russian (1)",
        "Liaison desk · +81 90 0000 0001",
        "+81 3 0000 0000",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    for trace in [CANARY, "Turkmenistan Foreign", "Salon", "15:15"] {
        assert!(!words.contains(trace), "{trace} in {words}");
    }
    for many in [14, 30, 120] {
        let slots = (0..many).map(|number| {
            let mut slot = bilateral(
                number,
                KZ,
                &format!("Talk {number} {}", "and more ".repeat(5)),
            );
            let start = sample::at("00:00").plus(i32::try_from(number).unwrap() * 10);
            slot.details.placement.interval = Interval::new(start, start.plus(5)).unwrap();
            slot
        });
        let full = set(&sample::programme(slots.collect()), Sheet::Card, &of("KZ"));
        // Smaller type first, then a second page.
        let shown = pages(&full);
        assert!(
            if many <= 30 { shown == 1 } else { shown > 1 },
            "{many}: {shown}"
        );
        let words = flowing(&read(&full));
        for number in 0..many {
            assert!(
                words.contains(&format!("Talk {number} and more")),
                "{number} of {many}: {words}"
            );
        }
        assert!(words.contains("Liaison desk"));
    }
}

#[test]
fn door_sheet_has_the_rooms_slots_and_no_note() {
    let programme = sample::ninth_meeting();
    let all = set(&programme, Sheet::Doors, &SheetChoice::default());
    assert_eq!(pages(&all), 4, "the rooms that are used; sketches are not");
    let words = read(&all);
    assert!(words.contains("Conference Room") && words.contains("Dining Room"));
    assert!(!words.contains(CANARY) && !words.contains("Salon"));
    let one = SheetChoice {
        room: Some("salon".to_owned()),
        day: Some("2022-12-24".to_owned()),
        ..SheetChoice::default()
    };
    let free = read(&set(&programme, Sheet::Doors, &one));
    assert!(free.contains("Salon") && free.contains("Nothing is booked here on this day."));
}

#[test]
fn roster_has_a_page_per_interpreter_and_names_rests() {
    let words = read(&set(
        &sample::ninth_meeting(),
        Sheet::Roster,
        &SheetChoice::default(),
    ));
    let words = flowing(&words);
    for part in [
        "5 slots, 155 minutes of work",
        "too short for a rest",
        "Without rest",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert!(!words.contains(CANARY));
}

#[test]
fn the_matrix_has_every_guest_and_says_who_is_missing() {
    let programme = sample::ninth_meeting();
    let words = flowing(&read(&set(
        &programme,
        Sheet::Matrix,
        &SheetChoice::default(),
    )));
    for guest in [
        "Kazakhstan",
        "Kyrgyz Republic",
        "Tajikistan",
        "Turkmenistan",
        "Uzbekistan",
    ] {
        assert!(words.contains(guest), "{guest}");
    }
    assert!(words.contains("Sat 24 Dec (JST, UTC+9)"), "{words}");
    assert!(!words.contains("No bilateral yet"), "{words}");
    let one = sample::programme(vec![sample::slot_of(&programme, TM)]);
    let words = read(&set(&one, Sheet::Matrix, &SheetChoice::default()));
    assert_eq!(words.matches("No bilateral yet").count(), 4);
}

fn bilateral(id: i64, guest: DelegationId, title: &str) -> Slot {
    let at = ("14:40", 30);
    let mut slot = sample::slot(
        id + 100,
        SlotKind::Bilateral,
        "Talk",
        at,
        HALL,
        &[JP, guest],
        SlotState::Confirmed,
    );
    slot.details.content.title = TextLine::stored(title.to_owned());
    slot
}

#[test]
fn what_people_type_is_text_on_paper() {
    let titles = [
        "#import \"house.typ\"; #panic(\"out\")",
        "*bold* _em_ = Heading <label> @ref $x^2$ // comment `code` \\",
        "]) #set page(width: 1pt) [",
        "שלום עולם – لقاء وزاري",
        "a\u{202E}txt.exe\u{200F}b",
        "Meeting 🤝🏽 👩‍👩‍👧 ☕",
        "C0\u{0}\u{1b}[31m and\nline\tbreak",
        "\u{0301}\u{0301}combining Z̸̢̛̪a̷l̴g̵o̶",
    ];
    let mut slots: Vec<_> = (0..)
        .zip(titles)
        .map(|(id, title)| bilateral(id, KZ, title))
        .collect();
    slots.push(bilateral(50, KZ, &"Q".repeat(300)));
    slots.push(bilateral(51, KZ, &"漢".repeat(300)));
    let programme = sample::programme(slots);
    let words = text(&staff(&programme), Format::Pdf);
    for part in [
        "#import",
        "#panic",
        "*bold*",
        "@ref",
        "#set page(width: 1pt)",
        "<label>",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert_eq!(
        words.matches('Q').count(),
        300,
        "nothing of a long name is lost"
    );
    for &which in Sheet::ALL {
        let choice = if which == Sheet::Card {
            of("KZ")
        } else {
            SheetChoice::default()
        };
        let pdf = set(&programme, which, &choice);
        assert!(facts(&pdf).contains("(A4)"), "{which:?}");
    }
}

#[test]
fn nothing_at_all_is_a_document_too() {
    let full = sample::ninth_meeting();
    let empty = Programme::new(
        Event {
            days: Vec::new(),
            settings: EventSettings::default(),
            ..Event::clone(&full.event)
        },
        full.delegations.to_vec(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
    );
    let nobody = Programme::new(
        Event::clone(&full.event),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
    );
    assert!(text(&staff(&empty), Format::Pdf).contains("No days are set yet"));
    assert!(text(&staff(&nobody), Format::Pdf).contains("Nothing is entered for this day."));
    for programme in [&empty, &nobody] {
        for which in [Sheet::Doors, Sheet::Roster, Sheet::Matrix] {
            assert_eq!(
                pages(&set(programme, which, &SheetChoice::default())),
                1,
                "{which:?}"
            );
        }
    }
    let words = read(&set(&empty, Sheet::Card, &of("KZ")));
    assert!(words.contains("No days are set yet."));
    for delegation in EVERYONE {
        let told = full.delegation(delegation).unwrap();
        let paper = super::super::pdf::as_told(&full, told, ISSUED).unwrap();
        assert!(read(&paper.set().unwrap()).contains("Nothing is confirmed at present."));
    }
}

#[test]
fn unknown_choice_is_refused_with_the_valid_ones() {
    let programme = sample::ninth_meeting();
    let refusal = |which, choice: SheetChoice| {
        let refused = sheet(&programme, which, &choice, ISSUED).map(|_| ());
        refused.unwrap_err().to_string()
    };
    let room = |code: &str| SheetChoice {
        room: Some(code.to_owned()),
        ..SheetChoice::default()
    };
    let day = |day: &str| SheetChoice {
        day: Some(day.to_owned()),
        ..of("KZ")
    };
    assert_eq!(
        refusal(Sheet::Card, of("XX")),
        "ca-jad-9 has no delegation 'XX'; it has JP, KZ, KG, TJ, TM, UZ"
    );
    assert_eq!(
        refusal(Sheet::Doors, room("attic")),
        "ca-jad-9 has no room 'attic'; it has hall, conference, salon, dining, press"
    );
    assert_eq!(
        refusal(Sheet::Card, day("2022-12-25")),
        "ca-jad-9 has no day '2022-12-25'; it has 2022-12-24"
    );
    assert_eq!(
        refusal(Sheet::Card, day("Christmas")),
        "'Christmas' is not a date; write it as in 2022-12-24"
    );
    assert_eq!(
        refusal(Sheet::Card, SheetChoice::default()),
        "a card is for one minister; say of which delegation, as KZ"
    );
    assert_eq!(
        refusal(Sheet::Matrix, room("hall")),
        "the sheet 'matrix' is not made by room; leave that out"
    );
}

#[test]
fn a_slot_over_midnight_says_when_it_ends() {
    let mut slot = sample::slot_of(&sample::ninth_meeting(), KZ);
    let late = sample::at("23:30");
    slot.details.placement.interval = Interval::new(late, late.plus(60)).unwrap();
    slot.id = SlotId(9);
    slot.details.placement.room = Some(SALON);
    let date = late.utc().date_naive();
    assert_eq!(day_in_words(date), "Saturday, 24 December 2022");
    let words = flowing(&text(&staff(&sample::programme(vec![slot])), Format::Pdf));
    assert!(
        words.contains("23:30–00:30") && words.contains("until Sun 25 Dec"),
        "{words}"
    );
}

#[test]
fn abandoned_document_is_stopped_and_the_next_rendered() {
    let programme = sample::ninth_meeting();
    let paper = sheet(&programme, Sheet::Matrix, &SheetChoice::default(), ISSUED).unwrap();
    let typesetting = Typesetting::default();
    let before = paper.set_as(&typesetting).unwrap();
    typesetting.cancellation.request();
    let stopped = std::panic::catch_unwind(|| paper.set_as(&typesetting));
    assert!(stopped.is_err());
    assert_eq!(paper.set().unwrap(), before);
}
