//! Pending notices: shown, previewed, sent, or marked as notified.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::dry_run::{NotifyError, NotifyTx};
use crate::change::notify::{self, skip as take_as_told, tell_all};
use crate::core::delegation::DelegationId;
use crate::core::due::{Pending, pending};
use crate::core::event::ProgrammeVersion;
use crate::core::slot::{Slot, SlotId, SlotState};
use crate::core::text::TextLine;
use crate::db::DbError;
use crate::mail::language::Language;
use crate::mail::outbox::{self, MailCounts, MailDraft};
use crate::mail::words::PieceWords;
use crate::mail::{MailContext, Piece, ReaderKnowledge};
use crate::pages::letter_preview::{LetterPreview, composed, previews};
use crate::pages::mail::{paper_of_draft, reader_sees};
use crate::pages::past;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::TextField;
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::page::{Section, Shell, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;
use crate::store::transaction::EventTx;

#[derive(Template)]
#[template(path = "notice/index.html")]
struct NoticesPage {
    shell: Shell,
    slug: String,
    form: Form,
    revision: String,
    parties: Vec<PartyCard>,
    failed: i64,
    may_change: bool,
    /// How many mails of each kind all letters together are.
    counts: String,
}

/// What waits for one delegation.
struct PartyCard {
    code: String,
    name: String,
    contacts: Vec<String>,
    /// How many mails of each kind a press of the button sends.
    counts: String,
    items: Vec<ItemLine>,
}

struct ItemLine {
    slot: SlotId,
    words: PieceWords,
    skip: TextField,
    skip_open: bool,
}

#[derive(Template)]
#[template(path = "notice/preview.html")]
struct PreviewPage {
    shell: Shell,
    /// How many mails of each kind.
    counts: String,
    slug: String,
    code: String,
    revision: String,
    mails: Vec<LetterPreview>,
}

#[derive(Template)]
#[template(path = "notice/final_schedules.html")]
struct FinalSchedulesPage {
    shell: Shell,
    slug: String,
    revision: String,
    /// How many mails of each kind.
    counts: String,
    without_contact: Vec<String>,
    mails: Vec<LetterPreview>,
}

/// Why no notice was sent.
#[derive(Debug, thiserror::Error)]
enum NoticeError {
    #[error("the programme has changed since it was shown")]
    Stale,
    #[error("nothing is pending")]
    Nothing,
    #[error("no delegation has a schedule")]
    NoSchedule,
    #[error(transparent)]
    Tell(#[from] NotifyError),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<diesel::result::Error> for NoticeError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Tell(error.into())
    }
}

impl From<NoticeError> for Error {
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::Stale => Self::Conflict(
                "The programme has changed since you opened this page, so the letters would differ. Nothing was sent. \
                 Go back to the notices, review them again, then send."
                    .to_owned(),
            ),
            NoticeError::Nothing => Self::Conflict(
                "Nothing is pending for this delegation; another officer may have sent it already.".to_owned(),
            ),
            NoticeError::NoSchedule => Self::Conflict(
                "No delegation with a contact has a confirmed slot, so there is no schedule to send.".to_owned(),
            ),
            NoticeError::Tell(error) => error.into(),
            NoticeError::Database(error) => error.into(),
        }
    }
}

/// `GET /events/{slug}/notices`: per delegation what it does not know yet.
///
/// # Errors
/// When the caller has no role at the event.
pub async fn index(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    render(&page(&context, Form::default()).await?)
}

async fn page(context: &EventContext, form: Form) -> Result<NoticesPage, Error> {
    let event = &context.programme.event;
    let id = event.id;
    let counts = context
        .app
        .db
        .read(move |conn| Ok::<_, Error>(outbox::counts(conn, Some(id))?))
        .await?;
    let pending = pending(&context.programme);
    let expected = pending
        .iter()
        .map(|theirs| MailCounts::expected(theirs.delegation, theirs.news.len()));
    let expected = expected.fold(MailCounts::default(), MailCounts::plus);
    let parties = pending
        .iter()
        .map(|theirs| card(context, &form, theirs))
        .collect();
    Ok(NoticesPage {
        shell: context
            .access
            .shell("Notices", Section::Notices)
            .form(&form),
        slug: event.slug.to_string(),
        revision: context.programme.version().to_string(),
        parties,
        failed: counts.need_attention(),
        may_change: context.access.may_change(),
        counts: expected.to_string(),
        form,
    })
}

