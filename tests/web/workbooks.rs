//! The agenda's workbook, as openpyxl reads it.

use std::io::Write;
use std::process::{Command, Stdio};

use iikura::core::agenda::{Agenda, Pencilled};
use iikura::core::visibility::Viewer;
use iikura::documents::format::Format;
use iikura::documents::render::{Options, render};
use serde_json::{Value, json};

use support::both::Scratch;
use support::meeting::{Meeting, SLOTS, free_slot, send, with};

const FORMULA: &str = "=HYPERLINK(\"https://evil.example\")";

#[test]
fn a_workbook_has_dates_filters_and_no_formulas() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let officer = meeting.officer();
    let booked = send(&officer, SLOTS, &with(free_slot(), "title", FORMULA));
    assert_eq!(booked.status, 303, "{}", booked.body);
    let file = officer.get("/events/ca-jad-9/agenda.xlsx?delegation=XX");
    assert_eq!(file.status, 404);

    let programme = meeting.programme();
    let now = iikura::runtime::clock::Clock::system().now();
    let agenda = Agenda::of(&programme, Viewer::Staff, now, Pencilled::LeftOut).unwrap();
    let sheets = read(&render(&agenda, Format::Xlsx, &Options::default()).unwrap());
    assert_eq!(sheets.len(), 7, "a day and six delegations");
    for sheet in &sheets {
        assert_eq!(sheet["frozen"], "A5");
        assert!(sheet["filter"].as_str().unwrap().starts_with("A4:"));
        assert_eq!(sheet["formulas"], 0);
    }
    let day = sheets[0]["rows"].as_array().unwrap();
    assert_eq!(day[0][0], json!(["str", "Day"]));
    let row = day.iter().find(|row| row[5][1] == FORMULA).unwrap();
    assert_eq!(
        row.as_array().unwrap()[..6],
        [
            json!(["datetime", "2022-12-24T00:00:00"]),
            json!(["datetime", "2022-12-24T18:30:00"]),
            json!(["datetime", "2022-12-24T19:00:00"]),
            json!(["int", 30]),
            json!(["str", "Bilateral"]),
            json!(["str", FORMULA]),
        ]
    );
}

fn read(workbook: &[u8]) -> Vec<Value> {
    let python = std::env::var(crate::calendars::PYTHON).unwrap();
    let mut child = Command::new(python)
        .arg("tests/readers/read_workbook.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(workbook).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
