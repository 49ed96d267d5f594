//! Free times: who is sought, what is free at one press, and what is in the way of the rest.

mod results;

use actix_web::{HttpRequest, web};
use askama::Template;

use self::results::{Results, results};
use super::PageOutcome;
use super::form::{interpretation_field, interpreter_field, kind_field, participant_choices};
use crate::core::interpreter::LanguagePair;
use crate::core::programme::Programme;
use crate::core::slot::SlotId;
use crate::core::time::day_in_words;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{Choice, Choices, Select, TextField};
use crate::server::form::{Fields, Form};
use crate::server::forms::free::{
    ANY_DAY, ANY_ROOM, NO_ROOM, carried, known_fields, parse, prefilled, was_sent,
};
use crate::server::forms::slot;
use crate::server::page::{Section, Shell, render, see_other, unprocessable};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "slot/free.html")]
struct FreePage {
    shell: Shell,
    slug: String,
    form: Form,
    slot: String,
    kind: Select,
    title: TextField,
    delegations: Choices,
    minutes: TextField,
    room: Select,
    people: TextField,
    interpretation: Choices,
    interpreters: Option<Choices>,
    pairs: Option<Choices>,
    day: Select,
    from: TextField,
    until: TextField,
    near: TextField,
    results: Option<Results>,
}

/// `GET /events/{slug}/free-slots`: the form, and what was found once it was sent.
///
/// # Errors
/// When the caller has no role at the event, or the address has fields that the form does not have.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    request: HttpRequest,
) -> PageOutcome {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let fields = known_fields(request.query_string())?;
    if !was_sent(&fields) {
        let form = Form::new(prefilled(&context.programme, &fields));
        return render(&page(&context, form, None));
    }
    match parse(&context.programme, &fields) {
        Ok(wish) => {
            let results = results(&context, &fields, &wish);
            render(&page(&context, Form::new(fields), Some(results)))
        }
        Err(errors) => unprocessable(&page(&context, Form::rejected(fields, errors), None)),
    }
}

/// What the slot form's button adds to its address.
#[derive(serde::Deserialize)]
pub struct Moving {
    slot: Option<i64>,
}

/// `POST /events/{slug}/free-slots`: converts the slot form to a search and redirects to it.
///
/// # Errors
/// When the caller has no role at the event, or the form has fields that the slot form does not have.
pub async fn carry(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    moving: web::Query<Moving>,
    fields: Fields,
) -> PageOutcome {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let fields = slot::known_fields(fields)?;
    let slot = moving.slot.map(SlotId);
    Ok(see_other(&address_of_typed(
        &context.programme,
        &fields,
        slot,
    )))
}

/// The address of the search for what was typed into the slot form.
pub(super) fn address_of_typed(
    programme: &Programme,
    slot_form: &Fields,
    slot: Option<SlotId>,
) -> String {
    address(programme, &carried(programme, slot_form, slot))
}

fn address(programme: &Programme, fields: &Fields) -> String {
    let (slug, query) = (&programme.event.slug, fields.encode_without_passwords());
    format!("/events/{slug}/free-slots?{query}")
}

fn page(context: &EventContext, form: Form, results: Option<Results>) -> FreePage {
    let slug = context.programme.event.slug.to_string();
    let clock = |name, label, help| TextField::new(name, label).help(help).numeric().optional();
    FreePage {
        shell: context
            .access
            .shell("Find a free time", Section::Timetable)
            .form(&form),
        slug,
        slot: form.fields.get("slot").to_owned(),
        kind: kind_field().of(&form),
        title: TextField::new("title", "Title")
            .help("Otherwise the kind and the names.")
            .optional()
            .of(&form),
        delegations: Choices::checkboxes("delegations", "Who meets", participant_choices(context))
            .inline()
            .of(&form),
        minutes: TextField::new("minutes", "Minutes").numeric().of(&form),
        room: any_room_field(context).of(&form),
        people: TextField::new("people", "Room for")
            .help("People; otherwise the parties.")
            .numeric()
            .optional()
            .of(&form),
        interpretation: interpretation_field().of(&form),
        interpreters: interpreter_field(context).map(|field| field.of(&form)),
        pairs: pairs_field(context).map(|field| field.of(&form)),
        day: any_day_field(context).of(&form),
        from: clock("from", "Not before", "As in 14:40.").of(&form),
        until: clock("until", "Ends by", "As in 18:00.").of(&form),
        near: clock("near", "Best near", "Otherwise early.").of(&form),
        results,
        form,
    }
}

/// A room, any room that is large enough, or none yet.
pub(crate) fn any_room_field(context: &EventContext) -> Select {
    let rooms = context.programme.rooms.iter().map(|room| {
        let label = format!("{} ({} people)", room.name, room.capacity);
        Choice::new(room.code.as_str(), label)
    });
    let any = Choice::new(ANY_ROOM, "Any room that is large enough");
    let none = Choice::new(NO_ROOM, "No room yet");
    Select::new("room", "Room", [any].into_iter().chain(rooms).chain([none]))
}

/// The language pairs of all interpreters at the event.
fn pairs_field(context: &EventContext) -> Option<Choices> {
    let mut pairs: Vec<&LanguagePair> = Vec::new();
    for pair in context
        .programme
        .interpreters
        .iter()
        .flat_map(|each| &each.pairs)
    {
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    let choices = pairs
        .iter()
        .map(|pair| Choice::new(pair.to_string(), pair.to_string()));
    let field = Choices::checkboxes("pairs", "Any interpreter between", choices);
    (!pairs.is_empty()).then(|| field.inline())
}

/// A day, or any of several.
pub(crate) fn any_day_field(context: &EventContext) -> Select {
    let days = &context.programme.event.days;
    let each = days
        .iter()
        .map(|day| Choice::new(day.date.to_string(), day_in_words(day.date)));
    let any = (days.len() > 1).then(|| Choice::new(ANY_DAY, "Any day of the event"));
    Select::new("day", "Day", each.chain(any))
}
