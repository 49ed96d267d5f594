//! The end of an event: after how long contacts are erased, the archive, and deletion.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::archive::{self, DeletionError};
use crate::core::event::EventId;
use crate::pages::event::settings;
use crate::personal::{retention, scrub};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::TextField;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;
use crate::store::archived;

#[derive(Template)]
#[template(path = "event/deletion.html")]
struct DeletionPage {
    shell: Shell,
    form: Form,
    slug: String,
    archived: bool,
    typed: TextField,
}

/// Passes on administrators, with their place at the event.
async fn administrators_context(
    app: &web::Data<App>,
    current_user: CurrentUser,
    slug: String,
) -> Result<EventContext, Error> {
    let asker = current_user.clone();
    app.db
        .read(move |conn| asker.session(conn)?.administrator().map(drop))
        .await?;
    EventContext::at(app, current_user, slug).await
}

/// `POST /events/{slug}/archival`: archives an event.
///
/// # Errors
/// For all but administrators, and for an event that is archived.
pub async fn archive(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = administrators_context(&app, current_user, slug.into_inner()).await?;
    fields.only(&[])?;
    context
        .write(|tx| Ok::<_, Error>(archive::archive(tx)?))
        .await?;
    Ok(see_other_done(
        &format!("/events/{}/settings", context.access.slug),
        "event-archived",
    ))
}

/// `POST /events/{slug}/restoration`: takes an event out of the archive.
///
/// # Errors
/// For all but administrators, and for an event that is not archived.
pub async fn restore(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = administrators_context(&app, current_user, slug.into_inner()).await?;
    fields.only(&[])?;
    context
        .write_archived_too(|tx| {
            let event = tx.programme().event.id;
            if archived::archived_at(tx.conn, event)?.is_none() {
                return Err(Error::Conflict("The event is not archived.".to_owned()));
            }
            Ok(archive::restore(tx)?)
        })
        .await?;
    Ok(see_other_done(
        &format!("/events/{}/settings", context.access.slug),
        "event-restored",
    ))
}

/// `GET /events/{slug}/deletion`: what deleting an event means.
///
/// # Errors
/// For all but administrators.
pub async fn ask(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = administrators_context(&app, current_user, slug.into_inner()).await?;
    let archived = is_archived(&app, context.access.event).await?;
    render(&page(&context, archived, Form::new(Fields::default())))
}

/// `POST /events/{slug}/deletion`: deletes an archived event whose short name was typed.
///
/// # Errors
/// For all but administrators.
pub async fn delete(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = administrators_context(&app, current_user, slug.into_inner()).await?;
    let fields = fields.only(&["slug"])?;
    let (event, actor, now) = (context.access.event, context.access.actor(), context.now);
    let typed = fields.get("slug").to_owned();
    let outcome = app
        .db
        .write(move |conn| Ok::<_, Error>(archive::delete(conn, event, &typed, &actor, now)))
        .await?;
    match outcome {
        Ok(()) => {
            app.db.write(|conn| Ok::<_, Error>(scrub(conn)?)).await?;
            Ok(see_other_done("/", "event-deleted"))
        }
        Err(DeletionError::Query(error)) => Err(error.into()),
        Err(refusal) => {
            let archived = !matches!(refusal, DeletionError::NotArchived);
            let mut errors = FieldErrors::default();
            errors.add("slug", format!("Short name: {refusal}."));
            unprocessable(&page(&context, archived, Form::rejected(fields, errors)))
        }
    }
}

/// `POST /events/{slug}/retention`: after how many days contacts and mail are erased; empty: never.
///
/// # Errors
/// For those who may not change the event.
pub async fn set_retention(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = fields.only(&["erase_after_days"])?;
    let typed = fields.get("erase_after_days").trim();
    let days = typed.parse().ok();
    if !typed.is_empty()
        && !days.is_some_and(|days| crate::core::event::RETENTION_DAYS.contains(&days))
    {
        let mut errors = FieldErrors::default();
        errors.add(
            "erase_after_days",
            format!(
                "Days after the event: type a number between {} and {}, or nothing to keep contacts and mail.",
                crate::core::event::RETENTION_DAYS.start(),
                crate::core::event::RETENTION_DAYS.end()
            ),
        );
        return settings::refuse_retention(&context, fields, errors).await;
    }
    context
        .write(move |tx| Ok::<_, Error>(retention::set(tx, days)?))
        .await?;
    Ok(see_other_done(
        &format!("/events/{}/settings", context.access.slug),
        "saved",
    ))
}

async fn is_archived(app: &web::Data<App>, event: EventId) -> Result<bool, Error> {
    app.db
        .read(move |conn| Ok::<_, Error>(archived::archived_at(conn, event)?.is_some()))
        .await
}

fn page(context: &EventContext, archived: bool, form: Form) -> DeletionPage {
    DeletionPage {
        shell: context
            .access
            .shell("Delete this event", Section::Settings)
            .form(&form),
        slug: context.access.slug.clone(),
        archived,
        typed: TextField::new("slug", "Short name of the event")
            .help(format!("Type {} to delete it.", context.access.slug))
            .short()
            .of(&form),
        form,
    }
}
