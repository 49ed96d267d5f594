//! The pages of delegations.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::change::delegation::{self, DelegationError};
use crate::core::delegation::{Delegation, MOST_CONTACTS, PrincipalRole};
use crate::core::due::due;
use crate::core::event::Event;
use crate::core::joining;
use crate::core::programme::Programme;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, check, in_force};
use crate::core::timetable::clock_range;
use crate::core::wording;
use crate::pages::broken;
use crate::pages::event::settings::ZONES;
use crate::pages::register::{Register, Removable, form_of};
use crate::personal::contact as personal;
use crate::server::Error;
use crate::server::app::App;
use crate::server::broken::BrokenSlots;
use crate::server::context::EventContext;
use crate::server::field::{Choice, Choices, Removal, TextArea, TextField};
use crate::server::form::{FieldErrors, Fields, Form};
use crate::server::forms::delegation::contact_field;
use crate::server::forms::{correction_choice, delegation as forms};
use crate::server::link_words::LinkWords;
use crate::server::page::{Section, Shell, render, see_other_done};
use crate::server::session::CurrentUser;
use crate::store::private_link;
use crate::store::private_link::address::PrivateLink;
use crate::store::transaction::EventTx;

#[derive(Template)]
#[template(path = "delegation/index.html")]
struct DelegationsPage {
    shell: Shell,
    slug: String,
    delegations: Vec<Delegation>,
    may_change: bool,
}

/// The form of a delegation.
#[derive(Template)]
#[template(path = "delegation/form.html")]
pub struct DelegationPage {
    shell: Shell,
    form: Form,
    action: String,
    back: String,
    removal: Option<Removal>,
    /// The slots for all delegations.
    for_all: Vec<SlotForAll>,
    /// Where the delegation reads its schedule; only its own contacts are to know.
    private_page: Option<PrivatePage>,
    names: [TextField; 3],
    role: Choices,
    principal: [TextField; 3],
    numbers: [TextField; 2],
    zone: TextField,
    languages: TextField,
    presence: TextArea,
    contacts: Vec<ContactRow>,
    /// Contacts, and those whom mail was sent to earlier.
    forgettable: Vec<Forgettable>,
    correction: Option<Choices>,
}

struct Forgettable {
    who: String,
    href: String,
}

struct PrivatePage {
    address: String,
    /// Until when it opens, and whether it was opened.
    life: LinkWords,
}

struct ContactRow {
    number: usize,
    name: TextField,
    email: TextField,
    phone: TextField,
    language: TextField,
    letters: Choices,
}

/// `GET /events/{slug}/delegations`
///
/// # Errors
/// When the caller has no role at the event.
pub async fn index(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let context = EventContext::at(&app, current_user, slug.into_inner()).await?;
    render(&DelegationsPage {
        shell: broken::shell(&context, "Delegations", Section::Delegations),
        slug: context.access.slug.clone(),
        delegations: context.programme.delegations.to_vec(),
        may_change: context.access.may_change(),
    })
}

/// `GET /events/{slug}/delegations/{code}`
///
/// # Errors
/// For those who may not change the event, and when there is no such delegation.
pub async fn edit(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (context, stored, page) =
        form_of::<Delegations>(&app, current_user, path.into_inner()).await?;
    let id = stored.id;
    let (links, former) = app
        .db
        .read(move |conn| {
            let links = private_link::of(conn, id)?.ok_or(Error::NotFound)?;
            Ok::<_, Error>((links, personal::former_recipients(conn, id)?))
        })
        .await?;
    let contacts = stored.contacts.iter().map(|contact| Forgettable {
        who: contact.name.to_string(),
        href: format!(
            "/events/{}/contacts/{}/erasure",
            context.access.slug, contact.id.0
        ),
    });
    let former = former.into_iter().map(|(address, mail)| Forgettable {
        who: format!("{address} (no contact any more)"),
        href: format!("/mail/{mail}/erasure"),
    });
    let link = PrivateLink {
        delegation: id,
        generation: links.generation,
        slot: None,
    };
    render(&DelegationPage {
        private_page: Some(PrivatePage {
            address: app.config.links().address(link),
            life: LinkWords::of(&context.programme.event, &links, context.now),
        }),
        forgettable: contacts.chain(former).collect(),
        ..page
    })
}

