//! A delegation's schedule as last notified: a page, a PDF, and a calendar to subscribe to.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{ClosedLink, GivenAnswer, OfficeContact, PrivateAccess, moment_at, shell};
use crate::core::event::Event;
use crate::core::visibility::{PrivateEntry, event_as_told, private_entries};
use crate::documents::ical::{self, CalendarStatus, publish};
use crate::documents::ics;
use crate::documents::queue::Document;
use crate::mail::language::Language;
use crate::mail::words::{SlotWords, description, place};
use crate::runtime::queue::Owner;
use crate::server::Error;
use crate::server::agenda::changed_at;
use crate::server::app::App;
use crate::server::entity_tag;
use crate::server::page::{Shell, render};
use crate::store::private_link::expired;

#[derive(Template)]
#[template(path = "private/schedule.html")]
struct SchedulePage {
    shell: Shell,
    office: OfficeContact,
    party: String,
    principal: String,
    event: String,
    event_ja: String,
    venue: String,
    lines: Vec<ScheduleLine>,
    /// Time of the last notice; empty when there was none.
    told_at: String,
    feed: String,
    address: String,
    /// The last day on which this opens.
    last_day: String,
}

struct ScheduleLine {
    slot: SlotWords,
    kept: Option<GivenAnswer>,
    /// Where to answer; `None` where no answer is expected.
    answer: Option<String>,
}

/// `GET /schedule/{slug}/{code}`: the schedule of the delegation whose pass the browser holds.
pub async fn page(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    match PrivateAccess::by_pass(&app, &request, path.into_inner()).await? {
        Ok(access) => render(&schedule_page(&access, &app)),
        Err(closed) => closed.page(),
    }
}

fn schedule_page(access: &PrivateAccess, app: &App) -> SchedulePage {
    let programme = &access.programme;
    // As last notified: a change that is still pending is not shown.
    let event = &event_as_told(programme, access.delegation.id);
    let (venue, home) = (event.time_zone, access.delegation.time_zone);
    let language = Language::english();
    let line = |entry: &PrivateEntry<'_>| ScheduleLine {
        slot: SlotWords::of(language, &entry.told, venue, home, true),
        kept: programme
            .ledger
            .valid_answer(entry.slot, access.delegation.id)
            .map(|kept| GivenAnswer::of(programme, kept)),
        answer: entry.notice.map(|notice| access.slot_address(notice.slot)),
    };
    let told = programme
        .ledger
        .notices()
        .filter(|notice| notice.delegation == access.delegation.id)
        .map(|notice| notice.told_at)
        .max();
    SchedulePage {
        shell: shell(
            programme,
            &format!("Schedule of {}", access.delegation.name),
        ),
        office: OfficeContact::of(programme),
        party: access.delegation.name.to_string(),
        principal: access.delegation.principal.to_string(),
        event: event.name.to_string(),
        event_ja: event.name_ja.clone(),
        venue: event.venue.to_string(),
        lines: private_entries(programme, access.delegation.id)
            .iter()
            .map(line)
            .collect(),
        told_at: told.map_or_else(String::new, |at| moment_at(programme, at)),
        feed: format!("{}/schedule.ics", app.config.links().address(access.link())),
        address: access.address(),
        last_day: expired::last_day(event, access.end),
    }
}

/// `GET /d/{token}/schedule.ics`: the schedule as a calendar, to subscribe to. It opens by the token alone, since a
/// calendar program presses no button and stores no cookie; it is in no letter, so that mail scanners do not find it.
pub async fn feed(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let access = match PrivateAccess::by_link(&app, &request, &token).await? {
        Ok(access) if access.slot.is_none() => access,
        Ok(_) => return ClosedLink::Unknown.page(),
        Err(closed) => return closed.page(),
    };
    let tag = entity_tag::strong(&access.programme);
    if let Some(answer) = entity_tag::not_modified(&request, &tag) {
        return Ok(answer);
    }
    let event = &access.programme.event;
    let code = access.delegation.code.as_str();
    let changed_at = changed_at(&app, &access.programme).await?;
    let known: Vec<(PrivateEntry<'_>, Event)> =
        private_entries(&access.programme, access.delegation.id)
            .into_iter()
            .map(|entry| {
                let told = entry.told.event.as_ref();
                let event = told.map_or_else(|| Event::clone(event), |told| told.over(event));
                (entry, event)
            })
            .collect();
    // Of the delegation, not of one contact, and in the language of the page that leads to it.
    let language = Language::english();
    let entries: Vec<ical::CalendarEntry<'_>> = known
        .iter()
        .map(|(entry, event)| {
            let told = &entry.told;
            let (uid, sequence, stamp, organizer) = match entry.notice {
                Some(notice) => (
                    notice.uid.clone(),
                    notice.sequence,
                    notice.told_at,
                    &notice.organizer,
                ),
                // Nothing was sent: a name of the slot's own, and the time of the programme's last change.
                None => (
                    ics::uid_of(entry.slot, Some(code), event.slug.as_str()),
                    access
                        .programme
                        .slot(entry.slot)
                        .map_or(0, |slot| slot.sequence),
                    changed_at,
                    &event.office.email,
                ),
            };
            ical::CalendarEntry {
                uid,
                sequence,
                stamp,
                starts: told.starts_at(),
                ends: told.ends_at(),
                summary: told.title.clone(),
                location: place(event, told.room.as_deref()),
                description: description(language, event, &access.delegation, told),
                status: Some(CalendarStatus::Confirmed),
                office: &event.office,
                organizer,
            }
        })
        .collect();
    Ok(HttpResponse::Ok()
        .insert_header(header::ETag(tag))
        .content_type("text/calendar; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(publish(&entries)))
}

/// `GET /schedule/{slug}/{code}/schedule.pdf`: the schedule as PDF, as last notified.
///
/// # Errors
/// When the database fails, or the PDF cannot be rendered.
pub async fn paper(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let access = match PrivateAccess::by_pass(&app, &request, path.into_inner()).await? {
        Ok(access) => access,
        Err(closed) => return closed.page(),
    };
    let delegation = access.delegation.id;
    let rate = format!("delegation {}", delegation.0);
    app.document_rates.count(&rate)?;
    let owner = Owner::Delegation(delegation.0);
    let document = Document::Told(delegation);
    let paper = app
        .documents
        .file(owner, &access.programme, document, access.now);
    let bytes = paper.await?.bytes;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"schedule.pdf\"",
        ))
        .body(bytes))
}
