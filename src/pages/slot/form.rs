//! The slot form on screen: empty, filled, refused with its conflicts and alternatives.

use askama::Template;

use super::free::address_of_typed;
use super::marks;
use crate::core::decision::Conflicts;
use crate::core::free::{FreeTime, alternatives};
use crate::core::rules::Candidate;
use crate::core::slot::{
    EVERY_CODE, MeetingStyle, Placement, Slot, SlotDetails, SlotId, SlotKind, SlotState,
};
use crate::core::text_enum::TextEnum;
use crate::core::timetable::{ConflictMark, clock_range};
use crate::server::broken::OfferForm;
use crate::server::context::EventContext;
use crate::server::field::{Choice, Choices, Select, TextArea, TextField};
use crate::server::form::{Fields, Form};
use crate::server::forms::slot;
use crate::server::page::{LivePage, Section, Shell};

#[derive(Template)]
#[template(path = "slot/form.html")]
pub(super) struct FormPage {
    shell: Shell,
    action: String,
    /// Where the search for free times takes over what is typed.
    search: String,
    back: String,
    form: Form,
    version: String,
    refusal: Option<FormRefusal>,
    kind: Select,
    format: Select,
    accompanying: TextField,
    title: TextField,
    day: Select,
    start: TextField,
    end: TextField,
    room: Select,
    delegations: Choices,
    left_out: Choices,
    audience: Choices,
    interpretation: Choices,
    interpreters: Option<Choices>,
    state: Option<Choices>,
    fixed: Choices,
    note: TextArea,
    reasons: Vec<TextField>,
    /// The slot is confirmed: its delegations may be notified at once.
    tell: Option<bool>,
    submit: &'static str,
}

impl FormPage {
    /// The slot that is being changed.
    fn slot_id(&self) -> Option<SlotId> {
        self.shell.live.as_ref()?.slot.map(|(id, _)| id)
    }

    /// The slot is for all delegations, or was to leave some out.
    fn is_for_all(&self) -> bool {
        let fields = &self.form.fields;
        fields.all("delegations").any(|code| code == EVERY_CODE)
            || !fields.get("left_out").is_empty()
    }

    /// A format is agreed, or what was sent of it is wrong.
    fn has_format(&self) -> bool {
        let sent = |name| !self.form.fields.get(name).is_empty();
        sent("format") || sent("accompanying")
    }

    /// Delegations are ticked that see it without taking part, or what was sent of them is wrong.
    fn has_audience(&self) -> bool {
        !self.form.fields.get("audience").is_empty()
    }

    /// Only a reason is missing.
    fn wants_reason(&self) -> bool {
        self.refusal
            .as_ref()
            .is_some_and(|refusal| !refusal.blocked)
    }
}

/// Why a form was refused by the rules, and what could be booked instead.
struct FormRefusal {
    blocked: bool,
    marks: Vec<ConflictMark>,
    alternatives: Vec<OfferForm>,
    /// Where to search further for what was typed.
    further: String,
}

/// What could be booked instead of a stored slot, each at one press.
pub(crate) fn alternatives_to(context: &EventContext, slot: &Slot) -> Vec<OfferForm> {
    let fields = slot::fields_of(&context.programme, slot);
    alternatives(&context.programme, Candidate::stored(slot))
        .into_iter()
        .map(|offer| self::offer(context, &fields, &slot.details, offer))
        .collect()
}

/// Which slot the form is for.
#[derive(Clone, Copy)]
pub(super) enum FormSubject<'a> {
    New,
    Stored(&'a Slot),
}

impl FormSubject<'_> {
    fn id(self) -> Option<SlotId> {
        match self {
            Self::New => None,
            Self::Stored(slot) => Some(slot.id),
        }
    }

    /// True when the offer is the slot's present place.
    fn stands_at(self, offer: &FreeTime) -> bool {
        match self {
            Self::New => false,
            Self::Stored(slot) => slot.details.placement == offer.placement,
        }
    }

    fn state(self) -> Option<SlotState> {
        match self {
            Self::New => None,
            Self::Stored(slot) => Some(slot.state()),
        }
    }
}

