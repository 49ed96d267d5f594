//! The search for free times: the page's own, answered in JSON.

use actix_web::HttpResponse;
use actix_web::web::Path;
use serde::Serialize;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::request::{ApiRequest, bad_request, unprocessable};
use super::shape::{ApiConflict, Span, interpreter_codes, kind_words, room_code};
use crate::core::free::{Ranked, SearchRequest, TakenTime, ranked, search};
use crate::core::programme::Programme;
use crate::core::rules::Candidate;
use crate::core::slot::SlotKind;
use crate::core::text_enum::TextEnum;
use crate::core::wording;
use crate::server::form::Fields;
use crate::server::forms::free::{ANY_DAY, ANY_ROOM, parse};
use crate::server::forms::slot;
use crate::server::problem::Problem;

/// Query of the search: participants, length, place and time. [`fields`] reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the form's own parser reads the values")]
pub(super) struct Search {
    /// Code of a delegation; may be repeated.
    #[param(explode, min_items = 1, example = json!(["JP", "KZ"]))]
    delegations: Vec<String>,
    /// Length in minutes, on the event's grid.
    #[param(minimum = 1, maximum = 1440, example = 30)]
    minutes: i32,
    /// Kind of the slot; a bilateral when left out.
    #[param(schema_with = kind_words, required = false)]
    kind: String,
    /// A room's code, or `-none` for no room yet; any that is large enough when left out.
    #[param(min_length = 1)]
    room: Option<String>,
    /// Number of people the room must hold; the parties when left out.
    #[param(minimum = 1)]
    people: Option<i32>,
    /// True when interpretation is wanted.
    interpretation: Option<bool>,
    /// Code of a required interpreter; may be repeated.
    #[param(explode)]
    interpreters: Option<Vec<String>>,
    /// Required language pair, as `ja-ru`; may be repeated.
    #[param(explode)]
    pairs: Option<Vec<String>>,
    /// The day; any of the event's when left out.
    #[param(format = "date", example = "2022-12-24")]
    day: Option<String>,
    /// The earliest start by the venue's clock.
    #[param(min_length = 1, example = "14:00")]
    from: Option<String>,
    /// The latest end by the venue's clock.
    #[param(min_length = 1, example = "18:00")]
    until: Option<String>,
    /// The preferred start by the venue's clock.
    #[param(min_length = 1, example = "15:00")]
    near: Option<String>,
    /// The id of a slot to move, which does not conflict with itself.
    slot: Option<i64>,
}

/// A time at which all participants are free.
#[derive(Debug, Serialize, ToSchema)]
struct FreeSlot {
    /// The room's code; null: none was wanted.
    #[schema(required = true)]
    room: Option<String>,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    starts_at: String,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    ends_at: String,
    /// Codes of the interpreters.
    interpreters: Vec<String>,
    /// Advice about it.
    advice: Vec<ApiConflict>,
}

/// A start that is refused.
#[derive(Debug, Serialize, ToSchema)]
struct TakenSlot {
    #[serde(flatten)]
    span: Span,
    /// What is in the way of the best offer there.
    message: String,
}

/// Result of a search.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundTimes {
    /// Offers: the nearest to the preferred start first, otherwise the best first.
    free: Vec<FreeSlot>,
    /// By time.
    taken: Vec<TakenSlot>,
}

/// Finds the times at which people, a room and interpreters are free together, and the first obstacle to all others.
#[utoipa::path(
    get, path = "/events/{slug}/free-slots", operation_id = "find_free_slots", tag = "Slots",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        Search,
    ),
    responses((status = 200, description = "What was found", body = FoundTimes)),
)]
pub(super) async fn free_slots(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    let programme = &context.programme;
    let fields = fields(ask.query_string())?;
    let wish = parse(programme, &fields).map_err(|errors| unprocessable(errors.iter()))?;
    let found = search(programme, &wish);
    Ok(HttpResponse::Ok().json(FoundTimes {
        free: ranked(programme, &wish, found.offers)
            .iter()
            .map(|ranked| free_slot(programme, &wish, ranked))
            .collect(),
        taken: found
            .refused
            .iter()
            .map(|refused| taken_slot(programme, refused))
            .collect(),
    }))
}

/// The fields of the page's form that say the same.
fn fields(query: &str) -> Result<Fields, Problem> {
    let sent = Fields::parse(query.as_bytes())
        .map_err(|_| bad_request("The query in the address has an invalid encoding."))?;
    let known = Search::into_params(|| Some(ParameterIn::Query));
    let mut fields = Fields::default();
    for (name, value) in sent.iter() {
        if !known.iter().any(|param| param.name == name) {
            let known: Vec<_> = known.iter().map(|param| param.name.as_str()).collect();
            let name: String = name.chars().take(40).collect();
            return Err(bad_request(format!(
                "Query in the address: unknown field “{name}”; the fields are {}.",
                known.join(", ")
            )));
        }
        match (name, value) {
            (_, "") => return Err(unprocessable([(name, "It is empty; leave it out.")])),
            ("interpretation", "true") => fields.push(name, slot::INTERPRETATION_WANTED),
            ("interpretation", "false") => {}
            ("interpretation", _) => {
                return Err(unprocessable([(name, "It is true or false.")]));
            }
            _ => fields.push(name, value),
        }
    }
    let usual = [
        ("kind", SlotKind::Bilateral.as_str()),
        ("room", ANY_ROOM),
        ("day", ANY_DAY),
    ];
    for (name, value) in usual {
        if fields.get(name).is_empty() {
            fields.push(name, value);
        }
    }
    Ok(fields)
}

fn free_slot(
    programme: &Programme,
    wish: &SearchRequest,
    Ranked { offer, advice }: &Ranked,
) -> FreeSlot {
    let zone = programme.event.time_zone;
    let details = wish.details(offer);
    let candidate = Candidate::of(wish.moves(), &details);
    FreeSlot {
        room: room_code(programme, offer.placement.room),
        starts_at: zone.rfc3339(offer.placement.interval.start()),
        ends_at: zone.rfc3339(offer.placement.interval.end()),
        interpreters: interpreter_codes(programme, &offer.interpreters),
        advice: ApiConflict::in_the_way(programme, candidate, advice),
    }
}

fn taken_slot(programme: &Programme, refused: &TakenTime) -> TakenSlot {
    TakenSlot {
        span: Span::of(refused.interval, programme.event.time_zone),
        message: wording::obstacle(programme, &refused.obstacle),
    }
}
