//! Settings, faults, tokens, the clock, and the notify URL.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{json_response, parse_body};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::Fault;

pub(super) async fn faults(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!({"faults": engine.read(|store| store.faults.clone())}))
}

pub(super) async fn add_fault(
    State(engine): State<Arc<Engine>>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let faults = engine.add_fault(parse_body::<Fault>(&bytes)?)?;
    Ok(json_response(&json!({"faults": faults})))
}

pub(super) async fn clear_faults(State(engine): State<Arc<Engine>>) -> Response {
    engine.clear_faults();
    json_response(&json!({"faults": []}))
}

pub(super) async fn settings(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!(engine.read(|store| store.settings.clone())))
}

pub(super) async fn change_settings(
    State(engine): State<Arc<Engine>>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let settings = engine
        .change_settings(&parse_body::<Value>(&bytes)?)
        .await?;
    Ok(json_response(&json!(settings)))
}

pub(super) async fn expire_tokens(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!({"expired": engine.expire_tokens()}))
}

pub(super) async fn clock(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!({"now": engine.read(|store| store.now())}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

pub(super) async fn advance_clock(
    State(engine): State<Arc<Engine>>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let now = engine.advance_clock(parse_body::<Advance>(&bytes)?.advance_ms)?;
    Ok(json_response(&json!({"now": now})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Notify {
    url: String,
}

pub(super) async fn set_notify(
    State(engine): State<Arc<Engine>>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let notify: Notify = parse_body(&bytes)?;
    engine.set_notify(&notify.url)?;
    Ok(json_response(&json!({"notify": notify.url})))
}
