//! The pages that erase and show personal data. Each erasure asks first, on a page that says what will happen.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::account;
use crate::auth::session::{EventAccess, Session};
use crate::core::delegation::ContactId;
use crate::core::event::EventId;
use crate::core::text::Email;
use crate::core::user::UserId;
use crate::db::Conn;
use crate::mail::outbox::{self, MailId};
use crate::personal::contact::{self, Traces};
use crate::personal::{ErasureError, export, scrub, user};
use crate::runtime::trace;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::{EventContext, accessible_events};
use crate::server::field::TextField;
use crate::server::form::{Fields, Form};
use crate::server::page::{Section, Shell, conflict, render, see_other_done, unprocessable};
use crate::server::session::CurrentUser;

/// What backups still hold.
const BACKUPS: &str = "Backups keep their state from when they were made, until you delete them.";

#[derive(Template)]
#[template(path = "personal/erasure.html")]
struct ErasurePage {
    shell: Shell,
    back: String,
    action: String,
    button: &'static str,
    /// Why what was asked for has not been done; empty when nothing was.
    refusal: String,
    erased: Vec<String>,
    kept: Vec<String>,
    hidden: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "personal/search.html")]
struct PersonSearchPage {
    shell: Shell,
    form: Form,
    address: TextField,
}

/// What will be erased of a contact, in sentences.
fn in_sentences(traces: &Traces) -> Vec<String> {
    let person = &traces.person;
    let who: Vec<&str> = person
        .names
        .iter()
        .chain(&person.addresses)
        .map(String::as_str)
        .collect();
    let mut lines = vec![format!("{}: name, address and telephone", who.join(", "))];
    let mut count = |number: usize, what: &str| {
        if number > 0 {
            lines.push(format!("{number} {what}"));
        }
    };
    count(traces.mails.len(), "mail(s) to them: recipient and content");
    count(traces.waiting, "of these wait and will not be sent");
    count(
        traces.incoming.len(),
        "mail(s) from them: sender, subject and text",
    );
    count(
        traces.answers,
        "answer(s) by mail: whose they are, and their comments",
    );
    lines.push("Their address and telephone wherever a text of the event has them, the history included; their name in mail, answers and the history".to_owned());
    if !traces.delegations.is_empty() {
        lines.push("The private links of the delegation end; its other contacts get new ones with the next letter".to_owned());
    }
    lines
}

fn kept_of_contact() -> Vec<String> {
    [
        "The history shows a pseudonym instead, and verifies.",
        "When each mail was written and sent, and what the delegation answered.",
        "Names typed into titles, notes and reasons of slots: look for them yourself.",
        BACKUPS,
    ]
    .map(str::to_owned)
    .into()
}

/// A contact or recipient whom an officer asks to forget.
struct ErasureSubject {
    context: EventContext,
    address: String,
    traces: Traces,
    action: String,
}

impl ErasureSubject {
    async fn of_contact(
        app: &web::Data<App>,
        current_user: CurrentUser,
        (slug, contact): (String, i64),
    ) -> Result<Self, Error> {
        let context = EventContext::at(app, current_user, slug)
            .await?
            .to_change()?;
        let event = context.access.event;
        let (address, traces) = app
            .db
            .read_long(move |conn| {
                let address =
                    contact::address_of(conn, event, ContactId(contact))?.ok_or(Error::NotFound)?;
                let traces = traces(conn, event, &address)?;
                Ok::<_, Error>((address, traces))
            })
            .await?;
        let action = format!("/events/{}/contacts/{contact}/erasure", context.access.slug);
        Ok(Self {
            context,
            address,
            traces,
            action,
        })
    }

    async fn of_mail(
        app: &web::Data<App>,
        current_user: CurrentUser,
        mail: i64,
    ) -> Result<Self, Error> {
        let asker = current_user.clone();
        let (access, address, traces) = app
            .db
            .read_long(move |conn| {
                let (access, address) = recipient(conn, &asker, MailId(mail))?;
                let traces = traces(conn, access.event, &address)?;
                Ok::<_, Error>((access, address, traces))
            })
            .await?;
        Ok(Self {
            context: EventContext::at(app, current_user, access.slug).await?,
            address,
            traces,
            action: format!("/mail/{mail}/erasure"),
        })
    }

    fn page(&self, refusal: String) -> ErasurePage {
        let back = format!("/events/{}/delegations", self.context.access.slug);
        ErasurePage {
            shell: self
                .context
                .access
                .shell("Forget this contact", Section::Delegations),
            back,
            action: self.action.clone(),
            button: "Forget this contact",
            refusal,
            erased: in_sentences(&self.traces),
            kept: kept_of_contact(),
            hidden: Vec::new(),
        }
    }

