//! Plans: many bilaterals at once, as the page plans them.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies::present;
use super::precondition::if_programme_match;
use super::request::{ApiRequest, unprocessable};
use super::shape::{ApiConflict, delegation_codes, interpreter_codes, room_code, sketch_words};
use super::{Answer, Nothing};
use crate::change::booking::{self, BookingError};
use crate::core::decision::Refusal;
use crate::core::free::SearchRequest;
use crate::core::planner::{Left, MOST_MEETINGS, Placed, Plan};
use crate::core::programme::Programme;
use crate::core::rule::Reasons;
use crate::core::rules::Candidate;
use crate::core::slot::{SlotDetails, SlotId, SlotState};
use crate::core::text_enum::TextEnum;
use crate::server::Error;
use crate::server::context::EventContext;
use crate::server::form::{FieldErrors, Fields};
use crate::server::forms::free::{ANY_DAY, ANY_ROOM, place, times};
use crate::server::forms::plan::{Common, PlanMeeting, missing, pair};
use crate::server::problem::Problem;

/// Attempts to plan while other users book at the same time.
const TRIES: usize = 3;

/// The bilaterals to plan, and the conditions for all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"meetings": [{"delegations": ["KZ", "UZ"]}], "minutes": 20, "from": "18:00"}))]
pub(super) struct PlanWanted {
    /// The bilaterals, in order of preference; the chair with each guest without a bilateral yet when left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<MeetingWanted>, required = false, min_items = 1, max_items = 200)]
    meetings: Option<Vec<MeetingWanted>>,
    /// Length of each in minutes, on the event's grid; 30 when left out.
    #[serde(default = "usual_minutes")]
    #[schema(minimum = 1, maximum = 1440)]
    minutes: i32,
    /// True when interpretation is wanted.
    #[serde(default)]
    interpretation: bool,
    /// A room's code, or `-none` for no room yet; any that is large enough when left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, example = "conference")]
    room: Option<String>,
    /// The day; any of the event's when left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, format = "date", example = "2022-12-24")]
    day: Option<String>,
    /// The earliest start by the venue's clock.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, example = "14:00")]
    from: Option<String>,
    /// The latest end by the venue's clock.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, example = "18:00")]
    until: Option<String>,
    /// State in which to book the whole plan at once, or nothing of it; when left out, nothing is stored.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = sketch_words, required = false)]
    book: Option<String>,
}

const fn usual_minutes() -> i32 {
    30
}

/// A bilateral.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeetingWanted {
    /// Two codes.
    #[schema(min_items = 2, max_items = 2, example = json!(["KZ", "UZ"]))]
    delegations: Vec<String>,
    /// Length of this one in minutes; as all others when left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = i32, required = false, minimum = 1, maximum = 1440)]
    minutes: Option<i32>,
}

/// A bilateral that was placed.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedSlot {
    /// The slot's id; null: it is not booked.
    #[schema(required = true)]
    id: Option<i64>,
    title: String,
    /// The room's code; null: none was wanted.
    #[schema(required = true)]
    room: Option<String>,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    starts_at: String,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    ends_at: String,
    /// Codes, in order of precedence.
    delegations: Vec<String>,
    /// Codes of the interpreters.
    interpreters: Vec<String>,
    /// Advice about it.
    advice: Vec<ApiConflict>,
}

/// A bilateral that was not placed.
#[derive(Debug, Serialize, ToSchema)]
struct LeftOut {
    title: String,
    /// Codes, in order of precedence.
    delegations: Vec<String>,
    /// The most frequent obstacle.
    message: String,
}

/// A time, a room and interpreters for each of many bilaterals.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlanMade {
    /// By time.
    slots: Vec<PlannedSlot>,
    /// Those for which nothing is free, in the order asked for.
    left: Vec<LeftOut>,
}

/// Plans many bilaterals at once, without conflicts and needs for a reason. Without “book” nothing is stored, and a
/// token with scope `read` is enough. With “book” all placed bilaterals are booked, or none; with `If-Match` and the
/// programme's ETag only while the programme is unchanged, which makes it safe to send again.
#[utoipa::path(
    post, path = "/events/{slug}/plans", operation_id = "plan_slots", tag = "Slots",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the programme as you have seen it, or its revision; without it, as it is now", pattern = "^( *\\* *|[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+)( *,[, \\t]*((W/)?\"[ \\t!#-+\\--~]*\"|[0-9]+))*[, \\t]*)$", example = "\"17\""),
    ),
    request_body = PlanWanted,
    responses(
        (status = 200, description = "The plan; nothing is stored", body = PlanMade),
        (status = 201, description = "The plan, booked", body = PlanMade),
    ),
)]
pub(super) async fn make(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    ask.query::<Nothing>()?;
    let wanted: PlanWanted = ask.body()?;
    let wishes = wanted.read(&context.programme)?;
    let state = wanted.state()?;
    let Some(state) = state else {
        if_programme_match(&ask, context.programme.version())?;
        let made = planned(&context, wishes).await?;
        return Ok(HttpResponse::Ok().json(PlanMade::of(&made.0, &made.1, &[])));
    };
    let mut context = context.to_change()?;
    for _ in 0..TRIES {
        let planned_for = context.programme.version();
        let pinned = if_programme_match(&ask, planned_for)?;
        let made = planned(&context, wanted.read(&context.programme)?).await?;
        let (plan, wishes) = &*made;
        let details: Vec<SlotDetails> = plan
            .placed
            .iter()
            .map(|each| each.slot.details.in_state(state))
            .collect();
        if details.is_empty() {
            return Ok(HttpResponse::Ok().json(PlanMade::of(plan, wishes, &[])));
        }
        let post = context.app.mail_context();
        let booked = context
            .book(move |tx| {
                if pinned && tx.began_at() != planned_for {
                    tx.stays_as_it_is();
                    return Ok(None);
                }
                let all = details.iter();
                all.map(|slot| booking::book(tx, &post, slot.clone(), &Reasons::new()))
                    .collect::<Result<Vec<SlotId>, _>>()
                    .map(Some)
            })
            .await;
        match booked {
            Ok(Some(ids)) => {
                return Ok(HttpResponse::Created().json(PlanMade::of(plan, wishes, &ids)));
            }
            Ok(None) | Err(BookingError::Refused(Refusal::Conflicts(_))) => {
                context = context.reloaded().await?;
            }
            Err(error) => return Err(Error::from(error).into()),
        }
    }
    let detail = "Other users are booking at the same time, so no plan fits for long enough. Nothing was stored; try \
                  again.";
    Err(Problem::from(Error::Conflict(detail.to_owned())))
}

