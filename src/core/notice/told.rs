//! Content of a notice, as it is stored: names as they were read, and the code of the kind.

use std::cmp::Ordering;

use serde::ser::{Serialize, Serializer};
use serde::{Deserialize, Serialize as DeriveSerialize};

use crate::core::delegation::Delegation;
use crate::core::event::{Event, ProtocolOffice};
use crate::core::slot::{MeetingFormat, SlotKind};
use crate::core::text::{Email, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::Instant;

/// A slot as a delegation reads it: names, no ids, nothing internal.
#[derive(Debug, Clone, PartialEq, Eq, DeriveSerialize, Deserialize)]
pub struct Told {
    /// The title.
    pub title: String,
    /// What it is for.
    pub kind: ToldKind,
    /// In which format the delegations meet, as far as that is agreed.
    #[serde(default, skip_serializing_if = "MeetingFormat::is_open")]
    pub format: MeetingFormat,
    /// Start, minutes since 1970 UTC.
    pub starts: i32,
    /// End, minutes since 1970 UTC.
    pub ends: i32,
    /// The room's name; `None` until one is known.
    pub room: Option<String>,
    /// Names of the delegations that take part, in order of precedence.
    pub delegations: Vec<String>,
    /// What the letter says around it; `None` in a schedule, which says it once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<ToldEvent>>,
}

/// What a letter to one delegation says around each slot: event, venue, clocks and office.
#[derive(Debug, Clone, PartialEq, Eq, DeriveSerialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldEvent {
    /// The event's name.
    pub name: String,
    /// Its Japanese name; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_ja: String,
    /// The venue.
    pub venue: String,
    /// Its Japanese name; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub venue_ja: String,
    /// IANA name of the venue's zone.
    pub time_zone: String,
    /// IANA name of the delegation's zone.
    pub home: String,
    /// The protocol office.
    pub office: String,
    /// Its mailbox.
    pub office_email: String,
    /// Its telephone number; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub office_phone: String,
}

impl ToldEvent {
    /// Takes what a letter to `delegation` says now.
    #[must_use]
    pub fn of(event: &Event, delegation: &Delegation) -> Self {
        Self {
            name: event.name.to_string(),
            name_ja: event.name_ja.clone(),
            venue: event.venue.to_string(),
            venue_ja: event.venue_ja.clone(),
            time_zone: event.time_zone.name().to_owned(),
            home: delegation.time_zone.name().to_owned(),
            office: event.office.name.to_string(),
            office_email: event.office.email.to_string(),
            office_phone: event.office.phone.clone(),
        }
    }

    /// The event as the letter had it.
    #[must_use]
    pub fn over(&self, event: &Event) -> Event {
        Event {
            name: TextLine::stored(self.name.clone()),
            name_ja: self.name_ja.clone(),
            venue: TextLine::stored(self.venue.clone()),
            venue_ja: self.venue_ja.clone(),
            time_zone: self.time_zone.parse().unwrap_or(event.time_zone),
            office: ProtocolOffice {
                name: TextLine::stored(self.office.clone()),
                email: Email::stored(self.office_email.clone()),
                phone: self.office_phone.clone(),
            },
            ..event.clone()
        }
    }

    /// Lists every text of it, to be checked.
    pub(crate) fn texts(&mut self) -> [&mut String; 9] {
        [
            &mut self.name,
            &mut self.name_ja,
            &mut self.venue,
            &mut self.venue_ja,
            &mut self.time_zone,
            &mut self.home,
            &mut self.office,
            &mut self.office_email,
            &mut self.office_phone,
        ]
    }
}

impl Told {
    /// Which of two slots is listed first: by start, then by room, one without a room last, then by delegations.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |told: &Self| {
            let room = (told.room.is_none(), told.room.clone());
            (
                told.starts,
                room,
                told.delegations.clone(),
                told.ends,
                told.title.clone(),
            )
        };
        key(self).cmp(&key(other))
    }

    /// The same as a delegation knows it that knew `self`, after a correction of which it is not notified: each fact
    /// that it knew as it was `before` is one that it knows as it is `after`.
    #[must_use]
    pub fn corrected(&self, before: &Self, after: &Self) -> Self {
        fn fact<T: Clone + PartialEq>(known: &T, before: &T, after: &T) -> T {
            if known == before { after } else { known }.clone()
        }
        let [mut known, mut was, mut is] = [self, before, after].map(|told| told.event.clone());
        if let (Some(known), Some(was), Some(is)) = (&mut known, &mut was, &mut is) {
            for ((known, was), is) in known.texts().into_iter().zip(was.texts()).zip(is.texts()) {
                *known = fact(known, was, is);
            }
        }
        Self {
            title: fact(&self.title, &before.title, &after.title),
            kind: fact(&self.kind, &before.kind, &after.kind),
            format: fact(&self.format, &before.format, &after.format),
            starts: fact(&self.starts, &before.starts, &after.starts),
            ends: fact(&self.ends, &before.ends, &after.ends),
            room: fact(&self.room, &before.room, &after.room),
            delegations: fact(&self.delegations, &before.delegations, &after.delegations),
            event: known,
        }
    }

    /// The start.
    #[must_use]
    pub const fn starts_at(&self) -> Instant {
        Instant::from_minutes(self.starts)
    }

    /// The end.
    #[must_use]
    pub const fn ends_at(&self) -> Instant {
        Instant::from_minutes(self.ends)
    }
}