    async fn forget(self, fields: Fields) -> Result<HttpResponse, Error> {
        confirmed(&fields.only(&["confirm"])?)?;
        let address = self.address.clone();
        let outcome = self
            .context
            .write_archived_too(move |tx| contact::forget(tx, &address))
            .await;
        match outcome {
            Ok(_) => {
                scrubbed(&self.context.app).await?;
                let back = format!("/events/{}/delegations", self.context.access.slug);
                Ok(see_other_done(&back, "contact-forgotten"))
            }
            Err(error @ (ErasureError::BeingSent | ErasureError::NamedInWaitingMail(_))) => {
                conflict(&self.page(format!("Nothing was erased: {error}.")))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn traces(conn: &mut Conn, event: EventId, address: &str) -> Result<Traces, Error> {
    contact::find(conn, event, address)?.ok_or(Error::NotFound)
}

/// The address that a mail of an event went to, for those who may open its letters.
fn recipient(
    conn: &mut Conn,
    current_user: &CurrentUser,
    mail: MailId,
) -> Result<(EventAccess, String), Error> {
    let session = current_user.session(conn)?;
    let mail = outbox::summary(conn, mail)?.ok_or(Error::NotFound)?;
    let (_, access) = accessible_events(conn, &session)?
        .into_iter()
        .find(|(event, _)| Some(event.id) == mail.event_id)
        .ok_or(Error::NotFound)?;
    access.to_open_letters()?;
    if !mail.recipient.contains('@') {
        return Err(Error::NotFound);
    }
    Ok((access.to_change()?, mail.recipient))
}

/// Passes on a form that was sent by the page that asks.
fn confirmed(fields: &Fields) -> Result<(), Error> {
    if fields.get("confirm") == "yes" {
        return Ok(());
    }
    Err(Error::BadRequest(
        "Nothing was erased. Open the page that lists what will be erased, and press its button."
            .to_owned(),
    ))
}

async fn scrubbed(app: &web::Data<App>) -> Result<(), Error> {
    app.db.write(|conn| Ok::<_, Error>(scrub(conn)?)).await
}

/// `GET /events/{slug}/contacts/{contact}/erasure`: what forgetting a contact means.
///
/// # Errors
/// For those who may not change the event, and when there is no such contact.
pub async fn ask_contact(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, i64)>,
) -> Result<HttpResponse, Error> {
    let asked = ErasureSubject::of_contact(&app, current_user, path.into_inner()).await?;
    render(&asked.page(String::new()))
}

/// `POST /events/{slug}/contacts/{contact}/erasure`: forgets a contact.
pub async fn forget_contact(
    app: web::Data<App>,
    current_user: CurrentUser,
    path: web::Path<(String, i64)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let asked = ErasureSubject::of_contact(&app, current_user, path.into_inner()).await?;
    asked.forget(fields).await
}

/// `GET /mail/{id}/erasure`: what forgetting the recipient of a mail means.
///
/// # Errors
/// For those who may not open the mail, and when its recipient is forgotten already.
pub async fn ask_recipient(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let asked = ErasureSubject::of_mail(&app, current_user, *id).await?;
    render(&asked.page(String::new()))
}

/// `POST /mail/{id}/erasure`: forgets the recipient of a mail.
pub async fn forget_recipient(
    app: web::Data<App>,
    current_user: CurrentUser,
    id: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let asked = ErasureSubject::of_mail(&app, current_user, *id).await?;
    asked.forget(fields).await
}

/// `GET /users/{user}/deletion`: what deleting a user means.
///
/// # Errors
/// For all but administrators, and for unknown users.
pub async fn ask_user(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let page = user_page(&app, current_user, UserId(*user), String::new()).await?;
    render(&page)
}

/// `POST /users/{user}/deletion`: deletes a user.
pub async fn delete_user(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let (user, asker) = (UserId(*user), current_user.clone());
    let outcome = app
        .db
        .write(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            account::by_id(conn, user)?;
            confirmed(&fields.only(&["confirm"])?)?;
            let actor = session.user.actor();
            Ok::<_, Error>(user::delete(conn, user, &actor, current_user.now))
        })
        .await?;
    match outcome {
        Ok(_) => {
            scrubbed(&app).await?;
            Ok(see_other_done("/users", "user-deleted"))
        }
        Err(error @ (ErasureError::Query(_) | ErasureError::Database(_))) => Err(error.into()),
        Err(refusal) => {
            let refusal = format!("Nothing was erased: {refusal}.");
            conflict(&user_page(&app, asker, user, refusal).await?)
        }
    }
}

async fn user_page(
    app: &web::Data<App>,
    current_user: CurrentUser,
    user: UserId,
    refusal: String,
) -> Result<ErasurePage, Error> {
    app.db
        .read(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            let account = account::by_id(conn, user)?.user;
            let back = format!("/users/{}", user.0);
            Ok(ErasurePage {
                shell: session.shell("Delete this user", Section::Users),
                action: format!("{back}/deletion"),
                back,
                button: "Delete this user",
                refusal,
                erased: vec![
                    format!("The account of {} ({}): name, address, password", account.name, account.email),
                    "Sessions, tokens, links, calendar links, second factor, known browsers and roles".to_owned(),
                    "Mail to them about the account".to_owned(),
                    "Their name under reasons and answers, and their name and address in the history".to_owned(),
                ],
                kept: vec![
                    "The user’s actions stay in the history, under a pseudonym, and verify.".to_owned(),
                    "Names typed into titles, notes and reasons of slots: look for them yourself.".to_owned(),
                    BACKUPS.to_owned(),
                ],
                hidden: Vec::new(),
            })
        })
        .await
}

/// `GET /personal-data`: asks for an address.
///
/// # Errors
/// For all but administrators.
pub async fn search(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    let session = administrator(&app, current_user).await?;
    render(&search_page(&session, Form::new(Fields::default())))
}

/// `POST /personal-data/export`: everything stored about the person with an address, as JSON.
///
/// # Errors
/// For all but administrators.
pub async fn download(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let session = administrator(&app, current_user).await?;
    let fields = fields.only(&["address"])?;
    let address = match Email::parse(fields.get("address")) {
        Ok(address) => address,
        Err(fault) => return rejected(&session, fields, &fault),
    };
    let found = app
        .db
        .read_long(move |conn| Ok::<_, Error>(export::of_address(conn, address.as_str())?))
        .await?;
    let body = serde_json::to_string_pretty(&found).map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"personal-data.json\"",
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body))
}

