//! What people do, and what happens to them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{body, json_response, pushed};
use crate::acts::Grant;
use crate::engine::Engine;
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    suite_id: Option<String>,
    /// For `rename`.
    new_user_id: Option<String>,
    /// For `code`: `snsapi_privateinfo` brings a user_ticket.
    scope: Option<String>,
    /// For `status`.
    status: Option<u8>,
}

pub(super) async fn act(
    State(engine): State<Arc<Engine>>,
    Path((corp_id, user_id, act)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let body: Body = body(&bytes)?;
    let (corp, user, suite) = (corp_id.as_str(), user_id.as_str(), body.suite_id.as_deref());
    let delivery = match act.as_str() {
        "code" => {
            let private_info = match body.scope.as_deref() {
                None | Some("snsapi_base") => false,
                Some("snsapi_privateinfo") => true,
                Some(_) => return Err(Problem::bad("scope is snsapi_base or snsapi_privateinfo")),
            };
            let grant = Grant { redirect_host: None, private_info };
            let code = engine.login_code(corp, user, suite, grant)?;
            return Ok(json_response(&json!({"code": code})));
        }
        "leave" => engine.leave(corp, user, suite).await?,
        "join" => engine.join(corp, user, suite).await?,
        "rename" => engine.rename(corp, user, suite, body.new_user_id.as_deref()).await?,
        "hide" => engine.set_visible(corp, user, suite, false).await?,
        "show" => engine.set_visible(corp, user, suite, true).await?,
        "status" => {
            let status = body.status.ok_or_else(|| Problem::bad("status is missing"))?;
            engine.set_status(corp, user, suite, status).await?
        }
        "subscribe" => engine.person_event(corp, user, suite, "subscribe").await?,
        "unsubscribe" => engine.person_event(corp, user, suite, "unsubscribe").await?,
        "enter" => engine.person_event(corp, user, suite, "enter_agent").await?,
        _ => return Err(Problem::unknown("people do not do that")),
    };
    Ok(json_response(&pushed(&delivery)))
}
