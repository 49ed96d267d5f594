//! One slot a delegation is asked about, and its answer.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{ClosedLink, GivenAnswer, OfficeContact, PrivateAccess, shell};
use crate::auth::throttle::{self, Counters};
use crate::change::answer;
use crate::core::notice::Method;
use crate::core::notice::answer::{AnswerOutcome, IncomingAnswer, NoticeReply, Via};
use crate::core::slot::SlotId;
use crate::core::text;
use crate::core::text_enum::TextEnum;
use crate::core::user::Actor;
use crate::mail::language::Language;
use crate::mail::words::SlotWords;
use crate::server::app::App;
use crate::server::field::TextArea;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Shell, conflict, render, see_other_done, unprocessable};
use crate::server::throttle::refuse_if_over;
use crate::server::{Error, done};
use crate::store::{private_link, transaction};

#[derive(Template)]
#[template(path = "private/slot.html")]
struct PrivateSlotPage {
    shell: Shell,
    office: OfficeContact,
    party: String,
    event: String,
    venue: String,
    slot: SlotWords,
    asked: SlotQuestion,
    kept: Option<GivenAnswer>,
    /// What an answer answers to.
    sequence: i32,
    comment: TextArea,
    action: String,
    schedule: String,
    form: Form,
}

/// What the page of a slot asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SlotQuestion {
    /// Whether they will be there.
    Now,
    /// No answer by this link: a later letter has another; the page links to the current version.
    Newer,
    /// Asks again whether they will be there: the slot has changed while they were answering.
    Changed,
    /// Nothing: it is off, for them at least.
    Off,
}

/// Query parameters of the address.
#[derive(Deserialize)]
pub struct SlotQuery {
    /// What the link that led here asks about.
    sequence: Option<i32>,
}

/// `GET /schedule/{slug}/{code}/slots/{id}`: the slot as they know it, and the question whether they will be there.
pub async fn ask(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String, i64)>,
    query: web::Query<SlotQuery>,
) -> Result<HttpResponse, Error> {
    let (slug, code, slot) = path.into_inner();
    let access = match PrivateAccess::by_pass(&app, &request, (slug, code)).await? {
        Ok(access) => access,
        Err(closed) => return closed.page(),
    };
    let slot = SlotId(slot);
    let known = access.programme.ledger.notice(slot, access.delegation.id);
    let newer = query
        .sequence
        .is_some_and(|asked| known.is_some_and(|notice| notice.sequence != asked));
    let asked = if newer {
        SlotQuestion::Newer
    } else {
        SlotQuestion::Now
    };
    match access.slot_page(slot, asked, Form::default()) {
        Some(page) => render(&PrivateSlotPage {
            shell: page.shell.done(done::in_query(request.query_string())),
            ..page
        }),
        None => access.never_told(),
    }
}

/// `POST /schedule/{slug}/{code}/slots/{id}`: takes the delegation's answer about the slot.
///
/// # Errors
/// When the database fails, or there are too many answers.
pub async fn take(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String, i64)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (slug, code, slot) = path.into_inner();
    let place = (slug, code);
    let access = match PrivateAccess::by_pass(&app, &request, place.clone()).await? {
        Ok(access) => access,
        Err(closed) => return closed.page(),
    };
    let slot = SlotId(slot);
    let fields = fields.only(&["answer", "comment", "sequence"])?;
    let mut errors = FieldErrors::default();
    let reply = NoticeReply::from_word(fields.get("answer"));
    let sequence = fields.get("sequence").parse::<i32>().ok();
    if reply.is_none() || sequence.is_none() {
        errors.add("answer", "Choose one of the answers.");
    }
    let comment = errors.check("comment", "Comment", text::note(fields.get("comment")));
    let (Some(reply), Some(sequence), Some(comment)) = (reply, sequence, comment) else {
        let form = Form::rejected(fields, errors);
        let page = access.slot_page(slot, SlotQuestion::Now, form);
        return page.map_or_else(|| access.never_told(), |page| unprocessable(&page));
    };
    let said = IncomingAnswer {
        reply,
        comment,
        via: Via::Link,
        by: String::new(),
        sequence,
        at: access.now,
    };
    let asked = match access.take(&app, slot, said).await? {
        AnswerOutcome::Taken | AnswerOutcome::Known => {
            return Ok(see_other_done(&access.slot_address(slot), "answered"));
        }
        // Another contact of the delegation was quicker, or the office has changed the slot: the page shows its state.
        AnswerOutcome::Stale(_) => SlotQuestion::Changed,
        AnswerOutcome::Overtaken | AnswerOutcome::NotExpected => SlotQuestion::Now,
    };
    match PrivateAccess::by_pass(&app, &request, place).await? {
        Ok(access) => access
            .slot_page(slot, asked, Form::new(fields))
            .map_or_else(|| access.never_told(), |page| conflict(&page)),
        Err(closed) => closed.page(),
    }
}

impl PrivateAccess {
    async fn take(
        &self,
        app: &web::Data<App>,
        slot: SlotId,
        said: IncomingAnswer,
    ) -> Result<AnswerOutcome, Error> {
        let (state, now, links) = (app.clone(), self.now, self.links);
        let delegation = self.delegation.id;
        let event = self.programme.event.id;
        let actor = Actor {
            user: None,
            name: format!("{} (private link)", self.delegation.name),
            way: String::new(),
        };
        let counters = Counters::of_answer(delegation.0);
        refuse_if_over(app, &counters, now).await?;
        app.db
            .write(move |conn| {
                throttle::count(conn, &counters, now)?;
                let written =
                    transaction::write(conn, &state.programme_cache, event, &actor, now, |tx| {
                        private_link::note_use(tx.conn, links, now)?;
                        answer::receive(tx, (slot, delegation), said)
                    })?;
                Ok::<_, Error>(written.value)
            })
            .await
    }

    fn never_told(&self) -> Result<HttpResponse, Error> {
        ClosedLink::NeverTold(self.programme.clone(), self.address()).page()
    }

    /// The slot as they know it; `None` when they never heard of it.
    fn slot_page(&self, slot: SlotId, asked: SlotQuestion, form: Form) -> Option<PrivateSlotPage> {
        let programme = &self.programme;
        let event = &programme.event;
        let notice = programme.ledger.notice(slot, self.delegation.id)?;
        let (venue, home) = (event.time_zone, self.delegation.time_zone);
        let kept = programme.ledger.valid_answer(slot, self.delegation.id);
        let form = match kept {
            Some(kept) if !form.is_rejected() && form.fields.get("comment").is_empty() => {
                Form::new(Fields::from_pairs([("comment", kept.comment.clone())]))
            }
            _ => form,
        };
        Some(PrivateSlotPage {
            shell: shell(programme, &notice.told.title).form(&form),
            office: OfficeContact::of(programme),
            party: self.delegation.name.to_string(),
            event: event.name.to_string(),
            venue: event.venue.to_string(),
            slot: SlotWords::of(Language::english(), &notice.told, venue, home, true),
            asked: match notice.method {
                Method::Cancel => SlotQuestion::Off,
                Method::Request => asked,
            },
            kept: kept.map(|kept| GivenAnswer::of(programme, kept)),
            sequence: notice.sequence,
            comment: TextArea::new("comment", "Comment for the protocol office")
                .optional()
                .rows(3)
                .of(&form),
            action: self.slot_address(slot),
            schedule: self.address(),
            form,
        })
    }
}