/// Builds the form page; `refused` are the conflicts of a form that the rules refused.
pub(super) fn page(
    context: &EventContext,
    subject: FormSubject<'_>,
    form: Form,
    refused: Option<&Conflicts>,
) -> FormPage {
    let slug = &context.programme.event.slug;
    let (title, action, back, submit) = match subject {
        FormSubject::New => (
            "Book a slot".to_owned(),
            format!("/events/{slug}/slots"),
            format!("/events/{slug}"),
            "Book slot",
        ),
        FormSubject::Stored(slot) => {
            let page = format!("/slots/{}", slot.id);
            (
                format!("Change “{}”", slot.title()),
                page.clone(),
                page,
                "Save changes",
            )
        }
    };
    let reasons = reason_fields(&form, refused);
    let refusal = refused.map(|refused| refusal(context, subject, &form.fields, refused));
    let shell = context.access.shell(title, Section::Timetable).form(&form);
    let shell = match subject {
        FormSubject::New => shell,
        FormSubject::Stored(slot) => shell.live(LivePage {
            slot: Some((slot.id, slot.version)),
            editing: true,
            ..context.live_page()
        }),
    };
    FormPage {
        shell,
        action,
        search: search_address(context, subject),
        back,
        version: form.fields.get("version").to_owned(),
        refusal,
        kind: kind_field().of(&form),
        format: format_field().of(&form),
        accompanying: TextField::new("accompanying", "Accompanying each principal")
            .help("As in “principal + 4”. The room then has to take these, not the parties.")
            .numeric()
            .optional()
            .of(&form),
        title: TextField::new("title", "Title")
            .help("Delegations read it in their mail and agenda.")
            .of(&form),
        day: day_field(context).of(&form),
        start: time_field("start", "Start", "As in 14:40.").of(&form),
        end: time_field("end", "End", "24:30 is 00:30 of the next day.").of(&form),
        room: room_field(context).of(&form),
        delegations: Choices::checkboxes("delegations", "Delegations", participant_choices(context))
            .inline()
            .of(&form),
        left_out: Choices::checkboxes("left_out", "Left out", delegation_choices(context))
            .help("Of a slot for all delegations. What is ticked above beside it does not matter then.")
            .inline()
            .of(&form),
        audience: audience_field(context).of(&form),
        interpretation: interpretation_field().of(&form),
        interpreters: interpreter_field(context).map(|field| field.of(&form)),
        state: state_field(subject).map(|field| field.of(&form)),
        fixed: fixed_field().of(&form),
        note: TextArea::new("note", "Internal note")
            .help("Only the protocol office reads it.")
            .optional()
            .of(&form),
        reasons,
        tell: (subject.state() == Some(SlotState::Confirmed))
            .then(|| form.fields.get("tell") == "now"),
        submit,
        form,
    }
}

fn search_address(context: &EventContext, subject: FormSubject<'_>) -> String {
    let address = format!("/events/{}/free-slots", context.programme.event.slug);
    match subject {
        FormSubject::New => address,
        FormSubject::Stored(slot) => format!("{address}?slot={}", slot.id),
    }
}

pub(super) fn kind_field() -> Select {
    Select::new(
        "kind",
        "Kind",
        SlotKind::ALL
            .iter()
            .map(|kind| Choice::new(kind.as_str(), kind.label())),
    )
}

fn format_field() -> Select {
    let none = Choice::new("", "Not agreed");
    let styles = MeetingStyle::ALL.iter();
    let styles = styles.map(|style| Choice::new(style.as_str(), style.label()));
    Select::new("format", "Format", [none].into_iter().chain(styles))
}

