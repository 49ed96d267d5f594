//! Everything a delegation can get is searched for what it must not know.

use proptest::prelude::*;

use super::super::format::{Format, file_name};
use super::super::pdf;
use super::{agenda_of, staff, text};
use crate::core::delegation::DelegationId;
use crate::core::programme::Programme;
use crate::core::sample::{self, CANARY, EVERYONE, HALL, ISSUED, JP, KZ, SALON, UZ};
use crate::core::slot::{SlotAudience, SlotKind, SlotState};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::visibility::schedule_of;

/// Everything a delegation can get out of the programme, folded calendar lines made whole, in lower case.
fn all_outputs(programme: &Programme, delegation: DelegationId) -> String {
    let agenda = agenda_of(programme, delegation);
    let mut all = format!(
        "{agenda:?} {:?} {}",
        schedule_of(programme, delegation),
        file_name(&agenda, Format::Html)
    );
    for &format in Format::ALL {
        // What paper could say is what its template is given; setting it hundreds of times would show no more.
        all += &match format {
            Format::Pdf => pdf::paper(&agenda).unwrap().words(),
            _ => text(&agenda, format).replace("\r\n ", ""),
        };
    }
    let told = programme.delegation(delegation).unwrap();
    all += &pdf::as_told(programme, told, ISSUED).unwrap().words();
    all.to_lowercase()
}

#[test]
fn no_output_for_kazakhstan_has_a_trace_of_turkmenistan() {
    let all = all_outputs(&sample::ninth_meeting(), KZ);
    // The time in three notations, the UTC of the calendar, and the id (11 characters before the title in JSON).
    for trace in [
        "japan–turkmenistan",
        "15:15",
        "15:45",
        "t061500z",
        "t064500z",
        "\"id\": 6,",
        "slot-6",
    ] {
        assert!(!all.contains(trace), "{trace}");
    }
    // The data does hold what was looked for.
    let everything = text(&staff(&sample::ninth_meeting()), Format::Ics);
    assert!(everything.contains("T061500Z") && everything.contains("slot-6@"));
}

#[test]
fn draft_canary_reaches_no_delegation() {
    let programme = sample::ninth_meeting();
    for delegation in EVERYONE {
        let all = all_outputs(&programme, delegation);
        for secret in [
            CANARY,
            "salon",
            "応接室",
            "@delegations.example",
            "ru-1",
            "interpreter, ",
            "18:05",
        ] {
            assert!(!all.contains(secret), "{secret} for {delegation:?}");
        }
    }
    assert!(text(&staff(&programme), Format::Csv).contains(CANARY));
}

type AnySlot = (SlotKind, SlotState, usize, i32, i32, bool, SlotAudience);

/// A slot with the canary in every field that KZ must not see.
fn any_slot() -> impl Strategy<Value = AnySlot> {
    (
        proptest::sample::select(SlotKind::ALL),
        proptest::sample::select(SlotState::ALL),
        0..6_usize,
        0..1300_i32,
        5..140_i32,
        any::<bool>(),
        proptest::sample::select(vec![
            SlotAudience::Participants,
            SlotAudience::Named(vec![UZ]),
            SlotAudience::Named(vec![KZ, UZ]),
            SlotAudience::All,
        ]),
    )
}

proptest! {
    #[test]
    fn nothing_hidden_gets_out_of_any_programme(plan in proptest::collection::vec(any_slot(), 0..25)) {
        let slots = (100..).zip(&plan).map(|(id, &(kind, state, guest, start, minutes, with_room, ref audience))| {
            let people = [JP, EVERYONE[guest]];
            let seen = state.holds() && (audience.includes(KZ) || people.contains(&KZ));
            let title = if seen { format!("Open {id}") } else { format!("{CANARY} {id}") };
            let mut slot = sample::slot(id, kind, &title, ("00:00", 60), if seen { HALL } else { SALON }, &people, state);
            let start = sample::at("00:00").plus(start);
            slot.details.placement.interval = Interval::new(start, start.plus(minutes)).unwrap();
            slot.details.content.audience = audience.clone();
            slot.details.content.note = format!("{CANARY} note");
            if !with_room { slot.details.placement.room = None; }
            slot
        });
        let programme = sample::programme(slots.collect());
        let all = all_outputs(&programme, KZ);
        prop_assert!(!all.contains(CANARY));
        prop_assert!(!all.contains("salon"));
        for slot in programme.slots() {
            let hidden = slot.title().as_str().contains(CANARY);
            prop_assert_eq!(all.contains(&format!("slot-{}-kz@", slot.id)), !hidden);
        }
    }
}
