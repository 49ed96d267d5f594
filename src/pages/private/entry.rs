//! The page that a link in a letter leads to, and its button.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::access::cookie_name;
use super::closed::refuse;
use super::{ClosedLink, PrivateAccess};
use crate::auth::throttle::{self, Counters};
use crate::runtime::secret::SessionToken;
use crate::server::app::App;
use crate::server::form::Fields;
use crate::server::page::{Shell, render, see_other};
use crate::server::session::{CurrentUser, removal_cookie};
use crate::server::throttle::refuse_if_over;
use crate::server::{Error, client};
use crate::store::private_link::expired::PASS_SECONDS;
use crate::store::private_link::{self, BrowserPass};

#[derive(Template)]
#[template(path = "private/entry.html")]
struct EntryPage {
    shell: Shell,
    event_ja: String,
    /// The link asks about a slot.
    asks: bool,
    action: String,
}

/// `GET /d/{token}`: a button, and no data of the delegation. A browser with a pass is redirected at once.
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let access = match PrivateAccess::by_link(&app, &request, &token).await? {
        Ok(access) => access,
        Err(closed) => return closed.page(),
    };
    if access.pass.is_some() {
        return Ok(see_other(&access.target()));
    }
    let event = &access.programme.event;
    render(&EntryPage {
        shell: Shell::new(event.name.as_str()),
        event_ja: event.name_ja.clone(),
        asks: access.slot.is_some(),
        action: format!("/d/{token}"),
    })
}

/// `POST /d/{token}`: gives the browser a pass for the delegation, and leads to an address without the token.
///
/// # Errors
/// When the database fails, or a client tries many invalid links, or opens one too often.
pub async fn open(
    app: web::Data<App>,
    request: HttpRequest,
    current_user: CurrentUser,
    token: web::Path<String>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    fields.only(&[])?;
    let access = match PrivateAccess::by_link(&app, &request, &token).await? {
        Ok(access) => access,
        Err(closed) => return refuse(&app, &request, closed).await,
    };
    let fresh = SessionToken::fresh();
    let pass = BrowserPass {
        delegation: access.links.delegation,
        generation: access.links.generation,
        created_at: access.now,
        expires_at: access.now.plus(PASS_SECONDS).min(access.end),
    };
    let seconds = pass.expires_at.seconds() - pass.created_at.seconds();
    let (links, now, hash, old) = (access.links, access.now, fresh.hash(), access.pass.clone());
    let counters = Counters::of_opening(links.delegation.0, client::of(&request));
    refuse_if_over(&app, &counters, now).await?;
    app.db
        .write(move |conn| {
            throttle::count(conn, &counters, now)?;
            // The office checks its links itself now and then: that says nothing about the delegation.
            let of_the_office = current_user.session_if_any(conn)?.is_some();
            conn.transaction(|conn| {
                private_link::begin_pass(conn, &pass, &hash, old.as_ref())?;
                if !of_the_office {
                    private_link::note_use(conn, links, now)?;
                }
                Ok::<_, Error>(())
            })
        })
        .await?;
    let mut answer = see_other(&access.target());
    let cookie = fresh.lasting_cookie(cookie_name(access.links.delegation), seconds);
    answer.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(answer)
}

/// `POST /schedule/{slug}/{code}/closure`: takes the pass from the browser, as on a computer that is others' as well.
pub async fn close(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let access = match PrivateAccess::by_pass(&app, &request, path.into_inner()).await? {
        Ok(access) => access,
        Err(closed) => return closed.page(),
    };
    fields.only(&[])?;
    if let Some(token) = access.pass.clone() {
        app.db
            .write(move |conn| Ok::<_, Error>(private_link::end_pass(conn, &token)?))
            .await?;
    }
    let mut answer = ClosedLink::Closed(access.programme).page()?;
    let cookie = removal_cookie(cookie_name(access.links.delegation));
    answer.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(answer)
}

/// `GET /d/{token}/schedule.pdf`: leads to the paper where the browser holds a pass, and to the button where it does
/// not.
pub async fn paper_by_link(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, Error> {
    Ok(
        match PrivateAccess::by_link(&app, &request, &token).await? {
            Ok(access) if access.pass.is_some() => {
                see_other(&format!("{}/schedule.pdf", access.address()))
            }
            Ok(_) => see_other(&format!("/d/{token}")),
            Err(closed) => return closed.page(),
        },
    )
}
