//! The app itself: `agent/get` (D/96448), its administrators (D/100072), its permissions (D/99108).

use serde_json::{Value, json};

use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::{AppStatus, Corp, World};

/// `agent/get`.
pub(super) fn get(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let caller = request.caller(world)?;
    let agent_id: i64 = request.query("agentid", 41011)?.parse().map_err(|_| Refusal::new(40056))?;
    let corp = world.corp(&caller.corp).ok_or(Refusal::new(40056))?;
    let app = corp.app(&caller.suite_id).ok_or(Refusal::new(40056))?;
    if app.agent_id != agent_id {
        let other = corp.apps.iter().any(|app| app.agent_id == agent_id);
        return Err(Refusal::new(if other { 301_002 } else { 40056 }));
    }
    let users: Vec<Value> = corp
        .members
        .iter()
        .filter(|member| member.is_member() && member.visible)
        .map(|member| json!({"userid": corp.user_id(member, world.settings.ids)}))
        .collect();
    let domain = engine.trusted_domain_in(world).unwrap_or_default();
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

/// `agent/get_admin_list`: 1 manages, 0 only sends messages.
pub(super) fn admins(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    let caller = request.caller(world)?;
    let corp = world.corp(&caller.corp).ok_or(Refusal::new(48004))?;
    Ok(admin_list(world, corp, false))
}

/// `service/get_admin_list`, which is no longer maintained (D/90606).
pub(super) fn admins_by_suite(
    world: &mut World,
    engine: &Engine,
    request: &Request,
) -> Result<Value, Refusal> {
    let suite = request.suite(world, engine)?;
    let corp = world.corp(request.text("auth_corpid", 41002)?).ok_or(Refusal::new(40013))?;
    let app = corp.app(suite.id.as_str()).filter(|app| app.status == AppStatus::Authorized);
    let app = app.ok_or(Refusal::new(48004))?;
    match request.field("agentid").as_i64() {
        None => Err(Refusal::new(41011)),
        Some(agent_id) if agent_id != app.agent_id => Err(Refusal::new(40056)),
        Some(_) => Ok(admin_list(world, corp, true)),
    }
}

/// `agent/get_permissions`.
pub(super) fn permissions(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    request.caller(world)?;
    Ok(json!({"app_permissions": world.settings.permissions}))
}

fn admin_list(world: &World, corp: &Corp, with_open_id: bool) -> Value {
    let ordinary = corp.members.iter().filter(|member| member.is_member() && member.kind.is_none());
    let admins: Vec<Value> = ordinary
        .take(2)
        .enumerate()
        .map(|(index, member)| {
            let user_id = corp.user_id(member, world.settings.ids);
            let mut admin = json!({"userid": user_id, "auth_type": i32::from(index == 0)});
            if with_open_id {
                admin["open_userid"] = json!(member.open_id);
            }
            admin
        })
        .collect();
    json!({"admin": admins})
}
