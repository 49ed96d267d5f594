//! The ninth meeting as Rust values, with words in it that must not get out.

use super::fixture::{self, code, content, email, line};
use crate::core::delegation::{Contact, Delegation, DelegationId};
use crate::core::event::{Event, EventDay, ProtocolOffice, Revision};
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::programme::Programme;
use crate::core::room::{Room, RoomId};
use crate::core::slot::{Slot, SlotKind, SlotState};
use crate::core::time::interval::Interval;
use crate::core::time::{Instant, Moment, parse_date};

/// Contained in every sketch and every internal note.
pub const CANARY: &str = "zebrafinch";

pub const JP: DelegationId = DelegationId(1);
pub const KZ: DelegationId = DelegationId(2);
pub const KG: DelegationId = DelegationId(3);
pub const TJ: DelegationId = DelegationId(4);
pub const TM: DelegationId = DelegationId(5);
pub const UZ: DelegationId = DelegationId(6);
pub const EVERYONE: [DelegationId; 6] = [JP, KZ, KG, TJ, TM, UZ];
pub const GUESTS: [DelegationId; 5] = [KG, TM, TJ, UZ, KZ];

pub const ITEM_1: &str = "Agenda item 1: cooperation between Central Asia and Japan amid a drastically changing \
                          international situation";
pub const ITEM_2: &str = "Agenda item 2: cooperation on the long-standing risks of instability";

/// 2022-12-20 18:00 in Tokyo.
pub const ISSUED: Moment = Moment::from_seconds(1_671_526_800);

const PARTIES: [(&str, &str, &str, &str, &str, &str, &str); 6] = [
    (
        "JP",
        "Japan",
        "日本",
        "H.E. Mr. HAYASHI Yoshimasa",
        "林芳正",
        "Minister for Foreign Affairs of Japan",
        "Asia/Tokyo",
    ),
    (
        "KZ",
        "Kazakhstan",
        "カザフスタン",
        "H.E. Mr. Mukhtar TILEUBERDI",
        "ムフタル・トレウベルディ",
        "Deputy Prime Minister and Minister of Foreign Affairs of the Republic of Kazakhstan",
        "Asia/Almaty",
    ),
    (
        "KG",
        "Kyrgyz Republic",
        "キルギス",
        "H.E. Mr. Zheenbek KULUBAEV",
        "ジェエンベク・クルバエフ",
        "Minister of Foreign Affairs of the Kyrgyz Republic",
        "Asia/Bishkek",
    ),
    (
        "TJ",
        "Tajikistan",
        "タジキスタン",
        "H.E. Mr. Sirojiddin MUHRIDDIN",
        "シロジッディン・ムフリッディン",
        "Minister of Foreign Affairs of the Republic of Tajikistan",
        "Asia/Dushanbe",
    ),
    (
        "TM",
        "Turkmenistan",
        "トルクメニスタン",
        "H.E. Mr. Rashid MEREDOV",
        "ラシッド・メレドフ",
        "Deputy Chairman of the Cabinet of Ministers and Minister of Foreign Affairs of Turkmenistan",
        "Asia/Ashgabat",
    ),
    (
        "UZ",
        "Uzbekistan",
        "ウズベキスタン",
        "H.E. Mr. Vladimir NOROV",
        "ヴラジーミル・ノロフ",
        "Minister of Foreign Affairs of the Republic of Uzbekistan",
        "Asia/Tashkent",
    ),
];

const ROOMS: [(&str, &str, &str); 5] = [
    ("hall", "Main Hall", "大広間"),
    ("conference", "Conference Room", "会議室"),
    ("salon", "Salon", "応接室"),
    ("dining", "Dining Room", "食堂"),
    ("press", "Press Room", "会見場"),
];
pub const HALL: RoomId = RoomId(1);
pub const CONFERENCE: RoomId = RoomId(2);
pub const SALON: RoomId = RoomId(3);
pub const DINING: RoomId = RoomId(4);
pub const PRESS: RoomId = RoomId(5);

/// The plenaries, press and lunch confirmed, the five bilaterals tentative, one sketch, one cancelled slot.
pub fn ninth_meeting() -> Programme {
    let mut slots = vec![
        slot(
            1,
            SlotKind::Plenary,
            ITEM_1,
            ("10:00", 70),
            HALL,
            &EVERYONE,
            SlotState::Confirmed,
        ),
        slot(
            2,
            SlotKind::Plenary,
            ITEM_2,
            ("11:20", 55),
            HALL,
            &EVERYONE,
            SlotState::Confirmed,
        ),
        slot(
            3,
            SlotKind::Press,
            "Joint press announcement",
            ("12:25", 25),
            PRESS,
            &EVERYONE,
            SlotState::Confirmed,
        ),
        slot(
            4,
            SlotKind::Meal,
            "Working lunch",
            ("13:00", 80),
            DINING,
            &EVERYONE,
            SlotState::Confirmed,
        ),
    ];
    let bilaterals = [
        ("14:40", 30),
        ("15:15", 30),
        ("15:55", 40),
        ("16:40", 30),
        ("17:20", 25),
    ];
    for (id, (guest, time)) in (5..).zip(GUESTS.into_iter().zip(bilaterals)) {
        let mut slot = slot(
            id,
            SlotKind::Bilateral,
            &title_of(guest),
            time,
            CONFERENCE,
            &[JP, guest],
            SlotState::Tentative,
        );
        slot.details.content.interpreters = vec![InterpreterId(1)];
        slot.details.content.note = format!("{CANARY}: the cooperation programme is signed");
        slots.push(slot);
    }
    let sketch = format!("Second talk {CANARY}");
    slots.push(slot(
        10,
        SlotKind::Bilateral,
        &sketch,
        ("18:05", 20),
        SALON,
        &[JP, KZ],
        SlotState::Pencilled,
    ));
    let off = format!("Tea {CANARY}");
    slots.push(slot(
        11,
        SlotKind::Other,
        &off,
        ("18:30", 20),
        SALON,
        &[JP, KZ],
        SlotState::Cancelled,
    ));
    programme(slots)
}

