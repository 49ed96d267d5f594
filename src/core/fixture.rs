//! Nouns with plain values, of which a test sets what it is about. The package of the tests includes this file as well.

use crate::core::delegation::{Contact, ContactId, Delegation, DelegationId, PrincipalRole};
use crate::core::event::{Event, EventDay, EventId, EventSettings, ProtocolOffice, Revision};
use crate::core::interpreter::{Interpreter, InterpreterId, LanguagePair};
use crate::core::room::{Room, RoomId};
use crate::core::slot::{
    MeetingFormat, Placement, Slot, SlotAudience, SlotContent, SlotDetails, SlotId, SlotKind,
    SlotState,
};
use crate::core::text::{Code, Email, TextLine};
use crate::core::time::interval::Interval;
use crate::core::time::parse_date;

/// Makes an event in Tokyo that has no days.
pub fn event(slug: &str) -> Event {
    Event {
        id: EventId(1),
        slug: code(slug),
        name: line("Meeting"),
        name_ja: String::new(),
        venue: line("House"),
        venue_ja: String::new(),
        time_zone: "Asia/Tokyo".parse().unwrap(),
        office: ProtocolOffice {
            name: line("Protocol Office"),
            email: email("protocol@iikura.example"),
            phone: String::new(),
        },
        days: Vec::new(),
        settings: EventSettings::default(),
        revision: Revision(1),
    }
}

/// Makes a day with its opening hours, as `08:30`.
pub fn day(date: &str, opens: &str, closes: &str) -> EventDay {
    EventDay {
        date: parse_date(date).unwrap(),
        opens: opens.parse().unwrap(),
        closes: closes.parse().unwrap(),
    }
}

/// Makes a delegation without contacts; its precedence is one less than its id, the first is the chair's.
pub fn delegation(id: i64, name: &str) -> Delegation {
    Delegation {
        id: DelegationId(id),
        code: code(&format!("D{id}")),
        name: line(name),
        name_ja: String::new(),
        role: if id == 1 {
            PrincipalRole::Chair
        } else {
            PrincipalRole::Guest
        },
        principal: line(&format!("Minister of {name}")),
        principal_ja: String::new(),
        principal_title: String::new(),
        precedence: i32::try_from(id).unwrap() - 1,
        time_zone: "Asia/Almaty".parse().unwrap(),
        languages: Vec::new(),
        party_size: 6,
        contacts: Vec::new(),
        presence: Vec::new(),
    }
}

/// Makes a contact whose letters are in English.
pub fn contact(id: i64, address: &str) -> Contact {
    Contact {
        id: ContactId(id),
        name: line("Liaison desk"),
        email: email(address),
        phone: String::new(),
        language: "en".to_owned(),
        letters_only: false,
    }
}

/// Makes a room for 30 people with five minutes of turnaround.
pub fn room(id: i64) -> Room {
    Room {
        id: RoomId(id),
        code: code(&format!("r{id}")),
        name: line(&format!("Room {id}")),
        name_ja: String::new(),
        capacity: 30,
        turnaround_minutes: 5,
        kinds: Vec::new(),
        closures: Vec::new(),
    }
}

/// Makes an interpreter with language pairs, each as `ja – ru`.
pub fn interpreter(id: i64, pairs: &[&str]) -> Interpreter {
    let pairs = pairs.iter().map(|pair| LanguagePair::parse(pair).unwrap());
    Interpreter {
        id: InterpreterId(id),
        code: code(&format!("i-{id}")),
        name: line(&format!("Interpreter {id}")),
        pairs: pairs.collect(),
        presence: Vec::new(),
    }
}

/// Makes the content of a slot without interpreters.
pub fn content(kind: SlotKind, title: &str, delegations: &[DelegationId]) -> SlotContent {
    let content = SlotContent {
        kind,
        format: MeetingFormat::default(),
        title: line(title),
        note: String::new(),
        delegations: delegations.to_vec(),
        all_delegations: false,
        interpreters: Vec::new(),
        interpretation_wanted: false,
        audience: SlotAudience::Participants,
    };
    content.in_order()
}

/// Makes a slot that was written once.
pub fn slot(
    id: i64,
    content: SlotContent,
    interval: Interval,
    room: Option<RoomId>,
    state: SlotState,
) -> Slot {
    Slot {
        id: SlotId(id),
        details: SlotDetails {
            content,
            placement: Placement { interval, room },
            state,
            fixed: false,
        },
        version: 1,
        sequence: 0,
        moves: 1,
    }
}

/// Makes a line of text.
pub fn line(text: &str) -> TextLine {
    TextLine::parse(text).unwrap()
}

/// Makes a code.
pub fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

/// Makes an address.
pub fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}
