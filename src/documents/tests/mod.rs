//! Agendas are written and read back by other readers.

mod days;
mod papers;
mod secrecy;

use std::collections::HashMap;

use icalendar::{Calendar, Component, EventLike, EventStatus};
use serde_json::{Value, json};

use super::format::{Format, file_name};
use super::html::Stylesheet;
use super::render::{Options, render};
use crate::core::agenda::{Agenda, Pencilled};
use crate::core::delegation::DelegationId;
use crate::core::notice::{Method, Notice};
use crate::core::programme::Programme;
use crate::core::sample::{self, ISSUED, JP, KG, KZ, TM, UZ};
use crate::core::slot::SlotId;
use crate::core::text::{Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::visibility::Viewer;

fn staff(programme: &Programme) -> Agenda {
    Agenda::of(programme, Viewer::Staff, ISSUED, Pencilled::LeftOut).unwrap()
}

fn agenda_of(programme: &Programme, delegation: DelegationId) -> Agenda {
    let viewer = Viewer::Delegation(delegation);
    Agenda::of(programme, viewer, ISSUED, Pencilled::Included).unwrap()
}

fn text(agenda: &Agenda, format: Format) -> String {
    let options = Options {
        stylesheet: Stylesheet::Link("/assets/agenda.css"),
        byte_order_mark: false,
    };
    let bytes = render(agenda, format, &options).unwrap();
    match format {
        Format::Xlsx => return cells(bytes),
        Format::Pdf => return papers::read(&bytes),
        _ => {}
    }
    String::from_utf8(bytes).unwrap()
}

/// Every sheet's name and every cell of a workbook, as they are shown; times as `HH:MM`.
fn cells(workbook: Vec<u8>) -> String {
    use calamine::{Data, DataType, Reader, Xlsx};
    let mut workbook = Xlsx::new(std::io::Cursor::new(workbook)).unwrap();
    let mut all = String::new();
    for (name, sheet) in workbook.worksheets() {
        all.push_str(&["[", &name, "]\n"].concat());
        for row in sheet.rows() {
            let cells = row.iter().map(|cell| match cell {
                Data::DateTime(_) => cell
                    .as_datetime()
                    .unwrap()
                    .format("%Y-%m-%d %H:%M")
                    .to_string(),
                other => other.to_string(),
            });
            all += &cells.collect::<Vec<_>>().join(" | ");
            all.push('\n');
        }
    }
    all
}

fn rows(agenda: &Agenda) -> Vec<HashMap<String, String>> {
    let table = text(agenda, Format::Csv);
    csv::Reader::from_reader(table.as_bytes())
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

fn events(agenda: &Agenda) -> Vec<icalendar::Event> {
    let calendar: Calendar = text(agenda, Format::Ics).parse().unwrap();
    calendar.events().cloned().collect()
}

/// The ninth meeting with one slot of KZ more, whose title was stored by something careless.
fn with_title(title: &str) -> Programme {
    let mut slot = sample::slot_of(&sample::ninth_meeting(), KZ);
    slot.details.content.title = TextLine::stored(title.to_owned());
    sample::programme(vec![slot])
}

#[test]
fn kazakhstans_agenda_shows_both_clocks_and_whom_it_meets() {
    let agenda = agenda_of(&sample::ninth_meeting(), KZ);
    let last = agenda.entries().last().unwrap();
    assert_eq!(
        (last.venue.range(), last.venue.zone.as_str()),
        ("17:20–17:45".to_owned(), "JST, UTC+9")
    );
    let home = last.home.as_ref().unwrap();
    assert_eq!(
        (home.range(), home.zone.as_str()),
        ("14:20–14:45".to_owned(), "Almaty, UTC+6")
    );
    let codes: Vec<_> = last
        .parties
        .iter()
        .map(|party| party.code.as_str())
        .collect();
    assert_eq!(codes, ["JP", "KZ"]);
    assert_eq!(last.state_in_words(), "Tentative – not yet confirmed");
    assert_eq!(
        agenda.draft_mark(),
        Some("DRAFT – contains tentative slots")
    );
    assert_eq!(agenda.dates(), "Saturday, 24 December 2022");
    assert_eq!(
        agenda.issued(),
        "Tuesday, 20 December 2022, 18:00 (JST, UTC+9)"
    );
    assert_eq!(
        agenda_of(&sample::ninth_meeting(), JP)
            .entries()
            .next()
            .unwrap()
            .home,
        None
    );
}

#[test]
fn a_delegation_without_slots_reads_only_its_own_name() {
    let programme = sample::programme(vec![sample::slot_of(&sample::ninth_meeting(), TM)]);
    let agenda = agenda_of(&programme, KZ);
    assert_eq!(agenda.entries().count(), 0);
    let names: Vec<_> = agenda
        .parties
        .iter()
        .map(|party| party.name.as_str())
        .collect();
    assert_eq!(names, ["Kazakhstan"]);
    assert!(text(&agenda, Format::Html).contains("Nothing is entered for this day."));
    assert_eq!(agenda.draft_mark(), None);
}

#[test]
fn sketches_are_in_the_offices_own_agenda_when_asked_for() {
    let programme = sample::ninth_meeting();
    assert_eq!(staff(&programme).entries().count(), 9);
    let with = Agenda::of(&programme, Viewer::Staff, ISSUED, Pencilled::Included).unwrap();
    assert_eq!(with.entries().count(), 10);
    assert_eq!(
        with.draft_mark(),
        Some("DRAFT – contains tentative and pencilled slots")
    );
}

#[test]
fn a_slot_over_midnight_names_the_days() {
    let mut slot = sample::slot_of(&sample::ninth_meeting(), KZ);
    let late = sample::at("23:30");
    slot.details.placement.interval = Interval::new(late, late.plus(60)).unwrap();
    let mut early = slot.clone();
    early.id = SlotId(77);
    let morning = sample::at("02:00");
    early.details.placement.interval = Interval::new(morning, morning.plus(30)).unwrap();
    let agenda = agenda_of(&sample::programme(vec![slot, early]), KZ);
    let rows = rows(&agenda);
    assert_eq!(
        (rows[1]["start"].as_str(), rows[1]["end"].as_str()),
        ("23:30", "2022-12-25 00:30")
    );
    assert_eq!(rows[0]["home_day"], "2022-12-23");
    let page = text(&agenda, Format::Html);
    assert!(page.contains("23:30–00:30 (next day)") && page.contains("Friday, 23 December 2022"));
}

#[test]
fn the_table_is_read_back_as_it_was() {
    let table = text(&staff(&sample::ninth_meeting()), Format::Csv);
    assert!(table.starts_with(
        "day,start,end,zone,kind,title,room,delegations,interpreters,state,note,room_ja,delegations_ja,starts_at,ends_at,format,accompanying\r\n2022-12-24,10:00,11:10,\"JST, UTC+9\",plenary,"
    ));
    let rows = rows(&staff(&sample::ninth_meeting()));
    assert_eq!(rows.len(), 9);
    assert_eq!(rows[4]["delegations"], "Japan; Kyrgyz Republic");
    assert_eq!(rows[4]["delegations_ja"], "日本; キルギス");
    assert_eq!(rows[0]["room_ja"], "大広間");
    assert_eq!(rows[4]["interpreters"], "Interpreter, Japanese–Russian (1)");
    assert_eq!(rows[0]["title"], sample::ITEM_1);
    assert_eq!(rows[0]["starts_at"], "2022-12-24T10:00:00+09:00");
    assert_eq!(rows[0]["ends_at"], "2022-12-24T11:10:00+09:00");
}

#[test]
fn a_delegations_table_has_its_home_time_and_nothing_internal() {
    let programme = sample::ninth_meeting();
    let header = |delegation| {
        let table = text(&agenda_of(&programme, delegation), Format::Csv);
        table.lines().next().unwrap().to_owned()
    };
    let common = "day,start,end,zone,kind,title,room,delegations,state";
    assert_eq!(
        header(KZ),
        format!(
            "{common},home_day,home_start,home_end,home_zone,room_ja,delegations_ja,starts_at,ends_at,format,accompanying"
        )
    );
    assert_eq!(
        header(JP),
        format!("{common},room_ja,delegations_ja,starts_at,ends_at,format,accompanying")
    );
    assert_eq!(rows(&agenda_of(&programme, KZ))[4]["home_start"], "14:20");
}

#[test]
fn hostile_titles_come_through_the_table_as_text() {
    let long = "長".repeat(200);
    for title in [
        "=HYPERLINK(\"https://evil.example\")",
        "@SUM(A1)",
        "+1",
        "-1",
        "\t=1",
        "＝1＋1",
        "\u{200F}=1",
        "a\r\nb,\"c\"",
        "comma, \"quote\"; semicolon",
        "\u{200F}שלום\u{200E}",
        "a\r\n=1",
        &long,
    ] {
        let programme = with_title(title);
        let rows = rows(&agenda_of(&programme, KZ));
        assert_eq!(rows.len(), 1, "{title:?}");
        let cell = rows[0]["title"].as_str();
        assert!(cell == title || cell == format!("'{title}"), "{cell:?}");
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '＝']),
            "{cell:?}"
        );
    }
}

