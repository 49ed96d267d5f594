//! The pages of rooms.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::room::{self, RoomError};
use crate::core::room::Room;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{Removal, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms::room as forms;
use crate::server::page::{Section, Shell, conflict, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "room/index.html")]
struct RoomsPage {
    shell: Shell,
    slug: String,
    rooms: Vec<Room>,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "room/form.html")]
struct RoomPage {
    shell: Shell,
    form: Form,
    action: String,
    back: String,
    removal: Option<Removal>,
    code: TextField,
    name: TextField,
    name_ja: TextField,
    capacity: TextField,
    turnaround: TextField,
}

/// `GET /events/{slug}/rooms`
///
/// # Errors
/// When the caller has no role at the event.
pub async fn index(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    render(&RoomsPage {
        shell: context.access.shell("Rooms", Section::Rooms),
        slug: context.access.slug.clone(),
        rooms: context.programme.rooms.to_vec(),
        may_change: context.access.may_change(),
    })
}

/// `GET /events/{slug}/rooms/new`
///
/// # Errors
/// For those who may not change the event.
pub async fn new(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = Fields::from_pairs([("turnaround_minutes", "5")]);
    render(&page(&context, None, Form::new(fields)))
}

/// `GET /events/{slug}/rooms/{code}`
///
/// # Errors
/// For those who may not change the event, and when there is no such room.
pub async fn edit(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (slug, code) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug)
        .await?
        .to_change()?;
    let room = context
        .programme
        .room_by_code(&code)
        .ok_or(Error::NotFound)?;
    render(&page(
        &context,
        Some(room),
        Form::new(forms::fields_of(room)),
    ))
}

/// `POST /events/{slug}/rooms`
///
/// # Errors
/// For those who may not change the event.
pub async fn add(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    save(&context, None, fields.only(forms::FIELDS)?).await
}

/// `POST /events/{slug}/rooms/{code}`
///
/// # Errors
/// For those who may not change the event, and when there is no such room.
pub async fn update(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (slug, code) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug)
        .await?
        .to_change()?;
    let room = context
        .programme
        .room_by_code(&code)
        .ok_or(Error::NotFound)?;
    save(&context, Some(room), fields.only(forms::FIELDS)?).await
}

/// `POST /events/{slug}/rooms/{code}/removal`
///
/// # Errors
/// For those who may not change the event, and when there is no such room or slots name it.
pub async fn remove(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    fields.only(&[])?;
    let (slug, code) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug)
        .await?
        .to_change()?;
    let room = context
        .programme
        .room_by_code(&code)
        .ok_or(Error::NotFound)?;
    let id = room.id;
    match context.write(move |tx| room::remove(tx, id)).await {
        Ok(()) => Ok(see_other_done(
            &format!("/events/{}/rooms", context.access.slug),
            "removed",
        )),
        Err(error) => {
            let form = Form::rejected(forms::fields_of(room), field_errors(error)?);
            conflict(&page(&context, Some(room), form))
        }
    }
}

async fn save(
    context: &EventContext,
    stored: Option<&Room>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let room = match forms::parse(&fields, stored.map(|room| room.id)) {
        Ok(room) => room,
        Err(errors) => {
            return unprocessable(&page(context, stored, Form::rejected(fields, errors)));
        }
    };
    let is_new = stored.is_none();
    let saved = context
        .write(move |tx| {
            if is_new {
                room::add(tx, &room)
            } else {
                room::change(tx, &room)
            }
        })
        .await;
    match saved {
        Ok(()) => Ok(see_other_done(
            &format!("/events/{}/rooms", context.access.slug),
            "saved",
        )),
        Err(error) => {
            if matches!(error, RoomError::Overlap) {
                // What is in memory is not what is stored.
                context.app.programme_cache.forget(context.access.event);
            }
            let errors = field_errors(error)?;
            unprocessable(&page(context, stored, Form::rejected(fields, errors)))
        }
    }
}

/// What of an error the form can show at a field; the rest is a page.
fn field_errors(error: RoomError) -> Result<FieldErrors, Error> {
    let mut errors = FieldErrors::default();
    match error {
        RoomError::CodeTaken(_) => errors.add("code", format!("Code: {error}.")),
        RoomError::TooClose(sentences) => {
            for sentence in sentences {
                errors.add("turnaround_minutes", sentence);
            }
        }
        RoomError::Overlap => errors.add(
            "turnaround_minutes",
            "Slots in this room follow each other too closely for this turnaround; look at the timetable and move them first.",
        ),
        RoomError::InUse(slots) => errors.add("removal", slots),
        RoomError::NotFound => return Err(Error::NotFound),
        RoomError::Store(error) => return Err(error.into()),
        RoomError::Database(error) => return Err(error.into()),
    }
    Ok(errors)
}

fn page(context: &EventContext, stored: Option<&Room>, form: Form) -> RoomPage {
    let rooms = format!("/events/{}/rooms", context.access.slug);
    let (title, action) = match stored {
        Some(room) => (room.name.to_string(), format!("{rooms}/{}", room.code)),
        None => ("Add a room".to_owned(), rooms.clone()),
    };
    RoomPage {
        shell: context.access.shell(title, Section::Rooms).form(&form),
        removal: stored.map(|_| Removal::of(&form, format!("{action}/removal"))),
        action,
        back: rooms,
        code: TextField::new("code", "Code")
            .help("A short name for addresses and files, as in hall.")
            .short()
            .of(&form),
        name: TextField::new("name", "Name").of(&form),
        name_ja: TextField::new("name_ja", "Japanese name")
            .optional()
            .of(&form),
        capacity: TextField::new("capacity", "Capacity")
            .help("How many people fit.")
            .numeric()
            .of(&form),
        turnaround: TextField::new("turnaround_minutes", "Turnaround")
            .help("Minutes reserved after a slot, to tidy and set up.")
            .numeric()
            .of(&form),
        form,
    }
}
