//! The search form: from typed values to a [`SearchRequest`], and from the slot form to the search form.

use chrono::NaiveDate;

use crate::core::delegation::Delegation;
use crate::core::free::relaxing::Relaxation;
use crate::core::free::wish::{RoomChoice, SearchRequest, SearchRequestError};
use crate::core::interpreter::LanguagePair;
use crate::core::programme::Programme;
use crate::core::slot::{EVERY_CODE, MeetingFormat, Resource, Slot, SlotId, SlotKind};
use crate::core::text::TextLine;
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::time::{ClockTime, Instant, parse_date};
use crate::server::Error;
use crate::server::form::{FieldErrors, Fields};
use crate::server::forms::slot;

/// Every field the search form may send.
const FIELDS: &[&str] = &[
    "kind",
    "format",
    "accompanying",
    "title",
    "delegations",
    "left_out",
    "minutes",
    "room",
    "people",
    "interpretation",
    "interpreters",
    "pairs",
    "day",
    "from",
    "until",
    "near",
    "slot",
];

/// The word for any room that is large enough; no code begins with a hyphen.
pub const ANY_ROOM: &str = "-any";
/// The word for no room yet.
pub const NO_ROOM: &str = "-none";
/// The word for every day of the event.
pub const ANY_DAY: &str = "any";
/// Default length of a meeting, in minutes.
const USUAL_MINUTES: i32 = 30;

/// The fields of a search, if there are no others among them.
///
/// # Errors
/// When a field was sent that the form does not have, or the address is in a broken encoding.
pub fn known_fields(query: &str) -> Result<Fields, Error> {
    let fields = Fields::parse(query.as_bytes())?.only(FIELDS)?;
    // The page carries who is left out of a slot for all unseen, so that unticking "all" must take it out.
    let all = fields.all("delegations").any(|each| each == EVERY_CODE);
    let kept = fields.iter().filter(|(name, _)| all || *name != "left_out");
    Ok(Fields::from_pairs(kept))
}

/// True when the form was sent, not only opened from another page.
#[must_use]
pub fn was_sent(fields: &Fields) -> bool {
    fields.iter().any(|(name, _)| name == "minutes")
}

/// Fills fields that are still empty.
#[must_use]
pub fn prefilled(programme: &Programme, fields: &Fields) -> Fields {
    let first = programme.event.days.first();
    let usual = [
        ("kind", SlotKind::Bilateral.as_str().to_owned()),
        ("minutes", USUAL_MINUTES.to_string()),
        ("room", ANY_ROOM.to_owned()),
        ("interpretation", slot::INTERPRETATION_WANTED.to_owned()),
        (
            "day",
            first.map_or_else(String::new, |day| day.date.to_string()),
        ),
    ];
    let chosen = fields.iter().filter(|(_, value)| !value.is_empty());
    let missing = usual
        .iter()
        .filter(|(name, _)| fields.get(name).is_empty())
        .map(|(name, value)| (*name, value.as_str()));
    Fields::from_pairs(chosen.chain(missing))
}

/// Converts what was typed in the slot form to a search, without reasons and internal note, since a search is in
/// the address.
#[must_use]
pub fn carried(programme: &Programme, slot_form: &Fields, slot: Option<SlotId>) -> Fields {
    let same = [
        "kind",
        "format",
        "accompanying",
        "title",
        "day",
        "delegations",
        "left_out",
        "interpretation",
        "interpreters",
    ];
    let kept = slot_form.iter().filter(|(name, _)| same.contains(name));
    let mut fields = Fields::from_pairs(kept);
    let room = Some(slot_form.get("room")).filter(|room| !room.is_empty());
    fields.push("room", room.unwrap_or(ANY_ROOM));
    fields.push("near", slot_form.get("start"));
    let typed = slot::interval(programme, slot_form, &mut FieldErrors::default());
    if let Some(interval) = typed {
        let grid = programme.event.settings.grid_minutes.max(1);
        let minutes = (interval.minutes() + grid - 1).div_euclid(grid) * grid;
        fields.push("minutes", minutes.to_string());
    }
    if let Some(slot) = slot {
        fields.push("slot", slot.to_string());
    }
    fields
}

