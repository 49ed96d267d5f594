//! Stores slots, their occupancy and overrides. Only [`EventTx`] writes them.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::prelude::*;

use crate::core::event::EventId;
use crate::core::programme::Programme;
use crate::core::room::Room;
use crate::core::rule::{Level, Override, Rule};
use crate::core::rules::{Candidate, RuleFinding, extent, overlap};
use crate::core::slot::{AudienceKind, MeetingStyle, Resource, Slot, SlotId, SlotKind, SlotState};
use crate::core::time::{Instant, Moment};
use crate::db::schema::{occupancy, overrides, slot_audiences, slots};
use crate::db::word::Word;
use crate::db::{Conn, DbError, insert_rows};
use crate::runtime::random::fresh_id;
use crate::store::event;
use crate::store::programme::read_programme;
use crate::store::transaction::EventTx;

impl EventTx<'_> {
    /// Stores a slot, new or changed, with its overrides and everything that depends on them.
    ///
    /// The domain has judged it; the database judges it again and refuses an overlap.
    pub(crate) fn store_slot(&mut self, slot: &Slot, given: &[Override]) -> QueryResult<()> {
        let before = self.programme();
        let mut after = before.with_slot(slot.clone());
        if !given.is_empty() {
            Arc::make_mut(&mut after.overrides).extend(given.iter().cloned());
        }
        let (was, will) = (waived(&before), waived(&after));
        let event = before.event.id;
        // What comes loose first, then the slot itself, then what is tightened again: statements are judged one by one.
        set_waived(self.conn, will.difference(&was), true)?;
        if let Some(old) = before.slot(slot.id) {
            update(self.conn, &after, old, slot, self.now)?;
        } else {
            insert(self.conn, &after, slot, self.now, will.contains(&slot.id))?;
        }
        set_waived(self.conn, was.difference(&will), false)?;
        for entry in given {
            insert_override(self.conn, event, entry)?;
        }
        self.has_become(after);
        Ok(())
    }
}

impl EventTx<'_> {
    /// Stores all slots of a programme, with their overrides, in an event that has none yet.
    ///
    /// The domain has judged them; the database judges them again and refuses an overlap.
    pub(crate) fn store_slots(&mut self, programme: &Programme) -> QueryResult<()> {
        let event = programme.event.id;
        let will = waived(programme);
        let rows: Vec<NewSlotRow<'_>> = programme
            .slots()
            .iter()
            .map(|slot| NewSlotRow {
                id: slot.id,
                event_id: event,
                created_at: self.now,
                facts: facts(slot, self.now),
            })
            .collect();
        insert_rows!(self.conn, slots::table, rows);
        for slot in programme.slots() {
            insert_audience(self.conn, slot)?;
        }
        let rows: Vec<NewOccupancy> = programme
            .slots()
            .iter()
            .flat_map(|slot| {
                let waived = will.contains(&slot.id);
                let resources = slot.details.resources();
                resources.map(move |resource| new_occupancy(programme, slot, resource, waived))
            })
            .collect();
        insert_rows!(self.conn, occupancy::table, rows);
        let entries = programme.overrides.iter();
        let rows: Vec<NewOverride<'_>> = entries.map(|entry| new_override(event, entry)).collect();
        insert_rows!(self.conn, overrides::table, rows);
        let version = self.programme().version();
        self.has_become(programme.at_version(version));
        Ok(())
    }
}

impl EventTx<'_> {
    /// Updates a room, and with its turnaround which of its slots override it.
    ///
    /// A reason given for an earlier turnaround may come into force or out of it; the database must judge by the same
    /// ones as the rules.
    ///
    /// # Errors
    /// As the database says; an overlap refusal when it knows of slots that the rules did not see.
    pub(crate) fn store_room(&mut self, room: &Room) -> QueryResult<()> {
        let after = self.programme().with_room(room);
        let will = waived(&after);
        let (loose, tight): (Vec<SlotId>, Vec<SlotId>) = after
            .slots_of(Resource::Room(room.id))
            .map(|slot| slot.id)
            .partition(|id| will.contains(id));
        set_waived(self.conn, loose.iter(), true)?;
        crate::store::room::update(self.conn, room)?;
        set_waived(self.conn, tight.iter(), false)?;
        self.has_become(after);
        Ok(())
    }
}

/// The slots that override the turnaround: those after which the next one in the room begins too soon, with a reason
/// that is in force.
fn waived(programme: &Programme) -> HashSet<SlotId> {
    let concerned = programme
        .overrides
        .iter()
        .filter(|entry| entry.rule == Rule::Turnaround);
    let mut earlier = HashSet::new();
    for slot in concerned
        .filter_map(|entry| programme.slot(entry.slot))
        .filter(|slot| slot.state().holds())
    {
        let Some(room) = slot.room() else {
            continue;
        };
        // The one rule on the one room: this is asked twice for every slot that is stored.
        let mut near = Vec::new();
        let candidate = Candidate::stored(slot);
        overlap::check_one(programme, candidate, Resource::Room(room), &mut near);
        for conflict in near {
            let RuleFinding::Turnaround { other, .. } = conflict.finding else {
                continue;
            };
            if conflict.level == Level::NeedsReason
                && crate::core::rules::in_force(programme, &conflict).is_some()
                && let Some(other) = programme.slot(other)
            {
                earlier.insert(if other.interval().start() < slot.interval().start() {
                    other.id
                } else {
                    slot.id
                });
            }
        }
    }
    earlier
}

