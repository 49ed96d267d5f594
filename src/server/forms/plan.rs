//! The plan's form: which meetings, and what holds for all of them.

use crate::core::delegation::DelegationId;
use crate::core::free::{RoomChoice, SearchRequest};
use crate::core::programme::Programme;
use crate::core::rules::guests_without_bilateral;
use crate::core::slot::SlotKind;
use crate::core::time::interval::Interval;
use crate::server::Error;
use crate::server::form::{FieldErrors, Fields};
use crate::server::forms::free::{ANY_DAY, ANY_ROOM, place, times, usual_title};
use crate::server::forms::slot;

use crate::core::planner::MOST_MEETINGS;

/// Every field the form may send.
const FIELDS: &[&str] = &[
    "meetings",
    "more",
    "minutes",
    "interpretation",
    "room",
    "day",
    "from",
    "until",
];

/// Number of codes that an error lists to a user who typed an unknown one.
const MOST_CODES: usize = 12;
/// Default length of a meeting, in minutes.
const USUAL_MINUTES: i32 = 30;

/// The fields of a plan's form, if there are no others among them.
///
/// # Errors
/// When a field was sent that the form does not have, or the address is in a broken encoding.
pub fn known_fields(query: &str) -> Result<Fields, Error> {
    Fields::parse(query.as_bytes())?.only(FIELDS)
}

/// True when the form was sent, not only opened.
#[must_use]
pub fn was_sent(fields: &Fields) -> bool {
    fields.iter().any(|(name, _)| name == "minutes")
}

/// The initial form: the chair with each guest that has no bilateral with it yet.
#[must_use]
pub fn prefilled(programme: &Programme) -> Fields {
    let mut fields = Fields::from_pairs([
        ("minutes", USUAL_MINUTES.to_string()),
        ("interpretation", slot::INTERPRETATION_WANTED.to_owned()),
        ("room", ANY_ROOM.to_owned()),
        ("day", ANY_DAY.to_owned()),
    ]);
    for pair in missing(programme).into_iter().take(MOST_MEETINGS) {
        fields.push("meetings", pair_word(programme, pair));
    }
    fields
}

/// Two delegations that are to meet.
pub type PlanPair = [DelegationId; 2];

/// The chair with each guest that has no bilateral with it yet, in order of precedence.
#[must_use]
pub fn missing(programme: &Programme) -> Vec<PlanPair> {
    let Some(chair) = programme.chair() else {
        return Vec::new();
    };
    guests_without_bilateral(programme)
        .map(|guest| [chair.id, guest.id])
        .collect()
}

/// A pair as the form sends it: `JP KZ`.
#[must_use]
pub fn pair_word(programme: &Programme, pair: PlanPair) -> String {
    let codes = pair.iter().filter_map(|id| programme.delegation(*id));
    let codes: Vec<&str> = codes.map(|party| party.code.as_str()).collect();
    codes.join(" ")
}

/// Reads the form: a wish for each meeting, those of the list first.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(programme: &Programme, fields: &Fields) -> Result<Vec<SearchRequest>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let minutes = fields.get("minutes").trim().parse().unwrap_or(0);
    let minutes = errors.take("minutes", SearchRequest::length(programme, minutes));
    let room = place(programme, fields, &mut errors);
    let times = times(programme, fields, &mut errors);
    let mut asked = Vec::new();
    for word in fields.all("meetings") {
        asked.extend(errors.take("meetings", meeting(programme, word)));
    }
    for (line, number) in fields.get("more").lines().zip(1..) {
        if !line.trim().is_empty() {
            let read = meeting(programme, line);
            let read = read.map_err(|fault| format!("Line {number}: {fault}"));
            asked.extend(errors.take("more", read));
        }
    }
    if errors.is_empty() {
        let count = match asked.len() {
            0 => Err("Choose the meetings, or write them below.".to_owned()),
            many if many > MOST_MEETINGS => Err(format!(
                "A plan takes {MOST_MEETINGS} meetings at most; these are {many}."
            )),
            _ => Ok(()),
        };
        errors.take("meetings", count);
    }
    let (Some(minutes), Some(times), true) = (minutes, times, errors.is_empty()) else {
        return Err(errors);
    };
    let common = Common {
        minutes,
        place: room,
        times,
        interpreted: fields.flag("interpretation"),
    };
    let wishes = asked.into_iter().map(|asked| common.wish(programme, asked));
    wishes
        .collect::<Result<_, _>>()
        .map_err(|(field, sentence)| {
            errors.add(field, sentence);
            errors
        })
}

