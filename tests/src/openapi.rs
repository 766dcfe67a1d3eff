//! `/openapi.json` as a witness: what a route answers has to be what the document says.
//!
//! The document lets a client find more fields than it knows; here every answer has exactly those that are described.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use wecom_login::web::{Access, Route, routes};

use crate::{TestRequest, TestResponse, send};

/// The document of a service.
pub struct OpenApi {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl OpenApi {
    /// The document that a service at this address serves below this prefix.
    pub async fn fetch(address: SocketAddr, prefix: &str) -> Self {
        let request = TestRequest::get("/openapi.json").prefixed(prefix);
        Self::new(send(address, &request).await.success())
    }

    /// The document of the first service that is asked for it: they differ only in their URLs.
    pub async fn of_any(address: SocketAddr, prefix: &str) -> &'static Self {
        static DOCUMENT: OnceCell<OpenApi> = OnceCell::const_new();
        DOCUMENT.get_or_init(|| Self::fetch(address, prefix)).await
    }

    fn new(document: Value) -> Self {
        Self {
            document,
            validators: Mutex::default(),
        }
    }

    /// The document itself.
    #[must_use]
    pub const fn document(&self) -> &Value {
        &self.document
    }

    /// Fails if the document does not describe this answer. `target` is relative to the mount. The answers to HEAD and to
    /// methods that a path does not take are not described.
    #[track_caller]
    pub fn check(&self, request: &TestRequest, response: &TestResponse) {
        let (path, query) = split(request.target());
        // The pages of the console are no API.
        let Some(route) = route_of(path).filter(|route| route.access != Access::Console) else {
            return;
        };
        let method = request.method().to_ascii_lowercase();
        let operation = &self.document["paths"][route.path][&method];
        if operation.is_null() {
            let described = route.methods.contains(&request.method()) && !route.below;
            assert!(
                !described || method == "head",
                "{method} {} is not described",
                route.path
            );
            return;
        }
        let place = format!("{method} {} → {}", route.path, response.status);
        let status = response.status.to_string();
        let responses = &operation["responses"];
        let described = match &responses[&status] {
            Value::Null => &responses["default"],
            described => described,
        };
        assert!(
            !described.is_null(),
            "{place} is not described: {}",
            response.text()
        );
        self.check_content(&place, described, response);
        if (200..300).contains(&response.status) {
            self.check_request(&place, operation, request, query);
        }
    }

    #[track_caller]
    fn check_content(&self, place: &str, described: &Value, response: &TestResponse) {
        let Some(content) = described["content"].as_object() else {
            assert!(
                response.body.is_empty(),
                "{place} has a body: {}",
                response.text()
            );
            return;
        };
        let media = response.header("content-type").unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default();
        let schema = content
            .get(media)
            .unwrap_or_else(|| panic!("{place} is described as {content:?}, not as {media}"));
        if media.ends_with("json") {
            self.validate(place, &schema["schema"], &response.json());
        }
    }

    /// A request that was accepted is as it is described.
    #[track_caller]
    fn check_request(&self, place: &str, operation: &Value, request: &TestRequest, query: &str) {
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let find = |name: &str| {
            let named =
                |parameter: &&Value| parameter["in"] == "query" && parameter["name"] == name;
            parameters.iter().find(named)
        };
        // What pages and the guards of proxies ignore is not described.
        let is_strict = operation["tags"][0] == "admin";
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            assert!(
                find(&name).is_some() || !is_strict,
                "{place} takes {name}, which is not described"
            );
        }
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap();
            let sent = || form_urlencoded::parse(query.as_bytes()).any(|(sent, _)| sent == name);
            assert!(
                parameter["in"] != "query" || parameter["required"] != true || sent(),
                "{place} does not need {name}"
            );
        }
        let content = &operation["requestBody"]["content"];
        let schema = &content["application/json"]["schema"];
        if !content.is_null() && schema.is_null() {
            return;
        }
        if let Ok(body) = serde_json::from_slice::<Value>(request.content()) {
            assert!(
                !schema.is_null(),
                "{place} takes a body that is not described"
            );
            self.validate(place, schema, &body);
        }
    }

    #[track_caller]
    fn validate(&self, place: &str, schema: &Value, instance: &Value) {
        let validator = self.validator(schema);
        let errors: Vec<String> = validator
            .iter_errors(instance)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{place}: {errors:?}: {instance}");
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let made = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "components": self.document["components"],
                "allOf": [schema],
            });
            forbid_more_fields(&mut whole["components"]);
            Arc::new(jsonschema::validator_for(&whole).unwrap())
        });
        Arc::clone(made)
    }
}

impl std::fmt::Debug for OpenApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenApi")
    }
}

fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// The route that a path is of, as the table finds it: the first that fits.
fn route_of(path: &str) -> Option<&'static Route> {
    let path = path.strip_suffix('/').unwrap_or(path);
    routes().iter().find(|route| {
        let mut segments = path.split('/');
        let fits = route.path.split('/').all(|part| {
            segments.next().is_some_and(|segment| {
                part == segment || (part.starts_with('{') && !segment.is_empty())
            })
        });
        fits && (route.below || segments.next().is_none())
    })
}

/// Every object of a described answer has no other fields, unless the document says so.
fn forbid_more_fields(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(forbid_more_fields);
            let is_object = fields.get("type").is_some_and(|kind| kind == "object");
            if is_object && fields.contains_key("properties") {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_more_fields),
        _ => {}
    }
}