fn set_waived<'a>(
    conn: &mut Conn,
    ids: impl Iterator<Item = &'a SlotId>,
    waived: bool,
) -> QueryResult<()> {
    for id in ids {
        diesel::update(
            occupancy::table
                .filter(occupancy::slot_id.eq(id))
                .filter(occupancy::kind.eq("room")),
        )
        .set(occupancy::turnaround_waived.eq(waived))
        .execute(conn)?;
    }
    Ok(())
}

/// What of a slot's row changes with the slot.
#[derive(Insertable, AsChangeset)]
#[expect(clippy::struct_excessive_bools, reason = "one for each column")]
#[diesel(table_name = slots)]
struct SlotColumns<'s> {
    kind: Word<SlotKind>,
    title: &'s str,
    note: &'s str,
    starts_at: Instant,
    ends_at: Instant,
    state: Word<SlotState>,
    holds: bool,
    interpretation_wanted: bool,
    fixed: bool,
    version: i32,
    sequence: i32,
    placement: i32,
    updated_at: Moment,
    audience: Word<AudienceKind>,
    all_delegations: bool,
    // Without this, Diesel leaves a column alone that is to become empty.
    #[diesel(treat_none_as_null = true)]
    format: Option<Word<MeetingStyle>>,
    #[diesel(treat_none_as_null = true)]
    accompanying: Option<i32>,
}

fn facts(slot: &Slot, now: Moment) -> SlotColumns<'_> {
    let content = slot.content();
    SlotColumns {
        kind: Word(content.kind),
        title: content.title.as_str(),
        note: &content.note,
        starts_at: slot.interval().start(),
        ends_at: slot.interval().end(),
        state: Word(slot.state()),
        holds: slot.state().holds(),
        interpretation_wanted: content.interpretation_wanted,
        fixed: slot.is_fixed(),
        version: slot.version,
        sequence: slot.sequence,
        placement: slot.moves,
        updated_at: now,
        audience: Word(content.audience.kind()),
        all_delegations: content.all_delegations,
        format: content.format.style.map(Word),
        accompanying: content.format.accompanying,
    }
}

#[derive(Insertable)]
#[diesel(table_name = slots)]
struct NewSlotRow<'s> {
    id: SlotId,
    event_id: EventId,
    created_at: Moment,
    #[diesel(embed)]
    facts: SlotColumns<'s>,
}

fn insert(
    conn: &mut Conn,
    programme: &Programme,
    slot: &Slot,
    now: Moment,
    waived: bool,
) -> QueryResult<()> {
    let details = &slot.details;
    let row = NewSlotRow {
        id: slot.id,
        event_id: programme.event.id,
        created_at: now,
        facts: facts(slot, now),
    };
    diesel::insert_into(slots::table)
        .values(row)
        .execute(conn)?;
    insert_audience(conn, slot)?;
    for resource in details.resources() {
        insert_occupancy(conn, programme, slot, resource, waived)?;
    }
    Ok(())
}

/// Stores the names in a slot's audience, of which there are none yet.
fn insert_audience(conn: &mut Conn, slot: &Slot) -> QueryResult<()> {
    for delegation in slot.content().audience.named() {
        let row = (
            slot_audiences::slot_id.eq(slot.id),
            slot_audiences::delegation_id.eq(delegation),
        );
        diesel::insert_into(slot_audiences::table)
            .values(row)
            .execute(conn)?;
    }
    Ok(())
}

fn update(
    conn: &mut Conn,
    programme: &Programme,
    old: &Slot,
    slot: &Slot,
    now: Moment,
) -> QueryResult<()> {
    let (was, will): (HashSet<_>, HashSet<_>) = (
        old.details.resources().collect(),
        slot.details.resources().collect(),
    );
    // Resources that leave are removed before the times change, those that join are added after: neither is judged at
    // the wrong time.
    for resource in was.difference(&will) {
        diesel::delete(occupancy::table.find((slot.id, row_id(*resource)))).execute(conn)?;
    }
    diesel::update(slots::table.find(slot.id))
        .set(facts(slot, now))
        .execute(conn)?;
    if old.content().audience != slot.content().audience {
        let names = slot_audiences::table.filter(slot_audiences::slot_id.eq(slot.id));
        diesel::delete(names).execute(conn)?;
        insert_audience(conn, slot)?;
    }
    for resource in will.difference(&was) {
        insert_occupancy(
            conn,
            programme,
            slot,
            *resource,
            waived(programme).contains(&slot.id),
        )?;
    }
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = occupancy)]
struct NewOccupancy {
    slot_id: SlotId,
    resource_id: i64,
    event_id: EventId,
    kind: &'static str,
    starts_at: Instant,
    ends_at: Instant,
    holds: bool,
    turnaround_minutes: i32,
    turnaround_waived: bool,
}

