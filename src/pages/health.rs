//! Health checks: whether the process lives, and whether it can work. Neither reveals more.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};

use crate::server::app::App;

/// `GET /healthz`: the process answers.
pub async fn alive() -> HttpResponse {
    word(StatusCode::OK, "ok\n")
}

/// `GET /readyz`: the database answers, has this program's schema, and the same time; 503 otherwise.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    if !app.clock_difference.is_too_large() && app.readiness.look(&app.db).await {
        word(StatusCode::OK, "ready\n")
    } else {
        word(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

fn word(status: StatusCode, word: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(word)
}
