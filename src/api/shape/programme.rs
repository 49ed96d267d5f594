//! An event and its programme, with everything that slots refer to.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::{ApiConflict, ApiSlot, Span, words};
use crate::auth::session::EventAccess;
use crate::core::delegation::PrincipalRole;
use crate::core::programme as house;
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::visibility::{Viewer, visible};

fn role_words() -> RefOr<Schema> {
    words::<PrincipalRole>()
}

/// A room.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Room)]
struct ApiRoom {
    #[schema(example = "conference")]
    code: String,
    name: String,
    /// May be empty.
    name_ja: String,
    /// Number of people that fit.
    capacity: i32,
    /// Minutes reserved after a slot.
    turnaround_minutes: i32,
    /// Which kinds of slot it is for; empty: every kind.
    #[schema(value_type = Vec<String>, example = json!(["bilateral"]))]
    kinds: Vec<&'static str>,
    /// When it cannot be used, by time.
    closures: Vec<ApiClosure>,
}

/// A time in which a room cannot be used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomClosure)]
struct ApiClosure {
    #[serde(flatten)]
    when: Span,
    /// May be empty.
    reason: String,
}

/// A country's party.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delegation)]
struct ApiDelegation {
    #[schema(example = "KZ")]
    code: String,
    name: String,
    /// May be empty.
    name_ja: String,
    #[schema(schema_with = role_words)]
    role: &'static str,
    /// The minister.
    principal: String,
    /// May be empty.
    principal_ja: String,
    /// May be empty.
    principal_title: String,
    /// Rank in the order of precedence; the chair is 0.
    precedence: i32,
    /// The IANA zone at home.
    time_zone: String,
    /// BCP 47 tags, the preferred one first.
    languages: Vec<String>,
    /// People who come into a room, the principal included.
    party_size: i32,
    /// Intervals of presence; empty: always present.
    presence: Vec<Span>,
}

/// An interpreter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interpreter)]
struct ApiInterpreter {
    #[schema(example = "ru-1")]
    code: String,
    name: String,
    /// Each works both ways; BCP 47 tags.
    #[schema(example = json!([["ja", "ru"]]))]
    pairs: Vec<[String; 2]>,
    /// Intervals of presence; empty: always present.
    presence: Vec<Span>,
}

/// Contact details of the protocol office.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Office)]
struct ApiOffice {
    name: String,
    email: String,
    /// May be empty.
    phone: String,
}

/// A day with its opening hours, by the venue's clock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Day)]
struct ApiDay {
    #[schema(format = "date", example = "2022-12-24")]
    date: String,
    #[schema(example = "08:30")]
    opens: String,
    #[schema(example = "21:00")]
    closes: String,
}

/// The rules' figures, in minutes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
struct ApiSettings {
    /// Slots begin and end on multiples of this.
    grid_minutes: i32,
    /// Minimum gap of a principal or an interpreter between two rooms.
    minimum_gap_minutes: i32,
    /// The chair's longest run without a break.
    chair_run_minutes: i32,
    /// True when a longer run needs a reason.
    chair_rest_needs_reason: bool,
    interpreter_alone_minutes: i32,
    interpreter_team_minutes: i32,
    interpreter_rest_minutes: i32,
}

/// An event: a ministerial meeting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(in crate::api) struct ApiEvent {
    /// Its name in addresses.
    #[schema(example = "ca-jad-9")]
    slug: String,
    name: String,
    /// May be empty.
    name_ja: String,
    venue: String,
    /// May be empty.
    venue_ja: String,
    /// The venue's IANA zone.
    #[schema(example = "Asia/Tokyo")]
    time_zone: String,
    days: Vec<ApiDay>,
    office: ApiOffice,
    settings: ApiSettings,
    /// Revision of its programme: the number of writes.
    revision: i64,
}