fn card(context: &EventContext, form: &Form, theirs: &Pending<'_>) -> PartyCard {
    let event = &context.programme.event;
    let delegation = theirs.delegation;
    let items = theirs.news.iter().map(|(slot, news)| {
        let name = reason_field(slot.id, delegation.code.as_str());
        let skip_open = form.errors.get(&name).is_some();
        let standing = ReaderKnowledge::UpToDate;
        ItemLine {
            slot: slot.id,
            words: PieceWords::of(
                Language::english(),
                event,
                delegation,
                Piece {
                    news,
                    standing,
                    answer: None,
                },
            ),
            skip: TextField::new(name, "Why no mail is needed").of(form),
            skip_open,
        }
    });
    PartyCard {
        code: delegation.code.to_string(),
        name: delegation.name.to_string(),
        contacts: delegation
            .contacts
            .iter()
            .map(|contact| {
                let only = if contact.letters_only {
                    ", letters only"
                } else {
                    ""
                };
                format!("{} <{}>{only}", contact.name, contact.email)
            })
            .collect(),
        counts: MailCounts::expected(delegation, theirs.news.len()).to_string(),
        items: items.collect(),
    }
}

/// Lists the slots that letters have news of, each once, by time.
fn slots_of<'p>(letters: impl Iterator<Item = &'p Pending<'p>>) -> Vec<&'p Slot> {
    let news = letters.flat_map(|each| &each.news);
    let mut slots: Vec<&Slot> = news.map(|(slot, _)| slot.as_ref()).collect();
    slots.sort_by_key(|slot| (slot.interval(), slot.id));
    slots.dedup_by_key(|slot| slot.id);
    slots
}

fn reason_field(slot: SlotId, code: &str) -> String {
    format!("reason-{slot}-{code}")
}

/// `POST /events/{slug}/notices`: one letter to each contact of the delegations named in `to`.
///
/// # Errors
/// For those who may not change the event; when the programme has changed since it was shown.
pub async fn send(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = fields.only(&["revision", "to", past::ASKED])?;
    let seen = seen(&fields)?;
    let mut to = Vec::new();
    for code in fields.all("to") {
        to.push(delegation(&context, code)?);
    }
    if to.is_empty() {
        return Err(Error::BadRequest(
            "Choose the recipients. Nothing was sent.".to_owned(),
        ));
    }
    let notices = format!("/events/{}/notices", context.programme.event.slug);
    let letters = pending(&context.programme);
    let letters = letters
        .iter()
        .filter(|each| to.contains(&each.delegation.id));
    let slots = slots_of(letters);
    let asked = past::question(
        &context,
        slots.into_iter(),
        (notices.clone(), notices),
        &fields,
    );
    if let Some(question) = asked {
        return question;
    }
    let notify = move |tx: &mut dyn NotifyTx, post: &MailContext| {
        to.iter()
            .try_for_each(|delegation| tell_all(tx, post, *delegation))
    };
    let post = context.prepared(notify.clone()).await;
    context
        .write(move |tx| {
            as_seen(tx, seen)?;
            Ok::<_, NoticeError>(notify(tx, &post)?)
        })
        .await?;
    app.worker_signal.wake();
    let slug = &context.programme.event.slug;
    Ok(see_other_done(
        &format!("/events/{slug}/notices"),
        "letters-sent",
    ))
}

/// `POST /events/{slug}/notices/skips`: marks one pending notice as notified, with a reason.
///
/// # Errors
/// For those who may not change the event; when the programme has changed since it was shown.
pub async fn skip(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let seen = seen(&fields)?;
    let delegation = delegation(&context, fields.get("to"))?;
    let slot = fields.get("slot").parse().map(SlotId).map_err(|_| {
        Error::BadRequest("The form names no slot. Open the notices again.".to_owned())
    })?;
    let name = reason_field(slot, fields.get("to"));
    let fields = fields.only(&["revision", "to", "slot", &name])?;
    let mut errors = FieldErrors::default();
    let Some(reason) = errors.check(&name, "Reason", TextLine::parse(fields.get(&name))) else {
        return unprocessable(&page(&context, Form::rejected(fields, errors)).await?);
    };
    let post = app.mail_context();
    context
        .write(move |tx| {
            as_seen(tx, seen)?;
            if take_as_told(tx, &post, delegation, slot, reason.as_str())? {
                Ok(())
            } else {
                Err(NoticeError::Nothing)
            }
        })
        .await?;
    let slug = &context.programme.event.slug;
    Ok(see_other_done(
        &format!("/events/{slug}/notices"),
        "skipped",
    ))
}

/// `GET /events/{slug}/notices/{code}`: the mails to a delegation, to the letter as they would go out now.
///
/// # Errors
/// When the caller may not change the event, or nothing is pending.
pub async fn preview(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (slug, code) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    context.access.to_open_letters()?;
    let to = delegation(&context, &code)?;
    let mails = drafts(&context, to).await?;
    let name = context
        .programme
        .delegation(to)
        .map(|party| party.name.to_string())
        .unwrap_or_default();
    render(&PreviewPage {
        counts: MailCounts::of(&mails).to_string(),
        shell: context
            .access
            .shell(format!("Letter to {name}"), Section::Notices),
        slug: context.programme.event.slug.to_string(),
        code,
        revision: context.programme.version().to_string(),
        mails: previews(&context, &mails),
    })
}