/// `POST /personal-data/erasure`: asks, then forgets the contact with an address at every event.
///
/// # Errors
/// For all but administrators.
pub async fn forget_everywhere(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let now = current_user.now;
    let session = administrator(&app, current_user).await?;
    let fields = fields.only(&["address", "confirm"])?;
    let address = match Email::parse(fields.get("address")) {
        Ok(address) => address.to_string(),
        Err(fault) => return rejected(&session, fields, &fault),
    };
    let sought = address.clone();
    let found = app
        .db
        .read_long(move |conn| Ok::<_, Error>(contact::find_everywhere(conn, &sought)?))
        .await?;
    if found.is_empty() {
        return rejected(&session, fields, "is not stored at any event.");
    }
    let page = |refusal: String| ErasurePage {
        shell: session.shell("Forget this contact", Section::Users),
        back: "/personal-data".to_owned(),
        action: "/personal-data/erasure".to_owned(),
        button: "Forget this contact",
        refusal,
        erased: found
            .iter()
            .flat_map(|(slug, traces)| {
                let lines = in_sentences(traces).into_iter();
                lines.map(move |line| format!("{slug}: {line}"))
            })
            .collect(),
        kept: kept_of_contact(),
        hidden: vec![("address", address.clone())],
    };
    if fields.get("confirm") != "yes" {
        return render(&page(String::new()));
    }
    let (state, actor, sought) = (app.clone(), session.user.actor(), address.clone());
    let outcome = trace::block(move || {
        contact::forget_everywhere(&state.db, &state.programme_cache, &actor, now, &sought)
    })
    .await
    .map_err(Error::internal)?;
    // What was erased at other events before a refusal is erased all the same.
    scrubbed(&app).await?;
    match outcome {
        Ok(_) => Ok(see_other_done("/personal-data", "contact-forgotten")),
        Err(error @ (ErasureError::BeingSent | ErasureError::NamedInWaitingMail(_))) => {
            conflict(&page(format!("Not everything was erased: {error}.")))
        }
        Err(error) => Err(error.into()),
    }
}

async fn administrator(app: &web::Data<App>, current_user: CurrentUser) -> Result<Session, Error> {
    app.db
        .read(move |conn| current_user.session(conn)?.administrator())
        .await
}

fn rejected(session: &Session, fields: Fields, fault: &str) -> Result<HttpResponse, Error> {
    let mut form = Form::new(fields);
    form.errors
        .add("address", format!("E-mail address: this {fault}"));
    unprocessable(&search_page(session, form))
}

fn search_page(session: &Session, form: Form) -> PersonSearchPage {
    PersonSearchPage {
        shell: session.shell("Personal data", Section::Users).form(&form),
        address: TextField::new("address", "E-mail address")
            .kind("email")
            .of(&form),
        form,
    }
}
