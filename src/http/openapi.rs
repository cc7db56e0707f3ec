//! The `OpenAPI` document: the list of endpoints, written as JSON. The shapes
//! of replies are those of the types that are serialized, and a test holds real
//! replies against them.

use serde_json::{Map, Value, json};

use super::endpoint::{Access, Body, Endpoint, POST};
use super::params::Param;
use super::problem::{self, ProblemDetails, ProblemKind};
use super::reply::{JSON, PROBLEM};
use super::schema::{ReplySchema, Schemas};
use super::views::audit::steps::StepBody;
use crate::access::COOKIE;
use crate::text::text;

/// Problems that every endpoint may have.
const COMMON: [&ProblemKind; 11] = [
    problem::INVALID_PARAMETER,
    problem::TOKEN,
    problem::WRONG_TOKENS,
    problem::MALFORMED,
    problem::NOT_LOCAL,
    problem::METHOD,
    problem::SLOW_HEAD,
    problem::HEAD_SIZE,
    problem::PANIC,
    problem::CONNECTIONS,
    problem::REPLY_TIMEOUT,
];

/// Problems of endpoints that take a body.
const BODY: [&ProblemKind; 5] = [
    problem::SLOW_BODY,
    problem::BODY_SIZE,
    problem::MEDIA_TYPE,
    problem::EXPECTATION,
    problem::TRANSFER_CODING,
];

/// Variable parts of paths: name, description and pattern (empty for numbers).
const PARTS: [(&str, &str, &str); 9] = [
    ("id", "Number of a submission, of an audit case, or of a file that came back.", ""),
    ("batch", "Number of a batch that was sent on.", ""),
    ("step", "Step of an audit case.", "^(notify|appeal|withdraw|verify|resolve|reopen|note)$"),
    ("cup", "HCODE of a main unit.", "^[0-9A-Za-z]{5}$"),
    ("hcode", "HCODE of a unit.", "^[0-9A-Za-z]{5}$"),
    ("kpi", "Id of an indicator.", "^[a-z0-9_]+$"),
    ("name", "Name of an export.", "^[a-z0-9][a-z0-9_-]*$"),
    ("stamp", "Its day, and its number on that day.", "^[0-9]{4}-[0-9]{2}-[0-9]{2}(-[0-9]+)?$"),
    ("file", "Name of a file of it.", "^[^/]+$"),
];

/// The document of these endpoints. `rows` is the most rows of a reply.
pub fn document(endpoints: &[&Endpoint], rows: u64) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Schemas::new());
    for endpoint in endpoints {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        let method = if endpoint.methods == POST { "post" } else { "get" };
        path[method] = operation(endpoint, rows, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Khlang",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "F21/F43 archives of a province: received, judged, counted",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas.components(), "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer",
                "description": "A token (khlang token create). While none has been made, this \
                                machine needs none."},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }},
    })
}

fn operation(endpoint: &Endpoint, rows: u64, schemas: &mut Schemas) -> Value {
    let mut parameters: Vec<Value> =
        endpoint.params.iter().map(|param| parameter(param, rows)).collect();
    let parts = PARTS.iter().filter(|(name, ..)| endpoint.path.contains(&format!("{{{name}}}")));
    parameters.extend(parts.map(|(name, about, pattern)| {
        let schema = match *pattern {
            "" => json!({"type": "integer", "minimum": 1}),
            pattern => json!({"type": "string", "pattern": pattern}),
        };
        json!({
            "name": name, "in": "path", "required": true, "description": about, "schema": schema,
        })
    }));
    let mut operation = json!({
        "operationId": endpoint.name,
        "summary": text(endpoint.about).en,
        "parameters": parameters,
        "responses": responses(endpoint, schemas),
        "security": security(endpoint),
        "x-access-logged": endpoint.personal,
    });
    if endpoint.body == Body::Form {
        let form = json!({"type": "object", "additionalProperties": {"type": "string"}});
        operation["requestBody"] = json!({"content": {
            "application/x-www-form-urlencoded": {"schema": form},
        }});
    }
    if endpoint.body == Body::Step {
        let header = json!({
            "name": "If-Match", "in": "header", "required": true,
            "description": "The `etag` of the case that was seen, or its whole ETag.",
            "schema": {"type": "string"},
        });
        if let Some(parameters) = operation["parameters"].as_array_mut() {
            parameters.push(header);
        }
        let schema = json!({"schema": schemas.add(ReplySchema::from_type::<StepBody>())});
        operation["requestBody"] = json!({"required": true, "content": {
            "application/json": schema, "application/x-www-form-urlencoded": schema,
        }});
    }
    if endpoint.body == Body::Archive {
        let name = json!({
            "name": "X-Archive-Name", "in": "header", "required": false,
            "description": "Name of the archive, with or without its path; needed unless a form says it.",
            "schema": {"type": "string"},
        });
        operation["parameters"] = json!([name]);
        let file = json!({"type": "object", "required": ["archive"], "properties": {
            "archive": {"type": "string", "contentMediaType": "application/zip"}}});
        operation["requestBody"] = json!({"required": true, "content": {
            "application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}},
            "multipart/form-data": {"schema": file},
        }});
    }
    operation
}

