//! The ninth meeting's bilateral with Kazakhstan, for tests.

use super::{Enclosure, Invitation, Letter, Piece, ReaderKnowledge};
use crate::core::delegation::{Contact, Delegation};
use crate::core::event::{Event, ProtocolOffice};
pub(super) use crate::core::fixture::line;
use crate::core::fixture::{self, code, email};
use crate::core::notice::{News, Told};
use crate::core::slot::{MeetingFormat, SlotKind};
use crate::core::text::Email;
use crate::core::time::{Instant, Moment, Zone, parse_date};

/// `HH:MM` at Iikura House on the day of the meeting.
pub(super) fn at(clock: &str) -> Instant {
    let tokyo: Zone = "Asia/Tokyo".parse().unwrap();
    tokyo
        .instant(parse_date("2022-12-24").unwrap(), clock.parse().unwrap())
        .unwrap()
}

pub(super) fn written_at() -> Moment {
    at("09:00").plus(-3 * 1440).moment()
}

pub(super) fn bilateral(clock: &str, room: Option<&str>) -> Told {
    Told {
        title: "Japan–Kazakhstan Foreign Ministers' Meeting".into(),
        kind: SlotKind::Bilateral.into(),
        format: MeetingFormat::default(),
        starts: at(clock).minutes(),
        ends: at(clock).minutes() + 30,
        room: room.map(str::to_owned),
        delegations: vec!["Japan".into(), "Kazakhstan".into()],
        event: None,
    }
}

pub(super) fn plenary() -> Told {
    Told {
        title: "Plenary session".into(),
        kind: SlotKind::Plenary.into(),
        format: MeetingFormat::default(),
        starts: at("10:00").minutes(),
        ends: at("12:00").minutes(),
        room: Some("Main Hall".into()),
        delegations: [
            "Japan",
            "Kazakhstan",
            "Kyrgyz Republic",
            "Tajikistan",
            "Turkmenistan",
            "Uzbekistan",
        ]
        .map(str::to_owned)
        .to_vec(),
        event: None,
    }
}

/// What a letter borrows.
pub(super) struct Sample {
    pub event: Event,
    pub delegation: Delegation,
    pub contact: Contact,
    pub from: Email,
    pub schedule: Vec<Told>,
    pub says: String,
    pub sequence: i32,
    pub organizer: Email,
    pub first_message_id: Option<&'static str>,
}

impl Sample {
    pub(super) fn new() -> Self {
        let contact = fixture::contact(1, "kz@delegations.example");
        Self {
            event: Event {
                name: line(
                    "The 9th Foreign Ministers' Meeting of the “Central Asia plus Japan” Dialogue",
                ),
                name_ja: "「中央アジア＋日本」対話・第9回外相会合".into(),
                venue: line("Iikura House"),
                venue_ja: "飯倉公館".into(),
                office: ProtocolOffice {
                    name: line("Protocol Office, Iikura House"),
                    email: email("protocol@iikura.example"),
                    phone: "+81 3 0000 0000".into(),
                },
                ..fixture::event("ca-jad-9")
            },
            delegation: Delegation {
                code: code("KZ"),
                name_ja: "カザフスタン".into(),
                principal: line("H.E. Mr. Mukhtar TILEUBERDI"),
                languages: vec!["kk".into()],
                contacts: vec![contact.clone()],
                ..fixture::delegation(2, "Kazakhstan")
            },
            contact,
            from: email("noreply@iikura.example"),
            schedule: vec![plenary(), bilateral("17:20", Some("Salon"))],
            says: String::new(),
            sequence: 0,
            organizer: Email::parse("protocol@iikura.example").unwrap(),
            first_message_id: None,
        }
    }

    pub(super) fn letter<'a>(&'a self, news: &'a News) -> Letter<'a> {
        Letter {
            event: &self.event,
            delegation: &self.delegation,
            contact: &self.contact,
            bounces: None,
            from: &self.from,
            news: vec![Piece {
                news,
                standing: ReaderKnowledge::UpToDate,
                answer: Some("https://iikura.example/d/answer-here"),
            }],
            invitation: Some(Invitation {
                uid: "4f1c@iikura.example",
                organizer: &self.organizer,
                sequence: self.sequence,
                stamp: match news {
                    News::Repeated(_) => written_at().plus(-86_400),
                    _ => written_at(),
                },
            }),
            schedule: Some(&self.schedule),
            is_final: false,
            enclosure: Some(Enclosure {
                name: "schedule-KZ-v1.pdf",
                says: &self.says,
            }),
            private_page: "https://iikura.example/d/all-of-it",
            version: 1,
            message_id: "<7.0.0000000000001@iikura.example>",
            first_message_id: self.first_message_id,
            written_at: written_at(),
        }
    }
}
