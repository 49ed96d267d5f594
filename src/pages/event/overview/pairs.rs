//! Who meets whom.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{OverviewTab, TabLink, tabs};
use crate::core::overview::pairs::{DelegationPair, PairMeeting, existing, table, with_chair};
use crate::core::timetable::zone_of_all;
use crate::server::Error;
use crate::server::app::App;
use crate::server::compression;
use crate::server::context::EventContext;
use crate::server::page::{Section, Shell, render};
use crate::server::session::CurrentUser;

/// With more delegations than this, a table of all pairs is unreadable.
const LARGEST_TABLE: usize = 30;

#[derive(Template)]
#[template(path = "overview/chair.html")]
struct ChairPage {
    shell: Shell,
    tabs: Vec<TabLink>,
    slug: String,
    zone: String,
    pairs: Vec<PairLine>,
    missing: usize,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "overview/pairs.html")]
struct PairsPage {
    shell: Shell,
    tabs: Vec<TabLink>,
    slug: String,
    zone: String,
    /// The heads of the columns; empty where there is a list instead.
    heads: Vec<PairParty>,
    rows: Vec<(PairParty, Vec<Option<PairLine>>)>,
    list: Vec<PairLine>,
    may_change: bool,
}

struct PairParty {
    code: String,
    name: String,
}

/// A pair in words.
struct PairLine {
    first: String,
    second: String,
    codes: String,
    meetings: Vec<PairMeeting>,
}

fn line(pair: DelegationPair<'_>) -> PairLine {
    PairLine {
        first: pair.first.name.to_string(),
        second: pair.second.name.to_string(),
        codes: format!("{},{}", pair.first.code, pair.second.code),
        meetings: pair.meetings,
    }
}

/// What the address asks for.
#[derive(serde::Deserialize)]
pub struct PairsQuery {
    pairs: Option<String>,
}

/// `GET /events/{slug}/matrix`: the chair with each guest; with `pairs=all`, every pair.
///
/// # Errors
/// When the caller has no role at the event, or the address asks for other pairs.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    query: web::Query<PairsQuery>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let page = match query.pairs.as_deref() {
        None => render(&chair_page(&context)),
        Some("all") => render(&pairs_page(&context)),
        Some(_) => Err(Error::BadRequest(
            "The pairs are those of the chair, or all.".to_owned(),
        )),
    };
    // Neither has a token or words of the address.
    Ok(compression::mark(page?))
}

fn chair_page(context: &EventContext) -> ChairPage {
    let pairs: Vec<PairLine> = with_chair(&context.programme, context.now.instant())
        .into_iter()
        .map(line)
        .collect();
    ChairPage {
        shell: context
            .access
            .shell("The chair’s bilaterals", Section::Overview),
        tabs: tabs(&context.access.slug, OverviewTab::Chair),
        slug: context.access.slug.clone(),
        zone: zone_of_all(&context.programme),
        missing: pairs.iter().filter(|pair| pair.meetings.is_empty()).count(),
        pairs,
        may_change: context.access.may_change(),
    }
}

fn pairs_page(context: &EventContext) -> PairsPage {
    let (programme, now) = (&context.programme, context.now.instant());
    let party = |party: &crate::core::delegation::Delegation| PairParty {
        code: party.code.to_string(),
        name: party.name.to_string(),
    };
    let readable = programme.delegations.len() <= LARGEST_TABLE;
    let (heads, rows) = if readable {
        let heads = programme.delegations.iter().skip(1).map(party).collect();
        let rows = table(programme, now).into_iter().map(|(first, cells)| {
            let cells = cells.into_iter().map(|cell| cell.map(line)).collect();
            (party(first), cells)
        });
        (heads, rows.collect())
    } else {
        (Vec::new(), Vec::new())
    };
    PairsPage {
        shell: context.access.shell("All pairs", Section::Overview).wide(),
        tabs: tabs(&context.access.slug, OverviewTab::Pairs),
        slug: context.access.slug.clone(),
        zone: zone_of_all(&context.programme),
        heads,
        rows,
        list: existing(programme, now).into_iter().map(line).collect(),
        may_change: context.access.may_change(),
    }
}
