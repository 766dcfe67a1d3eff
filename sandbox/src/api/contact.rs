//! A person in the contact list (D/96255).

use serde_json::{Value, json};

use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::{Kind, World};

/// `user/get`: for people inside the app's visible range only.
pub(super) fn user(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    let caller = request.caller(world)?;
    let user_id = request.query("userid", 41009)?;
    if !world.settings.licence {
        return Err(Refusal::new(701_008));
    }
    let corp = world.corp(&caller.corp).ok_or(Refusal::new(60111))?;
    let member = corp
        .member_by_user_id(user_id, world.settings.ids)
        .filter(|member| member.kind != Some(Kind::NonMember))
        .ok_or(Refusal::new(60111))?;
    if !member.visible {
        return Err(Refusal::new(world.settings.invisible));
    }
    let mut answer = json!({
        "userid": user_id,
        "department": [1],
        "order": [0],
        "position": "",
        "status": member.status,
        "isleader": 0,
        "is_leader_in_dept": [0],
        "main_department": 1,
        "enable": i32::from(member.status != 2),
        "hide_mobile": 0,
        "telephone": "",
        "extattr": {"attrs": []},
    });
    // The name needs the administrator's grant; mobile, mail and avatar are never here (D/96255).
    if world.settings.permissions.iter().any(|permission| permission == "contact:sensitive:user_name") {
        answer["name"] = json!(member.name);
        answer["alias"] = json!("");
    }
    Ok(answer)
}
