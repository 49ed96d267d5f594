//! Settings of an event, and the form for a new one.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::session::Session;
use crate::change::correction;
use crate::change::event::{self, Cause, EventError, ZoneAnswer};
use crate::core::event::{Event, EventSettings, ProgrammeVersion};
use crate::core::programme::Programme;
use crate::core::text_enum::TextEnum;
use crate::core::time::Zone;
use crate::core::zone_change::{self, ZoneChangeLine, ZoneKeeps};
use crate::pages::broken;
use crate::personal::retention;
use crate::server::Error;
use crate::server::app::App;
use crate::server::broken::BrokenSlots;
use crate::server::context::EventContext;
use crate::server::field::{Choice, Choices, TextArea, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms::{correction_choice, event as forms, is_correction};
use crate::server::page::{Section, Shell, render, see_other, see_other_done, unprocessable};
use crate::server::session::CurrentUser;
use crate::store::archived;

/// Zones that the browser offers while typing: the venue's and those of the dialogue's members.
pub(crate) const ZONES: [&str; 6] = [
    "Asia/Tokyo",
    "Asia/Almaty",
    "Asia/Bishkek",
    "Asia/Dushanbe",
    "Asia/Ashgabat",
    "Asia/Tashkent",
];

#[derive(Template)]
#[template(path = "event/settings.html")]
struct SettingsPage {
    shell: Shell,
    form: Form,
    action: String,
    back: String,
    slug: Option<TextField>,
    facts: [TextField; 4],
    zone: TextField,
    zone_data: &'static str,
    /// What stays when the zone changes; nothing while it does not.
    question: Option<ZoneQuestion>,
    times: Choices,
    days: TextArea,
    office: [TextField; 3],
    figures: [TextField; 3],
    rest: Choices,
    interpreters: [TextField; 3],
    correction: Choices,
    may_change: bool,
    /// How the event ends; nothing on the page of a new one.
    ending: Option<Ending>,
}

/// What a change of the zone does to each slot.
struct ZoneQuestion {
    /// The programme that it is about.
    seen: ProgrammeVersion,
    old: &'static str,
    new: &'static str,
    lines: Vec<ZoneChangeLine>,
    /// Slots that would be outside if the instants stayed.
    outside: Vec<String>,
}

impl ZoneQuestion {
    /// `None` where the zone stays, or there is no slot that it could move.
    fn of(programme: &Programme, event: &Event) -> Option<Self> {
        let lines = zone_change::lines(programme, event.time_zone);
        let changes = event.time_zone != programme.event.time_zone && !lines.is_empty();
        changes.then(|| Self {
            seen: programme.version(),
            old: programme.event.time_zone.name(),
            new: event.time_zone.name(),
            lines,
            outside: event::outside_in_zone(programme, event),
        })
    }
}

/// How an event ends.
struct Ending {
    slug: String,
    is_admin: bool,
    /// Since when it is archived; empty while it is in use.
    archived: String,
    days: TextField,
    /// When contacts and mail are or were erased, in a sentence.
    erasure: String,
}

impl Ending {
    /// With the number of days that was refused, if one was, else the one that is stored.
    async fn of(context: &EventContext, refused: Option<Form>) -> Result<Self, Error> {
        let event = context.access.event;
        let (archived_at, retention) = context
            .app
            .db
            .read(move |conn| {
                let archived_at = archived::archived_at(conn, event)?;
                Ok::<_, Error>((archived_at, retention::of_event(conn, event)?))
            })
            .await?;
        let zone = context.programme.event.time_zone;
        let day = |moment| zone.local_moment(moment).format("%-d %B %Y").to_string();
        let form = refused.unwrap_or_else(|| {
            let days = retention.days.map(|days| days.to_string());
            Form::new(Fields::from_pairs([(
                "erase_after_days",
                days.unwrap_or_default(),
            )]))
        });
        Ok(Self {
            slug: context.access.slug.clone(),
            is_admin: context.access.user.admin,
            archived: archived_at.map_or_else(String::new, day),
            days: TextField::new("erase_after_days", "Days after the event")
                .help("Empty: nothing is erased by itself.")
                .optional()
                .numeric()
                .of(&form),
            erasure: match (retention.erased_at, retention.due) {
                (Some(at), _) => format!("Contacts and mail were erased on {}.", day(at)),
                (None, Some(due)) => {
                    format!("On {} contacts and mail are erased.", day(due))
                }
                (None, None) => String::new(),
            },
        })
    }
}

/// `GET /events/{slug}/settings`
///
/// # Errors
/// When the caller has no role at the event.
pub async fn show(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    let form = Form::new(forms::fields_of(&context.programme.event));
    render(&page_of(&context, form).await?)
}

/// Shows the settings again with a number of days that was refused.
pub(super) async fn refuse_retention(
    context: &EventContext,
    fields: Fields,
    errors: FieldErrors,
) -> Result<HttpResponse, Error> {
    let stored = forms::fields_of(&context.programme.event);
    let ending = Ending::of(context, Some(Form::rejected(fields, errors.clone()))).await?;
    unprocessable(&SettingsPage {
        ending: Some(ending),
        ..page_without_ending(context, Form::rejected(stored, errors))
    })
}

/// `POST /events/{slug}/settings`
///
/// # Errors
/// For those who may not change the event.
pub async fn update(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner())
        .await?
        .to_change()?;
    let fields = fields.only(forms::FIELDS)?;
    let event = match forms::parse(&fields, Some(&context.programme.event)) {
        Ok(event) => event,
        Err(errors) => {
            return unprocessable(&page_of(&context, Form::rejected(fields, errors)).await?);
        }
    };
    let answer = zone_answer(&fields);
    let is_correction = is_correction(&fields);
    let asked = event.clone();
    let saved = context
        .write(move |tx| {
            let before = tx.programme();
            let keeps = event::zone_keeps(tx, event.time_zone, answer)?;
            event::change(tx, &event, keeps)?;
            if is_correction {
                correction::take_as_known(tx, &before)?;
            }
            Ok::<_, EventError>((before, tx.programme()))
        })
        .await;
    match saved {
        Ok((before, after)) => Ok(see_other_done(
            &format!("/events/{}/settings", context.access.slug),
            &BrokenSlots::by(&before, &after).after("saved"),
        )),
        Err(error) => {
            let errors = field_errors(error)?;
            let context = context.reloaded().await?;
            let question = ZoneQuestion::of(&context.programme, &asked);
            let page = page_of(&context, Form::rejected(fields, errors)).await?;
            unprocessable(&SettingsPage { question, ..page })
        }
    }
}

