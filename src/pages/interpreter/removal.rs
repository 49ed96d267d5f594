//! Removing an interpreter: what that leaves open, and who could step in, slot by slot.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{at_one, into_web_error};
use crate::change::booking::BookingError;
use crate::change::interpreter::{self, InterpreterError, Seen};
use crate::change::staffing;
use crate::core::by_slot::BySlot;
use crate::core::decision::Refusal;
use crate::core::interpreter::Interpreter;
use crate::core::rules::interpretation::{Gap, left_alone, replacements};
use crate::core::slot::{Resource, Slot, SlotId, SlotState};
use crate::core::timetable::{SlotView, slot_view};
use crate::core::wording;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::form::Fields;
use crate::server::page::{Section, Shell, conflict, render, see_other_done};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "interpreter/removal.html")]
struct RemovalPage {
    shell: Shell,
    name: String,
    own: String,
    /// Why what was asked for has not been done; empty when nothing was.
    refusal: String,
    booked: Vec<RemovalLine>,
    cancelled: Vec<RemovalLine>,
    /// Every slot with its version, for the form that confirms.
    seen: Vec<String>,
}

/// A slot that names the interpreter.
struct RemovalLine {
    slot: SlotView,
    day: String,
    version: i32,
    is_over: bool,
    /// Effect of the removal on the slot.
    leaves: String,
    uncovered: bool,
    /// Code and name of who could step in.
    replacements: Vec<(String, String)>,
}

/// `GET /events/{slug}/interpreters/{code}/removal`: what the removal would leave open.
///
/// # Errors
/// For those who may not change the event, and when there is no such interpreter.
pub async fn ask(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (context, interpreter) = at_one(&app, current_user, path.into_inner()).await?;
    let context = context.to_change()?;
    render(&page(&context, &interpreter, String::new()))
}

/// `POST /events/{slug}/interpreters/{code}/removal`: removes the interpreter, and takes them out of the slots named in
/// the fields `slot`, which must be all there are.
///
/// # Errors
/// For those who may not change the event, and when there is no such interpreter.
pub async fn remove(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (context, interpreter) = at_one(&app, current_user, path.into_inner()).await?;
    let context = context.to_change()?;
    let fields = fields.only(&["slot"])?;
    let seen = seen(&fields)?;
    let (id, asked) = (interpreter.id, !seen.is_empty());
    match context
        .write(move |tx| interpreter::remove(tx, id, &seen))
        .await
    {
        Ok(()) => Ok(see_other_done(
            &format!("/events/{}/interpreters", context.access.slug),
            "removed",
        )),
        Err(InterpreterError::Booked) => {
            let refusal = if asked {
                "The slots have changed since you opened this page. Nothing was removed; check them again."
            } else {
                ""
            };
            conflict(&page(
                &context.reloaded().await?,
                &interpreter,
                refusal.to_owned(),
            ))
        }
        Err(error) => Err(into_web_error(error)),
    }
}

/// Reads the slots that the page had shown, each as `ID:VERSION`.
fn seen(fields: &Fields) -> Result<Vec<Seen>, Error> {
    let read = |text: &str| {
        let (id, version) = text.split_once(':')?;
        Some((SlotId(id.parse().ok()?), version.parse().ok()?))
    };
    let slots: Option<Vec<Seen>> = fields.all("slot").map(read).collect();
    slots.ok_or_else(|| Error::BadRequest("The form is invalid; open the page again.".to_owned()))
}

