//! The calendar part of a letter as RFC 5546 and RFC 6047 have it: one invitation a mail.

use icalendar::{Attendee, Component as _, PartStat, Role};

use super::language::Language;
use super::{Invitation, Letter, words};
use crate::core::clean;
use crate::core::notice::{Method, News};
use crate::core::text_enum::TextEnum;
use crate::documents::ical::{CalendarEntry, CalendarStatus, mailto, vevent, write};

/// Writes the calendar part of a letter that has an invitation: METHOD REQUEST or CANCEL, one VEVENT, one ATTENDEE, who
/// reads it. `None` for a letter about several slots.
#[must_use]
pub fn calendar(letter: &Letter<'_>) -> Option<String> {
    let (invitation, [piece]) = (letter.invitation?, letter.news.as_slice()) else {
        return None;
    };
    let method = piece.news.method();
    let mut event = vevent(&entry(letter, invitation, piece.news));
    let mut attendee = Attendee::new(mailto(letter.contact.email.as_str()))
        .cn(clean::parameter(letter.contact.name.as_str()))
        .role(Role::ReqParticipant)
        .partstat(PartStat::NeedsAction);
    if method == Method::Request {
        attendee = attendee.rsvp(true);
    }
    event.attendee(attendee);
    Some(write(method.as_str(), &[], [event]))
}

