//! The plan's page: which meetings, what was found for them, and one press that books it all.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::change::booking::{self, BookingError};
use crate::core::decision::Refusal;
use crate::core::free::SearchRequest;
use crate::core::planner::{Left, MOST_MEETINGS, Placed, Plan};
use crate::core::programme::Programme;
use crate::core::rule::Reasons;
use crate::core::rules::Candidate;
use crate::core::slot::{SlotDetails, SlotKind, SlotState};
use crate::core::text_enum::TextEnum;
use crate::core::timetable::{ConflictMark, clock_range, conflict_mark};
use crate::pages::slot::{PageOutcome, any_day_field, any_room_field, interpretation_field};
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::field::{Choice, Choices, Select, TextArea, TextField};
use crate::server::form::{Fields, Form};
use crate::server::forms::plan::{self, missing, pair_word};
use crate::server::forms::slot as slot_forms;
use crate::server::page::{Section, Shell, conflict, render, see_other, unprocessable};
use crate::server::session::CurrentUser;

#[derive(Template)]
#[template(path = "plan/plan.html")]
struct PlanPage {
    shell: Shell,
    slug: String,
    form: Form,
    /// The chair with each guest that still misses its bilateral.
    meetings: Option<Choices>,
    more: TextArea,
    minutes: TextField,
    room: Select,
    day: Select,
    from: TextField,
    until: TextField,
    interpretation: Choices,
    proposal: Option<Proposal>,
    /// The plan that was to be booked does not fit any more.
    overtaken: bool,
}

/// What was found.
struct Proposal {
    summary: String,
    placed: Vec<PlacedLine>,
    left: Vec<LeftLine>,
    /// What the form asked for, as it is sent along when the plan is booked.
    query: String,
}

struct PlacedLine {
    day: String,
    time: String,
    title: String,
    room: String,
    interpreters: String,
    advice: Vec<ConflictMark>,
    /// The slot form, filled in, as one value.
    slot: String,
}

struct LeftLine {
    title: String,
    sentence: String,
    /// The search that shows every start for this meeting alone.
    search: String,
}

/// `GET /events/{slug}/plan`: the form, and the plan once it was sent. Nothing is stored.
///
/// # Errors
/// For those who may not change the event, or when the address has fields that the form does not have.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    request: HttpRequest,
) -> PageOutcome {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = plan::known_fields(request.query_string())?;
    if !plan::was_sent(&fields) {
        let form = Form::new(plan::prefilled(&context.programme));
        return render(&page(&context, form, None));
    }
    match plan::parse(&context.programme, &fields) {
        Ok(wishes) => {
            let proposal = proposal(&context, &fields, wishes).await?;
            render(&page(&context, Form::new(fields), Some(proposal)))
        }
        Err(errors) => unprocessable(&page(&context, Form::rejected(fields, errors), None)),
    }
}

