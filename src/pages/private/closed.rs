//! Why a link or an address is invalid, in words that say what to do.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{OfficeContact, shell};
use crate::auth::throttle::{self, Counters};
use crate::core::programme::Programme;
use crate::core::time::Moment;
use crate::server::app::App;
use crate::server::page::{Shell, with_status};
use crate::server::throttle::refuse_if_over;
use crate::server::{Error, client};
use crate::store::private_link::{self, IssuedLinks, expired};

/// Why access is refused. Only for links issued here more is said: their reader has had a letter, and
/// reads here what it contained, the event's name and the office's address.
pub(super) enum ClosedLink {
    /// The link was not made here, or its delegation is gone: both look alike.
    Unknown,
    /// The browser holds no pass for this delegation, if there is one.
    NotHere,
    /// The office has renewed the links.
    Renewed(Arc<Programme>),
    /// The links have expired since this moment.
    Ended(Arc<Programme>, IssuedLinks, Moment),
    /// The delegation was never notified of this slot; the address of its schedule.
    NeverTold(Arc<Programme>, String),
    /// The browser has just given its pass back.
    Closed(Arc<Programme>),
}

#[derive(Template)]
#[template(path = "private/shut.html")]
struct ClosedLinkPage {
    shell: Shell,
    sentences: Vec<String>,
    /// The page to go back to.
    schedule: Option<String>,
    office: Option<OfficeContact>,
}

impl ClosedLink {
    pub(super) fn page(&self) -> Result<HttpResponse, Error> {
        let (status, title, sentences, programme) = match self {
            Self::Unknown => (
                StatusCode::NOT_FOUND,
                "This link is invalid",
                vec![
                    "It is incomplete, or was never issued here.".to_owned(),
                    "Use the complete link in the latest letter, or reply to that letter; it ends with the office’s \
                     address and telephone number.".to_owned(),
                ],
                None,
            ),
            Self::NotHere => (
                StatusCode::NOT_FOUND,
                "This schedule is not open in this browser",
                vec![
                    "Open the link in any recent letter and press the button there, once in each browser and again \
                     after thirty days.".to_owned(),
                    "If you have no letter, ask the protocol office for another.".to_owned(),
                ],
                None,
            ),
            Self::Renewed(programme) => (
                StatusCode::GONE,
                "This link has been replaced",
                vec![
                    format!("It belonged to {}. The protocol office has revoked it and issued new links.", programme.event.name),
                    "Use the link in the latest letter. If you have received none since, ask for one. A subscribed \
                     calendar needs the new address as well.".to_owned(),
                ],
                Some(programme),
            ),
            Self::Ended(programme, _, end) => (
                StatusCode::GONE,
                "This link has expired",
                vec![
                    format!("Links to the schedules of {} were valid until {}.", programme.event.name, expired::last_day(&programme.event, *end)),
                    "If you still need the schedule, write to the protocol office.".to_owned(),
                ],
                Some(programme),
            ),
            Self::NeverTold(programme, _) => (
                StatusCode::NOT_FOUND,
                "This meeting is not in your schedule",
                vec!["The address may be mistyped. Your schedule lists every meeting of which you were \
                      notified.".to_owned()],
                Some(programme),
            ),
            Self::Closed(programme) => (
                StatusCode::OK,
                "Closed in this browser",
                vec!["To see the schedule again in this browser, use a link in your letters.".to_owned()],
                Some(programme),
            ),
        };
        let page = ClosedLinkPage {
            shell: match programme {
                Some(programme) => shell(programme, title),
                None => Shell::new(title),
            },
            sentences,
            schedule: match self {
                Self::NeverTold(_, schedule) => Some(schedule.clone()),
                _ => None,
            },
            office: programme.map(|programme| OfficeContact::of(programme)),
        };
        with_status(status, &page)
    }
}

/// Answers a press of the button of an invalid link: counts it by its client address, and stores that an expired
/// link was seen.
pub(super) async fn refuse(
    app: &web::Data<App>,
    request: &HttpRequest,
    closed: ClosedLink,
) -> Result<HttpResponse, Error> {
    let now = app.clock.now();
    let counters = Counters::of_dead_link(client::of(request));
    refuse_if_over(app, &counters, now).await?;
    let over = match &closed {
        ClosedLink::Ended(_, links, end) => Some((*links, now.max(*end))),
        _ => None,
    };
    app.db
        .write(move |conn| {
            throttle::count(conn, &counters, now)?;
            if let Some((links, at)) = over {
                private_link::note_over(conn, links, at)?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    closed.page()
}
