//! Free times: who is sought, what is free at one press, and what is in the way of the rest.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::form::{delegation_choices, interpretation_field, interpreter_field, kind_field};
use super::{Outcome, marks};
use crate::app::App;
use crate::auth::session::Caller;
use crate::event::desk::Desk;
use crate::event::programme::Programme;
use crate::event::timetable::{Mark, clock_range};
use crate::interpreter::LanguagePair;
use crate::slot::free::forms::{
    ANY_DAY, ANY_ROOM, NO_ROOM, carried, known_fields, parse, prefilled, relaxed, was_sent,
};
use crate::slot::free::{
    Loosened, Offer, Ranked, Refused, Relaxation, Wish, ranked, relaxations, search,
};
use crate::slot::interval::Interval;
use crate::slot::rules::{Candidate, wording};
use crate::slot::{SlotId, forms};
use crate::time::day_in_words;
use crate::web::field::{Choice, Choices, Select, TextField};
use crate::web::form::{Fields, Form};
use crate::web::page::{Section, Shell, render, see_other, unprocessable};

/// How many offers stand open on the page; the next ones are folded away.
const OPEN_OFFERS: usize = 8;
/// How many offers the page has at most; whoever wants more narrows the times.
const MOST_OFFERS: usize = 48;

#[derive(Template)]
#[template(path = "slot/free.html")]
struct FreePage {
    shell: Shell,
    slug: String,
    form: Form,
    slot: String,
    kind: Select,
    title: TextField,
    delegations: Choices,
    minutes: TextField,
    room: Select,
    people: TextField,
    interpretation: Choices,
    interpreters: Option<Choices>,
    pairs: Option<Choices>,
    day: Select,
    from: TextField,
    until: TextField,
    near: TextField,
    results: Option<Results>,
}

/// What was found, in words.
struct Results {
    summary: String,
    order: String,
    /// What is to be said of every offer.
    advice: Vec<Mark>,
    best: Vec<OfferLine>,
    more: Vec<OfferLine>,
    /// How many offers there is no place for on the page.
    left_out: usize,
    relaxations: Vec<RelaxationLine>,
    refused: Vec<RefusedLine>,
    /// Where one press books; empty for those who may not.
    action: String,
}

struct OfferLine {
    rank: usize,
    day: String,
    time: String,
    room: String,
    seats: String,
    interpreters: String,
    advice: Vec<Mark>,
    fields: Vec<(String, String)>,
}

struct RelaxationLine {
    text: String,
    href: String,
}

/// Starts one after the other that the same thing is in the way of.
struct RefusedLine {
    day: String,
    /// `15:20`, or `15:20 to 15:45`
    starts: String,
    sentence: String,
}

/// `GET /events/{slug}/free-slots`: the form, and what was found once it was sent.
///
/// # Errors
/// When the caller has no part in the event, or the address has fields that the form does not have.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    slug: web::Path<String>,
    request: HttpRequest,
) -> Outcome {
    let desk = Desk::at(&app, caller, slug.into_inner()).await?;
    let fields = known_fields(request.query_string())?;
    if !was_sent(&fields) {
        let form = Form::new(prefilled(&desk.programme, &fields));
        return render(&page(&desk, form, None));
    }
    match parse(&desk.programme, &fields) {
        Ok(wish) => {
            let results = results(&desk, &fields, &wish);
            render(&page(&desk, Form::new(fields), Some(results)))
        }
        Err(errors) => unprocessable(&page(&desk, Form::rejected(fields, errors), None)),
    }
}

/// What the slot form's button adds to its address.
#[derive(serde::Deserialize)]
pub struct Moving {
    slot: Option<i64>,
}

