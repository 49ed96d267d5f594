//! Search across slots.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{OverviewTab, TabLink, tabs};
use crate::core::overview::search::{OverviewSearch, search};
use crate::core::slot::{SlotKind, SlotState};
use crate::core::text_enum::TextEnum;
use crate::core::time::parse_date;
use crate::core::timetable::{SlotView, marks, slot_view};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{Choice, Select, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, unprocessable};
use crate::server::session::CurrentUser;

/// How many slots are shown at most.
const MOST: usize = 300;

#[derive(Template)]
#[template(path = "overview/search.html")]
struct SearchPage {
    shell: Shell,
    tabs: Vec<TabLink>,
    slug: String,
    form: Form,
    words: TextField,
    state: Select,
    kind: Select,
    delegation: Select,
    room: Select,
    day: Select,
    count: usize,
    found: Vec<FoundSlot>,
}

/// A slot that was found.
struct FoundSlot {
    day: String,
    slot: SlotView,
}

/// `GET /events/{slug}/slots?q=…`: the slots that answer to some words and wishes.
///
/// # Errors
/// When the caller has no role at the event.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let fields = Fields::from_pairs(query.into_inner());
    let fields = fields.only(&["q", "state", "kind", "delegation", "room", "day"])?;
    match wanted(&context, &fields) {
        Ok(wanted) => render(&page(&context, Form::new(fields), Some(&wanted))),
        Err(errors) => unprocessable(&page(&context, Form::rejected(fields, errors), None)),
    }
}

/// Reads the wishes; an empty one is none.
fn wanted(context: &EventContext, fields: &Fields) -> Result<OverviewSearch, FieldErrors> {
    let programme = &context.programme;
    let mut errors = FieldErrors::default();
    let unknown = "Choose one from the list.";
    let mut wanted = OverviewSearch {
        words: fields.get("q").to_owned(),
        ..OverviewSearch::default()
    };
    let asked = |name: &str| Some(fields.get(name)).filter(|value| !value.is_empty());
    if let Some(word) = asked("state") {
        wanted.state = errors.take("state", SlotState::from_word(word).ok_or(unknown));
    }
    if let Some(word) = asked("kind") {
        wanted.kind = errors.take("kind", SlotKind::from_word(word).ok_or(unknown));
    }
    if let Some(code) = asked("delegation") {
        let party = programme.delegation_by_code(code).map(|party| party.id);
        wanted.delegation = errors.take("delegation", party.ok_or(unknown));
    }
    if let Some(code) = asked("room") {
        let room = programme.room_by_code(code).map(|room| room.id);
        wanted.room = errors.take("room", room.ok_or(unknown));
    }
    if let Some(day) = asked("day") {
        wanted.day = errors.take("day", parse_date(day));
    }
    if errors.is_empty() {
        Ok(wanted)
    } else {
        Err(errors)
    }
}

fn page(context: &EventContext, form: Form, wanted: Option<&OverviewSearch>) -> SearchPage {
    let programme = &context.programme;
    let zone = programme.event.time_zone;
    let slots = wanted
        .map(|wanted| search(programme, wanted))
        .unwrap_or_default();
    let marks = marks(programme);
    let found = slots.iter().take(MOST).map(|slot| FoundSlot {
        day: zone
            .date(slot.interval().start())
            .format("%a %-d %b")
            .to_string(),
        slot: slot_view(programme, slot, &marks),
    });
    let select =
        |name: &'static str, label: &'static str, all: &'static str, choices: Vec<Choice>| {
            let choices = [Choice::new("", all)].into_iter().chain(choices);
            Select::new(name, label, choices).of(&form)
        };
    let states = SlotState::ALL
        .iter()
        .map(|state| Choice::new(state.as_str(), state.label()));
    let kinds = SlotKind::ALL
        .iter()
        .map(|kind| Choice::new(kind.as_str(), kind.label()));
    let parties = programme.delegations.iter();
    let parties = parties.map(|party| Choice::new(party.code.as_str(), party.name.as_str()));
    let rooms = programme.rooms.iter();
    let rooms = rooms.map(|room| Choice::new(room.code.as_str(), room.name.as_str()));
    let days = programme.event.days.iter();
    let days = days.map(|day| {
        Choice::new(
            day.date.to_string(),
            crate::core::time::day_in_words(day.date),
        )
    });
    SearchPage {
        shell: context
            .access
            .shell("Search", Section::Overview)
            .form(&form),
        tabs: tabs(&context.access.slug, OverviewTab::Search),
        slug: context.access.slug.clone(),
        words: TextField::new("q", "Words")
            .help("In title, note, or the names of room, delegations and interpreters.")
            .kind("search")
            .optional()
            .of(&form),
        state: select("state", "State", "All but cancelled", states.collect()),
        kind: select("kind", "Kind", "Any", kinds.collect()),
        delegation: select("delegation", "Delegation", "Any", parties.collect()),
        room: select("room", "Room", "Any", rooms.collect()),
        day: select("day", "Day", "Any", days.collect()),
        count: slots.len(),
        found: found.collect(),
        form,
    }
}
