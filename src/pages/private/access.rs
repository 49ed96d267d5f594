//! Access to a delegation's data: by a link, or by the pass that a link stored in the browser.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{HttpRequest, web};
use diesel::QueryResult;

use super::{ClosedLink, address};
use crate::core::delegation::{Delegation, DelegationId};
use crate::core::programme::Programme;
use crate::core::slot::SlotId;
use crate::core::time::Moment;
use crate::db::Conn;
use crate::runtime::secret::TokenHash;
use crate::server::Error;
use crate::server::app::App;
use crate::store::archived;
use crate::store::private_link::address::PrivateLink;
use crate::store::private_link::expired::{self, LinkSubject};
use crate::store::private_link::{self, BrowserPass, IssuedLinks};

/// What the names of the cookies begin with; the prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
const COOKIE: &str = "__Host-iikura-link-";

/// The name of the cookie that holds a delegation's pass.
pub(super) fn cookie_name(delegation: DelegationId) -> String {
    format!("{COOKIE}{:x}", delegation.0)
}

/// What a link or a pass that is good opens.
pub(super) struct PrivateAccess {
    /// The links that lead here.
    pub(super) links: IssuedLinks,
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

impl PrivateAccess {
    /// Opens by a link. One that was not made here costs no look into the database.
    pub(super) async fn by_link(
        app: &web::Data<App>,
        request: &HttpRequest,
        token: &str,
    ) -> Result<Result<Self, ClosedLink>, Error> {
        let Some(link) = app.config.links().read(token) else {
            return Ok(Err(ClosedLink::Unknown));
        };
        let now = app.clock.now();
        let held = passes(request);
        let found = app
            .db
            .read(move |conn| {
                let Some(links) = private_link::of(conn, link.delegation)? else {
                    return Ok(None);
                };
                let pass = held_pass(conn, &held, links.delegation)?;
                Ok::<_, Error>(Some((links, pass)))
            })
            .await?;
        let Some((links, pass)) = found else {
            return Ok(Err(ClosedLink::Unknown));
        };
        Ok(match Self::enter(app, links, link.generation, now).await? {
            Ok(access) => Ok(Self {
                slot: link.slot,
                pass: pass.and_then(|held| access.good_pass(app, held)),
                ..access
            }),
            Err(closed) => Err(closed),
        })
    }

    /// Opens by the browser's pass for the delegation of this code. Without a pass the answer is the same,
    /// whether there is such a delegation or not.
    pub(super) async fn by_pass(
        app: &web::Data<App>,
        request: &HttpRequest,
        (slug, code): (String, String),
    ) -> Result<Result<Self, ClosedLink>, Error> {
        let held = passes(request);
        if held.is_empty() {
            return Ok(Err(ClosedLink::NotHere));
        }
        let now = app.clock.now();
        let found = app
            .db
            .read(move |conn| {
                let Some(links) = private_link::at(conn, &slug, &code)? else {
                    return Ok(None);
                };
                let pass = held_pass(conn, &held, links.delegation)?;
                Ok::<_, Error>(pass.map(|held| (links, held)))
            })
            .await?;
        let Some((links, held)) = found else {
            return Ok(Err(ClosedLink::NotHere));
        };
        Ok(
            match Self::enter(app, links, held.1.generation, now).await? {
                Ok(access) => match access.good_pass(app, held) {
                    None => Err(ClosedLink::NotHere),
                    pass => Ok(Self { pass, ..access }),
                },
                Err(closed) => Err(closed),
            },
        )
    }

    async fn enter(
        app: &App,
        links: IssuedLinks,
        generation: i32,
        now: Moment,
    ) -> Result<Result<Self, ClosedLink>, Error> {
        let archived = app
            .db
            .read(move |conn| Ok::<_, Error>(archived::archived_at(conn, links.event)?))
            .await?;
        if archived.is_some() {
            return Ok(Err(ClosedLink::Unknown));
        }
        let Some(programme) = app.programme_cache.current(&app.db, links.event).await? else {
            return Ok(Err(ClosedLink::Unknown));
        };
        let Some(delegation) = programme.delegation(links.delegation).cloned() else {
            return Ok(Err(ClosedLink::Unknown));
        };
        if links.generation != generation {
            return Ok(Err(ClosedLink::Renewed(programme)));
        }
        let end = expired::end(&programme.event, links.issued_at);
        let subject = LinkSubject::Links(links.delegation, generation);
        let latest = links.seen_over_at.map_or(now, |seen| now.max(seen));
        if app.seen_over.is_over(subject, end, latest) {
            return Ok(Err(ClosedLink::Ended(programme, links, end)));
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
    fn good_pass(&self, app: &App, (token, pass): (TokenHash, BrowserPass)) -> Option<TokenHash> {
        let subject = LinkSubject::Pass(token.clone());
        let over = app.seen_over.is_over(subject, pass.end(self.now), self.now);
        let good = !over && pass.generation == self.links.generation;
        good.then_some(token)
    }

    /// Address of the delegation's schedule.
    pub(super) fn address(&self) -> String {
        address(&self.programme, self.delegation.code.as_str())
    }

    /// Address of a slot in it.
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
    pub(super) fn link(&self) -> PrivateLink {
        PrivateLink {
            delegation: self.links.delegation,
            generation: self.links.generation,
            slot: None,
        }
    }
}

/// The pass that a browser holds for a delegation, if there is such a one.
fn held_pass(
    conn: &mut Conn,
    held: &HashMap<String, TokenHash>,
    delegation: DelegationId,
) -> QueryResult<Option<(TokenHash, BrowserPass)>> {
    let Some(token) = held.get(&cookie_name(delegation)) else {
        return Ok(None);
    };
    let pass = private_link::pass(conn, token, delegation)?;
    Ok(pass.map(|pass| (token.clone(), pass)))
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
