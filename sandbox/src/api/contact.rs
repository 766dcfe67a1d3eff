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
    if member.linked_corp.is_some() && store.settings.linked != 0 {
        return Err(ApiError::new(store.settings.linked));
    }
    if !member.visible {
        return Err(ApiError::new(store.settings.invisible));
    }
    let mut answer = json!({
        "userid": user_id,
        "department": [1],
        "order": [0],
        "status": member.status,
        "alias": "",
        "is_leader_in_dept": [0],
        "direct_leader": [],
        "main_department": 1,
    });
    // Each needs the administrator's grant; mobile, email, avatar and the like are never answered here.
    let granted = [
        ("user_name", "name", json!(member.name)),
        ("position", "position", json!("")),
        ("telephone", "telephone", json!("")),
        ("extattr", "extattr", json!({"attrs": []})),
        (
            "external_profile",
            "external_profile",
            json!({"external_attr": []}),
        ),
        ("external_position", "external_position", json!("")),
    ];
    for (permission, name, value) in granted {
        if store.settings.grants(permission) {
            answer[name] = value;
        }
    }
    Ok(answer)
}