/// The ninth meeting with other slots.
pub fn programme(slots: Vec<Slot>) -> Programme {
    Programme::new(event(), delegations(), rooms(), interpreters(), slots)
}

/// The same people and rooms elsewhere, on days with opening hours: `("2026-10-24", "09:00", "26:00")`.
pub fn programme_in(zone: &str, days: &[(&str, &str, &str)], slots: Vec<Slot>) -> Programme {
    let mut event = event();
    event.time_zone = zone.parse().unwrap();
    event.days = days
        .iter()
        .map(|(date, opens, closes)| {
            let (opens, closes) = (opens.parse().unwrap(), closes.parse().unwrap());
            EventDay::new(parse_date(date).unwrap(), opens, closes).unwrap()
        })
        .collect();
    Programme::new(event, delegations(), rooms(), interpreters(), slots)
}

/// A tentative slot of Japan and Kazakhstan in the salon, elsewhere: `("2026-10-24", "23:30")` and minutes.
pub fn slot_in(zone: &str, id: i64, (date, time): (&str, &str), minutes: i32) -> Slot {
    let zone: crate::core::time::Zone = zone.parse().unwrap();
    let start = zone
        .instant(parse_date(date).unwrap(), time.parse().unwrap())
        .unwrap();
    let mut slot = slot(
        id,
        SlotKind::Other,
        "Dinner",
        ("10:00", 30),
        SALON,
        &[JP, KZ],
        SlotState::Tentative,
    );
    slot.details.placement.interval = Interval::new(start, start.plus(minutes)).unwrap();
    slot
}

/// `Japan–Kazakhstan Foreign Ministers' Meeting`
pub fn title_of(guest: DelegationId) -> String {
    let at = EVERYONE.iter().position(|&id| id == guest).unwrap();
    let country = if guest == KG { "Kyrgyz" } else { PARTIES[at].1 };
    format!("Japan–{country} Foreign Ministers' Meeting")
}

/// The bilateral of the chair with `guest`.
pub fn slot_of(programme: &Programme, guest: DelegationId) -> Slot {
    let title = title_of(guest);
    let found = programme
        .slots()
        .iter()
        .find(|slot| slot.title().as_str() == title);
    Slot::clone(found.unwrap())
}

/// A slot on the day of the meeting.
pub fn slot(
    id: i64,
    kind: SlotKind,
    title: &str,
    (start, minutes): (&str, i32),
    room: RoomId,
    delegations: &[DelegationId],
    state: SlotState,
) -> Slot {
    let start = at(start);
    let interval = Interval::new(start, start.plus(minutes)).unwrap();
    Slot {
        version: 7,
        sequence: 2,
        moves: 0,
        ..fixture::slot(
            id,
            content(kind, title, delegations),
            interval,
            Some(room),
            state,
        )
    }
}

/// That time in Tokyo on the day of the meeting.
pub fn at(time: &str) -> Instant {
    let date = parse_date("2022-12-24").unwrap();
    event()
        .time_zone
        .instant(date, time.parse().unwrap())
        .unwrap()
}

fn event() -> Event {
    Event {
        name: line("The 9th Foreign Ministers' Meeting of the “Central Asia plus Japan” Dialogue"),
        name_ja: "「中央アジア＋日本」対話・第9回外相会合".to_owned(),
        venue: line("Iikura House"),
        venue_ja: "飯倉公館".to_owned(),
        office: ProtocolOffice {
            name: line("Protocol Office"),
            email: email("protocol@iikura.example"),
            phone: "+81 3 0000 0000".to_owned(),
        },
        days: vec![fixture::day("2022-12-24", "08:30", "21:00")],
        revision: Revision(12),
        ..fixture::event("ca-jad-9")
    }
}

fn delegations() -> Vec<Delegation> {
    EVERYONE
        .into_iter()
        .zip(PARTIES)
        .map(|(id, party)| {
            let (tag, name, name_ja, principal, principal_ja, title, zone) = party;
            Delegation {
                code: code(tag),
                name_ja: name_ja.to_owned(),
                principal: line(principal),
                principal_ja: principal_ja.to_owned(),
                principal_title: title.to_owned(),
                time_zone: zone.parse().unwrap(),
                languages: vec!["ru".to_owned()],
                contacts: vec![Contact {
                    phone: "+81 90 0000 0001".to_owned(),
                    ..fixture::contact(1, &format!("{tag}@delegations.example"))
                }],
                ..fixture::delegation(id.0, name)
            }
        })
        .collect()
}

fn rooms() -> Vec<Room> {
    (1..)
        .zip(ROOMS)
        .map(|(id, (tag, name, name_ja))| Room {
            code: code(tag),
            name: line(name),
            name_ja: name_ja.to_owned(),
            ..fixture::room(id)
        })
        .collect()
}

fn interpreters() -> Vec<Interpreter> {
    vec![Interpreter {
        code: code("ru-1"),
        name: line("Interpreter, Japanese–Russian (1)"),
        ..fixture::interpreter(1, &["ja – ru"])
    }]
}
