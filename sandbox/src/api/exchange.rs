//! From the AuthCode of a push to the permanent code (D/97163).

use serde_json::{Value, json};

use super::authorization::{agents, corp_info};
use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::World;

/// `service/v2/get_permanent_code`: quick, and without `auth_info`.
pub(super) fn v2(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let (corp, suite_id) = spend(world, engine, request)?;
    let mut answer = common(world, &corp, &suite_id)?;
    let shown = world.corp(&corp).map(|corp| world.shown_corp_id(corp));
    let name = world.corp(&corp).map(|corp| corp.name.clone());
    answer["auth_corp_info"] = json!({"corpid": shown, "corp_name": name});
    Ok(answer)
}

/// `service/get_permanent_code`: slower, with everything about company and app.
pub(super) fn v1(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let (corp, suite_id) = spend(world, engine, request)?;
    let mut answer = common(world, &corp, &suite_id)?;
    let company = world.corp(&corp).ok_or(Refusal::new(40078))?;
    let app = company.app(&suite_id).ok_or(Refusal::new(40078))?;
    answer["auth_corp_info"] = corp_info(world, company, true);
    answer["auth_info"] = agents(world, company, app);
    Ok(answer)
}

fn spend(world: &mut World, engine: &Engine, request: &Request) -> Result<(String, String), Refusal> {
    let suite_id = request.suite(world, engine)?.id.as_str().to_owned();
    let code = request.text("auth_code", 41008)?;
    if code.len() < 64 {
        return Err(Refusal::with(
            40058,
            "auth_code exceed min length 64. Invalid input invalid Request Parameter",
        ));
    }
    let corp = world.spend_exchange_code(code, &suite_id).ok_or(Refusal::new(40078))?;
    Ok((corp, suite_id))
}

fn common(world: &World, corp: &str, suite_id: &str) -> Result<Value, Refusal> {
    let company = world.corp(corp).ok_or(Refusal::new(40078))?;
    let app = company.app(suite_id).ok_or(Refusal::new(40078))?;
    let mut answer = json!({"permanent_code": app.permanent_code});
    if let Some(admin) = company.members.iter().find(|member| member.is_member()) {
        let user_id = company.user_id(admin, world.settings.ids);
        answer["auth_user_info"] =
            json!({"userid": user_id, "open_userid": admin.open_id, "name": admin.name, "avatar": ""});
    }
    if let Some(state) = &app.state {
        answer["register_code_info"] = json!({"register_code": "", "template_id": suite_id, "state": state});
        answer["state"] = json!(state);
    }
    Ok(answer)
}