/// Reads what stays, with the zone and the programme that it was chosen for.
fn zone_answer(fields: &Fields) -> Option<ZoneAnswer> {
    Some(ZoneAnswer {
        keeps: ZoneKeeps::from_word(fields.get("times"))?,
        zone: fields.get("times_zone").parse().ok()?,
        seen: fields.get("times_seen").parse().ok()?,
    })
}

/// `GET /events/new`
///
/// # Errors
/// For all but administrators.
pub async fn new(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let session = app
        .db
        .read(move |conn| current_user.session(conn))
        .await?
        .administrator()?;
    let mut fields = forms::fields_of_settings(EventSettings::default());
    fields.push("time_zone", "Asia/Tokyo");
    fields.push("office_name", "Protocol Office");
    fields.push("office_email", app.config.mail_from.as_str());
    render(&page_of_new(&session, Form::new(fields)))
}

/// `POST /events`
///
/// # Errors
/// For all but administrators.
pub async fn add(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let now = current_user.now;
    let session = app
        .db
        .read(move |conn| current_user.session(conn))
        .await?
        .administrator()?;
    let fields = fields.only(forms::FIELDS)?;
    let event = match forms::parse(&fields, None) {
        Ok(event) => event,
        Err(errors) => {
            return unprocessable(&page_of_new(&session, Form::rejected(fields, errors)));
        }
    };
    let (live, actor, slug) = (
        app.programme_cache.clone(),
        session.user.actor(),
        event.slug.to_string(),
    );
    match app
        .db
        .write(move |conn| event::add(conn, &live, &event, &actor, now))
        .await
    {
        Ok(()) => Ok(see_other(&format!("/events/{slug}/delegations"))),
        Err(error) => {
            let errors = field_errors(error)?;
            unprocessable(&page_of_new(&session, Form::rejected(fields, errors)))
        }
    }
}

