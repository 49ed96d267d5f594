//! The objects of the API: codes instead of ids, times with the venue's offset.

mod programme;

pub(super) use programme::{ApiProgramme, EventAsSeen, Events};

use crate::documents::json::words;
pub(crate) use crate::documents::json::{
    format_words, kind_words, nullable_format_words, state_words,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use crate::core::free;
use crate::core::programme as house;
use crate::core::rule::{Level, Rule};
use crate::core::rules::{self, check_all, in_force};
use crate::core::slot::SlotState;
use crate::core::text_enum::TextEnum;
use crate::core::time::Zone;
use crate::core::time::interval::Interval;
use crate::core::visibility::VisibleSlot;
use crate::core::wording;

/// The states in which a plan can be booked.
pub(in crate::api) fn sketch_words() -> RefOr<Schema> {
    let states = [SlotState::Tentative, SlotState::Pencilled];
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(states.map(SlotState::as_str)))
        .into()
}

pub(in crate::api) fn rule_words() -> RefOr<Schema> {
    words::<Rule>()
}

pub(in crate::api) fn level_words() -> RefOr<Schema> {
    words::<Level>()
}

/// A slot: a booked block of the programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slot)]
pub(in crate::api) struct ApiSlot {
    /// The slot's id.
    #[schema(example = 2_251_799_813_685_248_i64)]
    id: i64,
    /// Kind of the slot.
    #[schema(schema_with = kind_words)]
    kind: &'static str,
    /// The format that is agreed, if one is.
    #[schema(schema_with = nullable_format_words)]
    format: Option<&'static str>,
    /// How many people come with each principal, where that is agreed.
    #[schema(required = true)]
    accompanying: Option<i32>,
    /// Title; delegations read it.
    #[schema(example = "Japan–Kazakhstan Foreign Ministers' Meeting")]
    title: String,
    /// The room's code, once it is known.
    #[schema(required = true, example = "conference")]
    room: Option<String>,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time", example = "2022-12-24T17:20:00+09:00")]
    starts_at: String,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time", example = "2022-12-24T17:45:00+09:00")]
    ends_at: String,
    /// Codes, in order of precedence.
    #[schema(example = json!(["JP", "KZ"]))]
    delegations: Vec<String>,
    /// Codes.
    #[schema(example = json!(["ru-1"]))]
    interpreters: Vec<String>,
    /// State of the slot.
    #[schema(schema_with = state_words)]
    state: &'static str,
    /// True when neither a plan nor the handling of delays moves it.
    fixed: bool,
    /// Raised by every write; `If-Match` takes it.
    version: i32,
    /// Raised by every change of which delegations are notified (RFC 5545 SEQUENCE).
    sequence: i32,
    /// Codes of delegations that see it without taking part; `*` is all of them.
    #[schema(example = json!([]))]
    audience: Vec<String>,
    /// True for a slot for all delegations: those that are added later take part too.
    all_delegations: bool,
    /// Codes of the delegations that a slot for all leaves out.
    #[schema(example = json!([]))]
    left_out: Vec<String>,
}

impl ApiSlot {
    /// A slot as its viewer may see it.
    pub(in crate::api) fn of(view: VisibleSlot<'_>, zone: Zone) -> Self {
        let interpreters = view.interpreters().unwrap_or_default();
        Self {
            id: view.id().0,
            kind: view.kind().as_str(),
            format: view.format().style.map(TextEnum::as_str),
            accompanying: view.format().accompanying,
            title: view.title().to_owned(),
            room: view.room().map(|room| room.code.to_string()),
            starts_at: zone.rfc3339(view.interval().start()),
            ends_at: zone.rfc3339(view.interval().end()),
            delegations: view
                .delegations()
                .map(|each| each.code.to_string())
                .collect(),
            interpreters: interpreters
                .iter()
                .map(|each| each.code.to_string())
                .collect(),
            state: view.state().as_str(),
            fixed: view.fixed().unwrap_or_default(),
            version: view.version().unwrap_or_default(),
            sequence: view.sequence(),
            audience: view.audience().unwrap_or_default(),
            all_delegations: view.left_out().is_some(),
            left_out: view.left_out().unwrap_or_default(),
        }
    }

    /// The version.
    pub(in crate::api) const fn version(&self) -> i32 {
        self.version
    }
}

/// An interval of presence.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Span {
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    starts_at: String,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    ends_at: String,
}

impl Span {
    pub(in crate::api) fn of(interval: Interval, zone: Zone) -> Self {
        Self {
            starts_at: zone.rfc3339(interval.start()),
            ends_at: zone.rfc3339(interval.end()),
        }
    }
}

/// A resource: a delegation, room or interpreter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Resource)]
struct ApiResource {
    /// `delegation`, `room` or `interpreter`.
    #[schema(example = "delegation")]
    kind: &'static str,
    #[schema(example = "KZ")]
    code: String,
}

