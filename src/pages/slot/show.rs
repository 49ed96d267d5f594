//! A slot: its facts, findings, notices, and history.

use actix_web::web;
use askama::Template;

use super::form::room_field;
use super::{PageOutcome, marks};
use crate::change::undo::is_change;
use crate::core::by_slot::BySlot;
use crate::core::delegation::Delegation;
use crate::core::due::due;
use crate::core::notice::answer::NoticeReply;
use crate::core::notice::{Method, News};
use crate::core::programme::Programme;
use crate::core::rules::{Candidate, check};
use crate::core::slot::{Slot, SlotAudience, SlotId, SlotState};
use crate::core::text_enum::TextEnum;
use crate::core::timetable::{ConflictMark, SlotView, slot_view};
use crate::core::wording::answer::AnswerWords;
use crate::mail::outbox::MailCounts;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{Choice, Choices, Select, TextArea, TextField};
use crate::server::form::Form;
use crate::server::forms::slot;
use crate::server::page::{LivePage, Section, Shell, Undo, render};
use crate::server::session::CurrentUser;
use crate::store::audit::{self, HistoryLine, Record};

#[derive(Template)]
#[template(path = "slot/show.html")]
struct SlotPage {
    shell: Shell,
    slug: String,
    slot: SlotView,
    version: i32,
    day: String,
    date: String,
    zone: String,
    note: String,
    participants: String,
    audience: String,
    interpretation: String,
    marks: Vec<ConflictMark>,
    told: Vec<ToldLine>,
    answer: Option<AnswerForm>,
    form: Form,
    history: Vec<HistoryLine>,
    start: TextField,
    end: TextField,
    room: Select,
    may_change: bool,
    state: SlotState,
    untold: bool,
    mails: StepMails,
}

impl SlotPage {
    /// The reader may change it, and something can still be changed.
    fn changeable(&self) -> bool {
        self.may_change && self.state != SlotState::Cancelled
    }

    /// The delegations that do not know how the slot is now.
    fn not_notified(&self) -> String {
        let pending = self.told.iter().filter(|line| !line.due.is_empty());
        let names: Vec<&str> = pending.map(|line| line.delegation.as_str()).collect();
        names.join(", ")
    }
}

/// What one delegation knows of the slot.
struct ToldLine {
    delegation: String,
    contacts: String,
    /// Last notice, and its time; empty when there was none.
    told: String,
    /// What it does not know yet; empty when nothing.
    due: &'static str,
    /// What it said to it.
    answer: AnswerWords,
}

/// Where an answer is noted that came by telephone.
struct AnswerForm {
    delegation: Select,
    reply: Choices,
    comment: TextArea,
    /// It was refused and is to be seen.
    open: bool,
}

/// `GET /slots/{id}`: the slot.
///
/// # Errors
/// When the caller has no role at its event.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> PageOutcome {
    let (context, slot) = EventContext::of_slot(&app, current_user, SlotId(*id)).await?;
    render(&with_answer(&context, &slot, Form::default()).await?)
}

/// The slot's page, with the form for an answer as it was typed.
pub async fn with_answer(
    context: &EventContext,
    slot: &Slot,
    answer: Form,
) -> Result<impl Template, Error> {
    let subject = slot.id.0;
    let records = context
        .app
        .db
        .read(move |conn| Ok::<_, Error>(audit::of_subject(conn, subject)?))
        .await?;
    Ok(page(context, slot, &records, answer))
}

fn page(context: &EventContext, slot: &Slot, records: &[Record], answer: Form) -> SlotPage {
    let programme = &context.programme;
    let zone = programme.event.time_zone;
    let start = slot.interval().start();
    let candidate = Candidate::stored(slot);
    let form = Form::new(slot::fields_of(programme, slot));
    let told = told(context, slot);
    let live = LivePage {
        slot: Some((slot.id, slot.version)),
        ..context.live_page()
    };
    let mut shell = context
        .access
        .shell(slot.title().as_str(), Section::Timetable)
        .live(live)
        .form(&answer);
    shell.undo = undo(context, slot, records);
    let view = slot_view(programme, slot, &BySlot::default());
    SlotPage {
        shell,
        slug: programme.event.slug.to_string(),
        participants: participants(&view, slot),
        slot: view,
        version: slot.version,
        day: zone.day_in_words(start),
        date: programme.event.day_of(start).to_string(),
        zone: zone.label_over(slot.interval()),
        note: slot.content().note.clone(),
        audience: also_shown_to(programme, slot),
        interpretation: interpretation(programme, slot),
        marks: marks(programme, candidate, &check(programme, candidate)),
        untold: told.iter().any(|line| !line.due.is_empty()),
        told,
        answer: answer_form(programme, slot, &answer),
        form: answer,
        history: records
            .iter()
            .map(|record| record.line(zone, zone))
            .collect(),
        start: TextField::new("start", "Start").numeric().of(&form),
        end: TextField::new("end", "End").numeric().of(&form),
        room: room_field(context).of(&form),
        may_change: context.access.may_change(),
        state: slot.state(),
        mails: StepMails::of(programme, slot),
    }
}

/// How many mails a step sends that notifies delegations at once.
struct StepMails {
    confirmation: String,
    notices: String,
    /// Another letter to those that know of it: the same again, a change, a cancellation.
    known: String,
}