/// The kind of a slot in a notice; stored as the kind's code.
#[derive(Debug, Clone, PartialEq, Eq, DeriveSerialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ToldKind {
    /// A kind that this release knows.
    Known(SlotKind),
    /// A word that is neither a code nor a word of an earlier release; stored and shown as it is.
    Unknown(String),
}

/// The words that releases up to migration 0024 stored instead of codes, as they were. Event files still have them.
/// A kind that was added later has none; a label that changes does not change here.
const RELEASED: &[(SlotKind, &str)] = &[
    (SlotKind::Plenary, "Plenary"),
    (SlotKind::Bilateral, "Bilateral"),
    (SlotKind::Meal, "Meal"),
    (SlotKind::Press, "Press"),
    (SlotKind::Photo, "Photo"),
    (SlotKind::Ceremony, "Ceremony"),
    (SlotKind::CourtesyCall, "Courtesy call"),
    (SlotKind::Break, "Break"),
    (SlotKind::Other, "Other"),
];

impl ToldKind {
    /// The kind, if this release knows it.
    #[must_use]
    pub const fn known(&self) -> Option<SlotKind> {
        match self {
            Self::Known(kind) => Some(*kind),
            Self::Unknown(_) => None,
        }
    }

    /// The kind as people read it.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Known(kind) => kind.label(),
            Self::Unknown(word) => word,
        }
    }

    /// The word that event files have for it, the same in every release.
    fn in_files(&self) -> &str {
        match self {
            Self::Known(kind) => RELEASED
                .iter()
                .find_map(|(known, word)| (known == kind).then_some(*word))
                .unwrap_or(kind.as_str()),
            Self::Unknown(word) => word,
        }
    }
}

impl From<SlotKind> for ToldKind {
    fn from(kind: SlotKind) -> Self {
        Self::Known(kind)
    }
}

impl From<String> for ToldKind {
    fn from(word: String) -> Self {
        let released = || {
            let mut known = RELEASED.iter();
            known.find_map(|(kind, released)| (*released == word).then_some(*kind))
        };
        SlotKind::from_word(&word)
            .or_else(released)
            .map_or(Self::Unknown(word), Self::Known)
    }
}

impl From<ToldKind> for String {
    fn from(kind: ToldKind) -> Self {
        match kind {
            ToldKind::Known(kind) => kind.as_str().to_owned(),
            ToldKind::Unknown(word) => word,
        }
    }
}

/// Writes it for an event file, where the kind is the word that files have always had. Reading needs nothing of its own.
pub(crate) fn write_in_files<S: Serializer>(told: &Told, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(DeriveSerialize)]
    struct ToldInFiles<'a> {
        title: &'a str,
        kind: &'a str,
        #[serde(skip_serializing_if = "MeetingFormat::is_open")]
        format: MeetingFormat,
        starts: i32,
        ends: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
        delegations: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a ToldEvent>,
    }
    ToldInFiles {
        title: &told.title,
        kind: told.kind.in_files(),
        format: told.format,
        starts: told.starts,
        ends: told.ends,
        room: told.room.as_deref(),
        delegations: &told.delegations,
        event: told.event.as_deref(),
    }
    .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str) -> String {
        format!(
            r#"{{"title":"A talk","kind":"{kind}","starts":1,"ends":2,"room":null,"delegations":["Japan"]}}"#
        )
    }

    fn read(json: &str) -> Told {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn correction_changes_what_was_known_as_it_was() {
        let stored = told("bilateral");
        let known = Told {
            starts: -10,
            ..read(&stored)
        };
        let before = read(&stored);
        let after = Told {
            title: "The talk".to_owned(),
            starts: 0,
            ..before.clone()
        };
        let expected = Told {
            title: "The talk".to_owned(),
            ..known.clone()
        };
        assert_eq!(known.corrected(&before, &after), expected);
    }

    #[test]
    fn notice_kind_is_stored_as_its_code() {
        for kind in SlotKind::ALL {
            let stored = told(kind.as_str());
            assert_eq!(read(&stored).kind, ToldKind::Known(*kind));
            assert_eq!(serde_json::to_string(&read(&stored)).unwrap(), stored);
            assert!(!stored.contains(kind.label()), "{stored}");
        }
    }

    #[test]
    fn notice_kind_of_an_earlier_release_is_the_same_kind() {
        for (kind, word) in RELEASED {
            assert_eq!(read(&told(word)), read(&told(kind.as_str())), "{word}");
        }
    }

    #[test]
    fn unknown_notice_kind_stays_as_it_is() {
        let stored = told("Reception");
        assert_eq!(read(&stored).kind.label(), "Reception");
        assert_eq!(serde_json::to_string(&read(&stored)).unwrap(), stored);
    }
}
