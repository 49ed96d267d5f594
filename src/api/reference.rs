//! `/api`: the reference for people, written from the same document as programs read.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use serde_json::Value;

use super::{Answer, Problem, openapi};
use crate::runtime::rate::{BURST, PER_SECOND};
use crate::server::Error;
use crate::server::app::App;
use crate::server::page::{Shell, render};

#[derive(Template)]
#[template(path = "api/reference.html")]
struct Reference {
    shell: Shell,
    base: String,
    burst: u32,
    per_second: u32,
    operations: Vec<Operation>,
    schemas: Vec<Shape>,
}

/// An operation of the API.
struct Operation {
    id: String,
    method: String,
    path: String,
    text: String,
    parameters: Vec<Field>,
    body: Option<ReferenceBody>,
    responses: Vec<ReferenceReply>,
}

struct ReferenceBody {
    schema: ReferenceKind,
    example: String,
}

struct ReferenceReply {
    status: String,
    text: String,
    schemas: Vec<(String, ReferenceKind)>,
}

/// A parameter or a field of a shape.
struct Field {
    name: String,
    place: String,
    required: bool,
    kind: ReferenceKind,
    text: String,
}

/// A type in words, and the shape that it refers to.
#[derive(Default)]
struct ReferenceKind {
    words: String,
    shape: Option<String>,
}

struct Shape {
    name: String,
    text: String,
    fields: Vec<Field>,
}

/// `GET /api`: reference of all operations.
pub(super) async fn show(app: Data<App>) -> Answer {
    let document = serde_json::to_value(openapi::document());
    let document = document.map_err(|error| Problem::from(Error::internal(error)))?;
    Ok(page(&app, &document)?)
}

fn page(app: &App, document: &Value) -> Result<HttpResponse, Error> {
    let config = &app.config;
    let base = config.public_url.as_ref().map_or_else(
        || format!("http://{}", config.listen),
        |url| url.origin().ascii_serialization(),
    );
    let base = format!("{base}{}", text(&document["servers"][0]["url"]));
    let schemas = entries(&document["components"]["schemas"]);
    render(&Reference {
        shell: Shell::new("API"),
        base,
        burst: BURST,
        per_second: PER_SECOND,
        operations: operations(document),
        schemas: schemas.map(|(name, schema)| shape(name, schema)).collect(),
    })
}

/// In the order of the tags, then of the paths.
fn operations(document: &Value) -> Vec<Operation> {
    let tags = document["tags"].as_array().into_iter().flatten();
    let mut found = Vec::new();
    for tag in tags {
        for (path, item) in entries(&document["paths"]) {
            let of_tag = entries(item).filter(|(_, each)| each["tags"][0] == tag["name"]);
            found.extend(of_tag.map(|(method, each)| operation(document, method, path, each)));
        }
    }
    found
}

fn operation(document: &Value, method: &str, path: &str, operation: &Value) -> Operation {
    let said = [&operation["summary"], &operation["description"]].map(text);
    let body = &operation["requestBody"];
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        text: said.join(" ").trim().to_owned(),
        parameters: operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| Field {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"] == true,
                kind: kind(&parameter["schema"]),
                text: text(&parameter["description"]),
            })
            .collect(),
        body: entries(&body["content"])
            .next()
            .map(|(_, content)| ReferenceBody {
                schema: kind(&content["schema"]),
                example: example(document, &content["schema"]),
            }),
        responses: entries(&operation["responses"])
            .map(|(status, response)| ReferenceReply {
                status: status.clone(),
                text: text(&response["description"]),
                schemas: entries(&response["content"])
                    .map(|(media, content)| (media.clone(), kind(&content["schema"])))
                    .collect(),
            })
            .collect(),
    }
}

/// The example of the shape that is sent.
fn example(document: &Value, schema: &Value) -> String {
    let name = kind(schema).shape.unwrap_or_default();
    let example = &document["components"]["schemas"][name.as_str()]["example"];
    serde_json::to_string_pretty(example).unwrap_or_default()
}

fn shape(name: &str, schema: &Value) -> Shape {
    // A shape that is another one with more to it.
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let all: Vec<&Value> = parts.chain([schema]).collect();
    let fields = all.iter().flat_map(|part| {
        let required = part["required"].as_array();
        entries(&part["properties"]).map(move |(field, value)| Field {
            name: field.clone(),
            place: String::new(),
            required: required.is_some_and(|names| names.iter().any(|each| each == field)),
            kind: kind(value),
            text: text(&value["description"]),
        })
    });
    let others = all.iter().filter_map(|part| {
        let shape = kind(part).shape?;
        Some(format!("All of {shape}, and:"))
    });
    let said = [text(&schema["description"])];
    Shape {
        name: name.to_owned(),
        text: said.into_iter().chain(others).collect::<Vec<_>>().join(" "),
        fields: fields.collect(),
    }
}

/// `text`, `date-time`, `list of Slot`, `one of …`, or the name of a shape.
fn kind(schema: &Value) -> ReferenceKind {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
        return ReferenceKind {
            words: name.clone(),
            shape: Some(name),
        };
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    if let Some(choice) = choices.clone().find(|choice| choice["type"] != "null") {
        let inner = kind(choice);
        return ReferenceKind {
            words: format!("{} or null", inner.words),
            ..inner
        };
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(text).collect();
        return ReferenceKind {
            words: words.join(" · "),
            shape: None,
        };
    }
    let types: Vec<String> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        one => vec![text(one)],
    };
    if types.iter().any(|each| each == "array") {
        let inner = kind(&schema["items"]);
        return ReferenceKind {
            words: format!("list of {}", inner.words),
            ..inner
        };
    }
    let format = schema["format"]
        .as_str()
        .filter(|format| !format.starts_with("int"));
    let words = match (types.join(" or "), format) {
        (words, Some(format)) => format!("{words}, {format}"),
        (words, None) => words,
    };
    ReferenceKind { words, shape: None }
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
