use super::*;
use crate::core::sample::programme_in;

const SANTIAGO: &str = "America/Santiago";

fn date(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

fn event_in(zone: &str, days: &[(&str, &str, &str)]) -> Event {
    Event::clone(&programme_in(zone, days, Vec::new()).event)
}

fn moment(event: &Event, text: &str) -> Instant {
    event.time_zone.parse_moment(text).unwrap()
}

#[test]
fn days_that_are_not_24_hours_have_hours() {
    // Zone, day, opens, closes, hours open, minutes of the calendar day.
    for (zone, day, opens, closes, open, whole) in [
        (SANTIAGO, "2026-09-05", "09:00", "24:00", 900, 1440),
        (SANTIAGO, "2026-09-06", "00:00", "24:00", 1380, 1380),
        (SANTIAGO, "2026-04-04", "09:00", "24:00", 960, 1500),
        ("Europe/Berlin", "2026-10-25", "00:00", "24:00", 1500, 1500),
        ("Europe/Berlin", "2026-03-29", "00:00", "24:00", 1380, 1380),
        ("Europe/Berlin", "2026-03-29", "02:10", "02:50", 40, 1380),
        ("Europe/Berlin", "2026-10-24", "09:00", "30:00", 1320, 1440),
        ("Africa/Cairo", "2026-04-23", "09:00", "24:00", 900, 1440),
        ("Africa/Cairo", "2026-04-24", "00:00", "24:00", 1380, 1380),
        ("Pacific/Apia", "2011-12-29", "09:00", "24:00", 900, 1440),
    ] {
        let event = event_in(zone, &[(day, opens, closes)]);
        let hours = event.opening_hours(date(day)).map(Interval::minutes);
        assert_eq!(hours, Some(open), "{zone} {day} {opens}");
        assert_eq!(
            event.calendar_day(date(day)).minutes(),
            whole,
            "{zone} {day}"
        );
    }
}

#[test]
fn night_belongs_to_the_evening_until_it_closes() {
    let event = event_in(
        "Europe/London",
        &[
            ("2026-10-23", "09:00", "26:00"),
            ("2026-10-24", "01:00", "24:00"),
        ],
    );
    for (time, day) in [
        ("2026-10-23 23:59", "2026-10-23"),
        ("2026-10-24 00:30", "2026-10-23"),
        ("2026-10-24 01:00", "2026-10-24"),
        ("2026-10-24 03:00", "2026-10-24"),
        ("2026-10-25 00:30", "2026-10-25"),
    ] {
        assert_eq!(event.day_of(moment(&event, time)), date(day), "{time}");
    }
    let night = |from: &str, until: &str| {
        Interval::new(moment(&event, from), moment(&event, until)).unwrap()
    };
    assert!(event.is_open(night("2026-10-23 23:00", "2026-10-24 03:00")));
    assert!(event.covers(night("2026-10-24 23:00", "2026-10-25 00:00")));
    assert!(!event.covers(night("2026-10-24 23:00", "2026-10-25 00:05")));
    let (day, start, end) = event.typed(night("2026-10-24 00:30", "2026-10-24 01:30"));
    assert_eq!(
        (day, &*start, &*end),
        (date("2026-10-23"), "24:30", "25:30")
    );
}

#[test]
fn opening_hours_end_by_six_in_the_morning() {
    let day = |opens: &str, closes: &str| {
        let (opens, closes) = (opens.parse().unwrap(), closes.parse().unwrap());
        EventDay::new(date("2026-10-24"), opens, closes)
            .map(|day| format!("{}–{}", day.opens, day.closes))
    };
    assert_eq!(day("09:00", "30:00"), Ok("09:00–30:00".to_owned()));
    assert_eq!(day("09:00", "02:00"), Ok("09:00–26:00".to_owned()));
    assert_eq!(day("09:00", "00:00"), Ok("09:00–24:00".to_owned()));
    assert!(day("21:00", "08:30").is_err() && day("24:00", "25:00").is_err());
}
