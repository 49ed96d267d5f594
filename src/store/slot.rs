//! Reads slots and overrides; [`crate::store::slot_write`] stores them.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::core::delegation::DelegationId;
use crate::core::event::EventId;
use crate::core::interpreter::InterpreterId;
use crate::core::room::RoomId;
use crate::core::rule::{Override, Rule};
use crate::core::slot::{
    AudienceKind, MeetingFormat, MeetingStyle, Placement, Resource, Slot, SlotAudience,
    SlotContent, SlotDetails, SlotId, SlotKind, SlotState,
};
use crate::core::text::TextLine;
use crate::core::time::interval::Interval;
use crate::core::time::{Instant, Moment};
use crate::db::Conn;
use crate::db::schema::{events, occupancy, overrides, slot_audiences, slots};
use crate::db::word::Word;

#[derive(Queryable, Selectable)]
#[diesel(table_name = slots)]
struct SlotRow {
    id: SlotId,
    kind: Word<SlotKind>,
    title: String,
    note: String,
    starts_at: Instant,
    ends_at: Instant,
    state: Word<SlotState>,
    interpretation_wanted: bool,
    fixed: bool,
    version: i32,
    sequence: i32,
    placement: i32,
    audience: Word<AudienceKind>,
    all_delegations: bool,
    format: Option<Word<MeetingStyle>>,
    accompanying: Option<i32>,
}

/// An event's slots, cancelled ones too.
pub fn of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Slot>> {
    let rows: Vec<SlotRow> = slots::table
        .filter(slots::event_id.eq(event))
        .select(SlotRow::as_select())
        .load(conn)?;
    let mut taken = resources_of_event(conn, event)?;
    let mut audiences = audiences_of_event(conn, event)?;
    rows.into_iter()
        .map(|row| {
            let OccupancyRows {
                room,
                delegations,
                interpreters,
            } = taken.remove(&row.id).unwrap_or_default();
            let interval = Interval::new(row.starts_at, row.ends_at)
                .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
            let details = SlotDetails {
                content: SlotContent {
                    kind: row.kind.0,
                    format: MeetingFormat {
                        style: row.format.map(|style| style.0),
                        accompanying: row.accompanying,
                    },
                    title: TextLine::stored(row.title),
                    note: row.note,
                    delegations,
                    all_delegations: row.all_delegations,
                    interpreters,
                    interpretation_wanted: row.interpretation_wanted,
                    audience: SlotAudience::of(
                        row.audience.0,
                        audiences.remove(&row.id).unwrap_or_default(),
                    ),
                },
                placement: Placement { interval, room },
                state: row.state.0,
                fixed: row.fixed,
            };
            Ok(Slot {
                id: row.id,
                details,
                version: row.version,
                sequence: row.sequence,
                moves: row.placement,
            })
        })
        .collect()
}

/// The slug of the event that a slot belongs to.
pub fn event_slug(conn: &mut Conn, slot: SlotId) -> QueryResult<Option<String>> {
    slots::table
        .inner_join(events::table.on(events::id.eq(slots::event_id)))
        .filter(slots::id.eq(slot))
        .select(events::slug)
        .get_result(conn)
        .optional()
}

/// The names in the audiences that have any.
fn audiences_of_event(
    conn: &mut Conn,
    event: EventId,
) -> QueryResult<HashMap<SlotId, Vec<DelegationId>>> {
    let rows: Vec<(SlotId, DelegationId)> = slot_audiences::table
        .inner_join(slots::table.on(slots::id.eq(slot_audiences::slot_id)))
        .filter(slots::event_id.eq(event))
        .select((slot_audiences::slot_id, slot_audiences::delegation_id))
        .load(conn)?;
    let mut audiences: HashMap<SlotId, Vec<DelegationId>> = HashMap::new();
    for (slot, delegation) in rows {
        audiences.entry(slot).or_default().push(delegation);
    }
    Ok(audiences)
}

#[derive(Default)]
struct OccupancyRows {
    room: Option<RoomId>,
    delegations: Vec<DelegationId>,
    interpreters: Vec<InterpreterId>,
}

fn resources_of_event(
    conn: &mut Conn,
    event: EventId,
) -> QueryResult<HashMap<SlotId, OccupancyRows>> {
    let rows: Vec<(SlotId, i64, String)> = occupancy::table
        .filter(occupancy::event_id.eq(event))
        .order((occupancy::slot_id, occupancy::resource_id))
        .select((occupancy::slot_id, occupancy::resource_id, occupancy::kind))
        .load(conn)?;
    let mut taken: HashMap<SlotId, OccupancyRows> = HashMap::new();
    for (slot, resource, kind) in rows {
        let entry = taken.entry(slot).or_default();
        match resource_of(&kind, resource) {
            Resource::Room(id) => entry.room = Some(id),
            Resource::Delegation(id) => entry.delegations.push(id),
            Resource::Interpreter(id) => entry.interpreters.push(id),
        }
    }
    Ok(taken)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = overrides)]
struct OverrideRow {
    slot_id: SlotId,
    slot_placement: i32,
    other_slot_id: Option<SlotId>,
    other_placement: Option<i32>,
    resource_kind: Option<String>,
    resource_id: Option<i64>,
    rule: Word<Rule>,
    reason: String,
    author: String,
    approved: Option<i32>,
    created_at: Moment,
}

/// Every override of an event, in force or expired.
pub fn overrides_of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Override>> {
    let rows: Vec<OverrideRow> = overrides::table
        .filter(overrides::event_id.eq(event))
        .order((overrides::created_at, overrides::id))
        .select(OverrideRow::as_select())
        .load(conn)?;
    let entry = |row: OverrideRow| Override {
        slot: row.slot_id,
        slot_moves: row.slot_placement,
        other: row.other_slot_id.zip(row.other_placement),
        resource: row
            .resource_kind
            .zip(row.resource_id)
            .map(|(kind, id)| resource_of(&kind, id)),
        rule: row.rule.0,
        reason: row.reason,
        author: row.author,
        approved: row.approved,
        at: row.created_at,
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn resource_of(kind: &str, id: i64) -> Resource {
    match kind {
        "room" => Resource::Room(RoomId(id)),
        "delegation" => Resource::Delegation(DelegationId(id)),
        _ => Resource::Interpreter(InterpreterId(id)),
    }
}
