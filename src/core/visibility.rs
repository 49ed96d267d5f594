//! Who may see what of a programme: the one place that decides.
//!
//! Every page, file, feed and letter that leaves the protocol office reads slots through [`view`] or [`visible`]. A
//! [`VisibleSlot`] has no way back to the slot behind it, so that what is not granted here cannot be written anywhere.

use std::borrow::Cow;

use super::programme::Programme;
use crate::core::delegation::{Delegation, DelegationId};
use crate::core::event::Event;
use crate::core::interpreter::Interpreter;
use crate::core::notice::{Method, Notice, Told, ToldEvent};
use crate::core::room::Room;
use crate::core::slot::{MeetingFormat, Slot, SlotId, SlotKind, SlotState};
use crate::core::time::interval::Interval;

/// Who is looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The protocol office and those who work with it: everything that is not cancelled.
    Staff,
    /// A delegation: what it takes part in, and what it is in the audience of.
    Delegation(DelegationId),
}

/// A slot as one viewer may see it.
#[derive(Debug, Clone, Copy)]
pub struct VisibleSlot<'a> {
    programme: &'a Programme,
    slot: &'a Slot,
    viewer: Viewer,
}

/// Decides whether `viewer` may know of `slot` at all, and what of it.
///
/// A delegation never sees sketches, cancelled slots (a letter notifies it of those it knew), nor anything
/// in which it has no part and of whose audience it is not: to it that is not even "busy". The kind of a slot decides
/// nothing.
#[must_use]
pub fn view<'a>(
    programme: &'a Programme,
    viewer: Viewer,
    slot: &'a Slot,
) -> Option<VisibleSlot<'a>> {
    let may_see = match viewer {
        Viewer::Staff => slot.state() != SlotState::Cancelled,
        Viewer::Delegation(id) => {
            programme.delegation(id).is_some()
                && slot.state().holds()
                && slot.content().is_shown_to(id)
        }
    };
    may_see.then_some(VisibleSlot {
        programme,
        slot,
        viewer,
    })
}

/// Lists all slots that `viewer` may see, by time.
pub fn visible(programme: &Programme, viewer: Viewer) -> impl Iterator<Item = VisibleSlot<'_>> {
    programme
        .live_slots()
        .filter_map(move |slot| view(programme, viewer, slot))
}

impl<'a> VisibleSlot<'a> {
    /// The slot's id.
    #[must_use]
    pub const fn id(self) -> SlotId {
        self.slot.id
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(self) -> SlotKind {
        self.slot.content().kind
    }

    /// In which format the delegations meet; that is for the office and for those who take part.
    #[must_use]
    pub fn format(self) -> MeetingFormat {
        let content = self.slot.content();
        match self.viewer {
            Viewer::Delegation(reader) if !content.involves(reader) => MeetingFormat::default(),
            _ => content.format,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'a str {
        self.slot.title().as_str()
    }

    /// When.
    #[must_use]
    pub const fn interval(self) -> Interval {
        self.slot.interval()
    }

    /// How firm.
    #[must_use]
    pub const fn state(self) -> SlotState {
        self.slot.state()
    }

    /// Counts the changes a delegation must hear of, and only those.
    #[must_use]
    pub const fn sequence(self) -> i32 {
        self.slot.sequence
    }

    /// Where, once that is known.
    #[must_use]
    pub fn room(self) -> Option<&'a Room> {
        self.slot.room().and_then(|room| self.programme.room(room))
    }

    /// Who takes part, in order of precedence.
    pub fn delegations(self) -> impl Iterator<Item = &'a Delegation> {
        participants(self.programme, self.slot)
    }

    /// True when every delegation of the event takes part. Only staff know how many there are.
    #[must_use]
    pub fn is_for_everyone(self) -> bool {
        let content = self.slot.content();
        // Guests of this one session are named.
        let is_whole = content.delegations.len() == self.programme.members().count();
        self.viewer == Viewer::Staff && is_whole && self.programme.is_for_everyone(content)
    }

    /// Which delegations see it beside those that take part; `None` for a delegation, which must not learn it.
    #[must_use]
    pub fn audience(self) -> Option<Vec<String>> {
        self.staff(|slot| self.programme.audience_codes(slot.content()))
    }

