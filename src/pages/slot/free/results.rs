//! What a search found, in words.

use super::address;
use crate::core::free::{
    FreeTime, Loosened, Ranked, Relaxation, SearchRequest, TakenTime, ranked, relaxations, search,
};
use crate::core::programme::Programme;
use crate::core::rules::Candidate;
use crate::core::slot::SlotDetails;
use crate::core::time::day_in_words;
use crate::core::time::interval::Interval;
use crate::core::timetable::{ConflictMark, clock_range};
use crate::core::wording;
use crate::pages::slot::marks;
use crate::server::context::EventContext;
use crate::server::form::Fields;
use crate::server::forms::free::relaxed;
use crate::server::forms::slot;

/// Number of offers shown; the next ones are folded away.
const OPEN_OFFERS: usize = 8;
/// The most offers on the page; users narrow the times to see others.
const MOST_OFFERS: usize = 48;

/// What was found, in words.
pub(super) struct Results {
    pub(super) summary: String,
    pub(super) order: String,
    /// Rooms that were asked for but are too small; empty when there are none.
    pub(super) too_small: String,
    /// Advice common to all offers.
    pub(super) advice: Vec<ConflictMark>,
    pub(super) best: Vec<OfferLine>,
    pub(super) more: Vec<OfferLine>,
    /// How many offers there is no place for on the page.
    pub(super) left_out: usize,
    pub(super) relaxations: Vec<RelaxationLine>,
    pub(super) refused: Vec<RefusedLine>,
    /// Where one press books; empty for those who may not.
    pub(super) action: String,
}

pub(super) struct OfferLine {
    pub(super) rank: usize,
    pub(super) day: String,
    pub(super) time: String,
    pub(super) room: String,
    pub(super) seats: String,
    pub(super) interpreters: String,
    pub(super) advice: Vec<ConflictMark>,
    pub(super) fields: Vec<(String, String)>,
}

pub(super) struct RelaxationLine {
    pub(super) text: String,
    pub(super) href: String,
}

/// Starts one after the other that the same thing is in the way of.
pub(super) struct RefusedLine {
    pub(super) day: String,
    /// `15:20`, or `15:20 to 15:45`
    pub(super) starts: String,
    pub(super) sentence: String,
}

/// Searches and says what was found.
pub(super) fn results(context: &EventContext, fields: &Fields, wish: &SearchRequest) -> Results {
    let programme = &context.programme;
    let found = search(programme, wish);
    let (free, refused) = (found.offers.len(), found.refused.len());
    let relaxations = if free == 0 {
        relaxations(programme, wish)
    } else {
        Vec::new()
    };
    let mut best: Vec<OfferLine> = ranked(programme, wish, found.offers)
        .iter()
        .take(MOST_OFFERS)
        .zip(1..)
        .map(|(each, rank)| offer_line(context, wish, each, rank))
        .collect();
    let advice = shared_advice(&mut best);
    let more = best.split_off(best.len().min(OPEN_OFFERS));
    let action = match wish.moves() {
        _ if !context.access.may_change() => String::new(),
        Some(slot) => format!("/slots/{slot}"),
        None => format!("/events/{}/slots", programme.event.slug),
    };
    Results {
        summary: summary(free, free + refused),
        order: order(programme, wish),
        too_small: too_small(programme, wish),
        advice,
        left_out: free - best.len() - more.len(),
        best,
        more,
        relaxations: relaxations
            .iter()
            .map(|each| relaxation_line(programme, fields, each))
            .collect(),
        refused: refused_lines(programme, &found.refused),
        action,
    }
}

fn summary(free: usize, all: usize) -> String {
    match (free, all) {
        (_, 0) => "These times have no place for a meeting of that length.".to_owned(),
        (0, _) => "Nothing is free.".to_owned(),
        (1, _) => format!("1 of {all} starts is free."),
        _ => format!("{free} of {all} starts are free."),
    }
}

fn order(programme: &Programme, wish: &SearchRequest) -> String {
    let first = wish.nearest().map_or_else(
        || {
            "The fewest pieces of advice come first, then full and half hours, quarters, and the rest, each by time."
                .to_owned()
        },
        |near| format!("The nearest to {} come first.", programme.event.time_zone.clock(near)),
    );
    format!(
        "{first} Each offer has the smallest free room that is large enough, and the fewest interpreters needed."
    )
}

/// `The parties are 18 people. Not offered, since they are too small: Salon (16).`
fn too_small(programme: &Programme, wish: &SearchRequest) -> String {
    let Some((people, rooms)) = wish.too_small(programme) else {
        return String::new();
    };
    let rooms = rooms
        .iter()
        .map(|room| format!("{} ({})", room.name, room.capacity));
    format!(
        "The parties are {people} people. Not offered, since too small without a reason: {}. To book there, choose the \
         room and give a reason.",
        rooms.collect::<Vec<_>>().join(", ")
    )
}

