//! The operator's actions on a suite: push a ticket, verify the callback URL.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::{delivery_json, delivery_response, json_response};
use crate::engine::Engine;
use crate::problem::Problem;

pub(super) async fn push_ticket(
    State(engine): State<Arc<Engine>>,
    Path(suite_id): Path<String>,
) -> Result<Response, Problem> {
    Ok(delivery_response(&engine.push_ticket(&suite_id).await?))
}

pub(super) async fn verify(
    State(engine): State<Arc<Engine>>,
    Path(suite_id): Path<String>,
) -> Result<Response, Problem> {
    let (delivery, verified) = engine.verify(&suite_id).await?;
    let mut body = delivery_json(&delivery);
    body["verified"] = json!(verified);
    Ok(json_response(&body))
}
