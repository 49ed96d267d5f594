//! A delegation's day and a room's day.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

use crate::core::overview::day::{OverviewLine, day};
use crate::core::slot::Resource;
use crate::core::time::{day_in_words, parse_date};
use crate::core::timetable::{marks, zone_of};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::page::{Section, Shell, render};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "overview/day.html")]
struct DayPage {
    shell: Shell,
    slug: String,
    event: String,
    venue: String,
    heading: String,
    detail: String,
    back: String,
    back_text: &'static str,
    date: NaiveDate,
    booking_query: String,
    zone: String,
    revision: String,
    days: Vec<DayLink>,
    lines: Vec<OverviewLine>,
    may_change: bool,
}

struct DayLink {
    href: String,
    text: String,
    current: bool,
}

/// Whose day it is, for the page.
struct Whose {
    resource: Resource,
    section: Section,
    name: String,
    detail: String,
    path: String,
    booking_query: String,
    back_text: &'static str,
}

/// What the address asks for.
#[derive(serde::Deserialize)]
pub struct DayQuery {
    day: Option<String>,
}

/// `GET /events/{slug}/delegations/{code}/day`
///
/// # Errors
/// When the caller has no role at the event, or there is no such delegation or day.
pub async fn of_delegation(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<DayQuery>,
) -> Result<HttpResponse, Error> {
    let (slug, code) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    let party = context
        .programme
        .delegation_by_code(&code)
        .ok_or(Error::NotFound)?;
    let whose = Whose {
        resource: Resource::Delegation(party.id),
        section: Section::Delegations,
        name: party.name.to_string(),
        detail: party.principal.to_string(),
        path: format!("delegations/{}", party.code),
        booking_query: format!("delegations={}", party.code),
        back_text: "Delegations",
    };
    show(&context, whose, query.day.as_deref())
}

/// `GET /events/{slug}/rooms/{code}/day`
///
/// # Errors
/// When the caller has no role at the event, or there is no such room or day.
pub async fn of_room(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<DayQuery>,
) -> Result<HttpResponse, Error> {
    let (slug, code) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    let room = context
        .programme
        .room_by_code(&code)
        .ok_or(Error::NotFound)?;
    let whose = Whose {
        resource: Resource::Room(room.id),
        section: Section::Rooms,
        name: room.name.to_string(),
        detail: format!("{} people", room.capacity),
        path: format!("rooms/{}", room.code),
        booking_query: format!("room={}", room.code),
        back_text: "Rooms",
    };
    show(&context, whose, query.day.as_deref())
}

fn show(context: &EventContext, whose: Whose, asked: Option<&str>) -> Result<HttpResponse, Error> {
    let event = &context.programme.event;
    let date = match asked {
        Some(day) => parse_date(day).map_err(Error::BadRequest)?,
        None => event.days.first().map_or(NaiveDate::MIN, |day| day.date),
    };
    let slug = event.slug.to_string();
    let days = event.days.iter().map(|day| DayLink {
        href: format!("/events/{slug}/{}/day?day={}", whose.path, day.date),
        text: day.date.format("%a %-d %b").to_string(),
        current: day.date == date,
    });
    let title = format!("{}, {}", whose.name, day_in_words(date));
    let (section, back) = (
        whose.section,
        whose.path.split('/').next().unwrap_or_default(),
    );
    render(&DayPage {
        shell: context.access.shell(title, section),
        event: event.name.to_string(),
        venue: event.venue.to_string(),
        back: format!("/events/{slug}/{back}"),
        days: days.collect(),
        lines: day(
            &context.programme,
            whose.resource,
            date,
            &marks(&context.programme),
        ),
        slug,
        heading: whose.name,
        detail: whose.detail,
        back_text: whose.back_text,
        date,
        booking_query: whose.booking_query,
        zone: zone_of(&context.programme, date),
        revision: event.revision.to_string(),
        may_change: context.access.may_change(),
    })
}