impl StepMails {
    fn of(programme: &Programme, slot: &Slot) -> Self {
        let confirmed = Slot {
            details: slot.details.in_state(SlotState::Confirmed),
            ..slot.clone()
        };
        let after = programme.with_slot(confirmed);
        let confirmation = after.slot(slot.id).map_or_else(Vec::new, |confirmed| {
            let news = due(&after, confirmed).into_iter();
            news.map(|(party, _)| party.clone()).collect()
        });
        let known = |party: &&Delegation| programme.ledger.expected(slot.id, party.id).is_some();
        let delegations = &programme.delegations;
        Self {
            confirmation: mails(&confirmation),
            notices: mails(due(programme, slot).into_iter().map(|(party, _)| party)),
            known: mails(delegations.iter().filter(known)),
        }
    }
}

/// Words the mails about one slot to some delegations, as `Sends 2 letters.`
fn mails<'p>(parties: impl IntoIterator<Item = &'p Delegation>) -> String {
    let counts = parties.into_iter();
    let counts = counts.map(|party| MailCounts::expected(party, 1));
    let counts = counts.fold(MailCounts::default(), MailCounts::plus);
    match counts.letters {
        0 => "Sends nothing: no delegation with a contact has anything to hear.".to_owned(),
        _ => format!("Sends {counts}."),
    }
}

/// `None` while no answer is expected.
fn answer_form(programme: &Programme, slot: &Slot, form: &Form) -> Option<AnswerForm> {
    let asked: Vec<Choice> = programme
        .delegations
        .iter()
        .filter(|party| programme.ledger.expected(slot.id, party.id).is_some())
        .map(|party| Choice::new(party.code.as_str(), party.name.as_str()))
        .collect();
    let replies = NoticeReply::ALL
        .iter()
        .map(|reply| Choice::new(reply.as_str(), reply.label()));
    (!asked.is_empty()).then(|| AnswerForm {
        delegation: Select::new("delegation", "Delegation", asked).of(form),
        reply: Choices::radios("answer", "Answer", replies)
            .inline()
            .of(form),
        comment: TextArea::new("comment", "Comment")
            .optional()
            .rows(2)
            .of(form),
        open: form.is_rejected(),
    })
}

/// Who takes part, as `All delegations but Kazakhstan (those added later too)`.
pub(super) fn participants(view: &SlotView, slot: &Slot) -> String {
    if slot.content().all_delegations {
        format!("{} (those added later too)", view.parties)
    } else {
        view.parties.clone()
    }
}

/// Who sees the slot without taking part, as `Kazakhstan, Uzbekistan`; empty when there are none.
pub(super) fn also_shown_to(programme: &Programme, slot: &Slot) -> String {
    let audience = &slot.content().audience;
    if *audience == SlotAudience::All {
        return "All delegations".to_owned();
    }
    let delegations = programme.delegations.iter();
    let names: Vec<&str> = delegations
        .filter(|delegation| audience.includes(delegation.id))
        .map(|delegation| delegation.name.as_str())
        .collect();
    names.join(", ")
}

/// Whether it is wanted and who does it, as `Wanted: Interpreter (1), Interpreter (2)`.
pub(super) fn interpretation(programme: &Programme, slot: &Slot) -> String {
    let interpreters = programme.interpreters_of(slot.content());
    let names: Vec<&str> = interpreters
        .map(|interpreter| interpreter.name.as_str())
        .collect();
    let wanted = if slot.content().interpretation_wanted {
        "Wanted"
    } else {
        "Not wanted"
    };
    match (slot.content().interpretation_wanted, names.is_empty()) {
        (_, false) => format!("{wanted}: {}", names.join(", ")),
        (true, true) => format!("{wanted}; no interpreter is booked yet"),
        (false, true) => wanted.to_owned(),
    }
}

/// The change that the reader has just made, unless another followed.
fn undo(context: &EventContext, slot: &Slot, records: &[Record]) -> Option<Undo> {
    let latest = records.iter().find(|record| is_change(record))?;
    let own =
        context.access.has_undoable_news() && latest.actor_id == Some(context.access.user.id.0);
    (own && context.access.may_change()).then(|| Undo {
        action: format!("/slots/{}/undo", slot.id),
        version: slot.version,
    })
}

fn told(context: &EventContext, slot: &Slot) -> Vec<ToldLine> {
    let programme = &context.programme;
    let zone = programme.event.time_zone;
    let due = due(programme, slot);
    programme
        .delegations
        .iter()
        .filter_map(|delegation| {
            let notice = programme.ledger.notice(slot.id, delegation.id);
            let news = due
                .iter()
                .find(|(each, _)| each.id == delegation.id)
                .map(|(_, news)| news);
            if notice.is_none() && !slot.content().involves(delegation.id) {
                return None;
            }
            let told = notice.map(|notice| {
                let what = match notice.method {
                    Method::Request => "invitation",
                    Method::Cancel => "cancellation",
                };
                let at = zone.moment(notice.told_at);
                format!("{what}, {at}, sequence {}", notice.sequence)
            });
            let contacts: Vec<&str> = delegation
                .contacts
                .iter()
                .map(|contact| contact.email.as_str())
                .collect();
            Some(ToldLine {
                answer: AnswerWords::of(programme, slot.id, delegation.id),
                delegation: delegation.name.to_string(),
                contacts: contacts.join(", "),
                told: told.unwrap_or_default(),
                due: match news {
                    None => "",
                    Some(News::Confirmed(_)) => "the confirmation",
                    Some(News::Changed { .. } | News::Repeated(_)) => "the change",
                    Some(News::Cancelled(_)) => "the cancellation",
                    Some(News::Dropped(_)) => "that it no longer takes part",
                    Some(News::Withdrawn(_)) => "that it is no longer confirmed",
                },
            })
        })
        .collect()
}
