//! The description of the API for programs: OpenAPI 3.1, made from the handlers and shapes themselves.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    self, ContentBuilder, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
};
use utoipa::{Modify, OpenApi, PartialSchema, ToSchema};

use super::shape::{ApiAlternative, ApiConflict};
use super::{changes, conflicts, events, notices, plans, searching, slots};
use crate::core::text_enum::TextEnum;
use crate::documents::format::Format;
use crate::documents::json::words;
use crate::server::compression;
use crate::server::problem::MEDIA_TYPE;

/// File formats of an agenda.
pub(super) struct AgendaFormat;

impl PartialSchema for AgendaFormat {
    fn schema() -> RefOr<openapi::Schema> {
        words::<Format>()
    }
}

impl ToSchema for AgendaFormat {}

/// A problem (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemSchema {
    /// `about:blank`, or an address below `/api` that explains this kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/api#problem-conflict")]
    kind: String,
    /// The status in words.
    #[schema(example = "Conflict")]
    title: String,
    /// The status.
    #[schema(example = 409)]
    status: i32,
    /// What happened, and what to do.
    detail: String,
    /// At 422: the invalid fields.
    #[schema(nullable = false)]
    errors: Option<Vec<FieldError>>,
    /// At 409: the conflicts.
    #[schema(nullable = false)]
    conflicts: Option<Vec<ApiConflict>>,
    /// At 409: the alternatives.
    #[schema(nullable = false)]
    alternatives: Option<Vec<ApiAlternative>>,
    /// At 412: the current version of the slot.
    #[schema(nullable = false)]
    version: Option<i32>,
    /// At 409 and 412 of a request about several slots: which of them.
    #[schema(nullable = false)]
    slot: Option<i64>,
}

/// What is wrong with a field.
#[derive(Serialize, ToSchema)]
struct FieldError {
    /// Empty when it is the whole body.
    #[schema(example = "starts_at")]
    field: String,
    message: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Iikura",
        description = "Slots, programmes and agendas of a ministerial meeting, for programs that act for a user.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/api/v1")),
    security(("token" = [])),
    tags(
        (name = "Events", description = "Events, their programmes, agendas and changes"),
        (name = "Slots", description = "Booking, changing, confirming, cancelling; what is free, and what is in the way"),
    ),
    paths(
        events::list, events::show, events::programme, events::agenda, changes::show,
        slots::book, conflicts::dry_run, searching::free_slots, plans::make,
        slots::show, slots::change, slots::cancel, slots::confirm, slots::withdraw, slots::fix, slots::release,
        slots::confirm_all, notices::list, notices::send,
    ),
    components(schemas(ProblemSchema, FieldError)),
    modifiers(&BearerScheme, &Parameters, &Agendas, &Problems),
)]
struct OpenApiDocument;

/// Returns the document, which is the same for all users.
pub(super) fn document() -> &'static openapi::OpenApi {
    static DOCUMENT: LazyLock<openapi::OpenApi> = LazyLock::new(OpenApiDocument::openapi);
    &DOCUMENT
}

/// `GET /api/v1/openapi.json`
pub(super) async fn show() -> HttpResponse {
    compression::mark(HttpResponse::Ok().json(document()))
}

/// Every operation needs a token.
struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "Created on your account page, or by `iikura token create`.",
            ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
    }
}

/// A parameter, or a body that may be left out, is then not sent; none is sent as null.
struct Parameters;

impl Modify for Parameters {
    fn modify(&self, document: &mut openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.patch,
                &mut item.delete,
            ];
            for operation in operations.into_iter().flatten() {
                let id = operation.operation_id.as_deref();
                if matches!(id, Some("confirm_slot" | "send_notices"))
                    && let Some(RefOr::T(body)) = &mut operation.request_body
                {
                    body.required = Some(Required::False);
                }
                for parameter in operation.parameters.iter_mut().flatten() {
                    let RefOr::T(parameter) = parameter else {
                        continue;
                    };
                    match &mut parameter.schema {
                        Some(RefOr::T(Schema::Object(object))) => {
                            never_null(&mut object.schema_type);
                        }
                        Some(RefOr::T(Schema::Array(array))) => never_null(&mut array.schema_type),
                        _ => {}
                    }
                }
            }
        }
    }
}

