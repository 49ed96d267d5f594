//! Every route on one screen, and the server that answers them.

use std::io;
use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::web;

use crate::api;
use crate::pages::account::{self, factor as own_factor, tokens};
use crate::pages::agenda::{self, calendars, export};
use crate::pages::delegation::Delegations;
use crate::pages::event::{ending, history, overview, settings, timetable, watching};
use crate::pages::interpreter::Interpreters;
use crate::pages::mail::{self, health as mail_health, inbox};
use crate::pages::register;
use crate::pages::room::Rooms;
use crate::pages::sign_in::{self, code, password_link as links};
use crate::pages::slot::{edit, free, placements, show, steps};
use crate::pages::user::{self, factor, lockouts};
use crate::pages::{
    answer as answers, delegation as delegations, health, help, interpreter as interpreters,
    notice as notices, personal, plan, private, room as rooms,
};
use crate::server::app::App;
use crate::server::{Error, assets};

/// Makes a server on a listener that is already bound; it runs when awaited, until its handle stops it.
pub fn server(app: App, listener: TcpListener) -> io::Result<Server> {
    crate::server::connection::server::server(app, listener, routes)
}

/// Registers every route of the server; those for programs are in [`api::routes`], those of single sign-on, where it is
/// built in,
/// in [`sign_on_routes`].
#[expect(
    clippy::too_many_lines,
    reason = "one line a route, all of them in one place"
)]
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PathConfig::default().error_handler(|_, _| Error::NotFound.into()))
        .app_data(web::QueryConfig::default().error_handler(|_, _| {
            Error::BadRequest("The query in the address is invalid.".into()).into()
        }))
        .configure(api::routes)
        .route("/assets/{file}", web::get().to(assets::show))
        .route("/healthz", web::get().to(health::alive))
        .route("/readyz", web::get().to(health::ready))
        .route("/help", web::get().to(help::index))
        .route("/help/{topic}", web::get().to(help::topic))
        .route("/sign-in", web::get().to(sign_in::show))
        .route("/sign-in", web::post().to(sign_in::sign_in))
        .route("/sign-in/code", web::get().to(code::show))
        .route("/sign-in/code", web::post().to(code::take))
        .route("/sign-in/second-factor", web::get().to(code::show_set_up))
        .route("/sign-in/second-factor", web::post().to(code::set_up))
        .configure(sign_on_routes)
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/password/{token}", web::get().to(links::show))
        .route("/password/{token}", web::post().to(links::set))
        .route("/account", web::get().to(account::show))
        .route("/account/second-factor", web::get().to(own_factor::show))
        .route("/account/second-factor", web::post().to(own_factor::set))
        .route(
            "/account/second-factor/seed",
            web::post().to(own_factor::begin),
        )
        .route(
            "/account/second-factor/recovery-codes",
            web::post().to(own_factor::renew_codes),
        )
        .route(
            "/account/second-factor/removal",
            web::post().to(own_factor::remove),
        )
        .route(
            "/account/password",
            web::post().to(account::change_password),
        )
        .route(
            "/account/sessions/{session}/end",
            web::post().to(account::end_session),
        )
        .route("/account/tokens/new", web::get().to(tokens::new))
        .route("/account/tokens", web::post().to(tokens::make))
        .route(
            "/account/tokens/{token}/revocation",
            web::post().to(tokens::revoke),
        )
        .route("/users", web::get().to(user::list))
        .route("/users", web::post().to(user::add))
        .route("/users/new", web::get().to(user::new))
        .route("/users/lockouts", web::get().to(lockouts::index))
        .route("/users/lockouts/removal", web::post().to(lockouts::lift))
        .route("/users/second-factor", web::post().to(factor::require))
        .route("/users/{user}", web::get().to(user::show))
        .route("/users/{user}", web::post().to(user::change))
        .route("/users/{user}/invitation", web::post().to(user::invite))
        .route("/users/{user}/reset", web::post().to(user::reset))
        .route(
            "/users/{user}/link/withdrawal",
            web::post().to(user::withdraw),
        )
        .route("/users/{user}/disablement", web::post().to(user::disable))
        .route("/users/{user}/enablement", web::post().to(user::enable))
        .route(
            "/users/{user}/second-factor/removal",
            web::post().to(factor::reset),
        )
        .route(
            "/users/{user}/sessions/end",
            web::post().to(user::end_sessions),
        )
        .route("/users/{user}/deletion", web::get().to(personal::ask_user))
        .route(
            "/users/{user}/deletion",
            web::post().to(personal::delete_user),
        )
        .route("/mail", web::get().to(mail::index))
        .route("/mail/health", web::get().to(mail_health::show))
        .route("/mail/health", web::post().to(mail_health::try_out))
        .route("/mail/pause", web::post().to(mail_health::pause))
        .route("/mail/inbox", web::get().to(inbox::index))
        .route("/mail/inbox/{id}/handling", web::post().to(inbox::handle))
        .route("/mail/{id}", web::get().to(mail::show))
        .route("/mail/{id}/html", web::get().to(mail::html))
        .route("/mail/{id}/source", web::get().to(mail::source))
        .route("/mail/{id}/enclosure", web::get().to(mail::enclosed))
        .route("/mail/{id}/retry", web::post().to(mail::retry))
        .route("/mail/{id}/erasure", web::get().to(personal::ask_recipient))
        .route(
            "/mail/{id}/erasure",
            web::post().to(personal::forget_recipient),
        )
        .route("/personal-data", web::get().to(personal::search))
        .route("/personal-data/export", web::post().to(personal::download))
        .route(
            "/personal-data/erasure",
            web::post().to(personal::forget_everywhere),
        )
        .route("/", web::get().to(crate::pages::event::index))
        .route("/audit", web::get().to(history::of_everything))
        .route("/events", web::post().to(settings::add))
        .route("/events/new", web::get().to(settings::new))
        .route("/events/{slug}", web::get().to(timetable::show))
        .route("/events/{slug}/live", web::get().to(watching::stream))
        .route("/events/{slug}/zoom", web::post().to(timetable::zoom))
        .route(
            "/events/{slug}/matrix",
            web::get().to(overview::pairs::show),
        )
        .route(
            "/events/{slug}/changes",
            web::get().to(overview::changes::show),
        )
        .route(
            "/events/{slug}/slots",
            web::get().to(overview::search::show),
        )
        .route("/events/{slug}/slots", web::post().to(edit::create))
        .route("/events/{slug}/slots/new", web::get().to(edit::new))
        .route("/events/{slug}/free-slots", web::get().to(free::show))
        .route("/events/{slug}/free-slots", web::post().to(free::carry))
        .route("/events/{slug}/plan", web::get().to(plan::show))
        .route("/events/{slug}/plan", web::post().to(plan::book))
        .route("/events/{slug}/agenda", web::get().to(export::index))
        .route(
            "/events/{slug}/agenda/calendars",
            web::post().to(calendars::make),
        )
        .route(
            "/events/{slug}/agenda/calendars/new",
            web::get().to(calendars::new),
        )
        .route(
            "/events/{slug}/agenda/calendars/{id}/revocation",
            web::post().to(calendars::revoke),
        )
        .route(
            "/calendars/{token}/programme.ics",
            web::get().to(calendars::feed),
        )
        .route(
            "/events/{slug}/agenda/pages/{page}.svg",
            web::get().to(export::page),
        )
        .route(
            "/events/{slug}/agenda/{sheet}.pdf",
            web::get().to(agenda::paper),
        )
        .route(
            "/events/{slug}/agenda.{format}",
            web::get().to(agenda::document),
        )
        .route("/events/{slug}/settings", web::get().to(settings::show))
        .route("/events/{slug}/settings", web::post().to(settings::update))
        .route("/events/{slug}/archival", web::post().to(ending::archive))
        .route(
            "/events/{slug}/restoration",
            web::post().to(ending::restore),
        )
        .route("/events/{slug}/deletion", web::get().to(ending::ask))
        .route("/events/{slug}/deletion", web::post().to(ending::delete))
        .route(
            "/events/{slug}/retention",
            web::post().to(ending::set_retention),
        )
        .route("/events/{slug}/notices", web::get().to(notices::index))
        .route("/events/{slug}/notices", web::post().to(notices::send))
        .route(
            "/events/{slug}/final-schedules",
            web::get().to(notices::final_schedules),
        )
        .route(
            "/events/{slug}/final-schedules",
            web::post().to(notices::send_final_schedules),
        )
        .route(
            "/events/{slug}/notices/skips",
            web::post().to(notices::skip),
        )
        .route(
            "/events/{slug}/notices/{code}",
            web::get().to(notices::preview),
        )
        .route(
            "/events/{slug}/notices/{code}/{copy}",
            web::get().to(notices::copy),
        )
        .route(
            "/events/{slug}/notices/{code}/{copy}/enclosure",
            web::get().to(notices::enclosed),
        )
        .route("/events/{slug}/answers", web::get().to(answers::index))
        .route("/events/{slug}/history", web::get().to(history::of_event))
        .route("/events/{slug}/rooms", web::get().to(rooms::index))
        .route(
            "/events/{slug}/rooms",
            web::post().to(register::add::<Rooms>),
        )
        .route(
            "/events/{slug}/rooms/new",
            web::get().to(register::new::<Rooms>),
        )
        .route(
            "/events/{slug}/rooms/{code}/day",
            web::get().to(overview::days::of_room),
        )
        .route(
            "/events/{slug}/rooms/{code}",
            web::get().to(register::edit::<Rooms>),
        )
        .route(
            "/events/{slug}/rooms/{code}",
            web::post().to(register::update::<Rooms>),
        )
        .route(
            "/events/{slug}/rooms/{code}/removal",
            web::post().to(register::remove::<Rooms>),
        )
        .route(
            "/events/{slug}/interpreters",
            web::get().to(interpreters::index),
        )
        .route(
            "/events/{slug}/interpreters",
            web::post().to(register::add::<Interpreters>),
        )
        .route(
            "/events/{slug}/interpreters/new",
            web::get().to(register::new::<Interpreters>),
        )
        .route(
            "/events/{slug}/interpreters/{code}",
            web::get().to(interpreters::roster::show),
        )
        .route(
            "/events/{slug}/interpreters/{code}",
            web::post().to(register::update::<Interpreters>),
        )
        .route(
            "/events/{slug}/interpreters/{code}/edit",
            web::get().to(register::edit::<Interpreters>),
        )
        .route(
            "/events/{slug}/interpreters/{code}/removal",
            web::get().to(interpreters::removal::ask),
        )
        .route(
            "/events/{slug}/interpreters/{code}/removal",
            web::post().to(interpreters::removal::remove),
        )
        .route(
            "/events/{slug}/interpreters/{code}/replacements",
            web::post().to(interpreters::removal::replace),
        )
        .route(
            "/events/{slug}/delegations",
            web::get().to(delegations::index),
        )
        .route(
            "/events/{slug}/delegations",
            web::post().to(register::add::<Delegations>),
        )
        .route(
            "/events/{slug}/delegations/new",
            web::get().to(register::new::<Delegations>),
        )
        .route(
            "/events/{slug}/delegations/{code}/day",
            web::get().to(overview::days::of_delegation),
        )
        .route(
            "/events/{slug}/delegations/{code}",
            web::get().to(delegations::edit),
        )
        .route(
            "/events/{slug}/delegations/{code}",
            web::post().to(register::update::<Delegations>),
        )
        .route(
            "/events/{slug}/delegations/{code}/links",
            web::post().to(answers::renew),
        )
        .route(
            "/events/{slug}/delegations/{code}/removal",
            web::post().to(register::remove::<Delegations>),
        )
        .route(
            "/events/{slug}/contacts/{contact}/erasure",
            web::get().to(personal::ask_contact),
        )
        .route(
            "/events/{slug}/contacts/{contact}/erasure",
            web::post().to(personal::forget_contact),
        )
        .route("/d/{token}", web::get().to(private::show))
        .route("/d/{token}", web::post().to(private::open))
        .route("/d/{token}/schedule.ics", web::get().to(private::feed))
        .route(
            "/d/{token}/schedule.pdf",
            web::get().to(private::paper_by_link),
        )
        .route("/schedule/{slug}/{code}", web::get().to(private::page))
        .route(
            "/schedule/{slug}/{code}/schedule.pdf",
            web::get().to(private::paper),
        )
        .route(
            "/schedule/{slug}/{code}/closure",
            web::post().to(private::close),
        )
        .route(
            "/schedule/{slug}/{code}/slots/{id}",
            web::get().to(private::ask),
        )
        .route(
            "/schedule/{slug}/{code}/slots/{id}",
            web::post().to(private::take),
        )
        .route("/slots/{id}", web::get().to(show::show))
        .route("/slots/{id}", web::post().to(edit::update))
        .route("/slots/{id}/edit", web::get().to(edit::edit))
        .route("/slots/{id}/placement", web::post().to(edit::place))
        .route(
            "/slots/{id}/confirmation",
            web::get().to(steps::confirmation_preview),
        )
        .route(
            "/slots/{id}/confirmation",
            web::post().to(steps::confirmation),
        )
        .route(
            "/slots/{id}/cancellation",
            web::post().to(steps::cancellation),
        )
        .route("/slots/{id}/undo", web::post().to(steps::undo))
        .route("/slots/{id}/placements", web::get().to(placements::show))
        .route("/slots/{id}/notices", web::post().to(steps::notices))
        .route("/slots/{id}/answers", web::post().to(answers::note));
}

/// The routes of single sign-on.
#[cfg(feature = "openid-connect")]
fn sign_on_routes(cfg: &mut web::ServiceConfig) {
    use crate::pages::sign_in::provider;

    cfg.route("/sign-in/provider", web::post().to(provider::begin))
        .route("/sign-in/provider/answer", web::get().to(provider::show))
        .route("/sign-in/provider/answer", web::post().to(provider::take));
}

/// The routes of single sign-on: none, as this program was built without it.
#[cfg(not(feature = "openid-connect"))]
fn sign_on_routes(_: &mut web::ServiceConfig) {}
