//! The control API below `/sandbox`.

mod corp;
mod js_signature;
mod member;
mod settings;
mod state;
mod suite;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use state::state;

use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::Delivery;

/// All routes of the control API.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/sandbox/state", get(state::serve))
        .route("/sandbox/jsSignature", post(js_signature::check))
        .route("/sandbox/bridge.js", get(js_signature::bridge))
        .route("/sandbox/notify", post(settings::set_notify))
        .route(
            "/sandbox/suites/{suite_id}/ticket",
            post(suite::push_ticket),
        )
        .route("/sandbox/suites/{suite_id}/verify", post(suite::verify))
        .route("/sandbox/corps/{corp_id}/{action}", post(corp::act))
        .route(
            "/sandbox/corps/{corp_id}/members/{user_id}/{action}",
            get(member::read).post(member::act),
        )
        .route(
            "/sandbox/faults",
            get(settings::faults)
                .post(settings::add_fault)
                .delete(settings::clear_faults),
        )
        .route(
            "/sandbox/settings",
            get(settings::settings).post(settings::change_settings),
        )
        .route("/sandbox/tokens/expire", post(settings::expire_tokens))
        .route(
            "/sandbox/clock",
            get(settings::clock).post(settings::advance_clock),
        )
}

/// Parses a JSON body; an empty one is an empty object.
fn parse_body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Problem> {
    let bytes: &[u8] = if bytes.trim_ascii().is_empty() {
        b"{}"
    } else {
        bytes
    };
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(format!("invalid body: {error}")))
}

fn json_response(value: &Value) -> Response {
    axum::Json(value).into_response()
}

/// The response of an action that pushes an event.
fn delivery_response(delivery: &Delivery) -> Response {
    json_response(&delivery_json(delivery))
}

fn delivery_json(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "event": delivery.event,
        "status": delivery.status,
        "answer": delivery.answer,
        "attempts": delivery.attempts,
        "durationMs": delivery.duration_ms,
    })
}
