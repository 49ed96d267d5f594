//! From what a viewer may see to an agenda in words.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::{
    Agenda, AgendaDay, AgendaDelegation, AgendaEntry, AgendaRoom, Audience, Interpreting, Notes,
    Pencilled,
};
use crate::core::delegation::{Delegation, DelegationId};
use crate::core::event::Event;
use crate::core::interpreter::Interpreter;
use crate::core::programme::Programme;
use crate::core::room::Room;
use crate::core::slot::SlotState;
use crate::core::time::interval::hull;
use crate::core::time::{ClockRange, Moment, Zone};
use crate::core::visibility::{Viewer, VisibleSlot, visible};

impl Agenda {
    /// Puts the agenda for `viewer` together; `None` when that delegation is none of the event's.
    #[must_use]
    pub fn of(
        programme: &Programme,
        viewer: Viewer,
        issued_at: Moment,
        pencilled: Pencilled,
    ) -> Option<Self> {
        let reader = match viewer {
            Viewer::Staff => None,
            Viewer::Delegation(id) => Some(programme.delegation(id)?),
        };
        Some(Self::for_reader(programme, reader, issued_at, pencilled))
    }

    /// Puts the office's agenda together.
    #[must_use]
    pub fn for_staff(programme: &Programme, issued_at: Moment, pencilled: Pencilled) -> Self {
        Self::for_reader(programme, None, issued_at, pencilled)
    }

    fn for_reader(
        programme: &Programme,
        reader: Option<&Delegation>,
        issued_at: Moment,
        pencilled: Pencilled,
    ) -> Self {
        let viewer = reader.map_or(Viewer::Staff, |reader| Viewer::Delegation(reader.id));
        let event = &programme.event;
        let shown: Vec<_> = visible(programme, viewer)
            .filter(|view| view.state() != SlotState::Pencilled || pencilled == Pencilled::Included)
            .collect();
        let parties = AgendaDelegations::named(programme, reader, &shown);
        let clocks = Clocks::of(event, reader);
        let entries = shown
            .into_iter()
            .map(|view| entry(view, &parties, &clocks))
            .collect();
        Self {
            slug: event.slug.to_string(),
            name: event.name.to_string(),
            name_ja: event.name_ja.clone(),
            venue: event.venue.to_string(),
            venue_ja: event.venue_ja.clone(),
            zone: event.time_zone,
            office: event.office.clone(),
            revision: event.revision,
            issued_at,
            day: None,
            notes: Notes::Included,
            audience: reader.map_or(Audience::Staff, |reader| {
                Audience::Delegation(Arc::new(AgendaDelegation::from(reader)), reader.time_zone)
            }),
            days: days(event, &clocks, entries),
            parties: parties.in_order,
        }
    }
}

/// The delegations an agenda names, each written down once however many slots it takes part in.
struct AgendaDelegations {
    in_order: Vec<Arc<AgendaDelegation>>,
    by_id: HashMap<DelegationId, Arc<AgendaDelegation>>,
}