    /// Which delegations a slot for all leaves out; `None` for another slot, and for a delegation.
    #[must_use]
    pub fn left_out(self) -> Option<Vec<String>> {
        let content = self.staff(Slot::content)?;
        content
            .all_delegations
            .then(|| self.programme.left_out(content))
    }

    /// Interpreters; `None` for a delegation, which is not notified when they change.
    #[must_use]
    pub fn interpreters(self) -> Option<Vec<&'a Interpreter>> {
        self.staff(|slot| self.programme.interpreters_of(slot.content()).collect())
    }

    /// Interpreters, for a minister's card, which is handed out by the office and names them. Schedules
    /// leave them out, because delegations are not notified when they change.
    pub fn interpreters_on_card(self) -> impl Iterator<Item = &'a Interpreter> {
        self.programme.interpreters_of(self.slot.content())
    }

    /// Whether it is fixed; `None` for a delegation.
    #[must_use]
    pub fn fixed(self) -> Option<bool> {
        self.staff(Slot::is_fixed)
    }

    /// The internal note; `None` for a delegation, and when there is none.
    #[must_use]
    pub fn note(self) -> Option<&'a str> {
        self.staff(|slot| slot.content().note.as_str())
            .filter(|note| !note.is_empty())
    }

    /// The version; `None` for a delegation, to which it would reveal changes.
    #[must_use]
    pub fn version(self) -> Option<i32> {
        self.staff(|slot| slot.version)
    }

    /// The iCalendar UID under which this delegation has the slot in its calendar; `None` for staff and for a slot
    /// that is not in its calendar.
    #[must_use]
    pub fn invited_as(self) -> Option<&'a Notice> {
        let Viewer::Delegation(delegation) = self.viewer else {
            return None;
        };
        self.programme
            .ledger
            .notice(self.slot.id, delegation)
            .filter(|notice| notice.method == Method::Request)
    }

    fn staff<T>(self, field: impl FnOnce(&'a Slot) -> T) -> Option<T> {
        (self.viewer == Viewer::Staff).then(|| field(self.slot))
    }
}

/// A delegation's confirmed slots by time, as its letters list them: those in which it takes part itself.
#[must_use]
pub fn schedule_of(programme: &Programme, delegation: DelegationId) -> Vec<Told> {
    visible(programme, Viewer::Delegation(delegation))
        .filter(|view| view.state() == SlotState::Confirmed)
        .filter(|view| view.delegations().any(|party| party.id == delegation))
        .map(|view| told(programme, view.slot))
        .collect()
}

/// Lists the slots of which a delegation was notified and which are not cancelled for it, as last notified, in order.
/// Pending changes are not included.
#[must_use]
pub fn known_to(programme: &Programme, delegation: DelegationId) -> Vec<&Notice> {
    let mut known: Vec<&Notice> = programme
        .ledger
        .notices()
        .filter(|notice| notice.delegation == delegation && notice.method == Method::Request)
        .collect();
    known.sort_by(|one, other| one.told.order(&other.told).then(one.slot.cmp(&other.slot)));
    known
}

/// The event as the latest letter to a delegation says it; as it is, where there was none.
#[must_use]
pub fn event_as_told(programme: &Programme, delegation: DelegationId) -> Event {
    let known = known_to(programme, delegation);
    let latest = known.into_iter().max_by_key(|notice| notice.told_at);
    let told = latest.and_then(|notice| notice.told.event.as_ref());
    told.map_or_else(
        || Event::clone(&programme.event),
        |told| told.over(&programme.event),
    )
}

/// A slot on a delegation's private page.
#[derive(Debug, Clone)]
pub struct PrivateEntry<'a> {
    /// Its id.
    pub slot: SlotId,
    /// What the page says of it.
    pub told: Cow<'a, Told>,
    /// The last notice; `None` for a slot that is only shown to the delegation, of which it is not notified.
    pub notice: Option<&'a Notice>,
}

