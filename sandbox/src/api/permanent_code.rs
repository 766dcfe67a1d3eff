//! The exchange of an AuthCode for the permanent code (D/97163).

use serde_json::{Value, json};

use super::authorization::{agents, corp_info};
use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{App, Corp, Store};

/// `service/v2/get_permanent_code`: without `auth_info`.
pub(super) fn get_permanent_code_v2(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let (store, corp, app) = exchange_auth_code(store, engine, request)?;
    let mut body = permanent_code(store, corp, app);
    body["auth_corp_info"] = json!({
        "corpid": corp.public_id(store.id_form(app)),
        "corp_name": corp.name,
    });
    Ok(body)
}

/// `service/get_permanent_code`: with everything about corp and app.
pub(super) fn get_permanent_code_v1(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let (store, corp, app) = exchange_auth_code(store, engine, request)?;
    let mut body = permanent_code(store, corp, app);
    body["auth_corp_info"] = corp_info(store, corp, app, true);
    body["auth_info"] = agents(store, corp, app);
    Ok(body)
}

/// Consumes the AuthCode and returns its app; the store is read-only from then on.
fn exchange_auth_code<'a>(
    store: &'a mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult<(&'a Store, &'a Corp, &'a App)> {
    let suite_id = request.suite(store, engine)?.id.as_str();
    let code = request.text("auth_code", 41008)?;
    if code.len() < 64 {
        return Err(ApiError::with_message(
            40058,
            "auth_code exceed min length 64. Invalid input invalid Request Parameter",
        ));
    }
    let invalid = || ApiError::new(40078);
    let corp_key = store
        .consume_auth_code(code, suite_id)
        .ok_or_else(invalid)?;
    let store: &'a Store = store;
    let corp = store.corp(&corp_key).ok_or_else(invalid)?;
    let app = corp.app(suite_id).ok_or_else(invalid)?;
    Ok((store, corp, app))
}

fn permanent_code(store: &Store, corp: &Corp, app: &App) -> Value {
    let mut body = json!({"permanent_code": app.permanent_code});
    if let Some(admin) = corp.members.iter().find(|member| member.is_member()) {
        let user_id = corp.user_id(admin, store.id_form(app));
        body["auth_user_info"] = json!({"userid": user_id, "open_userid": admin.open_id, "name": admin.name, "avatar": ""});
    }
    // `state` is of customized links, register_code_info of promotion links (D/100776).
    if let Some(state) = &app.state {
        body["state"] = json!(state);
    }
    if let Some(promotion) = &app.promotion {
        body["register_code_info"] = json!({
            "register_code": promotion.register_code,
            "template_id": app.suite_id,
            "state": promotion.state,
        });
    }
    body
}