fn never_null(kinds: &mut SchemaType) {
    let SchemaType::Array(several) = kinds else {
        return;
    };
    several.retain(|kind| *kind != Type::Null);
    if let [only] = several.as_slice() {
        *kinds = SchemaType::Type(only.clone());
    }
}

/// An agenda comes in every form of file that there is.
struct Agendas;

impl Modify for Agendas {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let item = document.paths.paths.values_mut();
        let operation = item
            .filter_map(|item| item.get.as_mut())
            .find(|operation| operation.operation_id.as_deref() == Some("get_agenda"));
        let answer = operation.and_then(|each| each.responses.responses.get_mut("200"));
        let Some(RefOr::T(answer)) = answer else {
            return;
        };
        for format in Format::ALL {
            let media = format.content_type().split(';').next().unwrap_or_default();
            let text = media.starts_with("text/").then(String::schema);
            let content = ContentBuilder::new().schema(text).build();
            answer
                .content
                .entry(media.to_owned())
                .or_insert(content.into());
        }
    }
}

/// What every operation may answer instead, and what those of its kind may.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let named = path.contains('{');
            let of_slot = path.starts_with("/slots/");
            let operations = [
                (&mut item.get, false),
                (&mut item.post, true),
                (&mut item.put, true),
                (&mut item.patch, true),
                (&mut item.delete, false),
            ];
            for (operation, takes_body) in operations {
                let Some(operation) = operation else { continue };
                let id = operation.operation_id.clone().unwrap_or_default();
                let reads = matches!(
                    id.as_str(),
                    "list_events"
                        | "get_event"
                        | "get_programme"
                        | "get_agenda"
                        | "list_changes"
                        | "find_free_slots"
                        | "get_slot"
                        | "check_slot"
                        | "list_notices"
                );
                add(operation, "400", "The request is invalid");
                add(operation, "401", "The token is missing or invalid");
                add(
                    operation,
                    "429",
                    "Too many requests: wait as long as Retry-After says",
                );
                add(operation, "500", "Something went wrong on our side");
                add(
                    operation,
                    "503",
                    "The database does not answer, or this server is overloaded or being replaced: wait as long as \
                     Retry-After says. Where the detail says that the outcome is unknown, check before you send it \
                     again",
                );
                if named {
                    add(operation, "404", "Not found, or the user has no role there");
                }
                if takes_body {
                    add(operation, "408", "The body arrived too slowly");
                    add(
                        operation,
                        "413",
                        "The body is larger than 256 KB, or than 64 KB without a token",
                    );
                    add(operation, "415", "The body is not application/json");
                    add(operation, "422", "A field is missing, unknown or invalid");
                }
                if matches!(id.as_str(), "find_free_slots" | "get_agenda") {
                    add(operation, "422", "A field is missing or invalid");
                }
                if !reads {
                    add(
                        operation,
                        "403",
                        "The user may read here but not change, or the token may only read",
                    );
                    add(
                        operation,
                        "409",
                        "The rules, the slot's state or the event's archive do not allow it; what is in the way, and what could be booked instead",
                    );
                    add(operation, "507", "The disk is full: reading still works");
                }
                if of_slot && !reads {
                    add(operation, "412", "The slot has changed meanwhile");
                }
                if id == "confirm_slots" {
                    add(operation, "412", "A slot has changed meanwhile");
                }
                if matches!(id.as_str(), "plan_slots" | "send_notices") {
                    add(operation, "412", "The programme has changed meanwhile");
                }
                if matches!(id.as_str(), "change_slot" | "cancel_slot") {
                    add(operation, "428", "If-Match is missing");
                }
            }
        }
    }
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let mut response: Response = ResponseBuilder::new()
        .description(description)
        .content(MEDIA_TYPE, content)
        .build();
    let header = match status {
        "401" => Some(("WWW-Authenticate", "What to send")),
        "429" => Some(("Retry-After", "Seconds to wait")),
        _ => None,
    };
    if let Some((name, description)) = header {
        let header = HeaderBuilder::new()
            .schema(Some(String::schema()))
            .description(Some(description))
            .build();
        response.headers.insert(name.to_owned(), header.into());
    }
    let responses = &mut operation.responses.responses;
    responses.insert(status.to_owned(), RefOr::T(response));
}
