//! `/openapi.json`: the table of routes as an OpenAPI 3.1 document.
//!
//! | file | content |
//! |---|---|
//! | `operation` | what one method of one route takes and answers |
//! | `responses` | its answers, errors among them |
//! | `operations`, `operator` | that of each endpoint: a match without a catch-all, so that a new route does not compile without it |
//! | `schemas.json`, `operator_schemas.json` | the schemas of bodies and answers |
//!
//! Paths, methods and access come from [`routes`]; codes and statuses from the table of errors; words from the types that
//! have them. The conformance suite compares every answer that it gets with the document.

use std::sync::OnceLock;

use bytes::Bytes;
use http::Response;
use sea_orm::Iterable as _;
use serde_json::{Map, Value, json};

use self::operation::{Body, Operation, QueryParam, Schema};
use self::operations::{operation, tag};
use self::responses::responses;
use crate::audit::AuditAction;
use crate::domain::{AuthorizationStatus, LoginType, Platform, RecordStatus};
use crate::services::CheckStatus;
use crate::web::http_service::HttpDeps;
use crate::web::response::{ResponseBody, with_body};
use crate::web::route::{Access, Route};
use crate::web::routes;

mod operation;
mod operations;
mod operator;
mod responses;

const SCHEMAS: [&str; 2] = [
    include_str!("schemas.json"),
    include_str!("operator_schemas.json"),
];
const DESCRIPTION: &str = "The login of people of WeCom (企业微信). HEAD is answered wherever GET is, except at /callback. \
    A slash at the end of a path is the same path. Any other method is 405 with Allow.";

/// The document of this service, made when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct OpenApi {
    document: OnceLock<Bytes>,
}

pub(super) fn answer(deps: &HttpDeps) -> Response<ResponseBody> {
    let document = deps.openapi.document.get_or_init(|| {
        let config = &deps.config;
        let mount = match config.mount.as_str() {
            "/" => "",
            mount => mount,
        };
        let public_url = &config.public_url;
        let server = format!("{}{}{mount}", public_url.origin(), public_url.path());
        let document = document(server.trim_end_matches('/'), config.cookie.name());
        document.to_string().into()
    });
    with_body(200, "application/json", document.clone())
}

/// The document of a service at this URL, whose session cookie has this name.
fn document(server: &str, cookie: &str) -> Value {
    let mut paths = Map::new();
    // The pages of the console are for people: they are no API.
    for route in routes().iter().filter(|route| is_api(route)) {
        let methods = route
            .methods
            .iter()
            .filter(|method| is_described(route, method));
        let operations: Map<String, Value> = methods
            .map(|method| {
                let operation = operation(route, method);
                (
                    method.to_ascii_lowercase(),
                    describe(route, method, &operation),
                )
            })
            .collect();
        paths.insert(route.path.to_owned(), Value::Object(operations));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wecom-login",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "session": {"type": "http", "scheme": "bearer", "description": "The token of a session."},
                "sessionCookie": {"type": "apiKey", "in": "cookie", "name": cookie},
                "adminKey": {"type": "http", "scheme": "bearer", "description": "The admin key of the host app."},
            },
        },
    })
}

fn is_api(route: &Route) -> bool {
    route.access != Access::Console
}

/// HEAD is GET without a body. A proxy that asks may use any method: one stands for all.
fn is_described(route: &Route, method: &str) -> bool {
    method == "GET" || (method != "HEAD" && !route.below)
}

fn describe(route: &Route, method: &str, operation: &Operation) -> Value {
    let in_path = route.path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({"name": name, "in": "path", "required": true, "schema": path_schema(route, name)}))
    });
    let parameters: Vec<Value> = in_path
        .chain(operation.query.iter().map(query_param))
        .collect();
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [tag(route.access)],
        "security": security(route.access),
        "responses": responses(route, method, operation),
    });
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(body) = request_body(operation.body) {
        described["requestBody"] = body;
    }
    described
}

fn path_schema(route: &Route, name: &str) -> Value {
    match name {
        "corpId" => reference("CorpId"),
        "id" if route.path.starts_with("/admin/api/records") => reference("RecordId"),
        "id" if route.path.starts_with("/admin/api/machines") => {
            json!({"type": "string", "pattern": "^[0-9a-f]{32}$"})
        }
        _ => json!({"type": "string", "minLength": 1}),
    }
}

fn query_param(param: &QueryParam) -> Value {
    let schema = match param.schema {
        Schema::Named(name) => reference(name),
        Schema::Text => json!({"type": "string"}),
        Schema::Words(words) => json!({"type": "string", "enum": words}),
    };
    json!({
        "name": param.name,
        "in": "query",
        "required": param.required,
        "description": param.description,
        "schema": schema,
    })
}

fn security(access: Access) -> Value {
    match access {
        Access::Session => json!([{"session": []}, {"sessionCookie": []}]),
        // The session, where the host app has a predicate.
        Access::Admin => json!([{"adminKey": []}, {"session": []}, {"sessionCookie": []}]),
        Access::Anyone | Access::Browser | Access::Console | Access::WeCom => json!([]),
    }
}

fn request_body(body: Body) -> Option<Value> {
    let (required, content) = match body {
        Body::None => return None,
        Body::Json(schema) => (
            true,
            json!({"application/json": {"schema": reference(schema)}}),
        ),
        Body::OptionalJson(schema) => (
            false,
            json!({"application/json": {"schema": reference(schema)}}),
        ),
        Body::JsonLines => (
            true,
            json!({"application/jsonl": {"schema": {"type": "string"}}}),
        ),
        Body::Callback => (
            true,
            json!({
                "text/xml": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "object"}},
            }),
        ),
    };
    Some(json!({"required": required, "content": content}))
}

/// The schemas of the files, and the words of types.
fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for file in SCHEMAS {
        let read: Map<String, Value> =
            serde_json::from_str(file).expect("the files are JSON: a test reads them");
        schemas.extend(read);
    }
    let mut words = |name: &str, description: &str, words: Vec<Value>| {
        let schema = json!({"type": "string", "description": description, "enum": words});
        schemas.insert(name.to_owned(), schema);
    };
    let as_json = |word: &str| Value::from(word);
    words(
        "Platform",
        "What a session is for.",
        Platform::ALL
            .iter()
            .map(|one| as_json(one.as_str()))
            .collect(),
    );
    words(
        "LoginType",
        "How a person logged in.",
        LoginType::ALL
            .iter()
            .map(|one| as_json(one.as_str()))
            .collect(),
    );
    words(
        "AuthorizationStatus",
        "The state of an authorization.",
        AuthorizationStatus::iter()
            .map(|status| json!(status))
            .collect(),
    );
    words(
        "RecordStatus",
        "The state of a callback record.",
        RecordStatus::iter().map(|status| json!(status)).collect(),
    );
    words(
        "CheckStatus",
        "How a check of the doctor ended.",
        [CheckStatus::Ok, CheckStatus::Warn, CheckStatus::Fail]
            .map(|status| json!(status))
            .into(),
    );
    words(
        "AuditAction",
        "What an entry of the audit tells of.",
        AuditAction::ALL
            .iter()
            .map(|one| as_json(one.as_str()))
            .collect(),
    );
    schemas
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

#[cfg(test)]
mod tests;
