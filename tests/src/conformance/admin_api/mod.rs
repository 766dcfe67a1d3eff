//! The operator's API, one file for each subject.

mod audit;
mod corps;
mod moving;
mod params;
mod people;
mod records;
mod runbooks;

use serde_json::{Value, json};

pub(super) use self::audit::*;
pub(super) use self::corps::*;
pub(super) use self::moving::*;
pub(super) use self::params::*;
pub(super) use self::people::*;
pub(super) use self::records::*;
pub(super) use self::runbooks::*;
use crate::{TestApp, TestRequest, TestResponse};

/// Sends a GET below `/admin/api` as an administrator.
async fn get(app: &TestApp, path: &str) -> TestResponse {
    app.send_as_admin(TestRequest::get(format!("/admin/api/{path}")))
        .await
}

/// Sends a POST with a JSON body below `/admin/api` as an administrator.
async fn post(app: &TestApp, path: &str, body: Value) -> TestResponse {
    app.send_as_admin(TestRequest::post(format!("/admin/api/{path}")).json(&body))
        .await
}

/// Sends a POST without a body below `/admin/api` as an administrator.
async fn post_nothing(app: &TestApp, path: &str) -> TestResponse {
    app.send_as_admin(TestRequest::post(format!("/admin/api/{path}")))
        .await
}

/// Sends a DELETE below `/admin/api` as an administrator.
async fn delete(app: &TestApp, path: &str) -> TestResponse {
    app.send_as_admin(TestRequest::new("DELETE", format!("/admin/api/{path}")))
        .await
}

/// Every item of a list, read page by page, two at a time.
async fn all_pages(app: &TestApp, list: &str, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page = get(app, &format!("{list}?limit=2{query}{after}"))
            .await
            .success();
        let items = page[list].as_array().unwrap();
        assert!((1..=2).contains(&items.len()) || all.is_empty(), "{page}");
        all.extend(items.iter().cloned());
        let Some(next) = page.get("next") else {
            return all;
        };
        after = format!("&after={}", next.as_str().unwrap());
    }
}

/// The values of a field of these objects.
fn field(items: &[Value], name: &str) -> Vec<Value> {
    items.iter().map(|item| item[name].clone()).collect()
}

/// A problem of 400 that names this field.
#[track_caller]
fn names_field(response: &TestResponse, name: &str) {
    response.assert_problem(400, "API_PARAMS_ERROR");
    let detail = response.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(name), "{detail} does not name {name}");
}

/// The body of a request that names a suite.
fn of_suite(suite: &str) -> Value {
    json!({"suiteId": suite})
}
