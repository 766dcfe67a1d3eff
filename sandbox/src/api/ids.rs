//! From plain ids to encrypted ones (D/97104, D/97105, D/97106, D/99378).

use serde_json::{Value, json};

use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::{IdForm, World};

/// `service/corpid_to_opencorpid`.
pub(super) fn corp(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    request.provider(world)?;
    let corp = world.corp(request.text("corpid", 41002)?).ok_or(Refusal::new(40013))?;
    Ok(json!({"open_corpid": corp.open_id}))
}

/// `batch/userid_to_openuserid`.
pub(super) fn users(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    let caller = request.caller(world)?;
    let Some(ids) = request.field("userid_list").as_array().filter(|ids| (1..=1000).contains(&ids.len()))
    else {
        return Err(Refusal::new(40058));
    };
    let corp = world.corp(&caller.corp).ok_or(Refusal::new(48004))?;
    let mut found = Vec::new();
    let mut invalid = Vec::new();
    for id in ids {
        match id.as_str().and_then(|id| corp.member(id)).filter(|member| member.is_member()) {
            Some(member) => found.push(json!({"userid": id, "open_userid": member.open_id})),
            None => invalid.push(id.clone()),
        }
    }
    Ok(json!({"open_userid_list": found, "invalid_userid_list": invalid}))
}

/// `service/finish_openid_migration`: from then on the company's ids are encrypted.
pub(super) fn finish_migration(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    request.provider(world)?;
    let corp = world.corp_mut(request.text("corpid", 41002)?).ok_or(Refusal::new(40013))?;
    let agent_id = request.field("agentid").as_i64().ok_or(Refusal::new(41011))?;
    if !corp.apps.iter().any(|app| app.agent_id == agent_id) {
        return Err(Refusal::new(40056));
    }
    let Some(types) = request.field("openid_type").as_array() else { return Err(Refusal::new(40058)) };
    if types.iter().any(|kind| kind.as_i64() == Some(1)) {
        corp.encrypted = true;
        world.unsaved = true;
    }
    Ok(json!({}))
}

/// `corp/get_openid_migration`: 1 is userid and corpid, 3 is external_userid; status 1 is migrated.
pub(super) fn migration(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    let caller = request.caller(world)?;
    let corp = world.corp(&caller.corp).ok_or(Refusal::new(48004))?;
    let done = match world.settings.ids {
        IdForm::Listed => corp.encrypted,
        IdForm::Plain => false,
        IdForm::Encrypted => true,
    };
    let status = i32::from(done);
    Ok(json!({"migration_info": [
        {"openid_type": 1, "status": status},
        {"openid_type": 3, "status": status},
    ]}))
}
