//! The agenda as data for another program.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

use crate::core::agenda::{Agenda, AgendaEntry, Audience};
use crate::core::slot::{MeetingStyle, SlotKind, SlotState};
use crate::core::text_enum::TextEnum;
use crate::core::time::{Instant, Zone};

/// Writes the data, indented for people who look into the file.
///
/// # Errors
/// When `serde_json` fails, which it does not on this shape.
pub fn render(agenda: &Agenda) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(&JsonAgenda::of(agenda))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The words of an enum, as a schema.
pub(crate) fn words<E: TextEnum>() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(E::ALL.iter().map(|each| each.as_str())))
        .into()
}

/// The kinds of slots.
pub(crate) fn kind_words() -> RefOr<Schema> {
    words::<SlotKind>()
}

/// The formats of meetings.
pub(crate) fn format_words() -> RefOr<Schema> {
    words::<MeetingStyle>()
}

/// The formats of meetings, and null where none is agreed.
pub(crate) fn nullable_format_words() -> RefOr<Schema> {
    let words = MeetingStyle::ALL.iter().map(|each| Some(each.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.chain([None])))
        .into()
}

/// The states of slots.
pub(crate) fn state_words() -> RefOr<Schema> {
    words::<SlotState>()
}

/// An agenda as data.
#[derive(Serialize, ToSchema)]
#[schema(as = Agenda)]
pub(crate) struct JsonAgenda<'a> {
    event: EventPart<'a>,
    revision: i64,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    issued_at: String,
    viewer: ViewerPart<'a>,
    /// By time.
    slots: Vec<SlotPart<'a>>,
}

/// The event an agenda is of.
#[derive(Serialize, ToSchema)]
#[schema(as = AgendaEvent)]
struct EventPart<'a> {
    slug: &'a str,
    name: &'a str,
    name_ja: &'a str,
    venue: &'a str,
    venue_ja: &'a str,
    time_zone: &'static str,
    /// The days that have slots.
    #[schema(format = "date")]
    days: Vec<String>,
}

/// `"staff"` or `{"delegation": "KZ"}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AgendaViewer)]
enum ViewerPart<'a> {
    Staff,
    Delegation(&'a str),
}

/// A slot as the API has it; what only staff may see is left out for others, not written as empty.
#[derive(Serialize, ToSchema)]
#[schema(as = AgendaSlot)]
struct SlotPart<'a> {
    id: i64,
    #[schema(schema_with = kind_words)]
    kind: &'static str,
    title: &'a str,
    /// The room's code, once that is known.
    #[schema(required = true)]
    room: Option<&'a str>,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    starts_at: String,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    ends_at: String,
    delegations: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    interpreters: Option<Vec<&'a str>>,
    #[schema(schema_with = state_words)]
    state: &'static str,
    /// True when neither a plan nor the handling of delays moves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fixed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<i32>,
    sequence: i32,
    /// Codes of delegations that see it without taking part; `*` is all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    audience: Option<&'a [String]>,
    /// True for a slot for all delegations: those that are added later take part too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    all_delegations: Option<bool>,
    /// Codes of the delegations that a slot for all leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left_out: Option<&'a [String]>,
    /// The format that is agreed, if one is.
    #[schema(schema_with = nullable_format_words)]
    format: Option<&'static str>,
    /// How many people come with each principal, where that is agreed.
    #[schema(required = true)]
    accompanying: Option<i32>,
}

impl<'a> JsonAgenda<'a> {
    fn of(agenda: &'a Agenda) -> Self {
        Self {
            event: EventPart {
                slug: &agenda.slug,
                name: &agenda.name,
                name_ja: &agenda.name_ja,
                venue: &agenda.venue,
                venue_ja: &agenda.venue_ja,
                time_zone: agenda.zone.name(),
                days: agenda.days.iter().map(|day| day.date.to_string()).collect(),
            },
            revision: agenda.revision.0,
            issued_at: agenda.zone.local_moment(agenda.issued_at).to_rfc3339(),
            viewer: match &agenda.audience {
                Audience::Staff => ViewerPart::Staff,
                Audience::Delegation(party, _) => ViewerPart::Delegation(&party.code),
            },
            slots: agenda
                .entries()
                .map(|entry| SlotPart::of(entry, agenda.zone))
                .collect(),
        }
    }
}

impl<'a> SlotPart<'a> {
    fn of(entry: &'a AgendaEntry, zone: Zone) -> Self {
        let time = |instant: Instant| zone.rfc3339(instant);
        let shown_to = entry.shown_to.as_deref();
        Self {
            id: entry.id.0,
            kind: entry.kind.as_str(),
            title: &entry.title,
            room: entry.room.as_ref().map(|room| room.code.as_str()),
            starts_at: time(entry.interval.start()),
            ends_at: time(entry.interval.end()),
            delegations: entry
                .parties
                .iter()
                .map(|party| party.code.as_str())
                .collect(),
            interpreters: entry
                .interpreters
                .as_ref()
                .map(|them| them.iter().map(|one| one.code.as_str()).collect()),
            state: entry.state.as_str(),
            fixed: entry.fixed,
            version: entry.version,
            sequence: entry.sequence,
            audience: shown_to,
            all_delegations: shown_to.map(|_| entry.left_out.is_some()),
            left_out: shown_to.map(|_| entry.left_out.as_deref().unwrap_or_default()),
            format: entry.format.style.map(TextEnum::as_str),
            accompanying: entry.format.accompanying,
        }
    }
}