impl ApiResource {
    fn of(programme: &house::Programme, resource: crate::core::slot::Resource) -> Option<Self> {
        let (kind, code) = match resource {
            crate::core::slot::Resource::Delegation(id) => {
                ("delegation", &programme.delegation(id)?.code)
            }
            crate::core::slot::Resource::Room(id) => ("room", &programme.room(id)?.code),
            crate::core::slot::Resource::Interpreter(id) => {
                ("interpreter", &programme.interpreter(id)?.code)
            }
        };
        Some(Self {
            kind,
            code: code.to_string(),
        })
    }
}

/// A finding of a rule about a slot: a conflict, a need for a reason, or advice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conflict)]
pub(in crate::api) struct ApiConflict {
    #[schema(schema_with = rule_words)]
    rule: &'static str,
    #[schema(schema_with = level_words)]
    level: &'static str,
    /// Sentence: what is in the way, when it ends, what is free instead.
    #[schema(example = "Kazakhstan is in “Working lunch” until 14:00. It is free from 14:05.")]
    message: String,
    /// In a programme the slot concerned, in a refusal or dry run the other slot, which is in the way; null when there
    /// is none.
    #[schema(required = true)]
    slot: Option<i64>,
    /// The resource concerned; null when there is none.
    #[schema(required = true)]
    resource: Option<ApiResource>,
}

impl ApiConflict {
    fn of(
        programme: &house::Programme,
        conflict: &rules::Conflict,
        message: String,
        slot: Option<crate::core::slot::SlotId>,
    ) -> Self {
        let resource = conflict.finding.resource();
        Self {
            rule: conflict.rule().as_str(),
            level: conflict.level.as_str(),
            message,
            // Beside another slot of a plan there is none yet.
            slot: slot.map(|id| id.0).filter(|id| *id >= 0),
            resource: resource.and_then(|resource| ApiResource::of(programme, resource)),
        }
    }

    /// Lists the findings for a candidate without overridden rules.
    pub(in crate::api) fn in_the_way(
        programme: &house::Programme,
        candidate: rules::Candidate<'_>,
        conflicts: &[rules::Conflict],
    ) -> Vec<Self> {
        let judged = candidate.within(programme);
        let open = conflicts
            .iter()
            .filter(|conflict| in_force(&judged, conflict).is_none());
        open.map(|conflict| {
            let message = wording::sentence(programme, candidate, conflict);
            Self::of(programme, conflict, message, conflict.finding.other())
        })
        .collect()
    }

    /// Lists the findings for a programme without overridden rules.
    fn of_all(programme: &house::Programme) -> Vec<Self> {
        let all = check_all(programme);
        let open = all
            .iter()
            .filter(|conflict| in_force(programme, conflict).is_none());
        open.map(|conflict| {
            let message = wording::stored_sentence(programme, conflict);
            Self::of(programme, conflict, message, conflict.slot)
        })
        .collect()
    }
}

/// Another time or place that needs no reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alternative)]
pub(in crate::api) struct ApiAlternative {
    /// The room's code; null: no room.
    #[schema(required = true, example = "salon")]
    room: Option<String>,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time", example = "2022-12-24T18:30:00+09:00")]
    starts_at: String,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time", example = "2022-12-24T19:00:00+09:00")]
    ends_at: String,
    /// Codes of the interpreters, where others than those requested are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    interpreters: Option<Vec<String>>,
}

impl ApiAlternative {
    /// Lists alternatives to a candidate, without its present place.
    pub(in crate::api) fn to(
        programme: &house::Programme,
        candidate: rules::Candidate<'_>,
    ) -> Vec<Self> {
        let zone = programme.event.time_zone;
        let stored = candidate.id.and_then(|id| programme.slot(id));
        let stands_at = stored.map(|slot| slot.details.placement);
        let offers = free::alternatives(programme, candidate)
            .into_iter()
            .filter(|offer| stands_at != Some(offer.placement));
        offers
            .map(|offer| Self {
                room: room_code(programme, offer.placement.room),
                starts_at: zone.rfc3339(offer.placement.interval.start()),
                ends_at: zone.rfc3339(offer.placement.interval.end()),
                interpreters: (offer.interpreters != candidate.content.interpreters)
                    .then(|| interpreter_codes(programme, &offer.interpreters)),
            })
            .collect()
    }
}

pub(in crate::api) fn room_code(
    programme: &house::Programme,
    room: Option<crate::core::room::RoomId>,
) -> Option<String> {
    Some(programme.room(room?)?.code.to_string())
}

pub(in crate::api) fn delegation_codes(
    programme: &house::Programme,
    delegations: &[crate::core::delegation::DelegationId],
) -> Vec<String> {
    let parties = programme.delegations.iter();
    parties
        .filter(|party| delegations.contains(&party.id))
        .map(|party| party.code.to_string())
        .collect()
}

pub(in crate::api) fn interpreter_codes(
    programme: &house::Programme,
    interpreters: &[crate::core::interpreter::InterpreterId],
) -> Vec<String> {
    let known = interpreters.iter();
    known
        .filter_map(|id| Some(programme.interpreter(*id)?.code.to_string()))
        .collect()
}
