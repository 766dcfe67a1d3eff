//! `POST /sandbox/jsSignature`: what WeCom's client says of a page's signature, and the bridge that asks.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, de};
use serde_json::json;

use super::{json_response, parse_body};
use crate::actions::JsSignature;
use crate::engine::Engine;
use crate::problem::Problem;

/// The script of [`bridge`].
const BRIDGE: &str = include_str!("../../templates/bridge.js");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    corp_id: String,
    #[serde(default, deserialize_with = "text")]
    agent_id: Option<String>,
    url: String,
    #[serde(deserialize_with = "text")]
    timestamp: Option<String>,
    nonce_str: String,
    signature: String,
}

/// Answers as WeCom's client does: `errMsg` is `config:ok`, or begins with `config:`; `agentConfig` likewise.
pub(super) async fn check(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let mut response = match answer(&engine, &bytes) {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    // The page of the app asks; the guard has checked its Origin.
    if let Some(origin) = headers.get(header::ORIGIN) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

fn answer(engine: &Engine, bytes: &Bytes) -> Result<Response, Problem> {
    let body: Body = parse_body(bytes)?;
    let agent_id = body
        .agent_id
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Problem::bad_request("agentId is not a number"))?;
    let name = if agent_id.is_some() {
        "agentConfig"
    } else {
        "config"
    };
    let presented = JsSignature {
        corp_id: body.corp_id,
        agent_id,
        url: body.url,
        timestamp: body.timestamp.unwrap_or_default(),
        nonce_str: body.nonce_str,
        signature: body.signature,
    };
    Ok(match engine.check_js_signature(&presented)? {
        Ok(()) => json_response(&json!({"errMsg": format!("{name}:ok"), "errCode": 0})),
        Err(refusal) => json_response(&json!({
            "errMsg": format!("{name}:{}", refusal.message),
            "errCode": refusal.errcode,
            "hint": refusal.hint,
        })),
    })
}

/// `GET /sandbox/bridge.js`: what WeCom's client puts into a page, `WeixinJSBridge`, as far as `ww.register` uses
/// it.
pub(super) async fn bridge() -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The page of the app loads it.
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ];
    (headers, BRIDGE).into_response()
}

/// A text or a number, as the JS-SDK takes both.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::String(text) => Ok(Some(text)),
        serde_json::Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(de::Error::custom("must be a text or a number")),
    }
}
