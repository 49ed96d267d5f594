//! Private links in the database: since when a delegation's are good, when they were opened, and in which browsers.

pub mod address;
pub mod expired;

use std::collections::HashMap;

use diesel::prelude::*;

use crate::core::delegation::DelegationId;
use crate::core::event::EventId;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::schema::{delegations, events, link_passes, private_links, resources};
use crate::runtime::clock::CLOCKS_DIFFER;
use crate::runtime::secret::TokenHash;

/// A delegation's private links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuedLinks {
    /// Whose they are.
    pub delegation: DelegationId,
    /// Its event.
    pub event: EventId,
    /// Which generation of them opens anything.
    pub generation: i32,
    /// Since when.
    pub issued_at: Moment,
    /// When one was first opened, since then; and last.
    pub used_at: Option<(Moment, Moment)>,
    /// When one was tried after its end.
    pub seen_over_at: Option<Moment>,
}

type LinkRow = (
    DelegationId,
    EventId,
    Option<i32>,
    Option<Moment>,
    Option<Moment>,
    Option<Moment>,
    Option<Moment>,
);

/// A delegation that was stored by other means has no row: its links are of the first generation, and as old as can be.
fn issued(row: LinkRow) -> IssuedLinks {
    let (delegation, event, generation, issued_at, first, last, seen_over_at) = row;
    IssuedLinks {
        delegation,
        event,
        generation: generation.unwrap_or(0),
        issued_at: issued_at.unwrap_or(Moment::from_seconds(0)),
        used_at: first.zip(last),
        seen_over_at,
    }
}

/// Reads links with a filter of the caller's over delegations, events and codes.
macro_rules! links {
    ($conn:expr, $filter:expr) => {
        delegations::table
            .inner_join(events::table.on(events::id.eq(delegations::event_id)))
            .inner_join(resources::table.on(resources::id.eq(delegations::id)))
            .left_join(private_links::table.on(private_links::delegation_id.eq(delegations::id)))
            .filter($filter)
            .select((
                delegations::id,
                delegations::event_id,
                private_links::generation.nullable(),
                private_links::issued_at.nullable(),
                private_links::first_used_at.nullable(),
                private_links::last_used_at.nullable(),
                private_links::seen_over_at.nullable(),
            ))
            .load::<LinkRow>($conn)
    };
}

/// The links of a delegation; `None` when there is no such delegation.
pub fn of(conn: &mut Conn, delegation: DelegationId) -> QueryResult<Option<IssuedLinks>> {
    let found = links!(conn, delegations::id.eq(delegation))?;
    Ok(found.into_iter().next().map(issued))
}

/// The links of the delegation that has this code at the event of this name.
pub fn at(conn: &mut Conn, slug: &str, code: &str) -> QueryResult<Option<IssuedLinks>> {
    let place = events::slug.eq(slug).and(resources::code.eq(code));
    let found = links!(conn, place)?;
    Ok(found.into_iter().next().map(issued))
}

/// The links of all delegations of an event.
pub fn of_event(
    conn: &mut Conn,
    event: EventId,
) -> QueryResult<HashMap<DelegationId, IssuedLinks>> {
    let found = links!(conn, delegations::event_id.eq(event))?;
    let found = found.into_iter().map(issued);
    Ok(found.map(|links| (links.delegation, links)).collect())
}

