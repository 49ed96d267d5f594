//! The outbox in the browser: every mail with its state, reason and content, and a button to try again.

pub mod health;
pub mod inbox;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::session::{EventAccess, Session};
use crate::core::event::Event;
use crate::core::text_enum::TextEnum;
use crate::core::time::{Moment, Zone};
use crate::core::user::User;
use crate::db::Conn;
use crate::db::word::Word;
use crate::mail::contents::contents;
use crate::mail::enclosure;
use crate::mail::inbox as incoming;
use crate::mail::outbox::{
    self, Enclosed, EnclosureReadiness, Mail, MailId, MailState, MailSummary,
};
use crate::runtime::queue::Owner;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::accessible_events;
use crate::server::form::Fields;
use crate::server::page::{Section, Shell, render, see_other_done};
use crate::server::session::CurrentUser;
use crate::store::archived;
use health::PauseWords;

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
    paused: Option<PauseWords>,
    /// They see what came in.
    sees_inbox: bool,
    /// How many mails that came in wait for a person.
    waiting: i64,
    is_admin: bool,
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
    enclosed: Option<EnclosedLine>,
    /// When the content was wiped; empty while it is there.
    wiped: String,
}

/// What comes with a mail.
struct EnclosedLine {
    name: String,
    /// How large it is, or when it is set.
    note: String,
    /// Why the mail is sent without it; empty otherwise.
    fault: String,
}

impl EnclosedLine {
    fn of(enclosed: Enclosed, paper: Option<&[u8]>) -> Self {
        Self {
            name: enclosed.name,
            note: match (enclosed.readiness, paper) {
                (EnclosureReadiness::Waiting, _) => {
                    "rendered as PDF when the mail is sent".to_owned()
                }
                (EnclosureReadiness::Set, Some(paper)) => {
                    format!("{} KB", paper.len().div_ceil(1000))
                }
                _ => String::new(),
            },
            fault: enclosed.fault.unwrap_or_default(),
        }
    }
}

struct MailLine {
    id: MailId,
    event: String,
    recipient: String,
    recipient_name: String,
    subject: String,
    what: String,
    state: MailState,
    label: &'static str,
    tag: &'static str,
    written: String,
    detail: String,
    may_open: bool,
    may_retry: bool,
}

