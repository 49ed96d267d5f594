//! What to give up when nothing is free: each single demand without which something would be.

use chrono::NaiveDate;

use super::search::{FreeTime, search};
use super::wish::{RoomChoice, SearchRequest};
use crate::core::interpreter::LanguagePair;
use crate::core::programme::Programme;
use crate::core::slot::Resource;
use crate::core::time::interval::Interval;

/// A slot is never shortened below this many minutes.
pub(super) const SHORTEST: i32 = 15;

/// A demand that is given up, the others staying as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relaxation {
    /// Any time within the opening hours of the days asked for.
    AnyTime,
    /// Any room that takes the parties.
    AnyRoom,
    /// No room for now.
    NoRoom,
    /// So many minutes, the most that are free.
    Shorter(i32),
    /// Without this delegation or interpreter.
    Without(Resource),
    /// Without an interpreter between these languages.
    WithoutPair(LanguagePair),
    /// Without asking that the sides are interpreted for each other.
    WithoutInterpretation,
    /// Another day of the event.
    OtherDay(NaiveDate),
}

/// A demand that is given up, and what is free then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loosened {
    /// What is given up.
    pub what: Relaxation,
    /// The wish without it.
    pub wish: SearchRequest,
    /// How many starts are free then.
    pub offers: usize,
    /// The earliest of them.
    pub first: FreeTime,
}

/// Every single demand without which something is free, those that cost the least first.
#[must_use]
pub fn relaxations(programme: &Programme, wish: &SearchRequest) -> Vec<Loosened> {
    let free = |(what, wish)| loosened(programme, what, wish);
    let time = wish.any_time(programme).into_iter();
    let nearby = time.chain(wish.places(programme)).filter_map(free);
    let elsewhen = wish.other_days(programme).into_iter().filter_map(free);
    let people = wish
        .without_somebody(programme)
        .into_iter()
        .filter_map(free);
    let all = nearby.chain(shorter(programme, wish)).chain(elsewhen);
    all.chain(people).collect()
}

fn loosened(programme: &Programme, what: Relaxation, wish: SearchRequest) -> Option<Loosened> {
    let offers = search(programme, &wish).offers;
    Some(Loosened {
        what,
        wish,
        offers: offers.len(),
        first: offers.into_iter().next()?,
    })
}

/// The longest of the shorter meetings that is free somewhere.
fn shorter(programme: &Programme, wish: &SearchRequest) -> Option<Loosened> {
    let grid = programme.event.settings.grid_minutes.max(1);
    let mut lengths = (1..)
        .map(|step| wish.minutes - step * grid)
        .take_while(|minutes| *minutes >= SHORTEST);
    lengths.find_map(|minutes| {
        let wish = SearchRequest {
            minutes,
            ..wish.clone()
        };
        loosened(programme, Relaxation::Shorter(minutes), wish)
    })
}

impl SearchRequest {
    fn places(&self, programme: &Programme) -> Vec<(Relaxation, Self)> {
        let least = RoomChoice::Holding(programme.people(&self.parties, self.format));
        let any = (self.place != least && self.place != RoomChoice::Nowhere)
            .then_some((Relaxation::AnyRoom, least));
        let none = (self.place != RoomChoice::Nowhere)
            .then_some((Relaxation::NoRoom, RoomChoice::Nowhere));
        let at = |(what, place)| (what, self.clone().at(place));
        any.into_iter().chain(none).map(at).collect()
    }

    fn any_time(&self, programme: &Programme) -> Option<(Relaxation, Self)> {
        let event = &programme.event;
        let mut dates: Vec<NaiveDate> = self.dates(programme).collect();
        dates.dedup();
        let within: Vec<Interval> = dates.iter().map(|date| event.hours_of(*date)).collect();
        (within != self.within).then(|| {
            let wish = Self {
                within,
                ..self.clone()
            };
            (Relaxation::AnyTime, wish)
        })
    }

    fn without_somebody(&self, programme: &Programme) -> Vec<(Relaxation, Self)> {
        let mut found = Vec::new();
        for at in (0..self.parties.len()).filter(|_| self.parties.len() > 1) {
            let mut wish = self.clone();
            let party = wish.parties.remove(at);
            if self.place == RoomChoice::Holding(programme.people(&self.parties, self.format)) {
                wish.place = RoomChoice::Holding(programme.people(&wish.parties, self.format));
            }
            found.push((Relaxation::Without(Resource::Delegation(party)), wish));
        }
        for at in 0..self.interpreters.len() {
            let mut wish = self.clone();
            let interpreter = wish.interpreters.remove(at);
            let who = Resource::Interpreter(interpreter);
            found.push((Relaxation::Without(who), wish));
        }
        if self.interpreted {
            let wish = Self {
                interpreted: false,
                ..self.clone()
            };
            found.push((Relaxation::WithoutInterpretation, wish));
        }
        for at in 0..self.pairs.len() {
            let mut wish = self.clone();
            let pair = wish.pairs.remove(at);
            found.push((Relaxation::WithoutPair(pair), wish));
        }
        found
    }

    fn other_days(&self, programme: &Programme) -> Vec<(Relaxation, Self)> {
        let event = &programme.event;
        let asked: Vec<NaiveDate> = self.dates(programme).collect();
        let others = event.days.iter().filter(|day| !asked.contains(&day.date));
        others
            .map(|day| {
                let wish = Self {
                    within: vec![event.hours_of(day.date)],
                    ..self.clone()
                };
                (Relaxation::OtherDay(day.date), wish)
            })
            .collect()
    }

    fn dates<'a>(&'a self, programme: &'a Programme) -> impl Iterator<Item = NaiveDate> + 'a {
        let event = &programme.event;
        self.within
            .iter()
            .map(move |time| event.day_of(time.start()))
    }
}
