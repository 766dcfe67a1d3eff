//! Invalid bodies.

use serde_json::{Value, json};

use super::Expect;
use crate::TestRequest;

pub(super) const PARAMS: Expect = Expect::Problem(400, "API_PARAMS_ERROR");

/// Variations of a valid body that every JSON route rejects.
pub(super) fn broken_bodies(path: &str, good: &Value) -> Vec<TestRequest> {
    let text = good.to_string();
    let post = |body: Vec<u8>| {
        TestRequest::post(path)
            .header("content-type", "application/json")
            .body(body)
    };
    let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut body = good.as_object().unwrap().clone();
        change(&mut body);
        post(Value::Object(body).to_string().into_bytes())
    };
    let first = good.as_object().unwrap().keys().next().unwrap().clone();
    let mut asks = vec![
        TestRequest::post(path),
        post(Vec::new()),
        post(b"{".to_vec()),
        post(b"null".to_vec()),
        post(b"\"text\"".to_vec()),
        post(b"{}".to_vec()),
        post(format!("[{text}]").into_bytes()),
        post(format!("{text} x").into_bytes()),
        post(format!("{text}{text}").into_bytes()),
        post([text.as_bytes(), b"\xff"].concat()),
        post(text.replace('"', "'").into_bytes()),
        post(format!("{{\"{first}\":{},{}", good[&first], &text[1..]).into_bytes()),
        changed(&|body| drop(body.insert("surplus".to_owned(), json!("x")))),
        changed(&|body| drop(body.insert(String::new(), json!("x")))),
    ];
    for field in good.as_object().unwrap().keys() {
        asks.push(changed(&|body| drop(body.remove(field))));
        let values = [
            json!(null),
            json!(true),
            json!(1.5),
            json!([]),
            json!({}),
            json!(""),
            json!(" \t"),
            json!("x".repeat(513)),
            json!("a\u{0}b"),
        ];
        for value in values {
            asks.push(changed(&|body| {
                drop(body.insert(field.clone(), value.clone()))
            }));
        }
        let recased = field.to_ascii_uppercase();
        asks.push(changed(&|body| {
            let value = body.remove(field).unwrap();
            body.insert(recased.clone(), value);
        }));
    }
    asks
}
