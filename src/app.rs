//! The application: what handlers share, and every route on one screen.

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};

use crate::auth::{own_pages, pages as sign_in, user_pages};
use crate::config::Config;
use crate::db::Db;
use crate::time::Clock;
use crate::web::{Error, assets, security};

/// What every handler can reach.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    /// The checked configuration.
    pub config: Config,
}

/// Every route of the server.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PathConfig::default().error_handler(|_, _| Error::NotFound.into()))
        .app_data(web::QueryConfig::default().error_handler(|_, _| {
            Error::BadRequest("The address has something wrong after the “?”.".into()).into()
        }))
        .route("/assets/{file}", web::get().to(assets::show))
        .route("/sign-in", web::get().to(sign_in::show))
        .route("/sign-in", web::post().to(sign_in::sign_in))
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/account", web::get().to(own_pages::show))
        .route(
            "/account/password",
            web::post().to(own_pages::change_password),
        )
        .route(
            "/account/sessions/{session}/end",
            web::post().to(own_pages::end_session),
        )
        .route("/users", web::get().to(user_pages::list))
        .route("/users", web::post().to(user_pages::add))
        .route("/users/new", web::get().to(user_pages::new))
        .route("/users/{user}", web::get().to(user_pages::show))
        .route("/users/{user}", web::post().to(user_pages::change))
        .route(
            "/users/{user}/password",
            web::post().to(user_pages::set_password),
        )
        .route(
            "/users/{user}/disablement",
            web::post().to(user_pages::disable),
        )
        .route(
            "/users/{user}/enablement",
            web::post().to(user_pages::enable),
        )
        .route(
            "/users/{user}/sessions/end",
            web::post().to(user_pages::end_sessions),
        );
}

/// Makes a server on a listener that is already bound; it runs when awaited.
///
/// # Errors
/// When the listener cannot be used.
pub fn server(app: App, listener: TcpListener) -> std::io::Result<Server> {
    let workers = app.config.workers;
    let app = web::Data::new(app);
    let mut server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .wrap(from_fn(security::guard))
            .configure(routes)
    })
    .listen(listener)?;
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    Ok(server.run())
}
