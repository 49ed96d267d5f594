//! Who meets whom: the chair and each guest, or every pair.

use std::collections::BTreeMap;

use crate::core::by_slot::BySlot;
use crate::core::delegation::{Delegation, DelegationId, PrincipalRole};
use crate::core::notice::answer::NoticeReply;
use crate::core::programme::Programme;
use crate::core::slot::{Slot, SlotState};
use crate::core::time::Instant;
use crate::core::timetable::{SlotView, slot_view};
use crate::core::wording::answer::AnswerWords;

/// Two delegations and their bilaterals.
#[derive(Debug)]
pub struct DelegationPair<'p> {
    /// The one that comes first in precedence.
    pub first: &'p Delegation,
    /// The other.
    pub second: &'p Delegation,
    /// Their bilaterals, by time; empty while there is none.
    pub meetings: Vec<PairMeeting>,
}

impl DelegationPair<'_> {
    /// True when the two meet or may be expected to: who is invited to single sessions is not.
    fn is_expected(&self) -> bool {
        let invited = |party: &Delegation| party.role == PrincipalRole::Invited;
        !self.meetings.is_empty() || !invited(self.first) && !invited(self.second)
    }
}

/// A bilateral in an overview.
#[derive(Debug, Clone)]
pub struct PairMeeting {
    /// The slot in words.
    pub slot: SlotView,
    /// The day at the venue, as `Sat 24 Dec`.
    pub day: String,
    /// It is confirmed and past its end, by the plan: no one has said whether they met.
    pub is_over: bool,
    /// Whether the two know: `told`, or who does not know yet; empty for what is not confirmed.
    pub told: String,
    /// Answers of each, as `KZ accepted, JP no answer yet`; empty while no answer is expected.
    pub answers: String,
    /// A delegation has declined.
    pub declined: bool,
}

/// The chair with each guest, in order of precedence; empty while there is no chair.
#[must_use]
pub fn with_chair(programme: &Programme, now: Instant) -> Vec<DelegationPair<'_>> {
    let Some(chair) = programme.chair() else {
        return Vec::new();
    };
    let guests = programme
        .delegations
        .iter()
        .filter(|party| party.id != chair.id);
    let meetings = meetings(programme, now);
    let pairs = guests.map(|guest| pair(chair, guest, &meetings));
    pairs.filter(DelegationPair::is_expected).collect()
}

/// Every pair of delegations that has a bilateral, in order of precedence.
#[must_use]
pub fn existing(programme: &Programme, now: Instant) -> Vec<DelegationPair<'_>> {
    let meetings = meetings(programme, now);
    let mut pairs = Vec::new();
    for (at, first) in programme.delegations.iter().enumerate() {
        for second in &programme.delegations[at + 1..] {
            let pair = pair(first, second, &meetings);
            if !pair.meetings.is_empty() {
                pairs.push(pair);
            }
        }
    }
    pairs
}

/// A row for each delegation but the last, with what it has with each that comes after the first; `None` where two
/// would be one, or is in another row already.
#[must_use]
pub fn table(
    programme: &Programme,
    now: Instant,
) -> Vec<(&Delegation, Vec<Option<DelegationPair<'_>>>)> {
    let meetings = meetings(programme, now);
    let parties = &programme.delegations;
    let rows = parties.iter().take(parties.len().saturating_sub(1));
    rows.enumerate()
        .map(|(row, first)| {
            let cells = parties.iter().enumerate().skip(1);
            let cells = cells
                .map(|(column, second)| (column > row).then(|| pair(first, second, &meetings)));
            (first, cells.collect())
        })
        .collect()
}

fn pair<'p>(
    first: &'p Delegation,
    second: &'p Delegation,
    meetings: &BTreeMap<(DelegationId, DelegationId), Vec<PairMeeting>>,
) -> DelegationPair<'p> {
    let key = ordered(first.id, second.id);
    DelegationPair {
        first,
        second,
        meetings: meetings.get(&key).cloned().unwrap_or_default(),
    }
}

fn ordered(one: DelegationId, other: DelegationId) -> (DelegationId, DelegationId) {
    (one.min(other), one.max(other))
}