fn day_field(context: &EventContext) -> Select {
    let days = context.programme.event.days.iter();
    Select::new(
        "day",
        "Day",
        days.map(|day| {
            Choice::new(
                day.date.to_string(),
                crate::core::time::day_in_words(day.date),
            )
        }),
    )
}

fn time_field(name: &'static str, label: &'static str, help: &'static str) -> TextField {
    TextField::new(name, label).help(help).numeric()
}

pub(super) fn room_field(context: &EventContext) -> Select {
    let rooms = context.programme.rooms.iter();
    let none = Choice::new("", "No room yet");
    let choices = rooms.map(|room| {
        Choice::new(
            room.code.as_str(),
            format!("{} ({} people)", room.name, room.capacity),
        )
    });
    Select::new("room", "Room", [none].into_iter().chain(choices))
}

/// The delegations, and all of them as one choice.
pub(super) fn participant_choices(context: &EventContext) -> Vec<Choice> {
    let all = Choice::new(EVERY_CODE, "All delegations, those added later too");
    [all]
        .into_iter()
        .chain(delegation_choices(context))
        .collect()
}

pub(super) fn delegation_choices(context: &EventContext) -> Vec<Choice> {
    let delegations = context.programme.delegations.iter();
    delegations
        .map(|each| Choice::new(each.code.as_str(), each.name.as_str()))
        .collect()
}

fn audience_field(context: &EventContext) -> Choices {
    let all = Choice::new(EVERY_CODE, "All delegations");
    let choices = [all].into_iter().chain(delegation_choices(context));
    Choices::checkboxes("audience", "Also shown to", choices)
        .help(
            "Those that take part see it in any case. Others see its title, time, room and delegations in their agenda, \
             calendar and private page only if they are ticked here. They get no mail about it.",
        )
        .inline()
}

pub(crate) fn interpretation_field() -> Choices {
    let wanted = Choice::new(slot::INTERPRETATION_WANTED, "Interpretation is wanted").help(
        "Ticked to begin with for bilaterals and plenaries. Sides that share no language then need an interpreter \
         between them, or a reason. Delegations are not notified of it.",
    );
    Choices::checkboxes("interpretation", "Interpretation", [wanted])
}

fn fixed_field() -> Choices {
    let fixed = Choice::new(slot::FIXED, "Time and room are fixed").help(
        "Neither a plan nor the handling of a delay moves the slot; you still can. Delegations are not notified of it.",
    );
    Choices::checkboxes("fixed", "Fixed", [fixed])
}

pub(super) fn interpreter_field(context: &EventContext) -> Option<Choices> {
    let interpreters = &context.programme.interpreters;
    let choices = || {
        interpreters.iter().map(|each| {
            let pairs: Vec<String> = each.pairs.iter().map(ToString::to_string).collect();
            Choice::new(each.code.as_str(), each.name.as_str()).help(pairs.join(", "))
        })
    };
    (!interpreters.is_empty())
        .then(|| Choices::checkboxes("interpreters", "Interpreters", choices()))
}

/// Confirming and cancelling have buttons of their own; the form only knows sketch and booking.
fn state_field(subject: FormSubject<'_>) -> Option<Choices> {
    let choices = [
        Choice::new("tentative", "Tentative")
            .help("Holds room and people; no delegation is notified."),
        Choice::new("pencilled", "Pencilled in").help("A sketch: holds nothing."),
    ];
    let open = !matches!(
        subject.state(),
        Some(SlotState::Confirmed | SlotState::Cancelled)
    );
    open.then(|| Choices::radios("state", "State", choices))
}