/// The register of delegations.
pub struct Delegations;

impl Register for Delegations {
    type Item = Delegation;
    type Failure = DelegationError;
    type Page = DelegationPage;

    const PATH: &'static str = "delegations";

    fn find<'p>(programme: &'p Programme, code: &str) -> Option<&'p Delegation> {
        programme.delegation_by_code(code)
    }

    fn known_fields(fields: Fields) -> Result<Fields, Error> {
        forms::known_fields(fields)
    }

    fn defaults(programme: &Programme) -> Fields {
        let next = programme
            .delegations
            .iter()
            .map(|each| each.precedence + 1)
            .max()
            .unwrap_or(0);
        let role = if programme.chair().is_none() {
            "chair"
        } else {
            "guest"
        };
        Fields::from_pairs([
            ("role", role.to_owned()),
            ("precedence", next.to_string()),
            ("party_size", "6".to_owned()),
        ])
    }

    fn fields_of(event: &Event, delegation: &Delegation) -> Fields {
        forms::fields_of(event, delegation)
    }

    fn parse(
        event: &Event,
        fields: &Fields,
        stored: Option<&Delegation>,
    ) -> Result<Delegation, FieldErrors> {
        forms::parse(event, fields, stored.map(|each| each.id))
    }

    fn add(tx: &mut EventTx<'_>, delegation: &Delegation) -> Result<(), DelegationError> {
        delegation::add(tx, delegation)
    }

    fn change(tx: &mut EventTx<'_>, delegation: &Delegation) -> Result<(), DelegationError> {
        delegation::change(tx, delegation)
    }

    fn field_errors(_: &EventContext, failure: DelegationError) -> Result<FieldErrors, Error> {
        let mut errors = FieldErrors::default();
        match failure {
            DelegationError::CodeTaken(_) => errors.add("code", format!("Code: {failure}.")),
            DelegationError::SecondChair(_) | DelegationError::ChairNeeded(_) => {
                errors.add("role", format!("Role: {failure}."));
            }
            DelegationError::InUse(_) | DelegationError::Told => {
                errors.add("removal", failure.to_string());
            }
            DelegationError::NotFound => return Err(Error::NotFound),
            DelegationError::Store(error) => return Err(error.into()),
            DelegationError::Database(error) => return Err(error.into()),
        }
        Ok(errors)
    }

    fn page(context: &EventContext, stored: Option<&Delegation>, form: Form) -> DelegationPage {
        let delegations = format!("/events/{}/delegations", context.access.slug);
        let (title, action) = match stored {
            Some(each) => (
                each.name.to_string(),
                format!("{delegations}/{}", each.code),
            ),
            None => ("Add a delegation".to_owned(), delegations.clone()),
        };
        let venue = &context.programme.event;
        let text = |name: &'static str, label: &'static str| TextField::new(name, label);
        DelegationPage {
            shell: broken::shell(context, title, Section::Delegations).form(&form),
            removal: stored.map(|_| Removal::of(&form, format!("{action}/removal"))),
            for_all: slots_for_all(context, stored),
            private_page: None,
            action,
            back: delegations,
            names: [
                text("name", "Country or organisation").of(&form),
                text("name_ja", "Japanese name").optional().of(&form),
                text("code", "Code").help("As in KZ.").short().of(&form),
            ],
            role: Choices::radios("role", "Role", [Choice::new("chair", "Chair"), Choice::new("guest", "Guest"), Choice::new("invited", "Invited to single sessions").help("A guest or an organisation: in no slot for all delegations unless it is ticked, and without a bilateral.")])
                .inline()
                .of(&form),
            principal: [
                text("principal", "Principal").help("With style and family name in capitals, as on the name plate.").of(&form),
                text("principal_ja", "Principal’s Japanese name").optional().of(&form),
                text("principal_title", "Title").optional().of(&form),
            ],
            numbers: [
                text("precedence", "Precedence").help("The chair is 0.").numeric().of(&form),
                text("party_size", "Party size").help("With the principal.").numeric().of(&form),
            ],
            zone: text("time_zone", "Time zone at home").help("As in Asia/Almaty.").suggest(ZONES).of(&form),
            languages: text("languages", "Languages").help("As in kk ru; the preferred one first.").optional().of(&form),
            presence: TextArea::new("presence", "Presence")
                .help(format!(
                    "One stay a line, in the time of {} ({}), as in 2022-12-22 18:00 – 2022-12-25 12:00. Empty: always \
                     present.",
                    venue.venue, venue.time_zone
                ))
                .optional()
                .rows(2)
                .of(&form),
            contacts: contact_rows(&form),
            forgettable: Vec::new(),
            correction: stored.map(|_| correction_choice(&form)),
            form,
        }
    }

    fn saved(
        context: &EventContext,
        delegation: &Delegation,
        is_new: bool,
        broken: &BrokenSlots,
    ) -> HttpResponse {
        let list = format!("/events/{}/delegations", context.access.slug);
        let joins = is_new && delegation.role != PrincipalRole::Invited;
        if joins && !joining::open(&context.programme, context.now).is_empty() {
            let page = format!("{list}/{}", delegation.code);
            return see_other_done(&page, &broken.after("delegation-joined"));
        }
        see_other_done(&list, &broken.after("saved"))
    }

    fn is_removed(failure: &DelegationError) -> bool {
        matches!(failure, DelegationError::NotFound)
    }
}