fn new_occupancy(
    programme: &Programme,
    slot: &Slot,
    resource: Resource,
    waived: bool,
) -> NewOccupancy {
    let turnaround_minutes = match resource {
        Resource::Room(id) => programme.room(id).map_or(0, |room| room.turnaround_minutes),
        Resource::Delegation(_) | Resource::Interpreter(_) => 0,
    };
    let kind = kind_of(resource);
    NewOccupancy {
        slot_id: slot.id,
        resource_id: row_id(resource),
        event_id: programme.event.id,
        kind,
        starts_at: slot.interval().start(),
        ends_at: slot.interval().end(),
        holds: slot.state().holds(),
        turnaround_minutes,
        turnaround_waived: waived && kind == "room",
    }
}

fn insert_occupancy(
    conn: &mut Conn,
    programme: &Programme,
    slot: &Slot,
    resource: Resource,
    waived: bool,
) -> QueryResult<()> {
    diesel::insert_into(occupancy::table)
        .values(new_occupancy(programme, slot, resource, waived))
        .execute(conn)
        .map(drop)
}

/// The word for the kind of a resource, as the table of resources has it.
const fn kind_of(resource: Resource) -> &'static str {
    match resource {
        Resource::Delegation(_) => "delegation",
        Resource::Room(_) => "room",
        Resource::Interpreter(_) => "interpreter",
    }
}

const fn row_id(resource: Resource) -> i64 {
    match resource {
        Resource::Delegation(id) => id.0,
        Resource::Room(id) => id.0,
        Resource::Interpreter(id) => id.0,
    }
}

#[derive(Insertable)]
#[diesel(table_name = overrides)]
struct NewOverride<'s> {
    id: i64,
    event_id: EventId,
    slot_id: SlotId,
    slot_placement: i32,
    other_slot_id: Option<SlotId>,
    other_placement: Option<i32>,
    resource_kind: Option<&'static str>,
    resource_id: Option<i64>,
    rule: Word<Rule>,
    reason: &'s str,
    author: &'s str,
    approved: Option<i32>,
    created_at: Moment,
}

fn new_override(event: EventId, entry: &Override) -> NewOverride<'_> {
    NewOverride {
        id: fresh_id(),
        event_id: event,
        slot_id: entry.slot,
        slot_placement: entry.slot_moves,
        other_slot_id: entry.other.map(|(id, _)| id),
        other_placement: entry.other.map(|(_, moves)| moves),
        resource_kind: entry.resource.map(kind_of),
        resource_id: entry.resource.map(row_id),
        rule: Word(entry.rule),
        reason: &entry.reason,
        author: &entry.author,
        approved: entry.approved,
        created_at: entry.at,
    }
}

fn insert_override(conn: &mut Conn, event: EventId, entry: &Override) -> QueryResult<()> {
    diesel::insert_into(overrides::table)
        .values(new_override(event, entry))
        .execute(conn)
        .map(drop)
}

/// Notes for overrides of earlier releases, which do not say what was approved, that it is what is true now. Returns how
/// many there were.
pub fn measure_approved(conn: &mut Conn) -> Result<usize, DbError> {
    let events: Vec<EventId> = overrides::table
        .filter(overrides::approved.is_null())
        .select(overrides::event_id)
        .distinct()
        .load(conn)?;
    let mut count = 0;
    for event in events {
        count += conn.transaction(|conn| measure_of(conn, event))?;
    }
    Ok(count)
}

fn measure_of(conn: &mut Conn, event: EventId) -> Result<usize, DbError> {
    type OpenRow = (i64, SlotId, Word<Rule>, Option<SlotId>, Option<i64>);
    event::raise_revision(conn, event)?;
    let programme = read_programme(conn, event)?.ok_or(diesel::NotFound)?;
    let measured = extent::measured(&programme);
    let open: Vec<OpenRow> = overrides::table
        .filter(overrides::approved.is_null())
        .filter(overrides::event_id.eq(event))
        .select((
            overrides::id,
            overrides::slot_id,
            overrides::rule,
            overrides::other_slot_id,
            overrides::resource_id,
        ))
        .load(conn)?;
    let count = open.len();
    for (id, slot, rule, other, resource) in open {
        let found = measured.iter().find(|entry| {
            let beside = entry.other.map(|(id, _)| id);
            let about = entry.resource.map(row_id);
            (entry.slot, entry.rule, beside, about) == (slot, rule.0, other, resource)
        });
        // What is not in force now was given for what has gone.
        let approved = found.and_then(|entry| entry.approved).unwrap_or(0);
        diesel::update(overrides::table.find(id))
            .set(overrides::approved.eq(approved))
            .execute(conn)?;
    }
    Ok(count)
}