/// Lists what a delegation's private page, its calendar and its PDF hold, by time: what it was notified of, as last
/// notified, and the confirmed slots in whose audience it is, as they are.
#[must_use]
pub fn private_entries(programme: &Programme, delegation: DelegationId) -> Vec<PrivateEntry<'_>> {
    let known = known_to(programme, delegation);
    let shown: Vec<_> = visible(programme, Viewer::Delegation(delegation))
        .filter(|view| view.state() == SlotState::Confirmed)
        .filter(|view| !view.slot.content().involves(delegation))
        .filter(|view| known.iter().all(|notice| notice.slot != view.id()))
        .map(|view| PrivateEntry {
            slot: view.id(),
            told: Cow::Owned(told(programme, view.slot)),
            notice: None,
        })
        .collect();
    let notified = known.into_iter().map(|notice| PrivateEntry {
        slot: notice.slot,
        told: Cow::Borrowed(&notice.told),
        notice: Some(notice),
    });
    let mut entries: Vec<_> = notified.chain(shown).collect();
    entries.sort_by_key(|entry| (entry.told.starts, entry.told.ends, entry.slot));
    entries
}

/// A slot as the delegations that take part in it read it in a schedule.
#[must_use]
pub fn told(programme: &Programme, slot: &Slot) -> Told {
    Told {
        title: slot.title().to_string(),
        kind: slot.content().kind.into(),
        format: slot.content().format,
        starts: slot.interval().start().minutes(),
        ends: slot.interval().end().minutes(),
        room: slot
            .room()
            .and_then(|room| programme.room(room))
            .map(|room| room.name.to_string()),
        delegations: participants(programme, slot)
            .map(|delegation| delegation.name.to_string())
            .collect(),
        event: None,
    }
}

/// A slot as a letter to `delegation` says it, with the event around it.
#[must_use]
pub fn told_to(programme: &Programme, slot: &Slot, delegation: &Delegation) -> Told {
    Told {
        event: Some(Box::new(ToldEvent::of(&programme.event, delegation))),
        ..told(programme, slot)
    }
}