impl ApiEvent {
    pub(in crate::api) fn of(event: &crate::core::event::Event) -> Self {
        let (office, settings) = (&event.office, &event.settings);
        Self {
            slug: event.slug.to_string(),
            name: event.name.to_string(),
            name_ja: event.name_ja.clone(),
            venue: event.venue.to_string(),
            venue_ja: event.venue_ja.clone(),
            time_zone: event.time_zone.name().to_owned(),
            days: event
                .days
                .iter()
                .map(|day| ApiDay {
                    date: day.date.to_string(),
                    opens: day.opens.to_string(),
                    closes: day.closes.to_string(),
                })
                .collect(),
            office: ApiOffice {
                name: office.name.to_string(),
                email: office.email.to_string(),
                phone: office.phone.clone(),
            },
            settings: ApiSettings {
                grid_minutes: settings.grid_minutes,
                minimum_gap_minutes: settings.minimum_gap_minutes,
                chair_run_minutes: settings.chair_run_minutes,
                chair_rest_needs_reason: settings.chair_rest_needs_reason,
                interpreter_alone_minutes: settings.interpreter_alone_minutes,
                interpreter_team_minutes: settings.interpreter_team_minutes,
                interpreter_rest_minutes: settings.interpreter_rest_minutes,
            },
            revision: event.revision.0,
        }
    }
}

/// An event, with the token's rights there.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct EventAsSeen {
    #[serde(flatten)]
    event: ApiEvent,
    /// True when the token may change its programme.
    may_change: bool,
}

impl EventAsSeen {
    pub(in crate::api) fn of(event: &crate::core::event::Event, access: &EventAccess) -> Self {
        Self {
            event: ApiEvent::of(event),
            may_change: access.may_change(),
        }
    }
}

/// The events at which the user has a role.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Events {
    pub(in crate::api) events: Vec<EventAsSeen>,
}

/// All slots of an event at one revision, with rooms, people and findings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Programme)]
pub(in crate::api) struct ApiProgramme {
    event: ApiEvent,
    revision: i64,
    /// By time; cancelled ones are left out.
    slots: Vec<ApiSlot>,
    rooms: Vec<ApiRoom>,
    /// In order of precedence.
    delegations: Vec<ApiDelegation>,
    interpreters: Vec<ApiInterpreter>,
    /// Findings of the rules, the strictest first.
    conflicts: Vec<ApiConflict>,
}

impl ApiProgramme {
    pub(in crate::api) fn of(programme: &house::Programme) -> Self {
        let zone = programme.event.time_zone;
        let spans = |presence: &[Interval]| {
            let stays = presence.iter();
            stays.map(|stay| Span::of(*stay, zone)).collect()
        };
        Self {
            event: ApiEvent::of(&programme.event),
            revision: programme.event.revision.0,
            slots: visible(programme, Viewer::Staff)
                .map(|view| ApiSlot::of(view, zone))
                .collect(),
            rooms: programme
                .rooms
                .iter()
                .map(|room| ApiRoom {
                    code: room.code.to_string(),
                    name: room.name.to_string(),
                    name_ja: room.name_ja.clone(),
                    capacity: room.capacity,
                    turnaround_minutes: room.turnaround_minutes,
                    kinds: room.kinds.iter().map(|kind| kind.as_str()).collect(),
                    closures: room
                        .closures
                        .iter()
                        .map(|closure| ApiClosure {
                            when: Span::of(closure.interval, zone),
                            reason: closure.reason.clone(),
                        })
                        .collect(),
                })
                .collect(),
            delegations: programme
                .delegations
                .iter()
                .map(|each| ApiDelegation {
                    code: each.code.to_string(),
                    name: each.name.to_string(),
                    name_ja: each.name_ja.clone(),
                    role: each.role.as_str(),
                    principal: each.principal.to_string(),
                    principal_ja: each.principal_ja.clone(),
                    principal_title: each.principal_title.clone(),
                    precedence: each.precedence,
                    time_zone: each.time_zone.name().to_owned(),
                    languages: each.languages.clone(),
                    party_size: each.party_size,
                    presence: spans(&each.presence),
                })
                .collect(),
            interpreters: programme
                .interpreters
                .iter()
                .map(|each| ApiInterpreter {
                    code: each.code.to_string(),
                    name: each.name.to_string(),
                    pairs: each
                        .pairs
                        .iter()
                        .map(|pair| pair.languages().map(str::to_owned))
                        .collect(),
                    presence: spans(&each.presence),
                })
                .collect(),
            conflicts: ApiConflict::of_all(programme),
        }
    }
}