fn entry<'a>(letter: &Letter<'a>, invitation: Invitation<'a>, news: &News) -> CalendarEntry<'a> {
    let slot = news.slot();
    CalendarEntry {
        uid: invitation.uid.to_owned(),
        sequence: invitation.sequence,
        stamp: invitation.stamp,
        starts: slot.starts_at(),
        ends: slot.ends_at(),
        summary: slot.title.clone(),
        location: words::place(letter.event, slot.room.as_deref()),
        description: words::description(
            Language::of(&letter.contact.language),
            letter.event,
            letter.delegation,
            slot,
        ),
        status: match news {
            News::Confirmed(_) | News::Changed { .. } | News::Repeated(_) => {
                Some(CalendarStatus::Confirmed)
            }
            News::Cancelled(_) | News::Withdrawn(_) => Some(CalendarStatus::Cancelled),
            // The meeting is not off, only their part in it (RFC 5546 §3.2.5).
            News::Dropped(_) => None,
        },
        office: &letter.event.office,
        organizer: invitation.organizer,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use icalendar::{Calendar, Component, Event, EventStatus};

    use super::*;
    use crate::core::text::{Email, TextLine};
    use crate::documents::ical::publish;
    use crate::mail::sample::{Sample, at, bilateral, written_at};

    /// Lines between the CRLFs, unfolded.
    fn lines(calendar: &str) -> Vec<String> {
        assert!(calendar.ends_with("\r\n"), "{calendar:?}");
        for line in calendar.trim_end_matches("\r\n").split("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
            assert!(!line.contains(['\r', '\n']), "bare line end: {line:?}");
        }
        calendar
            .replace("\r\n ", "")
            .split_terminator("\r\n")
            .map(str::to_owned)
            .collect()
    }

    /// The name before the first `:` or `;`.
    fn names(calendar: &str) -> Vec<String> {
        lines(calendar)
            .iter()
            .map(|line| line.split([':', ';']).next().unwrap().to_owned())
            .collect()
    }

    fn parsed(calendar: &str) -> Event {
        let parsed: Calendar = calendar.parse().unwrap();
        assert_eq!(parsed.components.len(), 1);
        parsed.events().next().unwrap().clone()
    }

    #[test]
    fn an_invitation_holds_what_calendars_ask_for() {
        let sample = Sample::new();
        let news = News::Confirmed(bilateral("17:20", Some("Salon")));
        assert_eq!(
            lines(&calendar(&sample.letter(&news)).unwrap()),
            [
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:-//Iikura//Iikura//EN",
                "METHOD:REQUEST",
                "BEGIN:VEVENT",
                "DESCRIPTION:At Iikura House: Saturday\\, 24 December 2022\\, 17:20–17:50 (JST\\, UTC+9)\\nAt home: \
                 Saturday\\, 24 December 2022\\, 14:20–14:50 (Almaty\\, UTC+6)\\nBilateral: Japan\\, Kazakhstan\\nProtocol \
                 Office\\, Iikura House\\, protocol@iikura.example\\, +81 3 0000 0000",
                "DTEND:20221224T085000Z",
                "DTSTAMP:20221221T000000Z",
                "DTSTART:20221224T082000Z",
                "LOCATION:Salon\\, Iikura House",
                "ORGANIZER;CN=\"Protocol Office, Iikura House\":mailto:protocol@iikura.example",
                "SEQUENCE:0",
                "STATUS:CONFIRMED",
                "SUMMARY:Japan–Kazakhstan Foreign Ministers' Meeting",
                "UID:4f1c@iikura.example",
                "ATTENDEE;CN=Liaison desk;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:kz@delegations.example",
                "END:VEVENT",
                "END:VCALENDAR",
            ]
        );
    }

    #[test]
    fn cancellation_distinguishes_meeting_and_participation() {
        let mut sample = Sample::new();
        sample.sequence = 2;
        for (news, status) in [
            (
                News::Cancelled(bilateral("17:20", None)),
                Some(EventStatus::Cancelled),
            ),
            (
                News::Withdrawn(bilateral("17:20", None)),
                Some(EventStatus::Cancelled),
            ),
            (News::Dropped(bilateral("17:20", None)), None),
        ] {
            let written = calendar(&sample.letter(&news)).unwrap();
            assert!(written.contains("\r\nMETHOD:CANCEL\r\n"), "{written}");
            let event = parsed(&written);
            assert_eq!(event.get_status(), status);
            assert_eq!(event.get_sequence(), Some(2));
            assert_eq!(event.get_uid(), Some("4f1c@iikura.example"));
            assert_eq!(event.property_value("LOCATION"), Some("Iikura House"));
        }
    }

    #[test]
    fn published_calendar_has_no_attendees() {
        let sample = Sample::new();
        let entry = |uid: &str, status| CalendarEntry {
            uid: uid.into(),
            sequence: 3,
            stamp: written_at(),
            starts: at("10:00"),
            ends: at("12:00"),
            summary: "Plenary".into(),
            location: String::new(),
            description: String::new(),
            status,
            office: &sample.event.office,
            organizer: &sample.event.office.email,
        };
        let written = publish(&[
            entry("a", Some(CalendarStatus::Tentative)),
            entry("b", None),
        ]);
        let vevent = [
            "BEGIN",
            "DTEND",
            "DTSTAMP",
            "DTSTART",
            "LAST-MODIFIED",
            "ORGANIZER",
            "SEQUENCE",
        ];
        let expected: Vec<&str> = ["BEGIN", "VERSION", "PRODID", "METHOD"]
            .into_iter()
            .chain(vevent)
            .chain(["STATUS", "SUMMARY", "UID", "END"])
            .chain(vevent)
            .chain(["SUMMARY", "UID", "END", "END"])
            .collect();
        assert_eq!(names(&written), expected);
        assert!(publish(&[]).contains("METHOD:PUBLISH"));
    }

    fn nasty() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            proptest::collection::vec(
                prop_oneof![
                    Just("\r\n"),
                    Just("\n"),
                    Just("\r"),
                    Just("\\"),
                    Just("\""),
                    Just(";"),
                    Just(","),
                    Just(":"),
                    Just("\r\nATTENDEE:mailto:x@y.example"),
                    Just("END:VEVENT"),
                    Just(" "),
                    Just("\t"),
                    Just("^n"),
                    Just("長"),
                    Just("ї"),
                    Just("👩‍👩‍👧"),
                    Just("\u{0}"),
                    Just("\u{85}"),
                    Just("\u{2028}"),
                    Just("a"),
                ],
                0..200
            )
            .prop_map(|parts| parts.concat()),
            ("[ -~長\r\n]{1,10}").prop_map(|part: String| part.repeat(500)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        #[test]
        fn whatever_people_type_comes_back_as_cleaned_and_adds_no_line(
            title in nasty(), room in nasty(), name in nasty(), address in nasty(), uid in nasty(), party in nasty(),
        ) {
            let mut sample = Sample::new();
            // Stored values are not parsed again: the database's content is the worst case.
            sample.contact.name = TextLine::stored(name.clone());
            sample.contact.email = Email::stored(address.clone());
            sample.event.office.name = TextLine::stored(party.clone());
            let mut told = bilateral("17:20", Some(&room));
            told.title.clone_from(&title);
            told.delegations = vec![party.clone()];
            let news = News::Confirmed(told);
            let mut letter = sample.letter(&news);
            let organizer = sample.event.office.email.clone();
            letter.invitation = Some(Invitation { uid: &uid, organizer: &organizer, sequence: 0, stamp: written_at() });
            let written = calendar(&letter).unwrap();
            prop_assert_eq!(
                names(&written),
                [
                    "BEGIN", "VERSION", "PRODID", "METHOD", "BEGIN", "DESCRIPTION", "DTEND", "DTSTAMP", "DTSTART",
                    "LOCATION", "ORGANIZER", "SEQUENCE", "STATUS", "SUMMARY", "UID", "ATTENDEE", "END", "END",
                ]
            );
            let event = parsed(&written);
            let (title, uid) = (clean::line(&title), clean::line(&uid));
            prop_assert_eq!(event.get_summary(), Some(title.as_str()));
            prop_assert_eq!(event.get_uid(), Some(uid.as_str()));
            let place = clean::line(&words::place(&sample.event, Some(&room)));
            prop_assert_eq!(event.property_value("LOCATION"), Some(place.as_str()));
            let description = clean::text(&words::description(Language::english(), letter.event, letter.delegation, news.slot()));
            prop_assert_eq!(event.get_description(), Some(description.as_str()));
            let attendee = &event.multi_properties()["ATTENDEE"][0];
            prop_assert_eq!(attendee.value(), mailto(&address));
            let name = clean::parameter(&name);
            prop_assert_eq!(attendee.params()["CN"].value(), name.as_str());
        }
    }
}
