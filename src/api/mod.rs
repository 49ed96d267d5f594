//! The API: the same domain calls as the pages make, for programs that act for a user by a token.

mod bodies;
mod changes;
mod conflicts;
mod events;
pub(crate) mod idempotency;
mod notices;
pub mod openapi;
mod plans;
mod precondition;
mod reference;
mod request;
mod searching;
mod shape;
mod slots;

use actix_web::http::Method;
use actix_web::{HttpResponse, Route, guard, web};

use crate::server::Error;
use crate::server::problem::{Problem, allowed};

/// An address that takes nothing after its “?”.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Result of a handler.
type Answer = Result<HttpResponse, Problem>;

/// Every route of the API, below `/api`. What is unknown there is a problem, not a page.
pub fn routes(cfg: &mut web::ServiceConfig) {
    let v1 = web::scope("/v1")
        .service(noun(
            "/openapi.json",
            vec![(Method::GET, web::route().to(openapi::show))],
        ))
        .service(noun(
            "/events",
            vec![(Method::GET, web::route().to(events::list))],
        ))
        .service(noun(
            "/events/{slug}",
            vec![(Method::GET, web::route().to(events::show))],
        ))
        .service(noun(
            "/events/{slug}/programme",
            vec![(Method::GET, web::route().to(events::programme))],
        ))
        .service(noun(
            "/events/{slug}/slots",
            vec![(Method::POST, web::route().to(slots::book))],
        ))
        .service(noun(
            "/events/{slug}/confirmations",
            vec![(Method::POST, web::route().to(slots::confirm_all))],
        ))
        .service(noun(
            "/events/{slug}/notices",
            vec![
                (Method::GET, web::route().to(notices::list)),
                (Method::POST, web::route().to(notices::send)),
            ],
        ))
        .service(noun(
            "/events/{slug}/conflicts",
            vec![(Method::POST, web::route().to(conflicts::dry_run))],
        ))
        .service(noun(
            "/events/{slug}/free-slots",
            vec![(Method::GET, web::route().to(searching::free_slots))],
        ))
        .service(noun(
            "/events/{slug}/plans",
            vec![(Method::POST, web::route().to(plans::make))],
        ))
        .service(noun(
            "/events/{slug}/changes",
            vec![(Method::GET, web::route().to(changes::show))],
        ))
        .service(noun(
            "/events/{slug}/agenda.{format}",
            vec![(Method::GET, web::route().to(events::agenda))],
        ))
        .service(noun(
            "/slots/{id}",
            vec![
                (Method::GET, web::route().to(slots::show)),
                (Method::PATCH, web::route().to(slots::change)),
                (Method::DELETE, web::route().to(slots::cancel)),
            ],
        ))
        .service(noun(
            "/slots/{id}/fixed",
            vec![
                (Method::PUT, web::route().to(slots::fix)),
                (Method::DELETE, web::route().to(slots::release)),
            ],
        ))
        .service(noun(
            "/slots/{id}/confirmation",
            vec![
                (Method::POST, web::route().to(slots::confirm)),
                (Method::DELETE, web::route().to(slots::withdraw)),
            ],
        ));
    cfg.service(
        web::scope("/api")
            .app_data(
                web::PathConfig::default()
                    .error_handler(|_, _| Problem::from(Error::NotFound).into()),
            )
            .service(noun(
                "",
                vec![(Method::GET, web::route().to(reference::show))],
            ))
            .service(v1)
            .default_service(web::to(|| async { Answer::Err(Error::NotFound.into()) })),
    );
}

/// Registers the methods of an address; other methods get 405 with the allowed ones.
fn noun(path: &str, methods: Vec<(Method, Route)>) -> actix_web::Resource {
    let known: Vec<Method> = methods.iter().map(|(method, _)| method.clone()).collect();
    let allowed = allowed(&known);
    let refusal = move || {
        let problem = Problem::method_not_allowed(&allowed);
        async move { Answer::Err(problem) }
    };
    methods
        .into_iter()
        .fold(web::resource(path), |resource, (method, route)| {
            resource.route(route.guard(guard::Method(method)))
        })
        .default_service(web::to(refusal))
}