/// `POST /events/{slug}/plan`: books every slot of the plan as it was shown, or none of them.
///
/// # Errors
/// For those who may not change the event, or when the form is not ours.
pub async fn book(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> PageOutcome {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = fields.only(&["slot", "state", "query"])?;
    let slots = slots(&context.programme, &fields)?;
    let asked = plan::known_fields(fields.get("query"))?;
    let event = &context.programme.event;
    let first = slots
        .iter()
        .map(|slot| slot.placement.interval.start())
        .min();
    let day = first.map_or_else(String::new, |first| event.day_of(first).to_string());
    let post = app.mail_context();
    let booked = context
        .book(move |tx| {
            slots.iter().try_for_each(|slot| {
                booking::book(tx, &post, slot.clone(), &Reasons::new()).map(drop)
            })
        })
        .await;
    match booked {
        Ok(()) => {
            let slug = &context.programme.event.slug;
            Ok(see_other(&format!("/events/{slug}?day={day}&done=planned")))
        }
        Err(BookingError::Refused(Refusal::Conflicts(_))) => {
            overtaken(&context.reloaded().await?, asked).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The programme has changed: the same question, asked of the programme as it is now.
async fn overtaken(context: &EventContext, asked: Fields) -> PageOutcome {
    let page = match plan::parse(&context.programme, &asked) {
        Ok(wishes) => {
            let proposal = proposal(context, &asked, wishes).await?;
            page(context, Form::new(asked), Some(proposal))
        }
        Err(errors) => page(context, Form::rejected(asked, errors), None),
    };
    conflict(&PlanPage {
        overtaken: true,
        ..page
    })
}

/// Reads the slots that were shown; they are as typed values as those of the slot form.
fn slots(programme: &Programme, fields: &Fields) -> Result<Vec<SlotDetails>, Error> {
    let not_ours = || {
        Error::BadRequest(
            "This plan is invalid. Nothing was booked; open the plan again.".to_owned(),
        )
    };
    let state = SlotState::from_word(fields.get("state"))
        .filter(|state| matches!(state, SlotState::Pencilled | SlotState::Tentative))
        .ok_or_else(not_ours)?;
    let mut slots = Vec::new();
    for sent in fields.all("slot") {
        let typed = slot_forms::known_fields(Fields::parse(sent.as_bytes())?)?;
        let request = slot_forms::parse(programme, &typed).map_err(|_| not_ours())?;
        slots.push(request.details.in_state(state));
    }
    if slots.is_empty() || slots.len() > MOST_MEETINGS {
        return Err(not_ours());
    }
    Ok(slots)
}

/// Plans, in this user's turn: many meetings may take seconds.
async fn proposal(
    context: &EventContext,
    fields: &Fields,
    wishes: Vec<SearchRequest>,
) -> Result<Proposal, Error> {
    let user = context.access.user.id.0;
    let made = context
        .app
        .plans
        .make(user, context.programme.clone(), wishes);
    let made = made.await?;
    let (plan, wishes) = &*made;
    let placed = plan.placed.iter().map(|each| placed_line(plan, each));
    let left = plan.left.iter();
    let left = left.map(|each| left_line(plan, fields, &wishes[each.wish], each));
    Ok(Proposal {
        summary: summary(plan),
        placed: placed.collect(),
        left: left.collect(),
        query: fields.encode_without_passwords(),
    })
}

fn summary(plan: &Plan) -> String {
    let (placed, all) = (plan.placed.len(), plan.placed.len() + plan.left.len());
    match (placed, all) {
        (1, 1) => "The meeting is placed.".to_owned(),
        (0, _) => "Nothing is free for any of them.".to_owned(),
        _ if placed == all => format!("All {all} meetings are placed."),
        _ => format!("{placed} of {all} meetings are placed."),
    }
}

fn placed_line(plan: &Plan, Placed { slot, advice, .. }: &Placed) -> PlacedLine {
    let programme = &plan.programme;
    let interpreters = programme.interpreters_of(slot.content());
    let names: Vec<&str> = interpreters.map(|each| each.name.as_str()).collect();
    let room = slot.room().and_then(|id| programme.room(id));
    PlacedLine {
        day: programme
            .event
            .time_zone
            .day_in_words(slot.interval().start()),
        time: clock_range(programme, slot.interval()),
        title: slot.title().to_string(),
        room: room.map_or_else(|| "No room yet".to_owned(), |room| room.name.to_string()),
        interpreters: names.join(", "),
        advice: advice
            .iter()
            .map(|each| conflict_mark(programme, Candidate::stored(slot), each))
            .collect(),
        slot: slot_forms::fields_of_details(programme, &slot.details).encode_without_passwords(),
    }
}

fn left_line(plan: &Plan, fields: &Fields, wish: &SearchRequest, left: &Left) -> LeftLine {
    let programme = &plan.programme;
    let same = ["room", "interpretation", "day", "from", "until"];
    let mut search = Fields::from_pairs(fields.iter().filter(|(name, _)| same.contains(name)));
    search.push("kind", SlotKind::Bilateral.as_str());
    search.push("minutes", wish.minutes().to_string());
    for party in wish.parties() {
        let code = programme.delegation(*party).map(|party| &party.code);
        search.push("delegations", code.map_or("", |code| code.as_str()));
    }
    LeftLine {
        title: wish.title().to_string(),
        sentence: left.message(programme),
        search: search.encode_without_passwords(),
    }
}

fn page(context: &EventContext, form: Form, proposal: Option<Proposal>) -> PlanPage {
    let clock = |name, label, help| TextField::new(name, label).help(help).numeric().optional();
    PlanPage {
        shell: context
            .access
            .shell("Plan meetings", Section::Timetable)
            .form(&form),
        slug: context.programme.event.slug.to_string(),
        meetings: meetings_field(context).map(|field| field.of(&form)),
        more: TextArea::new("more", "Other meetings")
            .help(
                "A line each: the codes of the two and, if need be, the minutes, as in “KZ UZ 20”.",
            )
            .optional()
            .of(&form),
        minutes: TextField::new("minutes", "Minutes each")
            .numeric()
            .of(&form),
        room: any_room_field(context).of(&form),
        day: any_day_field(context).of(&form),
        from: clock("from", "Not before", "As in 14:40.").of(&form),
        until: clock("until", "Ends by", "As in 18:00.").of(&form),
        interpretation: interpretation_field().of(&form),
        proposal,
        overtaken: false,
        form,
    }
}

fn meetings_field(context: &EventContext) -> Option<Choices> {
    let programme = &context.programme;
    let chair = programme.chair()?;
    let choices: Vec<Choice> = missing(programme)
        .into_iter()
        .filter_map(|pair| {
            let guest = programme.delegation(pair[1])?;
            Some(Choice::new(pair_word(programme, pair), guest.name.as_str()))
        })
        .collect();
    let legend = format!("{} with", chair.name);
    (!choices.is_empty()).then(|| {
        Choices::checkboxes("meetings", legend, choices)
            .help("In order of precedence: guests that have no bilateral with the chair yet.")
            .inline()
    })
}