/// The same search with a demand given up.
#[must_use]
pub fn relaxed(programme: &Programme, fields: &Fields, what: &Relaxation) -> Fields {
    let set = |name: &str, value: String| with(fields, &[name], &[(name, value)]);
    let whole_day = ["day", "from", "until"];
    match what {
        Relaxation::AnyTime => with(fields, &whole_day[1..], &[]),
        Relaxation::AnyRoom => with(
            fields,
            &["room", "people"],
            &[("room", ANY_ROOM.to_owned())],
        ),
        Relaxation::WithoutInterpretation => with(fields, &["interpretation"], &[]),
        Relaxation::NoRoom => set("room", NO_ROOM.to_owned()),
        Relaxation::Shorter(minutes) => set("minutes", minutes.to_string()),
        Relaxation::OtherDay(date) => with(fields, &whole_day, &[("day", date.to_string())]),
        Relaxation::Without(resource) => {
            let code = match resource {
                Resource::Delegation(id) => programme.delegation(*id).map(|each| &each.code),
                Resource::Interpreter(id) => programme.interpreter(*id).map(|each| &each.code),
                Resource::Room(id) => programme.room(*id).map(|each| &each.code),
            };
            let code = code.map_or("", |code| code.as_str());
            let others = |(name, value): &(&str, &str)| {
                !["delegations", "interpreters"].contains(name) || *value != code
            };
            let all = fields.all("delegations").any(|each| each == EVERY_CODE);
            let left_out =
                (all && matches!(resource, Resource::Delegation(_))).then_some(("left_out", code));
            Fields::from_pairs(fields.iter().filter(others).chain(left_out))
        }
        Relaxation::WithoutPair(pair) => {
            let others = |(name, value): &(&str, &str)| {
                *name != "pairs" || LanguagePair::parse(value).as_ref() != Ok(pair)
            };
            Fields::from_pairs(fields.iter().filter(others))
        }
    }
}

/// The fields without some, then with others.
fn with(fields: &Fields, without: &[&str], more: &[(&str, String)]) -> Fields {
    let kept = fields.iter().filter(|(name, _)| !without.contains(name));
    let more = more.iter().map(|(name, value)| (*name, value.as_str()));
    Fields::from_pairs(kept.chain(more))
}

/// Reads a search.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(programme: &Programme, fields: &Fields) -> Result<SearchRequest, FieldErrors> {
    let mut errors = FieldErrors::default();
    let kind = slot::choice::<SlotKind>(
        &mut errors,
        "kind",
        fields.get("kind"),
        "Choose what the slot is for.",
    );
    let (parties, of_all) = slot::participants(programme, fields, &mut errors);
    let interpreters = slot::interpreters(programme, fields.all("interpreters"), &mut errors);
    let pairs = fields.all("pairs").filter_map(|pair| {
        let pair = LanguagePair::parse(pair);
        errors.check("pairs", "Interpretation:", pair)
    });
    let pairs: Vec<LanguagePair> = pairs.collect();
    let minutes = fields.get("minutes").trim().parse().unwrap_or(0);
    let place = place(programme, fields, &mut errors);
    let times = times(programme, fields, &mut errors);
    let near = near(programme, fields, &mut errors);
    let title = title(
        programme,
        fields,
        kind.unwrap_or(SlotKind::Other),
        &mut errors,
    );
    let slot = slot(programme, fields.get("slot"), &mut errors);
    let format = format(fields, kind, slot, &mut errors);
    let minutes = errors.take("minutes", SearchRequest::length(programme, minutes));
    if parties.is_empty() && errors.get("delegations").is_none() {
        errors.add("delegations", SearchRequestError::NoParties.to_string());
    }
    let wish = kind
        .zip(minutes)
        .zip(times)
        .and_then(|((kind, minutes), times)| {
            let wish = SearchRequest::new(programme, kind, parties, minutes).ok()?;
            let wish = wish.in_format(programme, format);
            let wish = errors.take("pairs", wish.interpreted_between(pairs))?;
            errors.take("day", wish.within(programme, &times))
        });
    match (wish, title) {
        (Some(wish), Some(title)) if errors.is_empty() => {
            let wish = wish.titled(title).interpreted_by(interpreters).near(near);
            let wish = wish.of_all(of_all);
            let wish = if fields.flag("interpretation") {
                wish.interpreted()
            } else {
                wish
            };
            let wish = place.map_or(wish.clone(), |place| wish.at(place));
            Ok(slot.map_or(wish.clone(), |slot| wish.moving(slot.id)))
        }
        _ => Err(errors),
    }
}

/// Reads the format that the slot form sent along, or takes that of the slot; a kind that is chosen here has perhaps none.
fn format(
    fields: &Fields,
    kind: Option<SlotKind>,
    slot: Option<&Slot>,
    errors: &mut FieldErrors,
) -> MeetingFormat {
    let stored = slot.map(|slot| slot.content().format).unwrap_or_default();
    let typed = |name: &str| Some(fields.get(name)).filter(|typed| !typed.is_empty());
    let mut format = match (typed("format"), typed("accompanying")) {
        (None, None) => stored,
        (style, people) => {
            let people = people.map(|people| people.trim().parse().ok());
            slot::format(None, style, people, errors)
        }
    };
    format.style = format
        .style
        .filter(|_| kind.is_some_and(MeetingFormat::has_style));
    format
}