/// What of an error the form can show at a field; the rest is a page.
fn field_errors(error: EventError) -> Result<FieldErrors, Error> {
    let mut errors = FieldErrors::default();
    match error {
        EventError::SlugTaken(_) => errors.add("slug", format!("Short name: {error}.")),
        EventError::SlotsOutside(slots) => {
            for outside in slots {
                let field = match outside.cause {
                    Cause::Days => "days",
                    Cause::Zone => "time_zone",
                    Cause::Grid => "grid_minutes",
                };
                errors.add(field, outside.sentence);
            }
        }
        EventError::ZoneUnanswered => {
            errors.add("times", "The time zone changes: choose what stays.");
        }
        EventError::Store(error) => return Err(error.into()),
        EventError::Database(error) => return Err(error.into()),
    }
    Ok(errors)
}

async fn page_of(context: &EventContext, form: Form) -> Result<SettingsPage, Error> {
    let ending = Some(Ending::of(context, None).await?);
    Ok(SettingsPage {
        ending,
        ..page_without_ending(context, form)
    })
}

fn page_without_ending(context: &EventContext, form: Form) -> SettingsPage {
    let slug = &context.access.slug;
    let shell = broken::shell(context, "Settings", Section::Settings);
    let may_change = context.access.may_change();
    page(
        shell,
        format!("/events/{slug}/settings"),
        format!("/events/{slug}"),
        may_change,
        form,
    )
}

fn page_of_new(session: &Session, form: Form) -> SettingsPage {
    let slug = TextField::new("slug", "Short name")
        .help("For addresses and files, as in ca-jad-9. It cannot be changed later.")
        .short()
        .of(&form);
    let shell = session.shell("Add an event", Section::Events);
    SettingsPage {
        slug: Some(slug),
        ..page(shell, "/events".to_owned(), "/".to_owned(), true, form)
    }
}

fn page(shell: Shell, action: String, back: String, may_change: bool, form: Form) -> SettingsPage {
    let text = |name: &'static str, label: &'static str| TextField::new(name, label);
    SettingsPage {
        shell: shell.form(&form),
        action,
        back,
        slug: None,
        facts: [
            text("name", "Name").of(&form),
            text("name_ja", "Japanese name").optional().of(&form),
            text("venue", "Venue").of(&form),
            text("venue_ja", "Venue’s Japanese name")
                .optional()
                .of(&form),
        ],
        zone_data: Zone::data_version(),
        question: None,
        times: Choices::radios(
            "times",
            "What stays?",
            [
                Choice::new(ZoneKeeps::Clocks.as_str(), "The times on the clock").help(
                    "Slots and stays move: delegations that were notified have to hear of it.",
                ),
                Choice::new(ZoneKeeps::Instants.as_str(), "The instants")
                    .help("Slots stay where they are, and the clock shows another time."),
            ],
        )
        .of(&form),
        zone: text("time_zone", "Time zone of the venue")
            .help("As in Asia/Tokyo.")
            .suggest(ZONES)
            .of(&form),
        days: TextArea::new("days", "Days and opening hours")
            .help("One day a line, as in 2022-12-24 08:30–21:00.")
            .rows(3)
            .of(&form),
        office: [
            text("office_name", "Name").of(&form),
            text("office_email", "E-mail")
                .kind("email")
                .help(
                    "Organiser of new invitations; replies arrive here. Invitations already sent keep the address that \
                     they had, so that calendars accept their updates: go on reading it.",
                )
                .of(&form),
            text("office_phone", "Telephone").optional().of(&form),
        ],
        figures: [
            text("grid_minutes", "Grid")
                .help("Slots begin and end on multiples of this many minutes.")
                .numeric()
                .of(&form),
            text("minimum_gap_minutes", "Transfer")
                .help("Minutes a principal needs between two rooms.")
                .numeric()
                .of(&form),
            text("chair_run_minutes", "The chair’s longest run")
                .help("Minutes without a break of 15 minutes.")
                .numeric()
                .of(&form),
        ],
        rest: Choices::checkboxes(
            "chair_rest_needs_reason",
            "Rest of the chair",
            [Choice::new("yes", "A longer run needs a reason")],
        )
        .of(&form),
        interpreters: [
            text("interpreter_alone_minutes", "Longest run alone")
                .help("Minutes without a rest.")
                .numeric()
                .of(&form),
            text("interpreter_team_minutes", "Longest run in turns")
                .help("Minutes without a rest, where a colleague interprets the same and takes turns.")
                .numeric()
                .of(&form),
            text("interpreter_rest_minutes", "Rest")
                .help("Minutes between two slots that count as one.")
                .numeric()
                .of(&form),
        ],
        ending: None,
        may_change,
        correction: correction_choice(&form),
        form,
    }
}
