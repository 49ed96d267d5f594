//! Incoming mail, for the officers of the event it belongs to.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::core::event::Event;
use crate::mail::inbox::store::{self, Incoming};
use crate::mail::inbox::{InboxOutcome, IncomingId};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::accessible_events;
use crate::server::form::Fields;
use crate::server::page::{Section, Shell, render, see_other_done};
use crate::server::session::CurrentUser;
use crate::store::archived;

/// How many mails of an event the list shows.
const MOST: i64 = 300;

#[derive(Template)]
#[template(path = "mail/inbox.html")]
struct InboxPage {
    shell: Shell,
    lines: Vec<InboxLine>,
    open: usize,
    /// False: no mailbox is configured.
    watched: bool,
}

struct InboxLine {
    id: IncomingId,
    event: String,
    received: String,
    sender: String,
    subject: String,
    label: &'static str,
    tag: &'static str,
    why: String,
    body: String,
    /// Where the slot or the mail is that it is about.
    about: String,
    about_words: &'static str,
    /// It waits for a person.
    open: bool,
    /// Who has handled it and when; empty while it is open.
    handled: String,
}

/// `GET /mail/inbox`: what came in for the events that the caller may change; what waits for a person comes first.
///
/// # Errors
/// For those who may change no event.
pub async fn index(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let (session, mails) = app
        .db
        .read(move |conn| {
            let session = current_user.session(conn)?;
            let (mut events, mut mails) = (HashMap::new(), Vec::new());
            for (event, access) in accessible_events(conn, &session)? {
                if access.may_change() {
                    mails.extend(store::of_event(conn, event.id, MOST)?);
                    events.insert(event.id, event);
                }
            }
            if events.is_empty() {
                return Err(Error::Forbidden(
                    "Incoming mail is for the officers of an event.".into(),
                ));
            }
            mails.sort_by_key(|mail| (!is_open(mail), std::cmp::Reverse(mail.received_at)));
            let lines: Vec<InboxLine> = mails
                .into_iter()
                .filter_map(|mail| Some(line(events.get(&mail.event_id)?, mail)))
                .collect();
            Ok((session, lines))
        })
        .await?;
    render(&InboxPage {
        shell: session.shell("Incoming mail", Section::Mail),
        open: mails.iter().filter(|line| line.open).count(),
        lines: mails,
        watched: app.config.mailbox.is_some(),
    })
}

fn is_open(mail: &Incoming) -> bool {
    mail.outcome.0.needs_person() && mail.handled_at.is_none()
}

fn line(event: &Event, mail: Incoming) -> InboxLine {
    let clock = |moment| event.time_zone.exact_moment(moment);
    let (about, about_words) = match (mail.slot_id, mail.mail_id) {
        (_, Some(id)) => (format!("/mail/{id}"), "The mail it is about"),
        (Some(slot), None) => (format!("/slots/{}", slot.0), "The slot"),
        (None, None) => (String::new(), ""),
    };
    let outcome = mail.outcome.0;
    InboxLine {
        open: is_open(&mail),
        id: mail.id,
        event: event.slug.to_string(),
        received: clock(mail.received_at),
        label: outcome.label(),
        tag: match outcome {
            _ if mail.handled_at.is_some() => "tag-off",
            InboxOutcome::Taken => "tag-ok",
            InboxOutcome::Bounced => "tag-failed",
            InboxOutcome::Stale | InboxOutcome::Person => "tag-warning",
            InboxOutcome::Known | InboxOutcome::Overtaken | InboxOutcome::Delayed => "tag-off",
        },
        why: mail.why,
        body: mail.body,
        about,
        about_words,
        handled: mail
            .handled_by
            .zip(mail.handled_at)
            .map_or_else(String::new, |(by, at)| format!("{by}, {}", clock(at))),
        sender: mail.sender,
        subject: mail.subject,
    }
}

/// `POST /mail/inbox/{id}/handling`: marks a mail as handled.
///
/// # Errors
/// For those who may not change its event.
pub async fn handle(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    fields.only(&[])?;
    let id = IncomingId(*id);
    app.db
        .write(move |conn| {
            let now = current_user.now;
            let session = current_user.session(conn)?;
            let mail = store::get(conn, id)?.ok_or(Error::NotFound)?;
            let (_, access) = accessible_events(conn, &session)?
                .into_iter()
                .find(|(event, _)| event.id == mail.event_id)
                .ok_or(Error::NotFound)?;
            let access = access.to_change()?;
            archived::refuse_archived(conn, access.event)?;
            store::handle(conn, id, access.user.name.as_str(), now)?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(see_other_done("/mail/inbox", "mail-handled"))
}