/// Reads room and people; `None` means any room that is large enough for the parties.
pub(crate) fn place(
    programme: &Programme,
    fields: &Fields,
    errors: &mut FieldErrors,
) -> Option<RoomChoice> {
    match fields.get("room") {
        ANY_ROOM => {
            let people = fields.get("people");
            let read = || errors.number("people", "Room for", people, 1..=100_000);
            (!people.trim().is_empty())
                .then(read)?
                .map(RoomChoice::Holding)
        }
        NO_ROOM => Some(RoomChoice::Nowhere),
        "" => errors.take("room", Err("Choose a room, any room, or no room yet.")),
        code => slot::room(programme, code, errors)
            .flatten()
            .map(RoomChoice::Certain),
    }
}

/// Reads `day`, `from` and `until`: the same hours on each day asked for.
pub(crate) fn times(
    programme: &Programme,
    fields: &Fields,
    errors: &mut FieldErrors,
) -> Option<Vec<Interval>> {
    let event = &programme.event;
    let dates: Vec<NaiveDate> = match fields.get("day") {
        ANY_DAY => event.days.iter().map(|day| day.date).collect(),
        day => vec![errors.take("day", parse_date(day))?],
    };
    let from = clock(fields, "from", errors)?;
    let until = clock(fields, "until", errors)?.map(|until| match from {
        Some(from) => until.after(from),
        None => until,
    });
    let mut times = Vec::new();
    for date in dates {
        if event.day(date).is_none() {
            return errors.take("day", Err(SearchRequestError::OutsideDays(date)));
        }
        let open = event.hours_of(date);
        let mut at = |field, clock: Option<ClockTime>, otherwise| match clock {
            Some(clock) => errors.take(field, event.time_zone.instant(date, clock)),
            None => Some(otherwise),
        };
        let start = at("from", from, open.start())?;
        let end = at("until", until, open.end())?;
        let time = Interval::stay(start, end)
            .ok_or("The latest end must be after the earliest start, within the opening hours.");
        // The one that was typed is at fault.
        let field = if until.is_none() && from.is_some() {
            "from"
        } else {
            "until"
        };
        times.push(errors.take(field, time)?);
    }
    Some(times)
}

/// Reads a time on the clock that may be left out; `None` when it is none.
#[expect(
    clippy::option_option,
    reason = "outside: was it valid; inside: was there one"
)]
fn clock(fields: &Fields, field: &str, errors: &mut FieldErrors) -> Option<Option<ClockTime>> {
    match fields.get(field).trim() {
        "" => Some(None),
        typed => errors.take(field, typed.parse()).map(Some),
    }
}

/// Reads the time to be near to: that day, or the event's first.
fn near(programme: &Programme, fields: &Fields, errors: &mut FieldErrors) -> Option<Instant> {
    let clock = clock(fields, "near", errors)??;
    let first = programme.event.days.first()?.date;
    let date = parse_date(fields.get("day")).unwrap_or(first);
    errors.take("near", programme.event.time_zone.instant(date, clock))
}

/// Reads the title, or makes one of the kind and the parties.
fn title(
    programme: &Programme,
    fields: &Fields,
    kind: SlotKind,
    errors: &mut FieldErrors,
) -> Option<TextLine> {
    let typed = fields.get("title");
    if !typed.trim().is_empty() {
        return errors.check("title", "Title", TextLine::parse(typed));
    }
    let chosen = |party: &Delegation| {
        let code = party.code.as_str();
        let named = |field| fields.all(field).any(|each| each == code);
        let all = fields.all("delegations").any(|each| each == EVERY_CODE);
        named("delegations") || all && !named("left_out")
    };
    usual_title(programme, kind, chosen)
}

/// Default title of a meeting: its kind and the parties.
pub(crate) fn usual_title(
    programme: &Programme,
    kind: SlotKind,
    takes_part: impl Fn(&Delegation) -> bool,
) -> Option<TextLine> {
    let parties = programme.delegations.iter();
    let names: Vec<&str> = parties
        .filter(|party| takes_part(party))
        .map(|party| party.name.as_str())
        .collect();
    let long = format!("{}: {}", kind.label(), names.join(", "));
    TextLine::parse(&long)
        .or_else(|_| TextLine::parse(kind.label()))
        .ok()
}

/// Reads which stored slot is to be moved, if any.
fn slot<'p>(programme: &'p Programme, id: &str, errors: &mut FieldErrors) -> Option<&'p Slot> {
    if id.is_empty() {
        return None;
    }
    let slot = id.parse().ok().and_then(|id| programme.slot(SlotId(id)));
    let unknown = "There is no such slot at this event; open it again.";
    errors.take("slot", slot.map(AsRef::as_ref).ok_or(unknown))
}
