//! The answers of an operation: that of its success, and the errors by status, with their codes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::{Answer, OF_A_BODY, Operation, errors_of};
use super::reference;
use crate::error::ErrorKind;
use crate::web::route::Route;

pub(super) fn responses(route: &Route, method: &str, operation: &Operation) -> Value {
    let mut responses = Map::new();
    let mut add = |status: &str, description: &str, content: &[(&str, Value)]| {
        let mut response = json!({"description": description});
        for (media, schema) in content {
            response["content"][*media] = json!({"schema": schema});
        }
        responses.insert(status.to_owned(), response);
    };
    let text = || json!({"type": "string"});
    let json = |schema| [("application/json", schema)];
    let problem = || ("application/problem+json", reference("Problem"));
    let mut has_problems = true;
    match operation.answer {
        Answer::Json(schema) => add("200", "It succeeded.", &json(reference(schema))),
        Answer::NoContent => add("204", "It succeeded.", &[]),
        Answer::Document => {
            let any = json!({"type": "object", "additionalProperties": true});
            add("200", "It succeeded.", &json(any));
        }
        Answer::Health => {
            add("200", "It is well.", &json(reference("Health")));
            add("503", "It is not.", &json(reference("Health")));
            has_problems = false;
        }
        Answer::Identity => {
            add("200", "The identity is in the headers.", &[]);
            let redirect = "A person who navigates is led to the login.";
            add("302", redirect, &[problem()]);
        }
        Answer::Page => {
            add("200", "A page.", &[("text/html", text())]);
            add("302", "A redirect to WeCom.", &[]);
            add(
                "303",
                "A redirect to where the person was going, or to the login.",
                &[],
            );
            let refusal =
                "A page that says what is wrong; a problem where another site embeds this one.";
            add("default", refusal, &[("text/html", text()), problem()]);
            has_problems = false;
        }
        Answer::Callback => {
            let success = "`success`, or what the address is verified with.";
            add("200", success, &[("text/plain", text())]);
            add(
                "default",
                "A refusal, which is empty.",
                &[("text/plain", text())],
            );
            has_problems = false;
        }
    }
    if has_problems {
        for (status, codes) in codes(route, method, operation) {
            let schema = json!({
                "allOf": [reference("Problem")],
                "properties": {"code": {"type": "string", "enum": codes}},
            });
            let content = [("application/problem+json", schema)];
            add(&status.to_string(), &codes.join(", "), &content);
        }
    }
    Value::Object(responses)
}

/// The codes of the errors that an operation may answer, by their status.
fn codes(route: &Route, method: &str, operation: &Operation) -> BTreeMap<u16, Vec<&'static str>> {
    let of_a_body: &[ErrorKind] = match route.body_limit_of(method) {
        0 => &[],
        _ => OF_A_BODY,
    };
    let own = operation.errors.iter().chain(of_a_body).copied();
    let mut codes: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for row in errors_of(route.access).chain(own).map(ErrorKind::row) {
        let of_status = codes.entry(row.status).or_default();
        if !of_status.contains(&row.code) {
            of_status.push(row.code);
        }
    }
    codes
}