#[test]
fn a_byte_order_mark_only_when_asked_for() {
    let agenda = staff(&sample::ninth_meeting());
    let bytes = |byte_order_mark| {
        let options = Options {
            byte_order_mark,
            ..Options::default()
        };
        render(&agenda, Format::Csv, &options).unwrap()
    };
    assert!(bytes(false).starts_with(b"day,"));
    assert!(bytes(true).starts_with(b"\xEF\xBB\xBFday,"));
}

#[test]
fn the_data_has_the_slots_as_the_api_has_them() {
    let programme = sample::ninth_meeting();
    let read =
        |agenda: &Agenda| serde_json::from_str::<Value>(&text(agenda, Format::Json)).unwrap();
    let whole = read(&staff(&programme));
    assert_eq!(whole["viewer"], json!("staff"));
    assert_eq!(whole["revision"], json!(12));
    assert_eq!(whole["issued_at"], json!("2022-12-20T18:00:00+09:00"));
    assert_eq!(whole["event"]["slug"], json!("ca-jad-9"));
    let mut slot = json!({
        "id": 9, "kind": "bilateral", "title": "Japan–Kazakhstan Foreign Ministers' Meeting", "room": "conference",
        "starts_at": "2022-12-24T17:20:00+09:00", "ends_at": "2022-12-24T17:45:00+09:00",
        "delegations": ["JP", "KZ"], "interpreters": ["ru-1"], "state": "tentative", "fixed": false,
        "version": 7, "sequence": 2, "audience": [], "all_delegations": false, "left_out": [],
            "format": null,
            "accompanying": null,
    });
    assert_eq!(whole["slots"][8], slot);
    let own = read(&agenda_of(&programme, KZ));
    assert_eq!(own["viewer"], json!({"delegation": "KZ"}));
    for staff_only in [
        "version",
        "fixed",
        "interpreters",
        "audience",
        "all_delegations",
        "left_out",
    ] {
        slot.as_object_mut().unwrap().remove(staff_only);
    }
    assert_eq!(own["slots"][4], slot);
}

