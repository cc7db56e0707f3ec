//! Replies against the `OpenAPI` document: whatever JSON a test gets must be as
//! the document says of its route and status, with nothing beside.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::fixture::{Got, site};
use crate::http::openapi;
use crate::http::reply::{JSON, PROBLEM};
use crate::http::routes::{ENDPOINTS, RouteMatch, find};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The document; its objects have no properties that they do not name.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = openapi::document(&ENDPOINTS, 1000);
    close(&mut document["components"]["schemas"]);
    document
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

fn close(schema: &mut Value) {
    match schema {
        Value::Object(own) => {
            own.values_mut().for_each(close);
            if own.get("properties").is_some_and(Value::is_object) {
                own.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        _ => {}
    }
}

fn validator(schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().unwrap();
    let made = || {
        let root = json!({
            "$schema": DIALECT, "allOf": [schema], "components": STRICT["components"],
        });
        let options = jsonschema::options().should_validate_formats(true);
        Arc::new(options.build(&root).unwrap_or_else(|error| panic!("{schema}: {error}")))
    };
    known.entry(schema.to_string()).or_insert_with(made).clone()
}

/// In what a reply is not as the document says; nothing for other than JSON.
fn mismatch(method: &str, target: &str, got: &Got) -> Option<String> {
    let kind = got.header("content-type")?;
    if got.body.is_empty()
        || got.header("content-encoding").is_some()
        || ![JSON, PROBLEM].contains(&kind)
    {
        return None;
    }
    let path = target.split('?').next().unwrap_or(target);
    let schema = match find(method, path) {
        RouteMatch::Route(route, _) => {
            let method = if method == "POST" { "post" } else { "get" };
            let replies = &STRICT["paths"][route.endpoint.path][method]["responses"];
            &replies[got.status.to_string()]["content"][kind]["schema"]
        }
        _ => &json!({"$ref": "#/components/schemas/ProblemDetails"}),
    };
    if schema.is_null() {
        return Some(format!("{method} {target}: {} {kind} is not described", got.status));
    }
    let (validator, value) = (validator(schema), got.json());
    let errors: Vec<_> = validator
        .iter_errors(&value)
        .map(|error| format!("{method} {target}: {}: {error}", error.instance_path()))
        .collect();
    (!errors.is_empty()).then(|| errors.join("\n"))
}

/// Holds a reply against the document.
pub fn hold(request: &[u8], got: &Got) {
    let line = String::from_utf8_lossy(request.split(|b| *b == b'\r').next().unwrap_or(request));
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if let Some(wrong) = mismatch(method, target, got) {
        panic!("{wrong}");
    }
}

/// What makes a right reply wrong.
type Change = fn(&mut Value);

#[test]
fn a_reply_that_is_not_as_described_is_found() {
    let site = site();
    let target = "/api/v1/submissions";
    let right = site.get(target);
    assert_eq!(mismatch("GET", target, &right), None);
    let changes: [(&str, Change); 5] = [
        ("is missing", |list| drop(list["rows"][0].as_object_mut().unwrap().remove("bytes"))),
        ("is too many", |list| list["rows"][0]["more"] = 1.into()),
        ("has another type", |list| list["total"] = "4".into()),
        ("is no time", |list| list["rows"][0]["received_at"] = "2013".into()),
        ("is null", |list| list["rows"][0]["status"] = Value::Null),
    ];
    for (what, change) in changes {
        let mut list = right.json();
        change(&mut list);
        let wrong = Got {
            status: 200,
            headers: right.headers.clone(),
            body: serde_json::to_vec(&list).unwrap(),
        };
        assert!(mismatch("GET", target, &wrong).is_some(), "{what}");
        let status = Got { status: 404, ..wrong };
        assert!(mismatch("GET", target, &status).is_some(), "{what}: and of another status");
    }
}

/// Every schema is one, and says what each of its properties means.
#[test]
fn every_schema_is_valid_and_explained() {
    let document = openapi::document(&ENDPOINTS, 1000);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.len() > 50);
    let mut bare = Vec::new();
    for (name, schema) in schemas {
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        validator(&json!({"$ref": format!("#/components/schemas/{name}")}));
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            if schema["description"].is_null() && schema["$ref"].is_null() {
                bare.push(format!("{name}.{property}"));
            }
        }
    }
    assert!(bare.is_empty(), "not explained: {bare:#?}");
}
