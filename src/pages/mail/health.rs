//! Mail health for administrators: state of the queue, test of the relay, pause and resume.

use actix_web::{HttpResponse, web};
use askama::Template;
use secrecy::ExposeSecret;

use crate::auth::session::Session;
use crate::auth::throttle::Counters;
use crate::core::action::Action;
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::mail::health::{DnsFinding, DnsRecord, Ways, examine, wanted_records};
use crate::mail::inbox::{self, ImapUrl, MailboxPosition};
use crate::mail::outbox::{self, OutboxCounts, Pause, QueueStatus};
use crate::mail::transport::Transport;
use crate::server::Error;
use crate::server::app::App;
use crate::server::field::TextField;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;
use crate::server::throttle::admit;
use crate::store::audit::{self, HistoryEntry};

#[derive(Template)]
#[template(path = "mail/health.html")]
struct HealthPage {
    shell: Shell,
    form: Form,
    to: TextField,
    destination: String,
    from: String,
    paused: Option<PauseWords>,
    counts: OutboxCounts,
    waiting: String,
    last_sent: String,
    last_fault: String,
    /// Where answers are read, and when they were last; empty where none is configured.
    mailbox: String,
    bounces: String,
    keep_days: u32,
    findings: Vec<DnsFinding>,
    records: Vec<DnsRecord>,
}

/// Who has stopped the queue, in words.
#[derive(Debug, Clone)]
pub struct PauseWords {
    /// Who.
    pub by: String,
    /// Since when, in UTC: the queue is no event's.
    pub since: String,
}

impl From<Pause> for PauseWords {
    fn from(pause: Pause) -> Self {
        Self {
            by: pause.by,
            since: pause.since.in_words(),
        }
    }
}

/// What the database knows of the queue.
struct QueueView {
    session: Session,
    paused: Option<Pause>,
    counts: OutboxCounts,
    standing: QueueStatus,
    /// How far the mailbox was read, where one is configured and was read.
    mark: Option<MailboxPosition>,
    now: Moment,
}

/// `GET /mail/health`: state of the mail.
///
/// # Errors
/// For all but administrators.
pub async fn show(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let queue = queue(&app, current_user).await?;
    render(&page(&app, queue, Form::default(), Vec::new()))
}

/// `POST /mail/health`: checks the relay, and sends a test mail where an address is given.
///
/// # Errors
/// For all but administrators; when it was tested too often.
pub async fn try_out(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let queue = queue(&app, current_user).await?;
    let fields = fields.only(&["to"])?;
    let mut errors = FieldErrors::default();
    let to = match fields.get("to").trim() {
        "" => None,
        typed => errors.check("to", "Address", Email::parse(typed)),
    };
    if !errors.is_empty() {
        let form = Form::rejected(fields, errors);
        return unprocessable(&page(&app, queue, form, Vec::new()));
    }
    let (user, now) = (queue.session.user.id, queue.now);
    admit(&app, Counters::of_mail_trial(user), now).await?;
    let folder = app.config.outbox.clone();
    let transport =
        Transport::configured(app.config.smtp_url.as_ref(), folder).map_err(Error::internal)?;
    let ways = Ways {
        transport: &transport,
        mailbox: app.config.mailbox.as_ref(),
        from: &app.config.mail_from,
    };
    let findings = examine(&ways, to.as_ref(), now).await;
    render(&page(&app, queue, Form::new(fields), findings))
}

/// `POST /mail/pause`: pauses the queue on every server; with `method=delete` resumes it.
///
/// # Errors
/// For all but administrators.
pub async fn pause(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let fields = fields.only(&["method"])?;
    let stop = fields.get("method") != "delete";
    app.db
        .write(move |conn| {
            let now = current_user.now;
            let user = current_user.session(conn)?.administrator()?.user;
            let changed = if stop {
                outbox::pause(conn, user.name.as_str(), now)?
            } else {
                outbox::resume(conn)?
            };
            if changed {
                let entry = HistoryEntry {
                    at: now,
                    event: None,
                    actor: &user.actor(),
                    action: if stop {
                        Action::MailPaused
                    } else {
                        Action::MailResumed
                    },
                    subject_id: None,
                    subject: "",
                    before: None,
                    after: None,
                };
                audit::record(conn, &entry)?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    app.worker_signal.wake();
    let word = if stop { "mail-paused" } else { "mail-resumed" };
    Ok(see_other_done("/mail", word))
}

async fn queue(app: &web::Data<App>, current_user: CurrentUser) -> Result<QueueView, Error> {
    let mailbox = app.config.mailbox.as_ref().map(ImapUrl::name);
    app.db
        .read(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            Ok::<_, Error>(QueueView {
                session,
                paused: outbox::paused(conn)?,
                counts: outbox::counts(conn, None)?,
                standing: outbox::standing(conn)?,
                mark: match mailbox {
                    Some(name) => inbox::mark(conn, &name)?,
                    None => None,
                },
                now: current_user.now,
            })
        })
        .await
}

fn page(app: &App, queue: QueueView, form: Form, findings: Vec<DnsFinding>) -> HealthPage {
    let config = &app.config;
    let relay = config
        .smtp_url
        .as_ref()
        .and_then(|url| url::Url::parse(url.expose_secret()).ok())
        .and_then(|url| url.host_str().map(str::to_owned));
    let standing = queue.standing;
    HealthPage {
        shell: queue
            .session
            .shell("Mail health", Section::Mail)
            .form(&form),
        to: TextField::new("to", "Send a test mail to")
            .kind("email")
            .help("Empty: connect to the relay without sending mail.")
            .optional()
            .of(&form),
        form,
        destination: match &relay {
            Some(host) => format!("the relay {host}"),
            None => format!("files in {}", config.outbox.display()),
        },
        from: config.mail_from.to_string(),
        paused: queue.paused.map(Into::into),
        counts: queue.counts,
        waiting: standing
            .waiting_since
            .map_or_else(String::new, |since| age(queue.now, since)),
        last_sent: standing
            .last_sent
            .map_or_else(String::new, Moment::in_words),
        last_fault: standing.last_fault.map_or_else(String::new, |(at, fault)| {
            format!("{fault} (a mail of {})", at.in_words())
        }),
        mailbox: config
            .mailbox
            .as_ref()
            .map_or_else(String::new, |url| mailbox_words(url, queue.mark)),
        bounces: config
            .bounces
            .as_ref()
            .unwrap_or(&config.mail_from)
            .to_string(),
        keep_days: config.mail_keep_days,
        findings,
        records: wanted_records(&config.mail_from, relay.as_deref()),
    }
}

fn mailbox_words(url: &ImapUrl, mark: Option<MailboxPosition>) -> String {
    let name = url.name();
    match mark {
        None => format!("{name}; not read yet"),
        Some(mark) => match mark.last_error {
            None => format!("{name}; last read {}", mark.looked_at.in_words()),
            Some(error) => format!("{name}; tried {}: {error}", mark.looked_at.in_words()),
        },
    }
}

/// `3 minutes`, `2 hours`: how long something has waited.
fn age(now: Moment, since: Moment) -> String {
    let minutes = (now.seconds() - since.seconds()).max(0) / 60;
    let (number, unit) = match minutes {
        0 => return "less than a minute".to_owned(),
        1..120 => (minutes, "minute"),
        120..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
