//! The actions of members.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{delivery_response, json_response, parse_body};
use crate::actions::{LoginConsent, MemberRef};
use crate::engine::Engine;
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    suite_id: Option<String>,
    /// For `rename`.
    new_user_id: Option<String>,
    /// For `code`: `snsapi_privateinfo` adds a user_ticket.
    scope: Option<String>,
    /// For `status`.
    status: Option<u8>,
}

/// `inbox`: the messages that apps sent to the member, newest first.
pub(super) async fn read(
    State(engine): State<Arc<Engine>>,
    Path((corp_id, user_id, name)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    if name != "inbox" {
        return Err(Problem::not_found("a member has only an inbox"));
    }
    let messages = engine.inbox(&corp_id, &user_id)?;
    Ok(json_response(&json!({"messages": messages})))
}

pub(super) async fn act(
    State(engine): State<Arc<Engine>>,
    Path((corp_id, user_id, action)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let body: Body = parse_body(&bytes)?;
    let member = MemberRef {
        corp_id: &corp_id,
        user_id: &user_id,
        suite_id: body.suite_id.as_deref(),
    };
    let delivery = match action.as_str() {
        "code" => {
            let private_info = match body.scope.as_deref() {
                None | Some("snsapi_base") => false,
                Some("snsapi_privateinfo") => true,
                Some(_) => {
                    return Err(Problem::bad_request(
                        "scope must be snsapi_base or snsapi_privateinfo",
                    ));
                }
            };
            let consent = LoginConsent {
                private_info,
                ..LoginConsent::default()
            };
            let code = engine.login_code(member, consent)?;
            return Ok(json_response(&json!({"code": code})));
        }
        "jsCode" => {
            let consent = LoginConsent {
                mini_program: true,
                ..LoginConsent::default()
            };
            let code = engine.login_code(member, consent)?;
            return Ok(json_response(&json!({"jsCode": code})));
        }
        "leave" => engine.leave(member).await?,
        "join" => engine.join(member).await?,
        "rename" => engine.rename(member, body.new_user_id.as_deref()).await?,
        "hide" => engine.set_visible(member, false).await?,
        "show" => engine.set_visible(member, true).await?,
        "disable" => engine.set_status(member, 2).await?,
        "enable" => engine.set_status(member, 1).await?,
        "status" => {
            let status = body
                .status
                .ok_or_else(|| Problem::bad_request("status is missing"))?;
            engine.set_status(member, status).await?
        }
        "subscribe" => engine.member_event(member, "subscribe").await?,
        "unsubscribe" => engine.member_event(member, "unsubscribe").await?,
        "enter" => engine.member_event(member, "enter_agent").await?,
        _ => return Err(Problem::not_found("no such action of a member")),
    };
    Ok(delivery_response(&delivery))
}