/// Those who take part, in the programme's order, which is that of precedence.
fn participants<'a>(
    programme: &'a Programme,
    slot: &'a Slot,
) -> impl Iterator<Item = &'a Delegation> {
    programme
        .delegations
        .iter()
        .filter(|delegation| slot.content().involves(delegation.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{self, CANARY, JP, KZ, SALON, TM, UZ};
    use crate::core::slot::SlotAudience;
    use crate::core::text_enum::TextEnum;

    fn titles(programme: &Programme, viewer: Viewer) -> Vec<&str> {
        visible(programme, viewer).map(VisibleSlot::title).collect()
    }

    #[test]
    fn staff_see_everything_but_the_cancelled() {
        let programme = sample::ninth_meeting();
        assert_eq!(
            visible(&programme, Viewer::Staff).count(),
            programme.live_slots().count()
        );
        assert!(
            programme
                .slots()
                .iter()
                .any(|slot| slot.state() == SlotState::Cancelled)
        );
    }

    /// A confirmed slot of the chair and Kazakhstan.
    fn restricted(kind: SlotKind, audience: SlotAudience) -> Programme {
        let confirmed = SlotState::Confirmed;
        let mut slot = sample::slot(
            1,
            kind,
            "Breakfast",
            ("09:00", 60),
            SALON,
            &[JP, KZ],
            confirmed,
        );
        slot.details.content.audience = audience;
        sample::programme(vec![slot])
    }

    #[test]
    fn kind_of_a_slot_shows_it_to_no_one() {
        for kind in SlotKind::ALL {
            let programme = restricted(*kind, SlotAudience::default());
            for (reader, sees) in [(JP, 1), (KZ, 1), (UZ, 0), (TM, 0)] {
                let shown = visible(&programme, Viewer::Delegation(reader)).count();
                assert_eq!(shown, sees, "{kind:?}");
            }
        }
    }

    #[test]
    fn slot_is_shown_to_its_audience_without_being_announced() {
        let sees = |audience: SlotAudience| {
            let programme = restricted(SlotKind::Meal, audience);
            [JP, UZ, TM].map(|reader| {
                let shown = visible(&programme, Viewer::Delegation(reader)).count();
                let page = private_entries(&programme, reader).len();
                (shown, page, schedule_of(&programme, reader).len())
            })
        };
        let (none, shown, own) = ((0, 0, 0), (1, 1, 0), (1, 0, 1));
        assert_eq!(sees(SlotAudience::Participants), [own, none, none]);
        let named = SlotAudience::Named(vec![UZ]);
        assert_eq!(sees(named), [own, shown, none]);
        assert_eq!(sees(SlotAudience::All), [own, shown, shown]);
    }

    #[test]
    fn private_page_shows_no_sketch_to_its_audience() {
        let mut programme = restricted(SlotKind::Meal, SlotAudience::All);
        for (state, shown) in [
            (SlotState::Pencilled, 0),
            (SlotState::Tentative, 0),
            (SlotState::Confirmed, 1),
            (SlotState::Cancelled, 0),
        ] {
            let mut slot = Slot::clone(&programme.slots()[0]);
            slot.details.state = state;
            programme = programme.with_slot(slot);
            assert_eq!(private_entries(&programme, UZ).len(), shown, "{state:?}");
        }
    }

    #[test]
    fn audience_is_told_to_staff_alone() {
        let programme = restricted(SlotKind::Meal, SlotAudience::Named(vec![TM, UZ]));
        let audience = |viewer| visible(&programme, viewer).next().unwrap().audience();
        let codes = ["TM", "UZ"].map(str::to_owned).to_vec();
        assert_eq!(audience(Viewer::Staff), Some(codes));
        assert_eq!(audience(Viewer::Delegation(UZ)), None);
    }

    #[test]
    fn a_delegation_sees_its_own_slots() {
        let programme = sample::ninth_meeting();
        assert_eq!(
            titles(&programme, Viewer::Delegation(KZ)),
            [
                sample::ITEM_1,
                sample::ITEM_2,
                "Joint press announcement",
                "Working lunch",
                sample::title_of(KZ).as_str(),
            ]
        );
    }

    #[test]
    fn a_delegation_sees_nothing_internal_of_what_it_sees() {
        let programme = sample::ninth_meeting();
        for view in visible(&programme, Viewer::Delegation(UZ)) {
            assert_eq!(view.note(), None);
            assert_eq!(view.version(), None);
            assert!(view.interpreters().is_none());
            assert!(!view.is_for_everyone());
        }
        assert!(visible(&programme, Viewer::Staff).any(|view| view.note().is_some()));
    }

    #[test]
    fn a_delegation_of_another_event_sees_nothing() {
        let programme = sample::ninth_meeting();
        let stranger = DelegationId(99);
        assert_eq!(visible(&programme, Viewer::Delegation(stranger)).count(), 0);
        assert_eq!(schedule_of(&programme, stranger), []);
    }

    #[test]
    fn sketches_and_cancelled_slots_are_hidden() {
        let programme = sample::ninth_meeting();
        let mut slot = sample::slot_of(&programme, KZ);
        for (state, seen) in [
            (SlotState::Pencilled, false),
            (SlotState::Tentative, true),
            (SlotState::Confirmed, true),
            (SlotState::Cancelled, false),
        ] {
            slot.details.state = state;
            let seen_by = |viewer| view(&programme, viewer, &slot).is_some();
            assert_eq!(seen_by(Viewer::Delegation(KZ)), seen, "{state:?}");
            assert!(!seen_by(Viewer::Delegation(TM)), "{state:?}");
            assert_eq!(seen_by(Viewer::Staff), state != SlotState::Cancelled);
        }
    }

    #[test]
    fn a_schedule_holds_what_is_confirmed_and_nothing_of_others() {
        let programme = sample::ninth_meeting();
        let schedule = schedule_of(&programme, KZ);
        let titles: Vec<_> = schedule.iter().map(|told| told.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                sample::ITEM_1,
                sample::ITEM_2,
                "Joint press announcement",
                "Working lunch",
            ]
        );
        let all = format!("{schedule:?}");
        assert!(!all.contains(CANARY) && !all.contains("Turkmenistan–") && !all.contains("Salon"));
    }

    #[test]
    fn notice_has_names_in_order_of_precedence() {
        let programme = sample::ninth_meeting();
        let mut slot = sample::slot_of(&programme, KZ);
        slot.details.content.delegations.reverse();
        let told = told(&programme, &slot);
        assert_eq!(told.delegations, ["Japan", "Kazakhstan"]);
        assert_eq!(told.room.as_deref(), Some("Conference Room"));
        assert_eq!(told.kind, SlotKind::Bilateral.into());
        assert_eq!(told.title, "Japan–Kazakhstan Foreign Ministers' Meeting");
        assert_eq!(told.ends_at().minutes_since(told.starts_at()), 25);
    }
}