/// `GET /events/{slug}/final-schedules`: the letters with the final schedule, as they would go out now.
///
/// # Errors
/// When the caller may not change the event.
pub async fn final_schedules(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    context.access.to_open_letters()?;
    let send = |tx: &mut dyn NotifyTx, post: &MailContext| {
        Ok::<_, NoticeError>(notify::send_final_schedules(tx, post)?)
    };
    let mails = composed(&context, send).await?;
    let counts = MailCounts::of(&mails);
    let without_contact = context.programme.delegations.iter();
    let without_contact = without_contact.filter(|party| party.contacts.is_empty());
    render(&FinalSchedulesPage {
        shell: context
            .access
            .shell("Final schedule for everyone", Section::Notices),
        slug: context.programme.event.slug.to_string(),
        revision: context.programme.version().to_string(),
        counts: counts.to_string(),
        without_contact: without_contact
            .map(|party| party.name.to_string())
            .collect(),
        mails: previews(&context, &mails),
    })
}

/// `POST /events/{slug}/final-schedules`: one letter with the whole schedule to each contact, whether or not anything has
/// changed.
///
/// # Errors
/// For those who may not change the event; when the programme has changed since it was shown, or no delegation has a schedule.
pub async fn send_final_schedules(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = fields.only(&["revision", past::ASKED])?;
    let seen = seen(&fields)?;
    let page = format!("/events/{}/final-schedules", context.access.slug);
    // On the second of three days the first is over, and the schedule is not.
    let confirmed = || {
        let slots = context.programme.live_slots().map(AsRef::as_ref);
        slots.filter(|slot: &&Slot| slot.state() == SlotState::Confirmed)
    };
    if confirmed().all(|slot| past::is_past(&context, slot))
        && let Some(question) = past::question(&context, confirmed(), (page.clone(), page), &fields)
    {
        return question;
    }
    let post = context.prepared(notify::send_final_schedules).await;
    context
        .write(move |tx| {
            as_seen(tx, seen)?;
            match notify::send_final_schedules_recorded(tx, &post)? {
                0 => Err(NoticeError::NoSchedule),
                _ => Ok(()),
            }
        })
        .await?;
    app.worker_signal.wake();
    let slug = &context.programme.event.slug;
    Ok(see_other_done(
        &format!("/events/{slug}/notices"),
        "letters-sent",
    ))
}

/// `GET /events/{slug}/notices/{code}/{copy}`: one of these mails as its reader would see it.
///
/// # Errors
/// As [`preview`]; when there is no such mail.
pub async fn copy(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String, usize)>,
) -> Result<HttpResponse, Error> {
    let (slug, code, copy) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    context.access.to_open_letters()?;
    let to = delegation(&context, &code)?;
    let mails = drafts(&context, to).await?;
    reader_sees(mails.get(copy).ok_or(Error::NotFound)?.as_sent())
}

/// `GET /events/{slug}/notices/{code}/{copy}/enclosure`: the paper that would come with one of these mails.
///
/// # Errors
/// As [`copy`]; when nothing comes with that mail.
pub async fn enclosed(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String, usize)>,
) -> Result<HttpResponse, Error> {
    let (slug, code, copy) = path.into_inner();
    let context = EventContext::at(&app, current_user, slug).await?;
    context.access.to_open_letters()?;
    let to = delegation(&context, &code)?;
    let mut mails = drafts(&context, to).await?;
    if copy >= mails.len() || mails[copy].is_needless() {
        return Err(Error::NotFound);
    }
    let (name, unset) = mails.swap_remove(copy).enclosure.ok_or(Error::NotFound)?;
    paper_of_draft(&app, &context.access.user, &name, &unset.says).await
}

/// Composes the letters of the programme that the page shows; nothing is stored, and no writer is waited for.
async fn drafts(context: &EventContext, to: DelegationId) -> Result<Vec<MailDraft>, Error> {
    let send = move |tx: &mut dyn NotifyTx, post: &MailContext| {
        Ok::<_, NoticeError>(tell_all(tx, post, to)?)
    };
    let drafts = composed(context, send).await?;
    if drafts.is_empty() {
        return Err(NoticeError::Nothing.into());
    }
    Ok(drafts)
}

fn delegation(context: &EventContext, code: &str) -> Result<DelegationId, Error> {
    let found = context.programme.delegation_by_code(code);
    found.map(|party| party.id).ok_or(Error::NotFound)
}

/// The version that the officer looked at.
fn seen(fields: &Fields) -> Result<ProgrammeVersion, Error> {
    fields.get("revision").parse().map_err(|_| {
        Error::BadRequest("The form names no revision. Open the notices again.".to_owned())
    })
}

/// Sends exactly what was shown.
fn as_seen(tx: &EventTx<'_>, seen: ProgrammeVersion) -> Result<(), NoticeError> {
    if tx.began_at() == seen {
        Ok(())
    } else {
        Err(NoticeError::Stale)
    }
}