#[test]
fn the_calendar_is_read_back_as_it_was() {
    let agenda = agenda_of(&sample::ninth_meeting(), KZ);
    let file = text(&agenda, Format::Ics);
    assert!(file.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Iikura//Iikura//EN\r\n"));
    for once in ["METHOD:PUBLISH\r\n", "VERSION:2.0\r\n", "PRODID:"] {
        assert_eq!(file.matches(once).count(), 1, "{once}");
    }
    assert!(!file.contains("ATTENDEE") && !file.contains("VALARM") && !file.contains("TZID"));
    let events = events(&agenda);
    let last = events.last().unwrap();
    assert_eq!(last.get_uid(), Some("slot-9-kz@ca-jad-9.iikura.invalid"));
    assert_eq!(
        last.get_summary(),
        Some("Japan–Kazakhstan Foreign Ministers' Meeting")
    );
    assert_eq!(last.get_location(), Some("Conference Room, Iikura House"));
    assert_eq!(last.get_status(), Some(EventStatus::Tentative));
    assert_eq!(last.get_sequence(), Some(2));
    assert_eq!(last.get_timestamp().unwrap(), ISSUED.utc());
    assert_eq!(last.property_value("DTSTART"), Some("20221224T082000Z"));
    assert_eq!(last.property_value("DTEND"), Some("20221224T084500Z"));
    assert_eq!(
        last.property_value("ORGANIZER"),
        Some("mailto:protocol@iikura.example")
    );
    assert_eq!(
        last.get_description().unwrap(),
        "Bilateral · Tentative – not yet confirmed\n\
         Saturday, 24 December 2022, 17:20–17:45 (JST, UTC+9)\n\
         At home: Saturday, 24 December 2022, 14:20–14:45 (Almaty, UTC+6)\n\
         Japan: H.E. Mr. HAYASHI Yoshimasa\n\
         Kazakhstan: H.E. Mr. Mukhtar TILEUBERDI"
    );
    assert_eq!(events[0].get_status(), Some(EventStatus::Confirmed));
}

#[test]
fn who_was_invited_finds_the_invitation_again_in_the_file() {
    let mut programme = sample::ninth_meeting();
    let told = crate::core::visibility::told(&programme, &sample::slot_of(&programme, KZ));
    let uid = |programme: &Programme, delegation| {
        let events = events(&agenda_of(programme, delegation));
        events.last().unwrap().get_uid().unwrap().to_owned()
    };
    let before = uid(&programme, JP);
    programme = programme.with_notices(vec![Notice {
        slot: SlotId(9),
        delegation: KZ,
        uid: "opaque@iikura.example".to_owned(),
        organizer: Email::parse("earlier@iikura.example").unwrap(),
        sequence: 2,
        method: Method::Request,
        told,
        thread: "first@iikura.example".to_owned(),
        told_at: ISSUED,
    }]);
    assert_eq!(uid(&programme, KZ), "opaque@iikura.example");
    assert_eq!(uid(&programme, JP), before);
    let events = events(&agenda_of(&programme, KZ));
    let organizer = events.last().unwrap().property_value("ORGANIZER");
    assert_eq!(organizer, Some("mailto:earlier@iikura.example"));
}

#[test]
fn no_title_breaks_the_calendar() {
    let long = "外相会合".repeat(50);
    for (title, summary) in [
        (
            "a\r\nATTENDEE:mailto:x@evil.example",
            "a ATTENDEE:mailto:x@evil.example",
        ),
        ("a\nEND:VEVENT\nb", "a END:VEVENT b"),
        ("a\rb", "a b"),
        // A backslash would be right, but khal reads what follows it wrongly.
        ("x; y, z \\ \"q\": w", "x; y, z / \"q\": w"),
        ("\u{200F}שלום\u{200E} mixed", "\u{200F}שלום\u{200E} mixed"),
        ("bell\u{7}", "bell"),
        (&long, &long),
    ] {
        let agenda = agenda_of(&with_title(title), KZ);
        let file = text(&agenda, Format::Ics);
        assert!(
            !file.replace("\r\n", "").contains(['\r', '\n']),
            "{title:?}"
        );
        assert!(file.split("\r\n").all(|line| line.len() <= 75), "{title:?}");
        assert!(!file.contains("\nATTENDEE"));
        let events = events(&agenda);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].get_summary(), Some(summary));
    }
}