/// `POST /events/{slug}/interpreters/{code}/replacements`: puts the interpreter with the code `by` in this one's place
/// in one slot.
///
/// # Errors
/// For those who may not change the event, and when there is no such interpreter.
pub async fn replace(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (context, interpreter) = at_one(&app, current_user, path.into_inner()).await?;
    let context = context.to_change()?;
    let fields = fields.only(&["slot", "version", "by"])?;
    let version = crate::server::forms::slot::version(&fields)?;
    let slot = SlotId(fields.get("slot").parse().map_err(|_| Error::NotFound)?);
    let by = context.programme.interpreter_by_code(fields.get("by"));
    let Some(comes) = by.map(|by| by.id) else {
        let refusal = "Nothing was changed: the replacement was removed meanwhile.".to_owned();
        return conflict(&page(&context, &interpreter, refusal));
    };
    let leaves = interpreter.id;
    let replaced = context
        .book(move |tx| staffing::substitute(tx, slot, version, leaves, comes))
        .await;
    let refusal = match replaced {
        Ok(()) => {
            let own = own(&context, &interpreter);
            return Ok(see_other_done(&format!("{own}/removal"), "replaced"));
        }
        Err(BookingError::Refused(Refusal::Stale { .. })) => {
            "Another officer has changed the slot meanwhile.".to_owned()
        }
        Err(BookingError::Refused(Refusal::Conflicts(refused))) => {
            let say =
                |conflict| wording::sentence(&refused.programme, refused.candidate(), conflict);
            let sentences: Vec<String> = refused.conflicts.iter().map(say).collect();
            sentences.join(" ")
        }
        Err(error) => return Err(error.into()),
    };
    let refusal = format!("Nothing was changed. {refusal}");
    conflict(&page(&context.reloaded().await?, &interpreter, refusal))
}

fn own(context: &EventContext, interpreter: &Interpreter) -> String {
    format!(
        "/events/{}/interpreters/{}",
        context.access.slug, interpreter.code
    )
}

fn page(context: &EventContext, interpreter: &Interpreter, refusal: String) -> RemovalPage {
    let programme = &context.programme;
    let slots: Vec<&Slot> = programme
        .slots_of(Resource::Interpreter(interpreter.id))
        .map(AsRef::as_ref)
        .collect();
    let (cancelled, live): (Vec<&Slot>, Vec<&Slot>) = slots
        .iter()
        .copied()
        .partition(|slot| slot.state() == SlotState::Cancelled);
    RemovalPage {
        shell: context.access.shell(
            format!("Remove {}", interpreter.name),
            Section::Interpreters,
        ),
        name: interpreter.name.to_string(),
        own: own(context, interpreter),
        refusal,
        booked: live
            .into_iter()
            .map(|slot| line(context, slot, interpreter))
            .collect(),
        cancelled: cancelled
            .into_iter()
            .map(|slot| plain(context, slot))
            .collect(),
        seen: slots
            .iter()
            .map(|slot| format!("{}:{}", slot.id, slot.version))
            .collect(),
    }
}

/// A slot that needs no replacement.
fn plain(context: &EventContext, slot: &Slot) -> RemovalLine {
    let programme = &context.programme;
    RemovalLine {
        slot: slot_view(programme, slot, &BySlot::default()),
        day: programme
            .event
            .time_zone
            .day_in_words(slot.interval().start()),
        version: slot.version,
        is_over: slot.interval().end().moment() <= context.now,
        leaves: String::new(),
        uncovered: false,
        replacements: Vec::new(),
    }
}

fn line(context: &EventContext, slot: &Slot, interpreter: &Interpreter) -> RemovalLine {
    let programme = &context.programme;
    let left = left_alone(programme, slot, interpreter.id);
    let name = |id| wording::resource_name(programme, Resource::Delegation(id));
    let between: Vec<String> = left
        .iter()
        .filter_map(|gap| match gap {
            Gap::Between(one, other) => Some(format!("{} and {}", name(*one), name(*other))),
            Gap::BesideOne(_) => None,
        })
        .collect();
    let rest: Vec<&str> = programme
        .interpreters_of(slot.content())
        .filter(|other| other.id != interpreter.id)
        .map(|other| other.name.as_str())
        .collect();
    let leaves = match (between.is_empty(), rest.is_empty()) {
        (false, _) => format!("No interpreter is left between {}.", between.join("; ")),
        (true, false) => format!("Covered by {}.", rest.join(", ")),
        (true, true) => "No interpreter is left; none is needed.".to_owned(),
    };
    RemovalLine {
        leaves,
        uncovered: !left.is_empty(),
        replacements: replacements(programme, slot, interpreter)
            .into_iter()
            .map(|each| (each.code.to_string(), each.name.to_string()))
            .collect(),
        ..plain(context, slot)
    }
}
