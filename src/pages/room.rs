//! The pages of rooms.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::room::{self, RoomError};
use crate::core::event::Event;
use crate::core::programme::Programme;
use crate::core::room::Room;
use crate::core::rules::unsuited;
use crate::core::slot::SlotKind;
use crate::core::text_enum::TextEnum;
use crate::pages::broken;
use crate::pages::register::{Register, Removable};
use crate::server::Error;
use crate::server::app::App;
use crate::server::broken::{BrokenList, BrokenSlots};
use crate::server::context::EventContext;
use crate::server::field::{Choice, Choices, Removal, TextArea, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms::{correction_choice, room as forms};
use crate::server::page::{Section, Shell, render, see_other_done};
use crate::server::session::CurrentUser;
use crate::store::transaction::EventTx;

#[derive(Template)]
#[template(path = "room/index.html")]
struct RoomsPage {
    shell: Shell,
    slug: String,
    rooms: Vec<RoomLine>,
    may_change: bool,
}

/// A room in words.
struct RoomLine {
    room: Room,
    kinds: String,
    closures: Vec<String>,
}

/// The form of a room.
#[derive(Template)]
#[template(path = "room/form.html")]
pub struct RoomPage {
    shell: Shell,
    form: Form,
    action: String,
    back: String,
    removal: Option<Removal>,
    code: TextField,
    name: TextField,
    name_ja: TextField,
    capacity: TextField,
    turnaround: TextField,
    kinds: Choices,
    closures: TextArea,
    unsuited: Option<BrokenList>,
    correction: Option<Choices>,
}

/// `GET /events/{slug}/rooms`
///
/// # Errors
/// When the caller has no role at the event.
pub async fn index(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    render(&RoomsPage {
        shell: broken::shell(&context, "Rooms", Section::Rooms),
        slug: context.access.slug.clone(),
        rooms: context
            .programme
            .rooms
            .iter()
            .map(|room| line(&context.programme.event, room))
            .collect(),
        may_change: context.access.may_change(),
    })
}

fn line(event: &Event, room: &Room) -> RoomLine {
    let kinds: Vec<&str> = room.kinds.iter().map(|kind| kind.label()).collect();
    let closures = room.closures.iter();
    RoomLine {
        kinds: kinds.join(", "),
        closures: closures.map(|each| event.write_closure(each)).collect(),
        room: room.clone(),
    }
}

/// Lists the slots that a stored room does not suit, without those that the frame lists already.
fn unsuited_list(context: &EventContext, room: &Room) -> Option<BrokenList> {
    let mut found = unsuited(&context.programme, room.id);
    found.retain(|(slot, _)| !context.broken.named.contains(&slot.id));
    if found.is_empty() {
        return None;
    }
    let slots = match found.len() {
        1 => "1 slot".to_owned(),
        count => format!("{count} slots"),
    };
    Some(BrokenList {
        title: format!("{slots} cannot stay in this room without a reason"),
        unnamed: 0,
        slots: broken::lines(context, found),
    })
}

/// The register of rooms.
pub struct Rooms;

impl Register for Rooms {
    type Item = Room;
    type Failure = RoomError;
    type Page = RoomPage;

    const PATH: &'static str = "rooms";

    fn find<'p>(programme: &'p Programme, code: &str) -> Option<&'p Room> {
        programme.room_by_code(code)
    }

    fn known_fields(fields: Fields) -> Result<Fields, Error> {
        fields.only(forms::FIELDS)
    }

    fn defaults(_: &Programme) -> Fields {
        Fields::from_pairs([("turnaround_minutes", "5")])
    }

    fn fields_of(event: &Event, room: &Room) -> Fields {
        forms::fields_of(event, room)
    }

    fn parse(event: &Event, fields: &Fields, stored: Option<&Room>) -> Result<Room, FieldErrors> {
        forms::parse(event, fields, stored.map(|room| room.id))
    }

    fn add(tx: &mut EventTx<'_>, room: &Room) -> Result<(), RoomError> {
        room::add(tx, room)
    }

    fn change(tx: &mut EventTx<'_>, room: &Room) -> Result<(), RoomError> {
        room::change(tx, room)
    }

    fn field_errors(context: &EventContext, failure: RoomError) -> Result<FieldErrors, Error> {
        let mut errors = FieldErrors::default();
        match failure {
            RoomError::CodeTaken(_) => errors.add("code", format!("Code: {failure}.")),
            RoomError::TooClose(sentences) => {
                for sentence in sentences {
                    errors.add("turnaround_minutes", sentence);
                }
            }
            RoomError::Overlap => {
                // What is in memory is not what is stored.
                context.app.programme_cache.forget(context.access.event);
                errors.add(
                    "turnaround_minutes",
                "Slots in this room follow each other too closely for this turnaround; look at the timetable and move them first.",
                );
            }
            RoomError::InUse(slots) => errors.add("removal", slots),
            RoomError::NotFound => return Err(Error::NotFound),
            RoomError::Store(error) => return Err(error.into()),
            RoomError::Database(error) => return Err(error.into()),
        }
        Ok(errors)
    }

    fn saved(context: &EventContext, room: &Room, _: bool, broken: &BrokenSlots) -> HttpResponse {
        let changed = context.programme.with_room(room);
        let rooms = format!("/events/{}/rooms", context.access.slug);
        if unsuited(&changed, room.id).is_empty() {
            see_other_done(&rooms, &broken.after("saved"))
        } else {
            see_other_done(&format!("{rooms}/{}", room.code), &broken.after("saved"))
        }
    }

    fn page(context: &EventContext, stored: Option<&Room>, form: Form) -> RoomPage {
        let venue = &context.programme.event;
        let rooms = format!("/events/{}/rooms", context.access.slug);
        let (title, action) = match stored {
            Some(room) => (room.name.to_string(), format!("{rooms}/{}", room.code)),
            None => ("Add a room".to_owned(), rooms.clone()),
        };
        RoomPage {
            shell: broken::shell(context, title, Section::Rooms).form(&form),
            removal: stored.map(|_| Removal::of(&form, format!("{action}/removal"))),
            action,
            back: rooms,
            code: TextField::new("code", "Code")
                .help("A short name for addresses and files, as in hall.")
                .short()
                .of(&form),
            name: TextField::new("name", "Name").of(&form),
            name_ja: TextField::new("name_ja", "Japanese name")
                .optional()
                .of(&form),
            capacity: TextField::new("capacity", "Capacity")
                .help("How many people fit.")
                .numeric()
                .of(&form),
            turnaround: TextField::new("turnaround_minutes", "Turnaround")
                .help("Minutes reserved after a slot, to tidy and set up.")
                .numeric()
                .of(&form),
            kinds: Choices::checkboxes(
                "kinds",
                "Meant for",
                SlotKind::ALL
                    .iter()
                    .map(|kind| Choice::new(kind.as_str(), kind.label())),
            )
            .help("A slot of another kind needs a reason. None ticked: the room is for every kind.")
            .inline()
            .of(&form),
            closures: TextArea::new("closures", "Closed")
                .help(format!(
                    "From and until, then the reason, one closure a line, in the time of {} ({}), as in 2022-12-24 12:00 – \
                     2022-12-24 14:00 cleaning. A slot in that time needs a reason. Empty: never closed.",
                    venue.venue, venue.time_zone
                ))
                .optional()
                .of(&form),
            unsuited: stored.and_then(|room| unsuited_list(context, room)),
            correction: stored.map(|_| correction_choice(&form)),
            form,
        }
    }

    fn is_removed(failure: &RoomError) -> bool {
        matches!(failure, RoomError::NotFound)
    }
}

impl Removable for Rooms {
    fn remove(tx: &mut EventTx<'_>, room: &Room) -> Result<(), RoomError> {
        room::remove(tx, room.id)
    }
}