impl DelegationPage {
    /// The delegation is not stored yet.
    const fn is_new(&self) -> bool {
        self.removal.is_none()
    }
}

impl Removable for Delegations {
    fn remove(tx: &mut EventTx<'_>, delegation: &Delegation) -> Result<(), DelegationError> {
        delegation::remove(tx, delegation.id)
    }
}

/// A slot for all delegations, and what it means for one of them.
struct SlotForAll {
    href: String,
    title: String,
    time: String,
    /// The delegation takes part; a new one will.
    takes_part: bool,
    /// What needs a reason or is blocked, as sentences.
    conflicts: Vec<String>,
    /// How many delegations are still to be notified.
    notices: usize,
}

fn slots_for_all(context: &EventContext, stored: Option<&Delegation>) -> Vec<SlotForAll> {
    let programme = &context.programme;
    let zone = programme.event.time_zone;
    let slots = joining::open(programme, context.now).into_iter();
    slots
        .map(|slot| {
            let conflicts = check(programme, Candidate::stored(&slot));
            let open = conflicts.iter().filter(|conflict| {
                conflict.level != Level::Advice && in_force(programme, conflict).is_none()
            });
            SlotForAll {
                href: format!("/slots/{}", slot.id),
                title: slot.title().to_string(),
                time: format!(
                    "{}, {}",
                    zone.day_in_words(slot.interval().start()),
                    clock_range(programme, slot.interval())
                ),
                takes_part: stored.is_none_or(|stored| slot.content().involves(stored.id)),
                conflicts: open
                    .map(|conflict| wording::stored_sentence(programme, conflict))
                    .collect(),
                notices: due(programme, &slot).len(),
            }
        })
        .collect()
}

/// The rows that are filled, and two to fill.
fn contact_rows(form: &Form) -> Vec<ContactRow> {
    let filled = (1..=MOST_CONTACTS).rev().find(|row| {
        ["name", "email", "phone"]
            .iter()
            .any(|field| !form.fields.get(&contact_field(*row, field)).is_empty())
    });
    let rows = (filled.unwrap_or(0) + 2).min(MOST_CONTACTS);
    let row = |number: usize| ContactRow {
        number,
        name: TextField::new(contact_field(number, "name"), "Name")
            .optional()
            .of(form),
        email: TextField::new(contact_field(number, "email"), "E-mail")
            .kind("email")
            .optional()
            .of(form),
        phone: TextField::new(contact_field(number, "phone"), "Telephone")
            .kind("tel")
            .optional()
            .of(form),
        language: TextField::new(contact_field(number, "language"), "Language")
            .short()
            .optional()
            .of(form),
        letters: Choices::checkboxes(
            contact_field(number, "letters"),
            "Calendar",
            [Choice::new("yes", "Letters only, no calendar part")],
        )
        .of(form),
    };
    (1..=rows).map(row).collect()
}
