//! Authorization links (D/98744) and the contents of an authorization (D/100795).

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{AUTH_LINK_TTL_SECONDS, App, Corp, Store};

/// `service/get_customized_auth_url`.
pub(super) fn get_customized_auth_url(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let provider = request.provider(store)?;
    let state = request.field("state").as_str().unwrap_or_default();
    if state.len() > 32 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ApiError::with_message(
            40058,
            "state must be [a-zA-Z0-9], at most 32 bytes. invalid Request Parameter",
        ));
    }
    let Some(templates) = request.field("templateid_list").as_array() else {
        return Err(ApiError::with_message(
            40058,
            "templateid_list missing. invalid Request Parameter",
        ));
    };
    if templates.is_empty() || templates.len() > 9 {
        return Err(ApiError::with_message(
            40058,
            "templateid_list holds 1 to 9 ids. invalid Request Parameter",
        ));
    }
    let mut suite_ids = Vec::with_capacity(templates.len());
    for template in templates {
        let suite = template
            .as_str()
            .and_then(|id| engine.suite(id))
            .filter(|suite| {
                suite
                    .provider_corp_id
                    .as_ref()
                    .is_some_and(|id| id.as_str() == provider)
            })
            .ok_or(ApiError::new(40083))?;
        suite_ids.push(suite.id.as_str().to_owned());
    }
    let key = store.new_auth_link(suite_ids, state.to_owned());
    let host = request
        .host
        .clone()
        .unwrap_or_else(|| engine.addr.to_string());
    let url = format!("http://{host}/wwopen/customApp/authorize?key={key}");
    Ok(json!({"qrcode_url": url, "expires_in": AUTH_LINK_TTL_SECONDS}))
}

/// `service/v2/get_auth_info`.
pub(super) fn get_auth_info_v2(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    auth_info(store, engine, request, false)
}

/// `service/get_auth_info`: like v2, with the corp's QR code.
pub(super) fn get_auth_info_v1(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    auth_info(store, engine, request, true)
}

fn auth_info(store: &Store, engine: &Engine, request: &Request, with_qr_code: bool) -> ApiResult {
    let (corp, app) = request.authorization(store, request.suite(store, engine)?)?;
    let corp_info = corp_info(store, corp, app, with_qr_code);
    Ok(json!({"auth_corp_info": corp_info, "auth_info": agents(store, corp, app)}))
}

pub(super) fn corp_info(store: &Store, corp: &Corp, app: &App, with_qr_code: bool) -> Value {
    let mut info = json!({
        "corpid": corp.public_id(store.id_form(app)),
        "corp_name": corp.name,
        "corp_type": "verified",
        "corp_square_logo_url": "",
        "corp_user_max": 200,
        "corp_full_name": corp.name,
        "verified_end_time": store.now() / 1000 + 31_536_000,
        "subject_type": 1,
        "corp_scale": "1-50人",
        "corp_industry": "IT服务",
        "corp_sub_industry": "计算机软件/硬件/信息服务",
    });
    if with_qr_code {
        info["corp_wxqrcode"] = json!("");
    }
    info
}

pub(super) fn agents(store: &Store, corp: &Corp, app: &App) -> Value {
    let form = store.id_form(app);
    let users: Vec<String> = corp
        .visible_members()
        .map(|member| corp.user_id(member, form))
        .collect();
    // level is always 0 for 代开发; agent/get_permissions lists what is granted (D/100795).
    let none: [i64; 0] = [];
    json!({"agent": [{
        "agentid": app.agent_id,
        "name": "Sandbox app",
        "round_logo_url": "",
        "square_logo_url": "",
        "auth_mode": 0,
        "is_customized_app": true,
        "auth_from_thirdapp": false,
        "privilege": {
            "level": 0, "allow_party": none, "allow_user": users, "allow_tag": none,
            "extra_party": none, "extra_user": none, "extra_tag": none,
        },
    }]})
}