/// Plans in the queue: many meetings may take seconds.
async fn planned(
    context: &EventContext,
    wishes: Vec<SearchRequest>,
) -> Result<Arc<(Plan, Vec<SearchRequest>)>, Problem> {
    let user = context.access.user.id.0;
    let made = context
        .app
        .plans
        .make(user, context.programme.clone(), wishes);
    Ok(made.await?)
}

impl PlanWanted {
    /// State in which the plan is booked; `None` when it is not.
    fn state(&self) -> Result<Option<SlotState>, Problem> {
        let Some(word) = &self.book else {
            return Ok(None);
        };
        SlotState::from_word(word)
            .filter(|state| matches!(state, SlotState::Tentative | SlotState::Pencilled))
            .map(Some)
            .ok_or_else(|| unprocessable([("book", "It is tentative or pencilled.")]))
    }

    fn read(&self, programme: &Programme) -> Result<Vec<SearchRequest>, Problem> {
        let mut errors = FieldErrors::default();
        let fields = self.fields(&mut errors);
        let minutes = errors.take("minutes", SearchRequest::length(programme, self.minutes));
        let place = place(programme, &fields, &mut errors);
        let times = times(programme, &fields, &mut errors);
        let asked = self.asked(programme, &mut errors);
        let (Some(minutes), Some(times), true) = (minutes, times, errors.is_empty()) else {
            return Err(unprocessable(errors.iter()));
        };
        let common = Common {
            minutes,
            place,
            times,
            interpreted: self.interpretation,
        };
        let wishes = asked.into_iter().map(|asked| common.wish(programme, asked));
        wishes
            .collect::<Result<_, _>>()
            .map_err(|(field, fault)| unprocessable([(field, fault.as_str())]))
    }

    /// Converts the body to the fields of the page's form.
    fn fields(&self, errors: &mut FieldErrors) -> Fields {
        let mut fields = Fields::default();
        for (name, sent, usual) in [
            ("room", &self.room, ANY_ROOM),
            ("day", &self.day, ANY_DAY),
            ("from", &self.from, ""),
            ("until", &self.until, ""),
        ] {
            if sent.as_deref() == Some("") {
                errors.add(name, "It is empty; leave it out.");
            }
            fields.push(name, sent.as_deref().unwrap_or(usual));
        }
        fields
    }

    fn asked(&self, programme: &Programme, errors: &mut FieldErrors) -> Vec<PlanMeeting> {
        let Some(meetings) = &self.meetings else {
            let missing = missing(programme).into_iter().take(MOST_MEETINGS);
            return missing
                .map(|pair| PlanMeeting {
                    pair,
                    minutes: None,
                })
                .collect();
        };
        if meetings.is_empty() || meetings.len() > MOST_MEETINGS {
            let fault = format!(
                "A plan takes 1 to {MOST_MEETINGS} meetings; leave them out for those that are missing with the chair."
            );
            errors.add("meetings", fault);
        }
        let read = |(at, meeting): (usize, &MeetingWanted)| {
            let field = format!("meetings.{at}.delegations");
            let [one, other] = meeting.delegations.as_slice() else {
                errors.add(field, "Name two delegations.");
                return None;
            };
            Some(PlanMeeting {
                pair: errors.check(&field, "Delegations:", pair(programme, one, other))?,
                minutes: meeting.minutes,
            })
        };
        meetings.iter().enumerate().filter_map(read).collect()
    }
}

impl PlanMade {
    fn of(plan: &Plan, wishes: &[SearchRequest], ids: &[SlotId]) -> Self {
        let ids = ids
            .iter()
            .map(|id| Some(id.0))
            .chain(std::iter::repeat(None));
        let placed = plan.placed.iter().zip(ids);
        let left = plan.left.iter();
        Self {
            slots: placed
                .map(|(placed, id)| planned_slot(&plan.programme, placed, id))
                .collect(),
            left: left
                .map(|left| left_out(&plan.programme, &wishes[left.wish], left))
                .collect(),
        }
    }
}

fn planned_slot(programme: &Programme, placed: &Placed, id: Option<i64>) -> PlannedSlot {
    let (zone, slot) = (programme.event.time_zone, &placed.slot);
    PlannedSlot {
        id,
        title: slot.title().to_string(),
        room: room_code(programme, slot.room()),
        starts_at: zone.rfc3339(slot.interval().start()),
        ends_at: zone.rfc3339(slot.interval().end()),
        delegations: delegation_codes(programme, &slot.content().delegations),
        interpreters: interpreter_codes(programme, &slot.content().interpreters),
        advice: ApiConflict::in_the_way(programme, Candidate::stored(slot), &placed.advice),
    }
}

fn left_out(programme: &Programme, wish: &SearchRequest, left: &Left) -> LeftOut {
    LeftOut {
        title: wish.title().to_string(),
        delegations: delegation_codes(programme, wish.parties()),
        message: left.message(programme),
    }
}