#[test]
fn the_page_escapes_what_people_typed() {
    let page = text(
        &agenda_of(&with_title("<script>alert(1)</script> & \"x\""), KZ),
        Format::Html,
    );
    assert!(!page.contains("<script") && !page.contains("style="));
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62; &#38; "));
    assert!(page.contains("<link rel=\"stylesheet\" href=\"/assets/agenda.css\">"));
}

#[test]
fn the_page_says_for_whom_it_is_and_what_is_firm() {
    let programme = sample::ninth_meeting();
    let page = text(&agenda_of(&programme, UZ), Format::Html);
    for words in [
        "Delegation of Uzbekistan",
        "DRAFT – contains tentative slots",
        "Tentative – not yet confirmed",
        "<span lang=\"ja\">会議室</span>",
        "JST, UTC+9",
        "UTC+5",
        "ca-jad-9 · Uzbekistan · Revision 12",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let page = text(&staff(&programme), Format::Html);
    for words in [
        "Internal use of the protocol office",
        "All delegations",
        "Internal note: ",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn workbook_has_a_sheet_per_day_and_per_delegation() {
    let programme = sample::ninth_meeting();
    let office = text(&staff(&programme), Format::Xlsx);
    let names: Vec<&str> = office
        .lines()
        .filter(|line| line.starts_with('['))
        .collect();
    assert_eq!(
        names,
        [
            "[2022-12-24]",
            "[JP]",
            "[KZ]",
            "[KG]",
            "[TJ]",
            "[TM]",
            "[UZ]"
        ]
    );
    let kz = office
        .split("[KZ]")
        .nth(1)
        .unwrap()
        .split("[KG]")
        .next()
        .unwrap();
    assert!(
        kz.contains("Japan–Kazakhstan") && !kz.contains("Japan–Uzbekistan"),
        "{kz}"
    );
    let theirs = text(&agenda_of(&programme, KZ), Format::Xlsx);
    assert_eq!(theirs.matches('[').count(), 1, "{theirs}");
    let own = theirs
        .lines()
        .find(|line| line.contains("Japan–Kazakhstan"))
        .unwrap();
    assert!(
        own.starts_with(
            "2022-12-24 00:00 | 2022-12-24 17:20 | 2022-12-24 17:45 | 25 | Bilateral | "
        ),
        "{own}"
    );
    assert!(
        own.contains("| 2022-12-24 00:00 | 2022-12-24 14:20 | 2022-12-24 14:45 |"),
        "at home: {own}"
    );
    assert!(
        own.ends_with("| 会議室 | 日本; カザフスタン | JST, UTC+9 | Almaty, UTC+6 | "),
        "{own}"
    );
    assert!(theirs.contains("DRAFT – contains tentative slots · Revision 12, issued"));
}

#[test]
fn a_day_in_a_workbook_is_a_whole_number() {
    use calamine::{Data, Reader, Xlsx};
    let bytes = render(
        &agenda_of(&sample::ninth_meeting(), KZ),
        Format::Xlsx,
        &Options::default(),
    );
    let mut workbook = Xlsx::new(std::io::Cursor::new(bytes.unwrap())).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let heads: Vec<String> = sheet
        .rows()
        .nth(3)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    for head in ["Day", "Home day"] {
        let column = heads.iter().position(|each| each == head).unwrap();
        let days: Vec<&Data> = sheet.rows().skip(4).map(|row| &row[column]).collect();
        assert!(days.len() > 4, "{days:?}");
        for day in days {
            let whole =
                matches!(day, Data::DateTime(day) if day.as_f64().fract().abs() < f64::EPSILON);
            assert!(whole, "{head}: {day:?}");
        }
    }
}

#[test]
fn the_stylesheet_can_stand_inside_the_page() {
    assert!(!super::html::STYLESHEET.contains('<'));
    assert!(!super::html::STYLESHEET.contains("url("));
}

#[test]
fn a_files_name_is_harmless() {
    let mut agenda = agenda_of(&sample::ninth_meeting(), KZ);
    assert_eq!(file_name(&agenda, Format::Csv), "ca-jad-9-kz-r12.csv");
    assert_eq!(
        file_name(&staff(&sample::ninth_meeting()), Format::Ics),
        "ca-jad-9-r12.ics"
    );
    agenda.slug = "../..\\a\"\r\n\u{202E}b/日本".to_owned();
    assert_eq!(file_name(&agenda, Format::Html), "ab-kz-r12.html");
    for &format in Format::ALL {
        // A workbook and paper are no text.
        let has_charset = format.content_type().contains("charset=utf-8");
        assert_eq!(has_charset, !matches!(format, Format::Xlsx | Format::Pdf));
    }
}

/// Writes the samples into a folder, to look at them: `IIKURA_AGENDA_SAMPLES=/tmp/agenda cargo test --lib agenda`.
#[test]
fn samples_are_written_where_asked() {
    let Some(folder) = std::env::var_os("IIKURA_AGENDA_SAMPLES") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let programme = sample::ninth_meeting();
    let whole = Agenda::of(&programme, Viewer::Staff, ISSUED, Pencilled::Included).unwrap();
    for agenda in [whole, agenda_of(&programme, KZ), agenda_of(&programme, KG)] {
        for &format in Format::ALL {
            let bytes = render(&agenda, format, &Options::default()).unwrap();
            std::fs::write(folder.join(file_name(&agenda, format)), bytes).unwrap();
        }
    }
}