/// `POST /events/{slug}/free-slots`: takes over what was typed into the slot form and goes on with the search.
///
/// # Errors
/// When the caller has no part in the event, or the form has fields that the slot form does not have.
pub async fn carry(
    app: web::Data<App>,
    caller: Caller,
    slug: web::Path<String>,
    moving: web::Query<Moving>,
    fields: Fields,
) -> Outcome {
    let desk = Desk::at(&app, caller, slug.into_inner()).await?;
    let fields = forms::known_fields(fields)?;
    let slot = moving.slot.map(SlotId);
    Ok(see_other(&address_of_typed(&desk.programme, &fields, slot)))
}

/// The address of the search for what was typed into the slot form.
pub(super) fn address_of_typed(
    programme: &Programme,
    slot_form: &Fields,
    slot: Option<SlotId>,
) -> String {
    address(programme, &carried(programme, slot_form, slot))
}

fn address(programme: &Programme, fields: &Fields) -> String {
    let (slug, query) = (&programme.event.slug, fields.encode_without_passwords());
    format!("/events/{slug}/free-slots?{query}")
}

fn page(desk: &Desk, form: Form, results: Option<Results>) -> FreePage {
    let slug = desk.programme.event.slug.to_string();
    let clock = |name, label, help| TextField::new(name, label).help(help).numeric().optional();
    FreePage {
        shell: desk
            .seat
            .shell("Find a free time", Section::Timetable)
            .form(&form),
        slug,
        slot: form.fields.get("slot").to_owned(),
        kind: kind_field().of(&form),
        title: TextField::new("title", "Title")
            .help("Otherwise the kind and the names.")
            .optional()
            .of(&form),
        delegations: Choices::checkboxes("delegations", "Who meets", delegation_choices(desk))
            .inline()
            .of(&form),
        minutes: TextField::new("minutes", "Minutes").numeric().of(&form),
        room: room_field(desk).of(&form),
        people: TextField::new("people", "Room for")
            .help("People; otherwise the parties.")
            .numeric()
            .optional()
            .of(&form),
        interpretation: interpretation_field().of(&form),
        interpreters: interpreter_field(desk).map(|field| field.of(&form)),
        pairs: pairs_field(desk).map(|field| field.of(&form)),
        day: day_field(desk).of(&form),
        from: clock("from", "Not before", "As in 14:40.").of(&form),
        until: clock("until", "Over by", "As in 18:00.").of(&form),
        near: clock("near", "Best near", "Otherwise early.").of(&form),
        results,
        form,
    }
}

fn room_field(desk: &Desk) -> Select {
    let rooms = desk.programme.rooms.iter().map(|room| {
        let label = format!("{} ({} people)", room.name, room.capacity);
        Choice::new(room.code.as_str(), label)
    });
    let any = Choice::new(ANY_ROOM, "Any room that is large enough");
    let none = Choice::new(NO_ROOM, "No room yet");
    Select::new("room", "Room", [any].into_iter().chain(rooms).chain([none]))
}