/// A meeting as it was asked for, with its own length if it has one.
#[derive(Debug, Clone, Copy)]
pub struct PlanMeeting {
    /// Who meets.
    pub pair: PlanPair,
    /// In minutes; otherwise as all others.
    pub minutes: Option<i32>,
}

/// Reads `JP KZ` or `JP KZ 45`.
fn meeting(programme: &Programme, line: &str) -> Result<PlanMeeting, String> {
    let mut words = line.split_whitespace();
    let (Some(one), Some(other), minutes, None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(
            "write the codes of two delegations and, if need be, the minutes, as in “KZ UZ 20”."
                .to_owned(),
        );
    };
    let minutes = minutes.map(|minutes| {
        let number = minutes.parse().unwrap_or(0);
        SearchRequest::length(programme, number).map_err(|error| error.to_string())
    });
    Ok(PlanMeeting {
        pair: pair(programme, one, other)?,
        minutes: minutes.transpose()?,
    })
}

/// The two delegations with these codes.
///
/// # Errors
/// With a sentence when there is no such delegation, or it is one only.
pub fn pair(programme: &Programme, one: &str, other: &str) -> Result<PlanPair, String> {
    let known = |code: &str| {
        let party = programme.delegation_by_code(code);
        party.map(|party| party.id).ok_or_else(|| {
            let code = crate::core::text::quoted(code);
            let codes = programme.delegations.iter().take(MOST_CODES);
            let codes: Vec<&str> = codes.map(|party| party.code.as_str()).collect();
            let more = if programme.delegations.len() > MOST_CODES {
                " and others"
            } else {
                ""
            };
            let codes = codes.join(", ");
            format!("there is no delegation {code} at this event. Write a code: {codes}{more}.")
        })
    };
    let pair = [known(one)?, known(other)?];
    if pair[0] == pair[1] {
        return Err("a delegation cannot meet itself; name two delegations.".to_owned());
    }
    Ok(pair)
}

/// What holds for every meeting of a plan.
#[derive(Debug, Clone)]
pub struct Common {
    /// In minutes, on the event's grid.
    pub minutes: i32,
    /// Where; otherwise in any room that takes the two.
    pub place: Option<RoomChoice>,
    /// When.
    pub times: Vec<Interval>,
    /// So that the two understand each other.
    pub interpreted: bool,
}

impl Common {
    /// The wish for one meeting.
    ///
    /// # Errors
    /// With the field that makes no sense, and why.
    pub fn wish(
        &self,
        programme: &Programme,
        PlanMeeting { pair, minutes }: PlanMeeting,
    ) -> Result<SearchRequest, (&'static str, String)> {
        let kind = SlotKind::Bilateral;
        let minutes = minutes.unwrap_or(self.minutes);
        let wish = SearchRequest::new(programme, kind, pair.to_vec(), minutes)
            .map_err(|error| ("minutes", error.to_string()))?;
        let wish = wish
            .within(programme, &self.times)
            .map_err(|error| ("day", error.to_string()))?;
        let wish = match usual_title(programme, kind, |party| pair.contains(&party.id)) {
            Some(title) => wish.titled(title),
            None => wish,
        };
        let wish = match self.place {
            Some(place) => wish.at(place),
            None => wish,
        };
        Ok(if self.interpreted {
            wish.interpreted()
        } else {
            wish
        })
    }
}