/// `GET /mail`: the mails of every event at which the caller has a role.
///
/// # Errors
/// When no user is signed in.
pub async fn index(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let (session, mut mails, paused, came_in) = app
        .db
        .read(move |conn| {
            let session = current_user.session(conn)?;
            let (mut lines, mut came_in) = (Vec::new(), None);
            for (event, access) in accessible_events(conn, &session)? {
                if access.may_change() {
                    *came_in.get_or_insert(0) += incoming::attention(conn, event.id)?;
                }
                let mails = outbox::list(conn, Some(event.id), MOST)?;
                lines.extend(
                    mails
                        .into_iter()
                        .map(|mail| (mail.created_at, line(&Shelf::of(&event, &access), mail))),
                );
            }
            if session.user.admin {
                let mails = outbox::about_accounts(conn, MOST)?;
                lines.extend(
                    mails
                        .into_iter()
                        .map(|mail| (mail.created_at, line(&Shelf::of_accounts(), mail))),
                );
            }
            Ok::<_, Error>((session, lines, outbox::paused(conn)?, came_in))
        })
        .await?;
    mails.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    let mails: Vec<MailLine> = mails.into_iter().map(|(_, line)| line).collect();
    let count = |state| mails.iter().filter(|mail| mail.state == state).count();
    render(&OutboxPage {
        shell: session.shell("Mail", Section::Mail),
        failed: count(MailState::Failed),
        held: count(MailState::Held),
        paused: paused.map(Into::into),
        sees_inbox: came_in.is_some(),
        waiting: came_in.unwrap_or_default(),
        is_admin: session.user.admin,
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

/// A mail that the caller may see; one of another event is not there.
fn mail_of(
    conn: &mut Conn,
    current_user: &CurrentUser,
    id: MailId,
) -> Result<(Session, Event, EventAccess, Mail), Error> {
    let session = current_user.session(conn)?;
    let mail = outbox::get(conn, id)?.ok_or(Error::NotFound)?;
    if mail.summary.event_id.is_none() && session.user.admin {
        return Err(Error::Forbidden(
            "This letter has a link to set a password, so only its recipient may open it. The list of mails shows its \
             state.".into(),
        ));
    }
    let (event, access) = accessible_events(conn, &session)?
        .into_iter()
        .find(|(event, _)| Some(event.id) == mail.summary.event_id)
        .ok_or(Error::NotFound)?;
    access.to_open_letters()?;
    Ok((session, event, access, mail))
}

/// Where mails lie in the list, and what the caller may do with them there.
struct Shelf {
    name: String,
    zone: Zone,
    may_open: bool,
    may_retry: bool,
}

impl Shelf {
    /// Those of an event.
    fn of(event: &Event, access: &EventAccess) -> Self {
        Self {
            name: event.slug.to_string(),
            zone: event.time_zone,
            may_open: access.may_change(),
            may_retry: access.may_change(),
        }
    }

    /// Those about accounts, for administrators. Each is for its reader alone.
    fn of_accounts() -> Self {
        Self {
            name: "accounts".to_owned(),
            zone: Zone::UTC,
            may_open: false,
            may_retry: true,
        }
    }
}

fn line(shelf: &Shelf, mail: MailSummary) -> MailLine {
    let state = mail.state.0;
    let (label, has_bounced) = (mail.label(), mail.has_bounced());
    let may_retry = mail.can_retry() && shelf.may_retry;
    let clock = |moment: Moment| shelf.zone.exact_moment(moment);
    let reason = mail
        .last_error
        .map(|error| format!(": {error}"))
        .unwrap_or_default();
    let detail = match state {
        MailState::Sent if has_bounced => reason.trim_start_matches(": came back: ").to_owned(),
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
        event: shelf.name.clone(),
        recipient: mail.recipient,
        recipient_name: mail.recipient_name,
        subject: mail.subject,
        what: match mail.method {
            Some(Word(method)) => format!("{} · sequence {}", method.as_str(), mail.sequence),
            None if mail.event_id.is_none() => "Link to set a password".to_owned(),
            None => format!("Letter · version {}", mail.sequence),
        },
        label,
        state,
        tag: match state {
            MailState::Sent if has_bounced => "tag-failed",
            MailState::Sent => "tag-ok",
            MailState::Failed => "tag-failed",
            MailState::Held => "tag-warning",
            MailState::Queued | MailState::Sending => "tag-info",
            MailState::Superseded => "tag-off",
        },
        written: clock(mail.created_at),
        detail,
        may_open: shelf.may_open,
        may_retry,
    }
}

/// `GET /mail/{id}`: one mail with its content.
///
/// # Errors
/// When the caller may not change its event.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let id = MailId(*id);
    let (session, event, access, mail) = app
        .db
        .read(move |conn| mail_of(conn, &current_user, id))
        .await?;
    let contents = contents(&mail.raw);
    let wiped = mail.summary.wiped_at;
    render(&MailPage {
        wiped: wiped.map_or_else(String::new, |at| event.time_zone.exact_moment(at)),
        shell: session.shell(mail.summary.subject.as_str(), Section::Mail),
        mail: line(&Shelf::of(&event, &access), mail.summary),
        message_id: mail.message_id,
        text: contents.plain,
        calendar: contents.calendar.unwrap_or_default(),
        source: String::from_utf8_lossy(
            enclosure::taken_out(&mail.raw)
                .as_ref()
                .unwrap_or(&mail.raw),
        )
        .into_owned(),
        enclosed: mail
            .enclosed
            .map(|enclosed| EnclosedLine::of(enclosed, contents.paper.as_deref())),
    })
}

/// `GET /mail/{id}/html`: the mail as its reader sees it, shut in.
///
/// # Errors
/// When the caller may not change its event, or the mail has no such part.
pub async fn html(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let id = MailId(*id);
    let (.., mail) = app
        .db
        .read(move |conn| mail_of(conn, &current_user, id))
        .await?;
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
/// When the caller has no role at its event, or the bytes have been wiped.
pub async fn source(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let id = MailId(*id);
    let (.., access, mail) = app
        .db
        .read(move |conn| mail_of(conn, &current_user, id))
        .await?;
    if mail.summary.wiped_at.is_some() {
        return Err(Error::NotFound);
    }
    let raw = match &mail.enclosed {
        Some(Enclosed {
            readiness: EnclosureReadiness::Waiting,
            says,
            ..
        }) => {
            let paper = set(&app, &access.user, says).await?;
            enclosure::enclose(&mail.raw, &paper)
                .ok_or_else(|| Error::internal("a mail has no place for what comes with it"))?
        }
        _ => mail.raw,
    };
    Ok(HttpResponse::Ok()
        .content_type("message/rfc822")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.eml\""),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(raw))
}

/// `GET /mail/{id}/enclosure`: the paper that comes with a mail.
///
/// # Errors
/// When the caller may not change its event, or nothing comes with the mail.
pub async fn enclosed(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let id = MailId(*id);
    let (.., access, mail) = app
        .db
        .read(move |conn| mail_of(conn, &current_user, id))
        .await?;
    paper_of(&app, &access.user, mail).await
}

/// The paper of a mail as a file; set now where the mail waits.
///
/// # Errors
/// When nothing comes with the mail, or its content has been wiped.
pub async fn paper_of(app: &App, user: &User, mail: Mail) -> Result<HttpResponse, Error> {
    let enclosed = mail
        .enclosed
        .filter(|_| mail.summary.wiped_at.is_none())
        .ok_or(Error::NotFound)?;
    let paper = match enclosed.readiness {
        EnclosureReadiness::Waiting => set(app, user, &enclosed.says).await?,
        EnclosureReadiness::Set => contents(&mail.raw).paper.ok_or(Error::NotFound)?.into(),
        EnclosureReadiness::LeftOut => return Err(Error::NotFound),
    };
    Ok(pdf(&enclosed.name, paper))
}

/// The paper that would come with a mail that is not stored.
///
/// # Errors
/// When too many documents are asked for, or it cannot be typeset.
pub async fn paper_of_draft(
    app: &App,
    user: &User,
    name: &str,
    says: &str,
) -> Result<HttpResponse, Error> {
    Ok(pdf(name, set(app, user, says).await?))
}

fn pdf(name: &str, paper: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(paper)
}

/// Sets what comes with a mail that waits, for a user who looks at it.
async fn set(app: &App, user: &User, says: &str) -> Result<Bytes, Error> {
    app.document_rates.count(&user.id.0.to_string())?;
    let owner = Owner::User(user.id.0);
    Ok(app.documents.letter(owner, says).await?)
}

/// `POST /mail/{id}/retry`: queues a failed or held mail again.
///
/// # Errors
/// For those who may not change its event, and when nothing is amiss with the mail.
pub async fn retry(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    fields.only(&[])?;
    let id = MailId(*id);
    let now = current_user.now;
    let (retried, back) = app
        .db
        .write(move |conn| {
            let (user, back) = retrier(conn, &current_user, id)?;
            let retried = outbox::retry(conn, id, now)?;
            if retried {
                incoming::handle_bounces_of(conn, id, user.name.as_str(), now)?;
            }
            Ok::<_, Error>((retried, back))
        })
        .await?;
    if !retried {
        return Err(Error::Conflict(
            "This mail has not failed, bounced or been held, so there is nothing to retry.".into(),
        ));
    }
    app.worker_signal.wake();
    Ok(see_other_done(&back, "retried"))
}

/// Who may retry a mail, and where they continue: a mail that no user may read can be retried all the same.
fn retrier(
    conn: &mut Conn,
    current_user: &CurrentUser,
    id: MailId,
) -> Result<(User, String), Error> {
    let mail = outbox::summary(conn, id)?;
    if mail.is_some_and(|mail| mail.event_id.is_none()) {
        let session = current_user.session(conn)?;
        if session.user.admin {
            return Ok((session.user, "/mail".to_owned()));
        }
        return Err(Error::NotFound);
    }
    let (_, event, access, _) = mail_of(conn, current_user, id)?;
    let user = access.to_change()?.user;
    archived::refuse_archived(conn, event.id)?;
    Ok((user, format!("/mail/{id}")))
}