fn meetings(
    programme: &Programme,
    now: Instant,
) -> BTreeMap<(DelegationId, DelegationId), Vec<PairMeeting>> {
    let mut all: BTreeMap<_, Vec<PairMeeting>> = BTreeMap::new();
    for slot in programme.live_slots() {
        if let Some([one, other]) = slot.content().pair() {
            all.entry((one, other))
                .or_default()
                .push(meeting(programme, slot, now));
        }
    }
    all
}

fn meeting(programme: &Programme, slot: &Slot, now: Instant) -> PairMeeting {
    let confirmed = slot.state() == SlotState::Confirmed;
    let waiting: Vec<&str> = crate::core::due::due(programme, slot)
        .iter()
        .map(|(delegation, _)| delegation.code.as_str())
        .collect();
    let zone = programme.event.time_zone;
    PairMeeting {
        slot: slot_view(programme, slot, &BySlot::default()),
        day: zone
            .date(slot.interval().start())
            .format("%a %-d %b")
            .to_string(),
        answers: answers(programme, slot),
        declined: slot.content().delegations.iter().any(|party| {
            programme
                .ledger
                .valid_answer(slot.id, *party)
                .is_some_and(|answer| answer.reply == NoticeReply::Declined)
        }),
        is_over: confirmed && slot.interval().end() <= now,
        told: if !waiting.is_empty() {
            format!("not notified yet: {}", waiting.join(", "))
        } else if confirmed {
            "notified".to_owned()
        } else {
            String::new()
        },
    }
}

fn answers(programme: &Programme, slot: &Slot) -> String {
    let said = programme.parties(slot.content()).filter_map(|party| {
        let label = AnswerWords::of(programme, slot.id, party.id).label;
        (!label.is_empty()).then(|| format!("{} {}", party.code, label.to_lowercase()))
    });
    said.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{JP, KZ, SALON, UZ, at, programme, slot};
    use crate::core::slot::SlotKind;

    fn bilateral(id: i64, start: &str, parties: [DelegationId; 2], state: SlotState) -> Slot {
        slot(
            id,
            SlotKind::Bilateral,
            "Talk",
            (start, 30),
            SALON,
            &parties,
            state,
        )
    }

    #[test]
    fn each_guest_is_over_to_come_or_missing() {
        let programme = programme(vec![
            bilateral(1, "10:00", [JP, KZ], SlotState::Confirmed),
            bilateral(2, "15:00", [JP, KZ], SlotState::Tentative),
            bilateral(3, "11:00", [UZ, KZ], SlotState::Confirmed),
            bilateral(4, "12:00", [JP, UZ], SlotState::Cancelled),
        ]);
        let pairs = with_chair(&programme, at("10:30"));
        assert_eq!(pairs.len(), 5);
        let of = |id| pairs.iter().find(|pair| pair.second.id == id).unwrap();
        let met: Vec<bool> = of(KZ)
            .meetings
            .iter()
            .map(|meeting| meeting.is_over)
            .collect();
        assert_eq!(met, [true, false]);
        assert_eq!(of(KZ).meetings[0].told, "not notified yet: JP, KZ");
        assert_eq!(of(KZ).meetings[1].told, "");
        assert!(of(UZ).meetings.is_empty(), "a cancelled meeting is none");
    }

    #[test]
    fn every_pair_is_in_the_table_once() {
        let programme = programme(vec![bilateral(3, "11:00", [UZ, KZ], SlotState::Confirmed)]);
        let rows = table(&programme, at("09:00"));
        assert_eq!(rows.len(), 5);
        let cells = rows.iter().flat_map(|(_, cells)| cells).flatten();
        assert_eq!(cells.clone().count(), 15);
        assert_eq!(cells.filter(|pair| !pair.meetings.is_empty()).count(), 1);
        let existing = existing(&programme, at("09:00"));
        assert_eq!(existing.len(), 1);
        let pair = &existing[0];
        assert_eq!(
            (pair.first.id, pair.second.id),
            (KZ, UZ),
            "in order of precedence"
        );
    }
}
