//! WeCom's server API below `/cgi-bin/`.

mod agent;
mod answer;
mod authorization;
mod contact;
mod exchange;
mod identity;
mod ids;
mod network;
mod request;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use answer::Refusal;
use request::Request;

use crate::engine::Engine;
use crate::world::{Fault, World};

/// A call: the world, the suites, and what was sent.
type Call = fn(&mut World, &Engine, &Request) -> Result<Value, Refusal>;

/// How a call has to be sent; the other way is 43001 or 43002.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Post,
    Either,
}

/// Every call there is, by its path below `/cgi-bin/`.
fn call(path: &str) -> Option<(Verb, Call)> {
    Some(match path {
        "service/get_provider_token" => (Verb::Post, token::provider),
        "service/get_suite_token" => (Verb::Post, token::suite),
        "gettoken" => (Verb::Get, token::app),
        "service/get_corp_token" => (Verb::Post, token::corp),
        "service/get_customized_auth_url" => (Verb::Post, authorization::link),
        "service/v2/get_permanent_code" => (Verb::Post, exchange::v2),
        "service/get_permanent_code" => (Verb::Post, exchange::v1),
        "service/v2/get_auth_info" => (Verb::Post, authorization::v2),
        "service/get_auth_info" => (Verb::Post, authorization::v1),
        "service/get_admin_list" => (Verb::Post, agent::admins_by_suite),
        "service/get_pre_auth_code" => (Verb::Get, token::third_party_only),
        "service/set_session_info" => (Verb::Post, token::third_party_only),
        "service/get_app_qrcode" => (Verb::Post, token::third_party_only),
        "service/auth/getuserinfo3rd" | "service/getuserinfo3rd" => (Verb::Get, token::third_party_only),
        "service/auth/getuserdetail3rd" | "service/getuserdetail3rd" => (Verb::Post, token::third_party_only),
        "auth/getuserinfo" => (Verb::Get, identity::user_info),
        "auth/getuserdetail" => (Verb::Post, identity::user_detail),
        "user/get" => (Verb::Get, contact::user),
        "agent/get" => (Verb::Get, agent::get),
        "agent/get_admin_list" => (Verb::Either, agent::admins),
        "agent/get_permissions" => (Verb::Either, agent::permissions),
        "service/corpid_to_opencorpid" => (Verb::Post, ids::corp),
        "batch/userid_to_openuserid" => (Verb::Post, ids::users),
        "service/finish_openid_migration" => (Verb::Post, ids::finish_migration),
        "corp/get_openid_migration" => (Verb::Either, ids::migration),
        "getcallbackip" => (Verb::Get, network::callback_addresses),
        "get_api_domain_ip" => (Verb::Get, network::api_addresses),
        _ => return None,
    })
}

/// Answers any call below `/cgi-bin/`.
pub(crate) async fn serve(
    State(engine): State<Arc<Engine>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(path): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::read(&path, &method, &uri, &headers, &body, peer.ip());
    let fault = engine.touch(|world| {
        *world.calls.entry(path.clone()).or_default() += 1;
        world.meet_fault(&path)
    });
    let Some(fault) = fault else { return answer(&engine, &request) };
    if fault.after {
        let _ = answer(&engine, &request);
    }
    if let Some(delay) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if fault.replaces() { spoiled(&fault, &request) } else { answer(&engine, &request) }
}

fn answer(engine: &Engine, request: &Request) -> Response {
    let Some((verb, call)) = call(&request.path) else {
        return (StatusCode::NOT_FOUND, json(&Refusal::new(40066).body(request))).into_response();
    };
    let outcome = engine.touch(|world| {
        if let Some(allowed) = &world.settings.ip_allow_list
            && !allowed.contains(&request.peer.to_string())
        {
            return Err(Refusal::new(60020));
        }
        match (verb, request.posted) {
            (Verb::Get, true) => return Err(Refusal::new(43001)),
            (Verb::Post, false) => return Err(Refusal::new(43002)),
            _ => {}
        }
        let answer = call(world, engine, request)?;
        let bare = world.settings.omit_errcode.contains(&request.path);
        Ok(if bare { answer } else { answer::with_errcode(answer) })
    });
    json(&outcome.unwrap_or_else(|refusal| refusal.body(request)))
}

fn spoiled(fault: &Fault, request: &Request) -> Response {
    let status =
        fault.http_status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    if let Some(body) = &fault.body {
        return (status, body.clone()).into_response();
    }
    match fault.errcode {
        Some(errcode) => (status, json(&Refusal::new(errcode).body(request))).into_response(),
        None => {
            (status, [(header::CONTENT_TYPE, "text/html")], "<html><body>nginx</body></html>").into_response()
        }
    }
}

fn json(value: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
    (headers, value.to_string()).into_response()
}
