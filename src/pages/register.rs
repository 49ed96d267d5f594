//! The handlers that delegations, rooms and interpreters share: a form for a new one, a form for a stored one, saving,
//! and removing. Each noun says in a [`Register`] what differs.

use actix_web::{HttpResponse, web};
use askama::Template;
use diesel::result::Error as DieselError;

use crate::change::correction;
use crate::core::event::Event;
use crate::core::programme::Programme;
use crate::db::DbError;
use crate::server::Error;
use crate::server::app::App;
use crate::server::broken::BrokenSlots;
use crate::server::context::EventContext;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms;
use crate::server::page::{conflict, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;
use crate::store::transaction::EventTx;

/// A register of an event: a list of items that officers add, change and remove.
pub trait Register {
    /// What is registered.
    type Item: Clone + Send + 'static;
    /// Why an item could not be stored.
    type Failure: From<DieselError> + From<DbError> + Send + 'static;
    /// The page with the form.
    type Page: Template;

    /// The register in addresses, as `rooms`.
    const PATH: &'static str;

    /// Finds an item by its code.
    fn find<'p>(programme: &'p Programme, code: &str) -> Option<&'p Self::Item>;

    /// Passes on a form that has no unknown field.
    ///
    /// # Errors
    /// When it has one.
    fn known_fields(fields: Fields) -> Result<Fields, Error>;

    /// Fills in the form for a new item.
    fn defaults(programme: &Programme) -> Fields;

    /// Writes a stored item as fields.
    fn fields_of(event: &Event, item: &Self::Item) -> Fields;

    /// Reads the fields; the item keeps the id of the stored one.
    ///
    /// # Errors
    /// With messages at the fields.
    fn parse(
        event: &Event,
        fields: &Fields,
        stored: Option<&Self::Item>,
    ) -> Result<Self::Item, FieldErrors>;

    /// Stores a new item.
    fn add(tx: &mut EventTx<'_>, item: &Self::Item) -> Result<(), Self::Failure>;

    /// Stores a changed item.
    fn change(tx: &mut EventTx<'_>, item: &Self::Item) -> Result<(), Self::Failure>;

    /// Shows what the form can mend of a failure; the rest is an error page.
    ///
    /// # Errors
    /// When no form can mend it.
    fn field_errors(context: &EventContext, failure: Self::Failure) -> Result<FieldErrors, Error>;

    /// Makes the page with the form, for a stored item or a new one.
    fn page(context: &EventContext, stored: Option<&Self::Item>, form: Form) -> Self::Page;

    /// Answers that an item is stored, and names the slots that this breaks; `context` has the programme before.
    fn saved(
        context: &EventContext,
        item: &Self::Item,
        is_new: bool,
        broken: &BrokenSlots,
    ) -> HttpResponse {
        let _ = (item, is_new);
        back_to_list::<Self>(context, &broken.after("saved"))
    }

    /// True when an item could not be stored because it was removed meanwhile.
    fn is_removed(failure: &Self::Failure) -> bool;

    /// Answers changes to an item that was removed meanwhile.
    ///
    /// # Errors
    /// As there is no such item, unless the noun has a better answer.
    fn removed_meanwhile(_: &EventContext, _: Fields) -> Result<HttpResponse, Error> {
        Err(Error::NotFound)
    }
}

/// A register whose items are removed by the press of a button.
pub trait Removable: Register {
    /// Removes an item.
    fn remove(tx: &mut EventTx<'_>, item: &Self::Item) -> Result<(), Self::Failure>;
}

/// The context of a user who may change an event.
async fn to_change(
    app: &web::Data<App>,
    current_user: CurrentUser,
    slug: String,
) -> Result<EventContext, Error> {
    EventContext::at(app, current_user, slug).await?.to_change()
}

/// `GET /events/{slug}/{register}/new`
///
/// # Errors
/// For those who may not change the event.
pub async fn new<R: Register>(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = to_change(&app, current_user, slug.into_inner()).await?;
    let form = Form::new(R::defaults(&context.programme));
    render(&R::page(&context, None, form))
}

/// The context of a user who may change an event, and the page with the form of an item.
///
/// # Errors
/// For those who may not change the event, and when there is no such item.
pub async fn form_of<R: Register>(
    app: &web::Data<App>,
    current_user: CurrentUser,
    (slug, code): (String, String),
) -> Result<(EventContext, R::Item, R::Page), Error> {
    let context = to_change(app, current_user, slug).await?;
    let item = R::find(&context.programme, &code).cloned();
    let item = item.ok_or(Error::NotFound)?;
    let form = Form::new(R::fields_of(&context.programme.event, &item));
    let page = R::page(&context, Some(&item), form);
    Ok((context, item, page))
}

/// `GET /events/{slug}/{register}/{code}`
///
/// # Errors
/// For those who may not change the event, and when there is no such item.
pub async fn edit<R: Register>(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (.., page) = form_of::<R>(&app, current_user, path.into_inner()).await?;
    render(&page)
}

/// `POST /events/{slug}/{register}`
///
/// # Errors
/// For those who may not change the event.
pub async fn add<R: Register>(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = to_change(&app, current_user, slug.into_inner()).await?;
    save::<R>(&context, None, R::known_fields(fields)?).await
}

/// `POST /events/{slug}/{register}/{code}`
///
/// # Errors
/// For those who may not change the event, and when there is no such item.
pub async fn update<R: Register>(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (slug, code) = path.into_inner();
    let context = to_change(&app, current_user, slug).await?;
    let fields = R::known_fields(fields)?;
    match R::find(&context.programme, &code) {
        Some(item) => save::<R>(&context, Some(item), fields).await,
        None => R::removed_meanwhile(&context, fields),
    }
}

async fn save<R: Register>(
    context: &EventContext,
    stored: Option<&R::Item>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let item = match R::parse(&context.programme.event, &fields, stored) {
        Ok(item) => item,
        Err(errors) => {
            let form = Form::rejected(fields, errors);
            return unprocessable(&R::page(context, stored, form));
        }
    };
    let (is_new, wanted) = (stored.is_none(), item.clone());
    let is_correction = forms::is_correction(&fields);
    let saved = context
        .write(move |tx| {
            let before = tx.programme();
            if is_new {
                R::add(tx, &item)?;
            } else {
                R::change(tx, &item)?;
                if is_correction {
                    correction::take_as_known(tx, &before)?;
                }
            }
            Ok((before, tx.programme()))
        })
        .await;
    match saved {
        Ok((before, after)) => {
            let broken = BrokenSlots::by(&before, &after);
            Ok(R::saved(context, &wanted, is_new, &broken))
        }
        Err(failure) if R::is_removed(&failure) => R::removed_meanwhile(context, fields),
        Err(failure) => {
            let form = Form::rejected(fields, R::field_errors(context, failure)?);
            unprocessable(&R::page(context, stored, form))
        }
    }
}

/// `POST /events/{slug}/{register}/{code}/removal`
///
/// # Errors
/// For those who may not change the event, and when there is no such item.
pub async fn remove<R: Removable>(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    fields.only(&[])?;
    let (slug, code) = path.into_inner();
    let context = to_change(&app, current_user, slug).await?;
    let item = R::find(&context.programme, &code).ok_or(Error::NotFound)?;
    let removed = item.clone();
    match context.write(move |tx| R::remove(tx, &removed)).await {
        Ok(()) => Ok(back_to_list::<R>(&context, "removed")),
        Err(failure) => {
            let fields = R::fields_of(&context.programme.event, item);
            let form = Form::rejected(fields, R::field_errors(&context, failure)?);
            conflict(&R::page(&context, Some(item), form))
        }
    }
}

fn back_to_list<R: Register + ?Sized>(context: &EventContext, done: &str) -> HttpResponse {
    let list = format!("/events/{}/{}", context.access.slug, R::PATH);
    see_other_done(&list, done)
}
