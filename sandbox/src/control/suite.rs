//! What is done to a suite: push a ticket, check its URL.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::{json_response, pushed};
use crate::engine::Engine;
use crate::problem::Problem;

pub(super) async fn ticket(
    State(engine): State<Arc<Engine>>,
    Path(suite_id): Path<String>,
) -> Result<Response, Problem> {
    let delivery = engine.push_ticket(&suite_id).await?;
    Ok(json_response(&pushed(&delivery)))
}

pub(super) async fn verify(
    State(engine): State<Arc<Engine>>,
    Path(suite_id): Path<String>,
) -> Result<Response, Problem> {
    let (delivery, verified) = engine.check_url(&suite_id).await?;
    let mut answer = pushed(&delivery);
    answer["verified"] = json!(verified);
    Ok(json_response(&answer))
}