/// How a client authenticates; empty for public endpoints.
fn security(endpoint: &Endpoint) -> Value {
    match endpoint.access {
        Access::Public => json!([]),
        Access::Roles(_) => json!([{"token": []}, {"session": []}]),
    }
}

fn parameter(param: &Param, rows: u64) -> Value {
    json!({
        "name": param.name,
        "in": "query",
        "required": false,
        // A form also sends fields left blank.
        "allowEmptyValue": true,
        "description": param.about,
        "schema": param.kind.schema(rows),
    })
}

fn responses(endpoint: &Endpoint, schemas: &mut Schemas) -> Value {
    let content: Map<String, Value> = endpoint
        .content
        .iter()
        .map(|kind| {
            let plain = kind.split(';').next().unwrap_or(kind).to_owned();
            let schema = match endpoint.schema {
                Some(schema) if *kind == JSON => schemas.add(schema),
                // A file of somebody else's making.
                None if *kind == JSON => json!({}),
                _ => json!({"type": "string"}),
            };
            (plain, json!({"schema": schema}))
        })
        .collect();
    let mut responses = Map::new();
    let is_page = endpoint.is_page();
    if is_page {
        let on = json!({"description": "On to another page: to sign in, or after it"});
        responses.insert("303".to_owned(), on);
    }
    if matches!(endpoint.body, Body::None | Body::Step) {
        responses.insert(
            "200".to_owned(),
            json!({"description": text(endpoint.about).en, "content": content}),
        );
    }
    if endpoint.body == Body::None {
        let modified = json!({"description": "The version that If-None-Match names is the last"});
        responses.insert("304".to_owned(), modified);
    }
    let own = endpoint.problems.iter().copied();
    let store = [problem::QUERY_TIMEOUT, problem::DATABASE];
    let store = store.into_iter().filter(|_| endpoint.asks_store);
    let closed = [problem::NOT_SIGNED_IN, problem::NOT_ALLOWED];
    let closed = closed.into_iter().filter(|_| endpoint.access != Access::Public);
    let change = Some(problem::CROSS_SITE).filter(|_| endpoint.methods == POST);
    let body = BODY.into_iter().filter(|_| endpoint.body != Body::None);
    let mut kinds: Vec<&ProblemKind> = COMMON
        .into_iter()
        .chain(own)
        .chain(store)
        .chain(closed)
        .chain(change)
        .chain(body)
        .collect();
    kinds.sort_by_key(|kind| (kind.status, kind.code()));
    kinds.dedup();
    for group in kinds.chunk_by(|a, b| a.status == b.status) {
        let titles: Vec<_> =
            group.iter().map(|k| format!("{}: {}", k.code(), k.title().en)).collect();
        let schema = schemas.add(ReplySchema::from_type::<ProblemDetails>());
        let mut content = Map::new();
        content.insert(PROBLEM.to_owned(), json!({"schema": schema}));
        if is_page {
            content.insert("text/html".to_owned(), json!({"schema": {"type": "string"}}));
        }
        let said = json!({"description": titles.join("; "), "content": content});
        responses.insert(group[0].status.to_string(), said);
    }
    for other in endpoint.also {
        let reply = responses
            .entry(other.status.to_string())
            .or_insert_with(|| json!({"description": "", "content": {}}));
        let about = reply["description"].as_str().filter(|about| !about.is_empty());
        let about =
            about.map_or(other.about.to_owned(), |about| format!("{}; {about}", other.about));
        reply["description"] = about.into();
        reply["content"][JSON] = json!({"schema": schemas.add(other.schema)});
    }
    Value::Object(responses)
}
