//! Notices and answers: who was notified of what, when, by which mail; answers by telephone; renewed links.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::answer;
use crate::core::action::Action;
use crate::core::delegation::DelegationId;
use crate::core::notice::answer::{AnswerOutcome, IncomingAnswer, NoticeReply, Via};
use crate::core::notice::{Method, Notice};
use crate::core::programme::Programme;
use crate::core::slot::SlotId;
use crate::core::text;
use crate::core::text_enum::TextEnum;
use crate::core::wording::answer::AnswerWords;
use crate::mail::language::Language;
use crate::mail::outbox::{self, MailId, MailSummary};
use crate::mail::words::SlotWords;
use crate::pages::slot::show::with_answer;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::link_words::LinkWords;
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;
use crate::store::private_link::{self, IssuedLinks};

#[derive(Template)]
#[template(path = "notice/told.html")]
struct ToldPage {
    shell: Shell,
    slug: String,
    parties: Vec<PartyTold>,
    summary: String,
    may_open: bool,
}

/// Notices to one delegation, and its answers.
struct PartyTold {
    code: String,
    name: String,
    /// Whether private links were opened; empty before the first notice.
    link: Option<LinkWords>,
    lines: Vec<AnswerLine>,
}

struct AnswerLine {
    slot: SlotId,
    title: String,
    when: String,
    /// `Told` or `Told off`.
    what: &'static str,
    at: String,
    sequence: i32,
    mails: Vec<MailLink>,
    answer: AnswerWords,
}

struct MailLink {
    id: MailId,
    recipient: String,
    amiss: bool,
    label: &'static str,
}

/// `GET /events/{slug}/answers`: notices of each slot to each delegation, and answers.
///
/// # Errors
/// When the caller has no role at the event.
pub async fn index(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let event = context.programme.event.id;
    let (mails, links) = app
        .db
        .read(move |conn| {
            let mails = outbox::about_slots(conn, event)?;
            Ok::<_, Error>((mails, private_link::of_event(conn, event)?))
        })
        .await?;
    render(&page(&context, mails, &links))
}

fn page(
    context: &EventContext,
    mails: Vec<MailSummary>,
    links: &HashMap<DelegationId, IssuedLinks>,
) -> ToldPage {
    let programme = &context.programme;
    let mut by_notice: HashMap<(SlotId, DelegationId, i32), Vec<MailLink>> = HashMap::new();
    for mail in mails {
        if let (Some(slot), Some(delegation)) = (mail.slot_id, mail.delegation_id) {
            let link = MailLink {
                id: mail.id,
                amiss: mail.is_amiss(),
                label: mail.label(),
                recipient: mail.recipient,
            };
            by_notice
                .entry((slot, delegation, mail.sequence))
                .or_default()
                .push(link);
        }
    }
    let parties: Vec<PartyTold> = programme
        .delegations
        .iter()
        .map(|delegation| {
            let mut notices: Vec<&Notice> = programme
                .ledger
                .notices()
                .filter(|notice| notice.delegation == delegation.id)
                .collect();
            notices
                .sort_by(|one, other| one.told.order(&other.told).then(one.slot.cmp(&other.slot)));
            PartyTold {
                code: delegation.code.to_string(),
                name: delegation.name.to_string(),
                link: links
                    .get(&delegation.id)
                    .filter(|_| !notices.is_empty())
                    .map(|links| LinkWords::of(&programme.event, links, context.now)),
                lines: notices
                    .into_iter()
                    .map(|notice| told_line(programme, notice, &mut by_notice))
                    .collect(),
            }
        })
        .collect();
    ToldPage {
        shell: context
            .access
            .shell("Notices and answers", Section::Notices)
            .live(context.live_page()),
        slug: context.access.slug.clone(),
        may_open: context.access.may_change(),
        summary: summary(&parties),
        parties,
    }
}

