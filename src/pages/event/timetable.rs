//! The timetable: a day by room, by delegation, or as a list.

use std::collections::{BTreeMap, HashSet};

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

use crate::auth::store;
use crate::core::by_slot::BySlot;
use crate::core::programme::Programme;
use crate::core::slot::SlotId;
use crate::core::text_enum::TextEnum;
use crate::core::time::{day_in_words, parse_date};
use crate::core::timetable::print::PrintPlan;
use crate::core::timetable::{
    BlockContent, ConflictMark, DayPlan, Layout, TimetableLine, Zoom, day_list, day_plan, marks,
    zone_of,
};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::form::Fields;
use crate::server::page::{Section, Shell, render_around, see_other};
use crate::server::render_cache::CachedHtml;
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "event/timetable.html")]
struct TimetablePage {
    shell: Shell,
    day: CachedHtml,
}

/// What all see of a day who may do the same: all of the page but its frame.
#[derive(Template)]
#[template(path = "event/day.html")]
struct TimetableDay {
    slug: String,
    date: NaiveDate,
    heading: String,
    zone: String,
    revision: String,
    days: Vec<TimetableTab>,
    layouts: Vec<TimetableTab>,
    zooms: Vec<ZoomButton>,
    layout: &'static str,
    zoom: Zoom,
    grid_minutes: i32,
    plan: Option<DayPlan>,
    lines: Vec<TimetableLine>,
    marks: Vec<MarkGroup>,
    marks_elsewhere: Vec<OtherDay>,
    untold: Vec<Untold>,
    untold_elsewhere: usize,
    declined: Vec<Declined>,
    may_change: bool,
}

impl TimetableDay {
    /// Blocks of fewer rows than this have no room for a line each for time and title.
    fn short_rows(&self) -> i32 {
        match self.zoom {
            Zoom::Five => 3,
            Zoom::Fifteen => 5,
            Zoom::Thirty => 10,
        }
    }
}

/// What one rule finds on a day, at one level.
struct MarkGroup {
    level: &'static str,
    level_label: &'static str,
    rule: &'static str,
    marks: Vec<ConflictMark>,
}

/// Another day, and how much is to be looked at there.
struct OtherDay {
    href: String,
    text: String,
    count: usize,
}

/// A slot of which a delegation has a pending notice.
struct Untold {
    slot: SlotId,
    title: String,
    delegations: String,
}

/// A slot that a delegation has declined.
struct Declined {
    slot: SlotId,
    title: String,
    delegation: String,
    comment: String,
}

/// A link of a row of tabs.
struct TimetableTab {
    href: String,
    text: String,
    current: bool,
}

/// A button that looks more closely, or from further away.
struct ZoomButton {
    word: &'static str,
    current: bool,
}

/// What the address asks for.
#[derive(serde::Deserialize)]
pub struct TimetableQuery {
    day: Option<String>,
    view: Option<String>,
}

/// `GET /events/{slug}`: one day of the programme.
///
/// # Errors
/// When the caller has no role at the event, or the address asks for no day or view.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    query: web::Query<TimetableQuery>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let date = date(&context.programme, query.day.as_deref())?;
    let layout = layout(query.view.as_deref())?;
    let view = TimetableView {
        date,
        layout,
        zoom: context.access.user.zoom,
        may_change: context.access.may_change(),
    };
    let programme = &context.programme;
    let key = format!("timetable {} {view:?}", context.access.event.0);
    let day = CachedHtml::render(&app.render_cache, key, programme.version(), || {
        day(programme, view)
    })
    .await?;
    let shell = context.access.shell(day_in_words(date), Section::Timetable);
    let shell = shell
        .wide()
        .live(context.live_page())
        .script("timetable.js");
    let page = TimetablePage { shell, day };
    render_around(&page.day, &page)
}

/// Everything that the day depends on, the programme aside.
#[derive(Debug, Clone, Copy)]
struct TimetableView {
    date: NaiveDate,
    layout: Layout,
    zoom: Zoom,
    may_change: bool,
}

/// `POST /events/{slug}/zoom`: stores the caller's zoom of timetables, and redirects to the day.
///
/// # Errors
/// When the caller has no role at the event, or the form asks for no such zoom, day or view.
pub async fn zoom(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let fields = fields.only(&["zoom", "day", "view"])?;
    let zoom = Zoom::from_word(fields.get("zoom")).ok_or_else(|| {
        Error::BadRequest("The timetable has a line every 5, 15 or 30 minutes.".to_owned())
    })?;
    let date = parse_date(fields.get("day")).map_err(Error::BadRequest)?;
    let layout = layout(Some(fields.get("view")))?;
    let user = context.access.user.id;
    app.db
        .write(move |conn| Ok::<_, Error>(store::set_zoom(conn, user, zoom)?))
        .await?;
    let (slug, layout) = (&context.programme.event.slug, layout.as_str());
    Ok(see_other(&format!(
        "/events/{slug}?day={date}&view={layout}"
    )))
}

