//! The outbox in the browser: every mail with its state, reason and content, and a button to try again.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::contents::contents;
use super::outbox::{self, Mail, MailId, MailState, MailSummary};
use crate::app::App;
use crate::auth::Seat;
use crate::auth::session::{Caller, Session};
use crate::db::Conn;
use crate::db::text_enum::{TextEnum, Word};
use crate::event::{Event, store};
use crate::time::{Moment, Zone};
use crate::web::Error;
use crate::web::form::Fields;
use crate::web::page::{Section, Shell, render, see_other_done};

/// How many mails the list shows.
const MOST: i64 = 500;

/// The only things a mail's HTML may do: be there, with the style it carries.
const MAIL_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

#[derive(Template)]
#[template(path = "mail/index.html")]
struct OutboxPage {
    shell: Shell,
    mails: Vec<MailLine>,
    failed: usize,
    held: usize,
    destination: String,
}

#[derive(Template)]
#[template(path = "mail/show.html")]
struct MailPage {
    shell: Shell,
    mail: MailLine,
    message_id: String,
    text: String,
    calendar: String,
    source: String,
}

struct MailLine {
    id: MailId,
    event: String,
    recipient: String,
    recipient_name: String,
    subject: String,
    what: String,
    state: MailState,
    tag: &'static str,
    written: String,
    detail: String,
    may_retry: bool,
}

/// `GET /mail`: the mails of every event that the caller has a part in.
///
/// # Errors
/// When nobody is signed in.
pub async fn index(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Error> {
    let (session, mut mails) = app
        .db
        .read(move |conn| {
            let session = caller.session(conn)?;
            let mut lines = Vec::new();
            for (event, seat) in events_of(conn, &session)? {
                let mails = outbox::list(conn, Some(event.id), MOST)?;
                lines.extend(
                    mails
                        .into_iter()
                        .map(|mail| (mail.created_at, line(&event, &seat, mail))),
                );
            }
            Ok::<_, Error>((session, lines))
        })
        .await?;
    mails.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    let mails: Vec<MailLine> = mails.into_iter().map(|(_, line)| line).collect();
    let count = |state| mails.iter().filter(|mail| mail.state == state).count();
    render(&OutboxPage {
        shell: session.shell("Mail", Section::Mail),
        failed: count(MailState::Failed),
        held: count(MailState::Held),
        destination: if app.config.smtp_url.is_some() {
            "by the mail relay".to_owned()
        } else {
            format!(
                "into files in {}, as no relay is configured",
                app.config.outbox.display()
            )
        },
        mails,
    })
}

/// The events that somebody has a part in.
fn events_of(conn: &mut Conn, session: &Session) -> Result<Vec<(Event, Seat)>, Error> {
    let mut seats = Vec::new();
    for event in store::all(conn)? {
        if let Ok(seat) = session.seat(conn, event.slug.as_str()) {
            seats.push((event, seat));
        }
    }
    Ok(seats)
}

/// A mail that the caller may see; one of another event is not there.
fn mail_of(
    conn: &mut Conn,
    caller: &Caller,
    id: MailId,
) -> Result<(Session, Event, Seat, Mail), Error> {
    let session = caller.session(conn)?;
    let mail = outbox::get(conn, id)?.ok_or(Error::NotFound)?;
    let (event, seat) = events_of(conn, &session)?
        .into_iter()
        .find(|(event, _)| event.id == mail.summary.event_id)
        .ok_or(Error::NotFound)?;
    Ok((session, event, seat, mail))
}

fn line(event: &Event, seat: &Seat, mail: MailSummary) -> MailLine {
    let state = mail.state.0;
    let clock = |moment: Moment| in_zone(event.time_zone, moment);
    let reason = mail
        .last_error
        .map(|error| format!(": {error}"))
        .unwrap_or_default();
    let detail = match state {
        MailState::Sent => mail
            .sent_at
            .map(|at| format!("at {}", clock(at)))
            .unwrap_or_default(),
        MailState::Queued if mail.attempts > 0 => {
            format!(
                "tried {} times, again at {}{reason}",
                mail.attempts,
                clock(mail.next_at)
            )
        }
        MailState::Queued | MailState::Sending => String::new(),
        MailState::Failed | MailState::Held | MailState::Superseded => {
            reason.trim_start_matches(": ").to_owned()
        }
    };
    MailLine {
        id: mail.id,
        event: event.slug.to_string(),
        recipient: mail.recipient,
        recipient_name: mail.recipient_name,
        subject: mail.subject,
        what: match mail.method {
            Some(Word(method)) => format!("{} · sequence {}", method.as_str(), mail.sequence),
            None => format!("Letter · version {}", mail.sequence),
        },
        state,
        tag: match state {
            MailState::Sent => "tag-ok",
            MailState::Failed => "tag-failed",
            MailState::Held => "tag-warning",
            MailState::Queued | MailState::Sending => "tag-info",
            MailState::Superseded => "tag-off",
        },
        written: clock(mail.created_at),
        detail,
        may_retry: state.can_retry() && seat.may_change(),
    }
}

fn in_zone(zone: Zone, moment: Moment) -> String {
    zone.local_moment(moment)
        .format("%-d %B %Y, %H:%M:%S")
        .to_string()
}

/// `GET /mail/{id}`: one mail with its content.
///
/// # Errors
/// When the caller has no part in its event.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let id = MailId(*id);
    let (session, event, seat, mail) = app.db.read(move |conn| mail_of(conn, &caller, id)).await?;
    let contents = contents(&mail.raw);
    render(&MailPage {
        shell: session.shell(mail.summary.subject.as_str(), Section::Mail),
        mail: line(&event, &seat, mail.summary),
        message_id: mail.message_id,
        text: contents.plain,
        calendar: contents.calendar.unwrap_or_default(),
        source: String::from_utf8_lossy(&mail.raw).into_owned(),
    })
}

/// `GET /mail/{id}/html`: the mail as its reader sees it, shut in.
///
/// # Errors
/// When the caller has no part in its event, or the mail has no such part.
pub async fn html(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let id = MailId(*id);
    let (.., mail) = app.db.read(move |conn| mail_of(conn, &caller, id)).await?;
    reader_sees(&mail.raw)
}

/// A mail's HTML as a page of its own that can do nothing.
///
/// # Errors
/// When the mail has no such part.
pub fn reader_sees(raw: &[u8]) -> Result<HttpResponse, Error> {
    let html = contents(raw).html;
    if html.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, MAIL_POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(html))
}

/// `GET /mail/{id}/source`: the bytes that are sent.
///
/// # Errors
/// When the caller has no part in its event.
pub async fn source(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let id = MailId(*id);
    let (.., mail) = app.db.read(move |conn| mail_of(conn, &caller, id)).await?;
    Ok(HttpResponse::Ok()
        .content_type("message/rfc822")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.eml\""),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(mail.raw))
}

/// `POST /mail/{id}/retry`: queues a failed or held mail again.
///
/// # Errors
/// For those who may not change its event, and when the mail is neither failed nor held.
pub async fn retry(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    fields.only(&[])?;
    let id = MailId(*id);
    let now = caller.now;
    let retried = app
        .db
        .write(move |conn| {
            let (_, _, seat, _) = mail_of(conn, &caller, id)?;
            seat.to_change()?;
            Ok::<_, Error>(outbox::retry(conn, id, now)?)
        })
        .await?;
    if !retried {
        return Err(Error::Conflict(
            "This mail is neither failed nor held back, so there is nothing to retry.".into(),
        ));
    }
    app.mail_bell.ring();
    Ok(see_other_done(&format!("/mail/{id}"), "retried"))
}