/// `5 accepted, 1 declined, 3 without an answer`
fn summary(parties: &[PartyTold]) -> String {
    let answers = parties.iter().flat_map(|party| &party.lines);
    let labels: Vec<&str> = answers
        .map(|line| line.answer.label)
        .filter(|label| !label.is_empty())
        .collect();
    let said: Vec<String> = NoticeReply::ALL
        .iter()
        .map(|reply| {
            (
                reply,
                labels
                    .iter()
                    .filter(|label| **label == reply.label())
                    .count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .map(|(reply, count)| format!("{count} {}", reply.label().to_lowercase()))
        .collect();
    let silent = labels
        .iter()
        .filter(|label| label.ends_with("no answer yet") || label.starts_with("No answer"))
        .count();
    let silent = (silent > 0).then(|| format!("{silent} without an answer"));
    said.into_iter()
        .chain(silent)
        .collect::<Vec<_>>()
        .join(", ")
}

fn told_line(
    programme: &Programme,
    notice: &Notice,
    mails: &mut HashMap<(SlotId, DelegationId, i32), Vec<MailLink>>,
) -> AnswerLine {
    let zone = programme.event.time_zone;
    let told = &notice.told;
    AnswerLine {
        slot: notice.slot,
        title: told.title.clone(),
        when: SlotWords::of(Language::english(), told, zone, zone, true).venue_time,
        what: match notice.method {
            Method::Request => "Invitation",
            Method::Cancel => "Cancellation",
        },
        at: zone.moment(notice.told_at),
        sequence: notice.sequence,
        mails: mails
            .remove(&(notice.slot, notice.delegation, notice.sequence))
            .unwrap_or_default(),
        answer: AnswerWords::of(programme, notice.slot, notice.delegation),
    }
}

/// `POST /slots/{id}/answers`: records an answer that came by telephone or otherwise.
///
/// # Errors
/// For those who may not change the event; when the delegation was notified of something newer meanwhile.
pub async fn note(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    let context = context.to_change()?;
    let fields = fields.only(&["delegation", "sequence", "answer", "comment"])?;
    let mut errors = FieldErrors::default();
    let party = context
        .programme
        .delegation_by_code(fields.get("delegation"));
    let notice = party.and_then(|party| context.programme.ledger.expected(slot.id, party.id));
    if notice.is_none() {
        errors.add(
            "delegation",
            "Choose who answers: a delegation that was notified of the slot.",
        );
    }
    let reply = NoticeReply::from_word(fields.get("answer"));
    if reply.is_none() {
        errors.add("answer", "Choose an answer.");
    }
    let comment = errors.check("comment", "Comment", text::note(fields.get("comment")));
    let (Some(notice), Some(reply), Some(comment)) = (notice, reply, comment) else {
        let form = Form::rejected(fields, errors);
        return unprocessable(&with_answer(&context, &slot, form).await?);
    };
    let (slot, delegation) = (notice.slot, notice.delegation);
    let said = IncomingAnswer {
        reply,
        comment,
        via: Via::Office,
        by: context.access.user.name.to_string(),
        sequence: notice.sequence,
        at: context.now,
    };
    let outcome = context
        .write(move |tx| Ok::<_, Error>(answer::receive(tx, (slot, delegation), said)?))
        .await?;
    match outcome {
        AnswerOutcome::Taken | AnswerOutcome::Known => {
            Ok(see_other_done(&format!("/slots/{slot}"), "answer-noted"))
        }
        AnswerOutcome::Stale(_) | AnswerOutcome::Overtaken | AnswerOutcome::NotExpected => Err(Error::Conflict(
            "The delegation was notified of something newer, or has answered itself. Nothing was recorded; open the \
             slot again."
                .to_owned(),
        )),
    }
}

/// `POST /events/{slug}/delegations/{code}/links`: ends the delegation's private links; later letters have new ones.
///
/// # Errors
/// For those who may not change the event, and when there is no such delegation.
pub async fn renew(
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
    let party = context.programme.delegation_by_code(&code);
    let party = party.ok_or(Error::NotFound)?;
    let (id, name) = (party.id, party.name.to_string());
    context
        .write(move |tx| {
            private_link::renew(tx.conn, id, tx.now)?;
            Ok::<_, Error>(tx.record(Action::NoticeLinksRenewed, (id.0, &name), None, None)?)
        })
        .await?;
    let slug = &context.access.slug;
    Ok(see_other_done(
        &format!("/events/{slug}/delegations/{code}"),
        "links-renewed",
    ))
}