fn date(programme: &Programme, asked: Option<&str>) -> Result<NaiveDate, Error> {
    match asked {
        Some(day) => parse_date(day).map_err(Error::BadRequest),
        None => Ok(programme
            .event
            .days
            .first()
            .map_or(NaiveDate::MIN, |day| day.date)),
    }
}

fn layout(asked: Option<&str>) -> Result<Layout, Error> {
    let word = asked.unwrap_or(Layout::Rooms.as_str());
    Layout::from_word(word).ok_or_else(|| {
        Error::BadRequest(
            "The timetable can be seen by rooms, by delegations, or as a list.".to_owned(),
        )
    })
}

fn day(programme: &Programme, view: TimetableView) -> TimetableDay {
    let TimetableView { date, layout, .. } = view;
    let event = &programme.event;
    let marks = marks(programme);
    let (plan, lines) = match layout {
        Layout::List => (None, day_list(programme, date, &marks)),
        Layout::Rooms | Layout::Delegations => {
            (Some(day_plan(programme, date, layout, &marks)), Vec::new())
        }
    };
    let href = |date: NaiveDate, layout: Layout| {
        format!("/events/{}?day={date}&view={}", event.slug, layout.as_str())
    };
    let days = event.days.iter().map(|day| TimetableTab {
        href: href(day.date, layout),
        text: day_tab(day.date),
        current: day.date == date,
    });
    let (untold, untold_elsewhere) = untold(programme, date);
    let elsewhere = marks_elsewhere(programme, date, &marks);
    let marks_elsewhere = elsewhere.into_iter().map(|(day, count)| OtherDay {
        href: format!("{}#marks-title", href(day, layout)),
        text: day_tab(day),
        count,
    });
    let names = [
        (Layout::Rooms, "By room"),
        (Layout::Delegations, "By delegation"),
        (Layout::List, "List"),
    ];
    let layouts = names.map(|(each, text)| TimetableTab {
        href: href(date, each),
        text: text.to_owned(),
        current: each == layout,
    });
    TimetableDay {
        slug: event.slug.to_string(),
        date,
        heading: day_in_words(date),
        zone: zone_of(programme, date),
        revision: event.revision.to_string(),
        days: days.collect(),
        layouts: layouts.into(),
        zooms: Zoom::ALL
            .iter()
            .map(|each| ZoomButton {
                word: each.as_str(),
                current: *each == view.zoom,
            })
            .collect(),
        layout: layout.as_str(),
        zoom: view.zoom,
        grid_minutes: event.settings.grid_minutes,
        plan,
        lines,
        marks: marks_of_day(programme, date, &marks),
        marks_elsewhere: marks_elsewhere.collect(),
        untold,
        untold_elsewhere,
        declined: declined(programme),
        may_change: view.may_change,
    }
}

/// A day as tabs name it: `Sat 24 Dec`.
fn day_tab(date: NaiveDate) -> String {
    date.format("%a %-d %b").to_string()
}

/// Marks of a day's slots and those that concern no slot, by level and rule.
fn marks_of_day(
    programme: &Programme,
    date: NaiveDate,
    marks: &BySlot<ConflictMark>,
) -> Vec<MarkGroup> {
    let slots: HashSet<SlotId> = programme.slots_on(date).map(|slot| slot.id).collect();
    let of_day = |mark: &&ConflictMark| mark.slot.is_none_or(|slot| slots.contains(&slot));
    let mut groups: Vec<MarkGroup> = Vec::new();
    for mark in marks.iter().filter(of_day) {
        let same = |group: &&mut MarkGroup| (group.level, group.rule) == (mark.level, mark.rule);
        match groups.iter_mut().find(same) {
            Some(group) => group.marks.push(mark.clone()),
            None => groups.push(MarkGroup {
                level: mark.level,
                level_label: mark.level_label,
                rule: mark.rule,
                marks: vec![mark.clone()],
            }),
        }
    }
    groups
}

