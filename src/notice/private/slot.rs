//! One slot a delegation is asked about, and its answer.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::super::Method;
use super::super::answer::{self, Outcome, Reply, Said, Via};
use super::{Door, Kept, Office, dead_link};
use crate::app::App;
use crate::audit::Actor;
use crate::auth::throttle;
use crate::db::text_enum::TextEnum;
use crate::event::tx;
use crate::mail::language::Language;
use crate::mail::words::SlotWords;
use crate::slot::SlotId;
use crate::text;
use crate::web::Error;
use crate::web::field::TextArea;
use crate::web::form::{FieldErrors, Fields, Form};
use crate::web::page::{Shell, see_other_done, unprocessable, with_status};

#[derive(Template)]
#[template(path = "private/slot.html")]
pub(super) struct SlotPage {
    shell: Shell,
    office: Office,
    party: String,
    event: String,
    venue: String,
    slot: SlotWords,
    asked: Asked,
    kept: Option<Kept>,
    comment: TextArea,
    action: String,
    form: Form,
}

/// What the page of a slot asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Whether they will be there.
    Now,
    /// Nothing by this link: a later letter has another.
    Newer,
    /// Nothing: it is off, for them at least.
    Off,
}

/// `POST /d/{token}`: takes the delegation's answer about the slot.
///
/// # Errors
/// As [`show`](super::show); when there are too many answers.
pub async fn take(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let token = token.into_inner();
    let Some(door) = Door::open(&app, &request, &token).await? else {
        return dead_link();
    };
    let Some((slot, sequence)) = door.link.slot else {
        return Err(Error::MethodNotAllowed);
    };
    let fields = fields.only(&["answer", "comment"])?;
    let mut errors = FieldErrors::default();
    let reply = Reply::from_word(fields.get("answer"));
    if reply.is_none() {
        errors.add(
            "answer",
            "Press one of the buttons to say whether you will be there.",
        );
    }
    let comment = errors.check("comment", "Comment", text::note(fields.get("comment")));
    let (Some(reply), Some(comment)) = (reply, comment) else {
        let form = Form::rejected(fields, errors);
        let page = door.slot_page(&app, &request, slot, sequence, form);
        return page.map_or_else(dead_link, |page| unprocessable(&page));
    };
    let said = Said {
        reply,
        comment,
        via: Via::Link,
        by: String::new(),
        sequence,
        at: door.now,
    };
    match door.take(&app, slot, said).await? {
        Outcome::Taken | Outcome::Known => Ok(see_other_done(&format!("/d/{token}"), "answered")),
        // Somebody else of the delegation was quicker, or the office has changed the slot: the page says how it stands.
        Outcome::Overtaken | Outcome::Stale(_) | Outcome::NotExpected => {
            let Some(door) = Door::open(&app, &request, &token).await? else {
                return dead_link();
            };
            let page = door.slot_page(&app, &request, slot, sequence, Form::new(fields));
            page.map_or_else(dead_link, |page| with_status(StatusCode::CONFLICT, &page))
        }
    }
}

impl Door {
    async fn take(&self, app: &web::Data<App>, slot: SlotId, said: Said) -> Result<Outcome, Error> {
        let (state, now, delegation) = (app.clone(), self.now, self.delegation.id);
        let event = self.programme.event.id;
        let actor = Actor {
            user: None,
            name: format!("{} (private link)", self.delegation.name),
        };
        app.db
            .write(move |conn| {
                throttle::count_answer(conn, delegation.0, now)?;
                let written = tx::write(conn, &state.live, event, &actor, now, |tx| {
                    answer::answer(tx, (slot, delegation), said)
                })?;
                Ok::<_, Error>(written.value)
            })
            .await
    }

    /// The slot as they know it; `None` when they never heard of it.
    pub(super) fn slot_page(
        &self,
        app: &App,
        request: &HttpRequest,
        slot: SlotId,
        sequence: i32,
        form: Form,
    ) -> Option<SlotPage> {
        let event = &self.programme.event;
        let notice = self.programme.ledger.notice(slot, self.delegation.id)?;
        let (venue, home) = (event.time_zone, self.delegation.time_zone);
        let standing = match notice.method {
            Method::Cancel => Asked::Off,
            Method::Request if notice.sequence != sequence => Asked::Newer,
            Method::Request => Asked::Now,
        };
        let kept = answer::standing(&self.programme, slot, self.delegation.id);
        let form = match kept {
            Some(kept) if !form.is_rejected() && form.fields.get("comment").is_empty() => {
                Form::new(Fields::from_pairs([("comment", kept.comment.clone())]))
            }
            _ => form,
        };
        Some(SlotPage {
            shell: self
                .shell(&notice.told.title)
                .form(&form)
                .done(crate::web::done::in_query(request.query_string())),
            office: Office::of(&self.programme),
            party: self.delegation.name.to_string(),
            event: event.name.to_string(),
            venue: event.venue.to_string(),
            slot: SlotWords::of(Language::english(), &notice.told, venue, home, true),
            asked: standing,
            kept: kept.map(|kept| self.kept(kept)),
            comment: TextArea::new("comment", "Comment for the protocol office")
                .optional()
                .rows(3)
                .of(&form),
            action: app.config.links().path(self.link),
            form,
        })
    }
}
