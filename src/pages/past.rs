//! The question before letters go out about a day that is over.

use actix_web::HttpResponse;
use askama::Template;

use crate::core::slot::Slot;
use crate::core::timetable::clock_range;
use crate::server::Error;
use crate::server::context::EventContext;
use crate::server::form::Fields;
use crate::server::page::{Section, Shell, conflict};

/// The field that says that the officer was asked.
pub(super) const ASKED: &str = "past";

#[derive(Template)]
#[template(path = "notice/past.html")]
struct PastPage {
    shell: Shell,
    action: String,
    back: String,
    /// What was sent, to be sent again.
    fields: Vec<(String, String)>,
    slots: Vec<PastSlot>,
}

struct PastSlot {
    title: String,
    day: String,
    time: String,
}

impl PastPage {
    fn heading(&self) -> &'static str {
        match self.slots.as_slice() {
            [_] => "This day is over",
            _ => "These days are over",
        }
    }
}

/// True when the slot's day is over.
pub(super) fn is_past(context: &EventContext, slot: &Slot) -> bool {
    let event = &context.programme.event;
    let date = event.day_of(slot.interval().start());
    event.whole_day(date).end() <= context.now.instant()
}

/// Asks whether letters are to go out about slots whose day is over; `None` when there are none, or it was asked.
pub(super) fn question<'s>(
    context: &EventContext,
    slots: impl Iterator<Item = &'s Slot>,
    (action, back): (String, String),
    fields: &Fields,
) -> Option<Result<HttpResponse, Error>> {
    let event = &context.programme.event;
    let slots: Vec<PastSlot> = slots
        .filter(|slot| is_past(context, slot))
        .map(|slot| PastSlot {
            title: slot.title().to_string(),
            day: event.time_zone.day_in_words(slot.interval().start()),
            time: clock_range(&context.programme, slot.interval()),
        })
        .collect();
    let asks = !context.app.config.is_demo && !fields.flag(ASKED);
    (asks && !slots.is_empty()).then(|| {
        conflict(&PastPage {
            shell: context
                .access
                .shell("Letters about a day that is over", Section::Notices),
            action,
            back,
            fields: fields
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            slots,
        })
    })
}