/// Counts marks of slots that are not on a day, by the day on which they begin.
fn marks_elsewhere(
    programme: &Programme,
    date: NaiveDate,
    marks: &BySlot<ConflictMark>,
) -> BTreeMap<NaiveDate, usize> {
    let shown: HashSet<SlotId> = programme.slots_on(date).map(|slot| slot.id).collect();
    let mut days = BTreeMap::new();
    let slots = marks.iter().filter_map(|mark| mark.slot);
    for slot in slots.filter(|slot| !shown.contains(slot)) {
        if let Some(slot) = programme.slot(slot) {
            let day = programme.event.day_of(slot.interval().start());
            *days.entry(day).or_insert(0) += 1;
        }
    }
    days
}

fn declined(programme: &Programme) -> Vec<Declined> {
    programme
        .ledger
        .declined()
        .into_iter()
        .filter_map(|answer| {
            Some(Declined {
                slot: answer.slot,
                title: programme.slot(answer.slot)?.title().to_string(),
                delegation: programme.delegation(answer.delegation)?.name.to_string(),
                comment: answer.comment.clone(),
            })
        })
        .collect()
}

/// Finds slots of which a delegation has a pending notice: those of a day, and how many are on others.
fn untold(programme: &Programme, date: NaiveDate) -> (Vec<Untold>, usize) {
    let shown: HashSet<SlotId> = programme.slots_on(date).map(|slot| slot.id).collect();
    let slots = programme.slots().iter();
    let (here, elsewhere): (Vec<Untold>, Vec<Untold>) = slots
        .filter_map(|slot| {
            let due = crate::core::due::due(programme, slot);
            let names: Vec<&str> = due
                .iter()
                .map(|(delegation, _)| delegation.name.as_str())
                .collect();
            (!names.is_empty()).then(|| Untold {
                slot: slot.id,
                title: slot.title().to_string(),
                delegations: names.join(", "),
            })
        })
        .partition(|untold| shown.contains(&untold.slot));
    (here, elsewhere.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::week;
    use crate::server::compression::Coding;
    use crate::server::page::LivePage;
    use crate::server::render_cache::RenderCache;

    /// The most bytes of a page with a day of 600 slots, and of its compressed part.
    const MOST_BYTES: usize = 500_000;
    const MOST_COMPRESSED: usize = 60_000;

    /// The page of the first day, as an officer gets it, and its cached part.
    async fn page(programme: &Programme, layout: Layout) -> (String, String) {
        let view = TimetableView {
            date: programme.event.days[0].date,
            layout,
            zoom: Zoom::Fifteen,
            may_change: true,
        };
        let cache = RenderCache::default();
        let key = layout.as_str().to_owned();
        let part = CachedHtml::render(&cache, key, programme.version(), || day(programme, view));
        let day = part.await.unwrap();
        let cached = day.to_string();
        let shell = Shell::new("Monday")
            .signed_in("Officer", false)
            .event("week", "High-level week")
            .section(Section::Timetable)
            .wide()
            .live(LivePage {
                slug: "week".to_owned(),
                revision: "1".to_owned(),
                shown: programme.version().to_string(),
                slot: None,
                editing: false,
            })
            .script("timetable.js");
        (TimetablePage { shell, day }.render().unwrap(), cached)
    }

    #[actix_web::test]
    async fn page_of_600_slots_is_small() {
        let programme = week::programme();
        for layout in [Layout::Rooms, Layout::List] {
            let (page, cached) = page(&programme, layout).await;
            let slots = page.matches("href=\"/slots/").count();
            assert!(slots >= 570, "{slots}");
            assert!(page.len() <= MOST_BYTES, "{layout:?}: {}", page.len());
            let frame = page.len() - cached.len();
            for coding in Coding::ALL {
                let compressed = coding.compress(cached.as_bytes()).unwrap().len();
                let sent = frame + compressed;
                assert!(sent <= MOST_COMPRESSED, "{layout:?} {coding:?}: {sent}");
            }
        }
    }

    #[test]
    fn marks_of_other_days_are_counted_with_a_link() {
        let programme = week::programme();
        let marks = marks(&programme);
        let days: Vec<NaiveDate> = programme.event.days.iter().map(|day| day.date).collect();
        let here = marks_of_day(&programme, days[0], &marks);
        let here: usize = here.iter().map(|group| group.marks.len()).sum();
        let elsewhere = marks_elsewhere(&programme, days[0], &marks);
        assert_eq!(elsewhere.keys().copied().collect::<Vec<_>>(), days[1..]);
        assert_eq!(here + elsewhere.values().sum::<usize>(), marks.len());
        let (here, elsewhere) = untold(&programme, days[0]);
        let (_, without) = untold(&programme, days[0].pred_opt().unwrap());
        assert_eq!(here.len() + elsewhere, without);
    }
}
