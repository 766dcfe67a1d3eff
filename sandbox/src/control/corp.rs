//! The actions of an administrator: `install`, `change`, `cancel`, `reset-secret`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::{delivery_response, parse_body};
use crate::engine::Engine;
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    suite_id: Option<String>,
    /// The `state` of `create_auth`; for `install`.
    state: Option<String>,
}

pub(super) async fn act(
    State(engine): State<Arc<Engine>>,
    Path((corp_id, action)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let body: Body = parse_body(&bytes)?;
    let suite_id = body.suite_id.as_deref();
    let delivery = match action.as_str() {
        "install" => engine.install(&corp_id, suite_id, body.state).await?,
        "change" => engine.change_authorization(&corp_id, suite_id).await?,
        "cancel" => engine.cancel(&corp_id, suite_id).await?,
        "reset-secret" => engine.reset_secret(&corp_id, suite_id).await?,
        _ => return Err(Problem::not_found("no such action of an administrator")),
    };
    Ok(delivery_response(&delivery))
}
