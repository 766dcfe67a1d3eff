//! The app: its settings (D/96448), administrators (D/100072) and permissions (D/99108).

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Corp, IdForm, Store};

/// `agent/get`.
pub(super) fn get_agent(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let agent_id: i64 = request
        .query("agentid", 41011)?
        .parse()
        .map_err(|_| ApiError::new(40056))?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(40056))?;
    let app = corp.app(&caller.suite_id).ok_or(ApiError::new(40056))?;
    if app.agent_id != agent_id {
        let other = corp.apps.iter().any(|app| app.agent_id == agent_id);
        return Err(ApiError::new(if other { 301_002 } else { 40056 }));
    }
    let form = store.id_form(app);
    let users: Vec<Value> = corp
        .visible_members()
        .map(|member| json!({"userid": corp.user_id(member, form)}))
        .collect();
    let domain = engine.trusted_domain(store).unwrap_or_default();
    let none: [i64; 0] = [];
    Ok(json!({
        "agentid": agent_id,
        "name": "Sandbox app",
        "square_logo_url": "",
        "description": "",
        "allow_userinfos": {"user": users},
        "allow_partys": {"partyid": none},
        "allow_tags": {"tagid": none},
        "close": 0,
        "redirect_domain": domain,
        "report_location_flag": 0,
        "isreportenter": 0,
        "home_url": "",
        "customized_publish_status": 2,
    }))
}

/// `agent/list`: the app itself.
pub(super) fn list_agents(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let app = store
        .corp(&caller.corp_key)
        .and_then(|corp| corp.app(&caller.suite_id))
        .ok_or(ApiError::new(48004))?;
    let agent = json!({"agentid": app.agent_id, "name": "Sandbox app", "square_logo_url": ""});
    Ok(json!({"agentlist": [agent]}))
}

/// `agent/get_admin_list`.
pub(super) fn get_admin_list(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let form = store.id_form_in(corp, &caller.suite_id);
    Ok(admin_list(corp, form, false))
}

/// `service/get_admin_list`, which WeCom no longer maintains (D/90606).
pub(super) fn get_admin_list_by_suite(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let suite = request.suite(store, engine)?;
    let corp = store
        .corp(request.text("auth_corpid", 41002)?)
        .ok_or(ApiError::new(40013))?;
    let app = corp
        .app(suite.id.as_str())
        .filter(|app| app.is_authorized());
    let app = app.ok_or(ApiError::new(48004))?;
    match request.field("agentid").as_i64() {
        None => Err(ApiError::new(41011)),
        Some(agent_id) if agent_id != app.agent_id => Err(ApiError::new(40056)),
        Some(_) => Ok(admin_list(corp, store.id_form(app), true)),
    }
}

/// `agent/get_permissions`.
pub(super) fn get_permissions(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    request.caller(store)?;
    Ok(json!({"app_permissions": store.settings.permissions}))
}

fn admin_list(corp: &Corp, form: IdForm, with_open_id: bool) -> Value {
    let ordinary = corp
        .members
        .iter()
        .filter(|member| member.is_member() && member.kind.is_none());
    // auth_type is 1 for an administrator who manages the app, 0 for one who only sends messages.
    let admins: Vec<Value> = ordinary
        .take(2)
        .enumerate()
        .map(|(index, member)| {
            let user_id = corp.user_id(member, form);
            let mut admin = json!({"userid": user_id, "auth_type": i32::from(index == 0)});
            if with_open_id {
                admin["open_userid"] = json!(member.open_id);
            }
            admin
        })
        .collect();
    json!({"admin": admins})
}