/// Renews a delegation's private links: the old ones become invalid.
pub fn renew(conn: &mut Conn, delegation: DelegationId, now: Moment) -> QueryResult<()> {
    let fresh = (
        private_links::issued_at.eq(now),
        private_links::first_used_at.eq(None::<Moment>),
        private_links::last_used_at.eq(None::<Moment>),
        private_links::seen_over_at.eq(None::<Moment>),
    );
    let raised = diesel::update(private_links::table.find(delegation))
        .set((
            private_links::generation.eq(private_links::generation + 1),
            fresh,
        ))
        .execute(conn)?;
    if raised == 0 {
        diesel::insert_into(private_links::table)
            .values((
                private_links::delegation_id.eq(delegation),
                private_links::generation.eq(1),
                private_links::issued_at.eq(now),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Notes that a link was opened, or something sent by what it opened.
pub fn note_use(conn: &mut Conn, links: IssuedLinks, now: Moment) -> QueryResult<()> {
    let ours = private_links::table
        .find(links.delegation)
        .filter(private_links::generation.eq(links.generation));
    diesel::update(ours)
        .set(private_links::last_used_at.eq(now))
        .execute(conn)?;
    diesel::update(ours.filter(private_links::first_used_at.is_null()))
        .set(private_links::first_used_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// Notes that links were tried after their end.
pub fn note_over(conn: &mut Conn, links: IssuedLinks, now: Moment) -> QueryResult<()> {
    let ours = private_links::table
        .find(links.delegation)
        .filter(private_links::generation.eq(links.generation));
    diesel::update(ours)
        .set(private_links::seen_over_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// What a browser holds once a link was opened in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserPass {
    /// What it opens.
    pub delegation: DelegationId,
    /// Which generation of the links it was made from.
    pub generation: i32,
    /// Since when it is held.
    pub created_at: Moment,
    /// Time of expiry.
    pub expires_at: Moment,
}

impl BrowserPass {
    /// Time of expiry, judged at `now`: at once when it was made at a time that is still to come, since a
    /// clock ran ahead then.
    #[must_use]
    pub fn end(&self, now: Moment) -> Moment {
        if self.created_at > now.plus(CLOCKS_DIFFER) {
            now
        } else {
            self.expires_at
        }
    }
}

/// The pass of a browser for a delegation, by the hash of its cookie.
pub fn pass(
    conn: &mut Conn,
    token: &TokenHash,
    delegation: DelegationId,
) -> QueryResult<Option<BrowserPass>> {
    let row: Option<(i32, Moment, Moment)> = link_passes::table
        .find(token.as_str())
        .filter(link_passes::delegation_id.eq(delegation))
        .select((
            link_passes::generation,
            link_passes::created_at,
            link_passes::expires_at,
        ))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(generation, created_at, expires_at)| BrowserPass {
        delegation,
        generation,
        created_at,
        expires_at,
    }))
}

/// Gives a browser a pass, in place of one that it had.
pub fn begin_pass(
    conn: &mut Conn,
    pass: &BrowserPass,
    token: &TokenHash,
    old: Option<&TokenHash>,
) -> QueryResult<()> {
    if let Some(old) = old {
        end_pass(conn, old)?;
    }
    diesel::insert_into(link_passes::table)
        .values((
            link_passes::token_hash.eq(token.as_str()),
            link_passes::delegation_id.eq(pass.delegation),
            link_passes::generation.eq(pass.generation),
            link_passes::created_at.eq(pass.created_at),
            link_passes::expires_at.eq(pass.expires_at),
        ))
        .execute(conn)
        .map(drop)
}

/// Finds expired passes, up to a limit.
pub fn ended_passes(conn: &mut Conn, now: Moment, limit: i64) -> QueryResult<Vec<String>> {
    link_passes::table
        .filter(link_passes::expires_at.le(now))
        .select(link_passes::token_hash)
        .limit(limit)
        .load(conn)
}

/// Deletes those of the passes that have expired.
pub fn delete_ended(conn: &mut Conn, tokens: &[String], now: Moment) -> QueryResult<usize> {
    diesel::delete(
        link_passes::table
            .filter(link_passes::token_hash.eq_any(tokens))
            .filter(link_passes::expires_at.le(now)),
    )
    .execute(conn)
}

/// Takes a pass away.
pub fn end_pass(conn: &mut Conn, token: &TokenHash) -> QueryResult<()> {
    diesel::delete(link_passes::table.find(token.as_str()))
        .execute(conn)
        .map(drop)
}