/// One field per rule that wants a reason, and for each reason already typed.
fn reason_fields(form: &Form, refused: Option<&Conflicts>) -> Vec<TextField> {
    let wanted = refused.map_or_else(Vec::new, Conflicts::rules_without_reason);
    let mut rules = wanted.clone();
    rules.extend(crate::core::rule::Rule::ALL.iter().filter(|rule| {
        let field = slot::reason_field(**rule);
        !form.fields.get(&field).is_empty()
    }));
    rules.sort_unstable();
    rules.dedup();
    rules
        .into_iter()
        .map(|rule| {
            let field = TextField::new(
                slot::reason_field(rule),
                format!("Reason: {}", rule.label()),
            )
            .help("Recorded in the history with your name; expires when the slot is moved.");
            let field = if wanted.contains(&rule) {
                field
            } else {
                field.optional()
            };
            field.of(form)
        })
        .collect()
}

fn refusal(
    context: &EventContext,
    subject: FormSubject<'_>,
    fields: &Fields,
    refused: &Conflicts,
) -> FormRefusal {
    let details = &refused.details;
    let others = refused.alternatives().into_iter();
    let others = others.filter(|offer| !subject.stands_at(offer));
    FormRefusal {
        blocked: refused.is_blocked(),
        marks: marks(&refused.programme, refused.candidate(), &refused.conflicts),
        alternatives: following(fields, refused)
            .into_iter()
            .chain(others.map(|offer| self::offer(context, fields, details, offer)))
            .collect(),
        further: address_of_typed(&context.programme, fields, subject.id()),
    }
}

/// The form as it was sent, with what follows moved out of its way.
fn following(sent: &Fields, refused: &Conflicts) -> Option<OfferForm> {
    let moves = refused.following();
    let names: Vec<String> = moves
        .iter()
        .map(|moved| {
            let range = clock_range(&refused.programme, moved.placement.interval);
            let confirmed = if moved.slot.state() == SlotState::Confirmed {
                " (confirmed)"
            } else {
                ""
            };
            format!("“{}”{confirmed} to {range}", moved.slot.title())
        })
        .collect();
    let kept = sent
        .iter()
        .filter(|(name, _)| *name != slot::FOLLOWING && !name.starts_with("reason-"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let fields = moves
        .iter()
        .map(|moved| (slot::FOLLOWING.to_owned(), slot::following_field(moved)));
    (!moves.is_empty()).then(|| OfferForm {
        label: format!("Extend it, and move {}", names.join(", ")),
        fields: kept.chain(fields).collect(),
    })
}

/// The form as it was sent, with another time and place.
fn offer(
    context: &EventContext,
    sent: &Fields,
    details: &SlotDetails,
    alternative: FreeTime,
) -> OfferForm {
    let programme = &context.programme;
    let Placement { interval, room } = alternative.placement;
    let other = SlotDetails {
        content: details.content.interpreted_by(alternative.interpreters),
        placement: alternative.placement,
        state: details.state,
        fixed: details.fixed,
    };
    let placed = slot::fields_of_details(programme, &other);
    let replaced = [
        "day",
        "start",
        "end",
        "room",
        "interpreters",
        slot::FOLLOWING,
    ];
    let kept = sent
        .iter()
        .filter(|(name, _)| !replaced.contains(name) && !name.starts_with("reason-"));
    let fields = kept.chain(placed.iter().filter(|(name, _)| replaced.contains(name)));
    let room = room
        .and_then(|id| programme.room(id))
        .map(|room| format!(", {}", room.name));
    let shorter = details.placement.interval.minutes() - interval.minutes();
    let shorter = if shorter > 0 {
        format!(" ({shorter} minutes shorter)")
    } else {
        String::new()
    };
    let interpreters = if other.content.interpreters == details.content.interpreters {
        String::new()
    } else {
        let names: Vec<&str> = programme
            .interpreters_of(&other.content)
            .map(|interpreter| interpreter.name.as_str())
            .collect();
        format!(", with {}", names.join(" and "))
    };
    OfferForm {
        label: format!(
            "{}{}{shorter}{interpreters}",
            clock_range(programme, interval),
            room.unwrap_or_default()
        ),
        fields: fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}