/// The pairs that anybody at the event interprets between.
fn pairs_field(desk: &Desk) -> Option<Choices> {
    let mut pairs: Vec<&LanguagePair> = Vec::new();
    for pair in desk
        .programme
        .interpreters
        .iter()
        .flat_map(|each| &each.pairs)
    {
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    let choices = pairs
        .iter()
        .map(|pair| Choice::new(pair.to_string(), pair.to_string()));
    let field = Choices::checkboxes("pairs", "Anybody who interprets between", choices);
    (!pairs.is_empty()).then(|| field.inline())
}

fn day_field(desk: &Desk) -> Select {
    let days = &desk.programme.event.days;
    let each = days
        .iter()
        .map(|day| Choice::new(day.date.to_string(), day_in_words(day.date)));
    let any = (days.len() > 1).then(|| Choice::new(ANY_DAY, "Any day of the event"));
    Select::new("day", "Day", each.chain(any))
}

fn results(desk: &Desk, fields: &Fields, wish: &Wish) -> Results {
    let programme = &desk.programme;
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
        .map(|(each, rank)| offer_line(desk, wish, each, rank))
        .collect();
    let advice = shared_advice(&mut best);
    let more = best.split_off(best.len().min(OPEN_OFFERS));
    let action = match wish.moves() {
        _ if !desk.seat.may_change() => String::new(),
        Some(slot) => format!("/slots/{slot}"),
        None => format!("/events/{}/slots", programme.event.slug),
    };
    Results {
        summary: summary(free, free + refused),
        order: order(programme, wish),
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

fn order(programme: &Programme, wish: &Wish) -> String {
    let first = wish.nearest().map_or_else(
        || {
            "The fewest pieces of advice come first, then full and half hours, quarters, and the rest, each by time."
                .to_owned()
        },
        |near| format!("The nearest to {} come first.", programme.event.time_zone.clock(near)),
    );
    format!(
        "{first} At each start the smallest room that is large enough and free, and the fewest interpreters that do."
    )
}

/// Takes what every offer is advised against out of the offers: it is said once.
fn shared_advice(offers: &mut [OfferLine]) -> Vec<Mark> {
    let same =
        |one: &Mark, other: &Mark| (one.rule, &one.sentence) == (other.rule, &other.sentence);
    let Some((first, others)) = offers.split_first() else {
        return Vec::new();
    };
    let everywhere = |mark: &&Mark| {
        others
            .iter()
            .all(|offer| offer.advice.iter().any(|each| same(each, mark)))
    };
    let shared: Vec<Mark> = first.advice.iter().filter(everywhere).cloned().collect();
    for offer in offers {
        offer
            .advice
            .retain(|mark| !shared.iter().any(|each| same(each, mark)));
    }
    shared
}

fn offer_line(desk: &Desk, wish: &Wish, ranked: &Ranked, rank: usize) -> OfferLine {
    let programme = &desk.programme;
    let Ranked { offer, advice } = ranked;
    let details = wish.details(offer.interval, offer.room, &offer.interpreters);
    let candidate = Candidate {
        id: wish.moves(),
        details: &details,
    };
    let interpreters: Vec<&str> = details
        .interpreters
        .iter()
        .filter_map(|id| programme.interpreter(*id))
        .map(|each| each.name.as_str())
        .collect();
    let room = offer.room.and_then(|id| programme.room(id));
    OfferLine {
        rank,
        day: programme
            .event
            .time_zone
            .day_in_words(offer.interval.start()),
        time: clock_range(programme, offer.interval),
        room: room.map_or_else(|| "No room yet".to_owned(), |room| room.name.to_string()),
        seats: room
            .map(|room| format!("{} people", room.capacity))
            .unwrap_or_default(),
        interpreters: interpreters.join(", "),
        advice: marks(desk, candidate, advice),
        fields: if desk.seat.may_change() {
            booking_fields(programme, wish, &details)
        } else {
            Vec::new()
        },
    }
}

/// What one press sends: the slot form, filled in.
fn booking_fields(
    programme: &Programme,
    wish: &Wish,
    details: &crate::slot::Details,
) -> Vec<(String, String)> {
    let placed = forms::fields_of_details(programme, details);
    let stored = wish
        .moves()
        .and_then(|id| programme.slot(id))
        .map(|slot| forms::fields_of(programme, slot));
    // What a search does not know stays as it is stored.
    let stays = |name: &str| stored.is_some() && ["note", "version", "state"].contains(&name);
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

fn first(programme: &Programme, offer: &Offer) -> String {
    let room = offer.room.and_then(|id| programme.room(id));
    let room = room.map_or_else(String::new, |room| format!(" in {}", room.name));
    let first = programme.event.time_zone.clock(offer.interval.start());
    format!("the first at {first}{room}")
}

/// One line for each run of starts with the same obstacle.
fn refused_lines(programme: &Programme, refused: &[Refused]) -> Vec<RefusedLine> {
    let zone = programme.event.time_zone;
    let mut runs: Vec<(Interval, Interval, String)> = Vec::new();
    for Refused { interval, obstacle } in refused {
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