/// Extracts the advice common to all offers, which is shown once.
fn shared_advice(offers: &mut [OfferLine]) -> Vec<ConflictMark> {
    let same = |one: &ConflictMark, other: &ConflictMark| {
        (one.rule, &one.sentence) == (other.rule, &other.sentence)
    };
    let Some((first, others)) = offers.split_first() else {
        return Vec::new();
    };
    let everywhere = |mark: &&ConflictMark| {
        others
            .iter()
            .all(|offer| offer.advice.iter().any(|each| same(each, mark)))
    };
    let shared: Vec<ConflictMark> = first.advice.iter().filter(everywhere).cloned().collect();
    for offer in offers {
        offer
            .advice
            .retain(|mark| !shared.iter().any(|each| same(each, mark)));
    }
    shared
}

fn offer_line(
    context: &EventContext,
    wish: &SearchRequest,
    ranked: &Ranked,
    rank: usize,
) -> OfferLine {
    let programme = &context.programme;
    let Ranked { offer, advice } = ranked;
    let details = wish.details(offer);
    let candidate = Candidate::of(wish.moves(), &details);
    let interpreters: Vec<&str> = details
        .content
        .interpreters
        .iter()
        .filter_map(|id| programme.interpreter(*id))
        .map(|each| each.name.as_str())
        .collect();
    let room = offer.placement.room.and_then(|id| programme.room(id));
    OfferLine {
        rank,
        day: programme
            .event
            .time_zone
            .day_in_words(offer.placement.interval.start()),
        time: clock_range(programme, offer.placement.interval),
        room: room.map_or_else(|| "No room yet".to_owned(), |room| room.name.to_string()),
        seats: room
            .map(|room| format!("{} people", room.capacity))
            .unwrap_or_default(),
        interpreters: interpreters.join(", "),
        advice: marks(programme, candidate, advice),
        fields: if context.access.may_change() {
            booking_fields(programme, wish, &details)
        } else {
            Vec::new()
        },
    }
}

/// What one press sends: the slot form, filled in.
fn booking_fields(
    programme: &Programme,
    wish: &SearchRequest,
    details: &SlotDetails,
) -> Vec<(String, String)> {
    let placed = slot::fields_of_details(programme, details);
    let stored = wish
        .moves()
        .and_then(|id| programme.slot(id))
        .map(|slot| slot::fields_of(programme, slot));
    // What a search does not know stays as it is stored.
    let unknown = ["note", "version", "state", "fixed", "audience"];
    let stays = |name: &str| stored.is_some() && unknown.contains(&name);
    let kept = stored.iter().flat_map(Fields::iter);
    placed
        .iter()
        .filter(|(name, _)| !stays(name))
        .chain(kept.filter(|(name, _)| stays(name)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn relaxation_line(programme: &Programme, fields: &Fields, loosened: &Loosened) -> RelaxationLine {
    let name = |resource| wording::resource_name(programme, resource);
    let what = match &loosened.what {
        Relaxation::AnyTime => "At any time of the day".to_owned(),
        Relaxation::AnyRoom => "In any room that takes the parties".to_owned(),
        Relaxation::NoRoom => "Without a room for now".to_owned(),
        Relaxation::Shorter(minutes) => format!("For {minutes} minutes"),
        Relaxation::Without(resource) => format!("Without {}", name(*resource)),
        Relaxation::WithoutInterpretation => "Without interpretation".to_owned(),
        Relaxation::WithoutPair(pair) => format!("Without an interpreter {pair}"),
        Relaxation::OtherDay(date) => format!("On {}", day_in_words(*date)),
    };
    let starts = match loosened.offers {
        1 => "1 free start".to_owned(),
        many => format!("{many} free starts"),
    };
    RelaxationLine {
        text: format!("{what}: {starts}, {}", first(programme, &loosened.first)),
        href: address(programme, &relaxed(programme, fields, &loosened.what)),
    }
}

fn first(programme: &Programme, offer: &FreeTime) -> String {
    let room = offer.placement.room.and_then(|id| programme.room(id));
    let room = room.map_or_else(String::new, |room| format!(" in {}", room.name));
    let first = programme
        .event
        .time_zone
        .clock(offer.placement.interval.start());
    format!("the first at {first}{room}")
}

/// One line for each run of starts with the same obstacle.
fn refused_lines(programme: &Programme, refused: &[TakenTime]) -> Vec<RefusedLine> {
    let zone = programme.event.time_zone;
    let mut runs: Vec<(Interval, Interval, String)> = Vec::new();
    for TakenTime { interval, obstacle } in refused {
        let sentence = wording::obstacle(programme, obstacle);
        match runs.last_mut() {
            Some((first, last, known))
                if *known == sentence
                    && zone.date(first.start()) == zone.date(interval.start()) =>
            {
                *last = *interval;
            }
            _ => runs.push((*interval, *interval, sentence)),
        }
    }
    let line = |(first, last, sentence): (Interval, Interval, String)| {
        let (from, until) = (zone.clock(first.start()), zone.clock(last.start()));
        RefusedLine {
            day: zone.local(first.start()).format("%-d %B").to_string(),
            starts: if from == until {
                from
            } else {
                format!("{from} to {until}")
            },
            sentence,
        }
    };
    runs.into_iter().map(line).collect()
}
