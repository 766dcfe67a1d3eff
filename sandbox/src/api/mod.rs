//! WeCom's server API below `/cgi-bin/`.

mod agent;
mod answer;
mod authorization;
mod contact;
mod error;
mod id_migration;
mod identity;
mod ip_list;
mod js_sdk;
mod licence;
mod media;
mod message;
mod multipart;
mod permanent_code;
mod request;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use answer::Answer;
use error::ApiError;
use media::Download;
use request::Request;

use crate::engine::Engine;
use crate::store::Store;

/// A file of `media/upload` and the form around it.
pub(crate) const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The fields of a response besides errcode and errmsg, or the error.
type ApiResult<T = Value> = Result<T, ApiError>;

type JsonHandler = fn(&mut Store, &Engine, &Request) -> ApiResult;
type FileHandler = fn(&mut Store, &Engine, &Request) -> ApiResult<Download>;

/// What makes the answer of an endpoint.
#[derive(Clone, Copy)]
enum Handler {
    Json(JsonHandler),
    File(FileHandler),
}

/// The method of an endpoint; another one is 43001 or 43002.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AllowedMethod {
    Get,
    Post,
    Any,
}

use AllowedMethod::{Any, Get, Post};

/// Answers any path below `/cgi-bin/`.
pub(crate) async fn serve(
    State(engine): State<Arc<Engine>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(path): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(&path, &method, &uri, &headers, &body, peer.ip());
    let fault = engine.update_unmarked(|store| {
        *store.calls.entry(path.clone()).or_default() += 1;
        store.take_fault(&path)
    });
    let answer = match fault {
        None => execute(&engine, &request),
        Some(fault) => {
            let executed = fault.after.then(|| execute(&engine, &request));
            if let Some(delay) = fault.delay_ms {
                tokio::time::sleep(Duration::from_millis(delay)).await;
            }
            if fault.replaces_response() {
                Answer::of_fault(&fault, &request)
            } else {
                executed.unwrap_or_else(|| execute(&engine, &request))
            }
        }
    };
    if answer.errcode != 0 {
        engine.update_unmarked(|store| store.count_error(&path, answer.errcode));
    }
    answer.into_response()
}

/// The endpoint with this path below `/cgi-bin/`.
fn endpoint(path: &str) -> Option<(AllowedMethod, Handler)> {
    if path == "media/get" {
        return Some((Get, Handler::File(media::get)));
    }
    let (method, handler): (AllowedMethod, JsonHandler) = match path {
        "service/get_provider_token" => (Post, token::get_provider_token),
        "service/get_suite_token" => (Post, token::get_suite_token),
        "gettoken" => (Get, token::gettoken),
        "service/get_corp_token" => (Post, token::get_corp_token),
        "service/get_customized_auth_url" => (Post, authorization::get_customized_auth_url),
        "service/v2/get_permanent_code" => (Post, permanent_code::get_permanent_code_v2),
        "service/get_permanent_code" => (Post, permanent_code::get_permanent_code_v1),
        "service/v2/get_auth_info" => (Post, authorization::get_auth_info_v2),
        "service/get_auth_info" => (Post, authorization::get_auth_info_v1),
        "service/get_admin_list" => (Post, agent::get_admin_list_by_suite),
        "service/get_pre_auth_code" => (Get, token::third_party_only),
        "service/set_session_info" => (Post, token::third_party_only),
        "service/get_app_qrcode" => (Post, token::third_party_only),
        "service/auth/getuserinfo3rd" | "service/getuserinfo3rd" => (Get, token::third_party_only),
        "service/auth/getuserdetail3rd" | "service/getuserdetail3rd" => {
            (Post, token::third_party_only)
        }
        "auth/getuserinfo" => (Get, identity::getuserinfo),
        "user/getuserinfo" => (Get, identity::getuserinfo_legacy),
        "auth/getuserdetail" => (Post, identity::getuserdetail),
        "user/get" => (Get, contact::get_user),
        "agent/get" => (Get, agent::get_agent),
        "agent/get_admin_list" => (Any, agent::get_admin_list),
        "agent/get_permissions" => (Any, agent::get_permissions),
        "service/corpid_to_opencorpid" => (Post, id_migration::corpid_to_opencorpid),
        "batch/userid_to_openuserid" => (Post, id_migration::userid_to_openuserid),
        "service/finish_openid_migration" => (Post, id_migration::finish_openid_migration),
        "corp/get_openid_migration" => (Any, id_migration::get_openid_migration),
        "batch/openuserid_to_userid" => (Post, id_migration::openuserid_to_userid),
        "get_jsapi_ticket" => (Get, js_sdk::get_jsapi_ticket),
        "ticket/get" => (Get, js_sdk::get_agent_ticket),
        "message/send" => (Post, message::send),
        "media/upload" => (Post, media::upload),
        "department/list" => (Get, contact::list_departments),
        "department/simplelist" => (Get, contact::simple_list_departments),
        "user/simplelist" => (Get, contact::simple_list_users),
        "user/list" => (Get, contact::list_all_users),
        "user/list_id" => (Post, contact::list_user_ids),
        "agent/list" => (Get, agent::list_agents),
        "miniprogram/jscode2session" => (Get, identity::jscode2session),
        "license/get_app_license_info" => (Post, licence::get_app_license_info),
        "license/get_active_info_by_user" => (Post, licence::get_active_info_by_user),
        "getcallbackip" => (Get, ip_list::sandbox_ip),
        "get_api_domain_ip" => (Get, ip_list::sandbox_ip),
        _ => return None,
    };
    Some((method, Handler::Json(handler)))
}

/// Executes a call.
fn execute(engine: &Engine, request: &Request) -> Answer {
    let Some((method, handler)) = endpoint(&request.path) else {
        let status = engine.read(|store| store.settings.unknown_path_status);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        return Answer::of_error(&ApiError::new(40066), request).with_status(status);
    };
    let outcome = engine.update_unmarked(|store| {
        if let Some(allowed) = &store.settings.ip_allow_list
            && !allowed.contains(&request.peer.to_string())
        {
            return Err(ApiError::new(60020));
        }
        let now = store.now();
        if store.settings.wrong_secret_bar && store.rates.is_barred(request.peer, now) {
            return Err(ApiError::new(45009));
        }
        let corp_key = request.corp_key(store);
        if let Some(limits) = store.settings.frequency_limits.limits()
            && !store.rates.count_call(
                &request.path,
                corp_key.as_deref(),
                request.peer,
                &limits,
                now,
            )
        {
            return Err(ApiError::new(45009));
        }
        match (method, request.is_post) {
            (Get, true) => return Err(ApiError::new(43001)),
            (Post, false) => return Err(ApiError::new(43002)),
            _ => {}
        }
        let omits_errcode = store.settings.omit_errcode.contains(&request.path);
        let outcome = match handler {
            Handler::Json(handler) => handler(store, engine, request)
                .map(|fields| Answer::of_success(fields, omits_errcode)),
            Handler::File(handler) => {
                handler(store, engine, request).map(|file| Answer::of_file(&file))
            }
        };
        match &outcome {
            Err(error) if error.errcode() == 40001 => {
                store.rates.record_wrong_secret(request.peer, now);
            }
            // A valid code is not limited (D/96212).
            Ok(_) if request.path == "auth/getuserinfo" => {
                store
                    .rates
                    .forgive_call(&request.path, corp_key.as_deref(), request.peer);
            }
            _ => {}
        }
        outcome
    });
    outcome.unwrap_or_else(|error| Answer::of_error(&error, request))
}
