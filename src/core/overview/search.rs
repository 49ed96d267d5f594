//! Slots that answer to some words.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::core::delegation::DelegationId;
use crate::core::fold::folded;
use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::slot::{Slot, SlotKind, SlotState};

/// What is asked for; everything that is named must be true of a slot.
#[derive(Debug, Clone, Default)]
pub struct OverviewSearch {
    /// Words of its title, its note, or a name of its room, parties or interpreters; in any order.
    pub words: String,
    /// How firm; cancelled slots are found only when they are asked for.
    pub state: Option<SlotState>,
    /// What for.
    pub kind: Option<SlotKind>,
    /// Who takes part.
    pub delegation: Option<DelegationId>,
    /// Where.
    pub room: Option<RoomId>,
    /// When, at the venue.
    pub day: Option<NaiveDate>,
}

/// The slots that are asked for, by time.
#[must_use]
pub fn search<'p>(programme: &'p Programme, wanted: &OverviewSearch) -> Vec<&'p Arc<Slot>> {
    let words = folded(&wanted.words);
    let words: Vec<&str> = words.split_whitespace().collect();
    let slots = programme.slots().iter();
    slots
        .filter(|slot| is_wanted(programme, wanted, slot))
        .filter(|slot| {
            words.is_empty() || {
                let text = text_of(programme, slot);
                words.iter().all(|word| text.contains(word))
            }
        })
        .collect()
}

fn is_wanted(programme: &Programme, wanted: &OverviewSearch, slot: &Slot) -> bool {
    let content = slot.content();
    let state = match wanted.state {
        Some(state) => slot.state() == state,
        None => slot.state() != SlotState::Cancelled,
    };
    state
        && wanted.kind.is_none_or(|kind| content.kind == kind)
        && wanted
            .delegation
            .is_none_or(|party| content.involves(party))
        && wanted.room.is_none_or(|room| slot.room() == Some(room))
        && wanted
            .day
            .is_none_or(|day| programme.event.whole_day(day).overlaps(slot.interval()))
}

/// Everything that is written of a slot, as words are compared with it.
fn text_of(programme: &Programme, slot: &Slot) -> String {
    let content = slot.content();
    let mut text = vec![
        content.title.as_str(),
        content.note.as_str(),
        content.kind.label(),
    ];
    if let Some(room) = slot.room().and_then(|id| programme.room(id)) {
        text.extend([
            room.name.as_str(),
            room.name_ja.as_str(),
            room.code.as_str(),
        ]);
    }
    for party in programme.parties(content) {
        text.extend([
            party.name.as_str(),
            party.name_ja.as_str(),
            party.code.as_str(),
            party.principal.as_str(),
            party.principal_ja.as_str(),
        ]);
    }
    for interpreter in programme.interpreters_of(content) {
        text.extend([interpreter.name.as_str(), interpreter.code.as_str()]);
    }
    folded(&text.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{HALL, JP, KZ, SALON, UZ, programme, slot};
    use crate::core::slot::SlotId;

    #[test]
    fn all_words_must_be_found_somewhere_and_all_wishes_be_true() {
        let mut noted = slot(
            1,
            SlotKind::Bilateral,
            "Japan–Kazakhstan",
            ("10:00", 30),
            SALON,
            &[JP, KZ],
            SlotState::Tentative,
        );
        noted.details.content.note = "Bring the GIFT".to_owned();
        let programme = programme(vec![
            noted,
            slot(
                2,
                SlotKind::Other,
                "Reception",
                ("12:00", 30),
                HALL,
                &[JP, UZ],
                SlotState::Confirmed,
            ),
            slot(
                3,
                SlotKind::Other,
                "Reception",
                ("14:00", 30),
                HALL,
                &[JP],
                SlotState::Cancelled,
            ),
        ]);
        let found = |wanted: OverviewSearch| -> Vec<i64> {
            search(&programme, &wanted)
                .iter()
                .map(|slot| slot.id.0)
                .collect()
        };
        let words = |words: &str| OverviewSearch {
            words: words.to_owned(),
            ..OverviewSearch::default()
        };
        assert_eq!(found(OverviewSearch::default()), [1, 2]);
        assert_eq!(found(words("gift JAPAN")), [1]);
        assert_eq!(found(words("カザフスタン")), [1]);
        assert_eq!(found(words("ｶｻﾞﾌｽﾀﾝ")), [1]);
        assert_eq!(found(words("Japan-Kazakhstan")), [1]);
        assert_eq!(found(words("TİLEUBERDİ")), [1]);
        assert_eq!(found(words("\u{200B}")), [1, 2], "nothing is asked for");
        assert_eq!(found(words("gift uzbekistan")), Vec::<i64>::new());
        assert_eq!(found(words("  reception ")), [2]);
        assert_eq!(
            found(OverviewSearch {
                state: Some(SlotState::Cancelled),
                ..words("reception")
            }),
            [3]
        );
        assert_eq!(
            found(OverviewSearch {
                room: Some(HALL),
                ..OverviewSearch::default()
            }),
            [2]
        );
        assert_eq!(
            found(OverviewSearch {
                delegation: Some(KZ),
                kind: Some(SlotKind::Other),
                ..OverviewSearch::default()
            }),
            Vec::<i64>::new()
        );
        assert_eq!(
            search(&programme, &words("10:00"))
                .first()
                .map(|slot| slot.id),
            None::<SlotId>
        );
    }
}
