//! The door to a delegation's things: opened by a link, or by the pass that a link left in the browser.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{HttpRequest, web};

use super::super::link::Link;
use super::super::link_life::{self, Subject};
use super::super::link_store::{self, Issued};
use super::{Shut, address};
use crate::app::App;
use crate::auth::session::TokenHash;
use crate::db::Conn;
use crate::delegation::{Delegation, DelegationId};
use crate::event::programme::Programme;
use crate::slot::SlotId;
use crate::time::Moment;
use crate::web::Error;

/// What the names of the cookies begin with; the prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
const COOKIE: &str = "__Host-iikura-link-";

/// The name of the cookie that holds a delegation's pass.
pub(super) fn cookie_name(delegation: DelegationId) -> String {
    format!("{COOKIE}{:x}", delegation.0)
}

/// What a link or a pass that is good opens.
pub(super) struct Door {
    /// The links that lead here.
    pub(super) links: Issued,
    /// The slot that the link asks about, and the sequence; `None` for the whole schedule, and behind a pass.
    pub(super) slot: Option<(SlotId, i32)>,
    pub(super) delegation: Delegation,
    pub(super) programme: Arc<Programme>,
    /// From when neither links nor passes open anything.
    pub(super) end: Moment,
    pub(super) now: Moment,
    /// The pass that the browser holds for this delegation, if it is good.
    pub(super) pass: Option<TokenHash>,
}

impl Door {
    /// Opens by a link. One that was not made here costs no look into the database.
    pub(super) async fn by_link(
        app: &web::Data<App>,
        request: &HttpRequest,
        token: &str,
    ) -> Result<Result<Self, Shut>, Error> {
        let Some(link) = app.config.links().read(token) else {
            return Ok(Err(Shut::Unknown));
        };
        let now = app.clock.now();
        let held = passes(request);
        let state = app.clone();
        app.db
            .read(move |conn| {
                let Some(links) = link_store::of(conn, link.delegation)? else {
                    return Ok(Err(Shut::Unknown));
                };
                let door = match Self::enter(conn, &state, links, link.generation, now)? {
                    Ok(door) => door,
                    Err(shut) => return Ok(Err(shut)),
                };
                let pass = door.good_pass(conn, &state, &held)?;
                Ok(Ok(Self {
                    slot: link.slot,
                    pass,
                    ..door
                }))
            })
            .await
    }

    /// Opens by the pass that the browser holds for the delegation of this code. Whoever holds none is told the same,
    /// whether there is such a delegation or not.
    pub(super) async fn by_pass(
        app: &web::Data<App>,
        request: &HttpRequest,
        (slug, code): (String, String),
    ) -> Result<Result<Self, Shut>, Error> {
        let held = passes(request);
        if held.is_empty() {
            return Ok(Err(Shut::NotHere));
        }
        let now = app.clock.now();
        let state = app.clone();
        app.db
            .read(move |conn| {
                let Some(links) = link_store::at(conn, &slug, &code)? else {
                    return Ok(Err(Shut::NotHere));
                };
                let Some(token) = held.get(&cookie_name(links.delegation)) else {
                    return Ok(Err(Shut::NotHere));
                };
                let Some(known) = link_store::pass(conn, token, links.delegation)? else {
                    return Ok(Err(Shut::NotHere));
                };
                let door = match Self::enter(conn, &state, links, known.generation, now)? {
                    Ok(door) => door,
                    Err(shut) => return Ok(Err(shut)),
                };
                Ok(match door.good_pass(conn, &state, &held)? {
                    None => Err(Shut::NotHere),
                    pass => Ok(Self { pass, ..door }),
                })
            })
            .await
    }

    fn enter(
        conn: &mut Conn,
        app: &App,
        links: Issued,
        generation: i32,
        now: Moment,
    ) -> Result<Result<Self, Shut>, Error> {
        let Some(programme) = app.live.programme(conn, links.event)? else {
            return Ok(Err(Shut::Unknown));
        };
        let Some(delegation) = programme.delegation(links.delegation).cloned() else {
            return Ok(Err(Shut::Unknown));
        };
        if links.generation != generation {
            return Ok(Err(Shut::Renewed(programme)));
        }
        let end = link_life::end(&programme.event, links.issued_at);
        let subject = Subject::Links(links.delegation, generation);
        let latest = links.seen_over_at.map_or(now, |seen| now.max(seen));
        if app.seen_over.is_over(subject, end, latest) {
            return Ok(Err(Shut::Ended(programme, links, end)));
        }
        Ok(Ok(Self {
            links,
            slot: None,
            delegation,
            programme,
            end,
            now,
            pass: None,
        }))
    }

    /// The hash of the browser's pass for this delegation, if it is one that opens.
    fn good_pass(
        &self,
        conn: &mut Conn,
        app: &App,
        held: &HashMap<String, TokenHash>,
    ) -> Result<Option<TokenHash>, Error> {
        let delegation = self.links.delegation;
        let Some(token) = held.get(&cookie_name(delegation)) else {
            return Ok(None);
        };
        let Some(pass) = link_store::pass(conn, token, delegation)? else {
            return Ok(None);
        };
        let subject = Subject::Pass(token.clone());
        let over = app.seen_over.is_over(subject, pass.end(self.now), self.now);
        let good = !over && pass.generation == self.links.generation;
        Ok(good.then(|| token.clone()))
    }

    /// Where the delegation's schedule stands.
    pub(super) fn address(&self) -> String {
        address(&self.programme, self.delegation.code.as_str())
    }

    /// Where a slot of it stands.
    pub(super) fn slot_address(&self, slot: SlotId) -> String {
        format!("{}/slots/{slot}", self.address())
    }

    /// Where the link that was opened leads.
    pub(super) fn target(&self) -> String {
        match self.slot {
            None => self.address(),
            Some((slot, sequence)) => format!("{}?sequence={sequence}", self.slot_address(slot)),
        }
    }

    /// The link to the whole schedule.
    pub(super) fn link(&self) -> Link {
        Link {
            delegation: self.links.delegation,
            generation: self.links.generation,
            slot: None,
        }
    }
}

/// The passes that a browser says it holds: the names of their cookies, and their hashes.
fn passes(request: &HttpRequest) -> HashMap<String, TokenHash> {
    let Ok(cookies) = request.cookies() else {
        return HashMap::new();
    };
    cookies
        .iter()
        .filter(|cookie| cookie.name().starts_with(COOKIE))
        .map(|cookie| (cookie.name().to_owned(), TokenHash::of(cookie.value())))
        .collect()
}
