//! The sandbox's own API, below `/sandbox`.

mod corp;
mod member;
mod state;
mod suite;
mod switches;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use state::{state, status};

use crate::delivery::Delivery;
use crate::engine::Engine;
use crate::problem::Problem;

/// Every route of the control API.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/sandbox/state", get(state::serve))
        .route("/sandbox/notify", post(switches::notify))
        .route("/sandbox/suites/{suite_id}/ticket", post(suite::ticket))
        .route("/sandbox/suites/{suite_id}/verify", post(suite::verify))
        .route("/sandbox/corps/{corp_id}/{act}", post(corp::act))
        .route("/sandbox/corps/{corp_id}/members/{user_id}/{act}", post(member::act))
        .route(
            "/sandbox/faults",
            get(switches::faults).post(switches::add_fault).delete(switches::clear_faults),
        )
        .route("/sandbox/settings", get(switches::settings).post(switches::change_settings))
        .route("/sandbox/tokens/expire", post(switches::expire_tokens))
        .route("/sandbox/clock", get(switches::clock).post(switches::advance))
}

/// Reads a JSON body; none at all is an empty object.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Problem> {
    let bytes: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad(format!("the body is not what it should be: {error}")))
}

fn json_response(value: &Value) -> Response {
    axum::Json(value).into_response()
}

/// What a call that pushes answers.
fn pushed(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "event": delivery.event,
        "status": delivery.status,
        "answer": delivery.answer,
        "attempts": delivery.attempts,
        "durationMs": delivery.duration_ms,
    })
}