impl AgendaDelegations {
    /// For staff all there are; for a delegation itself and those it meets.
    fn named(
        programme: &Programme,
        reader: Option<&Delegation>,
        shown: &[VisibleSlot<'_>],
    ) -> Self {
        let met: HashSet<_> = shown
            .iter()
            .flat_map(|view| view.delegations())
            .chain(reader)
            .map(|delegation| delegation.id)
            .collect();
        let (in_order, by_id) = programme
            .delegations
            .iter()
            .filter(|delegation| reader.is_none() || met.contains(&delegation.id))
            .map(|delegation| {
                let party = Arc::new(AgendaDelegation::from(delegation));
                (Arc::clone(&party), (delegation.id, party))
            })
            .unzip();
        Self { in_order, by_id }
    }

    fn of(&self, view: VisibleSlot<'_>) -> Vec<Arc<AgendaDelegation>> {
        view.delegations()
            .filter_map(|delegation| self.by_id.get(&delegation.id).map(Arc::clone))
            .collect()
    }
}

/// The clocks an agenda shows.
struct Clocks {
    venue: Zone,
    home: Option<Zone>,
}

impl Clocks {
    fn of(event: &Event, reader: Option<&Delegation>) -> Self {
        Self {
            venue: event.time_zone,
            home: reader
                .map(|reader| reader.time_zone)
                .filter(|&home| home != event.time_zone),
        }
    }
}

fn entry(view: VisibleSlot<'_>, parties: &AgendaDelegations, clocks: &Clocks) -> AgendaEntry {
    let interval = view.interval();
    AgendaEntry {
        id: view.id(),
        sequence: view.sequence(),
        version: view.version(),
        fixed: view.fixed(),
        shown_to: view.audience(),
        left_out: view.left_out(),
        invited_as: view
            .invited_as()
            .map(|notice| (notice.uid.clone(), notice.organizer.clone())),
        interval,
        venue: ClockRange::at(clocks.venue, interval),
        home: clocks.home.map(|home| ClockRange::at_home(home, interval)),
        kind: view.kind(),
        format: view.format(),
        title: view.title().to_owned(),
        room: view.room().map(AgendaRoom::from),
        parties: parties.of(view),
        everyone: view.is_for_everyone(),
        interpreters: view
            .interpreters()
            .map(|them| them.into_iter().map(Interpreting::from).collect()),
        state: view.state(),
        note: view.note().map(str::to_owned),
    }
}

/// The event's days and those of the entries, each with what begins on it and what goes on from the evening before.
fn days(event: &Event, clocks: &Clocks, entries: Vec<AgendaEntry>) -> Vec<AgendaDay> {
    let day_of = |entry: &AgendaEntry| event.day_of(entry.interval.start());
    let mut dates: Vec<_> = event.days.iter().map(|day| day.date).collect();
    dates.extend(entries.iter().map(day_of));
    dates.sort_unstable();
    dates.dedup();
    let mut days: Vec<_> = dates
        .into_iter()
        .map(|date| (event.whole_day(date), day(date)))
        .collect();
    for entry in entries {
        let own = day_of(&entry);
        for (whole, day) in &mut days {
            if day.date > own && entry.interval.overlaps(*whole) {
                day.continued.push(entry.clone());
            }
        }
        if let Some((_, day)) = days.iter_mut().find(|(_, day)| day.date == own) {
            day.entries.push(entry);
        }
    }
    days.into_iter()
        .map(|(_, day)| day.in_zones(event, clocks))
        .collect()
}

/// A day without entries.
fn day(date: NaiveDate) -> AgendaDay {
    AgendaDay {
        date,
        zone: String::new(),
        home_zone: None,
        continued: Vec::new(),
        entries: Vec::new(),
    }
}

impl AgendaDay {
    /// Names the zones of its hours and entries.
    fn in_zones(mut self, event: &Event, clocks: &Clocks) -> Self {
        let entries = self.entries.iter().map(|entry| entry.interval);
        let shown = hull(event.hours_of(self.date), entries);
        self.zone = clocks.venue.label_within(shown);
        self.home_zone = clocks.home.map(|home| home.home_label_within(shown));
        self
    }
}

impl From<&Delegation> for AgendaDelegation {
    fn from(delegation: &Delegation) -> Self {
        Self {
            code: delegation.code.to_string(),
            name: delegation.name.to_string(),
            name_ja: delegation.name_ja.clone(),
            principal: delegation.principal.to_string(),
            principal_ja: delegation.principal_ja.clone(),
            principal_title: delegation.principal_title.clone(),
        }
    }
}

impl From<&Room> for AgendaRoom {
    fn from(room: &Room) -> Self {
        Self {
            code: room.code.to_string(),
            name: room.name.to_string(),
            name_ja: room.name_ja.clone(),
        }
    }
}

impl From<&Interpreter> for Interpreting {
    fn from(interpreter: &Interpreter) -> Self {
        Self {
            code: interpreter.code.to_string(),
            name: interpreter.name.to_string(),
        }
    }
}
