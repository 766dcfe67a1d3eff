//! Faults, settings, tokens, the clock, and where pushes go.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, json_response};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::world::Fault;

pub(super) async fn faults(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!({"faults": engine.read(|world| world.faults.clone())}))
}

pub(super) async fn add_fault(State(engine): State<Arc<Engine>>, bytes: Bytes) -> Result<Response, Problem> {
    let faults = engine.add_fault(body::<Fault>(&bytes)?)?;
    Ok(json_response(&json!({"faults": faults})))
}

pub(super) async fn clear_faults(State(engine): State<Arc<Engine>>) -> Response {
    engine.clear_faults();
    json_response(&json!({"faults": []}))
}

pub(super) async fn settings(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!(engine.read(|world| world.settings.clone())))
}

pub(super) async fn change_settings(
    State(engine): State<Arc<Engine>>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let settings = engine.change_settings(&body::<Value>(&bytes)?).await?;
    Ok(json_response(&json!(settings)))
}

pub(super) async fn expire_tokens(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!({"expired": engine.expire_tokens()}))
}

pub(super) async fn clock(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&json!({"now": engine.read(|world| world.now())}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

pub(super) async fn advance(State(engine): State<Arc<Engine>>, bytes: Bytes) -> Result<Response, Problem> {
    let now = engine.advance(body::<Advance>(&bytes)?.advance_ms)?;
    Ok(json_response(&json!({"now": now})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Notify {
    url: String,
}

pub(super) async fn notify(State(engine): State<Arc<Engine>>, bytes: Bytes) -> Result<Response, Problem> {
    let notify: Notify = body(&bytes)?;
    engine.set_notify(&notify.url)?;
    Ok(json_response(&json!({"notify": notify.url})))
}
