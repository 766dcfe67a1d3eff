//! A member in the contact list (D/96255).

use serde_json::json;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{MemberKind, Store};

/// `user/get`: for members inside the app's visible range only.
pub(super) fn get_user(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let user_id = request.query("userid", 41009)?;
    if !store.settings.licence {
        return Err(ApiError::new(701_008));
    }
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(60111))?;
    let member = corp
        .member_by_user_id(user_id, store.id_form_in(corp, &caller.suite_id))
        .filter(|member| member.kind != Some(MemberKind::NonMember))
        .ok_or(ApiError::new(60111))?;
    if !member.visible {
        return Err(ApiError::new(store.settings.invisible));
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
    // The name needs a permission; mobile, email and avatar are never answered here (D/96255).
    if store
        .settings
        .permissions
        .iter()
        .any(|permission| permission == "contact:sensitive:user_name")
    {
        answer["name"] = json!(member.name);
        answer["alias"] = json!("");
    }
    Ok(answer)
}
